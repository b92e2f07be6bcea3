"""What sympy and 50 digits have to say about the chain on screen, worked out after it has been drawn.

A law of the scenario's own gets its simplified slope; a finished derivative is proved against sympy's own and
compared with its 50-digit value. What fails is said like what holds; of a value that is not finite only the formula
can be proved. It takes a moment and runs in a thread; until then the chain shows what the engine knows by itself.
What was found is kept: the screen does not depend on when one looks again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from ...engine.program import Var
from ...engine.scalars import Cell
from ...explain import notation
from ...explain.chain import Explainer
from ...explain.digits import Digits
from ...explain.forward import tolerance
from ...explain.links import Chain
from ...explain.symbol import Symbol
from ...replay.run import Run
from ...replay.timeline import Position

Key = tuple[object, ...]
PROVED: dict[bool | None, str] = {True: "proved", False: "not proved: sympy's differs", None: ""}


@dataclass
class Insights:
    """`said` has a text for each question that was answered; asked questions are asked once."""

    run: Run
    said: dict[Key, str] = field(default_factory=dict)
    asked: set[Key] = field(default_factory=set)

    def slope(self, local: Cell | None) -> str:
        """The simplified text of a local partial, if it is known."""
        return self.said.get(("slope", local), "") if local is not None else ""

    def proof(self, at: Position, cell: Cell | None) -> str:
        return self.said.get(("proof", at.update, cell), "")

    def question(self, chain: Chain | None, at: Explainer) -> Callable[[], None] | None:
        """The next thing to work out about a chain, to be called in a thread; None when all is answered."""
        for row in chain.rows if chain is not None else ():
            if row.local is not None and (key := ("slope", row.local)) not in self.asked:
                self.asked.add(key)
                return self._slope(key, row.local, at)
            derivative = row.kind == "result" and row.key[:2] == ("d", at.cost) and row.made <= at.seen
            if derivative and row.cell is not None and row.cell[0].role == "adjoint" and (
                    key := ("proof", at.update, row.cell)) not in self.asked and self.run.model.named:
                self.asked.add(key)
                return self._proof(key, row.cell, at)
        return None

    def _slope(self, key: Key, local: Cell, at: Explainer) -> Callable[[], None] | None:
        y, x = local[0].of
        block = next((b for b in at.program.forward if b.out is y), None)
        element = local[1] % local[0].lane_size

        def work() -> None:
            from ...explain.formula import simplified

            def called(v: Var) -> Symbol:
                return at.namer.symbol(v, element if v.lane_size > 1 else 0)

            text = simplified(block, x, called) if block else None
            if text:
                self.said[key] = text
        return work

    def _proof(self, key: Key, cell: Cell, at: Explainer) -> Callable[[], None]:
        env, equations = at.reader.env, ()
        if cell[0] not in at.program.made_by:       # a derivative that the run does not make
            found = self.run.query(at.program, at.program.cost, cell[0].of[0])
            env, equations = self.run.derivative_env(at.update, found, (at.program.cost, 0)), found.equations
        simultaneous = self.run.scenario.training.update_order == "simultaneous"

        def work() -> None:
            from ...explain.formula import prove_derivative
            proved = prove_derivative(at.program, (at.program.cost, 0), (cell[0].of[0], cell[1])) \
                if simultaneous else None
            value = env.scalar(cell)
            if math.isfinite(value):
                words = [PROVED[proved], _compared(Digits(at.program, env, equations), cell, value)]
            else:
                words = ["formula proved"] if proved else [PROVED[proved]]
            if any(words):
                self.said[key] = "; ".join(filter(None, words))
        return work


def _compared(digits: Digits, cell: Cell, value: float) -> str:
    """What 50 digits say to a derivative, with the tolerance that `check` has."""
    exact = float(digits.value(cell))
    if not math.isfinite(exact):
        return "50 digits have no number"
    agree = abs(value - exact) <= tolerance(exact, digits.size(cell), digits.doubt(cell))
    return "50 digits agree" if agree else f"50 digits: {notation.one(exact)}"
