"""Where the reader of a lesson is: kept by the session, moved by `lesson.py`.

Places are numbers of characters of the text, so that they hold in a window of another width.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Reader:
    """`top` is the first row in sight, `at` the row under the cursor, `chosen` which of what it names is meant."""

    open: bool = False
    top: int = 0
    at: int = 0
    chosen: int | None = None
