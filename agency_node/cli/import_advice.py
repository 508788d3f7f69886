"""What an operator is told when an import could not go on: plain words, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fingerpost.protocol.errors import Code, Refused

_KEPT: Final = "What was done is kept: run the same command again {when}, and it goes on from here."

ADVICE: Final[Mapping[Code, str]] = MappingProxyType(
    {
        Code.QUOTA: (
            "The key holders' quota of this epoch is used up. Ask the federation for a larger declared "
            "caseload. " + _KEPT.format(when="then")
        ),
        Code.UNAVAILABLE: (
            "A server of the federation could not be reached. " + _KEPT.format(when="later")
        ),
        Code.NOT_READY: ("A server of the federation is not ready. " + _KEPT.format(when="later")),
        Code.NOT_A_MEMBER: (
            "The member list does not name this node or this agency. Check the agency's id in the "
            "settings with the federation."
        ),
        Code.NOT_ALLOWED: (
            "By the member list this agency is answered for by another node, or this node may not "
            "have bulk evaluated. Check with the federation."
        ),
        Code.UNSUPPORTED: (
            "This program and the federation use different versions. Update the program."
        ),
        Code.UNTRUSTED_METADATA: (
            "There is no member list that holds. Check the clock of this machine and the "
            "connection to the broker."
        ),
        Code.BAD_PROOF: (
            "A key holder's answer does not agree with the member list. Nothing of it was used. Tell "
            "the federation."
        ),
    }
)


def advice(refused: Refused) -> str:
    """What to do, and for whoever looks into it the rule that failed, and who was asked, where."""
    asked = f"; asked: {refused.asked}" if refused.asked else ""
    said = ADVICE.get(refused.code, refused.public_text)
    return f"{said} ({refused.code.value}: {refused.what}{asked})"
