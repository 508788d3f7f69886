"""The normal form of a name: from any script to plain words, and which words are which name.

``words`` turns text into lower-case ASCII words. Its result depends on the text alone, not on the
locale, the system's ICU or the Unicode tables of the running Python: the composed form is taken
with the frozen Unicode 3.2 tables that every Python carries, and transliteration with the tables of
the package ``anyascii``, whose content the golden vectors hold. ``read_names`` then decides which
words are given names, which are the surname, and which name nobody.

Invariants: the words of a ``Name`` are lower-case ASCII letters; a placeholder never becomes the
present name; the mother's name in "Baby of Sarah" never becomes the child's.

Some placeholders are names of people: Jennifer Null, Tom Master, Baby Quillfeather at 14. Where all
else is filled, such a word is a further name beside the present one that lacks it: it agrees with
itself, and contradicts nobody, so that a record whose name was lost is still found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final
from unicodedata import ucd_3_2_0

from anyascii import anyascii

from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage.name_tables import (
    UNLISTED_SURNAME_BITS,
    Words,
    canonical,
    fold,
    initial,
    surname_bits,
    word_lists,
)

WORDS_KEPT: Final = 4
"""So many words of each field are kept; those that follow are dropped."""
_ELIDED: Final = ("d", "l", "dell", "dall")
_NO_NEWBORN_BEFORE: Final = date(2025, 1, 1)
"""Whoever was born before has long had a name: what else describes a newborn child is a name there.
It is a day and no age, so that both sides of a lookup decide alike whenever they do; it moves with
the normalisation version."""

# Our own rules, so that a library's next release cannot change them: every apostrophe, and the
# marks typed for one; every hyphen; letters that have no decomposition.
_OWN_RULES: Final = str.maketrans(
    {
        **dict.fromkeys("`´‘’‛′ʹʻʼʽˈ՚＇\u0313\u0314", "'"),
        **dict.fromkeys("‐‑‒–—―−﹘﹣－·・", "-"),
        **dict.fromkeys("\u00a0\u2007\u202f\u3000", " "),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", ""),
        **dict.fromkeys("ßẞ", "ss"),
        **dict.fromkeys("æÆ", "ae"),
        **dict.fromkeys("œŒøØ", "oe"),
        **dict.fromkeys("åÅ", "a"),
        **dict.fromkeys("ðÐđĐ", "d"),
        **dict.fromkeys("þÞ", "th"),
        **dict.fromkeys("łŁ", "l"),
        **dict.fromkeys("ıİ", "i"),
    }
)
_TO_LOWER: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_NOT_A_WORD: Final = re.compile(r"[^a-z0-9']+")
_LENITED: Final = re.compile(r"^([bcdfgmpst])h")
_ABBREVIATED: Final = re.compile(r"\b([a-z])/(?=[a-z]{3})")
_SYLLABLE: Final = re.compile(
    r"(?:[^aeiouy]{0,3}[aeiouy]{1,3}(?:ng|nh|ch|[cghklmnprt])?|tsz|sze|ng)"
)
"""A word of a Chinese, Vietnamese or Korean name, in Latin letters."""


@dataclass(frozen=True, slots=True, repr=False)
class Name:
    """One name of a child; every part may be empty.

    ``surnames`` are the components without particles; ``surname`` is the whole, joined, with them:
    "van der Berg-Smith" gives ("berg", "smith") and "vanderbergsmith". A person of one name has it
    among the forenames.
    """

    forenames: tuple[str, ...] = ()
    middles: tuple[str, ...] = ()
    surnames: tuple[str, ...] = ()
    surname: str = ""

    @property
    def forename(self) -> str:
        """The forename field, joined: "Anne-Marie" and "Annemarie" are one."""
        return "".join(self.forenames)

    def __repr__(self) -> str:
        return "Name(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Names:
    """All names of a child, the present one first, without repetition.

    ``newborn``: the forename field held a description of a baby. ``birth_order``: 1 for "Twin 1",
    ``None`` where the fields say nothing.
    """

    names: tuple[Name, ...]
    newborn: bool
    birth_order: int | None

    def __repr__(self) -> str:
        return "Names(…)"


@dataclass(frozen=True, slots=True, repr=False)
class _Given:
    """The forename field, read."""

    names: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()  # the words after a placeholder, which may be the surname
    newborn: bool = False
    single: bool = False  # "FNU": the record says that there is only one name
    order: int | None = None


def read_names(d: Demographics) -> Names:
    """Return the present name, and every other name filled up from the present one."""
    lists = word_lists()
    given = _given(words(d.forename), lists)
    present = _name(given, words(d.middle_names), words(d.surname), lists)
    found = [present, *_placeholders_as_names(d, given, present, lists)]
    for other in d.other_names:
        alias_given = _given(words(other.forename), lists)
        alias = _name(alias_given, (), words(other.surname), lists)
        found.append(
            Name(
                alias.forenames or present.forenames,
                present.middles,
                alias.surnames or present.surnames,
                alias.surname or present.surname,
            )
        )
    order = given.order or _order_in(words(d.surname), lists)
    return Names(tuple(dict.fromkeys(found)), given.newborn, order)


def _placeholders_as_names(
    d: Demographics, given: _Given, present: Name, lists: Words
) -> Iterator[Name]:
    """Yield the name of a child who bears a placeholder, where the other name and a date of birth
    are filled. 1 January fills nothing: it is itself written where little is known."""
    born = d.dob
    if not isinstance(born, date) or (born.month, born.day) == (1, 1):
        return
    grown = lists.newborn if born < _NO_NEWBORN_BEFORE else frozenset[str]()
    forename, surname = (_letters_only(words(text)) for text in (d.forename, d.surname))
    family = len(surname) == 1 and surname[0] in lists.also_names | lists.titles | grown
    if given.names and family:
        forenames = _join_heads(given.names, lists)[:WORDS_KEPT]
        yield Name(forenames, present.middles, surname, surname[0])
    named = len(forename) == 1 and forename[0] in lists.also_names
    described = bool(forename) and forename[0] in grown and "of" not in forename
    if present.surnames and not given.names and (named or described):
        yield Name(forename[:WORDS_KEPT], present.middles, present.surnames, present.surname)


def _name(
    given: _Given, middle_words: tuple[str, ...], surname_words: tuple[str, ...], lists: Words
) -> Name:
    middles = _given(middle_words, lists).names
    surname_words, single = _surname_words(surname_words, lists)
    forenames = given.names
    if not surname_words and given.rest:
        surname_words = given.rest
    if not forenames and surname_words and given.single:
        return Name(forenames=surname_words[:WORDS_KEPT], middles=middles)
    if surname_words == forenames and len(forenames) > 1:
        surname_words = ()  # the whole name was written into both fields
    if not forenames and len(surname_words) > 2 and surname_words[0] in lists.family_first:
        forenames, surname_words = surname_words, ()
    if surname_words or single:
        forenames = _without_family_name(forenames, surname_words, lists)
    elif middles and canonical(middles[-1]) in lists.movable | lists.patronymics:
        middles, surname_words = middles[:-1], middles[-1:]
    elif len(forenames) > 1 and not middles:
        forenames, surname_words = _parted(forenames, lists)
    joined = _join_prefixes(surname_words, lists)
    parts = tuple(word for word in joined if word not in lists.particles | lists.given_heads)
    parts = parts or joined
    forenames = _join_heads(forenames, lists)[:WORDS_KEPT]
    return Name(forenames, middles[:WORDS_KEPT], parts[:WORDS_KEPT], "".join(joined))


def _parted(whole: tuple[str, ...], lists: Words) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the given names and the surname of a whole name that was written into one field.

    The last word is the likeliest surname. A family name of East Asia stands first, or behind a
    Western forename (Kevin Chan Ka Ho); a Western one may be last. An initial is a father's (K.
    Tharshan).
    """
    if len(_join_heads(whole, lists)) == 1 and surname_bits(whole[-1]) >= UNLISTED_SURNAME_BITS:
        return whole, ()  # Abdul Wali, but not Abdul Khan
    initials = tuple(word for word in whole if len(word) == 1)
    if initials and len(initials) == len(whole) - 1:
        return tuple(word for word in whole if len(word) > 1), initials[:1]
    for at in range(min(2, len(whole) - 2)):
        given = whole[1:-1] if at == 0 and len(whole) > 3 else whole[at + 1 :]
        if whole[at] in lists.family_first and all(map(_SYLLABLE.fullmatch, given)):
            return whole[:at] + whole[at + 1 :], whole[at : at + 1]
    return whole[:-1], whole[-1:]


def _without_family_name(
    forenames: tuple[str, ...], surname_words: tuple[str, ...], lists: Words
) -> tuple[str, ...]:
    """Drop a family name of East Asia that was written before the given names too."""
    for at in range(min(2, len(forenames) - 1)):
        if forenames[at] in lists.family_first and forenames[at] in surname_words:
            return forenames[:at] + forenames[at + 1 :]
    return forenames


def _given(raw: tuple[str, ...], lists: Words) -> _Given:
    """Read a forename or middle-name field: placeholders go, with all that belongs to them."""
    order = _order_in(raw, lists)
    plain = _letters_only(raw)
    single = bool(plain) and plain[0] in lists.single_name
    if not plain or single or _says_unknown(plain, lists):
        return _Given(single=single, order=order)
    if plain[0] in lists.newborn or plain[:2] in lists.newborn_pairs:
        return _newborn(plain, order, lists)
    plain = _before_a_description(plain, lists)
    kept: list[str] = []
    for word in plain:
        if word in lists.multiple:
            break  # "Oliver (Twin 1)": the words that follow give an order and no name
        if word in lists.unknown or word in lists.titles or word in lists.suffixes:
            continue
        if word in lists.kin:
            continue  # "Daughter", "Male child": a description; as a surname, Child is a name
        kept.append(word)
    if (not kept and order is not None) or lists.multiple.intersection(plain[:1]):
        return _Given(newborn=True, order=order)
    if not kept and not set(plain) <= lists.unknown | lists.kin:
        kept = list(plain)  # "Master": a title alone may be a name
    return _Given(tuple(kept), order=order)


def _newborn(plain: tuple[str, ...], order: int | None, lists: Words) -> _Given:
    """Strip the whole phrase: a name in it is the mother's or the family's, not the child's."""
    if len(plain) == 1 and plain[0] not in lists.newborn:
        return _Given(plain)
    described = lists.newborn | lists.multiple | lists.kin | {"son", "of"} | frozenset(lists.order)
    rest = () if "of" in plain or plain[:2] == ("b", "o") else plain
    return _Given((), tuple(w for w in rest if w not in described), newborn=True, order=order)


def _surname_words(raw: tuple[str, ...], lists: Words) -> tuple[tuple[str, ...], bool]:
    plain = _letters_only(_split_elisions(raw))
    single = bool(plain) and plain[0] in lists.single_name
    if _says_unknown(plain, lists):
        return (), single
    if not lists.newborn.intersection(plain[:1]):
        plain = _before_a_description(plain, lists)
        if "of" in plain:
            plain = plain[: plain.index("of")]  # "Campbell of Cawdor", "Smith (of Acacia Road)"
    kept: list[str] = []
    for word in plain:
        if word in lists.multiple:
            break
        if word in lists.newborn or word in lists.unknown or word in lists.titles or word == "of":
            continue
        kept.append(word)
    while len(kept) > 1 and kept[-1] in lists.suffixes:
        kept.pop()
    return tuple(kept), single


def _join_prefixes(parts: tuple[str, ...], lists: Words) -> tuple[str, ...]:
    """Join prefixes: "O Brien" → "obrien", "Mac Donald" → "mcdonald", "St John" → "stjohn".

    A daughter's Ní or Nic softens the letter that follows: "Ní Bhriain" → "obriain".
    """
    joined: list[str] = []
    prefix = ""
    for position, word in enumerate(parts):
        if word in lists.joined and position + 1 < len(parts) and not prefix:
            prefix = lists.joined[word]
            continue
        if position and parts[position - 1] in lists.lenites:
            word = _LENITED.sub(r"\1", word)
        joined.append(prefix + word)
        prefix = ""
    return tuple(joined)


def _join_heads(parts: tuple[str, ...], lists: Words) -> tuple[str, ...]:
    """Join "Abdul Rahman": its head means "servant of" and is no name alone."""
    joined: list[str] = []
    for word in parts:
        if joined and joined[-1] in lists.given_heads:
            joined[-1] += word
        elif joined and word in ("al", "el", "ul", "ur") and joined[-1] == "abd":
            joined[-1] += word
        else:
            joined.append(word)
    return tuple(joined)


def _says_unknown(plain: tuple[str, ...], lists: Words) -> bool:
    """Return whether a field says "Not known" or "N/K". "Na" in one word is a name."""
    joined = "".join(plain)
    return joined in lists.unknown or (len(plain) > 1 and joined in lists.unknown_split)


def _before_a_description(plain: tuple[str, ...], lists: Words) -> tuple[str, ...]:
    """Drop "Mother of Sarah", "of the house" and all after "Tamsin" in "Tamsin, sister of Tom".

    A name after such a word is somebody else's. "Gift of God" is a name.
    """
    for position, word in enumerate(plain):
        if word == "of" and position == 0:
            return ()
        if word == "of" and plain[position - 1] in lists.kin | lists.described:
            return plain[: position - 1]
    return plain


def _split_elisions(raw: tuple[str, ...]) -> tuple[str, ...]:
    """Split "D'Souza" into a particle and a name, like "de Souza"; O' belongs to its name."""
    split: list[str] = []
    for word in raw:
        head, apostrophe, rest = word.partition("'")
        split += (head, rest) if apostrophe and rest and head in _ELIDED else (word,)
    return tuple(split)


def _letters_only(raw: tuple[str, ...]) -> tuple[str, ...]:
    """Keep letters only: digits go, M' becomes Mc, other apostrophes join."""
    plain = []
    for word in raw:
        if word.startswith("m'") and len(word) > 4:
            word = "mc" + word[2:]
        if not word.isalpha():
            word = "".join(c for c in word if c.isalpha())
        if word:
            plain.append(word)
    return tuple(plain)


def _order_in(raw: tuple[str, ...], lists: Words) -> int | None:
    """Return 1 for "Twin 1", "Twin A" or "Twin1", and ``None`` without such a phrase."""
    for position, word in enumerate(raw):
        head = word.rstrip("0123456789")
        if head in lists.multiple:
            if head != word:
                return lists.order.get(word[len(head) :])
            following = raw[position + 1 : position + 2]
            return lists.order.get(following[0]) if following else None
    return None


def daily_names(name: Name) -> tuple[str, ...]:
    """Return the forenames that the child is called by: no first Muhammad where others follow."""
    if len(name.forenames) < 2:
        return name.forenames
    not_daily = word_lists().first_not_daily
    rest = tuple(word for word in name.forenames if canonical(word) not in not_daily)
    return rest or name.forenames


def middle_initial(name: Name, first: str) -> str:
    """Return the initial of the first given name that is not the daily one, ``first`` as spelt in a
    key.

    A name that half a community bears (Kaur, Muhammad) and the surname written once more are passed
    over: their initial would give no bits.
    """
    lists = word_lists()
    for word in (*name.forenames, *name.middles):
        common = {word, canonical(word)} & (lists.movable | lists.first_not_daily)
        if not common and fold(canonical(word)) != first and word not in name.surnames:
            return initial(word)
    return ""


def words(text: str) -> tuple[str, ...]:
    """Return the words of ``text``: ``a``–``z``, digits and inner apostrophes, split at all else.

    A hyphen ends a word, so that a double-barrelled name gives its parts.
    """
    if not text.isascii():
        text = ucd_3_2_0.normalize("NFC", text).translate(_OWN_RULES)
        if not text.isascii():
            text = anyascii(text)
    lower = text.translate(_TO_LOWER).replace("`", "'")
    if "/" in lower:  # W/Michael is Woldemichael
        lower = _ABBREVIATED.sub(_in_full, lower)
    found = (word.strip("'") for word in _NOT_A_WORD.split(lower))
    return tuple(word for word in found if word)


def _in_full(found: re.Match[str]) -> str:
    return word_lists().abbreviations.get(found[1], found[1] + " ")
