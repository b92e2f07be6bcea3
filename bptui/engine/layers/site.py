"""Where a layer is written: what it reads, its names, its parameters, and the lines that it adds.

A kind of layer is one function of a `Site`, called once to learn its shapes and to draw its parameters, and then for
every program. It makes its parameters with `site.parameter`, its lines with the builder, and says with `site.wrong`
what cannot be. None has a derivative of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, NoReturn

import numpy as np

from ...scenario.errors import KeyPath, Problem, ScenarioError
from ...scenario.records import Layer, Values
from ..builder import Builder
from ..form import MOST_PARAMETERS, Parameter, Problems, by_chance, initial
from ..limits import MOST_MOVED
from ..names import LayerNames, axis, shared_bias
from ..program import Block, Equation, Term, Var
from ..structure import SAMPLE, movement


@dataclass
class Draw:
    """The first time: what parameters there are is noted, and drawn when it is known that they can be held."""

    problems: Problems
    seed: int
    size: int = 0
    wanted: list[Callable[[], Parameter]] = field(default_factory=list[Callable[[], Parameter]])

    def parameters(self) -> tuple[Parameter, ...]:
        return tuple(draw() for draw in self.wanted)


@dataclass
class Layers:
    """What the layers of one program have made so far."""

    builder: Builder
    evaluating: bool                                # no dropout, running statistics
    drawing: Draw | None = None
    parameters: dict[str, Var] = field(default_factory=dict[str, Var])
    aliases: dict[str, Var] = field(default_factory=dict[str, Var])
    noises: dict[str, float] = field(default_factory=dict[str, float])     # masks, with the share that they drop
    noise_vars: list[Var] = field(default_factory=list[Var])
    starts: dict[Var, float] = field(default_factory=dict[Var, float])      # running statistics, where they begin
    updates: list[Callable[[], tuple[Var, Block]]] = field(
        default_factory=list[Callable[[], tuple[Var, Block]]])
    stacks: dict[Var, tuple[Var, ...]] = field(default_factory=dict[Var, tuple[Var, ...]])
    outs: dict[str, Signal] = field(default_factory=dict[str, "Signal"])
    pairs: list[KeyPath] = field(default_factory=list[KeyPath])    # layers for which one sample is no batch
    extras: list[Equation] = field(default_factory=list[Equation])
    inputs: Var | None = None
    axes: int = 0
    moved: int = 0                                  # numbers of a sample that layers move

    def axis(self, length: int) -> str:
        """A new axis."""
        letter = axis(self.axes)
        self.axes += 1
        self.builder.extents[letter] = length
        return letter


@dataclass(frozen=True)
class Signal:
    """What goes from layer to layer; `units` name the elements of its last axis."""

    var: Var
    units: tuple[str, ...] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.var.lane_shape


@dataclass(frozen=True)
class Site:
    """One layer being written."""

    written: Layers
    layer: Layer
    names: LayerNames
    owner: int                                      # its place in the file

    @property
    def b(self) -> Builder:
        return self.written.builder

    def option(self, key: str, default: Any = None) -> Any:
        return self.layer.extra.get(key, default)

    def axis(self, length: int) -> str:
        return self.written.axis(length)

    def bound(self, key: str, what: str, size: int, most: int) -> None:
        """Refuse what the memory of a machine may not hold."""
        if size > most:
            self.wrong(key, f"{what}: {size:,}; at most {most:,} can be held")

    def wrong(self, key: str, message: str) -> NoReturn:
        """Give up: this layer cannot be, and nothing after it."""
        raise ScenarioError([Problem((*self.layer.key, key) if key else self.layer.key, message)])

    # parameters

    def parameter(self, part: str, letters: str, values: Values | None, expected: str, fan: tuple[int, int],
                  key: str = "", trained: bool = True, symbol: str = "",
                  elements: tuple[str, ...] | None = None, weights: bool = False) -> Var:
        """A parameter of the layer. `fan` is (inputs, outputs), for the inits; `expected` says what shape it has;
        `weights` that a penalty counts it."""
        name = f"{self.layer.name}.{part}"
        var = self.b.var(name, letters, "parameter", symbol or f"{part}_{self.names.letter}", elements)
        drawing = self.written.drawing
        if drawing is not None:
            drawing.size += var.size
            if drawing.size > MOST_PARAMETERS:
                self.wrong("units" if self.layer.units else "", f"up to this layer the network has {drawing.size:,} "
                           f"parameters; at most {MOST_PARAMETERS:,} can be held")
            drawing.wanted.append(lambda: Parameter(
                name, initial(drawing.problems, (*self.layer.key, key or part), values, name, drawing.seed, var.shape,
                              fan, expected), self.layer.train and trained, self.owner, weights, by_chance(values)))
        self.written.parameters[name] = var
        return var

    def bias(self, letters: str, fan: tuple[int, int], units: int) -> Var | None:
        """The layer's bias: none, one number, or one for each unit."""
        layer, names = self.layer, self.names
        if layer.bias is False:
            return None
        shared = shared_bias(layer)
        symbol = names.bias[0] if shared and names.bias else f"b_{names.letter}"
        return self.parameter("bias", "" if shared else letters, layer.bias,
                              f"bias of {layer.name!r} must be one number, or {units}: one per unit", fan, "bias",
                              layer.train_bias, symbol, names.bias)

    # what it makes

    def result(self, part: str, letters: str, units: tuple[str, ...] | None, step: int | None = None) -> Var:
        """A quantity that the layer makes, named by its units; of a step of a sequence, by the step too."""
        at = "" if step is None else f"[{step}]"
        var = self.b.var(f"{self.layer.name}.{part}{at}", letters, "forward", f"{part}_{self.names.letter}{at}")
        return Var(var.name, var.letters, var.shape, var.role, var.symbol, element_names(part, units, var, at))

    def temporary(self, letters: str, symbol: str) -> Var:
        return self.b.var(f"{self.layer.name}#{symbol}", letters, "temporary", symbol)

    def line(self, *equations: Equation, text: str = "", mixes: bool = False) -> Var:
        return self.b.line("forward", self.layer.name, list(equations), text, mixes)

    def moved(self, move: Callable[..., np.ndarray], x: Var, letters: str, symbol: str) -> tuple[Var, Equation]:
        """A temporary that is `x` moved within each sample; `letters` are its axes after the sample's."""
        self._moving(letters)
        op, shape = movement(move, x.lane_shape)
        out = self.temporary(SAMPLE * x.lanes + letters, symbol)
        assert shape == out.lane_shape, (shape, out.lane_shape)
        return out, Equation(out, (Term(op, (x,)),))

    def _moving(self, letters: str) -> None:
        """Where each number of a sample goes to is written down, and where it goes back to."""
        self.written.moved += prod(self.b.extents[c] for c in letters)
        self.bound("kind", "numbers of a sample that are moved up to this layer", self.written.moved, MOST_MOVED)

    def running(self, part: str, letters: str, start: float) -> Var:
        """A statistic that goes on from update to update."""
        var = self.b.var(f"{self.layer.name}.{part}", letters, "slot", f"{part}_{self.names.letter}")
        self.written.starts[var] = start
        return var

    def stack_move(self, steps: Sequence[Var], out: Var) -> Term:
        """The steps of a sequence, one after the other."""
        self._moving(out.letters.replace(SAMPLE, ""))
        op, _ = movement(lambda *parts: np.stack(parts), *(v.lane_shape for v in steps))
        return Term(op, tuple(steps))

    def stack(self, part: str, steps: Sequence[Var], units: tuple[str, ...] | None, step_axis: str) -> Var:
        """A quantity of every step, as one tensor: what a person asks for by the layer's name."""
        first = steps[0]
        out = self.b.var(f"{self.layer.name}.{part}", SAMPLE + step_axis + first.letters[1:], "forward",
                         f"{part}_{self.names.letter}")
        out = Var(out.name, out.letters, out.shape, out.role, out.symbol, element_names(part, units, out, ""))
        self.written.stacks[out] = tuple(steps)
        self.written.extras.append(Equation(out, (self.stack_move(steps, out),)))
        self.written.aliases[out.name] = out
        return out


def element_names(part: str, units: tuple[str, ...] | None, var: Var, at: str) -> tuple[str, ...] | None:
    """Names of a quantity's elements: `net_h1`; with axes before the units, `net_h1[0]`."""
    if units is None or not var.lane_shape or var.lane_shape[-1] != len(units):
        return None
    before = var.lane_shape[:-1]
    if not before:
        return tuple(f"{part}_{u}{at}" for u in units)
    return tuple(f"{part}_{u}[{','.join(map(str, index))}]{at}" for index in np.ndindex(*before) for u in units)


def shaped(shape: tuple[int, ...]) -> str:
    """A shape in words: `3 x 8 x 8`."""
    return " x ".join(map(str, shape)) if shape else "one number"
