"""The panes: one row each. What a pane shows, and what its cursor is on, is asked here; nobody else imports all."""

from __future__ import annotations

from collections.abc import Iterable

from ..scene import Scene
from ..state.session import LEAVES, Session
from ..subject import Subject
from . import (
    batch,
    chain,
    derivatives,
    gradients,
    hits,
    matrix,
    network,
    parameters,
    plot,
    printed,
    program,
    stops,
    values,
    watches,
)
from .lines import rows_of
from .pane import GoesOn, Pane, TableOf
from .table import Table
from .view import View, looked_at

TABLE = (chain.PANE, network.PANE, program.PANE, parameters.PANE, values.PANE, printed.PANE, plot.PANE, matrix.PANE,
         gradients.PANE, derivatives.PANE, batch.PANE, watches.PANE, stops.PANE, hits.PANE)
BY_ID: dict[str, Pane] = {pane.id: pane for pane in TABLE}
LEAVES.update(pane.id for pane in TABLE if pane.clears_on_step)



def side(pane: str) -> str:
    """Where a pane stands under the chain; of what is no pane, nothing."""
    return BY_ID[pane].side if pane in BY_ID else ""


# tables

def is_table(pane: str) -> bool:
    return pane in BY_ID and isinstance(BY_ID[pane].rows, TableOf)


def table_of(scene: Scene, pane: str) -> Table:
    """The rows of a pane that is a table, as made."""
    rows = BY_ID[pane].rows
    assert isinstance(rows, TableOf)
    return rows.make(scene)


def view(scene: Scene, pane: str) -> View:
    """The table of a pane as it is ordered and filtered."""
    record = BY_ID[pane]
    assert isinstance(record.rows, TableOf)
    return looked_at(scene, record.id, record.rows.make)


# cursors

def length(scene: Scene, pane: str) -> int:
    """How many rows a pane's cursor can be on; of a table those that are shown."""
    rows = BY_ID[pane].rows
    return view(scene, pane).count if isinstance(rows, TableOf) else rows(scene)


def at(scene: Scene, pane: str) -> int:
    """The row that a pane's cursor is on; of a table its number as made, whatever the order."""
    chosen = scene.session.cursor[pane]
    row = BY_ID[pane].default(scene) if chosen is None else chosen
    if is_table(pane):
        return view(scene, pane).nearest(row)
    return row if chosen is None else min(row, max(0, length(scene, pane) - 1))


def focused(scene: Scene) -> Pane:
    """The pane that is meant by "this": that of the focus, and where there is no room for it the chain."""
    session = scene.session
    return BY_ID[session.focus if session.focus in scene.shown else "chain"]


def subject(scene: Scene) -> Subject | None:
    """What the cursor of the pane with the focus is on; None where its rows are no values, or it has none."""
    pane = focused(scene)
    return pane.subject(scene, at(scene, pane.id)) if length(scene, pane.id) else None


def refusal(scene: Scene, needed: str) -> str:
    """Why there is no value under the cursor, what its row is, and what is needed instead."""
    pane = focused(scene)
    said = pane.refusal if length(scene, pane.id) and subject(scene) is None else ""
    return f"{said} {needed}".strip()


# without a screen, and between keys

def lines(scene: Scene, pane: str, text: str, goes_on: GoesOn) -> Iterable[str]:
    """The rows of a pane as lines of text; `text` is what was typed after its name."""
    record = BY_ID[pane]
    return record.lines(scene, text, goes_on) if record.lines is not None else rows_of(scene, view(scene, pane))


def work_on(session: Session, seconds: float) -> bool:
    """Go on with what the panes in sight show, then with the marks of the time line, for about `seconds`; False when
    all is done."""
    in_sight = (pane.work for pane in BY_ID.values() if pane.id in session.shown and pane.work is not None)
    return any(work(session, seconds) for work in in_sight) or plot.mark_on(session, seconds)
