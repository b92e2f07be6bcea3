"""What the cursor of a pane is on. Every command that is about "this" reads it here, so that all mean the same.

A pane says what a row of it is; what `y`, `i`, `w`, `b`, `v`, `e`, `t`, `8` and Enter make of that is said once, by
each of them, and holds for every pane. A pane without an entry has rows that are no values: the commands refuse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..engine.program import Var
from ..explain import notation
from ..explain.namer import quantity_text
from ..replay import places
from ..replay.meaning import Place, meaning
from ..replay.stops import write_stop
from ..replay.timeline import Position
from ..scenario.errors import ExpressionError, QuantityError
from ..scenario.expression import read_quantity
from . import cursors, gradients, looks, matrices, plotting, stopping, tables, watching
from .program import program_entries
from .scene import Scene
from .session import source

PARTS = ("factor", "path", "term", "rest")    # rows of the chain that are parts of a value
EDITED = ("parameter", "data", "noise")


@dataclass(frozen=True)
class Subject:
    """One value: how it is called, and what the commands about it need. Empty or None: nothing to give them."""

    name: str                                       # as the screen has it
    value: float | None = None                      # None: the position has not reached it
    quantity: str = ""                              # as it is typed; of any update, so it can be watched
    place: Place | None = None                      # what Enter follows, and the tensor that 8 opens
    at: Position | None = None                      # where it is made, for t
    edited: str = ""                                # what e gives another value
    beside: Subject | None = None                   # what a typed number is compared with, where that is another value
    stop: str = ""                                  # of a stop: as it is typed
    part: bool = False                              # a factor, a term or a path: no value of its own
    count: int = 1                                  # of a line of the program: how many values it makes, this one first

    @property
    def compared(self) -> Subject:
        return self.beside or self


def scalar(scene: Scene, var: Var, element: int) -> Subject:
    """One value of this update, of the selected sample."""
    session = scene.session
    explainer, times = scene.explainer, scene.times
    program, cell = explainer.program, (var, var.flat(element, session.lane))
    made_here = var not in program.made_by or explainer.has(var)
    reached = explainer.made(cell) <= session.here and made_here
    block = next((n for n, each in enumerate(times.blocks) if each.out is var), None)
    number = times.number(block, element) if block is not None else None
    of = source(var)
    return Subject(
        name=explainer.title(cell),
        value=explainer.reader.value(cell) if reached else None,
        quantity=quantity_text(program, scene.namer, var, element),
        place=Place(var, element),
        at=Position(session.position.update, number, times.stops(number)) if number is not None else None,
        edited=quantity_text(program, scene.namer, of, element) if of.role in EDITED else "",
    )


def numbered(scene: Scene, number: int) -> Subject:
    """A value of this update by its number, from 1."""
    block, element = scene.times.locate(number)
    return scalar(scene, scene.times.blocks[block].out, element)


def parameter(scene: Scene, var: Var, element: int) -> Subject:
    """Itself. `t` runs to where its derivative is made, and with that a typed number is compared."""
    given = scene.program.gradients.get(var)
    adjoint = scene.explainer.adjoint_of(var)
    at = scalar(scene, adjoint, element).at if adjoint is not None else None
    beside = scalar(scene, given, element) if given is not None else None
    return replace(scalar(scene, var, element), at=at, beside=beside)


# one function a pane

def _chain(scene: Scene, n: int) -> Subject | None:
    """The row under the cursor; before the cursor was moved, the last that is made."""
    session = scene.session
    chain = scene.chain
    if chain is None or not chain.rows or session.untouched:
        return None
    made = [row for row in chain.rows if row.value is not None and row.made <= session.here]
    row = chain.rows[min(n, len(chain.rows) - 1)]
    if session.cursor["chain"] is None and row not in made and made:
        row = made[-1]
    if row.kind == "note":
        return None
    value, inner = row.made
    times, at = scene.times, None
    if 0 < value <= times.count:
        at = Position(session.position.update, value, min(inner, times.stops(value)))
    if row.cell is None:
        return Subject(row.name, row.value if row in made else None, at=at)
    var, element = row.cell[0], row.cell[1] % row.cell[0].lane_size
    if row.kind in PARTS or var not in scene.explainer.program.made_by:
        typed = row.kind == "factor" and " " not in "".join(row.key)
        quantity = f"d({row.key[1]}, {row.key[2]})" if typed else ""
        return Subject(row.name, row.value if row in made else None, quantity, Place(var, element), at, part=True)
    return replace(scalar(scene, var, element), at=at)


def _program(scene: Scene, n: int) -> Subject | None:
    entry = program_entries(scene)[n]
    if entry.heading:
        return None
    return replace(numbered(scene, entry.number), count=int(entry.count or 1))


def _matrix(scene: Scene, n: int) -> Subject:
    session = scene.session
    var = matrices.subject(scene)
    if var.role != "parameter":
        return scalar(scene, var, n % var.lane_size)
    itself = parameter(scene, var, n % var.lane_size)
    return itself if looks.look(session, "view.matrix") == "derivative" else replace(itself, beside=None)


def _printed(scene: Scene, n: int) -> Subject:
    session = scene.session
    figure = tables.figures(scene)[n]
    what, value = figure.claim.what, None
    if figure.made <= session.position:
        value = scene.marks.result(figure).computed
    return Subject(notation.readable(what), value if isinstance(value, float) else None, what, at=figure.made)


def _watch(scene: Scene, n: int) -> Subject:
    session = scene.session
    text = session.watches[n]
    here = watching.here(session, text).value
    value = here if isinstance(here, float) else None
    place = _watched(scene, text)
    if place is None or not place.scalar:           # an expression or a whole tensor
        return Subject(notation.readable(text), value, text, place)
    of = parameter if place.var.role == "parameter" else scalar
    itself = of(scene, place.var, place.element or 0)
    return replace(itself, name=notation.readable(text), value=value, quantity=text, beside=None)


def _watched(scene: Scene, text: str) -> Place | None:
    """What a watch is of, in this update; None for an expression, and for another update's."""
    session = scene.session
    program, times = scene.program, scene.times
    try:
        found = meaning(session.run, program, read_quantity(text))
    except (ExpressionError, QuantityError):
        return None
    if found is None:
        return None
    var: Var | None = found.place.var
    if found.kind == "derivative":
        block = places.own(times, found)
        var = block.out if block is not None else None
    elif found.kind != "value":
        var = {"grad": program.gradients, "next": program.nexts}.get(found.kind, {}).get(found.place.var)
    return Place(var, found.place.element) if var is not None else None


def _plot(scene: Scene, update: int) -> Subject:
    session = scene.session
    chart = next(iter(plotting.charts(session)), None)
    if chart is None:
        return Subject("This update", at=Position(update))
    value = plotting.value_at(session, chart.text, update)
    return Subject(f"{chart.name} after {notation.counted(update, 'update')}", value, chart.text, at=Position(update))


def _gradient(scene: Scene, n: int) -> Subject:
    row, update = gradients.rows(scene)[n], gradients.told(scene)
    return Subject(
        name=f"norm of {row.name}'s gradient",
        value=gradients.size(scene, row, update),
        quantity=row.text,
        place=gradients.largest(scene, row),
        at=gradients.where(scene, row, update),
    )


def _stop(scene: Scene, n: int) -> Subject:
    session = scene.session
    number = list(session.stops)[n]
    return Subject(stopping.title(session, number), stop=write_stop(session.stops[number].stop))


SUBJECTS: dict[str, Callable[[Scene, int], Subject | None]] = {
    "chain": _chain,
    "program": _program,
    "matrix": _matrix,
    "printed": _printed,
    "watches": _watch,
    "loss": _plot,
    "gradients": _gradient,
    "parameters": lambda scene, n: parameter(scene, *scene.parameter(n)),
    "network": lambda scene, n: scalar(scene, *cursors.nodes(scene)[n]),
    "values": lambda scene, n: numbered(scene, n + 1),
    "adjoints": lambda scene, n: scalar(scene, *tables.adjoint(scene, n)),
    "stops": _stop,
    "hits": lambda scene, n: Subject("This hit", at=tables.listed_at(scene.session, n)),
}


def subject(scene: Scene) -> Subject | None:
    """What the cursor of the pane with the focus is on; None where its rows are no values, or it has none."""
    session = scene.session
    pane = session.focus if session.focus in (*session.shown, "program") else "chain"
    if pane not in SUBJECTS or (pane != "chain" and not cursors.length(scene, pane)):
        return None
    return SUBJECTS[pane](scene, cursors.at(scene, pane))
