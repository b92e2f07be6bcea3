"""Copying: the value under the cursor with all its digits, and a whole table as a file of comma-separated values.

What is copied goes to the terminal as OSC 52; some refuse that, so the line of words shows it too. A file has a header,
the name of each quantity as it can be typed, and every digit: `float()` of a cell is the run's own number. What the
position has not reached is an empty cell.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...explain.notation import all_digits
from ...scenario.errors import QuantityError, printable, quoted, sentence
from ...scenario.files import put
from ..panes.register import BY_ID, at, is_table, subject, view
from ..panes.table import Cell, Whole
from ..panes.view import View
from ..scene import Scene
from ..state import watches
from ..state.session import Session
from . import order, typed

NUMBERS_FIRST = "=+-@\t\r＝＋－＠"                    # what a spreadsheet may read as the start of a formula
NO_NUMBERS = "There is no number under the cursor here to copy."
NOT_MADE = "{} is not made yet: there is nothing to copy."


# one value

Found = tuple[str, float | str, str] | str          # name, value, what another y copies; or why there is none


def copy(session: Session) -> str:
    """The digits of the value under the cursor, for the clipboard; it is said what they are."""
    found = _from_table(session, session.focus) if is_table(session.focus) else _elsewhere(session)
    session.message = found if isinstance(found, str) else f"Copied {found[0]} = {_digits(found)}.{found[2]}"
    return "" if isinstance(found, str) else _digits(found)


def tell(session: Session, text: str) -> None:
    """Where there is no clipboard: all digits of a value, that which was typed or that at which the run stands."""
    found = _typed(session, text) if text else _from_table(session, session.focus)
    session.message = found if isinstance(found, str) else f"{found[0]} = {_digits(found)}"


def _digits(found: tuple[str, float | str, str]) -> str:
    return all_digits(found[1]) if isinstance(found[1], float) else printable(str(found[1]))


def _typed(session: Session, text: str) -> Found:
    try:
        quantity = typed.quantity(session, text)
    except QuantityError as error:
        return sentence(error)
    each = watches.here(session, quantity)
    if each.fault:
        return sentence(each.fault)
    if each.value is None:
        return NOT_MADE.format(quantity)
    value = each.value
    if np.ndim(value):
        return quantity, _nested(value.tolist()), ""
    return quantity, str(bool(value)) if np.asarray(value).dtype == bool else float(value), ""


def _nested(value: object) -> str:
    """A tensor's lists, with the names that a single value has."""
    if isinstance(value, list):
        return f"[{', '.join(map(_nested, value))}]"
    return all_digits(value) if isinstance(value, float) else str(value)


def _from_table(session: Session, pane: str) -> Found:
    """A number of the row under the cursor: of the column that it is ordered by, else the one that the row is named
    for; again, the next."""
    scene = Scene(session)
    seen = view(scene, pane)
    if not seen.count:
        return NO_NUMBERS
    number = at(scene, pane)
    table, row = seen.table, seen.table.row(number)
    made = [k for k, cell in enumerate(row.cells) if cell is not None]
    if not made:
        return NOT_MADE.format(row.name) if not row.note else f"{row.name}: {row.note}."
    place = (pane, number, session.position, session.lane)
    before = session.copied[1] if session.copied is not None and session.copied[0] == place else None
    if table.main is None and before is None and not seen.order:
        session.copied = place, -1
        return row.name, table.typed(number), f" y again: {table.columns[made[0]].title}."
    numbers = [k for k in made if table.columns[k].number] or made
    ordered_by = next((k for k in made if table.columns[k].word == seen.order.strip("-|")), None)
    first = ordered_by if ordered_by is not None else table.main if table.main in made else numbers[0]
    assert first is not None
    column = made[0] if before == -1 else made[(made.index(before) + 1) % len(made)] if before in made else first
    session.copied = place, column
    after = made[(made.index(column) + 1) % len(made)]
    value = row.cells[column]
    assert value is not None
    titles = [c.title for c in table.columns]
    name = row.name if len(titles) == 1 or (column == table.main and table.alone) else f"{row.name}, {titles[column]}"
    return name, value, f" y again: {titles[after]}." if after != column else ""


def _elsewhere(session: Session) -> Found:
    """The value of what is no row of a table: of the chain, a neuron, a cell of the matrix, a point of the plot."""
    found = subject(Scene(session))
    if found is None:
        return NO_NUMBERS
    if found.count > 1:
        return "This line makes many values: put the cursor on one of them."
    return (found.name, found.value, "") if found.value is not None else NOT_MADE.format(found.name)


# a whole table

def file_name(session: Session) -> str:
    """What stands in the line at first."""
    scenario = session.run.scenario
    name = scenario.path.stem if scenario.path is not None else scenario.name
    return f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', name)}_{order.pane_of(session)}.csv"


def save(session: Session, text: str) -> None:
    """Save the table that has the focus, as it is filtered and ordered."""
    pane, name = order.chosen_pane(session, text)
    if not pane:
        session.message = order.NO_TABLE
        return
    over = name.endswith("!")
    name = name.removesuffix("!").strip()
    if not name or not name.isprintable():
        session.message = f"{quoted(name)} is no name of a file." if name else "Say the name of a file, as in w.csv."
        return
    seen = view(Scene(session), pane)
    if not seen.count:
        session.message = "No row is shown, so there is nothing to save."
        return
    path = Path(name).expanduser() if name.startswith("~") else Path(name)
    try:
        count = _write(path, _lines(seen), over)
    except FileExistsError:
        session.message = f"{quoted(name)} is there already: end the name with ! to write over it."
    except (OSError, RuntimeError, ValueError) as error:     # a ~ of nobody, a name that no system takes
        session.message = f"{quoted(name)} was not written: {_why(error)}."
    else:
        what = BY_ID[pane].title.lower()
        part = f" of {seen.table.rows:,}" if seen.filter else ""
        session.message = f"Saved {count:,}{part} row{'s' * (count != 1)} of {what} to {quoted(name)}."


def _why(error: Exception) -> str:
    reasons: dict[type[Exception], str] = {
        FileNotFoundError: "there is no such folder", NotADirectoryError: "there is no such folder",
        IsADirectoryError: "that is a folder", PermissionError: "it is not allowed there"}
    strerror = getattr(error, "strerror", None)
    return reasons.get(type(error), (strerror or str(error)).lower().rstrip("."))


def _write(path: Path, lines: Iterator[list[str]], over: bool) -> int:
    """Write a file of comma-separated values; how many rows. Raises OSError."""
    if path.is_dir():
        raise IsADirectoryError
    if os.path.lexists(path) and (not over or not path.is_file()):
        raise FileExistsError if not over else PermissionError
    text = io.StringIO(newline="")
    writer, count = csv.writer(text, lineterminator="\n"), -1       # the header is no row
    for line in lines:
        writer.writerow(line)
        count += 1
    put(path.resolve() if over else path, text.getvalue().encode(), over)
    return count


def _lines(seen: View) -> Iterator[list[str]]:
    """The header and the rows."""
    table = seen.table
    yield [table.head, *(safe(c.word) for c in table.columns)]
    rows = range(table.rows) if seen.rows is None else seen.rows.tolist()
    if table.every_typed is None:
        for n in rows:
            yield [safe(table.typed(n)), *map(_cell, table.row(n).cells)]
        return
    names, columns = table.every_typed(), [_texts(table.whole(k)) for k in range(len(table.columns))]
    for n in rows:
        yield [safe(names[n]), *(column[n] for column in columns)]


def _texts(whole: Whole) -> list[str]:
    """A whole column with all its digits."""
    return [all_digits(v) if made else "" for v, made in zip(whole.values.tolist(), whole.made.tolist(), strict=True)]


def _cell(cell: Cell) -> str:
    return "" if cell is None else all_digits(cell) if isinstance(cell, float) else safe(str(cell))


def safe(text: str) -> str:
    """A text that a spreadsheet takes as one, without anything that a terminal could obey."""
    text = printable(text)
    return f"'{text}" if text[:1] in NUMBERS_FIRST else text
