"""Broken Common Transfer Files: every pupil of a damaged file is imported, or the report names her
record, or the file is refused.

Each trial invents a school, writes its file, damages it, and reads it as an import does, beside an
earlier import of the same school or without one. All of it follows from the seed.

A row of the table: ``trials`` are files; ``whole`` those that were taken with every pupil read;
``gaps`` those that were taken and name records; ``refused`` those that were refused; ``false``
files that lose a pupil in silence, or show one as a pupil who has left; ``lost`` old records of a
node that a refused file has changed.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Final

from agency_node.importing.misread import Earlier, census_of
from agency_node.importing.source_file import unpacked
from agency_node.importing.sources.columns import Columns
from agency_node.importing.sources.reasons import RefusedFile
from agency_node.importing.staging import (
    Options,
    Readied,
    Unconfirmed,
    make_ready,
    require_confirmed,
)
from fakes.import_world import AS_OF
from fakes.transfer_files import CONSTANTS, Pupil, ctf, damaged, lost, pupils
from soak.framework import Row, say, seeded
from soak.old_records import are_changed_by, codes_of

OPTIONS: Final = Options(AS_OF, Columns(constants=CONSTANTS), upn=False)


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of one file. ``named``: how many of its records the report names."""

    damage: str
    number: int
    refused: tuple[str, ...] = ()
    named: int = 0
    lost: int = 0
    changed: bool = False

    def __str__(self) -> str:
        ended = f"refused for {', '.join(self.refused)}" if self.refused else "taken"
        return f"{self.damage}, number {self.number}: {ended}, {self.named} named, {self.lost} lost"


def read(content: bytes) -> Readied:
    return make_ready(b"\0".join, content, OPTIONS)


def earlier(some: list[Pupil]) -> Earlier:
    """What an import of the sound file a week ago left."""
    facts = read(ctf(some)).facts
    return Earlier(facts.children, AS_OF - timedelta(days=7), census_of(facts, (), None))


def attempt(number: int, seed: int) -> Trial:
    random = Random(f"{seed} {number}")
    some = pupils(random, random.randint(4, 12))
    before = earlier(some) if random.random() < 0.5 else None
    name, file, content = damaged(some, number, random)
    try:
        opened = unpacked(content)
    except RefusedFile as whole:  # the command ends before a node is asked
        return Trial(name, number, codes_of(whole))
    try:
        readied = read(opened)
        require_confirmed(readied, before, OPTIONS)
    except (RefusedFile, Unconfirmed) as why:
        changed = before is not None and are_changed_by(opened, ctf(some), OPTIONS)
        return Trial(name, number, codes_of(why), changed=changed)
    faults = (*readied.refused, *readied.remarks)
    named = {fault.line for fault in faults}
    return Trial(name, number, (), len(named), len(lost(some, file, readied.export, faults)))


def main() -> int:
    chosen = seeded(__doc__).parse_args()
    began, counts, codes = time.monotonic(), Counter[str](), dict[str, Counter[str]]()
    for number in range(chosen.trials):
        if time.monotonic() - began > 60 * chosen.minutes:
            break
        trial = attempt(number, chosen.seed)
        ending = "refused" if trial.refused else "gaps" if trial.named else "whole"
        counts.update(trials=1, false=bool(trial.lost), lost=trial.changed, **{ending: 1})
        codes.setdefault(trial.damage, Counter()).update(trial.refused or (ending,))
        if trial.lost:
            say(str(trial))
    for damage, found in sorted(codes.items()):
        say(f"{damage}: {', '.join(f'{code} {n}' for code, n in found.most_common(4))}")
    row = Row(
        "broken-transfer-files", counts["trials"], counts["whole"], counts["gaps"],
        counts["refused"], 0, counts["false"], counts["lost"],
    )  # fmt: skip
    say(row.line())
    return 0 if row.good else 1


if __name__ == "__main__":
    sys.exit(main())
