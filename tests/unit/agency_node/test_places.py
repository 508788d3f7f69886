"""No answer tells a place that the requester did not name: the rule, and the matrix of everybody
who may ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_node.answering.disclosure import Asks, disclose
from agency_node.policy.places import (
    Place,
    gives_home,
    is_front_door,
    own_areas,
    place,
    ruled_place,
)
from agency_node.policy.vocabulary import ASKING_ROLES, KINDS, Requester
from fakes.agreements import SIGNED, ready_agreement
from fakes.federations import NOW, agency, federation, parameters
from fakes.justified import justified
from fakes.node_records import an_involvement
from fakes.node_world import a_child, a_passport, a_record
from fingerpost.private.messages import Question
from fingerpost.protocol.codes import (
    COARSE,
    AgencyKind,
    CoarseKind,
    DeskKind,
    InvolvementStatus,
    Purpose,
    Reach,
    Role,
)
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Agency, Area
from fingerpost.protocol.ids import AgencyId, AreaCode, FederationId, MemberId
from fingerpost.protocol.table_of_terms import TERMS
from fingerpost.protocol.terms import Terms, Tier, row, takes_less, tier_of

HOME, BESIDE, FAR = AreaCode("e99000001"), AreaCode("e99000002"), AreaCode("e99000003")
NODE = MemberId("node-1")
SERVED_FROM_FAR = AgencyId("e99000003.trust")


def an_agency(area: AreaCode, name: str, kind: AgencyKind, *services: CoarseKind) -> Agency:
    return agency(area, name, kind, NODE, services=services)


FEDERATION: Final = federation(
    parameters(FederationId("pilot")),
    (
        Area(
            HOME,
            "Home",
            (BESIDE,),
            (
                an_agency(HOME, "council", AgencyKind.LOCAL_AUTHORITY),
                an_agency(HOME, "police", AgencyKind.POLICE),
                an_agency(HOME, "charity", AgencyKind.VCS),
                an_agency(HOME, "oak", AgencyKind.SCHOOL),
            ),
            (SERVED_FROM_FAR,),
        ),
        Area(
            BESIDE,
            "Beside",
            (HOME,),
            (
                an_agency(BESIDE, "council", AgencyKind.LOCAL_AUTHORITY),
                an_agency(BESIDE, "elm", AgencyKind.SCHOOL),
            ),
            (AgencyId("e99000001.police"), AgencyId("e99000001.charity")),
        ),
        Area(
            FAR,
            "Far",
            (),
            (
                an_agency(FAR, "council", AgencyKind.LOCAL_AUTHORITY),
                an_agency(FAR, "ash", AgencyKind.SCHOOL),
                an_agency(FAR, "trust", AgencyKind.NHS_TRUST),
            ),
            (AgencyId("e99000001.charity"),),
        ),
    ),
)
GIVEN, ELSEWHERE = "B99 9ZZ", "B98 1AA"


def asked(purpose: Purpose, role: Role, name: str = "e99000001.council") -> Question:
    terms = row(TERMS, purpose, role)
    assert terms is not None
    return Question(
        FEDERATION.agency(AgencyId(name)),
        a_passport(NOW, role=role),
        justified(purpose),
        a_child(postcode=GIVEN),
        terms,
    )


def placed(
    name: str,
    question: Question,
    *named: AreaCode,
    recorded: str = ELSEWHERE,
) -> Place:
    return place(AgencyId(name), question, named, [a_child(postcode=recorded)], FEDERATION)


ENQUIRY: Final = asked(Purpose.S47_ENQUIRY, Role.SOCIAL_WORKER)
EMERGENCY: Final = asked(Purpose.EMERGENCY_PROTECTION, Role.SOCIAL_WORKER)
DEATH: Final = asked(Purpose.CHILD_DEATH, Role.SOCIAL_WORKER)
CARE: Final = asked(Purpose.CLA_CARE, Role.SOCIAL_WORKER)
MISSING: Final = asked(Purpose.MISSING_CHILD, Role.SOCIAL_WORKER)
MISSING_BY_POLICE: Final = asked(
    Purpose.MISSING_CHILD, Role.POLICE_MISSING_UNIT, "e99000001.police"
)


# ---- one agency at a time ------------------------------------------------------------------------


@pytest.mark.parametrize("question", [ENQUIRY, EMERGENCY, DEATH, CARE, MISSING, MISSING_BY_POLICE])
@pytest.mark.parametrize("name", ["e99000001.council", "e99000001.oak", "e99000003.trust"])
def test_what_serves_the_own_area_is_at_home(question: Question, name: str) -> None:
    """Also an agency that is listed elsewhere and serves it."""
    assert placed(name, question) is Place.NAMED


@pytest.mark.parametrize("question", [ENQUIRY, EMERGENCY])
def test_of_another_place_the_council_alone_says_to_ring_it(question: Question) -> None:
    for area in (BESIDE, FAR):
        assert placed(f"{area}.council", question) is Place.FRONT_DOOR
    for name in ("e99000002.elm", "e99000003.ash"):
        assert placed(name, question) is Place.NOT_NAMED


def test_to_name_an_area_to_ask_further_is_not_to_know_the_place() -> None:
    """Attack: the country is asked area by area, each time by naming eight."""
    assert placed("e99000003.council", ENQUIRY, FAR) is Place.FRONT_DOOR
    assert placed("e99000003.ash", ENQUIRY, FAR) is Place.NOT_NAMED
    assert placed("e99000003.council", DEATH, FAR) is Place.NOT_NAMED


def test_who_cares_for_a_child_names_the_areas_that_have_to_do_with_her() -> None:
    assert placed("e99000003.ash", CARE, FAR) is Place.NAMED
    assert placed("e99000002.elm", CARE, FAR) is Place.NOT_NAMED
    assert placed("e99000002.council", CARE, FAR) is Place.NOT_NAMED


def test_the_postcode_of_the_record_opens_what_is_next_door_or_named() -> None:
    for question in (ENQUIRY, EMERGENCY, DEATH):
        assert placed("e99000002.elm", question, recorded=GIVEN) is Place.NAMED
        assert placed("e99000003.ash", question, FAR, recorded=GIVEN) is Place.NAMED


def test_a_postcode_that_a_far_record_kept_does_not_show_the_new_place() -> None:
    """Attack: a family fled, and an agency far away still has the address that the pursuer knows;
    he asks the whole country."""
    assert placed("e99000003.ash", EMERGENCY, recorded=GIVEN) is Place.NOT_NAMED
    assert placed("e99000003.council", EMERGENCY, recorded=GIVEN) is Place.FRONT_DOOR


@pytest.mark.parametrize("question", [MISSING, MISSING_BY_POLICE])
def test_of_a_missing_child_other_areas_tell_nothing_whatever_is_known(question: Question) -> None:
    """Attack: somebody from whom a family hides reports the child missing."""
    for name in ("e99000003.council", "e99000003.ash"):
        assert placed(name, question, FAR, recorded=GIVEN) is Place.NOT_NAMED


def test_a_force_that_serves_the_area_next_door_is_at_home_there() -> None:
    assert placed("e99000002.elm", MISSING_BY_POLICE) is Place.NAMED
    assert placed("e99000002.elm", MISSING) is Place.NOT_NAMED


def test_an_agency_that_serves_the_whole_country_is_not_at_home_everywhere() -> None:
    charity = FEDERATION.agency(AgencyId("e99000001.charity"))
    assert own_areas(charity, FEDERATION) == {HOME, BESIDE}
    assert own_areas(FEDERATION.agency(AgencyId("e99000001.oak")), FEDERATION) == {HOME}


def test_an_agency_that_is_not_listed_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        placed("e99000003.gone", ENQUIRY)
    assert refused.value.code is Code.NOT_A_MEMBER


# ---- postcodes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "former", "recorded", "is_home"),
    [
        ("B99 9ZZ", (), ["b999zz"], True),
        ("B98 1AA", ("B97 1AA", "B99 9ZZ"), ["B99 9ZZ"], True),
        ("B99 9ZZ", (), ["B99 9ZZ", ""], True),
        ("B99 9ZZ", (), ["B99 9ZZ", "B98 1AA"], False),
        ("B99 9ZZ", (), ["B98 1AA"], False),
        ("B99 9ZZ", (), [""], False),
        ("", (), [""], False),
        ("B99", (), ["B99"], False),
        ("WX4 7QD", (), ["wx47qd"], True),
        ("75001", (), ["75001"], False),
        ("B99 9ZZ", (), ["B99"], False),
        ("ZZ99 3VZ", (), ["ZZ99 3VZ"], False),
        ("B99 9ZZ", (), [], False),
    ],
    ids=[
        "written otherwise",
        "a former one",
        "a second record without one",
        "a second record with another",
        "another",
        "none recorded",
        "none at all",
        "half of one",
        "of letters that begin none",
        "of another country",
        "half recorded",
        "of no fixed abode",
        "no record",
    ],
)
def test_a_home_is_given_by_the_whole_postcode_of_every_record(
    given_: str, former: tuple[str, ...], recorded: list[str], is_home: bool
) -> None:
    question = a_child(postcode=given_, former_postcodes=former)
    assert gives_home(question, [a_child(postcode=each) for each in recorded]) is is_home


def test_a_postcode_that_a_record_has_as_a_former_one_is_no_home() -> None:
    moved = a_child(postcode=ELSEWHERE, former_postcodes=(GIVEN,))
    assert not gives_home(a_child(postcode=GIVEN), [moved])


# ---- front doors ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "services", "front_door"),
    [
        (AgencyKind.LOCAL_AUTHORITY, (), True),
        (AgencyKind.LOCAL_AUTHORITY, (CoarseKind.CHILDRENS_SOCIAL_CARE,), True),
        (AgencyKind.LOCAL_AUTHORITY, (CoarseKind.EDUCATION_WELFARE,), False),
        (AgencyKind.POLICE, (), False),
        (AgencyKind.NHS_TRUST, (CoarseKind.CHILDRENS_SOCIAL_CARE,), False),
    ],
)
def test_a_front_door_is_a_councils_and_of_social_care(
    kind: AgencyKind, services: tuple[CoarseKind, ...], front_door: bool
) -> None:
    assert is_front_door(an_agency(HOME, "any", kind, *services)) is front_door


# ---- everybody, everywhere -----------------------------------------------------------------------


SITUATIONS: Final = tuple(product((False, True), repeat=4))
ENQUIRIES: Final = {Purpose.S47_ENQUIRY, Purpose.EMERGENCY_PROTECTION}
WITH_AREAS: Final = {
    Purpose.CLA_CARE,
    Purpose.LEAVING_CARE,
    Purpose.TRANSFER_IN,
    Purpose.PRACTICE_REVIEW,
}
"""Written out, and not read from the terms."""


def expected(purpose: Purpose, own: bool, named: bool, given_: bool, front_door: bool) -> Place:
    """The rule, said once more and apart from the code that decides."""
    if own:
        return Place.NAMED
    if purpose is Purpose.MISSING_CHILD:
        return Place.NOT_NAMED
    if given_ or (named and purpose in WITH_AREAS):
        return Place.NAMED
    return Place.FRONT_DOOR if front_door and purpose in ENQUIRIES else Place.NOT_NAMED


@pytest.mark.parametrize("terms", TERMS, ids=lambda each: each.purpose.name)
@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
def test_what_each_place_may_say(terms: Terms, situation: tuple[bool, ...]) -> None:
    own, named, given_, front_door = situation
    found = ruled_place(terms, own=own, named=named, given=given_, front_door=front_door)
    assert found is expected(terms.purpose, own, named, given_, front_door)


def everybody() -> Iterator[tuple[Requester, Terms]]:
    """Every role at every kind of agency, for every purpose that it may ask for."""
    for kind, role in product(AgencyKind, ASKING_ROLES):
        for purpose in Purpose:
            terms = row(SIGNED.terms, purpose, role)
            if terms is not None:
                yield Requester(AgencyId("e99000001.asking"), kind, role), terms


def test_nothing_leaves_from_a_place_outside_what_place_terms_and_tier_allow() -> None:
    """Every role × kind of agency × purpose × kind of involvement × tier × place."""
    in_force = ready_agreement(NOW).on(datetime.fromtimestamp(NOW, UTC).date())
    children = {kind: [a_record(0, None, an_involvement(kind))] for kind in KINDS}
    told = dict.fromkeys(Place, 0)
    for requester, terms in everybody():
        harms = (False, True) if terms.tier_at_harm else (False,)
        for which, kind, harm in product(Place, KINDS, harms):
            asks = Asks(requester, terms, harm, which)
            pointers = disclose(AgencyId("e99000003.ash"), children[kind], asks, in_force).pointers
            highest = max((terms.tier, *terms.tier_at_harm)) if harm else terms.tier
            by_tier = highest > Tier.NONE and (tier_of(kind) <= highest or kind in terms.also)
            if which is Place.NOT_NAMED or not by_tier:
                assert pointers == ()
                continue
            told[which] += 1
            (pointer,) = pointers
            if which is Place.NAMED:
                assert pointer.kind is COARSE[kind]
            else:
                assert (pointer.kind, pointer.status) == (None, InvolvementStatus.OPEN)
                assert pointer.desk is DeskKind.DUTY
                assert (pointer.desk_phone, pointer.worker_name, pointer.as_of) == ("", "", 0)
    assert told[Place.NOT_NAMED] == 0
    assert told[Place.NAMED] == told[Place.FRONT_DOOR] > 10_000


@given(st.sampled_from(TERMS), st.sampled_from(SITUATIONS), st.sampled_from(SITUATIONS))
def test_who_names_more_is_never_told_less(
    terms: Terms, less: tuple[bool, ...], more: tuple[bool, ...]
) -> None:
    order = [Place.NOT_NAMED, Place.FRONT_DOOR, Place.NAMED]
    if all(a <= b for a, b in zip(less, more, strict=True)):
        before, after = (
            ruled_place(terms, own=a, named=b, given=c, front_door=d) for a, b, c, d in (less, more)
        )
        assert order.index(before) <= order.index(after)


def test_what_is_told_of_other_places_never_takes_less() -> None:
    """Attack: who is told of another area states less than who is not."""
    (enquiry, *_) = (each for each in TERMS if each.front_door)
    quiet = replace(enquiry, home_only=True)
    lenient = replace(enquiry, takes=frozenset())
    assert {each.purpose for each in TERMS if each.front_door} == ENQUIRIES
    assert takes_less(TERMS) is None
    assert takes_less([quiet, lenient]) == (lenient, quiet)
    assert takes_less([quiet, enquiry]) is None


def test_areas_that_a_query_names_are_hers_where_the_purpose_is_for_named_areas() -> None:
    assert {each.purpose for each in TERMS if each.names_areas} == WITH_AREAS
    assert {each.purpose for each in TERMS if each.reach is Reach.NAMED} == WITH_AREAS
