"""Two runs side by side: what their scenarios say differently, and the first step at which their numbers part.

Values are matched by the name under which they can be asked for, and compared bit for bit, all samples together: a
NaN equals itself, and -0 is not 0. The order is that of the first run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from ..engine.program import Var
from ..replay.quantity import evaluate
from ..replay.run import Run
from ..scenario.errors import QuantityError, printable
from ..scenario.expression import read_quantity
from .check import alike
from .naming import Namer, quantity_text

WORDS = ("name", "path", "title", "source", "about", "beside", "start", "claims", "digest", "lines", "key")
MOST_UPDATES = 20_000                               # that are looked through
Name = tuple[str, int]                              # a quantity, and the element of a tensor (0)


@dataclass(frozen=True)
class Difference:
    """Something that the two scenarios say differently; None where one does not say it."""

    what: str
    a: str | None
    b: str | None


@dataclass(frozen=True)
class Parting:
    """The first value that differs. `before` values of A were equal, `differ` of `values` in common differ there."""

    update: int
    quantity: str
    a: float
    b: float
    before: int
    differ: int
    values: int


@dataclass(frozen=True)
class Comparison:
    a: Run
    b: Run
    differences: tuple[Difference, ...]
    parting: Parting | None
    looked: int                                     # updates
    outcomes: tuple[tuple[str, int, float, float], ...]     # (quantity, after, A's, B's)


def compare(a: Run, b: Run) -> Comparison:
    looked = min(a.finish(), b.finish(), MOST_UPDATES)
    parting = next((found for n in range(looked + 1) if (found := part_at(a, b, n)) is not None), None)
    ends = dict.fromkeys((1, min(a.updates, b.updates)))
    outcomes = [(name, n, *pair) for n in ends for name in [a.program(0).watched.name]
                if (pair := _pair(a, b, name, n)) is not None]
    return Comparison(a, b, tuple(differences(a, b)), parting, looked, tuple(outcomes))


def _pair(a: Run, b: Run, name: str, after: int) -> tuple[float, float] | None:
    try:
        found = [evaluate(run, read_quantity(name), after) for run in (a, b)]
    except QuantityError:
        return None
    return float(found[0]), float(found[1])


# what the scenarios say

def differences(a: Run, b: Run) -> Iterator[Difference]:
    """Every key that the two scenarios hold differently, in the order of their sections."""
    ours, theirs = (dict(_flat("", run.scenario)) for run in (a, b))
    for what in dict.fromkeys((*ours, *theirs)):
        if ours.get(what) != theirs.get(what):
            yield Difference(what, ours.get(what), theirs.get(what))


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """A record as lines: `training.batch` and what it is."""
    if is_dataclass(value) and not isinstance(value, type):
        for each in fields(value):
            if each.name not in WORDS:
                yield from _flat(f"{path}.{each.name}".lstrip("."), getattr(value, each.name))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{path}.{key}", inner)
    elif isinstance(value, tuple) and any(is_dataclass(item) for item in value):
        for n, item in enumerate(value):
            yield from _flat(f"{path}[{getattr(item, 'name', None) or n}]", item)
    elif value is not None and not (isinstance(value, tuple) and not value):
        yield path, _written(value)


def _written(value: Any) -> str:
    if isinstance(value, np.ndarray):
        text = np.array2string(value, threshold=8, separator=", ", floatmode="unique", max_line_width=10**6)
        return " ".join(text.split())
    return str(value)


# where their numbers part

def part_at(a: Run, b: Run, update: int) -> Parting | None:
    """The first difference of one update; None if all that both have is equal.

    What it starts from (parameters, data, settings) comes first, and is not counted among the values.
    """
    ours, others = (run.program(update).samples for run in (a, b))
    if ours != others:
        return Parting(update, "the number of samples in the batch", ours, others, 0, 0, 0)
    for given in (True, False):
        theirs = dict(_values(b, update, given))
        shared = [(name, mine, theirs[name]) for name, mine in _values(a, update, given)
                  if name in theirs and theirs[name].shape == mine.shape]
        differing = [n for n, (_, mine, other) in enumerate(shared) if alike(mine) != alike(other)]
        if differing:
            name, mine, other = shared[differing[0]]
            at = next(n for n, (x, y) in enumerate(zip(mine.ravel(), other.ravel(), strict=True))
                      if alike(x) != alike(y))
            before, differ, values = (0, 0, 0) if given else (differing[0], len(differing), len(shared))
            return Parting(update, name, float(mine.ravel()[at]), float(other.ravel()[at]), before, differ, values)
    return None


def _values(run: Run, update: int, given: bool) -> Iterator[tuple[str, np.ndarray]]:
    """What an update starts from, or makes, by the name that it can be asked for: element by element, all samples."""
    program, times, namer = run.program(update), run.times(update), Namer(run.scenario)
    env = run.env(update)
    for var in (*program.state, *program.inputs) if given else [block.out for block in times.blocks]:
        values = env.array(var).reshape(-1, var.lane_size).T
        for element in range(var.lane_size if _small(var) else 1):
            name = quantity_text(program, namer, var, element) if _small(var) else var.name
            yield name, values[element] if _small(var) else values


def _small(var: Var) -> bool:
    """Whether a tensor is compared element by element; a large one as a whole."""
    return var.lane_size <= 1000


# in words

def lines(found: Comparison) -> list[str]:
    a, b = found.a.scenario.name, found.b.scenario.name
    said = [f"A is {a}, B is {b}"]
    shown = [f"{d.what}: {d.a or 'nothing'} in A, {d.b or 'nothing'} in B" for d in found.differences] or ["nothing"]
    said += [f"  {'what differs   ' if n == 0 else ' ' * 15}{line}" for n, line in enumerate(shown)]
    if found.parting is None:
        said.append(f"  first step     none: all values of {found.looked:,} updates are equal, bit for bit")
    else:
        p = found.parting
        said += [f"  first step     after {p.update:,} update{'s' * (p.update != 1)}: {p.quantity} is {p.a!r} in A, "
                 f"{p.b!r} in B"]
        said += [f"                 {p.before} values before it are equal, bit for bit; {p.differ} of {p.values} "
                 f"differ in this update"] if p.values else []
    for n, (name, after, mine, other) in enumerate(found.outcomes):
        said.append(f"  {'what follows   ' if n == 0 else ' ' * 15}{name} after {after:,} "
                    f"update{'s' * (after != 1)}: {mine!r} in A, {other!r} in B")
    return [printable(line) for line in said]


def record(found: Comparison) -> dict[str, Any]:
    """The comparison as `compare --json` prints it."""
    p = found.parting
    return {
        "a": found.a.scenario.name, "b": found.b.scenario.name,
        "differs": [{"what": d.what, "a": d.a, "b": d.b} for d in found.differences],
        "first": None if p is None else {"update": p.update, "quantity": p.quantity, "a": p.a, "b": p.b,
                                         "equal_before": p.before, "differ": p.differ, "values": p.values},
        "updates": found.looked,
        "then": [{"what": name, "after": after, "a": mine, "b": other} for name, after, mine, other in found.outcomes],
    }
