"""A council's Standard Safeguarding Dataset: one CSV for each table, in an archive.

Source: Data to Insight, Standard Safeguarding Dataset, release 1.3.5; of each table the columns in
``data/ssd_columns.csv``. The column ``shield`` is not the dataset's: a view of this council has it.

A plan or an episode says by its table what it is; who works with the child is in her involvement,
where the plan does not say it. The dataset has no telephone numbers, so each team is in the
directory of desks.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from deploy.demo.people.agencies import DATA
from deploy.demo.people.exports import Row, numbered_workers, worker_of
from deploy.invented.tables import read_rows
from deploy.invented.workbooks import packed
from fingerpost.protocol.codes import Kind

TEAM: Final = "team"
"""The column by which desks are joined: also the name that a node gives to the dataset's teams."""
_FRONT, _FAMILIES, _CARE = (
    "Referral and assessment team",
    "Family safeguarding team",
    "Children in care team",
)
TEAMS: Final = (_FRONT, _FAMILIES, _CARE)
_TEAM_OF: Final[Mapping[Kind, str]] = {
    Kind.CSC_FRONT_DOOR: _FRONT,
    Kind.CSC_ASSESSMENT: _FRONT,
    Kind.CSC_CIN: _FAMILIES,
    Kind.CSC_CP: _FAMILIES,
    Kind.CSC_CLA: _CARE,
    Kind.CSC_LEAVING_CARE: _CARE,
}
_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    row["table"]: row["columns"].split() for row in read_rows(DATA / "ssd_columns.csv")
}
_LONG_AGO: Final = ("2015-01-12", "2015-06-30")
"""Of a referral that was closed long ago: no council is without any."""

Cells = dict[str, str]


def archive(rows: Sequence[Row]) -> bytes:
    """Return the archive; rows are in the columns of ``exports``."""
    tables: defaultdict[str, list[Cells]] = defaultdict(list)
    workers = numbered_workers(rows, "P")
    for (name, role), number in workers.items():
        tables["ssd_professionals"].append(
            _cells("prof_professional_", id=number, name=name, job_title=role)
        )
    for team in TEAMS:
        tables["ssd_department"].append(_cells("dept_team_", id=_id(team), name=team))
    for row in rows:
        _add_person(tables, row)
        _add_case(tables, row, workers[worker_of(row)])
    _add_long_ago(tables, rows[0])
    return packed({f"ssd/{name}.csv": _text(name, tables[name]) for name in _COLUMNS})


def _text(table: str, rows: Sequence[Cells]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS[table], restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _add_person(tables: Mapping[str, list[Cells]], row: Row) -> None:
    number = row["local_id"]
    tables["ssd_person"].append(
        _cells(
            "pers_",
            person_id=number,
            forename=row["forename"],
            surname=row["surname"],
            sex=row["sex"],
            dob=row["dob"],
            single_unique_id=row["health_number"],
        )
        | {"shield": row["shield"]}
    )
    tables["ssd_address"].append(
        _cells("addr_", person_id=number, address_postcode=row["postcode"])
    )
    if row["upn"]:
        kind = "Unique Pupil Number"
        tables["ssd_linked_identifiers"].append(
            _cells("link_", person_id=number, identifier_type=kind, identifier_value=row["upn"])
        )


def _add_case(tables: Mapping[str, list[Cells]], row: Row, worker: str) -> None:
    """Add the plan or episode of a row, and the involvement that says who works with her."""
    person, start, end = row["local_id"], row["start"], row["end"]
    kind = Kind[row["kind"]]
    team = _id(_TEAM_OF[kind])
    by = {"team": team, "worker_id": worker}
    match kind:
        case Kind.CSC_CIN:
            plan = _cells("cinp_cin_plan_", start_date=start, end_date=end, **by)
            tables["ssd_cin_plans"].append({"cinp_person_id": person} | plan)
            return
        case Kind.CSC_ASSESSMENT:
            made = _cells("cina_assessment_", start_date=start, auth_date=end, **by)
            tables["ssd_cin_assessments"].append({"cina_person_id": person} | made)
            return
        case Kind.CSC_LEAVING_CARE:
            eligible = {"eligibility": "Relevant child", "in_touch": "YES"}
            by = {"allocated_team": team, "worker_id": worker}
            leaver = _cells("clea_care_leaver_", **eligible, **by)
            tables["ssd_care_leavers"].append({"clea_person_id": person} | leaver)
            return
        case Kind.CSC_CP:
            dates = _cells("cppl_cp_plan_", start_date=start, end_date=end)
            tables["ssd_cp_plans"].append({"cppl_person_id": person} | dates)
        case Kind.CSC_CLA:
            dates = _cells("clae_cla_episode_", start_date=start, ceased_date=end)
            tables["ssd_cla_episodes"].append({"clae_person_id": person} | dates)
        case _:
            pass
    # With an end it would say of a plan that is over that there was the front door as well.
    if kind is Kind.CSC_FRONT_DOOR or not end:
        tables["ssd_involvements"].append(_involvement(person, start, end, team, worker))


def _involvement(person: str, start: str, end: str, team: str, worker: str) -> Cells:
    dates = _cells("invo_involvement_", start_date=start, end_date=end)
    by = _cells("invo_professional_", team=team, id=worker)
    return {"invo_person_id": person} | dates | by


def _add_long_ago(tables: Mapping[str, list[Cells]], row: Row) -> None:
    start, end = _LONG_AGO
    person = row["local_id"]
    tables["ssd_cin_episodes"].append(
        _cells("cine_", person_id=person, referral_date=start, close_date=end, close_reason="RC8")
    )
    tables["ssd_involvements"].append(_involvement(person, start, end, _id(_FRONT), ""))


def _cells(prefix: str, **cells: str) -> Cells:
    return {f"{prefix}{name}": cell for name, cell in cells.items()}


def _id(team: str) -> str:
    return f"T{TEAMS.index(team) + 1}"
