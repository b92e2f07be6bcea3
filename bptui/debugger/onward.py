"""On the way to an update that the run has not come to yet: keys are heard, and Ctrl-C stays where one was."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..replay.run import Run

AT_ONCE = 0.3                                       # seconds that a key may take
NEAR = {"straight": 20_000, "arrays": 100}          # updates that take no time, by executor
LOOK = 0.02                                         # seconds of running between two looks at the clock


@dataclass(frozen=True)
class Onward:
    """Run on to `update`, and then `arrive`."""

    run: Run
    update: int
    arrive: Callable[[], None]


def reached(run: Run, update: int, seconds: float = AT_ONCE) -> bool:
    """Run on to an update, or the run's end, for about `seconds`; whether it has come near enough to go there."""
    end, near = time.perf_counter() + seconds, NEAR[run.schedule.kind]
    while run.known < min(update, run.updates) - near:
        if time.perf_counter() > end:
            return False
        run.work(LOOK)
    return True


def progress(onward: Onward) -> str:
    return f"Running on: after {onward.run.known:,} of {min(onward.update, onward.run.updates):,} updates … " \
           "Ctrl-C stops, and stays here."
