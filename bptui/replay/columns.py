"""Reads quantities over many updates at once: columns of numbers, of which one counts the updates.

What a tree of the language of quantities names becomes statements of the update loop, dead code removed; what it makes
of them is computed for thousands of updates at a time, by the arithmetic of the language. What cannot be read so is
not `fast`, and is evaluated update by update.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain
from typing import Any

import numpy as np

from ..engine.executor import Asked, Row, Wanted
from ..engine.laws import COMPARISONS, CONSTANTS
from ..engine.program import Program
from ..engine.scalars import Cell
from ..scenario.errors import QuantityError
from ..scenario.trees import Call, Index, Name, Number, Operation, Pin, Tree, parts
from .leaves import LeafCells, Slow, change, depends_on_sample, is_leaf, of_state, read_leaf, walk
from .quantity import ARITHMETIC, bits, call, evaluate, lane_of
from .run import Run, Spans

Array = np.ndarray
OVER_ALL: dict[str, Callable[[Array], Any]] = {      # of one tensor: one number, or one answer, an update
    "any": lambda x: np.any(x, axis=1), "all": lambda x: np.all(x, axis=1), "max": lambda x: np.max(x, axis=1),
    "min": lambda x: np.min(x, axis=1), "sum": lambda x: np.sum(x, axis=1), "mean": lambda x: np.mean(x, axis=1),
    "norm": lambda x: np.sqrt(np.sum(np.square(x), axis=1))}
MANY = 1 << 20                                      # numbers of a chunk


class ColumnPlan:
    """What some trees read of each update, for one data row (from 1; None: the batch's first).

    With `writes`, `changed(w5)` is of the step that writes w5, and not of the update after it. Raises QuantityError
    when a tree cannot be had anywhere near the start of the run.
    """

    def __init__(self, run: Run, trees: Sequence[Tree], sample: int | None = None, writes: bool = True,
                 since: int = 0) -> None:
        self.run, self.trees, self.writes = run, tuple(trees), writes
        programs = list(dict.fromkeys(run.program(n) for n in run.one_turn))
        of_a_sample = depends(run, trees)
        self.sample = sample if of_a_sample else None
        self.leaves: list[tuple[Tree, bool]] = []
        self.read_in = cache(self._read_in)         # thousands of cells, of a large layer
        self.look_back = 0                          # updates before the one that is read
        self.had = [(tree, first_had(run, tree, self.sample, since)) for tree in trees]
        try:
            for tree, update in self.had:
                self._plan(tree, False, 0, run.program(update))
            self.shapes = [next((leaf.shape for leaf in each if leaf is not None), ())
                           for each in zip(*(self.read_in(p) for p in programs), strict=True)]
            pinned = any(isinstance(part, Pin) for tree in trees for part in walk(tree))
            self.fast = not (of_a_sample and moves(run) and (self.sample is not None or pinned))
        except Slow:
            self.fast = False
        self.wanted = cache(self._wanted)

    # what it reads

    def _plan(self, tree: Tree, following: bool, depth: int, program: Program) -> None:
        """Note every leaf, and how far back the condition looks."""
        self.look_back = max(self.look_back, depth)
        if isinstance(tree, Pin):
            self._plan_before(tree.base)
            if tree.at == "prev":
                self._plan(tree.base, following, depth + 1, program)
        elif isinstance(tree, Call) and tree.function == "changed":
            (inner,) = tree.args
            written = self.of_a_write(tree)
            self._plan_before(inner)
            self._plan(inner, following, depth, program)
            self._plan(inner, written, depth + (not written), program)
        elif (split := change(self.run, program, tree)) is not None:
            self._plan(split, following, depth, program)
        elif is_leaf(self.run, program, tree):
            if (tree, following) not in self.leaves:
                self.leaves.append((tree, following))
                leaf = read_leaf(self.run, program, tree, following, self.lane(program))
                if leaf is not None and leaf.size > MANY:
                    raise Slow
        else:
            for part in parts(tree):
                self._plan(part, following, depth, program)

    def _plan_before(self, tree: Tree) -> None:
        """In what is looked back at, `changed` is of the update before, as the language of quantities has it."""
        if any(self.of_a_write(part) for part in walk(tree)):
            raise Slow

    def of_a_write(self, tree: Tree) -> bool:
        """Whether a `changed(…)` is of what goes on from update to update, and so of the step that writes it."""
        return self.writes and isinstance(tree, Call) and tree.function == "changed" and of_state(
            self.run, self.run.program(0), tree.args[0])

    def lane(self, program: Program) -> int:
        """The sample's place in the batch, where it is the same in every update."""
        return min((self.sample or 1) - 1, program.samples - 1)

    def _wanted(self, program: Program) -> Wanted:
        cells: list[Cell] = []
        queries: list[Asked] = []
        for leaf in self.read_in(program):
            if leaf is not None and leaf.asked is not None:
                queries.append(leaf.asked)
            elif leaf is not None and leaf.cells is not None:
                cells += leaf.cells
        return Wanted(tuple(cells), tuple(queries))

    def _read_in(self, program: Program) -> list[LeafCells | None]:
        """What each leaf reads in a program."""
        return [read_leaf(self.run, program, tree, following, self.lane(program)) for tree, following in self.leaves]

    def columns(self, first: int, rows: Sequence[Row], programs: Spans) -> Columns:
        """What was seen of the updates from `first`, as columns."""
        return Columns(self, first, rows, programs)

    def value_at(self, tree: Tree, update: int) -> Any:
        """A tree after `update` updates, evaluated for itself. Raises QuantityError."""
        return evaluate(self.run, tree, update, lane_of(self.run, update, self.sample))


def depends(run: Run, trees: Sequence[Tree]) -> bool:
    """Whether the value of any of these trees is of one sample."""
    programs = list(dict.fromkeys(run.program(n) for n in run.one_turn))
    return any(depends_on_sample(run, program, tree) for program in programs for tree in trees)


def moves(run: Run) -> bool:
    """Whether a data row stands in another place of the batch from update to update, or is not always in it."""
    if run.model.rows.count == 1:
        return False
    return run.scenario.training.shuffle or run.model.batch < run.model.rows.count


def first_had(run: Run, tree: Tree, sample: int | None, since: int = 0) -> int:
    """The first update from `since` at which a tree can be had; raises what is wrong with it if there is none."""
    wrong = dict[tuple[bool, bool, int, Program], QuantityError]()
    back = sum(isinstance(part, Pin) for part in walk(tree))
    for update in range(since, max(since, min(run.updates, since + run.schedule.batches + back + 1)) + 1):
        rows = run.rows(update)
        row = rows[0] if sample is None else sample - 1
        alike = row in rows, update > 0 and row in run.rows(update - 1), min(update, back), run.program(update)
        if alike in wrong:
            continue
        try:
            evaluate(run, tree, update, lane_of(run, update, sample))
            return update
        except QuantityError as error:
            wrong[alike] = error
    raise wrong[max(wrong, key=lambda alike: alike[:3])]          # where most can be had


class Backlog:
    """Works on stretch after stretch, in order, remembering what is looked back at."""

    def __init__(self, look_back: int, work: Callable[[int, Sequence[Row], Spans], Array]) -> None:
        self._look_back, self._work = look_back, work
        self._rows: list[Row] = []
        self._programs: Spans = []

    def __call__(self, first: int, rows: Sequence[Row], programs: Spans) -> Array:
        """What `work` makes of the updates from `first`."""
        known = len(self._rows)
        rows, programs = [*self._rows, *rows], [*self._programs, *programs]
        found = self._work(first - known, rows, programs)
        back = min(self._look_back, len(rows))
        self._rows = rows[len(rows) - back:]
        self._programs = [(p, 1) for p in _last(programs, back)]
        return found[known:]


def _last(programs: Spans, count: int) -> list[Program]:
    """The programs of the last updates."""
    found: list[Program] = []
    for program, length in reversed(programs):
        found += [program] * min(length, count - len(found))
    return found[::-1]


class Columns:
    """Values over a stretch of updates: arrays whose first axis counts the updates. `there` says at which of them all
    that was looked at can be had."""

    def __init__(self, reading: ColumnPlan, first: int, rows: Sequence[Row], programs: Spans) -> None:
        self.of, self.count = reading, len(rows)
        self.updates = np.arange(first, first + self.count)
        self.there = np.ones(self.count, bool)
        matrices = _by_program(rows, programs)
        self._leaves = {key: self._column(n, matrices) for n, key in enumerate(reading.leaves)}

    def _column(self, n: int, matrices: list[tuple[Program, Array, Array]]) -> tuple[Array, Array]:
        """The n-th leaf at every update, and where it is; NaN where it is not."""
        found, there = np.full((self.count, *self.of.shapes[n]), np.nan), np.zeros(self.count, bool)
        for program, at, matrix in matrices:
            leaves = self.of.read_in(program)
            leaf = leaves[n]
            if leaf is None:
                continue
            there[at] = True
            if leaf.asked is None and leaf.cells is None:
                found[at] = 0.0
                continue
            start = _offset(leaves, n)
            found[at] = matrix[:, start:start + leaf.size].reshape(len(at), *leaf.shape)
        return found, there

    def value(self, tree: Tree, following: bool = False) -> Array:  # noqa: C901
        """A tree at every update."""
        if (tree, following) in self._leaves:
            found, there = self._leaves[tree, following]
            self.there = self.there & there
            return found
        if (split := change(self.of.run, self.of.run.program(0), tree)) is not None:
            return self.value(split, following)
        match tree:
            case Number(value=value):
                return self._always(value)
            case Name(id=name) if name in CONSTANTS:
                return self._always(CONSTANTS[name])
            case Pin(base, "prev"):
                value, there = self.apart(base)
                self.there = self.there & _before(there) & (self.updates > 0)
                return _before(value)
            case Pin(_, _):
                return self._always(evaluate(self.of.run, tree, 0, self.of.lane(self.of.run.program(0))))
            case Call("changed", (inner,)) if self.of.of_a_write(tree):
                return _differ(self.value(inner), self.value(inner, True)) & (self.updates < self.of.run.updates)
            case Call("changed", (inner,)):
                value, there = self.apart(inner)
                self.there = self.there & (there & _before(there) | (self.updates == 0))
                return _differ(value, _before(value)) & (self.updates > 0)
            case Index(base, index):
                return self.value(base, following)[(slice(None), *index)]
            case Call(function, args):
                return self._call(function, [self.value(a, following) for a in args])
            case Operation("and" | "or" as operator, (a, b)):
                first = self.truth(self.value(a))
                value, there = self.apart(b)       # not looked at where the first decides
                self.there = self.there & (there | (first if operator == "or" else ~first))
                return first | self.truth(value) if operator == "or" else first & self.truth(value)
            case Operation(operator, args):
                return self._operate(operator, [self.value(a, following) for a in args])
            case _:
                raise AssertionError(f"{tree} was not planned")

    def apart(self, tree: Tree) -> tuple[Array, Array]:
        """A value, and where it can be had."""
        outer, self.there = self.there, np.ones(self.count, bool)
        value = self.value(tree)
        there, self.there = self.there, outer
        return value, there

    def _always(self, value: Any) -> Array:
        return np.broadcast_to(value, (self.count, *np.shape(value)))

    def truth(self, value: Array) -> Array:
        """As in the language of quantities: NaN is not true."""
        return value.astype(bool) & ~np.isnan(value.astype(float))

    def _call(self, function: str, args: list[Array]) -> Array:
        if function in OVER_ALL and len(args) == 1:
            return OVER_ALL[function](args[0].reshape(self.count, -1))
        if function in ("dot", "angle"):
            return np.array([call(function, list(each)) for each in zip(*args, strict=True)])
        return call(function, _even(args))

    def _operate(self, operator: str, args: list[Array]) -> Array:
        if operator == "neg":
            return -np.asarray(args[0], float)
        if operator == "not":
            return ~self.truth(args[0])
        a, b = _even([np.asarray(x, float) for x in args])
        result = ARITHMETIC[operator](a, b)
        return result & ~(np.isnan(a) | np.isnan(b)) if operator in COMPARISONS else result


def _before(column: Array) -> Array:
    """The values one update earlier. The first row's are its own: it is only looked back at, or is update 0."""
    return np.concatenate([column[:1], column[:-1]])


def _even(arrays: list[Array]) -> list[Array]:
    """Arrays that numpy pairs by their updates, whatever shape each has at one update."""
    most = max(a.ndim for a in arrays)
    return [a.reshape(a.shape[0], *(1,) * (most - a.ndim), *a.shape[1:]) for a in arrays]


def _by_program(rows: Sequence[Row], programs: Spans) -> list[tuple[Program, Array, Array]]:
    """(program, the places of its updates, what was seen of them)."""
    places: dict[Program, list[Array]] = {}
    at = 0
    for program, count in programs:
        places.setdefault(program, []).append(np.arange(at, at + count))
        at += count
    if len(places) == 1:
        return [(programs[0][0], np.arange(at), matrix_of(rows))]
    found = {program: np.concatenate(each) for program, each in places.items()}
    return [(program, each, matrix_of([rows[n] for n in each])) for program, each in found.items()]


def matrix_of(rows: Sequence[Row]) -> Array:
    """What was seen of some updates, a row of numbers for each."""
    width = len(rows[0])
    return np.fromiter(chain.from_iterable(rows), float, len(rows) * width).reshape(len(rows), width)


def _offset(leaves: list[LeafCells | None], n: int) -> int:
    """Where the n-th leaf begins in a row: the program's own scalars come before those of queries."""
    mine = leaves[n]
    assert mine is not None
    return sum(leaf.size for m, leaf in enumerate(leaves) if leaf is not None and (
        (leaf.cells is not None and leaf.asked is None and (mine.asked is not None or m < n))
        or (leaf.asked is not None and mine.asked is not None and m < n)))


def _differ(a: Array, b: Array) -> Array:
    """Whether the bits differ, update by update."""
    return (bits(a) != bits(b)).reshape(len(a), -1).any(axis=1)
