"""A bit that flips in a file that decides is refused, or in a byte that nothing uses.

``make soak ARGS=flips`` flips every byte of every file; this is some of each.
"""

from __future__ import annotations

import random
from pathlib import Path

from soak.flips import all_kept, flipped

PLACES = 60


def test_no_flipped_bit_reads_as_something_else(tmp_path: Path) -> None:
    kept = all_kept(tmp_path, children=20)
    rows = [flipped(each, random.Random(each.name), most=PLACES) for each in kept]
    assert [row.line() for row in rows if row.false] == []
    assert len(rows) == 24
    assert all(row.trials >= min(PLACES, 32) for row in rows)
