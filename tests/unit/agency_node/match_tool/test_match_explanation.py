"""What two records are explained to be: as the parties have them, and as a screen shows them."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from hypothesis import example, given

from agency_node.match_tool.explanation import (
    MOST_TYPED,
    Meeting,
    by_a_gap,
    explain,
    gap_of,
    show_explanation,
    typed_table,
    verdict,
)
from agency_node.match_tool.reports import LEVELS, field_words, plain_console
from agency_node.match_tool.tables import BadInput, Row
from effort import examples
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import (
    RULE_DEFINITIONS,
    BlockingRule,
    Decision,
    Field,
    Level,
    Rule,
    Scope,
    Side,
    blocking_keys,
    compare,
    normalise,
)
from fingerpost.private.linkage.blocking_rules import Meets
from unit.agency_node.match_tool.match_children import (
    AGNES,
    BARNABY,
    GENEVIEVE,
    ROSALIND,
    child,
    children,
)

UPN = "A950000178301"
WOULD_MATCH = "none. It would be MATCH: one child"


def screen(one: Demographics, other: Demographics, width: int = 80, **shown: bool) -> str:
    text = io.StringIO()
    console, left, right = plain_console(text, width), Row("A1", one, 2), Row("B2", other)
    show_explanation(console, explain(one, other), left, right, **{"values": False, **shown})
    return text.getvalue()


def test_kinds_that_one_record_alone_has_are_shown_where_asked_for() -> None:
    lacking = replace(BARNABY, postcode="")
    found = explain(BARNABY, lacking)
    alone = [one.rule.name for one in found.rules if not (one.asked and one.recorded)]
    both = [one.rule.name for one in found.rules if one.asked and one.recorded]
    shown = screen(BARNABY, lacking, every_kind=True, width=120)
    short = screen(BARNABY, lacking, width=120)
    assert alone
    assert both
    assert all(f" {name} " in shown for name in alone + both)
    assert not any(f" {name} " in short for name in alone)
    assert all(f" {name} " in short for name in both)
    assert f"{len(alone)} blocking rules of which one record alone has keys" in short


# ---- what is explained -------------------------------------------------------------------------


def test_one_child() -> None:
    found = explain(BARNABY, BARNABY)
    assert found.meeting is found.turned is Meeting.NARROW
    assert found.by_sum is found.compared.decision is Decision.MATCH
    assert found.compared.held_by is None


def test_twins_are_held_back_by_a_rule() -> None:
    found = explain(ROSALIND, GENEVIEVE)
    assert found.by_sum is Decision.MATCH
    assert found.compared.decision is Decision.POSSIBLE
    assert found.compared.held_by is Rule.OTHER_FORENAME
    assert any(
        f"OTHER_FORENAME, {Rule.OTHER_FORENAME.value}" in sentence for sentence in verdict(found)
    )


def test_two_strangers_never_meet() -> None:
    found = explain(BARNABY, AGNES)
    assert found.meeting is found.turned is Meeting.NEVER
    assert found.rules
    assert not any(one.shared for one in found.rules)
    assert "no question opens the record" in " ".join(screen(BARNABY, AGNES).split())
    assert list(verdict(found))[-1].startswith("Decision: none. It would be DIFFERENT")


@pytest.mark.parametrize(
    ("meeting", "turned", "said"),
    [
        (Meeting.NARROW, Meeting.NEVER, "MATCH: one child."),
        (Meeting.NEVER, Meeting.NEVER, f"{WOULD_MATCH}, but they never meet."),
        (
            Meeting.NEVER,
            Meeting.WIDE,
            f"{WOULD_MATCH}, but they meet only when the right record asks.",
        ),
    ],
)
def test_two_who_never_meet_are_no_match(meeting: Meeting, turned: Meeting, said: str) -> None:
    found = replace(explain(BARNABY, BARNABY), meeting=meeting, turned=turned)
    assert list(verdict(found))[-1] == f"Decision: {said}"


def test_a_lonely_number_is_for_a_person_to_see() -> None:
    one = child("Barnaby", "Wetherington", "2015-03-14", health_number="9434765919")
    other = child("Agnes", "Mottram", "2009-11-05", health_number="9434765919")
    found = explain(one, other)
    assert found.meeting is Meeting.NARROW
    assert found.compared.decision is Decision.POSSIBLE
    assert found.by_sum is Decision.DIFFERENT
    assert any("a person has to see" in sentence for sentence in verdict(found))


def test_the_pupil_number_is_a_key_only_where_it_may_be() -> None:
    one, other = Demographics(forename="Ann", upn=UPN), Demographics(surname="Fox", upn=UPN)
    assert explain(one, other).meeting is Meeting.NEVER
    found = explain(one, other, upn=True)
    assert found.meeting is Meeting.NARROW
    assert BlockingRule.UPN in {one.rule for one in found.rules if one.shared}
    levels = [
        {finding.field: finding.level for finding in explain(one, other, upn=upn).compared.evidence}
        for upn in (False, True)
    ]
    assert [each[Field.UPN] for each in levels] == [Level.MISSING, Level.EXACT]


@given(one=children(), other=children())
@example(
    one=replace(BARNABY, health_number="9434765919"),
    other=replace(AGNES, health_number="9434765919"),
)  # a number agrees alone: the sum and the decision differ, and no rule holds it back
@examples(150)
def test_the_explanation_is_that_of_the_parties(one: Demographics, other: Demographics) -> None:
    found = explain(one, other)
    a, b = normalise(one), normalise(other)
    assert found.compared == compare(a, b)
    recorded = blocking_keys(b, side=Side.RECORD, scope=Scope.WIDE)
    wide = blocking_keys(a, side=Side.QUERY, scope=Scope.WIDE)
    assert sorted(key.value for one in found.rules for key in one.asked) == sorted(
        key.value for key in wide
    )
    assert sum(len(one.recorded) for one in found.rules) == len(recorded)
    assert {key for one in found.rules for key in one.shared} == set(wide) & set(recorded)
    narrow = blocking_keys(a, side=Side.QUERY, scope=Scope.NARROW)
    assert found.meeting is (
        Meeting.NARROW
        if set(narrow) & set(recorded)
        else Meeting.WIDE
        if set(wide) & set(recorded)
        else Meeting.NEVER
    )
    assert found.turned is explain(other, one).meeting
    if found.compared.held_by is None and found.compared.decision is not found.by_sum:
        assert (found.by_sum, found.compared.decision) == (Decision.DIFFERENT, Decision.POSSIBLE)


# ---- what is shown -----------------------------------------------------------------------------


@given(one=children(), other=children())
@examples(25)
def test_values_are_shown_only_where_asked_for(one: Demographics, other: Demographics) -> None:
    shown = screen(one, other)
    secrets = {one.forename, one.surname, one.postcode, one.health_number, str(one.dob or "")} - {
        ""
    }
    assert not [value for value in secrets if f" {value} " in shown]
    with_values = screen(one, other, values=True, width=200)
    assert not [value for value in secrets if value not in with_values]
    assert "personal data" in with_values
    asked = blocking_keys(normalise(one), side=Side.QUERY, scope=Scope.WIDE)
    assert not [key for key in asked if key.value.decode() not in with_values]


def test_a_screen_of_80_columns_is_enough() -> None:
    for values in (False, True):
        lines = screen(BARNABY, ROSALIND, values=values).splitlines()
        assert max(map(len, lines)) <= 80


def test_a_name_cannot_command_the_terminal() -> None:
    shown = screen(child("Bar\x9b31mnaby", "[red]Smith\u202e"), BARNABY, values=True)
    assert "\x9b" not in shown
    assert "\u202e" not in shown
    assert "[red]Smith" in shown


def test_every_field_and_level_has_words() -> None:
    assert set(Level) == set(LEVELS)
    for field in Field:
        assert re.fullmatch(r"[A-Za-z ]+", field_words(field))


def test_every_weak_kind_has_words() -> None:
    for definition in RULE_DEFINITIONS:
        gap = gap_of(definition.rule)
        if definition.meets is Meets.ALWAYS:
            assert gap is None
        else:
            assert gap is not None
            assert gap.side == ("left" if definition.meets is Meets.QUERY_LACKS else "right")
            assert gap.field.removeprefix("usable ") in (
                "postcode",
                "date of birth",
                "forename",
                "surname",
            )


def test_a_meeting_by_a_gap_says_whose_gap_it_is() -> None:
    one = replace(child("Olivia", "Ashdown", "2014-03-09", "LS6 2AB"), middle_names="Rose")
    other = replace(one, surname="Clark", postcode="")
    found = explain(one, other)
    assert found.meeting is Meeting.NARROW
    (said,) = by_a_gap(found)
    assert "the right record has no usable postcode" in said
    assert said in " ".join(screen(one, other).split())
    assert not list(by_a_gap(explain(BARNABY, BARNABY)))
    assert not list(by_a_gap(explain(BARNABY, AGNES)))


def test_a_link_that_a_rule_unmakes_is_told_in_plain_words() -> None:
    """A second name is to many a surname, and a side without a postcode is not "outside" a
    household.
    """
    one = replace(child("Thomas", "Wetherington", "2014-03-09", "LS6 2AB"), middle_names="James")
    other = replace(one, forename="Luna", middle_names="Grace", postcode="")
    found = explain(one, other)
    assert (found.by_sum, found.compared.decision) == (Decision.POSSIBLE, Decision.DIFFERENT)
    said = list(verdict(found))
    assert "nobody is asked to look: OTHER_NAMES, " in said[1]
    assert "middle name" in said[1]
    assert "second name" not in said[1]
    assert "no home and surname that both agree" in said[1]
    twin = list(verdict(explain(ROSALIND, GENEVIEVE)))
    assert "holds it back: OTHER_FORENAME" in twin[1]


# ---- typed in ----------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["O&apos;Halloran", "N\u00c3\u00ba\u00c3\u00b1ez"])
def test_typed_names_are_read_as_they_were_meant(written: str) -> None:
    """An entity of HTML, and UTF-8 that was read as Latin-1."""
    meant = {"O&apos;Halloran": "O'Halloran"}.get(written, "Núñez")
    records = f'[{{"surname": "{written}"}}, {{"surname": "{meant}"}}]'
    first, second = typed_table(records.encode()).rows
    assert first.demographics == second.demographics
    assert first.demographics.surname == meant


def test_two_records_as_json_or_csv() -> None:
    as_json = b' [{"forename": "Ella", "dob": "2015-03-04"}, {"record_id": "x", "surname": null}]'
    as_csv = b"\xef\xbb\xbfforename,dob\r\nElla,2015-03-04\r\nTom,\r\n"
    first, second = typed_table(as_json).rows
    assert (first.id, second.id) == ("1", "x")
    assert first.demographics == child("Ella", "", "2015-03-04")
    assert second.demographics == Demographics()
    again, tom = typed_table(as_csv).rows
    assert again == first
    assert tom.demographics.forename == "Tom"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'[{"forename": "SECRET"}]',
        b'{"forename": "SECRET"}',
        b'[{"forename": "SECRET"}, {"SECRET": "x"}]',
        b'[{"forename": ["SECRET"]}, {}]',
        b'[{"forename": 7}, {}]',
        b'[{"forename": "SECRET',
        b'[{"record_id": "SECRET"}, {"record_id": "SECRET"}]',
        b"forename\nSECRET\n",
        b"SECRET,SECRETS\na,b\nc,d\n",
        b"forename\nSECRET\nb\nc\n",
        b"forename\n\xff\xfe\n",
        b"forename\n\0\n",
        b"forename\n" + b"SECRET\n" * MOST_TYPED,
    ],
)
def test_what_is_not_two_records_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        typed_table(content)
    assert "SECRET" not in str(refused.value)
