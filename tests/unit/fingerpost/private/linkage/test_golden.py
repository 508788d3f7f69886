"""The golden vectors are reproduced, and a change of anything they guard is noticed."""

from __future__ import annotations

import json
from importlib import import_module
from importlib.resources import files

import pytest

from fingerpost.private.linkage import golden, name_tables
from fingerpost.private.linkage.golden import main
from fingerpost.protocol.errors import Defect


def test_the_running_code_reproduces_them() -> None:
    golden.check_golden_vectors()
    assert main([]) == 0


def test_a_changed_fold_is_noticed_without_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = import_module("fingerpost.private.linkage.blocking_keys")  # the function has its name
    monkeypatch.setattr(keys, "fold", lambda name: name)
    with pytest.raises(Defect) as defect:
        golden.check_golden_vectors()
    assert "forms" in str(defect.value)
    assert "muller" not in str(defect.value)


def test_another_edition_of_the_nicknames_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_tables, "name_triplets", list)
    with pytest.raises(Defect, match="tables"):
        golden.check_golden_vectors()


def test_a_changed_weight_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden, "_WEIGHT_DIGITS", -1)
    with pytest.raises(Defect, match="pairs"):
        golden.check_golden_vectors()


def test_the_file_is_what_the_writer_writes() -> None:
    text = (files(golden.__package__) / golden.FILE).read_text("utf-8")
    assert text == json.dumps(golden.make_vectors(), indent=1, sort_keys=True) + "\n"


def test_a_wrong_call_says_how() -> None:
    assert main(["--other"]) == 2
