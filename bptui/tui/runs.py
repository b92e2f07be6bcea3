"""The list of runs, as a screen over the debugger's, with the keys of the table that mean something in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Key, Paste

from ..debugger.commands.command import CommandId, Question
from ..debugger.commands.register import BY_ID
from ..debugger.job import go_on, stop
from ..debugger.side_by_side import runs as listed
from ..debugger.side_by_side.runs import Runs
from ..debugger.state.session import Session
from .grid import SpanCompositor
from .keymap import Keymap
from .layout import LEAST_HEIGHT, LEAST_WIDTH, too_small
from .painted import SLICE, Painted
from .screens.dialogs import Ask, Help, Once, does_nothing, help_text
from .screens.gallery import Sheet
from .views import runs as view
from .views.canvas import Line

NAMED = Question("name", "a few words, shown beside its letter; none: what was edited", empty=True)


class RunsScreen(Once, Painted):
    """Closes with nothing: what was chosen is in the session."""

    DEFAULT_CSS = "RunsScreen { background: $background; color: $foreground; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding(BY_ID["interrupt"].keys, "do('interrupt')", priority=True)]

    def __init__(self, session: Session, keys: Keymap) -> None:
        super().__init__()
        self.runs, self.keys = Runs(session), keys
        self._compositor = SpanCompositor()
        self.sheet = Sheet(self.draw, self.seen)
        self.asking: Ask | None = None

    def compose(self) -> Iterable[Sheet]:
        yield self.sheet

    def draw(self, width: int, height: int) -> list[Line]:
        if width < LEAST_WIDTH or height < LEAST_HEIGHT:
            return too_small(width, height)
        return view.paint(self.runs, width, height)

    def draw_now(self) -> None:
        self.stale = False
        if self.is_attached:
            self.drawn = time.monotonic()
            self.sheet.paint()
            self.begin()

    def work(self) -> tuple[bool, bool]:
        """What there is to know about the row under the cursor."""
        worked = go_on(self.runs, SLICE)
        more = self.runs.job is not None
        return worked and (not more or time.monotonic() > self.drawn + 0.05), more

    # keys

    async def hear(self, event: Key) -> None:
        if self.asking is not None:
            await self.asking.hear(event)
        elif (command := self.keys.commands.get(event.key)) is not None:
            self.action_do(command)
        elif event.is_printable:
            self.runs.message = does_nothing(event)
            self.paint()

    def paste(self, event: Paste) -> None:
        if self.asking is not None:
            self.asking.paste(event)

    def action_do(self, command: CommandId) -> None:
        """Do what a command of the table means here."""
        if command in DOES:
            DOES[command](self)
        else:
            self.runs.message = "Not here: Esc closes the list of runs first."
        self.paint()

    def leave(self, with_it: Callable[[Runs], None]) -> None:
        """Close the list with something to be done; of a run that cannot be gone to, say why."""
        refusal = "" if with_it is listed.close else listed.refusal(self.runs)
        self.runs.message = refusal
        if not refusal:
            with_it(self.runs)
            self.dismiss(None)

    def interrupt(self) -> None:
        if not stop(self.runs):
            self.runs.message = "Press q to quit."

    def name_it(self) -> None:
        """Ask for a name."""
        async def answer(text: str | None) -> None:
            late = self.asking.late if self.asking is not None else []
            self.asking = None
            if text is not None:
                listed.name_it(self.runs, text)
            self.paint()
            for event in late:
                await self.app.hear(event)
        self.asking = Ask(NAMED, self.runs.session)
        self.app.push_screen(self.asking, answer)

    def copy(self) -> None:
        if text := listed.edits(self.runs):
            self.app.copy_to_clipboard(text)

    def show_help(self) -> None:
        self.app.push_screen(Help(help_text(self.runs.session, self.keys.commands), self.sheet.dressed[1]))


DOES: dict[CommandId, Callable[[RunsScreen], None]] = {
    "up": lambda screen: listed.move(screen.runs, -1),
    "down": lambda screen: listed.move(screen.runs, 1),
    "page_up": lambda screen: listed.move(screen.runs, -8),
    "page_down": lambda screen: listed.move(screen.runs, 8),
    "home": lambda screen: listed.move(screen.runs, -10**9),
    "bottom": lambda screen: listed.move(screen.runs, 10**9),
    "enter": lambda screen: screen.leave(listed.compare),
    "go": lambda screen: screen.leave(listed.go_into),
    "close": lambda screen: screen.leave(listed.close),
    "sides": lambda screen: screen.leave(listed.close),
    "mark": lambda screen: screen.name_it(),
    "remove": lambda screen: listed.remove(screen.runs),
    "copy": lambda screen: screen.copy(),
    "interrupt": lambda screen: screen.interrupt(),
    "help": lambda screen: screen.show_help(),
    "quit": lambda screen: screen.app.exit(return_code=0),
}
