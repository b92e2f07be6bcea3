"""A whole matrix to look at: what it is of, how it is laid out, which of its elements are made, the cursor in it.

The cursor is the flat index of an element, all samples together, whatever the layout. A layout is rows of indices: as
they stand, transposed, one row folded to a square, or the images that the numbers are. Elements that the position has
not reached are not in `Field.there`, and the scale is that of the others.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ...engine.program import Program, Var
from ...explain import notation
from ...explain.namer import Namer
from ...replay.meaning import Place
from ...scenario.errors import near_or_known, quoted
from ..scene import Scene
from ..state.looks import choose, look
from ..state.session import Session, find_same, source
from ..subject import Subject, parameter, scalar
from .lines import NOT_YET, line
from .pane import GoesOn, Pane, turn, turned_to

OF, LAYOUT = "matrix.of", "matrix.layout"
VIEWS = ("value", "derivative", "change")
LEAST_SQUARE = 16                                   # elements of a row that may be a picture
STEP = re.compile(r"\[\d+\]$")                       # of a sequence: its units are the same at each
WHOLE_FROM = 6, 12                                  # rows and columns from which there is more than a small pane shows


@dataclass(frozen=True, eq=False)
class Field:
    """One view of a variable: numbers, and whether the position has reached them, in the shape of its layout.

    `index` has the flat index of each cell, -1 where there is none (between two images).
    """

    var: Var
    view: str
    layout: str
    index: np.ndarray
    values: np.ndarray                              # flat; NaN as it was made
    there: np.ndarray                               # flat
    row: str                                        # what a row is, and a column
    column: str
    note: str = ""
    names: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())       # of the rows and of the columns; (): by number

    @cached_property
    def scale(self) -> float:
        """The largest size among what is made, of the whole variable."""
        made = np.abs(self.values[self.there & np.isfinite(self.values)])
        return float(made.max()) if made.size else 0.0

    def value(self, flat: int) -> float | None:
        return float(self.values[flat]) if self.there[flat] else None


def shown_of(scene: Scene) -> Var:
    """What the matrix is of: what was chosen, where this program has it; else what the position is about."""
    session = scene.session
    program, name = scene.program, look(session, OF)
    return next((v for v in candidates(program) if v.name == name), None) or about(scene, program)


def candidates(program: Program) -> list[Var]:
    """Everything that has more than one number to look at, and the rest after it."""
    every = dict.fromkeys((*program.parameters, *program.inputs, *(b.out for b in program.forward)))
    return [v for v in every if v.role != "setting"]


def about(scene: Scene, program: Program) -> Var:
    session = scene.session
    if session.followed is not None and (var := find_same(program, session.followed.var)) is not None:
        return var
    if session.position.value:
        block, _ = scene.times.locate(session.position.value)
        var = source(scene.times.blocks[block].out)
        if var in candidates(program):
            return var
    return scene.parameter(session.start)[0] if scene.parameter_count else candidates(program)[0]


# views

def views(scene: Scene, var: Var) -> list[str]:
    """Which views there are of a variable: its value; what it is derived to; how it changes."""
    program, times = scene.program, scene.times
    found = [VIEWS[0]]
    if _derivative(program, var) is not None:
        found.append(VIEWS[1])
    if var in program.nexts and any(b.phase == "update" for b in times.blocks):
        found.append(VIEWS[2])
    return found


def _derivative(program: Program, var: Var) -> Var | None:
    made = program.gradients.get(var) or next(
        (b.out for b in program.blocks if b.out.derivative_of is var), None)
    return made if made is not None and made.size == var.size else None


def turn_view(session: Session) -> None:
    """The next view of the same matrix."""
    scene = Scene(session)
    turn(session, "matrix", VIEWS, views(scene, shown_of(scene)))


def turn_layout(session: Session) -> None:
    """The next layout: transposed, whole, as images; what there is of them."""
    if session.focus != "matrix":
        session.message = "T turns the matrix, which 8 opens: of what the cursor is on."
        return
    scene = Scene(session)
    var = shown_of(scene)
    there, now = layouts(scene, var), look(session, LAYOUT)
    text = there[(there.index(now) + 1) % len(there)] if now in there else there[1 % len(there)]
    choose(session, LAYOUT, "" if text == there[0] else text)
    session.message = f"{LAYOUTS[text]} T turns on."


LAYOUTS = {"rows": "As it stands.", "columns": "Transposed.", "whole": "The whole: a cell is a block.",
           "image": "As an image."}


def layouts(scene: Scene, var: Var) -> list[str]:
    """The layouts of a variable, the first being the one that it has at first."""
    rows, columns = _table(var).shape
    images = _images(scene, var)
    found = [*(["image"] if images == "native" else []), "rows", "columns"]
    if rows > WHOLE_FROM[0] or columns > WHOLE_FROM[1]:
        found.append("whole")
    return [*found, *(["image"] if images == "row" else [])]


def _images(scene: Scene, var: Var) -> str:
    """Whether the numbers are images by their shape, or a row of them can be folded to one."""
    shape = var.lane_shape
    program = scene.program
    pictured = len(program.inputs[0].lane_shape) == 3
    if pictured and (len(shape) == 3 or (len(shape) == 4 and not var.lanes)) and min(shape[-2:]) > 1:
        return "native"
    width = _table(var).shape[1]
    square = width >= LEAST_SQUARE and math.isqrt(width) ** 2 == width
    if square and var is program.inputs[0] and len(shape) == 1:
        return "native"
    return "row" if square and ((len(shape) == 1 and var.lanes) or len(shape) == 2) else ""


def _table(var: Var) -> np.ndarray:
    """The flat indices as rows and columns."""
    if var.lanes and len(var.lane_shape) <= 1:      # a row a sample
        return np.arange(var.size).reshape(var.shape[0], -1)
    if len(var.shape) <= 1:
        return np.arange(var.size).reshape(1, -1)
    return np.arange(var.size).reshape(var.shape[0], -1) if not var.lanes else \
        np.arange(var.size).reshape(-1, var.shape[-1])


def _words(scene: Scene, var: Var) -> tuple[str, str]:
    """What a row and a column are."""
    program = scene.program
    kind = var.name.rpartition(".")[2]
    if var.lanes and len(var.lane_shape) <= 1:
        return "sample", "input" if var is program.inputs[0] else "output" if var.name == "targets" else "unit"
    if kind in ("weights", "query", "key", "value", "output") and len(var.shape) == 2 and not var.lanes:
        return "unit", "input"
    if kind == "recurrent_weights":
        return "unit", "unit before"
    return ("", "unit" if kind == "bias" else "number") if len(var.shape) < 2 else ("row", "column")


def _names(scene: Scene, var: Var) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the rows and columns of `_table` are called, where units and inputs have names: h1, h2 by i1, i2."""
    letters = var.letters[var.lanes:]
    if len(letters) > 2:
        return (), ()
    called = [_called(scene, letter, size) for letter, size in zip(letters, var.lane_shape, strict=True)]
    rows, columns = [(), (), *called][-2:]
    return rows, columns


def _called(scene: Scene, letter: str, size: int) -> tuple[str, ...]:
    """The names along an axis: those of the units that have it, or of the data."""
    program, namer = scene.program, scene.namer
    along = [v for v in (*(b.out for b in program.forward if b.phase == "forward"), *program.inputs)
             if v.letters[v.lanes:] == letter and v.elements is not None and v.lane_size == size]
    if not along:
        return ()
    units = (namer.of(along[0], n) if along[0].role == "data" else namer.unit(along[0], n) for n in range(size))
    return tuple(STEP.sub("", unit) for unit in units)


def field(scene: Scene) -> Field:
    """What the pane shows of its matrix."""
    session = scene.session
    var = shown_of(scene)
    there, view = views(scene, var), turned_to(session, "matrix", VIEWS)
    view = view if view in there else there[0]
    kinds, layout = layouts(scene, var), look(session, LAYOUT)
    layout = layout if layout in kinds else kinds[0]
    return field_of(scene, var, view, layout)


def field_of(scene: Scene, var: Var, view: str, layout: str) -> Field:
    """A view of a variable in a layout."""
    session = scene.session
    values, made = _numbers(scene, var, view)
    table, (row, column), note, names = _table(var), _words(scene, var), "", _names(scene, var)
    if var.lanes and len(var.lane_shape) > 1:       # one sample at a time
        each = table.shape[0] // var.shape[0]
        table = table[session.lane * each:(session.lane + 1) * each]
        note = f"sample {session.row()}"
    if layout == "columns":
        table, row, column, names = table.T, column, row, (names[1], names[0])
    elif layout == "image":
        (table, row, column, note), names = _picture(scene, var, table), ((), ())
    return Field(var, view, layout, table, values, made, row, column, note, names)


def _picture(scene: Scene, var: Var, table: np.ndarray) -> tuple[np.ndarray, str, str, str]:
    session = scene.session
    shape = var.lane_shape
    if len(shape) >= 3:
        first = session.lane * var.lane_size if var.lanes else 0
        images = (np.arange(var.lane_size) + first).reshape(shape[0] if len(shape) == 4 else 1, -1, *shape[-2:])
        if len(images) > 1:                         # kernels side by side, their channels below each other
            images = images.swapaxes(0, 1)
        edge = ((0, 0), (0, 1))
        rows = [np.concatenate([np.pad(each, edge, constant_values=-1) for each in line], axis=1)[:, :-1]
                for line in images]
        gap = np.full((1, rows[0].shape[1]), -1)
        stacked = np.concatenate([part for line in rows for part in (line, gap)])[:-1]
        count = images.shape[1]
        said = f"{count} kernel{'s' * (count > 1)}" if len(shape) == 4 else \
            f"sample {session.row()}, " + f"{count} of" * (count > 1)
        return stacked, "row", "column", f"{said.strip()} {shape[-2]} x {shape[-1]}"
    row, _ = np.argwhere(table == cursor(scene))[0]
    side = math.isqrt(table.shape[1])
    said = f"sample {session.run.rows(session.position.update)[row] + 1}" if var.lanes else f"row {row}"
    return table[row].reshape(side, side), "row", "column", f"{said} as {side} x {side}"


def _numbers(scene: Scene, var: Var, view: str) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of a view, and which of them the position has reached."""
    program, env = scene.program, scene.env
    if view == VIEWS[1]:
        made = _derivative(program, var)
        assert made is not None
        return np.ravel(env.array(made)), elements_reached(scene, made)
    if view == VIEWS[2]:
        after = program.nexts[var]
        with np.errstate(all="ignore"):
            return np.ravel(env.array(after)) - np.ravel(env.array(var)), elements_reached(scene, after)
    return np.ravel(env.array(var)), elements_reached(scene, var)


def elements_reached(scene: Scene, var: Var) -> np.ndarray:
    """Which elements of a variable are made at the position; all samples advance together."""
    session = scene.session
    program, times = scene.program, scene.times
    block = next((n for n, b in enumerate(times.blocks) if b.out is var), None)
    if block is None:
        return np.full(var.size, var not in program.made_by)
    value, inner = session.here
    done = value - (inner < times.stops(value)) - times.span(block)[0] + 1
    return np.tile(np.arange(var.lane_size) < done, var.size // var.lane_size)


# the cursor

def cursor(scene: Scene) -> int:
    """The element under the cursor: what was chosen; else what is followed or made, else the first."""
    session = scene.session
    var, chosen = shown_of(scene), session.cursor["matrix"]
    if chosen is not None and chosen < var.size:
        return chosen if not var.lanes or len(var.lane_shape) < 2 else var.flat(chosen % var.lane_size, session.lane)
    element = 0
    if session.followed is not None and session.followed.var.name == var.name:
        element = session.followed.element or 0
    elif session.position.value:
        block, at = scene.times.locate(session.position.value)
        out = scene.times.blocks[block].out
        element = at if source(out) is var and out.lane_size == var.lane_size else 0
    return var.flat(element, session.lane)


def _steer(session: Session, scene: Scene, rows: int, columns: int) -> bool:
    """Move over the cells; what is no cell is stepped over."""
    index = field(scene).index
    row, column = map(int, np.argwhere(index == cursor(scene))[0])
    height, width = index.shape
    row, column = (max(0, min(height - 1, row + rows)), max(0, min(width - 1, column + columns)))
    if index[row, column] < 0:
        row, column = row + (rows > 0) - (rows < 0), column + (columns > 0) - (columns < 0)
    session.cursor["matrix"] = int(index[row, column])
    session.message = ""
    return True


def named(scene: Scene, shown: Field, flat: int, short: bool = False) -> str:
    """The element under the cursor, as it is called; `short` is without its layer."""
    element, namer = flat % shown.var.lane_size, scene.namer
    namer = replace(namer, home=shown.var.name.split(".")[0]) if short else namer
    cost = scene.program.cost.name
    name = namer.derivative(cost, shown.var, element) if shown.view == VIEWS[1] else namer.of(shown.var, element)
    return f"{name} change" if shown.view == VIEWS[2] else name


def next_view(scene: Scene, shown: Field) -> str:
    """The view that the pane's own key turns to; nothing where there is no other."""
    there = views(scene, shown.var)
    return there[(there.index(shown.view) + 1) % len(there)] if len(there) > 1 else ""


def title(namer: Namer, shown: Field, cost: str) -> str:
    """The whole variable, as the view shows it."""
    name = {"inputs": "inputs x", "targets": "targets t"}.get(shown.var.name, shown.var.name)
    return {VIEWS[0]: name, VIEWS[1]: f"∂{cost}/∂{name}", VIEWS[2]: f"{name}, change"}[shown.view]


def _show(session: Session, scene: Scene, pointed: Subject | None) -> None:
    """Make it one of the tensor that the cursor is in, else of what the position is about."""
    program = scene.program
    place = pointed.place if pointed is not None and not pointed.by_itself else None
    found, element = (find_same(program, source(place.var)), place.element) if place is not None else (None, None)
    if found is None or place is None:
        found, element = about(scene, program), None
    elif found.lane_size != place.var.lane_size:
        element = None
    if element is None and session.followed is not None and session.followed.var.name == found.name:
        element = session.followed.element
    for what, text in ((OF, found.name), ("view.matrix", ""), (LAYOUT, "")):
        choose(session, what, text)
    session.cursor["matrix"] = found.flat(element, session.lane) if element and element < found.lane_size else None
    there = views(scene, found)
    if len(there) > 1:
        shown = field_of(scene, found, there[1], "rows")
        session.message = f"8 again: {title(session.namer, shown, program.cost.name)}."


# the pane

def _subject(scene: Scene, n: int) -> Subject:
    var = shown_of(scene)
    if var.role != "parameter":
        return scalar(scene, var, n % var.lane_size)
    itself = parameter(scene, var, n % var.lane_size)
    return itself if turned_to(scene.session, "matrix", VIEWS) == "derivative" else replace(itself, beside=None)


def _enter(session: Session, scene: Scene, n: int) -> None:
    var = shown_of(scene)
    session.lane = n // var.lane_size if var.lanes else session.lane
    session.follow(Place(var, n % var.lane_size))


TYPED = {"grad": "derivative", "change": "change"}


def lines(scene: Scene, text: str, goes_on: GoesOn) -> Iterator[str]:
    """All of a tensor, a row a line: `hidden.weights`, `hidden.weights.grad`, `hidden.weights.change`."""
    session = scene.session
    program = scene.program
    name, _, part = text.strip().rpartition(".")
    view = TYPED.get(part, "value")
    name = name if part in TYPED else text.strip()
    var = (program.variables.get(name) or program.symbols.get(name)) if name else shown_of(scene)
    if var is None or var not in candidates(program):
        known = near_or_known(name, [v.name for v in candidates(program)])
        yield line(f"{quoted(text)} is no tensor of {session.run.scenario.name}{known}.")
        return
    if view not in views(scene, var):
        yield line(f"{name} has no {part} in this update.")
        return
    shown = field_of(scene, var, view, "rows")
    names, columns = shown.names
    across = f"a column per {shown.column} ({', '.join(columns) if columns else shown.index.shape[1]})"
    yield line(title(scene.namer, shown, program.cost.name),
               f"a row per {shown.row} ({len(shown.index)}), {across}" if shown.row else across, shown.note)
    signed = view != "value"
    for n, row in enumerate(shown.index.tolist()):
        values = [shown.value(flat) for flat in row]
        nine = notation.plain(values)
        label = session.run.rows(session.position.update)[n] + 1 if shown.row == "sample" else names[n] if names else n
        numbers = " ".join(notation.PENDING if v is None else notation.number(v, signed, nine) for v in values)
        yield line(f"{shown.row or 'row'} {label}", numbers if any(v is not None for v in values) else NOT_YET)


PANE = Pane("matrix", "8", "8", "Matrix", "all of a tensor at once, as a heat map", "left", low=True, views=VIEWS,
            turn=turn_view, show=_show, rows=lambda scene: shown_of(scene).size, default=cursor, subject=_subject,
            enter=_enter, steer=_steer, lines=lines,
            takes="a tensor, as hidden.weights, hidden.weights.grad or hidden.weights.change")
