"""Twenty thousand of anything into one process: the application lives, answers, and what it shows is true.

Here a tenth of them, all with `FULL=1`; by hand more: `FLOOD=100000 pytest tests/tui/test_floods.py`.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from textual.events import Key, Paste
from textual.message import Message

from bptui.debugger.commands.register import COMMANDS
from bptui.debugger.state.branch import OWN
from bptui.tui.app import BptuiApp
from bptui.tui.input import Input
from bptui.tui.screens.debugger import ON_SCREEN, Debugger
from bptui.tui.screenshot import settled

pytestmark = pytest.mark.slow

COUNT = int(os.environ.get("FLOOD", 20_000 if os.environ.get("FULL") else 2_000))
TOGETHER = 100                                      # that come at once: a flood into Textual's palette takes n²
LOOK_EVERY = 1000
KEYS = sorted({key for command in COMMANDS for key in command.keys.split(",") if key}
              | set("0123456789.-()=E<>@w") | {"left", "home", "delete", "shift+tab", "ctrl+a", "f12", "é", "网", "🙂"})
SEQUENCES = (b"\x1b[A", b"\x1b[5~", b"\x1b[200~", b"\x1b[201~", b"\x1b[27u", b"\x1b[97;5u", b"\x1bO", b"\x1b]52;",
             b"\x1b[<0;9;9M", b"\x1b[M", b"\x1bP1$r", b"\xff", b"\xc3", b"\x9b", b"\xe2\x88\x82", b"\r", b"\t", b"\x7f")


def byte_strings(chance: random.Random, count: int) -> list[bytes]:
    """Bytes, letters and torn sequences, up to four to a string."""
    return [b"".join(chance.choice((chance.randbytes(1), bytes([chance.randrange(32, 127)]), chance.choice(SEQUENCES)))
                     for _ in range(chance.randint(1, 4))) for _ in range(count)]


async def flooded(tui: ModuleType, name: str, floods: Sequence[Sequence[Message]], monkeypatch: pytest.MonkeyPatch,
                  tmp_path: Path) -> None:
    """Pour events into an application that cannot be left. Each thousandth: does it answer, does the screen show what
    a fresh session in the same state shows; at the end: is the run what an untouched one is?"""
    monkeypatch.chdir(tmp_path)                     # for tables that are saved
    for command in ("quit", "gallery"):
        monkeypatch.setitem(ON_SCREEN, command, lambda screen: None)
    app = BptuiApp(tui.open_session(name), headless=True)
    app.action_quit = lambda: asyncio.sleep(0)      # type: ignore[method-assign]
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        since = 0
        for n, flood in enumerate(floods):
            for event in flood:
                app.post_message(event)
            await pilot.pause()
            since += len(flood)
            if since >= LOOK_EVERY or n == len(floods) - 1:
                since = 0
                await looked_at(tui, app, pilot)
    assert app.fault is None and app.session is not None
    run, fresh = app.session.branches[OWN].run, tui.run_of(name)
    while run.work(1.0):
        pass
    while fresh.work(1.0):
        pass
    assert run.curve == fresh.curve and tui.digest(run)[:-1] == tui.digest(fresh)[:-1]


async def looked_at(tui: ModuleType, app: Any, pilot: Any) -> None:
    for _ in range(8):
        await pilot.press("escape")
    assert isinstance(app.screen, Debugger), app.screen
    await pilot.press("丁")
    await settled(app)
    await pilot.pause()
    session = app.session
    assert session.message.startswith("丁 does nothing here")
    assert tui.shown(app) == tui.text(session, app.size) == tui.text(tui.twin(session), app.size)


@pytest.mark.parametrize("name", ["two_layer"])
async def test_random_bytes(tui: ModuleType, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    chance, reader, floods = random.Random(f"bytes {name}"), Input(mouse=True), []
    given = byte_strings(chance, COUNT)
    for n in range(0, COUNT, TOGETHER):
        text = b"".join(given[n:n + TOGETHER]).decode("utf-8", "replace")
        floods.append([*reader.feed(text, 10.0 * n), *reader.wait(10.0 * n + 5)])
    await flooded(tui, name, floods, monkeypatch, tmp_path)


@pytest.mark.parametrize("name", ["two_layer"])
async def test_random_keys(tui: ModuleType, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    chance = random.Random(f"keys {name}")

    def event() -> Message:
        key = chance.choice(KEYS)
        return Paste("w5\nq") if chance.random() < 0.002 else Key(key, key if len(key) == 1 else None)
    floods = [[event() for _ in range(TOGETHER)] for _ in range(COUNT // TOGETHER)]
    await flooded(tui, name, floods, monkeypatch, tmp_path)


@pytest.mark.parametrize("key", ["question_mark", "colon", "slash"])
async def test_a_dialog_closes_once(tui: ModuleType, key: str) -> None:
    """Textual's closes whatever is on top when it is closed again: the debugger, and an empty screen is left."""
    app = BptuiApp(tui.open_session("two_layer"), headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        await pilot.press(key)
        dialog: Any = app.screen
        assert not isinstance(dialog, Debugger)
        dialog.dismiss(None)
        dialog.dismiss(None)
        assert isinstance(app.screen, Debugger)
        await pilot.press("n")
        await settled(app)
        assert app.session is not None and app.session.position.value == 1


async def test_what_is_typed_ahead_of_a_closed_page_is_for_what_is_below(tui: ModuleType) -> None:
    app = BptuiApp(tui.open_session("two_layer"), headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        for key in ("?", "q", "n", "n", "?", "?", "n"):
            app.post_message(Key({"?": "question_mark"}.get(key, key), key))
        await pilot.pause()
        await settled(app)
        assert app.session is not None and app.session.position.value == 3
