"""What an update may be made of: the limits that keep a scenario from taking all memory, or for ever, when it runs.

Each size in a file may be reasonable and their product not. So a program is measured when it is written, before
anything is computed, and the error names the limit and what would fit. What counts is what one batch's update holds at
once, whatever the number of all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod

from ..scenario.errors import KeyPath, Problem, ScenarioError
from .program import FIXED, Equation, Program, Term
from .structure import Contract

PENALTY = "penalty"                                 # the line of l1 and l2
MOST_PARTS = 20_000                                 # of all programs together: each is written, compiled and drawn
MOST_LAYERS = 1000                                  # each has a column on the screen
MOST_BYTES = 2**30                                  # of all values of one batch's update, or of one evaluation
MOST_PRODUCTS = 4 * 10**9                           # some seconds
MOST_SUMMED = 250_000                               # the way to a derivative is looked for term by term
MOST_MOVED = 250_000                                # numbers of a sample, in all windows, slices and gates together
MOST_DRAWN = 500_000                                # numbers of masks and noise, each drawn for itself
OF_A_NUMBER = 8                                     # bytes


@dataclass(frozen=True)
class Size:
    """How much an update is. `numbers` are all its values, and what is held on the way to the largest of them."""

    parts: int
    numbers: int
    products: int
    summed: int
    drawn: int


LIMITS: dict[str, tuple[int, str]] = {              # field of Size -> the most, and what is said of more
    "numbers": (MOST_BYTES // OF_A_NUMBER, "an update of {rows} makes {found:,} numbers, {bytes}; at most {limit} "
                                           "can be held"),
    "products": (MOST_PRODUCTS, "an update of {rows} makes {found:,} products; at most {most:,} can be waited for"),
    "summed": (MOST_SUMMED, "an update of {rows} has a sum of {found:,} terms; at most {most:,} can be stepped "
                            "through"),
    "drawn": (MOST_DRAWN, "an update of {rows} draws {found:,} numbers; at most {most:,} can be waited for"),
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


def check(program: Program, key: KeyPath, of_one: Callable[[], Program]) -> Size:
    """The size of a program; ScenarioError, at `key` or at the batch, where it is more than can be.

    `of_one` writes the program of one sample, from which follows how many would fit.
    """
    size = size_of(program)
    for field, (most, said) in LIMITS.items():
        found = getattr(size, field)
        if found > most:
            told = said.format(found=found, most=most, bytes=in_bytes(found), limit=in_bytes(most),
                               rows=rows_of(program.samples))
            if program.samples == 1:
                raise ScenarioError([Problem(key, told)])
            fit = fitting(most, program.samples, found, getattr(size_of(of_one()), field))
            also = f"a batch of {rows_of(fit)} fits" if fit else "not even one row fits"
            raise ScenarioError([Problem(("training", "batch") if fit else key, f"{told}: {also}")])
    return size


def fitting(most: int, rows: int, found: int, of_one: int) -> int:
    """How many rows stay within `most`, where one needs `of_one` and `rows` need `found`; 0 where none does."""
    if of_one > most:
        return 0
    return 1 + (most - of_one) * (rows - 1) // (found - of_one)     # what grows faster than the rows grows less before


def evaluation_fault(numbers: int, rows: int) -> str:
    """What is wrong with making `numbers` of a row for so many rows at once, and how many would fit; "" if they do."""
    most = MOST_BYTES // OF_A_NUMBER
    if numbers * rows <= most:
        return ""
    return (f"over {rows_of(rows)} the layers make {numbers * rows:,} numbers, {in_bytes(numbers * rows)}; at most "
            f"{in_bytes(most)} can be held: {rows_of(most // numbers)} fit")


def rows_of(count: int) -> str:
    return f"{count:,} row{'s' * (count != 1)}"


def in_bytes(numbers: int) -> str:
    """What numbers take: `1.4 GiB`, `288 MiB`."""
    size = numbers * OF_A_NUMBER
    return f"{size / 2**30:.3g} GiB" if size >= 2**30 else f"{size / 2**20:.3g} MiB"


def too_many_parts(key: KeyPath, parts: int, of: str) -> ScenarioError:
    return ScenarioError([Problem(key, f"{of} has {parts:,} parts; at most {MOST_PARTS:,} can be stepped through")])
