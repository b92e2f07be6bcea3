"""What takes longer than a key: a search, a way to a far update, the look for somebody's digits.

A job goes on in slices, so that whoever shows it can draw, or be interrupted, between two of them. There is one at a
time: what is begun takes the place of what was being done. Whatever a person does that needs a far update goes this
way, too: a place that is gone to, and a text that names one by `@`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from ..replay.quantity import NEAR
from ..replay.run import Run

PINNED = re.compile(r"@\s*([0-9]{1,19})(?![0-9])")
FIRST_LOOK = 0.03                                   # seconds of a search before the screen is drawn again
AT_ONCE = 0.3                                       # seconds that a key may take
LOOK = 0.02                                         # seconds of running between two looks at the clock


class Job(Protocol):
    """What takes longer than a key."""

    def work(self, seconds: float) -> bool:
        """A slice of about so many seconds; False when nothing is left to do."""
        ...

    def progress(self) -> str:
        """How far it has come, in a sentence; nothing is silence."""
        ...

    def stop(self) -> str:
        """Put back what it began with, and say so."""
        ...


class Desk(Protocol):
    """Who has a job, and a line of words for what comes of it: a session."""

    job: Job | None
    message: str


def begin(desk: Desk, job: Job, seconds: float | None = None) -> None:
    """Begin a job in the place of the one that there was; what takes no longer than a key is done."""
    drop(desk)
    desk.job = job
    go_on(desk, FIRST_LOOK if seconds is None else seconds)


def go_on(desk: Desk, seconds: float) -> bool:
    """A slice of the job; False if there is none."""
    job, desk.job = desk.job, None                  # where it leads, another may begin
    if job is None:
        return False
    if job.work(seconds):
        desk.job = job
        desk.message = job.progress() or desk.message
    return True


def stop(desk: Desk) -> bool:
    """Stop the job, which says so; False if there is none."""
    job, desk.job = desk.job, None
    if job is None:
        return False
    desk.message = job.stop()
    return True


def drop(desk: Desk) -> None:
    """Stop the job without a word: something else is done."""
    said = desk.message
    stop(desk)
    desk.message = said


# to a far update

@dataclass(frozen=True)
class Onward:
    """Run on to `update`, and then `arrive`."""

    run: Run
    update: int
    arrive: Callable[[], object]

    def work(self, seconds: float) -> bool:
        if not reached(self.run, self.update, seconds):
            return True
        self.arrive()
        return False

    def progress(self) -> str:
        run = self.run
        return f"Running on: after {run.known:,} of {min(self.update, run.updates):,} updates … " \
               "Ctrl-C stops, and stays here."

    def stop(self) -> str:
        return "Search stopped; you are where you were."


def reached(run: Run, update: int, seconds: float = AT_ONCE) -> bool:
    """Run on to an update, or the run's end, for about `seconds`; whether it has come near enough to go there."""
    end, near = time.perf_counter() + seconds, NEAR[run.schedule.kind]
    while run.known < min(update, run.updates) - near:
        if time.perf_counter() > end:
            return False
        run.work(LOOK)
    return True


def pinned(run: Run, texts: Iterable[str]) -> int:
    """The last update of the run that one of some texts names by `@`; what lies past its end is refused anyway."""
    return max((n for text in texts for found in PINNED.findall(text) if (n := int(found)) <= run.updates), default=0)
