"""Conditions judged in columns, against the language of quantities evaluated update by update.

Random conditions over the names of many kinds of runs hold at the updates at which the language says so. `changed` of
what goes on from update to update is of the step that writes it: that rule is written here once more.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest

from bptui.engine.executor import Wanted
from bptui.replay import sweep
from bptui.replay.condition import Condition
from bptui.replay.open import open_scenario
from bptui.replay.quantity import evaluate, lane_of
from bptui.replay.run import Run
from bptui.replay.scan import Scan
from bptui.scenario.errors import QuantityError
from bptui.scenario.expression import read_quantity
from bptui.scenario.reader import read_scenario
from bptui.scenario.shipped import find
from bptui.scenario.trees import Attribute, Call, Index, Name, Number, Operation, Tree, names_in, parts

Open = Callable[..., Run]
COMPARED = ("<", "<=", ">", ">=", "==", "!=")


def shipped_run(name: str, updates: int, executor: str | None = None) -> Run:
    """A shipped scenario, so many updates of it."""
    scenario = read_scenario(find(name))
    return open_scenario(replace(scenario, training=replace(scenario.training, updates=updates, epochs=None)), executor)


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
    if isinstance(tree, Operation) or (isinstance(tree, Call) and tree.function != "changed"):
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


def scanned(run: Run, text: str, sample: int | None = None, becomes: bool = False, seconds: float = 10.0) -> list[int]:
    scan = Scan(run, Condition(run, read_quantity(text), sample), becomes)
    while scan.work(seconds):
        pass
    assert scan.judged == run.updates + 1 and not scan.work(seconds)
    return list(scan.updates)


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


KINDS = ["two_layer", "two_layer:arrays", "two_layer_in_place", "adam", "rmsprop", "clipped_gradient",
         "gan", "gan:arrays",
         "delta_rule", "difference_target_propagation", "synthetic_gradients", "batch_random", "batch_random:arrays",
         "batch_each", "embedding", "exploding_gradient", "exploding_gradient:arrays", "perturbation", "recurrent_bit",
         "lstm_bit:arrays", "convolution_small", "dropout", "dropout:arrays", "policy_gradient", "softmax_jacobian",
         "variational_autoencoder", "batch_normalisation", "attention", "xor_2_3_1"]


def random_conditions(run: Run, seed: int, count: int) -> list[tuple[str, int | None]]:
    """Conditions that can be had, each with a row of the data or none."""
    conditions, found = Conditions(run, seed), list[tuple[str, int | None]]()
    while len(found) < count:
        text, sample = conditions.truth(), conditions.random.choice([None, 1, run.model.rows.count])
        try:
            Condition(run, read_quantity(text), sample)
        except QuantityError:
            continue
        found.append((text, sample))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_random_conditions_hold_where_the_language_says(kind: str) -> None:
    name, _, executor = kind.partition(":")
    run, telling = shipped_run(name, 12, executor or None), 0
    for text, sample in random_conditions(run, 1, 25):
        expected = held(run, text, sample)
        assert scanned(run, text, sample) == expected, (text, sample)
        telling += 0 < len(expected) < 12
    assert telling >= 2                             # they hold here and there


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["two_layer", "gan", "batch_random", "exploding_gradient", "lstm_bit:arrays"])
def test_it_does_not_matter_how_the_run_is_cut(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretches of one, two or seven updates, slices of no time, `becomes`: the same updates."""
    name, _, executor = kind.partition(":")
    run = shipped_run(name, 16, executor or None)
    for text, sample in random_conditions(run, 2, 12):
        expected = held(run, text, sample)
        for stretch, few, many in ((4096, 8, 1 << 20), (1, 1, 1 << 20), (2, 7, 1 << 20), (7, 2, 1 << 20), (4096, 3, 1)):
            for known, value in (("STRETCH", stretch), ("FEW", few), ("MANY", many)):
                monkeypatch.setattr(sweep, known, value)
            assert scanned(run, text, sample, False, 0.0) == expected, (text, sample, stretch)
            assert scanned(run, text, sample, True, 0.0) == beginnings(expected), (text, sample, stretch)


# what once went wrong, and what the rules say

@pytest.mark.parametrize("text", [
    "sum(hidden.weights - hidden.weights@0) > 0.01", "any(hidden.out@3 < hidden.out)", "norm(-3) * E > 0.89",
    "all(abs(hidden.weights - hidden.weights@0) < hidden.out)", "changed(hidden.weights@0)",
    "not changed(output.weights)", "E < 0.28 or E@prev < 0.29", "E > 0.28 and not E@prev < 0.29",
    "not changed(changed(w5))", "changed(changed(w5) + 1)", "changed(w5)@prev", "not abs(changed(w5))@prev",
    "changed(sign(w5 - w5@5))", "abs(E - E@prev)@prev < 0.0073", "changed(abs(E - E@prev)@prev)",
    "(E < 0.28) + (w5 < 0.3) == 2", "-(E < 0.28) == 0", "max(hidden.net@0) < hidden.net[1]",
    "hidden.weights.grad[0,1] > 0.0008", "abs(hidden.weights)[1,1] > 0.3001", "changed(w5) and forward_passes > 4",
    "E.training < 0.28", "sum(hidden.weights * inputs) < 0.0712", "changed(w5) or E < 0.28",
    "changed(abs(hidden.weights)[1,1])"])
def test_one_by_one(text: str) -> None:
    """Chosen by hand: pins of tensors, parts that are not looked at, changes of changes, slow ones."""
    run = shipped_run("two_layer", 12)
    assert scanned(run, text) == held(run, text)


def test_what_changes_is_of_the_step_that_writes_it() -> None:
    run = shipped_run("gan", 9)
    a = [float(run.parameters(n)["a"][()]) for n in range(10)]
    writing = [n for n in range(9) if a[n] != a[n + 1]]
    assert writing == scanned(run, "changed(a)") == [0, 2, 4, 6, 8]       # in D's turns
    assert scanned(run, "changed(a) and forward_passes >= 0") == writing   # evaluated update by update
    assert scanned(run, "not changed(a)") == [n for n in range(10) if n not in writing]


def test_a_part_that_another_objective_has_is_looked_at_where_it_decides() -> None:
    run = shipped_run("gan", 9)
    assert scanned(run, "a.change > -1000") == [0, 2, 4, 6, 8]
    assert scanned(run, "fake > -1000 or a.change > -1000") == list(range(10))
    assert scanned(run, "fake < -1000 and a.change > -1000") == []
    assert scanned(run, "not (fake < -1000 and a.change > -1000)") == list(range(10))
    assert scanned(run, "a.change > -1000 or fake > -1000") == [0, 2, 4, 6, 8]


def test_a_row_is_asked_about_where_it_is() -> None:
    run = shipped_run("batch_random", 12)
    mine = [n for n in range(13) if 3 in run.rows(n)]
    assert 0 < len(mine) < 13 and scanned(run, "isfinite(out_y)", 4) == mine
    assert scanned(run, "isfinite(E)", 4) == list(range(13))              # E is of the batch: it is about no row
    assert scanned(run, "isfinite(E) and forward_passes >= 0", 4) == list(range(13))
    assert scanned(run, "isfinite(out_y)") == list(range(13))             # whichever row is the first


ALTERNATING = """
[equations]
forward = ["E = w*w/2"]
loss = "E"
[parameters]
w = 1.0
[training]
learning_rate = 1.5
updates = 8
"""


@pytest.mark.parametrize("executor", ["straight", "arrays"])
def test_changed_compares_bits(open_text: Open, executor: str) -> None:
    """w is halved and changes its sign, at every step: 0 × w is 0.0 and -0.0 in turn."""
    run = open_text(ALTERNATING, executor)
    assert scanned(run, "w * 0 == 0") == list(range(9))
    assert scanned(run, "changed(w * 0)") == list(range(8))               # of the step that writes w
    assert scanned(run, "changed(d(E, w) * 0)") == list(range(1, 9))      # of the slope against the one before
    assert scanned(run, "changed(d(E, w) * 0 + 0)") == scanned(run, "changed(abs(w) * 0)") == []
    none = "changed(where(d(E, w) > 0, log(-abs(w)), -log(-abs(w))))"     # NaN, with one sign and the other
    assert scanned(run, none) == held(run, none) == []


@pytest.mark.parametrize("executor", ["straight", "arrays"])
def test_nothing_holds_of_nan_but_that_it_is_one(executor: str) -> None:
    run = shipped_run("exploding_gradient", 20, executor)
    bad = [n for n in range(21) if math.isnan(run.env(n).scalar((run.program(n).watched, 0)))]
    assert bad and bad == list(range(bad[0], 21))
    for compared in COMPARED:
        assert not set(scanned(run, f"E {compared} 0")) & set(bad)
        assert not set(scanned(run, f"E {compared} E")) & set(bad)
        assert set(bad) <= set(scanned(run, f"not E {compared} 0"))
    assert scanned(run, "isnan(E)") == bad
    assert scanned(run, "changed(E)")[-1] == bad[0]                       # a NaN that stays is unchanged
    assert not set(scanned(run, "changed(E + w1 * E)")) & set(bad[1:])    # whichever NaN arithmetic makes of two
    assert scanned(run, "E - E") == scanned(run, "E * 0") == []           # NaN is not true


@pytest.mark.parametrize(("text", "expected"), [
    ("E < 1 or E5 < 2", "'E5' is not a quantity of here, did you mean 'E'?"),
    ("changed(w55)", "'w55' is not a quantity of here, did you mean 'w5'?"),
    ("E < 1 or hidden.weights > 0", "neither true nor false"), ("not hidden.weights", "neither true nor false"),
    ("hidden.weights > 0", "neither true nor false"), ("E < 1 or w5.grad > w9.grad", "w9.grad"),
    ("changed(d(w5, w1))", "forward or loss"), ("E > 1 and sum(hidden.weights[0,5]) > 1", "takes"),
    ("E > 1 and dot(hidden.weights, hidden.out) > 1", "dot"), ("E > 1 or E_outputs + hidden.weights[0,0] > 1", "any()"),
    ("isfinite(i1.grad)", "is of a parameter")])
def test_what_cannot_be_had_is_said_at_once(text: str, expected: str) -> None:
    run = shipped_run("two_layer", 5)
    with pytest.raises(QuantityError) as caught:
        Condition(run, read_quantity(text))
    assert expected.replace("here", run.scenario.name) in str(caught.value)


def test_what_is_wrong_is_said_of_where_most_can_be_had() -> None:
    run = shipped_run("batch_random", 12)
    for text in ("changed(d(t, net_y))", "E@prev < d(x, b)"):
        with pytest.raises(QuantityError, match="forward or loss"):
            Condition(run, read_quantity(text), 2)


# runs that end

ENDING = """
[network]
inputs = 2
[[network.layers]]
kind = "dense"
name = "only"
units = 2
activation = "sigmoid"
weights = [[0.4, 0.45], [0.5, 0.55]]
weight_names = [["w1", "w2"], ["w3", "w4"]]
[loss]
kind = "half_squared_error"
[data]
inputs = [[0.05, 0.1], [0.5, -0.4], [0.2, 0.9]]
targets = [[0.01, 0.99], [0.4, 0.5], [0.9, 0.2]]
[training]
learning_rate = 2.0
updates = 300
"""


@pytest.mark.parametrize("text", [
    "E < 0.05", "abs(w1.change) < 0.01", "changed(sign(w1 - 0.3))", "E@prev - E < 1e-3", "E > 1 or E@prev < 0.06",
    "abs(E - E@prev)@prev < 0.001", "norm(only.weights - only.weights@0) > 1", "forward_passes > 123"])
@pytest.mark.parametrize("batch", [1, 2, 3])
def test_a_run_ends_where_its_condition_first_holds(open_text: Open, text: str, batch: int) -> None:
    """The same words as a scan, but that `changed(w)` is of the update after the step that writes it."""
    free = open_text(f"{ENDING}batch = {batch}")
    run = open_text(f'{ENDING}batch = {batch}\nuntil = "{text}"')
    tree = read_quantity(text)

    def true(update: int) -> bool:
        try:
            return bool(evaluate(free, tree, update))
        except QuantityError:
            return False
    first = next((n for n in range(1, 301) if true(n)), 300)
    assert run.finish() == first
    for asked in ("changed(w1)", "E < 0.07", "not changed(w1)", "abs(E - E@prev) > 1e-3"):
        fresh = open_text(f'{ENDING}batch = {batch}\nuntil = "{text}"')
        assert scanned(fresh, asked, seconds=0.0) == held(run, asked)


# what the executors show of queries

@pytest.mark.parametrize("executor", ["straight", "arrays"])
@pytest.mark.parametrize(("name", "asked"), [
    ("two_layer_in_place", "d(E, hidden.weights)[0,1] + d(out_o1, w1) + d(E, w5) + d(net_h1, i1)"),
    ("exploding_gradient", "d(out_h3, w1) + d(net_o1, w2)"), ("recurrent_bit", "d(out_o, w) + d(out_o, u)"),
    ("dropout", "sum(d(out_o, hidden.weights)) + d(E, w1)"), ("gan", "d(s_fake, g) + d(G, a) + d(D, g)"),
    ("convolution_small", "sum(d(E, {}))"), ("perturbation", "sum(d(E, hidden.weights)) + d(out_o1, w1)")])
def test_a_query_that_is_watched_is_the_query_that_is_asked(name: str, asked: str, executor: str) -> None:
    """Bit for bit, both executors: the loop's statements and `extend` on a trace."""
    run = shipped_run(name, 10, executor)
    condition = Condition(run, read_quantity(asked.format(run.program(0).parameters[0].name) + " > 0"))
    state, rows = run.schedule.watch(condition.wanted, run.schedule.start(), 0, 11)
    compared = 0
    for update, row in enumerate(rows):
        at, wanted = run.schedule.at(update), condition.wanted(run.program(update))
        env = at.trace(run.state(update), run.schedule.feed(update))
        expected = [env.scalar(cell) for cell in wanted.cells]
        for query in wanted.queries:
            further = at.extend(env, query.equations, query.seeds)
            expected += [further.scalar(cell) for cell in query.cells]
            compared += len(query.cells)
        assert np.array(row).tobytes() == np.array(expected).tobytes()
    assert compared or name in ("convolution_small", "perturbation")
    advanced = run.schedule.advance(run.schedule.start(), 0, 11)
    assert [np.asarray(s).tobytes() for s in state] == [np.asarray(s).tobytes() for s in advanced]
    assert run.schedule.watch(lambda program: Wanted(()), run.schedule.start(), 0, 2)[1] in ([[], []], [(), ()])
