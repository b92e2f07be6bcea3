"""The cursors of the panes: what you look at, while time stays where it is."""

from __future__ import annotations

from ..scene import Scene
from ..state.session import Session
from .pane import turn
from .register import BY_ID, at, is_table, length, subject, view


def show(session: Session, pane: str) -> None:
    """Bring a pane to the front, and give it the focus; if it has that already, turn to its next view."""
    record = BY_ID[pane]
    if session.focus != pane and record.show is not None:
        scene = Scene(session)
        record.show(session, scene, subject(scene))
    elif session.focus == pane and record.turn is not None:
        record.turn(session)
    elif session.focus == pane and record.views:
        turn(session, record.id, record.views)
    if record.side == "left":
        session.left = pane
    elif record.side == "right":
        session.right = pane
    session.focus = pane


def next_pane(session: Session, by: int, order: tuple[str, ...]) -> None:
    at = order.index(session.focus) if session.focus in order else 0
    session.focus = order[(at + by) % len(order)]


def move(session: Session, by: int) -> None:
    """Move the cursor of the pane that has the focus; time stays."""
    scene, pane = Scene(session), BY_ID[session.focus]
    if pane.steer is not None and pane.steer(session, scene, by, 0):
        return
    rows = length(scene, pane.id)
    if not rows:
        return
    here = at(scene, pane.id)
    if is_table(pane.id):
        seen = view(scene, pane.id)
        session.cursor[pane.id] = seen.row(max(0, min(rows - 1, seen.place(here) + by)))
    else:
        session.cursor[pane.id] = max(0, min(rows - 1, here + by))
    session.message = ""


def sideways(session: Session, by: int, order: tuple[str, ...]) -> None:
    """Left or right: what the pane makes of it, else the next pane."""
    steer = BY_ID[session.focus].steer
    if steer is None or not steer(session, Scene(session), 0, by):
        next_pane(session, by, order)


def enter(session: Session) -> None:
    """The action of the pane that has the focus: follow what is under the cursor, or what its record says."""
    scene, pane = Scene(session), BY_ID[session.focus]
    if not length(scene, pane.id):
        if pane.enter_empty is not None:
            pane.enter_empty(session)
        return
    row = at(scene, pane.id)
    if pane.enter is not None:
        pane.enter(session, scene, row)
    elif (found := pane.subject(scene, row)) is not None and found.place is not None:
        session.follow(found.place)


def switch(session: Session) -> bool:
    """Switch the row under the cursor off or on; False where that is nothing to be switched."""
    scene, pane = Scene(session), BY_ID[session.focus]
    if pane.switch is None or not length(scene, pane.id):
        return False
    pane.switch(session, at(scene, pane.id))
    return True


def remove(session: Session) -> None:
    """Remove the stop or the watch under the cursor."""
    scene, pane = Scene(session), BY_ID[session.focus]
    if pane.remove is None or not length(scene, pane.id):
        session.message = "Put the cursor on a stop (B) or on a watch (W): D removes it."
    else:
        pane.remove(session, at(scene, pane.id))
