"""What a node answers by its agreements: what they take away, and what a fault of them does."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from agency_node.answering.disclosure import Asks, disclose
from agency_node.answering.pages import RULES_NAMED, Ruled, opened, read_page, write_page
from agency_node.policy.agreement import Agreement, read_agreement
from agency_node.policy.places import Place
from agency_node.policy.vocabulary import Requester
from fakes.agreements import TODAY, agreement, ready_agreement, rule
from fakes.federations import NOW
from fakes.node_records import an_involvement
from fakes.node_world import (
    COUNCIL,
    HERE,
    NOTHING,
    SCHOOL,
    NodeWorld,
    a_child,
    a_record,
    a_world,
    another_child,
)
from fingerpost.protocol.codes import (
    AgencyKind,
    Cannot,
    CoarseKind,
    DeskKind,
    Kind,
    Purpose,
    Role,
    Status,
)
from fingerpost.protocol.table_of_terms import TERMS
from fingerpost.protocol.terms import row

LAST_YEAR = NOW - 600 * 24 * 60 * 60


def all_time(*rules: str) -> Agreement:
    """The rules by hand, in force when the tests' node answers."""
    first, last = ready_agreement(NOW).rules[0].first, ready_agreement(NOW).rules[0].last
    text = "\n".join(rules).replace("2026-01-01", str(first)).replace("2027-12-31", str(last))
    return read_agreement(text)


def known_at_school(held: Agreement | None) -> NodeWorld:
    world = a_world(school=(a_record(),))
    world.agreements[SCHOOL] = held
    return world


def test_an_agreement_takes_away_at_its_own_agency_alone() -> None:
    world = NodeWorld()
    world.put_all({SCHOOL: (a_record(),), COUNCIL: (a_record(),)})
    forbids = rule(f'principal in Area::"{HERE}", action, resource', id_="no", effect="forbid")
    world.agreements[SCHOOL] = all_time(rule(), forbids)
    assert world.words(world.query()) == {**NOTHING, COUNCIL: Status.INVOLVED}


def test_what_no_rule_permits_is_answered_as_if_the_child_were_unknown() -> None:
    other = rule('principal, action == Action::"EARLY_HELP", resource')
    world = known_at_school(all_time(other))
    part = world.part(world.query())
    unknown = world.part(world.query(a_child(forename="Zelda", surname="Nobody")))
    assert [answer.pointers for answer in part.agencies] == [()] * len(part.agencies)
    assert part.agencies == unknown.agencies


@pytest.mark.parametrize(
    "held",
    [
        None,
        ready_agreement(LAST_YEAR),
        all_time(rule(), rule(id_="no", effect="forbid")),
    ],
    ids=["cannot be read", "out of date", "permits nothing"],
)
def test_without_an_agreement_that_holds_nobody_is_answered_about_any_child(
    held: Agreement | None,
) -> None:
    """Attack, and mistake: an agreement that denies everything would read as a "no"."""
    world = known_at_school(held)
    for child in (a_child(), another_child(), a_child(forename="Zelda", surname="Nobody")):
        answers = {answer.agency: answer for answer in world.part(world.query(child)).agencies}
        assert answers[SCHOOL].status is Status.CANNOT_ANSWER
        assert answers[SCHOOL].reason is Cannot.FAULT
        assert answers[COUNCIL].status is not Status.CANNOT_ANSWER


def test_no_more_than_the_duty_desk_is_named() -> None:
    world = known_at_school(all_time(rule(detail="duty desk")))
    answers = {answer.agency: answer for answer in world.part(world.query()).agencies}
    (pointer,) = answers[SCHOOL].pointers
    assert (pointer.kind, pointer.desk) == (None, DeskKind.DUTY)
    assert (pointer.worker_name, pointer.worker_role, pointer.desk_phone) == ("", "", "")
    assert answers[SCHOOL].status is Status.INVOLVED


def test_an_agencys_own_practitioner_is_told_whatever_the_agreement() -> None:
    world = NodeWorld()
    world.put_all({COUNCIL: (a_record(),)})
    world.agreements[COUNCIL] = all_time(
        rule('principal, action == Action::"EARLY_HELP", resource')
    )
    assert world.words(world.query())[COUNCIL] is Status.INVOLVED
    (entry,) = [entry for entry in world.entries if entry.agency == COUNCIL]
    assert (entry.ruled.rules, entry.ruled.withheld) == ((), 0)


# ---- what is recorded ----------------------------------------------------------------------------


def ruled(world: NodeWorld) -> Ruled:
    world.ask(world.query())
    (entry,) = [entry for entry in world.entries if entry.agency == SCHOOL]
    return entry.ruled


def test_an_entry_says_which_version_and_rule_decided_and_what_was_disclosed() -> None:
    held = all_time(rule(id_="first", detail="duty desk"), rule(id_="second"))
    said = ruled(known_at_school(held))
    assert said == Ruled(bytes.fromhex(held.version), (1,), 0, (CoarseKind.EDUCATION.value,))


def test_an_entry_says_that_the_agreement_withheld_and_by_which_rule() -> None:
    no = rule('principal, action == Action::"S47_ENQUIRY", resource', id_="no", effect="forbid")
    said = ruled(known_at_school(all_time(rule(), no)))
    assert (said.rules, said.withheld, said.disclosed) == ((1,), 1, ())


def test_rules_that_permitted_come_before_rules_that_forbade() -> None:
    rows = (an_involvement(Kind.GP), an_involvement(Kind.EDU_SCHOOL), an_involvement(Kind.HOUSING))
    terms = row(TERMS, Purpose.S47_ENQUIRY, Role.SOCIAL_WORKER)
    assert terms is not None
    asking = Asks(
        Requester(COUNCIL, AgencyKind.LOCAL_AUTHORITY, Role.SOCIAL_WORKER),
        terms,
        False,
        Place.NAMED,
    )
    held = agreement(
        rule('principal, action, resource in Kind::"EDU_SCHOOL"', id_="a", effect="forbid"),
        rule('principal, action, resource in Tier::"UNIVERSAL"', id_="b"),
    )
    found = disclose(SCHOOL, [a_record(0, None, *rows)], asking, held.on(TODAY))
    assert [pointer.kind for pointer in found.pointers] == [CoarseKind.GP]
    assert (found.rules, found.withheld) == ((1, 0), 2)


def test_as_many_rules_are_recorded_as_there_is_room_for() -> None:
    world = a_world(school=(a_record(),))
    world.ask(world.query())
    (entry,) = [entry for entry in world.entries if entry.agency == SCHOOL]
    many = replace(entry, ruled=Ruled(bytes(16), tuple(range(20)), 30, (1,)))
    (back,) = opened([many], int(NOW))
    assert back.ruled == Ruled(bytes(16), tuple(range(RULES_NAMED)), 30, (1,))


def test_the_largest_ruling_fits_the_room_of_an_opening() -> None:
    world = a_world(school=(a_record(),))
    world.ask(world.query())
    (entry,) = [entry for entry in world.entries if entry.agency == SCHOOL]
    largest = Ruled(bytes(16), tuple(range(492, 500)), 255, (17,) * 8)
    without, with_it = (
        len(write_page([replace(entry, ruled=each)], 2**33)) for each in (Ruled(), largest)
    )
    assert with_it - without < 64


def test_a_page_of_the_release_before_is_read() -> None:
    """Its openings have no ruling."""
    world = a_world(school=(a_record(),))
    world.ask(world.query())
    entries = [entry for entry in world.entries if entry.agency == SCHOOL]
    page = msgspec.msgpack.decode(write_page(entries, int(NOW)))
    page[3] = [opening[:-1] for opening in page[3]]
    (back,) = read_page(msgspec.msgpack.encode(page))
    assert back.ruled == Ruled()
