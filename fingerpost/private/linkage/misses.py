"""How often a record of the child who was asked about would be missed by the question.

Nobody can know whether an agency that named nothing has a record that was not found. What can be
known is how often that happens for a question like this one. Between two records of one child the
fields disagree in few ways (``Level``), each with a measured share (``data/slips.json``). So the
records that an agency may hold are made from the question itself: one for each field that is wrong
in each way, and for each two of them that come often. Keys and comparison are the product's own, so
the estimate follows every change of theirs; each record is found or missed, and its share is
counted. A sample stands for the other records with two wrong fields, and one for those with three
or more. A record that one wrong field hides is taken as missed whatever else is wrong. A field that
the question lacks is filled in, since the record may hold it.

Invariants: pure; the same question always gives the same figure; no value of a field leaves the
module, only shares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from itertools import combinations
from math import prod
from typing import Any, Final, NamedTuple

from fingerpost.private.demographics import Demographics, Sex
from fingerpost.private.linkage.agreement import Field, Level
from fingerpost.private.linkage.blocking_keys import blocking_keys
from fingerpost.private.linkage.blocking_rules import Scope, Side
from fingerpost.private.linkage.comparison import Decision, compare
from fingerpost.private.linkage.name_tables import read_table, word_lists
from fingerpost.private.linkage.normal_form import NormalForm, normalise
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Quality
from fingerpost.protocol.errors import Defect

_OTHER_FORENAME: Final = "Quorvan"
_OTHER_SURNAME: Final = "Zelthorpe"
_OTHER_MIDDLE: Final = "Ixora"
_OTHER_BIRTH: Final = date(2015, 6, 17)
_ELSEWHERE: Final = ("NR7 9JD", "PL4 8AA")
"""Two, since a child may live in the area of one."""
_TRIED_SHARE: Final = 1e-3
"""Two wrong fields that so many of the records of quality FAIR have are tried, each by itself."""
_SAMPLED: Final = 24
"""So many records stand for all others with two wrong fields, and so many for those with three."""
_MOVES_A_YEAR: Final = 0.10
"""The share of children who move in a year."""

_Change = Mapping[str, Any]


class Slip(NamedTuple):
    """One way in which a field of the record is wrong.

    ``alike``: the ways that are counted together, as which one of them it is counts for as much.
    ``change``: the fields of the record.
    """

    field: Field
    level: Level
    alike: int
    change: _Change


@dataclass(frozen=True, slots=True)
class Rates:
    """The share of true pairs whose field has a level, by quality, and for names by whether the
    name has several parts; and by who keeps a record, how often it has the health number.
    """

    shares: Mapping[Quality, Mapping[str, Mapping[Level, float]]]
    has_number: Mapping[str, float]

    def of(self, quality: Quality, row: str) -> Mapping[Level, float]:
        return self.shares[quality].get(row, {})


@cache
def shipped_rates() -> Rates:
    """Return the shares of this release."""
    table = read_table("slips.json")
    return Rates(
        {
            quality: {
                row: {Level(level): float(share) for level, share in levels.items()}
                for row, levels in table[quality.name].items()
            }
            for quality in Quality
        },
        table["has_number"],
    )


class _Case(NamedTuple):
    """A record that an agency may hold. ``slips``: places in ``Misses.slips``; ``drawn``: the share
    of the records of quality FAIR by which it came into a sample."""

    slips: tuple[int, ...]
    missed: Mapping[Scope, bool]
    drawn: float = 1.0


@dataclass(frozen=True, slots=True, repr=False)
class Misses:
    """What one question finds and what it misses, for agencies of every kind and quality.

    ``rows``: the row of the rates for each field that can be wrong. ``cases``: the records that
    were tried by themselves; ``pairs`` and ``triples``: those that stand for all others with two
    wrong fields, and with three or more. The records of ``numbered`` have the question's number.
    """

    slips: tuple[Slip, ...]
    rows: Mapping[Field, str]
    cases: Sequence[_Case]
    pairs: Sequence[_Case]
    triples: Sequence[_Case]
    numbered: Misses | None = field(default=None)

    def chance(
        self,
        scope: Scope,
        quality: Quality,
        *,
        has_number: float,
        days: int = 0,
        rates: Rates | None = None,
    ) -> float:
        """Return how often a record of this child would be missed, from 0 to 1.

        Args:
            scope: of the keys that the agency was asked with.
            quality: how well the agency's records are kept.
            has_number: the share of the agency's records that have the health number.
            days: how old the agency's records are.
            rates: the shares of slips; those of this release without.
        """
        rates = rates or shipped_rates()
        without = self.without_number(scope, quality, days, rates)
        if self.numbered is None:
            return without
        within = self.numbered.without_number(scope, quality, days, rates)
        return has_number * within + (1.0 - has_number) * without

    def without_number(self, scope: Scope, quality: Quality, days: int, rates: Rates) -> float:
        shares = [_share(slip, self.rows, quality, days, rates) for slip in self.slips]
        right = {
            each: 1.0
            - sum(s for s, slip in zip(shares, self.slips, strict=True) if slip.field is each)
            for each in self.rows
        }
        if min(right.values(), default=1.0) <= 0.0:
            raise Defect("a field is wrong in every record")
        odds = [share / right[slip.field] for share, slip in zip(shares, self.slips, strict=True)]
        nothing_wrong = prod(right.values())

        def weight(case: _Case) -> float:
            return nothing_wrong * prod(odds[place] for place in case.slips)

        tried = [(weight(case), case.missed[scope]) for case in self.cases]
        of_two = nothing_wrong * sum(
            prod(odds[at] for at in two) for two in _fields_apart(self.slips, 2)
        )
        none_or_one = sum(weight(case) for case in self.cases if len(case.slips) < 2)
        tried_of_two = sum(weight(case) for case in self.cases if len(case.slips) == 2)
        missed = sum(share for share, is_missed in tried if is_missed)
        for rest, sample in (
            (of_two - tried_of_two, self.pairs),
            (1.0 - none_or_one - of_two, self.triples),
        ):
            each = [(weight(case) / case.drawn, case.missed[scope]) for case in sample]
            whole = sum(share for share, _ in each)
            if whole > 0.0:
                missed += rest * sum(share for share, is_missed in each if is_missed) / whole
        return min(1.0, max(0.0, missed))


def _fields_apart(slips: Sequence[Slip], size: int) -> Iterator[tuple[int, ...]]:
    """Yield the places of so many slips, each of another field."""
    for places in combinations(range(len(slips)), size):
        if len({slips[place].field for place in places}) == size:
            yield places


def _share(
    slip: Slip, rows: Mapping[Field, str], quality: Quality, days: int, rates: Rates
) -> float:
    share = rates.of(quality, rows[slip.field]).get(slip.level, 0.0)
    if slip.field is Field.POSTCODE and slip.level is Level.DIFFERENT:
        share = min(0.9, share + _MOVES_A_YEAR * days / 365)
    return share / slip.alike


def misses_of(asked: Demographics) -> Misses:
    """Return what a question would find and miss. It takes some 50 ms.

    Args:
        asked: the question as typed.
    """
    form = normalise(asked)
    filled = _filled(replace(asked, health_number="", upn="", number_scheme=None), form)
    slips = tuple(_slips(filled, asked, form))
    rows = {each: _row(each, form) for each in dict.fromkeys(slip.field for slip in slips)}
    without = _tried(form, filled, slips, rows)
    if form.health_number is None:
        return without
    numbered = replace(filled, health_number=asked.health_number)
    return replace(without, numbered=_tried(form, numbered, slips, rows))


def slips_of(asked: Demographics) -> tuple[Slip, ...]:
    """Return every way in which a field of the record of a child may be wrong."""
    form = normalise(asked)
    return tuple(_slips(_filled(asked, form), asked, form))


def _tried(
    asked: NormalForm, record: Demographics, slips: tuple[Slip, ...], rows: Mapping[Field, str]
) -> Misses:
    keys = {scope: frozenset(blocking_keys(asked, side=Side.QUERY, scope=scope)) for scope in Scope}

    def case(places: tuple[int, ...]) -> _Case:
        changes = {k: v for place in places for k, v in slips[place].change.items()}
        held = normalise(replace(record, **changes))
        offered = blocking_keys(held, side=Side.RECORD, scope=Scope.WIDE)
        differs = compare(asked, held).decision is not Decision.MATCH
        return _Case(places, {scope: differs or keys[scope].isdisjoint(offered) for scope in Scope})

    shares = [_share(slip, rows, Quality.FAIR, 0, shipped_rates()) for slip in slips]

    def by_share(size: int) -> list[_Shared]:
        found = (
            (prod(shares[at] for at in places), places) for places in _fields_apart(slips, size)
        )
        return sorted(found, reverse=True)

    cases = [case(())]
    hidden: dict[tuple[int, ...], Mapping[Scope, bool]] = {}

    def tried(places: tuple[int, ...]) -> _Case:
        one = _hidden_already(places, hidden) or case(places)
        if all(one.missed.values()):
            hidden[places] = one.missed
        return one

    cases += [tried((place,)) for place in range(len(slips))]
    of_two = by_share(2)
    cases += [tried(places) for share, places in of_two if share >= _TRIED_SHARE]
    others = [(share, places) for share, places in of_two if share < _TRIED_SHARE]
    pairs, triples = (
        [tried(places)._replace(drawn=share) for share, places in _spread(every)]
        for every in (others, by_share(3))
    )
    return Misses(slips, rows, cases, pairs, triples)


_Shared = tuple[float, tuple[int, ...]]


def _spread(every: Sequence[_Shared]) -> list[_Shared]:
    """Return a systematic sample, in which each stands for an equal part of all shares."""
    step = sum(share for share, _ in every) / _SAMPLED
    found: list[_Shared] = []
    passed, at = 0.0, step / 2
    for share, places in every:
        passed += share
        while passed > at:
            found.append((share, places))
            at += step
    return found


def _hidden_already(
    places: tuple[int, ...], hidden: Mapping[tuple[int, ...], Mapping[Scope, bool]]
) -> _Case | None:
    for size in range(1, len(places)):
        for fewer in combinations(places, size):
            if fewer in hidden:
                return _Case(places, hidden[fewer])
    return None


def _filled(asked: Demographics, form: NormalForm) -> Demographics:
    """Return the record that has all that the question says, and what it does not say."""
    return replace(
        asked,
        forename=asked.forename if form.has_forename else _OTHER_FORENAME,
        surname=asked.surname if form.has_surname else _OTHER_SURNAME,
        dob=asked.dob if form.birth is not None else _OTHER_BIRTH,
        postcode=asked.postcode if form.postcode is not None else _ELSEWHERE[0],
        other_names=(),
        former_postcodes=(),
    )


def row_of_name(which: Field, form: NormalForm) -> str:
    """Return the row of the rates for a name: those of several parts have more ways to differ."""
    name = form.names[0]
    words = name.forenames if which is Field.FORENAME else name.surnames
    lists = word_lists()
    moves = lists.movable | lists.first_not_daily | lists.patronymics | lists.given_heads
    several = len(words) > 1 or not moves.isdisjoint((*words, *name.middles))
    return f"{which.value} of parts" if several else str(which.value)


def _row(which: Field, form: NormalForm) -> str:
    if which in (Field.FORENAME, Field.SURNAME):
        return row_of_name(which, form)
    return str(which.value)


def _slips(record: Demographics, asked: Demographics, form: NormalForm) -> Iterator[Slip]:
    """Yield every way in which a field of the record can be wrong."""
    if form.has_forename:
        yield from _alike(Field.FORENAME, _of_forename(record, asked))
    if form.has_surname:
        yield from _alike(Field.SURNAME, _of_surname(record, asked))
    if record.middle_names.strip():
        yield Slip(Field.MIDDLE, Level.MISSING, 1, {"middle_names": ""})
        yield Slip(Field.MIDDLE, Level.DIFFERENT, 1, {"middle_names": _OTHER_MIDDLE})
    if form.birth is not None:
        yield from _alike(Field.BIRTH, _of_birth(record))
    if form.postcode is not None:
        yield from _alike(Field.POSTCODE, _of_postcode(form, asked))
    if form.sex is not None:
        other = Sex.MALE if form.sex is Sex.FEMALE else Sex.FEMALE
        yield Slip(Field.SEX, Level.DIFFERENT, 1, {"sex": other})
        yield Slip(Field.SEX, Level.MISSING, 1, {"sex": None})


_Ways = Iterator[tuple[Level, _Change]]


def _alike(which: Field, ways: _Ways) -> Iterator[Slip]:
    found = list(ways)
    for level, change in found:
        yield Slip(which, level, sum(other is level for other, _ in found), change)


def _of_forename(record: Demographics, asked: Demographics) -> _Ways:
    text = record.forename
    for typed in _mistyped(text):
        yield Level.NEAR, {"forename": typed}
    yield Level.LOOSE, {"forename": text[: max(3, len(text) // 2)]}
    yield Level.INITIAL, {"forename": text[:1]}
    parts = text.replace("-", " ").split()
    if len(parts) > 1:
        yield Level.PART, {"forename": parts[0]}
        yield Level.PART, {"forename": parts[-1]}
    elif middle := record.middle_names.split():
        yield Level.PART, {"forename": middle[0], "middle_names": text}
    else:
        yield Level.PART, {"forename": _OTHER_FORENAME, "middle_names": text}
    yield Level.PARTIAL, {"forename": _both(parts[0] if parts else text, _OTHER_MIDDLE)}
    yield Level.DIFFERENT, {"forename": _OTHER_FORENAME}
    for other in asked.other_names:
        if other.forename.strip() and other.forename != text:
            yield Level.DIFFERENT, {"forename": other.forename}
    yield Level.MISSING, {"forename": ""}


def _of_surname(record: Demographics, asked: Demographics) -> _Ways:
    text = record.surname
    for typed in _mistyped(text):
        yield Level.NEAR, {"surname": typed}
    yield Level.LOOSE, {"surname": text[: max(3, len(text) // 2)]}
    yield Level.INITIAL, {"surname": text[:1]}
    parts = text.replace("-", " ").split()
    if len(parts) > 1:
        yield Level.PART, {"surname": parts[0]}
        yield Level.PART, {"surname": parts[-1]}
    else:
        yield Level.PART, {"surname": _both(text, _OTHER_SURNAME)}
        moved = _both(record.middle_names, text)
        yield Level.PART, {"surname": _OTHER_SURNAME, "middle_names": moved}
    yield Level.DIFFERENT, {"surname": _OTHER_SURNAME}
    for other in asked.other_names:
        if other.surname.strip() and other.surname != text:
            yield Level.DIFFERENT, {"surname": other.surname}
    yield Level.MISSING, {"surname": ""}


def _both(one: str, other: str) -> str:
    """Return two names in one field, within its bound."""
    return f"{one} {other}".strip()[: limits.NAME_CHARS]


def _mistyped(text: str) -> tuple[str, str]:
    """Return the text with its second letter and with its last but one exchanged for another."""

    def other(at: int) -> str:
        return text[:at] + ("h" if text[at : at + 1].lower() != "h" else "n") + text[at + 1 :]

    return other(min(1, max(0, len(text) - 1))), other(max(0, len(text) - 2))


def _of_birth(record: Demographics) -> _Ways:
    yield Level.MISSING, {"dob": None}
    born = record.dob
    if not isinstance(born, date):
        return
    year, month, day = born.year, born.month, born.day
    in_month = min(day, 28)
    other_day = day - 10 if day > 27 else day + (1 if day % 10 != 9 else -1)
    other_month = month + (1 if month not in (9, 12) else -1)
    other_year = year + (1 if year % 10 != 9 else -1)
    yield Level.ONE_DIGIT, {"dob": date(year, month, other_day)}
    yield Level.ONE_DIGIT, {"dob": date(year, other_month, in_month)}
    yield Level.ONE_DIGIT, {"dob": date(other_year, month, in_month)}
    if day <= 12 and day != month:
        yield Level.SWAPPED, {"dob": date(year, day, month)}
    yield Level.TWO_PARTS, {"dob": date(year, (month + 5) % 12 + 1, min(day, 28))}
    yield Level.TWO_PARTS, {"dob": date(year, month, (day + 13) % 28 + 1)}
    yield Level.CLOSE, {"dob": born + timedelta(days=24 if day > 7 else -10)}
    yield Level.DIFFERENT, {"dob": born + timedelta(days=1005)}
    yield Level.DIFFERENT_WEAK, {"dob": date(year, 1, 1)}


def _of_postcode(form: NormalForm, asked: Demographics) -> _Ways:
    yield Level.MISSING, {"postcode": ""}
    here = form.postcode
    away = next(p for p in _ELSEWHERE if here is None or not p.startswith(here.area))
    former = asked.former_postcodes
    for postcode in former or (away,):
        yield Level.DIFFERENT, {"postcode": postcode}
    if here is None or not here.outcode or not here.incode:
        return
    other = "A" if here.incode[-1] != "A" else "B"
    digit = str((int(here.incode[0]) + 3) % 10) if here.incode[0].isdigit() else "3"
    yield Level.SECTOR, {"postcode": f"{here.outcode} {here.incode[0]}{other}{other}"}
    yield Level.OUTCODE, {"postcode": f"{here.outcode} {digit}{here.incode[1:]}"[:-1] + other}
    yield Level.NEAR, {"postcode": f"{here.outcode} {digit}{here.incode[1:]}"}
    yield Level.NEAR, {"postcode": f"{here.outcode} {here.incode[:-1]}{other}"}
    moved = "1" if here.outcode[-1] != "1" else "2"
    yield Level.NEAR, {"postcode": f"{here.outcode[:-1]}{moved} {here.incode}"}
    nearby = f"{here.area}{moved}" if here.outcode != f"{here.area}{moved}" else f"{here.area}3"
    yield Level.DIFFERENT, {"postcode": f"{nearby} {digit}{other}{other}"}
