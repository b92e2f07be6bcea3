"""What the tests of the screen share."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
import textual.app
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

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


async def idle(least: float = 0.0) -> None:
    """As Textual's own, which looks every 20 ms: wait until the process hardly works any more, at most a second."""
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        used = time.process_time()
        await asyncio.sleep(1 / 200)
        if time.process_time() - used < 1 / 4000:
            return


@pytest.fixture(scope="session", autouse=True)
def brisk() -> Iterator[None]:
    """A key that is pressed is waited for in steps of 5 ms; pauses, clicks and resizes, which have timers, as ever."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(textual.app, "wait_for_idle", idle)
        yield
