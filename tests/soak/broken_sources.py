"""Broken exports of councils (Standard Safeguarding Dataset) and health services (FHIR): every
child is imported, or the report names or counts her, or the file is refused.

A row of the table: ``trials`` are files; ``whole`` those that were taken and name nobody; ``gaps``
those that were taken and name rows; ``refused`` those that were refused; ``false`` files that lose
a child in silence, or show one who is shielded.
"""

from __future__ import annotations

import sys
import time
from collections import Counter

from fakes.broken_sources import SOURCES, attempt
from soak.framework import Row, say, seeded


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
            counts.update(trials=1, false=false, **{ending: 1})
            codes.setdefault(trial.damage, Counter()).update(trial.refused or (ending,))
            if false:
                say(str(trial))
        for damage, found in sorted(codes.items()):
            say(f"{damage}: {', '.join(f'{code} {n}' for code, n in found.most_common(4))}")
        row = Row(
            f"broken-sources {source}", counts["trials"], counts["whole"], counts["gaps"],
            counts["refused"], 0, counts["false"],
        )  # fmt: skip
        say(row.line())
        good &= row.good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
