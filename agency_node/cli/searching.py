"""By what the commands of ``fingerpost-node inbox`` search, and what they show of a lookup with the
names in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Annotated, Final

import typer
from msgspec import structs

from agency_node.answering.audit import (
    CHALLENGE_ANSWERED,
    CHALLENGE_SIGNED,
    CHALLENGED,
    ENTRY_SHOWN,
    REVEALED,
    THEY_RANG,
)
from agency_node.cli.rules_shown import RulesShown
from agency_node.cli.typed_child import OWN_NUMBER, ask_details, child_in_words, prompted
from agency_node.importing.sources import fields as read
from agency_node.importing.wiring import open_store
from agency_node.inbox.lookups import Act, KnownAs, Lookup, Resembles
from agency_node.records.origin import own_number_of
from agency_node.records.records import RecordId
from agency_node.records.store.imports import SqlImports
from agency_node.settings import NodeSettings
from fingerpost.audit.search import Sought, SoughtChild, require_enough
from fingerpost.membership import commands, search_commands
from fingerpost.membership.search_commands import SearchOptions
from fingerpost.private.demographics import Demographics
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId

NOT_SHOWN: Final = "not shown"
FORGOTTEN: Final = "forgotten"
COLUMNS: Final = (
    *("entries", "at_utc", "agency", "account", "name", "role", "purpose", "reference", "child"),
    *("likeness", "reach", "widened", "finding", "disclosed", "queries"),
    *("named", "rules", "withheld", "agreement", "handled"),
)
HEADINGS: Final = (
    *("No.", "When (UTC)", "Agency", "Account", "Name", "Role", "For", "Reference", "About"),
    *("Child", "Reach", "Widened", "Finding", "Pointers", "Queries"),
    *("Named", "Rules", "Withheld", "Agreement", "Handled"),
)
PROSE: Final = ("Name", "About", "Named", "Handled")
ACTS: Final[Mapping[str, str]] = {
    ENTRY_SHOWN: "opened",
    REVEALED: "revealed",
    THEY_RANG: "a call noted",
    CHALLENGED: "challenged",
    CHALLENGE_SIGNED: "challenged",
    CHALLENGE_ANSWERED: "answer read",
}
"""What was done about an entry, by the kind of the entry that records it."""


@dataclass(frozen=True, slots=True, repr=False)
class OwnOptions:
    """By what a node's log is searched beside ``SearchOptions``."""

    own_number: Annotated[
        bool,
        typer.Option(
            "--own-number",
            help="You are asked for your own number of the child, by which she is found in the "
            "newest import.",
        ),
    ] = False
    asking: Annotated[
        str | None, typer.Option("--asking", help="The id of the agency that asked.")
    ] = None

    def sought(
        self, options: SearchOptions, settings: NodeSettings, agency: AgencyId
    ) -> Sought[KnownAs]:
        """Return what is searched for, once the child was asked for on the terminal.

        Raises:
            Defect: an option has another form, or what was typed tells no child from another.
        """
        other = self.asking and str(commands.identifier(AgencyId, self.asking, "--asking"))
        criteria = options.criteria(other or "")
        if options.ask_child and self.own_number:
            raise Defect("--own-number: without --ask-child")
        if options.ask_child:
            with search_commands.asking():
                child = ask_details()
            require_enough(child)
            by_details = Resembles(SoughtChild([child], upn=settings.agency(agency).upn_keys))
            return Sought(structs.replace(criteria, child=child), by_details.of)
        if self.own_number:
            with search_commands.asking():
                number = prompted(OWN_NUMBER, read.read_local_id)
            hers = _by_own_number(settings, agency, number)
            return Sought(structs.replace(criteria, own_number=number), hers.of)
        return Sought(criteria)

    def __repr__(self) -> str:
        return "OwnOptions(…)"


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


def evidence(
    rules: RulesShown, acts: Mapping[int, Sequence[Act]], lookup: Lookup, likeness: str
) -> Sequence[str]:
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
        handled(acts, lookup),
    )


def handled(acts: Mapping[int, Sequence[Act]], lookup: Lookup) -> str:
    """Return who at the agency did what about a lookup, when, and with which reason."""
    done = [act for number in lookup.numbers for act in acts.get(number, ())]
    return "; ".join(
        f"{ACTS.get(act.kind, act.kind)} by {act.by} ({act.why}) {commands.utc(act.at)}"
        for act in sorted(done, key=lambda act: act.at)
    )


def _ruled(rules: RulesShown, lookup: Lookup) -> Sequence[str]:
    """Return what was named, the rules that decided, how many involvements they withheld, and the
    agreement's version; of a lookup with two entries, what both say."""
    ruled = [body.ruled for body in lookup.bodies]
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
