"""When answers leave. Pure.

All answers to a frame leave on one tick of the node's monotonic clock, a fixed delay after the frame was received and
never because they are ready (attack: the time of an answer tells a hit). If the work took longer, all of that frame's
answers move to the next tick together.
"""

from __future__ import annotations

from math import ceil

from fingerpost.protocol import limits


def departure(received_at: float, ready_at: float, delay_ms: int) -> float:
    """Monotonic seconds: the first tick not before receipt plus delay, nor before the work was done."""
    tick = limits.TICK_MS / 1000
    due = max(received_at + delay_ms / 1000, ready_at)
    # Ticks stand at whole multiples; the small term keeps a due time that is a tick from moving by rounding.
    return ceil(due / tick - 1e-9) * tick
