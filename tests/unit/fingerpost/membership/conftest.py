"""A published member list, and a member that reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from fakes.federations import NOW
from fakes.member_list import NODE
from fakes.repository import FakeRepository, listed
from fingerpost.membership.member_list import MemberListClient
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import DenyList, Federation
from fingerpost.protocol.federation_files import SealedPepper


@dataclass
class World:
    """``listed``, published by ``repository`` and read by ``client``, which keeps it in
    ``folder/list``.
    """

    folder: Path
    repository: FakeRepository
    client: MemberListClient

    def refresh(self, now: float = NOW) -> Federation:
        return self.client.refresh(now)

    def reader(
        self, folder: str = "list", fetch: Callable[[str], bytes] | None = None
    ) -> MemberListClient:
        """Another client of the same member: one of the same ``folder`` is a process that was
        started again.
        """
        fetch = fetch or self.repository.fetch
        return MemberListClient(self.folder / folder, self.repository.root, fetch, NODE)

    def restarted(self) -> MemberListClient:
        """The client of the process after a restart, while there is no network."""
        return self.reader(fetch=nobody)

    def publish(self, *, peppers: Iterable[SealedPepper] = (), **changed: Any) -> None:
        """Publish the list anew with these of its parts ``changed``."""
        self.repository.publish(*replace(listed(NOW), **changed).parts, peppers=peppers)

    def publish_with(self, path: str, content: bytes) -> None:
        """Publish the list anew with this content in place of the file at ``path``."""
        self.publish()
        self.repository.publish_files({**self.repository._targets, path: content}, DenyList())


def nobody(path: str) -> bytes:
    """What a client fetches from while there is no network."""
    raise Refused(Code.UNAVAILABLE, "no network")


@pytest.fixture
def world(tmp_path: Path) -> World:
    repository = FakeRepository(tmp_path, NOW)
    client = MemberListClient(tmp_path / "list", repository.root, repository.fetch, NODE)
    made = World(tmp_path, repository, client)
    made.publish()
    return made
