"""What governance does in the demonstration: found, enrol, publish, open the first epoch.

The same functions that ``fingerpost-authority`` calls; all keys on one machine, which is right for
a demonstration only.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from authority import changes, epochs, founding, imports
from authority.ceremony import Ceremony
from authority.draft import Draft
from authority.issuer import wiring as issuer_wiring
from authority.issuer.settings import read_settings
from deploy.demo.layout import BROKER, HOLDERS, ISSUER, Layout
from deploy.demo.members import FEDERATION, LOOKUPS_PER_DAY
from deploy.demo.patience import STILL_SECONDS, Patience
from deploy.demo.people import Population
from deploy.demo.people.agencies import REGISTER
from deploy.demo.processes import Processes
from fingerpost.membership.peppers import DEPOSIT_LOOK_JITTER_SECONDS, DEPOSIT_LOOK_SECONDS
from fingerpost.private.linkage import NORMALISATION_VERSION
from fingerpost.protocol.codec.enrolment import EnrolmentRequest
from fingerpost.protocol.codes import AgencyKind
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Agency, PublicFigure
from fingerpost.protocol.ids import EpochNumber

DAY = 86_400
GATHERING_MS = 10_000
"""The most that the parameters may state: the parties of a demonstration share one machine."""
DEPOSIT_SECONDS = DEPOSIT_LOOK_SECONDS + DEPOSIT_LOOK_JITTER_SECONDS + STILL_SECONDS


@dataclass(slots=True)
class Governance:
    layout: Layout
    ceremony: Ceremony

    def refresh_online(self) -> None:
        """Sign snapshot and timestamp, as the issuer does by itself once it runs."""
        settings = read_settings(self.ceremony.online / "issuer.toml")
        issuer_wiring.open_online(settings).refresh(time.time())

    def enrol(self, people: Population, requests: Sequence[EnrolmentRequest]) -> None:
        """Publish areas, agencies, register and members; give each member its bundle."""

        def listed(draft: Draft) -> Draft:
            draft = changes.tune(
                draft,
                gathering_ms=GATHERING_MS,
                practitioner_per_hour=LOOKUPS_PER_DAY,
                practitioner_per_day=LOOKUPS_PER_DAY,
            )
            for area in people.areas:
                draft = changes.add_area(draft, area.code, area.name)
            first, second = people.areas
            draft = changes.join_areas(draft, first.code, (second.code,))
            for agency in people.agencies:
                draft = changes.add_agency(
                    draft,
                    Agency(
                        agency.id,
                        agency.name,
                        agency.kind,
                        agency.node,
                        services=agency.services,
                        duty_desk=agency.desk.phone,
                        large=agency.kind is AgencyKind.NHS_TRUST,
                        public_figure=PublicFigure(
                            max(1, people.rows[agency.id]),
                            "The demonstration's exports",
                            people.today,
                        ),
                    ),
                )
            for agency in people.agencies:
                if agency.also_serves:
                    draft = changes.serve(draft, agency.id, tuple(sorted(agency.also_serves)))
            draft = changes.cover(draft, imports.read_register(REGISTER))
            for request in requests:
                draft = changes.enrol(draft, request)
            return draft

        self.ceremony.change(listed)
        self.ceremony.publish(time.time())
        self.refresh_online()
        for request in requests:
            self.ceremony.bundle(request.member, self.layout.of(request.member) / "bundle")

    def open_first_epoch(self, expected: int, processes: Processes) -> None:
        """Open it once both key holders' public keys and every receiving key (``expected`` of them)
        have come.

        Raises ``Died``, ``Stuck``, ``Defect``. A member whose call to the issuer failed calls again
        after up to five minutes, so nothing may move for that long.
        """
        patience = Patience("the keys of the first epoch", DEPOSIT_SECONDS)
        while (came := self._waiting_deposits()) < expected:
            processes.pause(patience, f"{came} of {expected} came")
        now = int(time.time())
        times = epochs.Times(index_from=now - 60, starts_at=now - 60, ends_at=now + 90 * DAY)
        sealed = self.ceremony.open_epoch(EpochNumber(1), times, now)
        if sealed.lacking:
            raise Defect(f"{len(sealed.lacking)} members have no pepper of the first epoch")
        self.ceremony.publish(time.time())

    def _waiting_deposits(self) -> int:
        return len(list((self.layout.authority / "inbox" / "1").glob("*.envelope")))


def found(layout: Layout) -> Governance:
    plan = founding.Plan(
        FEDERATION,
        root=founding.Count(3, 2),
        targets=founding.Count(3, 2),
        governance=founding.Count(3, 2),
        broker=BROKER,
        issuer=ISSUER,
        key_holders=HOLDERS,
        organisation="Federation operator",
        listen=layout.addresses.issuer,
        normalisation_version=NORMALISATION_VERSION,
    )
    ceremony = founding.found(layout.authority, plan, time.time())
    ceremony.set_addresses(layout.addresses)
    return Governance(layout, ceremony)
