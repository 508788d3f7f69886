"""What an agency discloses about a child who matched, over every purpose, kind, status and flag."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from agency_node.answering.disclosure import TABLE, fill_slots, pointers
from agency_node.records.records import Involvement
from fakes.node_records import an_involvement
from fakes.node_world import SCHOOL, SURGERY, a_record
from fingerpost.private.messages import Pointer
from fingerpost.protocol import limits
from fingerpost.protocol.codes import COARSE, CoarseKind, InvolvementStatus, Kind, Purpose
from fingerpost.protocol.ids import AgencyId

involvements = st.builds(
    an_involvement,
    st.sampled_from(Kind),
    status=st.sampled_from(InvolvementStatus),
    worker_name=st.sampled_from(["", "Robin Ferris", "Jo Pine"]),
    as_of=st.integers(0, 100),
    lead=st.booleans(),
    early_help=st.booleans(),
    sensitive=st.booleans(),
    shielded=st.booleans(),
    ended_on=st.none() | st.just(date(2026, 1, 1)),
)
children = st.lists(st.lists(involvements, min_size=1, max_size=6), max_size=3).map(
    lambda rows: [a_record(n, None, *some) for n, some in enumerate(rows)]
)
purposes = st.sampled_from(Purpose)


def may_be_told(row: Involvement, purpose: Purpose) -> bool:
    return (
        not row.kind.sensitive
        and not row.sensitive
        and row.kind in COARSE
        and row.kind in TABLE[purpose]
    )


@given(children, children, purposes)
def test_what_is_told_is_exactly_what_the_table_lets(
    matched: list[object], possible: list[object], purpose: Purpose
) -> None:
    disclosed = pointers(SCHOOL, matched, purpose, possible=possible)  # type: ignore[arg-type]
    rows = [row for child in matched for row in child.involvements]  # type: ignore[attr-defined]
    near = [row for child in possible for row in child.involvements]  # type: ignore[attr-defined]
    if any(row.shielded for row in rows + near):
        assert disclosed == ()
        return
    allowed = [row for row in rows if may_be_told(row, purpose)]
    assert {(p.kind, p.status, p.worker_name) for p in disclosed} == {
        (COARSE[row.kind], row.status, row.worker_name) for row in allowed
    }
    assert len(set(disclosed)) == len(disclosed)


@given(children, purposes)
def test_who_is_rung_first_stands_first(matched: list[object], purpose: Purpose) -> None:
    order = {InvolvementStatus.OPEN: 0, InvolvementStatus.PLANNED: 1, InvolvementStatus.RECENT: 2}
    disclosed = pointers(SCHOOL, matched, purpose)  # type: ignore[arg-type]
    ranks = [(order[p.status], not p.lead_practitioner) for p in disclosed]
    assert ranks == sorted(ranks)


def test_every_purpose_has_a_row_and_no_row_has_a_sensitive_kind() -> None:
    """A purpose that is added and forgotten here discloses nothing; this test says that it was
    forgotten.
    """
    assert TABLE.keys() == set(Purpose)
    for kinds in TABLE.values():
        assert not any(kind.sensitive for kind in kinds)
        assert kinds <= COARSE.keys()


def test_early_help_is_told_nothing_of_police_and_youth_justice() -> None:
    rows = [an_involvement(kind) for kind in Kind if not kind.sensitive]
    disclosed = {p.kind for p in pointers(SCHOOL, [a_record(0, None, *rows)], Purpose.EARLY_HELP)}
    assert disclosed.isdisjoint({CoarseKind.POLICE_SAFEGUARDING_DESK, CoarseKind.YOUTH_JUSTICE})
    assert CoarseKind.EDUCATION in disclosed


def test_a_shielded_row_of_a_twin_withholds_too() -> None:
    twin = a_record(1, None, an_involvement(shielded=True))
    assert pointers(SCHOOL, [a_record()], Purpose.S47_ENQUIRY) != ()
    assert pointers(SCHOOL, [a_record()], Purpose.S47_ENQUIRY, possible=[twin]) == ()


def a_pointer(agency: AgencyId, number: int) -> Pointer:
    return Pointer(agency, CoarseKind.EDUCATION, InvolvementStatus.OPEN, as_of=number)


agencies = [AgencyId(f"e08000001.a{n:02}") for n in range(20)]


@given(st.lists(st.integers(0, 12), max_size=20))
def test_slots_are_dealt_fairly_and_what_is_cut_says_so(counts: list[int]) -> None:
    asked = [
        (agency, tuple(a_pointer(agency, n) for n in range(count)))
        for agency, count in zip(agencies, counts, strict=False)
    ]
    filled = fill_slots(asked)
    assert len(filled) == min(limits.POINTER_SLOTS, sum(counts))
    for agency, had in asked:
        mine = [p for p in filled if p.agency == agency]
        if mine and len(mine) < len(had):
            assert mine[-1].kind is None, "it must not look whole"
            assert all(p.kind is not None for p in mine[:-1])
        elif mine:
            assert tuple(mine) == had
    first = [agency for agency, had in asked if had][: limits.POINTER_SLOTS]
    assert {p.agency for p in filled} == set(first), "each its first before any its second"


def test_one_slot_for_two_pointers_is_the_duty_desk() -> None:
    crowd = [(agency, (a_pointer(agency, 0), a_pointer(agency, 1))) for agency in agencies[:8]]
    assert all(p.kind is None for p in fill_slots(crowd))
    assert SURGERY not in {p.agency for p in fill_slots(crowd)}
