"""The kinds of value that a scenario's keys may hold.

Each is a function from a TOML value, and the key's name for the message, to the value we keep. What does
not fit raises `Wrong` with one sentence that says what was expected; `below` leads to the element that is
wrong, so that the line of a bad number in a long list is the number's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from math import prod
from typing import Any, TypeGuard

import numpy as np

from .errors import did_you_mean, one_of, quoted
from .records import Array, Shape
from .tokens import name_fault

Reader = Callable[[object, str], Any]

MOST_UPDATES = 10**9
MOST_UNITS = 10**6
MOST_ROWS = 100_000
LARGEST_SEED = 2**63 - 1
MOST_AXES = 4
MOST_LETTERS = 8


class Wrong(Exception):
    """A value is not what its key takes. `below` is the path from the value to the part that is wrong."""

    def __init__(self, message: str, *below: str | int) -> None:
        super().__init__(message)
        self.message = message
        self.below = below


def kind_of(value: object) -> str:
    """What the user wrote, in a word."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return "text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case dict():
            return "a table"
        case _:
            return "a date or time"


def is_table(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def items(value: object, label: str, of: str) -> list[object]:
    if not is_list(value):
        raise Wrong(f"{label} must be a list of {of}, not {kind_of(value)}")
    if not value:
        raise Wrong(f"{label} is an empty list, expected {of}")
    return value


def table(value: object, label: str) -> Mapping[str, object]:
    if not is_table(value):
        raise Wrong(f"{label} must be a table, not {kind_of(value)}")
    return value


def tables(value: object, label: str) -> list[object]:
    """A list whose items are read, and judged, one by one as tables."""
    return items(value, label, "tables")


def text(value: object, label: str) -> str:
    if not isinstance(value, str):
        raise Wrong(f"{label} must be text in quotes, not {kind_of(value)}")
    return value


def switch(value: object, label: str) -> bool:
    if not isinstance(value, bool):
        raise Wrong(f"{label} must be true or false, not {kind_of(value)}")
    return value


def number(value: object, label: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong(f"{label} must be a number, not {kind_of(value)}")
    try:
        result = float(value)
    except OverflowError:
        raise Wrong(f"{label} must be a finite number, and this is too large") from None
    if not math.isfinite(result):
        raise Wrong(f"{label} must be a finite number, not {result}")
    return result


def whole(least: int, most: int) -> Reader:
    def read(value: object, label: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Wrong(f"{label} must be a whole number, not {shown(value)}")
        if not least <= value <= most:
            raise Wrong(f"{label} must be a whole number from {least:,} to {most:,}")
        return value
    return read


def choice(*words: str) -> Reader:
    def read(value: object, label: str) -> str:
        if not isinstance(value, str) or value not in words:
            given = quoted(value) if isinstance(value, str) else kind_of(value)
            also = did_you_mean(value, words) if isinstance(value, str) else ""
            known = one_of([f'"{word}"' for word in words])
            raise Wrong(f"{label} must be {known}, not {given}{also}")
        return value
    return read


def batch(value: object, label: str) -> int | str:
    if isinstance(value, str):
        if value != "all":
            raise Wrong(f'{label} must be "all" or a number of samples, not {quoted(value)}')
        return value
    return whole(1, MOST_UPDATES)(value, label)


def above(least: float) -> Reader:
    def read(value: object, label: str) -> float:
        result = number(value, label)
        if not result > least:
            raise Wrong(f"{label} must be more than {least:g}, not {result:g}")
        return result
    return read


def between(least: float, most: float | None) -> Reader:
    def read(value: object, label: str) -> float:
        result = number(value, label)
        if result < least or (most is not None and result > most):
            room = f"from {least:g} to {most:g}" if most is not None else f"{least:g} or more"
            raise Wrong(f"{label} must be {room}, not {result:g}")
        return result
    return read


def betas(value: object, label: str) -> tuple[float, float]:
    """The two rates of forgetting of Adam."""
    if not is_list(value) or len(value) != 2:
        raise Wrong(f"{label} must be a list of two numbers, as in [0.9, 0.999]")
    read: list[float] = []
    for at, item in enumerate(value):
        try:
            read.append(between(0.0, 1.0)(item, label))
        except Wrong as wrong:
            raise Wrong(wrong.message, at) from None
        if read[at] == 1.0:
            raise Wrong(f"{label} must be less than 1", at)
    return read[0], read[1]


def name(value: object, label: str) -> str:
    word = text(value, label)
    if fault := name_fault(word):
        raise Wrong(f"{label}: {fault}")
    return word


def names(value: object, label: str) -> tuple[str, ...]:
    result: list[str] = []
    for at, item in enumerate(items(value, label, "names")):
        if not isinstance(item, str):
            raise Wrong(f"{label} must hold names in quotes, not {kind_of(item)}", at)
        if fault := name_fault(item):
            raise Wrong(f"{label}: {fault}", at)
        result.append(item)
    return tuple(result)


def name_or_names(value: object, label: str) -> tuple[str, ...]:
    return (name(value, label),) if isinstance(value, str) else names(value, label)


def rows_of_names(value: object, label: str) -> tuple[tuple[str, ...], ...]:
    rows: list[tuple[str, ...]] = []
    for at, row in enumerate(items(value, label, "lists of names")):
        try:
            rows.append(names(row, f"{label}, row {at + 1},"))
        except Wrong as wrong:
            raise Wrong(wrong.message, at, *wrong.below) from None
        if len(rows[at]) != len(rows[0]):
            raise Wrong(f"{label}: row {at + 1} has {len(rows[at])} names where row 1 has {len(rows[0])}", at)
    return tuple(rows)


def units(value: object, label: str) -> tuple[str, ...] | int:
    return names(value, label) if is_list(value) else whole(1, MOST_UNITS)(value, label)


def inputs(value: object, label: str) -> tuple[str, ...] | Shape | int:
    if is_list(value) and value and all(type(size) is int for size in value):
        if len(value) not in (2, 3):
            raise Wrong(f"{label} must be [steps, features] or [channels, rows, columns]")
        shape = Shape(whole(1, MOST_UNITS)(size, label) for size in value)
        if prod(shape) > MOST_UNITS:
            raise Wrong(f"{label} are {prod(shape):,} numbers a sample; at most {MOST_UNITS:,} can be held")
        return shape
    return units(value, label)


def scenario_names(value: object, label: str) -> tuple[str, ...]:
    """Other scenarios, by names that cannot lead out of a folder."""
    result: list[str] = []
    for at, item in enumerate(items(value, label, "names of scenarios")):
        word = text(item, label)
        if not word.isprintable() or word.startswith(".") or not word or set(word) & set("/\\:"):
            raise Wrong(f"{label}: {quoted(word)} is not the name of a scenario", at)
        result.append(word)
    return tuple(result)


def letters(value: object, label: str) -> str:
    word = text(value, label)
    if not word.isalpha() or len(word) > MOST_LETTERS:
        raise Wrong(f"{label} must be 1 to {MOST_LETTERS} letters, not {quoted(word)}")
    return word


def numbers(value: object, label: str) -> Array:
    """A number, or lists of numbers that form a rectangle, as a read-only float64 array."""
    flat: list[float] = []
    shape = _shape(value, label, (), flat)
    return frozen(np.array(flat, dtype=np.float64).reshape(shape))


def frozen(array: Array) -> Array:
    array.setflags(write=False)
    return array


def _shape(value: object, label: str, at: tuple[int, ...], flat: list[float]) -> tuple[int, ...]:
    """The shape of nested lists; their numbers go to `flat`. `at` is where we are in them."""
    if not is_list(value):
        try:
            flat.append(number(value, label))
        except Wrong as wrong:
            raise Wrong(wrong.message, *at) from None
        return ()
    if len(at) == MOST_AXES:
        raise Wrong(f"{label}: lists are nested too deeply", *at)
    if not value:
        raise Wrong(f"{label} has an empty list where numbers are expected", *at)
    first: tuple[int, ...] | None = None
    for place, row in enumerate(value):
        shape = _shape(row, label, (*at, place), flat)
        if first is None:
            first = shape
        elif shape != first:
            which = ", ".join(str(n + 1) for n in (*at, place))
            raise Wrong(f"{label}: row {which} {_has(shape)} where the first {_has(first)}", *at, place)
    return (len(value), *(first or ()))


def _has(shape: tuple[int, ...]) -> str:
    if not shape:
        return "is a number"
    return f"has {shape[0]} number{'s' * (shape[0] != 1)}" if len(shape) == 1 else f"has {shape[0]} rows"


def shown(value: object) -> str:
    return str(value) if isinstance(value, float) else kind_of(value)
