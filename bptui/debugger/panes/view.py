"""In which order the rows of a table are shown, and which of them.

An order is a column: `grad` largest first, `-grad` smallest first, `|grad|` by size; what is not made yet, and NaN,
come last. A filter is a part of a name, a pattern with *, or a comparison of a column, joined by `and`. Both are looks
of a pane. A cursor is a row's number as made, so it stays on that row from position to position, and when all is as
made again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ...explain import notation
from ...scenario.errors import QuantityError, quoted
from ..scene import Scene
from ..state.looks import look
from .ids import PaneId
from .table import MOST_WORKED_OUT, Table, Whole

SIGNS: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "=": np.equal, "==": np.equal,
    "!=": np.not_equal,
}
COMPARISON = re.compile(r"(?:abs\((?P<abs>.*?)\)|\|(?P<bars>[^|]*)\||(?P<plain>[^<>=!]*?))\s*"
                        r"(?P<sign><=|>=|==|!=|<|>|=)\s*(?P<number>.*)")


@dataclass(frozen=True)
class View:
    """A table as it is looked at. `rows` are the numbers of its rows in order; None: all of them, as made."""

    table: Table
    rows: np.ndarray | None = None
    order: str = ""
    filter: str = ""
    fault: str = ""

    @property
    def count(self) -> int:
        return self.table.rows if self.rows is None else len(self.rows)

    def row(self, place: int) -> int:
        """The number of the row at a place, from 0."""
        return place if self.rows is None else int(self.rows[place])

    def place(self, row: int) -> int:
        """Where a row stands; for one that the filter leaves out, where the nearest as made does."""
        if self.rows is None:
            return max(0, min(row, self.count - 1))
        return int(np.argmin(np.abs(self.rows - row))) if len(self.rows) else 0

    def nearest(self, row: int) -> int:
        return self.row(self.place(row)) if self.count else 0

    @property
    def said(self) -> list[str]:
        """What the rule says of it."""
        how = [f"{self.count:,} of {self.table.rows:,}"] if self.filter else []
        if self.order:
            how.append(f"{'↑' if self.order.startswith('-') else '↓'} {self.order.removeprefix('-')}")
        return [*how, "does not fit"] if self.fault else how


def looked_at(scene: Scene, pane: PaneId, make: Callable[[Scene], Table]) -> View:
    """A table of a pane as it is looked at, once a scene."""
    return scene.once(("view", pane), lambda: _looked_at(scene, pane, make(scene)))


def shown_rows(scene: Scene, pane: PaneId, make: Callable[[Scene], Table]) -> Iterable[int]:
    """The rows of a table as made, in the order in which they are looked at."""
    seen = looked_at(scene, pane, make)
    return range(seen.count) if seen.rows is None else map(int, seen.rows)


def _looked_at(scene: Scene, pane: PaneId, table: Table) -> View:
    """What was worked out is kept until the position, or the list, is another."""
    session = scene.session
    order, wanted = look(session, f"sort.{pane}"), look(session, f"filter.{pane}")
    if not order and not wanted:
        return View(table)
    run, position = session.run, session.position
    key = (run, scene.env, position, session.lane, order, wanted, table.rows, table.stamp)
    if pane not in session.views or session.views[pane][0] != key:
        session.views[pane] = key, _view(table, order, wanted)
    return View(table, *session.views[pane][1])


def _view(table: Table, order: str, wanted: str) -> tuple[np.ndarray | None, str, str, str]:
    try:
        rows = np.arange(table.rows)
        if wanted:
            rows = rows[kept(table, wanted)]
        return ordered(table, rows, order), order, wanted, ""
    except QuantityError as error:                  # a look that was saved may not fit this table
        return None, order, wanted, str(error)


def ordered(table: Table, rows: np.ndarray, order: str) -> np.ndarray:
    """The rows by a column; what is not made and NaN last, equals as made. Raises QuantityError."""
    if not order:
        return rows
    sign, word = ("-", order[1:]) if order.startswith("-") else ("|", order[1:-1]) if order.startswith("|") else \
        ("", order)
    whole = Whole(*(part[rows] for part in _whole(table, word)))
    key = whole.values if sign == "-" else -np.abs(whole.values) if sign else -whole.values
    last = ~whole.made | np.isnan(key)
    return rows[np.lexsort((np.where(last, 0.0, key), last))]


def _whole(table: Table, word: str) -> tuple[np.ndarray, np.ndarray]:
    """A column by its word: its values, and which are made. Raises QuantityError."""
    wanted = notation.readable(word)
    known = [n for n, c in enumerate(table.columns) if c.number and wanted.lower() in (c.word.lower(), c.title.lower())]
    if not known:
        words = [c.word for c in table.columns if c.number and c.turned]
        raise QuantityError(f"{quoted(word)} is no column of numbers here: {', '.join(words)}")
    if table.every_typed is None and table.rows > MOST_WORKED_OUT:
        raise QuantityError(f"of more than {MOST_WORKED_OUT:,} rows that are worked out one by one only names "
                            "are compared")
    whole = table.whole(known[0])
    return whole.values, whole.made


def kept(table: Table, text: str) -> np.ndarray:
    """Which rows a filter keeps. Raises QuantityError."""
    mask = np.ones(table.rows, bool)
    for part in re.split(r"\s+and\s+", text.strip()):
        found = COMPARISON.fullmatch(part)
        mask &= _compared(table, found) if found else _named(table.names(), part)
    return mask


def _compared(table: Table, found: re.Match[str]) -> np.ndarray:
    size = next((found[g] for g in ("abs", "bars") if found[g] is not None), None)
    word, sign, number = (found["plain"] if size is None else size).strip(), found["sign"], found["number"].strip()
    if not word:
        raise QuantityError(f"a column stands before {sign}, as in value {sign} {number or '0'}")
    values, made = _whole(table, word)
    try:
        limit = float(number)
    except ValueError:
        raise QuantityError(f"a column is compared with a number; {quoted(number)} is none") from None
    if np.isnan(limit):
        if SIGNS[sign] not in (np.equal, np.not_equal):
            raise QuantityError("nothing is less or greater than NaN: value = nan finds it")
        return made & (np.isnan(values) == (SIGNS[sign] is np.equal))
    values = values if size is None else np.abs(values)
    return made & ~np.isnan(values) & SIGNS[sign](values, limit)


def _named(names: Sequence[str], pattern: str) -> np.ndarray:
    """Rows by a part of their names, or by all of it, where * is anything. Capital or small is the same."""
    first, *rest = notation.readable(pattern).lower().split("*")
    if not rest:
        return np.array([first in name.lower() for name in names], bool)
    return np.array([_fits(name, first, rest) or _fits(name.partition(".")[2] or name, first, rest)    # as it is shown
                     for name in map(str.lower, names)], bool)


def _fits(name: str, first: str, rest: Sequence[str]) -> bool:
    if not name.startswith(first):
        return False
    at = len(first)
    for part in rest[:-1]:
        at = name.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return len(name) - len(rest[-1]) >= at and name.endswith(rest[-1])
