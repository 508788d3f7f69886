"""What each kind of export can say of a holding: the rest is not in it, and so nobody's truth.

A column that only some systems have does not reach a node from the others, and a question must not
expect it. Invariant: who holds which child is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from deploy.demo.people.agencies import AGENCIES, System
from deploy.demo.people.children import Child
from deploy.demo.people.involvement import Holding
from fingerpost.protocol.codes import InvolvementStatus, Kind


def as_kept(holdings: Iterable[Holding], children: Sequence[Child]) -> tuple[Holding, ...]:
    """Return the holdings as the exports of their agencies can say them."""
    systems = {agency.id: agency.system for agency in AGENCIES}
    by_number = {child.number: child for child in children}
    return tuple(
        _kept(systems[holding.agency], holding, by_number[holding.child]) for holding in holdings
    )


def _kept(system: System, holding: Holding, child: Child) -> Holding:
    if system in {System.TABLE, System.TABLE_AND_DESKS, System.WORKBOOK}:
        return holding
    # None of the others names a lead practitioner or an early help assessment.
    holding = replace(holding, lead=False, early_help=False)
    match system:
        case System.TRANSFER_FILE:
            # It says of nobody that she is protected. Each pupil has a number, as the law asks.
            record = replace(holding.record, health_number="", upn=child.upn)
            return replace(holding, record=record, shield=False)
        case System.COUNCIL_TABLES:
            record = replace(holding.record, middle_names="", aliases=())
            return _in_a_table(replace(holding, record=record))
        case _:
            # Names are in one list there: without the first, the second would be the first.
            record = holding.record
            kept = record if record.forename else replace(record, middle_names="")
            return replace(holding, record=kept)


def _in_a_table(holding: Holding) -> Holding:
    """Return what a table of the Standard Safeguarding Dataset can hold."""
    match holding.kind:
        case Kind.CSC_DISABILITY:  # a disabled child is a child in need (Children Act 1989, s. 17)
            return replace(holding, kind=Kind.CSC_CIN)
        case Kind.CSC_LEAVING_CARE:  # without dates
            return replace(holding, status=InvolvementStatus.OPEN, end=None)
        case _:
            return holding
