"""The parts of FHIR R4 resources that an import reads, and how a resource is recognised. Pure.

Source: HL7 FHIR R4 (4.0.1); UK Core, for the systems of identifiers.

Law: a field that is read has exactly the type that R4 gives it, and lists are bounded; other fields
are passed over. A resource whose meaning an extension may turn into its opposite
(``modifierExtension``, ``implicitRules``) is not read, as R4 demands; one of another release is
refused by what only that release has, since a field that has moved would be a field that is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, TypeVar

import msgspec

from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.reasons import Reason

NHS: Final = "https://fhir.nhs.uk/Id/nhs-number"
SCHEMES: Final = MappingProxyType(
    {
        NHS: "NHS",
        "urn:oid:2.16.840.1.113883.2.1.3.2.4.16.53": "CHI",
        "https://fhir.nhs.uk/Id/hsc-number": "H&C",
    }
)
"""The systems of health numbers, and what ``number_scheme`` calls them."""
VERIFICATION: Final = "Extension-UKCore-NHSNumberVerificationStatus"
_MOST: Final = 200
_OTHER_RELEASES: Final = MappingProxyType(
    {
        "Bundle": frozenset({"issues"}),
        "Patient": frozenset({"animal"}),
        "EpisodeOfCare": frozenset({"careTeam", "reason"}),
        "CareTeam": frozenset({"context"}),
        "PractitionerRole": frozenset({"contact", "availability"}),
        "HealthcareService": frozenset({"contact", "availability"}),
    }
)
"""Fields that R4 does not have, and STU3 (animal, context) or R5 (the others) has."""
_OTHER_PROFILES: Final = ("STU3", "DSTU2", "CareConnect", "/5.0")
_TURNED: Final = frozenset({"modifierExtension", "implicitRules"})
T = TypeVar("T")


class _Part(msgspec.Struct, frozen=True, rename="camel"):
    """A part of a resource; what is not named is passed over."""


class Coding(_Part, frozen=True):
    code: str = ""
    display: str = ""


class Concept(_Part, frozen=True):
    coding: Annotated[tuple[Coding, ...], msgspec.Meta(max_length=_MOST)] = ()
    text: str = ""

    @property
    def word(self) -> str:
        """Its first code, or its text."""
        return next((each.code for each in self.coding if each.code), self.text)

    @property
    def words(self) -> str:
        """Its text, or what its first code means."""
        return self.text or next((each.display for each in self.coding if each.display), "")


class Period(_Part, frozen=True):
    start: str = ""
    end: str = ""


class Reference(_Part, frozen=True):
    reference: str = ""


class Extension(_Part, frozen=True):
    url: str = ""
    value_codeable_concept: Concept = Concept()


class Identifier(_Part, frozen=True):
    use: str = ""
    system: str = ""
    value: str = ""
    period: Period = Period()
    extension: Annotated[tuple[Extension, ...], msgspec.Meta(max_length=_MOST)] = ()


class HumanName(_Part, frozen=True):
    use: str = ""
    text: str = ""
    family: str = ""
    given: Annotated[tuple[str | None, ...], msgspec.Meta(max_length=_MOST)] = ()
    prefix: Annotated[tuple[str | None, ...], msgspec.Meta(max_length=_MOST)] = ()
    period: Period = Period()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name.strip() for name in self.given if name and name.strip())


class Address(_Part, frozen=True):
    use: str = ""
    postal_code: str = ""
    period: Period = Period()


class ContactPoint(_Part, frozen=True):
    system: str = ""
    value: str = ""
    use: str = ""
    rank: int = 1_000_000
    period: Period = Period()


class Meta(_Part, frozen=True):
    security: Annotated[tuple[Coding, ...], msgspec.Meta(max_length=_MOST)] = ()
    tag: Annotated[tuple[Coding, ...], msgspec.Meta(max_length=_MOST)] = ()
    profile: Annotated[tuple[str, ...], msgspec.Meta(max_length=_MOST)] = ()
    last_updated: str = ""


References = Annotated[tuple[Reference, ...], msgspec.Meta(max_length=_MOST)]
Concepts = Annotated[tuple[Concept, ...], msgspec.Meta(max_length=_MOST)]
Names = Annotated[tuple[HumanName, ...], msgspec.Meta(max_length=_MOST)]
Telecom = Annotated[tuple[ContactPoint, ...], msgspec.Meta(max_length=_MOST)]


class Resource(_Part, frozen=True):
    id: str = ""
    meta: Meta = Meta()


class Link(_Part, frozen=True):
    other: Reference = Reference()
    type: str = ""


class Patient(Resource, frozen=True):
    active: bool = True
    identifier: Annotated[tuple[Identifier, ...], msgspec.Meta(max_length=_MOST)] = ()
    name: Names = ()
    gender: str = ""
    birth_date: str = ""
    died: bool = msgspec.field(name="deceasedBoolean", default=False)
    died_on: str = msgspec.field(name="deceasedDateTime", default="")
    address: Annotated[tuple[Address, ...], msgspec.Meta(max_length=_MOST)] = ()
    general_practitioner: References = ()
    managing_organization: Reference = Reference()
    link: Annotated[tuple[Link, ...], msgspec.Meta(max_length=_MOST)] = ()


class EpisodeOfCare(Resource, frozen=True):
    status: str = ""
    type: Concepts = ()
    patient: Reference = Reference()
    managing_organization: Reference = Reference()
    period: Period = Period()
    care_manager: Reference = Reference()
    team: References = ()


class Practitioner(Resource, frozen=True):
    name: Names = ()


class WithDesk(Resource, frozen=True):
    """What may be rung. A role has no name."""

    name: str = ""
    telecom: Telecom = ()


class PractitionerRole(WithDesk, frozen=True):
    practitioner: Reference = Reference()
    organization: Reference = Reference()
    code: Concepts = ()
    healthcare_service: References = ()


class CareTeam(WithDesk, frozen=True):
    pass


class HealthcareService(WithDesk, frozen=True):
    type: Concepts = ()


class Organization(WithDesk, frozen=True):
    pass


class Flag(Resource, frozen=True):
    status: str = ""
    code: Concept = Concept()
    subject: Reference = Reference()


TYPES: Final[Mapping[str, type[Resource]]] = MappingProxyType(
    {
        each.__name__: each
        for each in (
            *(Patient, EpisodeOfCare, Practitioner, PractitionerRole, CareTeam),
            *(HealthcareService, Organization, Flag),
        )
    }
)


class BundleLink(_Part, frozen=True):
    relation: str = ""


class Search(_Part, frozen=True):
    mode: str = "match"


class Entry(_Part, frozen=True):
    full_url: str = ""
    resource: msgspec.Raw = msgspec.Raw()
    search: Search = Search()


class Bundle(_Part, frozen=True):
    type: str = ""
    total: int | None = None
    timestamp: str = ""
    link: Annotated[tuple[BundleLink, ...], msgspec.Meta(max_length=_MOST)] = ()
    entry: tuple[Entry, ...] = ()


def decode(raw: bytes | msgspec.Raw, type_: type[T]) -> T | None:
    """Return what the JSON holds; None where it is none, or of another form."""
    try:
        return msgspec.json.decode(raw, type=type_)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None


def type_of(raw: bytes | msgspec.Raw) -> str | None:
    """Return the type of a resource; None for what is no resource, or must not be read.

    Raises:
        RefusedFile: FHIR_OTHER_VERSION, with the name of the type.
    """
    fields = decode(raw, dict[str, msgspec.Raw])
    if fields is None or (kind := decode(fields.get("resourceType", b""), str)) is None:
        return None
    meta = decode(fields["meta"], Meta) if "meta" in fields else Meta()
    profiles = () if meta is None else meta.profile
    foreign = any(mark in profile for profile in profiles for mark in _OTHER_PROFILES)
    if foreign or _OTHER_RELEASES.get(kind, frozenset()) & fields.keys():
        known = kind if kind in TYPES or kind == "Bundle" else "a resource"
        raise RefusedFile(Reason.FHIR_OTHER_VERSION, known)
    return None if _TURNED & fields.keys() and kind in TYPES else kind
