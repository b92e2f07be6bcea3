"""The mouse, where one is wanted: clicks put the cursor, the wheel scrolls, the time line is scrubbed."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from bptui.debugger.panes import cursor, register
from bptui.debugger.scene import Scene
from bptui.tui.app import BptuiApp
from bptui.tui.layout import clicked, screen
from bptui.tui.screenshot import settled
from bptui.tui.views import frame


def cell(tui: ModuleType, session: Any, text: str, size: tuple[int, int]) -> tuple[int, int]:
    """Where a text stands on the screen: (column, row)."""
    for y, line in enumerate(screen(session, *size)):
        if text in line.text and y > 2:
            return line.text.index(text), y
    raise AssertionError(f"{text} is not on the screen")


async def test_a_click_puts_the_cursor_and_a_second_one_is_enter(tui: ModuleType) -> None:
    session = tui.open_session("two_layer", "#0:24")
    app = BptuiApp(session, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        x, y = cell(tui, session, "w7  0.5", (80, 24))
        await pilot.click(offset=(x, y))
        await tui.until(lambda: session.focus == "parameters" and session.cursor["parameters"] == 6)
        assert session.followed is None
        await pilot.click(offset=(x, y))
        await tui.until(lambda: session.followed is not None)
        assert session.follow_name() == "∂E/∂w7"
        await pilot.click(offset=cell(tui, session, "× 2  ", (80, 24)))
        await tui.until(lambda: session.focus == "chain" and session.cursor["chain"] is not None)
        chain = Scene(session).chain
        assert chain is not None and chain.rows[session.cursor["chain"] or 0].number == "2"
        before = session.position
        await pilot.click(offset=cell(tui, session, " h2 ", (80, 24)))
        await pilot.pause()
        assert session.position == before           # a click never moves time, but on the time line


async def test_a_click_on_the_time_line_goes_to_that_update(tui: ModuleType) -> None:
    session = tui.open_session("two_layer", "#0:24")
    app = BptuiApp(session, headless=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app)
        first, along = frame.axis(Scene(session), 120)
        for column in (along.columns // 2, 3):
            await pilot.click(offset=(first + column, 37))
            await tui.until(lambda column=column: session.position.update == along.update(column))
        assert len(session.past) == 1               # several in a row are one jump
        await pilot.click(offset=(first + along.columns + 2, 37))
        await pilot.pause()
        assert session.position.update == along.update(3)


@pytest.mark.slow
@pytest.mark.parametrize("pane", register.BY_ID)
@pytest.mark.parametrize("name", ["two_layer", "digits_minibatches", "single_neuron"])
def test_a_click_means_what_is_drawn_there(tui: ModuleType, pane: str, name: str) -> None:
    """The cell on which the cursor is drawn is a click on just that row; every other click is a row that there is."""
    session = tui.open_session(name, "#1:5")
    cursor.show(session, pane)
    session.looks["zoom"] = "on"
    rows = register.length(Scene(session), pane)
    found: set[int] = set()
    for y in range(3, 20):
        for x in range(0, 80, 3):
            hit = clicked(session, 80, 24, x, y)
            assert hit is not None and hit[0] == pane
            if hit[1] is not None:
                found.add(hit[1])
    assert all(row >= 0 for row in found)
    if rows and pane not in ("hits", "matrix"):
        assert found and max(found) < max(rows, Scene(session).parameter_count if pane == "parameters" else 0)
        for row in sorted(found)[:4]:
            session.cursor[pane] = row
            assert register.at(Scene(session), pane) == row
            drawn = [(x, y) for y, line in enumerate(screen(session, 80, 24)) if 2 < y < 19
                     for x in reversed_columns(line)]
            if pane != "loss":
                assert drawn and {clicked(session, 80, 24, x, y)[1] for x, y in drawn} == {row}     # type: ignore[index]


def reversed_columns(line: Any) -> list[int]:
    found, x = [], 0
    for text, style in line.segments:
        found += range(x, x + len(text)) if "reverse" in style else []
        x += len(text)
    return found


async def test_the_wheel_moves_the_cursor_of_the_pane_below_it(tui: ModuleType) -> None:
    session = tui.open_session("wide_784", "#0:10")
    app = BptuiApp(session, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        session.focus = "parameters"
        at = register.at(Scene(session), "parameters")
        for _ in range(3):
            app.screen.query_one("Grid").on_mouse_scroll_down(Wheel(60, 16))   # type: ignore[attr-defined]
        await tui.until(lambda: register.at(Scene(session), "parameters") == at + 9)
        assert session.position.value == 10
        await pilot.pause()


class Wheel:
    """What Textual tells of a turn of the wheel."""

    def __init__(self, x: int, y: int) -> None:
        self.x, self.y = x, y

    def stop(self) -> None:
        pass
