"""What the matrix is opened on: the tensor that the cursor of the pane with the focus is in."""

from __future__ import annotations

from ..engine.program import Var
from . import cursors, matrices
from .session import Session, find_same, source


def show_matrix(session: Session) -> None:
    """Bring the matrix to the front, of what the cursor is on; if it has the focus already, turn to its next view."""
    if session.focus == "matrix":
        matrices.turn_view(session)
        return
    program = session.run.program(session.position.update)
    var, element = _pointed(session, session.focus)
    found = find_same(program, source(var)) if var is not None else None
    if found is None or var is None:
        found, element = matrices.about(session, program), None
    elif found.lane_size != var.lane_size:
        element = None
    matrices.show_of(session, found, element)
    cursors.show(session, "matrix")
    there = matrices.views(session, found)
    if len(there) > 1:
        shown = matrices.field_of(session, found, there[1], "rows")
        session.message = f"8 again: {matrices.title(session.namer, shown, program.cost.name)}."


def _pointed(session: Session, pane: str) -> tuple[Var | None, int | None]:
    if pane == "chain":
        chain = session.chain()
        number = cursors.at(session, "chain")
        row = chain.rows[number] if chain is not None and number < len(chain.rows) else None
        if row is None or row.cell is None or session.cursor["chain"] is None:
            return None, None
        return row.cell[0], row.cell[1] % row.cell[0].lane_size
    if pane == "parameters" and session.parameter_count:
        return session.parameter(cursors.at(session, pane))
    if pane == "network":
        return cursors.nodes(session)[cursors.at(session, pane)]
    if pane == "values" and session.times.count:
        block, element = session.times.locate(cursors.at(session, pane) + 1)
        return session.times.blocks[block].out, element
    return None, None
