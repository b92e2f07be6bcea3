"""The hits of a stop: positions in the order of the run, by number, found as far as anybody asks.

A place without a condition is hit in every update: its hits are arithmetic. A condition's are found by a scan. Which
of them count (`hit % 100`, `after 2`) is arithmetic on their numbers again.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from functools import cache
from typing import Protocol

from .places import called
from .run import Run
from .scan import Scan
from .stops import ANY, Stop, condition_of
from .timeline import Position, Timeline
from .trouble import ALSO, NUMBERS, Trouble, Troubles

Numbers = Callable[[int], tuple[int, ...]]          # of an update: the values that are meant, in their order


class Hits(Protocol):
    """Hits are numbered from 1, in the order of the run."""

    @property
    def judged(self) -> int:
        """Updates that have been looked through."""
        ...

    @property
    def complete(self) -> bool: ...

    @property
    def count(self) -> int:
        """Hits among what has been looked through."""
        ...

    def work(self, seconds: float) -> bool:
        """Look on for about `seconds`; False when the whole run has been looked through."""
        ...

    def nth(self, number: int) -> Position: ...

    def rank(self, at: Position) -> int:
        """How many hits lie at or before `at`, among what has been looked through."""
        ...


def made(run: Run, update: int, value: int) -> Position:
    """Where a value is made; 0 is the start of the update."""
    return Position(update, value, run.times(update).stops(value))


def values_reached(run: Run, at: Position, numbers: tuple[int, ...]) -> int:
    """How many of an update's values are made at a position in it."""
    known = bisect_right(numbers, at.value)
    if known and numbers[known - 1] == at.value and at.inner < run.times(at.update).stops(at.value):
        known -= 1
    return known


class EveryUpdate:
    """The hits of a place in all updates."""

    def __init__(self, run: Run, place: str) -> None:
        self.run = run
        of_times = cache(lambda times: called(run, times, place))
        self.numbers: Numbers = lambda update: of_times(run.times(update))
        self._turns = run.schedule.turns
        self._firsts = run.changes                  # the updates from which the programs are others

    @property
    def judged(self) -> int:
        return self.run.updates + 1 if self.complete else self.run.known

    @property
    def complete(self) -> bool:
        return not self.run.may_end or self.run.known >= self.run.updates

    def work(self, seconds: float) -> bool:
        if not self.complete:
            self.run.work(seconds)
        return not self.complete

    @property
    def count(self) -> int:
        return self._before(self.judged)

    def _before(self, update: int) -> int:
        """Hits in the updates before this one. The last update is another than those before it."""
        total = len(self.numbers(self.run.updates)) if update > self.run.updates else 0
        for first, end in self._stretches():
            if first >= update:
                break
            rounds, rest = divmod(min(end, update) - first, self._turns)
            each = [len(self.numbers(n)) for n in range(first, min(end, first + self._turns))]
            total += rounds * sum(each) + sum(each[:rest])
        return total

    def _stretches(self) -> list[tuple[int, int]]:
        ends = [*self._firsts[1:], self.run.updates]
        return [(a, b) for a, b in zip(self._firsts, ends, strict=True) if a < b]

    def nth(self, number: int) -> Position:
        low, high = 0, self.judged - 1              # the update in which it lies, by halves
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._before(middle) < number else (low, middle - 1)
        return made(self.run, low, self.numbers(low)[number - self._before(low) - 1])

    def rank(self, at: Position) -> int:
        if at.update >= self.judged:
            return self.count
        return self._before(at.update) + values_reached(self.run, at, self.numbers(at.update))


class Conditional:
    """The hits of a condition: at the place that the stop names, else where the condition is known."""

    def __init__(self, run: Run, stop: Stop) -> None:
        self.run = run
        condition = condition_of(run, stop)
        self.scan = Scan(run, condition, stop.becomes)

        def of_times(times: Timeline) -> tuple[int, ...]:
            if stop.place:
                return called(run, times, stop.place)
            known = condition.made(times)
            return () if known is None else (known,)
        of_times = cache(of_times)
        self.numbers: Numbers = lambda update: of_times(run.times(update))
        self._updates = array("q")                  # those of the scan that have a hit
        self._before = array("q", [0])              # hits before each of them, and after the last

    @property
    def judged(self) -> int:
        return self.scan.judged

    @property
    def complete(self) -> bool:
        return self.scan.complete

    @property
    def count(self) -> int:
        return self._before[-1]

    _taken = 0

    def work(self, seconds: float) -> bool:
        first, more = self.scan.judged, self.scan.work(seconds)
        new, last = self.scan.updates[self._taken:], self.run.updates
        self._taken = len(self.scan.updates)
        for _, count in self.run.schedule.programs(first, self.scan.judged - first) if new else ():
            for low, high in ((first, min(first + count, last)), (max(first, last), first + count)):
                if low < high:                      # the last update has no update phase: it is another time line
                    self._take(new[bisect_left(new, low):bisect_left(new, high)])
            first += count
        return more

    def _take(self, updates: array[int]) -> None:
        """Count the hits of neighbours that have the same values."""
        if updates and (here := len(self.numbers(updates[0]))):
            before = self._before[-1]
            self._updates.extend(updates)
            self._before.extend(range(before + here, before + here * len(updates) + 1, here))

    def nth(self, number: int) -> Position:
        at = bisect_right(self._before, number - 1) - 1
        update = self._updates[at]
        return made(self.run, update, self.numbers(update)[number - 1 - self._before[at]])

    def rank(self, at: Position) -> int:
        n = bisect_right(self._updates, at.update)
        if n and self._updates[n - 1] == at.update:
            return self._before[n - 1] + values_reached(self.run, at, self.numbers(at.update))
        return self._before[n]


class OfTrouble:
    """The beginnings of trouble, of one kind or of any; of NaN, Inf and overflow the first values, whoever began."""

    def __init__(self, troubles: Troubles, kind: str = ANY) -> None:
        self.troubles, self.kind = troubles, ALSO.get(kind, kind)
        self.found: list[Trouble] = []
        self._seen = 0

    @property
    def judged(self) -> int:
        return self.troubles.settled

    @property
    def complete(self) -> bool:
        return self.troubles.complete

    @property
    def count(self) -> int:
        self._take()
        return len(self.found)

    def _take(self) -> None:
        """What is known since, whoever looked; several kinds at one place are one hit."""
        known = self.troubles.marks if self.kind in NUMBERS else self.troubles.found
        for trouble in known[self._seen:]:
            if trouble.at.update >= self.troubles.settled:
                break                               # there may be something before it yet
            self._seen += 1
            if self.kind in (ANY, trouble.kind) and not (self.found and self.found[-1].at == trouble.at):
                self.found.append(trouble)

    def work(self, seconds: float) -> bool:
        return self.troubles.work(seconds)

    def nth(self, number: int) -> Position:
        self._take()
        return self.found[number - 1].at

    def rank(self, at: Position) -> int:
        self._take()
        return bisect_right(self.found, at, key=lambda trouble: trouble.at)


# which of them count: how many of n hits, and which one is the k-th

CHOSEN: dict[str, tuple[Callable[[int, int], int], Callable[[int, int], int]]] = {
    "==": (lambda n, c: int(n >= c), lambda k, c: c),
    "!=": (lambda n, c: n - (n >= c), lambda k, c: k + (k >= c)),
    ">=": (lambda n, c: max(0, n - c + 1), lambda k, c: k + c - 1),
    ">": (lambda n, c: max(0, n - c), lambda k, c: k + c),
    "<=": (lambda n, c: min(n, c), lambda k, c: k),
    "<": (lambda n, c: min(n, c - 1), lambda k, c: k),
    "%": (lambda n, c: n // c, lambda k, c: k * c),
}


class Chosen:
    """Those of the hits that count: after another stop's first hit, then by their number."""

    def __init__(self, hits: Hits, chosen: tuple[str, int] | None, after: Hits | None) -> None:
        self.hits, self._after = hits, after
        self._opened: int | None = None
        (self._count, self._nth), self._by = CHOSEN[chosen[0]] if chosen else (
            (lambda n, c: n), (lambda k, c: k)), chosen[1] if chosen else 0

    def _open(self) -> int | None:
        """How many hits come before the first that counts; None where none does, so far."""
        if self._opened is not None:
            return self._opened
        if self._after is None or not self._after.count:
            return 0 if self._after is None else None
        first = self._after.nth(1)
        before = self.hits.rank(first)
        if self.hits.complete or self.hits.judged > first.update:
            self._opened = before                   # it can only be this from now on
        return before

    @property
    def judged(self) -> int:
        return min(self.hits.judged, self._after.judged) if self._after is not None and not self._after.count \
            else self.hits.judged

    @property
    def complete(self) -> bool:
        return self.hits.complete and (self._after is None or self._after.complete or self._after.count > 0)

    @property
    def count(self) -> int:
        before = self._open()
        return 0 if before is None else self._count(self.hits.count - before, self._by)

    def work(self, seconds: float) -> bool:
        if self._after is not None and not self._after.count and self._after.work(seconds):
            return True
        return self.hits.work(seconds)

    def nth(self, number: int) -> Position:
        return self.hits.nth((self._open() or 0) + self._nth(number, self._by))

    def rank(self, at: Position) -> int:
        before = self._open()
        return 0 if before is None else self._count(max(0, self.hits.rank(at) - before), self._by)


def hits_of(run: Run, stop: Stop, troubles: Troubles, others: Callable[[int], Hits | None]) -> Hits:
    """The hits of a stop. `others` has those of another stop, by its number. Raises QuantityError."""
    hits: Hits = OfTrouble(troubles, stop.trouble) if stop.trouble else Conditional(run, stop) if stop.condition else \
        EveryUpdate(run, stop.place)
    after = others(stop.after) if stop.after is not None else None
    return hits if stop.hit is None and after is None else Chosen(hits, stop.hit, after)
