"""Whether a file was misread: what stops an import, all of it at once. Pure.

A child whom software does not find since a file was read wrongly is answered about as one whom
nobody knows. So a field that most rows lose stops the import: by itself, where something stands in
the cells and cannot be read; and beside the imports of the last 90 days, where children had the
field before (slip: a field that drains away step by step, each of them small). The node goes on to
answer from the import before.

Law: nothing is refused because an agency never has a field (the police have no pupil numbers), or
because it begins to have one. What an operator accepts is named exactly (``Finding.name``) and kept
with the import: a field whose fall was accepted is held beside what it fell to; a finding that
holds of every file of an agency is not raised again while it stays so, since an option that stands
in a nightly job protects nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from agency_node.importing.census import ACCENTS, ENDED, FLAGGED, FOOT, PART, Census, Count, Peak
from agency_node.importing.finding import Finding, Rule
from agency_node.importing.ordered import Orders
from agency_node.importing.sampled import Sample, compared
from agency_node.importing.sources.faults import RowFault
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.sources.shapes import ColumnFound

FEW: Final = 3
"""In fewer rows than this, a cell that cannot be read is the row's fault, unless most rows of the
file have lost a field that decides whether a child is found or shown."""
FEW_REFUSED: Final = 4
"""A file may have so many refused rows, and one more for each ``ONE_REFUSED_IN`` of its rows; with
more, the file is at fault and not its rows. Published test data with hand-made errors has 1 to 6 %
(the demonstration imports it)."""
ONE_REFUSED_IN: Final = 20
FEW_FELL: Final = 5
"""So many children who would have had a field, and do not, are no chance."""
MUCH_FELL: Final = 5
"""Of the fields that every child has (names, date of birth), one child in so many may come without
them before the file is at fault. Of all others half may: in September half of a college is new."""
MUCH_CHANGED: Final = 5
"""One child in so many may have another name, date of birth, sex or number than by the last
import. Of postcodes, half may be others: families move."""
MUCH_ROSE: Final = 5
"""One child in so many may be withheld who was not. A column that has come to mean something else
says yes of half of the children, and a shield that is taken up is lifted by two persons only."""
MUCH_GONE: Final = 4
"""Of the children of the last import, one in so many must be in this file by her own number."""
ODDS_OF_A_BLOCK: Final = 10_000
"""Where children who are gone stood one behind the other in the file before, and one choice in so
many has that, a block of lines is missing, or the file was cut off between two of them."""
FEW_LIFTED: Final = 2
"""One child who was sensitive and is not is a remark on her row; so many, and half of them, are no
decisions about children."""
FEW_SAME: Final = 10
"""Of fewer children, most may share a name: sisters and brothers."""

REMEMBERED_DAYS: Final = 90
"""So long an import that had more of a field is remembered, to the end of the week."""

_NAMES_AND_DATE: Final = ("forename", "surname", "dob")
_DECIDING: Final = frozenset(
    {*_NAMES_AND_DATE, "local_id", "kind", "status", "start", "end", "shield", "sensitive"}
)
"""Columns of which no row can do without: they decide whether a child is found or shown."""
_COMPARED: Final = (
    *_NAMES_AND_DATE,
    *("middle_names", "aliases", "sex", "postcode", "former_postcodes", "health_number", "upn"),
    *("worker_name", "worker_role", "desk_phone", "desk_email", "ooh_phone", "hours"),
    *("worker_phone", "duty_phone"),
    *("lead", "early_help", "sensitive", ACCENTS),
)
_NOTHING: Final = ColumnFound(0, 0)
_NOT_OF_A_CELL: Final = frozenset({Reason.TOO_WEAK, Reason.TOO_MANY_INVOLVEMENTS})


_KEPT: Final = frozenset({Rule.UNREAD, Rule.SAME, Rule.DAMAGED, Rule.BEFORE_BIRTH})
"""What may hold of every file of an agency. The others are about the step from the last import to
this one, or about rows that somebody can mend."""


@dataclass(frozen=True, slots=True, repr=False)
class Facts:
    """What was read of a file.

    ``rows``: its lines that are not blank. ``children``: those who can be found. ``not_current``:
    how many rows are of involvements that are long over. ``sample``: as in ``sampled``. ``cut``:
    the last row is not whole, and no line ends behind it. ``foot``: how many rows or children the
    foot of the file counts, None where it counts none. ``stated_rows``: how many rows the operator
    states, None where she states none. ``has_end``: the source shows where it ends. ``parts``,
    ``held``: as ``Table``.
    ``left_out``: as in ``sampled.compared``.
    """

    rows: int
    children: int
    refused: Sequence[RowFault]
    remarks: Sequence[RowFault]
    not_current: int
    columns: Mapping[str, ColumnFound]
    count: Count
    as_of: date
    sample: Sample
    cut: bool
    orders: Orders = field(default_factory=Orders)
    foot: int | None = None
    stated_rows: int | None = None
    has_end: bool = True
    left_out: Set[bytes] = frozenset()
    parts: Mapping[str, int] = field(default_factory=dict)
    held: int | None = None

    def __repr__(self) -> str:
        return f"Facts({self.rows} rows)"

    @property
    def countable(self) -> int:
        """How many rows the system that made the file counts: those that somebody can compare."""
        return self.rows if self.held is None else self.held


@dataclass(frozen=True, slots=True)
class Earlier:
    """The last complete import. ``census``: None where an earlier release made it."""

    children: int
    as_of: date
    census: Census | None


def findings(facts: Facts, earlier: Earlier | None) -> tuple[Finding, ...]:
    """Return all that is wrong with a file: causes first, and then what follows from them."""
    found = (
        *_encoding(facts),
        *_unread(facts),
        *_same(facts),
        *_before_birth(facts),
        *_tables(facts, earlier),
        *_beside(facts, earlier),
        *_moved(facts, earlier),
        *_whole(facts, earlier),
    )
    return tuple({each.name: each for each in reversed(found)}.values())[::-1]


def stopping(
    found: Iterable[Finding], earlier: Earlier | None, accepted: Iterable[str]
) -> tuple[Finding, ...]:
    """Return the findings that nobody accepted: by this command, or by that of an import of which
    the same was true.
    """
    before = earlier.census.accepted if earlier is not None and earlier.census is not None else ()
    taken = {*accepted}
    kept = {*before}
    return tuple(
        each
        for each in found
        if each.name not in taken and not (each.rule in _KEPT and each.name in kept)
    )


def counted_otherwise(facts: Facts) -> Iterator[Finding]:
    """Yield whether the file has another number of rows than the operator stated."""
    if facts.stated_rows is not None and facts.countable != facts.stated_rows:
        parts = tuple(facts.parts.items())
        yield Finding(Rule.STATED_ROWS, rows=facts.countable, of=facts.stated_rows, forms=parts)


def _whole(facts: Facts, earlier: Earlier | None) -> Iterator[Finding]:
    now, before = facts.children, 0 if earlier is None else earlier.children
    census = None if earlier is None else earlier.census
    had = {} if census is None else census.had
    gone = {end for end in (ENDED, FOOT) if now and had.get(end) and not facts.count.had[end]}
    if facts.cut:
        yield Finding(Rule.CUT_OFF)
    elif ENDED in gone:
        yield Finding(Rule.LINE_END_GONE)
    if FOOT in gone:
        yield Finding(Rule.FOOT_GONE)
    if facts.foot is not None and facts.rows < facts.foot:
        yield Finding(Rule.FOOT_COUNT, rows=facts.rows, of=facts.foot)
    yield from counted_otherwise(facts)
    if earlier is not None and facts.as_of < earlier.as_of:
        yield Finding(Rule.OLDER, days=(facts.as_of, earlier.as_of))
    if len(facts.refused) > FEW_REFUSED + facts.rows // ONE_REFUSED_IN:
        why = Counter(f"{f.column}: {f.words}" if f.column else f.words for f in facts.refused)
        yield Finding(
            Rule.MANY_REFUSED,
            rows=len(facts.refused),
            of=facts.rows,
            forms=tuple(why.most_common(FEW)),
        )
    if 2 * now < before:
        yield Finding(Rule.SHRUNK, rows=now, before=before)
    elif not now:
        yield Finding(Rule.NO_CHILDREN, of=facts.rows, forms=_why_gone(facts))


def _why_gone(facts: Facts) -> tuple[tuple[str, int], ...]:
    """Return why no row is a child: words, each with a number of rows."""
    gone = Counter(fault.reason.words for fault in facts.refused)
    if facts.not_current:
        gone["It ended more than twelve months before the day of the export."] = facts.not_current
    return tuple(gone.most_common(3))


def _encoding(facts: Facts) -> Iterator[Finding]:
    """Yield a finding where more names are damaged than came through sound: then the children whose
    names have accents are those who are lost.
    """
    undecoded = sum(fault.reason is Reason.ROW_NOT_UTF8 for fault in facts.refused)
    damaged, sound = facts.count.damaged + undecoded, facts.count.had[ACCENTS]
    certain = damaged - facts.count.questioned
    if damaged > sound and (certain or damaged >= FEW):
        yield Finding(Rule.DAMAGED, rows=damaged, of=sound)


def _unread(facts: Facts) -> Iterator[Finding]:
    faults = [fault for fault in facts.refused if fault.reason not in _NOT_OF_A_CELL]
    refused = Counter(fault.column for fault in faults)
    reasons: dict[str, Counter[Reason]] = {}
    for fault in (*faults, *facts.remarks):
        reasons.setdefault(fault.column, Counter())[fault.reason] += 1
    for column in dict.fromkeys((*facts.columns, *filter(None, refused))):
        found = facts.columns.get(column, _NOTHING)
        lost = max(found.lost, refused[column]) + facts.count.no_names[column]
        filled = max(found.filled, lost)
        if column == "dob" and lost + found.unknown >= FEW_SAME:
            lost, filled = lost + found.unknown, filled + found.unknown
        many = lost >= FEW or (column in _DECIDING and 2 * lost > facts.rows)
        if 2 * lost > filled and many:
            ((why, _),) = reasons.get(column, Counter()).most_common(1) or ((None, 0),)
            yield Finding(Rule.UNREAD, column, rows=lost, of=filled, forms=found.shapes, why=why)


def _same(facts: Facts) -> Iterator[Finding]:
    children = facts.count.children
    for column, count in facts.count.commonest().items():
        if children >= FEW_SAME and 2 * count > children:
            yield Finding(Rule.SAME, column, rows=count, of=children)


def _before_birth(facts: Facts) -> Iterator[Finding]:
    """Yield a finding where most involvements began before their child was born: the two dates have
    changed places, or those of one column are other children's.
    """
    rows = sum(fault.reason is Reason.BEFORE_BIRTH for fault in facts.remarks)
    both = min(facts.columns.get(column, _NOTHING).read for column in ("dob", "start"))
    if rows >= FEW and 2 * rows > both:
        yield Finding(Rule.BEFORE_BIRTH, rows=rows, of=both)


def _moved(facts: Facts, earlier: Earlier | None) -> Iterator[Finding]:
    """Yield a finding for each detail that has come to other children since the last import."""
    before = None if earlier is None else earlier.census
    if before is None:
        return
    found = compared(before.sample, facts.sample, facts.left_out)
    shrunk = 2 * facts.children < before.children
    if found.run >= FEW and found.odds >= ODDS_OF_A_BLOCK and not shrunk:
        yield Finding(Rule.BLOCK, rows=found.run, of=found.sought)
    lifted, were = len(found.lifted), found.were_sensitive
    if lifted >= FEW_LIFTED and 2 * lifted >= were:
        yield Finding(Rule.FELL, "sensitive", rows=were - lifted, of=were, before=were)
    if found.gone >= FEW and MUCH_GONE * (found.sought - found.gone) < found.sought and not shrunk:
        yield Finding(Rule.GONE, "local_id", rows=found.gone, of=found.sought)
    for column, (changed, both) in found.changed.items():
        most = 2 * changed > both
        much = MUCH_CHANGED * changed > both and changed >= FEW_FELL and column != "postcode"
        if (most and changed >= FEW) or much:
            yield Finding(Rule.CHANGED, column, rows=changed, of=both)


def census_of(facts: Facts, accepted: tuple[str, ...], earlier: Earlier | None) -> Census:
    """Return what is kept of a file that is taken.

    Args:
        accepted: the names of what was found and accepted.
    """
    count, peaks = facts.count, {}
    for column in _COMPARED:
        if Finding(Rule.FELL, column).name not in accepted:
            now = _peak(facts.as_of, count.had[column], count.children)
            higher = _higher(now, _before(column, facts.as_of, earlier))
            if higher:
                peaks[column] = higher
    return Census(count.children, dict(count.had), accepted, peaks, facts.sample)


def _higher(now: Peak, before: Iterable[Peak]) -> tuple[Peak, ...]:
    """Return those that had more than ``now`` and than all of a later day, the newest first."""
    found: list[Peak] = []
    for peak in sorted(before, key=lambda each: (each.day, each.share), reverse=True):
        if peak.share > (found[-1] if found else now).share:
            found.append(peak)
    return tuple(found)


def _before(column: str, as_of: date, earlier: Earlier | None) -> Iterator[Peak]:
    """Yield what a field is held beside: the last import, and those before that had more."""
    census = None if earlier is None else earlier.census
    if earlier is None or census is None:
        return
    if census.children:
        yield _peak(earlier.as_of, census.had.get(column, 0), census.children)
    for peak in census.peaks.get(column, ()):
        if abs(as_of - peak.day) <= timedelta(days=REMEMBERED_DAYS):
            yield peak


def _peak(as_of: date, had: int, children: int) -> Peak:
    return Peak(as_of + timedelta(days=6 - as_of.weekday()), had, children)


def _beside(facts: Facts, earlier: Earlier | None) -> Iterator[Finding]:
    now = facts.count
    if not now.children:
        return
    for column in _COMPARED:
        peaks = _before(column, facts.as_of, earlier)
        best, has = max(peaks, key=lambda each: each.share, default=None), now.had[column]
        if best is not None and _fell(column, has, now.children, best.had, best.children):
            expected = round(best.share * now.children)
            yield Finding(Rule.FELL, column, rows=has, of=now.children, before=expected)
    before = None if earlier is None else earlier.census
    if before is None or not before.children:
        return
    # The register holds whom the last file named; whom this one should name is what is lost.
    flagged = before.had.get(FLAGGED, 0)
    if flagged and not now.had[FLAGGED]:
        yield Finding(Rule.FELL, "shield", of=now.children, before=flagged)
    if before.had.get("sensitive") and "sensitive" not in facts.columns:
        yield Finding(Rule.FELL, "sensitive", of=now.children, before=before.had["sensitive"])
    for column in ("shield", "sensitive"):
        had, has = before.had.get(column, 0), now.had[column]
        would = had * now.children / before.children
        more = has - would
        much = more >= FEW_FELL and MUCH_ROSE * more > now.children
        if much or (more >= FEW and 2 * more > now.children):
            yield Finding(Rule.ROSE, column, rows=has, of=now.children, before=round(would))


def _tables(facts: Facts, earlier: Earlier | None) -> Iterator[Finding]:
    """Yield a finding for each table of a source of several that has far fewer rows than by the
    last import: it was cut off between two lines, or is being filled. Children who stand in other
    tables, too, would be found, and without whom to ring.
    """
    census, now = None if earlier is None else earlier.census, facts.count.had
    if census is None or not any(name.startswith(PART) for name in now):
        return
    for name, had in census.had.items():
        lost = had - now[name]
        if name.startswith(PART) and lost >= FEW_FELL and MUCH_FELL * lost > had:
            table = name.removeprefix(PART)
            yield Finding(Rule.TABLE_FELL, table, rows=now[name], before=had)


def _fell(column: str, has: int, children: int, had: int, children_before: int) -> bool:
    """Return whether so many fewer children have a field than by an earlier import that the file
    is at fault. It does so the sooner, the greater the share that had it.
    """
    would = had * children / children_before
    lost = would - has
    sharply = 2 * has < would or (column in _NAMES_AND_DATE and MUCH_FELL * lost > children)
    most_had, most_lack = 2 * had > children_before, 2 * has < children
    turned = most_had and most_lack and (lost >= 2 or not has)
    few = FEW if column == "sensitive" else FEW_FELL  # without its flag, a row is shown
    return sharply and (lost >= few or turned)
