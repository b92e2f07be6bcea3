"""What every scalar is called on screen: the scenario's names, with the source's own letters.

`net_h1` is `z_h1` where `[names]` says net = "z", and ∂E/∂net_h1 is `δ_h1` where it gives a delta. Elements of
large layers are named by index, as in `hidden.weights[5,28]`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ..engine.program import FIXED, SPARE, Program, Var
from ..engine.scalars import ravel, unravel
from ..engine.written import ATOM, SERIES, SLOPE
from ..scenario.records import Scenario
from .symbol import Symbol, quotient

INDEXED = re.compile(r"(.+)\[([0-9,]+)\]")          # as the engine names an element, and a step in time: `net_h1[2]`


@dataclass(frozen=True)
class Namer:
    """Names the scalars of a scenario's programs; an element counts within one sample."""

    scenario: Scenario
    home: str = ""                                  # the layer whose tensors need no prefix here
    true: bool = False                              # derivatives by a query program, not what the run made
    y: str = ""                                     # of what they are derivatives there, if it is not the cost

    def of(self, var: Var, element: int) -> str:
        """What a scalar is called, on a line."""
        return str(self.symbol(var, element))

    def symbol(self, var: Var, element: int) -> Symbol:
        """What a scalar is called."""
        if var.role in FIXED:
            return Symbol(f"{var.constant_value(element) + 0.0:g}")
        if var.role == "share":
            x, line = var.of
            return self._shared(self._derivative(var.cost, x, element), line)
        if var.role in ("adjoint", "estimate") and var.of:
            return self._derivative(var.cost, var.of[0], element)
        if var.role == "local":
            y, x = var.of
            if var.jacobian:
                return self._entry(var, element)
            if var.lane_size == y.lane_size * x.lane_size > 1:      # a Jacobian: every output by every input
                return quotient(self.symbol(y, element // x.lane_size), self.symbol(x, element % x.lane_size))
            return quotient(*(self.symbol(v, element if v.lane_size > 1 else 0) for v in (y, x)))
        if var.role == "next":
            return replace(self.symbol(var.of[0], element), new=True)
        if var.role == "temporary" and var.elements is None:
            return replace(self.made_on_the_way(var), index=self.within(var, element))
        if var.elements is not None:
            return indexed(self.lettered(var.elements[element]))
        if var.lane_shape:
            return Symbol(self.near(var.name), self.within(var, element))
        return indexed(self.near(var.name))

    def _shared(self, whole: Symbol, line: Var) -> Symbol:
        """What one use of x contributes to a derivative by x."""
        return replace(whole, behind=f"{whole.behind} {self.by(line)}", holds=SERIES)

    def _entry(self, var: Var, element: int) -> Symbol:
        """An entry of a Jacobian; the letter that only Jacobians use is of the output's last axis."""
        y, x = var.of
        index = dict(zip(var.letters[var.lanes:], unravel(element, var.lane_shape), strict=True))
        spare = next(c for c in var.letters if c >= SPARE)
        of, by = y.letters[y.lanes:], x.letters[x.lanes:]
        row = ravel((*(index.get(c, 0) for c in of[:-1]), index[spare]), y.lane_shape)
        column = ravel(tuple(index.get(c, 0) for c in by), x.lane_shape)
        return quotient(self.symbol(y, row), self.symbol(x, column))

    @staticmethod
    def by(line: Var) -> str:
        """Which use of a parameter is meant: a step in time, or a line."""
        step = step_of(line)
        return f"at step {step}" if step else f"by {line.symbol or line.name}"

    def near(self, name: str) -> str:
        """A tensor's name as it is called at `home`: `net` for `hidden.net`, x for the inputs."""
        if not self.home:
            return name
        return {"inputs": "x", "targets": "t"}.get(name, name.removeprefix(f"{self.home}."))

    @staticmethod
    def within(var: Var, element: int) -> str:
        """The index of an element; nothing for what is one number."""
        return ",".join(map(str, unravel(element, var.lane_shape)))

    def index(self, var: Var, element: int) -> str:
        """The same in its brackets."""
        return f"[{self.within(var, element)}]" if var.lane_shape else ""

    def lettered(self, name: str) -> str:
        """A name in the source's letters."""
        for part in ("net", "out"):
            letter = self.scenario.letters.get(part)
            if letter and name.startswith(f"{part}_"):
                return f"{letter}_{name.removeprefix(f'{part}_')}"
        return name

    def derivative(self, y: str, x: Var, element: int) -> str:
        """What ∂y/∂x of one element of x is called, on a line."""
        return str(self._derivative(y, x, element))

    def _derivative(self, y: str, x: Var, element: int) -> Symbol:
        """∂y/∂x of one element of x; what an optimizer was given in place of it, where updates are in place."""
        if x.role == "parameter" and not self.true and self.scenario.training.update_order == "in_place":
            return replace(self.symbol(x, element), behind=".grad")
        if (delta := self._delta(y, x)) is not None:
            return indexed(f"{delta}_{self.unit(x, element)}")
        return quotient(indexed(self.y or y), self.symbol(x, element))

    def _delta(self, y: str, x: Var) -> str | None:
        """The letter of ∂y/∂x, where the source has one for it."""
        cost = (self.y or y) == self.scenario.loss.name
        return self.scenario.letters.get("delta") if cost and x.name.endswith(".net") else None

    @staticmethod
    def made_on_the_way(var: Var, of: str = "") -> Symbol:
        """What a line makes on its way: by what the law calls it, else by its number: step 3 of E; in `of`, step 3."""
        if not unnamed(var):
            return Symbol(var.symbol, holds=SERIES if " " in var.symbol else ATOM)
        line, _, number = var.name.rpartition("#")
        return Symbol(f"step {number}" if line == of else f"step {number} of {line}", holds=SLOPE)

    def unit(self, var: Var, element: int) -> str:
        """The neuron that a value belongs to: `h1` of `net_h1`, `output[3]` of `output.net[3]`."""
        if var.role == "temporary":
            return str(replace(self.made_on_the_way(var), index=self.within(var, element)))
        if var.elements is not None:
            name = var.elements[element]
            for part in ("net_", "out_"):
                name = name.removeprefix(part)
            return name
        return f"{var.name.removesuffix('.net').removesuffix('.out')}{self.index(var, element)}"

    def tensor(self, var: Var) -> str:
        """A whole tensor as an equation prints it: `W_h`, `∂E/∂net_o`, `net_h`."""
        return str(self.whole(var))

    def whole(self, var: Var) -> Symbol:
        """What a whole tensor is called."""
        if (x := var.derivative_of) is not None:
            if (delta := self._delta(var.cost, x)) is not None:
                return indexed(f"{delta}_{x.symbol.removeprefix('net_')}")
            return quotient(indexed(self.y or var.cost), self.whole(x))
        if var.role == "share":
            return self._shared(quotient(indexed(self.y or var.cost), self.whole(var.of[0])), var.of[1])
        if var.role == "local":
            return quotient(self.whole(var.of[0]), self.whole(var.of[1]))
        if var.role == "next":
            return replace(self.whole(var.of[0]), new=True)
        if var.role == "temporary":
            return self.made_on_the_way(var)
        return indexed(self.lettered(var.symbol or var.name))


def indexed(name: str) -> Symbol:
    """A name that the engine gave, with the index that it has."""
    found = INDEXED.fullmatch(name)
    return Symbol(name) if found is None else Symbol(found[1], found[2])


def unnamed(var: Var) -> bool:
    """Whether something that a line makes on its way has a number only: its law has no name for it."""
    return var.symbol == var.name


def step_of(line: Var) -> str:
    """The step in time that a line makes; nothing where it is none of a sequence."""
    return found[2] if (found := INDEXED.fullmatch(line.name)) is not None else ""


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
