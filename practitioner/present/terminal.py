"""An outcome for people: whom to ring now comes first, as a tired practitioner needs it. Pure.

Law: silence is never shown as an answer. The line under the first heading counts who did not
answer, and those stand above the agencies with nothing to disclose. "Nothing to disclose" fits no
record, a shielded record and a withheld one alike. "None named itself" stands only beside its
counts. Colour repeats what the words say and never says more. No person is shown but those whom a
pointer names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, TypeVar

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from fingerpost.private.purpose_rules import widening_reasons
from fingerpost.protocol.codes import NATIONAL_RING_KINDS, Purpose, Reach
from fingerpost.runtime.screen_text import printable
from practitioner.asking.document import (
    AgencyShown,
    LookupDocument,
    NotConnectedShown,
    PointerShown,
    ServiceShown,
)
from practitioner.present import words
from practitioner.present.hours import Desk, Dial, dial
from practitioner.present.words import counted

NAMED: Final = 15
"""More gaps than this are counted by kind where a kind has many, unless all are wanted."""
NAMED_OF_A_KIND: Final = 3
DUTY_DESK: Final = "involved; ring its duty desk"
_NUMBERS: Final = 24
"""Columns: a telephone number has at most 24 characters."""
_INDENT: Final = (0, 0, 0, 2)
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
    parts += _gaps(shown, everything=everything)
    parts += _rejected(shown)
    parts += _not_connected(shown, everything=everything, more=_by_all(shown))
    parts += _nothing_to_disclose(shown, everything=everything)
    parts += _services(shown)
    parts += _strength(shown)
    parts += _widened(shown)
    parts += _end(shown, everything=everything)
    return Group(*parts)


def render_nobody_asked(shown: LookupDocument, *, everything: bool) -> RenderableType:
    """Return whom to ring when no agency could be asked.

    Args:
        shown: the outcome of ``NobodyAsked``, in which every agency is a gap.
        everything: show all names, however many.
    """
    more = _line("Their names and numbers: ask with --all")
    parts: list[RenderableType] = [
        _head(f"NOBODY WAS ASKED (0 of {len(shown.agencies)})", "bold red"),
        _line("This says nothing about the child. Any of these may be involved. Ring them."),
        *_named(shown.agencies, more, everything=everything, why=False),
        *_not_connected(shown, everything=everything, more=more),
    ]
    return Group(*parts)


def _head(text: str, style: str = "bold") -> Text:
    return Text("\n" + text, style=style)


def _line(text: str, style: str = "") -> Padding:
    return Padding(Text(printable(text), style=style), _INDENT)


# ---- whom to ring --------------------------------------------------------------------------------


def _to_ring(shown: LookupDocument, local: datetime) -> list[RenderableType]:
    entries = [
        (dial(agency, pointer, local), agency, pointer)
        for agency in shown.agencies
        if agency.status == "INVOLVED"
        for pointer in (agency.pointers or (None,))
    ]
    entries.sort(key=_urgency)
    reachable = [entry for entry in entries if entry[0].desk <= Desk.MAY_ANSWER]
    closed = [entry for entry in entries if entry[0].desk > Desk.MAY_ANSWER]
    when = f"{local:%A %H:%M}"
    if not shown.agencies:
        return [_head("NOBODY WAS ASKED: no agency in this reach is connected", "bold red")]
    if reachable:
        head = _head(f"Ring now ({when})", "bold green")
    elif closed:
        head = _head(f"Ring now ({when}): none of the desks named below is open")
    else:
        head = _head("Ring now: of those who answered, nobody named a contact")
    parts = [head, *_missing(shown)]
    if reachable:
        parts.append(_contacts(reachable))
    if closed:
        parts += [_head("Ring when they open"), _contacts(closed)]
    return parts


def _missing(shown: LookupDocument) -> list[RenderableType]:
    """Return what the contacts leave out, as one line under the heading: a reader who has found a
    number to ring may not read on."""
    silent = sum(agency.is_gap for agency in shown.agencies)
    facts = []
    if silent:
        facts.append(f"{silent} of {len(shown.agencies)} asked gave no answer")
    if shown.not_connected:
        facts.append(f"{len(shown.not_connected)} could not be asked")
    if shown.strength.level != "GOOD":
        facts.append("records of this child may have been missed")
    went_back = sum(
        agency.status == "INVOLVED" and agency.cannot_answer is not None
        for agency in shown.agencies
    )
    if went_back:
        facts.append(f"{went_back} named contacts from records that went back to an earlier state")
    if not shown.kept:
        facts.append("this outcome could not be kept")
    if not facts:
        return []
    return [_line(f"This is not all: {', '.join(facts)}. See below.", "bold yellow")]


def _contacts(entries: Iterable[tuple[Dial, AgencyShown, PointerShown | None]]) -> RenderableType:
    table = _listing(space=1)
    for number, agency, pointer in entries:
        table.add_row(_number(number), _who(number, agency, pointer))
    return Padding(table, (1, 0, 0, 2))


_STATUS_ORDER: Final = ("OPEN", "PLANNED", "RECENT")


def _urgency(entry: tuple[Dial, AgencyShown, PointerShown | None]) -> tuple[object, ...]:
    """Sort by who answers now, then the lead practitioner, then what is open, then by name."""
    number, agency, pointer = entry
    lead = pointer is not None and pointer.lead_practitioner
    status = pointer.status if pointer is not None else "OPEN"
    rank = _STATUS_ORDER.index(status) if status in _STATUS_ORDER else len(_STATUS_ORDER)
    return number.desk, not lead, rank, agency.name


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
        lines.append("; ".join(each for each in (person, lead) if each))
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
        _head(f"Answered and have nothing to disclose ({len(answered)})"),
        _line(_by_kind(answered)),
    ]
    if everything:
        parts += [_line(f"{a.name} ({a.area_name})", "dim") for a in answered]
    parts.append(
        _line("An agency that may not disclose what it knows says the same. You can still ring it.")
    )
    return parts


def _gaps(shown: LookupDocument, *, everything: bool) -> list[RenderableType]:
    silent = [a for a in shown.agencies if a.is_gap]
    if not silent:
        return []
    head = f"DID NOT ANSWER ({len(silent)} of {len(shown.agencies)} asked)"
    return [
        _head(head, "bold red"),
        _line("Silence is not a no. Any of these may be involved with the child. Ring them."),
        *_named(silent, _by_all(shown), everything=everything, why=True),
    ]


def _named(
    silent: Sequence[AgencyShown], more: RenderableType, *, everything: bool, why: bool
) -> list[RenderableType]:
    """Return agencies to ring, with ``more`` at the end where names were left out."""
    table = _listing()
    left_out = False
    for kind, group in _grouped(silent):
        if len(silent) > NAMED and len(group) > NAMED_OF_A_KIND and not everything:
            table.add_row(Text(counted(len(group), _kind(kind)), style="italic"), Text(""))
            left_out = True
            continue
        for agency in group:
            number = printable(agency.duty_desk) or "no number listed"
            name = printable(agency.name)
            said = f"{name}: {_why(agency)}" if why else name
            table.add_row(Text(number, style="bold"), Text(said))
    listed = Padding(table, _INDENT)
    return [listed, more] if left_out else [listed]


def _why(agency: AgencyShown) -> str:
    if agency.cannot_answer is None:
        return words.GAPS[agency.status]
    dated = f" (from {words.day(agency.as_of)})" if agency.as_of else ""
    return words.CANNOT.get(agency.cannot_answer, words.GAPS[agency.status]) + dated


def _rejected(shown: LookupDocument) -> list[RenderableType]:
    count = shown.rejected_answers
    if not count:
        return []
    what = "1 answer" if count == 1 else f"{count} answers"
    return [
        _head("Somebody may be tampering", "bold red"),
        _line(
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
        _head(f"Not connected, so not asked ({len(shown.not_connected)})", "bold yellow"),
        _line("Any of these may be involved with the child. Ring those that matter."),
    ]
    table = _listing()
    left_out = False
    for kind, gaps in _grouped(shown.not_connected):
        table.add_row(Text(counted(len(gaps), _kind(kind)), style="italic"), Text(""))
        wanted = NAMED if _may_be_the_one(gaps, shown.services) else NAMED_OF_A_KIND
        named = gaps if everything or len(gaps) <= wanted else []
        left_out = left_out or len(named) < len(gaps)
        for gap in named:
            number = printable(gap.telephone) or "no number listed"
            table.add_row(
                Text(number, style="bold"),
                Text(f"{printable(gap.name)} ({printable(gap.area_name)})"),
            )
    parts.append(Padding(table, _INDENT))
    if left_out:
        parts.append(more)
    return parts


def _may_be_the_one(gaps: Iterable[NotConnectedShown], services: Iterable[ServiceShown]) -> bool:
    """Return whether one of these may be the child's own school or practice: nobody who was asked
    named itself as that."""
    unnamed = {service.kind for service in services if not service.named}
    return any(unnamed.intersection(gap.services) for gap in gaps)


# ---- services that every child has ---------------------------------------------------------------


def _services(shown: LookupDocument) -> list[RenderableType]:
    if not shown.services:
        return []
    lines = [_line(service_sentence(service)) for service in shown.services]
    return [_head("Services that children of this age have"), *lines, *_may_widen(shown)]


def _may_widen(shown: LookupDocument) -> list[RenderableType]:
    """Return how to widen, where all agencies answered and no provider of a universal service named
    itself.

    The child may be recorded otherwise there.
    """
    silent = any(service.none_named_itself for service in shown.services)
    far = shown.reach != Reach.AREA.name
    if not (silent and far and shown.complete) or shown.widened is not None:
        return []
    reasons = widening_reasons(Purpose[shown.purpose])
    if not reasons:
        return []
    because = ", ".join(reason.name for reason in sorted(reasons))
    return [
        _line(
            "If you have reason to think that the child is recorded otherwise, ask once more with "
            "wider keys, within a day. More agencies that do not know the child may then see who "
            "asks, and about whom."
        ),
        _line(f"fingerpost widen {shown.operation} --because REASON", "dim"),
        _line(f"REASON is one of: {because}", "dim"),
    ]


def service_sentence(service: ServiceShown) -> str:
    """Return what may be said of a service, and never without its counts."""
    one, several = words.UNIVERSAL.get(
        service.kind, (words.SERVICES.get(service.kind, service.kind),) * 2
    )
    counts = f"{service.connected} of {service.of} connected, {service.answered} answered"
    if service.named:
        itself = "itself" if service.named == 1 else "themselves"
        silent = service.connected - service.answered
        more = f" {counted(silent, (one, several))} did not answer." if silent else ""
        return f"{counted(service.named, (one, several))} named {itself} ({counts}).{more}"
    if service.none_named_itself:
        return f"No {one} named itself ({counts})."
    if not service.of:
        return f"No {one} is listed in this reach: nothing can be said about {several}."
    if not service.connected:
        return f"No {one} is connected ({counts}): nothing can be said about {several}."
    missing = service.connected - service.answered
    return (
        f"{counted(missing, (one, several))} did not answer ({counts}): whether one "
        "would have named itself cannot be said."
    )


# ---- the end -------------------------------------------------------------------------------------


def _strength(shown: LookupDocument) -> list[RenderableType]:
    if shown.strength.level == "GOOD":
        return [_line(reason) for reason in shown.strength.reasons]
    return [
        _head("Poor odds: records of this child may have been missed", "bold yellow"),
        *(_line(reason) for reason in shown.strength.reasons),
    ]


def _widened(shown: LookupDocument) -> list[RenderableType]:
    if shown.widened is None:
        return []
    because = words.WIDENED.get(shown.widened.because, printable(shown.widened.because))
    return [
        _head("Second round, asked with wider keys", "bold yellow"),
        _line(f"It follows lookup {shown.widened.after}; read both. Why: {because}."),
        _line(
            "Wider keys fit more children. More agencies than usual that do not know this child "
            "may have seen who asked, about whom and why."
        ),
    ]


def _end(shown: LookupDocument, *, everything: bool) -> list[RenderableType]:
    if not shown.kept:
        return [
            _head("This outcome could not be kept", "bold red"),
            _line(
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
    return _line(f"Their names and numbers: fingerpost outcome show {shown.operation} --all")


def _kind(kind: str) -> tuple[str, str]:
    return words.AGENCY_KINDS.get(kind, (printable(kind), printable(kind)))


def _grouped(each: Iterable[K]) -> list[tuple[str, list[K]]]:
    groups: dict[str, list[K]] = defaultdict(list)
    for one in each:
        groups[one.kind].append(one)
    return sorted(
        groups.items(), key=lambda group: (group[0] not in _FIRST, -len(group[1]), group[0])
    )


def _by_kind(agencies: Sequence[AgencyShown]) -> str:
    counts = [counted(len(group), _kind(kind)) for kind, group in _grouped(agencies)]
    if len(counts) == 1:
        return counts[0]
    return ", ".join(counts[:-1]) + " and " + counts[-1]
