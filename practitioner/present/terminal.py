"""An outcome for people: whom to ring now comes first, as a tired practitioner needs it. Pure.

Law: silence is never shown as an answer, and a limit of the requester's own never as silence. The
line under the first heading counts who did not answer and who was not asked, and those stand above
the agencies with nothing to tell. "Nothing to tell you" fits no record, a shielded record and a
withheld one alike. "No school has named itself" stands only beside its counts, and only where most
are connected. Colour repeats what the words say and never says more. No person is shown but those
whom a pointer names.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, TypeVar

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from fingerpost.protocol.codes import NATIONAL_RING_KINDS, Cannot
from fingerpost.runtime.screen_text import counted, printable
from practitioner.asking.document import (
    AgencyShown,
    LookupDocument,
    NotConnectedShown,
    PointerShown,
    ServiceShown,
)
from practitioner.present import next_steps, words
from practitioner.present.hours import Desk, Dial, dial, is_dialable
from practitioner.present.lines import INDENT, heading, indented
from practitioner.present.need import need
from practitioner.present.services import services

NAMED: Final = 15
"""More gaps than this are counted by kind where a kind has many, unless all are wanted."""
NAMED_OF_A_KIND: Final = 3
DUTY_DESK: Final = "involved; ring its duty desk"
_NUMBERS: Final = 24
"""Columns: a telephone number has at most 24 characters."""
_FIRST: Final = frozenset(kind.value for kind in NATIONAL_RING_KINDS)
"""Councils, police and trusts stand before long lists of other agencies."""

K = TypeVar("K", AgencyShown, NotConnectedShown)


def render(shown: LookupDocument, local: datetime, *, everything: bool) -> RenderableType:
    """Return an outcome as text for a terminal.

    Args:
        shown: the outcome.
        local: now, on the wall clock of the practitioner.
        everything: show all names, however many.
    """
    parts: list[RenderableType] = _to_ring(shown, local)
    parts += next_steps.untold(shown)
    parts += _not_used(shown)
    parts += next_steps.own_record(shown)
    parts += _gaps(shown, everything=everything)
    parts += _not_asked(shown, everything=everything)
    parts += _rejected(shown)
    parts += _not_connected(shown, everything=everything, more=_by_all(shown))
    parts += _nothing_to_disclose(shown, everything=everything)
    parts += next_steps.elsewhere(shown)
    parts += _call_back(shown)
    parts += services(shown)
    parts += next_steps.ask_further(shown)
    parts += next_steps.ask_with_former(shown)
    parts += _strength(shown)
    parts += _widened(shown)
    parts += next_steps.attendance(shown)
    parts += next_steps.review(shown)
    parts += _end(shown, everything=everything)
    return Group(*parts)


def render_nobody_asked(shown: LookupDocument, *, everything: bool) -> RenderableType:
    """Return whom to ring when no agency could be asked.

    Args:
        shown: the outcome of ``NobodyAsked``, in which every agency is a gap.
        everything: show all names, however many.
    """
    more = indented("Their names and numbers: ask with --all")
    parts: list[RenderableType] = [
        heading(f"NOBODY WAS ASKED (0 of {len(shown.agencies)})", "bold red"),
        indented(words.IN_DANGER),
        indented("This says nothing about the child. Any of these may be involved. Ring them."),
        *_not_used(shown),
        *_named(shown.agencies, more, everything=everything, why=False),
        *_not_connected(shown, everything=everything, more=more),
    ]
    return Group(*parts)


# ---- whom to ring --------------------------------------------------------------------------------


def _to_ring(shown: LookupDocument, local: datetime) -> list[RenderableType]:
    entries = [
        (dial(agency, pointer, local), agency, pointer)
        for agency in shown.agencies
        if agency.status == "INVOLVED"
        for pointer in (agency.pointers or (None,))
    ]
    entries.sort(key=lambda entry: _urgency(entry, shown.purpose))
    reachable = [entry for entry in entries if entry[0].desk <= Desk.MAY_ANSWER]
    closed = [entry for entry in entries if entry[0].desk > Desk.MAY_ANSWER]
    when = f"{local:%A %H:%M}"
    if not shown.agencies:
        return [
            heading("NOBODY WAS ASKED: no agency in this reach is connected", "bold red"),
            indented(words.IN_DANGER),
        ]
    if reachable:
        head = heading(f"Ring now ({when})", "bold green")
    elif closed:
        head = heading(f"Ring now ({when}): none of the desks named below is open")
    elif all(agency.lacks_answer for agency in shown.agencies):
        head = heading("NO AGENCY GAVE AN ANSWER: ring them yourself", "bold red")
    else:
        head = heading("Ring now: no agency that answered named a contact")
    parts = [head, indented(words.IN_DANGER), *_missing(shown)]
    if reachable:
        parts.append(_contacts(reachable))
    if closed:
        parts += [heading("Ring when they open"), _contacts(closed)]
    return parts


def _missing(shown: LookupDocument) -> list[RenderableType]:
    """Return the counts, and what the contacts leave out, as lines under the heading: a reader who
    has found a number to ring may not read on."""
    facts = []
    if shown.not_used:
        facts.append("a part of what you gave was not used")
    if shown.strength.level != "GOOD":
        facts.append("records of this child may have been missed")
    doubted = Counter(a.cannot_answer for a in shown.agencies if a.status == "INVOLVED")
    facts += [f"{doubted[why]} {said}" for why, said in words.DOUBTED.items() if doubted[why]]
    if not shown.kept:
        facts.append("this outcome could not be kept")
    lines: list[RenderableType] = [indented(words.summary(shown), "bold")]
    if facts:
        lines.append(indented(f"This is not all: {', '.join(facts)}. See below.", "bold yellow"))
    return lines


def _contacts(entries: Iterable[tuple[Dial, AgencyShown, PointerShown | None]]) -> RenderableType:
    table = _listing(space=1)
    for number, agency, pointer in entries:
        table.add_row(_number(number), _who(number, agency, pointer))
    return Padding(table, (1, 0, 0, 2))


_STATUS_ORDER: Final = ("OPEN", "PLANNED", "RECENT")


def _urgency(
    entry: tuple[Dial, AgencyShown, PointerShown | None], purpose: str
) -> tuple[object, ...]:
    """Sort by who answers now, then the lead practitioner, then what is open, then by who is needed
    first for the purpose, then by name."""
    number, agency, pointer = entry
    lead = pointer is not None and pointer.lead_practitioner
    status = pointer.status if pointer is not None else "OPEN"
    rank = _STATUS_ORDER.index(status) if status in _STATUS_ORDER else len(_STATUS_ORDER)
    kind = pointer.kind if pointer is not None else None
    return number.desk, not lead, rank, need(purpose, kind, agency.kind), agency.name


def _number(number: Dial) -> Text:
    text = Text(printable(number.number) or "no number", style="bold")
    label = printable(number.label)
    if label:
        style = "" if number.desk is Desk.ANSWERS_NOW else "yellow"
        text.append("\n" + label, style=style)
    return text


def _who(number: Dial, agency: AgencyShown, pointer: PointerShown | None) -> Text:
    text = Text(printable(agency.name), style="bold")
    lines = []
    if pointer is None or pointer.kind is None:
        more = len(agency.pointers) > 1
        lines.append("more contacts than fit here; ring its duty desk" if more else DUTY_DESK)
    else:
        text.append(
            ", " + words.SERVICES.get(pointer.kind, printable(pointer.kind)), style="not bold"
        )
        person = ", ".join(printable(each) for each in (pointer.name, pointer.role) if each)
        lead = "lead practitioner" if pointer.lead_practitioner else ""
        desk = words.DESKS.get(pointer.desk, printable(pointer.desk)) if pointer.desk else ""
        lines.append("; ".join(each for each in (person, desk, lead) if each))
        if pointer.early_help_assessment:
            lines.append("an early help assessment exists")
    lines.append(_state(agency, pointer))
    if pointer is not None and pointer.email:
        lines.append(printable(pointer.email))
    if number.later:
        lines.append(printable(number.later))
    for line in lines:
        if line:
            text.append("\n" + line, style="not bold")
    return text


def _state(agency: AgencyShown, pointer: PointerShown | None) -> str:
    facts = []
    if pointer is not None and pointer.kind is not None:
        facts.append(words.INVOLVEMENT.get(pointer.status, printable(pointer.status)))
    dated = (pointer.as_of if pointer else None) or agency.as_of
    if dated:
        facts.append(f"as of {words.day(dated)}")
    return ", ".join(facts)


# ---- who said what -------------------------------------------------------------------------------


def _nothing_to_disclose(shown: LookupDocument, *, everything: bool) -> list[RenderableType]:
    answered = [a for a in shown.agencies if a.status == "NOTHING_TO_DISCLOSE"]
    if not answered:
        return []
    parts: list[RenderableType] = [
        heading(f"Answered and have nothing to tell you ({len(answered)})"),
        *(indented(line) for line in _by_kind(answered)),
    ]
    if everything:
        parts += [indented(f"{a.name} ({a.area_name}){_dated(a)}", "dim") for a in answered]
    parts += _hard_to_find(answered)
    if chance := words.chance_of_a_miss(answered, former_stated=shown.former_stated):
        parts.append(indented(chance))
    said = counted(len(answered), "agency answered and has", "agencies answered and have")
    one = len(answered) == 1
    parts.append(
        indented(
            f"{said} nothing to tell you. This does not mean {'it does' if one else 'they do'} not "
            f"know the child. {'It' if one else 'They'} may hold other details, or may not be able "
            f"to tell you this way. You can still ring {'it' if one else 'them'}."
        )
    )
    return parts


def _hard_to_find(answered: Sequence[AgencyShown]) -> list[RenderableType]:
    """Return a remark on those whose records lack so much that a child may be missed."""
    parts: list[RenderableType] = []
    for quality, how_many in words.HARD_TO_FIND.items():
        names = [printable(a.name) for a in answered if a.quality == quality]
        if names:
            listed = ", ".join(names[:NAMED_OF_A_KIND])
            more = f" and {len(names) - NAMED_OF_A_KIND} more" if names[NAMED_OF_A_KIND:] else ""
            parts.append(
                indented(
                    f"{how_many} of these agencies lack names, a date of birth or a postcode, so a "
                    f"child may be missed: {listed}{more}."
                )
            )
    return parts


def _call_back(shown: LookupDocument) -> list[RenderableType]:
    if shown.call_back is None or not shown.agencies:
        return []
    desk = ", ".join(filter(None, (shown.call_back.name, shown.call_back.telephone)))
    return [
        indented(
            f"An agency may ring you at {desk}. If nobody rings, that does not mean nobody knows "
            "the child."
        )
    ]


def _not_used(shown: LookupDocument) -> list[RenderableType]:
    """Return what was given and found nobody: a search that was not made is no answer."""
    if not shown.not_used:
        return []
    return [
        heading("Not used", "bold red"),
        *(indented(part.words) for part in shown.not_used),
    ]


def _gaps(shown: LookupDocument, *, everything: bool) -> list[RenderableType]:
    silent = [a for a in shown.agencies if a.is_gap]
    if not silent:
        return []
    asked = sum(each.status != "NOT_ASKED" for each in shown.agencies)
    head = f"DID NOT ANSWER ({len(silent)} of {asked} asked)"
    said = counted(len(silent), "agency", "agencies")
    rest = ("it is", "it") if len(silent) == 1 else ("they are", "them")
    return [
        heading(head, "bold red"),
        indented(
            f"{said} did not answer. We do not know whether {rest[0]} working with this child. "
            f"Ring {rest[1]}."
        ),
        *_named(silent, _by_all(shown), everything=everything, why=True),
    ]


def _not_asked(shown: LookupDocument, *, everything: bool) -> list[RenderableType]:
    """Return the members to which the query did not go, by the reason."""
    parts: list[RenderableType] = []
    for why, (head, meaning) in words.NOT_ASKED.items():
        unasked = [a for a in shown.agencies if a.not_asked == why]
        if unasked:
            parts += [
                heading(f"NOT ASKED ({len(unasked)}): {head[0].lower()}{head[1:]}", "bold red"),
                indented(meaning),
                *_named(unasked, _by_all(shown), everything=everything, why=False),
            ]
    return parts


def _named(
    silent: Sequence[AgencyShown], more: RenderableType, *, everything: bool, why: bool
) -> list[RenderableType]:
    """Return agencies to ring, with ``more`` at the end where names were left out."""
    table = _listing()
    left_out = False
    for kind, group in _grouped(silent):
        group.sort(key=lambda each: not is_dialable(each.duty_desk))
        if len(silent) > NAMED and len(group) > NAMED_OF_A_KIND and not everything:
            table.add_row(Text(counted(len(group), *_kind(kind)), style="italic"), Text(""))
            left_out = True
            continue
        for agency in group:
            number = printable(agency.duty_desk) or "no number listed"
            name = printable(agency.name)
            said = f"{name}: {_why(agency)}" if why else name
            table.add_row(Text(number, style="bold"), Text(said))
    listed = Padding(table, INDENT)
    return [listed, more] if left_out else [listed]


def _why(agency: AgencyShown) -> str:
    if agency.cannot_answer is None:
        return words.GAPS[agency.status]
    if agency.cannot_answer == Cannot.TOO_OLD.name and agency.as_of:
        return f"cannot answer: its records are of {words.day(agency.as_of)}, too old to rely on"
    return words.CANNOT.get(agency.cannot_answer, words.GAPS[agency.status]) + _dated(agency)


def _dated(agency: AgencyShown) -> str:
    return f", records of {words.day(agency.as_of)}" if agency.as_of else ""


def _rejected(shown: LookupDocument) -> list[RenderableType]:
    count = shown.rejected_answers
    if not count:
        return []
    what = counted(count, "answer")
    return [
        heading("Somebody may be tampering", "bold red"),
        indented(
            f"{what} could not be verified and did not count. "
            "Report it to the people who run this gateway."
        ),
    ]


def _not_connected(
    shown: LookupDocument, *, everything: bool, more: RenderableType
) -> list[RenderableType]:
    if not shown.not_connected:
        return []
    parts: list[RenderableType] = [
        heading(f"Not connected, so not asked ({len(shown.not_connected)})", "bold yellow"),
        indented("Any of these may be involved with the child. Ring those that matter."),
    ]
    table = _listing()
    left_out = False
    for kind, gaps in _grouped(shown.not_connected):
        table.add_row(Text(counted(len(gaps), *_kind(kind)), style="italic"), Text(""))
        wanted = NAMED if _may_be_the_one(gaps, shown.services) else NAMED_OF_A_KIND
        named = gaps if everything or len(gaps) <= wanted else []
        left_out = left_out or len(named) < len(gaps)
        for gap in named:
            number = printable(gap.telephone) or "no number listed"
            table.add_row(
                Text(number, style="bold"),
                Text(f"{printable(gap.name)} ({printable(gap.area_name)})"),
            )
    parts.append(Padding(table, INDENT))
    if left_out:
        parts.append(more)
    return parts


def _may_be_the_one(gaps: Iterable[NotConnectedShown], services: Iterable[ServiceShown]) -> bool:
    """Return whether one of these may be the child's own school or practice: nobody who was asked
    named itself as that."""
    unnamed = {service.kind for service in services if not service.named}
    return any(unnamed.intersection(gap.services) for gap in gaps)


# ---- the end -------------------------------------------------------------------------------------


def _strength(shown: LookupDocument) -> list[RenderableType]:
    if shown.strength.level == "GOOD":
        return [indented(reason) for reason in shown.strength.reasons]
    return [
        heading("Poor odds: records of this child may have been missed", "bold yellow"),
        *(indented(reason) for reason in shown.strength.reasons),
    ]


def _widened(shown: LookupDocument) -> list[RenderableType]:
    if shown.widened is None:
        return []
    because = words.WIDENED.get(shown.widened.because, printable(shown.widened.because))
    return [
        heading("Second round, asked with wider keys", "bold yellow"),
        indented(f"It follows lookup {shown.widened.after}; read both. Why: {because}."),
        indented(
            "Wider keys fit more children. More agencies than usual that do not know this child "
            "may have seen who asked, about whom and why."
        ),
    ]


def _end(shown: LookupDocument, *, everything: bool) -> list[RenderableType]:
    if not shown.kept:
        return [
            heading("This outcome could not be kept", "bold red"),
            indented(
                "It cannot be shown again. Write down now what you need, and tell the people who "
                "run this gateway: its disk may be full."
            ),
        ]
    more = "" if everything else " --all"
    return [
        Text(
            f"\nLookup {shown.operation}. Shown again until {words.day(shown.forgotten_at)} by:\n"
            f"fingerpost outcome show {shown.operation}{more}",
            style="dim",
        )
    ]


# ---- small parts ---------------------------------------------------------------------------------


def _listing(space: int = 0) -> Table:
    """Return a table: numbers on the left, names on the right, ``space`` lines between rows."""
    table = Table(show_header=False, box=None, padding=(0, 2, space, 0), pad_edge=False)
    table.add_column(width=_NUMBERS, overflow="fold")
    table.add_column(ratio=1, overflow="fold")
    return table


def _by_all(shown: LookupDocument) -> Padding:
    return indented(f"Their names and numbers: fingerpost outcome show {shown.operation} --all")


def _kind(kind: str) -> tuple[str, str]:
    return words.AGENCY_KINDS.get(kind, (printable(kind), printable(kind)))


def _grouped(each: Iterable[K]) -> list[tuple[str, list[K]]]:
    groups: dict[str, list[K]] = defaultdict(list)
    for one in each:
        groups[one.kind].append(one)
    return sorted(
        groups.items(),
        key=lambda group: (group[0] not in _FIRST, need("", None, group[0]), group[0]),
    )


def _by_kind(agencies: Iterable[AgencyShown]) -> list[str]:
    """Return a line for each kind, with the dates of the records."""
    lines = []
    for kind, group in _grouped(agencies):
        days = sorted(each.as_of for each in group if each.as_of)
        first, last = (words.day(days[0]), words.day(days[-1])) if days else ("", "")
        dated = f"of {first}" if first == last else f"of {first} to {last}"
        line = counted(len(group), *_kind(kind))
        lines.append(f"{line}, records {dated}" if days else line)
    return lines
