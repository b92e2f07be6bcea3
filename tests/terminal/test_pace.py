"""How often the screen is drawn: at once after a rest, together what comes in a flood, rarely over a slow link, never
for nothing."""

from __future__ import annotations

import re
import select
import time
from collections.abc import Callable
from typing import Any

import pytest

from bptui.tui.pace import LOCAL, REMOTE, SLOW, SLOW_ANSWER, frame, wait

pytestmark = pytest.mark.real

TWO_LAYER = "scenarios/two_layer.toml"
SSH = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}
FOR, EVERY = 2.0, 0.03                              # seconds that a key is held, and from one repeat to the next
COUNTING = """
import atexit
from bptui.tui.grid import Grid
paint, painted = Grid.paint, []
def counting(self):
    painted.append(1)
    paint(self)
Grid.paint = counting
atexit.register(lambda: print("painted:", len(painted)))
"""

Open = Callable[..., Any]
Patched = Callable[[str], tuple[str, ...]]


@pytest.mark.parametrize(("slow", "trip", "environ", "expected"), [
    (False, None, {}, LOCAL), (False, 0.01, {}, LOCAL), (False, 0.01, SSH, REMOTE), (False, None, SSH, REMOTE),
    (True, 0.01, {}, SLOW), (False, SLOW_ANSWER, {}, SLOW), (False, 0.6, SSH, SLOW),
    (False, 0.01, {"SSH_CONNECTION": ""}, LOCAL)])
def test_the_rate_is_that_of_the_link(slow: bool, trip: float | None, environ: dict[str, str], expected: float) -> None:
    assert frame(slow, trip, environ) == expected


def test_a_frame_waits_for_the_last_one_and_the_first_for_none() -> None:
    assert wait(SLOW, 10.0, False) == 0 and wait(LOCAL, 0.0, False) == 0
    assert wait(SLOW, 0.05, False) == pytest.approx(0.2) and wait(REMOTE, 0.05, False) == pytest.approx(1 / 60)
    assert 0 < wait(LOCAL, 10.0, True) <= 0.05      # what the terminal has not taken yet


def held(program: Any) -> int:
    """Hold a key; how often the screen was painted, all in all."""
    end = time.monotonic() + FOR
    while time.monotonic() < end:
        program.press("n")
        select.select([], [], [], EVERY)
        program.read(0)
    program.press("g", "#0:7\r")
    program.shows("#0:7  known")
    program.press("q")
    assert program.wait() == 0
    found = re.search(r"painted: (\d+)", program.after)
    assert found
    return int(found[1])


@pytest.mark.parametrize(("arguments", "environment", "answered", "most"), [
    (["--slow"], {}, False, 20), ([], SSH, False, 45), ([], {}, True, 24)], ids=["slow", "ssh", "slow answer"])
def test_a_key_that_is_held(terminal: Open, patched: Patched, arguments: list[str], environment: dict[str, str],
                            answered: bool, most: int) -> None:
    """66 keys in two seconds: over a slow link eight frames of them, and what opening and leaving takes."""
    program = terminal(TWO_LAYER, *arguments, environment=environment, command=patched(COUNTING))
    program.shows("known to 10000")
    if answered:                                    # far more than a quarter of a second after the question
        program.quiet(SLOW_ANSWER)
        program.press("\x1b[?2026;2$y")
    assert held(program) <= most


def test_a_single_key_is_answered_at_once_over_a_slow_link(terminal: Open) -> None:
    program = terminal(TWO_LAYER, "--slow")
    program.shows("known to 10000")
    program.quiet(0.5)
    times: list[float] = []
    for n in range(1, 8):
        began = time.monotonic()
        program.press("n")
        program.shows(f" {n}/35")
        times.append(time.monotonic() - began)
        program.quiet(SLOW + 0.1)
    assert sorted(times)[3] < SLOW / 2, times


@pytest.mark.parametrize("keys", ["", "/", ":", "?", "b", "9", "8", "E"])
def test_at_rest_nothing_is_written(terminal: Open, keys: str) -> None:
    """No cursor blinks, no clock ticks: a link that nobody uses is silent."""
    program = terminal(TWO_LAYER)
    program.shows("known to 10000")
    program.press(keys)
    program.quiet(0.7)
    assert program.read(1.3) == b""


def test_the_gallery_at_rest_is_silent(terminal: Open) -> None:
    program = terminal()
    program.shows("q quit")
    program.quiet(1.0)
    assert program.read(1.3) == b""
