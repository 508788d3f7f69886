"""What somebody should look at in a first import, of which there is none to hold it beside. Pure.

Law: it may be right, and stops nothing; ``misread`` has what stops an import.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from agency_node.importing.census import FLAGGED
from agency_node.importing.finding import Finding, Rule
from agency_node.importing.misread import FEW, FEW_SAME, Earlier, Facts
from agency_node.importing.ordered import FEW_SHARING, MUCH_OTHERS

MUCH_SHIELDED: Final = 3
"""If more than one child in so many is shielded, the column may be another one."""


def doubts_about(facts: Facts, earlier: Earlier | None) -> Iterator[Finding]:
    """Yield what somebody should look at in a file. ``earlier``: what it can be held beside."""
    had, children = facts.count.had, facts.count.children
    counted = facts.foot is not None or facts.stated_rows is not None
    if earlier is None and not counted and not facts.has_end:
        yield Finding(Rule.NO_END, rows=facts.countable, forms=tuple(facts.parts.items()))
    if earlier is not None and earlier.census is not None and earlier.census.sample:
        return
    for column in facts.orders.apart():
        yield Finding(Rule.SORTED, column)
    others, sharing = facts.orders.of_other_sex()
    if sharing >= FEW_SHARING and MUCH_OTHERS * others > sharing:
        yield Finding(Rule.APART, "sex", rows=others, of=sharing)
    for column in ("forename", "surname", "dob", "postcode"):
        lacking = children - had[column]
        if lacking >= FEW and 2 * lacking > children:
            yield Finding(Rule.LACKING, column, rows=lacking, of=children)
    for column, much in (("shield", MUCH_SHIELDED), ("sensitive", 2)):
        if children >= FEW_SAME and much * had[column] > children:
            yield Finding(Rule.MOST, column, rows=had[column], of=children)
    for column, flag in (("shield", FLAGGED), ("sensitive", "sensitive")):
        if not had[flag]:
            yield Finding(Rule.UNFLAGGED, column, of=children)
