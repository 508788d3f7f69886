"""A shielded child in a feed that knows her twice, under other details, or no longer as shielded:
no lookup of the federation names the agency that shields her.

This is the case that ContactPoint lost, and its variants.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from agency_node.answering.matching import Finding
from agency_node.records.refuges import canonical, lives_there
from agency_node.records.shields import SetBy
from effort import profile
from fakes.fed_agency import FedAgency
from fakes.import_world import row
from fakes.justified import justified
from fakes.simulated_gateway import SimGateway
from fakes.wexcombe import AMINA, COUNCIL, ELM, OAK, OTHER, QUESTION, SCHOOLS, build, of
from federation import World
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import (
    BlockingKey,
    NormalForm,
    Scope,
    Side,
    blocking_keys,
    normalise,
)
from fingerpost.protocol.codes import AgencyKind, Purpose, Status
from practitioner.asking.outcome import Question

NUMBER = "943 476 5919"
SHE = {
    "local_id": "A1",
    "forename": "Amina",
    "surname": "Hartley",
    "dob": "2015-03-09",
    "sex": "F",
    "postcode": "WX4 7QD",
    "desk_phone": "01632 960123",
}
STRANGER = row(
    1, local_id="T9", forename="Tomasz", surname="Zielinski", dob="2012-11-02", postcode="WX1 1AA"
)  # fmt: skip
FLED = {"surname": "Okonkwo-Lind", "postcode": "BN9 2ZX"}


def line(**changes: str) -> str:
    return row(1, **{**SHE, **changes})


def asked(**changes: Any) -> Question:
    return Question(replace(AMINA, **changes), justified(Purpose.S47_ENQUIRY))


FLAGGED = line(shield="yes")
CASES: dict[str, tuple[list[str], list[str], Question]] = {
    "the feed knows her twice": (
        [FLAGGED, line(local_id="B2")], [], asked(),
    ),
    "former surname": (
        [FLAGGED], [line(local_id="B2", surname="Okonkwo-Lind")], asked(surname="Okonkwo-Lind"),
    ),
    "day and month swapped": (
        [FLAGGED], [line(local_id="B2", dob="2015-09-03")], asked(dob=date(2015, 9, 3)),
    ),
    "another postcode": (
        [FLAGGED], [line(local_id="B2", postcode="BN9 2ZX")], asked(postcode="BN9 2ZX"),
    ),
    "one number": (
        [line(shield="yes", health_number=NUMBER)],
        [line(local_id="B2", health_number=NUMBER, forename="Zelda", dob="2014-01-30", **FLED)],
        asked(forename="Zelda", surname="Okonkwo-Lind", dob=date(2014, 1, 30), postcode="BN9 2ZX"),
    ),
    "three rows of one file": (
        [FLAGGED, line(local_id="B2", forename="Aminah"), line(local_id="C3", dob="2015-03-08")],
        [],
        asked(),
    ),
    "again, without the flag": ([FLAGGED], [line()], asked()),
    "merged under another number": (
        [FLAGGED, line(local_id="B2", surname="Osei", health_number=NUMBER)],
        [line(local_id="M7", surname="Osei", health_number=NUMBER, aliases="Amina Hartley")],
        asked(),
    ),
    "after a flight, surname and home at once": (
        [FLAGGED],
        [line(local_id="B2", **FLED)],
        asked(surname="Okonkwo-Lind", postcode="BN9 2ZX"),
    ),
    "after a flight, and spelt otherwise": (
        [FLAGGED],
        [line(local_id="B2", forename="Aminah", dob="2015-03-08", **FLED)],
        asked(forename="Aminah", dob=date(2015, 3, 8), surname="Okonkwo-Lind", postcode="BN9 2ZX"),
    ),
}  # fmt: skip


@pytest.fixture
def school(world: World) -> FedAgency:
    return FedAgency(world.nodes[SCHOOLS], OAK)


async def told(gateway: SimGateway, question: Question) -> Status:
    found = of(await gateway.ask(question), OAK)
    assert bool(found.pointers) == (found.status is Status.INVOLVED)
    return found.status


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_no_lookup_names_an_agency_that_shields_the_child(
    gateway: SimGateway, school: FedAgency, case: tuple[list[str], list[str], Question]
) -> None:
    first, then, question = case
    for lines in filter(None, (first, then)):
        school.import_([STRANGER, *(text.replace(",yes,", ",,") for text in lines)])
    assert await told(gateway, question) is Status.INVOLVED  # whoever has no shield is found so
    for lines in filter(None, (first, then)):
        school.import_([STRANGER, *lines])
        assert await told(gateway, question) is Status.NOTHING_TO_DISCLOSE
        assert await told(gateway, QUESTION) is Status.NOTHING_TO_DISCLOSE
    assert await told(gateway, Question(OTHER, QUESTION.justification)) is Status.INVOLVED


async def test_a_shield_set_by_hand_meets_her_under_new_details_too(
    gateway: SimGateway, school: FedAgency
) -> None:
    """Her new practice has her new details, and shields her by what a survivor's worker knows."""
    school.import_([STRANGER, line(local_id="N1", **FLED)])
    question = asked(surname="Okonkwo-Lind", postcode="BN9 2ZX")
    assert await told(gateway, question) is Status.INVOLVED
    school.shield(AMINA)
    assert await told(gateway, question) is Status.NOTHING_TO_DISCLOSE


async def test_who_asks_about_a_shielded_child_in_no_file_is_recorded(
    world: World, gateway: SimGateway, school: FedAgency
) -> None:
    """The answer is that about an unknown child; the school's log has it."""
    school.import_([STRANGER, FLAGGED])
    school.import_([STRANGER])
    assert await told(gateway, QUESTION) is Status.NOTHING_TO_DISCLOSE
    recorded = world.nodes[SCHOOLS].findings(OAK)
    assert set(recorded) == {Finding.MATCH}
    nobody = replace(AMINA, forename="Zelda", surname="Nobody", dob=date(2012, 5, 5), postcode="")
    assert await told(gateway, Question(nobody, QUESTION.justification)) is not Status.INVOLVED
    assert world.nodes[SCHOOLS].findings(OAK) == recorded


async def test_a_shield_says_nothing_to_another_agency_of_the_host(
    world: World, gateway: SimGateway, school: FedAgency
) -> None:
    other = FedAgency(world.nodes[SCHOOLS], ELM)
    for each in (school, other):
        each.import_([STRANGER, line()])
    school.shield(AMINA)
    outcome = await gateway.ask(QUESTION)
    assert of(outcome, OAK).status is Status.NOTHING_TO_DISCLOSE
    assert of(outcome, ELM).status is Status.INVOLVED
    assert not other.register.shields


async def test_who_people_say_is_another_child_is_found_again(
    gateway: SimGateway, school: FedAgency
) -> None:
    namesake = line(local_id="N1", **FLED)
    question = asked(surname="Okonkwo-Lind", postcode="BN9 2ZX")
    school.import_([STRANGER, FLAGGED, namesake])
    [likely] = school.register.likely
    assert likely.shield == 1
    assert await told(gateway, question) is Status.NOTHING_TO_DISCLOSE
    school.decide(same=False)
    school.import_([STRANGER, FLAGGED, namesake])
    assert school.register.likely == ()
    assert await told(gateway, question) is Status.INVOLVED
    assert await told(gateway, QUESTION) is Status.NOTHING_TO_DISCLOSE


async def test_who_people_say_is_the_child_is_shielded_like_her(
    gateway: SimGateway, school: FedAgency
) -> None:
    school.import_([STRANGER, FLAGGED, line(local_id="N1", **FLED)])
    school.decide(same=True)
    school.import_([STRANGER, line(local_id="P5", forename="Zelda", **FLED)])
    school.import_([STRANGER, line(local_id="N1", forename="Zelda", dob="2014-01-30", **FLED)])
    question = asked(
        forename="Zelda", surname="Okonkwo-Lind", dob=date(2014, 1, 30), postcode="BN9 2ZX"
    )
    assert await told(gateway, question) is Status.NOTHING_TO_DISCLOSE


# ---- refuges ------------------------------------------------------------------------------------

REFUGE = "B99 4RF"


async def test_the_postcode_of_a_refuge_shields_whoever_has_it(
    gateway: SimGateway, school: FedAgency
) -> None:
    lives_there = line(postcode=REFUGE)
    school.import_([STRANGER, lives_there])
    question = asked(postcode=REFUGE)
    assert await told(gateway, question) is Status.INVOLVED
    school.name_refuge(REFUGE.lower())
    assert await told(gateway, question) is Status.NOTHING_TO_DISCLOSE  # before the next import
    school.import_([STRANGER, lives_there])
    assert await told(gateway, question) is Status.NOTHING_TO_DISCLOSE
    assert await told(gateway, asked(postcode="")) is Status.NOTHING_TO_DISCLOSE
    school.import_([STRANGER, line(postcode="BN9 2ZX")])  # she has left it again
    assert await told(gateway, asked(postcode="BN9 2ZX")) is Status.NOTHING_TO_DISCLOSE
    assert await told(gateway, Question(OTHER, QUESTION.justification)) is Status.INVOLVED


async def test_the_postcode_of_a_refuge_is_in_no_record_no_key_and_no_shield(world: World) -> None:
    school = FedAgency(world.nodes[SCHOOLS], OAK)
    school.shield(replace(AMINA, forename="Zelda", postcode=REFUGE))
    school.name_refuge(REFUGE)
    lines = [
        STRANGER,
        line(postcode=REFUGE),
        row(2, postcode=REFUGE, shield="yes"),
    ]
    school.import_(lines)
    school.shield(replace(AMINA, surname="Osei", postcode="WX1 1AA", former_postcodes=(REFUGE,)))
    school.import_(lines)
    kept = [form for shield in school.register.shields for form in shield.forms]
    kept += [record.demographics for record in world.nodes[SCHOOLS].children[OAK]]
    assert {shield.set_by for shield in school.register.shields} >= {SetBy.REFUGE, SetBy.PERSON}
    there, nowhere = (normalise(replace(AMINA, postcode=code)) for code in (REFUGE, ""))
    of_there = _keys(there) - _keys(nowhere)
    assert of_there
    for who in kept:
        form = normalise(who)
        assert not lives_there(form, {canonical(REFUGE)})
        assert of_there.isdisjoint(_keys(form))


def _keys(form: NormalForm) -> set[BlockingKey]:
    return set(blocking_keys(form, side=Side.RECORD, scope=Scope.WIDE))


def test_a_refuge_is_no_kind_of_agency() -> None:
    """It stands in no member list, no directory and no map."""
    assert not any("REFUGE" in kind.name for kind in AgencyKind)


# ---- any sequence -------------------------------------------------------------------------------

FORENAMES = ("Amina", "Aminah", "Amnia", "A", "")
SURNAMES = ("Hartley", "Okonkwo-Lind", "Osei")
DATES = (date(2015, 3, 9), date(2015, 9, 3), date(2015, 3, 8))
HOMES = ("WX4 7QD", "BN9 2ZX", "")
forms = st.builds(
    Demographics,
    forename=st.sampled_from(FORENAMES),
    surname=st.sampled_from(SURNAMES),
    dob=st.sampled_from(DATES),
    postcode=st.sampled_from(HOMES),
    health_number=st.sampled_from(("", NUMBER)),
)
rows = st.lists(st.tuples(forms, st.integers(1, 3)), max_size=3, unique_by=lambda each: each[1])


def written(who: Demographics, own: int, *, flag: bool = False) -> str:
    return line(
        local_id=f"A{own}",
        forename=who.forename,
        surname=who.surname,
        dob=f"{who.dob}",
        postcode=who.postcode,
        health_number=who.health_number,
        shield="yes" if flag else "",
    )


class Feeds(RuleBasedStateMachine):
    """Imports and lookups in any order. Each row is of one child, under details that are hers but
    for a slip; once her school has shielded her, no lookup names it until people lift the shield.
    """

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.world = build()
        self.run(self.world.start())
        self.gateway = self.world.gateway(COUNCIL)
        self.school = FedAgency(self.world.nodes[SCHOOLS], OAK)
        self.school.import_([STRANGER])
        self.shielded = False

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.run(self.world.stop())
        self.runner.close()

    @rule(coming=rows)
    def a_file_comes(self, coming: list[tuple[Demographics, int]]) -> None:
        self.school.import_([STRANGER, *(written(who, own) for who, own in coming)])

    @rule(coming=rows, own=st.integers(1, 3))
    def a_file_flags_her(self, coming: list[tuple[Demographics, int]], own: int) -> None:
        flagged = written(replace(AMINA, health_number=""), own, flag=True)
        unflagged = [written(who, its) for who, its in coming if its != own]
        self.school.import_([STRANGER, *unflagged, flagged])
        self.shielded = True

    @rule()
    def a_person_shields_her(self) -> None:
        self.school.shield(AMINA)
        self.shielded = True

    @rule()
    def people_say_it_is_she(self) -> None:
        self.school.decide(same=True)

    @rule(coming=rows)
    def two_people_lift_the_shield(self, coming: list[tuple[Demographics, int]]) -> None:
        self.school.lift_all()
        self.shielded = False

    @precondition(lambda self: self.shielded)
    @rule(who=forms)
    def somebody_asks(self, who: Demographics) -> None:
        question = Question(who, justified(Purpose.S47_ENQUIRY))
        try:
            found = self.run(told(self.gateway, question))
        except Exception as refused:  # noqa: BLE001 - too little to ask with
            assert "weak" in str(refused).lower(), refused
            return
        assert found is not Status.INVOLVED

    @rule()
    def somebody_asks_about_another(self) -> None:
        found = self.run(told(self.gateway, Question(OTHER, QUESTION.justification)))
        assert found is Status.INVOLVED


Feeds.TestCase.settings = profile(8, steps=14)
TestFeeds = Feeds.TestCase
