"""What a self-test leaves behind: tags in a file, one entry in the log, a line of ``status``."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from agency_node.answering.audit import TESTED, AgencyLogs, open_log
from agency_node.answering.self_test import SelfTested
from agency_node.answering.tags_store import KEPT, TagsFile
from fakes.import_world import OAK
from fakes.node_world import KnownChildren
from fingerpost.runtime.witness import WitnessFolder

KEY = bytes(range(32))
MISSED = SelfTested(OAK, 7, 1_800_000_000, 2, 1, 2, 0)


def test_tags_are_kept_by_name_and_the_oldest_go(tmp_path: Path) -> None:
    file = TagsFile(tmp_path / "marked-tags")
    names = [bytes([n]) * 32 for n in range(KEPT + 1)]
    assert file.read(names[0]) == ()
    for n, name in enumerate(names):
        file.keep(name, (bytes([n]) * 32,) * 3)
    assert file.read(names[0]) == ()
    assert [file.read(name) for name in names[1:]] == [
        (bytes([n]) * 32,) * 3 for n in range(1, KEPT + 1)
    ]
    assert (tmp_path / "marked-tags").stat().st_mode & 0o777 == 0o600


def test_a_file_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    path = tmp_path / "marked-tags"
    file = TagsFile(path)
    file.keep(b"n" * 32, (b"t" * 32,))
    path.write_bytes(path.read_bytes()[:-1])
    assert file.read(b"n" * 32) == ()
    file.keep(b"n" * 32, (b"t" * 32,))
    assert file.read(b"n" * 32) == (b"t" * 32,)


def test_a_test_is_one_entry_of_counts_in_the_agency_s_own_log(tmp_path: Path) -> None:
    witness = WitnessFolder(tmp_path / "witness")
    with closing(AgencyLogs(tmp_path, KEY, witness, KnownChildren())) as logs:
        assert logs.tested(MISSED)
    with closing(open_log(tmp_path, OAK, KEY, witness)) as log:
        (entry,) = log.show(0, 2_000_000_000, decrypt=True)
    assert (entry.kind, f"{entry.actor}", entry.at) == (TESTED, "self-test", MISSED.at)
    counts = {"generation": 7, "asked": 2, "found": 1, "slipped": 2, "slipped_found": 0}
    assert entry.fields == counts
    assert not MISSED.all_found


def test_a_log_that_does_not_open_is_said(tmp_path: Path) -> None:
    witness = WitnessFolder(tmp_path / "witness")
    (tmp_path / f"{OAK}.sqlite").write_bytes(b"no database" * 500)
    with closing(AgencyLogs(tmp_path, KEY, witness, KnownChildren())) as logs:
        assert not logs.tested(MISSED)
