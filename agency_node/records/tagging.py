"""From staged records to tags: what is asked of the key holders, and what need not be.

Holders meter what a member has evaluated (declared caseload × 25 keys × 1.5 in a whole epoch), so
that nobody can run over all children of England. A nightly import therefore asks only for children
who are new or whose fields have changed; for the others the tags of the generation before are taken
over. Equal inputs within one agency are asked for once; tags never pass from one agency to another.

A record takes the wide keys, which contain the narrow ones, so that a query of either kind finds
it; the pupil number is among them only where the agency's agreement lets it be used.

Resumable: tags are stored by blocks of ``TAG_BLOCK`` records, and what is stored is not asked for
again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from agency_node.records.ports import TAG_BLOCK, Effort, Imports, Tags
from fingerpost.private.linkage import (
    NORMALISATION_VERSION,
    NormalForm,
    Scope,
    Side,
    blocking_keys,
    normalise,
    oprf_input,
)
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Epoch
from fingerpost.protocol.ids import AgencyId, EpochNumber, MemberId

BLOCKS_AT_ONCE: Final = 2
MOST_REMEMBERED: Final = 400_000
"""Inputs of one agency's run whose tags are kept in memory (some 100 MB), so that siblings' and
twins' are asked for once."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """What tagging a generation for one epoch came to, in however many runs."""

    epoch: EpochNumber
    children: int = 0
    taken_over: int = 0
    evaluated: int = 0


Progress = Callable[[int], None]
"""Called with the number of children done since the last call."""


class Tagger:
    """Raises ``Refused`` as the key holders do; what was stored by then stays."""

    def __init__(self, imports: Imports, tags: Tags) -> None:
        self._imports = imports
        self._tags = tags

    async def tag(
        self,
        agency: AgencyId,
        generation: int,
        epoch: Epoch,
        holders: tuple[MemberId, MemberId],
        progress: Progress,
    ) -> Tagged:
        """Tags whatever of the generation has no tags for the epoch. Raises
        ``Refused(UNSUPPORTED)`` for a generation of another normalisation version: its keys would
        meet nobody's."""
        plan = await asyncio.to_thread(self._imports.plan, agency, generation)
        if plan.normalisation_version != NORMALISATION_VERSION:
            raise Refused(Code.UNSUPPORTED, "normalisation version")
        todo = await asyncio.to_thread(self._imports.untagged, agency, generation, epoch.number)
        run = _Run(
            self._imports, self._tags, agency, generation, epoch, holders, progress, plan.upn
        )
        progress(plan.children - sum(min(TAG_BLOCK, plan.children - first) for first in todo))
        rest = iter(todo)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(BLOCKS_AT_ONCE):
                    group.create_task(run.blocks(rest))
        except ExceptionGroup as errors:  # one reason is told: all blocks met the same holders
            raise _first(errors) from None
        took = await asyncio.to_thread(self._imports.effort, agency, generation, epoch.number)
        return Tagged(epoch.number, plan.children, took.taken_over, took.evaluated)


class _Run:
    """One agency, one generation, one epoch."""

    def __init__(
        self,
        imports: Imports,
        tags: Tags,
        agency: AgencyId,
        generation: int,
        epoch: Epoch,
        holders: tuple[MemberId, MemberId],
        progress: Progress,
        upn: bool,
    ) -> None:
        self._imports = imports
        self._tags = tags
        self._agency = agency
        self._generation = generation
        self._epoch = epoch
        self._holders = holders
        self._progress = progress
        self._upn = upn
        self._known: dict[bytes, bytes] = {}

    async def blocks(self, rest: Iterator[int]) -> None:
        for first in rest:
            known, wanted = await asyncio.to_thread(self._read, first)
            new = [x for x in dict.fromkeys(x for xs in wanted for x in xs) if x not in self._known]
            fresh = await self._evaluate(new)
            of_records = [
                tags if tags is not None else tuple(fresh.get(x) or self._known[x] for x in xs)
                for tags, xs in zip(known, wanted, strict=True)
            ]
            await asyncio.to_thread(
                self._imports.put_tags,
                self._agency,
                self._generation,
                self._epoch.number,
                first,
                of_records,
                Effort(sum(tags is not None for tags in known), len(new)),
            )
            if len(self._known) < MOST_REMEMBERED:
                self._known.update(fresh)
            self._progress(len(of_records))

    def _read(
        self, first: int
    ) -> tuple[Sequence[tuple[bytes, ...] | None], list[tuple[bytes, ...]]]:
        """Of each record of the block: the tags taken over, or else its inputs."""
        records = self._imports.children(self._agency, self._generation, first, TAG_BLOCK)
        known = self._imports.earlier_tags(
            self._agency, self._generation, self._epoch.number, [mark for _, _, mark in records]
        )
        wanted = [
            () if tags is not None else record_inputs(normalise(demographics), upn=self._upn)
            for tags, (_, demographics, _) in zip(known, records, strict=True)
        ]
        return known, wanted

    async def _evaluate(self, inputs: Sequence[bytes]) -> dict[bytes, bytes]:
        size = limits.BATCH_ELEMENTS
        batches = [inputs[i : i + size] for i in range(0, len(inputs), size)]
        async with asyncio.TaskGroup() as group:
            asked = [
                group.create_task(self._tags.tags(batch, self._epoch, self._holders))
                for batch in batches
            ]
        return {
            x: tag
            for batch, answer in zip(batches, asked, strict=True)
            for x, tag in zip(batch, answer.result(), strict=True)
        }


def _first(errors: ExceptionGroup[Exception]) -> Exception:
    """Concurrent batches fail for one reason; the first stands for all."""
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, ExceptionGroup) else error


def record_inputs(form: NormalForm, *, upn: bool) -> tuple[bytes, ...]:
    """The OPRF inputs x_i, at most ``limits.BULK_KEYS_PER_CHILD``; none when too little is known to
    find the child.
    """
    keys = blocking_keys(form, side=Side.RECORD, scope=Scope.WIDE, upn=upn)
    return tuple(oprf_input(key, NORMALISATION_VERSION) for key in keys)
