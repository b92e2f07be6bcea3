"""Timers that go off, and screens that know the size that there is now.

One of Textual 8.2.8 that is to go off once skips what it has missed: where more than its delay passes between two of
its lines (another thread has the processor, a signal is handled, the machine is busy), it ends without a word. What it
was to do is then never done: the run is not worked ahead, and a screen keeps the size that it had for ever.
"""

from __future__ import annotations

from typing import Any

from textual.geometry import Size
from textual.timer import Timer


class Punctual:
    """Of an application or a screen whose timers go off, be it late."""

    def set_timer(self, *arguments: Any, **options: Any) -> Timer:
        timer: Timer = super().set_timer(*arguments, **options)     # type: ignore[misc]
        timer._skip = False                         # it has not begun to run yet
        return timer


class PunctualScreen(Punctual):
    """Of a screen that others can stand on: each of those hands on every size it hears of, when it comes to it. What is
    handed on late, by one that is closed before it has heard of the next, would be kept."""

    def _screen_resized(self, size: Size) -> None:
        screen: Any = self
        super()._screen_resized(screen.app.size)    # type: ignore[misc]
