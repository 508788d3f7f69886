"""A gateway opened from what is on the disk, with nobody to reach: what it does itself, and what it
leaves alone."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from fakes.certificates import FakeAuthority
from fakes.federations import requester_key
from fakes.justified import justified
from fakes.party_folder import addresses_of, enrol, gateway_settings_file
from fakes.refusals import refused
from fakes.repository import FakeRepository, listed
from fingerpost.membership.member_list import MemberListClient
from fingerpost.membership.pepper_files import PepperFiles
from fingerpost.membership.peppers import PepperStore
from fingerpost.private.locators import Pepper
from fingerpost.private.pepper_sealing import seal_pepper
from fingerpost.protocol.codes import Purpose
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import AgencyId, EpochNumber, MemberId
from fingerpost.protocol.messages import day_of
from fingerpost.runtime import logs
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import create_file
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.lock import Held, locked
from fingerpost.runtime.run import Stop, serve
from fingerpost.runtime.settings import load
from fingerpost.runtime.witness import WitnessFolder
from practitioner import wiring
from practitioner.asking.desk import make_passport_key
from practitioner.asking.kept_state import SERVE, UPKEEP
from practitioner.asking.outcome import Outcome, Question
from practitioner.asking.plan import LookupRule
from practitioner.settings import GatewaySettings
from practitioner.wiring import Gateway, open_gateway
from unit.practitioner.gateway_desk import PASSWORD, THESSALY, Run, Said, ann

COUNCIL = AgencyId("e08000025.council")
ME = MemberId("gateway-1")
EPOCH = EpochNumber(3)


@dataclass(frozen=True)
class Enrolled:
    settings: GatewaySettings
    env: Env
    lines: io.StringIO

    @property
    def peppers(self) -> dict[str, bytes]:
        folder = self.settings.peppers
        return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def enrolled(tmp_path: Path) -> Iterator[Enrolled]:
    """Certificate and list at hand; its epoch's pepper published and not yet opened."""
    now = time.time()
    settings = load(gateway_settings_file(tmp_path / "gateway", (COUNCIL,)), GatewaySettings)
    mine = (settings.account_key, settings.outcome_key, settings.audit_key)
    for path in mine:
        create_file(path, os.urandom(32))
    passport_key = make_passport_key(settings.agency(COUNCIL).passport_key, COUNCIL)
    parts = listed(now)
    repository = FakeRepository(tmp_path, now)
    keys = enrol(
        tmp_path / "gateway",
        Identity(parts.parameters.federation, ME, Party.GATEWAY),
        addresses_of(parts.parameters),
        FakeAuthority.create(tmp_path / "authority"),
        repository.root.read_bytes(),
    )

    home = parts.areas[COUNCIL.area]
    council = replace(home.agencies[0], gateways=(ME,), **asdict(passport_key))
    me = replace(parts.members[ME], signing_key=keys.public_key)
    files = PepperFiles(settings.peppers, WitnessFolder(settings.places.witness))
    receiving = dict(PepperStore(files, ME).prepare(parts.parameters, now))
    pepper = Pepper(EPOCH, day_of(now) - 1, bytes(range(32)))
    changed = replace(
        parts,
        members={**parts.members, ME: me},
        areas={**parts.areas, home.code: replace(home, agencies=(council,))},
    )
    seed = requester_key(EPOCH).private_bytes_raw()
    repository.publish(changed, [seal_pepper(pepper, ME, receiving[EPOCH], seed)])

    kept = settings.places.member_list
    MemberListClient(kept, repository.root, repository.fetch, ME).refresh(now)
    lines = io.StringIO()
    log = logs.configure("practitioner", wiring.EVENTS, strict=True, stream=lines)
    yield Enrolled(settings, Env.of_system(log), lines)
    logs._loggers.pop("practitioner")


def recorded(settings: GatewaySettings) -> list[str]:
    log = wiring.open_audit(settings, COUNCIL)
    kinds = [entry.kind for entry in log.show(0, 2**40, decrypt=False)]
    log.close()
    return kinds


async def ask(gateway: Gateway) -> Outcome:
    question = Question(THESSALY, justified(Purpose.S47_ENQUIRY))
    return await gateway.client.lookup(ann(time.time(), COUNCIL), question)


def test_a_role_that_the_agency_does_not_have_gets_no_account(enrolled: Enrolled, run: Run) -> None:
    """Every lookup of such an account would be refused, as the signed list has it."""
    file = enrolled.settings.places.bundle.parent / "settings.toml"
    last = f"{date.today() + timedelta(days=365)}"  # noqa: DTZ011 - as it is typed

    def add(account: str, role: str) -> Said:
        return run(
            *("account", "add", "--settings", str(file), "--account", account, "--name", "Jo Reed"),
            *("--role", role, "--training-until", last, "--vetting-until", last),
            "--password-stdin",
            stdin=f"{PASSWORD}\n",
        )

    refused_role = add("jo", "GP")
    assert refused_role.status == 2
    assert "--role: there is no such role at this kind of agency; there are " in refused_role.err
    assert "SOCIAL_WORKER" in refused_role.err
    with wiring.open_people(enrolled.settings) as people:
        assert people.accounts.list() == ()
    taken = add("jo", "SOCIAL_WORKER")
    assert taken.status == 0, taken.err
    assert "not checked" not in taken.err
    assert recorded(enrolled.settings) == ["account.added"]
    # Without a list that holds nobody can say which roles there are, and that is said.
    shutil.rmtree(enrolled.settings.places.member_list)
    unchecked = add("joan", "GP")
    assert unchecked.status == 0
    assert "The role was not checked" in unchecked.err


async def test_alone_it_opens_its_pepper_and_is_ready_to_ask(enrolled: Enrolled) -> None:
    async with open_gateway(enrolled.settings, enrolled.env, follow=False) as gateway:
        assert f"3.{day_of(time.time() - 180)}.pepper" in enrolled.peppers
        assert enrolled.peppers["3.requesters"][:32] == requester_key(EPOCH).private_bytes_raw()
        assert "3.key" not in enrolled.peppers
        # Everything is at hand; only nobody can be reached. It is recorded before that shows.
        with refused(Code.UNAVAILABLE):
            await ask(gateway)
    assert recorded(enrolled.settings) == ["lookup.asked", "lookup.failed"]
    # The issuer could not be given the key of the next epoch: shown in the log, no obstacle.
    assert "Refused:unavailable" in enrolled.lines.getvalue()
    with locked(enrolled.settings.lock, note=UPKEEP):
        pass  # it lets go once its upkeep is done


async def test_beside_serve_it_only_reads(enrolled: Enrolled) -> None:
    with locked(enrolled.settings.lock, note=SERVE):
        before = enrolled.peppers
        async with open_gateway(enrolled.settings, enrolled.env, follow=False) as gateway:
            with refused(Code.NOT_READY):  # serve has not opened the pepper yet
                await ask(gateway)
        assert enrolled.peppers == before


async def test_beside_serve_it_sees_what_serve_keeps(enrolled: Enrolled) -> None:
    async with open_gateway(enrolled.settings, enrolled.env, follow=False):
        pass
    with locked(enrolled.settings.lock, note=SERVE):
        before = enrolled.peppers
        async with open_gateway(enrolled.settings, enrolled.env) as gateway:
            with refused(Code.UNAVAILABLE):
                await ask(gateway)
        assert enrolled.peppers == before


async def test_with_the_pepper_alone_nothing_leaves(enrolled: Enrolled) -> None:
    """Without the requesters' key a query could not be signed."""
    async with open_gateway(enrolled.settings, enrolled.env, follow=False):
        pass
    (enrolled.settings.peppers / "3.requesters").unlink()
    with locked(enrolled.settings.lock, note=SERVE):
        async with open_gateway(enrolled.settings, enrolled.env, follow=False) as gateway:
            with refused(Code.NOT_READY, LookupRule.NO_PEPPER):
                await ask(gateway)


async def test_two_at_once_wait_for_each_other(enrolled: Enrolled) -> None:
    async with (
        open_gateway(enrolled.settings, enrolled.env, follow=False),
        open_gateway(enrolled.settings, enrolled.env, follow=False),
    ):
        assert f"3.{day_of(time.time() - 180)}.pepper" in enrolled.peppers


async def test_one_process_serves(enrolled: Enrolled) -> None:
    with locked(enrolled.settings.lock, note=SERVE):
        with pytest.raises(Defect, match="another process"):
            async with wiring.open(enrolled.settings, enrolled.env):
                pytest.fail("opened")


async def test_serve_keeps_the_lock_until_it_is_asked_to_stop(enrolled: Enrolled) -> None:
    stop, env = Stop(), enrolled.env
    serving = asyncio.create_task(serve(wiring.open(enrolled.settings, env), stop, env.log))
    while "pepper.opened" not in enrolled.lines.getvalue():
        assert not serving.done(), serving
        await asyncio.wait({serving}, timeout=0.02)
    with pytest.raises(Held) as held:
        with locked(enrolled.settings.lock, note=UPKEEP):
            pytest.fail("two hold one lock")
    assert held.value.note == SERVE
    stop.set()
    await serving
    with locked(enrolled.settings.lock, note=UPKEEP):
        pass


async def test_without_a_list_nobody_is_believed(enrolled: Enrolled) -> None:
    (enrolled.settings.places.member_list / "last-good").unlink()
    with refused(Code.UNAVAILABLE):
        async with open_gateway(enrolled.settings, enrolled.env, follow=False):
            pytest.fail("opened")
    with locked(enrolled.settings.lock, note=SERVE):
        with refused(Code.UNTRUSTED_METADATA):
            async with open_gateway(enrolled.settings, enrolled.env, follow=False):
                pytest.fail("opened")


async def test_a_key_that_others_can_read_stops_it(enrolled: Enrolled) -> None:
    enrolled.settings.agency(COUNCIL).passport_key.chmod(0o644)
    with pytest.raises(Defect, match="passport_key"):
        async with open_gateway(enrolled.settings, enrolled.env, follow=False):
            pytest.fail("opened")
