"""The sentence beside a derivative is tried: at kinks, where it is 0, where E is curved.

Each sentence is read back, and held against E with the value really moved, by the run's own forward pass on another
start, or by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from bptui.explain.chain import Explainer
from bptui.explain.links import Chain
from bptui.explain.words import about_step
from bptui.replay.open import open_scenario
from bptui.replay.run import Run
from bptui.replay.timeline import Position
from bptui.scenario.reader import read_scenario_text
from bptui.scenario.shipped import shipped
from tests.support.runs import shared


def equations(forward: str, parameters: str, values: str = "") -> Run:
    return open_scenario(read_scenario_text(
        f'[equations]\nforward = [{forward}]\nloss = "E"\n[parameters]\n{parameters}\n[values]\n{values}\n'
        "[training]\nlearning_rate = 0.1\nupdates = 1\n", "here"))


def said_of(run: Run, name: str, element: int = 0, update: int = 0) -> str:
    """The sentence at ∂E/∂name."""
    return at_derivative(run, name, element, update)[0]


def noted(run: Run, name: str, element: int = 0) -> list[str]:
    """What the rows of the chain of ∂E/∂name say of kinks."""
    return [row.rule for row in at_derivative(run, name, element)[1].rows if row.name == "at a kink"]


def at_derivative(run: Run, name: str, element: int = 0, update: int = 0) -> tuple[str, Chain]:
    times = run.times(update)
    block = next(n for n, b in enumerate(times.blocks) if b.phase == "backward" and b.out.role == "adjoint"
                 and b.out.of[0].name == name)
    value = times.number(block, element % times.blocks[block].out.lane_size)
    position = Position(update, value, times.stops(value))
    at = Explainer(run, update, element // times.blocks[block].out.lane_size, (value, position.inner))
    chain = at.chain(value)
    return about_step(at, position, chain), chain


def moved(run: Run, name: str, element: int, by: float, update: int = 0) -> float:
    """How E changes when a parameter is another at the start of an update, as the run's executor has it."""
    executor = run.schedule.at(update)
    kept = executor.unpack(run.state(update))
    other = np.array(kept[name], float)
    other.flat[element] += by
    cost = (executor.program.cost, 0)
    after = executor.trace(executor.pack({**kept, name: other}), run.schedule.feed(update)).scalar(cost)
    return after - run.env(update).scalar(cost)


# A law with a kink at w, standing on it: E, w, what else, and E on both sides of it by hand.
KINKS = {
    "relu": ('"E = 3*relu(w)"', 0.0, "", 0.03, 0.0),
    "abs": ('"E = 3*abs(w)"', 0.0, "", 0.03, 0.03),
    "max, the first": ('"E = 3*max(w, k)"', 2.0, "k = 2.0", 0.03, 0.0),
    "max, the second": ('"E = 3*max(k, w)"', 2.0, "k = 2.0", 0.03, 0.0),
    "min": ('"E = 3*min(w, k)"', 2.0, "k = 2.0", 0.0, -0.03),
    "where": ('"E = where(w > 1, 3*w, 3)"', 1.0, "", 0.03, 0.0),
    "where, strictly": ('"E = where(w < 1, 3, 3*w)"', 1.0, "", 0.03, 0.0),
}


@pytest.mark.parametrize("case", KINKS)
def test_a_kink_of_an_equation_is_named(case: str) -> None:
    forward, w, values, up, down = KINKS[case]
    run = equations(forward, f"w = {w}", values)
    assert moved(run, "w", 0, 0.01) == pytest.approx(up, abs=1e-12)
    assert moved(run, "w", 0, -0.01) == pytest.approx(down, abs=1e-12)
    said = said_of(run, "w")
    assert said.startswith("At a kink") and "cannot change" not in said and len(said) <= 78, said
    (rule,) = noted(run, "w")
    assert rule in said
    if (numbers := re.search(r"0\.01: E (\S+), (\S+)\.$", said)):
        assert (float(numbers[1]), float(numbers[2])) == pytest.approx((up, down), abs=1e-12)
    elif (numbers := re.search(r"\+ 0\.01: E (\S+|as it is); - 0\.01: (\S+|as it is)\.$", said)):
        read = [0.0 if each == "as it is" else float(each) for each in numbers.groups()]
        assert read == pytest.approx((up, down), abs=1e-9)


ACTIVATIONS = {"relu": 0.0, "leaky_relu": 0.0, "selu": 0.0, "hard_sigmoid": 3.0}
SMOOTH = {"elu": 0.0, "gelu": 0.0, "silu": 0.0, "softplus": 0.0, "tanh": 0.0, "sigmoid": 0.0, "softsign": 0.0}


def unit(activation: str, net: float, loss: str = "squared_error", target: float = 5.0, out: float = 1.0) -> Run:
    return open_scenario(read_scenario_text(f"""
[network]
inputs = 1
[[network.layers]]
kind = "dense"
name = "h"
units = 1
activation = "{activation}"
weights = [[{net}]]
bias = [0.0]
[[network.layers]]
kind = "dense"
name = "o"
units = 1
weights = [[{out}]]
bias = [0.0]
[loss]
kind = "{loss}"
name = "E"
[data]
inputs = [[1.0]]
targets = [[{target}]]
[training]
updates = 1
""", "here"))


@pytest.mark.parametrize("activation", [*ACTIVATIONS, *SMOOTH])
def test_a_kink_of_an_activation_is_named_and_only_a_kink(activation: str) -> None:
    run = unit(activation, {**ACTIVATIONS, **SMOOTH}[activation])
    for name in ("h.net", "h.weights", "h.bias"):
        said = said_of(run, name)
        assert ("kink" in said) == (activation in ACTIVATIONS) and "cannot change" not in said, said
        assert bool(noted(run, name)) == (activation in ACTIVATIONS) and all(rule in said for rule in noted(run, name))
    up, down = moved(run, "h.bias", 0, 1e-4), moved(run, "h.bias", 0, -1e-4)
    assert (abs(up + down) > 0.1 * max(abs(up), abs(down))) == (activation in ACTIVATIONS)


@pytest.mark.parametrize(("loss", "target", "kink"), [
    ("absolute_error", 2.0, True), ("hinge", 0.5, True), ("huber", 3.0, False), ("squared_error", 2.0, False)])
def test_a_kink_of_a_loss_is_named_and_only_a_kink(loss: str, target: float, kink: bool) -> None:
    """The output is 2: on its target, at t × o = 1, and one away from it, where huber is smooth."""
    run = unit("relu", 2.0, loss, target)
    said = said_of(run, "o.out")
    assert ("kink" in said) == kink and "cannot change" not in said, said
    assert bool(noted(run, "o.out")) == kink and all(rule in said for rule in noted(run, "o.out"))


def test_a_kink_of_one_sample_is_named() -> None:
    """Two layers and a half squared error: net_h1 is 0 in the first of two rows. By hand (PyTorch has the same)."""
    run = open_scenario(read_scenario_text("""
[network]
inputs = ["x"]
[[network.layers]]
kind = "dense"
name = "h"
units = ["h1", "h2"]
activation = "relu"
weights = [[2.0], [1.5]]
bias = [-1.0, 0.25]
[[network.layers]]
kind = "dense"
name = "o"
units = ["o1"]
weights = [[3.0, -0.5]]
bias = false
[loss]
kind = "half_squared_error"
name = "E"
[data]
inputs = [[0.5], [1.5]]
targets = [[1.0], [1.0]]
[training]
updates = 1
""", "here"))
    said = said_of(run, "h.net", 0)
    assert said == "At a kink: at 0 the slope is taken as 0. ± 0.01: E -0.0223, 0.", said
    assert noted(run, "h.net", 0) == ["at 0 the slope is taken as 0"] and not noted(run, "h.net", 1)
    assert not noted(run, "h.net", 2)               # of the second row
    assert "kink" not in said_of(run, "h.net", 2) and "kink" in said_of(run, "h.weights", 0)


def test_a_tie_of_a_pool_is_named() -> None:
    """A pool over 0.5, 0.5: the first takes everything, and more of the second raises E."""
    run = open_scenario(read_scenario_text("""
[network]
inputs = [1, 2, 2]
[[network.layers]]
kind = "conv2d"
name = "c"
filters = 1
kernel = 1
weights = [[[[1.0]]]]
bias = [0.0]
[[network.layers]]
kind = "max_pool"
name = "p"
size = 2
[[network.layers]]
kind = "flatten"
[loss]
kind = "squared_error"
name = "E"
[data]
inputs = [[[[0.5, 0.5], [0.1, 0.2]]]]
targets = [[0.0]]
[training]
updates = 1
""", "here"))
    for element in (0, 1):
        said = said_of(run, "c.out", element)
        assert said.startswith("At a kink") and "the first takes everything" in said, said
        assert [rule in said for rule in noted(run, "c.out", element)] == [True]
    assert not noted(run, "c.out", 2)
    assert "kink" not in said_of(run, "c.out", 2)


# slopes of 0

@pytest.mark.parametrize(("forward", "parameters", "values", "why"), [
    ('"y = w*x", "E = (y - 1)**2"', "w = 1.0", "x = 0.0", "its input x is 0"),
    ('"E = (relu(w) - 1)**2"', "w = -1.0", "", "the slope of relu at -1 is 0"),
    ('"y = w*x", "E = y"', "w = 1.0", "x = [1.0, -1.0]", "its 2 terms cancel"),
    ('"h = relu(w)", "g = h*k", "E = (g - 1)**2"', "w = -1.0", "k = 2.0", "the slope of relu at -1 is 0"),
    ('"E = (w - k)*w"', "w = 0.0", "k = 0.0", "in each of its 2 terms a factor is 0"),
    ('"h = w*k", "g = relu(h)", "E = (g - 1)**2"', "w = -1.0", "k = 2.0", "∂E/∂h is 0 already"),
])
def test_a_slope_of_0_says_why(forward: str, parameters: str, values: str, why: str) -> None:
    said = said_of(equations(forward, parameters, values), "w")
    assert f"is exactly 0: {why}" in said, said


# What is said of a slope of 0 by one of several operands, and that law of one x, by hand: where it stands it is flat.
FLAT = {
    "the exponent of 0": ('"c = k**w"', 1.0, 0.0, "0**x at 1", lambda x: 0.0**x),
    "the base 0": ('"c = w**k"', 0.0, 2.0, "x**2 at 0", lambda x: x**2),
    "the exponent of 1": ('"c = k**w"', 3.0, 1.0, "1**x at 3", lambda x: 1.0**x),
    "what 0 is divided by": ('"c = k/w"', 2.0, 0.0, "0 / x at 2", lambda x: 0.0 / x),
    "the smaller, after": ('"c = max(k, w)"', 1.97, 2.0, "max(2, x) at 1.97", lambda x: max(2.0, x)),
    "the smaller, before": ('"c = max(w, k)"', 1.97, 2.0, "max(x, 2) at 1.97", lambda x: max(x, 2.0)),
    "the larger": ('"c = min(k, w)"', 2.5, -2.0, "min(-2, x) at 2.5", lambda x: min(-2.0, x)),
    "what is not chosen": ('"b = k > 1", "c = where(b, k, w)"', 5.0, 2.0, "where(1, 2, x) at 5", lambda x: 2.0),
}


@pytest.mark.parametrize("case", FLAT)
def test_of_several_operands_the_slope_of_0_says_by_which(case: str) -> None:
    line, w, k, said, law = FLAT[case]
    run = equations(f'{line}, "E = c*3"', f"w = {w}", f"k = {k}")
    assert abs(law(w + 1e-6) - law(max(w - 1e-6, 0.0))) <= 1e-11
    assert f"is exactly 0: the slope of {said} is 0" in said_of(run, "w"), said_of(run, "w")


@pytest.mark.parametrize(("line", "said"), [        # by hand: 1 / (2 × 0.7), and 1 - tanh²(0.49) = 0.7937
    ("g = sqrt(y)", "The slope of g lets 71.4 % of the error signal through."),
    ("g = tanh(y)", "The slope of g lets 79.4 % of the error signal through."),
])
def test_the_slope_is_of_what_is_made(line: str, said: str) -> None:
    assert said_of(equations(f'"y = w*k", "{line}", "E = 2*g"', "w = 0.49", "k = 1.0"), "y") == said


def test_in_a_network_the_slope_is_of_the_unit() -> None:
    """By hand: 1 - tanh²(0.49) again, and of a loss |0.5 - out| the slope by out is 1, and is not the unit's."""
    run = open_scenario(read_scenario_text("""
        [network]
        inputs = ["x"]
        [[network.layers]]
        kind = "dense"
        name = "o"
        units = ["o1"]
        activation = "tanh"
        weights = [[0.49]]
        bias = false
        [loss]
        kind = "absolute_error"
        [data]
        inputs = [[1.0]]
        targets = [[0.1]]
        [training]
        updates = 1""", "here"))
    assert said_of(run, "o.net") == "The slope of o1 lets 79.4 % of the error signal through."
    assert "The slope of o1" not in said_of(run, "o.out")


def test_it_cannot_change_e_is_said_only_where_it_does_not() -> None:
    """w² at 0 has slope 0, and rises on both sides."""
    run = equations('"E = (w - 1)*(w - 1)"', "w = 1.0")
    assert said_of(run, "w").endswith("± 0.01: E +0.0001, +0.0001.")
    assert said_of(equations('"E = relu(w)"', "w = -1.0"), "w").endswith("w cannot change E here.")


@pytest.mark.parametrize("forward", [
    '"h = k*k", "E = w*k + h"',                     # a slope of k
    '"h = k*k", "E = (w - 1)*(w - 1) + h"',         # a slope of 0
    '"h = k*k", "E = relu(w - 1) + h"'])            # a kink
def test_from_an_e_that_is_no_number_no_change_is_told(forward: str) -> None:
    """k² is beyond doubles, so E is infinite wherever w is: Inf - Inf is no change of it."""
    said = said_of(equations(forward, "w = 1.0", "k = 1e200"), "w")
    assert said.endswith("E is Inf here.") and "nan" not in said.lower() and "Tried" not in said, said


# what is said, and what comes

SHOULD = re.compile(r"^(\S+) \+ 0\.01 should (raise|lower) (\w+) by ([\d.e+-]+)\. Tried: ([\d.e+-]+)\.$")
CURVED = re.compile(r"^Curved here: (?:\S+ )?\+ 0\.01:? (?:\w+ )?(raises|lowers)?(?: \w+ by )?([\d.e+-]+), "
                    r"(?:not [\d.e+-]+|and should (?:raise|lower) it); (±?)([\d.e-]+) fits to ([\d.e-]+) %\.$")
# By hand: 0.03³ - 0.02³ = 1.9e-5 beside 0.01 × 3 × 0.02², and by 0.0001 it is 1.20601e-7 beside 1.2e-7; (w - 0.004)²
# at 0 goes up by 2e-5 in place of down by 8e-5, and by 0.0001 down by 7.9e-7 beside 8e-7.
BENT = {
    "further than promised": (
        '"E = w**3"', "w = 0.02", "Curved here: w + 0.01 raises E by 1.9e-05, not 1.2e-05; 0.0001 fits to 0.5 %."),
    "the other way": (
        '"E = (w - 0.004)**2"', "w = 0.0", "Curved here: + 0.01: E +2e-05, not -8e-05; 0.0001 fits to 1 %."),
}


@pytest.mark.parametrize("case", BENT)
def test_where_e_is_curved_a_smaller_step_shows_that_the_slope_is_right(case: str) -> None:
    forward, parameters, said = BENT[case]
    assert said_of(equations(forward, parameters), "w") == said


HELD = ("delta_rule", "difference_target_propagation", "synthetic_gradients", "policy_gradient")    # by stop(…)


@pytest.mark.parametrize("name", [name for name, _ in shipped() if name not in HELD])
def test_every_sentence_that_was_tried_is_what_comes(name: str) -> None:
    """Of each parameter's first and last element, at the start and after one update."""
    run = shared(name)
    for update in (0, min(1, run.updates)):
        for w, gradient in run.program(update).gradients.items():
            for element in sorted({0, w.size - 1}) if gradient.role == "adjoint" else ():
                said = said_of(run, w.name, element, update)
                slope = float(run.env(update).array(gradient).flat[element])
                assert len(said) <= 78, said
                holds(said, slope, lambda by, w=w, at=(element, update): moved(run, w.name, at[0], by, at[1]))


def holds(said: str, slope: float, change: Callable[[float], float]) -> None:
    """What a sentence says is what comes."""
    up = change(0.01)
    apart = abs(up - 0.01 * slope) / abs(0.01 * slope) if slope else 0.0
    if found := SHOULD.search(said):
        assert float(found[5]) == pytest.approx(abs(up), rel=1e-5, abs=1e-9), said
        assert (found[2] == "raise") == (slope > 0) and apart < 0.1001, said
    elif found := CURVED.search(said):
        assert abs(float(found[2])) == pytest.approx(abs(up), rel=0.01) and apart > 0.0999, said
        assert found[1] is None or (found[1] == "raises") == (up > 0), said
        step, share = float(found[4]), float(found[5])
        came = (change(step) - change(-step)) / 2 if found[3] else change(step)
        off = abs(came - slope * step) / abs(slope * step)
        assert off <= 0.021 and 100 * off == pytest.approx(share, rel=0.6, abs=0.002), said
    else:
        assert re.search(r"kink|exactly 0|is 0:|but for rounding|too little to see|weights are new", said), said
