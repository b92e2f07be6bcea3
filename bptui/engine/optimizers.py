"""Optimizers, each as the lines of its update: laws over a parameter `w`, its gradient `g`, slots and settings.

A line says what it makes and how; the names of its law's arguments say what it reads. `m`, `v`, `velocity` and `t`
are slots: they go on to the next update, and a line that reads one after the line that made it reads the new
value. `w` is the parameter's next value; any other name is made on the way, and can be asked for (`w5.m_hat`).
To add an optimizer, write a function from its options to its lines, and name it in `OPTIMIZERS`.

All follow `torch.optim` (PyTorch 2.13): its keys, its defaults, and its order of operations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Law = Callable[..., Any]
Line = tuple[str, Law]
Options = Mapping[str, float]

SLOTS = ("m", "v", "velocity", "t")                 # `t` is one number for a tensor: its updates so far
SETTINGS: dict[str, str] = {                        # what laws and formulas call the keys of [training]
    "learning_rate": "η", "momentum": "μ", "dampening": "τ", "weight_decay": "λ", "beta1": "β1", "beta2": "β2",
    "epsilon": "ε", "alpha": "α", "clip_norm": "c", "clip_value": "c", "perturbation": "h",
}


@dataclass(frozen=True)
class Optimizer:
    """`options` are its keys with their defaults; `lines` writes its update."""

    options: Options
    lines: Callable[[Options], list[Line]]


COUNT: Line = ("t", lambda f, t: t + 1)


def _decayed(o: Options) -> list[Line]:
    """Weight decay as a part of the gradient: that of λ/2 × w²."""
    return [("g", lambda f, w, g, λ: g + λ * w)] if o["weight_decay"] else []


def _sgd(o: Options) -> list[Line]:
    lines = _decayed(o)
    if not o["momentum"]:
        return [*lines, ("w", lambda f, w, η, g: w - η * g)]
    if o["dampening"]:                              # the first update is not dampened
        lines += [("velocity", lambda f, velocity, t, g, μ, τ: μ * velocity + f.where(t <= 0, 1, 1 - τ) * g), COUNT]
    else:
        lines += [("velocity", lambda f, velocity, g, μ: μ * velocity + g)]
    if o["nesterov"]:
        return [*lines, ("w", lambda f, w, velocity, g, η, μ: w - η * (g + μ * velocity))]
    return [*lines, ("w", lambda f, w, velocity, η: w - η * velocity)]


def _adagrad(o: Options) -> list[Line]:
    """Duchi, Hazan and Singer (2011)."""
    return [*_decayed(o), ("v", lambda f, v, g: v + g * g),
            ("w", lambda f, w, v, g, η, ε: w - η * g / (f.sqrt(v) + ε))]


def _rmsprop(o: Options) -> list[Line]:
    """Tieleman and Hinton (2012)."""
    lines: list[Line] = [*_decayed(o), ("v", lambda f, v, g, α: α * v + (1 - α) * (g * g))]
    if not o["momentum"]:
        return [*lines, ("w", lambda f, w, v, g, η, ε: w - η * g / (f.sqrt(v) + ε))]
    return [*lines, ("velocity", lambda f, velocity, v, g, μ, ε: μ * velocity + g / (f.sqrt(v) + ε)),
            ("w", lambda f, w, velocity, η: w - η * velocity)]


# Kingma and Ba (2015): m and v are means that forget, and start at 0; m̂ and v̂ make up for that start.
_ADAM: list[Line] = [
    COUNT,
    ("m", lambda f, m, g, β1: β1 * m + (1 - β1) * g),
    ("v", lambda f, v, g, β2: β2 * v + (1 - β2) * (g * g)),
    ("m_hat", lambda f, m, t, β1: m / (1 - f.power(β1, t))),
    ("v_hat", lambda f, v, t, β2: v / (1 - f.power(β2, t))),
]


def _adam(o: Options) -> list[Line]:
    return [*_decayed(o), *_ADAM, ("w", lambda f, w, m_hat, v_hat, η, ε: w - η * m_hat / (f.sqrt(v_hat) + ε))]


def _adamw(o: Options) -> list[Line]:
    """Loshchilov and Hutter (2019): the decay is of the weight, not of the gradient."""
    if not o["weight_decay"]:
        return _adam(o)
    return [*_ADAM, ("decayed", lambda f, w, η, λ: w - η * λ * w),
            ("w", lambda f, decayed, m_hat, v_hat, η, ε: decayed - η * m_hat / (f.sqrt(v_hat) + ε))]


OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": Optimizer({"momentum": 0.0, "dampening": 0.0, "nesterov": 0.0, "weight_decay": 0.0}, _sgd),
    "adagrad": Optimizer({"epsilon": 1e-10, "weight_decay": 0.0}, _adagrad),
    "rmsprop": Optimizer({"alpha": 0.99, "epsilon": 1e-8, "momentum": 0.0, "weight_decay": 0.0}, _rmsprop),
    "adam": Optimizer({"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 0.0}, _adam),
    "adamw": Optimizer({"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 0.01}, _adamw),
}


# Clipping, before the optimizer sees the gradient: torch.nn.utils.clip_grad_norm_ and clip_grad_value_.
CLIP_FACTOR: Line = ("clip_factor", lambda f, norm, c: f.where(norm + 1e-6 <= c, 1, c / (norm + 1e-6)))
CLIP_BY: Line = ("clipped", lambda f, g, clip_factor: clip_factor * g)
CLIP_AT: Line = ("clipped", lambda f, g, c: f.where(g > c, c, f.where(g < -c, -c, g)))


# Schedules: the learning rate of an epoch, from the rate η of the file. `torch.optim.lr_scheduler`, stepped each epoch.
@dataclass(frozen=True)
class RateRule:
    """`options` are its keys, with None where there is no default."""

    options: Mapping[str, float | None]
    rate: Callable[..., float]


def _cosine(η: float, epoch: int, t_max: float, eta_min: float) -> float:
    return eta_min + (η - eta_min) * (1 + math.cos(math.pi * epoch / t_max)) / 2


def _linear(η: float, epoch: int, start_factor: float, end_factor: float, total_iters: float) -> float:
    return η * (start_factor + (end_factor - start_factor) * min(epoch, total_iters) / total_iters)


SCHEDULES: dict[str, RateRule] = {
    "step": RateRule({"step_size": None, "gamma": 0.1}, lambda η, epoch, step_size, gamma:
                     η * gamma ** (epoch // step_size)),
    "exponential": RateRule({"gamma": None}, lambda η, epoch, gamma: η * gamma**epoch),
    "cosine": RateRule({"t_max": None, "eta_min": 0.0}, _cosine),
    "linear": RateRule({"start_factor": 1 / 3, "end_factor": 1.0, "total_iters": 5.0}, _linear),
}


def reads(law: Law) -> tuple[str, ...]:
    """What a law reads, by the names of its arguments after `f`."""
    return law.__code__.co_varnames[1:law.__code__.co_argcount]
