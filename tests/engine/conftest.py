"""What the engine's tests share: runs of scenarios written in the test, and oracles."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bptui.replay.run import Run
from bptui.scenario.reader import read_scenario_text

HERE = Path(__file__).resolve().parent
REFERENCE = HERE.parent / "reference"


def load(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def open_text() -> Callable[..., Run]:
    """A run of the scenario in a text; `executor` forces one."""
    return lambda text, executor=None: Run(read_scenario_text(text, "here"), executor)


@pytest.fixture(scope="session")
def reference() -> Callable[[str], ModuleType]:
    """A module of `tests/reference` by its name."""
    return lambda name: load(REFERENCE / f"{name}.py")


@pytest.fixture(scope="session")
def definitions() -> dict[str, Callable[..., Any]]:
    """What each law is, for mpmath."""
    return load(HERE / "definitions.py").DEFINITIONS
