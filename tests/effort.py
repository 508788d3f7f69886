"""How hard the randomised tests try: the same examples in every run, or a soak of new ones.

``FINGERPOST_SOAK=1`` draws new examples, ``SOAK`` times as many; it is for a night, not for a
change.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, TypeVar

from hypothesis import HealthCheck, Phase, settings

SOAKING: Final = os.environ.get("FINGERPOST_SOAK") == "1"
SOAK: Final = 20
USUAL: Final = 25
"""Examples of a property whose test names no number of its own."""

T = TypeVar("T", bound=Callable[..., Any])


def profile(count: int, *, steps: int = 50) -> settings:
    """``steps``: of one run of a state machine. A failure is shown as it was met: only a soak looks
    for a shorter one, which takes minutes."""
    shrinking = (Phase.shrink, Phase.explain) if SOAKING else ()
    return settings(
        max_examples=count * (SOAK if SOAKING else 1),
        stateful_step_count=steps * (2 if SOAKING else 1),
        derandomize=not SOAKING,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate, *shrinking),
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


def examples(count: int) -> Callable[[T], T]:
    return profile(count)
