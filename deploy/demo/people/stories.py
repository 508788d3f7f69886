"""The lookups of the demonstration, and what each must and must not show.

Questions and expectations are data; nothing is matched here. Invariants: an expectation follows
from the holdings alone. An agency must show itself if it holds the child asked about in a record
that anybody would recognise and that it may disclose. It must not if it holds no such child, or
only what is shielded or sensitive. What is neither (a record too far off to be sure) is in neither
set. The asking agency itself is in neither.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from deploy.demo.people.agencies import AGENCIES, CHILDRENS_SERVICES, FAMILY_SUPPORT, HOSPITAL
from deploy.demo.people.cast import Cast, Character
from deploy.demo.people.children import Child
from deploy.demo.people.involvement import Holding
from deploy.demo.people.likeness import recognisable
from fingerpost.private.demographics import Demographics, OtherName
from fingerpost.protocol.codes import COARSE, Kind, Purpose, Reach, Role
from fingerpost.protocol.errors import Code
from fingerpost.protocol.ids import AgencyId, MemberId


@dataclass(frozen=True, slots=True, repr=False)
class Story:
    """One lookup. ``reference`` is empty where the purpose needs none.

    ``involved`` must answer INVOLVED, ``silent`` must not; ``gaps`` must end without a reply,
    because ``stop`` is the node that is down; ``refused`` is the code with which the lookup ends
    before anything is asked. All other agencies are left open.
    """

    slug: str
    title: str
    requester: AgencyId
    role: Role
    purpose: Purpose
    reach: Reach
    reference: str
    asked: Demographics
    involved: frozenset[AgencyId] = frozenset()
    silent: frozenset[AgencyId] = frozenset()
    gaps: frozenset[AgencyId] = frozenset()
    stop: MemberId | None = None
    refused: Code | None = None


@dataclass(frozen=True, slots=True)
class _Desk:
    """Who asks: the agency's name within the child's area, role, purpose, reference."""

    slug: str
    role: Role
    purpose: Purpose
    reference: str


_EMERGENCY: Final = _Desk(HOSPITAL, Role.ED_CLINICIAN, Purpose.URGENT_CARE, "ED-20931")
_TRIAGE: Final = _Desk(
    CHILDRENS_SERVICES, Role.MASH_PRACTITIONER, Purpose.REFERRAL_TRIAGE, "REF-0412"
)
_STOPPED: Final = MemberId(FAMILY_SUPPORT)
_ENQUIRY: Final = _Desk(CHILDRENS_SERVICES, Role.SOCIAL_WORKER, Purpose.S47_ENQUIRY, "")


def stories_of(cast: Cast, holdings: Sequence[Holding]) -> tuple[Story, ...]:
    """Return all stories.

    Raises:
        LookupError: One of them would prove nothing.
    """
    return tuple(_Stories(cast, holdings).all())


class _Stories:
    def __init__(self, cast: Cast, holdings: Iterable[Holding]) -> None:
        self._cast = cast
        self._held: defaultdict[int, list[Holding]] = defaultdict(list)
        for holding in holdings:
            self._held[holding.child].append(holding)

    def all(self) -> Iterator[Story]:
        player = self._cast.players
        known = player[Character.WELL_KNOWN]
        yield self._story(
            "four-agencies", "A child known to four agencies of different kinds", known, _EMERGENCY
        )
        yield self._story(
            "former-surname",
            "The same child, asked about under a former surname",
            known,
            _EMERGENCY,
            _asked(known, surname=known.former_surname),
        )
        moved = player[Character.MOVED]
        former = moved.moved.surname if moved.moved is not None else ""
        yield self._story(
            "moved-by-number",
            "A child who moved: the NHS number finds those who know another surname",
            moved,
            _ENQUIRY,
            _asked(moved, nhs_number=moved.nhs_number),
        )
        yield self._story(
            "moved-by-names",
            "The same child without a number, asked about under both surnames",
            moved,
            _ENQUIRY,
            _asked(moved, other_names=(OtherName(moved.forename, former),)),
        )
        yield self._story(
            "no-school",
            "A child of school age whom no school names",
            player[Character.UNSCHOOLED],
            _TRIAGE,
        )
        yield self._story(
            "one-twin",
            "One of twins: the agency that knows only the other must not show",
            player[Character.TWIN],
            _ENQUIRY,
        )
        yield self._story("nobody", "A child whom no agency knows", self._cast.stranger, _EMERGENCY)
        yield self._story(
            "shielded",
            "A child shielded at one agency: that agency never shows",
            player[Character.SHIELDED],
            _TRIAGE,
        )
        yield self._story(
            "sensitive",
            "A child with sensitive services: they never show",
            player[Character.CONFIDENTIAL],
            _ENQUIRY,
        )
        yield self._stopped(player[Character.CUT_OFF])
        yield self._weak(player[Character.CUT_OFF])

    def _story(
        self,
        slug: str,
        title: str,
        child: Child,
        desk: _Desk,
        asked: Demographics | None = None,
    ) -> Story:
        asked = asked if asked is not None else _asked(child)
        requester = AgencyId(f"{child.area.code}.{desk.slug}")
        held = self._held[child.number]
        involved = frozenset(
            h.agency for h in held if may_be_disclosed(h, held) and recognisable(asked, h.record)
        ) - {requester}
        if held and not involved:
            raise LookupError(f"nothing to expect of {slug}")
        return Story(
            slug,
            title,
            requester,
            desk.role,
            desk.purpose,
            Reach.AREA_AND_NEIGHBOURS,
            desk.reference,
            asked,
            involved=involved,
            silent=frozenset(agency.id for agency in AGENCIES)
            - {h.agency for h in held if may_be_disclosed(h, held)}
            - {requester},
        )

    def _stopped(self, child: Child) -> Story:
        """As always, but one node is down: its agencies are named gaps, never silence."""
        whole = self._story(
            "stopped-node", "The node of one agency that knows the child is down", child, _EMERGENCY
        )
        gaps = frozenset(a.id for a in AGENCIES if a.node == _STOPPED)
        if not gaps & whole.involved:
            raise LookupError("the agency on the stopped node does not know the child")
        return replace(
            whole,
            involved=whole.involved - gaps,
            silent=whole.silent - gaps,
            gaps=gaps,
            stop=_STOPPED,
        )

    def _weak(self, child: Child) -> Story:
        """A forename and a surname fit many children: nothing may leave."""
        whole = self._story(
            "too-little", "A name alone is refused before anything is asked", child, _EMERGENCY
        )
        return replace(
            whole,
            asked=Demographics(forename=child.forename, surname=child.surname),
            involved=frozenset(),
            silent=frozenset(),
            refused=Code.WEAK_INPUT,
        )


def may_be_disclosed(holding: Holding, held: Sequence[Holding]) -> bool:
    """Return whether the agency may name itself.

    Nothing of the child may be shielded there, and the kind must be one that is sent.
    """
    return (
        not holding.sensitive
        and holding.kind in COARSE
        and not any(other.shield for other in held if other.agency == holding.agency)
    )


def _asked(child: Child, **other: Any) -> Demographics:
    """What is asked about the child; ``other``: fields that differ."""
    fields = {
        name: getattr(child, name) for name in ("forename", "surname", "dob", "sex", "postcode")
    }
    return Demographics(**fields | other)


SCHOOLS: Final = frozenset(a.id for a in AGENCIES if Kind.EDU_SCHOOL in a.offers)
"""What ``no-school`` is about: all of them are in its ``silent``."""
