"""The narrow alphabets of what a pointer, a passport and an inner part may say in words.

Law: pure checks that raise ``Refused(MALFORMED)`` naming the field, never its content. The alphabets are ranges of
code points and no Unicode tables, which differ between versions of Python: what one party writes, every other
accepts. Text that steers a screen (control and bidirectional characters) or imitates (letters of other scripts)
is outside of them.
"""

from __future__ import annotations

import re
from typing import Final

from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused, Rule

TELEPHONE_CHARS: Final = 24
EMAIL_CHARS: Final = 100
ACCOUNT_CHARS: Final = 64

# Latin letters with and without marks (Basic Latin to Latin Extended-B, Latin Extended Additional, combining marks).
_PLAIN: Final = re.compile(r"[A-Za-z0-9 '’–.,()/&+:\-À-ÖØ-öø-ɏ\u0300-\u036fḀ-ỿ]*")
_TELEPHONE: Final = re.compile(r"[0-9 +]*")
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+'\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+")
_ACCOUNT: Final = re.compile(r"[A-Za-z0-9._\-]+")
_REFERENCE: Final = re.compile(r"[A-Za-z0-9./_:\-]*")


def require_plain(text: str, *, chars: int, size: int, what: str | Rule) -> None:
    """At most ``chars`` characters and ``size`` bytes of UTF-8 from the narrow alphabet; may be empty."""
    _require(_PLAIN, text, chars, what)
    if len(text.encode("utf-8")) > size:
        raise Refused(Code.MALFORMED, what)


def require_telephone(text: str, what: str | Rule) -> None:
    """Digits, spaces and plus signs, at most 24; may be empty."""
    _require(_TELEPHONE, text, TELEPHONE_CHARS, what)


def require_email(text: str, what: str | Rule) -> None:
    """The simple shape of an address, at most 100 characters; may be empty."""
    if text:
        _require(_EMAIL, text, EMAIL_CHARS, what)


def require_account(text: str, what: str | Rule) -> None:
    """An opaque account of an agency: 1 to 64 of A-Z a-z 0-9 . _ -"""
    _require(_ACCOUNT, text, ACCOUNT_CHARS, what)


def require_reference(text: str, what: str | Rule) -> None:
    """A case or referral reference: at most 64 of A-Z a-z 0-9 . / _ : - and no space, so that no sentence fits."""
    _require(_REFERENCE, text, limits.REFERENCE_CHARS, what)


def _require(pattern: re.Pattern[str], text: str, chars: int, what: str | Rule) -> None:
    if len(text) > chars or pattern.fullmatch(text) is None:
        raise Refused(Code.MALFORMED, what)
