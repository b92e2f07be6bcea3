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
from bptui.explain.check import Interrupted, Report, check_replay, check_run, lines, looked_at, record
from bptui.explain.forward import Forward, ridders, tolerance
from bptui.explain.gradients import sample
from bptui.replay.keyframes import Keyframes
from bptui.replay.open import open_run, open_scenario
from bptui.replay.run import Run
from bptui.scenario.expression import read_quantity
from bptui.scenario.reader import read_scenario_text
from bptui.scenario.records import Claim

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
SMALL = ["two_layer", "two_layer_in_place", "single_neuron", "single_neuron_second_pass", "partial_derivative"]


def shipped(name: str) -> Run:
    return open_run(SCENARIOS / f"{name}.toml")


def written(text: str, executor: str | None = None) -> Run:
    return open_scenario(read_scenario_text(text, "here"), executor)


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
    assert report.replay and report.replay.ok and report.notes == ()
    for row in report.gradients:
        assert row.differences is not None and row.differences < 0.01, row
        assert row.digits50 is not None and row.digits50 < 0.01, row


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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
    assert at.must_agree == {w["hidden.weights"]: False, w["output.weights"]: True}
    monkeypatch.setattr(gradients._Gradients, "must_agree",  # pyright: ignore[reportPrivateUsage]
                        dict.fromkeys(run.program(0).trained, True))
    report = check_run(run, claims=[])
    assert [row.ok for row in report.gradients] == [False, True]
    assert "hidden.weights.grad is not the derivative" in report.gradients[0].why


def test_a_state_that_is_not_that_of_the_run_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Keyframes.before

    def wrong(self: Keyframes, update: int) -> Any:
        at, state = right(self, update)
        return at, tuple(float(np.nextafter(x, 1)) for x in state) if at else state

    monkeypatch.setattr(Keyframes, "before", wrong)
    report = check_run(shipped("two_layer"), claims=[])
    assert report.replay and not report.replay.ok and not report.ok
    assert any("is not that of the straight run" in note for note in report.notes)


def test_claims_past_the_end_are_said_to_be_so() -> None:
    run = shipped("two_layer")
    claims = [Claim("E < 1", read_quantity("E < 1"), after=after) for after in (0, 10_000, 10_001, 20_000)]
    said = "the run ends after 10,000 updates, and 2 claims are of how it would go on"
    assert [said in check_run(run, asked).notes for asked in (claims, claims[:2])] == [True, False]


def test_a_wrong_claim_fails_and_is_listed() -> None:
    run = shipped("two_layer")
    claims = [Claim("w5", read_quantity("w5"), value="0.41"), Claim("E > 1", read_quantity("E > 1")),
              Claim("w99", read_quantity("w99"), value="1"), Claim("w6", read_quantity("w6"), value="0.45")]
    report = check_run(run, claims)
    assert not report.ok and [r.verdict for r in report.claims] == ["last digit", "differs", "differs", "agrees"]
    text = lines(report)
    assert text[0] == "claims     3 figures: 1 agrees, 1 last digit, 1 differs; 1 comparison: 1 does not hold"
    assert "  last digit: w5: claimed 0.41, computed 0.4" in text  # by a reader, not by the source
    assert "  differs: E > 1: does not hold" in text
    assert any(line.startswith("  differs: w99: 'w99' is not a quantity of two_layer") for line in text)


# hard cases

def test_a_gradient_that_is_no_number_is_not_right() -> None:
    report = check_run(written(equations("E = log(W)*0 + exp(V)", W=0.0, V=800.0)))
    assert not report.ok and [row.ok for row in report.gradients] == [False, False]
    assert [row.verdict for row in report.gradients] == ["undefined", "undefined"]
    assert report.finite is not None and not report.finite.ok
    assert report.replay and report.replay.ok       # NaN is replayed bit for bit, too


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
        "what": "s", "after": 0, "claimed": "1.94", "computed": 1.9400000000000002, "digits": 3, "verdict": "agrees"}
    assert found["claims"][-1]["claimed"] is None and found["claims"][-1]["computed"] is True
    assert found["claims"][-1]["digits"] is None
    assert set(found["gradients"][0]) == {"what", "differences", "digits50", "ok", "verdict"}
    assert found["finite"] == {"ok": True, "what": None, "cause": None}
    assert found["replay"] == {"ok": True, "updates": 1000} and found["ok"] is True


# what is not finite

LOSS_IS_NAN = """
[network]
inputs = 2
[[network.layers]]
kind = "dense"
name = "h"
units = 3
activation = "linear"
weights = [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]
bias = [0, 0, 0]
[loss]
kind = "binary_cross_entropy"
[data]
inputs = [[1.0, 2.0]]
targets = [[0, 1, 0]]
[training]
learning_rate = 0.1
updates = 1
"""


def test_a_loss_that_is_nan_fails_also_where_every_gradient_is_finite() -> None:
    report = check_run(written(LOSS_IS_NAN))  # the third output is 1.7, its target 0: log(1 - 1.7)
    assert not report.ok and [row.verdict for row in report.gradients] == ["not judged", "not judged"]
    assert record(report)["finite"] == {"ok": False, "what": "E", "after": 0, "cause": "log of -0.7"}
    text = lines(report)
    assert "finite     no: E is NaN after 0 updates: log of -0.7" in text
    assert "  not judged: d(E, h.weights): finite, though E is NaN: log of -0.7" in text


NOT_FINITE = {  # forward, parameters, values: verdict of each parameter, cause of the first that is no number
    "the norm of a zero vector": (
        ("n2 = a*a + b*b", "n = sqrt(n2)", "E = n"), {"a": 0.0, "b": 0.0}, ["undefined"] * 2, "the slope of √ at 0"),
    "a logarithm": (("u = w - 3", "l = log(u)", "E = l*k + w"), {"w": 1.5, "k": 2.0}, ["undefined"] * 2, "log of -1.5"),
    "a root on both sides": (("y = sqrt(w)", "E = (y - c)*y"), {"w": 0.0, "c": 0.0}, ["undefined"] * 2, "√"),
    "the branch that is not taken": (  # by hand: y is x, so the slope is w = 1
        ("y = where(x < 1, exp(x), x)", "E = y*w"), {"x": 1000.0, "w": 1.0}, ["wrong", "undefined"], "exp of 1000"),
}


@pytest.mark.parametrize("kind", NOT_FINITE)
def test_what_is_not_finite_is_undefined_with_its_cause_and_wrong_only_where_50_digits_have_a_number(kind: str) -> None:
    forward, parameters, verdicts, cause = NOT_FINITE[kind]
    report = check_run(written(equations(*forward, values="", updates=2, rate=0.1, **parameters)))
    assert not report.ok and [row.verdict for row in report.gradients] == verdicts
    first = next(row for row in report.gradients if row.cause)
    assert cause in first.cause
    for row, said in zip(report.gradients, record(report)["gradients"], strict=True):
        assert (said["verdict"], said["why"], said["ok"]) == (row.verdict, row.why, False)
        assert f"  {row.verdict}: {row.what}: {row.why} ({row.cause})" in lines(report)
        if row.verdict == "wrong":
            assert row.why == "NaN after 0 updates, but by 50 digits 1.0"
        else:
            assert "50 digits have no number either, differences" in row.why and row.why.startswith("NaN after ")


# E is so large beside its slope by b that a step of b is lost among its 50 digits. By hand: E = s² + b, dE/ds = 2s,
# dE/db = 1.
@pytest.mark.parametrize("power", [5, 12, 20, 45, 150])
def test_a_difference_that_is_lost_in_rounding_proves_nothing_wrong(power: int) -> None:
    report = check_run(written(equations("q = s*s", "E = q + b", updates=1, rate=0.0, s=float(f"1e{power}"), b=0.1)))
    assert report.ok and [row.verdict for row in report.gradients] == ["right", "right"]
    lost = [note for note in report.notes if "rounding is too large there" in note]
    assert len(lost) == 2 * (power > 12) and all("E by b" in note for note in lost)


@pytest.mark.parametrize(
    ("forward", "why"),  # by mpmath: exp(1000) = 1.97007e+434, and so is its slope
    [(("E = exp(w)",), "50 digits have 1.97007e+434, which is too large for a float, differences say 1.97007e+434"),
     (("q = exp(w)", "E = q*q"), "50 digits have 7.76236e+868, which is too large for a float, "
                                 "differences say 7.76236e+868")])  # fmt: skip
def test_what_is_only_too_large_for_a_float_has_50_digits(forward: tuple[str, ...], why: str) -> None:
    (row,) = check_run(written(equations(*forward, updates=1, w=1000.0))).gradients
    assert row.verdict == "undefined" and row.why == f"Inf after 0 updates; {why}"


def test_a_finite_gradient_of_a_loss_that_is_no_number_is_named() -> None:
    report = check_run(written(equations("u = w - 3", "l = log(u)", "E = l*k + w", updates=1, w=1.5, k=2.0)))
    assert not report.ok  # by hand: d(E, w) = k/u + 1 = -1/3, a number of no meaning
    assert "E by w after 0 updates: finite, though E is NaN: log of -1.5; nothing in it tells" in report.notes


def test_the_cause_names_the_sample() -> None:
    text = equations("y = max(w*x, 0)", "g = sqrt(y)", "E = (g - t)**2", w=1.0, rate=0.1, updates=2,
                     values="x = [0.25, -0.5, 0.49, 1.0]\nt = [0.5, 0.2, 0.5, 0.9]")  # fmt: skip
    [row] = check_run(written(text)).gradients
    assert row.verdict == "undefined" and row.cause == "the slope of √ at 0 is 1 / 0, sample 2"


def exploding(claims: str) -> Run:
    return written(equations("E = W*W*W*W", W=3.0, rate=1.0, updates=9) + claims)


@pytest.mark.parametrize(("claims", "ok"), [
    ("", False),
    ("[[claims]]\nwhat = 'not isfinite(E)'\nafter = {n}", True),
    ("[[claims]]\nwhat = 'E > 1 and not isfinite(E)'\nafter = {n}", True),
    ("[[claims]]\nwhat = 'not isfinite(E)'\nafter = {later}", False),  # too late: who reads on is not warned
    ("[[claims]]\nwhat = 'isfinite(E)'\nafter = 0", False),
    ("[[claims]]\nwhat = 'not isfinite(W)'\nafter = {later}", False),
])  # fmt: skip
def test_a_run_that_explodes_fails_unless_its_file_says_so(claims: str, ok: bool) -> None:
    # by hand: W goes from 3 to 3 - 4·27 = -105 and on to -105 + 4·105³, a power of 3 of before each time
    run = exploding("")
    first = next(n for n in range(10) if not np.isfinite(run.value("E", n)))
    report = check_run(exploding("\n" + claims.format(n=first, later=first + 1)))
    assert report.finite is not None
    assert (report.finite.what, report.finite.after, report.finite.ok) == ("E", first, ok)
    assert report.ok == ok
    assert record(report)["finite"].get("claimed", False) == ok
    assert ("as the file claims" in "\n".join(lines(report))) == ok


def test_a_reader_may_claim_what_they_like_of_a_run_that_explodes_and_means_it() -> None:
    report = check_run(shipped("exploding_gradient"), [Claim("w1", read_quantity("w1"), value="2.0")])
    assert report.ok and report.finite is not None and report.finite.claimed


def test_validation_that_is_no_number_fails() -> None:
    text = """
[network]
inputs = 1
[[network.layers]]
kind = "dense"
name = "h"
units = 1
activation = { law = "log(x)" }
weights = [[1.0]]
bias = false
[loss]
kind = "half_squared_error"
[data]
inputs = [[1.0], [2.0]]
targets = [[0.0], [0.7]]
[data.validation]
inputs = [[-1.0]]
targets = [[0.0]]
[training]
updates = 2
"""
    report = check_run(written(text))
    assert not report.ok and all(row.ok for row in report.gradients)
    assert report.finite is not None and (report.finite.what, report.finite.after) == ("E.validation", 1)


def test_a_parameter_that_is_no_number_at_the_end_fails_also_where_the_loss_is_not_of_it() -> None:
    # the loss is 0 and its slope 1e200, which Adam squares
    text = equations("E = 1e200*V - 1e200*stop(V)", V=1.0, updates=2, rate=1e-210) + "\noptimizer = 'adam'"
    report = check_run(written(text))
    assert report.finite is not None and (report.finite.what, report.finite.after) == ("V.v", 1)
    assert not report.ok


# how far it has come

@pytest.mark.slow
def test_it_tells_how_far_it_has_come() -> None:
    told: list[tuple[str, int, int]] = []
    check_run(shipped("wide_784"), tell=lambda what, done, of: told.append((what, done, of)))
    words = [what for what, _, _ in told]
    for part in ("claims", "a straight run", "replay", "differences of hidden.weights", "50 digits of hidden.weights"):
        assert part in words, part
    assert all(0 <= done <= of for _, done, of in told)
    assert words.index("50 digits of output.bias") < words.index("50 digits of hidden.weights")  # the least work first


@pytest.mark.parametrize("part", ["claims", "replay", "differences of hidden.weights", "50 digits of output.weights"])
def test_interrupted_it_knows_what_it_has_found(part: str) -> None:
    def tell(what: str, done: int, of: int) -> None:
        if what == part and (done or what != "claims"):
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as raised:
        check_run(shipped("two_layer"), tell=tell)
    report = raised.value.report
    assert not report.complete and record(report)["complete"] is False
    assert lines(report)[-1] == "stopped: the rest was not looked at"
    assert len(report.claims) == (1 if part == "claims" else 31)
    assert (report.replay is None) == (part in ("claims", "replay"))
    assert len(report.gradients) == (0 if part in ("claims", "replay") else 2)
    if part.startswith("50"):
        assert all(row.differences is not None for row in report.gradients)


def test_the_work_is_bounded_by_terms_and_what_was_left_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradients, "MOST_READ", 250_000)  # the forward half of wide_784 has 235,000
    report = check_run(shipped("wide_784"), claims=[])
    by_name = {row.what: row for row in report.gradients}
    assert report.ok and by_name["d(E, output.bias)"].digits50 is not None
    assert any(note.startswith("50 digits are compared in ") and "at most 250,000 terms" in note
               for note in report.notes)
    monkeypatch.setattr(gradients, "MOST_MOVED", 10**6)
    run = shipped("wide_784")
    few = gradients.GradientCheck.sampled(300_000)
    assert few == 1 and sum(map(len, sample(run, few).values())) == 4  # one of each tensor
