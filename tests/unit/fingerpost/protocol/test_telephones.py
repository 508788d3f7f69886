"""A telephone number is read, mended where its form proves it, or refused; never another number."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerpost.protocol.telephones import (
    MOST_CHARS,
    BadTelephone,
    TelephoneFault,
    read_telephone,
)


@pytest.mark.parametrize(
    ("text", "number", "mended"),
    [
        ("01632 960177", "01632 960177", False),
        ("(01632) 960-177", "01632 960 177", False),
        ("01632/960177", "01632 960177", False),
        ("020\u00a07946\u20110999", "020 7946 0999", False),
        ("1632960177", "01632960177", True),
        ("+44 (0)1632 960101", "01632 960101", True),
        ("+441632960101", "+441632960101", False),
        ("+44 01632 960101", "01632 960101", True),
        ("0044 1632 960101", "+44 1632 960101", True),
        ("441632960101", "+441632960101", True),
        ("01632960101.0", "01632960101", False),
        ("1632960101.0", "01632960101", True),
        ("'01632 960101", "01632 960101", False),
        ("0800 1111", "0800 1111", False),
        ("01632-960177 (office)", "01632 960177", True),
        ("Tel: 01632 960177", "01632 960177", True),
        ("+353 1 555 0100", "+353 1 555 0100", False),
        ("00353 1 555 0100", "+353 1 555 0100", True),
        ("101", "101", False),
        ("\u200e01632 960177\u200b", "01632 960177", False),
    ],
)
def test_a_number_is_brought_to_one_form(text: str, number: str, mended: bool) -> None:
    found = read_telephone(text)
    assert (found.number, found.mended) == (number, mended)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("01632960101/01632960102", TelephoneFault.TWO_NUMBERS),
        ("01632 960101 or 07700 900123", TelephoneFault.TWO_NUMBERS),
        ("01632 960101; 01632 960102", TelephoneFault.TWO_NUMBERS),
        ("01632960101 01632960102", TelephoneFault.TWO_NUMBERS),
        ("1.63296E+09", TelephoneFault.SPREADSHEET),
        ("01632 960101 ext 12", TelephoneFault.WORDS),
        ("ask at the desk", TelephoneFault.DIGITS),
        ("", TelephoneFault.DIGITS),
        ("163296017", TelephoneFault.DIGITS),  # nine digits: the last may be missing
        ("4632960177", TelephoneFault.DIGITS),
        ("+12", TelephoneFault.DIGITS),
        ("01632 9601", TelephoneFault.DIGITS),
    ],
)
def test_what_may_be_another_number_is_refused(text: str, fault: TelephoneFault) -> None:
    with pytest.raises(BadTelephone) as bad:
        read_telephone(text)
    assert bad.value.fault is fault
    assert not any(map(str.isdigit, str(bad.value)))


@given(
    st.from_regex(r"[123789][0-9]{9}", fullmatch=True),
    st.sampled_from(("0{}", "+44{}", "+44 (0){}", "0044{}", "44{}", "{}", "0{} (duty)", "(0{})")),
    st.integers(2, 8),
    st.sampled_from((" ", "-", ".", "\u00a0", "\u2013", "")),
)
def test_every_way_to_write_a_number_is_that_number(
    national: str, way: str, at: int, between: str
) -> None:
    text = way.format(national[:at] + between + national[at:])
    found = read_telephone(text).number.replace(" ", "")
    assert found in {f"0{national}", f"+44{national}"}


@given(st.text(max_size=40) | st.from_regex(r"[0-9+() /.,;-]{1,30}", fullmatch=True))
def test_whatever_is_written_is_dialled_as_it_stands_or_refused(text: str) -> None:
    try:
        found = read_telephone(text)
    except BadTelephone:
        return
    assert re.fullmatch(r"\+?[0-9][0-9 ]*", found.number)
    assert len(found.number) <= MOST_CHARS
    digits = re.sub("[^0-9]", "", found.number)
    assert digits.lstrip("0") in re.sub("[^0-9]", "", text)
    assert read_telephone(found.number).number == found.number, "what is read is read again"
