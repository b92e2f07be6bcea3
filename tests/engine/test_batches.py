"""Batches of several samples against a plain numpy loop, and chance, which is a function.

Four samples, 2-3-2, both layers' biases shared by their units and trained. Initial values and shuffles are
written down as digits: other people's printed figures hang on these bits.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from bptui.engine.chance import shuffled
from bptui.replay.run import Run

Open = Callable[..., Run]
SOME = np.sin(np.arange(1.0, 32.0))  # so that no generator is needed
X, T = SOME[:8].reshape(4, 2), SOME[8:16].reshape(4, 2) ** 2
START = SOME[16:22].reshape(3, 2), 0.35, SOME[22:28].reshape(2, 3), 0.6
RATE = 0.5


def scenario(batch: int | str, training: str = "") -> str:
    W1, b1, W2, b2 = START
    return f"""
[network]
inputs = 2
[[network.layers]]
kind = "dense"
name = "hidden"
units = 3
activation = "sigmoid"
weights = {W1.tolist()}
bias = {b1}
[[network.layers]]
kind = "dense"
name = "output"
units = 2
activation = "sigmoid"
weights = {W2.tolist()}
bias = {b2}
[loss]
kind = "half_squared_error"
[data]
inputs = {X.tolist()}
targets = {T.tolist()}
[training]
learning_rate = {RATE}
batch = {batch!r}
{training}
"""


def assert_same(run: Run, update: int, expected: tuple[Any, ...]) -> None:
    names = ("hidden.weights", "hidden.bias", "output.weights", "output.bias")
    for name, value in zip(names, expected, strict=True):
        got = run.parameters(update)[name]
        assert got.shape == np.shape(value)
        assert np.abs(got - value).max() <= 1e-13, (name, update)


@pytest.mark.parametrize("executor", ["straight", "arrays"])
@pytest.mark.parametrize("batch", [1, 3, 4])
def test_batches_are_the_numpy_loop(
    batch: int, executor: str, open_text: Open, reference: Callable[[str], ModuleType]
) -> None:
    run, train = open_text(scenario(batch), executor), reference("numpy_loop").train
    for update in (1, 2, 3, 4, 5, 20, 101):
        assert_same(run, update, train(X, T, *START, RATE, batch, update))


@pytest.mark.parametrize("batch", [1, 2, 3, 4])
def test_the_gradient_of_a_batch_is_the_mean_of_its_samples(batch: int, open_text: Open) -> None:
    run = open_text(scenario(batch))
    for update in range(4):
        rows = run.rows(update)
        each = [np.asarray(run.value("d(loss, hidden.weights)", update, row + 1)) for row in rows]
        assert np.abs(np.mean(each, axis=0) - run.value("hidden.weights.grad", update)).max() <= 1e-15
        losses = [float(run.value("loss", update, row + 1)) for row in rows]
        assert run.value("E", update) == pytest.approx(np.mean(losses), rel=1e-14)


@pytest.mark.parametrize("executor", ["straight", "arrays"])
def test_a_sum_over_the_batch_is_n_times_the_mean(executor: str, open_text: Open) -> None:
    mean, total = (open_text(scenario("all").replace("[data]", f'reduction = "{how}"\n[data]'), executor)
                   for how in ("mean", "sum"))  # fmt: skip
    assert total.value("E") == pytest.approx(4 * mean.value("E"), rel=1e-15)
    ratio = np.asarray(total.value("output.weights.grad")) / np.asarray(mean.value("output.weights.grad"))
    assert np.abs(ratio - 4).max() < 1e-13


def test_rows_and_programs_of_unequal_batches(open_text: Open) -> None:
    run = open_text(scenario(3, "epochs = 2"))
    assert run.updates == 4
    assert [run.rows(n) for n in range(5)] == [[0, 1, 2], [3], [0, 1, 2], [3], [0, 1, 2]]
    assert [run.program(n).samples for n in range(4)] == [3, 1, 3, 1]
    assert run.program(0) is run.program(2)  # compiled once


# Shuffles


@pytest.mark.parametrize("executor", ["straight", "arrays"])
@pytest.mark.parametrize("batch", [1, 3])
def test_a_shuffled_run_is_the_numpy_loop_over_the_rows_it_names(
    batch: int, executor: str, open_text: Open, reference: Callable[[str], ModuleType]
) -> None:
    run = open_text(scenario(batch, "shuffle = true\nseed = 3"), executor)
    train, per_epoch = reference("numpy_loop").train, -(-4 // batch)
    state: tuple[Any, ...] = START
    for epoch in range(6):
        first = epoch * per_epoch
        order = [row for n in range(first, first + per_epoch) for row in run.rows(n)]
        assert sorted(order) == [0, 1, 2, 3]
        state = train(X[order], T[order], *(np.array(p) for p in state), RATE, batch, per_epoch)
        assert_same(run, first + per_epoch, state)


def test_a_shuffle_is_reproducible_a_permutation_and_differs_by_epoch_and_seed() -> None:
    for rows in (1, 2, 7, 100):
        assert sorted(shuffled(rows, 0, 0)) == list(range(rows))
    assert shuffled(100, 5, 2) == shuffled(100, 5, 2)
    assert len({tuple(shuffled(100, seed, epoch)) for seed in range(3) for epoch in range(3)}) == 9


@pytest.mark.parametrize("seed, epoch", [(0, 0), (0, 1), (42, 7)])
def test_the_bits_of_a_shuffle(seed: int, epoch: int) -> None:
    """Fisher-Yates as Knuth has it, from the last place down."""
    random, order = Random(f"{seed}/{epoch}"), list(range(10))
    for place in reversed(range(1, 10)):
        other = int(random.random() * (place + 1))
        order[place], order[other] = order[other], order[place]
    assert shuffled(10, seed, epoch) == order
    if (seed, epoch) == (0, 0):
        assert order == [7, 0, 1, 5, 4, 9, 2, 8, 6, 3]


def test_a_shuffle_favours_no_place() -> None:
    counts = np.zeros((5, 5))
    for epoch in range(4000):
        for place, row in enumerate(shuffled(5, 0, epoch)):
            counts[place, row] += 1
    assert np.abs(counts / 4000 - 0.2).max() < 0.03


# Initial values


def test_the_bits_of_initial_values(open_text: Open) -> None:
    text = scenario("all", "seed = 9")
    text = text.replace(str(START[0].tolist()), "{ init = 'uniform', low = -2, high = 1 }")
    text = text.replace(str(START[2].tolist()), "{ init = 'glorot_uniform' }").replace(
        "bias = 0.6", "bias = { init = 'uniform' }"
    )
    found = open_text(text).parameters(0)
    hidden, output, bias = (Random(f"9/{name}") for name in ("hidden.weights", "output.weights", "output.bias"))
    assert found["hidden.weights"].ravel().tolist() == [-2 + 3 * hidden.random() for _ in range(6)]
    limit = (6 / (3 + 2)) ** 0.5
    expected = [-limit + 2 * limit * output.random() for _ in range(6)]
    assert np.abs(found["output.weights"].ravel() - expected).max() < 1e-15
    assert found["output.bias"].ravel().tolist() == [bias.random() for _ in range(found["output.bias"].size)]
    assert found["hidden.weights"][0, 0] == -2 + 3 * 0.9080724640317311
