"""How the broken exports are judged: what is sound is taken whole, and a child who is hidden or
shown would be seen.
"""

from __future__ import annotations

from random import Random

import pytest

from fakes.broken_exports import DAMAGES
from fakes.damages import Damage
from fakes.invented_exports import SOURCES, File, Grid, Source, children
from soak.broken_exports import performed

of_each_source = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
SOUND = Damage("nothing")


@of_each_source
@pytest.mark.parametrize("seed", range(3))
def test_a_sound_export_is_taken_whole(source: Source, seed: int) -> None:
    """A test that cannot tell sound from broken is none."""
    trial = performed(source, SOUND, seed)
    assert (trial.refused, trial.named, trial.possible, trial.lost, trial.exposed) == (
        (), 0, (), (), ()
    )  # fmt: skip
    assert trial.found >= 8


def swapped(grid: Grid, random: Random) -> None:
    """Two children of one file, each under the other's details: what no reader can see."""
    one, other = random.sample(grid.lines, 2)
    for column in ("forename", "surname", "dob"):
        place = grid.place(column)
        one.cells[place] = "Thessaly" if column == "forename" else other.cells[place]
        other.cells[place] = "2015-01-01" if column == "dob" else "Elsewhere"


@of_each_source
def test_a_child_who_is_lost_would_be_seen(source: Source) -> None:
    trials = [performed(source, Damage("swapped", of_grid=swapped), seed) for seed in range(4)]
    assert any(trial.lost for trial in trials)
    assert not all(trial.sound for trial in trials)


def shown(grid: Grid, _: Random) -> None:
    """Nobody is shielded any more, and one row says yes for another child."""
    for column in ("shield", "sensitive"):
        before = grid.column(column)
        grid.set_column(column, ["no"] * len(before))
        grid.lines[before.index("no")].cells[grid.place(column)] = "yes"


def test_a_shielded_child_who_is_shown_would_be_seen() -> None:
    trials = [performed(SOURCES[0], Damage("shown", of_grid=shown), seed) for seed in range(8)]
    assert any(trial.exposed for trial in trials)


def test_the_same_seed_breaks_the_same_file_alike() -> None:
    """A figure of a run can be repeated."""
    grid = children(Random(3), 12)

    def written(source: Source) -> File:
        return source.write(grid, Random(5))

    assert all(written(source) == written(source) for source in SOURCES)
    first, again = (performed(SOURCES[0], DAMAGES["bit flipped"], 11) for _ in range(2))
    assert first == again
