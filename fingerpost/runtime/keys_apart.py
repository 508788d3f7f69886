"""Keys lie apart from the data that they open.

Law: a key is on another file system than the data, or under another top folder, such as ``/etc``
for keys where the data is in ``/var``. Otherwise one folder that is copied, backed up or stolen is
read whole, sealed or not. A small machine with one disk can keep this rule; it does not help where
the whole disk is copied, and the disk is encrypted against that. A trial may break the rule when
its settings say that it is one. No party starts without this check.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from fingerpost.protocol.errors import Defect
from fingerpost.runtime.files import or_defect


def require_apart(keys: Mapping[str, Path], data: Iterable[Path], *, trial: bool) -> None:
    """Check that no key lies beside data. Files need not exist yet.

    Args:
        keys: each key's file by the name of its setting.
        data: files and folders that one of the keys opens.
        trial: whether the settings say that this is a trial.

    Raises:
        Defect: a key lies beside data, and it is no trial; the message names the setting.
    """
    if trial:
        return
    for setting, key in keys.items():
        for kept in data:
            if not _apart(key, kept):
                raise Defect(
                    f"{setting}: {key} lies beside the data that it opens, {kept}. Keep keys on "
                    "another file system or under another top folder, such as /etc/fingerpost, "
                    "and in another backup. For a trial without real children, set `trial = true` "
                    "under [places]"
                )


def _apart(one: Path, other: Path) -> bool:
    one, other = one.resolve(), other.resolve()
    return one.parts[:2] != other.parts[:2] or _device(one) != _device(other)


def _device(path: Path) -> int:
    """Return the file system of a file, or of the nearest folder where it is to be made."""
    there = next(each for each in (path, *path.parents) if each.exists())
    with or_defect(f"{path}: cannot be looked at"):
        return there.stat().st_dev
