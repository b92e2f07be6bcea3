"""Gradients and d(y, x) of networks against differences at 50 digits.

The forward pass is written once more, in a few lines of numpy over mpmath's numbers; `nudge` moves one number
of any tensor on the way, so that every d(y, x) has its difference. All activations and losses of the tables
take part, with shared biases, one per unit and none, and with laws of the user's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Any

import mpmath
import numpy as np
import pytest

from bptui.engine.laws import ACTIVATIONS, PART_LOSSES
from bptui.engine.network import LOSSES
from bptui.replay.run import Run

Open = Callable[..., Run]
Definitions = dict[str, Callable[..., Any]]
Tensors = dict[str, np.ndarray]
STEP = mpmath.mpf(10) ** -20

OWN_LAWS: dict[str, tuple[str, Callable[..., Any]]] = {
    "swish": ("'x / (1 + exp(-x))'", lambda x: x / (1 + mpmath.exp(-x))),
    "beta": ("{ law = 'x*sigmoid(beta*x)', beta = 1.3, train = ['beta'] }",
             lambda x, beta: x / (1 + mpmath.exp(-beta * x))),
    "two": ("{ law = 'a*tanh(c*x) + x**3/8 - a*c', a = 0.7, c = -1.1, train = ['a'] }",
            lambda x, a, c: a * mpmath.tanh(c * x) + x**3 / 8 - a * c),
    "bent": ("'where(x > 0.2, x**2, abs(x)/3) + max(x, 0.1*x)'",
             lambda x: (x**2 if x > mpmath.mpf(0.2) else abs(x) / 3) + max(x, x * mpmath.mpf(0.1))),
    "constant": ("'2.5'", lambda x: mpmath.mpf(2.5)),
}  # fmt: skip
OWN_NUMBERS = {"beta": {"beta": 1.3}, "two": {"a": 0.7, "c": -1.1}}
OWN_LOSS = "(t - o)**2*o/2 + abs(t)*o**3"


@dataclass(frozen=True)
class Dense:
    name: str
    activation: str
    weights: np.ndarray
    bias: np.ndarray | None  # of shape () when the units share it

    @property
    def text(self) -> str:
        own = OWN_LAWS.get(self.activation)
        return (
            f"[[network.layers]]\nkind = 'dense'\nname = '{self.name}'\nunits = {len(self.weights)}\n"
            f"activation = {own[0] if own else repr(self.activation)}\nweights = {self.weights.tolist()}\n"
            f"bias = {'false' if self.bias is None else self.bias.tolist()}\n"
        )


@dataclass(frozen=True)
class Net:
    layers: tuple[Dense, ...]
    loss: str
    reduction: str
    inputs: np.ndarray
    targets: np.ndarray

    def text(self) -> str:
        targets = "" if self.loss == "sum" else f"targets = {self.targets.tolist()}\n"
        return (f"[network]\ninputs = {self.inputs.shape[1]}\n{''.join(d.text for d in self.layers)}"
                f"[loss]\nkind = '{self.loss}'\nreduction = '{self.reduction}'\n"
                f"[data]\ninputs = {self.inputs.tolist()}\n{targets}")  # fmt: skip

    def parameters(self) -> Tensors:
        found: Tensors = {}
        for layer in self.layers:
            found[f"{layer.name}.weights"] = layer.weights
            if layer.bias is not None:
                found[f"{layer.name}.bias"] = layer.bias
            for name, value in OWN_NUMBERS.get(layer.activation, {}).items():
                found[f"{layer.name}.{name}"] = np.array(value)
        return found

    def forward(self, definitions: Definitions, nudge: Tensors) -> Tensors:
        """Every tensor by its name, samples first; `nudge` is added to those it names."""
        found: Tensors = {}

        def put(name: str, value: Any) -> np.ndarray:
            found[name] = exact(value) + nudge.get(name, 0)
            return found[name]

        leaves = {name: put(name, value) for name, value in self.parameters().items()}
        x, target = put("inputs", self.inputs), put("targets", self.targets)
        for layer in self.layers:
            net = x @ leaves[f"{layer.name}.weights"].T + leaves.get(f"{layer.name}.bias", 0)
            if layer.activation == "linear":
                x = put(f"{layer.name}.out", net)
                continue
            own = OWN_LAWS.get(layer.activation)
            law = own[1] if own else definitions.get(layer.activation, abs)
            numbers = [leaves[f"{layer.name}.{n}"] for n in OWN_NUMBERS.get(layer.activation, {})]
            net = put(f"{layer.name}.net", net)
            if layer.activation in ("softmax", "log_softmax"):
                x = put(f"{layer.name}.out", soft(net, layer.activation))
                continue
            x = put(f"{layer.name}.out", each(law)(net, *numbers))
        if self.loss == "softmax_cross_entropy":
            parts = put("E_outputs", -target * put("log_p", soft(x, "log_softmax")))
        else:
            parts = x if self.loss == "sum" else put("E_outputs", each(self._part(definitions))(x, target))
        found["loss"] = parts.sum(axis=1)
        found["E"] = found["loss"].sum() / (len(x) if self.reduction == "mean" else 1)
        return found

    def _part(self, definitions: Definitions) -> Callable[..., Any]:
        if self.loss == OWN_LOSS:
            return lambda o, t: (t - o) ** 2 * o / 2 + abs(t) * o**3
        if self.loss == "mean_squared_error":
            return lambda o, t: (t - o) ** 2 / len(self.layers[-1].weights)
        return definitions[self.loss]


exact = np.vectorize(mpmath.mpf, otypes=[object])


def soft(x: np.ndarray, kind: str) -> np.ndarray:
    """Softmax of each row, or its logarithm."""
    raised = each(mpmath.exp)(x)
    p = raised / raised.sum(axis=1, keepdims=True)
    return each(mpmath.log)(p) if kind == "log_softmax" else p


def each(law: Callable[..., Any]) -> Callable[..., np.ndarray]:
    return np.vectorize(law, otypes=[object])


def net(seed: int, activation: str, loss: str) -> Net:
    """A random small network with this activation last, or before a sigmoid where the loss needs one."""
    random, numbers = Random(seed), np.random.default_rng(seed)
    activations = [activation]
    if loss in ("binary_cross_entropy", "cross_entropy"):
        activations.append("sigmoid")
    while len(activations) < random.randint(1, 3):
        activations.insert(0, random.choice(["tanh", "sigmoid", "linear", "gelu"]))
    sizes = [random.randint(1, 3) for _ in range(len(activations) + 1)]
    layers: list[Dense] = []
    for n, name in enumerate(activations):
        bias = random.choice([None, numbers.normal(size=()), numbers.normal(size=sizes[n + 1])])
        layers.append(Dense(f"layer{n}", name, numbers.normal(size=(sizes[n + 1], sizes[n])), bias))
    samples = random.choice([1, 2, 3])
    return Net(tuple(layers), loss, random.choice(["mean", "sum"]), numbers.normal(size=(samples, sizes[0])),
               numbers.uniform(0.1, 0.9, size=(samples, sizes[-1])))  # fmt: skip


def along(case: Net, definitions: Definitions, direction: Tensors) -> Tensors:
    """The derivative of every tensor along a direction."""
    up, down = (case.forward(definitions, {n: v * by for n, v in direction.items()}) for by in (STEP, -STEP))
    return {name: (up[name] - down[name]) / (2 * STEP) for name in up}


def close(got: Any, expected: Any, scale: float, what: object) -> None:
    assert np.shape(got) == np.shape(expected), what
    off = np.max(np.abs(np.asarray(got) - np.asarray(expected)))
    assert off <= 1e-11 * (np.max(np.abs(expected)) + scale), (what, off)


PAIRS = [
    *product(["sigmoid"], LOSSES),
    *product(["linear", *ACTIVATIONS, *OWN_LAWS], ["half_squared_error", "squared_error", "sum"]),
    *product(["linear", "tanh", "relu", "beta", "two"], LOSSES),
    *product(["tanh", "gelu", "two"], [OWN_LOSS]),
    *product(["softmax", "log_softmax"], ["half_squared_error", "squared_error", "sum", OWN_LOSS]),
    ("softmax", "cross_entropy"),
]


@pytest.mark.parametrize("executor", ["straight", "arrays"])
@pytest.mark.parametrize("activation, loss", dict.fromkeys(PAIRS))
def test_gradients_along_random_directions(
    activation: str, loss: str, executor: str, open_text: Open, definitions: Definitions
) -> None:
    for seed in range(3):
        case = net(hash_of(activation, loss, seed), activation, loss)
        run = open_text(case.text(), executor)
        assert run.schedule.kind == executor
        names = [n for n in case.parameters() if n.split(".")[1] != "c"]  # the law's own c is not trained
        gradients = {n: np.asarray(run.value(f"{n}.grad")) for n in names}
        with mpmath.workdps(50):
            close(run.value("E"), case.forward(definitions, {})["E"], 1e-2, "E")
            numbers = np.random.default_rng(seed)
            for _ in range(2):
                direction = {n: numbers.normal(size=g.shape) for n, g in gradients.items()}
                slope = along(case, definitions, direction)["E"]
                terms = [g * direction[n] for n, g in gradients.items()]
                got = sum(float(np.sum(t)) for t in terms)
                size = sum(float(np.sum(np.abs(t))) for t in terms)
                assert abs(got - slope) <= 1e-12 * (size + 1e-2), (case, got, slope)


def hash_of(*words: object) -> int:
    return Random(repr(words)).randrange(2**32)


@pytest.mark.parametrize("executor", ["straight", "arrays"])
@pytest.mark.parametrize("seed", range(12))
def test_every_derivative_of_everything(seed: int, executor: str, open_text: Open, definitions: Definitions) -> None:
    """d(y, x) for every y that is made and every x, tensors by tensors, for each sample."""
    random = Random(seed)
    case = net(
        seed,
        random.choice(["sigmoid", "linear", "tanh", "softplus", "beta", "two", "bent", "silu"]),
        random.choice(["half_squared_error", "mean_squared_error", "huber", "sum", OWN_LOSS]),
    )
    run, samples = open_text(case.text(), executor), len(case.inputs)
    lane = seed % samples
    with mpmath.workdps(50):
        here = case.forward(definitions, {})
        parameters = case.parameters()
        ys = [n for n in here if n not in parameters and n not in ("inputs", "targets")]
        if samples == 1:
            ys.remove("loss")  # the same as E, and so is asked as E
        xs = [n for n in here if n not in ("E", "loss") and (n != "targets" or case.loss != "sum")]
        for x in xs:
            shared = x in parameters
            whole = np.shape(here[x])
            shape = whole if shared else whole[1:]
            columns: dict[str, list[Any]] = {y: [] for y in ys}
            for index in np.ndindex(shape):
                nudge = np.zeros(whole)
                nudge[index if shared else (lane, *index)] = 1.0
                slopes = along(case, definitions, {x: nudge})
                for y in ys:
                    columns[y].append(slopes[y] if y == "E" else slopes[y][lane])
            for y, column in columns.items():
                stacked = np.array(column, dtype=object)
                expected = np.moveaxis(stacked, 0, -1).reshape((*np.shape(column[0]), *shape))
                got = run.value(f"d({y}, {x})", sample=lane + 1)
                close(np.asarray(got), expected, 1e-2, (case, y, x))


def test_a_linear_layers_net_is_its_out(open_text: Open, definitions: Definitions) -> None:
    run = open_text(net(3, "linear", "half_squared_error").text())
    last = run.scenario.network.layers[-1].name if run.scenario.network else ""
    assert np.array_equal(run.value(f"{last}.net"), run.value(f"{last}.out"))
    assert run.value("net_o1") == run.value("out_o1")
    assert np.array_equal(run.value(f"d(E, {last}.net)"), run.value(f"d(E, {last}.out)"))


def test_every_law_of_the_tables_takes_part() -> None:
    activations, losses = ({pair[n] for pair in PAIRS} for n in (0, 1))
    assert activations >= {"linear", *ACTIVATIONS} and losses >= {*PART_LOSSES, *LOSSES}


def test_a_frozen_layer_is_not_moved(open_text: Open) -> None:
    case = net(5, "tanh", "half_squared_error")
    text = case.text().replace("activation", "train = false\nactivation", 1)
    run, free = open_text(text), open_text(case.text())
    name = case.layers[0].name
    assert np.array_equal(run.value(f"{name}.weights", 3), run.value(f"{name}.weights"))
    assert not np.array_equal(free.value(f"{name}.weights", 3), free.value(f"{name}.weights"))
    assert np.array_equal(run.value(f"d(E, {name}.weights)"), free.value(f"d(E, {name}.weights)"))
