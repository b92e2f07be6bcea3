"""Moves through time: into, over and out, forwards and backwards, over all values or only those followed.

A stop is a place where stepping rests. With nothing followed every stop of every value is one, and so is the
start of each update; when a derivative is followed, only the values that it needs, and the place where
following began. Every move is arithmetic on numbers; at the ends of the run a move answers None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .follow import Needed
from .run import Run
from .timeline import Position


@dataclass(frozen=True)
class Path:
    """What stepping visits. `values` are those of an update that are followed; without them, all are visited."""

    run: Run
    values: Callable[[int], Needed] | None = None
    began: Position | None = None

    def end(self) -> Position:
        """The end of the run: its last value, where there is no update phase any more."""
        last = self.run.finish()
        return self.close(last, self.run.times(last).count)

    def close(self, update: int, value: int) -> Position:
        """The position at which a value is made."""
        return Position(update, value, self.run.times(update).stops(value))

    # the nearest values on either side

    def _after(self, at: Position) -> tuple[int, int] | None:
        """(update, value) of the next visited value after the one at `at`; value 0 is the start of an update."""
        if self.values is None:
            if at.value < self.run.times(at.update).count:
                return at.update, at.value + 1
            return (at.update + 1, 0) if self.run.goes_on(at.update) else None
        later = self.values(at.update).at_least(at.value + 1)
        if later is not None:
            return at.update, later
        update = self._next_turn(at.update)
        first = self.values(update).at_least(0) if update is not None else None
        return (update, first) if update is not None and first is not None else None

    def _next_turn(self, update: int) -> int | None:
        """The next update that visits anything: with several objectives, another one may have its turn before."""
        assert self.values is not None
        for later in range(update + 1, update + 1 + self.run.schedule.turns):
            if not self.run.goes_on(later - 1):
                return None
            if self.values(later):
                return later
        return None

    def _last_turn(self, update: int) -> int | None:
        """The last update before that visits anything."""
        assert self.values is not None
        earlier = range(update - 1, max(-1, update - 1 - self.run.schedule.turns), -1)
        return next((n for n in earlier if self.values(n)), None)

    def _before(self, at: Position) -> tuple[int, int] | None:
        if self.values is None:
            if at.value > 0:
                return at.update, at.value - 1
            return (at.update - 1, self.run.times(at.update - 1).count) if at.update > 0 else None
        earlier = self.values(at.update).at_most(at.value - 1)
        if earlier is not None:
            return at.update, earlier
        update = self._last_turn(at.update)
        last = self.values(update).at_most(self.run.times(update).count) if update is not None else None
        return (update, last) if update is not None and last is not None else None

    def _visited(self, at: Position) -> bool:
        return self.values is None or at.value in self.values(at.update)

    def _with_origin(self, at: Position, found: Position | None, forward: bool) -> Position | None:
        """`found`, or the place where following began if that lies nearer."""
        began = self.began
        if self.values is None or began is None or began == at or (began > at) != forward:
            return found
        if found is None:
            return began
        return min(found, began) if forward else max(found, began)

    # into

    def into(self, at: Position) -> Position | None:
        """The next term or factor."""
        if self._visited(at) and at.value and at.inner < self.run.times(at.update).stops(at.value):
            return self._with_origin(at, Position(at.update, at.value, at.inner + 1), True)
        found = self._after(at)
        first = Position(found[0], found[1], 1 if found[1] else 0) if found else None
        return self._with_origin(at, first, True)

    def back_into(self, at: Position) -> Position | None:
        """The term or factor before."""
        if self._visited(at) and at.inner > 1:
            return self._with_origin(at, Position(at.update, at.value, at.inner - 1), False)
        found = self._before(at)
        return self._with_origin(at, self.close(*found) if found else None, False)

    # over

    def over(self, at: Position) -> Position | None:
        """The end of the value in the making, else of the next one."""
        if self._visited(at) and at.value and at.inner < self.run.times(at.update).stops(at.value):
            return self._with_origin(at, self.close(at.update, at.value), True)
        found = self._after(at)
        return self._with_origin(at, self.close(*found) if found else None, True)

    def back_over(self, at: Position) -> Position | None:
        """The end of the previous value."""
        found = self._before(at)
        return self._with_origin(at, self.close(*found) if found else None, False)

    # out: frames know where they end

    def back_out(self, at: Position) -> Position | None:
        """The start of the innermost frame that is not at its start: the end of what came before it."""
        times = self.run.times(at.update)
        starts = [self.close(at.update, first) for _, first, _ in times.frames(at.value)] if at.value else []
        if at.inner < times.stops(at.value):
            starts.insert(0, self.close(at.update, at.value - 1))
        batches = self.run.schedule.batches
        starts += [Position(at.update), Position(at.update - at.update % batches), Position(max(0, at.update - 1)),
                   Position(0)]
        target = next((s for s in starts if s < at), None)
        if target is None or self.values is None:
            return target
        return self._first_after(target, at)

    # the ends of followed values

    def first_closed(self, update: int, since: Position) -> Position | None:
        """The first followed value of an update that is made at a position or after it."""
        assert self.values is not None
        number = self.values(update).at_least(since.value if update == since.update else 0)
        return self.close(update, number) if number is not None else None

    def last_closed(self, update: int, until: Position) -> Position | None:
        """The last followed value of an update that is made at a position or before it."""
        assert self.values is not None
        number = self.values(update).at_most(until.value if update == until.update else self.run.times(update).count)
        if number is not None and self.close(update, number) > until:
            number = self.values(update).at_most(number - 1)
        return self.close(update, number) if number is not None else None

    def _first_after(self, start: Position, at: Position) -> Position | None:
        """The first followed value in [start, at), or where following began."""
        assert self.values is not None
        found: Position | None = None
        for update in dict.fromkeys((start.update, at.update)):
            found = self.first_closed(update, start)
            if found is not None and found < at:
                break
            found = None
        if self.began is not None and self.began < at and (found is None or start <= self.began < found):
            return self.began
        return found if found is not None else self.back_over(at)
