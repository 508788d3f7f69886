"""Every byte of every file that decides or proves something, with one bit flipped.

Each file is opened by the code that opens it in its party. A trial ends in one of three ways: it is
refused, it reads as it was (a byte that nothing uses), or it reads as something else, which is
counted as false and must never happen. No process is started and no lookup made.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from authority.issuer.online import deny_list_record
from fakes.federations import requester_key
from fakes.gateway_outcomes import ASKED_AT, large
from fakes.pepper_folder import pepper_files
from fingerpost.audit.log import Actor, AuditEvent, AuditLog, OperationId
from fingerpost.private.locators import Pepper
from fingerpost.protocol import federation_files
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import DenyList
from fingerpost.protocol.ids import AgencyId, EpochNumber, MemberId
from fingerpost.runtime.database import open_migrated
from fingerpost.runtime.witness import Mark, WitnessFolder
from practitioner.asking.generations_store import FileGenerations
from practitioner.asking.migrations import REVISIONS as OUTCOMES
from practitioner.asking.outcomes_store import SqlOutcomes
from practitioner.sign_in.accounts import Accounts
from practitioner.sign_in.migrations import REVISIONS as ACCOUNTS
from soak.framework import Row
from unit.practitioner.gateway_desk import QUESTION, ann
from unit.practitioner.test_accounts import ANN, PASSWORD

KEY: Final = bytes(range(32))
ONE: Final = EpochNumber(1)


@dataclass(frozen=True, slots=True)
class Kept:
    """A file, and what its party reads from it."""

    name: str
    path: Path
    read: Callable[[], object]


def deny_list(folder: Path, witness: WitnessFolder) -> Kept:
    record = deny_list_record(folder / "deny-list.json", witness)
    denied = DenyList(frozenset({MemberId("council-gateway")}), frozenset(), frozenset({0xABC}))
    record.write(federation_files.write_deny_list(denied))
    return Kept("flips deny-list", folder / "deny-list.json", record.read)


def accounts(folder: Path, witness: WitnessFolder) -> Kept:
    path = folder / "accounts.sqlite"

    def read() -> object:
        engine = open_migrated(path, ACCOUNTS)
        try:
            return Accounts(engine, KEY, witness).list()
        finally:
            engine.dispose()

    engine = open_migrated(path, ACCOUNTS)
    Accounts(engine, KEY, witness).add(ANN, PASSWORD)
    engine.dispose()
    return Kept("flips accounts", path, read)


def outcomes(folder: Path, witness: WitnessFolder) -> Kept:
    path = folder / "outcomes.sqlite"
    session, found = ann(ASKED_AT), large()

    def read() -> object:
        engine = open_migrated(path, OUTCOMES)
        try:
            return SqlOutcomes(engine, KEY, witness).show(session, found.operation, ASKED_AT + 1)
        finally:
            engine.dispose()

    engine = open_migrated(path, OUTCOMES)
    asyncio.run(SqlOutcomes(engine, KEY, witness).keep(session, QUESTION, found))
    engine.dispose()
    return Kept("flips outcomes", path, read)


def generations(folder: Path, witness: WitnessFolder) -> Kept:
    store = FileGenerations(folder / "generations", KEY, witness)
    asyncio.run(store.note({AgencyId("e99000001.oak"): 5}))
    return Kept("flips generations", folder / "generations", lambda: asyncio.run(store.newest()))


def audit(folder: Path, witness: WitnessFolder) -> Kept:
    path = folder / "audit.sqlite"
    catalogue = {"note": frozenset[str]()}

    def opened() -> AuditLog:
        return AuditLog.open(path, catalogue=catalogue, master_key=KEY, witness=witness.of("audit"))

    def read() -> object:
        with closing(opened()) as log:
            log.verify().require_whole()
            return [(e.seq, e.at, e.body) for e in log.show(0, 2**40, decrypt=True)]

    with closing(opened()) as log:
        for number in range(3):
            log.append(AuditEvent("note", Actor("a"), OperationId("b"), 10**9, {}, b"%d" % number))
    return Kept("flips audit log", path, read)


def peppers(folder: Path) -> Iterator[Kept]:
    files = pepper_files(folder / "peppers")
    files.folder.mkdir()
    pepper = Pepper(ONE, 20_000, KEY)
    files.write_pepper(pepper)
    files.write_requester_seed(ONE, requester_key(ONE).private_bytes_raw())
    path = files.pepper_path(pepper)
    yield Kept("flips pepper", path, lambda: files.read_pepper(path, ONE, 20_000).value)
    keys = files.requester_path(ONE)
    yield Kept(
        "flips requesters key", keys, lambda: files.read_requester_key(keys).private_bytes_raw()
    )


def mark(folder: Path, witness: WitnessFolder) -> Kept:
    witness.of("one").note(Mark(7, KEY))
    path = folder / "witness" / "one.mark"
    return Kept("flips witness", path, lambda: WitnessFolder(path.parent).of("one").newest())


def flipped(kept: Kept, until: float, chosen: random.Random) -> Row:
    """Flip one bit of each byte, in a random order, until all were or the time is up."""
    before = kept.read()
    whole = kept.path.read_bytes()
    places = chosen.sample(range(len(whole)), len(whole))
    trials = unused = refused = other = 0
    for place in places:
        if time.monotonic() > until:
            break
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chosen.randrange(8)
        kept.path.write_bytes(damaged)
        for rest in kept.path.parent.glob(f"{kept.path.name}-*"):
            rest.unlink()
        trials += 1
        try:
            same = kept.read() == before
        except Defect:
            refused += 1
        else:
            unused, other = unused + same, other + (not same)
    note = f"of {len(whole)} bytes; {refused} refused, {unused} in bytes that nothing uses"
    return Row(kept.name, trials=trials, false=other, note=note)


def main() -> int:
    """Print a row for each file; return 1 if any read as something else."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory(prefix="flips-") as name:
        folder = Path(name)
        witness = WitnessFolder(folder / "witness")
        makers = (deny_list, accounts, outcomes, generations, audit, mark)
        all_kept = [*(make(folder, witness) for make in makers), *peppers(folder)]
        for kept in all_kept:
            until = time.monotonic() + 60 * given.minutes / len(all_kept)
            row = flipped(kept, until, random.Random(f"{given.seed} {kept.name}"))
            sys.stdout.write(row.line() + "\n")
            sys.stdout.flush()
            good = good and row.good
    return 0 if good else 1
