"""The record of who is suspended: no earlier copy of it is accepted, and no changed one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from authority.issuer.cli import app
from fingerpost.protocol import federation_files as files
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import DenyList
from fingerpost.runtime.witness import Fault, PutBack
from unit.authority.conftest import NODE, PlainClient, World
from unit.authority.test_authority_cli import ok


def path_of(world: World) -> Path:
    return world.issuer_settings.deny_list


def fault(world: World) -> Fault:
    with pytest.raises(PutBack) as caught:
        world.refresh()
    assert "adopt-deny-list" in str(caught.value)
    return caught.value.fault


def test_the_record_of_before_a_suspension_reinstates_nobody(
    published: World, client: PlainClient
) -> None:
    """Attack: the file is copied, a member is suspended, and the copy is put back."""
    before = path_of(published).read_bytes()
    published.suspend(NODE)
    path_of(published).write_bytes(before)
    assert fault(published) is Fault.OLDER
    with pytest.raises(PutBack):
        published.online.change_deny_list(lambda deny: deny, published.now)
    assert NODE in client.deny_list().members


def test_the_whole_online_folder_put_back_reinstates_nobody(
    published: World, client: PlainClient
) -> None:
    """Attack, and accident: the issuer's disk is restored from a backup; its witness is not."""
    online, copy = published.folder / "online", published.folder / "copy"
    shutil.copytree(online, copy)
    published.suspend(NODE)
    shutil.rmtree(online)
    copy.rename(online)
    assert fault(published) is Fault.OLDER
    assert NODE in client.deny_list().members


def test_a_record_that_is_gone_is_not_an_empty_one(published: World) -> None:
    path_of(published).unlink()
    assert fault(published) is Fault.GONE


def test_a_record_without_its_witness_is_not_accepted(published: World) -> None:
    """Attack: the witness is removed, and an earlier record put back."""
    (published.issuer_settings.witness / "deny-list.mark").unlink()
    assert fault(published) is Fault.UNWITNESSED


def test_no_flipped_bit_makes_another_list(published: World) -> None:
    """Without the digest, 163 of 984 flips were read as another list."""
    published.suspend(NODE)
    whole = path_of(published).read_bytes()
    online = published.online
    for place in range(8 * len(whole)):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        path_of(published).write_bytes(damaged)
        with pytest.raises(Defect):
            online.deny_list()
    path_of(published).write_bytes(whole)
    assert online.deny_list().members == {NODE}


def test_a_list_written_by_hand_is_not_accepted(published: World) -> None:
    path_of(published).write_bytes(files.write_deny_list(DenyList()))
    assert fault(published) is Fault.CHANGED


def test_a_person_may_adopt_a_restored_record_and_that_is_recorded(published: World) -> None:
    before = path_of(published).read_bytes()
    published.suspend(NODE)
    path_of(published).write_bytes(before)
    settings = published.folder / "online" / "issuer.toml"
    why = ("--by", "jo.reed", "--why", "restore-7")
    said = ok("adopt-deny-list", "--settings", settings, *why, app=app)
    assert "Suspended now: nobody" in said
    assert published.refresh().lists is not None
    shown = ok("audit", "show", "--settings", settings, app=app)
    assert "deny_list.adopted jo.reed before=1 number=3 sound=True" in shown
    assert published.suspend(NODE).new_snapshot  # and it goes on from there


def test_what_was_adopted_is_never_numbered_like_what_it_replaced(published: World) -> None:
    """Attack: the copy that an adoption replaced is put back after it."""
    first = path_of(published).read_bytes()
    published.suspend(NODE)
    second = path_of(published).read_bytes()
    path_of(published).write_bytes(first)
    published.online.adopt_deny_list()
    path_of(published).write_bytes(second)
    assert fault(published) is Fault.OLDER
