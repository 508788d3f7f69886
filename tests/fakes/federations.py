"""Parts of a member list for any test: a test states what it is about, and the rest is filled in.

Law: every code is in force, both key holders are the same two, and whatever is not given has the
simplest value that the types admit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fingerpost.private.linkage import NORMALISATION_VERSION
from fingerpost.protocol import limits
from fingerpost.protocol.codes import CODE_LIST_VERSION, AgencyKind, Kind, Purpose, Reach, Role
from fingerpost.protocol.federation import (
    Agency,
    Area,
    CodeLists,
    DenyList,
    Epoch,
    Federation,
    Member,
    Parameters,
    Party,
)
from fingerpost.protocol.ids import AgencyId, AreaCode, EpochNumber, FederationId, MemberId
from fingerpost.protocol.messages import RevisionFrom
from fingerpost.protocol.table_of_terms import ROLES_AT, TERMS
from fingerpost.protocol.terms import Terms, Tier

NOW: Final = 1_800_000_000.0
HOLDERS: Final = (MemberId("holder-a"), MemberId("holder-b"))
EVERY_CODE: Final = CodeLists(CODE_LIST_VERSION, TERMS, ROLES_AT, frozenset(Kind))


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def requester_key(epoch: EpochNumber) -> Ed25519PrivateKey:
    """The key that all gateways share in an epoch."""
    return Ed25519PrivateKey.from_private_bytes(bytes([epoch.value % 256]) * 32)


def anything(purpose: Purpose) -> Terms:
    """Terms that a requester with a program of her own grants herself."""
    return Terms(purpose, frozenset(Role), Reach.NATIONAL_RING, Tier.SENSITIVE)


def agency(area: AreaCode, name: str, kind: AgencyKind, node: MemberId, **more: Any) -> Agency:
    return Agency(AgencyId(f"{area}.{name}"), name.title(), kind, node, **more)


def member(id_: MemberId, party: Party, key: bytes = bytes(32), **more: Any) -> Member:
    values = {"revisions": limits.REVISIONS, **more}
    return Member(id_, party, "An organisation", key, **values)


def epoch(number: int, starts: float, keys: Mapping[MemberId, bytes] | None = None) -> Epoch:
    """``starts``: in seconds since 1970 UTC. Nodes index for it a week before."""
    first = int(starts)
    index_from = first - limits.EPOCH_OVERLAP_DAYS * limits.DAY
    keys = keys or {HOLDERS[0]: bytes([number, 1]) * 16, HOLDERS[1]: bytes([number, 2]) * 16}
    shared = public(requester_key(EpochNumber(number)))
    return Epoch(EpochNumber(number), index_from, first, first + 90 * limits.DAY, keys, shared)


def epoch_to_ask(federation: Federation, now: float) -> Epoch:
    """The newest epoch that runs: the one that a gateway with its pepper asks by."""
    running = [e for e in federation.parameters.epochs if e.is_running(now)]
    return max(running, key=lambda e: e.number)


def parameters(federation: FederationId, epochs: Iterable[Epoch] = (), **more: Any) -> Parameters:
    values: dict[str, Any] = {
        "code_list_version": CODE_LIST_VERSION,
        "normalisation_version": NORMALISATION_VERSION,
        "broker": MemberId("broker"),
        "issuer": MemberId("issuer"),
        "key_holders": HOLDERS,
        "revisions": tuple(RevisionFrom(number, 0) for number in limits.REVISIONS),
    }
    return Parameters(federation, epochs=tuple(epochs), **{**values, **more})


def federation(
    common: Parameters,
    areas: Iterable[Area] = (),
    members: Iterable[Member] = (),
    *,
    valid_until: float = NOW + limits.DAY,
) -> Federation:
    """The list of version 7, which denies nobody."""
    by_code, by_id = {a.code: a for a in areas}, {m.id: m for m in members}
    return Federation(7, valid_until, common, EVERY_CODE, by_id, by_code)


def without(federation: Federation, *ids: MemberId) -> Federation:
    kept = {id_: found for id_, found in federation.members.items() if id_ not in ids}
    return replace(federation, members=kept)


@dataclass
class Members:
    """Implements ``fingerpost.membership.ports.Members``; a test sets another list while a party
    runs.
    """

    current: Federation

    def at(self, now: float) -> Federation:
        self.current.require_current(now)
        return self.current

    def suspend(self, *ids: MemberId) -> None:
        self.current = replace(self.current, deny=DenyList(members=frozenset(ids)))
