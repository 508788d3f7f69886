"""Common Transfer Files of invented pupils, element by element, and what becomes of them on their
way.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from types import MappingProxyType
from typing import Final
from xml.sax.saxutils import escape

from agency_node.importing.sources.children import Export, SourceChild
from agency_node.importing.sources.faults import RowFault
from deploy.invented.workbooks import packed
from fakes.import_world import AS_OF
from fakes.invented_names import names_of_a_class
from fingerpost.protocol.codes import InvolvementStatus

LETTERS: Final = "ABCDEFGHJKLMNPQRTUVWXYZ"
FORENAMES: Final = ("Quillon", "Zéphyrine", "Marigold", "Anne Marie", "Peregrine", "Łucja", "Núria")
SURNAMES: Final = (
    "Brackenwood",
    "O'Fenwick",
    "Tarrowby-Hale",
    "Brontë",
    "Umberleigh",
    "Quill & Co",
)
LEA, ESTAB = "999", "1234"
CONSTANTS: Final = MappingProxyType(
    {
        "kind": "EDU_SCHOOL",
        "worker_name": "",
        "worker_role": "",
        "desk_phone": "01632 960101",
        "desk_email": "",
    }
)
Lines = list[str]


def upn(number: int) -> str:
    """A valid pupil number. Source: Department for Education, Unique pupil numbers."""
    body = f"{999123400000 + number:012}"
    total = sum(int(c) * weight for c, weight in zip(body, range(2, 14), strict=True))
    return LETTERS[total % 23] + body


@dataclass(frozen=True)
class Pupil:
    upn: str
    forename: str
    surname: str
    dob: date
    postcode: str
    sex: str = "F"
    preferred: str = ""
    entered: date = AS_OF - timedelta(days=400)
    left: date | None = None

    def lines(self) -> Lines:
        """Her elements, one a line."""
        left = f"<LeavingDate>{self.left}</LeavingDate>" if self.left else ""
        return [
            "<Pupil>",
            f"<UPN>{self.upn}</UPN>",
            f"<Surname>{escape(self.surname)}</Surname>",
            f"<Forename>{escape(self.forename)}</Forename>",
            f"<DOB>{self.dob}</DOB>",
            f"<Sex>{self.sex}</Sex>",
            "<BasicDetails>",
            f"<PreferredForename>{escape(self.preferred)}</PreferredForename>",
            "<NCyearActual>4</NCyearActual>",
            "</BasicDetails>",
            "<Address>",
            f"<PostCode>{self.postcode}</PostCode>",
            "</Address>",
            "<Contacts><Contact><Surname>Elsewhere</Surname><Address>",
            "<PostCode>ZZ1 1ZZ</PostCode></Address></Contact></Contacts>",
            "<SchoolHistory>",
            "<School><LEA>998</LEA><Estab>1234</Estab><LeavingDate>2019-07-19</LeavingDate></School>",
            f"<School><LEA>{LEA}</LEA><Estab>{ESTAB}</Estab>",
            f"<EntryDate>{self.entered}</EntryDate>",
            f"{left}</School>",
            "</SchoolHistory>",
            "</Pupil>",
        ]

    def is_read_as(self, found: SourceChild) -> bool:
        """Whether a record has her name and date, and is not open where she has left."""
        who = found.demographics
        known = (who.forename, who.surname, who.dob) == (self.forename, self.surname, self.dob)
        gone = self.left is not None and self.left <= AS_OF
        is_open = any(row.status is InvolvementStatus.OPEN for row in found.involvements)
        return known and is_open is not gone and who.postcode in (self.postcode, "")


def pupils(random: Random, count: int) -> list[Pupil]:
    return [
        Pupil(
            upn(n),
            first,
            last,
            AS_OF - timedelta(days=random.randrange(4 * 365, 18 * 365)),
            f"WX{random.randint(1, 9)} {random.randint(1, 9)}QD",
            random.choice("FM"),
            random.choice(("", "", *FORENAMES)),
            AS_OF - timedelta(days=random.randrange(40, 900)),
            random.choice((None, None, None, AS_OF - timedelta(days=30))),
        )
        for n, (first, last) in enumerate(names_of_a_class(random, FORENAMES, SURNAMES, count))
    ]


@dataclass(frozen=True)
class File:
    """A CTF. ``of``: of each record, in its order, the place of the pupil whom it is about."""

    records: tuple[tuple[str, ...], ...]
    of: tuple[int, ...]
    made: str = f"{AS_OF}T06:30:00"
    declared: str = "utf-8"
    written: str = "utf-8"
    between: str = "\n"

    @classmethod
    def sound(cls, some: Sequence[Pupil]) -> File:
        return cls(tuple(tuple(one.lines()) for one in some), tuple(range(len(some))))

    def text(self) -> str:
        lines = [
            f'<?xml version="1.0" encoding="{self.declared}"?>' if self.declared else "",
            "<CTfile>",
            "<Header><DocumentName>Common Transfer File</DocumentName>",
            f"<CTFversion>24.0</CTFversion><DateTime>{self.made}</DateTime>",
            f"<SourceSchool><LEA>{LEA}</LEA><Estab>{ESTAB}</Estab>",
            "<SchoolName>Oak Primary</SchoolName></SourceSchool></Header>",
            "<CTFpupilData>",
            *(line for record in self.records for line in record),
            "</CTFpupilData>",
            "</CTfile>",
        ]
        return self.between.join(filter(None, lines))

    def content(self) -> bytes:
        return self.text().encode(self.written, "xmlcharrefreplace")


def ctf(some: Sequence[Pupil]) -> bytes:
    return File.sound(some).content()


def lost(
    some: Sequence[Pupil], file: File, found: Export, faults: Sequence[RowFault]
) -> list[Pupil]:
    """Those whose record is not hers, and whom no fault names."""
    by_id = {child.local_id: child for child in found.children}
    named = {fault.line for fault in faults} | {*found.not_current}
    told = {of for line, of in enumerate(file.of, 1) if line in named}
    return [
        pupil
        for n, pupil in enumerate(some)
        if n not in told and not (pupil.upn in by_id and pupil.is_read_as(by_id[pupil.upn]))
    ]


# ---- what becomes of a file ----------------------------------------------------------------------

OfLines = Callable[[Lines, Random], None]
OfFile = Callable[[File, Random], bytes]
_LEAF: Final = re.compile(r"<(\w+)>([^<]*)</\1>")
_HERS: Final = ("UPN", "Surname", "Forename", "DOB", "Sex", "PostCode", "EntryDate")


def _hit(file: File, random: Random) -> list[int]:
    places = [*range(len(file.records))]
    match random.choice(("all", "most", "some", "one")):
        case "all":
            return places
        case "most":
            return [n for n in places if random.random() < 0.7]
        case "some":
            return [n for n in places if random.random() < 0.2]
        case _:
            return [random.choice(places)]


def of_records(file: File, random: Random, do: OfLines) -> bytes:
    """Damage the same thing in some records or in all."""
    records, seed = [[*record] for record in file.records], random.random()
    for n in _hit(file, random):
        do(records[n], Random(seed))
    return replace(file, records=tuple(tuple(record) for record in records)).content()


def _leaf(lines: Lines, random: Random) -> int:
    name = random.choice(_HERS)
    return next((n for n, line in enumerate(lines) if line.startswith(f"<{name}>")), 1)


def drop_an_element(lines: Lines, random: Random) -> None:
    del lines[_leaf(lines, random)]


def drop_a_line(lines: Lines, random: Random) -> None:
    del lines[random.randrange(1, len(lines) - 1)]


def empty_an_element(lines: Lines, random: Random) -> None:
    place = _leaf(lines, random)
    lines[place] = _LEAF.sub(r"<\1/>", lines[place])


def double_an_element(lines: Lines, random: Random) -> None:
    place = _leaf(lines, random)
    lines.insert(place, lines[place])


def say_two_things(lines: Lines, random: Random) -> None:
    place = _leaf(lines, random)
    lines.insert(place, _LEAF.sub(r"<\1>Elsewhere</\1>", lines[place]))


def rename_an_element(lines: Lines, random: Random) -> None:
    place, other = _leaf(lines, random), random.choice(("Legal", "other:", "x", "New_"))
    lines[place] = _LEAF.sub(rf"<{other}\1>\2</{other}\1>", lines[place])


def put_it_in_another_namespace(lines: Lines, random: Random) -> None:
    place = _leaf(lines, random)
    lines[place] = _LEAF.sub(r'<\1 xmlns="urn:other">\2</\1>', lines[place])


def put_an_element_into_it(lines: Lines, random: Random) -> None:
    place = _leaf(lines, random)
    lines[place] = _LEAF.sub(r"<\1><Value>\2</Value></\1>", lines[place])


def write_it_otherwise(lines: Lines, random: Random) -> None:
    place = _leaf(lines, random)
    form = random.choice(
        (r"<\1>\n\t\2\n</\1>", r"<\1><![CDATA[\2]]></\1>", r"<\1><!-- ? -->\2</\1>")
    )
    plain = lines[place].replace("&amp;", "&") if "CDATA" in form else lines[place]
    lines[place] = _LEAF.sub(form, plain)


def write_dates_otherwise(lines: Lines, random: Random) -> None:
    form = random.choice(
        ("%d/%m/%Y", "%m/%d/%Y", "%d-%b-%Y", "%Y%m%d", "%Y-%m-%dT00:00:00", "%d.%m.%y", "soon")
    )
    for n, line in enumerate(lines):
        lines[n] = re.sub(
            r"\d{4}-\d\d-\d\d", lambda day: date.fromisoformat(day[0]).strftime(form), line
        )


def shorten_numbers(lines: Lines, _random: Random) -> None:
    for n, line in enumerate(lines):
        lines[n] = re.sub(r"<UPN>.*</UPN>", "<UPN>9.99123E+11</UPN>", line)


def lose_letters(lines: Lines, random: Random) -> None:
    lose = random.choice((lambda text: re.sub(r"[^\x00-\x7f]", "\ufffd", text), _misread))
    for n, line in enumerate(lines):
        lines[n] = lose(line)


def _misread(text: str) -> str:
    return text.encode().decode("latin-1")


def leave_without_a_day(lines: Lines, _random: Random) -> None:
    place = next(n for n, line in enumerate(lines) if line.startswith("<EntryDate>"))
    lines[place + 1] = "<LeavingReason>NEWSCH</LeavingReason></School>"


def repeat_records(file: File, random: Random) -> File:
    again = _hit(file, random)
    records = (*file.records, *(file.records[n] for n in again))
    return replace(file, records=records, of=(*file.of, *again))


def cut_it_off(file: File, random: Random) -> bytes:
    content = file.content()
    return content[: random.randrange(len(content) - len(b"</CTfile>"))]


def break_a_sign(file: File, random: Random) -> bytes:
    content = bytearray(file.content())
    content[random.randrange(len(content))] = random.choice(b"<&\x00\x07\xff")
    return bytes(content)


def declare_another_encoding(file: File, random: Random) -> bytes:
    declared = random.choice(("iso-8859-1", "windows-1252", "utf-8", "utf-16", "ebcdic", ""))
    written = random.choice(("utf-8", "cp1252", "utf-16", "utf-8-sig", "cp037"))
    return replace(file, declared=declared, written=written).content()


def write_it_in_one_line(file: File, _random: Random) -> bytes:
    return replace(file, between="").content()


def add_a_root(file: File, random: Random) -> bytes:
    more = random.choice((b"<CTfile/>", b"and more", b"\n<!-- end -->\n", file.content()))
    return file.content() + more


def put_it_elsewhere(file: File, random: Random) -> bytes:
    name, other = random.choice(
        (("CTFpupilData", "Pupils"), ("CTfile", "ATfile"), ("Pupil", "Child"))
    )
    text = re.sub(rf"(</?){name}>", rf"\1{other}>", file.text())
    return text.encode()


def declare_a_type(file: File, random: Random) -> bytes:
    declared = random.choice(('<!DOCTYPE CTfile SYSTEM "ctf.dtd">', "<!DOCTYPE html>"))
    return file.text().replace("<CTfile>", f"{declared}<CTfile>", 1).encode()


def pack_it(file: File, random: Random) -> bytes:
    if random.random() < 0.5:
        whole = gzip.compress(file.content(), mtime=0)
        return whole[: random.choice((len(whole), len(whole) // 2))]
    parts = {"oak.xml": file.text()}
    if random.random() < 0.5:
        parts["elm.xml"] = file.text()
    return packed(parts)


OF_LINES: Final[tuple[OfLines, ...]] = (
    drop_an_element, drop_a_line, empty_an_element, double_an_element, say_two_things,
    rename_an_element, put_it_in_another_namespace, put_an_element_into_it, write_it_otherwise,
    write_dates_otherwise, shorten_numbers, lose_letters, leave_without_a_day,
)  # fmt: skip
OF_FILES: Final[tuple[OfFile, ...]] = (
    cut_it_off, break_a_sign, declare_another_encoding, write_it_in_one_line, add_a_root,
    put_it_elsewhere, declare_a_type, pack_it,
)  # fmt: skip


def damaged(some: Sequence[Pupil], number: int, random: Random) -> tuple[str, File, bytes]:
    """Return the name of the ``number``-th damage, the file with the places of its records, and its
    bytes.
    """
    file = File.sound(some)
    place = number % (len(OF_LINES) + len(OF_FILES) + 1)
    if place < len(OF_LINES):
        return _named(OF_LINES[place]), file, of_records(file, random, OF_LINES[place])
    if place < len(OF_LINES) + len(OF_FILES):
        do = OF_FILES[place - len(OF_LINES)]
        return _named(do), file, do(file, random)
    file = repeat_records(file, random)
    return _named(repeat_records), file, file.content()


def _named(do: Callable[..., object]) -> str:
    return do.__name__.replace("_", " ")
