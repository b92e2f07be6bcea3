"""What the next step makes, to be shown before it is made: the first two beats of a lecture's step.

It is a row of a chain in which only what is made already has a number. It is worked out from where the session stands
and the way that stepping takes, and is told in words here.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..explain.chain import Explainer
from ..explain.links import Chain, Link, Made
from ..replay.moves import Path
from ..replay.timeline import Position
from .state.session import Session, same_in

FORMULA, NUMBERS = 1, 2                             # the beats before a step
ORDER = ("path", "term", "factor", "head", "result", "sum")     # of rows made at once, which is announced


@dataclass(frozen=True)
class Coming:
    """What is announced: a row of a chain; `pending` says whether its formula waits for numbers."""

    chain: Chain
    number: int
    target: Position
    pending: bool

    @property
    def row(self) -> Link:
        return self.chain.rows[self.number]

    @property
    def beats(self) -> int:
        """How many beats come before the step: without numbers to put in, all of them made, it has one."""
        return NUMBERS if self.row.expression is not None and not self.pending else FORMULA


def coming(session: Session, path: Path) -> Coming | None:
    """What the next step makes; None at an end of the run or of an update."""
    at = session.position
    target = path.into(at)
    if target is None or target.update != at.update or target.value == 0 or target < at:
        return None
    explainer = Explainer(session.run, at.update, session.lane, session.here, session.unfolded, ahead=True)
    made = target.value, target.inner
    for chain in _chains(session, explainer, target):
        number = _announced(chain, made)
        if number is not None:
            made_of = chain.rows[number].expression
            pending = made_of is not None and explainer.reader.pending(made_of)
            return Coming(chain, number, target, pending)
    return None


def _chains(session: Session, explainer: Explainer, target: Position) -> list[Chain]:
    """The chain that is followed, and that of the value that comes."""
    found: list[Chain | None] = []
    followed = session.followed
    if followed is not None and followed.of is None:
        var = same_in(explainer.program, followed.var)
        if explainer.adjoint_of(var) is not None:
            found.append(explainer.derivative(var, followed.element or 0))
    return [chain for chain in (*found, explainer.chain(target.value)) if chain is not None]


def _announced(chain: Chain, made: Made) -> int | None:
    rows = [n for n, row in enumerate(chain.rows) if row.made == made and not row.depth and row.kind in ORDER]
    return min(rows, key=lambda n: ORDER.index(chain.rows[n].kind), default=None)


def sentence(found: Coming, beat: int) -> str:
    """What comes, in words."""
    if beat == NUMBERS:
        return f"With its numbers: {found.row.lens}. What is it?" if len(found.row.lens) < 40 else \
            "The numbers are put in. What does that make?"
    return f"Next: {_what(found)}."


def _what(found: Coming) -> str:
    row, title = found.row, found.chain.of
    if row.kind == "factor" and row.key[:1] == ("d",):
        return f"how {row.key[1]} follows {row.key[2]}"
    if row.key[:1] == ("d",) and row.kind in ("head", "result"):
        return f"how {row.key[1]} follows {row.key[2]}"
    match row.kind:
        case "path":
            return f"the path {row.name}" if row.through else f"the part of {row.name}"
        case "term" if row.number:
            return f"{row.name}, on the way to {title}"
        case "term":
            return f"the term {row.name} of {title}"
    return f"how {title} is made"
