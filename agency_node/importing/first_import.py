"""What somebody should look at in a first import, of which there is none to hold it beside. Pure.

Law: it may be right, and stops nothing; ``misread`` has what stops an import.
"""

from __future__ import annotations

from collections.abc import Iterator

from agency_node.importing.census import FLAGGED
from agency_node.importing.misread import FEW, FEW_SAME, Earlier, Facts, Finding, Rule
from agency_node.importing.ordered import FEW_SHARING, MUCH_OTHERS


def doubts_about(facts: Facts, earlier: Earlier | None) -> Iterator[Finding]:
    """Yield what somebody should look at in a file that nothing can be held beside: a column that
    may have been sorted without the others, flags whose words may mean the reverse, that nobody is
    flagged, and that a file which was cut off between two lines would look the same. It may be
    right, and stops no import.
    """
    if earlier is None and facts.foot is None and not facts.has_end:
        yield Finding(Rule.NO_END, rows=facts.rows)
    if earlier is not None and earlier.census is not None and earlier.census.sample:
        return
    for column in facts.orders.apart():
        yield Finding(Rule.SORTED, column)
    others, sharing = facts.orders.of_other_sex()
    if sharing >= FEW_SHARING and MUCH_OTHERS * others > sharing:
        yield Finding(Rule.APART, "sex", rows=others, of=sharing)
    for column in ("forename", "surname", "dob", "postcode"):
        lacking = facts.count.children - facts.count.had[column]
        if lacking >= FEW and 2 * lacking > facts.count.children:
            yield Finding(Rule.LACKING, column, rows=lacking, of=facts.count.children)
    for column in ("shield", "sensitive"):
        has, children = facts.count.had[column], facts.count.children
        if children >= FEW_SAME and 2 * has > children:
            yield Finding(Rule.MOST, column, rows=has, of=children)
    if not facts.count.had[FLAGGED]:
        yield Finding(Rule.UNFLAGGED, "shield", of=facts.count.children)
    if not facts.count.had["sensitive"]:
        yield Finding(Rule.UNFLAGGED, "sensitive", of=facts.count.children)
