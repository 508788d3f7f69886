"""What the register of shields withholds at the moment of an answer, and the commands by which
people change it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from agency_node import cli
from agency_node.answering.audit import (
    CHILD_HIDDEN,
    REFUGE_ADDED,
    SHIELD_LIFTED,
    SHIELD_OTHER,
    SHIELD_SAME,
    SHIELD_SET,
    open_log,
)
from agency_node.answering.wiring import audit_folder, stores_of
from agency_node.cli import officers
from agency_node.importing.shielding import set_by_hand
from agency_node.importing.wiring import open_shields
from agency_node.records.meeting import Known, resembles
from agency_node.records.shield_tables import ShieldTables
from agency_node.records.shields import (
    Likely,
    Register,
    SetBy,
    Shield,
    read_register,
    write_register,
)
from agency_node.records.store.shields import FileShields, shields_witness
from agency_node.settings import NodeSettings
from fakes.federations import NOW
from fakes.import_world import ELM, OAK, data_keys
from fakes.node_world import (
    COUNCIL,
    NOTHING,
    SCHOOL,
    SURGERY,
    NodeWorld,
    a_child,
    a_federation,
    a_record,
    a_world,
    another_child,
)
from fakes.party_folder import KEY, node_settings_file
from fakes.witnesses import witness_in
from fingerpost.audit.log import Entry
from fingerpost.private.codec import write_demographics
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import normalise
from fingerpost.protocol.codes import Cannot, Status
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.settings import load
from fingerpost.runtime.witness import WitnessFolder

TWIN = a_child(forename="Barnaby", health_number="")


def known(*forms: Demographics, upn: bool = False) -> Known:
    found = Known(upn=upn)
    for form in forms:
        found.learn(1, normalise(form))
    return found


# ---- at the moment of an answer -----------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        a_child(),
        a_child(health_number=""),
        a_child(forename="Marygold", health_number=""),
        a_child(surname="Wintersmith", postcode="ZZ1 1ZZ", dob=date(2015, 2, 28)),
        TWIN,
    ],
    ids=["herself", "without the number", "misspelt", "by the number", "a twin"],
)
def test_a_shield_withholds_whatever_the_records_say(form: Demographics) -> None:
    """Her record was imported before somebody shielded her, and carries no flag."""
    world = a_world(school=(a_record(),))
    assert world.words(world.query()) == {**NOTHING, SCHOOL: Status.INVOLVED}
    world.shields[SCHOOL] = known(form)
    assert world.words(world.query()) == NOTHING
    assert [entry.disclosed for entry in world.entries if entry.agency == SCHOOL] == [1, 0]


def test_a_shield_reaches_a_question_through_the_record() -> None:
    """Asked under another name without a number, and known here by number."""
    renamed = a_child(surname="Wintersmith", postcode="ZZ1 1ZZ", dob=date(2015, 2, 27))
    record = a_child(other_names=())
    world = a_world(school=(a_record(0, record),))
    world.shields[SCHOOL] = known(renamed)
    assert world.words(world.query(a_child(health_number=""))) == NOTHING


def test_a_shield_of_another_child_withholds_nothing() -> None:
    world = a_world(school=(a_record(),))
    world.shields[SCHOOL] = known(another_child())
    assert world.words(world.query())[SCHOOL] is Status.INVOLVED


def test_a_shield_holds_at_its_own_agency_alone() -> None:
    world = NodeWorld()
    world.put_all({SCHOOL: (a_record(),), SURGERY: (a_record(),)})
    world.shields[SCHOOL] = known(a_child())
    assert world.words(world.query()) == {**NOTHING, SURGERY: Status.INVOLVED}


def test_without_its_register_an_agency_answers_about_no_child() -> None:
    world = a_world(school=(a_record(),))
    world.shields[SCHOOL] = None
    for child in (a_child(), another_child(), a_child(forename="Zelda", surname="Nobody")):
        part = world.part(world.query(child))
        answers = {answer.agency: answer for answer in part.agencies}
        assert answers[SCHOOL].status is Status.CANNOT_ANSWER
        assert answers[SCHOOL].reason is Cannot.FAULT
        assert answers[COUNCIL].status is not Status.CANNOT_ANSWER
    assert not world.node.faulty
    world.shields[SCHOOL] = known()
    assert world.words(world.query())[SCHOOL] is Status.INVOLVED


# ---- the tables in memory ------------------------------------------------------------------------


def shielding(child: Demographics) -> Callable[[Register], Register]:
    return lambda held: set_by_hand(held, b"", child, person="p", why="w", upn=False, now=int(NOW))[
        0
    ]


def withheld(tables: ShieldTables) -> bool | None:
    of_oak = tables.of(OAK)
    return None if of_oak is None else of_oak.withholds(normalise(a_child()), (), [a_child()])


def test_a_changed_register_is_read_again(tmp_path: Path) -> None:
    witness = WitnessFolder(tmp_path / "witness")
    store = FileShields(tmp_path / "shields", data_keys(), witness)
    tables = ShieldTables(store, {OAK: False, ELM: False}, lambda: None)
    assert tables.of(OAK) is None
    assert tables.prepare() == {}
    assert withheld(tables) is False
    other_process = FileShields(
        tmp_path / "shields", data_keys(), WitnessFolder(tmp_path / "witness")
    )
    other_process.change(OAK, shielding(a_child()))
    first = tables.of(ELM)
    assert tables.prepare() == {}
    assert withheld(tables) is True
    assert tables.of(ELM) is first


def test_a_register_that_was_put_back_is_reported_once_until_it_is_mended(tmp_path: Path) -> None:
    store = FileShields(tmp_path / "shields", data_keys(), WitnessFolder(tmp_path / "witness"))
    store.change(OAK, shielding(another_child()))
    older = store.path(OAK).read_bytes()
    store.change(OAK, shielding(a_child()))
    newest = store.path(OAK).read_bytes()
    store.path(OAK).write_bytes(older)
    tables = ShieldTables(store, {OAK: False, ELM: False}, lambda: None)
    assert tables.prepare().keys() == {OAK}
    assert tables.prepare() == {}
    assert tables.of(OAK) is None
    assert tables.of(ELM) is not None
    store.path(OAK).write_bytes(newest)
    assert tables.prepare() == {}
    assert withheld(tables) is True


# ---- what people do ------------------------------------------------------------------------------


@pytest.fixture
def settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a school that has no gateway."""
    monkeypatch.setattr(officers, "kept_list", lambda *_: a_federation())
    return node_settings_file(tmp_path, (SCHOOL,))


def run(settings_file: Path, *words: str, typed: str = "") -> Result:
    arguments = ["shields", words[0], "--settings", str(settings_file), *words[1:]]
    return CliRunner().invoke(cli.app, arguments, input=typed, env={"COLUMNS": "200"})


def done(settings_file: Path, *words: str, typed: str = "") -> str:
    result = run(settings_file, *words, typed=typed)
    assert result.exit_code == 0, (result.output, result.exception)
    return re.sub(r"\s+", " ", result.output)


def held(settings_file: Path) -> Register:
    return open_shields(load(settings_file, NodeSettings)).read(SCHOOL)


def log_of(settings_file: Path) -> list[Entry]:
    folder = audit_folder(load(settings_file, NodeSettings))
    with closing(open_log(folder, SCHOOL, KEY, witness_in(settings_file.parent))) as log:
        log.verify().require_whole()
        return list(log.show(0, 2**40, decrypt=True))


BY = ("--by", "jo.reed", "--why", "case-17")
TWO = (*BY, "--second", "sam.okoro")
SHE = "A1\nMarigold\n\nThistlewood\n\n28/02/2015\nB99 9ZZ\n999 000 0018\n"


def test_one_person_sets_a_shield_and_it_is_recorded_first(settings_file: Path) -> None:
    said = done(settings_file, "add", *BY, typed=SHE)
    assert "your agency only" in said
    spaced = run(settings_file, "add", "--by", "jo.reed", "--why", "case 17", typed="")
    assert "(--why): expected" in str(spaced.exception)  # before anything is typed
    assert spaced.output == ""
    [shield] = held(settings_file).shields
    assert (shield.set_by, shield.person, shield.why) == (SetBy.PERSON, "jo.reed", "case-17")
    assert shield.forms == (a_child(sex=None, health_number="999 000 0018"),)
    assert len(shield.own) == 1
    [entry] = log_of(settings_file)
    assert (entry.kind, entry.fields) == (SHIELD_SET, {"shield": 1})
    assert (str(entry.actor), str(entry.operation)) == ("jo.reed", "case-17")
    assert "Thistlewood" not in f"{entry}"
    assert "Marigold Thistlewood 2015-02-28 B99 9ZZ" in done(settings_file, "list")


def test_what_a_person_sets_is_lifted_with_no_other_shield(settings_file: Path) -> None:
    """The first is of another child, on whose row her number was typed."""
    wrong = "B7\nIsolde\n\nWintersmith\n\n2013-02-27\nB1 1AA\n999 000 0018\n"
    done(settings_file, "add", *BY, typed=wrong)
    assert "as shield 2" in done(settings_file, "add", "--by", "al.i", "--why", "c-9", typed=SHE)
    assert [(s.person, s.why) for s in held(settings_file).shields] == [
        ("jo.reed", "case-17"), ("al.i", "c-9"),
    ]  # fmt: skip
    done(settings_file, "lift", "--shield", "1", *TWO)
    [shield] = held(settings_file).shields
    assert (shield.number, shield.forms[0].surname, len(shield.own)) == (2, "Thistlewood", 1)
    assert Known([shield], upn=False).withholds(normalise(a_child()), (), [a_child()])


def test_two_persons_lift_a_shield(settings_file: Path) -> None:
    done(settings_file, "add", *BY, typed=SHE)
    one = run(settings_file, "lift", "--shield", "1", *BY, "--second", "jo.reed")
    assert "another person" in str(one.exception)
    for same in ("JO.REED", "jo.reed ", ""):
        nobody = run(settings_file, "lift", "--shield", "1", *BY, "--second", same)
        assert "--second): expected 1 to 80 of a-z" in str(nobody.exception)
    alone = run(settings_file, "lift", "--shield", "1", *BY)
    assert "two persons decide" in str(alone.exception)
    assert len(held(settings_file).shields) == 1
    assert "case-18" not in f"{log_of(settings_file)}"
    done(settings_file, "lift", "--shield", "1", *TWO)
    assert held(settings_file).shields == ()
    *_, entry = log_of(settings_file)
    assert entry.kind == SHIELD_LIFTED
    assert entry.fields == {"shield": 1, "second": "sam.okoro", "signed": "typed"}
    shown = CliRunner().invoke(cli.app, ["audit", "show", "--settings", str(settings_file), *BY])
    assert {"second sam.okoro", "shield 1"} <= {
        cell.strip() for line in shown.output.splitlines() for cell in line.split("│")
    }
    assert "there is no shield 1" in str(
        run(settings_file, "lift", "--shield", "1", *TWO).exception
    )


def test_people_say_whether_a_likely_child_is_the_shielded_one(settings_file: Path) -> None:
    done(settings_file, "add", *BY, typed=SHE)
    store = open_shields(load(settings_file, NodeSettings))
    form = write_demographics(a_child(surname="Wintersmith", postcode="B1 1AA"))

    def met(before: Register) -> Register:
        likely = (
            Likely(1, 1, b"own 1", (form,), 0),
            Likely(2, 1, b"own 2", (form,), int(time.time())),
        )
        return msgspec.structs.replace(before, likely=likely, last_likely=2)

    store.change(SCHOOL, met)
    listed = done(settings_file, "likeness")
    assert "Marigold Wintersmith" in listed
    assert "Marigold Thistlewood" in listed
    assert listed.count("overdue") == 1
    done(settings_file, "same", "--meeting", "1", *BY)
    done(settings_file, "other", "--meeting", "2", *BY)
    [shield] = held(settings_file).shields
    assert (shield.own[-1], shield.forms[-1].surname) == (b"own 1", "Wintersmith")
    assert [other.own for other in shield.others] == [b"own 2"]
    assert held(settings_file).likely == ()
    *_, same, other = log_of(settings_file)
    assert (same.kind, same.fields) == (SHIELD_SAME, {"shield": 1, "meeting": 1})
    assert (other.kind, other.fields) == (SHIELD_OTHER, {"shield": 1, "meeting": 2})
    assert "no likely meeting 2" in str(run(settings_file, "same", "--meeting", "2", *BY).exception)
    assert read_register(write_register(held(settings_file))) == held(settings_file)


def test_what_leads_to_another_child_alone_is_answered() -> None:
    """People have said that the record is of another child than the shield. A question that the
    comparison takes for the shielded child is withheld all the same."""
    world = a_world(school=(a_record(),))
    namesake = a_child(surname="Wintersmith", postcode="ZZ1 1ZZ", health_number="")
    form, other = write_demographics(namesake), write_demographics(a_record().demographics)
    shield = Shield(1, SetBy.PERSON, 0, 0, "p", "w", (), (form,))
    world.shields[SCHOOL] = Known([shield], upn=False)
    assert world.words(world.query()) == NOTHING
    world.shields[SCHOOL] = Known([shield.with_other(b"own", other)], upn=False)
    assert world.words(world.query())[SCHOOL] is Status.INVOLVED
    shield = shield.with_form(b"", write_demographics(a_child(health_number="")))
    world.shields[SCHOOL] = Known([shield.with_other(b"own", other)], upn=False)
    assert world.words(world.query()) == NOTHING


def test_a_register_of_the_release_before_is_read() -> None:
    """It had neither likely children nor others."""
    before = (1, True, ((1, 4, 0, 9, "p", "w", (b"own",), ()),), (), 1)
    register = read_register(msgspec.msgpack.encode(before))
    assert (register.shields[0].others, register.likely, register.whole) == ((), (), True)
    with pytest.raises(Defect, match="later release"):
        read_register(msgspec.msgpack.encode((*before[:4], 3)))


@pytest.mark.parametrize(
    ("changes", "resemble"),
    [
        ({}, True),
        ({"dob": date(2015, 2, 27)}, True),
        ({"dob": date(2015, 3, 28)}, True),
        ({"dob": date(1915, 2, 28)}, True),
        ({"dob": date(2016, 3, 28)}, False),
        ({"forename": "Marigolda"}, True),
        ({"forename": "M"}, True),
        ({"forename": ""}, False),
        ({"forename": "", "postcode": "B99 9ZZ"}, True),
        ({"forename": "Barnaby"}, False),
        ({"forename": "Barnaby", "postcode": "B99 9ZZ"}, True),
        ({"forename": "Barnaby", "postcode": "B99 9ZZ", "dob": date(2012, 7, 9)}, False),
    ],
)
def test_who_resembles_a_shielded_child(changes: dict[str, object], resemble: bool) -> None:
    fled = {"surname": "Wintersmith", "postcode": "ZZ1 1ZZ", "health_number": ""}
    one, other = a_child(), a_child(**{**fled, **changes})
    assert resembles(normalise(one), normalise(other)) is resemble
    assert resembles(normalise(other), normalise(one)) is resemble


def test_a_review_moves_the_day_of_the_next(settings_file: Path) -> None:
    done(settings_file, "add", *BY, typed=SHE)
    store = open_shields(load(settings_file, NodeSettings))

    def long_ago(before: Register) -> Register:
        old = msgspec.structs.replace(before.shields[0], review_at=0)
        return msgspec.structs.replace(before, shields=(old,))

    store.change(SCHOOL, long_ago)
    assert "due since 1970-01-01" in done(settings_file, "list")
    done(settings_file, "keep", "--shield", "1", *BY)
    assert "due since" not in done(settings_file, "list")


def test_a_hidden_child_is_known_by_a_digest_alone(settings_file: Path) -> None:
    done(settings_file, "hide", *BY, typed="A1\n")
    found = held(settings_file)
    assert (len(found.hidden), found.shields) == (1, ())
    [entry] = log_of(settings_file)
    assert (entry.kind, entry.fields) == (CHILD_HIDDEN, {})
    assert "of whom nothing is stored: 1" in done(settings_file, "list")
    assert run(settings_file, "unhide", *TWO, typed="A2\n").exit_code != 0
    done(settings_file, "unhide", *TWO, typed="A1\n")
    assert held(settings_file).hidden == ()


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("\nMarigold\n\n\n\n\n\n\n", "Too little"),
        ("\n\n\n\n\n\n\n\n", "Give your own number"),
    ],
)
def test_nobody_is_shielded_by_details_that_meet_nobody(
    settings_file: Path, typed: str, why: str
) -> None:
    result = run(settings_file, "add", *BY, typed=typed)
    assert why in str(result.exception)
    assert held(settings_file) == Register()
    assert log_of(settings_file) == []


def test_a_date_that_cannot_be_read_is_asked_for_again(settings_file: Path) -> None:
    typed = SHE.replace("28/02/2015", "31/02/2015\n28/02/2015")
    done(settings_file, "add", *BY, typed=typed)
    [shield] = held(settings_file).shields
    assert shield.forms[0].dob == date(2015, 2, 28)


def test_what_finds_nobody_is_asked_for_again_by_itself(settings_file: Path) -> None:
    """A date that systems enter where they know none, and a number with a wrong digit."""
    typed = "\nMarigold\n\nThistlewood\n\n01/01/1900\n28/02/2015\n\n1234567890\n\n"
    said = run(settings_file, "add", *BY, typed=typed)
    assert said.exit_code == 0, said.output
    assert said.stderr.count("Try again.") == 2
    assert said.stderr.count("Forename") == 1
    [shield] = held(settings_file).shields
    [form] = shield.forms
    assert (form.forename, form.dob, form.health_number) == ("Marigold", date(2015, 2, 28), "")


def test_what_cannot_be_recorded_is_not_changed(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(settings_file, "add", *BY, typed=SHE)

    def full(*_: object) -> None:
        raise Defect("the disk is full")

    monkeypatch.setattr("fingerpost.audit.log.AuditLog.append_many", full)
    assert isinstance(run(settings_file, "lift", "--shield", "1", *TWO).exception, Defect)
    assert len(held(settings_file).shields) == 1


def test_the_postcode_of_a_refuge_is_named_by_one_and_forgotten_by_two(settings_file: Path) -> None:
    done(settings_file, "add", *BY, typed=SHE)
    done(settings_file, "add-refuge", *BY, typed="b99 9zz\n")
    assert held(settings_file).refuges == ("B999ZZ",)
    assert held(settings_file).shields[0].forms[0].postcode == ""
    assert "Postcodes of refuges: 1" in done(settings_file, "list")
    assert "whole postcode" in str(run(settings_file, "add-refuge", *BY, typed="B99\n").exception)
    entry = log_of(settings_file)[-1]
    assert (entry.kind, entry.fields) == (REFUGE_ADDED, {})
    done(settings_file, "remove-refuge", *TWO, typed="B99 9ZZ\n")
    assert held(settings_file).refuges == ()
    assert len(held(settings_file).shields) == 1


def test_a_restored_register_is_adopted_on_record(settings_file: Path) -> None:
    done(settings_file, "add", *BY, typed=SHE)
    path = open_shields(load(settings_file, NodeSettings)).path(SCHOOL)
    older = path.read_bytes()
    done(settings_file, "hide", *BY, typed="A9\n")
    path.write_bytes(older)
    assert "an earlier copy was put back" in str(run(settings_file, "list").exception)
    done(settings_file, "adopt", *BY)
    assert len(held(settings_file).shields) == 1
    assert "shields_adopted" in log_of(settings_file)[-1].kind


def test_the_heads_of_registers_are_deposited(settings_file: Path) -> None:
    assert shields_witness(SCHOOL) in stores_of([SCHOOL])
