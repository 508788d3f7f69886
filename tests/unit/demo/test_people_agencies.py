"""The fixed lists: enough of everything, and nothing that could reach a real person."""

from __future__ import annotations

import re
from collections import Counter

from deploy.demo.people.agencies import AGENCIES
from deploy.demo.people.names import STAFF_FORENAMES, STAFF_SURNAMES
from deploy.demo.people.nodes import GP_SUPPLIER, NODES, SCHOOL_SUPPLIER
from deploy.demo.people.places import AREAS
from deploy.demo.people.rates import (
    EVERYBODY,
    SENSITIVE_TEAM,
    SOCIAL_CARE_WORKER,
    SOME,
    WORKER_ROLES,
)
from deploy.demo.people.records import social_care
from deploy.demo.people.register import NOT_CONNECTED
from fingerpost.private.plain_text import require_email, require_plain, require_telephone
from fingerpost.protocol.codes import AgencyKind, CoarseKind, Kind

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
    assert hosted[SCHOOL_SUPPLIER.id] == 14
    assert hosted[GP_SUPPLIER.id] == 8
    schools = {agency.area for agency in AGENCIES if agency.node == SCHOOL_SUPPLIER.id}
    assert schools == {area.code for area in AREAS}


def test_every_telephone_number_and_address_is_of_nobody() -> None:
    phones = [agency.desk.phone for agency in AGENCIES] + [a.phone for a in NOT_CONNECTED]
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
    members = {agency.id for agency in AGENCIES}
    assert not members & {absent.id for absent in NOT_CONNECTED}
    for area in AREAS:
        kinds = [a.kind for a in NOT_CONNECTED if a.id.area == area.code]
        assert len(kinds) >= 4
        assert AgencyKind.SCHOOL in kinds
        assert AgencyKind.GP_PRACTICE in kinds


def test_every_area_offers_every_kind_that_children_are_given() -> None:
    for area in AREAS:
        for rate in (*EVERYBODY, *SOME):
            assert any(
                agency.takes(rate.kind, area.code, age)
                for agency in AGENCIES
                for age in range(rate.ages[0], rate.ages[1] + 1)
            ), (area.name, rate.kind)


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
            assert any(a.id.area == area.code and service in a.services for a in NOT_CONNECTED)
    charity = next(a for a in AGENCIES if a.id.value == "e99000001.lanternlight")
    assert charity.services == ()
    assert {code.value for code in charity.also_serves} == {"e99000002"}


def test_desks_and_workers_can_stand_in_a_pointer() -> None:
    for agency in AGENCIES:
        require_plain(agency.desk.hours, chars=60, size=120, what="hours")
        require_telephone(agency.desk.phone, "phone")
        require_telephone(agency.desk.out_of_hours, "out of hours")
        require_email(agency.desk.email, "email")
    for role in (*WORKER_ROLES.values(), SOCIAL_CARE_WORKER, SENSITIVE_TEAM):
        require_plain(role, chars=60, size=120, what="role")
    for forename in STAFF_FORENAMES:
        for surname in STAFF_SURNAMES:
            require_plain(f"{forename} {surname}", chars=80, size=160, what="name")


def test_every_kind_that_can_be_held_has_somebody_to_ring() -> None:
    for rate in (*EVERYBODY, *SOME):
        named = rate.kind in WORKER_ROLES or social_care(rate.kind)
        assert named != rate.kind.sensitive
