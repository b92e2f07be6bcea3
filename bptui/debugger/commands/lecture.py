"""Lecture mode: a step in three beats, for a clicker. First what comes next, then its numbers, then its value.

The first two beats are shown while the run stands before the step: see ahead.py. The third beat is the step itself.
Beats are not a place in time: whatever else moves begins them anew.
"""

from __future__ import annotations

from ..scene import Scene
from ..state import looks
from ..state.session import Session
from . import travel


def on(session: Session) -> bool:
    return looks.look(session, "lecture") == "on" and session.sides is None


def switch(session: Session) -> None:
    """Begin a lecture, or end it."""
    session.beat = 0
    if looks.turn(session, "lecture") == "on":
        session.message = "Lecture: PgDn or Space shows what comes, its numbers, its value; PgUp goes back. P ends it."
    else:
        session.message = "The lecture is over: PgDn and PgUp turn pages again."


def forward(session: Session) -> None:
    """One beat on."""
    session.message = ""
    found = Scene(session).coming
    if found is None or session.beat >= found.beats:
        travel.step(session, "into")
    else:
        session.beat += 1
        session.cursor["chain"] = None


def back(session: Session) -> None:
    """One beat back: to the beat that `forward` left."""
    session.message = ""
    if session.beat:
        session.beat -= 1
        session.cursor["chain"] = None
    elif travel.step(session, "back_into"):
        found = Scene(session).coming
        session.beat = found.beats if found is not None else 0


def label(scene: Scene) -> str:
    """What the next beat shows; nothing where it is a step that has no beats."""
    found, beat = scene.coming, scene.session.beat
    if found is None:
        return ""
    return "value" if beat >= found.beats else ("formula", "numbers")[beat]
