"""A member list in memory, signed for real: what the authority and the issuer publish, without
their processes.

Law: the layout that members rely on (role names, delegations, thresholds, no consistent snapshots),
made with python-tuf's own types. ``files`` maps a path as it is fetched to its bytes; tests change
it to play a mirror that lies. Deny-list, snapshot and timestamp share one online key; targets and
bins need two of three keys, code lists two of three others, the root two of three more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.metadata import Role as TufRole

from fakes.federations import HOLDERS, NOW, agency, epoch, federation, member, parameters
from fingerpost.protocol import federation_files as ff
from fingerpost.protocol.codes import AgencyKind
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Area, DenyList, Federation, Party
from fingerpost.protocol.federation_files import SealedPepper
from fingerpost.protocol.ids import AgencyId, AreaCode, FederationId, MemberId

BINS: Final = {f"bin-{n:02x}": [f"{d:x}" for d in range(4 * n, 4 * n + 4)] for n in range(4)}
DAY: Final = 86_400
NORTH, SOUTH = AreaCode("e08000025"), AreaCode("e08000026")
BROKER, ISSUER, GATEWAY = map(MemberId, ("broker-1", "issuer-1", "gateway-1"))


def _three() -> list[CryptoSigner]:
    return [CryptoSigner.generate_ed25519() for _ in range(3)]


@dataclass
class Keys:
    """Who signs what. A test puts other signers here to sign as somebody who may not."""

    root: list[CryptoSigner] = field(default_factory=_three)
    targets: list[CryptoSigner] = field(default_factory=_three)
    governance: list[CryptoSigner] = field(default_factory=_three)
    online: list[CryptoSigner] = field(default_factory=lambda: [CryptoSigner.generate_ed25519()])


def listed(now: float = NOW) -> Federation:
    """Broker, issuer, two key holders, two nodes, a gateway; two areas; epoch 3 running, 4 three
    days ahead.
    """
    north, south = MemberId("node-north"), MemberId("node-south")
    parties = {
        BROKER: Party.BROKER,
        ISSUER: Party.ISSUER,
        HOLDERS[0]: Party.KEY_HOLDER,
        HOLDERS[1]: Party.KEY_HOLDER,
        north: Party.NODE,
        south: Party.NODE,
        GATEWAY: Party.GATEWAY,
    }
    today = int(now) // DAY * DAY
    epochs = epoch(3, today - 87 * DAY), epoch(4, today + 3 * DAY)
    council = AgencyKind.LOCAL_AUTHORITY
    return federation(
        parameters(FederationId("test-federation"), epochs, broker=BROKER, issuer=ISSUER),
        [
            Area(area, "An area", agencies=(agency(area, "council", council, node),))
            for area, node in ((NORTH, north), (SOUTH, south))
        ],
        [member(m, party, bytes([n]) * 32) for n, (m, party) in enumerate(parties.items(), 1)],
        valid_until=now + DAY,
    )


class FakeRepository:
    """Publish first, then fetch. ``root`` is the trusted root.json that members are given."""

    def __init__(self, folder: Path, now: float = NOW) -> None:
        self.keys = Keys()
        self.files: dict[str, bytes] = {}
        self.fetched: list[str] = []
        self.now = now
        self.root = folder / "root.json"
        self._trusted = self.keys  # those that the root and the delegations name
        self._versions: dict[str, int] = {}
        self._targets: dict[str, bytes] = {}
        self._deny = DenyList()
        self.rotate_root()
        self.root.write_bytes(self.files["metadata/1.root.json"])

    def fetch(self, path: str) -> bytes:
        """What a member's ``fetch`` is given."""
        self.fetched.append(path)
        try:
            return self.files[path]
        except KeyError:
            raise Refused(Code.NOT_ALLOWED, "path") from None

    def publish(
        self,
        federation: Federation,
        peppers: Iterable[SealedPepper] = (),
        *,
        now: float | None = None,
    ) -> None:
        """Replace the whole list."""
        index = ff.Index(tuple(sorted(federation.areas)), tuple(sorted(federation.members)))
        self.publish_files(
            {
                ff.INDEX: ff.write_index(index),
                ff.PARAMETERS: ff.write_parameters(federation.parameters),
                ff.CODE_LISTS: ff.write_code_lists(federation.code_lists),
                **{ff.member_path(m.id): ff.write_member(m) for m in federation.members.values()},
                **{ff.area_path(a.code): ff.write_area(a) for a in federation.areas.values()},
                **{ff.pepper_path(p.epoch, p.member): ff.write_pepper(p) for p in peppers},
            },
            federation.deny,
            now=now,
        )

    def publish_files(
        self, targets: Mapping[str, bytes], deny: DenyList, *, now: float | None = None
    ) -> None:
        """Replace the whole list by these target files, whatever is in them."""
        self.now = self.now if now is None else now
        self._targets = dict(targets)
        signers = self.keys.targets[:2]
        top = Targets(version=self._next("targets"), expires=self._after(90 * DAY))
        top.delegations = self._delegations()
        self._put("targets", top, signers)
        codes = {p: c for p, c in targets.items() if p == ff.CODE_LISTS}
        self._put_targets("code-lists", codes, self.keys.governance[:2], 365 * DAY)
        for name, prefixes in BINS.items():
            held = {
                path: content
                for path, content in targets.items()
                if path != ff.CODE_LISTS
                and hashlib.sha256(path.encode()).hexdigest()[0] in prefixes
            }
            self._put_targets(name, held, signers, 90 * DAY)
        self.deny(deny)

    def deny(self, deny: DenyList, *, now: float | None = None) -> None:
        """Replace the deny-list: what the issuer alone can do."""
        self.now = self.now if now is None else now
        self._deny = deny
        content = {ff.DENY_LIST: ff.write_deny_list(deny)}
        self._put_targets("deny-list", content, self.keys.online, 30 * DAY)
        self.snapshot()

    def suspend(
        self, *members: MemberId, agencies: Iterable[AgencyId] = (), now: float | None = None
    ) -> None:
        deny = DenyList(
            self._deny.members | set(members),
            self._deny.agencies | set(agencies),
            self._deny.certificates,
        )
        self.deny(deny, now=now)

    def snapshot(self) -> None:
        """A new snapshot of all metadata as it stands, and a timestamp for it."""
        meta = {f"{role}.json": self._meta(role) for role in self._versions_of_targets()}
        new = Snapshot(version=self._next("snapshot"), expires=self._after(30 * DAY), meta=meta)
        self._put("snapshot", new, self.keys.online)
        self.tick(self.now)

    def tick(self, now: float) -> None:
        """A new timestamp, as every ten minutes."""
        self.now = now
        new = Timestamp(
            version=self._next("timestamp"),
            expires=self._after(DAY),
            snapshot_meta=self._meta("snapshot"),
        )
        self._put("timestamp", new, self.keys.online)

    def rotate_root(self, keys: Keys | None = None) -> None:
        """A new root, signed by the old and the new root keys; ``keys`` come into force with it."""
        before, self._trusted = self._trusted, keys or self._trusted
        self.keys = self._trusted
        roles = {
            "root": (self._trusted.root, 2),
            "targets": (self._trusted.targets, 2),
            "snapshot": (self._trusted.online, 1),
            "timestamp": (self._trusted.online, 1),
        }
        new = Root(
            version=self._next("root"),
            expires=self._after(365 * DAY),
            keys={
                s.public_key.keyid: s.public_key for signers, _ in roles.values() for s in signers
            },
            roles={n: TufRole([s.public_key.keyid for s in by], m) for n, (by, m) in roles.items()},
            consistent_snapshot=False,
        )
        signers = {s.public_key.keyid: s for s in (*before.root[:2], *self._trusted.root[:2])}
        self._put("root", new, signers.values())
        self.files[f"metadata/{new.version}.root.json"] = self.files["metadata/root.json"]

    def _delegations(self) -> Delegations:
        def role(name: str, signers: list[CryptoSigner], threshold: int, **which: Any) -> None:
            ids = [s.public_key.keyid for s in signers]
            roles[name] = DelegatedRole(name, ids, threshold, True, **which)

        roles: dict[str, DelegatedRole] = {}
        trusted = self._trusted
        role("deny-list", trusted.online, 1, paths=[ff.DENY_LIST])
        role("code-lists", trusted.governance, 2, paths=[ff.CODE_LISTS])
        for name, prefixes in BINS.items():
            role(name, trusted.targets, 2, path_hash_prefixes=prefixes)
        signers = (*trusted.online, *trusted.governance, *trusted.targets)
        return Delegations({s.public_key.keyid: s.public_key for s in signers}, roles)

    def _put_targets(
        self, role: str, content: Mapping[str, bytes], signers: Iterable[CryptoSigner], life: float
    ) -> None:
        for path in [p for p in self.files if p.startswith("targets/")]:
            if path.removeprefix("targets/") not in {*self._targets, ff.DENY_LIST}:
                del self.files[path]
        self.files.update({f"targets/{path}": data for path, data in content.items()})
        targets = {path: TargetFile.from_data(path, data) for path, data in content.items()}
        new = Targets(version=self._next(role), expires=self._after(life), targets=targets)
        self._put(role, new, signers)

    def _put(
        self,
        role: str,
        signed: Root | Timestamp | Snapshot | Targets,
        signers: Iterable[CryptoSigner],
    ) -> None:
        metadata = Metadata[Any](signed)
        for signer in signers:
            metadata.sign(signer, append=True)
        self.files[f"metadata/{role}.json"] = metadata.to_bytes()

    def _meta(self, role: str) -> MetaFile:
        return MetaFile.from_data(
            self._versions[role], self.files[f"metadata/{role}.json"], ["sha256"]
        )

    def _versions_of_targets(self) -> list[str]:
        return [r for r in self._versions if r not in {"root", "timestamp", "snapshot"}]

    def _next(self, role: str) -> int:
        self._versions[role] = self._versions.get(role, 0) + 1
        return self._versions[role]

    def _after(self, seconds: float) -> datetime:
        return datetime.fromtimestamp(self.now, UTC).replace(microsecond=0) + timedelta(
            seconds=seconds
        )
