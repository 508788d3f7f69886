"""Which generations a node deletes: none that a table answers from or could answer from, with
random states.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agency_node.records.ports import Standing
from agency_node.records.records import Generation
from agency_node.records.upkeep import GRACE_SECONDS, Needed, plan_deletions
from fingerpost.protocol.ids import AgencyId, EpochNumber

NOW = 1_800_000_000.0
AGENCIES = tuple(AgencyId(f"e99000001.{name}") for name in ("oak", "ash"))


def generation(number: int, children: int = 1) -> Generation:
    return Generation(number, 0, 0, 1, children)


@st.composite
def some_standings(draw: st.DrawFn) -> dict[AgencyId, Standing]:
    found = {}
    for agency in draw(st.sets(st.sampled_from(AGENCIES))):
        newest = draw(st.integers(1, 6))
        ready = draw(st.dictionaries(st.integers(1, 3).map(EpochNumber), st.integers(1, newest)))
        found[agency] = Standing(
            draw(st.sampled_from((None, generation(newest), generation(newest, 0)))),
            {epoch: generation(number) for epoch, number in ready.items()},
            draw(st.booleans()),
        )
    return found


NEEDED = st.dictionaries(
    st.sampled_from(AGENCIES),
    st.builds(
        Needed,
        st.integers(1, 6),
        st.none() | st.sampled_from((NOW - GRACE_SECONDS, NOW - GRACE_SECONDS + 1, NOW)),
    ),
)
IN_USE = st.dictionaries(st.sampled_from(AGENCIES), st.integers(1, 6))


@given(some_standings(), IN_USE, NEEDED)
def test_what_is_deleted_was_needed_by_nothing_for_the_whole_grace(
    standings: dict[AgencyId, Standing], in_use: dict[AgencyId, int], needed: dict[AgencyId, Needed]
) -> None:
    due = plan_deletions(standings, in_use, needed, NOW)
    for agency, number in due.delete.items():
        standing = standings[agency]
        assert standing.newest is not None
        assert not standing.behind
        assert number <= min(standing.newest.number, in_use.get(agency, number))
        if standing.newest.children:
            assert all(number <= held.number for held in standing.ready.values())
        before = needed[agency]
        assert before.number == number
        assert before.since is not None
        assert before.since <= NOW - GRACE_SECONDS


@given(some_standings(), IN_USE, NEEDED)
def test_what_nothing_needs_is_deleted_once(
    standings: dict[AgencyId, Standing], in_use: dict[AgencyId, int], needed: dict[AgencyId, Needed]
) -> None:
    first = plan_deletions(standings, in_use, needed, NOW)
    second = plan_deletions(standings, in_use, first.needed, NOW + GRACE_SECONDS)
    third = plan_deletions(standings, in_use, second.needed, NOW + 2 * GRACE_SECONDS)
    kept = {a for a, s in standings.items() if s.newest is not None and not s.behind}
    done = {a for a in kept if a in needed and needed[a].since is None}
    assert first.delete.keys() | second.delete.keys() >= kept - done
    assert not first.delete.keys() & second.delete.keys()
    assert not third.delete
