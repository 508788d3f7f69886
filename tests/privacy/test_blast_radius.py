"""How far the theft of disks reaches: the table of the threat model is what thieves read, and the
thieves find what is planted for them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from fingerpost.runtime.sealed_rows import step_after
from integration.running_federation import COUNCIL, OAK, SPARE
from privacy.blast_radius import KINDS, LISTED, THEFTS, Run, run, table
from privacy.thief import FACTS, Disk, Lookup, Read, Row, read

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

PAGE = Path(__file__).parents[2] / "docs" / "threat-model.md"


def everything(made: Run) -> set[int]:
    return set(range(len(made.lookups)))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Run]:
    yield await run(tmp_path_factory.mktemp("stolen"), len(KINDS))


async def test_the_lookups_were_of_every_kind(made: Run) -> None:
    assert {kind for kind, _ in made.kinds} == set(KINDS)
    for (kind, whole), lookup in zip(made.kinds, made.lookups, strict=True):
        if kind == "gap":
            assert b"NO_REPLY" in lookup.words["answer"]
        elif whole:
            assert bool(lookup.opened) == (kind != "unknown"), kind
            known = kind not in ("unknown", "possible")
            assert (b"INVOLVED" in lookup.words["answer"]) == known, kind


async def test_the_threat_model_has_the_table_that_thieves_make(made: Run) -> None:
    assert table(made) in PAGE.read_text("utf-8")


@pytest.mark.parametrize(
    "stolen", [stolen for _, stolen, keys in THEFTS if not keys], ids=" and ".join
)
async def test_without_a_key_disks_tell_how_many_and_nothing_else(
    made: Run, stolen: Sequence[str]
) -> None:
    a_lookup_passes = not set(stolen) <= {"issuer", "authority"}
    assert made.read(stolen) == replace(Read(), counted=a_lookup_passes)


async def test_with_its_keys_a_partys_disk_tells_what_the_party_knows(made: Run) -> None:
    """The thieves can read, then."""
    gateway = made.read(["gateway"], ["gateway"])
    assert all(gateway.facts[fact] == everything(made) for fact in FACTS)
    assert gateway.opened == set()
    node = made.read(["node"], ["node"])
    assert node.opened == {n for n, lookup in enumerate(made.lookups) if OAK.value in lookup.opened}
    assert made.read(["broker"], ["broker"]).facts["child"] == set()
    assert any(("subject", SPARE.value) in row.values for row in made.keyed["issuer"])
    assert made.read(["issuer"], ["issuer"]) == replace(Read(), lengths={"issuer log"})


async def test_two_copies_of_a_nodes_disk_tell_what_opened_in_between(made: Run) -> None:
    """Which is why the page says so."""
    assert [bool(grown) for grown in made.grown] == [bool(each.opened) for each in made.lookups]


# ---- what the thieves would find -----------------------------------------------------------------


def planted(made: Run, rows: Sequence[Row], raw: bytes = b"") -> Read:
    """What all thieves together read, with these rows on the disks."""
    disks = [made.after[party].since(made.before[party]) for party in LISTED]
    return read([*disks, Disk(tuple(rows), raw)], made.lookups)


def an_entry_in_the_earlier_form(party: str, place: str, rank: int, lookup: Lookup) -> Row:
    """As audit logs were before their headers were sealed."""
    texts = [b"node.opened", COUNCIL.value.encode(), max(lookup.names, key=len)]
    header = b"\1" + b"".join(len(text).to_bytes(2, "big") + text for text in texts)
    header += lookup.began.to_bytes(8, "big") + b"\1\0\7finding" + b"s\0\5match"
    return Row(party, place, rank, (("seq", rank), ("at", lookup.began), ("header", header)))


async def test_logs_in_the_earlier_form_were_read(made: Run) -> None:
    opened = {n for n, lookup in enumerate(made.lookups) if OAK.value in lookup.opened}
    node = [
        an_entry_in_the_earlier_form("node", f"audit/{OAK}.sqlite:audit_entry", n, made.lookups[n])
        for n in opened
    ]
    broker = [
        an_entry_in_the_earlier_form("broker", "hash-log.sqlite:audit_entry", n, lookup)
        for n, lookup in enumerate(made.lookups)
    ]
    found = planted(made, node)
    assert found.opened == found.when == found.facts["asking agency"] == opened
    found = planted(made, [*node, *broker])
    assert found.joined == opened
    assert found.when == everything(made)


async def test_a_time_is_found_at_once_and_by_an_offset(made: Run) -> None:
    def kept(until: Callable[[int], int]) -> list[Row]:
        return [
            Row("node", "seen.sqlite:seen", n, (("until", until(lookup.began)),))
            for n, lookup in enumerate(made.lookups)
        ]

    for offset in (0, 180, 7 * 86_400):
        assert planted(made, kept(lambda began: began + offset)).when == everything(made)  # noqa: B023
    assert planted(made, kept(step_after)).when != everything(made)


async def test_a_hash_in_two_files_is_found_in_any_form(made: Run) -> None:
    for form in (bytes.fromhex, str.encode, lambda text: f"query={text};".encode()):
        rows = [
            Row(party, "a.sqlite:a", n, (("hash", form(max(lookup.names, key=len).decode())),))
            for party in ("node", "broker")
            for n, lookup in enumerate(made.lookups)
        ]
        assert planted(made, rows).joined == everything(made)


async def test_a_length_that_follows_from_the_answer_is_found(made: Run) -> None:
    lengths = [len(lookup.words["answer"]) for lookup in made.lookups]
    rows = [Row("gateway", "o:o", n, (("sealed", bytes(more)),)) for n, more in enumerate(lengths)]
    assert planted(made, rows).lengths == {"gateway o:o"}
    public = {lookup.public: n for n, lookup in enumerate(made.lookups)}
    rows = [
        Row("gateway", "o:o", n, (("sealed", bytes(public[lookup.public])),))
        for n, lookup in enumerate(made.lookups)
    ]
    assert planted(made, rows).lengths == set()


async def test_a_word_is_found_in_a_row_and_in_what_was_deleted(made: Run) -> None:
    word = min(made.lookups[0].words["child"])
    told = {n for n, lookup in enumerate(made.lookups) if word in lookup.words["child"]}
    row = Row("broker", "a:a", 0, (("text", word.decode()),))
    assert planted(made, [row]).facts["child"] == told
    assert planted(made, [], b"\0" + word).facts["child"] == told
