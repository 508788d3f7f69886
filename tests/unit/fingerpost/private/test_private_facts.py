"""Facts as an officer of the agency that was asked reads them: all that can be stated is shown."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given

from fingerpost.private.justification import (
    AGREEING,
    REASONS,
    AgreedBy,
    Choice,
    Engagement,
    Facts,
    Informed,
    Origin,
    Reason,
    ReportedBy,
    StrategyDiscussion,
)
from fingerpost.protocol.ids import AgencyId
from unit.fingerpost.private.private_strategies import facts

NOON = 1_795_435_200  # 23 November 2026
DAY = date(2026, 11, 2)


@given(facts)
def test_whatever_is_stated_is_shown_a_line_a_fact(stated: Facts) -> None:
    """Attack: a fact that cannot be shown hides the record of the lookup."""
    names = Facts.__dataclass_fields__
    count = sum(getattr(stated, name) != getattr(Facts(), name) for name in names)
    lines = stated.shown()
    assert len(lines) == count
    assert all(line.isascii() and line.isprintable() for line in lines)
    assert len({line.partition(":")[0] for line in lines}) == count


@pytest.mark.parametrize(
    ("stated", "line"),
    [
        ({"reason": Reason.SAID_BY_CHILD}, "ground: the child said something"),
        ({"informed": Informed.NOT_SAFE_FOR_CHILD}, "informed: no: that is not safe for the child"),
        (
            {"engagement": Engagement.REFERRED},
            "the asking agency: the child was referred to it",
        ),
        (
            {"agreed_by": AgreedBy.YOUNG_PERSON},
            "agreed by: the young person, who is competent to decide",
        ),
        ({"agreed_on": DAY}, "agreed on: 2026-11-02"),
        ({"requested_by": AgencyId("e08000025.council")}, "requested by: e08000025.council"),
        ({"lead_since": DAY}, "lead practitioner since: 2026-11-02"),
        ({"strategy_discussion": StrategyDiscussion(DAY)}, "strategy discussion: 2026-11-02"),
        (
            {"strategy_discussion": StrategyDiscussion(awaited_since=DAY)},
            "strategy discussion awaited since: 2026-11-02",
        ),
        ({"arrived_at": NOON}, "arrived: 2026-11-23 12:00 UTC"),
        ({"arrived_at": 253_402_300_799}, "arrived: 9999-12-31 23:59 UTC"),
        ({"reported_by": ReportedBy.HOME}, "reported by: a children's home or a foster carer"),
        ({"checked": True}, "records checked: yes"),
        ({"notified_on": DAY}, "death notified on: 2026-11-02"),
        ({"joined_on": DAY}, "in own records since: 2026-11-02"),
        ({"origin": Origin.SCHOOL}, "came from: the last school is known"),
        ({"not_hiding": True}, "nothing points to a family that hides: yes"),
        ({"missing_since": NOON}, "missing since: 2026-11-23 12:00 UTC"),
        ({"renewed_at": NOON}, "search renewed: 2026-11-23 12:00 UTC"),
        ({"renewed_by": "b.moss"}, "search renewed by: b.moss"),
        ({"nobody_nearer": True}, "nobody nearer knows the child: yes"),
        ({"reviewer": "m.hale"}, "to be reviewed by: m.hale"),
        ({"call_back": AgencyId("e08000025.council")}, "to be rung back at: e08000025.council"),
    ],
)
def test_the_line_of_each_fact(stated: dict[str, Any], line: str) -> None:
    assert Facts(**stated).shown() == (line,)


def test_nothing_stated_shows_nothing() -> None:
    assert Facts().shown() == ()


@pytest.mark.parametrize("reason", [None, *Reason])
def test_one_ground_alone_is_significant_harm(reason: Reason | None) -> None:
    stated = Facts(reason=reason)
    assert stated.significant_harm is (reason is Reason.LIKELY_SIGNIFICANT_HARM)


def test_every_ground_belongs_to_one_purpose() -> None:
    listed = [reason for reasons in REASONS.values() for reason in reasons]
    assert sorted(listed) == sorted(Reason)


def test_whoever_agrees_agrees_for_one_purpose() -> None:
    listed = [agreed_by for agreeing in AGREEING.values() for agreed_by in agreeing]
    assert sorted(listed) == sorted(AgreedBy)


@pytest.mark.parametrize("choices", [Reason, Engagement, Informed, AgreedBy, Origin, ReportedBy])
def test_every_closed_value_has_words_of_its_own(choices: type[Choice]) -> None:
    words = [choice.words for choice in choices]
    assert len(set(words)) == len(words)
    assert all(each.isascii() and each[0].islower() and not each.endswith(".") for each in words)
