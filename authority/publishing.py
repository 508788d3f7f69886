"""Publishing: a draft becomes signed targets in the repository.

Nothing is signed before the draft is consistent, and nothing is written before everything is
signed. Targets are written first, and what refers to them after, so that a member that reads in
between finds a hash that does not match and reads again; it never finds a mixture that verifies.
Snapshot and timestamp are not made here: their keys are online.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from tuf.api.metadata import Metadata, Root, Targets

from authority import charter as charters
from authority import checks, code_lists, roles
from authority.charter import Charter
from authority.draft import Draft, target_files
from authority.repository import CODE_LISTS, ROOT, TARGETS, Repository, read_signed
from fingerpost.protocol import federation_files, limits
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.runtime.screen_text import counted

EXPIRY_WARNING_DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class Publication:
    """What was signed: roles, and how many target files were written or removed."""

    roles: tuple[str, ...]
    written: int
    removed: int
    warnings: tuple[checks.Finding, ...]


def write_root(repository: Repository, root: Root, signed: bytes) -> None:
    """Write a root under its number and as the newest."""
    repository.write_metadata(f"{root.version}.{ROOT}", signed)
    repository.write_metadata(ROOT, signed)


def publish(
    charter: Charter,
    repository: Repository,
    draft: Draft,
    proposal: code_lists.Proposal | None,
    now: float,
) -> Publication:
    """Sign and write what differs from what is published, and what comes near its expiry.

    ``proposal``: code lists with the signatures that governance has given so far.

    Raises:
        Defect: ``checks.Inconsistent``; fewer keys here than must sign; code lists below
            governance's threshold; a file longer than members take.
    """
    code, code_bytes = code_lists.decide(charter, proposal, repository)
    draft = replace(draft, parameters=replace(draft.parameters, code_list_version=code.version))
    warnings = checks.require_consistent(draft, now)
    files = target_files(draft)
    signed = {
        **_sign_delegations(charter, repository, now),
        **_sign_bins(charter, repository, files, now),
    }
    if code_bytes is not None:
        signed[CODE_LISTS] = code_bytes
    _require_sizes(signed)
    with repository.lock():
        if code_bytes is not None:
            files[federation_files.CODE_LISTS] = federation_files.write_code_lists(code)
        written = _write_targets(repository, files)
        for name in sorted(signed, key=lambda name: name == TARGETS):
            repository.write_metadata(name, signed[name], durable=False)
        removed = _remove_targets(repository, files)
        os.sync()  # thousands of small files: once for all of them
    warnings += _expiry_warnings(repository, now)
    return Publication(tuple(sorted(signed)), written, removed, warnings)


def publish_delegations(charter: Charter, repository: Repository, now: float) -> None:
    """Publish governance's statement of whose keys sign the lists, before the first of them.

    Raises:
        Defect: fewer of governance's keys are here than must sign.
    """
    for name, data in _sign_delegations(charter, repository, now).items():
        repository.write_metadata(name, data)


def _published(repository: Repository, name: str) -> Metadata[Targets] | None:
    """Return what is published now, to go on from its version. Raises ``Defect``."""
    data = repository.read_metadata(name)
    if data is None:
        return None
    try:
        return read_signed(data, Targets)
    except Refused:
        raise Defect(f"{name}.json in the repository is not metadata; restore it") from None


def _holds(by: Root | Targets, name: str, metadata: Metadata[Targets]) -> bool:
    """Return whether the metadata is signed under the keys of the present charter."""
    return bool(by.get_verification_result(name, metadata.signed_bytes, metadata.signatures))


def _sign_delegations(charter: Charter, repository: Repository, now: float) -> dict[str, bytes]:
    """Sign ``targets`` by governance, so that the keys of the list cannot take over the code lists.

    Ageing alone is no reason to call governance together: it is a warning until the charter
    changes.
    """
    days = charter.validity.code_lists_days
    delegated = roles.delegations(charter)
    top = _published(repository, TARGETS)
    if top is not None:
        before = top.signed.delegations
        gone = set((before and before.roles) or {}) - set(delegated.roles or {})
        if gone:  # members refuse a snapshot in which a role is missing
            raise Defect("bins can become more, never fewer")
        root = roles.root_role(charter, 1, top.signed.expires)
        if before == delegated and _holds(root, TARGETS, top):
            ageing = roles.needs_renewal(top.signed, now, days)
            if not ageing or not charters.are_here(charter.governance):
                return {}
    version = 1 if top is None else top.signed.version + 1
    role = roles.targets_role(version, roles.expiry(now, days), {}, delegated)
    return {TARGETS: roles.sign(role, charters.signers(charter.governance, "governance"))}


def _sign_bins(
    charter: Charter, repository: Repository, files: Mapping[str, bytes], now: float
) -> dict[str, bytes]:
    days = charter.validity.targets_days
    expires = roles.expiry(now, days)
    signers = charters.signers(charter.targets, TARGETS)
    delegator = roles.targets_role(1, expires, {}, roles.delegations(charter))
    signed: dict[str, bytes] = {}
    for name, targets in roles.sort_into_bins(files, charter.bins).items():
        before = _published(repository, name)
        if before is not None and before.signed.targets == targets:
            ageing = roles.needs_renewal(before.signed, now, days)
            if not ageing and _holds(delegator, name, before):
                continue
        version = 1 if before is None else before.signed.version + 1
        signed[name] = roles.sign(roles.targets_role(version, expires, targets), signers)
    return signed


def _expiry_warnings(repository: Repository, now: float) -> tuple[checks.Finding, ...]:
    """Warn of what needs the root's or governance's keys soon: once one of these has expired, every
    member stops.
    """
    found = []
    for name, signed in repository.read_offline().items():
        days = int((signed.expires.timestamp() - now) // limits.DAY)
        if days < EXPIRY_WARNING_DAYS:
            what = f"expires in {counted(days, 'day')}: its keys are needed"
            found.append(checks.Finding(checks.Weight.WARNING, name, what))
    return tuple(found)


def _require_sizes(signed: Mapping[str, bytes]) -> None:
    for name, data in signed.items():
        if len(data) > limits.METADATA_FILE_BYTES:
            more = ": state more bins in the charter" if name.startswith("bin-") else ""
            raise Defect(f"{name}.json would have {len(data)} bytes{more}")


def _write_targets(repository: Repository, files: Mapping[str, bytes]) -> int:
    written = 0
    for path, data in files.items():
        if repository.read(f"targets/{path}") != data:
            repository.write_target(path, data, durable=False)
            written += 1
    return written


def _remove_targets(repository: Repository, files: Mapping[str, bytes]) -> int:
    """Remove files that are no longer signed, and return how many.

    The online half's file and unchanged code lists stay.
    """
    kept = {*files, federation_files.CODE_LISTS, federation_files.DENY_LIST}
    removed = 0
    for file in sorted(repository.targets.rglob("*.json")):
        path = file.relative_to(repository.targets).as_posix()
        if path not in kept:
            repository.remove_target(path)
            removed += 1
    return removed
