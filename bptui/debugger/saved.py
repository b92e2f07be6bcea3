"""A saved session as a record, and the record as a readable text.

The text is TOML with one item a line; it says only what differs from a fresh start. Reading it back is
tolerant: what cannot be understood is left out and named in a note. Keys that a later bptui may have
written are carried along as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, time
from typing import Any

from ..scenario.errors import ScenarioError, printable, quoted
from ..scenario.tables import parse_tables

HEADER = """\
# A session of bptui, saved while it went on: where you stood in the scenario named below, and what you had set.
# It is offered when that scenario is next opened, and written anew with every change. `--fresh` ignores it.
"""
UNREAD_HEADER = "# What this bptui did not understand, and kept."
SURROGATES = "surrogatepass"      # a path may hold bytes that are no text; Python reads them as lone surrogates
MOST_PLACES = 1000                # places to go back to, and forward to, that are written: the nearest
MOST_NOTES = 20
LARGEST_NUMBER = 10**15
DEEPEST, LONGEST = 20, 2**16      # of what is carried along unread
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


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


@dataclass(frozen=True)
class Saved:
    """A session. Every text is as the file has it: nothing says that it still means something in the scenario.

    `saved` is filled in when it is written. `unread` holds lines of TOML that `read` found and did not know.
    """

    scenario: str = ""                              # its absolute path, for people
    digest: str = ""                                # of the scenario when the session was saved
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
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class Understood:
    """What a file said. `whole`: writing `saved` again would lose nothing of it."""

    saved: Saved
    notes: tuple[str, ...]
    whole: bool


ALWAYS = ("scenario", "digest", "saved", "position", "sample", "run")
FRESH = Saved()
PAIRS = {"marks": ("letter", "place"), "looks": ("what", "chosen"), "cursors": ("pane", "row"),
         "unfolded": ("name", "element")}


def write(saved: Saved) -> str:
    """The text of a session. Lone surrogates in it are for `str.encode` with `SURROGATES`."""
    lines = [HEADER]
    for each in fields(Saved):
        key, value = each.name, getattr(saved, each.name)
        if key == "unread" or (key not in ALWAYS and value == getattr(FRESH, key)):
            continue
        if not isinstance(value, tuple):
            lines.append(f"{key} = {_toml(value)}")
            continue
        items = value[-MOST_PLACES:] if key in ("past", "future") else value
        lines += [f"\n{key} = [", *(f"  {_toml(_plain(key, item))}," for item in items), "]"]
    if saved.unread:
        lines += [f"\n{UNREAD_HEADER}", *saved.unread]
    return "\n".join(lines) + "\n"


def read(text: str) -> tuple[Saved, tuple[str, ...]]:
    """The session that a text tells, and a sentence on each thing in it that could not be understood."""
    try:
        understood = understand(parse_tables(text.encode("utf-8", SURROGATES), SURROGATES)[1])
    except ScenarioError as error:
        return Saved(), (unreadable(error),)
    return understood.saved, understood.notes


def unreadable(error: ScenarioError) -> str:
    """The notice that nothing of a file could be read."""
    problem = error.problems[0]
    line = f"; line {problem.line}" if problem.line else ""
    return f"The saved session cannot be read, and is set aside{line}: {printable(problem.message)}."


def understand(table: Mapping[str, Any]) -> Understood:
    """The session that the tables of a file tell. Nothing is raised, whatever they hold."""
    notes = _Notes()
    values: dict[str, Any] = {}
    unread: list[str] = []
    for key, value in table.items():
        if key in READERS:
            try:
                values[key] = READERS[key](value, key, notes)
            except _Wrong as wrong:
                notes.left_out(key, wrong)
        else:
            line = _line(key, value)
            if len(line) + sum(map(len, unread)) > LONGEST:
                line = ""
            unread += [line] if line else []
            notes.unknown(key, kept=bool(line))
    return Understood(Saved(**values, unread=tuple(unread)), notes.sentences(), notes.whole)


# How a value is written

def _plain(key: str, item: Any) -> Any:
    """An item of one of the lists as TOML's own kinds."""
    if key in PAIRS:
        return dict(zip(PAIRS[key], item, strict=True))
    return item if isinstance(item, str) else {each.name: getattr(item, each.name) for each in fields(item)}


def _toml(value: Any, depth: int = 0) -> str:
    """A value on one line. ValueError if it is nested too deeply to be read again."""
    if depth > DEEPEST:
        raise ValueError("nested too deeply")
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{"".join(map(_character, value))}"'
        case date() | time():                       # a datetime is a date
            return value.isoformat()
        case Mapping():
            return f"{{ {', '.join(f'{_key(k)} = {_toml(v, depth + 1)}' for k, v in value.items())} }}"
        case list() | tuple():
            return f"[{', '.join(_toml(v, depth + 1) for v in value)}]"
    return repr(value)                              # an int or a float, as TOML has them


def _character(c: str) -> str:
    if c.isprintable() or "\ud800" <= c <= "\udfff":    # TOML has no escape for a lone surrogate
        return ESCAPES.get(c, c)
    return ESCAPES.get(c) or (f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}")


def _key(key: str) -> str:
    return key if BARE_KEY.fullmatch(key) else _toml(key)


def _line(key: str, value: Any) -> str:
    """`key = value`, to be written back as it is; nothing if that cannot be."""
    try:
        return f"{_key(key)} = {_toml(value)}"
    except ValueError:
        return ""


# How a value is read

class _Wrong(Exception):
    """What was expected."""


@dataclass
class _Notes:
    """What was not understood, in order; and whether all of it goes back into the file."""

    said: list[str] = field(default_factory=list)
    whole: bool = True

    def left_out(self, where: str, wrong: _Wrong) -> None:
        self.said.append(f"Left out of the saved session: {where}, which must be {wrong}.")
        self.whole = False

    def unknown(self, key: str, where: str = "", kept: bool = False) -> None:
        of = f" of {where}" if where else ""
        self.said.append(f"The saved session has {quoted(key)}{of}, which this bptui does not know.")
        self.whole = self.whole and kept

    def sentences(self) -> tuple[str, ...]:
        if len(self.said) <= MOST_NOTES:
            return tuple(self.said)
        more = len(self.said) - MOST_NOTES
        return (*self.said[:MOST_NOTES], f"The saved session has {more:,} more that this bptui does not understand.")


Reader = Callable[[Any, str, _Notes], Any]          # of a value, where it stands, notes on parts of it; raises _Wrong


def _text(value: Any, where: str, notes: _Notes) -> str:
    if not isinstance(value, str):
        raise _Wrong("a text")
    return value


def _flag(value: Any, where: str, notes: _Notes) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("true or false")
    return value


def _whole(least: int) -> Reader:
    def read(value: Any, where: str, notes: _Notes) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= LARGEST_NUMBER:
            raise _Wrong(f"a whole number from {least}")
        return value
    return read


def _items(one: Reader) -> Reader:
    def read(value: Any, where: str, notes: _Notes) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise _Wrong("a list")
        kept: list[Any] = []
        for number, item in enumerate(value, 1):
            here = f"item {number} of {where}"
            try:
                kept.append(one(item, here, notes))
            except _Wrong as wrong:
                notes.left_out(here, wrong)
        return tuple(kept)
    return read


def _texts(value: Any, where: str, notes: _Notes) -> tuple[str, ...]:
    """A list of texts of which none may be missing."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _Wrong("a list of texts")
    return tuple(value)


def _record(make: Callable[..., Any], needed: Iterable[str], **readers: Reader) -> Reader:
    """`needed` are the keys without which the rest means nothing."""
    wanted = f"{{ {', '.join(readers)} }}"

    def read(value: Any, where: str, notes: _Notes) -> Any:
        if not isinstance(value, dict) or not value.keys() >= set(needed):
            raise _Wrong(wanted)
        got: dict[str, Any] = {}
        for key, part in value.items():
            if key not in readers:
                notes.unknown(key, where)
                continue
            try:
                got[key] = readers[key](part, f"{key} of {where}", notes)
            except _Wrong as wrong:
                if key in needed:
                    raise _Wrong(wanted) from None
                notes.left_out(f"{key} of {where}", wrong)
        return make(**got)
    return read


def _pair(first: str, second: str) -> Callable[..., tuple[Any, Any]]:
    return lambda **got: (got[first], got[second])


_STOP = _record(SavedStop, ("number", "text"), number=_whole(1), text=_text, enabled=_flag)
_MARK = _record(_pair("letter", "place"), ("letter", "place"), letter=_text, place=_text)
_LOOK = _record(_pair("what", "chosen"), ("what", "chosen"), what=_text, chosen=_text)
_CURSOR = _record(_pair("pane", "row"), ("pane", "row"), pane=_text, row=_whole(0))
_UNFOLDED = _record(_pair("name", "element"), ("name", "element"), name=_text, element=_whole(0))
_RUN = _record(SavedRun, ("name", "parent", "since", "edits"),
               name=_text, parent=_text, since=_whole(0), edits=_texts, sample=_whole(1))
READERS: dict[str, Reader] = {
    **dict.fromkeys(("scenario", "digest", "saved", "position", "run", "following", "began", "level",
                     "focus", "left", "right", "listed"), _text),
    "sample": _whole(1),
    "only": _flag,
    **dict.fromkeys(("watches", "past", "future"), _items(_text)),
    "stops": _items(_STOP),
    "looks": _items(_LOOK),
    "marks": _items(_MARK),
    "cursors": _items(_CURSOR),
    "unfolded": _items(_UNFOLDED),
    "runs": _items(_RUN),
}
