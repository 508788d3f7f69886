"""Before any test: TLS 1.3 only, as in every process of a party, and one way to draw examples.

A machine that stands still for a moment is no failing example, so there is no deadline; and the same examples are drawn
in every run, but in a soak.
"""

from hypothesis import HealthCheck, settings

import fingerpost.runtime  # noqa: F401
from effort import SOAKING

settings.register_profile(
    "same examples",
    derandomize=not SOAKING,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("same examples")
