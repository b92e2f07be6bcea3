"""What a pane is: one record. Its order, its filter, its cursor, copying, files and lines of text follow from it.

A pane says what its rows are, where its cursor stands by itself and what a row is; the rest has a default, or is for
the few panes that do something of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..scene import Scene
from ..state.looks import choose, look
from ..state.session import Session
from ..subject import Subject
from .ids import PaneId
from .table import Table

Side: TypeAlias = Literal["above", "left", "right"]
GoesOn: TypeAlias = Callable[[str], bool]           # told what is being done; False stops it
Lines: TypeAlias = Callable[[Scene, str, GoesOn], Iterable[str]]
SLICE = 0.05                                        # seconds of work between two looks whether it shall go on


@dataclass(frozen=True)
class TableOf:
    """The rows of a pane that is a table: it is ordered, filtered, copied and saved."""

    make: Callable[[Scene], Table]


@dataclass(frozen=True)
class Pane:
    """`side` is where it stands under the chain. Its key, pressed again in the pane, turns to the next of `views`."""

    id: PaneId
    key: str                                        # Textual's name of the key; none: it is opened by another command
    shown: str
    title: str
    help: str
    side: Side
    rows: TableOf | Callable[[Scene], int]          # a table; or how many rows there are
    default: Callable[[Scene], int]                 # where the cursor stands until an arrow is pressed
    subject: Callable[[Scene, int], Subject | None]     # None: its rows are no values; `refusal` says what they are
    low: bool = False                               # where a side has room for two, whether it is the lower of them
    views: tuple[str, ...] = ()
    turn: Callable[[Session], None] | None = None   # its key, pressed again; None: the next of its views
    show: Callable[[Session, Scene, Subject | None], None] | None = None    # its key: it is of what the cursor is on
    refusal: str = ""
    enter: Callable[[Session, Scene, int], None] | None = None      # None: what the row is about is followed
    enter_empty: Callable[[Session], None] | None = None            # where it has no rows
    remove: Callable[[Session, int], None] | None = None            # what D does to a row
    switch: Callable[[Session, int], None] | None = None            # what o does to a row
    steer: Callable[[Session, Scene, int, int], bool] | None = None     # rows and columns; False: as in any list
    clears_on_step: bool = False                    # whether a step takes its cursor back to the position
    lines: Lines | None = None                      # without a screen. None: the rows of its table
    takes: str = ""                                 # typed after its name there; else a text that its lines have
    work: Callable[[Session, float], bool] | None = None    # what is worked out only in sight; False when all is done


def turned_to(session: Session, pane: PaneId, views: tuple[str, ...]) -> str:
    """The view that a pane is turned to, by default the first."""
    chosen = look(session, f"view.{pane}")
    return chosen if chosen in views else views[0]


def turn(session: Session, pane: PaneId, views: tuple[str, ...], there: Sequence[str] = ()) -> None:
    """Turn a pane to its next view, of those that are `there`."""
    there, now = there or views, turned_to(session, pane, views)
    wanted = there[(there.index(now) + 1) % len(there)] if now in there else there[0]
    choose(session, f"view.{pane}", "" if wanted == views[0] else wanted)
