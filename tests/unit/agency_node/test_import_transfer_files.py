"""Common Transfer Files: what is read of a pupil, what is refused, and what XML may not do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_node.importing.source_file import unpacked
from agency_node.importing.sources import elements
from agency_node.importing.sources.children import Export
from agency_node.importing.sources.columns import Columns
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.proposing import propose
from agency_node.importing.sources.reading import Reading, day_of, read_export
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.staging import Options, SourceFile, Unconfirmed
from effort import SOAK, SOAKING, examples
from fakes.import_world import AS_OF, OAK, Seen, World
from fakes.transfer_files import (
    CONSTANTS,
    FORENAMES,
    OF_FILES,
    OF_LINES,
    SURNAMES,
    File,
    Pupil,
    ctf,
    damaged,
    lost,
    pupils,
    upn,
)
from fingerpost.private.demographics import OtherName, Sex
from fingerpost.protocol.codes import InvolvementStatus
from soak.broken_transfer_files import attempt

COLUMNS = Columns(constants=CONSTANTS)
DAY = timedelta(days=1)
QUILLON = Pupil(upn(1), "Quillon", "Brackenwood", date(2015, 4, 3), "WX1 1QD")


def read(content: bytes | str, reading: Reading | None = None, as_of: date = AS_OF) -> Export:
    content = content.encode() if isinstance(content, str) else content
    return read_export(content, as_of=as_of, columns=COLUMNS, reading=reading or Reading())


def refused(content: bytes | str, reading: Reading | None = None) -> RefusedFile:
    with pytest.raises(RefusedFile) as whole:
        read(content, reading)
    for secret in ("Quillon", "Brackenwood", "2015", "WX1"):
        assert secret not in str(whole.value)
    return whole.value


def with_lines(*changes: tuple[str, str], pupil: Pupil = QUILLON) -> bytes:
    """The file of one pupil, with these changes of its text."""
    text = File.sound([pupil]).text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text.encode()


def faults(found: Export) -> list[tuple[int, str, Reason]]:
    return [(r.line, r.column, r.reason) for r in (*found.refused, *found.remarks)]


# ---- what is read --------------------------------------------------------------------------------


def test_a_pupil_is_read_with_her_own_names_numbers_and_times() -> None:
    basic = (
        "<MiddleNames>Ottoline May</MiddleNames><PreferredSurname>Fenwick</PreferredSurname>"
        "<FormerSurname>Tarrowby</FormerSurname><FormerForename>Quill</FormerForename>"
    )
    found = read(with_lines(("<BasicDetails>", f"<BasicDetails>{basic}")))
    [child] = found.children
    who, [row] = child.demographics, child.involvements
    assert child.local_id == who.upn == upn(1)
    assert (who.forename, who.middle_names, who.surname) == (
        "Quillon",
        "Ottoline May",
        "Brackenwood",
    )
    assert who.other_names == (OtherName("Quillon", "Fenwick"), OtherName("Quill", "Tarrowby"))
    assert (who.dob, who.sex, who.postcode) == (date(2015, 4, 3), Sex.FEMALE, "WX1 1QD")
    assert who.former_postcodes == (), "a contact's postcode is not hers"
    assert (row.status, row.desk_phone) == (InvolvementStatus.OPEN, "01632 960101")
    assert not row.shielded
    assert faults(found) == []
    assert found.about == (
        "encoding utf-8",
        "Common Transfer File, each line a pupil, counted from 1",
        "of 1 pupil, 1 has this school in their history",
    )


def test_before_version_23_the_sex_is_called_gender() -> None:
    [child] = read(with_lines(("<Sex>F</Sex>", "<Gender>M</Gender>"))).children
    assert child.demographics.sex is Sex.MALE
    [child] = read(with_lines(("<Sex>F</Sex>", "<Gender>M</Gender><Sex>F</Sex>"))).children
    assert child.demographics.sex is Sex.FEMALE


def test_a_second_postcode_finds_her_too() -> None:
    second = "</Address><Address><PostCode>WX2 2QD</PostCode></Address><Address>"
    content = with_lines(("</Address>\n<Contacts>", f"{second}</Address>\n<Contacts>"))
    [child] = read(content).children
    assert child.demographics.postcode == "WX1 1QD"
    assert child.demographics.former_postcodes == ("WX2 2QD",)


@pytest.mark.parametrize("written", ["A999123400001", " a 9991 23400001 ", "A99912340001B"])
def test_the_own_number_is_the_pupil_number_permanent_or_temporary(written: str) -> None:
    [child] = read(with_lines((upn(1), written))).children
    assert child.local_id == "".join(written.split()).upper()


@pytest.mark.parametrize("without", ["<UPN></UPN>", "<UPN/>", ""])
def test_a_pupil_without_a_number_is_refused_and_named(without: str) -> None:
    some = pupils(Random(1), 30)
    file = File.sound(some)
    lines = tuple(without if "<UPN>" in line else line for line in file.records[16])
    file = replace(file, records=(*file.records[:16], lines, *file.records[17:]))
    found = read(file.content())
    assert [(r.line, r.column, r.reason) for r in found.refused] == [(17, "local_id", Reason.EMPTY)]
    assert (found.rows, len(found.children)) == (30, 29)


def test_two_pupils_with_one_number_are_not_made_one() -> None:
    other = replace(QUILLON, forename="Marigold")
    found = read(ctf([QUILLON, other, QUILLON]))
    assert [(r.line, r.reason) for r in found.refused] == [(2, Reason.DIFFERENT_CHILD)]
    assert [child.lines for child in found.children] == [(1, 3)]


# ---- who is here ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "status"),
    [
        (None, InvolvementStatus.OPEN),
        (AS_OF - 30 * DAY, InvolvementStatus.RECENT),
        (AS_OF, InvolvementStatus.RECENT),
        (AS_OF + 30 * DAY, InvolvementStatus.OPEN),
    ],
)
def test_a_pupil_who_has_left_is_not_open(left: date | None, status: InvolvementStatus) -> None:
    [child] = read(ctf([replace(QUILLON, left=left)])).children
    [row] = child.involvements
    assert (row.status, row.ended_on) == (
        status,
        left if status is InvolvementStatus.RECENT else None,
    )


def test_a_pupil_who_left_long_ago_is_counted_and_not_kept() -> None:
    found = read(ctf([replace(QUILLON, left=AS_OF - 399 * DAY), *pupils(Random(2), 3)]))
    assert found.not_current == (1,)


def test_a_pupil_who_is_to_come_is_planned() -> None:
    [child] = read(ctf([replace(QUILLON, entered=AS_OF + 30 * DAY)])).children
    assert child.involvements[0].status is InvolvementStatus.PLANNED


def test_whoever_came_back_is_here() -> None:
    first = (
        "<School><LEA>999</LEA><Estab>1234</Estab><EntryDate>2023-09-01</EntryDate>"
        "<LeavingDate>2026-03-01</LeavingDate><LeavingReason>MOVED</LeavingReason></School>"
    )
    for before in (f"<SchoolHistory>{first}", f"<SchoolHistory>{first}{first}"):
        [child] = read(with_lines(("<SchoolHistory>", before))).children
        assert [row.status for row in child.involvements] == [InvolvementStatus.OPEN]
    again = replace(QUILLON, left=AS_OF - 20 * DAY)
    [child] = read(with_lines(("<SchoolHistory>", before), pupil=again)).children
    assert [row.ended_on for row in child.involvements] == [AS_OF - 20 * DAY]


def test_a_reason_for_leaving_without_a_day_refuses_the_row() -> None:
    content = with_lines(("\n</School>", "\n<LeavingReason>NEWSCH</LeavingReason></School>"))
    assert faults(read(content)) == [(1, "status", Reason.END_MISSING)]


def test_a_school_is_known_by_its_national_number_too() -> None:
    gone = replace(QUILLON, left=AS_OF - 20 * DAY)
    without = (("<LEA>999</LEA><Estab>1234</Estab>", "<URN>100001</URN>"),)
    [child] = read(with_lines(*without, pupil=gone)).children
    assert child.involvements[0].status is InvolvementStatus.RECENT


def test_whose_history_lacks_this_school_counts_as_here_and_the_report_says_so() -> None:
    gone = replace(QUILLON, left=AS_OF - 20 * DAY)
    found = read(with_lines(("<Estab>1234</Estab>\n<SchoolName>", "<SchoolName>"), pupil=gone))
    assert found.children[0].involvements[0].status is InvolvementStatus.OPEN
    assert "of 1 pupil, 0 have this school in their history" in found.about


# ---- what is not read ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "column"),
    [("Surname", "surname"), ("Forename", "forename"), ("DOB", "dob")],
)
def test_an_element_that_one_pupil_lacks_is_remarked_and_that_all_lack_refuses(
    name: str, column: str
) -> None:
    some = pupils(Random(3), 9)
    lines = [[line for line in pupil.lines() if not line.startswith(f"<{name}>")] for pupil in some]
    one = replace(File.sound(some), records=(tuple(lines[0]), *File.sound(some).records[1:]))
    found = read(one.content())
    assert faults(found) == [(1, column, Reason.ELEMENT_MISSING)]
    assert len(found.children) == 9
    whole = refused(replace(one, records=tuple(map(tuple, lines))).content())
    assert (whole.reason, whole.column) == (Reason.COLUMN_MISSING, column)


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("</UPN>", "</UPN><Surname>Elsewhere</Surname>", "surname"),
        ("<BasicDetails>", "<BasicDetails><DOB>2014-04-03</DOB>", "dob"),
        ("Brackenwood", "<Legal>Brackenwood</Legal>", "surname"),
        ("<PostCode>WX1 1QD", "<PostCode><x/>WX1 1QD", "postcode"),
        ("</EntryDate>", "</EntryDate><EntryDate>2020-09-01</EntryDate>", "start"),
        ("<School><LEA>998</LEA>", "<School><LEA>998</LEA><LEA>999</LEA>", ""),
    ],
)
def test_what_says_two_things_refuses_its_row(old: str, new: str, column: str) -> None:
    found = read(with_lines((old, new)))
    assert faults(found) == [(1, column, Reason.ELEMENT_NOT_READ)]


def test_what_is_said_twice_alike_is_read() -> None:
    found = read(with_lines(("<BasicDetails>", "<BasicDetails><DOB>2015-04-03</DOB><DOB/>")))
    assert faults(found) == []
    assert len(found.children) == 1


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("<CTFpupilData>", "<CTFpupilData><Child><Surname>Quill</Surname></Child>", 1),
        ("</CTFpupilData>", "</CTFpupilData><Pupil><Surname>Quill</Surname></Pupil>", 2),
        ("<Contacts>", "<Pupil><UPN>1</UPN></Pupil><Contacts>", 2),
        ("</CTFpupilData>", '<p:Pupil xmlns:p="urn:other"/></CTFpupilData>', 2),
    ],
)
def test_what_is_no_pupil_is_named_and_takes_nobody_with_it(old: str, new: str, line: int) -> None:
    found = read(with_lines((old, new)))
    assert faults(found) == [(line, "", Reason.NOT_A_PUPIL)]
    assert [child.local_id for child in found.children] == [upn(1)]
    assert found.children[0].demographics.postcode == "WX1 1QD"


def test_a_namespace_of_the_whole_file_is_no_other_format() -> None:
    whole = read(with_lines(("<CTfile>", '<CTfile xmlns="urn:of-a-supplier">')))
    assert whole.children == read(ctf([QUILLON])).children
    other = with_lines(("<Surname>Brackenwood", '<Surname xmlns="urn:other">Brackenwood'))
    assert refused(other).reason is Reason.COLUMN_MISSING


def test_a_text_that_is_too_long_refuses_its_row() -> None:
    found = read(with_lines(("Brackenwood", "Bracken" * 300_000)))
    assert faults(found) == [(1, "surname", Reason.TOO_LONG)]


def test_a_file_without_pupils_is_read_as_one_without_rows() -> None:
    found = read(ctf([]))
    assert (found.rows, found.children) == (0, ())


# ---- XML and its dangers -------------------------------------------------------------------------

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 20))


@pytest.mark.parametrize(
    ("declared", "used"),
    [
        (f'<!DOCTYPE CTfile [<!ENTITY l0 "ha">{LAUGHS}]>', "&l19;"),
        ('<!DOCTYPE CTfile [<!ENTITY x SYSTEM "file:///etc/hostname">]>', "&x;"),
        ('<!DOCTYPE CTfile SYSTEM "http://elsewhere.example/ctf.dtd">', ""),
        ("<!DOCTYPE CTfile>", ""),
    ],
    ids=["billion laughs", "external entity", "external subset", "empty"],
)
def test_a_document_type_is_never_read(declared: str, used: str) -> None:
    content = with_lines(("<CTfile>", f"{declared}<CTfile>"), ("Brackenwood", f"Brack{used}"))
    assert refused(content).reason is Reason.XML_WITH_DOCTYPE


def test_an_entity_of_nobody_is_broken_xml() -> None:
    assert refused(with_lines(("Brackenwood", "Brack&x;"))).reason is Reason.XML_NOT_READ
    assert refused(with_lines(("Brackenwood", "Bront&eacute;"))).reason is Reason.XML_NOT_READ


def test_depth_is_bounded() -> None:
    deep = "<a>" * 200_000 + "</a>" * 200_000
    assert refused(with_lines(("<Contacts>", f"{deep}<Contacts>"))).reason is Reason.XML_TOO_LARGE


def test_elements_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elements, "MOST_ELEMENTS", 1000)
    many = with_lines(("<Contacts>", f"{'<a/>' * 1000}<Contacts>"))
    assert refused(many).reason is Reason.XML_TOO_LARGE


@pytest.mark.parametrize(
    "token",
    ["<!--" + "<a>" * 1_000_000 + "-->", f'<a b="{"x" * 3_000_000}"/>', f"<?a {'x' * 3_000_000}?>"],
    ids=["comment", "attribute", "instruction"],
)
def test_a_token_is_bounded(token: str) -> None:
    """Attack: a token of many megabytes is begun anew with each chunk of the file."""
    content = with_lines(("<Contacts>", f"{token}<Contacts>"))
    assert refused(content).reason is Reason.XML_TOO_LARGE


def test_a_long_file_of_short_tokens_is_read() -> None:
    long = f"<a>{'x' * 100}</a>"
    content = with_lines(("<Contacts>", f"{long * 15_000}<Contacts>"))
    assert [child.local_id for child in read(content).children] == [upn(1)]


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9, 0.999])
def test_a_file_that_is_cut_off_is_refused(part: float) -> None:
    content = ctf(pupils(Random(4), 30))
    whole = refused(content[: int(part * len(content))])
    assert whole.reason is Reason.XML_NOT_READ
    assert whole.column.startswith("line ")


@pytest.mark.parametrize("more", [b"<CTfile/>", ctf([QUILLON]), b"and more", b"</CTfile>", b"\x1a"])
def test_nothing_may_stand_behind_the_root(more: bytes) -> None:
    assert refused(ctf([QUILLON]) + more).reason is Reason.XML_NOT_READ


@pytest.mark.parametrize(
    "content",
    [
        "<!DOCTYPE html><html><body>Your session has ended</body></html>",
        "<html><head><title>Sign in</title></head></html>",
        "<!doctype HTML PUBLIC '-//W3C//DTD HTML 4.01//EN'><p>Sign in<br>",
        '<?xml version="1.0"?><ATfile><ATFpupilData/></ATfile>',
        '<?xml version="1.0"?><Message><Children/></Message>',
        "\n\n<CTFpupilData><Pupil/></CTFpupilData>",
    ],
)
def test_another_file_under_its_name_is_no_transfer_file(content: str) -> None:
    whole = refused(content)
    assert whole.reason is Reason.XML_OTHER
    assert "error" in str(whole)


def test_blank_lines_before_the_declaration_are_no_fault() -> None:
    assert read(b"\r\n\n" + ctf([QUILLON])).children == read(ctf([QUILLON])).children


# ---- encodings -----------------------------------------------------------------------------------

NURIA = replace(QUILLON, forename="Núria", surname="Brontë")


@pytest.mark.parametrize(
    ("declared", "written"),
    [
        ("utf-8", "utf-8"),
        ("UTF-8", "utf-8-sig"),
        ("", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-16", "utf-8"),
        ("utf-16", "utf-8-sig"),
        ("windows-1252", "cp1252"),
        ("ISO-8859-1", "latin-1"),
        ("iso-8859-15", "iso8859-15"),
        ("us-ascii", "ascii"),
    ],
)
def test_the_declared_encoding_is_read(declared: str, written: str) -> None:
    file = replace(File.sound([NURIA]), declared=declared, written=written)
    [child] = read(file.content()).children
    assert (child.demographics.forename, child.demographics.surname) == ("Núria", "Brontë")


@pytest.mark.parametrize(
    ("declared", "written", "reason"),
    [
        ("utf-8", "cp1252", Reason.ENCODING_NOT_STATED),
        ("", "latin-1", Reason.ENCODING_NOT_STATED),
        ("iso-8859-1", "utf-8", Reason.ENCODING_WRONG),
        ("windows-1252", "utf-8", Reason.ENCODING_WRONG),
        ("shift_jis", "utf-8", Reason.ENCODING_NOT_STATED),
        ("rot13", "utf-8", Reason.ENCODING_NOT_STATED),
    ],
)
def test_no_letter_is_guessed(declared: str, written: str, reason: Reason) -> None:
    content = replace(File.sound([NURIA]), declared=declared, written=written).content()
    assert refused(content).reason is reason
    stated = "utf-8" if written == "utf-8" else "windows-1252"
    [child] = read(content, Reading(encoding=stated)).children
    assert child.demographics.surname == "Brontë"


def test_a_file_of_which_utf_8_is_stated_and_is_not_is_refused() -> None:
    content = replace(File.sound([NURIA]), written="cp1252").content()
    assert refused(content, Reading(encoding="utf-8")).reason is Reason.NOT_UTF8


# ---- the day -------------------------------------------------------------------------------------


def test_no_day_is_believed_that_is_after_the_one_of_the_file() -> None:
    content = replace(File.sound([QUILLON]), made=f"{AS_OF - 9 * DAY}T23:00:00+01:00").content()
    with pytest.raises(RefusedFile) as whole:
        read(content, as_of=AS_OF)
    assert whole.value.reason is Reason.DAY_AFTER_MADE
    assert f"{AS_OF - 9 * DAY}" in str(whole.value)
    for days in (8, 9, 10):  # the clocks of two machines may differ by a day
        read(content, as_of=AS_OF - days * DAY)
    assert day_of(content, COLUMNS, Reading()) == AS_OF - 9 * DAY


@pytest.mark.parametrize("made", ["", "yesterday", "14/01/2027 06:30"])
def test_a_file_without_a_day_says_none(made: str) -> None:
    content = replace(File.sound([QUILLON]), made=made).content()
    assert len(read(content).children) == 1
    with pytest.raises(RefusedFile) as whole:
        day_of(content, COLUMNS, Reading())
    assert whole.value.reason is Reason.DAY_NOT_IN_FILE


def test_a_mapping_is_proposed_for_what_a_transfer_file_does_not_say() -> None:
    text = propose(ctf([QUILLON]), Reading(), AS_OF)
    assert "Quillon" not in text
    for column in ("kind", "worker_name", "worker_role", "desk_phone", "desk_email"):
        assert f'"{column}" = ""' in text
    assert "local_id" not in text


# ---- whole files ---------------------------------------------------------------------------------

texts = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=30)
dates = st.one_of(
    st.dates(date(2008, 1, 1), AS_OF).map(str),
    st.sampled_from(["", "31/02/2015", "1900-01-01", "2027-06-01", "soon", "03/04/2015"]),
)


@st.composite
def whole_files(draw: st.DrawFn) -> File:
    some = []
    for n in range(draw(st.integers(0, 12))):
        lines = Pupil(
            draw(st.sampled_from([upn(n), upn(0), "", "X", "1.2E+12"])),
            draw(st.one_of(st.sampled_from(FORENAMES), texts)),
            draw(st.one_of(st.sampled_from(SURNAMES), texts)),
            date(2015, 4, 3),
            draw(st.sampled_from(["WX1 1QD", "", "nowhere"])),
            draw(st.sampled_from(["F", "M", "", "X", "?"])),
        ).lines()
        lines = [line.replace("2015-04-03", draw(dates)) for line in lines]
        for _ in range(draw(st.integers(0, 2))):
            place = draw(st.integers(1, 5))
            lines[place] = draw(st.sampled_from(["", lines[place], lines[place] * 2, "<New/>"]))
        some.append(tuple(lines))
    return replace(File((), ()), records=tuple(some), of=tuple(range(len(some))))


@examples(40)
@given(whole_files())
def test_each_pupil_of_any_file_is_in_exactly_one_place(file: File) -> None:
    try:
        found = read(file.content())
    except RefusedFile:
        return
    places = [line for child in found.children for line in child.lines]
    places += [fault.line for fault in found.refused]
    places += found.not_current
    assert sorted(places) == [*range(1, len(file.records) + 1)]
    assert found.rows == len(file.records)


@examples(20)
@given(st.integers(0, 2**32), st.integers(0, 20))
def test_a_sound_file_is_read_exactly(seed: int, count: int) -> None:
    some = pupils(Random(seed), count)
    file = File.sound(some)
    found = read(file.content())
    assert lost(some, file, found, ()) == []
    assert found.refused == ()
    one_line = replace(file, between="").content()
    assert read(one_line).children == found.children


@given(st.integers(0, 2**32), st.binary(max_size=60))
def test_nothing_raises_but_a_refusal(seed: int, some: bytes) -> None:
    random = Random(seed)
    content = bytearray(ctf(pupils(random, 3)))
    place = random.randrange(len(content))
    content[place : place + random.randrange(40)] = some
    try:
        read(bytes(content))
    except RefusedFile:
        return


# ---- damaged files -------------------------------------------------------------------------------

KINDS = len(OF_LINES) + len(OF_FILES) + 1


@pytest.mark.parametrize("number", range(KINDS * (SOAK if SOAKING else 2)))
def test_no_pupil_of_a_damaged_file_is_lost_in_silence(number: int) -> None:
    trial = attempt(number, seed=1)
    assert trial.lost == 0, str(trial)


def test_damages_do_damage_and_not_all_of_them_refuse_the_file() -> None:
    trials = [attempt(number, seed=1) for number in range(26, 26 + KINDS)]
    assert any(trial.refused for trial in trials)
    assert any(trial.named for trial in trials)
    assert any(not (trial.refused or trial.named) for trial in trials)
    assert len({trial.damage for trial in trials}) == KINDS


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.open_epoch()
    yield made
    made.close()


async def imported(world: World, content: bytes) -> None:
    options, whole = Options(AS_OF, COLUMNS, upn=False), unpacked(content)
    source = SourceFile(whole, hashlib.sha256(whole).digest(), AS_OF)
    await world.importer.run(OAK, source, options, Seen())


async def test_after_a_refused_file_the_node_answers_from_the_one_before(world: World) -> None:
    some = pupils(Random(6), 12)
    await imported(world, ctf(some))
    before = world.records.generation(OAK)
    assert before is not None
    assert before.children == len(some)
    refusals = 0
    for number in range(0, KINDS, 3):
        _, _, content = damaged(some, number, Random(number))
        try:
            await imported(world, content)
        except (RefusedFile, Unconfirmed):
            refusals += 1
            kept = world.records.generation(OAK)
            assert kept is not None
            assert kept.number == before.number
        else:
            before = world.records.generation(OAK)
            assert before is not None
    assert refusals > 1
