"""What the hostile tests share: the corpus of terminal escapes, and real terminals."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent


def _module(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module                 # dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


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
