"""What travels sealed inside a query, as values: before anybody believes it, and after.

Law: bounds are checked when a value is made; nothing here prints a person. ``Inner`` is what the asker wrote;
``Question`` is what ``query_sealing.verify_inner`` returns once passport, signature and purpose hold. Only
a ``Question`` may be acted on, and the two types keep it so.
"""

from __future__ import annotations

from dataclasses import dataclass

from fingerpost.private.demographics import Demographics
from fingerpost.private.passport import Passport
from fingerpost.private.plain_text import require_account, require_reference
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Purpose, WideningReason
from fingerpost.protocol.errors import Code, Refused


@dataclass(frozen=True, slots=True, repr=False)
class Inner:
    """The asker's words. ``reason_reference`` and ``approver`` may be empty; ``passport_token`` is a compact JWT of at
    most ``limits.PASSPORT_BYTES`` ASCII characters. ``widened_because``: of a second round, and of no other lookup.
    Raises ``Refused(MALFORMED)``."""

    passport_token: str
    purpose: Purpose
    reason_reference: str
    approver: str
    demographics: Demographics
    widened_because: WideningReason | None = None

    def __post_init__(self) -> None:
        if not self.passport_token.isascii() or (
            not 1 <= len(self.passport_token) <= limits.PASSPORT_BYTES
        ):
            raise Refused(Code.MALFORMED, "inner.passport")
        require_reference(self.reason_reference, "inner.reason_reference")
        if self.approver:
            require_account(self.approver, "inner.approver")

    def __repr__(self) -> str:
        return "Inner(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Question:
    """A verified lookup: this practitioner, for this purpose, asks about this child."""

    passport: Passport
    purpose: Purpose
    reason_reference: str
    approver: str
    demographics: Demographics
    widened_because: WideningReason | None = None

    def __repr__(self) -> str:
        return "Question(…)"
