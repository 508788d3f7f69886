"""The data sets that are judged on: which there are, and that nothing was fitted to them."""

from __future__ import annotations

from pathlib import Path

from agency_node.match_tool.tables import read_table, read_truth
from benchmarks.matching import choose, sources, world
from benchmarks.population.names import Names

NAMES = Names.builtin()


def test_every_set_has_a_title_and_a_folder_of_its_own() -> None:
    found = sources.sources(NAMES, Path("shared"), quick=False)
    assert len({source.title for source in found}) == len(found) > 20
    assert len({source.folder for source in found}) == len(found)
    assert all(sources.CACHE in source.folder.parents for source in found)


def test_a_quick_run_takes_some_of_the_same_kinds_of_set() -> None:
    quick = {source.name for source in sources.sources(NAMES, Path("shared"), quick=True)}
    assert quick <= {s.name for s in sources.sources(NAMES, Path("shared"), quick=False)}


def test_without_a_shared_folder_nothing_is_asked_of_it() -> None:
    titles = {source.title for source in sources.sources(NAMES, None, quick=False)}
    assert not any("fake" in title for title in titles)
    assert any("FEBRL 2" in title for title in titles)


def test_what_was_tuned_on_says_so_or_is_not_judged() -> None:
    chosen_by = sources.tuned_on(NAMES, Path("linkage"))
    tuned = {source.folder for source in chosen_by}
    assert tuned
    assert {source.name for source in chosen_by} < set(choose.WEIGHTS)
    for source in sources.sources(NAMES, Path("shared"), quick=False):
        if source.folder in tuned:
            assert "tuned on" in source.name


def test_no_population_is_the_one_that_keys_were_chosen_on() -> None:
    judged = range(world.SEED, world.SEED + 1 + world.FULL.strangers)
    assert choose.SEED not in judged


def england(*, quick: bool, identifier: bool) -> sources.Source:
    return next(
        source
        for source in sources.sources(NAMES, None, quick=quick)
        if source.name.startswith("England, typical") and source.identifier is identifier
    )


def test_england_without_numbers(tmp_path: Path) -> None:
    england(quick=True, identifier=False).make(tmp_path)
    left, right = read_table(tmp_path / "left.csv").rows, read_table(tmp_path / "right.csv").rows
    assert abs(len(left) - 5_000) < 200
    assert len(read_truth(tmp_path / "truth.csv", left, right)) > 3_000
    assert not any(
        row.demographics.health_number or row.demographics.upn for row in (*left, *right)
    )


def test_england_with_numbers(tmp_path: Path) -> None:
    england(quick=False, identifier=True).make(tmp_path)
    health, council = (
        read_table(tmp_path / "right.csv").rows,
        read_table(tmp_path / "left.csv").rows,
    )
    assert sum(bool(row.demographics.health_number) for row in health) > 0.9 * len(health)
    assert 0.4 < sum(bool(row.demographics.health_number) for row in council) / len(council) < 0.8
