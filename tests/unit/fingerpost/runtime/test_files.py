"""Secrets stay in their files, and a file is created whole or not at all, whenever the process is
killed.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fingerpost.private.oprf import EvaluatorKey
from fingerpost.protocol.errors import Defect, NoRoom
from fingerpost.protocol.ids import EpochNumber
from fingerpost.runtime.files import (
    create_file,
    is_unfinished,
    or_defect,
    read_key,
    read_secret,
    remove_unfinished,
    replace_file,
    require_folder,
)
from key_holder.vault import SEED_BYTES, FileVault


def secret(folder: Path, data: bytes = b"0123456789") -> Path:
    path = folder / "secret"
    create_file(path, data)
    return path


def test_a_secret_is_written_for_its_owner_only_and_read_back(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        path = secret(tmp_path)
    finally:
        os.umask(previous)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_secret(path, most=10) == b"0123456789"
    assert read_secret(path, most=10, least=10) == b"0123456789"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_secret_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = secret(tmp_path)
    path.chmod(mode)
    with pytest.raises(Defect, match=r"tls.key: .* open to group or others") as caught:
        read_secret(path, most=10, setting="tls.key")
    assert "0123" not in str(caught.value)


def test_a_credential_may_show_the_groups_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Systemd names the unit's user in an access list, and a mode shows that as the group's."""
    path = secret(tmp_path)
    path.chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.setattr(os, "fstat", status_of(owner=0))
    assert read_secret(path, most=10) == b"0123456789"
    path.chmod(0o444)
    with pytest.raises(Defect, match="open to group or others"):
        read_secret(path, most=10)
    path.chmod(0o460)
    with pytest.raises(Defect, match="open to group or others"):
        read_secret(path, most=10)
    path.chmod(0o440)
    monkeypatch.setattr(os, "fstat", status_of(owner=os.geteuid() or 1))
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() or 1)
    with pytest.raises(Defect, match="open to group or others"):
        read_secret(path, most=10)  # attack: a folder of the user's own is called one of systemd's
    monkeypatch.setattr(os, "fstat", status_of(owner=0))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "elsewhere"))
    with pytest.raises(Defect, match="open to group or others"):
        read_secret(path, most=10)


def status_of(owner: int) -> Callable[[int], os.stat_result]:
    """What a file says of itself when it belongs to ``owner``."""
    asked = os.fstat

    def status(handle: int) -> os.stat_result:
        fields = list(asked(handle))
        fields[stat.ST_UID] = owner
        return os.stat_result(fields)

    return status


@pytest.mark.parametrize(("most", "least"), [(9, 1), (64, 11)])
def test_a_secret_of_another_length_is_refused(tmp_path: Path, most: int, least: int) -> None:
    with pytest.raises(Defect, match="does not have") as caught:
        read_secret(secret(tmp_path), most=most, least=least)
    assert "0123" not in str(caught.value)


def test_the_empty_file_of_a_key_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "audit.key"
    create_file(path, b"")
    with pytest.raises(Defect, match=r"^audit_key: .*audit.key is empty: .*remove it and make it"):
        read_key(path, setting="audit_key")


def test_only_a_plain_file_is_a_secret(tmp_path: Path) -> None:
    path = secret(tmp_path)
    link, pipe = tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(path)
    os.mkfifo(pipe, 0o600)
    for strange in (link, pipe, tmp_path, tmp_path / "none"):
        with pytest.raises(Defect):
            read_secret(strange, most=10)


def test_a_secret_that_is_missing_is_named_with_how_a_key_is_made(tmp_path: Path) -> None:
    path = tmp_path / "none"
    with pytest.raises(Defect) as found:
        read_secret(path, most=32, least=32, setting="data_key")
    fault = f"data_key: {path} cannot be opened: it does not exist"
    assert str(found.value) == f"{fault}. If it was never made: 32 random bytes, mode 0600"
    with pytest.raises(Defect) as found:
        read_secret(path, most=32, setting="data_key")
    assert str(found.value) == fault


def test_a_key_has_32_bytes(tmp_path: Path) -> None:
    path = tmp_path / "audit.secret"
    create_file(path, bytes(range(32)))
    assert read_key(path, setting="audit_key") == bytes(range(32))
    for length in (31, 33):
        other = tmp_path / f"{length}.secret"
        create_file(other, bytes(length))
        with pytest.raises(Defect, match=r"^audit_key: "):
            read_key(other, setting="audit_key")


def test_a_folder_must_be_there_and_be_this_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_folder(tmp_path, setting="state")
    with pytest.raises(Defect, match=r"^state: the folder .* does not exist"):
        require_folder(tmp_path / "none", setting="state")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    with pytest.raises(Defect, match=r"^state: the folder .* is not this user's to write in"):
        require_folder(tmp_path, setting="state")


def test_a_secret_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = secret(tmp_path)
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(Defect, match="another user"):
        read_secret(path, most=10)


def test_a_secret_is_never_overwritten(tmp_path: Path) -> None:
    path = secret(tmp_path)
    with pytest.raises(Defect, match="exists already"):
        create_file(path, b"new")
    assert path.read_bytes() == b"0123456789"
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Defect):
        create_file(dangling, b"new")
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "state"
    replace_file(path, b"one")
    replace_file(path, b"two", mode=0o640, durable=False)
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(Defect, match="cannot be replaced"):
        replace_file(folder, b"three")
    with pytest.raises(Defect, match="cannot be created"):
        replace_file(tmp_path / "none" / "state", b"four")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder", "state"]


class Killed(BaseException):
    """No handler of the program catches it, and afterwards the program does nothing more."""


STEPS = ("open", "fchmod", "write", "fsync", "close", "link", "replace", "unlink")


def kill_at(monkeypatch: pytest.MonkeyPatch, step: int) -> list[str]:
    """From call number ``step`` of the system on, every call raises. A write that is killed has
    written a half.

    Returns the names of the calls so far.
    """
    calls: list[str] = []

    def dying(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            calls.append(name)
            if len(calls) <= step:
                return real(*args, **named)
            if name == "close":  # the kernel closes what a killed process had open
                real(*args, **named)
            if name == "write" and len(calls) == step + 1:
                real(args[0], bytes(args[1])[: len(args[1]) // 2])
            raise Killed

        return call

    for name in STEPS:
        monkeypatch.setattr(os, name, dying(name, getattr(os, name)))
    return calls


def deaths(run: Callable[[int], None]) -> int:
    """Run, killed before each call in turn, until it ends unharmed; return the kills."""
    for step in range(100):
        try:
            with pytest.MonkeyPatch.context() as patched:
                kill_at(patched, step)
                run(step)
        except Killed:
            continue
        return step
    raise AssertionError("it never ends")


def test_a_kill_leaves_no_new_file_or_the_whole_one(tmp_path: Path) -> None:
    def run(step: int) -> None:
        folder = tmp_path / str(step)
        folder.mkdir()
        create_file(folder / "key", b"0123456789")

    kills = deaths(run)
    left = [(tmp_path / str(step) / "key") for step in range(kills)]
    assert {path.exists() for path in left} == {False, True}
    for path in left:
        others = [each for each in path.parent.iterdir() if each != path]
        assert all(map(is_unfinished, others))
        if path.exists():
            assert read_secret(path, most=10, least=10) == b"0123456789"
            continue
        create_file(path, b"9876543210")  # what a crash left is in nobody's way
        assert path.read_bytes() == b"9876543210"
        remove_unfinished(path.parent)
        assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("durable", [True, False])
def test_a_kill_leaves_the_earlier_file_or_the_later_one(tmp_path: Path, durable: bool) -> None:
    def run(step: int) -> None:
        path = tmp_path / str(step)
        path.write_bytes(b"earlier")
        replace_file(path, b"later", durable=durable)

    kills = deaths(run)
    left = {(tmp_path / str(step)).read_bytes() for step in range(kills)}
    assert left == ({b"earlier", b"later"} if durable else {b"earlier"})


@pytest.mark.parametrize("write", [create_file, replace_file])
@pytest.mark.parametrize("step", ["open", "fchmod", "write", "fsync"])
def test_a_full_disk_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[..., None], step: str
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(NoRoom, match=r"key: cannot be (created|written): the disk is full"):
        write(tmp_path / "key", b"0123456789")
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "fault"),
    [(errno.EPERM, "a file system without hard links"), (errno.ENOSPC, "the disk is full")],
)
def test_a_name_that_cannot_be_given_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, fault: str
) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(os, "link", refused)
    with pytest.raises(Defect, match=fault):
        create_file(tmp_path / "key", b"0123456789")
    assert list(tmp_path.iterdir()) == []


def test_a_key_holder_starts_wherever_the_making_of_its_key_was_killed(tmp_path: Path) -> None:
    epoch = EpochNumber(1)

    def run(step: int) -> None:
        folder = tmp_path / str(step)
        folder.mkdir()
        FileVault(folder).make(epoch)

    for step in range(deaths(run)):
        folder = tmp_path / str(step)
        vault = FileVault.open(folder)
        key = vault.public_key(epoch) if vault.held() else vault.make(epoch)
        assert key == EvaluatorKey(read_secret(folder / "epoch-1.seed", most=SEED_BYTES)).public_key
        assert [path.name for path in folder.iterdir()] == ["epoch-1.seed"]


def test_a_full_disk_is_told_from_other_defects() -> None:
    with (
        pytest.raises(NoRoom, match="the disk is full"),
        or_defect("full"),
        Path("/dev/full").open("wb", buffering=0) as full,
    ):
        full.write(b"x")
    with pytest.raises(Defect) as caught, or_defect("nowhere"):
        Path("/dev/full/none").read_bytes()
    assert not isinstance(caught.value, NoRoom)
