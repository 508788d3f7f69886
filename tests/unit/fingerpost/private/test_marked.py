"""The marked records: always the same, found by the rules of this release, and nobody's."""

from __future__ import annotations

import pytest

from fingerpost.private.demographics import Scheme, read_health_number
from fingerpost.private.linkage import Decision, compare, normalise
from fingerpost.private.linkage.marked import BEGINNING, Marked, marked_records
from fingerpost.private.linkage.misses import slips_of
from fingerpost.private.linkage.name_tables import read_table
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import FederationId

FEDERATIONS = [FederationId(f"federation-{n}") for n in range(100)]
ALL = [marked for federation in FEDERATIONS for marked in marked_records(federation)]


def test_they_follow_from_the_name_of_the_federation_alone() -> None:
    """Who imports and who asks may be of two releases: a change of them must be seen here."""
    first = marked_records(FederationId("england-pilot"))[0].asked
    marked_records.cache_clear()
    assert marked_records(FederationId("england-pilot"))[0].asked == first
    written = (first.forename, first.surname, f"{first.dob}", first.postcode, first.health_number)
    assert written == WRITTEN
    assert len({marked.asked.surname for marked in ALL}) > 0.99 * len(ALL)


WRITTEN = ("Zqofidag", "Zqadukelot", "2009-03-20", "LL92 8ZF", "9990566143")


def test_by_the_rules_of_this_release_each_is_found() -> None:
    for marked in ALL:
        found = compare(normalise(marked.asked), normalise(marked.held))
        assert found.decision is Decision.MATCH
        assert len(marked.asked_inputs()) >= 3
        assert {*marked.asked_inputs()} <= {*marked.held_inputs()}


@pytest.mark.parametrize("federation", FEDERATIONS)
def test_their_keys_are_within_what_the_meters_allow(federation: FederationId) -> None:
    every = marked_records(federation)
    assert len(every) == limits.MARKED_RECORDS
    assert sum(len(marked.held_inputs()) for marked in every) <= limits.MARKED_KEYS
    asked = {each for marked in every for each in marked.asked_inputs()}
    assert len(asked) <= limits.MARKED_QUESTION_KEYS


def test_two_are_written_as_they_are_asked_for_and_two_with_a_known_slip() -> None:
    for federation in FEDERATIONS:
        every = marked_records(federation)
        assert [marked.exact for marked in every] == [True, True, False, False]
        assert [bool(marked.asked.health_number) for marked in every] == [True] + [False] * 3
        for marked in every:
            assert (marked.asked == marked.held) == marked.exact
        assert _slips(every[2]) == {"birth"}
        assert _slips(every[3]) == {"surname"}


def _slips(marked: Marked) -> set[str]:
    """The fields that a slip of the estimate of misses changes so."""
    return {
        slip.field.value
        for slip in slips_of(marked.asked)
        if all(getattr(marked.held, name) == value for name, value in slip.change.items())
    }


def test_nobody_is_called_so_and_no_child_has_such_a_number() -> None:
    beginning = BEGINNING.lower()
    table = read_table("frequent_names.json")
    names = [*table["forenames"], *table["surnames"], *table["known_forenames"]]
    assert len(names) > 100
    assert not [name for name in names if str(name).startswith(beginning)]
    for marked in ALL:
        assert marked.asked.forename.startswith(BEGINNING)
        assert marked.asked.surname.startswith(BEGINNING)
        if marked.asked.health_number:
            number = read_health_number(marked.asked.health_number)
            assert number is not None
            assert number.scheme is Scheme.TEST


def test_a_marked_record_is_not_printed() -> None:
    assert repr(marked_records(FederationId("not-printed"))[0]) == "Marked(…)"


def test_no_other_number_of_records_is_made_than_the_meters_allow_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "MARKED_RECORDS", limits.MARKED_RECORDS + 1)
    with pytest.raises(Defect):
        marked_records(FederationId("another-number"))
