"""The 50-digit reading against oracles at 50 digits, and the floats against it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mpmath
import numpy as np
import pytest

from bptui.engine.program import Program, Var
from bptui.explain.digits import Digits, functions, numbers
from bptui.replay.open import open_scenario
from bptui.replay.run import Run
from bptui.scenario.reader import read_scenario_text
from tests.reference import two_layer_reference as oracle
from tests.support.runs import shared

ROOT = Path(__file__).resolve().parents[2]


def shipped(name: str) -> Run:
    return shared(name)


def written(text: str) -> Run:
    return open_scenario(read_scenario_text(text, "here"))


def read(run: Run, update: int = 0) -> tuple[Program, Digits]:
    return run.program(update), Digits(run.program(update), run.env(update))


def close(a: Any, b: Any, tolerance: float = 1e-45) -> bool:
    return abs(mpmath.mpf(str(a)) - mpmath.mpf(str(b))) <= tolerance


@pytest.mark.parametrize("rule", ["simultaneous", "in_place"])
def test_a_whole_update_is_that_of_the_oracle(rule: oracle.Rule) -> None:
    run = shipped("two_layer" if rule == "simultaneous" else "two_layer_in_place")
    program, digits = read(run)
    with mpmath.workdps(60):
        def exact(text: str) -> Any:
            return mpmath.mpf(float(text))
        weights = [exact(w) for w in oracle.WEIGHTS]
        here = oracle.one_pass(weights, exact, mpmath.exp)
        following = oracle.next_weights(weights, rule, exact, mpmath.exp)
        for name in ("net_h1", "out_h2", "net_o2", "out_o1", "E_o1", "E_o2", "E"):
            assert close(digits.value(program.names[name]), here[name]), name
        for n, expected in enumerate(following, 1):
            var, flat = program.names[f"w{n}"]
            assert close(digits.value((program.nexts[var], flat)), expected), n
            d = run.query(program, program.cost, var)
            assert d.adjoint is not None
            more = Digits(program, run.env(0), d.equations)
            assert close(more.value((d.adjoint, flat)), here[f"d(E, w{n})"]), n


def test_a_seed_and_a_moved_parameter() -> None:
    run = shipped("two_layer")
    program = run.program(0)
    net, w = program.names["net_o1"], program.names["w6"]
    d = run.query(program, net[0], w[0])
    assert d.seed is not None and d.adjoint is not None
    digits = Digits(program, run.env(0), d.equations, {d.seed: net[1]})
    assert close(digits.value((d.adjoint, w[1])), digits.value(program.names["out_h2"]))
    moved = Digits(program, run.env(0), changed={w: numbers().mpf(10)})
    gap = moved.value(net) - digits.value(net)
    assert close(gap, (10 - numbers().mpf(0.45)) * digits.value(program.names["out_h2"]))


@pytest.mark.parametrize("update", [0, 1, 77])
@pytest.mark.parametrize(
    "name", ["two_layer", "two_layer_in_place", "single_neuron", "single_neuron_second_pass", "partial_derivative"]
)
def test_no_float_is_further_off_than_its_doubt(name: str, update: int) -> None:
    run = shipped(name)
    program, digits = read(run, update)
    env = run.env(update)
    for equation in program.equations:
        values = env.array(equation.out).ravel()
        for flat, value in enumerate(values):
            cell = (equation.out, flat)
            assert abs(digits.value(cell) - float(value)) <= digits.doubt(cell), (equation.out, flat)
            assert digits.doubt(cell) <= 1e-12 * (1 + abs(value))


def test_a_large_network_by_some_of_its_gradients() -> None:
    run = shipped("wide_784")
    program, digits = read(run)
    weights = program.variables["hidden.weights"]
    gradient = program.gradients[weights]
    floats = run.env(0).array(gradient)
    assert digits.value((gradient, 0)) == 0 and digits.doubt((gradient, 0)) == 0 and floats[0, 0] == 0
    for j, i in ((0, 406), (7, 350), (29, 406)):
        cell = (gradient, j * 784 + i)
        assert digits.value(cell) != 0
        assert abs(digits.value(cell) - float(floats[j, i])) <= digits.doubt(cell) < 1e-10
        assert digits.size(cell) >= abs(digits.value(cell))


def test_the_walk_needs_no_recursion() -> None:
    lines = ["x0 = W * 1.5", *(f"x{n} = x{n - 1} + 0.25" for n in range(1, 1500)), "E = x1499"]
    run = written(f"[equations]\nforward = {lines!r}\nloss = 'E'\n[parameters]\nW = 2.0\n")
    program, digits = read(run)
    assert digits.value((program.cost, 0)) == 3 + 1499 * numbers().mpf(0.25)
    assert digits.value((program.gradients[program.parameters[0]], 0)) == 1.5


@pytest.mark.parametrize(
    ("expression", "W", "expected"),
    [
        ("log(W)", 0.0, "-inf"),
        ("log(W)", -1.0, "nan"),
        ("sqrt(W)", -1.0, "nan"),
        ("1/W", 0.0, "+inf"),
        ("W/W", 0.0, "nan"),
        ("W**-2", 0.0, "+inf"),
        ("W**0.5", -4.0, "nan"),
        ("exp(exp(W))", 1e3, "+inf"),
        ("exp(-exp(W))", 1e3, "0"),
        ("sigmoid(W)", 1e20, "1"),
        ("exp(W)*0", 1e20, "nan"),
    ],
)
def test_where_there_is_no_number_it_says_so(expression: str, W: float, expected: str) -> None:
    run = written(f"[equations]\nforward = ['E = {expression} + 0*W']\nloss = 'E'\n[parameters]\nW = {W!r}\n")
    program, digits = read(run)
    value = digits.value((program.cost, 0))
    assert str(mpmath.nstr(value, 5)).removesuffix(".0") == expected
    if not np.isfinite(float(value)):
        assert digits.doubt((program.cost, 0)) > 0


def test_small_arguments_lose_no_digits() -> None:
    f: SimpleNamespace = functions()
    with mpmath.workdps(60):
        tiny = mpmath.mpf(10) ** -30
        assert close(f.expm1(numbers().mpf(str(tiny))) * 10**30, mpmath.expm1(tiny) * 10**30, 1e-40)
        assert close(f.log1p(numbers().mpf(str(tiny))) * 10**30, mpmath.log1p(tiny) * 10**30, 1e-40)


def test_nobody_elses_precision_changes() -> None:
    before = mpmath.mp.dps
    program, digits = read(shipped("single_neuron"))
    digits.value((program.cost, 0))
    assert mpmath.mp.dps == before and numbers().dps == 50


def test_a_variable_that_nothing_makes_is_a_mistake_of_the_caller() -> None:
    _, digits = read(shipped("single_neuron"))
    with pytest.raises(AssertionError, match="no equation makes"):
        digits.value((Var("lost", "", (), "adjoint"), 0))
