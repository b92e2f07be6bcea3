"""Every size from 1x1 to 500x200, at any moment: the screen is whole, it is the same place, and it answers."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.geometry import Size

from bptui.debugger.commands import travel
from bptui.debugger.state.session import Session
from bptui.replay.open import open_run
from bptui.tui.app import BptuiApp
from bptui.tui.layout import LEAST_HEIGHT, LEAST_WIDTH, screen
from bptui.tui.screens.debugger import Debugger
from bptui.tui.screens.gallery import GalleryScreen
from bptui.tui.screenshot import settled

pytestmark = pytest.mark.real

ROOT = Path(__file__).resolve().parents[2]
TWO_LAYER = "scenarios/two_layer.toml"
SIZES = ((1, 1), (2, 1), (1, 200), (500, 1), (20, 2), (79, 14), (80, 13), (79, 200), (500, 13), (80, 14), (81, 15),
         (80, 23), (80, 24), (119, 33), (120, 34), (149, 40), (150, 40), (200, 60), (500, 14), (80, 200), (500, 200))
KEYS = ("slash", "slash 1 enter", "slash enter", "question_mark", "colon", "colon s", "colon enter", "w", "w E enter",
        "b", "b q", "escape", "escape escape", "tab", "g 3 enter", "e 1 enter", "m", "m a", "n", "s", "down",
        "pagedown", "enter", "z", "i 1 enter", "O", "ampersand", "backspace", "x")
CHARACTERS = {"slash": "/", "question_mark": "?", "colon": ":", "ampersand": "&", "enter": "\r", "escape": "\x1b",
              "tab": "\t", "backspace": "\x7f"}
SEEDS = 12                                          # of the fuzz in one process; more by hand
ROUNDS = 25

Open = Callable[..., Any]


def drawn(session: Session, width: int, height: int) -> list[str]:
    """The screen as it is drawn anew, as text."""
    return [line.text.rstrip() for line in screen(session, width, height)]


def known() -> Session:
    session = Session(open_run(ROOT / TWO_LAYER))
    while session.run.work(1.0):
        pass
    return session


def test_every_size_shows_the_whole_or_says_what_it_needs(terminal: Open) -> None:
    session = known()
    program = terminal(TWO_LAYER)
    program.shows("known to 10000")
    for number, (width, height) in enumerate(SIZES):
        if number % 2:
            travel.step(session, "over")
            program.press("n")
        program.resize(width, height)
        expected = drawn(session, width, height)
        program.until(lambda expected=expected: program.text.split("\n") == expected, f"{width} x {height}")
        small = width < LEAST_WIDTH or height < LEAST_HEIGHT
        assert small == ("/35" not in program.text)
    program.press("q")
    assert program.wait() == 0
    assert program.wrong == []


@pytest.mark.parametrize("size", [(1, 1), (70, 10), (80, 14), (500, 200)])
def test_it_opens_at_any_size(terminal: Open, size: tuple[int, int]) -> None:
    program = terminal(TWO_LAYER, size=size)
    expected = drawn(known(), *size)
    program.until(lambda: program.modes.get(1049, False) and program.text.split("\n") == expected, "the screen")
    program.resize(80, 24)
    program.shows("known to 10000")
    program.press("q")
    assert program.wait() == 0
    assert program.wrong == []


@pytest.mark.parametrize("reported", [(0, 0), (0, 30), (90, 0)])
def test_a_terminal_that_does_not_know_its_size(terminal: Open, reported: tuple[int, int]) -> None:
    program = terminal(TWO_LAYER)
    program._size(*reported)
    width, height = reported[0] or 80, reported[1] or 24
    program.picture.resize(height, width)
    expected = drawn(known(), width, height)
    program.until(lambda: program.text.split("\n") == expected, "the screen")


def test_a_size_that_no_terminal_has_takes_no_memory(terminal: Open) -> None:
    program = terminal(TWO_LAYER)
    program.shows("known to 10000")
    program._size(65535, 65535)
    program.quiet(0.3)
    program.resize(80, 24)
    program.shows("known to 10000")
    assert program.megabytes < 300
    program.press("q")
    assert program.wait() == 0


def test_what_the_environment_says_of_the_size_is_not_asked(terminal: Open) -> None:
    program = terminal(TWO_LAYER, environment={"COLUMNS": "60", "LINES": "20"})
    program.shows("known to 10000")
    assert b"This window is" not in program.written
    program.resize(120, 40)
    program.shows("─ change ─")


@pytest.mark.parametrize("keys", ["", "/", "?", ":", "search"])
def test_resized_at_any_moment_it_is_the_same_place(terminal: Open, long_run: Path, keys: str) -> None:
    """While the run is worked ahead, in a search, in a dialog, in a flood of keys."""
    rng = random.Random(f"sizes {keys}")
    program = terminal(str(long_run))
    program.shows("known to")
    program.press("nn")
    program.shows("#0:2  known")
    program.press("/0.123456789\r" if keys == "search" else keys)
    for _ in range(40):
        program.resize(*rng.choice(SIZES[:18]))
        if not keys:
            program.press("nN" * rng.randrange(4))
        program.read(rng.choice((0, 0.01)))
    program.resize(80, 24)
    program.press("\x03" if keys == "search" else "\x1b[27u")
    program.shows("#0:2  known", "known to 400000")
    program.press("n")
    # the whole screen, with what the far end of the run has: the sign in the time line comes when it is known
    program.shows("#0:3  known", "out_h1 is what sigmoid makes of 0.377500000.", "s out_h2  n out_h2", "·!·")
    program.quiet()
    piecewise = program.text
    program.resize(81, 24)
    program.until(lambda: len(program.line(2)) == 81, "the new size")
    program.resize(80, 24)
    program.until(lambda: program.text == piecewise, "the same screen, drawn anew")


def post(app: BptuiApp, size: tuple[int, int]) -> None:
    """A new size as the driver reports it: nobody waits until it is seen."""
    app.post_message(events.Resize(Size(*size), Size(*size)))


async def fuzz(seed: int) -> None:
    """Keys and sizes in any order, with and without a moment between them, in the gallery and in the debugger."""
    rng = random.Random(seed)
    app = BptuiApp(None if seed % 3 == 0 else Session(open_run(ROOT / TWO_LAYER)), headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        for _ in range(ROUNDS):
            for _ in range(rng.randrange(1, 6)):
                if rng.random() < 0.5:
                    post(app, rng.choice(SIZES[:18]))
                else:
                    for key in rng.choice(KEYS).split():
                        app.post_message(events.Key(key, key if len(key) == 1 else CHARACTERS.get(key)))
            if rng.random() < 0.5:
                await pilot.pause()
        for _ in range(4):
            await pilot.press("escape")
        post(app, (80, 24))
        await pilot.pause()
        assert app.is_running and app.return_value is None
        await settled(app)
        await pilot.pause()
        shown = app.screen
        assert isinstance(shown, Debugger | GalleryScreen)
        if isinstance(shown, Debugger):
            shown.grid.paint()
            lines = [line.text.rstrip() for line in shown.grid.lines]
            assert lines == drawn(shown.session, 80, 24)
            before = shown.session.position
            await pilot.press("n")
            assert shown.session.position != before


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_keys_and_sizes_in_any_order(seed: int) -> None:
    await fuzz(seed)
