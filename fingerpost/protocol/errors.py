"""Errors, sorted by who is to blame.

* ``Defect``: our fault. This program broke a rule of its own. It never leaves the process: the edge
  reports INTERNAL and nothing else.
* ``Refused``: the other side's fault. It sent something that we will not act on. It carries a
  ``Code`` and nothing that was sent: the sender's text must never come back or reach a log.
* Faults of a single item (one row of an import, one agency of a fan-out) are values, not
  exceptions.

The public text of a code is the same for "no such", "not yours" and "not now", so that a refusal
reveals no more than its code.
"""

from __future__ import annotations

from enum import Enum, unique


class Defect(Exception):
    """A broken rule of our own. The text is for the operator of this process only."""


class NoRoom(Defect):
    """The disk is full. A new start succeeds once there is room."""


class Code(Enum):
    """Why something was refused. The value is the stable name on the wire and in audit records."""

    MALFORMED = "malformed"  # not the shape, size or bounds the contract states
    BAD_SIGNATURE = "bad_signature"
    NOT_A_MEMBER = "not_a_member"  # unknown, suspended, denied, or not in this role
    NOT_ALLOWED = "not_allowed"  # a member, but not for this
    UNSUPPORTED = "unsupported"  # suite, metadata, code-list or normalisation version, epoch
    NOT_FRESH = "not_fresh"  # issued in the future, expired, or lives too long
    REPLAYED = "replayed"
    QUOTA = "quota"
    NOT_READY = "not_ready"  # this party cannot serve now; nothing was decided
    BAD_PASSPORT = "bad_passport"
    BAD_COMMITMENT = "bad_commitment"  # the content key is not the one the core commits to
    BAD_SEAL = "bad_seal"  # does not decrypt, or not to the shape agreed
    BAD_PROOF = "bad_proof"  # an OPRF evaluation does not verify against the metadata
    UNTRUSTED_METADATA = "untrusted_metadata"
    WEAK_INPUT = "weak_input"  # too little to ask about one child rather than many
    SIGN_IN = "sign_in"  # not signed in, or not as this purpose requires
    UNAVAILABLE = "unavailable"  # the other party could not be reached


PUBLIC_TEXT: dict[Code, str] = {
    Code.MALFORMED: "The message does not have the agreed form.",
    Code.BAD_SIGNATURE: "The message could not be verified.",
    Code.NOT_A_MEMBER: "The caller may not use this service.",
    Code.NOT_ALLOWED: "The caller may not do this.",
    Code.UNSUPPORTED: "The message was made for a version or epoch not in use here.",
    Code.NOT_FRESH: "The message is not within its time.",
    Code.REPLAYED: "The message was seen before. Ask again with a new one.",
    Code.QUOTA: "The quota is used up. Try again later.",
    Code.NOT_READY: "The service cannot answer now. Try again.",
    Code.BAD_PASSPORT: "The passport was not accepted.",
    Code.BAD_COMMITMENT: "The message could not be verified.",
    Code.BAD_SEAL: "The message could not be verified.",
    Code.BAD_PROOF: "The evaluation could not be verified.",
    Code.UNTRUSTED_METADATA: "The member list could not be verified.",
    Code.WEAK_INPUT: "Not enough was given to ask about one child.",
    Code.SIGN_IN: "Sign-in is required.",
    Code.UNAVAILABLE: "The other party could not be reached.",
}


class Rule(Enum):
    """A rule whose refusal somebody acts on. Each room lists its own in a subclass.

    The value is the text that logs and audit records show. It may be reworded only where no record
    keeps it: whoever acts on a refusal compares the member.
    """


@unique
class CallRule(Rule):
    """How a call to another party failed. By the last two it may have reached that party."""

    REFUSED = "refused by the other party"
    NOBODY = "nobody listens at that address"
    NO_HOST = "there is no host of that name"
    ANOTHER_PARTY = "another party answers at that address"
    CLOCK = "certificate out of date by our clock: compare both clocks first"
    NOT_SECURE = "the secure connection failed"
    TOO_LATE = "no answer in time"
    FAILED = "the call failed"


class Refused(Exception):
    """The other side's message will not be acted on.

    Args:
        code: why, for the other side.
        what: the rule or the field of the contract that failed; a constant of our own source, never
            a value that was received.
        asked: for the operator of this process: whom we had asked, at which address, as our own
            settings and bundle have them. It never leaves the process.

    Attributes:
        rule: ``what`` as a member, where an enumeration lists it.
        what: its text.
    """

    def __init__(self, code: Code, what: str | Rule, asked: str = "") -> None:
        self.code = code
        self.rule = what if isinstance(what, Rule) else None
        self.what: str = what.value if isinstance(what, Rule) else what
        self.asked = asked
        super().__init__(f"{code.value}: {self.what}")

    def __reduce__(self) -> tuple[type[Refused], tuple[Code, str | Rule, str]]:
        """Let a refusal pass from a worker process to its parent."""
        return Refused, (self.code, self.rule or self.what, self.asked)

    @property
    def public_text(self) -> str:
        return PUBLIC_TEXT[self.code]
