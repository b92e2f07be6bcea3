"""Expression trees: what the reader makes of a law, an equation or a quantity.

They hold no code and run nothing; the engine lowers them to equations and the quantity language
evaluates them. `column` is where the part begins in the text, from 0, for the caret under an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True)
class Number:
    value: float
    column: int = 0


@dataclass(frozen=True)
class Name:
    id: str
    column: int = 0


@dataclass(frozen=True)
class Operation:
    """`operator` is one of `+ - * / ** < <= > >= == != and or not neg` (`neg` is the unary minus)."""

    operator: str
    args: tuple[Tree, ...]
    column: int = 0


@dataclass(frozen=True)
class Call:
    function: str
    args: tuple[Tree, ...]
    column: int = 0


@dataclass(frozen=True)
class Index:
    """`base[1, 0]`; indices count from 0."""

    base: Tree
    index: tuple[int, ...]
    column: int = 0


@dataclass(frozen=True)
class Attribute:
    """`hidden.weights`, `w5.grad`."""

    base: Tree
    name: str
    column: int = 0


@dataclass(frozen=True)
class Pin:
    """`w5@0` (after 0 updates), `w5@prev` (one update before)."""

    base: Tree
    at: int | Literal["prev"]
    column: int = 0


Tree: TypeAlias = Number | Name | Operation | Call | Index | Attribute | Pin


@dataclass(frozen=True)
class WrittenEquation:
    """One written line `name = tree` of an `[equations]` scenario; `text` is the line as written."""

    name: str
    tree: Tree
    text: str


def parts(tree: Tree) -> tuple[Tree, ...]:
    """The trees directly below this one, from left to right."""
    match tree:
        case Operation(args=args) | Call(args=args):
            return args
        case Index(base=base) | Attribute(base=base) | Pin(base=base):
            return (base,)
        case Number() | Name():
            return ()


def names_in(tree: Tree) -> Iterator[Name]:
    """Every use of a name, from left to right. Functions and attributes are not names."""
    if isinstance(tree, Name):
        yield tree
    for part in parts(tree):
        yield from names_in(part)
