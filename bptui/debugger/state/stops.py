"""The list of stops: setting them, switching them off and on, their hits, and the table that a log fills."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ...explain import notation
from ...replay import stops
from ...replay.hits import Hits, hits_of
from ...replay.quantity import evaluate_text
from ...replay.timeline import Position
from ...scenario.errors import QuantityError, sentence
from ..job import drop
from .records import SetStop
from .session import Session

MOST_MARKED = 100                                   # hits of a stop that are marked in an update


def set_stop(session: Session, text: str) -> None:
    """Set a stop that was typed, or, given the number of one, switch it on or off."""
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", text):
        switch(session, int(text))
        return
    try:
        stop = stops.fitted(session.run, stops.read_stop(text), session.row())
        if stop.after is not None and stop.after not in session.stops:
            raise QuantityError(f"there is no stop {stop.after}")
    except QuantityError as error:
        session.message = sentence(error)
        return
    same = next((n for n, other in session.stops.items() if other.stop == stop), None)
    if same is not None:
        session.stops[same] = SetStop(stop)
        session.message = f"Stop {same} is there already: {title(session, same)}."
        return
    number = max((*session.stops, session.last_stop)) + 1
    session.last_stop = number
    session.stops[number] = SetStop(stop)
    session.cursor["stops"] = len(session.stops) - 1
    then = "It only logs: B, and Enter shows its table" if stop.log is not None else "c runs on to it, C back"
    session.message = f"Stop {number}: {title(session, number)}. {then}."


def title(session: Session, number: int) -> str:
    """What a stop is, as it is shown."""
    stop = session.stops[number].stop
    return notation.readable(stops.write_stop(stop)) if stop.trouble == "" else stops.write_stop(stop)


def hits(session: Session, number: int) -> Hits | None:
    """The hits of a stop in the run on screen; None where it does not fit."""
    if number not in session.stops:
        return None
    key = f"{number}: {stops.write_stop(session.stops[number].stop)}"
    if key not in session.searched:
        try:
            stop = stops.fitted(session.run, session.stops[number].stop, session.row())
            session.searched[key] = hits_of(session.run, stop, session.troubles,
                                            lambda other: None if other >= number else hits(session, other))
        except QuantityError as error:
            session.stops[number] = replace(session.stops[number], fault=str(error))
            return None
        session.stops[number] = replace(session.stops[number], fault="")
    return session.searched[key]


def sources(session: Session) -> Iterator[tuple[int, Hits]]:
    """The stops that a run stops at: those that are on, fit, and do not only log."""
    for number, each in list(session.stops.items()):
        if each.enabled and each.stop.log is None and (found := hits(session, number)) is not None:
            yield number, found


def stopped(session: Session, number: int) -> None:
    """A stop has stopped: one that is for once is off now."""
    each = session.stops.get(number)
    if each is not None and each.stop.once:
        session.stops[number] = replace(each, enabled=False)
        session.message += " It was for once, and is off now."


def switch(session: Session, number: int) -> None:
    """Switch a stop on or off."""
    if number not in session.stops:
        session.message = f"There is no stop {number}."
        return
    drop(session)
    each = session.stops[number]
    session.stops[number] = replace(each, enabled=not each.enabled)
    session.message = f"Stop {number} is {'off' if each.enabled else 'on'}: {title(session, number)}."


def remove(session: Session, number: int) -> None:
    if number not in session.stops:
        session.message = f"There is no stop {number}."
        return
    needed = [n for n, each in session.stops.items() if each.stop.after == number]
    if needed:
        session.message = f"Stop {needed[0]} comes after stop {number}: remove that one first."
        return
    text = title(session, number)
    del session.stops[number]
    drop(session)
    session.listed = 0 if session.listed == number else session.listed
    session.message = f"Stop {number} is gone: {text}."


def counts(session: Session, number: int) -> str:
    """`hit 3 of 17`: the hit that one stands at or has passed, and how many there are as far as it is known."""
    found = hits(session, number)
    if found is None:
        return "does not fit"
    at_least = "" if found.complete else "+"
    if not found.count:
        return "no hit" if found.complete else "no hit yet"
    rank = found.rank(session.position)
    return f"hit {rank:,} of {found.count:,}{at_least}" if rank else f"{found.count:,}{at_least} to come"


def in_update(session: Session) -> list[int]:
    """The numbers of the values of this update at which a stop that is on stops, as far as it is known."""
    update, found = session.position.update, list[int]()
    for number, each in list(session.stops.items()):
        of = hits(session, number) if each.enabled else None
        if of is not None and of.judged > update:
            first = of.rank(Position(update - 1, session.run.times(update - 1).count + 1)) if update else 0
            last = of.rank(Position(update, session.times.count + 1))
            found += [of.nth(n).value for n in range(first + 1, min(last, first + MOST_MARKED) + 1)]
    return found


def go_to_hit(session: Session, number: int, rank: int) -> None:
    """Jump to one of a stop's hits, by its number from 1."""
    found = hits(session, number)
    if found is None or not 1 <= rank <= found.count:
        session.message = f"Stop {number} has no hit {rank}."
        return
    of = f" of {found.count:,}" if found.complete else ""
    session.jump(found.nth(rank), f"Hit {rank:,}{of} of stop {number}, {title(session, number)}. - goes back.")


def evaluated(session: Session, number: int, at: Position) -> list[Any]:
    """What a stop logs at a hit; None where it cannot be told there."""
    each = session.stops[number].stop
    found: list[Any] = []
    for text in each.log or ():
        try:
            found.append(evaluate_text(session.run, text, at.update, each.sample))
        except QuantityError:
            found.append(None)
    return found


def logged(session: Session, number: int, at: Position) -> list[str]:
    """What a stop logs at a hit, as text."""
    return ["-" if value is None else notation.value(value) for value in evaluated(session, number, at)]


def made_at(session: Session, at: Position) -> tuple[str, float] | None:
    """The value that is made at a hit, with its name."""
    if not at.value:
        return None
    times = session.run.times(at.update)
    block, element = times.locate(at.value)
    out = times.blocks[block].out
    lane = min(session.lane, times.program.samples - 1)
    value = session.run.env(at.update).scalar((out, out.flat(element, lane)))
    return session.namer.of(out, element), value


def shown_at(session: Session, at: Position, room: int = 1000) -> str:
    """The value that is made at a hit, by its name if there is room for it."""
    found = made_at(session, at)
    if found is None:
        return ""
    name, shown = found[0], notation.one(found[1])
    return f"{name} = {shown}" if len(name) + len(shown) + 3 <= room else shown


def count_on(session: Session, seconds: float) -> bool:
    """Go on looking for the hits of the stops that are set; False when all are counted."""
    for number in session.stops:
        found = hits(session, number)
        if found is not None and not found.complete:
            found.work(seconds)
            return True
    return False
