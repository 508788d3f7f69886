"""Before any test: TLS 1.3 only, as in every process of a party, one way to draw examples, and
passwords that are quick to hash.

A machine that stands still for a moment is no failing example, so there is no deadline; and the
same examples are drawn in every run, but in a soak. The order of the tests is another in every run;
when a test fails, the end of the run says the seed that repeats the order.
"""

import pytest
from hypothesis import HealthCheck, settings

import fingerpost.runtime  # noqa: F401
from effort import SOAK, SOAKING, USUAL
from fakes import passwords

settings.register_profile(
    "same examples",
    max_examples=USUAL * (SOAK if SOAKING else 1),
    derandomize=not SOAKING,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("same examples")
passwords.make_cheap()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever is slow comes first, so that no process waits for another one at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    seed = terminalreporter.config.getoption("randomly_seed", None)
    if seed is not None and {"failed", "error"} & terminalreporter.stats.keys():
        terminalreporter.write_line(
            f'The same order again, in one process: make test ARGS="-n 0 --randomly-seed={seed}"'
        )
