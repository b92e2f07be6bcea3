"""What is wrong with a run, and what is not: every shipped scenario, and the smallest runs of each kind.

The table was read by eye: is it what a teacher would call trouble, and is no beginning missing?
"""

from __future__ import annotations

import numpy as np
import pytest

from bptui.explain import troubles
from bptui.explain.claims import judge_claim
from bptui.explain.diagnosis import Diagnosis, not_finite
from bptui.explain.text import derivation
from bptui.replay.open import open_scenario
from bptui.replay.run import Run
from bptui.replay.trouble import Troubles
from bptui.scenario.reader import read_scenario_text
from bptui.scenario.shipped import shipped
from tests.support.runs import shared


def findings(run: Run) -> list[Diagnosis]:
    looked = Troubles(run)
    while looked.work(1.0):
        pass
    return [troubles.finding(run, trouble) for trouble in looked.found]


# (kind, what, at) and why it is trouble; all others are well.
TROUBLE = {
    "exploding_gradient": [
        ("loss up", "E", "#1:8"),                   # 1984.5, then 6.4e14: it is what the scenario is about
        ("exploding", "d(E, out_h1)", "#1:19"),     # 18.16 to the fifth; at the start only 32 times
        ("not finite", "out_h3", "#3:3")],          # -2.3e128 × 5.1e256; all later NaN and Inf come of it
    "vanishing_gradient": [("vanishing", "d(E, net_h1)", "#0:48")],         # seven slopes of a sigmoid, 17,499 times
    "residual_without": [("vanishing", "d(E, net_h1)", "#0:268")],          # 19 layers without a way past them
    "dead_relu": [("dead", "h2", "#1:16")],         # alive for one update only, as its claims say
    "overfitting": [("saturated", "h15", "#0:101")],            # a tanh whose net is beyond 3.6 for all rows; it
    "overfitting_patience": [("saturated", "h15", "#0:101")],   # was drawn so, and is one of twenty
}
# What looks like trouble, and is none: `attention` and `adam` rise on their way and come back; `batch_normalisation`,
# `recurrent_bit`, `gan` have gradients of 0 because terms cancel; in `transfer_scratch` and `synthetic_gradients`
# weights begin at 0 and learn; `difference_target_propagation` begins with nothing to correct; `weight_table_2` has no
# error; `dropout`, `variational_autoencoder`, `policy_gradient`, `batch_random`, `softmax_iris` rise by chance.


@pytest.mark.parametrize("name", [name for name, _ in shipped()])
def test_a_shipped_scenario_has_its_trouble_and_no_other(name: str) -> None:
    found = findings(shared(name))
    assert [(f.kind, f.what, f.at) for f in found] == TROUBLE.get(name, [])
    assert all(f.cause and "\n" not in f.cause and "#" not in f.cause for f in found)


def run_of(text: str) -> Run:
    return open_scenario(read_scenario_text(text, "here"))


def equations(forward: str, parameters: str, values: str = "", training: str = "updates = 3") -> Run:
    return run_of(f'[equations]\nforward = [{forward}]\nloss = "E"\n[parameters]\n{parameters}\n[values]\n{values}\n'
                  f"[training]\nlearning_rate = 0.1\n{training}\n")


LAYER = '[[network.layers]]\nkind = "{}"\nname = "{}"\n{}\n'


def network(inputs: str, layers: str, data: str, training: str = "updates = 3", loss: str = "squared_error") -> Run:
    return run_of(f'[network]\ninputs = {inputs}\n{layers}[loss]\nkind = "{loss}"\nname = "E"\n[data]\n{data}\n'
                  f"[training]\nlearning_rate = 0.01\n{training}\n")


# numbers that are none

def test_what_is_not_finite_comes_first_and_what_follows_is_counted() -> None:
    """A triplet whose anchor is its positive: the root of 0 on the way back, before any gradient of 0."""
    run = equations('"ap = sqrt((a1-p1)**2 + (a2-p2)**2)", "an = sqrt((a1-n1)**2 + (a2-n2)**2)", '
                    '"E = relu(ap - an + 0.5)"', "a1 = 0.3\na2 = -0.2\np1 = 0.3\np2 = -0.2\nn1 = 2.0\nn2 = 1.0")
    (found,) = findings(run)
    assert (found.kind, found.cause, found.hidden) == ("not finite", "the slope of √ at 0 is 1 / 0", True)
    env, program = run.env(0), run.program(0)
    bad = sum(int((~np.isfinite(env.array(b.out))).sum()) for b in program.blocks)
    assert found.spoils == bad - 1 > 0 and found == not_finite(run, 0)


def test_beside_what_is_not_finite_no_unit_is_called_dead() -> None:
    """h2 hears -1 and is at rest; E is the logarithm of -1. Of two troubles of one update the worse is told alone."""
    run = network("1", LAYER.format("dense", "h", 'units = ["h1", "h2"]\nactivation = "relu"\nbias = 0.0\n'
                  "weights = [[1.0], [-1.0]]")
                  + LAYER.format("dense", "o", "units = 1\nbias = 0.0\nweights = [[-1.0, 0.5]]"),
                  "inputs = [[1.0]]\ntargets = [[1.0]]", loss="t*log(o)")
    (found,) = findings(run)
    assert (found.kind, found.cause) == ("not finite", "log of -1")


def test_a_mask_that_does_no_harm_is_none() -> None:
    """A score of -Inf that a softmax makes 0 of; without the other it is -Inf - (-Inf)."""
    forward = '"p = x - 1e308 - 1e308", "m = max(p, y)", "E = m + log(exp(p - m) + exp(y - m))"'
    assert findings(equations(forward, "y = 1.0", "x = 1.0")) == []
    (found,) = findings(equations(forward.replace("y", "(x - 1e308 - 1e308)"), "w = 1.0", "x = 1.0"))
    assert found.what == "E" and found.cause == "-∞ - (-∞)"


# units

def test_a_dead_filter_is_one_trouble() -> None:
    run = network("[1, 3, 3]", LAYER.format(
        "conv2d", "c", 'filters = 2\nkernel = 2\nactivation = "relu"\nbias = [0.1, -0.1]\n'
        "weights = [[[[0.5, 0.2], [0.1, 0.3]]], [[[-0.5, -0.2], [-0.1, -0.3]]]]") + LAYER.format("flatten", "f", "")
        + LAYER.format("dense", "o", "units = 1\nweights = [[0.3, 0.2, -0.1, 0.4, 0.3, 0.2, -0.1, 0.4]]"),
        "inputs = [[[[1.0, 0.5, 0.2], [0.3, 0.8, 0.6], [0.1, 0.4, 0.9]]]]\ntargets = [[1.0]]")
    (found,) = findings(run)
    assert (found.kind, found.what, found.after) == ("dead", "filter 1 of c", 0)


def test_a_dead_unit_of_a_recurrent_layer_is_one_trouble() -> None:
    """Unit 2 hears -1 at each of three steps, and is at rest at all of them."""
    run = network("[3, 1]", LAYER.format(
        "rnn", "r", 'units = ["a", "b"]\nactivation = "relu"\nweights = [[0.5], [-1.0]]\n'
        "recurrent_weights = [[0.1, 0.0], [0.0, 0.1]]\nbias = [0.1, 0.0]")
        + LAYER.format("dense", "o", 'units = 1\nweights = [[1.0, 1.0]]'),
        "inputs = [[[1.0], [0.5], [0.25]]]\ntargets = [[1.0]]")
    (found,) = findings(run)
    assert (found.kind, found.what) == ("dead", "b")


def test_a_unit_at_the_bottom_of_its_curve_is_no_layer_that_hears_little() -> None:
    """GELU has slope 0 at -0.7517915246935645: the layer hears as much as the last; its unit lets nothing through."""
    run = network("1", LAYER.format(
        "dense", "h", 'units = 1\nactivation = "gelu"\nweights = [[1.0]]\nbias = [-0.7517915246935645]')
        + LAYER.format("dense", "o", "units = 1\nweights = [[1.0]]\nbias = [0.0]"),
        "inputs = [[0.0]]\ntargets = [[1.0]]")
    (found,) = findings(run)
    assert (found.kind, found.what) == ("saturated", "h1") and "gelu at -0.751792" in found.cause


@pytest.mark.parametrize(("activation", "net", "word"), [
    ('"sigmoid"', 6.0, "saturated"), ('"tanh"', -4.0, "saturated"), ('"softsign"', 20.0, "saturated"),
    ('{ law = "1/x" }', 20.0, "flat"), ('"gelu"', -0.75, "flat"),
    ('"silu"', -1.28, "flat"), ('"softplus"', -6.0, "flat")])
def test_only_what_comes_to_an_end_far_out_is_called_saturated(activation: str, net: float, word: str) -> None:
    """1/x has slope -1/400 at 20, which is little; but it is no curve that is full."""
    run = network("1", LAYER.format(
        "dense", "h", f'units = 1\nactivation = {activation}\nweights = [[{net}]]\nbias = [0.0]')
        + LAYER.format("dense", "o", "units = 1\nweights = [[1.0]]\nbias = [0.0]"),
        "inputs = [[1.0]]\ntargets = [[1.0]]")
    found = Troubles(run)
    while found.work(1.0):
        pass
    said = [troubles.about(run, each) for each in found.found if each.kind == "saturated"]
    assert len(said) == 1 and said[0].startswith(f"h1 is {word}: the slope of "), said
    assert "slope of / " not in said[0]


@pytest.mark.parametrize(("weight", "kind"), [(0.05, "vanishing"), (12.0, "exploding"), (1.0, "")])
def test_signals_that_shrink_or_grow(weight: float, kind: str) -> None:
    """Four linear layers of one unit: the first hears the last one's signal times the third power of the weight."""
    only = f"units = 1\nweights = [[{weight}]]\nbias = false"
    layers = "".join(LAYER.format("dense", f"l{n}", only) for n in range(4))
    run = network("1", layers, "inputs = [[0.001]]\ntargets = [[0.5]]", "updates = 1")
    found = [f for f in findings(run) if f.kind in ("vanishing", "exploding")]
    assert [(f.kind, f.what, f.after) for f in found] == [(kind, "d(E, out_h1)", 0)] * bool(kind)
    ratio = max(weight**3, weight**-3)
    assert not found or found[0].cause.startswith(f"{ratio:,.0f} times ")


# gradients that are 0

@pytest.mark.parametrize(("forward", "parameters", "values", "what", "cause"), [
    ('"E = (relu(a) - 1)**2 + b*b"', "a = -1.0\nb = 1.0", "", "a", "the slope of relu at -1 is 0"),
    ('"h = a*b", "E = (h - 1)**2"', "a = 0.0\nb = 0.0", "", "a", "b is 0"),
    ('"E = (w - 1)**2 + 0*stop(v)"', "w = 0.0\nv = 1.0", "", "v", "nothing that makes E reads it"),
])
def test_a_parameter_that_learns_nothing(forward: str, parameters: str, values: str, what: str, cause: str) -> None:
    found = findings(equations(forward, parameters, values))
    assert (found[0].kind, found[0].what, found[0].cause) == ("no gradient", what, cause)


@pytest.mark.parametrize(("forward", "parameters", "values"), [
    ('"y = w*x", "E = (y - 1)**2"', "w = 1.0", "x = 0.0"),                  # its input is 0
    ('"y = w*x + b", "E = y"', "w = 1.0\nb = 1.0", "x = [1.0, -1.0]"),      # the two rows cancel
    ('"E = (w*x - 2)**2"', "w = 1.0", "x = 2.0"),                           # it is right already
    ('"h = a*b", "E = (h - 1)**2"', "a = 0.0\nb = 1.0", ""),                # b waits for a, which learns
])
def test_a_gradient_of_0_for_a_good_reason_is_no_trouble(forward: str, parameters: str, values: str) -> None:
    assert findings(equations(forward, parameters, values)) == []


def test_a_network_that_is_sure_and_right_has_no_trouble() -> None:
    """A sigmoid of -800 for the target 0: the loss is 0, the slope is, and there is nothing to learn."""
    layer = LAYER.format("dense", "o", 'units = 1\nactivation = "sigmoid"\nweights = [[-800.0]]\nbias = [0.0]')
    assert findings(network("1", layer, "inputs = [[1.0]]\ntargets = [[0.0]]", loss="binary_cross_entropy")) == []
    (stuck,) = findings(network("1", layer, "inputs = [[1.0]]\ntargets = [[1.0]]"))
    assert (stuck.kind, stuck.what) == ("dead", "o1")


def test_a_rate_of_0_is_said() -> None:
    (found,) = findings(equations('"E = w*w"', "w = 1.0", training="updates = 3\n"
                                  'schedule = { kind = "linear", start_factor = 0.0, total_iters = 4 }'))
    assert (found.kind, found.what, found.cause) == ("rate 0", "learning_rate", "the learning rate is 0")


SURE = """
[network]
inputs = 1
[[network.layers]]
kind = "dense"
name = "h"
units = 2
weights = [[1.5], [0.5]]
bias = [0.0, 0.0]
[loss]
kind = "binary_cross_entropy"
[data]
inputs = [[1.0]]
targets = [[0, 1]]
[training]
updates = 1
"""


@pytest.mark.parametrize("text", ["d(E, w1)", "w1.grad", "d(E, h.weights)", "h.weights.grad", "d(E, out_o1)"])
def test_what_is_shown_of_a_gradient_of_no_number_says_so(text: str) -> None:
    """An output of 1.5 in a cross-entropy: the gradient is 1 / (1 - 1.5) = -2 or finite alike, but E is NaN."""
    run = run_of(SURE)
    assert np.isnan(run.value("E")) and np.isfinite(run.value("w1.grad"))
    assert derivation(run, text, 0, 0)[-1] == "E is NaN: log of -0.5."
    well = run_of(SURE.replace("1.5", "0.75"))
    assert not any("NaN" in row for row in derivation(well, text, 0, 0))
    assert "NaN" not in derivation(run, "out_o1", 0, 0)[-1]


# What was asked for, and the last line that `show` prints of it; by hand, and PyTorch has NaN for each.
NORM = ('"n2 = a*a + b*b", "n = sqrt(n2)", "E = n"', "a = 0.0\nb = 0.0", "")
ONE_SAMPLE = ('"y = max(w*x, 0)", "g = sqrt(y)", "E = (g - t)**2"', "w = 1.0",
              "x = [0.25, -0.5]\nt = [0.5, 0.2]")
REASONS = [
    (NORM, "d(E, a)", 0, "∂E/∂a is NaN: ∞ × 0, ∂E/∂n2 × a, as the slope of √ at 0 is 1 / 0."),
    (NORM, "a.grad", 0, "∂E/∂a is NaN: ∞ × 0, ∂E/∂n2 × a, as the slope of √ at 0 is 1 / 0."),
    (NORM, "d(E, n2)", 0, "∂E/∂n2 is Inf: the slope of √ at 0 is 1 / 0."),
    (NORM, "d(n, a)", 0, "∂n/∂a is NaN: the slope of √ at 0 is 1 / 0."),
    (NORM, "a.next", 0, "a⁺ is NaN, and takes it over from ∂E/∂a: the slope of √ at 0 is 1 / 0."),
    (NORM, "a", 1, "a is NaN: the slope of √ at 0 is 1 / 0, in update 1."),
    (NORM, "n2", 1, "n2 is NaN, and takes it over from a: the slope of √ at 0 is 1 / 0, in update 1."),
    (NORM, "E", 2, "E is NaN, and takes it over from n: the slope of √ at 0 is 1 / 0, in update 1."),
    (NORM, "d(E, b)", 2, "E is NaN: the slope of √ at 0 is 1 / 0, in update 1."),
    (NORM, "d(n, a)", 1, "n is NaN: the slope of √ at 0 is 1 / 0, in update 1."),
    (('"y = where(x < 1, exp(x), x)", "E = y*w"', "x = 1000.0\nw = 1.0", ""), "d(E, x)", 0,
     "∂E/∂x is NaN: 0 × ∞, where(x < 1: 1; else 0) × exp(x), as exp of 1000 overflows in the where-branch not taken."),
    (ONE_SAMPLE, "d(loss, w)", 0, "∂loss/∂w is NaN: the slope of √ at 0 is 1 / 0, sample 2."),
]


@pytest.mark.parametrize(("file", "text", "after", "said"), REASONS, ids=[f"{t} after {n}" for _, t, n, _ in REASONS])
def test_what_is_shown_of_a_value_that_is_no_number_says_why(
        file: tuple[str, str, str], text: str, after: int, said: str) -> None:
    forward, parameters, values = file
    run = run_of(f'[equations]\nforward = [{forward}]\nloss = "E"\n[parameters]\n{parameters}\n[values]\n{values}\n'
                 "[training]\nlearning_rate = 0.1\nupdates = 2\n")
    lane = 1 if "loss" in text else 0
    assert derivation(run, text, after, lane)[-1] == said


def test_a_printed_figure_of_any_derivative_that_is_no_number_says_why() -> None:
    forward, parameters, _ = NORM
    run = run_of(f'[equations]\nforward = [{forward}]\nloss = "E"\n[parameters]\n{parameters}\n'
                 "[training]\nupdates = 1\n"
                 '[[claims]]\nwhat = "d(n, a)"\nvalue = "1.5"\n[[claims]]\nwhat = "d(n, n2)"\nvalue = "1.5"\n')
    found = [judge_claim(run, claim) for claim in run.scenario.claims]
    assert [(each.verdict, each.cause) for each in found] == [("undefined", "the slope of √ at 0 is 1 / 0")] * 2
