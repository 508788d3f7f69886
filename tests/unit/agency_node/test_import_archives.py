"""Files in archives: one is unpacked within a bound, whatever its name; all else is refused."""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from agency_node.importing import source_file
from agency_node.importing.source_file import read_source, unpacked
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.reasons import Reason
from deploy.invented.workbooks import ods, packed, xlsx
from fakes.import_world import HEADER, row

TEXT = f"{HEADER}\n{row(1)}\n"
SHEET = {"Pupils": [HEADER.split(","), row(1).split(",")]}


def refused(content: bytes) -> Reason:
    with pytest.raises(RefusedFile) as whole:
        unpacked(content)
    return whole.value.reason


def zipped(*, method: int = zipfile.ZIP_DEFLATED, **parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(TEXT.encode()),
        gzip.compress(TEXT[:40].encode()) + gzip.compress(TEXT[40:].encode()),
        packed({"oak.csv": TEXT}),
        packed({"export/": "", "export/oak.csv": TEXT, "__MACOSX/export/._oak.csv": "\0"}),
        zipped(method=zipfile.ZIP_STORED, oak=TEXT.encode()),
        TEXT.encode(),
    ],
    ids=["gz", "gz of parts", "zip", "zip of a Mac", "stored", "no archive"],
)
def test_one_file_of_an_archive_is_what_is_read(content: bytes) -> None:
    assert unpacked(content) == TEXT.encode()


def test_an_import_is_known_by_what_was_unpacked(tmp_path: Path) -> None:
    """A job that packs the same export every night makes other bytes of it."""
    path = tmp_path / "oak.csv"
    for content in (TEXT.encode(), packed({"oak.csv": TEXT}), gzip.compress(TEXT.encode())):
        path.write_bytes(content)
        source = read_source(path)
        assert source.content == TEXT.encode()
        assert source.digest == hashlib.sha256(TEXT.encode()).digest()


@pytest.mark.parametrize("workbook", [xlsx(SHEET), ods(SHEET)], ids=["xlsx", "ods"])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_workbook_is_no_archive_of_files_and_may_stand_in_one(
    tmp_path: Path, workbook: bytes, method: int
) -> None:
    assert unpacked(workbook) == workbook
    path = tmp_path / "oak.zip"
    path.write_bytes(workbook)
    alone = read_source(path).content
    path.write_bytes(zipped(method=method, workbook=workbook))
    assert read_source(path).content == alone


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(TEXT.encode())[:-9],
        gzip.compress(TEXT.encode())[:-8] + bytes(8),
        gzip.compress(TEXT.encode()) + b"and more",
        packed({"oak.csv": TEXT})[:-30],
        packed({"oak.csv": TEXT}).replace(b"\x50\x4b\x01\x02", b"\x50\x4b\x01\x03"),
        zipped(method=zipfile.ZIP_LZMA, oak=TEXT.encode()),
        zipped(method=zipfile.ZIP_BZIP2, oak=TEXT.encode()),
        b"PK\x03\x04",
        b"\x1f\x8b",
    ],
    ids=["cut", "wrong sum", "more behind", "cut zip", "broken zip", "lzma", "bzip2", "zip", "gz"],
)
def test_an_archive_that_is_not_whole_is_refused(content: bytes) -> None:
    assert refused(content) is Reason.ARCHIVE_NOT_READ


def test_an_archive_with_a_password_is_refused() -> None:
    content = bytearray(zipped(method=zipfile.ZIP_STORED, oak=TEXT.encode()))
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(header) + flags] |= 1
    assert refused(bytes(content)) is Reason.ARCHIVE_NOT_READ


@pytest.mark.parametrize("parts", [{"oak.csv": TEXT, "elm.csv": TEXT}, {"empty/": ""}])
def test_an_archive_has_exactly_one_file(parts: dict[str, str]) -> None:
    assert refused(packed(parts)) is Reason.ARCHIVE_NOT_ONE_FILE


def test_what_an_archive_unpacks_to_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    much = bytes(3_000_000)
    monkeypatch.setattr(source_file, "MOST_UNPACKED", 2_000_000)
    for content in (gzip.compress(much), zipped(oak=much)):
        assert len(content) < 10_000
        assert refused(content) is Reason.ARCHIVE_TOO_LARGE


def test_an_archive_that_lies_about_its_size_is_refused() -> None:
    honest = zipped(oak=TEXT.encode())
    size = len(TEXT).to_bytes(4, "little")
    assert refused(honest.replace(size, (len(TEXT) // 2).to_bytes(4, "little"))) is (
        Reason.ARCHIVE_NOT_READ
    )


def test_an_archive_in_an_archive_is_no_text(tmp_path: Path) -> None:
    inner = packed({"oak.csv": TEXT})
    path = tmp_path / "oak.gz"
    path.write_bytes(gzip.compress(inner))
    with pytest.raises(RefusedFile) as whole:
        read_source(path)
    assert whole.value.reason is Reason.WORKBOOK_NOT_READ
