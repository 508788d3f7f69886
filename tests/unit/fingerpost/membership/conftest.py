"""A published member list, and a member that reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.federations import NOW
from fakes.member_list import NODE
from fakes.repository import FakeRepository, listed
from fingerpost.membership.member_list import MemberListClient


@pytest.fixture
def repository(tmp_path: Path) -> FakeRepository:
    made = FakeRepository(tmp_path, NOW)
    made.publish(*listed(NOW).parts)
    return made


@pytest.fixture
def client(tmp_path: Path, repository: FakeRepository) -> MemberListClient:
    return MemberListClient(tmp_path / "list", repository.root, repository.fetch, NODE)
