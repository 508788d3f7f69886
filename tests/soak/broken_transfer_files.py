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
from dataclasses import dataclass
from random import Random
from typing import Final

from agency_node.importing.source_file import unpacked
from agency_node.importing.sources.columns import Columns
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.staging import (
    Options,
    Readied,
    Unconfirmed,
    make_ready,
    require_confirmed,
)
from fakes.import_world import AS_OF, codes_of, left_by
from fakes.transfer_files import CONSTANTS, ctf, damaged, lost, pupils
from soak.framework import BrokenFiles, numbers, seeded
from soak.old_records import are_changed_by

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


def attempt(number: int, seed: int) -> Trial:
    random = Random(f"{seed} {number}")
    some = pupils(random, random.randint(4, 12))
    before = left_by(read(ctf(some))) if random.random() < 0.5 else None
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
    chosen, files = seeded(__doc__).parse_args(), BrokenFiles()
    for number in numbers(chosen):
        trial = attempt(number, chosen.seed)
        files.add(trial, false=bool(trial.lost), lost=trial.changed)
    return 0 if files.told("broken-transfer-files") else 1


if __name__ == "__main__":
    sys.exit(main())
