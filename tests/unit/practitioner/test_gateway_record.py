"""What the asking agency's log says in clear, and what only its keeper can open."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from fakes.gateway_outcomes import large
from fakes.justified import justified
from fakes.party_folder import COUNCIL, gateway_settings_file
from fakes.refusals import refused
from fingerpost.audit.log import AuditEvent, AuditLog, Entry
from fingerpost.private.justification import Facts
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Acr, Purpose, Reach, Role, WideningReason
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.table_of_terms import TERMS
from fingerpost.protocol.terms import row
from fingerpost.runtime.files import create_file
from fingerpost.runtime.settings import load
from practitioner.asking.account_counts import Counts, count
from practitioner.asking.audit import AuditRecord
from practitioner.asking.outcome import OwnRecord, Question, Widened
from practitioner.settings import GatewaySettings
from practitioner.sign_in.rules import Account
from practitioner.wiring import People, open_audit, open_people
from unit.practitioner.gateway_desk import QUESTION, THESSALY, ann

NOW = 1_800_000_000
SESSION = ann(NOW - 60)
PERSONS = ("Thessaly", "Umberleigh", "Hollingshade", "AB1", "9434765919", "2017-03-09", "Ann Smith")


Entries = Callable[..., list[Entry]]


@pytest.fixture
def entries(gateway_settings: GatewaySettings) -> Entries:
    """Read the council's log, which must be whole."""

    def read(*, decrypt: bool = False) -> list[Entry]:
        with contextlib.closing(open_audit(gateway_settings, COUNCIL)) as log:
            log.verify().require_whole()
            return list(log.show(0, 2**40, decrypt=decrypt))

    return read


def held(settings: GatewaySettings) -> bytes:
    """All bytes of the council's log on the disk."""
    folder = settings.agency(COUNCIL).audit.parent
    return b"".join(f.read_bytes() for f in folder.iterdir() if "audit.sqlite" in f.name)


async def test_a_lookup_from_the_question_to_its_end(people: People, entries: Entries) -> None:
    record = people.record
    await record.asked(SESSION, QUESTION, "5f0c9a3e71d2b846", NOW, None)
    for query in (b"\1" * 32, b"\2" * 32):
        await record.sent(COUNCIL, "5f0c9a3e71d2b846", query, NOW + 1)
    await record.ended(COUNCIL, "5f0c9a3e71d2b846", large(gaps=4), NOW + 4)
    await record.failed(COUNCIL, "0000000000000000", Code.QUOTA.value, NOW + 5)
    asked, first, second, ended, failed = entries()
    assert asked.fields == {"purpose": "EXPLOITATION", "reach": "NAMED", "role": "SOCIAL_WORKER"}
    assert str(asked.actor) == "ann"
    assert {str(e.operation) for e in (asked, first, second, ended)} == {"5f0c9a3e71d2b846"}
    assert [first.fields["query"], second.fields["query"]] == ["01" * 32, "02" * 32]
    counted = {"asked": 45, "answered": 41, "gaps": 4, "not_connected": 31, "rejected": 2}
    assert ended.fields == {**counted, "own_record": "NOT_TAKEN", "named": 5}
    assert failed.fields == {"code": "quota"}


async def test_a_second_round_says_after_which_lookup_and_why(
    people: People, entries: Entries
) -> None:
    after = Widened("5f0c9a3e71d2b846", WideningReason.DIRECTED_BY_STRATEGY_DISCUSSION)
    await people.record.asked(SESSION, QUESTION, "00000000000000aa", NOW, after)
    asked, widened = entries()
    assert (asked.kind, widened.kind) == ("lookup.asked", "lookup.widened")
    assert {str(e.operation) for e in (asked, widened)} == {"00000000000000aa"}
    assert str(widened.actor) == "ann"
    why = {"after": "5f0c9a3e71d2b846", "because": "DIRECTED_BY_STRATEGY_DISCUSSION"}
    assert widened.fields == why


async def test_the_reach_of_the_terms_is_written_out(people: People, entries: Entries) -> None:
    terms = row(TERMS, Purpose.S47_ENQUIRY, Role.SOCIAL_WORKER)
    assert terms is not None
    question = Question(THESSALY, justified(Purpose.S47_ENQUIRY)).on(terms)
    await people.record.asked(SESSION, question, "00", NOW, None)
    assert entries()[0].fields["reach"] == "AREA_AND_NEIGHBOURS"


async def test_nothing_of_a_lookup_is_readable_and_persons_are_in_the_body_alone(
    people: People, gateway_settings: GatewaySettings, entries: Entries
) -> None:
    await people.record.asked(SESSION, QUESTION, "5f0c9a3e71d2b846", NOW, None)
    await people.record.ended(COUNCIL, "5f0c9a3e71d2b846", large(), NOW)
    kept = held(gateway_settings)
    for told in (*PERSONS, "Okonkwo", "020 7946", "EXPLOITATION", "SOCIAL_WORKER", "5f0c9a3e71d2"):
        assert told.encode() not in kept
    shown = "".join(f"{entry.operation} {entry.actor} {entry.fields}" for entry in entries())
    assert "EXPLOITATION" in shown  # to the holder of the key, as long as the log lasts
    assert not any(person in shown for person in PERSONS)
    (asked, _) = entries(decrypt=True)
    body = json.loads(asked.body or b"")
    assert body["demographics"]["forename"] == "Thessaly"
    assert body["demographics"]["dob"] == "2017-03-09"
    assert body["demographics"]["other_names"] == [{"forename": "Tess", "surname": "Hollingshade"}]
    justified = (body["name"], body["reason_reference"], body["approvers"])
    assert justified == ("Ann Smith", "ref-1", [])
    assert body["acr"] == Acr.PASSWORD_TOTP.value
    assert body["named_areas"] == ["e99000002"]
    facts = QUESTION.justification.facts
    assert msgspec.json.decode(json.dumps(body["facts"]), type=Facts) == facts
    assert b"agreed_on" not in kept


async def test_lookups_are_counted_by_account_and_what_they_owe(
    people: People, entries: Entries
) -> None:
    """A day later one of two attendance numbers is missing; nobody is counted for what failed."""
    urgent = Question(THESSALY, justified(Purpose.URGENT_CARE), Reach.AREA)
    concern = Question(THESSALY, justified(Purpose.SAFEGUARDING_CONCERN), Reach.AREA)
    bob = replace(SESSION, subject="Bob")
    for operation, session, question, own in (
        ("01", SESSION, urgent, None),
        ("02", SESSION, urgent, None),
        ("03", SESSION, concern, OwnRecord.NEW_TODAY),
        ("04", bob, concern, OwnRecord.NOT_KNOWN),
        ("05", bob, concern, OwnRecord.NAMED),
    ):
        await people.record.asked(session, question, operation, NOW, None)
        await people.record.ended(COUNCIL, operation, replace(large(), own_record=own), NOW)
    await people.record.asked(bob, concern, "06", NOW, None)
    await people.record.failed(COUNCIL, "06", "quota", NOW)
    people.record.attended(SESSION, "02", "A-77123", NOW + limits.DAY)
    kept = entries()
    end = NOW + limits.DAY
    assert count(kept, NOW, end, end) == (Counts("ann", 3, 1, 0, 1), Counts("bob", 2, 0, 1, 0))
    owed_later = count(kept, NOW, end, end - 1)
    assert [each.unattended for each in owed_later] == [0, 0]
    assert count(kept, NOW + 1, end, end) == ()


async def test_an_attendance_number_is_in_the_body_alone(
    people: People, gateway_settings: GatewaySettings, entries: Entries
) -> None:
    people.record.attended(SESSION, "5f0c9a3e71d2b846", "A-77123", NOW)
    assert b"A-77123" not in held(gateway_settings)
    (attended,) = entries(decrypt=True)
    assert (attended.kind, attended.fields) == ("lookup.attended", {})
    assert json.loads(attended.body or b"") == {"attendance": "A-77123"}


async def test_who_cannot_record_does_not_go_on(people: People, entries: Entries) -> None:
    elsewhere = AgencyId("e99000009.other")
    with pytest.raises(Defect):
        await people.record.sent(elsewhere, "00", bytes(32), NOW)

    def broken(_agency: AgencyId) -> AuditLog:
        raise Defect("the store failed")

    with pytest.raises(Defect):
        await AuditRecord(broken).asked(SESSION, QUESTION, "00", NOW, None)
    assert entries() == []


async def test_what_lookups_record_at_one_moment_shares_commits(
    gateway_settings: GatewaySettings, people: People, entries: Entries
) -> None:
    """A gateway with many lookups under way does not wait for the disk once for each."""
    with closing(open_audit(gateway_settings, COUNCIL)) as log:
        commits: list[int] = []
        append = log.append_many

        def counted(events: Sequence[AuditEvent]) -> object:
            commits.append(len(events))
            return append(events)

        log.append_many = counted  # type: ignore[method-assign, assignment]
        record = AuditRecord(lambda _agency: log)
        sent = (record.sent(COUNCIL, f"{n:02}", bytes(32), NOW) for n in range(20))
        await asyncio.gather(*sent)
        await record.close()
    assert sorted(str(entry.operation) for entry in entries()) == [f"{n:02}" for n in range(20)]
    assert sum(commits) == 20
    assert len(commits) <= 2, "the first, and all that came while it was written"


def test_signing_in_is_recorded_and_what_was_typed_is_not(
    people: People, gateway_settings: GatewaySettings, entries: Entries
) -> None:
    account = Account(COUNCIL, "ann", "Ann Smith", Role.SOCIAL_WORKER, SESSION.entitlement)
    people.accounts.add(account, "correct horse battery")
    for name in ("ann", "correct-horse-battery"):  # a password where the name belongs
        with refused(Code.SIGN_IN):
            people.reception.sign_in(COUNCIL, name, "wrong horse battery", "000000", NOW)
    known, unknown = entries(decrypt=True)
    assert (known.kind, str(known.actor)) == ("session.refused", "ann")
    assert (unknown.kind, str(unknown.actor)) == ("session.refused", "unknown-account")
    assert b"horse" not in held(gateway_settings)


def test_a_session_begins_and_ends_in_the_log(people: People, entries: Entries) -> None:
    people.record.began(SESSION, NOW)
    people.record.signed_out(COUNCIL, "ann", NOW + 1)
    people.record.shown(SESSION, "5f0c9a3e71d2b846", NOW + 2)
    kinds = [entry.kind for entry in entries()]
    assert kinds == ["session.begun", "session.ended", "lookup.shown"]


def test_each_agency_has_a_log_of_its_own(tmp_path: Path) -> None:
    oak = AgencyId("e99000001.oak")
    settings = load(gateway_settings_file(tmp_path / "g", (COUNCIL, oak)), GatewaySettings)
    for key in (settings.account_key, settings.outcome_key, settings.audit_key):
        create_file(key, bytes(32))
    with open_people(settings) as people:
        people.record.signed_out(oak, "bob", NOW)
    assert not settings.agency(COUNCIL).audit.exists()
    log = open_audit(settings, oak)
    assert [e.kind for e in log.show(0, 2**40, decrypt=False)] == ["session.ended"]
    log.close()
