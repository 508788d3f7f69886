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
from fingerpost.private.linkage import StrengthLevel
from fingerpost.private.messages import Pointer
from fingerpost.private.purpose_rules import widening_reasons
from fingerpost.protocol.codes import (
    WIDENING_WORDS,
    AgencyKind,
    Cannot,
    CoarseKind,
    InvolvementStatus,
    Purpose,
    Reach,
    Status,
    WideningReason,
)
from fingerpost.protocol.federation import NotConnected
from practitioner.asking.document import document
from practitioner.asking.outcome import Outcome, ServiceCount, Widened
from practitioner.present import words
from practitioner.present.terminal import render
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
        assert f"did not answer ({len(gaps)} of {len(found.agencies)} asked)" in text
        assert "silence is not a no" in text


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
        "Answered and have nothing to disclose (36)",
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
    assert numbers == ["020 7946 0801", "020 7946 0121", "020 7946 0131", "020 7946 0300"]
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
    named = Pointer(council.id, CoarseKind.EARLY_HELP, InvolvementStatus.OPEN, worker_name="Bea")
    more = Pointer(council.id, None, InvolvementStatus.OPEN)
    text = shown(outcome([said(council, Status.INVOLVED, named, more)]))
    assert "Bea" in text
    assert "more contacts than fit here; ring its duty desk" in text


def test_nobody_named_is_a_sentence_about_who_answered() -> None:
    quiet = said(agency("Oak", AgencyKind.SCHOOL), Status.NOTHING_TO_DISCLOSE)
    text = shown(outcome([quiet]))
    assert text.strip().startswith("Ring now: of those who answered, nobody named a contact")
    assert "An agency that may not disclose what it knows says the same." in text


def test_that_nobody_was_asked_is_said_and_not_that_nobody_answered() -> None:
    gap = NotConnected("Oak Primary", AgencyKind.SCHOOL, "020 7946 0999")
    text = shown(outcome([], not_connected=[gap]))
    assert text.strip().startswith("NOBODY WAS ASKED: no agency in this reach is connected")
    assert "answered" not in text.split("Services")[0]
    assert "020 7946 0999" in text


def test_what_is_missing_stands_beside_whom_to_ring() -> None:
    top = words_of(shown(large(gaps=4)).split("020")[0])
    assert "ring now" in top
    assert (
        "this is not all: 4 of 45 asked gave no answer, 31 could not be asked, "
        "records of this child may have been missed. see below." in top
    )


@given(found=outcomes())
def test_nothing_is_said_to_be_all_that_is_not(found: Outcome) -> None:
    text = words_of(shown(found))
    gaps = any(document_status(each.status) for each in found.agencies)
    if found.agencies and (gaps or found.not_connected):
        assert "this is not all: " in text
    if found.complete and not found.not_connected and found.strength.level is StrengthLevel.GOOD:
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
        (Cannot.VERSION, 0, "cannot answer: it runs another version, or goes by another list"),
        (Cannot.NOT_READY, 0, "cannot answer: its records are not ready"),
        (
            Cannot.TOO_OLD,
            ASKED_AT - 200 * DAY,
            "cannot answer: its records are too old to rely on (from 7 May 2026)",
        ),
        (Cannot.TOO_OLD, 0, "cannot answer: its records are too old to rely on"),
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
            ServiceCount(CoarseKind.EDUCATION, 3, 12, 3, 0),
            "No school named itself (3 of 12 connected, 3 answered).",
        ),
        (
            ServiceCount(CoarseKind.EDUCATION, 3, 12, 2, 0),
            "1 school did not answer (3 of 12 connected, 2 answered): whether one would have "
            "named itself cannot be said.",
        ),
        (
            ServiceCount(CoarseKind.EDUCATION, 3, 12, 2, 2),
            "2 schools named themselves (3 of 12 connected, 2 answered). 1 school did not answer.",
        ),
        (
            ServiceCount(CoarseKind.GP, 0, 6, 0, 0),
            "No GP practice is connected (0 of 6 connected, 0 answered): nothing can be said "
            "about GP practices.",
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
    complete = sum(service.none_named_itself for service in found.services)
    assert len(re.findall(r"no [a-z ]+ named itself \(", text)) == complete


def test_not_connected_with_one_of_a_kind_is_named() -> None:
    gap = NotConnected("Harrow Charity", AgencyKind.VCS, "020 7946 0999")
    text = shown(outcome([], not_connected=[gap]))
    assert "1 charity" in text
    assert "020 7946 0999             Harrow Charity (Wexcombe)" in text


def test_a_long_address_is_folded_and_not_cut() -> None:
    who = agency("Oak", AgencyKind.SCHOOL)
    address = "safeguarding.and.pastoral.care.office@a-very-long-school-name.wexcombe.example"
    pointer = Pointer(who.id, CoarseKind.EDUCATION, InvolvementStatus.OPEN, desk_email=address)
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
    assert "may then see who asks" in text
    for reason in widening_reasons(Purpose.S47_ENQUIRY):
        assert reason.name.lower() in text


@pytest.mark.parametrize(
    "found",
    [
        silent(reach=Reach.AREA),
        silent(purpose=Purpose.CLA_CARE),
        silent(widened=Widened("00000000000000aa", WideningReason.RECENT_MOVE)),
        outcome([said(agency("Oak", AgencyKind.SCHOOL), Status.NO_REPLY)]),
        outcome([said(agency("Oak", AgencyKind.SCHOOL), Status.INVOLVED)]),
        large(),
    ],
    ids=["own area", "purpose", "widened", "gap", "named", "gaps"],
)
def test_it_is_not_offered_where_it_would_be_refused(found: Outcome) -> None:
    assert "fingerpost widen" not in shown(found, width=200)


def test_contacts_from_records_that_went_back_are_said_to_be_so() -> None:
    back = replace(said(agency("Oak", AgencyKind.SCHOOL), Status.INVOLVED), reason=Cannot.WENT_BACK)
    text = words_of(shown(outcome([back])))
    assert "this is not all: 1 named contacts from records that went back" in text
