"""What a what-if run leaves alone: its past, its parent, when the run ends; and what looks through a run.

Running ahead is compared with plain scans over the values of the run itself, update by update.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from hashlib import sha256
from random import Random

import numpy as np
import pytest

from bptui.explain import search
from bptui.explain.check import check_run
from bptui.explain.compare import compare
from bptui.replay.fork import fork
from bptui.replay.open import open_run
from bptui.replay.run import Run
from bptui.replay.timeline import Timeline
from bptui.scenario.errors import QuantityError
from bptui.scenario.shipped import shipped

Open = Callable[..., Run]
Whole = Callable[[Run, int], bytes]
Begun = Callable[..., str]
SHIPPED = dict(shipped())
EXECUTORS = pytest.mark.parametrize("executor", ["straight", "arrays"])
START = [0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55]


def bits(run: Run, update: int) -> bytes:
    return b"".join(v.tobytes() for v in run.parameters(update).values())


def close(a: object, b: object) -> bool:
    a, b = np.asarray(a, float), np.asarray(b, float)
    return a.shape == b.shape and bool((np.abs(a - b) <= 1e-10 * (np.abs(b) + 1e-6)).all())


FEW = """
[network]
inputs = 2
[[network.layers]]
kind = "dense"
name = "hidden"
units = 2
activation = "sigmoid"
weights = { init = "uniform" }
[[network.layers]]
kind = "dense"
name = "output"
units = 1
weight_names = [["w5", "w6"]]
weights = { init = "uniform" }
[loss]
kind = "half_squared_error"
[data]
inputs = [[0.1, 0.9], [0.8, -0.3], [-0.5, 0.6], [0.7, 0.2], [0.4, -0.8]]
targets = [[0.1], [0.9], [0.3], [0.6], [0.2]]
[training]
learning_rate = 0.8
batch = 2
updates = 60
"""


# The past, and the parent


RUNS = ["two_layer", "adam", "batch_random", "dropout", "digits_minibatches", "gan", "lstm_bit", "batch_normalisation",
        "overfitting", "perturbation", "variational_autoencoder"]


def weight(run: Run) -> str:
    """A weight of the run, by name."""
    var = run.program(0).parameters[0]
    return var.elements[0] if var.elements else f"{var.name}[{','.join('0' for _ in var.shape)}]" if var.shape else \
        var.name


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("k", [0, 1, 5])
def test_an_edit_undone_is_the_parent_bit_for_bit(name: str, k: int, whole: Whole) -> None:
    parent, other = open_run(SHIPPED[name]), open_run(SHIPPED[name])
    w = weight(parent)
    before = repr(parent.value(w, k))
    undone = fork(fork(parent, k, [f"{w} = 17.5"]), k, [f"{w} = {before}"])
    rate = repr(parent.value("learning_rate", 0))
    again = fork(fork(undone, k + 2, ["learning_rate = 7"]), k + 2, [f"learning_rate = {rate}"])
    for update in (0, k, k + 1, k + 2, k + 3, k + 9):
        assert whole(undone, update) == whole(again, update) == whole(other, update), update
        assert undone.rows(update) == other.rows(update)
        assert undone.times(update).count == other.times(update).count


@EXECUTORS
@pytest.mark.parametrize("ahead", [0, 3, 9, 60])
@pytest.mark.parametrize("edit", ["w5 = 1", "i1 = 2", "learning_rate = 2", "optimizer = adam",
                                  "hidden.activation = relu"])
def test_before_the_edit_it_is_its_parent(edit: str, ahead: int, executor: str, open_text: Open, whole: Whole) -> None:
    parent = open_text(FEW, executor)
    while parent.known < ahead:
        parent.work(0.0)
    forked = fork(parent, 9, [edit])
    for n in (8, 0, 5):
        assert forked.program(n) is parent.program(n)
        assert isinstance(forked.times(n), Timeline) and forked.times(n).blocks == parent.times(n).blocks
        assert all(np.array_equal(a, b) for a, b in zip(forked.state(n), parent.state(n), strict=True))
        assert whole(forked, n) == whole(parent, n) and forked.rows(n) == parent.rows(n) and forked.goes_on(n)
        for quantity in ("d(E, out_h1)", "E.training", "w5.grad", "w5@prev" if n else "w5@0", "learning_rate"):
            assert forked.value(quantity, n) == parent.value(quantity, n)
        cost, x = (parent.program(n).cost, 0), parent.program(n).trained[0]
        assert forked.derivative(n, cost, x).tobytes() == parent.derivative(n, cost, x).tobytes()
        assert bits(forked, n) == bits(parent, n) and forked.forward_passes(n) == parent.forward_passes(n)
    assert whole(forked, 9) != whole(parent, 9)
    while forked.work(1.0) | parent.work(1.0):
        pass
    assert forked.curve[:9] == parent.curve[:9] and forked.curve[9:] != parent.curve[9:]


def digest(run: Run) -> str:
    """Everything that a run knows, and its data."""
    found = sha256()
    for n, state in sorted(run.keyframes.frames.items()):
        found.update(repr(n).encode() + b"".join(np.asarray(x, float).tobytes() for x in state))
    for part in (run.known, run.curve.tobytes(), run.curve_stride, run.validation, run.updates, run.ended,
                 run.keyframes.stride, list(run._recent), list(run._envs), list(run._evaluations), run._noted):
        found.update(repr(part).encode())
    for tensor in (*run.model.rows.tensors.values(), *(p.value for p in run.model.parameters)):
        found.update(tensor.tobytes())
    return found.hexdigest()


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("ahead", [0, 4, 10])
def test_a_fork_leaves_its_parent_alone(name: str, ahead: int, whole: Whole) -> None:
    parent = open_run(SHIPPED[name])
    while parent.known < ahead:
        parent.work(0.0)
    watched = parent.program(2).watched.name
    parent.value(f"{watched}.training" if parent.scenario.network else watched, 2)
    states = [whole(parent, n) for n in (0, 2, 5, 9)]
    before, w = digest(parent), weight(parent)
    data = [f"{v.name} = 0.875" for v in parent.program(0).inputs if v.role == "data"]
    for edits in ([f"{w} = {w} * 2 + 1", *data], ["learning_rate = 0.125", f"{w} = 3"]):
        forked = fork(parent, 5, edits)
        forked.work(0.05)
        assert whole(forked, 0) != whole(forked, 8)
        assert forked.value(watched, 3) == forked.value(f"{watched}@3", 7)
        fork(forked, 7, [f"{w} = 4"]).work(0.02)
        assert digest(parent) == before
    assert [whole(parent, n) for n in (0, 2, 5, 9)] == states


# Running ahead


@pytest.mark.parametrize("name", ["two_layer", "batch_random", "overfitting", "adam"])
@pytest.mark.parametrize("ahead", [0, 7, 41, 200])
def test_running_ahead_is_a_plain_scan(name: str, ahead: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bptui.replay.run.CURVE_POINTS", 64)
    parent, k = open_run(SHIPPED[name]), 42 if name == "overfitting" else 41     # validation is seen after even updates
    parent.updates = parent.schedule.updates = 150
    while parent.known < min(ahead, 150):
        parent.work(0.0)
    forked = fork(parent, k, [f"{weight(parent)} = 0.123", "learning_rate = 0.03"])
    assert forked.known == min(ahead, k) and forked.updates >= 150
    forked.updates = 150
    while forked.work(0.0):
        assert forked.known <= 150
    plain = [forked.value("E", n) for n in range(151)]
    assert forked.known == 150 and forked.curve_stride > 1
    assert list(forked.curve) == plain[::forked.curve_stride]
    for update, cost in forked.validation:
        assert cost == forked.value("E.validation", update)
    if forked.model.judged:
        assert [n for n, _ in forked.validation] == sorted({n for n, _ in forked.validation})
        assert {k, 150} <= {n for n, _ in forked.validation}
    states = {n: bits(forked, n) for n in range(151)}
    for update in Random(name).sample(range(151), 30):
        assert bits(forked, update) == states[update]
    state, schedule = forked.schedule.start(), forked.schedule
    for n in range(151):
        assert b"".join(v.tobytes() for v in list(schedule.at(n).unpack(state).values())[:len(forked.parameters(n))]) \
            == states[n]
        state = schedule.advance(state, n, 1)


def test_keyframes_thin_in_a_fork_as_everywhere(monkeypatch: pytest.MonkeyPatch, open_text: Open, begun: Begun) -> None:
    monkeypatch.setattr("bptui.replay.keyframes.MOST", 8)
    parent = open_run(SHIPPED["two_layer"])
    while parent.known < 2000:
        parent.work(0.0)
    forked = fork(parent, 1500, ["optimizer = adam"])
    before = len(forked.keyframes.frames)
    assert forked.keyframes.stride == parent.keyframes.stride > 1
    while forked.work(1.0):
        pass
    assert before <= 8 and len(forked.keyframes.frames) <= 8
    assert all(n % forked.keyframes.stride == 0 for n in forked.keyframes.frames)
    other = open_text(begun([float(parent.value(f"w{n + 1}", 1500)) for n in range(8)], optimizer="adam"))
    for update in (1499, 1500, 1501, 3333, 10_000):
        assert bits(forked, update) == (bits(parent, update) if update < 1500 else bits(other, update - 1500))


@EXECUTORS
@pytest.mark.parametrize("condition", ["E < 0.2", "E < E@0 * 0.7"])
def test_until_goes_on_holding(condition: str, executor: str, open_text: Open, begun: Begun) -> None:
    """By a scan over the fork's own values. Where the fork leaves it has been looked at, by the parent."""
    parent = open_text(begun(START, until=f'"{condition}"'), executor)
    while parent.work(1.0):
        pass
    end = parent.updates
    assert parent.ended and 10 < end < 200
    slow = fork(parent, 5, ["learning_rate = 0.1"])
    while slow.work(1.0):
        pass
    free = fork(open_text(begun(START), executor), 5, ["learning_rate = 0.1"])
    limit = 0.2 if condition == "E < 0.2" else free.value("E", 0) * 0.7
    first = next(n for n in range(6, 2000) if free.value("E", n) < limit)
    assert slow.updates == first > end and slow.ended == f"{condition} holds"
    at_end = fork(parent, end, ["w5 = 3"])
    assert at_end.goes_on(end) and at_end.finish() > end
    first = next(n for n in range(end + 1, 3000) if at_end.value("E", n) < limit)
    assert at_end.updates == first
    further = fork(parent, end, ["learning_rate = 0.1"])         # where it holds still: the edit comes after the look
    assert further.finish() == end + 1
    with pytest.raises(QuantityError, match="ends after"):
        fork(parent, end + 1, ["w5 = 3"])


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize("k", [3, 30, "late"])
def test_patience_goes_on_waiting(k: int | str, ahead: bool) -> None:
    """What was waited before the fork counts: `late` is ten epochs before the parent gives up."""
    if k == "late":
        k = open_run(SHIPPED["overfitting_patience"]).finish() - 10
    assert isinstance(k, int)
    parent = open_run(SHIPPED["overfitting_patience"])
    while ahead and parent.work(1.0):
        pass
    forked = fork(parent, k, ["learning_rate = 0.005" if k > 100 else "learning_rate = 0.05"])
    while forked.work(1.0):
        pass
    best, waited, n = math.inf, 0, 0
    while waited < 50:
        n += 1
        cost = forked.value("E.validation", n)
        best, waited = (cost, 0) if cost < best else (best, waited + 1)
    assert forked.updates == n < 1500 and "50 epochs" in forked.ended
    assert forked.validation == [(m, forked.value("E.validation", m)) for m in range(1, n + 1)]
    at_end = fork(parent, parent.finish(), ["learning_rate = 0.05"])
    assert at_end.finish() > parent.updates


def test_until_of_what_is_edited_away(open_text: Open, begun: Begun) -> None:
    parent = open_text(begun(START, optimizer="adam", until='"w5.m_hat > 1e6"'))
    with pytest.raises(QuantityError, match=r"until: .*w5\.m_hat"):
        fork(parent, 5, ["optimizer = sgd"])
    assert fork(parent, 5, ["learning_rate = 0.1"]).goes_on(20)


# Structure


SWISH = """
[network]
inputs = 1
[[network.layers]]
kind = "dense"
name = "hidden"
units = 2
activation = { law = "x*sigmoid(beta*x)", beta = 1.0, train = ["beta"] }
weights = [[0.5], [-0.25]]
[[network.layers]]
kind = "dense"
name = "output"
units = 1
weights = [[1.0, 2.0]]
bias = false
[loss]
kind = "half_squared_error"
[data]
inputs = [[0.5], [1.5], [-1.0]]
targets = [[1.0], [0.0], [0.5]]
[training]
learning_rate = 0.1
batch = 2
"""


@EXECUTORS
@pytest.mark.parametrize("k", [3, 4])
def test_a_parameter_that_goes_with_its_activation(k: int, executor: str, open_text: Open) -> None:
    parent = open_text(SWISH + 'gradient = "perturbation"\n', executor)
    forked = fork(parent, k, ["hidden.activation = tanh"])
    assert "hidden.beta" in forked.parameters(k - 1) and "hidden.beta" not in forked.parameters(k)
    assert forked.model_at(k - 1) is parent.model and forked.model_at(k) is forked.model
    numbers = sum(v.size for v in parent.parameters(0).values())
    assert forked.forward_passes(k) == parent.forward_passes(k) == k * (1 + numbers)
    assert forked.forward_passes(k + 5) == k * (1 + numbers) + 5 * numbers
    assert forked.value("hidden.out[0]", k) == pytest.approx(math.tanh(float(forked.value("hidden.net[0]", k))))
    with pytest.raises(QuantityError, match=r"'hidden\.beta' is not a quantity"):
        forked.value("hidden.beta", k)
    assert forked.value("hidden.beta", k - 1) == parent.value("hidden.beta", k - 1) != 1.0
    edited = fork(parent, k, ["hidden.beta = 0"])
    half = np.asarray(edited.value("hidden.net", k)) / 2
    assert close(edited.value("hidden.out", k), half)


def test_what_looks_through_a_run_crosses_the_edit(open_text: Open, begun: Begun) -> None:
    """A search reads many updates at a time; the comparison goes by names; `check` runs it again."""
    parent = open_text(begun(START, updates="30").replace("updates       = 10000\n", ""))
    forked = fork(parent, 12, ["hidden.activation = tanh", "optimizer = adam"])
    while forked.work(1.0):
        pass
    for n in (3, 11, 12, 20):
        typed = search.read_number(f"{forked.value('out_o1', n):.12f}")
        assert typed is not None
        hits = [hit for hit in search.in_run(forked, typed, 0, 0) if hit is not None]
        assert [hit.at.update for hit in hits if hit.what == "out_o1"] == [n]
    found = compare(parent, forked)
    assert found.parting is not None and found.parting.update == 12
    assert {d.what for d in found.differences} == {"activation of hidden", "training.optimizer"}
    report = check_run(forked)
    assert report.replay and report.replay.ok and report.replay.updates == 30 and report.ok


def test_a_fork_that_is_too_large_for_straight_line_python(monkeypatch: pytest.MonkeyPatch, whole: Whole) -> None:
    """Its states are arrays then, and those of its past are not: what it is asked for is the same, within rounding."""
    parent = open_run(SHIPPED["overfitting"])
    assert parent.schedule.kind == "straight"
    while parent.known < 12:
        parent.work(0.0)
    small = fork(parent, 5, ["learning_rate = 0.1"])
    monkeypatch.setattr("bptui.replay.schedule.MOST_STATEMENTS", 10)
    large = fork(parent, 5, ["learning_rate = 0.1"])
    assert (small.schedule.kind, large.schedule.kind) == ("straight", "arrays")
    assert fork(parent, 5, ["b1 = 0.25"]).schedule.kind == "straight"
    large.work(0.05)
    for n in (3, 4, 5, 6, 12):
        assert (whole(large, n) == whole(small, n)) is (n < 5)
        for quantity in ("E", "E.training", "E.validation", "hidden.weights", "d(E, hidden.bias)"):
            assert close(large.value(quantity, n), small.value(quantity, n))


def test_claims_end_where_the_source_s_run_ends() -> None:
    parent = open_run(SHIPPED["two_layer"])
    assert {c.after for c in fork(parent, 1, ["w5 = 0.3"]).scenario.claims} == {0}
    assert fork(parent, 0, ["w5 = 0.3"]).scenario.claims == ()


def test_chance_is_that_of_the_seed_and_the_update() -> None:
    """Shuffled batches, and dropped units: those of the parent, in the fork as well."""
    parent = open_run(SHIPPED["batch_random"])
    forked = fork(parent, 4, ["w = 0", "learning_rate = 0.01"])
    assert [forked.rows(n) for n in range(30)] == [parent.rows(n) for n in range(30)]
    parent = open_run(SHIPPED["dropout"])
    forked = fork(parent, 4, ["learning_rate = 0.01"])
    assert all(np.array_equal(forked.value("drop.mask", n), parent.value("drop.mask", n)) for n in range(12))
