"""The panes and their cursors: what you look at, while time stays where it is."""

from __future__ import annotations

from ..engine.program import Program, Var
from ..explain.chain import by_name
from ..explain.rows import current_row
from ..replay.quantity import Place
from ..replay.timeline import Position
from . import gradients, plotting, stopping, watching
from .looks import turn
from .panes import BY_ID, LEFT, RIGHT
from .program import program_entries
from .session import Session

MOST_NEURONS = 4                                    # of a layer in the network picture


def drawn(units: int) -> int:
    """How many neurons of a layer the network picture draws."""
    return units if units <= MOST_NEURONS else MOST_NEURONS - 1


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
    """How many rows a pane's cursor can be on."""
    match pane:
        case "chain":
            chain = session.chain()
            return len(chain.rows) if chain is not None else 0
        case "parameters":
            return session.parameter_count
        case "values":
            return session.times.count
        case "printed":
            return sum(p.claim.value is not None for p in session.marks.printed)
        case "program":
            return len(program_entries(session))
        case "watches":
            return len(session.watches)
        case "stops":
            return len(session.stops)
        case "hits":
            return listed_count(session)
        case "loss":
            return session.position.update + 1
        case "gradients":
            return len(gradients.rows(session))
        case _:
            return len(nodes(session))


def layer_outs(program: Program) -> dict[Var, str]:
    """What each layer makes, in the order in which it is made, with the layer's name."""
    found: dict[Var, str] = {}
    for name, var in program.variables.items():
        if name.endswith(".out"):
            found.setdefault(var, name.removesuffix(".out"))
    return dict(sorted(found.items(), key=lambda item: program.home_of.get(item[0], 0)))


def nodes(session: Session) -> list[tuple[Var, int]]:
    """The quantities that the network picture shows, as (variable, element)."""
    program = session.run.program(session.position.update)
    layers = layer_outs(program)
    if not layers:
        return [(v, 0) for v in (*(v for v in program.inputs if v.role in ("data", "noise")), *program.parameters,
                                 *(b.out for b in program.forward))]
    return [(v, e) for v in (program.inputs[0], *layers)
            for e in range(drawn(v.lane_size))]


def default(session: Session, pane: str) -> int:
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
            shown = [p for p in session.marks.printed if p.claim.value is not None and p.made <= session.position]
            return max(0, len(shown) - 1)
        case "hits":
            return max(0, listed_rank(session) - 1)
        case "stops":
            return max(0, len(session.stops) - 1)
        case "loss":
            return session.position.update
        case _:
            return 0


def at(session: Session, pane: str) -> int:
    """The row that a pane's cursor is on."""
    chosen = session.cursor[pane]
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
    rows = length(session, session.focus)
    if rows:
        session.cursor[session.focus] = max(0, min(rows - 1, at(session, session.focus) + by))
        session.message = ""


def sideways(session: Session, by: int, order: tuple[str, ...]) -> None:
    """Left or right: fold or unfold a path, to the next layer in the network picture, else to the next pane."""
    if session.focus == "chain" and unfold(session, by > 0):
        return
    if session.focus == "network" and length(session, "network"):
        shown = nodes(session)
        here = min(at(session, "network"), len(shown) - 1)
        layers = list(dict.fromkeys(var for var, _ in shown))
        layer = layers.index(shown[here][0]) + by
        if 0 <= layer < len(layers):
            unit = shown[here][1]
            fit = [n for n, (var, e) in enumerate(shown) if var is layers[layer] and e <= unit]
            session.cursor["network"] = fit[-1]
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


def enter(session: Session) -> None:
    """The action of the pane that has the focus: follow what is under the cursor, or go to it."""
    pane = session.focus
    if pane != "chain" and not length(session, pane):
        return
    number = at(session, pane)
    match pane:
        case "parameters":
            session.follow(Place(*session.parameter(number)))
        case "network":
            session.follow(Place(*nodes(session)[min(number, len(nodes(session)) - 1)]))
        case "values" | "program":
            value = number + 1 if pane == "values" else program_entries(session)[number].number
            block, element = session.times.locate(value)
            var = session.times.blocks[block].out
            session.follow(Place(var, element))
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
            figures = [p for p in session.marks.printed if p.claim.value is not None]
            if figures:
                session.jump(figures[number].made,
                             f"Here the source prints {figures[number].claim.value}. - goes back.")


def list_hits(session: Session, of: int | str) -> None:
    """List the hits of a stop, or what a watch was in each update so far."""
    session.listed = of
    session.cursor["hits"] = None
    show(session, "hits")
    session.message = ""


def listed_count(session: Session) -> int:
    """The rows of the list of hits: of a stop, as far as they are found; of a watch, the updates so far."""
    if isinstance(session.listed, str):
        return session.position.update + 1
    hits = stopping.hits(session, session.listed)
    return hits.count if hits is not None else 0


def listed_rank(session: Session) -> int:
    """The row, from 1, that the position has reached."""
    if isinstance(session.listed, str):
        return session.position.update + 1
    hits = stopping.hits(session, session.listed)
    return hits.rank(session.position) if hits is not None else 0


def listed_at(session: Session, row: int) -> Position | None:
    """Where a row of the list of hits is."""
    if isinstance(session.listed, str):
        return Position(row)
    hits = stopping.hits(session, session.listed)
    return hits.nth(row + 1) if hits is not None and row < hits.count else None


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
        session.message = "This row is a number among others: nothing of its own to follow."
        return
    var, flat = row.cell
    session.follow(Place(var, flat % var.lane_size))
