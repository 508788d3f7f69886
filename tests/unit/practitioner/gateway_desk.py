"""A gateway's command line in a test: run as a program runs it, with an account and a place for its
session."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pyotp
import pytest

from fakes.justified import justified
from fakes.party_folder import COUNCIL
from fingerpost.private.demographics import Demographics, OtherName, Sex
from fingerpost.private.passport import Entitlement
from fingerpost.private.purpose_rules import PurposeRule
from fingerpost.protocol.codes import Acr, Purpose, Reach, Role
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId, AreaCode
from fingerpost.protocol.table_of_terms import TERMS
from fingerpost.protocol.terms import Terms, row
from fingerpost.runtime.logs import Logger
from practitioner.asking.outcome import Again, Outcome, Progress, Question
from practitioner.cli import asking
from practitioner.settings import GatewaySettings
from practitioner.sign_in.rules import Session
from practitioner.wiring import open_people

PASSWORD = "correct horse battery"
YEAR = timedelta(days=365)
THESSALY = Demographics(
    forename="Thessaly",
    surname="Umberleigh",
    other_names=(OtherName("Tess", "Hollingshade"),),
    dob=date(2017, 3, 9),
    sex=Sex.FEMALE,
    postcode="AB1 2CD",
    health_number="9434765919",
)
QUESTION = Question(
    THESSALY,
    justified(Purpose.EXPLOITATION, "ref-1"),
    Reach.NAMED,
    (AreaCode("e99000002"),),
)
STATED = (
    *("--purpose", "s47-enquiry", "--reference", "ref-1"),
    *("--fact", "strategy-discussion=2026-03-02"),
)
"""A purpose, and all that it takes."""
CHILD = {"forename": "Thessaly", "surname": "Umberleigh", "dob": "2017-03-09"}


def ann(at: float, agency: AgencyId = COUNCIL) -> Session:
    """Ann of ``agency``, signed in at ``at``; trained and vetted for longer than any test takes."""
    held = Entitlement(int(at) + 10**8, int(at) + 10**8)
    return Session(agency, "ann", "Ann Smith", Role.SOCIAL_WORKER, Acr.PASSWORD_TOTP, int(at), held)


@dataclass(frozen=True)
class Said:
    status: int
    out: str
    err: str


Run = Callable[..., Said]
"""Takes arguments, ``stdin`` and the terminal's ``columns``."""


@dataclass(frozen=True)
class Desk:
    """A gateway's command line, and a place for Ann's session; ``secret`` is of her account."""

    program: Run
    settings: Path
    session: Path
    secret: str = ""

    def run(self, *arguments: str, **how: str | None) -> Said:
        """With these settings; ``how`` is as in ``Run``."""
        return self.program(*arguments, "--settings", str(self.settings), **how)

    def as_ann(self, *arguments: str, **how: str | None) -> Said:
        """With these settings and Ann's session."""
        return self.run(*arguments, "--session", str(self.session), **how)

    def sign_in(self, code: str | None = None) -> Said:
        typed = f"{PASSWORD}\n{code or pyotp.TOTP(self.secret).now()}\n"
        return self.as_ann("sign-in", "--account", "ann", "--password-stdin", stdin=typed)

    def lookup(self, *more: str, stdin: str = json.dumps(CHILD)) -> Said:
        return self.as_ann("lookup", *STATED, "--child", "-", *more, stdin=stdin)

    def add(self, *more: str, until: date | None = None) -> Said:
        """An account, Ann's where ``more`` names no other; both ends are the day ``until``."""
        last = (until or date.today() + YEAR).isoformat()  # noqa: DTZ011 - as it is typed
        return self.run(
            *("account", "add", "--account", "ann", "--name", "Ann Smith"),
            *("--role", "social-worker", "--training-until", last, "--vetting-until", last),
            *("--password-stdin", *more),
            stdin=f"{PASSWORD}\n",
        )


def answer_with(
    monkeypatch: pytest.MonkeyPatch,
    found: Outcome | Refused | Progress,
    widened: list[Again] | None = None,
    terms: Iterable[Terms] = TERMS,
) -> list[Question]:
    """Returns the questions asked; ``widened`` takes what second rounds ask, and ``terms`` are the
    signed ones."""
    asked: list[Question] = []
    second_rounds = [] if widened is None else widened

    @dataclass
    class Opened:
        settings: GatewaySettings

        @property
        def client(self) -> Opened:
            return self

        def terms(self, session: Session, purpose: Purpose) -> Terms:
            signed = row(terms, purpose, session.role)
            if signed is None:
                raise Refused(Code.NOT_ALLOWED, PurposeRule.ROLE_OF_PURPOSE)
            return signed

        async def widen(self, session: Session, again: Again, progress: Progress) -> Outcome:
            second_rounds.append(again)
            if isinstance(found, Progress):
                progress.operation, progress.left = found.operation, found.left
                raise KeyboardInterrupt
            if isinstance(found, Refused):
                raise found
            assert isinstance(found, Outcome)
            return replace(found, asked_at=int(time.time()), widened=again.widened)

        async def lookup(self, session: Session, question: Question, progress: Progress) -> Outcome:
            asked.append(question)
            if isinstance(found, Progress):
                progress.operation, progress.left = found.operation, found.left
                raise KeyboardInterrupt
            if isinstance(found, Refused):
                raise found
            now = replace(found, asked_at=int(time.time()))
            with open_people(self.settings) as people:
                await people.outcomes.keep(session, question, now)
            return now

    @asynccontextmanager
    async def opened(
        settings: GatewaySettings, log: Logger, *, follow: bool
    ) -> AsyncIterator[Opened]:
        yield Opened(settings)

    monkeypatch.setattr(asking, "open_gateway", opened)
    return asked
