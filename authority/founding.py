"""The founding of a federation: the first keys, the first root, and an empty list.

The folder must not exist, each key has a file of its own, and nothing is overwritten. All keys are
made here, on one machine: that suits a trial or a demonstration, and from here a real federation
moves each key file to the person who is to hold it. What goes to the issuer's machine lies in
``online`` and holds no offline key.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from authority import charter as charters
from authority import code_lists, draft, publishing, roles
from authority.ceremony import Ceremony
from authority.charter import CHARTER, Charter, KeyEntry, Quorum
from authority.draft import Draft
from authority.issuer.certificates import make_authority
from authority.issuer.online import deny_list_record
from authority.issuer.settings import SETTINGS, read_settings, write_settings
from authority.repository import ROOT
from fingerpost.membership.bundle import CERTIFICATE_AUTHORITY
from fingerpost.membership.signing_keys import make_signing_key
from fingerpost.protocol import federation_files, limits
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import (
    SCHOOL_INTAKE,
    DenyList,
    Member,
    Parameters,
    Party,
)
from fingerpost.protocol.feed_age import FOUNDING_AGES
from fingerpost.protocol.ids import Address, FederationId, MemberId
from fingerpost.protocol.messages import RevisionFrom
from fingerpost.runtime.files import create_file, or_defect, replace_file
from fingerpost.runtime.witness import WitnessFolder


@dataclass(frozen=True, slots=True)
class Count:
    """``threshold`` of ``keys`` keys must sign."""

    keys: int
    threshold: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a federation begins with. ``key_holders``: A, then B. ``organisation``: the one that
    runs the issuer.
    """

    federation: FederationId
    root: Count
    targets: Count
    governance: Count
    broker: MemberId
    issuer: MemberId
    key_holders: tuple[MemberId, MemberId]
    organisation: str
    listen: Address
    normalisation_version: int
    bins: int = 16


def found(folder: Path, plan: Plan, now: float) -> Ceremony:
    """Make the folder with all keys, the first root and the first code lists, signed by governance.

    Raises:
        Defect: the folder exists, or a threshold can never be met.
    """
    with or_defect(f"{folder}: cannot be made"):
        folder.mkdir(mode=0o700)
    for name in ("offline", "offline/peppers", "online", "inbox", "proposals", "draft"):
        (folder / name).mkdir(mode=0o700)
    for name in ("repository", "repository/metadata", "repository/targets"):
        (folder / name).mkdir(mode=0o755)
    charter = _make_charter(folder.absolute(), plan)
    charters.write_charter(folder / CHARTER, charter)
    ceremony = Ceremony(folder, charter)
    first_root = _sign_first_root(ceremony, now)
    issuer_key = _equip_issuer(folder, plan, first_root, now)
    draft.write_draft(folder / "draft", _first_draft(plan, issuer_key))
    ceremony.propose(code_lists.everything(), now)
    governors = [entry.file for entry in charter.governance.keys[: charter.governance.threshold]]
    ceremony.sign_proposal(governors)
    publishing.publish_delegations(charter, ceremony.repository, now)
    return ceremony


def _make_charter(folder: Path, plan: Plan) -> Charter:
    return Charter(
        federation=plan.federation,
        bins=plan.bins,
        root=_make_quorum(folder, ROOT, plan.root),
        targets=_make_quorum(folder, "targets", plan.targets),
        governance=_make_quorum(folder, "governance", plan.governance),
        snapshot=_make_entry(folder / "online" / "snapshot.pem"),
        timestamp=_make_entry(folder / "online" / "timestamp.pem"),
        deny_list=_make_entry(folder / "online" / "deny-list.pem"),
    )


def _make_quorum(folder: Path, name: str, count: Count) -> Quorum:
    if not 1 <= count.threshold <= count.keys <= 32:
        raise Defect(f"{name}: {count.threshold} of {count.keys} keys can never sign")
    made = [_make_entry(folder / "offline" / f"{name}-{n}.pem") for n in range(1, count.keys + 1)]
    return Quorum(count.threshold, tuple(made))


def _make_entry(path: Path) -> KeyEntry:
    return KeyEntry(charters.public_of(make_signing_key(path)).hex(), path)


def _sign_first_root(ceremony: Ceremony, now: float) -> bytes:
    charter = ceremony.charter
    root = roles.root_role(charter, 1, roles.expiry(now, charter.validity.root_days))
    signed = roles.sign(root, charters.signers(charter.root, ROOT))
    publishing.write_root(ceremony.repository, root, signed)
    return signed


def _equip_issuer(folder: Path, plan: Plan, root: bytes, now: float) -> bytes:
    """Make the issuer's keys and settings; return its public signing key."""
    online = folder / "online"
    make_authority(online / "ca.pem", online / "ca-certificate.pem", plan.federation, now)
    certificate = (online / "ca-certificate.pem").read_bytes()
    replace_file(folder / CERTIFICATE_AUTHORITY, certificate, mode=0o644)
    replace_file(online / "root.json", root, mode=0o644)
    create_file(online / "audit.key", secrets.token_bytes(32))
    (online / "state").mkdir(mode=0o700)
    write_settings(online / SETTINGS, plan.federation, plan.issuer, plan.listen)
    found = read_settings(online / SETTINGS)
    record = deny_list_record(found.deny_list, WitnessFolder(found.witness))
    record.write(federation_files.write_deny_list(DenyList()))
    return charters.public_of(make_signing_key(online / "issuer.pem"))


def _first_draft(plan: Plan, issuer_key: bytes) -> Draft:
    parameters = Parameters(
        federation=plan.federation,
        code_list_version=code_lists.everything().version,
        normalisation_version=plan.normalisation_version,
        broker=plan.broker,
        issuer=plan.issuer,
        key_holders=plan.key_holders,
        epochs=(),
        intakes=(SCHOOL_INTAKE,),
        feed_ages=FOUNDING_AGES,
        revisions=tuple(RevisionFrom(number, 0) for number in limits.REVISIONS),
    )
    issuer = Member(
        plan.issuer,
        Party.ISSUER,
        plan.organisation,
        issuer_key,
        revisions=limits.REVISIONS,
    )
    return Draft(parameters, {issuer.id: issuer}, {}, {})
