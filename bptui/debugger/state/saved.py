"""A saved session as a record, and the record as a text: JSON, with one thing that was set a line.

It says only what differs from a fresh start. A text is understood as a whole or not at all: what is not of the
record's own kinds, or of a version that is yet to come, is said to be so. Sessions of bptui before it had versions
are TOML; they can still be read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

from ...scenario.errors import ScenarioError
from ...scenario.tables import parse_tables

VERSION = 1
SURROGATES = "surrogatepass"      # a path may hold bytes that are no text; Python reads them as lone surrogates
MOST_PLACES = 1000                # places to go back to, and forward to, that are written: the nearest
LARGEST_NUMBER = 10**15


@dataclass(frozen=True)
class SavedStop:
    """A stop by its number, which is its name on the screen."""

    number: int = 1
    text: str = ""
    enabled: bool = True


@dataclass(frozen=True)
class SavedRun:
    """A what-if run: it left `parent` at update `since` with these edits, and was looked at with this data row."""

    name: str = ""
    parent: str = ""
    since: int = 0
    edits: tuple[str, ...] = ()
    sample: int = 1
    called: str = ""


@dataclass(frozen=True)
class Saved:
    """A session. Every text is as the file has it: nothing says that it still means something in the scenario.

    `saved` is filled in when it is written.
    """

    scenario: str = ""                              # its absolute path, for people
    digest: str = ""                                # of the scenario when the session was saved
    bits: str = ""                                  # what made the numbers: Python, numpy
    saved: str = ""                                 # local time
    position: str = "#0"
    sample: int = 1                                 # the data row, from 1
    run: str = "A"                                  # the run on screen
    following: str = ""                             # a quantity, or nothing
    only: bool = True
    began: str = ""                                 # where following began, where that is not the position
    level: str = "value"                            # the frame that is stepped by
    focus: str = "parameters"
    left: str = "network"
    right: str = "parameters"
    listed: str = ""                                # the stop, by its number, or the watch whose hits are listed
    cursors: tuple[tuple[str, int], ...] = ()       # pane, row
    unfolded: tuple[tuple[str, int], ...] = ()      # the paths that are opened in the chain: name, element
    looks: tuple[tuple[str, str], ...] = ()         # how things are looked at
    stops: tuple[SavedStop, ...] = ()
    watches: tuple[str, ...] = ()
    marks: tuple[tuple[str, str], ...] = ()         # letter, position
    past: tuple[str, ...] = ()                      # places to go back to, the nearest last
    future: tuple[str, ...] = ()                    # places to go forward to, the nearest last
    runs: tuple[SavedRun, ...] = ()


class Unreadable(ValueError):
    """A text that is no session: why, in one phrase."""


class Newer(ValueError):
    """A session that a later bptui has written: its version."""


ALWAYS = ("scenario", "digest", "bits", "saved", "position", "sample", "run")
FRESH = Saved()
COUNTS = ("sample", "number")                       # whole numbers from 1
PAIRS = {"marks": ("letter", "place"), "looks": ("what", "chosen"), "cursors": ("pane", "row"),
         "unfolded": ("name", "element")}           # as the TOML had them


def write(saved: Saved) -> str:
    """The text of a session, in ASCII."""
    table: dict[str, Any] = {"version": VERSION}
    for each in fields(Saved):
        value = getattr(saved, each.name)
        if each.name in ALWAYS or value != getattr(FRESH, each.name):
            items = value[-MOST_PLACES:] if each.name in ("past", "future") else value
            table[each.name] = [asdict(item) if isinstance(item, SavedStop | SavedRun) else item for item in items] \
                if isinstance(items, tuple) else items
    return "{\n" + ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in table.items()) + "\n}\n"


def read(content: bytes) -> Saved:
    """The session that a file of JSON tells. Raises Unreadable, Newer."""
    try:
        table = json.loads(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise Unreadable("this is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise Unreadable(f"this is not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise Unreadable("lists are nested too deeply") from None
    except ValueError:                              # from int(): more digits than Python converts
        raise Unreadable("a number has too many digits") from None
    version = table.pop("version", None) if isinstance(table, dict) else None
    if type(version) is not int or version < 1:
        raise Unreadable("it has no version")
    if version > VERSION:
        raise Newer(version)
    return _record(Saved, table, "the session")


def read_old(content: bytes) -> Saved:
    """The session that a file of TOML tells. Raises Unreadable."""
    try:
        table = parse_tables(content, SURROGATES)[1]
    except ScenarioError as error:
        problem = error.problems[0]
        raise Unreadable(problem.message + (f" (line {problem.line})" if problem.line else "")) from None
    for key, parts in PAIRS.items():
        if isinstance(table.get(key), list):
            table[key] = [[item.get(part) for part in parts] if isinstance(item, Mapping) else item
                          for item in table[key]]
    return _record(Saved, table, "the session")


def _record(kind: type[Any], table: Any, where: str) -> Any:
    """One of the records above, from a table of its fields."""
    hints = get_type_hints(kind)
    if not isinstance(table, Mapping) or not table.keys() <= hints.keys():
        raise Unreadable(f"{where} is not {{ {', '.join(hints)} }}")
    return kind(**{key: _value(hints[key], value, key) for key, value in table.items()})


def _value(kind: Any, value: Any, where: str) -> Any:
    """A value of a field's kind."""
    if is_dataclass(kind):
        return _record(kind, value, f"an item of {where}")  # type: ignore[arg-type]
    if get_origin(kind) is tuple:
        parts = get_args(kind)
        if isinstance(value, list) and parts[-1] is ...:
            return tuple(_value(parts[0], item, where) for item in value)
        if isinstance(value, list) and len(value) == len(parts):
            return tuple(_value(part, item, where) for part, item in zip(parts, value, strict=True))
        raise Unreadable(f"{where} is not a list of what it holds")
    if type(value) is not kind:
        raise Unreadable(f"{where} is not {({str: 'a text', int: 'a whole number', bool: 'true or false'})[kind]}")
    least = 1 if where in COUNTS else 0
    if kind is int and not least <= value <= LARGEST_NUMBER:
        raise Unreadable(f"{where} is not a whole number from {least}")
    return value
