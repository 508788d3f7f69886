"""How the measurements are shown: tables for a terminal and the same rows in Markdown.

Pure. A figure is written with as many digits as can be relied on; what missed its budget or aim is
marked in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.table import Table
from rich.text import Text

from benchmarks.matching.absent import MOST, Absent
from benchmarks.matching.equity import MOST_LOST, MOST_RATIO, Exposed, Point, Ratio
from benchmarks.matching.figures import Line
from benchmarks.matching.intervals import Share
from benchmarks.matching.rates import PRACTICES_OF_AREA, SCHOOLS_OF_AREA, Opens, PerLookup
from benchmarks.matching.speed import Effort
from fingerpost.private.linkage.blocking_rules import FAR

_BREAK: Final = "\n"


@dataclass(frozen=True, slots=True)
class Rows:
    """One table. The first column is aligned left, all others right."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def screen(self) -> Table:
        table = Table(title=self.title, title_justify="left", pad_edge=False)
        for place, column in enumerate(self.columns):
            table.add_column(column, justify="right" if place else "left", overflow="fold")
        for row in self.rows:
            style = "bold" if _is_heading(row) else ""
            table.add_row(*(_marked(cell) for cell in row), style=style)
        table.caption = "\n".join(self.notes) or None
        table.caption_justify = "left"
        return table

    def markdown(self) -> str:
        lines = [f"### {self.title}", "", _row(self.columns)]
        lines.append(_row(["---", *("---:" for _ in self.columns[1:])]))
        lines += [
            _row((f"**{row[0]}**", *row[1:]) if _is_heading(row) else row) for row in self.rows
        ]
        lines += ["", *self.notes] if self.notes else []
        return "\n".join([*lines, ""])


def _is_heading(row: Sequence[str]) -> bool:
    return not any(row[1:])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/').replace(_BREAK, '; ') for cell in cells)} |"


def _marked(cell: str) -> Text:
    text = Text(cell)
    text.highlight_words(["missed"], "red")
    text.highlight_words([" met"], "green")
    return text


def figures(lines: Sequence[Line]) -> Rows:
    columns = ("data", "unlocked", "precision", "recall", "F1", "less Splink's", "answered", "best")
    rows: list[tuple[str, ...]] = []
    before = ""
    for line in lines:
        if line.source != before:
            rows.append((line.source, *("" for _ in range(len(columns) + 1))))
        rows.append(
            (
                line.program,
                *(_unit(v) for v in (line.unlocked, line.precision, line.recall, line.f1)),
                "" if line.ahead is None else f"{line.ahead:+.4f}",
                _unit(line.answered),
                _unit(line.best),
                f"{line.seconds:.1f}",
                _BREAK.join(f"{v.aim} {'met' if v.met else 'missed'}" for v in line.verdicts),
            )
        )
        before = line.source
    return Rows(
        "Figures on labelled data",
        (*columns, "seconds", "aims"),
        rows,
        (
            "precision, recall, F1: of all pairs at the threshold, whether answered or laid before "
            "a person.",
            "answered: F1 of what is answered without a person. best: F1 of each left record's "
            "best candidate.",
        ),
    )


def false_unlock(rows: Sequence[Opens]) -> Rows:
    columns = ("an agency that does not hold her", "keys", "opened", "95 %", "counted", "budget")
    return Rows(
        "False unlock, of one question at one agency",
        (*columns, "aim"),
        [
            (
                row.agency,
                row.keys,
                _small(row.rate),
                f"({row.extended})"
                if row.extended
                else " – ".join(map(_small, row.share.interval)),
                f"{row.share.hits:,} of {row.share.of:,.0f}",
                _budget(row.rate, row.most),
                _budget(row.rate, row.aim),
            )
            for row in rows
        ],
    )


def others(per: PerLookup, twins: dict[str, Share], effort: Effort) -> Rows:
    area = f"{per.schools:.0f} schools and {per.practices:.0f} practices"
    rows = [
        (f"uninvolved agencies opened a lookup: {area} of the area, wide", f"{per.in_area:.4f}"),
        (
            "the same, and council and trust as if they did not hold her",
            f"{per.in_area_with_council_and_trust:.4f}",
        ),
        (
            f"the same, reckoned for {SCHOOLS_OF_AREA} schools and {PRACTICES_OF_AREA} practices",
            f"{per.in_mean_area:.4f}",
        ),
        (
            "schools, practices and council of one area elsewhere, narrow",
            f"{per.one_area_elsewhere:.4f}",
        ),
    ]
    rows += [(f"opened where only her twin is held: {n}", _cent(s)) for n, s in twins.items()]
    rows += [
        ("keys of a record, in the mean and at most", f"{effort.keys:.1f} / {effort.most}"),
        (
            "keys of a question, narrow and wide",
            f"{effort.asked_narrow:.1f} / {effort.asked_wide:.1f}",
        ),
        ("ms for normal form and keys of a record", f"{effort.milliseconds:.3f}"),
    ]
    return Rows("A lookup in the mean", ("what", "value"), rows)


def groups(rows: Sequence[Exposed]) -> Rows:
    models = tuple(rows[0].recall)
    columns = ("names of", "share", *(f"recall, {model}" for model in models))
    return Rows(
        "By origin of names",
        (*columns, "council elsewhere", "trust elsewhere", "school or practice", "trust"),
        [
            (
                _name(row.group),
                f"{100 * row.share:.1f} %",
                *(f"{row.recall[model].rate:.4f}" for model in models),
                *(_counted(s) for s in (row.far_council, row.far_trust, row.local, row.trust)),
            )
            for row in sorted(rows, key=lambda row: -row.share)
        ],
        (
            "Records without numbers. Exposure elsewhere is narrow, in the area wide; hits in "
            "brackets.",
        ),
    )


def ratios(found: Sequence[Ratio]) -> Rows:
    return Rows(
        "The most exposed group to all others together",
        ("where", "group", "times", "opened", "others", "hits", f"aim < {MOST_RATIO:g}"),
        [
            (
                ratio.where,
                _name(ratio.group),
                _times(ratio),
                _small(ratio.rate),
                _small(ratio.others),
                f"{ratio.hits:,}",
                _even(ratio),
            )
            for ratio in found
        ],
    )


def frontier(points: Sequence[Point]) -> Rows:
    models = tuple(points[0].lost)
    return Rows(
        "What binding common names buys: bits that a narrow key must give",
        (
            "bits",
            "council elsewhere",
            "of group",
            "trust elsewhere",
            "of group",
            "opened there",
            *(column for model in models for column in (f"recall, {model}", "most lost", "by")),
        ),
        [
            (
                f"{point.bits:g}{' (shipped)' if point.bits == FAR else ''}",
                f"× {_times(point.council)}",
                _name(point.council.group),
                f"× {_times(point.trust)}",
                _name(point.trust.group),
                _small(point.opened),
                *(
                    cell
                    for model in models
                    for cell in (
                        f"{point.recall[model]:.4f}",
                        f"{100 * point.lost[model]:.2f} points",
                        _name(point.lost_by[model]),
                    )
                ),
            )
            for point in points
        ],
        (f"Aim: a ratio under {MOST_RATIO:g}, and at most {100 * MOST_LOST:g} point lost.",),
    )


def absent(found: Sequence[Absent], records: int) -> Rows:
    rows = []
    for one in found:
        verdict = "met" if one.matched.rate <= MOST else "missed"
        matched = f"{_small(one.matched.rate)} ({one.matched.hits}) {verdict}"
        rows.append((f"all, {one.keys}", _small(one.opened.rate), matched, _counted(one.possible)))
        rows += (
            (f"… with {who}", "", _counted(share), _counted(one.possible_with[who]))
            for who, share in one.matched_with.items()
        )
    return Rows(
        f"Questions about a child who is not held, at an agency that holds {records:,} others",
        ("whom", "opened", f"said to match (budget {_small(MOST)})", "possible"),
        rows,
    )


def markdown(tables: Iterable[Rows]) -> str:
    return "\n".join(table.markdown() for table in tables)


def aims_missed(lines: Sequence[Line]) -> Iterator[str]:
    for line in lines:
        for verdict in line.verdicts:
            if not verdict.met:
                yield f"{line.source}, {line.program}: {verdict.aim}"


def _even(ratio: Ratio) -> str:
    if ratio.times < MOST_RATIO:
        return "met"
    return "missed" if ratio.least >= MOST_RATIO else "too few hits to judge"


def _name(group: str) -> str:
    return group.replace("_", " ")


def _budget(rate: float, most: float | None) -> str:
    if most is None:
        return ""
    return f"{_small(most)} {'met' if rate <= most else 'missed'}"


def _times(ratio: Ratio) -> str:
    return "∞" if not ratio.others and ratio.rate else f"{ratio.times:.1f}"


def _counted(share: Share) -> str:
    return f"{_small(share.rate)} ({share.hits})"


def _cent(share: Share) -> str:
    return f"{100 * share.rate:.1f} % of {share.of:,.0f}"


def _unit(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _small(value: float) -> str:
    return "0" if not value else f"{value:.1e}" if value < 0.01 else f"{value:.4f}"
