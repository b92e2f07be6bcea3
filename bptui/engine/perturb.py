"""The gradient by perturbation: change one weight, run again, compare.

For each element of each parameter the whole forward half is written once more, with that element raised by h; its
derivative is taken to be (E(w + h) - E) / h. That costs a forward pass for every parameter, where backpropagation
needs one pass back for all of them: the passes are values that can be stepped through, and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .builder import contract
from .laws import Elementwise
from .program import Block, Equation, Term, Var
from .scalars import unravel
from .structure import Gather

MOST_PASSES = 200
SLOPE = Elementwise("perturbation", lambda f, raised, E, h: (raised - E) / h, ())


def perturbed(lines: Sequence[Block], trained: Sequence[Var], cost: Var, h: Var,
              emit: Callable[[Block], None]) -> dict[Var, Var]:
    """The estimated derivative of `cost` by each of `trained`; `emit` takes the blocks that make them."""
    estimates: dict[Var, Var] = {}
    last = next(n for n, line in enumerate(lines) if line.out is cost)
    for w in trained:
        group = next((line.group for line in lines if any(w in eq.operands for eq in line.equations)), "")
        slopes: list[Equation] = []
        for flat in range(w.size):
            again = _again(lines[:last + 1], w, flat, h, emit)[cost]
            slope = Var(f"{w.name}#{flat}", "", (), "temporary", "slope")
            slopes.append(Equation(slope, (Term(SLOPE, (again, cost, h)),)))
        out = Var(f"d({cost.name}, {w.name})", w.letters, w.shape, "estimate", f"∂{cost.name}/∂{w.symbol}", None, (w,),
                  cost=cost.name)
        gather = Gather(np.arange(w.size), (1,) * w.size)
        emit(Block("perturbation", group, (*slopes, Equation(out, (Term(gather, tuple(eq.out for eq in slopes)),)))))
        estimates[w] = out
    return estimates


def _again(lines: Sequence[Block], w: Var, flat: int, h: Var, emit: Callable[[Block], None]) -> dict[Var, Var]:
    """The forward half with element `flat` of `w` raised by h: what each variable is called there."""
    element = w.elements[flat] if w.elements else f"{w.name}[{','.join(map(str, unravel(flat, w.shape)))}]"
    label = f"({element}+h)"
    one = Var("1", w.letters, w.shape, "unit", "1", None, (), float(flat))
    elements = tuple(f"({e}+h)" if n == flat else e for n, e in enumerate(w.elements)) if w.elements else None
    raised = Var(f"{w.name}{label}", w.letters, w.shape, "temporary", f"{w.symbol}{label}", elements)
    changed: dict[Var, Var] = {w: raised}
    ready = False
    for line in lines:
        equations: list[Equation] = []
        if not ready and any(w in eq.operands for eq in line.equations):
            equations.append(Equation(raised, (contract((w,), raised), contract((h, one), raised))))
            ready = True
        for eq in line.equations:
            out = eq.out
            elements = tuple(f"{e}{label}" for e in out.elements) if out.elements else None
            role = "temporary" if out.role == "temporary" else "estimate"
            changed[out] = Var(f"{out.name}{label}", out.letters, out.shape, role, f"{out.symbol}{label}", elements)
            equations.append(Equation(changed[out], tuple(
                Term(t.op, tuple(changed.get(v, v) for v in t.args)) for t in eq.terms)))
        emit(Block("perturbation", line.group, tuple(equations), line.text, line.mixes))
    return changed
