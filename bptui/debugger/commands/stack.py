"""The stack of frames that a position lies in: value, layer, phase, update, epoch, run.

Going up and down the stack moves no time. The frame that is chosen is what n and N step by, and what f ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...explain import notation
from ...replay.moves import Path
from ...replay.run import Run
from ...replay.timeline import Position

if TYPE_CHECKING:
    from ..state.session import Session

LEVELS = ("value", "layer", "phase", "update", "epoch", "run")


@dataclass(frozen=True)
class Frame:
    """`start` is the end of what comes before it."""

    level: str
    name: str
    start: Position
    end: Position


def frames(run: Run, at: Position) -> list[Frame]:
    """The frames around the value that was made last, or is in the making; innermost first."""
    path, times, update = Path(run), run.times(at.update), at.update
    found: list[Frame] = []
    if at.value:
        found.append(Frame("value", "value", path.close(update, at.value - 1), path.close(update, at.value)))
    around = times.frames(at.value)
    for level, (name, first, last) in zip(LEVELS[1:4][-len(around):], around, strict=True):
        found.append(Frame(level, name, path.close(update, first), path.close(update, last)))
    batches = run.schedule.batches
    if batches > 1:
        first = update - update % batches
        last = first + batches - 1
        last = last if not last or run.goes_on(last - 1) else run.updates
        end = path.close(last, run.times(last).count)
        found.append(Frame("epoch", f"epoch {update // batches}", Position(first), end))
    return found


def chosen(session: Session) -> str:
    """The level that is stepped by: the one that was chosen, or where there is none the next outer one."""
    if session.level == "value":                    # each step asks
        return "value"
    frame = _of(session.run, session.position, session.level)
    return frame.level if frame is not None else "run"


def choose(session: Session, by: int) -> None:
    """Up or down the stack: what n, N and f go by. Time does not move."""
    there = ["value", *(f.level for f in frames(session.run, session.position) if f.level != "value"), "run"]
    at = there.index(chosen(session)) if chosen(session) in there else 0
    if not 0 <= at + by < len(there):
        session.message = "This is the innermost frame: n goes value by value." if by < 0 else \
            "This is the outermost frame: the run."
        return
    session.level = there[at + by]
    session.message = described(session)


def described(session: Session) -> str:
    """The stack, from the outside in, with the chosen frame in brackets, and what n does now."""
    stack = frames(session.run, session.position)
    names = {f.level: f.name if f.level != "update" else f"update {session.position.update}" for f in stack}
    names["run"] = "run"
    if session.position.value:
        times = session.times
        block, element = times.locate(session.position.value)
        names["value"] = session.namer.of(times.blocks[block].out, element)
    else:
        names["value"] = "its start"
    level = chosen(session)
    shown = [f"[{names[each]}]" if each == level else names[each] for each in reversed(LEVELS) if each in names]
    how = "value by value" if level == "value" else f"{level} by {level}" if level != "run" else "to the end of the run"
    return f"{' › '.join(shown)}: n goes {how}."


def over(session: Session, path: Path, forward: bool) -> Position | None:
    """The end of the chosen frame, or of the next one like it; backwards, the end of the one before."""
    level, at, run = chosen(session), session.position, session.run
    if level == "value":
        return path.over(at) if forward else path.back_over(at)
    if level == "run":
        found: Position | None = path.end() if forward else Position(0)
        found = None if found == at else found
    else:
        found = _end_after(run, at, session.level) if forward else _end_before(run, at, session.level)
    return _visited(path, at, found, forward)


def _visited(path: Path, at: Position, found: Position | None, forward: bool) -> Position | None:
    """The last place on the way to `found` that is visited: all are, unless only what is followed is."""
    if found is None or path.values is None:
        return found
    last = path.last_closed(found.update, found)
    if last is not None and (last > at if forward else last < at):
        return last
    return path.over(at) if forward else path.back_over(at)


def _of(run: Run, at: Position, level: str) -> Frame | None:
    """The frame of a level around a position; where there is none (the loss has no layers) the next outer one."""
    return next((f for f in frames(run, at) if LEVELS.index(f.level) >= LEVELS.index(level)), None)


def _end_after(run: Run, at: Position, level: str) -> Position | None:
    frame = _of(run, at, level)
    if frame is not None and at < frame.end:
        return frame.end
    following = Path(run).over(at)                  # into the next frame; the start of an update is a stop of its own
    if following is None or following.value == 0:
        return following
    frame = _of(run, following, level)
    return frame.end if frame is not None else following


def _end_before(run: Run, at: Position, level: str) -> Position | None:
    if at.value == 0:
        return Path(run).back_over(at)
    frame = _of(run, at, level)
    return frame.start if frame is not None else Path(run).back_over(at)


def _end_of_visited(run: Run, path: Path, following: Position | None, level: str) -> Position | None:
    """The last place that is visited in the frame of the one that is visited next."""
    frame = _of(run, following, level) if following is not None else None
    if following is None or frame is None or path.values is None:
        return following
    last = path.last_closed(following.update, frame.end)
    return last if last is not None and last > following else following


def out(session: Session, path: Path) -> tuple[str, Position] | None:
    """The next end of what was chosen to step by, of a layer if nothing was, and its name."""
    level = chosen(session)
    return next_end(path, session.position, {"value": "layer", "run": "run"}.get(level, session.level))


def next_end(path: Path, at: Position, level: str = "layer") -> tuple[str, Position] | None:
    """Where the value in the making ends; else the next end of a frame, and its name."""
    run = path.run
    if at.inner < run.times(at.update).stops(at.value):
        return "value", path.close(at.update, at.value)
    if level == "run":
        found = _visited(path, at, path.end(), True)
        return ("run", found) if found is not None and found > at else None
    found = _end_after(run, at, level) if path.values is None else _end_of_visited(run, path, path.over(at), level)
    frame = _of(run, found, level) if found is not None else None
    return (frame.name if frame is not None else "run", found) if found is not None else None


def said(session: Session, before: Position, name: str) -> str:
    """What was computed on the way out of a frame."""
    times, at = session.times, session.position
    if not at.value:
        return f"Update {at.update + 1:,} begins, after {notation.counted(at.update, 'update')}."
    block, element = times.locate(at.value)
    out_var = times.blocks[block].out
    value = session.run.env(at.update).scalar((out_var, out_var.flat(element, session.lane)))
    signed = times.blocks[block].phase in ("backward", "perturbation")
    last = f"{session.namer.of(out_var, element)} = {notation.one(value, signed)}"
    if name == "value":
        return f"Done: {last}."
    if before.update != at.update:
        return f"End of the {name}: the last value is {last}."
    made = at.value - before.value
    return f"End of {name}: {notation.counted(made, 'value')} made, the last {last}."
