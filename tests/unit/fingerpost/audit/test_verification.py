"""What is said of a log beside a note of it: whole, undone, or that the note has a slip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fingerpost.audit.chain import GENESIS, chain_hash
from fingerpost.audit.store import Receipt, Row
from fingerpost.audit.verification import (
    MISTYPED_DIGITS,
    BrokenChain,
    Report,
    Undone,
    Unsure,
    in_chain,
    verify,
)

contents = st.lists(st.binary(min_size=1, max_size=3), max_size=12)


def chained(contents: Sequence[bytes], after: Sequence[Row] = ()) -> list[Row]:
    """The log with these entries after others."""
    rows = list(after)
    for content in contents:
        seq = len(rows) + 1
        previous = rows[-1].hash if rows else GENESIS
        rows.append(Row(seq, content, chain_hash(previous, seq, content, content), content))
    return rows


def note_of(rows: Sequence[Row]) -> Receipt:
    """What verify prints of a log, for somebody to note."""
    return verify(rows, len(rows), None).head


def verified(rows: Sequence[Row], noted: Receipt | None) -> Report:
    return verify(rows, rows[-1].seq if rows else 0, noted)


@given(contents, contents)
def test_a_log_goes_on_from_every_note_of_it_however_it_grew(
    before: list[bytes], more: list[bytes]
) -> None:
    log = chained(before)
    report = verified(chained(more, log), note_of(log))
    report.require_whole()
    assert (report.noted, report.doubt) == (len(before), None)
    assert report.entries == len(before) + len(more)


@given(contents, contents, st.data())
def test_every_cut_and_every_other_history_is_undone(
    before: list[bytes], other: list[bytes], data: st.DataObject
) -> None:
    """The end is cut off before the note, and the log may go on from there in another way."""
    assume(before)
    log = chained(before)
    kept = data.draw(st.integers(0, len(log) - 1))
    forged = chained(other, log[:kept])
    assume(forged[: len(log)] != log)
    with pytest.raises(Undone):
        verified(forged, note_of(log)).require_whole()


@given(contents, st.data())
def test_a_change_inside_is_broken_whatever_is_noted(
    before: list[bytes], data: st.DataObject
) -> None:
    assume(len(before) > 1)
    log = chained(before)
    place = data.draw(st.integers(0, len(log) - 1))
    how = data.draw(st.sampled_from(("header", "body", "hash", "gone")))
    changed = list(log)
    if how == "gone":
        assume(place < len(log) - 1)  # without its last entry a chain is valid, and shorter
        del changed[place]
    else:
        value = getattr(log[place], how)
        changed[place] = replace(log[place], **{how: bytes([value[0] ^ 1]) + value[1:]})
    for noted in (None, note_of(log), note_of(log[:1])):
        with pytest.raises(BrokenChain) as caught:
            verified(changed, noted).require_whole()
        assert caught.value.seq <= place + 1
        assert not isinstance(caught.value, Undone)
    with pytest.raises(BrokenChain):
        list(in_chain(changed))


@given(contents, contents, st.integers(0, 40))
def test_a_mistyped_number_is_no_alarm_and_no_all_clear(
    before: list[bytes], more: list[bytes], number: int
) -> None:
    """Of what came after the entry that has the hash, the note says nothing."""
    log = chained(before)
    noted = note_of(log)
    assume(number != noted.seq)
    with pytest.raises(Unsure, match=f"that of entry {noted.seq}, and not of entry {number}"):
        verified(chained(more, log), replace(noted, seq=number)).require_whole()


@given(contents, st.sets(st.integers(0, 63), min_size=1, max_size=20), st.integers(1, 15))
def test_a_hash_with_a_few_wrong_digits_was_mistyped_and_with_many_is_another(
    before: list[bytes], places: set[int], change: int
) -> None:
    log = chained(before)
    noted = note_of(log)
    digits = list(noted.hash.hex())
    for place in places:
        digits[place] = f"{(int(digits[place], 16) + change) % 16:x}"
    wrong = replace(noted, hash=bytes.fromhex("".join(digits)))
    expected = Unsure if len(places) <= MISTYPED_DIGITS else Undone
    with pytest.raises(expected):
        verified(log, wrong).require_whole()


def test_an_alarm_says_what_was_found() -> None:
    log = chained([b"a", b"b", b"c"])
    with pytest.raises(Undone, match="ends at entry 2, and entry 3 was noted"):
        verified(log[:2], note_of(log)).require_whole()
    with pytest.raises(Undone, match="entry 3 of the audit log is not the one that was noted"):
        verified(chained([b"a", b"b", b"x", b"y"]), note_of(log)).require_whole()
    with pytest.raises(Undone, match="ends at entry 0, and entry 3 was noted"):
        verified([], note_of(log)).require_whole()
