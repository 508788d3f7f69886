"""Who had how much evaluated: the key holder's audit log.

Bulk comes in thousands of batches a night; each is recorded before it is evaluated, and those that wait together share
one commit.
"""

from __future__ import annotations

import asyncio
from typing import Final

from fingerpost.audit.log import Actor, AuditEvent, AuditLog, OperationId
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import Blinded

CATALOGUE: Final = {
    "key-holder.evaluated": frozenset({"epoch", "workload", "elements"}),
}


class AuditRecord:
    """Implements ``ports.Record`` over the chained log."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log
        self._waiting: list[tuple[AuditEvent, asyncio.Future[None]]] = []
        self._committing = asyncio.Lock()

    async def evaluated(self, member: MemberId, batch: Blinded, at: float) -> None:
        event = AuditEvent(
            kind="key-holder.evaluated",
            actor=Actor.of(member),
            operation=OperationId(f"epoch-{batch.epoch}"),
            at=int(at),
            fields={
                "epoch": batch.epoch.value,
                "workload": batch.workload.name,
                "elements": len(batch.elements),
            },
        )
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((event, done))
        async with self._committing:
            if not done.done():
                await self._commit()
        await done

    async def _commit(self) -> None:
        group, self._waiting = self._waiting, []
        try:
            await asyncio.to_thread(self._log.append_many, [event for event, _ in group])
        except BaseException as failure:
            for _, done in group:
                if not done.done():
                    done.set_exception(failure)
            if not isinstance(failure, Exception):  # cancelled: the others must not wait for ever
                raise
        else:
            for _, done in group:
                if not done.done():
                    done.set_result(None)
