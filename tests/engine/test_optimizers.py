"""Optimizers against textbook loops over 50 updates, their slots as state, and what may not stand together.

The loops are written here in plain floats from the papers and PyTorch's documentation. The network is one linear
layer, whose gradient is known in closed form: the mean of (o - t) × x over the samples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import numpy as np
import pytest

from bptui.engine.dialects import ARRAYS, FLOATS, IEEE
from bptui.engine.optimizers import CLIP_AT, CLIP_BY, CLIP_FACTOR, OPTIMIZERS, Line, reads
from bptui.replay.keyframes import Keyframes, state_size
from bptui.replay.open import open_scenario
from bptui.replay.run import Run
from bptui.scenario.errors import KeyPath, ScenarioError
from bptui.scenario.lines import line_of
from bptui.scenario.reader import read_scenario_text

Open = Callable[..., Run]
Numbers = dict[str, float]
X = [[0.5, -1.0], [1.5, 0.25], [-0.75, 2.0]]
T = [[1.0, -0.5], [0.25, 0.75], [-1.5, 0.5]]
W, B = [[0.1, -0.2], [0.3, 0.4]], [0.05, -0.15]
START: Numbers = {"w1": 0.1, "w2": -0.2, "w3": 0.3, "w4": 0.4, "b1": 0.05, "b2": -0.15}
TENSORS = {"w1": "only.weights[0,0]", "w2": "only.weights[0,1]", "w3": "only.weights[1,0]",
           "w4": "only.weights[1,1]", "b1": "only.bias[0]", "b2": "only.bias[1]"}  # fmt: skip
SETTINGS = {"η": 0.05, "μ": 0.9, "τ": 0.3, "λ": 0.02, "β1": 0.8, "β2": 0.99, "ε": 1e-6, "α": 0.95, "c": 0.4}
UPDATES = 50


def scenario(training: str, rate: float = 0.05) -> str:
    return f"""
[network]
inputs = 2
[[network.layers]]
kind = "dense"
name = "only"
units = 2
activation = "linear"
weights = {W}
bias = {B}
[loss]
kind = "half_squared_error"
[data]
inputs = {X}
targets = {T}
[training]
learning_rate = {rate}
{training}
"""


def close(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-10 * (abs(b) + 1e-6)


# Each line as a law


VARIANTS: list[tuple[str, dict[str, float]]] = [
    ("sgd", {}),
    ("sgd", {"weight_decay": 0.1}),
    ("sgd", {"momentum": 0.9, "dampening": 0.3}),
    ("sgd", {"momentum": 0.9, "nesterov": 1.0}),
    ("adagrad", {"weight_decay": 0.1}),
    ("rmsprop", {}),
    ("rmsprop", {"momentum": 0.9, "weight_decay": 0.1}),
    ("adam", {"weight_decay": 0.1}),
    ("adamw", {}),
]


def all_lines() -> Iterator[tuple[str, Line]]:
    for name, given in VARIANTS:
        optimizer = OPTIMIZERS[name]
        for line in optimizer.lines({**optimizer.options, **given}):
            yield f"{name} {given} {line[0]}", line
    yield from (("clip factor", CLIP_FACTOR), ("clip by", CLIP_BY), ("clip at", CLIP_AT))


LINES = dict(all_lines())


def some(names: tuple[str, ...], random: Random) -> Numbers:
    """A value for each argument: squares are positive, counts whole."""
    drawn = {name: random.uniform(-2, 2) for name in names}
    drawn |= {name: abs(drawn[name]) for name in ("v", "v_hat", "norm") if name in drawn}
    drawn |= {"t": float(random.randint(0, 30))} if "t" in drawn else {}
    drawn |= {"t": drawn["t"] + 1} if "t" in drawn and "τ" not in drawn else {}
    return drawn | {name: SETTINGS[name] for name in names if name in SETTINGS}


def test_the_variants_reach_every_optimizer_and_option() -> None:
    assert {name for name, _ in VARIANTS} == set(OPTIMIZERS)
    used = {o for _, line in LINES.items() for o in reads(line[1])}
    assert used >= {"η", "μ", "τ", "λ", "β1", "β2", "ε", "α", "c"}


@pytest.mark.parametrize("line", LINES)
def test_a_line_over_arrays_is_the_line_over_floats(line: str) -> None:
    law, random = LINES[line][1], Random(line)
    names = reads(law)
    rows = [some(names, random) for _ in range(40)]
    with np.errstate(all="ignore"):
        together = law(ARRAYS, *(np.array([row[n] for row in rows]) for n in names))
    for at, row in enumerate(rows):
        one = law(FLOATS, *(row[n] for n in names))
        assert close(float(together[at]), one), (row, together[at], one)
        assert law(IEEE, *(row[n] for n in names)) == one


@pytest.mark.parametrize("line", LINES)
def test_nan_in_gives_nan_out(line: str) -> None:
    """Whatever is a number of the run; a count and a setting are never NaN."""
    law, random = LINES[line][1], Random(line)
    names = reads(law)
    for wrong in (n for n in names if n not in SETTINGS and (n != "t" or names == ("t",))):
        given = {**some(names, random), wrong: math.nan}
        assert math.isnan(law(IEEE, *(given[n] for n in names))), wrong
        with np.errstate(all="ignore"):
            assert np.isnan(law(ARRAYS, *(np.array([given[n]]) for n in names))).all(), wrong


# The loops


def gradient(w: Numbers) -> Numbers:
    """∂E/∂w of the mean over the samples of ½ Σ (t - o)²."""
    found = dict.fromkeys(w, 0.0)
    for x, t in zip(X, T, strict=True):
        for k in (0, 1):
            first, second, bias = f"w{2 * k + 1}", f"w{2 * k + 2}", f"b{k + 1}"
            error = w[first] * x[0] + w[second] * x[1] + w[bias] - t[k]
            found[first] += error * x[0] / len(X)
            found[second] += error * x[1] / len(X)
            found[bias] += error / len(X)
    return found


class Loop:
    """One parameter's slots as a textbook has them; `step` answers its next value."""

    def __init__(self, kind: str, o: Numbers) -> None:
        self.kind, self.o = kind, o
        self.v = self.m = self.velocity = self.m_hat = self.v_hat = 0.0
        self.t = 0

    def step(self, w: float, g: float, rate: float) -> float:
        o = self.o
        self.t += 1
        decay = o.get("weight_decay", 0.01 if self.kind == "adamw" else 0.0)
        if self.kind != "adamw":
            g = g + decay * w
        return getattr(self, f"_{self.kind}")(w, g, rate, o, decay)

    def _sgd(self, w: float, g: float, rate: float, o: Numbers, decay: float) -> float:
        mu, damp = o.get("momentum", 0.0), o.get("dampening", 0.0)
        if not mu:
            return w - rate * g
        self.velocity = g if self.t == 1 else mu * self.velocity + (1 - damp) * g
        return w - rate * (g + mu * self.velocity if o.get("nesterov") else self.velocity)

    def _adagrad(self, w: float, g: float, rate: float, o: Numbers, decay: float) -> float:
        self.v += g**2
        return w - rate * g / (math.sqrt(self.v) + o.get("epsilon", 1e-10))

    def _rmsprop(self, w: float, g: float, rate: float, o: Numbers, decay: float) -> float:
        alpha = o.get("alpha", o.get("rho", 0.99))
        self.v = alpha * self.v + (1 - alpha) * g**2
        step = g / (math.sqrt(self.v) + o.get("epsilon", 1e-8))
        if not o.get("momentum"):
            return w - rate * step
        self.velocity = o["momentum"] * self.velocity + step
        return w - rate * self.velocity

    def _adam(self, w: float, g: float, rate: float, o: Numbers, decay: float) -> float:
        b1, b2 = o.get("beta1", 0.9), o.get("beta2", 0.999)
        self.m = b1 * self.m + (1 - b1) * g
        self.v = b2 * self.v + (1 - b2) * g**2
        self.m_hat, self.v_hat = self.m / (1 - b1**self.t), self.v / (1 - b2**self.t)
        return w - rate * self.m_hat / (math.sqrt(self.v_hat) + o.get("epsilon", 1e-8))

    def _adamw(self, w: float, g: float, rate: float, o: Numbers, decay: float) -> float:
        return self._adam(w, g, rate, o, decay) - rate * decay * w


def clip(g: Numbers, o: Numbers) -> Numbers:
    if "clip_norm" in o:
        norm = math.sqrt(sum(x * x for x in g.values()))
        return {n: x * min(1.0, o["clip_norm"] / (norm + 1e-6)) for n, x in g.items()}
    if "clip_value" in o:
        return {n: max(-o["clip_value"], min(o["clip_value"], x)) for n, x in g.items()}
    return g


def looped(kind: str, o: Numbers, updates: int, rate: float = 0.05) -> Iterator[tuple[Numbers, dict[str, Loop]]]:
    """(weights, slots) after 0, 1, … updates. The slots are the loop's own, so read them before going on."""
    w, slots = dict(START), {n: Loop(kind, o) for n in START}
    yield dict(w), slots
    for _ in range(updates):
        g = clip(gradient(w), o)
        w = {n: slots[n].step(w[n], g[n], rate) for n in w}
        yield dict(w), slots


CASES: dict[str, tuple[str, Numbers]] = {
    "optimizer = 'sgd'": ("sgd", {}),
    "momentum = 0.9": ("sgd", {"momentum": 0.9}),
    "momentum = 0.9\nnesterov = true": ("sgd", {"momentum": 0.9, "nesterov": 1.0}),
    "momentum = 0.8\ndampening = 0.25\nweight_decay = 0.05":
        ("sgd", {"momentum": 0.8, "dampening": 0.25, "weight_decay": 0.05}),
    "optimizer = 'adagrad'\nepsilon = 1e-3": ("adagrad", {"epsilon": 1e-3}),
    "optimizer = 'rmsprop'\nrho = 0.9\nmomentum = 0.5": ("rmsprop", {"alpha": 0.9, "momentum": 0.5}),
    "optimizer = 'rmsprop'\nalpha = 0.8\nweight_decay = 0.1": ("rmsprop", {"alpha": 0.8, "weight_decay": 0.1}),
    "optimizer = 'adam'": ("adam", {}),
    "optimizer = 'adam'\nbetas = [0.0, 0.5]\nweight_decay = 0.1":
        ("adam", {"beta1": 0.0, "beta2": 0.5, "weight_decay": 0.1}),
    "optimizer = 'adamw'": ("adamw", {}),
    "optimizer = 'adamw'\nweight_decay = 0.3": ("adamw", {"weight_decay": 0.3}),
    "optimizer = 'adam'\nclip_norm = 0.3": ("adam", {"clip_norm": 0.3}),
    "momentum = 0.9\nclip_value = 0.2": ("sgd", {"momentum": 0.9, "clip_value": 0.2}),
}  # fmt: skip
SLOTS = {"sgd": ("velocity",), "adagrad": ("v",), "rmsprop": ("v",), "adam": ("m", "v"), "adamw": ("m", "v")}


@pytest.mark.parametrize("executor", ["straight", "arrays"])
@pytest.mark.parametrize("case", CASES)
def test_fifty_updates_are_the_textbook_loop(case: str, executor: str, open_text: Open) -> None:
    kind, options = CASES[case]
    run = open_text(scenario(case), executor)
    for after, (weights, slots) in enumerate(looped(kind, options, UPDATES)):
        for name, tensor in TENSORS.items():
            assert close(run.value(name, after), weights[name]), (after, name)  # type: ignore[arg-type]
            assert run.value(tensor, after) == run.value(name, after)
        for part in SLOTS[kind] if "momentum" in options or kind != "sgd" else ():
            for name in TENSORS:
                assert close(run.value(f"{name}.{part}", after), getattr(slots[name], part)), (after, name, part)  # type: ignore[arg-type]


@pytest.mark.parametrize("case", CASES)
def test_straight_line_python_is_numpy_over_fifty_updates(case: str, open_text: Open) -> None:
    straight, arrays = (open_text(scenario(case), executor) for executor in ("straight", "arrays"))
    for after in range(UPDATES + 1):
        a, b = (run.schedule.at(after).unpack(run.state(after)) for run in (straight, arrays))
        assert a.keys() == b.keys() == {v.name for v in straight.program(0).state}
        for name in a:
            assert a[name].shape == b[name].shape
            assert (np.abs(a[name] - b[name]) <= 1e-10 * (np.abs(b[name]) + 1e-6)).all(), (after, name)


# Slots as quantities


@pytest.mark.parametrize("executor", ["straight", "arrays"])
def test_what_adam_keeps_and_makes_can_be_asked_for(executor: str, open_text: Open) -> None:
    run = open_text(scenario("optimizer = 'adam'\nbetas = [0.8, 0.95]"), executor)
    options = {"beta1": 0.8, "beta2": 0.95}

    def get(text: str, after: int) -> float:
        return float(run.value(text, after))

    for after, (_, slots) in enumerate(looped("adam", options, 20)):
        for name, tensor in TENSORS.items():
            base, index = tensor.removesuffix("]").split("[")
            for part in ("m", "v"):
                value = getattr(slots[name], part)
                assert close(get(f"{name}.{part}", after), value)
                assert get(f"{tensor}.{part}", after) == get(f"{base}.{part}[{index}]", after)
                assert get(f"{tensor}.{part}", after) == get(f"{name}.{part}", after)
                if after:                           # what the update before made
                    assert get(f"{name}.{part}.next", after - 1) == get(f"{name}.{part}", after)
                    hat = getattr(slots[name], f"{part}_hat")
                    assert close(get(f"{name}.{part}_hat", after - 1), hat)
                    assert get(f"{base}.{part}_hat[{index}]", after - 1) == get(f"{name}.{part}_hat", after - 1)
            assert get(f"{base}.t", after) == after
    assert get("learning_rate", 7) == 0.05 and get("beta1", 7) == 0.8 and get("epsilon", 0) == 1e-8
    assert get("w1.m.change", 3) == pytest.approx(get("w1.m", 4) - get("w1.m", 3), rel=1e-15)
    whole = run.value("only.weights.v_hat", 3)
    assert isinstance(whole, np.ndarray) and whole.shape == (2, 2) and whole[1, 0] == get("w3.v_hat", 3)


def test_settings_are_quantities_that_follow_the_schedule(open_text: Open) -> None:
    run = open_text(scenario("momentum = 0.9\nbatch = 1\nschedule = { kind = 'exponential', gamma = 0.5 }"))
    assert [run.value("learning_rate", n) for n in range(9)] == [0.05] * 3 + [0.025] * 3 + [0.0125] * 3
    assert run.value("momentum", 4) == 0.9
    assert run.value("w2.velocity", 0) == 0.0
    assert run.value("w2.velocity", 1) == run.value("w2.grad", 0) == run.value("w2.velocity.next", 0)


@pytest.mark.parametrize("text", ["w1.m", "w1.velocity", "momentum", "only.weights.v_hat", "w1.t.grad"])
def test_what_an_optimizer_does_not_keep_is_no_quantity(text: str, open_text: Open) -> None:
    run = open_text(scenario(""))
    with pytest.raises(ValueError, match="is not a quantity of"):
        run.value(text)


# Slots as state


def bits(run: Run, update: int) -> bytes:
    """Of every parameter and slot."""
    return b"".join(v.tobytes() for v in run.schedule.at(update).unpack(run.state(update)).values())


@pytest.mark.parametrize("executor", ["straight", "arrays"])
@pytest.mark.parametrize("case", ["optimizer = 'adam'", "momentum = 0.9\ndampening = 0.2",
                                  "optimizer = 'rmsprop'\nmomentum = 0.4"])  # fmt: skip
@pytest.mark.parametrize("batch", ["'all'", "2"])
def test_seeking_is_the_straight_replay_bit_for_bit(case: str, executor: str, batch: str, open_text: Open) -> None:
    text = scenario(f"{case}\nbatch = {batch}\nupdates = 400")
    state, straight = (fresh := open_text(text, executor)).schedule.start(), list[bytes]()
    for update in range(401):
        straight.append(b"".join(v.tobytes() for v in fresh.schedule.at(update).unpack(state).values()))
        state = fresh.schedule.advance(state, update, 1)
    assert len(set(straight)) == 401
    thinned = open_text(text, executor)
    thinned.keyframes = Keyframes(thinned.schedule.start(), 6 * state_size(thinned.schedule.start()))
    while thinned.work(10.0):
        pass
    assert len(thinned.keyframes.frames) <= 6 and thinned.keyframes.stride > 1
    nobody, random = open_text(text, executor), Random(case)
    for update in (5, 390, 5, 6, 4, *random.sample(range(401), 20), 400, 0):
        assert bits(thinned, update) == straight[update], update
        assert bits(nobody, update) == straight[update], update


@pytest.mark.parametrize("executor", ["straight", "arrays"])
def test_far_and_back(executor: str, open_text: Open) -> None:
    run = open_text(scenario("optimizer = 'adam'\nupdates = 1000"), executor)
    here, after = bits(run, 3), bits(run, 4)
    for away in (1000, 999, 700, 50, 5000):         # the recent ones are forgotten
        run.state(away)
    run.env(1000)
    assert bits(run, 3) == here and bits(run, 4) == after
    assert run.value("w1.m.next", 3) == run.value("w1.m", 4)


# What may not stand together


WRONG: dict[str, tuple[KeyPath, str]] = {
    "optimizer = 'adma'": (("training", "optimizer"), "unknown optimizer 'adma', did you mean 'adam'?"),
    "momentum = 0.9\noptimizer = 'adam'": (("training", "momentum"), "adam has no momentum; it takes betas, epsilon"),
    "betas = [0.9, 0.99]": (("training", "betas"), "sgd has no betas; it takes momentum, dampening, nesterov"),
    "optimizer = 'adam'\nalpha = 0.9": (("training", "alpha"), "adam has no alpha"),
    "optimizer = 'adam'\nnesterov = true": (("training", "nesterov"), "adam has no nesterov"),
    "optimizer = 'rmsprop'\ndampening = 0.1": (("training", "dampening"), "rmsprop has no dampening"),
    "optimizer = 'adagrad'\nrho = 0.1": (("training", "rho"), "adagrad has no rho; it takes epsilon or weight_decay"),
    "optimizer = 'rmsprop'\nmomentum = 0.9\nnesterov = true": (("training", "nesterov"), "rmsprop has no nesterov"),
    "optimizer = 'adam'\ndampening = 0.1": (("training", "dampening"), "adam has no dampening"),
    "epsilon = 1e-3": (("training", "epsilon"), "sgd has no epsilon"),
    "nesterov = true": (("training", "nesterov"), "nesterov needs a momentum above 0, and no dampening"),
    "nesterov = true\nmomentum = 0.0": (("training", "nesterov"), "nesterov needs a momentum above 0"),
    "nesterov = true\nmomentum = 0.9\ndampening = 0.1": (("training", "nesterov"), "and no dampening"),
    "dampening = 0.1": (("training", "dampening"), "dampening needs a momentum above 0"),
    "update_order = 'in_place'\nclip_norm = 1.0": (("training", "clip_norm"), "not in_place"),
    "schedule = { kind = 'steps', gamma = 0.1 }": (("training", "schedule", "kind"), "did you mean 'step'?"),
    "schedule = { kind = 'step' }": (("training", "schedule"), "step_size is missing"),
    "schedule = { kind = 'step', step_size = 0.5 }": (("training", "schedule", "step_size"), "whole number of epochs"),
    "schedule = { kind = 'cosine', t_max = 9, gamma = 1 }": (("training", "schedule", "gamma"), "has no 'gamma'"),
    "schedule = { kind = 'exponential', gamma = -1 }": (("training", "schedule", "gamma"), "must be 0 or more"),
}


@pytest.mark.parametrize("training", WRONG)
def test_what_cannot_be_is_one_clear_error_at_its_key(training: str) -> None:
    key, message = WRONG[training]
    text = scenario(training)
    read = read_scenario_text(text, "here")
    with pytest.raises(ScenarioError) as caught:
        open_scenario(read)
    (problem,) = caught.value.problems
    assert problem.key == key and message in problem.message, problem
    line = text.splitlines()[line_of(read.lines, problem.key) - 1]
    assert line.startswith(str(key[1])), line


@pytest.mark.parametrize("training, key, message", [
    ("betas = [0.9, 1.0]", ("training", "betas", 1), "betas must be less than 1"),
    ("betas = [0.9]", ("training", "betas"), "a list of two numbers"),
    ("momentum = -0.1", ("training", "momentum"), "momentum"),
    ("alpha = 1.5", ("training", "alpha"), "alpha"),
    ("alpha = 0.5\nrho = 0.5", ("training", "rho"), "another name of alpha"),
    ("clip_norm = 0", ("training", "clip_norm"), "clip_norm"),
    ("clip_norm = 1\nclip_value = 1", ("training", "clip_value"), "not both"),
    ("nesterov = 1", ("training", "nesterov"), "nesterov"),
    ("epsilon = nan", ("training", "epsilon"), "epsilon"),
])  # fmt: skip
def test_numbers_out_of_range_are_refused_when_read(training: str, key: KeyPath, message: str) -> None:
    text = scenario(training)
    with pytest.raises(ScenarioError) as caught:
        read_scenario_text(text, "here")
    (problem,) = caught.value.problems
    assert problem.key == key and message in problem.message, problem
    assert problem.line and text.splitlines()[problem.line - 1].startswith(str(key[1]))


def test_every_mistake_is_said_at_once() -> None:
    text = scenario("optimizer = 'adam'\nmomentum = 0.9\nalpha = 0.5\npatience = 2")
    with pytest.raises(ScenarioError) as caught:
        open_scenario(read_scenario_text(text, "here"))
    assert {p.key[1] for p in caught.value.problems} == {"momentum", "alpha", "patience"}


def test_an_unset_option_says_nothing(open_text: Open) -> None:
    """`momentum = 0` is plain descent, with nothing kept."""
    plain, zero = open_text(scenario("")), open_text(scenario("momentum = 0.0\nweight_decay = 0.0"))
    assert not plain.program(0).slots and not zero.program(0).slots
    assert bits(plain, 30) == bits(zero, 30)


def test_what_overflows_reaches_the_slots_as_nan(open_text: Open) -> None:
    """Weights of 1e308: their gradient is infinite, then NaN, and so are m and v; nothing raises."""
    for executor in ("straight", "arrays"):
        run = open_text(scenario("optimizer = 'adam'\nclip_norm = 1.0", rate=1e308), executor)
        found: Any = [run.value("w1", n) for n in range(12)]
        assert any(not math.isfinite(x) for x in found)
        assert math.isnan(float(run.value("w1.m", 12))) and math.isnan(float(run.value("w1.v_hat", 12)))
