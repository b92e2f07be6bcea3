"""Updates in place against the hand-written oracle of the two-layer tutorial, and where they cannot be."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from bptui.replay.open import open_run
from bptui.replay.run import Run
from bptui.scenario.errors import ScenarioError
from bptui.scenario.shipped import find

Open = Callable[..., Run]
WEIGHTS = [f"w{n}" for n in range(1, 9)]
FORWARD = [
    "net_h1",
    "net_h2",
    "out_h1",
    "out_h2",
    "net_o1",
    "net_o2",
    "out_o1",
    "out_o2",
    "E_o1",
    "E_o2",
    "E",
]


def two_layer(rule: str, executor: str | None = None) -> Run:
    return open_run(find("two_layer_in_place" if rule == "in_place" else "two_layer"), executor)


@pytest.mark.parametrize("executor", ["straight", "arrays"])
@pytest.mark.parametrize("rule", ["in_place", "simultaneous"])
def test_both_rules_over_ten_thousand_updates(rule: str, executor: str, reference: Callable[[str], ModuleType]) -> None:
    run, oracle = two_layer(rule, executor), reference("two_layer_reference").figures
    for after in (0, 1, 2, 100, 10_000):
        expected = oracle(rule, after)
        for name in (*WEIGHTS, *FORWARD):
            assert run.value(name, after) == pytest.approx(expected[name], rel=1e-12, abs=1e-15), (
                name,
                after,
            )


def test_the_figures_of_the_source() -> None:
    """The printed digits, and the ones that the issue names to more digits."""
    simultaneous, in_place = two_layer("simultaneous"), two_layer("in_place")
    assert simultaneous.value("d(E, w5)") == pytest.approx(0.08216704056423078, abs=1e-15)
    assert simultaneous.value("E", 1) == pytest.approx(0.29102777369359933, abs=1e-15)
    assert simultaneous.value("E", 10_000) == pytest.approx(3.510187783e-05, abs=5e-15)
    assert in_place.value("E", 1) == pytest.approx(0.29102792390544197, abs=1e-15)
    assert in_place.value("out_o1", 10_000) == pytest.approx(0.015912196, abs=5e-10)
    assert in_place.value("out_o2", 10_000) == pytest.approx(0.984065734, abs=5e-10)


@pytest.mark.parametrize("executor", ["straight", "arrays"])
def test_the_derivative_is_true_and_the_gradient_is_what_was_given(
    executor: str, reference: Callable[[str], ModuleType]
) -> None:
    run, oracle = two_layer("in_place", executor), reference("two_layer_reference")
    for after in (0, 1, 50):
        here, later = oracle.figures("in_place", after), oracle.figures("in_place", after + 1)
        for name in WEIGHTS:
            assert run.value(f"d(E, {name})", after) == pytest.approx(here[f"d(E, {name})"], rel=1e-11)
            given = (here[name] - later[name]) / 0.5
            assert run.value(f"{name}.grad", after) == pytest.approx(given, rel=1e-9)
            assert run.value(f"{name}.next", after) == run.value(name, after + 1)
    assert run.value("w1.grad") == pytest.approx(0.000364723, abs=5e-10)
    assert run.value("d(E, w1)") == pytest.approx(0.000438568, abs=5e-10)
    assert run.value("w5.grad") == run.value("d(E, w5)")


def test_a_layer_is_updated_before_the_error_goes_on_to_the_layer_below() -> None:
    def order(rule: str) -> list[str]:
        return [b.out.name for b in two_layer(rule).program(0).blocks if b.phase in ("backward", "update")]

    backward = ["d(E, output.out)", "d(E, output.net)", "d(E, output.weights)"]
    hidden = ["d(E, hidden.out)", "d(E, hidden.net)", "d(E, hidden.weights)"]
    assert order("in_place") == [*backward, "output.weights.next", *hidden, "hidden.weights.next"]
    assert order("simultaneous") == [*backward, *hidden, "hidden.weights.next", "output.weights.next"]


def test_each_line_of_written_equations_is_a_layer_of_its_own(open_text: Open) -> None:
    """E = (v·h)²/2, h = w·x: the factor v of ∂E/∂h is read after its update, the slope was made before."""
    text = """
[equations]
forward = ["h = w*x", "E = (v*h)**2/2"]
loss = "E"
[parameters]
w = 0.5
v = 2.0
[values]
x = 3.0
[training]
learning_rate = 0.1
update_order = "in_place"
"""
    for executor in ("straight", "arrays"):
        run = open_text(text, executor)
        v = 2.0 - 0.1 * (2.0 * 1.5 * 1.5)  # v - η·(v h)·h
        assert run.value("v", 1) == pytest.approx(v, rel=1e-15)
        assert run.value("d(E, w)") == pytest.approx(2.0 * 2.0 * 1.5 * 3.0, rel=1e-15)
        assert run.value("w.grad") == pytest.approx(2.0 * 1.5 * v * 3.0, rel=1e-15)


@pytest.mark.parametrize("users", [("h = w*x", "E = (w*h)**2"), ("h = w*x", "g = w + h", "E = g*g*w")])
def test_a_shared_parameter_is_one_clear_error(users: tuple[str, ...], open_text: Open) -> None:
    text = (f"[equations]\nforward = {list(users)}\nloss = 'E'\n[parameters]\nw = 0.5\n[values]\nx = 3.0\n"
            "[training]\nupdate_order = 'in_place'\n")  # fmt: skip
    with pytest.raises(ScenarioError) as caught:
        open_text(text)
    (problem,) = caught.value.problems
    assert problem.key == ("training", "update_order")
    names = [line.split(" ")[0] for line in users]
    assert problem.message.startswith("in_place cannot be used here: w is shared by")
    assert all(name in problem.message for name in names)
    open_text(text.replace("in_place", "simultaneous"))


def test_a_parameter_used_twice_in_one_line_is_not_shared(open_text: Open) -> None:
    run = open_text("[equations]\nforward = ['E = w*w + w']\nloss = 'E'\n[parameters]\nw = 0.5\n"
                    "[training]\nupdate_order = 'in_place'\n")  # fmt: skip
    assert run.value("w.grad") == 2.0
