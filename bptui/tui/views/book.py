"""Formulas as a book sets them: fractions on a bar, what a sum runs over below it, exponents raised, indices lowered.

A formula is text, as the explanations write it; it is read into boxes of characters that are put beside and above each
other. What cannot be read stands as it is, on one line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

INDEX = r"(?:\[[^\]]*\])?"
RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
TOKEN = re.compile(
    rf"\s*(?:(?P<slope>∂\w+{INDEX}/∂\w+⁺?{INDEX})|(?P<sum>Σ_\w+)|(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
    rf"|(?P<name>step \d+|[^\W\d{RAISED}][^\W{RAISED}.]*(?:\.[^\W{RAISED}]+)*{INDEX}⁺?)|(?P<raised>[{RAISED}]+)"
    r"|(?P<mark>[-+×/(),;:^√Σ←=≠<>≤≥]))")
MOST = 400                                          # characters of a formula that is set


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


def setting(formula: str, indices: bool) -> Box:
    """A formula as a box; with `indices`, they are lowered."""
    if len(formula) > MOST:
        return text(formula)
    try:
        reader = _Reader(formula, indices)
        box = reader.sum()
        if reader.left:
            raise ValueError(reader.left)
        return box
    except (ValueError, RecursionError):
        return text(formula)


class _Reader:
    """Reads a formula from the left: sums of products of powers."""

    def __init__(self, formula: str, indices: bool) -> None:
        self.left, self.indices = formula, indices
        self.kind = self.token = self.last = ""
        self.closed = False                         # whether what was read last is in brackets
        self._next()

    def _next(self) -> None:
        found = TOKEN.match(self.left)
        if found is None:
            if self.left.strip():
                raise ValueError(self.left)
            self.kind = self.token = self.left = ""
            return
        self.kind, self.token = found.lastgroup or "", found[found.lastgroup or 0]
        self._rest, self.left = self.left[found.end():], self.left[found.start(found.lastgroup or 0):]

    def _take(self) -> str:
        self.last, self.closed, self.left = self.token, self.token == ")", self._rest
        self._next()
        return self.last

    def relation(self) -> Box:
        """A sum, or a comparison of two."""
        left = self.sum()
        if self.token and self.token in "=≠<>≤≥":
            left = beside([left, text(f" {self._take()} "), self.sum()])
        return left

    def sum(self) -> Box:
        parts = [self.product()]
        while self.token in ("+", "-"):
            parts += [text(f" {self._take()} "), self.product()]
        return beside(parts)

    def product(self) -> Box:
        left = self.power()
        while self.token in ("×", "/"):
            if self._take() == "×":
                left = beside([left, text(" × "), self.power()])
            else:
                left = fraction(_bare(left), _bare(self.power()))
        return left

    def power(self) -> Box:
        if self.token == "-":
            self._take()
            return beside([text("-"), self.power()])
        if self.token == "Σ":
            return beside([text(f"{self._take()} "), self.product()])
        if self.kind == "sum":
            over = self._take()[2:]
            return beside([Box(("Σ", over[:1]) if len(over) == 1 else (centred(text("Σ"), len(over)).rows[0], over), 0),
                           text(" "), self.product()])
        left = self.atom()
        if self.kind == "raised" or self.token == "^":
            base = left if left.base == 0 or self.closed else bracketed(left)
            if self._take() != "^":
                return beside([base, text(self.last)])
            return raised(base, _bare(self.atom()))
        return left

    def atom(self) -> Box:
        kind, token = self.kind, self.token
        if token == "(":
            self._take()
            inside = self.relation()
            self._close()
            return bracketed(inside)
        if kind == "slope":
            over, under = self._take().split("/∂")
            return fraction(self._named(over), self._named(f"∂{under}"))
        if kind == "number":
            return text(self._take())
        if token == "√" or kind == "name":
            name = self._take()
            if self.token != "(":
                return beside([text(name), self.atom()]) if name == "√" else self._named(name)
            self._take()
            if name == "where":
                return beside([text(name), bracketed(self.cases())])
            inside = [self.relation()]
            while self.token == ",":
                self._take()
                inside += [text(", "), self.relation()]
            self._close()
            if name == "exp" and len(inside) == 1 and inside[0].base == 0:
                self.closed = False
                return raised(text("e"), inside[0])
            return beside([text(name), bracketed(beside(inside))])
        raise ValueError(token)

    def cases(self) -> Box:
        """What stands in the brackets of `where`: conditions with their values, and what is left."""
        told: list[Box] = []
        while self.token != "else":
            told += [self.relation(), text(f"{self._take()} "), self.relation(), text("; ")]
            if told[-3].rows != (": ",) or self._take() != ";":
                raise ValueError(self.left)
        self._take()
        told += [text("else "), self.relation()]
        self._close()
        return beside(told)

    def _close(self) -> None:
        if self.token != ")":
            raise ValueError(self.token)
        self._take()

    def _named(self, name: str) -> Box:
        """A name, its index lowered."""
        found = re.fullmatch(r"(.+)\[([^\]]*)\](⁺?)", name) if self.indices else None
        return text(name) if found is None else lowered(text(found[1] + found[3]), text(found[2]))


def _bare(box: Box) -> Box:
    """What stands above or below a bar needs no brackets around the whole."""
    rows = box.rows
    if box.base == 0 and rows[0][0] == "(" and rows[0][-1] == ")" and _closes(rows[0]):
        return Box(tuple(r[1:-1] for r in rows), 0)
    if rows[0][0] == "⎛" and rows[-1][-1] == "⎠" and all(r[-1] in "⎞⎟⎠" and r[0] in "⎛⎜⎝" for r in rows) and not any(
            c in r[1:-1] for r in rows for c in "⎛⎞"):
        return Box(tuple(r[1:-1] for r in rows), box.base)
    return box


def _closes(said: str) -> bool:
    """Whether the first bracket is closed by the last character."""
    depth = 0
    for at, c in enumerate(said):
        depth += (c == "(") - (c == ")")
        if depth == 0:
            return at == len(said) - 1
    return False
