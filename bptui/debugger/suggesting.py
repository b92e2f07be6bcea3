"""What stands in a line that is asked for, before anything is typed: what the cursor is on."""

from __future__ import annotations

from ..explain.naming import quantity_text
from ..replay import stops
from ..scenario.errors import QuantityError
from . import asking, cursors
from .session import Session


def quantity(session: Session) -> str:
    """The quantity under the cursor."""
    asked = asking.selected(session)
    return asked.quantity if asked is not None else ""


def subject(session: Session) -> str:
    """What the cursor is on itself: in the list of parameters the parameter, not its derivative."""
    if session.focus == "parameters" and cursors.length(session, "parameters"):
        var, element = session.parameter(cursors.at(session, "parameters"))
        return quantity_text(session.run.program(session.position.update), session.namer, var, element)
    return quantity(session)


def stop(session: Session) -> str:
    """A stop at what the cursor is on: where it is made, or where it changes."""
    here = quantity(session)
    if not here:
        return ""
    try:
        stops.fitted(session.run, stops.read(here), session.row())
        return here
    except QuantityError:
        return f"changed({here})"


def edit(session: Session) -> str:
    """The weight or the input under the cursor, to be given another value."""
    here = subject(session)
    of = here.removeprefix("d(").removesuffix(")").rpartition(",")[2].strip() if here.startswith("d(") else here
    return f"{of.removesuffix('.grad').removesuffix('.next')} = " if of else ""
