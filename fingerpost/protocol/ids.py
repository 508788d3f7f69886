"""Identifiers are types, parsed once, at the edge.

None of them names a person. All are short lower-case ASCII, so that they are safe in a path, a log
line and a certificate. Comparing two ids of different types is a type error for mypy and False at
run time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from fingerpost.protocol.errors import Code, Refused


@dataclass(frozen=True, slots=True, order=True)
class _Id:
    """An identifier; ``value`` matches ``_pattern``. Raises ``Refused(MALFORMED)`` otherwise."""

    value: str
    _pattern: ClassVar[re.Pattern[str]] = re.compile(r"(?!)")

    def __post_init__(self) -> None:
        if not isinstance(self.value, str) or self._pattern.fullmatch(self.value) is None:
            raise Refused(Code.MALFORMED, type(self).__name__)

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, order=True)
class FederationId(_Id):
    """The federation, e.g. ``england-pilot``: 1 to 40 of a-z, 0-9 and hyphen."""

    _pattern: ClassVar[re.Pattern[str]] = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


@dataclass(frozen=True, slots=True, order=True)
class MemberId(_Id):
    """A process with keys: a node, gateway, key holder, broker or issuer.

    It has 1 to 40 of a-z, 0-9 and hyphen.
    """

    _pattern: ClassVar[re.Pattern[str]] = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


@dataclass(frozen=True, slots=True, order=True)
class AreaCode(_Id):
    """A council's code in lower case (GSS form such as ``e08000025``): a letter and 8 digits."""

    _pattern: ClassVar[re.Pattern[str]] = re.compile(r"[a-z][0-9]{8}")


@dataclass(frozen=True, slots=True, order=True)
class AgencyId(_Id):
    """An organisation: its home area, a dot, and a name within it, e.g. ``e08000025.oak-primary``.

    The home area is part of the id, so that the id alone says which area's file of the member list
    has the agency.
    """

    _pattern: ClassVar[re.Pattern[str]] = re.compile(
        r"[a-z][0-9]{8}\.[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?"
    )

    @property
    def area(self) -> AreaCode:
        return AreaCode(self.value.split(".", 1)[0])


@dataclass(frozen=True, slots=True, order=True)
class Handle(_Id):
    """A daily pseudonym of a practitioner for quotas: 32 hex digits. It goes to the broker only."""

    _pattern: ClassVar[re.Pattern[str]] = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, order=True)
class Address(_Id):
    """Where a server is reached: ``host:port``; a lower-case name, IPv4, or IPv6 in brackets."""

    _pattern: ClassVar[re.Pattern[str]] = re.compile(
        r"(?:\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?):[0-9]{1,5}"
    )

    def __post_init__(self) -> None:
        _Id.__post_init__(self)
        if not 1 <= int(self.value.rpartition(":")[2]) <= 65_535:
            raise Refused(Code.MALFORMED, "Address")


@dataclass(frozen=True, slots=True, order=True)
class EpochNumber:
    """The number of an epoch of OPRF keys, from 1."""

    value: int

    def __post_init__(self) -> None:
        if not 1 <= self.value <= 0xFFFF_FFFF:
            raise Refused(Code.MALFORMED, "EpochNumber")

    def __str__(self) -> str:
        return str(self.value)
