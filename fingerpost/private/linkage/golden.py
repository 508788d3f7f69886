"""Check or write the golden vectors from the command line; the rules are in ``golden_vectors``.

    python -m fingerpost.private.linkage.golden              checks, exits with 1 where they differ
    python -m fingerpost.private.linkage.golden --write      writes them anew

Only a release that raises the normalisation version may write vectors that change a key.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from fingerpost.private.linkage.golden_vectors import FILE, check_golden_vectors, make_vectors
from fingerpost.protocol.errors import Defect

__all__ = ["check_golden_vectors", "main"]


def main(arguments: list[str]) -> int:
    """Exit code 0 if all is well, 1 if the vectors differ, 2 for a wrong call."""
    if arguments == ["--write"]:
        text = json.dumps(make_vectors(), indent=1, sort_keys=True) + "\n"
        Path(__file__).with_name(FILE).write_text(text, "utf-8")
        return 0
    if arguments:
        sys.stderr.write("usage: python -m fingerpost.private.linkage.golden [--write]\n")
        return 2
    try:
        check_golden_vectors()
    except Defect as defect:
        sys.stderr.write(f"{defect}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
