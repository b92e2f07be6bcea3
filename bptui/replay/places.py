"""Positions as text, as they are typed after `g` and `--at`, and shown: `#120:31`, `50%`, `e12`, a quantity."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import numpy as np

from ..engine.program import LEAVES, Block, Program, Var
from ..scenario.errors import ExpressionError, QuantityError, quoted
from ..scenario.expression import read_quantity
from ..scenario.trees import Pin, Tree
from .leaves import end_of_derivatives, leaves_of
from .meaning import Meaning, first_of, meaning
from .quantity import past_the_end
from .run import Run
from .timeline import Position, Timeline


def write_position(run: Run, position: Position) -> str:
    """A position that can be typed back: `#120:31`, and `#120:31.2` in the making of value 31."""
    inner = f".{position.inner}" if position.inner < run.times(position.update).stops(position.value) else ""
    return f"#{position.update}:{position.value}{inner}"


def read_position(run: Run, text: str, update: int = 0) -> Position:
    """The position that `text` names; `update` is where a quantity without `@` is looked for.

    Raises QuantityError, in one sentence.
    """
    return look_up(run, text, update)[0]


def look_up(run: Run, text: str, update: int = 0) -> tuple[Position, Meaning | None]:
    """The position that `text` names, and what it means where it is a quantity. Raises QuantityError."""
    text = text.strip()
    if (place := _written(run, text)) is not None:
        return place, None
    try:
        tree = read_quantity(text)
    except ExpressionError as error:
        raise QuantityError(f"{quoted(text)} is no position: 120, #120:31, 50%, e12 or a quantity ({error})") from None
    if isinstance(tree, Pin):
        if tree.at == "prev":
            raise QuantityError("go to a number of updates: w5@3")
        tree, update = tree.base, tree.at
    if update and not run.goes_on(update - 1):
        raise past_the_end(run)
    times = run.times(update)
    found = asked(run, times.program, tree, text)
    value = number(times, found)
    return Position(update, value, times.stops(value)), found


def _written(run: Run, text: str) -> Position | None:
    """A position by its numbers; None for a quantity. Raises QuantityError."""
    if match := re.fullmatch(r"#?([0-9]{1,18})(?::([0-9]{1,18})(?:\.([0-9]{1,18}))?)?", text):
        return _at(run, int(match[1]), int(match[2] or 0), None if match[3] is None else int(match[3]))
    if match := re.fullmatch(r"([0-9]{1,18}(?:\.[0-9]{1,18})?)\s*%", text):
        share = float(match[1])
        if share > 100:
            raise QuantityError(f"{text} is past the end of the run")
        return Position(int(run.finish() * share / 100))
    if match := re.fullmatch(r"e([0-9]{1,18})", text):
        return _at(run, int(match[1]) * run.schedule.batches, 0)
    return None


def _at(run: Run, update: int, value: int, inner: int | None = None) -> Position:
    if update and not run.goes_on(update - 1):
        raise past_the_end(run)
    times = run.times(update)
    if value > times.count:
        raise QuantityError(f"update {update} has {times.count:,} values; value {value} is past its end")
    stops = times.stops(value)
    if inner is not None and not min(1, stops) <= inner <= stops:
        raise QuantityError(f"value {value} has {stops} stops; {inner} is none of them")
    return Position(update, value, stops if inner is None else inner)


def asked(run: Run, program: Program, tree: Tree, text: str) -> Meaning:
    """What `text` names, as one value of an update: of a tensor the first. Raises QuantityError, in one sentence."""
    found = meaning(run, program, tree)
    if found is not None:
        return first_of(program, found)
    for leaf in leaves_of(run, program, tree):      # an expression: a name in it may be wrong
        meaning(run, program, leaf)
    raise QuantityError(f"{quoted(text.strip())} is not one value of the run: name one, as w5, net_h1 or d(E, w5)")


def quantity(run: Run, times: Timeline, tree: Tree, text: str) -> int:
    """The number of the value that makes a quantity in an update; 0 where it is there from the start of it.

    A derivative that the run does not make has the number of the last that it makes: it is shown from there on.
    """
    return number(times, asked(run, times.program, tree, text))


def number(times: Timeline, found: Meaning) -> int:
    """The number of the value that makes what was asked for: one value. Raises QuantityError."""
    program, place = times.program, found.place
    if found.kind == "derivative":
        made = own(times, found)
        return times.number(times.blocks.index(made), place.element or 0) if made is not None else \
            end_of_derivatives(times)
    var = place.var
    if found.kind != "value":
        var = program.gradients[var] if found.kind == "grad" else program.nexts[var]
    elif var.role in LEAVES:
        return 0
    block = program.home_of.get(var.base)
    if block is None or block >= len(times.blocks):
        raise QuantityError("after the last update nothing is updated: there is no such step")
    return times.number(block, min(place.element or 0, times.blocks[block].out.lane_size - 1))


def own(times: Timeline, found: Meaning) -> Block | None:
    """The block of the run that makes a derivative of the cost; None where it is another, or the run makes none."""
    if found.of is None or found.of.var is not times.program.cost:
        return None
    return next((b for b in times.blocks if b.out.derivative_of is found.place.var), None)


def same_value(times: Timeline, at: Position, theirs: Timeline, update: int) -> Position | None:
    """Where another update, perhaps of another run, makes the value that was made last at `at`, or is in the making."""
    if at.value == 0:
        return Position(update)
    block, element = times.locate(at.value)
    here = times.blocks[block]
    there = next((n for n, b in enumerate(theirs.blocks) if (b.out.name, b.phase, b.out.lane_size) == (
        here.out.name, here.phase, here.out.lane_size)), None)
    if there is None:
        return None
    value = theirs.number(there, element)
    stops = theirs.stops(value)
    return Position(update, value, stops if at.inner >= times.stops(at.value) else min(at.inner, stops))


# values by name, for all updates of a kind

def called(run: Run, times: Timeline, place: str) -> tuple[int, ...]:
    """The numbers of the values that a quantity, or a pattern of names, means in an update; none where it has none.

    A derivative that no update makes is known at the end of the derivatives of each. The names of a value are
    phase/layer/name and phase/name, where ∂E/∂w5 and the update of w5 are called w5.
    """
    if is_pattern(place):
        pattern = place.replace("[", "[[]")         # brackets are part of a name
        return tuple(times.number(n, element) for n, block in enumerate(times.blocks)
                     for element, names in enumerate(_names(times, n))
                     if any(fnmatchcase(f"{block.phase}/{name}", pattern)
                            or (block.group and fnmatchcase(f"{block.phase}/{block.group}/{name}", pattern))
                            for name in names))
    tree = read_quantity(place)
    try:
        found = asked(run, times.program, tree, place)
        value = number(times, found)
        if found.kind == "derivative" and own(times, found) is None and _is_made(run, tree, place):
            return ()
    except QuantityError:
        return ()
    return (value,) if value else ()


def _is_made(run: Run, tree: Tree, text: str) -> bool:
    """Whether an update of some objective makes a derivative: then it is no step of the other updates."""
    looked = (run.times(n) for n in run.one_turn)
    return any(own(times, asked(run, times.program, tree, text)) is not None for times in looked)


def is_pattern(place: str) -> bool:
    """Whether a place is a pattern of names, not a quantity, as ∂E/∂w5 and dE/dw5 are."""
    return "*" in place or ("/" in place and re.match(r"∂|d[A-Za-z_]\w*\s*/\s*d", place) is None)


def _names(times: Timeline, block: int) -> list[list[str]]:
    """What the elements of a block are called in a pattern."""
    out = times.blocks[block].out
    of = out.derivative_of or (out.of[0] if out.role == "next" else out)
    var = of if of.lane_size == out.lane_size else out
    found = [[f"{var.name}{_index(var, e)}"] for e in range(out.lane_size)]
    for name, (named, element) in times.program.names.items():
        if named is var:
            found[element].append(name)
    return found


def _index(var: Var, element: int) -> str:
    if var.lane_shape == ():
        return ""
    return f"[{','.join(str(int(i)) for i in np.unravel_index(element, var.lane_shape))}]"
