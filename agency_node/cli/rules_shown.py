"""What an entry of an agency's log says was disclosed, and by which rules of which agreement."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from agency_node.answering.pages import Ruled
from agency_node.policy.agreement import Agreement
from agency_node.policy.store import kept
from fingerpost.protocol.codes import CoarseKind


class RulesShown:
    """Shows rules by their names, as the versions that decided had them.

    Args:
        folder: where a node keeps the versions.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept = cache(self._read)

    def _read(self, version: str) -> Agreement | None:
        return kept(self._folder, version)

    def disclosed(self, ruled: Ruled) -> str:
        """Return the services that were named."""
        kinds = dict.fromkeys(ruled.disclosed)
        return ", ".join(CoarseKind(kind).name if kind else "ring our duty desk" for kind in kinds)

    def rules(self, ruled: Ruled) -> str:
        """Return the rules that decided; only their numbers where that version is not kept."""
        agreement = self._kept(ruled.version.hex())
        if agreement is None:
            return ", ".join(f"rule {number + 1}" for number in ruled.rules)
        return ", ".join(agreement.rules[number].id for number in ruled.rules)

    def lines(self, ruled: Ruled) -> list[str]:
        """Return what was disclosed and what decided it, for one cell."""
        lines = [self.disclosed(ruled)]
        if ruled.withheld:
            lines.append(f"{ruled.withheld} withheld by the agreement")
        if ruled.rules:
            lines.append(f"by {self.rules(ruled)}")
        if ruled.version:
            lines.append(f"agreement {ruled.version.hex()[:8]}")
        return [line for line in lines if line]
