"""What a node answers from after a file that was refused: the records of the import before."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path

from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.reading import Content
from agency_node.importing.staging import Options, SourceFile, Unconfirmed
from fakes.import_world import AS_OF, OAK, WEEK, Seen, World


def state_of(folder: Path) -> bytes:
    """Return a digest of all that a node keeps: its records, registers and witnesses."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.endswith("-shm"):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.digest()


def are_changed_by(broken: Content, sound: Content, options: Options) -> bool:
    """Return whether a broken file changes what a node keeps that has imported a sound one a week
    before. Raises ``ValueError`` where the node takes the broken one.
    """
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_changed(Path(folder), broken, sound, options))


async def _changed(folder: Path, broken: Content, sound: Content, options: Options) -> bool:
    world = World(folder)
    world.open_epoch()
    try:
        before = replace(options, as_of=AS_OF - WEEK)
        await world.importer.run(OAK, SourceFile(sound, b"1" * 32, AS_OF), before, Seen())
        old = state_of(folder)
        try:
            await world.importer.run(OAK, SourceFile(broken, b"2" * 32, AS_OF), options, Seen())
        except (RefusedFile, Unconfirmed):
            return state_of(folder) != old
        raise ValueError("the file is taken")
    finally:
        world.close()
