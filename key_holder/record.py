"""Record in the key holder's audit log who had how much evaluated.

Bulk comes in thousands of batches a night. Each is recorded before it is evaluated, and those that
wait together share one commit.
"""

from __future__ import annotations

from typing import Final

from fingerpost.audit.log import Actor, AuditEvent, AuditLog, OperationId
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import Blinded
from fingerpost.runtime.group_commit import GroupCommit

METER_ADOPTED: Final = "key-holder.meter_adopted"
CATALOGUE: Final = {
    "key-holder.evaluated": frozenset({"epoch", "workload", "elements"}),
    METER_ADOPTED: frozenset({"before", "number", "sound"}),
}


class AuditRecord:
    """Implements ``ports.Record`` over the chained log."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log
        self._writer = GroupCommit(self._commit, "audit")

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
        await self._writer.append(event)

    async def close(self) -> None:
        """Wait for the commit under way, so that the log may be closed."""
        await self._writer.close()

    def _commit(self, events: list[AuditEvent]) -> None:
        self._log.append_many(events)
