"""Ends and interruptions that nobody asks for: terminals that take nothing, programs that are stopped, handlers that
raise or never return, disks and homes that cannot be written. What can be restored is, and the exit code says it."""

from __future__ import annotations

import fcntl
import itertools
import os
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.real

TWO_LAYER = "scenarios/two_layer.toml"
ENDING = ("sh", "-c", 'ulimit -f 0; exec "$@"', "sh")       # no file can grow: what a full disk is to a program
SOON = 5.0                                          # seconds in which a program that was told to end has ended
FRAMES = 4                                          # of at most 10 KB: one half written, one that waited, the last
LATEST = 15.0                                       # the same, where it cannot do so by itself

Open = Callable[..., Any]
Patched = Callable[[str], tuple[str, ...]]
INJECTED = "def injected(*_, **__):\n    raise RuntimeError('injected')\n"


def opened(terminal: Open, *arguments: str, **options: Any) -> Any:
    program = terminal(*(arguments or (TWO_LAYER,)), **options)
    program.shows("known to 10000")
    return program


def unread(program: Any) -> int:
    """Press keys and read nothing until the program cannot write any more; the bytes that the kernel keeps for us."""
    kept, times = 0, 0
    keys = itertools.cycle("9286")
    while times < 60:                               # more frames than any queue has room for
        program.press(next(keys))
        select.select([], [], [], 0.02)
        (now,) = struct.unpack("i", fcntl.ioctl(program.master, termios.FIONREAD, b"    "))
        kept, times = now, times + 1 if now == kept else 0
    return kept


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_terminal_that_takes_nothing_does_not_hold_it(terminal: Open, name: str) -> None:
    """A window that is frozen, a link that hangs: the signal is heard, and what can be restored is."""
    number = getattr(signal, name)
    program = opened(terminal, size=(200, 60))
    program.quiet()
    assert unread(program) > 1000
    began = time.monotonic()
    program.send(number)
    while not program._ended():
        assert time.monotonic() - began < SOON, "it waits for the terminal"
        select.select([], [], [], 0.02)
    assert program.wait() == 128 + number
    assert program.wrong == []


def test_it_draws_what_the_terminal_takes(terminal: Open) -> None:
    """Frames wait for the terminal: when it goes on there is one to draw, not all that were missed."""
    program = opened(terminal, size=(200, 60))
    program.quiet()
    before, kept = len(program.written), unread(program)
    program.press("G")
    program.shows("after 10000 of 10000 updates")
    program.quiet(0.3)
    assert len(program.written) - before - kept < FRAMES * 10_000


def test_stopped_and_continued_without_being_asked(terminal: Open) -> None:
    """SIGSTOP cannot be caught. What others did to the terminal meanwhile is put right, and a key is one key."""
    program = opened(terminal)
    program.press("n")
    program.shows(" 1/35")
    for turn in range(2, 5):
        program.send(signal.SIGSTOP)
        os.waitpid(program.process.pid, os.WUNTRACED)
        os.write(program.slave, b"\x1b[?1049l\x1b[?25h$ ls\r\n")
        program.quiet()
        program.send(signal.SIGCONT)
        program.shows("known to 10000", "Parameters")
        program.press("n")
        program.shows(f" {turn}/35", "known to 10000", "two_layer")
        program.quiet()
        assert f" {turn}/35" in program.text
    program.press("q")
    assert program.wait() == 0
    assert program.wrong == [] or program.wrong == ["keyboard protocol"]     # pushed once for each time it went on
    assert program.modes[1049] is False


def test_a_shell_takes_it_back_and_brings_it_on_again(terminal: Open, pseudo: Any) -> None:
    program = terminal(command=("bash", "--norc", "--noprofile", "-i"), environment={"PS1": "ready> "})
    program.shows("ready>")
    program.press(f"'{sys.executable}' -m bptui {TWO_LAYER}\r")
    program.shows("known to 10000")
    for turn in range(1, 4):
        program.press("n")
        program.shows(f" {turn}/35")
        program.quiet()
        screen = program.text
        program.press("\x1a")
        program.until(lambda: program.modes[1049] is False, "the shell's screen")
        program.shows("Stopped")
        assert program.modes[25] and program.kitty == 0
        program.press("echo it is $((40 + 2))\r")
        program.shows("it is 42")
        program.press("fg\r")
        program.until(lambda: program.modes[1049], "its own screen again")
        program.until(lambda screen=screen: program.text == screen, "all of it")
    program.press("\x1a")
    program.until(lambda: program.modes[1049] is False, "the shell's screen")
    program.press("kill %1; fg\r")                  # told to end while it sleeps
    program.press("echo code=$?\r")
    program.until(lambda: "code=143" in program.text or "Terminated" in program.text, "its end")
    program.press("exit\r")
    program.wait()


def test_without_a_shell_there_is_no_way_back(terminal: Open) -> None:
    """As by `ssh -t host bptui`: who stops it could never bring it on again."""
    program = opened(terminal)
    program.press("\x1a")
    program.shows("There is no shell to go back to")
    program.press("n", "q")
    assert program.wait() == 0


def test_its_size_is_the_windows(terminal: Open) -> None:
    program = opened(terminal, environment={"COLUMNS": "40", "LINES": "10"})
    assert "Parameters" in program.text
    program.resize(120, 40)
    program.shows("─ change ─")


@pytest.mark.parametrize("lines", [
    "from bptui.tui.grid import Grid\nGrid.paint = injected",
    "from bptui.tui.grid import Grid\nGrid.render_line = injected",
    "from bptui.tui.grid import Grid\nGrid.on_resize = injected",
    "from bptui.tui.screens.debugger import Debugger\nDebugger.on_mount = injected",
    "from bptui.tui.screens.debugger import Debugger\nDebugger.look_at_file = injected",
    "from bptui.tui.screens.debugger import Debugger\nDebugger.go_on = injected",
    "from bptui.tui.screens.debugger import Debugger\nDebugger.paste = injected",
    "from bptui.tui.screens.dialogs import Ask\nAsk.on_mount = injected",
    "from bptui.tui.screens.dialogs import Ask\nAsk.compose = injected",
    "from bptui.tui.app import BptuiApp\nBptuiApp.until_drawn = injected",
    "from bptui.debugger.saved.keeper import Keeper\nKeeper.keep = injected",
    "from bptui.tui.screens.gallery import GalleryScreen\nGalleryScreen.draw = injected",
], ids=lambda lines: lines.rpartition("\n")[2].partition(" ")[0])
def test_whatever_raises_is_said_once_and_plainly(terminal: Open, patched: Patched, lines: str) -> None:
    arguments = () if "Gallery" in lines else (TWO_LAYER,)
    program = terminal(*arguments, command=patched(INJECTED + lines))
    keys = iter((b"n", b"\x1b[200~q\x1b[201~", b"/", b"1\x1b[27u", b":", b"\x1b[27u", b"e", b"\x1b[27u"))
    end = time.monotonic() + 30
    program.until(lambda: b"\x1b[?1004h" in program.written, "the screen")
    while not program._ended():
        assert time.monotonic() < end, program.text
        if (key := next(keys, None)) is not None:
            program.press(key)
        program.quiet(0.1)
    assert program.wait() == 70
    assert program.wrong == []
    assert program.after.count("a fault of its own, not of your file: RuntimeError: injected") == 1
    assert "Traceback" not in program.after and len(program.after.splitlines()) <= 9
    assert len(list(Path(program.state.name, "bptui", "faults").iterdir())) == 1


@pytest.mark.parametrize("body", ["while True: pass", "import time; time.sleep(1000)",
                                  "from threading import Lock; lock = Lock(); lock.acquire(); lock.acquire()"],
                         ids=["busy", "asleep", "locked"])
def test_a_handler_that_never_returns_does_not_keep_the_terminal(terminal: Open, patched: Patched, body: str) -> None:
    program = opened(terminal, command=patched(
        f"def step(session, kind):\n    {body}\nfrom bptui.debugger.commands import travel\ntravel.step = step"))
    program.press("s")
    began = time.monotonic()
    program.send(signal.SIGTERM)
    assert program.wait() == 128 + signal.SIGTERM
    assert time.monotonic() - began < LATEST
    assert program.wrong == []


def test_a_storm_of_signals_is_one_exit(terminal: Open) -> None:
    program = opened(terminal)
    for _ in range(50):
        program.send(signal.SIGWINCH)
        program.send(signal.SIGTERM)
    assert program.wait() in (143, -15)             # -15: once more when the terminal was restored already
    assert program.wrong == []


@pytest.mark.parametrize("state", ["/dev/null/no/home", "/proc/nothing", None], ids=["file", "proc", "full"])
def test_where_nothing_can_be_written_it_works_and_says_so(terminal: Open, pseudo: Any, tmp_path: Path,
                                                           state: str | None) -> None:
    full = {"command": (*ENDING, *pseudo.BPTUI)} if state is None else {"environment": {"XDG_STATE_HOME": state}}
    program = opened(terminal, **full)
    program.press("n")
    program.shows(" 1/35")
    program.shows("NOT SAVED")                      # in the header, from the first save that failed on
    program.press("n")
    program.shows(" 2/35")
    program.press("Y", f"{tmp_path}/table.csv\r")   # where the disk is full nothing half is left
    program.quiet(0.5)
    assert [file.name for file in tmp_path.iterdir()] == ["table.csv"] * (state is not None)
    program.press("n")
    program.shows(" 3/35")
    program.press("q")
    assert program.wait() == 1                      # and it says so once more on leaving
    assert program.wrong == [] and "not saved" in program.after


def test_a_fault_where_nothing_can_be_written_is_told_whole(terminal: Open, pseudo: Any, patched: Patched) -> None:
    program = opened(terminal, command=(*ENDING, *patched(
        INJECTED + "from bptui.debugger.commands import travel\ntravel.step = injected")))
    program.press("s")
    assert program.wait() == 70
    assert program.wrong == []
    assert "no report could be written" in program.after and "raise RuntimeError('injected')" in program.after
    assert "Traceback" in program.after
