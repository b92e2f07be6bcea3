"""The data of a network as tensors: rows shaped like its inputs and outputs, class numbers as rows with one 1."""

from __future__ import annotations

from math import prod

import numpy as np

from ..scenario.errors import KeyPath, one_of
from ..scenario.records import Scenario
from .form import Problems, Rows
from .layers.site import shaped
from .losses import OF_CLASSES

Shape = tuple[int, ...]
MOST_NUMBERS = 5 * 10**6


def understand_rows(problems: Problems, scenario: Scenario, fed: Shape, made: Shape | None,
                    words: int) -> tuple[Rows, Rows | None]:
    """The rows to train on, and those held back. `fed` is the shape of one sample's inputs, `made` that of its outputs
    (None: not known, after a mistake), `words` the vocabulary where inputs are numbers of words."""
    data = scenario.data
    if data is None:
        problems.say(("data",), "missing data: the network needs a [data] table with inputs and targets")
        return Rows(1, {}, frozenset()), None
    needs = scenario.loss.kind != "sum"
    if needs and data.targets is None:
        problems.say(("data", "targets"), "missing data: this loss needs targets, a row per sample")
    if not needs:
        for part, given in (("targets", data.targets), ("target_names", data.target_names)):
            if given is not None:
                problems.say(("data", part), f"the loss 'sum' reads no targets: leave {part} out")
    if needs and made is not None and data.target_names is not None and len(data.target_names) != prod(made):
        problems.say(("data", "target_names"), f"target_names must have {prod(made)} names, one per output; "
                                              f"here: {len(data.target_names)}")

    def tensors(key: KeyPath, inputs: np.ndarray, targets: np.ndarray | None) -> Rows:
        found = {"inputs": _inputs(problems, (*key, "inputs"), inputs, fed, words)}
        if targets is not None and needs and made is not None:
            found["targets"] = _targets(problems, scenario, (*key, "targets"), targets, made)
        return Rows(len(inputs), found, frozenset(found))

    rows = tensors(("data",), data.inputs, data.targets)
    held = data.validation
    return rows, None if held is None else tensors(("data", "validation"), held.inputs, held.targets)


def _inputs(problems: Problems, key: KeyPath, inputs: np.ndarray, fed: Shape, words: int) -> np.ndarray:
    if inputs.shape[1:] != fed and (inputs.ndim != 2 or inputs.shape[1] != prod(fed)):
        if len(fed) == 1:
            problems.say(key, f"each row of inputs must have {fed[0]} numbers, one per input of the network; here: "
                             f"{inputs.shape[-1] if inputs.ndim == 2 else shaped(inputs.shape[1:])}")
        else:
            problems.say(key, f"each row of inputs must be {shaped(fed)}, or {prod(fed)} numbers; here: "
                             f"{shaped(inputs.shape[1:])}")
        return inputs
    rows = inputs.reshape(len(inputs), *fed)
    return _one_hot(problems, key, rows, words, "input", "word", f"the vocabulary has {words} words") if words else rows


def _targets(problems: Problems, scenario: Scenario, key: KeyPath, targets: np.ndarray, made: Shape) -> np.ndarray:
    classes = scenario.loss.kind in OF_CLASSES
    if classes and targets.ndim == len(made) + 1 and targets.shape[1:] == (*made[:-1], 1) != made:
        targets = targets.reshape(targets.shape[:-1])           # a column of class numbers
    if classes and targets.shape[1:] == made[:-1]:
        return _one_hot(problems, key, targets, made[-1], "target", "class",
                        f"the network has {made[-1]} output{'s' * (made[-1] != 1)}")
    if targets.ndim == 1 and prod(made) == 1:
        return targets.reshape(-1, *made)
    if targets.shape[1:] == made or (targets.ndim == 2 and targets.shape[1] == prod(made)):
        return targets.reshape(len(targets), *made)
    also = f" (a class number per sample is for {one_of(OF_CLASSES)})" if targets.ndim == 1 else ""
    here = "single numbers" if targets.ndim == 1 else targets.shape[-1] if targets.ndim == 2 else \
        shaped(targets.shape[1:])
    wanted = f"have {made[0]} numbers, one per output of the network" if len(made) == 1 else f"be {shaped(made)}"
    problems.say(key, f"each row of targets must {wanted}; here: {here}{also}")
    return targets


def _one_hot(problems: Problems, key: KeyPath, numbers: np.ndarray, count: int, what: str, each: str,
             why: str) -> np.ndarray:
    """For each number a row that is 1 at its place and 0 elsewhere."""
    if numbers.size * count > MOST_NUMBERS:
        problems.say(key, f"as rows with one 1 these {what}s would be {numbers.size * count:,} numbers; at most "
                         f"{MOST_NUMBERS:,} can be held")
        return numbers
    flat = numbers.reshape(-1)
    good = (flat == np.floor(flat)) & (flat >= 0) & (flat < count)
    if not good.all():
        at = [int(n) for n in np.argwhere(~good.reshape(numbers.shape))[0]]
        also = f", number {at[1] + 1}," if len(at) > 1 else ""
        problems.say((*key, *at), f"{what} {at[0] + 1}{also} is {numbers[tuple(at)]:g}: a {each} is a whole "
                                                   f"number from 0 to {count - 1}, as {why}")
        return numbers
    rows = np.zeros((flat.size, count))
    rows[np.arange(flat.size), flat.astype(int)] = 1.0
    return rows.reshape(*numbers.shape, count)
