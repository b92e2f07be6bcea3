"""Executes a small program as straight-line Python: one statement for each scalar.

The same statement list is printed with several endings: a loop that returns the next weights, one that also
shows chosen values, and a trace that returns everything. Generated text is made of t0, w0, x0, digits and the
names of the laws' functions; nothing that a user wrote reaches it. An update that raises (an overflow, a
logarithm of 0) is run again from the same statements with functions that return inf and NaN instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from .dialects import FLOATS, IEEE, PYTHON, PYTHON_IEEE, SOURCE, SOURCE_IEEE, Dialect, Text
from .executor import Env, Feed, Row, State, Wanted
from .program import FIXED, Equation, Program, Var
from .scalars import Cell, Scalars, is_copy

MOST_STATEMENTS = 2000
MOST_TERMS = 400                                    # in one expression: Python's compiler recurses into each
_ERRORS = (OverflowError, ZeroDivisionError, ValueError)
NOTHING = Wanted(())
Loop = tuple[Callable[..., Any], Callable[..., Any]]
_NAMES = re.compile(r"\b[twx]\d+\b")


def count_statements(program: Program) -> int:
    """Scalar statements that the program unrolls to."""
    return sum(eq.out.size for eq in program.equations if not is_copy(eq))


class Statements:
    """Equations written out element by element. `spelling` says how each scalar is called.

    `nothing` are the scalars that are 0 because no path leads through them (in a query program, whose seed is
    1 at one element): their terms are left out of sums, so that 0 × inf in another sample makes no NaN here. A sum
    that has no terms is another matter: it is a value, 0, as any other.
    """

    def __init__(self) -> None:
        self.spelling: dict[Cell, str] = {}
        self.nothing: set[Cell] = set()
        self.lines: list[tuple[str, str, str]] = []  # name, source, source that never raises

    def leaf(self, var: Var, prefix: str, first: int) -> int:
        for flat in range(var.size):
            self.spelling[var, flat] = f"{prefix}{first + flat}"
        return first + var.size

    def fixed(self, equations: Iterable[Equation]) -> None:
        """What is the same in every run is written as a number; where an identity is 0 no path leads through."""
        for var in {v: None for eq in equations for v in eq.operands if v.role in FIXED}:
            for flat in range(var.size):
                self.spelling[var, flat] = repr(var.constant_value(flat))
                if var.role == "identity" and not var.constant_value(flat):
                    self.nothing.add((var, flat))

    def seeded(self, seeds: Mapping[Var, np.ndarray]) -> None:
        """Where a query starts; from an element that is 0 no path leads anywhere."""
        for var, value in seeds.items():
            for flat, number in enumerate(np.asarray(value, float).ravel().tolist()):
                self.spelling[var, flat] = repr(number)
                if number == 0.0:
                    self.nothing.add((var, flat))

    def add(self, equation: Equation, prefix: str = "t") -> None:
        scalars = Scalars(equation)
        for flat in range(equation.out.size):
            if self.nothing and equation.law is None and scalars.count(flat) and all(
                    any(c in self.nothing for c in cells) for cells in scalars.all_cells(flat)):
                self.nothing.add((equation.out, flat))
                self.spelling[equation.out, flat] = "0.0"
                continue
            if is_copy(equation):
                cell = scalars.cells(flat, 0)[0]
                self.spelling[equation.out, flat] = repr(cell[0].value) if cell[0].role == "constant" else \
                    self.spelling[cell]
                continue
            name = f"{prefix}{len(self.lines)}"
            for first in range(0, max(1, scalars.count(flat)), MOST_TERMS):
                self.lines.append((name, self._source(scalars, flat, first, name, PYTHON, SOURCE),
                                   self._source(scalars, flat, first, name, PYTHON_IEEE, SOURCE_IEEE)))
            self.spelling[equation.out, flat] = name

    def _source(self, scalars: Scalars, flat: int, first: int, name: str, dialect: Dialect, functions: Any) -> str:
        """The expression; of a long sum its terms from `first`, added to those that `name` has already."""
        def read(cell: Cell) -> Text | None:
            if cell in self.nothing and scalars.equation.law is None:
                return None
            text = repr(cell[0].value) if cell[0].role == "constant" else self.spelling[cell]
            return Text(f"({text})" if text.startswith("-") else text, dialect)
        so_far = Text(name, dialect) if first else None
        return scalars.text(flat, read, functions, Text("0.0", dialect), (first, first + MOST_TERMS), so_far).source

    def needed_for(self, names: Iterable[str]) -> list[int]:
        """The statements that `names` depend on, in their order."""
        wanted, kept = set(names), []
        for n in range(len(self.lines) - 1, -1, -1):
            name, source, _ = self.lines[n]
            if name in wanted:
                kept.append(n)
                wanted.update(_NAMES.findall(source))
        return kept[::-1]


def compile_text(source: str, name: str, functions: Any) -> Callable[..., Any]:
    """The function `name` of generated source, which can reach nothing but the laws' functions."""
    scope: dict[str, Any] = {"__builtins__": {}, **vars(functions)}
    exec(compile(source, "<straight-line>", "exec"), scope)
    return scope[name]


@dataclass(frozen=True, eq=False)
class Trace:
    """Every value of one update, looked up by how it is spelled."""

    spelling: Mapping[Cell, str]
    values: Mapping[str, float]

    def scalar(self, cell: Cell) -> float:
        if cell[0].role in FIXED:
            return cell[0].constant_value(cell[1])
        text = self.spelling[cell]
        found = self.values.get(text)
        return float(text) if found is None else found

    def array(self, var: Var) -> np.ndarray:
        return np.array([self.scalar((var.base, flat)) for flat in range(var.size)]).reshape(var.shape)


class Unrolled:
    """The straight-line executor. A state is a tuple of floats, parameter by parameter."""

    name = "straight-line Python"

    def __init__(self, program: Program) -> None:
        self.program = program
        self.statements = Statements()
        at = 0
        for var in program.state:
            at = self.statements.leaf(var, "w", at)
        self.weights = [f"w{n}" for n in range(at)]
        at = 0
        for var in program.inputs:
            at = self.statements.leaf(var, "x", at)
        self.fed = [f"x{n}" for n in range(at)]
        self.statements.fixed(program.equations)
        for eq in program.equations:
            self.statements.add(eq)
        self._loops: WeakKeyDictionary[Wanted, Loop] = WeakKeyDictionary()

    def pack(self, values: Mapping[str, np.ndarray]) -> State:
        return tuple(chain.from_iterable(values[v.name].ravel().tolist() for v in self.program.state))

    def unpack(self, state: State) -> dict[str, np.ndarray]:
        values, at = {}, 0
        for v in self.program.state:
            values[v.name] = np.array(state[at:at + v.size]).reshape(v.shape)
            at += v.size
        return values

    def prepare(self, arrays: Sequence[np.ndarray]) -> Feed:
        return tuple(chain.from_iterable(np.asarray(a, float).ravel().tolist() for a in arrays))

    def _next(self) -> dict[str, str]:
        """The parameters that change: how each is spelled, and how its next value is."""
        spelled = self.statements.spelling
        return {spelled[v, n]: spelled[out, n] for v, out in self.program.nexts.items() for n in range(v.size)}

    def _loop(self, wanted: Wanted) -> Loop:
        """The loop over feeds, as it is fast and as it never raises."""
        if wanted not in self._loops:
            following = self._next()
            statements, watched = self._asked(wanted)
            needed = statements.needed_for((*following.values(), *watched))
            fast, safe = (compile_text(self._loop_source([statements.lines[n] for n in needed], following, watched,
                                                         column), "run", functions)
                          for column, functions in ((1, FLOATS), (2, IEEE)))
            self._loops[wanted] = fast, safe
        return self._loops[wanted]

    def _asked(self, wanted: Wanted) -> tuple[Statements, tuple[str, ...]]:
        """The statements, with those of the queries after them, and how what is wanted is spelled."""
        watched = [self.statements.spelling[c] for c in wanted.cells]
        lines = self.statements.lines
        for asked in wanted.queries:                # each with its own seeds
            more = Statements()
            more.lines, more.spelling = list(lines), dict(self.statements.spelling)
            more.seeded(asked.seeds)
            more.fixed(asked.equations)
            for eq in asked.equations:
                more.add(eq)
            watched += [more.spelling[c] for c in asked.cells]
            lines = more.lines
        every = Statements()
        every.lines = lines
        return every, tuple(watched)

    def _loop_source(self, needed: list[tuple[str, str, str]], following: dict[str, str], watched: tuple[str, ...],
                     column: int) -> str:
        lines = [f"        {line[0]} = {line[column]}" for line in needed]
        if watched:
            lines.append(f"        see(({_tuple(watched)}))")
        if following:
            lines.append(f"        {_tuple(following)} = {_tuple(following.values())}")
        return "\n".join([
            "def run(state, feeds, see):",
            f"    ({_tuple(self.weights)}) = state",
            f"    for ({_tuple(self.fed)}) in feeds:",
            *(lines or ["        pass"]),
            f"    return ({_tuple(self.weights)})"])

    def advance(self, state: State, feeds: Sequence[Feed]) -> State:
        return self.watch(NOTHING, state, feeds)[0]

    def watch(self, wanted: Wanted, state: State, feeds: Sequence[Feed]) -> tuple[State, list[Row]]:
        fast, safe = self._loop(wanted)
        seen: list[Row] = []
        try:
            return fast(state, feeds, seen.append), seen
        except _ERRORS:
            seen = []
            return safe(state, feeds, seen.append), seen

    @cached_property
    def _tracers(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        every = range(len(self.statements.lines))
        names = [self.statements.lines[n][0] for n in every]

        def source(column: int) -> str:
            return "\n".join([
                "def trace(state, feed):",
                f"    ({_tuple(self.weights)}) = state",
                f"    ({_tuple(self.fed)}) = feed",
                *(f"    {self.statements.lines[n][0]} = {self.statements.lines[n][column]}" for n in every),
                f"    return ({_tuple(names)})"])
        return compile_text(source(1), "trace", FLOATS), compile_text(source(2), "trace", IEEE)

    def trace(self, state: State, feed: Feed) -> Trace:
        fast, safe = self._tracers
        try:
            values = fast(state, feed)
        except _ERRORS:
            values = safe(state, feed)
        names = chain((line[0] for line in self.statements.lines), self.weights, self.fed)
        return Trace(self.statements.spelling, dict(zip(names, chain(values, state, feed), strict=True)))

    def extend(self, env: Env, equations: Iterable[Equation], seeds: Mapping[Var, np.ndarray]) -> Trace:
        """A query program is short and runs once: its statements are evaluated one by one, in the same arithmetic."""
        assert isinstance(env, Trace)
        more = Statements()
        more.spelling = dict(env.spelling)
        values = dict(env.values)
        more.seeded(seeds)
        more.fixed(equations)
        for eq in equations:
            more.add(eq, "q")
        names = [line[0] for line in more.lines]
        given = sorted({n for line in more.lines for n in _NAMES.findall(line[2])})
        body = "\n".join([f"def query({_tuple(given)}):", *(f"    {n} = {s}" for n, _, s in more.lines),
                          f"    return ({_tuple(names)})"])
        made = compile_text(body, "query", IEEE)(*(values[n] for n in given))
        values.update(zip(names, made, strict=True))
        return Trace(more.spelling, values)


def _tuple(names: Iterable[str]) -> str:
    return "".join(f"{n}, " for n in names)
