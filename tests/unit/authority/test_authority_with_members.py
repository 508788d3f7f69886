"""Both ends as they are: members' own code against a running issuer, from a first key to an opened
pepper.
"""

from __future__ import annotations

import asyncio
import io
import os
from pathlib import Path

import pytest

from authority import changes
from authority.epochs import Times
from authority.issuer import wiring
from fakes.clock import ManualClock
from fakes.federations import public
from fakes.opened import running
from fakes.pepper_folder import pepper_files
from fakes.refusals import refused
from fingerpost.membership import renewal
from fingerpost.membership.bundle import ROOT, read_bundle
from fingerpost.membership.credentials import make_member_keys
from fingerpost.membership.member_list import MemberListClient
from fingerpost.membership.peppers import PepperStore
from fingerpost.membership.rpc_issuer import IssuerClient
from fingerpost.membership.rpc_member_list import MemberListFetcher, at_issuer
from fingerpost.protocol.codec.enrolment import EnrolmentRequest, read_enrolment, write_enrolment
from fingerpost.protocol.codec.statements import EpochKeyStatement, write_epoch_key
from fingerpost.protocol.errors import Code
from fingerpost.protocol.federation import DenyList, Party
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import day_of
from fingerpost.runtime import logs
from fingerpost.runtime.env import Env
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.tls import AuthorityOnly
from unit.authority.conftest import EPOCH, FEDERATION, HOLDERS, ISSUER, World

NEW = MemberId("new-member")


@pytest.mark.parametrize("party", [Party.NODE, Party.GATEWAY])
async def test_from_a_first_key_to_an_opened_pepper(
    world: World, tmp_path: Path, party: Party
) -> None:
    # Away from everybody: a new member makes its key and asks; governance lists it and hands it a
    # bundle.
    keys = make_member_keys(tmp_path / "keys")
    request = EnrolmentRequest(FEDERATION, NEW, party, "A school", keys.public_key, 300)
    asked = read_enrolment(write_enrolment(request, keys.signing_key))
    world.ceremony.change(lambda d: changes.enrol(d, asked))
    world.publish()
    folder = tmp_path / "bundle"
    world.ceremony.bundle(NEW, folder)
    bundle = read_bundle(folder)
    assert bundle.addresses.issuer.member == ISSUER

    world.change_issuer_settings("127.0.0.1:7443", "127.0.0.1:0")
    clock = ManualClock(world.now)
    log = logs.configure("issuer", wiring.LOG_EVENTS, strict=True, stream=io.StringIO())
    async with running(wiring.open(world.issuer_settings, Env(clock, log)), log) as served:
        address = f"127.0.0.1:{served.port}"
        authority = folder / "certificate-authority.pem"
        identity = Identity(FEDERATION, ISSUER, Party.ISSUER)
        issuer = IssuerClient(address, authority, identity)
        me = Identity(FEDERATION, NEW, party)
        now = world.now
        await renewal.renew(keys, me, authority, issuer.certify, now, os.urandom(32))
        assert keys.lifetime() == (int(now) - 60, int(now) + 7 * 86_400)

        fetch = MemberListFetcher(
            address,
            AuthorityOnly(authority).credentials,
            identity,
            at_issuer(FEDERATION, NEW, keys.signing_key, clock),
        )
        listed = MemberListClient(tmp_path / "list", folder / ROOT, fetch, NEW)
        federation = await asyncio.to_thread(listed.refresh, now)
        assert federation.member(NEW, party).signing_key == keys.public_key
        assert set(federation.members) == set(world.ceremony.draft().members)

        store = PepperStore(pepper_files(tmp_path / "peppers"), NEW)
        ((epoch, receiving),) = store.prepare(federation.parameters, now)
        assert epoch == EPOCH
        deposits = {NEW: (receiving, keys.signing_key)}
        deposits |= {h: (bytes([n]) * 32, world.keys[h]) for n, h in enumerate(HOLDERS)}
        for member, (key, signing) in deposits.items():
            statement = EpochKeyStatement(FEDERATION, member, epoch, key, int(now))
            await issuer.deposit(write_epoch_key(statement, signing))
        start = int(now)
        sealed = world.ceremony.open_epoch(epoch, Times(start, start, start + 86_400), now)
        assert sealed.members == (NEW,)
        world.publish()

        federation = await asyncio.to_thread(listed.refresh, now)
        assert federation.epoch(epoch, now).number == epoch
        found = listed.sealed_pepper(epoch)
        assert found is not None
        assert store.open(found, now)
        assert store.pepper(epoch, day_of(now)).day == day_of(now)
        shared = tmp_path / "peppers" / f"{epoch}.requesters"
        assert shared.exists() is (party is Party.GATEWAY)
        if shared.exists():  # what this gateway signs, others verify by the list
            signing = pepper_files(shared.parent).read_requester_key(shared)
            assert public(signing) == federation.requester_key(epoch)

        world.suspend(NEW)
        federation = await asyncio.to_thread(listed.refresh, now)
        assert federation.deny == DenyList(frozenset({NEW}))
        with refused(Code.NOT_A_MEMBER):
            federation.member(NEW, party)
        await asyncio.to_thread(fetch.close)
