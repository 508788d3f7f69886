"""Who meets a shield: the same child for certain, or a child of whom people must say whether she is
another. Pure.

A meeting is *sure* by the agency's own number, a health number or, where agreed, a pupil number,
and where the full comparison (``linkage.compare``) says match. It is *likely* where the comparison
says possible; where the dates of birth are the same but for a slip (day and month swapped, a digit,
the century) and the forenames may be one; and where both live or lived in one place and the dates
are near. A family in flight takes another surname and another home in one step, and what then is
left is a forename and a date (attack, and accident: the full comparison alone takes her for another
child). What this costs others is measured by ``benchmarks.shield_meetings``.

A date alone is no meeting, also where a forename is lost or not given yet: of 50,000 children some
150 are born on a day or on what a slip makes of it. A shared blocking key finds whom to compare and
is no meeting: two records of namesakes share the keys that are made for questions without a date.

Who is likely to be a shielded child is withheld like her until people say that she is another
child. They say so of a child under her own number; what then leads to her alone is answered again.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from agency_node.records.refuges import lives_there
from agency_node.records.shields import Likely, Shield
from fingerpost.private.codec import write_demographics
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import (
    BlockingKey,
    Decision,
    Level,
    NormalForm,
    Scope,
    Side,
    blocking_keys,
    compare,
    normalise,
    oprf_inputs,
    wide_keys,
)
from fingerpost.private.linkage.agreement import birth_level, home_level
from fingerpost.private.linkage.name_agreement import forename_level
from fingerpost.private.linkage.normal_form import BirthDate

_T = TypeVar("_T")

_SAME_DATE: Final = frozenset(
    {Level.EXACT, Level.EXACT_WEAK, Level.SWAPPED, Level.CENTURY, Level.ONE_DIGIT}
)
_NEAR_DATE: Final = _SAME_DATE | {Level.TWO_PARTS, Level.CLOSE, Level.DUE}
_SAME_HOME: Final = frozenset({Level.EXACT, Level.FORMER})
_ONE_FORENAME: Final = frozenset(
    {Level.EXACT, Level.VARIANT, Level.PART, Level.NEAR, Level.INITIAL}
)
_DIGITS: Final = "0123456789"


@dataclass(frozen=True, slots=True, repr=False)
class Sought:
    """What a child is met by.

    Attributes:
        own: the digest of the agency's own number; empty where it is not known.
        numbers: her health number and, where agreed, her pupil number.
        keys: hashes of her blocking keys, equal within this process alone.
        near: likewise of her date of birth and homes.
    """

    own: bytes
    numbers: tuple[str, ...]
    keys: array[int]
    near: array[int]

    @classmethod
    def by_own(cls, own: bytes) -> Sought:
        """Return what a child is met by of whom nothing else is known."""
        return cls(own, (), array("q"), array("q"))

    def __repr__(self) -> str:
        return "Sought(…)"


def sought(form: NormalForm, inputs: Iterable[bytes], *, own: bytes = b"", upn: bool) -> Sought:
    """Return what a child is met by.

    Args:
        inputs: the OPRF inputs of her blocking keys.
        upn: whether the agreement lets the pupil number be used.
    """
    numbers = []
    if form.health_number is not None:
        numbers.append(form.health_number.digits)
    if upn and form.upn is not None and not form.upn.temporary:
        numbers.append(form.upn.text)
    near = array("q", (hash(text) for text in (*_date(form), *_homes(form))))
    return Sought(own, tuple(numbers), array("q", map(hash, inputs)), near)


def sought_of(form: NormalForm, *, own: bytes = b"", upn: bool) -> Sought:
    """Return what a record's child is met by."""
    keys = blocking_keys(form, side=Side.RECORD, scope=Scope.WIDE, upn=upn)
    return sought(form, oprf_inputs(keys), own=own, upn=upn)


def resembles(one: NormalForm, other: NormalForm) -> bool:
    """Return whether two children may be one by a forename and a date, or by a home and a date."""
    birth = birth_level(one.birth, other.birth)
    if birth in _SAME_DATE and _may_be_one_forename(one, other):
        return True
    return birth in _NEAR_DATE and home_level(one, other) in _SAME_HOME


def _may_be_one_forename(one: NormalForm, other: NormalForm) -> bool:
    return any(forename_level(a, b) in _ONE_FORENAME for a in one.names for b in other.names)


class Known:
    """The forms of shields, found by what they have in common with a child. It grows only."""

    def __init__(
        self,
        shields: Iterable[Shield] = (),
        likely: Iterable[Likely] = (),
        *,
        upn: bool,
        refuges: Collection[str] = (),
        pause: Callable[[], object] = lambda: None,
    ) -> None:
        """
        Args:
            likely: children of whom people have not said yet whether they are another's.
            upn: whether the agreement lets the pupil number be used.
            refuges: the postcodes of refuges.
            pause: is called after each form; it lets other threads run.
        """
        self._upn = upn
        self._refuges = frozenset(refuges)
        self._own: dict[bytes, tuple[int, ...]] = {}
        self._numbers: dict[str, tuple[int, ...]] = {}
        self._keys: dict[int, list[int]] = {}
        self._near: dict[int, list[int]] = {}
        self._forms: list[tuple[int, NormalForm]] = []
        self._others: dict[bytes, frozenset[int]] = {}
        self._pending: Known | None = None
        for shield in shields:
            self.learn_own(shield.number, shield.own)
            for other in shield.others:
                for known in (other.own, other.written):
                    self._others[known] = self._others.get(known, frozenset()) | {shield.number}
            for demographics in shield.forms:
                self.learn(shield.number, normalise(demographics))
                pause()
        for each in likely:
            for demographics in each.forms:
                self.learn_likely(each.shield, each.own, normalise(demographics))
                pause()

    def learn_own(self, number: int, own: Iterable[bytes]) -> None:
        """Note own numbers of the child of a shield."""
        for each in own:
            self._own[each] = _joined(self._own.get(each, ()), number)

    def learn(self, number: int, form: NormalForm) -> None:
        """Note a form of the child of a shield."""
        recorded, asked = wide_keys(form, upn=self._upn)
        child = sought(form, oprf_inputs(dict.fromkeys(recorded + asked)), upn=self._upn)
        for each in child.numbers:
            self._numbers[each] = _joined(self._numbers.get(each, ()), number)
        place = len(self._forms)
        for hashed in dict.fromkeys(child.keys):
            self._keys.setdefault(hashed, []).append(place)
        for hashed in dict.fromkeys((*child.near, *map(hash, _slips(form)))):
            self._near.setdefault(hashed, []).append(place)
        self._forms.append((number, form))

    def learn_likely(self, number: int, own: bytes, form: NormalForm) -> None:
        """Note a child who is likely that of a shield: who is the same as she is likely, too."""
        if self._pending is None:
            self._pending = Known(upn=self._upn)
        self._pending.learn_own(number, (own,))
        self._pending.learn(number, form)

    def same(self, child: Sought) -> tuple[int, ...]:
        """Return the numbers of all shields with the agency's own number of the child; where there
        is none, of those with the first of her other numbers that any has.
        """
        if child.own in self._own:
            return self._own[child.own]
        return next((self._numbers[n] for n in child.numbers if n in self._numbers), ())

    def shares_a_key(self, child: Sought) -> bool:
        """Return whether ``alike`` or ``likely`` has anything to compare."""
        if any(hashed in self._keys for hashed in child.keys):
            return True
        if any(hashed in self._near for hashed in child.near):
            return True
        pending = self._pending
        return pending is not None and (bool(pending.same(child)) or pending.shares_a_key(child))

    def alike(self, child: Sought, form: NormalForm) -> int | None:
        """Return the number of a shield with a form that the comparison takes for the same child;
        None where there is none.
        """
        return next(self._matches(child, form), None)

    def others(self, *digests: bytes) -> frozenset[int]:
        """Return the numbers of the shields whose child people have said that this one is not.

        Args:
            digests: what is known of her: the digest of the agency's own number, a stored form.
        """
        return frozenset[int]().union(*(self._others.get(d, frozenset()) for d in digests))

    def likely(
        self, child: Sought, form: NormalForm, others: frozenset[int] = frozenset()
    ) -> tuple[int, ...]:
        """Return the numbers of the shields whose child this is likely to be, each once.

        Args:
            form: of the child.
            others: numbers of shields to leave out.
        """
        found: dict[int, None] = {}
        for place in sorted(_places(self._keys, child.keys) | _places(self._near, child.near)):
            number, known = self._forms[place]
            if number in found or number in others:
                continue
            if resembles(form, known) or self._is_possible(form, known):
                found[number] = None
        if self._pending is not None:
            pending = self._pending.same(child) or _one(self._pending.alike(child, form))
            found.update(dict.fromkeys(number for number in pending if number not in others))
        return tuple(found)

    def withholds(
        self, asked: NormalForm, keys: Iterable[BlockingKey], records: Sequence[Demographics]
    ) -> bool:
        """Return whether a shield withholds an answer: the child asked about is one of the
        register, or is likely to be, or a record that matched is one's, or is likely to be, or one
        of them lives or lived in a refuge.

        Args:
            keys: of the question.
            records: what matched.
        """
        child = sought(asked, oprf_inputs(keys), upn=self._upn)
        if self._meets(child, asked, self.none_of(records)):
            return True
        for demographics in records:
            form = normalise(demographics)
            others = self.others(write_demographics(demographics))
            if self._meets(sought_of(form, upn=self._upn), form, others):
                return True
        return False

    def none_of(self, records: Sequence[Demographics]) -> frozenset[int]:
        """Return the numbers of the shields of which people have said that all these records are of
        another child."""
        said = [self.others(write_demographics(each)) for each in records]
        return frozenset.intersection(*said) if said else frozenset()

    def is_only_of(self, demographics: Demographics, numbers: frozenset[int]) -> bool:
        """Return whether a record meets some of these shields for certain, and no other."""
        form = normalise(demographics)
        child = sought_of(form, upn=self._upn)
        met = {*self.same(child), *self._matches(child, form)}
        return bool(met) and met <= numbers

    def _matches(self, child: Sought, form: NormalForm) -> Iterator[int]:
        for place in sorted(_places(self._keys, child.keys) | _places(self._near, child.near)):
            number, known = self._forms[place]
            if compare(form, known, upn=self._upn).decision is Decision.MATCH:
                yield number

    def _meets(self, child: Sought, form: NormalForm, others: frozenset[int]) -> bool:
        if lives_there(form, self._refuges):
            return True
        if self.same(child) or self.alike(child, form) is not None:
            return True
        return bool(self.likely(child, form, others))

    def _is_possible(self, form: NormalForm, known: NormalForm) -> bool:
        return compare(form, known, upn=self._upn).linked


def _places(index: dict[int, list[int]], hashes: Iterable[int]) -> set[int]:
    return {place for hashed in hashes for place in index.get(hashed, ())}


def _date(form: NormalForm) -> Iterator[str]:
    """Yield what is looked up of a date of birth: the whole of it, and without the century."""
    if isinstance(form.birth, BirthDate):
        born = form.birth
        yield f"{born.year:04}{born.month:02}{born.day:02}"
        yield f"{born.short_year:02}{born.month:02}{born.day:02}"


def _slips(form: NormalForm) -> Iterator[str]:
    """Yield the whole dates that a slip makes of a date of birth: day and month swapped, one digit
    another, two digits transposed. Some are no date, and nobody has them.
    """
    if not isinstance(form.birth, BirthDate):
        return
    whole = next(_date(form))
    yield f"{whole[:4]}{whole[6:]}{whole[4:6]}"
    for at, digit in enumerate(whole):
        for other in _DIGITS:
            if other != digit:
                yield f"{whole[:at]}{other}{whole[at + 1 :]}"
        yield f"{whole[:at]}{whole[at + 1 : at + 2]}{digit}{whole[at + 2 :]}"


def _homes(form: NormalForm) -> Iterator[str]:
    for code in (form.postcode, *form.former_postcodes):
        if code is not None and (code.full or code.typed):
            yield f"{code.outcode} {code.incode} {code.typed}"


def _joined(known: tuple[_T, ...], new: _T) -> tuple[_T, ...]:
    return known if new in known else (*known, new)


def _one(number: int | None) -> tuple[int, ...]:
    return () if number is None else (number,)
