"""What an outcome may say, and what it may not say: nothing that came from silence."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effort import examples
from fakes.refusals import refused
from fakes.wexcombe import AMINA, COUNCIL, GP, HEALTH, HERE, NEXT, OAK, POLICE, QUESTION, build
from fingerpost.private.demographics import Birth, Demographics, ExpectedDate, PartialDate
from fingerpost.private.linkage import Strength, StrengthLevel, misses_of
from fingerpost.private.messages import Pointer
from fingerpost.protocol.codes import (
    WIRE_STATUSES,
    AgencyKind,
    CoarseKind,
    InvolvementStatus,
    Quality,
    Reach,
    Status,
)
from fingerpost.protocol.errors import Code
from fingerpost.protocol.federation import Agency, Area, DenyList, Federation, NotConnected
from fingerpost.protocol.ids import AgencyId, AreaCode, MemberId
from fingerpost.protocol.terms import Tier
from practitioner.asking.concluding import (
    agency_outcomes,
    count_services,
    merge,
    missed_shares,
    not_connected,
    own_record,
    provides,
    universal_for,
)
from practitioner.asking.outcome import GAP, AgencyOutcome, Answered, OwnRecord, ServiceCount
from unit.practitioner.outcome_strategies import ASKED_STATUSES

NO = Answered(Status.NOTHING_TO_DISCLOSE, 3, 1_700_000_000)
NAMED = Pointer(CoarseKind.EDUCATION, InvolvementStatus.OPEN, desk_phone="01632 960123")
OTHER_DESK = replace(NAMED, desk_phone="01632 960124")
DUTY_DESK = Pointer(None, InvolvementStatus.OPEN)
YES = Answered(Status.INVOLVED, 3, 1_700_000_000, (NAMED,))
REQUESTERS_STATUSES = WIRE_STATUSES | {Status.NO_REPLY}
answers_of_all_kinds = st.builds(
    lambda status, pointers: Answered(status, 1, 1, pointers if status is YES.status else ()),
    st.sampled_from(sorted(REQUESTERS_STATUSES)),
    st.lists(st.sampled_from([NAMED, OTHER_DESK, DUTY_DESK]), unique=True).map(tuple),
)


# ---- one agency, several queries ---------------------------------------------------------------


def test_no_answer_at_all_is_a_gap() -> None:
    assert merge(()) == GAP
    assert GAP.status is Status.NO_REPLY


@pytest.mark.parametrize(
    "gap", sorted(REQUESTERS_STATUSES - {Status.INVOLVED, Status.NOTHING_TO_DISCLOSE})
)
def test_one_gap_and_one_no_are_a_gap(gap: Status) -> None:
    """The query that was not answered might have found the child."""
    for answers in ((NO, Answered(gap)), (Answered(gap), NO)):
        assert merge(answers).status is gap


@pytest.mark.parametrize("other", sorted(REQUESTERS_STATUSES))
def test_one_yes_is_a_yes(other: Status) -> None:
    for answers in ((YES, Answered(other)), (Answered(other), YES)):
        assert merge(answers).status is Status.INVOLVED
        assert merge(answers).pointers == (NAMED,)


@examples(200)
@given(st.lists(answers_of_all_kinds, min_size=1, max_size=4))
def test_merging_invents_nothing_and_hides_no_yes(answers: list[Answered]) -> None:
    merged = merge(answers)
    said = {a.status for a in answers}
    assert merged.status in said
    assert (merged.status is Status.INVOLVED) == (Status.INVOLVED in said)
    assert (merged.status is Status.NOTHING_TO_DISCLOSE) == (said == {Status.NOTHING_TO_DISCLOSE})
    assert set(merged.pointers) <= {p for a in answers for p in a.pointers}
    assert len(merged.pointers) == len(set(merged.pointers))
    named = {p for a in answers for p in a.pointers if p.kind is not None}
    assert named <= set(merged.pointers)
    assert merge([merged, *answers]).status is merged.status


@examples(100)
@given(
    st.lists(answers_of_all_kinds, min_size=1, max_size=4).flatmap(
        lambda a: st.tuples(st.just(a), st.permutations(a))
    )
)
def test_the_order_of_queries_does_not_matter(both: tuple[list[Answered], list[Answered]]) -> None:
    one, other = both
    assert merge(one).status is merge(other).status
    assert set(merge(one).pointers) == set(merge(other).pointers)


def test_the_same_pointer_twice_is_one_and_what_did_not_fit_stays_said() -> None:
    cut = Answered(Status.INVOLVED, 1, 1, (NAMED, DUTY_DESK))
    assert merge((cut,)).pointers == (NAMED, DUTY_DESK)
    wide = Answered(Status.INVOLVED, 1, 1, (NAMED, OTHER_DESK))
    assert merge((cut, wide)).pointers == (NAMED, OTHER_DESK, DUTY_DESK)
    assert merge((YES, YES)).pointers == YES.pointers
    only = Answered(Status.INVOLVED, 1, 1, (DUTY_DESK,))
    assert merge((only, only)).pointers == (DUTY_DESK,)
    assert merge((Answered(Status.INVOLVED),)).pointers == ()


# ---- all agencies ------------------------------------------------------------------------------

SCHOOL = Agency(OAK, "Oak Primary", AgencyKind.SCHOOL, MemberId("n"))
PRACTICE = Agency(GP, "Mill Practice", AgencyKind.GP_PRACTICE, MemberId("n"))
TRUST = replace(
    Agency(AgencyId("e99000001.trust"), "Trust", AgencyKind.NHS_TRUST, MemberId("n")),
    services=(CoarseKind.HEALTH_VISITING,),
)
AREA = Area(HERE, "Wexcombe", (), (SCHOOL, PRACTICE, TRUST))


def outcome_of(agency: Agency, *answers: Answered) -> AgencyOutcome:
    (found,) = agency_outcomes([agency], {HERE: AREA}, {agency.id: answers} if answers else {})
    return found


def test_everybody_asked_stands_there_once_whatever_came() -> None:
    found = agency_outcomes([SCHOOL, PRACTICE, TRUST], {HERE: AREA}, {OAK: [NO, GAP], GP: [YES]})
    assert [(a.agency, a.area, a.status) for a in found] == [
        (SCHOOL, AREA, Status.NO_REPLY),
        (PRACTICE, AREA, Status.INVOLVED),
        (TRUST, AREA, Status.NO_REPLY),
    ]


# ---- services ----------------------------------------------------------------------------------


def counted(
    kind: CoarseKind, *agencies: AgencyOutcome, gaps: tuple[NotConnected, ...] = ()
) -> ServiceCount:
    (count,) = count_services((kind,), agencies, [(AREA, g) for g in gaps])
    return count


def test_a_count_says_who_is_connected_who_answered_and_who_named_itself() -> None:
    ash = NotConnected("Ash Primary", AgencyKind.SCHOOL, "01632 960050")
    vets = NotConnected("A charity", AgencyKind.VCS, "01632 960051")
    schools = (outcome_of(SCHOOL, YES), outcome_of(SCHOOL, NO), outcome_of(SCHOOL))
    practice = outcome_of(PRACTICE, YES)
    count = counted(CoarseKind.EDUCATION, *schools, practice, gaps=(ash, vets))
    assert count == ServiceCount(
        CoarseKind.EDUCATION, connected=3, of=4, answered=2, named=1, as_of=NO.as_of
    )
    assert not count.none_named_itself


def test_none_named_itself_only_when_each_connected_one_answered() -> None:
    kind = CoarseKind.EDUCATION
    assert counted(kind, outcome_of(SCHOOL, NO), outcome_of(SCHOOL, NO)).none_named_itself
    no = outcome_of(SCHOOL, NO)
    for other in (GAP, Answered(Status.TRY_AGAIN), Answered(Status.CANNOT_ANSWER), YES):
        assert not counted(kind, no, outcome_of(SCHOOL, other)).none_named_itself
    assert not counted(kind).none_named_itself, "no school is connected: nothing was asked"
    assert not counted(kind, outcome_of(PRACTICE, NO)).none_named_itself


def test_a_count_is_as_old_as_the_oldest_records_that_answered() -> None:
    older, silent = replace(NO, as_of=NO.as_of - 1), Answered(Status.CANNOT_ANSWER, 3, 1)
    schools = [outcome_of(SCHOOL, each) for each in (NO, older, YES, silent)]
    assert counted(CoarseKind.EDUCATION, *schools).as_of == older.as_of
    assert counted(CoarseKind.EDUCATION, schools[0], schools[3]).as_of == NO.as_of
    assert counted(CoarseKind.EDUCATION, schools[3]).as_of == 0


def test_an_involved_agency_counts_as_named_even_without_a_desk() -> None:
    """More pointers than slots end as INVOLVED without one: "none named itself" would be a false
    no."""
    kind = CoarseKind.EDUCATION
    assert counted(kind, outcome_of(SCHOOL, Answered(Status.INVOLVED))).named == 1
    duty = Answered(Status.INVOLVED, 1, 1, (DUTY_DESK,))
    assert counted(kind, outcome_of(SCHOOL, duty)).named == 1


def test_an_agency_provides_by_what_it_is_or_by_what_the_list_says() -> None:
    assert provides(AgencyKind.SCHOOL, (), CoarseKind.EDUCATION)
    assert provides(TRUST.kind, TRUST.services, CoarseKind.HEALTH_VISITING)
    assert not provides(TRUST.kind, (), CoarseKind.HEALTH_VISITING)
    assert not provides(AgencyKind.SCHOOL, (), CoarseKind.GP)


def at(day: date) -> int:
    return (day - date(1970, 1, 1)).days * 86_400 + 3600


@pytest.mark.parametrize("born", [date(2015, 3, 9), date(2016, 3, 1), date(2019, 12, 31)])
def test_under_five_a_health_visitor_and_from_five_a_school(born: date) -> None:
    fifth = born.replace(year=born.year + 5)
    under = universal_for(born, at(fifth - timedelta(days=2)))
    over = universal_for(born, at(fifth + timedelta(days=2)))
    assert under == (CoarseKind.GP, CoarseKind.HEALTH_VISITING)
    assert over == (CoarseKind.EDUCATION, CoarseKind.GP)


def test_without_a_date_of_birth_every_service_is_counted() -> None:
    kinds = universal_for(None, at(date(2027, 1, 1)))
    assert kinds == (CoarseKind.EDUCATION, CoarseKind.GP, CoarseKind.HEALTH_VISITING)
    assert universal_for(PartialDate(2022), at(date(2027, 6, 1))) == kinds


@pytest.mark.parametrize("born", [ExpectedDate(date(2027, 2, 1)), PartialDate(2023)])
def test_a_child_who_cannot_be_five_has_a_health_visitor(born: Birth) -> None:
    under = universal_for(born, at(date(2027, 1, 1)))
    assert under == (CoarseKind.GP, CoarseKind.HEALTH_VISITING)


# ---- not connected -------------------------------------------------------------------------------


def gaps_of(federation: Federation, reach: Reach, named: tuple[AreaCode, ...] = ()) -> list[str]:
    return [gap.name for _, gap in not_connected(federation, COUNCIL, reach, named, Tier.FAMILY)]


def listed(*denied: AgencyId | MemberId) -> Federation:
    """The scene's list; Harrowdale has a school and a trust of its own that are no members; the
    police serve Wexcombe, too."""
    federation = build().current
    here, there = federation.areas[HERE], federation.areas[NEXT]
    elsewhere = (
        NotConnected("Far School", AgencyKind.SCHOOL, "01632 960070"),
        NotConnected("Far Trust", AgencyKind.NHS_TRUST, "01632 960071"),
    )
    areas = {HERE: replace(here, serving=(POLICE,)), NEXT: replace(there, not_connected=elsewhere)}
    deny = DenyList(
        frozenset(d for d in denied if isinstance(d, MemberId)),
        frozenset(d for d in denied if isinstance(d, AgencyId)),
    )
    return replace(federation, areas=areas, deny=deny)


def test_those_who_are_no_members_are_named() -> None:
    assert gaps_of(listed(), Reach.AREA) == ["Ash Primary"]
    far = ["Far School", "Far Trust"]
    assert gaps_of(listed(), Reach.AREA_AND_NEIGHBOURS) == ["Ash Primary", *far]
    assert gaps_of(listed(), Reach.NAMED, (NEXT,)) == far


def test_the_national_ring_wants_its_own_kinds_elsewhere() -> None:
    assert gaps_of(listed(), Reach.NATIONAL_RING) == ["Ash Primary", "Far Trust"]


@pytest.mark.parametrize("denied", [GP, HEALTH])
def test_a_suspended_agency_is_not_asked_and_so_it_is_named(denied: AgencyId | MemberId) -> None:
    """Attack on "complete": suspend the one practice that knows the child."""
    federation = listed(denied)
    asked = federation.agencies_in_reach(COUNCIL.area, Reach.AREA)
    assert GP not in {a.id for a in asked}
    assert "Mill-Practice" in gaps_of(federation, Reach.AREA)


def test_a_suspended_agency_that_serves_from_elsewhere_is_named_too() -> None:
    assert "Police" in gaps_of(listed(POLICE), Reach.AREA)


def test_an_area_that_does_not_exist_is_refused() -> None:
    with refused(Code.NOT_ALLOWED):
        gaps_of(listed(), Reach.NAMED, (AreaCode("e99999999"),))


# ---- what is printed -----------------------------------------------------------------------------


def test_no_value_prints_a_person() -> None:
    printed = " ".join(map(repr, (QUESTION, YES, outcome_of(SCHOOL, YES), NAMED, AMINA)))
    for secret in ("Amina", "Hartley", "WX4", "2015", "01632"):
        assert secret not in printed


# ---- the asking agency's own records -------------------------------------------------------------


@pytest.mark.parametrize("status", [None, *ASKED_STATUSES])
def test_a_child_is_new_only_by_a_verified_answer_of_the_own_agency(status: Status | None) -> None:
    """Attack: a node that is down makes every child new, and the count worthless."""
    given = {GP: [YES], OAK: [Answered(status)] if status is not None else []}
    found = agency_outcomes([SCHOOL, PRACTICE], {HERE: AREA}, given)
    expected = {
        Status.INVOLVED: OwnRecord.NAMED,
        Status.NOTHING_TO_DISCLOSE: OwnRecord.NEW_TODAY,
    }
    said = expected.get(status, OwnRecord.NOT_KNOWN) if status else OwnRecord.NOT_KNOWN
    sure = Strength(StrengthLevel.GOOD, (), sure=True)
    assert own_record(found, OAK, sure) is said
    assert own_record(found, AgencyId("e99000001.not-asked"), sure) is OwnRecord.NOT_KNOWN
    unsure = OwnRecord.NOT_KNOWN if said is OwnRecord.NEW_TODAY else said
    assert own_record(found, OAK, replace(sure, sure=False)) is unsure


def test_of_who_named_nothing_it_is_said_how_often_a_record_is_missed() -> None:
    asked = Demographics(forename="Aneira", surname="Sedgewick", dob=date(2014, 3, 9))
    now = 1_800_000_000
    no = replace(NO, as_of=now, quality=Quality.GOOD)
    poor = replace(no, quality=Quality.POOR)
    answers = {OAK: [no], GP: [poor], TRUST.id: [YES]}
    given = agency_outcomes([SCHOOL, PRACTICE, TRUST], {HERE: AREA}, answers)
    school, practice, trust = missed_shares(given, misses_of(asked), {OAK, GP}, now)
    assert school.missed is not None
    assert practice.missed is not None
    assert school.missed < practice.missed, "records that lack fields are missed more often"
    assert school.missed_at_worst is not None
    assert school.missed < school.missed_at_worst
    assert (trust.missed, trust.missed_at_worst) == (None, None)
    narrow, *_ = missed_shares(given, misses_of(asked), {GP}, now)
    assert narrow.missed is not None
    assert school.missed <= narrow.missed


def test_of_a_gap_nothing_is_reckoned() -> None:
    given = agency_outcomes([SCHOOL], {HERE: AREA}, {OAK: [GAP]})
    assert missed_shares(given, misses_of(Demographics(forename="A")), {OAK}, 0) == given
