"""Epochs: open, late, replace, next. They change the draft, which publishing puts in force."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from authority.ceremony import Ceremony
from authority.cli.parsing import Folder, console, moment, now, shown
from authority.epochs import Sealed, Times
from fingerpost.protocol import limits
from fingerpost.protocol.ids import EpochNumber
from fingerpost.runtime.screen_text import counted

epoch_app = typer.Typer(
    help="Open and replace epochs: the lives of the key holders' keys, 90 days each.",
    no_args_is_help=True,
)

_Number = typer.Argument(min=1, help="The next number: `epoch next` prints it.")


def _moment(help_: str) -> Any:
    return typer.Option(parser=moment, metavar="YYYY-MM-DD[THH:MM]", help=f"{help_} (UTC).")


_Starts = _moment("When lookups can begin in it")
_Ends = _moment("When it is over")
_IndexFrom = _moment("When nodes begin to tag their records for it")


def register(app: typer.Typer) -> None:
    app.add_typer(epoch_app, name="epoch")


@epoch_app.command("open")
def epoch_open(
    folder: Folder,
    number: Annotated[int, _Number],
    starts: Annotated[int, _Starts],
    ends: Annotated[int | None, _Ends] = None,
    index_from: Annotated[int | None, _IndexFrom] = None,
) -> None:
    """Name the next epoch, with the keys that key holders have deposited.

    The epoch's pepper is sealed to the members.

    Without --index-from nodes begin 7 days before the start.

    Without --ends it lasts 90 days, and 7 more beside the next one.
    """
    usual = Times.usual(starts)
    times = Times(
        usual.index_from if index_from is None else index_from,
        starts,
        usual.ends_at if ends is None else ends,
    )
    _say(Ceremony.open(folder).open_epoch(EpochNumber(number), times, now()))
    console.print(f"Starts {shown(times.starts_at)}, ends {shown(times.ends_at)}. Publish it.")


@epoch_app.command("late")
def epoch_late(folder: Folder) -> None:
    """Seal the current day's pepper to members whose receiving key came late; then publish.

    A receiving key is late when it came after the epoch was opened.

    For a member that was enrolled late: fetch the inbox first, which holds its key.
    """
    for sealed in Ceremony.open(folder).seal_late(now()):
        _say(sealed)


@epoch_app.command("replace")
def epoch_replace(
    folder: Folder,
    number: Annotated[int, _Number],
    starts: Annotated[int, _Starts],
    ends: Annotated[int | None, _Ends] = None,
    overlap_minutes: Annotated[
        int, typer.Option(min=1, help="For how many minutes the old one continues.")
    ] = 60,
) -> None:
    """Start a new epoch soon and end the old one early, after a theft.

    First suspend the members whose keys were stolen.

    Without --ends it lasts 90 days.
    """
    end = starts + limits.EPOCH_DAYS * limits.DAY if ends is None else ends
    times = Times(min(int(now()), starts), starts, end)
    ceremony = Ceremony.open(folder)
    _say(ceremony.replace_epoch(EpochNumber(number), times, overlap_minutes * 60, now()))
    console.print(
        f"Starts {shown(starts)}; all before it end {counted(overlap_minutes, 'minute')} later. "
        "Publish it."
    )


@epoch_app.command("next")
def epoch_next(folder: Folder) -> None:
    """Print the number that comes next."""
    console.print(str(Ceremony.open(folder).draft().parameters.next_epoch))


def _say(sealed: Sealed) -> None:
    console.print(
        f"Epoch {sealed.epoch}: pepper sealed to {counted(len(sealed.members), 'member')}."
    )
    if sealed.lacking:
        console.print(f"  {len(sealed.lacking)} have deposited no key:")
        console.print("  " + ", ".join(map(str, sealed.lacking[:20])))
