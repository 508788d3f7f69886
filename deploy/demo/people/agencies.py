"""The two neighbouring areas and the 50 agencies that take part, each on one of 13 nodes.

The lists are tables in ``data``: ``agencies.csv``, ``nodes.csv``, and ``register.csv`` of the
agencies that are not connected, which has the form of the public registers that
``fingerpost-authority`` reads. All of them are invented. Invariants: area codes have the form of a
council's GSS code but are of no council; telephone numbers come from the ranges that Ofcom keeps
for drama; e-mail addresses end in ``.example`` (RFC 2606); an agency's id starts with its home
area.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, unique
from pathlib import Path
from typing import Final

from deploy.invented.tables import read_rows
from fingerpost.protocol.codes import COARSE, AgencyKind, CoarseKind, Kind
from fingerpost.protocol.ids import AgencyId, AreaCode, MemberId

DATA: Final = Path(__file__).with_name("data")
REGISTER: Final = DATA / "register.csv"
CHILDRENS_SERVICES: Final = "childrens-services"
HOSPITAL: Final = "hospital"
FAMILY_SUPPORT: Final = "lanternlight"
_FOR_EVERYBODY: Final = frozenset(
    {Kind.EDU_SCHOOL, Kind.EDU_EARLY_YEARS, Kind.EDU_COLLEGE, Kind.GP, Kind.HEALTH_VISITING}
)


@dataclass(frozen=True, slots=True)
class Area:
    code: AreaCode
    name: str
    postcode_letters: str


WEXCOMBE: Final = Area(AreaCode("e99000001"), "Wexcombe", "WX")
HARROWDALE: Final = Area(AreaCode("e99000002"), "Harrowdale", "HW")
AREAS: Final = (WEXCOMBE, HARROWDALE)


def neighbour(area: Area) -> Area:
    return HARROWDALE if area is WEXCOMBE else WEXCOMBE


@unique
class System(Enum):
    """What an agency's export is; each of them is a source that a node reads."""

    TABLE = "table"
    TABLE_AND_DESKS = "table-and-desks"
    """Its rows name teams, and a directory says whom to ring at each."""
    WORKBOOK = "workbook"
    TRANSFER_FILE = "transfer-file"
    COUNCIL_TABLES = "council-tables"
    FHIR = "fhir"


@dataclass(frozen=True, slots=True)
class Desk:
    """A duty desk; ``hours`` as an agency types them. ``out_of_hours`` is empty where nobody
    answers at night.
    """

    phone: str
    email: str
    hours: str
    out_of_hours: str


@dataclass(frozen=True, slots=True)
class Node:
    """One process, which is one member: a supplier's for many agencies, or an agency's own."""

    id: MemberId
    name: str


@dataclass(frozen=True, slots=True)
class Agency:
    """An organisation that is a member, with the kinds of involvement that its records hold.

    ``ages`` are completed years; ``serves`` are the areas whose children it may hold.
    """

    id: AgencyId
    kind: AgencyKind
    name: str
    node: MemberId
    desk: Desk
    offers: tuple[Kind, ...]
    ages: range
    serves: frozenset[AreaCode]
    system: System

    @property
    def area(self) -> AreaCode:
        return self.id.area

    @property
    def services(self) -> tuple[CoarseKind, ...]:
        """What it provides to all children of its area, for "none named itself" with counts."""
        return tuple(COARSE[kind] for kind in self.offers if kind in _FOR_EVERYBODY)

    @property
    def also_serves(self) -> frozenset[AreaCode]:
        """Areas other than its home area whose children it may hold."""
        return self.serves - {self.area}

    def takes(self, kind: Kind, area: AreaCode, age: int) -> bool:
        """Return whether a child of this age in this area can be with this agency in this way."""
        return kind in self.offers and area in self.serves and age in self.ages


def ages_of(row: Mapping[str, str]) -> range:
    """Return the completed years from ``first_age`` to ``last_age``."""
    return range(int(row["first_age"]), int(row["last_age"]) + 1)


def _agency(row: Mapping[str, str]) -> Agency:
    id_ = AgencyId(row["id"])
    area = next(area for area in AREAS if area.code == id_.area)
    email = f"safeguarding@{row['id'].partition('.')[2]}.{area.name.lower()}.example"
    return Agency(
        id_,
        AgencyKind(row["kind"]),
        row["name"],
        MemberId(row["node"]),
        Desk(row["phone"], email, row["hours"], row["out_of_hours"]),
        tuple(Kind[name] for name in row["offers"].split()),
        ages_of(row),
        frozenset(a.code for a in AREAS if a is area or row["areas"] == "both"),
        System(row["system"]),
    )


NODES: Final = tuple(
    Node(MemberId(row["id"]), row["name"]) for row in read_rows(DATA / "nodes.csv")
)
AGENCIES: Final = tuple(_agency(row) for row in read_rows(DATA / "agencies.csv"))
