"""Positions are arithmetic: the values of an update by number, and where the tutorial's figures stand."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from bptui.replay.open import open_run
from bptui.replay.run import Run
from bptui.replay.timeline import Timeline
from bptui.scenario.shipped import shipped
from tests.support.runs import shared

SHIPPED = dict(shipped())


def label(run: Run, times: Timeline, value: int) -> str:
    """A value by the names of its scalars: ∂E/∂w5, w5⁺."""
    block, element = times.locate(value)
    out = times.blocks[block].out
    owner = out.of[0] if out.of else out
    name = owner.elements[element] if owner.elements else owner.name
    return {"adjoint": f"d(E, {name})", "next": f"{name}.next"}.get(out.role, name)


@pytest.mark.parametrize("updating", [True, False])
@pytest.mark.parametrize("name", SHIPPED)
def test_number_is_locate_backwards(name: str, updating: bool) -> None:
    times = Timeline(shared(name).program(0), updating)
    every = range(1, times.count + 1)
    some = every if len(every) < 5000 else Random(1).sample(every, 3000)
    for value in some:
        block, element = times.locate(value)
        assert 0 <= element < times.blocks[block].out.lane_size
        assert times.number(block, element) == value
        first, last = times.span(block)
        assert first <= value <= last
    assert times.locate(1) == (0, 0)
    assert times.locate(times.count) == (len(times.blocks) - 1, times.blocks[-1].out.lane_size - 1)


def test_the_values_of_the_tutorial() -> None:
    run = open_run(SHIPPED["two_layer"])
    times = run.times(0)
    phases = Counter(times.blocks[times.locate(k)[0]].phase for k in range(1, times.count + 1))
    assert times.count == 35
    assert phases == {"forward": 8, "loss": 3, "backward": 16, "update": 8}
    assert [label(run, times, k) for k in range(1, 36)] == [
        "net_h1", "net_h2", "out_h1", "out_h2", "net_o1", "net_o2", "out_o1", "out_o2", "E_o1", "E_o2", "E",
        "d(E, out_o1)", "d(E, out_o2)", "d(E, net_o1)", "d(E, net_o2)",
        "d(E, w5)", "d(E, w6)", "d(E, w7)", "d(E, w8)",
        "d(E, out_h1)", "d(E, out_h2)", "d(E, net_h1)", "d(E, net_h2)",
        "d(E, w1)", "d(E, w2)", "d(E, w3)", "d(E, w4)",
        *(f"w{n}.next" for n in range(1, 9)),
    ]  # fmt: skip
    assert times.cost_value == 11


def test_updates_in_place_stand_before_the_layer_below() -> None:
    run = open_run(SHIPPED["two_layer_in_place"])
    times = run.times(0)
    assert times.count == 35
    assert [label(run, times, k) for k in range(16, 36)] == [
        "d(E, w5)", "d(E, w6)", "d(E, w7)", "d(E, w8)", "w5.next", "w6.next", "w7.next", "w8.next",
        "d(E, out_h1)", "d(E, out_h2)", "d(E, net_h1)", "d(E, net_h2)",
        "d(E, w1)", "d(E, w2)", "d(E, w3)", "d(E, w4)", "w1.next", "w2.next", "w3.next", "w4.next",
    ]  # fmt: skip


def test_stops_are_the_terms_of_a_sum() -> None:
    run = open_run(SHIPPED["two_layer"])
    times = run.times(0)
    assert times.stops(0) == 0
    assert times.stops(1) == 3  # w1 i1 + w2 i2 + b1
    assert times.stops(3) == 1  # sigmoid
    assert times.stops(11) == 2  # E_o1 + E_o2
    assert times.stops(16) == 1  # ∂E/∂w5
    assert times.stops(20) == 2  # ∂E/∂out_h1: a path through each output
    assert times.stops(28) == 1  # an update


def test_after_the_last_update_there_is_no_update_phase() -> None:
    run = open_run(SHIPPED["two_layer"])
    assert run.finish() == run.updates == 10_000
    before, last = run.times(9_999), run.times(10_000)
    assert (before.count, last.count) == (35, 27)
    assert all(block.phase != "update" for block in last.blocks)
    assert run.times(0) is before  # one program, one timeline


def test_frames_are_layer_phase_and_update() -> None:
    times = open_run(SHIPPED["two_layer"]).times(0)
    assert times.frames(0) == times.frames(1) == (("hidden", 0, 4), ("forward", 0, 8), ("update", 0, 35))
    assert times.frames(6) == (("output", 4, 8), ("forward", 0, 8), ("update", 0, 35))
    assert times.frames(10) == (("loss", 8, 11), ("update", 0, 35))
    assert times.frames(20) == (("hidden", 19, 27), ("backward", 11, 27), ("update", 0, 35))
    assert times.frames(35) == (("output", 31, 35), ("update", 27, 35), ("update", 0, 35))


def test_one_lane_is_counted_for_a_batch(open_text: Callable[..., Run]) -> None:
    """All samples advance together: ten samples have the values of one, and the sum over them."""
    counts: list[int] = []
    for samples in (1, 10):
        run = open_text(
            "[equations]\nforward = ['p = W*X', 'E = (p - T)**2']\nloss = 'E'\n[parameters]\nW = 1.0\n"
            f"[values]\nX = {[1.0] * samples}\nT = {[2.0] * samples}\n"
        )
        counts.append(run.times(0).count)
        assert run.times(0).cost_value == (2 if samples == 1 else 3)
    assert counts == [5, 6]  # p E ∂E/∂p ∂E/∂W W⁺; and `loss` before E


def test_a_large_network_is_counted_not_listed() -> None:
    """784-30-10 has about 48,000 values; to find one must not take longer than in a small network."""
    times = open_run(SHIPPED["wide_784"]).times(0)
    forward, parameters = 30 + 30 + 10 + 10, 30 * 784 + 30 + 10 * 30 + 10
    assert times.count == forward + 10 + 1 + 1 + forward + 2 * parameters
    values = Random(2).sample(range(1, times.count + 1), 1000)
    best = min(timed(times, values) for _ in range(5))
    assert best < 50e-6, "an average of microseconds, with much room for a slow machine"


def timed(times: Timeline, values: list[int]) -> float:
    start = time.perf_counter()
    for value in values:
        times.number(*times.locate(value))
    return (time.perf_counter() - start) / len(values)
