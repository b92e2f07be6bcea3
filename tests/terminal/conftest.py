"""What the terminal's tests share: programs in pseudo-terminals, which are gone when the test is over."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.terminal import multiplexers as multiplexer
from tests.terminal import pseudo as terminals
from tests.terminal import sshd as ssh

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"


@pytest.fixture(scope="session")
def pseudo() -> Any:
    """The module `pseudo.py`."""
    return terminals


@pytest.fixture(scope="session")
def sshd() -> Any:
    """The module `sshd.py`."""
    return ssh


@pytest.fixture(scope="session")
def multiplexers() -> Any:
    """The module `multiplexers.py`."""
    return multiplexer


@pytest.fixture(scope="session")
def needs(sshd: Any) -> Callable[..., None]:
    """Skip where a program is not installed; but where CI is set that fails, because a skip says nothing."""
    def look(*programs: str) -> None:
        missing = ", ".join(name for name in programs if sshd.which(name) is None)
        if missing and os.environ.get("CI"):
            pytest.fail(f"CI needs {missing}")
        if missing:
            pytest.skip(f"{missing}: not installed")
    return look


@pytest.fixture
def server(sshd: Any, needs: Callable[..., None], tmp_path: Path) -> Iterator[Any]:
    """An OpenSSH server of this test's own; it and all logins are gone after the test."""
    needs("ssh", "sshd", "ssh-keygen")
    folder = tmp_path / "ssh"
    folder.mkdir()
    one = sshd.Server(folder)
    yield one
    one.close()


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
