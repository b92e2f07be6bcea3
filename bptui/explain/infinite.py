"""The sentence beside a value that is NaN or infinite: which operation broke in its line, or which value it takes it
over from. Operands, samples and sources are read from the terms that made it."""

from __future__ import annotations

import math

from ..engine.scalars import Cell
from ..replay.origins import begins, operands
from . import notation
from .cause import Cause, Evidence, cause_of, evidence, reason, since
from .chain import Explainer
from .diagnosis import value_of

INNER = ("temporary", "local", "share")             # what a written line makes on its way
ROW = 78                                            # characters of a sentence that a row of 80 shows


def fitting(*texts: str) -> str:
    """The first of several wordings that fits a row; else the last."""
    return next((text for text in texts if len(text) <= ROW), texts[-1])


def _worded(at: Explainer, *texts: str) -> str:
    """The first wording where the whole is asked for, else the first that fits."""
    return texts[0] if at.whole else fitting(*texts)


def sentence(at: Explainer, cell: Cell) -> str:
    """Why a value of this update is not finite."""
    here = evidence(at.run, at.update, cell[0])
    cause = cause_of(at.run, at.update, cell)
    assert cause is not None
    name = f"{at.title(cell)} is {notation.one(here.value(cell))}"
    inner, source = _in_the_line(here, cell)
    if source is not None:
        return _taken_over(at, here, cell, name, source, cause)
    said = reason(here, inner)
    row = here.row(inner) if not cell[0].lanes else None
    sample = f", sample {row}" if row is not None else ""
    if cause.cell == inner:
        return _worded(at, f"{name}: {said}{sample}.", f"{name}: {said}.", f"{said[:1].upper()}{said[1:]}.")
    operation, when = reason(here, inner, brief=True), since(cause, at.update)
    cause_said = f", as {cause.words}{f', {when}' if when else ''}"
    return _worded(at, f"{name}: {said}{sample}{cause_said}.", f"{name}: {operation}{sample}{cause_said}.",
                   f"{name}: {operation}{cause_said}.", f"{name}: {said}{sample}.", f"{name}: {operation}{sample}.")


def _in_the_line(here: Evidence, cell: Cell) -> tuple[Cell, Cell | None]:
    """The scalar of a value's own written line that breaks, or else what the line reads that is not finite."""
    home = here.program.home_of.get(cell[0])
    while (equation := here.made.get(cell[0].base)) is not None and not begins(equation, cell[1], here.env):
        bad = [c for c in operands(equation, cell[1]) if not math.isfinite(here.value(c))]
        if math.isnan(here.value(cell)):
            bad = [c for c in bad if math.isnan(here.value(c))] or bad
        inside = [c for c in bad if c[0].role in INNER and here.program.home_of.get(c[0]) == home]
        if not inside:
            return cell, _nearest(here, bad)
        cell = inside[0]
    return cell, None


def _nearest(here: Evidence, bad: list[Cell]) -> Cell:
    """Of the values that a line reads and that are not finite, the derivative; else the first."""
    return next((c for c in bad if c[0].role in ("adjoint", "estimate")), bad[0])


def _taken_over(at: Explainer, here: Evidence, cell: Cell, name: str, source: Cell, cause: Cause) -> str:
    row = here.row(source) if source[0].lanes and not cell[0].lanes else None
    value = value_of(here.program, source)          # of a line: what it makes, not what it makes on its way
    made = at.title(value) if not math.isfinite(here.value(value)) else f"what makes {at.title(value)}"
    said = f"{name}, and takes it over from {made}" + (f" of sample {row}" if row is not None else "")
    when = since(cause, at.update)
    brief = f"{said}: it began {when}." if when else f"{said}."
    since_then = f", {when}" if when else ""
    return _worded(at, f"{said}: {cause.words}{since_then}.", brief, f"{said}.", f"It takes it over from {made}.")
