"""How the agreements of a node's agencies stand: for ``check`` and ``status``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import typer

from agency_node.answering.health_names import agreement_health
from agency_node.policy.agreement import Agreement
from agency_node.policy.store import Loaded, load_all
from agency_node.policy.words import Signed, remarks
from agency_node.settings import NodeSettings
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Federation
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.table_of_terms import ROLES_AT, TERMS
from fingerpost.runtime.health import knows

AT_MOST: Final = Signed(TERMS, ROLES_AT)
"""The widest terms that this release serves, for who has no member list at hand."""


def today() -> date:
    return datetime.now(UTC).date()


def signed_by(federation: Federation | None) -> Signed:
    """Return the terms in force; without a member list, the widest of this release."""
    if federation is None:
        return AT_MOST
    return Signed(federation.code_lists.terms, federation.code_lists.roles_at)


@dataclass(frozen=True, slots=True)
class InUse:
    """The agreements of a node's agencies, each with what is remarkable about it."""

    loaded: Loaded
    remarks: tuple[tuple[Path, tuple[str, ...]], ...]

    def show(self) -> None:
        for path, lines in self.remarks:
            for line in lines:
                typer.echo(f"{path.name}: {line}", err=True)

    def silent(self, day: date) -> Iterator[AgencyId]:
        """Yield the agencies whose agreement keeps them from answering."""
        yield from self.loaded.failed
        for agency, agreement in self.loaded.agreements.items():
            if not agreement.holds(day):
                yield agency


def in_use(settings: NodeSettings, signed: Signed, day: date) -> InUse:
    """Read the agreements that the settings name."""
    paths = {each.id: each.agreements for each in settings.agencies}
    loaded = load_all(paths)
    by_path: dict[Path, Agreement | Defect] = {}
    for agency, path in paths.items():
        by_path[path] = loaded.agreements.get(agency) or loaded.failed[agency]
    said = tuple(
        (path, (str(found),) if isinstance(found, Defect) else remarks(found, day, signed))
        for path, found in by_path.items()
    )
    return InUse(loaded, said)


async def is_due(settings: NodeSettings, loaded: Loaded) -> bool:
    """Return whether a node runs here that answers by another version of an agreement."""
    names = [agreement_health(agency, a.version) for agency, a in loaded.agreements.items()]
    return False in [await knows(settings.health, name) for name in names]
