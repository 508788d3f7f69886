"""Maps the published four-digit postcodes to English-shaped ones, one to one.

Lives here: the map. Invariants: within one area two codes map to the same postcode only if they are
the same; one wrong digit becomes one wrong character; two neighbouring digits swapped stay two
characters swapped, save across the space's letter. The outward letters are of no post town in use.
"""

from __future__ import annotations

from typing import Final

_UNIT: Final = "ABDEFGHJLN"
_FIRST: Final = "9123456780"  # districts have no leading zero: 0 and 9 change places


def english_postcode(published: str, letters: str) -> str:
    """E.g. ``2604`` with letters ``WX`` gives ``WX26 0EQ``. Text not of four digits stays as it
    is.
    """
    if len(published) != 4 or not (published.isascii() and published.isdigit()):
        return published
    first, last = _FIRST[int(published[0])], _UNIT[int(published[3])]
    return f"{letters}{first}{published[1]} {published[2]}{last}Q"


def in_area(postcode: str, letters: str) -> str:
    """The same place in the other area: only the outward letters change. Other text stays as it
    is.
    """
    return f"{letters}{postcode[2:]}" if len(postcode) == 8 else postcode
