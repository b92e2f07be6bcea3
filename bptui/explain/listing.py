"""The program as a person reads it: one line a block, in index notation.

An equation's letters are its axes, so `net_o[k] = Σ_j W_o[k,j] × out_h[j] + b2` prints itself. Laws that work
element by element are printed without indices, the sample axis never is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..engine.laws import ACTIVATIONS, CHOSEN, GREATEST
from ..engine.program import SPARE, Block, Equation, Program, Term, Var, term_letters
from ..engine.readings import DISPLAY, FORMULA, PRODUCT, SUM, Text
from ..engine.scalars import product_text
from ..engine.structure import SAMPLE, Gather, Scatter
from ..replay.timeline import Timeline
from .naming import Namer

SHORT = {"sigmoid": "σ"}


def is_forward(var: Var) -> bool:
    return var.role in ("forward", "loss")


@dataclass(frozen=True)
class Line:
    """One line of the listing: the block's left and right sides, and its first and last values."""

    phase: str
    left: str
    right: str
    first: int
    last: int

    @property
    def count(self) -> int:
        return self.last - self.first + 1


def listing(program: Program, times: Timeline, namer: Namer) -> list[Line]:
    """Every block of the program, in the order in which it runs."""
    writer = Writer(program, namer)
    return [Line(b.phase, *writer.block(b), *times.span(n)) for n, b in enumerate(times.blocks)]


@dataclass(frozen=True)
class Writer:
    program: Program
    namer: Namer

    def block(self, block: Block) -> tuple[str, str]:
        equation = block.equations[-1]
        out = equation.out
        if block.phase == "update":
            left = self.namer.tensor(out.of[0]) if out.role == "next" else self.namer.tensor(out)
            return left, self._update(equation, block)
        if block.text and block.phase in ("forward", "loss"):
            left, _, right = block.text.partition("=")
            if right:
                return self.namer.lettered(out.name), in_print(right)
        op = equation.terms[0].op if equation.terms else None
        if isinstance(op, Gather) and len(equation.terms[0].args) == 1 and len(block.equations) == 1:
            return self._indexed(out), f"{self.namer.tensor(equation.terms[0].args[0])}, its numbers in one row"
        if block.mixes and block.phase in ("forward", "loss"):
            read = next(v for eq in block.equations for v in eq.operands if v.role != "temporary")
            return self._indexed(out), f"{block.text}({self.namer.tensor(read)})[{out.letters[-1]}]"
        if equation.law is not None:
            return self._indexed(out), self._law(equation, block)
        indexed = any(term_letters(t, out).strip(SAMPLE) for t in equation.terms) or any(
            set(v.letters.strip(SAMPLE)) != set(out.letters.strip(SAMPLE))
            for t in equation.terms for v in t.args if v.letters)
        left = self._indexed(out) if indexed and block.phase != "backward" else self.namer.tensor(out)
        return left, " + ".join(self._term(t, out, indexed, block) for t in equation.terms) or "0"

    def _update(self, equation: Equation, block: Block) -> str:
        """The right-hand side of an update; what is new by then is marked, where the old has the same name."""
        if equation.law is None:
            return " + ".join(self._term(t, equation.out, False, block) for t in equation.terms)
        return equation.law.law(FORMULA, *[self._factor(v, self.namer.tensor, block)
                                           for v in equation.terms[0].args]).source

    def _law(self, equation: Equation, block: Block) -> str:
        law = equation.law
        assert law is not None
        args = equation.terms[0].args
        if law.name in ACTIVATIONS:
            return f"{SHORT.get(law.name, law.name)}({self._factor(args[0], self._indexed, block).source})"
        return law.law(FORMULA, *[self._factor(v, self._indexed, block) for v in args]).source

    def _indexed(self, var: Var) -> str:
        letters = ",".join(other(c) for c in var.letters if c != SAMPLE)
        return f"{self.namer.tensor(var)}[{letters}]" if letters else self.namer.tensor(var)

    def _summed(self, term: Term, out: Var, product: Text) -> Text:
        """A product with the signs of the sums over it."""
        sums = self._sums(term, out)
        return Text(f"{sums}{product.source}", DISPLAY, SUM) if sums else product

    def _sums(self, term: Term, out: Var) -> str:
        summed = term_letters(term, out)
        sums = "".join(f"Σ_{other(c)} " for c in summed if c != SAMPLE)
        return f"Σ_samples {sums}" if SAMPLE in summed and self.program.samples > 1 else sums

    def _term(self, term: Term, out: Var, indexed: bool, block: Block) -> str:
        sums = self._sums(term, out)
        spell = self._indexed if indexed else self.namer.tensor
        factors = [self._factor(v, spell, block) for v in term.args]
        return sums + (product_text(factors, Text("1", DISPLAY)).source if factors else "1")

    def _factor(self, var: Var, spell: Callable[[Var], str], block: Block) -> Text:
        """A factor by name; the local partial of a law is written out, a Jacobian is not."""
        if var.jacobian:
            y, x = var.of
            k = next(c for c in var.letters if c >= SPARE)
            return Text(f"∂{self.namer.tensor(y)}[{other(k)}]/∂{spell(x)}", DISPLAY)
        inner = var.role == "adjoint" and any(eq.out is var.base for eq in block.equations[:-1])
        if inner or var.role in ("local", "temporary"):
            made = next((eq for b in (block, *self.program.blocks) for eq in b.equations if eq.out is var.base), None)
            if made is not None and not isinstance(made.terms[0].op if made.terms else None, Gather | Scatter):
                if made.law is CHOSEN:
                    return Text(f"(1 if {spell(made.terms[0].args[0])} is the greatest, else 0)", DISPLAY)
                if made.law is GREATEST:
                    return Text(f"greatest({', '.join(spell(v) for v in made.terms[0].args)})", DISPLAY)
                if made.law is not None:
                    return joined(Text("", DISPLAY).of(made.law.law(FORMULA, *[self._factor(v, spell, block)
                                                                               for v in made.terms[0].args])))
                parts = [Text(self._term(t, var, False, block), DISPLAY) if len(t.args) == 1 else
                         self._summed(t, var, product_text([self._factor(v, spell, block) for v in t.args],
                                                           Text("1", DISPLAY))) for t in made.terms]
                total = parts[0]
                for part in parts[1:]:
                    total = total + part
                return joined(total)
        if var.role == "constant":
            return Text("", DISPLAY).of(var.value)
        if var.role == "identity":
            return Text(f"[{' = '.join(var.letters)}]", DISPLAY)
        return Text(spell(var), DISPLAY)


def other(letter: str) -> str:
    """How a letter is printed: those of Jacobians as k′, a second index beside the axis's own."""
    return letter if letter < SPARE else "k′"


def joined(text: Text) -> Text:
    """A product among products needs no brackets to be read (the chain keeps those that the bits need)."""
    return Text(text.source, DISPLAY) if text.level == PRODUCT and "/" not in text.source else text


def in_print(source: str) -> str:
    """A written line as it is printed: × for *, ² for **2."""
    squared = re.sub(r"\s*\*\*\s*2\b(?![.\d])", "²", source.strip())
    return re.sub(r"(?<!\*)\s*\*\s*(?!\*)", " × ", squared)
