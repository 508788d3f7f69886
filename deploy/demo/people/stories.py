"""The lookups of the demonstration, and what each must and must not show.

Questions and expectations are data; nothing is matched here. Invariants: an expectation follows
from the holdings and from the terms of the purpose alone. An agency must show itself if it holds
the child asked about in a record that anybody would recognise and that it may disclose for this
purpose. It must not if it holds no such child, or only what is shielded or sensitive or beyond the
tier of the purpose, or is in a place that was not named. What is neither (a record too far off to
be sure) is in neither set. The asking agency itself is in neither. An agency beyond the reach of
the purpose must not be asked at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from deploy.demo.people.agencies import (
    AGENCIES,
    AREAS,
    CHILDRENS_SERVICES,
    FAMILY_SUPPORT,
    HOSPITAL,
)
from deploy.demo.people.cast import Cast, Character
from deploy.demo.people.children import Child
from deploy.demo.people.involvement import Holding
from deploy.demo.people.likeness import characters_off, recognisable
from fingerpost.private.demographics import Demographics, OtherName
from fingerpost.private.justification import Engagement, Informed, Reason
from fingerpost.private.linkage.strength import WeakRule
from fingerpost.private.purpose_rules import PurposeRule
from fingerpost.protocol import limits
from fingerpost.protocol.codes import COARSE, AgencyKind, Kind, Purpose, Reach, Role
from fingerpost.protocol.errors import Rule
from fingerpost.protocol.ids import AgencyId, AreaCode, MemberId
from fingerpost.protocol.table_of_terms import TERMS
from fingerpost.protocol.terms import Terms, row


@dataclass(frozen=True, slots=True, repr=False)
class Story:
    """One lookup. ``reference`` is empty where the purpose needs none; ``facts`` are what else it
    takes, each as ``--fact`` of the command line takes it.

    ``involved`` must answer INVOLVED, ``silent`` must not; ``beyond`` must not be asked; ``gaps``
    must end without a reply, because ``stop`` is the node that is down; ``refused`` is the rule
    with which the lookup ends before anything is asked. All other agencies are left open.

    Of those involved, ``coarse`` say no more than to ring their duty desk, by their agreement, and
    ``exact`` name their service.
    """

    slug: str
    title: str
    requester: AgencyId
    role: Role
    purpose: Purpose
    reach: Reach
    reference: str
    facts: tuple[str, ...]
    asked: Demographics
    involved: frozenset[AgencyId] = frozenset()
    silent: frozenset[AgencyId] = frozenset()
    beyond: frozenset[AgencyId] = frozenset()
    gaps: frozenset[AgencyId] = frozenset()
    stop: MemberId | None = None
    refused: Rule | None = None
    coarse: frozenset[AgencyId] = frozenset()
    exact: frozenset[AgencyId] = frozenset()


@dataclass(frozen=True, slots=True)
class _Desk:
    """Who asks: the agency's name within the child's area, role, purpose, and what is stated."""

    slug: str
    role: Role
    purpose: Purpose
    reference: str
    facts: tuple[str, ...]

    @property
    def terms(self) -> Terms:
        """Raises ``LookupError`` where the role may not ask for the purpose."""
        found = row(TERMS, self.purpose, self.role)
        if found is None:
            raise LookupError(f"{self.role.name} may not ask for {self.purpose.name}")
        return found

    @property
    def significant_harm(self) -> bool:
        return _HARM in self.facts


_HARM: Final = f"reason={Reason.LIKELY_SIGNIFICANT_HARM.name}"
_STRATEGY_DISCUSSION: Final = ("strategy-discussion=not-yet",)
_EMERGENCY: Final = _Desk(
    HOSPITAL, Role.ED_CLINICIAN, Purpose.URGENT_CARE, "ED-20931", ("arrived-at=02:40",)
)
_TRIAGE: Final = _Desk(
    CHILDRENS_SERVICES,
    Role.MASH_PRACTITIONER,
    Purpose.REFERRAL_TRIAGE,
    "REF-0412",
    (f"reason={Reason.THRESHOLD_NOT_CLEAR.name}",),
)
_GRAVE_TRIAGE: Final = replace(_TRIAGE, reference="REF-0413", facts=(_HARM,))
_STOPPED: Final = MemberId(FAMILY_SUPPORT)
_ENQUIRY: Final = _Desk(
    CHILDRENS_SERVICES,
    Role.SOCIAL_WORKER,
    Purpose.S47_ENQUIRY,
    "S47-0187",
    _STRATEGY_DISCUSSION,
)
_CONCERN: Final = (
    f"reason={Reason.SAID_BY_CHILD.name}",
    f"engagement={Engagement.PRESENT.name}",
    f"informed={Informed.CHILD.name}",
)


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
        concern = self._story(
            "school-concern",
            "The same child's school has a concern: of the services that all children have, those "
            "show whose agreements say so, and no more than to ring their duty desk",
            known,
            self._school_of(known),
        )
        four = self._story(
            "four-agencies", "A child known to four agencies of different kinds", known, _EMERGENCY
        )
        yield replace(four, exact=concern.involved & four.involved)
        yield self._story(
            "former-surname",
            "The same child, asked about under a former surname",
            known,
            _EMERGENCY,
            _asked(known, surname=known.former_surname),
        )
        yield replace(concern, coarse=concern.involved)
        moved = player[Character.MOVED]
        former = ""
        homes: tuple[str, ...] = ()
        if moved.moved is not None:
            former = moved.moved.surname
            written = dict.fromkeys(each.postcode for each in moved.moved.sightings)
            homes = tuple(filter(None, written))[: limits.FORMER_POSTCODES]
        yield self._story(
            "moved-by-number",
            "A child who moved: the NHS number alone does not tell where she lived",
            moved,
            _ENQUIRY,
            _asked(moved, health_number=moved.health_number),
        )
        yield self._story(
            "moved-by-names",
            "The same child without a number, under both surnames, and with her former postcode: "
            "those name themselves who know her from there",
            moved,
            _ENQUIRY,
            _asked(
                moved,
                other_names=(OtherName(moved.forename, former),),
                former_postcodes=homes,
            ),
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
            _GRAVE_TRIAGE,
        )
        yield self._story(
            "sensitive",
            "A child with sensitive services, a mental-health team among them: they never show",
            player[Character.CONFIDENTIAL],
            _ENQUIRY,
        )
        yield self._stopped(player[Character.CUT_OFF])
        yield self._weak(player[Character.CUT_OFF])
        yield self._not_for_this_role(player[Character.CUT_OFF])

    def _story(
        self,
        slug: str,
        title: str,
        child: Child,
        desk: _Desk,
        asked: Demographics | None = None,
    ) -> Story:
        asked = asked if asked is not None else _asked(child)
        terms = desk.terms
        requester = AgencyId(f"{child.area.code}.{desk.slug}")
        reached = _reached(requester.area, terms.reach)
        held = self._held[child.number]
        disclosable = [
            h
            for h in held
            if may_be_disclosed(h, held, terms, significant_harm=desk.significant_harm)
        ]
        involved = frozenset(h.agency for h in disclosable if recognisable(asked, h.record))
        places = _places(requester, asked, held, terms)
        involved = frozenset(a for a in involved & reached if places[a] is True) - {requester}
        may_tell = {h.agency for h in disclosable if places[h.agency] is not False}
        if held and not involved:
            raise LookupError(f"nothing to expect of {slug}")
        return Story(
            slug,
            title,
            requester,
            desk.role,
            desk.purpose,
            terms.reach,
            desk.reference,
            desk.facts,
            asked,
            involved=involved,
            silent=reached - may_tell - {requester},
            beyond=frozenset(agency.id for agency in AGENCIES) - reached,
        )

    def _school_of(self, child: Child) -> _Desk:
        """Return the desk of the safeguarding lead at the school that holds the child."""
        school = next(h.agency for h in self._held[child.number] if h.kind is Kind.EDU_SCHOOL)
        slug = school.value.partition(".")[2]
        return _Desk(slug, Role.DSL, Purpose.SAFEGUARDING_CONCERN, "", _CONCERN)

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
        little = Demographics(forename=child.forename, surname=child.surname)
        return replace(_refused(whole, WeakRule.TOO_LITTLE), asked=little)

    def _not_for_this_role(self, child: Child) -> Story:
        """A clinician states all that an enquiry takes: it is not hers to make."""
        whole = self._story(
            "not-for-this-role",
            "A clinician asks for a section 47 enquiry: refused before anything is asked",
            child,
            _EMERGENCY,
        )
        return replace(
            _refused(whole, PurposeRule.ROLE_OF_PURPOSE),
            purpose=_ENQUIRY.purpose,
            reach=_ENQUIRY.terms.reach,
            reference=_ENQUIRY.reference,
            facts=_ENQUIRY.facts,
        )


def _refused(story: Story, why: Rule) -> Story:
    nobody: frozenset[AgencyId] = frozenset()
    return replace(story, involved=nobody, silent=nobody, beyond=nobody, refused=why)


def may_be_disclosed(
    holding: Holding, held: Sequence[Holding], terms: Terms, *, significant_harm: bool
) -> bool:
    """Return whether the agency may name itself on these terms.

    Nothing of the child may be shielded there, and the kind must be one that is sent and that the
    terms allow.
    """
    return (
        not holding.sensitive
        and holding.kind in COARSE
        and terms.allows(holding.kind, lead=holding.lead, significant_harm=significant_harm)
        and not any(other.shield for other in held if other.agency == holding.agency)
    )


def _places(
    requester: AgencyId, asked: Demographics, held: Iterable[Holding], terms: Terms
) -> Mapping[AgencyId, bool | None]:
    """Return of each agency that holds the child whether its place lets it name itself, or say to
    ring it; None where its records differ in that.

    Other areas need the child's postcode. Of an enquiry their council says to ring it.
    """
    agencies = {agency.id: agency for agency in AGENCIES}
    recorded: defaultdict[AgencyId, list[str]] = defaultdict(list)
    for holding in held:
        recorded[holding.agency].append(holding.record.postcode)
    found: dict[AgencyId, bool | None] = {}
    for id_, postcodes in recorded.items():
        agency, given = agencies[id_], (asked.postcode, *asked.former_postcodes)
        at_home = not agency.serves.isdisjoint(agencies[requester].serves)
        council = terms.front_door and agency.kind is AgencyKind.LOCAL_AUTHORITY
        if at_home or council or all(each and each in given for each in postcodes):
            found[id_] = True
        else:
            near = any(characters_off(mine, each) <= 1 for mine in given for each in postcodes)
            found[id_] = None if near else False
    return found


def _reached(asking: AreaCode, reach: Reach) -> frozenset[AgencyId]:
    """Return the agencies that a lookup reaches. The two areas are neighbours."""
    areas = {Reach.AREA: {asking}, Reach.AREA_AND_NEIGHBOURS: {area.code for area in AREAS}}[reach]
    return frozenset(agency.id for agency in AGENCIES if not areas.isdisjoint(agency.serves))


def _asked(child: Child, **other: Any) -> Demographics:
    """What is asked about the child; ``other``: fields that differ."""
    fields = {
        name: getattr(child, name) for name in ("forename", "surname", "dob", "sex", "postcode")
    }
    return Demographics(**fields | other)
