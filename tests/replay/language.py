"""Random conditions about a run, and what each means at an update: the language of quantities, evaluated there.

Nothing here judges in columns. `changed` of what goes on from update to update is of the step that writes it; that
rule is written here once more.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np

from bptui.replay.quantity import evaluate, lane_of
from bptui.replay.run import Run
from bptui.scenario.errors import QuantityError
from bptui.scenario.expression import read_quantity
from bptui.scenario.reader import read_scenario
from bptui.scenario.shipped import find
from bptui.scenario.trees import Attribute, Call, Index, Name, Number, Operation, Tree, names_in, parts

COMPARED = ("<", "<=", ">", ">=", "==", "!=")


def shipped_run(name: str, updates: int, executor: str | None = None) -> Run:
    """A shipped scenario, so many updates of it."""
    scenario = read_scenario(find(name))
    return Run(replace(scenario, training=replace(scenario.training, updates=updates, epochs=None)), executor)


# what a condition means

def holds(run: Run, tree: Tree, update: int, sample: int | None = None) -> bool:
    try:
        lane = lane_of(run, update, sample)
        value = evaluate(run, _settled(run, tree, update, lane), update, lane)
    except QuantityError:
        return False
    return bool(value) and not math.isnan(value)


def held(run: Run, text: str, sample: int | None = None) -> list[int]:
    """The updates at which a condition holds, one after the other; what is about no sample holds for all."""
    tree = read_quantity(text)
    sample = sample if _of_a_sample(run, text) else None
    return [n for n in range(run.updates + 1) if holds(run, tree, n, sample)]


def beginnings(updates: list[int]) -> list[int]:
    """Those at whose neighbour before it did not hold."""
    return [n for n in updates if n - 1 not in updates]


def _settled(run: Run, tree: Tree, update: int, lane: int) -> Tree:
    """The tree with every `changed` of state as the number that it is in this update."""
    if isinstance(tree, Call) and tree.function == "changed" and _goes_on(run, tree.args[0]):
        if update == run.updates:
            return Number(0.0)
        before, after = (np.asarray(evaluate(run, tree.args[0], n, 0), float) for n in (update, update + 1))
        return Number(float(not _same(before, after)))
    if isinstance(tree, Operation | Call):
        return replace(tree, args=tuple(_settled(run, part, update, lane) for part in tree.args))
    return tree


def _same(before: np.ndarray, after: np.ndarray) -> bool:
    """Number for number: -0.0 is not 0.0, and a NaN is a NaN."""
    return all((a == b and math.copysign(1, a) == math.copysign(1, b)) or (a != a and b != b)
               for a, b in zip(before.ravel().tolist(), after.ravel().tolist(), strict=True))


def _goes_on(run: Run, tree: Tree) -> bool:
    """Whether a tree is made of parameters and of what optimizers keep, and of nothing else."""
    known = {name for var in run.program(0).state for name in (var.name, *(var.elements or ()))}
    used = {name.id for name in names_in(tree)}
    plain = all(isinstance(t, Name | Number | Operation | Index) or (isinstance(t, Call) and t.function != "changed")
                or (isinstance(t, Attribute) and _dotted(t) in known) for t in _walk(tree))
    return bool(used) and plain and all(name in known or any(k.startswith(f"{name}.") for k in known) for name in used)


def _walk(tree: Tree) -> list[Tree]:
    if isinstance(tree, Attribute):
        return [tree]
    return [tree, *(below for part in parts(tree) for below in _walk(part))]


def _dotted(tree: Tree) -> str:
    if isinstance(tree, Attribute):
        return f"{_dotted(tree.base)}.{tree.name}"
    return tree.id if isinstance(tree, Name) else ""


def _of_a_sample(run: Run, text: str) -> bool:
    programs = [run.program(n) for n in range(run.schedule.turns)]
    lanes = {name for p in programs for name, (v, _) in p.names.items() if v.lanes}
    lanes |= {name for p in programs for name, v in p.variables.items() if v.lanes}
    return any(name in lanes for named in re.finditer(r"([A-Za-z_][\w.]*)(\[[0-9]+\])?", text)
               for name in (named[0], named[1]))


# random conditions

class Conditions:
    """Random conditions over the names of a run, each with a threshold that its values lie on both sides of."""

    def __init__(self, run: Run, seed: int) -> None:
        self.run, self.random = run, Random(f"{run.scenario.name} {seed}")
        programs = [run.program(n) for n in range(run.schedule.turns)]
        self.scalars = list(dict.fromkeys(n for p in programs for n, (v, _) in p.names.items() if v not in p.stacks))
        self.tensors = list(dict.fromkeys(n for p in programs for n, v in p.variables.items()
                                          if v.lane_shape and v not in p.stacks and v.lane_size < 400))
        self.shapes = {n: v.lane_shape for p in programs for n, v in p.variables.items()}
        self.costs = list(dict.fromkeys(p.cost.name for p in programs))
        self.trained = list(dict.fromkeys(n for p in programs for n, (v, _) in p.names.items() if v in p.gradients))
        self.layers = list(dict.fromkeys(v.name for p in programs for v in p.gradients if v.lane_shape))
        self.state = list(dict.fromkeys(n for p in programs for n, (v, _) in p.names.items() if v in p.state))

    def _one_of(self, *choices: Any) -> str:
        return self.random.choice(choices)()

    def name(self) -> str:
        return self.random.choice(self.scalars)

    def derivative(self) -> str:
        y = self.random.choice([*self.costs, *self.costs, self.name()])
        return f"d({y}, {self.random.choice([*self.trained, self.name()])})"

    def pinned(self) -> str:
        base = self._one_of(self.name, self.derivative, lambda: f"abs({self.name()})", self.part)
        return f"{base}@{self.random.choice(['prev', 'prev', '0', '2'])}"

    def part(self) -> str:
        part = self.random.choice(["grad", "next", "change"])
        return f"{self.random.choice(self.trained)}.{part}" if self.trained else self.name()

    def element(self) -> str:
        name = self.random.choice(self.tensors)
        index = ",".join(str(self.random.randrange(n)) for n in self.shapes[name])
        if name in self.layers and self.random.random() < 0.5:
            return self.random.choice([f"d({self.costs[0]}, {name})[{index}]", f"{name}.change[{index}]",
                                       f"{name}[{index}].grad"])
        return f"{name}[{index}]"

    def whole(self) -> str:
        name = self.random.choice([*self.tensors, *self.layers])
        tensors = [name, name, f"{name}@prev", f"{name}@0", f"abs({name})", f"({name} - {name}@prev)",
                   f"({name} * {self.number(1)})", f"sign({name} - {name}@1)", f"max({name}, {name}@0)"]
        if name in self.layers:
            tensors += [f"{name}.grad", f"{name}.next", f"{name}.change",
                        f"d({self.random.choice(self.costs)}, {name})"]
        return self.random.choice(tensors)

    def reduced(self) -> str:
        if self.random.random() < 0.2:
            name = self.random.choice(self.tensors)
            other = self.random.choice([name, f"{name}@prev", f"{name}@0"])
            return f"{self.random.choice(['dot', 'angle'])}({name}, {other})"
        return f"{self.random.choice(['norm', 'mean', 'sum', 'max', 'min'])}({self.whole()})"

    def number(self, depth: int = 0) -> str:
        leaves = [self.name, self.name, self.derivative, self.part, self.pinned,
                  lambda: repr(round(self.random.uniform(-2, 2), 2))]
        if self.tensors:
            leaves += [self.element, self.reduced]
        if depth > 2 or self.random.random() < 0.5:
            return self._one_of(*leaves)
        a, b = self.number(depth + 1), self.number(depth + 1)
        return self.random.choice([f"({a} + {b})", f"({a} - {b})", f"{a} * {b}", f"({a} / {b})", f"-{a}", f"abs({a})",
                                   f"sign({a})", f"min({a}, {b})", f"max({a}, {b}, {self.name()})", f"exp({a})",
                                   f"log(abs({a}))", f"tanh({a})", f"({a})**2", f"where({a} < {b}, {a}, {b})",
                                   f"norm({a})", f"abs({a})@prev", f"sum({a})", f"({a} < {b})"])

    def truth(self, depth: int = 0) -> str:
        if depth < 2 and self.random.random() < 0.35:
            a, b = self.truth(depth + 1), self.truth(depth + 1)
            return self.random.choice([f"({a} and {b})", f"({a} or {b})", f"not {a}"])
        kinds = [self.compared, self.compared, self.compared, self.changed, self.changed,
                 lambda: f"{self.random.choice(['isnan', 'isfinite'])}({self.number()})"]
        if self.tensors:
            kinds.append(lambda: f"{self.random.choice(['any', 'all'])}({self.whole()} {self.random.choice(COMPARED)} "
                                 f"{self.number(2)})")
        return self._one_of(*kinds)

    def changed(self) -> str:
        inside = [self.name, self.number, lambda: f"sign({self.number()})", self.derivative]
        if self.state:
            inside += [lambda: self.random.choice(self.state), lambda: f"sign({self.random.choice(self.state)})"]
        if self.tensors:
            inside += [self.whole]
        return f"changed({self._one_of(*inside)})"

    def compared(self) -> str:
        number = self.number()
        if self.random.random() < 0.3:
            return f"{number} {self.random.choice(COMPARED)} {self.number()}"
        update = self.random.randrange(self.run.updates + 1)
        try:
            there = evaluate(self.run, read_quantity(number), update)
            threshold = repr(there) if isinstance(there, float) and math.isfinite(there) else "0"
        except QuantityError:
            threshold = "0"
        return f"{number} {self.random.choice(COMPARED)} {threshold}"
