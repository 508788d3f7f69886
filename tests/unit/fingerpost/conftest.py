"""What the tests of the shared package share."""

from __future__ import annotations

import io
import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from fakes.certificates import FakeAuthority
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import FederationId, MemberId
from fingerpost.runtime import logs
from fingerpost.runtime.identity import Identity


@contextmanager
def _files_no_longer_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def failing_disk() -> Callable[[], AbstractContextManager[None]]:
    """A disk that fails to write past 64 KiB, without privileges: SQLite reports an I/O error."""
    return lambda: _files_no_longer_than(64 * 1024)


FEDERATION = FederationId("test-federation")
BROKER = Identity(FEDERATION, MemberId("hub"), Party.BROKER)
NODE = Identity(FEDERATION, MemberId("oak"), Party.NODE)


@pytest.fixture
def authority(tmp_path: Path) -> FakeAuthority:
    return FakeAuthority.create(tmp_path / "authority")


@pytest.fixture
def broker() -> Identity:
    return BROKER


@pytest.fixture
def node() -> Identity:
    return NODE


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    """The log of the party ``runtime-test``, which has no events but those of the runtime."""
    stream = io.StringIO()
    logs.configure("runtime-test", {}, strict=True, stream=stream)
    yield stream
    logs._loggers.pop("runtime-test")


@pytest.fixture
def log(log_lines: io.StringIO) -> logs.Logger:
    return logs.get_logger("runtime-test")
