"""The words of a file that the engine knows: kinds of layers, activations, losses, inits, optimizers, schedules.

A file that cannot be read whole has no shapes to check; its words can be looked over all the same, so that a person is
told of every mistake at once.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..scenario.errors import KeyPath, Problem, ScenarioError
from ..scenario.records import Init, Layer, Scenario
from .form import Parameter, Problems, initial
from .layers import KINDS
from .losses import check_loss
from .network import check_activation, check_given_names
from .training import understand_training


def with_words(error: ScenarioError) -> ScenarioError:
    """The same error, with what is wrong with the words of the rest of the file, in file order."""
    scenario = error.partial
    if not isinstance(scenario, Scenario):
        return error
    told = {problem.key for problem in error.problems}
    more = [problem for problem in wrong_words(scenario) if problem.key not in told]
    return ScenarioError((*error.problems, *more), scenario)


def wrong_words(scenario: Scenario) -> tuple[Problem, ...]:
    """Each word of the scenario that is not known, by its key. What is missing is the reader's to say."""
    problems = Problems()
    if scenario.network is not None:
        if scenario.loss.law is not None or scenario.loss.kind:
            check_loss(problems, scenario)
        check_given_names(problems, scenario)
        for layer in scenario.network.layers:
            if layer.kind:
                problems.choice((*layer.key, "kind"), "layer kind", layer.kind, tuple(KINDS))
            check_activation(problems, layer)
    for key, init in _inits(scenario):
        initial(problems, key, init, "", 0, (), (1, 1), "")
    names = scenario.equations.parameters if scenario.equations is not None else ()
    parameters = [Parameter(name, np.zeros(()), True, 0) for name in names]
    understand_training(scenario, problems, parameters, judged=True)
    return tuple(problems.found)


def _inits(scenario: Scenario) -> Iterator[tuple[KeyPath, Init]]:
    if scenario.equations is not None:
        yield from ((("parameters", name), value) for name, value in scenario.equations.parameters.items()
                    if isinstance(value, Init))
    for layer in scenario.network.layers if scenario.network is not None else ():
        yield from ((key, value) for key, value in _values(layer) if isinstance(value, Init))


def _values(layer: Layer) -> Iterator[tuple[KeyPath, object]]:
    yield from (((*layer.key, name), value) for name, value in (("weights", layer.weights), ("bias", layer.bias),
                                                               *layer.extra.items()))
