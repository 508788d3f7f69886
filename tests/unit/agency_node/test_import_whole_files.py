"""Any export, in any form and with any damage of one row: each child of it is read exactly, or her
row is named, or the file is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from agency_node.importing.source_file import sheets_of
from agency_node.importing.sources.children import Export, SourceChild
from agency_node.importing.sources.columns import Columns
from agency_node.importing.sources.dates import Order
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.judging import Stated
from agency_node.importing.sources.person_names import NameOrder
from agency_node.importing.sources.reading import Reading, read_export
from deploy.invented.workbooks import xlsx
from fakes.import_world import AS_OF

FORENAMES = ("Quillon", "Zéphyrine", "Marigold", "Anne Marie", "Peregrine", "Łucja", "Núria")
SURNAMES = ("Brackenwood", "O'Fenwick", "Tarrowby-Hale", "Brontë", "Umberleigh", "Quill")
PHONES = ("01632960101", "01632960102", "07700900123")


@dataclass(frozen=True)
class Child:
    local_id: str
    forename: str
    surname: str
    dob: date
    postcode: str
    phone: str
    shield: bool

    def is_read_as(self, found: SourceChild) -> bool:
        """Whether the record says exactly what the file said, apart from groups of digits."""
        who, [row] = found.demographics, found.involvements
        return (
            (who.forename, who.surname, who.dob) == (self.forename, self.surname, self.dob)
            and who.postcode.replace(" ", "") == self.postcode.replace(" ", "")
            and row.desk_phone.replace(" ", "").replace("+44", "0") == self.phone
            and row.shielded is self.shield
        )


@st.composite
def a_class(draw: st.DrawFn) -> list[Child]:
    count = draw(st.integers(1, 12))
    return [
        Child(
            f"P{n:03}",
            draw(st.sampled_from(FORENAMES)),
            draw(st.sampled_from(SURNAMES)),
            AS_OF - timedelta(days=draw(st.integers(300, 18 * 365))),
            f"WX{draw(st.integers(1, 9))} {draw(st.integers(1, 9))}QD",
            draw(st.sampled_from(PHONES)),
            draw(st.booleans()),
        )
        for n in range(count)
    ]


DATES: Mapping[str, Callable[[date], str]] = {
    form: lambda day, form=form: day.strftime(form)
    for form in (
        "%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%b-%Y", "%d/%m/%y", "%Y%m%d", "%m/%d/%Y",
        "%d %B %Y", "%Y-%m-%dT00:00:00Z", "%d/%m/%Y 00:00:00", "%m-%d-%y",
    )
} | {"serial": lambda day: str((day - date(1899, 12, 30)).days)}  # fmt: skip
TELEPHONES: tuple[Callable[[str], str], ...] = (
    str,
    lambda phone: phone[1:],
    lambda phone: f"+44 (0){phone[1:5]} {phone[5:]}",
    lambda phone: f"+44 {phone[1:]}",
    lambda phone: f"({phone[:5]}) {phone[5:]}",
    lambda phone: f"{phone[:5]}\u202f{phone[5:]}",
)
FLAGS = (("Y", "N"), ("yes", ""), ("TRUE", "FALSE"), ("T", "F"), ("1", "0"), ("x", ""), ("-1", "0"))
HEADERS: Mapping[str, tuple[str, ...]] = {
    "local_id": ("local_id", "Local ID", "LOCAL_ID (MIS)"),
    "forename": ("forename", "First Name", "Legal Forename"),
    "surname": ("surname", "Last name", " SURNAME "),
    "dob": ("dob", "Date of Birth", "D.O.B. (UK)"),
    "postcode": ("postcode", "Post code", "Home Postcode"),
    "desk_phone": ("desk_phone", "Desk phone"),
    "shield": ("shield", "Shield"),
}
CONSTANTS = {
    "kind": "EDU_SCHOOL", "status": "OPEN", "start": "", "worker_name": "", "worker_role": "",
    "desk_email": "",
}  # fmt: skip


@dataclass(frozen=True)
class Form:
    """How one system writes its exports."""

    date: str
    phone: Callable[[str], str]
    flags: tuple[str, str]
    one_name: str
    spelling: int
    separator: str
    end: str
    encoding: str
    above: tuple[str, ...]
    below: tuple[str, ...]

    def header(self) -> list[str]:
        names = {ours: theirs[self.spelling % len(theirs)] for ours, theirs in HEADERS.items()}
        if self.one_name:
            del names["forename"]
            names["surname"] = "Name"
        return list(names.values())

    def cells(self, child: Child) -> list[str]:
        names = {
            "": [child.forename, child.surname],
            "comma": [f"{child.surname}, {child.forename}"],
            "words": [f"{child.forename} {child.surname}"],
        }[self.one_name]
        return [
            child.local_id,
            *names,
            DATES[self.date](child.dob),
            child.postcode,
            self.phone(child.phone),
            self.flags[0] if child.shield else self.flags[1],
        ]

    def lines(self, children: Sequence[Child]) -> list[str]:
        rows = [self.header(), *map(self.cells, children)]
        return [self.separator.join(map(self._cell, row)) for row in rows]

    def _cell(self, text: str) -> str:
        if any(c in text for c in (self.separator, '"')):
            return '"' + text.replace('"', '""') + '"'
        return text

    def content(self, lines: Sequence[str]) -> bytes:
        text = self.end.join([*self.above, *lines, *self.below])
        return text.encode(self.encoding, "xmlcharrefreplace")


FORMS = st.builds(
    Form,
    st.sampled_from([*DATES]),
    st.sampled_from(TELEPHONES),
    st.sampled_from(FLAGS),
    st.sampled_from(["", "", "comma", "words"]),
    st.integers(0, 2),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"]),
    st.sampled_from([(), ("Pupils of Oak",), ("Oak", "", "Printed on 1 May 2026")]),
    st.sampled_from([(), ("",), ("", "Total: 12"), ("End of report",)]),
)
READINGS = st.builds(
    Reading,
    st.sampled_from(["", "", "windows-1252", "utf-8"]),
    st.just(""),
    st.just(""),
    st.builds(
        Stated,
        st.sampled_from([None, None, *Order]),
        st.sampled_from([None, NameOrder.FORENAME_FIRST]),
    ),
)


def read(content: object, reading: Reading) -> Export | None:
    """The export, or None for a file that was refused."""
    columns = Columns(constants=CONSTANTS)
    try:
        return read_export(content, as_of=AS_OF, columns=columns, reading=reading)  # type: ignore[arg-type]  # bytes or sheets
    except RefusedFile:
        return None


def lost(children: Sequence[Child], found: Export, first: int) -> list[Child]:
    """Those who were neither read exactly nor named. ``first``: the line of the first of them."""
    by_id = {child.local_id: child for child in found.children}
    named = {fault.line for fault in (*found.refused, *found.remarks)}
    return [
        child
        for line, child in enumerate(children, first)
        if not (child.local_id in by_id and child.is_read_as(by_id[child.local_id]))
        and line not in named
    ]


def fits(reading: Reading, form: Form) -> bool:
    """Whether what is stated is true of dates and names, where they need it."""
    stated = reading.stated.dates
    month_first = form.date.startswith("%m")
    wrong = stated is not None and stated is not (
        Order.MONTH_FIRST if month_first else Order.DAY_FIRST
    )
    return not (wrong and form.date.startswith(("%m", "%d/", "%d.")))


@given(a_class(), FORMS, READINGS)
def test_every_child_of_any_export_is_read_exactly_or_named_or_the_file_is_refused(
    children: list[Child], form: Form, reading: Reading
) -> None:
    found = read(form.content(form.lines(children)), reading)
    if found is not None and fits(reading, form):
        assert lost(children, found, len(form.above) + 2) == []
        assert found.rows == len(children)


@given(a_class(), FORMS)
def test_an_export_of_which_all_is_stated_is_read_whole(children: list[Child], form: Form) -> None:
    """The statements above refuse many files; this one reads all of them."""
    order = Order.MONTH_FIRST if form.date.startswith("%m") else Order.DAY_FIRST
    encoding = "windows-1252" if form.encoding == "cp1252" else ""
    stated = Stated(order, NameOrder.FORENAME_FIRST)
    content = form.content(form.lines(children))
    if form.separator == ";" and b"&#" in content:
        return  # a sign that the encoding lacks is written with the separator of the file
    found = read(content, Reading(encoding, stated=stated))
    if found is None and encoding:
        found = read(content, Reading(stated=stated))  # no letter with an accent: it is ASCII
    assert found is not None
    two_words = [child for child in children if " " in child.forename and form.one_name == "words"]
    assert len(found.children) == len(children)
    assert lost(children, found, len(form.above) + 2) in ([], two_words)
    assert found.refused == ()


@given(a_class(), FORMS.filter(lambda form: form.one_name != "words"))
def test_the_same_rows_of_a_workbook_are_read_alike(children: list[Child], form: Form) -> None:
    order = Order.MONTH_FIRST if form.date.startswith("%m") else Order.DAY_FIRST
    rows = [form.header(), *map(form.cells, children)]
    found = read(sheets_of(xlsx({"Pupils": rows})), Reading(stated=Stated(order)))
    assert found is not None
    assert lost(children, found, 2) == []
    true_dates = [
        [child.dob if cell == DATES[form.date](child.dob) else cell for cell in form.cells(child)]
        for child in children
    ]
    same = read(sheets_of(xlsx({"Pupils": [form.header(), *true_dates]})), Reading())
    assert same is not None
    assert same.children == found.children


# ---- damage --------------------------------------------------------------------------------------


@st.composite
def damaged(draw: st.DrawFn, line: str, separator: str) -> str:
    """A row of which something was lost or added on the way, but no letter of a field changed."""
    place = draw(st.integers(0, len(line)))
    mark = draw(st.sampled_from(['"', separator, "\n", "\r", '"\n', "\x07", "\ufffd"]))
    match draw(st.sampled_from(["add", "cut", "remove", "join"])):
        case "add":
            return line[:place] + mark + line[place:]
        case "cut":
            return line[: min(place, line.rfind(separator))]
        case "remove":
            return line.replace(separator, "", 1)
        case _:
            return line.replace(separator, " ", 1)


@given(st.data(), a_class(), FORMS)
def test_one_damaged_row_never_loses_another_child(
    data: st.DataObject, children: list[Child], form: Form
) -> None:
    order = Order.MONTH_FIRST if form.date.startswith("%m") else Order.DAY_FIRST
    lines = form.lines(children)
    hit = data.draw(st.integers(1, len(children)))
    lines[hit] = data.draw(damaged(lines[hit], form.separator))
    encoding = "windows-1252" if form.encoding == "cp1252" else ""
    stated = Stated(order, NameOrder.FORENAME_FIRST)
    found = read(form.content(lines), Reading(encoding, stated=stated))
    if found is None or (form.separator == ";" and "&#" in form.content(lines).decode("latin-1")):
        return
    whole = [child for place, child in enumerate(children, 1) if place != hit]
    by_id = {child.local_id: child for child in found.children}
    taken = [child for child in whole if child.local_id in by_id]
    named = {fault.line for fault in (*found.refused, *found.remarks)}
    assert len(whole) - len(taken) <= len(named)
    assert all(
        child.is_read_as(by_id[child.local_id])
        or by_id[child.local_id].involvements[0].shielded  # the damaged row may shield her
        or (" " in child.forename and form.one_name == "words")
        for child in taken
    )
