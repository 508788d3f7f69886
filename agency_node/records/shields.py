"""An agency's register of shields: the children about whom it discloses nothing. Pure.

Law: a shield is no property of a row. A feed may know a child twice and flag one of the two rows,
or leave the flag out the next night (attack, and accident: so ContactPoint exposed children). So
the register stands beside the generations. An import adds to it and never takes away; only people
lift a shield, on record.

A shield holds every form under which the child was known here, and keyed digests of the agency's
own numbers for her. Another row or record is hers when it has one of these numbers, a health number
(or, where agreed, a pupil number) of one of the forms, or is alike (``linkage.compare``). Toward a
question each form acts as a record that is always there and always shielded.

Of a hidden child (an identity from before an adoption, a protected person) the register holds the
digest of her own number here and nothing else: whoever opens it can link her to nobody.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum, unique
from typing import Final, TypeVar

import msgspec

from fingerpost.private.codec import read_demographics
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import (
    BlockingKey,
    Decision,
    NormalForm,
    Scope,
    Side,
    blocking_keys,
    compare,
    normalise,
    oprf_inputs,
    wide_keys,
)
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect, Refused

_T = TypeVar("_T")

REVIEW_SECONDS: Final = 90 * limits.DAY
"""After this time people are asked whether a shield is still needed. It never ends by itself."""


@unique
class SetBy(IntEnum):
    """How a shield came to the register. The value is stored."""

    FLAG = 1  # a row of an export says so
    UNREAD_FLAG = 2  # a row has a flag that is neither yes nor no
    RECORDS = 3  # a record of the generation before was shielded, and no register held her
    PERSON = 4


class Shield(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One shielded child. The order of the fields is that of the stored form.

    Attributes:
        number: names it in lists and in the audit log; from 1, never used twice.
        set_at, review_at: seconds since 1970 UTC.
        person, why: who set it by hand, and a reference to the reason; else empty.
        own: keyed digests of the agency's own numbers.
        written_forms: the stored forms of what was known of her, the latest last.
    """

    number: int
    set_by: SetBy
    set_at: int
    review_at: int
    person: str
    why: str
    own: tuple[bytes, ...]
    written_forms: tuple[bytes, ...]

    @property
    def forms(self) -> tuple[Demographics, ...]:
        """Raises ``Defect``: a form was not written by this program."""
        try:
            return tuple(map(read_demographics, self.written_forms))
        except Refused:
            raise Defect("the register of shields has another form") from None

    def with_form(self, own: bytes, written: bytes) -> Shield:
        """Return the shield with one more number and form of the child; either may be empty."""
        return msgspec.structs.replace(
            self,
            own=_joined(self.own, own) if own else self.own,
            written_forms=_joined(self.written_forms, written) if written else self.written_forms,
        )

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
    """

    last: int = 0
    whole: bool = False
    shields: tuple[Shield, ...] = ()
    hidden: tuple[bytes, ...] = ()
    version: int = 1

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
        return msgspec.structs.replace(self, shields=kept)

    def renewed(self, number: int, now: int) -> Register:
        """Return the register after a shield was reviewed and stays, as ``without``."""
        found = self.shield(number)
        later = msgspec.structs.replace(found, review_at=now + REVIEW_SECONDS)
        kept = tuple(later if each is found else each for each in self.shields)
        return msgspec.structs.replace(self, shields=kept)

    def hiding(self, own: bytes) -> Register:
        """Return the register once the child with this own number (a digest) is hidden, too."""
        return msgspec.structs.replace(self, hidden=tuple(sorted({*self.hidden, own})))

    def not_hiding(self, own: bytes) -> Register:
        """Return the register once that child is not hidden. Raises ``Defect``: she is not now."""
        if own not in self.hidden:
            raise Defect("no hidden child has this number")
        return msgspec.structs.replace(self, hidden=tuple(h for h in self.hidden if h != own))

    def due(self, now: float) -> int:
        """Return how many shields people are asked to review."""
        return sum(shield.review_at <= now for shield in self.shields)

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
    if register.version != 1:
        raise Defect("the register of shields is of a later release")
    return register


def own_parts(local_id: str) -> tuple[bytes, bytes]:
    """Return what the digest of an agency's own number for a child is made of (``Imports.mark``).
    It is no OPRF input, so that it never equals a mark.
    """
    return b"own number alone", local_id.encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True, repr=False)
class Sought:
    """What a child is met by.

    Attributes:
        own: the digest of the agency's own number; empty where it is not known.
        numbers: her health number and, where agreed, her pupil number.
        keys: hashes of her blocking keys, equal within this process alone.
    """

    own: bytes
    numbers: tuple[str, ...]
    keys: array[int]

    def __repr__(self) -> str:
        return "Sought(…)"


def sought(form: NormalForm, inputs: Iterable[bytes], *, own: bytes = b"", upn: bool) -> Sought:
    """Return what a child is met by.

    Args:
        inputs: the OPRF inputs of her blocking keys.
        upn: whether the agreement lets the pupil number be used.
    """
    numbers = []
    if form.health_number is not None:
        numbers.append(form.health_number.digits)
    if upn and form.upn is not None and not form.upn.temporary:
        numbers.append(form.upn.text)
    return Sought(own, tuple(numbers), array("q", map(hash, inputs)))


class Known:
    """The forms of shields, found by what they have in common with a child. It grows only."""

    def __init__(
        self,
        shields: Iterable[Shield] = (),
        *,
        upn: bool,
        pause: Callable[[], object] = lambda: None,
    ) -> None:
        """
        Args:
            upn: whether the agreement lets the pupil number be used.
            pause: is called after each form; it lets other threads run.
        """
        self._upn = upn
        self._own: dict[bytes, tuple[int, ...]] = {}
        self._numbers: dict[str, tuple[int, ...]] = {}
        self._keys: dict[int, list[int]] = {}
        self._forms: list[tuple[int, NormalForm]] = []
        for shield in shields:
            self.learn_own(shield.number, shield.own)
            for demographics in shield.forms:
                self.learn(shield.number, normalise(demographics))
                pause()

    def learn_own(self, number: int, own: Iterable[bytes]) -> None:
        """Note own numbers of the child of a shield."""
        for each in own:
            self._own[each] = _joined(self._own.get(each, ()), number)

    def learn(self, number: int, form: NormalForm) -> None:
        """Note a form of the child of a shield."""
        recorded, asked = wide_keys(form, upn=self._upn)
        child = sought(form, oprf_inputs(dict.fromkeys(recorded + asked)), upn=self._upn)
        for each in child.numbers:
            self._numbers[each] = _joined(self._numbers.get(each, ()), number)
        for hashed in child.keys:
            self._keys.setdefault(hashed, []).append(len(self._forms))
        self._forms.append((number, form))

    def same(self, child: Sought) -> tuple[int, ...]:
        """Return the numbers of all shields with the agency's own number of the child; where there
        is none, of those with the first of her other numbers that any has.
        """
        if child.own in self._own:
            return self._own[child.own]
        return next((self._numbers[n] for n in child.numbers if n in self._numbers), ())

    def shares_a_key(self, child: Sought) -> bool:
        """Return whether ``alike`` has anything to compare."""
        return any(hashed in self._keys for hashed in child.keys)

    def alike(self, child: Sought, form: NormalForm, *, possibly: bool = False) -> int | None:
        """Return the number of a shield with a form that is about the same child; None where there
        is none.

        Args:
            form: of the child.
            possibly: a form that is only possibly about her counts, too.
        """
        enough = {Decision.MATCH, Decision.POSSIBLE} if possibly else {Decision.MATCH}
        places = {place for hashed in child.keys for place in self._keys.get(hashed, ())}
        for place in sorted(places):
            number, known = self._forms[place]
            if compare(form, known, upn=self._upn).decision in enough:
                return number
        return None

    def withholds(
        self, asked: NormalForm, keys: Iterable[BlockingKey], records: Iterable[Demographics]
    ) -> bool:
        """Return whether a shield withholds an answer: the child asked about is one of the
        register, or may be, or a record that matched is one's.

        Args:
            keys: of the question.
            records: what matched.
        """
        child = sought(asked, oprf_inputs(keys), upn=self._upn)
        found = [*self.same(child), self.alike(child, asked, possibly=True)]
        for demographics in records:
            form = normalise(demographics)
            own = blocking_keys(form, side=Side.RECORD, scope=Scope.WIDE, upn=self._upn)
            child = sought(form, oprf_inputs(own), upn=self._upn)
            found += [*self.same(child), self.alike(child, form)]
        return any(number is not None for number in found)


def _joined(known: tuple[_T, ...], new: _T) -> tuple[_T, ...]:
    return known if new in known else (*known, new)
