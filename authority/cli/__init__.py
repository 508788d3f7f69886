"""The command line of the authority's offline machine.

It speaks to a person and decides nothing. Each command names the ceremony's folder; keys are where
its charter says. A refusal is reported in one line, and then nothing has been changed.
"""

from __future__ import annotations

import typer
from rich.console import Console

from authority.cli import epoch_commands, founding_commands, list_commands, publish_commands
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.runtime.run import refusal_text

app = typer.Typer(
    help="The authority: says who belongs to the federation.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
founding_commands.register(app)
list_commands.register(app)
epoch_commands.register(app)
publish_commands.register(app)


def main() -> None:
    """Report a refusal or a defect in one line, without a traceback."""
    try:
        app()
    except (Defect, Refused) as error:
        stderr = Console(stderr=True, highlight=False, soft_wrap=True)
        text = refusal_text(error) if isinstance(error, Refused) else str(error)
        stderr.print(f"fingerpost-authority: {text}", style="red", markup=False)
        raise SystemExit(2) from None
