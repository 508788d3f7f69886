"""What an export and the register of shields make of each other. Pure.

Law: the register only grows. Whoever has a flag in the file is in it afterwards, and whoever meets
a shield is marked, whatever her own rows say: by the agency's own number, by a health number, or
because she is alike. The form in which she was met is added to the shield, so that a child whose
numbers, name and home change one after the other stays shielded; this is repeated until nobody is
met any more, so that the order of rows does not matter. A child may stand in several shields: what
a person sets never joins another shield, with which it would be lifted.

Who is only likely to be a shielded child is marked, too, and entered for people to say whether she
is: nothing of her is added to the shield until they do, and whoever meets her for certain is likely
as she is.

Rows of a hidden child are left out before anything of them is compared or kept.

A flag that cannot be read shields its child in this import. It comes into the register only where
few flags of the file are so: otherwise the column is at fault, and people would have to lift the
shields of children whom nobody meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from agency_node.importing.sources.children import FlaggedRow
from agency_node.importing.sources.fields import Flag
from agency_node.records.meeting import Known, Sought, sought_of
from agency_node.records.refuges import without
from agency_node.records.shields import (
    REVIEW_SECONDS,
    WORKING_DAYS,
    Likely,
    Register,
    SetBy,
    Shield,
)
from fingerpost.private.codec import write_demographics
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import NormalForm, normalise
from fingerpost.runtime.screen_text import counted

FEW_UNREAD: Final = 4
"""So many rows with a flag that cannot be read, and one more for each ``ONE_UNREAD_IN`` rows, may
come into the register."""
ONE_UNREAD_IN: Final = 20

Own = Callable[[str], bytes]
"""It returns the keyed digest of an agency's own number for a child."""


@dataclass(frozen=True, slots=True)
class ShieldCounts:
    """What the report says of shields.

    Attributes:
        shields: in the register now.
        new: of them, added by this import.
        unsaid: children who are shielded by the register though the file does not say so.
        unread: rows whose flag cannot be read and shields in this import alone.
        hidden: rows that were left out, since nothing of their child may be stored.
        due: shields that people are asked to review.
        likely: children of whom people are asked whether they are shielded ones.
        overdue: of them, those of whom they should have said so by now.
    """

    shields: int = 0
    new: int = 0
    unsaid: int = 0
    unread: int = 0
    hidden: int = 0
    due: int = 0
    likely: int = 0
    overdue: int = 0

    def words(self) -> Iterator[str]:
        """Yield what the operator is told. It names nobody."""
        if self.new:
            yield f"{counted(self.new, 'shield is', 'shields are')} new in the register of shields."
        if self.unsaid:
            yield (
                f"{counted(self.unsaid, 'child is', 'children are')} shielded by the register "
                "though the file does not say so. If that is not right, see "
                "`fingerpost-node shields list`."
            )
        if self.unread:
            yield (
                f"{counted(self.unread, 'row is', 'rows are')} shielded in this import alone: too "
                "many flags are neither yes nor no. Mend the column `shield` and import again."
            )
        if self.hidden:
            rows = counted(self.hidden, "row is", "rows are")
            yield f"{rows} of hidden children and left out; nothing is stored."
        if self.due:
            yield (
                f"{counted(self.due, 'shield is', 'shields are')} due for review: "
                "`fingerpost-node shields list`. A shield holds until somebody lifts it."
            )
        if self.likely:
            yield (
                f"{counted(self.likely, 'child is', 'children are')} likely to be shielded under "
                "other details, and withheld until somebody says whether that is so: "
                "`fingerpost-node shields likeness`."
            )
        if self.overdue:
            yield (
                f"{counted(self.overdue, 'of them waits', 'of them wait')} for more than "
                f"{WORKING_DAYS} working days."
            )


@dataclass(frozen=True, slots=True, repr=False)
class Coming:
    """A child of the export.

    Attributes:
        lines: how many rows describe her.
        said: whether her own rows shield her.
        refuge: whether she lives or lived in a refuge, whose postcode was taken off her.
    """

    demographics: Demographics
    sought: Sought
    lines: int
    said: bool
    refuge: bool = False

    def __repr__(self) -> str:
        return "Coming(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """What an import does to the register, and the register to the import.

    Attributes:
        before, after: the register.
        shielded: the places, in the export, of children whom the register shields, or who are
            likely to be shielded ones.
        hidden: the places of children who are left out.
    """

    before: Register
    after: Register
    shielded: frozenset[int]
    hidden: frozenset[int]
    counts: ShieldCounts

    def __repr__(self) -> str:
        return "Plan(…)"


def plan(
    before: Register,
    children: Sequence[Coming],
    flagged: Sequence[FlaggedRow],
    earlier: Iterable[Demographics],
    own: Own,
    *,
    rows: int,
    upn: bool,
    now: int,
) -> Plan:
    """Return what is to be done.

    Args:
        children: those of the export, in its order.
        flagged: the rows of the export with a flag.
        earlier: shielded children of the generation before, where the register is not whole.
        rows: how many the export has.
        upn: whether the agreement lets the pupil number be used.
        now: seconds since 1970 UTC.
    """
    by_hand = frozenset(before.hidden)
    hidden_rows = [row for row in flagged if row.flag is Flag.HIDDEN]
    hidden = by_hand.union(own(row.local_id) for row in hidden_rows)
    left_out = frozenset(n for n, child in enumerate(children) if child.sought.own in hidden)
    growing = _Growing(before, upn=upn, now=now)
    for demographics in earlier:
        growing.add(SetBy.RECORDS, b"", demographics)
    unread = sum(row.flag is Flag.UNREAD for row in flagged)
    few = unread <= FEW_UNREAD + rows // ONE_UNREAD_IN
    for row in flagged:
        digest = own(row.local_id)
        if digest in hidden or (row.flag is Flag.UNREAD and not few):
            continue
        how = SetBy.UNREAD_FLAG if row.flag is Flag.UNREAD else SetBy.FLAG
        growing.add(how, digest, row.demographics)
    for n, child in enumerate(children):
        if child.refuge and n not in left_out:
            growing.add(SetBy.REFUGE, child.sought.own, child.demographics)
    met = growing.meet([n for n in range(len(children)) if n not in left_out], children)
    left = [n for n in range(len(children)) if n not in left_out and n not in met]
    likely = growing.meet_likely(left, children)
    after = msgspec.structs.replace(growing.register(), whole=True, hidden=tuple(sorted(hidden)))
    # A hidden row that was refused is counted with its line; with its child, it is among hers.
    counts = ShieldCounts(
        shields=len(after.shields),
        new=after.last - before.last,
        unsaid=sum(not children[n].said for n in met),
        unread=0 if few else unread,
        hidden=sum(children[n].lines for n in left_out),
        due=after.due(now),
        likely=len(after.likely),
        overdue=after.overdue(now),
    )
    return Plan(before, after, met | likely, left_out, counts)


def set_by_hand(
    before: Register,
    own: bytes,
    demographics: Demographics | None,
    *,
    person: str,
    why: str,
    upn: bool,
    now: int,
) -> tuple[Register, int]:
    """Return the register with a shield that a person sets, and its number.

    It is always a shield of its own, also where the child meets another (attack, and accident: that
    one is of a child with a wrong number, and whoever lifts it knows nothing of this child).
    """
    growing = _Growing(before, upn=upn, now=now)
    number = growing.new(SetBy.PERSON, person, why)
    growing.learn(number, own, demographics)
    return growing.register(), number


class _Growing:
    """The register while it grows."""

    def __init__(self, before: Register, *, upn: bool, now: int) -> None:
        self._before = before
        self.shields = {shield.number: shield for shield in before.shields}
        self.last = before.last
        self.likely = {(each.shield, each.own): each for each in before.likely}
        self.last_likely = before.last_likely
        self._upn = upn
        self._now = now
        self._known = Known(before.shields, before.likely, upn=upn)

    def new(self, how: SetBy, person: str = "", why: str = "") -> int:
        """Begin a shield, and return its number."""
        number = self.last = self.last + 1
        until = self._now + REVIEW_SECONDS
        self.shields[number] = Shield(number, how, self._now, until, person, why, (), ())
        return number

    def learn(self, number: int, own: bytes, demographics: Demographics | None) -> None:
        """Add what is known of her child to a shield; as ``add``."""
        self._learn(self._known, number, own, self._without_refuges(demographics), None)

    def _without_refuges(self, demographics: Demographics | None) -> Demographics | None:
        return None if demographics is None else without(demographics, self._before.refuges)

    def add(self, how: SetBy, own: bytes, demographics: Demographics | None) -> None:
        """Shield a child by the shields that she meets, or by a new one.

        Args:
            own: the digest of the agency's own number; may be empty.
            demographics: None where they are not known.
        """
        demographics = self._without_refuges(demographics)
        form = None if demographics is None else normalise(demographics)
        child = Sought.by_own(own) if form is None else sought_of(form, own=own, upn=self._upn)
        numbers = self._known.same(child)
        if not numbers and form is not None:
            numbers = _one(self._known.alike(child, form))
        for number in numbers or (self.new(how),):
            self._learn(self._known, number, own, demographics, form)

    def register(self) -> Register:
        return msgspec.structs.replace(
            self._before,
            last=self.last,
            shields=tuple(self.shields.values()),
            likely=tuple(self.likely.values()),
            last_likely=self.last_likely,
        )

    def meet(self, todo: list[int], children: Sequence[Coming]) -> frozenset[int]:
        """Return the places of all children who meet a shield, and add what is known of them.

        Args:
            todo: the places of the children to look at.
        """
        found: set[int] = set()
        known = self._known
        while True:
            met = {n: numbers for n in todo if (numbers := _met(known, children[n]))}
            if not met:
                return frozenset(found)
            found.update(met)
            todo = [n for n in todo if n not in met]
            known = Known(upn=self._upn)  # the next turn looks at what is new
            for n, numbers in met.items():
                child = children[n]
                for number in numbers:
                    self._learn(known, number, child.sought.own, child.demographics, None)

    def meet_likely(self, todo: list[int], children: Sequence[Coming]) -> frozenset[int]:
        """Return the places of all children who are likely to be shielded ones, and note them. Who
        is another child by what people said has her latest form noted.

        Args:
            todo: the places of the children who met no shield.
        """
        self._note_others([children[n] for n in todo])
        sure = {(shield.number, own) for shield in self.shields.values() for own in shield.own}
        self.likely = {key: each for key, each in self.likely.items() if key not in sure}
        known = Known(self.shields.values(), self.likely.values(), upn=self._upn)
        found: set[int] = set()
        while True:
            new = {n: numbers for n in todo if (numbers := _likely(known, children[n]))}
            if not new:
                return frozenset(found)
            found.update(new)
            todo = [n for n in todo if n not in new]
            for n, numbers in new.items():
                for number in numbers:
                    self._note(known, number, children[n])

    def _note_others(self, children: Sequence[Coming]) -> None:
        coming = {child.sought.own: child for child in children}
        for shield in tuple(self.shields.values()):
            for other in shield.others:
                if (child := coming.get(other.own)) is not None:
                    before = self.shields[shield.number]
                    written = write_demographics(child.demographics)
                    self.shields[shield.number] = before.with_other(other.own, written)

    def _note(self, known: Known, number: int, child: Coming) -> None:
        """Enter a child as likely to be that of a shield, and what is new to ``known``."""
        own, written = child.sought.own, write_demographics(child.demographics)
        before = self.likely.get((number, own))
        if before is None:
            self.last_likely += 1
            before = Likely(self.last_likely, number, own, (), self._now)
        after = self.likely[number, own] = before.with_form(written)
        if len(after.written_forms) > len(before.written_forms):
            known.learn_likely(number, own, normalise(child.demographics))

    def _learn(
        self,
        known: Known,
        number: int,
        own: bytes,
        demographics: Demographics | None,
        form: NormalForm | None,
    ) -> None:
        """Add a number and a form to a shield, and what is new to ``known``."""
        before = self.shields[number]
        written = b"" if demographics is None else write_demographics(demographics)
        after = self.shields[number] = before.with_form(own, written)
        known.learn_own(number, after.own[len(before.own) :])
        if demographics is not None and len(after.written_forms) > len(before.written_forms):
            known.learn(number, form or normalise(demographics))


def _met(known: Known, child: Coming) -> tuple[int, ...]:
    numbers = known.same(child.sought)
    if not numbers and known.shares_a_key(child.sought):
        numbers = _one(known.alike(child.sought, normalise(child.demographics)))
    return numbers


def _likely(known: Known, child: Coming) -> tuple[int, ...]:
    if not known.shares_a_key(child.sought):
        return ()
    others = known.others(child.sought.own)
    return known.likely(child.sought, normalise(child.demographics), others)


def _one(number: int | None) -> tuple[int, ...]:
    return () if number is None else (number,)
