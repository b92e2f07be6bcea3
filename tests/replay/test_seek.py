"""Seeking: the nearest keyframe and a replay, bit for bit the straight run, however the run was got there."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
import pytest

from bptui.engine.program import Var
from bptui.replay.keyframes import BYTES, MOST, Keyframes, state_size
from bptui.replay.open import open_run
from bptui.replay.run import Run
from bptui.scenario.shipped import shipped

Open = Callable[..., Run]
SHIPPED = dict(shipped())
UNEQUAL = """
[network]
inputs = 2
[[network.layers]]
kind = "dense"
name = "only"
units = 2
activation = "tanh"
weights = { init = "uniform" }
[loss]
kind = "half_squared_error"
[data]
inputs = [[0.1, 0.2], [0.3, -0.4], [-0.5, 0.6], [0.7, 0.8], [0.9, -1.0]]
targets = [[0.0, 1.0], [1.0, 0.0], [0.5, 0.5], [0.2, 0.4], [0.6, 0.8]]
[training]
learning_rate = 0.3
batch = 2
"""


def bits(run: Run, update: int) -> bytes:
    return b"".join(v.tobytes() for v in run.parameters(update).values())


def straight_run(run: Run, updates: set[int]) -> dict[int, bytes]:
    """The states after some updates, from one run of single updates without keyframes."""
    schedule, state = run.schedule, run.schedule.start()
    found: dict[int, bytes] = {}
    for update in range(max(updates) + 1):
        if update in updates:
            unpacked = schedule.at(update).unpack(state)
            found[update] = b"".join(v.tobytes() for v in unpacked.values())
        state = schedule.advance(state, update, 1)
    return found


@pytest.fixture(scope="module")
def expected() -> dict[int, bytes]:
    """Every state of the tutorial's run."""
    return straight_run(open_run(SHIPPED["two_layer"]), set(range(10_001)))


def test_seek_after_fifty_random_seeks(expected: dict[int, bytes]) -> None:
    run, random = open_run(SHIPPED["two_layer"]), Random(50)
    while run.work(10.0):
        pass
    for _ in range(50):
        update = random.randrange(10_001)
        assert bits(run, update) == expected[update]
    assert bits(run, 9_999) == expected[9_999]


def test_seek_in_a_run_that_nobody_ran_ahead(expected: dict[int, bytes]) -> None:
    run, random = open_run(SHIPPED["two_layer"]), Random(51)
    for update in [*random.sample(range(10_001), 8), 9_999, 0, 1, 10_000]:
        assert bits(run, update) == expected[update]
    assert run.known == 0 and run.keyframes.frames.keys() == {0}  # only the runner writes them


def test_work_in_slices_changes_nothing(expected: dict[int, bytes]) -> None:
    """Whatever is asked between the slices, the runner's states are the straight run's."""
    run, random, slices = open_run(SHIPPED["two_layer"]), Random(52), 0
    while run.work(0.0):
        slices += 1
        if slices % 40 == 0:
            run.value("d(E, w1)", random.randrange(10_001))
            assert bits(run, run.known) == expected[run.known]
    assert slices > 39 and run.known == 10_000
    whole = open_run(SHIPPED["two_layer"])
    while whole.work(10.0):
        pass
    assert run.curve.tobytes() == whole.curve.tobytes() and len(run.curve) == 10_001
    assert run.keyframes.frames == whole.keyframes.frames
    assert not run.work(10.0) and len(run.curve) == 10_001  # nothing is left to do


def test_every_keyframe_is_a_state_of_the_straight_run(expected: dict[int, bytes]) -> None:
    run = open_run(SHIPPED["two_layer"])
    while run.work(10.0):
        pass
    assert len(run.keyframes.frames) > 1000
    for update, state in run.keyframes.frames.items():
        unpacked = run.schedule.at(update).unpack(state)
        assert b"".join(v.tobytes() for v in unpacked.values()) == expected[update]


def test_the_curve_is_the_cost_at_each_update() -> None:
    run = open_run(SHIPPED["two_layer"])
    while run.work(10.0):
        pass
    for update in (0, 1, 5_000, 9_999, 10_000):
        assert run.curve[update] == run.value("E", update)


def test_a_long_curve_is_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bptui.replay.run.CURVE_POINTS", 100)
    run = open_run(SHIPPED["two_layer"])
    while run.work(10.0):
        pass
    assert 50 <= len(run.curve) <= 100
    assert [run.curve[n] for n in (0, 7, 33)] == [run.value("E", n * run.curve_stride) for n in (0, 7, 33)]


# Keyframes


def test_keyframes_of_eighty_thousand_updates_are_bounded() -> None:
    run = open_run(SHIPPED["two_layer"])
    state, schedule = run.schedule.start(), run.schedule
    for update in range(1, 80_001):
        run.keyframes.keep(update, state)
        if update % 8000 == 0:
            state = schedule.advance(state, 0, 1)
    frames = run.keyframes.frames
    assert sum(state_size(s) for s in frames.values()) <= BYTES == 32 << 20
    assert 1000 <= len(frames) <= MOST
    assert sorted(frames) == list(range(0, max(frames) + 1, run.keyframes.stride))
    assert max(frames) > 80_000 - run.keyframes.stride


def test_the_room_for_keyframes_is_bytes() -> None:
    state = (np.zeros(1000), np.zeros(24))
    room = 100_000
    frames = Keyframes(state, room)
    for update in range(1, 5_000):
        frames.keep(update, (np.zeros(1000), np.zeros(24)))
        assert sum(x.nbytes for s in frames.frames.values() for x in s) <= room
    assert len(frames.frames) >= 5


@pytest.mark.parametrize("capacity", [2, 3, 7])
def test_the_latest_keyframe_not_after_an_update(capacity: int) -> None:
    frames = Keyframes((0.0,), capacity * state_size((0.0,)))
    assert frames.capacity == capacity
    for update in range(1, 200):
        frames.keep(update, (float(update),))
        assert len(frames.frames) <= capacity
        for asked in (0, 1, update // 2, update, update + 1000):
            at, state = frames.before(asked)
            assert at == max(n for n in frames.frames if n <= asked) and state == (float(at),)


def test_a_thinned_run_still_seeks_bit_for_bit(expected: dict[int, bytes]) -> None:
    run = open_run(SHIPPED["two_layer"])
    run.keyframes = Keyframes(run.schedule.start(), 5 * state_size(run.schedule.start()))
    while run.work(10.0):
        pass
    assert len(run.keyframes.frames) <= 5
    for update in (9_999, 1, 4_321, 7_777, 10_000):
        assert bits(run, update) == expected[update]


# Beyond


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_the_next_weights_of_a_trace_are_the_state_after_it(name: str) -> None:
    for executor in ("straight", "arrays"):
        if (name, executor) == ("wide_784", "straight"):
            continue
        run = open_run(SHIPPED[name], executor)
        for update in (0, 1, 17):
            following, program, env = run.parameters(update + 1), run.program(update), run.env(update)
            for parameter in program.parameters:
                made: Var = program.nexts.get(parameter, parameter)
                assert env.array(made).tobytes() == following[parameter.name].tobytes()


def test_seeking_past_the_end() -> None:
    run = open_run(SHIPPED["partial_derivative"])
    assert run.updates == 1
    while run.work(10.0):
        pass
    far = straight_run(run, {2, 50, 1000})
    for update in (1000, 2, 50):
        assert bits(run, update) == far[update]
    assert run.known == 1 and max(run.keyframes.frames) == 1
    assert run.value("Y", 1) < run.value("Y", 0)


@pytest.mark.parametrize("executor", ["straight", "arrays"])
@pytest.mark.parametrize("shuffle", ["false", "true"])
def test_unequal_last_batches_seek_as_they_run(executor: str, shuffle: str, open_text: Open) -> None:
    run = open_text(f"{UNEQUAL}shuffle = {shuffle}\n", executor)
    assert [len(run.rows(n)) for n in range(6)] == [2, 2, 1, 2, 2, 1]
    assert [run.program(n).samples for n in range(3)] == [2, 2, 1]
    wanted = set(range(0, 101))
    straight = straight_run(run, wanted)
    while run.work(10.0):
        pass
    random = Random(53)
    for update in [*random.sample(sorted(wanted), 30), 99, 100]:
        assert bits(run, update) == straight[update]
    epochs = [[row for n in range(e * 3, e * 3 + 3) for row in run.rows(n)] for e in range(4)]
    assert all(sorted(rows) == [0, 1, 2, 3, 4] for rows in epochs)
    assert (len({tuple(rows) for rows in epochs}) == 1) == (shuffle == "false")


def test_a_wide_network_seeks_bit_for_bit() -> None:
    run = open_run(SHIPPED["wide_784"])
    straight = straight_run(run, {0, 7, 30, 31})
    while run.known < 30 and run.work(0.0):
        pass
    for update in (30, 7, 31, 0):
        assert bits(run, update) == straight[update]


def test_asking_never_changes_a_run(expected: dict[int, bytes]) -> None:
    run = open_run(SHIPPED["two_layer"])
    for text in ("d(E, hidden.weights)", "w1.next", "d(hidden.out, inputs)", "w1@prev - w1", "changed(E)"):
        run.value(text, 5)
    assert bits(run, 0) == expected[0] and bits(run, 5) == expected[5] and bits(run, 6) == expected[6]


@pytest.mark.parametrize("executor", ["straight", "arrays"])
def test_what_is_handed_out_is_not_the_runs_own(executor: str) -> None:
    run = open_run(SHIPPED["two_layer"], executor)
    before = bits(run, 0), bits(run, 1), run.value("d(E, w1)")
    for got in (run.parameters(0)["hidden.weights"], run.value("hidden.weights"), run.value("inputs")):
        assert isinstance(got, np.ndarray)
        got[:] = 99.0
    assert (bits(run, 0), bits(run, 1), run.value("d(E, w1)")) == before
