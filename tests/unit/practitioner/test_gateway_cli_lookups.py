"""Lookups from the command line: what is read from where, what is said, with which exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import typer.main

from fakes.gateway_outcomes import agency, large, outcome, said
from fingerpost.private.approvals import ApprovalRule
from fingerpost.private.demographics import Birth, ExpectedDate, OtherName, PartialDate, Scheme, Sex
from fingerpost.private.justification import (
    Facts,
    Justification,
    Reason,
    StatedRule,
    StrategyDiscussion,
)
from fingerpost.private.linkage import Unused, WeakRule, normalise
from fingerpost.private.officers import OfficerRule
from fingerpost.private.purpose_rules import PurposeRule
from fingerpost.protocol.codes import AgencyKind, Purpose, Reach, Status, WideningReason
from fingerpost.protocol.errors import PUBLIC_TEXT, CallRule, Code, Refused, Rule
from fingerpost.protocol.federation import ReachRule
from fingerpost.protocol.ids import AreaCode
from fingerpost.protocol.table_of_terms import TERMS
from fingerpost.protocol.terms import Fact
from practitioner.asking.convening import ConveneRule
from practitioner.asking.document import read
from practitioner.asking.outcome import Again, Former, NobodyAsked, Progress, Question, Widened
from practitioner.asking.plan import LookupRule
from practitioner.asking.second_persons import SecondPersonRule
from practitioner.cli import app
from practitioner.present.refusals import BY_CODE, BY_RULE, NOT_TAKEN, advice
from practitioner.present.words import WHY_FORMER
from practitioner.sign_in.rules import SignInRule
from unit.practitioner.gateway_desk import CHILD, STATED, Desk, Said, answer_with


def test_a_lookup_with_gaps(desk: Desk, answered: list[Question]) -> None:
    desk.sign_in()
    told = desk.lookup("--reach", "area")
    assert told.status == 3
    assert "Ring now" in told.out
    assert "\x1b" not in told.out
    assert told.err == ""
    (question,) = answered
    assert question.justification.purpose is Purpose.S47_ENQUIRY
    assert question.reach is Reach.AREA
    assert question.demographics.surname == "Umberleigh"
    assert "Umberleigh" not in told.out


def test_a_complete_lookup_for_programs(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    quiet = said(agency("Oak", AgencyKind.SCHOOL), Status.NOTHING_TO_DISCLOSE)
    answer_with(monkeypatch, outcome([quiet]))
    desk.sign_in()
    told = desk.lookup("--json")
    assert (told.status, told.err) == (0, "")
    assert read(told.out.encode()).complete
    operation = read(told.out.encode()).operation
    again = desk.as_ann("outcome", "show", operation, "--json")
    assert (again.status, again.out) == (0, told.out)
    document = tmp_path / "document.json"
    document.write_text(told.out)
    assert desk.run("outcome", "genuine", str(document)).status == 0
    document.write_text(told.out.replace("Oak", "Elm"))
    changed = desk.run("outcome", "genuine", str(document))
    assert (changed.status, changed.out) == (1, "not made here, or changed since\n")


def test_outcomes_of_others_and_none_are_refused_alike(
    desk: Desk, answered: list[Question]
) -> None:
    desk.sign_in()
    told = desk.as_ann("outcome", "show", "0000000000000000")
    assert told.status == 4
    assert "You have no such outcome." in told.err


def test_a_reviewer_without_an_account_here_is_refused(
    desk: Desk, answered: list[Question]
) -> None:
    desk.sign_in()
    asked = ("lookup", "--purpose", "exploitation", "--fact", "reviewer=Bob", "--child", "-")
    told = desk.as_ann(*asked, stdin=json.dumps(CHILD))
    assert told.status == 4
    assert "The account of another person whom you named is not one" in " ".join(told.err.split())
    desk.add("--account", "bob")
    assert desk.as_ann(*asked, stdin=json.dumps(CHILD)).status == 3
    assert answered[0].justification.facts.reviewer == "bob"
    desk.run("account", "disable", "--account", "bob")
    assert desk.as_ann(*asked, stdin=json.dumps(CHILD)).status == 4
    desk.add("--account", "gp", "--role", "gp")
    told = desk.as_ann(*asked[:4], "reviewer=gp", *asked[5:], stdin=json.dumps(CHILD))
    assert "The role of the reviewer may not ask for this purpose." in told.err
    assert len(answered) == 1


def test_all_of_a_question_arrives(desk: Desk, answered: list[Question]) -> None:
    desk.sign_in()
    child = {
        **CHILD,
        "middle_names": "May",
        "other_names": [{"forename": "Tess", "surname": "Hollingshade"}],
        "sex": "FEMALE",
        "postcode": "AB1 2CD",
        "former_postcodes": ["WX9 2TF"],
        "health_number": "9434765919",
        "number_scheme": "NHS",
        "upn": "A950000178301",
    }
    desk.lookup(
        *("--reach", "NAMED", "--area", "E99000002", "--area", "e99000003"),
        *("--reference", "ref-1"),
        stdin=json.dumps(child),
    )
    (question,) = answered
    assert question.named_areas == (AreaCode("e99000002"), AreaCode("e99000003"))
    facts = Facts(strategy_discussion=StrategyDiscussion(date(2026, 3, 2)))
    expected = Justification(Purpose.S47_ENQUIRY, "ref-1", facts=facts)
    assert question.justification == expected
    asked = question.demographics
    assert asked.other_names == (OtherName("Tess", "Hollingshade"),)
    assert (asked.dob, asked.sex) == (date(2017, 3, 9), Sex.FEMALE)
    assert (asked.middle_names, asked.postcode) == ("May", "AB1 2CD")
    assert (asked.health_number, asked.upn) == ("9434765919", "A950000178301")
    assert asked.number_scheme is Scheme.NHS
    assert asked.former_postcodes == ("WX9 2TF",)


@pytest.mark.parametrize(
    ("dob", "born"),
    [
        ("2017-03", PartialDate(2017, 3)),
        ("2017", PartialDate(2017)),
        ("about 2017", PartialDate(2017, about=True)),
        ("due 2027-02-01", ExpectedDate(date(2027, 2, 1))),
    ],
)
def test_a_date_of_birth_as_far_as_it_is_known(
    desk: Desk, answered: list[Question], dob: str, born: Birth
) -> None:
    desk.sign_in()
    desk.lookup(stdin=json.dumps({**CHILD, "dob": dob}))
    (question,) = answered
    assert question.demographics.dob == born


def test_a_child_in_a_file_of_her_own(desk: Desk, answered: list[Question], tmp_path: Path) -> None:
    desk.sign_in()
    path = tmp_path / "child.json"
    path.write_text(json.dumps(CHILD))
    path.chmod(0o644)
    assert desk.lookup("--child", str(path)).status == 2
    path.chmod(0o600)
    assert desk.lookup("--child", str(path)).status == 3
    assert len(answered) == 1


@pytest.mark.parametrize("name", ["nhs_number", "chi_number", "hc_number"])
def test_a_health_number_is_taken_under_the_names_that_people_give_it(
    desk: Desk, answered: list[Question], name: str
) -> None:
    desk.sign_in()
    assert desk.lookup(stdin=json.dumps({**CHILD, name: "943 476 5919"})).status == 3
    assert answered[0].demographics.health_number == "943 476 5919"
    twice = {**CHILD, name: "9434765919", "health_number": "9434765919"}
    assert "more than one health number" in desk.lookup(stdin=json.dumps(twice)).err


FAULTY = (
    "Umberleigh",
    '{"surname": "Umberleigh", "Umberleigh": 1}',
    '{"surname": ["Umberleigh"]}',
    '{"dob": "Umberleigh"}',
    '{"sex": "Umberleigh"}',
    '{"health_number": "9434765919", "number_scheme": "Umberleigh"}',
    '{"surname": "Umberleigh", "health_number": "9434765919", "number_scheme": "CHI"}',
    json.dumps({"surname": "Umberleigh" * 20}),
    json.dumps({"surname": "Umberleigh", "postcode": "x" * 20_000}),
)


@pytest.mark.usefixtures("answered")
@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"dob": "9.3.2017"}', "dob: expected in quotation marks YYYY-MM-DD, YYYY-MM,"),
        ('{"dob": 2017}', "dob: expected in quotation marks YYYY-MM-DD, YYYY-MM,"),
        ('{"forename": 1}', "forename: expected text in quotation marks"),
        ('{"name": ""}', "a field that is not known; there are forename, middle_names, surname"),
        (
            '{"other_names": [{"name": ""}]}',
            "other_names: a field that is not known; there are forename,",
        ),
        ('{"other_names": ["x"]}', 'other_names: expected a list of {"forename": …, "surname": …}'),
        ('{"former_postcodes": "x"}', "former_postcodes: expected a list of texts in quotation"),
        ('{"former_postcodes": [1]}', "former_postcodes: expected a list of texts in quotation"),
        ('["x"]', "expected one object"),
    ],
)
def test_a_fault_in_the_childs_details_is_said_in_plain_words(
    desk: Desk, text: str, fault: str
) -> None:
    desk.sign_in()
    assert f"fingerpost: --child: {fault}" in desk.lookup(stdin=text).err


def test_no_fault_repeats_what_was_given(desk: Desk, answered: list[Question]) -> None:
    desk.sign_in()
    for text in FAULTY:
        told = desk.lookup(stdin=text)
        assert told.status in (2, 4)
        assert "Umberleigh" not in told.out + told.err
    assert answered == []


def test_the_childs_details_are_never_options() -> None:
    """Every user of the machine can read a command line."""
    command = typer.main.get_command(app).commands["lookup"]  # type: ignore[attr-defined]
    options = {option for each in command.params for option in each.opts}
    forbidden = {"--forename", "--surname", "--dob", "--nhs-number", "--postcode", "--upn", "--sex"}
    assert "--child" in options
    assert not options & forbidden


def test_a_child_can_be_asked_for(
    desk: Desk, answered: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sign_in()
    facts = "ref-1|yesterday|02/03/2026|"
    child = "Thessaly||Umberleigh|31/02/2017|09/03/2017|x|f|LS6 2AB||||Tess, Hollingshade|"
    questions = at_a_terminal(monkeypatch, facts + child)
    told = desk.as_ann("lookup", "--purpose", "S47_ENQUIRY")
    assert told.status == 3
    assert questions[:4] == [
        "Reference of your case or referral",
        *[
            "On which day was the strategy discussion? (DD/MM/YYYY, or not-yet:DD/MM/YYYY with "
            "the day since when you wait for it)"
        ]
        * 2,
        "Forename",
    ]
    (question,) = answered
    assert question.justification == Justification(
        Purpose.S47_ENQUIRY,
        "ref-1",
        facts=Facts(strategy_discussion=StrategyDiscussion(date(2026, 3, 2))),
    )
    asked = question.demographics
    assert (asked.forename, asked.surname) == ("Thessaly", "Umberleigh")
    assert (asked.dob, asked.sex) == (date(2017, 3, 9), Sex.FEMALE)
    assert asked.other_names == (OtherName("Tess", "Hollingshade"),)


def test_a_reviewer_who_is_typed_is_held_to_the_same_rule(
    desk: Desk, answered: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack: a name that nobody has, given at the prompt and not as an option."""
    desk.sign_in()
    desk.add("--account", "bob")
    desk.run("account", "disable", "--account", "bob")
    desk.add("--account", "carol")
    about = ("lookup", "--purpose", "EXPLOITATION", "--reference", "ref-1")
    child = "Thessaly||Umberleigh|09/03/2017||||||"
    for typed in ("nobody", "bob"):
        at_a_terminal(monkeypatch, f"{typed}|")
        told = desk.as_ann(*about)
        assert told.status == 4
        assert BY_RULE[SignInRule.REVIEWER_ACCOUNT] in told.err
        assert told.err.endswith(f"fingerpost: {BY_RULE[PurposeRule.REVIEWER]}\n")
    questions = at_a_terminal(monkeypatch, f"nobody|bob|Carol|{child}")
    assert desk.as_ann(*about).status == 3
    assert len(set(questions[:3])) == 1, "she is asked for again at once"
    (question,) = answered
    assert question.justification.facts.reviewer == "carol", "as the account is written"


def test_where_nobody_could_be_asked_all_agencies_are_named(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = NobodyAsked(Refused(Code.UNAVAILABLE, CallRule.NOBODY), large(gaps=45))
    answer_with(monkeypatch, nobody)
    desk.sign_in()
    for more in ((), ("--json",)):
        told = desk.lookup("--all", *more)
        assert (told.status, told.out) == (4, "")
        assert "NOBODY WAS ASKED (0 of 45)" in told.err
        assert "If a child is in danger now, ring 999." in told.err
        for name in ("Larkrise Primary", "Mill Lane Surgery", "Absent Surgery 5"):
            assert name in told.err
        assert "did not answer" not in told.err.lower()
        assert told.err.endswith(f"fingerpost: {BY_CODE[Code.UNAVAILABLE]}\n")


def test_without_a_terminal_nobody_is_asked(desk: Desk, answered: list[Question]) -> None:
    desk.sign_in()
    told = desk.as_ann("lookup", *STATED)
    assert told.status == 2
    assert "--child" in told.err
    told = desk.as_ann("lookup", "--purpose", "S47_ENQUIRY")
    assert (told.status, told.err) == (4, f"fingerpost: {BY_RULE[PurposeRule.REFERENCE]}\n")
    assert answered == []


# ---- what was asked is what was searched ---------------------------------------------------------


def test_what_will_find_nobody_is_said_before_it_is_sent(
    desk: Desk, answered: list[Question]
) -> None:
    desk.sign_in()
    child = {**CHILD, "nhs_number": "9434765918", "upn": "A950000178301", "postcode": "nonsense"}
    told = desk.lookup(stdin=json.dumps(child))
    assert told.status == 3
    said = [part.words for part in (Unused.POSTCODE_UNREAD, Unused.NUMBER_UNREAD)]
    assert told.err.splitlines() == [*said, Unused.UPN_NOT_AGREED.words]
    assert len(answered) == 1


@pytest.mark.parametrize(
    "number",
    ["943\u202f476\u202f5919", "\u202a943\u200b476\u20115919\u202c", "\u200e943 476 5919\ufeff"],
)
def test_a_number_that_was_copied_from_a_page_is_used(
    desk: Desk, answered: list[Question], number: str
) -> None:
    desk.sign_in()
    told = desk.lookup(stdin=json.dumps({**CHILD, "nhs_number": number}))
    assert (told.status, told.err) == (3, "")
    (question,) = answered
    assert normalise(question.demographics).health_number is not None


def typed_child(**given: str) -> str:
    fields = ("forename", "middle", "surname", "dob", "sex", "postcode", "former", "number", "upn")
    usual = {"forename": "Thessaly", "surname": "Umberleigh", "dob": "09/03/2017"}
    return "|".join([*({**usual, **given}.get(name, "") for name in fields), ""])


ASKED = ("lookup", *STATED)


def test_a_mistyped_number_is_mended_at_once_and_nothing_is_typed_again(
    desk: Desk, answered: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sign_in()
    typed = typed_child(number="943 476 5918", postcode="LS6 2AB") + "|9434765919"
    questions = at_a_terminal(monkeypatch, typed)
    told = desk.as_ann(*ASKED)
    assert told.status == 3
    assert Unused.NUMBER_UNREAD.words in told.err
    assert questions[-1].startswith("NHS, CHI or H&C number [943 476 5918; press Enter to keep it")
    (question,) = answered
    child = question.demographics
    assert (child.forename, child.postcode) == ("Thessaly", "LS6 2AB")
    assert child.health_number == "9434765919"


def test_what_cannot_be_mended_is_asked_as_it_is_once_it_was_said(
    desk: Desk, answered: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sign_in()
    at_a_terminal(monkeypatch, typed_child(number="943 476 5918") + "|")
    assert desk.as_ann(*ASKED).status == 3
    assert answered[0].demographics.health_number == "943 476 5918"


def test_a_number_alone_is_refused_with_what_is_missing_and_completed(
    desk: Desk, answered: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sign_in()
    alone = typed_child(forename="", surname="", dob="", number="9434765919")
    at_a_terminal(monkeypatch, alone + "|Thessaly||9 March 2017")
    told = desk.as_ann(*ASKED)
    assert told.status == 3
    assert BY_RULE[WeakRule.NUMBER_ALONE] in told.err
    child = answered[0].demographics
    assert (child.forename, child.dob) == ("Thessaly", date(2017, 3, 9))
    assert child.health_number == "9434765919"

    at_a_terminal(monkeypatch, alone + "|||")
    told = desk.as_ann(*ASKED)
    assert told.status == 4
    assert told.err.endswith(f"fingerpost: {BY_RULE[WeakRule.NUMBER_ALONE]}\n")
    assert len(answered) == 1


def test_an_age_outside_childhood_is_refused_with_the_reason_and_mended(
    desk: Desk, answered: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sign_in()
    at_a_terminal(monkeypatch, typed_child(dob="09/03/1987") + "|09/03/2017")
    told = desk.as_ann(*ASKED)
    assert told.status == 3
    assert BY_RULE[PurposeRule.CHILDHOOD] in told.err
    assert answered[0].demographics.dob == date(2017, 3, 9)


def test_a_doubtful_date_is_read_back_in_words_and_counts_once_it_is_confirmed(
    desk: Desk, answered: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sign_in()
    questions = at_a_terminal(monkeypatch, typed_child(dob="09/03/17|no|9 Mar 17|yes"))
    told = desk.as_ann(*ASKED)
    assert told.status == 3
    (asked,) = {each for each in questions if each.startswith("Is this")}
    assert asked.startswith("Is this 9 March 2017 (aged ")
    assert answered[0].demographics.dob == date(2017, 3, 9)


def test_a_day_to_come_is_a_childs_only_if_she_is_not_born_yet(
    desk: Desk, answered: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack of haste: 2047 for 2017 would drop number and sex of a child of nine."""
    desk.sign_in()
    soon = date.today() + timedelta(days=60)  # noqa: DTZ011 - as it is typed
    dob = f"{soon:%d/%m/%Y}|no|09/03/2017"
    at_a_terminal(monkeypatch, typed_child(dob=dob, number="9434765919"))
    assert desk.as_ann(*ASKED).status == 3
    assert answered[0].demographics.dob == date(2017, 3, 9)
    assert answered[0].demographics.health_number == "9434765919"


def test_of_a_child_not_born_yet_neither_sex_nor_number_is_asked_for(
    desk: Desk, answered: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sign_in()
    soon = date.today() + timedelta(days=60)  # noqa: DTZ011 - as it is typed
    typed = typed_child(dob=f"{soon:%d/%m/%Y}|yes", postcode="LS6 2AB").split("|")
    del typed[5], typed[7:9]
    at_a_terminal(monkeypatch, "|".join(typed))
    assert desk.as_ann(*ASKED).status == 3
    assert answered[0].demographics.dob == ExpectedDate(soon)


def test_a_sex_is_understood_as_people_say_it(
    desk: Desk, answered: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sign_in()
    at_a_terminal(monkeypatch, typed_child(sex="x|girl"))
    assert desk.as_ann(*ASKED).status == 3
    assert answered[0].demographics.sex is Sex.FEMALE


def test_a_reference_of_another_form_is_asked_for_again(
    desk: Desk, answered: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sign_in()
    at_a_terminal(monkeypatch, f"ref 1, of Maya|ref-1|02/03/2026|{typed_child()}")
    told = desk.as_ann("lookup", "--purpose", "S47_ENQUIRY")
    assert told.status == 3
    assert BY_RULE[StatedRule.REFERENCE_FORM] in told.err
    assert answered[0].justification.reason_reference == "ref-1"


def test_what_was_typed_outlasts_a_moment_without_the_federation(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = NobodyAsked(Refused(Code.UNAVAILABLE, CallRule.NOBODY), large(gaps=45))
    asked = answer_with(monkeypatch, nobody)
    desk.sign_in()
    questions = at_a_terminal(monkeypatch, typed_child() + "|yes|no")
    told = desk.as_ann(*ASKED)
    assert told.status == 4
    assert len(asked) == 2
    assert asked[0] == asked[1]
    assert questions.count("Forename") == 1
    assert BY_CODE[Code.UNAVAILABLE] in told.err


# ---- who may have moved --------------------------------------------------------------------------

PLACED = ("lookup", "--purpose", "CLA_CARE", "--reference", "ref-1", "--area", "E99000002")
FORMER_NAME, FORMER_HOMES = (
    "Former or other name (forename, surname)",
    "Former postcodes, the latest first (at most three, with commas)",
)
ALL_ELSE = ("Forename", "Middle names", "Surname")


def test_where_the_child_may_have_moved_former_names_and_homes_are_asked_for_first(
    desk: Desk, answered: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sign_in()
    former = "Tess, Hollingshade|, Abernathy||WX9 2TF, WX4 7QD|"
    present = "Thessaly||Umberleigh|09/03/2017|f|LS6 2AB|943 476 5918||9434765919"
    questions = at_a_terminal(monkeypatch, former + present)
    told = desk.as_ann(*PLACED)
    assert told.status == 3
    assert questions[:7] == [FORMER_NAME, *[FORMER_NAME] * 2, FORMER_HOMES, *ALL_ELSE]
    assert told.err.index(WHY_FORMER) < told.err.index(Unused.NUMBER_UNREAD.words)
    child = answered[0].demographics
    assert child.other_names == (OtherName("Tess", "Hollingshade"), OtherName("", "Abernathy"))
    assert child.former_postcodes == ("WX9 2TF", "WX4 7QD")
    assert (child.forename, child.postcode) == ("Thessaly", "LS6 2AB")
    assert child.health_number == "9434765919", "and nothing else had to be typed again"


def test_what_is_not_known_of_it_is_passed_by_one_key_each(
    desk: Desk, answered: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sign_in()
    questions = at_a_terminal(monkeypatch, "||Thessaly||Umberleigh|09/03/2017||||")
    assert desk.as_ann(*PLACED).status == 3
    assert questions[:3] == [FORMER_NAME, FORMER_HOMES, "Forename"]
    child = answered[0].demographics
    assert (child.other_names, child.former_postcodes) == ((), ())


@pytest.mark.parametrize(
    ("purpose", "first"),
    [
        ("MISSING_CHILD", True),
        ("TRANSFER_IN", True),
        ("LEAVING_CARE", True),
        ("S17_ASSESSMENT", False),
        ("EXPLOITATION", False),
    ],
)
def test_other_purposes_ask_for_it_where_they_did(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, purpose: str, first: bool
) -> None:
    """The facts are asked for before either, and stated here."""
    lenient = [replace(each, takes=frozenset()) for each in TERMS]
    asked = answer_with(monkeypatch, large(gaps=4), terms=lenient)
    desk.sign_in()
    age = 20 if purpose == "LEAVING_CARE" else 9
    born = f"09/03/{date.today().year - age}"  # noqa: DTZ011 - as it is typed
    fields = ["Thessaly", "", "Umberleigh", born, "", "", "", "", "", ""]
    questions = at_a_terminal(monkeypatch, "|".join(["", "", *fields[:8]] if first else fields))
    told = desk.as_ann("lookup", "--purpose", purpose, "--area", "E99000002")
    where = (questions.index(FORMER_NAME), questions.index(FORMER_HOMES))
    assert (where == (0, 1)) is first
    assert (WHY_FORMER in told.err) is first
    assert asked[0].demographics.surname == "Umberleigh"


UNSTATED = f"No former name or postcode was given. {WHY_FORMER}\n"


@pytest.mark.parametrize(
    ("about", "stated", "said"),
    [
        (PLACED, {}, UNSTATED),
        (PLACED, {"former_postcodes": []}, ""),
        (PLACED, {"other_names": [{"surname": "Hollingshade"}]}, ""),
        (("lookup", *STATED), {}, ""),
    ],
    ids=["neither", "none known", "a name", "another purpose"],
)
def test_a_program_that_states_neither_is_told_so(
    desk: Desk,
    answered: list[Question],
    about: tuple[str, ...],
    stated: dict[str, object],
    said: str,
) -> None:
    desk.sign_in()
    given = {**CHILD, **stated}
    told = desk.as_ann(*about, "--child", "-", stdin=json.dumps(given))
    assert (told.status, told.err) == (3, said)
    assert len(answered) == 1


# ---- stopped -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("progress", "said"),
    [
        (Progress(), "Stopped. Nothing was sent, and nobody was asked.\n"),
        (Progress("5f0c9a3e71d2b846"), "is on record as lookup 5f0c9a3e71d2b846.\n"),
        (Progress("5f0c9a3e71d2b846", 1), "The question was sent, and is on record as lookup 5f0c"),
    ],
)
def test_who_stops_a_lookup_is_told_whether_it_had_left(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, progress: Progress, said: str
) -> None:
    answer_with(monkeypatch, progress)
    desk.sign_in()
    told = desk.lookup("--json")
    assert (told.status, told.out) == (130, "")
    assert said in told.err
    assert ("Nothing was sent" in told.err) is not bool(progress.left)


def test_who_stops_a_second_round_is_told_whether_it_had_left(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_with(monkeypatch, Progress("5f0c9a3e71d2b846", 1))
    desk.sign_in()
    told = widen(desk, "--json")
    assert (told.status, told.out) == (130, "")
    assert "The question was sent, and is on record as lookup 5f0c9a3e71d2b846" in told.err


def test_who_stops_at_a_question_has_asked_nobody(
    desk: Desk, answered: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sign_in()
    at_a_terminal(monkeypatch, "")

    def stop(*_: object, **__: object) -> str:
        raise typer.Abort

    monkeypatch.setattr(typer, "prompt", stop)
    told = desk.as_ann(*ASKED)
    assert told.status == 130
    assert told.err.endswith("fingerpost: Stopped. Nothing was sent, and nobody was asked.\n")
    assert answered == []


# ---- one's own lookups ---------------------------------------------------------------------------


def test_ones_own_lookups_are_listed_and_no_childs_name(
    desk: Desk, answered: list[Question]
) -> None:
    desk.sign_in()
    empty = desk.as_ann("outcome", "list")
    assert (empty.status, empty.out) == (0, "")
    assert "You have no outcome" in empty.err
    shown = read(desk.lookup("--json").out.encode())
    told = desk.as_ann("outcome", "list", columns="200")
    assert told.status == 0
    assert shown.operation in told.out
    assert "S47_ENQUIRY" in told.out
    assert "4 did not answer." in " ".join(told.out.split())
    assert "Umberleigh" not in told.out


# ---- what a purpose takes ------------------------------------------------------------------------


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, typed: str) -> list[str]:
    """Type answers, which a bar divides. Returns the questions, as they come."""
    answers, questions = iter(typed.split("|")), []

    def prompt(question: str, **_options: object) -> str:
        questions.append(question)
        return next(answers)

    monkeypatch.setattr(typer, "prompt", prompt)
    monkeypatch.setattr("practitioner.cli.asking.at_terminal", lambda: True)
    return questions


def test_what_is_not_stated_is_refused_before_the_child_is_read(
    desk: Desk, answered: list[Question]
) -> None:
    """Also on standard input, where a faulty child would be refused with another status."""
    desk.sign_in()
    for given, rule in (
        ((), PurposeRule.REFERENCE),
        (("--reference", "ref-1"), PurposeRule.STRATEGY_DISCUSSION),
    ):
        purpose = ("--purpose", "s47-enquiry", "--child", "-")
        told = desk.as_ann("lookup", *purpose, *given, stdin="Umberleigh")
        assert (told.status, told.err) == (4, f"fingerpost: {BY_RULE[rule]}\n")
    assert desk.lookup(stdin="Umberleigh").status == 2
    assert answered == []


def test_what_governance_demands_beyond_this_release_is_refused_before_the_child_is_read(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    stricter = [replace(each, takes=each.takes | {Fact.INFORMED}) for each in TERMS]
    asked = answer_with(monkeypatch, large(gaps=4), terms=stricter)
    desk.sign_in()
    told = desk.lookup(stdin="Umberleigh")
    assert (told.status, told.err) == (4, f"fingerpost: {BY_RULE[PurposeRule.INFORMED]}\n")
    assert desk.lookup("--fact", "informed=family").status == 3
    assert len(asked) == 1


def test_a_purpose_of_another_role_is_refused_before_anything_is_asked_for(
    desk: Desk, answered: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sign_in()
    questions = at_a_terminal(monkeypatch, "")
    for purpose in ("URGENT_CARE", "MISSING_EDUCATION"):
        told = desk.as_ann("lookup", "--purpose", purpose)
        assert (told.status, told.err) == (
            4,
            f"fingerpost: {BY_RULE[PurposeRule.ROLE_OF_PURPOSE]}\n",
        )
    assert questions == []
    assert answered == []


def test_an_empty_answer_ends_it_before_the_child_is_named(
    desk: Desk, answered: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sign_in()
    questions = at_a_terminal(monkeypatch, "")
    told = desk.as_ann("lookup", "--purpose", "S47_ENQUIRY")
    assert told.status == 4
    assert told.err.endswith(f"fingerpost: {BY_RULE[PurposeRule.REFERENCE]}\n")
    assert questions == ["Reference of your case or referral"]
    assert answered == []


def test_grounds_are_shown_with_their_numbers(
    desk: Desk, answered: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sign_in()
    at_a_terminal(monkeypatch, "ref-1|3|Thessaly||Umberleigh|09/03/2017||||||")
    told = desk.as_ann("lookup", "--purpose", "REFERRAL_TRIAGE")
    assert told.status == 3
    assert "  3  the child is likely to suffer significant harm\n" in told.err
    (question,) = answered
    assert question.justification.facts == Facts(reason=Reason.LIKELY_SIGNIFICANT_HARM)


@pytest.mark.parametrize(
    ("fact", "fault"),
    [
        ("weather=fine", "--fact: one of requested-by, lead-since,"),
        ("strategy-discussion=Umberleigh", "--fact strategy-discussion: On which day was"),
        ("informed=Umberleigh", "--fact informed: one of FAMILY, CHILD,"),
        ("arrived-at=99999-01-01", "--fact arrived-at:"),
    ],
)
def test_a_fact_that_is_not_understood_is_said_in_plain_words(
    desk: Desk, answered: list[Question], fact: str, fault: str
) -> None:
    desk.sign_in()
    told = desk.lookup("--fact", fact)
    assert told.status == 2
    assert fault in " ".join(told.err.split())
    assert "Umberleigh" not in told.err
    assert answered == []


def test_sign_in_comes_first(desk: Desk, answered: list[Question]) -> None:
    told = desk.lookup()
    assert (told.status, told.err) == (4, "fingerpost: Sign in first: fingerpost sign-in.\n")
    assert answered == []


def test_each_refusal_is_one_plain_line(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.sign_in()
    lines = set()
    for code in Code:
        answer_with(monkeypatch, Refused(code, "some rule"))
        told = desk.lookup("--json")
        assert (told.status, told.out) == (4, "")
        assert told.err.startswith("fingerpost: ")
        assert told.err.count("\n") == 1
        lines.add(told.err)
    assert len(lines) > 12


def test_a_crash_shows_its_type_alone(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom practitioner import cli\n"
        "def broken(*_): raise KeyError('Umberleigh')\n"
        "cli.asking.load = broken\n"
        "sys.argv = ['fingerpost', 'lookup', '--settings', 'x', '--purpose', 'S47_ENQUIRY']\n"
        "cli.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).resolve().parents[3],
    )
    assert done.returncode == 1
    assert done.stderr == "fingerpost: crashed (KeyError)\n"


def test_a_missing_pepper_and_a_missing_epoch_have_remedies_of_their_own() -> None:
    pepper, epoch = (BY_RULE[rule] for rule in (LookupRule.NO_PEPPER, LookupRule.NO_EPOCH))
    assert pepper.index("fingerpost serve") < pepper.index("fingerpost-authority epoch late")
    assert "epoch open" not in pepper
    assert "epoch open" in epoch
    assert "epoch late" not in epoch


def test_who_was_asked_is_named_to_whom_runs_the_gateway() -> None:
    asked = "broker “one” at broker.example:7442"
    told = advice(Refused(Code.UNAVAILABLE, CallRule.NOBODY, asked))
    assert told == f"{BY_CODE[Code.UNAVAILABLE]} Called: {asked} (nobody listens at that address)."


def test_a_malformed_message_is_the_practitioners_fault_or_the_gateways() -> None:
    assert advice(Refused(Code.MALFORMED, "dob")) == f"{BY_CODE[Code.MALFORMED]} (dob)"
    assert advice(Refused(Code.MALFORMED, CallRule.REFUSED)) == NOT_TAKEN


def test_choices_are_named(desk: Desk, answered: list[Question]) -> None:
    desk.sign_in()
    wrong = (("--purpose", "admissions"), ("--reach", "everyone"), ("--area", "Wexcombe"))
    for option, value in wrong:
        told = desk.lookup(option, value)
        assert told.status == 2
        assert option in told.err
    assert answered == []


# ---- second rounds -------------------------------------------------------------------------------


def widen(desk: Desk, *more: str, stdin: str = "") -> Said:
    first = ("5f0c9a3e71d2b846", "--because", "other-name-likely")
    return desk.as_ann("widen", *first, *more, stdin=stdin)


def test_a_second_round_takes_everything_from_the_first(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Again] = []
    answer_with(monkeypatch, large(gaps=0), asked)
    desk.sign_in()
    told = widen(desk)
    assert told.status == 0
    assert "Second round, asked with wider keys" in told.out
    assert asked == [Again(Widened("5f0c9a3e71d2b846", WideningReason.OTHER_NAME_LIKELY))]


def test_or_what_is_given_with_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Again] = []
    answer_with(monkeypatch, large(gaps=4), asked)
    desk.sign_in()
    child = {**CHILD, "other_names": [{"forename": "Tess", "surname": "Hollingshade"}]}
    told = widen(desk, "--child", "-", "--area", "E99000002", "--json", stdin=json.dumps(child))
    assert told.status == 3
    shown = read(told.out.encode())
    assert shown.widened is not None
    assert shown.widened.because == "OTHER_NAME_LIKELY"
    (again,) = asked
    assert again.named_areas == (AreaCode("e99000002"),)
    assert again.child is not None
    assert again.child.other_names == (OtherName("Tess", "Hollingshade"),)


FORMER = Former((OtherName("Tess", "Hollingshade"),), ("WX9 2TF",))


def test_former_names_and_homes_can_be_added_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[Again] = []
    answer_with(monkeypatch, large(gaps=0), asked)
    desk.sign_in()
    former = {
        "other_names": [{"forename": "Tess", "surname": "Hollingshade"}],
        "former_postcodes": ["WX9 2TF"],
    }
    assert widen(desk, "--former", "-", stdin=json.dumps(former)).status == 0
    path = tmp_path / "former.json"
    path.write_text(json.dumps(former))
    path.chmod(0o644)
    assert widen(desk, "--former", str(path)).status == 2
    path.chmod(0o600)
    assert widen(desk, "--former", str(path)).status == 0
    at_a_terminal(monkeypatch, "Tess, Hollingshade||WX9 2TF")
    told = widen(desk)
    assert told.status == 0
    assert WHY_FORMER in told.err
    at_a_terminal(monkeypatch, "|")
    assert widen(desk).status == 0
    assert [again.former for again in asked] == [FORMER, FORMER, FORMER, Former()]
    assert {again.child for again in asked} == {None}


def test_more_former_homes_than_a_question_has_are_typed_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Again] = []
    answer_with(monkeypatch, large(gaps=0), asked)
    desk.sign_in()
    at_a_terminal(monkeypatch, "|WX1 1AA, WX1 1AB, WX1 1AD, WX1 1AE||WX1 1AA")
    told = widen(desk)
    assert told.status == 0
    assert f"{BY_CODE[Code.MALFORMED]} (former_postcodes)" in told.err
    assert asked[0].former == Former((), ("WX1 1AA",))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"surname": "Umberleigh"}', "a field that is not known; there are other_names, former_"),
        ('{"former_postcodes": "x"}', "former_postcodes: expected a list of texts in quotation"),
        ("Umberleigh", "not JSON"),
    ],
)
def test_a_fault_in_former_details_is_said_in_plain_words(
    desk: Desk, text: str, fault: str
) -> None:
    desk.sign_in()
    told = widen(desk, "--former", "-", stdin=text)
    assert told.status == 2
    assert f"fingerpost: --former: {fault}" in told.err
    assert "Umberleigh" not in told.err


def test_the_child_has_room_for_former_details_of_her_own(desk: Desk) -> None:
    desk.sign_in()
    told = widen(desk, "--child", "-", "--former", "-", stdin=json.dumps(CHILD))
    assert told.status == 2
    assert "--former: with --child" in told.err


def test_a_reason_is_one_of_the_list(desk: Desk) -> None:
    desk.sign_in()
    told = widen(desk, "--because", "she was vague")
    assert told.status == 2
    assert "--because: expected one of NO_UNIVERSAL_SERVICE_NAMED, OTHER_NAME_LIKELY" in told.err


RULES = (
    *ApprovalRule,
    *ConveneRule,
    *LookupRule,
    *OfficerRule,
    *PurposeRule,
    *ReachRule,
    *SecondPersonRule,
    *SignInRule,
    *StatedRule,
    *WeakRule,
)


def test_every_code_and_every_rule_has_advice() -> None:
    assert set(BY_CODE) == set(Code) == set(PUBLIC_TEXT)
    assert set(BY_RULE) == set(RULES)
    assert len(set(BY_RULE.values())) == len(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_advice_is_the_rules_own_whatever_the_code(rule: Rule) -> None:
    assert advice(Refused(Code.NOT_ALLOWED, rule)) == BY_RULE[rule]


def test_a_refused_second_round_ends_with_its_rules_advice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sign_in()
    answer_with(monkeypatch, Refused(Code.NOT_ALLOWED, LookupRule.SECOND_TAKEN))
    told = widen(desk)
    assert (told.status, told.out) == (4, "")
    assert told.err == f"fingerpost: {BY_RULE[LookupRule.SECOND_TAKEN]}\n"
