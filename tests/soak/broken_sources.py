"""Broken exports of councils (Standard Safeguarding Dataset) and health services (FHIR): every
child is found by a lookup, or the report names or counts her, or the file is refused.

A row of the table: ``trials`` are files; ``whole`` those that were taken and name nobody; ``gaps``
those that were taken and name rows; ``refused`` those that were refused; ``false`` files that lose
a child in silence, or show one who is shielded; ``lost`` old records of a node that a refused file
has changed.
"""

from __future__ import annotations

import sys

from fakes.broken_source_trials import OPTIONS, attempt
from fakes.broken_sources import SOURCES, case
from soak.framework import BrokenFiles, numbers, seeded
from soak.old_records import are_changed_by


def main() -> int:
    chosen = seeded(__doc__).parse_args()
    good = True
    for source in SOURCES:
        files, possible, beside = BrokenFiles(), 0, 0
        for number in numbers(chosen):
            trial = attempt(source, number, chosen.seed)
            _, sound, broken = case(source, number, chosen.seed)
            changed = False
            if trial.refused and sound is not None:
                beside += 1
                changed = are_changed_by(broken.content, sound, OPTIONS)
            files.add(trial, false=bool(trial.lost or trial.exposed), lost=changed)
            possible += trial.possible
        note = f"refused beside old records: {beside}; children who are only possible: {possible}"
        good &= files.told(f"broken-sources {source}", note)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
