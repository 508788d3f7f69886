"""The rows of children: whom they name, and whether they may be over. Pure.

Law: a row that is never disclosed, since it is sensitive, is judged by nothing here. Whether a
child is shielded changes nothing: the register would show in what is listed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

from agency_node.importing.quality.document import MOST_TOGETHER
from agency_node.importing.quality.faults import Fault
from agency_node.importing.sources.children import SourceChild
from agency_node.records.records import Involvement
from fingerpost.private.demographics import Birth, ages
from fingerpost.protocol.codes import DeskKind, InvolvementStatus, Kind

TOO_OLD: Final[Mapping[Kind, int]] = MappingProxyType(
    {
        Kind.MIDWIFERY: 2,
        Kind.EDU_EARLY_YEARS: 7,
        Kind.HEALTH_VISITING: 7,
        **dict.fromkeys((Kind.EDU_SCHOOL, Kind.SCHOOL_NURSING), 20),
        **dict.fromkeys(
            (Kind.CSC_FRONT_DOOR, Kind.CSC_ASSESSMENT, Kind.CSC_CIN, Kind.CSC_CP, Kind.CSC_CLA), 19
        ),
        Kind.YOUTH_JUSTICE: 19,
    }
)
"""The age in whole years from which an open involvement of a kind must be over. Compulsory school
age begins by the term after the fifth birthday (Education Act 1996, section 8); the Healthy Child
Programme of health visitors ends at 5, and a child is under 18 (Children Act 1989, section 105).
Each has a year or two more, since rows are closed late.
"""
OPEN_YEARS: Final[Mapping[Kind, int]] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                *(Kind.CSC_FRONT_DOOR, Kind.CSC_ASSESSMENT, Kind.POLICE_PROTECTION),
                *(Kind.HOSPITAL_ED, Kind.MIDWIFERY),
            ),
            1,
        ),
        **dict.fromkeys(
            (
                *(Kind.CSC_CIN, Kind.CSC_CP, Kind.EARLY_HELP, Kind.FAMILY_HUB, Kind.EDU_WELFARE),
                *(Kind.YOUTH_JUSTICE, Kind.FIRE_RESCUE, Kind.VCS_FAMILY, Kind.VCS_YOUTH),
            ),
            4,
        ),
    }
)
"""The years for which an involvement of a kind is hardly ever open. An assessment takes at most 45
working days (Working Together 2023), police protection 72 hours (Children Act 1989, section 46).
"""
CASES: Final[Mapping[Kind, int]] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                *(Kind.CSC_ASSESSMENT, Kind.CSC_CIN, Kind.CSC_CP, Kind.CSC_CLA),
                *(Kind.CSC_LEAVING_CARE, Kind.CSC_DISABILITY, Kind.EARLY_HELP),
                *(Kind.YOUTH_JUSTICE, Kind.VCS_FAMILY, Kind.YOUNG_CARERS),
            ),
            60,
        ),
        Kind.HEALTH_VISITING: 1000,
    }
)
"""How many children of a kind one person can work with at most. The mean of social workers in
England is about 16 (Department for Education, children's social work workforce), and health
visitors are advised to have 250 (Institute of Health Visiting).
"""
_DESKS_OF_MANY: Final = frozenset({DeskKind.TEAM, DeskKind.DUTY, DeskKind.OUT_OF_HOURS})
_A_YEAR: Final = timedelta(days=366)
_FIRST_DAY: Final = date(1970, 1, 1)


@dataclass(slots=True)
class Tally:
    """The faults so far. ``children``: by fault, the positions of those whom it concerns."""

    as_of: date
    children: dict[Fault, set[int]] = field(default_factory=lambda: defaultdict(set))
    rows: Counter[Fault] = field(default_factory=Counter)
    lines: dict[Fault, list[tuple[int, ...]]] = field(default_factory=lambda: defaultdict(list))

    def child(self, fault: Fault, position: int, line: int) -> None:
        """Note a fault of a child, once for each child."""
        if position not in self.children[fault]:
            self.children[fault].add(position)
            self.lines[fault].append((line,))

    def row(self, fault: Fault, position: int, line: int) -> None:
        """Note a fault of one of a child's rows."""
        self.children[fault].add(position)
        self.rows[fault] += 1
        self.lines[fault].append((line,))

    def together(self, fault: Fault, lines: Mapping[int, int]) -> None:
        """Note children who have a fault together. ``lines``: the line of each, by position."""
        self.children[fault].update(lines)
        listed = tuple(sorted(lines.values())[:MOST_TOGETHER])
        if listed not in self.lines[fault]:
            self.lines[fault].append(listed)


class PointerRows:
    """The rows of children. ``pointers``: those that can give a pointer; a sensitive row never
    does.
    """

    def __init__(self, tally: Tally, undialable: Set[int], hours_not_read: Set[int]) -> None:
        self._tally = tally
        self._undialable = undialable
        self._hours_not_read = hours_not_read
        self._cases: dict[tuple[int, str, str], dict[int, list[int]]] = {}
        self.pointers = self.sensitive = self.only_sensitive = 0

    def take(self, position: int, child: SourceChild) -> None:
        """Judge the rows of a child."""
        tally, reachable, pointers = self._tally, False, 0
        for line, row, start in zip(child.lines, child.involvements, child.starts, strict=True):
            if row.sensitive:
                self.sensitive += 1
                continue
            pointers += 1
            for fault in self._of_row(line, row):
                tally.row(fault, position, line)
            if row.status is InvolvementStatus.OPEN:
                for fault in _stale(row, start, child.demographics.dob, tally.as_of):
                    tally.row(fault, position, line)
                self._case(position, line, row)
            reachable = reachable or bool(row.desk_phone or row.ooh_phone or row.desk_email)
        self.pointers += pointers
        self.only_sensitive += not pointers
        if pointers and not reachable:
            tally.child(Fault.UNREACHABLE, position, child.lines[0])

    def _of_row(self, line: int, row: Involvement) -> Iterator[Fault]:
        if not (row.desk_phone or row.ooh_phone) and line not in self._undialable:
            yield Fault.NO_TELEPHONE
        if not row.hours and line not in self._hours_not_read:
            yield Fault.NO_HOURS
        until = row.staffed_until
        if until and _FIRST_DAY + timedelta(seconds=until - 1) < self._tally.as_of:
            yield Fault.DESK_OVER

    def _case(self, position: int, line: int, row: Involvement) -> None:
        most = CASES.get(row.kind)
        if most is not None and row.worker_name and row.desk not in _DESKS_OF_MANY:
            worker = most, row.worker_name.casefold(), row.worker_role.casefold()
            self._cases.setdefault(worker, {}).setdefault(position, []).append(line)

    def workers(self) -> None:
        """Judge the workers, after all rows were taken."""
        for (most, _, _), cases in self._cases.items():
            if len(cases) > most:
                for position, lines in cases.items():
                    for line in lines:
                        self._tally.row(Fault.WORKER_OF_MANY, position, line)


def _stale(row: Involvement, start: date | None, dob: Birth | None, as_of: date) -> Iterator[Fault]:
    too_old, years = TOO_OLD.get(row.kind), OPEN_YEARS.get(row.kind)
    if too_old is not None and dob is not None and ages(dob, as_of)[0] >= too_old:
        yield Fault.OUTGROWN
    elif years is not None and start is not None and as_of - start > years * _A_YEAR:
        yield Fault.OPEN_LONG
