"""What the terminal's tests share: programs in pseudo-terminals, which are gone when the test is over."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"


@pytest.fixture(scope="session")
def pseudo() -> Any:
    """The module `pseudo.py`."""
    spec = importlib.util.spec_from_file_location("pseudo", Path(__file__).with_name("pseudo.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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


@pytest.fixture
def long_run(tmp_path: Path) -> Path:
    """two_layer with a run that takes long to search."""
    text = (SCENARIOS / "two_layer.toml").read_text("utf-8")
    assert "updates       = 10000" in text
    path = tmp_path / "long.toml"
    path.write_text(text.replace("updates       = 10000", "updates = 400_000"), "utf-8")
    return path


@pytest.fixture
def patched(tmp_path: Path) -> Callable[[str], tuple[str, ...]]:
    """A command that runs bptui after some lines of Python have been run in its process."""
    def command(lines: str) -> tuple[str, ...]:
        script = tmp_path / "patched.py"
        script.write_text(f"{lines}\nfrom bptui.cli import main\nraise SystemExit(main())\n", "utf-8")
        return sys.executable, "-W", "error", str(script)
    return command
