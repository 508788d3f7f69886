"""Agreements are read from files whole or not at all, and every version that decided is kept."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from agency_node.policy import store
from agency_node.policy.agreement import read_agreement
from fakes.agreements import rule
from fingerpost.protocol.errors import Defect


def test_an_agreement_is_read_from_a_file_or_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "b.cedar").write_text(rule(id_="second"), "utf-8")
    (tmp_path / "a.cedar").write_text(rule(id_="first"), "utf-8")
    (tmp_path / "notes.txt").write_text("no agreement", "utf-8")
    assert [each.id for each in store.load(tmp_path / "a.cedar").rules] == ["first"]
    assert [each.id for each in store.load(tmp_path).rules] == ["first", "second"]


@pytest.mark.parametrize("content", [None, b"\xff", b"", b"permit"])
def test_what_cannot_be_read_is_a_fault(tmp_path: Path, content: bytes | None) -> None:
    place = tmp_path / "agreement.cedar"
    if content is not None:
        place.write_bytes(content)
    with pytest.raises(Defect):
        store.load(place)


def test_an_empty_folder_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(Defect, match="no file ends in"):
        store.load(tmp_path)


def test_the_ready_set_is_in_force_for_the_days_that_are_given() -> None:
    ready = read_agreement(store.ready(date(2026, 4, 1), date(2027, 3, 31)))
    assert {(rule.first, rule.last) for rule in ready.rules} == {
        (date(2026, 4, 1), date(2027, 3, 31))
    }
    assert "_DAY" not in ready.text


def test_a_version_that_decided_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "agreements"
    (tmp_path / "a.cedar").write_text(rule(), "utf-8")
    first = store.load(tmp_path / "a.cedar")
    store.keep(folder, first)
    store.keep(folder, first)
    found = store.kept(folder, first.version)
    assert found is not None
    assert found.text == first.text
    assert [path.name for path in folder.iterdir()] == [f"{first.version}.cedar"]


def test_a_kept_version_that_is_not_what_it_was_is_none(tmp_path: Path) -> None:
    first = read_agreement(rule())
    store.keep(tmp_path, first)
    place = tmp_path / f"{first.version}.cedar"
    place.write_text(rule(id_="another"), "utf-8")
    assert store.kept(tmp_path, first.version) is None
    place.unlink()
    assert store.kept(tmp_path, first.version) is None
