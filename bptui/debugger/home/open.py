"""Opening a scenario's file, with everything that is wrong with it as lines to be shown, each with its place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ...explain.claims import claim_faults
from ...replay.open import open_scenario, with_words
from ...replay.run import Run
from ...scenario.errors import Problem, ScenarioError, printable
from ...scenario.reader import read_scenario, render
from ...scenario.records import Scenario


class Broken(Exception):
    """A file that cannot be opened: what is wrong, as `file:line: …`."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)

    @property
    def first(self) -> str:
        """The first problem, and how many more there are."""
        more = len(self.lines) - 1
        return self.lines[0] + (f" (and {more} more)" if more else "")


def open_file(path: Path, name: str) -> Run:
    """The run of a file, which is called `name` where something is wrong with it. Raises Broken."""
    lines = None
    try:
        scenario = read_scenario(path)
        lines = scenario.lines
        return understood(scenario)
    except ScenarioError as error:
        if isinstance(error.partial, Scenario):     # it was read as far as it could be
            error, lines = with_words(_with_claims(error, error.partial)), error.partial.lines
        raise Broken(render(error, name, lines)) from None


def _with_claims(error: ScenarioError, scenario: Scenario) -> ScenarioError:
    """The same error, with what is wrong with the other claims, where all else can be run."""
    if any(problem.key[:1] != ("claims",) for problem in error.problems):
        return error
    try:
        understood(scenario)
    except ScenarioError as more:
        return ScenarioError((*error.problems, *more.problems), scenario)
    return error


def run_of(path: Path) -> Run:
    """The run of a file, all of whose claims can be asked. Raises ScenarioError."""
    return understood(read_scenario(path))


def understood(scenario: Scenario) -> Run:
    """The run of a scenario, all of whose claims can be asked. Raises ScenarioError with all that is wrong."""
    problems: list[Problem] = []
    try:
        run = open_scenario(scenario)
    except ScenarioError as error:
        if scenario.training.until is None:
            raise
        problems += error.problems                  # the claims can be looked at if it is only the end of the run
        try:
            run = open_scenario(replace(scenario, training=replace(scenario.training, until=None)))
        except ScenarioError:
            raise error from None
    problems += claim_faults(run, scenario.claims)
    if problems:
        raise ScenarioError(problems)
    return run


def shown_path(path: Path) -> str:
    """A path as a person would write it: from here, from home, or whole."""
    for folder, start in ((Path.cwd, ""), (Path.home, "~/")):
        try:
            return printable(start + str(path.relative_to(folder())))
        except (OSError, RuntimeError, ValueError):
            continue
    return printable(str(path))
