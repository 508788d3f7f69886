"""Takes out of an installation what one party has no use for, so that its image holds that party's
code and no other's.

Law: what a party must never load is not there to be loaded. The broker's and the issuer's images
have no code that can read a person, a key holder's has the OPRF alone. Runs while an image is
built, on the folder of an installation and nothing else; a test does the same to a copy of the tree
and starts what is left.

    python keep_only.py PARTY ENVIRONMENT     a virtual environment: /usr/local/lib/fingerpost
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PARTIES: Final = ("agency_node", "authority", "broker", "key_holder", "practitioner")
PRIVATE: Final = "fingerpost/private"
READS_PERSONS: Final = (
    PRIVATE,
    "fingerpost/membership/peppers.py",
    "fingerpost/wire/v1/private_pb2.py",
    "fingerpost/wire/v1/private_pb2.pyi",
)
OFFLINE_HALF: Final = tuple(
    f"authority/{name}"
    for name in (
        "bundles.py",
        "ceremony.py",
        "changes.py",
        "checks.py",
        "cli",
        "code_lists.py",
        "draft.py",
        "epochs.py",
        "founding.py",
        "imports.py",
        "publishing.py",
        "vault.py",
    )
)


@dataclass(frozen=True)
class Kept:
    """``spared``: what of ``fingerpost/private`` stays where ``reads_persons`` is false."""

    folder: str
    commands: tuple[str, ...]
    reads_persons: bool = False
    spared: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


KEPT: Final = {
    "issuer": Kept("authority", ("fingerpost-issuer",), left_out=OFFLINE_HALF),
    "broker": Kept("broker", ("fingerpost-broker",)),
    "key-holder": Kept("key_holder", ("fingerpost-key-holder",), spared=("__init__.py", "oprf.py")),
    "node": Kept("agency_node", ("fingerpost-node", "fingerpost-match"), reads_persons=True),
    "gateway": Kept("practitioner", ("fingerpost",), reads_persons=True),
}


def strip_packages(packages: Path, party: str) -> None:
    """``packages``: the folder that holds ``fingerpost`` and the parties. Raises ``SystemExit``
    when it does not.
    """
    kept = KEPT[party]
    for folder in ("fingerpost", *PARTIES):
        if not (packages / folder / "__init__.py").is_file():
            raise SystemExit(f"{packages}: {folder} is not installed there")
    spared = {name: (packages / PRIVATE / name).read_bytes() for name in kept.spared}
    gone = [folder for folder in PARTIES if folder != kept.folder]
    gone += kept.left_out
    gone += () if kept.reads_persons else READS_PERSONS
    for name in gone:
        _remove(packages / name)
    for name, content in spared.items():
        (packages / PRIVATE).mkdir(exist_ok=True)
        (packages / PRIVATE / name).write_bytes(content)


def strip_commands(commands: Path, party: str) -> None:
    for path in commands.glob("fingerpost*"):
        if path.name not in KEPT[party].commands:
            path.unlink()


def _remove(path: Path) -> None:
    """With what was compiled of it."""
    if path.is_dir():
        shutil.rmtree(path)
        return
    path.unlink(missing_ok=True)
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()


def main() -> None:
    party, environment = sys.argv[1], Path(sys.argv[2])
    (packages,) = environment.glob("lib/python3.*/site-packages")
    strip_packages(packages, party)
    strip_commands(environment / "bin", party)


if __name__ == "__main__":
    main()
