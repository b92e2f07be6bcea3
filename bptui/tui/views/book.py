"""Formulas as a book sets them: fractions on a bar, what a sum runs over below it, exponents raised, indices lowered.

A formula is a tree over symbols. Its parts are boxes of characters, put beside and above each other; where brackets
stand is the typesetter's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from ...engine.algebra import Formula, Leaf
from ...engine.written import POWER, RAISED, Spelled, Typesetter
from ...explain.symbol import Symbol, symbol_of

LINE = 0                                            # the base of what is one line, with indices below it perhaps


@dataclass(frozen=True)
class Box:
    """Rows of one width; `base` is the row on which it stands in a line."""

    rows: tuple[str, ...]
    base: int

    @property
    def width(self) -> int:
        return cell_len(self.rows[0])

    @property
    def height(self) -> int:
        return len(self.rows)


def text(said: str) -> Box:
    return Box((said,), 0)


def beside(boxes: Sequence[Box]) -> Box:
    """Boxes in a line, on one base."""
    above = max(box.base for box in boxes)
    below = max(box.height - box.base for box in boxes)
    rows = ["".join(row(box, y - above + box.base) for box in boxes) for y in range(above + below)]
    return Box(tuple(rows), above)


def row(box: Box, y: int) -> str:
    return box.rows[y] if 0 <= y < box.height else " " * box.width


def centred(box: Box, width: int) -> Box:
    left = (width - box.width) // 2
    return Box(tuple(" " * left + r + " " * (width - left - box.width) for r in box.rows), box.base)


def fraction(over: Box, under: Box) -> Box:
    width = max(over.width, under.width) + 2
    return Box((*centred(over, width).rows, "─" * width, *centred(under, width).rows), over.height)


def raised(base: Box, power: Box) -> Box:
    """An exponent, above the line that its base stands on."""
    rows = [*(" " * base.width + r for r in power.rows), *(r + " " * power.width for r in base.rows)]
    return Box(tuple(rows), power.height + base.base)


def lowered(base: Box, index: Box) -> Box:
    """An index, below the line that its base stands on."""
    rows = [*(r + " " * index.width for r in base.rows), *(" " * base.width + r for r in index.rows)]
    return Box(tuple(rows), base.base)


def bracketed(inside: Box) -> Box:
    """Brackets as tall as what is in them."""
    if inside.base == 0:                            # one line, with indices below it perhaps
        blank = [" " + r + " " for r in inside.rows[1:]]
        return Box((f"({inside.rows[0]})", *blank), 0)
    tall = inside.height
    left = ["⎛", *["⎜"] * (tall - 2), "⎝"]
    right = ["⎞", *["⎟"] * (tall - 2), "⎠"]
    return Box(tuple(a + r + b for a, r, b in zip(left, inside.rows, right, strict=True)), inside.base)


class Page:
    """The medium of a page: quotients have bars, exponents are raised; with `indices`, those are lowered."""

    bars = True

    def __init__(self, indices: bool) -> None:
        self.indices = indices

    def leaf(self, leaf: Leaf) -> Spelled[Box]:
        symbol = symbol_of(leaf)
        return Spelled(self._named(symbol), symbol.holds)

    def _named(self, symbol: Symbol) -> Box:
        if symbol.slope is not None:
            over, under = (beside([text("∂"), self._single(x)]) for x in symbol.slope)
            return self._behind(symbol, fraction(over, under))
        if not self.indices or not symbol.index:
            return text(str(symbol))
        return self._behind(symbol, lowered(text(f"{symbol.text}{'⁺' * symbol.new}"), text(symbol.index)))

    def _behind(self, symbol: Symbol, base: Box) -> Box:
        return beside([base, text(symbol.behind)]) if symbol.behind else base

    def _single(self, symbol: Symbol) -> Box:
        return self._named(symbol) if symbol.single == str(symbol) else text(symbol.single)

    def text(self, said: str) -> Box:
        return text(said)

    def beside(self, parts: Sequence[Box]) -> Box:
        return beside(parts)

    def bracketed(self, inside: Box) -> Box:
        return bracketed(inside)

    def fraction(self, over: Box, under: Box) -> Box:
        return fraction(over, under)

    def power(self, base: Box, exponent: Box) -> Box:
        return raised(base, exponent)

    def whole_power(self, base: Box, exponent: int) -> Box:
        return beside([base, text(str(exponent).translate(RAISED))])

    def function(self, name: str, inside: Box) -> Spelled[Box]:
        if name == "exp" and inside.base == LINE:
            return Spelled(raised(text("e"), inside), POWER)
        return Spelled(beside([text(name), bracketed(inside)]))

    def sum_over(self, axis: str) -> Box:
        return Box((centred(text("Σ"), cell_len(axis)).rows[0], axis), LINE)


def box(formula: Formula, indices: bool) -> Box:
    """A formula over symbols as a box."""
    return Typesetter(Page(indices)).write(formula)
