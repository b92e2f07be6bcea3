"""Two runs side by side: the place that is looked at, and what is known of where they differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ...explain import departure, outcomes
from ...explain.pairs import Apart, Both, Pair
from ...replay.timeline import Position
from .branch import Branch

START = Position(0)


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
    searching: bool = False                         # whether a difference is being looked for
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
