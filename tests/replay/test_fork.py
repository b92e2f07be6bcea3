"""What-if runs: against files with the edit written in them, against a network written out by hand, and against plain
scans over a run's own values. What a fork must leave alone is read before and after."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from bptui.replay.fork import fork
from bptui.replay.open import open_run
from bptui.replay.run import Run
from bptui.scenario.shipped import shipped
from tests.reference import numpy_loop

Open = Callable[..., Run]
Whole = Callable[[Run, int], bytes]
Begun = Callable[..., str]
SHIPPED = dict(shipped())
EXECUTORS = pytest.mark.parametrize("executor", ["straight", "arrays"])
ROOT = Path(__file__).resolve().parents[2]


def file_text(name: str) -> str:
    return Path(SHIPPED[name]).read_text(encoding="utf-8")


def bits(run: Run, update: int) -> bytes:
    return b"".join(v.tobytes() for v in run.parameters(update).values())


def close(a: object, b: object) -> bool:
    a, b = np.asarray(a, float), np.asarray(b, float)
    return a.shape == b.shape and bool((np.abs(a - b) <= 1e-10 * (np.abs(b) + 1e-6)).all())


# At update 0: the file with the edit written in it


TUTORIAL = [
    ("w5 = 0.3", "[0.40, 0.45]", "[0.3, 0.45]"),
    ("hidden.weights[1,0] = -2", "[0.25, 0.30]", "[-2, 0.30]"),
    ("hidden.weights = 0", "[[0.15, 0.20], [0.25, 0.30]]", "[[0, 0], [0, 0]]"),
    ("w5 = w5 * 2 + w6", "[0.40, 0.45]", f"[{0.40 * 2 + 0.45!r}, 0.45]"),
    ("b2 = 0.1", "= 0.60", "= 0.1"),
    ("i1 = 0.5", "[[0.05, 0.10]]", "[[0.5, 0.10]]"),
    ("x[1] = 0.5", "[[0.05, 0.10]]", "[[0.05, 0.5]]"),
    ("t1 = 1", "[[0.01, 0.99]]", "[[1, 0.99]]"),
    ("targets[1] = 0", "[[0.01, 0.99]]", "[[0.01, 0]]"),
    ("learning_rate = 0.1", "learning_rate = 0.5", "learning_rate = 0.1"),
    ("η = η / 5", "learning_rate = 0.5", "learning_rate = 0.1"),
    ("momentum = 0.9", "learning_rate = 0.5", "learning_rate = 0.5\nmomentum = 0.9"),
    ("optimizer = adam", '"sgd"', '"adam"'),
    ('optimizer = "rmsprop"', '"sgd"', '"rmsprop"'),
    ("clip_norm = 0.05", '"sgd"', '"sgd"\nclip_norm = 0.05'),
    ("hidden.activation = relu", '["h1", "h2"]\nactivation   = "sigmoid"', '["h1", "h2"]\nactivation   = "relu"'),
    ("hidden.activation = x*sigmoid(x)", '["h1", "h2"]\nactivation   = "sigmoid"',
     '["h1", "h2"]\nactivation   = "x*sigmoid(x)"'),
]
NEURON = [
    ("W1 = 0.3", "W1 = 0.5", "W1 = 0.3"),
    ("X1 = 0.2", "X1      = 0.1", "X1      = 0.2"),
    ("desired = 1", "desired = 0.03", "desired = 1"),
    ("learning_rate = 0.1", "learning_rate = 0.01", "learning_rate = 0.1"),
    ("optimizer = adagrad", '"sgd"', '"adagrad"'),
]


@EXECUTORS
@pytest.mark.parametrize(("name", "edit", "old", "new"), [
    *(("two_layer", *each) for each in TUTORIAL), *(("single_neuron", *each) for each in NEURON)])
def test_at_0_it_is_the_file_with_the_edit_in_it(name: str, edit: str, old: str, new: str, executor: str,
                                                  open_text: Open, whole: Whole) -> None:
    text = file_text(name)
    assert text.count(old) == 1
    parent, other = open_text(text, executor), open_text(text.replace(old, new), executor)
    forked = fork(parent, 0, [edit])
    assert forked.schedule.kind == executor
    for update in (0, 1, 2, 37):
        assert whole(forked, update) == whole(other, update) != whole(parent, update)
    assert forked.value("d(E, out_h1)" if name == "two_layer" else "d(E, s)", 3) == \
        other.value("d(E, out_h1)" if name == "two_layer" else "d(E, s)", 3)


@EXECUTORS
def test_several_edits_at_once(executor: str, open_text: Open, whole: Whole) -> None:
    text = file_text("two_layer")
    other = text.replace('"sgd"', '"adam"\nbetas = [0.8, 0.999]').replace("= 0.5\n", "= 0.05\n").replace(
        "[0.40, 0.45]", "[0.3, 0.45]").replace("[[0.01, 0.99]]", "[[1, 0.99]]")
    forked = fork(open_text(text, executor), 0, ["β1 = 0.8", "w5=.3", "optimizer = adam", "t1 = 1", "η = 0.05"])
    assert whole(forked, 30) == whole(open_text(other, executor), 30)
    assert forked.edits == ("beta1 = 0.8", "w5 = 0.3", "optimizer = adam", "t1 = 1", "learning_rate = 0.05")


# Later: by hand, and as files that begin where the fork does


def hand(w: list[float], rate: float, updates: int, x: Sequence[float] = (0.05, 0.10),
         t: Sequence[float] = (0.01, 0.99)) -> list[float]:
    """w1…w8 of the tutorial's network after some updates, written out."""
    w = list(w)
    for _ in range(updates):
        net_h = [w[0] * x[0] + w[1] * x[1] + 0.35, w[2] * x[0] + w[3] * x[1] + 0.35]
        h = [1 / (1 + math.exp(-n)) for n in net_h]
        net_o = [w[4] * h[0] + w[5] * h[1] + 0.60, w[6] * h[0] + w[7] * h[1] + 0.60]
        o = [1 / (1 + math.exp(-n)) for n in net_o]
        d_o = [(o[k] - t[k]) * o[k] * (1 - o[k]) for k in (0, 1)]
        d_h = [(d_o[0] * w[4 + j] + d_o[1] * w[6 + j]) * h[j] * (1 - h[j]) for j in (0, 1)]
        slopes = [d_h[0] * x[0], d_h[0] * x[1], d_h[1] * x[0], d_h[1] * x[1],
                  d_o[0] * h[0], d_o[0] * h[1], d_o[1] * h[0], d_o[1] * h[1]]
        w = [a - rate * s for a, s in zip(w, slopes, strict=True)]
    return w


START = [0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55]


@EXECUTORS
@pytest.mark.parametrize("k", [1, 3, 200])
def test_the_tutorial_goes_on_by_hand(k: int, executor: str) -> None:
    parent = open_run(SHIPPED["two_layer"], executor)
    there = hand(START, 0.5, k)
    cases = {
        "w5 = 0.3": hand([*there[:4], 0.3, *there[5:]], 0.5, 60),
        "w5 = w5@0 - w1": hand([*there[:4], 0.40 - there[0], *there[5:]], 0.5, 60),
        "learning_rate = 0.05": hand(there, 0.05, 60),
        "i1 = 0.5": hand(there, 0.5, 60, x=(0.5, 0.10)),
        "t2 = 0": hand(there, 0.5, 60, t=(0.01, 0.0)),
    }
    for edit, expected in cases.items():
        forked = fork(parent, k, [edit])
        assert close([forked.value(f"w{n + 1}", k + 60) for n in range(8)], expected), edit
        assert bits(forked, k - 1) == bits(parent, k - 1)


@EXECUTORS
@pytest.mark.parametrize(("edit", "option"), [
    ("optimizer = adam", {"optimizer": "adam"}), ("optimizer = adagrad", {"optimizer": "adagrad"}),
    ("momentum = 0.9", {"momentum": "0.9"}), ("hidden.activation = tanh", {"activation": "tanh"}),
    ("hidden.activation = x / (1 + abs(x))", {"activation": "x / (1 + abs(x))"})])
def test_later_it_is_a_file_that_begins_there(edit: str, option: dict[str, str], executor: str,
                                              open_text: Open, whole: Whole, begun: Begun) -> None:
    """With empty slots: Adam's count of updates is 1 in the first of the fork."""
    parent, k = open_run(SHIPPED["two_layer"], executor), 7
    other = open_text(begun([float(parent.value(f"w{n + 1}", k)) for n in range(8)], **option), executor)
    forked = fork(parent, k, [edit])
    for after in (0, 1, 2, 40):
        assert whole(forked, k + after) == whole(other, after)
    if "adam" in edit:
        assert forked.env(k).array(forked.program(k).variables["output.weights.t"]) == 0


@EXECUTORS
def test_from_one_optimizer_to_another_nothing_is_kept(executor: str, open_text: Open, begun: Begun) -> None:
    """RMSprop and Adam both keep a `v`; it is not the same thing."""
    parent, k = open_text(begun(START, optimizer="rmsprop"), executor), 5
    assert parent.value("w5.v", k) != 0
    forked = fork(parent, k, ["optimizer = adam"])
    assert forked.value("w5.v", k) == forked.value("w5.m", k) == 0
    other = open_text(begun([float(parent.value(f"w{n + 1}", k)) for n in range(8)], optimizer="adam"), executor)
    assert bits(forked, k + 20) == bits(other, 20)


@EXECUTORS
def test_of_the_same_optimizer_everything_is_kept(executor: str, open_text: Open, begun: Begun) -> None:
    parent, k = open_text(begun(START, momentum="0.9"), executor), 5
    velocity, w5 = parent.value("w5.velocity", k), parent.value("w5", k)
    slower = fork(parent, k, ["momentum = 0.5"])
    assert slower.value("w5.velocity", k) == velocity != 0
    assert close(slower.value("w5", k + 1), w5 - 0.5 * (0.5 * velocity + parent.value("w5.grad", k)))
    stopped = fork(parent, k, ["w5.velocity = 0"])
    assert close(stopped.value("w5", k + 1), w5 - 0.5 * parent.value("w5.grad", k))
    assert stopped.value("w6", k + 1) == parent.value("w6", k + 1)
    plain = fork(parent, k, ["momentum = 0"])                   # which has no velocity at all
    assert close(plain.value("w5", k + 1), w5 - 0.5 * parent.value("w5.grad", k))


def test_running_statistics_outlive_the_optimizer() -> None:
    parent = open_run(SHIPPED["batch_normalisation"])
    names = [v.name for v in parent.program(0).running]
    forked = fork(parent, 6, ["optimizer = adam"])
    for name in names:
        assert forked.value(name, 6) == parent.value(name, 6) != parent.value(name, 0)


# Data rows


ROWS_X = np.array([[0.1, 0.9], [0.8, -0.3], [-0.5, 0.6], [0.7, 0.2], [0.4, -0.8]])
ROWS_T = np.array([[0.1], [0.9], [0.3], [0.6], [0.2]])
W1, W2 = np.array([[0.2, -0.4], [0.5, 0.3]]), np.array([[0.7, -0.6]])
BATCHED = f"""
[network]
inputs = 2
[[network.layers]]
kind = "dense"
name = "hidden"
units = 2
activation = "sigmoid"
weights = {W1.tolist()}
bias = 0.1
[[network.layers]]
kind = "dense"
name = "output"
units = 1
activation = "sigmoid"
weights = {W2.tolist()}
bias = -0.2
[loss]
kind = "half_squared_error"
[data]
inputs = {ROWS_X.tolist()}
targets = {ROWS_T.tolist()}
[training]
learning_rate = 0.8
batch = 2
updates = 60
"""


@EXECUTORS
@pytest.mark.parametrize("k", [0, 3, 4, 5])
@pytest.mark.parametrize(("edit", "sample"), [("i2 = 2.5", 3), ("inputs[1] = 2.5", 5), ("t1 = 0.75", 1),
                                              ("inputs = inputs * 2 - 1", None)])
def test_a_data_row_is_edited_for_good(edit: str, sample: int | None, k: int, executor: str, open_text: Open) -> None:
    """Wherever the row is used from then on, in an epoch that has begun as well: update by update in plain numpy."""
    parent, train = open_text(BATCHED, executor), numpy_loop.train
    forked = fork(parent, k, [edit], sample)
    batches = [[0, 1], [2, 3], [4]]
    row = batches[k % 3][0] if sample is None else sample - 1
    x, t = ROWS_X.copy(), ROWS_T.copy()
    if edit.startswith("t1"):
        t[row, 0] = 0.75
    elif sample is None:
        x[row] = x[row] * 2 - 1
    else:
        x[row, 1] = 2.5
    assert forked.sample == row + 1
    w1, b1, w2, b2 = W1, 0.1, W2, -0.2
    for n in range(k + 8):
        rows = batches[n % 3]
        assert forked.rows(n) == rows
        sx, st = (ROWS_X, ROWS_T) if n < k else (x, t)
        w1, b1, w2, b2 = train(sx[rows], st[rows], w1, b1, w2, b2, 0.8, len(rows), 1)
        made = forked.parameters(n + 1)
        assert close(made["hidden.weights"], w1) and close(made["output.weights"], w2)
        assert close(made["hidden.bias"], b1) and close(made["output.bias"], b2)
    assert close(forked.value("i2.training", k), x[:, 1]) and close(forked.value("t1.training", k), t[:, 0])
    assert k == 0 or close(forked.value("i2.training", k - 1), ROWS_X[:, 1])
    assert close(parent.value("i2.training", k + 1), ROWS_X[:, 1])
    assert fork(parent, k, forked.edits, forked.sample).value("E", k + 5) == forked.value("E", k + 5)


@EXECUTORS
def test_values_of_equations_are_edited_by_sample(executor: str, open_text: Open) -> None:
    text = """
[equations]
forward = ["y = w*x + shift", "E = (y - t)**2 / 2"]
loss = "E"
[parameters]
w = 0.5
[values]
x = [1.0, 2.0, 3.0]
t = [1.0, 0.0, 2.0]
shift = 0.25
[training]
batch = 2
learning_rate = 0.05
"""
    def by_hand(x: list[float], shift: list[float], updates: int) -> float:
        w, t = 0.5, [1.0, 0.0, 2.0]
        for n in range(updates):
            rows, s = ([0, 1], [2])[n % 2], shift[n]
            w -= 0.05 * sum((w * (x[r] if n >= 3 else r + 1.0) + s - t[r]) * (x[r] if n >= 3 else r + 1.0)
                            for r in rows) / len(rows)
        return w
    parent = open_text(text, executor)
    assert close(fork(parent, 3, ["x = -1"], 2).value("w", 9), by_hand([1.0, -1.0, 3.0], [0.25] * 9, 9))
    assert close(fork(parent, 3, ["x = -1"]).value("w", 9), by_hand([1.0, 2.0, -1.0], [0.25] * 9, 9))
    assert close(fork(parent, 3, ["shift = 1"], 2).value("w", 9), by_hand([1.0, 2.0, 3.0], [0.25] * 3 + [1.0] * 6, 9))


# Forks of forks


@EXECUTORS
def test_forks_of_forks(executor: str, whole: Whole) -> None:
    parent = open_run(SHIPPED["two_layer"], executor)
    first = fork(parent, 4, ["i1 = 0.5"])
    second = fork(first, 6, ["learning_rate = 0.05"])
    third = fork(second, 8, ["w5 = 0.3", "t1 = 1"])
    w = hand(hand(hand(START, 0.5, 4), 0.5, 2, x=(0.5, 0.1)), 0.05, 2, x=(0.5, 0.1))
    expected = hand([*w[:4], 0.3, *w[5:]], 0.05, 12, x=(0.5, 0.1), t=(1.0, 0.99))
    assert close([third.value(f"w{n + 1}", 20) for n in range(8)], expected)
    for update in range(8):
        assert whole(third, update) == whole((parent, first, second)[(update >= 4) + (update >= 6)], update)
    earlier = fork(third, 3, ["w5 = 0.3"])          # leaves before any of the edits of its parent
    w = hand(START, 0.5, 3)
    assert close([earlier.value(f"w{n + 1}", 9) for n in range(8)], hand([*w[:4], 0.3, *w[5:]], 0.5, 6))
    assert whole(earlier, 2) == whole(parent, 2) and earlier.parent is third
    same = fork(first, 4, ["w5 = 0.3"])             # at the very update of its parent's edit: both hold
    w = hand(START, 0.5, 4)
    assert close([same.value(f"w{n + 1}", 9) for n in range(8)], hand([*w[:4], 0.3, *w[5:]], 0.5, 5, x=(0.5, 0.1)))
