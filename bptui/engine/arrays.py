"""Executes a program with numpy: one call for each equation, for networks of any size.

Each equation is compiled once into a closure over its operands' places. Products of two operands that are
summed become a matrix product; broadcasting is handled here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from weakref import WeakKeyDictionary

import numpy as np

from .dialects import ARRAYS
from .executor import Asked, Env, Feed, Row, State, Wanted
from .program import FIXED, Equation, Program, Term, Var, live_equations
from .scalars import Cell
from .structure import Contract, Gather, NoGradient, Pick, PickMask, Scatter

Array = np.ndarray
Compute = Callable[..., Array]


def aligned(letters: str, target: str) -> Compute:
    """An array with axes `letters` made to broadcast against axes `target`."""
    order = [letters.index(c) for c in target if c in letters]
    at = tuple(slice(None) if c in letters else None for c in target)
    plain = order == list(range(len(order)))
    if plain and all(a is not None for a in at):
        return lambda x: x
    if plain and not letters:
        return lambda x: x                          # numpy broadcasts a single number by itself
    if plain:
        return lambda x: x[at]
    return lambda x: x.transpose(order)[at]


def _reduced(letters: str, keep: str) -> tuple[Compute | None, str]:
    """Sums away the axes of one operand that nothing else has; None where there are none."""
    gone = tuple(n for n, c in enumerate(letters) if c not in keep)
    left = "".join(c for c in letters if c in keep)
    return (lambda x: x.sum(axis=gone)) if gone else None, left


def pair(a: str, b: str, out: str) -> tuple[Compute, str]:
    """The product of two operands summed over what `out` lacks, and the axes that come of it."""
    reduce_a, a = _reduced(a, b + out)
    reduce_b, b = _reduced(b, a + out)
    multiply, letters = _product(a, b, out)
    if reduce_a is None and reduce_b is None:
        return multiply, letters
    return lambda x, y: multiply(reduce_a(x) if reduce_a else x, reduce_b(y) if reduce_b else y), letters


def _product(a: str, b: str, out: str) -> tuple[Compute, str]:
    """Two operands whose axes are all in the other or in `out`: an elementwise or a matrix product."""
    summed = [c for c in a if c in b and c not in out]
    if not summed:
        letters = "".join(dict.fromkeys(c for c in out if c in a + b))
        if a == b == letters:
            return lambda x, y: x * y, letters
        left, right = aligned(a, letters), aligned(b, letters)
        return lambda x, y: left(x) * right(y), letters
    both = [c for c in a if c in b and c in out]
    only_a = [c for c in a if c not in b]
    only_b = [c for c in b if c not in a]
    if not both and len(only_a) == len(only_b) == len(summed) == 1:
        return _matrices(a, b, only_a[0], only_b[0], out)
    order_a = [a.index(c) for c in (*both, *only_a, *summed)]
    order_b = [b.index(c) for c in (*both, *summed, *only_b)]
    n, p, q = len(both), len(only_a), len(only_b)

    def multiply(x: Array, y: Array) -> Array:
        x, y = x.transpose(order_a), y.transpose(order_b)
        batch, rows, columns = x.shape[:n], x.shape[n:n + p], y.shape[len(y.shape) - q:]
        inner = int(np.prod(x.shape[n + p:], dtype=int))
        product = x.reshape((*batch, -1, inner)) @ y.reshape((*batch, inner, -1))
        return product.reshape((*batch, *rows, *columns))
    return multiply, "".join((*both, *only_a, *only_b))


def _matrices(a: str, b: str, i: str, j: str, out: str) -> tuple[Compute, str]:
    """A plain matrix product, with the axes in the order of `out`, so that nothing is moved afterwards."""
    if out.find(j) < out.find(i):
        flipped, letters = _matrices(b, a, j, i, out)
        return lambda x, y: flipped(y, x), letters
    turn_x, turn_y = a[0] != i, b[0] == j
    if turn_x:
        return (lambda x, y: x.T @ y.T) if turn_y else (lambda x, y: x.T @ y), i + j
    return (lambda x, y: x @ y.T) if turn_y else (lambda x, y: x @ y), i + j


def contraction(op: Contract, shape: tuple[int, ...]) -> Compute:
    """A function of the operands' arrays; the result has `shape`, which it may share with an operand."""
    out, inputs = op.output, op.inputs
    if not inputs:
        return lambda: np.ones(shape)
    if inputs == (out,):
        return lambda x: x
    steps: list[Compute] = []
    letters = inputs[0]
    for n, following in enumerate(inputs[1:], 1):
        multiply, letters = pair(letters, following, out + "".join(inputs[n + 1:]))
        steps.append(multiply)
    if len(steps) == 1 and letters == out:
        return steps[0]
    reduce, letters = _reduced(letters, out)
    arrange, same = aligned(letters, out), letters == out

    def compute(first: Array, *rest: Array) -> Array:
        result = first
        for step, x in zip(steps, rest, strict=True):
            result = step(result, x)
        if reduce is not None:
            result = reduce(result)
        return result if same else np.broadcast_to(arrange(result), shape)
    return compute


def term_function(term: Term, out: Var) -> Compute:
    op, shape = term.op, out.shape
    if isinstance(op, Contract):
        return contraction(op, shape)
    if isinstance(op, NoGradient):
        place = aligned(term.args[0].letters, out.letters)
        return lambda x: np.broadcast_to(place(x), shape)
    if isinstance(op, Pick):
        over = tuple(op.input.index(c) for c in op.over)
        arrange = aligned("".join(c for c in op.input if c in op.output), out.letters)
        return lambda x: np.broadcast_to(arrange(x.max(axis=over)), shape)
    if isinstance(op, PickMask):
        return _chosen(op, out)
    if isinstance(op, Gather):
        return _gathered(op, term.args, out)
    if isinstance(op, Scatter):
        return _scattered(op, out)
    law = op.law
    places = [aligned(v.letters, out.letters) for v in term.args]
    plain = all(v.letters in (out.letters, "") for v in term.args)

    def compute(*xs: Array) -> Array:
        y = law(ARRAYS, *(xs if plain else (p(x) for p, x in zip(places, xs, strict=True))))
        return y if np.shape(y) == shape else np.broadcast_to(y, shape)     # it may ignore some of its operands
    return compute


def _chosen(op: PickMask, out: Var) -> Compute:
    """1 at the first greatest along the axes that the choice is made over."""
    over = [c for c in op.input if c not in op.output]
    kept = [c for c in op.input if c in op.output]
    turned = "".join((*kept, *over))
    order, back = [op.input.index(c) for c in turned], [turned.index(c) for c in op.input]
    arrange = aligned(op.input, out.letters)

    def compute(x: Array) -> Array:
        moved = x.transpose(order)
        rows = moved.reshape(*moved.shape[:len(kept)], -1)
        mask = np.arange(rows.shape[-1]) == rows.argmax(axis=-1)[..., None]
        return np.broadcast_to(arrange(mask.astype(float).reshape(moved.shape).transpose(back)), out.shape)
    return compute


def _gathered(op: Gather, args: Sequence[Var], out: Var) -> Compute:
    lanes = [v.lanes for v in args]
    plain = len(args) == 1 and np.array_equal(op.index, np.arange(op.sizes[0]))
    some = bool((op.index < 0).any())

    def compute(*xs: Array) -> Array:
        if plain and lanes[0] == out.lanes:
            return xs[0].reshape(out.shape)
        if not out.lanes:
            flat = np.concatenate([np.ravel(x) for x in xs])
            return np.where(op.index < 0, 0.0, flat[op.index]).reshape(out.shape)
        rows = [x.reshape(len(x), -1) if lane else np.broadcast_to(np.ravel(x), (out.shape[0], x.size))
                for x, lane in zip(xs, lanes, strict=True)]
        flat = np.concatenate(rows, axis=1) if len(rows) > 1 else rows[0]
        moved = flat[:, op.index]
        return (np.where(op.index < 0, 0.0, moved) if some else moved).reshape(out.shape)
    return compute


def _scattered(op: Scatter, out: Var) -> Compute:
    most = max((len(f) for f in op.feeds), default=0)
    table = np.array([[*f, *[-1] * (most - len(f))] for f in op.feeds], dtype=int).reshape(len(op.feeds), most)

    def compute(y: Array) -> Array:
        rows = y.reshape(out.shape[0] if out.lanes else 1, -1)
        room = np.concatenate([rows, np.zeros((len(rows), 1))], axis=1)       # -1 reads the 0 at the end
        result = np.zeros((len(rows), len(table)))
        for column in table.T:                      # from the left, as everywhere
            result = result + room[:, column]
        return result.reshape(out.shape)
    return compute


def equation_function(equation: Equation) -> Compute:
    """The value of an equation from the arrays of its operands, term after term."""
    out = equation.out
    if not equation.terms:
        return lambda: np.zeros(out.shape)
    functions = [(term_function(t, out), len(t.args)) for t in equation.terms]
    if len(functions) == 1:
        return functions[0][0]

    def total(*xs: Array) -> Array:
        at, result = 0, None
        for function, n in functions:
            value = function(*xs[at:at + n])
            result = value if result is None else result + value
            at += n
        assert result is not None
        return result
    return total


@dataclass(frozen=True, eq=False)
class Arrays:
    """Every value of one update, as arrays."""

    values: Mapping[Var, Array]

    def array(self, var: Var) -> Array:
        if var.role in FIXED:
            return fixed(var)
        return np.asarray(self.values[var.base]).reshape(var.shape)

    def scalar(self, cell: Cell) -> float:
        var, flat = cell
        return var.constant_value(flat) if var.role in FIXED else float(self.array(var).flat[flat])


Compiled = list[tuple[Var, Compute, tuple[Var, ...]]]


Known = dict[Equation, Compute]


def compiled(equations: Iterable[Equation], known: Known | None = None) -> Compiled:
    """The equations as functions; those that are `known` already are not made again."""
    known = {} if known is None else known
    steps: Compiled = []
    for eq in equations:
        if eq not in known:
            known[eq] = equation_function(eq)
        steps.append((eq.out, known[eq], tuple(eq.operands)))
    return steps


def execute(steps: Compiled, values: dict[Var, Array]) -> None:
    for out, compute, args in steps:
        values[out] = compute(*[values[a] for a in args])


Together = list[tuple[Var, Array]]                  # variables, and the elements of each that are wanted
Watching = tuple[Compiled, Together, list[tuple[Asked, Compiled, Together]]]


def together(cells: Sequence[Cell]) -> Together:
    """Neighbouring cells of one variable, to be read at once."""
    return [(var, np.array([flat for _, flat in group]))
            for var, group in groupby(cells, key=lambda cell: cell[0])]


def read_cells(wanted: Together, values: Mapping[Var, Array]) -> list[float]:
    env = Arrays(values)
    return [number for var, flats in wanted for number in env.array(var).reshape(-1)[flats].tolist()]


class Vectorised:
    """The numpy executor. A state is a tuple of arrays, one for each parameter."""

    name = "numpy arrays"

    def __init__(self, program: Program) -> None:
        self.program = program
        self._known: Known = {}
        self._all = compiled(program.equations, self._known)
        self._update = compiled(live_equations(program.equations, program.nexts.values()), self._known)
        self._constants = constants(program.equations)
        self._watching: WeakKeyDictionary[Wanted, Watching] = WeakKeyDictionary()

    def pack(self, values: Mapping[str, Array]) -> State:
        return tuple(np.array(values[v.name], float) for v in self.program.state)

    def unpack(self, state: State) -> dict[str, Array]:
        return {v.name: np.array(value) for v, value in zip(self.program.state, state, strict=True)}

    def prepare(self, arrays: Sequence[Array]) -> Feed:
        return tuple(np.asarray(a, float) for a in arrays)

    def _start(self, state: State, feed: Feed) -> dict[Var, Array]:
        values = dict(self._constants)
        values.update(zip(self.program.state, state, strict=True))
        values.update(zip(self.program.inputs, feed, strict=True))
        return values

    def _following(self, state: State, values: Mapping[Var, Array]) -> State:
        return tuple(values[self.program.nexts[v]] if v in self.program.nexts else old
                     for v, old in zip(self.program.state, state, strict=True))

    def advance(self, state: State, feeds: Sequence[Feed]) -> State:
        with np.errstate(all="ignore"):
            for feed in feeds:
                values = self._start(state, feed)
                execute(self._update, values)
                state = self._following(state, values)
        return state

    def watch(self, wanted: Wanted, state: State, feeds: Sequence[Feed]) -> tuple[State, list[Row]]:
        if wanted not in self._watching:
            self._watching[wanted] = self._compiled(wanted)
        steps, own, queries = self._watching[wanted]
        rows: list[Row] = []
        with np.errstate(all="ignore"):
            for feed in feeds:
                values = self._start(state, feed)
                execute(steps, values)
                row = read_cells(own, values)
                for asked, more, theirs in queries:
                    beside = {**values, **asked.seeds, **constants(asked.equations)}
                    execute(more, beside)
                    row += read_cells(theirs, beside)
                rows.append(row)
                state = self._following(state, values)
        return state, rows

    def _compiled(self, wanted: Wanted) -> Watching:
        inputs = {v for asked in wanted.queries for eq in asked.equations for v in eq.operands}
        made = {eq.out for eq in self.program.equations}
        live = live_equations(self.program.equations, (
            *self.program.nexts.values(), *(v for v, _ in wanted.cells), *(v.base for v in inputs if v.base in made)))
        steps = compiled(live, self._known)
        return steps, together(wanted.cells), [
            (asked, compiled(asked.equations), together(asked.cells)) for asked in wanted.queries]

    def trace(self, state: State, feed: Feed) -> Arrays:
        values = self._start(state, feed)
        with np.errstate(all="ignore"):
            execute(self._all, values)
        return Arrays(values)

    def extend(self, env: Env, equations: Iterable[Equation], seeds: Mapping[Var, Array]) -> Arrays:
        assert isinstance(env, Arrays)
        equations = tuple(equations)
        values = {**env.values, **seeds, **constants(equations)}
        with np.errstate(all="ignore"):
            execute(compiled(equations), values)
        return Arrays(values)


def constants(equations: Iterable[Equation]) -> dict[Var, Array]:
    return {v: fixed(v) for eq in equations for v in eq.operands if v.role in FIXED}


def fixed(var: Var) -> Array:
    """What is the same in every run: a constant, an identity, a unit."""
    if var.role == "constant":
        return np.full(var.shape, var.value)
    flat = np.arange(var.size)
    row, column = np.divmod(flat, var.shape[-1] if var.shape else 1)
    there = {"unit": flat == var.value, "triangle": column <= row, "identity": column == row}[var.role]
    return there.astype(float).reshape(var.shape)
