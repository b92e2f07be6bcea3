"""Running on to a hit, forwards or back: the next stop, the next change of a value, the next trouble.

A search ends at a hit, and says why it stopped there, or where it began, and says why it did not. Interrupted, it
leaves everybody where they were.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...explain import notation, troubles
from ...replay.hits import Conditional, Hits, OfTrouble
from ...replay.stops import ANY, Stop
from ...replay.timeline import Position
from ...scenario.errors import QuantityError, sentence
from ..job import begin
from ..state import stops as set_stops
from ..state.session import Session
from . import suggestion, typed

WELL = "No trouble in this run: all numbers are finite, and every layer hears the error."
COUNTING = 0.2                                      # seconds in which the hits to come are counted, for "3 of 17"


@dataclass(frozen=True)
class Source:
    """Hits that a search may stop at: what they are of, and the number of the stop, if it is one."""

    hits: Hits
    name: str
    stop: int | None = None


@dataclass(frozen=True)
class Seek:
    """A search: where it began, which way it goes, and what to say when there is nothing."""

    session: Session
    sources: Sequence[Source]
    forward: bool
    began: Position
    nothing: Callable[[], str]

    def work(self, seconds: float) -> bool:
        end = time.perf_counter() + seconds
        while (waiting := self._waiting()) is not None:
            if time.perf_counter() > end:
                return True
            waiting.hits.work(max(0.0, min(0.01, end - time.perf_counter())))
        found = [(at, source) for source in self.sources if (at := self._nearest(source.hits)) is not None]
        if found:
            at, source = (min if self.forward else max)(found, key=lambda pair: pair[0])
            _stop_at(self.session, at, source)
        else:
            self.session.message = self.nothing()
        return False

    def progress(self) -> str:
        run, source = self.session.run, self._waiting()
        if source is None:
            return ""
        looked = min(source.hits.judged, run.updates)
        return f"Looking for {source.name}: after {looked:,} of {run.updates:,} updates … Ctrl-C stops, and stays here."

    def stop(self) -> str:
        return "Search stopped; you are where you were."

    def _nearest(self, hits: Hits) -> Position | None:
        """The next hit, or the one before, among what has been looked through."""
        rank = hits.rank(self.began)
        if self.forward:
            return hits.nth(rank + 1) if rank < hits.count else None
        while rank and hits.nth(rank) >= self.began:
            rank -= 1
        return hits.nth(rank) if rank else None

    def _waiting(self) -> Source | None:
        """A source that must be looked through further before the nearest hit is known."""
        if not self.forward:
            return next((s for s in self.sources if not s.hits.complete and s.hits.judged <= self.began.update), None)
        known = [at for s in self.sources if (at := self._nearest(s.hits)) is not None]
        until = min(known).update if known else None
        late = [s for s in self.sources if not s.hits.complete and (until is None or s.hits.judged <= until)
                and self._nearest(s.hits) is None]
        return min(late, key=lambda s: s.hits.judged, default=None)


def next_stop(session: Session, by: int) -> None:
    """On to the next hit of any stop that is on, or back to the one before."""
    if not session.stops:
        session.message = "No stop set: b sets one where the cursor is, or on a condition, as in E < 0.001." + (
            " G goes to the end of the run." if by > 0 else "")
        return
    sources = [Source(hits, f"stop {number}, {set_stops.title(session, number)}", number)
               for number, hits in set_stops.sources(session)]
    if not sources:
        session.message = "All stops are off, or only log: the list (B) has them."
        return
    _begin(session, sources, by, lambda: _no_more(sources, by))


def next_change(session: Session, by: int, text: str = "") -> None:
    """To the next step that changes what was typed, or else what the cursor is on; or back: who changed this?"""
    quantity = suggestion.quantity(session)
    if not text and not quantity:
        session.message = "Put the cursor on a weight or a value first: v finds the next step that changes it."
        return
    try:
        quantity = typed.quantity(session, text) if text else quantity
        hits = changes(session, quantity)
    except QuantityError as error:
        session.message = sentence(error)
        return
    shown = notation.readable(quantity)

    def nothing() -> str:
        when = "after this" if by > 0 else "before this"
        return f"{shown} does not change {when}."
    _begin(session, [Source(hits, f"a change of {shown}")], by, nothing)


def changes(session: Session, quantity: str) -> Hits:
    """The steps that make another value of a quantity than it had; of `w5` and `w5.next`, those that write w5."""
    base = quantity.removesuffix(".next")
    key = f"changed({base})"
    if key not in session.searched:
        session.searched[key] = Conditional(session.run, Stop(condition=key, sample=_sample(session)))
    return session.searched[key]


def _sample(session: Session) -> int | None:
    return session.row() if session.run.model.rows.count > 1 else None


def next_trouble(session: Session, by: int) -> None:
    """To the next place where something begins to go wrong, or back to the one before."""
    hits = OfTrouble(session.troubles, ANY)

    def nothing() -> str:
        if not hits.count:
            return WELL
        where = "after" if by > 0 else "before"
        times = "once" if hits.count == 1 else f"{hits.count:,} times"
        return f"No trouble begins {where} this; in the whole run it begins {times}."
    _begin(session, [Source(hits, "trouble")], by, nothing)


def _begin(session: Session, sources: Sequence[Source], by: int, nothing: Callable[[], str]) -> None:
    begin(session, Seek(session, sources, by > 0, session.position, nothing))


def _no_more(sources: Sequence[Source], by: int) -> str:
    total = sum(source.hits.count for source in sources)
    which = "stop" if len(sources) == 1 else "stops"
    if not total:
        return f"The {which} {'is' if len(sources) == 1 else 'are'} never hit in this run."
    where = "after this, to the end" if by > 0 else "before this, back to the start"
    return f"No hit {where} of the run; it has {total:,} in all."


def _stop_at(session: Session, at: Position, source: Source) -> None:
    """Stand at a hit, and say why."""
    end = time.perf_counter() + COUNTING
    while not source.hits.complete and time.perf_counter() < end:
        source.hits.work(0.02)
    rank, of = source.hits.rank(at), f" of {source.hits.count:,}" if source.hits.complete else ""
    why, lane = source.name, None
    if isinstance(source.hits, OfTrouble):
        trouble = source.hits.found[rank - 1]
        why, lane = troubles.about(session.run, trouble), troubles.lane(session.run, trouble)
    goto(session, at, f"Stopped: {why}. Hit {rank:,}{of}.")
    if lane is not None:
        session.lane = lane
    if source.stop is not None:
        set_stops.stopped(session, source.stop)


def goto(session: Session, at: Position, message: str) -> None:
    """Stand at a place that was looked for. What is not on the followed way is not followed there."""
    if session.followed is not None and at.value and at.value not in session.needed(at.update, session.followed):
        session.followed = None
    session.jump(at, message)
