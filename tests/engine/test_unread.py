"""What nothing reads: a unit that a pool or a stride drops, a kernel that sees padding only, a parameter of no use.

Their derivative is 0, a value as any other: an optimizer decays, clips and keeps it, whatever else the network has,
and both executors say so. A Jacobian in the same program (softmax) is where a 0 and nothing could be mistaken.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest

from bptui.engine.optimizers import OPTIMIZERS
from bptui.explain.chain import Explainer
from bptui.explain.check import check_run, lines
from bptui.explain.words import about_step
from bptui.replay.run import Run
from bptui.replay.timeline import Position

Open = Callable[..., Run]
EXECUTORS = pytest.mark.parametrize("executor", ["straight", "arrays"])

PADDING_ONLY = """
[network]
inputs = [1, 1, 1]
[[network.layers]]
kind = "conv2d"
name = "c"
filters = 1
kernel = 1
weights = [[[[0.5]]]]
bias = [0.1]
[[network.layers]]
kind = "conv2d"
name = "c2"
filters = 1
kernel = 1
stride = 2
padding = 1
weights = [[[[0.5]]]]
bias = [0.1]
[[network.layers]]
kind = "flatten"
[[network.layers]]
kind = "dense"
name = "o"
units = 2
activation = "softmax"
weights = [[0.1, 0.2, 0.3, 0.4], [0.5, -0.2, 0.1, 0.3]]
bias = [0.1, 0.2]
[loss]
kind = "squared_error"
name = "E"
[data]
inputs = [[[[2.0]]]]
targets = [[1.0, 0.0]]
[training]
learning_rate = 0.1
updates = 3
weight_decay = 0.1
"""
STEPPED_OVER = """
[network]
inputs = [1, 1, 3]
[[network.layers]]
kind = "layer_norm"
name = "n"
gain = [1.0, 0.8, 1.5]
bias = [0.2, 0.1, -0.3]
[[network.layers]]
kind = "conv2d"
name = "c"
filters = 1
kernel = 1
stride = [1, 2]
weights = [[[[0.7]]]]
bias = [0.05]
[[network.layers]]
kind = "flatten"
[[network.layers]]
kind = "dense"
name = "o"
units = 2
weights = [[0.3, -0.4], [0.6, 0.2]]
bias = [0.1, -0.1]
[loss]
kind = "softmax_cross_entropy"
name = "E"
[data]
inputs = [[[[0.5, 2.0, -1.0]]]]
targets = [[1.0, 0.0]]
[training]
learning_rate = 0.1
updates = 2
"""
A, B = 0.05168594462650814, 0.5168594462650814
TORCH: dict[str, tuple[str, list[float], dict[str, Any]]] = {  # PyTorch 2.13: E after 0, 1, 2 updates; slopes
    "padding only": (PADDING_ONLY, [0.5355977154714526, 0.47867823802558096, 0.427270896004078], {
        "c.weights": 0.0, "c.bias": 0.0, "c2.weights": 0.0, "c2.bias": -0.15505783387952443,
        "o.weights": [[-A] * 4, [A] * 4], "o.bias": [-B, B]}),
    "stepped over": (STEPPED_OVER, [0.3104254861378342, 0.249464875251322, 0.20120228825291045], {
        "n.gain": [0.0, 0.0, -0.1372730144249929], "n.bias": [0.0560416602704248, 0.0, 0.11208332054084955],
        "c.weights": -0.32618026535094186, "c.bias": 0.24017854401610622,
        "o.weights": [[-0.05070435929228908, 0.38588094388756783], [0.05070435929228909, -0.3858809438875679]],
        "o.bias": [-0.26686504890678464, 0.2668650489067847]}),
}  # fmt: skip


@EXECUTORS
@pytest.mark.parametrize("name", TORCH)
def test_an_unread_element_has_the_numbers_of_pytorch(name: str, executor: str, open_text: Open) -> None:
    text, costs, slopes = TORCH[name]
    run = open_text(text, executor)
    assert [run.value("E", n) for n in range(3)] == pytest.approx(costs, rel=1e-14)
    for parameter, expected in slopes.items():
        got = run.value(f"d(E, {parameter})")
        assert np.ravel(got) == pytest.approx(np.ravel(expected), rel=1e-13, abs=0), parameter
        assert np.array_equal(got, run.value(f"{parameter}.grad"))
    assert check_run(run).ok


# Generated networks

TRAINING = ("", "clip_norm = 0.05", "clip_value = 0.01")
ENDS = ("softmax", "log_softmax", "softmax_cross_entropy", "sigmoid")


def layer(kind: str, **keys: object) -> str:
    return f"[[network.layers]]\nkind = {kind!r}\n" + "".join(
        f"{k} = {str(v).lower() if isinstance(v, bool) else repr(v)}\n" for k, v in keys.items())


def unread(random: Random) -> str:
    """A network of which some elements are read by nothing."""
    first = random.choice((
        layer("layer_norm", name="first"),
        layer("conv2d", name="first", filters=2, kernel=1, activation="tanh"),
        layer("dense", name="first", units=5, activation="tanh"),
    ))
    drops = random.choice((
        layer("max_pool", size=2, stride=3), layer("average_pool", size=[1, 2], stride=[2, 3]),
        layer("conv2d", name="sees", filters=1, kernel=1, stride=[1, 4]),
        layer("conv2d", name="sees", filters=2, kernel=1, stride=6, padding=1),     # padding only
        layer("conv2d", name="sees", filters=1, kernel=2, stride=3),
    ))  # fmt: skip
    end = random.choice(ENDS)
    rows, optimizer = random.choice((1, 2, 3)), random.choice(tuple(OPTIMIZERS))
    last = layer("dense", name="last", units=2, activation="linear" if end == "softmax_cross_entropy" else end)
    decay = random.choice(("", "weight_decay = 0.1\n"))
    order = random.choice(("", "update_order = 'in_place'\n"))
    clip = random.choice(TRAINING[:1] + TRAINING[2:] if order else TRAINING)
    batch = min(rows, random.choice((1, 2)))
    images = [[round(random.gauss(0, 1), 3) for _ in range(25)] for _ in range(rows)]
    return (f"[network]\ninputs = [1, 5, 5]\n{first}{drops}{layer('flatten')}{last}[loss]\n"
            f"kind = '{end if end == 'softmax_cross_entropy' else 'squared_error'}'\nname = 'E'\n"
            f"{random.choice(('', 'l1 = 0.01', 'l2 = 0.1'))}\n"
            f"[data]\ninputs = {images}\ntargets = {[[1.0, 0.0]] * rows}\n[training]\noptimizer = '{optimizer}'\n"
            f"learning_rate = 0.05\nupdates = 4\nbatch = {batch}\n{decay}{order}{clip}\n")  # fmt: skip


def read_by_nothing(run: Run) -> dict[str, np.ndarray]:
    """The elements of each parameter that E does not move with, by trying: E is computed with each of them moved."""
    program = run.program(0)
    found: dict[str, np.ndarray] = {}
    state = run.parameters(0)
    executor = run.schedule.at(0)
    feed = run.schedule.feed(0)

    def cost(values: dict[str, np.ndarray]) -> float:
        return executor.trace(executor.pack(values), feed).scalar((program.cost, 0))
    every = {**{v.name: np.zeros(v.shape) for v in program.state}, **state}
    for name, value in state.items():
        still = np.zeros(value.size, bool)
        for flat in range(value.size):
            moved = value.copy().reshape(-1)
            moved[flat] += 0.37
            still[flat] = cost({**every, name: moved.reshape(value.shape)}) == cost(every)
        found[name] = still.reshape(value.shape)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_the_executors_agree_where_elements_are_unread(seed: int, open_text: Open,
                                                       share: Callable[[int], int]) -> None:  # fmt: skip
    for n in range(share(40)):
        text = unread(Random(f"unread {seed} {n}"))
        straight, arrays = (open_text(text, executor) for executor in ("straight", "arrays"))
        assert straight.schedule.kind == "straight"
        for update in range(4):
            for a, b in zip(straight.program(update).blocks, arrays.program(update).blocks, strict=True):
                one, two = straight.env(update).array(a.out), arrays.env(update).array(b.out)
                assert np.abs(one - two).max(initial=0.0) <= 1e-12 * (1 + np.abs(two).max(initial=0.0)), (text, a.out)
        if "l1" not in text and "l2" not in text:
            for name, still in read_by_nothing(straight).items():
                assert not np.any(np.asarray(straight.value(f"d(E, {name})"))[still]), (text, name)
        report = check_run(straight)
        assert report.ok, (text, lines(report))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("more", ["", "clip_norm = 0.1", "clip_value = 0.1", "update_order = 'in_place'",
                                  "gradient = 'perturbation'"])  # fmt: skip
@EXECUTORS
def test_a_parameter_that_nothing_reads_stays_as_it_is(executor: str, more: str, optimizer: str,
                                                       open_text: Open) -> None:  # fmt: skip
    run = open_text(f"[equations]\nforward = ['y = w*x', 'E = (y - 1)**2']\nloss = 'E'\n[parameters]\nw = 0.5\n"
                    f"idle = 0.25\n[values]\nx = [1.0, 2.0]\n[training]\noptimizer = '{optimizer}'\n"
                    f"weight_decay = 0.0\nlearning_rate = 0.1\nupdates = 3\n{more}\n", executor)  # fmt: skip
    assert run.value("d(E, idle)") == 0.0 and run.value("idle.grad") == 0.0
    assert run.value("idle", 3) == 0.25 and run.value("w", 3) != 0.5


@pytest.mark.parametrize("name", TORCH)
def test_every_value_of_a_network_with_unread_elements_has_a_chain_and_a_sentence(name: str, open_text: Open) -> None:
    run = open_text(TORCH[name][0])
    times = run.times(0)
    for value in range(1, times.count + 1):
        at = Explainer(run, 0, 0)
        chain = at.chain(value)
        assert chain.rows[-1].value == at.reader.value(at.cell(value))
        assert about_step(at, Position(0, value, times.stops(value)), chain)
