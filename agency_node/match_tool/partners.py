"""Who is a partner of whom: the truth, as places in two tables. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from agency_node.match_tool.cells import BadInput
from agency_node.match_tool.tables import Row


def places_of(rows: Sequence[Row], side: str) -> dict[str, int]:
    """Each record's place, by its id. Raises ``BadInput``: an id is there twice."""
    places = {row.id: position for position, row in enumerate(rows)}
    if len(places) != len(rows):
        raise BadInput(f"the {side} records: an id is there twice")
    return places


def is_same(left: Sequence[Row], right: Sequence[Row], places: dict[str, int]) -> bool:
    """Whether the two are one table, in whatever order."""
    if left is right:
        return True
    return len(left) == len(right) and all(
        (place := places.get(row.id)) is not None and right[place] == row for row in left
    )


def partners_of(
    truth: Collection[tuple[str, str]],
    left: dict[str, int],
    right: dict[str, int],
    *,
    same: bool,
) -> dict[int, frozenset[int]]:
    """For each place of the left that has any: the places on the right. Where both are one, both records of a pair
    are partners. Raises ``BadInput``: a record is in neither table, or paired with itself."""
    found: dict[int, set[int]] = {}
    for one, other in truth:
        if one not in left or other not in right:
            raise BadInput("the truth names a record that is in neither table")
        if same and one == other:
            raise BadInput("both files hold the same records, and the truth pairs one with itself")
        found.setdefault(left[one], set()).add(right[other])
        if same:
            found.setdefault(left[other], set()).add(right[one])
    return {place: frozenset(others) for place, others in found.items()}
