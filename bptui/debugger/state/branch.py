"""One of the runs that a session has, with what is known of it: the scenario's own, A, or a what-if run."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ...explain.listing import ProgramLine, listing
from ...explain.marks import Marks
from ...explain.namer import Namer
from ...replay.hits import Hits
from ...replay.run import Run
from ...replay.series import Series
from ...replay.timeline import Timeline
from ...replay.trouble import Troubles
from .insights import Insights

OWN = "A"                                           # the scenario's own run


@dataclass
class Branch:
    """`searched` has the hits that were looked for, by what they are of; `known` has values that were evaluated.

    `series` has curves, by what they are of and the data row; `marking`, the seconds that went into the marks of the
    time line.
    """

    name: str
    run: Run
    searched: dict[str, Hits] = field(default_factory=dict)
    known: dict[tuple[str, int, int], Any] = field(default_factory=dict)
    series: dict[tuple[tuple[str, ...], int | None], Series] = field(default_factory=dict)
    marking: float = 0.0
    called: str = ""                                # a person's name for it, beside its letter
    listings: dict[Timeline, tuple[ProgramLine, ...]] = field(default_factory=dict)

    @cached_property
    def marks(self) -> Marks:
        return Marks(self.run)

    @cached_property
    def namer(self) -> Namer:
        return Namer(self.run.scenario)

    @cached_property
    def insights(self) -> Insights:
        return Insights(self.run)

    @cached_property
    def troubles(self) -> Troubles:
        return Troubles(self.run)

    def lines(self, times: Timeline) -> tuple[ProgramLine, ...]:
        """The program listing of an update; updates of one batch size share it."""
        if times not in self.listings:
            self.listings[times] = tuple(listing(times.program, times, self.namer))
        return self.listings[times]
