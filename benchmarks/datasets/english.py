"""Maps foreign postcodes and numbers to English ones, so that the errors stay as published.

Pure. Invariant: each mapping of postcodes is one to one, and a wrong character there is about one
wrong character here; where no mapping applies the text stays as it is.
"""

from __future__ import annotations

from typing import Final

from deploy.invented.numbers import nhs_check_digit

# With an A behind each, all are real areas.
_AREA_OF_DIGIT: Final = "BCDHKLPSTW"
_LETTER_OF_DIGIT: Final = "ABDEFGHJLN"  # of those that a postcode may end with


def postcode(code: str) -> str:
    """Return four digits (Australia) or five (United States) as a postcode of valid form.

    The district has no leading zero: 4511 → ``KA51 1AA``, 4011 → ``KA1 1AA``, 45116 → ``KA51 1HA``.
    A character that is no digit (an O for a zero) stays in its place; text of another length is
    returned as it is.
    """
    if len(code) not in (4, 5):
        return code
    area = _letter(_AREA_OF_DIGIT, code[0])
    unit = _letter(_LETTER_OF_DIGIT, code[4]) if len(code) == 5 else "A"
    return f"{area}A{code[1:3].removeprefix('0')} {code[3]}{unit}A"


def _letter(letters: str, sign: str) -> str:
    return letters[int(sign)] if sign.isascii() and sign.isdigit() else sign


def health_number(number: str, original: str | None = None) -> str:
    """Return ``number`` (at most eight digits) as a health number: ten digits, the last a check
    digit.

    The check digit is that of ``original``, the number without its errors, so that a wrong digit is
    refused as often as a real check digit refuses it. The result is empty where the original has no
    valid check digit (it would be 10).
    """
    digits = _nine(number if original is None else original)
    check = nhs_check_digit(digits)
    return "" if check is None else f"{_nine(number)}{check}"


def _nine(number: str) -> str:
    return f"4{int(number):08}"
