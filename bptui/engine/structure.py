"""Structural operations: what moves and sums numbers, where `laws` says what is done to each.

Axes have letters that mean the same throughout a program (`s` is the sample), so an operation is known from
the letters of its operands. `Contract` multiplies its operands and sums over the letters that its output
lacks; a letter that only the output has repeats the product. `Pick` takes the greatest element; `Stack` puts
single numbers side by side. `Stop` copies and lets no gradient through.
"""

from __future__ import annotations

from dataclasses import dataclass

from .laws import Elementwise

SAMPLE = "s"


@dataclass(frozen=True)
class Contract:
    """A sum of products: `Contract(("ji", "si"), "sj")` is W·x for every sample."""

    inputs: tuple[str, ...]
    output: str

    @property
    def summed(self) -> str:
        """The letters summed over, in the order in which the terms are added (the last runs fastest)."""
        seen: dict[str, None] = {}
        for letters in self.inputs:
            seen.update(dict.fromkeys(c for c in letters if c not in self.output))
        return "".join(sorted(seen, key=lambda c: c != SAMPLE))     # samples outermost, else as they appear


@dataclass(frozen=True)
class Stop:
    """y = x, but the derivative is 0: written `stop(x)`."""


@dataclass(frozen=True)
class Pick:
    """The greatest of the elements of one operand along the axes that the output lacks: `Pick("sj", "s")`."""

    input: str
    output: str

    @property
    def over(self) -> str:
        """The letters that it looks along."""
        return "".join(c for c in self.input if c not in self.output)


@dataclass(frozen=True)
class Stack:
    """One number from each operand, side by side: element n is the n-th operand."""


STOP, STACK = Stop(), Stack()
Operation = Elementwise | Contract | Pick | Stack | Stop
