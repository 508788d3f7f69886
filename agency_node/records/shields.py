"""An agency's register of shields: the children about whom it discloses nothing. Pure.

Law: a shield is no property of a row. A feed may know a child twice and flag one of the two rows,
or leave the flag out the next night (attack, and accident: so ContactPoint exposed children). So
the register stands beside the generations. An import adds to it and never takes away; only people
lift a shield, on record.

A shield holds every form under which the child was known here, and keyed digests of the agency's
own numbers for her; ``meeting`` says which other row or record is hers. Toward a question each form
acts as a record that is always there and always shielded.

Of a child who is only likely to be hers people say whether she is. Until they do, she is withheld
like her; she is entered once and does not leave by herself, whatever later exports say.

Of a hidden child (an identity from before an adoption, a protected person) the register holds the
digest of her own number here and nothing else: whoever opens it can link her to nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import IntEnum, unique
from typing import Final, TypeVar

import msgspec

from agency_node.records.refuges import without
from fingerpost.private.codec import read_demographics, write_demographics
from fingerpost.private.demographics import Demographics
from fingerpost.private.officers import LIFE_SECONDS, OfficerRule
from fingerpost.private.working_days import working_days_after
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Defect, Refused

_T = TypeVar("_T")

REVIEW_SECONDS: Final = 90 * limits.DAY
"""After this time people are asked whether a shield is still needed. It never ends by itself."""
WORKING_DAYS: Final = 2
"""So many working days people have to say whether a child who is likely to be shielded is."""
_LONG: Final = 30 * limits.DAY
_VERSION: Final = 2


@unique
class SetBy(IntEnum):
    """How a shield came to the register. The value is stored."""

    FLAG = 1  # a row of an export says so
    UNREAD_FLAG = 2  # a row has a flag that is neither yes nor no
    RECORDS = 3  # a record of the generation before was shielded, and no register held her
    PERSON = 4
    REFUGE = 5  # she lives or lived at the postcode of a refuge


class Other(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Another child than that of a shield, as people have said.

    Attributes:
        own: the keyed digest of the agency's own number for her.
        written: the stored form of what was last known of her.
    """

    own: bytes
    written: bytes

    def __repr__(self) -> str:
        return "Other(…)"


class Likely(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A child who is likely to be that of a shield, until people say whether she is.

    Attributes:
        number: names the meeting in lists and in the audit log; from 1, never used twice.
        shield: the number of the shield.
        own: the keyed digest of the agency's own number for her.
        written_forms: the stored forms of what was known of her, the latest last.
        since: seconds since 1970 UTC.
    """

    number: int
    shield: int
    own: bytes
    written_forms: tuple[bytes, ...]
    since: int

    @property
    def forms(self) -> tuple[Demographics, ...]:
        """Raises ``Defect``: a form was not written by this program."""
        return tuple(map(_read, self.written_forms))

    def with_form(self, written: bytes) -> Likely:
        """Return it with one more form of the child, the latest."""
        kept = (each for each in self.written_forms if each != written)
        return msgspec.structs.replace(self, written_forms=(*kept, written))

    def is_overdue(self, now: float) -> bool:
        """Return whether people have not said in time whether she is."""
        if now - self.since > _LONG:
            return True
        first, today = (datetime.fromtimestamp(at, UTC).date() for at in (self.since, now))
        return working_days_after(first, today) > WORKING_DAYS

    def __repr__(self) -> str:
        return f"Likely({self.number})"


class Shield(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One shielded child. The order of the fields is that of the stored form.

    Attributes:
        number: names it in lists and in the audit log; from 1, never used twice.
        set_at, review_at: seconds since 1970 UTC.
        person, why: who set it by hand, and a reference to the reason; else empty.
        own: keyed digests of the agency's own numbers.
        written_forms: the stored forms of what was known of her, the latest last.
        others: children who are likely to be her, and are not.
    """

    number: int
    set_by: SetBy
    set_at: int
    review_at: int
    person: str
    why: str
    own: tuple[bytes, ...]
    written_forms: tuple[bytes, ...]
    others: tuple[Other, ...] = ()

    @property
    def forms(self) -> tuple[Demographics, ...]:
        """Raises ``Defect``: a form was not written by this program."""
        return tuple(map(_read, self.written_forms))

    def with_form(self, own: bytes, written: bytes) -> Shield:
        """Return the shield with one more number and form of the child; either may be empty."""
        return msgspec.structs.replace(
            self,
            own=_joined(self.own, own) if own else self.own,
            written_forms=_joined(self.written_forms, written) if written else self.written_forms,
        )

    def with_other(self, own: bytes, written: bytes) -> Shield:
        """Return the shield once that child is known to be another, in her latest form."""
        kept = (other for other in self.others if other.own != own)
        return msgspec.structs.replace(self, others=(*kept, Other(own, written)))

    def __repr__(self) -> str:
        return f"Shield({self.number})"


class Register(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """All shields of an agency.

    Attributes:
        last: the highest number that a shield ever had.
        whole: False where shielded children of the newest generation may be missing: there was no
            register when they came, or an earlier copy of it was adopted. The next import adds
            them.
        hidden: keyed digests of the own numbers of hidden children, sorted.
        likely: children who are likely to be shielded ones, of whom people have not decided.
        last_likely: the highest number that one of them ever had.
        refuges: the postcodes of refuges (``refuges.canonical``), sorted.
        used: officers' statements that were used, by digest, with when they were.
    """

    last: int = 0
    whole: bool = False
    shields: tuple[Shield, ...] = ()
    hidden: tuple[bytes, ...] = ()
    version: int = _VERSION
    likely: tuple[Likely, ...] = ()
    last_likely: int = 0
    refuges: tuple[str, ...] = ()
    used: tuple[tuple[bytes, int], ...] = ()

    def shield(self, number: int) -> Shield:
        """Return a shield. Raises ``Defect``: there is none of this number."""
        for shield in self.shields:
            if shield.number == number:
                return shield
        raise Defect(f"there is no shield {number}")

    def without(self, number: int) -> Register:
        """Return the register after a shield was lifted. Raises ``Defect`` as ``shield``."""
        lifted = self.shield(number)
        kept = tuple(each for each in self.shields if each is not lifted)
        likely = tuple(each for each in self.likely if each.shield != number)
        return msgspec.structs.replace(self, shields=kept, likely=likely)

    def renewed(self, number: int, now: int) -> Register:
        """Return the register after a shield was reviewed and stays, as ``without``."""
        later = msgspec.structs.replace(self.shield(number), review_at=now + REVIEW_SECONDS)
        return self._with(later)

    def meeting(self, number: int) -> Likely:
        """Return a child who is likely to be shielded. Raises ``Defect``: none has this number."""
        for likely in self.likely:
            if likely.number == number:
                return likely
        raise Defect(f"there is no likely meeting {number}")

    def decided(self, number: int, *, same: bool) -> Register:
        """Return the register after people have said whether a child is that of the shield.

        Raises ``Defect`` as ``meeting``.
        """
        likely = self.meeting(number)
        shield = self.shield(likely.shield)
        if same:
            for written in likely.written_forms:
                shield = shield.with_form(likely.own, written)
        else:
            shield = shield.with_other(likely.own, likely.written_forms[-1])
        waiting = tuple(each for each in self.likely if each is not likely)
        after = self._with(shield)
        return msgspec.structs.replace(after, likely=waiting)

    def _with(self, later: Shield) -> Register:
        kept = tuple(later if each.number == later.number else each for each in self.shields)
        return msgspec.structs.replace(self, shields=kept)

    def hiding(self, own: bytes) -> Register:
        """Return the register once the child with this own number (a digest) is hidden, too."""
        return msgspec.structs.replace(self, hidden=tuple(sorted({*self.hidden, own})))

    def not_hiding(self, own: bytes) -> Register:
        """Return the register once that child is not hidden. Raises ``Defect``: she is not now."""
        if own not in self.hidden:
            raise Defect("no hidden child has this number")
        return msgspec.structs.replace(self, hidden=tuple(h for h in self.hidden if h != own))

    def with_refuge(self, postcode: str) -> Register:
        """Return the register once this postcode is that of a refuge: no form has it any more."""
        refuges = tuple(sorted({*self.refuges, postcode}))
        shields = tuple(
            msgspec.structs.replace(each, written_forms=_taken_off(each.written_forms, refuges))
            for each in self.shields
        )
        likely = tuple(
            msgspec.structs.replace(each, written_forms=_taken_off(each.written_forms, refuges))
            for each in self.likely
        )
        return msgspec.structs.replace(self, refuges=refuges, shields=shields, likely=likely)

    def without_refuge(self, postcode: str) -> Register:
        """Return the register once it is not. Raises ``Defect``: it is not now."""
        if postcode not in self.refuges:
            raise Defect("no refuge has this postcode")
        kept = tuple(each for each in self.refuges if each != postcode)
        return msgspec.structs.replace(self, refuges=kept)

    def using(self, digests: Iterable[bytes], now: int) -> Register:
        """Return the register once these statements of officers are used; older ones, which nobody
        takes any more, are forgotten.

        Raises ``Refused(NOT_ALLOWED)``: one was used before (attack: the child is hidden or
        shielded anew, and the statements of yesterday show her again).
        """
        new = tuple((digest, now) for digest in digests)
        if {digest for digest, _ in self.used} & {digest for digest, _ in new}:
            raise Refused(Code.NOT_ALLOWED, OfficerRule.USED)
        kept = tuple(each for each in self.used if now - each[1] <= 2 * LIFE_SECONDS)
        return msgspec.structs.replace(self, used=(*kept, *new))

    def due(self, now: float) -> int:
        """Return how many shields people are asked to review."""
        return sum(shield.review_at <= now for shield in self.shields)

    def overdue(self, now: float) -> int:
        """Return of how many children people should have said by now whether they are shielded."""
        return sum(likely.is_overdue(now) for likely in self.likely)

    def __repr__(self) -> str:
        return "Register(…)"


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Register)


def write_register(register: Register) -> bytes:
    """Return the bytes to seal; those of equal registers are equal."""
    return _ENCODER.encode(register)


def read_register(data: bytes) -> Register:
    """Return what ``write_register`` wrote. Raises ``Defect`` for other bytes."""
    try:
        register = _DECODER.decode(data)
    except msgspec.MsgspecError:
        raise Defect("the register of shields has another form") from None
    if not 1 <= register.version <= _VERSION:
        raise Defect("the register of shields is of a later release")
    return msgspec.structs.replace(register, version=_VERSION)


def own_parts(local_id: str) -> tuple[bytes, bytes]:
    """Return what the digest of an agency's own number for a child is made of (``Imports.mark``).
    It is no OPRF input, so that it never equals a mark.
    """
    return b"own number alone", local_id.encode("utf-8", "surrogateescape")


def _read(written: bytes) -> Demographics:
    try:
        return read_demographics(written)
    except Refused:
        raise Defect("the register of shields has another form") from None


def _taken_off(written_forms: tuple[bytes, ...], refuges: tuple[str, ...]) -> tuple[bytes, ...]:
    forms = (write_demographics(without(_read(written), refuges)) for written in written_forms)
    return tuple(dict.fromkeys(forms))


def _joined(known: tuple[_T, ...], new: _T) -> tuple[_T, ...]:
    return known if new in known else (*known, new)
