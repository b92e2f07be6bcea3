"""Trouble: runs that go wrong at an update worked out here, in plain floats and in numpy, and runs that do not.

Every case says where it begins: the update, the value, the element. What goes on is not trouble again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from bptui.replay import sweep
from bptui.replay.hits import OfTrouble
from bptui.replay.open import open_run
from bptui.replay.run import Run
from bptui.replay.timeline import Position
from bptui.replay.trouble import KINDS, Trouble, Troubles
from bptui.scenario.shipped import find
from tests.support.runs import shared

Open = Callable[..., Run]
Array = np.ndarray


def looked(run: Run) -> Troubles:
    found = Troubles(run)
    while found.work(0.0):
        assert not found.complete
    assert found.complete and found.judged == found.settled == run.updates + 1
    for listed in (found.found, found.marks):
        assert [t.at for t in listed] == sorted(t.at for t in listed)
    return found


def troubles(run: Run) -> list[Trouble]:
    return looked(run).found


def of(run: Run, *kinds: str) -> list[Trouble]:
    found = looked(run)
    return [t for t in (*found.found, *found.marks) if t.kind in kinds]


def at(run: Run, update: int, phase: str, name: str, element: int = 0) -> Position:
    """Where the run makes an element of what is called so: ∂E/∂w and the next w are called w."""
    times, before = run.times(update), 0
    for block in times.blocks:
        var = block.out.of[0] if phase in ("backward", "update") and block.out.of else block.out
        if block.phase == phase and var.name == name:
            return Position(update, before + element + 1, times.stops(before + element + 1))
        before += block.out.lane_size
    raise AssertionError(name)


def starts(holding: Iterable[bool]) -> list[int]:
    """Where something begins to hold."""
    listed = list(holding)
    return [n for n, now in enumerate(listed) if now and not (n and listed[n - 1])]


def scalar(forward: str, parameters: str, training: str, values: str = "") -> str:
    return f"""
[equations]
forward = [{forward}]
loss = "E"
[parameters]
{parameters}
[values]
{values}
[training]
{training}
"""


# numbers that are none

@pytest.mark.parametrize("executor", ["straight", "arrays"])
def test_weights_that_explode(open_text: Open, executor: str) -> None:
    """E = w²/2 with rate 3: w is -2 times what it was. First w² is too large, then 3w, then ∞ - ∞ is no number."""
    run = open_text(scalar('"E = w*w/2"', "w = 1.0", "learning_rate = 3.0\nupdates = 1100"), executor)
    w, costs, weights = 1.0, list[float](), list[float]()
    for _ in range(1101):
        costs.append(w * w / 2)
        w = w - 3.0 * w
        weights.append(w)
    too_large = next(n for n, cost in enumerate(costs) if math.isinf(cost))
    none = next(n for n, w in enumerate(weights) if math.isnan(w))
    infinite = next(n for n, w in enumerate(weights) if math.isinf(w))
    assert 500 < too_large < infinite < none < 1100
    found = looked(run)
    assert [(t.kind, t.at) for t in found.marks] == [
        ("inf", at(run, too_large, "loss", "E")), ("overflow", at(run, too_large, "loss", "E")),
        ("nan", at(run, none, "update", "w"))]
    assert found.marks[0].value == math.inf and math.isnan(found.marks[2].value) and found.marks[2].var.role == "next"
    # What began: the loss is up four times, w × w is too large, 3w is. The NaN is what comes of the infinite w.
    assert [(t.kind, t.at) for t in found.found] == [
        ("loss up", at(run, 1, "loss", "E")), ("not finite", replace(at(run, too_large, "loss", "E"), inner=1)),
        ("not finite", at(run, infinite, "update", "w"))]
    assert found.found[0].value == costs[1] / costs[0] == 4.0


@pytest.mark.parametrize("executor", ["straight", "arrays"])
def test_the_logarithm_of_what_is_below_zero(open_text: Open, executor: str) -> None:
    run = open_text(scalar('"y = w - 1"', "w = 3.0", "learning_rate = 0.5\nupdates = 30").replace(
        '"y = w - 1"', '"y = w - 1", "E = log(y)"'), executor)
    w, n = 3.0, 0
    while w - 1 >= 0:
        w, n = w - 0.5 / (w - 1), n + 1
    (found,), (mark,) = of(run, "not finite"), of(run, "nan", "inf", "overflow")
    assert mark.kind == "nan" and mark.at == found.at == at(run, n, "loss", "E") and 0 < n < 30


def test_the_first_value_of_any_sample(open_text: Open) -> None:
    """Sample 1 has its Inf in the second unit, sample 2 in the first, which is made before."""
    run = open_text("""
[network]
inputs = 2
[[network.layers]]
kind = "dense"
name = "only"
units = 2
activation = "sigmoid"
weights = [[1e300, 0.0], [0.0, 1e300]]
bias = false
[loss]
kind = "half_squared_error"
[data]
inputs = [[0.0, 1e10], [1e10, 0.0]]
targets = [[0.0, 1.0], [1.0, 0.0]]
[training]
updates = 5
""")
    found = of(run, "not finite", "nan", "inf", "overflow")
    assert [(t.kind, t.at, t.var.name, t.element) for t in found] == [
        (kind, at(run, 0, "forward", "only.net"), "only.net", 2) for kind in ("not finite", "inf", "overflow")]


@pytest.mark.parametrize("executor", ["straight", "arrays"])
@pytest.mark.parametrize("name", ["exploding_gradient", "two_layer", "softmax_jacobian"])
def test_beginnings_of_what_is_not_finite(name: str, executor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a look at every value of every update, in their order."""
    run = open_run(find(name), executor)
    run.updates = min(run.updates, 40)
    first: dict[str, list[Position | None]] = {"nan": [], "inf": []}
    for update in range(run.updates + 1):
        env, times = run.env(update), run.times(update)
        for kind, test in (("nan", np.isnan), ("inf", np.isinf)):
            value, there = 0, None
            for block in times.blocks:
                bad = test(env.array(block.out)).reshape(-1, block.out.lane_size).any(axis=0)
                there = there or (value + int(bad.argmax()) + 1 if bad.any() else None)
                value += block.out.lane_size
            first[kind].append(None if there is None else Position(update, there, times.stops(there)))
    expected = sorted((here, kind) for kind, each in first.items() for before, here in pairwise([None, *each])
                      if here is not None and before is None)
    for stretch in (1, 2, 7, 4096):
        monkeypatch.setattr(sweep, "STRETCH", stretch)
        assert sorted((t.at, t.kind) for t in of(run, "nan", "inf")) == expected
    assert bool(expected) == (name == "exploding_gradient")


# units

HIDDEN = """
[network]
inputs = 2
[[network.layers]]
kind = "dense"
name = "hidden"
units = 3
activation = "ACTIVATION"
weights = [[0.5, -0.6], [0.9, 0.8], [-0.4, 0.3]]
bias = [0.1, 0.2, 0.05]
[[network.layers]]
kind = "dense"
name = "output"
units = 1
activation = "linear"
weights = [[1.5, -1.2, 0.8]]
bias = false
[loss]
kind = "half_squared_error"
[data]
inputs = [[1.0, 0.3], [0.8, 1.0], [0.2, 0.9], [0.9, 0.1], [0.5, 0.5]]
targets = [[-1.0], [1.0], [-0.5], [0.7], [-2.0]]
"""
ROWS = np.array([[1.0, 0.3], [0.8, 1.0], [0.2, 0.9], [0.9, 0.1], [0.5, 0.5]])
TARGETS = np.array([-1.0, 1.0, -0.5, 0.7, -2.0])


def nets_of(batch: int, rate: float, updates: int, squash: Callable[[Array], Array],
            slope: Callable[[Array], Array]) -> list[Array]:
    """That network trained here: the nets of the rows of each update's batch, (rows, units)."""
    w, b, v = np.array([[0.5, -0.6], [0.9, 0.8], [-0.4, 0.3]]), np.array([0.1, 0.2, 0.05]), np.array([1.5, -1.2, 0.8])
    found, batches = list[Array](), [range(a, min(5, a + batch)) for a in range(0, 5, batch)]
    for update in range(updates + 1):
        rows = list(batches[update % len(batches)])
        net = ROWS[rows] @ w.T + b
        found.append(net)
        error = (squash(net) @ v - TARGETS[rows]) / len(rows)
        back = error[:, None] * v * slope(net)
        w, b, v = w - rate * back.T @ ROWS[rows], b - rate * back.sum(axis=0), v - rate * squash(net).T @ error
    return found


def by_epoch(bad: Sequence[Array | np.bool_], epoch: int) -> list[tuple[int, int]]:
    """(update, unit): the end of a whole epoch in which a unit was always so, after one in which it was not."""
    ends = range(epoch - 1, len(bad), epoch)
    whole = [np.all(bad[end - epoch + 1:end + 1], axis=0) for end in ends]
    return [(end, unit) for n, end in enumerate(ends) for unit in np.flatnonzero(whole[n] & ~(
        whole[n - 1] if n else np.zeros_like(whole[n]))).tolist()]


@pytest.mark.parametrize("batch", [1, 2, 5])
@pytest.mark.parametrize("executor", ["straight", "arrays"])
def test_dead_units(open_text: Open, batch: int, executor: str) -> None:
    """A unit that is at rest for every row; where a batch is a part of the data, for all batches of an epoch."""
    text = HIDDEN.replace("ACTIVATION", "relu")
    run = open_text(f"{text}[training]\nupdates = 60\nlearning_rate = 0.4\nbatch = {batch}", executor)
    nets = nets_of(batch, 0.4, 60, lambda x: np.maximum(x, 0), lambda x: (x > 0).astype(float))
    expected = by_epoch([np.all(net <= 0, axis=0) for net in nets], -(-5 // batch))
    assert expected and expected[0][0] > 1
    assert [(t.at, t.element, t.value) for t in of(run, "dead")] == [
        (at(run, update, "backward", "hidden.net", unit), unit, 0.0) for update, unit in expected]
    assert not of(run, "saturated")


@pytest.mark.parametrize("batch", [2, 5])
def test_saturated_units(open_text: Open, batch: int) -> None:
    """A sigmoid whose slope is below 0.01 for every row."""
    text = HIDDEN.replace("ACTIVATION", "sigmoid").replace("bias = [0.1, 0.2, 0.05]", "bias = [4.5, 0.2, -3.9]")
    run = open_text(text + f"[training]\nupdates = 80\nlearning_rate = 2.0\nbatch = {batch}")
    slopes: list[Array] = []
    for update in range(81):
        w = run.parameters(update)                  # the weights are held elsewhere; what they make of the rows is here
        squashed = 1 / (1 + np.exp(-(ROWS[run.rows(update)] @ w["hidden.weights"].T + w["hidden.bias"])))
        slopes.append((squashed * (1 - squashed)).max(axis=0))
    expected = by_epoch([(slope > 0) & (slope < 0.01) for slope in slopes], -(-5 // batch))
    assert expected and len(expected) < 80
    found = of(run, "saturated")
    assert [t.at for t in found] == [at(run, update, "backward", "hidden.net", unit) for update, unit in expected]
    assert all(abs(t.value - slopes[n][unit]) < 1e-15 for t, (n, unit) in zip(found, expected, strict=True))


def test_what_lasts_is_found_once(open_text: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the run is cut."""
    text = HIDDEN.replace("ACTIVATION", "relu") + "[training]\nupdates = 60\nlearning_rate = 0.4\nbatch = 2"
    whole = [(t.kind, t.at, t.element) for t in troubles(open_text(text))]
    for stretch in (1, 2, 7):
        monkeypatch.setattr(sweep, "STRETCH", stretch)
        assert [(t.kind, t.at, t.element) for t in troubles(open_text(text))] == whole
    dead = [t for t in whole if t[0] == "dead"]
    assert len(dead) == len({(t[2]) for t in dead})


# gradients

def test_a_gradient_of_nothing(open_text: Open) -> None:
    run = open_text(scalar('"E = (relu(a) - 1)**2 + b*b"', "a = -1.0\nb = 1.0", "learning_rate = 0.1\nupdates = 20"))
    assert [(t.kind, t.at, t.var.name) for t in troubles(run)] == [("no gradient", at(run, 0, "backward", "a"), "a")]


@pytest.mark.parametrize(("x", "updates"), [("[-1.0, 1.0]", []), ("[-1.0, -2.0]", [1]), ("[1.0, 2.0]", [])])
def test_a_gradient_of_nothing_for_a_whole_epoch(open_text: Open, x: str, updates: list[int]) -> None:
    run = open_text(scalar('"E = (relu(a*x) - 9)**2"', "a = 1.0", "learning_rate = 0.001\nupdates = 21\nbatch = 1",
                           f"x = {x}"))
    assert [t.at for t in of(run, "no gradient")] == [at(run, n, "backward", "a") for n in updates]


def test_a_gradient_of_nothing_in_its_objective(open_text: Open) -> None:
    """D has two updates a batch: an epoch shows it two batches, in four updates. Only in the first is its slope 0."""
    more = '\n[[training.objectives]]\nminimize = "E"\nparameters = ["a"]\nupdates = 2\n' \
           '[[training.objectives]]\nminimize = "G"\nparameters = ["g"]'
    forward = '"E = (relu(a*x) - 9)**2", "G = (g - x)**2"'
    for x, updates in (("[-1.0, 1.0]", []), ("[-1.0, -2.0]", [4])):
        run = open_text(scalar(forward, "a = 1.0\ng = 0.5", f"learning_rate = 0.001\nupdates = 40\nbatch = 1{more}",
                               f"x = {x}"))
        assert [(t.at, t.var.name) for t in of(run, "no gradient")] == [
            (at(run, n, "backward", "a"), "a") for n in updates]


def deep(weight: float) -> str:
    layers = "".join(f"""
[[network.layers]]
kind = "dense"
name = "layer{n}"
units = 2
activation = "sigmoid"
weights = [[{weight}, {-weight / 2}], [{weight / 4}, {weight}]]
bias = [0.1, -0.1]
""" for n in range(1, 9))
    return f"""
[network]
inputs = 2
{layers}
[loss]
kind = "half_squared_error"
[data]
inputs = [[0.3, -0.2], [0.8, 0.4], [-0.5, 0.9]]
targets = [[0.1, 0.9], [0.8, 0.2], [0.4, 0.6]]
[training]
learning_rate = 0.1
updates = 12
"""


@pytest.mark.parametrize("executor", ["straight", "arrays"])
def test_vanishing_through_eight_layers(open_text: Open, executor: str) -> None:
    """The error signal of the last layer over that of the first, by a pass written here."""
    for weight in (1.0, 3.5):
        run = open_text(deep(weight), executor)
        w = np.array([[weight, -weight / 2], [weight / 4, weight]])
        outs = [np.array([[0.3, -0.2], [0.8, 0.4], [-0.5, 0.9]])]
        for _ in range(8):
            outs.append(1 / (1 + np.exp(-(outs[-1] @ w.T + np.array([0.1, -0.1])))))
        signal = (outs[8] - np.array([[0.1, 0.9], [0.8, 0.2], [0.4, 0.6]])) / 3 * outs[8] * (1 - outs[8])
        signals = [signal]
        for out in outs[7:0:-1]:
            signals.append(signals[-1] @ w * out * (1 - out))
        ratio = float(np.linalg.norm(signals[0]) / np.linalg.norm(signals[-1]))
        found = of(run, "vanishing")
        assert (ratio > 1000) == (weight == 1.0) == bool(found)
        for each in found:
            assert each.at == at(run, 0, "backward", "layer1.net", 1) and abs(each.value - ratio) < 1e-9 * ratio
            assert len(found) == 1


# the loss

def up_and_stays(means: list[float]) -> int | None:
    """The first epoch above twice the smallest before it, and by a thousandth of the first, that is followed by ten
    such, or by as many as came before it, or by none that is not."""
    for n in range(1, len(means)):
        least = min(means[:n])
        limit = max(2 * least, least + means[0] / 1000)
        if all(mean > limit for mean in means[n:n + max(10, n) + 1]):
            return n
    return None


@pytest.mark.parametrize("momentum", [0.0, 0.7, 0.9, 0.99])
def test_where_the_loss_goes_up(open_text: Open, momentum: float) -> None:
    """E = (w² - 1)²: with momentum w rolls past its goal, and up, again and again. That is none: it comes back."""
    run = open_text(scalar('"E = (w*w - 1)**2"', "w = 1.7",
                           f"learning_rate = 0.02\nupdates = 60\nmomentum = {momentum}"))
    costs = [float(run.value("E", n)) for n in range(61)]
    expected = up_and_stays(costs)
    assert any(b > 2 * a for a, b in pairwise(costs)) == (momentum > 0)
    assert [t.at for t in of(run, "loss up")] == [at(run, n, "loss", "E") for n in (expected,) if n is not None]
    assert expected is None or momentum > 0.9


@pytest.mark.parametrize("w", [1.0, 1.00001])
def test_a_loss_that_leaves_its_least(open_text: Open, w: float) -> None:
    """E = w² with a rate of 1.01 or 1.2 grows from the start, slowly: it takes a while to be twice its least."""
    for rate in (1.01, 1.2):
        run = open_text(scalar('"E = w*w"', f"w = {w}", f"learning_rate = {rate}\nupdates = 100"))
        costs = [(1 - 2 * rate)**(2 * n) for n in range(101)]
        n = up_and_stays(costs)
        assert n is not None and n == next(k for k, cost in enumerate(costs) if cost > 2)
        (found,) = of(run, "loss up")
        assert found.at == at(run, n, "loss", "E") and found.value == pytest.approx(costs[n])


def test_in_mini_batches_the_loss_is_judged_by_the_epoch(open_text: Open) -> None:
    """Each batch has a loss of its own; what goes up is their mean over an epoch, and then at its end."""
    for rate in (0.05, 1.2):
        text = HIDDEN.replace("ACTIVATION", "tanh")
        run = open_text(f"{text}[training]\nupdates = 62\nlearning_rate = {rate}\nbatch = 2")
        costs = [float(run.value("E", n)) for n in range(63)]
        expected = up_and_stays([sum(costs[n:n + 3]) / 3 for n in range(0, 63, 3)])
        assert [t.at for t in of(run, "loss up")] == [at(run, 3 * n + 2, "loss", "E") for n in (expected,) if n]
        assert any(b > a for a, b in pairwise(costs)) and bool(expected) == (rate > 1)


@pytest.mark.parametrize("chance", ["batch = 1", "batch = 2\nshuffle = true"])
def test_where_chance_makes_it_rise_the_loss_is_not_judged(open_text: Open, chance: str) -> None:
    run = open_text(f"{HIDDEN.replace('ACTIVATION', 'tanh')}[training]\nupdates = 60\nlearning_rate = 1.2\n{chance}")
    assert not of(run, "loss up")


# the rate

@pytest.mark.parametrize("executor", ["straight", "arrays"])
def test_a_rate_of_0(open_text: Open, executor: str) -> None:
    """A linear schedule from 0 has a first epoch in which nothing moves; one to 0 a last one."""
    for plan, update in (('{ kind = "linear", start_factor = 0.0, total_iters = 4 }', 0),
                         ('{ kind = "linear", start_factor = 1.0, end_factor = 0.0, total_iters = 4 }', 4)):
        training = f"learning_rate = 0.1\nupdates = 9\nschedule = {plan}"
        run = open_text(scalar('"E = w*w"', "w = 1.0", training), executor)
        assert [(t.kind, t.at) for t in troubles(run)] == [("rate 0", at(run, update, "update", "w"))]
    run = open_text(scalar('"E = w*w"', "w = 1.0", "learning_rate = 0.0\nupdates = 9"), executor)
    assert [(t.kind, t.at) for t in troubles(run)] == [("rate 0", at(run, 0, "update", "w"))]


# runs without trouble, and hits

@pytest.mark.parametrize("name", ["two_layer", "two_layer_in_place", "single_neuron", "xor_2_3_1", "batch_all",
                                  "rmsprop", "adam_sgd", "clipped_gradient", "convolution_small", "embedding",
                                  "mlp_7_5_4"])
def test_healthy_runs(name: str) -> None:
    assert troubles(shared(name)) == []


def test_hits_of_one_kind_and_of_any() -> None:
    """Inf and overflow at one place are one hit of trouble, and one of each."""
    whole = Troubles(open_run(find("exploding_gradient")))
    each = {kind: OfTrouble(whole, kind) for kind in (*KINDS, "trouble")}
    while each["trouble"].work(0.0):
        pass
    assert {kind: hits.count for kind, hits in each.items() if hits.count} == {
        "nan": 1, "inf": 1, "overflow": 1, "loss up": 1, "exploding": 1, "not finite": 1, "trouble": 3}
    assert each["inf"].nth(1) == each["overflow"].nth(1) == each["not finite"].nth(1) == each["trouble"].nth(3)
    assert each["nan"].complete and each["nan"].nth(1) > each["trouble"].nth(3)
    for hits in each.values():
        listed = [hits.nth(n) for n in range(1, hits.count + 1)]
        for update in range(12):
            assert hits.rank(Position(update)) == sum(place <= Position(update) for place in listed)
        assert [hits.rank(place) for place in listed] == list(range(1, hits.count + 1))
