"""What the matrix is opened on: the tensor that the cursor of the pane with the focus is in."""

from __future__ import annotations

from ..engine.program import Var
from . import cursors, matrices
from .scene import Scene
from .session import Session, find_same, source
from .subject import subject


def show_matrix(session: Session) -> None:
    """Bring the matrix to the front, of what the cursor is on; if it has the focus already, turn to its next view."""
    if session.focus == "matrix":
        matrices.turn_view(session)
        return
    scene = Scene(session)
    program = scene.program
    var, element = _pointed(scene)
    found = find_same(program, source(var)) if var is not None else None
    if found is None or var is None:
        found, element = matrices.about(scene, program), None
    elif found.lane_size != var.lane_size:
        element = None
    matrices.show_of(session, found, element)
    cursors.show(session, "matrix")
    there = matrices.views(scene, found)
    if len(there) > 1:
        shown = matrices.field_of(scene, found, there[1], "rows")
        session.message = f"8 again: {matrices.title(session.namer, shown, program.cost.name)}."


def _pointed(scene: Scene) -> tuple[Var | None, int | None]:
    """The tensor that the cursor is in, and which of its elements; of a chain in which it was not moved, none."""
    session, found = scene.session, subject(scene)
    if found is None or found.place is None or (session.focus == "chain" and session.cursor["chain"] is None):
        return None, None
    return found.place.var, found.place.element
