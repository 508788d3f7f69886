"""Passwords that are quick to hash, in the process of the tests.

They are slow on purpose, and half of the time of a test with an account went there. A stored hash
names its cost, so all but the cost is tried as it is.
"""

from __future__ import annotations

from typing import Final

from argon2 import Parameters
from argon2.profiles import CHEAPEST

from practitioner.sign_in import accounts

SHIPPED: Final[Parameters] = accounts.COST


def make_cheap() -> None:
    accounts.COST = CHEAPEST  # type: ignore[misc]
