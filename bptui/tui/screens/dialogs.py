"""What opens over the screen: the line that asks for a number or a place, the palette, the help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.command import CommandList, CommandPalette
from textual.containers import Vertical, VerticalScroll
from textual.events import Key, Paste
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input, Static
from textual.widgets.input import Selection
from textual.worker import Worker

from ...debugger.commands.register import COMMANDS, FIRST_LINES, Question, key_of, named, others
from ...debugger.plain.complete import complete
from ...debugger.state.session import Session
from ...explain import ascii
from ..grid import dressed

CLOSES = ("escape", "ctrl+c")                       # what closes whatever is open, and quits nothing


class Once:
    """Of a screen that closes once, and nothing but itself: Textual's `dismiss` takes away whatever stands on top, so
    that a second Esc in one burst, or an Enter behind it, took the debugger's own screen."""

    ended: tuple[Any] | None = None                 # what it was answered with while something stood on it

    def dismiss(self, result: Any = None) -> AwaitComplete:
        screen: Any = self
        if screen.app.screen is screen:             # `is_current` is true of one behind another, too
            return super().dismiss(result)          # type: ignore[misc]
        self.ended = (result,)
        return AwaitComplete.nothing()

    def on_screen_resume(self) -> None:
        if self.ended is not None:
            self.dismiss(*self.ended)


class Names(Suggester):
    """Completes the name that is being typed; the arrow to the right takes it."""

    def __init__(self, session: Session) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self.session = session

    async def get_suggestion(self, value: str) -> str | None:
        return complete(self.session, value)


class Ask(Once, ModalScreen[str | None]):
    """One line at the place of the line of words, below it what can be typed; Enter answers, Tab takes a completed
    name, Esc and Ctrl-C close.

    Over a slow link many keys come at once: those that came before the line was there are typed into it, and those
    that came after the answer are kept, as `late`, for the screen below.
    """

    AUTO_FOCUS = "Input"
    DEFAULT_CSS = """
    Ask { background: transparent; align: left bottom; }
    Ask #asked { height: auto; width: 100%; background: $background; }
    Ask #line { height: 1; width: 100%; background: $background; }
    Ask #label { width: auto; height: 1; dock: left; padding: 0 1; text-style: bold; background: $background; }
    Ask Input { height: 1; border: none; padding: 0; background: $background; }
    Ask #hint { width: 100%; height: auto; padding: 0 1; color: $bptui-dim; background: $background; }
    """

    def __init__(self, asks: Question, session: Session) -> None:
        super().__init__()
        self.asks, self.session = asks, session
        self.there = self.answered = False
        self.early: list[Key | Paste] = []
        self.late: list[Key] = []

    def compose(self) -> ComposeResult:
        spelled = ascii.text if dressed(self.session.looks, self.session.only_ascii)[1] else str
        line = Input(self.asks.prefill(self.session), compact=True, select_on_focus=False,
                    suggester=Names(self.session) if self.asks.names else None)
        line.cursor_blink = False
        with Vertical(id="asked"):
            with VerticalScroll(id="line"):
                yield Static(Text(spelled(self.asks.label)), id="label")
                yield line
            yield Static(Text(spelled(self.asks.choices(self.session) or self.asks.hint)), id="hint")

    @property
    def line(self) -> Input | None:
        """The line, as long as there is one: keys and sizes can come while the screen is being taken away."""
        return next(iter(self.query(Input)), None)

    async def on_mount(self) -> None:
        line = self.line
        if line is None:                            # closed before it was drawn
            return
        line.selection = Selection(0, len(line.value))      # what stands there at first gives way to what is typed
        while self.early:
            event = self.early.pop(0)
            self._type(event) if isinstance(event, Paste) else await self._take(event)
        self.there = True

    async def hear(self, event: Key) -> None:
        """Type a key, answer, or keep it until it can be typed."""
        await self._take(event) if self.there or self.answered else self.early.append(event)

    async def _take(self, event: Key) -> None:
        line = self.line
        if self.answered:
            self.late.append(event)
            return
        if line is None:
            return
        if event.key in ("enter", *CLOSES):
            self.answered = True
            self.dismiss(line.value if event.key == "enter" else None)
        elif event.key == "backspace":
            line.action_delete_left()
        elif event.key == "tab":
            line.action_cursor_right() if line.cursor_position == len(line.value) else line.action_end()
        elif event.is_printable and event.character is not None:
            line.replace(event.character, *line.selection)
            if self.asks.letter:
                self.answered = True
                self.dismiss(event.character)
        else:
            await self.app._check_bindings(event.key)       # the arrows and the like are the line's own

    def paste(self, event: Paste) -> None:
        """Type a text, where a line is asked for."""
        self._type(event) if self.there or self.answered else self.early.append(event)

    def _type(self, event: Paste) -> None:
        if self.line is not None and not self.answered and not self.asks.letter:
            self.line.replace(event.text, *self.line.selection)


class Palette(Once, CommandPalette):
    """Textual's command palette; its own ends the program when it is closed before its first search begins,
    and when a page is turned in a list that has not been laid out yet. Esc closes it at once: a key typed behind
    it is for the screen below, and not for a line that is being taken away."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding(",".join(CLOSES), "escape", show=False, priority=True)]

    def on_mount(self) -> None:
        for line in self.query(Input):              # none, if it is closed already
            line.cursor_blink = False               # a link that nobody uses is silent

    def run_worker(self, *arguments: Any, **options: Any) -> Worker[Any]:
        return super().run_worker(*arguments, **{**options, "exit_on_error": False})

    def _action_command_list(self, action: str) -> None:
        if any(commands.scrollable_content_region.area for commands in self.query(CommandList)):
            super()._action_command_list(action)


def help_text(session: Session | None = None, keys: Mapping[str, str] | None = None) -> Text:
    """Twelve lines first, then every command, from the table, with the keys that the person has settled: `keys` has
    the command of each key."""
    text = Text()
    for line in FIRST_LINES:
        text.append(f"  {line}\n")
    group = ""
    for command in COMMANDS:
        if command.group != group:
            group = command.group
            text.append(f"\n {group}\n", "bold")
        shown = key_of(session, command.id) if session is not None else command.shown or ":"
        text.append(f"  {shown:<10}", "bold")
        also = others(command) if keys is None else tuple(
            named(key) for key, does in keys.items() if does == command.id and named(key) != shown)
        said = f" ({', '.join(also)})" if also else ""
        text.append(f"{command.title:<23}{command.help}{said}\n")
    return text


def does_nothing(event: Key) -> str:
    """What is said of a key that has no meaning; one that cannot be seen is called by its name."""
    seen = (event.character or "").strip()
    return f"{seen or named(event.key)} does nothing here; ? lists the keys."


class Help(Once, ModalScreen[None]):
    """Pages of text."""

    CLOSE = (*CLOSES, "question_mark", "q")
    SCROLL: ClassVar[dict[str, int]] = {"down": 1, "j": 1, "up": -1, "k": -1, "pagedown": 12, "space": 12,
                                        "pageup": -12, "home": -10**6, "end": 10**6}
    DEFAULT_CSS = """
    Help { background: $background; }
    Help VerticalScroll { width: 100%; height: 100%; background: $background; scrollbar-size-vertical: 1; }
    """

    def __init__(self, text: Text, plain: bool) -> None:
        super().__init__()
        self.text = Text(ascii.text(text.plain)) if plain else text

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(self.text, markup=False)

    async def hear(self, event: Key) -> None:
        if event.key in self.CLOSE:
            self.dismiss(None)
        elif by := self.SCROLL.get(event.key):
            for text in self.query(VerticalScroll):     # a key may come before it is there
                text.scroll_relative(y=by, animate=False)
