"""What members report to the authority, signed, in files that people carry.

A report has counts and ids of members, and nothing about a child, a lookup or a person. It stands
in the shared package, since members write it and the authority reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fingerpost.protocol.codec.signed import Signed
from fingerpost.protocol.envelope import Envelope, PayloadType
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId, EpochNumber, FederationId, MemberId
from fingerpost.wire.v1 import reports_pb2 as pb

REPORT_BYTES: Final = 16 * 1024 * 1024
MOST_MEMBERS: Final = 100_000
MOST_EPOCHS: Final = 32
_METER: Final = Signed(pb.MeterReport, PayloadType.METER_REPORT, "holder", REPORT_BYTES)
_NODE: Final = Signed(pb.NodeReport, PayloadType.NODE_REPORT, "node", REPORT_BYTES)


@dataclass(frozen=True, slots=True)
class MeteredEpoch:
    """What a node had evaluated in bulk for one epoch, in elements: up to the end of the week,
    within it, and what of that was more than it had before.
    """

    epoch: EpochNumber
    rules: int
    total: int
    of_week: int
    growth_of_week: int

    def __post_init__(self) -> None:
        if not self.growth_of_week <= self.of_week <= self.total:
            raise Refused(Code.MALFORMED, "meter report: counts of an epoch")


@dataclass(frozen=True, slots=True)
class MeteredMember:
    """What one member had evaluated in the week. ``refused``: whether a quota refused anything."""

    member: MemberId
    lookup_elements: int
    refused: bool
    epochs: tuple[MeteredEpoch, ...]

    def __post_init__(self) -> None:
        order = [(each.epoch, each.rules) for each in self.epochs]
        _require_sorted(order, MOST_EPOCHS, "meter report: epochs")


@dataclass(frozen=True, slots=True)
class MeterReport:
    """What a key holder has metered in one week.

    Attributes:
        week: in weeks since 1970.
        made_at: seconds since 1970 UTC.
        members: each once, sorted by id.
    """

    federation: FederationId
    holder: MemberId
    week: int
    made_at: int
    members: tuple[MeteredMember, ...]

    def __post_init__(self) -> None:
        order = [(each.member,) for each in self.members]
        _require_sorted(order, MOST_MEMBERS, "meter report: members")


def write_meter_report(report: MeterReport, key: Ed25519PrivateKey) -> bytes:
    """Return the content of the file, signed with the holder's key."""
    message = pb.MeterReport(
        federation=report.federation.value,
        holder=report.holder.value,
        week=report.week,
        made_at=report.made_at,
        members=[
            pb.MeteredMember(
                member=each.member.value,
                lookup_elements=each.lookup_elements,
                refused=each.refused,
                epochs=[
                    pb.MeteredEpoch(
                        epoch=of.epoch.value,
                        normalisation_version=of.rules,
                        total=of.total,
                        of_week=of.of_week,
                        growth_of_week=of.growth_of_week,
                    )
                    for of in each.epochs
                ],
            )
            for each in report.members
        ],
    )
    return _METER.write(message, key)


def read_meter_report(envelope: Envelope, key: Ed25519PublicKey) -> MeterReport:
    """Return the verified report. Raises ``Refused`` as ``Signed.read``."""
    m = _METER.read(envelope, key)
    return MeterReport(
        FederationId(m.federation),
        MemberId(m.holder),
        m.week,
        m.made_at,
        tuple(
            MeteredMember(
                MemberId(each.member),
                each.lookup_elements,
                each.refused,
                tuple(
                    MeteredEpoch(
                        EpochNumber(of.epoch),
                        of.normalisation_version,
                        of.total,
                        of.of_week,
                        of.growth_of_week,
                    )
                    for of in each.epochs
                ),
            )
            for each in m.members
        ),
    )


@dataclass(frozen=True, slots=True)
class SelfTests:
    """What the self-tests of one agency found in one week.

    Attributes:
        tests: how often the node looked for the agency's marked records.
        missed: in how many of these it missed one.
        asked: in the last one, the records that are written as they are asked for; ``found``: of
            those. ``slipped``: those with a slip; ``slipped_found``: of those.
    """

    tests: int = 0
    missed: int = 0
    asked: int = 0
    found: int = 0
    slipped: int = 0
    slipped_found: int = 0

    def __post_init__(self) -> None:
        if (
            self.missed > self.tests
            or self.found > self.asked
            or self.slipped_found > self.slipped
            or (not self.tests and (self.asked or self.slipped))
        ):
            raise Refused(Code.MALFORMED, "node report: self-tests of an agency")

    @property
    def all_found(self) -> bool:
        """Whether the last one found all; False where there was none."""
        found = (self.found, self.slipped_found) == (self.asked, self.slipped)
        return bool(self.tests) and found


@dataclass(frozen=True, slots=True)
class CountedAgency:
    """What a node counted of one agency.

    Attributes:
        records: of the import that it answers from.
        young: of those, how many first came less than 30 days before; ``typed``: by hand;
            ``unusual``: of another age or area than is to be expected.
        opened: lookups of the week that opened.
        hidden: of those, how many only such records opened, so that the entry hides who asked.
        revealed: entries that an officer revealed in the week.
        self_tests: of the week.
    """

    agency: AgencyId
    records: int
    young: int
    typed: int
    unusual: int
    opened: int
    hidden: int
    revealed: int
    self_tests: SelfTests = field(default_factory=SelfTests)

    def __post_init__(self) -> None:
        if max(self.young, self.typed, self.unusual) > self.records or self.hidden > self.opened:
            raise Refused(Code.MALFORMED, "node report: counts of an agency")


@dataclass(frozen=True, slots=True)
class NodeReport:
    """What a node counted in one week. ``agencies``: each once, sorted; else as ``MeterReport``."""

    federation: FederationId
    node: MemberId
    week: int
    made_at: int
    agencies: tuple[CountedAgency, ...]

    def __post_init__(self) -> None:
        order = [(each.agency,) for each in self.agencies]
        _require_sorted(order, MOST_MEMBERS, "node report: agencies")


_TESTED: Final = ("tests", "missed", "asked", "found", "slipped", "slipped_found")
_COUNTS: Final = ("records", "young", "typed", "unusual", "opened", "hidden", "revealed")


def write_node_report(report: NodeReport, key: Ed25519PrivateKey) -> bytes:
    """Return the content of the file, signed with the node's key."""
    message = pb.NodeReport(
        federation=report.federation.value,
        node=report.node.value,
        week=report.week,
        made_at=report.made_at,
        agencies=[
            pb.CountedAgency(
                agency=each.agency.value,
                **{name: getattr(each, name) for name in _COUNTS},
                self_tests=_self_tests(each.self_tests),
            )
            for each in report.agencies
        ],
    )
    return _NODE.write(message, key)


def read_node_report(envelope: Envelope, key: Ed25519PublicKey) -> NodeReport:
    """Return the verified report. Raises ``Refused`` as ``Signed.read``."""
    m = _NODE.read(envelope, key)
    return NodeReport(
        FederationId(m.federation),
        MemberId(m.node),
        m.week,
        m.made_at,
        tuple(
            CountedAgency(
                AgencyId(each.agency),
                **{name: getattr(each, name) for name in _COUNTS},
                self_tests=SelfTests(*(getattr(each.self_tests, name) for name in _TESTED)),
            )
            for each in m.agencies
        ),
    )


def _self_tests(tests: SelfTests) -> pb.SelfTests | None:
    """Return what is written. A report without any is what it was before there were self-tests."""
    if not tests.tests:
        return None
    return pb.SelfTests(**{name: getattr(tests, name) for name in _TESTED})


def _require_sorted(order: Sequence[tuple[Any, ...]], most: int, what: str) -> None:
    """Raise ``Refused(MALFORMED)`` unless each stands once, in order: one form for each report."""
    if len(order) > most or any(a >= b for a, b in pairwise(order)):
        raise Refused(Code.MALFORMED, what)
