"""What all tests share: how much of a long check is run, and what garbage collection may leave alone.

A long check over many seeded cases runs a tenth of them; with `FULL=1` in the environment (`.ci/full`) all of them.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is, and nothing about bptui.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


def pytest_collection_finish() -> None:
    """Thousands of tests and all modules are there to stay: what collects garbage need not look at them again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def share() -> Callable[[int], int]:
    """How many of `whole` seeded cases are run here: all with FULL=1, else a tenth, and at least one."""
    return lambda whole: whole if os.environ.get("FULL") else max(1, whole // 10)
