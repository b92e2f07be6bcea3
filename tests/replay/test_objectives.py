"""Several objectives in turn: a generator against its discriminator, and the delta rule, against plain loops.

The loops' gradients are worked out by hand: with p = sigmoid(s) the slope of -log p is -(1 - p), that of
-log(1 - p) is p.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from bptui.explain.check import check_run, lines
from bptui.replay import places
from bptui.replay.moves import Path
from bptui.replay.open import open_scenario
from bptui.replay.run import Run
from bptui.replay.timeline import Position
from bptui.scenario.errors import KeyPath, QuantityError, ScenarioError
from bptui.scenario.lines import line_of
from bptui.scenario.reader import read_scenario_text

Open = Callable[..., Run]
Numbers = dict[str, float]
X, Z = [1.0, 1.5, 0.8, 1.2, 2.0], [0.3, -0.7, 0.1, 0.9, -0.2]
START = {"a": 0.4, "c": -0.1, "g": 0.7, "h": 0.2}
RATE = 0.1
TURNS = [("D", ("a", "c")), ("D", ("a", "c")), ("G", ("g", "h"))]
SHARED = [("D", ("a", "c")), ("D", ("a", "c")), ("G", ("g", "h", "a"))]


def gan(batch: int | str = 2, more: str = "", both: bool = False) -> str:
    return f"""
[equations]
forward = [
  "fake = g*z + h",
  "real = sigmoid(a*x + c)",
  "forged = sigmoid(a*fake + c)",
  "D = -(log(real) + log(1 - forged))",
  "G = -log(forged)",
]
loss = "D"
[parameters]
a = {START["a"]}
c = {START["c"]}
g = {START["g"]}
h = {START["h"]}
[values]
x = {X}
z = {Z}
[training]
learning_rate = {RATE}
batch = {batch!r}
{more}
[[training.objectives]]
minimize = "D"
parameters = ["a", "c"]
updates = 2
[[training.objectives]]
minimize = "G"
parameters = ["g", "h"{', "a"' if both else ""}]
"""


def sigmoid(s: float) -> float:
    return 1 / (1 + math.exp(-s))


def costs(w: Numbers, rows: list[int]) -> dict[str, float]:
    d = g = 0.0
    for r in rows:
        forged = sigmoid(w["a"] * (w["g"] * Z[r] + w["h"]) + w["c"])
        d -= math.log(sigmoid(w["a"] * X[r] + w["c"])) + math.log(1 - forged)
        g -= math.log(forged)
    return {"D": d / len(rows), "G": g / len(rows)}


def slopes(w: Numbers, minimize: str, rows: list[int]) -> Numbers:
    """∂D/∂w or ∂G/∂w over the rows of a batch."""
    found = dict.fromkeys(w, 0.0)
    for r in rows:
        fake = w["g"] * Z[r] + w["h"]
        real, forged = sigmoid(w["a"] * X[r] + w["c"]), sigmoid(w["a"] * fake + w["c"])
        push = forged if minimize == "D" else forged - 1        # ∂cost/∂(a × fake + c)
        pull = real - 1 if minimize == "D" else 0.0             # ∂cost/∂(a × x + c)
        for name, slope in (("a", push * fake + pull * X[r]), ("c", push + pull),
                            ("g", push * w["a"] * Z[r]), ("h", push * w["a"])):  # fmt: skip
            found[name] += slope / len(rows)
    return found


@dataclass
class Step:
    minimize: str
    rows: list[int]
    before: Numbers
    slopes: Numbers
    velocity: Numbers


def looped(updates: int, batch: int, turns: list[tuple[str, tuple[str, ...]]], momentum: float = 0.0) -> Iterator[Step]:
    """Each batch serves every turn before the next batch comes."""
    w, velocity, done = dict(START), dict.fromkeys(START, 0.0), 0
    while True:
        for first in range(0, len(X), batch):
            rows = list(range(len(X)))[first:first + batch]
            for minimize, parameters in turns:
                found = slopes(w, minimize, rows)
                yield Step(minimize, rows, dict(w), found, dict(velocity))
                for name in parameters:
                    velocity[name] = momentum * velocity[name] + found[name]
                    w[name] -= RATE * velocity[name]
                done += 1
                if done > updates:
                    return


def close(a: object, b: float) -> bool:
    return abs(float(a) - b) <= 1e-10 * (abs(b) + 1e-6)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["straight", "arrays"])
@pytest.mark.parametrize("batch", [1, 2, 5])
@pytest.mark.parametrize("momentum", [0.0, 0.8])
@pytest.mark.parametrize("both", [False, True])
def test_a_generator_against_its_discriminator(batch: int, executor: str, momentum: float, both: bool,
                                               open_text: Open) -> None:  # fmt: skip
    """A parameter of two objectives has one velocity, which both of them move."""
    run = open_text(gan(batch, f"momentum = {momentum}", both), executor)
    for n, step in enumerate(looped(60, batch, SHARED if both else TURNS, momentum)):
        assert run.rows(n) == step.rows
        assert run.program(n).cost.name == step.minimize and run.program(n).watched.name == "D"
        for name, value in step.before.items():
            assert close(run.value(name, n), value), (n, name)
        for name, value in costs(step.before, step.rows).items():
            assert close(run.value(name, n), value), (n, name)  # a batch's cost, whosever turn it is
        for name in (SHARED if both else TURNS)[n % 3][1]:
            assert close(run.value(f"{name}.grad", n), step.slopes[name]), (n, name)
        for name, slope in slopes(step.before, "D", step.rows).items():
            assert close(run.value(f"d(D, {name})", n), slope), (n, name)    # D in G's updates too
            other = slopes(step.before, "G", step.rows)[name]
            assert close(run.value(f"d(G, {name})", n), other), (n, name)
        if momentum:
            for name, value in step.velocity.items():
                assert close(run.value(f"{name}.velocity", n), value), (n, name)


@pytest.mark.parametrize("executor", ["straight", "arrays"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_an_update_changes_what_is_its_own_and_no_bit_more(optimizer: str, executor: str, open_text: Open) -> None:
    run = open_text(gan(2, f"optimizer = '{optimizer}'"), executor)
    for n in range(40):
        before, after = (run.schedule.at(n).unpack(run.state(m)) for m in (n, n + 1))
        own = TURNS[n % 3][1]
        for name in before:                         # slots are called after their parameter
            same = before[name].tobytes() == after[name].tobytes()
            assert same == (name.split(".")[0] not in own), (n, name)
    if optimizer == "adam":
        assert [run.value("a.t", n) for n in range(7)] == [0, 1, 2, 2, 3, 4, 4]
        assert [run.value("g.t", n) for n in range(7)] == [0, 0, 0, 1, 1, 1, 2]


@pytest.mark.parametrize("shuffle", ["false", "true"])
def test_an_epoch_shows_every_row_to_every_objective(shuffle: str, open_text: Open) -> None:
    run = open_text(gan(2, f"epochs = 4\nshuffle = {shuffle}"))
    assert run.schedule.batches == 9 and run.updates == 36
    seen: set[tuple[int, ...]] = set()
    for epoch in range(4):
        updates = range(epoch * 9, epoch * 9 + 9)
        assert [run.schedule.goal(n) for n in updates] == [0, 0, 1] * 3
        turns = [[row for n in updates[turn::3] for row in run.rows(n)] for turn in range(3)]
        assert turns[0] == turns[1] == turns[2] and sorted(turns[0]) == [0, 1, 2, 3, 4]
        assert [len(run.rows(n)) for n in updates] == [2] * 6 + [1] * 3
        seen.add(tuple(turns[0]))
    assert (len(seen) == 1) == (shuffle == "false")
    assert places.read_position(run, "e2") == Position(18)
    assert {id(run.program(n)) for n in range(36)} == {id(run.program(n)) for n in (0, 2, 6, 8)}  # compiled once


@pytest.mark.parametrize("executor", ["straight", "arrays"])
def test_seeking_is_the_straight_replay(executor: str, open_text: Open) -> None:
    text = gan(2, "optimizer = 'adam'\nshuffle = true\nupdates = 90", both=True)
    fresh, run, nobody = (open_text(text, executor) for _ in range(3))
    while run.work(10.0):
        pass
    state, wanted = fresh.schedule.start(), list[bytes]()
    for n in range(91):
        wanted.append(b"".join(np.asarray(x, float).tobytes() for x in state))
        state = fresh.schedule.advance(state, n, 1)
    for n in (90, 2, 3, 51, 50, 8, 9, 0, 77):
        assert b"".join(np.asarray(x, float).tobytes() for x in run.state(n)) == wanted[n]
        assert b"".join(np.asarray(x, float).tobytes() for x in nobody.state(n)) == wanted[n]
    assert all(run.curve[n] == fresh.value("D", n) for n in range(91))


def test_the_values_of_an_update_are_those_of_its_objective(open_text: Open) -> None:
    run = open_text(gan(2, "updates = 12"))
    assert {b.out.name for b in run.times(0).blocks if b.phase == "update"} == {"a.next", "c.next"}
    assert {b.out.name for b in run.times(2).blocks if b.phase == "update"} == {"g.next", "h.next"}
    for update, made in ((0, "a"), (1, "c"), (2, "g"), (8, "h")):
        for text in (f"{made}.grad", f"d({run.program(update).cost.name}, {made})"):
            at = places.read_position(run, text, update)
            block, _ = run.times(update).locate(at.value)
            of = run.times(update).blocks[block].out.derivative_of
            assert at.update == update and of is not None and of.name == made
        next_at = places.read_position(run, f"{made}.next", update)
        assert run.times(update).blocks[run.times(update).locate(next_at.value)[0]].out.name == f"{made}.next"
    for text, update in (("g.grad", 0), ("a.grad", 2), ("a.next", 5)):
        with pytest.raises(QuantityError, match=f"{text[0]} is not trained in this update, so it has no .{text[2:]}"):
            places.read_position(run, text, update)
    for text, update in (("d(G, g)", 0), ("d(D, g)", 2), ("d(D, z)", 0)):   # not made: shown when all that are, are
        last, _ = run.times(update).locate((at := places.read_position(run, text, update)).value)
        assert [b.phase for b in run.times(update).blocks[last:last + 2]] == ["backward", "update"]
        assert at.value == run.times(update).span(last)[1]
    with pytest.raises(QuantityError, match="'k' is not a quantity of"):
        places.read_position(run, "d(D, k)", 0)
    with pytest.raises(QuantityError, match="g is not trained in this update"):
        run.value("g.grad", 0)
    assert run.value("d(D, g)", 2) != 0 and run.value("d(G, a)", 2) != 0


def test_stepping_goes_through_every_objective(open_text: Open) -> None:
    run = open_text(gan(2, "updates = 7"))
    path, at, found = Path(run), Position(0), list[Position]()
    while (further := path.over(at)) is not None:
        found.append(at := further)
    assert len(found) == sum(run.times(n).count for n in range(8)) + 7
    assert [p.update for p in found if p.value == 0] == [1, 2, 3, 4, 5, 6, 7]
    assert at == path.end() and at.update == 7
    back = list[Position]()
    while (further := path.back_over(at)) is not None:
        back.append(at := further)
    assert [*reversed(back), found[-1]] == [Position(0), *found]


@pytest.mark.parametrize("executor", ["straight", "arrays"])
def test_check_holds_every_objective_against_differences(executor: str, open_text: Open) -> None:
    report = check_run(open_text(gan(2, "optimizer = 'adam'\nupdates = 40", both=True), executor))
    assert report.ok, lines(report)
    assert {row.what for row in report.gradients} >= {"d(D, c)", "d(G, g)", "d(G, h)"}
    assert not report.notes


# The delta rule: what is minimised is not what is watched


DELTA = """
[equations]
forward = [
  "s = w*x + b",
  "p = sigmoid(s)",
  "E = (t - p)**2 / 2",
  "D = -stop(t - p)*s",
]
loss = "E"
[parameters]
w = 0.3
b = -0.2
[values]
x = [0.5, -1.5, 2.0]
t = [1.0, 0.0, 1.0]
[training]
learning_rate = 0.7
batch = BATCH
updates = 50
[[training.objectives]]
minimize = "D"
parameters = ["w", "b"]
"""


@pytest.mark.parametrize("executor", ["straight", "arrays"])
@pytest.mark.parametrize("batch", [1, 3])
def test_the_delta_rule_is_its_closed_form(batch: int, executor: str, open_text: Open) -> None:
    """w + η (t - p) x, without the slope of the sigmoid; the curve is E all the while."""
    run, w, b = open_text(DELTA.replace("BATCH", str(batch)), executor), 0.3, -0.2
    x, t = [0.5, -1.5, 2.0], [1.0, 0.0, 1.0]
    while run.work(10.0):
        pass
    assert len(run.curve) == 51
    for n in range(51):
        rows = [n % 3] if batch == 1 else [0, 1, 2]
        p = {r: sigmoid(w * x[r] + b) for r in rows}
        assert close(run.value("w", n), w) and close(run.value("b", n), b)
        error = sum((t[r] - p[r]) ** 2 / 2 for r in rows) / len(rows)
        assert close(run.curve[n], error) and run.value("E", n) == run.curve[n]
        down = sum(-(t[r] - p[r]) * x[r] for r in rows) / len(rows)
        true = sum(-(t[r] - p[r]) * p[r] * (1 - p[r]) * x[r] for r in rows) / len(rows)
        assert close(run.value("w.grad", n), down) and close(run.value("d(D, w)", n), down)
        assert close(run.value("d(E, w)", n), true)
        w, b = w - 0.7 * down, b + 0.7 * sum(t[r] - p[r] for r in rows) / len(rows)


# A cost that feeds another


@pytest.mark.parametrize("executor", ["straight", "arrays"])
@pytest.mark.parametrize("reduction, by", [("mean", 3), ("sum", 1)])
def test_a_cost_that_feeds_another_is_read_sample_by_sample(reduction: str, by: int, executor: str,
                                                            open_text: Open) -> None:  # fmt: skip
    """P = (w x)², E = P + (v x)² over three samples: neither is counted once more for each sample."""
    text = f"""
[equations]
forward = ["P = (w*x)**2", "E = P + (v*x)**2", "root = sqrt(E)"]
loss = "E"
[parameters]
w = 0.5
v = -0.25
[values]
x = [1.0, 2.0, 3.0]
[loss]
reduction = "{reduction}"
[training]
learning_rate = 0.01
[[training.objectives]]
minimize = "P"
parameters = ["w"]
[[training.objectives]]
minimize = "E"
parameters = ["v", "w"]
"""
    run, w, v, squares = open_text(text, executor), 0.5, -0.25, 14.0 / by
    for n in range(10):
        assert close(run.value("P", n), w * w * squares) and close(run.value("E", n), (w * w + v * v) * squares)
        assert close(run.value("loss", n, 2), (w * w + v * v) * 4)
        assert close(run.value("root", n), math.sqrt((w * w + v * v) * squares))    # what comes after reads the batch's
        assert close(run.value("w.grad", n), 2 * w * squares) and close(run.value("d(E, v)", n), 2 * v * squares)
        w, v = w - 0.01 * 2 * w * squares, v - 0.01 * 2 * v * squares * (n % 2)


# What cannot be


@pytest.mark.parametrize("old, new, key, message", [
    ('minimize = "G"', 'minimize = "GG"', ("minimize",), "'GG' is not one of the equations, did you mean 'G'?"),
    ('["g", "h"]', '["g", "k"]', ("parameters", 1), "'k' is not one of the [parameters]"),
    ('["g", "h"]', '["x", "h"]', ("parameters", 0), "'x' is not one of the [parameters]"),
    ('minimize = "G"', 'minimize = "real"', ("parameters", 0), "real does not depend on g"),
    ("updates = 2", "updates = 0", ("updates",), "updates must be"),
    ('minimize = "D"', "", (), "minimize is missing"),
])  # fmt: skip
def test_a_wrong_objective_is_an_error_at_its_key(old: str, new: str, key: KeyPath, message: str) -> None:
    text = gan().replace(old, new)
    assert text != gan()
    with pytest.raises(ScenarioError) as caught:
        open_scenario(read_scenario_text(text, "here"))
    which = 0 if old in ("updates = 2", 'minimize = "D"') else 1
    problem = caught.value.problems[0]
    assert problem.key == ("training", "objectives", which, *key) and message in problem.message, problem
    if problem.line is None:
        lines = read_scenario_text(text, "here").lines
        assert text.splitlines()[line_of(lines, problem.key) - 1].startswith(str(key[0]))


def test_objectives_of_a_network_are_one_clear_error() -> None:
    text = """
[network]
inputs = 1
[[network.layers]]
kind = "dense"
units = 1
[loss]
kind = "sum"
[data]
inputs = [[1.0]]
[[training.objectives]]
minimize = "E"
parameters = ["w1"]
"""
    with pytest.raises(ScenarioError) as caught:
        open_scenario(read_scenario_text(text, "here"))
    (problem,) = caught.value.problems
    assert problem.key == ("training", "objectives", 0) and "write the forward lines under" in problem.message
