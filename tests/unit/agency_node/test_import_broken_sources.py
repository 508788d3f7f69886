"""Some dozens of broken exports of councils and health services; ``make soak`` tries thousands."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from fakes.broken_source_trials import attempt, judged, ready
from fakes.broken_sources import SOURCES, Broken, children, sound_export
from fakes.import_world import left_by


@pytest.mark.parametrize("source", SOURCES)
def test_no_child_of_a_broken_export_is_lost_or_shown_in_silence(source: str) -> None:
    trials = [attempt(source, number, seed=1) for number in range(60)]
    assert [trial for trial in trials if trial.lost or trial.exposed] == []
    assert any(trial.refused for trial in trials)
    assert any(trial.named for trial in trials)
    assert len({trial.damage for trial in trials}) >= 12


@pytest.mark.parametrize("source", SOURCES)
def test_a_child_who_is_lost_or_shown_would_be_seen(source: str) -> None:
    """What a report says of every row, such as that nobody can be rung, names no child."""
    some = children(Random(3), 9)
    hers = {child.number: {line} for line, child in enumerate(some, 2)}
    content = sound_export(source, [*some[:4], *some[5:]], Random(3))
    trial = judged(source, 0, some, Broken("lost", content, hers), ready(content), None)
    assert trial.lost == (some[4].number,)
    unshielded = [replace(child, shield=False) for child in some]
    content = sound_export(source, unshielded, Random(3))
    shielded = [replace(child, shield=True) for child in some[4:]]
    shown = Broken("shown", content, hers)
    earlier = left_by(ready(sound_export(source, some, Random(3))))
    assert len(judged(source, 0, shielded, shown, ready(content), earlier).exposed) == 5
    first = judged(source, 0, shielded, shown, ready(content), None)
    assert not first.exposed, "of a first file it is said that it shields nobody"
