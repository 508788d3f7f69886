"""A council's tables as a folder and as an archive, with the desks of its teams; and how such an
export is disposed of.
"""

from __future__ import annotations

import io
import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agency_node.importing import source_file
from agency_node.importing.source_file import read_source
from agency_node.importing.sources.columns import Columns
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.reading import DeskDirectory, Reading, read_export
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.wiring import dispose_of, open_source
from fakes.council import Council
from fakes.import_world import AS_OF
from fingerpost.protocol.errors import Defect

DESKS = b"team,desk_phone,desk_email\nTEAM of w1,01632 960110,north@council.example\n"


def council() -> Council:
    return Council().worker().child("P1", pers_forename="Zéphyrine").involved("P1")


def folder(path: Path, made: Council) -> Path:
    path.mkdir()
    for table, text in made.texts().items():
        (path / f"{table.upper()}.CSV").write_bytes(text)
    (path / "readme.txt").write_text("Quillfeather")
    return path


def archive(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_a_folder_and_an_archive_are_the_same_import(tmp_path: Path) -> None:
    of_folder = read_source(folder(tmp_path / "ssd", council()))
    for inside in ("", "export/"):
        packed = archive(tmp_path / "ssd.zip", council().archive(inside))
        assert read_source(packed).digest == of_folder.digest


def test_desks_are_joined_by_the_team(tmp_path: Path) -> None:
    content = read_source(folder(tmp_path / "ssd", council())).content
    directory = DeskDirectory(DESKS, b"")
    found = read_export(content, as_of=AS_OF, columns=Columns(), directory=directory)
    [child] = found.children
    assert child.involvements[0].desk_phone == "01632 960110"
    without = read_export(content, as_of=AS_OF, columns=Columns())
    assert without.children[0].involvements[0].desk_phone == ""


def test_a_stated_encoding_is_that_of_all_tables(tmp_path: Path) -> None:
    path = folder(tmp_path / "ssd", council())
    for file in path.glob("*.CSV"):
        file.write_bytes(file.read_bytes().decode().encode("cp1252"))
    content = read_source(path).content
    with pytest.raises(RefusedFile) as why:
        read_export(content, as_of=AS_OF, columns=Columns())
    assert (why.value.reason, why.value.column) == (Reason.ENCODING_NOT_STATED, "ssd_person")
    stated = Reading(encoding="windows-1252")
    [child] = read_export(content, as_of=AS_OF, columns=Columns(), reading=stated).children
    assert child.demographics.forename == "Zéphyrine"


def test_a_folder_is_as_old_as_its_oldest_table(tmp_path: Path) -> None:
    """Accident: one table of last month among those of today."""
    path = folder(tmp_path / "ssd", council())
    old = datetime(2026, 2, 3, 12, tzinfo=UTC).timestamp()
    os.utime(path / "SSD_CP_PLANS.CSV", (old, old))
    assert str(read_source(path).written_on) == "2026-02-03"


def test_a_folder_without_tables_and_a_table_there_twice_are_no_export(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(Defect):
        read_source(tmp_path / "empty")
    path = folder(tmp_path / "ssd", council())
    (path / "ssd_person.txt").write_bytes(b"pers_person_id\n")
    with pytest.raises(Defect):
        read_source(path)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as twice:
        twice.writestr("ssd_person.csv", "a")
        twice.writestr("old/ssd_person.csv", "b")
    with pytest.raises(RefusedFile) as why:
        read_source(archive(tmp_path / "ssd.zip", packed.getvalue()))
    assert why.value.reason is Reason.TABLE_NOT_READ


def test_an_archive_is_unpacked_within_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agency_node.importing.source_file.MOST_UNPACKED", 500)
    with pytest.raises(RefusedFile) as why:
        read_source(archive(tmp_path / "ssd.zip", council().archive()))
    assert why.value.reason is Reason.ARCHIVE_TOO_LARGE


def test_a_damaged_archive_of_tables_is_refused(tmp_path: Path) -> None:
    content = bytearray(council().archive())
    content[60:64] = b"\xff\xff\xff\xff"
    with pytest.raises(RefusedFile) as why:
        read_source(archive(tmp_path / "ssd.zip", bytes(content)))
    assert why.value.reason is Reason.ARCHIVE_NOT_READ


def test_of_a_folder_what_was_read_is_deleted_and_the_name_of_a_database_stays(
    tmp_path: Path,
) -> None:
    path = folder(tmp_path / "ssd", council())
    assert dispose_of(path)
    assert [file.name for file in path.iterdir()] == ["readme.txt"]
    named = tmp_path / "council.toml"
    named.write_text('[sqlite]\nfile = "nothing.sqlite"\n')
    assert not dispose_of(named)
    assert named.exists()
    with pytest.raises(RefusedFile):
        open_source(named)


def test_of_a_link_the_export_is_deleted_and_the_link_stays(tmp_path: Path) -> None:
    """The export is the most dangerous file that an agency has, and its name may be a link's."""
    (tmp_path / "out").mkdir()
    export, link = tmp_path / "out" / "today.csv", tmp_path / "export.csv"
    export.write_bytes(b"local_id\n")
    link.symlink_to(export)
    assert dispose_of(link)
    assert (export.exists(), link.is_symlink()) == (False, True)
    path = folder(tmp_path / "ssd", council())
    table = path / "SSD_CP_PLANS.CSV"
    table.rename(export)
    table.symlink_to(export)
    assert dispose_of(path)
    assert not export.exists()


def test_a_file_that_is_still_written_is_refused(tmp_path: Path) -> None:
    """Its first half looks like a whole export where it ends between two lines."""
    path = tmp_path / "export.csv"
    if not os.major(tmp_path.stat().st_dev):
        pytest.skip("it is known on a disk only")
    with path.open("wb") as writer:
        writer.write(b"local_id,forename\n1,Theodora\n")
        writer.flush()
        with pytest.raises(RefusedFile) as why:
            read_source(path)
    assert why.value.reason is Reason.FILE_BEING_WRITTEN
    assert read_source(path).content == path.read_bytes()


def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the file system can say of writers."""
    path = tmp_path / "export.csv"
    path.write_bytes(b"local_id,forename\n1,Theodora\n")

    def written_meanwhile(_file: int) -> bool:
        with path.open("ab") as writer:
            writer.write(b"2,Barnaby\n")
        return False

    with monkeypatch.context() as patch:
        patch.setattr(source_file, "is_open_for_writing", written_meanwhile)
        with pytest.raises(RefusedFile) as why:
            read_source(path)
    assert why.value.reason is Reason.FILE_BEING_WRITTEN
    assert read_source(path).content == path.read_bytes()


def test_a_pipe_is_no_export_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv", 0o600)
    with pytest.raises(Defect, match="it is a pipe or a device"):
        open_source(tmp_path / "pipe.csv")
