"""How one thing is called, as a record that can be written on a line, or set with its index lowered and ∂y over ∂x."""

from __future__ import annotations

from dataclasses import dataclass

from ..engine.algebra import Formula, Leaf
from ..engine.written import ATOM, SLOPE, Spelled, write


@dataclass(frozen=True)
class Symbol:
    """A name: `W` at `3,4`, with what stands behind that; or the derivative of one thing by another.

    `holds` is how tightly its words hold together, by the ranks of `written.py`: those of one word as an atom.
    """

    text: str = ""
    index: str = ""                                 # of an element
    new: bool = False                               # as it is after the update: w⁺
    behind: str = ""                                # `.grad`; ` by y`; of a formula over several samples, `(3)`
    slope: tuple[Symbol, Symbol] | None = None          # ∂ of the first by the second, in place of a text
    holds: int = ATOM

    def __str__(self) -> str:
        index, new = f"[{self.index}]" if self.index else "", "⁺" if self.new else ""
        return f"{self.base}{index}{new}{self.behind}"

    @property
    def base(self) -> str:
        """The name without what may be lowered, raised or put behind it."""
        if self.slope is None:
            return self.text
        above, below = self.slope
        return f"∂{above.single}/∂{below.single}"

    @property
    def single(self) -> str:
        """As one word, in brackets if it is several."""
        return str(self) if self.slope is not None or self.holds == ATOM else f"({self})"


def quotient(y: Symbol, x: Symbol) -> Symbol:
    """∂y/∂x."""
    return Symbol(slope=(y, x), holds=SLOPE)


def spelled(leaf: Leaf) -> Spelled[str]:
    """A leaf that is a symbol, on a line."""
    symbol = symbol_of(leaf)
    return Spelled(str(symbol), symbol.holds)


def symbol_of(leaf: Leaf) -> Symbol:
    assert isinstance(leaf.of, Symbol)
    return leaf.of


def line(tree: Formula) -> str:
    """A formula over symbols, on one line."""
    return write(tree, spelled)
