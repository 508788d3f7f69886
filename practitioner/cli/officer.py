"""``fingerpost officer``: an officer states at her own sign-in what her agency's node is to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from fingerpost.audit.log import OperationId
from fingerpost.private.officers import CONTENT_BYTES, OFFICERS, Act, OfficerRule, state
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.runtime.files import create_file
from practitioner.asking.desk import read_passport_key
from practitioner.cli.parsing import DEFAULT_SESSION, SessionFile, SettingsFile, load, member_of
from practitioner.cli.people import read_token, signed_in
from practitioner.sign_in.rules import approval_key, require_in_date


def officer(
    settings_file: SettingsFile,
    act: Annotated[str, typer.Argument(help="lift, unhide or remove-refuge.")],
    about: Annotated[
        str, typer.Option(help="16 hexadecimal digits, as fingerpost-node shows them.")
    ],
    why: Annotated[str, typer.Option(help="A reference to the reason; the node is given it, too.")],
    out: Annotated[Path, typer.Option(help="The file to write. It must not exist yet.")],
    session_file: SessionFile = DEFAULT_SESSION,
) -> None:
    """State that a shield is to be lifted. It takes two officers, each at her own sign-in.

    Give the file to whoever runs the command on the node, within a day. It names no child.
    """
    chosen = member_of(Act, act, "act")
    content = _content(about)
    OperationId(why)
    loaded = load(settings_file)
    with signed_in(loaded, session_file) as (people, session, now):
        if session.role not in OFFICERS:
            raise Refused(Code.NOT_ALLOWED, OfficerRule.ROLE)
        require_in_date(session.entitlement, now)
        signed = state(
            session.agency,
            chosen,
            content,
            why,
            officer=session.subject,
            role=session.role,
            officer_key=approval_key(read_token(session_file)),
            passport_key=read_passport_key(loaded.agency(session.agency).passport_key),
            now=int(now),
        )
        people.record.stated(session, chosen.name, content.hex(), why, now)
        create_file(out, signed)
    typer.echo(f"Written to {out}. This is on record. The node takes it for a day, and once.")


def _content(text: str) -> bytes:
    if re.fullmatch(rf"[0-9a-f]{{{2 * CONTENT_BYTES}}}", text) is None:
        raise Defect("--about: expected 16 hexadecimal digits, as fingerpost-node shields shows")
    return bytes.fromhex(text)
