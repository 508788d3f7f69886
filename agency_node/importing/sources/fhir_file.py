"""From a file to FHIR R4 resources: a Bundle, or one resource on a line (NDJSON). Pure.

Source: HL7 FHIR R4 (4.0.1), Bundle; FHIR Bulk Data Access, for NDJSON.

Law: a file that shows that it is only a part of what was asked for is refused: a further page, a
total that was not reached, an error of the server among the resources, a last line that breaks off.
A resource that cannot be read is kept as a row, which is refused and reported.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeVar

import msgspec

from agency_node.importing.sources.children import MOST_ROWS
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.fhir_resources import (
    TYPES,
    Bundle,
    EpisodeOfCare,
    Flag,
    Patient,
    Reference,
    Resource,
    decode,
    type_of,
)
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.sources.table import Row

_BEGINNING: Final = 4096
_STRINGS: Final = re.compile(rb'"((?:[^"\\]|\\.)*)"')
_LABELS: Final = (b'"security"', b'"tag"')
_BUNDLES: Final = frozenset({"searchset", "collection"})
"""Others hold what is to be done, or what there was, and not what there is."""
_ABOUT_CHILDREN: Final = frozenset({Patient.__name__, EpisodeOfCare.__name__, Flag.__name__})
_T = TypeVar("_T", bound=Resource)


@dataclass(slots=True, repr=False)
class Found:
    """The resources of a file, each with its entry or line.

    Attributes:
        how: what the file is, in words.
        made_on: the day on which the server made a Bundle, where it says so.
        others: those that episodes refer to, by ``Type/id``.
        urls: the addresses that a Bundle gives its resources, and their ``Type/id``.
        unread: a row for each resource about a child that cannot be read.
        labelled: one of these may bear a label.
        counts: of what was left out, under the keys of ``fhir.SAID``.
        ended, has_end, held: as ``Table``.
    """

    how: str = ""
    made_on: date | None = None
    patients: list[tuple[int, Patient]] = field(default_factory=list)
    episodes: list[tuple[int, EpisodeOfCare]] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    others: dict[str, Resource] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    unread: list[Row] = field(default_factory=list)
    labelled: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    ended: bool = True
    has_end: bool = True
    held: int = 0

    def key_of(self, to: Reference) -> str:
        """Return the ``Type/id`` of what a reference means, which need not be in the file."""
        if to.reference in self.urls:
            return self.urls[to.reference]
        return "/".join(to.reference.partition("/_history/")[0].split("/")[-2:])

    def one(self, to: Reference, type_: type[_T]) -> _T | None:
        """Return the resource that a reference means; None where it is not there, or another."""
        resource = self.others.get(self.key_of(to))
        return resource if isinstance(resource, type_) else None

    def take(self, number: int, raw: bytes | msgspec.Raw, url: str) -> None:
        """Add one resource. Raises ``RefusedFile``."""
        if number > MOST_ROWS:
            raise RefusedFile(Reason.TOO_MANY_ROWS)
        self.held += 1
        kind = type_of(raw)
        if kind == "OperationOutcome":
            raise RefusedFile(Reason.FHIR_NOT_WHOLE, kind)
        if kind is not None and kind not in TYPES:
            self.counts["others"] += 1
            return
        resource = None if kind is None else decode(raw, TYPES[kind])
        if resource is not None and url:
            self.urls[url] = f"{kind}/{resource.id}"
        match resource:
            case None if kind is None or kind in _ABOUT_CHILDREN:
                self._give_up(number, bytes(raw))
            case None:
                self.counts["unread"] += 1
            case Patient():
                self.patients.append((number, resource))
            case EpisodeOfCare():
                self.episodes.append((number, resource))
            case Flag():
                self.flags.append(resource)
            case _:
                self.others[f"{kind}/{resource.id}"] = resource

    def _give_up(self, number: int, raw: bytes) -> None:
        """Keep a row with all that the resource names: it may be about any of that."""
        self.labelled |= any(label in raw for label in _LABELS)
        words = [found.decode("utf-8", "replace") for found in _STRINGS.findall(raw)]
        text = "\n".join(part for word in words for part in (word, word.rpartition("/")[2]))
        self.unread.append(Row(number, Reason.RESOURCE_NOT_READ, text))


def is_json(content: bytes) -> bool:
    """Return whether a file is a JSON object, with which no other source begins."""
    return content[:_BEGINNING].removeprefix(BOM_UTF8).lstrip().startswith(b"{")


def read_resources(content: bytes) -> Found:
    """Read a Bundle or NDJSON.

    Raises:
        RefusedFile: FHIR_NOT_READ, it is neither; FHIR_NOT_WHOLE; FHIR_OTHER_VERSION;
            TOO_MANY_ROWS.
    """
    content = content.removeprefix(BOM_UTF8)
    first, _, rest = content.lstrip().partition(b"\n")
    kind = type_of(first)
    if kind is not None and (kind != "Bundle" or rest.strip()):
        return _lines(content)
    bundle = decode(content, Bundle) if type_of(content) == "Bundle" else None
    if bundle is None or bundle.type not in _BUNDLES:
        raise RefusedFile(Reason.FHIR_NOT_READ)
    if any(link.relation == "next" for link in bundle.link):
        raise RefusedFile(Reason.FHIR_NOT_WHOLE, "Bundle.link")
    matches = sum(1 for entry in bundle.entry if entry.search.mode == "match")
    if bundle.total is not None and bundle.total > matches:
        raise RefusedFile(Reason.FHIR_NOT_WHOLE, "Bundle.total")
    found = Found(f"FHIR R4 Bundle ({bundle.type})", _day(bundle.timestamp))
    for number, entry in enumerate(bundle.entry, 1):
        found.take(number, entry.resource, entry.full_url)
    return found


def _lines(content: bytes) -> Found:
    """Raises ``RefusedFile``."""
    lines = content.split(b"\n")
    ended = not lines[-1].strip()
    found = Found("FHIR R4, one resource on a line", ended=ended, has_end=False)
    if not ended and type_of(lines[-1]) is None:
        raise RefusedFile(Reason.FHIR_NOT_WHOLE, f"line {len(lines)}")
    for number, line in enumerate(lines, 1):
        if line.strip():
            found.take(number, line, "")
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
