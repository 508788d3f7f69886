"""Health over a real Unix socket."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fingerpost.protocol.errors import Defect
from fingerpost.runtime.health import (
    SOCKET_BYTES,
    Health,
    knows,
    look,
    look_at_folder,
    probe,
    serve_health,
)


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
async def socket(tmp_path: Path, health: Health) -> AsyncIterator[Path]:
    path = tmp_path / "health"
    async with serve_health(health, path):
        yield path


async def test_a_process_does_not_serve_until_it_says_so(health: Health, socket: Path) -> None:
    assert not await probe(socket)
    await health.set("", serving=True)
    assert await probe(socket)
    assert not await probe(socket, "fingerpost.Other")
    await health.set("fingerpost.Other", serving=True)
    assert await probe(socket, "fingerpost.Other")
    await health.set("fingerpost.Other", serving=False)
    assert not await probe(socket, "fingerpost.Other")
    assert await probe(socket)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_the_socket_is_closed_to_others(socket: Path) -> None:
    assert mode_of(socket) == 0o600


async def test_stopping_is_final(health: Health, socket: Path) -> None:
    await health.set("", serving=True)
    await health.stop()
    await health.set("", serving=True)
    assert not await probe(socket)


async def test_nobody_there_does_not_serve(tmp_path: Path) -> None:
    assert not await probe(tmp_path / "none")
    assert await look(tmp_path / "none") is None
    assert await knows(tmp_path / "none", "") is None


async def test_a_service_that_does_not_serve_is_known_and_another_is_not(
    health: Health, socket: Path
) -> None:
    await health.set("oak", serving=False)
    assert await knows(socket, "oak") is True
    assert await knows(socket, "elm") is False
    await health.set("oak", serving=True)
    assert await knows(socket, "oak") is True


async def test_a_service_that_was_withdrawn_is_unknown(health: Health, socket: Path) -> None:
    await health.set("import 1", serving=True)
    assert await look(socket, "import 1") is True
    await health.withdraw("import 1")
    assert await look(socket, "import 1") is False
    await health.withdraw("import 1")


async def test_a_socket_that_cannot_be_opened_is_a_defect(tmp_path: Path) -> None:
    with pytest.raises(Defect, match=r"^health: .* cannot be opened\. Its folder must exist"):
        async with serve_health(Health(), tmp_path / "no folder" / "health"):
            pytest.fail("opened")


def test_a_folder_that_is_missing_is_said_and_ends_nothing(tmp_path: Path) -> None:
    fault = look_at_folder(tmp_path / "run" / "health")
    assert fault is not None
    assert fault.startswith(f"health: the folder {tmp_path / 'run'} does not exist")
    (tmp_path / "run").mkdir()
    assert look_at_folder(tmp_path / "run" / "health") is None


def test_a_socket_that_could_never_be_opened_is_a_defect_of_the_check(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Defect, match=r"^health: the folder"):
        look_at_folder(tmp_path / "file" / "health")
    long = tmp_path / ("x" * (SOCKET_BYTES - len(str(tmp_path))))
    with pytest.raises(Defect, match=f"more than {SOCKET_BYTES} bytes"):
        look_at_folder(long)
    assert look_at_folder(Path(str(long)[:-1])) is None


async def test_a_socket_left_by_a_crash_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "health"
    async with serve_health(Health(), path), serve_health(Health(), path):
        assert not await probe(path)
