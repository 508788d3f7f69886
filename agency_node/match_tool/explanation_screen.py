"""An explanation in words and tables, for whoever looks after an agency's data.

Values of the records are shown only where they were asked for: it is the agency's own screen, and personal data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from rich.console import Console
from rich.table import Table as Screen
from rich.text import Text

from agency_node.match_tool.explanation import Explanation, Meeting, OfKind
from agency_node.match_tool.tables import Row
from agency_node.match_tool.wording import DECISIONS, field_words, gap_of, level_words
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import BlockingKey, Level
from fingerpost.runtime.screen_text import printable

_MEETINGS: Final[Mapping[Meeting, str]] = MappingProxyType(
    {
        Meeting.NARROW: "Every question opens the record: narrow keys agree.",
        Meeting.WIDE: "Only a wide question opens the record: no narrow key agrees. An agency outside the child's "
        "areas would not be found.",
        Meeting.NEVER: "No key agrees: no question opens the record, and the two are never compared. What follows is "
        "what the comparison would have said.",
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
    "Kinds that begin with NO_ are for gaps: those ending in _Q agree only where the left record, which asks, lacks "
    "the field; those in _R only where the right one does. Two complete records never meet by them."
)


def show_explanation(
    console: Console,
    found: Explanation,
    left: Row,
    right: Row,
    *,
    values: bool,
    every_kind: bool = False,
) -> None:
    """``every_kind``: kinds too that one of the two records alone has keys of; with the values, always."""
    console.print(_line("Left, asks:      ", left))
    console.print(_line("Right, recorded: ", right))
    if values:
        console.print(
            Text("What follows shows the records' values: it is personal data.", style="bold")
        )
        console.print()
        console.print(_records(left.demographics, right.demographics))
    console.print()
    shown = [one for one in found.kinds if values or every_kind or (one.asked and one.recorded)]
    console.print(_keys(shown, values=values))
    if len(shown) < len(found.kinds):
        left_out = len(found.kinds) - len(shown)
        console.print(
            Text(
                f"{left_out} kinds that only one of the two has keys of: --every-kind.", style="dim"
            )
        )
    console.print()
    if any(gap_of(one.kind) for one in shown):
        console.print(Text(_WEAK))
        console.print()
    console.print(Text(_MEETINGS[found.meeting]))
    for sentence in by_a_gap(found):
        console.print(Text(sentence))
    if found.turned is not found.meeting:
        console.print(
            Text(f"The other way round, the right record asking, {_TURNED[found.turned]}.")
        )
    console.print()
    console.print(_evidence(found))
    console.print()
    for sentence in verdict(found):
        console.print(Text(sentence))


def by_a_gap(found: Explanation) -> Iterator[str]:
    """Why two records meet that would not if both were complete; nothing where another key agrees too."""
    gaps = [gap_of(one.kind) for one in found.kinds if one.shared]
    told = dict.fromkeys(gap for gap in gaps if gap is not None)
    if told and None not in gaps:
        lacking = " or ".join(f"the {gap.side} record has no {gap.field}" for gap in told)
        yield f"They meet only because {lacking}: keys that tell less are in use there."


def verdict(found: Explanation) -> Iterator[str]:
    """The decision, in sentences."""
    yield (
        f"The sum is {found.compared.weight:.1f} bits. By the sum alone a match takes {found.weights.match:g}, "
        f"possible {found.weights.possible:g}: it says {found.by_sum.name}."
    )
    if found.compared.held_by is not None:
        rule = found.compared.held_by
        does = "holds it back" if found.compared.linked else "says no, and nobody is asked to look"
        yield f"A rule that no sum may overrule {does}: {rule.name}, {rule.value}."
    elif found.compared.decision is not found.by_sum:
        yield "A number agrees and the rest does not bear it out: a person has to see that."
    decision = DECISIONS[found.compared.decision]
    if found.meeting is not Meeting.NEVER:
        yield f"Decision: {decision}."
    elif found.turned is Meeting.NEVER:
        yield f"Decision: none. It would be {decision}, but they never meet."
    else:
        yield f"Decision: none. It would be {decision}, but they meet only when the right record asks."


def _line(name: str, row: Row) -> Text:
    place = f", line {row.line}" if row.line else ""
    return Text(f"{name}{row.id}{place}")


def _keys(kinds: Sequence[OfKind], *, values: bool) -> Screen:
    screen = Screen(
        title="Keys by kind (docs/matching.md says what each binds)", title_justify="left"
    )
    screen.add_column("Kind", no_wrap=True)
    screen.add_column("Scope")
    screen.add_column("Left asks", justify="left" if values else "right", overflow="fold")
    screen.add_column("Right has", justify="left" if values else "right", overflow="fold")
    screen.add_column("Agree", justify="right")
    for one in kinds:
        shared = one.shared
        screen.add_row(
            one.kind.name,
            one.scope.name.lower(),
            *(
                _key_values(keys) if values else Text(_count(keys))
                for keys in (one.asked, one.recorded)
            ),
            Text(_count(shared), style="green" if shared else ""),
        )
    if not kinds:
        screen.add_row("no kind of key that both have", "", "", "", "")
    return screen


def _count(keys: Sequence[BlockingKey]) -> str:
    return str(len(keys)) if keys else "–"


def _key_values(keys: Sequence[BlockingKey]) -> Text:
    return Text("\n".join(key.value.decode("ascii", "replace") for key in keys) or "–")


def _evidence(found: Explanation) -> Screen:
    screen = Screen(title="What agrees", title_justify="left", show_footer=True)
    screen.add_column("Field", footer="sum")
    screen.add_column("How it agrees")
    screen.add_column("Bits", justify="right", footer=f"{found.compared.weight:+.1f}")
    for one in found.compared.evidence:
        missing = one.level is Level.MISSING
        screen.add_row(
            field_words(one.field),
            level_words(one.level),
            "–" if missing else f"{one.weight:+.1f}",
            style="dim" if missing else "",
        )
    return screen


def _records(left: Demographics, right: Demographics) -> Screen:
    screen = Screen(title="The two records, as read", title_justify="left")
    for name in ("Field", "Left", "Right"):
        screen.add_column(name, overflow="fold")
    for (name, one), (_, other) in zip(_fields(left), _fields(right), strict=True):
        screen.add_row(name, Text(_printable(one)), Text(_printable(other)))
    return screen


def _fields(child: Demographics) -> Iterator[tuple[str, str]]:
    yield "forename", child.forename
    yield "middle names", child.middle_names
    yield "surname", child.surname
    yield "other names", "; ".join(f"{n.forename} {n.surname}".strip() for n in child.other_names)
    yield "date of birth", "" if child.dob is None else child.dob.isoformat()
    yield "sex", "" if child.sex is None else child.sex.name.lower()
    yield "postcode", child.postcode
    yield "NHS number", child.nhs_number
    yield "UPN", child.upn


def _printable(text: str) -> str:
    """Attack: a name that holds a terminal's commands."""
    return printable(text) or "–"
