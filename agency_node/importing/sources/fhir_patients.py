"""From FHIR Patients to the cells about a child. Pure.

Source: HL7 FHIR R4 (Patient, HumanName, Address); UK Core (verification status of NHS numbers);
Personal Demographics Service (labels R, V and REDACTED).

Law: a number that its own record doubts is not used, and of two numbers none is. A temporary
address is never read: it may be a refuge. A label that is not known restricts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from types import MappingProxyType
from typing import Final

from agency_node.importing.sources.fhir_resources import (
    SCHEMES,
    VERIFICATION,
    Address,
    HumanName,
    Identifier,
    Meta,
    Patient,
    Resource,
)
from agency_node.importing.sources.person_names import split
from agency_node.importing.sources.reasons import Reason
from fingerpost.protocol.limits import FORMER_POSTCODES

OF_HER: Final = (
    *("local_id", "forename", "middle_names", "surname", "preferred_forename"),
    *("preferred_surname", "former_forename", "former_surname", "aliases", "dob", "sex"),
    *("postcode", "former_postcodes", "health_number", "number_scheme", "shield"),
)
ADOPTED: Final = "393547004"
"""SNOMED CT: adopted child."""
HIDDEN: Final = "hidden"
_RESTRICTED: Final = frozenset({"R", "V"})
_REDACTED: Final = "REDACTED"
_HARMLESS: Final = frozenset({"", "U", "L", "M", "N"})
"""HL7 v3 Confidentiality: unrestricted, low, moderate, normal."""
_SEXES: Final = MappingProxyType({"other": "unknown"})
_DOUBTED: Final = frozenset({"04", "05"})
"""Verification status: no match or several; the number or the details of the patient conflict."""
_FIRST: Final = ("official", "usual", "", "temp")
_FORMER: Final = ("old", "maiden")
_KNOWN_AS: Final = ("usual", "nickname")
_PART: Final = ("", "", "")


def shield_of(resources: Iterable[Resource]) -> str:
    """Return what the column ``shield`` says: the most of what the labels of the resources say."""
    found = [_label(each.meta) for each in resources]
    return next((word for word in (HIDDEN, "yes", "?") if word in found), "")


def _label(meta: Meta) -> str:
    codes = {label.code.upper() for label in meta.security}
    if _REDACTED in codes or ADOPTED in codes | {tag.code for tag in meta.tag}:
        return HIDDEN
    if codes & _RESTRICTED:
        return "yes"
    return "?" if codes - _HARMLESS else ""  # which is read as yes, with a remark


def who(number: str, patients: Sequence[Patient], shield: str, counts: Counter[str]) -> list[str]:
    """Return the cells of ``OF_HER``.

    Args:
        number: the agency's own number of the child.
        patients: her record, and after it those that were merged into it.
        counts: of what was left out, under ``names`` and ``numbers``.
    """
    first = patients[0]
    health_number, scheme = _health_number(patients, counts)
    home, former = _homes(patients)
    return [
        number,
        *_names(patients, counts),
        next((each.birth_date for each in patients if each.birth_date), ""),
        _SEXES.get(first.gender, first.gender),
        home,
        former,
        health_number,
        scheme,
        shield,
    ]


def _names(patients: Sequence[Patient], counts: Counter[str]) -> Iterator[str]:
    """Yield forename to ``aliases``: the present name, then what else she is or was called."""
    own = [name for name in patients[0].name if name.use != "anonymous"]
    present = [name for name in own if not name.period.end and name.use not in _FORMER]
    order = [name for use in _FIRST for name in present if name.use == use]
    main = (order or present or own or [HumanName()])[0]
    forename, middle, surname = _split(main, counts)
    yield from (forename, middle, surname)
    others = [*own, *(name for each in patients[1:] for name in each.name)]
    known_as: list[tuple[str, ...]] = []
    former: list[tuple[str, ...]] = []
    rest: list[tuple[str, ...]] = []
    for name in others:
        if name is main:
            continue
        parts = _split(name, counts)[::2]
        if parts in (("", ""), (forename, surname)):
            continue
        is_former = name.use in _FORMER or bool(name.period.end) or name not in own
        kind = former if is_former else known_as if name.use in _KNOWN_AS else rest
        kind.append(parts)
    for kind in (known_as, former):
        yield from kind[0] if kind else ("", "")
    more = dict.fromkeys((*known_as[1:], *former[1:], *rest))
    yield "; ".join(
        f"{one or forename} {other or surname}".replace(";", " ") for one, other in more
    )


def _split(name: HumanName, counts: Counter[str]) -> tuple[str, str, str]:
    """Return first, middle and last names. A name that is only a text is split at its comma."""
    if name.family or name.names:
        return (name.names or ("",))[0], " ".join(name.names[1:]), name.family
    parts = split(name.text.strip(), None)
    if isinstance(parts, Reason):
        counts["names"] += 1
        return _PART
    return parts[0], "", parts[1]


def _health_number(patients: Sequence[Patient], counts: Counter[str]) -> tuple[str, str]:
    """Return the number in force and its scheme: hers, or else that of a merged record."""
    for patient in patients:
        stated = [each for each in patient.identifier if each.system in SCHEMES and each.value]
        sound = [each for each in stated if _is_in_force(each)]
        values = {"".join(each.value.split()): SCHEMES[each.system] for each in sound}
        if len(values) == 1:
            return values.popitem()
        counts["numbers"] += bool(stated)
    return "", ""


def _is_in_force(number: Identifier) -> bool:
    codes = {
        coding.code
        for extension in number.extension
        if extension.url.endswith(VERIFICATION)
        for coding in extension.value_codeable_concept.coding
    }
    return number.use != "old" and not number.period.end and not codes & _DOUBTED


def _homes(patients: Sequence[Patient]) -> tuple[str, str]:
    """Return the postcode, and former ones, the latest first."""
    own = [home for home in patients[0].address if home.use in ("", "home", "old")]
    present = [home for home in own if _is_home(home)]
    home = present[0].postal_code if present else ""
    was = [each for each in own if not _is_home(each)]
    was += [each for other in patients[1:] for each in other.address if each.use in ("", "home")]
    was.sort(key=lambda each: each.period.end or each.period.start, reverse=True)
    codes = dict.fromkeys(each.postal_code for each in (*present[1:], *was))
    former = [code for code in codes if code and code != home]
    return home, "; ".join(former[:FORMER_POSTCODES])


def _is_home(home: Address) -> bool:
    return home.use != "old" and not home.period.end
