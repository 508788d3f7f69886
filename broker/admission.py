"""Whether a query may be carried. Pure: time, member list and caller come in as arguments.

Law: deny by default; raises rather than answers. Everything here is a public fact of the query's core,
the member list or the caller's certificate: the broker has nothing else. Nodes check the same facts anew
and do not rely on this; here it spares them what they would refuse anyhow, and nothing leaves that breaks a rule.

Not here: quota (``quota``) and replay (``replay``), which need memory.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from fingerpost.protocol import limits, schedule
from fingerpost.protocol.codec.queries import read_query, read_submission
from fingerpost.protocol.codes import WIDE_REACHES
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Agency, Federation, Member, Party
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import KeySet, Query, QueryCore, Submission
from fingerpost.runtime.identity import PeerIdentity, require_listed


@dataclass(frozen=True, slots=True, repr=False)
class Admitted:
    """A query that may leave once it is recorded. ``agencies`` are those it asks, ``nodes`` theirs, both sorted."""

    query: Query
    submission: Submission
    gateway: Member
    agencies: tuple[Agency, ...]
    nodes: tuple[MemberId, ...]

    def __repr__(self) -> str:
        return f"Admitted({self.query!r}, {len(self.nodes)} nodes)"


def require_member(
    federation: Federation, caller: PeerIdentity, party: Party, now: float
) -> Member:
    """The caller as the list knows it at this moment. Checked for each call and each message of a stream, since a
    stream outlives the certificate that opened it.

    Raises ``Refused``: NOT_A_MEMBER; UNTRUSTED_METADATA once the list has expired.
    """
    federation.require_current(now)
    return require_listed(federation, caller, (party,), now)


def admit(
    federation: Federation,
    now: float,
    caller: PeerIdentity,
    query_bytes: bytes,
    submission_bytes: bytes,
    *,
    complete_since: float,
) -> Admitted:
    """The query, verified and within every rule that needs no memory.

    ``complete_since``: from when on the replay set has seen every query (UNIX seconds).

    Raises ``Refused``: NOT_A_MEMBER, UNTRUSTED_METADATA, MALFORMED, BAD_SIGNATURE, NOT_ALLOWED, UNSUPPORTED, NOT_FRESH,
    NOT_READY.
    """
    gateway = require_member(federation, caller, Party.GATEWAY, now)
    key = Ed25519PublicKey.from_public_bytes(gateway.signing_key)

    def signing_key(signer: MemberId) -> Ed25519PublicKey:
        if signer != caller.member:  # attack: submit another gateway's query on its quota
            raise Refused(Code.NOT_ALLOWED, "query of another gateway")
        return key

    query = read_query(query_bytes, signing_key)
    core = query.core
    federation.asking_agency(core.agency, core.gateway)
    require_supported(federation, core, now)
    require_reach(core)
    schedule.require_fresh(core, now)
    require_within_memory(core, complete_since)
    submission = read_submission(submission_bytes, query, key)
    agencies = federation.agencies_in_reach(core.agency, core.reach, core.named_areas)
    nodes = tuple(sorted({agency.node for agency in agencies}))
    return Admitted(query, submission, gateway, agencies, nodes)


def require_supported(federation: Federation, core: QueryCore, now: float) -> None:
    """Raises ``Refused(UNSUPPORTED)`` unless suite, federation, lists and epoch are those in use.

    ``metadata_version`` is not among them: a new list reaches the members within seconds of each other and not at
    once, and whoever is ahead by one version is not wrong.
    """
    parameters = federation.parameters
    if core.suite != limits.SUITE:
        raise Refused(Code.UNSUPPORTED, "core.suite")
    if core.federation != parameters.federation:
        raise Refused(Code.UNSUPPORTED, "core.federation")
    if core.code_list_version != parameters.code_list_version:
        raise Refused(Code.UNSUPPORTED, "core.code_list_version")
    if core.normalisation_version != parameters.normalisation_version:
        raise Refused(Code.UNSUPPORTED, "core.normalisation_version")
    federation.epoch(core.epoch, now)


def require_reach(core: QueryCore) -> None:
    """Wide keys match more children, so they never go to the national ring. Beyond the asker's own area they are for a
    second round, whose reason only who opens the query sees and judges.

    Raises ``Refused(NOT_ALLOWED)``.
    """
    if core.key_set is KeySet.WIDE and core.reach not in WIDE_REACHES:
        raise Refused(Code.NOT_ALLOWED, "core.key_set for this reach")


def require_within_memory(core: QueryCore, complete_since: float) -> None:
    """A query that an earlier life of this broker may have carried cannot be told from a replay.

    Such a query was issued, by a clock at most the skew ahead, before this memory began. Raises ``Refused(NOT_READY)``.
    """
    if core.issued_at <= complete_since + limits.CLOCK_SKEW_SECONDS:
        raise Refused(Code.NOT_READY, "issued before the replay set")
