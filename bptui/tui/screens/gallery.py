"""The gallery's screen: keys to the list, the list to lines; previews are made in a thread while the cursor rests.

Every key is taken here, also those of the line that is typed into. Those that come after the one that opens a scenario
are for the debugger.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Key, Paste
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget

from ...debugger.home.gallery import Gallery, Look, look
from ...debugger.scene import Scene
from ..grid import Grid, SpanCompositor, dressed
from ..host import Host
from ..layout import LEAST_HEIGHT, LEAST_WIDTH, too_small
from ..themes import Theme
from ..timers import PunctualScreen
from ..views import gallery as view
from ..views import graph
from ..views.canvas import Line
from ..views.gallery import Preview
from .dialogs import Help, does_nothing, help_text

RESTS = 0.08                                        # seconds after which the cursor rests
MOST_LOOKS = 12                                     # opened scenarios that are kept; their pictures are all
Size = tuple[int, int]


@dataclass(frozen=True)
class Act:
    """A key of the gallery: Textual's names, how it is shown, what it does; `id` is that of the method `_do_<id>`."""

    id: str
    keys: str
    shown: str
    help: str


ACTS = (
    Act("open", "enter", "Enter", "open the scenario under the cursor, where you left off"),
    Act("up", "up,k", "↑", "the question above"),
    Act("down", "down,j", "↓", "the question below"),
    Act("read", "space,pagedown", "Space", "read the lesson: its next page; PgDn too"),
    Act("read_back", "pageup", "PgUp", "the page before"),
    Act("home", "home", "Home", "the first; of a lesson that is read, its beginning"),
    Act("end", "end", "End", "the last; of a lesson that is read, its end"),
    Act("search", "slash", "/", "search: a word, or a number that an article prints"),
    Act("copy", "c", "c", "copy the scenario to a file here, to edit; nothing is overwritten"),
    Act("file", "o", "o", "open a file: type its path, or the name of a shipped scenario"),
    Act("close", "escape", "Esc", "all scenarios again; never quits"),
    Act("help", "question_mark,f1", "?", "this page"),
    Act("quit", "q,ctrl+q", "q", "quit"),
)
MOVES = {"up": -1, "down": 1, "home": -10 ** 9, "end": 10 ** 9}
BY_KEY = {key: act for act in ACTS for key in act.keys.split(",")}
TYPING = ("enter", "up", "down", "pageup", "pagedown", "escape")     # what keeps its meaning in a line


def gallery_help() -> Text:
    """The keys of the gallery, then the page of the debugger."""
    text = Text("\n The gallery\n", "bold")
    for act in ACTS:
        text.append(f"  {act.shown:<10}", "bold")
        text.append(f"{act.help}\n", "not bold")
    text.append(f"  {'1 … 9':<10}", "bold")
    text.append("open one of the first nine\n\n", "not bold")
    text.append(" In a scenario\n", "bold")
    return text.append_text(help_text())


class Looked(Message):
    """A preview has been made."""

    def __init__(self, path: Path, size: Size, found: Look, preview: Preview) -> None:
        super().__init__()
        self.path, self.size, self.found, self.preview = path, size, found, preview


class Sheet(Grid):
    """The grid, with other lines."""

    def __init__(self, draw: Callable[[int, int], list[Line]], seen: Callable[[], None]) -> None:
        Widget.__init__(self)
        self.draw, self.seen = draw, seen
        self.lines = []
        self.dressed = dressed({}, False)

    def dress(self) -> tuple[Theme, bool]:
        app: Host = self.app                        # type: ignore[assignment]
        return dressed(app.settings.looks, app.only_ascii)

    def drawn(self, width: int, height: int) -> list[Line]:
        return self.draw(width, height)


class GalleryScreen(PunctualScreen, Screen[None]):
    DEFAULT_CSS = "GalleryScreen { background: $background; color: $foreground; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "interrupt", priority=True, show=False)]
    app: Host                                       # type: ignore[assignment]

    def __init__(self, gallery: Gallery) -> None:
        super().__init__()
        self.gallery = gallery
        self._compositor = SpanCompositor()
        self.sheet = Sheet(self.draw, self._rest)
        self.looks: dict[Path, Look] = {}
        self.previews: dict[tuple[Path, Size], Preview] = {}
        self.working = True                         # until the preview of what is under the cursor is there
        self.thinking = self.stale = self.left = False
        self.drawn = 0.0                            # when it was drawn last
        self.resting: Timer | None = None
        self.gallery.read()

    def compose(self) -> Iterable[Sheet]:
        yield self.sheet

    def on_screen_resume(self) -> None:
        """Back from a scenario: it is what was open last. Files of one's own may have changed."""
        if not self.left:
            return
        self.left = False
        self.gallery.read()
        shipped = {entry.path for entry in self.gallery.entries if entry.shipped}
        self.looks = {path: found for path, found in self.looks.items() if path in shipped}
        self.previews = {key: made for key, made in self.previews.items() if key[0] in shipped}
        self.paint()

    # drawing

    def draw(self, width: int, height: int) -> list[Line]:
        if width < LEAST_WIDTH or height < LEAST_HEIGHT:
            return too_small(width, height)
        entry = self.gallery.chosen
        made = self.previews.get((entry.path, view.picture_size(width, height))) if entry else None
        return view.paint(self.gallery, made, width, height)

    def paint(self) -> None:
        """Draw once for all the keys that have come meanwhile, and look at what the cursor comes to rest on."""
        self.working = True
        if not self.stale:
            self.stale = True
            self._draw_soon()

    def _draw_soon(self) -> None:
        if wait := self.app.until_drawn(self.drawn):
            self.set_timer(wait, self._draw_soon)
        else:
            self.app.call_later(self._draw)         # behind the keys that wait there

    def _draw(self) -> None:
        self.stale, self.drawn = False, time.monotonic()
        self.sheet.paint()
        if self.resting is not None:
            self.resting.stop()
        self.resting = self.set_timer(RESTS, self._rest)

    # previews

    def _rest(self) -> None:
        """The cursor rests: have its preview made, unless it is there."""
        entry, size = self.gallery.chosen, view.picture_size(*self.sheet.size)
        if entry is None or not size[0] or (entry.path, size) in self.previews:
            self.working = self.stale
            return
        if not self.thinking:
            self.thinking = self.working = True
            threading.Thread(target=self._look, args=(entry.path, size, self.looks.get(entry.path)),
                             daemon=True).start()

    def _look(self, path: Path, size: Size, found: Look | None) -> None:
        """Open a scenario and draw its network. In a thread: whatever comes of it, the list goes on."""
        picture: tuple[Line, ...] = ()
        try:
            found = found or look(path)
            if found.session is not None:
                picture = tuple(graph.paint(Scene(found.session), *size, False)[1:])
            made = Preview(picture, found.facts, found.problems)
        except Exception as error:                  # a preview is not worth an end
            found = found or Look(None)
            made = Preview(problems=(f"{type(error).__name__}: {error}",))
        self.post_message(Looked(path, size, found, made))

    def on_looked(self, event: Looked) -> None:
        self.thinking = False
        self.looks[event.path] = event.found
        while len(self.looks) > MOST_LOOKS:
            del self.looks[next(iter(self.looks))]
        self.previews[event.path, event.size] = event.preview
        self.sheet.paint()
        self._rest()

    # keys

    async def hear(self, event: Key) -> None:
        gallery, act = self.gallery, BY_KEY.get(event.key)
        if gallery.typing and event.key not in TYPING:
            self._type(event)
        elif act is not None:
            self._do(act.id)
        elif event.character is not None and event.character in "123456789":
            if gallery.choose(int(event.character)):
                self.open()
        elif event.is_printable:
            gallery.message = does_nothing(event)
        self.paint()

    def paste(self, event: Paste) -> None:
        """Pasted text is typed into the line, if one is open."""
        if self.gallery.typing:
            self.gallery.type(event.text)
        else:
            self.gallery.message = "Pasted text does nothing here: open a line first, with / or o."
        self.paint()

    def _type(self, event: Key) -> None:
        """A key of the line: a character, or the end of it taken back."""
        if event.key == "backspace":
            self.gallery.delete()
        elif event.is_printable and event.character is not None:
            self.gallery.type(event.character)

    def action_interrupt(self) -> None:
        """As Esc where a line is open."""
        if self.gallery.typing:
            self.gallery.close()
        else:
            self.gallery.message = "Press q to quit."
        self.paint()

    def _do(self, act: str) -> None:
        size = self.sheet.size
        if act in ("up", "down") and self.gallery.reading is not None and view.list_width(*size) == size.width:
            self._turn(MOVES[act], True)
        elif act in ("home", "end") and self.gallery.reading is not None:
            self._turn(MOVES[act])
        elif act in MOVES:
            self.gallery.move(MOVES[act])
        else:
            getattr(self, f"_do_{act}")()

    def _do_open(self) -> None:
        self.open()

    def _do_read(self) -> None:
        self._turn(1)

    def _do_read_back(self) -> None:
        self._turn(-1)

    def _turn(self, by: int, line: bool = False) -> None:
        """Turn the lesson of the scenario under the cursor."""
        entry, (width, height) = self.gallery.chosen, self.sheet.size
        made = self.previews.get((entry.path, view.picture_size(width, height))) if entry is not None else None
        view.turned(self.gallery, made, width, height, by, line)

    def _do_search(self) -> None:
        self.gallery.begin("search")

    def _do_copy(self) -> None:
        self.gallery.copy()

    def _do_file(self) -> None:
        self.gallery.begin("path")

    def _do_close(self) -> None:
        self.gallery.close()

    def _do_help(self) -> None:
        self.app.push_screen(Help(gallery_help(), self.sheet.dressed[1]))

    def _do_quit(self) -> None:
        self.app.exit(return_code=0)

    def open(self) -> None:
        """Open the scenario under the cursor, or the file that was typed; one that is broken says so here."""
        gallery = self.gallery
        entry, typed = gallery.chosen, gallery.typing == "path"
        path = gallery.typed_path() if typed else entry.path if entry else None
        if path is None:
            return
        number = "" if typed or entry is None else gallery.number(entry)
        if not self.app.open_scenario(path, number):
            gallery.say_broken(path)
            return
        self.left = True
        if typed:
            gallery.typing = gallery.path = ""
        gallery.close()
