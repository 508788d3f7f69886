"""Questions to the member list, and its files."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import federations
from fakes.refusals import refused
from fingerpost.protocol import federation_files as files
from fingerpost.protocol import limits
from fingerpost.protocol.codes import AgencyKind, CoarseKind, Kind, Purpose, Reach, Role
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import (
    Agency,
    Area,
    CodeLists,
    DenyList,
    Epoch,
    Federation,
    Member,
    NotConnected,
    Party,
    parts_of,
)
from fingerpost.protocol.feed_age import FeedAge, Holiday
from fingerpost.protocol.ids import AgencyId, AreaCode, EpochNumber, FederationId, MemberId
from fingerpost.protocol.terms import Fact, RolesAt, Terms, Tier

NOW = 1_800_000_000
HERE, NEXT, FAR = (AreaCode(f"e9900000{i}") for i in (1, 2, 3))
NODE, GATEWAY, A, B = map(MemberId, ("node", "gateway", "holder-a", "holder-b"))


def agency(area: AreaCode, name: str, kind: AgencyKind = AgencyKind.SCHOOL) -> Agency:
    return Agency(
        AgencyId(f"{area}.{name}"), name, kind, NODE, (GATEWAY,), bytes(32), handle_root=bytes(32)
    )


def epoch(number: int, starts: int, ends: int) -> Epoch:
    keys = {A: bytes([number]) * 32, B: bytes(32)}
    index_from = starts - 7 * limits.DAY
    shared = bytes([number, 3]) * 16
    return Epoch(EpochNumber(number), index_from, starts, ends, keys, shared)


def federation() -> Federation:
    council = AgencyKind.LOCAL_AUTHORITY
    police = agency(NEXT, "police", AgencyKind.POLICE)
    elm = NotConnected("Elm", AgencyKind.SCHOOL, "01632 960001", (CoarseKind.EDUCATION,))
    small, other = (agency(FAR, f"{n}-trust", AgencyKind.NHS_TRUST) for n in ("small", "large"))
    large = replace(other, large=True)
    here = (agency(HERE, "council", council), agency(HERE, "oak"))
    epochs = (epoch(1, NOW - 1000, NOW + 500), epoch(2, NOW + 100, NOW + 9000))
    return federations.federation(
        federations.parameters(FederationId("test"), epochs),
        [
            Area(HERE, "Here", (NEXT,), here, (police.id,), (elm,)),
            Area(NEXT, "Next", (HERE,), (police, agency(NEXT, "ash"))),
            Area(FAR, "Far", (), (agency(FAR, "council", council), small, large)),
        ],
        [federations.member(NODE, Party.NODE), federations.member(GATEWAY, Party.GATEWAY)],
    )


ASKING = AgencyId(f"{HERE}.council")


@pytest.mark.parametrize(
    ("reach", "named", "expected"),
    [
        (Reach.AREA, (), ["1.council", "1.oak", "2.police"]),
        (Reach.AREA_AND_NEIGHBOURS, (), ["1.council", "1.oak", "2.ash", "2.police"]),
        (Reach.NAMED, (FAR,), ["3.council", "3.large-trust", "3.small-trust"]),
        (Reach.NATIONAL_RING, (), ["1.council", "2.police", "3.council", "3.large-trust"]),
    ],
)
def test_reach(reach: Reach, named: tuple[AreaCode, ...], expected: list[str]) -> None:
    found = federation().agencies_in_reach(HERE, reach, named)
    assert [str(a.id).removeprefix("e9900000") for a in found] == expected


def test_a_denied_agency_is_not_asked_and_cannot_ask() -> None:
    known = federation()
    denied = replace(known, deny=DenyList(agencies=frozenset({ASKING})))
    assert ASKING not in {a.id for a in denied.agencies_in_reach(HERE, Reach.AREA)}
    known.asking_agency(ASKING, GATEWAY)
    with refused(Code.NOT_A_MEMBER):
        denied.asking_agency(ASKING, GATEWAY)


def test_a_denied_member_is_no_member_and_its_agencies_are_not_asked() -> None:
    known = replace(federation(), deny=DenyList(members=frozenset({NODE})))
    with refused(Code.NOT_A_MEMBER):
        known.member(NODE, Party.NODE)
    assert known.agencies_in_reach(HERE, Reach.AREA) == ()


def test_a_member_of_another_party_is_no_member() -> None:
    with refused(Code.NOT_A_MEMBER):
        federation().member(NODE, Party.GATEWAY)


def test_an_area_that_does_not_exist_is_refused() -> None:
    with refused(Code.NOT_ALLOWED):
        federation().areas_in_reach(HERE, Reach.NAMED, (AreaCode("e00000000"),))


def test_the_list_is_not_believed_after_its_time() -> None:
    federation().require_current(NOW)
    with refused(Code.UNTRUSTED_METADATA):
        federation().require_current(NOW + limits.DAY)


def test_epochs_overlap() -> None:
    known = federation()
    assert known.epoch(EpochNumber(1), NOW + 500 + 179).number == EpochNumber(1)
    with refused(Code.UNSUPPORTED):
        known.epoch(EpochNumber(1), NOW + 500 + 180)
    assert [e.number.value for e in known.epochs_to_index(NOW)] == [1, 2]


@given(st.integers(0, 300))
def test_parts_hold_each_agency_once(count: int) -> None:
    agencies = tuple(agency(HERE, f"s{i}") for i in range(count))
    parts = parts_of(agencies, NODE)
    assert len(parts) == max(1, -(-count // limits.AGENCIES_PER_PART))
    assert [a for part in parts for a in part] == sorted(a.id for a in agencies)
    assert parts_of(agencies, GATEWAY) == ((),)


def test_files_come_back_as_they_were_written() -> None:
    known = federation()
    for area in known.areas.values():
        assert files.read_area(files.write_area(area)) == area
    for member in known.members.values():
        assert files.read_member(files.write_member(member)) == member
    assert files.read_parameters(files.write_parameters(known.parameters)) == known.parameters
    assert files.read_code_lists(files.write_code_lists(known.code_lists)) == known.code_lists
    deny = DenyList(frozenset({NODE}), frozenset({ASKING}), frozenset({255}))
    assert files.read_deny_list(files.write_deny_list(deny)) == deny
    pepper = files.SealedPepper(EpochNumber(1), NODE, 20_000, b"sealed")
    assert files.read_pepper(files.write_pepper(pepper)) == pepper


def test_the_names_in_a_file_are_those_of_the_wire() -> None:
    """A file's form follows from the definition of its value: renaming a field would change what
    members read.
    """
    known = federation()
    place = known.areas[HERE]
    services = (CoarseKind.EDUCATION,)
    full = replace(
        place.agencies[0],
        services=services,
        duty_desk="01632 960002",
        large=True,
        seconded_to=(ASKING,),
    )
    denied = DenyList(frozenset({NODE}), frozenset({ASKING}), frozenset({255, 16}))
    terms = Terms(
        Purpose.REFERRAL_TRIAGE,
        frozenset({Role.SOCIAL_WORKER}),
        Reach.AREA,
        Tier.FAMILY,
        frozenset({Fact.REFERENCE}),
        frozenset({Kind.GP}),
        frozenset({Tier.ENFORCEMENT}),
        2,
    )
    at = RolesAt(AgencyKind.SCHOOL, frozenset({Role.DSL}))
    codes = CodeLists(1, (terms,), (at,), frozenset())
    written = {
        "member": files.write_member(Member(NODE, Party.KEY_HOLDER, "host", bytes(32), 1, 2)),
        "area": files.write_area(replace(place, agencies=(full,))),
        "deny list": files.write_deny_list(denied),
        "code lists": files.write_code_lists(codes),
        "index": files.write_index(files.Index((HERE, NEXT), (NODE,))),
        "pepper": files.write_pepper(files.SealedPepper(EpochNumber(1), NODE, 20_000, b"seal")),
    }
    assert {name: json.loads(data) for name, data in written.items()} == {
        "member": {
            "id": "node",
            "service": "key-holder",
            "organisation": "host",
            "signing_key": "00" * 32,
            "declared_caseload": 1,
            "lookups_per_day": 2,
            "revisions": [1],
        },
        "area": {
            "code": "e99000001",
            "name": "Here",
            "neighbours": ["e99000002"],
            "agencies": [
                {
                    "id": "e99000001.council",
                    "name": "council",
                    "kind": "LOCAL_AUTHORITY",
                    "node": "node",
                    "gateways": ["gateway"],
                    "passport_key": "00" * 32,
                    "services": ["EDUCATION"],
                    "duty_desk": "01632 960002",
                    "large": True,
                    "seconded_to": ["e99000001.council"],
                    "handle_root": "00" * 32,
                }
            ],
            "serving": ["e99000002.police"],
            "not_connected": [
                {
                    "name": "Elm",
                    "kind": "SCHOOL",
                    "telephone": "01632 960001",
                    "services": ["EDUCATION"],
                }
            ],
        },
        "deny list": {
            "members": ["node"],
            "agencies": ["e99000001.council"],
            "certificates": ["10", "ff"],
        },
        "code lists": {
            "version": 1,
            "terms": [
                {
                    "purpose": "REFERRAL_TRIAGE",
                    "roles": ["SOCIAL_WORKER"],
                    "reach": "AREA",
                    "tier": "FAMILY",
                    "takes": ["REFERENCE"],
                    "also": ["GP"],
                    "tier_at_harm": ["ENFORCEMENT"],
                    "areas": 2,
                }
            ],
            "roles_at": [{"kind": "SCHOOL", "roles": ["DSL"]}],
            "kinds": [],
        },
        "index": {"areas": ["e99000001", "e99000002"], "members": ["node"]},
        "pepper": {"epoch": 1, "member": "node", "day": 20_000, "sealed": "7365616c"},
    }
    parameters = json.loads(files.write_parameters(known.parameters))
    assert list(parameters) == [
        *("federation", "code_list_version", "normalisation_version", "broker", "issuer"),
        *("key_holders", "epochs", "revisions"),
    ]
    limits_changed = {"answer_delay_ms": 101, "gathering_ms": 501, "practitioner_per_hour": 1}
    limits_changed |= {"practitioner_per_day": 1, "agency_per_day": 1}
    changed = replace(known.parameters, **limits_changed)  # type: ignore[arg-type]
    aged = replace(changed, feed_ages=(FeedAge(AgencyKind.SCHOOL, 14),))
    names = [*limits_changed, "feed_ages", "revisions"]
    assert list(json.loads(files.write_parameters(aged)))[7:] == names
    assert json.loads(files.write_parameters(aged))["feed_ages"] == [{"kind": "SCHOOL", "days": 14}]
    epoch_names = ["number", "index_from", "starts_at", "ends_at", "holder_keys", "requester_key"]
    assert list(parameters["epochs"][0]) == epoch_names


def member_file(**changes: object) -> bytes:
    usual = {"id": "node", "service": "node", "organisation": "x", "signing_key": "0" * 64}
    return json.dumps(usual | changes).encode()


def test_a_members_file_is_read() -> None:
    assert files.read_member(member_file()).id == NODE


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"{}", b"[]", b"\xff" * 10),
        member_file(signing_key="00"),
        member_file(service="king"),
        member_file(more=1),
        member_file(id="NODE"),
    ],
)
def test_a_file_out_of_bounds_is_refused_without_an_echo(text: bytes) -> None:
    with refused(Code.MALFORMED) as caught:
        files.read_member(text)
    assert caught.value.__suppress_context__ or caught.value.__cause__ is None


def test_an_area_cannot_speak_for_another_areas_agency() -> None:
    stolen = replace(federation().areas[HERE], code=FAR)
    with pytest.raises(Refused, match="another area"):
        files.read_area(files.write_area(stolen))


def test_a_purpose_that_this_code_does_not_know_is_unsupported() -> None:
    known = json.loads(files.write_code_lists(federation().code_lists))
    known["terms"][0]["purpose"] = "TAX"
    with refused(Code.UNSUPPORTED):
        files.read_code_lists(json.dumps(known).encode())


def parameters_file(**changes: object) -> bytes:
    return files.write_parameters(replace(federation().parameters, **changes))  # type: ignore[arg-type]


def test_records_may_be_as_old_as_the_parameters_say_for_a_kind_of_agency() -> None:
    school, police = FeedAge(AgencyKind.SCHOOL, 14), FeedAge(AgencyKind.POLICE, 3650)
    read = files.read_parameters(parameters_file(feed_ages=(school, police)))
    assert read.feed_age(AgencyKind.SCHOOL) == school
    assert read.feed_age(AgencyKind.POLICE) == police
    assert read.feed_age(AgencyKind.COLLEGE) == FeedAge(AgencyKind.COLLEGE, 93)
    assert limits.FEED_DAYS == 93
    closed = FeedAge(AgencyKind.SCHOOL, 14, term_time=True)
    assert files.read_parameters(parameters_file(feed_ages=(closed,))).feed_ages == (closed,)


def test_the_age_of_a_schools_records_stands_still_in_the_holidays_of_its_area() -> None:
    """Those of another area do not count, and those of no area count for a council."""
    easter = Holiday(date(2027, 3, 26), date(2027, 4, 9))
    ages = (
        FeedAge(AgencyKind.SCHOOL, 14, term_time=True),
        FeedAge(AgencyKind.LOCAL_AUTHORITY, 14),
    )
    known = federation()
    area = files.read_area(files.write_area(replace(known.areas[HERE], school_holidays=(easter,))))
    listed = replace(
        known,
        parameters=replace(known.parameters, feed_ages=ages),
        areas={**known.areas, HERE: area},
    )
    as_of, fortnight = easter.begins, 14 * limits.DAY
    oak, council = AgencyId(f"{HERE}.oak"), AgencyId(f"{HERE}.council")
    assert listed.feed_life(oak, as_of).ends_at == easter.ends + fortnight
    assert listed.feed_life(council, as_of).ends_at == as_of + fortnight
    elsewhere = replace(listed, areas={**known.areas, NEXT: replace(area, code=NEXT)})
    assert elsewhere.feed_life(oak, as_of).ends_at == as_of + fortnight
    every_day = replace(known.parameters, feed_ages=(FeedAge(AgencyKind.SCHOOL, 14),))
    assert replace(listed, parameters=every_day).feed_life(oak, as_of).ends_at == as_of + fortnight
    with refused(Code.NOT_A_MEMBER):
        listed.feed_life(AgencyId(f"{HERE}.elm"), as_of)


@pytest.mark.parametrize(
    "holidays",
    [
        (Holiday(date(2027, 8, 31), date(2027, 7, 22)),),
        tuple(Holiday(date(1960 + n, 1, 1), date(1960 + n, 1, 2)) for n in range(65)),
    ],
    ids=["the last day first", "too many"],
)
def test_holidays_that_are_no_calendar_are_refused(holidays: tuple[Holiday, ...]) -> None:
    area = replace(federation().areas[HERE], school_holidays=holidays)
    with refused(Code.MALFORMED):
        files.read_area(files.write_area(area))


@pytest.mark.parametrize(
    "ages",
    [
        (FeedAge(AgencyKind.SCHOOL, 0),),
        (FeedAge(AgencyKind.SCHOOL, 3651),),
        (FeedAge(AgencyKind.SCHOOL, 14), FeedAge(AgencyKind.SCHOOL, 15)),
        (FeedAge(AgencyKind.POLICE, 14, term_time=True),),
    ],
    ids=["none", "ten years and a day", "one kind twice", "the term time of a police force"],
)
def test_ages_of_records_that_are_none_are_refused(ages: tuple[FeedAge, ...]) -> None:
    data = parameters_file(feed_ages=ages)
    with refused(Code.MALFORMED):
        files.read_parameters(data)


@pytest.mark.parametrize("key", ["", "00" * 31, "00" * 33, "zz" * 32, None])
def test_an_epoch_without_a_requesters_key_is_refused(key: str | None) -> None:
    written = json.loads(parameters_file())
    files.read_parameters(json.dumps(written).encode())
    if key is None:
        del written["epochs"][0]["requester_key"]
    else:
        written["epochs"][0]["requester_key"] = key
    with refused(Code.MALFORMED):
        files.read_parameters(json.dumps(written).encode())


def test_each_epoch_has_a_requesters_key_of_its_own() -> None:
    known = federation()
    for each in known.parameters.epochs:
        assert known.requester_key(each.number) == each.requester_key
    with refused(Code.UNSUPPORTED):
        known.requester_key(EpochNumber(3))
