"""Query programs: the equations that compute one `d(y, x)` on top of an update's forward values.

They are the reverse equations from y to x, by the same rules as the run's own backward half, without what x
does not need. `x` may be anything that y depends on; a derivative of the data or of an activation is as good
as one of a weight.
"""

from __future__ import annotations

from dataclasses import dataclass

from .derive import Reverse, walk
from .program import Block, Equation, Program, Var, live_equations


@dataclass(frozen=True, eq=False)
class Query:
    """`adjoint` is ∂y/∂x, in x's shape, when `seed` is 1 at the wanted element of y and 0 elsewhere.

    `seed` is None when y is the cost; `adjoint` is None when y does not depend on x.
    """

    y: Var
    x: Var
    blocks: tuple[Block, ...]
    equations: tuple[Equation, ...]
    seed: Var | None
    adjoint: Var | None


def query(program: Program, y: Var, x: Var) -> Query:
    """The query program of d(y, x); `y` is a forward or loss variable of `program`, `x` any but an adjoint."""
    constants: dict[float, Var] = {}

    def constant(value: float) -> Var:
        return constants.setdefault(value, Var(repr(value), "", (), "constant", f"{value:g}", None, (), value))

    seed = None if y is program.cost else Var("1", y.letters, y.shape, "seed", "1")
    reverse = Reverse(program.extents, constant, y.symbol or y.name, frozenset([x]))
    blocks = program.forward
    walk(reverse, blocks, y, () if seed is None else (seed,))
    if y is x or x not in reverse.shares:
        return Query(y, x, (), (), seed, None)
    made = next((b.out for b in reverse.blocks if b.out.of == (x,)), None)
    if made is None:
        made = reverse.make_adjoint(x, "backward", "")
    equations = live_equations([eq for b in reverse.blocks for eq in b.equations], [made])
    kept = {eq.out for eq in equations}
    return Query(y, x, tuple(b for b in reverse.blocks if b.out in kept), equations, seed, made)
