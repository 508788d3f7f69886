"""Two records, side by side: which keys each has, whether a question would open, and what decides.

The rules are pure, and nothing is decided here: keys and decision are those of
``fingerpost.private.linkage``. The screen shows values of the records only where they were asked
for: they are personal data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, unique
from types import MappingProxyType
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table as Screen
from rich.text import Text

from agency_node.match_tool.reports import LEVELS, field_words
from agency_node.match_tool.tables import (
    COLUMNS,
    BadInput,
    Row,
    Table,
    parse_table,
    table_of,
)
from fingerpost.private.demographics import Demographics, written_birth
from fingerpost.private.linkage import (
    RULE_DEFINITIONS,
    BlockingKey,
    BlockingRule,
    Comparison,
    Decision,
    Level,
    NormalForm,
    Scope,
    Side,
    blocking_keys,
    compare,
    normalise,
)
from fingerpost.private.linkage.agreement import Weights, shipped_weights
from fingerpost.runtime.screen_text import counted, printable

MOST_TYPED: Final = 64 * 1024
"""Bytes of two typed records."""

_TYPED: Final = "typed records"
_SCOPE_OF: Final = {one.rule: one.scope for one in RULE_DEFINITIONS}


@unique
class Meeting(Enum):
    """Which question about one record opens the other."""

    NARROW = "narrow"
    WIDE = "wide"
    NEVER = "never"


_MEETINGS: Final[Mapping[Meeting, str]] = MappingProxyType(
    {
        Meeting.NARROW: "Every question opens the record: narrow keys agree.",
        Meeting.WIDE: (
            "Only a wide question opens the record: no narrow key agrees. An agency outside the "
            "child's areas would not be found."
        ),
        Meeting.NEVER: (
            "No key agrees: no question opens the record, and the two are never compared. What "
            "follows is what the comparison would have said."
        ),
    }
)
_TURNED: Final[Mapping[Meeting, str]] = MappingProxyType(
    {
        Meeting.NARROW: "every question opens",
        Meeting.WIDE: "only a wide question opens",
        Meeting.NEVER: "no question opens",
    }
)
_WEAK: Final = (
    "Rules that begin with NO_ are for gaps: those ending in _Q agree only where the left record, "
    "which asks, lacks the field; those in _R only where the right one does. Two complete records "
    "never meet by them."
)
_DECISIONS: Final[Mapping[Decision, str]] = MappingProxyType(
    {
        Decision.MATCH: "MATCH: one child",
        Decision.POSSIBLE: "POSSIBLE: for a person to look at; never answered as a match",
        Decision.DIFFERENT: "DIFFERENT: not taken for one child",
    }
)
_LACKED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "NO_PLACE_": "usable postcode",
        "NO_DATE_": "usable date of birth",
        "NO_FORENAME_": "usable forename",
        "NO_SURNAME_": "usable surname",
    }
)
_SIDES: Final[Mapping[str, str]] = MappingProxyType({"_Q": "left", "_R": "right"})


@dataclass(frozen=True, slots=True, repr=False)
class OfRule:
    """The keys of one blocking rule: of the left record, which asks, and of the right one."""

    rule: BlockingRule
    scope: Scope
    asked: tuple[BlockingKey, ...]
    recorded: tuple[BlockingKey, ...]

    @property
    def shared(self) -> tuple[BlockingKey, ...]:
        return tuple(key for key in self.asked if key in self.recorded)

    def __repr__(self) -> str:
        return f"OfRule({self.rule.name})"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a node would make of the two.

    ``meeting``: the left record asks; ``turned``: the right one does. ``weights``: those by whose
    thresholds the comparison decided.
    """

    rules: tuple[OfRule, ...]
    meeting: Meeting
    turned: Meeting
    compared: Comparison
    weights: Weights

    @property
    def by_sum(self) -> Decision:
        """What the sum alone says."""
        if self.compared.weight >= self.weights.match:
            return Decision.MATCH
        possible = self.compared.weight >= self.weights.possible
        return Decision.POSSIBLE if possible else Decision.DIFFERENT


def explain(left: Demographics, right: Demographics, *, upn: bool = False) -> Explanation:
    """Explain two records. ``upn``: whether the agreement lets the pupil number be used."""
    one, other = normalise(left), normalise(right)
    return Explanation(
        _rules(one, other, upn=upn),
        _meeting(one, other, upn=upn),
        _meeting(other, one, upn=upn),
        compare(one, other, upn=upn),
        shipped_weights(),
    )


def _rules(one: NormalForm, other: NormalForm, *, upn: bool) -> tuple[OfRule, ...]:
    asked = blocking_keys(one, side=Side.QUERY, scope=Scope.WIDE, upn=upn)
    recorded = blocking_keys(other, side=Side.RECORD, scope=Scope.WIDE, upn=upn)
    return tuple(
        OfRule(
            rule,
            scope,
            tuple(key for key in asked if key.rule is rule),
            tuple(key for key in recorded if key.rule is rule),
        )
        for rule, scope in _SCOPE_OF.items()
        if any(key.rule is rule for key in asked + recorded)
    )


def _meeting(asking: NormalForm, other: NormalForm, *, upn: bool) -> Meeting:
    recorded = set(blocking_keys(other, side=Side.RECORD, scope=Scope.WIDE, upn=upn))
    for scope, meeting in ((Scope.NARROW, Meeting.NARROW), (Scope.WIDE, Meeting.WIDE)):
        asked = blocking_keys(asking, side=Side.QUERY, scope=scope, upn=upn)
        if not recorded.isdisjoint(asked):
            return meeting
    return Meeting.NEVER


def typed_table(content: bytes) -> Table:
    """Return two records that somebody types or pipes in.

    They come by standard input or a file, never as arguments, which every user of the machine can
    read.

    Args:
        content: A JSON list of two objects, or CSV with a first line and two rows. The columns are
            those of a table, and ``record_id`` may be missing.

    Raises:
        BadInput: It is anything else, or longer than ``MOST_TYPED`` bytes.
    """
    if len(content) > MOST_TYPED:
        raise BadInput(f"{_TYPED}: more than {MOST_TYPED:,} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(f"{_TYPED}: not in UTF-8") from None
    if "\0" in text:
        raise BadInput(f"{_TYPED}: not a text")
    if text.lstrip()[:1] in ("[", "{"):
        table = table_of(_TYPED, _objects(text))
    else:
        table = parse_table(_TYPED, text.splitlines(), ids=False)
    if len(table.rows) != 2:
        raise BadInput(f"{_TYPED}: two records are needed, {len(table.rows)} are there")
    return table


def _objects(text: str) -> list[dict[str, str]]:
    try:
        found = msgspec.json.decode(text, type=list[dict[str, str | None]])
    except msgspec.DecodeError as error:  # its text is about the form and repeats no value
        raise BadInput(f"{_TYPED}: not a JSON list of two objects of texts ({error})") from None
    for each in found:
        for place, name in enumerate(each, 1):
            if name not in COLUMNS:
                raise BadInput(
                    f"{_TYPED}: name {place} of an object is none of {', '.join(COLUMNS)}"
                )
    return [{name: (text or "").strip() for name, text in each.items()} for each in found]


def show_explanation(
    console: Console,
    found: Explanation,
    left: Row,
    right: Row,
    *,
    values: bool,
    every_kind: bool = False,
) -> None:
    """Show it on a screen.

    Args:
        values: Whether the values of the records and keys are shown.
        every_kind: Whether blocking rules are shown too of which one record alone has keys; with
            the values, they always are.
    """
    console.print(f"Left, asks:      {_named(left)}")
    console.print(f"Right, recorded: {_named(right)}")
    if values:
        console.print("What follows shows the records' values: it is personal data.", style="bold")
        console.print()
        console.print(_records(left.demographics, right.demographics))
    console.print()
    shown = [one for one in found.rules if values or every_kind or (one.asked and one.recorded)]
    console.print(_keys(shown, values=values))
    if left_out := len(found.rules) - len(shown):
        rules = counted(left_out, "blocking rule")
        said = f"{rules} of which one record alone has keys: --every-kind."
        console.print(said, style="dim")
    console.print()
    if any(gap_of(one.rule) for one in shown):
        console.print(_WEAK)
        console.print()
    console.print(_MEETINGS[found.meeting])
    for sentence in by_a_gap(found):
        console.print(sentence)
    if found.turned is not found.meeting:
        console.print(f"The other way round, the right record asking, {_TURNED[found.turned]}.")
    console.print()
    console.print(_evidence(found))
    console.print()
    for sentence in verdict(found):
        console.print(sentence)


@dataclass(frozen=True, slots=True)
class Gap:
    """What a weak blocking rule is for: the side that lacks a field, and the field."""

    side: str
    field: str


def gap_of(rule: BlockingRule) -> Gap | None:
    """Return None for a rule by which complete records meet."""
    for prefix, field in _LACKED.items():
        if rule.name.startswith(prefix):
            return Gap(_SIDES[rule.name[-2:]], field)
    return None


def by_a_gap(found: Explanation) -> Iterator[str]:
    """Say why two records meet that would not if both were complete.

    It says nothing if the key of another rule agrees too.
    """
    gaps = [gap_of(one.rule) for one in found.rules if one.shared]
    lacked = dict.fromkeys(gap for gap in gaps if gap is not None)
    if lacked and None not in gaps:
        lacking = " or ".join(f"the {gap.side} record has no {gap.field}" for gap in lacked)
        yield f"They meet only because {lacking}: weaker keys are in use there."


def verdict(found: Explanation) -> Iterator[str]:
    """Yield the decision, in sentences."""
    compared, weights = found.compared, found.weights
    yield (
        f"The sum is {compared.weight:.1f} bits. By the sum alone, a match takes "
        f"{weights.match:g} and possible {weights.possible:g}: it says {found.by_sum.name}."
    )
    if compared.held_by is not None:
        rule = compared.held_by
        does = "holds it back" if compared.linked else "says no, and nobody is asked to look"
        yield f"A rule that no sum may overrule {does}: {rule.name}, {rule.value}."
    elif compared.decision is not found.by_sum:
        yield "A number agrees and the rest does not bear it out: a person has to see that."
    decision = _DECISIONS[compared.decision]
    if found.meeting is not Meeting.NEVER:
        yield f"Decision: {decision}."
        return
    but = "never meet" if found.turned is Meeting.NEVER else "meet only when the right record asks"
    yield f"Decision: none. It would be {decision}, but they {but}."


def _named(row: Row) -> str:
    return f"{row.id}, line {row.line}" if row.line else row.id


def _keys(rules: Sequence[OfRule], *, values: bool) -> Screen:
    screen = Screen(
        title="Keys by blocking rule (docs/matching.md says what each binds)", title_justify="left"
    )
    screen.add_column("Rule", no_wrap=True)
    screen.add_column("Scope")
    screen.add_column("Left asks", justify="left" if values else "right", overflow="fold")
    screen.add_column("Right has", justify="left" if values else "right", overflow="fold")
    screen.add_column("Agree", justify="right")
    for one in rules:
        written = _values if values else _count
        agree = Text(_count(one.shared), style="green" if one.shared else "")
        scope = one.scope.name.lower()
        screen.add_row(one.rule.name, scope, written(one.asked), written(one.recorded), agree)
    if not rules:
        screen.add_row("no rule of which both have keys", "", "", "", "")
    return screen


def _count(keys: Sequence[BlockingKey]) -> str:
    return str(len(keys)) if keys else "–"


def _values(keys: Sequence[BlockingKey]) -> str:
    return "\n".join(key.value.decode("ascii", "replace") for key in keys) or "–"


def _evidence(found: Explanation) -> Screen:
    screen = Screen(title="What agrees", title_justify="left", show_footer=True)
    screen.add_column("Field", footer="sum")
    screen.add_column("How it agrees")
    screen.add_column("Bits", justify="right", footer=f"{found.compared.weight:+.1f}")
    for one in found.compared.evidence:
        missing = one.level is Level.MISSING
        screen.add_row(
            field_words(one.field),
            LEVELS[one.level],
            "–" if missing else f"{one.weight:+.1f}",
            style="dim" if missing else "",
        )
    return screen


def _records(left: Demographics, right: Demographics) -> Screen:
    screen = Screen(title="The two records, as read", title_justify="left")
    for name in ("Field", "Left", "Right"):
        screen.add_column(name, overflow="fold")
    for (name, one), (_, other) in zip(_fields(left), _fields(right), strict=True):
        screen.add_row(name, printable(one) or "–", printable(other) or "–")
    return screen


def _fields(child: Demographics) -> Iterator[tuple[str, str]]:
    yield "forename", child.forename
    yield "middle names", child.middle_names
    yield "surname", child.surname
    yield "other names", "; ".join(f"{n.forename} {n.surname}".strip() for n in child.other_names)
    yield "date of birth", written_birth(child.dob)
    yield "sex", "" if child.sex is None else child.sex.name.lower()
    yield "postcode", child.postcode
    yield "former postcodes", "; ".join(child.former_postcodes)
    yield "health number", child.health_number
    yield "UPN", child.upn
