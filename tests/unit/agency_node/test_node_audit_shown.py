"""The audit log read aloud: what the data protection officer sees, and what the duty desk needs to
ring somebody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from agency_node import cli
from agency_node.answering.audit import ENTRY_SHOWN, AgencyLogs
from agency_node.answering.matching import Finding
from agency_node.answering.pages import RECORDS_NAMED, Entry
from agency_node.answering.wiring import audit_folder
from agency_node.settings import NodeSettings
from agency_node.wiring import open_audit
from fakes.federations import NOW
from fakes.node_world import (
    COUNCIL,
    HERE,
    SCHOOL,
    KnownChildren,
    NodeWorld,
    a_child,
    a_record,
    another_child,
)
from fakes.party_folder import KEY, node_settings_file
from fakes.witnesses import witness_in
from fingerpost.audit.log import SEARCHED, Actor, Month, OperationId
from fingerpost.private.demographics import Demographics
from fingerpost.protocol.codes import Purpose, Reach, WideningReason
from fingerpost.protocol.federation import Federation
from fingerpost.protocol.messages import KeySet
from fingerpost.runtime.settings import load

TWIN = a_child(forename="Mary", health_number="")

CHILDREN = KnownChildren()


def entries(known: Demographics, **asked: Any) -> list[Entry]:
    world = NodeWorld()
    world.put_all({SCHOOL: [a_record(0, another_child()), a_record(1, known)]})
    world.ask(world.query(**{"key_set": KeySet.WIDE, **asked}))
    return [entry for entry in world.entries if entry.agency == SCHOOL]


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    return node_settings_file(tmp_path, (SCHOOL,))


@pytest.fixture
def logs(settings_file: Path) -> Iterator[AgencyLogs]:
    folder = audit_folder(load(settings_file, NodeSettings))
    folder.mkdir(mode=0o700, exist_ok=True)
    made = AgencyLogs(folder, KEY, witness_in(settings_file.parent), CHILDREN)
    yield made
    made.close()


BY = ("--by", "dpo.reed", "--why", "sar-2026-4")
Show = Callable[..., str]


@pytest.fixture
def show(settings_file: Path) -> Show:
    def shown(*more: str, columns: int | None = 120) -> str:
        done = CliRunner().invoke(
            cli.app,
            ["audit", "show", "--settings", str(settings_file), *BY, *more],
            env={"COLUMNS": None if columns is None else str(columns)},
        )
        assert done.exit_code == 0, done.output
        return done.stdout

    return shown


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("columns", [80, 120, 200])
def test_the_duty_desk_reads_all_that_it_needs(logs: AgencyLogs, show: Show, columns: int) -> None:
    opened = CHILDREN.opened(entries(TWIN))
    CHILDREN.numbered(SCHOOL, "P-17")
    logs.opened(opened)
    text = show("--possible", columns=columns)
    assert max(map(len, text.splitlines())) <= columns
    shown = flat(text)
    for part in (
        f"{SCHOOL}: 1 lookup may have been about a child known here. Nothing was disclosed.",
        f"Asked by Siân O’Neill-Brontë, SOCIAL_WORKER, An agency ({COUNCIL})",
        "Ring 0121 496 0100",
        "For S47_ENQUIRY · ref-1",
        "About Marigold Thistlewood 2015-02-28",
        "Look at your number P-17, record 1 of import 1: Mary Thistlewood 2015-02-28",
    ):
        assert part in shown, part
    assert "widened" not in shown
    assert re.search(r"No\. 1, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", shown)


def test_of_many_records_the_likeliest_are_named_and_the_rest_is_a_number(
    logs: AgencyLogs, show: Show
) -> None:
    (twin,) = entries(TWIN)
    some = tuple(a_record(n, TWIN) for n in range(1, RECORDS_NAMED + 4))
    logs.opened(CHILDREN.opened([replace(twin, examined=replace(twin.examined, possible=some))]))
    shown = flat(show("--possible"))
    assert f"record {RECORDS_NAMED} of import 1" in shown
    assert f"record {RECORDS_NAMED + 1} of import 1" not in shown
    assert "and 3 more, less likely, that are not named: search your own records" in shown


@pytest.mark.parametrize("more", [(), ("--possible",)])
def test_who_has_entries_shown_is_recorded_as_for_a_search(
    logs: AgencyLogs, settings_file: Path, show: Show, more: tuple[str, ...]
) -> None:
    """Otherwise it would be a way round the search that is recorded."""
    logs.opened(CHILDREN.opened(entries(TWIN)))
    show(*more)
    with closing(open_audit(load(settings_file, NodeSettings), SCHOOL)) as log:
        _, searched, *opened = log.show(0, 2**40, decrypt=False)
    assert (searched.kind, searched.fields) == (SEARCHED, {"by": "time"})
    assert (str(searched.actor), str(searched.operation)) == ("dpo.reed", "sar-2026-4")
    # What the duty desk sees counts as opened, one by one.
    shown = [(each.kind, each.fields, str(each.actor)) for each in opened]
    assert shown == ([(ENTRY_SHOWN, {"entry": 1}, "dpo.reed")] if more else [])
    arguments = ["audit", "show", "--settings", str(settings_file), *more]
    assert CliRunner().invoke(cli.app, arguments).exit_code == 2


@pytest.mark.parametrize("columns", [60, 80, 120, 200, None])
def test_every_id_is_shown_whole(logs: AgencyLogs, show: Show, columns: int | None) -> None:
    opened = entries(a_child())
    logs.opened(CHILDREN.opened(opened))
    text = show(columns=columns)
    for whole in (str(SCHOOL), str(COUNCIL), opened[0].query.hash.hex(), "ref-1", "S47_ENQUIRY"):
        assert whole in text, whole


def test_a_second_round_is_marked_and_says_why(logs: AgencyLogs, show: Show) -> None:
    asked = entries(TWIN, because=WideningReason.RECENT_MOVE, reach=Reach.AREA_AND_NEIGHBOURS)
    assert [entry.examined.finding for entry in asked] == [Finding.POSSIBLE]
    logs.opened(CHILDREN.opened(asked))
    assert "second round, widened: RECENT_MOVE" in flat(show("--possible"))
    assert "RECENT_MOVE" in flat(show(columns=200))


def test_the_duty_desk_sees_only_what_may_be_a_match(logs: AgencyLogs, show: Show) -> None:
    logs.opened(CHILDREN.opened(entries(a_child())))
    logs.opened(CHILDREN.opened(entries(a_child(), passport_key=Ed25519PrivateKey.generate())))
    text = show("--possible")
    assert text == f"{SCHOOL}: nothing to look at.\n"
    assert "Marigold" in show(columns=200)


def test_where_the_list_has_no_number_it_says_so(logs: AgencyLogs, show: Show) -> None:
    (entry,) = entries(TWIN)
    assert entry.examined.question is not None
    without = replace(entry.examined.question.requester, duty_desk="")
    question = replace(entry.examined.question, requester=without)
    logs.opened(
        CHILDREN.opened([replace(entry, examined=replace(entry.examined, question=question))])
    )
    assert "Ring the member list has no number" in flat(show("--possible"))


def test_of_a_month_that_was_forgotten_the_asking_agency_is_left(
    logs: AgencyLogs, show: Show, settings_file: Path
) -> None:
    logs.opened(CHILDREN.opened(entries(TWIN)))
    logs.close()
    log = open_audit(load(settings_file, NodeSettings), SCHOOL)
    late = int(NOW) + 40 * 86_400
    log.forget(Month.at(int(NOW)), actor=Actor("dpo"), operation=OperationId("r"), at=late)
    log.close()
    text = flat(show("--possible"))
    assert f"Asked by {COUNCIL} (the rest was forgotten with its month)" in text
    assert "Mary" not in text


def test_approver_and_reference_stand_beside_the_purpose(logs: AgencyLogs, show: Show) -> None:
    logs.opened(CHILDREN.opened(entries(TWIN, purpose=Purpose.EXPLOITATION, approver="manager-1")))
    assert "For EXPLOITATION · ref-1 · approved by manager-1" in flat(show("--possible"))


def test_days_of_grace_stand_there_with_their_end_and_their_manager(
    logs: AgencyLogs, show: Show
) -> None:
    (entry,) = entries(TWIN)
    question = entry.examined.question
    assert question is not None
    lapsed = int(NOW) // 86_400 * 86_400 - 2 * 86_400
    held = replace(
        question.passport.entitlement, training_until=lapsed, training_grace_by="manager-1"
    )
    question = replace(question, passport=replace(question.passport, entitlement=held))
    logs.opened(
        CHILDREN.opened([replace(entry, examined=replace(entry.examined, question=question))])
    )
    last = datetime.fromtimestamp(lapsed, UTC).date() + timedelta(days=13)
    expected = f"training over; may ask until {last}, granted by manager-1"
    assert expected in flat(show("--possible"))
    assert expected in flat(show(columns=300))


def test_a_name_steers_no_screen_and_paints_nothing(logs: AgencyLogs, show: Show) -> None:
    """Attack: a requester's child whose name holds what a terminal obeys (C1 codes, a turn of the
    direction).
    """
    (entry,) = entries(TWIN)
    assert entry.examined.question is not None
    named = a_child(forename="[red]\x9b31mMary\u202e", surname="Thistlewood")
    question = replace(entry.examined.question, demographics=named)
    logs.opened(
        CHILDREN.opened([replace(entry, examined=replace(entry.examined, question=question))])
    )
    for text in (show("--possible"), show(columns=200)):
        assert "[red]" in text
        for c in "\x9b\u202e\x1b":
            assert c not in text


# ---- who asks under another name -----------------------------------------------------------------


def test_who_asks_stands_under_a_name_that_gives_nothing_away(logs: AgencyLogs, show: Show) -> None:
    """Attack: a school reads that a women's charity asks about a pupil."""
    world = NodeWorld()
    world.current = with_council(world.current, discreet_name="Services of a council")
    world.put_all({SCHOOL: [a_record(0, TWIN)]})
    world.ask(world.query(key_set=KeySet.WIDE))
    logs.opened(CHILDREN.opened([entry for entry in world.entries if entry.agency == SCHOOL]))
    text = flat(show("--possible"))
    assert f"Services of a council ({COUNCIL})" in text
    assert "An agency" not in text


def with_council(federation: Federation, **changes: Any) -> Federation:
    area = federation.areas[HERE]
    agencies = tuple(
        replace(each, **changes) if each.id == COUNCIL else each for each in area.agencies
    )
    return replace(federation, areas={**federation.areas, HERE: replace(area, agencies=agencies)})


# ---- retention and rights ------------------------------------------------------------------------


def rights(settings_file: Path, *arguments: str) -> str:
    done = CliRunner().invoke(cli.app, ["audit", *arguments, "--settings", str(settings_file), *BY])
    return done.stdout if done.exit_code == 0 else f"refused: {done.exception}"


def test_the_reply_gives_day_agency_and_purpose_and_no_person(
    logs: AgencyLogs, settings_file: Path
) -> None:
    logs.opened(CHILDREN.opened(entries(TWIN)))
    two = ("--second", "head.okoro")
    plain = rights(settings_file, "reply", *two)
    assert "we do not say whether we have" in plain
    given = rights(settings_file, "reply", *two, "--give", "1")
    assert f"{COUNCIL}, S47_ENQUIRY" in given
    for part in (plain, given):
        assert part.startswith("We have searched our records")
        assert "Mary" not in part
    assert "another person" in rights(settings_file, "reply", "--second", "dpo.reed")
    assert "refused" in rights(settings_file, "reply", *two, "--give", "2")


def test_the_node_ends_its_periods_but_under_a_hold(logs: AgencyLogs, settings_file: Path) -> None:
    logs.opened(CHILDREN.opened(entries(TWIN)))
    late = NOW + 5 * 366 * 86_400
    assert "Legal hold 2 is in force" in rights(settings_file, "hold")
    assert logs.forget_due((SCHOOL,), late) == {}
    assert rights(settings_file, "lift", "--hold", "2", "--second", "head.okoro") == "Lifted.\n"
    assert logs.forget_due((SCHOOL,), 0.0) == {}
    assert logs.forget_due((SCHOOL,), late)[SCHOOL] >= 1
