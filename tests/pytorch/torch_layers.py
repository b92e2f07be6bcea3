"""Layers as PyTorch makes them, by bptui's names. Imports torch.

A kind is a function of a layer, what comes in and the `Pass` that it is part of; it keeps the quantities to compare.
What is near a kink or a tie is unfit. Two exact equals are no tie near which things turn: both sides take the first.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

MARGIN = 1e-3                                       # from kinks and ties, in every update that is compared
LARGEST_NET = 15.0                                  # PyTorch's softplus is linear above 20
# Beyond these, what is left of 1 - y, 1 - y² or 1 + erf has too few digits on both sides.
SATURATED = {"tanh": 6.0, "sigmoid": 8.0, "silu": 8.0, "gelu": 4.0, "softmax": 4.0, "log_softmax": 4.0}
SATURATED_LAW = 4.0
SHAKE = 1e-15                                       # some units in the last place of parameters, inputs, nets, outs

torch: Any = importlib.import_module("torch")       # unknown to a type checker, because it may be absent
F: Any = torch.nn.functional
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda x: x, "sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": F.relu, "leaky_relu": F.leaky_relu,
    "elu": F.elu, "selu": F.selu, "gelu": F.gelu, "silu": F.silu, "softplus": F.softplus, "softsign": F.softsign,
    "hard_sigmoid": lambda x: F.relu6(x + 3) / 6,   # F.hardsigmoid's backward has 1/6 as a float32, also in float64
    "softmax": lambda x: F.softmax(x, -1), "log_softmax": lambda x: F.log_softmax(x, -1),
}
KINKS: dict[str, tuple[float, ...]] = {"hard_sigmoid": (-3.0, 3.0), **dict.fromkeys(
    ("relu", "leaky_relu", "elu", "selu"), (0.0,))}
IN_LAWS = {"exp": torch.exp, "log": torch.log, "sqrt": torch.sqrt, "tanh": torch.tanh, "sigmoid": torch.sigmoid,
           "abs": torch.abs, "where": torch.where}


class Unfit(Exception):
    """The case is near a kink or a tie, or ill-conditioned, or shows nothing: draw another."""


def away(distance: Any, what: str) -> None:
    if distance.numel() and not float(distance.detach().abs().min()) > MARGIN:
        raise Unfit(what)


def shaken(x: Any, shake: Random | None) -> Any:
    """With `shake`, moved in its last bits, and so is what flows back: as if it had been rounded otherwise."""
    if shake is None:
        return x
    return x * torch.tensor([1 + SHAKE * shake.uniform(-1, 1) for _ in range(x.numel())]).reshape(x.shape)


def within(x: Any, limit: float, what: str) -> None:
    if float(x.detach().abs().max()) > limit:
        raise Unfit(what)


def leaf(value: Any, shake: Random | None) -> Any:
    """A float64 tensor that collects a gradient."""
    return shaken(torch.tensor(value, dtype=torch.float64), shake).requires_grad_()


PARAMETERS = ("weights", "bias", "recurrent_weights", "gain", "query", "key", "value", "output")


@dataclass
class Pass:
    """One forward pass: what it depends on beside the parameters, and the quantities that it makes.

    A quantity has a value and the tensors (for a sequence, one a step) whose derivatives are its own.
    """

    shake: Random | None = None
    training: bool = True
    seed: int = 0
    update: int = 0
    outs: dict[str, Any] = field(default_factory=dict[str, Any])
    kept: dict[str, tuple[Any, list[Any]]] = field(default_factory=dict[str, tuple[Any, list[Any]]])

    def hold(self, made: Any) -> Any:
        made = shaken(made, self.shake)
        if made.requires_grad:
            made.retain_grad()
        return made

    def keep(self, what: str, made: Any) -> Any:
        made = self.hold(made)
        self.kept[what] = made, [made]
        return made

    def gradient(self, what: str, lane: int) -> Any:
        """Of one sample; None if nothing flows back there."""
        value, held = self.kept[what]
        if any(part.grad is None for part in held):
            return None
        parts = [part.grad[lane] for part in held]
        return parts[0] if value.shape[1:] == parts[0].shape else torch.stack(parts)


class Layer:
    """A layer: its parameters by bptui's names, and which of them are trained."""

    def __init__(self, table: dict[str, Any], shake: Random | None) -> None:
        self.table, self.name = table, table["name"]
        self.activation = table.get("activation", "tanh" if table["kind"] == "rnn" else "linear")
        self.parameters: dict[str, Any] = {}
        self.trained: list[str] = []
        train = table.get("train", True)
        for part in PARAMETERS:
            if table.get(part, False) is not False:
                self.parameters[f"{self.name}.{part}"] = leaf(table[part], shake)
                if train and (part != "bias" or table.get("train_bias", True)):
                    self.trained.append(f"{self.name}.{part}")
        self.own: dict[str, Any] = {}
        if isinstance(self.activation, dict):
            for key, value in self.activation.items():
                if key not in ("law", "train"):
                    self.own[key] = self.parameters[f"{self.name}.{key}"] = leaf(value, shake)
                    if train and key in self.activation.get("train", ()):
                        self.trained.append(f"{self.name}.{key}")
        self.statistics: dict[str, Any] = {}
        if table["kind"] == "batch_norm":
            count = len(table["gain"])
            self.statistics = {"running_mean": torch.zeros(count), "running_variance": torch.ones(count)}

    def __getattr__(self, part: str) -> Any:
        """A parameter; None if there is none of the name."""
        return self.__dict__["parameters"].get(f"{self.__dict__['name']}.{part}")

    def forward(self, x: Any, p: Pass) -> Any:
        made = p.outs[self.name] = p.keep(f"{self.name}.out", KINDS[self.table["kind"]](self, x, p))
        return made

    def activate(self, net: Any) -> Any:
        if isinstance(self.activation, dict):
            within(net, SATURATED_LAW, f"{self.name}: a large net")
            text = self.activation["law"]
            if "where" in text:
                away(net, f"{self.name}: a net near 0")
            return eval(text, {"__builtins__": {}}, {**IN_LAWS, **self.own, "x": net})
        within(net, SATURATED.get(self.activation, LARGEST_NET), f"{self.name}: a large net")
        for kink in KINKS.get(self.activation, ()):
            away(net - kink, f"{self.name}: a net near {kink}")
        return ACTIVATIONS[self.activation](net)


def biased(layer: Layer, count: int) -> Any:
    """The bias as PyTorch wants it: a shared one for each of its units."""
    return torch.zeros(count) if layer.bias is None else layer.bias.expand(count)


def dense(layer: Layer, x: Any, p: Pass) -> Any:
    net = x @ layer.weights.T + (0.0 if layer.bias is None else layer.bias)
    return layer.activate(p.keep(f"{layer.name}.net", net))


def conv2d(layer: Layer, x: Any, p: Pass) -> Any:
    net = F.conv2d(x, layer.weights, biased(layer, len(layer.weights)), layer.table.get("stride", 1),
                   layer.table.get("padding", 0))
    return layer.activate(p.keep(f"{layer.name}.net", net))


def max_pool(layer: Layer, x: Any, p: Pass) -> Any:
    size = pair(layer.table["size"])
    stride = pair(layer.table.get("stride", size))
    seen = x.detach().unfold(2, size[0], stride[0]).unfold(3, size[1], stride[1]).flatten(4)
    if seen.shape[-1] > 1:
        first, second = seen.sort(-1, descending=True).values[..., :2].unbind(-1)
        away((first - second)[first != second], f"{layer.name}: a tie")
    return F.max_pool2d(x, size, stride)


def average_pool(layer: Layer, x: Any, p: Pass) -> Any:
    size = pair(layer.table["size"])
    return F.avg_pool2d(x, size, pair(layer.table.get("stride", size)))


def pair(size: Any) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else tuple(size)


def dropout(layer: Layer, x: Any, p: Pass) -> Any:
    """PyTorch's masks are not ours, so the mask is drawn here from its definition, number by number."""
    if not p.training:
        return x
    rate, chance = layer.table["rate"], Random(f"{p.seed}/{layer.name}.mask/{p.update}")
    mask = torch.tensor([0.0 if chance.random() < rate else 1 / (1 - rate) for _ in range(x.numel())]).reshape(x.shape)
    p.kept[f"{layer.name}.mask"] = mask, [mask]
    return x * mask


def embedding(layer: Layer, x: Any, p: Pass) -> Any:
    return F.embedding(x, layer.weights)


def batch_norm(layer: Layer, x: Any, p: Pass) -> Any:
    mean, variance = layer.statistics.values()
    return F.batch_norm(x, mean, variance, layer.gain, layer.bias, p.training, 0.1, layer.table.get("epsilon", 1e-5))


def layer_norm(layer: Layer, x: Any, p: Pass) -> Any:
    return F.layer_norm(x, x.shape[-1:], layer.gain, layer.bias, layer.table.get("epsilon", 1e-5))


def attention(layer: Layer, x: Any, p: Pass) -> Any:
    steps, size = x.shape[1:]
    hidden = torch.ones(steps, steps).triu(1).bool() if layer.table.get("causal", False) else None
    x = x.transpose(0, 1)                           # PyTorch has the steps first
    out, probabilities = F.multi_head_attention_forward(
        x, x, x, size, layer.table.get("heads", 1), None, None, None, None, False, 0.0, layer.output, None,
        attn_mask=hidden, use_separate_proj_weight=True, q_proj_weight=layer.query, k_proj_weight=layer.key,
        v_proj_weight=layer.value, average_attn_weights=False)
    p.kept[f"{layer.name}.probabilities"] = probabilities, [probabilities.detach()]
    return out.transpose(0, 1)


def recurrent(layer: Layer, x: Any, p: Pass) -> Any:
    """PyTorch's cell step by step. It is fed W·x + b by the identity, so that what flows back there can be seen; its
    bias of the state is 0 and not trained. In the end its whole layer must have made the same."""
    kind, units = layer.table["kind"], layer.recurrent_weights.shape[1]
    rows, zero = len(layer.weights), torch.zeros(len(layer.weights))
    options = {"nonlinearity": layer.activation} if kind == "rnn" else {}
    cell = {"rnn": torch.nn.RNNCell, "lstm": torch.nn.LSTMCell, "gru": torch.nn.GRUCell}[kind](rows, units, **options)
    inside = {"weight_ih": torch.eye(rows), "weight_hh": layer.recurrent_weights, "bias_ih": zero, "bias_hh": zero}
    state = memory = torch.zeros(len(x), units)
    nets, held, states, memories = [], [], [], []
    for step in range(x.shape[1]):
        fed = p.hold(F.linear(x[:, step], layer.weights, biased(layer, rows)))
        net = (fed if kind == "gru" else fed + state @ layer.recurrent_weights.T).detach()
        within(net, LARGEST_NET if kind == "rnn" and layer.activation == "relu" else SATURATED["tanh"],
               f"{layer.name}: a large net")
        if layer.activation == "relu":
            away(net, f"{layer.name}: a net near 0")
        if kind == "lstm":
            state, memory = torch.func.functional_call(cell, inside, (fed, (state, memory)))
            memory.retain_grad()                    # not shaken: the cell has read it already
            memories.append(memory)
        else:
            state = torch.func.functional_call(cell, inside, (fed, state))
        state = p.hold(state)
        nets, held, states = [*nets, net], [*held, fed], [*states, state]
    for one, all_, values, of in (("net", "net", nets, held), ("out", "state", states, states),
                                  ("c", "cell", memories, memories)):
        if values:
            p.kept[f"{layer.name}.{one}[0]"] = values[0], of[:1]
        if values and (kind, one) != ("gru", "net"):
            p.kept[f"{layer.name}.{all_}"] = torch.stack(values, 1), of
    whole = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[kind](
        x.shape[2], units, batch_first=True, **options)
    alone = {"weight_ih_l0": layer.weights, "weight_hh_l0": layer.recurrent_weights, "bias_hh_l0": zero,
             "bias_ih_l0": biased(layer, rows)}
    torch.testing.assert_close(torch.func.functional_call(whole, alone, (x,))[0], torch.stack(states, 1))
    return torch.stack(states, 1) if layer.table.get("return_sequence", False) else state * 1


KINDS: dict[str, Callable[[Layer, Any, Pass], Any]] = {
    "dense": dense, "conv2d": conv2d, "max_pool": max_pool, "average_pool": average_pool,
    "flatten": lambda layer, x, p: x.flatten(1), "activation": lambda layer, x, p: layer.activate(x),
    "dropout": dropout, "rnn": recurrent, "lstm": recurrent, "gru": recurrent, "embedding": embedding,
    "batch_norm": batch_norm, "layer_norm": layer_norm, "attention": attention,
    "add": lambda layer, x, p: x + p.outs[layer.table["from"]],
}
