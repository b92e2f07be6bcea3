"""Two runs side by side: what their scenarios say differently, the first step at which their numbers part, and why.

`bptui compare` prints this; the screen asks the same modules, `pairs` and `departure`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..replay.quantity import evaluate
from ..replay.run import Run
from ..scenario.errors import QuantityError
from ..scenario.expression import read_quantity
from .departure import Detail, detail, given
from .differences import LETTERS, Difference, differences, words_apart
from .notation import all_digits, counted
from .pairs import Both
from .twins import both_sides, origin

MOST_UPDATES = 100_000                              # that are looked through


@dataclass(frozen=True)
class Parting:
    """The first value that differs. `before` values of A were equal, `differ` of `values` in common differ there."""

    update: int
    quantity: str
    other: str                                      # what B calls it
    a: float
    b: float
    before: int
    differ: int
    values: int
    detail: Detail


@dataclass(frozen=True)
class Comparison:
    a: Run
    b: Run
    differences: tuple[Difference, ...]
    words: tuple[str, ...]                          # keys that differ and change nothing that runs
    parting: Parting | None
    looked: int                                     # updates
    common: int                                     # values of an update that both make under one name
    outcomes: tuple[tuple[str, int, float, float], ...]     # (quantity, after, A's, B's)


def compare(a: Run, b: Run) -> Comparison:
    looked = min(a.finish(), b.finish(), MOST_UPDATES)
    both = Both(a, b)
    update = next((n for n, differs in both.onwards(0, looked + 1) if differs), None)
    parting = None if update is None else part_at(both, update)
    ends = dict.fromkeys((1, looked))
    outcomes = [(name, n, *pair) for n in ends for name in [a.program(0).watched.name]
                if (pair := outcome(a, b, name, n)) is not None]
    return Comparison(a, b, tuple(differences(a, b)), words_apart(a, b), parting, looked, both.matched(0).values,
                      tuple(outcomes))


def outcome(a: Run, b: Run, name: str, after: int) -> tuple[float, float] | None:
    """What a quantity is in both runs; None where one cannot say."""
    try:
        found = [evaluate(run, read_quantity(name), after) for run in (a, b)]
    except QuantityError:
        return None
    return float(found[0]), float(found[1])


def part_at(both: Both, update: int) -> Parting | None:
    """The first difference of one update; None if all that both have is equal.

    What it starts from (parameters, data, settings) comes first, and is not counted among the values.
    """
    apart = both.apart(update)
    if apart.given:
        first = apart.given[0]
        return Parting(update, first.name, first.name, first.a, first.b, 0, 0, 0, given(both, update, LETTERS))
    pair = both.pair(update, int(apart.numbers[0])) if apart else None
    if pair is None:
        return None
    pair = origin(both, pair, update)
    values = both.a.env(update).scalar(pair.a), both.b.env(update).scalar(pair.b)
    other = both_sides(both, pair, update)[1].name(pair.b)
    return Parting(update, pair.name, other, *values, both.before(update, pair.numbers[0]), len(apart.numbers),
                   apart.values, detail(both, pair, update, LETTERS))


# in words

def lines(found: Comparison) -> list[str]:
    a, b = found.a.scenario.name, found.b.scenario.name
    said = [f"A is {a}, B is {b}"]
    shown = [d.said() for d in found.differences] or ["nothing that runs" if found.words else "nothing"]
    if found.words:
        shown.append(f"words and figures alone: {', '.join(found.words)}")
    said += [f"  {'what differs   ' if n == 0 else ' ' * 15}{line}" for n, line in enumerate(shown)]
    if found.parting is None:
        of = min(found.a.updates, found.b.updates)
        first = "" if found.looked == of else f"the first {found.looked:,} of "
        made = found.a.times(0).count
        which = "all values" if found.common == made else f"the {found.common} of {made} values that both name alike"
        equal = f"none: {which} of {first}{of:,} updates are equal, bit for bit"
        said.append(f"  first step     {equal if found.common else 'not known: no value has the same name in both'}")
    else:
        p = found.parting
        other = f"{p.other} is " if p.other != p.quantity else ""
        a, b = _numbers(p.a, p.b)
        said += [f"  first step     after {counted(p.update, 'update')}: {p.quantity} is {a} in A, {other}{b} in B"]
        said += [f"                 {_before(p.before)}; {p.differ} of {p.values} values differ in this update"
                 ] if p.values else []
        row = next((row for row in p.detail.rows if row.here), None)
        if row is not None and p.values and (row.a, row.b) != (p.a, p.b):
            a, b = _numbers(row.a, row.b)
            said.append(f"                 {p.detail.where}: {row.name} is {a} in A, {b} in B")
        said += [f"  {'why            ' if n == 0 else ' ' * 15}{line}" for n, line in enumerate(p.detail.reasons)]
    for n, (name, after, mine, other) in enumerate(found.outcomes):
        said.append(f"  {'what follows   ' if n == 0 else ' ' * 15}{name} after {after:,} "
                    f"update{'s' * (after != 1)}: {all_digits(mine)} in A, {all_digits(other)} in B")
    return said


def _before(count: int) -> str:
    return "no value is made before it" if not count else "the value before it is equal, bit for bit" if count == 1 \
        else f"{count:,} values before it are equal, bit for bit"


def _numbers(a: float, b: float) -> tuple[str, str]:
    """Both with all their digits; the sign of a 0 only where it is all that differs."""
    signs = a == b == 0
    return tuple(all_digits(x) if isinstance(x, float) and not signs else repr(x)
                 for x in (a, b))                                       # type: ignore[return-value]


def record(found: Comparison) -> dict[str, Any]:
    """The comparison as `compare --json` prints it."""
    p = found.parting
    return {
        "a": found.a.scenario.name, "b": found.b.scenario.name,
        "differs": [{"what": d.what, "path": d.path, "a": d.a, "b": d.b, "note": d.note} for d in found.differences],
        "words": list(found.words),
        "first": None if p is None else {"update": p.update, "quantity": p.quantity, "quantity_b": p.other,
                                         "a": p.a, "b": p.b,
                                         "equal_before": p.before, "differ": p.differ, "values": p.values,
                                         "where": p.detail.where, "why": list(p.detail.reasons)},
        "updates": found.looked, "values_in_common": found.common,
        "then": [{"what": name, "after": after, "a": mine, "b": other} for name, after, mine, other in found.outcomes],
    }
