"""Which lookups an officer should look at first, why, and what to do. Pure.

An exception is no accusation: each rule is met by honest people, too, and says so little that it
names nobody. A lookup whose entry does not show who asked is judged by what the entry shows, so
that no rule tells what the entry hides.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum, unique
from statistics import median
from typing import Final

from agency_node.answering.matching import Finding
from agency_node.inbox.lookups import Lookup
from fingerpost.audit.search import is_called
from fingerpost.private.demographics import Demographics
from fingerpost.private.working_days import working_days_after
from fingerpost.protocol import limits
from fingerpost.protocol.ids import AgencyId, AreaCode

VOLUME_SECONDS: Final = 28 * limits.DAY
VOLUME_LEAST: Final = 5
"""Nobody stands out who asked fewer times in ``VOLUME_SECONDS``."""
VOLUME_TIMES: Final = 3
"""Somebody stands out who asked as many times as often as the median of her peers."""
PEERS_LEAST: Final = 3
VOLUME_ALONE: Final = 10
"""Where there are fewer than ``PEERS_LEAST`` peers: somebody stands out who asked so often."""
AGAIN_SECONDS: Final = 7 * limits.DAY
AGAIN_LEAST: Final = 3
FAMILIES_LEAST: Final = 3
LOOK_WORKING_DAYS: Final = 2


@unique
class Marked(Enum):
    """Why an agency marked a child. The value stands in entries of the log."""

    TRIPWIRE = "tripwire"
    COLLEAGUE = "colleague"


@unique
class Rule(Enum):
    """A rule, with what an officer can do. The value is its stable name."""

    action: str

    def __new__(cls, name: str, action: str) -> Rule:
        rule = object.__new__(cls)
        rule._value_ = name
        rule.action = action
        return rule

    TRIPWIRE = (
        "tripwire",
        "Open it today. Ask the safeguarding lead of the asking agency whether it was right.",
    )
    OWN_FAMILY = (
        "own family",
        "Open it. It may be chance. If the two are related, challenge the lookup.",
    )
    COLLEAGUE = (
        "a colleague's child",
        "Let somebody open it who does not work with the colleague.",
    )
    NOT_ANSWERED = (
        "challenge not answered",
        "Ring the safeguarding lead of the agency, and then the safeguarding partnership.",
    )
    NOT_LOOKED_AT = (
        "nobody looked",
        "Open it, and look at the records that it names. If it is the child, ring.",
    )
    AGAIN = (
        "one child again and again",
        "Open them. If no reason is plain, challenge the last, and tell the asking agency.",
    )
    VOLUME = (
        "many lookups by one person",
        "Open some of them. Ask the asking agency whether that is her work.",
    )
    REFERENCE = (
        "one reference for several families",
        "Open them. Challenge the reference.",
    )
    AREA = (
        "from another area",
        "Open it. A family that moved is a good reason; if none is stated, challenge it.",
    )
    PLANTED = (
        "perhaps a planted row",
        "Find out how the row came into your system. If it is no child of yours, take it out.",
    )


@dataclass(frozen=True, slots=True)
class Exceptional:
    """A rule that lookups meet.

    Attributes:
        numbers: of their entries in the log.
        why: a sentence that names nobody.
    """

    rule: Rule
    numbers: tuple[int, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Around:
    """What lookups are compared with.

    Attributes:
        agency: whose log it is.
        near: the agency's area and its neighbours; None where the member list does not say.
        marked: says whether and why the agency marked the child of its own number.
        opened: the numbers of the entries that somebody opened.
        unanswered: by the number of an entry that was challenged, before when the answer was due,
            in seconds since 1970 UTC, of those of which none was read.
        now: in seconds since 1970 UTC.
    """

    agency: AgencyId
    near: frozenset[AreaCode] | None
    marked: Callable[[str], Marked | None]
    opened: frozenset[int]
    unanswered: Mapping[int, int]
    now: int

    @property
    def today(self) -> date:
        """The day (UTC)."""
        return datetime.fromtimestamp(self.now, UTC).date()


def exceptions(found: Iterable[Lookup], around: Around) -> tuple[Exceptional, ...]:
    """Return what an officer should look at, the most urgent rule first.

    Args:
        found: in the order of the log.
    """
    lookups = tuple(each for each in found if each.asked is not None)
    of_one = (each for lookup in lookups for each in _of_one(lookup, around))
    of_many = (
        *_again(lookups, around),
        *_volume(lookups, around),
        *_references(lookups, around),
        *_unanswered(around),
    )
    order = {rule: place for place, rule in enumerate(Rule)}
    everything = (*of_one, *of_many)
    return tuple(sorted(everything, key=lambda each: (order[each.rule], each.numbers)))


# ---- of one lookup -------------------------------------------------------------------------------


def _of_one(lookup: Lookup, around: Around) -> Iterator[Exceptional]:
    marked = {around.marked(record.local_id) for record in lookup.records if record.local_id}
    if Marked.TRIPWIRE in marked:
        yield _about(lookup, Rule.TRIPWIRE, "It is or may be about a child whom you marked.")
    if Marked.COLLEAGUE in marked:
        yield _about(lookup, Rule.COLLEAGUE, "It is or may be about the child of a colleague.")
    if _is_own_family(lookup):
        why = "The person who asked has the surname of the child, or of a record that it is about."
        yield _about(lookup, Rule.OWN_FAMILY, why)
    if _is_left(lookup, around):
        why = (
            f"It may be about a child of yours, and nobody opened it in {LOOK_WORKING_DAYS} "
            "working days. Nothing was disclosed."
        )
        yield _about(lookup, Rule.NOT_LOOKED_AT, why)
    if _is_far(lookup, around):
        why = "The agency that asked is neither of your area nor of one beside it."
        yield _about(lookup, Rule.AREA, why)
    if lookup.body is not None and lookup.body.unexpected:
        reasons = "; ".join(reason.words for reason in lookup.body.unexpected)
        yield _about(lookup, Rule.PLANTED, f"Only such rows opened it: {reasons}.")


def _is_own_family(lookup: Lookup) -> bool:
    asked = lookup.asked
    if asked is None:
        return False
    concerned = Finding.MATCH.value in lookup.findings or Finding.POSSIBLE.value in lookup.findings
    ours = (record.child for record in lookup.records) if concerned else ()
    surnames = {name for child in (asked.child, *ours) for name in _surnames(child)}
    return any(is_called(asked.name, surname) for surname in surnames)


def _surnames(child: Demographics) -> Iterator[str]:
    yield from filter(None, (child.surname, *(other.surname for other in child.other_names)))


def _is_left(lookup: Lookup, around: Around) -> bool:
    if Finding.POSSIBLE.value not in lookup.findings or lookup.named_us:
        return False
    if not around.opened.isdisjoint(lookup.numbers):
        return False
    came = datetime.fromtimestamp(lookup.at, UTC).date()
    if around.today - came > timedelta(weeks=4):
        return True  # without counting the days
    return working_days_after(came, around.today) > LOOK_WORKING_DAYS


def _is_far(lookup: Lookup, around: Around) -> bool:
    if around.near is None or not lookup.asking:
        return False
    return AgencyId(lookup.asking).area not in around.near


def _about(lookup: Lookup, rule: Rule, why: str) -> Exceptional:
    return Exceptional(rule, lookup.numbers, why)


def _unanswered(around: Around) -> Iterator[Exceptional]:
    for number, due in around.unanswered.items():
        if around.now >= due:
            why = "You challenged it, and the time for an answer is over."
            yield Exceptional(Rule.NOT_ANSWERED, (number,), why)


# ---- of several ----------------------------------------------------------------------------------


def _shown(lookups: Iterable[Lookup], around: Around) -> Iterator[Lookup]:
    """Yield those of other agencies that show who asked."""
    for lookup in lookups:
        if lookup.asking and lookup.asking != around.agency.value:
            yield lookup


def _again(lookups: Sequence[Lookup], around: Around) -> Iterator[Exceptional]:
    """Attack: somebody who looks for a child asks area after area."""
    by_child: defaultdict[tuple[str, object], list[Lookup]] = defaultdict(list)
    for lookup in _shown(lookups, around):
        by_child[lookup.asking, _child_of(lookup)].append(lookup)
    for some in by_child.values():
        times = _most_within(some, AGAIN_SECONDS)
        if len(times) >= AGAIN_LEAST:
            why = (
                f"One agency asked about one child {len(times)} times within seven days, as "
                "somebody does who tries area after area."
            )
            yield Exceptional(Rule.AGAIN, _numbers(times), why)


def _child_of(lookup: Lookup) -> object:
    """Return what lookups about one child share: the agency's own number of her, or what was asked
    word for word."""
    sure = Finding.MATCH.value in lookup.findings
    first = next((record.local_id for record in lookup.records if record.local_id), "")
    if sure and first:
        return first
    return lookup.asked and lookup.asked.written_child


def _volume(lookups: Sequence[Lookup], around: Around) -> Iterator[Exceptional]:
    by_person: defaultdict[tuple[str, str], list[Lookup]] = defaultdict(list)
    for lookup in _shown(lookups, around):
        if lookup.asked is not None:
            by_person[lookup.asking, lookup.asked.subject].append(lookup)
    most = {person: _most_within(some, VOLUME_SECONDS) for person, some in by_person.items()}
    roles = {person: some[-1].asked.role for person, some in by_person.items() if some[-1].asked}
    for person, some in most.items():
        peers = [
            len(most[other]) for other in most if other != person and roles[other] is roles[person]
        ]
        usual = median(peers) if len(peers) >= PEERS_LEAST else None
        least = VOLUME_ALONE if usual is None else max(VOLUME_LEAST, VOLUME_TIMES * usual)
        if len(some) >= least:
            beside = (
                "there are too few others in her role to compare with"
                if usual is None
                else f"half of the others in her role asked {usual:g} times or less"
            )
            why = f"One person asked about your children {len(some)} times in 28 days; {beside}."
            yield Exceptional(Rule.VOLUME, _numbers(some), why)


def _references(lookups: Sequence[Lookup], around: Around) -> Iterator[Exceptional]:
    """Attack: a reference that was right once is stated for everybody."""
    by_reference: defaultdict[tuple[str, str], list[Lookup]] = defaultdict(list)
    for lookup in _shown(lookups, around):
        if lookup.asked is not None and lookup.asked.reason_reference:
            by_reference[lookup.asking, lookup.asked.reason_reference].append(lookup)
    for some in by_reference.values():
        families = _families([each.asked.child for each in some if each.asked is not None])
        if families >= FAMILIES_LEAST:
            why = f"One reference was stated for children of {families} families."
            yield Exceptional(Rule.REFERENCE, _numbers(some), why)


def _families(children: Iterable[Demographics]) -> int:
    """Return how many families there are at least: children with one surname or one home are one.
    One of whom neither is known counts for none."""
    surnames: Counter[str] = Counter()
    homes: set[str] = set()
    for child in children:
        home, surname = "".join(child.postcode.split()).upper(), child.surname.casefold()
        if surname and home not in homes:
            surnames[surname] += 1
        if home:
            homes.add(home)
    return len(surnames)


def _most_within(lookups: Sequence[Lookup], seconds: int) -> Sequence[Lookup]:
    """Return the most lookups that came within so many seconds. They are in order."""
    best: Sequence[Lookup] = ()
    first = 0
    for last, lookup in enumerate(lookups):
        while lookup.at - lookups[first].at > seconds:
            first += 1
        if last + 1 - first > len(best):
            best = lookups[first : last + 1]
    return best


def _numbers(lookups: Iterable[Lookup]) -> tuple[int, ...]:
    return tuple(number for lookup in lookups for number in lookup.numbers)
