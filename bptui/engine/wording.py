"""The words of a file that the engine knows: kinds of layers, activations, losses, inits, optimizers, schedules.

A file that cannot be read whole has no shapes to check; its words can be looked over all the same, so that a person is
told of every mistake at once.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..scenario.errors import KeyPath, Problem
from ..scenario.records import Equations, Init, Layer, Network, Scenario
from .form import Parameter, Problems, initial
from .layers import KINDS
from .losses import check_loss
from .network import check_activation, check_given_names
from .training import understand_training


def wrong_words(scenario: Scenario, network: Network | None, written: Equations | None) -> tuple[Problem, ...]:
    """Each word of the scenario that is not known, by its key. What is missing is the reader's to say."""
    problems = Problems()
    if network is not None:
        if scenario.loss.law is not None or scenario.loss.kind:
            check_loss(problems, scenario)
        check_given_names(problems, scenario, network)
        for layer in network.layers:
            if layer.kind:
                problems.choice((*layer.key, "kind"), "layer kind", layer.kind, tuple(KINDS))
            check_activation(problems, layer)
    for key, init in _inits(network, written):
        initial(problems, key, init, "", 0, (), (1, 1), "")
    parameters = [Parameter(name, np.zeros(()), True, 0) for name in (written.parameters if written else ())]
    lines = {line.name: line.tree for line in written.lines} if written else None
    understand_training(scenario, problems, parameters, lines, judged=True)
    return tuple(problems.found)


def _inits(network: Network | None, written: Equations | None) -> Iterator[tuple[KeyPath, Init]]:
    if written is not None:
        yield from ((("parameters", name), value) for name, value in written.parameters.items()
                    if isinstance(value, Init))
    for layer in network.layers if network is not None else ():
        yield from ((key, value) for key, value in _values(layer) if isinstance(value, Init))


def _values(layer: Layer) -> Iterator[tuple[KeyPath, object]]:
    yield from (((*layer.key, name), value) for name, value in (("weights", layer.weights), ("bias", layer.bias),
                                                               *layer.extra.items()))
