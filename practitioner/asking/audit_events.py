"""The events of a requesting agency's audit log: a catalogue of kinds and their fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CATALOGUE: Final[Mapping[str, frozenset[str]]] = {
    "lookup.asked": frozenset({"purpose", "reach", "role"}),
    "lookup.widened": frozenset({"after", "because"}),
    "lookup.sent": frozenset({"query"}),
    "lookup.ended": frozenset(
        {"asked", "answered", "gaps", "not_connected", "rejected", "own_record", "named"}
    ),
    "lookup.attended": frozenset(),
    "lookup.talked": frozenset({"said"}),
    "lookup.failed": frozenset({"code"}),
    "lookup.stopped": frozenset({"left"}),
    "lookup.shown": frozenset(),
    "lookup.marked": frozenset({"agency", "said"}),
    "lookup.convened": frozenset(
        {"begins", "strategy_discussion", "invited", "to_ring", "named_child"}
    ),
    "lookup.reviewed": frozenset({"found"}),
    "approval.requested": frozenset({"purpose", "reach", "role"}),
    "approval.given": frozenset(),
    "approval.declined": frozenset(),
    "officer.stated": frozenset({"act", "about"}),
    "session.begun": frozenset({"role"}),
    "session.refused": frozenset({"reason"}),
    "session.ended": frozenset(),
    "account.added": frozenset({"account", "role", "training_until", "vetting_until"}),
    "account.disabled": frozenset({"account"}),
    "account.ended": frozenset({"account"}),
    "account.reset": frozenset({"account"}),
    "store.adopted": frozenset({"store", "before", "number", "sound"}),
    "account.renewed": frozenset({"account", "training_until", "vetting_until"}),
    "account.grace": frozenset({"account", "granted_by"}),
    "challenge.answered": frozenset({"by", "challenge", "says"}),
}
NOT_TAKEN: Final = "NOT_TAKEN"
"""Where the purpose takes no own record."""
ASKED: Final = "lookup.asked"
WIDENED: Final = "lookup.widened"
ENDED: Final = "lookup.ended"
REVIEWED: Final = "lookup.reviewed"
SENT: Final = "lookup.sent"
CHALLENGE_ANSWERED: Final = "challenge.answered"
FAILED: Final = "lookup.failed"
STOPPED: Final = "lookup.stopped"
REQUESTED: Final = "approval.requested"
GIVEN: Final = "approval.given"
DECLINED: Final = "approval.declined"
MARKED: Final = "lookup.marked"
ATTENDED: Final = "lookup.attended"
TALKED: Final = "lookup.talked"
BEGUN: Final = "session.begun"
SIGNED_OUT: Final = "session.ended"
