"""Names, titles and numbers that a screen is not drawn for: it is still a screen, and says what is the case.

Nothing of a scenario is markup, no control character reaches the terminal, and numbers that are no numbers
have words.
"""

from __future__ import annotations

import random
import re
import unicodedata
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from rich.cells import cell_len

from bptui.debugger.home.gallery import Entry, Gallery
from bptui.debugger.scene import Scene
from bptui.debugger.state.session import Session
from bptui.replay.open import open_run, open_scenario
from bptui.replay.timeline import Position
from bptui.scenario.reader import read_scenario_text
from bptui.tui.app import BptuiApp
from bptui.tui.layout import screen
from bptui.tui.screens.gallery import GalleryScreen
from bptui.tui.screenshot import settled
from bptui.tui.views.canvas import Canvas

LONG = "a_name_of_as_many_characters_as_the_reader_allows_for_name"   # with two more: sixty
SIZES = [(80, 14), (80, 24), (100, 28), (120, 40), (200, 60)]
ODD = ["[bold]x[/t]", "x[/t]", "W[i,j] [@click=app.quit]q[/]", "\x1b[31mred\x07", "🙂 e\u0301 👨‍👩‍👧 网络",
       "\t\r\n\x00\x9b", "a\u202eb", "-" * 300, ""]

EQUATIONS = f"""
title = "[bold]x[/t]"
[equations]
forward = ["{LONG} = i__ * max", "_ = sigmoid({LONG}) + d", "E_{LONG} = (_ - t)**2 / 2"]
loss = "E_{LONG}"
[parameters]
max = 0.5
d = -0.25
[values]
i__ = 0.75
t = 1.5
[training]
learning_rate = 0.5
updates = 5
[[claims]]
what = "{LONG}"
value = "0.376"
why = "[bold]not[/] \\u001b[31mso\\u0007 \\U0001F642 [/t]"
"""
NETWORK = f"""
[network]
inputs = ["i_{LONG}", "W"]
[[network.layers]]
kind = "dense"
name = "{LONG}"
units = ["{LONG}_1", "x"]
activation = "tanh"
weights = [[0.15, 0.20], [0.25, 0.30]]
weight_names = [["w_{LONG}", "w2"], ["w3", "w4"]]
bias = 0.35
bias_names = "b_{LONG}"
[[network.layers]]
kind = "dense"
units = ["{LONG}_2", "y"]
activation = "sigmoid"
weights = [[0.40, 0.45], [0.50, 0.55]]
[loss]
kind = "half_squared_error"
name = "L_{LONG}"
[data]
inputs = [[0.05, 0.10], [0.3, 0.2]]
targets = [[0.01, 0.99], [0.2, 0.7]]
[training]
learning_rate = 0.5
updates = 5
[names]
net = "网"
out = "ü"
delta = "δ"
"""


def assert_a_screen(session: Any, size: tuple[int, int]) -> str:
    """Exactly the cells of the terminal, and nothing that a terminal would obey."""
    lines = screen(session, *size)
    assert len(lines) == size[1]
    for line in lines:
        assert cell_len(line.text) == size[0], repr(line.text)
        assert not [c for c in line.text if unicodedata.category(c) == "Cc"], repr(line.text)
    return "\n".join(line.text for line in lines)


def everywhere(tui: ModuleType, session: Any, sizes: list[tuple[int, int]] = SIZES, every: int = 1) -> set[str]:
    """Every position of the first two updates, unfollowed and following; what was shown."""
    seen: set[str] = set()
    for followed in (None, Scene(session).parameter(0), Scene(session).parameter(Scene(session).parameter_count - 1)):
        session.followed = None
        for update in (0, 1):
            for n, at in enumerate(list(tui.positions(session.run, update))[::every]):
                tui.stand(session, at)
                if followed is not None and session.followed is None:
                    session.follow(tui.Place(*followed))
                size = sizes[n % len(sizes)]
                _, session.left, session.right, session.focus = tui.COVER[n % len(tui.COVER)]
                seen.add(assert_a_screen(session, size))
    return seen


@pytest.mark.slow
@pytest.mark.parametrize("text", [EQUATIONS, NETWORK], ids=["equations", "network"])
def test_long_and_odd_names_fit(tui: ModuleType, text: str) -> None:
    session = tui.session_of(text)
    assert len(everywhere(tui, session)) > 50
    hands = tui.Hands(session)
    for typed in (LONG, "网", "max", "_", "[bold]x[/t]"):
        hands.press("find", typed)
        assert_a_screen(session, (80, 24))
    assert LONG[:20] in tui.text(session, (200, 60))


def test_the_words_of_a_claim_are_not_markup(tui: ModuleType) -> None:
    session = tui.session_of(EQUATIONS, "#0:1")
    shown = " ".join(assert_a_screen(session, (120, 40)).split())
    assert "≈ The source prints 0.376: [bold]not[/]" in shown or "≠ The source prints 0.376" in shown


def test_text_drawn_over_text_leaves_whole_characters() -> None:
    """Whatever is drawn over half a wide character: a row keeps its width."""
    chance = random.Random(1)
    for _ in range(300):
        c = Canvas(chance.randint(1, 12), 1)
        for _ in range(6):
            drawn = "".join(chance.choices("a网🙂b", k=chance.randint(1, 5)))
            c.put(chance.randint(-3, 12), 0, drawn, "bold", chance.choice((None, chance.randint(0, 14))))
        assert cell_len(c.lines()[0].text) == c.width, c.lines()[0]


@pytest.mark.parametrize("name", ODD)
def test_a_scenario_of_any_file_name_opens(tui: ModuleType, tmp_path: Path, name: str) -> None:
    safe = name.replace("/", "_").replace("\x00", "")[:60]
    path = tmp_path / f"{safe}.toml"
    path.write_text(EQUATIONS)
    session = Session(open_run(path))
    for size in SIZES:
        for at in ("#0", "#0:2", "#1:5"):
            session.go(at)
            assert_a_screen(session, size)


@pytest.mark.parametrize("typed", ODD)
def test_whatever_is_typed_is_shown_as_text(tui: ModuleType, typed: str) -> None:
    session = tui.open_session("two_layer", "#0:5")
    hands = tui.Hands(session)
    for command in ("go", "find", "got", "go"):
        hands.press(command, typed)
        for size in SIZES:
            assert_a_screen(session, size)


async def test_markup_stays_text_in_the_application(tui: ModuleType, tmp_path: Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    """The screens that Textual draws itself: the list of scenarios, the line that asks, the grid."""
    path = tmp_path / "x[b].toml"
    path.write_text(EQUATIONS)
    listed = [Entry(f"[red]{n}", title, path, "[b]GROUP", age="[/b] ago") for n, title in enumerate(ODD)]
    monkeypatch.setattr(Gallery, "read", lambda gallery: setattr(gallery, "entries", listed))
    app = BptuiApp(None, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        assert isinstance(app.screen, GalleryScreen)
        await settled(app)
        shown = tui.shown(app)
        assert "[red]0" in shown and "[bold]x[/t]" in shown and "W[i,j] [@click=app.quit]q[/]" in shown
        assert "[b]GROUP" in shown and "[/b] ago" in shown
        await pilot.press("down", "enter")
        await tui.until(lambda: app.session is not None)
        await settled(app)
        assert "x[b]" in tui.shown(app)
        assert "n [/t]" not in tui.shown(app)
        await pilot.press("slash", *"[/t]", "enter")
        await settled(app)
        assert "[/t] was not found" in tui.shown(app)
        for _ in range(6):
            await pilot.press("n")
        await settled(app)
        assert app.is_running


NOT_NUMBERS = re.compile(r"\b(?:nan|inf|infinity|-?1\.#\w+)\b")


@pytest.mark.slow
@pytest.mark.parametrize("rate", ["1e60", "1e200", "-1e308"])
def test_numbers_that_are_none_have_words(tui: ModuleType, rate: str) -> None:
    """A learning rate that is far too large: every position of the updates in which it all blows up."""
    session = tui.session_of(tui.NET.format(rate=rate, title="too fast"))
    while session.run.work(1.0):
        pass
    said: set[str] = set()
    for turn, followed in enumerate((None, "w1", "w5")):
        session.followed = None
        for update in (1, 2, 3, 4, session.run.updates):
            for n, at in enumerate(list(tui.positions(session.run, update))[turn % 2::2]):
                tui.stand(session, at)
                if followed is not None and session.followed is None:
                    tui.follow(session, followed)
                _, session.left, session.right, session.focus = tui.COVER[n % len(tui.COVER)]
                shown = assert_a_screen(session, SIZES[n % len(SIZES)])
                assert not NOT_NUMBERS.search(shown), shown
                said |= set(re.findall(r"[+-]?(?:NaN|Inf)\b", shown))
    assert said >= {"NaN", "Inf"} if rate != "1e60" else said
    assert session.run.updates == 40


def test_a_claim_about_a_number_that_is_none(tui: ModuleType) -> None:
    text = tui.NET.format(rate="1e200", title="x") + '\n[[claims]]\nwhat = "E"\nafter = 5\nvalue = "0.5"\n' \
        '[[claims]]\nwhat = "w5"\nafter = 5\nvalue = "0.5"\n'
    session = Session(open_scenario(read_scenario_text(text, "here")))
    session.go("#5:11")
    session.right = "printed"
    for size in SIZES:
        shown = assert_a_screen(session, size)
        assert not NOT_NUMBERS.search(shown), shown
    row = next(line for line in tui.text(session).splitlines() if "E after 5" in line)
    assert "?" in row and "≠" not in row            # undefined, which is no other number


def test_the_time_line_of_a_run_that_blows_up(tui: ModuleType) -> None:
    """Where the loss is no number there is a mark, and the others keep their heights."""
    session = tui.session_of(tui.NET.format(rate="1e60", title="x"))
    while session.run.work(1.0):
        pass
    session.go("100%")
    line = tui.text(session).splitlines()[-3]
    assert "!" in line and "▁" in line
    assert session.position == Position(40)
