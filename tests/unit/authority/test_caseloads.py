"""Caseloads beside public figures: who needs a reason, and what a raise is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from authority import caseloads, changes, checks, imports
from authority.caseloads import Caseload
from authority.checks import Weight
from authority.draft import Draft
from fakes import federations
from fakes.refusals import refused
from fingerpost.protocol import federation_files as files
from fingerpost.protocol.codec.enrolment import EnrolmentRequest
from fingerpost.protocol.codes import AgencyKind
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.federation import Area, Party, PublicFigure, Raise
from fingerpost.protocol.ids import AgencyId, AreaCode, FederationId, MemberId
from unit.authority.conftest import NODE, World
from unit.authority.test_authority_cli import ok

HERE = AreaCode("e99000001")
OAK, ELM = AgencyId(f"{HERE}.oak"), AgencyId(f"{HERE}.elm")
HOST, KEY = MemberId("host"), bytes([7]) * 32
FEDERATION = FederationId("test")
DAY = date(2026, 1, 15)
ROLL = PublicFigure(400, "Get Information about Schools", DAY)


def draft(declared: int, reason: str = "", elm: PublicFigure | None = ROLL) -> Draft:
    """A host of two schools, of which one has a roll of 400."""
    node = federations.member(
        HOST, Party.NODE, KEY, declared_caseload=declared, caseload_reason=reason
    )
    schools = tuple(
        federations.agency(HERE, str(id_)[10:], AgencyKind.SCHOOL, HOST, public_figure=figure)
        for id_, figure in ((ELM, elm), (OAK, ROLL))
    )
    area = Area(HERE, "Here", agencies=schools)
    return Draft(federations.parameters(FEDERATION), {HOST: node}, {HERE: area}, {})


def the(found: Draft) -> Caseload:
    (only,) = caseloads.caseloads(found)
    return only


def errors(found: Draft) -> list[str]:
    findings = checks.check(found, federations.NOW)
    return [f.what for f in findings if f.weight is Weight.ERROR and f.where == str(HOST)]


@pytest.mark.parametrize(("declared", "wanting"), [(800, False), (1000, False), (1001, True)])
def test_more_than_a_quarter_over_the_public_figures_needs_a_reason(
    declared: int, wanting: bool
) -> None:
    assert the(draft(declared)).published == 800
    assert bool(errors(draft(declared))) is wanting
    assert errors(draft(declared, "Takes on a third school in May")) == []


def test_an_agency_without_a_public_figure_needs_a_reason() -> None:
    """Otherwise, leaving the figure out would be the way round it."""
    (error,) = errors(draft(10, elm=None))
    assert "1 agency has no public figure" in error
    assert errors(draft(10, "A charity publishes no number", elm=None)) == []


def test_a_node_that_indexes_nobody_needs_none() -> None:
    assert errors(draft(0, elm=None)) == []


@pytest.mark.parametrize("what", ["reason", "source"])
def test_what_steers_a_screen_is_not_published(what: str) -> None:
    if what == "reason":
        found = draft(800, "\x1b[2J")
        assert "a reason with control characters" in errors(found)
    else:
        found = draft(800, elm=replace(ROLL, source="\x1b[2J"))
        assert str(ELM) in {f.where for f in checks.check(found, 0) if f.weight is Weight.ERROR}


def request(caseload: int) -> EnrolmentRequest:
    return EnrolmentRequest(FEDERATION, HOST, Party.NODE, "Host", KEY, caseload)


def test_a_reason_goes_with_its_caseload_and_with_no_other() -> None:
    """Attack: a member enrols again with ten times the caseload, under the reason of the first."""
    before = draft(2000, "Takes on a third school in May")
    again = changes.enrol(before, request(2000))
    assert again.members[HOST].caseload_reason
    more = changes.enrol(before, request(20_000))
    assert more.members[HOST].caseload_reason == ""
    assert errors(more)
    assert errors(changes.enrol(before, request(20_000), caseload_reason="Ten schools")) == []


def test_a_member_that_enrols_again_keeps_its_raises() -> None:
    granted = Raise(100, DAY, DAY, "Takes on Elm")
    before = changes.allow(draft(800), HOST, granted)
    assert changes.enrol(before, request(800)).members[HOST].raises == (granted,)


def test_raises_that_are_over_go_when_another_comes() -> None:
    old, new = (Raise(9, date(2026, n, 1), date(2026, n, 9), "Why") for n in (1, 5))
    found = changes.allow(changes.allow(draft(800), HOST, old), HOST, new)
    assert found.members[HOST].raises == (new,)
    with pytest.raises(Defect, match="ends on its first day"):
        changes.allow(found, HOST, replace(new, last=date(2026, 4, 1)))


def test_an_agency_that_is_described_anew_keeps_its_figure() -> None:
    found = draft(800)
    oak = replace(changes.find_agency(found, OAK), name="Oak Academy", public_figure=None)
    changed = changes.add_agency(found, oak)
    assert changes.find_agency(changed, OAK).public_figure == ROLL
    newer = replace(oak, public_figure=replace(ROLL, children=430))
    assert the(changes.add_agency(changed, newer)).published == 830


def test_the_files_carry_it_and_refuse_what_is_no_raise() -> None:
    found = changes.allow(draft(800, "Why"), HOST, Raise(9, DAY, DAY, "Takes on Elm"))
    host, area = found.members[HOST], found.areas[HERE]
    assert files.read_member(files.write_member(host)) == host
    assert files.read_area(files.write_area(area)) == area
    backwards = replace(host, raises=(Raise(9, DAY, date(2025, 1, 1), "Why"),))
    with refused(Code.MALFORMED):
        files.read_member(files.write_member(backwards))


def test_a_release_with_other_blocking_rules_is_noticed() -> None:
    found = draft(800)
    other = replace(found.parameters, keys_per_child_hundredths=2000)
    warned = checks.check(replace(found, parameters=other), 0)
    assert any("keys of a child" in finding.what for finding in warned)
    assert not any("keys of a child" in finding.what for finding in checks.check(found, 0))


def test_both_numbers_are_shown_side_by_side(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    folder: Path = world.ceremony.folder
    ok("caseload", "raise", folder, NODE, "--children=60", "--first=2026-02-01",
       "--last=2026-02-07", "--reason=Takes on Elm")  # fmt: skip
    shown = ok("caseload", "show", folder)
    assert "900 (100 %)" in shown
    assert "Get Information about Schools, 2026-01-15" in shown
    assert "60 more from 2026-02-01 to 2026-02-07: Takes on Elm" in shown
    ok("caseload", "declare", folder, NODE, "--children=2000")
    assert "NEEDS A REASON" in ok("caseload", "show", folder)
    assert "2000 declared, 900 published, 0 nodes with a reason" in ok("show", folder)
    with pytest.raises(Defect, match="the caseload needs a reason"):
        ok("publish", folder)


def test_an_areas_file_states_public_figures(tmp_path: Path) -> None:
    head = '[[areas]]\ncode = "e99000001"\nname = "Here"\n[[areas.agencies]]\n'
    head += 'id = "e99000001.oak"\nname = "Oak"\nkind = "SCHOOL"\nnode = "host"\n'
    line = 'public_figure = { children = 400, source = "A register", published = "2026-01-15" }'
    file = tmp_path / "areas.toml"
    file.write_text(head + line)
    merged = imports.merge_areas(replace(draft(400), areas={}), imports.read_areas(file))
    figure = changes.find_agency(merged, OAK).public_figure
    assert figure == PublicFigure(400, "A register", DAY)
    file.write_text(head + line.replace("2026-01-15", "January"))
    with pytest.raises(Defect, match="published: expected a day"):
        imports.merge_areas(draft(400), imports.read_areas(file))
