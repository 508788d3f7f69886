"""The members of the demonstration: keys where they are used, requests, settings files.

Written as an operator would write them: each member has one folder, and its settings name every
path.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from agency_node.policy.store import ready
from deploy.demo.layout import BROKER, HOLDERS, Layout
from deploy.demo.people import Population
from fingerpost.membership.credentials import make_member_keys
from fingerpost.protocol.codec.enrolment import EnrolmentRequest
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import AgencyId, FederationId, MemberId
from fingerpost.runtime.files import create_file
from practitioner.asking.desk import make_passport_key

FEDERATION = FederationId("demo")
POLL_SECONDS = 2.0
"""A demonstration does not wait; the usual is 15."""
LOOKUPS_PER_DAY = 500
_CONCERN: Final = re.compile(r'@id\("concern"\)\n@sentence\(".*"\)\n@detail\("service"\)')
_NARROWER_CONCERN: Final = """@id("concern")
@sentence("For a safeguarding concern, others learn no more than to ring our duty desk.")
@detail("duty desk")"""

Settings = Mapping[str, object]


def gateway_of(agency: AgencyId) -> MemberId:
    area, name = agency.value.split(".")
    return MemberId(f"gateway-{area[-1]}-{name}"[:40].rstrip("-"))


def broker(layout: Layout, now: float) -> EnrolmentRequest:
    folder = _folder(layout, BROKER, "state")
    settings = {
        "listen_nodes": layout.addresses.broker_nodes,
        "listen_requesters": layout.addresses.broker_requesters,
        "state": folder / "state",
    }
    return _member(folder, Party.BROKER, "Federation operator", now, settings)


def key_holders(layout: Layout, now: float) -> list[EnrolmentRequest]:
    requests = []
    for holder, listen in zip(HOLDERS, layout.addresses.key_holders, strict=True):
        folder = _folder(layout, holder, "vault")
        settings = {
            "listen": listen,
            "vault": folder / "vault",
            "meter": folder / "meter.sqlite",
            "audit": folder / "audit.sqlite",
        }
        requests.append(_member(folder, Party.KEY_HOLDER, f"Trust {holder}", now, settings))
    return requests


def nodes(layout: Layout, people: Population, now: float) -> list[EnrolmentRequest]:
    requests = []
    narrowed = frozenset().union(*(story.coarse for story in people.stories))
    for node in people.nodes:
        hosted = [agency.id for agency in people.agencies if agency.node == node.id]
        folder = _folder(layout, node.id, "state")
        settings = {"state": folder / "state", "workers": 2}
        agencies = [
            {
                "id": agency,
                "data_key": _secret(folder, f"data-{number}.secret"),
                "agreements": _agreements(folder, now, narrowed=agency in narrowed),
            }
            for number, agency in enumerate(hosted)
        ]
        caseload = sum(people.rows[agency] for agency in hosted)
        requests.append(
            _member(
                folder, Party.NODE, node.name, now, settings, agencies, declared_caseload=caseload
            )
        )
    return requests


def gateways(layout: Layout, requesters: Sequence[AgencyId], now: float) -> list[EnrolmentRequest]:
    requests = []
    for requester in requesters:
        folder = _folder(layout, gateway_of(requester), "peppers")
        passport = folder / "passport.secret"
        settings = {
            "peppers": folder / "peppers",
            "accounts": folder / "accounts.sqlite",
            "account_key": _secret(folder, "account.secret"),
            "outcomes": folder / "outcomes.sqlite",
            "outcome_key": _secret(folder, "outcome.secret"),
        }
        agency = {"id": requester, "passport_key": passport, "audit": folder / "audit.sqlite"}
        request = _member(
            folder,
            Party.GATEWAY,
            str(requester),
            now,
            settings,
            [agency],
            lookups_per_day=LOOKUPS_PER_DAY,
            passport_keys={requester: make_passport_key(passport, requester)},
        )
        requests.append(request)
    return requests


def _folder(layout: Layout, member: MemberId, inner: str) -> Path:
    """Make the member's folder, with one for its state in it."""
    folder = layout.of(member)
    folder.mkdir(mode=0o700)
    (folder / inner).mkdir(mode=0o700)
    return folder


def _agreements(folder: Path, now: float, *, narrowed: bool) -> Path:
    """Write the ready set of agreements, in force for a year, unless it is there.

    Args:
        narrowed: whether the agency is to say no more than to ring its duty desk where others have
            a safeguarding concern.
    """
    path = folder / ("agreements-narrowed.cedar" if narrowed else "agreements.cedar")
    if not path.exists():
        today = datetime.fromtimestamp(now, UTC).date()
        text = ready(today, today + timedelta(days=365))
        path.write_text(narrow(text) if narrowed else text, "utf-8")
    return path


def narrow(text: str) -> str:
    """Return agreements in which the rule for a concern is narrowed.

    Raises:
        Defect: they have no such rule.
    """
    narrowed, changes = _CONCERN.subn(_NARROWER_CONCERN, text)
    if changes != 1:
        raise Defect("the ready set has no rule for a concern to narrow")
    return narrowed


def _secret(folder: Path, name: str) -> Path:
    create_file(folder / name, os.urandom(32))
    return folder / name


def _member(
    folder: Path,
    party: Party,
    organisation: str,
    now: float,
    settings: Settings,
    agencies: Sequence[Settings] = (),
    **declared: Any,
) -> EnrolmentRequest:
    """Make the keys and write ``settings.toml`` in ``folder``, which has the member's name.

    ``declared``: further fields of the request.
    """
    keys = make_member_keys(folder / "credentials")
    common = {"audit_key": _secret(folder, "audit.secret"), "health": folder / "health"}
    places = {
        "bundle": folder / "bundle",
        "credentials": folder / "credentials",
        "member_list": folder / "member-list",
        "witness": folder / "witness",
        "poll_seconds": POLL_SECONDS,
        "trial": True,
    }
    tables: list[tuple[str, Settings]] = [("", {**settings, **common}), ("[places]", places)]
    tables += (("[[agencies]]", agency) for agency in agencies)
    lines = [
        line
        for head, values in tables
        for line in (head, *(f"{k} = {json.dumps(v, default=str)}" for k, v in values.items()))
    ]
    (folder / "settings.toml").write_text("\n".join(lines) + "\n")
    return EnrolmentRequest(
        federation=FEDERATION,
        member=MemberId(folder.name),
        party=party,
        organisation=organisation,
        signing_key=keys.public_key,
        issued_at=int(now),
        **declared,
    )
