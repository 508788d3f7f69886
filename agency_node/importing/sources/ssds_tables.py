"""The tables of the Standard Safeguarding Dataset: which there must be, and how files of them are
read. Pure.

Source: the specification of the dataset by Data to Insight, whose tables begin with ``ssd_``.

Law: only the columns named here are read. Every table named here must be there, though it may be
empty: children would be missing with a table that is. All that is missing is said at once. A file
with a line that cannot be read is refused, since the line may be about any child.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from agency_node.importing.sources.encodings import decode
from agency_node.importing.sources.faults import FileFault, RefusedFile
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.sources.separated import read_separated
from agency_node.importing.sources.table import Table
from fingerpost.runtime.screen_text import counted

PERSON: Final = "ssd_person"
TABLES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        PERSON: (
            *("pers_person_id", "pers_forename", "pers_surname", "pers_sex", "pers_dob"),
            *("pers_expected_dob", "pers_death_date", "pers_single_unique_id"),
            *("pers_upn?", "shield?"),
        ),
        "ssd_linked_identifiers": (
            *("link_person_id", "link_identifier_type", "link_identifier_value"),
            *("link_valid_from_date", "link_valid_to_date"),
        ),
        "ssd_address": (
            *("addr_person_id", "addr_address_postcode"),
            *("addr_address_start_date", "addr_address_end_date"),
        ),
        "ssd_professionals": (
            *("prof_professional_id", "prof_professional_name", "prof_professional_job_title"),
        ),
        "ssd_department": ("dept_team_id", "dept_team_name"),
        "ssd_involvements": (
            *("invo_person_id", "invo_involvement_start_date", "invo_involvement_end_date"),
            *("invo_professional_team", "invo_professional_id"),
        ),
        "ssd_cla_episodes": (
            *("clae_person_id", "clae_cla_episode_start_date", "clae_cla_episode_ceased_date"),
            "clae_cla_episode_ceased_reason",
        ),
        "ssd_cp_plans": ("cppl_person_id", "cppl_cp_plan_start_date", "cppl_cp_plan_end_date"),
        "ssd_cin_plans": (
            *("cinp_person_id", "cinp_cin_plan_start_date", "cinp_cin_plan_end_date"),
            *("cinp_cin_plan_team", "cinp_cin_plan_worker_id"),
        ),
        "ssd_cin_episodes": (
            *("cine_person_id", "cine_referral_date", "cine_close_date", "cine_close_reason"),
        ),
        "ssd_care_leavers": (
            *("clea_person_id", "clea_care_leaver_eligibility", "clea_care_leaver_in_touch"),
            *("clea_care_leaver_allocated_team", "clea_care_leaver_worker_id"),
        ),
        "ssd_cin_assessments": (
            *("cina_person_id", "cina_assessment_start_date", "cina_assessment_auth_date"),
            *("cina_assessment_team", "cina_assessment_worker_id"),
        ),
        "ssd_early_help_episodes": (
            *("earl_person_id", "earl_episode_start_date", "earl_episode_end_date"),
            *("earl_episode_organisation", "earl_episode_worker_id"),
        ),
    }
)
"""What is read, by table. A column with ``?`` may be missing: some releases of the dataset have no
``pers_upn``, and ``shield`` is ours, for a council whose view marks restricted records."""
_OTHER_NAMES: Final = MappingProxyType({"pers_single_unique_id": "pers_common_child_id"})
"""What earlier releases call a column."""
_FILLERS: Final = frozenset({"SSD_PH", "PLACEHOLDER_DATA"})
"""What the scripts of the dataset write where a system has nothing."""
_NULLS: Final = frozenset({"NULL", "(NULL)"})
_NAMES: Final = frozenset({"pers_forename", "pers_surname"})
_LINES_SAID: Final = 10

Record = Mapping[str, str]


@dataclass(frozen=True, slots=True, repr=False)
class Tables:
    """The dataset, as texts.

    Attributes:
        rows: by table, in the order of ``TABLES``; "" in a column that is not there.
        lines: where each row of ``ssd_person`` stands, for the report.
        ended: whether every text ends with the end of a line, as ``Table``.
    """

    rows: Mapping[str, Sequence[tuple[str, ...]]]
    lines: Sequence[int]
    ended: bool = True

    def __repr__(self) -> str:
        return f"Tables({len(self.lines)} persons)"

    def digest(self) -> bytes:
        """Return 32 bytes that do not depend on the order of rows: a database has none."""
        made = hashlib.sha256()
        for table in TABLES:
            for row in sorted(self.rows[table]):
                made.update("\x1f".join((table, *row, "\x1e")).encode("utf-8", "surrogatepass"))
        return made.digest()

    def records(self, table: str) -> Iterator[Record]:
        """Yield the rows of a table by column, without what stands for nothing."""
        columns = [column.rstrip("?") for column in TABLES[table]]
        for row in self.rows[table]:
            cells = zip(columns, row, strict=True)
            yield {column: _meant(column, cell.strip()) for column, cell in cells}


@dataclass(frozen=True, slots=True, repr=False)
class Texts:
    """The dataset as files: by table, a text with separators."""

    of: Mapping[str, bytes]

    def __repr__(self) -> str:
        return f"Texts({len(self.of)} tables)"

    def digest(self) -> bytes:
        """Return 32 bytes, whatever the order of the files."""
        made = hashlib.sha256()
        for table in sorted(self.of):
            made.update(table.encode() + hashlib.sha256(self.of[table]).digest())
        return made.digest()


def table_named(name: str) -> str:
    """Return the table that a file of this name holds (``SSD_Person.csv``), or ""."""
    stem, _, ending = name.lower().rpartition(".")
    return stem if stem in TABLES and ending in {"csv", "txt"} else ""


def _meant(column: str, cell: str) -> str:
    """Return "" for what stands for nothing. A person may be called Null."""
    if cell in _FILLERS or (cell.upper() in _NULLS and column not in _NAMES):
        return ""
    return cell


def choose(found: Mapping[str, Collection[str]]) -> Mapping[str, tuple[str, ...]]:
    """Return by table the names of the columns to read; "" for one that is not there.

    Args:
        found: by table, the columns that there are, in lower case.

    Raises:
        RefusedFile: TABLE_MISSING and COLUMN_MISSING, for all that are.
    """
    faults: list[FileFault] = []
    chosen: dict[str, tuple[str, ...]] = {}
    for table, wanted in TABLES.items():
        if table not in found:
            faults.append(FileFault(Reason.TABLE_MISSING, table))
            continue
        names = [_there(column.rstrip("?"), found[table]) for column in wanted]
        chosen[table] = tuple(names)
        faults += [
            FileFault(Reason.COLUMN_MISSING, f"{table}.{column}")
            for column, name in zip(wanted, names, strict=True)
            if not name and not column.endswith("?")
        ]
    if faults:
        raise RefusedFile.of(faults)
    return chosen


def _there(column: str, found: Collection[str]) -> str:
    names = (column, _OTHER_NAMES.get(column, column))
    return next((name for name in names if name in found), "")


def read_texts(texts: Texts, encoding: str = "", header_lines: int = 0) -> Tables:
    """Read the dataset from one text for each table.

    Args:
        encoding: one of ``encodings.ENCODINGS`` for all of them, or empty.
        header_lines: how many of them the line below a table counts as rows, 0 or 1.

    Raises:
        RefusedFile: a table or a column is missing; TABLE_NOT_READ, with the lines, or with the
            rows where a line below them counts more; or a text cannot be read.
    """
    there = [table for table in TABLES if table in texts.of]
    opened = {table: _opened(table, texts.of[table], encoding) for table in there}
    headers = {table: [*map(str.lower, read.header)] for table, read in opened.items()}
    chosen = choose(headers)
    rows: dict[str, list[tuple[str, ...]]] = {}
    faults: list[FileFault] = []
    lines: list[int] = []
    for table, names in chosen.items():
        places = [headers[table].index(name) if name else -1 for name in names]
        rows[table] = []
        for row in opened[table].rows():
            if isinstance(row.cells, Reason):
                faults.append(FileFault(Reason.TABLE_NOT_READ, f"{table}, line {row.number}"))
                continue
            rows[table].append(tuple(row.cells[place] if place >= 0 else "" for place in places))
            if table == PERSON:
                lines.append(row.number)
        foot, read = opened[table].foot, len(rows[table])
        if foot is not None and read < foot - header_lines:
            faults.append(
                FileFault(Reason.TABLE_NOT_READ, f"{table}, {read} of {counted(foot, 'row')}")
            )
    if faults:
        raise RefusedFile.of(faults[:_LINES_SAID])
    return Tables(rows, lines, all(read.ended for read in opened.values()))


def _opened(table: str, content: bytes, encoding: str) -> Table:
    """Raises ``RefusedFile``, with the name of the table."""
    wanted = frozenset(column.rstrip("?") for column in TABLES[table])

    def known(cells: Sequence[str]) -> int:
        return sum(1 for cell in cells if cell.strip().lower() in wanted)

    try:
        return read_separated(decode(content, encoding).text, known)
    except RefusedFile as refused:
        faults = [FileFault(each.reason, table, each.shapes) for each in refused.faults]
        raise RefusedFile.of(faults) from None
