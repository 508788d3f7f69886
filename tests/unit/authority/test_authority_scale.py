"""A list of England's size: no file is longer than a member takes, and the ceremony ends within
20 seconds of the processor.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from authority import founding
from fakes.federations import member
from fingerpost.protocol import limits
from fingerpost.protocol.codes import AgencyKind, CoarseKind
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import (
    Agency,
    Area,
    Member,
    NotConnected,
    Party,
    PublicFigure,
)
from fingerpost.protocol.ids import AgencyId, AreaCode, MemberId
from unit.authority.conftest import BROKER, HOLDERS, NODE, World, plan

AREAS, AGENCIES, MEMBERS = 150, 200, 2000
SECONDS = 20
TELEPHONE = "0121 496 0000"


def an_agency(area: AreaCode, number: int) -> Agency:
    return Agency(
        AgencyId(f"{area}.agency-with-a-name-{number % AGENCIES:03}"),
        f"An agency with a name of usual length, {number}",
        AgencyKind.SCHOOL,
        node=MemberId(f"member-{(2 * number + 1) % MEMBERS:05}"),
        gateways=(MemberId(f"member-{2 * number % MEMBERS:05}"),),
        passport_key=(10**6 + number).to_bytes(32, "big"),
        services=(CoarseKind.EDUCATION,),
        duty_desk=TELEPHONE,
        public_figure=PublicFigure(420, "Get Information about Schools", date(2026, 1, 15)),
        handle_root=bytes(32),
    )


def populate(world: World) -> None:
    draft = world.ceremony.draft()
    members = dict(draft.members)
    for n in range(MEMBERS):
        id_ = MemberId(f"member-{n:05}")
        party = Party.NODE if n % 2 else Party.GATEWAY
        key = n.to_bytes(32, "big")
        members[id_] = Member(
            id_,
            party,
            f"Supplier of systems number {n}",
            key,
            15_000,
            2_000,
            revisions=limits.REVISIONS,
        )
    gaps = tuple(NotConnected(f"Not here {n}", AgencyKind.VCS, TELEPHONE) for n in range(100))
    areas = {}
    for a in range(AREAS):
        code = AreaCode(f"e{a:08}")
        agencies = tuple(an_agency(code, a * AGENCIES + n) for n in range(AGENCIES))
        areas[code] = Area(code, f"Area {a}", (), agencies, (), gaps)
    world.ceremony.save(replace(draft, members={**members}, areas=areas))


def test_all_of_england_fits(world: World) -> None:
    began = time.process_time()  # not disturbed by what else the machine does
    populate(world)
    assert world.publish() == 1
    assert time.process_time() - began < SECONDS
    repository = world.folder / "repository"
    sizes = {path: path.stat().st_size for path in repository.rglob("*.json")}
    assert len(sizes) > MEMBERS + AREAS
    assert max(sizes.values()) < limits.METADATA_FILE_BYTES // 2
    metadata = [size for path, size in sizes.items() if path.parent.name == "metadata"]
    assert max(metadata) < 64 * 1024


def test_a_file_that_no_member_would_take_is_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    world = World(founding.found(tmp_path / "small", plan(bins=2), now), now)
    world.enrol(BROKER, Party.BROKER)
    for holder in HOLDERS:
        world.enrol(holder, Party.KEY_HOLDER)
    draft = world.ceremony.draft()
    nodes = (member(MemberId(f"node-{n}"), Party.NODE, bytes([n]) * 32) for n in range(1, 200))
    more = {node.id: node for node in nodes}
    world.ceremony.save(replace(draft, members={**draft.members, **more}))
    monkeypatch.setattr(limits, "METADATA_FILE_BYTES", 12_000)
    with pytest.raises(Defect, match="more bins"):
        world.ceremony.publish(world.now)
    assert not list((world.folder / "repository" / "targets").rglob("*.json"))


def test_addresses_are_checked_when_they_are_read(world: World, tmp_path: Path) -> None:
    file = world.folder / "addresses.toml"
    sound = file.read_text()
    file.write_text(sound.replace("127.0.0.1:7001", "nowhere"))
    with pytest.raises(Defect, match="issuer: expected host:port"):
        world.ceremony.bundle(NODE, tmp_path / "b")
    file.write_text(sound)
    world.ceremony.bundle(NODE, tmp_path / "b")
