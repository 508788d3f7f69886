"""What is kept of each child who can be found, while an export is made ready. Pure.

Normal form and blocking keys are the dearest part of an import, so the figures are taken where both
are at hand. Kept are the faults and rules as bits, the numbers and postcodes, and for the search of
doubles the normal form of at most ``MOST_COMPARED`` children (about 2 kB each).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Final

from agency_node.importing.quality.details import of_child
from agency_node.importing.quality.faults import Fault
from agency_node.importing.quality.recorded import Recorded, Watch, unwatched
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import BlockingKey, BlockingRule, NormalForm
from fingerpost.private.linkage.normal_form import BirthDate
from fingerpost.private.linkage.strength import ways_far

MOST_COMPARED: Final = 200_000
FIELDS: Final = (
    *("forename", "surname", "dob", "sex", "postcode", "former_postcodes"),
    *("health_number", "upn", "aliases"),
)
"""What finds a child, by our names of the columns. ``dob``: a whole date of birth or an expected
one; ``postcode``: a whole postcode."""
_SETS_REMEMBERED: Final = 4096
_FAULTS: Final = {fault: 1 << place for place, fault in enumerate(Fault)}
_FIELDS: Final = {name: 1 << place for place, name in enumerate(FIELDS)}


class Gathered:
    """What was kept. The children are known by their position in the order of ``add``."""

    def __init__(
        self, *, as_of: date, upn: bool, most: int = MOST_COMPARED, watch: Watch = unwatched
    ) -> None:
        """Begin with no child.

        Args:
            as_of: the day of the export.
            upn: whether the agreement lets the pupil number be used.
            most: of how many children the doubles are searched.
            watch: is given the progress of whoever works with it.
        """
        self.recorded = Recorded(upn=upn)
        self.numbers: dict[str, list[int]] = {}
        self.homes: dict[str, list[int]] = {}
        self.watch = watch
        self._as_of = as_of
        self._most = most
        self._faults: list[int] = []
        self._fields: list[int] = []
        self._rules: list[int] = []

    def __repr__(self) -> str:
        return f"Gathered({len(self)} children)"

    def __len__(self) -> int:
        return len(self._rules)

    def add(
        self,
        local_id: str,
        who: Demographics,
        form: NormalForm,
        keys: Sequence[BlockingKey],
        asked: Iterable[BlockingKey],
    ) -> None:
        """Add a child. ``keys``: those of her record; ``asked``: those of a question about her."""
        position = len(self)
        self._faults.append(sum(_FAULTS[fault] for fault in of_child(who, form, self._as_of)))
        self._fields.append(_present(who, form))
        self._rules.append(sum({1 << key.rule for key in keys}))
        if form.health_number is not None:
            self.numbers.setdefault(form.health_number.digits, []).append(position)
        if self.recorded.upn and form.upn is not None and not form.upn.temporary:
            self.numbers.setdefault(form.upn.text, []).append(position)
        if form.postcode is not None and form.postcode.full is not None:
            self.homes.setdefault(form.postcode.full, []).append(position)
        if len(self.recorded) < self._most:
            self.recorded.add(local_id, form, keys, asked)

    def faults(self, position: int) -> Iterable[Fault]:
        """Return the faults of a child's details."""
        bits = self._faults[position]
        return [fault for fault, bit in _FAULTS.items() if bits & bit] if bits else ()

    def having(self, positions: Iterable[int]) -> Mapping[str, int]:
        """Return how many of these children have each of ``FIELDS``."""
        sets = Counter(self._fields[position] for position in positions)
        return {name: _with(sets, bit) for name, bit in _FIELDS.items()}

    def found_by(self, positions: Iterable[int]) -> Mapping[BlockingRule, int]:
        """Return how many of these children each rule finds."""
        sets = Counter(self._rules[position] for position in positions)
        return {rule: _with(sets, 1 << rule) for rule in BlockingRule}

    def ways_far(self, position: int) -> int:
        """Return by how many strong rules the child is found from far away."""
        return _ways_far(self._rules[position])


def _with(sets: Mapping[int, int], bit: int) -> int:
    """Return how many have a bit. ``sets``: how many have each set of bits; there are few sets."""
    return sum(count for bits, count in sets.items() if bits & bit)


@lru_cache(_SETS_REMEMBERED)
def _ways_far(bits: int) -> int:
    return ways_far({rule for rule in BlockingRule if bits >> rule & 1})


def _present(who: Demographics, form: NormalForm) -> int:
    place = form.postcode
    present = {
        "forename": form.has_forename,
        "surname": form.has_surname,
        "dob": isinstance(form.birth, BirthDate),
        "sex": form.sex is not None,
        "postcode": place is not None and place.full is not None,
        "former_postcodes": bool(form.former_postcodes),
        "health_number": form.health_number is not None,
        "upn": form.upn is not None,
        "aliases": bool(who.other_names),
    }
    return sum(_FIELDS[name] for name, there in present.items() if there)
