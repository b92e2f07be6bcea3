"""The kinds of trouble: what each looks at in a stretch of updates, and when it is one.

A kind is judged for thousands of updates at a time; only where something is found is an update looked at by itself.
What begins in an update in which numbers are not finite is what these numbers make of it, and is not told.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..engine.executor import Env
from ..engine.program import Program, Var
from . import origins, zeros
from .ledger import NUMBERS, Ledger, Stretch, Trouble
from .units import Array, Seen, Values

FLAT = 0.01                                         # saturated: every slope of a unit is below it
FAR = 1000.0                                        # vanishing, exploding: times less, or more, than the last layer
TWICE = 2.0                                         # loss up: an epoch's mean above so many times the smallest before
STAYS = 10                                          # epochs for which it is, or as many as came before, if more
LEARNT = 1e-3                                       # of the first epoch's mean: a loss below has been learnt
MOST_REASONS = 8                                    # for which it is asked why a parameter's gradient is 0
NUDGES = (1e-2, -1e-2)                              # by which a parameter is moved to see whether E can fall
Judge = Callable[[Ledger, Stretch], None]


# numbers that are none

def unfinite(seen: Seen, values: Values, count: int) -> Array:
    """In which updates a value is not finite."""
    bad = np.zeros(count, bool)
    for var in seen.made:
        whole = values(var).reshape(count, -1)
        if not np.isfinite(whole).all():
            bad |= ~np.isfinite(whole).all(axis=1)
    return bad


def numbers(ledger: Ledger, stretch: Stretch) -> None:
    """The first value that is NaN, that is infinite, that is infinite though made of finite values."""
    count = stretch.count
    flags = {kind: np.zeros(count, bool) for kind in ("nan", "inf")}
    where: dict[str, dict[int, tuple[Var, int]]] = {"nan": {}, "inf": {}}
    for var in stretch.seen.made if stretch.bad.any() else ():
        whole = stretch.values(var).reshape(count, -1)
        for kind, bad in (("nan", np.isnan(whole)), ("inf", np.isinf(whole))):
            for n in np.flatnonzero(bad.any(axis=1) & ~flags[kind]).tolist():
                if not (stretch.first + n == ledger.run.updates and var.role == "next"):
                    where[kind][n] = var, origins.in_order(var, np.flatnonzero(bad[n]))[0]
                    flags[kind][n] = True
    for kind, bad in flags.items():
        for n in ledger.beginnings(kind, bad):
            var, element = where[kind][n]
            at = ledger.at(stretch.first + n, var, element % var.lane_size)
            if at is not None:
                value = float(stretch.values(var)[n].reshape(-1)[element])
                ledger.marks.append(Trouble(at, kind, var, element, value))
                if kind == "inf" and _from_finite(stretch, var, n):
                    ledger.marks.append(Trouble(at, "overflow", var, element, value))
    ledger.marks.sort(key=lambda mark: (mark.at, NUMBERS.index(mark.kind)))


def _from_finite(stretch: Stretch, var: Var, n: int) -> bool:
    """Whether an Inf was made of finite numbers."""
    made = set(stretch.seen.made)
    operands = {v.base for v in stretch.program.made_by[var].operands if v.base in made}
    return all(bool(np.isfinite(stretch.values(v)[n]).all()) for v in operands)


def not_finite(ledger: Ledger, stretch: Stretch) -> None:
    """Where numbers stop being finite. It is asked for in each update in which a value is not that always was."""
    fresh: set[int] = set()
    for var in stretch.seen.made if stretch.bad.any() else ():
        bad = ~np.isfinite(stretch.values(var).reshape(stretch.count, -1)).all(axis=1)
        if bad.any() and ledger.once("spoiled", var.name):
            fresh.add(int(bad.argmax()))
    for n in sorted(fresh):
        update = stretch.first + n
        env, updating = ledger.run.env(update), ledger.run.goes_on(update)
        found = origins.first(stretch.program, env, updating, lambda cell: not ledger.told("not finite", cell[0].name))
        if found is None:
            continue
        at = origins.position_of(stretch.program, ledger.run.times(update), update, found.cell)
        if at is not None and ledger.once("not finite", found.cell[0].name):
            ledger.take(Trouble(at, "not finite", *found.cell, found.value,
                                origins.spoils(stretch.program, env, found.cell, updating),
                                origins.hides(stretch.program, env)))


# units

def units(ledger: Ledger, stretch: Stretch) -> None:
    """Dead: every slope of a unit is 0, for an epoch. Saturated: every one is below FLAT."""
    for unit in stretch.seen.units:
        size = unit.sizes(stretch.count, stretch.values)
        for kind, bad in (("dead", size == 0), ("saturated", (size > 0) & (size < FLAT))):
            for n, number, _ in ledger.lasting(stretch.first, kind, unit.name, bad):
                element = unit.first(number)
                at = ledger.at(stretch.first + n, unit.homes[0], min(element, unit.homes[0].lane_size - 1))
                told = at is not None and not stretch.bad[n] and not learnt(ledger, stretch, n)
                if told and at is not None and ledger.once(kind, unit.name, number):
                    ledger.take(Trouble(at, kind, unit.of[0], element, float(size[n, number])))


def learnt(ledger: Ledger, stretch: Stretch, n: int) -> bool:
    """Whether nothing is left to learn: the loss is the least that it can be."""
    least = ledger.run.model.form.least
    return least is not None and bool((stretch.values(stretch.program.cost)[n] == least).all())


# gradients

def gradients(ledger: Ledger, stretch: Stretch) -> None:
    """Parameters whose gradient is 0 in every element for two epochs, where the reason is no good one."""
    for var, gradient in stretch.program.gradients.items():
        if gradient not in stretch.seen.places:
            continue
        bad = (stretch.values(gradient).reshape(stretch.count, -1) == 0).all(axis=1)[:, None]
        key = f"no gradient of {var.name}"
        for n, _, epochs in ledger.lasting(stretch.first, "no gradient", var.name, bad, 2):
            update = stretch.first + n
            if epochs == 2:
                ledger.lasts(key)
                continue
            at = ledger.at(update, gradient, gradient.lane_size - 1)
            asked = sum(ledger.told(key, k) for k in range(MOST_REASONS))
            if at is None or stretch.bad[n] or learnt(ledger, stretch, n) or asked == MOST_REASONS or ledger.told(key):
                continue
            ledger.once(key, asked)
            if learns_nothing(ledger, stretch, update, var, gradient):
                ledger.once(key)
                ledger.open[key] = Trouble(at, "no gradient", var), update + ledger.run.schedule.batches


def learns_nothing(ledger: Ledger, stretch: Stretch, update: int, var: Var, gradient: Var) -> bool:
    """Whether one of the reasons for a gradient of 0 is trouble.

    Nothing reads the parameter; a law is flat there; a parameter is 0 that it is multiplied with; or it is at a point,
    from the start, at which the slope is 0 though the loss could fall. None is it where terms cancel (a bias before a
    norm), where the data are 0, a unit is dropped, the output is right already; nor a dead unit, which is told itself.
    """
    env = ledger.run.env(update)
    slopes = {slope for unit in stretch.seen.units for slope in unit.slopes}
    for element in range(min(gradient.size, zeros.MOST_ELEMENTS)):
        for zero in zeros.roots(stretch.program, env, (gradient, element)):
            if zero.why == "unread" or (zero.why == "parameter" and zero.cell is not None and zero.cell[0] is not var):
                return True
            local = zero.cell if zero.why == "slope" else None
            if local is not None and local[0] not in slopes and zeros.flat_here(stretch.program, env, local):
                return True
            still = (local is not None and local[0] not in slopes) or zero.why == "parameter"
            if still and update < ledger.run.schedule.batches and _could_fall(ledger, update, var, element, env):
                return True
    return False


def _could_fall(ledger: Ledger, update: int, var: Var, element: int, env: Env) -> bool:
    """Whether E is smaller when a parameter is moved a little."""
    executor = ledger.run.schedule.at(update)
    cost = executor.program.cost
    for by in NUDGES:
        kept = executor.unpack(ledger.run.state(update))
        moved = np.array(kept[var.name], float)
        moved.flat[element] += by
        after = executor.trace(executor.pack({**kept, var.name: moved}), ledger.run.schedule.feed(update))
        if after.scalar((cost, 0)) < env.scalar((cost, 0)):
            return True
    return False


def signals(ledger: Ledger, stretch: Stretch) -> None:
    """Vanishing, exploding: the rms error signal of the first layer is FAR less, or more, than that of the last.

    Where all of it is lost in the first layer's own slopes, its units are saturated, or at a point at which the slope
    is 0: that is another kind. A signal that is exactly 0 does not vanish: it is not there.
    """
    seen = stretch.seen
    if len(seen.signals) < 2:
        return
    first, last = seen.signals[-1], seen.signals[0]
    here, there = _rms(stretch, first), _rms(stretch, last)
    before = _rms(stretch, seen.arriving) if seen.arriving is not None else here
    fine = np.isfinite(here) & np.isfinite(there) & (here > 0) & (there > 0)
    own = fine & (here < FLAT * before)
    less = np.where(own, before, here) * FAR < there
    for kind, bad in (("vanishing", fine & less), ("exploding", fine & (here > FAR * there))):
        for n, _, _ in ledger.lasting(stretch.first, kind, "", bad[:, None]):
            at = ledger.at(stretch.first + n, first, first.lane_size - 1)
            if at is not None and not stretch.bad[n] and ledger.once(kind):
                ratio = float(there[n] / here[n] if kind == "vanishing" else here[n] / there[n])
                ledger.take(Trouble(at, kind, first, None, ratio))


def _rms(stretch: Stretch, var: Var) -> Array:
    return np.sqrt(np.mean(np.square(stretch.values(var).reshape(stretch.count, -1)), axis=1))


# the loss, and the rate

def loss(ledger: Ledger, stretch: Stretch) -> None:
    """The mean of an epoch above TWICE the smallest before it, and it stays: for STAYS epochs at least, for as long as
    the run was before, or to its end."""
    key = "loss up"
    if ledger.told(key) or not judged(ledger, stretch.program):
        return
    batches, watched = ledger.run.schedule.batches, stretch.program.watched
    costs = stretch.values(watched).reshape(stretch.count)
    if batches == 1 and key not in ledger.open and not _rises(ledger, costs):
        return
    for n, cost in enumerate(costs.tolist()):
        ledger.costs.append(cost)
        if len(ledger.costs) < batches:
            continue
        mean, ledger.costs = sum(ledger.costs) / batches, []
        update = stretch.first + n
        if key in ledger.open and mean <= ledger.limit:
            del ledger.open[key]
        elif key in ledger.open and (update >= ledger.open[key][1] or not np.isfinite(mean)):
            ledger.lasts(key)
            ledger.once(key)
            return
        elif key not in ledger.open and np.isfinite(mean) and mean > _limit(ledger.least, ledger.start):
            at = ledger.at(update, watched, 0)
            assert at is not None
            ledger.limit = _limit(ledger.least, ledger.start)
            times = mean / ledger.least if ledger.least > 0 else np.inf
            ledger.open[key] = Trouble(at, key, watched, 0, times), update + max(STAYS * batches, update)
        ledger.least = min(ledger.least, mean)
        ledger.start = mean if np.isnan(ledger.start) else ledger.start


def judged(ledger: Ledger, program: Program) -> bool:
    """Whether the loss is to fall: not where chance, or somebody else's turn, makes it rise."""
    run = ledger.run
    noise = bool(program.masks) or any(v.role == "noise" for v in program.inputs)
    shuffled = run.scenario.training.shuffle and run.schedule.batches > 1
    single = run.model.batch == 1 and run.model.rows.count > 1
    return not (noise or shuffled or single or len(run.model.goals) > 1)


def _limit(least: float, start: float) -> float:
    """What the loss must not be above."""
    floor = LEARNT * abs(start) if np.isfinite(start) else 0.0
    return max(least + (TWICE - 1) * abs(least), least + floor)


def _rises(ledger: Ledger, costs: Array) -> bool:
    """Whether any of these is above its limit. If none is, they are taken note of."""
    start = costs[0] if np.isnan(ledger.start) else ledger.start
    least = np.minimum.accumulate(np.concatenate([[ledger.least], costs]))
    limit = np.maximum(least + (TWICE - 1) * np.abs(least), least + LEARNT * abs(start))
    if (costs > limit[:-1]).any() or not np.isfinite(costs).all():
        return True
    ledger.start, ledger.least = float(start), float(least[-1])
    return False


def rate(ledger: Ledger, stretch: Stretch) -> None:
    """A learning rate of 0: nothing that is trained moves."""
    moved = next((v for w, v in stretch.program.nexts.items() if w.role == "parameter"), None)
    if moved is None or ledger.told("rate 0"):
        return
    run, batches = ledger.run, ledger.run.schedule.batches
    settings = run.model_at(stretch.first).settings
    starts = range(stretch.first, stretch.first + stretch.count)
    looked = [n for n in starts if n == stretch.first or n % batches == 0] if settings.scheduled else starts[:1]
    for update in looked:
        at = ledger.at(update, moved, 0) if settings.rate(update // batches) == 0 else None
        if at is not None and ledger.once("rate 0"):
            ledger.take(Trouble(at, "rate 0", moved))
            return


JUDGES: tuple[Judge, ...] = (not_finite, units, gradients, signals, loss, rate)
