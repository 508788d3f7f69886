"""Which files of the member list exist for whom."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.refusals import refused
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation_files import require_fetchable
from fingerpost.protocol.ids import MemberId

NORTH, SCHOOL = MemberId("node-north"), MemberId("node-school")


@pytest.mark.parametrize(
    "path",
    [
        "metadata/timestamp.json",
        "metadata/snapshot.json",
        "metadata/root.json",
        "metadata/12.root.json",
        "metadata/targets.json",
        "metadata/deny-list.json",
        "metadata/code-lists.json",
        "metadata/bin-0f.json",
        "targets/index.json",
        "targets/parameters.json",
        "targets/code-lists.json",
        "targets/deny-list.json",
        "targets/members/node-north.json",
        "targets/areas/e08000025.json",
        "targets/peppers/3/node-north.json",
    ],
)
def test_what_the_authority_publishes_may_be_fetched(path: str) -> None:
    require_fetchable(path, NORTH)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "metadata/timestamp.json\n",
        "metadata/Timestamp.json",
        "metadata/0.root.json",
        "metadata/..%2froot.json",
        "metadata/../metadata/root.json",
        "../metadata/root.json",
        "/metadata/root.json",
        "targets/members/../parameters.json",
        "targets/members/.json",
        "targets/members/a/b.json",
        "targets/areas/e0800002.json",
        "targets/peppers/0/node-north.json",
        "targets/peppers/1/node-school.json",
        "targets/peppers/1/node-north.json/..",
        "targets/members/" + "a" * 200 + ".json",
        "last-good",
    ],
)
def test_all_else_does_not_exist(path: str) -> None:
    with refused(Code.NOT_ALLOWED):
        require_fetchable(path, NORTH)


def test_a_sealed_pepper_is_for_its_owner() -> None:
    require_fetchable("targets/peppers/1/node-school.json", SCHOOL)


@given(st.text(alphabet="abe019/.-_%~\\\0tmd", max_size=140))
def test_no_path_leads_out_of_the_repository(path: str) -> None:
    try:
        require_fetchable(path, NORTH)
    except Refused:
        return
    assert ".." not in path
    assert path.startswith(("metadata/", "targets/"))
