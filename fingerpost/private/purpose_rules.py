"""What a purpose allows: how far a query may go, with which keys, and what must be given with it.

Law: pure. The requesting side runs these rules before it sends, and every node that opened a query
runs the same rules after, so that no honest requester is refused there. An area or an agency may be
stricter, never laxer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import unique
from types import MappingProxyType
from typing import Final

from fingerpost.private.plain_text import require_account, require_reference
from fingerpost.protocol.codes import (
    PURPOSES,
    WIDE_REACHES,
    Purpose,
    Reach,
    Role,
    WideningReason,
)
from fingerpost.protocol.errors import Code, Refused, Rule
from fingerpost.protocol.federation import CodeLists
from fingerpost.protocol.messages import KeySet

_LADDER: Final = (Reach.AREA, Reach.AREA_AND_NEIGHBOURS, Reach.NATIONAL_RING)
_MAY_NAME_AREAS: Final = frozenset(
    {
        Purpose.S47_ENQUIRY,
        Purpose.EMERGENCY_PROTECTION,
        Purpose.MISSING_CHILD,
        Purpose.EXPLOITATION,
        Purpose.CHILD_DEATH,
    }
)


@unique
class PurposeRule(Rule):
    """What a question must keep to, by its purpose."""

    REFERENCE_FORM = "inner.reason_reference"
    APPROVER_FORM = "inner.approver"
    REACH = "reach of this purpose"
    REFERENCE = "reason reference"
    APPROVER = "approver"
    OWN_APPROVER = "approver is the requester"
    WIDE_REACH = "wide keys in this reach"
    WIDE_WITHOUT_REASON = "wide keys in this reach without a reason"
    NOTHING_WIDENED = "a reason to widen, and nothing widened"
    MAY_NOT_WIDEN = "purpose may not widen"
    REASON = "reason to widen of this purpose"
    PURPOSE_NOT_IN_FORCE = "purpose not in force"
    ROLE_NOT_IN_FORCE = "role not in force"


@dataclass(frozen=True, slots=True, repr=False)
class Justification:
    """Why a lookup is made.

    Args:
        purpose: one of the closed list.
        reason_reference: of the case or referral, 64 characters at most; may be empty.
        approver: the account of a second person who agreed; may be empty.
        widened_because: of a second round, and of no other lookup.

    Raises:
        Refused: MALFORMED, a text is out of its bounds.
    """

    purpose: Purpose
    reason_reference: str = ""
    approver: str = ""
    widened_because: WideningReason | None = None

    def __repr__(self) -> str:
        return f"Justification({self.purpose.name})"

    def __post_init__(self) -> None:
        require_reference(self.reason_reference, PurposeRule.REFERENCE_FORM)
        if self.approver:
            require_account(self.approver, PurposeRule.APPROVER_FORM)


def _reaches(purpose: Purpose) -> frozenset[Reach]:
    default = PURPOSES[purpose].default_reach
    if default is Reach.NAMED:  # the named areas are the limit; nothing else is narrower or wider
        return frozenset({Reach.NAMED})
    narrower = frozenset(_LADDER[: _LADDER.index(default) + 1])
    return narrower | {Reach.NAMED} if purpose in _MAY_NAME_AREAS else narrower


_REACHES: Final = MappingProxyType({purpose: _reaches(purpose) for purpose in Purpose})
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
        Purpose.REFERRAL_TRIAGE: _UNCERTAIN,
        Purpose.MISSING_CHILD: _UNCERTAIN,
        Purpose.URGENT_CARE: _UNCERTAIN,
        Purpose.CHILD_DEATH: _UNCERTAIN,
        Purpose.TRANSFER_IN: _UNCERTAIN,
        # Left out: S17_ASSESSMENT and EARLY_HELP ask their own area alone; CLA_CARE and
        # PRACTICE_REVIEW are about a child whom the requester knows by every name.
    }
)
"""For which purposes a lookup may be widened, and for which reasons; no other purpose may."""


def reaches_allowed(purpose: Purpose) -> frozenset[Reach]:
    """Return the reaches that a purpose allows.

    They are its default reach and every narrower one, and named areas where they are the default or
    the matter is urgent.
    """
    return _REACHES[purpose]


def widening_reasons(purpose: Purpose) -> frozenset[WideningReason]:
    """Return why a lookup for this purpose may be asked again with wide keys beyond the own area.

    Where there is no reason, it may not.
    """
    return _WIDENING.get(purpose, frozenset())


def require_permitted(
    justification: Justification, reach: Reach, key_set: KeySet, *, subject: str
) -> None:
    """Refuse a query whose justification does not allow its reach and its keys.

    WIDE keys go to the requester's own area, and further only in a second round that says why: a
    wide key lets more children's records open. A reason without need is refused too, so that nobody
    gets used to always giving one. The approver is never the requester (``subject``), whether the
    purpose requires one or not.

    Raises:
        Refused: NOT_ALLOWED, naming what is missing.
    """
    purpose, approver = justification.purpose, justification.approver
    rule = PURPOSES[purpose]
    if reach not in reaches_allowed(purpose):
        raise Refused(Code.NOT_ALLOWED, PurposeRule.REACH)
    _require_reason(purpose, reach, key_set, justification.widened_because)
    if rule.reference_required and not justification.reason_reference:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.REFERENCE)
    if rule.approver_required and not approver:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.APPROVER)
    if approver and approver == subject:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.OWN_APPROVER)


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


def require_in_force(purpose: Purpose, role: Role, code_lists: CodeLists) -> None:
    """Refuse a purpose or role that governance has not put in force.

    Raises:
        Refused: NOT_ALLOWED.
    """
    if purpose not in code_lists.purposes:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.PURPOSE_NOT_IN_FORCE)
    if role not in code_lists.roles:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.ROLE_NOT_IN_FORCE)
