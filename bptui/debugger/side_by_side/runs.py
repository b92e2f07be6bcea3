"""The list of runs: the one you are in, those that were tried, those beside; where each parts, and what it comes to.

What is under the cursor is found out between keys. A run that is removed stays in its row until the list is closed, so
that it can be put back.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ...explain import notation
from ...replay.fork import Fork
from ..commands import what_if
from ..job import Job, begin, drop
from ..state.branch import OWN, Branch
from ..state.session import Session
from ..state.sides import Sides
from .compare import Consequences, DifferenceSearch, candidates, stand_beside

HERE = "This is the run that you are in."
LONGEST_NAME = 60


@dataclass
class Runs:
    """`sides` has each run beside the one that one is in, by its letter, as far as it was looked at."""

    session: Session
    at: int = 0
    message: str = ""
    job: Job | None = None
    removed: list[str] = field(default_factory=list)
    sides: dict[str, Sides] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found = {**self.session.branches, **candidates(self.session)}
        self.branches = [found[name] for name in sorted(found)]
        self.here = self.session.branch
        self.at = next(n for n, branch in enumerate(self.branches) if branch is not self.here)
        look(self)

    @property
    def chosen(self) -> Branch:
        return self.branches[self.at]


@dataclass
class RowSearch:
    """Where two runs part, and then what that leads to. The screen shows how far it is."""

    jobs: list[Job]

    def work(self, seconds: float) -> bool:
        if not self.jobs[0].work(seconds):
            del self.jobs[0]
        return bool(self.jobs)

    def progress(self) -> str:
        return ""

    def stop(self) -> str:
        self.jobs[0].stop()
        return "Stopped looking where they part; another row, and back, goes on."


def look(runs: Runs) -> None:
    """Begin to find out where the run under the cursor parts from the one that one is in."""
    drop(runs)
    chosen = runs.chosen
    if chosen is runs.here:
        return
    if chosen.name not in runs.sides:
        a, b = sorted((runs.here, chosen), key=lambda branch: branch.name)
        runs.sides[chosen.name] = Sides((a, b), runs.here)
    chosen.run.waits = False
    sides = runs.sides[chosen.name]
    search: list[Job] = [DifferenceSearch(runs, sides, True, True, waits=True)] if sides.first is None else []
    begin(runs, RowSearch([*search, Consequences(sides)]), 0.0)


def move(runs: Runs, by: int) -> None:
    """Another row."""
    runs.at = max(0, min(len(runs.branches) - 1, runs.at + by))
    runs.message = ""
    look(runs)


# in words

def title(runs: Runs, branch: Branch) -> str:
    """What a person calls a run, or what it is called in the file."""
    return branch.called or ("" if isinstance(branch.run, Fork) else branch.run.scenario.name)


def made(runs: Runs, branch: Branch) -> str:
    """How a run came to be: what was edited, when, and in which run."""
    run = branch.run
    if branch.name in runs.removed:
        return "removed: D again puts it back"
    if not isinstance(run, Fork):
        return "as the file has it" if branch.name == OWN else "beside it, as in its file"
    parent = what_if.made_from(runs.session, branch.name)
    on_top = f"{parent}, and " if parent != OWN else ""
    return f"after {run.since:,}: {on_top}{', '.join(run.edits)}"


def parts(runs: Runs, branch: Branch) -> str:
    """Where a run parts from the one that one is in, once that is known."""
    sides = runs.sides.get(branch.name)
    if branch is runs.here:
        return "here"
    if sides is None or sides.first is None:
        return notation.PENDING
    update, value = sides.at.update, sides.at.value
    return f"#{update}" if not value else f"#{update}:{value}" if update else f"value {value}"


def end(branch: Branch) -> str:
    """The loss at the end of a run, as far as it is known."""
    run = branch.run
    return notation.one(run.curve[-1]) if run.known >= run.updates and len(run.curve) else notation.PENDING


def sentence(runs: Runs) -> str:
    """The line of words."""
    chosen = runs.chosen
    if runs.message:
        return runs.message
    if chosen is runs.here:
        return f"{HERE} Each of the others is compared with it."
    if isinstance(chosen.run, Fork):
        return f"{chosen.name} is a what-if run. Enter shows it beside {runs.here.name}, g goes into it."
    return f"{chosen.name} is {chosen.run.scenario.name}. Enter shows it beside {runs.here.name}, g goes into it."


# what can be done with one

def name_it(runs: Runs, text: str) -> None:
    """Give the run a name beside its letter; nothing takes it away."""
    runs.chosen.called = text.strip()[:LONGEST_NAME]
    called = runs.chosen.called
    runs.message = f"{runs.chosen.name} is called {called}." if called else f"{runs.chosen.name} has no name again."


def remove(runs: Runs) -> None:
    """Remove a what-if run when the list is closed; once more: keep it."""
    name, run = runs.chosen.name, runs.chosen.run
    if name in runs.removed:
        on = what_if.made_from(runs.session, name)
        if on in runs.removed:
            runs.message = f"Run {name} left run {on}: put that one back first."
            return
        runs.removed.remove(name)
        runs.message = f"{name} stays."
    elif not isinstance(run, Fork):
        whose = "the scenario's own run" if name == OWN else f"{run.scenario.name}, beside this scenario"
        runs.message = f"{name} is {whose}: no what-if run."
    elif heirs := [each for each in what_if.heirs(runs.session, name) if each not in runs.removed]:
        runs.message = f"Run {heirs[0]} left run {name}: remove that one first."
    else:
        runs.removed.append(name)
        runs.message = f"{name} is removed when the list closes; D again keeps it."


def close(runs: Runs) -> None:
    """Back to the debugger, without what was removed: what left another run goes before it."""
    drop(runs)
    session, said = runs.session, ""
    session.message = ""
    for name in runs.removed:                       # in the order in which they could be
        what_if.drop(session, name)
        said = session.message
    session.message = said if len(runs.removed) < 2 else f"What-if runs {', '.join(sorted(runs.removed))} are gone."
    runs.removed.clear()


def refusal(runs: Runs) -> str:
    """Why the run under the cursor cannot be gone to."""
    name = runs.chosen.name
    return HERE if runs.chosen is runs.here else f"{name} is removed: D keeps it." if name in runs.removed else ""


def compare(runs: Runs) -> None:
    """Close the list, and show the run beside the one that one is in."""
    close(runs)
    if runs.session.branch is runs.here:
        stand_beside(runs.session, runs.chosen)


def go_into(runs: Runs) -> None:
    """Close the list, and go on with the run."""
    close(runs)
    runs.session.branches.setdefault(runs.chosen.name, runs.chosen)
    what_if.switch(runs.session, runs.chosen.name)


def edits(runs: Runs) -> str:
    """What was edited, as it can be typed again; nothing of a run that is none."""
    run = runs.chosen.run
    runs.message = f"Copied {', '.join(run.edits)}." if isinstance(run, Fork) else "Nothing was edited in it."
    return ", ".join(run.edits) if isinstance(run, Fork) else ""
