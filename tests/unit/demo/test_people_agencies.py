"""The fixed lists: enough of everything, and nothing that could reach a real person."""

from __future__ import annotations

import re
from collections import Counter

from agency_node.importing.sources.opening_hours import read_hours
from authority.imports import read_register
from deploy.demo.people.agencies import AGENCIES, AREAS, NODES, REGISTER, System
from deploy.demo.people.kinds import KINDS, SENSITIVE_TEAM
from deploy.demo.people.names import STAFF_FORENAMES, STAFF_SURNAMES
from fingerpost.private.plain_text import require_email, require_plain, require_telephone
from fingerpost.protocol.codes import AgencyKind, CoarseKind, Kind
from fingerpost.protocol.ids import MemberId

NOT_CONNECTED = read_register(REGISTER)
SCHOOL_SUPPLIER, GP_SUPPLIER = MemberId("inkwell-schools"), MemberId("surgerybook")

# Ofcom, "Telephone numbers for use in TV and radio drama programmes".
DRAMA = re.compile(r"01632 960\d{3}|020 7946 0\d{3}|0117 496 0\d{3}")
EMAIL = re.compile(r"[a-z-]+@[a-z0-9.-]+\.example")


def test_the_federation_is_large_enough() -> None:
    assert len(NODES) >= 12
    assert len(AGENCIES) >= 42
    assert len({agency.id for agency in AGENCIES}) == len(AGENCIES)
    assert len({node.id for node in NODES}) == len(NODES)


def test_hosts_hold_what_they_should() -> None:
    hosted = Counter(agency.node for agency in AGENCIES)
    assert set(hosted) == {node.id for node in NODES}
    assert hosted[SCHOOL_SUPPLIER] == 14
    assert hosted[GP_SUPPLIER] == 8
    schools = {agency.area for agency in AGENCIES if agency.node == SCHOOL_SUPPLIER}
    assert schools == {area.code for area in AREAS}


def test_every_telephone_number_and_address_is_of_nobody() -> None:
    phones = [agency.desk.phone for agency in AGENCIES] + [
        absent.telephone for absents in NOT_CONNECTED.values() for absent in absents
    ]
    nights = [a.desk.out_of_hours for a in AGENCIES if a.desk.out_of_hours]
    assert nights
    assert all(DRAMA.fullmatch(phone) for phone in phones + nights)
    assert len(set(phones)) == len(phones)
    emails = [agency.desk.email for agency in AGENCIES]
    assert all(EMAIL.fullmatch(email) for email in emails)
    assert len(set(emails)) == len(emails)
    assert all(agency.desk.hours for agency in AGENCIES)


def test_an_area_code_is_of_no_council_and_begins_each_id() -> None:
    codes = {area.code for area in AREAS}
    assert all(code.value.startswith("e990000") for code in codes)
    assert {agency.area for agency in AGENCIES} == codes
    assert all(agency.area in agency.serves for agency in AGENCIES)


def test_the_agencies_not_connected_are_no_members() -> None:
    members = {agency.name for agency in AGENCIES}
    assert set(NOT_CONNECTED) == {area.code for area in AREAS}
    for absents in NOT_CONNECTED.values():
        assert not members & {absent.name for absent in absents}
        kinds = [absent.kind for absent in absents]
        assert len(kinds) >= 4
        assert AgencyKind.SCHOOL in kinds
        assert AgencyKind.GP_PRACTICE in kinds


def test_every_area_offers_every_kind_that_children_are_given() -> None:
    for area in AREAS:
        for kind, assumed in KINDS.items():
            assert any(
                agency.takes(kind, area.code, age) for agency in AGENCIES for age in assumed.ages
            ), (area.name, kind)


def test_every_age_of_school_has_schools_in_both_areas() -> None:
    for area in AREAS:
        for age in range(5, 18):
            fit = [a for a in AGENCIES if a.takes(Kind.EDU_SCHOOL, area.code, age)]
            assert len(fit) >= 3


def test_all_kinds_of_agency_that_were_asked_for_are_there() -> None:
    assert {agency.kind for agency in AGENCIES} >= {
        AgencyKind.SCHOOL,
        AgencyKind.GP_PRACTICE,
        AgencyKind.LOCAL_AUTHORITY,
        AgencyKind.NHS_TRUST,
        AgencyKind.POLICE,
        AgencyKind.YOUTH_JUSTICE,
        AgencyKind.VCS,
        AgencyKind.EARLY_YEARS,
        AgencyKind.HOUSING,
    }


def test_services_count_those_connected_and_those_not() -> None:
    for area in AREAS:
        for service in (CoarseKind.EDUCATION, CoarseKind.GP):
            assert any(a.area == area.code and service in a.services for a in AGENCIES)
            assert any(service in absent.services for absent in NOT_CONNECTED[area.code])
    charity = next(a for a in AGENCIES if a.id.value == "e99000001.lanternlight")
    assert charity.services == ()
    assert {code.value for code in charity.also_serves} == {"e99000002"}


def test_desks_and_workers_can_stand_in_a_pointer() -> None:
    for agency in AGENCIES:
        require_plain(agency.desk.hours, chars=60, size=120, what="hours")
        require_telephone(agency.desk.phone, "phone")
        require_telephone(agency.desk.out_of_hours, "out of hours")
        require_email(agency.desk.email, "email")
    for assumed in KINDS.values():
        require_plain(assumed.worker_role, chars=60, size=120, what="role")
    for forename in STAFF_FORENAMES:
        for surname in STAFF_SURNAMES:
            require_plain(f"{forename} {surname}", chars=80, size=160, what="name")


def test_hours_are_written_in_many_forms_of_which_each_is_read_whole() -> None:
    forms = {agency.desk.hours for agency in AGENCIES}
    assert {"Mon-Fri 8-4.30, term time", "weekdays 9-5", "24/7"} <= forms
    assert len(forms) > 10
    for form in forms:
        hours, whole = read_hours(form)
        assert hours, form
        assert whole, form


def test_every_source_that_a_node_reads_is_the_export_of_an_agency_that_has_such_a_system() -> None:
    kinds = {
        system: {agency.kind for agency in AGENCIES if agency.system is system} for system in System
    }
    assert kinds[System.TRANSFER_FILE] == {AgencyKind.SCHOOL}
    assert kinds[System.COUNCIL_TABLES] == {AgencyKind.LOCAL_AUTHORITY}
    assert kinds[System.FHIR] == {AgencyKind.GP_PRACTICE}
    assert kinds[System.WORKBOOK]
    assert kinds[System.TABLE_AND_DESKS]


def test_every_kind_that_can_be_held_has_somebody_to_ring() -> None:
    for kind, assumed in KINDS.items():
        assert assumed.worker_role
        assert (assumed.worker_role == SENSITIVE_TEAM) == kind.sensitive


def test_every_kind_that_an_agency_offers_has_assumptions() -> None:
    assert {kind for agency in AGENCIES for kind in agency.offers} == set(KINDS)
