"""Reading a scenario's file again, and staying where one was: for who edits it beside the debugger.

The new run takes over everything that still fits: the place, by the name of its value, what is followed, stops,
watches, marks and what-if runs. What no longer fits is said. A file that is broken now is said with its first problem,
and the old run stays. Whether the file has changed is told by its time and size, and those of its data.
"""

from __future__ import annotations

from ...scenario.errors import printable
from ..home.open import Broken, open_file
from ..saved.keeper import carried
from ..state.session import Session

CHANGED = "The file has changed: r reloads it."
NO_FILE = "This scenario has no file to read again."
Stamp = tuple[tuple[int, int], ...]


def stamp(session: Session) -> Stamp | None:
    """Time and size of the scenario's file and of its data; None where one of them is not there just now."""
    scenario = session.own.scenario
    try:
        found = [path.stat() for path in (scenario.path, *scenario.files) if path is not None]
    except OSError:
        return None
    return tuple((each.st_mtime_ns, each.st_size) for each in found)


def gone(session: Session) -> str:
    """Which of the files is not there any more, as a sentence."""
    scenario = session.own.scenario
    files = [path for path in (scenario.path, *scenario.files) if path is not None]
    name = next((printable(path.name) for path in files if not path.exists()), "A file")
    return f"{name} is not there any more: the run stays as it is."


def reload(session: Session) -> bool:
    """Read the file again; False where that changes nothing, which is said."""
    scenario = session.own.scenario
    if scenario.path is None:
        session.message = NO_FILE
        return False
    name = printable(scenario.path.name)
    try:
        run = open_file(scenario.path, name)
    except Broken as broken:
        session.message = f"Not reloaded: {broken.first}"
        return False
    if run.scenario.digest == scenario.digest:
        session.changed, session.message = False, f"{name} says what it said when it was read."
        return False
    fresh = Session(run)
    faults = carried(session, fresh)
    session.become(fresh)
    more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
    said = f": {printable(faults[0])}{more}." if faults else ". You are where you were."
    session.message = f"Reloaded {name}{said}"
    return True

