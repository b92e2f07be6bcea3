"""Laws in which every output depends on all inputs of its sample: softmax and its logarithm.

They are compositions, and the engine derives their Jacobians; the greatest input is subtracted first, as a
constant, so that nothing overflows. What textbooks print for those Jacobians stands in `explain/lemmas.py`.
"""

from __future__ import annotations

from collections.abc import Callable

from .builder import Builder, contract
from .laws import DIV, FUNCTIONS, SUB
from .program import Equation, Phase, Term, Var
from .structure import NO_GRADIENT, Pick

VectorLaw = Callable[[Builder, Phase, str, Var, Var], Var]


def _shifted(b: Builder, out: Var, x: Var) -> tuple[list[Equation], Var, Var, Var]:
    """x less its greatest, the exponentials, and their sum."""
    rows = x.letters[:-1]

    def temporary(n: int, letters: str, symbol: str) -> Var:
        return b.var(f"{out.name}#{n}", letters, "temporary", symbol)
    greatest, held = temporary(1, rows, "greatest"), temporary(2, rows, "held")
    shifted, raised, total = temporary(3, x.letters, "shifted"), temporary(4, x.letters, "exp"), \
        temporary(5, rows, "Σ exp")
    return [
        Equation(greatest, (Term(Pick(x.letters, rows), (x,)),)),
        Equation(held, (Term(NO_GRADIENT, (greatest,)),)),
        Equation(shifted, (Term(SUB, (x, held)),)),
        Equation(raised, (Term(FUNCTIONS["exp"], (shifted,)),)),
        Equation(total, (contract((raised,), total),)),
    ], shifted, raised, total


def softmax(b: Builder, phase: Phase, group: str, out: Var, x: Var) -> Var:
    """out[k] = exp(x[k]) / Σ_j exp(x[j])."""
    equations, _, raised, total = _shifted(b, out, x)
    equations.append(Equation(out, (Term(DIV, (raised, total)),)))
    return b.line(phase, group, equations, "softmax", mixes=True)


def log_softmax(b: Builder, phase: Phase, group: str, out: Var, x: Var) -> Var:
    """out[k] = x[k] - log Σ_j exp(x[j])."""
    equations, shifted, _, total = _shifted(b, out, x)
    log = b.var(f"{out.name}#6", total.letters, "temporary", "log Σ exp")
    equations += [Equation(log, (Term(FUNCTIONS["log"], (total,)),)), Equation(out, (Term(SUB, (shifted, log)),))]
    return b.line(phase, group, equations, "log_softmax", mixes=True)


VECTOR_LAWS: dict[str, VectorLaw] = {"softmax": softmax, "log_softmax": log_softmax}
