"""Running on to a hit, forwards or back: the next stop, the next change of a value, the next trouble.

A search goes on in slices, between which the screen is drawn. It ends at a hit, and says why it stopped there, or
where it began, and says why it did not. Interrupted, it leaves everybody where they were.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..explain import notation, troubles
from ..replay.hits import Conditional, Hits, OfTrouble
from ..replay.stops import ANY, Stop
from ..replay.timeline import Position
from ..scenario.errors import QuantityError, sentence
from . import pointing, stopping, suggesting
from .onward import Onward, progress, reached
from .session import Session

FIRST_LOOK = 0.03                                   # seconds of a search before the screen is drawn again
WELL = "No trouble in this run: all numbers are finite, and every layer hears the error."
COUNTING = 0.2                                      # seconds in which the hits to come are counted, for "3 of 17"


@dataclass(frozen=True)
class Source:
    """Hits that a search may stop at: what they are of, and the number of the stop, if it is one."""

    hits: Hits
    name: str
    stop: int | None = None


@dataclass
class Seek:
    """A search: where it began, which way it goes, and what to say when there is nothing."""

    sources: Sequence[Source]
    forward: bool
    began: Position
    nothing: Callable[[], str]


def next_stop(session: Session, by: int) -> None:
    """On to the next hit of any stop that is on, or back to the one before."""
    if not session.stops:
        session.message = "No stop set: b sets one where the cursor is, or on a condition, as in E < 0.001." + (
            " G goes to the end of the run." if by > 0 else "")
        return
    sources = [Source(hits, f"stop {number}, {stopping.title(session, number)}", number)
               for number, hits in stopping.sources(session)]
    if not sources:
        session.message = "All stops are off, or only log: the list (B) has them."
        return
    _begin(session, sources, by, lambda: _no_more(sources, by))


def next_change(session: Session, by: int, text: str = "") -> None:
    """To the next step that changes what was typed, or else what the cursor is on; or back: who changed this?"""
    quantity = suggesting.quantity(session)
    if not text and not quantity:
        session.message = "Put the cursor on a weight or a value first: v finds the next step that changes it."
        return
    try:
        quantity = pointing.quantity(session, text) if text else quantity
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
    session.seek = Seek(sources, by > 0, session.position, nothing)
    seek_on(session, FIRST_LOOK)


def _no_more(sources: Sequence[Source], by: int) -> str:
    total = sum(source.hits.count for source in sources)
    which = "stop" if len(sources) == 1 else "stops"
    if not total:
        return f"The {which} {'is' if len(sources) == 1 else 'are'} never hit in this run."
    where = "after this, to the end" if by > 0 else "before this, back to the start"
    return f"No hit {where} of the run; it has {total:,} in all."


# going on

def seek_on(session: Session, seconds: float) -> None:
    """Go on searching for about `seconds`; a hit moves time."""
    seek = session.seek
    if seek is None:
        return
    if isinstance(seek, Onward):
        if reached(seek.run, seek.update, seconds):
            session.seek = None
            seek.arrive()
        else:
            session.message = progress(seek)
        return
    end = time.perf_counter() + seconds
    while (waiting := _waiting(seek)) is not None:
        if time.perf_counter() > end:
            session.message = _progress(session, waiting)
            return
        waiting.hits.work(max(0.0, min(0.01, end - time.perf_counter())))
    session.seek = None
    found = [(at, source) for source in seek.sources if (at := _nearest(source.hits, seek)) is not None]
    if not found:
        session.message = seek.nothing()
        return
    at, source = (min if seek.forward else max)(found, key=lambda pair: pair[0])
    _stop_at(session, at, source)


def _nearest(hits: Hits, seek: Seek) -> Position | None:
    """The next hit, or the one before, among what has been looked through."""
    rank = hits.rank(seek.began)
    if seek.forward:
        return hits.nth(rank + 1) if rank < hits.count else None
    while rank and hits.nth(rank) >= seek.began:
        rank -= 1
    return hits.nth(rank) if rank else None


def _waiting(seek: Seek) -> Source | None:
    """A source that must be looked through further before the nearest hit is known."""
    if not seek.forward:
        return next((s for s in seek.sources if not s.hits.complete and s.hits.judged <= seek.began.update), None)
    known = [at for s in seek.sources if (at := _nearest(s.hits, seek)) is not None]
    until = min(known).update if known else None
    late = [s for s in seek.sources if not s.hits.complete and (until is None or s.hits.judged <= until)
            and _nearest(s.hits, seek) is None]
    return min(late, key=lambda s: s.hits.judged, default=None)


def _progress(session: Session, source: Source) -> str:
    run = session.run
    looked = min(source.hits.judged, run.updates)
    return f"Looking for {source.name}: after {looked:,} of {run.updates:,} updates … Ctrl-C stops, and stays here."


def seeking(session: Session) -> bool:
    return session.seek is not None


def interrupt(session: Session) -> bool:
    """Stop a search and stand where it began; False if there was none."""
    if session.seek is None:
        return False
    session.seek = None
    session.message = "Search stopped; you are where you were."
    return True


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
        stopping.stopped(session, source.stop)


def goto(session: Session, at: Position, message: str) -> None:
    """Stand at a place that was looked for. What is not on the followed way is not followed there."""
    if session.followed is not None and at.value and at.value not in session.needed(at.update, session.followed):
        session.followed = None
    session.jump(at, message)
