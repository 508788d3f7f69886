"""What members report to the authority, signed, in files that people carry.

A report has counts and ids of members, and nothing about a child, a lookup or a person. It stands
in the shared package, since members write it and the authority reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fingerpost.protocol.codec.strict import parse, read_envelope, write_envelope
from fingerpost.protocol.envelope import Envelope, PayloadType, open_envelope, sign
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId, EpochNumber, FederationId, MemberId
from fingerpost.wire.v1 import reports_pb2 as pb

REPORT_BYTES: Final = 16 * 1024 * 1024
MOST_MEMBERS: Final = 100_000
MOST_EPOCHS: Final = 32


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
        if len(order) > MOST_EPOCHS or any(a >= b for a, b in pairwise(order)):
            raise Refused(Code.MALFORMED, "meter report: epochs")


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
        order = [each.member for each in self.members]
        if len(order) > MOST_MEMBERS or any(a >= b for a, b in pairwise(order)):
            raise Refused(Code.MALFORMED, "meter report: members")


def write_meter_report(report: MeterReport, key: Ed25519PrivateKey) -> bytes:
    """Return the content of the file, signed with the holder's key."""
    payload = pb.MeterReport(
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
    ).SerializeToString(deterministic=True)
    return write_envelope(sign(PayloadType.METER_REPORT, payload, report.holder.value, key))


def reporting_member(data: bytes) -> tuple[Envelope, MemberId]:
    """Return the unverified envelope of a report, and the member whose key must verify it.

    Raises:
        Refused: MALFORMED.
    """
    envelope = read_envelope(data, most=REPORT_BYTES)
    return envelope, MemberId(envelope.signer)


def read_meter_report(envelope: Envelope, key: Ed25519PublicKey) -> MeterReport:
    """Return the report, once it verifies under ``key``.

    Raises:
        Refused: BAD_SIGNATURE, MALFORMED.
    """
    m = parse(pb.MeterReport, open_envelope(envelope, PayloadType.METER_REPORT, key), REPORT_BYTES)
    if m.holder != envelope.signer:  # attack: my counts under your name
        raise Refused(Code.BAD_SIGNATURE, "meter_report.holder")
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
class CountedAgency:
    """What a node counted of one agency.

    Attributes:
        records: of the import that it answers from.
        young: of those, how many first came less than 30 days before; ``typed``: by hand;
            ``unusual``: of another age or area than is to be expected.
        opened: lookups of the week that opened.
        hidden: of those, how many only such records opened, so that the entry hides who asked.
        revealed: entries that an officer revealed in the week.
    """

    agency: AgencyId
    records: int
    young: int
    typed: int
    unusual: int
    opened: int
    hidden: int
    revealed: int

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
        order = [each.agency for each in self.agencies]
        if len(order) > MOST_MEMBERS or any(a >= b for a, b in pairwise(order)):
            raise Refused(Code.MALFORMED, "node report: agencies")


_COUNTS: Final = ("records", "young", "typed", "unusual", "opened", "hidden", "revealed")


def write_node_report(report: NodeReport, key: Ed25519PrivateKey) -> bytes:
    """Return the content of the file, signed with the node's key."""
    payload = pb.NodeReport(
        federation=report.federation.value,
        node=report.node.value,
        week=report.week,
        made_at=report.made_at,
        agencies=[
            pb.CountedAgency(
                agency=each.agency.value, **{name: getattr(each, name) for name in _COUNTS}
            )
            for each in report.agencies
        ],
    ).SerializeToString(deterministic=True)
    return write_envelope(sign(PayloadType.NODE_REPORT, payload, report.node.value, key))


def read_node_report(envelope: Envelope, key: Ed25519PublicKey) -> NodeReport:
    """Return the report, once it verifies under ``key``.

    Raises:
        Refused: BAD_SIGNATURE, MALFORMED.
    """
    m = parse(pb.NodeReport, open_envelope(envelope, PayloadType.NODE_REPORT, key), REPORT_BYTES)
    if m.node != envelope.signer:  # attack: my counts under your name
        raise Refused(Code.BAD_SIGNATURE, "node_report.node")
    return NodeReport(
        FederationId(m.federation),
        MemberId(m.node),
        m.week,
        m.made_at,
        tuple(
            CountedAgency(AgencyId(each.agency), *(getattr(each, name) for name in _COUNTS))
            for each in m.agencies
        ),
    )
