"""I got another number: compares a typed number with the value under the cursor, and looks for its digits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..engine.program import Var
from ..engine.scalars import Cell
from ..explain import got, search, slopes
from ..explain.naming import quantity_text
from ..explain.trial import Kink
from ..scenario import decimals
from ..scenario.errors import quoted
from . import cursors, looks, tables
from .session import Session

NOWHERE = "No value of this update has your digits, here or beside; nor this value, later."
NOTHING = "Nothing is made here yet to compare with: step first, or put the cursor on a weight."


@dataclass(frozen=True)
class Asked:
    """What `i` asks about: the quantity as it can be typed, its name, and its value once it is made."""

    quantity: str
    name: str
    value: float | None
    cell: Cell | None = None                        # where it is one scalar that the run makes


@dataclass
class Yours:
    """The answer to "I got another number": what was typed, and where its digits stand."""

    typed: search.Typed
    asked: Asked
    verdict: str
    rounding: bool
    found: list[got.Found] = field(default_factory=list)
    looking: Iterator[got.Found | None] | None = None


def selected(session: Session) -> Asked | None:
    """The value under the cursor of the pane that has the focus."""
    pane = session.focus if session.focus in (*session.shown, "program") else "chain"
    if pane not in ("chain", "program") and not cursors.length(session, pane):
        return None
    number = cursors.at(session, pane)
    match pane:
        case "parameters":
            return _derivative(session, *session.parameter(number))
        case "values":
            return _value(session, number + 1)
        case "network" | "matrix":
            var, element = cursors.pointed(session, pane, number)
            if pane == "matrix" and looks.look(session, "view.matrix") == "derivative":
                return _derivative(session, var, element)
        case "adjoints":
            return _scalar(session, *tables.adjoint(session, number))
            return _scalar(session, var, element)
        case _:
            return _row(session)


def _derivative(session: Session, var: Var, element: int) -> Asked | None:
    gradient = session.run.program(session.position.update).gradients.get(var)
    return _scalar(session, gradient if gradient is not None else var, element)


def _value(session: Session, value: int) -> Asked | None:
    if not value:
        return None
    block, element = session.times.locate(value)
    return _scalar(session, session.times.blocks[block].out, element)


def _scalar(session: Session, var: Var, element: int) -> Asked:
    at = session.explainer()
    cell = var, var.flat(element, session.lane)
    text = quantity_text(at.program, session.namer, var, element)
    return Asked(text, at.title(cell), at.reader.value(cell) if at.made(cell) <= session.here else None, cell)


def _row(session: Session) -> Asked | None:
    """The row of the chain under the cursor, or the last that is made."""
    chain = session.chain()
    shown = [r for r in chain.rows if r.value is not None and r.made <= session.here] if chain is not None else []
    if chain is None or not shown:
        return None
    number = session.cursor["chain"]
    here = number is not None and number < len(chain.rows) and chain.rows[number] in shown
    row = chain.rows[number] if here and number is not None else shown[-1]
    made = row.cell is not None and row.cell[0] in session.explainer().program.made_by
    if row.kind in ("factor", "path", "term", "rest") or row.cell is None or not made:
        text = f"d({row.key[1]}, {row.key[2]})" if row.kind == "factor" and " " not in "".join(row.key) else ""
        return Asked(text, row.name, row.value)
    return _scalar(session, row.cell[0], row.cell[1] % row.cell[0].lane_size)


def compare(session: Session, text: str) -> None:
    """Compare a typed number with the value under the cursor, and look for its digits."""
    typed = search.read_number(text)
    if typed is None:
        how = decimals.meant(text) or ": type its digits, as in 0.000364723"
        session.message = f"{quoted(text)} is no number{how}."
        return
    if not math.isfinite(typed.value):
        session.message = f"{text.strip()} is larger than any number here can be."
        return
    asked = selected(session)
    if asked is None:
        session.message = NOTHING
        return
    verdict, rounding = ("not made yet: step to it, and compare", False) if asked.value is None else \
        _judged(session, typed, asked, asked.value)
    session.yours = Yours(typed, asked, verdict, rounding)
    session.message = ""
    if not rounding:
        session.yours.looking = got.look(session.run, session.beside, typed, asked.quantity, session.position.update,
                                         session.lane)


def _judged(session: Session, typed: search.Typed, asked: Asked, here: float) -> tuple[str, bool]:
    """How the typed number differs from the one here, and whether that is only rounding; of a kink, the rule."""
    words, rounding = got.compare(typed, here)
    if not rounding:
        words, rounding = got.compare(typed, here, *got.nature(session.run, asked.quantity, here,
                                                               session.position.update, session.lane))
    kink = _kink(session, asked) if math.isfinite(here) else None
    return (f"{words}; at a kink: {kink.rule}" if kink is not None else words), rounding


def _kink(session: Session, asked: Asked) -> Kink | None:
    """The kink at which a derivative is taken, if E has two slopes there."""
    x = asked.cell[0].derivative_of if asked.cell is not None else None
    return slopes.bends(session.explainer(), (x, asked.cell[1])) if x is not None and asked.cell is not None else None


def look(session: Session) -> bool:
    """Go on looking for the typed number; False when there is no more to look through."""
    if session.yours is None or session.yours.looking is None:
        return False
    found = next(session.yours.looking, StopIteration)
    if found is StopIteration:
        session.yours.looking = None
        return False
    if isinstance(found, got.Found):
        session.yours.found.append(found)
    return True
