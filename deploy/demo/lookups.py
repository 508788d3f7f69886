"""The practitioners of the demonstration: they sign in, ask, and read; each outcome is held against
the truth.

Only the command line is used, as a practitioner would. What is compared comes from the same lookup
as JSON; what it must be comes from the population, never from the matcher.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pyotp
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from deploy.demo.federation import Federation
from deploy.demo.members import gateway_of
from deploy.demo.patience import Patience
from deploy.demo.people.stories import Story
from deploy.demo.processes import BIN, Died, run
from fingerpost.private.demographics import Demographics, written_birth
from fingerpost.protocol.codes import Purpose, Role
from fingerpost.protocol.errors import Rule
from fingerpost.protocol.ids import AgencyId
from practitioner.present.refusals import BY_RULE

REFUSED: Final = 4
ANSWER_SECONDS: Final = 90.0
"""Without one agency more that answers: longer than the first minute of a broker."""
ASKED_AGAIN: Final = 5
SIGN_INS: Final = 3
"""A one-time code is good for half a minute, which a loaded machine may need to read it."""
ABBREVIATIONS: Final = frozenset(
    {"CAMHS", "DSL", "ED", "EDT", "GP", "MASH", "PVP", "VCS", "YJS"}
)  # of the names of roles
NAMES: Final = ("Robin Ashe", "Sam Okafor", "Priya Menon", "Alex Dunne", "Jo Lindqvist")


def add_account(settings: str, account: str, password: str, name: str, role: Role) -> str:
    """Make an account, and return its one-time secret. Raises ``Died``, ``Stuck``."""
    until = (datetime.now(UTC) + timedelta(days=365)).date().isoformat()
    added = run(
        "fingerpost",
        *("account", "add", "--settings", settings, "--account", account),
        *("--name", name, "--role", role.name, "--training-until", until),
        *("--vetting-until", until, "--password-stdin", "--json"),
        stdin=password + "\n",
    )
    if added.returncode:
        raise Died(f"an account could not be made: {added.stdout}{added.stderr}")
    return str(json.loads(added.stdout)["secret"])


class Practitioners:
    """One account for each asking agency and role."""

    def __init__(self, federation: Federation) -> None:
        self.federation = federation
        self._sessions: dict[tuple[AgencyId, Role], Path] = {}
        self.logins: list[tuple[str, str, str, str, Purpose]] = []
        """Agency, account, password, one-time secret, and a purpose that the role may ask for."""

    def sign_in(self) -> None:
        """Make an account for each and sign it in. Raises ``Died``, ``Stuck``."""
        wanted: dict[tuple[AgencyId, Role], Purpose] = {}
        for story in self.federation.people.stories:
            if story.refused is None:
                wanted.setdefault((story.requester, story.role), story.purpose)
        for number, ((requester, role), purpose) in enumerate(sorted(wanted.items())):
            settings = self._settings(requester)
            account = f"{role.name.lower().replace('_', '-')}-1"
            password = secrets.token_urlsafe(12)
            secret = add_account(settings, account, password, NAMES[number % len(NAMES)], role)
            session = Path(settings).with_name(f"session-{number}")
            self._sign_in(settings, account, session, password, secret)
            self._sessions[(requester, role)] = session
            self.logins.append((str(requester), account, password, secret, purpose))

    def _sign_in(
        self, settings: str, account: str, session: Path, password: str, secret: str
    ) -> None:
        for left in reversed(range(SIGN_INS)):
            done = run(
                "fingerpost",
                *("sign-in", "--settings", settings, "--account", account),
                *("--session", str(session), "--password-stdin"),
                stdin=f"{password}\n{pyotp.TOTP(secret).now()}\n",
            )
            if done.returncode == 0:
                return
            if not left:
                raise Died(f"a sign-in failed: {done.stdout}{done.stderr}")

    def _settings(self, requester: AgencyId) -> str:
        return self.federation.settings_of(gateway_of(requester))

    def ask(self, story: Story) -> subprocess.CompletedProcess[str]:
        return run(
            "fingerpost",
            *("lookup", "--settings", self._settings(story.requester)),
            *("--session", str(self._sessions[(story.requester, story.role)])),
            *("--purpose", story.purpose.name, "--reach", story.reach.name),
            *(("--reference", story.reference) if story.reference else ()),
            *(part for fact in story.facts for part in ("--fact", fact)),
            *("--child", "-", "--json"),
            stdin=_child(story.asked),
        )

    def show(self, story: Story, operation: str, *, coloured: bool, width: int) -> str:
        """Return the outcome as the practitioner sees it."""
        environment = {**os.environ, "COLUMNS": str(width)}
        if coloured:
            environment["FORCE_COLOR"] = "1"
        done = run(
            "fingerpost",
            *("outcome", "show", operation, "--settings", self._settings(story.requester)),
            *("--session", str(self._sessions[(story.requester, story.role)])),
            environment=environment,
        )
        return done.stdout + done.stderr

    def wait_until_all_answer(self) -> None:
        """Ask until everybody answers. Raises ``Died``, ``Stuck``.

        A new broker takes no query in its first minute, and a node needs a moment for its index.
        """
        story = next(s for s in self.federation.people.stories if not (s.refused or s.stop))
        patience = Patience("every agency to answer", ANSWER_SECONDS)
        while (done := self.ask(story)).returncode:
            outcome = _outcome(done)
            self.federation.processes.pause(
                patience,
                f"{len(_gaps(outcome))} do not" if outcome else done.stderr.strip(),
                seconds=2.0,
            )

    def explain(self, console: Console) -> None:
        """Print how to ask by hand, for as long as it runs.

        Commands are never broken: they are to be copied.
        """
        console.print(
            "\n[bold]Ask by hand[/], in another terminal in this folder, about a child above:"
        )
        program, python = (Path(os.path.relpath(BIN / name)) for name in ("fingerpost", "python"))
        for requester, account, password, secret, purpose in self.logins:
            code = f"{python} -c 'import pyotp; print(pyotp.TOTP(\"{secret}\").now())'"
            for line in (
                f"  {requester}: account {account}, password {password}; "
                "its one-time code, by the second command:",
                f"    export FINGERPOST_SETTINGS={self._settings(AgencyId(requester))}",
                f"    {code}",
                f"    {program} sign-in --account {account}",
                f"    {program} lookup --purpose {purpose.name}",
            ):
                console.print(Text(line), soft_wrap=True)


def perform(console: Console, practitioners: Practitioners, story: Story) -> bool:
    """Print one story: the question, the answer as it is read, and whether it is what it must be.

    Raises ``Died``, ``Stuck``.
    """
    console.print()
    console.print(Panel(Text(_heading(story)), title=story.title, title_align="left"))
    if story.stop is not None:
        practitioners.federation.processes.stop(story.stop.value)
        console.print(f"\\[demo] The node {story.stop} has just been stopped.\n", style="dim")
    down = frozenset(
        str(a.id) for a in practitioners.federation.people.agencies if a.node == story.stop
    )
    done = _ask_until_nobody_is_late(console, practitioners, story, down)
    outcome = _outcome(done)
    if story.refused is not None:
        console.print(Text(done.stderr.strip() or done.stdout.strip()))
        wrong = [] if is_refusal(done, story.refused) else [f"exit status {done.returncode}"]
    elif outcome is None:
        console.print(Text(done.stdout + done.stderr))
        wrong = ["there was no outcome"]
    else:
        width = min(console.width, 110)
        shown = practitioners.show(
            story, outcome["operation"], coloured=console.is_terminal, width=width
        )
        console.print(Text.from_ansi(shown))
        wrong = differences(story, outcome, down)
    by = "outcome, by the invented data behind it"
    if wrong:
        console.print(Text(f"[demo] This is a WRONG {by}: {'; '.join(wrong)}", style="bold red"))
    else:
        console.print(Text(f"[demo] This is the right {by}.", style="green"))
    return not wrong


def is_refusal(done: subprocess.CompletedProcess[str], why: Rule) -> bool:
    """Return whether the lookup was refused, for this reason, and printed no outcome."""
    return done.returncode == REFUSED and not done.stdout.strip() and BY_RULE[why] in done.stderr


def _ask_until_nobody_is_late(
    console: Console, practitioners: Practitioners, story: Story, down: frozenset[str]
) -> subprocess.CompletedProcess[str]:
    """Ask, and ask again, at most ``ASKED_AGAIN`` times, where a loaded machine was too late.

    Only where nothing else is wrong: after an answer that is not the expected one, nobody asks
    again.
    """
    for _ in range(ASKED_AGAIN):
        done = practitioners.ask(story)
        outcome = _outcome(done)
        if outcome is not None:
            late = late_agencies(story, outcome, down)
            if not late:
                return done
            what = f"{len(late)} agencies did not answer in time: {', '.join(sorted(late))}"
        elif story.refused is None and done.returncode == REFUSED:
            what = done.stderr.strip()
        else:
            return done
        remark = f"[demo] {what}\n[demo] This machine is busy. The lookup is made again."
        console.print(Text(remark, style="yellow"))
    return practitioners.ask(story)


def late_agencies(story: Story, outcome: dict[str, Any], down: frozenset[str]) -> frozenset[str]:
    """Return the gaps that nothing in the story explains, if they are all that is not as it must
    be.
    """
    late = _gaps(outcome) - down
    involved = frozenset(a for a in story.involved if str(a) not in late)
    rest = differences(replace(story, involved=involved), outcome, down | late)
    return frozenset() if rest else late


def _outcome(done: subprocess.CompletedProcess[str]) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except json.JSONDecodeError:
        return None
    return found


def _gaps(outcome: dict[str, Any]) -> frozenset[str]:
    return frozenset(
        agency["id"]
        for agency in outcome["agencies"]
        if agency["status"] in ("NO_REPLY", "TRY_AGAIN")
    )


def differences(story: Story, outcome: dict[str, Any], may_be_gaps: frozenset[str]) -> list[str]:
    """Return what is not as it must be; empty when all is."""
    status = {agency["id"]: agency["status"] for agency in outcome["agencies"]}
    wrong = [
        f"{a} did not show" for a in sorted(map(str, story.involved)) if status.get(a) != "INVOLVED"
    ]
    wrong += [
        f"{a}: {status.get(a)}"
        for a in sorted(map(str, story.silent))
        if a not in may_be_gaps and status.get(a) != "NOTHING_TO_DISCLOSE"
    ]
    kinds = {each["id"]: {p["kind"] for p in each["pointers"]} for each in outcome["agencies"]}
    wrong += [f"{a} named its service" for a in sorted(map(str, story.coarse)) if any(kinds[a])]
    wrong += [
        f"{a} did not name its service"
        for a in sorted(map(str, story.exact))
        if status.get(a) == "INVOLVED" and not any(kinds[a])
    ]
    wrong += [f"{a} was asked" for a in sorted(map(str, story.beyond)) if a in status]
    wrong += [
        f"{a} is no named gap" for a in sorted(map(str, story.gaps)) if status.get(a) != "NO_REPLY"
    ]
    wrong += [
        f"{a}: {said}"
        for a, said in sorted(status.items())
        if a not in may_be_gaps and said not in ("INVOLVED", "NOTHING_TO_DISCLOSE")
    ]
    if outcome["complete"] != (not may_be_gaps):
        wrong.append("completeness is misstated")
    if not outcome["not_connected"]:
        wrong.append("agencies that are not connected are not named")
    if outcome["rejected_answers"]:
        wrong.append("an answer did not verify")
    return wrong


def _heading(story: Story) -> str:
    """The question, with the invented child in it: nowhere but in a demonstration would it be
    printed.
    """
    who = story.asked
    facts = [f"{who.forename} {who.surname}".strip()]
    facts += [f"also {other.forename} {other.surname}".strip() for other in who.other_names]
    facts += [f"born {who.dob:%d %B %Y}"] if who.dob else []
    facts += [who.postcode] if who.postcode else []
    facts += ["with NHS number"] if who.health_number else []
    return (
        f"{', '.join(facts)}\n"
        f"asked by {role_words(story.role)} of {story.requester}; purpose {story.purpose.name}; "
        f"reach {story.reach.name}\n"
        f"stated: {', '.join(filter(None, (story.reference, *story.facts)))}"
    )


def role_words(role: Role) -> str:
    """Return a role as people write it: ``ED clinician``."""
    return " ".join(
        part if part in ABBREVIATIONS else part.lower() for part in role.name.split("_")
    )


def _child(who: Demographics) -> str:
    fields = asdict(who) | {"dob": written_birth(who.dob), "sex": who.sex and who.sex.name}
    return json.dumps(fields)
