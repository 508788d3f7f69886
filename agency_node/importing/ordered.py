"""Whether a column of a first import was sorted without the others: every child has a date of
birth, and it is another child's. Pure.

Beside an earlier import ``sampled`` shows that. By itself a file shows it by two signs. Its rows
are in the order of one column, as systems write them, and in that of another one, too: by chance
one file in ``LEAST_WAYS`` is. And children who share a forename do not share their sex, though
nearly all who bear one name do.

Law: no value outlives the reading of the file; what is kept of a column is the value of the last
child, and of forenames how many bear each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from agency_node.importing.sampled import DETAILS, details_of, folded
from agency_node.records.records import Involvement
from fingerpost.private.demographics import Demographics, Sex

LEAST_WAYS: Final = 10_000
"""A column in whose order the rows are says something where its cells could stand in so many
orders: eight that differ, or four flags among thirty."""
OF_A_CHILD: Final = ("local_id", "surname", "forename", "dob", "postcode", "health_number")
"""Columns in which nearly every child has a value of her own, so that a file that is in the order
of one of them is in that of no other column. The first that is in order counts as the order of the
file."""
FEW_SHARING: Final = 20
"""Of fewer children who share a forename with another one, their sex says nothing."""
MUCH_OTHERS: Final = 5
"""One in so many of them may have the sex that fewer of her name have. Where sex and forename have
nothing to do with each other, more than one in four has."""


@dataclass(slots=True, repr=False)
class _Order:
    """Whether values come in order, up or down, and in how many orders they could stand.

    As long as they are in order, equal ones are neighbours.
    """

    up: bool = True
    down: bool = True
    _last: Any = None
    _many: int = 0
    _same: int = 0
    _ways: float = 0.0

    def add(self, value: Any) -> None:
        if self._many and value != self._last:
            self.up &= value > self._last
            self.down &= value < self._last
            self._same = 0
        self._last = value
        self._many += 1
        self._same += 1
        self._ways += math.log(self._many / self._same)

    @property
    def tells(self) -> bool:
        return (self.up or self.down) and self._ways >= math.log(LEAST_WAYS)


_WAYS_TO_SORT: Final[Sequence[Callable[[str], Any]]] = (
    str,
    folded,  # as spreadsheets sort
    lambda text: (len(text), text),  # numbers without leading zeros
)


@dataclass(slots=True, repr=False)
class Orders:
    """Takes the children of an export in the order of the file."""

    _orders: dict[str, tuple[_Order, ...]] = field(default_factory=dict)
    _names: dict[str, list[int]] = field(default_factory=dict)

    def add(self, local_id: str, who: Demographics, involvements: Sequence[Involvement]) -> None:
        for column, text in _values(local_id, who, involvements):
            if text:
                some = self._orders.get(column)
                if some is None:
                    some = self._orders[column] = tuple(_Order() for _ in _WAYS_TO_SORT)
                for order, key in zip(some, _WAYS_TO_SORT, strict=True):
                    if order.up or order.down:
                        order.add(key(text))
        if who.sex in (Sex.FEMALE, Sex.MALE) and who.forename:
            bearers = self._names.setdefault(folded(who.forename), [0, 0])
            bearers[who.sex is Sex.MALE] += 1

    def apart(self) -> tuple[str, ...]:
        """Return the columns that are in order beside the one by which the file is sorted."""
        found = {column for column, some in self._orders.items() if any(o.tells for o in some)}
        first = next((column for column in OF_A_CHILD if column in found), None)
        return tuple(sorted(found - {first})) if first is not None else ()

    def of_other_sex(self) -> tuple[int, int]:
        """Return how many children have the sex that fewer of their forename have, and of how many
        who share one.
        """
        shared = [bearers for bearers in self._names.values() if sum(bearers) > 1]
        return sum(map(min, shared)), sum(map(sum, shared))


def _values(
    local_id: str, who: Demographics, involvements: Sequence[Involvement]
) -> Iterator[tuple[str, str]]:
    yield "local_id", local_id
    yield from zip(DETAILS, details_of(who), strict=True)
    first = involvements[0]
    flags = (first.shielded, first.sensitive, first.lead, first.early_help)
    for column, flag in zip(("shield", "sensitive", "lead", "early_help"), flags, strict=True):
        yield column, "yes" if flag else "no"
