"""What the hostile tests share: terminal escapes, mutated and hostile files, the watched opening, real terminals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.hostile import escapes as obeyed
from tests.hostile import grown as growth
from tests.hostile import mutate as mutation
from tests.hostile import opening as watched
from tests.support import screens
from tests.terminal import pseudo as terminals

HERE = Path(__file__).resolve().parent
SCENARIOS = HERE.parents[1] / "scenarios"


@pytest.fixture(scope="session")
def escapes() -> ModuleType:
    """Texts that a terminal would obey, and judges of what came out."""
    return obeyed


@pytest.fixture(scope="session")
def tui() -> ModuleType:
    """The helpers of the screen's tests."""
    return screens


@pytest.fixture(scope="session")
def pseudo() -> ModuleType:
    """Programs in real pseudo-terminals."""
    return terminals


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
    return mutation


@pytest.fixture(scope="session")
def opening() -> Any:
    """The module `opening.py`."""
    return watched


@pytest.fixture(scope="session")
def grown() -> Any:
    """The module `grown.py`."""
    return growth


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
