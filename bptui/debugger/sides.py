"""Runs side by side: two runs at the same place, what of it differs, and what that leads to.

It opens at the first difference. Here is what is known of the two runs; `siding` has the keys that move through them.
What takes long goes on in slices, between which the screen is drawn, and can be interrupted.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..explain import departure, notation, outcomes
from ..explain.pairs import SAMPLES, Apart, Both, Pair
from ..replay.fork import Fork
from ..replay.run import Run
from ..replay.timeline import Position
from . import branching
from .branch import Branch
from .session import Session

START = Position(0)
FIRST_LOOK = 0.03                                   # seconds of a search before the screen is drawn again
NOBODY = "There is no other run to compare with: e makes a what-if run, as with w5 = 0.3."


@dataclass
class Search:
    """A way to the next difference, forwards or back; `first` when the page opens."""

    steps: Iterator[tuple[int, bool]]
    forward: bool
    first: bool = False


@dataclass
class Sides:
    """Two runs, the place in A that is looked at, and what is known of where they differ.

    `chosen` is the run that the debugger goes on with. `given` is the difference that the cursor is on among those that
    an update starts from, which have no value of their own to stand at.
    """

    branches: tuple[Branch, Branch]
    chosen: Branch
    at: Position = START
    given: int | None = None
    first: int | None = None                        # the update of the first difference
    late: bool = False                              # whether there a run reads what it has changed already
    looked: int = 0                                 # before this update nothing differs
    search: Search | None = None
    waiting: bool = True                            # for the ends of runs that may end early, before the first search
    leading: Iterator[outcomes.Outcome | None] | None = None
    outcomes: list[outcomes.Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.both = Both(*(branch.run for branch in self.branches))

    @property
    def letters(self) -> tuple[str, str]:
        return self.branches[0].name, self.branches[1].name

    @property
    def apart(self) -> Apart:
        return self.both.apart(self.at.update)

    def there(self) -> Position | None:
        """The same place in B; None where B does not make that value."""
        if not self.at.value:
            return self.at
        value = self.both.matched(self.at.update).number(self.at.value)
        if not value:
            return None
        times, theirs = (run.times(self.at.update) for run in (self.both.a, self.both.b))
        stops = theirs.stops(value)
        whole = self.at.inner >= times.stops(self.at.value)
        return Position(self.at.update, value, stops if whole else min(self.at.inner, stops))

    def pair(self) -> Pair | None:
        return self.both.pair(self.at.update, self.at.value) if self.at.value else None

    def detail(self) -> departure.Detail | None:
        """What stands at this place; None where B does not make the value, or at the start of an update."""
        pair = self.pair()
        if pair is None:
            if self.at.value or not self.apart.given:
                return None
            return departure.given(self.both, self.at.update, self.letters, self.given or 0)
        before = departure.stops_before(self.both, self.at.update, self.at.value)
        return departure.detail(self.both, pair, self.at.update, self.letters, max(0, self.at.inner - before))

    def rank(self) -> int:
        """How many differences of this update come before this place or are at it; those given count first."""
        if not self.at.value:
            return 0 if self.given is None else self.given + 1
        return len(self.apart.given) + int((self.apart.numbers <= self.at.value).sum())

    @property
    def standing(self) -> bool:
        """Whether this place is a difference."""
        return self.given is not None if not self.at.value else self.at.value in self.apart.numbers

    @property
    def is_first(self) -> bool:
        return self.standing and self.rank() == 1 and self.at.update == self.first


# opening

def candidates(session: Session) -> dict[str, Branch]:
    """The runs that the one on screen can be compared with, by the letters that they have or get."""
    found = {name: branch for name, branch in session.branches.items() if branch is not session.branch}
    known = [branch.run for branch in session.branches.values()]
    free = branching.free_letters(session)
    for run in session.beside:
        if not any(run is other for other in known) and (letter := next(free, None)) is not None:
            found[letter] = Branch(letter, run)
    return found


def hint(session: Session) -> str:
    return "   ".join(f"{name}: {called(branch.run)}" for name, branch in candidates(session).items())


def refusal(session: Session) -> str:
    return "" if candidates(session) else NOBODY


def called(run: Run) -> str:
    """What a run is, in few words."""
    return ", ".join(run.edits) if isinstance(run, Fork) else run.scenario.name


def compare(session: Session, text: str = "") -> None:
    """Put the run on screen beside another one, named by its letter or its scenario; by nothing if there is one."""
    found = candidates(session)
    if not found:
        session.message = NOBODY
        return
    text = text.strip()
    other = found.get(text) or found.get(text.upper()) or next(
        (branch for branch in found.values() if called(branch.run) == text), None)
    if other is None and not text and len(found) == 1:
        other = next(iter(found.values()))
    if other is None:
        session.message = f"{f'There is no run {text}' if text else 'Say which'}: {hint(session)}."
        return
    other.run.waits = False
    pair = sorted((session.branch, other), key=lambda branch: branch.name)
    session.sides = Sides((pair[0], pair[1]), session.branch)
    session.message = ""
    work(session, FIRST_LOOK)


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

def work(session: Session, seconds: float) -> bool:
    """Go on with whatever is to be found out, for about `seconds`; False when nothing was left to do."""
    sides, done = session.sides, False
    if sides is None:
        return False
    end = time.perf_counter() + seconds
    while time.perf_counter() < end and _work(session, sides, max(0.001, end - time.perf_counter())):
        done = True
    return done


def _work(session: Session, sides: Sides, seconds: float) -> bool:
    """One slice; False when nothing is left to do."""
    if sides.waiting:
        early = next((b for b in sides.branches if b.run.may_end and b.run.known < b.run.updates), None)
        if early is not None:
            early.run.work(min(seconds, 0.01))
            session.message = f"Running {early.name} to its end: after {early.run.known:,} updates … Ctrl-C stops."
            return True
        sides.waiting = False
        sides.search = Search(sides.both.onwards(0, sides.both.last + 1), True, True)
    if sides.search is not None:
        _look(session, sides, sides.search)
        return True
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


def _look(session: Session, sides: Sides, search: Search) -> None:
    """One step of a search for a difference."""
    found = next(search.steps, None)
    if found is None:
        sides.search = None
        session.message = _nothing(sides, search)
        return
    looked, differs = found
    if search.first:
        sides.looked = min(looked, sides.both.last)
    if not differs:
        of = f"after {looked:,} of {sides.both.last:,} updates"
        session.message = f"Looking for a difference: {of} … Ctrl-C stops."
        return
    sides.search, session.message = None, ""
    sides.at, sides.given = Position(looked), None
    apart = sides.apart
    stand_at(sides, 1 if search.forward else len(apart.given) + len(apart.numbers))
    if search.first:
        detail = sides.detail()
        sides.first, sides.late = looked, detail is not None and detail.late


def _nothing(sides: Sides, search: Search) -> str:
    if search.first:
        return f"No difference: all values of {notation.counted(sides.both.last, 'update')} are equal, bit for bit."
    return "No difference after this: you are where you were." if search.forward else "This is the first difference."


def searching(session: Session) -> bool:
    """Whether something is looked for that can be interrupted."""
    return session.sides is not None and (session.sides.search is not None or session.sides.waiting)


def interrupt(session: Session) -> bool:
    """Stop a search; False if there was none."""
    sides = session.sides
    if sides is None or not searching(session):
        return False
    if sides.search is not None and not sides.search.first:
        session.message = "Search stopped; you are where you were."
    else:
        sides.at, sides.given = Position(sides.looked), None
        session.message = f"Search stopped after {notation.counted(sides.looked, 'update')}; x goes on from here."
    sides.search, sides.waiting = None, False
    return True


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
    said = [f"{name} is {called(branch.run)}" for name, branch in zip(sides.letters, sides.branches, strict=True)]
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
