"""The gateway of an asking agency: asks, opens, shows.

Knows:      its own lookups, who made them and why, and what came back, for a stated time.
Never sees: any other agency's lookups, records or answers; a record of its own agency's node.
Trusts:     the member list by signature; the key holders by proof, and that not both of them
            collude with a member; a node to speak for its own records only. The broker: for nothing
            but effort.
"""

import fingerpost.runtime  # noqa: F401, I001 (before gRPC loads: TLS 1.3 only)

from fingerpost.private.justification import Justification
from practitioner.asking.client import Client
from practitioner.asking.outcome import (
    Again,
    Former,
    NobodyAsked,
    Outcome,
    Progress,
    Question,
    Widened,
)
from practitioner.present.refusals import advice
from practitioner.sign_in.rules import Session
from practitioner.wiring import EVENTS, Gateway, open_gateway

__all__ = [
    "EVENTS",
    "Again",
    "Client",
    "Former",
    "Gateway",
    "Justification",
    "NobodyAsked",
    "Outcome",
    "Progress",
    "Question",
    "Session",
    "Widened",
    "advice",
    "open_gateway",
]
