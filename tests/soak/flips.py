"""Every byte of every file that decides or proves something, with one bit flipped.

Each file is opened by the code that opens it in its party. A trial ends in one of three ways: it is
refused, it reads as it was (a byte that nothing uses), or it reads as something else, which is
counted as false and must never happen. A store that begins anew by itself, and says so, has refused
what was there. No process is started and no lookup made.

Of a file that is too large for the time, every page has as many of its bytes tried as every other,
give or take one; the note says how many. A key is tried by what it opens or signs. Settings and the
addresses of a bundle are an operator's own words and have no checksum: that they read as something
else is counted in the note, which says why it does no harm.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import math
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from agency_node.records.records import RecordId
from agency_node.records.sealing import DataKey
from agency_node.records.store.imports import SqlImports
from agency_node.records.store.journal import SqlJournal, open_journal
from agency_node.records.store.records import SqlRecords, open_records
from agency_node.records.store.shields import FileShields
from agency_node.settings import NodeSettings
from authority.issuer.heads_store import HeadsStore
from authority.issuer.online import deny_list_record
from broker.store import REPLAY_FILE, SqlStore
from contracts.test_broker_store import a_record
from contracts.test_node_journal_store import received
from contracts.test_node_records import Store, complete
from fakes.certificates import FakeAuthority
from fakes.federations import NOW, requester_key
from fakes.gateway_outcomes import ASKED_AT, large
from fakes.import_world import OAK, data_keys
from fakes.party_folder import addresses_of, hand_bundle, node_settings_file
from fakes.pepper_folder import pepper_files
from fakes.repository import FakeRepository, listed
from fingerpost.audit.log import Actor, AuditEvent, AuditLog, OperationId
from fingerpost.membership.bundle import BUNDLE, ROOT, read_bundle
from fingerpost.membership.member_list import MemberListClient
from fingerpost.membership.pepper_files import ReceivingKey
from fingerpost.membership.signing_keys import make_signing_key, read_signing_key
from fingerpost.private.locators import Pepper
from fingerpost.private.sealing import HybridKey
from fingerpost.protocol import federation_files
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import DenyList, Party
from fingerpost.protocol.ids import AgencyId, EpochNumber, FederationId, MemberId
from fingerpost.protocol.messages import Workload
from fingerpost.runtime.database import open_migrated
from fingerpost.runtime.files import create_file, read_key
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.settings import load
from fingerpost.runtime.witness import Fault, Mark, WitnessFolder
from key_holder.quota import Allowance, Period
from key_holder.store import SqlMeter
from key_holder.vault import FileVault
from practitioner.asking.generations_store import FileGenerations
from practitioner.asking.migrations import REVISIONS as OUTCOMES
from practitioner.asking.outcomes_store import SqlOutcomes
from practitioner.sign_in.accounts import Accounts
from practitioner.sign_in.migrations import REVISIONS as ACCOUNTS
from soak.framework import Row
from unit.practitioner.gateway_desk import QUESTION, ann
from unit.practitioner.test_accounts import ANN, PASSWORD

KEY: Final = bytes(range(32))
WITNESS: Final = "witness"
ONE: Final = EpochNumber(1)


PAGE_BYTES: Final = 4096
CHILDREN: Final = 100
"""In the records of a long run."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file, and what its party reads from it. ``harmless``: why it may read as something else."""

    name: str
    path: Path
    read: Callable[[], object]
    harmless: str = ""


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


def shields(folder: Path, witness: WitnessFolder) -> Kept:
    agency = AgencyId("e99000001.oak")
    store = FileShields(folder, {agency: DataKey(agency, KEY)}, witness)
    store.change(agency, lambda held: msgspec.structs.replace(held, last=7, hidden=(KEY[:16],)))
    return Kept("flips shields", store.path(agency), lambda: store.read(agency))


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
    files.create_key(ONE, ReceivingKey(HybridKey.generate(os.urandom), 20_000))
    receiving = files.key_path(ONE)

    def read_receiving() -> object:
        return files.read_key(receiving).key.serialise()

    yield Kept("flips receiving key", receiving, read_receiving)


def replay_set(folder: Path, witness: WitnessFolder) -> Kept:
    def read() -> object:
        with closing(SqlStore.open(folder, KEY, witness, NOW)) as store:
            require_newest(store.anew)
            return store.complete_since, sorted(each.query_hash for each in store.seen(NOW))

    with closing(SqlStore.open(folder, KEY, witness, NOW - 100)) as store:
        store.append([a_record(number) for number in range(5)], NOW)
    return Kept("flips replay set", folder / REPLAY_FILE, read)


def journal(folder: Path, witness: WitnessFolder) -> Kept:
    path = folder / "journal.sqlite"
    queries = [received() for _ in range(3)]

    def opened() -> SqlJournal:
        return open_journal(path, KEY, lambda: NOW, witness.of("journal"), NOW)

    def read() -> object:
        with closing(opened()) as store:
            require_newest(store.fault)
            return store.known([*queries, received()]), store.pages(0, 10)

    with closing(opened()) as store:
        for number, query in enumerate(queries):
            store.keep([query], b"page %d" % number, NOW)
        store.mark_tried([1])
    return Kept("flips journal", path, read)


def meter(folder: Path, witness: WitnessFolder) -> Kept:
    path = folder / "meter.sqlite"

    def read() -> object:
        with SqlMeter.open(path, witness) as store:
            return store.counted()

    with SqlMeter.open(path, witness) as store:
        for number in range(3):
            allowed = Allowance(Period(Workload.LOOKUP, number, 0, 1), day=10)
            store.charge(MemberId("gateway"), allowed, 3)
    return Kept("flips meter", path, read)


def vault(folder: Path) -> Kept:
    """A key that is not the one in the member list is not used (``key_holder.service``)."""
    (folder / "vault").mkdir()
    listed = FileVault.open(folder / "vault").make(ONE)

    def read() -> object:
        if FileVault(folder / "vault").public_key(ONE) != listed:
            raise Defect("key differs from the member list")
        return listed

    return Kept("flips vault", folder / "vault" / "epoch-1.seed", read)


def records(folder: Path, witness: WitnessFolder, children: int) -> Kept:
    """Of a node: each child and each tag. What is not ready is not answered from."""
    path = folder / "records.sqlite"

    def opened() -> SqlRecords:
        return open_records(path, data_keys(), witness)

    def read() -> object:
        with closing(opened()) as store:
            found = store.ready(OAK, ONE)
            if found is None:
                raise Refused(Code.NOT_READY, "records")
            kept = [store.child(OAK, found.number, RecordId(n)) for n in range(found.children)]
            return found, kept, list(store.tags(OAK, found.number, ONE))

    with closing(opened()) as store:
        complete(Store(store, SqlImports(store)), children)
    return Kept("flips records", path, read)


def heads(folder: Path, witness: WitnessFolder) -> Kept:
    """At the issuer: what members have left."""
    path = folder / "heads.sqlite"
    node = MemberId("node")

    def read() -> object:
        with closing(HeadsStore(path, witness.of("heads"))) as store:
            found = store.before(node, 0, 100, 100_000)
            require_newest(store.fault)
            return found

    with closing(HeadsStore(path, witness.of("heads"))) as store:
        for at in range(50):
            store.put(node, 0, at, b"envelope %d" % at * 20, ())
    return Kept("flips heads", path, read)


def keys_of_stores(folder: Path) -> Iterator[Kept]:
    """Keys of 32 bytes: another one opens nothing of what the right one has sealed."""
    made = WitnessFolder(folder / WITNESS)
    data, log = folder / "data.key", folder / "audit.key"
    create_file(data, KEY)
    create_file(log, KEY)
    catalogue = {"note": frozenset[str]()}

    def of_records() -> object:
        key = DataKey(OAK, read_key(data, setting="data_key"))
        with closing(open_records(folder / "keyed.sqlite", {OAK: key}, made)) as store:
            return store.agencies()

    def opened() -> AuditLog:
        key = read_key(log, setting="audit_key")
        path, witness = folder / "keyed-log.sqlite", made.of("keyed-log")
        return AuditLog.open(path, catalogue=catalogue, master_key=key, witness=witness)

    def of_a_log() -> object:
        with closing(opened()) as found:
            return [entry.seq for entry in found.show(0, 2**40, decrypt=True)]

    of_records()
    with closing(opened()) as made_log:
        made_log.append(AuditEvent("note", Actor("a"), OperationId("b"), 10**9, {}, b"body"))
    yield Kept("flips data key", data, of_records)
    yield Kept("flips audit key", log, of_a_log)
    secret = folder / "witnessed" / WITNESS
    store = deny_list(folder / "witnessed", WitnessFolder(secret))

    def of_the_witness() -> object:
        return deny_list_record(store.path, WitnessFolder(secret)).read()

    yield Kept("flips witness key", secret / "witness.key", of_the_witness)


def keys_of_a_member(folder: Path) -> Iterator[Kept]:
    """Keys that sign: what another key signs does not verify by the key that the list names."""
    for name in ("signing.pem", "passport.pem"):
        path = folder / name
        listed = make_signing_key(path).public_key()

        def read(path: Path = path, listed: Ed25519PublicKey = listed) -> object:
            found = read_signing_key(path, setting="key")
            if found.public_key() != listed:
                raise Defect("key differs from the member list")
            return found.private_bytes_raw()

        yield Kept(f"flips {name.removesuffix('.pem')} key", path, read)


def bundle(folder: Path) -> Iterator[Kept]:
    """What the authority gave the member."""
    authority = FakeAuthority.create(folder / "authority")
    repository = FakeRepository(folder)
    me = Identity(FederationId("pilot"), MemberId("node-1"), Party.NODE)
    hand_bundle(
        folder,
        me,
        addresses_of(listed().parameters),
        repository.root.read_bytes(),
        authority.file.read_bytes(),
    )
    repository.publish(listed())
    home = folder / "bundle"

    def read_list() -> object:
        cache = folder / "cache"
        shutil.rmtree(cache, ignore_errors=True)
        return MemberListClient(cache, home / ROOT, repository.fetch).refresh(NOW)

    def read_addresses() -> object:
        return read_bundle(home).addresses, read_bundle(home).member

    yield Kept("flips root", home / ROOT, read_list)
    why = "nobody else has a certificate by the name that is expected there"
    yield Kept("flips bundle", home / BUNDLE, read_addresses, why)


def settings(folder: Path) -> Kept:
    path = node_settings_file(folder / "settings", [OAK])
    why = "what it then names is not there, or is no member, or is refused by its key"
    return Kept("flips settings", path, lambda: load(path, NodeSettings), why)


def require_newest(fault: Fault | None) -> None:
    if fault is not None:
        raise Defect(fault.value)


def mark(folder: Path, witness: WitnessFolder) -> Kept:
    witness.of("one").note(Mark(7, KEY))
    path = folder / WITNESS / "one.mark"
    return Kept("flips witness", path, lambda: WitnessFolder(path.parent).of("one").newest())


def all_kept(folder: Path, children: int = CHILDREN) -> Iterator[Kept]:
    """Make each file in a folder of its own, with its witness. ``children``: in the records."""
    makers: tuple[Callable[[Path, WitnessFolder], Kept], ...] = (
        deny_list,
        accounts,
        outcomes,
        generations,
        shields,
        audit,
        replay_set,
        journal,
        partial(records, children=children),
        heads,
        meter,
        mark,
    )
    for number, make in enumerate(makers):
        own = folder / str(number)
        own.mkdir()
        yield make(own, WitnessFolder(own / WITNESS))
    yield vault(folder)
    yield from peppers(folder)
    (folder / "witnessed").mkdir()
    yield from keys_of_stores(folder)
    yield from keys_of_a_member(folder)
    yield from bundle(folder)
    yield settings(folder)


def evenly(size: int, chosen: random.Random) -> Iterator[int]:
    """Yield every place of a file once, so that at any moment each of its pages has had as many as
    every other, give or take one, as long as it has any left. A file of one page has no order.
    """
    pages = [
        chosen.sample(range(first, last := min(first + PAGE_BYTES, size)), last - first)
        for first in range(0, size, PAGE_BYTES)
    ]
    while any(pages):
        chosen.shuffle(pages)
        yield from [page.pop() for page in pages if page]


def flipped(
    kept: Kept, chosen: random.Random, *, until: float = math.inf, most: int | None = None
) -> Row:
    """Flip one bit of each byte, in a random order, until all were, or ``most`` of them, or the
    time is up.
    """
    before = kept.read()
    whole = kept.path.read_bytes()
    marks = {path: path.read_bytes() for path in kept.path.parent.glob(f"{WITNESS}/*.mark")}
    trials = unused = refused = other = 0
    for place in itertools.islice(evenly(len(whole), chosen), most):
        if time.monotonic() > until:
            break
        for path, content in marks.items():
            if path != kept.path:  # a store that began anew has moved its witness on
                path.write_bytes(content)
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chosen.randrange(8)
        kept.path.write_bytes(damaged)
        for rest in kept.path.parent.glob(f"{kept.path.name}-*"):
            rest.unlink()
        trials += 1
        try:
            same = kept.read() == before
        except (Defect, Refused):
            refused += 1
        else:
            unused, other = unused + same, other + (not same)
    kept.path.write_bytes(whole)
    pages = -(-len(whole) // PAGE_BYTES)
    note = f"of {len(whole)} bytes; {refused} refused, {unused} in bytes that nothing uses"
    if trials < len(whole) and pages > 1:
        note = f"{100 * trials / len(whole):.1f} % of each of {pages} pages, {note}"
    if kept.harmless:
        note = f"{note}, {other} read as something else: {kept.harmless}"
    return Row(kept.name, trials=trials, false=0 if kept.harmless else other, note=note)


def main() -> int:
    """Print a row for each file; return 1 if any read as something else."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trials", type=int, help="of each file")
    given = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory(prefix="flips-") as name:
        folder = Path(name)
        files = tuple(all_kept(folder))
        for kept in files:
            until = time.monotonic() + 60 * given.minutes / len(files)
            chosen = random.Random(f"{given.seed} {kept.name}")
            row = flipped(kept, chosen, until=until, most=given.trials)
            sys.stdout.write(row.line() + "\n")
            sys.stdout.flush()
            good = good and row.good
    return 0 if good else 1
