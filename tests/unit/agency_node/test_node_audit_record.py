"""What an agency's log holds of a query that opened there, who can read it, and what happens when
it cannot be written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agency_node.answering import audit as audit_record
from agency_node.answering.audit import AgencyLogs, log_key, open_log
from agency_node.answering.entries import Body, read_body
from agency_node.answering.matching import Finding
from agency_node.answering.pages import RECORDS_NAMED, Asked, Entry
from fakes.federations import NOW
from fakes.node_world import (
    COUNCIL,
    MINE,
    SCHOOL,
    SURGERY,
    KnownChildren,
    NodeWorld,
    a_child,
    a_record,
    a_world,
)
from fakes.witnesses import witness_in
from fingerpost.audit.log import Actor, Month, OperationId
from fingerpost.audit.log import Entry as Logged
from fingerpost.private.codec import write_demographics
from fingerpost.private.demographics import OtherName
from fingerpost.protocol.codes import Acr, Purpose, Reach, Role, Status, WideningReason
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.messages import KeySet

KEY = bytes(range(32))

CHILDREN = KnownChildren()


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[AgencyLogs]:
    made = AgencyLogs(tmp_path, KEY, witness_in(tmp_path), CHILDREN)
    yield made
    made.close()


def entries(**asked: Any) -> list[Entry]:
    """Of a school that knows the child, and a surgery that has a record like hers. By wide keys, at
    home.
    """
    world, like_hers = NodeWorld(), a_child(forename="Mary", health_number="")
    known = replace(a_record(0, like_hers), local_id="P-17")
    world.put_all({SCHOOL: [a_record()], SURGERY: [known]})
    world.ask(world.query(**{"key_set": KeySet.WIDE, **asked}))
    return world.entries


def kept(folder: Path, agency: AgencyId) -> list[Logged]:
    log = open_log(folder, agency, KEY, witness_in(folder))
    try:
        log.verify().require_whole()
        return list(log.show(0, 2**40, decrypt=True))
    finally:
        log.close()


def body_of(entry: Logged) -> Body:
    assert entry.body is not None
    return read_body(entry.body)


def asked_of(entry: Logged) -> Asked:
    asked = body_of(entry).asked
    assert asked is not None
    return asked


def test_each_agency_has_its_own_entries_and_no_other(logs: AgencyLogs, tmp_path: Path) -> None:
    assert logs.opened(CHILDREN.opened(entries())) == frozenset()
    (school,), (surgery,) = kept(tmp_path, SCHOOL), kept(tmp_path, SURGERY)
    assert kept(tmp_path, COUNCIL) == []
    assert school.fields["finding"] == Finding.MATCH.value
    assert surgery.fields["finding"] == Finding.POSSIBLE.value
    assert (school.fields["told"], school.fields["answer"]) == (1, Status.INVOLVED.name)
    nothing = Status.NOTHING_TO_DISCLOSE.name
    assert (surgery.fields["told"], surgery.fields["answer"]) == (0, nothing)


def test_the_writer_rests_before_each_entry_and_each_log(tmp_path: Path) -> None:
    """The logs are written of what opened, and bytes move while the writer rests."""
    rests: list[int] = []
    logs = AgencyLogs(tmp_path, KEY, witness_in(tmp_path), CHILDREN, lambda: rests.append(1))
    with closing(logs):
        logs.opened(CHILDREN.opened(entries()))
    assert len(rests) == 4  # two entries, and two logs


def test_a_body_holds_the_question_and_what_was_compared(logs: AgencyLogs, tmp_path: Path) -> None:
    logs.opened(CHILDREN.opened(entries()))
    (entry,) = kept(tmp_path, SURGERY)
    body, asked = body_of(entry), asked_of(entry)
    assert (asked.name, asked.subject) == ("Siân O’Neill-Brontë", "account-17")
    assert asked.role is Role.SOCIAL_WORKER
    assert asked.justification.purpose is Purpose.S47_ENQUIRY
    assert asked.justification.reason_reference == "ref-1"
    assert asked.child == a_child()
    assert body.generation == 1
    assert [(each.child.forename, each.local_id) for each in body.records] == [("Mary", "P-17")]
    assert "P-17" not in repr(body)
    assert "Mary" not in repr(body)
    assert "Siân" not in repr(asked)


def test_a_refusal_keeps_its_code_and_believes_nothing(logs: AgencyLogs, tmp_path: Path) -> None:
    logs.opened(CHILDREN.opened(entries(passport_key=Ed25519PrivateKey.generate())))
    (entry,) = kept(tmp_path, SCHOOL)
    body = body_of(entry)
    assert (body.asked, body.refusal, body.records) == (None, "bad_passport", ())


def test_in_the_clear_stands_nothing_of_what_opened(logs: AgencyLogs, tmp_path: Path) -> None:
    opened = entries()
    logs.opened(CHILDREN.opened(opened))
    logs.close()
    child, query = a_child(), opened[0].query.hash
    of_the_child = (child.forename, child.postcode, child.health_number)
    of_the_answer = ("INVOLVED", "NOTHING_TO", "match", "possible", "AREA", "WIDE", COUNCIL.value)
    texts = (*of_the_child, *of_the_answer, "P-17", "account-17", "Siân", "S47", query.hex())
    for file in tmp_path.glob("*sqlite*"):
        for told in (query, *(text.encode() for text in texts)):
            assert told not in file.read_bytes(), (file.name, told)


def test_an_entry_has_one_size_whatever_was_found(logs: AgencyLogs, tmp_path: Path) -> None:
    """As many records as can be named, with names as long as they can be, or none at all."""
    long = "Ä" * 100
    largest = a_child(middle_names=long, other_names=tuple(OtherName(long, long) for _ in range(8)))
    records = [
        replace(a_record(number, largest), local_id=f"{number:064}")
        for number in range(RECORDS_NAMED + 1)
    ]
    (known, possible), (refused, _) = entries(), entries(passport_key=Ed25519PrivateKey.generate())
    many = replace(known, examined=replace(known.examined, possible=tuple(records)))
    logs.opened(CHILDREN.opened([known, replace(possible, agency=SCHOOL), refused, many]))
    with closing(sqlite3.connect(tmp_path / f"{SCHOOL}.sqlite")) as connection:
        sizes = connection.execute("SELECT DISTINCT length(header), length(body) FROM audit_entry")
        assert len(sizes.fetchall()) == 1
    named = body_of(kept(tmp_path, SCHOOL)[-1]).records
    assert [each.number for each in named] == [0, *range(RECORDS_NAMED - 1)]
    # Of the last there are no details, and still the number by which the agency finds her.
    assert (named[-1].child.forename, named[-1].local_id) == ("", f"{RECORDS_NAMED - 2:064}")


def test_one_agencys_key_opens_no_other_log(logs: AgencyLogs, tmp_path: Path) -> None:
    """A host hands an agency its log and the key to it."""
    logs.opened(CHILDREN.opened(entries()))
    assert len({log_key(KEY, agency) for agency in MINE}) == len(MINE)
    taken = tmp_path / f"{SCHOOL}.sqlite"
    for name in ("", "-wal"):
        source = taken.with_name(taken.name + name)
        if source.exists():
            source.rename(tmp_path / f"{COUNCIL}.sqlite{name}")
    with pytest.raises(Defect):
        open_log(tmp_path, COUNCIL, KEY, witness_in(tmp_path))


def test_a_month_that_was_forgotten_keeps_its_chain(logs: AgencyLogs, tmp_path: Path) -> None:
    logs.opened(CHILDREN.opened(entries()))
    log = open_log(tmp_path, SCHOOL, KEY, witness_in(tmp_path))
    late = int(NOW) + 40 * 86_400
    log.forget(Month.at(int(NOW)), actor=Actor("dpo"), operation=OperationId("r"), at=late)
    log.close()
    entry = kept(tmp_path, SCHOOL)[0]
    assert entry.forgotten
    assert entry.body is None  # and with it the agency's own number, which no field has
    assert entry.fields["finding"] == Finding.MATCH.value


def test_a_log_that_does_not_open_is_known_at_the_start(logs: AgencyLogs, tmp_path: Path) -> None:
    (tmp_path / f"{SCHOOL}.sqlite").mkdir()
    assert logs.check(MINE).keys() == {SCHOOL}


def test_of_many_logs_only_some_are_open_at_once(
    logs: AgencyLogs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_record, "LOGS_OPEN", 2)
    monkeypatch.setattr(audit_record, "AT_ONCE", 2)
    some = entries()
    for _ in range(2):
        for agency in MINE:
            assert logs.opened(CHILDREN.opened([replace(some[0], agency=agency)])) == frozenset()
            assert len(logs._open) <= 2
    assert all(len(kept(tmp_path, agency)) == 2 for agency in MINE)


@pytest.mark.parametrize("data", [b"", b"\x93", b"\x97\x07\xc0\xa0\x00\x90\xa0\xa0", bytes(40)])
def test_a_body_of_another_form_is_a_defect(data: bytes) -> None:
    with pytest.raises(Defect):
        read_body(data)


def test_entries_of_the_release_before_are_read() -> None:
    """A log is kept for years."""
    child = write_demographics(a_child())
    asked = ["Ann", "account-1", 3, Acr.PASSWORD_TOTP.value, 1, "", "", child]
    body = read_body(msgspec.msgpack.encode([1, asked, "", 4, [[2, child]]]))
    assert body.asked is not None
    assert (body.asked.name, body.asked.justification.widened_because) == ("Ann", None)
    assert (body.records, body.asking_name, body.asking_desk) == (((2, a_child(), ""),), "", "")


def test_a_second_round_is_marked_and_its_reason_is_sealed(
    logs: AgencyLogs, tmp_path: Path
) -> None:
    logs.opened(
        CHILDREN.opened(
            entries(because=WideningReason.RECENT_MOVE, reach=Reach.AREA_AND_NEIGHBOURS)
        )
    )
    (entry,) = kept(tmp_path, SCHOOL)
    assert entry.fields["widened"] is True
    assert "RECENT_MOVE" not in str(entry.fields)
    assert asked_of(entry).justification.widened_because is WideningReason.RECENT_MOVE


def test_wide_keys_at_home_are_no_second_round(logs: AgencyLogs, tmp_path: Path) -> None:
    logs.opened(CHILDREN.opened(entries(key_set=KeySet.WIDE, reach=Reach.AREA)))
    logs.opened(CHILDREN.opened(entries()))
    both = kept(tmp_path, SCHOOL)
    assert len(both) == 2
    for entry in both:
        assert entry.fields["widened"] is False
        assert asked_of(entry).justification.widened_because is None


def test_whom_to_ring_is_kept_as_the_member_list_had_it(logs: AgencyLogs, tmp_path: Path) -> None:
    logs.opened(CHILDREN.opened(entries()))
    (entry,) = kept(tmp_path, SCHOOL)
    body = body_of(entry)
    assert (body.asking_name, body.asking_desk) == ("An agency", "0121 496 0100")
    assert (entry.actor, entry.fields["asking"]) == (Actor.of(COUNCIL), str(COUNCIL))


def test_no_agency_is_named_where_nobody_vouches_for_it(logs: AgencyLogs, tmp_path: Path) -> None:
    """Attack: a member that shares the requesters' key asks in another agency's name, so that the
    desk rings the wrong people. The passport did not hold, so the log names none."""
    logs.opened(CHILDREN.opened(entries(passport_key=Ed25519PrivateKey.generate())))
    (entry,) = kept(tmp_path, SCHOOL)
    body = body_of(entry)
    assert (body.asked, body.refusal) == (None, Code.BAD_PASSPORT.value)
    assert (body.asking_name, body.asking_desk) == ("", "")
    assert (entry.actor, entry.fields["asking"]) == (audit_record.NOT_BELIEVED, "")


def test_the_key_has_the_agreed_size() -> None:
    with pytest.raises(Defect):
        log_key(bytes(31), SCHOOL)


def test_what_is_kept_of_a_crowd_is_bounded(logs: AgencyLogs, tmp_path: Path) -> None:
    world = a_world(school=tuple(a_record(n) for n in range(20)))
    world.ask(world.query())
    logs.opened(CHILDREN.opened(world.entries))
    (entry,) = kept(tmp_path, SCHOOL)
    assert len(body_of(entry).records) == RECORDS_NAMED
    assert body_of(entry).not_named == 20 - RECORDS_NAMED
