"""What the programs of all parties print and do alike."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from fakes.witnesses import witness_of
from fingerpost.audit.log import (
    Actor,
    AuditEvent,
    AuditLog,
    BrokenChain,
    OperationId,
    StoreBehind,
)
from fingerpost.audit.verification import Undone, Unsure
from fingerpost.membership import audit_commands, commands
from fingerpost.membership.credentials import MemberKeys
from fingerpost.membership.deposited_heads import NotContinued
from fingerpost.protocol.codec.enrolment import AgencyKeys, EnrolmentRequest, read_enrolment
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import AgencyId, FederationId, MemberId
from fingerpost.runtime.health import Health, serve_health
from fingerpost.runtime.run import refusal_text

MARCH = 1_772_539_200  # 2026-03-03 12:00
CATALOGUE = {"test.event": frozenset[str]()}
Ended = Callable[[BaseException], tuple[object, str]]


@dataclass(frozen=True)
class Several:
    first: Annotated[str, typer.Option("--one", help="The first of them.")]
    second: Annotated[list[int] | None, typer.Option(help="The second.")] = None


def test_options_that_several_commands_take_are_stated_once() -> None:
    told: list[object] = []

    def command(
        name: Annotated[str, typer.Argument()] = "nobody", *, several: Several, loud: bool = False
    ) -> None:
        """Do a thing."""
        told.append((name, several, loud))

    app = commands.command_line("A program.")
    app.command()(commands.with_options(command))
    tried = CliRunner()
    assert tried.invoke(app, ["Ann", "--one", "x", "--second", "1", "--second", "2"]).exit_code == 0
    assert tried.invoke(app, ["--loud", "--one", "y"]).exit_code == 0
    assert told == [("Ann", Several("x", [1, 2]), False), ("nobody", Several("y"), True)]
    assert tried.invoke(app, ["Ann"]).exit_code == 2  # --one has no default
    assert "Do a thing." in tried.invoke(app, ["--help"]).output


# ---- a program -----------------------------------------------------------------------------------


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ended:
    """Return the exit status of a program whose command raises, and what it prints. The program
    itself shows an exception that leaves it.
    """

    def end(error: BaseException) -> tuple[object, str]:
        def command() -> None:
            raise error

        app = commands.command_line("A program.")
        app.command()(command)
        monkeypatch.setattr(sys, "argv", ["fingerpost-test"])
        monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # put back afterwards
        status: object = 1
        try:
            commands.main(app, "fingerpost-test")
        except SystemExit as left:
            status = left.code
        except Exception as left:  # noqa: BLE001 - as the interpreter does
            sys.excepthook(type(left), left, left.__traceback__)
        return status, capsys.readouterr().err

    return end


def test_a_defect_is_said_in_one_line(ended: Ended) -> None:
    assert ended(Defect("health: no folder")) == (2, "fingerpost-test: health: no folder\n")


def test_a_refusal_is_said_with_its_rule_and_who_was_asked(ended: Ended) -> None:
    refusal = Refused(Code.QUOTA, "evaluations", "key-holder “a” at a.example:7441")
    assert ended(refusal) == (2, f"fingerpost-test: {refusal_text(refusal)}\n")
    assert refusal_text(refusal).endswith(
        "(quota: evaluations) Asked: key-holder “a” at a.example:7441."
    )


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BrokenChain(3), 4),
        (Undone(5, 3), 4),
        (StoreBehind("the audit log ends at entry 1, its head was 2"), 4),
        (NotContinued(3, "2026-03-03 12:00:00", gone=True), 4),
        (Unsure("the noted hash is that of another entry"), 3),
    ],
)
def test_a_log_that_is_not_as_recorded_has_an_exit_status_of_its_own(
    ended: Ended, error: Defect, status: int
) -> None:
    assert ended(error) == (status, f"fingerpost-test: {error}\n")


def test_a_crash_is_said_by_its_type(ended: Ended) -> None:
    """Attack: whoever reads the terminal, or what it was kept in, reads a name in the text of an
    exception.
    """
    assert ended(KeyError("Umberleigh")) == (1, "fingerpost-test: crashed (KeyError)\n")


PROGRAM = """
    import asyncio, contextlib, os, signal
    import msgspec
    from fingerpost.membership import audit_commands, commands

    class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        words: str

    class Opened:
        def tasks(self):
            return {"stop": self.end}

        async def end(self):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()

    @contextlib.asynccontextmanager
    async def open_party(loaded, env):
        env.log.info("test.greeted", words=loaded.words)
        yield Opened()

    EVENTS = {"test.greeted": frozenset({"words"})}
    PROGRAM = commands.Program("fingerpost-test", "test", Settings, EVENTS, open_party)
    app = commands.command_line("A program.")

    @app.command()
    def run(settings_file: commands.SettingsFile) -> None:
        PROGRAM.run(settings_file)

    commands.main(app, PROGRAM.name)
"""


def run_program(settings: Path, text: str) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own, since it takes over signals and logs."""
    settings.write_text(text)
    program = [sys.executable, "-c", textwrap.dedent(PROGRAM), "--settings", str(settings)]
    return subprocess.run(program, capture_output=True, text=True, check=False)


def test_a_process_runs_with_its_settings_and_its_log(tmp_path: Path) -> None:
    done = run_program(tmp_path / "settings.toml", 'words = "hello"')
    assert done.returncode == 0, done.stderr
    greeted, started, stopped = (json.loads(line) for line in done.stderr.splitlines())
    assert (greeted["party"], greeted["words"]) == ("test", "hello")
    assert greeted["event"] == "test.greeted"
    assert (started["event"], stopped["event"]) == ("process.started", "process.stopped")


def test_settings_that_do_not_fit_end_a_process_before_it_has_a_log(tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    done = run_program(settings, "words = 7")
    assert done.returncode == 2
    fault = "words: expected text in quotation marks, found a whole number"
    assert done.stderr == f"fingerpost-test: {settings}: {fault}\n"


# ---- a member ------------------------------------------------------------------------------------


class Desk:
    """The folder in which somebody enrols a gateway."""

    def __init__(self, folder: Path) -> None:
        self.credentials = folder / "credentials"
        self.request = folder / "request"

    def enrol(self, **typed: Any) -> EnrolmentRequest:
        """Enrol with these options ``typed`` in place of those that are in order."""
        options: dict[str, Any] = {
            "federation": "pilot",
            "member": "gateway-1",
            "organisation": "A council",
            "credentials": self.credentials,
            "request": self.request,
            "lookups_per_day": 50,
            "passport_keys": {OAK: OAKS},
        }
        commands.enrol(Party.GATEWAY, **{**options, **typed})
        return read_enrolment(self.request.read_bytes())


OAK = AgencyId("e99000001.oak")
OAKS = AgencyKeys(b"p" * 32, b"h" * 32)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_request_says_what_was_typed_and_the_key_that_was_made(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    value = desk.enrol()
    assert (value.federation, value.member) == (FederationId("pilot"), MemberId("gateway-1"))
    assert (value.party, value.organisation) == (Party.GATEWAY, "A council")
    assert (value.lookups_per_day, value.passport_keys) == (50, {OAK: OAKS})
    assert value.signing_key == MemberKeys.load(desk.credentials).public_key
    assert capsys.readouterr().out == (
        f"Request written. Read this fingerprint to the authority: {value.fingerprint}\n"
    )


def test_what_was_typed_wrong_leaves_no_keys_behind(desk: Desk) -> None:
    """Keys are made once, so keys left by a mistake would prevent the second attempt."""
    with pytest.raises(
        Defect, match=r"^--federation: expected a federation's id, such as [a-z-]+$"
    ):
        desk.enrol(federation="Pilot!")
    with pytest.raises(Defect, match=r"^--member: expected a member's id, such as [a-z-]+$"):
        desk.enrol(member="Gateway")
    for name in ("", "a\x1b[2Kb", 121 * "a"):
        with pytest.raises(
            Defect, match=r"^--organisation: expected a name of 1 to 120 characters$"
        ):
            desk.enrol(organisation=name)
    assert not desk.credentials.exists()
    desk.enrol()


def test_a_member_has_one_key(desk: Desk) -> None:
    first = desk.enrol()
    with pytest.raises(Defect, match=r"^--credentials: .*exists already.*name a new folder"):
        desk.enrol()
    assert MemberKeys.load(desk.credentials).public_key == first.signing_key


def test_a_request_that_cannot_be_written_names_the_option(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(Defect, match=r"^--request: .*none/request: cannot be created"):
        desk.enrol(request=tmp_path / "none" / "request")


async def test_health_is_said_and_is_the_exit_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    health = Health()
    async with serve_health(health, tmp_path / "health.sock"):
        for serving, said in ((False, (1, "not serving\n")), (True, (0, "serving\n"))):
            await health.set("", serving=serving)
            with pytest.raises(typer.Exit) as ended:
                await asyncio.to_thread(commands.report_health, tmp_path / "health.sock")
            assert (ended.value.exit_code, capsys.readouterr().out) == said


# ---- the audit log -------------------------------------------------------------------------------


class Watched(AuditLog):
    closed = False

    def close(self) -> None:
        self.closed = True
        super().close()


def opened(folder: Path) -> Watched:
    return Watched.open(
        folder / "audit.sqlite",
        catalogue=CATALOGUE,
        master_key=b"m" * 32,
        witness=witness_of(folder / "audit.sqlite"),
    )


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Watched]:
    log = opened(tmp_path)
    log.append(AuditEvent("test.event", Actor("oak"), OperationId("one"), MARCH, {}, b"a name"))
    yield log
    log.close()


def test_a_whole_chain_shows_its_head(log: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    head = log.head()
    audit_commands.report_whole(log, None)
    noted = f"1:{head.hash.hex()}"
    assert capsys.readouterr().out == f"1 entry, whole. Note this elsewhere: {noted}\n"
    log.append(AuditEvent("test.event", Actor("oak"), OperationId("two"), MARCH, {}))
    audit_commands.report_whole(log, f" {noted.upper()}\n")
    told = capsys.readouterr().out
    assert told.startswith("2 entries, whole. Note this elsewhere: 2:")
    assert told.endswith("It goes on from entry 1 as it was noted.\n")


def test_a_chain_that_lacks_what_was_witnessed_is_undone(log: Watched) -> None:
    with pytest.raises(Undone):
        audit_commands.report_whole(log, f"2:{bytes(32).hex()}")


def test_a_note_with_a_slip_is_no_alarm(log: Watched) -> None:
    """Attack on trust in the check: an alarm for a digit that was typed twice."""
    with pytest.raises(Unsure):
        audit_commands.report_whole(log, f"11:{log.head().hash.hex()}")


@pytest.mark.parametrize(
    ("noted", "said"),
    [
        ("two", "expected NUMBER:HASH"),
        ("", "expected NUMBER:HASH"),
        ("1:", "expected NUMBER:HASH"),
        (f"-1:{'a' * 64}", "expected NUMBER:HASH"),
        (f"1_0:{'a' * 64}", "expected NUMBER:HASH"),
        (f"١:{'a' * 64}", "expected NUMBER:HASH"),
        (f"1:{'g' * 64}", "expected NUMBER:HASH"),
        ("1:8f2ab1c0d3e4", "the hash has 64 digits (0-9, a-f), and 12 were given"),
        (f"1:{'a' * 65}", "and 65 were given"),
    ],
)
def test_less_than_a_whole_note_is_refused_with_what_is_needed(
    log: Watched, noted: str, said: str
) -> None:
    with pytest.raises(Defect) as caught:
        audit_commands.report_whole(log, noted)
    assert said in str(caught.value)
    assert not isinstance(caught.value, BrokenChain | Unsure)


def test_a_month_is_forgotten_by_somebody_for_a_reason(
    log: Watched, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands.forget(lambda: log, "2026-03", by="dpo", why="ref-1")
    assert log.closed
    assert capsys.readouterr().out.startswith("2026-03 is forgotten. ")
    with closing(opened(tmp_path)) as again:
        first, second = again.show(0, commands.NEVER, decrypt=True)
    assert (first.body, first.forgotten) == (None, True)
    assert (str(second.actor), str(second.operation)) == ("dpo", "ref-1")


@pytest.mark.parametrize(
    ("month", "by", "why"),
    [("2026-13", "dpo", "ref-1"), ("2026-03", "The DPO", "ref-1"), ("2026-03", "dpo", "a reason")],
)
def test_what_was_typed_wrong_forgets_nothing(
    log: Watched, tmp_path: Path, month: str, by: str, why: str
) -> None:
    def opens() -> AuditLog:
        raise AssertionError("its key is read before what was typed")

    with pytest.raises(Defect):
        commands.forget(opens, month, by=by, why=why)
    with closing(opened(tmp_path)) as again:
        (entry,) = again.show(0, commands.NEVER, decrypt=True)
    assert entry.body == b"a name"


def test_times_are_utc() -> None:
    assert commands.utc(MARCH) == "2026-03-03 12:00:00"


@pytest.mark.parametrize(
    ("since", "until", "span"),
    [
        (None, None, (0, commands.NEVER)),
        ("2026-03-03T12:00", None, (MARCH, commands.NEVER)),
        (None, "2026-03-03T12:01", (0, MARCH + 60)),
        ("1970-01-01", "1970-01-01", (0, 0)),
    ],
)
def test_a_span_of_the_audit_log_is_in_utc(
    monkeypatch: pytest.MonkeyPatch,
    since: str | None,
    until: str | None,
    span: tuple[int, int],
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        first, last = (text and datetime.fromisoformat(text) for text in (since, until))
        assert commands.span(first or None, last or None) == span
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("left_at", "gap"),
    [
        ([MARCH], "the one head left at the issuer, the newest of 2026-03-03 12:00:00"),
        ([MARCH], "without one: 10 days, from 2026-03-03 12:00:00 UTC on"),
        ([MARCH, MARCH + 20 * 86_400], "without one: 20 days, from 2026-03-03 12:00:00 UTC on"),
        ([MARCH - 3600, MARCH], "all 2 heads left at the issuer"),
        ([MARCH - 3600, MARCH], "without one: 10 days, from 2026-03-03 12:00:00 UTC on"),
    ],
)
def test_the_time_without_a_head_reaches_up_to_now(left_at: list[int], gap: str) -> None:
    """Attack: a member that stopped leaving heads, whose log since then nothing proves."""
    now = left_at[-1] + 10 * 86_400
    assert gap in audit_commands.heads_told(left_at, now)
