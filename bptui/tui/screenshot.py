"""A screen as an SVG: keys pressed in a terminal of some size, and what it then shows.

The picture needs nothing from the network: the web font that Textual's export names is left out.
"""

from __future__ import annotations

import asyncio
import re
import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any

from textual.app import App

from ..debugger.home.open import run_of
from ..debugger.saved.settings import Settings
from ..debugger.state.session import Session
from ..scenario.files import send
from .app import BptuiApp
from .runs import RunsScreen
from .screens.debugger import Debugger
from .screens.gallery import GalleryScreen

FONT = '"DejaVu Sans Mono", Menlo, Consolas, monospace'
PATIENCE = 60.0                                     # seconds until a run that is still working is drawn as it is


def take_screenshot(path: Path | None, keys: list[str], size: tuple[int, int], out: Path,
                    at: str | None = None, settings: Settings | None = None) -> None:
    """Press `keys` in a screen of `size` (columns, rows) and write what it shows; no `path`: the gallery."""
    def ended(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    # The loop's own way is to cancel when it is its turn again, which a long computation does not let it have.
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    before = signal.signal(signal.SIGINT, ended) if ours else None
    try:
        asyncio.run(_shoot(path, keys, size, out, at, settings))
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)


async def _shoot(path: Path | None, keys: list[str], size: tuple[int, int], out: Path, at: str | None,
                 settings: Settings | None) -> None:
    asyncio.get_running_loop().set_exception_handler(_unless_interrupted)
    session = Session(run_of(path), at) if path is not None else None
    app = BptuiApp(session, at, headless=True, settings=settings)
    async with app.run_test(size=size) as pilot:
        await settled(app)
        for key in keys:
            await pilot.press(key)
            await settled(app)
        send(out, plain_font(app.export_screenshot(title="bptui")).encode("utf-8", "replace"))


def _unless_interrupted(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """The task that an interrupt ends has nobody who would ask what became of it."""
    if not isinstance(context.get("exception"), KeyboardInterrupt):
        loop.default_exception_handler(context)


async def settled(app: App[None]) -> None:
    """Wait until nothing is being worked on."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and any(isinstance(s, Debugger | GalleryScreen | RunsScreen) and s.working
                                         and s.is_current for s in app.screen_stack):
        await asyncio.sleep(0.002)


def plain_font(svg: str) -> str:
    """The picture with a font that is on the reader's machine. What stands behind its styles is shown, not read."""
    styles, end, shown = svg.partition("</style>")
    styles = re.sub(r"\s*@font-face\s*\{[^}]*\}", "", styles)
    return re.sub(r"font-family:\s*Fira Code[^;]*;", f"font-family: {FONT};", styles) + end + shown
