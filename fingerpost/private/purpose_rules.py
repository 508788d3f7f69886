"""What a purpose takes and allows: the facts that a requester states, how far a query may go, and
with which keys.

Which purpose takes which fact: ``fingerpost.protocol.terms``. What a requester states:
``justification``.

Law: pure. The requesting side runs these rules before it sends, and every node that opened a query
runs the same rules after, so that no honest requester is refused there. An area or an agency may be
stricter, never laxer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import unique
from types import MappingProxyType
from typing import Final

from fingerpost.private.demographics import (
    Birth,
    Demographics,
    ages,
    is_yet_to_come,
    read_health_number,
)
from fingerpost.private.justification import AGREEING, REASONS, Facts, Justification
from fingerpost.protocol import limits
from fingerpost.protocol.codes import WIDE_REACHES, AgencyKind, Purpose, Reach, Role, WideningReason
from fingerpost.protocol.errors import Code, Refused, Rule
from fingerpost.protocol.federation import Agency, CodeLists, Federation
from fingerpost.protocol.ids import AreaCode
from fingerpost.protocol.messages import KeySet
from fingerpost.protocol.terms import Fact, Terms, row

TIME_BOX_SECONDS: Final = 72 * 3600
"""The longest search for a missing child before a manager renews it."""
JOINED_DAYS: Final = 60
"""How long after a child came to an agency it may look for where she came from."""
_AGES: Final[Mapping[Purpose, tuple[int, int]]] = MappingProxyType(
    # Children Act 1989 s23C to s24D.
    {Purpose.LEAVING_CARE: (18, 25)}
)
"""The first and the last year of age, where a purpose is for others than children."""
_OF_CHILDREN: Final = (0, 17)


@unique
class PurposeRule(Rule):
    """What a question must keep to, by its purpose."""

    REACH = "reach of this purpose"
    AREAS = "more named areas than this purpose allows"
    FURTHER = "whether nobody nearer knows the child"
    REFERENCE = "reason reference"
    REQUESTED = "council that requested the enquiry"
    NO_COUNCIL = "request of a council"
    CALL_BACK = "desk to ring back"
    LEAD = "day on which the lead practitioner was named"
    GROUND = "ground of this purpose"
    ENGAGEMENT = "what the agency has to do with the child"
    INFORMED = "whether child or family were informed"
    AGREED_BY = "who agreed"
    AGREED = "day of the agreement"
    STRATEGY_DISCUSSION = "day of the strategy discussion"
    STRATEGY_DISCUSSION_DUE = "strategy discussion awaited for too long"
    STRATEGY_DISCUSSION_AHEAD = "day of the strategy discussion is still ahead"
    ARRIVAL = "time of arrival"
    JOINED = "day on which the child came into the records"
    ORIGIN = "from where the child came"
    HIDING = "whether the family may be hiding"
    REPORTED = "who reported the child missing"
    CHECKED = "check for domestic abuse and refuge"
    MISSING_SINCE = "time at which the search began"
    RENEWED = "search that a manager must renew"
    RENEWED_BY = "who renewed the search"
    NOTIFIED = "day on which the death was notified"
    APPROVAL = "approval of a second person"
    REVIEWER = "who reviews the lookup"
    OWN_REVIEWER = "reviewer is the requester"
    OWN_RENEWAL = "requester renewed the search"
    AGE = "age for this purpose"
    CHILDHOOD = "age of a child"
    BORN_LATER = "date of birth after the lookup"
    ALLOWANCE = "allowance of this role or purpose"
    WIDE_REACH = "wide keys in this reach"
    WIDE_WITHOUT_REASON = "wide keys in this reach without a reason"
    NOTHING_WIDENED = "a reason to widen, and nothing widened"
    MAY_NOT_WIDEN = "purpose may not widen"
    REASON = "reason to widen of this purpose"
    PURPOSE_NOT_IN_FORCE = "purpose not in force"
    ROLE_OF_AGENCY = "role of this kind of agency"
    ROLE_OF_PURPOSE = "role of this purpose"


RULES_OF: Final[Mapping[Fact, tuple[PurposeRule, ...]]] = MappingProxyType(
    {
        Fact.REFERENCE: (PurposeRule.REFERENCE,),
        Fact.REQUESTED: (PurposeRule.REQUESTED,),
        Fact.LEAD: (PurposeRule.LEAD,),
        Fact.REASON: (PurposeRule.GROUND,),
        Fact.ENGAGEMENT: (PurposeRule.ENGAGEMENT,),
        Fact.INFORMED: (PurposeRule.INFORMED,),
        Fact.AGREED: (PurposeRule.AGREED_BY, PurposeRule.AGREED),
        Fact.STRATEGY_DISCUSSION: (PurposeRule.STRATEGY_DISCUSSION,),
        Fact.ARRIVAL: (PurposeRule.ARRIVAL,),
        Fact.JOINED: (PurposeRule.JOINED, PurposeRule.ORIGIN),
        Fact.HIDING: (PurposeRule.HIDING,),
        Fact.REPORTED: (PurposeRule.REPORTED,),
        Fact.CHECKED: (PurposeRule.CHECKED,),
        Fact.TIME_BOX: (
            PurposeRule.MISSING_SINCE,
            PurposeRule.RENEWED,
            PurposeRule.RENEWED_BY,
        ),
        Fact.NOTIFIED: (PurposeRule.NOTIFIED,),
        Fact.APPROVAL: (PurposeRule.APPROVAL,),
        Fact.REVIEW: (PurposeRule.REVIEWER,),
    }
)
"""The rules of which one refuses a lookup in which a fact is missing or does not hold, in the order
in which to ask for its parts."""


_UNCERTAIN: Final = frozenset(
    {
        WideningReason.NO_UNIVERSAL_SERVICE_NAMED,
        WideningReason.OTHER_NAME_LIKELY,
        WideningReason.DATE_OF_BIRTH_UNCERTAIN,
        WideningReason.RECENT_MOVE,
    }
)
_DIRECTED: Final = _UNCERTAIN | {WideningReason.DIRECTED_BY_STRATEGY_DISCUSSION}
_WIDENING: Final = MappingProxyType(
    {
        # Where harm is likely, and agencies may have sat together over it (Children Act 1989 s47).
        Purpose.S47_ENQUIRY: _DIRECTED,
        Purpose.EMERGENCY_PROTECTION: _DIRECTED,
        Purpose.EXPLOITATION: _DIRECTED,
        # Where it may be that nobody yet knows who the child is.
        Purpose.MISSING_CHILD: _UNCERTAIN,
        Purpose.URGENT_CARE: _UNCERTAIN,
        Purpose.CHILD_DEATH: _UNCERTAIN,
        # Left out: purposes that ask their own area alone, where the wide keys were used at first;
        # CLA_CARE, LEAVING_CARE and PRACTICE_REVIEW are about a child whom the requester knows by
        # every name; TRANSFER_IN and MISSING_EDUCATION are told nothing that could be too little.
    }
)
"""For which purposes a lookup may be widened, and for which reasons; no other purpose may."""


def widening_reasons(purpose: Purpose) -> frozenset[WideningReason]:
    """Return why a lookup for this purpose may be asked again with wide keys beyond the own area.

    Where there is no reason, it may not.
    """
    return _WIDENING.get(purpose, frozenset())


def roles_at(agency: Agency, code_lists: CodeLists) -> frozenset[Role]:
    """Return the roles that exist at an agency, by its kind and by whom it seconds to a council."""
    roles = code_lists.roles_of(agency.kind)
    return roles | {Role.MASH_PRACTITIONER} if agency.seconded_to else roles


def terms_in_force(purpose: Purpose, role: Role, agency: Agency, code_lists: CodeLists) -> Terms:
    """Return the terms on which somebody may ask.

    Args:
        purpose: of the lookup.
        role: of the practitioner.
        agency: the requester's.
        code_lists: as governance signed them.

    Raises:
        Refused: NOT_ALLOWED, the purpose is not in force, the role does not exist at this kind of
            agency, or may not ask for this purpose.
    """
    if all(each.purpose is not purpose for each in code_lists.terms):
        raise Refused(Code.NOT_ALLOWED, PurposeRule.PURPOSE_NOT_IN_FORCE)
    if role not in roles_at(agency, code_lists):
        raise Refused(Code.NOT_ALLOWED, PurposeRule.ROLE_OF_AGENCY)
    found = row(code_lists.terms, purpose, role)
    if found is None:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.ROLE_OF_PURPOSE)
    return found


def require_permitted(
    justification: Justification,
    terms: Terms,
    reach: Reach,
    named_areas: Collection[AreaCode],
    key_set: KeySet,
    *,
    subject: str,
) -> None:
    """Refuse a query whose justification does not allow its reach and its keys.

    WIDE keys go to the requester's own area, and further only in a second round that says why: a
    wide key lets more children's records open. A reason without need is refused too, so that nobody
    gets used to always giving one. The reviewer and whoever renewed a search are never the
    requester (``subject``), whether the purpose requires them or not.

    Raises:
        Refused: NOT_ALLOWED, naming the rule.
    """
    if reach not in terms.reaches:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.REACH)
    if terms.is_further(reach) and not justification.facts.nobody_nearer:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.FURTHER)
    if len(named_areas) > terms.areas:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.AREAS)
    _require_reason(justification.purpose, reach, key_set, justification.widened_because)
    if justification.facts.reviewer.lower() == subject.lower():
        raise Refused(Code.NOT_ALLOWED, PurposeRule.OWN_REVIEWER)
    if justification.facts.renewed_by.lower() == subject.lower():
        raise Refused(Code.NOT_ALLOWED, PurposeRule.OWN_RENEWAL)


def require_stated(
    justification: Justification, terms: Terms, demographics: Demographics, issued_at: int
) -> None:
    """Refuse a lookup that does not state what its purpose takes.

    Args:
        justification: what is stated.
        terms: as ``terms_in_force`` returns them.
        demographics: the child, whose age some purposes bound; a number can stand for the time of
            arrival.
        issued_at: when the query was made, in seconds since 1970 UTC. The same moment counts at the
            requester and at every node.

    Raises:
        Refused: NOT_ALLOWED, naming the first fact that is missing or does not hold.
    """
    missing = lacking(justification, terms, issued_at)
    if read_health_number(demographics.health_number) is not None:
        missing = [rule for rule in missing if rule is not PurposeRule.ARRIVAL]
    if missing:
        raise Refused(Code.NOT_ALLOWED, missing[0])
    today = datetime.fromtimestamp(issued_at, UTC).date()
    if demographics.dob is not None and is_yet_to_come(demographics.dob, today):
        raise Refused(Code.NOT_ALLOWED, PurposeRule.BORN_LATER)
    _require_age(justification.purpose, demographics.dob, today)


def _require_age(purpose: Purpose, dob: Birth | None, today: date) -> None:
    """Refuse an age that the purpose is not for. A child is under 18 (Children Act 1989 s105); of a
    date known in part, one day is enough on which she can have been born."""
    youngest, oldest = _AGES.get(purpose, _OF_CHILDREN)
    possible = ages(dob, today) if dob is not None else range(0)
    if any(youngest <= age <= oldest for age in possible):
        return
    if purpose in _AGES:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.AGE)
    if dob is not None:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.CHILDHOOD)


def lacking(
    justification: Justification, terms: Terms, now: int, reach: Reach | None = None
) -> list[PurposeRule]:
    """Return what is yet to be stated, in the order in which to ask for it.

    Args:
        justification: what is stated so far.
        terms: as ``terms_in_force`` returns them.
        now: in seconds since 1970 UTC.
        reach: how far is to be asked; None for the reach of the terms.
    """
    stated = _stated(justification, now)
    missing = [rule for fact in sorted(terms.takes) for rule in RULES_OF[fact] if not stated[rule]]
    discussion = justification.facts.strategy_discussion
    if discussion is not None:
        # She stated it, and is told why it does not hold.
        why = PurposeRule.STRATEGY_DISCUSSION_DUE
        if discussion.is_ahead(datetime.fromtimestamp(now, UTC).date()):
            why = PurposeRule.STRATEGY_DISCUSSION_AHEAD
        missing = [why if rule is PurposeRule.STRATEGY_DISCUSSION else rule for rule in missing]
    # A reach that the purpose never has is refused as that: no fact would open it.
    further = reach is not None and reach in terms.reaches and terms.is_further(reach)
    if further and not justification.facts.nobody_nearer:
        missing.append(PurposeRule.FURTHER)
    return missing


def _stated(justification: Justification, now: int) -> Mapping[PurposeRule, bool]:
    """Return of each rule in ``RULES_OF`` whether it is kept."""
    facts, purpose = justification.facts, justification.purpose
    today = datetime.fromtimestamp(now, UTC).date()
    tomorrow = today + timedelta(days=1)  # the day begins earlier east
    soon = now + limits.CLOCK_SKEW_SECONDS
    discussion, joined = facts.strategy_discussion, facts.joined_on

    def past(day: date | None) -> bool:
        return day is not None and day <= tomorrow

    return {
        PurposeRule.REFERENCE: bool(justification.reason_reference),
        PurposeRule.REQUESTED: facts.requested_by is not None,
        PurposeRule.LEAD: past(facts.lead_since),
        PurposeRule.GROUND: facts.reason in REASONS.get(purpose, ()),
        PurposeRule.ENGAGEMENT: facts.engagement is not None,
        PurposeRule.INFORMED: facts.informed is not None,
        PurposeRule.AGREED_BY: facts.agreed_by in AGREEING.get(purpose, ()),
        PurposeRule.AGREED: past(facts.agreed_on),
        PurposeRule.STRATEGY_DISCUSSION: discussion is not None and discussion.holds(today),
        PurposeRule.ARRIVAL: 0 < facts.arrived_at <= soon,
        PurposeRule.JOINED: joined is not None
        and timedelta(days=-1) <= today - joined <= timedelta(days=JOINED_DAYS),
        PurposeRule.ORIGIN: facts.origin is not None,
        PurposeRule.HIDING: facts.not_hiding,
        PurposeRule.REPORTED: facts.reported_by is not None,
        PurposeRule.CHECKED: facts.checked,
        PurposeRule.MISSING_SINCE: 0 < facts.missing_since <= soon,
        PurposeRule.RENEWED: facts.renewed_at <= soon
        and now < max(facts.missing_since, facts.renewed_at) + TIME_BOX_SECONDS,
        PurposeRule.RENEWED_BY: bool(facts.renewed_by) == bool(facts.renewed_at),
        PurposeRule.NOTIFIED: past(facts.notified_on),
        PurposeRule.APPROVAL: bool(justification.approvals),
        PurposeRule.REVIEWER: bool(facts.reviewer),
    }


def require_request(facts: Facts, role: Role, agency: Agency, federation: Federation) -> None:
    """Refuse an enquiry at the request of what is no council, or of a council to which the
    practitioner is not seconded.

    Args:
        facts: what is stated; a request that was not stated passes.
        role: of the practitioner.
        agency: the requester's.
        federation: the member list.

    Raises:
        Refused: NOT_ALLOWED.
    """
    council = facts.requested_by
    if council is None:
        return
    seconded_to = {agency.id, *agency.seconded_to}
    try:
        kind = federation.agency(council).kind
    except Refused:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.NO_COUNCIL) from None
    if kind is not AgencyKind.LOCAL_AUTHORITY or (
        role is Role.MASH_PRACTITIONER and council not in seconded_to
    ):
        raise Refused(Code.NOT_ALLOWED, PurposeRule.NO_COUNCIL)


def require_call_back(
    facts: Facts, role: Role, agency: Agency, federation: Federation
) -> Agency | None:
    """Return the council whose duty desk to ring back, as the member list has it; None for the
    requester's own agency.

    Attack: a number that the requester chose, at which somebody says that she is a practitioner.

    Args:
        facts: what is stated.
        role: of the practitioner.
        agency: the requester's.
        federation: the member list.

    Raises:
        Refused: NOT_ALLOWED, she is not seconded to it.
    """
    council = facts.call_back
    if council is None:
        return None
    if role is not Role.MASH_PRACTITIONER or council not in agency.seconded_to:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.CALL_BACK)
    return federation.agency(council)


def _require_reason(
    purpose: Purpose, reach: Reach, key_set: KeySet, widened_because: WideningReason | None
) -> None:
    if key_set is KeySet.WIDE and reach not in WIDE_REACHES:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.WIDE_REACH)
    if key_set is not KeySet.WIDE or reach is Reach.AREA:
        if widened_because is not None:
            raise Refused(Code.NOT_ALLOWED, PurposeRule.NOTHING_WIDENED)
        return
    if widened_because is None:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.WIDE_WITHOUT_REASON)
    require_reason(purpose, widened_because)


def require_reason(purpose: Purpose, because: WideningReason) -> None:
    """Refuse a reason to widen that the purpose does not allow.

    Raises:
        Refused: NOT_ALLOWED, this purpose may not widen, or not for this reason.
    """
    reasons = widening_reasons(purpose)
    if not reasons:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.MAY_NOT_WIDEN)
    if because not in reasons:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.REASON)
