"""The Textual application: which screen there is, in which theme, with which keys; what a person has settled."""

from __future__ import annotations

import os
import shlex
import sys
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.events import Event, Key, Paste
from textual.filter import LineFilter
from textual.screen import Screen

from ..debugger.commands import find
from ..debugger.commands.command import CommandId
from ..debugger.commands.register import COMMANDS, key_of
from ..debugger.home.gallery import Gallery
from ..debugger.home.open import run_of
from ..debugger.job import reached
from ..debugger.saved.fault import FAULT, tell
from ..debugger.saved.keeper import Keeper, reopened
from ..debugger.saved.settings import Settings, remember
from ..debugger.state import looks
from ..debugger.state.session import Session
from ..explain import ascii
from ..replay.places import write_position
from ..scenario.errors import ScenarioError, printable
from .driver import TolerantDriver
from .grid import dressed
from .harmless import Harmless
from .host import Host
from .keymap import keymap
from .pace import frame, wait
from .runs import RunsScreen
from .screens.debugger import Debugger
from .screens.dialogs import Ask, Help, Palette
from .screens.gallery import GalleryScreen
from .themes import TABLE, textual_theme
from .timers import Punctual

OURS = (Ask, Debugger, GalleryScreen, Help, RunsScreen)     # what hears its keys one by one; the palette is Textual's
SWITCH = 0.0005                                     # seconds that a key waits for a busy thread; Python's are 5 ms
HANG_UP = 129                                       # the exit code when the link is lost: nobody is there to be told
UNSAVED = 1                                         # the exit code when what was done could not be kept
PATIENCE = 1.0                                      # seconds that opening may take without a word
KEYS_TOLD = 30                                      # the last keys, for a report of a fault
Opened = Callable[[Path, str | None, bool], tuple[Session, Keeper | None]]      # at a place, anew


class BptuiApp(Punctual, Host):
    """`session` is what is shown; without one, the gallery comes first.

    With `reload` a scenario is read again by itself when its file changes, with `lecture` a clicker steps.
    """

    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "f2"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+z", "suspend_process", show=False, priority=True)]
    CSS = """
    Input > .input--placeholder, CommandPalette > .command-palette--help-text {
        color: $bptui-dim; text-style: not dim not bold;
    }
    CommandPalette #--input { border: hkey $bptui-dim; }
    CommandPalette #--input.--list-visible { border-bottom: none; }
    CommandInput, CommandInput:focus, CommandPalette CommandList { border: blank $bptui-dim; }
    CommandPalette CommandList { border-bottom: hkey $bptui-dim; }
    Input, CommandPalette SearchIcon { color: $foreground; }
    .-ascii CommandPalette #--input { border: ascii $bptui-dim; }
    .-ascii CommandPalette CommandList { border-bottom: ascii $bptui-dim; }
    .-ascii CommandPalette SearchIcon { display: none; }
    .-ascii CommandList, .-ascii VerticalScroll { scrollbar-size-vertical: 0; }
    """
    TITLE = "bptui"

    def __init__(self, session: Session | None, at: str | None = None, headless: bool = False,
                 opened: Opened | None = None, reload: bool = False, lecture: bool = False,
                 settings: Settings | None = None, fresh: bool = False) -> None:
        # ansi_color before the theme: NO_COLOR's filter is chosen here, and without it would leave greys
        super().__init__(driver_class=None if headless else TolerantDriver, ansi_color=True)
        self.session, self.opened = session, opened or without_memory
        self.at, self.fresh = at, fresh             # of the first opening, and of no other
        self.gallery = Gallery(remembers=opened is not None)
        self.reload, self.lecture = reload, lecture
        self.slow = self.only_ascii = False
        self.fault: BaseException | None = None     # the first exception that nobody has foreseen
        self.pressed: deque[str] = deque(maxlen=KEYS_TOLD)
        self.keeper: Keeper | None = None
        self.unsaved: dict[str, tuple[str, bool]] = {}     # by scenario: why it is not saved, whether anything is lost
        self.harmless = Harmless()
        self.settings = settings or Settings()
        self.keymap = keymap(self.settings.keys)
        self.animation_level = "none"
        for theme in TABLE:
            self.register_theme(textual_theme(theme))
        self._wear()

    def get_line_filters(self) -> Sequence[LineFilter]:
        return *super().get_line_filters(), self.harmless

    def _wear(self) -> None:
        """Textual's own widgets look as the screen does."""
        theme, plain = dressed(self.settings.looks, self.only_ascii)
        self.theme = f"bptui-{theme.name}"
        self.set_class(plain, "-ascii")

    def dress(self, session: Session) -> None:
        """What was chosen holds for every screen from now on, and is kept for the next time."""
        chosen = {what: text for what, text in session.looks.items() if what in looks.GLOBAL}
        if self.opened is not without_memory:
            trouble = remember(self.settings.looks, chosen)
            session.message = f"{session.message} {trouble}".strip()
            self.unsaved["settings"] = trouble, True
        self.settings = replace(self.settings, looks=chosen)
        self._wear()

    def on_mount(self) -> None:
        self._wear()                                # what the terminal has is known now
        if self.session is not None:
            self._show(self.session)
        else:
            self.push_screen(GalleryScreen(self.gallery))

    def _show(self, session: Session) -> None:
        """Open the screen of a session, in the looks and with the keys that the person has settled."""
        session.looks |= self.settings.looks
        if self.lecture:
            looks.choose(session, "lecture", "on")
        session.only_ascii = self.only_ascii
        session.shown_keys = {**self.keymap.shown}
        faults = [*self.settings.faults, *self.keymap.faults]
        if faults:
            more = f" (1 of {len(faults)}: the others when you leave)" if len(faults) > 1 else ""
            session.message = f"{faults[0]}{more} {session.message}".strip()
        self.push_screen(Debugger(session, self.keeper, self.keymap, self.reload))

    def open(self, path: Path) -> Session:
        """The session of a scenario, with its file. What the command line says holds for the first: whoever comes back
        to it finds the place that was left."""
        self.session, self.keeper = self.opened(path, self.at, self.fresh)
        self.at, self.fresh = None, False
        return self.session

    def open_scenario(self, path: Path, number: str = "") -> bool:
        """Open a scenario of the gallery, at the place that shows `number`; False where that cannot be."""
        try:
            session = self.open(path)
        except ScenarioError:
            return False
        if number:
            find.find(session, number)
        self._show(session)
        return True

    def to_gallery(self) -> None:
        """Leave the scenario, saved as it is, for the gallery."""
        self.gallery.message = self.let_go()
        self.session = self.keeper = None
        self.pop_screen()
        if not isinstance(self.screen, GalleryScreen):
            self.push_screen(GalleryScreen(self.gallery))

    def let_go(self) -> str:
        """Save the session as it is, and let its file go; why it is not saved, which is said again on leaving."""
        if self.keeper is None or self.session is None:
            return ""
        self.keeper.close()
        trouble, name = self.keeper.trouble, self.session.own.scenario.name
        self.unsaved[name] = trouble, self.keeper.lost
        return trouble and f"{printable(name)}: {trouble}"

    def _check_resize(self) -> None:
        """Tell the screen its new size; where it is the one that was drawn, because others came and went between two
        looks, the terminal has thrown cells away all the same."""
        event = self._resize_event
        super()._check_resize()
        if event is not None and self._resize_event is None and self.screen._compositor.size == event.size:
            self.screen.refresh()

    async def on_event(self, event: Event) -> None:
        """Text that is pasted goes to the line that is open, or to none: it is never taken for keys."""
        if isinstance(event, Key) and not event.is_forwarded:
            self.pressed.append(event.key)
            await self.hear(event)
            return
        screen = self.screen if isinstance(event, Paste) and not event.is_forwarded else None
        if isinstance(event, Paste) and isinstance(screen, Ask | Debugger | GalleryScreen | RunsScreen):
            screen.paste(event)
        else:
            await super().on_event(event)

    async def hear(self, event: Key) -> None:
        """Give a key to what is on top, and see it taken before the next one is looked at.

        Textual puts it into the queue of what is on top. There it may wait, while those that come after it are taken
        already by what has been opened since.
        """
        if not self.screen_stack:                   # it is being left
            return
        screen = self.screen
        if not isinstance(screen, OURS):
            await super().on_event(event)
            return
        self.app_focus = True
        if not await self._check_bindings(event.key, priority=True):
            await screen.hear(event)

    def until_drawn(self, last: float) -> float:
        """Seconds until the screen may be drawn again, drawn `last`; 0 is now."""
        driver = self._driver
        if not isinstance(driver, TolerantDriver):
            return 0.0
        return wait(frame(self.slow, driver.round_trip), time.monotonic() - last, driver.behind)

    def action_suspend_process(self) -> None:
        """Back to the shell, if there is one that can bring it back."""
        if self.keeper is not None:
            self.keeper.keep()
            self.keeper.write()
        if os.getsid(os.getppid()) == os.getsid(0) and os.getpgid(os.getppid()) != os.getpgid(0):
            super().action_suspend_process()
        elif isinstance(self.screen, Debugger) and self.session is not None:
            self.session.message = "There is no shell to go back to: press q to quit."
            self.screen.paint()

    def _handle_exception(self, error: Exception) -> None:
        """Leave because of something that nobody has foreseen; `run_app` says it."""
        if self.is_headless:
            super()._handle_exception(error)
            return
        self.fault = self.fault or error
        self._return_code = FAULT
        self._close_messages_no_wait()

    def raised_in_a_thread(self, raised: threading.ExceptHookArgs) -> None:
        driver = self._driver
        if isinstance(raised.exc_value, Exception) and isinstance(driver, TolerantDriver):
            driver.raised(raised.exc_value)

    async def _on_key(self, event: Key) -> None:
        """A key that was on its way to the palette when it was closed is for what is there now."""
        if self.screen_stack and isinstance(self.screen, OURS):
            event.prevent_default()
            await self.screen.hear(event)

    def action_command_palette(self) -> None:
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette", placeholder="Search for commands"))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every command of the table, and nothing else."""
        if isinstance(screen, Debugger):
            for command in COMMANDS:
                if command.id != "palette":
                    title = f"{command.title} ({key_of(screen.session, command.id)})"
                    spell = ascii.text if screen.grid.dressed[1] else str
                    yield SystemCommand(spell(title), spell(command.help), self._runner(screen, command.id))

    @staticmethod
    def _runner(screen: Debugger, command: CommandId) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            screen.action_do(command)
        return run


def without_memory(path: Path, at: str | None, fresh: bool) -> tuple[Session, Keeper | None]:
    return Session(run_of(path), at), None


def with_memory(path: Path, at: str | None, fresh: bool) -> tuple[Session, Keeper | None]:
    return reopened(Session(run_of(path), at), path, fresh, at is not None)


def only_ascii() -> bool:
    """Whether the terminal has no other glyphs: the Linux console's font lacks most, some streams cannot say them."""
    encoding = (getattr(sys.__stderr__, "encoding", None) or "").lower().replace("-", "")
    return os.environ.get("TERM") == "linux" or not encoding.startswith("utf")


def run_app(path: Path | None, at: str | None = None, fresh: bool = False, settings: Settings | None = None) -> int:
    """Open the debugger, or the gallery; the exit code."""
    sys.setswitchinterval(SWITCH)
    flags = settings.flags if settings is not None else {}
    app = BptuiApp(None, at, opened=with_memory, reload=flags.get("reload", False),
                   lecture=flags.get("lecture", False), settings=settings, fresh=fresh)
    app.only_ascii, app.slow = only_ascii(), flags.get("slow", False)
    if path is not None:
        session = app.open(path)
        if at is not None:
            _run_on(session)
    threading.excepthook = app.raised_in_a_thread
    try:
        app.run(mouse=app.settings.flags.get("mouse", False))
    except Exception as error:
        app.fault = app.fault or error
    return _left(app)


def _run_on(session: Session) -> None:
    """Run on to where the session is to begin, before there is a screen: here Ctrl-C still ends it."""
    run, update = session.run, session.position.update
    if not reached(run, update, PATIENCE):
        print(f"bptui: running on to update {update:,}; Ctrl-C ends", file=sys.stderr, flush=True)
        while not reached(run, update):
            pass


def _left(app: BptuiApp) -> int:
    """Save the session, and say what is to be said when the screen is gone; the exit code."""
    facts: dict[str, str] = {}
    try:
        trouble = app.let_go()
        if app.keeper is not None and app.session is not None:
            facts["session"] = trouble or "It is saved; --fresh begins anew."
            facts["bits"] = app.session.own.fingerprint
    except Exception as error:
        app.fault = app.fault or error
        facts["session"] = "It is not saved as it was last."
    if isinstance(app._driver, TolerantDriver):
        app._driver.ended()
    if app.return_code == HANG_UP:
        return HANG_UP
    for fault in (*app.settings.faults, *app.keymap.faults):
        print(f"bptui: {fault}", file=sys.stderr)
    for name, (trouble, _) in app.unsaved.items():
        if trouble:
            print(f"bptui: {printable(name)}: {trouble}", file=sys.stderr)
    place = _place(app.session) if app.session is not None else None
    if app.fault is not None:
        size = "x".join(map(str, app.size))
        known = {"scenario": place[0], "position": place[1]} if place else {"scenario": "none: the gallery"}
        for line in tell(app.fault, {**known, **facts, "keys before": " ".join(app.pressed), "size": size}):
            print(line, file=sys.stderr)
        return FAULT
    if app.return_code == 0 and place:
        print(" ".join(map(shlex.quote, ("bptui", place[0], "--at", place[1]))))
    if app.return_code == 0 and any(lost for trouble, lost in app.unsaved.values() if trouble):
        return UNSAVED
    return FAULT if app.return_code is None else app.return_code


def _place(session: Session) -> tuple[str, str]:
    """The scenario and the position, as they are typed."""
    scenario = session.run.scenario
    try:
        place = write_position(session.run, session.position)
    except Exception as error:                      # on the way out of a fault nothing is certain
        place = f"unknown ({type(error).__name__})"
    return printable(str(scenario.path or scenario.name)), place
