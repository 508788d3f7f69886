"""A surgery's registered patients in FHIR R4: patients, their registrations, and whom to ring.

Source: HL7 FHIR R4 (4.0.1), UK Core. A registration is an ``EpisodeOfCare``, so that one that has
ended is in the file as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from deploy.demo.people.agencies import Agency
from deploy.demo.people.exports import Row, numbered_workers, worker_of
from deploy.invented.fhir import NHS, Resource, bundle, labelled, numbered
from fingerpost.protocol.codes import InvolvementStatus

_GENDERS: Final[Mapping[str, str]] = {"F": "female", "M": "male", "": "unknown"}
_STATES: Final[Mapping[str, str]] = {
    InvolvementStatus.OPEN.name: "active",
    InvolvementStatus.PLANNED.name: "planned",
    InvolvementStatus.RECENT.name: "finished",
}
_SURGERY: Final = "S1"


def content(agency: Agency, rows: Sequence[Row], made_on: date) -> bytes:
    """Return a Bundle; rows are in the columns of ``exports``."""
    workers = numbered_workers(rows, "W")
    resources = [
        *(_patient(row) for row in rows),
        *(_registration(row, workers[worker_of(row)]) for row in rows),
        *_staff(workers),
        _organization(agency),
    ]
    # A collection has no total.
    return bundle(*resources, type="collection", total=None, timestamp=f"{made_on}T06:30:00Z")


def _patient(row: Row) -> Resource:
    given = [row["forename"], *row["middle_names"].split()]
    names = [{"use": "official", "family": row["surname"], "given": given}]
    for alias in filter(None, row["aliases"].split(";")):
        former, _, family = alias.rpartition(" ")
        names.append({"use": "old", "family": family, "given": [former]})
    number = row["health_number"]
    return {
        "resourceType": "Patient",
        "id": row["local_id"],
        "active": True,
        "identifier": [numbered(number, NHS)] if number else [],
        "name": names,
        "gender": _GENDERS[row["sex"]],
        "birthDate": row["dob"],
        "address": [{"use": "home", "postalCode": row["postcode"]}],
        "meta": labelled("R") if row["shield"] else {},
    }


def _registration(row: Row, worker: str) -> Resource:
    period = {name: row[name] for name in ("start", "end") if row[name]}
    return {
        "resourceType": "EpisodeOfCare",
        "id": f"E{row['local_id']}",
        "status": _STATES[row["status"]],
        "type": [{"coding": [{"code": row["kind"]}]}],
        "patient": {"reference": f"Patient/{row['local_id']}"},
        "period": period,
        "careManager": {"reference": f"PractitionerRole/{worker}"},
        "managingOrganization": {"reference": f"Organization/{_SURGERY}"},
    }


def _staff(workers: Mapping[tuple[str, str], str]) -> Iterator[Resource]:
    for (name, role), number in workers.items():
        given, _, family = name.rpartition(" ")
        yield {
            "resourceType": "Practitioner",
            "id": number,
            "name": [{"family": family, "given": [given]}],
        }
        yield {
            "resourceType": "PractitionerRole",
            "id": number,
            "practitioner": {"reference": f"Practitioner/{number}"},
            "organization": {"reference": f"Organization/{_SURGERY}"},
            "code": [{"text": role}],
        }


def _organization(agency: Agency) -> Resource:
    points = {"phone": agency.desk.phone, "email": agency.desk.email}
    return {
        "resourceType": "Organization",
        "id": _SURGERY,
        "name": agency.name,
        "telecom": [{"system": n, "value": value, "use": "work"} for n, value in points.items()],
    }
