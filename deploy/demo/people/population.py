"""The whole population of the demonstration, from one wheel, one day and one seed.

Invariants: the same wheel, day and seed give the same files byte for byte; each step has a stream
of chance of its own, so that a change of one leaves the draws of the others alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from typing import Final

from deploy.demo.people.agencies import AGENCIES, AREAS, NODES, Agency, Area, Node
from deploy.demo.people.cast import cast
from deploy.demo.people.children import Child, children_of
from deploy.demo.people.exports import Export, FaultyRow, exports_of
from deploy.demo.people.files import ExportFile, write
from deploy.demo.people.involvement import Holding, derive
from deploy.demo.people.kept import as_kept
from deploy.demo.people.lives import live
from deploy.demo.people.published import Cluster, read_clusters
from deploy.demo.people.stories import Story, stories_of
from fingerpost.protocol.ids import AgencyId

CHILDREN: Final = 3_300
"""With about 2.4 rows a child: the import of each row costs some 8 ms."""
_SPARE_SHARE: Final = 0.3
"""At least this share of the persons stays outside, for former surnames and the unknown child."""


@dataclass(frozen=True, slots=True, repr=False)
class Population:
    """``exports`` are what the agencies import, as of ``today``; ``children`` and ``holdings`` are
    the truth behind.
    """

    today: date
    areas: tuple[Area, ...]
    nodes: tuple[Node, ...]
    agencies: tuple[Agency, ...]
    children: tuple[Child, ...]
    holdings: tuple[Holding, ...]
    exports: tuple[Export, ...]
    stories: tuple[Story, ...]

    def write_exports(self, folder: Path) -> dict[AgencyId, ExportFile]:
        """Write one file per agency, as its system exports it."""
        return write(self.exports, self.today, folder)

    @property
    def rows(self) -> Mapping[AgencyId, int]:
        """Involvements in each agency's file, faulty ones too."""
        return {export.agency.id: len(export.rows) for export in self.exports}

    @property
    def requesters(self) -> frozenset[AgencyId]:
        """The agencies that ask in the stories: these need a gateway and the roles of the
        stories.
        """
        return frozenset(story.requester for story in self.stories)

    @property
    def faulty(self) -> tuple[FaultyRow, ...]:
        return tuple(row for export in self.exports for row in export.faulty)

    @property
    def figures(self) -> Figures:
        return Figures(
            children=len(self.children),
            with_other_record=sum(
                any(s != child.sightings[0] for s in child.sightings) for child in self.children
            ),
            twin_pairs=sum(child.twin is not None for child in self.children) // 2,
            moved=sum(child.moved is not None for child in self.children),
            renamed=sum(bool(child.former_surname) for child in self.children),
            rows=sum(self.rows.values()),
            sensitive_rows=sum(holding.sensitive for holding in self.holdings),
            shielded_rows=sum(holding.shield for holding in self.holdings),
        )


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts, for the demonstration to show. ``with_other_record``: children of whom two records
    differ.
    """

    children: int
    with_other_record: int
    twin_pairs: int
    moved: int
    renamed: int
    rows: int
    sensitive_rows: int
    shielded_rows: int


def build(wheel: Path, today: date, seed: int) -> Population:
    """Return the population of the demonstration.

    Raises:
        SourceError: The wheel is not the one expected.
        LookupError: Its persons are too few for the stories.
    """
    return population_of(read_clusters(wheel), today, seed, CHILDREN)


def population_of(clusters: Sequence[Cluster], today: date, seed: int, most: int) -> Population:
    """Return the same as ``build``, from persons already read; at most ``most`` children."""
    everyone = children_of(clusters, today, _stream(seed, "children"), len(clusters))
    inside = min(most, round(len(everyone) * (1 - _SPARE_SHARE)))
    chosen = frozenset(_stream(seed, "choice").sample([child.number for child in everyone], inside))
    spare = tuple(child for child in everyone if child.number not in chosen)
    children = live(
        tuple(child for child in everyone if child.number in chosen),
        spare,
        today,
        _stream(seed, "lives"),
    )
    players = cast(children, spare, today)
    holdings = as_kept(derive(children, players, today, _stream(seed, "involvement")), children)
    return Population(
        today=today,
        areas=AREAS,
        nodes=NODES,
        agencies=AGENCIES,
        children=children,
        holdings=holdings,
        exports=exports_of(holdings, _stream(seed, "exports")),
        stories=stories_of(players, holdings),
    )


def _stream(seed: int, step: str) -> Random:
    """Chance that can be repeated. It makes no secret, only people who do not exist."""
    return Random(f"{seed}/{step}")  # noqa: S311
