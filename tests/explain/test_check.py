"""`check` passes what is right and fails what is wrong; each of its parts is made to fail once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bptui.engine import laws
from bptui.engine.laws import Elementwise
from bptui.explain import gradients
from bptui.explain.check import Report, check_replay, check_run, lines, looked_at, record
from bptui.explain.gradients import Forward, ridders, sample, tolerance
from bptui.replay.keyframes import Keyframes
from bptui.replay.run import Run, open_run
from bptui.scenario.expression import read_quantity
from bptui.scenario.reader import read_scenario_text
from bptui.scenario.records import Claim

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
SMALL = ["two_layer", "two_layer_in_place", "single_neuron", "single_neuron_second_pass", "partial_derivative"]


def shipped(name: str) -> Run:
    return open_run(SCENARIOS / f"{name}.toml")


def written(text: str, executor: str | None = None) -> Run:
    return Run(read_scenario_text(text, "here"), executor)


def equations(*forward: str, updates: int = 3, rate: float = 0.01, values: str = "", **parameters: float) -> str:
    return "\n".join([
        "[equations]", f"forward = {list(forward)!r}", "loss = 'E'", "[parameters]",
        *(f"{name} = {value!r}" for name, value in parameters.items()), *(["[values]", values] if values else []),
        "[training]", f"learning_rate = {rate}", f"updates = {updates}"])  # fmt: skip


BATCHES = """
[network]
inputs = 2
[[network.layers]]
kind = "dense"
name = "hidden"
units = 3
activation = "{activation}"
weights = [[0.1, -0.2], [0.3, 0.4], [-0.5, 0.6]]
bias = 0.1
[[network.layers]]
kind = "dense"
name = "output"
units = 2
activation = "sigmoid"
weights = [[0.2, 0.3, -0.1], [0.5, -0.4, 0.7]]
bias = [0.1, -0.1]
[loss]
kind = "half_squared_error"
[data]
inputs = [[0.05, 0.1], [0.7, -0.3], [1.1, 0.4], [-0.6, 0.9]]
targets = [[0.0, 1.0], [1.0, 0.0], [0.5, 0.5], [0.2, 0.8]]
[training]
updates = 20
batch = {batch}
learning_rate = 0.5
"""


@pytest.mark.parametrize("name", SMALL)
def test_the_shipped_scenarios_hold(name: str) -> None:
    report = check_run(shipped(name))
    assert report.ok, lines(report)
    assert report.replay.ok and report.notes == ()
    for row in report.gradients:
        assert row.differences is not None and row.differences < 0.01, row
        assert row.digits50 is not None and row.digits50 < 0.01, row


def test_a_large_network_is_sampled_and_says_so() -> None:
    run = shipped("wide_784")
    report = check_run(run)
    assert report.ok, lines(report)
    assert "200 of 23,860 parameters are checked, chosen by the seed" in report.notes
    assert [row.what for row in report.gradients] == [
        f"d(E, {name})" for name in ("hidden.weights", "hidden.bias", "output.weights", "output.bias")]
    assert all(row.differences is not None and row.digits50 is not None for row in report.gradients)
    chosen = sample(run)
    assert sum(map(len, chosen.values())) == 200 and all(chosen.values()) and chosen == sample(shipped("wide_784"))


@pytest.mark.parametrize("batch", [1, 3, 4])
@pytest.mark.parametrize("activation", ["sigmoid", "relu", "gelu", "x / (1 + exp(-x))"])
@pytest.mark.parametrize("executor", ["straight", "arrays"])
def test_batches_shared_biases_and_laws_of_the_user(batch: int, activation: str, executor: str) -> None:
    run = written(BATCHES.format(batch=batch, activation=activation), executor)
    report = check_run(run)
    assert report.ok and not report.notes, lines(report)
    assert looked_at(run) == ([0, 1, 20] if batch == 3 else [0, 20])


# it can fail

def broken(law: Elementwise, factor: float) -> Elementwise:
    partial: Any = law.partials[0]
    return replace(law, partials=(lambda f, y, x: partial(f, y, x) * factor,))


@pytest.mark.parametrize("exactly", [True, False])
def test_a_wrong_partial_fails(monkeypatch: pytest.MonkeyPatch, exactly: bool) -> None:
    monkeypatch.setitem(laws.ACTIVATIONS, "sigmoid", broken(laws.SIGMOID, 1.0001 if exactly else 1.01))
    if not exactly:
        monkeypatch.setattr(gradients, "MOST_EXACT", 0)
    report = check_run(shipped("two_layer"), claims=[])
    assert not report.ok and not any(row.ok for row in report.gradients)
    for row in report.gradients:
        assert row.differences is not None and row.differences > 100
        assert row.digits50 is not None and row.digits50 < 1  # the same wrong law at 50 digits: that is not its task
    assert any(line.startswith("  wrong: d(E, hidden.weights)") for line in lines(report))


@pytest.mark.parametrize("name", SMALL)
def test_differences_in_floats_agree_too(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(gradients, "MOST_EXACT", 0)
    report = check_run(shipped(name), claims=[])
    assert report.ok, lines(report)
    assert all(row.differences is not None for row in report.gradients)


def test_a_wrong_partial_fails_in_a_large_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(laws.PART_LOSSES, "half_squared_error", replace(
        laws.PART_LOSSES["half_squared_error"], partials=(lambda f, y, o, t: 1.01 * (o - t), 0.0)))
    report = check_run(shipped("wide_784"), claims=[])
    assert not any(row.ok for row in report.gradients)


def test_an_executor_that_computes_something_else_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    run = shipped("two_layer")
    right = run.derivative
    monkeypatch.setattr(run, "derivative", lambda *where: right(*where) * (1 + 1e-9))
    report = check_run(run, claims=[])
    assert [row.ok for row in report.gradients] == [False, False]
    assert all(row.digits50 is not None and row.digits50 > 1 for row in report.gradients)


def test_grad_must_be_the_derivative_where_nothing_was_updated_before(monkeypatch: pytest.MonkeyPatch) -> None:
    run = shipped("two_layer_in_place")
    w = run.program(0).variables
    at = gradients._Gradients(run, 0, [])  # pyright: ignore[reportPrivateUsage]
    assert at._must_agree == {w["hidden.weights"]: False, w["output.weights"]: True}  # pyright: ignore
    monkeypatch.setattr(gradients._Gradients, "_must_agree",  # pyright: ignore[reportPrivateUsage]
                        dict.fromkeys(run.program(0).trained, True))
    report = check_run(run, claims=[])
    assert [row.ok for row in report.gradients] == [False, True]
    assert any("hidden.weights.grad is not the derivative" in note for note in report.notes)


def test_a_state_that_is_not_that_of_the_run_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Keyframes.before

    def wrong(self: Keyframes, update: int) -> Any:
        at, state = right(self, update)
        return at, tuple(float(np.nextafter(x, 1)) for x in state) if at else state

    monkeypatch.setattr(Keyframes, "before", wrong)
    report = check_run(shipped("two_layer"), claims=[])
    assert not report.replay.ok and not report.ok
    assert any("is not that of the straight run" in note for note in report.notes)


def test_a_wrong_claim_fails_and_is_listed() -> None:
    run = shipped("two_layer")
    claims = [Claim("w5", read_quantity("w5"), value="0.41"), Claim("E > 1", read_quantity("E > 1")),
              Claim("w99", read_quantity("w99"), value="1"), Claim("w6", read_quantity("w6"), value="0.45")]
    report = check_run(run, claims)
    assert not report.ok and [r.verdict for r in report.claims] == ["last digit", "differs", "differs", "agrees"]
    text = lines(report)
    assert text[0] == "claims     3 figures: 1 agrees, 1 last digit, 1 differs; 1 comparison: 1 does not hold"
    assert "  last digit: w5: printed 0.41, computed 0.4" in text
    assert "  differs: E > 1: does not hold" in text
    assert any(line.startswith("  differs: w99: 'w99' is not a quantity of two_layer") for line in text)


# hard cases

def test_a_gradient_that_is_no_number_is_not_right() -> None:
    report = check_run(written(equations("E = log(W)*0 + exp(V)", W=0.0, V=800.0)))
    assert not report.ok and [row.ok for row in report.gradients] == [False, False]
    assert any("is not finite" in note for note in report.notes)
    assert report.replay.ok  # NaN is replayed bit for bit, too


@pytest.mark.parametrize("exactly", [True, False])
@pytest.mark.parametrize("expression", ["relu(W)*V", "max(W, 0*V) + V", "where(W < 0, V, 2*V)"])
def test_at_a_kink_differences_say_nothing_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, expression: str, exactly: bool
) -> None:
    if not exactly:
        monkeypatch.setattr(gradients, "MOST_EXACT", 0)
    report = check_run(written(equations(f"E = {expression}", W=0.0, V=0.7, updates=1)))
    first, second = report.gradients
    assert report.ok and second.differences is not None
    assert first.differences is None or expression.startswith("max")  # whose W has left the kink after an update
    assert report.notes and all("E by W" in note and "at a kink" in note for note in report.notes)


def test_where_differences_agree_with_the_rule_of_a_kink_nothing_is_said() -> None:
    report = check_run(written(equations("E = abs(W)*V", W=0.0, V=0.7, updates=1)))
    assert report.ok and report.notes == () and report.gradients[0].differences == 0


def test_beside_a_kink_a_wrong_partial_still_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(laws.FUNCTIONS, "relu", broken(laws.RELU, 1.001))
    report = check_run(written(equations("E = relu(W)*V", W=0.001, V=0.7, updates=1)))
    assert not report.gradients[0].ok


def test_what_rounding_leaves_of_a_minimum_is_no_failure() -> None:
    # 0.1*3 is not 0.3 in floats: a gradient of 1e-14 that is made of nothing but rounding
    run = written(equations("y = W*x", "E = (y - t)**2 / 2", W=0.1, updates=2,
                            values="x = 300\nt = 30.000000000000004"))
    report = check_run(run)
    assert report.ok, lines(report)


def test_a_parameter_that_feeds_nothing_has_no_gradient() -> None:
    report = check_run(written(equations("E = W*W", "z = V + 1", W=0.5, V=2.0)))
    assert report.ok and [row.differences for row in report.gradients] == [0.0, 0.0]


def test_nothing_trained_nothing_claimed() -> None:
    text = equations("E = X*X", updates=2, values="X = 1.5")
    report = check_run(written(text))
    assert report.ok and report.gradients == () and report.claims == ()
    assert lines(report)[:2] == ["claims     none to check", "gradients  nothing is trained"]


def test_a_long_run_is_replayed_in_part_and_says_so() -> None:
    replay, notes = check_replay(written(equations("E = W*W", W=0.5, updates=10**8)))
    assert replay.ok and replay.updates == 100_000
    assert notes == ("replay is checked over the first 100,000 of 100,000,000 updates",)


def test_ridders_and_its_error() -> None:
    slope, error = ridders(np.sin, 0.1)
    assert abs(slope - 1) <= max(error, 1e-14) and error < 1e-11
    corner, error = ridders(lambda x: abs(x - 1e-3), 0.1)
    assert error > 1e-3 or abs(corner + 1) < 1e-9


def test_the_tolerance_is_that_of_the_design() -> None:
    assert tolerance(2.0) == pytest.approx(1e-10 * (2 + 1e-6))
    assert tolerance(0.0) == pytest.approx(1e-16)
    assert tolerance(1.0, size=1e6) == pytest.approx(1e-6) and tolerance(1.0, doubt=1.0) == 4
    assert tolerance(1.0, doubt=float("inf")) == tolerance(1.0)


def test_a_step_so_small_an_effect_that_it_is_lost_needs_a_larger_trial() -> None:
    run = written(equations("y = W*x", "E = (y - 0.5)**2 / 2 + 1", W=0.5, values="x = 1e-12"))
    forward = Forward(run.program(0), run.env(0))
    w = run.program(0).parameters[0]
    assert forward.first_step(w, 0) == pytest.approx(1e11, rel=0.1)


def test_the_record_is_the_contracts() -> None:
    report: Report = check_run(shipped("single_neuron"))
    found = record(report)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["claims"][0] == {
        "what": "s", "after": 0, "claimed": "1.94", "computed": 1.9400000000000002, "verdict": "agrees"}
    assert found["claims"][-1]["claimed"] is None and found["claims"][-1]["computed"] is True
    assert set(found["gradients"][0]) == {"what", "differences", "digits50", "ok"}
    assert found["replay"] == {"ok": True, "updates": 1000} and found["ok"] is True
