"""The rows of each agency's export.

The module decides on columns, the spelling of values, local numbers, and a few faulty rows as any
real export has them; who is in a file comes from ``involvement``, and what kind of file it is from
``files``. Invariants: an export exists for every agency; nothing in a row leads from one agency's
child to another's (local numbers are drawn per agency, but where the pupil number is the school's
own).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, unique
from random import Random
from typing import Final

from deploy.demo.people.agencies import (
    AGENCIES,
    CHILDRENS_SERVICES,
    FAMILY_SUPPORT,
    HARROWDALE,
    WEXCOMBE,
    Agency,
    System,
)
from deploy.demo.people.involvement import Holding
from fingerpost.private.demographics import OtherName
from fingerpost.protocol.codes import AgencyKind
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.limits import NAME_CHARS

COLUMNS: Final = (
    "local_id", "health_number", "upn", "forename", "middle_names", "surname", "aliases", "dob",
    "sex", "postcode", "kind", "status", "start", "end", "worker_name", "worker_role", "desk_phone",
    "desk_email", "ooh_phone", "hours", "lead", "early_help", "sensitive", "shield",
)  # fmt: skip
_LOCAL_IDS: Final = range(100_000, 1_000_000)

Row = Mapping[str, str]
"""A row by the names of ``COLUMNS``."""


@unique
class Fault(Enum):
    """What is wrong with a faulty row, for who reads the import's report."""

    NEITHER_DATE_NOR_POSTCODE = "neither a date of birth nor a postcode"
    UNKNOWN_KIND = "a kind of involvement that is on no list"
    IMPOSSIBLE_DATE = "a date of birth that is no date"
    FIELD_TOO_LONG = "a name longer than any field may be"


@dataclass(frozen=True, slots=True)
class FaultyRow:
    agency: AgencyId
    local_id: str
    fault: Fault


_FAULTY: Final[Mapping[AgencyId, tuple[Fault, ...]]] = {
    AgencyId(f"{WEXCOMBE.code}.{FAMILY_SUPPORT}"): tuple(Fault),
    AgencyId(f"{WEXCOMBE.code}.market-cross-surgery"): (Fault.NEITHER_DATE_NOR_POSTCODE,),
    AgencyId(f"{HARROWDALE.code}.tanners-hill-school"): (
        Fault.IMPOSSIBLE_DATE,
        Fault.FIELD_TOO_LONG,
    ),
    AgencyId(f"{HARROWDALE.code}.{CHILDRENS_SERVICES}"): (Fault.UNKNOWN_KIND,),
}
_FAULTY_FIELDS: Final[Mapping[Fault, dict[str, str]]] = {
    Fault.NEITHER_DATE_NOR_POSTCODE: {"dob": "", "postcode": ""},
    Fault.UNKNOWN_KIND: {"kind": "KNOWN_TO_US"},
    Fault.IMPOSSIBLE_DATE: {"dob": "31/02/2015"},
    Fault.FIELD_TOO_LONG: {"forename": "Zebedee " * (NAME_CHARS // 4)},
}


@dataclass(frozen=True, slots=True, repr=False)
class Export:
    """What is in one agency's file, each row with the values of ``COLUMNS`` in their order."""

    agency: Agency
    rows: tuple[tuple[str, ...], ...]
    faulty: tuple[FaultyRow, ...]

    def named_rows(self) -> list[Row]:
        return [dict(zip(COLUMNS, row, strict=True)) for row in self.rows]


def worker_of(row: Row) -> tuple[str, str]:
    return row["worker_name"], row["worker_role"]


def numbered_workers(rows: Iterable[Row], letter: str) -> dict[tuple[str, str], str]:
    """Return a number for each worker, for files in which they stand apart from the children."""
    workers = sorted({worker_of(row) for row in rows})
    return {worker: f"{letter}{number}" for number, worker in enumerate(workers, 1)}


def exports_of(holdings: Iterable[Holding], rng: Random) -> tuple[Export, ...]:
    """Return one export for each agency, in the order of ``AGENCIES``.

    Faulty rows come last in a file.
    """
    by_agency: defaultdict[AgencyId, list[Holding]] = defaultdict(list)
    for holding in holdings:
        by_agency[holding.agency].append(holding)
    return tuple(_export(agency, by_agency[agency.id], rng) for agency in AGENCIES)


def _export(agency: Agency, holdings: Sequence[Holding], rng: Random) -> Export:
    faults = _FAULTY.get(agency.id, ())
    numbers = [str(n) for n in rng.sample(_LOCAL_IDS, len(holdings) + len(faults))]
    good, bad = numbers[: len(holdings)], numbers[len(holdings) :]
    if agency.system is System.TRANSFER_FILE:  # which has no other number of a pupil
        good = [holding.record.upn for holding in holdings]
    rows = [_fields(agency, *row) for row in zip(holdings, good, strict=True)]
    rows += (
        _nobody(agency, number) | _FAULTY_FIELDS[fault]
        for fault, number in zip(faults, bad, strict=True)
    )
    return Export(
        agency,
        tuple(tuple(row[column] for column in COLUMNS) for row in rows),
        tuple(FaultyRow(agency.id, *row) for row in zip(bad, faults, strict=True)),
    )


def _fields(agency: Agency, holding: Holding, local_id: str) -> dict[str, str]:
    record = holding.record
    # Practice systems print surnames in capitals: the same child looks different, and is not.
    spell = str.upper if agency.kind is AgencyKind.GP_PRACTICE else str
    return _desk(agency, local_id) | {
        "health_number": record.health_number,
        "upn": record.upn,
        "forename": record.forename,
        "middle_names": record.middle_names,
        "surname": spell(record.surname),
        "aliases": ";".join(_alias(record.aliases)),
        "dob": record.dob,
        "sex": record.sex.name[:1] if record.sex is not None else "",
        "postcode": record.postcode,
        "kind": holding.kind.name,
        "status": holding.status.name,
        "start": holding.start.isoformat(),
        "end": holding.end.isoformat() if holding.end is not None else "",
        "worker_name": holding.worker.name,
        "worker_role": holding.worker.role,
        "lead": "yes" if holding.lead else "",
        "early_help": "yes" if holding.early_help else "",
        "sensitive": "yes" if holding.sensitive else "",
        "shield": "yes" if holding.shield else "",
    }


def _desk(agency: Agency, local_id: str) -> dict[str, str]:
    """An empty row, with whom to ring."""
    desk = agency.desk
    return dict.fromkeys(COLUMNS, "") | {
        "local_id": local_id,
        "desk_phone": desk.phone,
        "desk_email": desk.email,
        "ooh_phone": desk.out_of_hours,
        "hours": desk.hours,
    }


def _alias(aliases: Iterable[OtherName]) -> Iterator[str]:
    """``forename surname``: the last word is the surname, so inner spaces of one become hyphens."""
    for name in aliases:
        yield f"{name.forename} {name.surname.replace(' ', '-')}".strip()


def _nobody(agency: Agency, local_id: str) -> dict[str, str]:
    """A row about nobody in the population, sound but for the fault that is put into it."""
    return _desk(agency, local_id) | {
        "forename": "Zebedee",
        "surname": "Quillfeather",
        "dob": "2015-02-28",
        "sex": "M",
        "postcode": "WX1 1ZZ",
        "kind": agency.offers[0].name,
        "status": "OPEN",
        "start": "2020-01-06",
        "worker_name": "Duty team",
        "worker_role": "Duty team",
    }
