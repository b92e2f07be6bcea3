"""Findings: what is wrong with a run, each as one record with its reason, where it began and what it spoils.

The record is what `x`, the sentences, `check` and `diagnose` read. Where trouble is comes from `replay`; here it gets
a name that can be typed, a sentence's worth of reason, and a position that can be typed back.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..engine.program import Program
from ..engine.scalars import Cell
from ..replay import places
from ..replay.origins import first, hides, line_element, position_of, spoils
from ..replay.run import Run
from .cause import evidence, reason
from .namer import Namer, quantity_text


@dataclass(frozen=True)
class Diagnosis:
    """`what`, after `after` updates, for data row `sample` (from 1), because of `cause`.

    `spoils` counts the further values of that update that are not finite; `hidden` says that only one of the loss and
    the gradients shows it. `at` is the position, as `g` takes it.
    """

    kind: str
    what: str
    after: int
    sample: int | None
    cause: str
    spoils: int
    hidden: bool
    at: str


def value_of(program: Program, cell: Cell) -> Cell:
    """The value in whose written line a scalar is made: itself, where it is one; with its sample."""
    var, flat = cell
    out = program.blocks[program.home_of[var]].out if var in program.home_of else var
    if out is var or out.shape == var.shape:
        return out, flat
    lane = flat // max(1, var.lane_size) if var.lanes else 0
    return out, out.flat(line_element(var, flat, out), lane)


def named(run: Run, update: int, cell: Cell) -> str:
    """How a scalar can be asked for; one inside a written line by the name of its line."""
    program = run.program(update)
    var, flat = value_of(program, cell)
    if run.scenario.training.update_order == "simultaneous" and var.role == "adjoint":
        x = quantity_text(program, Namer(run.scenario), var.of[0], flat % max(1, var.lane_size))
        return f"d({program.cost.name}, {x})" if x else ""
    return quantity_text(program, Namer(run.scenario), var, flat % max(1, var.lane_size))


def not_finite(run: Run, update: int) -> Diagnosis | None:
    """The first value of the update after `update` updates that is not finite; None where all are finite."""
    at = evidence(run, update)
    origin = first(at.program, at.env, run.goes_on(update))
    if origin is None:
        return None
    where = position_of(at.program, run.times(update), update, origin.cell)
    assert where is not None
    return Diagnosis("not finite", named(run, update, origin.cell), update, at.row(origin.cell),
                   reason(at, origin.cell), spoils(at.program, at.env, origin.cell, run.goes_on(update)),
                   hides(at.program, at.env), places.write_position(run, where))
