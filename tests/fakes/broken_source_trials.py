"""What becomes of broken exports of councils and health services: each is read as an import does,
and every child of it is looked for. All of it follows from a seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from agency_node.importing.finding import Rule
from agency_node.importing.first_import import doubts_about
from agency_node.importing.misread import Earlier
from agency_node.importing.quality.recorded import Recorded
from agency_node.importing.sources.children import SourceChild
from agency_node.importing.sources.columns import Columns
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.reading import Content
from agency_node.importing.staging import (
    Options,
    Readied,
    Unconfirmed,
    make_ready,
    require_confirmed,
)
from fakes.broken_sources import Broken, Child, case
from fakes.damages import OF_THE_PRACTITIONER
from fakes.import_world import AS_OF, codes_of, left_by
from fingerpost.private.demographics import Demographics, Sex
from fingerpost.private.linkage import Decision, normalise, wide_keys

OPTIONS: Final = Options(AS_OF, Columns(), upn=False)


@dataclass(frozen=True)
class Trial:
    """What became of one broken export, and of its children."""

    source: str
    damage: str
    number: int
    refused: tuple[str, ...] = ()
    named: int = 0
    lost: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    possible: int = 0


def ready(content: Content) -> Readied:
    return make_ready(b"\0".join, content, OPTIONS)


def attempt(source: str, number: int, seed: int) -> Trial:
    """Break an export and read it, beside an earlier import of a sound one or without one."""
    some, sound, broken = case(source, number, seed)
    earlier = None if sound is None else left_by(ready(sound))
    try:
        readied = ready(broken.content)
        require_confirmed(readied, earlier, OPTIONS)
    except (RefusedFile, Unconfirmed) as why:
        return Trial(source, broken.damage, number, codes_of(why))
    return judged(source, number, some, broken, readied, earlier)


Best = tuple[Decision, list[SourceChild]]


def _lookups(some: Sequence[Child], readied: Readied) -> Mapping[str, Best]:
    """By child, what a lookup finds of her by all but her number, and the records that it is of."""
    recorded = Recorded(upn=False)
    for one in readied.children:
        form = normalise(one.source.demographics)
        recorded.add(one.source.local_id, form, *wide_keys(form, upn=False))
    recorded.close()
    found = {}
    for child in some:
        who = Demographics(
            forename=child.forename,
            surname=child.surname,
            dob=child.born,
            sex=Sex.FEMALE if child.female else Sex.MALE,
            postcode=child.postcode,
        )
        form = normalise(who)
        opened = recorded.opened(wide_keys(form, upn=False)[1])
        rulings = recorded.rule(form, recorded.likely(opened))
        decisions = {n: ruling.decision for n, ruling in rulings.items()}
        best = min(decisions.values(), key=list(Decision).index, default=Decision.DIFFERENT)
        same = [n for n, decision in decisions.items() if decision is best]
        found[child.number] = best, [readied.children[n].source for n in same]
    return found


def judged(
    source: str,
    number: int,
    some: Sequence[Child],
    broken: Broken,
    readied: Readied,
    earlier: Earlier | None,
) -> Trial:
    """A child is found, or one of her lines is named, or she is among those who are counted.

    A shielded child is shielded, or the report of a first import says that nobody is.
    """
    doubts = {each.name for each in doubts_about(readied.facts, earlier)}
    of_nobody = f"{Rule.UNFLAGGED.value}:shield" in doubts
    faults = (*readied.refused, *readied.remarks)
    named = {fault.line for fault in faults if fault.column not in OF_THE_PRACTITIONER}
    over = {*readied.export.not_current}
    beyond = len({fault.line for fault in readied.refused if fault.line >= broken.unknown > 0})
    counted = sum(
        int(remark.split()[0])
        for remark in readied.export.about
        if "not imported" in remark or "merged into" in remark
    )
    lost, exposed, told, possible = [], [], 0, 0
    for child, (best, found) in zip(some, _lookups(some, readied).values(), strict=True):
        hers = broken.hers.get(child.number, set())
        said = bool(hers & named)
        told += said
        possible += best is Decision.POSSIBLE and not said
        if best is Decision.DIFFERENT and not (said or hers & over):
            lost.append(child.number)
        if best is not Decision.DIFFERENT and child.shield and not (said or of_nobody):
            shielded = all(one.involvements[0].shielded for one in found)
            if not shielded and not any("adoption" in each for each in readied.export.about):
                exposed.append(child.number)
    if len(lost) <= beyond + counted:
        lost = []
    return Trial(source, broken.damage, number, (), told, tuple(lost), tuple(exposed), possible)
