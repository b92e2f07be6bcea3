"""The real program in a real pseudo-terminal, from its first byte to its last: the terminal is left as it was found."""

from __future__ import annotations

import platform
import re
import shlex
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.real

TWO_LAYER = "scenarios/two_layer.toml"
ROOT = Path(__file__).resolve().parents[2]
PYTHON = platform.python_version()
COLOURLESS = re.compile(r"\x1b\[\?(?:25h|1004l)")      # what follows the alternate screen's end
SOON = 5.0                                          # seconds in which a program that was told to end has ended

Open = Callable[..., Any]
Patched = Callable[[str], tuple[str, ...]]


def opened(terminal: Open, *arguments: str, **options: Any) -> Any:
    """A terminal with two_layer in it, at its first screen, all of the run known."""
    program = terminal(*(arguments or (TWO_LAYER,)), **options)
    program.shows("known to 10000")
    return program


def test_it_opens_steps_and_leaves(terminal: Open) -> None:
    program = opened(terminal)
    assert "after 0 of 10000 updates" in program.line(0)
    assert program.line(1).endswith(" 0/35")
    assert "You are before the first of 35 values" in program.line(2)
    assert "0.377500000" not in program.text
    assert program.modes[1049] and not program.modes[25] and program.kitty == 1
    program.press("s")
    program.shows("1/35", "How net_h1 is made", "+0.007500000")
    program.press("n")
    program.shows("0.377500000   =")
    program.press("\r")
    program.shows("following ∂E/∂w5", "Chain of ∂E/∂w5", "not reached yet")
    program.press("s", "s", "s")
    program.shows("0.741365070", "0.186815602", "0.593269992")
    program.press("/")
    program.shows("a number by its digits")
    program.press("0.0554\r")
    program.shows("0.0554 is ")
    position = program.line(1).rpartition(" ")[2].partition("/")[0]
    program.press("q")
    assert program.wait() == 0
    assert program.wrong == []
    last = program.after.splitlines()[-1]
    assert last.endswith(f"bptui {TWO_LAYER} --at '#0:{position}.1'")    # the first of its paths


def test_the_last_line_comes_back_here(terminal: Open, tmp_path: Path) -> None:
    path = tmp_path / "my first § scenario.toml"
    shutil.copy(ROOT / TWO_LAYER, path)
    environment = {"LC_ALL": "C"}                   # and what is printed has other letters all the same
    program = opened(terminal, str(path), environment=environment)
    for key in range(1, 15):
        program.press("n")
        program.shows(f" {key}/35")
    screen = program.text
    program.press("q")
    assert program.wait() == 0
    words = shlex.split(program.after.splitlines()[-1].partition("bptui")[2])
    assert words == [str(path), "--at", "#0:14"]
    again = opened(terminal, *words, environment=environment)
    assert again.text == screen
    assert "∂E/∂w" in screen


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGQUIT", "SIGINT"])
def test_a_signal_is_an_exit(terminal: Open, name: str) -> None:
    number = getattr(signal, name)
    program = opened(terminal)
    program.press("s")
    program.shows("1/35")
    program.send(number)
    assert program.wait() == 128 + number
    assert program.wrong == []
    assert "Traceback" not in program.after


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_at_the_first_byte(terminal: Open, name: str) -> None:
    number = getattr(signal, name)
    program = terminal(TWO_LAYER)
    program.until(lambda: b"\x1b[?1049h" in program.written, "the first byte")
    program.send(number)
    assert program.wait() == 128 + number
    assert program.wrong == []


@pytest.mark.parametrize("keys", ["/", "?", ":"])
def test_a_signal_while_something_is_open(terminal: Open, keys: str) -> None:
    program = opened(terminal)
    before = program.text
    program.press(keys)
    program.until(lambda: program.text != before, "what was opened")
    program.send(signal.SIGTERM)
    assert program.wait() == 143
    assert program.wrong == []


@pytest.mark.parametrize("lines", [
    "def step(session, kind):\n    raise RuntimeError('injected')\n"
    "from bptui.debugger.commands import travel\ntravel.step = step",
    "def question():\n    raise RuntimeError('injected')\n"
    "from bptui.debugger.state.insights import Insights\n"
    "Insights.question = lambda self, chain, at: question if chain else None",
    "def process_message(self, message):\n    raise RuntimeError('injected')\n"
    "from bptui.tui.driver import TolerantDriver\nTolerantDriver.process_message = process_message",
], ids=["action", "thread", "input"])
def test_an_exception_leaves_the_terminal_as_it_was(terminal: Open, patched: Patched, lines: str) -> None:
    program = opened(terminal, command=patched(lines))
    program.press("s")
    assert program.wait() == 70
    assert program.wrong == []
    assert "a fault of its own, not of your file: RuntimeError: injected" in program.after
    assert "raise RuntimeError('injected')" in program.after      # where it was raised
    (report,) = Path(program.state.name, "bptui", "faults").iterdir()
    assert str(report) in program.after
    text = report.read_text("utf-8")
    for told in (TWO_LAYER, "#0", "RuntimeError: injected", "raise RuntimeError('injected')", "keys before",
                 f"Python         {PYTHON}", "textual", "numpy", "TERM           xterm-256color",
                 "size           80x24"):
        assert told in text
    assert "Traceback" not in program.after and "\x1b" not in text + COLOURLESS.sub("", program.after)


def test_nobody_waits_for_a_thought(terminal: Open, patched: Patched) -> None:
    program = opened(terminal, command=patched(
        "from threading import Event\nfrom bptui.debugger.state.insights import Insights\n"
        "Insights.question = lambda self, chain, at: Event().wait"))
    began = time.monotonic()
    program.press("q")
    assert program.wait() == 0
    assert time.monotonic() - began < SOON
    assert program.wrong == []


@pytest.mark.parametrize("ignored", [(), (signal.SIGHUP,)], ids=["plain", "nohup"])
@pytest.mark.parametrize("keys", ["", "/0.123456789\r"], ids=["at rest", "searching"])
def test_a_lost_link_ends_it(terminal: Open, long_run: Path, ignored: tuple[int, ...], keys: str) -> None:
    program = terminal(str(long_run), ignored=ignored)
    program.shows("known to 400000" if keys else "known to")
    if keys:
        program.press("/")
        program.shows("a number by its digits")
        program.press(keys[1:])
        program.shows("Searching for 0.123456789")
    began = time.monotonic()
    program.hang_up()
    assert program.wait() == 129
    assert time.monotonic() - began < SOON
    assert program.usage.ru_utime + program.usage.ru_stime < SOON


@pytest.mark.parametrize(("redirected", "reason"), [
    ("</dev/null", "the input is not one"), (">{}", "the output is not one"), ("2>{}", "the error output is not one"),
    ("", "TERM is dumb")])
def test_no_terminal_no_screen(terminal: Open, pseudo: Any, tmp_path: Path, redirected: str, reason: str) -> None:
    file = tmp_path / "out"
    environment = {} if redirected else {"TERM": "dumb"}
    program = terminal(TWO_LAYER, environment=environment, command=(
        "sh", "-c", f'exec "$@" {redirected.format(shlex.quote(str(file)))}', "sh", *pseudo.BPTUI))
    assert program.wait() == 2
    said = bytes(program.written).decode() + (file.read_text() if file.exists() else "")
    assert said.count("\n") == 1 and reason in said and "bptui show" in said
    assert "\x1b" not in said
