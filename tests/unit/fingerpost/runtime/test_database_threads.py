"""Databases that several threads of one process open at once, as a host's logs are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import inspect

from fingerpost.runtime.database import migrate, open_sqlite

PACKAGES = (
    "fingerpost.audit.migrations",
    "agency_node.records.store.seen_migrations",
    "broker.migrations",
)


def tables_of(path: Path, package: str) -> set[str]:
    engine = open_sqlite(path)
    try:
        migrate(engine, package)
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def test_no_migration_writes_into_the_database_of_another_thread(tmp_path: Path) -> None:
    alone = {p: tables_of(tmp_path / f"{p}.sqlite", p) for p in PACKAGES}
    work = [(tmp_path / f"{i}.sqlite", PACKAGES[i % len(PACKAGES)]) for i in range(48)]
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda each: tables_of(*each), work))
    for (_, package), tables in zip(work, made, strict=True):
        assert tables == alone[package]
