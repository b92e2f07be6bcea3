"""What a scenario file says, as plain records.

The reader checks the form (known keys, types, finite numbers, rectangular lists); what the words mean,
and whether shapes fit, is the engine's business. A record that the engine may complain about carries the
key path it came from. Arrays are float64 and read-only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from .errors import KeyPath
from .trees import Tree, WrittenEquation

Array = np.ndarray


@dataclass(frozen=True)
class Init:
    """Initial values drawn by a named rule, such as `{ init = "uniform", low = 0, high = 1 }`."""

    kind: str
    options: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True)
class Activation:
    """A library activation by `name`, or a `law` in `x` with its own parameters."""

    name: str | None
    law: Tree | None = None
    text: str = ""
    parameters: Mapping[str, float] = field(default_factory=dict[str, float])
    train: tuple[str, ...] = ()


Values = Array | Init


class Shape(tuple[int, ...]):
    """The shape of one sample's inputs: [steps, features] or [channels, rows, columns]."""


@dataclass(frozen=True)
class Layer:
    """One `[[network.layers]]`. What the file does not say is None (weights, bias, names)."""

    key: KeyPath
    kind: str
    name: str
    units: tuple[str, ...] | int                # or filters; 0 where the kind has none
    activation: Activation
    weights: Values | None = None               # [units, inputs]
    weight_names: tuple[tuple[str, ...], ...] | None = None
    bias: Values | Literal[False] | None = None  # shape () is one shared bias, [units] one per unit
    bias_names: tuple[str, ...] | None = None
    train: bool = True
    train_bias: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])   # the further keys of its kind, as they are read


@dataclass(frozen=True)
class Network:
    inputs: tuple[str, ...] | Shape | int
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Equations:
    """The written lines in order; `loss` names the one to minimise."""

    lines: tuple[WrittenEquation, ...]
    loss: str
    parameters: Mapping[str, Values]
    values: Mapping[str, Array]                  # shape (): the same for every sample; (n,): one per sample
    noise: Mapping[str, Init]                    # drawn anew for each sample and update


@dataclass(frozen=True)
class Loss:
    """A library loss by `kind`, or a law in `t` and `o`. In an `[equations]` file it has no kind."""

    kind: str | None = None
    law: Tree | None = None
    text: str = ""
    reduction: Literal["mean", "sum"] = "mean"
    name: str = "E"
    l1: float = 0.0                              # adds l1 × Σ|w| over what is penalised
    l2: float = 0.0                              # adds l2 × Σ w²
    penalised: Literal["weights", "all"] | tuple[str, ...] = "weights"     # of the trained parameters

    @property
    def penalty(self) -> bool:
        """Whether anything is added."""
        return bool(self.l1 or self.l2)


@dataclass(frozen=True)
class Held:
    """The samples of `validation`, never trained on: as many columns as in `Data`. Without targets: predict only."""

    inputs: Array
    targets: Array | None


@dataclass(frozen=True)
class Data:
    """`inputs` [samples, features], `targets` [samples, ...outputs] or None. Rows count from 1.

    `targets` [samples] is one number per sample: a class, or the value of the only output.
    """

    inputs: Array
    targets: Array | None
    target_names: tuple[str, ...] | None = None
    validation: Held | None = None               # a share of the rows is no longer in inputs and targets


@dataclass(frozen=True)
class Objective:
    """One `[[training.objectives]]`: what its updates make smaller, and which parameters they change."""

    key: KeyPath
    minimize: str
    parameters: tuple[str, ...]
    updates: int = 1                             # in a row, before the next objective has its turn


@dataclass(frozen=True)
class RateSchedule:
    """How the learning rate goes from epoch to epoch."""

    kind: str
    options: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True)
class WrittenCondition:
    """A quantity that is true or false."""

    text: str
    tree: Tree


@dataclass(frozen=True)
class Training:
    optimizer: str = "sgd"
    options: Mapping[str, float] = field(default_factory=dict[str, float])   # momentum, beta1, … as given
    learning_rate: float = 0.01
    updates: int | None = None                   # None: `epochs` decides, else 100
    epochs: int | None = None
    batch: int | Literal["all"] = "all"
    shuffle: bool = False
    seed: int = 0
    update_order: Literal["simultaneous", "in_place"] = "simultaneous"
    gradient: Literal["backpropagation", "perturbation"] = "backpropagation"
    perturbation: float = 1e-4
    clip_norm: float | None = None
    clip_value: float | None = None
    schedule: RateSchedule | None = None
    until: WrittenCondition | None = None               # looked at after each update
    patience: int | None = None                  # epochs without a better E.validation
    objectives: tuple[Objective, ...] = ()

    @property
    def until_text(self) -> str:
        """When the run ends by itself, in words."""
        if self.until is not None:
            return self.until.text
        return f"E.validation is not better for {self.patience} epochs"


@dataclass(frozen=True)
class Claim:
    """What the source printed. `value` and `erratum` keep their digits as text.

    Without `value`, `what` is a comparison that must hold.
    """

    what: str
    tree: Tree
    after: int = 0
    sample: int | None = None                    # row of the data, from 1
    value: str | None = None
    erratum: str | None = None
    why: str | None = None
    key: KeyPath = field(default=(), compare=False)     # where it stands in its file


@dataclass(frozen=True)
class Scenario:
    """One scenario. Exactly one of `network` and `equations` is there."""

    name: str                                    # the file's stem
    path: Path | None
    title: str
    source: str
    about: str
    beside: tuple[str, ...]
    start: str | None
    network: Network | None
    equations: Equations | None
    loss: Loss
    data: Data | None
    training: Training
    letters: Mapping[str, str]                   # [names]: net, out, delta
    claims: tuple[Claim, ...]
    digest: str                                  # of the file's bytes and of the data files it names
    lines: Mapping[KeyPath, int] = field(repr=False)  # key path to line number, from 1
    files: tuple[Path, ...] = ()                 # the data files that it names

    def with_activation(self, at: int, activation: Activation) -> Scenario:
        """The same, with another activation of the layer in that place of its network."""
        assert self.network is not None
        layers = list(self.network.layers)
        layers[at] = replace(layers[at], activation=activation)
        return replace(self, network=replace(self.network, layers=tuple(layers)))
