"""Random scenarios to compare with PyTorch, as TOML text made from a seed; nothing of bptui or torch is imported.

A recipe pins what its case is about and leaves the rest to chance: shapes, weights, data, rates. `mixed` pins
nothing. The same (recipe, seed, attempt) makes the same text on every machine. Networks of other layers than dense
ones are in `layer_cases.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from chance import OF_PROBABILITIES, UPDATES, WITH_CLASSES, Case, Chance, rates, settings, some_optimizer, target, toml
from layer_cases import LAYERED, Scenario

LAYER_NAMES = ("first", "second", "third")
POINTWISE = ("linear", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "softsign",
             "hard_sigmoid")
SMOOTH = ("sigmoid", "tanh", "silu", "gelu", "softsign")
OVER_UNITS = ("softmax", "log_softmax")
ACTIVATIONS = (*POINTWISE, *OVER_UNITS)
LAWS: dict[str, tuple[str, ...]] = {                # a law with parameters, and their names
    "x*sigmoid(beta*x)": ("beta",),
    "a*tanh(c*x)": ("a", "c"),
    "where(x > 0, x, slope*x)": ("slope",),
}
LOSS_LAWS = ("log(1 + exp(-t*o))", "(t - o)**4 / 4", "sqrt(1 + (t - o)**2) - 1")
LOSSES: dict[str, tuple[str, ...]] = {              # a loss, and what its last layer may be
    "half_squared_error": ACTIVATIONS,
    "squared_error": ACTIVATIONS,
    "mean_squared_error": ACTIVATIONS,
    "absolute_error": ACTIVATIONS,
    "huber": ACTIVATIONS,
    "binary_cross_entropy": ("sigmoid",),
    "cross_entropy": ("softmax", "sigmoid"),
    "softmax_cross_entropy": ("linear", "tanh", "softplus"),
    "hinge": ("linear", "tanh"),
    "sum": POINTWISE,                               # softmax outputs always sum to 1
    "-t*o": ("log_softmax",),
    **dict.fromkeys(LOSS_LAWS, SMOOTH),
}


@dataclass
class Plan:
    """What a recipe pins; None or empty is left to chance."""

    hidden: Any = None                              # an activation: a word, or the table of a law
    last: Any = None
    layers: int | None = None
    loss: str | None = None
    classes: bool = False                           # targets are one class number a sample
    reduction: str | None = None
    penalties: dict[str, float] = field(default_factory=dict[str, float])
    training: dict[str, Any] = field(default_factory=dict[str, Any])
    batch: str | None = None                        # "all", "mini" (the last one smaller) or "one"
    first: dict[str, Any] = field(default_factory=dict[str, Any])    # keys of the first layer
    scale: float = 1.0                              # of weights


def activation(word: str) -> Callable[[Chance], Plan]:
    """In all layers, so that its derivative is used twice; over the units only in one of them."""
    scale = 2.5 if word == "hard_sigmoid" else 1.5
    if word in OVER_UNITS:
        return lambda c: (Plan(hidden=word, last="linear", layers=2) if c.happens(0.5) else Plan(last=word))
    return lambda c: Plan(hidden=word, last=word, layers=2, loss="half_squared_error", scale=scale)


def law(text: str, trained: int) -> Callable[[Chance], Plan]:
    def plan(c: Chance) -> Plan:
        names = LAWS[text]
        return Plan(hidden={"law": text, **{n: c.number(0.3, 1.5) for n in names}, "train": list(names[:trained])},
                    layers=2, last="sigmoid")
    return plan


def loss(kind: str, classes: bool = False) -> Callable[[Chance], Plan]:
    def plan(c: Chance) -> Plan:
        last = LOSSES[kind][0] if kind in (*OF_PROBABILITIES, "hinge") else None
        return Plan(loss=kind, classes=classes, last=last, scale=1.5)
    return plan


def penalty(*kinds: str, **first: Any) -> Callable[[Chance], Plan]:
    return lambda c: Plan(penalties={kind: c.number(0.005, 0.1) for kind in kinds}, first=first, layers=2)


def optimizer(kind: str, *keys: str) -> Callable[[Chance], Plan]:
    return lambda c: Plan(training=settings(c, kind, *keys))


def clip(key: str, kind: str = "sgd") -> Callable[[Chance], Plan]:
    return lambda c: Plan(training={**settings(c, kind), key: c.number(0.02, 0.3)}, layers=2)


def schedule(kind: str, optimizer: str = "sgd") -> Callable[[Chance], Plan]:
    """With an update an epoch where the rate turns or ends, so that five updates go past it."""
    ends = kind in ("cosine", "linear")
    return lambda c: Plan(training={**settings(c, optimizer), "schedule": rates(c, kind)},
                          batch="all" if ends or c.happens(0.6) else "mini")


def mixed(c: Chance) -> Plan:
    """Everything by chance."""
    text = c.one_of(tuple(LAWS))
    hidden = c.one_of((*ACTIVATIONS, {"law": text, **{n: c.number(0.3, 1.5) for n in LAWS[text]},
                                      "train": list(LAWS[text][:c.whole(1, 2)])}))
    kind = c.one_of(tuple(LOSSES))
    training = some_optimizer(c)
    if c.happens(0.3):
        training[c.one_of(("clip_norm", "clip_value"))] = c.number(0.02, 0.3)
    if c.happens(0.3):
        training["schedule"] = rates(c, c.one_of(("step", "exponential", "cosine", "linear")))
    penalties = {key: c.number(0.005, 0.1) for key in ("l1", "l2") if c.happens(0.2)}
    first = c.one_of(({}, {}, {"train": False}, {"train_bias": False}))
    return Plan(hidden, c.one_of(LOSSES[kind]), c.whole(1, 3) if not first else c.whole(2, 3), kind,
                kind in WITH_CLASSES and c.happens(0.5), None, penalties, training, None, first, 1.2)


DENSE: dict[str, Callable[[Chance], Plan]] = {
    **{word: activation(word) for word in ACTIVATIONS},
    "law with a trained parameter": law("x*sigmoid(beta*x)", 1),
    "law with one trained and one fixed": law("a*tanh(c*x)", 1),
    "law with where": law("where(x > 0, x, slope*x)", 1),
    **{kind: loss(kind) for kind in LOSSES if kind not in WITH_CLASSES},
    **{f"{kind}, rows": loss(kind) for kind in WITH_CLASSES},
    **{f"{kind}, classes": loss(kind, True) for kind in WITH_CLASSES},
    "l1": penalty("l1"),
    "l2": penalty("l2"),
    "l1 and l2, first layer frozen": penalty("l1", "l2", train=False),
    "sgd": optimizer("sgd"),
    "sgd weight_decay": optimizer("sgd", "weight_decay"),
    "sgd momentum": optimizer("sgd", "momentum"),
    "sgd momentum dampening": optimizer("sgd", "momentum", "dampening"),
    "sgd nesterov": optimizer("sgd", "momentum", "nesterov"),
    "sgd momentum dampening weight_decay": optimizer("sgd", "momentum", "dampening", "weight_decay"),
    "sgd nesterov weight_decay": optimizer("sgd", "momentum", "nesterov", "weight_decay"),
    "adagrad": optimizer("adagrad"),
    "adagrad weight_decay epsilon": optimizer("adagrad", "weight_decay", "epsilon"),
    "rmsprop": optimizer("rmsprop"),
    "rmsprop momentum": optimizer("rmsprop", "momentum"),
    "rmsprop all keys": optimizer("rmsprop", "alpha", "epsilon", "momentum", "weight_decay"),
    "adam": optimizer("adam"),
    "adam all keys": optimizer("adam", "betas", "epsilon", "weight_decay"),
    "adamw": optimizer("adamw"),
    "adamw all keys": optimizer("adamw", "betas", "epsilon", "weight_decay"),
    "clip_norm": clip("clip_norm"),
    "clip_value": clip("clip_value"),
    "clip_norm adam": clip("clip_norm", "adam"),
    "schedule step": schedule("step"),
    "schedule exponential adamw": schedule("exponential", "adamw"),
    "schedule cosine": schedule("cosine"),
    "schedule linear": schedule("linear"),
    "frozen layer": lambda c: Plan(first={"train": False}, layers=2),
    "frozen bias": lambda c: Plan(first={"train_bias": False}, layers=2),
    "shared bias": lambda c: Plan(first={"bias": c.signed(0.1, 0.8)}, layers=2),
    "shared bias, frozen, adam": lambda c: Plan(first={"bias": c.signed(0.1, 0.8), "train_bias": False}, layers=2,
                                                training=settings(c, "adam")),
    "no bias": lambda c: Plan(first={"bias": False}, layers=2),
    "batch mini, reduction sum": lambda c: Plan(reduction="sum", batch="mini"),
    "batch mini, reduction mean": lambda c: Plan(reduction="mean", batch="mini"),
    "batch one": lambda c: Plan(batch="one"),
    "mixed": mixed,
}
RECIPES = {*DENSE, *LAYERED}
BY_CHANCE = ("mixed", "stack")                      # recipes of many cases: "mixed 7" is the seventh


def recipe_of(name: str) -> str:
    return next((word for word in BY_CHANCE if name.startswith(f"{word} ")), name)


def names(count: int) -> list[str]:
    """Every recipe once, and then those that leave all to chance in turn, until there are `count` names."""
    once = [name for name in (*DENSE, *LAYERED) if name not in BY_CHANCE]
    return once + [f"{BY_CHANCE[n % 2]} {n // 2 + 1}" for n in range(count - len(once))]


def make(name: str, seed: int, attempt: int = 0, digits: int | None = None, small: bool = False) -> Case:
    """The case of a recipe; "mixed 7" is the seventh of the recipe `mixed`. `small`: the smallest shapes only."""
    recipe, chance = recipe_of(name), Chance(Random(f"{seed}/{name}/{attempt}"), digits)
    made = LAYERED[recipe](chance, small) if recipe in LAYERED else build(
        chance, DENSE[recipe](chance), 3 if small else 5)
    scenario: Scenario = {"title": name, **made}
    return Case(name, about(scenario), toml(scenario))


def build(c: Chance, plan: Plan, most: int) -> dict[str, Any]:
    """The scenario as nested tables: the plan, and the rest by chance."""
    kind = plan.loss or c.one_of(("half_squared_error", "mean_squared_error"))
    depth = plan.layers or c.whole(1, min(3, most - 1))
    sizes = [c.whole(2, most) for _ in range(depth + 1)]
    last = plan.last or c.one_of(tuple(word for word in LOSSES[kind] if word in SMOOTH) or LOSSES[kind])
    layers: list[dict[str, Any]] = []
    for n in range(depth):
        act = last if n == depth - 1 else plan.hidden or c.one_of(SMOOTH)
        balanced = act in OVER_UNITS or (n == depth - 1 and kind == "softmax_cross_entropy")
        layers.append(layer(c, plan, n, act, sizes[n], sizes[n + 1], balanced))
    samples, batch = batches(c, plan, most)
    data: dict[str, Any] = {"inputs": [[c.signed(0.1, 1.5) for _ in range(sizes[0])] for _ in range(samples)]}
    if kind != "sum":
        data["targets"] = [target(c, kind, plan.classes, sizes[-1]) for _ in range(samples)]
    return {
        "network": {"inputs": sizes[0], "layers": layers},
        "loss": {"kind": kind, "reduction": plan.reduction or c.one_of(("mean", "mean", "sum")), **plan.penalties},
        "data": data,
        "training": {**(plan.training or settings(c, "sgd")), "batch": batch, "updates": UPDATES},
    }


def layer(c: Chance, plan: Plan, n: int, act: Any, fed: int, units: int, balanced: bool) -> dict[str, Any]:
    """`balanced`: the derivatives of its nets sum to zero, so one shared bias would have nothing but rounding."""
    made: dict[str, Any] = {
        "kind": "dense", "name": LAYER_NAMES[n], "units": units, "activation": act,
        "weights": [[c.signed(0.1, plan.scale) for _ in range(fed)] for _ in range(units)],
        "bias": [c.signed(0.05, 0.8) for _ in range(units)],
    }
    if not balanced and c.happens(0.15):
        made["bias"] = c.signed(0.1, 0.8)
    return made | (plan.first if n == 0 else {})


def batches(c: Chance, plan: Plan, most: int) -> tuple[int, str | int]:
    """The number of samples, and `batch`."""
    kind = plan.batch or c.one_of(("all", "mini", "one"))
    if kind == "mini":                              # 3 by 2, 5 by 2, 5 by 3, …: the last batch is smaller
        size = c.whole(2, min(4, most - 1))
        return size * c.whole(1, max(1, 5 // size)) + c.whole(1, size - 1), size
    samples = c.whole(1 if kind == "all" else 2, most + 1)
    return samples, ("all" if kind == "all" else 1)


def about(scenario: dict[str, Any]) -> str:
    """One line: shapes, activations, loss, optimizer."""
    network, training = scenario["network"], scenario["training"]
    if all(each["kind"] == "dense" for each in network["layers"]) and isinstance(network["inputs"], int):
        acts = [a if isinstance(a := each["activation"], str) else a["law"] for each in network["layers"]]
        shape = "-".join(map(str, [network["inputs"], *(each["units"] for each in network["layers"])]))
        what = f"{shape} {', '.join(acts)}"
    else:
        what = f"{network['inputs']} {', '.join(each['kind'] for each in network['layers'])}"
    keys = [key for key in training if key not in ("optimizer", "learning_rate", "batch", "updates")]
    n = len(scenario["data"]["inputs"])
    return (f"{what}; {scenario['loss']['kind']}, {scenario['loss']['reduction']}; "
            f"{' '.join([training['optimizer'], *keys])}; {n} sample{'s' * (n != 1)}, "
            f"batch {training['batch']}")


