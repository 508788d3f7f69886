"""The facts that a purpose takes, from options or from questions on the terminal.

They are settled before the child is named, so that nobody types a name for a lookup that would be
refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from types import MappingProxyType
from typing import Any, Final

import typer

from fingerpost.private.justification import (
    AGREEING,
    REASONS,
    Choice,
    Engagement,
    Facts,
    Informed,
    Justification,
    Origin,
    ReportedBy,
    StrategyDiscussion,
)
from fingerpost.private.plain_text import require_account
from fingerpost.private.purpose_rules import JOINED_DAYS, PurposeRule, lacking
from fingerpost.protocol.codes import Purpose, Reach
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.terms import Terms
from practitioner.asking.typed_dates import LONDON, read_typed_day
from practitioner.cli.parsing import prompt as _prompt
from practitioner.present.refusals import advice

NOT_YET: Final = "not-yet"


@dataclass(frozen=True, slots=True)
class _Stated:
    """One fact: the field of ``Facts``, what to ask on the terminal, and how to read the answer.
    ``read`` takes the text, the purpose and now; it raises ``ValueError``."""

    field: str
    question: str
    read: Callable[[str, Purpose, float], Any]
    choices: Callable[[Purpose], tuple[Choice, ...]] = lambda _: ()


def _choice(choices: Callable[[Purpose], tuple[Choice, ...]]) -> Callable[..., Choice]:
    def read(text: str, purpose: Purpose, _: float) -> Choice:
        wanted = text.strip().upper().replace("-", "_")
        for number, each in enumerate(choices(purpose), 1):
            if wanted in (each.name, str(number)):
                return each
        raise ValueError

    return read


def _reasons(purpose: Purpose) -> tuple[Choice, ...]:
    return tuple(sorted(REASONS.get(purpose, ())))


def _agreeing(purpose: Purpose) -> tuple[Choice, ...]:
    return tuple(sorted(AGREEING.get(purpose, ())))


def _any_of(choices: type[Choice]) -> Callable[[Purpose], tuple[Choice, ...]]:
    return lambda _: tuple(choices)


def _discussion(text: str, _: Purpose, now: float) -> StrategyDiscussion:
    """Read the day on which it was held, or NOT_YET, alone or with a colon and the day since when
    it is awaited."""
    stated, *rest = text.split(":", 1)
    if stated != NOT_YET:
        return StrategyDiscussion(held_on=_read_day(text, now))
    return StrategyDiscussion(awaited_since=_read_day(rest[0], now) if rest else _today(now))


def _today(now: float) -> date:
    return datetime.fromtimestamp(now, UTC).astimezone(LONDON).date()


def _read_day(text: str, now: float) -> date:
    """Raises ``ValueError``: it is no day, or could be another."""
    day, doubtful = read_typed_day(text, _today(now))
    if doubtful:
        raise ValueError
    return day


def _moment(text: str, _: Purpose, now: float) -> int:
    """Read HH:MM, of the last 24 hours, or DD/MM/YYYY HH:MM, or a date and time as RFC 3339 writes
    them."""
    here = datetime.fromtimestamp(now, UTC).astimezone(LONDON)
    found = re.fullmatch(r"(\d{1,2})[:.](\d{2})", text)
    if found:
        at = here.replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0)
        return int((at if at <= here else at - timedelta(days=1)).timestamp())
    typed = re.fullmatch(r"(\S.*) (\d{1,2})[:.](\d{2})", text)
    stated = (
        datetime.combine(_read_day(typed[1], now), clock(int(typed[2]), int(typed[3])))
        if typed
        else datetime.fromisoformat(text)
    )
    return int((stated if stated.tzinfo else stated.replace(tzinfo=LONDON)).timestamp())


def _yes(text: str, _: Purpose, __: float) -> bool:
    said = text.strip().lower()
    if said not in ("y", "yes", "n", "no"):
        raise ValueError
    return said.startswith("y")


def _account(text: str, _: Purpose, __: float) -> str:
    require_account(text, "account")
    return text


def _agency(text: str, _: Purpose, __: float) -> AgencyId:
    return AgencyId(text)


def _day(text: str, _: Purpose, now: float) -> date:
    return _read_day(text, now)


def _chosen(field: str, question: str, choices: Callable[[Purpose], tuple[Choice, ...]]) -> _Stated:
    return _Stated(field, question, _choice(choices), choices)


STATED: Final[Mapping[PurposeRule, _Stated]] = MappingProxyType(
    {
        PurposeRule.REQUESTED: _Stated(
            "requested_by",
            "Which council asked you to do this? (its id, for example e08000025.council)",
            _agency,
        ),
        PurposeRule.LEAD: _Stated(
            "lead_since",
            "On which day did a social worker name you lead practitioner? (DD/MM/YYYY)",
            _day,
        ),
        PurposeRule.GROUND: _chosen("reason", "Why do you ask?", _reasons),
        PurposeRule.ENGAGEMENT: _chosen(
            "engagement",
            "What does your agency have to do with the child today?",
            _any_of(Engagement),
        ),
        PurposeRule.INFORMED: _chosen(
            "informed",
            "Do the family or the child know that you ask? If not, why is that not safe?",
            _any_of(Informed),
        ),
        PurposeRule.AGREED_BY: _chosen("agreed_by", "Who agreed that you ask?", _agreeing),
        PurposeRule.AGREED: _Stated("agreed_on", "On which day did they agree? (DD/MM/YYYY)", _day),
        PurposeRule.STRATEGY_DISCUSSION: _Stated(
            "strategy_discussion",
            "On which day was the strategy discussion? "
            f"(DD/MM/YYYY, or {NOT_YET}:DD/MM/YYYY with the day since when you wait for it)",
            _discussion,
        ),
        PurposeRule.ARRIVAL: _Stated(
            "arrived_at",
            "When did the child arrive? (HH:MM; leave it empty to give the NHS number instead)",
            _moment,
        ),
        PurposeRule.JOINED: _Stated(
            "joined_on",
            "On which day did the child come into your records? "
            f"(DD/MM/YYYY, at most {JOINED_DAYS} days ago)",
            _day,
        ),
        PurposeRule.ORIGIN: _chosen(
            "origin", "How do you know where the child came from?", _any_of(Origin)
        ),
        PurposeRule.HIDING: _Stated(
            "not_hiding",
            "Everybody who knew the child may see that you ask. If the family might be hiding from "
            "somebody, or you do not know, stop and ring your council's front door. Are you sure "
            "that nothing points to a family that hides? (yes, no)",
            _yes,
        ),
        PurposeRule.REPORTED: _chosen(
            "reported_by", "Who reported the child missing?", _any_of(ReportedBy)
        ),
        PurposeRule.CHECKED: _Stated(
            "checked",
            "Did you check your records for domestic abuse and refuge? (yes, no)",
            _yes,
        ),
        PurposeRule.MISSING_SINCE: _Stated(
            "missing_since",
            "When did the search begin? (HH:MM, or DD/MM/YYYY HH:MM)",
            _moment,
        ),
        PurposeRule.RENEWED: _Stated(
            "renewed_at",
            "The search is older than 72 hours. When did a manager renew it? "
            "(HH:MM, or DD/MM/YYYY HH:MM)",
            _moment,
        ),
        PurposeRule.RENEWED_BY: _Stated(
            "renewed_by", "What is the account of the manager who renewed it?", _account
        ),
        PurposeRule.NOTIFIED: _Stated(
            "notified_on", "On which day was the death notified? (DD/MM/YYYY)", _day
        ),
        PurposeRule.REVIEWER: _Stated(
            "reviewer",
            "What is the account of the manager who reviews this by the end of the next working "
            "day?",
            _account,
        ),
        PurposeRule.FURTHER: _Stated(
            "nobody_nearer",
            "Did you ask the nearer areas first, and nobody there knows the child? (yes, no)",
            _yes,
        ),
        PurposeRule.CALL_BACK: _Stated(
            "call_back",
            "Which council should agencies ring back? You must be seconded to it. (its id, for "
            "example e08000025.council)",
            _agency,
        ),
    }
)
"""REFERENCE is an option of its own, and APPROVAL is given by another person."""


def option(field: str) -> str:
    """Return a fact's name as ``--fact`` takes it."""
    return field.replace("_", "-")


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


def settle(
    justification: Justification,
    terms: Terms,
    now: float,
    reach: Reach | None = None,
    *,
    ask: bool,
) -> Justification:
    """Return the justification with all that its purpose takes.

    Args:
        justification: what was given as options.
        terms: of the purpose for this role.
        now: in seconds since 1970 UTC.
        reach: how far is to be asked; None for the reach of the terms.
        ask: whether to ask on the terminal for what is missing.

    Raises:
        Refused: NOT_ALLOWED, the first fact that is missing. The time of arrival may be missing:
            an NHS number can stand for it. An approval is missing until a second person gives it.
    """
    later = {PurposeRule.ARRIVAL, PurposeRule.APPROVAL}
    answered = {PurposeRule.APPROVAL}
    missing = lacking(justification, terms, int(now), reach)
    while ask and (due := [rule for rule in missing if rule not in answered]):
        # One answer can make the next question needless, or needed.
        answered.add(due[0])
        justification = _asked(justification, due[0], now)
        missing = lacking(justification, terms, int(now), reach)
        if due[0] in missing and due[0] not in later:
            break  # it will be refused, so nothing more is asked for
    missing = [rule for rule in missing if rule not in later]
    if missing:
        raise Refused(Code.NOT_ALLOWED, missing[0])
    return justification


def _asked(justification: Justification, rule: PurposeRule, now: float) -> Justification:
    if rule is PurposeRule.REFERENCE:
        while reference := _prompt("Reference of your case or referral"):
            try:
                return replace(justification, reason_reference=reference)
            except Refused as refused:
                typer.echo(advice(refused), err=True)
        return justification
    if rule in (PurposeRule.STRATEGY_DISCUSSION_DUE, PurposeRule.STRATEGY_DISCUSSION_AHEAD):
        rule = PurposeRule.STRATEGY_DISCUSSION
    fact, purpose = STATED[rule], justification.purpose
    for number, choice in enumerate(fact.choices(purpose), 1):
        typer.echo(f"  {number}  {choice.words}", err=True)
    while answer := _prompt(fact.question):
        try:
            value = fact.read(answer, purpose, now)
        except (ValueError, Refused):
            typer.echo("This was not understood. Try again.", err=True)
        else:
            return replace(justification, facts=replace(justification.facts, **{fact.field: value}))
    return justification
