"""Accounts and outcomes of which an earlier copy is put back, or in which a bit flips."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.gateway_outcomes import ASKED_AT, large
from fakes.party_folder import COUNCIL
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.witness import Fault, PutBack
from practitioner.settings import GatewaySettings
from practitioner.sign_in.accounts import Accounts
from practitioner.wiring import People, open_people
from unit.practitioner.gateway_desk import QUESTION, Run, ann
from unit.practitioner.test_accounts import ANN, NOW, PASSWORD, code, signed_in

SESSION = ann(ASKED_AT)
STORES = ("accounts", "outcomes")


@contextmanager
def put_back(folder: Path) -> Iterator[None]:
    """Whatever the block does is undone afterwards in the gateway's folder, but for its witness."""
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy)
    yield
    (copy / "witness").rename(copy / "old-witness")
    shutil.copytree(folder / "witness", copy / "witness")
    shutil.rmtree(folder)
    copy.rename(folder)


def folder_of(settings: GatewaySettings) -> Path:
    return settings.accounts.parent


def use(people: People, store: str) -> None:
    """Whatever reads the store."""
    if store == "accounts":
        people.accounts.list()
    else:
        people.outcomes.show(SESSION, large().operation, ASKED_AT + 1)


async def filled(settings: GatewaySettings) -> str:
    """The secret of Ann's account; an outcome is kept, too."""
    with open_people(settings) as people:
        secret = people.accounts.add(ANN, PASSWORD)
        await people.outcomes.keep(SESSION, QUESTION, large())
    return secret


async def test_a_disabled_account_does_not_come_back(gateway_settings: GatewaySettings) -> None:
    secret = await filled(gateway_settings)
    with put_back(folder_of(gateway_settings)), open_people(gateway_settings) as people:
        people.accounts.disable(COUNCIL, "ann")
    with open_people(gateway_settings) as people, pytest.raises(PutBack) as caught:
        signed_in(people.accounts, code(secret))
    assert caught.value.fault is Fault.OLDER
    assert "fingerpost adopt accounts" in str(caught.value)


async def test_status_says_that_accounts_were_put_back(
    gateway_settings: GatewaySettings, settings_file: Path, run: Run
) -> None:
    await filled(gateway_settings)
    status = ("status", "--settings", str(settings_file))
    assert "sign in" not in run(*status).out
    with put_back(folder_of(gateway_settings)), open_people(gateway_settings) as people:
        people.accounts.disable(COUNCIL, "ann")
    said = run(*status)
    assert "Nobody can sign in: " in said.out
    assert "fingerpost adopt accounts" in said.out


async def test_a_session_that_was_ended_does_not_come_back(
    gateway_settings: GatewaySettings,
) -> None:
    secret = await filled(gateway_settings)
    with open_people(gateway_settings) as people:
        token, _ = signed_in(people.accounts, code(secret))
    with put_back(folder_of(gateway_settings)), open_people(gateway_settings) as people:
        people.accounts.sign_out(token)
    with open_people(gateway_settings) as people, pytest.raises(PutBack):
        people.accounts.resume(token, NOW + 1)


async def test_a_second_round_is_not_asked_twice(gateway_settings: GatewaySettings) -> None:
    await filled(gateway_settings)
    with put_back(folder_of(gateway_settings)), open_people(gateway_settings) as people:
        await people.outcomes.spend(SESSION, large().operation, "00000000000000bb")
    with open_people(gateway_settings) as people, pytest.raises(PutBack):
        await people.outcomes.spend(SESSION, large().operation, "00000000000000cc")


@pytest.mark.parametrize("store", STORES)
async def test_a_store_that_is_gone_does_not_begin_anew(
    gateway_settings: GatewaySettings, store: str
) -> None:
    await filled(gateway_settings)
    for path in folder_of(gateway_settings).glob(f"{store}.sqlite*"):
        path.unlink()
    with open_people(gateway_settings) as people, pytest.raises(PutBack) as caught:
        use(people, store)
    assert caught.value.fault is Fault.GONE


@pytest.mark.parametrize("store", STORES)
async def test_a_store_whose_witness_is_gone_is_not_believed(
    gateway_settings: GatewaySettings, store: str
) -> None:
    await filled(gateway_settings)
    (gateway_settings.places.witness / f"{store}.mark").unlink()
    with open_people(gateway_settings) as people, pytest.raises(PutBack) as caught:
        use(people, store)
    assert caught.value.fault is Fault.UNWITNESSED


async def test_a_row_of_an_earlier_state_is_not_believed(
    gateway_settings: GatewaySettings,
) -> None:
    """Attack: not the file is put back but one column, in the newest file."""
    secret = await filled(gateway_settings)
    with open_people(gateway_settings) as people:
        engine = people.accounts._rows.engine
        with engine.begin() as connection:
            earlier = connection.exec_driver_sql("SELECT sealed FROM accounts").scalar_one()
        people.accounts.disable(COUNCIL, "ann")
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE accounts SET sealed = ?", (earlier,))
        with pytest.raises(PutBack) as caught:
            signed_in(people.accounts, code(secret))
    assert caught.value.fault is Fault.CHANGED


@pytest.mark.parametrize("store", STORES)
async def test_no_flipped_bit_makes_other_people_or_outcomes(
    gateway_settings: GatewaySettings, store: str
) -> None:
    """Some 150 bytes all over the file; all of them in ``tests/soak/flips.py``."""
    await filled(gateway_settings)
    path = folder_of(gateway_settings) / f"{store}.sqlite"
    whole = path.read_bytes()
    with open_people(gateway_settings) as people:
        before = seen(people, store)
    for place in range(0, len(whole), len(whole) // 150):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        for rest in path.parent.glob(f"{store}.sqlite-*"):
            rest.unlink()
        try:
            with open_people(gateway_settings) as people:
                assert seen(people, store) == before, place
        except Defect:
            pass


def seen(people: People, store: str) -> object:
    if store == "accounts":
        return people.accounts.list()
    return people.outcomes.show(SESSION, large().operation, ASKED_AT + 1)


async def test_accounts_are_not_adopted_unless_their_sessions_end(
    gateway_settings: GatewaySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process killed between the two would leave sessions that had been ended."""
    secret = await filled(gateway_settings)
    with open_people(gateway_settings) as people:
        signed_in(people.accounts, code(secret))
    with put_back(folder_of(gateway_settings)), open_people(gateway_settings) as people:
        people.accounts.disable(COUNCIL, "ann")
    with open_people(gateway_settings) as people:
        with monkeypatch.context() as patch:
            patch.setattr(Accounts, "_end_sessions", killed)
            with pytest.raises(KeyboardInterrupt):
                people.accounts.adopt()
        with pytest.raises(PutBack):
            people.accounts.list()


def killed(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("store", STORES)
async def test_a_person_may_adopt_what_was_restored(
    gateway_settings: GatewaySettings, settings_file: Path, run: Run, store: str
) -> None:
    secret = await filled(gateway_settings)
    with put_back(folder_of(gateway_settings)), open_people(gateway_settings) as people:
        people.accounts.add(replace(ANN, subject="bob"), PASSWORD)
        await people.outcomes.spend(SESSION, large().operation, "00000000000000bb")
    # The log went back, too, and is another's matter: see the tests of the audit log.
    said = run("adopt", store, "--settings", str(settings_file), "--why", "restore-7")
    assert said.status == 0, said.err
    shown = run("audit", "show", "--settings", str(settings_file))
    assert "store.adopted" in shown.out
    assert f"store={store}" in shown.out
    with open_people(gateway_settings) as people:
        use(people, store)
        if store == "accounts":
            signed_in(people.accounts, code(secret))
