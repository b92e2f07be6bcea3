"""What a difference leads to: quantities of two runs further on, and whose value the source prints.

The printed figures come first, those that tell the runs apart: of a derivative by a weight what the optimizer was
given is meant, as everywhere beside values. A figure that is neither's is looked for one update before and after.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from ..replay.fork import Fork
from ..replay.quantity import evaluate, find, lane_of
from ..replay.run import Run
from ..scenario.errors import QuantityError
from ..scenario.expression import read_quantity
from ..scenario.records import Claim
from ..scenario.trees import Attribute, Call, Tree
from .claims import figure, judge
from .namer import Namer, quantity_text
from .notation import counted, readable
from .pairs import Both, unlike

LEAST_DECIMALS = 9
MOST_OUTPUTS = 4
NEITHER = "neither"


@dataclass(frozen=True)
class Outcome:
    """A quantity of both runs. `printed` is whose the source's figure is: A, B, `A at 9999`, neither, or nothing."""

    what: str
    a: float
    b: float
    made: int                                       # the update that makes it
    family: str                                     # the tensor that it belongs to
    decimals: int = LEAST_DECIMALS
    printed: str = ""


def outcomes(both: Both, letters: tuple[str, str], update: int, end: int) -> Iterator[Outcome | None]:
    """What follows from a difference after `update` updates, up to `end`; None is a pause."""
    claims = {(c.what, c.after, c.sample, c.value): c for run in (both.a, both.b) for c in run.scenario.claims
              if c.value is not None and _one_source(both)}
    seen: set[str] = set()
    for claim in claims.values():
        if update <= claim.after <= end:
            with suppress(QuantityError):
                found = _of_claim(both, claim, letters, end)
                if found is not None and found.what not in seen:
                    seen.add(found.what)
                    yield found
        yield None
    for text, after in _plain(both, update, end):
        what = f"{text} after {after}"
        if what not in seen:
            with suppress(QuantityError):
                tree = read_quantity(text)
                a, b = (_number(run, tree, after, None) for run in (both.a, both.b))
                yield Outcome(what, a, b, after, _family(both.a, tree, after))
        yield None


def _one_source(both: Both) -> bool:
    """Whether both runs are of one source, which then prints figures of one, or of the other."""
    return both.a.scenario.source == both.b.scenario.source and not any(isinstance(r, Fork) for r in (both.a, both.b))


def _of_claim(both: Both, claim: Claim, letters: tuple[str, str], end: int) -> Outcome | None:
    """A printed figure, if it tells the runs apart."""
    tree, text = _asked(both.a, claim)
    a, b = (_number(run, tree, claim.after, claim.sample) for run in (both.a, both.b))
    if not bool(unlike(np.array([a]), np.array([b]))[0]):
        return None
    assert claim.value is not None
    printed = [letter for letter, value in zip(letters, (a, b), strict=True) if _agrees(claim.value, value)]
    if len(printed) == 2:
        return None
    whose = printed[0] if printed else NEITHER
    if not printed:
        for after in (claim.after - 1, claim.after + 1):
            for letter, run in zip(letters, (both.a, both.b), strict=True):
                if 0 <= after <= end and whose == NEITHER and _agrees(claim.value, _number(run, tree, after,
                                                                                           claim.sample)):
                    whose = f"{letter} at {after}"
    when = f" after {claim.after}" if claim.after else ""
    sample = f", sample {claim.sample}" if claim.sample is not None else ""
    parameter = _is_parameter(both.a, tree, claim.after)
    decimals = max(0, -int(figure(claim.value).as_tuple().exponent))
    return Outcome(f"{readable(text)}{when}{sample}", a, b, claim.after - (parameter and claim.after > 0),
                   _family(both.a, tree, claim.after), max(LEAST_DECIMALS, min(decimals, 12)), whose)


def _asked(run: Run, claim: Claim) -> tuple[Tree, str]:
    """What a figure is of: for `d(E, w1)`, `w1.grad`."""
    program = run.program(claim.after)
    match claim.tree:
        case Call("d", (y, x)):
            of, by = find(run, program, y), find(run, program, x)
            given = by is not None and by.scalar and by.var in program.gradients
            if given and by is not None and of is not None and of.var is program.cost:
                name = quantity_text(program, Namer(run.scenario), by.var, by.element or 0)
                return Attribute(x, "grad"), f"{name}.grad"
    return claim.tree, claim.what


def _is_parameter(run: Run, tree: Tree, after: int) -> bool:
    place = find(run, run.program(after), tree)
    return place is not None and place.var.role == "parameter"


def _family(run: Run, tree: Tree, after: int) -> str:
    with suppress(QuantityError):
        place = find(run, run.program(after), tree.base if isinstance(tree, Attribute) else tree)
        if place is not None:
            return place.var.name
    return ""


def _number(run: Run, tree: Tree, after: int, sample: int | None) -> float:
    """Raises QuantityError for what is no single number."""
    found = np.asarray(evaluate(run, tree, after, lane_of(run, after, sample)), float)
    if found.size != 1:
        raise QuantityError("not one number")
    return float(found.ravel()[0])


def _agrees(text: str, value: float) -> bool:
    return judge(text, value) in ("agrees", "last digit")


def _plain(both: Both, update: int, end: int) -> Iterator[tuple[str, int]]:
    """The loss soon and at the end, and the outputs at the end."""
    program = both.a.program(end)
    for after in dict.fromkeys((min(update + 1, end), end)):
        yield program.watched.name, after
    outs = [var for name, var in program.aliases.items() if name.endswith(".out")] + [
        block.out for block in program.blocks if block.phase == "forward"]
    if outs:
        last = max(outs, key=lambda var: program.home_of.get(var, 0))
        for element in range(min(last.lane_size, MOST_OUTPUTS)):
            yield quantity_text(program, Namer(both.a.scenario), last, element), end


def thinned(found: Sequence[Outcome], room: int) -> list[Outcome]:
    """The rows that there is room for: of each tensor the first, then those that come last; in their order."""
    order = sorted(range(len(found)), key=lambda n: (found[n].made, n))
    first: dict[tuple[str, str, int], int] = {}
    for n in order:
        one = found[n]
        first.setdefault((one.family, one.printed, one.made if one.family == "" or not one.printed else 0), n)
    chosen = list(dict.fromkeys((*first.values(), *reversed(order))))[:max(0, room)]
    return [found[n] for n in order if n in chosen]


def conclusion(found: Sequence[Outcome], letters: tuple[str, str], late: bool) -> str:
    """Whose figures the source prints, in a sentence; nothing where it prints none that tell the runs apart.

    A source whose steps through the first update are one run's, and all that comes later the other's, where the
    other changes weights before it reads them: that is a text, and a program that is not quite the text.
    """
    told = [one for one in found if one.printed]
    whose = [[one for one in told if one.printed == letter] for letter in letters]
    if not told or (not whose[0] and not whose[1]):
        return ""
    if late and all(whose):
        for text, program, names in ((whose[0], whose[1], letters), (whose[1], whose[0], letters[::-1])):
            if all(one.made == 0 for one in text) and all(one.made > 0 for one in program):
                return f"So the source describes {names[0]}, and its program ran {names[1]}."
    counts = " and ".join(f"{len(each)} {'is' if len(each) == 1 else 'are'} {letter}'s"
                          for each, letter in zip(whose, letters, strict=True))
    return f"Of {counted(len(told), 'printed figure')} that tell{'s' * (len(told) == 1)} them apart, {counts}."
