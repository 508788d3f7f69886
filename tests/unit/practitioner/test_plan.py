"""Which queries make up a lookup: who is asked, with which keys, and what is refused before anything leaves."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effort import examples
from fingerpost.private.demographics import Demographics, OtherName, Sex
from fingerpost.private.identity import Scope, Side, match_keys, normalise, require_answerable
from fingerpost.private.purpose_rules import reaches_allowed
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Purpose, Reach
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AreaCode
from fingerpost.protocol.messages import KeySet
from practitioner.outcome import Question
from practitioner.plan import Plan, plan

AMINA = Demographics(
    forename="Amina", surname="Hartley", dob=date(2015, 3, 9), sex=Sex.FEMALE, postcode="WX4 7QD"
)
ONE, TWO = AreaCode("e99000001"), AreaCode("e99000002")
SCOPES = {KeySet.NARROW: Scope.NARROW, KeySet.WIDE: Scope.WIDE}


def planned(
    child: Demographics = AMINA,
    purpose: Purpose = Purpose.EMERGENCY_PROTECTION,
    reach: Reach | None = None,
    named: tuple[AreaCode, ...] = (),
    *,
    reference: str = "ref-7",
    approver: str = "manager-1",
    upn: bool = False,
) -> Plan:
    question = Question(child, purpose, reach, named, reference, approver)
    return plan(question, normalise(child), "worker-1", upn=upn)


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


@pytest.mark.parametrize("purpose", Purpose)
def test_a_purposes_own_reach_is_the_default(purpose: Purpose) -> None:
    try:
        found = planned(purpose=purpose)
    except Refused as refused:
        assert refused.code is Code.NOT_ALLOWED
        assert Reach.NAMED in reaches_allowed(purpose)
        found = planned(purpose=purpose, reach=Reach.NAMED, named=(ONE,))
    assert found.queries
    assert found.queries[0].reach is found.reach


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("reach", Reach)
def test_a_reach_that_the_purpose_does_not_have_is_refused(purpose: Purpose, reach: Reach) -> None:
    named = (ONE,) if reach is Reach.NAMED else ()
    if reach in reaches_allowed(purpose):
        assert planned(purpose=purpose, reach=reach, named=named).reach is reach
    else:
        assert refusal(purpose=purpose, reach=reach, named=named) is Code.NOT_ALLOWED


def test_named_areas_go_with_their_reach_and_with_no_other() -> None:
    assert refusal(reach=Reach.NAMED) is Code.NOT_ALLOWED
    assert refusal(reach=Reach.AREA, named=(ONE,)) is Code.NOT_ALLOWED
    assert refusal(named=(ONE,)) is Code.NOT_ALLOWED


def test_what_a_purpose_wants_beside_it() -> None:
    assert refusal(purpose=Purpose.EARLY_HELP, reference="") is Code.NOT_ALLOWED
    assert refusal(purpose=Purpose.EXPLOITATION, approver="") is Code.NOT_ALLOWED
    assert refusal(purpose=Purpose.EXPLOITATION, approver="worker-1") is Code.NOT_ALLOWED
    assert planned(purpose=Purpose.EXPLOITATION, approver="manager-1").queries


# ---- with which keys -------------------------------------------------------------------------------


def test_a_question_without_a_key_is_refused() -> None:
    assert refusal(child=Demographics(forename="Amina")) is Code.WEAK_INPUT


def test_a_question_that_has_wide_keys_only_is_for_the_own_area() -> None:
    """Asking at home alone would leave the neighbours out of an outcome that calls itself complete."""
    thin = Demographics(forename="X", surname="Li", dob=date(2015, 3, 9), sex=Sex.FEMALE)
    require_answerable(normalise(thin))
    assert [q.key_set for q in planned(thin, reach=Reach.AREA).queries] == [KeySet.WIDE]
    for reach, named in ((Reach.AREA_AND_NEIGHBOURS, ()), (Reach.NAMED, (ONE,)), (None, ())):
        assert refusal(thin, reach=reach, named=named) is Code.WEAK_INPUT


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
    nhs_number=st.sampled_from(["", "9434765919"]),
)
reaches = st.sampled_from([Reach.AREA, Reach.AREA_AND_NEIGHBOURS, Reach.NATIONAL_RING])
MANY_NAMES = Demographics(
    forename="Meena",
    middle_names="Mohammed",
    surname="O'Brien",
    other_names=tuple(
        OtherName(n, s) for n, s in zip(NAMES[:8], [*SURNAMES, "Zielinski"], strict=True)
    ),
    dob=date(2014, 2, 11),
    postcode="WX4 7QD",
    nhs_number="9434765919",
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
        derived = match_keys(form, side=Side.QUERY, scope=SCOPES[query.key_set], upn=False)
        # A node makes this set anew from the opened question. What was found by a key outside it is a mismatch there:
        # a false no, and a mark against an honest practitioner.
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
    narrow = match_keys(form, side=Side.QUERY, scope=Scope.NARROW, upn=False)
    wide = match_keys(form, side=Side.QUERY, scope=Scope.WIDE, upn=False)
    assert len({*narrow, *wide}) > limits.LOCATORS
    assert not set(narrow) <= set(wide)
    for reach in (Reach.AREA, Reach.AREA_AND_NEIGHBOURS):
        assert require_sound(MANY_NAMES, reach) is not None
