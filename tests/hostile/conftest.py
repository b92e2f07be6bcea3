"""What the tests of hostile files share: the mutations, the watched opening, and a folder of hostile data."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
SCENARIOS = HERE.parents[1] / "scenarios"


def _module(name: str) -> ModuleType:
    known = f"hostile_{name}"
    if known not in sys.modules:
        spec = importlib.util.spec_from_file_location(known, HERE / f"{name}.py")
        assert spec and spec.loader
        sys.modules[known] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[known])
    return sys.modules[known]


@pytest.fixture(scope="session")
def mutate() -> Any:
    """The module `mutate.py`."""
    return _module("mutate")


@pytest.fixture(scope="session")
def opening() -> Any:
    """The module `opening.py`."""
    return _module("opening")


@pytest.fixture(scope="session")
def grown() -> Any:
    """The module `grown.py`."""
    return _module("grown")


@pytest.fixture(scope="session")
def good() -> list[str]:
    """The shipped scenarios."""
    return [path.read_text("utf-8") for path in sorted(SCENARIOS.glob("*.toml"))]


@pytest.fixture(scope="session")
def hostile() -> list[str]:
    """The scenarios of the corpus."""
    return [path.read_text("utf-8") for path in sorted((HERE / "corpus").glob("*.toml"))]


@pytest.fixture
def folder(tmp_path: Path, grown: Any) -> Path:
    """A folder with the shipped data files, and with everything that a data file should not be."""
    return grown.folder(tmp_path / "inside", SCENARIOS)
