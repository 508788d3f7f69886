"""Who is involved with whom: every row of every export, before it is written down.

Holdings are derived from children by a seeded chance; ``exports`` has the form of a file,
``stories`` what a lookup should find. Invariants: an agency holds a child at most once (a hospital
now and then twice, as systems do); a child has at most one school and one practice in an area;
twins share both; two agencies in turn hold different sightings of a child, so that the published
errors are between agencies; what is done before a move ended by it; every agency holds a child on
any day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Final

from deploy.demo.people.agencies import AGENCIES, Agency, System
from deploy.demo.people.cast import SCRIPTS, Cast, Part
from deploy.demo.people.children import Child
from deploy.demo.people.kinds import (
    KINDS,
    OTHERS_FACTOR,
    SENSITIVE_TEAM,
    TROUBLED,
    TROUBLED_FACTOR,
)
from deploy.demo.people.names import STAFF_FORENAMES, STAFF_SURNAMES
from deploy.demo.people.records import NameUse, Record, record_of
from fingerpost.protocol.codes import InvolvementStatus, Kind
from fingerpost.protocol.ids import AgencyId

_HELD_TWICE: Final = frozenset({Kind.HOSPITAL_ED, Kind.HOSPITAL_PAEDIATRICS})
_HELD_TWICE_SHARE: Final = 0.06
_SHARED_BY_TWINS: Final = frozenset({Kind.EDU_SCHOOL, Kind.GP})
_MAY_LEAD: Final = frozenset(
    {Kind.EDU_SCHOOL, Kind.HEALTH_VISITING, Kind.SCHOOL_NURSING, Kind.VCS_FAMILY}
)
"""Who leads the help for some families in the place of the early help worker."""
_LED_BY_OTHERS: Final = 0.4
_SHIELDED: Final = 0.006
_SHIELD_KNOWN: Final = 0.7
_STAFF: Final = 4
_LONGEST_DAYS: Final = 5 * 365
_RECENT_DAYS: Final = 180


@dataclass(frozen=True, slots=True)
class Worker:
    name: str
    role: str


@dataclass(frozen=True, slots=True, repr=False)
class Holding:
    """One agency's record of one child and of its involvement. ``child`` is in no export.

    ``lead``: the worker is the lead practitioner. ``early_help``: the agency knows of an early help
    assessment.
    """

    agency: AgencyId
    child: int
    record: Record
    kind: Kind
    status: InvolvementStatus
    start: date
    end: date | None
    worker: Worker
    sensitive: bool
    shield: bool
    lead: bool = False
    early_help: bool = False


def derive(children: Sequence[Child], cast: Cast, today: date, rng: Random) -> tuple[Holding, ...]:
    """Return every agency's holdings, at least one for each agency.

    Raises:
        LookupError: the children are too few for every agency to hold one.
    """
    derivation = _Derivation(cast, today, rng)
    drawn = tuple(derivation.holdings(children))
    return (*drawn, *derivation.first_holdings(children, drawn))


class _Derivation:
    def __init__(self, cast: Cast, today: date, rng: Random) -> None:
        self._cast = cast
        self._today = today
        self._rng = rng
        self._shared: dict[tuple[int, Kind], Agency] = {}
        self._staff = {
            agency.id: tuple(
                f"{rng.choice(STAFF_FORENAMES)} {rng.choice(STAFF_SURNAMES)}" for _ in range(_STAFF)
            )
            for agency in AGENCIES
        }

    def holdings(self, children: Sequence[Child]) -> Iterator[Holding]:
        for child in children:
            character = self._cast.character_of(child)
            if character is not None:
                yield from self._arranged(child, SCRIPTS[character])
            else:
                yield from self._by_chance(child)

    def first_holdings(
        self, children: Sequence[Child], drawn: Sequence[Holding]
    ) -> Iterator[Holding]:
        """Yield one holding for each agency that the draws left without a child.

        Which agencies those are depends on the ages of the children, so on the day. A node refuses
        an export without rows.
        """
        holders = {holding.agency for holding in drawn}
        held = {(holding.child, holding.kind) for holding in drawn}
        for agency in AGENCIES:
            if agency.id not in holders:
                child, kind = self._newcomer(agency, children, held)
                held.add((child.number, kind))
                part = Part(kind, self._status(kind))
                yield self._holding(child, part, agency, 0, self._name_use(child))

    def _newcomer(
        self, agency: Agency, children: Sequence[Child], held: Set[tuple[int, Kind]]
    ) -> tuple[Child, Kind]:
        """Return a child whom the agency may take, outside the stories, and the kind of
        involvement.
        """
        for child in children:
            if child.twin is not None or self._cast.character_of(child) is not None:
                continue
            age = child.age(self._today)
            for kind, assumed in KINDS.items():
                fits = agency.takes(kind, child.area.code, age) and age in assumed.ages
                if fits and (child.number, kind) not in held:
                    return child, kind
        raise LookupError(f"no child is left for {agency.id}")

    def _arranged(self, child: Child, script: Sequence[Part]) -> Iterator[Holding]:
        """As the script says; and health, which nearly always has the NHS number, has it for
        sure.
        """
        for place, (part, agency) in enumerate(self._placed(child, script)):
            holding = self._holding(child, part, agency, place, NameUse.PRESENT_AND_FORMER)
            if KINDS[part.kind].has_nhs_numbers:
                record = replace(holding.record, health_number=child.health_number)
                holding = replace(holding, record=record)
            yield holding

    def _by_chance(self, child: Child) -> Iterator[Holding]:
        rng = self._rng
        shielded = rng.random() < _SHIELDED
        first = rng.randrange(len(child.sightings))
        placed = self._placed(child, tuple(self._parts(child)))
        lead = self._lead([part for part, _ in placed])
        for place, (part, agency) in enumerate(placed):
            hidden = shielded and (place == 0 or rng.random() < _SHIELD_KNOWN)
            hers = replace(part, shield=hidden, lead=part is lead)
            use = self._name_use(child)
            yield self._holding(child, hers, agency, first + place, use)
            # Duplicates within a system are real. A shielded child has none: the second record
            # would have to be shielded too, and that is the matter of the agency's own check.
            if part.kind in _HELD_TWICE and not shielded and rng.random() < _HELD_TWICE_SHARE:
                yield self._holding(child, part, agency, first + place + 1, use)

    def _parts(self, child: Child) -> Iterator[Part]:
        rng = self._rng
        age = child.age(self._today)
        factor = TROUBLED_FACTOR if rng.random() < TROUBLED else OTHERS_FACTOR
        # Each kind is drawn once whatever the age, so that a change of one leaves the others alone.
        for kind, assumed in KINDS.items():
            share = assumed.share * (factor if assumed.gathers else 1.0)
            if rng.random() < share and age in assumed.ages:
                yield Part(kind, self._status(kind))
        if child.moved is not None:
            for kind, assumed in KINDS.items():
                drawn = assumed.before_move and rng.random() < assumed.before_move
                if drawn and age in assumed.ages:
                    yield Part(kind, InvolvementStatus.RECENT, before_move=True)

    def _lead(self, parts: Sequence[Part]) -> Part | None:
        """Return the part of the lead practitioner: there is one where early help is given."""
        drawn = self._rng.random()
        open_ = [part for part in parts if part.status is InvolvementStatus.OPEN]
        helping = next((part for part in open_ if part.kind is Kind.EARLY_HELP), None)
        if helping is None or drawn >= _LED_BY_OTHERS:
            return helping
        return next((part for part in open_ if part.kind in _MAY_LEAD), helping)

    def _status(self, kind: Kind) -> InvolvementStatus:
        drawn = self._rng.random()
        if kind in _SHARED_BY_TWINS or drawn >= 0.22:
            return InvolvementStatus.OPEN
        return InvolvementStatus.PLANNED if drawn < 0.05 else InvolvementStatus.RECENT

    def _placed(self, child: Child, parts: Sequence[Part]) -> list[tuple[Part, Agency]]:
        """The parts for which there is an agency that does not yet hold the child, with that
        agency.
        """
        age = child.age(self._today)
        held: set[AgencyId] = set()
        placed = []
        for part in parts:
            area = child.moved.area if part.before_move and child.moved else child.area
            fit = [
                agency
                for agency in AGENCIES
                if agency.takes(part.kind, area.code, age)
                and agency.id not in held
                and not (part.shield and agency.system is System.TRANSFER_FILE)
            ]
            if not fit:
                continue
            agency = self._rng.choice(fit)
            if child.twin is not None and part.kind in _SHARED_BY_TWINS:
                agency = self._shared.setdefault((child.twin, part.kind), agency)
                self._shared[child.number, part.kind] = agency
            held.add(agency.id)
            placed.append((part, agency))
        return placed

    def _name_use(self, child: Child) -> NameUse:
        drawn = self._rng.random()
        if child.moved is not None:
            return NameUse.PRESENT_AND_FORMER if drawn < 0.25 else NameUse.PRESENT
        if drawn < 0.35:
            return NameUse.PRESENT
        return NameUse.PRESENT_AND_FORMER if drawn < 0.8 else NameUse.FORMER

    def _holding(
        self, child: Child, part: Part, agency: Agency, turn: int, use: NameUse
    ) -> Holding:
        sightings = child.sightings
        if part.before_move and child.moved is not None:
            sightings, use = child.moved.sightings, NameUse.FORMER
        record = record_of(
            child,
            sightings[turn % len(sightings)],
            part.kind,
            use,
            child.age(self._today),
            self._rng,
        )
        start, end = self._dates(child, part)
        return Holding(
            agency.id,
            child.number,
            record,
            part.kind,
            part.status,
            start,
            end,
            self._worker(agency, part.kind),
            part.kind.sensitive,
            part.shield,
            part.lead,
            part.lead or (part.kind is Kind.EARLY_HELP and part.status is InvolvementStatus.OPEN),
        )

    def _dates(self, child: Child, part: Part) -> tuple[date, date | None]:
        rng, today = self._rng, self._today
        moved = child.moved.when if child.moved is not None else None
        if part.before_move and moved is not None:
            return _between(child.dob, moved, rng), moved
        if part.status is InvolvementStatus.PLANNED:
            return today + timedelta(days=rng.randrange(3, 46)), None
        earliest = moved or max(child.dob, today - timedelta(days=_LONGEST_DAYS))
        if part.status is InvolvementStatus.RECENT:
            end = _between(max(earliest, today - timedelta(days=_RECENT_DAYS)), today, rng)
            return _between(earliest, end, rng), end
        return _between(earliest, today, rng), None

    def _worker(self, agency: Agency, kind: Kind) -> Worker:
        name = self._rng.choice(self._staff[agency.id])
        if kind.sensitive:
            return Worker(SENSITIVE_TEAM, SENSITIVE_TEAM)
        if kind in {Kind.EDU_SCHOOL, Kind.EDU_EARLY_YEARS}:
            name = self._staff[agency.id][0]
        return Worker(name, KINDS[kind].worker_role)


def _between(first: date, last: date, rng: Random) -> date:
    return first + timedelta(days=rng.randrange(max(1, (last - first).days + 1)))
