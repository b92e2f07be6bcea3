"""A program: tensor equations in single assignment, from the data to the next weights.

Each equation is a sum of terms, and a term is one operation on variables. A *block* is what a person steps
through: one written line in one phase, with the equations of its scope. Nothing here computes; `arrays` and
`unroll` execute a program, `derive` writes its backward half.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from typing import Literal

from ..scenario.trees import Tree
from .laws import CHOSEN, GREATEST, Elementwise
from .structure import SAMPLE, Contract, Operation, Pick, PickMask

Role = Literal["data", "noise", "parameter", "slot", "setting", "constant", "identity", "unit", "triangle", "seed",
               "forward", "loss", "temporary", "adjoint", "share", "estimate", "local", "made", "next"]
Phase = Literal["forward", "loss", "backward", "perturbation", "update"]    # the fourth in the place of the third
LEAVES: tuple[Role, ...] = ("data", "noise", "parameter", "slot", "setting", "constant", "identity", "unit",
                            "triangle", "seed")
SPARE = "\u03ba"                                    # κ and beyond: letters that only Jacobians use
FIXED: tuple[Role, ...] = ("constant", "identity", "unit", "triangle")   # leaves that are the same in every run


@dataclass(frozen=True, eq=False)
class Var:
    """A tensor of a program. The sample axis, if it has one, comes first in `letters` and `shape`.

    `name` is how a quantity is asked for (`hidden.weights`), `symbol` how an equation prints it (`W_h`),
    `elements` the source's names of its scalars, one for all samples. `of` is what it belongs to: an adjoint
    is of (x,), a local partial of (y, x), a next value of (w,), what an update makes on its way of (w,). A slot is
    state that an optimizer keeps of (w,). `cost` is, of a derivative, what it is the derivative of. `view` is the
    variable whose numbers these are, under other letters.
    """

    name: str
    letters: str
    shape: tuple[int, ...]
    role: Role
    symbol: str = ""
    elements: tuple[str, ...] | None = None
    of: tuple[Var, ...] = ()
    value: float = 0.0                              # of a constant; the place of a unit's 1
    view: Var | None = None
    cost: str = ""

    @property
    def base(self) -> Var:
        """The variable that holds the numbers: itself, or what it is a view of."""
        return self if self.view is None else self.view

    def lettered(self, old: str, new: str) -> Var:
        """The same numbers with the axis `old` called `new`; itself where it has no such axis."""
        if old not in self.letters:
            return self
        return replace(self, letters=self.letters.replace(old, new), view=self.base)

    def renamed(self, letters: str) -> Var:
        """The same numbers with other letters for the axes."""
        return self if letters == self.letters else replace(self, letters=letters, view=self.base)

    def constant_value(self, flat: int) -> float:
        """An element of what is the same in every run: an identity has 1 on its diagonal, a unit at one place, a
        triangle on and below its diagonal."""
        if self.role == "constant":
            return self.value
        if self.role == "unit":
            return float(flat == self.value)
        if self.role == "triangle":
            return float(flat % self.shape[-1] <= flat // self.shape[-1])
        return float(flat // self.shape[-1] == flat % self.shape[-1])

    @property
    def lanes(self) -> bool:
        return self.letters.startswith(SAMPLE)

    @cached_property
    def size(self) -> int:
        """Scalars, all samples together."""
        return prod(self.shape)

    @cached_property
    def lane_shape(self) -> tuple[int, ...]:
        """Its shape for one sample."""
        return self.shape[1:] if self.lanes else self.shape

    @cached_property
    def lane_size(self) -> int:
        return prod(self.lane_shape)

    def flat(self, element: int, lane: int) -> int:
        """The flat index of `element` (counted for one sample) in the sample at `lane`, from 0."""
        return lane * self.lane_size + element if self.lanes else element

    @property
    def derivative_of(self) -> Var | None:
        """The variable whose derivative this is, as the run makes it: an adjoint, or an estimate of one."""
        return self.of[0] if self.role in ("adjoint", "estimate") and self.of else None

    @property
    def jacobian(self) -> bool:
        """Whether this is a local partial of every element of its y by every element of its x."""
        return self.role == "local" and self.letters != self.of[0].letters and any(c >= SPARE for c in self.letters)

    def __repr__(self) -> str:
        return f"Var({self.name}{list(self.shape)})"


@dataclass(frozen=True, eq=False)
class Term:
    """One operation on variables: a summand of an equation."""

    op: Operation
    args: tuple[Var, ...]


@dataclass(frozen=True, eq=False)
class Equation:
    """`out` is the sum of `terms`; none means 0. An elementwise law stands alone, sums are of products."""

    out: Var
    terms: tuple[Term, ...]

    @property
    def law(self) -> Elementwise | None:
        """What makes an element of its operands, where it is not a sum of products."""
        op = self.terms[0].op if self.terms else None
        if isinstance(op, Elementwise):
            return op
        return GREATEST if isinstance(op, Pick) else CHOSEN if isinstance(op, PickMask) else None

    @property
    def operands(self) -> Iterator[Var]:
        return (arg.base for term in self.terms for arg in term.args)


@dataclass(frozen=True, eq=False)
class Block:
    """One written line in one phase. Its last equation makes `out`; those before it are its scope."""

    phase: Phase
    group: str                                      # the layer, or "" where there are none
    equations: tuple[Equation, ...]
    text: str = ""                                  # the line as the scenario wrote it
    mixes: bool = False                             # every element of its last axis depends on all others
    tree: Tree | None = None                        # a written equation: what it says

    @property
    def out(self) -> Var:
        return self.equations[-1].out


@dataclass(frozen=True, eq=False)
class Program:
    """One update: forward, loss, backward, update, for a batch of `samples`."""

    samples: int
    extents: Mapping[str, int]
    blocks: tuple[Block, ...]
    parameters: tuple[Var, ...]
    slots: tuple[Var, ...]                          # what optimizers keep of one update for the next
    trained: tuple[Var, ...]
    inputs: tuple[Var, ...]                         # what each update is fed with, in the order of a feed
    cost: Var                                       # what this update makes smaller
    watched: Var                                    # what the run is judged by: `cost`, where there is one objective
    loss: Var                                       # the selected sample's; `cost` itself for single samples
    parts: Var | None                               # E_o: the part of each output
    gradients: Mapping[Var, Var]                    # parameter -> what the optimizer was given
    nexts: Mapping[Var, Var]                        # parameter or slot -> its value after the update
    aliases: Mapping[str, Var] = field(default_factory=dict)   # further names of a variable
    stacks: Mapping[Var, tuple[Var, ...]] = field(default_factory=dict)   # the steps that a whole sequence is made of
    extras: tuple[Equation, ...] = ()               # what makes those sequences: copies, for whoever asks
    running: Mapping[Var, float] = field(default_factory=dict)  # slots that are statistics, where they begin
    masks: Mapping[str, float] = field(default_factory=dict)    # noise that drops units: the share that it drops

    @property
    def state(self) -> tuple[Var, ...]:
        """What goes on from update to update, in the order of a state."""
        return self.parameters + self.slots

    @cached_property
    def equations(self) -> tuple[Equation, ...]:
        return (*(eq for block in self.blocks for eq in block.equations), *self.extras)

    @cached_property
    def made_by(self) -> dict[Var, Equation]:
        return {eq.out: eq for eq in self.equations}

    @cached_property
    def block_of(self) -> dict[Var, int]:
        """The number of the block whose written line a variable is."""
        return {block.out: n for n, block in enumerate(self.blocks)}

    @cached_property
    def home_of(self) -> dict[Var, int]:
        """The number of the block in whose scope a variable is made."""
        return {eq.out: n for n, block in enumerate(self.blocks) for eq in block.equations}

    @cached_property
    def forward(self) -> tuple[Block, ...]:
        """The blocks that were written, not derived."""
        return tuple(b for b in self.blocks if b.phase in ("forward", "loss"))

    @cached_property
    def variables(self) -> dict[str, Var]:
        """Every variable a person can name, by its name. The scenario's names come before our own (`loss`, `n`)."""
        named: dict[str, Var] = {v.name: v for v in (*self.inputs, *self.parameters) if v.role != "setting"}
        made = [b.out for b in self.blocks if b.out.role == "made"]
        for name, v in (*((b.out.name, b.out) for b in self.forward), *self.aliases.items(),
                        *((v.name, v) for v in (*self.inputs, *self.slots, *made))):
            named.setdefault(name, v)
        return {**named, self.cost.name: self.cost}

    @cached_property
    def names(self) -> dict[str, tuple[Var, int]]:
        """Element names to (variable, element): `w5`, `net_h1`, `E`."""
        found: dict[str, tuple[Var, int]] = {}
        for name, var in self.variables.items():
            if var.lane_shape == ():
                found.setdefault(name, (var, 0))
            for element, alias in enumerate(var.elements or ()):
                found.setdefault(alias, (var, element))
        for name, var in self.aliases.items():
            if name.endswith(".net") and var.elements:      # a linear layer's net is its out
                found.update({f"net_{e.removeprefix('out_')}": (var, k) for k, e in enumerate(var.elements)})
        return found

    @cached_property
    def symbols(self) -> dict[str, Var]:
        """What equations call whole tensors (`W_o`, `b_h`, `out_m[2]`), where one variable alone is called so."""
        found: dict[str, Var | None] = {}
        for var in dict.fromkeys(self.variables.values()):
            if var.symbol:
                found[var.symbol] = var if found.get(var.symbol, var) is var else None
        return {symbol: var for symbol, var in found.items() if var is not None}


def live_equations(equations: Iterable[Equation], wanted: Iterable[Var]) -> tuple[Equation, ...]:
    """Those of `equations` that `wanted` depends on, in their order."""
    needed = set(wanted)
    kept: list[Equation] = []
    for eq in reversed(tuple(equations)):
        if eq.out in needed:
            kept.append(eq)
            needed.update(eq.operands)
    return tuple(reversed(kept))


def term_letters(term: Term, out: Var) -> str:
    """The letters that a term is summed over."""
    return term.op.summed if isinstance(term.op, Contract) else ""


def called(kind: str, w: Var, role: Role) -> Var:
    """A quantity that belongs to `w`, has its axes, and is named after it: `hidden.weights.m`, `w5.m`."""
    elements = tuple(f"{e}.{kind}" for e in w.elements) if w.elements else None
    return Var(f"{w.name}.{kind}", w.letters, w.shape, role, f"{w.symbol}.{kind}", elements, (w,))


def following(v: Var) -> Var:
    """The value of a parameter or a slot after the update."""
    return Var(f"{v.name}.next", v.letters, v.shape, "next", v.symbol, None, (v,))
