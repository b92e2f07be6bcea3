"""Evaluates the language of quantities: `d(E, w5)`, `w5.grad`, `hidden.weights[1,0]`, `abs(w5 - w5@0) < 0.1`.

A tree is evaluated at an update and for one sample (lane). Results are floats, booleans, or arrays without a
sample axis. What cannot be had raises QuantityError, in one sentence.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine.dialects import ARRAYS
from ..engine.laws import COMPARISONS, CONSTANTS, FUNCTIONS
from ..engine.program import Program, Var
from ..scenario.errors import ExpressionError, QuantityError, ScenarioError
from ..scenario.expression import read_quantity
from ..scenario.trees import Attribute, Call, Index, Name, Number, Operation, Pin, Tree
from .meaning import Meaning, Place, dotted, find, kind_of, meaning, meant, misfit, unknown
from .run import Run

Value = float | bool | np.ndarray
MOST_NUMBERS = 10_000
MOST_SPREAD = 10**6                                 # numbers that smaller tensors are made into
NEAR = {"straight": 20_000, "arrays": 100}          # updates that take no time, by executor


@dataclass(frozen=True)
class Moment:
    """Where a quantity is evaluated."""

    run: Run
    update: int
    lane: int | None                                # None: the selected data row is not in this update's batch

    @property
    def program(self) -> Program:
        return self.run.program(self.update)

    def read(self, var: Var) -> np.ndarray:
        """A variable's values for the sample, without the sample axis."""
        whole = self.run.env(self.update).array(var)
        return whole[self.sample(var)] if var.lanes else whole

    def sample(self, *variables: Var) -> int:
        """The selected sample's place in the batch, for variables of which one may depend on the data."""
        if self.lane is None and any(v.lanes for v in variables):
            raise QuantityError(f"{variables[0].name} is of a sample that is not in the batch of update {self.update}")
        return self.lane or 0


def evaluate_text(run: Run, text: str, update: int, sample: int | None = None) -> Value:
    if update < 0:
        raise QuantityError(f"a run has no update {update}: updates count from 0")
    try:
        tree = read_quantity(text)
    except ExpressionError as error:
        raise QuantityError(str(error)) from None
    return evaluate(run, tree, update, lane_of(run, update, sample))


def lane_of(run: Run, update: int, sample: int | None) -> int:
    """The place in the batch of data row `sample` (from 1); the first by default. Raises QuantityError."""
    rows = run.rows(update)
    if sample is None:
        return 0
    if sample - 1 not in rows:
        listed = ", ".join(str(r + 1) for r in sorted(rows)[:20]) + (" …" if len(rows) > 20 else "")
        raise QuantityError(f"sample {sample} is not in the batch of update {update}; its rows are {listed}")
    return rows.index(sample - 1)


def evaluate(run: Run, tree: Tree, update: int, lane: int | None = 0) -> Value:
    """The value of `tree` after `update` updates for the sample at `lane` of the batch; None: it is not in it.

    `update` may lie past the end of the run; what is pinned may not lie past both. Where the run does not wait, because
    somebody is at a keyboard, what it has not come to yet raises NotYet.
    """
    if not run.waits and far(run, update):
        _reach(run, update)
    with np.errstate(all="ignore"):
        value = _value(Moment(run, update, lane), tree)
    if isinstance(value, np.ndarray) and value.ndim:
        return value.copy()                         # the past is read-only
    return bool(value) if isinstance(value, bool | np.bool_) else float(value)


def _value(at: Moment, tree: Tree) -> Any:  # noqa: C901
    tree = meant(at.run, at.program, tree)
    match tree:
        case Number(value=value):
            return value
        case Pin(base, pinned):
            update = at.update - 1 if pinned == "prev" else pinned
            if update < 0:
                raise QuantityError("there is no update before the first: @prev needs one")
            if update > at.update:
                _reach(at.run, update)
            return _value(Moment(at.run, update, _same_row(at, update)), base)
        case Call("changed", (inner,)):
            return at.update > 0 and not same_bits(_value(at, inner), _value(_before(at), inner))
        case Call(function, args) if function != "d":
            return call(function, [_value(at, a) for a in args])
        case Operation(operator, args):
            return _operate(at, operator, args)
    found = meaning(at.run, at.program, tree)
    if found is not None:
        return _of_meaning(at, found)
    match tree:
        case Name(id=name) if name in CONSTANTS:
            return CONSTANTS[name]
        case Attribute(base, part):
            return _over_set(at, base, part)
        case Index(base, index):
            whole = np.asarray(_value(at, base))
            if len(index) != whole.ndim or any(not 0 <= i < n for i, n in zip(index, whole.shape, strict=True)):
                raise misfit(index, whole.shape)
            return whole[index]
    return float(at.run.forward_passes(at.update))


def _of_meaning(at: Moment, found: Meaning) -> Any:
    """The value of what a quantity means."""
    var, element = found.place.var, found.place.element
    match found.kind:
        case "derivative":
            assert found.of is not None
            return _derivative(at, found.of, found.place)
        case "grad":
            return _element(at.read(at.program.gradients[var]), element)
        case "next":
            return _element(at.read(at.program.nexts[var]), element)
        case "change":
            return _element(at.read(at.program.nexts[var]) - at.read(var), element)
        case "value":
            return _element(at.read(var), element)


class NotYet(QuantityError):
    """A quantity of an update that the run has not come to: whoever asks may run on, and ask again."""


def far(run: Run, update: int) -> bool:
    """Whether going to an update takes longer than a key may take."""
    return update > run.known + NEAR[run.schedule.kind]


def past_the_end(run: Run) -> QuantityError:
    most = "at most " if run.may_end and not run.ended and run.known < run.updates else ""
    return QuantityError(f"the run ends after {most}{run.updates:,} update{'s' * (run.updates != 1)}")


def _reach(run: Run, update: int) -> None:
    """Raises QuantityError where a run has no such update, NotYet where it would have to be waited for."""
    if update <= run.updates and not run.waits and far(run, update):
        raise NotYet(f"not yet: the run is at {run.known:,} of {update:,} updates")
    if not run.goes_on(update - 1):
        raise past_the_end(run)


def _same_row(at: Moment, update: int) -> int | None:
    """Where the selected data row stands in another update's batch."""
    rows = at.run.rows(update)
    row = at.run.rows(at.update)[at.lane] if at.lane is not None else None
    return rows.index(row) if row in rows else None


def _before(at: Moment) -> Moment:
    """The same place of the batch one update before, whichever row stood there: what `changed` compares with."""
    update = at.update - 1
    return Moment(at.run, update, min(at.lane or 0, at.run.program(update).samples - 1))


def _element(value: np.ndarray, element: int | None) -> Any:
    return value if element is None else value.reshape(-1)[element]


def _over_set(at: Moment, base: Tree, part: str) -> Any:
    """A forward or loss quantity over a whole set, in evaluation mode: `E.validation`, `out_o1.training`.

    What depends on the data has a value for each row of the set, in the order of the file.
    """
    held = part == "validation"
    if held and at.run.model.held is None:
        raise QuantityError(f"{at.run.scenario.name} has no validation data")
    try:
        program = at.run.schedule.evaluator(held, at.update).program
    except ScenarioError as error:                  # it is more than can be held
        raise QuantityError(error.problems[0].message) from None
    place = find(at.run, program, base)
    name = dotted(base) or "this"
    if place is None or place.var.role not in ("forward", "loss", "data"):
        if place is not None:
            raise QuantityError(f".{part} is of a forward or loss quantity; {name} is {kind_of(place.var)}")
        raise unknown(at.run, program, name)
    if place.var.role == "loss" and held and not at.run.model.judged:
        raise QuantityError(f"the validation data has no targets, so there is no {name} of it")
    values = at.run.evaluation(at.update, held).array(place.var)
    if place.element is None:
        return values
    return values.reshape(len(values), -1)[:, place.element] if place.var.lanes else values.reshape(-1)[place.element]


def _derivative(at: Moment, of: Place, by: Place) -> Any:
    """d(y, x): x's shape for a scalar y, (*y, *x) for a tensor; total along all paths."""
    width = by.var.lane_size if by.element is None else 1
    if of.element is None and of.var.lane_size * width > MOST_NUMBERS:
        raise QuantityError(f"this Jacobian has {of.var.lane_size * width} numbers; at most {MOST_NUMBERS} are shown: "
                            f"index {of.var.name} or {by.var.name}")
    elements = range(of.var.lane_size) if of.element is None else [of.element]
    rows: list[np.ndarray] = []
    for element in elements:
        lane = at.sample(of.var, by.var)
        whole = at.run.derivative(at.update, (of.var, of.var.flat(element, lane)), by.var)
        mine = whole[lane] if by.var.lanes else whole
        rows.append(mine if by.element is None else mine.reshape(-1)[by.element])
    if of.element is not None:
        return rows[0]
    return np.array(rows).reshape(*of.var.lane_shape, *np.shape(rows[0]))


def bits(value: Any) -> np.ndarray:
    """What `changed` compares: the bits, so that -0.0 is not 0.0. All NaNs are one: which of them arithmetic makes of
    two is the processor's business."""
    value = np.asarray(value, float)
    return np.where(np.isnan(value), np.nan, value).view(np.int64)


def same_bits(a: Any, b: Any) -> bool:
    return np.array_equal(bits(a), bits(b))


ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "**": np.power,
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
}


def _operate(at: Moment, operator: str, args: tuple[Tree, ...]) -> Any:
    if operator == "neg":
        return -np.asarray(_value(at, args[0]), float)
    if operator == "not":
        return not _truth(_value(at, args[0]))
    if operator == "and":
        return all(_truth(_value(at, a)) for a in args)
    if operator == "or":
        return any(_truth(_value(at, a)) for a in args)
    a, b = (np.asarray(_value(at, x), float) for x in args)
    _measured(a, b)
    try:
        result = ARITHMETIC[operator](a, b)
    except ValueError:
        raise QuantityError(f"shapes {list(a.shape)} and {list(b.shape)} do not fit together at {operator!r}") from None
    if operator in COMPARISONS:                     # comparisons with NaN are false, != too
        result = result & ~(np.isnan(a) | np.isnan(b))
    return result


def _measured(*values: Any) -> None:
    """Refuse what small tensors would be spread out to. Raises QuantityError."""
    try:
        made = math.prod(np.broadcast_shapes(*map(np.shape, values)))
    except ValueError:                              # they do not fit, and whoever computes says so
        return
    if made > max(MOST_SPREAD, *map(np.size, values)):
        raise QuantityError(f"the tensors are spread out to {made:,} numbers; at most {MOST_SPREAD:,} can be held")


def _truth(value: Any) -> bool:
    if np.ndim(value):
        raise QuantityError("a tensor is neither true nor false; use any() or all()")
    return bool(value) and not math.isnan(value)


def _angle(a: Any, b: Any) -> float:
    """The angle between two tensors, in degrees."""
    a, b = np.ravel(a), np.ravel(b)
    cosine = a @ b / (np.linalg.norm(a) * np.linalg.norm(b))
    return math.degrees(math.acos(float(np.clip(cosine, -1.0, 1.0))))


def _extreme(pick: Callable[..., Any], pairwise: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def function(*args: Any) -> Any:
        if len(args) == 1:
            return pick(args[0])
        result = args[0]
        for x in args[1:]:
            result = pairwise(result, x)
        return result
    return function


_CALLS: dict[str, Callable[..., Any]] = {
    "abs": np.abs, "norm": lambda x: math.sqrt(float(np.sum(np.square(x)))), "mean": np.mean, "sum": np.sum,
    "dot": lambda a, b: float(np.ravel(a) @ np.ravel(b)), "angle": _angle, "sign": np.sign, "isnan": np.isnan,
    "isfinite": np.isfinite, "any": lambda x: bool(np.any(x)), "all": lambda x: bool(np.all(x)),
    "max": _extreme(np.max, np.maximum), "min": _extreme(np.min, np.minimum),
}


SPREAD = _CALLS.keys() - {"dot", "angle"} | FUNCTIONS.keys()    # what is done to each number with each


def call(function: str, args: list[Any]) -> Any:
    if function in SPREAD:
        _measured(*args)
    try:
        if function in _CALLS:
            return _CALLS[function](*args)
        if function in FUNCTIONS:
            return FUNCTIONS[function].law(ARRAYS, *(np.asarray(a, float) for a in args))
    except (ValueError, TypeError, ZeroDivisionError):
        raise QuantityError(f"{function}() does not fit what it was given") from None
    raise QuantityError(f"{function}() cannot be used in a quantity")
