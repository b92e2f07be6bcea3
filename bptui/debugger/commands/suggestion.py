"""What stands in a line that is asked for, before anything is typed: what the cursor is on."""

from __future__ import annotations

from ...replay import stops
from ...scenario.errors import QuantityError
from ..panes.register import subject
from ..scene import Scene
from ..state.session import Session


def quantity(session: Session) -> str:
    """What the cursor is on: in the list of parameters the parameter, not its derivative."""
    found = subject(Scene(session))
    return found.quantity if found is not None else ""


def stop(session: Session) -> str:
    """A stop at what the cursor is on: where it is made, or where it changes; of a stop, itself."""
    found = subject(Scene(session))
    here = found.compared.quantity if found is not None else ""
    if found is None or not here:
        return found.stop if found is not None else ""
    try:
        stops.fitted(session.run, stops.read_stop(here), session.row())
        return here
    except QuantityError:
        return f"changed({here})"


def edit(session: Session) -> str:
    """The weight or the input under the cursor, to be given another value."""
    found = subject(Scene(session))
    return f"{found.edited} = " if found is not None and found.edited else ""
