"""Whatever the order of parts, duplicates and losses, each node asked ends once, as answered or as
silent.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from broker.gathering import Gathering, Taken
from broker.lookup import expected_parts
from fakes.broker_world import NORTH
from fingerpost.protocol import limits
from fingerpost.protocol.codes import AgencyKind
from fingerpost.protocol.federation import Agency, parts_of
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.messages import SEALED_SIZES, size_class

names = st.integers(0, 5).map(lambda n: MemberId(f"node-{n}"))
SIZES = sorted(SEALED_SIZES)
expectations = st.dictionaries(
    names, st.lists(st.sampled_from(SIZES), min_size=1, max_size=4), max_size=6
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("sent"), names, st.just(0), st.just(0)),
        st.tuples(st.just("answer"), names, st.integers(-1, 5), st.sampled_from([0, *SIZES])),
    ),
    max_size=80,
)


@given(expected=expectations, happens=steps)
def test_each_node_ends_once_as_answered_or_as_silent(
    expected: dict[MemberId, list[int]], happens: list[tuple[str, MemberId, int, int]]
) -> None:
    gathering = Gathering(expected)
    sent: set[MemberId] = set()
    handed_on: list[tuple[MemberId, int]] = []
    for what, node, part, size in happens:
        if what == "sent":
            if gathering.is_unsent(node):
                gathering.sent(node)
                sent.add(node)
            continue
        taken = gathering.take(node, part, size)
        sizes = expected[node] if node in sent else []
        asked = 0 <= part < len(sizes) and size == sizes[part]
        assert (taken is Taken.UNASKED) == (not asked)
        assert (taken is Taken.AGAIN) == (asked and (node, part) in handed_on)
        if taken is Taken.FIRST:
            handed_on.append((node, part))

    assert len(handed_on) == len(set(handed_on))
    answered = {
        node
        for node, sizes in expected.items()
        if all((node, part) in handed_on for part in range(len(sizes)))
    }
    silent = gathering.silent()
    assert list(silent) == sorted(set(silent))
    assert answered | set(silent) == set(expected)
    assert not answered & set(silent)

    assert gathering.is_over(lambda _: True) == (not silent)
    assert gathering.is_over(lambda _: False) == (sent <= answered)
    assert {n for n in expected if gathering.is_unsent(n)} == set(expected) - sent


def test_nobody_asked_is_over_at_once() -> None:
    gathering = Gathering({})
    assert gathering.is_over(lambda _: True)
    assert gathering.silent() == ()


@given(counts=st.lists(st.integers(0, 200), min_size=1, max_size=4))
def test_the_parts_expected_are_those_that_requester_and_node_derive(counts: list[int]) -> None:
    agencies = tuple(
        Agency(AgencyId(f"{NORTH}.a{node}-{n}"), "x", AgencyKind.SCHOOL, MemberId(f"node-{node}"))
        for node, count in enumerate(counts)
        for n in range(count)
    )
    expected = expected_parts(agencies)
    assert expected == {
        node: tuple(size_class(len(part)).sealed_bytes for part in parts_of(agencies, node))
        for node in {agency.node for agency in agencies}
    }
    assert all(
        (len(sizes) - 1) * limits.AGENCIES_PER_PART < counts[int(node.value[-1])]
        for node, sizes in expected.items()
    )
