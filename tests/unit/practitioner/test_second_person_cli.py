"""Approving and reviewing from the command line, each at her own sign-in."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pyotp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fakes.federations import EVERY_CODE, public
from fakes.justified import justified
from fakes.party_folder import COUNCIL
from fakes.refusals import refused
from fingerpost.private.approvals import ToApprove, require_approved
from fingerpost.private.purpose_rules import PurposeRule
from fingerpost.protocol.codes import AgencyKind, Purpose, Reach, Role
from fingerpost.protocol.errors import Code
from fingerpost.protocol.federation import Agency
from fingerpost.protocol.ids import AreaCode, MemberId
from practitioner.asking.desk import make_passport_key, read_passport_key
from practitioner.asking.outcome import Question
from practitioner.asking.second_persons import Found, SecondPersonRule
from practitioner.settings import GatewaySettings
from practitioner.sign_in.rules import approval_key
from practitioner.wiring import open_audit, open_people
from unit.practitioner.gateway_desk import CHILD, PASSWORD, THESSALY, Desk, Said

REVIEW = (
    *("lookup", "--purpose", "practice-review", "--reach", "NAMED", "--area", "e99000001"),
    *("--child", "-"),
)


class Person:
    """Somebody with an account and a session of her own at one gateway."""

    def __init__(self, desk: Desk, folder: Path, account: str, role: str) -> None:
        self.account = account
        added = desk.add("--account", account, "--role", role, "--json")
        secret = json.loads(added.out)["secret"]
        self.desk = replace(desk, session=folder / account, secret=secret)

    def sign_in(self) -> Person:
        typed = f"{PASSWORD}\n{pyotp.TOTP(self.desk.secret).now()}\n"
        told = self.run("sign-in", "--account", self.account, "--password-stdin", stdin=typed)
        assert told.status == 0, told.err
        return self

    def run(self, *arguments: str, stdin: str = json.dumps(CHILD)) -> Said:
        return self.desk.as_ann(*arguments, stdin=stdin)


@pytest.fixture
def person(desk: Desk, tmp_path: Path) -> Callable[[str, str], Person]:
    return lambda account, role: Person(desk, tmp_path, account, role).sign_in()


@pytest.fixture
def passport_key(gateway_settings: GatewaySettings) -> Ed25519PrivateKey:
    path = gateway_settings.agency(COUNCIL).passport_key
    make_passport_key(path, COUNCIL)
    return read_passport_key(path)


def number_in(told: Said) -> str:
    found = re.search(r"fingerpost approve ([0-9a-f]{16})", told.out)
    assert found, told
    return found[1]


def kinds(settings: GatewaySettings) -> list[str]:
    with closing(open_audit(settings, COUNCIL)) as log:
        return [each.kind for each in log.show(0, 2**40, decrypt=False)]


def test_a_question_waits_is_approved_by_another_person_and_asked(
    person: Callable[[str, str], Person],
    answered: list[Question],
    gateway_settings: GatewaySettings,
    passport_key: Ed25519PrivateKey,
) -> None:
    requester, other = person("requester", "team-manager"), person("other", "team-manager")
    told = requester.run(*REVIEW)
    assert "On duty: other (TEAM_MANAGER)" in told.out
    assert told.status == 5
    assert "Nobody has been asked yet." in told.out
    assert "If a child is in danger now, ring 999." in told.out
    number = number_in(told)
    assert requester.run("ask-approved", number).status == 4
    assert answered == []

    listed = other.run("approve")
    assert number in listed.out
    assert "Umberleigh" not in listed.out, "a list names no child"
    told = other.run("approve", number, "--decision", "approve")
    assert told.status == 0, told.err
    for part in ("PRACTICE_REVIEW", "requester", "Umberleigh", "2017-03-09"):
        assert part in told.out
    assert "Nothing waits" in other.run("approve").err

    assert other.run("ask-approved", number).status == 4, "it is not hers"
    assert requester.run("ask-approved", number).status == 3
    why, child = answered[0].justification, answered[0].demographics
    of = ToApprove(COUNCIL, "requester", why, child)
    agency = Agency(
        COUNCIL,
        "Council",
        AgencyKind.LOCAL_AUTHORITY,
        MemberId("node-1"),
        passport_key=public(passport_key),
    )
    (approval,) = require_approved(of, agency, EVERY_CODE, int(time.time()))
    token = other.desk.session.read_text()
    assert (approval.approver, approval.key) == ("other", public(approval_key(token)))
    recorded = kinds(gateway_settings)
    assert recorded.index("approval.requested") < recorded.index("approval.given")


@pytest.mark.usefixtures("answered")
@pytest.mark.parametrize("dob", ["2017-03", "about 2017", "due 2027-02-01"])
def test_a_birth_is_approved_as_it_was_written(
    person: Callable[[str, str], Person], dob: str
) -> None:
    requester, other = person("requester", "team-manager"), person("other", "team-manager")
    child = {"forename": "Dale", "surname": "Umberleigh", "dob": dob, "postcode": "LS6 2AB"}
    number = number_in(requester.run(*REVIEW, stdin=json.dumps(child)))
    told = other.run("approve", number, "--decision", "approve")
    assert f"dob: {dob}\n" in told.out


def test_nobody_else_and_nobody_herself_decides(
    person: Callable[[str, str], Person], answered: list[Question]
) -> None:
    requester, worker = person("requester", "team-manager"), person("worker", "social-worker")
    number = number_in(requester.run(*REVIEW))
    for each in (requester, worker):
        assert "Nothing waits" in each.run("approve").err
        for decision in ("approve", "decline"):
            told = each.run("approve", number, "--decision", decision)
            assert (told.status, told.out) == (4, "")
    assert worker.run(*REVIEW).status == 4
    assert answered == []


def test_a_decline_ends_a_request(
    person: Callable[[str, str], Person], answered: list[Question]
) -> None:
    requester, other = person("requester", "team-manager"), person("other", "team-manager")
    number = number_in(requester.run(*REVIEW))
    assert other.run("approve", number, "--decision", "decline").status == 0
    told = requester.run("ask-approved", number)
    assert (told.status, answered) == (4, [])
    assert "declined" in told.err


@pytest.mark.usefixtures("answered")
def test_what_would_be_refused_does_not_wait(person: Callable[[str, str], Person]) -> None:
    requester = person("requester", "team-manager")
    assert requester.run(*REVIEW[:3], "--child", "-").status == 4, "no area is named"
    assert requester.run(*REVIEW, stdin=json.dumps({"surname": "Umberleigh"})).status == 4
    assert "Nothing waits" in person("other", "team-manager").run("approve").err


async def test_a_lookup_that_could_not_wait_is_reviewed_or_listed(
    person: Callable[[str, str], Person], gateway_settings: GatewaySettings
) -> None:
    requester, bob = person("requester", "social-worker"), person("bob", "team-manager")
    now, number = time.time(), "ab" * 8
    with open_people(gateway_settings) as people:
        session = people.reception.resume(requester.desk.session.read_text(), now)
        question = Question(THESSALY, justified(Purpose.EMERGENCY_PROTECTION), Reach.AREA)
        await people.record.asked(session, question, number, now - 3600, None)
        await people.record.asked(session, question, "cd" * 8, now - 3600, None)
        await people.record.failed(COUNCIL, "cd" * 8, "unavailable", now)
    told = bob.desk.run("review", "--overdue")
    assert number in told.out
    assert "Ann Smith" not in told.out, "nobody signed in to see who asked"
    assert "requester" not in told.out
    assert "late" in told.out
    assert "cd" * 8 not in told.out, "nobody was asked"
    assert "1 lookup was not reviewed in time" in bob.desk.run("status").out
    assert "Nothing waits" in requester.run("review").err
    assert requester.run("review", number).status == 4
    assert number in bob.run("review").out
    told = bob.run("review", number, stdin="not sure\n")
    assert (told.status, "Umberleigh" in told.out) == (2, True)
    assert number in bob.run("review").out, "who only reads it has not reviewed it"
    told = bob.run("review", number, stdin="not-justified\n")
    assert told.status == 0, told.err
    assert "Umberleigh" in told.out
    assert "No review is overdue." in bob.desk.run("review", "--overdue").err
    assert "not reviewed" not in bob.desk.run("status").out
    assert bob.run("review", number).status == 4
    assert kinds(gateway_settings)[-1] == "lookup.reviewed"


def test_a_program_that_embeds_the_gateway_is_held_to_the_same_rules(
    person: Callable[[str, str], Person], gateway_settings: GatewaySettings
) -> None:
    requester = person("requester", "team-manager")
    now = time.time()
    why = justified(Purpose.PRACTICE_REVIEW, now=now)
    question = Question(THESSALY, why, Reach.NAMED, (AreaCode("e99000001"),))
    with open_people(gateway_settings) as people:
        session = people.reception.resume(requester.desk.session.read_text(), now)
        paramedic = replace(session, role=Role.PARAMEDIC)
        unstated = Question(THESSALY, justified(Purpose.S47_ENQUIRY, "", now=now))
        of = people.second_persons
        with refused(Code.NOT_ALLOWED, PurposeRule.ROLE_OF_PURPOSE):
            of.request(paramedic, question, now)
        with refused(Code.NOT_ALLOWED, PurposeRule.REFERENCE):
            of.request(session, unstated, now)
        with refused(Code.NOT_ALLOWED, SecondPersonRule.NO_SUCH_REVIEW):
            of.review(session, "ab" * 8, Found.JUSTIFIED, now)
    assert not {"approval.requested", "lookup.reviewed"} & set(kinds(gateway_settings))
