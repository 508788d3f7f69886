"""A wall clock that is wrong, for a process that is started with ``environment``.

The time since 1970 is the machine's, and so many seconds more as a file says at each look; the
monotonic clock is left alone, as on a machine whose clock is set. It is a library that is loaded
before the system's, so it needs a C compiler, and a program that calls the system's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fakes import preloaded

_VARIABLE: Final = "CLOCK_IS_AHEAD_BY"
_SOURCE: Final = f"""
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t ahead(void)
{{
    const char *name = getenv("{_VARIABLE}");
    char text[32] = {{0}};
    int before = errno, file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0) {{
        if (read(file, text, sizeof text - 1) < 0)
            text[0] = 0;
        close(file);
    }}
    errno = before;
    return atoll(text);
}}

int clock_gettime(clockid_t clock, struct timespec *found)
{{
    int failed = syscall(SYS_clock_gettime, clock, found);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        found->tv_sec += ahead();
    return failed;
}}

int gettimeofday(struct timeval *restrict found, void *restrict zone)
{{
    struct timespec now;
    int failed = clock_gettime(CLOCK_REALTIME, &now);
    if (!failed && found) {{
        found->tv_sec = now.tv_sec;
        found->tv_usec = now.tv_nsec / 1000;
    }}
    return failed;
}}

time_t time(time_t *found)
{{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now))
        return -1;
    if (found)
        *found = now.tv_sec;
    return now.tv_sec;
}}
"""


def library(folder: Path) -> Path | None:
    """Make the library in ``folder``; return None where there is no C compiler."""
    return preloaded.library(folder, "set_clock", _SOURCE)


def environment(made: Path, file: Path) -> dict[str, str]:
    """Return the variables of a process whose clock goes by ``file``."""
    return {"LD_PRELOAD": str(made), _VARIABLE: str(file)}


def set_ahead(file: Path, seconds: int) -> None:
    """Set the clock of the processes that go by ``file``: behind, where it is negative."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.write_text(f"{seconds}\n")
    fresh.replace(file)
