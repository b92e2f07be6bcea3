"""What the screen sends to a real pseudo-terminal: how much, in which colours, at which sizes, and when."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pytest

pytestmark = pytest.mark.real

SCENARIOS = ("two_layer", "wide_784", "single_neuron")
MEDIAN, WORST = 2048, 6144                          # bytes for a step at 80x24: design, section 12
PLAIN = {0, 1, 4, 7, 22, 24, 27, 39, 49}            # reset, bold, underline, reverse, and the terminal's own colours
SIXTEEN = PLAIN | set(range(30, 38)) | set(range(40, 48)) | set(range(90, 98)) | set(range(100, 108))
TOUR = ("n", "\x1b[B", "\r", "f", "f", "f", "\t", "6", "5", "3", "?", "\x1b[27u", "/", "1", "\x1b[27u")
ROOT = Path(__file__).resolve().parents[2]

Open = Callable[..., Any]


def at_rest(terminal: Open, scenario: str, **options: Any) -> Any:
    program = terminal(f"scenarios/{scenario}.toml", **options)
    program.shows("known to")
    program.quiet(0.3)
    return program


def colours(program: Any, pseudo: Any, *keys: str) -> set[int]:
    """Every SGR parameter that is written while `keys` are pressed, and before."""
    for key in keys:
        program.press(key)
        program.quiet()
    return {int(n or 0) for m in pseudo.COLOUR.finditer(bytes(program.written)) for n in m[1].split(b";")}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_step_writes_little(terminal: Open, scenario: str) -> None:
    program = at_rest(terminal, scenario)
    for keys, count in ("sn", 30), ("\t", 8), ("SN", 5):
        sizes: list[int] = []
        for key in keys * count:
            program.press(key)
            read = program.read(5)
            assert read
            sizes.append(len(read) + len(program.quiet(0.03)))
        assert median(sizes) <= MEDIAN, (keys, sizes)
        assert max(sizes) <= WORST, (keys, sizes)


def test_what_is_sent_is_what_is_there(terminal: Open) -> None:
    """Spans of changed cells, laid on each other, make the screen that a whole paint makes."""
    program = at_rest(terminal, "two_layer")
    for key in ("snsfn\r" "sssff/0.0554\r" "S-3456\t\tNoF" "\x1b[B\x1b[B" "ssi0.5\r"):
        program.press(key)
        program.quiet(0.02)
    program.quiet(0.3)
    piecewise = program.text
    program.resize(81, 24)
    program.until(lambda: len(program.line(2)) == 81, "the new size")
    program.resize(80, 24)
    program.until(lambda: len(program.line(2)) == 80, "the old size")
    program.quiet(0.3)
    assert program.text == piecewise


def test_the_terminals_own_colours(terminal: Open, pseudo: Any) -> None:
    program = at_rest(terminal, "two_layer")
    found = colours(program, pseudo, *TOUR)
    assert found <= SIXTEEN                         # no 38, no 48, and no 2: dim is unreadable on some, here it is grey
    assert {33, 90} <= found


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("", False)])
def test_no_color(terminal: Open, pseudo: Any, value: str, expected: bool) -> None:
    program = at_rest(terminal, "two_layer", environment={"NO_COLOR": value})
    found = colours(program, pseudo, *TOUR, ":", "\x1b[27u", "\x1b[27u")
    assert (found <= PLAIN) == expected, found


def test_no_color_when_it_fails(terminal: Open, patched: Callable[[str], tuple[str, ...]], pseudo: Any) -> None:
    program = at_rest(terminal, "two_layer", environment={"NO_COLOR": "1"}, command=patched(
        "from bptui.debugger.commands import travel\ntravel.step = None"))
    program.press("s")
    assert program.wait() == 70
    assert "TypeError" in program.after
    assert colours(program, pseudo) <= PLAIN


def test_the_cursors_row_is_reversed(terminal: Open) -> None:
    """It can be found without any colour."""
    program = at_rest(terminal, "two_layer", environment={"NO_COLOR": "1"})

    def reversed_rows() -> list[str]:
        buffer = program.picture.buffer
        return ["".join(buffer[y][x].data for x in range(80) if buffer[y][x].reverse).strip() for y in range(1, 24)
                if any(buffer[y][x].reverse for x in range(80))]
    assert [row[:2] for row in reversed_rows()] == ["w5"]
    program.press("\x1b[B")
    program.until(lambda: [row[:2] for row in reversed_rows()] == ["w6"], "the cursor on w6")


def test_any_size_and_back(terminal: Open) -> None:
    program = at_rest(terminal, "two_layer")
    program.press("nnnnnn\r")
    program.shows(" 6/35", "following ∂E/∂w5")
    program.quiet(0.3)
    before = program.text
    for size, sign in (((80, 14), "#0:6/35"), ((120, 40), "─ change ─"), ((50, 10), "bptui needs 60 x 10."),
                       ((200, 60), "─ Printed ─"), ((1, 1), ""), ((59, 24), "bptui needs 60 x 10.")):
        program.resize(*size)
        program.shows(sign)
        if sign.startswith("bptui"):
            assert f"This window is {size[0]} x {size[1]}." in program.text
        elif sign:                                  # one that only this size has: the old screen must not be looked at
            program.shows("6/35", "following ∂E/∂w5")
    program.resize(80, 24)
    program.shows(" 6/35")
    program.quiet(0.3)
    assert program.text == before
    program.press("q")
    assert program.wait() == 0
    assert program.wrong == []


def test_ctrl_c_stops_a_search_and_nothing_else(terminal: Open, long_run: Path) -> None:
    program = terminal(str(long_run))
    program.shows("known to 400000")
    program.press("\x03")
    program.shows("Press q to quit.")
    program.press("nnn")
    program.shows(" 3/35")
    program.press("/")
    program.shows("a number by its digits")
    program.press("0.123456789\r")
    program.shows("Searching for 0.123456789")
    program.press("\x03")
    program.shows("Search for 0.123456789 stopped", " 3/35", "after 0 of 400000 updates")
    program.press("n")
    program.shows(" 4/35")
    program.press("q")
    assert program.wait() == 0
    assert "--at '#0:4'" in program.after


def test_sympy_comes_after_the_first_paint(terminal: Open, patched: Callable[[str], tuple[str, ...]]) -> None:
    program = at_rest(terminal, "two_layer", command=patched(
        "import atexit, sys\nfrom bptui.tui.driver import TolerantDriver\nwrite, seen = TolerantDriver.write, []\n"
        "def noting(self, data):\n    if len(data) > 1000:\n        seen.append('sympy' in sys.modules)\n"
        "    write(self, data)\nTolerantDriver.write = noting\n"
        "atexit.register(lambda: print('sympy:', seen[0], 'sympy' in sys.modules))"))
    program.press("\rG-fffff")
    program.shows("proved")
    program.press("q")
    assert program.wait() == 0
    assert "sympy: False True" in program.after


@pytest.mark.parametrize(("environment", "delay"), [
    ({}, "0.1"), ({"SSH_CONNECTION": "a 1 b 22"}, "0.25"), ({"SSH_CONNECTION": "a 1 b 22", "ESCDELAY": "50"}, "0.05")])
def test_over_ssh_an_escape_sequence_may_take_its_time(environment: dict[str, str], delay: str) -> None:
    code = "import bptui.tui.app, textual.constants; print(textual.constants.ESCAPE_DELAY)"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={"PYTHONPATH": str(ROOT), **environment},
                          capture_output=True, text=True, check=True)
    assert said.stdout.strip() == delay
