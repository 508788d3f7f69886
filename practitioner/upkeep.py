"""What a gateway does once when nothing keeps it running: certificate, member list, peppers; then it can ask.

The long-running gateway does the same in loops (``wiring.open``). Callers hold the lock of ``kept_state``.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from fingerpost.membership.epoch_keys import is_over
from fingerpost.membership.membership import Membership
from fingerpost.membership.peppers import DEPOSIT_AGAIN_SECONDS, PepperStore
from fingerpost.protocol.errors import Refused
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.files import replace_file
from fingerpost.runtime.logs import Logger

UPKEEP_EVENTS: Final[Mapping[str, frozenset[str]]] = {
    "upkeep.failed": frozenset({"error"}),
}
_LEFT: Final = msgspec.json.Decoder(dict[str, float])


async def tend_once(
    membership: Membership, peppers: Path, left: Path, clock: Clock, log: Logger
) -> None:
    """``peppers``: the store's folder. ``left``: file that says which receiving keys were left with the issuer, when.

    Raises ``Refused`` when there is no certificate or member list to be had. What else fails is logged: a pepper that
    is at hand serves on.
    """
    await membership.start()
    store = await asyncio.to_thread(PepperStore, peppers, membership.bundle.member)
    parameters = membership.members.current.parameters
    await asyncio.to_thread(store.ratchet, parameters, clock.now())
    for epoch in parameters.epochs:
        sealed = membership.client.sealed_pepper(epoch.number)
        if sealed is None or is_over(epoch, clock.now()):
            continue
        try:
            await asyncio.to_thread(store.open, sealed, clock.now())
        except Refused as refused:
            log.warning("upkeep.failed", error=refused)
    try:
        await _leave_keys(membership, store, left, clock)
    except Refused as refused:
        log.warning("upkeep.failed", error=refused)


async def _leave_keys(membership: Membership, store: PepperStore, left: Path, clock: Clock) -> None:
    """Leaves the receiving keys that are awaited, each at most once in six hours. Raises ``Refused``."""
    parameters = membership.members.at(clock.now()).parameters
    awaited = await asyncio.to_thread(store.prepare, parameters, clock.now())
    before = _read(left)
    after: dict[str, float] = {}
    for epoch, key in awaited:
        name = hashlib.sha256(key).hexdigest()
        at = before.get(name, 0.0)
        if not 0 <= clock.now() - at < DEPOSIT_AGAIN_SECONDS:
            await membership.deposit(epoch, key)
            at = clock.now()
        after[name] = at
    if after != before:
        replace_file(left, msgspec.json.encode(after))


def _read(left: Path) -> dict[str, float]:
    try:
        return _LEFT.decode(left.read_bytes())
    except (OSError, msgspec.DecodeError):
        return {}  # then the keys are left once more, which does no harm
