"""The debugger's screen: keys to the session's actions, the session to the grid.

Nothing is decided here. While there is nothing to do it rests; between keys it lets the run work ahead, goes
on with a search, and makes the proofs that need sympy, after the first paint.
"""

from __future__ import annotations

import contextvars
import gc
import threading
import time
from collections.abc import Callable, Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Key, Paste
from textual.message import Message
from textual.timer import Timer

from ...debugger.commands import copy as copy_commands
from ...debugger.commands import lecture, lesson, travel
from ...debugger.commands import reload as reload_commands
from ...debugger.commands.command import Command, CommandId, Question
from ...debugger.commands.register import BY_ID, perform
from ...debugger.job import go_on, stop
from ...debugger.panes import cursor
from ...debugger.panes.register import work_on
from ...debugger.saved.keeper import Keeper
from ...debugger.scene import Scene
from ...debugger.side_by_side import compare as compare_side_by_side
from ...debugger.side_by_side import keys as keys_side_by_side
from ...debugger.side_by_side.compare import Consequences
from ...debugger.state import looks
from ...debugger.state.session import Session
from ..grid import Clicked, Grid, SpanCompositor
from ..keymap import Keymap, keymap
from ..layout import arrange, clicked, lesson_page, panes, tab_order, time_row
from ..painted import REST, SLICE, Painted
from ..runs import RunsScreen
from ..views import frame
from ..views.register import PAINTERS
from .dialogs import Ask, Help, does_nothing, help_text

PLAY = 0.4                                          # seconds between two steps that are played
LOOK_AT_FILE = 1.0                                  # seconds between two looks at whether the file has changed
BEATS = {"pagedown": lecture.forward, "space": lecture.forward, "pageup": lecture.back}     # what a clicker sends


class Thought(Message):
    """Something was worked out in the background, or failed with `error`."""

    def __init__(self, error: Exception | None) -> None:
        super().__init__()
        self.error = error


class Debugger(Painted):
    """The debugger of one run."""

    DEFAULT_CSS = "Debugger { background: $background; color: $foreground; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding(BY_ID["interrupt"].keys, "do('interrupt')", priority=True)]

    def __init__(self, session: Session, keeper: Keeper | None = None, keys: Keymap | None = None,
                 reload: bool = False) -> None:
        super().__init__()
        self.session, self.keeper, self.reload = session, keeper, reload
        self.keys = keys or keymap({})
        self.stamp, self.gone = reload_commands.stamp(session), False
        self._compositor = SpanCompositor()
        self.grid = Grid(session, self.seen)
        self.playing: Timer | None = None
        self.saving: Timer | None = None
        self.last_click: tuple[int, int, str, int | None] | None = None
        self.asking: Ask | None = None
        self.chosen = {what: text for what, text in session.looks.items() if what in looks.GLOBAL}
        if keeper is not None:
            keeper.keep()                           # it may have something to say

    def compose(self) -> Iterable[Grid]:
        yield self.grid

    def on_mount(self) -> None:
        self.set_interval(LOOK_AT_FILE, self.look_at_file)

    def seen(self) -> None:
        """After the first time what is in memory stays, and is not looked through again."""
        if not self.begun:
            gc.freeze()
        super().seen()

    def draw_now(self) -> None:
        self.stale = False
        if not self.is_attached:                    # the gallery is there instead
            return
        self.drawn = time.monotonic()
        self._remember()
        self._keep()
        self.grid.paint()
        self.begin()

    def _keep(self) -> None:
        """Save what has changed, after the screen has been drawn and not too often: writing may take a moment."""
        wait = self.keeper.keep() if self.keeper is not None else None
        if wait is not None and self.saving is None:
            self.saving = self.set_timer(max(REST, wait), self._save)

    def _save(self) -> None:
        self.saving = None
        if self.keeper is not None and self.is_attached:
            before = self.keeper.trouble
            self.keeper.write()
            if self.keeper.trouble != before:
                self.paint()                        # and say it
            else:
                self._keep()

    # work between keys

    def work(self) -> tuple[bool, bool]:
        """What was asked for; else the run ahead, and what is in sight."""
        session, known = self.session, self.session.run.known
        if session.job is not None:
            changed = more = go_on(session, SLICE)
        elif session.sides is not None:
            more = Consequences(session.sides).work(SLICE)
            changed = self._undrawn and (not more or time.monotonic() > self.drawn + 0.05)
            self._undrawn = more
        else:
            more = session.run.work(SLICE)
            changed = session.run.known != known and (not more or time.monotonic() > self.drawn + 0.25)
            if not more:
                more = work_on(session, SLICE)
                changed = changed or (self._undrawn and (not more or time.monotonic() > self.drawn + 0.25))
                self._undrawn = more
        return changed, more

    def rest(self) -> None:
        """Nothing is left to do but what takes sympy."""
        session, scene = self.session, Scene(self.session)
        question = session.insights.question(scene.chain, scene.explainer)
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
        self.paint()
        self.set_timer(REST, self.go_on)

    _undrawn = False                                # whether something was worked out that is not drawn yet

    def look_at_file(self) -> None:
        """Whether the scenario's file has changed; only while there is nothing else to do."""
        if self.working:
            return
        stamp, gone = reload_commands.stamp(self.session), self.gone
        self.gone = stamp is None
        if stamp is None and not gone:
            self.session.message = reload_commands.gone(self.session)
        elif stamp == self.stamp and gone:          # it was away for a moment
            self.session.message = ""
        elif stamp is None or stamp == self.stamp:
            return
        else:
            self.stamp = stamp
            if self.reload:
                reload_commands.reload(self.session)
            else:
                self.session.changed, self.session.message = True, reload_commands.CHANGED
        self.paint()

    async def hear(self, event: Key) -> None:
        """Run the command of a key, here and at once; one that does nothing says so.

        While a line that was answered is being closed, a key waits for what it was answered with to be done.
        """
        self._stop_playing()
        if self.asking is not None:
            await self.asking.hear(event)
        elif lesson.reading(self.session) and event.key == "space":
            self.action_do("page_down")
        elif lecture.on(self.session) and not lesson.reading(self.session) and event.key in BEATS:
            BEATS[event.key](self.session)
            self.paint()
        elif (command := self.keys.commands.get(event.key)) is not None:
            self.action_do(command)
        elif event.is_printable:
            self.session.message = does_nothing(event)
            self.paint()

    def paste(self, event: Paste) -> None:
        """Pasted text is for a line; without one it is nothing, and above all no keys."""
        if self.asking is not None:
            self.asking.paste(event)
            return
        self.session.message = "Pasted text does nothing here: open a line first, with / : g i b w or e."
        self.paint()

    def on_clicked(self, event: Clicked) -> None:
        """Put the cursor on what is clicked; a second click there is Enter; on the time line, go to that update."""
        if self.app.screen is not self:
            return
        event.stop()
        session, size = self.session, self.grid.size
        if lesson.reading(session):
            self._read_at(event)
            return
        on_time = event.y == time_row(session, *size) and not event.wheel
        update = frame.update_at(Scene(session), size.width, event.x) if on_time else None
        if update is not None:
            travel.scrub(session, update)
        elif not event.held and (found := clicked(session, *size, event.x, event.y)) is not None:
            pane, row = found
            again = self.last_click == (event.x, event.y, pane, session.cursor[pane])   # its list may have scrolled
            session.focus = pane
            if event.wheel:
                cursor.move(session, event.wheel)
            elif again:
                self.action_do("enter")
            elif row is not None:
                session.cursor[pane] = row
                self.last_click = event.x, event.y, pane, row
        self.paint()

    def _read_at(self, event: Clicked) -> None:
        """In the lesson the wheel moves the cursor, a click puts it on a line, and a second one there is Enter."""
        session, page = self.session, lesson_page(*self.grid.size)
        found = clicked(session, *self.grid.size, event.x, event.y)
        row = found[1] if found is not None else None
        if event.wheel:
            lesson.move(session, page, event.wheel)
        elif row is not None and not event.held:
            if row == lesson.window(session, page)[1]:
                self.action_do("enter")
            else:
                lesson.to(session, page, row)
        self.paint()

    # commands: each is a line of the table

    def action_do(self, command: CommandId) -> None:
        """Run a command of the table, by its id."""
        known, session = BY_ID[command], self.session
        before = session.focus, dict(session.cursor)
        if self._means_another(command):
            pass
        elif command in ON_SCREEN:
            ON_SCREEN[command](self)
        else:
            self._by_the_table(known)
        laid = command in ("zoom", "layout")
        if laid or before != (session.focus, session.cursor):   # a step shows the chain, where there is room for one
            self._see_the_focus(laid)
        self.paint()

    def _by_the_table(self, command: Command) -> None:
        """Do a command as its row says; one that asks for a line asks."""
        session, asks = self.session, command.asks
        if asks is not None and (refusal := asks.refusal(session)):
            session.message = refusal
        elif asks is not None and asks.needed(session):
            self._ask(command, asks)
        elif command.act is not None:
            command.act(session, "")

    def _means_another(self, command: CommandId) -> bool:
        """Whether a command means something else here, and has been done: in the lesson, and between two runs."""
        session = self.session
        if lesson.reading(session):
            return lesson.key(session, command, lesson_page(*self.grid.size))
        return command not in keys_side_by_side.ASKED and keys_side_by_side.key(session, command)

    def _remember(self) -> None:
        """What was chosen for every scenario goes for Textual's own widgets too, and is kept for the next time."""
        chosen = {what: text for what, text in self.session.looks.items() if what in looks.GLOBAL}
        if chosen != self.chosen:
            self.chosen = chosen
            self.app.dress(self.session)

    def _ask(self, command: Command, asks: Question) -> None:
        """Ask for a line of text, and do what it was asked for."""
        async def answer(text: str | None) -> None:
            late = self.asking.late if self.asking is not None else []
            self.asking = None
            answered = text is not None and bool(text or asks.empty)
            if answered and command.act is not None and not keys_side_by_side.key(self.session, command.id, text or ""):
                perform(self.session, command.act, text or "")
                self._see_the_focus()
            self.paint()
            for event in late:
                await self.app.hear(event)
        self.asking = Ask(asks, self.session)
        self.app.push_screen(self.asking, answer)

    def _see_the_focus(self, laid: bool = False) -> None:
        """A pane for which there is no room beside the others stands alone; when panes were `laid` anew, it is left."""
        session, size = self.session, self.grid.size
        if not size:                                # not drawn yet
            return
        if laid and session.focus not in panes(session, *size):
            session.focus = "chain"
        if session.sides is None and session.focus not in panes(session, *size):
            looks.choose(session, "zoom", "on")
            session.message = "There is room for this pane alone: z goes back to the chain."

    def to_pane(self, by: int) -> None:
        cursor.next_pane(self.session, by, tab_order(self.session, *self.grid.size))

    def sideways(self, by: int) -> None:
        session, size = self.session, self.grid.size
        area = next((a for a in arrange(session, *size) if a.pane == session.focus), None)
        in_picture = PAINTERS[session.focus].sideways
        if area is not None and in_picture is not None:
            in_picture(Scene(session), area.width, by)
        else:
            cursor.sideways(session, by, tab_order(session, *size))

    def scrub(self, by: int) -> None:
        """A column of the time line back, or on."""
        session = self.session
        travel.scrub(session, frame.axis(Scene(session), self.grid.size[0])[1].beside(session.position.update, by))

    def close(self) -> None:
        if self.session.yours is not None or not stop(self.session):
            self.session.close()

    def interrupt(self) -> None:
        if not stop(self.session):
            self.session.message = "Press q to quit."

    def show_help(self) -> None:
        self.app.push_screen(Help(help_text(self.session, self.keys.commands), self.grid.dressed[1]))

    def reread(self) -> None:
        self.stamp = reload_commands.stamp(self.session)
        reload_commands.reload(self.session)

    def compare(self) -> None:
        """Side by side with the one other run there is; of several, the list of runs."""
        if len(compare_side_by_side.candidates(self.session)) > 1:
            self.app.push_screen(RunsScreen(self.session, self.keys), lambda closed: self.paint())
        else:
            self._by_the_table(BY_ID["sides"])

    def copy(self) -> None:
        """Give the value under the cursor to the terminal, as OSC 52."""
        if digits := copy_commands.copy(self.session):
            self.app.copy_to_clipboard(digits)

    def play(self) -> None:
        """Step by itself, until a key is pressed or the run ends."""
        self.playing = self.set_interval(PLAY, self._play)
        self.session.message = "Playing: any key ends it."

    def _play(self) -> None:
        if not travel.step(self.session, "into"):
            self._stop_playing()
        self.paint()

    def _stop_playing(self) -> None:
        if self.playing is not None:
            self.playing.stop()
            self.playing = None


ON_SCREEN: dict[CommandId, Callable[[Debugger], None]] = {     # what more than the session has a part in
    "next_pane": lambda screen: screen.to_pane(1),
    "previous_pane": lambda screen: screen.to_pane(-1),
    "left": lambda screen: screen.sideways(-1),
    "right": lambda screen: screen.sideways(1),
    "earlier": lambda screen: screen.scrub(-1),
    "later": lambda screen: screen.scrub(1),
    "close": lambda screen: screen.close(),
    "interrupt": lambda screen: screen.interrupt(),
    "palette": lambda screen: screen.app.action_command_palette(),
    "help": lambda screen: screen.show_help(),
    "quit": lambda screen: screen.app.exit(return_code=0),
    "reload": lambda screen: screen.reread(),
    "gallery": lambda screen: screen.app.to_gallery(),
    "copy": lambda screen: screen.copy(),
    "play": lambda screen: screen.play(),
    "sides": lambda screen: screen.compare(),
}
