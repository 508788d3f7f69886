"""``Peppers``, of the node and of the gateway: one suite, on what a member keeps, what reads it,
and the fake.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.federations import NOW
from fakes.node_world import EPOCH, one_pepper
from fakes.pepper_folder import pepper_files
from fakes.refusals import refused
from fingerpost.membership.peppers import PepperStore
from fingerpost.private.locators import DAYS_AHEAD, Pepper, Peppers
from fingerpost.protocol.errors import Code
from fingerpost.protocol.ids import EpochNumber, MemberId
from practitioner.asking.kept_state import KeptPeppers

FIRST = one_pepper(NOW).first[EPOCH]


@pytest.fixture(params=["kept", "read", "simulated"])
def peppers(request: pytest.FixtureRequest, tmp_path: Path) -> Peppers:
    """With the pepper of one epoch, from ``FIRST.day`` on."""
    if request.param == "simulated":
        return one_pepper(NOW)
    pepper_files(tmp_path).write_pepper(FIRST)
    if request.param == "kept":
        return PepperStore(pepper_files(tmp_path), MemberId("node-1"))
    reader = KeptPeppers(pepper_files(tmp_path))
    reader.reread()
    return reader


def value(pepper: Pepper) -> tuple[EpochNumber, int, bytes]:
    return pepper.epoch, pepper.day, pepper.value


def test_the_pepper_of_a_day_is_turned_on_from_the_first(peppers: Peppers) -> None:
    assert value(peppers.pepper(EPOCH, FIRST.day)) == value(FIRST)
    assert value(peppers.pepper(EPOCH, FIRST.day + 2)) == value(FIRST.next().next())


@pytest.mark.parametrize(
    ("epoch", "day"),
    [
        (EPOCH, FIRST.day - 1),
        (EPOCH, FIRST.day + DAYS_AHEAD + 1),
        (EpochNumber(EPOCH.value + 1), FIRST.day),
    ],
    ids=["a day that is erased", "a day far ahead", "another epoch"],
)
def test_no_other_pepper_is_given(peppers: Peppers, epoch: EpochNumber, day: int) -> None:
    with refused(Code.NOT_READY):
        peppers.pepper(epoch, day)
