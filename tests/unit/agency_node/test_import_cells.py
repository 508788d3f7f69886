"""One cell: what is certain is mended, what is not is remarked, and nothing is guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_node.importing.census import damaged_names
from agency_node.importing.sources import fields as read
from agency_node.importing.sources.cells import clean
from agency_node.importing.sources.fields import BadField
from agency_node.importing.sources.person_names import NameOrder, split, without_title
from agency_node.importing.sources.reasons import Reason
from fingerpost.private.demographics import Demographics


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("O&apos;Halloran", "O'Halloran"),
        ("O&#39;Halloran", "O'Halloran"),
        ("Bront&eacute;", "Brontë".replace("ë", "é")),
        ("Bront&amp;euml;", "Brontë"),
        ("NÃºÃ±ez", "Núñez"),
        ("O\u00e2\u20ac\u2122Halloran", "O\u2019Halloran"),
        ("BrontÃ«", "Brontë"),
        ("\u00c3\u0081lvaro", "Álvaro"),
        ("Łukasz", "Łukasz"),
        ("São", "São"),
        ("Zoë", "Zoë"),
        ("\u00a0Anne\u202fMarie\u200b ", "Anne Marie"),
        ("\u200e943\u202f476\u202f5919\u200f", "943 476 5919"),
        ('="01632960101"', "01632960101"),
        ("Smith & Sons", "Smith & Sons"),
        ("&nosuch;", "&nosuch;"),
    ],
)
def test_a_cell_is_read_as_it_was_meant(written: str, meant: str) -> None:
    assert clean(written) == meant
    assert clean(meant) == meant


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x17F), max_size=20))
def test_utf8_that_was_read_as_another_encoding_is_read_again(name: str) -> None:
    letters = "".join(c for c in name if c.isalpha() and not c.isascii() and c not in "ªº")
    for encoding in ("latin-1", "cp1252"):
        try:
            misread = letters.encode().decode(encoding)
        except UnicodeDecodeError:
            continue
        assert clean(f"A{misread}b") == f"A{letters}b"


@given(st.text(max_size=30))
def test_what_is_clean_stays_so(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize("name", ["Nu?ez", "Ren?e", "N\ufffdez", "NÃ?ez", "&zz;a"])
def test_lost_letters_are_noticed(name: str) -> None:
    assert damaged_names(Demographics(surname=clean(name))) == ("surname",)


@pytest.mark.parametrize("name", ["Brontë", "Smith & Jones", "O'Neill", "Þóra", "Ã", "?", ""])
def test_letters_that_are_there_are_not_missed(name: str) -> None:
    assert damaged_names(Demographics(surname=clean(name))) == ()


@pytest.mark.parametrize(
    ("written", "dialled"),
    [
        ("01632 960101", "01632 960101"),
        ("01632960101", "01632960101"),
        ("1632960101", "01632960101"),
        ("1632 960101", "01632 960101"),
        ("1632960101.0", "01632960101"),
        ("'01632960101", "01632960101"),
        ("+44 (0)1632 960101", "01632 960101"),
        ("+44(0)1632960101", "01632960101"),
        ("0044 (0) 1632 960101", "01632 960101"),
        ("+44 1632 960101", "+44 1632 960101"),
        ("441632960101", "+441632960101"),
        ("(01632) 960-101", "01632 960 101"),
        ("01632-960177 (office)", "01632 960177"),
        ("Tel: 01632 960101", "01632 960101"),
        ("01632/960101", "01632 960101"),
        ("０１６３２ 960101", "01632 960101"),
        ("01632\u2011960101", "01632 960101"),
        ("7700 900123", "07700 900123"),
        ("0800 1111", "0800 1111"),
        ("101", "101"),
        ("116000", "116000"),
        ("", ""),
    ],
)
def test_a_telephone_number_that_can_be_dialled(written: str, dialled: str) -> None:
    assert read.read_telephone(written) == dialled


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("01632960101/01632960102", Reason.TWO_TELEPHONES),
        ("01632 960101 or 07700 900123", Reason.TWO_TELEPHONES),
        ("01632 960101, 01632 960102", Reason.TWO_TELEPHONES),
        ("01632 960101 01632 960102", Reason.TWO_TELEPHONES),
        ("01632 960101\n01632 960102", Reason.TWO_TELEPHONES),
        ("01632 960101 / 2", Reason.TWO_TELEPHONES),
        ("1632960101 1632960102", Reason.NOT_A_TELEPHONE),
        ("1.63296E+09", Reason.NUMBER_LEFT_OUT),
        ("01632 960101 ext 12", Reason.NOT_A_TELEPHONE),
        ("ask the desk", Reason.NOT_A_TELEPHONE),
        ("960101", Reason.NOT_A_TELEPHONE),
        ("0", Reason.NOT_A_TELEPHONE),
        ("01632", Reason.NOT_A_TELEPHONE),
        ("+44", Reason.NOT_A_TELEPHONE),
        ("01632 +960101", Reason.NOT_A_TELEPHONE),
    ],
)
def test_a_number_that_cannot_be_dialled_is_none(written: str, reason: Reason) -> None:
    with pytest.raises(BadField) as bad:
        read.read_telephone(written)
    assert bad.value.reason is reason


@given(st.text("0123456789 +()/-,;or", max_size=40))
def test_digits_of_a_telephone_are_never_glued_nor_lost(text: str) -> None:
    try:
        found = read.read_telephone(text)
    except BadField:
        return
    written = "".join(c for c in text if c.isdigit())
    digits = "".join(c for c in found if c.isdigit())
    assert digits.lstrip("0") in written
    assert len(digits) <= 15


@pytest.mark.parametrize(
    ("text", "says"),
    [
        *((word, True) for word in ("Y", "yes", "TRUE", "T", "1", "x", "1.0", "-1", "✓")),
        *((word, False) for word in ("", "N", "no", "FALSE", "F", "0", "0.0", "-", "NULL", "n/a")),
    ],
)
def test_flags_are_read_by_one_table(text: str, says: bool) -> None:
    assert read.read_flag(text) is says


@pytest.mark.parametrize("text", ["maybe", "2", "partly", "?", "see notes"])
def test_other_words_are_no_flag(text: str) -> None:
    with pytest.raises(BadField):
        read.read_flag(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("943 476 5919", "943 476 5919"),
        ("9434765919.0", "9434765919"),
        ("'9434765919", "9434765919"),
        ("9.434765919E9", "9434765919"),
        ("9.434765919E+09", "9434765919"),
        ("", ""),
    ],
)
def test_a_number_is_read_past_what_a_spreadsheet_made_of_it(text: str, number: str) -> None:
    assert read.read_number(text) == number


@pytest.mark.parametrize("text", ["9.43477E+09", "9,43477E+09", "9E+09", "1.23457E+11"])
def test_a_number_that_was_shortened_is_left_out(text: str) -> None:
    with pytest.raises(BadField) as bad:
        read.read_number(text)
    assert bad.value.reason is Reason.NUMBER_LEFT_OUT


@pytest.mark.parametrize(
    ("text", "stated", "parts"),
    [
        ("Quillfeather, Theodora", None, ("Theodora", "Quillfeather")),
        ("QUILLFEATHER, Theodora Ann", None, ("Theodora Ann", "QUILLFEATHER")),
        ("Quillfeather, Miss Theodora", None, ("Theodora", "Quillfeather")),
        ("Quillfeather, Theodora, Miss", None, ("Theodora", "Quillfeather")),
        ("van der Quill, Theodora", NameOrder.FORENAME_FIRST, ("Theodora", "van der Quill")),
        ("Theodora Quillfeather", None, Reason.NAME_ORDER_NOT_STATED),
        ("Theodora Quillfeather", NameOrder.FORENAME_FIRST, ("Theodora", "Quillfeather")),
        (
            "Miss Theodora Ann Quillfeather",
            NameOrder.FORENAME_FIRST,
            ("Theodora Ann", "Quillfeather"),
        ),
        ("Theodora van der Quill", NameOrder.FORENAME_FIRST, ("Theodora", "van der Quill")),
        ("Quillfeather Theodora Ann", NameOrder.SURNAME_FIRST, ("Theodora Ann", "Quillfeather")),
        ("Quillfeather, Theodora, of Oak", None, Reason.NAME_NOT_SPLIT),
        ("Quillfeather,", None, Reason.NAME_NOT_SPLIT),
        ("Theodora", NameOrder.FORENAME_FIRST, ("Theodora", "")),
        ("", None, ("", "")),
    ],
)
def test_a_name_in_one_column_is_split(
    text: str, stated: NameOrder | None, parts: tuple[str, str] | Reason
) -> None:
    assert split(text, stated) == parts


def test_a_title_goes_only_from_before_a_name() -> None:
    assert without_title("Master Quillon") == "Quillon"
    assert without_title("Master") == "Master"
    assert without_title("Missy Anne") == "Missy Anne"
