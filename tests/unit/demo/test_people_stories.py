"""The stories' expectations hold in the files themselves, and the rule behind them is a narrow
one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from deploy.demo.people import Population, Story
from deploy.demo.people.agencies import AGENCIES, AREAS
from deploy.demo.people.children import Child, Sighting
from deploy.demo.people.exports import Row
from deploy.demo.people.likeness import Lookalikes, recognisable
from deploy.demo.people.records import Record
from fakes.federations import EVERY_CODE, NOW
from fakes.refusals import refused
from fingerpost.private.demographics import Demographics, OtherName, Sex
from fingerpost.private.justification import Facts, Justification
from fingerpost.private.linkage.normal_form import normalise
from fingerpost.private.linkage.strength import require_answerable
from fingerpost.private.purpose_rules import PurposeRule, require_stated, terms_in_force
from fingerpost.protocol.codes import COARSE, AgencyKind, Kind, Purpose, Reach, Role
from fingerpost.protocol.errors import Code
from fingerpost.protocol.federation import Agency
from fingerpost.protocol.ids import AgencyId
from practitioner.cli.facts import read_facts

SLUGS = (
    "four-agencies",
    "former-surname",
    "school-concern",
    "moved-by-number",
    "moved-by-names",
    "no-school",
    "one-twin",
    "nobody",
    "shielded",
    "sensitive",
    "stopped-node",
    "too-little",
    "not-for-this-role",
)
Held = tuple[AgencyId, Row]


def _rows(population: Population) -> Iterator[Held]:
    for export in population.exports:
        yield from ((export.agency.id, row) for row in export.named_rows())


def _story(population: Population, slug: str) -> Story:
    return next(story for story in population.stories if story.slug == slug)


def _same_birth(population: Population, story: Story) -> list[Held]:
    """Every row of any file with the date of birth that is asked about: all that could be the
    child.
    """
    dob = story.asked.dob
    assert isinstance(dob, date)
    return [(agency, row) for agency, row in _rows(population) if row["dob"] == dob.isoformat()]


def test_all_stories_are_told(population: Population) -> None:
    assert tuple(story.slug for story in population.stories) == SLUGS


_EVERYBODYS = {
    "EDU_SCHOOL", "EDU_EARLY_YEARS", "EDU_WELFARE", "EDU_SEND", "GP", "HEALTH_VISITING",
    "SCHOOL_NURSING", "CSC_FRONT_DOOR",
}  # fmt: skip
_SENSITIVE = {"DOMESTIC_ABUSE", "MENTAL_HEALTH", "SUBSTANCE_MISUSE"}
_GUARDED = {"POLICE_PROTECTION", "YOUTH_JUSTICE", "HOUSING"}


def _may_show(kind: str, story: Story) -> bool:
    """Which kinds of the exports a purpose may be shown, written out."""
    if kind in _SENSITIVE:
        return False
    grave = "reason=LIKELY_SIGNIFICANT_HARM" in story.facts
    if story.purpose is Purpose.S47_ENQUIRY or grave:
        return True
    if story.purpose is Purpose.SAFEGUARDING_CONCERN:
        return kind in _EVERYBODYS
    assert story.purpose in {Purpose.URGENT_CARE, Purpose.REFERRAL_TRIAGE}
    return kind not in _GUARDED


def _may_be_shown(row: Row, story: Story) -> bool:
    if row["shield"] or row["sensitive"]:
        return False
    return row["lead"] == "yes" or _may_show(row["kind"], story)


def _facts(story: Story) -> Facts:
    return read_facts(list(story.facts), story.purpose, NOW)


def test_every_story_obeys_its_purpose(population: Population) -> None:
    agencies = {agency.id: agency for agency in AGENCIES}
    for story in population.stories:
        requester = agencies[story.requester]
        listed = Agency(requester.id, requester.name, requester.kind, requester.node)
        why = Justification(story.purpose, story.reference, facts=_facts(story))
        if story.refused is PurposeRule.ROLE_OF_PURPOSE:
            with refused(Code.NOT_ALLOWED, PurposeRule.ROLE_OF_PURPOSE):
                terms_in_force(story.purpose, story.role, listed, EVERY_CODE)
            continue
        terms = terms_in_force(story.purpose, story.role, listed, EVERY_CODE)
        assert story.reach is terms.reach
        assert story.reach in terms.reaches
        require_stated(why, terms, replace(story.asked, health_number=""), int(NOW))
        answering = story.involved | story.silent | story.gaps
        assert story.requester not in answering
        assert not story.involved & story.silent
        assert not story.gaps & (story.involved | story.silent)
        assert not story.beyond & (answering | {story.requester})
    assert len(population.requesters) <= 5


def test_a_purpose_of_the_own_area_asks_nobody_beyond_it(population: Population) -> None:
    narrow = {s.slug for s in population.stories if s.reach is Reach.AREA}
    assert narrow == {"school-concern", "no-school", "shielded"}
    for story in population.stories:
        outside = {a.id for a in AGENCIES if story.requester.area not in a.serves}
        assert story.beyond == (outside if story.slug in narrow else set())
        assert len(outside) >= 20


def test_who_must_show_has_a_row_that_may_be_told(population: Population) -> None:
    for story in population.stories:
        if story.refused is not None:
            continue
        rows = _same_birth(population, story)
        for agency in story.involved | (story.gaps & {a for a, _ in rows}):
            mine = [row for who, row in rows if who == agency]
            assert mine, story.slug
            assert not any(row["shield"] for row in mine)
            assert any(
                row["sex"] in {"", _letter(story.asked.sex)} and _may_be_shown(row, story)
                for row in mine
            )


def test_who_must_not_show_has_no_row_that_may_be_told(population: Population) -> None:
    """But for the twin, and those in whose area nobody said that the child lived, nobody at a
    silent agency was even born on that day."""
    served = {agency.id: agency.serves for agency in AGENCIES}
    for story in population.stories:
        if story.refused is not None or story.slug == "one-twin":
            continue
        given = {story.asked.postcode, *story.asked.former_postcodes}
        for agency, row in _same_birth(population, story):
            away = served[agency].isdisjoint(served[story.requester]) and (
                row["postcode"] not in given
            )
            if agency in story.silent and not away:
                assert not _may_be_shown(row, story), story.slug


def test_whoever_holds_only_what_the_terms_withhold_is_silent(population: Population) -> None:
    for story in population.stories:
        if story.refused is not None:
            continue
        rows = _same_birth(population, story)
        held = {agency for agency, _ in rows} - story.beyond - story.gaps - {story.requester}
        for agency in held - story.involved:
            mine = [row for who, row in rows if who == agency]
            if not any(_may_be_shown(row, story) for row in mine):
                assert agency in story.silent, (story.slug, agency)


def test_four_agencies_of_different_kinds_by_either_surname(population: Population) -> None:
    now, then = _story(population, "four-agencies"), _story(population, "former-surname")
    assert len(now.involved) >= 3
    kinds = {
        COARSE[Kind[row["kind"]]]
        for agency, row in _same_birth(population, now)
        if agency in now.involved
    }
    assert len(kinds) == len(now.involved)
    assert now.asked.dob == then.asked.dob
    assert now.asked.surname != then.asked.surname
    assert not then.asked.other_names
    assert then.involved
    for agency, row in _same_birth(population, then):
        if agency in then.involved:
            assert then.asked.surname in row["aliases"]


def test_the_four_records_differ(population: Population) -> None:
    """Real errors stand between them: not all four say the same."""
    story = _story(population, "four-agencies")
    written = {
        (row["forename"], row["surname"].upper(), row["postcode"])
        for agency, row in _same_birth(population, story)
        if agency in story.involved
    }
    assert len(written) >= 2


def test_where_a_child_lived_is_told_to_who_knows_it(population: Population) -> None:
    """Without the former postcode the other area's council alone may say to ring it."""
    by_number = _story(population, "moved-by-number")
    by_names = _story(population, "moved-by-names")
    home = by_number.requester.area
    councils = {a.id for a in AGENCIES if a.kind is AgencyKind.LOCAL_AUTHORITY}
    assert {agency.area for agency in by_names.involved} == {area.code for area in AREAS}
    assert {a for a in by_number.involved if a.area != home} <= councils
    told = {a for a in by_names.involved if a.area != home}
    assert told & by_number.silent, "the same agency, with and without the postcode"
    assert by_number.asked.health_number
    assert not by_number.asked.other_names
    assert not by_number.asked.former_postcodes
    assert not by_names.asked.health_number
    for agency, row in _same_birth(population, by_names):
        if agency in told - councils:
            assert row["surname"].upper() != by_names.asked.surname.upper()
            assert row["postcode"] in by_names.asked.former_postcodes


def test_the_tier_of_a_purpose_is_seen(population: Population) -> None:
    """The same child: urgent care and the school's lead are shown less than is held."""
    for slug, hidden in (
        ("four-agencies", {"POLICE_PROTECTION"}),
        ("school-concern", {"POLICE_PROTECTION", "CSC_CP"}),
        ("no-school", {"HOUSING"}),
    ):
        story = _story(population, slug)
        kinds = {row["kind"]: agency for agency, row in _same_birth(population, story)}
        withheld = {kind for kind, agency in kinds.items() if agency in story.silent}
        assert withheld == hidden, slug
    grave = _story(population, "shielded")
    shown = {
        row["kind"] for agency, row in _same_birth(population, grave) if agency in grave.involved
    }
    assert shown == {"GP", "POLICE_PROTECTION"}


def test_the_school_asks_about_its_own_pupil(population: Population) -> None:
    story = _story(population, "school-concern")
    assert (story.role, story.purpose) == (Role.DSL, Purpose.SAFEGUARDING_CONCERN)
    mine = [row for a, row in _same_birth(population, story) if a == story.requester]
    assert [row["kind"] for row in mine] == ["EDU_SCHOOL"]
    assert story.asked == _story(population, "four-agencies").asked
    assert len(story.involved) == 1


def test_one_agency_says_less_to_the_school_than_to_the_hospital(population: Population) -> None:
    concern, urgent = _story(population, "school-concern"), _story(population, "four-agencies")
    assert len(concern.coarse) == 1
    assert concern.coarse == concern.involved == urgent.exact
    assert not urgent.coarse
    kinds = {row["kind"] for a, row in _same_birth(population, concern) if a in concern.coarse}
    assert kinds == {"GP"}


def test_a_mental_health_team_is_silent(population: Population) -> None:
    story = _story(population, "sensitive")
    teams = {a for a, row in _same_birth(population, story) if row["kind"] == "MENTAL_HEALTH"}
    assert teams
    assert teams <= story.silent


def test_no_school_names_the_child_who_has_none(population: Population) -> None:
    story = _story(population, "no-school")
    schools = {agency.id for agency in AGENCIES if Kind.EDU_SCHOOL in agency.offers}
    assert story.silent | story.beyond >= schools
    own = {school for school in schools if school.area == story.requester.area}
    assert story.silent >= own
    assert len(own) >= 7
    assert len(schools) >= 14
    assert story.asked.dob is not None
    assert story.involved
    leads = {a for a, row in _same_birth(population, story) if row["lead"] and row["early_help"]}
    assert len(leads & story.involved) == 1


def test_only_the_other_twins_agency_must_stay_silent(population: Population) -> None:
    story = _story(population, "one-twin")
    lurking = [
        (agency, row) for agency, row in _same_birth(population, story) if agency in story.silent
    ]
    assert lurking, "without the twin's own agency the story proves nothing"
    for _, row in lurking:
        assert row["surname"].upper() == story.asked.surname.upper()
        assert row["postcode"] == story.asked.postcode
        assert row["forename"] != story.asked.forename
        assert row["sex"] in {"", _letter(story.asked.sex)}


def test_nobody_knows_the_stranger(population: Population) -> None:
    story = _story(population, "nobody")
    assert not story.involved
    assert len(story.silent) == len(AGENCIES) - 1
    assert not _same_birth(population, story)


def test_a_shielded_row_lurks_in_the_shielded_story(population: Population) -> None:
    story = _story(population, "shielded")
    hidden = {a for a, row in _same_birth(population, story) if row["shield"] == "yes"}
    assert hidden
    assert hidden <= story.silent
    assert story.involved


def test_sensitive_rows_lurk_in_the_sensitive_story(population: Population) -> None:
    story = _story(population, "sensitive")
    hidden = {a for a, row in _same_birth(population, story) if row["sensitive"] == "yes"}
    assert len(hidden) == 2
    assert hidden <= story.silent


def test_the_stopped_node_hosts_an_agency_that_knows_the_child(population: Population) -> None:
    story = _story(population, "stopped-node")
    assert story.stop is not None
    assert story.gaps == {agency.id for agency in AGENCIES if agency.node == story.stop}
    assert story.gaps & {agency for agency, _ in _same_birth(population, story)}
    assert not story.gaps & (story.involved | story.silent)
    assert story.involved


def test_a_name_alone_must_be_refused(population: Population) -> None:
    story = _story(population, "too-little")
    with refused(Code.WEAK_INPUT, story.refused):
        require_answerable(normalise(story.asked))
    asked = story.asked
    assert (asked.dob, asked.postcode, asked.health_number, asked.upn) == (None, "", "", "")


def test_a_role_that_may_not_ask_must_be_refused(population: Population) -> None:
    """It states all that the purpose takes, so that only the role can be the reason."""
    story = _story(population, "not-for-this-role")
    assert story.refused is PurposeRule.ROLE_OF_PURPOSE
    allowed = _story(population, "moved-by-number")
    assert (story.purpose, story.reference, story.facts, story.reach) == (
        allowed.purpose, allowed.reference, allowed.facts, allowed.reach,
    )  # fmt: skip
    assert story.role is not allowed.role
    assert any((s.requester, s.role) == (story.requester, story.role) and not s.refused
               for s in population.stories), "its practitioner has an account"  # fmt: skip
    assert story.asked.dob is not None
    assert not story.involved | story.silent | story.beyond


def _letter(sex: Sex | None) -> str:
    return {Sex.FEMALE: "F", Sex.MALE: "M", None: ""}[sex]


# ---- the rule behind the expectations ----------------------------------------------------------

BORN = date(2014, 5, 9)
ASKED = Demographics(forename="Michaela", surname="Neumann", dob=BORN, postcode="WX42 2DQ")
HELD = Record("Michaela", "", "Neumann", (), "2014-05-09", Sex.FEMALE, "WX42 2DQ", "", "")


@pytest.mark.parametrize(
    "held",
    [
        HELD,
        replace(HELD, forename="Mikaela"),
        replace(HELD, surname="Neuman"),
        replace(HELD, postcode="WX42 3DQ"),
        replace(HELD, postcode="HW91 7LQ"),
        replace(HELD, surname="Tiller", aliases=(OtherName("Michaela", "Neumann"),)),
    ],
)
def test_recognisable(held: Record) -> None:
    assert recognisable(ASKED, held)


@pytest.mark.parametrize(
    "held",
    [
        replace(HELD, dob="2014-09-05"),
        replace(HELD, dob=""),
        replace(HELD, dob="2014-05-39"),
        replace(HELD, forename="Ruby"),
        replace(HELD, forename="Michafla"),  # the sound is another: somebody might dispute it
        replace(HELD, surname="Tiller"),
        replace(HELD, surname="Neuman", postcode="WX17 9BQ"),
        replace(HELD, surname=""),
    ],
)
def test_not_recognisable(held: Record) -> None:
    assert not recognisable(ASKED, held)


def test_a_number_finds_another_surname_but_not_another_child() -> None:
    asked = replace(ASKED, health_number="9990000018")
    held = replace(HELD, surname="Tiller", postcode="HW17 9BQ", health_number="9990000018")
    assert recognisable(asked, held)
    assert not recognisable(asked, replace(held, forename="Ruby"))
    assert not recognisable(asked, replace(HELD, health_number="9990000026"))


def _child(number: int, forename: str, surname: str, dob: date, postcode: str) -> Child:
    sighting = Sighting(forename, surname, dob.isoformat(), postcode)
    return Child(
        number, AREAS[0], forename, "", surname, dob, Sex.FEMALE, postcode, "", "", (sighting,)
    )


def test_who_stands_alone() -> None:
    child = _child(1, "Michaela", "Neumann", BORN, "WX42 2DQ")
    far = _child(2, "Ruby", "Tiller", date(2012, 1, 20), "WX17 9BQ")
    assert Lookalikes([child, far]).stands_alone(child)
    for other in (
        replace(far, sightings=(replace(far.sightings[0], dob="2014-05-09"),)),
        replace(far, sightings=(replace(far.sightings[0], dob="2014-09-05"),)),
        _child(2, "Ruby", "Newman", date(2012, 1, 20), "WX24 2DQ"),
    ):
        assert not Lookalikes([child, other]).stands_alone(child)
    twin = _child(2, "Ruby", "Neumann", BORN, "WX42 2DQ")
    assert Lookalikes([child, twin]).stands_alone(replace(child, twin=2))
    assert not Lookalikes([child, twin]).stands_alone(child)
