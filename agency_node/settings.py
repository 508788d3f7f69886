"""The node's settings file. Unknown settings are fatal; every path is explicit; no setting that
decides trust has a default.

Addresses of the broker and of the key holders are not settings: they come with the bundle, from the
authority.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import msgspec

from agency_node.desks.calendar import EVERY_DAY, BankHolidays, Calendar, terms_of
from fingerpost.membership.membership import Places
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId


class TermSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first and the last day of a term."""

    first: date
    last: date


class CalendarSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """On which days an agency's desks are staffed. Who can change it sends requesters to a desk
    that is closed, and to nobody else's.

    * ``bank_holidays``: ``as-sundays``, or ``as-usual`` where desks are staffed as on other days.
    * ``closed``: days on which no desk is staffed, such as an extra bank holiday.
    * ``terms``: in order. Where they are left out, the signed school holidays of the agency's area
      hold.
    * ``open_in_holidays``: a school whose desks are staffed in the holidays, too.
    """

    bank_holidays: BankHolidays = BankHolidays.AS_SUNDAYS
    closed: tuple[date, ...] = ()
    terms: tuple[TermSettings, ...] = ()
    open_in_holidays: bool = False

    def __post_init__(self) -> None:
        """Raises ``Defect``: the terms are not in order."""
        self.calendar()

    def calendar(self) -> Calendar:
        """Return the calendar that they state."""
        terms = terms_of([(term.first, term.last) for term in self.terms]) if self.terms else None
        return Calendar(
            self.bank_holidays,
            frozenset(self.closed),
            terms,
            open_in_holidays=self.open_in_holidays,
        )


class MailSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The mail server by which desks are told that they should look. Who can change these settings
    has desks told late or never, which ``status`` shows as knocks that nobody has listed; and has
    the messages, of which each says no more than that something is there, come to himself.

    * ``server``: the agency's own, host:port; TLS from the first byte.
    * ``ca``: file of the certificates by which the server is trusted, and by no others.
    * ``sender``: the address that messages come from.
    * ``cover``: a domain for which the server takes every message and throws it away. No message to
      a desk may be told from one to it, so it is at least two characters shorter than the shortest
      address of a desk.
    * ``account``, ``password``: to sign in; the password is a secret file.
    """

    server: str
    ca: Path
    sender: str
    cover: str
    account: str = ""
    password: Path | None = None


class DeskSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an agency's desk is told. Who can change it: see ``MailSettings``.

    * ``mail``: one work address, never a person's own.
    * ``mail_out_of_term``: who is told in the place of a school that is closed, such as its
      council's education desk.
    * ``webhook``: an address of HTTPS of the agency's own system, told every half minute whether
      the desk should look.
    * ``webhook_ca``: file of the certificates by which it is trusted, and by no others.
    """

    mail: str = ""
    mail_out_of_term: str = ""
    webhook: str = ""
    webhook_ca: Path | None = None


class AgencySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One agency of this node.

    * ``agreements``: file, or folder of files ``*.cedar``, with the rules of what this agency
      discloses to whom. Whoever can change it can take away from what the signed terms allow, and
      give back what earlier rules took; never more than the terms allow. If it cannot be read or is
      out of date, the agency answers CANNOT_ANSWER.
    * ``data_key``: secret file of 32 bytes; reading it together with the database opens this
      agency's records.
    * ``upn_keys``: whether the agreement lets the pupil number be used for matching.
    * ``dispose_source``: whether an export is deleted once it is imported whole.
    * ``calendar``: on which days its desks are staffed.
    * ``desk``: where its desk is told of knocks; without it, the desk looks by itself.
    """

    id: AgencyId
    data_key: Path
    agreements: Path
    upn_keys: bool = False
    dispose_source: bool = False
    calendar: CalendarSettings | None = None
    desk: DeskSettings | None = None


class NodeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings, each with what an attacker who can change (or read) it could do.

    * ``places``: see ``membership.Places``.
    * ``state``: folder of this node alone. It holds ``reports/``, import reports that name no
      person; what the answering side keeps; and ``records.sqlite``, the sealed rows. Whoever
      deletes the rows, or puts an older copy in their place, makes the node answer CANNOT_ANSWER,
      never "no", because of the witness (``places.witness``); with an older copy of both, only
      requesters who have seen a newer generation notice. ``shields/`` holds each agency's register
      of shields; whoever deletes it, or puts an older copy back, stops the agency's imports and
      makes it answer CANNOT_ANSWER. ``agreements/`` holds each version of the agreements that
      decided; whoever changes it hides what a rule said, which shows: a version's name is its hash.
    * ``agencies``: those whose records the node answers from; one that is left out answers
      CANNOT_ANSWER.
    * ``audit_key``: 32-byte secret file; reading it opens the bodies of the audit log.
    * ``health``: a local socket for the health check.
    * ``workers``: processes that blind and unblind during an import.
    * ``mail``: the mail server; without it, no message leaves by mail.
    * ``webhook_key``: secret file of 32 bytes, by which webhooks are signed; who reads it can tell
      agencies' systems that a desk should look, or need not.
    """

    places: Places
    state: Path
    agencies: tuple[AgencySettings, ...]
    audit_key: Path
    health: Path
    workers: int = 2
    mail: MailSettings | None = None
    webhook_key: Path | None = None

    def __post_init__(self) -> None:
        """Check the settings against each other.

        Raises:
            Defect: there is no agency, or one twice; two have one data key (attack: rows of one
                would open as the other's); or there is no worker.
        """
        ids = [agency.id for agency in self.agencies]
        if not ids or len(set(ids)) != len(ids):
            raise Defect("agencies: expected at least one, and none twice")
        if len({agency.data_key for agency in self.agencies}) != len(ids):
            raise Defect("agencies: expected for each a data key of its own")
        if not 1 <= self.workers <= 64:
            raise Defect("workers: expected 1 to 64")

    def agency(self, agency: AgencyId) -> AgencySettings:
        """Return the settings of one agency. Raises ``Defect``: the file does not name it."""
        for found in self.agencies:
            if found.id == agency:
                return found
        raise Defect(f"agencies: {agency} is not one of this node's")

    @property
    def digest(self) -> str:
        """32 hexadecimal digits that are equal for equal settings. It holds no secret: the settings
        name the files of secrets."""
        written = msgspec.json.encode(self, enc_hook=str, order="deterministic")
        return hashlib.sha256(written).hexdigest()[:32]

    @property
    def keys(self) -> Mapping[str, Path]:
        """Each key's file, and that of a password, by the name of its setting."""
        data_keys = {f"data_key of {each.id}": each.data_key for each in self.agencies}
        password = None if self.mail is None else self.mail.password
        told = {"webhook_key": self.webhook_key, "password of mail": password}
        given = {name: path for name, path in told.items() if path is not None}
        return {"audit_key": self.audit_key, **data_keys, **given}

    @property
    def calendars(self) -> Mapping[AgencyId, Calendar]:
        """What each agency states of its days."""
        stated = {each.id: each.calendar for each in self.agencies}
        return {
            agency: EVERY_DAY if found is None else found.calendar()
            for agency, found in stated.items()
        }

    @property
    def data(self) -> tuple[Path, ...]:
        """What the keys open."""
        return (self.state,)

    @property
    def records(self) -> Path:
        return self.state / "records.sqlite"

    @property
    def agreements(self) -> Path:
        """The folder of the versions of agreements that decided."""
        return self.state / "agreements"

    @property
    def reports(self) -> Path:
        return self.state / "reports"
