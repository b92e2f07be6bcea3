"""The panes and their cursors: what you look at, while time stays where it is."""

from __future__ import annotations

from ..engine.program import Var
from ..explain.chain import by_name
from ..explain.links import current_row
from ..replay.meaning import Meaning, Place
from ..replay.timeline import Position
from . import gradients, matrices, plotting, stopping, tables, watching
from .drawing import drawing
from .looks import turn
from .ordering import TABLES, view
from .panes import BY_ID, LEFT, RIGHT
from .program import program_entries
from .scene import Scene
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


def length(scene: Scene, pane: str) -> int:
    """How many rows a pane's cursor can be on; of a table those that are shown."""
    session = scene.session
    if pane in TABLES:
        return view(scene, pane).count
    match pane:
        case "chain":
            chain = scene.chain
            return len(chain.rows) if chain is not None else 0
        case "program":
            return len(program_entries(scene))
        case "loss":
            return session.position.update + 1
        case "gradients":
            return len(gradients.rows(scene))
        case "matrix":
            return matrices.subject(scene).size
        case _:
            return len(nodes(scene))


def nodes(scene: Scene) -> list[tuple[Var, int]]:
    """The quantities that the network picture is of, as (variable, element), column by column."""
    return list(drawing(scene.program).spots())


def node_at(scene: Scene) -> tuple[int, int]:
    """The column and the row of the node that the cursor of the picture is on, or that the position is about."""
    session = scene.session
    shown, chosen = drawing(scene.program), session.cursor["network"]
    return shown.place(chosen) if chosen is not None else shown.places[focus_spot(scene, shown)]


def _move_node(session: Session, columns: int, rows: int) -> None:
    """Move the cursor of the picture; to the sides it stays as far down its column as it can."""
    scene = Scene(session)
    shown, (column, row) = drawing(scene.program), node_at(scene)
    column = max(0, min(len(shown.columns) - 1, column + columns))
    row = max(0, min(len(shown.columns[column].spots) - 1, row + rows))
    session.cursor["network"] = shown.number(column, row)


def default(scene: Scene, pane: str) -> int:  # noqa: C901
    """Where a pane's cursor stands until an arrow key is pressed: at the position."""
    session = scene.session
    match pane:
        case "chain":
            chain = scene.chain
            return (current_row(chain, session.here) or 0) if chain is not None else 0
        case "values":
            return max(0, session.position.value - 1)
        case "parameters":
            return _parameter(scene)
        case "program":
            return next((n for n, e in enumerate(program_entries(scene)) if e.mark or e.now), 0)
        case "printed":
            return max(0, sum(p.made <= session.position for p in tables.figures(scene)) - 1)
        case "adjoints":
            return tables.adjoint_row(scene, session.position.value)
        case "batch":
            return session.lane
        case "matrix":
            return matrices.cursor(scene)
        case "network":
            return drawing(scene.program).number(*node_at(scene))
        case "hits":
            return max(0, tables.listed_rank(session) - 1)
        case "stops":
            return max(0, len(session.stops) - 1)
        case "loss":
            return session.position.update
        case _:
            return 0


def at(scene: Scene, pane: str) -> int:
    """The row that a pane's cursor is on; of a table its number as made, whatever the order."""
    session = scene.session
    chosen = session.cursor[pane]
    if pane in TABLES:
        return view(scene, pane).nearest(default(scene, pane) if chosen is None else chosen)
    return default(scene, pane) if chosen is None else min(chosen, max(0, length(scene, pane) - 1))


def _parameter(scene: Scene) -> int:
    """The row of the parameter that the position is about, or is followed, or is explained first."""
    session = scene.session
    if session.position.value:
        block, element = scene.times.locate(session.position.value)
        var = scene.times.blocks[block].out
        if var.of and var.of[0].role == "parameter":
            return scene.parameter_number(Place(var.of[0], element))
    if session.followed is not None and session.followed.var.role == "parameter":
        return scene.parameter_number(session.followed)
    return session.start


def move(session: Session, by: int) -> None:
    """Move the cursor of the pane that has the focus; time stays."""
    pane = session.focus
    scene = Scene(session)
    rows = length(scene, pane)
    if pane == "network":
        _move_node(session, 0, by)
    elif pane == "matrix":
        matrices.move(session, by, 0)
    elif pane in TABLES and rows:
        seen = view(scene, pane)
        session.cursor[pane] = seen.row(max(0, min(rows - 1, seen.place(at(scene, pane)) + by)))
        session.message = ""
    elif rows:
        session.cursor[pane] = max(0, min(rows - 1, at(scene, pane) + by))
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
    scene = Scene(session)
    chain = scene.chain
    if chain is None or session.untouched:
        return False
    number = at(scene, "chain")
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
    pane, scene = session.focus, Scene(session)
    if pane != "chain" and not length(scene, pane):
        return
    number = at(scene, pane)
    match pane:
        case "parameters":
            session.follow(Place(*scene.parameter(number)))
        case "network":
            session.follow(Place(*nodes(scene)[number]))
        case "matrix":
            var = matrices.subject(scene)
            session.lane = number // var.lane_size if var.lanes else session.lane
            session.follow(Place(var, number % var.lane_size))
        case "values" | "program":
            value = number + 1 if pane == "values" else program_entries(scene)[number].number
            block, element = scene.times.locate(value)
            var = scene.times.blocks[block].out
            session.follow(Place(var, element))
        case "adjoints":
            session.follow(Place(*tables.adjoint(scene, number)))
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
            session.follow(gradients.largest(scene, gradients.rows(scene)[number]))
        case _:
            figures = tables.figures(scene)
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
    scene = Scene(session)
    if session.focus not in ("stops", "watches") or not length(scene, session.focus):
        session.message = "Put the cursor on a stop (B) or on a watch (W): D removes it."
        return
    row = at(scene, session.focus)
    if session.focus == "stops":
        stopping.remove(session, list(session.stops)[row])
    else:
        watching.remove(session, row)


def _enter_row(session: Session, number: int) -> None:
    """Follow what a row of the chain is about."""
    chain = Scene(session).chain
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
