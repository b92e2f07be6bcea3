"""What every scalar is called on screen: the scenario's names, with the source's own letters.

`net_h1` is `z_h1` where `[names]` says net = "z", and ∂E/∂net_h1 is `δ_h1` where it gives a delta. Elements of
large layers are named by index, as in `hidden.weights[5,28]`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..engine.program import FIXED, SPARE, Program, Var
from ..engine.scalars import ravel, unravel
from ..scenario.records import Scenario


@dataclass(frozen=True)
class Namer:
    """Names the scalars of a scenario's programs; an element counts within one sample."""

    scenario: Scenario
    home: str = ""                                  # the layer whose tensors need no prefix here
    true: bool = False                              # derivatives by a query program, not what the run made
    y: str = ""                                     # of what they are derivatives there, if it is not the cost

    def of(self, var: Var, element: int) -> str:
        if var.role in FIXED:
            return f"{var.constant_value(element) + 0.0:g}"
        if var.role == "share":
            x, line = var.of
            return f"{self.derivative(self.above(var), x, element)} {self.by(line)}"
        if var.role in ("adjoint", "estimate") and var.of:
            return self.derivative(self.above(var), var.of[0], element)
        if var.role == "local":
            y, x = var.of
            if var.jacobian:
                return self._entry(var, element)
            if var.lane_size == y.lane_size * x.lane_size > 1:      # a Jacobian: every output by every input
                return quotient(self.of(y, element // x.lane_size), self.of(x, element % x.lane_size))
            return quotient(*(self.of(v, element if v.lane_size > 1 else 0) for v in (y, x)))
        if var.role == "next":
            return f"{self.of(var.of[0], element)}⁺"
        if var.role == "temporary" and var.elements is None:
            return f"{self.made_on_the_way(var)}{self.index(var, element)}"
        if var.elements is not None:
            return self.lettered(var.elements[element])
        return f"{self.near(var.name)}{self.index(var, element)}"

    def above(self, var: Var) -> str:
        """The y of ∂y/∂x."""
        return self.y or var.symbol.split("/")[0].removeprefix("∂")

    def _entry(self, var: Var, element: int) -> str:
        """An entry of a Jacobian; the letter that only Jacobians use is of the output's last axis."""
        y, x = var.of
        index = dict(zip(var.letters[var.lanes:], unravel(element, var.lane_shape), strict=True))
        spare = next(c for c in var.letters if c >= SPARE)
        of, by = y.letters[y.lanes:], x.letters[x.lanes:]
        row = ravel((*(index.get(c, 0) for c in of[:-1]), index[spare]), y.lane_shape)
        column = ravel(tuple(index.get(c, 0) for c in by), x.lane_shape)
        return quotient(self.of(y, row), self.of(x, column))

    @staticmethod
    def by(line: Var) -> str:
        """Which use of a parameter is meant: a step in time, or a line."""
        step = re.search(r"\[\d+\]$", line.name)
        return f"at step {step[0][1:-1]}" if step else f"by {line.symbol or line.name}"

    def near(self, name: str) -> str:
        """A tensor's name as it is called at `home`: `net` for `hidden.net`, x for the inputs."""
        if not self.home:
            return name
        return {"inputs": "x", "targets": "t"}.get(name, name.removeprefix(f"{self.home}."))

    @staticmethod
    def index(var: Var, element: int) -> str:
        return f"[{','.join(map(str, unravel(element, var.lane_shape)))}]" if var.lane_shape else ""

    def lettered(self, name: str) -> str:
        """A name in the source's letters."""
        for part in ("net", "out"):
            letter = self.scenario.letters.get(part)
            if letter and name.startswith(f"{part}_"):
                return f"{letter}_{name.removeprefix(f'{part}_')}"
        return name

    def derivative(self, y: str, x: Var, element: int) -> str:
        """∂y/∂x of one element of x; what an optimizer was given in place of it, where updates are in place."""
        if x.role == "parameter" and not self.true and self.scenario.training.update_order == "in_place":
            return f"{self.of(x, element)}.grad"
        delta = self.scenario.letters.get("delta")
        if delta and y == self.scenario.loss.name and x.name.endswith(".net"):
            return f"{delta}_{self.unit(x, element)}"
        return quotient(y, self.of(x, element))

    @staticmethod
    def made_on_the_way(var: Var) -> str:
        """What a line makes on its way: by what the law calls it, else by its number: step 3 of E."""
        if var.symbol != var.name:
            return var.symbol
        line, _, number = var.name.rpartition("#")
        return f"step {number} of {line}"

    def unit(self, var: Var, element: int) -> str:
        """The neuron that a value belongs to: `h1` of `net_h1`, `output[3]` of `output.net[3]`."""
        if var.role == "temporary":
            return f"{self.made_on_the_way(var)}{self.index(var, element)}"
        if var.elements is not None:
            name = var.elements[element]
            for part in ("net_", "out_"):
                name = name.removeprefix(part)
            return name
        return f"{var.name.removesuffix('.net').removesuffix('.out')}{self.index(var, element)}"

    def tensor(self, var: Var) -> str:
        """A whole tensor as an equation prints it: `W_h`, `∂E/∂net_o`, `net_h`."""
        if var.derivative_of is not None:
            delta = self.scenario.letters.get("delta")
            if delta and var.of[0].name.endswith(".net") and var.symbol.startswith(f"∂{self.scenario.loss.name}/"):
                return f"{delta}_{var.of[0].symbol.split('_', 1)[-1]}"
            return quotient(self.above(var), self.tensor(var.of[0]))
        if var.role == "share":
            return f"{quotient(self.above(var), self.tensor(var.of[0]))} {self.by(var.of[1])}"
        if var.role == "local":
            return quotient(self.tensor(var.of[0]), self.tensor(var.of[1]))
        if var.role == "next":
            return f"{self.tensor(var.of[0])}⁺"
        if var.role == "temporary":
            return self.made_on_the_way(var)
        return self.lettered(var.symbol or var.name)


def quotient(y: str, x: str) -> str:
    """∂y/∂x, with brackets around what is no single name."""
    above, below = (f"({name})" if " " in name and not name.startswith("∂") else name for name in (y, x))
    return f"∂{above}/∂{below}"


def quantity_text(program: Program, namer: Namer, var: Var, element: int) -> str:
    """How a person can type this quantity: `d(E, w5)`, `net_h1`, `hidden.weights[5,28]`, `w5.next`; nothing for what a
    line makes on its way, which has no name of its own."""
    def plain(v: Var, e: int) -> str:
        return v.elements[e] if v.elements is not None else f"{v.name}{namer.index(v, e)}"
    if any(v.role in ("temporary", "local", "share") for v in (var, *var.of)):
        return ""
    if (x := var.derivative_of) is not None:
        if program.gradients.get(x) is var:
            return f"{plain(x, element)}.grad"
        return f"d({program.cost.name}, {plain(x, element)})"
    if var.role == "next":
        return f"{plain(var.of[0], element)}.next"
    return plain(var, element)
