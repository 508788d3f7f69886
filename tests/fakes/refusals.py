"""What a test expects to be refused, by the code that the other side learns."""

from __future__ import annotations

import grpc.aio
import pytest

from fingerpost.protocol.errors import Code, Refused, Rule
from fingerpost.runtime.rpc import refused_from


def refused(code: Code, what: str | Rule | None = None) -> pytest.RaisesExc[Refused]:
    """Return a context whose block must raise ``Refused`` with this code.

    Args:
        code: as the other side learns it.
        what: the rule or field that the refusal must name; any where it is not given.
    """
    return pytest.RaisesExc(
        Refused,
        check=lambda error: error.code is code and what in (None, error.rule, error.what),
    )


def refused_over_the_wire(code: Code) -> pytest.RaisesExc[grpc.aio.AioRpcError]:
    """Return a context whose call must end with a refusal of this code by the server."""
    return pytest.RaisesExc(
        grpc.aio.AioRpcError, check=lambda error: refused_from(error).code is code
    )
