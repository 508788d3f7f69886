"""A small federation for the broker's tests, and queries that only their ends could open.

Nothing is sealed for anybody here: the broker cannot open anything, so random bytes serve it as
well.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fakes import federations
from fakes.federations import HOLDERS, NOW, agency, member, public, requester_key
from fakes.handles import a_counting
from fingerpost.private.linkage import NORMALISATION_VERSION
from fingerpost.protocol import limits
from fingerpost.protocol import messages as schedule
from fingerpost.protocol.codec.queries import (
    read_query,
    seal_into_query,
    write_core,
    write_submission,
)
from fingerpost.protocol.codes import CODE_LIST_VERSION, AgencyKind, Reach
from fingerpost.protocol.federation import Area, Federation, Party
from fingerpost.protocol.ids import AgencyId, AreaCode, EpochNumber, FederationId, Handle, MemberId
from fingerpost.protocol.messages import Counting, KeySet, QueryCore, Submission
from fingerpost.runtime import identity

FEDERATION = FederationId("test")
NORTH, SOUTH, EAST = (AreaCode(f"e9900000{n}") for n in (1, 2, 3))
COUNCIL = AgencyId(f"{NORTH}.council")
GATEWAY = MemberId("gateway-north")
OTHER_GATEWAY = MemberId("gateway-south")
NODES = tuple(MemberId(f"node-{name}") for name in ("north", "school", "south", "east"))


def key_of(member: MemberId) -> Ed25519PrivateKey:
    """The same key for the same member, in every test."""
    return Ed25519PrivateKey.from_private_bytes(member.value.encode().ljust(32, b"."))


def a_federation(now: float = NOW, **parameters: Any) -> Federation:
    north, school, south, east = NODES
    council = AgencyKind.LOCAL_AUTHORITY
    asks = {"gateways": (GATEWAY,), "passport_key": bytes(32), "handle_root": bytes(32)}
    asks_in_south = {**asks, "gateways": (OTHER_GATEWAY,)}
    areas = {
        (NORTH, "North", (SOUTH,)): (
            agency(NORTH, "council", council, north, **asks),
            agency(NORTH, "oak", AgencyKind.SCHOOL, school),
            agency(NORTH, "elm", AgencyKind.SCHOOL, school, **asks),
        ),
        (SOUTH, "South", (NORTH,)): (agency(SOUTH, "council", council, south, **asks_in_south),),
        (EAST, "East", ()): (agency(EAST, "council", council, east),),
    }
    parties = {
        Party.NODE: NODES,
        Party.GATEWAY: (GATEWAY, OTHER_GATEWAY),
        Party.KEY_HOLDER: HOLDERS,
        Party.BROKER: (MemberId("broker"),),
        Party.ISSUER: (MemberId("issuer"),),
    }
    return federations.federation(
        federations.parameters(FEDERATION, [federations.epoch(1, now - 50_000)], **parameters),
        [Area(*area, agencies) for area, agencies in areas.items()],
        [
            member(id_, party, public(key_of(id_)), lookups_per_day=1000)
            for party, ids in parties.items()
            for id_ in ids
        ],
        valid_until=now + limits.DAY,
    )


def peer(
    id_: MemberId = GATEWAY,
    service: Party = Party.GATEWAY,
    *,
    federation: FederationId = FEDERATION,
    not_after: float = NOW + 86_400,
) -> identity.PeerIdentity:
    return identity.PeerIdentity(federation, id_, service, not_after)


def node_peer(id_: MemberId, *, not_after: float = NOW + 86_400) -> identity.PeerIdentity:
    return peer(id_, Party.NODE, not_after=not_after)


_numbers = itertools.count(1)


def a_core(now: float = NOW, **changes: Any) -> QueryCore:
    """A core that is in order at ``now``; another one each time."""
    at = int(changes.get("issued_at", now))
    number = next(_numbers)
    values: dict[str, Any] = {
        "suite": limits.SUITE,
        "federation": FEDERATION,
        "metadata_version": 7,
        "code_list_version": CODE_LIST_VERSION,
        "normalisation_version": NORMALISATION_VERSION,
        "epoch": EpochNumber(1),
        "slot": schedule.slot_of(at),
        "q": number.to_bytes(32, "big"),
        "issued_at": at,
        "expires_at": at + limits.QUERY_LIFE_SECONDS,
        "passport_expires_at": at + limits.PASSPORT_SECONDS,
        "reply_key": bytes(limits.HYBRID_PUBLIC_KEY_BYTES),
        "area": COUNCIL.area,
        "reach": Reach.AREA,
        "named_areas": (),
        "key_set": KeySet.NARROW,
        "key_commitment": bytes(32),
        "locators": tuple(i.to_bytes(16, "big") for i in range(limits.LOCATORS)),
        "slot_check": bytes(limits.SLOT_CHECK_BYTES),
        "quota_commitment": bytes(limits.HASH_BYTES),
        "revision": 1,
    }
    return QueryCore(**{**values, **changes})


@dataclass(frozen=True)
class Asked:
    """What a gateway sends."""

    core: QueryCore
    query: bytes
    submission: bytes
    hash: bytes


def a_query(
    core: QueryCore | None = None,
    *,
    handle: Handle = Handle("0" * 32),  # noqa: B008 - immutable
    agency: AgencyId = COUNCIL,
    gateway: MemberId = GATEWAY,
    signer: MemberId | None = None,
    requester: Ed25519PrivateKey | None = None,
    submission_of: bytes | None = None,
    counting: Counting | None = None,
) -> Asked:
    counting = counting or a_counting()
    core = replace(core or a_core(), quota_commitment=counting.commitment(handle))
    shared = requester or requester_key(core.epoch)
    wraps = tuple(bytes([i]) * limits.WRAP_BYTES for i in range(limits.LOCATORS))
    wire = seal_into_query(write_core(core), wraps, bytes(limits.SEALED_BYTES), core.epoch, shared)
    hash_ = read_query(wire, lambda _: public(shared)).hash
    stated = Submission(submission_of or hash_, agency, handle, counting)
    submission = write_submission(stated, gateway, key_of(signer or gateway))
    return Asked(core, wire, submission, hash_)
