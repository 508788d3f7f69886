"""From staged records to tags, with as few evaluations by the key holders as possible.

Holders meter what a member has evaluated, by its declared caseload (``protocol.caseload``), so that
nobody can evaluate the keys of all children of England. A nightly import therefore asks only
for children who are new or whose fields have changed; for the others it takes over the tags of the
generation before. It asks once for equal inputs within one agency; tags never pass from one agency
to another.

The marked records behind the children are tagged as they are, in their own domain.

A record takes the wide keys, which contain the narrow ones, so that a query of either kind finds
it; the pupil number is among them only where the agency's agreement lets it be used.

Tagging can be resumed: tags are stored by blocks of ``TAG_BLOCK`` records, and a block that is
stored is not tagged again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from agency_node.records.ports import TAG_BLOCK, Effort, Imports, Staged, Tags
from agency_node.records.records import RecordId
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import (
    NORMALISATION_VERSION,
    NormalForm,
    Scope,
    Side,
    blocking_keys,
    normalise,
    oprf_inputs,
)
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Epoch
from fingerpost.protocol.ids import AgencyId, EpochNumber, MemberId

BLOCKS_AT_ONCE: Final = 2
MOST_REMEMBERED: Final = 400_000
"""Inputs of one agency's run whose tags are kept in memory (about 100 MB), so that those which
siblings and twins share are asked for once."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """The result of tagging a generation for one epoch, in one or more runs."""

    epoch: EpochNumber
    children: int = 0
    taken_over: int = 0
    evaluated: int = 0


Progress = Callable[[int], None]
"""It is called with the number of children done since the last call."""


@dataclass(frozen=True, slots=True)
class Tagger:
    """Tags generations. What is stored stays when the key holders refuse."""

    imports: Imports
    tags: Tags

    async def tag(
        self,
        agency: AgencyId,
        generation: int,
        epoch: Epoch,
        holders: tuple[MemberId, MemberId],
        progress: Progress,
    ) -> Tagged:
        """Tag the records of a generation that have no tags for the epoch.

        Args:
            holders: in the order of the member list's parameters.

        Raises:
            Refused: UNSUPPORTED for a generation of another normalisation version, whose keys would
                be equal to no query's; otherwise as ``Tags``.
        """
        plan = await asyncio.to_thread(self.imports.plan, agency, generation)
        if plan.normalisation_version != NORMALISATION_VERSION:
            raise Refused(Code.UNSUPPORTED, "normalisation version")
        todo = await asyncio.to_thread(self.imports.untagged, agency, generation, epoch.number)
        run = _Run(self.imports, self.tags, agency, generation, epoch, holders, progress, plan)
        progress(plan.children - sum(_children_in(plan, first) for first in todo))
        rest = iter(todo)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(BLOCKS_AT_ONCE):
                    group.create_task(run.blocks(rest))
        except ExceptionGroup as errors:  # all blocks met the same holders: one reason is enough
            raise _first(errors) from None
        took = await asyncio.to_thread(self.imports.effort, agency, generation, epoch.number)
        return Tagged(epoch.number, plan.children, took.taken_over, took.evaluated)


@dataclass(frozen=True, slots=True)
class _Run:
    """A run over one generation of one agency, for one epoch.

    ``remembered``: tags by input, for the records to come.
    """

    imports: Imports
    tags: Tags
    agency: AgencyId
    generation: int
    epoch: Epoch
    holders: tuple[MemberId, MemberId]
    progress: Progress
    plan: Staged
    remembered: dict[bytes, bytes] = field(default_factory=dict)

    async def blocks(self, rest: Iterator[int]) -> None:
        """Tag one block after another."""
        for first in rest:
            known, wanted = await asyncio.to_thread(self._read, first)
            inputs = dict.fromkeys(x for xs in wanted for x in xs)
            new = [x for x in inputs if x not in self.remembered]
            fresh = await self._evaluate(new)
            of_records = [
                tags if tags is not None else tuple(fresh.get(x) or self.remembered[x] for x in xs)
                for tags, xs in zip(known, wanted, strict=True)
            ]
            children = _children_in(self.plan, first)
            effort = Effort(sum(tags is not None for tags in known[:children]), len(new))
            block = (self.agency, self.generation, self.epoch.number, first, of_records, effort)
            await asyncio.to_thread(self.imports.put_tags, *block)
            if len(self.remembered) < MOST_REMEMBERED:
                self.remembered.update(fresh)
            self.progress(children)

    def _read(
        self, first: int
    ) -> tuple[Sequence[tuple[bytes, ...] | None], list[tuple[bytes, ...]]]:
        """Return, for each record of the block, the tags to take over, and else its inputs."""
        records = self.imports.children(self.agency, self.generation, first, TAG_BLOCK)
        marks = [mark for _, _, mark in records]
        known = self.imports.earlier_tags(self.agency, self.generation, self.epoch.number, marks)
        wanted = [
            () if tags is not None else self._inputs(record, demographics)
            for tags, (record, demographics, _) in zip(known, records, strict=True)
        ]
        return known, wanted

    def _inputs(self, record: RecordId, demographics: Demographics) -> tuple[bytes, ...]:
        marked = record.value >= self.plan.children
        return record_inputs(normalise(demographics), upn=self.plan.upn, marked=marked)

    async def _evaluate(self, inputs: Sequence[bytes]) -> dict[bytes, bytes]:
        size = limits.BATCH_ELEMENTS
        batches = [inputs[i : i + size] for i in range(0, len(inputs), size)]
        async with asyncio.TaskGroup() as group:
            asked = [
                group.create_task(self.tags.tags(batch, self.epoch, self.holders))
                for batch in batches
            ]
        return {
            x: tag
            for batch, answer in zip(batches, asked, strict=True)
            for x, tag in zip(batch, answer.result(), strict=True)
        }


def _children_in(plan: Staged, first: int) -> int:
    """Return how many records of the block from ``first`` on are of children."""
    return max(0, min(TAG_BLOCK, plan.children - first))


def _first(errors: ExceptionGroup[Exception]) -> Exception:
    """Return the first error, which stands for all: concurrent batches fail for one reason."""
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, ExceptionGroup) else error


def record_inputs(form: NormalForm, *, upn: bool, marked: bool = False) -> tuple[bytes, ...]:
    """Return the OPRF inputs x_i, at most ``limits.BULK_KEYS_PER_CHILD``; none when too little is
    known to find the child.
    """
    keys = blocking_keys(form, side=Side.RECORD, scope=Scope.WIDE, upn=upn)
    return oprf_inputs(keys, marked=marked)
