"""What the cursor of a pane is on. Every command that is about "this" reads it here, so that all mean the same.

A pane says what a row of it is (`panes/`); what `y`, `i`, `w`, `b`, `v`, `e`, `t`, `8` and Enter make of that is said
once, by each of them, and holds for every pane. Here is how one scalar of a scene is made into one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..engine.program import Var
from ..explain.namer import quantity_text
from ..replay.meaning import Place
from ..replay.timeline import Position
from .scene import Scene
from .state.session import source

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
    by_itself: bool = False                         # no arrow led here: 8 opens what the position is about
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
