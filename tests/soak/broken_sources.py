"""Broken exports of councils (Standard Safeguarding Dataset) and health services (FHIR): every
child is found by a lookup, or the report names or counts her, or the file is refused.

A row of the table: ``trials`` are files; ``whole`` those that were taken and name nobody; ``gaps``
those that were taken and name rows; ``refused`` those that were refused; ``false`` files that lose
a child in silence, or show one who is shielded; ``lost`` old records of a node that a refused file
has changed.
"""

from __future__ import annotations

import sys
import time
from collections import Counter

from fakes.broken_source_trials import OPTIONS, attempt
from fakes.broken_sources import SOURCES, case
from soak.framework import Row, say, seeded
from soak.old_records import are_changed_by


def main() -> int:
    chosen = seeded(__doc__).parse_args()
    good = True
    for source in SOURCES:
        began = time.monotonic()
        counts, codes = Counter[str](), dict[str, Counter[str]]()
        for number in range(chosen.trials):
            if time.monotonic() - began > 60 * chosen.minutes / len(SOURCES):
                break
            trial = attempt(source, number, chosen.seed)
            ending = "refused" if trial.refused else "gaps" if trial.named else "whole"
            false = bool(trial.lost or trial.exposed)
            counts.update(trials=1, false=false, possible=trial.possible, **{ending: 1})
            codes.setdefault(trial.damage, Counter()).update(trial.refused or (ending,))
            _, sound, broken = case(source, number, chosen.seed)
            if trial.refused and sound is not None:
                counts["beside"] += 1
                counts["lost"] += are_changed_by(broken.content, sound, OPTIONS)
            if false:
                say(str(trial))
        for damage, found in sorted(codes.items()):
            say(f"{damage}: {', '.join(f'{code} {n}' for code, n in found.most_common(4))}")
        row = Row(
            f"broken-sources {source}", counts["trials"], counts["whole"], counts["gaps"],
            counts["refused"], 0, counts["false"], counts["lost"],
            note=f"refused beside old records: {counts['beside']}; children who are only possible: "
            f"{counts['possible']}",
        )  # fmt: skip
        say(row.line())
        good &= row.good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
