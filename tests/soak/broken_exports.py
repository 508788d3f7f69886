"""Broken exports: after the import of a damaged file every child of the sound one is found by a
lookup, or the report names her row, or the file is refused and the records are as they were.

Each trial invents children, writes them in the form of some system, imports an earlier state of
them or none, damages the file, and imports that. The import is the node's own, up to the complete
generation on the disk; only the key holders are stood in for. Then every child is looked for by
what a practitioner knows of her, with the node's own matching. All of it follows from the seed.

A row of the table: ``trials`` are files; ``whole`` those that were taken with every child found;
``gaps`` those that were taken and name rows; ``refused`` those that were refused; ``false`` files
that hide a child in silence or show one who is shielded, in another way than by a kind of damage
that nothing can show (``KNOWN``), which the note counts; ``lost`` old records that a refused file
has changed.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Final

from agency_node.importing.finding import Rule
from agency_node.importing.misread import FEW, ODDS_OF_A_BLOCK
from agency_node.importing.report import ImportReport
from agency_node.importing.source_file import sheets_of
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.staging import Options, SourceFile, Unconfirmed
from agency_node.records.records import ChildRecord, RecordId
from fakes.broken_exports import DAMAGES
from fakes.damages import OF_THE_PRACTITIONER, Damage
from fakes.federations import HOLDERS
from fakes.import_world import AS_OF, FIRST, OAK, WEEK, Seen, World, codes_of
from fakes.invented_exports import SOURCES, File, Grid, Source, asked, children
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import (
    Decision,
    Scope,
    Side,
    blocking_keys,
    normalise,
    oprf_inputs,
)
from fingerpost.private.linkage.comparison import decide, likeliest
from soak.framework import Row, say, seeded
from soak.old_records import state_of

_USUAL: Final = frozenset({Rule.UNFLAGGED, Rule.NO_END})
"""What is said of many a sound first import."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of one broken export.

    Attributes:
        new: the child who came since the last import; -1 where there was none.
        refused: the codes, or the names of what was found, for which it was refused.
        found, possible, named: children of the sound export, by what became of them. POSSIBLE is
            what a duty desk sees and a requester does not.
        lost: the places of those who are neither found nor named.
        exposed: those who are shielded in the sound export and are not now, and nothing says so.
        told: those who are not shielded now, of whom the report says that nobody is.
        doubted: what the report says that somebody should look at: the file may be damaged.
        changed: whether a refused file has changed what the node answers from.
    """

    source: str
    damage: str
    seed: int
    again: bool
    new: int = -1
    refused: tuple[str, ...] = ()
    found: int = 0
    possible: tuple[int, ...] = ()
    named: int = 0
    lost: tuple[int, ...] = ()
    exposed: tuple[int, ...] = ()
    told: int = 0
    doubted: tuple[str, ...] = ()
    changed: bool = False

    @property
    def sound(self) -> bool:
        return not (self.lost or self.exposed or self.changed) or bool(self.doubted)

    @property
    def known(self) -> str:
        """Why nothing can show what became of this file, or empty."""
        why, cannot = KNOWN.get(self.damage, ("", _never))
        return why if cannot(self) and not self.changed else ""

    def __str__(self) -> str:
        again = "after an import" if self.again else "the first import"
        ended = f"refused for {', '.join(self.refused)}" if self.refused else "taken"
        return (
            f"{self.source}, {self.damage}, seed {self.seed}, {again}: {ended}; {self.found} found,"
            f" {len(self.possible)} possible, {self.named} named, lost {list(self.lost)},"
            f" exposed {list(self.exposed)}{', the old records are changed' * self.changed}"
        )


def _never(_: Trial) -> bool:
    return False


def _flags_of_a_first(trial: Trial) -> bool:
    """Whether all who are shown are children whom nothing was known of before."""
    return not trial.lost and (not trial.again or trial.exposed == (trial.new,))


def _few_of_a_block(trial: Trial) -> bool:
    """Whether the children who are gone are too few to be told from leavers; one may be new."""
    gone, before = len(trial.lost) - 1, trial.found + len(trial.lost) - 1
    if not trial.again or gone < FEW:
        return True
    places = 1 if trial.damage == "cut between two lines" else before - gone
    return math.comb(before, gone) < ODDS_OF_A_BLOCK * places


_TAKE_FLAGS: Final = (
    "columns sorted without the others", "column moved by a row", "cells moved to the left",
    "two columns swapped", "flag words changed", "column of errors", "column emptied",
    "column filled from the first",
)  # fmt: skip
KNOWN: Final[Mapping[str, tuple[str, Callable[[Trial], bool]]]] = MappingProxyType(
    {
        "cut between two lines": ("the lines that follow are in no file", _few_of_a_block),
        "block of lines lost": (
            "the lines in the middle are in no file; a row that is left of two is named",
            _few_of_a_block,
        ),
        "rows between two children joined": (
            "a whole row, of two children",
            lambda trial: len(trial.lost) == 1,
        ),
        **dict.fromkeys(
            _TAKE_FLAGS,
            ("a flag that says no of a child of whom nothing was known", _flags_of_a_first),
        ),
    }
)
"""By damage, why nothing in such a file can show it (docs/known-weaknesses.md), and of which trials
that holds. Each is counted by its name and is no silence of another kind."""


def broken(grid: Grid, source: Source, damage: Damage, seed: int) -> File:
    """Return the file of the grid, damaged."""
    random = Random(f"{seed} damage")
    grid = grid.copy()
    if damage.of_grid is not None:
        damage.of_grid(grid, random)
    file = source.write(grid, Random(f"{seed} form"))
    return file if damage.of_file is None else damage.of_file(file, random)


async def attempt(
    source: Source, damage: Damage, seed: int, folder: Path, *, stated: bool = False
) -> Trial:
    """Import one broken export on a new node in ``folder``, and look for every child.

    Args:
        stated: the operator states how many rows the sound export has.
    """
    random = Random(f"{seed} children")
    sound, again, new = children(random, random.randint(8, 40)), random.random() < 0.5, -1
    world = World(folder)
    world.open_epoch()
    try:
        if again:  # a week ago one of them had not come, and one had another postcode
            before = sound.copy()
            gone = before.lines.pop(random.randrange(len(before.lines)))
            new = gone.of if gone.of is not None else new
            before.total -= 1
            before.lines[0].cells[before.place("postcode")] = "WX20 3QD"
            await _import(world, source.write(before, Random(f"{seed} form")), AS_OF - WEEK)
            known = {line.of for line in before.lines[1:] if line.of is not None} - {gone.of}
        else:
            known = set()
        old = state_of(folder)
        file = broken(sound, source, damage, seed)
        lines = file.lines_of()
        trial = Trial(source.name, damage.name, seed, again, new)
        questions = asked(sound)
        try:
            report = await _import(world, file, AS_OF, len(sound.lines) if stated else None)
        except (RefusedFile, Unconfirmed) as why:
            answers = await _answers(world, {of: questions[of] for of in known})
            as_was = all(decision is Decision.MATCH for decision, _ in answers.values())
            changed = state_of(folder) != old or not as_was
            return replace(trial, refused=codes_of(why), changed=changed)
        return _judged(trial, sound, report, lines, await _answers(world, questions))
    finally:
        world.close()


async def _import(world: World, file: File, as_of: object, rows: int | None = None) -> ImportReport:
    content = file.content
    digest = hashlib.sha256(content).digest()
    opened = sheets_of(content) if content.startswith((b"PK\x03\x04", b"\xd0\xcf")) else content
    options = Options(as_of, file.columns, upn=False, reading=file.reading, rows=rows)  # type: ignore[arg-type]
    return await world.importer.run(OAK, SourceFile(opened, digest, AS_OF), options, Seen())


Answers = dict[int, tuple[Decision, tuple[ChildRecord, ...]]]


async def _answers(world: World, questions: dict[int, Demographics]) -> Answers:
    """What the node finds of each child, and the records that match."""
    generation = world.records.ready(OAK, FIRST)
    if generation is None:
        return dict.fromkeys(questions, (Decision.DIFFERENT, ()))
    [epoch] = world.members.current.parameters.epochs
    holders: dict[bytes, list[RecordId]] = {}
    for record, tag in world.records.tags(OAK, generation.number, FIRST):
        holders.setdefault(tag, []).append(record)
    answers: Answers = {}
    for of, who in questions.items():
        form = normalise(who)
        keys = blocking_keys(form, side=Side.QUERY, scope=Scope.WIDE, upn=False)
        tags = await world.quick.tags(oprf_inputs(keys), epoch, HOLDERS)
        shared = Counter(record for tag in tags for record in holders.get(tag, ()))
        candidates = [
            world.records.child(OAK, generation.number, record) for record in likeliest(shared)
        ]
        rulings = decide(form, [normalise(each.demographics) for each in candidates], upn=False)
        decisions = [ruling.decision for ruling in rulings]
        best = next(
            (d for d in (Decision.MATCH, Decision.POSSIBLE) if d in decisions), Decision.DIFFERENT
        )
        matched = tuple(c for c, d in zip(candidates, decisions, strict=True) if d is best)
        answers[of] = best, matched if best is not Decision.DIFFERENT else ()
    return answers


def _judged(
    trial: Trial,
    sound: Grid,
    report: ImportReport,
    lines: dict[int, frozenset[int]],
    answers: Answers,
) -> Trial:
    faults = (*report.refused, *report.remarks)
    named = {fault.line for fault in faults if fault.column not in OF_THE_PRACTITIONER}
    named |= set(report.not_current)
    shields, sensitive = sound.column("shield"), sound.column("sensitive")
    doubted = tuple(each.name for each in report.doubts if each.rule not in _USUAL)
    nobody = {each.column for each in report.doubts if each.rule is Rule.UNFLAGGED}
    found, possible, told, lost, exposed, nobody_is = 0, [], 0, [], [], 0
    for of, (decision, records) in answers.items():
        said = bool(lines.get(of, frozenset()) & named)
        if decision is Decision.MATCH:
            found += 1
        elif said:
            told += 1
        elif decision is Decision.POSSIBLE:
            possible.append(of)
        else:
            lost.append(of)
        rows = [row for record in records for row in record.involvements]
        withheld = all(row.shielded or row.sensitive for row in rows)
        flags = {"shield": shields[of], "sensitive": sensitive[of]}
        hers = {column for column, flag in flags.items() if flag == "yes"}
        if hers and not (withheld or said):
            if hers <= nobody:
                nobody_is += 1
            else:
                exposed.append(of)
    return replace(
        trial, found=found, possible=tuple(possible), named=told, lost=tuple(lost),
        exposed=tuple(exposed), told=nobody_is, doubted=doubted,
    )  # fmt: skip


# ---- the run -------------------------------------------------------------------------------------


@dataclass(slots=True)
class Count:
    """The trials of one damage, or of all."""

    files: int = 0
    refused: int = 0
    whole: int = 0
    naming: int = 0
    children: Counter[str] = field(default_factory=Counter)
    silent: int = 0
    shown: int = 0
    known: Counter[str] = field(default_factory=Counter)
    doubted: int = 0
    changed: int = 0
    codes: Counter[str] = field(default_factory=Counter)

    def add(self, trial: Trial) -> None:
        self.files += 1
        self.changed += trial.changed
        if trial.refused:
            self.refused += 1
            self.codes.update(trial.refused)
            return
        self.whole += not (trial.named or trial.lost or trial.possible)
        self.naming += bool(trial.named)
        self.doubted += bool(trial.doubted)
        if trial.known and not trial.sound:
            self.known[trial.damage] += 1
        elif not trial.sound:
            self.silent += bool(trial.lost)
            self.shown += bool(trial.exposed)
        self.children.update(
            found=trial.found,
            possible=len(trial.possible),
            named=trial.named,
            lost=len(trial.lost),
            exposed=len(trial.exposed),
            told=trial.told,
        )


HEADINGS: Final = (
    *("damage", "files", "refused", "all found", "rows named", "found", "possible", "named"),
    *("doubted", "lost", "shown", "of whom nobody is withheld", "files in silence"),
    *("of these, known", "refused for"),
)


def fitting(source: Source) -> list[Damage]:
    """The damages that files of this source can suffer."""
    lines = bool(source.write(children(Random(0), 8), Random(0)).encoding)
    return [damage for damage in DAMAGES.values() if lines or not damage.texts]


def trials_of(source: Source, seed: int, count: int) -> Iterator[tuple[Damage, int]]:
    """``count`` trials, each kind of damage as often as any other."""
    damages = fitting(source)
    for number in range(count):
        yield damages[number % len(damages)], seed * 1_000_003 + number


def performed(source: Source, damage: Damage, seed: int, *, stated: bool = False) -> Trial:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(attempt(source, damage, seed, Path(folder), stated=stated))


def tables(by_damage: dict[str, Count]) -> Iterator[str]:
    """A Markdown table of all damages."""
    yield f"| {' | '.join(HEADINGS)} |"
    yield "|---" * len(HEADINGS) + "|"
    for name, count in sorted(by_damage.items()):
        codes = ", ".join(f"{code} {n}" for code, n in count.codes.most_common(3))
        c = count.children
        yield (
            f"| {name} | {count.files} | {count.refused} | {count.whole} | {count.naming} |"
            f" {c['found']} | {c['possible']} | {c['named']} | {count.doubted} | {c['lost']} |"
            f" {c['exposed']} | {c['told']} | {count.silent + count.shown + count.known.total()} |"
            f" {count.known.total()} | {codes} |"
        )


def main() -> int:
    parser = seeded(__doc__)
    parser.add_argument("--source", help="only this one")
    parser.add_argument("--damage", help="only this one")
    parser.add_argument("--rows", action="store_true", help="the number of rows is stated")
    chosen = parser.parse_args()
    began, failed = time.monotonic(), False
    for source in SOURCES:
        if chosen.source not in (None, source.name):
            continue
        total, by_damage = Count(), dict[str, Count]()
        for damage, seed in trials_of(source, chosen.seed, chosen.trials):
            if chosen.damage not in (None, damage.name):
                continue
            if time.monotonic() - began > 60 * chosen.minutes:
                break
            trial = performed(source, damage, seed, stated=chosen.rows)
            total.add(trial)
            by_damage.setdefault(damage.name, Count()).add(trial)
            if not (trial.sound or trial.known):
                say(str(trial))
        say("\n".join(tables(by_damage)))
        c = total.children
        row = Row(
            f"broken-exports of {source.name}", total.files, total.whole, total.naming,
            total.refused, 0, total.silent + total.shown, total.changed,
            f"children: {c['found']} found, {c['possible']} possible, {c['named']} named, "
            f"{c['lost']} lost, {c['exposed']} shown; files in which a kind that nothing can show "
            f"befell somebody: {', '.join(f'{k} {n}' for k, n in total.known.items()) or 0}",
        )  # fmt: skip
        say(row.line())
        failed |= not row.good
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
