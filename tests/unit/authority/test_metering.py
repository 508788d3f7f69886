"""Two key holders' reports beside what governance signed: who stands out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from authority import changes, metering
from authority.metering import Use
from fakes.refusals import refused
from fingerpost.protocol.caseload import marked_keys
from fingerpost.protocol.codec.reports import (
    CountedAgency,
    MeteredEpoch,
    MeteredMember,
    MeterReport,
    NodeReport,
    SelfTests,
    write_meter_report,
    write_node_report,
)
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import AgencyId, EpochNumber, FederationId, MemberId
from unit.authority.conftest import (
    COUNCIL,
    EPOCH,
    FEDERATION,
    GATEWAY,
    HOLDERS,
    NODE,
    SCHOOL,
    World,
)
from unit.authority.test_authority_cli import ok, run

KEYS = 24
MARKED = marked_keys(2)
"""The node has two agencies, whose marked records are no children."""
WEEK = 2_950


def node(indexed: int, grown: int = 0, *, refused: bool = False) -> MeteredMember:
    """Counts of the node, in children."""
    epoch = MeteredEpoch(EPOCH, 2, indexed * KEYS + MARKED, grown * KEYS, grown * KEYS)
    return MeteredMember(NODE, 0, refused, (epoch,))


def reports(*members: MeteredMember, other: tuple[MeteredMember, ...] = ()) -> list[MeterReport]:
    """``other``: what the second holder counted, where it is not the same."""
    return [
        MeterReport(FEDERATION, holder, WEEK, 1, tuple(sorted(of, key=lambda m: m.member)))
        for holder, of in zip(HOLDERS, (members, other or members), strict=True)
    ]


def use(world: World, *members: MeteredMember, other: tuple[MeteredMember, ...] = ()) -> Use:
    draft = world.ceremony.draft()
    parameters = replace(draft.parameters, keys_per_child_hundredths=100 * KEYS)
    first, *_ = metering.uses(replace(draft, parameters=parameters), reports(*members, other=other))
    return first


def test_a_node_within_its_caseload_does_not_stand_out(world: World) -> None:
    found = use(world, node(890, 40))
    assert (found.declared, found.published, found.indexed, found.grown) == (900, 900, 890, 40)
    assert found.why == ()


@pytest.mark.parametrize(
    ("counts", "why"),
    [
        (node(901), "indexed more than it declared"),
        (node(400, 91), "grew by more than 10 % of what it declared"),
        (node(400, 5, refused=True), "was refused by a quota"),
    ],
)
def test_who_uses_more_than_its_agencies_explain_stands_out(
    world: World, counts: MeteredMember, why: str
) -> None:
    assert use(world, counts).why == (why,)


def test_a_holder_that_hides_a_member_is_found_by_the_other(world: World) -> None:
    """Attack: a holder that helps a watcher leaves its evaluations out."""
    found = use(world, node(800), other=(node(300),))
    assert found.indexed == 800
    assert found.why == ("the two holders do not agree",)
    gateway = MeteredMember(GATEWAY, 90_000, False, ())
    hidden = metering.uses(world.ceremony.draft(), reports(node(5), gateway, other=(node(5),)))
    assert [each.id for each in hidden if each.why] == [GATEWAY]


def test_a_request_that_failed_at_one_holder_is_no_difference(world: World) -> None:
    assert use(world, node(800), other=(node(770),)).why == ()


def test_a_member_that_left_the_list_is_shown(world: World) -> None:
    gone = replace(node(5), member=MemberId("gone"))
    found = use(world, gone)
    assert found.member is None
    assert found.why == ("is not in the list any more",)


def test_the_greatest_stands_first(world: World) -> None:
    gone = replace(node(5, refused=True), member=MemberId("gone"))
    found = metering.uses(world.ceremony.draft(), reports(gone, node(950)))
    assert [each.id for each in found] == [MemberId("gone"), NODE]


@pytest.mark.parametrize("case", ["one holder twice", "two weeks", "another federation"])
def test_what_is_no_pair_is_refused(world: World, case: str) -> None:
    one, other = reports(node(5))
    pairs = {
        "one holder twice": [one, one],
        "two weeks": [one, replace(other, week=WEEK + 1)],
        "another federation": [one, replace(other, federation=FederationId("other"))],
    }
    with refused(Code.NOT_ALLOWED):
        metering.require_a_pair(pairs[case], world.ceremony.draft())
    metering.require_a_pair([other, one], world.ceremony.draft())


def test_the_command_names_who_stands_out(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    gateway = MeteredMember(GATEWAY, 320, False, ())
    files = []
    for each in reports(node(1000, 42), gateway):
        path = tmp_path / f"{each.holder}.report"
        path.write_bytes(write_meter_report(each, world.keys[each.holder]))
        files.append(path)
    found = run("meters", world.folder, *files)
    assert found.exit_code == 1
    assert "2 members, 1 stands out" in found.output
    assert f"{NODE}" in found.output
    assert "indexed more than it declared" in found.output
    assert f"{GATEWAY}" not in found.output
    assert f"{GATEWAY}" in run("meters", world.folder, *files, "--all").output

    calm = [tmp_path / f"{holder}.calm" for holder in HOLDERS]
    for path, each in zip(calm, reports(node(800)), strict=True):
        path.write_bytes(write_meter_report(each, world.keys[each.holder]))
    assert "1 member, 0 stand out" in ok("meters", world.folder, *calm)


def test_a_report_that_no_key_holder_signed_is_not_read(world: World, tmp_path: Path) -> None:
    one, other = reports(node(5))
    good, forged = tmp_path / "good", tmp_path / "forged"
    good.write_bytes(write_meter_report(one, world.keys[one.holder]))
    forged.write_bytes(write_meter_report(other, world.keys[NODE]))
    with refused(Code.BAD_SIGNATURE):
        run("meters", world.folder, good, forged)
    by_a_node = replace(other, holder=NODE)
    forged.write_bytes(write_meter_report(by_a_node, world.keys[NODE]))
    with pytest.raises(Defect, match="no key-holder"):
        run("meters", world.folder, good, forged)


def test_the_newest_epoch_is_judged(world: World) -> None:
    """In the days in which two epochs are indexed, each is metered by itself."""
    before, after = (
        MeteredEpoch(EpochNumber(n), 2, children * KEYS + MARKED, 0, 0)
        for n, children in ((1, 890), (2, 450))
    )
    found = use(world, MeteredMember(NODE, 0, False, (before, after)))
    assert (found.indexed, found.why) == (450, ())


def node_report(**changes: Any) -> NodeReport:
    counts: dict[str, Any] = {
        "records": 400,
        "young": 43,
        "typed": 42,
        "unusual": 0,
        "opened": 9,
        "hidden": 7,
    }
    school = CountedAgency(SCHOOL, **{**counts, "revealed": 5, **changes})
    council = CountedAgency(COUNCIL, 480, 2, 0, 1, 30, 0, 0)
    return NodeReport(FEDERATION, NODE, WEEK, 1, tuple(sorted((school, council), key=agency_of)))


def agency_of(counted: CountedAgency) -> AgencyId:
    return counted.agency


def test_the_agency_whose_young_rows_are_asked_about_is_shown_first(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    path = tmp_path / "node.report"
    path.write_bytes(write_node_report(node_report(), world.keys[NODE]))
    shown = ok("rows", world.folder, path)
    assert shown.index(str(SCHOOL)) < shown.index(str(COUNCIL))
    for count in ("400", "43", "42", "9", "7", "5"):
        assert count in shown


def test_the_authority_sees_who_does_not_find_its_own_records_week_by_week(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    sound, missed = SelfTests(7, 0, 2, 2, 2, 2), SelfTests(7, 3, 2, 0, 2, 1)

    def report(week: int, council: SelfTests) -> Path:
        made = node_report()
        agencies = tuple(
            replace(each, self_tests=council if each.agency == COUNCIL else sound)
            for each in made.agencies
        )
        path = tmp_path / f"{week}.report"
        of_week = replace(made, week=week, agencies=agencies)
        path.write_bytes(write_node_report(of_week, world.keys[NODE]))
        return path

    calm = report(WEEK, sound)
    assert "2 agencies, of which 0 did not find all" in ok("self-tests", world.folder, calm)
    # The newest week decides, in whichever order the files are given.
    shown = run("self-tests", world.folder, report(WEEK + 1, missed), calm)
    assert shown.exit_code == 1
    assert "2 agencies, of which 1 did not find all" in shown.output
    assert shown.output.index(str(COUNCIL)) < shown.output.index(str(SCHOOL))
    rows = [line for line in shown.output.splitlines() if str(COUNCIL) in line]
    assert "2 of 2" in rows[0]
    assert "0 of 2" in rows[1]
    assert "1 of 2" in rows[1]
    # Who was not tested has not shown that it finds anybody.
    untested = run("self-tests", world.folder, report(WEEK + 2, SelfTests()))
    assert untested.exit_code == 1


def test_a_node_reports_about_its_own_agencies_under_its_own_key(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "node.report"
    path.write_bytes(write_node_report(node_report(), world.keys[GATEWAY]))
    with refused(Code.BAD_SIGNATURE):
        run("rows", world.folder, path)
    world.enrol(MemberId("node-2"), Party.NODE)
    world.ceremony.change(lambda draft: changes.host(draft, (SCHOOL,), MemberId("node-2")))
    path.write_bytes(write_node_report(node_report(), world.keys[NODE]))
    with refused(Code.NOT_ALLOWED, "report about another node's agency"):
        run("rows", world.folder, path)
