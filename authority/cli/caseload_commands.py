"""How many children a node may index: caseloads, public figures, raises. All of it changes the
draft and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer

from authority import caseloads, changes
from authority.caseloads import Caseload
from authority.ceremony import Ceremony
from authority.cli.parsing import Folder, console, parsed
from fingerpost.protocol.federation import PublicFigure, Raise
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.runtime.listing import a_console, show_list
from fingerpost.runtime.screen_text import counted

caseload_app = typer.Typer(
    help="Declare how many children a node may index, beside what is published.",
    no_args_is_help=True,
)

_Node = Annotated[
    MemberId, typer.Argument(parser=parsed(MemberId), metavar="NODE", help="The node's id.")
]
_Agency = Annotated[
    AgencyId, typer.Argument(parser=parsed(AgencyId), metavar="AGENCY", help="The agency's id.")
]
_Children = Annotated[int, typer.Option(min=1, help="How many children.")]
_DAY = ["%Y-%m-%d"]


def register(app: typer.Typer) -> None:
    app.add_typer(caseload_app, name="caseload")


@caseload_app.command("declare")
def declare(
    folder: Folder,
    node: _Node,
    children: _Children,
    reason: Annotated[
        str,
        typer.Option(
            help="Why it is over the public figures, or stands beside none (signed with it)."
        ),
    ] = "",
) -> None:
    """Grant a node another caseload."""
    Ceremony.open(folder).change(lambda d: changes.declare(d, node, children, reason))
    console.print(f"{node} may index {counted(children, 'child', 'children')}.")


@caseload_app.command("figure")
def figure(
    folder: Folder,
    agency: _Agency,
    children: _Children,
    source: Annotated[str, typer.Option(help="Where the number is published.")],
    published: Annotated[
        datetime, typer.Option(formats=_DAY, help="The day on which it was published.")
    ],
) -> None:
    """Note a public figure: a school's roll, a practice's list, the children of an area."""
    noted = PublicFigure(children, source, published.date())
    Ceremony.open(folder).change(lambda d: changes.publish_figure(d, agency, noted))
    console.print(f"{agency}: {counted(children, 'child', 'children')} by {source}.", markup=False)


@caseload_app.command("raise")
def raise_(
    folder: Folder,
    node: _Node,
    children: _Children,
    first: Annotated[datetime, typer.Option(formats=_DAY, help="The first day (UTC).")],
    last: Annotated[datetime, typer.Option(formats=_DAY, help="The last day (UTC).")],
    reason: Annotated[str, typer.Option(help="Why (signed with it).")],
) -> None:
    """Let a node index more children for a while: it takes on an agency, or lost its records."""
    granted = Raise(children, first.date(), last.date(), reason)
    Ceremony.open(folder).change(lambda d: changes.allow(d, node, granted))
    console.print(f"{node} may index {children} more from {first.date()} to {last.date()}.")


@caseload_app.command("show")
def show(folder: Folder) -> None:
    """Show what each node declares beside what is published about its agencies."""
    rows: list[tuple[str, ...]] = []
    for found in caseloads.caseloads(Ceremony.open(folder).draft()):
        rows.append(_of_node(found))
        rows += [
            (
                f"  {agency.id}",
                "",
                str(agency.public_figure.children) if agency.public_figure else "none",
                f"{agency.public_figure.source}, {agency.public_figure.published}"
                if agency.public_figure
                else "",
            )
            for agency in found.agencies
        ]
    show_list(a_console(), ("Node, agency", "Declared", "Published", "Source, or reason"), rows)


def _of_node(found: Caseload) -> tuple[str, ...]:
    said = [found.fault and f"NEEDS A REASON: {found.fault}", found.node.caseload_reason]
    said += [
        f"{each.children} more from {each.first} to {each.last}: {each.reason}"
        for each in found.node.raises
    ]
    share = f" ({100 * found.declared // found.published} %)" if found.published else ""
    return (
        str(found.node.id),
        f"{found.declared}{share}",
        str(found.published),
        "\n".join(filter(None, said)),
    )


def summary(found: Sequence[Caseload]) -> str:
    """Return one line about all caseloads."""
    declared = sum(each.declared for each in found)
    published = sum(each.published for each in found)
    reasons = sum(bool(each.node.caseload_reason) for each in found)
    return f"{declared} declared, {published} published, {counted(reasons, 'node')} with a reason"
