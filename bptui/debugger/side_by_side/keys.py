"""The keys while two runs stand side by side, by the commands of the table that they belong to.

`x` and `X` go from difference to difference; the keys that step go where A goes, and B follows by the names of the
values. The debugger's own place stays as it was until Enter takes it to this one.
"""

from __future__ import annotations

from collections.abc import Callable

from ...explain import notation
from ...replay import places
from ...replay.moves import Path
from ...replay.timeline import Position
from ...scenario.errors import QuantityError, sentence
from ..commands import what_if
from ..commands.stack import next_end
from ..job import begin, drop
from ..state.branch import Branch
from ..state.session import Session
from ..state.sides import Sides
from .compare import DifferenceSearch, called, compare, stand_at


def close(session: Session) -> None:
    """Back to the debugger, to the run that was chosen, at the place in time where one stood."""
    sides = session.sides
    assert sides is not None
    drop(session)
    session.sides, session.message = None, ""
    if sides.chosen is not session.branch:
        _take(session, sides.chosen)


def _take(session: Session, branch: Branch) -> None:
    """Go on with a run; one that stood beside the scenario becomes one of the session's."""
    session.branches.setdefault(branch.name, branch)
    what_if.switch(session, branch.name)


def enter(session: Session) -> None:
    """Go to this place in the debugger, in the run that is chosen."""
    sides = session.sides
    assert sides is not None
    at = sides.at if sides.chosen is sides.branches[0] else sides.there()
    if at is None:
        session.message = f"{sides.chosen.name} does not make this value: Tab chooses the other run."
        return
    close(session)
    if session.followed is not None and at.value and at.value not in session.needed(at.update, session.followed):
        session.followed = None
    name = sides.chosen.name
    session.jump(at, f"Here {name} is compared with {next(n for n in sides.letters if n != name)}. - goes back.")


def swap(session: Session) -> None:
    """Choose the other run to go on with."""
    sides = session.sides
    assert sides is not None
    sides.chosen = sides.branches[sides.chosen is sides.branches[0]]
    session.message = f"Esc and Enter go to {sides.chosen.name}, {called(sides.chosen)}."


# moving

def next_difference(session: Session, by: int) -> None:
    """To the next value that differs, or the one before: in this update, else in another."""
    sides = session.sides
    assert sides is not None
    session.message = ""
    rank = sides.rank() + (1 if by > 0 else -int(sides.standing))
    if 1 <= rank <= len(sides.apart.given) + len(sides.apart.numbers):
        stand_at(sides, rank)
        return
    begin(session, DifferenceSearch(session, sides, by > 0, by > 0 and sides.first is None))


def step(session: Session, kind: str) -> None:
    """Step A as the debugger does; B goes to the same place by name."""
    sides = session.sides
    assert sides is not None
    path = Path(sides.both.a)
    if kind == "out":
        ended = next_end(path, sides.at)
        target = ended[1] if ended is not None else None
    else:
        target = getattr(path, kind)(sides.at)
    if target is None:
        session.message = f"This is the {'start' if kind.startswith('back') else 'end'} of the run."
        return
    _go(session, target)


def again(session: Session, by: int) -> None:
    """The same value, one update on or back."""
    sides = session.sides
    assert sides is not None
    update = sides.at.update + by
    if not 0 <= update <= sides.both.last:
        session.message = "This is the first update." if by < 0 else _no_further(sides)
        return
    times, theirs = (sides.both.a.times(n) for n in (sides.at.update, update))
    target = places.same_value(times, sides.at, theirs, update)
    if target is None:
        session.message = "That update does not make this value."
        return
    _go(session, target)


def go(session: Session, text: str) -> None:
    """Go to a typed position of A."""
    sides = session.sides
    assert sides is not None
    try:
        _go(session, places.read_position(sides.both.a, text, sides.at.update))
    except QuantityError as error:
        session.message = sentence(error)


def _go(session: Session, target: Position) -> None:
    sides = session.sides
    assert sides is not None
    if target.update > sides.both.last:
        session.message = _no_further(sides)
        return
    sides.at, sides.given, session.message = target, None, ""
    if not target.value and sides.apart.given:
        sides.given = 0


def _no_further(sides: Sides) -> str:
    shorter = min(sides.branches, key=lambda branch: branch.run.updates)
    return f"{shorter.name} ends after {notation.counted(shorter.run.updates, 'update')}."


def remove(session: Session) -> None:
    """Forget the run beside, if it is a what-if run."""
    sides = session.sides
    assert sides is not None
    name = sides.branches[1].name
    if name in session.branches:
        close(session)
        what_if.drop(session, name)
    else:
        session.message = f"{name} is {sides.branches[1].run.scenario.name}, beside this scenario: no what-if run."


Act = Callable[[Session, str], object]
KEYS: dict[str, Act] = {
    **{kind: (lambda session, text, kind=kind: step(session, kind))
       for kind in ("into", "over", "out", "back_into", "back_over", "back_out")},
    "again": lambda session, text: again(session, 1),
    "back_again": lambda session, text: again(session, -1),
    "go": go,
    "next_trouble": lambda session, text: next_difference(session, 1),
    "previous_trouble": lambda session, text: next_difference(session, -1),
    "down": lambda session, text: next_difference(session, 1),
    "up": lambda session, text: next_difference(session, -1),
    "next_pane": lambda session, text: swap(session),
    "previous_pane": lambda session, text: swap(session),
    "enter": lambda session, text: enter(session),
    "close": lambda session, text: close(session),
    "remove": lambda session, text: remove(session),
    "sides": compare,
}
ASKED = ("go", "sides")                             # for which a line is asked, here too
ELSEWHERE = ("help", "palette", "quit", "interrupt")    # what the screen does, here as everywhere


def key(session: Session, command: str, text: str = "") -> bool:
    """Do what a command of the table means while two runs stand side by side; False if they do not."""
    sides = session.sides
    if sides is None or command in ELSEWHERE:
        return False
    if command in KEYS:
        if sides.searching and command != "close":
            session.message = "Still looking for a difference: Ctrl-C stops."
            return True
        KEYS[command](session, text)
    else:
        session.message = "Not here: Esc closes the two runs first, Enter goes to this place."
    return True
