"""Timers of the screens and of the application go off, however late they begin."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import pytest
from textual import _time

from bptui.debugger.state.session import Session
from bptui.replay.open import open_run
from bptui.tui.app import BptuiApp

TWO_LAYER = Path(__file__).resolve().parents[2] / "scenarios" / "two_layer.toml"
PATIENCE = 10.0
LATE = 60                                           # looks: then no more is lost, or what repeats would never catch up


@pytest.mark.parametrize("path", [TWO_LAYER, None], ids=["debugger", "gallery"])
async def test_a_timer_that_begins_late_goes_off(path: Path | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two looks at the clock a second passes, as on a machine that does something else meanwhile."""
    app = BptuiApp(Session(open_run(path)) if path else None, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        passed, look = itertools.count(), _time.get_time
        for pump in (app, app.screen):
            rung = asyncio.Event()
            with monkeypatch.context() as patched:
                patched.setattr(_time, "get_time", lambda: look() + min(next(passed), LATE))
                pump.set_timer(0.002, rung.set)
                await asyncio.wait_for(rung.wait(), PATIENCE)
