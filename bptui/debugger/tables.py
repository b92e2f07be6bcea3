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

from ..engine.program import Var
from ..engine.scalars import unravel
from ..explain import notation
from ..explain.marks import Printed
from ..explain.namer import quantity_text
from ..replay.places import write_position
from ..replay.stops import write_stop
from ..replay.timeline import Position
from . import stopping, watching
from .scene import Scene
from .session import Session

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


def _parts(named: Sequence[tuple[Var, tuple[tuple[Var, ...], ...], str]]) -> list[Part]:
    """Parts one after another, from (variable, sources, note)."""
    found: list[Part] = []
    first = 0
    for var, sources, note in named:
        found.append(Part(first, var, sources, note))
        first += var.lane_size
    return found


def gradient_title(scene: Scene) -> str:
    """What the derivatives of the parameters are called: what an optimizer is given may be no derivative."""
    session = scene.session
    program = scene.program
    given = session.run.scenario.training.update_order == "in_place" or any(
        g.role != "adjoint" for g in program.gradients.values())
    return ".grad" if given else f"∂{program.cost.name}/∂w"


def parameters(scene: Scene) -> Table:
    """Each parameter with its value, derivative, change and next value."""
    session = scene.session
    program, model = scene.program, session.run.model_at(session.position.update)
    times = scene.times
    made = {b.out for b in times.blocks}
    named: list[tuple[Var, tuple[tuple[Var, ...], ...], str]] = []
    for var in scene.tensors:
        gradient, after = ((v,) if v in made and v is not None else () for v in (
            program.gradients.get(var), program.nexts.get(var)))
        note = "" if var in program.gradients else "not in this update" if model.trained(var.name) else "not trained"
        named.append((var, ((var,), gradient, (*after, var) if after else (), after), note))
    columns = (Column("value", "value"), Column("grad", gradient_title(scene), signed=True),
               Column("change", "change", signed=True), Column("next", "next"))
    return Tensors(scene, "parameters", _parts(named)).table("Parameters", columns)


def values(scene: Scene) -> Table:
    """Every value of this update, in the order in which it is made."""
    named = [(b.out, ((b.out,),), "") for b in scene.times.blocks]
    return Tensors(scene, "values", _parts(named)).table("Values", (Column("value", "value"),))


def adjoint_blocks(scene: Scene) -> list[tuple[Var, Var]]:
    """Every derivative that this update makes, in the order of the way back, with what it is a derivative by."""
    return [(b.out, b.out.derivative_of) for b in scene.times.blocks if b.out.derivative_of is not None]


def adjoints(scene: Scene) -> Table:
    """Every ∂E/∂x that this update makes, with x beside it, in the order of the way back."""
    cost = scene.program.cost.name
    named = [(out, ((of,) if of.lane_size == out.lane_size else (), (out,)), "")
             for out, of in adjoint_blocks(scene)]
    columns = (Column("x", "x"), Column("grad", f"∂{cost}/∂x", signed=True))
    return Tensors(scene, "adjoints", _parts(named)).table("Adjoints", columns, 1)


def adjoint(scene: Scene, row: int) -> tuple[Var, int]:
    """The row-th derivative of the list: (variable, element)."""
    for out, _ in adjoint_blocks(scene):
        if row < out.lane_size:
            return out, row
        row -= out.lane_size
    raise IndexError(row)


def adjoint_row(scene: Scene, value: int) -> int:
    """The row of the derivative that is value number `value`, or of the last one before it."""
    before = 0
    for n, block in enumerate(scene.times.blocks):
        if block.out.derivative_of is None:
            continue
        first, last = scene.times.span(n)
        if value <= last:
            return max(0, before + max(value - first, -1))
        before += block.out.lane_size
    return max(0, before - 1)


def adjoint_now(scene: Scene) -> int | None:
    """The row of the derivative that is made here, or in the making."""
    session = scene.session
    value = session.position.value
    if not value or scene.times.blocks[scene.times.locate(value)[0]].out.derivative_of is None:
        return None
    return adjoint_row(scene, value)


# lists: a few rows, each worked out when it is asked for

def _listed(title: str, head: str, columns: tuple[Column, ...], count: int, row: Callable[[int], Row],
            typed: Callable[[int], str] | None = None, stamp: tuple[Any, ...] = (), main: int | None = 0) -> Table:
    def names() -> list[str]:
        return [row(n).name for n in range(count)]

    def whole(column: int) -> Whole:
        cells = [row(n).cells[column] for n in range(count)]
        made = np.array([isinstance(c, float) for c in cells], bool)
        return Whole(np.array([c if isinstance(c, float) else np.nan for c in cells]), made)
    return Table(title, head, columns, count, row, typed or (lambda n: row(n).name), names, whole, stamp, main=main)


def figures(scene: Scene) -> list[Printed]:
    """What the source prints, of which the list of printed figures is made."""
    return [p for p in scene.marks.printed if p.claim.value is not None]


def printed(scene: Scene) -> Table:
    """The figures that the source prints, and ours once they are made."""
    session = scene.session
    found = figures(scene)

    def row(n: int) -> Row:
        figure = found[n]
        name = figure.claim.what if not figure.claim.after else f"{figure.claim.what} after {figure.claim.after}"
        if figure.made > session.position:
            return Row(notation.readable(name), (None, None, None))
        result = scene.marks.result(figure)
        here = result.computed if isinstance(result.computed, float) else None
        return Row(notation.readable(name), (figure.claim.value, here, result.verdict))
    columns = (Column("printed", "printed", number=False), Column("here", "here"),
               Column("verdict", "verdict", number=False))
    return _listed("Printed", "quantity", columns, len(found), row, main=1)


def _plain(value: Any) -> Cell:
    """A number as it is; a tensor, or yes and no, as text."""
    return value if value is None else notation.value(value) if np.ndim(value) or isinstance(value, bool) else \
        float(value)


def _watched(name: str, each: watching.Watched) -> Row:
    if each.fault:
        return Row(name, (None, None), each.fault)
    return Row(name, (_plain(each.value), each.change))


WATCHED = (Column("value", "value"), Column("change", "change", signed=True))


def watches(scene: Scene) -> Table:
    """Each watch with its value here, and its change since it was made before."""
    session = scene.session
    def row(n: int) -> Row:
        return _watched(notation.readable(session.watches[n]), watching.here(session, session.watches[n]))
    return _listed("Watches", "quantity", WATCHED, len(session.watches), row, lambda n: session.watches[n],
                   tuple(session.watches))


def stops(scene: Scene) -> Table:
    """Each stop: on or off, what it stops at, and how many hits it has."""
    session = scene.session
    numbers = list(session.stops)

    def row(n: int) -> Row:
        each, found = session.stops[numbers[n]], stopping.hits(session, numbers[n])
        how = "does not fit" if each.fault else "off" if not each.enabled else "on"
        return Row(stopping.title(session, numbers[n]),
                   (float(numbers[n]), how, None if found is None else float(found.count)))
    columns = (Column("number", "number"), Column("state", "state", number=False), Column("hits", "hits"))
    return _listed("Stops", "stop", columns, len(numbers), row, lambda n: write_stop(session.stops[numbers[n]].stop),
                   tuple((n, str(each), stopping.counts(session, n)) for n, each in session.stops.items()), main=None)


def hits(scene: Scene) -> Table:
    """The hits of a stop with what it logs; or what a watch was after each update so far."""
    session = scene.session
    count, of = listed_count(session), session.listed
    if isinstance(of, str):
        return _listed(notation.readable(of), "after", WATCHED, count, lambda n: _watched(
            f"after {n:,}", watching.history(session, of, n)), str, (of, count))
    log = (session.stops[of].stop.log or ()) if of in session.stops else ()

    def row(n: int) -> Row:
        at = listed_at(session, n)
        assert at is not None
        if at > session.position:
            return Row(write_position(session.run, at), (None,) * len(columns))
        if not log:
            found = stopping.made_at(session, at)
            return Row(write_position(session.run, at), (None if found is None else found[1],))
        if at.update == session.position.update:    # it may log what is made later
            logged = (_plain(watching.here(session, text).value) for text in log)
            return Row(write_position(session.run, at), tuple(logged))
        return Row(write_position(session.run, at), tuple(map(_plain, stopping.evaluated(session, of, at))))
    columns = tuple(Column(text, notation.readable(text)) for text in log) or (Column("value", "value"),)
    return _listed(f"Hits of stop {of}", "position", columns, count, row, stamp=(of, count))


def listed_count(session: Session) -> int:
    """The rows of the list of hits: of a stop, as far as they are found; of a watch, the updates so far."""
    if isinstance(session.listed, str):
        return session.position.update + 1
    found = stopping.hits(session, session.listed)
    return found.count if found is not None else 0


def listed_rank(session: Session) -> int:
    """The row, from 1, that the position has reached."""
    if isinstance(session.listed, str):
        return session.position.update + 1
    found = stopping.hits(session, session.listed)
    return found.rank(session.position) if found is not None else 0


def listed_at(session: Session, row: int) -> Position | None:
    """Where a row of the list of hits is."""
    if isinstance(session.listed, str):
        return Position(row)
    found = stopping.hits(session, session.listed)
    return found.nth(row + 1) if found is not None and row < found.count else None
