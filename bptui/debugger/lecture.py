"""Lecture mode: a step in three beats, for a clicker. First what comes next, then its numbers, then its value.

The first two beats are shown while the run stands before the step: `coming` is the chain of what will be made, in
which only what is made already has a number, and the row of it that is announced. The third beat is the step itself.
Beats are not a place in time: whatever else moves begins them anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..explain import notation
from ..explain.chain import Explainer
from ..explain.rows import Chain, Made, Row
from ..replay.timeline import Position
from . import looks

if TYPE_CHECKING:
    from .session import Session

FORMULA, NUMBERS = 1, 2                             # the beats before a step
ORDER = ("path", "term", "factor", "head", "result", "sum")     # of rows made at once, which is announced


@dataclass(frozen=True)
class Coming:
    """What is announced: a row of a chain."""

    chain: Chain
    number: int
    target: Position

    @property
    def row(self) -> Row:
        return self.chain.rows[self.number]

    @property
    def beats(self) -> int:
        """How many beats come before the step: without numbers to put in, all of them made, it has one."""
        return NUMBERS if self.row.lens and notation.PENDING not in self.row.lens else FORMULA


def on(session: Session) -> bool:
    return looks.look(session, "lecture") == "on" and session.sides is None


def switch(session: Session) -> None:
    """Begin a lecture, or end it."""
    session.beat = 0
    if looks.turn(session, "lecture") == "on":
        session.message = "Lecture: PgDn or Space shows what comes, its numbers, its value; PgUp goes back. P ends it."
    else:
        session.message = "The lecture is over: PgDn and PgUp turn pages again."


def coming(session: Session) -> Coming | None:
    """What the next step makes, to be shown before it is made; None at an end of the run or of an update."""
    key = (session.branch.name, session.position, session.lane, session.followed, session.only, session.began,
           session.unfolded, notation.FORMAT.get())
    if session.coming is None or session.coming[0] != key:
        session.coming = key, _coming(session)
    return session.coming[1]


def _coming(session: Session) -> Coming | None:
    at = session.position
    target = session.path().into(at)
    if target is None or target.update != at.update or target.value == 0 or target < at:
        return None
    explainer = Explainer(session.run, at.update, session.lane, session.here, session.unfolded, ahead=True)
    made = target.value, target.inner
    for chain in _chains(session, explainer, target):
        number = _announced(chain, made)
        if number is not None:
            return Coming(chain, number, target)
    return None


def _chains(session: Session, explainer: Explainer, target: Position) -> list[Chain]:
    """The chain that is followed, and that of the value that comes."""
    found: list[Chain | None] = []
    if session.followed is not None and session.followed.of is None:
        var = session.followed_var
        if explainer.adjoint_of(var) is not None:
            found.append(explainer.derivative(var, session.followed.element or 0))
    return [chain for chain in (*found, explainer.chain(target.value)) if chain is not None]


def _announced(chain: Chain, made: Made) -> int | None:
    rows = [n for n, row in enumerate(chain.rows) if row.made == made and not row.depth and row.kind in ORDER]
    return min(rows, key=lambda n: ORDER.index(chain.rows[n].kind), default=None)


# the clicker

def forward(session: Session) -> None:
    """One beat on."""
    session.message = ""
    found = coming(session)
    if found is None or session.beat >= found.beats:
        session.move("into")
    else:
        session.beat += 1
        session.cursor["chain"] = None


def back(session: Session) -> None:
    """One beat back: to the beat that `forward` left."""
    session.message = ""
    if session.beat:
        session.beat -= 1
        session.cursor["chain"] = None
    elif session.move("back_into"):
        found = coming(session)
        session.beat = found.beats if found is not None else 0


# in words

def label(session: Session) -> str:
    """What the next beat shows; nothing where it is a step that has no beats."""
    found = coming(session)
    if found is None:
        return ""
    return "value" if session.beat >= found.beats else ("formula", "numbers")[session.beat]


def sentence(session: Session) -> str:
    """What comes, in words."""
    found = coming(session)
    if found is None:
        return ""
    what = _what(found)
    if session.beat == NUMBERS:
        return f"With its numbers: {found.row.lens}. What is it?" if len(found.row.lens) < 40 else \
            "The numbers are put in. What does that make?"
    return f"Next: {what}."


def _what(found: Coming) -> str:
    row, title = found.row, found.chain.title.removeprefix("Chain of ")
    if row.kind == "factor" and row.key[:1] == ("d",):
        return f"how {row.key[1]} follows {row.key[2]}"
    if row.key[:1] == ("d",) and row.kind in ("head", "result"):
        return f"how {row.key[1]} follows {row.key[2]}"
    match row.kind:
        case "path":
            return f"the path {row.name}" if row.name.startswith("through") else f"the part of {row.name}"
        case "term" if row.number:
            return f"{row.name}, on the way to {title}"
        case "term":
            return f"the term {row.name} of {title}"
    return f"how {title} is made"
