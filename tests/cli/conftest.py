"""What the tests of the command line borrow: the helpers of the screen's tests, and pseudo-terminals."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.support import screens
from tests.terminal import pseudo as terminals


@pytest.fixture(scope="session")
def tui() -> ModuleType:
    """The helpers of the screen's tests: sessions, hands, another future."""
    return screens


@pytest.fixture(scope="session")
def pseudo() -> ModuleType:
    """Programs in real pseudo-terminals."""
    return terminals
