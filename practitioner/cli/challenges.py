"""``fingerpost audit answer-challenge`` and ``verify-challenge``: an agency doubts a lookup of
ours, in a signed file.
"""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from fingerpost.audit.log import AuditEvent, OperationId
from fingerpost.membership.challenge_commands import (
    ChallengeFile,
    read_signed_file,
    show_signed,
    show_verified,
)
from fingerpost.membership.challenges import digest, verified_challenge
from fingerpost.membership.commands import NEVER
from fingerpost.membership.credentials import MemberKeys
from fingerpost.membership.membership import check_places
from fingerpost.private.notes import Explained
from fingerpost.protocol.codec.challenges import ChallengeAnswer, write_challenge_answer
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Federation, Party
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import create_file
from practitioner import wiring
from practitioner.asking.audit_events import CHALLENGE_ANSWERED, SENT
from practitioner.cli.parsing import SettingsFile, administrator, load, logger, member_of
from practitioner.settings import GatewaySettings


def answer_challenge(
    settings_file: SettingsFile,
    challenge: ChallengeFile,
    explain: Annotated[
        str,
        typer.Option(
            help="What you answer, one of: "
            + "; ".join(f"{each.name} ({each.words})" for each in Explained)
        ),
    ],
    out: Annotated[Path, typer.Option(help="A new file for the signed answer.")],
    why: Annotated[str, typer.Option(help="A reference to the reason (a-z, 0-9 and . : _ -).")],
) -> None:
    """Answer an agency's challenge of one of your lookups, in a signed file. It is recorded first.

    Look into the lookup before you answer: the command prints its number in your own log.
    """
    loaded = load(settings_file)
    reason, says = OperationId(why), member_of(Explained, explain, "--explain")
    federation = _listed(loaded)
    content = read_signed_file(challenge)
    found = verified_challenge(content, federation)
    asking = loaded.agency(found.asking).id
    bundle = check_places(loaded.places, Party.GATEWAY)
    key = MemberKeys.load(loaded.places.credentials).signing_key
    now = int(time.time())
    with closing(wiring.open_audit(loaded, asking)) as log:
        query = found.query.hex()
        sent = (e for e in log.show(0, NEVER, decrypt=False) if e.kind == SENT)
        lookup = next((e for e in sent if e.fields["query"] == query), None)
        if lookup is None:
            raise Defect("the challenge is of no lookup in this agency's log")
        fields = {"by": str(found.agency), "challenge": digest(content).hex(), "says": says.name}
        log.append(AuditEvent(CHALLENGE_ANSWERED, administrator(), reason, now, fields))
    made = ChallengeAnswer(
        bundle.federation, bundle.member, asking, digest(content), says.value, now
    )
    create_file(out, write_challenge_answer(made, key))
    show_signed(found, federation)
    typer.echo(f"Lookup {lookup.operation} in your log. Answered in {out}: send it to the agency.")


def verify_challenge(settings_file: SettingsFile, file: ChallengeFile) -> None:
    """Show what a challenge or an answer says, once its signature holds."""
    show_verified(read_signed_file(file), _listed(load(settings_file)))


def _listed(loaded: GatewaySettings) -> Federation:
    return wiring.kept_federation(loaded, Env.of_system(logger(verbose=False)))
