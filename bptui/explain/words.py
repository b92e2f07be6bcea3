"""One line of words for where the run stands: what this value means, in a sentence of at most a row.

Sentences are short and literal; numbers in them are those of the step. What is wrong with a printed figure
goes before everything else.
"""

from __future__ import annotations

import math
from weakref import WeakKeyDictionary

import numpy as np

from ..engine.program import Block
from ..engine.scalars import Cell
from ..replay.run import Run
from ..replay.timeline import Position
from . import notation
from .chain import Explainer
from .claims import figure
from .lemmas import LEMMAS, is_p_minus_t, mixing, probabilities, read
from .marks import GLYPHS, Marks, Printed
from .rows import Chain

DOT = f"{notation.PENDING} means: not computed yet. Values appear as you step, and go as you step back."
NUDGE = 0.01
ROW = 78                                            # characters of a sentence that a row of 80 shows
SEEN = 1e-9                                         # of E: in a smaller change, rounding would be among the digits
TRIED: WeakKeyDictionary[Run, dict[tuple[int, Cell], tuple[float, float]]] = WeakKeyDictionary()


def about_figure(marks: Marks, printed: Printed, here: float) -> str:
    """What is wrong with a printed figure beside the value `here`; nothing if it agrees."""
    verdict, value, why = marks.verdict(printed, here), printed.claim.value, printed.claim.why
    if verdict == "agrees" or value is None:
        return ""
    shown = f"{GLYPHS[verdict]} The source prints {value}"
    if why and verdict in ("last digit", "known erratum"):
        return f"{shown}: {why}."
    digits = max(0, -int(figure(value).as_tuple().exponent))
    return f"{shown}; here it is {here:.{digits}f}."


def about_step(at: Explainer, position: Position, chain: Chain | None) -> str:
    """What the value in the making, or just made, means."""
    if position.value == 0:
        if position.update == 0:
            return DOT
        return f"After {notation.counted(position.update, 'update')}. Next, the forward pass again."
    block = at.times.blocks[at.times.locate(position.value)[0]]
    stops = at.times.stops(position.value)
    if position.inner < stops:
        return _making(at, position, block, stops)
    return {"forward": _forward, "loss": _loss, "backward": _backward, "perturbation": _perturbed,
            "update": _update}[block.phase](
        at, position, block, chain)


def _making(at: Explainer, position: Position, block: Block, stops: int) -> str:
    left = stops - position.inner
    name = at.title(at.cell(position.value))
    return f"{name} is in the making: {left} more step{'s' if left > 1 else ''}, and it is there."


def _value(at: Explainer, position: Position) -> float:
    return at.reader.value(at.cell(position.value))


def _forward(at: Explainer, position: Position, block: Block, chain: Chain | None) -> str:
    cell = at.cell(position.value)
    equation = block.equations[-1]
    name, value = at.title(cell), _value(at, position)
    if equation.law is not None and equation.law.name in ("sigmoid", "tanh", "relu", "softplus"):
        fed = at.reader.term(cell, 0).cells[0]
        said = f"{name} is what {equation.law.name} makes of {notation.one(at.reader.value(fed))}"
        return f"{said}. {equation.law.kink}." if equation.law.kink and at.reader.value(fed) == 0 else f"{said}."
    if equation.law is None and at.reader.count(cell) > 1:
        what = ": inputs by their weights, and what is constant" if at.run.scenario.network else ""
        return f"{name} adds up {at.reader.count(cell)} terms{what}."
    return f"{name} is {notation.one(value)}."


def _loss(at: Explainer, position: Position, block: Block, chain: Chain | None) -> str:
    cell = at.cell(position.value)
    if math.isnan(_value(at, position)):
        return f"{at.title(cell)} is NaN, no number: 0 × Inf, Inf - Inf or 0 / 0 stands on the way."
    if cell[0] is at.program.cost:
        wrong = "how wrong it is: " if at.run.scenario.network else ""
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
        return f"∂{at.cost}/∂{name} is {notation.one(value)}: something before it overflowed, or was 0 × Inf."
    if value == 0:
        return f"∂{at.cost}/∂{name} is exactly 0: {name} cannot change {at.cost} here."
    way = "raise" if value > 0 else "lower"
    nudged = f"{name} + {NUDGE:g} should {way} {at.cost} by {notation.one(abs(value) * NUDGE)}."
    if x[0].role == "parameter":
        said = f"{nudged} {_tried(at, position, x)}"
        return said if len(said) <= ROW else said.replace(name, name.rpartition(".")[2], 1)
    if chain is None or not chain.rows:
        return nudged
    factor = next((r for r in reversed(chain.rows) if r.kind == "factor"), None)
    unit = at.namer.unit(x[0], x[1] % x[0].lane_size)
    if factor is not None and factor.value is not None and at.reader.count(cell) == 1:
        law = at.program.made_by[factor.cell[0].of[0]].law if factor.cell else None
        slope = abs(factor.value)
        if law is not None and law.name == "sigmoid":
            return f"The sigmoid of {unit} lets {notation.percent(slope)} of the error through; 25 % is its most."
        if law is not None and slope <= 1:
            return f"The slope of {unit} lets {notation.percent(slope)} of the error signal through."
        return f"The error signal has passed back to {name}: the slope there is {notation.one(factor.value)}."
    lemma = _lemma(at, x)
    if lemma:
        return lemma
    if chain.paths:
        return f"{chain.paths} paths lead back to {unit}; their sum is ∂{at.cost}/∂{name}."
    return nudged


def _tried(at: Explainer, position: Position, x: Cell) -> str:
    """What really becomes of E when the parameter is raised: the forward half, run again."""
    from .gradients import Forward  # not before the first paint
    known = TRIED.setdefault(at.run, {})
    if (position.update, x) not in known:
        forward = Forward(at.program, at.reader.env)
        known[position.update, x] = forward.cost(x[0], x[1], 0.0), forward.cost(x[0], x[1], NUDGE)
    before, after = known[position.update, x]
    change = after - before
    if not math.isfinite(change):
        return f"Tried: {at.cost} is {notation.one(after)} then."
    if abs(change) < SEEN * abs(before):
        return f"Tried: too little to see in {at.cost}."
    other = change * _value(at, position) < 0
    return f"Tried: {notation.one(abs(change))}{', the other way' if other else ''}."


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
    value = notation.one(at.reader.value(cell))
    return f"{at.title(cell)} is {value}: {said}." if said else f"{at.title(cell)} is {value}."


def _update(at: Explainer, position: Position, block: Block, chain: Chain | None) -> str:
    cell = at.cell(position.value)
    if cell[0].role != "next" or cell[0].of[0].role != "parameter":
        return _on_the_way(at, cell)
    parameter = cell[0].of[0], cell[1]
    change = _value(at, position) - at.reader.value(parameter)
    name = at.title(parameter)
    if change == 0:
        return f"{name} stays as it is."
    moved = f"{name} goes {'up' if change > 0 else 'down'} by {notation.one(abs(change))}"
    gradient = at.reader.value((at.program.gradients[parameter[0]], parameter[1]))
    against = gradient * change < 0
    return f"{moved}, against its derivative." if against else f"{moved}: what is kept of earlier steps carries it."
