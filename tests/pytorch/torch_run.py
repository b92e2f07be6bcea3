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

from torch_layers import IN_LAWS, SATURATED, Layer, Pass, Unfit, away, leaf, within

VERSION = "2.13.0"
LARGEST = 1e3
SHAKEN = 0.25                                       # of the tolerance, that shaking may use up

torch: Any = importlib.import_module("torch")       # unknown to a type checker, because it may be absent
F: Any = torch.nn.functional

Quantities = dict[str, list[list[Any]]]             # a quantity's [after, sample (0: none), value]

OPTIMIZERS = {"sgd": torch.optim.SGD, "adagrad": torch.optim.Adagrad, "rmsprop": torch.optim.RMSprop,
              "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
OPTIMIZER_KEYS = {"learning_rate": "lr", "epsilon": "eps", "momentum": "momentum", "dampening": "dampening",
                  "nesterov": "nesterov", "weight_decay": "weight_decay", "alpha": "alpha", "betas": "betas"}
STATE = {"momentum_buffer": "velocity", "exp_avg": "m", "exp_avg_sq": "v", "sum": "v", "square_avg": "v"}
FEW = 4                                             # numbers of a parameter that is kept after every update
MOST_NETS = 8                                       # of one sample, for the Jacobian of its outs by them


def installed() -> str:
    """The version of PyTorch, without what it was built for."""
    return torch.__version__.split("+")[0]


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


def sample_losses(kind: str, o: Any, t: Any) -> Any:
    """One loss a sample: the sum over its outputs, or their mean for `mean_squared_error`."""
    classes = getattr(t, "dtype", None) == torch.int64
    if kind == "half_squared_error":
        parts = F.mse_loss(o, t, reduction="none") / 2
    elif kind in ("squared_error", "mean_squared_error"):
        parts = F.mse_loss(o, t, reduction="none")
        return parts.flatten(1).mean(-1) if kind == "mean_squared_error" else parts.flatten(1).sum(-1)
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
        parts = F.cross_entropy(o.movedim(-1, 1), t if classes else t.movedim(-1, 1), reduction="none")
        return parts if parts.dim() == 1 else parts.flatten(1).sum(-1)
    elif kind == "hinge":
        away(1 - t * o, "an output near its margin")
        parts = torch.clamp(1 - t * o, min=0)
    elif kind == "sum":
        parts = o
    else:
        parts = eval(kind, {"__builtins__": {}}, {**IN_LAWS, "t": t, "o": o})
    return parts.flatten(1).sum(-1)


def samples(scenario: dict[str, Any], data: dict[str, Any], shake: Random | None) -> tuple[Any, Any]:
    """Inputs, shaped as the network says, and targets."""
    fed, targets = scenario["network"]["inputs"], data.get("targets")
    words = scenario["network"]["layers"][0]["kind"] == "embedding"
    inputs = torch.tensor(data["inputs"]) if words else torch.tensor(data["inputs"], dtype=torch.float64)
    shaped = inputs.reshape(len(inputs), *([fed] if isinstance(fed, int) else fed)).tolist()
    return torch.tensor(shaped) if words else leaf(shaped, shake), None if targets is None else torch.tensor(targets)


def make_schedule(table: dict[str, Any], optimizer: Any) -> Any:
    """PyTorch's scheduler, to be stepped after every epoch."""
    options = {key: value for key, value in table.items() if key != "kind"}
    if "t_max" in options:
        options["T_max"] = options.pop("t_max")
    kinds = torch.optim.lr_scheduler
    return {"step": kinds.StepLR, "exponential": kinds.ExponentialLR, "cosine": kinds.CosineAnnealingLR,
            "linear": kinds.LinearLR}[table["kind"]](optimizer, **options)


def replay(scenario: dict[str, Any], shake: Random | None = None) -> Quantities:  # noqa: C901
    """The run: at update 0 forward and backward of one sample, then costs, gradients, parameters and state."""
    layers = [Layer(table, shake) for table in scenario["network"]["layers"]]
    parameters = {name: value for each in layers for name, value in each.parameters.items()}
    trained = {name: parameters[name] for each in layers for name in each.trained}
    loss, training = scenario["loss"], scenario["training"]
    inputs, targets = samples(scenario, scenario["data"], shake)
    held = samples(scenario, scenario["data"]["validation"], shake) if "validation" in scenario["data"] else None
    size = len(inputs) if training["batch"] == "all" else training["batch"]
    epoch = [list(range(at, min(at + size, len(inputs)))) for at in range(0, len(inputs), size)]
    options = {OPTIMIZER_KEYS[key]: value for key, value in training.items() if key in OPTIMIZER_KEYS}
    optimizer = OPTIMIZERS[training["optimizer"]](list(trained.values()), **options)
    scheduler = make_schedule(training["schedule"], optimizer) if "schedule" in training else None
    last = layers[-1].name

    found: Quantities = {}
    clips, clipped = bool({"clip_norm", "clip_value"} & training.keys()), False

    def note(what: str, after: int, value: Any, sample: int = 0) -> None:
        plain = value.detach().tolist() if hasattr(value, "detach") else value
        found.setdefault(what, []).append([after, sample, plain])

    def forward(p: Pass, x: Any, t: Any) -> tuple[Any, Any]:
        """The losses of the samples, and their cost without penalties."""
        for each in layers:
            x = each.forward(x, p)
        losses = sample_losses(loss["kind"], x, t)
        return losses, losses.sum() if loss["reduction"] == "sum" else losses.mean()

    for n in range(training["updates"] + 1):
        rows = epoch[n % len(epoch)]
        if held is not None and n in (0, training["updates"]):
            for word, (x, t) in (("training", (inputs, targets)), ("validation", held)):
                p = Pass(shake, False)
                note(f"E.{word}", n, forward(p, x, t)[1])
                note(f"{last}.out.{word}", n, p.outs[last])
        p = Pass(shake, True, training.get("seed", 0), n)
        losses, cost = forward(p, inputs[rows], None if targets is None else targets[rows])
        weights = [value for name, value in trained.items() if name.endswith(".weights")]
        if "l1" in loss:
            away(torch.cat([w.flatten() for w in weights]), "a penalized weight near 0")
            cost = cost + loss["l1"] * sum(w.abs().sum() for w in weights)
        if "l2" in loss:
            cost = cost + loss["l2"] * sum((w * w).sum() for w in weights)
        for value in (inputs, *parameters.values()):
            value.grad = None
        cost.backward()

        lane = (n + len(inputs)) % len(rows)        # any of them: the first, the last, one between
        sample = rows[lane] + 1
        note("E", n, cost)
        note(f"{last}.out", n, p.outs[last][lane], sample)
        if n == 0:
            for what, (value, _) in p.kept.items():
                if what != f"{last}.out":
                    note(what, 0, value[lane], sample)
                if (gradient := p.gradient(what, lane)) is not None:
                    note(f"d(E, {what})", 0, gradient, sample)
            for each in layers:
                net = p.kept.get(f"{each.name}.net", (torch.zeros(0), []))[0]
                if each.table["kind"] in ("dense", "conv2d") and net[lane].numel() <= MOST_NETS and not any(
                        each.activation == other.activation for other in layers[:layers.index(each)]):
                    note(f"d({each.name}.out, {each.name}.net)", 0,
                         torch.autograd.functional.jacobian(each.activate, net[lane].detach()), sample)
            if inputs.grad is not None:
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
        ends = n in (0, training["updates"] - 1)    # between them, large tensors and the optimizer's state are not kept
        for name, value in parameters.items():
            if ends or value.numel() <= FEW:
                note(name, n + 1, value)
        for each in layers:
            for part, value in each.statistics.items():
                note(f"{each.name}.{part}", n + 1, value)
        if ends:
            note_state(note, trained, optimizer, n)
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
