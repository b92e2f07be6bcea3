"""Runs of shipped scenarios. A file is read once in a process; what is only asked may be asked of one run."""

from __future__ import annotations

from functools import cache

from bptui.replay.open import open_scenario
from bptui.replay.run import Run
from bptui.scenario.reader import read_scenario
from bptui.scenario.records import Scenario
from bptui.scenario.shipped import find


@cache
def scenario(name: str) -> Scenario:
    return read_scenario(find(name))


def fresh(name: str, executor: str | None = None) -> Run:
    """A run of its own, for tests that look at how far it is."""
    return open_scenario(scenario(name), executor)


@cache
def shared(name: str, executor: str | None = None) -> Run:
    """One run for all that ask it: no question changes an answer, only how much is known already."""
    return fresh(name, executor)


@cache
def finished(name: str) -> Run:
    """The one that all share, run to its end: as after a while between keys."""
    run = shared(name)
    while run.work(1.0):
        pass
    return run
