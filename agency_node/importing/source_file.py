"""An export on the disk: read once, so that what was hashed is what is parsed, and deleted on
request. One file in an archive is unpacked. A workbook is opened in a process of its own with
bounded memory.

Law: what a file can make of a library's memory and time is bounded (attack, and accident: some
kilobytes that unpack to gigabytes; one cell a million rows away). A workbook's archive is unpacked
here with a bound and packed anew, so that what was measured is what is read.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import resource
import zipfile
import zlib
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Final

import python_calamine

from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.sources.ssds_tables import Texts, table_named
from agency_node.importing.sources.workbook import Sheet, text_of
from agency_node.importing.staging import SourceFile
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.files import is_open_for_writing, or_defect, sync_folder
from fingerpost.runtime.worker_processes import begin, pool

MOST_BYTES: Final = 512 * 1024 * 1024
MOST_UNPACKED: Final = 512 * 1024 * 1024
_TOO_LARGE: Final = f"it is larger than {MOST_BYTES >> 20} MB. Ask for an export of one agency"
MOST_CELLS: Final = 30_000_000
_MEMORY: Final = 8 * 1024**3
_CPU_SECONDS: Final = 900
_CHUNK: Final = 1 << 20
_STDERR: Final = 2
_MOST_PARTS: Final = 5000
_ARCHIVE: Final = b"PK\x03\x04"
_OLDER: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""What archives (.xlsx, .xlsb, .ods) and older workbooks (.xls, and those with a password) begin
with."""
_GZIP: Final = b"\x1f\x8b"
_PARTS_OF_A_WORKBOOK: Final = frozenset({"[Content_Types].xml", "mimetype"})
_DAMAGED_WORKBOOK: Final = b"[Content_Types].xml"
_PACKED_BY: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Others unpack within memory that the archive itself states."""
_NOT_EXPORTED: Final = "__MACOSX/"
_BROKEN: Final = (
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    NotImplementedError,  # zipfile does not know how a part is packed
    RuntimeError,  # a part is encrypted
    EOFError,
    ValueError,
    zlib.error,
)


def read_source(path: Path) -> SourceFile:
    """Read a file, or a folder of the Standard Safeguarding Dataset.

    Raises:
        Defect: it cannot be read, or is too large.
        RefusedFile: it is a workbook that cannot be opened, or an archive that cannot be unpacked.
    """
    if path.is_dir():
        return _of_folder(path)
    if path.exists() and not path.is_file():  # slip: who reads a pipe waits until somebody writes
        raise Defect(f"{path}: it is a pipe or a device. Save the export in a file")
    content, written_on = _read(path)
    texts = _texts_in(content)
    if texts is not None:
        return SourceFile(texts, texts.digest(), written_on)
    content = unpacked(content)
    digest = hashlib.sha256(content).digest()
    if content.startswith((_ARCHIVE, _OLDER)):
        return SourceFile(open_workbook(content), digest, written_on)
    return SourceFile(content, digest, written_on)


def _read(path: Path) -> tuple[bytes, date]:
    """Return what a file holds, and the day (UTC) of its last writing.

    Raises:
        Defect: it cannot be read, or is too large.
        RefusedFile: FILE_BEING_WRITTEN.
    """
    with or_defect(f"{path}: cannot be read"), path.open("rb") as file:
        before = os.fstat(file.fileno())
        written_to = is_open_for_writing(file.fileno())
        content = file.read(MOST_BYTES + 1)
        after = os.fstat(file.fileno())
    if written_to or (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise RefusedFile(Reason.FILE_BEING_WRITTEN)
    if len(content) > MOST_BYTES:
        raise Defect(f"{path}: {_TOO_LARGE}")
    return content, datetime.fromtimestamp(after.st_mtime, UTC).date()


def _of_folder(path: Path) -> SourceFile:
    """Read the dataset's files of a folder. It was written when the oldest of them was."""
    found = {table: _read(file) for table, file in _tables_in(path)}
    if not found:
        raise Defect(
            f"{path}: it is a folder, and none of its files is a table of the Standard "
            "Safeguarding Dataset. Name the file of the export"
        )
    if sum(len(content) for content, _ in found.values()) > MOST_BYTES:
        raise Defect(f"{path}: {_TOO_LARGE}")
    texts = Texts({table: content for table, (content, _) in found.items()})
    return SourceFile(texts, texts.digest(), min(written for _, written in found.values()))


def _tables_in(folder: Path) -> list[tuple[str, Path]]:
    """Return the dataset's files of a folder. Raises ``Defect``: it cannot be listed, or a table is
    there twice.
    """
    with or_defect(f"{folder}: cannot be read"):
        found = [(table, file) for file in folder.iterdir() if (table := table_named(file.name))]
    if len({table for table, _ in found}) < len(found):
        raise Defect(f"{folder}: a table is there twice")
    return found


def dispose(path: Path) -> None:
    """Delete the export, durably on return; of a folder, what was read of it. Raises ``Defect``.

    Of a symbolic link, what it leads to is deleted: that is the export. The link stays, for the
    next one.

    On a medium that keeps old blocks, only an encrypted disk makes the content unreadable.
    """
    named = [file for _, file in _tables_in(path)] if path.is_dir() else [path]
    files = [file.resolve() for file in named]
    for file in files:
        with or_defect(f"{file}: cannot be deleted"):
            file.unlink(missing_ok=True)
    for folder in {file.parent for file in files}:
        sync_folder(folder)


def unpacked(content: bytes) -> bytes:
    """Return the one file of an archive (.gz, .zip); a workbook and what is no archive as it is.

    Raises:
        RefusedFile: ARCHIVE_NOT_READ, ARCHIVE_NOT_ONE_FILE or ARCHIVE_TOO_LARGE.
    """
    try:
        if content.startswith(_GZIP):
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
                return _all_of(stream)
        if content.startswith(_ARCHIVE):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                is_workbook = _PARTS_OF_A_WORKBOOK & {*archive.namelist()}
                return content if is_workbook else _only_part(archive)
    except _BROKEN:
        if _DAMAGED_WORKBOOK in content:
            return content  # whoever opens workbooks says what is wrong with it
        raise RefusedFile(Reason.ARCHIVE_NOT_READ) from None
    return content


def _texts_in(content: bytes) -> Texts | None:
    """Return the dataset that an archive holds; None for what is none.

    Raises:
        RefusedFile: ARCHIVE_NOT_READ; ARCHIVE_TOO_LARGE; TABLE_NOT_READ, a table is there twice.
    """
    if not content.startswith(_ARCHIVE):
        return None
    found: dict[str, bytes] = {}
    is_dataset = False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for part in archive.infolist():
                folder, _, name = part.filename.rpartition("/")
                table = table_named(name)
                if not table or folder.startswith(_NOT_EXPORTED.rstrip("/")):
                    continue
                is_dataset = True
                if table in found:
                    raise RefusedFile(Reason.TABLE_NOT_READ, table)
                if part.compress_type not in _PACKED_BY:
                    raise RefusedFile(Reason.ARCHIVE_NOT_READ)
                with archive.open(part) as stream:
                    found[table] = _all_of(stream)
                if sum(map(len, found.values())) > MOST_UNPACKED:
                    raise RefusedFile(Reason.ARCHIVE_TOO_LARGE)
    except _BROKEN:
        if is_dataset:
            raise RefusedFile(Reason.ARCHIVE_NOT_READ) from None
        return None  # whoever unpacks archives says what is wrong with it
    return Texts(found) if found else None


def _only_part(archive: zipfile.ZipFile) -> bytes:
    parts = [
        part
        for part in archive.infolist()
        if not part.is_dir() and not part.filename.startswith(_NOT_EXPORTED)
    ]
    if len(parts) != 1:
        raise RefusedFile(Reason.ARCHIVE_NOT_ONE_FILE)
    if parts[0].compress_type not in _PACKED_BY:
        raise RefusedFile(Reason.ARCHIVE_NOT_READ)
    with archive.open(parts[0]) as stream:
        return _all_of(stream)


def _all_of(stream: IO[bytes] | gzip.GzipFile) -> bytes:
    found = io.BytesIO()
    while chunk := stream.read(_CHUNK):
        if found.tell() + len(chunk) > MOST_UNPACKED:
            raise RefusedFile(Reason.ARCHIVE_TOO_LARGE)
        found.write(chunk)
    return found.getvalue()


def open_workbook(content: bytes) -> tuple[Sheet, ...]:
    """Return all sheets of a workbook.

    Raises:
        RefusedFile: WORKBOOK_NOT_READ or WORKBOOK_TOO_LARGE.
    """
    with pool(1, _bound_this_process) as process:
        try:
            return process.submit(sheets_of, content).result()
        except (BrokenProcessPool, MemoryError):  # a bound was met, or the library gave up
            raise RefusedFile(Reason.WORKBOOK_TOO_LARGE) from None


def _bound_this_process() -> None:
    begin()
    # A library that breaks down writes why, and what it read may be in that.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STDERR)
    os.close(nowhere)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def sheets_of(content: bytes) -> tuple[Sheet, ...]:
    """Return all sheets; ``open_workbook`` runs this in a process of its own.

    Raises:
        RefusedFile: as ``open_workbook``.
    """
    if content.startswith(_ARCHIVE):
        content = _measured(content)
    try:
        return _read_sheets(content)
    except python_calamine.CalamineError:
        raise RefusedFile(Reason.WORKBOOK_NOT_READ) from None
    except BaseException as error:
        # The library's own breakdown is no Exception, and cannot be handed to another process.
        if isinstance(error, Exception | KeyboardInterrupt):
            raise
        raise RefusedFile(Reason.WORKBOOK_NOT_READ) from None


def _read_sheets(content: bytes) -> tuple[Sheet, ...]:
    """Raises ``RefusedFile(WORKBOOK_TOO_LARGE)``."""
    workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    found, cells = [], 0
    for about in workbook.sheets_metadata:
        if about.typ is not python_calamine.SheetTypeEnum.WorkSheet:
            continue
        sheet = workbook.get_sheet_by_name(about.name)
        cells += sheet.height * sheet.width
        if cells > MOST_CELLS:
            raise RefusedFile(Reason.WORKBOOK_TOO_LARGE)
        first = sheet.start[0] + 1 if sheet.start is not None else 1
        rows = tuple(tuple(map(text_of, row)) for row in sheet.to_python())
        visible = about.visible is python_calamine.SheetVisibleEnum.Visible
        found.append(Sheet(about.name, visible, first, rows))
    return tuple(found)


def _measured(content: bytes) -> bytes:
    """Return the archive with its parts as they are once they are unpacked."""
    packed = io.BytesIO()
    left = MOST_UNPACKED
    try:
        with (
            zipfile.ZipFile(io.BytesIO(content)) as archive,
            zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as measured,
        ):
            parts = archive.infolist()
            if len(parts) > _MOST_PARTS:
                raise RefusedFile(Reason.WORKBOOK_TOO_LARGE)
            for part in parts:
                whole = io.BytesIO()
                with archive.open(part) as stream:
                    while chunk := stream.read(_CHUNK):
                        left -= len(chunk)
                        if left < 0:
                            raise RefusedFile(Reason.WORKBOOK_TOO_LARGE)
                        whole.write(chunk)
                measured.writestr(part.filename, whole.getvalue())
    except _BROKEN:
        raise RefusedFile(Reason.WORKBOOK_NOT_READ) from None
    return packed.getvalue()
