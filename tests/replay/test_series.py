"""Curves against the language of quantities, evaluated update by update, whatever is thinned and however one looks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from bptui.replay import series, sweep
from bptui.replay.fork import fork
from bptui.replay.open import open_scenario
from bptui.replay.quantity import evaluate, lane_of
from bptui.replay.run import Run
from bptui.replay.series import Curve, Series
from bptui.scenario.errors import QuantityError
from bptui.scenario.expression import read_quantity
from bptui.scenario.reader import read_scenario
from bptui.scenario.shipped import find

Open = Callable[..., Run]
ASKED = {
    "two_layer": ["E", "d(E, w5)", "norm(d(E, hidden.weights))", "abs(w5 - w5@0)", "w5.change", "E - E@prev",
                  "changed(w5)", "d(out_o1, i1)", "max(hidden.weights)", "w5.grad > 0", "E.training"],
    "digits_minibatches": ["E", "norm(d(E, hidden.weights))", "sum(output.bias)", "hidden.weights[3,20].grad"],
    "gan": ["loss", "a", "a.grad", "g.grad", "d(D, a)", "G"],
    "batch_random": ["E", "line.bias.grad[0]", "line.out[0]", "line.out[0]@prev"],
    "exploding_gradient": ["E", "norm(layer1.weights.grad)"],
    "recurrent_bit": ["E", "norm(memory.recurrent_weights.grad)", "memory.out[2,0]"],
    "attention": ["E", "norm(d(E, find.query))"],
}


def shipped_run(name: str, updates: int, executor: str | None = None) -> Run:
    scenario = read_scenario(find(name))
    return open_scenario(replace(scenario, training=replace(scenario.training, updates=updates, epochs=None)), executor)


def known(run: Run, text: str) -> bool:
    try:
        Series(run, [read_quantity(text)])
    except QuantityError:
        return False
    return True


def curve_of(run: Run, text: str, sample: int | None = None) -> Curve:
    found = Series(run, [read_quantity(text)], sample)
    while found.work(1.0):
        pass
    assert found.judged == run.updates + 1
    return found.curve()


def evaluated(run: Run, text: str, update: int, sample: int | None = None) -> float | None:
    """The value, or None where it cannot be had."""
    try:
        return float(evaluate(run, read_quantity(text), update, lane_of(run, update, sample)))
    except QuantityError:
        return None


def assert_same(run: Run, text: str, curve: Curve, sample: int | None = None) -> None:
    """Each point is the range of its updates' values, to the last bit but what summing in another order gives."""
    assert len(curve.low) == -(-(run.updates + 1) // curve.stride)
    for n in range(len(curve.low)):
        updates = range(n * curve.stride, min(run.updates + 1, (n + 1) * curve.stride))
        had = [v for u in updates if (v := evaluated(run, text, u, sample)) is not None]
        finite = [v for v in had if math.isfinite(v)]
        assert bool(curve.bad[n]) == (len(finite) < len(had)), (text, n)
        if finite:
            assert curve.low[n] == pytest.approx(min(finite), rel=1e-13), (text, n)
            assert curve.high[n] == pytest.approx(max(finite), rel=1e-13), (text, n)
        else:
            assert math.isnan(curve.low[n]) and math.isnan(curve.high[n]), (text, n)


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["straight", "arrays"])
@pytest.mark.parametrize("name", ASKED)
def test_a_curve_has_the_value_of_every_update(name: str, executor: str) -> None:
    run = shipped_run(name, 23, executor)
    asked = [text for text in ASKED[name] if known(run, text)]
    assert len(asked) >= len(ASKED[name]) - 1, asked
    for text in asked:
        curve = curve_of(run, text)
        assert curve.stride == 1
        assert_same(run, text, curve)


@pytest.mark.parametrize("cut", [(1, 1), (3, 2), (4096, 8)])
def test_what_is_left_out_is_in_the_range(cut: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for few points: least and greatest of what each stands for."""
    monkeypatch.setattr(series, "POINTS", 7)
    monkeypatch.setattr(sweep, "STRETCH", cut[0])
    monkeypatch.setattr(sweep, "FEW", cut[1])
    run = shipped_run("batch_random", 200)
    for text in ("E", "norm(line.weights.grad)", "line.out[0]"):
        curve = curve_of(run, text)
        assert curve.stride >= 16 and 7 <= len(curve.low) <= 14
        assert_same(run, text, curve)


def test_a_spike_does_not_vanish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series, "POINTS", 8)
    run = shipped_run("two_layer", 500)
    what = fork(run, 300, ["w5 = 40"])
    curve = curve_of(what, "w5")
    assert curve.stride >= 32
    assert np.nanmax(curve.high) == 40.0
    assert int(np.nanargmax(curve.high)) == 300 // curve.stride


def test_not_a_number_is_marked_and_not_drawn() -> None:
    run = shipped_run("exploding_gradient", 400)
    curve = curve_of(run, "E")
    assert_same(run, "E", curve)


def test_a_fork_has_its_parents_past() -> None:
    run = shipped_run("two_layer", 60)
    other = fork(run, 20, ["learning_rate = 3"])
    for text in ("E", "norm(d(E, hidden.weights))", "w5.change"):
        mine, parents = curve_of(other, text), curve_of(run, text)
        assert mine.low[:20].tobytes() == parents.low[:20].tobytes()
        assert not np.array_equal(mine.low[25:], parents.low[25:])
        assert_same(other, text, mine)


def test_a_fork_whose_programs_are_others() -> None:
    run = shipped_run("two_layer", 30)
    other = fork(run, 10, ["hidden.activation = relu"])
    assert_same(other, "norm(d(E, hidden.weights))", curve_of(other, "norm(d(E, hidden.weights))"))


def test_a_run_that_ends_early_ends_its_curve() -> None:
    run = open_scenario(read_scenario(find("overfitting_patience")))
    found = Series(run, [read_quantity("E")])
    while found.work(1.0):
        pass
    assert run.ended and found.judged == run.updates + 1 < open_scenario(run.scenario).updates
    assert_same(run, "E", found.curve())


def test_several_at_once_are_as_each_alone() -> None:
    run = shipped_run("digits_minibatches", 30)
    texts = ["norm(hidden.weights.grad)", "norm(output.weights.grad)", "norm(output.bias.grad)", "E"]
    together = Series(run, [read_quantity(text) for text in texts])
    while together.work(1.0):
        pass
    for n, text in enumerate(texts):
        assert together.curve(n).low.tobytes() == curve_of(run, text).low.tobytes()


def test_until_an_update_nothing_of_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series, "POINTS", 8)
    run = shipped_run("batch_random", 100)
    found = Series(run, [read_quantity("E")])
    while found.work(1.0):
        pass
    for until in range(102):
        part = found.curve(0, until)
        assert part.judged <= until and (part.judged == until or part.judged % part.stride == 0)
        values = np.array([evaluated(run, "E", n) for n in range(part.judged)], float)
        for n in range(len(part.low)):
            mine = values[n * part.stride:(n + 1) * part.stride]
            assert (part.low[n], part.high[n]) == (mine.min(), mine.max())


@pytest.mark.parametrize(("text", "says"), [("hidden.weights", "a tensor has"), ("nothing", "not a quantity")])
def test_what_is_no_number_is_refused(text: str, says: str) -> None:
    with pytest.raises(QuantityError, match=says):
        Series(shipped_run("two_layer", 5), [read_quantity(text)])


def test_a_sample_is_read_where_it_stands() -> None:
    run = shipped_run("batch_random", 40)
    assert_same(run, "line.out[0]", curve_of(run, "line.out[0]", 3), 3)


@pytest.mark.parametrize("name", ["two_layer", "digits_minibatches"])
def test_a_long_run_is_bounded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series, "POINTS", 16)
    run = shipped_run(name, 300)
    found = Series(run, [read_quantity("E")])
    while found.work(0.0):
        assert len(found.curve().low) <= 32
    assert_same(run, "E", found.curve())
