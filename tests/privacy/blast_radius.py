"""How far the theft of disks reaches: ``make blast-radius``.

A federation of the parties' own wirings makes lookups of every kind: known, shielded, possible,
unknown, in a second round, with a gap. Then thieves take the disks of one or more parties, with or
without keys (``thief``), and a table says what they read, the one in ``docs/threat-model.md``.

Nothing in the table depends on how many lookups there were, so the page is held to the table of a
short run, and a longer one prints the same.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any, Final

HERE = Path(__file__).resolve().parent
if __name__ == "__main__":
    sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent)]

import msgspec  # noqa: E402

import broker.wiring  # noqa: E402
import key_holder.wiring  # noqa: E402
import practitioner.wiring  # noqa: E402
from agency_node import wiring as node_wiring  # noqa: E402
from agency_node.answering.audit import open_requester, requester_box  # noqa: E402
from agency_node.answering.entries import read_body  # noqa: E402
from agency_node.answering.wiring import audit_key  # noqa: E402
from fakes.justified import justified  # noqa: E402
from fingerpost.audit.log import AuditLog  # noqa: E402
from fingerpost.private.demographics import Demographics  # noqa: E402
from fingerpost.protocol import limits  # noqa: E402
from fingerpost.protocol.codec.queries import read_query  # noqa: E402
from fingerpost.protocol.codes import Purpose, Reach, WideningReason  # noqa: E402
from fingerpost.protocol.ids import AgencyId  # noqa: E402
from fingerpost.runtime.sealed_box import SealedBox  # noqa: E402
from integration.running_federation import (  # noqa: E402
    ASKED,
    BROTHER,
    COUNCIL,
    COUNCILS,
    HOSTED,
    OAK,
    SPARE,
    STRANGER,
    Federation,
    running,
)
from practitioner.asking.document import write  # noqa: E402
from practitioner.asking.outcome import Again, NobodyAsked, Outcome, Question, Widened  # noqa: E402
from practitioner.sign_in.rules import Session  # noqa: E402
from privacy.governance import Governance  # noqa: E402
from privacy.thief import FACTS, Disk, Lookup, Read, Row, read  # noqa: E402

POSSIBLE: Final = replace(ASKED, forename="Sennen", middle_names="", health_number="")
"""Another forename, and all else like a child on record: perhaps her twin."""
PEOPLE: Final = (("account-71c3", "Rosalind Merriweather"), ("account-fe08", "Cassian Feather"))
REFERENCE: Final = "ref-0471"
BECAUSE: Final = WideningReason.DIRECTED_BY_STRATEGY_DISCUSSION
KINDS: Final = ("known", "unknown", "brother", "possible", "widened", "gap")
KEYED: Final = ("broker", "key holder", "node", "gateway", "issuer")
"""Whose keys open something that they keep; those of the authority sign."""
LISTED: Final = (*KEYED, "authority")


@dataclass(frozen=True)
class Run:
    """What happened, and the disks after it.

    Attributes:
        kinds: of each lookup, and whether nobody was missing whose node ran.
        before: the disks of all parties, before the first lookup.
        keyed: the rows that a party's keys open, and that were not there before.
        grown: of each lookup, which nodes' logs had more entries after it than before.
    """

    lookups: tuple[Lookup, ...]
    kinds: tuple[tuple[str, bool], ...]
    before: Mapping[str, Disk]
    after: Mapping[str, Disk]
    keyed: Mapping[str, tuple[Row, ...]]
    grown: tuple[frozenset[str], ...]

    def read(self, stolen: Sequence[str], keys: Sequence[str] = ()) -> Read:
        disks = [self.after[party].since(self.before[party]) for party in stolen]
        opened = [row for party in keys for row in self.keyed[party]]
        known = b"\0".join(self.before[party].raw for party in stolen)
        return read(disks, self.lookups, opened=opened, known_before=known)


# ---- the run -------------------------------------------------------------------------------------


async def run(folder: Path, count: int) -> Run:
    """Make ``count`` lookups of all kinds, and read all disks. On a machine so busy that an agency
    is a gap, or that nobody could be asked, a lookup is made again.
    """
    async with running(folder) as federation:
        governance = Governance(folder / "governance", federation)
        await federation.step(61)  # what was founded a moment ago is not about the first lookup
        thieves = _Thieves(federation, governance)
        before = thieves.disks()
        known = {party: frozenset(thieves.keyed(party)) for party in KEYED}
        made: list[Lookup] = []
        grown: list[frozenset[str]] = []
        kinds: list[tuple[str, bool]] = []
        first: Outcome | None = None
        done = 0
        while done < count:
            kind, number = KINDS[done % len(KINDS)], len(made)
            entries = thieves.entries()
            session = _session(federation, 0 if kind in ("known", "widened") else done % 2)
            if not 5 <= federation.clock.now() % limits.SLOT_SECONDS < limits.SLOT_SECONDS - 30:
                await federation.step(60)  # rows hold when a slot began, which is no lookup's time
            try:
                lookup, outcome = await _lookup(federation, session, kind, first)
            except NobodyAsked:
                continue
            first = outcome if kind == "known" else first
            made.append(thieves.opened_by(lookup, entries))
            kinds.append((kind, outcome.complete))
            grown.append(frozenset(a for a, n in thieves.entries().items() if n > entries[a]))
            await federation.step(15)
            governance.work()
            if number == 0:
                governance.suspend(SPARE)
            await federation.step(16 + number * 37 % 101)  # no two pauses are equal
            done += outcome.complete or kind in ("gap", "widened")
        keyed = {
            party: tuple(row for row in thieves.keyed(party) if row not in known[party])
            for party in KEYED
        }
        return Run(tuple(made), tuple(kinds), before, thieves.disks(), keyed, tuple(grown))


def _session(federation: Federation, person: int) -> Session:
    subject, name = PEOPLE[person]
    session = federation.session(subject, name)
    federation.gateway.opened.people.record.began(session, federation.clock.now())
    return session


async def _lookup(
    federation: Federation, session: Session, kind: str, first: Outcome | None
) -> tuple[Lookup, Outcome]:
    child = {"unknown": STRANGER, "brother": BROTHER, "possible": POSSIBLE}.get(kind, ASKED)
    purpose = Purpose.S17_ASSESSMENT if kind in ("unknown", "gap") else Purpose.S47_ENQUIRY
    carried = len(federation.carried())
    began = federation.clock.now()
    client = federation.gateway.client
    if kind == "gap":
        await federation.nodes[COUNCILS].stop()
        await federation.attached([node for node in HOSTED if node != COUNCILS])
    try:
        if kind == "widened" and first is not None:
            outcome = await client.widen(session, Again(Widened(first.operation, BECAUSE)))
        else:
            reach = None if kind == "known" else Reach.AREA
            outcome = await client.lookup(
                session, Question(child, justified(purpose, REFERENCE), reach)
            )
        ended = federation.clock.now()
    finally:
        if kind == "gap":
            federation.clock.step(5)  # what a node leaves with the issuer as it starts is no lookup
            await federation.nodes[COUNCILS].start()
            await federation.attached()
    queries = [
        read_query(wire, lambda _: federation.requester_key.public_key().public_bytes_raw())
        for wire in federation.carried()[carried:]
    ]
    return (
        Lookup(
            int(began),
            int(ended),
            frozenset(
                [outcome.operation.encode()]
                + [h.hex().encode() for q in queries for h in (q.hash, q.core_hash)]
            ),
            _words(session, child, purpose, outcome),
            (outcome.reach, len(outcome.agencies)),
            frozenset(),
        ),
        outcome,
    )


def _words(
    session: Session, child: Demographics, purpose: Purpose, outcome: Outcome
) -> dict[str, frozenset[bytes]]:
    told = {
        "asking agency": [COUNCIL.value],
        "practitioner": [session.subject, session.name, *session.name.split()],
        "purpose": [purpose.name, REFERENCE],
        "child": [child.forename, child.surname, child.postcode],
        "answer": [a.status.name for a in outcome.agencies],
    }
    return {fact: frozenset(text.encode() for text in told[fact]) for fact in FACTS}


class _Thieves:
    """Whoever has a disk of one party of each sort; the node's is the one that most opens at."""

    def __init__(self, federation: Federation, governance: Governance) -> None:
        self._federation = federation
        self._governance = governance
        self._node = next(n for id_, n in federation.nodes.items() if OAK in HOSTED[id_])
        holder, node, gateway = federation.holders[0], self._node, federation.gateway
        self._places: dict[str, tuple[Path, tuple[Path, ...]]] = {
            "broker": (federation.broker.folder, ()),
            "key holder": (holder.folder, (holder.settings.vault,)),
            "node": (node.folder, (node.folder / node_wiring.PEPPERS,)),
            "gateway": (gateway.folder, _keys_of(gateway)),
        }

    def disks(self) -> dict[str, Disk]:
        disks = {
            party: Disk.of(party, folder, keys) for party, (folder, keys) in self._places.items()
        }
        return disks | {party: self._governance.disk(party) for party in ("issuer", "authority")}

    def entries(self) -> dict[str, int]:
        """How many entries each agency's log has once all is in it, as its file shows anybody."""
        return {
            agency.value: len(node.entries(agency))
            for node in self._federation.nodes.values()
            for agency in node.agencies
        }

    def opened_by(self, lookup: Lookup, before: Mapping[str, int]) -> Lookup:
        """The lookup, with where it opened, as the agencies' logs have it."""
        found = {
            agency.value
            for node in self._federation.nodes.values()
            for agency in node.agencies
            for entry in node.entries(agency)[before[agency.value] :]
            if str(entry.operation).encode() in lookup.names
        }
        return replace(lookup, opened=frozenset(found))

    def keyed(self, party: str) -> Iterator[Row]:
        federation = self._federation
        match party:
            case "broker":
                yield from _shown(
                    party, "log", broker.wiring.open_audit(federation.broker.settings)
                )
            case "key holder":
                settings = federation.holders[0].settings
                yield from _shown(party, "log", key_holder.wiring.open_audit(settings))
            case "node":
                for agency in self._node.agencies:
                    log = node_wiring.open_audit(self._node.settings, agency)
                    box = requester_box(audit_key(self._node.settings), agency)
                    for row in _shown(party, f"{agency}.sqlite", log):
                        yield replace(row, values=(*row.values, *_second_layer(row, box, agency)))
            case "issuer":
                yield from _shown(party, "log", self._governance.open_audit())
            case _:
                log = practitioner.wiring.open_audit(federation.gateway.settings, COUNCIL)
                yield from _shown(party, "log", log)
                yield from self._outcomes()

    def _outcomes(self) -> Iterator[Row]:
        gateway, now = self._federation.gateway, self._federation.clock.now()
        with closing(practitioner.wiring.open_audit(gateway.settings, COUNCIL)) as log:
            ended = [e for e in log.show(0, 2**40, decrypt=False) if e.kind == "lookup.asked"]
        for rank, entry in enumerate(ended):
            session = self._federation.session(str(entry.actor), "")
            shown = gateway.opened.people.outcomes.show(session, str(entry.operation), now)
            yield Row("gateway", "outcomes", rank, (("document", write(shown)),))


def _keys_of(gateway: Any) -> tuple[Path, ...]:
    """Of the gateway, whose folder has everything: what its settings name as keys, and what is
    public or the member's own.
    """
    found = gateway.settings
    keys = (found.account_key, found.outcome_key, found.audit_key, found.peppers)
    places = (found.places.bundle, found.places.credentials, found.places.member_list)
    return (*keys, *places, *(each.passport_key for each in found.agencies))


def _second_layer(row: Row, box: SealedBox, agency: AgencyId) -> Iterator[tuple[str, object]]:
    """Who asked, where the entry hides it: the key of the log opens that, too."""
    values = dict(row.values)
    body = values.get("body")
    sealed = read_body(body).sealed_requester if isinstance(body, bytes) and body else b""
    if sealed:
        hidden = open_requester(box, agency, str(values["query"]), sealed)
        yield "requester", msgspec.json.encode(hidden)


def _shown(party: str, place: str, log: AuditLog) -> Iterator[Row]:
    """The entries of a log, opened with its key."""
    with closing(log):
        for rank, entry in enumerate(log.show(0, 2**40, decrypt=True)):
            fields = sorted((name, value) for name, value in entry.fields.items())
            named = (("kind", entry.kind), ("actor", str(entry.actor)), ("at", entry.at))
            operation = ("operation", str(entry.operation))
            yield Row(party, place, rank, (*named, operation, *fields, ("body", entry.body)))


# ---- the table -----------------------------------------------------------------------------------

COLUMNS: Final[Mapping[str, Callable[[Read], set[int]]]] = {
    "when": lambda found: found.when,
    "asking agency": lambda found: found.facts["asking agency"],
    "practitioner": lambda found: found.facts["practitioner"],
    "purpose": lambda found: found.facts["purpose"],
    "child": lambda found: found.facts["child"],
    "where it opened": lambda found: found.opened,
    "answer": lambda found: found.facts["answer"],
}
_A: Final = {party: "an" if party[0] in "ai" else "a" for party in LISTED}
THEFTS: Final[tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]] = (
    *((f"{_A[party]} {party}", (party,), ()) for party in LISTED),
    *((f"{one} and {other}", (one, other), ()) for one, other in combinations(LISTED, 2)),
    ("all of these", LISTED, ()),
    ("a broker, with its keys", ("broker",), ("broker",)),
    ("a key holder, with its keys", ("key holder",), ("key holder",)),
    ("a node, with its keys", ("node",), ("node",)),
    ("a gateway, with its keys", ("gateway",), ("gateway",)),
    ("an issuer, with its keys", ("issuer",), ("issuer",)),
    ("a node, and a broker with its keys", ("node", "broker"), ("broker",)),
    ("a gateway, and a broker with its keys", ("gateway", "broker"), ("broker",)),
    ("a broker, and an issuer with its keys", ("broker", "issuer"), ("issuer",)),
    ("a broker, and a node with its keys", ("broker", "node"), ("node",)),
    ("a node and a broker, with the keys of both", ("node", "broker"), ("node", "broker")),
)


def table(made: Run) -> str:
    """The table in Markdown: of each theft, of how many lookups each thing is read."""
    lines = [
        f"| stolen disks | how many | {' | '.join(COLUMNS)} |",
        f"|---|---|{'---|' * len(COLUMNS)}",
    ]
    for name, stolen, keys in THEFTS:
        found = made.read(stolen, keys)
        cells = [_some(of(found), len(made.lookups)) for of in COLUMNS.values()]
        lines.append(f"| {name} | {'yes' if found.counted else '–'} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _some(read_: set[int], of: int) -> str:
    return "–" if not read_ else "all" if len(read_) == of else "some"


def figures(made: Run) -> Iterator[str]:
    """Each theft in figures, for a reader of a longer run."""
    for name, stolen, keys in THEFTS:
        found = made.read(stolen, keys)
        counts = ", ".join(f"{column} {len(of(found))}" for column, of in COLUMNS.items())
        lengths = ", ".join(sorted(found.lengths)) or "none"
        yield f"{name}: {counts}; joined {len(found.joined)}; lengths that differ: {lengths}"
    told = sum(bool(more) for more in made.grown)
    opened = sum(bool(lookup.opened) for lookup in made.lookups)
    yield f"a node, copied before and after each lookup: opened {told} of the {opened} that did"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="How far the theft of disks reaches.")
    parser.add_argument("--lookups", type=int, default=24)
    count = parser.parse_args(arguments).lookups
    with tempfile.TemporaryDirectory() as folder:
        made = asyncio.run(run(Path(folder), count))
    sys.stdout.write("\n".join([f"{count} lookups", *figures(made), "", table(made)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
