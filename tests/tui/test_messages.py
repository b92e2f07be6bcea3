"""No hint that a person needs is cut: whatever is said is whole on the screen, in as many rows as it takes."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from rich.cells import cell_len

from bptui.debugger import cursors, looks
from bptui.debugger.commands import COMMANDS
from bptui.debugger.gallery import Gallery
from bptui.debugger.panes import PANES
from bptui.debugger.session import Session
from bptui.tui.app import BptuiApp
from bptui.tui.dialogs import help_text
from bptui.tui.layout import screen
from bptui.tui.picture import settled
from bptui.tui.views import gallery
from bptui.tui.views.canvas import Canvas, abridged, drawable

SIZES = [(80, 24), (80, 14), (120, 40), (120, 14), (200, 60)]
WORDS = ("E", "of", "∂E/∂w5", "reads", "the", "sample", "漢字", "0.082167041", "hidden.weights[0,406]", "x" * 50, "≠",
         "(as")
# What is typed where a command asks: what is understood, and what is not.
TYPED = {"go": ("#1:3", "nosuch", "#99999999"), "find": ("0.0554", "w1", "zzz"), "got": ("0.3", "x"),
         "stop": ("E < 0.1", "trouble", "nonsense <"), "watch": ("w1", "d(E"), "edit": ("w1 = 0.3", "x", "w1 = zz"),
         "filter": ("w*", "("), "mark": ("a",), "to_mark": ("a", "b"), "repeat": ("3 n", "x"), "theme": ("nope",),
         "sides": ("Q", "")}
ELSEWHERE = ("quit", "gallery", "play", "palette", "help", "save_table", "copy")
WALKS = [("two_layer", "#0"), ("two_layer_in_place", "#1:12"), ("single_neuron", "#2"), ("dead_relu", "#1:3"),
         ("gan", "#0:3"), ("convolution_small", "#0"), ("recurrent_three", "#0:5")]


def squeezed(text: str) -> str:
    """What there is to read, wherever rows end."""
    return "".join(text.split())


def any_message(chance: random.Random) -> str:
    """Up to 400 cells of words."""
    text = chance.choice(("", "≠ ", "= "))
    while cell_len(text) < chance.randrange(1, 400):
        text += f"{chance.choice(WORDS)} "
    while cell_len(text) > 400:
        text = text[:-1]
    return text.strip()


@pytest.mark.parametrize("size", SIZES)
def test_any_message_is_whole(tui: ModuleType, size: tuple[int, int]) -> None:
    """In the debugger, at the start and on the way, between two runs, over the lesson, and in the gallery."""
    chance = random.Random(f"{size}")
    start, way, both, read = (tui.open_session("two_layer", at) for at in (None, "#0:14", None, "#0:5"))
    tui.Hands(both, size).press("sides")
    tui.Hands(read, size).press("lesson")
    scenarios = Gallery(remembers=False)
    scenarios.read()
    for _ in range(25):
        message = any_message(chance)
        for session in (start, way, both, read):
            session.message = message
            lines = screen(session, *size)
            assert len(lines) == size[1] and {cell_len(line.text) for line in lines} == {size[0]}
            rows = [line.text for line in lines]
            assert squeezed(drawable(message)) in squeezed("".join(rows[2:-1]))
            assert rows[-1].startswith(" ? help")   # the keys, and above them nothing but the message's end
        scenarios.message = message
        shown = "".join(line.text for line in gallery.paint(scenarios, None, *size))
        assert squeezed(drawable(message)) in squeezed(shown)


class Cut:
    """Sentences that a canvas did not draw whole: three words of letters, and no line of a program."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.found: set[str] = set()
        put = Canvas.put

        def watched(c: Canvas, x: int, y: int, text: str, style: str = "", until: int | None = None) -> int:
            end = put(c, x, y, text, style, until)
            words = sum(word.isalpha() and len(word) > 2 for word in text.split())
            if 0 <= y < c.height and words >= 3 and "] = " not in text:
                row = "".join(character for character, _ in c._cells[y])
                if drawable(text).rstrip() not in row:
                    self.found.add(text)
            return end
        monkeypatch.setattr(Canvas, "put", watched)


@pytest.mark.parametrize(("name", "at"), WALKS)
def test_whatever_a_command_says_is_whole(tui: ModuleType, monkeypatch: pytest.MonkeyPatch,
                                          share: Callable[[int], int], name: str, at: str) -> None:
    """Each command, in one pane (FULL=1: in each): its message, and every sentence that is drawn."""
    cut, said, run = Cut(monkeypatch), set[str](), tui.run_of(name)
    first = WALKS.index((name, at))
    for pane in PANES if share(10) == 10 else PANES[2 * first:2 * first + 1]:
        session = Session(run, at)
        hands = tui.Hands(session)
        cursors.show(session, pane)
        for command in COMMANDS:
            for typed in TYPED.get(command.id, (None,)) if command.id not in ELSEWHERE else ():
                hands.press(command.id, typed)
                shown = tui.text(session)
                if session.message:
                    said.add(session.message)
                    assert squeezed(session.message) in squeezed(shown), (pane, command.id, session.message)
                _left(hands)
    assert not cut.found
    assert len(said) > 15
    assert not [text for text in said if text.endswith("…")]


def _left(hands: Any) -> None:
    """Leave what stands in the place of the panes, and lay them as they were."""
    session = hands.session
    if session.sides is not None or session.lesson.open:
        hands.press("close")
    looks.choose(session, "zoom", "off")
    looks.choose(session, "layout", "everything")


async def test_what_is_asked_for_is_said_whole(tui: ModuleType) -> None:
    """Every question at 80 columns: its label, and below the line what can be typed, also where something stands."""
    session = tui.open_session("two_layer", "#0:14")
    app = BptuiApp(session, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        for text in ("learning_rate = 0.1234567, optimizer = adam", "w5 = 0.3"):
            await pilot.press("e", *(pressed(c) for c in text), "enter")
            await settled(app)
        for command in (command for command in COMMANDS if command.asks is not None):
            asks = command.asks
            assert asks is not None
            if asks.refusal(session) or not asks.needed(session):
                continue
            screen: Any = app.screen
            screen.action_do(command.id)
            await pilot.pause()
            shown = tui.shown(app)
            assert asks.label in shown
            assert squeezed(asks.choices(session) or asks.hint) in squeezed(shown), command.id
            await pilot.press("escape")
            await settled(app)


def pressed(character: str) -> str:
    names = {" ": "space", "=": "equals_sign", ".": "full_stop", "_": "underscore", ",": "comma"}
    return names.get(character, character)


def test_the_help_fits_in_80_columns() -> None:
    assert max(len(line) for line in help_text().plain.splitlines()) <= 79      # one is the bar's


def test_what_stands_in_one_row_is_shortened_at_a_word() -> None:
    assert abridged("Chain of ∂E/∂w5", 40) == "Chain of ∂E/∂w5"
    assert abridged("put the cursor on a weight and press Enter", 30) == "put the cursor on a weight…"
    assert abridged("following ∂E/∂hidden.weights[0,406]", 26) == "following ∂E…eights[0,406]"  # its end tells
    for width in range(20):
        assert cell_len(abridged("漢字 and more of it", width)) <= width
