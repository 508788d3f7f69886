"""The dataset in a database: read whole, of one moment, never written, and by names alone."""

from __future__ import annotations

import os
import pwd
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agency_node.importing import database
from agency_node.importing.database import names_database, read_database, why_unread
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.sources.ssds_tables import TABLES, Tables
from fakes.council import Council
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.settings import load

psycopg = pytest.importorskip("psycopg", reason="the extra `database` is not installed")


def council() -> Council:
    found = Council(more=("pers_ethnicity",)).worker()
    found.child("P1", pers_single_unique_id="9434765919").involved("P1")
    found.child("P2", pers_forename="Zéphyrine").involved("P2", end="2026-06-01")
    return found.add("ssd_cp_plans", cppl_person_id="P2", cppl_cp_plan_start_date="2026-02-03")


def tables(path: Path) -> Tables:
    content = read_database(path).content
    assert isinstance(content, Tables)
    return content


# ---- SQLite --------------------------------------------------------------------------------------


def sqlite_file(folder: Path, made: Council) -> Path:
    path = folder / "ssd data.sqlite"
    with closing(sqlite3.connect(path)) as made_here, made_here:
        for statement, rows in made.statements():
            if statement.startswith("CREATE"):
                made_here.execute(statement)
            else:
                made_here.executemany(statement, rows)
    return path


def change(named: Path, *statements: str) -> None:
    with closing(sqlite3.connect(named.parent / "ssd data.sqlite")) as changed, changed:
        for statement in statements:
            changed.execute(statement)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A file that names a database in a file."""
    sqlite_file(tmp_path, council())
    named = tmp_path / "council.toml"
    named.write_text('# the council\'s view\n\n[sqlite]\nfile = "ssd data.sqlite"\n')
    return named


def test_a_database_says_what_texts_of_the_same_content_say(here: Path) -> None:
    found, texts = tables(here), council().tables()
    assert found.digest() == texts.digest()
    assert [*found.lines] == [1, 2]


def test_the_same_content_in_another_order_is_the_same_import(here: Path) -> None:
    before = read_database(here).digest
    change(
        here,
        "CREATE TABLE kept AS SELECT * FROM ssd_person ORDER BY 1 DESC",
        "DELETE FROM ssd_person",
        "INSERT INTO ssd_person SELECT * FROM kept ORDER BY 1 DESC",
    )
    assert read_database(here).digest == before


def test_reading_writes_nothing(here: Path) -> None:
    file = here.parent / "ssd data.sqlite"
    before = file.read_bytes(), sorted(here.parent.iterdir())
    read_database(here)
    assert (file.read_bytes(), sorted(here.parent.iterdir())) == before


def test_all_tables_and_columns_that_are_missing_are_named(here: Path) -> None:
    change(
        here,
        "DROP TABLE ssd_address",
        "ALTER TABLE ssd_person RENAME COLUMN pers_dob TO born",
    )
    with pytest.raises(RefusedFile) as why:
        read_database(here)
    assert {(fault.reason, fault.column) for fault in why.value.faults} == {
        (Reason.TABLE_MISSING, "ssd_address"),
        (Reason.COLUMN_MISSING, "ssd_person.pers_dob"),
    }


def test_a_picture_in_a_column_of_texts_is_no_text(here: Path) -> None:
    change(
        here,
        "UPDATE ssd_person SET pers_surname = x'ffd8'",
    )
    with pytest.raises(RefusedFile) as why:
        read_database(here)
    [fault] = why.value.faults
    assert (fault.reason, fault.column) == (Reason.TABLE_NOT_READ, "ssd_person.pers_surname")


def test_rows_are_bounded(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agency_node.importing.database.MOST_ROWS", 1)
    with pytest.raises(RefusedFile) as why:
        read_database(here)
    assert why.value.reason is Reason.TOO_MANY_ROWS


def why_not_read(named: Path) -> str:
    with pytest.raises(RefusedFile) as why:
        read_database(named)
    assert why.value.reason is Reason.DATABASE_NOT_READ
    return str(why.value)


def test_what_is_no_database_is_said_and_nothing_of_it_shown(here: Path) -> None:
    (here.parent / "ssd data.sqlite").write_text("Quillfeather" * 1000)
    why = why_not_read(here)
    assert "no database of SQLite" in why
    assert "Quillfeather" not in why


def test_a_database_that_is_not_there_or_was_cut_off_or_is_written_is_said(here: Path) -> None:
    file = here.parent / "ssd data.sqlite"
    with closing(sqlite3.connect(file)) as writing:
        writing.execute("BEGIN EXCLUSIVE")
        assert "a program is writing" in why_not_read(here)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    assert "damaged or was cut off" in why_not_read(here)
    file.unlink()
    assert "no such file" in why_not_read(here)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[sqlite]\n",
        '[sqlite]\nfile = "a"\n[postgresql]\nhost = "a"\n',
        '[sqlite]\nfile = "a"\npassword = "b"\n',
        '[postgresql]\nhost = "db.example"\ndatabase = "d"\nschema = "s"\nuser = "u"\n',
        '[postgresql]\nhost = "/run"\ndatabase = "d"\nschema = "s"\nuser = "u"\nseconds = 0\n',
    ],
)
def test_a_file_that_names_no_database_is_a_defect(tmp_path: Path, content: str) -> None:
    named = tmp_path / "council.toml"
    named.write_text(content)
    with pytest.raises(Defect):
        read_database(named)


@pytest.mark.parametrize(
    ("content", "does"),
    [
        (b"[sqlite]\n", True),
        (b"\n# of the council\n\n  [postgresql]\nhost=1", True),
        (b"local_id,forename\n[sqlite]\n", False),
        (b"[postgresql] ,a\n", False),
        (b"", False),
        (b"{", False),
    ],
)
def test_a_file_says_by_its_first_line_that_it_names_a_database(content: bytes, does: bool) -> None:
    assert names_database(content) is does


# ---- PostgreSQL ----------------------------------------------------------------------------------

ENDINGS = "/usr/lib/postgresql"


def _program(name: str) -> str | None:
    found = shutil.which(name)
    beside = sorted(Path(ENDINGS).glob(f"*/bin/{name}")) if Path(ENDINGS).is_dir() else []
    return found or (str(beside[-1]) if beside else None)


class Server:
    """A server of PostgreSQL that listens on a socket in a folder of its own.

    It runs as another user than root, since it refuses to run as root.
    """

    def __init__(self, folder: Path, user: str) -> None:
        self.folder, self.user = folder, user

    def run(self, program: str, *arguments: str) -> None:
        found = _program(program)
        assert found is not None
        as_user = ["runuser", "-u", self.user, "--"] if os.getuid() == 0 else []
        subprocess.run(
            [*as_user, found, *arguments], check=True, capture_output=True, cwd=self.folder
        )

    def execute(self, *statements: str, user: str = "") -> None:
        with self.connect(user) as connection:
            for statement in statements:
                connection.execute(statement)

    def connect(self, user: str = "") -> Any:
        return psycopg.connect(
            host=str(self.folder), dbname="postgres", user=user or self.user, autocommit=True
        )

    def fill(self, made: Council) -> None:
        with self.connect() as connection:
            for statement, rows in made.statements("ssd."):
                with connection.cursor() as cursor:
                    if rows:
                        cursor.executemany(statement.replace("?", "%s"), rows)
                    elif statement.startswith("CREATE"):
                        cursor.execute(statement)

    def named(self, folder: Path, user: str = "reader", schema: str = "ssd", **more: str) -> Path:
        lines = [
            "[postgresql]", f'host = "{self.folder}"', 'database = "postgres"',
            f'schema = "{schema}"',
            f'user = "{user}"', *(f"{name} = {value}" for name, value in more.items()),
        ]  # fmt: skip
        path = folder / "council.toml"
        path.write_text("\n".join(lines))
        return path


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    if _program("initdb") is None or _program("pg_ctl") is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    user = pwd.getpwuid(os.getuid()).pw_name
    if os.getuid() == 0:
        user = next((each.pw_name for each in pwd.getpwall() if each.pw_name == "postgres"), "")
        if not user or shutil.which("runuser") is None:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
    folder = Path(tempfile.mkdtemp(prefix="ssd-"))  # the path of a socket must be short
    try:
        if os.getuid() == 0:
            shutil.chown(folder, user, None)
        folder.chmod(0o755)
        begun = Server(folder, user)
        data = str(folder / "data")
        begun.run("initdb", "-D", data, "-A", "trust", "-U", user, "--no-sync", "-E", "UTF8")
        options = f"-k {folder} -c listen_addresses= -c fsync=off"
        begun.run("pg_ctl", "-D", data, "-w", "-l", f"{data}/log", "-o", options, "start")
        try:
            yield begun
        finally:
            begun.run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


GRANTS = (
    "GRANT USAGE ON SCHEMA ssd TO reader",
    "GRANT SELECT ON ALL TABLES IN SCHEMA ssd TO reader",
)


@pytest.fixture
def filled(server: Server) -> Iterator[Server]:
    """The council's tables in a schema, and a reader who may read the named columns only."""
    server.execute("CREATE SCHEMA ssd")
    server.fill(council())
    server.execute("CREATE ROLE reader LOGIN", *GRANTS)
    try:
        yield server
    finally:
        server.execute("DROP SCHEMA ssd CASCADE", "DROP OWNED BY reader", "DROP ROLE reader")


def test_the_tables_say_what_texts_of_the_same_content_say(filled: Server, tmp_path: Path) -> None:
    found = tables(filled.named(tmp_path))
    assert found.rows.keys() == TABLES.keys()
    assert found.digest() == council().tables().digest()


def test_a_reader_needs_views_of_the_named_columns_and_nothing_else(
    filled: Server, tmp_path: Path
) -> None:
    """The statements of docs/import.md."""
    filled.execute("CREATE SCHEMA views", "REVOKE ALL ON SCHEMA ssd FROM reader")
    for table, columns in TABLES.items():
        named = ", ".join(column.rstrip("?") for column in columns if column != "shield?")
        view = f"CREATE VIEW views.{table} AS SELECT {named} FROM ssd.{table}"  # noqa: S608
        filled.execute(view)
    filled.execute(*(grant.replace("ssd", "views") for grant in GRANTS))
    try:
        named_here = filled.named(tmp_path, schema="views")
        assert tables(named_here).digest() == council().tables().digest()
    finally:
        filled.execute("DROP SCHEMA views CASCADE")


def test_a_view_may_mark_restricted_records(filled: Server, tmp_path: Path) -> None:
    filled.execute(
        "ALTER TABLE ssd.ssd_person RENAME TO person",
        "CREATE VIEW ssd.ssd_person AS SELECT *, CASE WHEN pers_person_id = 'P2' THEN 'yes' END "
        "AS shield FROM ssd.person",
        *GRANTS,
    )
    people = tables(filled.named(tmp_path)).rows["ssd_person"]
    assert [row[-1] for row in people] == ["", "yes"]


def test_tables_that_may_not_be_read_are_named(filled: Server, tmp_path: Path) -> None:
    filled.execute("REVOKE ALL ON ssd.ssd_cp_plans, ssd.ssd_address FROM reader")
    with pytest.raises(RefusedFile) as why:
        read_database(filled.named(tmp_path))
    assert [(fault.reason, fault.column) for fault in why.value.faults] == [
        (Reason.TABLE_NOT_READ, "ssd_address"),
        (Reason.TABLE_NOT_READ, "ssd_cp_plans"),
    ]
    assert "the reader may not read it" in str(why.value)


def test_a_policy_that_hides_rows_stops_the_import(filled: Server, tmp_path: Path) -> None:
    """Accident: a child whose row the reader may not see would be unknown."""
    filled.execute(
        "CREATE POLICY others ON ssd.ssd_person TO reader USING (pers_person_id <> 'P2')",
        "ALTER TABLE ssd.ssd_person ENABLE ROW LEVEL SECURITY",
    )
    with pytest.raises(RefusedFile) as why:
        read_database(filled.named(tmp_path))
    assert why.value.reason is Reason.TABLE_NOT_READ
    assert why.value.column == "ssd_person"


def test_what_takes_too_long_is_ended_by_the_server(filled: Server, tmp_path: Path) -> None:
    filled.execute(
        "ALTER TABLE ssd.ssd_address RENAME TO address",
        "CREATE VIEW ssd.ssd_address AS SELECT a.* FROM ssd.address a, pg_sleep(20)",
        *GRANTS,
    )
    with pytest.raises(RefusedFile) as why:
        read_database(filled.named(tmp_path, seconds="1"))
    assert (why.value.reason, why.value.column) == (Reason.TABLE_NOT_READ, "ssd_address")
    assert "took longer than `seconds`" in str(why.value)


def test_tables_that_are_still_being_filled_are_said(filled: Server, tmp_path: Path) -> None:
    with filled.connect() as filling, filling.transaction():
        filling.execute("TRUNCATE ssd.ssd_address")
        with pytest.raises(RefusedFile) as why:
            read_database(filled.named(tmp_path, seconds="1"))
    assert why.value.column == "ssd_address"
    assert "import once what fills the tables has ended" in str(why.value)


def test_all_tables_are_of_one_moment_and_none_is_emptied_meanwhile(
    filled: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accident: the tables are made anew while they are read."""
    rows, emptied = database._rows, []

    def changed(*arguments: Any) -> Iterator[tuple[str, ...]]:
        if arguments[2] == "ssd_involvements":
            filled.execute("DELETE FROM ssd.ssd_cp_plans")
            with filled.connect() as connection:
                connection.execute("SET lock_timeout = '50ms'")
                with pytest.raises(psycopg.errors.LockNotAvailable):
                    connection.execute("TRUNCATE ssd.ssd_cin_plans")
            emptied.append(True)
        return rows(*arguments)

    monkeypatch.setattr(database, "_rows", changed)
    found = tables(filled.named(tmp_path))
    assert emptied
    assert len(found.rows["ssd_cp_plans"]) == 1


def test_the_transaction_may_only_read(filled: Server, tmp_path: Path) -> None:
    filled.execute(
        "ALTER TABLE ssd.ssd_department RENAME TO department",
        "CREATE FUNCTION ssd.wipe() RETURNS SETOF ssd.department LANGUAGE sql SECURITY DEFINER AS "
        "'DELETE FROM ssd.ssd_person; SELECT * FROM ssd.department'",
        "CREATE VIEW ssd.ssd_department AS SELECT * FROM ssd.wipe()",
        *GRANTS,
    )
    with pytest.raises(RefusedFile) as why:
        read_database(filled.named(tmp_path))
    assert why.value.column == "ssd_department"
    with filled.connect() as connection:
        [counted] = connection.execute("SELECT count(*) FROM ssd.ssd_person").fetchall()
    assert counted == (2,)


def test_a_wrong_password_or_an_unknown_user_shows_neither(filled: Server, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("Brackenwood9\n")
    secret.chmod(0o600)
    why = why_not_read(filled.named(tmp_path, user="nobody-here", password=f'"{secret}"'))
    assert "no connection was made" in why
    assert "Brackenwood9" not in why
    assert "nobody-here" not in why


def test_a_server_that_does_not_run_or_is_not_known_is_said(tmp_path: Path) -> None:
    named = tmp_path / "council.toml"
    rest = 'database = "d"\nschema = "s"\nuser = "u"\n'
    named.write_text(f'[postgresql]\nhost = "{tmp_path}"\n{rest}')
    assert "look whether the server runs" in why_not_read(named)
    named.write_text(f'[postgresql]\nhost = "ssd.invalid"\ncertificate = "ca.pem"\n{rest}')
    assert "look at host" in why_not_read(named)


class Unconnected(Exception):
    """As psycopg says that a server refused the password, or that none was given."""

    sqlstate = None

    def __init__(self, *, used: bool, needs: bool) -> None:
        self.pgconn = SimpleNamespace(used_password=used, needs_password=needs)


def test_a_server_that_does_not_let_the_reader_in_is_said() -> None:
    assert "does not let this reader in" in why_unread(Unconnected(used=True, needs=False))
    assert "asks for a password" in why_unread(Unconnected(used=True, needs=True))


def test_the_sample_of_the_settings_is_a_file_that_names_a_database() -> None:
    sample = Path(__file__).resolve().parents[3] / "deploy/settings/council.toml"
    assert names_database(sample.read_bytes())
    stated = load(sample, database.DatabaseFile).postgresql
    assert stated is not None
    assert stated.certificate is not None
