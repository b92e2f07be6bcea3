"""Commands that are about what the cursor is on, with a quantity typed in its place.

A debugger without a screen has no cursor: there it is `follow w5`, `v w5`, `D 2`. What is typed is a quantity, or the
number of a value of this update, as the list of values shows it. The cursor's commands and these end in the same
functions of the session.
"""

from __future__ import annotations

import re

from ...explain import notation
from ...explain.namer import quantity_text
from ...replay import places
from ...replay.meaning import Meaning, Place
from ...replay.quantity import evaluate
from ...scenario.errors import QuantityError, quoted, sentence
from ...scenario.expression import read_quantity
from ..state import stops as set_stops
from ..state import watches
from ..state.session import Session
from . import what_if


def asked(session: Session, text: str) -> Meaning:
    """The one value that `text` means. Raises QuantityError."""
    number = _number(text)
    if number is not None:
        return Meaning("value", _numbered(session, number))
    return places.asked(session.run, session.run.program(session.position.update), read_quantity(text), text)


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\s*[0-9]{1,18}\s*", text) else None


def _numbered(session: Session, number: int) -> Place:
    times = session.times
    if not 1 <= number <= times.count:
        raise QuantityError(f"update {session.position.update} has {times.count:,} values; {number} is none of them")
    block, element = times.locate(number)
    return Place(times.blocks[block].out, element)


def quantity(session: Session, text: str) -> str:
    """What was typed, as a quantity that can change; or that of a value by its number. Raises QuantityError."""
    number = _number(text)
    if number is None:
        changing = text.strip().removesuffix(".next").removesuffix("⁺")
        evaluate(session.run, read_quantity(changing), session.position.update, session.lane)
        return text.strip()
    found = _numbered(session, number)
    program = session.run.program(session.position.update)
    return quantity_text(program, session.namer, found.var, found.element or 0)


def follow(session: Session, text: str) -> None:
    """Ask where the derivative by a quantity comes from."""
    try:
        session.follow_meaning(asked(session, text))
    except QuantityError as error:
        session.message = sentence(error)


def remove(session: Session, text: str) -> None:
    """Remove a stop by its number, a watch by what is watched, or a what-if run by its letter."""
    number = _number(text)
    if number is not None:
        set_stops.remove(session, number)
        return
    wanted = "".join(notation.readable(text).split())
    row = next((n for n, w in enumerate(session.watches) if "".join(notation.readable(w).split()) == wanted), None)
    if row is not None:
        watches.remove(session, row)
    elif text.strip() in session.branches:
        what_if.drop(session, text.strip())
    else:
        session.message = f"{quoted(text)} is not watched: W lists what is."
