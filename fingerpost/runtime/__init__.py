"""The chassis of a process: what every party's process needs and none of its rules.

Law: settings, clock, logs, audit, database, TLS, gRPC edge, run loop, health, command lines. Nothing
here knows a query, an answer or a person. No party is imported.

Two things happen at import, because they can happen nowhere else. gRPC reads its environment once,
when ``grpc`` is first imported, and has no argument for the lowest version of TLS. TLS 1.2 is shut
by leaving it only cipher suites that need a pre-shared key, which no channel of ours has; the
suites of TLS 1.3 are not touched by this list. So this package must be imported before ``grpc``:
the parties' ``__init__`` do it, ``TLS_1_3_ONLY`` says whether it worked, and ``run`` refuses to
start where it did not.

And no core is dumped: the memory of a process holds children, passports, reply and data keys, also that of a command
from a shell, where no unit says ``LimitCORE=0``.
"""

from __future__ import annotations

import os
import resource
import sys
from typing import Final

_NO_TLS_1_2: Final = "ECDHE-PSK-AES128-CBC-SHA"
_VARIABLE: Final = "GRPC_SSL_CIPHER_SUITES"


def _shut_tls_1_2() -> bool:
    """Set what gRPC will read; False when gRPC has read something else before us."""
    in_time = "grpc" not in sys.modules or os.environ.get(_VARIABLE) == _NO_TLS_1_2
    os.environ[_VARIABLE] = _NO_TLS_1_2
    # gRPC's own log goes around the allow-list of ``logs``.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    return in_time


def _forbid_core_dumps() -> None:
    """A limit of 1 byte, and not 0: Linux writes no core to a file for either, but hands one to a crash reporter
    (``core_pattern`` with a pipe) whatever the limit is, unless it is exactly 1. Inherited by what this starts."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    most = 0 if hard == 0 else 1  # a limit that stands at 0 cannot be raised
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))


_forbid_core_dumps()
TLS_1_3_ONLY: Final = _shut_tls_1_2()
