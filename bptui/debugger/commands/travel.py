"""Ways through time: a step, the same value one update on, to the cursor, bookmarks."""

from __future__ import annotations

from ...replay import places
from ...replay.places import write_position
from ...replay.timeline import Position
from ...scenario.errors import quoted
from ..panes.register import refusal, subject
from ..scene import Scene
from ..state.session import Session
from . import stack

MOST_REPEATS = 100_000


def step(session: Session, kind: str) -> bool:
    """Step: `into`, `over`, `out`, or `back_` and one of them. False at an end of the run, which is said."""
    path, before, done = session.path(), session.position, ""
    if kind == "out":
        found = stack.out(session, path)
        done, target = found if found else ("", None)
    elif kind.endswith("over"):
        target = stack.over(session, path, kind == "over")
    else:
        target = getattr(path, kind)(session.position)
    if target is None:
        back = kind.startswith("back")
        session.message = "This is the start of the run: there is nothing before it." if back else \
            "This is the end of the run: there is nothing after it."
        return False
    session.step_to(target)
    if done:
        session.message = stack.said(session, before, done)
    return True


def again(session: Session, by: int) -> None:
    """The same value one update on, or back; time stands at the same stop of it."""
    run, at = session.run, session.position
    times, update = session.times, at.update
    for _ in range(run.schedule.turns):             # another objective may not make it
        if by > 0 and not run.goes_on(update):
            session.message = "This is the last update of the run."
            return
        update += by
        if update < 0:
            session.message = "This is the first update of the run."
            return
        target = _same_value(session, update)
        if target is not None:
            session.step_to(target)
            session.began = target                  # it may lie beside the way that is followed
            return
    block, element = times.locate(at.value)
    session.message = f"{session.namer.of(times.blocks[block].out, element)} is not made in the updates " \
                      f"{'after' if by > 0 else 'before'} this."


def _same_value(session: Session, update: int) -> Position | None:
    """Where another update makes the value that was made last here, or is in the making."""
    return places.same_value(session.times, session.position, session.run.times(update), update)


def scrub(session: Session, update: int) -> None:
    """To an update along the time line: to the same value; from the start of an update, or where it is not made, to
    the loss. Several in a row are one jump, for `-`."""
    run, here = session.run, (session.branch.name, session.position)
    if update and not run.goes_on(update - 1):
        update = run.updates
    if update == session.position.update:
        session.message = f"This is the {'first' if not update else 'last'} update of the run."
        return
    times = run.times(update)
    loss = Position(update, times.watched_value, times.stops(times.watched_value))
    target = (_same_value(session, update) if session.position.value else None) or loss
    if session.far(run, update, lambda: scrub(session, update)):
        return
    if session.scrubbed != here:
        session.came_from(session.position)
    session.stand(target)
    session.began, session.scrubbed = target, (session.branch.name, target)


def to_cursor(session: Session) -> None:
    """Run to what the cursor is on, forwards or back."""
    scene = Scene(session)
    found = subject(scene)
    target = found.at if found is not None else None
    if target is None:
        session.message = refusal(
            scene, "Put the cursor on a value, a row of the chain or a line of the program: t runs to it.")
    elif target == session.position:
        session.message = "You stand there already."
    else:
        session.jump(target, f"Here the cursor was: {write_position(session.run, target)}. - goes back.")


def bookmark(session: Session, text: str) -> None:
    """Give this place a letter."""
    letter = text.strip()
    if len(letter) != 1 or not letter.isalpha():
        session.message = "A place is marked with one letter."
        return
    session.bookmarks[letter] = session.branch.name, session.position
    session.message = f"This place is {letter}: '{letter} comes back to it."


def to_bookmark(session: Session, text: str) -> None:
    """Go to the place that has a letter."""
    letter = text.strip()
    if letter not in session.bookmarks:
        known = ", ".join(sorted(session.bookmarks)) or "none yet"
        session.message = f"No place is marked {quoted(letter[:1])}; marked: {known}. m marks one."
        return
    before = session.branch.name, session.position

    def arrived() -> None:
        session.past.append(before)
        session.future.clear()
        session.message = f"Back at {letter}."
    session.visit(session.bookmarks[letter], arrived)
