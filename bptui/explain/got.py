"""I got another number: is it the same but for rounding, how far off is it, and where does it stand?

The typed digits are looked for in the same quantity of this update (and what the optimizer was given), in all
values of this update, and in the same quantity over the run; here first, then in the runs that are beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import chain

import numpy as np

from ..engine.executor import Wanted
from ..engine.program import Program, Var
from ..replay.meaning import Place, meaning
from ..replay.run import Run
from ..replay.timeline import Position
from ..scenario.errors import QuantityError
from ..scenario.expression import read_quantity
from . import notation, residue
from .claims import FEWEST, cause_text, digits, figure, judge, said
from .namer import Namer
from .search import Hit, Typed, given, in_update

MOST_FOUND = 8
MOST_UPDATES = 20_000                               # of each run that are looked through
CHUNK = 500
COUNTED = 10**9                                     # times as much, written with all digits


@dataclass(frozen=True)
class Found:
    """The typed digits in a run: `where` says which value of it."""

    run: Run
    beside: bool
    hit: Hit
    where: str


def compare(typed: Typed, here: float, nothing: bool = False, cause: str = "") -> tuple[str, bool]:
    """How the typed number differs from the one here, in words; and whether that is only rounding.

    `nothing`: what is here is 0 but for rounding. `cause`: the operation that made it, where it is not finite.
    """
    if not math.isfinite(here):
        return f"here it is {notation.one(here)}{cause and ': '}{cause}", False
    sign = -1 if typed.sign in ("-", "\N{MINUS SIGN}") or (not typed.sign and here < 0) else 1
    note = " (you typed no sign)" if not typed.sign and here < 0 else ""
    value = sign * abs(typed.value)
    text = f"{'-' if sign < 0 else ''}{figure(typed.text).copy_abs()}"
    true = 0.0 if nothing else here
    verdict = judge(text, true)
    if verdict in ("agrees", "last digit") and true != 0 and typed.digits < FEWEST:
        return f"{said(verdict, digits(text, true))}: too few digits to tell{note}", False
    match verdict:
        case "agrees" if nothing:
            return f"the same: here it is {residue.WORDS}", True
        case "agrees":
            return f"the same, rounded to your {notation.counted(digits(text, true), 'digit')}{note}", True
        case "last digit":
            cut = abs(here) > abs(value) and abs(here - value) < typed.half * 2
            return f"{'cut off, not rounded' if cut else 'your last digit is off: rounding on the way'}{note}", True
        case "float32":
            return f"{said(verdict, 0)}, which has about 7 digits{note}", True
        case _:
            return _differs(value, here, nothing, note), False


def nature(run: Run, quantity: str, here: float, update: int, lane: int) -> tuple[bool, str]:
    """Whether the value here is 0 but for rounding; and which operation made it, where it is not finite."""
    try:
        tree = read_quantity(quantity)
        if math.isfinite(here):
            return residue.is_residue(run, tree, update, lane), ""
        return False, cause_text(run, tree, update, lane)
    except QuantityError:                           # a term, which has no name of its own
        return False, ""


def _differs(value: float, here: float, nothing: bool, note: str) -> str:
    if nothing or here == 0:
        return f"here it is {residue.WORDS if nothing else 'exactly 0'}{note}: that is not rounding"
    ratio = Decimal(value) / Decimal(here)          # of floats it may be more than a float can be
    if ratio < 0:
        return f"the other sign{note}: that is not rounding"
    if ratio < 10:
        return f"{abs(ratio - 1) * 100:.3g} % {'more' if ratio > 1 else 'less'}{note}: that is not rounding"
    return f"{ratio:,.0f} times as much{note}" if ratio < COUNTED else f"{ratio:.2e} times as much{note}"


def look(run: Run, beside: tuple[Run, ...], typed: Typed, quantity: str, update: int,
         lane: int) -> Iterator[Found | None]:
    """Where the typed digits stand, in the order above; None is a pause."""
    for other in (run, *beside):
        count = 0
        there = min(lane, other.program(update).samples - 1)
        places = places_of(other, quantity, update)
        for found in _here(other, typed, places, update, there):
            if found is None:
                yield None
                continue
            count += 1
            yield Found(other, other is not run, *found)
            if count >= MOST_FOUND:
                break
        yield None
        yield from _over_the_run(run, other, typed, places, update, there, MOST_FOUND - min(count, MOST_FOUND - 2))


def places_of(run: Run, quantity: str, update: int) -> list[Place]:
    """The quantity, and for a derivative what the optimizer was given, as this run has them; none for a name that is
    too long to be typed, and for what this run does not have."""
    if not quantity:                                # a term, which has no name of its own
        return []
    program = run.program(update)
    try:
        found = meaning(run, program, read_quantity(quantity))
    except QuantityError:
        return []
    if found is None or found.kind == "change":
        return []
    var, element = found.place.var, found.place.element
    if found.kind == "next":
        return [Place(program.nexts[var], element)]
    if found.kind == "value":
        return [found.place]
    if found.of is not None and found.of.var is not program.cost:
        return []
    made = next((b.out for b in program.blocks if b.out.derivative_of is var), None)
    return [Place(made, element)] if made is not None else []


def _here(run: Run, typed: Typed, places: list[Place], update: int, lane: int) -> Iterator[tuple[Hit, str] | None]:
    same = {(p.var, p.element or 0) for p in places}
    times = run.times(update)
    others: list[tuple[Hit, str]] = []
    for hit in chain(in_update(run, typed, update, lane), given(run, typed, update, lane)):
        if hit is None:
            yield None
            continue
        if not hit.at.value:                        # it stands there before anything is made
            others.append((hit, "a given value"))
            continue
        block, element = times.locate(hit.at.value)
        own = (times.blocks[block].out, element) in same and hit.at.inner == times.stops(hit.at.value)
        if own:
            yield hit, "the same quantity"
        else:
            others.append((hit, "another value of this update"))
    yield from sorted(others, key=lambda found: abs(found[0].value) != abs(typed.value))    # what agrees exactly first


def _over_the_run(base: Run, run: Run, typed: Typed, places: list[Place], update: int, lane: int,
                  most: int) -> Iterator[Found | None]:
    """The same quantity at other updates."""
    end = min(run.updates, MOST_UPDATES)
    at, count = 0, 0

    @cache
    def wanted(program: Program) -> Wanted:
        own = min(lane, program.samples - 1)
        return Wanted(tuple((v, v.flat(p.element or 0, own)) for p in places
                            for v in (_same_in(program, p),) if v is not None))
    while at < end and places and count < most:
        chunk = min(CHUNK if run.schedule.kind == "straight" else 4, end - at)
        _, rows = run.schedule.watch(wanted, run.state(at), at, chunk)
        for offset in np.flatnonzero([bool(np.any(typed.matches(np.array(r)))) for r in rows]):
            here = at + int(offset)
            if here == update or count >= most:
                continue
            program, times = run.program(here), run.times(here)
            var = _same_in(program, places[0])
            block = next((n for n, b in enumerate(times.blocks) if b.out is var), None)
            if block is None:
                continue
            value = times.number(block, places[0].element or 0)
            count += 1
            name = Namer(run.scenario).of(var, places[0].element or 0) if var is not None else ""
            hit = Hit(Position(here, value, times.stops(value)), name, rows[int(offset)][0])
            yield Found(run, run is not base, hit, f"after {notation.counted(here, 'update')}")
        at += chunk
        yield None


def _same_in(program: Program, place: Place) -> Var | None:
    """The variable of another batch's program that has the same name."""
    return next((b.out for b in program.blocks if b.out.name == place.var.name), None)
