"""The quality report as a page for a person: one file that has no script and fetches nothing. Pure.

Law: what stands on the page is in the document (``document.QualityReport``), and that holds nothing
of a row. Every chart stands beside a table with the same figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Final
from xml.etree.ElementTree import Element

from agency_node.importing.quality.charts import Bar, Part, bars, line, whole
from agency_node.importing.quality.document import Figure, Lines, Point, QualityReport, Step
from agency_node.importing.quality.faults import BY_CODE, CHILDREN, Fault
from agency_node.importing.quality.markup import Child, e, written
from agency_node.importing.quality.rule_words import RULE_WORDS, STRONG
from agency_node.importing.quality.style import POLICY, STYLE
from fingerpost.runtime.screen_text import counted, ended

_TOP: Final = 12
"""So many faults are in the first chart."""
_NAMES: Final = {rule.name for rule in STRONG}
_CLASSES: Final = {
    "GOOD": "Good: hardly a child is lost by one wrong field.",
    "FAIR": "Fair: some children are lost by one wrong field.",
    "POOR": "Poor: many children are lost by one wrong field.",
}


def write_page(report: QualityReport) -> bytes:
    """Return the page."""
    title = f"Quality of the records of {report.agency}"
    head = e(
        "head",
        e("meta", charset="utf-8"),
        e("meta", http_equiv="Content-Security-Policy", content=POLICY),
        e("meta", name="referrer", content="no-referrer"),
        e("meta", name="robots", content="noindex"),
        e("meta", name="viewport", content="width=device-width, initial-scale=1"),
        e("title", title),
        e("style", STYLE),
    )
    body = e("body", _header(title, report), e("main", list(_sections(report))), _footer())
    return written(e("html", head, body, lang="en-GB"))


def _header(title: str, report: QualityReport) -> Element:
    what = (
        "A file that was read and not imported"
        if report.generation is None
        else f"Import {report.generation}"
    )
    return e("header", e("p", what, class_="caption"), e("h1", title))


def _footer() -> Element:
    return e(
        "footer",
        e(
            "p",
            "Made by fingerpost-node quality. What each figure means stands in the page on the "
            "quality report, and what to do about a refused row in the page on importing.",
            class_="hint",
        ),
    )


def _sections(report: QualityReport) -> Iterator[Child]:
    yield _keep_inside()
    yield from _summary(report)
    if report.stops:
        yield from _stops(report)
    yield from _rows(report)
    yield from _finding(report)
    yield from _faults(report)
    yield from _withheld(report)
    if len(report.trend) > 1:
        yield from _trend(report.trend)
    yield from _to_do(report)


def _keep_inside() -> Element:
    return e(
        "div",
        e("p", e("strong", "For your agency alone. Do not send this page to anybody else.")),
        e(
            "p",
            "It holds no child's name, number or address. But a small count, or the number of a "
            "line, can still point to one child for who has the file. Delete the page once the "
            "work is done.",
        ),
        class_="warning",
    )


def _summary(report: QualityReport) -> Iterator[Child]:
    age = (report.made_on - report.as_of).days
    good = (
        "Not known before the import: the member list says it"
        if report.good_until is None
        else _day(report.good_until)
    )
    said = "Too few children to say" if report.quality is None else _CLASSES[report.quality]
    pairs: list[tuple[str, Child]] = [
        (
            "Export made on",
            f"{_day(report.as_of)} ({counted(max(0, age), 'day')} before this page)",
        ),
        ("You may answer from it until", good),
        ("Rows in the file", f"{report.rows.all:,}"),
        ("Children who can be found", f"{report.children:,}"),
        ("How well they can be found", said),
        ("Things to do", f"{len(report.to_do):,}"),
    ]
    yield e("h2", "Summary")
    yield e("dl", [(e("dt", name), e("dd", value)) for name, value in pairs])
    if report.to_do:
        yield e("p", e("a", "Go to what to do", href="#to-do"))


def _stops(report: QualityReport) -> Iterator[Child]:
    yield e(
        "div",
        e("h2", "An import would stop at this file"),
        e("p", "Mend it, or accept each of these by its name when you import:"),
        e(
            "ul",
            [
                e(
                    "li",
                    f"{ended(each.words)} To do: {ended(each.remedy)} Name: ",
                    e("code", each.accept),
                )
                for each in report.stops
            ],
        ),
        class_="warning",
    )


def _rows(report: QualityReport) -> Iterator[Child]:
    rows = report.rows
    parts = [
        Part("Taken", rows.taken, "good"),
        Part("Left out by mistake", rows.refused, "bad"),
        Part("No longer current", rows.not_current, "aside"),
        Part("Hidden", rows.hidden, "apart"),
    ]
    yield e("h2", "What became of the rows")
    yield _framed(whole("chart-rows", "What became of the rows of the file", parts))
    yield _table(
        "Rows of the file",
        ("Place", "Rows", "Share"),
        [(part.label, f"{part.count:,}", _percent(part.count, rows.all)) for part in parts],
    )
    if report.lost:
        yield e(
            "p",
            "A child whose only row was left out is not found. Mend these rows first.",
        )
        yield _table(
            "Why rows were left out",
            ("Reason", "Column", "Rows", "Lines"),
            [
                (
                    each.words,
                    e("code", each.column) if each.column else "the whole row",
                    f"{each.rows:,}",
                    _lines(each.lines, each.rows),
                )
                for each in report.lost
            ],
            numbers=(2,),
        )


def _finding(report: QualityReport) -> Iterator[Child]:
    found, strong = report.found, [rule for rule in report.rules if rule.name in _NAMES]
    weak = [rule for rule in report.rules if rule.name not in _NAMES and rule.children]
    yield e("h2", "How well children can be found")
    yield e(
        "p",
        "A question finds a child by rules. Each rule compares a few details, such as both names "
        "and the date of birth. A child whom two rules find from far away is found even where one "
        "of her details is wrong or has changed.",
    )
    parts = [
        Part("By two rules or more", found.twice, "good"),
        Part("By one rule only", found.once, "aside"),
        Part("By none from far away", found.near, "bad"),
    ]
    yield _framed(whole("chart-found", "By how many rules children are found", parts))
    yield _table(
        "By how many rules children are found from far away",
        ("How", "Children", "Share"),
        [(part.label, f"{part.count:,}", _percent(part.count, report.children)) for part in parts],
    )
    yield e("h3", "What is known of the children")
    fields = [Bar(each.words, each.share, _share(each.share)) for each in report.fields]
    yield _framed(bars("chart-fields", "Share of children of whom each detail is known", fields))
    yield _table(
        "What is known of the children",
        ("Detail", "Children", "Share"),
        [(each.words, f"{each.children:,}", _share(each.share)) for each in report.fields],
    )
    yield e("h3", "Which rules find them")
    drawn = [Bar(each.words, each.share, _share(each.share)) for each in strong]
    yield _framed(bars("chart-rules", "Share of children whom each rule finds", drawn))
    for caption, some in (
        ("Share of children whom each rule finds", strong),
        ("Rules for a question or a record that lacks something", weak),
    ):
        yield _table(
            caption,
            ("Rule", "Children", "Share", "Name"),
            [
                (each.words, f"{each.children:,}", _share(each.share), e("code", each.name))
                for each in some
            ],
        )
    yield e(
        "p",
        f"A record has room for so many rules only, and the last of the {len(RULE_WORDS)} give way "
        "first: no child is found by all.",
        class_="hint",
    )


def _faults(report: QualityReport) -> Iterator[Child]:
    yield e("h2", "What is wrong in the records")
    top = sorted((f for f in report.figures if f.children), key=lambda f: -f.children)[:_TOP]
    if top:
        most = max(1, report.children)
        drawn = [Bar(f.words, f.children / most, f"{f.children:,}") for f in top]
        title = "Children concerned by each fault, of all children"
        yield _framed(bars("chart-faults", title, drawn))
        yield e("p", "The chart shows the children whom each fault concerns.", class_="hint")
    else:
        yield e("p", "Nothing of what is looked for was found.")
    for section, figures in groupby(report.figures, key=lambda figure: figure.section):
        yield _figures(section, list(figures))
    yield e(
        "p",
        f"Children who are in the file twice were searched among {report.compared:,} of "
        f"{_things(report.children)}.",
        class_="hint",
    )


def _figures(section: str, figures: Sequence[Figure]) -> Child:
    return [
        e("h3", section),
        _table(
            f"{section}: figures",
            ("What", "Count", "Of", "Share", "Children", "Lines of the file"),
            [
                (
                    figure.words,
                    f"{figure.count:,}",
                    _things(figure.of, of_children=figure.counted == CHILDREN),
                    _share(figure.share, figure.count),
                    f"{figure.children:,}",
                    _lines(figure.lines, figure.count),
                )
                for figure in figures
            ],
            numbers=(1, 3, 4),
        ),
    ]


def _withheld(report: QualityReport) -> Iterator[Child]:
    held = report.withheld
    register = "not known: the register was not read" if held.by_register is None else None
    yield e("h2", "What is withheld")
    yield e(
        "p",
        "Nothing about these is disclosed. Check that the counts are what you expect: a flag too "
        "few exposes a child, and a flag too many hides one who may be told of. Their lines are "
        "not listed.",
    )
    yield _table(
        "Withheld",
        ("What", "Count"),
        [
            ("Children who are shielded", f"{held.shielded:,}"),
            (
                "Of them, by the register alone: the file does not say so",
                register or f"{held.by_register:,}",
            ),
            ("Rows of sensitive services", f"{held.sensitive_rows:,}"),
            ("Children of whom there is no other row", f"{held.only_sensitive:,}"),
            ("Rows of hidden children, which were left out", f"{held.hidden_rows:,}"),
        ],
    )


def _trend(points: Sequence[Point]) -> Iterator[Child]:
    first, last = points[0], points[-1]
    codes = [fault for fault in Fault if any(fault.value in point.counts for point in points)]
    kinds: list[tuple[str, Callable[[Point], int]]] = [
        ("Rows in the file", lambda point: point.rows),
        ("Rows left out", lambda point: point.refused),
        ("Children who can be found", lambda point: point.children),
        ("Children found by two rules or more", lambda point: point.twice),
        ("Children found by one rule only", lambda point: point.once),
        ("Children found by none from far away", lambda point: point.near),
        ("Children who are shielded", lambda point: point.shielded),
        *((fault.words, _count_of(fault.value)) for fault in codes),
    ]
    yield e("h2", "Trend")
    yield e(
        "p",
        f"The last {counted(len(points), 'import')}, from {_day(first.made_on)} to "
        f"{_day(last.made_on)}. The lines begin at zero.",
    )
    rows = []
    for place, (words, value) in enumerate(kinds):
        values = [value(point) for point in points]
        said = f"{words}: from {values[0]:,} to {values[-1]:,}"
        rows.append(
            (
                words,
                line(f"chart-trend-{place}", said, values),
                f"{values[0]:,}",
                f"{min(values):,}",
                f"{max(values):,}",
                f"{values[-1]:,}",
                f"{values[-1] - values[0]:+,}",
            )
        )
    columns = ("What", "Over time", "First", "Least", "Most", "Last", "Change")
    yield _table("From import to import", columns, rows, numbers=(2, 3, 4, 5, 6))


def _count_of(code: str) -> Callable[[Point], int]:
    return lambda point: point.counts.get(code, 0)


def _to_do(report: QualityReport) -> Iterator[Child]:
    yield e("h2", "What to do", id="to-do")
    if not report.to_do:
        yield e("p", "Nothing. Look again after the next import.")
        return
    yield e(
        "p",
        "In order of the children concerned. Mend it in your own system, so that the next export "
        "is right, too.",
    )
    yield e("ol", [e("li", list(_step(step))) for step in report.to_do], class_="steps")


def _step(step: Step) -> Iterator[Child]:
    number = _things(step.children, of_children=step.code in BY_CODE)
    yield e("p", e("strong", f"{step.words}: {number}."))
    yield e("p", step.remedy)
    where: list[Child] = [e("strong", "Where: ")]
    if step.columns:
        where.append("column " if len(step.columns) == 1 else "columns ")
        where += _joined(e("code", column) for column in step.columns)
        where.append("; ")
    where.append("line " if sum(map(len, step.lines)) == step.children == 1 else "lines ")
    where.append(_lines(step.lines, step.children))
    yield e("p", where)
    yield e("p", e("strong", "What gets better: "), step.gain)


def _things(number: int, *, of_children: bool = True) -> str:
    return counted(number, "child", "children") if of_children else counted(number, "row")


def _joined(codes: Iterable[Element]) -> Iterator[Child]:
    for place, code in enumerate(codes):
        if place:
            yield ", "
        yield code


def _framed(chart: Element) -> Element:
    return e("div", chart, class_="chart")


def _table(
    caption: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Child]],
    *,
    numbers: Sequence[int] = (1, 2),
) -> Element:
    """Return a table; the first cell of a row is its heading.

    Args:
        numbers: the places of columns of numbers.
    """

    def look(place: int) -> str | None:
        return "number" if place in numbers else None

    head = [e("th", name, scope="col", class_=look(n)) for n, name in enumerate(columns)]
    body = [
        e(
            "tr",
            e("th", cells[0], scope="row"),
            [e("td", cell, class_=look(n)) for n, cell in enumerate(cells[1:], 1)],
        )
        for cells in rows
    ]
    return e("table", e("caption", caption), e("thead", e("tr", head)), e("tbody", body))


def _lines(lines: Lines, count: int) -> str:
    """Return the lines that are listed; those that belong together stand with an "and"."""
    if not lines:
        return "none"
    said = ", ".join(" and ".join(f"{line}" for line in each) for each in lines)
    return f"{said} …" if sum(map(len, lines)) < count else said


def _percent(count: int, of: int) -> str:
    return _share(count / of if of else 0.0, count)


def _share(share: float, count: int = 0) -> str:
    """Return a share in per cent; one that is not zero is never written as 0.0 %."""
    return "under 0.1%" if count and share < 0.0005 else f"{100 * share:.1f}%"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
