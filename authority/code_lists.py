"""Purposes, roles and kinds in force: a list that grows only when governance signs it, m of n.

A proposal is TUF metadata of the role ``code-lists`` that waits for signatures in a folder of its
own. Each governor signs it where that governor's key is. Publishing takes it once the threshold is
met, and members check the same threshold themselves. Only what is in ``protocol.codes`` can be
listed, on terms that are no wider than those in ``protocol.terms``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from securesystemslib.signer import Signer
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, TargetFile, Targets

from authority import roles
from authority.charter import Charter
from authority.repository import CODE_LISTS, Repository, read_signed
from fingerpost.protocol import federation_files, limits
from fingerpost.protocol.codes import CODE_LIST_VERSION, Kind
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.federation import CodeLists
from fingerpost.protocol.table_of_terms import ROLES_AT, TERMS
from fingerpost.runtime.files import replace_file
from fingerpost.runtime.screen_text import counted

METADATA_FILE: Final = "code-lists.metadata.json"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Code lists and the metadata that names them, with the signatures so far."""

    lists: CodeLists
    metadata: Metadata[Targets]


def everything() -> CodeLists:
    """Return the widest lists that this version of the protocol knows."""
    return CodeLists(CODE_LIST_VERSION, TERMS, ROLES_AT, frozenset(Kind))


def propose(charter: Charter, lists: CodeLists, published: bytes | None, now: float) -> Proposal:
    """Return an unsigned proposal, with metadata one version above what is published."""
    version = 1
    if published is not None:
        version = read_signed(published, Targets).signed.version + 1
    data = federation_files.write_code_lists(lists)
    path = federation_files.CODE_LISTS
    role = roles.targets_role(
        version,
        roles.expiry(now, charter.validity.code_lists_days),
        {path: TargetFile.from_data(path, data)},
    )
    return Proposal(lists, Metadata(role))


def sign(proposal: Proposal, charter: Charter, signers: Sequence[Signer]) -> Proposal:
    """Add these governors' signatures.

    Raises:
        Defect: a key that the charter does not list.
    """
    delegated = roles.delegations(charter).roles
    governors = delegated[CODE_LISTS].keyids if delegated is not None else []
    for signer in signers:
        if signer.public_key.keyid not in governors:
            raise Defect("a key that is none of governance's")
        proposal.metadata.sign(signer, append=True)
    return proposal


def missing(proposal: Proposal, charter: Charter) -> int:
    """Return how many signatures the proposal still lacks."""
    delegator = roles.targets_role(
        1, proposal.metadata.signed.expires, {}, roles.delegations(charter)
    )
    result = delegator.get_verification_result(
        CODE_LISTS, proposal.metadata.signed_bytes, proposal.metadata.signatures
    )
    return result.missing


def write_proposal(folder: Path, proposal: Proposal) -> None:
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    data = federation_files.write_code_lists(proposal.lists)
    replace_file(folder / federation_files.CODE_LISTS, data, mode=0o644)
    replace_file(folder / METADATA_FILE, proposal.metadata.to_bytes(), mode=0o644)


def read_proposal(folder: Path) -> Proposal | None:
    """Return the proposal, or None.

    Raises:
        Defect: a file is not the one that the metadata names.
    """
    if not (folder / METADATA_FILE).exists():
        return None
    try:
        data = (folder / federation_files.CODE_LISTS).read_bytes()[: limits.METADATA_FILE_BYTES]
        metadata = read_signed((folder / METADATA_FILE).read_bytes(), Targets)
        metadata.signed.targets[federation_files.CODE_LISTS].verify_length_and_hashes(data)
        return Proposal(federation_files.read_code_lists(data), metadata)
    except (OSError, Refused, KeyError, RepositoryError) as error:
        raise Defect(f"{folder}: not a proposal ({type(error).__name__})") from None


def drop_proposal(folder: Path) -> None:
    (folder / METADATA_FILE).unlink(missing_ok=True)
    (folder / federation_files.CODE_LISTS).unlink(missing_ok=True)


def decide(
    charter: Charter, proposal: Proposal | None, repository: Repository
) -> tuple[CodeLists, bytes | None]:
    """Return the lists in force after this publication, and new metadata if there is any.

    Raises:
        Defect: no lists at all; a proposal below the threshold; an earlier version than the one in
            force, or other lists under the same version.
    """
    in_force, published = None, repository.read_metadata(CODE_LISTS)
    data = repository.read(f"targets/{federation_files.CODE_LISTS}")
    if published is not None and data is not None:
        in_force = federation_files.read_code_lists(data)
    if proposal is None:
        if in_force is None or published is None:
            raise Defect("no code lists are in force and none are proposed")
        _require_signed(Proposal(in_force, read_signed(published, Targets)), charter)
        return in_force, None
    _require_signed(proposal, charter)
    if in_force is not None:
        if proposal.lists.version < in_force.version:
            raise Defect("the proposed code lists have an earlier version than those in force")
        if proposal.lists.version == in_force.version and proposal.lists != in_force:
            raise Defect("other code lists are in force under the same version")
    if published is not None:
        before = read_signed(published, Targets).signed.version
        if proposal.metadata.signed.version <= before:
            raise Defect("the proposal is older than what is published; propose it again")
    return proposal.lists, proposal.metadata.to_bytes()


def _require_signed(proposal: Proposal, charter: Charter) -> None:
    lacking = missing(proposal, charter)
    if lacking:
        raise Defect(f"the code lists lack {counted(lacking, 'signature')} of governance")
