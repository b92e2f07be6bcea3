"""Finds a number that was typed, or a name: where in the run does it show?

A value matches if it rounds to the typed digits; the sign counts only if it was typed. The order is: this
update (values, factors, contributions), the printed figures, then the known run from its start. The search is
a generator that pauses often, so that it can be shown, and interrupted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from functools import cache

import numpy as np

from ..engine.executor import Wanted
from ..engine.program import Equation, Program, term_letters
from ..engine.scalars import Cell
from ..engine.structure import Gather, Scatter
from ..replay import places
from ..replay.meaning import Meaning
from ..replay.run import Run
from ..replay.timeline import Position, Timeline
from ..scenario.decimals import with_points
from ..scenario.errors import QuantityError
from .claims import ZERO_DECIMALS, figure
from .marks import Marks
from .namer import Namer
from .notation import readable
from .terms import ScalarReader

CHUNK = 200                                         # updates between two pauses
TOGETHER = 20                                       # hits between two pauses
LEAST_HALF = 0.5 * 10.0**-ZERO_DECIMALS
AHEAD = 0.02                                        # seconds by which a run is run ahead for a search


@dataclass(frozen=True)
class Typed:
    """A number as it was typed: its size, half a unit of its last digit, and its sign if one was written."""

    text: str
    value: float
    half: float
    sign: str
    digits: int
    cut: bool = False                               # digits that were cut off, not rounded

    @property
    def beyond(self) -> str:
        """Why no value can be this number, as it follows on its digits; nothing if one can."""
        if not math.isfinite(self.value):
            return "is larger than any number here can be"
        return "is closer to 0 than any number here can be" if self.value == 0 != figure(self.text) else ""

    def matches(self, values: np.ndarray | float) -> np.ndarray:
        """Which of `values` round to what was typed (or begin with it)."""
        found = np.asarray(values, float)
        if self.beyond:
            return np.zeros(found.shape, bool)
        if self.value == 0 and self.half > LEAST_HALF:  # as a printed zero it would say too little
            return found == 0
        compared = found if self.sign else np.abs(found)
        if self.cut:
            over = np.abs(compared) - abs(self.value)
            return (np.sign(compared) == np.sign(self.value)) & (over >= 0) & (over < 2 * self.half)
        with np.errstate(over="ignore"):            # two that are as far apart as can be
            return np.abs(compared - self.value) <= self.half * (1 + 1e-9)


@dataclass(frozen=True)
class Hit:
    """A place that shows what was searched for. `what` names it; `meaning` is what a quantity means that was typed."""

    at: Position
    what: str
    value: float
    meaning: Meaning | None = None


def read_number(text: str) -> Typed | None:
    """`text` as a number, or None if it is none."""
    text, _ = with_points(text)
    try:
        number = figure(text)
    except InvalidOperation:                        # with a comma that may be one of thousands, too
        return None
    exponent = number.as_tuple().exponent
    if not number.is_finite() or not isinstance(exponent, int):
        return None
    sign = text.strip()[:1] if text.strip()[:1] in "+-\N{MINUS SIGN}" else ""
    value = float(number if sign else abs(number))
    return Typed(text.strip(), value, float(Decimal(5).scaleb(exponent - 1)), sign, len(number.as_tuple().digits))


def search(run: Run, marks: Marks, text: str, update: int, lane: int) -> Iterator[Hit | None]:
    """Hits in order, each place once; None is a pause."""
    typed = read_number(text)
    seen: set[tuple[Position, str]] = set()
    hits = by_name(run, text, update, lane) if typed is None else by_number(run, marks, typed, update, lane)
    for hit in hits:
        if hit is None or (hit.at, hit.what) not in seen:
            if hit is not None:
                seen.add((hit.at, hit.what))
            yield hit


def by_name(run: Run, text: str, update: int, lane: int) -> Iterator[Hit | None]:
    """What a quantity names; then values of this update whose name is, begins with, contains `text`."""
    with suppress(QuantityError):
        at, meaning = places.look_up(run, text, update)
        yield Hit(at, readable(text), math.nan, meaning)
    wanted = text.strip().replace(" ", "").replace("+", "⁺").lower()
    times, namer, env = run.times(update), Namer(run.scenario), run.env(update)
    found: tuple[list[Hit], ...] = ([], [], [])
    for n, block in enumerate(times.blocks):
        out = block.out
        for element in range(out.lane_size):
            name = namer.of(out, element)
            bare = name.lower()
            rank = 0 if bare == wanted else 1 if bare.startswith(wanted) else 2 if wanted in bare else None
            if rank is not None:
                value = times.number(n, element)
                found[rank].append(Hit(Position(update, value, times.stops(value)), name,
                                       env.scalar((out, out.flat(element, lane)))))
        yield None
    for hits in found:
        yield from hits


def by_number(run: Run, marks: Marks, typed: Typed, update: int, lane: int) -> Iterator[Hit | None]:
    yield from in_update(run, typed, update, lane)
    yield from given(run, typed, update, lane)
    yield None
    for printed in marks.printed:
        if printed.claim.value is not None:
            value = float(figure(printed.claim.value))
            if typed.matches(value):
                after = f" after {printed.claim.after}" if printed.claim.after else ""
                yield Hit(printed.made, f"{readable(printed.claim.what)}{after}, printed {printed.claim.value}", value)
    yield from in_update(run, replace(typed, cut=True), update, lane)
    yield from in_run(run, typed, update, lane)


def given(run: Run, typed: Typed, update: int, lane: int) -> Iterator[Hit]:
    """Data, parameters and settings, as they stand before the update."""
    program, env, namer = run.program(update), run.env(update), Namer(run.scenario)
    for var in (*program.inputs, *program.state):
        values = env.array(var)[lane] if var.lanes else env.array(var)
        for element in np.flatnonzero(typed.matches(values)):
            yield Hit(Position(update), f"{namer.of(var, int(element))}, given", float(values.reshape(-1)[element]))


def in_update(run: Run, typed: Typed, update: int, lane: int) -> Iterator[Hit | None]:
    """Values of one update, then its factors, then its contributions; None is a pause."""
    for count, hit in enumerate(_in_update(run, typed, update, lane), 1):
        yield hit
        if not count % TOGETHER:
            yield None


def _in_update(run: Run, typed: Typed, update: int, lane: int) -> Iterator[Hit | None]:
    """The same; None where much was looked through without a hit."""
    times, env, namer = run.times(update), run.env(update), Namer(run.scenario)
    for n, block in enumerate(times.blocks):
        out = block.out
        values = env.array(out)[lane] if out.lanes else env.array(out)
        for element in np.flatnonzero(typed.matches(values)):
            value = times.number(n, int(element))
            yield Hit(Position(update, value, times.stops(value)), namer.of(out, int(element)),
                      float(values.reshape(-1)[element]))
    for n, block in enumerate(times.blocks):
        for equation in block.equations[:-1]:
            local = equation.out
            if local.role != "local" or local.letters != block.out.letters:
                continue
            values = env.array(local)[lane] if local.lanes else env.array(local)
            for element in np.flatnonzero(typed.matches(values)):
                value = times.number(n, int(element))
                yield Hit(Position(update, value, times.stops(value)), namer.of(local, int(element)),
                          float(values.reshape(-1)[element]))
    program, reader = run.program(update), ScalarReader(env, run.program(update).made_by, namer)
    reader.rows = run.rows(update) if program.samples > 1 else []
    for n, block in enumerate(times.blocks):
        final = block.equations[-1]
        yield from _contributions(times, n, final, reader, typed, update, lane)
        for share in (eq for eq in block.equations if eq.out.role == "share"):
            yield from _contributions(times, n, share, reader, typed, update, lane)
        yield None


def _contributions(times: Timeline, n: int, equation: Equation, reader: ScalarReader, typed: Typed, update: int,
                   lane: int) -> Iterator[Hit]:
    """The terms of a block's sums that match; those of a share are made with the share."""
    moved = any(isinstance(t.op, Gather | Scatter) for t in equation.terms)
    final = times.blocks[n].equations[-1]
    if equation.law is not None or moved or (equation is final and times.stops(times.number(n, 0)) < 2):
        return
    before, first = len(times.scope(n)), 0
    if equation is not final:
        before += next(m for m, term in enumerate(final.terms) if term.args[0] is equation.out)
    for values in all_terms(reader, equation, lane):
        for element, m in np.argwhere(typed.matches(values)):
            number = times.number(n, int(element))
            stop = before + (first + int(m) if equation is final else 0) + 1
            cell = equation.out, equation.out.flat(int(element), lane)
            cells = reader.term(cell, first + int(m)).cells
            yield Hit(Position(update, number, stop), f"{_of_sample(reader, cell, cells)} in {reader.name(cell)}",
                      float(values[element, m]))
        first += values.shape[1]


def _of_sample(reader: ScalarReader, cell: Cell, cells: tuple[Cell, ...]) -> str:
    """A term by its names; of a sum over samples, with the sample that it is of."""
    rows, reader.rows = reader.rows, []
    text = reader.names_text(cells)
    reader.rows = rows
    lane = next((found for c in cells if (found := reader.lane(c)) is not None), None)
    return text if not rows or cell[0].lanes or lane is None else f"{text} of sample {rows[lane] + 1}"


@np.errstate(all="ignore")
def all_terms(reader: ScalarReader, equation: Equation, lane: int) -> list[np.ndarray]:
    """For each term of an equation, all its values: [elements of one sample, summands]."""
    out = equation.out
    kept = out.letters[1:] if out.lanes else out.letters
    tables: list[np.ndarray] = []
    for term in equation.terms:
        summed = term_letters(term, out)
        axes = kept + summed
        lengths = {c: size for v in (*term.args, out) for c, size in zip(v.letters, v.shape, strict=True)}
        total = np.ones([lengths[c] for c in axes])
        for var in term.args:
            x = reader.env.array(var)
            letters = var.letters
            if out.lanes and var.lanes:
                x, letters = x[lane], letters[1:]
            order = [letters.index(c) for c in axes if c in letters]
            total = total * x.transpose(order)[tuple(slice(None) if c in letters else None for c in axes)]
        tables.append(total.reshape(out.lane_size, -1))
    return tables


def in_run(run: Run, typed: Typed, update: int, lane: int) -> Iterator[Hit | None]:
    """The known run from its start: every value, or only the cost and the outputs of large programs."""
    small = run.schedule.kind == "straight"
    namer = Namer(run.scenario)
    wanted = cache(lambda program: Wanted(tuple(watched(program, lane, small))))
    at = 0
    while is_known(run, at):
        count = min(CHUNK if small else 1, run.known + 1 - at)
        program = run.program(at)
        count = next((n for n in range(1, count) if run.program(at + n) is not program), count)
        cells = wanted(program).cells
        _, rows = run.schedule.watch(wanted, run.state(at), at, count)
        for row, element in np.argwhere(typed.matches(np.array(rows))):
            if at + int(row) == update:
                continue
            here = at + int(row)
            times = run.times(here)
            var, flat = cells[int(element)]
            block = next((n for n, b in enumerate(times.blocks) if b.out is var), None)
            if block is None:
                continue                            # the update phase that the last update does not have
            value = times.number(block, flat % var.lane_size)
            yield Hit(Position(here, value, times.stops(value)), namer.of(var, flat % var.lane_size),
                      rows[int(row)][int(element)])
        at += count
        yield None


def is_known(run: Run, update: int) -> bool:
    """Whether the run has come to an update; one that waits is run until it has."""
    while run.waits and run.known < min(update, run.updates):
        run.work(AHEAD)
    return update <= run.known


def watched(program: Program, lane: int, small: bool) -> list[Cell]:
    """The scalars that a search over the run looks at."""
    lane = min(lane, program.samples - 1)
    if small:
        outs = [b.out for b in program.blocks]
    else:
        outs = [program.watched, *[b.out for b in program.forward if b.phase == "forward"][-1:]]
    return [(v, v.flat(e, lane)) for v in outs for e in range(v.lane_size)]
