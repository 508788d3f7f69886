"""What a process of a party has really loaded, once every module of the party is imported.

The import contracts read the source; this runs it, so that an import made by name, or by a package
on the way, is seen too. The children of a lookup cannot be read by code that is not there.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
_LOAD_ALL = """
import importlib, json, pkgutil, sys
party = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(party.__path__, party.__name__ + "."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(json.dumps(sorted(sys.modules)))
"""


def _loaded(party: str) -> set[str]:
    loaded = subprocess.run(
        [sys.executable, "-c", _LOAD_ALL, party],
        cwd=TREE,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return set(json.loads(loaded.stdout))


def _private(loaded: set[str]) -> set[str]:
    return {
        name
        for name in loaded
        if name.startswith("fingerpost.private") or name.endswith("private_pb2")
    }


def test_a_broker_has_loaded_nothing_that_can_read_a_person() -> None:
    loaded = _loaded("broker")
    assert "fingerpost.protocol" in loaded
    assert _private(loaded) == set()


def test_a_key_holder_has_loaded_the_oprf_and_nothing_else_of_it() -> None:
    assert _private(_loaded("key_holder")) == {"fingerpost.private", "fingerpost.private.oprf"}


def test_the_search_finds_what_is_there() -> None:
    """The same search over a party that does read people: it must not be blind itself."""
    assert "fingerpost.private.demographics" in _private(_loaded("fingerpost.private"))
