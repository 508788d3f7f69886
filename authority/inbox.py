"""The inbox: epoch keys that members have deposited, as the signed envelopes they came in.

The issuer writes it, people carry it to the offline half, and there each envelope is verified again
under the member's key in the draft: the issuer could lose a deposit and could not invent one. There
is one file for a member and an epoch, with the latest statement, so that the number of members
bounds the folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from fingerpost.protocol import limits
from fingerpost.protocol.codec.signed import claimed_signer
from fingerpost.protocol.codec.statements import (
    STATEMENT_BYTES,
    EpochKeyStatement,
    read_epoch_key,
)
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Member, Party
from fingerpost.protocol.ids import EpochNumber, FederationId, MemberId
from fingerpost.runtime.files import or_defect, remove_unfinished, replace_file

KEY_SIZE: Final = {
    Party.NODE: limits.HYBRID_PUBLIC_KEY_BYTES,
    Party.GATEWAY: limits.HYBRID_PUBLIC_KEY_BYTES,
    Party.KEY_HOLDER: limits.POINT_BYTES,
}
"""Which parties deposit a key, and its size in bytes; the other parties deposit none."""


def read_statement(data: bytes, member: Member, federation: FederationId) -> EpochKeyStatement:
    """Return the statement in an envelope, once it verifies as this member's.

    Raises:
        Refused: MALFORMED, BAD_SIGNATURE, NOT_ALLOWED (a key that such a member does not have,
            another federation).
    """
    envelope, _ = claimed_signer(data, most=STATEMENT_BYTES)
    key = Ed25519PublicKey.from_public_bytes(member.signing_key)
    statement = read_epoch_key(envelope, key)
    if statement.member != member.id:
        raise Refused(Code.BAD_SIGNATURE, "epoch_key.member")
    if statement.federation != federation:
        raise Refused(Code.NOT_ALLOWED, "epoch_key.federation")
    if len(statement.key) != KEY_SIZE.get(member.party):
        raise Refused(Code.NOT_ALLOWED, "epoch_key.key")
    return statement


class Inbox:
    """``folder/<epoch>/<member>.envelope``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, statement: EpochKeyStatement, data: bytes) -> None:
        """Keep ``data``, the envelope of ``statement``, in place of the earlier one. Durable on
        return.
        """
        path = self._path(statement.epoch, statement.member)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(path, data)

    def envelope(self, epoch: EpochNumber, member: MemberId) -> bytes | None:
        """Return what was deposited, unverified: see ``read_statement``. Raises ``Defect``."""
        path = self._path(epoch, member)
        with or_defect(f"{path}: cannot be read"):
            try:
                with path.open("rb") as file:
                    data = file.read(STATEMENT_BYTES + 1)
            except FileNotFoundError:
                return None
        return data if len(data) <= STATEMENT_BYTES else None

    def statement(
        self, epoch: EpochNumber, member: Member, federation: FederationId
    ) -> EpochKeyStatement | None:
        """Return the member's statement for that epoch; None when there is none that verifies."""
        data = self.envelope(epoch, member.id)
        if data is None:
            return None
        try:
            statement = read_statement(data, member, federation)
        except Refused:
            return None  # from before a change of the member's key, or tampered with
        return statement if statement.epoch == epoch else None

    def forget(self, epoch: EpochNumber) -> None:
        """Erase all that was deposited for an epoch."""
        folder = self._folder / str(epoch)
        if not folder.is_dir():
            return
        remove_unfinished(folder)
        for path in sorted(folder.glob("*.envelope")):
            path.unlink(missing_ok=True)
        folder.rmdir()

    def epochs(self) -> tuple[EpochNumber, ...]:
        found = [p.name for p in self._folder.glob("*") if p.is_dir() and p.name.isdecimal()]
        return tuple(sorted(EpochNumber(int(name)) for name in found))

    def _path(self, epoch: EpochNumber, member: MemberId) -> Path:
        return self._folder / str(epoch) / f"{member}.envelope"
