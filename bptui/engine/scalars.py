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
from typing import Any, TypeVar

from .algebra import Operand
from .dialects import Text
from .program import Equation, Term, Var, term_letters
from .structure import Contract, Gather, NoGradient, Pick, PickMask, Scatter

Cell = tuple[Var, int]                              # a variable and a flat index, samples included
AnyOperand = TypeVar("AnyOperand", Text, Operand)   # what a law can be read over to be written: source, a tree


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
    """A product, or the operands of a law: one term of an equation, ready to be asked for its cells."""

    shape: tuple[int, ...]                          # of the output
    summed: tuple[int, ...]                         # lengths of the axes that the output lacks
    out_steps: tuple[tuple[int, ...], ...]          # per operand, per axis of the output
    sum_steps: tuple[tuple[int, ...], ...]          # per operand, per summed axis
    args: tuple[Var, ...]

    @cached_property
    def uniform(self) -> int:
        """Terms of each element."""
        return prod(self.summed)

    def count(self, flat: int) -> int:
        return self.uniform

    def cells(self, flat: int, m: int) -> tuple[Cell, ...]:
        inner, out_index = unravel(m, self.summed), unravel(flat, self.shape)
        return tuple((v, sum(i * s for i, s in zip(out_index, a, strict=True))
                      + sum(i * s for i, s in zip(inner, b, strict=True)))
                     for v, a, b in zip(self.args, self.out_steps, self.sum_steps, strict=True))

    @cached_property
    def _inner(self) -> tuple[list[int], ...]:
        """Per operand, how far each term moves its flat index."""
        moved: list[list[int]] = []
        for steps in self.sum_steps:
            offsets = [0]
            for length, step in zip(self.summed, steps, strict=True):
                offsets = [offset + i * step for offset in offsets for i in range(length)]
            moved.append(offsets)
        return tuple(moved)

    def each(self, flat: int) -> Iterator[tuple[Cell, ...]]:
        """The cells of all terms of an element."""
        index = unravel(flat, self.shape)
        columns: list[list[Cell]] = []
        for v, steps, offsets in zip(self.args, self.out_steps, self._inner, strict=True):
            start = sum(i * s for i, s in zip(index, steps, strict=True))
            columns.append([(v, start + offset) for offset in offsets])
        return zip(*columns, strict=True)


@dataclass(frozen=True, eq=False)
class _Candidates:
    """What a Pick chooses from, as the operands of one law; for a Chosen, after the number of the element itself."""

    walk: _Walk                                     # over the candidates
    own: tuple[int, ...] = ()                       # where the output's axes are candidates: their places in its shape
    uniform = 1

    def count(self, flat: int) -> int:
        return 1

    def cells(self, flat: int, m: int) -> tuple[Cell, ...]:
        every = tuple(self.walk.cells(flat, n)[0] for n in range(self.walk.uniform))
        if not self.own:
            return every
        index = unravel(flat, self.walk.shape)
        number = ravel(tuple(index[a] for a in self.own), self.walk.summed)
        return ((Var(f"{number}", "", (), "constant", value=float(number)), 0), *every)


ZERO = Var("0", "", (), "constant", "0")


@dataclass(frozen=True, eq=False)
class _Moved:
    """The element that a Gather puts here."""

    op: Gather
    out: Var
    args: tuple[Var, ...]
    uniform = 1

    def count(self, flat: int) -> int:
        return 1

    def cells(self, flat: int, m: int) -> tuple[Cell, ...]:
        lane, element = divmod(flat, self.out.lane_size)
        source = self.op.source(element)
        if source is None:
            return ((ZERO, 0),)
        x = self.args[source[0]].base
        return ((x, x.flat(source[1], lane)),)


@dataclass(frozen=True, eq=False)
class _Spread:
    """The adjoints that a Scatter adds up."""

    op: Scatter
    out: Var
    arg: Var
    uniform = None                                  # elements differ in how many they have

    def count(self, flat: int) -> int:
        return len(self.op.feeds[flat % self.out.lane_size])

    def cells(self, flat: int, m: int) -> tuple[Cell, ...]:
        lane, element = divmod(flat, self.out.lane_size)
        return ((self.arg.base, self.arg.flat(self.op.feeds[element][m], lane)),)


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
        self._lengths = {c: n for v in (equation.out, *args) for c, n in zip(v.letters, v.shape, strict=True)}
        self._walks = tuple(self._walk(term) for term in equation.terms)
        counts = [w.uniform for w in self._walks]
        self.uniform = None if None in counts else sum(n or 0 for n in counts)
        """Terms of each element, where all have as many."""

    def count(self, flat: int) -> int:
        """Terms of an element."""
        return self.uniform if self.uniform is not None else sum(w.count(flat) for w in self._walks)

    @property
    def total(self) -> int:
        """Terms of all elements, of a law its one application."""
        if self.uniform is not None:
            return max(1, self.uniform) * self.out.size
        return sum(self.count(flat) for flat in range(self.out.lane_size)) * (self.out.size // self.out.lane_size)

    def _walk(self, term: Term) -> _Walk | _Candidates | _Moved | _Spread:
        op = term.op
        if isinstance(op, Gather):
            return _Moved(op, self.out, term.args)
        if isinstance(op, Scatter):
            return _Spread(op, self.out, term.args[0])
        if isinstance(op, Pick | PickMask):
            over = "".join(c for c in op.input if c not in op.output)
            kept = {c: s for c, s in strides(term.args[0].letters, term.args[0].shape).items()}
            steps = tuple(0 if c in over else kept.get(c, 0) for c in self.out.letters)
            walk = _Walk(self.out.shape, tuple(self._lengths[c] for c in over), (steps,),
                         (tuple(kept[c] for c in over),), (term.args[0].base,))
            return _Candidates(walk, tuple(self.out.letters.index(c) for c in over) if isinstance(op, PickMask) else ())
        summed = term_letters(term, self.out)
        steps = [strides(v.letters, v.shape) for v in term.args]
        return _Walk(self.out.shape, tuple(self._lengths[c] for c in summed),
                     tuple(tuple(s.get(c, 0) for c in self.out.letters) for s in steps),
                     tuple(tuple(s.get(c, 0) for c in summed) for s in steps), tuple(v.base for v in term.args))

    def cells(self, flat: int, m: int) -> tuple[Cell, ...]:
        """The operands of the m-th term of element `flat`: the factors of a product, or a law's operands."""
        for walk in self._walks:
            count = walk.count(flat)
            if m < count:
                return walk.cells(flat, m)
            m -= count
        raise IndexError(f"{self.out.name} has {self.count(flat)} terms")

    def cells_of(self, n: int, flat: int) -> Iterator[tuple[Cell, ...]]:
        """The cells of the n-th term of the equation alone."""
        return (self._walks[n].cells(flat, m) for m in range(self._walks[n].count(flat)))

    def all_cells(self, flat: int) -> Iterator[tuple[Cell, ...]]:
        for walk in self._walks:
            if isinstance(walk, _Walk) and walk.args:
                yield from walk.each(flat)
                continue
            for m in range(walk.count(flat)):
                yield walk.cells(flat, m)

    def text(self, flat: int, read: Callable[[Cell], AnyOperand | None], functions: Any, zero: AnyOperand,
             terms: tuple[int, int | None] = (0, None), total: AnyOperand | None = None) -> AnyOperand:
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


def product_text(factors: Sequence[AnyOperand], zero: AnyOperand) -> AnyOperand:
    """The product of `factors`, from the left; the empty product is 1."""
    result = factors[0] if factors else zero.of(1.0)
    for factor in factors[1:]:
        result = result * factor
    return result


def is_stop(equation: Equation) -> bool:
    """Whether the equation copies and lets no gradient through."""
    return len(equation.terms) == 1 and isinstance(equation.terms[0].op, NoGradient)


def is_copy(equation: Equation) -> bool:
    """Whether each element is just one element of one operand: nothing to compute."""
    if len(equation.terms) != 1 or equation.law is not None:
        return False
    op = equation.terms[0].op
    if isinstance(op, Gather):
        return True
    if isinstance(op, Scatter):
        return all(len(feeds) == 1 for feeds in op.feeds)
    return len(equation.terms[0].args) == 1 and not (isinstance(op, Contract) and op.summed)
