"""Watching children by holding their records: an unrelated node copies rows to see who asks.

It cannot be prevented, since a record is there to show that. Both key holders bound it, and their
reports name the node.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest

from authority import metering
from authority.draft import Draft
from fakes import federations
from fakes.federations import HOLDERS
from fakes.witnesses import witness_in
from fingerpost.protocol import limits
from fingerpost.protocol.caseload import marked_keys
from fingerpost.protocol.codes import AgencyKind
from fingerpost.protocol.errors import Refused
from fingerpost.protocol.federation import (
    SCHOOL_INTAKE,
    Area,
    Federation,
    Party,
    PublicFigure,
)
from fingerpost.protocol.ids import AreaCode, FederationId, MemberId
from fingerpost.protocol.messages import Workload
from fingerpost.runtime.database import open_migrated
from key_holder.migrations import REVISIONS
from key_holder.quota import allowance, week_of
from key_holder.reports import report
from key_holder.store import SqlMeter

HERE = AreaCode("e99000001")
SCHOOL, CHARITY, HOST = MemberId("school"), MemberId("charity"), MemberId("schools-host")
DECLARED = {SCHOOL: 420, CHARITY: 100, HOST: 1000}
KEYS = 24
COPIED = 42
BEGAN = federations.NOW
"""In January."""
FEDERATION = FederationId("test")


def federation(starts: float) -> Federation:
    kinds = {SCHOOL: AgencyKind.SCHOOL, CHARITY: AgencyKind.VCS, HOST: AgencyKind.SCHOOL}
    agencies = tuple(
        federations.agency(
            HERE,
            node.value,
            kind,
            node,
            public_figure=PublicFigure(DECLARED[node], "A register", date(2026, 1, 15)),
        )
        for node, kind in sorted(kinds.items())
    )
    members = [
        federations.member(node, Party.NODE, declared_caseload=declared)
        for node, declared in DECLARED.items()
    ]
    epoch = federations.epoch(1, starts)
    common = federations.parameters(
        FEDERATION, (epoch,), intakes=(SCHOOL_INTAKE,), keys_per_child_hundredths=100 * KEYS
    )
    return federations.federation(common, (Area(HERE, "Here", agencies=agencies),), members)


class Holders:
    """The meters of both key holders. A node that is refused by one gets no tag."""

    def __init__(self, folder: Path, known: Federation) -> None:
        self.known = known
        self.engines = [open_migrated(folder / f"{h}.sqlite", REVISIONS) for h in HOLDERS]
        self.meters = [
            SqlMeter(engine, witness_in(folder / str(holder)))
            for engine, holder in zip(self.engines, HOLDERS, strict=True)
        ]

    def evaluate(self, node: MemberId, elements: int, now: float) -> None:
        (epoch,) = self.known.parameters.epochs
        member = self.known.members[node]
        for meter in self.meters:
            granted = allowance(self.known, member, Workload.BULK, epoch, now)
            meter.charge(node, granted, elements)

    def index(self, node: MemberId, children: int, now: float) -> int:
        """Have the keys of so many children evaluated, one child after another; return how many
        children that came to.
        """
        done = 0
        with suppress(Refused):
            for _ in range(children):
                self.evaluate(node, KEYS, now)
                done += 1
        return done

    def uses(self, now: float) -> tuple[metering.Use, ...]:
        """Return what the authority reads out of both reports."""
        reports = [
            report(FEDERATION, holder, meter.counted(), week_of(now), now)
            for holder, meter in zip(HOLDERS, self.meters, strict=True)
        ]
        draft = Draft(self.known.parameters, self.known.members, self.known.areas, {})
        metering.require_a_pair(reports, draft)
        return metering.uses(draft, reports)

    def close(self) -> None:
        for engine in self.engines:
            engine.dispose()


def indexed(folder: Path, starts: float = BEGAN) -> Holders:
    """All nodes have tagged all of their children, and their marked records, for the epoch."""
    holders = Holders(folder, federation(starts))
    for node, declared in DECLARED.items():
        holders.evaluate(node, declared * KEYS + marked_keys(1), starts)
    return holders


def test_a_charity_that_copies_42_children_comes_to_25_and_is_named(tmp_path: Path) -> None:
    holders = indexed(tmp_path)
    later = BEGAN + 5 * limits.WEEK_SECONDS
    assert all(not use.why for use in holders.uses(BEGAN))
    # A week in January: a school has two children more, a host some who moved.
    holders.evaluate(SCHOOL, 2 * KEYS, later)
    holders.evaluate(HOST, 9 * KEYS, later)
    assert holders.index(CHARITY, COPIED, later) == 25
    first, *others = holders.uses(later)
    assert first.id == CHARITY
    assert (first.declared, first.published, first.indexed, first.grown) == (100, 100, 125, 25)
    assert first.why == (
        "was refused by a quota",
        "indexed more than it declared",
        "grew by more than 10 % of what it declared",
    )
    assert all(len(use.why) < len(first.why) for use in others)
    holders.close()


def test_a_host_of_1000_in_which_42_rows_are_few_shows_that_it_has_more_than_it_declared(
    tmp_path: Path,
) -> None:
    """42 among 1,000 pass every bound; all that is left is that people see the sum."""
    holders = indexed(tmp_path)
    later = BEGAN + 5 * limits.WEEK_SECONDS
    assert holders.index(HOST, COPIED, later) == COPIED
    first, *_ = holders.uses(later)
    assert (first.id, first.why) == (HOST, ("indexed more than it declared",))
    holders.close()


@pytest.mark.parametrize("share", [7, 3])
def test_schools_that_take_in_do_not_stand_out_in_september(tmp_path: Path, share: int) -> None:
    july, september = 1_782_900_000, 1_788_600_000  # in 2026
    holders = indexed(tmp_path, july)
    for node in (SCHOOL, HOST):
        holders.evaluate(node, DECLARED[node] // share * KEYS, september)
    assert all(not use.why for use in holders.uses(september))
    holders.close()
