"""A council's Standard Safeguarding Dataset with invented children: as tables, texts, an archive,
or statements that make a database.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from agency_node.importing.sources.ssds_tables import TABLES, Tables, Texts, read_texts
from deploy.invented.workbooks import packed

Rows = list[dict[str, str]]
COLUMNS: Mapping[str, tuple[str, ...]] = {
    table: tuple(column.rstrip("?") for column in columns) for table, columns in TABLES.items()
}


@dataclass
class Council:
    """The rows of each table; a column that a row does not name is empty.

    ``leave_out``: columns that the council does not have. ``more``: columns that no import reads.
    """

    rows: dict[str, Rows] = field(default_factory=lambda: {table: [] for table in TABLES})
    leave_out: frozenset[str] = frozenset({"shield"})
    more: tuple[str, ...] = ()

    def add(self, table: str, **cells: str) -> Council:
        self.rows[table].append(cells)
        return self

    def child(self, number: str, **cells: str) -> Council:
        """A child with a name, a birthday and a home, and nobody who works with her. The first has
        an episode of long ago, since no council is without any.
        """
        if not self.rows["ssd_cin_episodes"]:
            self.add(
                "ssd_cin_episodes",
                cine_person_id=number,
                cine_referral_date="2018-01-01",
                cine_close_date="2019-01-01",
            )
        home = cells.pop("postcode", "WX1 3QD")
        row = {
            "pers_person_id": number,
            "pers_forename": "Theodora",
            "pers_surname": "Quillfeather",
            "pers_sex": "F",
            "pers_dob": "2014-05-06",
        } | cells
        self.add("ssd_person", **row)
        return self.add("ssd_address", addr_person_id=number, addr_address_postcode=home)

    def worker(self, number: str = "W1", name: str = "Ms Ottoline Vance") -> Council:
        return self.add(
            "ssd_professionals",
            prof_professional_id=number,
            prof_professional_name=name,
            prof_professional_job_title="Social worker",
        ).add("ssd_department", dept_team_id=f"T{number}", dept_team_name=f"Team of {number}")

    def involved(self, number: str, start: str = "2026-01-05", end: str = "") -> Council:
        return self.add(
            "ssd_involvements",
            invo_person_id=number,
            invo_involvement_start_date=start,
            invo_involvement_end_date=end,
            invo_professional_team="TW1",
            invo_professional_id="W1",
        )

    def header(self, table: str) -> list[str]:
        kept = [column for column in COLUMNS[table] if column not in self.leave_out]
        return [*kept, *self.more]

    def texts(self) -> dict[str, bytes]:
        """A text for each table, by its name."""
        found = {}
        for table, rows in self.rows.items():
            text = io.StringIO()
            writer = csv.DictWriter(text, self.header(table), restval="", extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
            found[table] = text.getvalue().encode()
        return found

    def tables(self) -> Tables:
        return read_texts(Texts(self.texts()))

    def archive(self, folder: str = "") -> bytes:
        return packed({f"{folder}{table}.csv": text for table, text in self.texts().items()})

    def statements(self, schema: str = "") -> Iterator[tuple[str, list[tuple[str | None, ...]]]]:
        """What makes the tables of a database, and fills them; ``?`` stands for a value."""
        for table, rows in self.rows.items():
            header = self.header(table)
            columns = ", ".join(f"{column} {_type_of(column)}" for column in header)
            name, marks = f"{schema}{table}", ", ".join("?" for _ in header)
            yield f"CREATE TABLE {name} ({columns})", []
            filled = [tuple(row.get(column) or None for column in header) for row in rows]
            yield f"INSERT INTO {name} VALUES ({marks})", filled  # noqa: S608 - invented rows


def _type_of(column: str) -> str:
    return "TIMESTAMP" if column.endswith(("_date", "_dob")) else "VARCHAR(300)"
