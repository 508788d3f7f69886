"""From an export that was made ready to its quality report. Pure.

Law: every row of the file is in exactly one place of ``document.Rows``, and every child in one of
``document.Found``. Nothing of a hidden child is compared or listed. What is listed follows from the
file alone and never from the register of shields: otherwise a line that is missing from a list
would show who is shielded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from agency_node.importing.finding import Finding
from agency_node.importing.quality.document import (
    MOST_LISTED,
    SCHEMA,
    Figure,
    Found,
    Lines,
    Lost,
    QualityReport,
    Rows,
    Share,
    Step,
    Stop,
    Withheld,
)
from agency_node.importing.quality.doubles import doubles_among
from agency_node.importing.quality.faults import BY_CODE, CHILDREN, OF_REMARKS, ROWS, Fault
from agency_node.importing.quality.gathering import Gathered
from agency_node.importing.quality.rows import PointerRows, Tally
from agency_node.importing.quality.rule_words import RULE_WORDS
from agency_node.importing.shielding import ShieldCounts
from agency_node.importing.sources.children import Export, SourceChild
from agency_node.importing.sources.faults import RowFault
from agency_node.importing.sources.reasons import Reason
from fingerpost.private.linkage import BlockingRule
from fingerpost.protocol.codes import Quality
from fingerpost.protocol.ids import AgencyId

FEWEST_AT_HOME: Final = 20
"""Fewer children at one postcode are no fault: a street, or a block of flats."""
ONE_HOME_IN: Final = 50
"""A postcode is shared by very many where one child in so many lives there."""

_LOST_REMEDY: Final = (
    "Mend these rows in your own system and export again. The page on importing says what to do "
    "about {}."
)
_LOST_GAIN: Final = "Until then nobody finds these children by these rows."


@dataclass(frozen=True, slots=True)
class About:
    """What a report says of the import as a whole.

    Attributes:
        generation: None where the file was read and not imported.
        made_on: the day of the report (UTC).
        as_of: the day of the export.
        good_until: None where the member list was not asked.
        quality: as answers state it.
        stops: what would stop the import.
    """

    agency: AgencyId
    generation: int | None
    made_on: date
    as_of: date
    good_until: date | None
    quality: Quality | None
    stops: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Shielding:
    """What is withheld. ``hidden``: the positions of hidden children. ``shielded``: how many
    children are, by the file and the register. ``with_register``: whether it was asked.
    """

    hidden: Set[int]
    shielded: int
    counts: ShieldCounts
    with_register: bool


def assess(
    about: About,
    export: Export,
    children: Sequence[SourceChild],
    refused: Sequence[RowFault],
    remarks: Sequence[RowFault],
    gathered: Gathered,
    shielding: Shielding,
) -> QualityReport:
    """Return the report, without a trend.

    Args:
        children: those who can be found, in the order in which they were gathered.
        refused: every row that was left out, also those of children whom nobody could find.
        remarks: about rows that were taken.
    """
    kept = {n: child for n, child in enumerate(children) if n not in shielding.hidden}
    tally = Tally(about.as_of)
    for position, child in kept.items():
        for fault in gathered.faults(position):
            tally.child(fault, position, child.lines[0])
    rows = PointerRows(
        tally, _lines(remarks, Fault.UNDIALABLE), _lines(remarks, Fault.HOURS_NOT_READ)
    )
    for position, child in kept.items():
        rows.take(position, child)
    rows.workers()
    _remarks(tally, kept, remarks)
    found = _found(tally, kept, gathered)
    _homes(tally, kept, gathered)
    _doubles(tally, kept, gathered, shielding.hidden)
    found_by = gathered.found_by(kept)
    figures = tuple(_figure(tally, fault, len(kept), rows.pointers) for fault in Fault)
    lost = _lost(refused)
    hidden_rows = shielding.counts.hidden
    taken = export.rows - len(refused) - len(export.not_current) - hidden_rows
    return QualityReport(
        schema=SCHEMA,
        agency=str(about.agency),
        generation=about.generation,
        made_on=about.made_on,
        as_of=about.as_of,
        good_until=about.good_until,
        children=len(kept),
        rows=Rows(export.rows, taken, len(refused), len(export.not_current), hidden_rows),
        quality=about.quality.name if about.quality else None,
        stops=tuple(Stop(each.name, each.words, each.remedy) for each in about.stops),
        lost=lost,
        fields=tuple(
            _share(name, _FIELD_WORDS[name], count, len(kept))
            for name, count in gathered.having(kept).items()
        ),
        rules=tuple(
            _share(rule.name, words, found_by[rule], len(kept))
            for rule, words in RULE_WORDS.items()
            if rule is not BlockingRule.UPN or gathered.recorded.upn
        ),
        found=found,
        withheld=Withheld(
            shielding.shielded,
            shielding.counts.unsaid if shielding.with_register else None,
            rows.sensitive,
            rows.only_sensitive,
            hidden_rows,
        ),
        figures=figures,
        compared=sum(n not in shielding.hidden for n in range(len(gathered.recorded))),
        trend=(),
        to_do=_to_do(figures, lost),
    )


_FIELD_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "forename": "Forename",
        "surname": "Surname",
        "dob": "Whole date of birth, or expected date",
        "sex": "Sex",
        "postcode": "Whole postcode",
        "former_postcodes": "A former postcode",
        "health_number": "Health number with a right check digit",
        "upn": "Pupil number with a right check letter",
        "aliases": "Another name",
    }
)


def _lines(remarks: Iterable[RowFault], fault: Fault) -> frozenset[int]:
    return frozenset(r.line for r in remarks if OF_REMARKS.get((r.column, r.reason)) is fault)


def _remarks(tally: Tally, kept: Mapping[int, SourceChild], remarks: Iterable[RowFault]) -> None:
    """Note what remarks say of children who are kept."""
    of_line = {line: n for n, child in kept.items() for line in child.lines}
    pointers = {
        line
        for child in kept.values()
        for line, row in zip(child.lines, child.involvements, strict=True)
        if not row.sensitive
    }
    noted = set()
    for remark in remarks:
        fault, position = OF_REMARKS.get((remark.column, remark.reason)), of_line.get(remark.line)
        if fault is None or position is None:
            continue
        if fault.counted == CHILDREN:
            tally.child(fault, position, remark.line)
        elif remark.line in pointers and (fault, remark.line) not in noted:
            noted.add((fault, remark.line))
            tally.row(fault, position, remark.line)


def _found(tally: Tally, kept: Mapping[int, SourceChild], gathered: Gathered) -> Found:
    by_rules: Counter[int] = Counter()
    for position, child in kept.items():
        rules = min(2, gathered.ways_far(position))
        by_rules[rules] += 1
        if rules < 2:
            fault = Fault.FOUND_ONCE if rules else Fault.FOUND_NEAR
            tally.child(fault, position, child.lines[0])
    return Found(twice=by_rules[2], once=by_rules[1], near=by_rules[0])


def _homes(tally: Tally, kept: Mapping[int, SourceChild], gathered: Gathered) -> None:
    for positions in gathered.homes.values():
        there = {n: kept[n].lines[0] for n in positions if n in kept}
        if len(there) >= FEWEST_AT_HOME and len(there) * ONE_HOME_IN >= len(kept):
            tally.together(Fault.POSTCODE_SHARED, there)


def _doubles(
    tally: Tally, kept: Mapping[int, SourceChild], gathered: Gathered, hidden: Set[int]
) -> None:
    """Note children who are in the file twice, and numbers that two children have."""
    gathered.recorded.close()
    found = doubles_among(gathered.recorded, without=hidden, watch=gathered.watch)
    home: dict[int, int] = {}
    for place, group in enumerate(found.groups):
        fault = Fault.DOUBLE if group.asserted else Fault.POSSIBLE_DOUBLE
        tally.together(fault, {n: kept[n].lines[0] for n in group.members})
        if group.asserted:
            home.update(dict.fromkeys(group.members, place))
    for pair in found.possible:
        both = (pair.first, pair.second)
        tally.together(Fault.POSSIBLE_DOUBLE, {n: kept[n].lines[0] for n in both})
    for positions in gathered.numbers.values():
        there = {n: kept[n].lines[0] for n in positions if n in kept}
        if len({home.get(n, -1 - n) for n in there}) > 1:
            tally.together(Fault.NUMBER_SHARED, there)


def _figure(tally: Tally, fault: Fault, children: int, pointers: int) -> Figure:
    concerned = len(tally.children[fault])
    count, of = (tally.rows[fault], pointers) if fault.counted == ROWS else (concerned, children)
    return Figure(
        code=fault.value,
        section=fault.section.value,
        words=fault.words,
        counted=fault.counted,
        count=count,
        of=of,
        share=_part(count, of),
        children=concerned,
        lines=_first(tally.lines[fault]),
    )


def _lost(refused: Iterable[RowFault]) -> tuple[Lost, ...]:
    """Return why rows were left out, the commonest reason first."""
    lines: dict[tuple[str, Reason], list[tuple[int, ...]]] = {}
    for row in refused:
        lines.setdefault((row.column, row.reason), []).append((row.line,))
    lost = [
        Lost(reason.value, column, reason.words, len(of_it), _first(of_it))
        for (column, reason), of_it in lines.items()
    ]
    return tuple(sorted(lost, key=lambda each: (-each.rows, each.reason, each.column)))


def _to_do(figures: Iterable[Figure], lost: Iterable[Lost]) -> tuple[Step, ...]:
    """Return what to do, in order of the children concerned; lost rows come before others."""
    steps = [
        Step(
            each.reason,
            each.rows,
            f"Rows that were left out: {each.words}",
            (each.column,) if each.column else (),
            each.lines,
            _LOST_REMEDY.format(each.reason),
            _LOST_GAIN,
        )
        for each in lost
    ]
    for figure in figures:
        fault = BY_CODE[figure.code]
        if fault.remedy and _is_more_than_usual(figure, fault):
            steps.append(
                Step(
                    fault.value,
                    figure.children,
                    fault.words,
                    fault.columns,
                    figure.lines,
                    fault.remedy,
                    fault.gain,
                )
            )
    return tuple(sorted(steps, key=lambda step: -step.children))


def _is_more_than_usual(figure: Figure, fault: Fault) -> bool:
    return figure.count * fault.usual > figure.of if fault.usual else figure.count > 0


def _first(lines: Iterable[tuple[int, ...]]) -> Lines:
    return tuple(sorted(lines)[:MOST_LISTED])


def _share(name: str, words: str, children: int, of: int) -> Share:
    return Share(name, words, children, _part(children, of))


def _part(count: int, of: int) -> float:
    return round(count / of, 4) if of else 0.0
