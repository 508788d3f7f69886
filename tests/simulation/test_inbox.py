"""What the officers of each agency see of the same lookups, in a whole federation."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from agency_node.answering.audit import AgencyLogs, open_log
from agency_node.answering.pages import opened
from agency_node.inbox.challenging import challenge_of
from agency_node.inbox.exceptions import Around, Exceptional, Marked, Rule, exceptions
from agency_node.inbox.lookups import Lookup, lookups
from fakes.party_folder import KEY
from fakes.wexcombe import AMINA, COUNCIL, OAK, POLICE, POLICE_NODE, QUESTION, SCHOOLS
from fakes.witnesses import witness_in
from federation import World
from fingerpost.private.notes import Doubted
from fingerpost.protocol import limits
from fingerpost.protocol.codec.challenges import Challenge
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId, MemberId


def inbox(world: World, node: MemberId, agency: AgencyId, folder: Path) -> Sequence[Lookup]:
    """The lookups in an agency's log, as its node would have written it."""
    held = world.nodes[node]
    entries = [entry for entry in held.entries if entry.agency == agency]
    folder.mkdir(exist_ok=True)
    witness = witness_in(folder)
    with closing(AgencyLogs(folder, KEY, witness, held.child)) as logs:
        assert logs.opened(opened(entries, int(world.clock.now()))) == frozenset()
    with closing(open_log(folder, agency, KEY, witness)) as log:
        return [each for each, _ in lookups(log.show(0, limits.LATEST, decrypt=True))]


def met(world: World, found: Sequence[Lookup], agency: AgencyId) -> dict[Rule, Exceptional]:
    near = frozenset({agency.area})
    now = int(world.clock.now())
    around = Around(agency, near, lambda _: Marked.TRIPWIRE, frozenset(), {}, now)
    return {each.rule: each for each in exceptions(found, around)}


def challenge(world: World, lookup: Lookup, node: MemberId, agency: AgencyId) -> Challenge:
    return challenge_of(
        lookup,
        None,
        federation=world.current.parameters.federation,
        node=node,
        agency=agency,
        about=Doubted.WHOLE,
        now=int(world.clock.now()),
    )


async def test_a_relative_who_asks_again_and_again_stands_out_where_she_is_seen(
    world: World, tmp_path: Path
) -> None:
    """Attack: a practitioner looks for a child of her own family, until an area knows her."""
    relative = world.gateway(COUNCIL, name=f"Jo {AMINA.surname}", subject="jo")
    for _ in range(3):
        await relative.ask(QUESTION)
    found = inbox(world, SCHOOLS, OAK, tmp_path)
    assert len(found) == 3
    school = met(world, found, OAK)
    assert school[Rule.OWN_FAMILY].numbers
    numbers = tuple(number for lookup in found for number in lookup.numbers)
    assert school[Rule.AGAIN].numbers == numbers
    for each in school.values():
        assert AMINA.surname not in each.why


async def test_an_ordinary_lookup_stands_out_nowhere(world: World, tmp_path: Path) -> None:
    await world.gateway(COUNCIL).ask(QUESTION)
    assert met(world, inbox(world, SCHOOLS, OAK, tmp_path), OAK) == {}


async def test_who_was_named_may_challenge_and_who_shields_may_not(
    world: World, tmp_path: Path
) -> None:
    await world.gateway(COUNCIL).ask(QUESTION)
    (known,) = inbox(world, SCHOOLS, OAK, tmp_path / "school")
    assert challenge(world, known, SCHOOLS, OAK).about == Doubted.WHOLE
    (shielded,) = inbox(world, POLICE_NODE, POLICE, tmp_path / "police")
    assert shielded.outcome == "known here, nothing disclosed"
    with pytest.raises(Defect, match="would show that you know the child"):
        challenge(world, shielded, POLICE_NODE, POLICE)
