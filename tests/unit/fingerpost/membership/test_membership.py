"""What a member needs: whom it calls, and the keys that it leaves with the issuer."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.certificates import FakeAuthority
from fakes.clock import ManualClock
from fakes.federations import NOW
from fakes.federations import member as a_member
from fakes.member_list import NODE as ME
from fakes.party_folder import addresses_of, enrol, hand_bundle
from fakes.refusals import refused
from fakes.repository import listed
from fingerpost.membership.credentials import make_member_keys
from fingerpost.membership.membership import Membership, Places
from fingerpost.protocol.codec.signed import claimed_signer
from fingerpost.protocol.codec.statements import STATEMENT_BYTES, read_epoch_key
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import EpochNumber, MemberId
from fingerpost.runtime.env import Env
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.logs import Logger
from unit.fingerpost.membership.conftest import Running

FEDERATION = listed().parameters.federation
SECONDS = 60.0
HOLDERS = (MemberId("holder-b"), MemberId("holder-a"))


@pytest.fixture
def places(tmp_path: Path, authority: FakeAuthority, issuer: Running) -> Places:
    """The places of a node."""
    parameters = replace(listed().parameters, key_holders=HOLDERS)
    me = Identity(FEDERATION, ME, Party.NODE)
    addresses = addresses_of(parameters, issuer=issuer.address)
    hand_bundle(tmp_path, me, addresses, certificate_authority=authority.file.read_bytes())
    make_member_keys(tmp_path / "credentials")
    return Places(
        tmp_path / "bundle", tmp_path / "credentials", tmp_path / "list", tmp_path / "witness"
    )


def member(places: Places, party: Party, log: Logger) -> Membership:
    return Membership(places, party, Env(ManualClock(NOW), log, random=random.Random(1).random))


async def test_a_key_of_an_epoch_is_left_with_the_issuer_signed(
    places: Places, issuer: Running, log: Logger
) -> None:
    me = member(places, Party.NODE, log)
    await me.deposit(EpochNumber(4), b"k" * 32)
    (envelope,) = issuer.issuer.deposited
    opened, signer = claimed_signer(envelope, most=STATEMENT_BYTES)
    statement = read_epoch_key(opened, me.keys.signing_key.public_key())
    assert (signer, statement.member, statement.federation) == (ME, ME, FEDERATION)
    assert (statement.epoch, statement.key) == (EpochNumber(4), b"k" * 32)
    assert statement.issued_at == NOW


async def test_key_holders_are_called_in_the_order_of_the_bundle_and_as_listed_only(
    places: Places, log: Logger
) -> None:
    channels = member(places, Party.NODE, log).dialled_key_holders()
    assert [each._peer for each in channels] == [
        Identity(FEDERATION, holder, Party.KEY_HOLDER) for holder in HOLDERS
    ]
    for channel in channels:
        with refused(Code.UNTRUSTED_METADATA):
            channel.channel()
        await channel.close()


@asynccontextmanager
async def listening(*paths: Path) -> AsyncIterator[Counter[Path]]:
    """How often each of these sockets was connected to. Whoever connects is sent away."""
    came: Counter[Path] = Counter()

    def at(path: Path) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        def send_away(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            came[path] += 1
            writer.close()

        return send_away

    async with AsyncExitStack() as servers:
        for path in paths:
            await servers.enter_async_context(await asyncio.start_unix_server(at(path), path))
        yield came


async def test_whatever_a_node_opens_a_channel_to_is_reached_where_the_route_leads(
    tmp_path: Path, authority: FakeAuthority, log: Logger
) -> None:
    """Attack: a channel of the node beside its gate is pinged, and shows when the node works."""
    parameters = replace(listed().parameters, key_holders=HOLDERS)
    me = Identity(FEDERATION, ME, Party.NODE)
    names = ("issuer", "nodes", "one", "other")
    at = {f"{name}.invalid:1": tmp_path / name for name in names}
    issuer, nodes, *holders = at
    addresses = addresses_of(
        parameters, issuer=issuer, nodes=nodes, holders=(holders[0], holders[1])
    )
    assert set(addresses.of_a_node()) == at.keys()
    enrol(tmp_path, me, addresses, authority, b"root")
    places = Places(
        tmp_path / "bundle", tmp_path / "credentials", tmp_path / "list", tmp_path / "witness"
    )
    env = Env(ManualClock(NOW), log, route=lambda address: f"unix:{at[address]}")
    node = Membership(places, Party.NODE, env)
    holding = {each: a_member(each, Party.KEY_HOLDER) for each in HOLDERS}
    known = {**listed().members, **holding}
    node.members.update(replace(listed(), parameters=parameters, members=known))
    async with listening(*at.values()) as came:
        with refused(Code.UNAVAILABLE):
            await node.deposit(EpochNumber(4), b"k" * 32)
        assert came.keys() == {at[issuer]}
        came.clear()
        with refused(Code.UNAVAILABLE):
            await asyncio.to_thread(node._at_issuer, "metadata/timestamp.json")
        assert came.keys() == {at[issuer]}
        with refused(Code.UNAVAILABLE):
            await asyncio.to_thread(node._fetch, "metadata/timestamp.json")
        assert came.keys() == {at[issuer], at[nodes]}
        for holder in node.dialled_key_holders():
            with refused(Code.UNAVAILABLE), holder.call() as channel:
                await channel.unary_unary("/x/Y", bytes, bytes)(b"", timeout=SECONDS)
            await holder.close()
        assert came.keys() == set(at.values())
    node.close()


async def test_a_bundle_for_another_party_is_refused(places: Places, log: Logger) -> None:
    with pytest.raises(Defect, match="another party"):
        member(places, Party.GATEWAY, log)
