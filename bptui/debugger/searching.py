"""What takes longer than a key: a search for a number, a run on to a hit, the look for somebody's digits.

Each goes on in slices, so that whoever shows the session can draw, or be interrupted, between two of them.
"""

from __future__ import annotations

import time

from . import asking, finding, seeking, sides
from .session import Session


def busy(session: Session) -> bool:
    """Whether anything is being looked for."""
    looking = session.yours is not None and session.yours.looking is not None
    return finding.searching(session) or seeking.seeking(session) or looking or sides.searching(session)


def go_on(session: Session, seconds: float) -> bool:
    """Go on looking for about `seconds`; False if there was nothing to look for."""
    if finding.searching(session):
        finding.search_on(session, seconds)
    elif seeking.seeking(session):
        seeking.seek_on(session, seconds)
    elif sides.searching(session):
        sides.work(session, seconds)
    elif busy(session):
        end = time.perf_counter() + seconds
        while asking.look(session) and time.perf_counter() < end:
            pass
    else:
        return False
    return True


def interrupt(session: Session) -> bool:
    """Stop a search and stand where it began; False if there was none."""
    return seeking.interrupt(session) or finding.interrupt(session) or sides.interrupt(session)
