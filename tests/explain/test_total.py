"""Any derivative has a derivation: of hidden values, outputs, steps and samples, by anything of the same update.

The value at the end of a chain is the run's d(y, x), its factors multiply and its paths add up to it, with both
executors; where y does not change with x, the row says why. The run's d(y, x) is held against 1e-6 differences of
the forward half elsewhere; numbers given here are worked out by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
import pytest

from bptui.engine.scalars import Cell
from bptui.explain.chain import Explainer
from bptui.explain.text import derivation
from bptui.replay.open import open_run, open_scenario
from bptui.replay.run import Run
from bptui.scenario.reader import read_scenario_text
from bptui.scenario.shipped import find
from tests.support.runs import shared

NOT_THE_LOSS = """
[equations]
forward = ["m = (x1+x2+x3+x4)/4", "y1 = x1-m", "y2 = x2-m", "y3 = x3-m", "y4 = x4-m", "S = y1+y2+y3+y4"]
loss = "S"
[parameters]
x1 = 1
x2 = 2
x3 = 3
x4 = 4
[training]
learning_rate = 0.1
updates = 1
"""
TWO_USES = """
[equations]
forward = ["h = w*x", "y = w*h", "E = (y-t)**2/2"]
loss = "E"
[parameters]
w = 0.5
[values]
x = [1.0, 2.0]
t = [1.0, 1.0]
[training]
updates = 1
"""
STOPPED = """
[equations]
forward = ["a = w*w", "b = stop(a)*v", "c = v*(w > 0)", "E = a + b + c"]
loss = "E"
[parameters]
w = 2.0
v = 3.0
"""
NAMES = ("two_layer", "two_layer_in_place", "mlp_7_5_4", "lstm_bit", "gru_bit", "recurrent_bit", "attention",
         "convolution", "batch_normalisation", "softmax_jacobian", "gan", "variational_autoencoder", "residual",
         "embedding", "perturbation", "difference_target_propagation", "digits_minibatches")


def opened(text: str, executor: str = "straight") -> Run:
    return open_scenario(read_scenario_text(text, "written"), executor)


def chosen(run: Run, chance: Random) -> tuple[Cell, Cell]:
    """Some y, and some x that may feed it, of one sample."""
    program = run.program(0)
    lane = chance.randrange(program.samples)
    ys = [b.out for b in program.forward]
    y = chance.choice(ys)
    xs = [*program.parameters, *(v for v in program.inputs if v.role in ("data", "noise")), *ys[:ys.index(y) + 1]]
    x = chance.choice(xs)
    return tuple((v, v.flat(chance.randrange(v.lane_size), lane)) for v in (y, x))      # type: ignore[return-value]


@pytest.mark.parametrize("executor", ["straight", "arrays"])
@pytest.mark.parametrize("name", NAMES)
def test_the_rows_of_a_chain_come_to_the_derivative(name: str, executor: str, share: Callable[[int], int]) -> None:
    if name == "digits_minibatches" and executor == "straight":
        pytest.skip("too large for statements")
    run, chance = shared(name, executor), Random(name)
    explainer = Explainer(run, 0, 0)
    for _ in range(share(120)):
        y, x = chosen(run, chance)
        explainer.lane = y[1] // y[0].lane_size if y[0].lanes else x[1] // x[0].lane_size if x[0].lanes else 0
        chain = explainer.total(y, x)
        expected = float(run.derivative(0, y, x[0]).flat[x[1]])
        top = [row for row in chain.rows if not row.depth]
        said = f"d({y[0].name}[{y[1]}], {x[0].name}[{x[1]}])"
        assert chain.result.value == expected, said
        if "#" in " ".join(row.name + row.rule for row in chain.rows):
            raise AssertionError(said)
        paths = [row.value for row in top if row.kind in ("path", "rest") and row.value is not None]
        factors = [row.value for row in top if row.number and row.value is not None]
        if paths:
            total = next(row for row in top if row.sign == "Σ").value
            assert total == pytest.approx(sum(paths), rel=1e-10, abs=1e-12 * sum(map(abs, paths))), said
            factors = [total, *factors] if total is not None and top[0].number else [sum(paths)]
        if factors:
            assert expected == pytest.approx(float(np.prod(factors)), rel=1e-9, abs=1e-14), said


def test_a_derivative_that_is_not_of_the_loss_has_its_paths() -> None:
    """By hand: y1 = x1 - m changes by 1 with x1, and by -1/4 through the mean; their sum S does not change."""
    run = opened(NOT_THE_LOSS)
    rows = Explainer(run, 0, 0).total(*(run.program(0).names[n] for n in ("y1", "x1"))).rows
    assert [(row.name, row.value) for row in rows[1:]] == [("through y1", 1.0), ("through m", -0.25), ("∂y1/∂x1", 0.75)]
    rows = Explainer(run, 0, 0).total(*(run.program(0).names[n] for n in ("y1", "x2"))).rows
    assert rows[-1].value == -0.25 and rows[-1].name == "∂y1/∂x2"
    assert run.value("d(S, x1)") == 0.0 and derivation(run, "d(S, x1)", 0, 0)[-1].split()[:3] == ["Σ", "∂S/∂x1", "0"]


@pytest.mark.parametrize("executor", ["straight", "arrays"])
def test_one_output_by_a_weight_is_a_product(executor: str) -> None:
    """By hand from the article's digits: net_o1 = w5 out_h1 + …, so d(net_o1, w1) = w5 × out_h1 (1 - out_h1) × i1."""
    run = open_run(find("two_layer"), executor)
    lines = derivation(run, "d(net_o1, w1)", 0, 0)
    assert lines[0] == "∂net_o1/∂w1 = ∂net_o1/∂out_h1 × ∂out_h1/∂net_h1 × ∂net_h1/∂w1"
    assert run.value("d(net_o1, w1)") == pytest.approx(0.4 * 0.593269992 * (1 - 0.593269992) * 0.05, rel=1e-8)
    assert "+0.004826014" in lines[-1]
    [_, line] = derivation(run, "d(net_o1, w5)", 0, 0)
    assert line.split() == ["=", "∂net_o1/∂w5", "+0.593269992", "out_h1", "=", "0.593269992"]


WHY = {
    "d(net_h1, w5)": ("two_layer", "w5 does not feed net_h1"),
    "d(net_h1, w3)": ("two_layer", "w3 does not feed net_h1"),          # of the same tensor as w1
    "d(out_o1, w7)": ("two_layer", "w7 does not feed out_o1"),
    "d(b, w)": (STOPPED, "w feeds b only through stop(), which lets no derivative back"),
    "d(c, w)": (STOPPED, "w feeds c only by what a comparison says, and that has the slope 0"),
}


@pytest.mark.parametrize("text", WHY)
def test_a_derivative_that_is_0_says_why(text: str) -> None:
    source, why = WHY[text]
    run = open_run(find(source)) if source == "two_layer" else opened(source)
    assert run.value(text) == 0.0
    assert derivation(run, text, 0, 0)[-1].endswith(f"0   {why}")


def test_what_is_derived_by_itself_is_1() -> None:
    run = open_run(find("two_layer"))
    for text in ("d(E, E)", "d(out_h1, out_h1)"):
        assert run.value(text) == 1.0 and "itself" in derivation(run, text, 0, 0)[-1]


@pytest.mark.parametrize("sample", [1, 2])
def test_of_a_sample_only_its_own_terms_are_told(sample: int) -> None:
    """By hand: y = w × (w × x), so d(y, w) = h + w × x: 0.5 + 0.5 in sample 1, 1 + 1 in sample 2."""
    run = opened(TWO_USES)
    lines = derivation(run, "d(y, w)", 0, sample - 1)
    assert run.value("d(y, w)", 0, sample) == float(sample)
    assert f"{sample / 2:+.9f}" in lines[2] and f"{sample / 2:+.9f}" in lines[-2]
    assert f"{sample:+.9f}" in lines[-1] and not any(f"sample {3 - sample}" in line for line in lines)
