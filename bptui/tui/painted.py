"""A screen that is drawn behind the keys that wait, and works between them: the one place that runs slices.

The debugger's is one, and so is the list of runs.
"""

from __future__ import annotations

from abc import abstractmethod

from textual.screen import Screen

from .host import Host
from .timers import PunctualScreen

SLICE = 0.008                                       # seconds of work between two looks at the keyboard
REST = 0.002


class Painted(PunctualScreen, Screen[None]):
    """`stale`: it is to be drawn. `drawn`: when it was drawn last. `working`: until nothing is left to do."""

    app: Host                                       # type: ignore[assignment]
    stale = begun = False
    working = True                                  # there is nothing to see yet
    drawn = 0.0

    @abstractmethod
    def draw_now(self) -> None:
        """Draw it, and begin what there is to do."""

    @abstractmethod
    def work(self) -> tuple[bool, bool]:
        """A slice of whatever is to be done: whether something is to be drawn, and whether there is more to do."""

    def seen(self) -> None:
        """It has been drawn for the first time, or again in another size."""
        if not self.begun:
            self.begun = True
            self.go_on()

    def paint(self) -> None:
        """Draw once for all the keys that have come meanwhile, as soon as the link can take it."""
        if not self.stale:
            self.stale = True
            self._draw_soon()

    def _draw_soon(self) -> None:
        if wait := self.app.until_drawn(self.drawn):
            self.set_timer(wait, self._draw_soon)
        else:
            self.app.call_later(self.draw_now)      # behind the keys that wait there

    def begin(self) -> None:
        """Begin to work, if there is anything to do and nothing is being done."""
        if not self.working:
            self.working = True
            self.set_timer(REST, self.go_on)        # also while a question stands over this screen

    def go_on(self) -> None:
        """A few milliseconds of work; again, until nothing is left."""
        changed, more = self.work()
        if changed:
            self.paint()
        if more:
            self.set_timer(REST, self.go_on)
        else:
            self.rest()

    def rest(self) -> None:
        """Nothing is left to do."""
        self.working = False
