"""What a worker process does besides its work: end with its parent.

A worker holds secrets (epoch keys, blocking keys). When its parent is killed, nobody would tell it to stop: it watches.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading


def begin() -> None:
    """Call first thing in a worker. An interrupt at the terminal is the parent's to act on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
