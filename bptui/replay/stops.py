"""Stops: what a run is to stop at, in one line that can be typed, shown and kept.

    d(E, w5)                       where ∂E/∂w5 is made, in every update
    update/w5   backward/output/*  where the values of these names are made: phase/layer/name, phase/name
    E < 0.001                      wherever it holds
    becomes E < 0.001              only where it begins to
    changed(w5)                    the steps that write another value into w5
    d(E, w5) if E < 0.1            where ∂E/∂w5 is made, in the updates in which that holds
    … sample 4                     for row 4 of the data
    … after 2                      only after the first hit of stop 2
    … hit 3   hit >= 10   hit % 100      only those of its hits
    … once                         is off when it has stopped once
    … log E, d(E, w5)              does not stop: its hits fill a table
    not finite   dead   trouble    one kind of what x looks for, or any
    nan   inf   overflow           the first value that is one, whatever began it

A stop's hits are those of the run, in the order of the run, however often and from which side somebody came by.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ..scenario.decimals import with_points
from ..scenario.errors import ExpressionError, QuantityError, did_you_mean, quoted
from ..scenario.expression import read_quantity
from ..scenario.trees import Call, Operation, Pin, Tree
from .columns import first_had
from .condition import Condition
from .leaves import depends_on_sample, varies, walk
from .places import called, is_pattern, quantity
from .quantity import past_the_end
from .run import Run
from .trouble import KINDS

ANY = "trouble"
TAIL = re.compile(r"\s(?:(once)|after\s+([0-9]{1,6})|sample\s+([0-9]{1,9})"
                  r"|hit\s*(==|!=|>=|<=|>|<|%)?\s*([0-9]{1,12}))$")
LOG = re.compile(r"\slog(?:\s+(?=[^\s(])|$)")
TRUE = frozenset(("<", "<=", ">", ">=", "==", "!=", "and", "or", "not"))
TRUE_CALLS = frozenset(("changed", "isnan", "isfinite", "any", "all"))
LONGEST = 500


@dataclass(frozen=True)
class Stop:
    """`place` is a name or a pattern of names, `condition` a quantity that is true or false; or it is of `trouble`."""

    place: str = ""
    condition: str = ""
    becomes: bool = False
    trouble: str = ""
    sample: int | None = None
    after: int | None = None                        # another stop, by its number
    hit: tuple[str, int] | None = None
    once: bool = False
    log: tuple[str, ...] | None = None

    @property
    def what(self) -> str:
        """What it stops at, without its options."""
        if self.trouble:
            return self.trouble
        if not self.place:
            return f"{'becomes ' * self.becomes}{self.condition}"
        return f"{self.place} if {self.condition}" if self.condition else self.place


def write_stop(stop: Stop) -> str:
    """The line that reads as this stop."""
    parts = [stop.what]
    parts += [f"sample {stop.sample}"] if stop.sample is not None else []
    parts += [f"after {stop.after}"] if stop.after is not None else []
    parts += [f"hit {stop.hit[0]} {stop.hit[1]}"] if stop.hit is not None else []
    parts += ["once"] if stop.once else []
    parts += [f"log {', '.join(stop.log)}"] if stop.log is not None else []
    return " ".join(parts)


def read_stop(text: str) -> Stop:
    """The stop that a line says, without a look at any run. Raises QuantityError, in one sentence."""
    text = " ".join(text.split())
    if not text:
        raise QuantityError("say what to stop at: d(E, w5), E < 0.001, changed(w5), update/w5 or trouble")
    if len(text) > LONGEST:
        raise QuantityError(f"a stop has at most {LONGEST} characters")
    if not text.isprintable():
        raise QuantityError(f"{quoted(text)} has characters that cannot be shown")
    split = LOG.search(text)
    stop = Stop() if split is None else Stop(log=_logged(text[split.end():]))
    head = text if split is None else text[:split.start()]
    while (tail := TAIL.search(head)) is not None:
        once, after, sample, compared, count = tail.groups()
        said = {"once": True} if once else {"after": int(after)} if after else {"sample": int(sample)} if sample else \
            {"hit": (compared or "==", int(count))}
        ((option, value),) = said.items()
        if getattr(stop, option):
            raise QuantityError(f"{option} is said twice")
        if 0 in (value, value[1] if isinstance(value, tuple) else 1):
            raise QuantityError(f"{'stop' if option == 'after' else option}s count from 1")
        stop = replace(stop, **said)                # type: ignore[arg-type]
        head = head[:tail.start()]
    return _with_what(stop, head.strip())


def _logged(said: str) -> tuple[str, ...]:
    each = split_commas(said)
    for text in each:
        _tree(text, "log ")
    if not each:
        raise QuantityError("say what to log: log E, d(E, w5)")
    return each


def split_commas(text: str) -> tuple[str, ...]:
    """Parts between commas that stand in no bracket, and are not those of a decimal fraction."""
    text, unclear = with_points(text)
    if unclear:
        raise QuantityError(unclear)
    parts, depth = [""], 0
    for c in text:
        depth += (c in "([") - (c in ")]")
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    return tuple(p.strip() for p in parts if p.strip())


def _tree(text: str, before: str = "") -> Tree:
    try:
        return read_quantity(text)
    except ExpressionError as error:
        raise QuantityError(f"{before}{quoted(text)}: {error}") from None


def _with_what(stop: Stop, text: str) -> Stop:
    if text.lower() in (*KINDS, ANY):
        return replace(stop, trouble=text.lower())
    if text.startswith("becomes "):
        return replace(stop, condition=_condition(text.removeprefix("becomes ").strip()), becomes=True)
    place, found, condition = text.partition(" if ")
    if found:
        if _is_condition(place):
            raise QuantityError(f"{quoted(place)} is a condition, and there is another after 'if': write and")
        return replace(stop, place=place, condition=_condition(condition))
    return replace(stop, condition=text) if _is_condition(text) else replace(stop, place=text)


def _is_condition(text: str) -> bool:
    """Whether a text is a condition, not a place. Raises QuantityError where it is neither."""
    try:
        return is_condition(read_quantity(text))
    except ExpressionError as error:
        if is_pattern(text):
            return False
        near = did_you_mean(text, (*KINDS, ANY))
        raise QuantityError(f"{quoted(text)} is nothing to stop at: {error}{near}") from None


def _condition(text: str) -> str:
    if not is_condition(_tree(text)):
        raise QuantityError(f"{quoted(text)} is a number, not a condition: compare it with one, or use changed()")
    return text


def is_condition(tree: Tree) -> bool:
    """Whether a tree is true or false by what it is."""
    match tree:
        case Operation(operator, _):
            return operator in TRUE
        case Call(function, _):
            return function in TRUE_CALLS
        case _:
            return False


# against a run

def fitted(run: Run, stop: Stop, sample: int) -> Stop:
    """The stop with what it leaves open said: a condition on one sample is on the selected one, by its row.

    Raises QuantityError where the run does not have what it names.
    """
    rows = run.model.rows.count
    if stop.sample is not None and stop.sample > rows:
        raise QuantityError(f"the data has {rows:,} rows; sample {stop.sample} is past their end")
    looked = run.one_turn
    logged = [read_quantity(text) for text in stop.log or ()]
    trees = [read_quantity(stop.condition), *logged] if stop.condition else logged
    if stop.sample is None and rows > 1 and any(depends_on_sample(run, run.program(n), tree)
                                                for n in looked for tree in trees):
        stop = replace(stop, sample=sample)
    if stop.condition:
        condition_of(run, stop)
    for tree in logged:
        first_had(run, tree, stop.sample)
    if stop.place and not any(called(run, run.times(n), stop.place) for n in looked):
        if not is_pattern(stop.place) and not quantity(run, run.times(0), read_quantity(stop.place), stop.place):
            raise QuantityError(f"no step of an update makes {quoted(stop.place)}, which is there from its start: "
                                f"changed({stop.place}) stops where it changes")
        raise QuantityError(f"no step of an update makes {quoted(stop.place)}: a name, or phase/layer/name with * "
                            "for any")
    return stop


def condition_of(run: Run, stop: Stop) -> Condition:
    """The condition of a stop. Raises QuantityError where the run does not have what it names."""
    tree = read_quantity(stop.condition)
    if any(isinstance(part, Pin) and part.at != "prev" and part.at > run.updates for part in walk(tree)):
        raise past_the_end(run)
    if not varies(tree):
        raise QuantityError(f"{quoted(stop.condition)} is the same at every update: there is nothing to stop at")
    return Condition(run, tree, stop.sample)
