"""What a command of the debugger is: its id, its keys, its words, and what does it; and what one asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..panes.ids import PaneId
from ..state.session import Session

CommandId: TypeAlias = Literal[                     # a pane is shown by the command of its name
    PaneId, "into", "back_into", "over", "back_over", "out", "back_out", "again", "back_again", "frame_up",
    "frame_down", "to_cursor", "repeat", "play", "go", "end", "back", "forward", "earlier", "later", "mark", "to_mark",
    "next_sample", "previous_sample", "next_stop", "previous_stop", "next_change", "previous_change", "next_trouble",
    "previous_trouble", "stop", "watch", "remove", "edit", "sides", "enter", "only", "find", "next_find",
    "previous_find", "got", "next_pane", "previous_pane", "turn", "order", "filter", "copy", "save_table", "zoom",
    "layout", "scale", "up", "down", "left", "right", "page_up", "page_down", "home", "bottom", "theme", "numbers",
    "glyphs", "close", "reload", "lesson", "gallery", "lecture", "palette", "help", "interrupt", "quit", "where",
    "print"]
Act = Callable[[Session, str], object]


@dataclass(frozen=True)
class Question:
    """What a command asks for: its label, a hint, what stands there at first, and why it cannot be asked now."""

    label: str
    hint: str
    prefill: Callable[[Session], str] = lambda session: ""
    refusal: Callable[[Session], str] = lambda session: ""
    letter: bool = False                            # whether one letter is the whole answer
    names: bool = False                             # whether names of quantities are completed
    needed: Callable[[Session], bool] = lambda session: True    # whether it has to be asked here at all
    empty: bool = False                             # whether an empty line is an answer
    choices: Callable[[Session], str] = lambda session: ""      # in the place of the hint, where they are known


@dataclass(frozen=True)
class Command:
    """`keys` are Textual's names, the first being the one that is shown. Without `act` it is the screen's business.

    `takes` is what can be typed after it where there is no cursor, in place of what the cursor is on; `instead` is what
    to do there in the place of a command that only a screen has.
    """

    id: CommandId
    keys: str
    shown: str
    title: str
    help: str
    group: str
    act: Act | None = None
    asks: Question | None = None
    takes: str = ""
    instead: str = ""
