"""Count the project's own files that one lookup runs through, from the practitioner's question to
the outcome.

Run with ``make lookup-files``. The lookup is that of ``tests/simulation/test_one_lookup.py``: every
party's own rules and services in one process. A file counts when one of its functions runs;
generated code and tests do not count.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import FrameType

TREE = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TREE), str(TREE / "tests")]

from fakes.wexcombe import COUNCIL, QUESTION, build

PARTIES = ("agency_node", "authority", "broker", "fingerpost", "key_holder", "practitioner")


def files_of_a_lookup() -> list[str]:
    """Return the paths of the files, relative to the tree, sorted."""
    seen: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            seen.add(frame.f_code.co_filename)

    async def run() -> None:
        world = build()
        await world.start()
        gateway = world.gateway(COUNCIL)
        sys.setprofile(note)
        try:
            await world.run(gateway.client.lookup(gateway.session, QUESTION))
        finally:
            sys.setprofile(None)
            await world.stop()

    asyncio.run(run())
    own = {Path(name).relative_to(TREE) for name in seen if name.startswith(str(TREE))}
    return sorted(str(path) for path in own if path.parts[0] in PARTIES and "_pb2" not in path.name)


if __name__ == "__main__":
    files = files_of_a_lookup()
    print("\n".join(files))
    print(f"{len(files)} files")
