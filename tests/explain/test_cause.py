"""Why a number is not finite: the operation that broke, its operands, its sample, read from the calculation.

What each case should say was worked out by hand; the runs are small enough for that.
"""

from __future__ import annotations

import math

import pytest

from bptui.explain.cause import Cause, cause_of, told
from bptui.explain.chain import Explainer
from bptui.explain.diagnosis import Diagnosis, not_finite
from bptui.explain.words import about_step
from bptui.replay.open import open_scenario
from bptui.replay.run import Run
from bptui.replay.timeline import Position
from bptui.scenario.reader import read_scenario_text


def run_of(forward: str, parameters: str, values: str = "", executor: str | None = None, updates: int = 2) -> Run:
    return open_scenario(read_scenario_text(f"""
[equations]
forward = [{forward}]
loss = "E"
[parameters]
{parameters}
[values]
{values}
[training]
learning_rate = 0.1
updates = {updates}
""", "here"), executor)


def of_gradient(run: Run, name: str, update: int = 0) -> Cause | None:
    program = run.program(update)
    w = next(v for v in program.parameters if v.name == name)
    return cause_of(run, update, (program.gradients[w], 0))


BREAKS = {
    "log of a negative": ('"E = log(a)"', "a = -1.5", "log of -1.5"),
    "log of 0": ('"E = log(a)"', "a = 0.0", "log of 0"),
    "root of a negative": ('"E = sqrt(a - 3)"', "a = 1.0", "√ of -2"),
    "inner root of a root": ('"E = sqrt(sqrt(a - 2))"', "a = 1.0", "√ of -1"),
    "division by 0": ('"E = 0.5 / a"', "a = 0.0", "0.5 / 0"),
    "0 by 0": ('"E = a / a"', "a = 0.0", "0 / 0"),
    "exp": ('"E = exp(a)"', "a = 1000.0", "exp of 1000 overflows"),
    "a product": ('"E = a * 1e200"', "a = 1e200", "1e+200 × 1e+200 overflows, a"),
    "a sum": ('"b = a + 1e308", "E = b"', "a = 1e308", "1e+308 + 1e+308 overflows"),
    "a difference": ('"b = a - 1e308", "E = b"', "a = -1e308", "-1e+308 - 1e+308 overflows"),
    "a square": ('"E = a**2"', "a = 1e200", "1e+200 × 1e+200 overflows"),
    "a fraction of a negative": ('"E = a**0.3"', "a = -8.0", "(-8) to the power 0.3 is no real number"),
    "a negative power of 0": ('"E = a**(-3)"', "a = 0.0", "0 to the power -3 is 1 / 0"),
}


@pytest.mark.parametrize("executor", ["straight", "arrays"])
@pytest.mark.parametrize("case", BREAKS)
def test_the_operation_and_its_operands(case: str, executor: str) -> None:
    forward, parameters, words = BREAKS[case]
    run = run_of(forward, parameters, executor=executor)
    found = cause_of(run, 0, (run.program(0).cost, 0))
    assert found is not None and found.words == words and found.sample is None


@pytest.mark.parametrize("executor", ["straight", "arrays"])
def test_the_slope_of_a_root_at_0(executor: str) -> None:
    """The norm of a zero vector: forward all is finite, and back comes 1 / (2 × √0)."""
    run = run_of('"n2 = a*a + b*b", "n = sqrt(n2)", "E = n"', "a = 0.0\nb = 0.0", executor=executor)
    assert cause_of(run, 0, (run.program(0).cost, 0)) is None
    found = of_gradient(run, "a")
    assert found is not None and found.words == "the slope of √ at 0 is 1 / 0"
    assert not_finite(run, 0) == Diagnosis("not finite", "d(E, n2)", 0, None, found.words, 4, True, "#0:5")


@pytest.mark.parametrize("executor", ["straight", "arrays"])
def test_the_branch_that_was_not_taken(executor: str) -> None:
    run = run_of('"y = where(x < 1, exp(x), x)", "E = y*w"', "x = 1000.0\nw = 1.0", executor=executor)
    found = of_gradient(run, "x")
    assert found is not None
    assert found.words == "exp of 1000 overflows in the where-branch not taken"
    taken = run_of('"y = where(x > 1, exp(x), x)", "E = y*w"', "x = 1000.0\nw = 1.0", executor=executor)
    found = of_gradient(taken, "x")
    assert found is not None and found.words == "exp of 1000 overflows"


@pytest.mark.parametrize("executor", ["straight", "arrays"])
def test_the_sample_that_it_came_from(executor: str) -> None:
    """Sample 2 stands at the root's 0; the sum over samples takes it over from there."""
    run = run_of('"y = max(w*x, 0)", "g = sqrt(y)", "E = (g - t)**2"', "w = 1.0",
                 "x = [0.25, -0.5, 0.49, 1.0]\nt = [0.5, 0.2, 0.5, 0.9]", executor)
    found = of_gradient(run, "w")
    assert found is not None and (found.sample, found.words) == (2, "the slope of √ at 0 is 1 / 0")
    finding = not_finite(run, 0)
    assert finding is not None and finding.what == "d(E, y)" and finding.sample == 2 and finding.hidden


def test_a_mask_comes_after_what_it_spoils() -> None:
    run = run_of('"p = x - 1e308 - 1e308", "q = -1e308 - 1e308", "m = max(p, q)", '
                 '"E = m + log(exp(p - m) + exp(q - m))"', "x = 1.0")
    finding = not_finite(run, 0)
    assert finding is not None and (finding.what, finding.cause) == ("E", "-∞ - (-∞)")


@pytest.mark.parametrize("executor", ["straight", "arrays"])
def test_an_earlier_update(executor: str) -> None:
    """w is NaN after 1 update, and stays so; what broke is the logarithm after 0."""
    run = run_of('"l = log(w - 3)", "E = l*k + w*k"', "w = 1.5\nk = 2.0", executor=executor, updates=40)
    assert math.isnan(run.parameters(40)["k"])
    found = of_gradient(run, "w", 40)
    assert found is not None and (found.words, found.update) == ("log of -1.5", 0)


def test_what_is_finite_has_no_cause() -> None:
    run = run_of('"E = a*a"', "a = 1.0")
    assert cause_of(run, 0, (run.program(0).cost, 0)) is None and not_finite(run, 0) is None


# What is said at each value, by the update and the name of what the step makes; worked out by hand.
SAID = {
    "the norm of a zero vector": ('"n2 = a*a + b*b", "n = sqrt(n2)", "E = n"', "a = 0.0\nb = 0.0", "", {
        (0, "∂E/∂n2"): "∂E/∂n2 is Inf: the slope of √ at 0 is 1 / 0.",
        (0, "∂E/∂a"): "∂E/∂a is NaN: ∞ × 0, ∂E/∂n2 × a, as the slope of √ at 0 is 1 / 0.",
        (0, "a⁺"): "a⁺ is NaN, and takes it over from ∂E/∂a: the slope of √ at 0 is 1 / 0.",
        (1, "n2"): "n2 is NaN, and takes it over from a: it began in update 1.",
        (1, "n"): "n is NaN, and takes it over from n2: it began in update 1.",
        (1, "∂E/∂n2"): "∂E/∂n2 is NaN, and takes it over from n: it began in update 1.",
        (1, "b⁺"): "b⁺ is NaN, and takes it over from ∂E/∂b: it began in update 1.",
        (1, "E"): "E is NaN, and takes it over from n: the slope of √ at 0 is 1 / 0, in update 1."}),
    "a logarithm of a negative number": ('"u = w - 3", "l = log(u)", "E = l*k + w"', "w = 1.5\nk = 2.0", "", {
        (0, "l"): "l is NaN: log of -1.5.",
        (0, "∂E/∂k"): "∂E/∂k is NaN, and takes it over from l: log of -1.5.",
        (0, "k⁺"): "k⁺ is NaN, and takes it over from ∂E/∂k: log of -1.5.",
        (1, "l"): "l is NaN: log of -1.46667.",         # w - 0.1 × 1/u × k - 0.1, with u = -1.5
        (1, "w⁺"): "w⁺ is NaN, and takes it over from ∂E/∂w: log of -1.5, in update 1."}),
    "a branch that is not taken": ('"y = where(x < 1, exp(x), x)", "E = y*w"', "x = 1000.0\nw = 1.0", "", {
        (0, "∂E/∂x"): "∂E/∂x is NaN: 0 × ∞, as exp of 1000 overflows in the where-branch not taken.",
        (1, "y"): "y is NaN, and takes it over from x: it began in update 1."}),
    "the same from the same": ('"p = x - 1e308 - 1e308", "q = -1e308 - 1e308", "m = max(p, q)", "E = m + log(exp(p - m)'
                               ' + exp(q - m))"', "x = 1.0", "", {
        (0, "p"): "p is -Inf: -1e+308 - 1e+308 overflows.",
        (0, "E"): "E is NaN: -∞ - (-∞)."}),
    "one of four samples": ('"y = max(w*x, 0)", "g = sqrt(y)", "E = (g - t)**2"', "w = 1.0",
                            "x = [0.25, -0.5, 0.49, 1.0]\nt = [0.5, 0.2, 0.5, 0.9]", {
        (0, "∂E/∂w"): "∂E/∂w is NaN: -∞ × 0, sample 2, as the slope of √ at 0 is 1 / 0.",
        (1, "E"): "E is NaN, and takes it over from loss of sample 1: it began in update 1."}),
}  # fmt: skip


@pytest.mark.parametrize("case", SAID)
def test_a_cause_of_an_earlier_update_is_said_with_its_update(case: str) -> None:
    """In the second update no sentence names an operation of the first as one of its own."""
    forward, parameters, values, _ = SAID[case]
    run = run_of(forward, parameters, values)
    at, times = Explainer(run, 1, 0), run.times(1)
    for value in range(1, times.count + 1):
        cause = cause_of(run, 1, at.cell(value))
        if cause is not None and cause.update == 0:
            said = about_step(at, Position(1, value, times.stops(value)), at.chain(value))
            assert cause.words not in said or "in update 1" in said, said
            assert told(cause, 1).endswith(", in update 1") and told(cause, 0) in told(cause, 1)


@pytest.mark.parametrize("executor", ["straight", "arrays"])
@pytest.mark.parametrize("case", SAID)
def test_the_sentence_of_a_step_names_the_operation_or_what_it_is_taken_over_from(case: str, executor: str) -> None:
    forward, parameters, values, wanted = SAID[case]
    run = run_of(forward, parameters, values, executor)
    said: dict[tuple[int, str], str] = {}
    for update in (0, 1):
        at, times = Explainer(run, update, 0), run.times(update)
        for value in range(1, times.count + 1):
            if not math.isfinite(at.reader.value(at.cell(value))):
                said[update, at.title(at.cell(value))] = about_step(
                    at, Position(update, value, times.stops(value)), at.chain(value))
    assert {place: said.get(place) for place in wanted} == wanted
    assert max(map(len, said.values())) <= 78       # a row of 80
