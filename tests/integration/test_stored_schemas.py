"""The schema of every database of every party: as it is stored, revision by revision, and safe
between threads.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import agency_node.notes.migrations
import agency_node.notices.migrations
import authority.issuer.migrations
import broker.migrations
import fingerpost.audit.migrations
import key_holder.migrations
import practitioner.asking.migrations
import practitioner.sign_in.migrations
from agency_node.records.store import migrations as node
from fingerpost.runtime.database import Revision, open_migrated, reading

DATABASES: dict[str, tuple[Revision, ...]] = {
    "audit": fingerpost.audit.migrations.REVISIONS,
    "records": node.RECORDS,
    "journal": node.JOURNAL,
    "node notes": agency_node.notes.migrations.NOTES,
    "node notices": agency_node.notices.migrations.NOTICES,
    "replay": broker.migrations.REVISIONS,
    "meter": key_holder.migrations.REVISIONS,
    "outcomes": practitioner.asking.migrations.REVISIONS,
    "gateway notes": practitioner.asking.migrations.NOTES,
    "accounts": practitioner.sign_in.migrations.REVISIONS,
    "heads": authority.issuer.migrations.REVISIONS,
}
STORED = {
    ("audit", 1): "b003ef72aed35a6c",
    ("audit", 2): "2da0928fb06677de",
    ("records", 1): "d089ab259712f537",
    ("records", 2): "9575260ef8ffe39a",
    ("records", 3): "f5494b5350906176",
    ("records", 4): "7af5ad3a92d3b34f",
    ("records", 5): "a77acebe3ff2d319",
    ("records", 6): "402fa2958565ed89",
    ("records", 7): "4f8707778a0550ce",
    ("journal", 1): "21eaec560c9d998e",
    ("journal", 2): "0926f0c32b0e8d4b",
    ("journal", 3): "eb0346417660d6da",
    ("journal", 4): "05ab9198e05b74cf",
    ("node notes", 1): "b575a38f5d668bd3",
    ("node notes", 2): "d7816bfaad914d8c",
    ("node notices", 1): "123ef362ab3cecf8",
    ("node notices", 2): "f3ee7d65021b5373",
    ("replay", 1): "3649d977d305cedc",
    ("replay", 2): "4579a14ce625a97d",
    ("replay", 3): "43ce8d9489b0822d",
    ("meter", 1): "72b0008836bc6863",
    ("meter", 2): "bb0fdbeae4766848",
    ("meter", 3): "4c209903ac60e6ab",
    ("outcomes", 1): "4bbfa7c55c2d082f",
    ("outcomes", 2): "4d37812b34a215cc",
    ("outcomes", 3): "82a3f961cefb3ae2",
    ("outcomes", 4): "d51abf1cfc908369",
    ("outcomes", 5): "25892ed7518932e2",
    ("gateway notes", 1): "ac36ba6b9ed9f9f2",
    ("accounts", 1): "320106ab7ce17c55",
    ("accounts", 2): "e78752d54d593a1d",
    ("accounts", 3): "56d5d22e50839899",
    ("heads", 1): "65ba77b95ee19f8a",
    ("heads", 2): "e1821da543c9d1f9",
}
"""By database and revision, the first 16 digits of SHA-256 over the statements that SQLite keeps.
Databases in the field have these schemas: a revision that has been released is never changed, only
followed."""


def schema(path: Path, revisions: tuple[Revision, ...]) -> str:
    engine = open_migrated(path, revisions)
    try:
        with reading(engine) as connection:
            rows = connection.exec_driver_sql(
                "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
            ).scalars()
            noted = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
            assert noted == f"{len(revisions):04}"
            return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16]
    finally:
        engine.dispose()


def test_every_revision_has_its_schema() -> None:
    assert set(STORED) == {
        (name, number)
        for name, revisions in DATABASES.items()
        for number in range(1, len(revisions) + 1)
    }


@pytest.mark.parametrize(("name", "number"), STORED)
def test_the_schema_as_stored_stays(tmp_path: Path, name: str, number: int) -> None:
    revisions = DATABASES[name]
    path = tmp_path / "a.sqlite"
    assert schema(path, revisions[:number]) == STORED[name, number]
    # A database of that revision is brought to the newest.
    assert schema(path, revisions) == STORED[name, len(revisions)]


def test_no_migration_writes_into_the_database_of_another_thread(tmp_path: Path) -> None:
    """A host opens the logs of its agencies in threads."""
    names = ("audit", "journal", "replay")
    work = [(tmp_path / f"{i}.sqlite", names[i % len(names)]) for i in range(48)]
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda each: schema(each[0], DATABASES[each[1]]), work))
    assert made == [STORED[name, len(DATABASES[name])] for _, name in work]
