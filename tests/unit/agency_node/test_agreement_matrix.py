"""Over every role, kind of agency, purpose, kind of involvement and tier: nothing leaves outside
terms and agreement, and the table says what the Cedar engine says."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from agency_node.policy.agreement import Agreement, places, read_agreement, ruled
from agency_node.policy.vocabulary import ASKING_ROLES, INVOLVED, KINDS, Detail, Involved, Requester
from fakes.agreements import SIGNED, TODAY, agreement, ready_around, rule
from fingerpost.protocol.codes import AgencyKind, Kind, Purpose, Role
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.terms import Terms, Tier, row, tier_of

NOW = 1_796_083_200.0  # 1 December 2026
OAKFIELD = AgencyId("e99000001.oakfield")
NARROWED = (
    rule(
        'principal in Agency::"e99000001.oakfield", action, resource',
        id_="not-oakfield",
        effect="forbid",
        last="",
    ),
    rule(
        'principal, action, resource in Service::"CHILDRENS_SOCIAL_CARE"',
        id_="social-care",
        effect="forbid",
        last="",
        more='unless { principal in Role::"SOCIAL_WORKER" || principal in Area::"e99000002" }',
    ),
    rule(
        'principal in AgencyKind::"POLICE", action, resource in Kind::"GP"',
        id_="exact-gp",
        detail="exact kind",
    ),
    rule('principal, action == Action::"CHILD_DEATH", resource', id_="desk", detail="duty desk"),
)


def narrowed() -> Agreement:
    return read_agreement("\n".join((ready_around(NOW), *NARROWED)))


def everybody(held: Agreement) -> Iterator[Requester]:
    for place in (*places(held.named), AgencyId("e99000009.unheard-of")):
        for kind in AgencyKind:
            for role in ASKING_ROLES:
                yield Requester(place, kind, role)


def test_the_table_says_what_the_engine_says_over_the_whole_matrix() -> None:
    held = narrowed()
    in_force = held.on(TODAY)
    kinds = (AgencyKind.SCHOOL, AgencyKind.POLICE)
    requesters = [each for each in everybody(held) if each.kind in kinds]
    several = set()
    for requester in requesters:
        cases = [
            (requester, purpose, each) for purpose in (Purpose.CHILD_DEATH,) for each in INVOLVED
        ]
        for case, ruling in zip(cases, in_force.asked_of_the_engine(cases), strict=True):
            assert in_force.ruling(*case) == ruling, case
            several.add(ruling)
    # Not one answer for all: who asks, and about what, made differences.
    assert len(several) >= 4


def test_the_table_says_what_the_engine_says_of_every_purpose_and_kind_of_agency() -> None:
    held = narrowed()
    in_force = held.on(TODAY)
    for kind in AgencyKind:
        cases = [
            (
                Requester(OAKFIELD if kind is AgencyKind.SCHOOL else places(())[0], kind, role),
                purpose,
                each,
            )
            for role in (Role.SOCIAL_WORKER, Role.POLICE_PVP)
            for purpose in Purpose
            for each in INVOLVED
        ]
        for case, ruling in zip(cases, in_force.asked_of_the_engine(cases), strict=True):
            assert in_force.ruling(*case) == ruling, case


def test_nothing_leaves_outside_the_terms_and_the_agreement() -> None:
    """Every role × kind of agency × purpose × kind of involvement × tier."""
    held = narrowed()
    in_force = held.on(TODAY)
    told = 0
    for requester in everybody(held):
        for purpose in Purpose:
            terms = row(SIGNED.terms, purpose, requester.role)
            if terms is None:
                continue
            for involved in INVOLVED:
                ruling = ruled(terms, in_force, requester, involved, significant_harm=True)
                if ruling is not None and ruling.detail is not None:
                    told += 1
                    _must_be_told(requester, terms, involved, ruling.detail)
    assert told > 10_000


def _must_be_told(requester: Requester, terms: Terms, involved: Involved, detail: Detail) -> None:
    """What may leave, said once more and apart from the code that decides."""
    highest = max((terms.tier, *terms.tier_at_harm))
    by_terms = tier_of(involved.kind) <= highest or involved.kind in terms.also or involved.lead
    assert by_terms
    assert highest is not Tier.NONE
    assert requester.agency != OAKFIELD
    if involved.kind.name.startswith("CSC_"):
        assert requester.role is Role.SOCIAL_WORKER or requester.agency.area.value == "e99000002"
    exact = requester.kind is AgencyKind.POLICE and involved.kind is Kind.GP
    assert detail is (Detail.EXACT_KIND if exact else Detail.SERVICE)


# ---- whatever the rules --------------------------------------------------------------------------

scopes = st.builds(
    "{}, {}, {}".format,
    st.sampled_from(
        [
            "principal",
            'principal in Agency::"e99000001.oakfield"',
            'principal in Area::"e99000001"',
            'principal in AgencyKind::"SCHOOL"',
            'principal in Role::"SOCIAL_WORKER"',
        ]
    ),
    st.sampled_from(
        [
            "action",
            *(f'action == Action::"{purpose.name}"' for purpose in Purpose),
            'action in [Action::"S47_ENQUIRY", Action::"EARLY_HELP"]',
        ]
    ),
    st.sampled_from(
        [
            "resource",
            *(f'resource in Tier::"{tier}"' for tier in ("UNIVERSAL", "FAMILY", "ENFORCEMENT")),
            'resource in Service::"CHILDRENS_SOCIAL_CARE"',
            'resource in Kind::"GP"',
        ]
    ),
)
conditions = st.sampled_from(
    [
        "",
        'unless { principal in Role::"DSL" }',
        'when { resource in Tier::"FAMILY" && principal in Area::"e99000002" }',
        "when { principal in resource }",
    ]
)
rules = st.lists(
    st.tuples(
        scopes,
        conditions,
        st.sampled_from(["permit", "forbid"]),
        st.sampled_from(["duty desk", "service", "exact kind"]),
        st.sampled_from(["2026-01-01", "2026-12-02"]),
    ),
    min_size=1,
    max_size=5,
)
requesters = st.builds(
    Requester,
    st.sampled_from([OAKFIELD, AgencyId("e99000001.elm"), AgencyId("e99000002.far")]),
    st.sampled_from(AgencyKind),
    st.sampled_from(ASKING_ROLES),
)
involvements = st.builds(Involved, st.sampled_from(KINDS), st.booleans())


@settings(deadline=None, max_examples=60)
@given(
    rules,
    st.lists(requesters, min_size=1, max_size=5),
    st.lists(involvements, min_size=1),
    st.data(),
)
def test_whatever_the_rules_they_never_widen_the_terms_and_the_engine_decides(
    made: list[tuple[str, str, str, str, str]],
    asking: list[Requester],
    known: list[Involved],
    data: st.DataObject,
) -> None:
    held = agreement(
        *(
            rule(scope, id_=f"r{n}", effect=effect, detail=detail, first=first, more=more)
            for n, (scope, more, effect, detail, first) in enumerate(made)
        )
    )
    in_force = held.on(TODAY)
    purpose = data.draw(st.sampled_from(Purpose))
    harm = data.draw(st.booleans())
    for requester in asking:
        cases = [(requester, purpose, involved) for involved in known]
        answers = in_force.asked_of_the_engine(cases)
        assert tuple(in_force.ruling(*case) for case in cases) == answers
        terms = row(SIGNED.terms, purpose, requester.role)
        for involved, answer in zip(known, answers, strict=True):
            begun = [r for r in answer.rules if held.rules[r].first <= TODAY]
            assert len(begun) == len(answer.rules)
            if terms is None:
                continue
            allowed = terms.allows(involved.kind, lead=involved.lead, significant_harm=harm)
            both = ruled(terms, in_force, requester, involved, significant_harm=harm)
            assert both == (answer if allowed else None)
