"""The program as a person reads it: one line a block, in index notation.

An equation's letters are its axes, so `net_o[k] = Σ_j W_o[k,j] × out_h[j] + b2` prints itself. Laws that work
element by element are printed without indices, the sample axis never is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..engine.algebra import (
    BUILD,
    ONE,
    ZERO,
    Applied,
    Cases,
    Constant,
    Formula,
    Leaf,
    Operand,
    Summed,
    times,
    total,
)
from ..engine.laws import ACTIVATIONS, CHOSEN, GREATEST
from ..engine.program import SPARE, Block, Equation, Program, Term, Var, term_letters
from ..engine.scalars import is_stop
from ..engine.structure import SAMPLE, Gather, Scatter
from ..engine.written import SERIES, Spelled, write
from ..replay.timeline import Timeline
from .namer import Namer
from .source import formula
from .symbol import Symbol, quotient

SHORT = {"sigmoid": "σ"}


def is_forward(var: Var) -> bool:
    return var.role in ("forward", "loss")


@dataclass(frozen=True)
class ProgramLine:
    """One line of the listing: the block's left and right sides, and its first and last values.

    `expression` is what the right side says, as a formula; None where it is told in words.
    """

    phase: str
    left: str
    right: str
    first: int
    last: int
    expression: Formula | None = None

    @property
    def count(self) -> int:
        return self.last - self.first + 1


def listing(program: Program, times: Timeline, namer: Namer) -> list[ProgramLine]:
    """Every block of the program, in the order in which it runs."""
    writer = Writer(program, namer)
    lines: list[ProgramLine] = []
    for n, block in enumerate(times.blocks):
        left, right = writer.block(block)
        said = right if isinstance(right, str) else write(right, writer.spell)
        lines.append(ProgramLine(block.phase, left, said, *times.span(n), None if isinstance(right, str) else right))
    return lines


@dataclass(frozen=True)
class Writer:
    """Makes formulas of a program's blocks. Their leaves are variables; those with letters stand for elements."""

    program: Program
    namer: Namer
    called: Mapping[str, str] = field(default_factory=dict[str, str])   # letters of views, and what they are here

    def symbol(self, leaf: Leaf) -> Symbol:
        """What a leaf is called; a Jacobian by the element of its output as well."""
        if not isinstance(leaf.of, Var):
            return leaf.of if isinstance(leaf.of, Symbol) else Symbol(str(leaf.of))
        of = leaf.of
        if of.jacobian:
            y, x = of.of
            k = next(c for c in of.letters if c >= SPARE)
            return quotient(at(self.namer.whole(y), other(k)), at(self.namer.whole(x), leaf.letters))
        return at(self.namer.whole(of), leaf.letters)

    def spell(self, leaf: Leaf) -> Spelled[str]:
        symbol = self.symbol(leaf)
        return Spelled(str(symbol), symbol.holds)

    def block(self, block: Block) -> tuple[str, Formula | str]:
        """The left side, and the right side, which for some is told in words."""
        equation = block.equations[-1]
        out = equation.out
        if block.phase == "update":
            left = self.namer.tensor(out.of[0]) if out.role == "next" else self.namer.tensor(out)
            return left, self._update(equation, block)
        if block.tree is not None:
            return self.namer.lettered(out.name), formula(block.tree)
        op = equation.terms[0].op if equation.terms else None
        if isinstance(op, Gather) and len(equation.terms[0].args) == 1 and len(block.equations) == 1:
            return self._left(out), f"{self.namer.tensor(equation.terms[0].args[0])}, its numbers in one row"
        if block.mixes and block.phase in ("forward", "loss"):
            read = next(v for eq in block.equations for v in eq.operands if v.role != "temporary")
            return self._left(out), Applied("[]", (Applied(block.text, (Leaf(read),)), Leaf(out.letters[-1])))
        if equation.law is not None:
            return self._left(out), self._law(equation, block)
        indexed = any(term_letters(t, out).strip(SAMPLE) for t in equation.terms) or any(
            set(v.letters.strip(SAMPLE)) != set(out.letters.strip(SAMPLE))
            for t in equation.terms for v in t.args if v.letters)
        left = self._left(out) if indexed and block.phase != "backward" else self.namer.tensor(out)
        return left, total([self._term(t, out, indexed, block) for t in equation.terms])

    def _update(self, equation: Equation, block: Block) -> Formula:
        """The right-hand side of an update; what is new by then is marked, where the old has the same name."""
        if equation.law is None:
            return total([self._term(t, equation.out, False, block) for t in equation.terms])
        return self._made(equation, block, False)

    def _law(self, equation: Equation, block: Block) -> Formula:
        law = equation.law
        assert law is not None
        if law.name in ACTIVATIONS:
            return Applied(SHORT.get(law.name, law.name), (self._factor(equation.terms[0].args[0], True, block),))
        return self._made(equation, block, True)

    def _made(self, equation: Equation, block: Block, indexed: bool) -> Formula:
        """What an equation's law makes of its operands."""
        assert equation.law is not None
        return Operand.of(equation.law.law(BUILD, *[Operand(self._factor(v, indexed, block))
                                                    for v in equation.terms[0].args])).tree

    def _left(self, var: Var) -> str:
        return str(self.symbol(self._leaf(var, True)))

    def _leaf(self, var: Var, indexed: bool) -> Leaf:
        letters = (var.of[1] if var.jacobian else var).letters
        return Leaf(var, ",".join(self._letter(c) for c in letters if c != SAMPLE) if indexed else "")

    def _sums(self, term: Term, out: Var) -> tuple[str, ...]:
        """What a term is summed over, as it is printed."""
        summed = term_letters(term, out)
        axes = tuple(self._letter(c) for c in summed if c != SAMPLE)
        return ("samples", *axes) if SAMPLE in summed and self.program.samples > 1 else axes

    def _term(self, term: Term, out: Var, indexed: bool, block: Block) -> Formula:
        """A product, with the signs of the sums over it."""
        if isinstance(term.op, Gather | Scatter):
            return Applied("moved", tuple(self._factor(v, False, block) for v in term.args))
        product = joined([self._factor(v, indexed, block) for v in term.args])
        sums = self._sums(term, out)
        return Summed(sums, product) if sums else product

    def _factor(self, var: Var, indexed: bool, block: Block) -> Formula:
        """A factor by name; the local partial of a law is written out, a Jacobian is not."""
        if var.jacobian:
            return self._leaf(var, indexed)
        inner = var.role == "adjoint" and any(eq.out is var.base for eq in block.equations[:-1])
        if inner or var.role in ("local", "temporary"):
            made = next((eq for b in (block, *self.program.blocks) for eq in b.equations if eq.out is var.base), None)
            if made is not None and not isinstance(made.terms[0].op if made.terms else None, Gather | Scatter):
                if any(c != d for c, d in zip(made.out.letters, var.letters, strict=True)):
                    return self._under(made.out.letters, var.letters)._factor(made.out, True, block)
                if made.law is CHOSEN:
                    asked = Applied("first greatest", (self._leaf(made.terms[0].args[0], indexed),))
                    return Cases(((asked, ONE),), ZERO)
                if made.law is GREATEST:
                    return Applied("greatest", tuple(self._leaf(v, indexed) for v in made.terms[0].args))
                if made.law is not None:
                    return self._made(made, block, indexed)
                if is_stop(made):
                    return Applied("stop", (self._factor(made.terms[0].args[0], indexed, block),))
                return total([self._inner(t, var, indexed, block) for t in made.terms])
        if var.role == "constant":
            return Constant(var.value)
        if var.role == "identity":
            return Leaf(Symbol(f"[{' = '.join(map(other, var.letters))}]", holds=SERIES))
        return self._leaf(var, indexed)

    def _inner(self, term: Term, out: Var, indexed: bool, block: Block) -> Formula:
        """A term of a sum that is written out inside another formula; one that only samples are summed of has none."""
        over = term_letters(term, out).strip(SAMPLE)
        return self._term(term, out, bool(over) or bool(self.called) or (indexed and len(term.args) > 1), block)

    def _under(self, own: str, view: str) -> Writer:
        """What writes the same under the letters of a view: they change places, so that none is taken twice."""
        called: dict[str, str] = {c: c for c in own + view} | dict(self.called)
        for a, b in zip(own, view, strict=True):
            if called[a] != b:
                at = next(c for c in called if called[c] == b)
                called[a], called[at] = b, called[a]
        return replace(self, called=called)

    def _letter(self, letter: str) -> str:
        return other(self.called.get(letter, letter))


def at(whole: Symbol, letters: str) -> Symbol:
    """A tensor's element, by the letters of its axes."""
    return replace(whole, behind=f"{whole.behind}[{letters}]") if letters else whole


def other(letter: str) -> str:
    """How a letter is printed: those of Jacobians as k′, a second index beside the axis's own."""
    return letter if letter < SPARE else "k′"


def joined(factors: list[Formula]) -> Formula:
    """A product, where a product among the factors needs no brackets to be read (the chain keeps those of the bits)."""
    found: Formula | None = None
    for factor in factors:
        for part in _spine(factor):
            found = part if found is None else times(found, part)
    return ONE if found is None else found


def _spine(factor: Formula) -> list[Formula]:
    """The factors of a product."""
    match factor:
        case Applied("×", (a, b)):
            return [*_spine(a), b]
    return [factor]
