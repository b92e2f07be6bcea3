"""Layouts and zoom, as commands."""

from __future__ import annotations

from .looks import choose, look, turn
from .session import Session

SAID = {
    "everything": "Everything that there is room for.",
    "one below": "The chain, and one pane below it: Tab or a key shows another there.",
    "chain": "The chain alone.",
}


def zoom(session: Session) -> None:
    """Show the pane that has the focus alone, or all of them again."""
    on = turn(session, "zoom") == "on"
    session.message = "z again: back to all panes." if on else ""


def next_layout(session: Session) -> None:
    choose(session, "zoom", "off")
    session.message = f"{SAID[turn(session, 'layout')]} L turns on."


def turn_scale(session: Session) -> None:
    """Turn the scale of the plot: as it fits, linear, by powers of ten."""
    session.message = f"Scale of the plot: {turn(session, 'plot.scale')}."


def zoomed(session: Session) -> bool:
    return look(session, "zoom") == "on"
