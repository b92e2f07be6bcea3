"""The rows of this update's batch: which rows of the data they are, what each is fed, what is made of it, its loss.

The columns stand in groups: inputs, targets, noise, output. Targets that are 1 at one place and 0 elsewhere are a
label, and beside it stands the place of the greatest output.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from ...engine.program import Program, Var
from ...engine.scalars import unravel
from ...explain import notation
from ...replay.places import write_position
from ..scene import Scene
from ..state.session import Session
from .lines import NOT_YET, line
from .pane import GoesOn, Pane, TableOf
from .table import Column, Row, Table, Whole, counted
from .view import shown_rows

FEW = 4                                             # numbers of a variable: O comes by them, and a line has room
LABELS = 3                                          # targets from which on a 1 among zeros is a label


@dataclass(frozen=True)
class ColumnGroup:
    """Neighbouring columns: the elements of variables, or, of a `label`, the place of the greatest of them."""

    title: str
    variables: tuple[Var, ...]
    label: bool = False

    @property
    def size(self) -> int:
        return 1 if self.label else sum(v.lane_size for v in self.variables)


def groups(scene: Scene) -> tuple[ColumnGroup, ...]:
    """What is fed to the rows of this update, and the output that the loss is made of."""
    program = scene.program
    data = [v for v in program.inputs if v.role == "data"]
    noise = [v for v in program.inputs if v.role == "noise"]
    out = output(program)
    if not any(v.name == "inputs" for v in data):   # a scenario of equations names its data itself
        return tuple(ColumnGroup(v.name, (v,)) for v in (*data, *noise, *([out] if out else [])))
    label = labels(scene, data)
    found = [ColumnGroup("inputs", tuple(v for v in data if v.name != "targets"))]
    if len(data) > 1:
        found.append(ColumnGroup("label" if label else "targets", tuple(v for v in data if v.name == "targets"), label))
    found += [ColumnGroup(v.name, (v,)) for v in noise]
    if out is not None:
        same = label and out.lane_size == found[1].variables[0].lane_size
        found.append(ColumnGroup("guess" if same else "output", (out,), same))
    return tuple(found)


def output(program: Program) -> Var | None:
    """What the loss is made of: the first forward value that its lines read."""
    return next((v for b in program.forward if b.phase == "loss" for e in b.equations for v in e.operands
                 if v.role == "forward"), None)


def labels(scene: Scene, data: list[Var]) -> bool:
    """Whether the targets are labels, in this batch."""
    var = next((v for v in data if v.name == "targets"), None)
    if var is None or var.lane_size < LABELS or len(var.lane_shape) != 1:
        return False
    targets = scene.env.array(var).reshape(-1, var.lane_size)
    return bool(((targets == 0) | (targets == 1)).all() and (targets.sum(axis=1) == 1).all())


class Batch:
    """The batch of the update at the position, as a table."""

    def __init__(self, scene: Scene) -> None:
        self.program, self.env = scene.program, scene.env
        self.numbers = [n + 1 for n in scene.session.run.rows(scene.session.position.update)]
        self.groups, self.made = groups(scene), counted(scene)
        self.loss = self.program.loss

    @cached_property
    def cells(self) -> list[tuple[Var, int, bool]]:
        """What each column between the row's number and its loss shows: (variable, element, whether a label)."""
        return [(v, e, g.label) for g in self.groups for v in g.variables
                for e in (range(1) if g.label else range(v.lane_size))]

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        found = [Column("row", "row")]
        for group in self.groups:
            for var in group.variables:
                found += [Column(group.title, group.title)] if group.label else _columns(var)
        return (*found, Column(self.loss.name, self.loss.name))

    @cached_property
    def few(self) -> list[int]:
        """The first columns of each group, and the loss: what a line has room for."""
        found: list[int] = []
        first = 1
        for group in self.groups:
            found += range(first, first + min(FEW, group.size))
            first += group.size
        return [*found, first]

    def _of(self, var: Var) -> np.ndarray:
        """The values of a variable, sample by sample."""
        array = self.env.array(var)
        return array.reshape(len(array), -1) if var.lanes else np.broadcast_to(array.reshape(-1), (
            len(self.numbers), var.lane_size))

    def whole(self, column: int) -> Whole:
        count = len(self.numbers)
        if column == 0:
            return Whole(np.array(self.numbers, float), np.ones(count, bool))
        last = column == len(self.columns) - 1
        var, element, label = (self.loss, 0, False) if last else self.cells[column - 1]
        if self.made(var) <= (var.lane_size - 1 if label else element):
            return Whole(np.full(count, np.nan), np.zeros(count, bool))
        of = self._of(var)
        return Whole(of.argmax(axis=1).astype(float) if label else of[:, element].astype(float), np.ones(count, bool))

    def number(self, row: int, column: int) -> float | None:
        if column == 0:
            return float(self.numbers[row])
        last = column == len(self.columns) - 1
        var, element, label = (self.loss, 0, False) if last else self.cells[column - 1]
        if self.made(var) <= (var.lane_size - 1 if label else element):
            return None
        if label:
            return float(max(range(var.lane_size), key=lambda e: self.env.scalar((var, var.flat(e, row)))))
        return self.env.scalar((var, var.flat(element, row)))

    def row(self, row: int) -> Row:
        return Row(f"row {self.numbers[row]}", tuple(self.number(row, n) for n in range(len(self.columns))))

    def names(self) -> list[str]:
        return [f"row {n}" for n in self.numbers]

    def table(self) -> Table:
        return Table("Batch", "sample", self.columns, len(self.numbers), self.row, lambda n: f"row {self.numbers[n]}",
                     self.names, self.whole, every_typed=self.names, main=len(self.columns) - 1, alone=False)


@lru_cache(64)
def _columns(var: Var) -> list[Column]:
    words = [_word(var, e) for e in range(var.lane_size)]
    return [Column(w, w, turned=len(words) <= FEW) for w in words]


def _word(var: Var, element: int) -> str:
    if var.elements is not None:
        return var.elements[element]
    index = ",".join(map(str, unravel(element, var.lane_shape)))
    return f"{var.name}[{index}]" if index else var.name


def batch(scene: Scene) -> Table:
    """The rows of this update's batch."""
    return Batch(scene).table()


# the pane

def lines(scene: Scene, text: str, goes_on: GoesOn) -> Iterator[str]:
    """The rows of this update's batch, with as many of their numbers as a line holds."""
    session = scene.session
    found, where = Batch(scene), write_position(session.run, session.position)
    left = len(found.columns) - 1 - len(found.few)
    for row in shown_rows(scene, "batch", batch):
        fields = [f"{found.columns[n].title} {NOT_YET}" if (value := found.number(row, n)) is None else
                  f"{found.columns[n].title} = {notation.one(value)}" for n in found.few]
        yield line(where, f"row {found.numbers[row]}{', selected' if row == session.lane else ''}", *fields,
                   f"… {left:,} more" if left else "")


def _enter(session: Session, scene: Scene, n: int) -> None:
    session.lane, session.cursor["batch"] = n, None
    session.message = f"Row {session.row()} of the data is what is shown now; ) and ( turn on."


PANE = Pane("batch", "number_sign", "#", "Batch", "its rows; Enter selects a sample", "right",
            rows=TableOf(batch), default=lambda scene: scene.session.lane, subject=lambda scene, n: None,
            refusal="A row of the batch is a sample: Enter selects it.", enter=_enter, lines=lines)
