"""The list of watches: each with its value here, and its change since it was made before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...engine.program import Var
from ...explain import notation
from ...replay import places
from ...replay.meaning import Place, meaning
from ...replay.places import write_position
from ...scenario.errors import ExpressionError, QuantityError
from ...scenario.expression import read_quantity
from ..scene import Scene
from ..state import watches as watches_state
from ..state.session import Session
from ..subject import Subject, parameter, scalar
from .lines import line, watched_fields
from .pane import GoesOn, Pane, TableOf
from .table import WATCHED, Row, Table, few_rows, watched_row
from .view import shown_rows


def watches(scene: Scene) -> Table:
    """Each watch with its value here, and its change since it was made before."""
    session = scene.session
    def row(n: int) -> Row:
        return watched_row(notation.readable(session.watches[n]), watches_state.here(session, session.watches[n]))
    return few_rows("Watches", "quantity", WATCHED, len(session.watches), row, lambda n: session.watches[n],
                   tuple(session.watches))


def _subject(scene: Scene, n: int) -> Subject:
    session = scene.session
    text = session.watches[n]
    here = watches_state.here(session, text).value
    value = here if isinstance(here, float) else None
    place = _place(scene, text)
    if place is None or not place.scalar:           # an expression or a whole tensor
        return Subject(notation.readable(text), value, text, place)
    of = parameter if place.var.role == "parameter" else scalar
    itself = of(scene, place.var, place.element or 0)
    return replace(itself, name=notation.readable(text), value=value, quantity=text, beside=None)


def _place(scene: Scene, text: str) -> Place | None:
    """What a watch is of, in this update; None for an expression, and for another update's."""
    program = scene.program
    try:
        found = meaning(scene.session.run, program, read_quantity(text))
    except (ExpressionError, QuantityError):
        return None
    if found is None:
        return None
    var: Var | None = found.place.var
    if found.kind == "derivative":
        block = places.own(scene.times, found)
        var = block.out if block is not None else None
    elif found.kind != "value":
        var = {"grad": program.gradients, "next": program.nexts}.get(found.kind, {}).get(found.place.var)
    return Place(var, found.place.element) if var is not None else None


def lines(scene: Scene, text: str, goes_on: GoesOn) -> Iterator[str]:
    """Each watch with its value here, and its change since it was made before."""
    session = scene.session
    if not session.watches:
        yield "Nothing is watched yet: w d(E, w5) watches that."
    for watched in (session.watches[n] for n in shown_rows(scene, "watches", watches)):
        yield line(write_position(session.run, session.position), *watched_fields(watches_state.here(session, watched)))


def _enter(session: Session, scene: Scene, n: int) -> None:
    session.list_hits(session.watches[n])


PANE = Pane("watches", "", "W", "Watches", "the list; Enter lists what one was", "right",
            rows=TableOf(watches), default=lambda scene: 0, subject=_subject, enter=_enter, remove=watches_state.remove,
            lines=lines)
