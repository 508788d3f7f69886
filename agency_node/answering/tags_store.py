"""The tags of the questions about marked records, in a file of the node's state.

The same children are asked for by every node of the federation, so nothing in it is secret. Who
can write it can make the node believe that it misses its records, or that it finds them, and can
write all else of the node's state as well.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from fingerpost.protocol.errors import Defect
from fingerpost.runtime.files import read_file, replace_file

KEPT: Final = 4
"""Of so many epochs, and keys of theirs, the tags are kept."""
_MOST_BYTES: Final = 256 * 1024
_DECODER: Final = msgspec.msgpack.Decoder(dict[bytes, tuple[bytes, ...]])


class TagsFile:
    """Implements ``self_test.KeptTags``."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, name: bytes) -> tuple[bytes, ...]:
        return self._all().get(name, ())

    def keep(self, name: bytes, tags: tuple[bytes, ...]) -> None:
        kept = {each: of for each, of in self._all().items() if each != name}
        newest = [*kept.items(), (name, tags)][-KEPT:]
        replace_file(self._path, msgspec.msgpack.encode(dict(newest)), mode=0o600)

    def _all(self) -> dict[bytes, tuple[bytes, ...]]:
        if not self._path.exists():
            return {}
        try:
            return _DECODER.decode(read_file(self._path, most=_MOST_BYTES))
        except (Defect, msgspec.MsgspecError):
            return {}  # the key holders are asked again
