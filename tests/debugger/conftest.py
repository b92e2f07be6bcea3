"""What the tests of the debugger share: files of saved sessions, their savers, the helpers of the screen's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bptui.debugger.saved.files import Saver, load
from bptui.debugger.state.saved import Saved
from tests.support import screens


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "bptui" / "sessions" / "two_layer-0123456789ab.json"


@pytest.fixture
def opened(path: Path) -> Iterator[Callable[..., Saver]]:
    """Savers of the file at `path`; closed at the end."""
    savers: list[Saver] = []

    def open_one(**more: Any) -> Saver:
        savers.append(Saver(path, **more))
        return savers[-1]

    yield open_one
    for saver in savers:
        saver.close()


@pytest.fixture(scope="session")
def put() -> Callable[[Saver, Saved], None]:
    """Offer, and write at once."""
    def offer(saver: Saver, saved: Saved) -> None:
        saver.offer(saved)
        saver.write()
    return offer


@pytest.fixture(scope="session")
def position() -> Callable[[Path], str]:
    """The position in a file that is whole."""
    def read(path: Path) -> str:
        found = load(path)
        assert found is not None and found.saved is not None and found.note == ""
        return found.saved.position
    return read


@pytest.fixture(scope="session")
def tui() -> ModuleType:
    """The helpers of the screen's tests."""
    return screens
