"""The persons of FEBRL's dataset 4: 5,000 originals in file 4a, one duplicate of each in 4b.

Invariants: a cluster is one person, its first record is the original, the others are the published
duplicates with their published errors, in the order of their numbers; clusters come in the order of
the person's number. Nothing that was read is changed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deploy.invented.febrl import FebrlRecord, SourceError, read_records


@dataclass(frozen=True, slots=True, repr=False)
class Cluster:
    """One person: the original record, then the duplicates."""

    person: int
    records: tuple[FebrlRecord, ...]


def read_clusters(wheel: Path) -> tuple[Cluster, ...]:
    """Return all persons of dataset 4. Raises ``SourceError`` if the wheel or its form is
    another.
    """
    persons: dict[int, list[FebrlRecord]] = {}
    for record in read_records(wheel, "4a", "4b"):
        persons.setdefault(record.person, []).append(record)
    for records in persons.values():
        records.sort(key=lambda record: -1 if record.duplicate is None else record.duplicate)
        if records[0].duplicate is not None:
            raise SourceError("a duplicate has no original")
    return tuple(Cluster(person, tuple(persons[person])) for person in sorted(persons))
