"""What travels sealed inside a query, as values: before anybody believes it, and after.

Law: bounds are checked when a value is made; nothing here prints a person. ``Inner`` is what the requester wrote;
``Question`` is what ``query_sealing.verify_inner`` returns once passport, signature and purpose hold. Only
a ``Question`` may be acted on, and the two types keep it so.
"""

from __future__ import annotations

from dataclasses import dataclass

from fingerpost.private.demographics import Demographics
from fingerpost.private.passport import Passport
from fingerpost.private.purpose_rules import Justification
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused


@dataclass(frozen=True, slots=True, repr=False)
class Inner:
    """What the requester wrote, unverified.

    Args:
        passport_token: a compact JWT of at most ``limits.PASSPORT_BYTES`` ASCII characters.
        justification: why.
        demographics: about whom.

    Raises:
        Refused: MALFORMED, the token is out of its bounds.
    """

    passport_token: str
    justification: Justification
    demographics: Demographics

    def __post_init__(self) -> None:
        if not self.passport_token.isascii() or (
            not 1 <= len(self.passport_token) <= limits.PASSPORT_BYTES
        ):
            raise Refused(Code.MALFORMED, "inner.passport")

    def __repr__(self) -> str:
        return "Inner(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Question:
    """A verified lookup: this practitioner, for this purpose, asks about this child."""

    passport: Passport
    justification: Justification
    demographics: Demographics

    def __repr__(self) -> str:
        return "Question(…)"
