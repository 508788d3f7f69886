"""Two officers decide what exposes a child: their statements, read and verified on a node.

Where the agency has a passport key in the member list, each officer signs a statement at her own
sign-in at the gateway (``fingerpost officer``), and typed names are refused. An agency without a
gateway has nobody who could sign its people in: there the names of two persons are typed, and the
log says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from agency_node.cli.run import kept_list
from agency_node.settings import NodeSettings
from fingerpost.audit.log import Actor
from fingerpost.private.officers import MOST_BYTES, Act, digest_of, require_two, verified
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.files import read_file

Statements = Annotated[
    list[Path] | None,
    typer.Option(
        "--statement", help="An officer's statement (fingerpost officer); give it twice, one each."
    ),
]
FirstOption = Annotated[
    str | None,
    typer.Option("--by", help="Of an agency without a gateway: the person who decides this."),
]
SecondOption = Annotated[
    str | None, typer.Option("--second", help="The second person who decides this, as --by.")
]
TYPED: Final = "typed"


@dataclass(frozen=True, slots=True)
class Decided:
    """Who decided. ``used``: the digests of their statements; none where names were typed."""

    by: str
    second: str
    used: tuple[bytes, ...] = ()

    @property
    def signed(self) -> str:
        """What the log says of how they signed."""
        return " ".join(each.hex() for each in self.used) or TYPED


def two_officers(
    settings: NodeSettings,
    agency: AgencyId,
    act: Act,
    content: bytes,
    why: str,
    files: Sequence[Path],
    by: str | None,
    second: str | None,
    now: float,
) -> Decided:
    """Return who decided this act, once two officers have.

    Args:
        content: the digest of what the act is about.
        files: the statements.
        by, second: names that were typed.

    Raises:
        Defect: no member list that is valid is kept here; what was given is not what the agency's
            officers have to give.
        Refused: a statement does not hold, as ``officers.verified`` and ``require_two``.
    """
    federation = kept_list(settings, now)
    if federation is None:
        raise Defect("There is no valid member list here, by which officers are verified")
    passport_key = federation.agency(agency).passport_key
    if not passport_key:
        return _typed(files, by, second)
    if by or second or len(files) != 2:
        raise Defect(
            "--statement: two officers of this agency decide, each by a statement that she signs "
            "at its gateway (fingerpost officer); typed names are not taken"
        )
    read = (read_file(each, most=MOST_BYTES) for each in files)
    statements = tuple(verified(each, agency, passport_key, now) for each in read)
    require_two(statements, act, content, why)
    first, other = statements
    return Decided(first.officer, other.officer, tuple(map(digest_of, statements)))


def _typed(files: Sequence[Path], by: str | None, second: str | None) -> Decided:
    if files:
        raise Defect("--statement: this agency has no gateway; type the two names, --by, --second")
    if by is None or second is None:
        raise Defect("--by and --second: two persons decide this")
    # Attack: the same person in capitals, with a space behind, or nobody at all.
    if Actor(by) == Actor(second):
        raise Defect("--second: another person than --by")
    return Decided(by, second)
