"""CSV files: a header that names the columns, and then a row per sample.

The form of the whole file is checked when it is opened: text, quotes, and as many cells in each row as the
header has columns. Only a column that is asked for must hold numbers, so others may hold text. The file is
gone through row by row and never held as cells, of which a large file would need many gigabytes.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from math import isfinite
from operator import itemgetter
from typing import ClassVar

import numpy as np

from .errors import quoted
from .records import Array
from .values import MOST_ROWS, Wrong, frozen

BOM = b"\xef\xbb\xbf"
LONGEST_ROW = 2**20                               # bytes; without an end, one row would be a file's worth of cells
MOST_VALUES = 5 * 10**6
PLAIN = re.compile(r"[0-9eE+\-. \t,]*")           # cells that float() takes for what they look like
AFTER_QUOTE = re.compile(r'"[ \t]+(?=,|\r?\n|$)')
REASONS = {                                       # words of Python's csv module, and ours
    "field limit": f"a cell has more than {csv.field_size_limit():,} characters; is a quote never closed?",
    "unexpected end": "a quoted cell is never closed",
    "expected after": "there is text after the closing quote of a cell; a quote inside one is written twice",
    "new-line": "there is a carriage return in the middle of the line",
}


@dataclass(frozen=True)
class Csv:
    """A CSV file's bytes, the names of its columns, and how many rows stand under them."""

    file: str
    content: bytes = field(repr=False)
    names: tuple[str, ...]
    rows: int
    holds: ClassVar[str] = "column"

    def read(self, names: Sequence[str]) -> Array:
        """One column as a list of numbers; several side by side, a row per sample."""
        place = {name: at for at, name in enumerate(self.names)}
        pick = itemgetter(*[place[name] for name in names])
        numbers = np.empty((self.rows, len(names)))
        rows = _rows(self.file, self.content)
        next(rows)                                # the header
        for at, (line, row) in enumerate(rows):
            cells = pick(row) if len(names) > 1 else (pick(row),)
            numbers[at] = _quickly(cells) or [
                _number(cell, f"{quoted(self.file)} line {line}: column {quoted(name)}")
                for name, cell in zip(names, cells, strict=True)
            ]
        return frozen(numbers if len(names) > 1 else numbers.reshape(-1))


def open_csv(file: str, content: bytes) -> Csv:
    """The CSV file of these bytes. Wrong if it is none; the numbers in it are looked at when they are read."""
    rows = _rows(file, content)
    first = next(rows, None)
    if first is None:
        raise Wrong(f"{quoted(file)} is empty: its first line must name the columns")
    names = _header(file, *first)
    count = 0
    for line, row in rows:
        count += 1
        if len(row) != len(names):
            raise Wrong(f"{quoted(file)} line {line} has {_counted(len(row), 'cell')} "
                        f"where the header has {_counted(len(names), 'column')}")
        if count > MOST_ROWS or count * len(names) > MOST_VALUES:
            what = f"{MOST_ROWS:,} rows" if count > MOST_ROWS else f"{MOST_VALUES:,} values"
            raise Wrong(f"{quoted(file)} line {line}: a CSV file has at most {what} that can be held")
    if not count:
        raise Wrong(f"{quoted(file)} has a header and no rows under it")
    return Csv(file, content, names, count)


def _header(file: str, line: int, row: list[str]) -> tuple[str, ...]:
    """The names of the columns, each one once."""
    names = tuple(cell.strip() for cell in row)
    for at, name in enumerate(names):
        if not name:
            raise Wrong(f"{quoted(file)} line {line}: column {at + 1} has no name")
    if len(names) == 1 and (mark := next((mark for mark in ";\t" if mark in names[0]), None)):
        raise Wrong(f"{quoted(file)} line {line}: cells must be separated by commas, "
                    f"not by {'tabs' if mark == chr(9) else 'semicolons'}")
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise Wrong(f"{quoted(file)} line {line}: two columns have the name {quoted(name)}")
        seen.add(name)
    return names


def _quickly(cells: Sequence[str]) -> list[float] | None:
    """The numbers of plain cells, or None where each cell must be looked at.

    float() alone also takes 1_000, digits of other scripts, inf and nan.
    """
    if not PLAIN.fullmatch(",".join(cells)):
        return None
    try:
        numbers = [float(cell) for cell in cells]
    except ValueError:
        return None
    return numbers if isfinite(sum(numbers)) else None


def _number(cell: str, where: str) -> float:
    text = cell.strip()
    if not text:
        raise Wrong(f"{where} is empty")
    try:
        number = float(text) if text.isascii() and "_" not in text else None
    except ValueError:
        number = None
    if number is None:
        raise Wrong(f"{where} holds {quoted(text)}, not a number")
    if not isfinite(number):
        raise Wrong(f"{where} must hold finite numbers, not {quoted(text)}")
    return number


class _Lines:
    """The file's lines as text, one by one; `size` is of those since it was last set to 0."""

    def __init__(self, file: str, content: bytes) -> None:
        self.file, self.content = file, BytesIO(content)
        if content.startswith(BOM):
            self.content.seek(len(BOM))
        self.number = self.size = 0
        self.text = ""

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.content.readline(LONGEST_ROW + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self.size += len(line)
        here = f"{quoted(self.file)} line {self.number}"
        if self.size > LONGEST_ROW:
            raise Wrong(f"{here}: a row has more than {LONGEST_ROW // 2**20} MiB")
        try:
            self.text = line.decode("utf-8")
        except UnicodeDecodeError:
            raise Wrong(f"{here} is not UTF-8 text") from None
        if "\0" in self.text:
            raise Wrong(f"{here} holds a zero byte, and is not text")
        if '"' in self.text:
            self.text = AFTER_QUOTE.sub('"', self.text)
        return self.text


def _rows(file: str, content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Each row and the line it begins at, from 1, without the blank lines at the end."""
    lines = _Lines(file, content)
    reader = csv.reader(lines, strict=True, skipinitialspace=True)
    blank = 0
    while True:
        line, lines.size = lines.number + 1, 0
        try:
            row = next(reader, None)
        except csv.Error as error:
            reason = next((ours for theirs, ours in REASONS.items() if theirs in str(error)), str(error))
            raise Wrong(f"{quoted(file)} line {line} cannot be read: {reason}") from None
        if row is None:
            return
        if not row or (row == [""] and not lines.text.strip()):
            blank = blank or line
            continue
        if blank:
            raise Wrong(f"{quoted(file)} line {blank} is blank: only the last lines may be")
        yield line, row


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"
