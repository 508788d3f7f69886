"""What a test expects to be refused, by the code that the other side learns."""

from __future__ import annotations

import pytest

from fingerpost.protocol.errors import Code, Refused


def refused(code: Code) -> pytest.RaisesExc[Refused]:
    """Return a context whose block must raise ``Refused`` with this code."""
    return pytest.RaisesExc(Refused, check=lambda error: error.code is code)
