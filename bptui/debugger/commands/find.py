"""Searching for a number or a name, hit by hit, in slices between which the screen is drawn."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ...explain import notation, search
from ...replay.meaning import instead
from ...scenario import decimals
from ...scenario.errors import sentence
from ..job import begin
from ..state.records import Search
from ..state.session import Session


def find(session: Session, text: str) -> None:
    """Begin a search; it goes on in slices until it has a hit."""
    if unclear := decimals.with_points(text)[1]:
        session.message = sentence(unclear)
    elif (typed := search.read_number(text)) is not None and typed.beyond:
        session.message = f"{typed.text} {typed.beyond}."
    elif text.strip():
        source = search.search(session.run, session.marks, text, session.position.update, session.lane)
        session.finding = Search(text.strip(), source)
        begin(session, Find(session, session.finding, 0))


def find_again(session: Session, by: int) -> None:
    """To the next find, or the one before."""
    finding = session.finding
    if finding is None:
        session.message = "Nothing was searched for yet: / finds a number or a name."
    elif finding.at + by < 0:
        session.message = "This is the first find." if finding.hits else f"{finding.text} was not found."
    else:
        begin(session, Find(session, finding, finding.at + by))


@dataclass(frozen=True)
class Find:
    """The way to one of the hits of a search, which moves time."""

    session: Session
    finding: Search
    wanted: int

    def work(self, seconds: float) -> bool:
        finding, end = self.finding, time.perf_counter() + seconds
        while self.wanted >= len(finding.hits) and finding.source is not None:
            hit = next(finding.source, StopIteration)
            if hit is StopIteration:
                finding.source = None
            elif isinstance(hit, search.Hit):
                finding.hits.append(hit)
            if time.perf_counter() > end and self.wanted >= len(finding.hits):
                return True
        if self.wanted < len(finding.hits):
            _show(self.session, finding, self.wanted)
        elif finding.hits:
            self.session.message = f"That was the last of {len(finding.hits)} finds."
        else:
            self.session.message = sentence(f"{finding.text} was not found{_nowhere(self.session, finding.text)}")
        return False

    def progress(self) -> str:
        return f"Searching for {self.finding.text} … Ctrl-C stops the search."

    def stop(self) -> str:
        return f"Search for {self.finding.text} stopped; you are where you were."


def _nowhere(session: Session, text: str) -> str:
    """Where a number was looked for; of a name, which there are."""
    run = session.run
    if search.read_number(text) is None:
        return instead(run, run.program(session.position.update), text)
    whole = run.known >= run.updates
    known = "this run" if whole else f"the first {notation.counted(run.known + 1, 'update')}"
    small = run.schedule.kind == "straight"
    return f" in {known}" if small else f" in this update, nor as a loss or an output in {known}"


def _show(session: Session, finding: Search, number: int) -> None:
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
