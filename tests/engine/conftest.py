"""What the engine's tests share: runs of scenarios written in the test, and oracles."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from bptui.replay.open import open_scenario
from bptui.replay.run import Run
from bptui.scenario.reader import read_scenario_text
from tests.engine.definitions import DEFINITIONS


@pytest.fixture(scope="session")
def open_text() -> Callable[..., Run]:
    """A run of the scenario in a text; `executor` forces one."""
    return lambda text, executor=None: open_scenario(read_scenario_text(text, "here"), executor)


@pytest.fixture(scope="session")
def reference() -> Callable[[str], ModuleType]:
    """A module of `tests/reference` by its name."""
    return lambda name: importlib.import_module(f"tests.reference.{name}")


@pytest.fixture(scope="session")
def definitions() -> dict[str, Callable[..., Any]]:
    """What each law is, for mpmath."""
    return DEFINITIONS
