"""Softmax, its logarithm and the cross-entropy over it, against mpmath at 50 digits; class numbers; the lemmas.

The oracle is the definition, exp(z_i) / Σ exp(z_j), with no greatest subtracted: at 50 digits nothing overflows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest

from bptui.explain import lemmas
from bptui.explain.check import check_run, lines
from bptui.explain.lemmas import LEMMAS, P_MINUS_T, check_lemmas
from bptui.replay.open import open_scenario
from bptui.replay.run import Run
from bptui.scenario.errors import ScenarioError
from bptui.scenario.lines import line_of
from bptui.scenario.reader import read_scenario_text

Open = Callable[..., Run]
Row = list[float]
EXECUTORS = pytest.mark.parametrize("executor", ["straight", "arrays"])
ROWS: list[Row] = [[0.2, -0.7, 1.1], [2.0, 2.0, -3.0], [-30.0, 5.0, 0.5], [1e-9, 0.0, -1e-9]]
WILD: list[Row] = [[1000.0, -1000.0, 0.0], [1000.0, 1000.0, 999.0], [-1000.0, -1000.0, -1001.0], [-745.0, 0.0, 709.0]]
T: list[Row] = [[0.0, 1.0, 0.0], [0.5, 0.25, 0.25], [0.2, 0.3, 0.4], [2.0, -0.5, 1.0]]    # two that do not sum to 1


@pytest.fixture(autouse=True)
def fifty_digits() -> Iterator[None]:
    with mpmath.workdps(50):
        yield


def scenario(rows: list[Row], activation: str = "softmax", loss: str = "sum", targets: object = None,
             batch: int | str = "all", more: str = "") -> str:
    """The layer hands its inputs on: net = x."""
    n = len(rows[0])
    return f"""
[network]
inputs = {n}
[[network.layers]]
kind = "dense"
name = "last"
units = {n}
activation = "{activation}"
weights = {np.eye(n).tolist()}
bias = false
[loss]
kind = "{loss}"
{more}
[data]
inputs = {rows}
{f"targets = {targets}" if targets is not None else ""}
[training]
batch = {batch!r}
"""


def probabilities(z: Row) -> list[Any]:
    raised = [mpmath.exp(mpmath.mpf(x)) for x in z]
    return [e / mpmath.fsum(raised) for e in raised]


def close(a: object, b: object) -> bool:
    a, b = np.asarray(a, float), np.array(b, dtype=object).astype(float)
    return a.shape == b.shape and bool((np.abs(a - b) <= 1e-10 * (np.abs(b) + 1e-6)).all())


def jacobian(p: list[Any]) -> list[list[Any]]:
    return [[p[i] * ((i == j) - p[j]) for j in range(len(p))] for i in range(len(p))]


def log_jacobian(p: list[Any]) -> list[list[Any]]:
    return [[(i == j) - p[j] for j in range(len(p))] for i in range(len(p))]


# Values and Jacobians


@EXECUTORS
@pytest.mark.parametrize("rows", [ROWS, WILD], ids=["mild", "wild"])
@pytest.mark.parametrize("activation", ["softmax", "log_softmax"])
def test_values_and_jacobians(activation: str, rows: list[Row], executor: str, open_text: Open) -> None:
    run = open_text(scenario(rows, activation), executor)
    for k, z in enumerate(rows):
        p = probabilities(z)
        log = activation == "log_softmax"
        assert close(run.value("last.out", 0, k + 1), [mpmath.log(x) for x in p] if log else p), z
        expected = log_jacobian(p) if log else jacobian(p)
        assert close(run.value("d(last.out, last.net)", 0, k + 1), expected), z
        assert close(run.value("d(last.out, inputs)", 0, k + 1), expected), z
        assert close(run.value("d(out_o2, net_o3)", 0, k + 1), expected[1][2])
        assert close(run.value("d(last.out, net_o1)", 0, k + 1), [row[0] for row in expected])


@EXECUTORS
def test_a_sum_of_softmax_has_no_slope(executor: str, open_text: Open) -> None:
    """Σ p = 1 wherever one stands."""
    run = open_text(scenario(ROWS), executor)
    for k in range(len(ROWS)):
        assert float(run.value("loss", 0, k + 1)) == pytest.approx(1.0, rel=1e-15)
        assert np.abs(run.value("d(loss, last.net)", 0, k + 1)).max() <= 1e-15


@EXECUTORS
@pytest.mark.parametrize("activation", ["softmax", "log_softmax"])
def test_a_shift_of_all_changes_nothing(activation: str, executor: str, open_text: Open) -> None:
    """Quarters and powers of two are added without rounding, so no bit may change."""
    rows = [[0.25, -0.75, 1.5], [3.0, 3.0, -8.5]]
    run = open_text(scenario(rows, activation), executor)
    for shift in (0.5, -1024.0, 2.0**20):
        other = open_text(scenario([[x + shift for x in row] for row in rows], activation), executor)
        for k in (1, 2):
            for what in ("last.out", "d(last.out, last.net)"):
                here, there = np.asarray(run.value(what, 0, k)), np.asarray(other.value(what, 0, k))
                assert here.tobytes() == there.tobytes()


@EXECUTORS
def test_of_equals_each_gets_its_share(executor: str, open_text: Open) -> None:
    run = open_text(scenario([[7.0, 7.0, 7.0, 7.0]]), executor)
    assert np.asarray(run.value("last.out")).tolist() == [0.25] * 4
    assert np.asarray(run.value("d(last.out, last.net)")).tolist() == (np.eye(4) / 4 - 1 / 16).tolist()


def pushed(first: str, executor: str, open_text: Open, activation: str = "softmax") -> Run:
    """A net whose first element is not finite; a file has only finite numbers, so a layer makes it."""
    laws = {"-inf": "log(x - x)", "inf": "-log(x - x)", "nan": "log(x - x) - log(x - x)"}
    return open_text(f"""
[network]
inputs = 3
[[network.layers]]
kind = "dense"
name = "first"
units = 3
activation = "where(x > 9, {laws[first]}, x)"
weights = {np.eye(3).tolist()}
bias = false
[[network.layers]]
kind = "dense"
name = "last"
units = 3
activation = "{activation}"
weights = {np.eye(3).tolist()}
bias = false
[loss]
kind = "sum"
[data]
inputs = [[10.0, 1.0, 2.0]]
""", executor)


@EXECUTORS
def test_nan_and_infinity_come_out_as_ieee_has_it(executor: str, open_text: Open) -> None:
    """0 × inf is NaN in W·x, so the second layer's net is NaN wherever an infinity is multiplied by 0."""
    for first in ("-inf", "inf", "nan"):
        for activation in ("softmax", "log_softmax"):
            run = pushed(first, executor, open_text, activation)
            held = float(run.value("out_h1"))
            assert math.isnan(held) if first == "nan" else held == float(first)
            assert np.isnan(run.value("last.net")).any()
            assert np.isnan(run.value("last.out")).all()


@EXECUTORS
@pytest.mark.parametrize("activation", ["softmax", "log_softmax"])
def test_an_infinite_net(activation: str, executor: str, open_text: Open) -> None:
    """exp(-inf) is a probability of 0; inf - inf is NaN, in every element."""
    identity = str(np.eye(3).tolist())
    for weight in (-1e308, 1e308):                  # of an input of 10
        run = open_text(scenario([[10.0, 0.5, -0.5]], activation).replace(
            identity, f"[[{weight}, 0, 0], [0, 1, 0], [0, 0, 1]]"), executor)  # fmt: skip
        assert np.asarray(run.value("last.net")).tolist() == [weight * 10, 0.5, -0.5]
        out, p = np.asarray(run.value("last.out")), probabilities([0.5, -0.5])
        if weight > 0:
            assert np.isnan(out).all()
        elif activation == "softmax":
            assert out[0] == 0.0 and close(out[1:], p)
            assert close(np.asarray(run.value("d(last.out, last.net)"))[1:, 1:], jacobian(p))
        else:
            assert out[0] == -math.inf and close(out[1:], [mpmath.log(x) for x in p])


# The cross-entropy over it


def cross_entropy(z: Row, t: Row) -> Any:
    return -mpmath.fsum(mpmath.mpf(a) * mpmath.log(p) for a, p in zip(t, probabilities(z), strict=True))


def slope(z: Row, t: Row) -> list[Any]:
    """∂loss/∂z = p Σt - t, which is p - t where the targets sum to 1."""
    whole = mpmath.fsum(mpmath.mpf(a) for a in t)
    return [p * whole - mpmath.mpf(a) for p, a in zip(probabilities(z), t, strict=True)]


@EXECUTORS
@pytest.mark.parametrize("rows", [ROWS, WILD], ids=["mild", "wild"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("batch", [1, 3, "all"])
def test_softmax_cross_entropy(batch: int | str, reduction: str, rows: list[Row], executor: str,
                               open_text: Open) -> None:  # fmt: skip
    text = scenario(rows, "linear", "softmax_cross_entropy", T, batch, f"reduction = '{reduction}'")
    run = open_text(text.replace("[training]", "[training]\nlearning_rate = 0.0"), executor)
    for update in range(1 if batch == "all" else 2):
        members = run.rows(update)
        by = len(members) if reduction == "mean" else 1
        each = [cross_entropy(rows[k], T[k]) for k in members]
        assert close(run.value("E", update), mpmath.fsum(each) / by)
        for k, loss in zip(members, each, strict=True):
            assert close(run.value("loss", update, k + 1), loss)
            assert close(run.value("d(loss, last.out)", update, k + 1), slope(rows[k], T[k]))
            assert close(run.value("d(E, last.out)", update, k + 1), [s / by for s in slope(rows[k], T[k])])
            assert close(run.value("log_p", update, k + 1), [mpmath.log(p) for p in probabilities(rows[k])])
        grads = [[mpmath.fsum(slope(rows[k], T[k])[i] * rows[k][j] for k in members) / by for j in range(3)]
                 for i in range(3)]  # fmt: skip
        terms = [[sum(abs(slope(rows[k], T[k])[i] * rows[k][j]) for k in members) / by for j in range(3)]
                 for i in range(3)]  # fmt: skip
        got = np.asarray(run.value("last.weights.grad", update))
        allowed = 1e-12 * np.array(terms, dtype=object).astype(float) + 1e-16
        assert (np.abs(got - np.array(grads, dtype=object).astype(float)) <= allowed).all()


@EXECUTORS
def test_a_softmax_and_its_cross_entropy_are_the_same_in_two_steps(executor: str, open_text: Open) -> None:
    one = open_text(scenario(ROWS[:3], "linear", "softmax_cross_entropy", T[:3]), executor)
    two = open_text(scenario(ROWS[:3], "softmax", "cross_entropy", T[:3]), executor)
    for k in (1, 2, 3):
        assert close(two.value("d(loss, last.net)", 0, k), slope(ROWS[k - 1], T[k - 1]))
        assert close(two.value("loss", 0, k), [one.value("loss", 0, k)][0])


@EXECUTORS
def test_nothing_overflows(executor: str, open_text: Open) -> None:
    run = open_text(scenario(WILD, "linear", "softmax_cross_entropy", T), executor)
    for k in range(4):
        assert np.isfinite(run.value("loss", 0, k + 1))
        assert np.isfinite(run.value("d(loss, last.out)", 0, k + 1)).all()
    assert run.value("loss") == 2000.0
    hard = open_text(scenario([[1000.0, -1000.0], [-1000.0, 1000.0]], "softmax", "cross_entropy",
                              [[0.0, 1.0], [0.0, 1.0]]), executor)  # fmt: skip
    assert hard.value("loss", 0, 1) == math.inf     # -1 × log 0: nothing is clipped in silence
    assert hard.value("loss", 0, 2) == 0.0          # 0 × log 0 is 0, the limit


# Class numbers


CLASSES = [2, 0, 1, 1]
ONE_HOT = [[0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 1, 0]]


@EXECUTORS
@pytest.mark.parametrize("activation, loss", [("linear", "softmax_cross_entropy"), ("softmax", "cross_entropy")])
@pytest.mark.parametrize("batch", [1, 3, "all"])
def test_class_numbers_are_one_hot_rows_bit_for_bit(batch: int | str, activation: str, loss: str, executor: str,
                                                    open_text: Open) -> None:  # fmt: skip
    rows = [[0.2, -0.7, 1.1], [2.0, 1.5, -3.0], [-3.0, 5.0, 0.5], [0.1, 0.0, -0.1]]
    held = "validation = {{ inputs = [[0.3, 0.2, 0.1]], targets = {} }}\n"
    numbers = open_text(scenario(rows, activation, loss, CLASSES, batch).replace(
        "[training]", held.format("[2]") + "[training]"), executor)  # fmt: skip
    hot = open_text(scenario(rows, activation, loss, ONE_HOT, batch).replace(
        "[training]", held.format("[[0, 0, 1]]") + "[training]"), executor)  # fmt: skip
    for update in (0, 1, 2, 30):
        for what in ("last.weights", "last.weights.grad", "E", "targets", "E.validation", "E.training"):
            a, b = np.asarray(numbers.value(what, update), float), np.asarray(hot.value(what, update), float)
            assert a.tobytes() == b.tobytes(), (what, update)
    assert np.asarray(numbers.value("targets")).tolist() == [0, 0, 1]


@pytest.mark.parametrize("at, number, said", [
    (2, "3", "target 3 is 3"), (0, "-1", "target 1 is -1"), (3, "0.5", "target 4 is 0.5"),
    (1, "1e9", "target 2 is 1e+09"), (1, "2.0000000001", "target 2 is 2"),
])  # fmt: skip
@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "cross_entropy"])
def test_what_is_no_class_is_one_error_at_its_row(loss: str, at: int, number: str, said: str) -> None:
    classes = [str(c) for c in CLASSES]
    classes[at] = number
    listed = "[\n" + "".join(f"  {c},\n" for c in classes) + "]"
    text = scenario(ROWS, "linear" if "soft" in loss else "softmax", loss, listed)
    read = read_scenario_text(text, "here")
    with pytest.raises(ScenarioError) as caught:
        open_scenario(read)
    (problem,) = caught.value.problems
    assert problem.key == ("data", "targets", at) and problem.message.startswith(said)
    assert "a class is a whole number from 0 to 2, as the network has 3 outputs" in problem.message
    assert text.splitlines()[line_of(read.lines, problem.key) - 1].strip() == f"{number},"


def test_a_class_held_back_is_looked_at_too() -> None:
    text = scenario(ROWS, "linear", "softmax_cross_entropy", CLASSES).replace(
        "[training]", "validation = { inputs = [[0.3, 0.2, 0.1]], targets = [7] }\n[training]")  # fmt: skip
    with pytest.raises(ScenarioError) as caught:
        open_scenario(read_scenario_text(text, "here"))
    (problem,) = caught.value.problems
    assert problem.key == ("data", "validation", "targets", 0) and "target 1 is 7" in problem.message


def test_class_numbers_are_for_cross_entropies() -> None:
    with pytest.raises(ScenarioError) as caught:
        open_scenario(read_scenario_text(scenario(ROWS, "linear", "half_squared_error", CLASSES), "here"))
    (problem,) = caught.value.problems
    assert problem.key == ("data", "targets")
    assert "a class number per sample is for cross_entropy or softmax_cross_entropy" in problem.message


# Lemmas


LEARNT = [("softmax", "cross_entropy"), ("linear", "softmax_cross_entropy"), ("softmax", "half_squared_error"),
          ("log_softmax", "squared_error")]  # fmt: skip


@EXECUTORS
@pytest.mark.parametrize("activation, loss", LEARNT)
def test_lemmas_hold_and_check_says_which(activation: str, loss: str, executor: str, open_text: Open) -> None:
    run = open_text(scenario(ROWS[:2], activation, loss, T[1:3]), executor)
    held = list(check_lemmas(run, 0))
    name = "log_softmax" if loss == "softmax_cross_entropy" else activation
    assert [h.name for h in held] == [LEMMAS[name].name] + [P_MINUS_T] * loss.endswith("cross_entropy")
    assert all(h.ok for h in held)
    report = check_run(run)
    assert report.ok and [h.name for h in report.lemmas[:len(held)]] == [h.name for h in held]
    assert any(line.startswith("lemmas     hold: ") for line in lines(report))


@pytest.mark.parametrize("activation, loss", LEARNT)
def test_a_wrong_lemma_fails_check(activation: str, loss: str, open_text: Open,
                                   monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    name = "log_softmax" if loss == "softmax_cross_entropy" else activation
    right = LEMMAS[name]
    off = np.array([[0.0, 1e-9, 0.0], [0.0] * 3, [0.0] * 3])
    monkeypatch.setitem(lemmas.LEMMAS, name, replace(right, jacobian=lambda y: right.jacobian(y) + off))
    report = check_run(open_text(scenario(ROWS[:2], activation, loss, T[1:3])))
    assert not report.ok and not report.lemmas[0].ok and report.lemmas[0].worst > 900
    assert all(g.ok for g in report.gradients) and report.replay and report.replay.ok
    assert any(line.startswith(f"lemmas     wrong: {right.name}") for line in lines(report))


@pytest.mark.parametrize("loss", ["cross_entropy", "softmax_cross_entropy"])
def test_a_wrong_p_minus_t_fails_check(loss: str, open_text: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    activation = "linear" if "soft" in loss else "softmax"
    monkeypatch.setattr(lemmas, "probabilities", lambda block, y: np.ones_like(y) / len(y))
    report = check_run(open_text(scenario(ROWS[:2], activation, loss, T[:2])))
    assert not report.ok and [h.name for h in report.lemmas if not h.ok] == [P_MINUS_T] * len(report.lemmas[1::2])


def test_where_p_minus_t_is_not_what_follows_it_is_not_held(open_text: Open) -> None:
    for activation, loss in (("softmax", "half_squared_error"), ("log_softmax", "-t*o*2"), ("softmax", "sum")):
        run = open_text(scenario(ROWS, activation, loss, None if loss == "sum" else T))
        assert [h.name for h in check_lemmas(run, 0)] == [LEMMAS[activation].name]
