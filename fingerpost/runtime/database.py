"""SQLite as every party uses it: with safe settings, migrated in one transaction, stopped by a bad
disk.

Law: this module has connections and migrations only; tables belong to the parties.
``engine.begin()`` takes the write lock at once (``BEGIN IMMEDIATE``): a transaction that reads
first and writes later would otherwise decide on data that another transaction has changed
meanwhile. ``reading`` takes no write lock.

A commit has reached the disk when it returns (WAL, ``synchronous=FULL``). After a failed fsync the
kernel may have dropped the pages and report success the next time. So an I/O error is final for the
engine: it refuses everything until the process is started again.

Every error of the database leaves this module as ``StoreFailed``, which names the file and what to
do: no store of a party catches one, and no command line shows a driver's error.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import sqlalchemy
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    event,
)
from sqlalchemy.engine import ExceptionContext

from fingerpost.protocol.errors import Defect, NoRoom
from fingerpost.runtime.files import or_defect

BUSY_MS: Final = 5000
_STATE: Final = "fingerpost_state"
_READING: Final = "fingerpost_reading"
_VERSION: Final = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""The table that alembic makes, as earlier databases have it."""

Revision = Callable[[Operations], None]
"""One change of a schema. It uses the operations that it is given and not ``alembic.op``: that is
one global for all threads, through which two migrations at once would write into each other's
database."""

_FATAL: Final = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_DAMAGED: Final = "the file is damaged. Put it back from a backup (docs/operations.md, section 10)"
_OTHERS: Final = (
    "it does not hold what this program wrote: it was made by another version, or changed by hand. "
    "Put it back from a backup (docs/operations.md, section 10)"
)
_REMEDIES: Final[Mapping[int, str]] = {
    sqlite3.SQLITE_IOERR: (
        "the disk failed, or has no room. Look at its room and at the machine's own log, then "
        "start again"
    ),
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_FULL: "the disk is full. Make room and try again",
    sqlite3.SQLITE_READONLY: (
        "it cannot be written. Look at its owner, and at how its disk is mounted"
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "it cannot be opened. Look at the owner of its folder, and at the disk's room"
    ),
    sqlite3.SQLITE_PERM: "it cannot be opened. Look at its owner",
    sqlite3.SQLITE_BUSY: "another process has held it for too long. Try again",
    sqlite3.SQLITE_LOCKED: "another part of this process holds it. Try again",
    sqlite3.SQLITE_PROTOCOL: "too many processes use it. Try again",
    sqlite3.SQLITE_NOMEM: "the machine has no memory left",
}
"""What to do, by the primary result code of SQLite (sqlite.org/rescode.html)."""


class StoreFailed(Defect):
    """The store did not carry out an operation: no answer may depend on it.

    Attributes:
        fatal: the file may not be trusted before the process is started again (I/O error, damaged
            file). Otherwise the transaction was rolled back and the next may succeed (disk full,
            lock held too long).
    """

    def __init__(self, what: str, *, fatal: bool) -> None:
        super().__init__(f"the store failed: {what}")
        self.fatal = fatal


class StoreFull(StoreFailed, NoRoom):
    """The disk has no room for the operation."""

    def __init__(self, what: str) -> None:
        super().__init__(what, fatal=False)


@dataclass
class _State:
    path: Path
    failed: bool = False


def open_sqlite(path: Path) -> Engine:
    """Open, or make, a database of mode 0600.

    Its connections use WAL, synchronous FULL and foreign keys, overwrite deleted content, and wait
    up to 5 s for a lock. No error shows the parameters of a statement.

    Raises:
        Defect: it is a symbolic link, or open to group or others.
        StoreFailed: it cannot be opened as a database.
    """
    _prepare_file(path)
    state = _State(path)
    engine = sqlalchemy.create_engine(
        sqlalchemy.URL.create("sqlite", database=str(path)),
        hide_parameters=True,
        execution_options={_STATE: state},
        max_overflow=-1,  # threads bound the connections; none waits for another's
    )

    @event.listens_for(engine, "connect")
    def harden(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin a transaction by itself
        try:
            _harden(connection)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            connection.close()
            raise _failed(error, state) from None

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if state.failed:
            raise StoreFailed(f"{path}: it failed before; start the process again", fatal=True)
        reads = connection.get_execution_options().get(_READING, False)
        connection.exec_driver_sql("BEGIN DEFERRED" if reads else "BEGIN IMMEDIATE")

    _translate_errors(engine, state)
    try:
        with reading(engine):  # detects now, and not at the first query, a file that is no database
            return engine
    except BaseException:
        engine.dispose()
        raise


def _translate_errors(engine: Engine, state: _State) -> None:
    @event.listens_for(engine, "handle_error")
    def translate(context: ExceptionContext) -> None:
        error = context.original_exception
        if isinstance(error, sqlite3.Error | UnicodeDecodeError):
            raise _failed(error, state) from None


def open_to_read(path: Path, revisions: Sequence[Revision]) -> Engine:
    """Open a database of the newest schema so that nothing of it can be written, and no file is
    made beside it.

    Where another process has it open, its write-ahead log is read, too. Where none has, the file
    itself is all: whoever opens it meanwhile may make a read fail, and nothing worse.

    Raises:
        Defect: it cannot be opened, or another release has made it.
    """
    way = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "immutable=1"
    address = f"{path.absolute().as_uri()}?{way}"
    state = _State(path)
    engine = sqlalchemy.create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(address, uri=True, check_same_thread=False),
        poolclass=sqlalchemy.NullPool,
        hide_parameters=True,
        execution_options={_STATE: state},
    )
    _translate_errors(engine, state)
    try:
        with reading(engine) as connection:
            noted = MigrationContext.configure(connection).get_current_revision()
    except BaseException:
        engine.dispose()
        raise
    if noted != f"{len(revisions):04}":
        engine.dispose()
        raise Defect(
            f"{path}: another release of this program has made it; this one reads it once "
            "it has imported"
        )
    return engine


def open_migrated(path: Path, revisions: Sequence[Revision]) -> Engine:
    """Open, or make, a database with the newest schema.

    Raises:
        Defect: as ``open_sqlite`` and ``migrate``; the file is closed again.
    """
    engine = open_sqlite(path)
    try:
        migrate(engine, revisions)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _prepare_file(path: Path) -> None:
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_CREAT
    with or_defect(f"{path}: cannot be opened"):
        handle = os.open(path, flags, 0o600)
    try:
        status = os.fstat(handle)
    finally:
        os.close(handle)
    if not stat.S_ISREG(status.st_mode) or status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Defect(f"{path}: must be a plain file of mode 0600")


def _harden(connection: sqlite3.Connection) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
    if mode != "wal":
        raise StoreFailed("no write-ahead log on this file system", fatal=True)
    for setting in (
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        "trusted_schema=OFF",
        "cell_size_check=ON",
        f"busy_timeout={BUSY_MS}",
    ):
        connection.execute(f"PRAGMA {setting}")


def _failed(error: sqlite3.Error | UnicodeDecodeError, state: _State) -> StoreFailed:
    """Return the failure that a driver's error means. Of the error only its name is kept: the text
    may hold a value.
    """
    if isinstance(error, UnicodeDecodeError):  # text of a damaged file, or about one
        state.failed = True
        return StoreFailed(f"{state.path}: {_DAMAGED} (text)", fatal=True)
    # Errors that the driver itself raises (a closed connection, say) have no code.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    fatal = code in _FATAL
    state.failed = state.failed or fatal
    what = f"{state.path}: {_REMEDIES.get(code, _OTHERS)} ({name})"
    return StoreFull(what) if code == sqlite3.SQLITE_FULL else StoreFailed(what, fatal=fatal)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that sees one state of the database and takes no write lock."""
    with engine.connect() as connection:
        connection.execution_options(**{_READING: True})
        with connection.begin():
            yield connection


def empty_journal(engine: Engine) -> bool:
    """Move the write-ahead log into the database and truncate it, so that deleted content is gone
    from the disk too.

    Returns:
        False when a reader used the log for longer than the 5 s that a lock is waited for.

    Raises:
        StoreFailed: the disk failed.
    """
    state: _State = engine.get_execution_options()[_STATE]
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        try:
            (busy, _pages, _moved) = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as error:
            raise _failed(error, state) from None
    return not busy


def replace_tables(op: Operations, *names: str) -> None:
    """Drop tables whose rows the next revision keeps in a form that only the key's holder can make.

    Raises:
        Defect: one of them has rows. They are not dropped, so that nothing is lost unseen: the file
            is kept elsewhere, and a new one is begun.
    """
    connection = op.get_bind()
    for name in names:
        rows = sqlalchemy.select(sqlalchemy.literal(1)).select_from(sqlalchemy.table(name)).limit(1)
        if connection.execute(rows).first() is not None:
            raise Defect("the database has rows of an earlier release, which this one cannot read")
    for name in names:
        op.drop_table(name)


def migrate(engine: Engine, revisions: Sequence[Revision]) -> None:
    """Migrate the schema to the newest revision, all or nothing.

    The database records its revision in alembic's table as the position in ``revisions``: "0001" is
    the first. A released revision is never changed; later revisions follow it.

    Raises:
        Defect: the database has a revision unknown here (a newer program has used it), or more than
            one, or tables of another form (it is damaged).
    """
    path = engine.url.database
    with engine.begin() as connection:
        context = MigrationContext.configure(connection)
        try:
            noted = context.get_current_revision()
        except CommandError:
            raise Defect(
                f"{path}: the database has more than one revision: it is damaged"
            ) from None
        known = [f"{number:04}" for number in range(1, len(revisions) + 1)]
        if noted is not None and noted not in known:
            raise Defect(
                f"{path}: the database has a revision unknown here: a newer program has used it"
            )
        done = 0 if noted is None else known.index(noted) + 1
        for revision in revisions[done:]:
            revision(Operations(context))
        if done < len(revisions):
            _VERSION.create(connection, checkfirst=True)
            connection.execute(_VERSION.delete())
            connection.execute(_VERSION.insert().values(version_num=known[-1]))
