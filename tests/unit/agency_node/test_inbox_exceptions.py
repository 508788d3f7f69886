"""Which lookups are exceptions, and that no rule tells what an entry hides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from agency_node import cli
from agency_node.answering.audit import CHILD_MARKED, AgencyLogs
from agency_node.answering.entries import BODY_VERSION, OPENED, Body
from agency_node.answering.matching import Finding
from agency_node.answering.pages import Asked
from agency_node.answering.planted import Unexpected
from agency_node.answering.wiring import audit_folder
from agency_node.inbox.exceptions import (
    AGAIN_LEAST,
    VOLUME_ALONE,
    Around,
    Exceptional,
    Marked,
    Rule,
    exceptions,
)
from agency_node.inbox.lookups import Lookup
from agency_node.settings import NodeSettings
from agency_node.wiring import open_audit
from fakes.node_records import LONG_KNOWN
from fakes.node_world import (
    COUNCIL,
    HERE,
    SCHOOL,
    THERE,
    KnownChildren,
    NodeWorld,
    a_child,
    a_federation,
    a_record,
)
from fakes.party_folder import KEY, node_settings_file
from fakes.witnesses import witness_in
from fingerpost.private.codec import write_demographics
from fingerpost.private.demographics import Demographics, OtherName
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Acr, Purpose, Role
from fingerpost.protocol.messages import KeySet
from fingerpost.runtime.settings import load

AT = int(datetime(2026, 3, 5, 9, tzinfo=UTC).timestamp())
"""On a Thursday."""
FAR = "e99000099.council"


@dataclass(frozen=True)
class Logged:
    seq: int
    at: int
    fields: dict[str, str | int | bool]
    kind: str = OPENED
    actor: str = "council"
    operation: str = "query"
    body: bytes | None = None


@dataclass
class Made:
    """Makes lookups of one log, in their order."""

    number: int = 0
    made: list[Lookup] = field(default_factory=list)

    def add(
        self,
        *,
        child: Demographics | None = None,
        name: str = "Jo Reed",
        account: str = "jo",
        role: Role = Role.SOCIAL_WORKER,
        reference: str = "",
        asking: str = str(COUNCIL),
        finding: Finding = Finding.MATCH,
        record: Demographics | None = None,
        own_number: str = "P-1",
        at: int = AT,
        unexpected: tuple[Unexpected, ...] = (),
    ) -> Lookup:
        self.number += 1
        written = write_demographics(child or a_child())
        asked = Asked(
            name, account, role, Acr.PASSWORD_TOTP, Purpose.S47_ENQUIRY, reference, "", written
        )
        if unexpected:
            asked = msgspec.structs.replace(asked, name="", subject="", reason_reference="")
        body = Body(
            BODY_VERSION,
            asked,
            "",
            1,
            ((0, write_demographics(record or child or a_child())),),
            unexpected=unexpected,
            local_ids=(own_number,),
        )
        fields: dict[str, str | int | bool] = {
            "asking": "" if unexpected else asking,
            "finding": finding.value,
            "told": 1,
            "answer": "INVOLVED" if finding is Finding.MATCH else "NOTHING_TO_DISCLOSE",
            "reach": "AREA",
        }
        written_body = msgspec.msgpack.encode(body)
        lookup = Lookup(body, [Logged(self.number, at, fields, body=written_body)])
        self.made.append(lookup)
        return lookup

    def found(self, **around: Any) -> dict[Rule, Exceptional]:
        defaults: dict[str, Any] = {
            "agency": SCHOOL,
            "near": frozenset({HERE, THERE}),
            "marked": lambda _: None,
            "opened": frozenset(),
            "unanswered": {},
            "now": AT,
        }
        return {each.rule: each for each in exceptions(self.made, Around(**defaults | around))}


def test_an_ordinary_lookup_is_no_exception() -> None:
    made = Made()
    made.add()
    assert made.found() == {}


@pytest.mark.parametrize("finding", [Finding.MATCH, Finding.POSSIBLE])
def test_a_lookup_of_a_marked_child_is_one(finding: Finding) -> None:
    made = Made()
    made.add(finding=finding)
    made.add(own_number="P-2", finding=finding)
    as_ = {"P-1": Marked.TRIPWIRE, "P-2": Marked.COLLEAGUE}.get
    found = made.found(marked=as_, opened=frozenset({1, 2}))
    assert found[Rule.TRIPWIRE].numbers == (1,)
    assert found[Rule.COLLEAGUE].numbers == (2,)


@pytest.mark.parametrize(
    ("name", "child", "met"),
    [
        ("Jo Thistlewood", {}, True),
        ("Jo THISTLEWOOD-Smith", {}, True),
        ("Jo Reed", {}, False),
        ("Jo Reed", {"other_names": (OtherName("", "Reed"),)}, True),
        ("Jo Reed", {"surname": ""}, False),
        ("Jo O'Neill", {"surname": "O’Neill"}, True),
    ],
)
def test_somebody_with_the_childs_surname_is_one(name: str, child: Any, met: bool) -> None:
    made = Made()
    made.add(name=name, child=a_child(**child))
    assert (Rule.OWN_FAMILY in made.found()) is met


def test_the_surname_at_the_holder_counts_where_the_record_is_meant() -> None:
    made = Made()
    renamed = a_child(surname="Reed")
    made.add(record=renamed)
    assert Rule.OWN_FAMILY in made.found()
    chance = Made()
    chance.add(record=renamed, finding=Finding.DIFFERENT)
    assert Rule.OWN_FAMILY not in chance.found()


def test_what_nobody_looked_at_is_one_after_two_working_days() -> None:
    made = Made()
    monday = int(datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp())
    made.add(finding=Finding.POSSIBLE, at=monday)
    assert Rule.NOT_LOOKED_AT not in made.found(now=AT - limits.DAY)
    assert made.found()[Rule.NOT_LOOKED_AT].numbers == (1,)
    assert Rule.NOT_LOOKED_AT in made.found(now=AT + 365 * limits.DAY)
    assert Rule.NOT_LOOKED_AT not in made.found(opened=frozenset({1}))


def test_a_challenge_without_an_answer_is_one_once_the_time_is_over() -> None:
    made = Made()
    made.add()
    assert made.found(unanswered={1: AT + 1}) == {}
    assert made.found(unanswered={1: AT})[Rule.NOT_ANSWERED].numbers == (1,)


def test_an_agency_of_an_area_that_is_not_near_is_one() -> None:
    made = Made()
    made.add(asking=FAR)
    made.add()
    assert made.found()[Rule.AREA].numbers == (1,)
    assert Rule.AREA not in made.found(near=None)


def test_one_agency_that_asks_about_one_child_again_and_again_is_one() -> None:
    made = Made()
    for n in range(AGAIN_LEAST):
        made.add(account=f"person-{n}", at=AT + n * limits.DAY)
    assert made.found()[Rule.AGAIN].numbers == (1, 2, 3)
    slow = Made()
    for n in range(AGAIN_LEAST):
        slow.add(at=AT + n * 4 * limits.DAY)
    assert Rule.AGAIN not in slow.found()
    many = Made()
    for n in range(AGAIN_LEAST):
        many.add(asking=f"e99000001.agency-{n}")
    assert Rule.AGAIN not in many.found()


def test_volume_is_judged_against_peers() -> None:
    made = Made()
    for person in range(4):
        for n in range(2):
            made.add(account=f"peer-{person}", own_number=f"P-{person}-{n}")
    for n in range(6):
        made.add(account="busy", own_number=f"B-{n}", at=AT + n)
    found = made.found()[Rule.VOLUME]
    assert found.numbers == tuple(range(9, 15))
    assert found.why == (
        "One person asked about your children 6 times in 28 days; half of the others in her role "
        "asked 2 times or less."
    )
    for person in range(4):
        for n in range(4):
            made.add(account=f"peer-{person}", own_number=f"Q-{person}-{n}", at=AT + 10)
    assert Rule.VOLUME not in made.found()


def test_volume_without_peers_has_a_bound_of_its_own() -> None:
    made = Made()
    for n in range(VOLUME_ALONE - 1):
        made.add(own_number=f"P-{n}", at=AT + n)
    assert Rule.VOLUME not in made.found()
    made.add(at=AT + limits.DAY)
    assert Rule.VOLUME in made.found()


@pytest.mark.parametrize(
    ("peers", "times", "met"),
    [(3, 4, False), (3, 5, True), (2, 5, False), (2, 9, False), (2, 10, True)],
)
def test_volume_begins_at_five_and_is_compared_with_three_peers_or_more(
    peers: int, times: int, met: bool
) -> None:
    made = Made()
    for person in range(peers):
        made.add(account=f"peer-{person}", own_number=f"P-{person}")
    made.add(account="another-role", role=Role.MIDWIFE, own_number="M-1")
    for n in range(times):
        made.add(account="busy", own_number=f"B-{n}", at=AT + n)
    assert (Rule.VOLUME in made.found()) is met


@pytest.mark.parametrize(("last", "met"), [(28 * limits.DAY, True), (28 * limits.DAY + 1, False)])
def test_volume_is_counted_over_28_days(last: int, met: bool) -> None:
    made = Made()
    for n in range(VOLUME_ALONE):
        at = AT + n * last // (VOLUME_ALONE - 1)
        made.add(account="busy", own_number=f"B-{n}", at=at)
    assert (Rule.VOLUME in made.found()) is met


@pytest.mark.parametrize(("last", "met"), [(7 * limits.DAY, True), (7 * limits.DAY + 1, False)])
def test_one_child_again_and_again_is_within_seven_days(last: int, met: bool) -> None:
    made = Made()
    for at in (AT, AT + 5, AT + last):
        made.add(at=at)
    assert (Rule.AGAIN in made.found()) is met


def test_the_most_lookups_within_the_time_count_and_no_others() -> None:
    made = Made()
    for at in (0, 20, 21, 22, 23, 50):
        made.add(at=AT + at * limits.DAY)
    assert made.found()[Rule.AGAIN].numbers == (2, 3, 4, 5)


def test_the_most_urgent_rule_comes_first() -> None:
    made = Made()
    made.add(asking=FAR)
    made.add(name="Jo Thistlewood", own_number="P-2")
    made.add(own_number="P-3")
    made.add(own_number="P-3", at=AT + 1)
    as_ = {"P-3": Marked.TRIPWIRE}.get
    around = Around(SCHOOL, frozenset({HERE, THERE}), as_, frozenset(), {}, AT)
    found = exceptions(made.made, around)
    assert [(each.rule, each.numbers) for each in found] == [
        (Rule.TRIPWIRE, (3,)),
        (Rule.TRIPWIRE, (4,)),
        (Rule.OWN_FAMILY, (2,)),
        (Rule.AREA, (1,)),
    ]


def test_a_child_who_was_asked_about_in_one_way_is_one_child_without_a_record() -> None:
    made = Made()
    for n in range(AGAIN_LEAST):
        made.add(finding=Finding.DIFFERENT, own_number=f"other-{n}", at=AT + n)
    assert Rule.AGAIN in made.found()
    others = Made()
    for n in range(AGAIN_LEAST):
        child = a_child(forename=f"Child{n}")
        others.add(finding=Finding.DIFFERENT, own_number="P-1", child=child, at=AT + n)
    assert Rule.AGAIN not in others.found()


def test_the_agencys_own_people_do_not_stand_out_by_volume() -> None:
    made = Made()
    for n in range(3 * VOLUME_ALONE):
        made.add(asking=str(SCHOOL), at=AT + n)
    assert made.found() == {}


def test_one_reference_for_several_families_is_one_and_for_siblings_none() -> None:
    made = Made()
    for forename in ("Ann", "Bea", "Cal"):
        made.add(child=a_child(forename=forename), reference="ref-1", own_number=forename)
    step = a_child(surname="Reedham")
    made.add(child=step, reference="ref-1", own_number="step")  # of the same home
    assert Rule.REFERENCE not in made.found()
    for n, surname in enumerate(("Ash", "Birch")):
        child = a_child(surname=surname, postcode=f"B98 {n}ZZ")
        made.add(child=child, reference="ref-1", own_number=surname)
    assert (
        made.found()[Rule.REFERENCE].why == "One reference was stated for children of 3 families."
    )


# ---- what an entry hides -------------------------------------------------------------------------


@given(st.sampled_from(["Jo Thistlewood", "Jo Reed"]), st.sampled_from([str(COUNCIL), FAR]))
def test_no_rule_tells_what_an_entry_hides(name: str, asking: str) -> None:
    """Attack: an officer who planted a row reads from the exceptions who asks about it."""
    made = Made()
    for n in range(2 * VOLUME_ALONE):
        made.add(
            name=name, asking=asking, reference="ref-1", unexpected=(Unexpected.YOUNG,), at=AT + n
        )
    found = made.found()
    assert set(found) == {Rule.PLANTED}
    assert "the record came less than 30 days before" in found[Rule.PLANTED].why


def test_no_exception_names_anybody() -> None:
    made = Made()
    for n in range(VOLUME_ALONE):
        made.add(name="Jo Thistlewood", reference="ref-1", asking=FAR, at=AT + n)
    for n in range(2):
        child = a_child(surname=f"Other{n}", postcode=f"B98 {n}ZZ")
        made.add(child=child, reference="ref-1", asking=FAR, at=AT + VOLUME_ALONE)
    found = made.found(marked=lambda _: Marked.TRIPWIRE)
    assert Rule.REFERENCE in found
    assert {Rule.OWN_FAMILY, Rule.AREA, Rule.AGAIN, Rule.VOLUME, Rule.TRIPWIRE} <= set(found)
    for each in found.values():
        for secret in ("Jo", "Thistlewood", "Marigold", "P-1", "ref-1", FAR):
            assert secret not in each.why + each.rule.action


def test_what_was_forgotten_is_no_exception() -> None:
    fields: dict[str, str | int | bool] = {"asking": FAR, "finding": "match", "answer": "x"}
    lookup = Lookup(None, [Logged(1, AT, fields)])
    around = Around(SCHOOL, frozenset({HERE}), lambda _: None, frozenset(), {}, AT)
    assert exceptions([lookup], around) == ()


# ---- the command ---------------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NodeSettings:
    monkeypatch.setattr("agency_node.cli.exceptions.kept_list", lambda *_: a_federation())
    return load(node_settings_file(tmp_path, (SCHOOL,)), NodeSettings)


@pytest.fixture
def logs(settings: NodeSettings) -> Iterator[AgencyLogs]:
    children = KnownChildren()
    made = AgencyLogs(audit_folder(settings), KEY, witness_in(settings.state.parent), children)
    world = NodeWorld()
    record = replace(a_record(), origin=LONG_KNOWN, local_id="P-17")
    world.put_all({SCHOOL: [record]})
    world.ask(world.query(key_set=KeySet.WIDE))
    made.opened(children.opened([each for each in world.entries if each.agency == SCHOOL]))
    yield made
    made.close()


def run(settings: NodeSettings, command: str, *words: str, typed: str = "") -> Result:
    file = str(settings.state.parent / "node.toml")
    arguments = ["inbox", command, "--settings", file, "--by", "dpo.reed", "--why", "w", *words]
    return CliRunner().invoke(cli.app, arguments, input=typed, env={"COLUMNS": "200"})


def listed(settings: NodeSettings) -> str:
    done = run(settings, "exceptions")
    assert done.exit_code == 0, done.output
    return re.sub(r"\s+", " ", done.stdout)


def test_a_child_is_marked_and_unmarked_by_the_agencys_own_number(
    settings: NodeSettings, logs: AgencyLogs
) -> None:
    assert "tripwire" not in listed(settings)
    done = run(settings, "mark", "--as", "tripwire", typed="P-17\n")
    assert done.exit_code == 0, done.output
    shown = listed(settings)
    assert "tripwire" in shown
    assert "Open it today." in shown
    assert "Marigold" not in shown
    with closing(open_audit(settings, SCHOOL)) as log:
        (marked,) = [e for e in log.show(0, 2**40, decrypt=True) if e.kind == CHILD_MARKED]
    assert "P-17" not in str(marked.fields)
    assert marked.body == b""
    assert run(settings, "unmark", typed="P-17\n").exit_code == 0
    assert "tripwire" not in listed(settings)
    assert "expected" not in str(run(settings, "mark", "--as", "other").exception)


def test_without_a_member_list_it_says_what_was_not_judged(
    settings: NodeSettings, logs: AgencyLogs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agency_node.cli.exceptions.kept_list", lambda *_: None)
    done = run(settings, "exceptions")
    assert "lookups from other areas are not listed" in done.stderr
