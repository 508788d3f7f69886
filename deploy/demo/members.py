"""The members of the demonstration: keys where they are used, requests, settings files.

Written as an operator would write them: each member has one folder, and its settings name every
path.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from deploy.demo.layout import BROKER, HOLDERS, Layout
from deploy.demo.people import Population
from fingerpost.membership.credentials import make_member_keys
from fingerpost.protocol.codec.enrolment import EnrolmentRequest
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import AgencyId, FederationId, MemberId
from fingerpost.runtime.files import create_file
from practitioner.asking.desk import make_passport_key

FEDERATION = FederationId("demo")
POLL_SECONDS = 2.0
"""A demonstration does not wait; the usual is 15."""
LOOKUPS_PER_DAY = 500


def gateway_of(agency: AgencyId) -> MemberId:
    area, name = agency.value.split(".")
    return MemberId(f"gateway-{area[-1]}-{name}"[:40].rstrip("-"))


def _request(
    layout: Layout,
    member: MemberId,
    party: Party,
    organisation: str,
    now: float,
    *,
    caseload: int = 0,
    lookups: int = 0,
    passport_keys: dict[AgencyId, bytes] | None = None,
) -> tuple[EnrolmentRequest, Path]:
    folder = layout.of(member)
    folder.mkdir(mode=0o700, exist_ok=True)
    keys = make_member_keys(folder / "credentials")
    request = EnrolmentRequest(
        federation=FEDERATION,
        member=member,
        party=party,
        organisation=organisation,
        signing_key=keys.public_key,
        declared_caseload=caseload,
        lookups_per_day=lookups,
        issued_at=int(now),
        passport_keys=passport_keys or {},
    )
    return request, folder


def _places(folder: Path) -> str:
    return (
        "[places]\n"
        f'bundle = "{folder}/bundle"\n'
        f'credentials = "{folder}/credentials"\n'
        f'member_list = "{folder}/member-list"\n'
        f"poll_seconds = {POLL_SECONDS}\n"
    )


def _secret(folder: Path, name: str) -> str:
    create_file(folder / name, os.urandom(32))
    return f"{folder}/{name}"


def broker(layout: Layout, now: float) -> EnrolmentRequest:
    request, folder = _request(layout, BROKER, Party.BROKER, "Federation operator", now)
    (folder / "state").mkdir(mode=0o700)
    (folder / "settings.toml").write_text(
        f'listen_nodes = "{layout.broker_nodes}"\n'
        f'listen_askers = "{layout.broker_askers}"\n'
        f'state = "{folder}/state"\n'
        f'audit_key = "{_secret(folder, "audit.secret")}"\n'
        f'health = "{folder}/health"\n' + _places(folder)
    )
    return request


def key_holders(layout: Layout, now: float) -> list[EnrolmentRequest]:
    requests = []
    for holder, listen in zip(HOLDERS, layout.holders, strict=True):
        request, folder = _request(layout, holder, Party.KEY_HOLDER, f"Trust {holder}", now)
        (folder / "vault").mkdir(mode=0o700)
        (folder / "settings.toml").write_text(
            f'listen = "{listen}"\n'
            f'vault = "{folder}/vault"\n'
            f'meter = "{folder}/meter.sqlite"\n'
            f'audit = "{folder}/audit.sqlite"\n'
            f'audit_key = "{_secret(folder, "audit.secret")}"\n'
            f'health = "{folder}/health"\n' + _places(folder)
        )
        requests.append(request)
    return requests


def nodes(layout: Layout, people: Population, now: float) -> list[EnrolmentRequest]:
    requests = []
    for node in people.nodes:
        hosted = [agency for agency in people.agencies if agency.node == node.id]
        rows = sum(people.rows[agency.id] for agency in hosted)
        request, folder = _request(
            layout, node.id, Party.NODE, node.name, now, caseload=2 * rows + 100
        )
        (folder / "state").mkdir(mode=0o700)
        text = (
            f'state = "{folder}/state"\n'
            f'audit_key = "{_secret(folder, "audit.secret")}"\n'
            f'health = "{folder}/health"\n'
            "workers = 2\n" + _places(folder)
        )
        for number, agency in enumerate(hosted):
            key = _secret(folder, f"data-{number}.secret")
            text += f'[[agencies]]\nid = "{agency.id}"\ndata_key = "{key}"\n'
        (folder / "settings.toml").write_text(text)
        requests.append(request)
    return requests


def gateways(layout: Layout, requesters: Sequence[AgencyId], now: float) -> list[EnrolmentRequest]:
    requests = []
    for requester in requesters:
        member = gateway_of(requester)
        folder = layout.of(member)
        folder.mkdir(mode=0o700)
        passport_key = make_passport_key(folder / "passport.secret")
        request, folder = _request(
            layout,
            member,
            Party.GATEWAY,
            f"{requester}",
            now,
            lookups=LOOKUPS_PER_DAY,
            passport_keys={requester: passport_key},
        )
        (folder / "peppers").mkdir(mode=0o700)
        (folder / "settings.toml").write_text(
            f'peppers = "{folder}/peppers"\n'
            f'accounts = "{folder}/accounts.sqlite"\n'
            f'account_key = "{_secret(folder, "account.secret")}"\n'
            f'outcomes = "{folder}/outcomes.sqlite"\n'
            f'outcome_key = "{_secret(folder, "outcome.secret")}"\n'
            f'audit_key = "{_secret(folder, "audit.secret")}"\n'
            f'handle_key = "{_secret(folder, "handle.secret")}"\n'
            f'health = "{folder}/health"\n'
            + _places(folder)
            + f'[[agencies]]\nid = "{requester}"\npassport_key = "{folder}/passport.secret"\n'
            f'audit = "{folder}/audit.sqlite"\n'
        )
        requests.append(request)
    return requests
