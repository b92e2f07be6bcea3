"""On the way to an update that the run has not come to yet: keys are heard, and Ctrl-C stays where one was.

Whatever a person does that needs a far update goes this way: a place that is gone to, and a text that names one by `@`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..replay.quantity import NEAR
from ..replay.run import Run

if TYPE_CHECKING:
    from .session import Session

PINNED = re.compile(r"@\s*([0-9]{1,19})(?![0-9])")
AT_ONCE = 0.3                                       # seconds that a key may take
LOOK = 0.02                                         # seconds of running between two looks at the clock


@dataclass(frozen=True)
class Onward:
    """Run on to `update`, and then `arrive`."""

    run: Run
    update: int
    arrive: Callable[[], object]


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


def perform(session: Session, act: Callable[[Session, str], object], text: str) -> None:
    """Do what a command does with a text; first run on to what it names, in slices, where that is far."""
    run, update = session.run, pinned(session.run, (text,))
    if reached(run, update):
        act(session, text)
    else:
        onward = Onward(run, update, lambda: act(session, text))
        session.seek, session.message = onward, progress(onward)


def progress(onward: Onward) -> str:
    return f"Running on: after {onward.run.known:,} of {min(onward.update, onward.run.updates):,} updates … " \
           "Ctrl-C stops, and stays here."
