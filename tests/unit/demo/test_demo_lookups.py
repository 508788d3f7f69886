"""When a lookup of the demonstration is asked again: for gaps that load made, and for nothing
else.
"""

from __future__ import annotations

from dataclasses import replace
from subprocess import CompletedProcess
from typing import Any

import pytest

from deploy.demo.lookups import differences, is_refusal, late_agencies, role_words
from deploy.demo.people import Population, Story
from fingerpost.private.linkage.strength import WeakRule
from fingerpost.private.purpose_rules import PurposeRule
from fingerpost.protocol.codes import Role
from fingerpost.protocol.errors import Code
from fingerpost.protocol.ids import AgencyId
from practitioner.present.refusals import BY_CODE, BY_RULE


@pytest.fixture
def story(population: Population) -> Story:
    return next(each for each in population.stories if each.slug == "four-agencies")


def outcome(story: Story, **changed: str) -> dict[str, Any]:
    """As it must be, but for the agencies ``known`` and ``unknown``, one of each."""
    status = dict.fromkeys(sorted(map(str, story.silent)), "NOTHING_TO_DISCLOSE")
    status |= dict.fromkeys(sorted(map(str, story.involved)), "INVOLVED")
    for which, value in changed.items():
        status[min(map(str, story.involved if which == "known" else story.silent))] = value
    return {
        "agencies": [
            {
                "id": id_,
                "status": each,
                "pointers": [{"kind": None if AgencyId(id_) in story.coarse else "GP"}],
            }
            for id_, each in status.items()
        ],
        "complete": set(status.values()) <= {"INVOLVED", "NOTHING_TO_DISCLOSE"},
        "not_connected": ["one"],
        "rejected_answers": [],
    }


def test_an_outcome_as_it_must_be_is_not_asked_for_again(story: Story) -> None:
    assert differences(story, outcome(story), frozenset()) == []
    assert late_agencies(story, outcome(story), frozenset()) == frozenset()


@pytest.mark.parametrize("gap", ["NO_REPLY", "TRY_AGAIN"])
@pytest.mark.parametrize("which", ["known", "unknown"])
def test_a_gap_that_load_made_is_asked_about_again(story: Story, which: str, gap: str) -> None:
    found = outcome(story, **{which: gap})
    late = min(map(str, story.involved if which == "known" else story.silent))
    assert late_agencies(story, found, frozenset()) == {late}
    assert differences(story, found, frozenset()), "it is still not as it must be"


@pytest.mark.parametrize(
    "changed",
    [
        {"known": "NOTHING_TO_DISCLOSE"},
        {"unknown": "INVOLVED"},
        {"known": "CANNOT_ANSWER"},
        {"known": "NOTHING_TO_DISCLOSE", "unknown": "NO_REPLY"},
        {"known": "NO_REPLY", "unknown": "INVOLVED"},
    ],
)
def test_a_wrong_answer_is_never_asked_for_again(story: Story, changed: dict[str, str]) -> None:
    found = outcome(story, **changed)
    assert late_agencies(story, found, frozenset()) == frozenset()
    assert differences(story, found, frozenset())


@pytest.mark.parametrize(
    "broken", [{"complete": True}, {"not_connected": []}, {"rejected_answers": ["one"]}]
)
def test_a_gap_beside_a_false_statement_is_final(story: Story, broken: dict[str, Any]) -> None:
    found = outcome(story, known="NO_REPLY") | broken
    assert late_agencies(story, found, frozenset()) == frozenset()


def test_the_gaps_of_a_stopped_node_are_part_of_the_story(story: Story) -> None:
    agency = min(story.involved, key=str)
    gap = replace(story, involved=story.involved - {agency}, gaps=frozenset({agency}))
    found = outcome(story, known="NO_REPLY")
    assert differences(gap, found, frozenset({str(agency)})) == []
    assert late_agencies(gap, found, frozenset({str(agency)})) == frozenset()


@pytest.mark.parametrize(
    ("role", "words"),
    [
        (Role.ED_CLINICIAN, "ED clinician"),
        (Role.DEPUTY_DSL, "deputy DSL"),
        (Role.POLICE_PVP, "police PVP"),
        (Role.VCS_SAFEGUARDING_LEAD, "VCS safeguarding lead"),
        (Role.GP, "GP"),
    ],
)
def test_a_role_is_written_as_people_write_it(role: Role, words: str) -> None:
    assert role_words(role) == words


def test_an_agency_beyond_the_reach_may_not_even_be_asked(population: Population) -> None:
    story = next(each for each in population.stories if each.slug == "school-concern")
    assert differences(story, outcome(story), frozenset()) == []
    beyond = min(map(str, story.beyond))
    found = outcome(story)
    found["agencies"].append({"id": beyond, "status": "NOTHING_TO_DISCLOSE", "pointers": []})
    assert differences(story, found, frozenset()) == [f"{beyond} was asked"]


@pytest.mark.parametrize(
    ("status", "printed", "said", "right"),
    [
        (4, "", BY_RULE[PurposeRule.ROLE_OF_PURPOSE], True),
        (4, "", BY_CODE[Code.SIGN_IN], False),
        (4, "{}", BY_RULE[PurposeRule.ROLE_OF_PURPOSE], False),
        (0, "", BY_RULE[PurposeRule.ROLE_OF_PURPOSE], False),
    ],
)
def test_a_refusal_for_another_reason_is_not_the_right_one(
    status: int, printed: str, said: str, right: bool
) -> None:
    done = CompletedProcess([], status, printed, f"fingerpost: {said}\n")
    assert is_refusal(done, PurposeRule.ROLE_OF_PURPOSE) == right
    assert not is_refusal(done, WeakRule.TOO_LITTLE)


def test_who_names_more_or_less_than_its_agreement_says_is_wrong(story: Story) -> None:
    agency = min(story.exact, key=str)
    found = outcome(story)
    assert differences(story, found, frozenset()) == []
    coarse = replace(story, exact=frozenset(), coarse=story.exact)
    assert differences(coarse, found, frozenset()) == [f"{agency} named its service"]
    (shown,) = (each for each in found["agencies"] if each["id"] == str(agency))
    shown["pointers"] = [{"kind": None}]
    assert differences(coarse, found, frozenset()) == []
    assert differences(story, found, frozenset()) == [f"{agency} did not name its service"]
