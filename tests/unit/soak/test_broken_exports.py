"""How the broken exports are judged: what is sound is taken whole, and a child who is hidden or
shown would be seen.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import effort
from agency_node.importing.staging import Options
from fakes.broken_exports import DAMAGES
from fakes.damages import Damage
from fakes.import_world import AS_OF
from fakes.invented_exports import SOURCES, File, Grid, Source, children
from soak.broken_exports import Trial, fitting, performed
from soak.old_records import are_changed_by, state_of

of_each_source = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
SOUND = Damage("nothing")


@of_each_source
@pytest.mark.parametrize("seed", range(3))
def test_a_sound_export_is_taken_whole(source: Source, seed: int) -> None:
    """A test that cannot tell sound from broken is none."""
    trial = performed(source, SOUND, seed, stated=seed % 2 == 0)
    assert (trial.refused, trial.named, trial.possible, trial.lost, trial.exposed) == (
        (), 0, (), (), ()
    )  # fmt: skip
    assert trial.found >= 8


@effort.examples(12)
@given(
    st.sampled_from([(source, damage) for source in SOURCES for damage in fitting(source)]),
    st.integers(0, 10**9),
)
def test_whatever_befalls_an_export_no_child_is_lost_in_silence(
    broken: tuple[Source, Damage], seed: int
) -> None:
    """The short form; ``make soak`` tries thousands."""
    trial = performed(*broken, seed)
    assert trial.sound or trial.known, str(trial)
    assert not trial.changed


@pytest.mark.parametrize("damage", ["cut between two lines", "rows between two children joined"])
def test_a_stated_number_of_rows_shows_what_nothing_else_can(damage: str) -> None:
    trials = [performed(SOURCES[0], DAMAGES[damage], seed, stated=True) for seed in range(6)]
    assert all(trial.refused for trial in trials), [str(trial) for trial in trials]
    assert any("stated_rows" in trial.refused for trial in trials)


def test_no_damage_is_known_in_which_something_could_show_it() -> None:
    """What is excused is excused by its kind and by how little of it there is."""
    one = Trial("text", "rows between two children joined", 1, again=True, found=20, lost=(3,))
    assert one.known
    assert not replace(one, lost=(3, 4)).known
    assert not replace(one, damage="bit flipped").known
    assert not replace(one, changed=True).known
    cut = replace(one, damage="cut between two lines", lost=tuple(range(20, 30)))
    assert not cut.known
    assert replace(cut, again=False).known
    flags = replace(one, damage="column emptied", lost=(), exposed=(3,), new=4)
    assert not flags.known
    assert replace(flags, again=False).known
    assert replace(flags, new=3).known


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


def test_records_that_a_refused_file_changed_would_be_seen(tmp_path: Path) -> None:
    grid = children(Random(3), 12)
    sound = SOURCES[0].write(grid, Random(5))
    how = Options(AS_OF, sound.columns, upn=False, reading=sound.reading)
    assert not are_changed_by(sound.content[:700], sound.content, how)
    with pytest.raises(ValueError, match="taken"):
        are_changed_by(sound.content, sound.content, how)
    (tmp_path / "records.db").write_bytes(b"1")
    before = state_of(tmp_path)
    (tmp_path / "records.db").write_bytes(b"2")
    assert state_of(tmp_path) != before


def test_the_same_seed_breaks_the_same_file_alike() -> None:
    """A figure of a run can be repeated."""
    grid = children(Random(3), 12)

    def written(source: Source) -> File:
        return source.write(grid, Random(5))

    assert all(written(source) == written(source) for source in SOURCES)
    first, again = (performed(SOURCES[0], DAMAGES["bit flipped"], 11) for _ in range(2))
    assert first == again
