"""Runs side by side: two runs at the same place, what of it differs, and what that leads to.

It opens at the first difference. Here is what is known of the two runs; `keys` has those that move through them.
The search for a difference is a job; so is what the first one leads to.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from ...explain import departure, notation, outcomes
from ...explain.pairs import SAMPLES
from ...replay.fork import Fork
from ...replay.timeline import Position
from ..commands import what_if
from ..job import Desk, begin
from ..state.branch import Branch
from ..state.session import Session
from ..state.sides import Sides

NOBODY = "There is no other run to compare with: e makes a what-if run, as with w5 = 0.3."


# opening

def candidates(session: Session) -> dict[str, Branch]:
    """The runs that the one on screen can be compared with, by the letters that they have or get."""
    found = {name: branch for name, branch in session.branches.items() if branch is not session.branch}
    known = [branch.run for branch in session.branches.values()]
    free = what_if.free_letters(session)
    for run in session.beside:
        if not any(run is other for other in known) and (letter := next(free, None)) is not None:
            found[letter] = Branch(letter, run)
    return found


def hint(session: Session) -> str:
    return "   ".join(f"{name}: {called(branch)}" for name, branch in candidates(session).items())


def refusal(session: Session) -> str:
    return "" if candidates(session) else NOBODY


def called(branch: Branch) -> str:
    """What a run is, in few words: a person's name for it, or what was edited."""
    run = branch.run
    return branch.called or (", ".join(run.edits) if isinstance(run, Fork) else run.scenario.name)


def compare(session: Session, text: str = "") -> None:
    """Put the run on screen beside another one, named by its letter or its scenario; by nothing if there is one."""
    found = candidates(session)
    if not found:
        session.message = NOBODY
        return
    text = text.strip()
    other = found.get(text) or found.get(text.upper()) or next(
        (branch for branch in found.values() if text in (called(branch), branch.called)), None)
    if other is None and not text and len(found) == 1:
        other = next(iter(found.values()))
    if other is None:
        session.message = f"{f'There is no run {text}' if text else 'Say which'}: {hint(session)}."
        return
    stand_beside(session, other)


def stand_beside(session: Session, other: Branch) -> None:
    """Put the run on screen beside another one, at their first difference."""
    other.run.waits = False
    pair = sorted((session.branch, other), key=lambda branch: branch.name)
    session.sides = sides = Sides((pair[0], pair[1]), session.branch)
    session.message = ""
    begin(session, DifferenceSearch(session, sides, True, True, waits=True))


def stand_at(sides: Sides, rank: int) -> None:
    """Stand at a difference of this update, by its number from 1; of a sum, at the first path that differs."""
    apart, update = sides.apart, sides.at.update
    if rank <= len(apart.given):
        sides.at, sides.given = Position(update), rank - 1
        return
    value = int(apart.numbers[rank - len(apart.given) - 1])
    pair = sides.both.pair(update, value)
    assert pair is not None
    detail = departure.detail(sides.both, pair, update, sides.letters)
    inner = next((row.inner for row in detail.rows if row.inner and not row.same), 0)
    stops = sides.both.a.times(update).stops(value)
    before = departure.stops_before(sides.both, update, value)
    sides.at, sides.given = Position(update, value, before + inner if inner else stops), None


# what takes long

@dataclass
class DifferenceSearch:
    """The way to the next difference, forwards or back: in this update there is none. `first`: none is known yet.

    With `waits` runs that may end early are run to their ends before.
    """

    desk: Desk
    sides: Sides
    forward: bool
    first: bool = False
    waits: bool = False
    steps: Iterator[tuple[int, bool]] | None = None
    said: str = ""

    def work(self, seconds: float) -> bool:
        self.sides.searching, end = True, time.perf_counter() + seconds
        while more := self._step(max(0.001, end - time.perf_counter())):
            if time.perf_counter() > end:
                break
        self.sides.searching = more
        return more

    def _step(self, seconds: float) -> bool:
        sides = self.sides
        early = next((b for b in sides.branches if b.run.may_end and b.run.known < b.run.updates), None)
        if self.waits and early is not None:
            early.run.work(min(seconds, 0.01))
            self.said = f"Running {early.name} to its end: after {early.run.known:,} updates … Ctrl-C stops."
            return True
        self.waits = False
        self.steps = self.steps or self._steps()
        found = next(self.steps, None)
        if found is None:
            self.desk.message = self._nothing()
            return False
        looked, differs = found
        if self.first:
            sides.looked = min(looked, sides.both.last)
        if differs:
            self._arrive(looked)
        else:
            of = f"after {looked:,} of {sides.both.last:,} updates"
            self.said = f"Looking for a difference: {of} … Ctrl-C stops."
        return not differs

    def _steps(self) -> Iterator[tuple[int, bool]]:
        both, update = self.sides.both, self.sides.at.update
        if self.first:
            return both.onwards(self.sides.looked, both.last + 1)
        return both.onwards(update + 1, both.last + 1) if self.forward else both.back(update)

    def _arrive(self, update: int) -> None:
        sides = self.sides
        sides.at, sides.given, self.desk.message = Position(update), None, ""
        apart = sides.apart
        stand_at(sides, 1 if self.forward else len(apart.given) + len(apart.numbers))
        if self.first:
            detail = sides.detail()
            sides.first, sides.late = update, detail is not None and detail.late

    def _nothing(self) -> str:
        last = notation.counted(self.sides.both.last, "update")
        if self.first:
            return f"No difference: all values of {last} are equal, bit for bit."
        return "No difference after this: you are where you were." if self.forward else "This is the first difference."

    def progress(self) -> str:
        return self.said

    def stop(self) -> str:
        sides, sides.searching = self.sides, False
        if not self.first:
            return "Search stopped; you are where you were."
        sides.at, sides.given = Position(sides.looked), None
        return f"Search stopped after {notation.counted(sides.looked, 'update')}; x goes on from here."


@dataclass(frozen=True)
class Consequences:
    """Both runs to their ends, and what the first difference leads to."""

    sides: Sides

    def work(self, seconds: float) -> bool:
        end = time.perf_counter() + seconds
        while self._step(max(0.001, end - time.perf_counter())):
            if time.perf_counter() > end:
                return True
        return False

    def _step(self, seconds: float) -> bool:
        sides = self.sides
        if any(branch.run.work(min(seconds, 0.01)) for branch in sides.branches):
            return True
        if sides.first is None:
            return False
        if sides.leading is None:
            sides.leading = outcomes.outcomes(sides.both, sides.letters, sides.first, sides.both.last)
            sides.outcomes = []
        found = next(sides.leading, StopIteration)
        if isinstance(found, outcomes.Outcome):
            sides.outcomes.append(found)
        return found is not StopIteration

    def progress(self) -> str:
        return "Running both to their ends …"

    def stop(self) -> str:
        return "Stopped; what they lead to is known so far."


# in words

def sentence(session: Session) -> str:
    """The line of words."""
    sides = session.sides
    assert sides is not None
    if session.message:
        return session.message
    apart, count = sides.apart, len(sides.apart.numbers)
    differ = f"{count} of {apart.values} values differ in this update."
    if sides.is_first and not apart.given:
        return f"Stopped: first difference. {differ}"
    if sides.is_first:
        sizes = apart.given[0].name == SAMPLES
        return f"Stopped: first difference. {'The batches are of other sizes.' if sizes else f'Then {differ}'}"
    if not sides.standing:
        missing = sides.at.value and sides.pair() is None
        return f"{sides.letters[1]} makes no value of this name. {differ}" if missing else \
            f"Equal here, bit for bit. {differ}"
    here = f"Difference {sides.rank()} of {len(apart.given) + count}"
    if not apart.given:
        return f"{here}; {apart.values - count} of {apart.values} values of this update are equal."
    return f"{here}: {len(apart.given)} that it starts from, and {count} of {apart.values} values."


def report(session: Session) -> list[str]:
    """The two runs in lines of text, for a debugger without a screen."""
    sides = session.sides
    assert sides is not None
    a, b = sides.letters
    said = [f"{name} is {called(branch)}" for name, branch in zip(sides.letters, sides.branches, strict=True)]
    lines = [f"{', '.join(said)}; after {notation.counted(sides.at.update, 'update')}"]
    detail = sides.detail()
    if detail is not None:
        lines.append(f"{detail.where}:")
        lines += [f"  {'=' if row.same else '≠'} {row.name}: {notation.one(row.a, row.signed)} in {a}, "
                  f"{notation.one(row.b, row.signed)} in {b}" for row in detail.rows]
        lines += [f"  {reason}" for reason in detail.reasons]
    for one in sides.outcomes:
        printed = f"; printed is {one.printed}" if one.printed else ""
        lines.append(f"  {one.what}: {notation.all_digits(one.a)} in {a}, {notation.all_digits(one.b)} in {b}{printed}")
    concluded = outcomes.conclusion(sides.outcomes, sides.letters, sides.late)
    return [*lines, *([f"  {concluded}"] if concluded else []), sentence(session)]
