"""A program read as single scalars: which numbers make one element, and in which order they are added.

The straight-line executor writes its statements from this, and the screen shows its terms from it, so that
the sum a person sees is the sum that ran. Nothing is listed that is not asked for: the m-th term of a sum is
found by arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from math import prod
from types import SimpleNamespace

from .program import Equation, Var, term_letters
from .readings import Text
from .structure import Contract, Pick, Stack, Stop

Cell = tuple[Var, int]                              # a variable and a flat index, samples included


def strides(letters: str, shape: tuple[int, ...]) -> dict[str, int]:
    """How far a flat index moves with each letter."""
    steps: dict[str, int] = {}
    step = 1
    for letter, length in zip(reversed(letters), reversed(shape), strict=True):
        steps[letter] = step if length > 1 else 0
        step *= length
    return steps


@dataclass(frozen=True, eq=False)
class _Walk:
    """One term of an equation, ready to be asked for its cells."""

    summed: tuple[int, ...]                         # lengths of the axes that the output lacks
    out_steps: tuple[tuple[int, ...], ...]          # per operand, per axis of the output
    sum_steps: tuple[tuple[int, ...], ...]          # per operand, per summed axis
    args: tuple[Var, ...]
    picks: bool                                     # all candidates are operands of one term

    @cached_property
    def count(self) -> int:
        return 1 if self.picks else prod(self.summed)

    def cells(self, out_index: tuple[int, ...], m: int) -> tuple[Cell, ...]:
        if self.picks:
            return tuple(self._cells(out_index, n)[0] for n in range(prod(self.summed)))
        return self._cells(out_index, m)

    def _cells(self, out_index: tuple[int, ...], m: int) -> tuple[Cell, ...]:
        inner = unravel(m, self.summed)
        return tuple((v, sum(i * s for i, s in zip(out_index, a, strict=True))
                      + sum(i * s for i, s in zip(inner, b, strict=True)))
                     for v, a, b in zip(self.args, self.out_steps, self.sum_steps, strict=True))


def unravel(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The index of the `flat`-th element of `shape`, rows first."""
    index: list[int] = []
    for length in reversed(shape):
        flat, i = divmod(flat, length)
        index.append(i)
    return tuple(reversed(index))


def ravel(index: tuple[int, ...], shape: tuple[int, ...]) -> int:
    flat = 0
    for i, length in zip(index, shape, strict=True):
        flat = flat * length + i
    return flat


class Scalars:
    """The scalar reading of one equation."""

    def __init__(self, equation: Equation) -> None:
        self.equation = equation
        self.out = equation.out
        args = (arg for term in equation.terms for arg in term.args)
        lengths = {c: n for v in (equation.out, *args) for c, n in zip(v.letters, v.shape, strict=True)}
        self._walks = tuple(self._walk(n, lengths) for n in range(len(equation.terms)))
        self.stacked = bool(equation.terms) and isinstance(equation.terms[0].op, Stack)
        self.count = 1 if self.stacked else sum(w.count for w in self._walks)
        """Terms of each element."""

    def _walk(self, n: int, lengths: dict[str, int]) -> _Walk:
        term = self.equation.terms[n]
        picks = isinstance(term.op, Pick)
        summed = term.op.over if isinstance(term.op, Pick) else term_letters(term, self.out)
        steps = [strides(v.letters, v.shape) for v in term.args]
        return _Walk(tuple(lengths[c] for c in summed),
                     tuple(tuple(s.get(c, 0) for c in self.out.letters) for s in steps),
                     tuple(tuple(s.get(c, 0) for c in summed) for s in steps), tuple(v.base for v in term.args), picks)

    def cells(self, flat: int, m: int) -> tuple[Cell, ...]:
        """The operands of the m-th term of element `flat`: the factors of a product, or a law's operands."""
        if self.stacked:
            return ((self.equation.terms[0].args[flat], 0),)
        index = unravel(flat, self.out.shape)
        for walk in self._walks:
            if m < walk.count:
                return walk.cells(index, m)
            m -= walk.count
        raise IndexError(f"{self.out.name} has {self.count} terms")

    def all_cells(self, flat: int) -> Iterator[tuple[Cell, ...]]:
        if self.stacked:
            yield self.cells(flat, 0)
            return
        index = unravel(flat, self.out.shape)
        for walk in self._walks:
            for m in range(walk.count):
                yield walk.cells(index, m)

    def text(self, flat: int, read: Callable[[Cell], Text | None], functions: SimpleNamespace, zero: Text,
             terms: tuple[int, int | None] = (0, None), total: Text | None = None) -> Text:
        """The expression of element `flat`, as it is computed: laws read over text, sums from the left.

        `read` spells a scalar; None leaves out the term that it is a factor of. Of a sum, only the `terms`
        from the first number to before the second, added to `total`.
        """
        law = self.equation.law
        if law is not None:
            return zero.of(law.law(functions, *[read(c) for c in self.cells(flat, 0)]))
        for cells in islice(self.all_cells(flat), *terms):
            factors = [read(c) for c in cells]
            if any(f is None for f in factors):
                continue
            one = product_text([f for f in factors if f is not None], zero)
            total = one if total is None else total + one
        return zero if total is None else total


def product_text(factors: Sequence[Text], zero: Text) -> Text:
    """The product of `factors`, from the left; the empty product is 1."""
    result = factors[0] if factors else zero.of(1.0)
    for factor in factors[1:]:
        result = result * factor
    return result


def is_stop(equation: Equation) -> bool:
    """Whether the equation copies and lets no gradient through."""
    return len(equation.terms) == 1 and isinstance(equation.terms[0].op, Stop)


def is_copy(equation: Equation) -> bool:
    """Whether each element is just one element of one operand: nothing to compute."""
    if len(equation.terms) != 1 or equation.law is not None:
        return False
    op = equation.terms[0].op
    if isinstance(op, Stack):
        return True
    return len(equation.terms[0].args) == 1 and not (isinstance(op, Contract) and op.summed)
