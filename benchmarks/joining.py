"""How long an agency takes to join: from an export that nobody has seen to the first lookup.

It follows ``docs/joining.md`` as it stands: each command of the page is run in a scratch
federation of real processes, what the page says is typed is typed, and what the page says is shown
must be shown. Measured are the machine's time, and the answers that a person gives: a line of the
mapping that she confirms, and what she types when she is asked.

The federation's own part (founding, enrolling, opening an epoch) is done as the demonstration does
it, and is counted apart: the agency waits for it once, and for people.
"""

from __future__ import annotations

import contextlib
import os
import pty
import re
import shlex
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Final

import pyotp

ROOT: Final = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT)]

from broker.store import SqlStore
from deploy.demo import ceremony, members
from deploy.demo.federation import Federation
from deploy.demo.layout import BROKER, lay_out
from deploy.demo.lookups import add_account
from deploy.demo.people import Population
from deploy.demo.people.agencies import AREAS, WEXCOMBE, Agency, Desk, Node, System
from deploy.demo.people.exports import Export
from deploy.demo.processes import BIN, Processes
from deploy.invented.numbers import upn
from fingerpost.protocol.codec.enrolment import read_enrolment
from fingerpost.protocol.codes import AgencyKind, Kind, Role
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.runtime.files import create_file
from fingerpost.runtime.witness import WitnessFolder

PAGE: Final = ROOT / "docs" / "joining.md"
EXAMPLE_DAY: Final = "2026-03-31"
"""Stands on the page for the day of the export, which must be today's: old records answer
nobody.
"""
EXAMPLE_FEDERATION: Final = "england-pilot"
PASSWORD: Final = "a-password-of-hers"  # noqa: S105 - of an account of this run alone
ACCOUNT: Final = "mash-1"
SAID_PASSWORD: Final = "(her password)"  # noqa: S105 - what the page says in its place
SAID_CODE: Final = "(the code that her telephone shows)"
FINE: Final = frozenset({0, 3, 4})
"""Whole; a lookup with gaps (the council that asks has no records here); rows were left out."""

NODE: Final = MemberId("oak-node")
OAK: Final = AgencyId(f"{WEXCOMBE.code}.oak-primary")
COUNCIL: Final = AgencyId(f"{WEXCOMBE.code}.council")
_HOUR: Final = 3600
_ENDS: Final = b"\x04" * 4
"""What a terminal takes for its end, Ctrl-D."""
_DESK: Final = Desk("01632 960105", "safeguarding@oak.example", "weekdays 8-4, term time", "")
_HEADER: Final = (
    "Adno;Legal Surname;Legal Forename;D.O.B.;Gender;UPN;Home Postcode;Reg Group;Status;"
    "Date of entry;Date of leaving;Designated safeguarding lead;School phone;Opening hours"
)
_FORENAMES: Final = ("Zéphyrine", "Quillon", "Marigold", "Chloé", "Peregrine", "Siân", "Oswin")
_SURNAMES: Final = ("Tarrowby-Hale", "Brackenwood", "O'Fenwick", "Umberleigh", "Ashcombe", "Núñez")


# ---- an export that nobody has seen --------------------------------------------------------------


def odd_export(today: date, *, dates_lost: bool = False) -> bytes:
    """Return an export of invented pupils in a form that is nobody's but this system's: a title, a
    total, semicolons, Windows-1252, names of columns and words of its own.

    Args:
        dates_lost: with what a spreadsheet shows of a date in a column that is too narrow.
    """
    rows = [
        ";".join(_row(number, forename, surname, today, dates_lost=dates_lost))
        for number, (surname, forename) in enumerate(product(_SURNAMES, _FORENAMES))
    ]
    lines = ["Oak Primary School: pupils", "", _HEADER, *rows, f"Total;{len(rows)}", ""]
    return "\r\n".join(lines).encode("cp1252")


def _row(
    number: int, forename: str, surname: str, today: date, *, dates_lost: bool
) -> tuple[str, ...]:
    born = date(2016, 3, 14) + timedelta(days=37 * number)
    # Some lie behind the twelfth of a month, whatever today is: the column shows its order.
    left = today - timedelta(days=4 + 3 * (number // 8)) if number % 8 == 7 else None
    return (
        f"{4100 + number}",
        surname,
        forename,
        "########" if dates_lost else f"{born:%d/%m/%Y}",
        "FM"[number % 2],
        upn(f"990400126{number:03}"),
        f"WX{1 + number % 9} {1 + number % 8}QD",
        f"{number % 7}B",
        "Left" if left else "On roll",
        f"{date(2021, 9, 6) + timedelta(days=number):%d/%m/%Y}",
        f"{left:%d/%m/%Y}" if left else "",
        "Ms Ottoline Vance",
        _DESK.phone,
        _DESK.hours,
    )


# ---- the page ------------------------------------------------------------------------------------


@dataclass(slots=True)
class Step:
    """A command of the page, with what follows it there.

    Attributes:
        typed: what the program asks for, and what the person types.
        said: lines that the screen shows; ``…`` stands for anything.
        file: the mapping as it is when it has been confirmed.
    """

    words: list[str]
    typed: list[tuple[str, str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    file: str = ""


_FENCE: Final = re.compile(r"^```([a-z]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def read_page(text: str) -> list[Step]:
    """Return the commands of a page, in their order. A fence says by its word what is in it: none,
    a command; ``typed``, ``text`` (what the screen says) or ``toml`` for the command before.
    """
    steps: list[Step] = []
    for kind, content in _FENCE.findall(text):
        lines = content.replace("\\\n", " ").splitlines()
        match kind:
            case "":
                steps += (Step(shlex.split(line)) for line in lines if line.strip())
            case "typed":
                pairs = (line.rpartition(": ") for line in (each + " " for each in lines))
                steps[-1].typed += ((asked, answer.strip()) for asked, _, answer in pairs)
            case "text":
                steps[-1].said += (line.strip() for line in lines if line.strip())
            case "toml":
                steps[-1].file = content
            case _:
                raise ValueError(f"a fence with {kind}")
    return steps


def lines_missing(said: Sequence[str], shown: str) -> list[str]:
    """Return the lines of the page that the screen did not show, in whatever way it breaks them."""
    screen = " ".join(shown.split())
    patterns = {
        line: ".*?".join(re.escape(" ".join(part.split())) for part in line.split("…"))
        for line in said
    }
    return [line for line, pattern in patterns.items() if not re.search(pattern, screen)]


# ---- a scratch federation ------------------------------------------------------------------------

Call = Callable[[Sequence[str], str, Path], tuple[int, str]]
"""Runs a command with an input in a folder, and returns its exit status and all that it showed."""


def in_a_process(words: Sequence[str], typed: str, folder: Path) -> tuple[int, str]:
    """Run a command as a person does: what she types comes from a terminal, but a password, which
    a terminal would only take when it is asked for.
    """
    by_pipe = words[1] == "sign-in"
    terminal, stdin = pty.openpty()
    try:
        if not by_pipe:
            # Behind the last answer the terminal ends: a question more is not waited for.
            os.write(terminal, typed.encode() + _ENDS)
        with subprocess.Popen(
            [str(BIN / words[0]), *words[1:], *(["--password-stdin"] if by_pipe else [])],
            stdin=subprocess.PIPE if by_pipe else stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
        ) as process:
            shown, _ = process.communicate(typed if by_pipe else None)
    finally:
        os.close(terminal)
        os.close(stdin)
    return process.returncode, shown


class Scratch:
    """A federation on this machine without the agency that joins it, and the operator's part.

    ``folder``, ``council``: where the agency's commands run, and the council's. ``waited``: seconds
    of the operator's part.
    """

    def __init__(self, root: Path, processes: Processes) -> None:
        layout = lay_out(root)
        self.folder = layout.of(NODE)
        self._gateway = members.gateway_of(COUNCIL)
        self.council = layout.of(self._gateway)
        self.today = datetime.now(UTC).date()
        self.secret = ""
        self.waited = 0.0
        self._federation = Federation(layout, processes, _people(self.today), lambda _: None)
        self._governance = ceremony.found(layout)
        self.folder.mkdir(mode=0o700)
        self._write_settings()
        (self.folder / "oak.csv").write_bytes(odd_export(self.today))
        (self.folder / "oak-again.csv").write_bytes(odd_export(self.today, dates_lost=True))

    def _write_settings(self) -> None:
        """Write what whoever runs the machine writes: the sample, with paths of this folder."""
        text = (ROOT / "deploy" / "settings" / "node.toml").read_text()
        for there, here in (
            ("/var/lib/fingerpost-node/", ""),
            ("/etc/fingerpost/node-bundle", "bundle"),
            ("/etc/fingerpost/agreements.cedar", "agreements.cedar"),
            ("${CREDENTIALS_DIRECTORY}/", "keys/"),
            ("/run/fingerpost-node/", ""),
            ("trial = false", "trial = true"),
            ("poll_seconds = 15.0", f"poll_seconds = {members.POLL_SECONDS}"),
            ("dispose_source = true", "dispose_source = false"),
        ):
            text = text.replace(there, here)
        text = "[[agencies]]".join(text.split("[[agencies]]")[:2])  # one agency alone
        (self.folder / "node.toml").write_text(text)
        (self.folder / "keys").mkdir(mode=0o700)
        for name in ("audit", "oak-primary"):
            create_file(self.folder / "keys" / f"{name}.secret", os.urandom(32))

    def before(self, step: Step) -> None:
        """Do what others have done by the time of this step."""
        started = time.monotonic()
        match step.words[1]:
            case "check":
                self._enrol()
            case "run":
                self._open_epoch()
            case "shields":
                self._federation.processes.wait_until_healthy([NODE.value, self._gateway.value])
            case "sign-in":
                settings, role = str(self.council / "gateway.toml"), Role.MASH_PRACTITIONER
                self.secret = add_account(settings, ACCOUNT, PASSWORD, "Robin Ashe", role)
            case _:
                return
        self.waited += time.monotonic() - started

    def _enrol(self) -> None:
        """Enrol the agency by its request, with the others, and start the others."""
        layout, now = self._federation.layout, time.time()
        requests = [
            read_enrolment((self.folder / "oak.request").read_bytes()),
            members.broker(layout, now),
            *members.key_holders(layout, now),
            *members.gateways(layout, [COUNCIL], now),
        ]
        self._governance.enrol(self._federation.people, requests)
        (self.council / "gateway.toml").symlink_to("settings.toml")
        self._age_the_broker(now)
        self._federation.start_servers()
        self._federation.start_member(self._gateway, "fingerpost", "serve")
        self.run_node(["fingerpost-node", "run", "node.toml"])

    def _age_the_broker(self, now: float) -> None:
        """Let the broker be one that has carried queries before: a new one takes none in its first
        minute, and no agency joins in it.
        """
        folder = self._federation.layout.of(BROKER)
        key = (folder / "audit.secret").read_bytes()
        witness = WitnessFolder(folder / "witness")
        SqlStore.open(folder / "state", key, witness, now - _HOUR).close()

    def run_node(self, words: Sequence[str]) -> None:
        """Start the agency's node, which goes on running."""
        settings, health = str(self.folder / words[-1]), self.folder / "health"
        self._federation.processes.start(
            NODE.value, *words[:2], "--settings", settings, health=health
        )

    def _open_epoch(self) -> None:
        """Open the first epoch with the keys that the parties have left, and start the node and the
        gateway anew: each looks for its pepper at its start, and then in a quarter of a minute.
        """
        processes = self._federation.processes
        self._governance.open_first_epoch(4, processes)
        for member in (NODE, self._gateway):
            processes.stop(member.value)
        self._federation.start_member(self._gateway, "fingerpost", "serve")


def _people(today: date) -> Population:
    """Return the agencies of the scratch federation. The council asks, and has no records: another
    agency's node is named for it, which answers nothing for it.
    """

    def agency(id_: AgencyId, kind: AgencyKind, name: str, offers: Kind) -> Agency:
        own = frozenset({WEXCOMBE.code})
        return Agency(id_, kind, name, NODE, _DESK, (offers,), range(18), own, System.TABLE)

    oak = agency(OAK, AgencyKind.SCHOOL, "Oak Primary School", Kind.EDU_SCHOOL)
    council = agency(COUNCIL, AgencyKind.LOCAL_AUTHORITY, "Wexcombe Council", Kind.CSC_CIN)
    roll = len(_FORENAMES) * len(_SURNAMES)
    return Population(
        today=today,
        areas=AREAS,
        nodes=(Node(NODE, "Oak Primary School"),),
        agencies=(oak, council),
        children=(),
        holdings=(),
        exports=(Export(oak, ((),) * roll, ()), Export(council, (), ())),
        stories=(),
    )


# ---- following it --------------------------------------------------------------------------------


@dataclass(slots=True)
class Followed:
    """What it took. ``by_command``: the seconds of each command of the page, without what others
    did. ``confirmed``: lines of the mapping that were looked at; ``filled``: what was written into
    it; ``typed``: what was typed when it was asked for.
    """

    by_command: list[tuple[str, float]] = field(default_factory=list)
    confirmed: int = 0
    filled: int = 0
    typed: int = 0


class Strayed(Exception):
    """A command of the page did something else than the page says."""


def follow(page: str, scratch: Scratch, call: Call) -> Followed:
    """Do what the page says, until the first lookup and what comes after it there.

    Raises:
        Strayed: a command failed, asked for something else, or did not show what the page says.
    """
    found = Followed()
    for step in read_page(page):
        scratch.before(step)
        started = time.monotonic()
        _take(step, scratch, call, found)
        found.by_command.append((" ".join(step.words[:2]), time.monotonic() - started))
    return found


def _take(step: Step, scratch: Scratch, call: Call, found: Followed) -> None:
    words = [_of_today(word, scratch.today) for word in step.words]
    if words[1] == "run":
        scratch.run_node(words)
        return
    folder = scratch.folder if words[0] == "fingerpost-node" else scratch.council
    answers = [_meant(answer, scratch) for _, answer in step.typed]
    status, shown = call(words, "".join(f"{answer}\n" for answer in answers), folder)
    refused = any(line.startswith("Not imported") for line in step.said)
    if (status == 1) != refused or (status not in FINE and not refused):
        raise Strayed(f"`{' '.join(words)}` ended with {status}:\n{shown}")
    wanted = [*step.said, *(asked for asked, _ in step.typed if words[1] != "sign-in")]
    if missing := lines_missing([_of_today(line, scratch.today) for line in wanted], shown):
        raise Strayed(f"`{' '.join(words)}` did not show {missing}:\n{shown}")
    found.typed += sum(bool(answer) for answer in answers)
    if step.file:
        path = folder / f"{words[-1]}.toml"
        proposed = tomllib.loads(path.read_text())
        confirmed = tomllib.loads(step.file)
        found.confirmed += len(proposed.pop("confirm", ()))
        found.filled += _filled(proposed, confirmed)
        path.write_text(step.file)


def _filled(proposed: Mapping[str, object], confirmed: Mapping[str, object]) -> int:
    """Return how many values a person filled in.

    Raises:
        Strayed: the page's mapping says other things than the proposal, beyond what that left open.
    """
    if proposed.keys() | {"dates"} != confirmed.keys():
        raise Strayed(f"the mapping has {sorted(confirmed)}, and the proposal {sorted(proposed)}")
    filled = len(confirmed.keys() - proposed.keys())
    for name, value in proposed.items():
        theirs = confirmed[name]
        if not (isinstance(value, dict) and isinstance(theirs, dict)):
            value, theirs = {name: value}, {name: theirs}
        changed = {key for key in value if value[key] and value[key] != theirs.get(key)}
        if changed or value.keys() != theirs.keys():
            raise Strayed(f"the mapping differs from the proposal in {name}: {changed}")
        filled += sum(not value[key] and bool(theirs[key]) for key in value)
    return filled


def _of_today(text: str, today: date) -> str:
    text = text.replace(EXAMPLE_DAY, today.isoformat())
    return text.replace(EXAMPLE_FEDERATION, members.FEDERATION.value)


def _meant(answer: str, scratch: Scratch) -> str:
    if answer == SAID_CODE:
        return pyotp.TOTP(scratch.secret).now()
    return PASSWORD if answer == SAID_PASSWORD else answer


@contextlib.contextmanager
def scratch_federation() -> Iterator[Scratch]:
    """Give a scratch federation, and leave nothing of it behind."""
    with (
        tempfile.TemporaryDirectory(prefix="fp-", ignore_cleanup_errors=True) as root,
        Processes(Path(root, "logs")) as processes,
    ):
        yield Scratch(Path(root), processes)


def main() -> int:
    with scratch_federation() as scratch:
        found = follow(PAGE.read_text("utf-8"), scratch, in_a_process)
    for command, seconds in found.by_command:
        print(f"{seconds:6.1f} s  {command}")
    print(f"{scratch.waited:6.1f} s  the federation's own part")
    answers = found.confirmed + found.filled + found.typed
    minutes = sum(seconds for _, seconds in found.by_command) / 60
    print(
        f"From an export never seen to a first lookup: {minutes:.1f} minutes of machine "
        f"time, {answers} answers ({found.confirmed} lines of the mapping confirmed, "
        f"{found.filled} of its values filled in, {found.typed} typed)."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
