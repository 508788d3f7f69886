"""Records that grow old: reported once a day, with an agency and days and nothing else."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field, replace

import pytest

from agency_node.cli.run import age_in_words
from agency_node.records.ageing import AGE_EVENTS, Ages
from agency_node.records.records import Generation
from fakes import federations
from fakes.federations import HOLDERS
from fakes.import_world import ELM, OAK, a_federation
from fingerpost.protocol import limits
from fingerpost.protocol.codes import AgencyKind
from fingerpost.protocol.federation import DenyList, Federation
from fingerpost.protocol.feed_age import FeedAge, FeedLife
from fingerpost.protocol.ids import AgencyId, EpochNumber
from fingerpost.runtime import logs

DAY = limits.DAY
MIDNIGHT = int(federations.NOW) // DAY * DAY


@dataclass
class Tables:
    """Implements ``ageing.Tables``: by agency, of what moment the records are."""

    as_of: dict[AgencyId, int] = field(default_factory=dict)

    def ready(self, agency: AgencyId, epoch: EpochNumber, slot: int) -> Generation | None:
        known = self.as_of.get(agency)
        if known is None:
            return None
        return Generation(
            number=1, as_of=known, completed_at=known, normalisation_version=1, children=5
        )


@dataclass
class Node:
    tables: Tables
    written: io.StringIO
    ages: Ages
    federation: Federation

    def turn(self, now: float) -> None:
        for agency in (OAK, ELM):
            self.ages.report(agency, self.ages.lives(self.federation, agency, now), now)

    def reports(self) -> list[tuple[str, int, bool]]:
        found = [json.loads(line) for line in self.written.getvalue().splitlines()]
        return [(each["agency"], each["days_left"], each["too_old"]) for each in found]


@pytest.fixture
def node() -> Node:
    epoch = federations.epoch(1, MIDNIGHT - DAY, dict.fromkeys(HOLDERS, bytes(32)))
    listed = a_federation([epoch])
    ages = (FeedAge(AgencyKind.SCHOOL, 14),)
    listed = replace(listed, parameters=replace(listed.parameters, feed_ages=ages))
    written, tables = io.StringIO(), Tables()
    log = logs.configure("agency_node", AGE_EVENTS, strict=True, stream=written)
    return Node(tables, written, Ages(tables, log), listed)


def test_records_that_grow_old_are_reported_once_a_day_from_half_of_their_age_on(
    node: Node,
) -> None:
    node.tables.as_of = {OAK: MIDNIGHT - 7 * DAY, ELM: MIDNIGHT - 6 * DAY}
    node.turn(MIDNIGHT)
    assert node.reports() == []
    for seconds in range(2, DAY, 6 * 3600):
        node.turn(MIDNIGHT + seconds)
    assert node.reports() == [(str(OAK), 6, False)]
    node.turn(MIDNIGHT + DAY + 2)
    assert node.reports()[1:] == [(str(OAK), 5, False), (str(ELM), 6, False)]
    node.tables.as_of = dict.fromkeys((OAK, ELM), MIDNIGHT + DAY)
    node.turn(MIDNIGHT + 2 * DAY + 2)
    assert len(node.reports()) == 3


def test_records_that_become_too_old_are_reported_at_once(node: Node) -> None:
    node.tables.as_of = {OAK: MIDNIGHT - 14 * DAY + 3600}
    node.turn(MIDNIGHT + 3600)
    assert node.reports() == [(str(OAK), 0, False)]
    for seconds in (3602, 3604, 7200):
        node.turn(MIDNIGHT + seconds)
    assert node.reports()[1:] == [(str(OAK), -1, True)]
    node.turn(MIDNIGHT + DAY)
    assert node.reports()[2:] == [(str(OAK), -1, True)]


def test_an_agency_that_is_not_listed_or_was_never_imported_has_no_age(node: Node) -> None:
    node.tables.as_of = {OAK: 0, ELM: 0}
    assert node.ages.lives(node.federation, AgencyId("e99000001.nobody"), MIDNIGHT) == ()
    gone = replace(node.federation, deny=DenyList(agencies=frozenset({OAK})))
    assert node.ages.lives(gone, OAK, MIDNIGHT) == ()
    assert len(node.ages.lives(gone, ELM, MIDNIGHT)) == 1
    node.tables.as_of = {}
    node.turn(MIDNIGHT)
    assert node.reports() == []


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (MIDNIGHT, ", good until 2027-01-21"),
        (MIDNIGHT + 1, ": soon too old; import anew by 2027-01-21"),
        (MIDNIGHT + 7 * DAY, ": soon too old; import anew by 2027-01-21"),
        (MIDNIGHT + 7 * DAY + 1, ": too old to answer from since 2027-01-22; import anew"),
    ],
)
def test_status_says_until_when_records_are_good(now: float, said: str) -> None:
    assert age_in_words(FeedLife(MIDNIGHT, MIDNIGHT + 7 * DAY), now) == said
