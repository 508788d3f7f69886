"""What the demonstration assumes of each kind of involvement: a row of ``data/kinds.csv`` each.

The shares are chosen so that the demonstration shows every kind; they are no statistics of any real
place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from deploy.demo.people.agencies import DATA, ages_of
from deploy.invented.tables import read_rows
from fingerpost.protocol.codes import Kind

SENSITIVE_TEAM: Final = "Duty team"
"""Written instead of a name and a role: who works at a sensitive service is never disclosed."""

TROUBLED: Final = 0.12
TROUBLED_FACTOR: Final = 5.0
OTHERS_FACTOR: Final = 0.45
"""Involvement gathers: few children are known to many agencies, most to none beyond everybody's."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """Of the children whose completed years lie within ``ages``, ``share`` are involved in this
    way, and ``before_move`` were where they lived before.

    ``gathers``: some children have ``TROUBLED_FACTOR`` times this share. ``health_number``,
    ``upn``, ``sex_missing``: shares of the records that such systems keep.
    """

    ages: range
    share: float
    gathers: bool
    before_move: float
    health_number: float
    upn: float
    sex_missing: float
    worker_role: str

    @property
    def has_nhs_numbers(self) -> bool:
        """Whether nearly every record has the number: health."""
        return self.health_number > 0.9


def _assumed(row: Mapping[str, str]) -> Assumed:
    share, before_move, health_number, upn, sex_missing = (
        float(row[name]) for name in ("share", "before_move", "health_number", "upn", "sex_missing")
    )
    return Assumed(
        ages_of(row),
        share,
        row["gathers"] == "yes",
        before_move,
        health_number,
        upn,
        sex_missing,
        row["worker_role"],
    )


KINDS: Final[Mapping[Kind, Assumed]] = MappingProxyType(
    {Kind[row["kind"]]: _assumed(row) for row in read_rows(DATA / "kinds.csv")}
)
"""In the order in which involvements are drawn."""
