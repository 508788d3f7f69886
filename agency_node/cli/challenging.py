"""``fingerpost-node inbox challenge``, ``answered`` and ``verify``: ask the agency that made a
lookup for what it stated, in a signed file, and read its signed answer.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from agency_node import wiring
from agency_node.answering.audit import CHALLENGE_ANSWERED, CHALLENGE_SIGNED, REVEALED
from agency_node.cli.audit import EVERYTHING, Agency, chosen_agency
from agency_node.cli.inbox import Number, hidden_requester, lookup_of
from agency_node.cli.run import PROGRAM, kept_list
from agency_node.inbox.challenging import challenge_of
from agency_node.inbox.lookups import acts_of
from agency_node.settings import NodeSettings
from fingerpost.audit.log import Actor, AuditEvent, OperationId
from fingerpost.membership import commands
from fingerpost.membership.challenge_commands import (
    ChallengeFile,
    read_signed_file,
    show_signed,
    show_verified,
)
from fingerpost.membership.challenges import digest, verified_answer
from fingerpost.membership.commands import ByOption, SettingsFile, WhyOption
from fingerpost.membership.credentials import MemberKeys
from fingerpost.membership.membership import check_places
from fingerpost.private.notes import Doubted
from fingerpost.protocol.codec.challenges import write_challenge
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Federation, Party
from fingerpost.runtime.files import create_file


def register(app: typer.Typer) -> None:
    """Add the commands to ``inbox``."""
    app.command()(challenge)
    app.command()(answered)
    app.command()(verify)


def challenge(
    settings_file: SettingsFile,
    number: Number,
    about: Annotated[
        str,
        typer.Option(
            help="What you doubt, one of: "
            + "; ".join(f"{each.name} ({each.words})" for each in Doubted)
        ),
    ],
    out: Annotated[Path, typer.Option(help="A new file for the signed challenge.")],
    by: ByOption,
    why: WhyOption,
    agency: Agency = None,
) -> None:
    """Write a signed challenge of a lookup in whose outcome you were named. It is recorded first.

    Send the file to the safeguarding lead of the agency that asked. It names no child and no
    person.
    """
    settings = PROGRAM.load(settings_file)
    chosen = settings.agency(chosen_agency(settings, agency)).id
    actor, reason, doubted = Actor(by), OperationId(why), _doubted(about)
    bundle = check_places(settings.places, Party.NODE)
    key = MemberKeys.load(settings.places.credentials).signing_key
    with closing(wiring.open_audit(settings, chosen)) as log:
        lookup = lookup_of(log, chosen, number)
        acts = acts_of(log.show(*EVERYTHING, decrypt=False))
        revealed = any(
            act.kind == REVEALED for each in lookup.numbers for act in acts.get(each, ())
        )
        made = challenge_of(
            lookup,
            hidden_requester(settings, chosen, lookup) if revealed else None,
            federation=bundle.federation,
            node=bundle.member,
            agency=chosen,
            about=doubted,
            now=int(time.time()),
        )
        content = write_challenge(made, key)
        fields: Mapping[str, int | str] = {
            "entry": number,
            "about": doubted.name,
            "asking": str(made.asking),
            "challenge": digest(content).hex(),
            "answer_by": made.answer_by,
        }
        log.append(AuditEvent(CHALLENGE_SIGNED, actor, reason, made.made_at, fields))
    create_file(out, content)
    typer.echo(f"{out}: send it to {made.asking}. Answer due {commands.utc(made.answer_by)} UTC.")


def answered(
    settings_file: SettingsFile,
    answer: ChallengeFile,
    by: ByOption,
    why: WhyOption,
    agency: Agency = None,
) -> None:
    """Read the signed answer to one of your challenges, and record it."""
    settings = PROGRAM.load(settings_file)
    chosen = settings.agency(chosen_agency(settings, agency)).id
    actor, reason = Actor(by), OperationId(why)
    federation = _listed(settings)
    found = verified_answer(read_signed_file(answer), federation)
    with closing(wiring.open_audit(settings, chosen)) as log:
        entries = [e for e in log.show(*EVERYTHING, decrypt=False) if e.kind == CHALLENGE_SIGNED]
        name = found.challenge.hex()
        asked = next((e for e in entries if e.fields["challenge"] == name), None)
        if asked is None or str(found.asking) != asked.fields["asking"]:
            raise Defect("the answer is to no challenge of this agency")
        told: Mapping[str, int | str] = {
            "entry": int(asked.fields["entry"]),
            "challenge": name,
            "says": found.says,
        }
        log.append(AuditEvent(CHALLENGE_ANSWERED, actor, reason, int(time.time()), told))
    show_signed(found, federation)


def verify(settings_file: SettingsFile, file: ChallengeFile) -> None:
    """Show what a challenge or an answer says, once its signature holds."""
    settings = PROGRAM.load(settings_file)
    show_verified(read_signed_file(file), _listed(settings))


def _listed(settings: NodeSettings) -> Federation:
    federation = kept_list(settings, time.time())
    if federation is None:
        raise Defect("the node keeps no valid member list, which says whose signature it is")
    return federation


def _doubted(text: str) -> Doubted:
    try:
        return Doubted[text.strip().upper().replace("-", "_")]
    except KeyError:
        raise Defect("--about: one of " + ", ".join(each.name for each in Doubted)) from None
