"""Searching for a number or a name, hit by hit, in slices between which the screen is drawn."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..explain import notation, search
from ..replay.meaning import instead
from ..replay.timeline import Position
from ..scenario import decimals
from ..scenario.errors import sentence
from .session import Session

FIRST_LOOK = 0.03                                   # seconds of a search before the screen is drawn again


@dataclass
class Finding:
    """A search: its hits so far, and which of them is shown."""

    text: str
    source: Iterator[search.Hit | None] | None
    began: Position
    hits: list[search.Hit] = field(default_factory=list)
    at: int = -1
    wanted: int | None = None                       # the hit that is being looked for


def find(session: Session, text: str) -> None:
    """Begin a search; it goes on in slices until it has a hit."""
    if unclear := decimals.with_points(text)[1]:
        session.message = sentence(unclear)
    elif (typed := search.read_number(text)) is not None and typed.beyond:
        session.message = f"{typed.text} {typed.beyond}."
    elif text.strip():
        source = search.search(session.run, session.marks, text, session.position.update, session.lane)
        session.finding = Finding(text.strip(), source, session.position)
        _want(session, 0)


def find_again(session: Session, by: int) -> None:
    if session.finding is None:
        session.message = "Nothing was searched for yet: / finds a number or a name."
        return
    _want(session, session.finding.at + by)


def _want(session: Session, number: int) -> None:
    finding = session.finding
    assert finding is not None
    if number < 0:
        session.message = "This is the first find." if finding.hits else f"{finding.text} was not found."
        return
    finding.wanted = number
    search_on(session, FIRST_LOOK)


def searching(session: Session) -> bool:
    return session.finding is not None and session.finding.wanted is not None


def search_on(session: Session, seconds: float) -> None:
    """Go on searching for about `seconds`; a hit moves time."""
    finding, end = session.finding, time.perf_counter() + seconds
    if finding is None or finding.wanted is None:
        return
    while finding.wanted >= len(finding.hits) and finding.source is not None:
        hit = next(finding.source, StopIteration)
        if hit is StopIteration:
            finding.source = None
        elif isinstance(hit, search.Hit):
            finding.hits.append(hit)
        if time.perf_counter() > end and finding.wanted >= len(finding.hits):
            session.message = f"Searching for {finding.text} … Ctrl-C stops the search."
            return
    wanted, finding.wanted = finding.wanted, None
    if wanted < len(finding.hits):
        _show(session, finding, wanted)
    elif finding.hits:
        session.message = f"That was the last of {len(finding.hits)} finds."
    else:
        session.message = sentence(f"{finding.text} was not found{_nowhere(session, finding.text)}")


def _nowhere(session: Session, text: str) -> str:
    """Where a number was looked for; of a name, which there are."""
    run = session.run
    if search.read_number(text) is None:
        return instead(run, run.program(session.position.update), text)
    whole = run.known >= run.updates
    known = "this run" if whole else f"the first {notation.counted(run.known + 1, 'update')}"
    small = run.schedule.kind == "straight"
    return f" in {known}" if small else f" in this update, nor as a loss or an output in {known}"


def interrupt(session: Session) -> bool:
    """Stop a search and stand where it began; False if there was none."""
    if not searching(session):
        return False
    assert session.finding is not None
    session.finding.wanted = None
    session.message = f"Search for {session.finding.text} stopped; you are where you were."
    return True


def _show(session: Session, finding: Finding, number: int) -> None:
    finding.at = number
    hit = finding.hits[number]
    if session.followed is not None and hit.at.value not in session.needed(hit.at.update, session.followed):
        session.followed = None                    # the chain shows what was found
    when = f", after {notation.counted(hit.at.update, 'update')}" if hit.at.update else ""
    of = f" of {len(finding.hits)}" if finding.source is None else ""
    same = hit.what.replace(" ", "").lower() == finding.text.replace(" ", "").lower()
    said = hit.what if same else f"{finding.text} is {hit.what}"
    session.jump(hit.at, f"{said}{when}. Find {number + 1}{of}; . next, - back.")
    if hit.meaning is not None:
        session.show(hit.meaning)
