"""The quality page: one file that fetches nothing, runs nothing, and everybody can read."""

from __future__ import annotations

import hashlib
import itertools
import re
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser

import msgspec
import pytest

from agency_node.importing.quality.charts import Bar, Part, bars, line, whole
from agency_node.importing.quality.document import QualityReport, following
from agency_node.importing.quality.markup import e, written
from agency_node.importing.quality.page import write_page
from agency_node.importing.quality.style import STYLE
from fakes.quality_exports import assessed, sound

VOID = {"meta"}
ONLY_OURS = {"href"}
"""What may fetch or lead somewhere: links within the page."""


@dataclass
class Node:
    tag: str
    attributes: dict[str, str]
    children: list[Node] = field(default_factory=list)
    text: str = ""

    def all(self, tag: str) -> list[Node]:
        found = [self] if self.tag == tag else []
        return found + [node for child in self.children for node in child.all(tag)]

    def every(self) -> list[Node]:
        return [self, *(node for child in self.children for node in child.every())]

    def said(self) -> str:
        return self.text + "".join(child.said() for child in self.children)


class Strict(HTMLParser):
    """Reads a page whose every element is closed in its order, and no attribute stands twice."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Node("", {})
        self._open = [self.root]
        self.doctype = ""

    def handle_decl(self, decl: str) -> None:
        self.doctype = decl

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), tag
        node = Node(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self._open[-1].text += data

    def close(self) -> None:
        super().close()
        assert self._open == [self.root], "an element is left open"


def read(page: bytes) -> Node:
    parser = Strict()
    parser.feed(page.decode())
    parser.close()
    assert parser.doctype == "DOCTYPE html"
    [html] = parser.root.children
    return html


def full() -> QualityReport:
    """A report with all that a page can have."""
    rows = [sound(n) for n in range(30)]
    rows[3] |= {"health_number": "4434567891", "hours": "", "shield": "yes"}
    rows[4] |= {"forename": "Test", "desk_phone": "ext 5"}
    rows += [rows[7] | {"local_id": "LOCAL-99"}, sound(40, kind="?"), sound(41, dob="the third")]
    report = None
    for number in (1, 2, 3):
        made = msgspec.structs.replace(
            assessed(rows[: 20 + 5 * number]),
            generation=number,
            good_until=date(2027, 1, 28),
        )
        report = following(report, made)
    assert report is not None
    stopped = assessed([row | {"dob": "the third"} for row in rows])
    return msgspec.structs.replace(report, stops=stopped.stops)


PAGES = [pytest.param(full(), id="full"), pytest.param(assessed([]), id="empty")]
pages = pytest.mark.parametrize("report", PAGES)


@pages
def test_the_page_fetches_nothing_and_runs_nothing(report: QualityReport) -> None:
    page = write_page(report)
    html = read(page)
    for node in html.every():
        assert node.tag not in {"script", "link", "img", "iframe", "object", "form", "base", "use"}
        for name, value in node.attributes.items():
            assert name not in {"style", "src", "srcset", "action", "data", "xlink:href"}
            assert not name.startswith("on")
            assert name != "href" or value.startswith("#")
    assert b"url(" not in page
    assert b"@import" not in page
    policies = [
        meta.attributes["content"]
        for meta in html.all("meta")
        if meta.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    digest = b64encode(hashlib.sha256(html.all("style")[0].text.encode()).digest()).decode()
    assert policies == [
        f"default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-{digest}'"
    ]
    assert html.all("style")[0].text == STYLE


@pages
def test_everybody_can_read_the_page(report: QualityReport) -> None:
    html = read(write_page(report))
    assert html.attributes["lang"] == "en-GB"
    [title] = [node for head in html.all("head") for node in head.children if node.tag == "title"]
    assert html.all("h1")[0].text == title.text == f"Quality of the records of {report.agency}"
    levels = [int(node.tag[1]) for node in html.every() if re.fullmatch(r"h[1-6]", node.tag)]
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))
    names = [node.attributes["id"] for node in html.every() if "id" in node.attributes]
    assert len(set(names)) == len(names)
    for link in html.all("a"):
        assert link.attributes["href"].removeprefix("#") in names
    for table in html.all("table"):
        [caption] = table.all("caption")
        assert caption.text
        columns = list(table.all("thead")[0].all("th"))
        assert all(node.attributes["scope"] == "col" and node.text for node in columns)
        for row in table.all("tbody")[0].all("tr"):
            assert len(row.children) == len(columns)
            head, *cells = row.children
            assert (head.tag, head.attributes["scope"]) == ("th", "row")
            assert {cell.tag for cell in cells} == {"td"}
    for chart in html.all("svg"):
        assert chart.attributes["role"] == "img"
        [name] = chart.all("title")
        assert name.text
        assert chart.attributes["aria-labelledby"] == name.attributes["id"]


@pages
def test_every_figure_of_the_document_is_on_the_page(report: QualityReport) -> None:
    said = read(write_page(report)).said()
    for figure in report.figures:
        assert figure.words in said
    for each in (*report.rules, *report.fields):
        assert each.words in said or not each.children
    for step in report.to_do:
        assert step.remedy in said
        assert step.gain in said
    for stop in report.stops:
        assert stop.accept in said


def test_the_page_ends_with_what_to_do_and_says_whom_it_is_for() -> None:
    html = read(write_page(full()))
    main = html.all("main")[0]
    assert main.children[-1].tag == "ol"
    assert main.all("h2")[-1].text == "What to do"
    said = main.children[0].said()
    assert "For your agency alone" in said
    assert "a small count" in said
    assert "28 January 2027" in main.said()


def test_a_trend_is_drawn_from_the_second_import_on() -> None:
    report = full()
    first = msgspec.structs.replace(report, trend=report.trend[:1])
    assert "Trend" not in [node.text for node in read(write_page(first)).all("h2")]
    html = read(write_page(report))
    [table] = [t for t in html.all("table") if t.all("caption")[0].text == "From import to import"]
    rows = {row.children[0].said(): row for row in table.all("tbody")[0].all("tr")}
    cells = [cell.said() for cell in rows["Rows in the file"].children[2:]]
    assert cells == ["25", "25", "33", "33", "+8"]


def test_no_value_becomes_markup() -> None:
    attack = "<script>alert('&amp;')</script>\u202e\x1b[2J"
    page = written(e("p", attack, [attack, e("b", attack), attack], title=attack)).decode()
    assert "<script" not in page.replace('title="<script', "")
    html = page.partition("\n")[2]
    parser = Strict()
    parser.feed(html)
    parser.close()
    [p] = parser.root.children
    seen = attack.replace("\u202e", "\ufffd").replace("\x1b", "\ufffd")
    assert p.attributes["title"].startswith("<script>alert(")
    assert p.said() == 4 * seen
    assert [node.tag for node in p.every()] == ["p", "b"]


def test_a_bar_is_as_long_as_its_share() -> None:
    chart = bars("a", "title", [Bar("x", 1.0, "all"), Bar("y", 0.5, "half"), Bar("z", 0.0, "0")])
    widths = [
        float(rect.get("width", "")) for rect in chart.iter("rect") if rect.get("class") == "bar"
    ]
    assert widths[0] == 2 * widths[1] > widths[2] == 0


def test_the_parts_of_a_whole_fill_it() -> None:
    chart = whole("a", "title", [Part("x", 3, "good"), Part("y", 0, "bad"), Part("z", 1, "aside")])
    parts = [rect for rect in chart.iter("rect") if rect.get("height") == "28"]
    assert [float(rect.get("width", "")) for rect in parts] == [540.0, 180.0]
    whole("a", "title", [Part("x", 0, "good")])


@pytest.mark.parametrize("values", [[], [0.0], [3.0, 3.0], [0.0, 5.0, 2.0]])
def test_a_line_stays_in_its_frame(values: list[float]) -> None:
    chart = line("a", "title", values)
    points = chart.find("polyline")
    assert points is not None
    drawn = [tuple(map(float, pair.split(","))) for pair in points.get("points", "").split()]
    assert len(drawn) == len(values)
    assert all(0 <= x <= 180 and 0 <= y <= 36 for x, y in drawn)


def _luminance(colour: str) -> float:
    """By WCAG 2.2, relative luminance."""
    full_ = "".join(2 * c for c in colour) if len(colour) == 3 else colour
    channels = [int(full_[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(c * w for c, w in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_text_and_shapes_stand_out_from_the_page() -> None:
    texts = re.findall(r"(?<![-\w])color: #([0-9a-f]{3,6})", STYLE)
    assert len(texts) >= 4
    assert all(_contrast(colour, "fff") >= 4.5 for colour in texts)
    shapes = re.findall(r"svg \.(\w+) \{ (?:fill|stroke): #([0-9a-f]{3,6})", STYLE)
    assert all(_contrast(colour, "fff") >= 3 for name, colour in shapes if name != "track")
    assert {"bar", "good", "bad", "aside", "apart", "axis"} <= {name for name, _ in shapes}
