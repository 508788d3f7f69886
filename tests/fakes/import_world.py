"""A node with two agencies, an export to import, and a member list that a test can turn.

The children are made up; their names are words that occur nowhere else in the repository, so that a
search of a file on the disk means something.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from agency_node.importing.importer import Importer
from agency_node.importing.misread import Earlier, census_of
from agency_node.importing.report import ImportReport
from agency_node.importing.room import Growth
from agency_node.importing.sources.children import MOST_ROWS, Export
from agency_node.importing.sources.columns import Columns
from agency_node.importing.sources.dates import Order
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.judging import Stated
from agency_node.importing.sources.reading import Reading, read_export
from agency_node.importing.staging import Options, Readied, SourceFile, Unconfirmed
from agency_node.records.ports import Tags
from agency_node.records.sealing import DataKey
from agency_node.records.store.imports import SqlImports
from agency_node.records.store.records import SqlRecords, open_records
from agency_node.records.store.shields import FileShields
from agency_node.records.tagging import Tagger
from fakes import federations
from fakes.clock import ManualClock
from fakes.evaluations import LocalKeyHolders, QuickTags
from fakes.federations import NOW, Members, agency, member
from fingerpost.private.linkage import NORMALISATION_VERSION
from fingerpost.protocol.codes import AgencyKind
from fingerpost.protocol.federation import Area, Epoch, Federation, Party, Raise
from fingerpost.protocol.ids import AgencyId, AreaCode, EpochNumber, FederationId, MemberId
from fingerpost.runtime.witness import WitnessFolder

AS_OF = date(2027, 1, 14)
WEEK = timedelta(days=7)
AREA = AreaCode("e99000001")
OAK, ELM = (AgencyId(f"{AREA}.{name}") for name in ("oak", "elm"))
ELSEWHERE = AgencyId(f"{AREA}.elsewhere")
ME = MemberId("node-schools")
FIRST = EpochNumber(1)
DAY = 86_400
DAY_FIRST = Stated(dates=Order.DAY_FIRST)

HEADER = (
    "local_id,health_number,upn,forename,middle_names,surname,aliases,dob,sex,postcode,kind,status,"
    "start,end,worker_name,worker_role,desk_phone,desk_email,ooh_phone,sensitive,shield,by_hand"
)
_FORENAMES = ("Quillon", "Zephyrine", "Oswin", "Marigold", "Thessaly", "Peregrine")
_SURNAMES = ("Brackenwood", "Fenwickson", "Tarrowby", "Hollingshade", "Umberleigh")


def row(number: int, **fields: str) -> str:
    """A sound line about the ``number``-th child; any column can be given."""
    values = {
        "local_id": f"L{number}",
        "forename": _FORENAMES[number % len(_FORENAMES)],
        "surname": _SURNAMES[number % len(_SURNAMES)],
        "dob": f"{2010 + number % 9}-{1 + number % 12:02}-{1 + number % 28:02}",
        "sex": "FM"[number % 2],
        "postcode": f"WX{1 + number % 19} {number % 10}QD",
        "kind": "EDU_SCHOOL",
        "status": "OPEN",
        "start": "2024-09-02",
        "worker_name": "Ms Ottoline Vance",
        "worker_role": "Designated lead",
        "desk_phone": "01632 960001",
        "desk_email": "lead@oak.example",
    } | fields
    return ",".join(values.get(column, "") for column in HEADER.split(","))


def export(lines: Sequence[str], *, written_on: date = AS_OF) -> SourceFile:
    content = "".join(f"{line}\r\n" for line in (HEADER, *lines)).encode("utf-8", "surrogateescape")
    return SourceFile(content, hashlib.sha256(content).digest(), written_on)


def read_lines(
    lines: Sequence[str],
    *,
    as_of: date = AS_OF,
    columns: Columns | None = None,
    most_rows: int = MOST_ROWS,
) -> Export:
    """What an export of these lines holds; a lone surrogate is a byte that is not UTF-8, in a file
    of which UTF-8 was stated."""
    content = "\n".join(lines).encode("utf-8", "surrogateescape")
    reading = Reading(encoding="" if content.isascii() else "utf-8", stated=DAY_FIRST)
    columns = columns or Columns()
    return read_export(content, as_of=as_of, columns=columns, reading=reading, most_rows=most_rows)


def left_by(readied: Readied) -> Earlier:
    """What an import of a sound file leaves, a week ago."""
    facts = readied.facts
    return Earlier(facts.children, AS_OF - WEEK, census_of(facts, (), None))


def codes_of(why: RefusedFile | Unconfirmed) -> tuple[str, ...]:
    """The names of all for which a file was refused."""
    if isinstance(why, RefusedFile):
        return tuple(dict.fromkeys(fault.reason.value for fault in why.faults))
    return tuple(found.name for found in why.found)


def options(*accepted: str, upn: bool = False) -> Options:
    """``accepted``: names of findings, as ``--accept`` takes them."""
    return Options(AS_OF, Columns({}), upn, frozenset(accepted))


def a_federation(
    epochs: Sequence[Epoch],
    *,
    version: int = NORMALISATION_VERSION,
    caseload: int = 1000,
    raises: tuple[Raise, ...] = (),
) -> Federation:
    other = MemberId("node-other")
    me = member(ME, Party.NODE, declared_caseload=caseload, raises=raises)
    agencies = (
        agency(AREA, "oak", AgencyKind.SCHOOL, ME),
        agency(AREA, "elm", AgencyKind.SCHOOL, ME),
        agency(AREA, "elsewhere", AgencyKind.SCHOOL, other),
    )
    return federations.federation(
        federations.parameters(FederationId("test"), epochs, normalisation_version=version),
        [Area(AREA, "Area", agencies=agencies)],
        (me, member(other, Party.NODE)),
        valid_until=NOW + 100 * DAY,
    )


@dataclass
class Seen:
    """Implements ``agency_node.importing.importer.Watch``."""

    staged: int = 0
    tagged: dict[EpochNumber, int] = field(default_factory=dict)
    growth: Growth | None = None

    def growing(self, growth: Growth) -> None:
        self.growth = growth

    def staging(self, total: int, done: int) -> None:
        self.staged += done
        assert self.staged <= total

    def tagging(self, epoch: EpochNumber, total: int, done: int) -> None:
        self.tagged[epoch] = self.tagged.get(epoch, 0) + done
        assert self.tagged[epoch] <= total


def data_keys(random_bytes: int = 0) -> dict[AgencyId, DataKey]:
    return {
        agency: DataKey(agency, bytes([number + random_bytes]) * 32)
        for number, agency in enumerate((OAK, ELM), 1)
    }


class World:
    """Tags are quick ones unless others are given. Opened on a folder; opened again on the same
    folder, as after the process was killed, it is the same node.
    """

    def __init__(
        self, folder: Path, holders: LocalKeyHolders | None = None, tags: Tags | None = None
    ) -> None:
        self.folder = folder
        self.path = folder / "records.sqlite"
        self.holders = holders or LocalKeyHolders()
        self.quick = QuickTags()
        self.tags: Tags = tags or self.quick
        self.clock = ManualClock(NOW)
        witness = WitnessFolder(folder / "witness")
        self.records: SqlRecords = open_records(self.path, data_keys(), witness)
        self.imports = SqlImports(self.records)
        self.shields = FileShields(folder / "shields", data_keys(), witness)
        self.members = Members(a_federation(()))
        self.tagger = Tagger(self.imports, self.tags)
        self.importer = Importer(
            ME, self.records, self.imports, self.shields, self.tagger, self.members, self.clock
        )

    def open_epoch(self, number: int = 1, *, starts_in: float = -DAY) -> Epoch:
        starts = int(NOW + starts_in)
        epoch = self.holders.epoch(
            number, index_from=starts - 7 * DAY, starts_at=starts, ends_at=starts + 90 * DAY
        )
        known = self.members.current.parameters.epochs
        self.members.current = a_federation((*known, epoch))
        return epoch

    async def import_(
        self,
        lines: Sequence[str],
        agency: AgencyId = OAK,
        *,
        how: Options | None = None,
        watch: Seen | None = None,
    ) -> ImportReport:
        return await self.importer.run(agency, export(lines), how or options(), watch or Seen())

    def close(self) -> None:
        self.records.close()
