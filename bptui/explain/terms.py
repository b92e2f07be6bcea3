"""The terms of one value: what is added up, each as names, as numbers, and as its value.

For an adjoint these are its contributions: the adjoint of what the value feeds, times the local partial. All
values are read from the update that ran; nothing is computed by another rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..engine.algebra import (
    BUILD,
    ZERO,
    Applied,
    Constant,
    Formula,
    Leaf,
    Operand,
    Shortened,
    leaves,
    product,
    renamed,
    total,
)
from ..engine.executor import Env
from ..engine.program import FIXED, Equation, Var, term_letters
from ..engine.scalars import Cell, is_stop, unravel
from ..engine.structure import Gather, Scatter
from ..engine.written import Spelled, write
from ..replay.timeline import scalars
from . import notation
from .namer import Namer
from .symbol import Symbol

LONGEST = 90                                        # characters of a formula before its parts are named instead
DEEPEST = 8
MOST_WRITTEN = 8                                    # terms of a sum that are written out
MOST_SWEPT = 1000                                   # terms of a local partial that are looked through


@dataclass(frozen=True)
class TermView:
    """One summand: its factors, and the adjoint among them if there is one."""

    cells: tuple[Cell, ...]
    value: float

    @property
    def adjoint(self) -> Cell | None:
        return next((c for c in self.cells if c[0].role in ("adjoint", "share")), None)

    @property
    def local(self) -> tuple[Cell, ...]:
        """The factors of the local partial; constants of 1 are nothing to look at."""
        return tuple(c for c in self.cells if c[0].role not in ("adjoint", "share", "seed", "identity")
                     and not (c[0].role == "constant" and c[0].value == 1.0))


@np.errstate(all="ignore")
def term_values(env: Env, equation: Equation, flat: int) -> np.ndarray:
    """The values of all terms of one element, in the order in which they are added."""
    index = dict(zip(equation.out.letters, unravel(flat, equation.out.shape), strict=True))
    parts: list[np.ndarray] = []
    for n, term in enumerate(equation.terms):
        if isinstance(term.op, Gather | Scatter):
            parts.append(np.array([env.scalar(cells[0]) for cells in scalars(equation).cells_of(n, flat)]))
            continue
        summed = term_letters(term, equation.out)
        lengths = {c: n for v in term.args for c, n in zip(v.letters, v.shape, strict=True)}
        total = np.ones([lengths[c] for c in summed])
        for var in term.args:
            at = tuple(index[c] if c in index and n > 1 else 0 if c in index else slice(None)
                       for c, n in zip(var.letters, var.shape, strict=True))
            left = [c for c in var.letters if c not in index]
            x = np.asarray(env.array(var)[at])
            order = [left.index(c) for c in summed if c in left]
            x = x.transpose(order)[tuple(slice(None) if c in left else None for c in summed)] if summed else x
            total = total * x
        parts.append(np.ravel(total))
    return np.concatenate(parts) if parts else np.zeros(0)


class ScalarReader:
    """Reads the values of one update: names, numbers and formulas of any scalar of it."""

    def __init__(self, env: Env, made: Mapping[Var, Equation], namer: Namer) -> None:
        self.env, self.made, self.namer = env, made, namer
        self.steps: dict[Var, Symbol] = {}
        """Temporaries that have a row of their own, and what they are called there."""
        self.hidden: Callable[[Cell], bool] | None = None
        """Which values are not shown in formulas, because they are not made yet; None: all are shown."""
        self.rows: list[int] = []
        """The data rows of the batch, from 0, where a formula has values of several samples: `loss(3)`."""

    def value(self, cell: Cell) -> float:
        return self.env.scalar(cell)

    def name(self, cell: Cell) -> str:
        return str(self.symbol(cell))

    def symbol(self, cell: Cell) -> Symbol:
        """What a scalar is called; of several samples with its row of the data."""
        var, flat = cell
        symbol = self.namer.symbol(var, flat % var.lane_size if var.lane_size else 0)
        if not self.rows or not var.lanes:
            return symbol
        return replace(symbol, behind=f"{symbol.behind}({self.rows[flat // var.lane_size] + 1})")

    def lane(self, cell: Cell) -> int | None:
        var, flat = cell
        return flat // var.lane_size if var.lanes else None

    def count(self, cell: Cell) -> int:
        """How many terms a value has."""
        return scalars(self.made[cell[0]]).count(cell[1])

    def term(self, cell: Cell, m: int) -> TermView:
        equation = self.made[cell[0]]
        return TermView(scalars(equation).cells(cell[1], m), float(term_values(self.env, equation, cell[1])[m]))

    def values(self, cell: Cell) -> np.ndarray:
        return term_values(self.env, self.made[cell[0]], cell[1])

    def terms(self, cell: Cell, chosen: list[int] | None = None) -> list[TermView]:
        """The terms of a value, or those chosen, by number from 0."""
        equation = self.made[cell[0]]
        values, s = self.values(cell), scalars(equation)
        return [TermView(s.cells(cell[1], m), float(values[m]))
                for m in (range(s.count(cell[1])) if chosen is None else chosen)]

    # formulas: one tree, whose leaves are scalars, written with their names or with their numbers

    def names_text(self, cells: tuple[Cell, ...]) -> str:
        """A product as names; laws that have no name of their own are written out."""
        return self.named(self.product(cells))

    def numbers_text(self, cells: tuple[Cell, ...]) -> str:
        """The same with the numbers in it."""
        return self.numbered(self.product(cells))

    def named(self, tree: Formula) -> str:
        return write(tree, self._name)

    def numbered(self, tree: Formula) -> str:
        return write(tree, self._number)

    def symbols(self, tree: Formula) -> Formula:
        """The formula over what its scalars are called here."""
        return renamed(tree, lambda leaf: Leaf(self._called(leaf)))

    def pending(self, tree: Formula) -> bool:
        """Whether a number of a formula is not shown yet."""
        return self.hidden is not None and any(self.hidden(self._cell(leaf)) for leaf in leaves(tree))

    def _called(self, leaf: Leaf) -> Symbol:
        cell = self._cell(leaf)
        if (step := self.steps.get(cell[0])) is not None:
            return replace(step, index=self.namer.within(cell[0], cell[1] % cell[0].lane_size))
        return self.symbol(cell)

    def _name(self, leaf: Leaf) -> Spelled[str]:
        symbol = self._called(leaf)
        return Spelled(str(symbol), symbol.holds)

    def _number(self, leaf: Leaf) -> Spelled[str]:
        cell = self._cell(leaf)
        if self.hidden is not None and self.hidden(cell):
            return Spelled(notation.PENDING)
        return notation.operand(self.value(cell))

    @staticmethod
    def _cell(leaf: Leaf) -> Cell:
        cell: Cell = leaf.of                        # type: ignore[assignment]  # here every leaf is a scalar
        return cell

    def product(self, cells: Iterable[Cell]) -> Formula:
        """A product of scalars, each as what it stands for."""
        return product([self._expand(c) for c in cells])

    def _expand(self, cell: Cell, depth: int = 0, inside: tuple[Var, ...] = ()) -> Formula:
        """A scalar in a formula; local partials and temporaries are shown by what makes them.

        `inside` is what the formula is the slope of: what one use of x contributes to it has the same name.
        """
        var, _ = cell
        if depth > DEEPEST and var.role == "local" and var.of == inside and var in self.made:
            return self.tree(cell, depth + 1)
        if var.role in FIXED or var.jacobian or var in self.steps or var.role not in ("local", "temporary") or (
                var not in self.made or depth > DEEPEST):
            return self.leaf(cell)
        tree = self.tree(cell, depth + 1)
        return tree if len(self.named(tree)) <= LONGEST else Leaf(cell)

    @staticmethod
    def leaf(cell: Cell) -> Formula:
        """A scalar as it stands: what is the same in every run is a constant."""
        var, flat = cell
        return Constant(var.constant_value(flat)) if var.role in FIXED else Leaf(cell)

    def tree(self, cell: Cell, depth: int = 0) -> Formula:
        """What makes a scalar; of a long sum, its beginning."""
        s = scalars(self.made[cell[0]])

        def expand(c: Cell) -> Formula:
            return self._expand(c, depth, cell[0].of)

        if is_stop(self.made[cell[0]]):
            return Applied("stop", (expand(s.cells(cell[1], 0)[0]),))
        if cell[0].role == "local" and self.made[cell[0]].law is None and s.count(cell[1]) <= MOST_SWEPT:
            return self._swept(list(s.all_cells(cell[1])), expand)
        count = s.count(cell[1])
        if count > MOST_WRITTEN:
            return Shortened(total([product(list(map(expand, s.cells(cell[1], m)))) for m in (0, 1)]), count)
        return s.text(cell[1], lambda c: Operand(expand(c)), BUILD, Operand(ZERO)).tree

    def _swept(self, terms: list[tuple[Cell, ...]], expand: Callable[[Cell], Formula]) -> Formula:
        """A local partial that was swept from an identity: only where it is 1 a path leads through."""
        def through(c: Cell) -> float:
            return c[0].constant_value(c[1]) if c[0].role == "identity" else 1.0
        found = [[c for c in cells if c[0].role != "identity"] for cells in terms if all(map(through, cells))]
        if len(found) > MOST_WRITTEN:
            return Shortened(total([product(list(map(expand, cells))) for cells in found[:2]]), len(found))
        return total([product(list(map(expand, cells))) for cells in found])

    def formula(self, cell: Cell) -> str:
        return self.named(self.tree(cell))

    def substituted(self, cell: Cell) -> str:
        return self.numbered(self.tree(cell))
