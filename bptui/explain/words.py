"""One line of words for where the run stands: what this value means, in a sentence of at most a row.

Sentences are short and literal; numbers in them are those of the step. What is wrong with a printed figure
goes before everything else.
"""

from __future__ import annotations

import math

import numpy as np

from ..engine.program import Block
from ..engine.scalars import Cell
from ..replay.run import Run
from ..replay.timeline import Position
from . import infinite, notation, slopes
from .advice import advice
from .chain import Explainer
from .claims import WORDS
from .infinite import fitting
from .lemmas import LEMMAS, is_p_minus_t, mixing, probabilities, read
from .links import Chain, Link
from .marks import Marks, Printed

DOT = f"{notation.PENDING} means: not computed yet. Values appear as you step, and go as you step back."


def about_figure(marks: Marks, printed: Printed, here: float) -> str:
    """What is wrong with a printed figure beside the value `here`; nothing if it agrees."""
    if printed.claim.value is None or (found := marks.beside(printed, here)).verdict == "agrees":
        return ""
    shown = f"{WORDS[found.verdict].mark} The source prints {printed.claim.value}"
    if printed.claim.why and found.verdict in ("last digit", "float32", "known erratum"):
        return f"{shown}: {printed.claim.why}."
    cause = f": {found.cause}" if found.cause else ""
    return f"{shown}; here it is {notation.number(here, decimals=found.decimals)}{cause}."


def beginning(run: Run) -> str:
    """What is said before the first value: what the scenario asks for and seldom means, else what the dots are."""
    return " ".join(advice(run)) or DOT


def about_step(at: Explainer, position: Position, chain: Chain | None) -> str:
    """What the value in the making, or just made, means; `chain` is its own."""
    if position.value == 0:
        if position.update == 0:
            return beginning(at.run)
        return f"After {notation.counted(position.update, 'update')}. Next, the forward pass again."
    block = at.times.blocks[at.times.locate(position.value)[0]]
    stops = at.times.stops(position.value)
    if position.inner < stops:
        return _making(at, position, chain, stops)
    return {"forward": _forward, "loss": _loss, "backward": _backward, "perturbation": _perturbed,
            "update": _update}[block.phase](
        at, position, block, chain)


def _making(at: Explainer, position: Position, chain: Chain | None, stops: int) -> str:
    """What this step of a value has made: a term of its sum, or a step on the way to it."""
    name, here = at.title(at.cell(position.value)), (position.value, position.inner)
    said = f"{name} is in the making, step {position.inner} of {stops}"
    rows = (r for r in (chain.rows if chain is not None else ()) if r.made == here and not r.depth)
    row = next((r for r in rows if r.value is not None), None)
    if row is None or row.value is None:
        return f"{said}."
    what = row.rule if row.step and row.rule else row.name
    return f"{said}: {what} is {notation.one(row.value, row.signed)}."


def _value(at: Explainer, position: Position) -> float:
    return at.reader.value(at.cell(position.value))


def _forward(at: Explainer, position: Position, block: Block, chain: Chain | None) -> str:
    cell = at.cell(position.value)
    equation = block.equations[-1]
    name, value = at.title(cell), _value(at, position)
    if not math.isfinite(value):
        return infinite.sentence(at, cell)
    if equation.law is not None and equation.law.name in ("sigmoid", "tanh", "relu", "softplus"):
        fed = at.reader.term(cell, 0).cells[0]
        said = f"{name} is what {equation.law.name} makes of {notation.one(at.reader.value(fed))}"
        bent = equation.law.kink if at.reader.value(fed) == 0 else ""
        return f"{said}. {bent[0].upper()}{bent[1:]}." if bent else f"{said}."
    if equation.law is None and at.reader.count(cell) > 1:
        said = f"{name} adds up {at.reader.count(cell)} terms"
        sums = at.run.model.form.words().sums
        what = f": {sums}" if sums else ""
        constant = ", and what is constant" if what else ""
        return fitting(f"{said}{what}{constant}.", f"{said}{what}.", f"{said}.")
    return f"{name} is {notation.one(value)}."


def _loss(at: Explainer, position: Position, block: Block, chain: Chain | None) -> str:
    cell = at.cell(position.value)
    if not math.isfinite(_value(at, position)):
        return infinite.sentence(at, cell)
    if cell[0] is at.program.cost:
        told = at.run.model.form.words().loss
        wrong = f"{told}: " if told else ""
        return f"{at.cost} is {wrong}{notation.one(_value(at, position))}. Now back, to what made it."
    if cell[0] is at.program.parts:
        out, target = at.reader.term(cell, 0).cells[:2] if block.equations[-1].law else (None, None)
        if out and target:
            value, wanted = at.reader.value(out), at.reader.value(target)
            side = "above" if value > wanted else "below" if value < wanted else "at"
            # Not by how much: that is ∂E/∂out, which is made later.
            return f"{at.title(out)} is {side} its target, {notation.one(wanted)}: this is its part of the error."
    return f"{at.title(cell)} is {notation.one(_value(at, position))}."


def _backward(at: Explainer, position: Position, block: Block, chain: Chain | None) -> str:
    cell = at.cell(position.value)
    x = cell[0].of[0], cell[1]
    name, value = at.title(x), _value(at, position)
    if not math.isfinite(value):
        return infinite.sentence(at, cell)
    if (kink := slopes.bends(at, x)) is not None:
        return slopes.at_kink(at, x, kink)
    if value == 0:
        return slopes.of_nothing(at, cell, x)
    if (left := slopes.of_rounding(at, cell, x)):
        return left
    if x[0].role == "parameter":
        return slopes.promised(at, x, value)
    way = "raise" if value > 0 else "lower"
    nudged = f"{name} + {slopes.NUDGE:g} should {way} {at.cost} by {notation.one(abs(value) * slopes.NUDGE)}."
    if chain is None or not chain.rows:
        return nudged
    factor = next((r for r in reversed(chain.rows) if r.kind == "factor"), None)
    unit = at.namer.unit(x[0], x[1] % x[0].lane_size)
    if factor is not None and factor.value is not None and at.reader.count(cell) == 1:
        law = at.program.made_by[factor.cell[0].of[0]].law if factor.cell else None
        slope, through = abs(factor.value), _unit_of_slope(at, x, factor, unit)
        if law is not None and law.name == "sigmoid":
            return f"The sigmoid of {unit} lets {notation.percent(slope)} of the error through; 25 % is its most."
        if law is not None and slope <= 1:
            return f"The slope of {through} lets {notation.percent(slope)} of the error signal through."
        passed = f"passed back to {name}: the slope there is {notation.one(factor.value)}."
        return fitting(f"The error signal has {passed}", f"It has {passed}")
    lemma = _lemma(at, x)
    if lemma:
        return lemma
    if chain.paths:
        return f"{chain.paths} paths lead back to {unit}; their sum is ∂{at.cost}/∂{name}."
    return nudged


def _unit_of_slope(at: Explainer, x: Cell, factor: Link, unit: str) -> str:
    """What a slope is of: the neuron that reads `x` and makes something of it, else what is made of `x`."""
    if factor.cell is None:
        return unit
    y = factor.cell[0].of[0]
    flat = factor.cell[1] if y.size == factor.cell[0].size else x[1]
    return unit if at.namer.unit(y, flat % y.lane_size) == unit else at.title((y, flat))


def _lemma(at: Explainer, x: Cell) -> str:
    """What textbooks print for the derivative by what a softmax reads."""
    block = next((b for b in mixing(at.program) if read(b) is x[0]), None)
    if block is None:
        return ""
    if not is_p_minus_t(at.program, block):
        return f"{LEMMAS[block.text].text}."
    targets = next(v for v in at.program.inputs if v.name == "targets")
    p = float(probabilities(block, np.asarray(at.reader.value((block.out, x[1])))))
    t = at.reader.value((targets, x[1]))
    mean = at.program.samples > 1 and at.run.scenario.loss.reduction == "mean"
    slope = "(p - t) / n" if mean else "p - t"
    return f"Softmax with cross-entropy: this is {slope}, with p = {notation.one(p)} and t = {notation.one(t)}."


def _perturbed(at: Explainer, position: Position, block: Block, chain: Chain | None) -> str:
    """A value of the gradient by perturbation."""
    cell = at.cell(position.value)
    if not math.isfinite(at.reader.value(cell)):
        return infinite.sentence(at, cell)
    value = notation.one(at.reader.value(cell))
    if not cell[0].of:
        return f"{at.title(cell)} is {value}: the same forward pass, with one parameter raised."
    w = at.title((cell[0].of[0], cell[1]))
    return f"Raising {w} and running again: {at.cost} changes by {value} times the change of {w}."


MADE = {
    "m": "the gradients so far, the old ones fading",
    "v": "the squared gradients so far",
    "velocity": "what is left of earlier steps, and this gradient",
    "m_hat": "m, made up for its start at 0", "v_hat": "v, made up for its start at 0",
    "t": "the updates of this parameter so far", "g": "the gradient with the weight's own decay",
    "decayed": "the weight, a little nearer to 0", "clipped": "the gradient, cut to the limit",
    "gradient_norm": "the length of all gradients together", "clip_factor": "what all gradients are shortened by",
}


def _on_the_way(at: Explainer, cell: Cell) -> str:
    """What an update makes on its way to the next weight."""
    var = cell[0].of[0] if cell[0].role == "next" else cell[0]
    said = MADE.get(var.name.rpartition(".")[2], "")
    if not math.isfinite(at.reader.value(cell)):
        return infinite.sentence(at, cell)
    value = notation.one(at.reader.value(cell))
    return f"{at.title(cell)} is {value}: {said}." if said else f"{at.title(cell)} is {value}."


def _update(at: Explainer, position: Position, block: Block, chain: Chain | None) -> str:
    cell = at.cell(position.value)
    if cell[0].role != "next" or cell[0].of[0].role != "parameter":
        return _on_the_way(at, cell)
    parameter = cell[0].of[0], cell[1]
    change = _value(at, position) - at.reader.value(parameter)
    name = at.title(parameter)
    if not math.isfinite(_value(at, position)):
        return infinite.sentence(at, cell)
    if change == 0:
        return f"{name} stays as it is: {_unmoved(at, parameter)}."
    moved = f"{name} goes {'up' if change > 0 else 'down'} by {notation.one(abs(change))}"
    gradient = at.reader.value((at.program.gradients[parameter[0]], parameter[1]))
    if gradient * change < 0:
        return f"{moved}, against its derivative."
    return f"{moved}: {_carried(at, parameter, gradient)}."


def _unmoved(at: Explainer, parameter: Cell) -> str:
    """Why an update leaves a parameter as it is."""
    if _setting(at, "η") == 0:
        return "the rate is 0"
    gradient = at.reader.value((at.program.gradients[parameter[0]], parameter[1]))
    if gradient == 0:
        return "its derivative is 0"
    return "the change is too small for its digits"


def _carried(at: Explainer, parameter: Cell, gradient: float) -> str:
    """Why an update moves a parameter though its derivative does not say so."""
    kept = [v for v in at.program.slots if v.of == (parameter[0],) and v.name.rpartition(".")[2] in ("m", "velocity")]
    if kept:
        return f"{at.title((kept[0], parameter[1]))} carries it, what is kept of earlier steps"
    if _setting(at, "λ"):
        return "its decay is more than its derivative" if gradient else "that is its decay"
    return "along its derivative"


def _setting(at: Explainer, name: str) -> float | None:
    """A setting of this update; None where it reads none of that name."""
    var = next((v for v in at.program.inputs if v.role == "setting" and v.name == name), None)
    return None if var is None else at.reader.value((var, 0))
