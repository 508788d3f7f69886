"""For Python under libfaketime (see ``dates.sh``): what Debian's libfaketime (0.9.10) leaves out.

A sleep whose end has come already is over. The library turns the absolute end of a sleep into a
length; where the end has come before the call, as always with ``sleep(0)`` and now and then on a
busy machine, that is negative, and the call fails.

A file was written on the day that the clock shows. The system stamps files by the true clock, so
that an export made a moment ago would be years older than the day that it states, or younger.
"""

import errno
import os
import time
from typing import Any, SupportsIndex

_AWAY = int(os.environ.get("FAKETIME", "0"))
"""Seconds from the true clock to the one that is shown."""

_sleep = time.sleep
_fstat = os.fstat
_utime = os.utime


def _sleep_or_go_on(seconds: float | SupportsIndex, /) -> None:
    try:
        _sleep(seconds)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise


def _shown(fd: int) -> os.stat_result:
    found = _fstat(fd)
    times: dict[str, float] = {}
    for name in ("st_atime", "st_mtime", "st_ctime"):
        times[name] = getattr(found, name) + _AWAY
        times[f"{name}_ns"] = getattr(found, f"{name}_ns") + _AWAY * 10**9
    rest = ("st_blksize", "st_blocks", "st_rdev")
    whole = (*found[:7], *(second + _AWAY for second in found[7:10]))
    return os.stat_result(whole, {**{name: getattr(found, name) for name in rest}, **times})


def _stamp(path: Any, times: tuple[float, float] | None = None, **options: Any) -> None:
    if "ns" not in options:
        accessed, written = times or (time.time(),) * 2
        times = (accessed - _AWAY, written - _AWAY)
    _utime(path, times, **options)


time.sleep = _sleep_or_go_on
os.fstat = _shown
os.utime = _stamp
