"""The Standard Safeguarding Dataset in a database: read whole, of one moment, and never written.

Law: one transaction that may only read, whose tables are all of one moment, selects the columns
that are named (``ssds_tables.TABLES``) and no others. What the reader may not see is an error and
never fewer rows (accident: a policy on rows, or a table that is being made anew, by which children
would be unknown). The server ends what takes too long, and rows are bounded.

No password is a setting, or part of an address. What failed is said in words of ours, by codes
alone (SQLSTATE, of PostgreSQL's manual, appendix A; the names of SQLite's results; of a connection
that was not made, how far it came): the driver's own words may hold what stood in a row, the
reader's name or an address.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec
from sqlalchemy import URL, Connection, Engine, NullPool, column, create_engine, inspect, select
from sqlalchemy import table as named_table
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError

from agency_node.importing.sources.children import MOST_ROWS
from agency_node.importing.sources.faults import FileFault, RefusedFile
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.sources.ssds_tables import PERSON, TABLES, Tables, choose
from agency_node.importing.sources.workbook import Cell, text_of
from agency_node.importing.staging import SourceFile
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.files import read_secret
from fingerpost.runtime.settings import load

SECTIONS: Final = (b"[postgresql]", b"[sqlite]")
MOST_CHARS: Final = 512 * 1024 * 1024
_BEGINNING: Final = 65536
_MOST_PASSWORD: Final = 1024
_CONNECT_SECONDS: Final = 30
_ROWS_AT_ONCE: Final = 5000
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_CELLS: Final = (str, int, float, bool, date, Decimal, type(None))
_EXTRA: Final = "the driver is not installed: install fingerpost with the extra `database`"
_OTHER: Final = "it gave an error"
_OF_SQLITE: Final[Mapping[str, str]] = {
    "CANTOPEN": "there is no such file, or this user may not open it",
    "PERM": "this user may not open the file",
    "AUTH": "this user may not open the file",
    "NOTADB": "the file is no database of SQLite",
    "CORRUPT": "the file is damaged or was cut off: copy it again",
    "IOERR": "the disk did not give the whole file: look at the disk, and copy the file again",
    "BUSY": "a program is writing the file: import once it has ended",
    "LOCKED": "a program is writing the file: import once it has ended",
}
"""By the first word of the result's name behind ``SQLITE_``."""
_OF_POSTGRESQL: Final[Mapping[str, str]] = {
    "08": "the connection was lost: run the import again",
    "25006": "reading it would write to the database",
    "28": "the server does not let this reader in: look at user and password",
    "3D": "the server has no such database",
    "42501": "the reader may not read it, or not all of its rows",
    "53": "the server has no room: too many connections, or a full disk",
    "55P03": "it was held for longer than `seconds`: import once what fills the tables has ended",
    "57014": "it took longer than `seconds`",
    "57P": "the server is stopping or starting: run the import again once it runs",
}
"""By the beginning of SQLSTATE."""
_NO_NAME: Final = "no machine of this name is known: look at host"
_NOT_LET_IN: Final = (
    "a server answers, and does not let this reader in: look at user, password and database, and "
    "whether it takes connections from here"
)
_ASKS: Final = "a server answers, and asks for a password: state its file as password"
_TOO_SLOW: Final = "no server answered in time: look at host, port and the firewall"
_NOT_CONNECTED: Final = (
    "no connection was made: look whether the server runs at this host and port, whether it knows "
    "user and database, and whether certificate is of the authority that signed the server's"
)


class PostgreSql(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A database of PostgreSQL.

    * ``host``: its name, or the folder of its socket. Whoever changes it chooses whose children
      are imported.
    * ``database``, ``schema``: where the tables or views are.
    * ``user``: it needs to read the named columns and nothing else.
    * ``password``: the file that holds it; none where the server knows the user by the socket.
    * ``certificate``: of the authority that signed the server's certificate. Only a server on this
      machine is read without one.
    * ``seconds``: how long one query may take.
    """

    host: str
    database: str
    schema: str
    user: str
    port: int = 5432
    password: Path | None = None
    certificate: Path | None = None
    seconds: int = 600

    def __post_init__(self) -> None:
        """Raises ``Defect``."""
        if self.certificate is None and not self.is_here:
            raise Defect("certificate: expected for a server on another machine")
        if not 1 <= self.seconds <= 24 * 3600:
            raise Defect("seconds: expected 1 to 86400")

    @property
    def is_here(self) -> bool:
        return self.host in _LOCAL or self.host.startswith("/")


class Sqlite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A database in a file. ``file``: opened to be read."""

    file: Path


class DatabaseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file that is given in place of an export: where the database is. One of both is there."""

    postgresql: PostgreSql | None = None
    sqlite: Sqlite | None = None

    def __post_init__(self) -> None:
        """Raises ``Defect``."""
        if (self.postgresql is None) is (self.sqlite is None):
            raise Defect("expected one section, postgresql or sqlite")


def is_database(path: Path) -> bool:
    """Return whether a file says where a database is (``names_database``)."""
    if not path.is_file():  # whoever reads it says what it is
        return False
    try:
        with path.open("rb") as file:
            return names_database(file.read(_BEGINNING))
    except OSError:
        return False


def names_database(content: bytes) -> bool:
    """Return whether a file says where a database is: its first line that is neither blank nor a
    comment is the name of a section.
    """
    lines = (line.strip() for line in content[:_BEGINNING].splitlines())
    return next((line for line in lines if line and not line.startswith(b"#")), b"") in SECTIONS


def read_database(path: Path) -> SourceFile:
    """Read the dataset from the database that a file names.

    Raises:
        Defect: the file is wrong.
        RefusedFile: DATABASE_NOT_READ; tables or columns are missing, or may not be read;
            TOO_MANY_ROWS.
    """
    where = load(path, DatabaseFile)
    stated = where.postgresql
    try:
        engine = _of_sqlite(where.sqlite) if stated is None else _of_postgresql(stated)
        with _closing(engine):
            schema = None if stated is None else stated.schema
            with engine.connect() as connection:
                chosen = choose(_columns(connection, schema))
            with engine.connect() as connection:
                if stated is None:
                    connection.exec_driver_sql("PRAGMA query_only = ON")
                    connection.exec_driver_sql("BEGIN")
                else:
                    _hold(connection, stated)
                tables = _read(connection, schema, chosen)
    except SQLAlchemyError as error:
        raise RefusedFile(Reason.DATABASE_NOT_READ, why_unread(error)) from None
    except ModuleNotFoundError:
        raise Defect(f"{path}: {_EXTRA}") from None
    return SourceFile(tables, tables.digest(), datetime.now(UTC).date())


@contextmanager
def _closing(engine: Engine) -> Iterator[None]:
    try:
        yield
    finally:
        engine.dispose()


def _hold(connection: Connection, stated: PostgreSql) -> None:
    """Begin a transaction that may only read, and hold all tables before its moment is taken.

    Accident: a table is emptied and filled anew while it is read. To a transaction that took its
    moment before, PostgreSQL shows a truncated table as empty, unless it was held by then.

    Raises:
        RefusedFile: TABLE_NOT_READ, for each that may not be read.
    """
    connection.execution_options(postgresql_readonly=True)
    milliseconds = stated.seconds * 1000
    # Until the tables are held, this bound alone: the other one would end the same wait first, and
    # would not say that somebody else holds them.
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {milliseconds}")
    # With a policy on rows, the server then refuses to answer with some of them.
    connection.exec_driver_sql("SET LOCAL row_security = off")
    quoted = connection.dialect.identifier_preparer.quote
    faults = []
    for table in TABLES:
        try:
            with connection.begin_nested():
                name = f"{quoted(stated.schema)}.{quoted(table)}"
                connection.exec_driver_sql(f"LOCK TABLE {name} IN ACCESS SHARE MODE")
        except SQLAlchemyError as error:
            faults.append(FileFault(Reason.TABLE_NOT_READ, table, (why_unread(error),)))
    if faults:
        raise RefusedFile.of(faults)
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = {milliseconds}")


def _of_postgresql(stated: PostgreSql) -> Engine:
    password = None
    if stated.password is not None:
        content = read_secret(stated.password, most=_MOST_PASSWORD, setting="password")
        password = content.decode("utf-8", "strict").rstrip("\r\n")
    encrypted = {"sslmode": "verify-full", "sslrootcert": str(stated.certificate)}
    return create_engine(
        URL.create(
            "postgresql+psycopg",
            username=stated.user,
            password=password,
            host=stated.host,
            port=stated.port,
            database=stated.database,
        ),
        isolation_level="REPEATABLE READ",
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={
            "connect_timeout": _CONNECT_SECONDS,
            **(encrypted if stated.certificate is not None else {"sslmode": "prefer"}),
        },
    )


def _of_sqlite(stated: Sqlite | None) -> Engine:
    if stated is None:
        raise Defect("expected one section, postgresql or sqlite")
    address = f"file:{quote(str(stated.file))}"
    url = URL.create("sqlite", database=address, query={"mode": "ro", "uri": "true"})
    return create_engine(url, poolclass=NullPool, hide_parameters=True)


def _columns(connection: Connection, schema: str | None) -> Mapping[str, Sequence[str]]:
    """Return the columns of the tables that there are, in lower case."""
    inspector = inspect(connection)
    found: dict[str, Sequence[str]] = {}
    for table in TABLES:
        with suppress(NoSuchTableError):
            columns = inspector.get_columns(table, schema=schema)
            found[table] = [each["name"].lower() for each in columns]
    return found


def _read(
    connection: Connection, schema: str | None, chosen: Mapping[str, Sequence[str]]
) -> Tables:
    """Raises ``RefusedFile``."""
    rows: dict[str, Sequence[tuple[str, ...]]] = {}
    faults, left = [], MOST_CHARS
    for table, names in chosen.items():
        try:
            with connection.begin_nested():
                rows[table] = sorted(_rows(connection, schema, table, names, left))
        except SQLAlchemyError as error:
            faults.append(FileFault(Reason.TABLE_NOT_READ, table, (why_unread(error),)))
            continue
        left -= sum(len(cell) for row in rows[table] for cell in row)
    if faults:
        raise RefusedFile.of(faults)
    return Tables(rows, range(1, len(rows[PERSON]) + 1))


def _rows(
    connection: Connection, schema: str | None, table: str, names: Sequence[str], left: int
) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a table as texts.

    Args:
        names: of the columns; "" for one that is not there.
        left: how many characters there may be.

    Raises:
        RefusedFile: TOO_MANY_ROWS; TABLE_NOT_READ, a cell is neither a text nor a number nor a
            date.
    """
    there = [name for name in names if name]
    source = named_table(table, *map(column, there), schema=schema)
    query = select(*(source.c[name] for name in there)).limit(MOST_ROWS + 1)
    found = connection.execute(query.execution_options(yield_per=_ROWS_AT_ONCE))
    for count, row in enumerate(found, 1):
        cells: Mapping[str, str] = {
            name: _text(cell, f"{table}.{name}") for name, cell in zip(there, row, strict=True)
        }
        left -= sum(map(len, cells.values()))
        if count > MOST_ROWS or left < 0:
            raise RefusedFile(Reason.TOO_MANY_ROWS, table)
        yield tuple(cells.get(name, "") for name in names)


def _text(cell: Cell | Decimal | object, where: str) -> str:
    if not isinstance(cell, _CELLS):
        raise RefusedFile(Reason.TABLE_NOT_READ, where)
    return str(cell) if isinstance(cell, Decimal) else text_of(cell)


def why_unread(error: BaseException) -> str:
    """Return why a database, or a table of it, could not be read.

    Args:
        error: of SQLAlchemy, or of the driver (``sqlite3``, ``psycopg``).
    """
    cause = getattr(error, "orig", None) or error
    name = getattr(cause, "sqlite_errorname", None)
    if name is not None:
        return _OF_SQLITE.get(str(name).split("_")[1], _OTHER)
    if not hasattr(cause, "sqlstate"):
        return _OTHER
    if cause.sqlstate is None:
        return _unconnected(cause)
    return next(
        (words for code, words in _OF_POSTGRESQL.items() if cause.sqlstate.startswith(code)),
        _OTHER,
    )


def _unconnected(cause: BaseException) -> str:
    """``cause``: of psycopg, without an answer of the server to a query."""
    if type(cause).__name__ == "ConnectionTimeout":
        return _TOO_SLOW
    connection = getattr(cause, "pgconn", None)
    if connection is None:
        return _NO_NAME if type(cause).__name__ == "OperationalError" else _OTHER
    if connection.needs_password:
        return _ASKS
    return _NOT_LET_IN if connection.used_password else _NOT_CONNECTED
