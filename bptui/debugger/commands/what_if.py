"""What if: a run that leaves this one with something edited, while this one is kept. Both can be looked at."""

from __future__ import annotations

from collections.abc import Iterator

from ...explain import notation
from ...replay import places
from ...replay.fork import Fork, fork
from ...replay.run import Run
from ...replay.stops import split_commas
from ...replay.timeline import Position
from ...scenario.errors import QuantityError, sentence
from ..state.branch import OWN, Branch
from ..state.session import Session

LETTERS = "BCDEFGHIJKLMNOPQRSTUVWXYZ"


def edit(session: Session, text: str) -> None:
    """`w5 = 0.3`, `learning_rate = 0.1`, several between commas: a what-if run from the start of this update on."""
    taken = {each.name for each in session.leftover.runs}
    name = next((letter for letter in free_letters(session) if letter not in taken), None)
    if name is None:
        session.message = "There are as many what-if runs as letters; D removes one in the list of runs (E)."
        return
    try:
        made = fork(session.run, session.position.update, split_commas(text), session.row())
    except QuantityError as error:
        session.message = sentence(error)
        return
    session.branches[name] = Branch(name, made)
    last = not made.goes_on(made.since)
    switch(session, name)
    kept = "No update is left to it" if last else f"{made_from(session, name)} is kept; E shows both"
    parent = made_from(session, name)
    on_top = f"{parent}, and " if parent != OWN else ""
    session.message = f"What-if run {name}: {on_top}{', '.join(made.edits)}. {kept}."


def free_letters(session: Session) -> Iterator[str]:
    """What another run can be called by: no run is, and no quantity."""
    program = session.run.program(session.position.update)
    taken = {*session.branches, *program.names, *program.variables, *program.symbols}
    return (letter for letter in LETTERS if letter not in taken)


def title(session: Session, name: str) -> str:
    """What a run is: the scenario's own, or what was edited in which update."""
    run = session.branches[name].run
    if not isinstance(run, Fork):
        return run.scenario.name
    return f"{', '.join(run.edits)} after {notation.counted(run.since, 'update')}"


def made_from(session: Session, name: str) -> str:
    """The name of the run that a what-if run left."""
    run = session.branches[name].run
    parent = run.parent if isinstance(run, Fork) else None
    return next((n for n, branch in session.branches.items() if branch.run is parent), OWN)


def heirs(session: Session, name: str) -> list[str]:
    """The runs that left a run."""
    return [n for n in session.branches if n not in (name, OWN) and made_from(session, n) == name]


def switch(session: Session, name: str) -> None:
    """Look at another of the runs, at the same place in time."""
    if name not in session.branches:
        session.message = f"There is no run {name}: {', '.join(session.branches)}."
        return
    before, at = session.branch, session.position
    target = same_place(before.run, session.branches[name].run, at)
    if session.far(session.branches[name].run, target.update, lambda: switch(session, name)):
        return
    session.look_at(session.branches[name], target)
    session.began = target
    session.message = f"Run {name}: {title(session, name)}."


def same_place(run: Run, other: Run, at: Position) -> Position:
    """Where another run makes the same value, by its name; else the start of the update, or the end of that run."""
    update = at.update
    if update and not other.goes_on(update - 1):
        update = other.finish()
        return Position(update, other.times(update).count, other.times(update).stops(other.times(update).count))
    return places.same_value(run.times(at.update), at, other.times(update), update) or Position(update)


def drop(session: Session, name: str) -> None:
    """Forget a what-if run. One that others left stays."""
    if name == OWN or name not in session.branches:
        session.message = f"{OWN} is the scenario's own run." if name == OWN else f"There is no run {name}."
        return
    if left := heirs(session, name):
        session.message = f"Run {left[0]} left run {name}: remove that one first."
        return
    what = title(session, name)
    if session.branch.name == name:
        switch(session, made_from(session, name))
    del session.branches[name]
    session.message = f"What-if run {name} is gone: {what}."
