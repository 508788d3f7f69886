"""From the tables of the Standard Safeguarding Dataset to rows. Pure.

Law: every plan, episode and involvement is a row, and its kind follows from its table
(``KINDS``; ``docs/decisions/0057``). A person whom none of them names is counted; a plan whose
person is not there becomes a row with her number alone, which is refused, and so reported.

The record of a child from before her adoption is hidden. The dataset says so by the reason for
which a case was closed or care ended; after it, the child has another record, and nothing may link
the two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from agency_node.importing.sources.faults import FileFault, RefusedFile
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.sources.ssds_persons import OF_HER, Persons, day_of, is_open
from agency_node.importing.sources.ssds_tables import PERSON, Record, Tables
from agency_node.importing.sources.table import Row, Table
from fingerpost.protocol.codes import Kind
from fingerpost.runtime.screen_text import counted

_OF_INVOLVEMENT: Final = (
    *("kind", "status", "start", "end", "worker_name", "worker_role", "desk_phone", "desk_email"),
    "team",
)
HEADER: Final = (*OF_HER, *_OF_INVOLVEMENT)
_NOTHING: Final = ("",) * len(_OF_INVOLVEMENT)
INVOLVEMENTS: Final = "ssd_involvements"


@dataclass(frozen=True, slots=True)
class Kinds:
    """What the rows of a table are, and which of its columns say whose, since and until when, by
    which team and by which worker.
    """

    table: str
    kind: Kind
    person: str
    start: str = ""
    end: str = ""
    team: str = ""
    worker: str = ""


KINDS: Final = (
    Kinds(
        *("ssd_cla_episodes", Kind.CSC_CLA, "clae_person_id"),
        *("clae_cla_episode_start_date", "clae_cla_episode_ceased_date"),
    ),
    Kinds(
        *("ssd_cp_plans", Kind.CSC_CP, "cppl_person_id"),
        *("cppl_cp_plan_start_date", "cppl_cp_plan_end_date"),
    ),
    Kinds(
        *("ssd_cin_plans", Kind.CSC_CIN, "cinp_person_id"),
        *("cinp_cin_plan_start_date", "cinp_cin_plan_end_date"),
        *("cinp_cin_plan_team", "cinp_cin_plan_worker_id"),
    ),
    Kinds(
        *("ssd_cin_episodes", Kind.CSC_CIN, "cine_person_id"),
        *("cine_referral_date", "cine_close_date"),
    ),
    Kinds(
        *("ssd_care_leavers", Kind.CSC_LEAVING_CARE, "clea_person_id", "", ""),
        *("clea_care_leaver_allocated_team", "clea_care_leaver_worker_id"),
    ),
    Kinds(
        *("ssd_cin_assessments", Kind.CSC_ASSESSMENT, "cina_person_id"),
        *("cina_assessment_start_date", "cina_assessment_auth_date"),
        *("cina_assessment_team", "cina_assessment_worker_id"),
    ),
    Kinds(
        *("ssd_early_help_episodes", Kind.EARLY_HELP, "earl_person_id"),
        *("earl_episode_start_date", "earl_episode_end_date"),
        *("earl_episode_organisation", "earl_episode_worker_id"),
    ),
    Kinds(
        *(INVOLVEMENTS, Kind.CSC_FRONT_DOOR, "invo_person_id"),
        *("invo_involvement_start_date", "invo_involvement_end_date"),
        *("invo_professional_team", "invo_professional_id"),
    ),
)
"""From the gravest kind to the lightest. An involvement does not say its kind: it is of the gravest
that is open for its child, and CSC_FRONT_DOOR where none is."""
_ADOPTED: Final = (
    ("ssd_cin_episodes", "cine_person_id", "cine_close_reason", frozenset({"RC1"})),
    (
        *("ssd_cla_episodes", "clae_person_id", "clae_cla_episode_ceased_reason"),
        frozenset({"E11", "E12"}),
    ),
)
"""The codes for "adopted" of the Children in Need census and of SSDA903."""
_FILLED: Final = (PERSON, "ssd_address", INVOLVEMENTS, "ssd_cin_episodes")
"""Tables that no council has empty (accident: they are just being made anew)."""
_DONE_WITH_CARE: Final = frozenset({"DIED", "NREQ", "RHOM"})
"""SSDA903, "in touch": died, needs no services any more, went back home."""
_NOT_ELIGIBLE: Final = "no current eligibility"
_SAID: Final = MappingProxyType(
    {
        "idle": ("person has", "persons have", " no plan, episode or involvement; not imported"),
        "care": ("care leaver needs", "care leavers need", " no services any more; no involvement"),
        "adopted": (
            "person has",
            "persons have",
            " a record from before an adoption: hidden",
        ),
        "unknown": (
            "person has",
            "persons have",
            " a plan, an episode or an involvement, and no row in ssd_person",
        ),
    }
)


@dataclass(frozen=True, slots=True, repr=False)
class _Span:
    """One plan, episode or involvement."""

    of: Kinds
    start: str
    end: str
    team: str
    worker: str

    @property
    def is_open(self) -> bool:
        return is_open(self.end)


def table_of(tables: Tables) -> Table:
    """Return the rows of the dataset.

    Raises:
        RefusedFile: TABLE_EMPTY; NO_NAMES, nobody has one.
    """
    empty = [FileFault(Reason.TABLE_EMPTY, table) for table in _FILLED if not tables.rows[table]]
    if empty:
        raise RefusedFile.of(empty)
    people = [*tables.records(PERSON)]
    if not any(person["pers_forename"] or person["pers_surname"] for person in people):
        raise RefusedFile(Reason.NO_NAMES)
    counts = Counter[str]()
    rows = tuple(_rows(tables, people, counts))
    said = (
        counted(counts[key], one, many) + rest
        for key, (one, many, rest) in _SAID.items()
        if counts[key]
    )
    about = ("Standard Safeguarding Dataset", *said)
    parts = {table: len(found) for table, found in tables.rows.items()}
    return Table(
        HEADER,
        lambda: iter(rows),
        about,
        joining=frozenset({"team"}),
        parts=parts,
        held=sum(parts.values()),
    )


def _rows(tables: Tables, people: Sequence[Record], counts: Counter[str]) -> Iterator[Row]:
    spans, adopted = _spans(tables, counts), _adopted(tables)
    of_her, by = Persons(tables), _By(tables)
    seen: dict[str, tuple[str, ...]] = {}
    for line, person in zip(tables.lines, people, strict=True):
        number = person["pers_person_id"]
        hidden = number in adopted
        counts["adopted"] += hidden
        who = of_her.cells(person, hidden=hidden)
        if seen.get(number) == who:
            continue
        seen[number] = who
        hers = spans.get(number, [])
        if hers:
            for span in hers:
                yield Row(line, (*who, *by.cells(span, hers, person["pers_death_date"])), number)
        elif person["shield"]:  # a row without a kind is refused, and its shield is kept
            yield Row(line, (*who, *_NOTHING), number)
        else:
            counts["idle"] += 1
    unknown = sorted(spans.keys() - seen.keys())
    counts["unknown"] = len(unknown)
    for line, number in enumerate(unknown, max(tables.lines) + 1):
        who = (number, *("",) * (len(OF_HER) - 1))
        yield Row(line, (*who, *by.cells(spans[number][0], (), "")), number)


def _spans(tables: Tables, counts: Counter[str]) -> Mapping[str, list[_Span]]:
    """Return what there is of each person: what is open first, and of that the gravest. A child's
    rows are bounded, and those that count come first.
    """
    found: dict[str, list[_Span]] = {}
    for of in KINDS:
        for record in tables.records(of.table):
            if of.kind is Kind.CSC_LEAVING_CARE and _is_done(record):
                counts["care"] += 1
                continue
            start, end, team, worker = (
                record[column] if column else ""
                for column in (of.start, of.end, of.team, of.worker)
            )
            found.setdefault(record[of.person], []).append(_Span(of, start, end, team, worker))
    return {
        number: sorted(hers, key=lambda span: (not span.is_open, KINDS.index(span.of)))
        for number, hers in found.items()
    }


def _is_done(leaver: Record) -> bool:
    eligible = leaver["clea_care_leaver_eligibility"].lower() != _NOT_ELIGIBLE
    return not eligible or leaver["clea_care_leaver_in_touch"].upper() in _DONE_WITH_CARE


def _adopted(tables: Tables) -> frozenset[str]:
    return frozenset(
        record[person]
        for table, person, reason, codes in _ADOPTED
        for record in tables.records(table)
        if record[reason].upper() in codes
    )


class _By:
    """The workers and teams behind their numbers."""

    def __init__(self, tables: Tables) -> None:
        self._workers = {
            each["prof_professional_id"]: each for each in tables.records("ssd_professionals")
        }
        self._teams = {
            each["dept_team_id"]: each["dept_team_name"]
            for each in tables.records("ssd_department")
        }

    def cells(self, span: _Span, hers: Sequence[_Span], died: str) -> tuple[str, ...]:
        """Return the cells about one involvement.

        Args:
            hers: all that there is of the child. What names neither team nor worker has those of
                her newest involvement.
            died: the day, or empty.
        """
        by, kind = span, span.of.kind
        involved = [each for each in hers if each.of.table == INVOLVEMENTS]
        if not (span.team or span.worker) and involved:
            by = max(involved, key=lambda each: (each.is_open, day_of(each.start)))
        if span.of.table == INVOLVEMENTS and hers and hers[0].is_open:
            kind = hers[0].of.kind
        worker = self._workers.get(by.worker, {})
        return (
            kind.name,
            "OPEN",  # an end that has passed says itself what it is
            span.start,
            died if died and span.is_open else span.end,
            worker.get("prof_professional_name", ""),
            worker.get("prof_professional_job_title", ""),
            "",
            "",
            self._teams.get(by.team, by.team),
        )
