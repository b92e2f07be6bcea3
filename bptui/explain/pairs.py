"""Two runs' values, matched by the names under which they can be asked for, and where they are not equal.

Values are compared bit for bit, all samples together: a NaN equals itself, and -0 is not 0. The order is that of the
first run. Of small programs many updates are watched at once; of large ones each is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache

import numpy as np

from ..engine.executor import Env, State, Wanted
from ..engine.program import Program, Var
from ..engine.scalars import Cell
from ..replay.fork import Fork
from ..replay.run import Run
from ..replay.timeline import Timeline
from .namer import Namer, quantity_text

LARGE = 1000                                        # elements from which a tensor is matched as a whole
CHUNK = 500                                         # updates that are watched at once
IN_BATCH = "samples in the batch"
SAMPLES = f"the number of {IN_BATCH}"
Column = tuple[np.ndarray, np.ndarray]              # elements of a variable, and of the other run's


@dataclass(frozen=True)
class Given:
    """Something that an update starts from, and that differs: by its name, with the first values that do."""

    name: str
    a: float
    b: float


@dataclass(frozen=True)
class Pair:
    """A value that both runs make: its cells in the first sample in which it differs, and its numbers."""

    name: str
    a: Cell
    b: Cell
    numbers: tuple[int, int]
    lane: int


@dataclass(frozen=True, eq=False)
class Apart:
    """What differs in one update. `numbers` are those of A; `before` of the `values` in common come before them."""

    update: int
    given: tuple[Given, ...]
    numbers: np.ndarray
    values: int
    before: int

    def __bool__(self) -> bool:
        return bool(self.given) or len(self.numbers) > 0


@dataclass(frozen=True, eq=False)
class ValueGroup:
    """Elements of a variable of A, and those of a variable of B that have the same names."""

    a: Var
    b: Var
    elements: Column

    def lanes(self, a: Env, b: Env) -> np.ndarray:
        """Which elements differ in which sample, as (samples, elements)."""
        x, y = (np.ascontiguousarray(env.array(v), float).reshape(-1, v.lane_size) for env, v in ((a, self.a),
                                                                                               (b, self.b)))
        if len(self.elements[0]) < x.shape[1] or x.shape != y.shape:
            x, y = x[:, self.elements[0]], y[:, self.elements[1]]
        return unlike(x, y)


def unlike(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Which of two arrays' numbers have other bits; a NaN is like any NaN."""
    x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)
    found = x.view(np.int64) != y.view(np.int64)
    return found & ~(np.isnan(x) & np.isnan(y)) if found.any() else found


class Matched:
    """The values of two updates by number: which are the same."""

    def __init__(self, a: Timeline, b: Timeline, namers: tuple[Namer, Namer]) -> None:
        self.a, self.b, self.namers = a, b, namers
        self.samples = a.program.samples, b.program.samples
        self.blocks = {block.out: n for n, block in enumerate(b.blocks)}
        self.given = self._match((*a.program.state, *a.program.inputs), (*b.program.state, *b.program.inputs))
        self.made = self._match([block.out for block in a.blocks], list(self.blocks))
        of: dict[Var, list[ValueGroup]] = {}
        for group in self.made:
            of.setdefault(group.a, []).append(group)
        self.of = of
        self.values = sum(len(group.elements[0]) for group in self.made)

    def _match(self, ours: Sequence[Var], theirs: Sequence[Var]) -> list[ValueGroup]:
        named: dict[str, tuple[Var, int]] = {}
        for var in theirs:
            for element, name in enumerate(self.names(var, 1)):
                named.setdefault(name, (var, element))
        groups: list[ValueGroup] = []
        for var in ours:
            found: dict[Var, tuple[list[int], list[int]]] = {}
            for element, name in enumerate(self.names(var, 0)):
                other, at = named.get(name, (None, 0))
                if other is None or other.lanes != var.lanes or (var.lanes and other.shape[0] != var.shape[0]) or (
                        max(var.lane_size, other.lane_size) > LARGE and other.lane_shape != var.lane_shape):
                    continue
                mine, its = found.setdefault(other, ([], []))
                mine.append(element)
                its.append(at)
            for other, (mine, its) in found.items():
                whole = np.arange(var.lane_size)
                columns = (whole, whole) if var.lane_size > LARGE else (np.array(mine), np.array(its))
                groups.append(ValueGroup(var, other, columns))
        return groups

    def names(self, var: Var, run: int) -> Iterable[str]:
        """How the elements of a variable can be asked for; of a large one, its own name."""
        program = (self.a, self.b)[run].program
        if var.lane_size > LARGE:
            return (var.name,)
        return (quantity_text(program, self.namers[run], var, element) for element in range(var.lane_size))

    def number(self, value: int) -> int:
        """The number in B of A's value, or 0 if B does not make it."""
        found = self.place(value)
        return self.b.number(self.blocks[found[1]], found[3]) if found is not None else 0

    def place(self, value: int) -> tuple[Var, Var, int, int] | None:
        """A's value as variables and elements of both runs."""
        if not value:
            return None
        block, element = self.a.locate(value)
        for group in self.of.get(self.a.blocks[block].out, ()):
            at = int(np.searchsorted(group.elements[0], element))
            if at < len(group.elements[0]) and group.elements[0][at] == element:
                return group.a, group.b, element, int(group.elements[1][at])
        return None

    @cached_property
    def columns(self) -> Column:
        """Where the numbers in common stand among everything that is watched of A, and of B."""
        places = [_offsets(times.program) for times in (self.a, self.b)]
        mine, its = list[np.ndarray](), list[np.ndarray]()
        for group in (*self.given, *self.made):
            lanes = np.arange(group.a.shape[0] if group.a.lanes else 1)[:, None]
            mine.append((places[0][group.a] + lanes * group.a.lane_size + group.elements[0]).ravel())
            its.append((places[1][group.b] + lanes * group.b.lane_size + group.elements[1]).ravel())
        nothing = np.zeros(0, int)
        return np.concatenate([nothing, *mine]), np.concatenate([nothing, *its])


def _watched(program: Program) -> list[Var]:
    return list(dict.fromkeys((*program.state, *program.inputs, *(block.out for block in program.blocks))))


def _everything(program: Program) -> Wanted:
    return Wanted(tuple((var, flat) for var in _watched(program) for flat in range(var.size)))


def _offsets(program: Program) -> dict[Var, int]:
    found, at = dict[Var, int](), 0
    for var in _watched(program):
        found[var] = at
        at += var.size
    return found


class Both:
    """Two runs, A and B, side by side."""

    def __init__(self, a: Run, b: Run) -> None:
        self.a, self.b = a, b
        self.namers = Namer(a.scenario), Namer(b.scenario)
        self._matched = cache(lambda mine, its: Matched(mine, its, self.namers))
        self._everything = cache(_everything)
        self.apart = lru_cache(8)(self._apart)
        self._after: tuple[int, tuple[State, State]] | None = None
        self.quick = all(run.schedule.kind == "straight" for run in (a, b))
        self.since = shared(a, b)
        """The updates before this one are of the same run."""

    @property
    def last(self) -> int:
        """The last update that both runs have."""
        return min(self.a.updates, self.b.updates)

    def matched(self, update: int) -> Matched:
        return self._matched(self.a.times(update), self.b.times(update))

    # one update

    def _apart(self, update: int) -> Apart:
        matched, envs = self.matched(update), (self.a.env(update), self.b.env(update))
        numbers: list[np.ndarray] = []
        order: list[np.ndarray] = []                # of all values in common
        for n, block in enumerate(matched.a.blocks):
            for group in matched.of.get(block.out, ()):
                order.append(matched.a.span(n)[0] + group.elements[0])
                numbers.append(order[-1][group.lanes(*envs).any(axis=0)])
        nothing = np.zeros(0, int)
        differing = np.sort(np.concatenate([nothing, *numbers]))
        common = np.concatenate([nothing, *order])
        before = int(np.sum(common < differing[0])) if len(differing) else matched.values
        return Apart(update, tuple(self._given(update, matched, envs)), differing, matched.values, before)

    def _given(self, update: int, matched: Matched, envs: tuple[Env, Env]) -> Iterator[Given]:
        if matched.samples[0] != matched.samples[1]:
            yield Given(SAMPLES, *matched.samples)
        program = self.a.program(update)
        for group in matched.given:
            lanes = group.lanes(*envs)
            places = np.flatnonzero(lanes.any(axis=0))
            for at in places[:1] if group.a.lane_size > LARGE else places:
                lane, (mine, its) = int(lanes[:, at].argmax()), (int(e[at]) for e in group.elements)
                yield Given(quantity_text(program, self.namers[0], group.a, mine),
                            envs[0].scalar((group.a, group.a.flat(mine, lane))),
                            envs[1].scalar((group.b, group.b.flat(its, lane))))

    def before(self, update: int, number: int) -> int:
        """How many of the values in common A makes before its value `number`."""
        matched = self.matched(update)
        return sum(int(np.sum(matched.a.span(n)[0] + group.elements[0] < number))
                   for n, block in enumerate(matched.a.blocks) for group in matched.of.get(block.out, ()))

    def pair(self, update: int, value: int) -> Pair | None:
        """A value of A and the same of B; None where B does not make it."""
        matched = self.matched(update)
        found = matched.place(value)
        if found is None:
            return None
        a, b, mine, its = found
        x, y = (env.array(v).reshape(-1, v.lane_size)[:, e] for env, v, e in (
            (self.a.env(update), a, mine), (self.b.env(update), b, its)))
        lanes = unlike(np.array(x, float), np.array(y, float))
        lane = int(lanes.argmax())
        return Pair(quantity_text(self.a.program(update), self.namers[0], a, mine), (a, a.flat(mine, lane)),
                    (b, b.flat(its, lane)), (value, matched.number(value)), lane)

    # many updates

    def onwards(self, first: int, end: int) -> Iterator[tuple[int, bool]]:
        """(update, True) of the first update from `first` on, before `end`, that differs.

        Else (update, False), in steps: before it nothing does.
        """
        at, count = max(first, self.since), 1
        while at < end:
            count = min(4 * count, CHUNK if self.quick else 1, end - at)
            differing = self._parted(at, count)
            if differing.any():
                yield at + int(differing.argmax()), True
                return
            at += count
            yield at, False

    def back(self, before: int) -> Iterator[tuple[int, bool]]:
        """The same for the last update before `before`: with False, nothing from it on does."""
        at, count = before, 1
        while at > self.since:
            count = min(4 * count, CHUNK if self.quick else 1, at - self.since)
            at -= count
            differing = np.flatnonzero(self._parted(at, count))
            if len(differing):
                yield at + int(differing[-1]), True
                return
            yield at, False

    def _parted(self, first: int, count: int) -> np.ndarray:
        """Which of `count` updates from `first` on differ in anything."""
        end = first + count
        if not self.quick:
            return np.array([bool(self.apart(n)) for n in range(first, end)])
        at, states = self._after or (-1, None)
        if states is None or at != first:
            states = self.a.state(first), self.b.state(first)
        found = [run.schedule.watch(self._everything, state, first, count)
                 for run, state in zip((self.a, self.b), states, strict=True)]
        self._after = end, (found[0][0], found[1][0])
        differing = np.zeros(count, bool)
        alike: dict[Matched, list[int]] = {}
        for n in range(count):
            alike.setdefault(self.matched(first + n), []).append(n)
        for matched, places in alike.items():
            if matched.samples[0] != matched.samples[1]:
                differing[places] = True
                continue
            x, y = (np.array([rows[n] for n in places])[:, columns]
                    for (_, rows), columns in zip(found, matched.columns, strict=True))
            differing[places] = unlike(x, y).any(axis=1)
        return differing


def shared(a: Run, b: Run) -> int:
    """The update from which two runs may differ: what-if runs share the past before they left."""
    lines = [ancestors(run) for run in (a, b)]
    common = next((key for key in lines[0] if key in lines[1]), None)
    return 0 if common is None else min(line[common] for line in lines)


def related(a: Run, b: Run) -> bool:
    """Whether two runs left the same one, or one of them the other."""
    return not ancestors(a).keys().isdisjoint(ancestors(b))


def ancestors(run: Run) -> dict[Run, int]:
    """A run and those that it comes from, the nearest first, each with the update before which they are the same."""
    until = 1 << 60
    found = {run: until}
    while isinstance(run, Fork):
        until = min(until, run.since)
        run = run.parent
        found[run] = until
    return found
