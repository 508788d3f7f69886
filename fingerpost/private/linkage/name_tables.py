"""The tables of names: which names stand for one another, how a name is spelt in a key, how rare it
is.

One name has many spellings: the table of variants gives one for all of them, the nickname table the
formal names of a nickname, ``fold`` the spelling in a blocking key, ``phonetic`` the code of its
sound. The table of frequent names gives bits: the logarithm to base 2 of "one child in how many
bears it". A name that is not listed counts as uncommon. A name that is common in one community
stands with its frequency there, because it is there that its bearers are mistaken for one another.

Invariants: every function is pure and total on lower-case ASCII letters, and knows nothing about a
whole child. Both sides of a lookup apply the same tables, because a difference loses keys silently;
bits depend on the text alone, so that both sides bind a key alike. The digest of all tables is part
of the golden vectors, so that a node with another edition of the package ``nicknames`` (Apache-2.0)
does not start.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

import msgspec
from jellyfish import soundex
from nicknames import name_triplets

from fingerpost.protocol.errors import Defect

FORMS_PER_NAME: Final = 3
"""A nickname has so many formal names at most, because each costs a blocking key."""

UNLISTED_FORENAME_BITS: Final = 13.0
UNLISTED_SURNAME_BITS: Final = 13.0
INITIAL_BITS: Final = 3.5
_LETTERS_OF_A_BEGINNING: Final = 3
_TELLING_BITS: Final = 7.0
_ONE_NAME_BITS: Final = 6.0  # of those who bear a name, one in 64 has no other

_NAMES_REMEMBERED: Final = 8192
"""Caches hold single names, and not whose they are: a few thousand make up most children's names.
"""

_DATA: Final = files(__package__) / "data"
_SPELT_ALIKE: Final = (
    # Order matters: long vowels before doubled letters are folded.
    (re.compile(r"(ae|oe|ue)(?=.)"), lambda m: m.group()[0]),
    (re.compile(r"ee"), lambda _: "i"),
    (re.compile(r"oo|ou"), lambda _: "u"),
    (re.compile(r"ph"), lambda _: "f"),
    (re.compile(r"ck|q|kh"), lambda _: "k"),
    (re.compile(r"([bdg])h"), lambda m: m.group(1)),
    (re.compile(r"c(?=[eiy])"), lambda _: "s"),
    (re.compile(r"c(?!h)"), lambda _: "k"),
)
_MAY_BE_SPELT_ALIKE: Final = re.compile("|".join(f"(?:{p.pattern})" for p, _ in _SPELT_ALIKE))
_DOUBLED: Final = re.compile(r"(.)\1+")
_HEADS: Final = (("kn", "n"), ("vr", "r"), ("ge", "je"), ("gi", "ji"), ("x", "s"))
_LETTER_FOR_LETTER: Final = str.maketrans("yzw", "isv")
_FEMININE: Final = re.compile(r"(?<=..)(?:(ov|ev)a|(s|c|z)ka(?:ia|ya)?|(s|c|z)k(?:y|iy|ij|yi))$")
_ABD: Final = re.compile(r"^abd[aeiou]+l?(?=...)")
_ARTICLE: Final = re.compile(r"^[aeu]l(?=...)")
# Somali writes c for a sound that English leaves out, x for h and long vowels twice; x is kh in
# Kurdish. Without such a sign, a c may be an English one.
_SOMALI: Final = re.compile(r"^c(?=abd)|^x(?=[aeo]|ii|uu)|x(?=m)|(?<=aa)x|aa|ii|uu")
_AYN: Final = re.compile(r"(?<![b-df-hj-np-tv-z])c(?![hk])")
# Noureddine, Nur al-Din and Nooruddin are one.
_OF_FAITH: Final = re.compile(r"(?<=...)(?:(?:[aeou]dd|[aeu]ld)(?:i|ee)n|[aeou]ddine)$")
_LEAST_LEFT: Final = 3
"""Letters of a name without its head or tail."""
_LEAST_FOLDED: Final = 4
"""Letters of a folded name that can be looked up by them: shorter ones are too often others."""
_MAC: Final = re.compile(r"^mac(?=[b-df-hj-np-tv-z]..)")


@dataclass(frozen=True, slots=True)
class Words:
    """Lists of the words in name fields that are no names, or that move between fields."""

    newborn: frozenset[str]
    newborn_pairs: frozenset[tuple[str, str]]
    multiple: frozenset[str]
    order: Mapping[str, int]
    unknown: frozenset[str]
    unknown_split: frozenset[str]
    also_names: frozenset[str]
    kin: frozenset[str]
    described: frozenset[str]
    single_name: frozenset[str]
    titles: frozenset[str]
    suffixes: frozenset[str]
    joined: Mapping[str, str]
    particles: frozenset[str]
    lenites: frozenset[str]
    abbreviations: Mapping[str, str]
    given_heads: frozenset[str]
    name_heads: tuple[str, ...]
    name_tails: tuple[str, ...]
    heads_left_out: tuple[str, ...]
    servant_heads: tuple[str, ...]
    left_out: tuple[str, ...]
    endings: tuple[str, ...]
    first_not_daily: frozenset[str]
    movable: frozenset[str]
    patronymics: frozenset[str]
    family_first: frozenset[str]
    with_article: frozenset[str]


@cache
def word_lists() -> Words:
    """Return the lists of ``words.json``."""
    words = _word_lists()
    return replace(words, patronymics=frozenset(map(canonical, words.patronymics)))


@cache
def _word_lists() -> Words:
    """Return the lists as they stand in the table; the canonical spelling itself reads them."""
    return msgspec.convert(read_table("words.json"), Words)


def read_table(name: str) -> dict[str, Any]:
    """Return a table of this package, as it lies in ``data/``."""
    table = json.loads((_DATA / name).read_text("utf-8"))
    if not isinstance(table, dict):
        raise Defect(f"{name} is no table")
    return table


def tables_digest() -> str:
    """Return the SHA-256 of every table that decides a blocking key, in hexadecimal."""
    digest = hashlib.sha256()
    for name in ("variants.json", "words.json", "frequent_names.json", "postcode_areas.json"):
        digest.update(json.dumps(read_table(name), sort_keys=True).encode())
    for triplet in sorted(name_triplets()):
        digest.update(("|".join(triplet) + "\n").encode())
    return digest.hexdigest()


@lru_cache(_NAMES_REMEMBERED)
def canonical(name: str) -> str:
    """Return the spelling that stands for all spellings of one name.

    A name that is not listed may be a listed one by a rule: Somali letters are read as English
    ones, endings that come and go are taken off, feminine Slavic surnames take the masculine
    ending, Mac- becomes Mc-, and articles go: before an Arabic name, inside Abd- compounds and in
    -al-din. What is spelt like a spelling of one name only, as folded, is that name. A name without
    other spellings is returned as it is.
    """
    if _is_listed(name):
        return _canonical_table().get(name, name)
    known = _by_rules(name)
    if _is_listed(known):
        return _canonical_table().get(known, known)
    return _folded_table().get(fold(known), known)


def _is_listed(name: str) -> bool:
    return name in _canonical_table() or name in _listed()


def _by_rules(name: str) -> str:
    if "c" in name or "x" in name:
        name = _from_somali(name)
    if len(name) > 5:
        name = _FEMININE.sub(_masculine, name)
        name = _MAC.sub("mc", name)
        name = _OF_FAITH.sub("uddin", _without_ending(name))
        if name.startswith("abd"):
            name = _servant_of(name)
        elif _ARTICLE.sub("", name) in _word_lists().with_article:
            name = _ARTICLE.sub("", name)
    return name


def _servant_of(name: str) -> str:
    """Return an Abd- compound without its article; what is listed stays: Abdilaahi is Abdilahi."""
    once = _DOUBLED.sub(r"\1", name.replace("ee", "i"))
    return next(filter(_is_listed, (name, once)), None) or _ABD.sub("abd", once)


def _from_somali(name: str) -> str:
    """Return the English spelling of a Somali name (a woman's in -o has -a), or of a Kurdish one.

    Without a mark of Somali spelling a reading counts only where it is a listed name: Alex and Cook
    stay.
    """
    for sound in ("h", "kh"):
        spelt = _AYN.sub("", name.replace("x", sound))
        if "x" in name and _is_listed(spelt):
            return spelt
    if _SOMALI.search(name) is None:
        return name
    spelt = _AYN.sub("", name.replace("x", "h"))
    return spelt[:-1] + "a" if spelt.endswith("o") else spelt


def initial(name: str) -> str:
    """Return the first letter, by which an English ear would write it: Cumar and Umar have U."""
    return canonical(name)[0] if name[0] in "cx" else name[0]


@lru_cache(_NAMES_REMEMBERED)
def shortened(name: str) -> tuple[str, ...]:
    """Return what is left of a name without a head or a tail that is left out in daily use.

    Oluwapelumi is called Pelumi, Amandeep Aman, and Abdulaziz Aziz, which is a name.
    """
    lists = _word_lists()
    heads = [name[len(head) :] for head in lists.heads_left_out if name.startswith(head)]
    served = [name[len(head) :] for head in lists.servant_heads if name.startswith(head)]
    heads += filter(_is_listed, served)
    tails = [name[: -len(tail)] for tail in lists.left_out if name.endswith(tail)]
    return tuple(rest for rest in heads + tails if len(rest) >= _LEAST_LEFT)


def _without_ending(name: str) -> str:
    """Take off what is added to a listed name: Rameshkumar is Ramesh. Tamil Jayakumar is one."""
    for ending in _word_lists().endings:
        stem = name.removesuffix(ending)
        if _is_listed(stem) and stem != name and not name.endswith("akumar"):
            return stem
    return name


def formal_names(name: str) -> tuple[str, ...]:
    """Return the formal names that ``name`` may be short for: the surest first, at most three."""
    return _formal_table().get(name, ())


@lru_cache(_NAMES_REMEMBERED)
def formal(name: str, sex: str = "") -> str:
    """Return the likeliest formal name, in its canonical spelling: Katie and Kathryn are one.

    ``sex``: "f" or "m" where it is known: a girl called Charlie is Charlotte, a boy Charles.
    """
    if by_sex := _nicknames_by_sex().get(sex, {}).get(name):
        return canonical(by_sex)
    one = canonical(name)
    if name not in _own_nicknames() and (one in _formal_names() or one in _bits("forenames")):
        return one  # Albert and Ali are names themselves, although rarer ones are shortened to them
    forms = formal_names(name) or formal_names(one)
    return forms[0] if forms else one


def is_known_forename(name: str) -> bool:
    """Return whether a table lists the name: it is then hardly a typing error of another."""
    return name in _known_forenames()


@cache
def _canonical_table() -> dict[str, str]:
    return {name: group[0] for group in read_table("variants.json")["spellings"] for name in group}


@cache
def _listed() -> frozenset[str]:
    """Return the names that the tables of frequent names list: each is a name of its own."""
    frequent = read_table("frequent_names.json")
    bands = [*frequent["forenames"].values(), *frequent["surnames"].values()]
    return frozenset(frequent["known_forenames"]).union(*bands)


@cache
def _folded_table() -> dict[str, str]:
    """Return the canonical spelling by the folded one, where only one name is spelt so."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name, one in _canonical_table().items():
        found[fold(name)].add(one)
    for name in _listed():
        found[fold(name)].add(_canonical_table().get(name, name))
    return {
        folded: next(iter(names))
        for folded, names in found.items()
        if len(names) == 1 and len(folded) >= _LEAST_FOLDED
    }


@cache
def _formal_table() -> dict[str, tuple[str, ...]]:
    pairs = [(t.name1, t.name2) for t in name_triplets()]
    pairs = [(formal, nick) for formal, nick in pairs if formal.isalpha() and nick.isalpha()]
    # A formal name with many nicknames is a common one: without a better order, it comes first.
    weight = Counter(formal for formal, _ in pairs)
    ranked: dict[str, list[str]] = {}
    for formal, nick in sorted(pairs, key=lambda pair: (-weight[pair[0]], pair)):
        ranked.setdefault(nick, []).append(formal)
    own, by_sex = _own_nicknames(), _nicknames_by_sex()
    table = {}
    for nick in ranked.keys() | own.keys() | {n for of in by_sex.values() for n in of}:
        # Our own entry replaces the package's, whose rarer senses would cost keys for nothing.
        forms = [canonical(form) for form in own.get(nick) or ranked.get(nick) or []]
        forms += [canonical(of[nick]) for of in by_sex.values() if nick in of]
        forms = [form for form in dict.fromkeys(forms) if form != canonical(nick)]
        table[nick] = tuple(forms[:FORMS_PER_NAME])
    return table


@cache
def _own_nicknames() -> Mapping[str, list[str]]:
    return MappingProxyType(read_table("variants.json")["nicknames"])


@cache
def _nicknames_by_sex() -> Mapping[str, Mapping[str, str]]:
    """Return the formal names of nicknames that are a girl's and a boy's, by sex."""
    return MappingProxyType(read_table("variants.json")["nicknames_by_sex"])


@cache
def _formal_names() -> frozenset[str]:
    """Return every name that another is short for."""
    return frozenset().union(*_formal_table().values())


@cache
def _known_forenames() -> frozenset[str]:
    names = {name for triplet in name_triplets() for name in (triplet.name1, triplet.name2)}
    names.update(_formal_table())
    names.update(_canonical_table())
    names.update(read_table("frequent_names.json")["known_forenames"])
    return frozenset(names)


@lru_cache(_NAMES_REMEMBERED)
def fold(name: str) -> str:
    """Return the spelling of a canonical name in a key; letters written for one another agree."""
    if _MAY_BE_SPELT_ALIKE.search(name) is not None:
        for pattern, replacement in _SPELT_ALIKE:
            name = pattern.sub(replacement, name)
    name = _DOUBLED.sub(r"\1", name.translate(_LETTER_FOR_LETTER))
    if len(name) > 4 and name[-1] in "eh":
        name = name[:-1]
    elif len(name) > 3 and name[-1] == "h":
        name = name[:-1]
    return name


@lru_cache(_NAMES_REMEMBERED)
def telling_beginning(folded: str) -> str:
    """Return the first letters of a folded forename: three, or as many as one child in 128 shares.

    Brothers and sisters are called alike: Jamie and James, Muhammad and Muhsin. A word that many
    names begin with counts as no letters: Oluwaseun and Oluwadamilola differ.
    """
    shared = _beginnings()
    heads = [len(head) for head in map(fold, _word_lists().name_heads) if folded.startswith(head)]
    for letters in range(max(heads, default=0) + _LETTERS_OF_A_BEGINNING, len(folded)):
        if shared.get(folded[:letters], math.inf) >= _TELLING_BITS:
            return folded[:letters]
    return folded


@cache
def _beginnings() -> Mapping[str, float]:
    """Return the bits of every beginning of a listed forename."""
    bits = _bits("forenames")
    return _added(
        lambda name: {fold(name)[:end] for end in range(_LETTERS_OF_A_BEGINNING, len(name) + 1)},
        bits,
        UNLISTED_FORENAME_BITS,
    )


@lru_cache(_NAMES_REMEMBERED)
def phonetic(folded: str) -> str:
    """Return the Soundex of a folded name; letters that begin alike in sound count as one."""
    if not folded:
        return ""
    for head, sound in _HEADS:
        if folded.startswith(head):
            folded = sound + folded[len(head) :]
            break
    if folded[0] in "aeiou":
        folded = "a" + folded[1:]
    return soundex(folded)


def _masculine(found: re.Match[str]) -> str:
    patronymic, soft, hard = found.groups()
    return patronymic or f"{soft or hard}ki"


@dataclass(frozen=True, slots=True)
class Rarity:
    """Bits of a text that a key holds of folded names: the whole, a code or a beginning."""

    forenames: Mapping[str, float]
    surnames: Mapping[str, float]
    unlisted_forename: float
    unlisted_surname: float
    commoner: Mapping[str, float] = field(init=False)

    def __post_init__(self) -> None:
        listed = (*self.forenames, *self.surnames)
        bits = {text: min(self.forename(text), self.surname(text)) for text in listed}
        object.__setattr__(self, "commoner", bits)

    def forename(self, text: str) -> float:
        if len(text) == 1:
            return INITIAL_BITS
        return self.forenames.get(text, self.unlisted_forename)

    def surname(self, text: str) -> float:
        if len(text) == 1:
            return INITIAL_BITS
        return self.surnames.get(text, self.unlisted_surname)

    def pair(self, one: str, other: str) -> float:
        """Return the bits of two names, each in the role in which it is commoner.

        Fields are swapped, a father's name is now a given name and now the surname, and Kaur is
        either. A name twice is that of the few who have one name, or have it in both fields.
        """
        bits = self._commoner(one)
        if one == other:
            return bits + _ONE_NAME_BITS
        return bits + self._commoner(other)

    def _commoner(self, text: str) -> float:
        bits = self.commoner.get(text)
        return min(self.forename(text), self.surname(text)) if bits is None else bits


@dataclass(frozen=True, slots=True)
class Rarities:
    """The bits of whole names, formal names, phonetic codes, first and last three letters."""

    whole: Rarity
    formal: Rarity
    sound: Rarity
    beginning: Rarity
    ending: Rarity


@cache
def rarities() -> Rarities:
    """Return the bits of names. An unlisted part has those of the many rare names that share it."""
    return Rarities(
        whole=_of_parts(lambda name: {fold(name)}, UNLISTED_FORENAME_BITS, UNLISTED_SURNAME_BITS),
        formal=_of_parts(
            lambda name: {fold(formal(name, sex)) for sex in ("", "f", "m")},
            UNLISTED_FORENAME_BITS,
            UNLISTED_SURNAME_BITS,
        ),
        sound=_of_parts(lambda name: {phonetic(fold(name))}, 9.0, 9.5),
        beginning=_of_parts(lambda name: {fold(name)[:3]}, 9.5, 10.0),
        ending=_of_parts(lambda name: {fold(name)[-3:]}, 9.0, 9.5),
    )


def forename_bits(name: str) -> float:
    """Return the bits of a forename as spelt in the normal form."""
    return _bits("forenames").get(canonical(name), UNLISTED_FORENAME_BITS)


def surname_bits(name: str) -> float:
    """Return the bits of a surname as spelt in the normal form."""
    return _bits("surnames").get(canonical(name), UNLISTED_SURNAME_BITS)


@cache
def _bits(table: str) -> Mapping[str, float]:
    """Return the bits of the names that the table ``forenames`` or ``surnames`` lists."""
    bands: dict[str, list[str]] = read_table("frequent_names.json")[table]
    return MappingProxyType(
        {
            canonical(name): math.log2(int(band.removeprefix("1/")))
            for band, names in bands.items()
            for name in names
        }
    )


def _of_parts(parts: Callable[[str], set[str]], forename: float, surname: float) -> Rarity:
    return Rarity(
        _added(parts, _bits("forenames"), forename),
        _added(parts, _bits("surnames"), surname),
        forename,
        surname,
    )


def _added(
    parts: Callable[[str], set[str]], names: Mapping[str, float], unlisted: float
) -> Mapping[str, float]:
    """Add up the shares of the listed names that have a part in common, and of the others."""
    shares: defaultdict[str, float] = defaultdict(float)
    for name, bits in names.items():
        for part in parts(name):
            shares[part] += 2.0**-bits
    return {text: -math.log2(min(1.0, share + 2.0**-unlisted)) for text, share in shares.items()}
