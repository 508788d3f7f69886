"""What a practitioner sees: contacts first, gaps by name, and no word that makes silence a "no"."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from fakes.gateway_outcomes import ASKED_AT, DAY, agency, large, outcome, said
from fingerpost.private.linkage import StrengthLevel, Unused
from fingerpost.private.messages import Pointer
from fingerpost.private.purpose_rules import widening_reasons
from fingerpost.protocol.codes import (
    WIDENING_WORDS,
    AgencyKind,
    Cannot,
    CoarseKind,
    InvolvementStatus,
    Purpose,
    Quality,
    Reach,
    Status,
    WideningReason,
)
from fingerpost.protocol.federation import NotConnected
from fingerpost.protocol.table_of_terms import UNTOLD
from practitioner.asking.document import document
from practitioner.asking.outcome import (
    AgencyOutcome,
    NotAsked,
    Outcome,
    OwnRecord,
    ServiceCount,
    Widened,
)
from practitioner.asking.second_persons import REVIEWED
from practitioner.present import words
from practitioner.present.terminal import render
from practitioner.present.words import NOT_COUNTED
from unit.practitioner.outcome_strategies import HOSTILE, outcomes

LONDON = ZoneInfo("Europe/London")
NIGHT = datetime(2026, 11, 23, 2, 13, tzinfo=LONDON)  # a Monday
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=LONDON)
MISLEADING = (
    "unknown",
    "no involvement",
    "not involved",
    "not known",
    "no record",
    "nothing known",
    "no trace",
    "not found",
    "clear",
)


def shown(found: Outcome, at: datetime = NOON, *, width: int = 80, everything: bool = False) -> str:
    console = Console(width=width, file=io.StringIO(), highlight=False, color_system=None)
    console.print(render(document(found, ASKED_AT + 7 * DAY), at, everything=everything))
    written = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in written.splitlines())


def words_of(text: str) -> str:
    return re.sub(r"\s+", " ", text).lower()


@given(
    found=outcomes(),
    at=st.datetimes(
        datetime(2026, 1, 1),  # noqa: DTZ001 - given its zone below
        datetime(2027, 1, 1),  # noqa: DTZ001
        timezones=st.just(LONDON),
    ),
    everything=st.booleans(),
)
def test_silence_is_never_made_a_no(found: Outcome, at: datetime, everything: bool) -> None:
    text = words_of(shown(found, at, everything=everything))
    for word in MISLEADING:
        assert word not in text
    gaps = [each for each in found.agencies if document_status(each.status)]
    assert ("did not answer (" in text) is bool(gaps)
    if gaps:
        asked = sum(each.status is not Status.NOT_ASKED for each in found.agencies)
        assert f"did not answer ({len(gaps)} of {asked} asked)" in text
        assert "did not answer. we do not know whether" in text


def document_status(status: Status) -> bool:
    return status in (Status.NO_REPLY, Status.TRY_AGAIN, Status.CANNOT_ANSWER)


@given(found=outcomes(names=HOSTILE), everything=st.booleans())
def test_what_others_wrote_neither_steers_nor_paints(found: Outcome, everything: bool) -> None:
    console = Console(width=80, file=io.StringIO(), highlight=False, force_terminal=True)
    console.print(render(document(found, ASKED_AT), NOON, everything=everything))
    raw = console.file.getvalue()  # type: ignore[attr-defined]
    plain = re.sub(r"\x1b\[[0-9;]*m", "", raw)
    assert "\x1b" not in plain
    for c in "\x07\r\u202e\u200f\u2028\t":
        assert c not in plain


def test_markup_is_shown_as_it_was_written() -> None:
    named = agency("x", AgencyKind.SCHOOL)
    found = outcome([said(replace(named, name="[red]Fake[/red] [link=x]"), Status.NO_REPLY)])
    assert "[red]Fake[/red] [link=x]: no reply came" in shown(found)


@given(found=outcomes(), width=st.sampled_from([60, 80, 120, 200]))
def test_every_contact_is_shown_with_its_number(found: Outcome, width: int) -> None:
    text = words_of(shown(found, width=width))
    for each in found.agencies:
        for pointer in each.pointers:
            number = pointer.desk_phone or each.agency.duty_desk or pointer.out_of_hours_phone
            assert number in text or pointer.out_of_hours_phone in text
            if pointer.worker_name:
                assert pointer.worker_name.lower() in text


@given(found=outcomes(), width=st.sampled_from([60, 80, 120]))
def test_no_line_is_wider_than_the_screen(found: Outcome, width: int) -> None:
    for line in shown(found, width=width, everything=True).splitlines():
        assert len(line) <= width


def test_whom_to_ring_comes_first_then_the_rest_in_order() -> None:
    text = shown(large(gaps=4), NIGHT)
    heads = [
        "Ring now (Monday 02:13)",
        "Ring when they open",
        "DID NOT ANSWER (4 of 45 asked)",
        "Somebody may be tampering",
        "Not connected, so not asked (31)",
        "Answered and have nothing to tell you (36)",
        "Services that children of this age have",
        "Poor odds",
        "Lookup 5f0c9a3e71d2b846. Shown again until 30 November 2026",
    ]
    places = [text.index(head) for head in heads]
    assert places == sorted(places)
    assert text.strip().startswith("Ring now")


def test_at_night_the_out_of_hours_desk_comes_first_and_closed_desks_apart() -> None:
    now, later = shown(large(gaps=4), NIGHT).split("Ring when they open")
    numbers = re.findall(r"^  (020 [0-9 ]{9})", now, re.MULTILINE)
    assert numbers == ["020 7946 0801", "020 7946 0121", "020 7946 0300", "020 7946 0131"]
    assert "by day 020 7946 0101 (Mon–Fri 09:00–17:00)" in now
    assert "closed now; Mon–Fri" in later
    assert "Catherine Abernathy-Woods" in later


def test_by_day_the_lead_practitioners_desk_comes_first() -> None:
    text = shown(large(gaps=4), NOON)
    assert "Ring when they open" not in text
    assert text.index("020 7946 0101") < text.index("020 7946 0202") < text.index("020 7946 0131")
    assert "out of hours 020 7946 0801" in text


def test_an_agency_without_a_named_contact_is_rung_at_its_duty_desk() -> None:
    quay = agency("Quay Surgery", AgencyKind.GP_PRACTICE, desk="020 7946 0300")
    text = shown(outcome([said(quay, Status.INVOLVED)]))
    assert "020 7946 0300" in text
    assert "involved; ring its duty desk" in text


def test_a_duty_desk_beside_named_contacts_says_that_there_are_more() -> None:
    council = agency("Wexcombe Council", AgencyKind.LOCAL_AUTHORITY, desk="020 7946 0100")
    named = Pointer(CoarseKind.EARLY_HELP, InvolvementStatus.OPEN, worker_name="Bea")
    more = Pointer(None, InvolvementStatus.OPEN)
    text = shown(outcome([said(council, Status.INVOLVED, named, more)]))
    assert "Bea" in text
    assert "more contacts than fit here; ring its duty desk" in text


def test_nobody_named_is_a_sentence_about_who_answered() -> None:
    quiet = said(agency("Oak", AgencyKind.SCHOOL), Status.NOTHING_TO_DISCLOSE)
    text = shown(outcome([quiet]))
    assert text.strip().startswith("Ring now: no agency that answered named a contact")
    assert "1 agency answered and has nothing to tell you. This does not mean it does not know" in (
        re.sub(r"\s+", " ", text)
    )


@pytest.mark.parametrize("status", [Status.NO_REPLY, Status.TRY_AGAIN, Status.CANNOT_ANSWER])
def test_where_nobody_answered_the_first_line_speaks_of_no_answers(status: Status) -> None:
    text = shown(outcome([said(agency("Oak", AgencyKind.SCHOOL), status)]))
    assert text.strip().startswith("NO AGENCY GAVE AN ANSWER: ring them yourself")
    assert "of those who answered" not in text


def test_that_nobody_was_asked_is_said_and_not_that_nobody_answered() -> None:
    gap = NotConnected("Oak Primary", AgencyKind.SCHOOL, "020 7946 0999")
    text = shown(outcome([], not_connected=[gap]))
    assert text.strip().startswith("NOBODY WAS ASKED: no agency in this reach is connected")
    assert "answered" not in text.split("Services")[0]
    assert "020 7946 0999" in text


@given(found=outcomes(), everything=st.booleans())
def test_every_outcome_says_to_ring_999_if_a_child_is_in_danger(
    found: Outcome, everything: bool
) -> None:
    """Near the top: whoever found a number to ring may not read on."""
    top = shown(found, everything=everything).strip().splitlines()[:3]
    assert "If a child is in danger now, ring 999." in [line.strip() for line in top]


def test_what_is_missing_stands_beside_whom_to_ring() -> None:
    top = words_of(shown(large(gaps=4)).split("020")[0])
    assert "ring now" in top
    assert (
        "4 agencies are working with this child. 1 worked with the child until recently, or will "
        "soon. 4 did not answer. 31 were not asked. "
        "this is not all: records of this child may have been missed. see below." in top
    )


@given(found=outcomes())
def test_nothing_is_said_to_be_all_that_is_not(found: Outcome) -> None:
    text = words_of(shown(found))
    gaps = any(document_status(each.status) for each in found.agencies)
    if found.agencies and gaps:
        assert "did not answer. " in text
    unasked = any(each.status is Status.NOT_ASKED for each in found.agencies)
    if found.agencies and (unasked or found.not_connected):
        assert "not asked. " in text
    if found.agencies and found.unused:
        assert "a part of what you gave was not used" in text
    whole = found.strength.level is StrengthLevel.GOOD and not found.unused
    if found.complete and not found.not_connected and whole:
        assert "this is not all" not in text


@pytest.mark.parametrize(("named", "listed"), [(0, True), (1, False)])
def test_schools_that_were_not_asked_are_named_where_no_school_named_itself(
    named: int, listed: bool
) -> None:
    gaps = [
        NotConnected(f"Oak {n}", AgencyKind.SCHOOL, "020 7946 0999", (CoarseKind.EDUCATION,))
        for n in range(5)
    ]
    services = (ServiceCount(CoarseKind.EDUCATION, 1, 6, 1, named),)
    asked = [said(agency("Elm", AgencyKind.SCHOOL), Status.NOTHING_TO_DISCLOSE)]
    text = shown(outcome(asked, not_connected=gaps, services=services))
    assert ("Oak 3 (Wexcombe)" in text) is listed


def test_an_outcome_that_could_not_be_kept_says_so_first_and_last() -> None:
    found = outcome([said(agency("Oak", AgencyKind.SCHOOL), Status.INVOLVED)])
    text = words_of(shown(replace(found, kept=False)))
    assert "this is not all: this outcome could not be kept. see below." in text
    assert "write down now what you need" in text
    assert "outcome show" not in text
    assert "could not be kept" not in words_of(shown(found))


def test_many_gaps_are_counted_by_kind_but_councils_and_police_named() -> None:
    text = shown(large(gaps=20))
    gaps = text.split("DID NOT ANSWER")[1].split("Somebody")[0]
    assert "19 schools" in gaps
    assert "020 7946 0110             Wexcombe Police: no reply came" in gaps
    assert "Larkrise" not in gaps
    assert "fingerpost outcome show 5f0c9a3e71d2b846 --all" in gaps
    listed = shown(large(gaps=20), everything=True).split("DID NOT ANSWER")[1]
    for name in ("Larkrise Primary: could not answer", "Quayside Primary: could not answer"):
        assert name in listed


@pytest.mark.parametrize(
    ("reason", "as_of", "said_of_it"),
    [
        (
            Cannot.VERSION,
            0,
            "cannot answer: its version, member list or clock is not right",
        ),
        (Cannot.NOT_READY, 0, "cannot answer: its records are not ready"),
        (
            Cannot.TOO_OLD,
            ASKED_AT - 200 * DAY,
            "cannot answer: its records are of 7 May 2026, too old to rely on",
        ),
        (Cannot.TOO_OLD, 0, "cannot answer: its records are too old to rely on"),
        (
            Cannot.WENT_BACK,
            ASKED_AT - 200 * DAY,
            "cannot answer: its records went back to an earlier state, records of 7 May 2026",
        ),
        (Cannot.FAULT, 0, "cannot answer: its system has a fault"),
        (None, 0, "could not answer"),  # kept by a version that had no reasons
    ],
)
def test_why_an_agency_cannot_answer_is_said_with_its_gap(
    reason: Cannot | None, as_of: int, said_of_it: str
) -> None:
    oak = agency("Oak", AgencyKind.SCHOOL, desk="020 7946 0202")
    silent = replace(said(oak, Status.CANNOT_ANSWER), as_of=as_of, reason=reason)
    text = shown(outcome([silent]), width=120)
    (line,) = [line for line in text.splitlines() if "Oak:" in line]
    assert line.strip() == f"020 7946 0202             Oak: {said_of_it}"


def test_every_reason_has_words_of_its_own() -> None:
    assert set(words.CANNOT) == {reason.name for reason in Cannot}
    assert len({*words.CANNOT.values(), *words.GAPS.values()}) == len(words.CANNOT) + len(
        words.GAPS
    )


def test_all_lists_every_agency_of_the_outcome() -> None:
    found = large(gaps=20)
    text = words_of(shown(found, everything=True, width=120))
    for each in found.agencies:
        assert each.agency.name.lower() in text
    for _, gap in found.not_connected:
        assert gap.name.lower() in text


def test_no_colour_carries_what_words_do_not() -> None:
    """The same text with and without a terminal's colours."""
    found = large(gaps=4)
    console = Console(width=80, file=io.StringIO(), highlight=False, force_terminal=True)
    console.print(render(document(found, ASKED_AT + 7 * DAY), NOON, everything=False))
    coloured = console.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b[" in coloured
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in stripped.splitlines()] == shown(found).splitlines()


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (
            ServiceCount(CoarseKind.EDUCATION, 10, 12, 10, 0),
            "No school has named itself. 10 of 12 schools here are connected and 10 answered. The "
            "child may go to another school, learn at home, or go to a school that cannot tell you "
            "this way. Do not start looking for the family yourself.",
        ),
        (
            ServiceCount(CoarseKind.EDUCATION, 3, 12, 3, 0),
            "3 of 12 schools here are connected and 3 answered. Too few are connected to say "
            "whether a school would name itself.",
        ),
        (
            ServiceCount(CoarseKind.EDUCATION, 12, 12, 12, 0, ASKED_AT - 200 * DAY),
            "No school has named itself. 12 of 12 schools here are connected and 12 answered, with "
            "records of 7 May 2026 or later.",
        ),
        (
            ServiceCount(CoarseKind.EDUCATION, 3, 12, 2, 0),
            "1 school gave no answer. 3 of 12 schools here are connected and 2 answered. We cannot "
            "say whether a school would have named itself.",
        ),
        (
            ServiceCount(CoarseKind.EDUCATION, 3, 12, 2, 2),
            "2 schools have named themselves. 3 of 12 schools here are connected and 2 answered. 1 "
            "school gave no answer.",
        ),
        (
            ServiceCount(CoarseKind.GP, 0, 6, 0, 0),
            "No GP practice here is connected: nothing can be said about GP practices.",
        ),
        (
            ServiceCount(CoarseKind.HEALTH_VISITING, 0, 0, 0, 0),
            "No health visiting service is listed in this reach: nothing can be said about "
            "health visiting services.",
        ),
    ],
)
def test_services_are_told_with_their_counts(count: ServiceCount, sentence: str) -> None:
    text = words_of(shown(outcome([], services=(count,))))
    assert sentence.lower() in text


@given(found=outcomes())
def test_none_named_itself_stands_only_where_all_connected_ones_answered(found: Outcome) -> None:
    text = words_of(shown(found, width=200))
    said_of = [s for s in found.services if s.none_named_itself and s.enough_connected]
    assert len(re.findall(r"no [a-z ]+ has named itself", text)) == len(said_of)
    for service in said_of:
        assert 10 * service.connected >= 8 * service.of


def test_not_connected_with_one_of_a_kind_is_named() -> None:
    gap = NotConnected("Harrow Charity", AgencyKind.VCS, "020 7946 0999")
    text = shown(outcome([], not_connected=[gap]))
    assert "1 charity" in text
    assert "020 7946 0999             Harrow Charity (Wexcombe)" in text


def test_a_long_address_is_folded_and_not_cut() -> None:
    who = agency("Oak", AgencyKind.SCHOOL)
    address = "safeguarding.and.pastoral.care.office@a-very-long-school-name.wexcombe.example"
    pointer = Pointer(CoarseKind.EDUCATION, InvolvementStatus.OPEN, desk_email=address)
    text = shown(outcome([said(who, Status.INVOLVED, pointer)]))
    assert "…" not in text
    assert address in re.sub(r"\s", "", text)


# ---- second rounds -------------------------------------------------------------------------------


@given(found=outcomes(), width=st.sampled_from([60, 80, 120]))
def test_a_second_round_says_so_and_why_and_what_it_cost(found: Outcome, width: int) -> None:
    text = words_of(shown(found, width=width))
    assert ("second round, asked with wider keys" in text) is (found.widened is not None)
    if found.widened is not None:
        assert f"it follows lookup {found.widened.after}" in text
        assert words_of(WIDENING_WORDS[found.widened.because]) in text
        assert "may have seen who asked" in text
        assert "fingerpost widen" not in text


def silent(**changes: object) -> Outcome:
    quiet = said(agency("Oak", AgencyKind.SCHOOL), Status.NOTHING_TO_DISCLOSE)
    found = replace(outcome([quiet]), reach=Reach.AREA_AND_NEIGHBOURS)
    return replace(found, **changes)  # type: ignore[arg-type]


def test_where_a_school_did_not_name_itself_a_second_round_is_offered_with_its_price() -> None:
    text = words_of(shown(silent(), width=200))
    assert "fingerpost widen 5f0c9a3e71d2b846 --because reason reason is one of: " in text
    assert "may see that you asked and why" in text
    for reason in widening_reasons(Purpose.S47_ENQUIRY):
        assert reason.name.lower() in text


@pytest.mark.parametrize(
    "found",
    [
        silent(reach=Reach.AREA),
        silent(purpose=Purpose.CLA_CARE),
        silent(widened=Widened("00000000000000aa", WideningReason.RECENT_MOVE)),
        outcome([said(agency("Oak", AgencyKind.SCHOOL), Status.NO_REPLY)]),
        silent(agencies=(), services=()),
        outcome([said(agency("Oak", AgencyKind.SCHOOL), Status.INVOLVED)]),
        large(),
    ],
    ids=["own area", "purpose", "widened", "gap at home", "nobody", "named", "gaps at home"],
)
def test_it_is_not_offered_where_it_would_be_refused(found: Outcome) -> None:
    assert "fingerpost widen" not in shown(found, width=200)


def test_a_gap_is_to_be_rung_before_a_second_round() -> None:
    quiet = [
        said(agency("Oak", AgencyKind.SCHOOL), Status.NOTHING_TO_DISCLOSE),
        said(agency("Elm", AgencyKind.HOUSING), Status.NO_REPLY),
    ]
    found = replace(outcome(quiet), reach=Reach.AREA_AND_NEIGHBOURS)
    text = words_of(shown(found, width=200))
    ring = "fingerpost mark 5f0c9a3e71d2b846 --spoke --agency e99000001.elm"
    assert text.index(ring) < text.index("fingerpost widen")


# ---- former names and homes ----------------------------------------------------------------------

FORMER_ASKED = "did the child have another name, or live elsewhere, before?"


def test_who_gave_no_former_name_or_home_is_told_what_they_are_worth() -> None:
    text = words_of(shown(silent(), width=200))
    assert text.index("fingerpost widen") < text.index(FORMER_ASKED)
    assert "the second round above asks for them, and keeps all else that you typed" in text
    assert "fingerpost lookup" not in text
    assert "--reach named --area code" in text


def test_where_there_is_no_second_round_another_lookup_is_made() -> None:
    """Only a purpose that may name areas is told of them."""
    for purpose, names in ((Purpose.CLA_CARE, True), (Purpose.S17_ASSESSMENT, False)):
        text = words_of(shown(silent(purpose=purpose, reach=Reach.AREA), width=200))
        assert f"fingerpost lookup --purpose {purpose.name.lower()}" in text
        assert "the second round above" not in text
        assert ("--reach named --area code" in text) is names


@given(found=outcomes())
def test_former_details_are_asked_for_where_nobody_named_the_child_and_they_were_lacking(
    found: Outcome,
) -> None:
    """Where other agencies name nothing whatever they know, silence is no sign."""
    known = any(each.status is Status.INVOLVED for each in found.agencies)
    due = not (known or found.former_stated or found.widened or found.purpose in UNTOLD)
    assert (FORMER_ASKED in words_of(shown(found, width=200))) is due


# ---- what was not used, who was not asked, whom to ring first ------------------------------------


def test_what_was_not_used_stands_before_all_but_the_contacts() -> None:
    found = replace(large(gaps=4), unused=(Unused.NUMBER_UNREAD, Unused.UPN_NOT_AGREED))
    text = words_of(shown(found, width=200))
    top, below = text.split("not used ", 1)
    assert "a part of what you gave was not used" in top
    assert below.startswith(words_of(Unused.NUMBER_UNREAD.words))
    assert below.index(words_of(Unused.UPN_NOT_AGREED.words)) < below.index("did not answer (")


@pytest.mark.parametrize("why", NotAsked)
def test_a_limit_of_ones_own_is_never_shown_as_the_silence_of_others(why: NotAsked) -> None:
    oak = agency("Oak", AgencyKind.SCHOOL, desk="020 7946 0202")
    elm = said(agency("Elm", AgencyKind.SCHOOL), Status.INVOLVED)
    found = outcome([replace(said(oak, Status.NOT_ASKED), not_asked=why), elm])
    text = shown(found, width=200)
    assert "did not answer" not in text.lower()
    assert "NOT ASKED (1): " in text
    assert "1 was not asked." in text
    assert re.search(r"020 7946 0202 +Oak", text)
    assert words.NOT_ASKED[why.value][1] in re.sub(r"\s+", " ", text)
    assert not found.complete


def test_whom_the_purpose_needs_comes_first_and_not_the_alphabet() -> None:
    kinds = {
        "Ash Housing": (AgencyKind.HOUSING, CoarseKind.HOUSING),
        "Birch School": (AgencyKind.SCHOOL, CoarseKind.EDUCATION),
        "Yew Council": (AgencyKind.LOCAL_AUTHORITY, CoarseKind.CHILDRENS_SOCIAL_CARE),
        "Zeal Police": (AgencyKind.POLICE, CoarseKind.POLICE_SAFEGUARDING_DESK),
    }
    asked = [
        said(
            agency(name, kind, desk="020 7946 0100"),
            Status.INVOLVED,
            Pointer(coarse, InvolvementStatus.OPEN, desk_phone="020 7946 0101"),
        )
        for name, (kind, coarse) in kinds.items()
    ]

    def order(purpose: Purpose) -> list[str]:
        text = shown(replace(outcome(asked), purpose=purpose), width=200)
        return sorted(kinds, key=text.index)

    usual = ["Yew Council", "Zeal Police", "Birch School", "Ash Housing"]
    assert order(Purpose.S47_ENQUIRY) == usual
    assert order(Purpose.EXPLOITATION) == ["Zeal Police", "Yew Council", *usual[2:]]
    assert order(Purpose.EARLY_HELP)[0] == "Birch School"


def test_who_may_ring_back_is_said_with_the_desk_and_what_no_call_means() -> None:
    desk = agency("Wexcombe Council", AgencyKind.LOCAL_AUTHORITY, desk="020 7946 0100")
    quiet = said(agency("Oak", AgencyKind.SCHOOL), Status.NOTHING_TO_DISCLOSE)
    text = re.sub(r"\s+", " ", shown(replace(outcome([quiet]), call_back=desk)))
    assert (
        "An agency may ring you at Wexcombe Council, 020 7946 0100. If nobody rings, that does not "
        "mean nobody knows the child."
    ) in text


def test_contacts_from_records_that_went_back_are_said_to_be_so() -> None:
    back = replace(said(agency("Oak", AgencyKind.SCHOOL), Status.INVOLVED), reason=Cannot.WENT_BACK)
    text = words_of(shown(outcome([back])))
    assert "this is not all: 1 named contacts from records that went back" in text
    old = replace(back, reason=Cannot.TOO_OLD)
    text = words_of(shown(outcome([back, old, old])))
    assert "1 named contacts from records that went back to an earlier state, 2 named" in text
    assert "2 named contacts from records that are too old" in text


def test_the_date_behind_every_answer_is_shown() -> None:
    """A "nothing to disclose" of three months ago says nothing of a child who came since."""
    days = (200, 3, 0)
    oaks = [
        replace(
            said(agency(f"Oak {n}", AgencyKind.SCHOOL), Status.NOTHING_TO_DISCLOSE),
            as_of=ASKED_AT - n * DAY,
        )
        for n in days
    ]
    force = said(agency("Force", AgencyKind.POLICE), Status.NOTHING_TO_DISCLOSE)
    elm = replace(said(agency("Elm", AgencyKind.SCHOOL), Status.INVOLVED), as_of=ASKED_AT - DAY)
    found = outcome([*oaks, replace(force, as_of=ASKED_AT - 5 * DAY), elm])
    text = shown(found)
    assert "  3 schools, records of 7 May 2026 to 23 November 2026\n" in text
    assert "  1 police force, records of 18 November 2026\n" in text
    assert "as of 22 November 2026" in text
    whole = shown(found, everything=True, width=120)
    for n, day in zip(days, ("7 May", "20 November", "23 November"), strict=True):
        assert f"Oak {n} (Wexcombe), records of {day} 2026" in whole


@given(found=outcomes())
def test_what_is_new_or_not_known_is_said_and_nothing_else(found: Outcome) -> None:
    text = words_of(shown(found, width=200))
    new = found.own_record is OwnRecord.NEW_TODAY
    silent = found.own_record is OwnRecord.NOT_KNOWN
    assert ("your own agency's records do not name this child" in text) is new
    assert ("whether its records name this child cannot be said" in text) is silent


@given(found=outcomes())
def test_silence_is_explained_where_nobody_names_anything(found: Outcome) -> None:
    text = words_of(shown(found, width=200))
    untold = found.purpose in (Purpose.MISSING_EDUCATION, Purpose.TRANSFER_IN)
    assert ("other agencies name nothing for this purpose" in text) is untold


@given(found=outcomes())
def test_the_ring_is_offered_where_nobody_near_knows_the_child(found: Outcome) -> None:
    text = words_of(shown(found, width=200))
    known = any(agency.status is Status.INVOLVED for agency in found.agencies)
    urgent = found.purpose in (Purpose.EMERGENCY_PROTECTION, Purpose.EXPLOITATION)
    near = found.reach in (Reach.AREA, Reach.AREA_AND_NEIGHBOURS)
    assert ("--fact nobody-nearer=yes" in text) is (urgent and near and not known)


@given(found=outcomes())
def test_who_could_not_wait_is_told_by_when_to_have_it_confirmed(found: Outcome) -> None:
    lines = [line.strip() for line in shown(found, width=200).splitlines()]
    waits_not = found.purpose in REVIEWED and found.kept
    assert (f"fingerpost review {found.operation}" in lines) is waits_not
    if found.purpose is Purpose.EMERGENCY_PROTECTION and found.kept:
        by = datetime.fromtimestamp(found.asked_at + 15 * 60, LONDON)
        assert f"confirmed by {by:%H:%M} on {by:%d/%m/%Y}" in " ".join(lines)


@given(found=outcomes())
def test_urgent_care_owes_an_attendance_number(found: Outcome) -> None:
    lines = [line.strip() for line in shown(found, width=200).splitlines()]
    owes = found.purpose is Purpose.URGENT_CARE
    assert (f"fingerpost outcome attendance {found.operation}" in lines) is owes


def test_records_that_are_hard_to_find_are_remarked_beside_what_they_did_not_tell() -> None:
    schools = [
        replace(
            said(agency(f"School {n}", AgencyKind.SCHOOL), Status.NOTHING_TO_DISCLOSE),
            quality=quality,
        )
        for n, quality in enumerate([Quality.POOR] * 5 + [Quality.FAIR, Quality.GOOD, None])
    ]
    text = " ".join(shown(outcome(schools)).split())
    assert "Many records of these agencies lack" in text
    assert "missed: School 0, School 1, School 2 and 2 more." in text
    assert "Some records of these agencies lack" in text
    assert "missed: School 5." in text
    assert "School 6" not in text, "what is good is not remarked"


def test_no_remark_stands_where_all_records_are_good() -> None:
    good = replace(
        said(agency("Oak", AgencyKind.SCHOOL), Status.NOTHING_TO_DISCLOSE), quality=Quality.GOOD
    )
    assert "may be missed" not in shown(outcome([good]))


def test_how_often_a_record_is_missed_stands_beside_what_they_did_not_tell() -> None:
    oak, elm = (
        replace(
            said(agency(name, AgencyKind.SCHOOL), Status.NOTHING_TO_DISCLOSE),
            missed=missed,
            missed_at_worst=3 * missed,
        )
        for name, missed in (("Oak", 0.004), ("Elm", 0.021))
    )
    assert "with about 2 in 100 such records, and with about 6 in 100" in _in_a_line([oak, elm])
    assert "with fewer than 1 in 100 such records, and with about 1 in 100" in _in_a_line([oak])
    unreckoned = replace(oak, missed=None, missed_at_worst=None)
    assert "in 100" not in _in_a_line([unreckoned])


def _in_a_line(agencies: list[AgencyOutcome]) -> str:
    return " ".join(shown(outcome(agencies)).split())


def test_what_the_chance_of_a_miss_does_not_count_is_said_where_it_matters() -> None:
    """A child who moved under another name is missed nearly always, whatever the figure says."""
    oak = replace(
        said(agency("Oak", AgencyKind.SCHOOL), Status.NOTHING_TO_DISCLOSE),
        missed=0.02,
        missed_at_worst=0.06,
    )
    for stated in (False, True):
        text = shown(replace(outcome([oak]), former_stated=stated))
        assert (NOT_COUNTED in " ".join(text.split())) is not stated
