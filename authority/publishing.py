"""Publishing: a draft becomes signed targets in the repository.

Law: nothing is signed before the draft holds together, and nothing is written before everything is signed. Targets are
written first and what refers to them after, so that a member who reads in between finds a hash that does not match, and
asks again, and never a mixture that verifies. Snapshot and timestamp are not made here: their keys are online.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from securesystemslib.signer import Signer
from tuf.api.metadata import Root, Targets

from authority import charter as charters
from authority import checks, code_lists, roles
from authority.charter import Charter
from authority.draft import Draft, target_files
from authority.repository import CODE_LISTS, ROOT, TARGETS, Repository, read_signed
from fingerpost.protocol import federation_files, limits
from fingerpost.protocol.errors import Defect, Refused


@dataclass(frozen=True, slots=True)
class Publication:
    """What was signed: roles, and how many target files were written or removed."""

    roles: tuple[str, ...]
    written: int
    removed: int
    warnings: tuple[checks.Finding, ...]


def write_root(repository: Repository, root: Root, signed: bytes) -> None:
    """Writes a root under its number and as the newest."""
    repository.write_metadata(f"{root.version}.{ROOT}", signed)
    repository.write_metadata(ROOT, signed)


def publish(
    charter: Charter,
    repository: Repository,
    draft: Draft,
    proposal: code_lists.Proposal | None,
    now: float,
) -> Publication:
    """Signs and writes what differs from what is published, and what comes near its expiry.

    ``proposal``: code lists with the signatures that governance has given so far.

    Raises:
        Defect: ``checks.Inconsistent``; fewer keys here than must sign; code lists below governance's threshold; a file
            longer than members take.
    """
    present = _Present(repository)
    code, code_bytes = code_lists.decide(charter, proposal, present.raw(CODE_LISTS), repository)
    draft = replace(draft, parameters=replace(draft.parameters, code_list_version=code.version))
    warnings = checks.require_consistent(draft, now)
    files = target_files(draft)
    signers = charters.signers(charter.targets, TARGETS)
    signed = _sign_lists(charter, present, files, signers, now)
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
    return Publication(tuple(sorted(signed)), written, removed, warnings)


class _Present:
    """What is published now, parsed only: it serves to count versions, not to trust."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def raw(self, name: str) -> bytes | None:
        return self._repository.read_metadata(name)

    def role(self, name: str) -> Targets | None:
        data = self.raw(name)
        if data is None:
            return None
        try:
            return read_signed(data, Targets).signed
        except Refused:
            raise Defect(f"{name}.json in the repository is not metadata; restore it") from None


def _sign_lists(
    charter: Charter,
    present: _Present,
    files: Mapping[str, bytes],
    signers: Sequence[Signer],
    now: float,
) -> dict[str, bytes]:
    days = charter.validity.targets_days
    expires = roles.expiry(now, days)
    signed: dict[str, bytes] = {}
    delegated = roles.delegations(charter)
    top = present.role(TARGETS)
    rekeyed = top is None or top.delegations != delegated
    if top is not None and top.delegations is not None:
        gone = set(top.delegations.roles or {}) - set(delegated.roles or {})
        if gone:  # members refuse a snapshot in which a role is missing
            raise Defect("bins can become more, never fewer")
    if top is None or rekeyed or roles.needs_renewal(top, now, days):
        version = 1 if top is None else top.version + 1
        role = roles.targets_role(version, expires, {}, delegated)
        signed[TARGETS] = roles.sign(role, signers)
    for name, targets in roles.sort_into_bins(files, charter.bins).items():
        before = present.role(name)
        same = before is not None and not rekeyed and before.targets == targets
        if before is not None and same and not roles.needs_renewal(before, now, days):
            continue
        version = 1 if before is None else before.version + 1
        signed[name] = roles.sign(roles.targets_role(version, expires, targets), signers)
    return signed


def _require_sizes(signed: Mapping[str, bytes]) -> None:
    for name, data in signed.items():
        if len(data) > limits.METADATA_FILE_BYTES:
            raise Defect(
                f"{name}.json would have {len(data)} bytes: state more bins in the charter"
            )


def _write_targets(repository: Repository, files: Mapping[str, bytes]) -> int:
    written = 0
    for path, data in files.items():
        if repository.read(f"targets/{path}") != data:
            repository.write_target(path, data, durable=False)
            written += 1
    return written


def _remove_targets(repository: Repository, files: Mapping[str, bytes]) -> int:
    """What is signed no longer; the online half's file and unchanged code lists stay."""
    kept = {*files, federation_files.CODE_LISTS, federation_files.DENY_LIST}
    removed = 0
    for file in sorted(repository.targets.rglob("*.json")):
        path = file.relative_to(repository.targets).as_posix()
        if path not in kept:
            repository.remove_target(path)
            removed += 1
    return removed
