"""The gradients of a run against two judges that share nothing with its backward half.

Differences: how E really changes when one parameter is moved. In small programs they are taken at 50 digits,
where they are good to thirty; in large ones in floats, by Ridders' extrapolation, whose error is estimated. And
the 50-digit reading of the same equations, which tells what rounding has done. Errors are in units of the
tolerance, so that more than 1 is a failure. Where a difference steps over a kink it says nothing, and is left out.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..engine.program import Var, live_equations
from ..engine.scalars import Cell, Scalars
from .cause import cause_of, told
from .digits import DIGITS, UNIT, Allowance, Digits, TooMany, numbers
from .forward import LEAST, NOTHING_BESIDE, ROUGH, ROUGHEST, Forward, tolerance
from .namer import Namer
from .notation import all_digits, counted, one

if TYPE_CHECKING:
    from ..replay.run import Run

MOST_CHECKED, SAMPLED = 1000, 200                   # above so many parameters, so many are sampled
MOST_EXACT = 300_000                                # terms that differences at 50 digits may add up in all
MOST_READ = 1_200_000                               # terms that are read at 50 digits in all: about ten seconds
PASSES = 24                                         # forward halves that the differences of one element take
MOST_MOVED = 4 * 10**9                              # terms that differences in floats may add up in all
APART = 1e-6                                        # of slopes from two sides that are one
MOST_BAD = 4                                        # elements of a tensor whose NaN is looked into
STEP = 1e-15                                        # of differences at 50 digits
SPARE = 2                                           # of the 50 digits the last so many may be rounding

SINGULAR = {"stand": "stands", "are": "is"}
Verdict = Literal["right", "wrong", "not judged", "undefined"]
Tell = Callable[[str, int, int], None]              # what is being done, how much of it is done, and of how much


@dataclass(frozen=True)
class GradientRow:
    """The verdict on one parameter tensor, and its worst errors; None where no element could be judged.

    `why` says what is wrong, undefined or in the way, if the errors do not; `cause` is the operation that broke.
    """

    what: str
    differences: float | None
    digits50: float | None
    verdict: Verdict = "right"
    why: str = ""
    cause: str = ""

    @property
    def ok(self) -> bool:
        return self.verdict in ("right", "not judged")


@dataclass
class Tally:
    """What was found of one tensor, over all updates looked at; of what is not finite the first."""

    differences: list[float] = field(default_factory=list)
    digits: list[float] = field(default_factory=list)
    wrong: list[tuple[str, str]] = field(default_factory=list)         # why, and the cause
    undefined: list[tuple[str, str]] = field(default_factory=list)
    in_the_way: list[str] = field(default_factory=list)

    def row(self, what: str) -> GradientRow:
        differences, digits = (max(errors, default=None) for errors in (self.differences, self.digits))
        (why, cause), verdict = ("", ""), "right"
        if self.wrong or any(worst is not None and not worst <= 1 for worst in (differences, digits)):
            verdict = "wrong"
            why, cause = self.wrong[0] if self.wrong else ("", "")
        elif self.undefined:
            verdict = "undefined"
            why, cause = self.undefined[0]
        elif differences is None and digits is None:
            verdict = "not judged"
            why = next(iter(self.in_the_way), "nothing of it could be looked at")
        return GradientRow(what, differences, digits, verdict, why, cause)


def sample(run: Run, most: int = SAMPLED) -> dict[str, list[int]]:
    """The elements to check, by parameter name: all, or about `most`, some of each tensor, chosen by the seed."""
    sizes = {p.name: p.value.size for p in run.model.parameters if run.model.trained(p.name)}
    total = sum(sizes.values())
    if total <= (MOST_CHECKED if most == SAMPLED else most):
        return {name: list(range(size)) for name, size in sizes.items()}
    chance = random.Random(f"{run.scenario.training.seed}/check")
    few = max(1, most // (2 * len(sizes)))          # at least so many of each, the rest by size
    counts = {name: min(size, max(few, most * size // total)) for name, size in sizes.items()}
    largest = max(sizes, key=lambda name: sizes[name])
    counts[largest] = max(1, min(sizes[largest], counts[largest] + most - sum(counts.values())))
    return {name: sorted(chance.sample(range(sizes[name]), count)) for name, count in counts.items()}


class GradientCheck:
    """The check of a run's gradients: what is found of them so far, while `work` goes on and after it."""

    def __init__(self, run: Run, updates: Sequence[int], claimed: int | None = None) -> None:
        """`claimed`: the update from which on the file itself says that the run is not finite."""
        self.run, self.updates, self.claimed = run, updates, claimed
        self.notes: list[str] = []
        self._what: dict[str, str] = {}
        self._tallies: dict[str, Tally] = {}
        self._done = 0

    def rows(self) -> tuple[GradientRow, ...]:
        """A row for each trained parameter that was looked at: the worst of all updates."""
        return tuple(tally.row(self._what[name]) for name, tally in self._tallies.items())

    @staticmethod
    def sampled(terms: int) -> int:
        """How many elements are sampled where the forward halves of all updates looked at have so many terms."""
        return max(1, min(SAMPLED, MOST_MOVED // (PASSES * max(1, terms))))

    def work(self, tell: Tell) -> None:
        run = self.run
        looked = [_Gradients(run, update, self.notes) for update in self.updates]
        terms = sum(at.terms for at in looked)
        chosen = sample(run, self.sampled(terms))
        total, checked = run.model.size, sum(map(len, chosen.values()))
        if checked < sum(p.value.size for p in run.model.parameters if run.model.trained(p.name)):
            self.notes.append(f"{checked} of {total:,} parameters are checked, chosen by the seed")
        of = 2 * sum(len(chosen[w.name]) for at in looked for w in at.program.trained)
        allowance = Allowance(MOST_READ)
        for name in chosen:
            self._tallies[name] = Tally()
            self._what[name] = f"d(, {name})"
        for at in looked:
            at.digits.allowance = allowance
            if self.claimed is not None and at.update >= self.claimed and not at.finite:
                self.notes.append(f"{at.after()}: not judged: {at.cost_text()}, as the file claims")
                continue
            for w in at.program.trained:
                self._what[w.name] = f"d({at.program.cost.name}, {w.name})"
                for flat in at.elements(w, chosen[w.name], self._tallies[w.name]):
                    tell(f"differences of {w.name}", self._done, of)
                    self._done += 1
                    at.difference(w, flat, self._tallies[w.name])
                at.said(w, self._tallies[w.name])
        self._read(looked, chosen, allowance, tell, of)

    def _read(self, looked: Sequence[_Gradients], chosen: Mapping[str, Sequence[int]], allowance: Allowance,
              tell: Tell, of: int) -> None:
        """What 50 digits say, the parameters next to the loss first: they need least of it."""
        read = 0
        try:
            for at in looked:
                if at.terms > allowance.left:       # the forward half alone is more
                    raise TooMany
                for w in reversed(at.program.trained):
                    for flat in at.judged.get(w, ()):
                        allowance.tell = partial(tell, f"50 digits of {w.name}", self._done, of)
                        allowance.tell()
                        at.read(w, flat, self._tallies[w.name])
                        self._done, read = self._done + 1, read + 1
        except TooMany:
            every = sum(len(flats) for at in looked for flats in at.judged.values())
            self.notes.append(f"50 digits are compared in {read} of {every} elements: "
                              f"at most {MOST_READ:,} terms are read so")


class _Gradients:
    """The gradients of one update."""

    def __init__(self, run: Run, update: int, notes: list[str]) -> None:
        self.run, self.update, self.notes = run, update, notes
        self.program = run.program(update)
        self.env = run.env(update)
        self.cost = (self.program.cost, 0)
        self.queries = {w: run.query(self.program, self.program.cost, w) for w in self.program.trained}
        self.digits = Digits(self.program, self.env, [eq for q in self.queries.values() for eq in q.equations])
        self.forward = Forward(self.program, self.env)
        self.terms = sum(Scalars(eq).total for eq in self.forward.equations)
        self.exactly = 2 * self.terms * min(SAMPLED, sum(w.size for w in self.program.trained)) <= MOST_EXACT
        self.judged: dict[Var, list[int]] = {}
        """The elements that are numbers, of the parameters looked at."""
        self._values: dict[Var, tuple[np.ndarray, np.ndarray]] = {}
        self._kinks: list[int] = []
        self._unsure: dict[str, list[int]] = {}

    def after(self) -> str:
        return f"after {counted(self.update, 'update')}"

    def say(self, w: Var, what: str) -> None:
        self.notes.append(f"{self.program.cost.name} by {w.name} {self.after()}: {what}")

    @cached_property
    def finite(self) -> bool:
        """Whether the loss is a number. Where it is none, it has no derivative to judge."""
        return math.isfinite(self.env.scalar(self.cost))

    def cost_text(self) -> str:
        """What the loss is, and why."""
        cause = told(cause_of(self.run, self.update, self.cost), self.update)
        return f"{self.program.cost.name} is {one(self.env.scalar(self.cost))}{cause and ': '}{cause}"

    # by differences

    def elements(self, w: Var, chosen: Sequence[int], tally: Tally) -> list[int]:
        """The chosen elements that can be judged; why the others cannot is told."""
        true = self.run.derivative(self.update, self.cost, w).ravel()
        given = self.env.array(self.program.gradients[w]).ravel()
        self._values[w] = true, given
        good = np.isfinite(true) & np.isfinite(given)
        bad = np.flatnonzero(~good)
        for flat in [*bad[:1], *(n for n in chosen if n in bad[1:])][:MOST_BAD]:
            self._not_finite(w, int(flat), len(bad), tally)
        if not self.finite and not len(bad):
            hidden = f"finite, though {self.cost_text()}"
            tally.in_the_way.append(hidden)
            self.say(w, f"{hidden}; nothing in it tells")
        self.judged[w] = [n for n in chosen if good[n]] if self.finite else []
        self._kinks, self._unsure = [], {}
        return self.judged[w]

    def difference(self, w: Var, flat: int, tally: Tally) -> None:
        """One element against the slope of E."""
        true = self._values[w][0]
        found = self._difference(w, flat, float(np.nanmax(np.abs(true))))
        error = None if isinstance(found, str) else abs(float(true[flat]) - found[0]) / found[1]
        if error is not None and error <= 1:
            tally.differences.append(error)
        elif self.forward.crosses(w, flat, 1e-7 if self.exactly else None):
            self._kinks.append(flat)
        elif isinstance(found, str):
            self._unsure.setdefault(found, []).append(flat)
        elif error is not None:
            tally.differences.append(error)

    def said(self, w: Var, tally: Tally) -> None:
        """What differences could not judge of a parameter, in words."""
        of = len(self.judged[w])
        if self._kinks:
            text = f"{_some(self._kinks, of, 'stand')} at a kink, where differences say nothing ({self.forward.rules})"
            self.say(w, text)
            tally.in_the_way.append(text)
        for why, elements in self._unsure.items():
            text = f"{_some(elements, of, 'are')} not judged by differences: {why}"
            self.say(w, text)
            tally.in_the_way.append(text)

    def _difference(self, w: Var, flat: int, largest: float) -> tuple[float, float] | str:
        """The slope of E by one parameter, and how far the derivative may be from it; why it is not known."""
        if not self.exactly:
            return self.forward.slope(w, flat, largest)
        mp = numbers()
        h, (down, here, up) = self._beside(w, flat)
        slope = (up - down) / (2 * h)
        if not mp.isfinite(slope):
            return NOTHING_BESIDE
        noise = self._noise(h, here)
        if noise > ROUGHEST * max(largest, abs(slope), LEAST):
            return ROUGH
        allowed = tolerance(float(slope), 0.0, self.digits.doubt((self.program.gradients[w], flat)))
        return float(slope), max(allowed, float(noise))

    def _noise(self, h: Any, here: Any) -> Any:
        """How far rounding may have taken a slope of E over a step; `here` is E."""
        if not self.exactly:
            return 4 * UNIT * abs(here) / h
        exact, doubt = numbers().mpf(10) ** (SPARE - DIGITS), self.digits.doubt(self.cost)
        rounded = abs(here) if not math.isfinite(doubt) else max(abs(here), doubt / UNIT)
        return exact * rounded / h

    def _beside(self, w: Var, flat: int) -> tuple[Any, list[Any]]:
        """A small step of a parameter, and E before it, without it and after it, at 50 digits."""
        mp = numbers()
        middle = mp.mpf(float(self.env.array(w).flat[flat]))
        h = mp.mpf(STEP) * max(1, abs(middle))
        return h, [self.digits.moved({(w, flat): middle + step}).value(self.cost) for step in (-h, 0, h)]

    # what is not finite

    def _not_finite(self, w: Var, flat: int, bad: int, tally: Tally) -> None:
        """An element that is no number: wrong where 50 digits have one, else undefined."""
        true, given = (float(values[flat]) for values in self._values[w])
        adjoint = self.queries[w].adjoint
        true_is_bad = not math.isfinite(true) and adjoint is not None
        cell: Cell = (self.program.gradients[w], flat)
        exactly: Cell = (adjoint, flat) if true_is_bad and adjoint is not None else cell
        cause = told(cause_of(self.run, self.update, cell if not math.isfinite(given) else exactly), self.update)
        name = f"{one(true if true_is_bad else given)} {self.after()}"
        if w.size > 1:
            name += f" in {bad} of {w.size} elements, first {Namer(self.run.scenario).of(w, flat)}"
        if not true_is_bad:
            name = f"{w.name}.grad is {name}"
        try:
            number = self.digits.value(exactly)
            exact, digits = float(number), "50 digits have no number either, "
            if numbers().isfinite(number):          # else they are right, and this is wrong
                digits = f"50 digits have {_short(number)}, which is too large for a float, "
        except TooMany:
            exact, digits = math.nan, ""
        if math.isfinite(exact):
            tally.wrong.append((f"{name}, but by 50 digits {exact!r}", cause))
            return
        tally.undefined.append((f"{name}; {digits}{self._both_sides(w, flat)}", cause))

    def _both_sides(self, w: Var, flat: int) -> str:
        """What differences say where the derivative is no number."""
        h, (down, here, up) = self._beside(w, flat) if self.exactly else self.forward.beside(w, flat)
        below, above = (here - down) / h, (up - here) / h
        if not (numbers().isfinite(below) and numbers().isfinite(above)):
            return "differences have none"
        if self._noise(h, here) > ROUGHEST * max(abs(below), abs(above), LEAST):
            return "differences are lost in rounding"
        if abs(above - below) <= APART * (abs(above) + abs(below)):
            return f"differences say {_short(above)}"
        return f"differences say {_short(below)} below and {_short(above)} above"

    # by 50 digits

    def read(self, w: Var, flat: int, tally: Tally) -> None:
        """The float derivative, and what the optimizer was given, against 50 digits. Raises TooMany."""
        true, given = (float(values[flat]) for values in self._values[w])
        adjoint = self.queries[w].adjoint
        cells = [((self.program.gradients[w], flat), given)]
        if adjoint is not None:
            cells.append(((adjoint, flat), true))
        for cell, value in cells:
            exact = self.digits.value(cell)
            if not numbers().isfinite(exact):
                here = f"number {flat} is {all_digits(value)} {self.after()}"
                tally.wrong.append((f"{here}, and 50 digits have no number", ""))
                return
            allowed = tolerance(float(exact), self.digits.size(cell), self.digits.doubt(cell))
            tally.digits.append(float(abs(exact - value)) / allowed)
        if adjoint is not None and self.must_agree[w]:
            grad, d = (self.digits.value(cell) for cell, _ in cells)
            if abs(grad - d) > 1e-40 * (abs(d) + 1e-6):
                tally.wrong.append((f"number {flat} of {w.name}.grad is not the derivative", ""))

    @cached_property
    def must_agree(self) -> dict[Var, bool]:
        """Whether `w.grad` is the true derivative: nothing that it reads has been updated before it was made."""
        made = {w: live_equations(self.program.equations, [g]) for w, g in self.program.gradients.items()}
        return {w: not any(v.role in ("next", "estimate", "made") for eq in equations for v in (eq.out, *eq.operands))
                for w, equations in made.items()}


def _short(number: Any) -> str:
    """A few digits of a number, which may be larger than any float."""
    small = abs(number) <= sys.float_info.max
    return f"{float(number):.6g}" if small else numbers().nstr(number, 6, show_zero_exponent=False)


def _some(elements: Sequence[int], of: int, verb: str) -> str:
    return f"{len(elements)} of {of} elements {SINGULAR[verb] if len(elements) == 1 else verb}"
