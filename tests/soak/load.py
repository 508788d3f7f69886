"""Many lookups at once."""

from __future__ import annotations

from statistics import median

from soak.federation import federation
from soak.framework import Run, scenario

AT_ONCE = 64


@scenario
async def load(run: Run) -> None:
    """64 lookups at once, again and again."""
    seconds: list[float] = []
    async with federation(run) as fed:
        while run.goes_on():
            some = await fed.at_once(AT_ONCE)
            seconds += some
            run.say(f"{run.name} {run.done}: median {median(some):.1f} s, most {max(some):.1f} s")
    if seconds:
        run.note = (
            f"a lookup among {AT_ONCE} at once: median {median(seconds):.1f} s, "
            f"most {max(seconds):.1f} s"
        )
