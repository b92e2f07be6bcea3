"""Trouble in one sentence: what begins to go wrong, why, and what follows. As a record it is a `Diagnosis`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..engine.program import Block, Var
from ..replay import places
from ..replay.kinds import FAR, FLAT, TWICE
from ..replay.origins import cell_lane
from ..replay.run import Run
from ..replay.trouble import NUMBERS, Trouble
from ..replay.units import IMAGE, STEP
from . import notation, watched
from .cause import Evidence, evidence, reason
from .diagnosis import Diagnosis, named, value_of
from .namer import Namer
from .zero import beginning

Say = Callable[["About"], str]


@dataclass(frozen=True)
class About:
    """A trouble, with the values among which it is."""

    at: Evidence
    trouble: Trouble

    @property
    def namer(self) -> Namer:
        return Namer(self.at.run.scenario)

    @property
    def cell(self) -> tuple[Var, int]:
        return self.trouble.var, self.trouble.element or 0

    @property
    def unit(self) -> str:
        """The unit that is meant: `h2`, `filter 1 of c`, at whatever step or place."""
        var, flat = self.cell
        element = flat % max(1, var.lane_size)
        layer = var.name.rpartition(".")[0]
        if len(var.lane_shape) == IMAGE:
            return f"filter {element // (var.lane_shape[1] * var.lane_shape[2])} of {layer}"
        if len(var.lane_shape) == 2 and var.elements is None:
            return f"unit {element} of {layer}"
        return STEP.sub("", self.namer.unit(var, element))

    @property
    def layer(self) -> str:
        of = self.trouble.var.derivative_of or self.trouble.var
        return of.name.removesuffix(".net").removesuffix(".out")

    @property
    def value(self) -> tuple[Var, int]:
        """What is made where numbers stop being finite: the origin itself, or the value in whose line it is."""
        return value_of(self.at.program, self.cell)


def _not_finite(about: About) -> str:
    var, flat = about.value
    name = about.namer.of(var, flat % max(1, var.lane_size))
    x = about.at.value((var, flat))
    cause = reason(about.at, about.cell)
    row = about.at.row(about.cell)
    said = f"{name} is {notation.one(x)}" if x - x != 0 else f"on the way to {name}"
    said += f" for sample {row}" if row is not None and not var.lanes else ""
    spoils = about.trouble.spoils
    return f"{said}: {cause}" + (f"; it spoils {spoils:,} more" if spoils else "")


def _number(about: About) -> str:
    name = about.namer.of(about.trouble.var, about.cell[1] % max(1, about.trouble.var.lane_size))
    if about.trouble.kind == "overflow":
        return f"{name} overflows: Inf out of finite numbers"
    return f"{name} is {notation.one(about.trouble.value)}"


ENDING = ("sigmoid", "tanh", "hard_sigmoid", "softsign", "erf")     # laws that come to an end on both sides

SAYS: dict[str, Say] = {
    **dict.fromkeys(NUMBERS, _number),
    "not finite": _not_finite,
    "exploding": lambda a: f"the gradient explodes: {a.layer} hears {times(a.trouble.value)} more than the last layer",
    "vanishing": lambda a: f"the gradient vanishes: {a.layer} hears {times(a.trouble.value)} less than the last layer",
    "no gradient": lambda a: f"the gradient of {a.trouble.var.name} is 0 in every element: {cause(a)}",
    "saturated": lambda a: f"{a.unit} is {_flat(a)}: {cause(a)}",
    "dead": lambda a: f"{a.unit} is dead: {cause(a)}",
    "loss up": lambda a: f"{a.trouble.var.name} goes up and stays up: {cause(a)}",
    "rate 0": lambda a: "the learning rate is 0: nothing that is trained moves",
}


def _flat(about: About) -> str:
    """The word for a unit without slope: what comes to an end far out is saturated, and any other law is flat there."""
    law = _block(about).equations[-1].law
    return "saturated" if law is not None and law.name in ENDING else "flat"


def _slope(about: About) -> str:
    """The greatest slope of a unit over an epoch, with its law."""
    most = notation.short(about.trouble.value)
    law = _law(about)
    if about.trouble.kind == "dead":
        return f"the slope of {law} is 0 for all of the data"
    return f"the slope of {law} is {most} at most, below {FLAT:g}"


def _block(about: About) -> Block:
    """The line that bends what the trouble is about."""
    program, x = about.at.program, about.trouble.var
    bent = next(slope for slope in (eq.out for eq in program.equations) if slope.role == "local" and slope.of[1] is x)
    return program.blocks[program.home_of[bent.of[0]]]


def _law(about: About) -> str:
    """The activation of a unit; with where it stands, if there is one row only."""
    x, block = about.trouble.var, _block(about)
    law = block.equations[-1].law
    if law is None or len(block.equations) > 1 or not law.name.isidentifier():
        return block.text or "its law"
    alone = x.size == x.lane_size and about.at.run.model.rows.count == 1
    return watched.at(law.name, [about.at.value(about.cell)]) if alone and len(x.lane_shape) == 1 else law.name


CAUSES: dict[str, Say] = {
    "not finite": lambda a: reason(a.at, a.cell),
    "exploding": lambda a: f"{times(a.trouble.value)} more than the last layer; from {FAR:,.0f} on it explodes",
    "vanishing": lambda a: f"{times(a.trouble.value)} less than the last layer; from {FAR:,.0f} on it vanishes",
    "no gradient": lambda a: beginning(a.at, (a.at.program.gradients[a.trouble.var], 0)),
    "saturated": _slope,
    "dead": _slope,
    "loss up": lambda a: f"it is {times(a.trouble.value)} its smallest before, more than {TWICE:g}",
    "rate 0": lambda a: "the learning rate is 0",
}


def cause(about: About) -> str:
    """The reason: an operation with its operands, or a measure with its threshold."""
    return CAUSES[about.trouble.kind](about)


def times(ratio: float) -> str:
    return "more times than can be said" if ratio == float("inf") else \
        f"{ratio:,.0f} times" if 10 <= ratio < 1e12 else f"{ratio:.3g} times"


def about(run: Run, trouble: Trouble) -> str:
    """What begins at a trouble's position."""
    return SAYS[trouble.kind](About(evidence(run, trouble.at.update), trouble))


def finding(run: Run, trouble: Trouble) -> Diagnosis:
    """A trouble as the record that is printed and read."""
    a = About(evidence(run, trouble.at.update), trouble)
    what = a.unit if trouble.kind in ("dead", "saturated") else "learning_rate" if trouble.kind == "rate 0" else \
        trouble.var.name if trouble.kind == "no gradient" else named(run, trouble.at.update, a.cell)
    row = a.at.row(a.cell) if trouble.kind == "not finite" else None
    return Diagnosis(trouble.kind, what, trouble.at.update, row, cause(a), trouble.spoils, trouble.hidden,
                     places.write_position(run, trouble.at))


def lane(run: Run, trouble: Trouble) -> int | None:
    """The place in the batch of the sample that a trouble is of; None where it is of none."""
    if trouble.kind not in ("not finite", *NUMBERS) or trouble.element is None:
        return None
    at = evidence(run, trouble.at.update)
    return cell_lane(at.made, at.env, (trouble.var, trouble.element))
