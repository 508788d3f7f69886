"""The directory of desks on paper: from the signed list alone, and with the own agency's desks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from fakes.federations import NOW
from fakes.node_world import COUNCIL, HERE, POLICE, SCHOOL, THERE, a_federation
from fingerpost.protocol.codes import AgencyKind
from fingerpost.protocol.desk_list import DeskEntry, DeskList, read_desks, write_desks
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import Federation, NotConnected
from fingerpost.protocol.ids import AreaCode
from practitioner.present.directory import Directory, as_html, as_text, directory

DAY = 86_400
NORTH = DeskEntry("North", "01632 960110", "Mon–Fri 09:00–17:00", "", "01632 960199", "")
OWN = DeskList(1, str(COUNCIL), date(2026, 11, 24), (NORTH,))


def a_list() -> Federation:
    found = a_federation()
    here = found.areas[HERE]
    agencies = tuple(
        replace(each, name="<script>Oak</script>", duty_desk="01632 960105")
        if each.id == SCHOOL
        else replace(each, name="Haven", discreet_name="Family Services")
        if each.id != COUNCIL
        else each
        for each in here.agencies
    )
    gap = NotConnected("Ash Primary", AgencyKind.SCHOOL, "01632 960050")
    area = replace(here, agencies=agencies, not_connected=(gap,), serving=(POLICE,))
    return replace(found, areas={**found.areas, HERE: area}, signed_at=NOW - 60)


def made(own: DeskList | None = None, now: float = NOW) -> Directory:
    return directory(a_list(), COUNCIL, (HERE,), own, now)


def test_it_is_of_use_before_anybody_else_has_joined() -> None:
    text = as_text(made())
    assert "01632 960050" in text
    assert "Ash Primary (not connected)" in text
    assert "no number listed" in text
    assert "Police" in text, "it serves the area from another"
    assert "version 7, signed" in text
    assert "ring 999" in text
    assert "OLD" not in text


def test_the_own_agencys_desks_come_first_and_anothers_are_not_taken() -> None:
    found = made(OWN)
    assert found.sections[0].title.endswith("desks as of 24/11/2026")
    assert "out of hours 01632 960199" in as_text(found)
    with pytest.raises(Defect, match="another agency"):
        made(replace_agency(OWN))


def replace_agency(own: DeskList) -> DeskList:
    return DeskList(own.version, str(SCHOOL), own.as_of, own.desks)


def test_a_list_that_is_old_says_so() -> None:
    assert made(now=NOW + 2 * DAY - 61).old == ""
    late = made(now=NOW + 5 * DAY)
    assert "5 days old" in late.old
    assert "5 days old" in as_text(late)
    assert "5 days old" in as_html(late)


def test_a_page_loads_nothing_and_runs_nothing() -> None:
    page = as_html(made(OWN))
    assert "<script" not in page
    assert "&lt;script&gt;Oak" in page
    for outside in ("http://", "https://", "src=", "href=", "url("):
        assert outside not in page
    assert "default-src 'none'" in page


def test_a_name_that_gives_content_away_is_not_printed() -> None:
    text = as_text(made())
    assert "Family Services" in text
    assert "Haven" not in text


def test_an_area_that_is_not_listed_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        directory(a_list(), COUNCIL, (AreaCode("e09999999"),), None, NOW)
    assert refused.value.code is Code.NOT_ALLOWED
    assert directory(a_list(), COUNCIL, (THERE,), None, NOW).sections


def test_a_list_of_desks_is_read_as_it_was_written() -> None:
    assert read_desks(write_desks(COUNCIL, OWN.as_of, OWN.desks)) == OWN
    other = write_desks(COUNCIL, OWN.as_of, OWN.desks).replace(b'"version": 1', b'"version": 2')
    for data in (b"", b"{}", b"[]", other):
        with pytest.raises(Defect, match="list of desks"):
            read_desks(data)
