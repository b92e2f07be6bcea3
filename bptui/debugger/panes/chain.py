"""The chain: each factor, path and term of what is followed, or of the value in the making, as a row."""

from __future__ import annotations

from dataclasses import replace

from ...explain.chain import by_name
from ...explain.links import current_row
from ...replay.meaning import Meaning, Place
from ...replay.timeline import Position
from ..event import chain_lines
from ..scene import Scene
from ..state.session import Session, source
from ..subject import Subject, scalar
from .pane import Pane

PARTS = ("factor", "path", "term", "rest")          # rows that are parts of a value


def _rows(scene: Scene) -> int:
    return len(scene.chain.rows) if scene.chain is not None else 0


def _default(scene: Scene) -> int:
    chain = scene.chain
    return (current_row(chain, scene.session.here) or 0) if chain is not None else 0


def _subject(scene: Scene, n: int) -> Subject | None:
    """The row under the cursor; before the cursor was moved, the last that is made."""
    found = _row(scene, n)
    return replace(found, by_itself=scene.session.cursor["chain"] is None) if found is not None else None


def _row(scene: Scene, n: int) -> Subject | None:
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


def _steer(session: Session, scene: Scene, rows: int, columns: int) -> bool:
    """To the sides: fold or unfold the path under the cursor; False where there is none."""
    return columns != 0 and unfold(session, scene, columns > 0)


def unfold(session: Session, scene: Scene, opened: bool) -> bool:
    """Show, or put away, the chain of the path under the cursor; False where there is none."""
    chain = scene.chain
    if chain is None or session.untouched:
        return False
    chosen = session.cursor["chain"]
    number = _default(scene) if chosen is None else min(chosen, max(0, len(chain.rows) - 1))
    while number > 0 and chain.rows[number].depth:  # inside an unfolded chain: its path
        number -= 1
    row = chain.rows[number]
    if row.kind != "path" or row.cell is None or (by_name(row.cell) in session.unfolded) == opened:
        return False
    mine = {by_name(row.cell)}
    session.unfolded = session.unfolded | mine if opened else session.unfolded - mine
    session.cursor["chain"] = number
    return True


def _enter(session: Session, scene: Scene, n: int) -> None:
    """Follow what a row of the chain is about."""
    chain = scene.chain
    if chain is None:
        return
    row = chain.rows[n]
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


def _enter_empty(session: Session) -> None:
    if session.untouched:
        session.focus = "parameters"


PANE = Pane("chain", "1", "1", "Chain", "the chain of factors", "above",
            rows=_rows, default=_default, subject=_subject, refusal="This row says something of the one above it.",
            enter=_enter, enter_empty=_enter_empty, steer=_steer, clears_on_step=True,
            lines=lambda scene, text, goes_on: chain_lines(scene))
