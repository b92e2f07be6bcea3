"""What the tests of the debugger share: the helpers of the screen's tests, sessions and hands."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

HELPERS = Path(__file__).resolve().parents[1] / "tui" / "helpers.py"


@pytest.fixture(scope="session")
def tui() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tui_helpers_of_keeping", HELPERS)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
