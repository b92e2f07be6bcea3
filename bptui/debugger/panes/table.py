"""Tables: what the panes list, as records of one shape. Painters, files and the clipboard all read these.

A table is asked only for the rows that are drawn. A whole column comes as an array where it can, for ordering and
filtering, with which of its rows are made: what the position has not reached is in no table.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from ...engine.program import Var
from ...engine.scalars import unravel
from ...explain import notation
from ...explain.namer import quantity_text
from ..scene import Scene
from ..state import watches

Cell = float | str | None                           # None: the position has not reached it, or there is none
MOST_WORKED_OUT = 2000                              # rows of a list whose numbers are each worked out when asked for


@dataclass(frozen=True)
class Column:
    """`word` is how a person types it. `turned`: whether `O` comes by it; a hundred inputs are only typed."""

    word: str
    title: str
    signed: bool = False
    number: bool = True
    turned: bool = True


@dataclass(frozen=True)
class Whole:
    """A column: its values, and which of them are made."""

    values: np.ndarray
    made: np.ndarray


@dataclass(frozen=True)
class Row:
    """`name` as it is shown. A `note` stands in place of cells that this update never makes."""

    name: str
    cells: tuple[Cell, ...]
    note: str = ""

    @property
    def numbers(self) -> tuple[float | None, ...]:
        return tuple(c if isinstance(c, float) else None for c in self.cells)


@dataclass(frozen=True)
class Table:
    """`typed` is a row as a person types it; `head` says what that is. `stamp` changes when a list does.

    `main` is the column of the number that a row is named for: of most its own name says it `alone`. None: a row is
    named for what is typed.
    """

    title: str
    head: str
    columns: tuple[Column, ...]
    rows: int
    row: Callable[[int], Row]
    typed: Callable[[int], str]
    names: Callable[[], Sequence[str]]
    whole: Callable[[int], Whole]
    stamp: tuple[Any, ...] = ()
    every_typed: Callable[[], Sequence[str]] | None = None      # all at once, where columns come as arrays too
    main: int | None = 0
    alone: bool = True


# tables of tensors: a part is the rows of one variable

@dataclass(frozen=True)
class Part:
    """The rows from `first` on are the elements of `named`. A column is a variable, the difference of two, or none."""

    first: int
    named: Var
    sources: tuple[tuple[Var, ...], ...]
    note: str = ""


def counted(scene: Scene) -> Callable[[Var], int]:
    """How many elements of a variable are made here, in each sample."""
    session = scene.session
    times, program, here = scene.times, scene.program, session.position
    done = here.value - (here.inner < times.stops(here.value))
    spans = {block.out: times.span(n) for n, block in enumerate(times.blocks)}

    def count(var: Var) -> int:
        if var in spans:
            return max(0, min(var.lane_size, done - spans[var][0] + 1))
        if var not in program.made_by:
            return var.lane_size
        home = program.home_of.get(var)             # made on the way to a written line
        return var.lane_size if home is not None and home < len(times.blocks) and times.span(home)[1] <= done else 0
    return count


class Tensors:
    """The rows of a table whose columns are variables of this update, of the selected sample."""

    def __init__(self, scene: Scene, pane: str, parts: Sequence[Part]) -> None:
        self.scene, self.session, self.pane, self.parts = scene, scene.session, pane, parts
        self.starts = [p.first for p in parts]
        self.rows = parts[-1].first + parts[-1].named.lane_size if parts else 0
        self.made = counted(scene)
        self.env = scene.env

    def find(self, row: int) -> tuple[Part, int]:
        part = self.parts[bisect_right(self.starts, row) - 1]
        return part, row - part.first

    def row(self, row: int) -> Row:
        part, element = self.find(row)
        return Row(self.scene.namer.of(part.named, element), tuple(self._cell(s, element) for s in part.sources),
                   part.note)

    def _cell(self, source: tuple[Var, ...], element: int) -> float | None:
        if not source or any(element >= self.made(v) for v in source):
            return None
        first, *rest = (self.env.scalar((v, v.flat(element, self.session.lane))) for v in source)
        return first - rest[0] if rest else first

    def typed(self, row: int) -> str:
        part, element = self.find(row)
        return quantity_text(self.scene.program, self.scene.namer, part.named, element)

    def names(self) -> Sequence[str]:
        """The names of all rows: the same in every update of a program, so they are kept."""
        program, kept = self.scene.program, self.session.names
        if self.pane not in kept or kept[self.pane][0] != (program, self.rows):
            of = self.scene.namer.of
            kept[self.pane] = (program, self.rows), [name for p in self.parts
                                                     for name in spelled(p.named, partial(of, p.named))]
        return kept[self.pane][1]

    def every_typed(self) -> list[str]:
        """All rows as a person types them."""
        program, namer = self.scene.program, self.scene.namer
        return [name for p in self.parts
                for name in spelled(p.named, partial(quantity_text, program, namer, p.named))]

    def whole(self, column: int) -> Whole:
        values, made = np.full(self.rows, np.nan), np.zeros(self.rows, bool)
        for part in self.parts:
            source = part.sources[column]
            count = min(map(self.made, source), default=0)
            if count:
                first, *rest = (self._lane(v)[:count] for v in source)
                with np.errstate(all="ignore"):
                    values[part.first:part.first + count] = first - rest[0] if rest else first
                made[part.first:part.first + count] = True
        return Whole(values, made)

    def _lane(self, var: Var) -> np.ndarray:
        array = self.env.array(var)
        return (array[self.session.lane] if var.lanes else array).reshape(-1)

    def table(self, title: str, columns: tuple[Column, ...], main: int = 0) -> Table:
        return Table(title, "quantity", columns, self.rows, self.row, self.typed, self.names, self.whole,
                     every_typed=self.every_typed, main=main)


def spelled(var: Var, name: Callable[[int], str]) -> list[str]:
    """The names of all elements of a variable: where they differ by their index alone, a hundred times as quickly."""
    count, shape = var.lane_size, var.lane_shape
    if var.elements is None and count > 1:
        first, last = ("[" + ",".join(map(str, unravel(e, shape))) + "]" for e in (0, count - 1))
        before, _, after = name(0).rpartition(first)
        if name(0).count(first) == 1 and name(count - 1) == f"{before}{last}{after}":
            indices = product(*([str(i) for i in range(n)] for n in shape))
            return [f"{before}[{','.join(index)}]{after}" for index in indices]
    return [name(e) for e in range(count)]


def parts_of(named: Sequence[tuple[Var, tuple[tuple[Var, ...], ...], str]]) -> list[Part]:
    """Parts one after another, from (variable, sources, note)."""
    found: list[Part] = []
    first = 0
    for var, sources, note in named:
        found.append(Part(first, var, sources, note))
        first += var.lane_size
    return found


# lists: a few rows, each worked out when it is asked for

def few_rows(title: str, head: str, columns: tuple[Column, ...], count: int, row: Callable[[int], Row],
             typed: Callable[[int], str] | None = None, stamp: tuple[Any, ...] = (), main: int | None = 0) -> Table:
    def names() -> list[str]:
        return [row(n).name for n in range(count)]

    def whole(column: int) -> Whole:
        cells = [row(n).cells[column] for n in range(count)]
        made = np.array([isinstance(c, float) for c in cells], bool)
        return Whole(np.array([c if isinstance(c, float) else np.nan for c in cells]), made)
    return Table(title, head, columns, count, row, typed or (lambda n: row(n).name), names, whole, stamp, main=main)


def cell(value: Any) -> Cell:
    """A number as it is; a tensor, or yes and no, as text."""
    return value if value is None else notation.value(value) if np.ndim(value) or isinstance(value, bool) else \
        float(value)


def watched_row(name: str, each: watches.Watched) -> Row:
    """A watch, or what it was: its value, and the change since it was made before."""
    if each.fault:
        return Row(name, (None, None), each.fault)
    return Row(name, (cell(each.value), each.change))


WATCHED = (Column("value", "value"), Column("change", "change", signed=True))
