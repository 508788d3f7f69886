"""The narrow alphabets: names of people and teams fit, sentences and screen tricks do not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.refusals import refused
from fingerpost.private.plain_text import (
    require_account,
    require_email,
    require_plain,
    require_reference,
    require_telephone,
)
from fingerpost.protocol.errors import Code, Refused


def _plain(text: str, what: str = "x") -> None:
    require_plain(text, chars=40, size=80, what=what)


Check = Callable[[str, str], None]


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (_plain, ""),
        (_plain, "Siân O’Neill-Brontë (MASH team 4)"),
        (_plain, "Łukasz Żółć, R&D / SEND: Mon–Fri"),
        (_plain, "Nguyễn Thị Hà"),
        (_plain, "Zoe\u0308 +1"),
        (require_telephone, ""),
        (require_telephone, "+44 0121 496 0000"),
        (require_email, ""),
        (require_email, "mash.desk+1@e08000025-council.gov.uk"),
        (require_account, "a"),
        (require_account, "A.b-c_9" * 9),
        (require_reference, ""),
        (require_reference, "CP/2025-00012:a"),
    ],
)
def test_what_people_need_is_taken(check: Check, text: str) -> None:
    check(text, "x")


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (_plain, "x" * 41),
        (_plain, "ễ" * 27),  # 81 bytes
        (_plain, "a\nb"),
        (_plain, "a\0"),
        (_plain, "\x7f"),
        (_plain, "\u202eevil"),  # turns the line around
        (_plain, "\u200bhidden"),
        (_plain, "Аnna"),  # a Cyrillic letter that looks Latin
        (_plain, "<b>"),
        (_plain, '"'),
        (_plain, "=cmd"),
        (_plain, "a;b"),
        (_plain, "×"),
        (_plain, "\ud800"),
        (_plain, "٣"),
        (require_telephone, "0" * 25),
        (require_telephone, "0121-496"),
        (require_telephone, "٠١٢"),
        (require_email, "desk"),
        (require_email, "desk@council"),
        (require_email, "a@b@c.uk"),
        (require_email, "a b@c.uk"),
        (require_email, "a@b..uk"),
        (require_email, "a@c.uk\n"),
        (require_email, "a" * 95 + "@c.uk."),
        (require_account, ""),
        (require_account, "a" * 65),
        (require_account, "anna@council"),
        (require_account, "a b"),
        (require_reference, "mother has left"),
        (require_reference, "x" * 65),
        (require_reference, "x\n"),
    ],
)
def test_what_they_do_not_need_is_refused(check: Check, text: str) -> None:
    with refused(Code.MALFORMED, "the field"):
        check(text, "the field")


@given(st.text(max_size=40))
def test_whatever_passes_is_printable_and_bounded(text: str) -> None:
    try:
        _plain(text)
    except Refused as refusal:
        assert text not in str(refusal) or text in "malformed: x"
    else:
        assert all(c.isprintable() for c in text)
        assert len(text.encode()) <= 80
