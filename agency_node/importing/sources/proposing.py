"""Propose a mapping file from a sample of an export. Pure.

Law: what is certain is written; what is likely is written and listed in ``confirm``; what is
neither is left out of the import and listed, too. A mapping with such a list reads nothing, so
nothing that a program guessed is ever imported. Names of columns and the words of kinds and states
stand in the proposal; nothing of any other cell does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice
from types import MappingProxyType
from typing import Final

from agency_node.importing.sources import fields as read
from agency_node.importing.sources.cells import clean
from agency_node.importing.sources.columns import OF_A_NAME, REQUIRED, Columns, squeezed
from agency_node.importing.sources.dates import Judge
from agency_node.importing.sources.encodings import named
from agency_node.importing.sources.faults import FileFault, RefusedFile
from agency_node.importing.sources.fields import BadField
from agency_node.importing.sources.judging import DATES, years_of
from agency_node.importing.sources.person_names import split
from agency_node.importing.sources.reading import (
    Content,
    DeskDirectory,
    Reading,
    open_table,
    with_desks,
)
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.sources.ssds_tables import Tables, Texts
from agency_node.importing.sources.table import Row, Table
from fingerpost.private.demographics import read_health_number
from fingerpost.private.linkage.normal_form import read_upn
from fingerpost.runtime.screen_text import json_lines

SAMPLE_ROWS: Final = 5000
_MOST_WORDS: Final = 40
_WORDS_OF_A_FLAG: Final = 4
_LIKELY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "local_id": (
            "pupil id, pupil no, pupil number, student id, student number, admission number, "
            "admission no, adno, person id, patient id, patient number, child id, client id, case "
            "id, case number, case ref, case reference, reference, id, ref, mosaic id, lcs id, "
            "unique id, ssd person id, mis id"
        ),
        "aliases": "alias, also known as, aka, other names, other name",
        "former_postcodes": "previous postcode, former postcode, previous postcodes",
        "kind": (
            "involvement, involvement type, service, service type, team type, category, case type"
        ),
        "status": (
            "case status, involvement status, enrolment status, record status, enrollment status, "
            "state, on roll, pupil status"
        ),
        "start": (
            "date opened, opened, admission date, date of admission, entry date, referral date, "
            "date of referral, involvement start date, from, registered, registration date, "
            "joined, date of entry"
        ),
        "end": (
            "date closed, closed, leaving date, date of leaving, involvement end date, closure "
            "date, to, left, discharge date"
        ),
        "worker_name": (
            "worker, key worker, lead worker, allocated worker, practitioner, social worker, "
            "tutor, form tutor, head of year, team, team name, dsl, designated safeguarding lead, "
            "health visitor, registered gp, contact name"
        ),
        "worker_role": "role, job title, title of worker, position",
        "desk_phone": (
            "phone, telephone, tel, tel no, telephone number, phone number, contact number, team "
            "telephone, team phone, office phone, school phone, work telephone, worker phone, "
            "worker telephone"
        ),
        "desk_email": (
            "email, e-mail, email address, team email, worker email, contact email, office email"
        ),
        "ooh_phone": "out of hours, out of hours phone, out of hours telephone, ooh",
        "hours": "opening hours, office hours, hours of work",
        "shield": (
            "shielded, restricted, restricted access, confidential, protected, access restricted, "
            "restricted record, do not disclose, non disclosure, do not share, withhold, withheld, "
            "do not trace, whereabouts confidential, address confidential, confidential address"
        ),
        "sensitive": "sensitive service, sensitive record",
        "due": "edd, expected date of delivery, due date, estimated date of delivery",
        "lead": "lead practitioner, lead professional",
        "early_help": "early help assessment, eha",
        "dob_precision": "dob accuracy, dob estimated",
    }
)
_MEANT: Final = MappingProxyType(
    {squeezed(other): ours for ours, others in _LIKELY.items() for other in others.split(",")}
)
_WORDS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "status": {
            **dict.fromkeys(("active", "current", "on roll", "opened", "live", "c", "a"), "OPEN"),
            **dict.fromkeys(("in progress", "enrolled", "registered", "allocated", "o"), "OPEN"),
            **dict.fromkeys(("inactive", "left", "leaver", "discharged", "complete"), "CLOSED"),
            **dict.fromkeys(("completed", "off roll", "deregistered", "former"), "CLOSED"),
            **dict.fromkeys(("pending", "waiting", "waiting list", "future", "new"), "PLANNED"),
        },
        "kind": {
            **dict.fromkeys(("cin", "child in need", "section 17", "s17"), "CSC_CIN"),
            **dict.fromkeys(("cp", "cpp", "child protection", "child protection plan"), "CSC_CP"),
            **dict.fromkeys(("cla", "lac", "looked after", "child looked after"), "CSC_CLA"),
            **dict.fromkeys(("early help", "eh", "tac", "tas"), "EARLY_HELP"),
            **dict.fromkeys(("assessment", "c&f", "single assessment"), "CSC_ASSESSMENT"),
            **dict.fromkeys(("leaving care", "care leaver"), "CSC_LEAVING_CARE"),
            **dict.fromkeys(("hv", "health visiting", "health visitor"), "HEALTH_VISITING"),
            **dict.fromkeys(("school nursing", "school nurse", "sn"), "SCHOOL_NURSING"),
        },
    }
)
_FLAGS: Final = ("shield", "sensitive", "lead", "early_help", "by_hand")
_READERS: Final[Mapping[str, Callable[[str], object]]] = MappingProxyType(
    {"kind": read.read_kind, "sex": read.read_sex, **dict.fromkeys(_FLAGS, read.read_flag)}
)
_EMPTY_IS_FINE: Final = ("forename", "surname", "start", "worker_name", "worker_role", "desk_email")
_SUCH: Final = {"kind": ": such as EDU_SCHOOL, GP or CSC_CIN (docs/import.md lists all)"}
_STATES: Final = frozenset({"OPEN", "PLANNED", "RECENT", "CLOSED", "ENDED"})
_ABOUT: Final = """\
# How the exports of one system are read: fingerpost-node import --mapping THIS-FILE ...
# Look at each line that is named in the list confirm, mend it, and delete it from the list.
# Nothing is imported by this file while the list has a line.
"""


@dataclass(slots=True, repr=False)
class _Proposal:
    reading: Reading
    columns: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    confirm: list[str] = field(default_factory=list)


def propose(
    content: Content, reading: Reading, as_of: date, desks: DeskDirectory | None = None
) -> str:
    """Return the text of a mapping file for exports like this one.

    Args:
        reading: what the operator stated already.
        desks: the directory that will be joined to them.

    Raises:
        RefusedFile: the file is none that can be read.
    """
    made = _Proposal(reading)
    table = with_desks(_opened(content, made), Columns(), reading, desks)
    rows = [row for row in islice(table.rows(), SAMPLE_ROWS) if not isinstance(row.cells, Reason)]
    _propose_columns(made, table, rows)
    _propose_constants(made)
    _propose_values(made, table, rows)
    _propose_order(made, table, rows, as_of)
    _propose_foot(made, table)
    return _written(made)


def _known(cells: Sequence[str]) -> int:
    """Count the names of columns that are certain or likely."""
    certain = Columns()
    return sum(
        1
        for cell in cells
        if cell.strip() and (certain.name_of(cell) is not None or squeezed(cell) in _MEANT)
    )


def _opened(content: Content, made: _Proposal) -> Table:
    """Return the table, and state encoding or sheet where the file needs that."""
    try:
        return open_table(content, made.reading, _known)
    except RefusedFile as refused:
        fault = refused.faults[0]
    if fault.reason is Reason.ENCODING_NOT_STATED:
        likely = named(fault.shapes[0].rpartition(" ")[2]) or "windows-1252"
        made.reading = replace(made.reading, encoding=likely)
        made.confirm.append("encoding: look whether letters with accents come out right")
        return open_table(content, made.reading, _known)
    if fault.reason is Reason.SHEET_NOT_STATED and not isinstance(content, bytes | Texts | Tables):
        first = max(content, key=lambda sheet: max(map(_known, sheet.rows[:30]), default=0))
        made.reading = replace(made.reading, sheet=first.name)
        made.confirm.append("sheet: more than one has rows")
        return open_table(content, made.reading, _known)
    raise RefusedFile.of((fault,))


def _propose_columns(made: _Proposal, table: Table, rows: Sequence[Row]) -> None:
    certain = Columns()
    taken = {ours for written in table.header if (ours := certain.name_of(written)) if written}
    for place, written in enumerate(table.header):
        if not written or certain.name_of(written):
            continue
        ours = _MEANT.get(squeezed(written)) or _by_content(_cells(rows, place))
        if ours and ours not in taken:
            taken.add(ours)
            made.columns[written] = ours
            made.confirm.append(f"columns: {written} = {ours}")
        else:
            made.columns[written] = ""
            made.confirm.append(f"columns: {written} is left out{_may_flag(_cells(rows, place))}")
    for written in table.header:
        ours = certain.name_of(written) if written else None
        if ours and squeezed(written) != squeezed(ours):
            made.columns[written] = ours
    if "name" in taken and taken & {*OF_A_NAME}:
        for written in table.header:
            if written and certain.name_of(written) == "name":
                made.columns[written] = ""


def _may_flag(cells: Sequence[str]) -> str:
    """Return what to ask of a column of yes and no that is left out: it may protect children."""
    some = {cell for cell in cells if cell}
    if not some or len(some) > _WORDS_OF_A_FLAG or not all(_is_read("shield", c) for c in some):
        return ""
    return ". It says yes or no: does it mark children who must not be found (shield)?"


def _by_content(cells: Sequence[str]) -> str:
    """Return what most cells of a column can be and nothing else can; or nothing."""
    some = [cell for cell in cells if cell][:200]
    for ours, reader in (("health_number", read_health_number), ("upn", read_upn)):
        if len(some) > 1 and sum(reader(cell) is not None for cell in some) > 0.8 * len(some):
            return ours
    return ""


def _cells(rows: Sequence[Row], place: int) -> list[str]:
    return [clean(row.cells[place]) for row in rows if not isinstance(row.cells, Reason)]


def _places(made: _Proposal, table: Table) -> Iterator[tuple[int, str]]:
    columns = Columns({name: ours for name, ours in made.columns.items() if ours})
    for place, written in enumerate(table.header):
        if written and made.columns.get(written) != "" and (ours := columns.name_of(written)):
            made.constants.pop(ours, None)
            yield place, ours


def _propose_constants(made: _Proposal) -> None:
    for name in REQUIRED:
        made.constants[name] = "OPEN" if name == "status" else ""


def _propose_values(made: _Proposal, table: Table, rows: Sequence[Row]) -> None:
    """Propose words for those of the file that are none of ours, and for columns that are not
    there.
    """
    present = {ours: place for place, ours in _places(made, table)}
    if "name" in present:
        for name in OF_A_NAME:
            made.constants.pop(name, None)
    for name in made.constants:
        if name not in _EMPTY_IS_FINE:
            made.confirm.append(
                f"constants: {name}, which the file does not have{_SUCH.get(name, '')}"
            )
    for ours in ("kind", "status", "sex", *_FLAGS):
        if ours not in present:
            continue
        words = Counter(cell for cell in _cells(rows, present[ours]) if not _is_read(ours, cell))
        if len(words) > _MOST_WORDS:
            made.confirm.append(f"columns: {ours} has more than {_MOST_WORDS} words")
            continue
        for word, _ in words.most_common():
            meant = _WORDS.get(ours, {}).get(word.casefold(), "")
            made.values.setdefault(ours, {})[word] = meant
            made.confirm.append(f"values.{ours}: {word or 'an empty cell'}")


def _is_read(ours: str, text: str) -> bool:
    if ours == "status":
        return text.upper() in _STATES
    try:
        _READERS[ours](text)
    except BadField:
        return False
    return True


def _propose_order(made: _Proposal, table: Table, rows: Sequence[Row], as_of: date) -> None:
    stated = made.reading.stated
    present = {ours: place for place, ours in _places(made, table)}
    for column in DATES:
        if column not in present:
            continue
        judge = Judge(column, years_of(column, as_of), stated.dates)
        for text in _cells(rows, present[column]):
            judge.add(text)
        if isinstance(found := judge.verdict(), FileFault):
            made.confirm.append(f'dates: {found} State dates = "day-first" or "month-first".')
    names = _cells(rows, present["name"]) if "name" in present else []
    if any(split(name, stated.names) is Reason.NAME_ORDER_NOT_STATED for name in names):
        made.confirm.append('names: state names = "forename-first" or "surname-first"')


def _propose_foot(made: _Proposal, table: Table) -> None:
    """Propose that the number below the table counts the header, where it is one too high."""
    if table.foot is not None and sum(1 for _ in table.rows()) == table.foot - 1:
        made.reading = replace(made.reading, foot_counts_header=True)
        made.confirm.append(
            "foot_counts_header: the number below the table is one more than its rows. Does it "
            "count the header, or is a row missing?"
        )


def _written(made: _Proposal) -> str:
    stated = made.reading.stated
    lines = [_ABOUT]
    if made.confirm:
        lines += ["confirm = [", *(f"    {_text(line)}," for line in made.confirm), "]"]
    for name in ("encoding", "separator", "sheet", "desk_key"):
        if value := getattr(made.reading, name):
            lines.append(f"{name} = {_text(value)}")
    for name, order in (("dates", stated.dates), ("names", stated.names)):
        lines.append(f"{name} = {_text(order.value)}" if order else f'# {name} = ""')
    if made.reading.foot_counts_header:
        lines.append("foot_counts_header = true")
    tables: list[tuple[str, Mapping[str, str]]] = [
        ("columns", made.columns),
        ("constants", made.constants),
        *((f"values.{ours}", words) for ours, words in made.values.items()),
    ]
    for name, pairs in tables:
        if pairs:
            lines += ["", f"[{name}]"]
            lines += [f"{_text(key)} = {_text(value)}" for key, value in pairs.items()]
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    """Return a text of TOML, which writes it as JSON does."""
    return json_lines(value).decode().strip()
