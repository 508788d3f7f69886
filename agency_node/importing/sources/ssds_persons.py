"""From the persons of the Standard Safeguarding Dataset to the cells about a child. Pure.

Law: of several numbers and addresses the one in force is hers, and of these the latest. A former
address is a former postcode; a former pupil number is used where there is no other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Final

from agency_node.importing.sources.dates import NO_SHORT_YEARS, Order, is_no_date, meanings
from agency_node.importing.sources.ssds_tables import Record, Tables
from fingerpost.protocol.limits import FORMER_POSTCODES

OF_HER: Final = (
    *("local_id", "forename", "surname", "dob", "due", "sex", "postcode", "former_postcodes"),
    *("health_number", "upn", "shield"),
)
_NUMBERS: Final = MappingProxyType(
    {
        "unique pupil number": ("upn", 2),
        "upn": ("upn", 2),
        "former unique pupil number": ("upn", 1),
        "former upn": ("upn", 1),
        "nhs number": ("health_number", 2),
    }
)
"""Types of linked identifiers: the column, and which goes before which."""
_WITHOUT_END: Final = ("1900-", "9999-")


class Persons:
    """What is known of each person beside her own row."""

    def __init__(self, tables: Tables) -> None:
        self._numbers = _numbers(tables)
        self._homes = _homes(tables)

    def cells(self, person: Record, *, hidden: bool) -> tuple[str, ...]:
        """Return the cells of ``OF_HER``."""
        number = person["pers_person_id"]
        linked = self._numbers.get(number, {})
        home, *earlier = self._homes.get(number, ("",))
        former = [each for each in dict.fromkeys(earlier) if each and each != home]
        return (
            number,
            person["pers_forename"],
            person["pers_surname"],
            person["pers_dob"],
            person["pers_expected_dob"],
            person["pers_sex"],
            home,
            "; ".join(former[:FORMER_POSTCODES]),
            person["pers_single_unique_id"] or linked.get("health_number", ""),
            person["pers_upn"] or linked.get("upn", ""),
            "hidden" if hidden else person["shield"],
        )


def _numbers(tables: Tables) -> Mapping[str, Mapping[str, str]]:
    """Return by person the linked number of each column: one in force before one that was."""
    best: dict[tuple[str, str], tuple[int, bool, date]] = {}
    found: dict[str, dict[str, str]] = {}
    for link in tables.records("ssd_linked_identifiers"):
        column, rank = _NUMBERS.get(" ".join(link["link_identifier_type"].lower().split()), ("", 0))
        if not column or not link["link_identifier_value"]:
            continue
        whose = link["link_person_id"], column
        worth = rank, is_open(link["link_valid_to_date"]), day_of(link["link_valid_from_date"])
        if whose not in best or worth > best[whose]:
            best[whose] = worth
            found.setdefault(whose[0], {})[column] = link["link_identifier_value"]
    return found


def _homes(tables: Tables) -> Mapping[str, Sequence[str]]:
    """Return by person the postcodes, of the present address first, then the latest."""
    found: dict[str, list[tuple[bool, date, date, str]]] = {}
    for home in tables.records("ssd_address"):
        start, end = home["addr_address_start_date"], home["addr_address_end_date"]
        entry = is_open(end), day_of(end), day_of(start), home["addr_address_postcode"]
        found.setdefault(home["addr_person_id"], []).append(entry)
    postcodes: dict[str, Sequence[str]] = {}
    for number, homes in found.items():
        homes.sort(reverse=True)
        there_now, codes = homes[0][0], [code for *_, code in homes]
        postcodes[number] = codes if there_now else ["", *codes]
    return postcodes


def is_open(end: str) -> bool:
    return is_no_date(end) or end.startswith(_WITHOUT_END)


def day_of(text: str) -> date:
    """Return the day by which rows of one child are ordered; nothing else depends on it."""
    return meanings(text, NO_SHORT_YEARS).get(Order.DAY_FIRST, date.min)
