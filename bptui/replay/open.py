"""Opens runs: reads a file, builds its model and its schedule, and hands the run the language that it is asked in.

This is the one place that looks what a scenario is written as, and chooses its form.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..engine import equations, network
from ..engine.form import Form, Problems
from ..engine.model import Model
from ..engine.wording import wrong_words
from ..scenario.errors import ScenarioError
from ..scenario.reader import read_scenario
from ..scenario.records import Scenario
from ..scenario.shipped import find
from .end import End
from .quantity import evaluate_text
from .run import Ending, Run
from .schedule import Schedule


class Quantities:
    """The language of quantities, as a run is handed it."""

    def value(self, run: Run, text: str, after: int, sample: int | None) -> float | bool | np.ndarray:
        return evaluate_text(run, text, after, sample)

    def ending(self, run: Run) -> Ending | None:
        training = run.scenario.training
        return None if training.until is None and training.patience is None else End(run)


def open_run(path: str | Path, executor: str | None = None) -> Run:
    """Open a scenario: the path of a file, or the name of a shipped one, as in `open_run("two_layer")`.

    `executor` forces "straight" (Python's own floats, small programs) or "arrays" (numpy); by default the size of the
    program decides. Their bits differ in the last place. The commands of bptui run numpy's matrix products on one
    thread, because more threads may add in another order. `bptui.open_run` sees to that, too, but only where it is
    what loads numpy: where numpy was imported before, its own number of threads holds, and the last place of a large
    product may differ from what `bptui show` prints. Small programs are not concerned.

    Raises ScenarioError, with the first problem as its text and all in `problems`.
    """
    return open_scenario(read_scenario(find(path)), executor)


def open_scenario(scenario: Scenario, executor: str | None = None) -> Run:
    """The run of a scenario that was read. Raises ScenarioError."""
    return run_of(model_of(scenario), executor)


def run_of(model: Model, executor: str | None = None) -> Run:
    """The run of a model. Raises ScenarioError."""
    return Run(model.scenario, Schedule(model, executor), Quantities())


def model_of(scenario: Scenario, before: Form | None = None) -> Model:
    """The model of a scenario, whose form follows from what it is written as.

    `before` is the form that it had before an edit: one that is not written in the file stays what it is.
    """
    problems = Problems()
    if scenario.network is not None:
        form: Form = network.understand(scenario, scenario.network, problems)
    elif scenario.equations is not None:
        form = equations.understand(scenario, scenario.equations, problems)
    else:
        assert before is not None
        form = before
    return Model(scenario, form, problems)


def with_words(error: ScenarioError) -> ScenarioError:
    """The same error, with what is wrong with the words of the rest of the file, in file order."""
    scenario = error.partial
    if not isinstance(scenario, Scenario):
        return error
    told = {problem.key for problem in error.problems}
    wrong = wrong_words(scenario, scenario.network, scenario.equations)
    return ScenarioError((*error.problems, *(problem for problem in wrong if problem.key not in told)), scenario)
