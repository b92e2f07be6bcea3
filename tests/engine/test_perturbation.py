"""The gradient by perturbation against E(w + h) and E(w), computed here with numpy.

A difference of two costs has lost the digits that they share, so it may be off by some units of E's last place
over h; nothing else is allowed for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from bptui.replay import places
from bptui.replay.open import open_scenario
from bptui.replay.run import Run
from bptui.scenario.errors import ScenarioError
from bptui.scenario.lines import line_of
from bptui.scenario.reader import read_scenario_text

Open = Callable[..., Run]
Arrays = dict[str, np.ndarray]
EPSILON = 2.0**-52
SOME = np.sin(np.arange(1.0, 60.0))
X, T = SOME[:10].reshape(5, 2), SOME[10:20].reshape(5, 2) ** 2
START: Arrays = {"hidden.weights": SOME[20:26].reshape(3, 2), "hidden.bias": SOME[26:29],
                 "output.weights": SOME[29:35].reshape(2, 3), "output.bias": np.array(0.25)}  # fmt: skip
RATE = 0.5
EXECUTORS = pytest.mark.parametrize("executor", ["straight", "arrays"])


def scenario(training: str = "gradient = 'perturbation'", h: float | None = 1e-3, batch: int | str = 2,
             hidden: str = "", loss: str = "") -> str:
    step = f"perturbation = {h}" if h is not None else ""
    return f"""
[network]
inputs = 2
[[network.layers]]
kind = "dense"
name = "hidden"
units = 3
activation = "tanh"
weights = {START["hidden.weights"].tolist()}
bias = {START["hidden.bias"].tolist()}
{hidden}
[[network.layers]]
kind = "dense"
name = "output"
units = 2
activation = "sigmoid"
weights = {START["output.weights"].tolist()}
bias = {START["output.bias"]}
[loss]
kind = "half_squared_error"
{loss}
[data]
inputs = {X.tolist()}
targets = {T.tolist()}
[training]
learning_rate = {RATE}
batch = {batch!r}
{step}
{training}
"""


def cost(p: Arrays, rows: list[int]) -> float:
    h = np.tanh(X[rows] @ p["hidden.weights"].T + p["hidden.bias"])
    o = 1 / (1 + np.exp(-(h @ p["output.weights"].T + p["output.bias"])))
    return float(((T[rows] - o) ** 2 / 2).sum() / len(rows))


def derivative(p: Arrays, rows: list[int]) -> Arrays:
    """The chain rule by hand."""
    h = np.tanh(X[rows] @ p["hidden.weights"].T + p["hidden.bias"])
    o = 1 / (1 + np.exp(-(h @ p["output.weights"].T + p["output.bias"])))
    out = (o - T[rows]) * o * (1 - o) / len(rows)
    inner = (out @ p["output.weights"]) * (1 - h * h)
    return {"hidden.weights": inner.T @ X[rows], "hidden.bias": inner.sum(axis=0),
            "output.weights": out.T @ h, "output.bias": out.sum()}  # fmt: skip


def raised(p: Arrays, h: float) -> Iterator[tuple[str, tuple[int, ...], Arrays]]:
    """Each element of each parameter, raised by h."""
    for name, value in p.items():
        for index in np.ndindex(value.shape):
            moved = value.copy()
            moved[index] += h
            yield name, index, {**p, name: moved}


def estimate(p: Arrays, rows: list[int], h: float) -> Arrays:
    found = {name: np.zeros_like(value) for name, value in p.items()}
    here = cost(p, rows)
    for name, index, moved in raised(p, h):
        found[name][index] = (cost(moved, rows) - here) / h
    return found


def close(a: object, b: np.ndarray | float, slack: float = 0.0) -> bool:
    a, b = np.asarray(a, float), np.asarray(b, float)
    return a.shape == b.shape and bool((np.abs(a - b) <= 1e-10 * (np.abs(b) + 1e-6) + slack).all())


@EXECUTORS
@pytest.mark.parametrize("h", [1e-2, 1e-3, 1e-4])
@pytest.mark.parametrize("batch", [1, 2, "all"])
def test_what_the_optimizer_gets_is_the_difference(batch: int | str, h: float, executor: str, open_text: Open) -> None:
    run = open_text(scenario(h=h, batch=batch), executor)
    for update in (0, 1, 2, 3, 20):
        p, rows = run.parameters(update), run.rows(update)
        here = cost(p, rows)
        assert close(run.value("E", update), here)
        slack = 16 * EPSILON * here / h
        true, differences = derivative(p, rows), estimate(p, rows, h)
        for name in START:
            assert close(run.value(f"{name}.grad", update), differences[name], slack), (name, update)
            assert close(run.value(f"d(E, {name})", update), true[name]), (name, update)
            assert np.abs(differences[name] - true[name]).max() > 10 * slack    # they are two things
            assert close(run.value(f"{name}.next", update), p[name] - RATE * differences[name], slack)
        assert run.value("perturbation", update) == h


@EXECUTORS
def test_a_run_of_differences(executor: str, open_text: Open) -> None:
    run = open_text(scenario(h=1e-2), executor)
    p = {name: value.copy() for name, value in START.items()}
    for update in range(31):
        for name, value in p.items():
            assert close(run.parameters(update)[name], value, 1e-12), (name, update)
        rows = [[0, 1], [2, 3], [4]][update % 3]
        p = {name: np.array(p[name] - RATE * g) for name, g in estimate(p, rows, 1e-2).items()}


def test_without_a_step_it_is_a_ten_thousandth(open_text: Open) -> None:
    assert open_text(scenario(h=None)).value("perturbation") == 1e-4


@EXECUTORS
def test_the_passes_are_the_networks_with_one_number_raised(executor: str, open_text: Open) -> None:
    """Each estimate has a pass of its own, whose cost is E there."""
    h = 1e-2
    run = open_text(scenario(h=h), executor)
    program, env = run.program(0), run.env(0)
    passes = [b for b in program.blocks if b.phase == "perturbation"]
    costs = [float(env.array(b.out)) for b in passes if b.out.name.startswith("E(")]
    expected = [cost(moved, [0, 1]) for *_, moved in raised(START, h)]
    assert len(costs) == len(expected) == 16 and close(costs, np.array(expected))
    assert not any(b.phase == "backward" for b in program.blocks)
    moved, = (v for v in program.made_by if v.name == "hidden.weights(w4+h)")
    assert moved.elements == ("w1", "w2", "w3", "(w4+h)", "w5", "w6")
    at = places.read_position(run, "w4.grad")
    assert run.times(0).blocks[run.times(0).locate(at.value)[0]].out.derivative_of is program.names["w4"][0]


# Passes, counted


@pytest.mark.parametrize("hidden, each", [("", 16), ("train = false", 7), ("train_bias = false", 13)])
def test_forward_passes_are_counted(hidden: str, each: int, open_text: Open) -> None:
    """One, and one for each number that is trained."""
    run = open_text(scenario(hidden=hidden))
    assert [run.value("forward_passes", n) for n in (0, 1, 2, 3, 4, 1000)] == [
        n * (1 + each) for n in (0, 1, 2, 3, 4, 1000)]  # fmt: skip
    back = open_text(scenario("", h=None, hidden=hidden))
    assert [run.value("forward_passes", n) for n in (0, 1)] == [0, 1 + each]
    assert [back.value("forward_passes", n) for n in (0, 1, 7)] == [0, 1, 7]


def test_passes_of_objectives_are_those_of_their_own_parameters(open_text: Open) -> None:
    run = open_text("""
[equations]
forward = ["E = (w*x + v)**2", "F = (w*x - v)**2"]
loss = "E"
[parameters]
w = 0.5
v = -0.25
[values]
x = [1.0, 2.0]
[training]
gradient = "perturbation"
perturbation = 0.5
[[training.objectives]]
minimize = "E"
parameters = ["w", "v"]
[[training.objectives]]
minimize = "F"
parameters = ["v"]
""")
    assert [run.value("forward_passes", n) for n in range(6)] == [0, 3, 5, 8, 10, 13]
    mean = np.mean([(1.0 * x - 0.25) ** 2 - (0.5 * x - 0.25) ** 2 for x in (1.0, 2.0)]) / 0.5
    assert run.value("w.grad") == pytest.approx(mean, rel=1e-12)
    w, v = float(run.value("w", 1)), float(run.value("v", 1))
    mean = np.mean([(w * x - v - 0.5) ** 2 - (w * x - v) ** 2 for x in (1.0, 2.0)]) / 0.5
    assert run.value("v.grad", 1) == pytest.approx(mean, rel=1e-12)


@EXECUTORS
def test_a_penalty_is_raised_too(executor: str, open_text: Open) -> None:
    run = open_text(scenario(h=1e-2, loss="l2 = 0.1"), executor)
    plain = estimate(START, [0, 1], 1e-2)
    for name in START:
        extra = 0.1 * (2 * START[name] + 1e-2) if name.endswith("weights") else 0.0    # (w + h)² - w² over h
        assert close(run.value(f"{name}.grad"), plain[name] + extra, 1e-12), name


@EXECUTORS
def test_optimizers_and_clipping_take_the_difference(executor: str, open_text: Open) -> None:
    run = open_text(scenario("gradient = 'perturbation'\nmomentum = 0.9\nclip_value = 0.02", h=1e-2), executor)
    limited = {n: np.clip(g, -0.02, 0.02) for n, g in estimate(START, [0, 1], 1e-2).items()}
    for name in START:
        assert close(run.value(f"{name}.velocity", 1), limited[name], 1e-13)
    assert any((np.abs(g) == 0.02).any() for g in limited.values())


def test_seeking_is_the_straight_replay(open_text: Open) -> None:
    text = scenario("gradient = 'perturbation'\nupdates = 50")
    run, other = open_text(text), open_text(text)
    while run.work(10.0):
        pass
    for update in (50, 3, 4, 29, 0):
        for name, value in other.parameters(update).items():
            assert run.parameters(update)[name].tobytes() == value.tobytes()


# What cannot be


def wide(units: int, train: str = "") -> str:
    """A net of 3 × units + 1 parameters."""
    return f"""
[network]
inputs = 1
[[network.layers]]
kind = "dense"
name = "hidden"
units = {units}
activation = "tanh"
{train}
[[network.layers]]
kind = "dense"
name = "output"
units = 1
[loss]
kind = "half_squared_error"
[data]
inputs = [[1.0]]
targets = [[0.5]]
[training]
gradient = "perturbation"
"""


def test_more_parameters_than_can_be_stepped_through_are_refused(open_text: Open) -> None:
    assert open_text(wide(66)).value("forward_passes", 1) == 200    # 199 parameters
    assert open_text(wide(100, "train = false")).value("forward_passes", 1) == 102    # what is frozen costs nothing
    for units in (67, 5000):
        text = wide(units)
        read = read_scenario_text(text, "here")
        with pytest.raises(ScenarioError) as caught:
            open_scenario(read)
        (problem,) = caught.value.problems
        assert problem.key == ("training", "gradient")
        assert f"each of the {3 * units + 1:,} parameters; at most 200" in problem.message
        assert text.splitlines()[line_of(read.lines, problem.key) - 1].startswith("gradient")
    open_text(wide(67).replace("perturbation", "backpropagation"))


def test_in_place_is_refused() -> None:
    with pytest.raises(ScenarioError) as caught:
        open_scenario(read_scenario_text(scenario("gradient = 'perturbation'\nupdate_order = 'in_place'"), "here"))
    (problem,) = caught.value.problems
    assert problem.key == ("training", "gradient") and "in_place" in problem.message


@pytest.mark.parametrize("h", ["0", "-1e-3", "nan", "true"])
def test_a_step_that_is_none_is_refused(h: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_scenario_text(scenario(h=None) + f"perturbation = {h}\n", "here")
    (problem,) = caught.value.problems
    assert problem.key == ("training", "perturbation")
