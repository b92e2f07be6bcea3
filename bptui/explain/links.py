"""The rows of a chain, as records: what the screen and the plain text are drawn from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ..engine.algebra import Formula, compound
from ..engine.scalars import Cell
from .symbol import line

Made = tuple[int, int]                              # (value, stop) at which a row's number is there
Kind = Literal["head", "factor", "path", "rest", "sum", "running", "result", "term", "operand", "note"]
END: Made = (1 << 60, 0)                            # after everything


@dataclass(frozen=True)
class Link:
    """One row of a chain. `key` says which quantity its value is, for marks and for following it.

    `expression` is the formula that `rule` (of a term its name) writes with names and `lens` with numbers; None where
    the row is told in words. A `note` has no value: it says something of the row above it.
    """

    kind: Kind
    sign: str                                       # "", "×", "=", "Σ", "├", "└", "+"
    number: str                                     # of the factor
    name: str
    rule: str
    lens: str                                       # the rule with its numbers
    value: float | None
    made: Made
    key: tuple[str, ...] = ()
    cell: Cell | None = None                        # the scalar that the row is about, to follow
    scale: float = 0.0                              # the size that a full bar stands for; 0: no bar
    local: Cell | None = None                       # the local partial of a law of several steps, to be simplified
    depth: int = 0                                  # of a row in the chain of a path that was unfolded
    expression: Formula | None = None               # its leaves are scalars
    through: bool = False                           # of a path: whether it is called by a value that it leads through
    step: bool = False                              # whether it has a number in place of a name: `step 1`

    @property
    def compound(self) -> bool:
        """Whether its formula with numbers is more than one of them: only then it needs a line of its own."""
        return self.expression is not None and compound(self.expression)

    @property
    def signed(self) -> bool:
        """Whether its number carries its sign: derivatives and contributions do."""
        return self.key[:1] in (("d",), ("path",)) or self.kind in ("term", "path", "rest")


@dataclass(frozen=True)
class Factor:
    """A part of the line above the rows: what is explained, and then what it is a product of.

    `expression` is a formula over symbols, which `text` is on one line; None where it is told in words. `number` is
    that of the factor's row.
    """

    text: str
    number: str = ""
    expression: Formula | None = None


def factor(expression: Formula, number: str = "") -> Factor:
    return Factor(line(expression), number, expression)


@dataclass(frozen=True)
class Chain:
    """How `of`, a scalar by its full name, was made; `back` says whether as a derivative, factor by factor.

    `expression` is the formula of a value's own equation, as the line above has it, over scalars; a derivative's
    factors are rows.
    """

    of: str
    formula: tuple[Factor, ...]
    rows: tuple[Link, ...]
    target: Cell
    paths: int = 0                                  # of the sum, if it has one
    expression: Formula | None = None
    back: bool = False

    @property
    def title(self) -> str:
        return f"Chain of {self.of}" if self.back else self.of

    @property
    def result(self) -> Link:
        """The row that the others come to; rows below it say what it is made of."""
        return next(row for row in reversed(self.rows) if not row.depth)

    def factors(self, seen: Made) -> list[float]:
        """The numbers of the formula's factors, once all of them are made; nothing before, nor if it is no product."""
        numbered = {r.number: r for r in self.rows if r.number and r.value is not None and not r.depth}
        head = next((r for r in self.rows if r.kind == "sum" and not r.depth), None)
        if head is not None:
            numbered["1"] = head
        found = [r.value for part in self.formula[1:]
                 if (r := numbered.get(part.number)) is not None and r.value is not None and r.made <= seen]
        return found if len(found) == len(self.formula) - 1 > 1 else []


def column(rows: Iterable[Link]) -> list[float | None]:
    """The values that decide a column's notation; settings such as ε = 1e-8 do not."""
    return [r.value for r in rows if r.cell is None or r.cell[0].role != "setting"]


def key_of(y: str, x: str) -> tuple[str, ...]:
    """The key of the derivative of y by x."""
    return ("d", y, x)


def current_row(chain: Chain, here: Made) -> int | None:
    """The row that the position stands at: the factor being made, or the result when all is done."""
    at = [n for n, row in enumerate(chain.rows) if row.made == here and row.made != (0, 0) and not row.depth]
    for kinds in (("result",), ("path", "term"), ("factor", "head")):
        found = [n for n in at if chain.rows[n].kind in kinds]
        if found:
            return found[-1] if kinds[0] == "path" else found[0]
    return at[0] if at else None
