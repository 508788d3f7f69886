"""What a practitioner may or must do next, after the answers of a lookup. Pure.

Law: nothing here is advice to look for a family. Asking further or with wider keys shows more
agencies who asks, and the text says so.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from rich.console import RenderableType

from fingerpost.private.purpose_rules import widening_reasons
from fingerpost.protocol.codes import Purpose, Reach
from fingerpost.protocol.table_of_terms import TERMS, UNTOLD
from practitioner.asking.document import LookupDocument
from practitioner.asking.outcome import OwnRecord
from practitioner.asking.second_persons import REVIEWED, due
from practitioner.asking.typed_dates import LONDON
from practitioner.present.lines import heading, indented
from practitioner.present.words import WHY_FORMER

_TO_THE_RING: Final = frozenset(terms.purpose.name for terms in TERMS if terms.ring)
_NAMING_AREAS: Final = frozenset(
    terms.purpose.name for terms in TERMS if Reach.NAMED in terms.reaches
)
_UNTOLD: Final = frozenset(purpose.name for purpose in UNTOLD)
_HOME_ONLY: Final = frozenset(terms.purpose.name for terms in TERMS if terms.home_only)
_AREAS_NAMED: Final = frozenset(terms.purpose.name for terms in TERMS if terms.names_areas)
_FRONT_DOORS: Final = frozenset(terms.purpose.name for terms in TERMS if terms.front_door)
_NEAR: Final = frozenset({Reach.AREA.name, Reach.AREA_AND_NEIGHBOURS.name})


def own_record(shown: LookupDocument) -> list[RenderableType]:
    """Return what the asking agency's own records say of the child."""
    if shown.own_record == OwnRecord.NEW_TODAY.value:
        return [
            heading("New today", "bold yellow"),
            indented(
                "Your own agency's records do not name this child. Record the child there. Your "
                "agency's officer sees how often you ask about a child who is new."
            ),
        ]
    if shown.own_record == OwnRecord.NOT_KNOWN.value:
        return [
            heading("It cannot be said whether the child is new", "bold yellow"),
            indented(
                "Your own agency gave no answer, or you gave too little for a sure match. Whether "
                "its records name this child cannot be said."
            ),
        ]
    return []


def untold(shown: LookupDocument) -> list[RenderableType]:
    """Return what silence means where nobody names anything."""
    if shown.purpose not in _UNTOLD:
        return []
    return [
        heading("Other agencies name nothing for this purpose", "bold yellow"),
        indented(
            "Those that know the child see that you asked and how to ring you. They decide whether "
            "to ring. If nobody rings, that does not mean that nobody knows the child. Do not "
            "start looking for the family yourself."
        ),
    ]


def elsewhere(shown: LookupDocument) -> list[RenderableType]:
    """Return what the silence of other areas means: an answer tells no place that the requester did
    not name."""
    own_alone = shown.reach == Reach.AREA.name
    if own_alone or shown.purpose in _UNTOLD or shown.purpose in _AREAS_NAMED:
        return []
    sees = "Those that know the child see that you asked and how to ring you."
    no = "That they have nothing to tell you does not mean that nobody there knows the child."
    if shown.purpose in _HOME_ONLY:
        said = [f"They name nothing for this purpose. {sees} {no}"]
    else:
        more = "" if shown.purpose in _FRONT_DOORS else f" {sees}"
        said = [
            "They name themselves only where they are next door or in an area that you named, and "
            f"their record has a postcode that you gave.{more} {no}"
        ]
    if shown.purpose in _FRONT_DOORS:
        said.append(
            "The council of another area that knows the child says to ring its duty desk, and no "
            "more. If you think that the child is or was in another area, ring that council's "
            "front door, whatever it answered."
        )
    return [heading("Agencies of other areas tell less", "bold yellow"), *map(indented, said)]


def ask_further(shown: LookupDocument) -> list[RenderableType]:
    """Return how to go on to the national ring, where nobody nearer knows the child."""
    known = any(agency.status == "INVOLVED" for agency in shown.agencies)
    if known or shown.purpose not in _TO_THE_RING or shown.reach not in _NEAR:
        return []
    return [
        heading("No agency nearby said that it knows this child"),
        indented(
            "Ask again more widely? More agencies that do not know this child may see that you "
            "asked and why."
        ),
        indented(
            f"fingerpost lookup --purpose {shown.purpose} --reach NATIONAL_RING "
            "--fact nobody-nearer=yes",
            "dim",
        ),
    ]


def ask_with_former(shown: LookupDocument) -> list[RenderableType]:
    """Return how to ask again with former names and homes, where nobody named the child and the
    question had none.

    Where agencies name nothing whatever they know, silence is no sign that the child was not found.
    """
    known = any(agency.status == "INVOLVED" for agency in shown.agencies)
    if known or shown.former_stated or shown.widened or shown.purpose in _UNTOLD:
        return []
    lines: list[RenderableType] = [
        heading("Did the child have another name, or live elsewhere, before?"),
        indented(
            f"You gave no former name or postcode. {WHY_FORMER} If you know them, ask again and "
            "give them."
        ),
    ]
    if _reasons_to_widen(shown):
        lines.append(
            indented("The second round above asks for them, and keeps all else that you typed.")
        )
    else:
        lines.append(indented(f"fingerpost lookup --purpose {shown.purpose}", "dim"))
    if shown.purpose in _NAMING_AREAS:
        lines.append(
            indented(
                "To ask in the area where the child lived before, make a new lookup with "
                "--reach NAMED --area CODE."
            )
        )
    return lines


def _reasons_to_widen(shown: LookupDocument) -> list[str]:
    """Return why there may be a second round; nothing where there may be none."""
    unnamed = any(service.connected and not service.named for service in shown.services)
    far = shown.reach != Reach.AREA.name
    if not (unnamed and far and shown.kept) or shown.widened is not None:
        return []
    return sorted(reason.name for reason in widening_reasons(Purpose[shown.purpose]))


def widen(shown: LookupDocument) -> list[RenderableType]:
    """Return how to widen, where no provider of a universal service named itself, and what comes
    first where agencies gave no answer.

    The child may be recorded otherwise there.
    """
    reasons = _reasons_to_widen(shown)
    if not reasons:
        return []
    return [
        indented(
            "Ask again more widely? More agencies that do not know this child may see that you "
            "asked and why. Do it once, within a day, if you have reason to think that the child "
            "is recorded otherwise."
        ),
        *_first_ring(shown),
        indented(f"fingerpost widen {shown.operation} --because REASON", "dim"),
        indented(f"REASON is one of: {', '.join(reasons)}", "dim"),
    ]


def _first_ring(shown: LookupDocument) -> list[RenderableType]:
    gaps = [agency for agency in shown.agencies if agency.lacks_answer]
    if not gaps:
        return []
    return [
        indented(
            "First ring the agencies that gave no answer, and record each call. They are left out "
            "of the second round:"
        ),
        indented(f"fingerpost mark {shown.operation} --spoke --agency {gaps[0].id}", "dim"),
    ]


def review(shown: LookupDocument) -> list[RenderableType]:
    """Return who has to look at a lookup that could not wait, and by when: nobody else tells the
    reviewer."""
    purpose = Purpose[shown.purpose]
    if purpose not in REVIEWED or not shown.kept:
        return []
    asked_at = datetime.fromisoformat(shown.asked_at)
    by = datetime.fromtimestamp(due(purpose, int(asked_at.timestamp())).confirmed, LONDON)
    return [
        indented(
            f"Tell the reviewer whom you named now. This lookup is to be confirmed by {by:%H:%M} "
            f"on {by:%d/%m/%Y}, with:"
        ),
        indented(f"fingerpost review {shown.operation}", "dim"),
    ]


def attendance(shown: LookupDocument) -> list[RenderableType]:
    """Return how to record the attendance number, which urgent care owes within a day."""
    if shown.purpose != Purpose.URGENT_CARE.name or not shown.kept:
        return []
    return [
        indented("Record the attendance number within 24 hours:"),
        indented(f"fingerpost outcome attendance {shown.operation}", "dim"),
    ]
