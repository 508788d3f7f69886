"""What the tests of the member list share: the moment, the member that reads it, and what it
refuses.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import MemberId

NODE = MemberId("node-north")


def untrusted(act: Callable[[], object], what: str = "") -> None:
    with pytest.raises(Refused) as refused:
        act()
    assert refused.value.code is Code.UNTRUSTED_METADATA
    assert what in refused.value.what
