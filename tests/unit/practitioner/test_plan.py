"""Which queries make up a lookup: who is asked, with which keys, and what is refused before
anything leaves. And what a second round may ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effort import examples
from fakes.justified import justified
from fakes.node_world import a_federation
from fakes.refusals import refused
from fakes.wexcombe import AREAS, HERE, NEXT, OAK, POLICE
from fingerpost.private.demographics import Demographics, OtherName, Sex
from fingerpost.private.linkage import (
    BlockingKey,
    NormalForm,
    Scope,
    Side,
    blocking_keys,
    normalise,
    require_answerable,
)
from fingerpost.private.purpose_rules import widening_reasons
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Purpose, Reach, WideningReason
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import Area
from fingerpost.protocol.ids import AgencyId, AreaCode
from fingerpost.protocol.messages import KeySet
from fingerpost.protocol.table_of_terms import TERMS
from fingerpost.protocol.terms import Terms
from practitioner.asking.outcome import Again, First, Former, Question, Widened
from practitioner.asking.plan import (
    WITHIN_SECONDS,
    LookupRule,
    Plan,
    is_same_child,
    plan,
    second_question,
)

AMINA = Demographics(
    forename="Amina", surname="Hartley", dob=date(2015, 3, 9), sex=Sex.FEMALE, postcode="WX4 7QD"
)
ONE, TWO = AreaCode("e99000001"), AreaCode("e99000002")
TERMS_OF: dict[Purpose, Terms] = {terms.purpose: terms for terms in TERMS}
ASKED_FOR = sorted(TERMS_OF)
SCOPES = {KeySet.NARROW: Scope.NARROW, KeySet.WIDE: Scope.WIDE}


def planned(
    child: Demographics = AMINA,
    purpose: Purpose = Purpose.EMERGENCY_PROTECTION,
    reach: Reach | None = None,
    named: tuple[AreaCode, ...] = (),
    *,
    reference: str = "ref-7",
    upn: bool = False,
    because: WideningReason | None = None,
    terms: Terms | None = None,
) -> Plan:
    terms = terms or TERMS_OF[purpose]
    justification = justified(purpose, reference, because)
    question = Question(child, justification, reach, named).on(terms)
    return plan(question, normalise(child), "worker-1", terms, upn=upn)


def refusal(*args: object, **kwargs: object) -> Code:
    with pytest.raises(Refused) as refused:
        planned(*args, **kwargs)  # type: ignore[arg-type]
    return refused.value.code


# ---- who is asked --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reach", "named", "queries"),
    [
        (Reach.AREA, (), [(Reach.AREA, (), KeySet.WIDE)]),
        (
            Reach.AREA_AND_NEIGHBOURS,
            (),
            [(Reach.AREA_AND_NEIGHBOURS, (), KeySet.NARROW), (Reach.AREA, (), KeySet.WIDE)],
        ),
        (Reach.NAMED, (TWO, ONE, TWO), [(Reach.NAMED, (ONE, TWO), KeySet.NARROW)]),
        (
            Reach.NATIONAL_RING,
            (),
            [(Reach.NATIONAL_RING, (), KeySet.NARROW), (Reach.AREA, (), KeySet.WIDE)],
        ),
    ],
)
def test_a_narrow_query_for_all_in_reach_and_a_wide_one_at_home(
    reach: Reach,
    named: tuple[AreaCode, ...],
    queries: list[tuple[Reach, tuple[AreaCode, ...], KeySet]],
) -> None:
    found = planned(reach=reach, named=named)
    assert [(q.reach, q.named_areas, q.key_set) for q in found.queries] == queries
    assert found.reach is reach


@pytest.mark.parametrize("terms", TERMS, ids=lambda terms: terms.purpose.name)
def test_the_reach_of_the_terms_is_the_default(terms: Terms) -> None:
    named = (ONE,) if terms.reach is Reach.NAMED else ()
    if named:
        assert refusal(purpose=terms.purpose, terms=terms) is Code.NOT_ALLOWED
    found = planned(purpose=terms.purpose, terms=terms, named=named)
    assert found.reach is terms.reach
    assert found.queries[0].reach is found.reach


def test_a_question_that_was_not_put_on_terms_is_a_defect() -> None:
    terms = TERMS_OF[Purpose.S47_ENQUIRY]
    question = Question(AMINA, justified(Purpose.S47_ENQUIRY))
    with pytest.raises(Defect, match="without a reach"):
        plan(question, normalise(AMINA), "worker-1", terms, upn=False)


@pytest.mark.parametrize("purpose", ASKED_FOR)
@pytest.mark.parametrize("reach", Reach)
def test_a_reach_that_the_purpose_does_not_have_is_refused(purpose: Purpose, reach: Reach) -> None:
    named = (ONE,) if reach is Reach.NAMED else ()
    if reach in TERMS_OF[purpose].reaches:
        assert planned(purpose=purpose, reach=reach, named=named).reach is reach
    else:
        assert refusal(purpose=purpose, reach=reach, named=named) is Code.NOT_ALLOWED


def test_a_reach_that_the_signed_terms_leave_out_is_refused() -> None:
    narrower = replace(TERMS_OF[Purpose.EMERGENCY_PROTECTION], ring=False)
    assert planned(terms=narrower).reach is Reach.AREA_AND_NEIGHBOURS
    assert refusal(terms=narrower, reach=Reach.NATIONAL_RING) is Code.NOT_ALLOWED


def test_no_more_areas_are_named_than_the_terms_allow() -> None:
    """An area that is named twice counts once."""
    transfer = Purpose.TRANSFER_IN
    assert planned(purpose=transfer, named=(ONE, TWO, ONE)).queries[0].named_areas == (ONE, TWO)
    assert refusal(purpose=transfer, named=(ONE, TWO, ALONE)) is Code.NOT_ALLOWED
    one = replace(TERMS_OF[transfer], areas=1)
    assert planned(purpose=transfer, named=(ONE,), terms=one).queries
    assert refusal(purpose=transfer, named=(ONE, TWO), terms=one) is Code.NOT_ALLOWED


def test_named_areas_go_with_their_reach_and_with_no_other() -> None:
    assert refusal(reach=Reach.NAMED) is Code.NOT_ALLOWED
    assert refusal(reach=Reach.AREA, named=(ONE,)) is Code.NOT_ALLOWED
    assert refusal(named=(ONE,)) is Code.NOT_ALLOWED


# ---- with which keys -----------------------------------------------------------------------------


def test_a_question_without_a_key_is_refused() -> None:
    assert refusal(child=Demographics(forename="Amina")) is Code.WEAK_INPUT


def test_a_question_that_has_wide_keys_only_is_for_the_own_area(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Asking at home alone would leave the neighbours out of an outcome that calls itself complete.
    Whichever questions are so thin: here, all."""

    def no_narrow_ones(
        form: NormalForm, *, side: Side, scope: Scope, upn: bool
    ) -> tuple[BlockingKey, ...]:
        return () if scope is Scope.NARROW else blocking_keys(form, side=side, scope=scope, upn=upn)

    monkeypatch.setattr("practitioner.asking.plan.blocking_keys", no_narrow_ones)
    assert [q.key_set for q in planned(reach=Reach.AREA).queries] == [KeySet.WIDE]
    for reach, named in ((Reach.AREA_AND_NEIGHBOURS, ()), (Reach.NAMED, (ONE,)), (None, ())):
        assert refusal(reach=reach, named=named) is Code.WEAK_INPUT


def test_a_pupil_number_is_used_only_where_it_may_be() -> None:
    pupil = Demographics(
        forename="Amina", surname="Hartley", dob=date(2015, 3, 9), upn="A950000178301"
    )
    without, with_ = planned(pupil), planned(pupil, upn=True)
    assert set(without.keys) < set(with_.keys)


NAMES = ["Amina", "Katherine", "Mary Jane", "Jo", "Wojciech", "Mohammed", "Niamh", "Aisha", "X"]
SURNAMES = ["Hartley", "Osei-Brown", "de la Cruz", "Martinez Lopez", "O'Brien", "MacDonald", "Li"]
name, surname = st.sampled_from(NAMES), st.sampled_from(SURNAMES)
children = st.builds(
    Demographics,
    forename=name,
    middle_names=st.lists(name, max_size=3).map(" ".join),
    surname=st.lists(surname, min_size=1, max_size=2).map(" ".join),
    other_names=st.lists(st.builds(OtherName, name, surname), max_size=8).map(tuple),
    dob=st.sampled_from([None, date(2015, 3, 9), date(2014, 2, 11)]),
    sex=st.sampled_from([None, Sex.FEMALE]),
    postcode=st.sampled_from(["", "WX4 7QD"]),
    health_number=st.sampled_from(["", "9434765919"]),
)
reaches = st.sampled_from([Reach.AREA, Reach.AREA_AND_NEIGHBOURS, Reach.NATIONAL_RING])
MANY_NAMES = Demographics(
    forename="Meena Jo",
    middle_names="Mohammed",
    surname="O'Brien-Hartley",
    other_names=tuple(
        OtherName(n, s) for n, s in zip(NAMES[:8], [*SURNAMES, "Zielinski"], strict=True)
    ),
    dob=date(2014, 2, 11),
    postcode="B8 1AB",
    health_number="9434765919",
)


def require_sound(child: Demographics, reach: Reach) -> Plan | None:
    form = normalise(child)
    try:
        require_answerable(form)
        found = planned(child, reach=reach)
    except Refused as refused:
        assert refused.code is Code.WEAK_INPUT
        return None
    assert len(found.keys) == len(set(found.keys)) <= limits.LOCATORS
    for query in found.queries:
        sent = [found.keys[i] for i in query.keys]
        assert 1 <= len(sent) == len(set(sent)) <= limits.LOCATORS
        derived = blocking_keys(form, side=Side.QUERY, scope=SCOPES[query.key_set], upn=False)
        # A node makes this set anew from the opened question. What was found by a key outside it is
        # a mismatch there: a false no, and a mark against an honest practitioner.
        assert set(sent) <= set(derived)
        assert sent[0] == derived[0], "the strongest is never the one that is left out"
    return found


@examples(200)
@given(children, reaches)
def test_a_query_holds_only_keys_that_a_node_derives_anew(
    child: Demographics, reach: Reach
) -> None:
    require_sound(child, reach)


def test_a_child_of_many_names_has_more_keys_than_fit() -> None:
    """Where the sets overflow, each query still holds keys of its own set alone."""
    form = normalise(MANY_NAMES)
    narrow = blocking_keys(form, side=Side.QUERY, scope=Scope.NARROW, upn=False)
    wide = blocking_keys(form, side=Side.QUERY, scope=Scope.WIDE, upn=False)
    assert len({*narrow, *wide}) > limits.LOCATORS
    assert not set(narrow) <= set(wide)
    for reach in (Reach.AREA, Reach.AREA_AND_NEIGHBOURS):
        assert require_sound(MANY_NAMES, reach) is not None


# ---- second rounds -------------------------------------------------------------------------------

LIKELY = WideningReason.OTHER_NAME_LIKELY


@pytest.mark.parametrize(
    ("purpose", "reach", "named"),
    [
        (Purpose.S47_ENQUIRY, Reach.AREA_AND_NEIGHBOURS, ()),
        (Purpose.S47_ENQUIRY, Reach.NAMED, (TWO,)),
        (Purpose.MISSING_CHILD, Reach.NAMED, (ONE, TWO)),
    ],
)
def test_a_second_round_is_one_wide_query_to_the_whole_reach(
    purpose: Purpose, reach: Reach, named: tuple[AreaCode, ...]
) -> None:
    found = planned(purpose=purpose, reach=reach, named=named, because=LIKELY)
    (query,) = found.queries
    assert (query.reach, query.named_areas, query.key_set) == (reach, named, KeySet.WIDE)
    derived = blocking_keys(normalise(AMINA), side=Side.QUERY, scope=Scope.WIDE, upn=False)
    assert found.keys == derived[: limits.LOCATORS]


@examples(100)
@given(children, st.sampled_from([Reach.AREA_AND_NEIGHBOURS, Reach.NAMED]))
def test_a_second_round_holds_only_keys_that_a_node_derives_anew(
    child: Demographics, reach: Reach
) -> None:
    form = normalise(child)
    try:
        require_answerable(form)
        named = (ONE,) if reach is Reach.NAMED else ()
        found = planned(child, reach=reach, named=named, because=LIKELY)
    except Refused as refused:
        assert refused.code is Code.WEAK_INPUT
        return
    (query,) = found.queries
    assert 1 <= len(query.keys) == len(found.keys) <= limits.LOCATORS
    derived = blocking_keys(form, side=Side.QUERY, scope=Scope.WIDE, upn=False)
    assert set(found.keys) <= set(derived)


@pytest.mark.parametrize("reach", [Reach.AREA, Reach.NATIONAL_RING])
def test_a_second_round_goes_neither_home_alone_nor_to_the_ring(reach: Reach) -> None:
    assert refusal(reach=reach, because=LIKELY) is Code.NOT_ALLOWED


NOW = 1_800_000_000
COUNCIL = AREAS[0].agencies[0].id
ALONE = AreaCode("e99000003")
FEDERATION = replace(a_federation(), areas={a.code: a for a in (*AREAS, Area(ALONE, "Farholm"))})
"""Wexcombe, its neighbour, and an area that is nobody's neighbour."""
TWIN = Demographics(
    forename="Bilal", surname="Hartley", dob=date(2015, 3, 9), sex=Sex.MALE, postcode="WX4 7QD"
)
BETTER = replace(AMINA, other_names=(OtherName("Amina", "Osei"),), health_number="9434765919")
FIRST = First(
    Question(AMINA, justified(Purpose.S47_ENQUIRY, "ref-7"), Reach.AREA_AND_NEIGHBOURS),
    asked_at=NOW - 60,
    gaps=frozenset(),
    whole=True,
    none_named_itself=True,
    spent=False,
)


def second(
    first: First = FIRST,
    because: WideningReason = LIKELY,
    rung: frozenset[AgencyId] = frozenset(),
    **more: Any,
) -> Question:
    again = Again(Widened("5f0c9a3e71d2b846", because), **more)
    return second_question(first, again, rung, COUNCIL, FEDERATION, NOW)


def test_what_is_not_said_again_is_as_it_was() -> None:
    justification = replace(FIRST.question.justification, widened_because=LIKELY)
    question = replace(FIRST.question, justification=justification)
    assert second() == question
    assert second(child=BETTER) == replace(question, demographics=BETTER)
    narrower = second(named_areas=(NEXT,))
    assert narrower == replace(question, reach=Reach.NAMED, named_areas=(NEXT,))


OSEI = OtherName("Amina", "Osei")
FORMER = Former((OSEI,), ("WX9 2TF",))


def test_former_names_and_homes_are_added_and_nothing_else_changes() -> None:
    known = replace(AMINA, other_names=(OtherName("Mina", ""), OSEI), former_postcodes=("WX1 1AA",))
    first = replace(FIRST, question=replace(FIRST.question, demographics=known))
    added = replace(
        AMINA, other_names=(OSEI, OtherName("Mina", "")), former_postcodes=("WX9 2TF", "WX1 1AA")
    )
    assert second(first, former=FORMER).demographics == added
    assert second(first, former=Former()).demographics == known
    assert second(child=BETTER, former=FORMER).demographics == replace(
        BETTER, former_postcodes=("WX9 2TF",)
    )


def test_more_of_them_than_a_question_may_have_are_refused() -> None:
    with refused(Code.MALFORMED) as caught:
        second(former=Former((), ("WX1 1AA", "WX1 1AB", "WX1 1AD", "WX1 1AE")))
    assert caught.value.what == "former_postcodes"


def test_former_details_do_not_lead_to_another_child() -> None:
    """Attack: another child, to whom the first one's name and home are added."""
    for other in (TWIN, replace(AMINA, forename="Salma")):
        with refused(Code.NOT_ALLOWED) as caught:
            second(child=other, former=Former((OtherName("Amina", "Hartley"),), ("WX9 2TF",)))
        assert caught.value.rule is LookupRule.ANOTHER_CHILD


@given(
    purpose=st.sampled_from(Purpose),
    first_reach=st.sampled_from([Reach.AREA, Reach.AREA_AND_NEIGHBOURS, Reach.NATIONAL_RING]),
    age=st.integers(0, 2 * WITHIN_SECONDS),
    whole=st.booleans(),
    gaps=st.frozensets(st.sampled_from([OAK, POLICE]), max_size=2),
    rung=st.frozensets(st.sampled_from([OAK, POLICE]), max_size=2),
    silent=st.booleans(),
    spent=st.booleans(),
    because=st.sampled_from(WideningReason),
    child=st.sampled_from([None, AMINA, BETTER, TWIN]),
    where=st.sampled_from([None, HERE, NEXT, ALONE]),
)
def test_a_second_round_is_let_pass_when_every_rule_is_kept_and_only_then(
    purpose: Purpose,
    first_reach: Reach,
    age: int,
    whole: bool,
    gaps: frozenset[AgencyId],
    rung: frozenset[AgencyId],
    silent: bool,
    spent: bool,
    because: WideningReason,
    child: Demographics | None,
    where: AreaCode | None,
) -> None:
    why = replace(FIRST.question.justification, purpose=purpose)
    first = First(
        replace(FIRST.question, justification=why, reach=first_reach),
        NOW - age,
        gaps,
        whole,
        silent,
        spent,
    )
    asked_before = {
        Reach.AREA: {HERE},
        Reach.AREA_AND_NEIGHBOURS: {HERE, NEXT},
        Reach.NATIONAL_RING: {HERE, NEXT, ALONE},
    }[first_reach]
    rules = (
        age < WITHIN_SECONDS,
        whole,
        gaps <= rung,
        not spent,
        because in widening_reasons(purpose),
        silent or because is not WideningReason.NO_UNIVERSAL_SERVICE_NAMED,
        child is not TWIN,
        first_reach is not Reach.AREA if where is None else where in asked_before,
    )
    try:
        found = second(first, because, rung, child=child, named_areas=(where,) if where else ())
    except Refused as refused:
        assert refused.code is Code.NOT_ALLOWED
        assert not all(rules)
        return
    assert all(rules)
    assert found.justification == replace(why, widened_because=because)
    assert found.demographics == (child or AMINA)
    assert found.reach in {Reach.AREA_AND_NEIGHBOURS, Reach.NAMED}


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (AMINA, True),
        (BETTER, True),
        (replace(AMINA, forename="Aminah"), True),
        (replace(AMINA, postcode=""), True),
        (replace(AMINA, forename=""), False),
        (replace(AMINA, surname="Osei", postcode="AB1 2CD"), False),
        (TWIN, False),
        (replace(AMINA, forename="Salma"), False),
        (Demographics(forename="Tomasz", surname="Zielinski", dob=date(2012, 11, 2)), False),
    ],
)
def test_the_same_child_is_one_that_a_node_would_match(other: Demographics, same: bool) -> None:
    assert is_same_child(AMINA, other) is same


@examples(60)
@given(children)
def test_a_child_is_the_same_as_herself_however_little_is_known(child: Demographics) -> None:
    assert is_same_child(child, child)
    assert is_same_child(child, Former((), ("WX9 2TF",)).added_to(child))


def test_a_kept_question_shows_no_person() -> None:
    assert "Amina" not in repr(FIRST) + repr(Again(Widened("aa", LIKELY), AMINA))
