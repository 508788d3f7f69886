"""From FHIR R4 resources to rows. Pure.

Source: HL7 FHIR R4 (4.0.1): EpisodeOfCare, Patient.link.

Law: every EpisodeOfCare is a row. A file without any is a list of patients, and then each of them
who is in use is a row. What is left out is counted.

A record that was merged into another brings its names, numbers, addresses, episodes and labels
along, except where one of the two is hidden: nothing may link a record from before an adoption.
Numbers of desks come from roles, teams, services and organisations, and never from a person.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Final

from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.fhir_file import Found, read_resources
from agency_node.importing.sources.fhir_patients import ADOPTED, HIDDEN, OF_HER, shield_of, who
from agency_node.importing.sources.fhir_resources import (
    CareTeam,
    ContactPoint,
    EpisodeOfCare,
    HealthcareService,
    HumanName,
    Organization,
    Patient,
    Practitioner,
    PractitionerRole,
    Reference,
    WithDesk,
)
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.sources.table import Row, Table
from fingerpost.runtime.screen_text import counted

_OF_INVOLVEMENT: Final = (
    *("kind", "status", "start", "end", "worker_name", "worker_role", "desk_phone", "desk_email"),
    *("desk", "team", "sensitive"),
)
HEADER: Final = (*OF_HER, *_OF_INVOLVEMENT)
_OPTIONAL: Final = ("kind", "shield")
"""Columns that the table has only where some row says something in them: a surgery states its one
kind for all rows, and where nobody bears a label, no resource that cannot be read may bear one."""
_NOTHING: Final = ("",) * len(_OF_INVOLVEMENT)
_STATES: Final = MappingProxyType(
    {
        "planned": "PLANNED",
        "waitlist": "PLANNED",
        "active": "OPEN",
        "onhold": "OPEN",
        "finished": "CLOSED",
        "cancelled": "CLOSED",
    }
)
_IN_ERROR: Final = "entered-in-error"
SAID: Final = MappingProxyType(
    {
        "others": ("resource of another type was", "resources of other types were", " left out"),
        "unread": ("resource", "resources", " about desks and workers could not be read"),
        "merged": ("record was", "records were", " merged into another of the file"),
        "names": ("name is", "names are", " one text that cannot be split, and left out"),
        "numbers": (
            "record has",
            "records have",
            " no health number that is certain; it was left out",
        ),
        "error": ("episode was", "episodes were", " entered in error and left out"),
        "gone": (
            "patient is",
            "patients are",
            " not in use, or dead since no known day, and not imported",
        ),
        "idle": ("patient has", "patients have", " no episode of care; not imported"),
    }
)
_LAST_MONTH: Final = 12


def read_fhir(content: bytes) -> Table:
    """Read a file of FHIR R4 resources.

    Raises:
        RefusedFile: as ``fhir_file.read_resources``; EMPTY_FILE.
    """
    found = read_resources(content)
    made = _Rows(found)
    rows = sorted((*found.unread, *made.rows()), key=lambda row: row.number)
    if not rows and not found.counts:
        raise RefusedFile(Reason.EMPTY_FILE)
    said = {row.cells for row in rows if not isinstance(row.cells, Reason)}
    places = [
        place
        for place, name in enumerate(HEADER)
        if name not in _OPTIONAL
        or any(cells[place] for cells in said)
        or (name == "shield" and found.labelled)
    ]
    fitted = tuple(
        row
        if isinstance(row.cells, Reason)
        else Row(row.number, tuple(row.cells[place] for place in places), row.text)
        for row in rows
    )
    said_of = (
        counted(found.counts[key], one, many) + rest
        for key, (one, many, rest) in SAID.items()
        if found.counts[key]
    )
    header = tuple(HEADER[place] for place in places)
    about = (found.how, *said_of)
    return Table(
        header,
        lambda: iter(fitted),
        about,
        found.made_on,
        frozenset({"team"}),
        ended=found.ended,
        has_end=found.has_end,
        held=found.held,
    )


class _Rows:
    """The rows of a file's resources."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self._patients: dict[str, tuple[int, Patient]] = {}
        self._again: list[tuple[int, Patient]] = []
        for number, patient in found.patients:
            key = f"Patient/{patient.id}"
            if not patient.id or key in self._patients:
                self._again.append((number, patient))
            else:
                self._patients[key] = number, patient
        self._hidden = {
            found.key_of(flag.subject)
            for flag in found.flags
            if flag.status == "active" and any(c.code == ADOPTED for c in flag.code.coding)
        } | {key for key, (_, each) in self._patients.items() if shield_of([each]) == HIDDEN}
        self._into = self._links()
        self._episodes: dict[str, list[EpisodeOfCare]] = {}
        self._orphans: list[tuple[int, EpisodeOfCare]] = []
        for number, episode in found.episodes:
            key = self._survivor(found.key_of(episode.patient))
            if episode.status == _IN_ERROR:
                found.counts["error"] += 1
            elif key in self._patients:
                self._episodes.setdefault(key, []).append(episode)
            else:
                self._orphans.append((number, episode))

    def rows(self) -> Iterator[Row]:
        merged: dict[str, list[Patient]] = {}
        for key, (_, patient) in self._patients.items():
            if (survivor := self._survivor(key)) != key:
                merged.setdefault(survivor, []).append(patient)
                self._found.counts["merged"] += 1
        for key, (number, patient) in self._patients.items():
            if self._survivor(key) == key:
                yield from self._of(number, key, [patient, *merged.get(key, ())])
        for number, patient in self._again:  # without a number, or twice: the reader judges it
            key = f"Patient/{patient.id}"
            if not patient.id or patient != self._patients[key][1]:
                yield from self._of(number, key, [patient])
        for number, episode in self._orphans:
            name = self._found.key_of(episode.patient).removeprefix("Patient/")
            cells = (name, *("",) * (len(OF_HER) - 1), *self._involvement(episode))
            yield Row(number, cells, name)

    def _links(self) -> dict[str, str]:
        """Return by record the one that it was merged into, where both may be linked."""
        found = {}
        for key, (_, patient) in self._patients.items():
            for link in patient.link:
                other = self._found.key_of(link.other)
                pair = {"replaced-by": (key, other), "replaces": (other, key)}.get(link.type)
                if pair and not self._hidden & {*pair} and self._patients.keys() >= {*pair}:
                    found[pair[0]] = pair[1]
        return found

    def _survivor(self, key: str) -> str:
        """Return the record that a record ended up in: itself, where links go in a circle."""
        way = [key]
        while to := self._into.get(way[-1]):
            if to in way:
                return key
            way.append(to)
        return way[-1]

    def _of(self, number: int, key: str, patients: Sequence[Patient]) -> Iterator[Row]:
        """Yield the rows of one child."""
        first = patients[0]
        shield = HIDDEN if key in self._hidden else shield_of(patients)
        her = who(first.id, patients, shield, self._found.counts)
        episodes = self._episodes.get(key, ())
        for episode in episodes:
            yield Row(number, (*her, *self._involvement(episode, first)), first.id)
        if episodes:
            return
        as_listed = not self._found.episodes
        if as_listed and first.active and not (first.died and not first.died_on):
            yield Row(number, (*her, *self._listed(first)), first.id)
        elif shield:  # a row that is refused, so that her shield is kept
            yield Row(number, (*her, *_NOTHING), first.id)
        else:
            self._found.counts["gone" if as_listed else "idle"] += 1

    def _listed(self, patient: Patient) -> tuple[str, ...]:
        """Return the cells about a patient of a list, whose kind the operator states."""
        died = patient.died_on
        manager = next(iter(patient.general_practitioner), Reference())
        by = self._by(manager, (), patient.managing_organization)
        return ("", "CLOSED" if died else "OPEN", "", _bound(died, last=True), *by, "")

    def _involvement(
        self, episode: EpisodeOfCare, patient: Patient | None = None
    ) -> tuple[str, ...]:
        end = episode.period.end
        status = _STATES.get(episode.status, episode.status)
        if patient is not None and (patient.died or patient.died_on) and not end:
            status, end = "CLOSED", patient.died_on
        kind = next((each.word for each in episode.type if each.word), "")
        role = self._found.one(episode.care_manager, PractitionerRole)
        service = self._service(role)
        if not kind and service is not None:
            kind = next((each.word for each in service.type if each.word), "")
        return (
            kind,
            status,
            _bound(episode.period.start, last=False),
            _bound(end, last=True),
            *self._by(episode.care_manager, episode.team, episode.managing_organization),
            "yes" if shield_of([episode]) else "",
        )

    def _service(self, role: PractitionerRole | None) -> HealthcareService | None:
        services = role.healthcare_service if role is not None else ()
        found = (self._found.one(each, HealthcareService) for each in services)
        return next((service for service in found if service is not None), None)

    def _by(
        self, manager: Reference, teams: Sequence[Reference], organization: Reference
    ) -> tuple[str, ...]:
        """Return worker, role, telephone, e-mail, whose desk it is, and the team's name."""
        one = self._found.one
        role = one(manager, PractitionerRole)
        worker = one(role.practitioner if role else manager, Practitioner)
        team = next((found for each in teams if (found := one(each, CareTeam))), None)
        service = self._service(role)
        house = one(organization, Organization) or one(manager, Organization)
        if house is None and role is not None:
            house = one(role.organization, Organization)
        places: tuple[tuple[WithDesk | None, str], ...] = (
            *((role, "worker"), (team, "team"), (service, "team"), (house, "duty")),
        )
        there = [(place, whose) for place, whose in places if place is not None]
        offered = [(*_contacts(place.telecom), whose) for place, whose in there]
        phone, email, desk = next((each for each in offered if any(each[:2])), ("", "", ""))
        words = next((each.words for each in role.code if each.words), "") if role else ""
        named = next((place.name for place, _ in there if place.name), "")
        return (_full(worker.name) if worker else "", words, phone, email, desk, named)


def _contacts(points: Sequence[ContactPoint]) -> tuple[str, str]:
    """Return telephone and e-mail of a desk: none that is over, or that is somebody's own."""
    fit = [point for point in points if point.use in ("", "work") and not point.period.end]
    fit.sort(key=lambda point: point.rank)
    phone, email = (
        next((point.value for point in fit if point.system == system and point.value), "")
        for system in ("phone", "email")
    )
    return phone, email


def _full(names: Sequence[HumanName]) -> str:
    name = next((each for each in names if each.use not in ("old", "maiden")), None)
    if name is None:
        return ""
    return name.text or " ".join(filter(None, (*name.prefix, *name.names, name.family)))


def _bound(text: str, *, last: bool) -> str:
    """Return the first or the last day of a year or a month; a whole date as it is."""
    year, _, month = text.partition("-")
    if not year.isdecimal() or len(year) != 4 or "-" in month or (month and not month.isdecimal()):
        return text
    which = int(month or (_LAST_MONTH if last else 1))
    if not 1 <= which <= _LAST_MONTH or not int(year):
        return text
    return f"{year}-{which:02}-{monthrange(int(year), which)[1] if last else 1:02}"
