"""The narrow alphabets of the texts in a pointer, a passport and an inner part.

Law: pure checks that raise ``Refused(MALFORMED)`` naming the field, never its content. The
alphabets are ranges of code points and not Unicode tables, which differ between versions of Python:
what one party writes, every other accepts. Text that controls a screen (control and bidirectional
characters) or imitates other text (letters of other scripts) is refused.
"""

from __future__ import annotations

import re
from typing import Final

from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused, Rule

TELEPHONE_CHARS: Final = 24
EMAIL_CHARS: Final = 100
ACCOUNT_CHARS: Final = 64

# Latin letters with and without marks (Basic Latin to Latin Extended-B, Latin Extended Additional,
# combining marks).
_PLAIN: Final = re.compile(r"[A-Za-z0-9 '’–.,()/&+:\-À-ÖØ-öø-ɏ\u0300-\u036fḀ-ỿ]*")
_TELEPHONE: Final = re.compile(r"[0-9 +]*")
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+'\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+")
_ACCOUNT: Final = re.compile(r"[A-Za-z0-9._\-]+")
_REFERENCE: Final = re.compile(r"[A-Za-z0-9./_:\-]*")


def require_plain(text: str, *, chars: int, size: int, what: str | Rule) -> None:
    """Refuse more than ``chars`` characters or ``size`` bytes of UTF-8, or another alphabet."""
    _require(_PLAIN, text, chars, what)
    if len(text.encode("utf-8")) > size:
        raise Refused(Code.MALFORMED, what)


def require_telephone(text: str, what: str | Rule) -> None:
    """Refuse other than digits, spaces and plus signs, at most 24; the text may be empty."""
    _require(_TELEPHONE, text, TELEPHONE_CHARS, what)


def require_email(text: str, what: str | Rule) -> None:
    """Refuse what has not the simple shape of an address; at most 100 characters; may be empty."""
    if text:
        _require(_EMAIL, text, EMAIL_CHARS, what)


def require_account(text: str, what: str | Rule) -> None:
    """Refuse other than an opaque account of an agency: 1 to 64 of A-Z a-z 0-9 . _ -"""
    _require(_ACCOUNT, text, ACCOUNT_CHARS, what)


def require_reference(text: str, what: str | Rule) -> None:
    """Refuse other than a case or referral reference: at most 64 of A-Z a-z 0-9 . / _ : -

    There is no space, so that no sentence fits.
    """
    _require(_REFERENCE, text, limits.REFERENCE_CHARS, what)


def _require(pattern: re.Pattern[str], text: str, chars: int, what: str | Rule) -> None:
    if len(text) > chars or pattern.fullmatch(text) is None:
        raise Refused(Code.MALFORMED, what)
