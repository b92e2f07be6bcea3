"""What every scalar is called on screen: the scenario's names, with the source's own letters.

`net_h1` is `z_h1` where `[names]` says net = "z", and ∂E/∂net_h1 is `δ_h1` where it gives a delta. Elements of
large layers are named by index, as in `hidden.weights[5,28]`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..engine.program import FIXED, LEAVES, SPARE, Program, Var
from ..engine.scalars import ravel, unravel
from ..scenario.records import Scenario


@dataclass(frozen=True)
class Namer:
    """Names the scalars of a scenario's programs; an element counts within one sample."""

    scenario: Scenario
    home: str = ""                                  # the layer whose tensors need no prefix here
    true: bool = False                              # derivatives by a query program, not what the run made

    def of(self, var: Var, element: int) -> str:
        if var.role in FIXED:
            return f"{var.constant_value(element):g}"
        if var.role == "share":
            x, line = var.of
            return f"{self.derivative(var.symbol.split('/')[0].removeprefix('∂'), x, element)} {self.by(line)}"
        if var.role == "estimate" and var.of:
            return self.derivative(var.symbol.split("/")[0].removeprefix("∂"), var.of[0], element)
        if var.role == "adjoint":
            return self.derivative(var.symbol.split("/")[0].removeprefix("∂"), var.of[0], element)
        if var.role == "local":
            y, x = var.of
            if var.jacobian:
                return self._entry(var, element)
            if var.lane_size == y.lane_size * x.lane_size > 1:      # a Jacobian: every output by every input
                return f"∂{self.of(y, element // x.lane_size)}/∂{self.of(x, element % x.lane_size)}"
            return f"∂{self.of(y, element if y.lane_size > 1 else 0)}/∂{self.of(x, element if x.lane_size > 1 else 0)}"
        if var.role == "next":
            return f"{self.of(var.of[0], element)}⁺"
        if var.role == "temporary" and var.symbol != var.name and var.elements is None:
            return f"{var.symbol}{self.index(var, element)}"
        if var.elements is not None:
            return self.lettered(var.elements[element])
        return f"{self.near(var.name)}{self.index(var, element)}"

    def _entry(self, var: Var, element: int) -> str:
        """An entry of a Jacobian; the letter that only Jacobians use is of the output's last axis."""
        y, x = var.of
        index = dict(zip(var.letters[var.lanes:], unravel(element, var.lane_shape), strict=True))
        spare = next(c for c in var.letters if c >= SPARE)
        of, by = y.letters[y.lanes:], x.letters[x.lanes:]
        row = ravel((*(index.get(c, 0) for c in of[:-1]), index[spare]), y.lane_shape)
        column = ravel(tuple(index.get(c, 0) for c in by), x.lane_shape)
        name = self.of(x, column)
        return f"∂{self.of(y, row)}/∂{f'({name})' if ' ' in name else name}"

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
        name = self.of(x, element)
        return f"∂{y}/∂({name})" if " " in name else f"∂{y}/∂{name}"

    def unit(self, var: Var, element: int) -> str:
        """The neuron that a value belongs to: `h1` of `net_h1`, `output[3]` of `output.net[3]`."""
        if var.role == "temporary":
            return f"{var.symbol}{self.index(var, element)}"
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
            of = self.tensor(var.of[0])
            return f"{var.symbol.split('/')[0]}/∂{f'({of})' if ' ' in of else of}"
        if var.role == "share":
            return f"{var.symbol.split('/')[0]}/∂{self.tensor(var.of[0])} {self.by(var.of[1])}"
        if var.role == "next":
            return f"{self.tensor(var.of[0])}⁺"
        return self.lettered(var.symbol or var.name)


def is_leaf(var: Var) -> bool:
    return var.role in LEAVES


def quantity_text(program: Program, namer: Namer, var: Var, element: int) -> str:
    """How a person can type this quantity: `d(E, w5)`, `net_h1`, `hidden.weights[5,28]`, `w5.next`."""
    def plain(v: Var, e: int) -> str:
        return v.elements[e] if v.elements is not None else f"{v.name}{namer.index(v, e)}"
    if (x := var.derivative_of) is not None:
        if program.gradients.get(x) is var:
            return f"{plain(x, element)}.grad"
        return f"d({program.cost.name}, {plain(x, element)})"
    if var.role == "next":
        return f"{plain(var.of[0], element)}.next"
    return plain(var, element)
