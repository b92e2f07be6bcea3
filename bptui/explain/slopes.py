"""The sentence beside a derivative, tried: what E really does when the value is moved up and down.

At a kink there are two slopes, and the rule that takes one is named. A slope of 0 says why it is 0. Where E curves so
much that what a derivative promises is not what comes, a smaller step shows that it is right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

import numpy as np

from ..engine.scalars import Cell
from ..replay.run import Run
from . import notation
from .cause import evidence
from .chain import Explainer
from .infinite import fitting
from .trial import Kink, Trial
from .zero import why

NUDGE = 0.01
SMALLER = (1e-3, 1e-4, 1e-5, 1e-6)                  # tried where what is said and what comes are apart
APART = 0.1                                         # of what is said
FITS = 0.02                                         # of what is said, by a smaller step
SEEN = 1e-9                                         # of E: in a smaller change, rounding would be among the digits
ROUNDING = 1e-13                                    # of E: of a smaller change, two digits are rounding
REPLACED = "later weights are new already"
LEFT = 1e-14                                        # of Σ|terms|: not more than rounding leaves of a sum
SIDE = 1e-6                                         # of the value, or of 1: by it the slopes of both sides are compared
OTHER = 1e-3                                        # of the greater one: they differ


@dataclass
class Tried:
    """E as it is, and as it becomes when a value is moved: worked out when it is asked for, and kept."""

    here: float = math.nan
    kink: Kink | None = None                        # that the value stands on, if E has two slopes there
    changes: dict[float, float] = field(default_factory=dict[float, float])    # of E, by the step

    def change(self, at: Explainer, x: Cell, step: float) -> float:
        if step not in self.changes:
            trial = Trial(at.program, at.reader.env, x)
            self.here, self.changes[step] = trial.here, trial.change(step)
        return self.changes[step]


TRIED: WeakKeyDictionary[Run, dict[tuple[int, Cell], Tried]] = WeakKeyDictionary()


def tried(at: Explainer, x: Cell) -> Tried:
    """What is known of E when `x` is moved."""
    known = TRIED.setdefault(at.run, {})
    if (at.update, x) not in known:
        trial = Trial(at.program, at.reader.env, x)
        kink = trial.kinks[0] if trial.kinks and _two_slopes(trial, at.reader.value(x)) else None
        known[at.update, x] = Tried(kink=kink)
    return known[at.update, x]


def _two_slopes(trial: Trial, x: float) -> bool:
    """Whether E has another slope on either side."""
    h = SIDE * max(1.0, abs(x))
    up, down = trial.change(h) / h, -trial.change(-h) / h
    return not abs(up - down) <= OTHER * max(abs(up), abs(down))


def bends(at: Explainer, x: Cell) -> Kink | None:
    """The kink that a value stands on, if E has two slopes there."""
    return tried(at, x).kink


def at_kink(at: Explainer, x: Cell, kink: Kink) -> str:
    """The rule that holds at a kink, and what E does on both sides."""
    name = at.title(x)
    up, down = (tried(at, x).change(at, x, step) for step in (NUDGE, -NUDGE))
    law = "" if "where" in kink.rule and kink.law.name not in ("where", "masked") else f"{kink.law.name}: "
    rule = kink.rule
    if known := _no_number(tried(at, x), at.cost):
        return fitting(f"At a kink of {law}{rule}. {known}", f"At a kink: {rule}. {known}", f"At a kink: {rule}.")
    full = f"{name} + {NUDGE:g}: {at.cost} {_changed(up)}; - {NUDGE:g}: {_changed(down)}."
    short = f"± {NUDGE:g}: {at.cost} {_brief(up)}, {_brief(down)}."
    return fitting(f"At a kink of {law}{rule}. {full}", f"At a kink: {rule}. {full}", f"At a kink: {rule}. {short}",
                   f"At a kink: {rule}. {short.replace(' ', '')}", f"At a kink: {rule}.")


def _changed(change: float) -> str:
    return "as it is" if change == 0 else notation.one(change, signed=True)


def _brief(change: float) -> str:
    return "0" if change == 0 else f"{change:+.3g}" if math.isfinite(change) else notation.one(change, signed=True)


def _no_number(found: Tried, cost: str) -> str:
    """What E is where it is no number: from there nothing is a change of it."""
    return "" if math.isfinite(found.here) else f"{cost} is {notation.one(found.here)} here."


def of_nothing(at: Explainer, cell: Cell, x: Cell) -> str:
    """Why a derivative is 0, and what follows for E as far as it was tried."""
    name = at.title(x)
    up, down = (tried(at, x).change(at, x, step) for step in (NUDGE, -NUDGE))
    said = f"∂{at.cost}/∂{name} is exactly 0: {why(evidence(at.run, at.update, cell[0]), cell)}."
    brief = said.replace("exactly 0", "0", 1)
    if up == 0 == down:
        return fitting(f"{said} {name} cannot change {at.cost} here.", said, brief)
    if known := _no_number(tried(at, x), at.cost):
        return fitting(f"{said} {known}", said, brief)
    return fitting(f"{said} ± {NUDGE:g}: {at.cost} {_brief(up)}, {_brief(down)}.", said, brief)


def of_rounding(at: Explainer, cell: Cell, x: Cell) -> str:
    """A derivative that is what rounding leaves where terms cancel; nothing where it is more than that."""
    value, size = at.reader.value(cell), _size(at, cell)
    if not 0 < abs(value) <= LEFT * size:
        return ""
    return f"∂{at.cost}/∂{at.title(x)} is 0 but for rounding: its terms cancel, up to {value:.1g}."


def _size(at: Explainer, cell: Cell) -> float:
    """Σ|terms| of a sum, with that of its shares where it has some."""
    shares = [t.args for t in at.reader.made[cell[0]].terms if len(t.args) == 1 and t.args[0].role == "share"]
    if shares:
        return sum(_size(at, (share, cell[1])) for (share,) in shares)
    return float(np.abs(at.reader.values(cell)).sum()) if at.reader.made[cell[0]].law is None else 0.0


def promised(at: Explainer, x: Cell, slope: float) -> str:
    """What E should do when `x` is raised, and what it does."""
    name, found, cost = at.title(x), tried(at, x), at.cost
    up = found.change(at, x, NUDGE)
    way = "raise" if slope > 0 else "lower"
    if known := _no_number(found, cost):
        tried_it = known
    elif not math.isfinite(up):
        tried_it = f"Tried: {cost} is {notation.one(found.here + up)} then."
    elif abs(up) < SEEN * abs(found.here):
        tried_it = "Tried: too little to see."
    elif abs(up - slope * NUDGE) > APART * abs(slope) * NUDGE:
        return _curved(at, x, found, slope)
    else:
        tried_it = f"Tried: {notation.one(abs(up))}."
    nudged = f"+ {NUDGE:g} should {way} {cost} by {notation.one(abs(slope) * NUDGE)}. {tried_it}"
    return fitting(f"{name} {nudged}", f"{_part(at, x)} {nudged}")


def _part(at: Explainer, x: Cell) -> str:
    """A name without its layer, for what is too long for a row."""
    return replace(at.namer, home=x[0].name.rpartition(".")[0]).of(x[0], x[1] % x[0].lane_size)


def _curved(at: Explainer, x: Cell, found: Tried, slope: float) -> str:
    """What is apart fits by a smaller step: by which, and how well. Not so where it is no derivative: what updates in
    place give to an optimizer is made with weights that have changed since."""
    name, cost, up = at.title(x), at.cost, found.change(at, x, NUDGE)
    did = "raises" if up > 0 else "lowers"
    was = f"not {abs(slope) * NUDGE:.3g}" if (up > 0) == (slope > 0) else \
        f"and should {'raise' if slope > 0 else 'lower'} it"
    moved = f"{NUDGE:g} {did} {cost} by {abs(up):.3g}, {was}"
    if fits := _fits(at, x, found, slope):
        return fitting(f"Curved here: {name} + {moved}{fits}.", f"Curved here: + {moved}{fits}.",
                       f"Curved here: + {NUDGE:g}: {cost} {up:+.3g}, not {slope * NUDGE:+.3g}{fits}.")
    if at.run.scenario.training.update_order == "in_place":
        return fitting(f"{name} + {moved}: {REPLACED}.", f"+ {moved}: {REPLACED}.")
    # Among the roundings of E no step shows it.
    sides = f"± {NUDGE:g}: {cost} {_brief(up)}, {_brief(found.change(at, x, -NUDGE))}."
    seen = f"a slope of {slope:.2g} is too little to see"
    return fitting(f"{name}: {seen}. {sides}", f"{seen[0].upper()}{seen[1:]}. {sides}")


def _fits(at: Explainer, x: Cell, found: Tried, slope: float) -> str:
    """A smaller step by which E does what it should; up and down, where it curves so much that no step up is small
    enough."""
    for both in (False, True):
        for step in SMALLER:
            change = found.change(at, x, step)
            change = (change - found.change(at, x, -step)) / 2 if both else change
            off = abs(change - slope * step) / abs(slope * step)
            if off <= FITS and abs(change) > ROUNDING * abs(found.here):
                return f"; {'±' if both else ''}{step:g} fits to {_share(off)}"
    return ""


def _share(off: float) -> str:
    return f"{100 * off:.1g} %" if off >= 1e-5 else "0.001 %"
