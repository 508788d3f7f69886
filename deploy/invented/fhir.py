"""FHIR R4 resources of invented people, as far as a surgery's records and a test's have them in
common.
"""

from __future__ import annotations

import json
from typing import Any, Final

NHS: Final = "https://fhir.nhs.uk/Id/nhs-number"
Resource = dict[str, Any]


def numbered(value: str, system: str = NHS, status: str = "01", **fields: Any) -> Resource:
    """An identifier with its verification status."""
    extension = {
        "url": "https://fhir.hl7.org.uk/StructureDefinition/"
        "Extension-UKCore-NHSNumberVerificationStatus",
        "valueCodeableConcept": {"coding": [{"system": "any", "code": status}]},
    }
    return {"system": system, "value": value, "extension": [extension]} | fields


def labelled(*codes: str) -> Resource:
    system = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
    return {"security": [{"system": system, "code": code} for code in codes]}


def bundle(*resources: Resource, **fields: Any) -> bytes:
    """A searchset."""
    found = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(resources),
        "entry": [
            {
                "fullUrl": f"https://oak.example/fhir/{each.get('resourceType')}/{each.get('id')}",
                "resource": each,
                "search": {"mode": "match"},
            }
            for each in resources
        ],
    } | fields
    return json.dumps(found).encode()
