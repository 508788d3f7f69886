"""What the rule of desks knows of each agency of this node, made anew when the member list or the
word of the clock changes.

Law: the same work for every query. ``of`` is a look into a table, whatever the query finds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

from agency_node.desks.calendar import Calendar, terms_between, warning
from agency_node.desks.duty import AgencyDesks
from fingerpost.private.plain_text import require_telephone
from fingerpost.protocol.codes import AgencyKind, CoarseKind
from fingerpost.protocol.errors import Refused
from fingerpost.protocol.federation import Area, Federation
from fingerpost.protocol.ids import AgencyId

NOTHING_KNOWN = AgencyDesks(clock=False)
"""Of an agency that the member list does not have."""


class Desks:
    """The desks of the agencies of one node.

    Args:
        calendars: by agency, what its settings state.
    """

    def __init__(self, calendars: Mapping[AgencyId, Calendar]) -> None:
        self._calendars = calendars
        self._known: Mapping[AgencyId, AgencyDesks] = {}
        self._of: tuple[int, bool] | None = None

    def prepare(self, federation: Federation, *, clock: bool) -> None:
        """Take the member list, and whether the clock of this machine is verified."""
        if self._of != (federation.version, clock):
            self._known = agency_desks(self._calendars, federation, clock=clock)
            self._of = (federation.version, clock)

    def of(self, agency: AgencyId) -> AgencyDesks:
        return self._known.get(agency, NOTHING_KNOWN)


def agency_desks(
    calendars: Mapping[AgencyId, Calendar], federation: Federation, *, clock: bool
) -> Mapping[AgencyId, AgencyDesks]:
    """Return what is known of agencies. Pure.

    An agency that states no terms has those that follow from the signed school holidays of its
    area. The desks of a school are staffed in term only.
    """
    found = {}
    for area in federation.areas.values():
        signed, education = terms_between(area.school_holidays), _education_desk(area, federation)
        for agency in area.agencies:
            stated = calendars.get(agency.id)
            if stated is None:
                continue
            school = agency.kind is AgencyKind.SCHOOL and not stated.open_in_holidays
            terms = stated.terms or signed
            calendar = replace(stated, terms=terms, in_terms=school and terms is not None)
            desk = _usable(agency.duty_desk)
            found[agency.id] = AgencyDesks(
                calendar, desk, education if school else "", school, clock
            )
    return found


def warnings(known: Mapping[AgencyId, AgencyDesks], today: date) -> Iterator[str]:
    """Yield what an operator is to be told of calendars, a line for each agency concerned. Pure."""
    for agency, desks in sorted(known.items()):
        said = warning(desks.calendar, today)
        if desks.school and desks.calendar.terms is None:
            said = (
                "no term dates are stated, by its settings or by the school holidays of its area. "
                "Its desks are shown as open in the holidays, too. State its terms."
            )
        if said:
            yield f"{agency}: {said}"


def _education_desk(area: Area, federation: Federation) -> str:
    """Return the number of the council's education desk: the duty desk of an entry of the council
    that provides education welfare; empty where the member list has none."""
    for agency in area.agencies:
        if (
            agency.kind is AgencyKind.LOCAL_AUTHORITY
            and CoarseKind.EDUCATION_WELFARE in agency.services
            and agency.id not in federation.deny.agencies
            and _usable(agency.duty_desk)
        ):
            return agency.duty_desk
    return ""


def _usable(telephone: str) -> str:
    """Return a number that a pointer can carry, or nothing (attack, and slip: one in the member
    list that it cannot carry would be a fault that shows only where a query opens)."""
    try:
        require_telephone(telephone, "duty desk")
    except Refused:
        return ""
    return telephone
