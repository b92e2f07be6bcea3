"""What the tests of the screen share."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual import _wait

from tests.support import screens


class ScreenText(SingleFileSnapshotExtension):
    """A screen as the text that it shows: a file that reads as the terminal does."""

    _file_extension = "txt"
    _write_mode = WriteMode.TEXT


class ScreenPicture(SingleFileSnapshotExtension):
    """A screen as an SVG, with its colours."""

    _file_extension = "svg"
    _write_mode = WriteMode.TEXT


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    """The debugger freezes what is in memory when it opens; a test session opens many."""
    yield
    gc.unfreeze()


@pytest.fixture
def as_text(snapshot: SnapshotAssertion) -> Any:
    return snapshot.use_extension(ScreenText)


@pytest.fixture
def as_picture(snapshot: SnapshotAssertion) -> Any:
    return snapshot.use_extension(ScreenPicture)


@pytest.fixture(scope="session")
def tui() -> ModuleType:
    """Sessions, screens as text, hands, another future."""
    return screens


@pytest.fixture(scope="session", autouse=True)
def brisk() -> Iterator[None]:
    """Textual's pilot looks every 5 ms whether the program is idle, not every 20: that is most of what a key waits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_wait, "SLEEP_GRANULARITY", 1 / 200)
        patch.setattr(_wait, "SLEEP_IDLE", 1 / 4000)    # the same share of it as Textual has
        yield
