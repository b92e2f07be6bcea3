"""The panes and their cursors: what you look at, while time stays where it is."""

from __future__ import annotations

from ..engine.program import Var
from ..explain.chain import by_name
from ..explain.rows import current_row
from ..replay.meaning import Meaning, Place
from ..replay.timeline import Position
from . import gradients, matrices, plotting, stopping, tables, watching
from .drawing import drawing
from .looks import turn
from .ordering import TABLES, view
from .panes import BY_ID, LEFT, RIGHT
from .program import program_entries
from .session import Session, source
from .sketching import focus_spot


def show(session: Session, pane: str) -> None:
    """Bring a pane to the front, and give it the focus; if it has that already, turn to its next view."""
    if session.focus == pane and BY_ID[pane].views:
        turn(session, f"view.{pane}")
    if pane in LEFT:
        session.left = pane
    elif pane in RIGHT:
        session.right = pane
    session.focus = pane


def next_pane(session: Session, by: int, order: tuple[str, ...]) -> None:
    at = order.index(session.focus) if session.focus in order else 0
    session.focus = order[(at + by) % len(order)]


def length(session: Session, pane: str) -> int:
    """How many rows a pane's cursor can be on; of a table those that are shown."""
    if pane in TABLES:
        return view(session, pane).count
    match pane:
        case "chain":
            chain = session.chain()
            return len(chain.rows) if chain is not None else 0
        case "program":
            return len(program_entries(session))
        case "loss":
            return session.position.update + 1
        case "gradients":
            return len(gradients.rows(session))
        case "matrix":
            return matrices.subject(session).size
        case _:
            return len(nodes(session))


def nodes(session: Session) -> list[tuple[Var, int]]:
    """The quantities that the network picture is of, as (variable, element), column by column."""
    return list(drawing(session.run.program(session.position.update)).spots())


def node_at(session: Session) -> tuple[int, int]:
    """The column and the row of the node that the cursor of the picture is on, or that the position is about."""
    shown, chosen = drawing(session.run.program(session.position.update)), session.cursor["network"]
    return shown.place(chosen) if chosen is not None else shown.places[focus_spot(session, shown)]


def _move_node(session: Session, columns: int, rows: int) -> None:
    """Move the cursor of the picture; to the sides it stays as far down its column as it can."""
    shown, (column, row) = drawing(session.run.program(session.position.update)), node_at(session)
    column = max(0, min(len(shown.columns) - 1, column + columns))
    row = max(0, min(len(shown.columns[column].spots) - 1, row + rows))
    session.cursor["network"] = shown.number(column, row)


def default(session: Session, pane: str) -> int:  # noqa: C901
    """Where a pane's cursor stands until an arrow key is pressed: at the position."""
    match pane:
        case "chain":
            chain = session.chain()
            return (current_row(chain, session.here) or 0) if chain is not None else 0
        case "values":
            return max(0, session.position.value - 1)
        case "parameters":
            return _parameter(session)
        case "program":
            return next((n for n, e in enumerate(program_entries(session)) if e.mark or e.now), 0)
        case "printed":
            return max(0, sum(p.made <= session.position for p in tables.figures(session)) - 1)
        case "adjoints":
            return tables.adjoint_row(session, session.position.value)
        case "batch":
            return session.lane
        case "matrix":
            return matrices.cursor(session)
        case "network":
            return drawing(session.run.program(session.position.update)).number(*node_at(session))
        case "hits":
            return max(0, tables.listed_rank(session) - 1)
        case "stops":
            return max(0, len(session.stops) - 1)
        case "loss":
            return session.position.update
        case _:
            return 0


def at(session: Session, pane: str) -> int:
    """The row that a pane's cursor is on; of a table its number as made, whatever the order."""
    chosen = session.cursor[pane]
    if pane in TABLES:
        return view(session, pane).nearest(default(session, pane) if chosen is None else chosen)
    return default(session, pane) if chosen is None else min(chosen, max(0, length(session, pane) - 1))


def _parameter(session: Session) -> int:
    """The row of the parameter that the position is about, or is followed, or is explained first."""
    if session.position.value:
        block, element = session.times.locate(session.position.value)
        var = session.times.blocks[block].out
        if var.of and var.of[0].role == "parameter":
            return session.parameter_number(Place(var.of[0], element))
    if session.followed is not None and session.followed.var.role == "parameter":
        return session.parameter_number(session.followed)
    return session.start


def move(session: Session, by: int) -> None:
    """Move the cursor of the pane that has the focus; time stays."""
    pane = session.focus
    rows = length(session, pane)
    if pane == "network":
        _move_node(session, 0, by)
    elif pane == "matrix":
        matrices.move(session, by, 0)
    elif pane in TABLES and rows:
        seen = view(session, pane)
        session.cursor[pane] = seen.row(max(0, min(rows - 1, seen.place(at(session, pane)) + by)))
        session.message = ""
    elif rows:
        session.cursor[pane] = max(0, min(rows - 1, at(session, pane) + by))
        session.message = ""


def sideways(session: Session, by: int, order: tuple[str, ...]) -> None:
    """Left or right: fold or unfold a path, to the next layer in the network picture, else to the next pane."""
    if session.focus == "chain" and unfold(session, by > 0):
        return
    if session.focus == "network":
        _move_node(session, by, 0)
        return
    if session.focus == "matrix":
        matrices.move(session, 0, by)
        return
    next_pane(session, by, order)


def unfold(session: Session, opened: bool) -> bool:
    """Show, or put away, the chain of the path under the cursor; False where there is none."""
    chain = session.chain()
    if chain is None or session.untouched:
        return False
    number = at(session, "chain")
    while number > 0 and chain.rows[number].depth:  # inside an unfolded chain: its path
        number -= 1
    row = chain.rows[number]
    if row.kind != "path" or row.cell is None or (by_name(row.cell) in session.unfolded) == opened:
        return False
    mine = {by_name(row.cell)}
    session.unfolded = session.unfolded | mine if opened else session.unfolded - mine
    session.cursor["chain"] = number
    return True


def enter(session: Session) -> None:  # noqa: C901
    """The action of the pane that has the focus: follow what is under the cursor, or go to it."""
    pane = session.focus
    if pane != "chain" and not length(session, pane):
        return
    number = at(session, pane)
    match pane:
        case "parameters":
            session.follow(Place(*session.parameter(number)))
        case "network":
            session.follow(Place(*nodes(session)[number]))
        case "matrix":
            var = matrices.subject(session)
            session.lane = number // var.lane_size if var.lanes else session.lane
            session.follow(Place(var, number % var.lane_size))
        case "values" | "program":
            value = number + 1 if pane == "values" else program_entries(session)[number].number
            block, element = session.times.locate(value)
            var = session.times.blocks[block].out
            session.follow(Place(var, element))
        case "adjoints":
            session.follow(Place(*tables.adjoint(session, number)))
        case "batch":
            session.lane, session.cursor["batch"] = number, None
            session.message = f"Row {session.row()} of the data is what is shown now; ) and ( turn on."
        case "chain":
            _enter_row(session, number)
        case "stops":
            list_hits(session, list(session.stops)[number])
        case "watches":
            list_hits(session, session.watches[number])
        case "hits":
            _enter_hit(session, number)
        case "loss":
            plotting.go_to(session, number)
        case "gradients":
            session.follow(gradients.largest(session, gradients.rows(session)[number]))
        case _:
            figures = tables.figures(session)
            if figures:
                session.jump(figures[number].made,
                             f"Here the source prints {figures[number].claim.value}. - goes back.")


def list_hits(session: Session, of: int | str) -> None:
    """List the hits of a stop, or what a watch was in each update so far."""
    session.listed = of
    session.cursor["hits"] = None
    show(session, "hits")
    session.message = ""


def _enter_hit(session: Session, row: int) -> None:
    if isinstance(session.listed, str):
        session.jump(Position(row), f"After {row:,} update{'s' * (row != 1)}. - goes back.")
    else:
        stopping.go_to_hit(session, session.listed, row + 1)


def remove(session: Session) -> None:
    """Remove the stop or the watch under the cursor."""
    if session.focus not in ("stops", "watches") or not length(session, session.focus):
        session.message = "Put the cursor on a stop (B) or on a watch (W): D removes it."
        return
    row = at(session, session.focus)
    if session.focus == "stops":
        stopping.remove(session, list(session.stops)[row])
    else:
        watching.remove(session, row)


def _enter_row(session: Session, number: int) -> None:
    """Follow what a row of the chain is about."""
    chain = session.chain()
    if chain is None or number >= len(chain.rows):
        if session.untouched:
            session.focus = "parameters"
        return
    row = chain.rows[number]
    if row.cell is None:
        what = "says something of the one above it" if row.kind == "note" else "is a number among others"
        session.message = f"This row {what}: nothing of its own to follow."
        return
    var, flat = row.cell
    place, followed = Place(var, flat % var.lane_size), session.followed
    if followed is not None and followed.of is not None and var.of:     # a row of ∂y/∂x: the same y
        session.follow_meaning(Meaning("derivative", Place(source(var), place.element), followed.of))
    else:
        session.follow(place)
