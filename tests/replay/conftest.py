"""What the tests of runs share: runs of scenarios written in the test."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bptui.replay.run import Run
from bptui.scenario.reader import read_scenario_text


@pytest.fixture(scope="session")
def open_text() -> Callable[..., Run]:
    """A run of the scenario in a text; `executor` forces one."""
    return lambda text, executor=None: Run(read_scenario_text(text, "here"), executor)
