"""The draft: what the next publication will say, before anybody has signed it.

It is kept as JSON files in the form of the published targets, so that a person can read them and
``diff -r draft repository/targets`` shows what a publication changes. A ``Draft`` is a value;
``changes`` makes the next from it, ``checks`` judges it, and publishing signs it. Code lists are
not part of it (governance signs them separately), nor is the deny-list (the issuer signs it
online).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from fingerpost.protocol import federation_files as files
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.federation import Agency, Area, Member, Parameters
from fingerpost.protocol.federation_files import Index, SealedPepper
from fingerpost.protocol.ids import AreaCode, EpochNumber, MemberId
from fingerpost.runtime.files import read_file, replace_file

T = TypeVar("T")
_FOLDERS = ("members", "areas", "peppers")


@dataclass(frozen=True, slots=True, repr=False)
class Draft:
    parameters: Parameters
    members: Mapping[MemberId, Member]
    areas: Mapping[AreaCode, Area]
    peppers: Mapping[tuple[EpochNumber, MemberId], SealedPepper]

    @property
    def agencies(self) -> tuple[Agency, ...]:
        """Those of all areas, each once: at its home."""
        return tuple(agency for area in self.areas.values() for agency in area.agencies)

    def __repr__(self) -> str:
        return f"Draft({len(self.members)} members, {len(self.areas)} areas)"


def target_files(draft: Draft) -> dict[str, bytes]:
    """Return the target files by path, the index of areas and members among them.

    Raises:
        Defect: a value that no member could read back.
    """
    index = Index(tuple(sorted(draft.areas)), tuple(sorted(draft.members)))
    found = {
        files.INDEX: _written(index, files.write_index),
        files.PARAMETERS: _written(draft.parameters, files.write_parameters),
    }
    for member in draft.members.values():
        found[files.member_path(member.id)] = _written(member, files.write_member)
    for area in draft.areas.values():
        found[files.area_path(area.code)] = _written(area, files.write_area)
    for (epoch, member_id), pepper in draft.peppers.items():
        found[files.pepper_path(epoch, member_id)] = _written(pepper, files.write_pepper)
    return found


_READERS: Mapping[Callable[..., bytes], Callable[[bytes], object]] = {
    files.write_index: files.read_index,
    files.write_parameters: files.read_parameters,
    files.write_member: files.read_member,
    files.write_area: files.read_area,
    files.write_pepper: files.read_pepper,
}


def _written(value: T, write: Callable[[T], bytes]) -> bytes:
    data = write(value)
    try:
        again = _READERS[write](data)
    except Refused as refused:
        raise Defect(f"{_name(value)}: out of bounds ({refused.what})") from None
    if again != value:
        raise Defect(f"{_name(value)}: does not read back as it was")
    return data


def _name(value: object) -> str:
    return str(getattr(value, "id", None) or getattr(value, "code", None) or type(value).__name__)


def write_draft(folder: Path, draft: Draft) -> None:
    """Make the folder hold exactly this draft; files that do not change are not written.

    Raises:
        Defect: a value that no member could read back, or a file cannot be written.
    """
    wanted = target_files(draft)
    for path, data in wanted.items():
        file = folder / path
        if file.exists() and file.read_bytes() == data:
            continue
        file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        replace_file(file, data, mode=0o644, durable=False)
    for path in _present(folder):
        if path not in wanted:
            (folder / path).unlink()


def read_draft(folder: Path) -> Draft:
    """Read the folder.

    Raises:
        Defect: a file is missing or not of the agreed form; it names the file.
    """
    parameters = _read(folder, files.PARAMETERS, files.read_parameters)
    members: dict[MemberId, Member] = {}
    areas: dict[AreaCode, Area] = {}
    peppers: dict[tuple[EpochNumber, MemberId], SealedPepper] = {}
    for path in _present(folder):
        match path.split("/", 1)[0]:
            case "members":
                member = _read(folder, path, files.read_member)
                members[member.id] = member
                stated = files.member_path(member.id)
            case "areas":
                area = _read(folder, path, files.read_area)
                areas[area.code] = area
                stated = files.area_path(area.code)
            case _:
                pepper = _read(folder, path, files.read_pepper)
                peppers[pepper.epoch, pepper.member] = pepper
                stated = files.pepper_path(pepper.epoch, pepper.member)
        if path != stated:  # a file copied under another name would be published twice
            raise Defect(f"{folder / path}: says that it is {stated}")
    return Draft(parameters, members, areas, peppers)


def _present(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix()
        for name in _FOLDERS
        for path in (folder / name).rglob("*.json")
    )


def _read(folder: Path, path: str, read: Callable[[bytes], T]) -> T:
    file = folder / path
    data = read_file(file, most=limits.METADATA_FILE_BYTES)
    try:
        return read(data)
    except Refused as refused:
        raise Defect(f"{file}: not of the agreed form ({refused.what})") from None
