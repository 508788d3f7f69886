"""Every store of every party under every fault of its file: a ``Defect`` that names the file and
what to do, and never an error of the database or of its driver.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from agency_node.records.store.imports import SqlImports
from agency_node.records.store.records import open_records
from broker.store import REPLAY_FILE, SqlStore
from contracts.test_broker_store import a_record
from contracts.test_node_journal_store import received
from contracts.test_node_records import a_child
from fakes.federations import NOW
from fakes.gateway_outcomes import large
from fakes.import_world import OAK, data_keys
from fakes.node_journal import journal_at
from fakes.witnesses import witness_in, witness_of
from fingerpost.audit.log import Actor, AuditEvent, AuditLog, OperationId
from fingerpost.private.linkage import NORMALISATION_VERSION as VERSION
from fingerpost.private.passport import Entitlement
from fingerpost.protocol.codes import Role
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import Workload
from fingerpost.runtime.database import StoreFailed, open_migrated
from key_holder.quota import Allowance, Period
from key_holder.store import SqlMeter
from practitioner.asking.migrations import REVISIONS as OUTCOMES
from practitioner.asking.outcomes_store import SqlOutcomes
from practitioner.sign_in.accounts import Accounts
from practitioner.sign_in.migrations import REVISIONS as ACCOUNTS
from practitioner.sign_in.rules import Account
from unit.practitioner.gateway_desk import PASSWORD, QUESTION, ann

KEY = bytes(range(32))
Use = Callable[[int], object]
"""Reads and writes; the n-th time it writes something new."""


@contextmanager
def replays(folder: Path) -> Iterator[Use]:
    with closing(SqlStore.open(folder, KEY, witness_in(folder), NOW)) as store:

        def use(n: int) -> None:
            store.seen(NOW)
            store.append([a_record(n)], NOW)

        yield use


@contextmanager
def audit(folder: Path) -> Iterator[Use]:
    path, catalogue = folder / "audit.sqlite", {"x.happened": frozenset({"n"})}

    def event_of(n: int) -> AuditEvent:
        actor = Actor.of(MemberId("gateway"))
        return AuditEvent("x.happened", actor, OperationId("0" * 16), int(NOW), {"n": n}, b"body")

    opened = AuditLog.open(path, catalogue=catalogue, master_key=KEY, witness=witness_of(path))
    with closing(opened) as log:

        def use(n: int) -> None:
            log.verify().require_whole()
            log.append(event_of(n))

        yield use


@contextmanager
def meter(folder: Path) -> Iterator[Use]:
    allowed = Allowance(Period(Workload.LOOKUP, 1, 0, 1), day=10)
    with SqlMeter.open(folder / "meter.sqlite", witness_in(folder)) as store:
        yield lambda n: store.charge(MemberId(f"member-{n}"), allowed, 1)


@contextmanager
def records(folder: Path) -> Iterator[Use]:
    witness = witness_in(folder)
    with closing(open_records(folder / "records.sqlite", data_keys(), witness)) as store:
        imports = SqlImports(store)
        staged = imports.begin(
            OAK,
            bytes(32),
            as_of=50,
            normalisation_version=VERSION,
            upn=True,
            now=int(NOW),
        )

        def use(n: int) -> None:
            imports.standings()
            imports.add(OAK, staged.number, n, [a_child(n)])

        yield use


@contextmanager
def journal(folder: Path) -> Iterator[Use]:
    with closing(journal_at(folder / "journal.sqlite")) as store:

        def use(n: int) -> None:
            query = received()
            store.known([query])
            store.keep([query], b"a page", NOW + n)

        yield use


@contextmanager
def accounts(folder: Path) -> Iterator[Use]:
    engine = open_migrated(folder / "accounts.sqlite", ACCOUNTS)
    store = Accounts(engine, KEY, witness_in(folder))

    def use(n: int) -> None:
        store.list()
        until = Entitlement(int(NOW) + 10**7, int(NOW) + 10**7)
        account = Account(ann(NOW).agency, f"a{n}", "Ann Smith", Role.SOCIAL_WORKER, until)
        store.add(account, PASSWORD)

    yield use
    engine.dispose()


@contextmanager
def outcomes(folder: Path) -> Iterator[Use]:
    engine = open_migrated(folder / "outcomes.sqlite", OUTCOMES)
    store = SqlOutcomes(engine, KEY, witness_in(folder))

    def use(n: int) -> None:
        with suppress(Refused):  # there is no such outcome
            asyncio.run(store.first(ann(NOW), f"{n:016x}", NOW))
        asyncio.run(store.keep(ann(NOW), QUESTION, replace(large(), operation=f"{n:016x}")))

    yield use
    engine.dispose()


@dataclass(frozen=True)
class Store:
    opened: Callable[[Path], AbstractContextManager[Use]]
    file: str


STORES = [
    Store(replays, REPLAY_FILE),
    Store(audit, "audit.sqlite"),
    Store(meter, "meter.sqlite"),
    Store(records, "records.sqlite"),
    Store(journal, "journal.sqlite"),
    Store(accounts, "accounts.sqlite"),
    Store(outcomes, "outcomes.sqlite"),
]


@pytest.fixture(params=STORES, ids=lambda store: str(store.opened.__name__))
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr("fingerpost.runtime.database.BUSY_MS", 1)
    found: Store = request.param
    return found


def require_said(error: Defect, path: Path) -> None:
    """The file, a remedy in a sentence, and nothing of the driver's own text."""
    assert isinstance(error, StoreFailed)
    text = str(error)
    assert text.startswith(f"the store failed: {path}")
    assert "sqlalchemy" not in text.lower()
    assert "select" not in text.lower()
    assert ". " in text or "try again" in text.lower() or "memory" in text


# ---- a file that is at fault before it is opened -------------------------------------------------


def garbage_first(data: bytes) -> bytes:
    return b"no database" + data[11:]


def garbage_after_the_header(data: bytes) -> bytes:
    return data[:100] + b"\xa5" * (len(data) - 100)


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


@pytest.mark.parametrize("damage", [garbage_first, garbage_after_the_header, half])
def test_a_damaged_file(store: Store, tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    with store.opened(tmp_path) as use:
        use(0)
    path = tmp_path / store.file
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(Defect) as caught, store.opened(tmp_path) as use:
        use(1)
    require_said(caught.value, path)


# ---- a fault while it is open --------------------------------------------------------------------


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def without_tables(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path)) as other:
        names = other.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        for (name,) in names:
            if not name.startswith("sqlite_"):
                other.execute(f"DROP TABLE {name}")
        other.commit()
    yield


@contextmanager
def each_connection(fault: Callable[[Any], object]) -> Iterator[None]:
    """Every connection that a store takes from now on has the fault."""

    def on_checkout(driver: Any, _record: object, _proxy: object) -> None:
        fault(driver)

    event.listen(Pool, "checkout", on_checkout)
    try:
        yield
    finally:
        event.remove(Pool, "checkout", on_checkout)


def read_only(_path: Path) -> AbstractContextManager[None]:
    return each_connection(lambda driver: driver.execute("PRAGMA query_only=ON"))


def closed(_path: Path) -> AbstractContextManager[None]:
    return each_connection(lambda driver: driver.close())


def full(_path: Path) -> AbstractContextManager[None]:
    return each_connection(lambda driver: driver.execute("PRAGMA max_page_count=1"))


@pytest.mark.parametrize("fault", [locked, without_tables, read_only, closed, full])
def test_a_fault_of_an_open_store(
    store: Store, tmp_path: Path, fault: Callable[[Path], AbstractContextManager[None]]
) -> None:
    path = tmp_path / store.file

    def use_until_it_fails() -> None:
        with store.opened(tmp_path) as use:
            use(0)
            with fault(path):
                for n in range(1, 400):  # a full disk has room in pages that were begun
                    use(n)

    with pytest.raises(Defect) as caught:
        use_until_it_fails()
    # The broker's store is two files, which fill up one before the other.
    require_said(caught.value, tmp_path if fault is full else path)
