"""What a purpose allows: how far, with which keys, and what must stand beside it.

Law: pure; the asking side runs these before it sends, every node that opened a query runs the same after, so that
no honest asker meets a refusal there. An area or an agency may be stricter, never laxer.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from fingerpost.protocol.codes import PURPOSES, Purpose, Reach, Role
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import CodeLists
from fingerpost.protocol.messages import KeySet

_WIDENING: Final = (Reach.AREA, Reach.AREA_AND_NEIGHBOURS, Reach.NATIONAL_RING)
_MAY_NAME_AREAS: Final = frozenset(
    {
        Purpose.S47_ENQUIRY,
        Purpose.EMERGENCY_PROTECTION,
        Purpose.MISSING_CHILD,
        Purpose.EXPLOITATION,
        Purpose.CHILD_DEATH,
    }
)


def _reaches(purpose: Purpose) -> frozenset[Reach]:
    default = PURPOSES[purpose].default_reach
    if default is Reach.NAMED:  # the areas named are the control; nothing else is narrower or wider
        return frozenset({Reach.NAMED})
    narrower = frozenset(_WIDENING[: _WIDENING.index(default) + 1])
    return narrower | {Reach.NAMED} if purpose in _MAY_NAME_AREAS else narrower


_REACHES: Final = MappingProxyType({purpose: _reaches(purpose) for purpose in Purpose})
_WIDE_KEYS: Final = frozenset({Reach.AREA, Reach.NAMED})


def reaches_allowed(purpose: Purpose) -> frozenset[Reach]:
    """The purpose's default reach and every narrower one; named areas where the default, or the urgency, asks."""
    return _REACHES[purpose]


def require_permitted(
    purpose: Purpose,
    reach: Reach,
    key_set: KeySet,
    *,
    reason_reference: str,
    approver: str,
    subject: str,
) -> None:
    """Raises ``Refused(NOT_ALLOWED)`` naming what is missing.

    WIDE keys go to the asker's own or named areas only: a wide key lets more children's records open. ``approver`` is
    never the asker (``subject``), whether the purpose wants one or not.
    """
    rule = PURPOSES[purpose]
    if reach not in reaches_allowed(purpose):
        raise Refused(Code.NOT_ALLOWED, "reach of this purpose")
    if key_set is KeySet.WIDE and reach not in _WIDE_KEYS:
        raise Refused(Code.NOT_ALLOWED, "wide keys in this reach")
    if rule.reference_required and not reason_reference:
        raise Refused(Code.NOT_ALLOWED, "reason reference")
    if rule.approver_required and not approver:
        raise Refused(Code.NOT_ALLOWED, "approver")
    if approver and approver == subject:
        raise Refused(Code.NOT_ALLOWED, "approver is the asker")


def require_in_force(purpose: Purpose, role: Role, code_lists: CodeLists) -> None:
    """Raises ``Refused(NOT_ALLOWED)`` for a purpose or role that governance has not put in force."""
    if purpose not in code_lists.purposes:
        raise Refused(Code.NOT_ALLOWED, "purpose not in force")
    if role not in code_lists.roles:
        raise Refused(Code.NOT_ALLOWED, "role not in force")
