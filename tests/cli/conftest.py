"""What the tests of the command line borrow: the helpers of the screen's tests, and pseudo-terminals."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

TESTS = Path(__file__).resolve().parents[1]


def _module(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module                 # dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def tui() -> ModuleType:
    """The helpers of the screen's tests: sessions, hands, another future."""
    return _module("tui_helpers", TESTS / "tui" / "helpers.py")


@pytest.fixture(scope="session")
def pseudo() -> ModuleType:
    """Programs in real pseudo-terminals."""
    return _module("pseudo", TESTS / "terminal" / "pseudo.py")
