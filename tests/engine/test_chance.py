"""Chance is a function: initial values and noise against their formulas, written again from Python's `random`.

The numbers are other people's too, so each rule is stated here from its paper: two draws for a normal number
(Box and Muller, the cosine), one for a uniform one, row by row from `Random(f"{seed}/{name}")`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

import numpy as np
import pytest

from bptui.engine.chance import INITS
from bptui.replay.moves import Path
from bptui.replay.open import open_scenario
from bptui.replay.run import Run
from bptui.replay.timeline import Position
from bptui.scenario.errors import KeyPath, ScenarioError
from bptui.scenario.lines import line_of
from bptui.scenario.reader import read_scenario_text

Open = Callable[..., Run]
Draw = Callable[[Random], float]
INPUTS, UNITS = 7, 5


def uniform(low: float, high: float) -> Draw:
    return lambda r: low + (high - low) * r.random()


def normal(mean: float, std: float) -> Draw:
    def one(r: Random) -> float:
        u1, u2 = r.random(), r.random()
        return mean + std * math.sqrt(-2 * math.log(1 - u1)) * math.cos(2 * math.pi * u2)
    return one


def between(limit: float) -> Draw:
    return uniform(-limit, limit)


RULES: dict[str, Draw] = {                          # for a layer of 7 inputs and 5 units
    "": between(1 / math.sqrt(INPUTS)),             # nothing said: PyTorch's Linear
    "{ init = 'zeros' }": lambda r: 0.0,
    "{ init = 'constant', value = -1.25 }": lambda r: -1.25,
    "{ init = 'constant' }": lambda r: 0.0,
    "{ init = 'uniform' }": uniform(0, 1),
    "{ init = 'uniform', low = -3, high = -1 }": uniform(-3, -1),
    "{ init = 'normal' }": normal(0, 1),
    "{ init = 'normal', mean = 2, std = 0.5 }": normal(2, 0.5),
    "{ init = 'glorot_uniform' }": between(math.sqrt(6 / (INPUTS + UNITS))),
    "{ init = 'glorot_uniform', gain = 2 }": between(2 * math.sqrt(6 / (INPUTS + UNITS))),
    "{ init = 'glorot_normal' }": normal(0, math.sqrt(2 / (INPUTS + UNITS))),
    "{ init = 'glorot_normal', gain = 0.5 }": normal(0, 0.5 * math.sqrt(2 / (INPUTS + UNITS))),
    "{ init = 'he_uniform' }": between(math.sqrt(2) * math.sqrt(3 / INPUTS)),
    "{ init = 'he_uniform', a = 0.2 }": between(math.sqrt(2 / (1 + 0.04)) * math.sqrt(3 / INPUTS)),
    "{ init = 'he_normal' }": normal(0, math.sqrt(2) / math.sqrt(INPUTS)),
    "{ init = 'he_normal', a = 0.2 }": normal(0, math.sqrt(2 / (1 + 0.04)) / math.sqrt(INPUTS)),
}


def network(weights: str = "", bias: str = "", seed: int = 0, inputs: int = INPUTS, units: int = UNITS) -> str:
    return f"""
[network]
inputs = {inputs}
[[network.layers]]
kind = "dense"
name = "hidden"
units = {units}
activation = "tanh"
{f"weights = {weights}" if weights else ""}
{f"bias = {bias}" if bias else ""}
[[network.layers]]
kind = "dense"
name = "output"
units = 1
weights = [{[0.1] * units}]
bias = false
[loss]
kind = "half_squared_error"
[data]
inputs = [{[0.5] * inputs}]
targets = [[1.0]]
[training]
{"" if fixed(weights) and fixed(bias) else f"seed = {seed}"}
"""


def fixed(values: str) -> bool:
    """Whether every seed draws the same, so that a file may not have one."""
    return "zeros" in values or "constant" in values


def close(found: np.ndarray, expected: list[float]) -> bool:
    b = np.array(expected)
    return bool((np.abs(found.ravel() - b) <= 1e-10 * (np.abs(b) + 1e-6)).all())


# Initial values


def test_every_rule_is_stated_here() -> None:
    assert all(any(f"'{kind}'" in rule for rule in RULES) for kind in INITS)


@pytest.mark.parametrize("seed", [0, 7, 2**63 - 1])
@pytest.mark.parametrize("rule", RULES)
def test_initial_values_are_the_formula_row_by_row(rule: str, seed: int, open_text: Open) -> None:
    run = open_text(network(rule, rule, seed))
    for part, shape in (("weights", (UNITS, INPUTS)), ("bias", (UNITS,))):
        found, random = run.parameters(0)[f"hidden.{part}"], Random(f"{seed}/hidden.{part}")
        assert found.shape == shape and found.dtype == np.float64
        assert close(found, [RULES[rule](random) for _ in range(math.prod(shape))])


def test_the_bits_of_a_uniform_and_a_normal(open_text: Open) -> None:
    """The first doubles of `Random("0/hidden.weights")`, and what Box and Muller make of them."""
    drawn = Random("0/hidden.weights")
    assert [drawn.random() for _ in range(2)] == [0.29410609673200394, 0.7615685616142555]
    found = open_text(network("{ init = 'uniform' }")).parameters(0)["hidden.weights"]
    assert found[0, :2].tolist() == [0.29410609673200394, 0.7615685616142555]
    found = open_text(network("{ init = 'normal' }")).parameters(0)["hidden.weights"]
    assert found[0, 0] == pytest.approx(0.060612534241119492, rel=1e-14)


def test_the_same_seed_and_name_give_the_same_numbers_and_others_do_not(open_text: Open) -> None:
    def drawn(seed: int, name: str = "hidden") -> bytes:
        text = network("{ init = 'normal' }", seed=seed).replace('"hidden"', f'"{name}"')
        return open_text(text).parameters(0)[f"{name}.weights"].tobytes()
    assert drawn(3) == drawn(3)
    assert len({drawn(3), drawn(4), drawn(3, "other")}) == 3


@pytest.mark.parametrize("executor", ["straight", "arrays"])
def test_executors_begin_alike(executor: str, open_text: Open) -> None:
    run = open_text(network("{ init = 'he_normal' }"), executor)
    random = Random("0/hidden.weights")
    assert close(run.parameters(0)["hidden.weights"], [RULES["{ init = 'he_normal' }"](random) for _ in range(35)])


MANY, WIDE = 200, 150


@pytest.mark.parametrize("rule, mean, variance, limit", [
    ("{ init = 'uniform' }", 0.5, 1 / 12, None),
    ("{ init = 'normal', mean = -1, std = 3 }", -1.0, 9.0, None),
    ("{ init = 'glorot_uniform' }", 0.0, 2 / (MANY + WIDE), math.sqrt(6 / (MANY + WIDE))),
    ("{ init = 'glorot_normal' }", 0.0, 2 / (MANY + WIDE), None),
    ("{ init = 'he_uniform' }", 0.0, 2 / MANY, math.sqrt(6 / MANY)),
    ("{ init = 'he_normal' }", 0.0, 2 / MANY, None),
    ("", 0.0, 1 / (3 * MANY), 1 / math.sqrt(MANY)),
])  # fmt: skip
def test_means_variances_and_tails(rule: str, mean: float, variance: float, limit: float | None,
                                   open_text: Open) -> None:  # fmt: skip
    """30,000 numbers: five standard errors of the mean, a twentieth of the variance, the right share of tails."""
    found = open_text(network(rule, inputs=MANY, units=WIDE)).parameters(0)["hidden.weights"].ravel()
    assert abs(found.mean() - mean) < 5 * math.sqrt(variance / found.size)
    assert abs(found.var() / variance - 1) < 0.05
    apart = np.abs(found - mean) / math.sqrt(variance)
    if limit is None and "normal" in rule:
        assert np.mean(apart < 1) == pytest.approx(0.6827, abs=0.015) and np.mean(apart > 2) == pytest.approx(
            0.0455, abs=0.008)  # fmt: skip
        neighbours = np.corrcoef(found[:-1], found[1:])[0, 1]
        assert abs(neighbours) < 5 / math.sqrt(found.size)
    else:
        assert apart.max() <= math.sqrt(3)
    if limit is not None:
        assert 0.99 * limit < np.abs(found).max() <= limit


@pytest.mark.parametrize("rule, below, message", [
    ("{ init = 'gaussian' }", (), "unknown init 'gaussian'"),
    ("{ init = 'glorot_unifrom' }", (), "did you mean 'glorot_uniform'?"),
    ("{ init = 'normal', low = 0 }", ("low",), "the init 'normal' has no 'low'; it takes mean or std"),
    ("{ init = 'zeros', value = 1 }", ("value",), "the init 'zeros' has no 'value'; it takes nothing"),
    ("{ init = 'he_normal', gain = 1 }", ("gain",), "the init 'he_normal' has no 'gain'; it takes a"),
    ("{ init = 'uniform', a = 1 }", ("a",), "the init 'uniform' has no 'a'; it takes low or high"),
])  # fmt: skip
@pytest.mark.parametrize("part", ["weights", "bias"])
def test_a_wrong_option_is_one_clear_error_at_its_key(part: str, rule: str, below: KeyPath, message: str) -> None:
    text = network(rule, "0.5") if part == "weights" else network(bias=rule)
    read = read_scenario_text(text, "here")
    with pytest.raises(ScenarioError) as caught:
        open_scenario(read)
    (problem,) = caught.value.problems
    assert problem.key == ("network", "layers", 0, part, *below) and message in problem.message, problem
    assert text.splitlines()[line_of(read.lines, problem.key) - 1].startswith(part)


def test_parameters_of_equations_are_drawn_by_their_names(open_text: Open) -> None:
    text = noisy("[parameters]\nw = { init = 'normal' }\nv = { init = 'he_uniform' }\nb = { init = 'uniform' }")
    found = open_text(text).parameters(0)
    for name, rule in (("w", normal(0, 1)), ("v", between(math.sqrt(6))), ("b", uniform(0, 1))):
        assert found[name].shape == () and close(found[name], [rule(Random(f"5/{name}"))])


# Noise


def noisy(parameters: str = "[parameters]\nw = 0.5\nv = -0.25\nb = 0.1", noise: str = "{ init = 'normal' }",
          batch: int = 2, more: str = "") -> str:
    return f"""
[equations]
forward = ["y = w*x + v*eps + b", "E = (t - y)**2/2"]
loss = "E"
{parameters}
[values]
x = [0.1, 0.2, 0.3, 0.4, 0.5]
t = [1.0, 0.0, 1.0, 0.0, 1.0]
[noise]
eps = {noise}
[training]
seed = 5
batch = {batch}
learning_rate = 0.1
{more}
"""


NOISES = {
    "{ init = 'normal' }": normal(0, 1),
    "{ init = 'normal', mean = 1, std = 0.1 }": normal(1, 0.1),
    "{ init = 'uniform' }": uniform(0, 1),
    "{ init = 'uniform', low = -1, high = 3 }": uniform(-1, 3),
}


@pytest.mark.parametrize("executor", ["straight", "arrays"])
@pytest.mark.parametrize("noise", NOISES)
def test_noise_is_a_function_of_seed_name_and_update(noise: str, executor: str, open_text: Open) -> None:
    run = open_text(noisy(noise=noise), executor)
    for update in (0, 1, 2, 3, 8, 1000):
        random = Random(f"5/eps/{update}")
        for row in run.rows(update):
            found = float(run.value("eps", update, row + 1))
            assert close(np.array(found), [NOISES[noise](random)]), (update, row)


def test_noise_differs_between_updates_samples_names_and_seeds(open_text: Open) -> None:
    one = open_text(noisy())
    drawn = [one.value("eps", n, row + 1) for n in range(30) for row in one.rows(n)]
    assert len(set(drawn)) == len(drawn) == 50
    other = open_text(noisy().replace("seed = 5", "seed = 6"))
    named = open_text(noisy().replace("eps", "ups"))
    assert one.value("eps") not in (other.value("eps"), named.value("ups"))


@pytest.mark.parametrize("executor", ["straight", "arrays"])
def test_a_noisy_run_is_the_loop_over_its_noise(executor: str, open_text: Open) -> None:
    """Written in plain floats; the last batch of an epoch has one row."""
    x, t = [0.1, 0.2, 0.3, 0.4, 0.5], [1.0, 0.0, 1.0, 0.0, 1.0]
    run, w, v, b = open_text(noisy(), executor), 0.5, -0.25, 0.1
    for update in range(40):
        for name, value in (("w", w), ("v", v), ("b", b)):
            assert close(np.array(run.value(name, update)), [value]), (update, name)
        rows, random = [[0, 1], [2, 3], [4]][update % 3], Random(f"5/eps/{update}")
        eps = [normal(0, 1)(random) for _ in rows]
        errors = [w * x[r] + v * e + b - t[r] for r, e in zip(rows, eps, strict=True)]
        w -= 0.1 * sum(d * x[r] for d, r in zip(errors, rows, strict=True)) / len(rows)
        v -= 0.1 * sum(d * e for d, e in zip(errors, eps, strict=True)) / len(rows)
        b -= 0.1 * sum(errors) / len(rows)


@pytest.mark.parametrize("executor", ["straight", "arrays"])
@pytest.mark.parametrize("more", ["", "shuffle = true", "optimizer = 'adam'"])
def test_noise_repeats_on_replay_seeking_and_stepping(more: str, executor: str, open_text: Open) -> None:
    text = noisy(more=f"{more}\nupdates = 60")
    run, other = open_text(text, executor), open_text(text, executor)
    while run.work(10.0):
        pass
    straight = [(run.value("eps", n), run.value("w", n), run.value("E", n)) for n in range(61)]
    for update in [*Random(1).sample(range(61), 25), 60, 0]:
        assert (other.value("eps", update), other.value("w", update), other.value("E", update)) == straight[update]
    path, at = Path(other), Position(0)
    for _ in range(200):                            # step over every value of some updates
        found = path.over(at)
        assert found is not None
        at = found
        assert other.value("eps", at.update) == straight[at.update][0]
    assert at.update > 5
    while (found := path.back_over(at)) is not None:
        at = found
    assert other.value("eps", 0) == straight[0][0] and run.curve[33] == straight[33][2]


@pytest.mark.parametrize("noise, message", [
    ("{ init = 'he_normal' }", 'init must be "normal" or "uniform"'),
    ("{ init = 'normal', low = 1 }", "noise that is normal has no 'low'; it takes mean and std"),
    ("{ std = 1 }", "must be { init"),
    ("0.5", "table"),
])  # fmt: skip
def test_wrong_noise_is_one_clear_error(noise: str, message: str) -> None:
    text = noisy(noise=noise)
    with pytest.raises(ScenarioError) as caught:
        read_scenario_text(text, "here")
    (problem,) = caught.value.problems
    assert problem.key[:2] == ("noise", "eps") and message in problem.message, problem
    assert problem.line and text.splitlines()[problem.line - 1].startswith("eps")
