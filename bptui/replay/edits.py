"""Edits of a run, as a person types them: `w5 = 0.3`, `i1 = i1 * 2`, `optimizer = adam`, `hidden.activation = relu`.

On the left stands what goes into an update and is not made by it: a parameter, what the optimizer keeps of it, a
number of the data, a key of [training] or an activation. On the right stands a number, as an expression in the
language of quantities, or a word. Words and keys go through the checks of the file. What cannot be raises
QuantityError, in one sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..engine.form import Editable
from ..engine.optimizers import OPTIMIZERS, SETTINGS
from ..engine.program import Program
from ..scenario.errors import ExpressionError, QuantityError, did_you_mean, near_or_known, one_of, quoted
from ..scenario.expression import read_quantity
from ..scenario.records import Scenario, Training
from ..scenario.schema import OF_OPTIMIZERS, TRAINING
from ..scenario.sections import ScenarioFile, read_training
from ..scenario.trees import Attribute, Call, Index, Name, Number, Pin, Tree
from ..scenario.values import Wrong
from .quantity import Place, dotted, evaluate, find
from .run import Run

PLAIN = ("learning_rate", "perturbation", "clip_norm", "clip_value")
ADAMS = {"beta1": 0, "beta2": 1}                    # their places in `betas`
SWITCHES = ("nesterov",)
KEYS = ("optimizer", *PLAIN, *(key for key in OF_OPTIMIZERS if key not in ("betas", "rho")), *ADAMS)
SYMBOLS = {symbol: key for key, symbol in SETTINGS.items() if not symbol.isascii()}      # η, β1, …
OTHER_NAMES = {"rho": "alpha"}
MADE = ("grad", "change", "next", "training", "validation")     # what stands after a dot and is made by the run
MOST_TOLD = 12                                      # names that can be edited, where none is near
SAME = "already: this edit changes nothing"


@dataclass(frozen=True)
class Edit:
    """One edit, read. `text` can be typed again; `right` is what stands after the `=`."""

    text: str
    name: str
    left: Tree
    right: str

    @property
    def quoted(self) -> str:
        """The right side as a word, with or without the quotes that it has in a file."""
        return self.right[1:-1] if re.fullmatch(r'"[^"]*"', self.right) else self.right


def read_edit(text: str) -> Edit:
    """`name = value` in its parts, with Greek letters as the keys that they stand for."""
    spaced = " ".join(text.split())
    for symbol, key in SYMBOLS.items():
        spaced = spaced.replace(symbol, key)
    found = re.fullmatch(r"([^=]*[^=<>!]) ?=(?!=) ?(.+)", spaced)
    if found is None:
        raise QuantityError(f"an edit is a name, = and a value, as in w5 = 0.3, not {quoted(text)}")
    left, right = found[1].strip(), found[2]
    try:
        tree = read_quantity(left)
    except ExpressionError as error:
        raise QuantityError(f"{quoted(left)} is nothing to edit: {error}") from None
    name = name_text(tree) or left
    try:
        value = read_quantity(right)
    except ExpressionError:                         # a word, or wrong: whoever reads it as a number says so
        value = None
    if isinstance(value, Number) and tree != Name("optimizer"):
        right = repr(value.value).removesuffix(".0")
    return Edit(f"{name} = {right}", name, tree, right)


def name_text(tree: Tree) -> str | None:
    """A name as text: `hidden.weights[0,1]`."""
    match tree:
        case Index(base, index):
            inner = name_text(base)
            return f"{inner}[{','.join(map(str, index))}]" if inner else None
        case Attribute(base, part):
            inner = name_text(base)
            return f"{inner}.{part}" if inner else None
    return dotted(tree)


@dataclass(frozen=True)
class Here:
    """Where edits count from: the run as it is before them, the update, and the data row (from 0) that is meant."""

    run: Run
    update: int
    row: int

    @property
    def scenario(self) -> Scenario:
        return self.run.model.scenario

    @property
    def after(self) -> str:
        return f"after {self.update:,} update{'s' * (self.update != 1)}"

    def number(self, edit: Edit) -> np.ndarray:
        """What stands on the right, as it is before the edits: finite numbers."""
        try:
            tree = read_quantity(edit.right)
        except ExpressionError as error:
            raise QuantityError(f"{edit.name} takes a number: {error}") from None
        rows = self.run.rows(self.update)
        value = evaluate(self.run, tree, self.update, rows.index(self.row) if self.row in rows else None)
        if isinstance(value, bool):
            raise QuantityError(f"{edit.name} takes a number, and {quoted(edit.right)} is true or false")
        if not np.isfinite(value).all():
            shown = f"{value:g}" if isinstance(value, float) else "not finite everywhere"
            raise QuantityError(f"{edit.name} takes a finite number, and {quoted(edit.right)} is {shown}")
        return np.asarray(value, float)


# keys of [training], and the form

def key_of(here: Here, edit: Edit) -> str | None:
    """The key of [training] that is edited, if it is one: the scenario's own names come first."""
    name = OTHER_NAMES.get(edit.name, edit.name)
    place = find(here.run, here.run.program(here.update), edit.left)
    if place is not None and place.var.role != "setting":
        return None
    if name in KEYS:
        return name
    if name == "betas":
        raise QuantityError("betas are two numbers: edit beta1 or beta2")
    if name in TRAINING:
        raise QuantityError(f"{name} is settled for the whole run: change it in the file")
    keys = [key for key, symbol in SETTINGS.items() if symbol == name and place is not None]
    if keys:
        raise QuantityError(f"{name} stands for {one_of(keys)}: edit that")
    return None


def of_form(here: Here, edit: Edit) -> Editable | None:
    """What is edited of the form, if it is something of it: a layer's activation."""
    form, left = here.run.model.form, edit.left
    words = form.words()
    if not isinstance(left, Attribute) or left.name not in words.edited:
        return None
    name, groups = dotted(left.base) or "", {group.name: group for group in form.groups}
    if name not in groups:
        raise QuantityError(f"there is no {words.part} {quoted(name)}{did_you_mean(name, groups)}: {one_of(groups)}")
    if edit.name not in form.editable:
        raise QuantityError(f"{groups[name].kind} has no {left.name} to edit")
    return form.editable[edit.name]


def rewritten(here: Here, edits: Sequence[Edit]) -> tuple[Scenario, list[Edit]]:
    """The scenario with the edits of its [training] and of its form in it, and the edits that are left."""
    scenario, keys, left, formed = here.scenario, dict[str, Edit](), list[Edit](), set[str]()
    for edit in edits:
        if (key := key_of(here, edit)) is not None:
            if key in keys:
                raise QuantityError(f"{key} is edited twice")
            keys[key] = edit
        elif (of := of_form(here, edit)) is not None:
            scenario = _formed(scenario, of, edit, edit.name in formed)
            formed.add(edit.name)
        else:
            left.append(edit)
    if keys:
        scenario = replace(scenario, training=_trained(here, scenario.training, keys))
    return scenario, left


def _formed(scenario: Scenario, of: Editable, edit: Edit, again: bool) -> Scenario:
    try:
        new = of.change(scenario, edit.quoted)
    except Wrong as wrong:
        raise QuantityError(wrong.message) from None
    if again:
        raise QuantityError(f"{edit.name} is edited twice")
    if new is None:
        raise QuantityError(f"{edit.name} is {of.now} {SAME}")
    return new


def _trained(here: Here, old: Training, edits: Mapping[str, Edit]) -> Training:
    """`old` with its keys edited, read again as if a file said so. Another optimizer begins with its defaults."""
    optimizer = edits["optimizer"].quoted if "optimizer" in edits else old.optimizer
    options = {} if "optimizer" in edits else dict(old.options)
    known = {**OPTIMIZERS[optimizer].options, **options} if optimizer in OPTIMIZERS else options
    if "optimizer" in edits and optimizer == old.optimizer:
        raise QuantityError(f"the optimizer is {optimizer} {SAME}")
    new: dict[str, object] = {}
    for key, edit in edits.items():
        if key == "optimizer":
            continue
        _check_rate(old, key, edit)
        new[key] = edit.right == "true" if key in SWITCHES and edit.right in ("true", "false") else _one(here, edit)
        if new[key] == (getattr(old, key) if key in PLAIN else known.get(key)):
            raise QuantityError(f"{key} is {edit.right if key in SWITCHES else f'{new[key]:.17g}'} {SAME}")
    if "perturbation" in new and old.gradient != "perturbation":
        raise QuantityError(f"perturbation is not used where the gradient is made by {old.gradient}: "
                            "this edit changes nothing")
    table: dict[str, object] = {key: value for key in PLAIN if (value := getattr(old, key)) is not None}
    table |= {key: bool(value) if key in SWITCHES else value for key, value in options.items()} | new
    if any(key in table for key in ADAMS):
        default = OPTIMIZERS["adam"].options
        table["betas"] = [table.pop(key, known.get(key, default[key])) for key in ADAMS]
    reading = ScenarioFile({}, None)
    read = read_training(reading, {**table, "optimizer": optimizer})
    if reading.problems:
        raise QuantityError(reading.problems[0].message)
    return replace(old, optimizer=optimizer, options=read.options, **{key: getattr(read, key) for key in PLAIN})


def _check_rate(old: Training, key: str, edit: Edit) -> None:
    """What can be read is the rate that the schedule makes, and what is edited is the rate that it starts from."""
    if key == "learning_rate" and old.schedule is not None and re.search(r"\blearning_rate\b", edit.right):
        raise QuantityError("learning_rate is what its schedule starts from: give it as a number")


def _one(here: Here, edit: Edit) -> float:
    value = here.number(edit)
    if value.ndim:
        raise QuantityError(f"{edit.name} is one number, and {quoted(edit.right)} is {value.size}")
    return float(value)


# parameters, what the optimizer keeps, and data

def place_of(here: Here, program: Program, edit: Edit) -> Place:
    """What a value is edited of: a parameter, a slot or data of `program`."""
    place = find(here.run, program, edit.left)
    if place is not None and place.var.role in ("parameter", "slot", "data"):
        return place
    if place is not None and place.var.role == "noise":
        raise QuantityError(f"{edit.name} is drawn by chance for each update; {_instead(here)}")
    if isinstance(edit.left, Pin):
        raise QuantityError("the past is read-only: go to that update, and edit there")
    base = edit.left.base if isinstance(edit.left, Attribute | Index) else edit.left
    inner = edit.left.name in MADE if isinstance(edit.left, Attribute) else not isinstance(edit.left, Name)
    of_it = inner and (isinstance(base, Call) or find(here.run, program, base) is not None)
    if place is not None or of_it:
        raise QuantityError(f"{edit.name} is made by the run; {_instead(here)}")
    if name_text(edit.left) is None:
        raise QuantityError(f"{quoted(edit.name)} is nothing to edit: a name stands before the =, as in w5 = 0.3")
    raise QuantityError(f"there is no {quoted(edit.name)} to edit in {here.scenario.name}"
                        f"{near_or_known(edit.name, editable(here, program), MOST_TOLD)}")


def _instead(here: Here) -> str:
    return f"edit what it is made from: {here.run.model.form.words().made_from}"


def editable(here: Here, program: Program) -> list[str]:
    """Every name that can stand on the left of an edit."""
    roles = ("parameter", "slot", "data")
    return [*(name for name, (var, _) in program.names.items() if var.role in roles),
            *(name for name, var in program.variables.items() if var.role in roles), *KEYS,
            *here.run.model.form.editable]


Arrays = dict[str, np.ndarray]


def valued(here: Here, program: Program, edits: Sequence[Edit], state: Arrays, data: Arrays,
           per_sample: frozenset[str]) -> tuple[Arrays, Arrays]:
    """`state` and `data` (all rows) with the values of `edits` in them; what is not edited is the same array."""
    state, data = dict(state), dict(data)
    touched: dict[str, set[int | None]] = {}
    for edit in edits:
        place, value = place_of(here, program, edit), here.number(edit)
        var, of = place.var, data if place.var.role == "data" else state
        seen = touched.setdefault(var.name, set())
        if place.element in seen or None in seen or (seen and place.element is None):
            raise QuantityError(f"{edit.name} is edited twice")
        if not seen:
            of[var.name] = np.array(of[var.name], float)
        seen.add(place.element)
        whole = of[var.name]
        _set(here, edit, place, whole[here.row, ...] if of is data and var.name in per_sample else whole, value)
    return state, data


def _set(here: Here, edit: Edit, place: Place, whole: np.ndarray, value: np.ndarray) -> None:
    """Set a tensor, or an element of it, in place."""
    if value.ndim and (place.element is not None or value.shape != whole.shape):
        raise QuantityError(f"{edit.name} is {_shape(() if place.element is not None else whole.shape)}, and "
                            f"{quoted(edit.right)} is {_shape(value.shape)}")
    before = whole.tobytes()
    if place.element is None:
        whole[...] = value
    else:
        whole[np.unravel_index(place.element, whole.shape)] = value
    if whole.tobytes() == before:
        where = "" if place.var.role == "data" else f" {here.after}"
        raise QuantityError(f"{edit.name} is {edit.right}{where} {SAME}")


def _shape(shape: tuple[int, ...]) -> str:
    return f"{' x '.join(map(str, shape))} numbers" if shape else "one number"
