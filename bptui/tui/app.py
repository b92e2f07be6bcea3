"""The Textual application: keys to the session's actions, the session to the screen.

Nothing is decided here. While there is nothing to do it rests; between keys it lets the run work ahead, goes
on with a search, and makes the proofs that need sympy, after the first paint.
"""

from __future__ import annotations

import contextvars
import gc
import shlex
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.events import Key
from textual.message import Message
from textual.screen import Screen

from ..debugger import asking, cursors, finding
from ..debugger.commands import COMMANDS
from ..debugger.session import Session
from ..replay.places import write
from ..replay.run import open_run
from ..scenario.errors import printable
from ..scenario.shipped import gallery
from .dialogs import Ask, Gallery, Help, Palette
from .driver import TolerantDriver
from .grid import Grid, SpanCompositor
from .layout import LOWER_FROM, panes

SLICE = 0.008                                       # seconds of work between two looks at the keyboard
REST = 0.002
SWITCH = 0.0005                                     # seconds that a key waits for a busy thread; Python's are 5 ms
BOUND = frozenset(key for command in COMMANDS for key in command.keys.split(","))


class Thought(Message):
    """Something was worked out in the background, or failed with `error`."""

    def __init__(self, error: Exception | None) -> None:
        super().__init__()
        self.error = error


class Debugger(Screen[None]):
    """The debugger of one run."""

    DEFAULT_CSS = "Debugger { background: ansi_default; color: ansi_default; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(command.keys, command.action, command.title, show=False, id=command.id, priority=command.id in (
            "next_pane", "previous_pane", "interrupt")) for command in COMMANDS]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._compositor = SpanCompositor()
        self.grid = Grid(session, self._seen)
        self.begun = self.stale = False
        self.working = True                         # until there is something to see, and nothing is left to do

    def compose(self) -> Iterable[Grid]:
        yield self.grid

    def _seen(self) -> None:
        """The grid has been drawn. After the first time what is in memory stays, and is not looked through again."""
        if not self.begun:
            self.begun = True
            gc.freeze()
            self._slice()

    def paint(self) -> None:
        """Draw once for all the keys that have come meanwhile."""
        if not self.stale:
            self.stale = True
            self.call_later(self._draw)

    def _draw(self) -> None:
        self.stale = False
        self.grid.paint()
        self.begin()

    # work between keys

    def begin(self) -> None:
        """Begin to work ahead, if there is anything to do and nothing is being done."""
        if not self.working:
            self.working = True
            self.call_after_refresh(self._slice)

    def _slice(self) -> None:
        """A few milliseconds of whatever is to be done; again, until nothing is."""
        session, known = self.session, self.session.run.known
        if finding.searching(session):
            finding.search_on(session, SLICE)
            changed = more = True
        else:
            more = session.run.work(SLICE)
            changed = session.run.known != known and (not more or time.monotonic() > self._painted + 0.25)
            if session.yours is not None and session.yours.looking is not None:
                end = time.perf_counter() + SLICE
                while asking.look(session) and time.perf_counter() < end:
                    pass
                changed = more = True
        if changed:
            self._painted = time.monotonic()
            self.grid.paint()
        if more:
            self.set_timer(REST, self._slice)
            return
        question = session.insights.question(session.chain(), session.explainer())
        if question is not None:
            self._think(question)
        else:
            self.working = False

    def _think(self, question: Callable[[], None]) -> None:
        """Work out one thing with sympy, away from the keyboard. A daemon, so that nobody who leaves waits for it."""
        def work() -> None:
            error = None
            try:
                question()
            except Exception as raised:
                error = raised
            self.post_message(Thought(error))
        threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True).start()

    def on_thought(self, event: Thought) -> None:
        """Draw what was worked out, and look for the next."""
        if event.error is not None:
            raise event.error
        self.grid.paint()
        self.set_timer(REST, self._slice)

    _painted = 0.0

    def on_key(self, event: Key) -> None:
        """A key that does nothing says so. This comes before the bindings have their turn."""
        if event.is_printable and event.key not in BOUND:
            self.session.message = f"{event.character} does nothing here; ? lists the keys."
            self.paint()

    # actions: each is a line of the table of commands

    def action_move(self, kind: str) -> None:
        self.session.move(kind)
        self.paint()

    def action_ask(self, kind: str) -> None:
        """Ask for a line of text, and do what it was asked for."""
        if kind == "got" and asking.selected(self.session) is None:
            self.session.message = asking.NOTHING
            self.paint()
            return

        def answer(text: str | None) -> None:
            if text:
                {"go": Session.go, "find": finding.find, "got": asking.compare}[kind](self.session, text)
            self.paint()
        self.app.push_screen(Ask(kind), answer)

    def action_end(self) -> None:
        self.session.end()
        self.paint()

    def action_back(self) -> None:
        self.session.back()
        self.paint()

    def action_forward(self) -> None:
        self.session.forward()
        self.paint()

    def action_sample(self, by: int) -> None:
        self.session.sample(by)
        self.paint()

    def action_enter(self) -> None:
        cursors.enter(self.session)
        self.paint()

    def action_only(self) -> None:
        self.session.toggle_only()
        self.paint()

    def action_find_again(self, by: int) -> None:
        finding.find_again(self.session, by)
        self.paint()

    def action_pane(self, by: int) -> None:
        cursors.next_pane(self.session, by, panes(self.session, *self.grid.size))
        self.paint()

    def action_show(self, pane: str) -> None:
        cursors.show(self.session, pane)
        if pane not in panes(self.session, *self.grid.size):
            self.session.focus = "chain"
            self.session.message = f"There is no room for this pane: it needs {LOWER_FROM} rows."
        self.paint()

    def action_cursor(self, by: int) -> None:
        cursors.move(self.session, by)
        self.paint()

    def action_sideways(self, by: int) -> None:
        cursors.sideways(self.session, by, panes(self.session, *self.grid.size))
        self.paint()

    def action_close(self) -> None:
        if not finding.interrupt(self.session):
            self.session.close()
        self.paint()

    def action_palette(self) -> None:
        self.app.action_command_palette()

    def action_help(self) -> None:
        self.app.push_screen(Help())

    def action_interrupt(self) -> None:
        if not finding.interrupt(self.session):
            self.session.message = "Press q to quit."
        self.paint()

    def action_leave(self) -> None:
        self.app.exit(return_code=0)


class BptuiApp(App[None]):
    """`session` is what is shown; without one, the list of the shipped scenarios comes first."""

    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "f2"
    CSS = """
    Input > .input--placeholder, CommandPalette > .command-palette--help-text {
        color: ansi_bright_black; text-style: not dim not bold;
    }
    CommandPalette #--input { border: hkey ansi_bright_black; }
    CommandPalette #--input.--list-visible { border-bottom: none; }
    CommandPalette CommandList { border-bottom: hkey ansi_bright_black; }
    CommandPalette SearchIcon { color: ansi_default; }
    """
    TITLE = "bptui"

    def __init__(self, session: Session | None, at: str | None = None, headless: bool = False) -> None:
        # ansi_color before the theme: NO_COLOR's filter is chosen here, and without it would leave greys
        super().__init__(driver_class=None if headless else TolerantDriver, ansi_color=True)
        self.session, self.at = session, at
        self.animation_level = "none"
        self.theme = "ansi-dark"

    def on_mount(self) -> None:
        if self.session is not None:
            self.push_screen(Debugger(self.session))
        else:
            self.push_screen(Gallery(gallery()), self._chosen)

    def _chosen(self, path: Path | None) -> None:
        if path is None:
            self.exit(return_code=0)
            return
        self.session = Session(open_run(path), self.at)
        self.push_screen(Debugger(self.session))

    def action_command_palette(self) -> None:
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every command of the table, and nothing else."""
        if isinstance(screen, Debugger):
            for command in COMMANDS:
                if command.id != "palette":
                    yield SystemCommand(f"{command.title} ({command.shown})", command.help,
                                        self._runner(screen, command.action))

    @staticmethod
    def _runner(screen: Debugger, action: str) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            await screen.run_action(action)
        return run


def run_app(path: Path | None, at: str | None = None) -> int:
    """Open the debugger, or the list of shipped scenarios; the exit code."""
    sys.setswitchinterval(SWITCH)
    session = Session(open_run(path), at) if path is not None else None
    app = BptuiApp(session, at)
    app.run(mouse=False)
    if app.return_code == 0 and app.session is not None:
        scenario, place = app.session.run.scenario, write(app.session.run, app.session.position)
        words = ("bptui", printable(str(scenario.path or scenario.name)), "--at", place)
        print(" ".join(map(shlex.quote, words)))
    return 70 if app.return_code is None else app.return_code
