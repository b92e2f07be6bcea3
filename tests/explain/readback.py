"""Reads printed formulas back by the usual ranks of operators, and works them out.

Powers bind before a sign, a sign before × and /, these before + and -, comparisons last; × and /, + and - are read
from the left; Σ sums the product that stands behind it. Nothing here knows how formulas are written: names are those
that it is given, with their values.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
RELATIONS = {"<": np.less, "≤": np.less_equal, ">": np.greater, "≥": np.greater_equal, "=": np.equal,
             "≠": np.not_equal}
FUNCTIONS: dict[str, Any] = {
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "sin": np.sin, "cos": np.cos, "tanh": np.tanh,
    "sqrt": np.sqrt, "abs": np.abs, "max": np.maximum, "min": np.minimum, "sign": np.sign, "stop": lambda x: x,
    "erf": np.vectorize(math.erf, otypes=[float]), "greatest": lambda *xs: np.max(np.array(xs)),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "σ": lambda x: 1 / (1 + np.exp(-x)),
    "relu": lambda x: np.where(x <= 0, 0.0 * x, x), "softplus": lambda x: np.log1p(np.exp(x)),
}
NUMBER = re.compile(r"(\d+\.?\d*(?:e[+-]?\d+)?|NaN|Inf)")


class Tensor:
    """Numbers along lettered axes; arithmetic pairs axes of one letter."""

    def __init__(self, array: Any, letters: str = "") -> None:
        self.array, self.letters = np.asarray(array, float), letters
        assert self.array.ndim == len(letters), (self.array.shape, letters)

    def along(self, letters: str) -> np.ndarray:
        """The numbers with these axes, of length 1 where there is none."""
        ordered = self.array.transpose([self.letters.index(c) for c in letters if c in self.letters])
        return ordered[tuple(slice(None) if c in self.letters else None for c in letters)]

    def summed(self, letter: str, extents: Mapping[str, int]) -> Tensor:
        if letter not in self.letters:              # as many times the same
            return Tensor(self.array * extents[letter], self.letters)
        return Tensor(self.array.sum(self.letters.index(letter)), self.letters.replace(letter, ""))


def softmax(x: Tensor, letter: str) -> Tensor:
    raised = np.exp(x.array)
    return Tensor(raised / raised.sum(x.letters.index(letter), keepdims=True), x.letters)


VECTORS = {"softmax": softmax, "log_softmax": lambda x, k: Tensor(np.log(softmax(x, k).array), x.letters)}


def apply(function: Any, *xs: Tensor) -> Tensor:
    letters = "".join(dict.fromkeys(c for x in xs for c in x.letters))
    with np.errstate(all="ignore"):
        return Tensor(function(*(x.along(letters) for x in xs)), letters)


class Unreadable(Exception):
    """What is no formula by the usual rules."""


class Reader:
    """Reads one formula from the left. `named` are the names, longest first."""

    def __init__(self, text: str, values: Mapping[str, Tensor | float],
                 extents: Mapping[str, int] | None = None) -> None:
        self.text, self.at, self.values, self.extents = text, 0, values, extents or {}
        self.named = sorted(values, key=len, reverse=True)
        self.largest = 0.0                          # of what comes up on the way: rounding is measured by it
        self.tied = False                           # whether it cannot be told which of equal numbers is meant
        self.broken = False                         # whether a NaN came up; conditions and branches may hide it

    def noted(self, x: Tensor) -> Tensor:
        self.broken |= bool(np.isnan(x.array).any())
        finite = np.abs(x.array[np.isfinite(x.array)])
        self.largest = max(self.largest, float(finite.max()) if finite.size else 0.0)
        return x

    def all(self) -> Tensor:
        found = self.logic()
        if self.left:
            raise Unreadable(f"{self.text!r} at {self.left!r}")
        return found

    @property
    def left(self) -> str:
        return self.text[self.at:]

    def take(self, said: str) -> bool:
        skipped = len(self.left) - len(self.left.lstrip(" "))
        if self.left[skipped:].startswith(said):
            self.at += skipped + len(said)
            return True
        return False

    def must(self, said: str) -> None:
        if not self.take(said):
            raise Unreadable(f"{self.text!r}: no {said!r} at {self.left!r}")

    def logic(self) -> Tensor:
        left = self.relation()
        while True:
            if self.take("and "):
                left = apply(lambda a, b: (a != 0) & (b != 0), left, self.relation())
            elif self.take("or "):
                left = apply(lambda a, b: (a != 0) | (b != 0), left, self.relation())
            else:
                return left

    def relation(self) -> Tensor:
        start = self.at
        left = self.sum()
        own = self.text[start:self.at].strip()
        for sign, compare in RELATIONS.items():
            if self.take(sign):
                return apply(compare, left, self.sum())
        if self.take("is the first greatest of ("):
            start = self.at
            among = [float(x.array) for x in self.arguments()]
            said = self.text[start:self.at - 1].split(", ")
            self.tied |= said.count(own) > 1        # equal numbers have lost their names
            return Tensor(float(said.index(own) == among.index(max(among))))
        return left

    def sum(self) -> Tensor:
        left = self.product()
        while True:
            if self.take("+"):
                left = self.noted(apply(np.add, left, self.product()))
            elif self.take("-"):
                left = self.noted(apply(np.subtract, left, self.product()))
            else:
                return left

    def product(self) -> Tensor:
        left = self.signed()
        while True:
            if self.take("×"):
                left = self.noted(apply(np.multiply, left, self.signed()))
            elif self.take("/"):
                left = self.noted(apply(np.divide, left, self.signed()))
            else:
                return left

    def signed(self) -> Tensor:
        if self.take("-"):
            return apply(np.negative, self.signed())
        if self.take("Σ_samples"):
            return self.product().summed("s", self.extents)
        if found := re.match(r" *Σ_(\w′?)", self.left):
            self.at += found.end()
            return self.product().summed("κ" if found[1] == "k′" else found[1], self.extents)
        return self.power()

    def power(self) -> Tensor:
        base = self.atom()
        if found := re.match(f"[{RAISED}]+", self.left):
            self.at += found.end()
            n = int("".join(str(RAISED.index(c)) for c in found[0]))
            base = self.noted(apply(lambda x: x**float(n), base))
        elif self.take("^"):
            base = self.noted(apply(np.power, base, self.atom()))
        if re.match(f"[{RAISED}^]", self.left):
            raise Unreadable(f"{self.text!r}: a power of a power at {self.left!r}")
        return base

    def atom(self) -> Tensor:
        self.take("")
        self.at += len(self.left) - len(self.left.lstrip(" "))
        for name in self.named:
            if self.left.startswith(name) and not re.match(rf"[^\W{RAISED}]|\(", self.left[len(name):]):
                self.at += len(name)
                value = self.values[name]
                return self.noted(value if isinstance(value, Tensor) else Tensor(value))
        if found := NUMBER.match(self.left):
            self.at += found.end()
            return self.noted(Tensor(float(found[0])))
        if self.take("π"):
            return Tensor(math.pi)
        if self.take("where("):
            return self.cases()
        if self.take("("):
            inside = self.logic()
            self.must(")")
            return inside
        if found := re.match(r"\w+(?=\()", self.left):
            self.at += found.end() + 1
            inside = self.arguments()
            if index := re.match(r"\[(\w)\]", self.left):
                self.at += index.end()
                return VECTORS[found[0]](inside[0], index[1])
            return self.noted(apply(FUNCTIONS[found[0]], *inside))
        raise Unreadable(f"{self.text!r} at {self.left!r}")

    def arguments(self) -> list[Tensor]:
        found = [self.logic()]
        while self.take(","):
            found.append(self.logic())
        self.must(")")
        return found

    def cases(self) -> Tensor:
        told: list[tuple[Tensor, Tensor]] = []
        while not self.take("else "):
            condition = self.logic()
            self.must(":")
            told.append((condition, self.logic()))
            self.must(";")
        last = self.logic()
        self.must(")")
        for condition, value in reversed(told):
            last = apply(lambda c, a, b: np.where(c != 0, a, b), condition, value, last)
        return last


def tensor(text: str, values: Mapping[str, Tensor], extents: Mapping[str, int]) -> Tensor:
    """What a formula over tensors comes to, whose axes have the lengths `extents`."""
    return Reader(text, values, extents).all()


def worth(text: str, values: Mapping[str, float]) -> tuple[float, float, bool]:
    """What a formula over single numbers comes to, how large the numbers on the way are, whether a NaN was there."""
    reader = Reader(text, values)
    found = float(reader.all().array)
    return math.nan if reader.tied else found, reader.largest, reader.broken or reader.tied
