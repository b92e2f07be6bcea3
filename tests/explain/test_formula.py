"""sympy proves every law of the library and refuses broken ones, proves whole derivatives, and writes formulas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bptui.engine import laws
from bptui.engine.laws import (
    ACTIVATIONS,
    COMPARISONS,
    DIV,
    FUNCTIONS,
    NEG,
    PART_LOSSES,
    POW,
    SUB,
    Elementwise,
    power,
)
from bptui.engine.losses import part_law
from bptui.engine.program import Program
from bptui.explain.formula import prove_derivative, released, simplified, vanishes
from bptui.explain.symbol import Symbol
from bptui.replay.open import open_scenario
from bptui.replay.run import Run
from bptui.scenario.reader import read_scenario_text
from tests.support.proofs import prove
from tests.support.runs import fresh

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
POWERS = (-3.0, -2.0, -1.0, -0.5, 0.5, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 1 / 3)
LAWS: dict[str, Elementwise] = {
    **ACTIVATIONS, **FUNCTIONS, **PART_LOSSES, **COMPARISONS,
    **{law.name: law for law in (SUB, DIV, NEG, POW, part_law("mean_squared_error", 3))},
    **{f"power {n:g}": power(n) for n in POWERS},
}  # fmt: skip


def shipped(name: str) -> Run:
    return fresh(name)


def written(text: str) -> Run:
    return open_scenario(read_scenario_text(text, "here"))


def lines(*forward: str, values: str = "", **parameters: float) -> Run:
    given = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    return written(f"[equations]\nforward = {list(forward)!r}\nloss = 'E'\n[parameters]\n{given}\n[values]\n{values}\n")


@pytest.mark.parametrize("name", LAWS)
def test_every_partial_of_the_library_is_proved_in_symbols(name: str) -> None:
    law = LAWS[name]
    for k in range(len(law.partials)):
        proof = prove(law, k)
        assert proof and proof.how == "symbols", (k, proof)


def test_constants_that_python_has_rounded() -> None:
    law = Elementwise("x/5", lambda f, x: 0.1 * (2.0 * x) + 0.3 * x * 0.7, (0.1 * 2.0 + 0.3 * 0.7,))
    assert prove(law, 0)
    gap = Elementwise("broken", law.law, (0.1 * 2.0 + 0.3 * 0.7 + 1e-12,))
    assert not prove(gap, 0)


SIGMOID, HUBER, GELU = ACTIVATIONS["sigmoid"], PART_LOSSES["huber"], ACTIVATIONS["gelu"]
BROKEN: dict[str, tuple[Elementwise, int]] = {
    "a slope of the wrong value": (replace(SIGMOID, partials=(lambda f, y, x: x * (1 - x),)), 0),
    "a factor": (replace(SIGMOID, partials=(lambda f, y, x: y * (1 - y) * 1.000001,)), 0),
    "a sign": (replace(DIV, partials=(DIV.partials[0], lambda f, y, a, b: a / (b * b))), 1),
    "a forgotten ½": (replace(PART_LOSSES["half_squared_error"], partials=(lambda f, y, o, t: 2 * (o - t), 0.0)), 0),
    "a constant": (replace(SUB, partials=(1.0, 1.0)), 1),
    "a forgotten operand": (replace(DIV, partials=(DIV.partials[0], 0.0)), 1),
    "one branch": (replace(ACTIVATIONS["relu"], partials=(lambda f, y, x: f.where(x <= 0, 1e-9, 1),)), 0),
    "one branch of three": (replace(HUBER, partials=(
        lambda f, y, o, t: f.where(o - t > 1, 1, f.where(o - t < -1, 1, o - t)), 0.0)), 0),
    "the sign of one side": (replace(FUNCTIONS["abs"], partials=(lambda f, y, x: f.where(x > 0, 1, 1),)), 0),
    "a constant under a root": (replace(GELU, partials=(
        lambda f, y, x: (1 + f.erf(x / f.sqrt(2))) / 2 + x * f.exp(-x * x / 2) / f.sqrt(f.pi),)), 0),
    "an exponent": (replace(power(2.5), partials=(lambda f, y, x: 2.5 * f.power(x, 2.5),)), 0),
    "a law without a domain": (Elementwise("nowhere", lambda f, x: f.log(-1 - x * x), (0.0,)), 0),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_law_is_refused(name: str) -> None:
    law, k = BROKEN[name]
    proof = prove(law, k)
    assert not proof and proof.how == "refused"


# whole derivatives

@pytest.mark.parametrize("name", ["single_neuron", "partial_derivative", "two_layer", "two_layer_in_place"])
def test_the_derivatives_of_the_shipped_scenarios(name: str) -> None:
    program = shipped(name).program(0)
    for var in (*program.parameters, *(b.out for b in program.forward[:2])):
        if var is not program.cost:
            assert prove_derivative(program, (program.cost, 0), (var, var.size - 1)) is True, var


def named(program: Program, y: str, x: str) -> bool | None:
    return prove_derivative(program, program.names[y], program.names[x])


def test_any_pair_of_scalars() -> None:
    program = shipped("two_layer").program(0)
    for y, x in (("net_o1", "w5"), ("E_o2", "out_h1"), ("out_o2", "i1"), ("E", "net_h2"), ("out_o1", "w7")):
        assert named(program, y, x) is True, (y, x)


def test_the_closed_form_is_the_chain() -> None:
    program = shipped("single_neuron").program(0)
    assert named(program, "E_closed", "W1") is True
    assert named(program, "E", "E_closed") is True  # which E does not depend on


@pytest.mark.parametrize(
    "expression",
    ["max(W, V)*W", "where(W < V, W*W, V/W)", "log(1 + exp(W*V)) + tanh(W)*sin(V)", "sqrt(W*W + V*V)", "stop(W)*W",
     "abs(W - V)**3", "W**2.5 * V**W", "erf(W)*exp(-W*V)/(1 + exp(-W))", "softplus(relu(W)*V)"])  # fmt: skip
def test_laws_of_the_user(expression: str) -> None:
    program = lines("y = " + expression, "E = (y - 0.3)**2 / 2", W=0.7, V=0.4).program(0)
    for x in ("W", "V"):
        assert named(program, "E", x) is True       # what stop holds is a constant, for sympy too


BATCH = """
[network]
inputs = 2
[[network.layers]]
kind = "dense"
name = "hidden"
units = 2
activation = "relu"
weights = [[0.1, -0.2], [0.3, 0.4]]
bias = 0.1
[[network.layers]]
kind = "dense"
name = "output"
units = 1
activation = "tanh"
weights = [[0.2, 0.3]]
bias = [0.1]
[loss]
kind = "half_squared_error"
[data]
inputs = [[0.05, 0.1], [0.7, -0.3], [1.1, 0.4]]
targets = [[0.0], [1.0], [0.5]]
"""


def test_a_batch_with_a_shared_bias() -> None:
    program = written(BATCH).program(0)
    for var in program.parameters:
        assert prove_derivative(program, (program.cost, 0), (var, 0)) is True, var


def test_a_broken_partial_is_not_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(laws.ACTIVATIONS, "sigmoid", replace(SIGMOID, partials=(lambda f, y, x: y * (1 - x),)))
    program = shipped("two_layer").program(0)
    assert named(program, "E", "w1") is False and named(program, "E_o1", "out_h1") is False
    assert named(program, "net_o1", "w5") is True  # no sigmoid on the way


def test_what_is_too_large_is_not_proved() -> None:
    program = shipped("wide_784").program(0)
    assert prove_derivative(program, (program.cost, 0), (program.parameters[0], 0)) is None


def test_zero_by_algebra() -> None:
    import sympy
    x, y = sympy.symbols("x y", real=True)
    s: Callable[[Any], Any] = lambda u: 1 / (1 + sympy.exp(-u))  # noqa: E731
    assert vanishes(sympy.diff(s(x), x) - s(x) * (1 - s(x)))
    assert vanishes(s(x) + s(-x) - 1) and vanishes(sympy.exp(2 * x) - sympy.exp(x) ** 2)
    assert vanishes(sympy.sqrt(x) * sympy.sqrt(x) - x) or not vanishes(sympy.sqrt(x) * sympy.sqrt(x) - x - y)
    assert vanishes(s(s(x) * (1 + y)) - s(s(x) + y * s(x)))
    assert not vanishes(s(x) - s(y)) and not vanishes(sympy.exp(x) - sympy.exp(y))
    assert released(x) == x


# formulas to read

@pytest.mark.parametrize(
    ("line", "x", "formula"),
    [
        ("X**2 * Z + H", "X", "2 × X × Z"),
        ("X**2 * Z + H", "Z", "X²"),
        ("X**2 * Z + H", "H", "1"),
        ("X - Z", "Z", "-1"),
        ("X / Z", "Z", "-X / Z²"),
        ("1 / (X + Z)", "X", "-1 / (X + Z)²"),
        ("sigmoid(X)", "X", "exp(X) / (1 + exp(X))²"),
        ("tanh(X*Z)", "X", "Z × (1 - tanh(X × Z)²)"),
        ("relu(X)", "X", "where(X ≤ 0: 0; else 1)"),
        ("where(X > 3, X**2, Z)", "X", "where(X > 3: 2 × X; else 0)"),
        ("exp(-X)", "X", "-exp(-X)"),
        ("log(X) + sin(Z)", "X", "1 / X"),
        ("X**0.5", "X", "1 / (2 × sqrt(X))"),
        ("X**1.5", "X", "3 × sqrt(X) / 2"),
        ("0.001 * X**2", "X", "0.002 × X"),
        ("X / 3", "X", "1 / 3"),
        ("cos(X)**2", "X", "-sin(2 × X)"),
        ("erf(X)", "X", "2 × exp(-X²) / sqrt(π)"),
        ("X*Z", "X", "Z"),
        ("Z*0 + 2", "X", "0"),
    ],
)
def test_a_simplified_partial(line: str, x: str, formula: str) -> None:
    program = lines(f"y = {line}", "E = y + 0*X + 0*Z + 0*H", X=0.5, Z=2.0, H=5.0).program(0)
    assert simplified(program.forward[0], program.variables[x]) == formula


def test_names_are_the_callers() -> None:
    program = shipped("two_layer").program(0)
    net = program.variables["hidden.net"]
    out = program.forward[1]
    assert simplified(out, net, lambda v: Symbol(v.name, "0")) == "exp(hidden.net[0]) / (1 + exp(hidden.net[0]))²"
    assert simplified(program.forward[0], program.variables["hidden.weights"]) is None  # a sum


def test_names_that_mean_something_to_sympy_are_only_names() -> None:
    run = lines("y = S * I + N * O", "E = y**2", S=1.0, I=2.0, N=3.0, O=4.0)
    assert simplified(run.program(0).forward[0], run.program(0).variables["S"]) == "I"
    assert named(run.program(0), "E", "S") is True
