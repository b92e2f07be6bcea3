"""What every recipe draws from: random numbers, settings of optimizers, targets; and a scenario as TOML.

Nothing of bptui or torch is imported. Floats are written by `repr`, so both sides read the same doubles.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

UPDATES = 5
WITH_CLASSES = ("cross_entropy", "softmax_cross_entropy")
OF_PROBABILITIES = (*WITH_CLASSES, "-t*o")
RATES = {"sgd": (0.05, 0.4), "adagrad": (0.05, 0.3), "rmsprop": (0.005, 0.05), "adam": (0.01, 0.1),
         "adamw": (0.01, 0.1)}


@dataclass(frozen=True)
class Case:
    """A scenario, and in words what it is about."""

    name: str
    about: str
    toml: str


@dataclass
class Chance:
    """Random numbers, with `digits` decimals if that is not None."""

    random: Random
    digits: int | None = None

    def number(self, low: float, high: float) -> float:
        made = self.random.uniform(low, high)
        return made if self.digits is None else round(made, self.digits)

    def signed(self, low: float, high: float) -> float:
        return self.number(low, high) * self.random.choice((-1, 1))

    def whole(self, low: int, high: int) -> int:
        return self.random.randint(low, high)

    def one_of(self, options: tuple[Any, ...]) -> Any:
        return self.random.choice(options)

    def happens(self, share: float) -> bool:
        return self.random.random() < share


def settings(c: Chance, kind: str, *keys: str) -> dict[str, Any]:
    """The keys of [training] for an optimizer; what is not asked for has its default."""
    low, high = RATES[kind]
    made: dict[str, Any] = {"optimizer": kind, "learning_rate": c.number(low, high)}
    for key in keys:
        made[key] = (True if key == "nesterov" else
                     [c.number(0.5, 0.95), c.number(0.9, 0.999)] if key == "betas" else
                     c.number(0.5, 0.95) if key in ("momentum", "alpha") else
                     c.number(0.1, 0.9) if key == "dampening" else
                     c.one_of((1e-3, 1e-6, 1e-9)) if key == "epsilon" else
                     c.number(0.05, 0.4))           # weight_decay
    return made


def rates(c: Chance, kind: str) -> dict[str, Any]:
    if kind == "step":
        return {"kind": kind, "step_size": c.whole(1, 2), "gamma": c.number(0.2, 0.8)}
    if kind == "exponential":
        return {"kind": kind, "gamma": c.number(0.5, 0.95)}
    if kind == "cosine":
        return {"kind": kind, "t_max": c.whole(2, 4), "eta_min": c.number(0.001, 0.01)}
    return {"kind": kind, "start_factor": c.number(0.2, 0.6), "end_factor": c.number(0.7, 1.0),
            "total_iters": c.whole(2, 3)}


def some_optimizer(c: Chance) -> dict[str, Any]:
    """Any optimizer, with or without each of its keys."""
    keys = c.one_of((
        ("sgd",), ("sgd", "momentum"), ("sgd", "momentum", "dampening"), ("sgd", "momentum", "nesterov"), ("adagrad",),
        ("rmsprop", "alpha"), ("rmsprop", "momentum"), ("adam", "betas"), ("adamw", "betas"), ("adam",), ("adamw",)))
    return settings(c, *keys, *(("weight_decay",) if c.happens(0.4) else ()))


def target(c: Chance, kind: str, classes: bool, outputs: int) -> Any:
    if classes:
        return c.whole(0, outputs - 1)
    if kind in OF_PROBABILITIES:
        if c.happens(0.3):
            hot = c.whole(0, outputs - 1)
            return [float(k == hot) for k in range(outputs)]
        parts = [c.number(0.1, 1) for _ in range(outputs)]
        return [part / sum(parts) for part in parts]
    if kind == "hinge":
        return [c.one_of((-1.0, 1.0)) for _ in range(outputs)]
    low, high = (0.05, 0.95) if kind == "binary_cross_entropy" else (-2.0, 2.0)
    return [c.number(low, high) for _ in range(outputs)]


def toml(scenario: dict[str, Any]) -> str:
    """The scenario as TOML: a line a key."""
    lines = [f"title = {written(scenario['title'])}", "[network]", f"inputs = {written(scenario['network']['inputs'])}"]
    for each in scenario["network"]["layers"]:
        lines += ["[[network.layers]]", *(f"{key} = {written(value)}" for key, value in each.items())]
    for section in ("loss", "data", "training"):
        lines += [f"[{section}]", *(f"{key} = {written(value)}" for key, value in scenario[section].items())]
    return "\n".join(lines) + "\n"


def written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'                         # none of ours holds a quote or a backslash
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {written(v)}' for key, v in value.items())} }}"
    return repr(value)
