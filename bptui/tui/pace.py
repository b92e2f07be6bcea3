"""How often the screen is drawn: as often as there is something new, and no faster than the link takes it.

A frame waits until the terminal has taken the one before. Over SSH there are at most 15 a second, over a slow link,
which `--slow` says or the time of the terminal's first answer tells, at most 4. The first after a rest never waits,
so a single key is answered at once; what comes meanwhile is drawn together.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

LOCAL, REMOTE, SLOW = 0.0, 1 / 15, 1 / 4            # seconds from frame to frame
SLOW_ANSWER = 0.25                                  # seconds to an answer from which on a link is slow
LOOK_AGAIN = 0.02                                   # seconds until one that is behind is looked at again


def frame(slow: bool, round_trip: float | None, environ: Mapping[str, str] = os.environ) -> float:
    """Seconds from frame to frame; `round_trip` is how long the terminal took to answer, None if it does not."""
    if slow or (round_trip is not None and round_trip >= SLOW_ANSWER):
        return SLOW
    return REMOTE if environ.get("SSH_CONNECTION") else LOCAL


def wait(frame: float, since: float, behind: bool) -> float:
    """Seconds until the next frame may be drawn, the last `since` seconds ago; 0 is now."""
    return LOOK_AGAIN if behind else max(0.0, frame - since)
