"""The facts that a purpose takes, from options or from questions on the terminal.

They are settled before the child is named, so that nobody types a name for a lookup that would be
refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

import typer

from fingerpost.private.plain_text import require_account
from fingerpost.private.purpose_rules import (
    REASONS,
    Facts,
    Informed,
    Justification,
    PurposeRule,
    ReportedBy,
    StrategyDiscussion,
    lacking,
)
from fingerpost.protocol.codes import Purpose
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.table_of_terms import TERMS
from fingerpost.protocol.terms import Terms, row
from practitioner.cli.parsing import read_day
from practitioner.sign_in.rules import Session

NOT_YET: Final = "not-yet"
LONDON: Final = ZoneInfo("Europe/London")
"""The clock on the wall where a time of arrival is read."""


@dataclass(frozen=True, slots=True)
class _Stated:
    """One fact: the field of ``Facts``, what to ask on the terminal, and how to read the answer.
    ``read`` takes the text, the purpose and now; it raises ``ValueError``."""

    field: str
    question: str
    read: Callable[[str, Purpose, float], Any]
    choices: Callable[[Purpose], tuple[IntEnum, ...]] = lambda _: ()


def _choice(choices: Callable[[Purpose], tuple[IntEnum, ...]]) -> Callable[..., IntEnum]:
    def read(text: str, purpose: Purpose, _: float) -> IntEnum:
        wanted = text.strip().upper().replace("-", "_")
        for number, each in enumerate(choices(purpose), 1):
            if wanted in (each.name, str(number)):
                return each
        raise ValueError

    return read


def _reasons(purpose: Purpose) -> tuple[IntEnum, ...]:
    return tuple(sorted(REASONS.get(purpose, ())))


def _informed(_: Purpose) -> tuple[IntEnum, ...]:
    return tuple(Informed)


def _reporters(_: Purpose) -> tuple[IntEnum, ...]:
    return tuple(ReportedBy)


def _discussion(text: str, _: Purpose, now: float) -> StrategyDiscussion:
    """Read the day on which it was held, or NOT_YET, alone or with a colon and the day since when
    it is awaited."""
    stated, *rest = text.split(":", 1)
    if stated != NOT_YET:
        return StrategyDiscussion(held_on=read_day(text))
    today = datetime.fromtimestamp(now, UTC).astimezone(LONDON).date()
    return StrategyDiscussion(awaited_since=read_day(rest[0]) if rest else today)


def _arrival(text: str, _: Purpose, now: float) -> int:
    """Read HH:MM, of the last 24 hours, or a date and time as RFC 3339 writes them."""
    here = datetime.fromtimestamp(now, UTC).astimezone(LONDON)
    found = re.fullmatch(r"(\d{1,2})[:.](\d{2})", text)
    if found:
        at = here.replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0)
        return int((at if at <= here else at - timedelta(days=1)).timestamp())
    stated = datetime.fromisoformat(text)
    return int((stated if stated.tzinfo else stated.replace(tzinfo=LONDON)).timestamp())


def _hours(text: str, _: Purpose, now: float) -> int:
    return int(now) + int(text) * 3600


def _yes(text: str, _: Purpose, __: float) -> bool:
    if text.strip().lower() not in ("y", "yes"):
        raise ValueError
    return True


def _account(text: str, _: Purpose, __: float) -> str:
    require_account(text, "reviewer")
    return text


def _day(text: str, _: Purpose, __: float) -> Any:
    return read_day(text)


STATED: Final[Mapping[PurposeRule, _Stated]] = MappingProxyType(
    {
        PurposeRule.GROUND: _Stated("reason", "Why do you ask?", _choice(_reasons), _reasons),
        PurposeRule.INFORMED: _Stated(
            "informed",
            "Do the family or the child know that you ask? If not, why is that not safe?",
            _choice(_informed),
            _informed,
        ),
        PurposeRule.AGREED: _Stated(
            "agreed_on", "On which day did the parent or young person agree? (DD/MM/YYYY)", _day
        ),
        PurposeRule.STRATEGY_DISCUSSION: _Stated(
            "strategy_discussion",
            "Day of the strategy discussion "
            f"(DD/MM/YYYY, or {NOT_YET}:DD/MM/YYYY with the day since when it is awaited)",
            _discussion,
        ),
        PurposeRule.ARRIVAL: _Stated(
            "arrived_at",
            "Time of arrival (HH:MM; leave empty to give the NHS number instead)",
            _arrival,
        ),
        PurposeRule.REPORTED: _Stated(
            "reported_by", "Who reported the child missing?", _choice(_reporters), _reporters
        ),
        PurposeRule.CHECKED: _Stated(
            "checked",
            "Did you check your records for domestic abuse and refuge? (yes)",
            _yes,
        ),
        PurposeRule.NOTIFIED: _Stated(
            "notified_on", "On which day was the death notified? (DD/MM/YYYY)", _day
        ),
        PurposeRule.TIME_BOX: _Stated("ends_at", "How many hours to search? (at most 72)", _hours),
        PurposeRule.REVIEWER: _Stated(
            "reviewer",
            "Account of the manager who reviews this lookup by the end of the next working day",
            _account,
        ),
    }
)
"""REFERENCE and APPROVER are options of their own."""


def option(field: str) -> str:
    """Return a fact's name as ``--fact`` takes it."""
    return "hours" if field == "ends_at" else field.replace("_", "-")


def terms_of(purpose: Purpose, session: Session) -> Terms:
    """Return the widest terms of this release, before the federation's own are at hand.

    Raises:
        Refused: NOT_ALLOWED, this role may not ask for this purpose.
    """
    found = row(TERMS, purpose, session.role)
    if found is None:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.ROLE_OF_PURPOSE)
    return found


def read_facts(texts: list[str], purpose: Purpose, now: float) -> Facts:
    """Read what ``--fact`` gave, each as NAME=VALUE.

    Raises:
        Defect: a name that is not known, or a value that is not understood.
    """
    known = {option(each.field): each for each in STATED.values()}
    found: dict[str, Any] = {}
    for text in texts:
        name, _, value = text.partition("=")
        if name not in known:
            raise Defect(f"--fact: one of {', '.join(known)}, as NAME=VALUE")
        fact = known[name]
        try:
            found[fact.field] = fact.read(value, purpose, now)
        except (ValueError, Refused):
            choices = ", ".join(each.name for each in fact.choices(purpose))
            raise Defect(
                f"--fact {name}: {f'one of {choices}' if choices else fact.question}"
            ) from None
    return Facts(**found)


def settle(justification: Justification, terms: Terms, now: float, *, ask: bool) -> Justification:
    """Return the justification with all that its purpose takes.

    Args:
        justification: what was given as options.
        terms: of the purpose for this role.
        now: in seconds since 1970 UTC.
        ask: whether to ask on the terminal for what is missing.

    Raises:
        Refused: NOT_ALLOWED, the first fact that is missing. The time of arrival may be missing:
            an NHS number can stand for it.
    """
    if ask:
        for rule in lacking(justification, terms, int(now)):
            justification = _asked(justification, rule, now)
    missing = [r for r in lacking(justification, terms, int(now)) if r is not PurposeRule.ARRIVAL]
    if missing:
        raise Refused(Code.NOT_ALLOWED, missing[0])
    return justification


def _asked(justification: Justification, rule: PurposeRule, now: float) -> Justification:
    if rule is PurposeRule.REFERENCE:
        return replace(
            justification, reason_reference=_prompt("Reference of your case or referral")
        )
    if rule is PurposeRule.APPROVER:
        return replace(justification, approver=_prompt("Account of the second person who approved"))
    fact, purpose = STATED[rule], justification.purpose
    for number, choice in enumerate(fact.choices(purpose), 1):
        typer.echo(f"  {number}  {choice.name.replace('_', ' ').lower()}", err=True)
    while answer := _prompt(fact.question):
        try:
            value = fact.read(answer, purpose, now)
        except (ValueError, Refused):
            typer.echo("This was not understood. Try again.", err=True)
        else:
            return replace(justification, facts=replace(justification.facts, **{fact.field: value}))
    return justification


def _prompt(text: str) -> str:
    answer: str = typer.prompt(text, default="", show_default=False, err=True)
    return answer.strip()
