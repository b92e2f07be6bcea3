"""What PyTorch makes of a scenario, in float64: the numbers that bptui must agree with. Imports torch.

Layers, losses, clipping, optimizers and schedules are PyTorch's own wherever it has them. `expected` reads the
same TOML text as bptui, with `tomllib`, and answers quantities by the names that bptui gives them. A case is
unfit, and another is drawn, if it comes near a kink or a tie, or if its numbers hang on the last bits.
"""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Callable
from random import Random
from typing import Any

VERSION = "2.13.0"
MARGIN = 1e-3                                       # from kinks and ties, in every update that is compared
LARGEST_NET = 15.0                                  # PyTorch's softplus is linear above 20
# Beyond these, what is left of 1 - y, 1 - y² or 1 + erf has too few digits on both sides.
SATURATED = {"tanh": 6.0, "sigmoid": 8.0, "silu": 8.0, "gelu": 4.0, "softmax": 4.0, "log_softmax": 4.0}
SATURATED_LAW = 4.0
LARGEST = 1e3
SHAKE = 1e-15                                       # some units in the last place of parameters, inputs, nets, outs
SHAKEN = 0.25                                       # of the tolerance, that shaking may use up

torch: Any = importlib.import_module("torch")       # unknown to a type checker, because it may be absent
F: Any = torch.nn.functional
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

Quantities = dict[str, list[list[Any]]]             # a quantity's [after, sample (0: none), value]

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda x: x, "sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": F.relu, "leaky_relu": F.leaky_relu,
    "elu": F.elu, "selu": F.selu, "gelu": F.gelu, "silu": F.silu, "softplus": F.softplus, "softsign": F.softsign,
    "hard_sigmoid": lambda x: F.relu6(x + 3) / 6,   # F.hardsigmoid's backward has 1/6 as a float32, also in float64
    "softmax": lambda x: F.softmax(x, -1), "log_softmax": lambda x: F.log_softmax(x, -1),
}
KINKS: dict[str, tuple[float, ...]] = {"hard_sigmoid": (-3.0, 3.0), **dict.fromkeys(
    ("relu", "leaky_relu", "elu", "selu"), (0.0,))}
OPTIMIZERS = {"sgd": torch.optim.SGD, "adagrad": torch.optim.Adagrad, "rmsprop": torch.optim.RMSprop,
              "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
OPTIMIZER_KEYS = {"learning_rate": "lr", "epsilon": "eps", "momentum": "momentum", "dampening": "dampening",
                  "nesterov": "nesterov", "weight_decay": "weight_decay", "alpha": "alpha", "betas": "betas"}
STATE = {"momentum_buffer": "velocity", "exp_avg": "m", "exp_avg_sq": "v", "sum": "v", "square_avg": "v"}
IN_LAWS = {"exp": torch.exp, "log": torch.log, "sqrt": torch.sqrt, "tanh": torch.tanh, "sigmoid": torch.sigmoid,
           "abs": torch.abs, "where": torch.where}


def installed() -> str:
    """The version of PyTorch, without what it was built for."""
    return torch.__version__.split("+")[0]


class Unfit(Exception):
    """The case is near a kink or a tie, or ill-conditioned, or shows nothing: draw another."""


def away(distance: Any, what: str) -> None:
    if distance.numel() and not float(distance.detach().abs().min()) > MARGIN:
        raise Unfit(what)


def expected(text: str) -> Quantities:
    """The quantities of the scenario in `text`. Raises Unfit."""
    scenario = tomllib.loads(text)
    found, moved = replay(scenario), replay(scenario, Random(text))
    for what, series in found.items():
        for (after, _, value), (_, _, other) in zip(series, moved[what], strict=True):
            a, b = torch.tensor(value), torch.tensor(other)
            if not bool((abs(a) < LARGEST).all()):
                raise Unfit(f"{what} is large")
            if not bool((abs(a - b) <= SHAKEN * 1e-10 * (abs(b) + 1e-6)).all()):
                raise Unfit(f"{what} after {after} hangs on the last bits")
    return found


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


class Layer:
    """A dense layer: its parameters by bptui's names, and which of them are trained."""

    def __init__(self, table: dict[str, Any], shake: Random | None) -> None:
        self.name = table["name"]
        self.activation = table["activation"]
        train = table.get("train", True)
        self.weights = leaf(table["weights"], shake)
        self.parameters = {f"{self.name}.weights": self.weights}
        self.trained = [f"{self.name}.weights"] if train else []
        self.bias = None if table["bias"] is False else leaf(table["bias"], shake)
        if self.bias is not None:
            self.parameters[f"{self.name}.bias"] = self.bias
            if train and table.get("train_bias", True):
                self.trained.append(f"{self.name}.bias")
        self.own: dict[str, Any] = {}
        if isinstance(self.activation, dict):
            for key, value in self.activation.items():
                if key not in ("law", "train"):
                    self.own[key] = self.parameters[f"{self.name}.{key}"] = leaf(value, shake)
                    if train and key in self.activation.get("train", ()):
                        self.trained.append(f"{self.name}.{key}")

    def net(self, x: Any) -> Any:
        return x @ self.weights.T + (0.0 if self.bias is None else self.bias)

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


def sample_losses(kind: str, o: Any, t: Any) -> Any:
    """One loss a sample: the sum over its outputs, or their mean for `mean_squared_error`."""
    classes = getattr(t, "dtype", None) == torch.int64
    if kind == "half_squared_error":
        parts = F.mse_loss(o, t, reduction="none") / 2
    elif kind in ("squared_error", "mean_squared_error"):
        parts = F.mse_loss(o, t, reduction="none")
        return parts.mean(-1) if kind == "mean_squared_error" else parts.sum(-1)
    elif kind == "absolute_error":
        away(o - t, "an output near its target")
        parts = F.l1_loss(o, t, reduction="none")
    elif kind == "huber":
        away((o - t).abs() - 1, "an error near 1")
        parts = F.huber_loss(o, t, reduction="none")
    elif kind == "binary_cross_entropy":
        parts = F.binary_cross_entropy(o, t, reduction="none")
    elif kind == "cross_entropy":
        if classes:
            return F.nll_loss(torch.log(o), t, reduction="none")
        parts = -t * torch.log(o)
    elif kind == "softmax_cross_entropy":
        within(o, SATURATED["softmax"], "a large output")
        return F.cross_entropy(o, t, reduction="none")
    elif kind == "hinge":
        away(1 - t * o, "an output near its margin")
        parts = torch.clamp(1 - t * o, min=0)
    elif kind == "sum":
        parts = o
    else:
        parts = eval(kind, {"__builtins__": {}}, {**IN_LAWS, "t": t, "o": o})
    return parts.sum(-1)


def make_schedule(table: dict[str, Any], optimizer: Any) -> Any:
    """PyTorch's scheduler, to be stepped after every epoch."""
    options = {key: value for key, value in table.items() if key != "kind"}
    if "t_max" in options:
        options["T_max"] = options.pop("t_max")
    kinds = torch.optim.lr_scheduler
    return {"step": kinds.StepLR, "exponential": kinds.ExponentialLR, "cosine": kinds.CosineAnnealingLR,
            "linear": kinds.LinearLR}[table["kind"]](optimizer, **options)


def replay(scenario: dict[str, Any], shake: Random | None = None) -> Quantities:
    """The run: at update 0 forward and backward of one sample, then costs, gradients, parameters and state."""
    layers = [Layer(table, shake) for table in scenario["network"]["layers"]]
    parameters = {name: value for each in layers for name, value in each.parameters.items()}
    trained = {name: parameters[name] for each in layers for name in each.trained}
    loss, training = scenario["loss"], scenario["training"]
    inputs = leaf(scenario["data"]["inputs"], shake)
    targets = scenario["data"].get("targets")
    targets = None if targets is None else torch.tensor(targets)
    size = len(inputs) if training["batch"] == "all" else training["batch"]
    epoch = [list(range(at, min(at + size, len(inputs)))) for at in range(0, len(inputs), size)]
    options = {OPTIMIZER_KEYS[key]: value for key, value in training.items() if key in OPTIMIZER_KEYS}
    optimizer = OPTIMIZERS[training["optimizer"]](list(trained.values()), **options)
    scheduler = make_schedule(training["schedule"], optimizer) if "schedule" in training else None

    found: Quantities = {}
    clips, clipped = bool({"clip_norm", "clip_value"} & training.keys()), False

    def note(what: str, after: int, value: Any, sample: int = 0) -> None:
        plain = value.detach().tolist() if hasattr(value, "detach") else value
        found.setdefault(what, []).append([after, sample, plain])

    for n in range(training["updates"] + 1):
        rows = epoch[n % len(epoch)]
        x, nets, outs = inputs[rows], [], []
        for each in layers:
            nets.append(shaken(each.net(outs[-1] if outs else x), shake))
            outs.append(shaken(each.activate(nets[-1]), shake))
        losses = sample_losses(loss["kind"], outs[-1], None if targets is None else targets[rows])
        cost = losses.sum() if loss["reduction"] == "sum" else losses.mean()
        weights = [value for name, value in trained.items() if name.endswith(".weights")]
        if "l1" in loss:
            away(torch.cat([w.flatten() for w in weights]), "a penalized weight near 0")
            cost = cost + loss["l1"] * sum(w.abs().sum() for w in weights)
        if "l2" in loss:
            cost = cost + loss["l2"] * sum((w * w).sum() for w in weights)
        for value in (inputs, *parameters.values()):
            value.grad = None
        for value in (*nets, *outs):
            value.retain_grad()
        cost.backward()

        lane = (n + len(inputs)) % len(rows)        # any of them: the first, the last, one between
        sample = rows[lane] + 1
        note("E", n, cost)
        note(f"{layers[-1].name}.out", n, outs[-1][lane], sample)
        if n == 0:
            for each, net, out in zip(layers, nets, outs, strict=True):
                note(f"{each.name}.net", 0, net[lane], sample)
                if each is not layers[-1]:
                    note(f"{each.name}.out", 0, out[lane], sample)
                note(f"d(E, {each.name}.net)", 0, net.grad[lane], sample)
                note(f"d(E, {each.name}.out)", 0, out.grad[lane], sample)
                if not any(each.activation == other.activation for other in layers[:layers.index(each)]):
                    note(f"d({each.name}.out, {each.name}.net)", 0,
                         torch.autograd.functional.jacobian(each.activate, net[lane].detach()), sample)
            note("d(E, inputs)", 0, inputs.grad[rows[lane]], sample)
            for name, value in parameters.items():
                note(f"d(E, {name})", 0, value.grad)
            if not {"l1", "l2"} & loss.keys():
                note("loss", 0, losses[lane], sample)
        if n == training["updates"]:
            break

        if "clip_norm" in training:
            norm = torch.nn.utils.clip_grad_norm_(list(trained.values()), training["clip_norm"])
            clipped |= float(norm) > training["clip_norm"]
        if "clip_value" in training:
            clipped |= any(bool((p.grad.abs() > training["clip_value"]).any()) for p in trained.values())
            torch.nn.utils.clip_grad_value_(list(trained.values()), training["clip_value"])
        if clips or n == training["updates"] - 1:   # else it is in the parameters
            for name, value in trained.items():
                note(f"{name}.grad", n, value.grad)
        if scheduler:
            note("learning_rate", n, optimizer.param_groups[0]["lr"])
        optimizer.step()
        for name, value in parameters.items():
            note(name, n + 1, value)
        note_state(note, trained, optimizer, n)
        if n in (0, training["updates"] - 1):
            note_corrected(note, trained, optimizer, n)
        if scheduler and n % len(epoch) == len(epoch) - 1:
            scheduler.step()
    if clips and not clipped:
        raise Unfit("nothing was clipped")
    if scheduler and len({rate for *_, rate in found["learning_rate"]}) < 2:
        raise Unfit("the rate never changes")
    return found


def note_state(note: Callable[..., None], trained: dict[str, Any], optimizer: Any, n: int) -> None:
    """The optimizer's state after update n + 1."""
    for name, value in trained.items():
        for key, part in STATE.items():
            if optimizer.state[value].get(key) is not None:
                note(f"{name}.{part}", n + 1, optimizer.state[value][key])


def note_corrected(note: Callable[..., None], trained: dict[str, Any], optimizer: Any, n: int) -> None:
    """Adam's corrected moments; they are made in update n + 1, so they belong to `after` n."""
    for name, value in trained.items():
        state = optimizer.state[value]
        for part, key, at in (("m_hat", "exp_avg", 0), ("v_hat", "exp_avg_sq", 1)):
            if key in state:
                note(f"{name}.{part}", n, state[key] / (1 - optimizer.param_groups[0]["betas"][at] ** (n + 1)))
