"""A federation over days: records come and go, nodes stop, disks fail, epochs change, keys are
stolen, midnight passes.

After every step any lookup must end as the model in ``fakes.federation_life`` says: one true status
or one named gap for each agency asked, no pointer that may not be disclosed, a record before each
disclosure, and never a false no. Each run is a random life; the same lives in every run unless
soaking.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from effort import profile
from fakes.federation_life import AGENCIES, CHILDREN, KINDS, PURPOSES, Life
from fakes.federations import HOLDERS
from fakes.simulated_holders import GATEWAY
from fakes.wexcombe import COUNCIL, COUNCILS, NODES, SCHOOLS
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Purpose
from fingerpost.protocol.ids import AgencyId, MemberId

CHILD = st.integers(0, len(CHILDREN) - 1)
AGENCY = st.sampled_from(AGENCIES)
NODE = st.sampled_from(NODES)
PURPOSE = st.sampled_from(PURPOSES)
MOST_EPOCHS = 4


class FederationLives(RuleBasedStateMachine):
    """Rules are what may happen to a federation. Each lookup is held against the model."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.life = Life()
        self.asked = 0
        self.run(self.life.world.start())

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        self.runner.run(work)

    def teardown(self) -> None:
        self.run(self.life.world.stop())
        self.runner.close()

    # ---- lookups ---------------------------------------------------------------------------------

    @initialize(data=st.data())
    def children_are_known(self, data: st.DataObject) -> None:
        for agency in AGENCIES:
            who = data.draw(CHILD)
            self.life.add(agency, who, KINDS[agency][0], sensitive=False, shield=False)

    @rule(who=CHILD, purpose=PURPOSE)
    def somebody_asks(self, who: int, purpose: Purpose) -> None:
        self.run(self.life.ask(who, purpose))

    @invariant()
    def whoever_asks_now_is_told_the_truth(self) -> None:
        """After every step: in turn about the child whose records changed last and about each
        child.
        """
        self.asked += 1
        turn, purpose = divmod(self.asked, len(PURPOSES))
        who = self.life.touched if self.asked % 3 else turn % len(CHILDREN)
        self.run(self.life.ask(who, PURPOSES[purpose]))

    @rule(who=CHILD, purpose=PURPOSE, after=st.sampled_from([0.0, 0.2, 0.49, 0.5, 0.55]))
    def the_broker_restarts_during_a_lookup(self, who: int, purpose: Purpose, after: float) -> None:
        self.run(self.life.ask(who, purpose, fault_after=after))

    @precondition(lambda self: self.life.world.carried)
    @rule(data=st.data())
    def a_query_is_replayed(self, data: st.DataObject) -> None:
        self.run(self.life.replay(data.draw(st.sampled_from(self.life.world.carried))))

    # ---- records ---------------------------------------------------------------------------------

    @rule(agency=AGENCY, who=CHILD, n=st.integers(0, 2), sensitive=st.booleans())
    def a_row_is_added(self, agency: AgencyId, who: int, n: int, sensitive: bool) -> None:
        kinds = KINDS[agency]
        self.life.add(agency, who, kinds[n % len(kinds)], sensitive=sensitive, shield=False)

    @rule(agency=AGENCY, who=CHILD)
    def a_child_is_shielded(self, agency: AgencyId, who: int) -> None:
        self.life.add(agency, who, KINDS[agency][0], sensitive=False, shield=True)

    @rule(agency=AGENCY, who=CHILD)
    def a_shield_ends(self, agency: AgencyId, who: int) -> None:
        self.life.unshield(agency, who)

    @rule(agency=AGENCY, who=CHILD)
    def a_child_leaves(self, agency: AgencyId, who: int) -> None:
        self.life.forget(agency, who)

    @rule(agency=AGENCY)
    def an_import_stops_half_way(self, agency: AgencyId) -> None:
        self.life.node_of(agency).importing.add(agency)

    @rule(agency=AGENCY)
    def an_import_completes(self, agency: AgencyId) -> None:
        self.life.load(agency)

    # ---- faults ----------------------------------------------------------------------------------

    @rule(node=NODE)
    def a_node_stops(self, node: MemberId) -> None:
        self.run(self.life.world.stop_node(node))

    @rule(node=NODE)
    def a_node_starts(self, node: MemberId) -> None:
        sim = self.life.world.nodes[node]
        sim.service = sim.made()
        self.run(self.life.world.start_node(node))

    @rule(node=NODE, skew=st.integers(-limits.CLOCK_SKEW_SECONDS, limits.CLOCK_SKEW_SECONDS))
    def a_clock_is_wrong_within_the_skew(self, node: MemberId, skew: int) -> None:
        self.life.world.nodes[node].skew = float(skew)

    @rule(node=NODE, fails=st.booleans())
    def a_disk_with_the_audit_fails_or_is_mended(self, node: MemberId, fails: bool) -> None:
        self.life.world.nodes[node].record_fails = fails

    @rule(node=NODE, fails=st.booleans())
    def a_disk_with_the_seen_queries_fails_or_is_mended(self, node: MemberId, fails: bool) -> None:
        self.life.world.nodes[node].seen_fails = fails

    @rule()
    def the_broker_restarts(self) -> None:
        self.run(self.life.world.restart_broker())

    @rule(holder=st.sampled_from(HOLDERS), lies=st.booleans())
    def a_key_holder_goes_or_lies(self, holder: MemberId, lies: bool) -> None:
        holders = self.life.world.holders
        (holders.lying if lies else holders.down).add(holder)

    @rule()
    def the_key_holders_are_back(self) -> None:
        self.life.world.holders.down.clear()
        self.life.world.holders.lying.clear()

    # ---- membership, epochs, time ----------------------------------------------------------------

    @rule(who=st.sampled_from([*AGENCIES, *NODES, GATEWAY, COUNCIL]))
    def a_suspension_begins_or_ends(self, who: AgencyId | MemberId) -> None:
        self.life.suspend(who)
        self.run(self.life.redial())

    @precondition(lambda self: len(self.life.world.current.parameters.epochs) < MOST_EPOCHS)
    @rule(days=st.sampled_from([0, 0, 1, 6, 8]))
    def a_new_epoch_is_announced(self, days: int) -> None:
        """0 days: a key was stolen, and the old epoch ends at once."""
        self.life.new_epoch(float(days * limits.DAY))

    @rule(node=NODE)
    def a_node_tags_what_is_due(self, node: MemberId) -> None:
        self.life.tag(self.life.world.nodes[node])

    @rule(seconds=st.sampled_from([1, 61, limits.SLOT_SECONDS, 3600, limits.DAY, 3 * limits.DAY]))
    def time_passes(self, seconds: int) -> None:
        self.run(self.life.world.clock.run_for(float(seconds)))
        self.run(self.life.redial())

    @rule(
        edge=st.sampled_from([limits.SLOT_SECONDS, limits.DAY]),
        before=st.sampled_from([0.3, 2]),
        skew=st.sampled_from([-limits.CLOCK_SKEW_SECONDS, 0, limits.CLOCK_SKEW_SECONDS]),
    )
    def an_edge_of_slot_or_day_is_near(self, edge: int, before: float, skew: int) -> None:
        """Some nodes' clocks are past it already, or a minute from it."""
        for node in (SCHOOLS, COUNCILS):
            self.life.world.nodes[node].skew = float(skew)
        clock = self.life.world.clock
        left = edge - clock.now() % edge
        self.run(clock.run_for(max(0.0, left - before)))
        self.run(self.life.redial())


FederationLives.TestCase.settings = profile(15, steps=25)
TestFederationLives = FederationLives.TestCase
