"""What an update may be made of: the limits that keep a scenario from taking all memory, or for ever, when it runs.

Each size in a file may be reasonable and their product not. So a program is measured when it is written, before
anything is computed, and the error names the limit. Where an update can be made smaller by its batch, it says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from ..scenario.errors import KeyPath, Problem, ScenarioError
from .program import FIXED, Equation, Program, Term
from .structure import Contract

PENALTY = "penalty"                                 # the line of l1 and l2
MOST_PARTS = 20_000                                 # of all programs together: each is written, compiled and drawn
MOST_LAYERS = 1000                                  # each has a column on the screen
MOST_NUMBERS = 4 * 10**6                            # 32 MB, of which several updates are kept
MOST_PRODUCTS = 2 * 10**8                           # a few tenths of a second
MOST_SUMMED = 30_000                                # the way to a derivative is looked for term by term
MOST_MOVED = 250_000                                # numbers of a sample, in all windows, slices and gates together
MOST_DRAWN = 500_000                                # numbers of masks and noise, each drawn for itself


@dataclass(frozen=True)
class Size:
    """How much an update is."""

    parts: int
    numbers: int
    products: int
    summed: int
    drawn: int


LIMITS: dict[str, tuple[int, str]] = {              # field of Size -> the most, and what is said of more
    "numbers": (MOST_NUMBERS, "an update makes {:,} numbers; at most {:,} can be held"),
    "products": (MOST_PRODUCTS, "an update makes {:,} products; at most {:,} can be waited for"),
    "summed": (MOST_SUMMED, "an update has a sum of {:,} terms; at most {:,} can be stepped through"),
    "drawn": (MOST_DRAWN, "an update draws {:,} numbers; at most {:,} can be waited for"),
}


def parts_of(equation: Equation) -> int:
    """What an equation counts for: what it makes, and every factor or operand that it reads."""
    return 1 + sum(len(term.args) for term in equation.terms)


def size_of(program: Program) -> Size:
    every = [(eq, term, _lengths(eq, term)) for eq in program.equations for term in eq.terms]
    fixed = {arg.base for _, term, _ in every for arg in term.args if arg.role in FIXED}
    stepped = {eq for block in program.blocks if block.phase != "update" and block.out.name != PENALTY
               for eq in block.equations}           # nothing is looked for on the way of the others
    return Size(
        sum(parts_of(eq) for eq in program.equations),
        sum(eq.out.size for eq in program.equations) + sum(v.size for v in fixed)
        + max((_held(term, lengths) for _, term, lengths in every), default=0),
        sum(prod(lengths.values()) for _, _, lengths in every),
        max((prod(lengths[c] for c in term.op.summed) for eq, term, lengths in every
             if isinstance(term.op, Contract) and eq in stepped), default=1),
        sum(v.size for v in program.inputs if v.role == "noise"))


def _lengths(equation: Equation, term: Term) -> dict[str, int]:
    """How long the axes of a term are, and of what it makes."""
    return {c: n for v in (equation.out, *term.args) for c, n in zip(v.letters, v.shape, strict=True)}


def _held(term: Term, lengths: dict[str, int]) -> int:
    """The most numbers that are held on the way through a product of several factors."""
    return max(_products(term, lengths), default=0)


def _products(term: Term, lengths: dict[str, int]) -> Iterator[int]:
    if isinstance(term.op, Contract):
        letters = set[str]()
        for n, factor in enumerate(term.op.inputs, 1):
            after = set(term.op.output).union(*term.op.inputs[n:])
            letters = (letters | set(factor)) & after
            yield prod(lengths[c] for c in letters)


def check(program: Program, key: KeyPath) -> Size:
    """The size of a program; ScenarioError, at `key` or at the batch, where it is more than can be."""
    size = size_of(program)
    for field, (most, said) in LIMITS.items():
        found = getattr(size, field)
        if found > most:
            smaller = program.samples > 1
            also = ": take a smaller batch" if smaller else ""
            raise ScenarioError([Problem(("training", "batch") if smaller else key, said.format(found, most) + also)])
    return size


def too_many_parts(key: KeyPath, parts: int, of: str) -> ScenarioError:
    return ScenarioError([Problem(key, f"{of} has {parts:,} parts; at most {MOST_PARTS:,} can be stepped through")])
