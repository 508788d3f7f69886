"""Decide whether an answer would tell a place that the requester did not name. Pure.

An answer of an agency tells where the child is or was known. So an agency names something only to
who asks from its own area, named its area, or gave the postcode that its record has. Attack:
somebody who looks for a family that fled claims a purpose that reaches further than she knows, and
reads the place from who answers.

For an enquiry into harm and for an emergency the council of another place says one thing more: to
ring its duty desk, where a person decides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import Enum, unique

from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage.normal_form import read_postcode
from fingerpost.private.messages import Question
from fingerpost.protocol.codes import AgencyKind, CoarseKind
from fingerpost.protocol.federation import Agency, Federation
from fingerpost.protocol.ids import AgencyId, AreaCode
from fingerpost.protocol.terms import Terms


@unique
class Place(Enum):
    """What the place of an agency lets it say, whatever else it may."""

    NAMED = "named"
    """The requester named the place: all that terms and agreement let it say."""
    FRONT_DOOR = "front door"
    """She did not, and the agency is the council there: to ring its duty desk, and no more."""
    NOT_NAMED = "not named"
    """She did not: nothing."""


def ruled_place(terms: Terms, *, own: bool, named: bool, given: bool, front_door: bool) -> Place:
    """Return what the place of an agency lets it say.

    Args:
        terms: on which the requester asks.
        own: the agency is in, or serves, the requester's own area.
        named: it is in, or serves, an area that she named.
        given: it is next door or in a named area, and its record has a postcode that she gave.
        front_door: it is a council, with the front door of children's social care.
    """
    if own:
        return Place.NAMED
    if terms.home_only:
        return Place.NOT_NAMED
    if given or (named and terms.names_areas):
        return Place.NAMED
    return Place.FRONT_DOOR if front_door and terms.front_door else Place.NOT_NAMED


def place(
    agency: AgencyId,
    question: Question,
    named_areas: Collection[AreaCode],
    matched: Iterable[Demographics],
    federation: Federation,
) -> Place:
    """Return what the place of an agency that matched lets it say.

    Args:
        agency: which matched.
        question: verified.
        named_areas: of the query.
        matched: the details of the records that matched.
        federation: the list by which the query is judged.

    Raises:
        Refused: NOT_A_MEMBER, the list has no such agency.
    """
    own = own_areas(question.requester, federation)
    beside = {*federation.area(question.requester.id.area).neighbours, *named_areas}
    return ruled_place(
        question.terms,
        own=serves(agency, own, federation),
        named=serves(agency, named_areas, federation),
        given=serves(agency, beside, federation) and gives_home(question.demographics, matched),
        front_door=is_front_door(federation.agency(agency)),
    )


def serves(agency: AgencyId, areas: Iterable[AreaCode], federation: Federation) -> bool:
    """Return whether an agency is in one of these areas or serves one; not in one that the list
    does not have."""
    found = (federation.areas[code] for code in areas if code in federation.areas)
    return any(agency.area == area.code or agency in area.serving for area in found)


def own_areas(requester: Agency, federation: Federation) -> frozenset[AreaCode]:
    """Return the areas that are the requester's own: her agency's, and those next door that it
    serves.

    Those further off are not, although it may serve them (attack: by an agency that serves the
    whole country, every place would be its own).
    """
    home = federation.area(requester.id.area)
    beside = (code for code in home.neighbours if serves(requester.id, (code,), federation))
    return frozenset({home.code, *beside})


def gives_home(asked: Demographics, matched: Iterable[Demographics]) -> bool:
    """Return whether the question has the present postcode of every record that has one, and one
    has.

    A record's former postcode does not count: she may have moved since to where nobody is to follow
    her. Nor does half a postcode, which thousands share.
    """
    given = _whole((asked.postcode, *asked.former_postcodes))
    homes = _whole(child.postcode for child in matched)
    return bool(homes) and homes <= given


def is_front_door(agency: Agency) -> bool:
    """Return whether an agency is a council, and not an entry of it for other services alone."""
    cares = not agency.services or CoarseKind.CHILDRENS_SOCIAL_CARE in agency.services
    return agency.kind is AgencyKind.LOCAL_AUTHORITY and cares


def _whole(postcodes: Iterable[str]) -> frozenset[str]:
    """Return whole postcodes, also such as have the shape of one and begin with no known letters;
    no half ones, no codes of other countries, and no pseudo-codes."""
    read = (read_postcode(text) for text in postcodes)
    whole = (one.full or one.typed for one in read if one is not None and one.has_shape)
    return frozenset(filter(None, whole))
