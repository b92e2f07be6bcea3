"""What the hostile tests share: terminal escapes, mutated and hostile files, the watched opening, real terminals."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
SCENARIOS = HERE.parents[1] / "scenarios"


def _module(name: str, path: Path) -> ModuleType:
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec and spec.loader
        sys.modules[name] = importlib.util.module_from_spec(spec)       # dataclasses look themselves up there
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="session")
def escapes() -> ModuleType:
    """Texts that a terminal would obey, and judges of what came out."""
    return _module("hostile_escapes", HERE / "escapes.py")


@pytest.fixture(scope="session")
def tui() -> ModuleType:
    """The helpers of the screen's tests."""
    return _module("tui_helpers", HERE.parent / "tui" / "helpers.py")


@pytest.fixture(scope="session")
def pseudo() -> ModuleType:
    """Programs in real pseudo-terminals."""
    return _module("pseudo", HERE.parent / "terminal" / "pseudo.py")


@pytest.fixture
def terminal(pseudo: Any) -> Iterator[Callable[..., Any]]:
    """Open a Terminal; it is closed after the test."""
    opened: list[Any] = []

    def open_terminal(*arguments: str, **options: Any) -> Any:
        opened.append(pseudo.Terminal(*arguments, **options))
        return opened[-1]
    yield open_terminal
    for one in opened:
        one.close()


@pytest.fixture(scope="session")
def mutate() -> Any:
    """The module `mutate.py`."""
    return _module("hostile_mutate", HERE / "mutate.py")


@pytest.fixture(scope="session")
def opening() -> Any:
    """The module `opening.py`."""
    return _module("hostile_opening", HERE / "opening.py")


@pytest.fixture(scope="session")
def grown() -> Any:
    """The module `grown.py`."""
    return _module("hostile_grown", HERE / "grown.py")


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
