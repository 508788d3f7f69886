"""A disk whose syncs fail, for a process that is started with ``environment``.

fsync and fdatasync give EIO for as long as a file is there, and succeed again without having
written anything, as Linux does once it has dropped the pages (LWN 752063). It is a library that is
loaded before the system's, so it needs a C compiler, and a program that calls the system's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from fakes import preloaded

_VARIABLE: Final = "SYNCS_FAIL_WHILE"
_SOURCE: Final = f"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int synced(const char *name, int file)
{{
    const char *marker = getenv("{_VARIABLE}");
    if (marker && access(marker, F_OK) == 0) {{
        errno = EIO;
        return -1;
    }}
    return ((int (*)(int)) dlsym(RTLD_NEXT, name))(file);
}}

int fsync(int file) {{ return synced("fsync", file); }}
int fdatasync(int file) {{ return synced("fdatasync", file); }}
"""


def library(folder: Path) -> Path | None:
    """Make the library in ``folder``; return None where there is no C compiler."""
    return preloaded.library(folder, "failing_syncs", _SOURCE)


def environment(made: Path, marker: Path) -> dict[str, str]:
    """Return the variables of a process whose syncs fail while ``marker`` is there."""
    return {"LD_PRELOAD": str(made), _VARIABLE: str(marker)}


@contextmanager
def failing(marker: Path) -> Iterator[None]:
    """In the block, syncs fail in the processes that look for ``marker``."""
    marker.touch()
    try:
        yield
    finally:
        marker.unlink()
