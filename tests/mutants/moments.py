"""What breaks the claims on when a node's bytes move: see ``claims``."""

from __future__ import annotations

from typing import Final

from mutants.mutation import ANSWERS, NODE, Mutation

GATE: Final = "agency_node/reading/gate.py"
TICKS: Final = "agency_node/reading/ticks.py"
WIRED: Final = "agency_node/wiring.py"
GATED: Final = "agency_node/reading/wiring.py"
MEMBERSHIP: Final = "fingerpost/membership/membership.py"
_ALL: Final = (
    f"{NODE}test_node_process.py::test_all_connections_are_in_one_process_that_does_nothing_else"
)
_ROUTED: Final = (
    "tests/unit/fingerpost/membership/test_membership.py::"
    "test_whatever_a_node_opens_a_channel_to_is_reached_where_the_route_leads"
)
_RESTED: Final = (
    f"{NODE}test_node_answers.py::test_the_worker_rests_before_each_step_whatever_opens"
)
_WRITTEN: Final = (
    f"{NODE}test_node_audit_record.py::test_the_writer_rests_before_each_entry_and_each_log"
)
_NO_STEP: Final = f"{NODE}test_gate.py::test_no_step_of_the_work_begins_while_bytes_move"
_RESTS: Final = f"{NODE}test_node_process.py::test_the_worker_rests_for_as_long_as_bytes_move"
_LATE: Final = f"{NODE}test_gate.py::test_however_late_it_wakes_it_moves_when_it_drew"

MOMENTS: Final[tuple[Mutation, ...]] = (
    # ---- all connections are the gate's ----------------------------------------------------------
    Mutation(_ALL, GATED, "yield replace(env, route=gate.route), {", "yield env, {"),
    Mutation(
        _ALL,
        "agency_node/answering/wiring.py",
        "    address = env.route(str(membership.bundle.addresses.broker.nodes))\n",
        "    address = str(membership.bundle.addresses.broker.nodes)\n",
    ),
    Mutation(
        _ALL,
        GATE,
        "import asyncio\n",
        "import asyncio\n\nimport grpc\n",
    ),
    Mutation(
        _ROUTED,
        "fingerpost/membership/rpc_member_list.py",
        "        self._address = route(address)\n",
        "        self._address = address\n",
    ),
    Mutation(
        _ROUTED,
        MEMBERSHIP,
        "ISSUER_PATIENCE_SECONDS,\n            env.route,\n",
        "ISSUER_PATIENCE_SECONDS,\n",
    ),
    Mutation(_ROUTED, MEMBERSHIP, "self.broker, route=env.route\n", "self.broker\n"),
    Mutation(
        _ROUTED, MEMBERSHIP, "env.clock, self.members, env.connect)", "env.clock, self.members)"
    ),
    Mutation(
        _ROUTED,
        MEMBERSHIP,
        "self.authority, issuer, env.connect\n",
        "self.authority, issuer\n",
    ),
    Mutation(
        _ROUTED,
        "fingerpost/runtime/env.py",
        "rpc.connect(self.route(address), tls,",
        "rpc.connect(address, tls,",
    ),
    Mutation(
        f"{NODE}test_gate.py::test_a_node_has_no_way_but_the_gate",
        GATE,
        '            raise Defect("a node opens channels through its gate alone")\n',
        "            return address\n",
    ),
    # ---- the gate moves bytes on its ticks -------------------------------------------------------
    Mutation(
        f"{NODE}test_gate.py::test_what_the_node_sends_leaves_by_move_alone",
        GATE,
        "            connection.leaving += data\n",
        "            connection.leaving += data\n            self._send(connection)\n",
    ),
    Mutation(
        f"{NODE}test_gate.py::test_what_the_other_party_sends_is_read_by_move_alone",
        GATE,
        "        self._outer.register(connection.outer, selectors.EVENT_READ)\n",
        "        self._outer.register(connection.outer, selectors.EVENT_READ)\n"
        "        self._inner.register(\n"
        "            connection.outer, selectors.EVENT_READ, lambda _: self._receive(connection)\n"
        "        )\n",
    ),
    Mutation(
        _LATE,
        GATE,
        "            while self._monotonic() < at:\n                self.anything_to_move()\n",
        "",
    ),
    Mutation(
        _LATE,
        GATE,
        "next_move(after) + self._draw() * MOVES_WITHIN",
        "next_move(after)",
    ),
    Mutation(_LATE, GATE, "EARLY_SECONDS: Final = 0.0015", "EARLY_SECONDS: Final = 0.0"),
    Mutation(
        f"{NODE}test_gate.py::test_bytes_move_half_a_tick_after_the_ticks_of_the_line",
        TICKS,
        "MOVES_AFTER: Final = TICK / 2",
        "MOVES_AFTER: Final = 0.0",
    ),
    # ---- the worker rests meanwhile --------------------------------------------------------------
    Mutation(_NO_STEP, TICKS, "RESTS_BEFORE: Final = 0.004", "RESTS_BEFORE: Final = 0.003"),
    Mutation(_NO_STEP, TICKS, "RESTS_AFTER: Final = 0.002", "RESTS_AFTER: Final = 0.001"),
    Mutation(_NO_STEP, TICKS, "if now >= move - RESTS_BEFORE else", "if now >= move else"),
    Mutation(_NO_STEP, TICKS, "max(now, move + after)", "max(now, move)"),
    Mutation(_NO_STEP, TICKS, "after = MOVES_WITHIN + RESTS_AFTER", "after = RESTS_AFTER"),
    Mutation(_NO_STEP, TICKS, "MOVES_WITHIN: Final = 0.003", "MOVES_WITHIN: Final = 0.002"),
    Mutation(_RESTS, WIRED, "rest = _rest if env.beside is not None else", "rest ="),
    Mutation(_RESTS, WIRED, "        time.sleep(until - now)\n", "        pass\n"),
    Mutation(
        _RESTED,
        ANSWERS,
        "        for wire in dict.fromkeys(frame):\n            self._rest()\n",
        "        for wire in dict.fromkeys(frame):\n",
    ),
    Mutation(
        _RESTED,
        ANSWERS,
        "        self._rest()\n        core = asking.query.core\n",
        "        core = asking.query.core\n",
    ),
    Mutation(
        _RESTED,
        ANSWERS,
        "        self._rest()\n        try:\n            self._journal.write(\n",
        "        try:\n            self._journal.write(\n",
    ),
    Mutation(
        _RESTED,
        ANSWERS,
        "        for draft in drafts:\n            self._rest()\n",
        "        for draft in drafts:\n",
    ),
    Mutation(
        _WRITTEN,
        "agency_node/answering/audit.py",
        "            self._rest()\n            by_agency",
        "            by_agency",
    ),
    Mutation(
        _WRITTEN,
        "agency_node/answering/audit.py",
        "    rest()\n    try:\n",
        "    try:\n",
    ),
    Mutation(
        f"{NODE}test_node_process.py::test_the_logs_are_written_from_a_tick_on",
        WIRED,
        "        await clock.sleep_until(tick_at_or_after(clock.monotonic()))\n",
        "",
    ),
)
