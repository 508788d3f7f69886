"""What the command lines of node and gateway do alike with a challenge and its answer.

Law: this module speaks to a person and decides nothing: ``challenges`` does. Only a ``cli`` imports
this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from fingerpost.membership.challenges import verified
from fingerpost.membership.commands import utc
from fingerpost.private.justification import Choice
from fingerpost.private.notes import Doubted, Explained
from fingerpost.protocol.codec.challenges import CHALLENGE_BYTES, Challenge, ChallengeAnswer
from fingerpost.protocol.federation import Federation
from fingerpost.runtime.files import read_file
from fingerpost.runtime.listing import a_console, show_block

ChallengeFile = Annotated[Path, typer.Argument(help="The file that the other agency sent.")]


def read_signed_file(path: Path) -> bytes:
    """Return the content of a challenge, or of an answer. Raises ``Defect``."""
    return read_file(path, most=CHALLENGE_BYTES)


def show_verified(data: bytes, federation: Federation) -> None:
    """Print what a file says, and who signed it. Raises ``Refused`` as ``challenges.verified``."""
    show_signed(verified(data, federation), federation)


def show_signed(found: Challenge | ChallengeAnswer, federation: Federation) -> None:
    """Print what a verified file says, and who signed it."""
    show_block(a_console(), _lines(found, federation))


def _words(type_: type[Choice], number: int) -> str:
    """Return the words of a choice by its number, which was verified to be one."""
    return next(each.words for each in type_ if each.value == number)


def _lines(found: Challenge | ChallengeAnswer, federation: Federation) -> Iterator[tuple[str, str]]:
    asking = f"{federation.agency(found.asking).name} ({found.asking})"
    if isinstance(found, Challenge):
        yield "Challenge by", f"{federation.agency(found.agency).name} ({found.agency})"
        yield "Of a lookup by", asking
        yield "Lookup", found.query.hex()
        yield "Doubted", _words(Doubted, found.about)
        yield "Answer before", f"{utc(found.answer_by)} UTC"
    else:
        yield "Answer by", asking
        yield "To challenge", found.challenge.hex()
        yield "It says", _words(Explained, found.says)
    yield "Made", f"{utc(found.made_at)} UTC"
    signer = found.node if isinstance(found, Challenge) else found.gateway
    yield "Signature", f"valid, of {signer}"
