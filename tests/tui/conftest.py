"""What the tests of the screen share. `tui` is the module of helpers beside this file."""

from __future__ import annotations

import gc
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

HERE = Path(__file__).resolve().parent


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
    """The helpers."""
    spec = importlib.util.spec_from_file_location("tui_helpers", HERE / "helpers.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module                 # dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module
