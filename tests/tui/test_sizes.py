"""Screens of every size: exactly as many cells as the terminal has, and the position survives a resize."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from rich.cells import cell_len

from bptui.debugger.scene import Scene
from bptui.replay.timeline import Position
from bptui.tui.app import BptuiApp
from bptui.tui.layout import screen
from bptui.tui.screenshot import settled
from bptui.tui.views.register import PAINTERS

NUMBERISH = re.compile(r"^[^\[\]]*\d\.\d")
WHOLE = re.compile(r"[+-]?(?:\d{1,4}\.(\d+)|\d\.\d{3,6}e[+-]\d{2,3})")
SIZES = [(60, 10), (61, 12), (66, 40), (79, 24), (80, 14), (80, 15), (80, 23), (80, 24), (99, 24), (100, 28), (119, 40),
         (120, 30), (120, 33), (120, 34), (120, 40), (150, 40), (200, 60), (220, 70)]
STATES: dict[str, Callable[[ModuleType], Any]] = {
    "card": lambda tui: tui.open_session("two_layer"),
    "w1": lambda tui: followed(tui, "two_layer", "w1", "#0:20"),
    "in place": lambda tui: followed(tui, "two_layer_in_place", "w1", "#1:30"),
    "wrong figure": lambda tui: tui.open_session("two_layer", "#1:11"),
    "huge": lambda tui: tui.session_of(tui.NET.format(rate="3e7", title="huge"), "#3:29"),
    "huge negative": lambda tui: tui.session_of(tui.NET.format(rate="-2e9", title="huge"), "#1:29"),
    "far": lambda tui: tui.open_session("two_layer", "#9876:5"),
    "end": lambda tui: tui.open_session("two_layer", "#10000:27"),
    "equations": lambda tui: followed(tui, "single_neuron", "W1", "#0:7"),
    "second": lambda tui: tui.open_session("single_neuron_second_pass", "#0:11"),
    "batches": lambda tui: followed(tui, "batches", "w1", "#2:60"),
    "large": lambda tui: followed(tui, "wide_784", "hidden.weights[0,406]", "#0:889"),
    "large sum": lambda tui: tui.open_session("wide_784", "#0:3"),
    "large end": lambda tui: tui.open_session("wide_784", "#0:47892"),
}


def followed(tui: ModuleType, name: str, quantity: str, at: str) -> Any:
    session = tui.open_session(name, at)
    tui.follow(session, quantity)
    return session


def assert_fits(session: Any, width: int, height: int) -> None:
    lines = screen(session, width, height)
    assert len(lines) == height
    for line in lines:
        assert cell_len(line.text) == width, f"{width}x{height} {session.position}: {line.text!r}"


@pytest.mark.slow
@pytest.mark.parametrize("state", STATES)
def test_a_screen_has_the_cells_of_the_terminal(tui: ModuleType, state: str) -> None:
    session = STATES[state](tui)
    chance = random.Random(state)
    kept = session.left, session.right, session.focus
    for width, height in SIZES:
        for _, session.left, session.right, session.focus in tui.COVER:
            assert_fits(session, width, height)
    session.left, session.right, session.focus = kept
    for _ in range(40):
        assert_fits(session, chance.randint(1, 220), chance.randint(1, 70))


def test_every_small_size_says_what_is_needed(tui: ModuleType) -> None:
    session = tui.open_session("two_layer", "#0:20")
    for width, height in ((1, 1), (1, 70), (220, 1), (2, 3), (59, 24), (80, 9), (59, 13), (40, 12)):
        assert_fits(session, width, height)
    shown = tui.text(session, (59, 24))
    assert "This window is 59 x 24." in shown
    assert "bptui needs 60 x 10." in shown
    assert "0.0" not in shown


@pytest.mark.parametrize("state", ["card", "w1", "wrong figure", "large", "far"])
def test_from_60x10_up_the_chain_is_a_debugger(tui: ModuleType, state: str) -> None:
    """The bar, the track, the words and the keys are there at every size; the row of the position is in sight."""
    session = STATES[state](tui)
    for width, height in SIZES:
        lines = tui.text(session, (width, height)).splitlines()
        assert f" after {session.position.update} of " in lines[0]
        assert lines[1].rstrip().endswith(f"{session.position.value}/{session.times.count}")
        assert lines[-1].startswith(" ? help  s ")
        if session.position.value:
            assert any("►" in line for line in lines[3:height - 2]), f"{width}x{height}"


def test_no_pane_hides_the_last_row_of_another(tui: ModuleType) -> None:
    """The cursor on the last row of each list is in sight, at every size that shows the list."""
    session = tui.open_session("two_layer", "#0:20")
    last = {"printed": "out_o2 after 10000", "parameters": "b2", "values": "w8⁺", "program": "W_o"}
    for width, height in SIZES:
        for pane, name in last.items():
            if height < 24 or width < 80:
                continue
            session.left = pane if pane == "program" else "network"
            session.right = pane if pane in ("parameters", "values", "printed") else "parameters"
            session.focus = pane
            tui.Hands(session, (width, height)).press("bottom")
            shown = tui.text(session, (width, height))
            assert name in shown, f"{pane} at {width}x{height}"
            session.cursor[pane] = None


@pytest.mark.parametrize("state", ["w1", "in place", "end", "second", "large", "batches", "large end", "huge",
                                   "huge negative"])
@pytest.mark.parametrize("pane", ["parameters", "values", "printed"])
def test_no_number_of_a_table_is_cut_or_touches_another(tui: ModuleType, state: str, pane: str) -> None:
    """A number that is shown can be copied: it stands alone and has all its digits, or it is not there."""
    session = STATES[state](tui)
    printed = {p.claim.value.removeprefix("~") for p in session.marks.printed if p.claim.value is not None}
    for width in (42, 48, 62, 68, 119):             # of the pane, in terminals of 80, 100, 100, 120 and 200 columns
        for line in PAINTERS[pane].paint(Scene(session), width, 20, False)[1:]:
            if pane == "printed":                   # its names may hold numbers
                line = line.text[width // 2:]
            for token in str(getattr(line, "text", line)).split():
                if NUMBERISH.search(token):
                    digits = {len(p.partition(".")[2]) for p in printed} if pane == "printed" else {9}
                    whole = WHOLE.fullmatch(token)
                    assert whole and (whole[1] is None or len(whole[1]) in digits), f"{token} in {width}: {line}"


async def test_the_position_survives_every_resize(tui: ModuleType) -> None:
    session = followed(tui, "two_layer", "w1", "#0:20")
    app = BptuiApp(session, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        before = tui.shown(app)
        for width, height in ((120, 40), (80, 14), (40, 10), (5, 1), (200, 60), (100, 28), (80, 24)):
            await pilot.resize_terminal(width, height)
            await tui.until(lambda size=(width, height): tui.shown(app) == tui.text(session, size))
            assert session.position == Position(0, 20, 2)
        assert tui.shown(app) == before
        await pilot.resize_terminal(30, 8)
        await pilot.press("s")                      # keys go on working where nothing can be shown
        await pilot.resize_terminal(80, 24)
        await settled(app)
        assert session.position > Position(0, 20, 2)
