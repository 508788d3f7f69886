"""Lookups from the command line: what is read from where, what is said, with which exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import typer.main

from fakes.gateway_outcomes import agency, large, outcome, said
from fingerpost.private.demographics import OtherName, Sex
from fingerpost.private.purpose_rules import (
    Facts,
    Justification,
    PurposeRule,
    Reason,
    StrategyDiscussion,
)
from fingerpost.protocol.codes import AgencyKind, Purpose, Reach, Status, WideningReason
from fingerpost.protocol.errors import PUBLIC_TEXT, Code, Refused, Rule
from fingerpost.protocol.federation import ReachRule
from fingerpost.protocol.ids import AreaCode
from fingerpost.runtime.rpc import CallRule
from practitioner.asking.document import read
from practitioner.asking.outcome import Again, NobodyAsked, Question, Widened
from practitioner.asking.plan import LookupRule
from practitioner.cli import app
from practitioner.cli.refusals import BY_CODE, BY_RULE, NOT_TAKEN, advice
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


def test_a_complete_lookup_for_programs(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = said(agency("Oak", AgencyKind.SCHOOL), Status.NOTHING_TO_DISCLOSE)
    answer_with(monkeypatch, outcome([quiet]))
    desk.sign_in()
    told = desk.lookup("--json")
    assert (told.status, told.err) == (0, "")
    assert read(told.out.encode()).complete
    operation = read(told.out.encode()).operation
    again = desk.as_ann("outcome", "show", operation, "--json")
    assert (again.status, again.out) == (0, told.out)


def test_outcomes_of_others_and_none_are_refused_alike(
    desk: Desk, answered: list[Question]
) -> None:
    desk.sign_in()
    told = desk.as_ann("outcome", "show", "0000000000000000")
    assert told.status == 4
    assert "You have no such outcome." in told.err


def test_an_approver_without_an_account_here_is_refused(
    desk: Desk, answered: list[Question]
) -> None:
    desk.sign_in()
    told = desk.lookup("--approver", "bob")
    assert told.status == 4
    assert "The account of the approver or the reviewer is not one" in " ".join(told.err.split())
    desk.add("--account", "bob")
    assert desk.lookup("--approver", "bob").status == 3
    desk.run("account", "disable", "--account", "bob")
    assert desk.lookup("--approver", "bob").status == 4
    assert len(answered) == 1


def test_all_of_a_question_arrives(desk: Desk, answered: list[Question]) -> None:
    desk.sign_in()
    desk.add("--account", "bob")
    child = {
        **CHILD,
        "middle_names": "May",
        "other_names": [{"forename": "Tess", "surname": "Hollingshade"}],
        "sex": "FEMALE",
        "postcode": "AB1 2CD",
        "nhs_number": "9434765919",
        "upn": "A950000178301",
    }
    desk.lookup(
        *("--reach", "NAMED", "--area", "E99000002", "--area", "e99000003"),
        *("--reference", "ref-1", "--approver", "bob"),
        stdin=json.dumps(child),
    )
    (question,) = answered
    assert question.named_areas == (AreaCode("e99000002"), AreaCode("e99000003"))
    facts = Facts(strategy_discussion=StrategyDiscussion(date(2026, 3, 2)))
    expected = Justification(Purpose.S47_ENQUIRY, "ref-1", "bob", facts=facts)
    assert question.justification == expected
    asked = question.demographics
    assert asked.other_names == (OtherName("Tess", "Hollingshade"),)
    assert (asked.dob, asked.sex) == (date(2017, 3, 9), Sex.FEMALE)
    assert (asked.middle_names, asked.postcode) == ("May", "AB1 2CD")
    assert (asked.nhs_number, asked.upn) == ("9434765919", "A950000178301")


def test_a_child_in_a_file_of_her_own(desk: Desk, answered: list[Question], tmp_path: Path) -> None:
    desk.sign_in()
    path = tmp_path / "child.json"
    path.write_text(json.dumps(CHILD))
    path.chmod(0o644)
    assert desk.lookup("--child", str(path)).status == 2
    path.chmod(0o600)
    assert desk.lookup("--child", str(path)).status == 3
    assert len(answered) == 1


FAULTY = (
    "Umberleigh",
    '{"surname": "Umberleigh", "Umberleigh": 1}',
    '{"surname": ["Umberleigh"]}',
    '{"dob": "Umberleigh"}',
    '{"sex": "Umberleigh"}',
    json.dumps({"surname": "Umberleigh" * 20}),
    json.dumps({"surname": "Umberleigh", "postcode": "x" * 20_000}),
)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"dob": "9.3.2017"}', "dob: expected a date in quotation marks, YYYY-MM-DD"),
        ('{"forename": 1}', "forename: expected text in quotation marks"),
        ('{"name": ""}', "a field that is not known; there are forename, middle_names, surname"),
        (
            '{"other_names": [{"name": ""}]}',
            "other_names: a field that is not known; there are forename,",
        ),
        ('{"other_names": ["x"]}', 'other_names: expected a list of {"forename": …, "surname": …}'),
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
    child = "Thessaly||Umberleigh|31/02/2017|09/03/2017|x|f|AB1 2CD|||Tess, Hollingshade|"
    questions = at_a_terminal(monkeypatch, facts + child)
    told = desk.as_ann("lookup", "--purpose", "S47_ENQUIRY")
    assert told.status == 3
    assert questions[:4] == [
        "Reference of your case or referral",
        *[
            "Day of the strategy discussion (DD/MM/YYYY, or not-yet:DD/MM/YYYY with the day since "
            "when it is awaited)"
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
    for typed, status in (("nobody", 4), ("bob", 4), ("Carol", 3)):
        at_a_terminal(monkeypatch, f"{typed}|{child}")
        told = desk.as_ann(*about)
        assert told.status == status, told.err
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
    questions = at_a_terminal(monkeypatch, "|not-yet")
    told = desk.as_ann("lookup", "--purpose", "S47_ENQUIRY")
    assert told.status == 4
    assert told.err.endswith(f"fingerpost: {BY_RULE[PurposeRule.REFERENCE]}\n")
    assert len(questions) == 2
    assert answered == []


def test_grounds_are_shown_with_their_numbers(
    desk: Desk, answered: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sign_in()
    at_a_terminal(monkeypatch, "ref-1|3|Thessaly||Umberleigh|09/03/2017||||||")
    told = desk.as_ann("lookup", "--purpose", "REFERRAL_TRIAGE")
    assert told.status == 3
    assert "  3  likely significant harm\n" in told.err
    (question,) = answered
    assert question.justification.facts == Facts(reason=Reason.LIKELY_SIGNIFICANT_HARM)


@pytest.mark.parametrize(
    ("fact", "fault"),
    [
        ("weather=fine", "--fact: one of reason, informed,"),
        ("strategy-discussion=Umberleigh", "--fact strategy-discussion: Day of the strategy"),
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
    assert told == f"{BY_CODE[Code.UNAVAILABLE]} Asked: {asked} (nobody listens at that address)."


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


def test_a_reason_is_one_of_the_list(desk: Desk) -> None:
    desk.sign_in()
    told = widen(desk, "--because", "she was vague")
    assert told.status == 2
    assert "--because: expected one of NO_UNIVERSAL_SERVICE_NAMED, OTHER_NAME_LIKELY" in told.err


RULES = (*LookupRule, *PurposeRule, *ReachRule, *SignInRule)


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
