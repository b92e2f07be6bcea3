"""Watches: quantities with their value here, and how they changed since they were made before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...explain import notation
from ...replay.leaves import known_from
from ...replay.quantity import evaluate, lane_of
from ...scenario.errors import ExpressionError, QuantityError, sentence
from ...scenario.expression import read_quantity
from .session import Session

MOST_KNOWN = 4000                                   # values that are kept
LONGEST = 500


@dataclass(frozen=True)
class Watched:
    """A watch as it stands here: its value once it is made, else what it was before; and the change from then."""

    text: str
    value: Any = None
    before: Any = None
    fault: str = ""

    @property
    def change(self) -> float | None:
        """How much a number changed since it was made before."""
        if self.value is None or self.before is None or np.ndim(self.value) or np.ndim(self.before):
            return None
        return float(self.value) - float(self.before)

    @property
    def changed(self) -> bool:
        """Whether its bits are others than before."""
        if self.value is None or self.before is None:
            return False
        return np.asarray(self.value, float).tobytes() != np.asarray(self.before, float).tobytes()


def add(session: Session, text: str) -> None:
    """Watch a quantity."""
    text = " ".join(text.split())
    if text in session.watches:
        session.message = f"{notation.readable(text)} is watched already."
        return
    try:
        if len(text) > LONGEST:
            raise QuantityError(f"a watch has at most {LONGEST} characters")
        tree = read_quantity(text)
        try:
            evaluate(session.run, tree, session.position.update, session.lane)
        except QuantityError:                       # w5@prev has no value before the first update, but can be watched
            later = min(session.run.updates, session.position.update + 1)
            evaluate(session.run, tree, later, _lane(session, later))
    except QuantityError as error:
        session.message = sentence(error)
        return
    session.watches.append(text)
    session.message = f"Watching {notation.readable(text)}. W shows what is watched; D removes it there."


def remove(session: Session, row: int) -> None:
    text = session.watches.pop(row)
    session.listed = 0 if session.listed == text else session.listed
    session.message = f"{notation.readable(text)} is no longer watched."


def here(session: Session, text: str) -> Watched:
    """A watch at the position."""
    update, run = session.position.update, session.run
    try:
        tree = read_quantity(text)
        known = known_from(run, session.times, tree, session.lane)
    except (ExpressionError, QuantityError) as error:
        return Watched(text, fault=str(error))
    made = known is not None and (known, session.times.stops(known)) <= session.here
    try:
        value = value_at(session, text, update) if made else None
    except QuantityError as error:
        return Watched(text, fault=str(error))
    try:
        before = value_at(session, text, update - 1) if update else None
    except QuantityError:                           # its sample was not in that batch, say
        before = None
    return Watched(text, value, before)


def value_at(session: Session, text: str, update: int) -> Any:
    """A quantity after `update` updates, for the selected data row. Raises QuantityError."""
    known, row = session.branch.known, session.row()
    if (text, update, row) not in known:
        if len(known) >= MOST_KNOWN:
            known.clear()
        known[text, update, row] = evaluate(session.run, read_quantity(text), update, _lane(session, update))
    return known[text, update, row]


def _lane(session: Session, update: int) -> int:
    """Where the selected data row stands in an update's batch; its first row, where it is not in it."""
    try:
        return lane_of(session.run, update, session.row())
    except QuantityError:
        return 0


def history(session: Session, text: str, update: int) -> Watched:
    """What a watch was in an earlier update, and how it had changed."""
    assert update <= session.position.update
    if update == session.position.update:
        return here(session, text)
    try:
        before = value_at(session, text, update - 1) if update else None
    except QuantityError:
        before = None
    try:
        return Watched(text, value_at(session, text, update), before)
    except QuantityError as error:
        return Watched(text, fault=str(error))
