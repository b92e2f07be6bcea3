"""What a row of a chain leaves unwritten: the factors inside a factor, down to values that have a place of their own.

A slope that is too long for a line, or an entry of a Jacobian, stands in a formula by its name. Each such name gets a
row below, with the formula of what makes it; so every number of a derivation has its factors.
"""

from __future__ import annotations

from ..engine.algebra import Formula, Leaf, leaves
from ..engine.scalars import Cell
from .links import Link, Made, key_of
from .terms import DEEPEST, LONGEST, ScalarReader

MOST = 40                                           # rows below one


def unwritten(reader: ScalarReader, tree: Formula) -> list[Cell]:
    """The scalars in a formula that are made on the way and have no row, each once, in the order of the formula."""
    found: dict[Cell, None] = {}
    for leaf in leaves(tree):
        cell: Cell = leaf.of                        # type: ignore[assignment]  # in a chain every leaf is a scalar
        if cell[0].role in ("local", "temporary") and cell[0] in reader.made and cell[0] not in reader.steps:
            found[cell] = None
    return list(found)


def formula_of(reader: ScalarReader, cell: Cell) -> Formula:
    """What makes a scalar, written out where that is not too long; else by the names of what it is made of."""
    tree = reader.tree(cell)
    return tree if len(reader.named(tree)) <= LONGEST else reader.tree(cell, DEEPEST + 1)


def written_out(reader: ScalarReader, tree: Formula) -> Formula:
    """A factor that would be printed as itself, as what makes it."""
    if isinstance(tree, Leaf) and (alone := unwritten(reader, tree)):
        return formula_of(reader, alone[0])
    return tree


def details(reader: ScalarReader, tree: Formula, made: Made, depth: int = 1) -> list[Link]:
    """A row for each scalar that is not written out in `tree`, and those of its own formula below it."""
    rows: list[Link] = []
    told: set[Cell] = set()

    def tell(tree: Formula, depth: int) -> None:
        for cell in unwritten(reader, tree):
            if cell in told or len(rows) >= MOST:
                continue
            told.add(cell)
            formula, symbol = formula_of(reader, cell), reader.symbol(cell)
            key = key_of(*map(str, symbol.slope)) if cell[0].role == "local" and symbol.slope is not None else ()
            rows.append(Link("factor", "", "", str(symbol), reader.named(formula), reader.numbered(formula),
                            reader.value(cell), made, key, depth=depth, expression=formula))
            tell(formula, depth + 1)

    tell(tree, depth)
    return rows
