"""FHIR R4 resources about invented children, as a surgery's or a trust's server gives them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from deploy.invented.fhir import Resource


def patient(number: str = "A1", **fields: Any) -> Resource:
    return {
        "resourceType": "Patient",
        "id": number,
        "active": True,
        "name": [{"use": "official", "family": "Quillfeather", "given": ["Theodora", "Mae"]}],
        "gender": "female",
        "birthDate": "2014-05-06",
        "address": [{"use": "home", "postalCode": "WX1 3QD"}],
        "managingOrganization": {"reference": "Organization/S1"},
    } | fields


def episode(number: str = "E1", of: str = "A1", **fields: Any) -> Resource:
    return {
        "resourceType": "EpisodeOfCare",
        "id": number,
        "status": "active",
        "type": [{"coding": [{"code": "HEALTH_VISITING"}]}],
        "patient": {"reference": f"Patient/{of}"},
        "period": {"start": "2026-01-05"},
        "careManager": {"reference": "PractitionerRole/R1"},
        "managingOrganization": {"reference": "Organization/S1"},
    } | fields


def organization(**fields: Any) -> Resource:
    return {
        "resourceType": "Organization",
        "id": "S1",
        "name": "Oak Surgery",
        "telecom": [
            {"system": "phone", "value": "01632 960001", "use": "work"},
            {"system": "email", "value": "desk@oak.example", "use": "work"},
        ],
    } | fields


def role(**fields: Any) -> Resource:
    return {
        "resourceType": "PractitionerRole",
        "id": "R1",
        "practitioner": {"reference": "Practitioner/W1"},
        "organization": {"reference": "Organization/S1"},
        "code": [{"text": "Health visitor"}],
        "telecom": [
            {"system": "phone", "value": "07700 900123", "use": "mobile"},
            {"system": "phone", "value": "01632 960002", "use": "work"},
        ],
    } | fields


def practitioner(**fields: Any) -> Resource:
    return {
        "resourceType": "Practitioner",
        "id": "W1",
        "name": [{"prefix": ["Ms"], "given": ["Ottoline"], "family": "Vance"}],
        "telecom": [{"system": "phone", "value": "01632 960099", "use": "home"}],
    } | fields


def lines(*resources: Resource) -> bytes:
    """One resource on a line."""
    return b"".join(json.dumps(each).encode() + b"\n" for each in resources)


def trust(*patients: Resource, episodes: Sequence[Resource]) -> tuple[Resource, ...]:
    """A trust's resources, with those about desks behind them."""
    return (*patients, *episodes, role(), practitioner(), organization())
