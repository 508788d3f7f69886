"""Two files of spoiled records about some of the same children, the truth, and their writing.

Law: each record has a chance of its own, seeded by the run, the side and the child, so that a
record does not depend on which other children are in the file. Ids say nothing about the child.
Order is by chance on either side.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.datasets.tables import COLUMNS, TRUTH_COLUMNS
from benchmarks.population.child import Child
from benchmarks.population.errors import ErrorModel, Holder
from benchmarks.population.spoiling import write_record
from deploy.invented.tables import write_rows
from fingerpost.private.demographics import Demographics, written_birth

Record = tuple[str, Demographics]


@dataclass(frozen=True, slots=True, repr=False)
class Linkage:
    """``truth``: pairs of a left and a right id about one child. ``child_of``: of either side's
    ids.
    """

    left: list[Record]
    right: list[Record]
    truth: list[tuple[str, str]]
    child_of: dict[str, Child]


def linkage(
    children: Sequence[Child],
    model: ErrorModel,
    seed: int,
    overlap: float = 0.5,
    *,
    left: Holder = Holder.SCHOOL,
    right: Holder = Holder.HEALTH,
) -> Linkage:
    """Return two files of records about some of the children.

    Each child is on both sides with the probability ``overlap``, else on one, the sides being equal
    in size but for chance. Families are split like everybody: a child without a partner may meet
    her brother's record.

    Raises:
        ValueError: The overlap is no share.
    """
    if not 0 <= overlap <= 1:
        raise ValueError("overlap is between 0 and 1")
    chance = random.Random(f"linkage {seed}")
    families: dict[int, list[Child]] = {}
    for child in children:
        families.setdefault(child.family, []).append(child)
    lefts: list[Child] = []
    rights: list[Child] = []
    both: list[int] = []
    for child in children:
        roll = chance.random()
        if roll < overlap:
            both.append(child.id)
        if roll < (1 + overlap) / 2:
            lefts.append(child)
        if roll < overlap or roll >= (1 + overlap) / 2:
            rights.append(child)
    chance.shuffle(lefts)
    chance.shuffle(rights)
    child_of: dict[str, Child] = {}

    def side(
        members: list[Child], letter: str, holder: Holder
    ) -> tuple[list[Record], dict[int, str]]:
        own = random.Random()
        records: list[Record] = []
        ids: dict[int, str] = {}
        for n, child in enumerate(members):
            own.seed((2 * seed + (letter == "R")) << 40 | child.id)
            record_id = ids[child.id] = f"{letter}{n}"
            child_of[record_id] = child
            written = write_record(
                child, model, own, holder=holder, siblings=families[child.family]
            )
            records.append((record_id, written))
        return records, ids

    left_records, left_ids = side(lefts, "L", left)
    right_records, right_ids = side(rights, "R", right)
    truth = [(left_ids[n], right_ids[n]) for n in both]
    return Linkage(left_records, right_records, truth, child_of)


def row(record_id: str, fields: Demographics) -> tuple[str, ...]:
    """Return a line of the table of records, in the order of its columns."""
    return (
        record_id,
        fields.forename,
        fields.middle_names,
        fields.surname,
        ";".join(f"{other.forename} {other.surname}".strip() for other in fields.other_names),
        written_birth(fields.dob),
        fields.sex.name[:1] if fields.sex is not None else "",
        fields.postcode,
        fields.health_number,
        fields.upn,
    )


def write_files(folder: Path, made: Linkage) -> None:
    """Write ``left.csv``, ``right.csv``, ``truth.csv``, and ``groups.csv`` with each left record's
    group.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(folder / "left.csv", COLUMNS, (row(*record) for record in made.left))
    write_rows(folder / "right.csv", COLUMNS, (row(*record) for record in made.right))
    write_rows(folder / "truth.csv", TRUTH_COLUMNS, made.truth)
    groups = ((record_id, made.child_of[record_id].group) for record_id, _ in made.left)
    write_rows(folder / "groups.csv", ("left_id", "group"), groups)
