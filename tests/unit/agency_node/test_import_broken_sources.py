"""Some dozens of broken exports of councils and health services; ``make soak`` tries thousands."""

from __future__ import annotations

import pytest

from fakes.broken_sources import SOURCES, attempt


@pytest.mark.parametrize("source", SOURCES)
def test_no_child_of_a_broken_export_is_lost_or_shown_in_silence(source: str) -> None:
    trials = [attempt(source, number, seed=1) for number in range(60)]
    assert [trial for trial in trials if trial.lost or trial.exposed] == []
    assert any(trial.refused for trial in trials)
    assert any(trial.named for trial in trials)
    assert len({trial.damage for trial in trials}) >= 12
