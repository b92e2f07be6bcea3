"""Keys of one's own: what is settled runs, what cannot be is said, and the screen shows the keys that there are."""

from __future__ import annotations

from types import ModuleType

from bptui.debugger.commands.register import COMMANDS
from bptui.debugger.saved.settings import Settings
from bptui.tui.app import BptuiApp
from bptui.tui.keymap import keymap
from bptui.tui.screens.dialogs import help_text
from bptui.tui.screenshot import settled


def test_with_nothing_settled_the_table_holds() -> None:
    mine = keymap({})
    assert mine.commands == {key: c.id for c in COMMANDS for key in c.keys.split(",") if key}
    assert mine.shown == {} and mine.faults == ()


def test_a_settled_key_is_taken_from_who_had_it() -> None:
    mine = keymap({"into": ("space", "|"), "out": ("n",)})
    assert mine.commands["space"] == mine.commands["vertical_line"] == "into"
    assert mine.commands["n"] == "out" and "s" not in mine.commands and "f" not in mine.commands
    assert mine.commands["f10"] == "over"           # what is left of its keys
    assert mine.shown == {"into": "Space", "out": "n", "over": "F10"}


def test_what_cannot_be_is_said() -> None:
    said = keymap({"zoomm": ("a",), "into": ("nokey",), "over": ("ctrl+i",), "mark": ("|",), "back": ("|",),
                   "watch": ("q",), "find": ("escape",)})
    expected = ("no command 'zoomm'", "'nokey' is not a key", "ctrl+i cannot", "| is settled for mark already",
                "q stays the key of quit", "escape cannot be")
    for fault, words in zip(said.faults, expected, strict=True):
        assert words in fault and fault.startswith("config.toml: ")
    plain = keymap({})
    assert {k: c for k, c in said.commands.items() if c not in ("mark", "back")} == {
        k: c for k, c in plain.commands.items() if c not in ("mark", "back")}


def test_the_ways_out_cannot_be_lost() -> None:
    mine = keymap({"quit": ("Z",), "help": ("H",), "close": ("K",)})
    assert mine.commands["q"] == mine.commands["Z"] == "quit" and mine.commands["escape"] == "close"
    assert mine.commands["question_mark"] == "help"


async def test_the_screen_runs_and_shows_the_keys_that_there_are(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    app = BptuiApp(session, headless=True, settings=Settings(keys={"into": ("space",), "over": ("tab",)},
                                                             faults=("config.toml: something is wrong.",)))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        assert "config.toml: something is wrong." in tui.shown(app)
        assert "Space first term  Tab net_h1" in tui.shown(app).splitlines()[-1]
        assert "Space step by step" in tui.shown(app)   # the card
        await pilot.press("s")
        assert session.position.value == 0 and "s does nothing here" in tui.shown(app)
        await pilot.press("space", "tab")
        assert (session.position.value, session.position.inner) == (1, 3)
    assert "  Space     Step into" in help_text(session).plain
