"""For Python under libfaketime (see ``dates.sh``): a sleep whose end has come already is over.

Debian's libfaketime (0.9.10) turns the absolute end of a sleep into a length. Where the end has
come before the call, as always with ``sleep(0)`` and now and then on a busy machine, that is
negative, and the call fails.
"""

import errno
import time
from typing import SupportsIndex

_sleep = time.sleep


def _sleep_or_go_on(seconds: float | SupportsIndex, /) -> None:
    try:
        _sleep(seconds)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise


time.sleep = _sleep_or_go_on
