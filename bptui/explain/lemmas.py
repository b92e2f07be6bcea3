"""What textbooks print in place of a chain: other readings of the same derivative, held against it.

A lemma is never used to compute anything. `check` compares it with the Jacobian that the engine derived, and the line
of words quotes it where the position stands on such a derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ..engine.program import Block, Program, Var
from ..replay.run import Run

Array = np.ndarray
MOST_OUTPUTS = 16                                   # whose rows of a Jacobian are compared
TOLERANCE = 1e-12                                   # of a Jacobian, whose elements are at most 1 in size


@dataclass(frozen=True)
class Lemma:
    """The Jacobian of a vector law from its output `y` of one sample: [outputs, inputs], and in words."""

    name: str
    jacobian: Callable[[Array], Array]
    text: str


LEMMAS: dict[str, Lemma] = {
    "softmax": Lemma("softmax's Jacobian", lambda y: np.diag(y) - np.outer(y, y),
                     "softmax: ∂p_i/∂z_j is p_i × where(i = j: 1; else 0) - p_i × p_j"),
    "log_softmax": Lemma("log softmax's Jacobian", lambda y: np.eye(len(y)) - np.exp(y)[None, :],
                         "log softmax: ∂log p_i/∂z_j is where(i = j: 1; else 0) - p_j"),
}
P_MINUS_T = "p - t"


@dataclass(frozen=True)
class LemmaHolds:
    """How far a lemma is from what the engine derived: `worst` in units of the tolerance."""

    what: str
    name: str
    worst: float

    @property
    def ok(self) -> bool:
        return self.worst <= 1


def mixing(program: Program) -> list[Block]:
    """The written lines that have a lemma."""
    return [b for b in program.forward if b.text in LEMMAS]


def probabilities(block: Block, y: Array) -> Array:
    """p, where a line makes it or its logarithm."""
    return np.exp(y) if block.text == "log_softmax" else y


def is_p_minus_t(program: Program, block: Block) -> bool:
    """Whether the line is followed by the cross-entropy over its own elements: then ∂loss/∂z is p - t."""
    parts = next((b for b in program.forward if b.out is program.parts), None)
    if parts is None or parts.equations[-1].law is None or len(parts.equations) != 1:
        return False
    return parts.equations[-1].terms[0].args[0] is block.out and parts.equations[-1].law.name in (
        "cross_entropy", "log_cross_entropy")


def read(block: Block) -> Var:
    """What a mixing line reads."""
    inside = {eq.out for eq in block.equations}
    return next(v for eq in block.equations for v in eq.operands if v not in inside)


@np.errstate(all="ignore")
def check_lemmas(run: Run, update: int) -> Iterator[LemmaHolds]:
    """Every lemma of an update's program, for the first sample of its batch."""
    program, env = run.program(update), run.env(update)
    for block in mixing(program):
        lemma, y, x = LEMMAS[block.text], block.out, read(block)
        own = env.array(y).reshape(-1, y.shape[-1])[0]
        if not np.isfinite(own).all():              # nothing to hold it against
            continue
        outputs = range(0, y.shape[-1], -(-y.shape[-1] // MOST_OUTPUTS))
        rows = [run.derivative(update, (y, k), x).reshape(-1)[:x.shape[-1]] for k in outputs]
        off = np.array(rows) - lemma.jacobian(own)[list(outputs)]
        yield LemmaHolds(y.name, lemma.name, float(np.max(np.abs(off))) / TOLERANCE)
        if is_p_minus_t(program, block):
            targets = next(v for v in program.inputs if v.name == "targets")
            t = env.array(targets).reshape(-1, y.shape[-1])[0]
            p = probabilities(block, own)
            slope = run.derivative(update, (program.loss, 0), x).reshape(-1)[:x.shape[-1]]
            yield LemmaHolds(x.name, P_MINUS_T, float(np.max(np.abs(slope - (p * t.sum() - t)))) / TOLERANCE)
