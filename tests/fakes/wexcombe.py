"""Two neighbouring areas with five agencies on four nodes, and who is known there: the scene of
most simulations.

AMINA is known to the school OAK, to the practice GP under another surname, to the COUNCIL (beside a
sensitive row) and, shielded, to the POLICE; ELM knows only her twin. Worlds built here share the
key holders' keys, so that records are tagged once; nothing else is shared.
"""

from __future__ import annotations

import functools
from datetime import date

from agency_node.records.records import ChildRecord, Involvement, RecordId
from fakes.federations import agency
from fakes.justified import justified
from fakes.node_records import LONG_KNOWN, an_involvement
from fakes.simulated_holders import Holders
from federation import World
from fingerpost.private.demographics import Demographics, OtherName, Sex
from fingerpost.private.messages import OpeningHours
from fingerpost.protocol import limits
from fingerpost.protocol.codes import AgencyKind, Kind, Purpose, Status
from fingerpost.protocol.federation import Area, NotConnected
from fingerpost.protocol.ids import AgencyId, AreaCode, MemberId
from practitioner.asking.outcome import AgencyOutcome, Outcome, Question

HERE, NEXT = AreaCode("e99000001"), AreaCode("e99000002")
COUNCIL = AgencyId("e99000001.council")
OAK, ELM = AgencyId("e99000001.oak-primary"), AgencyId("e99000001.elm-primary")
GP = AgencyId("e99000001.mill-practice")
POLICE = AgencyId("e99000002.police")
SCHOOLS, COUNCILS, HEALTH, POLICE_NODE = map(
    MemberId, ("schools-host", "council-node", "gp-host", "police-node")
)

AMINA = Demographics(
    forename="Amina", surname="Hartley", dob=date(2015, 3, 9), sex=Sex.FEMALE, postcode="WX4 7QD"
)
TWIN = Demographics(
    forename="Bilal", surname="Hartley", dob=date(2015, 3, 9), sex=Sex.MALE, postcode="WX4 7QD"
)
OTHER = Demographics(
    forename="Tomasz", surname="Zielinski", dob=date(2012, 11, 2), postcode="WX1 1AA"
)


def row(kind: Kind, **changes: object) -> Involvement:
    texts: dict[str, object] = {
        "worker_name": "Jo Reed",
        "desk_phone": "01632 960123",
        "desk_email": "desk@agency.example",
        "ooh_phone": "01632 960199",
        "hours": (OpeningHours(31, 480, 1080),),
    }
    # A kind that is sensitive is not disclosed, whatever the row says.
    return an_involvement(kind, **{**texts, "sensitive": False, **changes})


def child(number: int, who: Demographics, *rows: Involvement) -> ChildRecord:
    return ChildRecord(RecordId(number), who, rows, LONG_KNOWN)


@functools.cache
def _keys() -> Holders:
    return Holders()


def known_holders() -> Holders:
    """New holders with the keys of all others of this test run."""
    return _keys().alike()


AREAS = (
    Area(
        HERE,
        "Wexcombe",
        (NEXT,),
        (
            agency(HERE, "council", AgencyKind.LOCAL_AUTHORITY, COUNCILS),
            agency(HERE, "elm-primary", AgencyKind.SCHOOL, SCHOOLS),
            agency(HERE, "mill-practice", AgencyKind.GP_PRACTICE, HEALTH),
            agency(HERE, "oak-primary", AgencyKind.SCHOOL, SCHOOLS),
        ),
        (),
        (NotConnected("Ash Primary", AgencyKind.SCHOOL, "01632 960050"),),
    ),
    Area(NEXT, "Harrowdale", (HERE,), (agency(NEXT, "police", AgencyKind.POLICE, POLICE_NODE),)),
)
NODES = (SCHOOLS, COUNCILS, HEALTH, POLICE_NODE)


def build() -> World:
    world = World(AREAS, NODES, holders=known_holders())
    world.nodes[SCHOOLS].load(
        OAK, [child(0, AMINA, row(Kind.EDU_SCHOOL)), child(1, OTHER, row(Kind.EDU_SCHOOL))]
    )
    world.nodes[SCHOOLS].load(ELM, [child(0, TWIN, row(Kind.EDU_SCHOOL))])
    known_as = Demographics(
        forename="Amina",
        surname="Osei",
        dob=date(2015, 3, 9),
        sex=Sex.FEMALE,
        postcode="WX4 7QD",
        other_names=(OtherName("Amina", "Hartley"),),
    )
    world.nodes[HEALTH].load(GP, [child(0, known_as, row(Kind.GP))])
    world.nodes[COUNCILS].load(
        COUNCIL, [child(0, AMINA, row(Kind.CSC_CIN), row(Kind.DOMESTIC_ABUSE))]
    )
    world.nodes[POLICE_NODE].load(
        POLICE, [child(0, AMINA, row(Kind.POLICE_PROTECTION, shielded=True))]
    )
    return world


def large_host() -> tuple[World, AgencyId]:
    """One area whose schools are on one host, more of them than one part of an answer holds; the
    last knows AMINA.
    """
    schools = tuple(
        agency(HERE, f"school-{n:02}", AgencyKind.SCHOOL, SCHOOLS)
        for n in range(limits.AGENCIES_PER_PART + 6)
    )
    council = agency(HERE, "council", AgencyKind.LOCAL_AUTHORITY, COUNCILS)
    areas = (Area(HERE, "Wexcombe", (), (council, *schools)),)
    world = World(areas, (SCHOOLS, COUNCILS), holders=known_holders())
    world.nodes[COUNCILS].load(COUNCIL, [])
    for school in schools[:-1]:
        world.nodes[SCHOOLS].load(school.id, [])
    world.nodes[SCHOOLS].load(schools[-1].id, [child(0, AMINA, row(Kind.EDU_SCHOOL))])
    return world, schools[-1].id


QUESTION = Question(AMINA, justified(Purpose.S47_ENQUIRY))


def of(outcome: Outcome, wanted: AgencyId) -> AgencyOutcome:
    (found,) = (a for a in outcome.agencies if a.agency.id == wanted)
    return found


def statuses(outcome: Outcome) -> dict[AgencyId, Status]:
    return {a.agency.id: a.status for a in outcome.agencies}
