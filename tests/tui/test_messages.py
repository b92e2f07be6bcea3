"""No hint that a person needs is cut: whatever is said is whole on the screen, in as many rows as it takes."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from rich.cells import cell_len

from bptui.debugger.commands.register import COMMANDS
from bptui.debugger.home.gallery import Gallery
from bptui.debugger.panes import cursor
from bptui.debugger.panes.ids import PANES
from bptui.debugger.scene import Scene
from bptui.debugger.state import looks
from bptui.debugger.state.session import Session
from bptui.replay.timeline import Position
from bptui.tui.app import BptuiApp
from bptui.tui.layout import screen
from bptui.tui.screens.dialogs import help_text
from bptui.tui.screenshot import settled
from bptui.tui.views import gallery
from bptui.tui.views.canvas import Canvas, abridged, drawable

SIZES = [(80, 24), (80, 14), (120, 40), (120, 14), (200, 60)]
WORDS = ("E", "of", "∂E/∂w5", "reads", "the", "sample", "漢字", "0.082167041", "hidden.weights[0,406]", "x" * 50, "≠",
         "(as")
# What is typed where a command asks: what is understood, and what is not.
TYPED = {"go": ("#1:3", "nosuch", "#99999999", "E@20000"), "find": ("0.0554", "w1", "zzz"), "got": ("0.3", "x"),
         "stop": ("E < 0.1", "trouble", "nonsense <"), "watch": ("w1", "d(E"), "edit": ("w1 = 0.3", "x", "w1 = zz"),
         "filter": ("w*", "("), "mark": ("a",), "to_mark": ("a", "b"), "repeat": ("3 n", "x"), "theme": ("nope",),
         "sides": ("Q", "")}
ELSEWHERE = ("quit", "gallery", "play", "palette", "help", "save_table", "copy")
LOWER = re.compile(r"([a-z]{2,}|a) (?!›)")           # only a name, what was typed, or a way begins so: run › E
BARE = re.compile(r"(?<![\d.,#:@])\d{4,}(?![\d.])")   # a number of thousands without a comma, and no place of a run
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


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize("pane", PANES)
def test_whatever_a_command_says_is_whole(tui: ModuleType, monkeypatch: pytest.MonkeyPatch,
                                          share: Callable[[int], int], pane: str) -> None:
    """Each command from each pane, in one scenario (FULL=1: in each): its message, and every sentence that is drawn."""
    cut, whole = Cut(monkeypatch), share(10) == 10
    for name, at in WALKS if whole else [WALKS[PANES.index(pane) % len(WALKS)]]:
        session, said = Session(tui.run_of(name), at), set[str]()
        hands = tui.Hands(session)
        cursor.show(session, pane)
        for command in COMMANDS:
            for typed in TYPED.get(command.id, (None,)) if command.id not in ELSEWHERE else ():
                hands.press(command.id, typed)
                if session.message:
                    said.add(session.message)
                    assert squeezed(session.message) in squeezed(hands.shown), (name, command.id, session.message)
                _left(hands)
        assert not cut.found, name
        assert len(said) > 15
        assert not [text for text in said if text.endswith("…")]
        program = session.run.program(0)
        names = program.names.keys() | program.variables.keys() | {text for texts in TYPED.values() for text in texts}
        assert not [text for text in said if (word := LOWER.match(text)) and word[1] not in names]
        assert not [text for text in said if BARE.search(text)]


def _left(hands: Any) -> None:
    """Leave what stands in the place of the panes, and lay them as they were."""
    session = hands.session
    if session.sides is not None or session.lesson.open:
        hands.press("close")
    looks.choose(session, "zoom", "off")
    looks.choose(session, "layout", "everything")


LONG = """
[equations]
forward = ["h = (a_long_factor*u + another_factor*v) / (1 + exp(-(a_long_factor*u + another_factor*v)))",
           "y = where(h > 0.5, sqrt(u*u + v*v) / (a_long_factor*another_factor + h), log(u*v*a_long_factor) / (h + u))",
           "E = (y - u*another_factor)**2 / (2*a_long_factor**2 + another_factor**2 * v**2)"]
loss = "E"
[parameters]
u = 1.25
v = 0.75
a_long_factor = 0.5
another_factor = 0.25
[training]
updates = 2
"""


@pytest.mark.slow
def test_a_formula_that_is_cut_in_its_row_is_whole_below(tui: ModuleType) -> None:
    """Of each row of each chain, when the cursor is on it: its formula and its numbers; nobody has to look at less."""
    below = 0
    for session in (tui.session_of(LONG), tui.open_session("lstm_bit", "#0"), tui.open_session("attention", "#0")):
        values = session.times.count
        for value in random.Random("rows").sample(range(1, values + 1), min(values, 60)):
            session.stand(Position(0, value, session.times.stops(value)))
            session.focus = "chain"
            chain = tui.chain(session)
            for number, row in enumerate(chain.rows):
                session.cursor["chain"] = number
                shown = tui.text(session)
                for text in (row.name, row.rule, row.lens if " " in row.lens else ""):
                    assert squeezed(drawable(text)) in squeezed(shown), (chain.title, number)
                below += row.lens not in shown or row.rule not in shown
    assert below > 20                               # it is a test of what was cut


def test_a_watch_a_stop_and_a_hit_that_are_cut_in_their_row_are_whole_below(tui: ModuleType) -> None:
    """Where nothing is cut, the sentence of the place stays."""
    session = tui.open_session("two_layer", "#0")
    hands = tui.Hands(session)
    for text in ("w5@prev", "d(E, hidden.weights)@3", "E"):
        hands.press("watch", text)
    hands.press("stop", "d(E, w5) < 0.0012345 and d(E, w6) < 0.0023456")
    hands.press("stop", "E log E, d(E, w5), w5")
    session.listed = 2
    for pane, row, said in (
            ("watches", 0, "w5@prev: there is no update before the first: @prev needs one."),
            ("watches", 1, "∂E/∂hidden.weights@3 = [2, 2] "),
            ("stops", 0, "1 ∂E/∂w5 < 0.0012345 and ∂E/∂w6 < 0.0023456: "),
            ("hits", 0, "1 #0:11: E = 0.298371109, ∂E/∂w5 = 0.082167041, w5 = 0.4")):
        cursor.show(session, pane)
        session.cursor[pane], session.message = row, ""
        assert said in "".join(tui.text(session).splitlines()[-3:-1])
    cursor.show(session, "watches")
    session.cursor["watches"] = 2
    assert tui.text(session).splitlines()[-2].strip() == Scene(session).sentence


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
            if asks.refusal(session) or not asks.needed(session) or command.id == "sides":     # there it is a list
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
