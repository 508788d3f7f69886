"""``fingerpost-node audit search``: who asked about a child of ours, for subject access and
complaints.

One lookup may have gone out as two queries, and then has two entries; they are one line. Of an
entry that hides who asked, nothing is said of her here, and it is not searched by what it hides:
``audit reveal`` shows one entry at a time, with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Final

import typer
from msgspec import structs

from agency_node import wiring
from agency_node.answering.audit import OPENED
from agency_node.answering.entries import Body, read_body
from agency_node.answering.matching import Finding
from agency_node.cli.audit import Agency, app, chosen_agency
from agency_node.cli.rules_shown import RulesShown
from agency_node.cli.run import PROGRAM
from agency_node.cli.typed_child import OWN_NUMBER, ask_details, child_in_words, prompted
from agency_node.importing.sources import fields as read
from agency_node.importing.wiring import open_store
from agency_node.records.origin import own_number_of
from agency_node.records.records import RecordId
from agency_node.records.store.imports import SqlImports
from agency_node.settings import NodeSettings
from fingerpost.audit.log import Actor, Entry, OperationId
from fingerpost.audit.search import Said, Sought, SoughtChild, Unread, require_enough
from fingerpost.membership import commands, search_commands
from fingerpost.membership.commands import ByOption, SettingsFile, WhyOption, with_options
from fingerpost.membership.search_commands import Searched, SearchOptions
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import Decision
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId

TOGETHER_SECONDS: Final = 30
"""The two queries of one lookup come within this time."""
NOT_SHOWN: Final = "not shown"
FORGOTTEN: Final = "forgotten"
COLUMNS: Final = (
    *("entries", "at_utc", "agency", "account", "name", "role", "purpose", "reference", "child"),
    *("likeness", "reach", "widened", "finding", "disclosed", "queries"),
    *("named", "rules", "withheld", "agreement"),
)
HEADINGS: Final = (
    *("No.", "When (UTC)", "Agency", "Account", "Name", "Role", "For", "Reference", "About"),
    *("Child", "Reach", "Widened", "Finding", "Pointers", "Queries"),
    *("Named", "Rules", "Withheld", "Agreement"),
)


def register() -> None:
    """Add ``search`` to the commands of ``audit``."""
    app.command("search")(with_options(search))


def search(
    settings_file: SettingsFile,
    by: ByOption,
    why: WhyOption,
    agency: Agency = None,
    *,
    options: SearchOptions,
    own_number: Annotated[
        bool,
        typer.Option(
            "--own-number",
            help="You are asked for your own number of the child, by which she is found in the "
            "newest import.",
        ),
    ] = False,
    asking: Annotated[
        str | None, typer.Option("--asking", help="The id of the agency that asked.")
    ] = None,
) -> None:
    """Search who asked about a child known here, by child, person, agency, purpose and day.

    All that you give must hold. Who searches, why, and for what is recorded first.

    Exit status: 0 every lookup could be searched; 3 some could not, and the last line says how many
    and why; 4 the log is not as it was recorded; 2 wrong use.
    """
    settings = PROGRAM.load(settings_file)
    chosen = settings.agency(chosen_agency(settings, agency)).id
    actor, reason = Actor(by), OperationId(why)
    other = str(commands.identifier(AgencyId, asking, "--asking")) if asking else ""
    criteria = options.criteria(other)
    if options.ask_child and own_number:
        raise Defect("--own-number: without --ask-child")
    sought: Sought[KnownAs] = Sought(criteria)
    if options.ask_child:
        with search_commands.asking():
            child = ask_details()
        require_enough(child)
        upn = settings.agency(chosen).upn_keys
        by_details = Resembles(SoughtChild([child], upn=upn))
        sought = Sought(structs.replace(criteria, child=child), by_details.of)
    elif own_number:
        with search_commands.asking():
            number = prompted(OWN_NUMBER, read.read_local_id)
        hers = _by_own_number(settings, chosen, number)
        sought = Sought(structs.replace(criteria, own_number=number), hers.of)
    show = partial(row, RulesShown(settings.agreements))
    searched = Searched(chosen, COLUMNS, HEADINGS, ("Name", "About", "Named"), lookups, show)
    log = wiring.open_audit(settings, chosen)
    searched.run(log, sought, by=actor, why=reason, format_=options.format_)


@dataclass(frozen=True, slots=True, repr=False)
class KnownAs:
    """A form in which an entry knows the child.

    Attributes:
        written: its stored form; empty where only the number of a record was kept.
        record: import and number of the record; None for the child as she was asked about.
        local_id: the agency's own number of the record; empty where it is not known.
        sure: whether the lookup is about this child, and not perhaps about her.
    """

    written: bytes
    record: tuple[int, int] | None
    sure: bool
    local_id: str = ""

    def __repr__(self) -> str:
        return "KnownAs(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Resembles:
    """The child who is searched for, and the records of ours that are hers: by import and number,
    and by the agency's own number."""

    child: SoughtChild
    records: frozenset[tuple[int, int]] = frozenset()
    local_id: str = ""

    def of(self, known: KnownAs) -> Decision:
        """Return how a child of an entry resembles her."""
        found = Decision.DIFFERENT
        if known.record in self.records or (known.local_id and known.local_id == self.local_id):
            found = Decision.MATCH
        elif known.written:
            found = self.child.likeness(known.written)
        if found is Decision.MATCH and not known.sure:
            return Decision.POSSIBLE
        return found

    def __repr__(self) -> str:
        return "Resembles(…)"


def _by_own_number(settings: NodeSettings, agency: AgencyId, number: str) -> Resembles:
    """Return the child who has this number in the newest import. Entries name it, too.

    Raises:
        Defect: there is no such child. Entries of earlier releases do not name the number, so that
            nothing could be said of them.
    """
    with closing(open_store(settings)) as records:
        imports, newest = SqlImports(records), records.generation(agency)
        found: tuple[tuple[RecordId, Demographics], ...] = ()
        if newest is not None:

            def own(child: Demographics) -> bytes:
                return imports.mark(agency, own_number_of(number, child))

            found = imports.with_own(agency, newest.number, own)
    if newest is None or not found:
        raise Defect(
            "the newest import has no child with this number. Search by what you know of her: "
            "--ask-child"
        )
    upn = settings.agency(agency).upn_keys
    hers = frozenset((newest.number, record.value) for record, _ in found)
    return Resembles(SoughtChild([child for _, child in found], upn=upn), hers, number)


# ---- lookups of entries --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, repr=False)
class Lookup:
    """One lookup: its one or two entries, and what both say of it."""

    body: Body | None
    entries: list[Entry] = field(default_factory=list)

    @property
    def first(self) -> Entry:
        return self.entries[0]

    def goes_on_in(self, entry: Entry) -> bool:
        """Return whether an entry with the same body is of its other query."""
        return len(self.entries) == 1 and entry.fields["reach"] != self.first.fields["reach"]

    def __repr__(self) -> str:
        return f"Lookup({[entry.seq for entry in self.entries]})"


def lookups(entries: Iterable[Entry]) -> Iterator[tuple[Lookup, Said[KnownAs]]]:
    """Yield the lookups of a log, those of one half minute held at a time."""
    waiting: dict[object, Lookup] = {}
    for entry in entries:
        if entry.kind != OPENED:
            continue
        while waiting:
            eldest = next(iter(waiting))
            if entry.at - waiting[eldest].first.at <= TOGETHER_SECONDS:
                break
            yield _with_words(waiting.pop(eldest))
        body = read_body(entry.body) if entry.body else None
        whose = _whose(entry, body)
        known = waiting.get(whose)
        if known is not None and known.goes_on_in(entry):
            known.entries.append(entry)
            continue
        if known is not None:
            yield _with_words(waiting.pop(whose))
        waiting[whose] = Lookup(body, [entry])
    yield from map(_with_words, waiting.values())


def _whose(entry: Entry, body: Body | None) -> object:
    """Return what the entries of one lookup share. An entry that does not show who asked shares it
    with no other."""
    if body is None or body.asked is None or body.unexpected:
        return entry.seq
    return entry.fields["asking"], body.asked


def _with_words(lookup: Lookup) -> tuple[Lookup, Said[KnownAs]]:
    body, at = lookup.body, lookup.first.at
    agency = str(lookup.first.fields["asking"]) or None
    if body is None:
        return lookup, Said(at, agency, (), False, None, None, Unread.FORGOTTEN)
    asked = body.asked
    if asked is None:
        return lookup, Said(at, None, (), False, None, None, Unread.NOT_BELIEVED)
    children = [KnownAs(asked.written_child, None, sure=True), *_records(lookup)]
    if body.unexpected:
        purpose = asked.purpose.name
        return lookup, Said(at, None, (), False, purpose, children, Unread.NOT_SHOWN)
    people = (asked.subject, asked.name)
    return lookup, Said(at, agency, people, True, asked.purpose.name, children)


def _records(lookup: Lookup) -> Iterator[KnownAs]:
    """Yield the records that were found. Of them, the first of a match is the child's for sure."""
    for entry in lookup.entries:
        body = read_body(entry.body) if entry.body else lookup.body
        matched = entry.fields["finding"] == Finding.MATCH.value
        if body is None:
            continue
        local_ids = (record.local_id for record in body.records)
        found = zip(body.written_records, local_ids, strict=True)
        for place, ((number, written), local_id) in enumerate(found):
            sure = matched and place == 0
            yield KnownAs(written, (body.generation, number), sure, local_id)


def row(rules: RulesShown, lookup: Lookup, likeness: str) -> Sequence[str]:
    """Return the cells of a lookup, as ``COLUMNS``."""
    entries, first = lookup.entries, lookup.first
    return (
        " ".join(str(entry.seq) for entry in entries),
        commands.utc(first.at),
        *_asked(lookup),
        likeness,
        " ".join(str(entry.fields["reach"]) for entry in entries),
        _because(lookup),
        " ".join(dict.fromkeys(str(entry.fields["finding"]) for entry in entries)),
        " ".join(str(entry.fields["told"]) for entry in entries),
        " ".join(str(entry.fields["query"]) for entry in entries),
        *_ruled(rules, lookup),
    )


def _ruled(rules: RulesShown, lookup: Lookup) -> Sequence[str]:
    """Return what was named, the rules that decided, how many involvements they withheld, and the
    agreement's version; of a lookup with two entries, what both say."""
    bodies = [read_body(entry.body) for entry in lookup.entries if entry.body]
    ruled = [body.ruled for body in bodies]
    cells = (
        [rules.disclosed(each) for each in ruled],
        [rules.rules(each) for each in ruled],
        [str(each.withheld) for each in ruled if each.version],
        [each.version.hex() for each in ruled],
    )
    return tuple(" ".join(filter(None, dict.fromkeys(cell))) for cell in cells)


def _asked(lookup: Lookup) -> Sequence[str]:
    """Return agency, account, name, role, purpose, reference and child."""
    body, agency = lookup.body, str(lookup.first.fields["asking"])
    if body is None:
        return (agency or FORGOTTEN, *[FORGOTTEN] * 6)
    asked = body.asked
    if asked is None:
        told = f"not verified ({body.refusal})"
        return ("", "", told, "", "", "", "")
    child = child_in_words(asked.child)
    why = (asked.role.name, asked.purpose.name)
    if body.unexpected:
        return (NOT_SHOWN, NOT_SHOWN, NOT_SHOWN, *why, NOT_SHOWN, child)
    return (agency, asked.subject, asked.name, *why, asked.reason_reference, child)


def _because(lookup: Lookup) -> str:
    if not lookup.first.fields["widened"]:
        return ""
    asked = lookup.body.asked if lookup.body else None
    because = asked.justification.widened_because if asked else None
    return because.name if because else "yes"
