"""A session taken down as a record, and put back: position, stops, watches, marks, what-if runs, panes.

What no longer fits, because the scenario was edited since, is said and kept: stops and watches wait in their lists,
the rest goes back into the file as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ...explain import notation
from ...explain.namer import quantity_text
from ...replay import places, stops
from ...replay.fork import Fork, fork
from ...replay.timeline import Position
from ...scenario.errors import QuantityError, printable, quoted
from ...scenario.expression import read_quantity
from ..commands.stack import LEVELS
from ..commands.what_if import LETTERS, made_from, same_place
from ..job import pinned
from ..panes.ids import PANES
from ..panes.register import BY_ID, side
from ..state import looks
from ..state.branch import OWN, Branch
from ..state.records import SetStop
from ..state.saved import Saved, SavedRun, SavedStop
from ..state.session import Followed, Session, Spot, there_is
from .files import Found, Saver, age_words, session_path

MOST_PLACES = 100                                   # to go back to, and forward to
MOST_STOPS = 200
LONGEST_LIST = 1000                                 # of stops, watches, marks: a file may hold anything


def taken(session: Session) -> Saved:
    """The session as it is to be found again."""
    kept = session.leftover
    run = session.run if isinstance(session.run, Fork) else session.own
    return Saved(
        scenario=str(session.own.scenario.path.resolve()) if session.own.scenario.path else session.own.scenario.name,
        digest=session.own.scenario.digest,
        bits=session.own.fingerprint,
        position=places.write_position(run, _kept(session)),
        sample=session.row(),
        run=session.branch.name if isinstance(session.run, Fork) else OWN,
        following=_following(session),
        only=session.only,
        began="" if session.began == session.position or not there_is(run, session.began) else
        places.write_position(run, session.began),
        level=session.level,
        focus=session.focus, left=session.left, right=session.right,
        listed=f"watch {session.listed}" if isinstance(session.listed, str) else f"stop {session.listed}" * (
            session.listed > 0),
        cursors=tuple((pane, row) for pane, row in session.cursor.items() if row is not None),
        unfolded=tuple(sorted(session.unfolded)),
        looks=tuple(sorted((what, text) for what, text in session.looks.items() if what not in looks.GLOBAL)),
        stops=(*(SavedStop(n, stops.write_stop(each.stop), each.enabled) for n, each in session.stops.items()),
               *kept.stops),
        watches=tuple(session.watches),
        marks=(*(mark for letter, spot in session.bookmarks.items()
                 for mark in _spots(session, [spot], letter)), *kept.marks),
        past=tuple(text for _, text in _spots(session, session.past[-MOST_PLACES:])),
        future=tuple(text for _, text in _spots(session, session.future[-MOST_PLACES:])),
        runs=(*(_run(session, n) for n, branch in session.branches.items() if isinstance(branch.run, Fork)),
              *kept.runs))


class Keeper:
    """Saves a session whenever it has changed; nothing is written before it does."""

    def __init__(self, session: Session, saver: Saver) -> None:
        self.session, self._saver = session, saver
        self._last = taken(session)
        self._said = ""

    def keep(self) -> float | None:
        """Take down what has changed since, and say what stands in the way of saving it; after how many seconds it is
        to be written. None where there is nothing to write."""
        now = taken(self.session)
        if now != self._last:
            self._last = now
            self._saver.offer(now)
        self.session.unsaved = bool(self.trouble)
        if self.trouble != self._said:
            self._said = self.trouble
            said = self._said or "This session is saved again."
            self.session.message = f"{said} {self.session.message}".strip()
        return self._saver.wait()

    def write(self) -> None:
        """Write what was taken down."""
        self._saver.write()

    @property
    def trouble(self) -> str:
        """Why it is not saved; nothing if it is."""
        return self._saver.trouble

    @property
    def lost(self) -> bool:
        """Whether what was done is not in the file, though it should be."""
        return self._saver.lost

    def close(self) -> None:
        """Write what is still to be written."""
        self.keep()
        self._saver.close()


def reopened(session: Session, path: Path, fresh: bool, stay: bool) -> tuple[Session, Keeper]:
    """A session that was just opened, put back to where it was left, unless it is to be fresh, and its keeper."""
    saver = Saver(session_path(path))
    if saver.found is not None and (saver.found.saved is None or not fresh):
        resume(session, saver.found, stay)
    return session, Keeper(session, saver)


def _following(session: Session) -> str:
    if session.followed is None:
        return ""
    program, followed = session.run.program(session.position.update), session.followed
    x = quantity_text(program, session.namer, followed.var, followed.element or 0)
    of = followed.of
    return x if of is None else f"d({quantity_text(program, session.namer, of.var, of.element or 0)}, {x})"


def _kept(session: Session) -> Position:
    """Where one stands; from a run beside the scenario, the same place in the scenario's own."""
    if isinstance(session.run, Fork) or session.run is session.own:
        return session.position
    return same_place(session.run, session.own, session.position)


def _spots(session: Session, spots: Iterable[Spot], letter: str = "") -> Iterator[tuple[str, str]]:
    """Places as text, after the letter of their run: `B #120:31`. Those in runs that are not kept are left out."""
    for name, at in spots:
        branch = session.branches.get(name)
        if branch is not None and (name == OWN or isinstance(branch.run, Fork)) and there_is(branch.run, at):
            yield letter, f"{name} {places.write_position(branch.run, at)}"


def _run(session: Session, name: str) -> SavedRun:
    run = session.branches[name].run
    assert isinstance(run, Fork)
    return SavedRun(name, made_from(session, name), run.since, run.edits, run.sample, session.branches[name].called)


# and back

def resume(session: Session, found: Found, stay: bool = False) -> None:
    """Put a session back as it was found, and say so; with `stay`, all but the position."""
    saved = found.saved
    if saved is None:
        session.message = "" if found.left_alone else found.note    # that, the keeper says
        return
    start = session.position
    if session.far(session.run, _farthest(session, saved, stay), lambda: resume(session, found, stay)):
        _waiting(session, saved)
        return
    faults = restore(session, saved, stay)
    changed = saved.digest not in ("", session.own.scenario.digest)
    if session.position != start and not stay and not session.past:
        session.past.append((OWN, start))
    said = _notice(session, found.age_seconds, start)
    if faults:
        since = "The scenario has changed since: " if changed else ""
        more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
        said = f"{said} {since}{printable(faults[0])}{more}."
    session.message = said.strip()


def _farthest(session: Session, saved: Saved, stay: bool) -> int:
    """The last update of the run that has to be known to put a session back."""
    edits = (edit for each in saved.runs for edit in each.edits)
    texts = (*saved.watches, *(each.text for each in saved.stops), *edits)
    there = [each.since for each in saved.runs]
    with suppress(QuantityError):
        there += [] if stay else [places.read_position(session.run, saved.position).update]
    return max((pinned(session.run, texts), *(update for update in there if update <= session.run.updates)))


def _waiting(session: Session, saved: Saved) -> None:
    """What is put back at once, while the run comes to where one stood: who stops it has all but the what-if runs and
    the place, and these are kept."""
    _restore_lists(session, saved, [])
    _restore_panes(session, saved)
    session.leftover = replace(session.leftover, runs=saved.runs)
    session.past = _readable(session, [*saved.past, f"{OWN} {saved.position}"])
    session.future = _readable(session, saved.future)


def _notice(session: Session, age: float, start: Position) -> str:
    things = ((len(session.stops), "stop", "stops"), (len(session.watches), "watch", "watches"),
              (len(session.branches) - 1, "what-if run", "what-if runs"))
    counts = [f"{n} {one if n == 1 else more}" for n, one, more in things if n]
    if session.position == start and not counts:
        return ""
    there = f" With {', '.join(counts)}." if counts else ""
    back = " - goes back." if session.past else ""
    return f"Where you left off {age_words(age)}.{back}{there}"


def restore(session: Session, saved: Saved, stay: bool = False) -> list[str]:
    """Put back what a record says; what does not fit, in one sentence each without its full stop."""
    faults: list[str] = []
    _restore_runs(session, saved, faults)
    _restore_lists(session, saved, faults)
    _restore_panes(session, saved)
    if not stay:
        _restore_place(session, saved, faults)
    return faults


def carried(old: Session, new: Session) -> list[str]:
    """Make a session on the same scenario, edited since, as the old one is; what does not fit, as `restore` says it.

    Places are carried over by the names of their values.
    """
    saved, faults = taken(old), list[str]()
    _restore_runs(new, saved, faults)
    _restore_lists(new, saved, faults)
    _restore_panes(new, saved)
    at, began = (same_place(old.run, new.run, place) for place in (old.position, old.began))
    if at.update < old.position.update:
        faults.append(f"the run ends after {notation.counted(at.update, 'update')} now")
    elif at.value == 0 < old.position.value:
        faults.append("the value at which you stood is gone")
    here, before = (places.write_position(new.run, place) for place in (at, began))
    _restore_place(new, replace(saved, position=here, began=before), faults)
    new.bookmarks = {}
    for letter, spot in old.bookmarks.items():
        if (there := _moved(old, new, spot)) is not None:
            new.bookmarks[letter] = there
    new.past, new.future = ([there for spot in spots if (there := _moved(old, new, spot)) is not None]
                            for spots in (old.past, old.future))
    new.leftover = replace(new.leftover, marks=tuple(m for m in new.leftover.marks if m[0] not in new.bookmarks))
    return faults


def _moved(old: Session, new: Session, spot: Spot) -> Spot | None:
    """A place in the new session's runs; None where that run is no more."""
    name, at = spot
    if name not in old.branches or name not in new.branches or not there_is(old.branches[name].run, at):
        return None
    return name, same_place(old.branches[name].run, new.branches[name].run, at)


def _restore_runs(session: Session, saved: Saved, faults: list[str]) -> None:
    unfit = list(saved.runs[len(LETTERS):])
    for each in saved.runs[:len(LETTERS)]:
        try:
            if each.name not in [*LETTERS]:
                raise QuantityError(f"a run is called by one of the letters {LETTERS[0]} to {LETTERS[-1]}")
            if each.name in session.branches:
                raise QuantityError("there are two of that name")
            if each.parent not in session.branches:
                raise QuantityError(f"it left run {quoted(each.parent)}, which is not there")
            made = fork(session.branches[each.parent].run, each.since, each.edits, each.sample)
        except QuantityError as error:
            unfit.append(each)
            faults.append(f"what-if run {each.name} no longer fits: {error}")
            continue
        made.waits = False
        session.branches[each.name] = Branch(each.name, made, called=each.called)
    session.leftover = replace(session.leftover, runs=tuple(unfit))
    if saved.run in session.branches:
        session.branch = session.branches[saved.run]


def _restore_lists(session: Session, saved: Saved, faults: list[str]) -> None:
    unfit = list(saved.stops[MOST_STOPS:])
    session.last_stop = max((0, *(each.number for each in saved.stops)))
    for each in saved.stops[:MOST_STOPS]:
        try:
            stop = stops.read_stop(each.text)
            if stop.after is not None and stop.after not in session.stops:
                raise QuantityError(f"there is no stop {stop.after} before it")
        except QuantityError as error:
            unfit.append(each)
            faults.append(f"stop {each.number} cannot be read: {error}")
            continue
        fault = ""
        try:
            stop = stops.fitted(session.run, stop, session.row())
        except QuantityError as error:
            fault = str(error)
            faults.append(f"stop {each.number} no longer fits: {error}")
        session.stops[each.number] = SetStop(stop, each.enabled, fault)
    marks: list[tuple[str, str]] = []
    for letter, text in saved.marks[:LONGEST_LIST]:
        try:
            session.bookmarks[letter] = _spot(session, text)
        except QuantityError as error:
            marks.append((letter, text))
            faults.append(f"the place marked {letter} is gone: {error}")
    session.watches = list(dict.fromkeys((*saved.watches[:LONGEST_LIST], *session.watches)))
    session.leftover = replace(session.leftover, stops=tuple(unfit), marks=tuple(marks))


def _restore_panes(session: Session, saved: Saved) -> None:
    session.focus = saved.focus if saved.focus in PANES else session.focus
    session.left = saved.left if side(saved.left) == "left" else session.left
    session.right = saved.right if side(saved.right) == "right" else session.right
    session.looks |= {what: text for what, text in saved.looks[:LONGEST_LIST] if _fits(what, text)}
    session.level = saved.level if saved.level in LEVELS else session.level
    kind, _, what = saved.listed.partition(" ")
    if kind == "watch" and what in session.watches:
        session.listed = what
    elif kind == "stop" and re.fullmatch("[0-9]{1,9}", what) and int(what) in session.stops:
        session.listed = int(what)


def _fits(what: str, text: str) -> bool:
    """Whether a look that was saved still means something; of a pane's view, whether it has that."""
    pane = BY_ID.get(what.removeprefix("view."))
    return text in pane.views if pane is not None and what != pane.id else looks.fits(what, text)


def _restore_place(session: Session, saved: Saved, faults: list[str]) -> None:
    run = session.run
    try:
        at = places.read_position(run, saved.position)
    except QuantityError as error:
        faults.append(f"{quoted(saved.position)} is gone: {error}")
        return
    session.stand(at)
    rows = run.rows(at.update)
    session.lane = rows.index(saved.sample - 1) if saved.sample - 1 in rows else 0
    if saved.following:
        try:
            followed = session.followed_by(places.asked(run, run.program(at.update), read_quantity(saved.following),
                                                        saved.following))
        except QuantityError:
            followed = ""
        if isinstance(followed, Followed):
            session.followed, session.only = followed, saved.only
        else:
            faults.append(f"{quoted(saved.following)} can no longer be followed")
    session.began = next((spot[1] for spot in _readable(session, [f"{session.branch.name} {saved.began}"])), at)
    session.past, session.future = _readable(session, saved.past), _readable(session, saved.future)
    for pane, row in saved.cursors:
        if pane in session.cursor:
            session.cursor[pane] = row
    session.unfolded = frozenset(saved.unfolded)
    session.message = ""


def _spot(session: Session, text: str) -> Spot:
    """A place as it was written. Raises QuantityError."""
    name, _, where = text.rpartition(" ")
    name = name or OWN
    if name not in session.branches:
        raise QuantityError(f"there is no run {quoted(name)}")
    return name, places.read_position(session.branches[name].run, where)


def _readable(session: Session, texts: Iterable[str]) -> list[Spot]:
    found: list[Spot] = []
    for text in texts:
        try:
            found.append(_spot(session, text))
        except QuantityError:                       # a place to go back to that is no more: there are others
            continue
    return found
