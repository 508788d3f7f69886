"""The rules of purposes, row by row, written out from the design and not from the code."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.federations import EVERY_CODE, NOW, federation, parameters
from fakes.justified import PAST, justified
from fakes.refusals import refused
from fingerpost.private.demographics import Birth, Demographics, ExpectedDate, PartialDate
from fingerpost.private.justification import (
    AgreedBy,
    Engagement,
    Facts,
    Informed,
    Justification,
    Origin,
    Reason,
    ReportedBy,
    StrategyDiscussion,
)
from fingerpost.private.purpose_rules import (
    JOINED_DAYS,
    TIME_BOX_SECONDS,
    PurposeRule,
    lacking,
    require_call_back,
    require_permitted,
    require_request,
    require_stated,
    terms_in_force,
    widening_reasons,
)
from fingerpost.protocol import limits
from fingerpost.protocol.codes import (
    WIDENING_WORDS,
    AgencyKind,
    Purpose,
    Reach,
    Role,
    WideningReason,
)
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Agency, Area
from fingerpost.protocol.ids import AgencyId, AreaCode, FederationId, MemberId
from fingerpost.protocol.messages import KeySet
from fingerpost.protocol.table_of_terms import TERMS
from fingerpost.protocol.terms import Fact, Terms

A, N, X, R = Reach.AREA, Reach.AREA_AND_NEIGHBOURS, Reach.NAMED, Reach.NATIONAL_RING

UNSURE = {1, 2, 3, 4}
DIRECTED = {1, 2, 3, 4, 5}

# purpose: reaches, numbers of the reasons to widen
TABLE: dict[Purpose, tuple[set[Reach], set[int]]] = {
    Purpose.SAFEGUARDING_CONCERN: ({A}, set()),
    Purpose.S47_ENQUIRY: ({A, N, X}, DIRECTED),
    Purpose.EMERGENCY_PROTECTION: ({A, N, X, R}, DIRECTED),
    Purpose.REFERRAL_TRIAGE: ({A}, set()),
    Purpose.S17_ASSESSMENT: ({A}, set()),
    Purpose.EARLY_HELP: ({A}, set()),
    Purpose.CLA_CARE: ({X}, set()),
    Purpose.LEAVING_CARE: ({X}, set()),
    Purpose.TRANSFER_IN: ({X}, set()),
    Purpose.MISSING_CHILD: ({A, N, X, R}, UNSURE),
    Purpose.URGENT_CARE: ({A, N}, UNSURE),
    Purpose.EXPLOITATION: ({A, N, X, R}, DIRECTED),
    Purpose.CHILD_DEATH: ({A, N, X}, UNSURE),
    Purpose.PRACTICE_REVIEW: ({X}, set()),
    Purpose.MISSING_EDUCATION: ({A, N, R}, set()),
}
YOUNG_ADULT = Demographics(forename="Zoë", surname="Müller", dob=date(2007, 2, 28))
CHILD = Demographics(forename="Zoë", surname="Müller", dob=date(2015, 2, 28))
SUBJECT = "account-1"
rows = pytest.mark.parametrize("terms", TERMS, ids=lambda terms: terms.purpose.name)


def _permit(
    terms: Terms,
    reach: Reach,
    key_set: KeySet = KeySet.NARROW,
    *,
    areas: int = 1,
    because: WideningReason | None = None,
) -> None:
    named = [AreaCode(f"e0800000{n}") for n in range(areas)] if reach is X else []
    why = justified(terms.purpose, because=because)
    require_permitted(why, terms, reach, named, key_set, subject="account-1")


def _refused(*args: Any, **kwargs: Any) -> bool:
    try:
        _permit(*args, **kwargs)
    except Refused as refused_:
        assert refused_.code is Code.NOT_ALLOWED
        return True
    return False


def test_every_purpose_with_terms_is_in_the_table() -> None:
    assert set(TABLE) == {terms.purpose for terms in TERMS} == set(Purpose)


@rows
def test_reach(terms: Terms) -> None:
    allowed = TABLE[terms.purpose][0]
    assert terms.reaches == allowed
    assert terms.reach in allowed
    for reach in Reach:
        assert _refused(terms, reach) == (reach not in allowed)


@rows
def test_named_areas(terms: Terms) -> None:
    if X in TABLE[terms.purpose][0]:
        few = {Purpose.TRANSFER_IN, Purpose.CLA_CARE}  # responsible and placing
        most = 2 if terms.purpose in few else 8
        assert not _refused(terms, X, areas=most)
        assert _refused(terms, X, areas=most + 1)


# ---- wide keys -----------------------------------------------------------------------------------


@rows
def test_wide_keys_without_a_reason_stay_at_home(terms: Terms) -> None:
    for reach in TABLE[terms.purpose][0]:
        assert _refused(terms, reach, KeySet.WIDE) == (reach is not A)


@rows
@pytest.mark.parametrize("because", WideningReason)
def test_who_may_widen_and_why(terms: Terms, because: WideningReason) -> None:
    reaches, reasons = TABLE[terms.purpose]
    assert (because in widening_reasons(terms.purpose)) == (because.value in reasons)
    for reach in reaches - {A}:
        may = because.value in reasons and reach is not R
        assert _refused(terms, reach, KeySet.WIDE, because=because) == (not may)


@rows
def test_nobody_reviews_her_own_lookup(terms: Terms) -> None:
    why = _whole(terms.purpose)
    for reviewer in ("account-1", "Account-1"):
        changed = replace(why, facts=replace(why.facts, reviewer=reviewer))
        with refused(Code.NOT_ALLOWED, PurposeRule.OWN_REVIEWER):
            named = [AreaCode("e08000001")] if terms.reach is X else []
            require_permitted(changed, terms, terms.reach, named, KeySet.NARROW, subject=SUBJECT)


@rows
def test_further_than_nearer_areas_only_once_nobody_there_knows_the_child(terms: Terms) -> None:
    """Attack: whoever has an emergency asks the whole country at once."""
    nearest = {Purpose.EMERGENCY_PROTECTION: {A, N, X}, Purpose.EXPLOITATION: {A, X}}
    reaches = TABLE[terms.purpose][0]
    why = _whole(terms.purpose)
    why = replace(why, facts=replace(why.facts, nobody_nearer=False))
    for reach in reaches:
        named = [AreaCode("e08000001")] if reach is X else []
        if reach in nearest.get(terms.purpose, reaches):
            require_permitted(why, terms, reach, named, KeySet.NARROW, subject=SUBJECT)
            assert lacking(why, terms, int(NOW), reach) == []
            continue
        assert lacking(why, terms, int(NOW), reach) == [PurposeRule.FURTHER]
        with refused(Code.NOT_ALLOWED, PurposeRule.FURTHER):
            require_permitted(why, terms, reach, named, KeySet.NARROW, subject=SUBJECT)


@rows
def test_a_reach_that_a_purpose_never_has_lacks_no_fact(terms: Terms) -> None:
    """The requester would state that nobody nearer knows the child, and be refused all the same."""
    why = _whole(terms.purpose)
    for reach in set(Reach) - terms.reaches:
        assert lacking(why, terms, int(NOW), reach) == []
        with refused(Code.NOT_ALLOWED, PurposeRule.REACH):
            require_permitted(why, terms, reach, [], KeySet.NARROW, subject=SUBJECT)


@pytest.mark.parametrize("renewed_by", ["account-1", "Account-1"])
def test_nobody_renews_her_own_search(renewed_by: str) -> None:
    terms = next(terms for terms in TERMS if terms.purpose is Purpose.MISSING_CHILD)
    why = justified(terms.purpose)
    why = replace(why, facts=replace(why.facts, renewed_by=renewed_by))
    with refused(Code.NOT_ALLOWED, PurposeRule.OWN_RENEWAL):
        require_permitted(why, terms, A, [], KeySet.NARROW, subject=SUBJECT)


def test_a_purpose_that_asks_its_own_area_alone_has_nothing_to_widen() -> None:
    for purpose, (reaches, reasons) in TABLE.items():
        assert reasons == set() or reaches != {A}, purpose


@given(
    terms=st.sampled_from(TERMS),
    reach=st.sampled_from(Reach),
    key_set=st.sampled_from(KeySet),
    because=st.none() | st.sampled_from(WideningReason),
)
def test_wide_keys_go_beyond_the_own_area_for_a_reason_and_a_reason_goes_with_nothing_else(
    terms: Terms, reach: Reach, key_set: KeySet, because: WideningReason | None
) -> None:
    """The whole rule, from the outside."""
    reaches, reasons = TABLE[terms.purpose]
    beyond = key_set is KeySet.WIDE and reach is not A
    if beyond:
        allowed = reach in {N, X} and because is not None and because.value in reasons
    else:
        allowed = because is None
    assert _refused(terms, reach, key_set, because=because) == (not (allowed and reach in reaches))


def test_reasons_have_stable_numbers_and_words() -> None:
    assert {reason.name: reason.value for reason in WideningReason} == {
        "NO_UNIVERSAL_SERVICE_NAMED": 1,
        "OTHER_NAME_LIKELY": 2,
        "DATE_OF_BIRTH_UNCERTAIN": 3,
        "RECENT_MOVE": 4,
        "DIRECTED_BY_STRATEGY_DISCUSSION": 5,
    }
    assert set(WIDENING_WORDS) == set(WideningReason)
    assert len(set(WIDENING_WORDS.values())) == len(WideningReason)


# ---- who may ask ---------------------------------------------------------------------------------


def _agency(kind: AgencyKind, *seconded_to: AgencyId) -> Agency:
    node = MemberId("node-1")
    return Agency(AgencyId("e08000001.one"), "One", kind, node, seconded_to=seconded_to)


SCHOOL, COUNCIL = _agency(AgencyKind.SCHOOL), _agency(AgencyKind.LOCAL_AUTHORITY)
TRUST = _agency(AgencyKind.NHS_TRUST)
SECONDING = _agency(AgencyKind.NHS_TRUST, COUNCIL.id)
OTHER_COUNCIL, SCHOOL_OF_LIST = AgencyId("e08000001.other"), AgencyId("e08000001.school")
HERE = (COUNCIL, replace(COUNCIL, id=OTHER_COUNCIL), replace(SCHOOL, id=SCHOOL_OF_LIST))
LISTED = federation(
    parameters(FederationId("pilot")), (Area(AreaCode("e08000001"), "Here", (), HERE),), []
)


@pytest.mark.parametrize(
    ("purpose", "role", "agency", "rule"),
    [
        (Purpose.SAFEGUARDING_CONCERN, Role.DSL, SCHOOL, None),
        (Purpose.S47_ENQUIRY, Role.SOCIAL_WORKER, COUNCIL, None),
        (Purpose.S47_ENQUIRY, Role.DSL, SCHOOL, PurposeRule.ROLE_OF_PURPOSE),
        (Purpose.SAFEGUARDING_CONCERN, Role.GP, SCHOOL, PurposeRule.ROLE_OF_AGENCY),
        (Purpose.MISSING_EDUCATION, Role.CME_OFFICER, COUNCIL, None),
        (Purpose.MISSING_EDUCATION, Role.SOCIAL_WORKER, COUNCIL, PurposeRule.ROLE_OF_PURPOSE),
        (Purpose.S47_ENQUIRY, Role.DPO, COUNCIL, PurposeRule.ROLE_OF_AGENCY),
        (Purpose.REFERRAL_TRIAGE, Role.MASH_PRACTITIONER, COUNCIL, None),
        (Purpose.REFERRAL_TRIAGE, Role.MASH_PRACTITIONER, SCHOOL, PurposeRule.ROLE_OF_AGENCY),
        (
            Purpose.REFERRAL_TRIAGE,
            Role.MASH_PRACTITIONER,
            _agency(AgencyKind.SCHOOL, AgencyId("e08000001.council")),
            None,
        ),
    ],
)
def test_who_may_ask_for_what_and_where(
    purpose: Purpose, role: Role, agency: Agency, rule: PurposeRule | None
) -> None:
    if rule is None:
        found = terms_in_force(purpose, role, agency, EVERY_CODE)
        assert (found.purpose, role in found.roles) == (purpose, True)
        return
    with refused(Code.NOT_ALLOWED, rule):
        terms_in_force(purpose, role, agency, EVERY_CODE)


def test_fewer_than_half_of_all_pairs_of_role_and_purpose_are_allowed() -> None:
    pairs = sum(len(terms.roles) for terms in TERMS)
    assert pairs == 90
    assert pairs < len(Role) * len(Purpose) / 2


def test_only_what_governance_has_put_in_force() -> None:
    enquiry = next(terms for terms in TERMS if terms.purpose is Purpose.S47_ENQUIRY)
    fewer = replace(enquiry, roles=frozenset({Role.TEAM_MANAGER}))
    lists = replace(EVERY_CODE, terms=(fewer,))
    assert terms_in_force(Purpose.S47_ENQUIRY, Role.TEAM_MANAGER, COUNCIL, lists) == fewer
    with refused(Code.NOT_ALLOWED, PurposeRule.ROLE_OF_PURPOSE):
        terms_in_force(Purpose.S47_ENQUIRY, Role.SOCIAL_WORKER, COUNCIL, lists)
    with refused(Code.NOT_ALLOWED, PurposeRule.PURPOSE_NOT_IN_FORCE):
        terms_in_force(Purpose.CLA_CARE, Role.SOCIAL_WORKER, COUNCIL, lists)


# ---- what must be stated -------------------------------------------------------------------------

BARE: dict[Fact, dict[str, Any]] = {
    Fact.REFERENCE: {"reason_reference": ""},
    Fact.REQUESTED: {"requested_by": None},
    Fact.LEAD: {"lead_since": None},
    Fact.ENGAGEMENT: {"engagement": None},
    Fact.JOINED: {"joined_on": None},
    Fact.HIDING: {"not_hiding": False},
    Fact.APPROVAL: {"approvals": ()},
    Fact.REASON: {"reason": None},
    Fact.INFORMED: {"informed": None},
    Fact.AGREED: {"agreed_on": None},
    Fact.STRATEGY_DISCUSSION: {"strategy_discussion": None},
    Fact.ARRIVAL: {"arrived_at": 0},
    Fact.REPORTED: {"reported_by": None},
    Fact.CHECKED: {"checked": False},
    Fact.NOTIFIED: {"notified_on": None},
    Fact.TIME_BOX: {"missing_since": 0},
    Fact.REVIEW: {"reviewer": ""},
}
# what each row takes, in the order of TERMS
TAKES = [
    {Fact.REASON, Fact.ENGAGEMENT, Fact.INFORMED},
    {Fact.ENGAGEMENT, Fact.AGREED},
    {Fact.REFERENCE, Fact.REASON},
    {Fact.REFERENCE, Fact.INFORMED},
    {Fact.REFERENCE, Fact.LEAD, Fact.INFORMED},
    {Fact.REFERENCE, Fact.STRATEGY_DISCUSSION},
    {Fact.REFERENCE, Fact.REQUESTED, Fact.STRATEGY_DISCUSSION},
    {Fact.REASON, Fact.REVIEW},
    {Fact.ARRIVAL},
    {Fact.REFERENCE},
    {Fact.REFERENCE},
    {Fact.AGREED},
    {Fact.REFERENCE, Fact.REPORTED, Fact.CHECKED, Fact.TIME_BOX},
    {Fact.REFERENCE, Fact.REASON, Fact.CHECKED},
    {Fact.JOINED, Fact.HIDING},
    {Fact.REVIEW},
    {Fact.NOTIFIED, Fact.REVIEW},
    {Fact.APPROVAL},
]


def _whole(purpose: Purpose) -> Justification:
    whole = justified(purpose, council=COUNCIL.id)
    return replace(whole, approvals=(b"an approval",))  # what it must be: test_approvals


def _without(why: Justification, fact: Fact) -> Justification:
    change = BARE[fact]
    if fact in (Fact.REFERENCE, Fact.APPROVAL):
        return replace(why, **change)
    return replace(why, facts=replace(why.facts, **change))


@pytest.mark.parametrize("fact", Fact)
@pytest.mark.parametrize(
    ("terms", "takes"),
    list(zip(TERMS, TAKES, strict=True)),
    ids=lambda value: getattr(value, "purpose", None),
)
def test_each_row_takes_its_facts_and_no_other(terms: Terms, takes: set[Fact], fact: Fact) -> None:
    whole = _whole(terms.purpose)
    child = YOUNG_ADULT if terms.purpose is Purpose.LEAVING_CARE else CHILD
    require_stated(whole, terms, child, int(NOW))
    if fact in takes:
        with refused(Code.NOT_ALLOWED):
            require_stated(_without(whole, fact), terms, child, int(NOW))
    else:
        require_stated(_without(whole, fact), terms, child, int(NOW))


@pytest.mark.parametrize(
    ("born", "allowed"),
    [
        (None, False),
        (date(2009, 1, 16), False),  # 18 tomorrow
        (date(2009, 1, 15), True),
        (date(2001, 1, 16), True),  # the last day at 25
        (date(2001, 1, 15), False),
        (PartialDate(2009), True),  # 17 or 18
        (PartialDate(2009, 2), False),
        (PartialDate(2010), False),
        (PartialDate(2010, about=True), True),
        (PartialDate(2000), False),
        (ExpectedDate(date(2027, 2, 1)), False),
    ],
)
def test_leaving_care_is_for_18_to_25(born: Birth | None, allowed: bool) -> None:
    terms = next(terms for terms in TERMS if terms.purpose is Purpose.LEAVING_CARE)
    child = replace(CHILD, dob=born)
    if allowed:
        require_stated(_whole(terms.purpose), terms, child, int(NOW))
    else:
        with refused(Code.NOT_ALLOWED, PurposeRule.AGE):
            require_stated(_whole(terms.purpose), terms, child, int(NOW))


@pytest.mark.parametrize(
    ("born", "allowed"),
    [
        (date(2027, 1, 16), True),  # it is tomorrow further east
        (date(2027, 1, 17), False),
        (PartialDate(2027), True),
        (PartialDate(2028), False),
        (ExpectedDate(date(2027, 10, 1)), True),
        (ExpectedDate(date(2028, 2, 1)), False),
    ],
)
def test_a_date_of_birth_is_not_yet_to_come(born: Birth, allowed: bool) -> None:
    terms = next(terms for terms in TERMS if terms.purpose is Purpose.S47_ENQUIRY)
    child = Demographics(surname="Ashdown", dob=born)
    if allowed:
        require_stated(justified(terms.purpose), terms, child, int(NOW))
    else:
        with refused(Code.NOT_ALLOWED, PurposeRule.BORN_LATER):
            require_stated(justified(terms.purpose), terms, child, int(NOW))


@pytest.mark.parametrize(
    ("since", "at", "holds"),
    [
        # NOW is Friday, 15 January 2027
        (date(2027, 1, 15), NOW, True),
        (date(2027, 1, 15), NOW + 4 * limits.DAY, True),  # Tuesday, the second working day
        (date(2027, 1, 15), NOW + 5 * limits.DAY, False),
        (date(2027, 1, 13), NOW, True),
        (date(2027, 1, 12), NOW, False),
        (date(2027, 1, 16), NOW, True),  # it is tomorrow further east
        (date(2027, 1, 17), NOW, False),
        (date(2026, 12, 24), NOW - 16 * limits.DAY, True),  # 30 December; 25 and 28 are holidays
        (date(2026, 12, 24), NOW - 15 * limits.DAY, False),
        (date(1, 1, 1), NOW, False),
        (date(9999, 12, 31), NOW, False),
    ],
)
def test_a_strategy_discussion_is_awaited_for_two_working_days(
    since: date, at: float, holds: bool
) -> None:
    terms = next(terms for terms in TERMS if terms.purpose is Purpose.S47_ENQUIRY)
    why = _whole(Purpose.S47_ENQUIRY)
    awaited = replace(why.facts, strategy_discussion=StrategyDiscussion(awaited_since=since))
    ahead = since == date(2027, 1, 17) or since.year == 9999
    why_not = (
        PurposeRule.STRATEGY_DISCUSSION_AHEAD if ahead else PurposeRule.STRATEGY_DISCUSSION_DUE
    )
    assert lacking(replace(why, facts=awaited), terms, int(at)) == ([] if holds else [why_not])


def test_a_strategy_discussion_that_is_still_ahead_is_refused_as_that() -> None:
    terms = next(terms for terms in TERMS if terms.purpose is Purpose.S47_ENQUIRY)
    why = _whole(Purpose.S47_ENQUIRY)
    planned = replace(why.facts, strategy_discussion=StrategyDiscussion(date(2027, 1, 20)))
    found = lacking(replace(why, facts=planned), terms, int(NOW))
    assert found == [PurposeRule.STRATEGY_DISCUSSION_AHEAD]


@pytest.mark.parametrize("days", [(None, None), (PAST, PAST)])
def test_a_strategy_discussion_was_held_or_is_awaited(
    days: tuple[date | None, date | None],
) -> None:
    with refused(Code.MALFORMED):
        StrategyDiscussion(*days)


EVERY_FACT = Terms(
    Purpose.EARLY_HELP, frozenset(), Reach.AREA, TERMS[0].tier, frozenset(Fact) - {Fact.REASON}
)
"""Of the one purpose for which more than one person can agree; it has no grounds."""


@pytest.mark.parametrize("reason", [None, *Reason])
def test_a_ground_is_of_its_own_purpose(reason: Reason | None) -> None:
    terms = next(terms for terms in TERMS if terms.purpose is Purpose.REFERRAL_TRIAGE)
    why = justified(Purpose.REFERRAL_TRIAGE)
    why = replace(why, facts=replace(why.facts, reason=reason))
    own = reason is not None and reason.value in (11, 12, 13)
    assert lacking(why, terms, int(NOW)) == ([] if own else [PurposeRule.GROUND])


@pytest.mark.parametrize("agreed_by", [None, *AgreedBy])
def test_nobody_agrees_for_a_young_adult(agreed_by: AgreedBy | None) -> None:
    terms = next(terms for terms in TERMS if terms.purpose is Purpose.LEAVING_CARE)
    why = justified(Purpose.LEAVING_CARE)
    why = replace(why, facts=replace(why.facts, agreed_by=agreed_by))
    own = agreed_by is AgreedBy.YOUNG_ADULT
    assert lacking(why, terms, int(NOW)) == ([] if own else [PurposeRule.AGREED_BY])


def test_a_search_that_is_over_is_renewed_by_somebody() -> None:
    """In the order in which the terminal asks."""
    terms = next(terms for terms in TERMS if terms.purpose is Purpose.MISSING_CHILD)
    why = justified(Purpose.MISSING_CHILD)
    facts = replace(why.facts, missing_since=int(NOW) - TIME_BOX_SECONDS)
    assert lacking(replace(why, facts=facts), terms, int(NOW)) == [PurposeRule.RENEWED]
    facts = replace(facts, renewed_at=int(NOW) - 60)
    assert lacking(replace(why, facts=facts), terms, int(NOW)) == [PurposeRule.RENEWED_BY]
    facts = replace(facts, renewed_by="manager-3")
    assert lacking(replace(why, facts=facts), terms, int(NOW)) == []


@pytest.mark.parametrize(
    ("role", "agency", "council", "allowed"),
    [
        (Role.NAMED_PROFESSIONAL, TRUST, COUNCIL.id, True),
        (Role.NAMED_PROFESSIONAL, TRUST, OTHER_COUNCIL, True),
        (Role.NAMED_PROFESSIONAL, TRUST, SCHOOL_OF_LIST, False),
        (Role.NAMED_PROFESSIONAL, TRUST, AgencyId("e08000009.council"), False),
        (Role.MASH_PRACTITIONER, COUNCIL, COUNCIL.id, True),
        (Role.MASH_PRACTITIONER, COUNCIL, OTHER_COUNCIL, False),
        (Role.MASH_PRACTITIONER, SECONDING, COUNCIL.id, True),
        (Role.MASH_PRACTITIONER, SECONDING, OTHER_COUNCIL, False),
        (Role.NAMED_PROFESSIONAL, SECONDING, OTHER_COUNCIL, True),
    ],
)
def test_an_enquiry_for_a_council_is_at_the_request_of_a_council_of_the_federation(
    role: Role, agency: Agency, council: AgencyId, allowed: bool
) -> None:
    stated = Facts(requested_by=council)
    if allowed:
        require_request(stated, role, agency, LISTED)
    else:
        with refused(Code.NOT_ALLOWED, PurposeRule.NO_COUNCIL):
            require_request(stated, role, agency, LISTED)
    require_request(Facts(), role, agency, LISTED)  # whether it must be stated: ``lacking``


@pytest.mark.parametrize(
    ("role", "agency", "council", "allowed"),
    [
        (Role.MASH_PRACTITIONER, SECONDING, COUNCIL.id, True),
        (Role.MASH_PRACTITIONER, SECONDING, OTHER_COUNCIL, False),
        (Role.NAMED_PROFESSIONAL, SECONDING, COUNCIL.id, False),
        (Role.MASH_PRACTITIONER, COUNCIL, OTHER_COUNCIL, False),
        (Role.MASH_PRACTITIONER, TRUST, COUNCIL.id, False),
    ],
)
def test_only_a_council_to_which_she_is_seconded_is_rung_in_the_place_of_her_agency(
    role: Role, agency: Agency, council: AgencyId, allowed: bool
) -> None:
    stated = Facts(call_back=council)
    assert require_call_back(Facts(), role, agency, LISTED) is None
    if allowed:
        found = require_call_back(stated, role, agency, LISTED)
        assert found == LISTED.agency(council)
    else:
        with refused(Code.NOT_ALLOWED, PurposeRule.CALL_BACK):
            require_call_back(stated, role, agency, LISTED)


@pytest.mark.parametrize(
    "change",
    [
        {"agreed_on": date(2027, 2, 1)},  # the future
        {"agreed_by": AgreedBy.YOUNG_ADULT},  # who agrees for another purpose
        {"lead_since": date(2027, 2, 1)},
        {"joined_on": date(2027, 2, 1)},
        {"joined_on": date(2027, 1, 15) - timedelta(days=JOINED_DAYS + 1)},
        {"origin": None},
        {"strategy_discussion": StrategyDiscussion(date(2027, 2, 1))},
        {"notified_on": date(2027, 2, 1)},
        {"arrived_at": int(NOW) + limits.CLOCK_SKEW_SECONDS + 1},
        {"missing_since": int(NOW) + limits.CLOCK_SKEW_SECONDS + 1},
        {"missing_since": int(NOW) - TIME_BOX_SECONDS},  # over
        {"renewed_at": int(NOW) - 60},  # by nobody
        {"renewed_by": "manager-3"},  # at no time
        {"renewed_at": int(NOW) + limits.CLOCK_SKEW_SECONDS + 1, "renewed_by": "manager-3"},
    ],
    ids=str,
)
def test_a_fact_that_cannot_be_is_missing(change: dict[str, Any]) -> None:
    whole = _whole(Purpose.EARLY_HELP)
    assert lacking(whole, EVERY_FACT, int(NOW)) == []
    changed = replace(whole, facts=replace(whole.facts, **change))
    assert len(lacking(changed, EVERY_FACT, int(NOW))) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"strategy_discussion": StrategyDiscussion(awaited_since=date(2027, 1, 14))},
        {"informed": Informed.NOT_SAFE_FOR_CHILD},
        {"missing_since": int(NOW) - TIME_BOX_SECONDS + 1},
        {
            "missing_since": int(NOW) - 10 * TIME_BOX_SECONDS,
            "renewed_at": int(NOW) - TIME_BOX_SECONDS + 1,
            "renewed_by": "manager-3",
        },
        {"agreed_by": AgreedBy.YOUNG_PERSON},
        {"joined_on": date(2027, 1, 15) - timedelta(days=JOINED_DAYS)},
        {"joined_on": date(2027, 1, 16)},  # it is tomorrow further east
        {"origin": Origin.POSTCODE},
        {"engagement": Engagement.CONTACTED},
        {"reported_by": ReportedBy.PUBLIC},
        {"agreed_on": PAST},
    ],
    ids=str,
)
def test_a_fact_that_can_be_is_taken(change: dict[str, Any]) -> None:
    whole = _whole(Purpose.EARLY_HELP)
    changed = replace(whole, facts=replace(whole.facts, **change))
    assert lacking(changed, EVERY_FACT, int(NOW)) == []


def test_a_number_stands_for_the_time_of_arrival() -> None:
    terms = next(terms for terms in TERMS if terms.purpose is Purpose.URGENT_CARE)
    bare = Justification(Purpose.URGENT_CARE)
    require_stated(bare, terms, replace(CHILD, health_number="9434765919"), int(NOW))
    for none in ("", "9434765918", "1111111111", "not known"):
        with refused(Code.NOT_ALLOWED, PurposeRule.ARRIVAL):
            require_stated(bare, terms, replace(CHILD, health_number=none), int(NOW))


@pytest.mark.parametrize("field", ["arrived_at", "missing_since", "renewed_at"])
@pytest.mark.parametrize("at", [-1, 2**40])
def test_a_time_out_of_bounds_is_malformed(field: str, at: int) -> None:
    with refused(Code.MALFORMED):
        Facts(**{field: at})  # type: ignore[arg-type]  # a field by name


def test_a_justification_shows_its_purpose_alone() -> None:
    why = justified(Purpose.S47_ENQUIRY, "MASH-2024-1")
    assert repr(why) == "Justification(S47_ENQUIRY)"
    assert repr(why.facts) == "Facts(…)"
    assert repr(why.facts.strategy_discussion) == "StrategyDiscussion(…)"
