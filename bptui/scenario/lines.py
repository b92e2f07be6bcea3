"""Where in a TOML text each key and each array element stands.

`tomllib` gives values without positions, and every message about a scenario names its line. This
scanner walks over a text that tomllib has already accepted, so it need not judge, only follow: strings
are stepped over whole, brackets are followed, and every key path is written down with its line.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import KeyPath

SPACE = re.compile(r"[ \t]*")
BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")              # comments count as blank
REST_OF_LINE = re.compile(r"[^\n]*\n?")
STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'                          # the last three of up to five quotes close it
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\]|\\.)*"'
    r"|'[^']*'",
    re.DOTALL,
)
DEEPEST = 20                                             # parts of a path that are told apart; no key is so deep
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
BARE_VALUE = re.compile(r"[^,\]}#\n]+")                  # numbers, true, dates (which may hold a space)


@dataclass(frozen=True)
class _Text:
    text: str
    ends: tuple[int, ...]                                # where each newline is
    lines: dict[KeyPath, int] = field(default_factory=dict[KeyPath, int])

    def line(self, at: int) -> int:
        return bisect_right(self.ends, at) + 1

    def put(self, path: KeyPath, at: int) -> None:
        """Write down `path`, and whatever on the way to it is not known yet."""
        line = self.line(at)
        for length in range(min(len(path), DEEPEST), 0, -1):
            if path[:length] in self.lines:
                break
            self.lines[path[:length]] = line


def scan_lines(text: str) -> dict[KeyPath, int]:
    """Key path to line number (from 1) of a valid TOML text."""
    text = text.replace("\r\n", "\n")
    source = _Text(text, tuple(m.start() for m in re.finditer("\n", text)))
    tables: dict[KeyPath, int] = {}                      # arrays of tables, and how many of each
    here: KeyPath = ()
    at = _skip(BLANK, source, 0)
    while at < len(text):
        start = at
        if text.startswith("[[", at):
            written, at = _key(source, _skip(SPACE, source, at + 2))
            array = _inside(written, tables)
            number = tables.get(array, 0)
            tables[array] = number + 1
            here = (*array, number)
            source.put(here, start)
            at = _skip(REST_OF_LINE, source, at)
        elif text[at] == "[":
            written, at = _key(source, _skip(SPACE, source, at + 1))
            here = _inside(written, tables)
            source.put(here, start)
            source.lines[here] = source.line(start)      # its own header, though it was implied before
            at = _skip(REST_OF_LINE, source, at)
        else:
            at = _skip(REST_OF_LINE, source, _pair(source, at, here))
        at = _skip(BLANK, source, at)
    return source.lines


def line_of(lines: Mapping[KeyPath, int], key: KeyPath) -> int:
    """The line of `key`, else of the longest part of it that is known, else 1."""
    for length in range(len(key), 0, -1):
        if key[:length] in lines:
            return lines[key[:length]]
    return 1


def _inside(written: tuple[str, ...], tables: Mapping[KeyPath, int]) -> KeyPath:
    """The path of a header: a part that is an array of tables means its last table."""
    path: KeyPath = ()
    for part in written:
        path = (*path, tables[path] - 1, part) if path in tables else (*path, part)
    return path


def _skip(pattern: re.Pattern[str], source: _Text, at: int) -> int:
    found = pattern.match(source.text, at)
    return found.end() if found else at


def _key(source: _Text, at: int) -> tuple[tuple[str, ...], int]:
    """A dotted key, and where it ends."""
    parts: list[str] = []
    while True:
        if found := BARE_KEY.match(source.text, at):
            parts.append(found[0])
        else:
            found = STRING.match(source.text, at)
            assert found, "tomllib accepted a key that the line scanner cannot read"
            parts.append(tomllib.loads(f"key = {found[0]}")["key"])
        at = _skip(SPACE, source, found.end())
        if source.text[at:at + 1] != ".":
            return tuple(parts), at
        at = _skip(SPACE, source, at + 1)


def _pair(source: _Text, at: int, table: KeyPath) -> int:
    key, equals = _key(source, at)
    path = (*table, *key)
    source.put(path, at)
    return _value(source, _skip(SPACE, source, equals + 1), path)


def _value(source: _Text, at: int, path: KeyPath) -> int:
    """Step over one value, writing down what is inside it; where it ends."""
    text = source.text
    if text[at] == "[":
        return _items(source, at, path, "]")
    if text[at] == "{":
        return _items(source, at, path, "}")
    return _skip(STRING if text[at] in "\"'" else BARE_VALUE, source, at)


def _items(source: _Text, at: int, path: KeyPath, close: str) -> int:
    """The elements of an array or the pairs of an inline table, up to the closing bracket."""
    number = 0
    at = _skip(BLANK, source, at + 1)
    while source.text[at] != close:
        if close == "]":
            source.lines[(*path, number)] = source.line(at)
            at = _value(source, at, (*path, number))
        else:
            at = _pair(source, at, path)
        number += 1
        at = _skip(BLANK, source, at)
        if source.text[at] == ",":
            at = _skip(BLANK, source, at + 1)
    return at + 1
