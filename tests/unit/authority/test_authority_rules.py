"""The pure rules of the list: changes, checks, bins, imports."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from tuf.api.metadata import Role, Targets

from authority import changes, checks, imports, roles
from authority.charter import BINS, Charter, KeyEntry, Quorum
from authority.checks import Weight
from authority.draft import Draft
from fingerpost.protocol import limits
from fingerpost.protocol.codec.enrolment import AgencyKeys
from fingerpost.protocol.codes import AgencyKind, CoarseKind
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import (
    Agency,
    Area,
    Epoch,
    Member,
    NotConnected,
    Parameters,
    Party,
)
from fingerpost.protocol.federation_files import SealedPepper
from fingerpost.protocol.feed_age import FeedAge, Holiday
from fingerpost.protocol.ids import AgencyId, AreaCode, EpochNumber, FederationId, MemberId

NOW = 1_800_000_000
A, B, C = (AreaCode(f"e0000000{n}") for n in "123")
OAK, POLICE = AgencyId(f"{A}.oak"), AgencyId(f"{B}.police")
BROKER, ISSUER, HA, HB = (MemberId(m) for m in ("broker", "issuer", "holder-a", "holder-b"))
NODE, GATE = MemberId("node"), MemberId("gate")
KEYS = {BROKER: 1, ISSUER: 2, HA: 3, HB: 4, NODE: 5, GATE: 6}


def member(id_: MemberId, party: Party, n: int) -> Member:
    return Member(
        id_,
        party,
        "An organisation",
        bytes([n]) * 32,
        10,
        10,
        caseload_reason="The open cases of a police force" if party is Party.NODE else "",
    )


def sound() -> Draft:
    """Return a draft in which the checks find no fault."""
    parties = {BROKER: Party.BROKER, ISSUER: Party.ISSUER, NODE: Party.NODE, GATE: Party.GATEWAY}
    parties |= {HA: Party.KEY_HOLDER, HB: Party.KEY_HOLDER}
    number = EpochNumber(1)
    holder_keys = {HA: bytes(32), HB: b"1" * 32}
    epoch = Epoch(number, NOW - 1, NOW, NOW + 90 * limits.DAY, holder_keys, b"2" * 32)
    oak = Agency(
        OAK,
        "Oak",
        AgencyKind.SCHOOL,
        NODE,
        (GATE,),
        b"p" * 32,
        duty_desk="0121 496 0000",
        handle_root=b"h" * 32,
    )
    elm = NotConnected("Elm", AgencyKind.VCS, "0121 1")
    police = Agency(POLICE, "Police", AgencyKind.POLICE, NODE, duty_desk="101")
    ages = (FeedAge(AgencyKind.SCHOOL, 14), FeedAge(AgencyKind.POLICE, 7))
    return Draft(
        Parameters(FederationId("f"), 1, 1, BROKER, ISSUER, (HA, HB), (epoch,), feed_ages=ages),
        {m: member(m, party, KEYS[m]) for m, party in parties.items()},
        {A: Area(A, "Ash", (B,), (oak,), (POLICE,), (elm,)), B: Area(B, "Beech", (A,), (police,))},
        {(number, m): SealedPepper(number, m, 20_000, b"s") for m in (NODE, GATE)},
    )


def with_oak(**changed: object) -> Draft:
    draft = sound()
    oak = replace(draft.areas[A].agencies[0], **changed)  # type: ignore[arg-type]
    return with_area(draft, A, agencies=(oak,))


def with_area(draft: Draft, code: AreaCode, **changed: object) -> Draft:
    area = replace(draft.areas[code], **changed)  # type: ignore[arg-type]
    return replace(draft, areas={**draft.areas, code: area})


def with_member(changed: Member) -> Draft:
    draft = sound()
    return replace(draft, members={**draft.members, changed.id: changed})


def with_member_that(id_: MemberId, **changed: int) -> Draft:
    return with_member(replace(sound().members[id_], **changed))  # type: ignore[arg-type]


def with_gap(name: str, kind: AgencyKind, telephone: str) -> Draft:
    """Return a draft in which the agency of this name is not connected."""
    return with_area(sound(), A, not_connected=(NotConnected(name, kind, telephone),))


def without_gate() -> Draft:
    draft = sound()
    return replace(draft, members={m: v for m, v in draft.members.items() if m != GATE})


def without_epochs() -> Draft:
    draft = sound()
    return replace(draft, parameters=replace(draft.parameters, epochs=()))


def test_a_sound_draft_has_no_findings() -> None:
    assert checks.check(sound(), NOW) == ()
    assert checks.require_consistent(sound(), NOW) == ()


NOWHERE = AgencyId(f"{C}.council")
ERRORS = {
    "agency with unknown node": (with_oak(node=MemberId("nobody")), OAK),
    "agency on a gateway": (with_oak(node=GATE), OAK),
    "agency asking through a node": (with_oak(gateways=(NODE,)), OAK),
    "asking without a passport key": (with_oak(passport_key=b""), OAK),
    "asking without a handle root": (with_oak(handle_root=b""), OAK),
    "passport key without a gateway": (with_oak(gateways=()), OAK),
    "passport key that is a signing key": (with_oak(passport_key=bytes([5]) * 32), OAK),
    "name that rewrites the screen": (with_oak(name="Oak\x1b[2J"), OAK),
    "seconding to an agency that is no council": (with_oak(seconded_to=(POLICE,)), OAK),
    "discreet name that rewrites the screen": (with_oak(discreet_name="Oak\x1b[2J"), OAK),
    "discreet name that a member cannot read": (with_oak(discreet_name="A council's"), NODE),
    "seconding to itself": (with_oak(seconded_to=(OAK,)), OAK),
    "seconding to nobody": (with_oak(seconded_to=(AgencyId(f"{B}.none"),)), OAK),
    "seconding to an area that does not exist": (with_oak(seconded_to=(NOWHERE,)), OAK),
    "neighbour that does not exist": (with_area(sound(), A, neighbours=(B, C)), A),
    "own neighbour": (with_area(sound(), A, neighbours=(A, B)), A),
    "served by nobody": (with_area(sound(), A, serving=(AgencyId(f"{B}.none"),)), A),
    "served by its own": (with_area(sound(), A, serving=(OAK,)), A),
    "one signing key twice": (with_member(member(MemberId("copy"), Party.NODE, 5)), "copy"),
    "a second broker": (with_member(member(MemberId("other"), Party.BROKER, 9)), "other"),
    "broker that is a node": (with_member(member(BROKER, Party.NODE, 1)), BROKER),
    "pepper of no member": (without_gate(), GATE),
    "pepper of no epoch": (without_epochs(), NODE),
}


@pytest.mark.parametrize("case", ERRORS)
def test_an_error_is_found_where_it_is(case: str) -> None:
    draft, where = ERRORS[case]
    errors = [f for f in checks.check(draft, NOW) if f.weight is Weight.ERROR]
    assert str(where) in {finding.where for finding in errors}
    with pytest.raises(checks.Inconsistent):
        checks.require_consistent(draft, NOW)


def test_a_police_force_seconds_its_people_to_councils() -> None:
    council = Agency(AgencyId(f"{A}.council"), "Ash Council", AgencyKind.LOCAL_AUTHORITY, NODE)
    draft = changes.add_agency(sound(), replace(council, duty_desk="101"))
    draft = changes.tune(draft, feed_ages=[FeedAge(AgencyKind.LOCAL_AUTHORITY, 7)])
    (police,) = draft.areas[B].agencies
    seconding = replace(police, seconded_to=(council.id,))
    assert checks.check(with_area(draft, B, agencies=(seconding,)), NOW) == ()


WARNINGS = {
    "neighbour on one side only": (with_area(sound(), B, neighbours=()), A),
    "no duty desk": (with_oak(duty_desk=""), OAK),
    "not connected, no number": (with_gap("Elm", AgencyKind.VCS, ""), A),
    "not connected, yet a member": (with_gap("OAK", AgencyKind.SCHOOL, "1"), A),
    "node that may index nobody": (with_member_that(NODE, declared_caseload=0), NODE),
    "gateway that may not ask": (with_member_that(GATE, lookups_per_day=0), GATE),
    "node of no agency": (with_member(member(MemberId("idle"), Party.NODE, 8)), "idle"),
    "member without a pepper": (replace(sound(), peppers={}), "peppers"),
}


@pytest.mark.parametrize("case", WARNINGS)
def test_a_warning_stops_nothing(case: str) -> None:
    draft, where = WARNINGS[case]
    found = checks.require_consistent(draft, NOW)
    assert str(where) in {finding.where for finding in found}


def test_epochs_that_run_out_are_seen() -> None:
    for days, what in ((85, "ends soon"), (95, "no epoch is running")):
        found = checks.check(sound(), NOW + days * limits.DAY)
        assert any(what in finding.what for finding in found)


def all_speak(draft: Draft) -> Draft:
    for member in draft.members:
        draft = changes.speaks(draft, member, limits.REVISIONS)
    return draft


def test_a_discreet_name_is_published_once_all_members_can_read_it() -> None:
    draft = with_oak(name="The Refuge", discreet_name="Services of a council")
    with pytest.raises(checks.Inconsistent):
        checks.require_consistent(draft, NOW)
    assert checks.require_consistent(all_speak(draft), NOW) == ()


def test_an_id_that_gives_the_name_away_is_warned_of() -> None:
    draft = all_speak(sound())
    (police,) = (a for a in draft.areas[B].agencies if a.id == POLICE)
    hidden = replace(police, name="Police of the North", discreet_name="Services of a council")
    (finding,) = checks.require_consistent(changes.add_agency(draft, hidden), NOW)
    assert (finding.where, finding.weight) == (str(POLICE), Weight.WARNING)


def test_an_age_that_nobody_stated_is_named() -> None:
    draft = sound()
    unstated = replace(draft.parameters, feed_ages=draft.parameters.feed_ages[:1])
    (found,) = checks.require_consistent(replace(draft, parameters=unstated), NOW)
    assert found.what == "the greatest age of the records of POLICE is not stated: 93 days hold"


@pytest.mark.parametrize(
    ("last", "warned"), [(None, True), (58, True), (62, False)], ids=["none", "over", "known"]
)
def test_holidays_that_are_not_known_ahead_are_named(last: int | None, warned: bool) -> None:
    """Where the age of a school's records is to stand still in them."""
    day = datetime.fromtimestamp(NOW + (last or 0) * limits.DAY, UTC).date()
    holidays = () if last is None else (Holiday(day, day),)
    term_time = [FeedAge(AgencyKind.SCHOOL, 14, term_time=True)]
    draft = changes.tune(all_speak(sound()), feed_ages=term_time)
    draft = changes.keep_school_holidays(draft, [A], holidays)
    found = checks.require_consistent(draft, NOW)
    assert [(f.where, "not known" in f.what) for f in found] == [(str(A), True)] * warned
    every_day = changes.tune(draft, feed_ages=[FeedAge(AgencyKind.SCHOOL, 14)])
    assert checks.check(every_day, NOW) == ()


@pytest.mark.parametrize("kept", ["term time", "holidays"])
def test_holidays_are_published_once_all_members_can_read_them(kept: str) -> None:
    day = datetime.fromtimestamp(NOW + 100 * limits.DAY, UTC).date()
    draft = changes.keep_school_holidays(sound(), [A], (Holiday(day, day),))
    if kept == "term time":
        term_time = [FeedAge(AgencyKind.SCHOOL, 14, term_time=True)]
        draft = changes.tune(changes.keep_school_holidays(draft, [A], ()), feed_ages=term_time)
    with pytest.raises(checks.Inconsistent, match="which has school holidays"):
        checks.require_consistent(draft, NOW)
    checks.require_consistent(all_speak(draft), NOW)


def test_no_revision_is_in_force_that_a_member_does_not_speak() -> None:
    draft = changes.tune(sound(), revisions={1: 0, 2: NOW + limits.DAY})
    where = {f.where for f in checks.check(draft, NOW) if f.weight is Weight.ERROR}
    assert where == {str(member) for member in (NODE, GATE, BROKER)}
    for member in (NODE, GATE, BROKER):
        draft = changes.speaks(draft, member, [2, 1])
    checks.require_consistent(draft, NOW)
    ended = changes.tune(draft, revisions={2: 0})
    assert [each.number for each in ended.parameters.revisions] == [2]
    with pytest.raises(checks.Inconsistent):
        checks.require_consistent(changes.speaks(ended, NODE, [1]), NOW)


def test_two_agencies_may_not_share_a_passport_key() -> None:
    draft = changes.let_ask(sound(), POLICE, GATE, AgencyKeys(b"p" * 32, b"h" * 32))
    where = {f.where for f in checks.check(draft, NOW) if f.weight is Weight.ERROR}
    assert where == {str(OAK), str(POLICE)}


OTHERS = AgencyKeys(b"q" * 32, b"r" * 32)


def test_a_known_key_is_not_replaced_in_passing() -> None:
    with pytest.raises(Defect, match="another passport key"):
        changes.let_ask(sound(), OAK, GATE, OTHERS)
    with pytest.raises(Defect, match="another passport key"):
        changes.let_ask(sound(), OAK, GATE, replace(OTHERS, passport_key=b"p" * 32))
    changed = changes.find_agency(
        changes.let_ask(sound(), OAK, GATE, OTHERS, replace_key=True), OAK
    )
    assert (changed.passport_key, changed.handle_root) == (b"q" * 32, b"r" * 32)


def test_saying_anew_what_an_agency_is_keeps_its_keys() -> None:
    draft = changes.add_agency(sound(), Agency(OAK, "Oak Academy", AgencyKind.SCHOOL, NODE))
    agency = changes.find_agency(draft, OAK)
    assert (agency.name, agency.gateways) == ("Oak Academy", (GATE,))
    assert (agency.passport_key, agency.handle_root) == (b"p" * 32, b"h" * 32)


def test_an_agency_that_stops_asking_has_no_passport_key() -> None:
    agency = changes.find_agency(changes.stop_asking(sound(), OAK, GATE), OAK)
    assert (agency.gateways, agency.passport_key, agency.handle_root) == ((), b"", b"")


def test_neighbours_are_noted_on_both_sides() -> None:
    draft = changes.join_areas(changes.add_area(sound(), C, "Cedar"), C, (A, B))
    assert draft.areas[A].neighbours == (B, C)
    assert draft.areas[C].neighbours == (A, B)
    with pytest.raises(Defect):
        changes.join_areas(draft, C, (C,))


def test_a_removed_agency_serves_nowhere() -> None:
    draft = changes.remove_agency(sound(), POLICE)
    assert draft.areas[A].serving == ()
    assert draft.areas[B].agencies == ()
    with pytest.raises(Defect):
        changes.remove_agency(draft, POLICE)


def test_a_change_leaves_the_draft_before_it_alone() -> None:
    before = sound()
    changes.remove_member(before, GATE)
    changes.remove_agency(before, POLICE)
    changes.host(before, (OAK,), MemberId("elsewhere"))
    assert before == sound()


# ---- bins ------------------------------------------------------------------------------------


def charter(bins: int) -> Charter:
    def entry(n: int) -> KeyEntry:
        key = Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)
        return KeyEntry(key.public_key().public_bytes_raw().hex(), Path(f"{n}.pem"))

    root, targets, governance = (Quorum(1, (entry(n),)) for n in (1, 2, 3))
    return Charter(FederationId("f"), bins, root, targets, governance, entry(4), entry(5), entry(6))


@pytest.mark.parametrize("bins", BINS)
def test_bins_share_all_hashes_evenly(bins: int) -> None:
    prefixes = [p for n in range(bins) for p in roles.bin_prefixes(n, bins)]
    assert len(prefixes) == len(set(prefixes)) in (16, 256)
    assert len({len(roles.bin_prefixes(n, bins)) for n in range(bins)}) == 1


DELEGATIONS = {bins: roles.delegations(charter(bins)) for bins in (2, 16, 256)}


@given(path=st.text(alphabet="abc/.-0123456789", min_size=1), bins=st.sampled_from((2, 16, 256)))
def test_our_bin_is_the_one_where_a_client_looks(path: str, bins: int) -> None:
    found = [name for name, _ in DELEGATIONS[bins].get_roles_for_target(path)]
    assert found == [roles.bin_of(path, bins)]


def test_deny_list_and_code_lists_come_first_and_end_the_search() -> None:
    delegated = DELEGATIONS[16]
    assert delegated.roles is not None
    assert list(delegated.roles)[:2] == ["deny-list", "code-lists"]
    for path in ("deny-list.json", "code-lists.json"):
        name, terminating = next(iter(delegated.get_roles_for_target(path)))
        assert (f"{name}.json", terminating) == (path, True)


def test_a_role_knows_its_half_life() -> None:
    role: Targets = roles.targets_role(1, roles.expiry(NOW, 90), {})
    assert not roles.needs_renewal(role, NOW + 44 * limits.DAY, 90)
    assert roles.needs_renewal(role, NOW + 46 * limits.DAY, 90)


def test_the_root_names_the_quorums() -> None:
    root = roles.root_role(charter(16), 1, roles.expiry(NOW, 10))
    assert not root.consistent_snapshot
    found: dict[str, Role] = root.roles
    assert {name: role.threshold for name, role in found.items()} == dict.fromkeys(found, 1)
    assert set(found) == {"root", "targets", "snapshot", "timestamp"}


# ---- imports ---------------------------------------------------------------------------------

AREAS = """
[[areas]]
code = "e00000001"
name = "Ash"
neighbours = ["e00000002"]
serving = ["e00000002.police"]

[[areas.agencies]]
id = "e00000001.oak"
name = "Oak"
kind = "SCHOOL"
node = "node"
services = ["EDUCATION"]
duty_desk = "0121 496 0000"

[[areas]]
code = "e00000002"
name = "Beech"

[[areas.agencies]]
id = "e00000002.police"
name = "Police"
kind = "POLICE"
node = "node"
"""


def empty() -> Draft:
    return replace(sound(), areas={}, peppers={})


def test_areas_are_read_from_toml(tmp_path: Path) -> None:
    (tmp_path / "areas.toml").write_text(AREAS)
    draft = imports.merge_areas(empty(), imports.read_areas(tmp_path / "areas.toml"))
    assert draft.areas[A].neighbours == (B,)
    assert draft.areas[B].neighbours == (A,)
    assert draft.areas[A].serving == (POLICE,)
    assert draft.areas[A].agencies[0].services == (CoarseKind.EDUCATION,)
    assert imports.merge_areas(draft, imports.read_areas(tmp_path / "areas.toml")) == draft


def test_an_areas_file_says_to_whom_staff_is_seconded(tmp_path: Path) -> None:
    line = 'seconded_to = ["e00000001.council", "e00000002.council"]'
    (tmp_path / "areas.toml").write_text(AREAS + line)
    draft = imports.merge_areas(empty(), imports.read_areas(tmp_path / "areas.toml"))
    councils = tuple(AgencyId(f"{area}.council") for area in (A, B))
    assert draft.areas[B].agencies[0].seconded_to == councils
    assert draft.areas[A].agencies[0].seconded_to == ()


def test_the_age_of_records_is_tuned_by_kind_and_the_other_kinds_keep_theirs() -> None:
    given = (FeedAge(AgencyKind.SCHOOL, 14, term_time=True), FeedAge(AgencyKind.COLLEGE, 7))
    draft = changes.tune(sound(), feed_ages=given)
    draft = changes.tune(draft, feed_ages=[FeedAge(AgencyKind.SCHOOL, 21)], answer_delay_ms=400)
    draft = changes.tune(draft, gathering_ms=3000, queries_per_tick=20)
    kept = draft.parameters
    assert (kept.answer_delay_ms, kept.gathering_ms) == (400, 3000)
    assert (kept.queries_per_tick, kept.queries_at_once) == (20, 200)
    ages = {age.kind: age for age in kept.feed_ages}
    assert ages == {
        AgencyKind.SCHOOL: FeedAge(AgencyKind.SCHOOL, 21),
        AgencyKind.POLICE: FeedAge(AgencyKind.POLICE, 7),
        AgencyKind.COLLEGE: FeedAge(AgencyKind.COLLEGE, 7),
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("duty_desk = ", 'seconded_to = ["council"]\nduty_desk = '),
        ('"EDUCATION"', '"SORCERY"'),
        ('"SCHOOL"', '"CIRCUS"'),
        ('id = "e00000001.oak"', 'id = "e00000002.oak"'),
        ("duty_desk", "duty_disk"),
        ('neighbours = ["e00000002"]', 'neighbours = ["e00000009"]'),
        ('serving = ["e00000002.police"]', 'serving = ["e00000002.fire"]'),
    ],
)
def test_a_wrong_areas_file_is_refused(tmp_path: Path, old: str, new: str) -> None:
    assert old in AREAS
    (tmp_path / "areas.toml").write_text(AREAS.replace(old, new))
    with pytest.raises(Defect):
        imports.merge_areas(empty(), imports.read_areas(tmp_path / "areas.toml"))


HEAD = "area,name,kind,telephone,services\n"


def test_the_register_is_read_from_csv(tmp_path: Path) -> None:
    rows = 'E00000001,"Elm, a charity",VCS,0121 496 0009,VOLUNTARY_SECTOR;HOUSING\n'
    rows += "e00000001,Fir,SCHOOL,,\n"
    (tmp_path / "r.csv").write_text("\ufeff" + HEAD + rows)
    found = imports.read_register(tmp_path / "r.csv")
    services = (CoarseKind.VOLUNTARY_SECTOR, CoarseKind.HOUSING)
    elm = NotConnected("Elm, a charity", AgencyKind.VCS, "0121 496 0009", services)
    assert found == {A: (elm, NotConnected("Fir", AgencyKind.SCHOOL, ""))}
    draft = changes.cover(sound(), found)
    assert draft.areas[A].not_connected == found[A]
    assert draft.areas[B].not_connected == ()
    with pytest.raises(Defect):
        changes.cover(sound(), {C: found[A]})


@pytest.mark.parametrize(
    "row",
    [
        "nowhere,Elm,VCS,01632 960001,",
        "e00000001,Elm,CIRCUS,01632 960001,",
        "e00000001,Elm,VCS,01632 960001,SORCERY",
        "e00000001,,VCS,01632 960001,",
        "e00000001,Elm,VCS,01632 960001",
        "e00000001,Elm,VCS,12,",
        "e00000001,Elm,VCS,01632 960001 ext 4,",
        "e00000001,Elm,VCS,01632960001/01632960002,",
        "e00000001,Elm\ufffd,VCS,01632 960001,",
        "e00000001,Elm,VCS,01632 960001,,more",
        'e00000001,"Elm,VCS,01632 960001,',
        "e00000001," + "x" * 121 + ",VCS,,",
    ],
)
def test_a_wrong_row_is_named_by_its_line(tmp_path: Path, row: str) -> None:
    (tmp_path / "r.csv").write_text(HEAD + "e00000001,Fir,SCHOOL,,\n" + row + "\n")
    with pytest.raises(Defect, match=r"line [23]: ") as defect:
        imports.read_register(tmp_path / "r.csv")
    assert "960001" not in str(defect.value)


def test_all_wrong_rows_are_named_at_once(tmp_path: Path) -> None:
    rows = ["e00000001,Fir,SCHOOL,0163 2,", "e00000001,Elm,CIRCUS,,", "e00000001,Oak,SCHOOL,,"]
    (tmp_path / "r.csv").write_text(HEAD + "\n".join(rows))
    with pytest.raises(Defect) as defect:
        imports.read_register(tmp_path / "r.csv")
    assert "line 2: telephone does not have the digits" in str(defect.value)
    assert "line 3: kind is not a kind of agency" in str(defect.value)
    assert "line 4" not in str(defect.value)
    (tmp_path / "r.csv").write_text(HEAD + "e00000001,Elm,CIRCUS,,\n" * 60)
    with pytest.raises(Defect, match="and 10 more rows"):
        imports.read_register(tmp_path / "r.csv")


def test_what_a_spreadsheet_did_to_the_register_is_mended_and_said(tmp_path: Path) -> None:
    rows = (
        "e00000001,École Wexley,SCHOOL,1632960177,\ne00000001,Fir,SCHOOL,01632-960178 (office),\n"
    )
    (tmp_path / "r.csv").write_bytes((HEAD + rows).encode("cp1252"))
    notes: list[imports.RegisterNote] = []
    found = imports.read_register(tmp_path / "r.csv", notes.append)[A]
    assert [(each.name, each.telephone) for each in found] == [
        ("École Wexley", "01632960177"),
        ("Fir", "01632 960178"),
    ]
    assert list(map(str, notes)) == [
        "line 2: telephone was mended: compare it",
        "line 2: name was read as Windows-1252",
        "line 3: telephone was mended: compare it",
    ]


@pytest.mark.parametrize(
    "broken", [b"\x8dcole", b"\xc3\xa9cole,SCHOOL,,\ne00000001,\xc9cole", b"a\0b\xe9"]
)
def test_a_register_in_no_known_encoding_is_refused(tmp_path: Path, broken: bytes) -> None:
    row = b"e00000001," + broken + b",SCHOOL,,\n"
    (tmp_path / "r.csv").write_bytes(HEAD.encode() + row)
    with pytest.raises(Defect, match="neither UTF-8 nor Windows-1252"):
        imports.read_register(tmp_path / "r.csv")


def test_another_head_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("name,area,kind,telephone,services\n")
    with pytest.raises(Defect, match="first line"):
        imports.read_register(tmp_path / "r.csv")


def test_an_areas_file_states_a_discreet_name(tmp_path: Path) -> None:
    line = 'discreet_name = "Services of a council"'
    (tmp_path / "areas.toml").write_text(AREAS + line)
    draft = imports.merge_areas(empty(), imports.read_areas(tmp_path / "areas.toml"))
    assert draft.areas[B].agencies[0].discreet_name == "Services of a council"
    assert draft.areas[A].agencies[0].discreet_name == ""
