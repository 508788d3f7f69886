"""Which lookups of an audit log are searched for, and which cannot be told. Pure.

Law: what could not be read is never taken for a "no". A lookup is searched for, or it is not, or it
cannot be judged, because what decides was forgotten with its month, is not shown before an officer
gives a reason, or was never believed. Those are counted, and the count is said beside the result.

A child is met as everywhere else (``private.linkage``): the same, or perhaps the same, which a
person looks at. A lookup that says of her all that was typed is perhaps about her, too, whatever
the sum of the evidence, so that nothing that was typed is missed.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, unique
from functools import lru_cache
from typing import Final, Generic, TypeVar

import msgspec

from fingerpost.private.codec import read_demographics
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import (
    Decision,
    Field,
    Level,
    NormalForm,
    StrengthLevel,
    assess,
    compare,
    normalise,
)
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.screen_text import counted

C = TypeVar("C")
L = TypeVar("L")

_CHILDREN_KEPT: Final = 4096
"""Of so many children the comparison is remembered: many lookups are about few."""
_NAMES_KEPT: Final = 4096
"""Of so many names the words are remembered: few people ask again and again."""
_AGREES: Final = frozenset(
    {
        *(Level.EXACT, Level.EXACT_WEAK, Level.VARIANT, Level.PART, Level.FORMER),
        *(Level.MONTH, Level.YEAR, Level.ABOUT),
    }
)
_APOSTROPHES: Final = frozenset("'\u2018\u2019\u02bc")


@unique
class Unread(Enum):
    """Why a lookup cannot be judged. The value is its stable name."""

    FORGOTTEN = "forgotten"
    """Who asked and about whom was forgotten with the month."""
    NOT_SHOWN = "not_shown"
    """Who asked is shown only once an officer gives a reason for this entry."""
    NOT_BELIEVED = "not_believed"
    """The passport or a signature did not hold: who asked and about whom was not recorded."""


_WORDS: Final = {
    Unread.FORGOTTEN: "of a month that was forgotten",
    Unread.NOT_SHOWN: "of which the requester is not shown (inbox open --reveal shows one)",
    Unread.NOT_BELIEVED: "not verified, so that who asked and about whom was not recorded",
}


class Criteria(msgspec.Struct, frozen=True):
    """What is searched for, as it is recorded in the log first. All that is given must hold.

    Attributes:
        since, until: from ``since`` to before ``until``, in seconds since 1970 UTC.
        person: an account, or words of a name: see ``is_called``.
        agency: the id of the agency that asked.
        purpose: its name.
        child: as she was typed.
        own_number: the agency's own number of a child.
        not_among: SHA-256 of the references that are left out, in hexadecimal.
    """

    since: int
    until: int
    person: str = ""
    agency: str = ""
    purpose: str = ""
    child: Demographics | None = None
    own_number: str = ""
    not_among: str = ""

    @property
    def by(self) -> str:
        """The names of what is searched by; it holds nothing of it."""
        named = ("person", "agency", "purpose", "child", "own_number", "not_among")
        return " ".join(name for name in named if getattr(self, name)) or "time"

    def written(self) -> bytes:
        """Return the body of the entry that records the search."""
        return msgspec.json.encode(self)

    def __repr__(self) -> str:
        return f"Criteria({self.by})"


@dataclass(frozen=True, slots=True, repr=False)
class Said(Generic[C]):
    """What a lookup says of what can be searched for.

    Attributes:
        at: seconds since 1970 UTC.
        agency: the one that asked; None where it cannot be read.
        people: the account and the name of who asked, as far as they can be read.
        named: whether that is all of them.
        purpose: None where it cannot be read.
        children: the forms in which the lookup knows the child; None where they cannot be read.
        unread: why something cannot be read; None where all can.
    """

    at: int
    agency: str | None
    people: tuple[str, ...]
    named: bool
    purpose: str | None
    children: Sequence[C] | None
    unread: Unread | None = None

    def __repr__(self) -> str:
        return f"Said({self.at})"


@dataclass(frozen=True, slots=True, repr=False)
class Sought(Generic[C]):
    """What is searched for, and how a child is told from another.

    Attributes:
        child: says how a child resembles the one who is searched for; None where none is.
    """

    criteria: Criteria
    child: Callable[[C], Decision] | None = None

    def __repr__(self) -> str:
        return f"Sought({self.criteria.by})"

    def judge(self, said: Said[C]) -> Decision | Unread:
        """Return MATCH or POSSIBLE for a lookup that is searched for, DIFFERENT for another one,
        and why where that cannot be told.

        Whatever is known to be otherwise decides before what cannot be read.
        """
        wanted = self.criteria
        if not wanted.since <= said.at < wanted.until:
            return Decision.DIFFERENT
        holds = (
            _equal(wanted.agency, said.agency),
            _equal(wanted.purpose, said.purpose),
            self._is_person(said),
        )
        if False in holds:
            return Decision.DIFFERENT
        likeness = self._likeness(said)
        if likeness is Decision.DIFFERENT:
            return Decision.DIFFERENT
        if None in holds or likeness is None:
            return said.unread or Unread.NOT_BELIEVED
        return likeness

    def _is_person(self, said: Said[C]) -> bool | None:
        wanted = self.criteria.person
        if not wanted or any(is_called(name, wanted) for name in said.people):
            return True
        return False if said.named else None

    def _likeness(self, said: Said[C]) -> Decision | None:
        if self.child is None:
            return Decision.MATCH
        return None if said.children is None else likeliest(map(self.child, said.children))


def _equal(wanted: str, found: str | None) -> bool | None:
    if not wanted:
        return True
    return None if found is None else found == wanted


def likeliest(decisions: Iterable[Decision]) -> Decision:
    """Return the best of several decisions; DIFFERENT for none."""
    found = set(decisions)
    best = (Decision.MATCH, Decision.POSSIBLE)
    return next((each for each in best if each in found), Decision.DIFFERENT)


@dataclass(slots=True)
class Tally:
    """What a search came to: how many lookups were found, and how many could not be judged."""

    found: int = 0
    unread: Counter[Unread] = field(default_factory=Counter)

    @property
    def whole(self) -> bool:
        """Whether every lookup could be judged."""
        return not self.unread

    def words(self) -> str:
        """Return one line for a person."""
        said = [f"{counted(self.found, 'lookup', 'lookups')} found."]
        for why in Unread:
            if self.unread[why]:
                lookups = counted(self.unread[why], "lookup", "lookups")
                said.append(f"{lookups} could not be searched: {_WORDS[why]}.")
        return " ".join(said)


def search(
    lookups: Iterable[tuple[L, Said[C]]], sought: Sought[C], tally: Tally
) -> Iterator[tuple[L, Decision]]:
    """Yield the lookups that are searched for, each with how the child resembles, and count.

    It holds one lookup at a time. The tally is right once the last was yielded.
    """
    for lookup, said in lookups:
        judged = sought.judge(said)
        if isinstance(judged, Unread):
            tally.unread[judged] += 1
        elif judged is not Decision.DIFFERENT:
            tally.found += 1
            yield lookup, judged


# ---- people ------------------------------------------------------------------------------------


def is_called(name: str, wanted: str) -> bool:
    """Return whether an account or a name is the one that is searched for: it is the same, or has
    all its words. Case, accents and apostrophes do not matter.
    """
    if name.casefold() == wanted.casefold():
        return True
    words = _words(wanted)
    return bool(words) and words <= _words(name)


@lru_cache(_NAMES_KEPT)
def _words(text: str) -> frozenset[str]:
    plain = (c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    spaced = (c if c.isalnum() else " " for c in plain if c not in _APOSTROPHES)
    return frozenset("".join(spaced).casefold().split())


# ---- children ----------------------------------------------------------------------------------


def require_enough(child: Demographics) -> None:
    """Raise ``Defect``: too little was given to tell one child from another."""
    strength = assess(normalise(child))
    if strength.level is StrengthLevel.REFUSED:
        raise Defect(" ".join(strength.reasons))


class SoughtChild:
    """The child who is searched for, in every form in which she is known."""

    def __init__(self, children: Iterable[Demographics], *, upn: bool) -> None:
        """``upn``: whether the agreement lets the pupil number be used."""
        self._forms = tuple(map(normalise, children))
        self._upn = upn
        self._remembered = lru_cache(_CHILDREN_KEPT)(self._compared)

    def __repr__(self) -> str:
        return "SoughtChild(…)"

    def likeness(self, written: bytes) -> Decision:
        """Return how a child resembles her.

        Args:
            written: the child's stored form (``private.codec.write_demographics``).
        """
        return self._remembered(written)

    def _compared(self, written: bytes) -> Decision:
        other = normalise(read_demographics(written))
        return likeliest(self._of(form, other) for form in self._forms)

    def _of(self, form: NormalForm, other: NormalForm) -> Decision:
        compared = compare(form, other, upn=self._upn)
        if compared.decision is not Decision.DIFFERENT:
            return compared.decision
        levels = {finding.field: finding.level for finding in compared.evidence}
        given = [levels[each] for each in _given(form)]
        says_all = bool(given) and _AGREES.issuperset(given)
        return Decision.POSSIBLE if says_all else Decision.DIFFERENT


def _given(form: NormalForm) -> Iterator[Field]:
    """Yield the fields that tell children apart and were given."""
    if form.has_forename:
        yield Field.FORENAME
    if form.has_surname:
        yield Field.SURNAME
    if form.birth is not None:
        yield Field.BIRTH
    if form.postcode is not None:
        yield Field.POSTCODE
    if form.health_number is not None:
        yield Field.HEALTH_NUMBER
