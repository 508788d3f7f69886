"""What the offline keys sign, as TUF metadata. Pure: keys, times and contents come in, unsigned
metadata goes out.

Two rules of trust. Governance signs ``targets``, which only names the keys that sign each list; the
keys of the member list sign the bins (attack: if they were the same, those who keep the list could
name other governors). And the order counts: ``deny-list`` and ``code-lists`` come first and are
terminating, so that no bin can offer a file of those names (attack: the keys of the list widen the
purposes without governance, or reinstate a suspended member).

Source: TUF specification 1.0, sections 4.5 and 5.6.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from securesystemslib.signer import Key, Signer
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    Role,
    Root,
    Signed,
    TargetFile,
    Targets,
)

from authority.charter import Charter, KeyEntry, Quorum, tuf_key
from authority.repository import CODE_LISTS, DENY_LIST, ROOT, SNAPSHOT, TARGETS, TIMESTAMP, S
from fingerpost.protocol import federation_files, limits


def expiry(now: float, days: int) -> datetime:
    """Return the end of ``days``; times of TUF are whole seconds, UTC."""
    return datetime.fromtimestamp(int(now), UTC) + timedelta(days=days)


def needs_renewal(signed: Signed, now: float, days: int) -> bool:
    """Return whether half of the validity of ``days`` is over."""
    return signed.expires.timestamp() - now < days * limits.DAY / 2


def root_role(charter: Charter, version: int, expires: datetime) -> Root:
    quorums = {
        ROOT: charter.root,
        TARGETS: charter.governance,
        SNAPSHOT: Quorum(1, (charter.snapshot,)),
        TIMESTAMP: Quorum(1, (charter.timestamp,)),
    }
    known: dict[str, Key] = {}
    roles: dict[str, Role] = {}
    for name, quorum in quorums.items():
        ids = _add(known, quorum.keys)
        roles[name] = Role(ids, quorum.threshold)
    return Root(
        version=version, expires=expires, keys=known, roles=roles, consistent_snapshot=False
    )


def delegations(charter: Charter) -> Delegations:
    known: dict[str, Key] = {}
    roles = {
        DENY_LIST: DelegatedRole(
            DENY_LIST,
            _add(known, (charter.deny_list,)),
            1,
            terminating=True,
            paths=[federation_files.DENY_LIST],
        ),
        CODE_LISTS: DelegatedRole(
            CODE_LISTS,
            _add(known, charter.governance.keys),
            charter.governance.threshold,
            terminating=True,
            paths=[federation_files.CODE_LISTS],
        ),
    }
    ids = _add(known, charter.targets.keys)
    for number in range(charter.bins):
        name = bin_name(number)
        roles[name] = DelegatedRole(
            name,
            list(ids),
            charter.targets.threshold,
            terminating=True,
            path_hash_prefixes=list(bin_prefixes(number, charter.bins)),
        )
    return Delegations(known, roles)


def _add(known: dict[str, Key], entries: Sequence[KeyEntry]) -> list[str]:
    found = [tuf_key(entry.public_bytes) for entry in entries]
    known.update({key.keyid: key for key in found})
    return [key.keyid for key in found]


def bin_name(number: int) -> str:
    return f"bin-{number:02x}"


def _digits(bins: int) -> int:
    return 1 if bins <= 16 else 2


def bin_prefixes(number: int, bins: int) -> tuple[str, ...]:
    """Return the hexadecimal prefixes of SHA-256(path) that fall into this bin; the bins share all
    of them evenly.
    """
    digits = _digits(bins)
    each = 16**digits // bins
    return tuple(f"{n:0{digits}x}" for n in range(number * each, (number + 1) * each))


def bin_of(path: str, bins: int) -> str:
    digits = _digits(bins)
    prefix = int(hashlib.sha256(path.encode()).hexdigest()[:digits], 16)
    return bin_name(prefix * bins // 16**digits)


def sort_into_bins(files: Mapping[str, bytes], bins: int) -> dict[str, dict[str, TargetFile]]:
    """Return the files of every bin, also of empty ones: a client must be able to learn that a file
    does not exist.
    """
    sorted_files: dict[str, dict[str, TargetFile]] = {bin_name(n): {} for n in range(bins)}
    for path, data in sorted(files.items()):
        sorted_files[bin_of(path, bins)][path] = TargetFile.from_data(path, data)
    return sorted_files


def targets_role(
    version: int,
    expires: datetime,
    targets: Mapping[str, TargetFile],
    delegated: Delegations | None = None,
) -> Targets:
    return Targets(version=version, expires=expires, targets=dict(targets), delegations=delegated)


def sign(signed: S, signers: Iterable[Signer]) -> bytes:
    """Return compact JSON with a signature of each signer."""
    metadata = Metadata(signed)
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata.to_bytes()
