"""What every party's process needs, and none of its rules.

Law: settings, files, clock, logs, database, TLS, gRPC edge, run loop, health, lists for a terminal.
Nothing here knows a query, an answer or a person. No party is imported.

Two things happen at import, because no later moment would do. First, gRPC reads its environment
once, when ``grpc`` is first imported, and has no argument for the lowest version of TLS. TLS 1.2 is
disabled by leaving it only cipher suites that need a pre-shared key, which no channel of ours has;
this list does not touch the suites of TLS 1.3. So this package must be imported before ``grpc``:
the parties' ``__init__`` do that, ``TLS_1_3_ONLY`` records whether it worked, and ``run`` refuses
to start where it did not.

Second, core dumps are forbidden: the memory of a process holds children, passports, reply and data
keys. This is also true of a command from a shell, where no systemd unit sets ``LimitCORE=0``.
"""

from __future__ import annotations

import os
import resource
import sys
from typing import Final

_NO_TLS_1_2: Final = "ECDHE-PSK-AES128-CBC-SHA"
_VARIABLE: Final = "GRPC_SSL_CIPHER_SUITES"


def _shut_tls_1_2() -> bool:
    """Set the variable that gRPC reads; return False when gRPC has read another value before."""
    in_time = "grpc" not in sys.modules or os.environ.get(_VARIABLE) == _NO_TLS_1_2
    os.environ[_VARIABLE] = _NO_TLS_1_2
    # gRPC's own log would bypass the allow-list of ``logs``.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    return in_time


def _forbid_core_dumps() -> None:
    """Set a limit of 1 byte, which child processes inherit.

    Linux writes no core to a file for a limit of 0 or 1, but pipes one to a crash reporter
    (``core_pattern`` with a pipe) for every limit except exactly 1.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    most = 0 if hard == 0 else 1  # a limit that stands at 0 cannot be raised
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))


_forbid_core_dumps()
TLS_1_3_ONLY: Final = _shut_tls_1_2()
