"""TOML as tables, from bytes that nobody vouches for: a scenario, or the file of a saved session.

A file is measured before it is read, and whatever is wrong with it is one `ScenarioError` with one
sentence, by line where there is one. Nothing else is raised, whatever the bytes are.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

from .decimals import meant
from .errors import Problem, ScenarioError

MOST_DOTS = 100
AT_LINE = re.compile(r" \(at line ([0-9]+), column ([0-9]+)\)$")
AT_END = " (at end of document)"
LONG_NUMBER = re.compile(r"[0-9_]{4300}")         # Python converts no longer ones
# tomllib's work on a dotted key grows with the square of its parts: refused before it starts.
LONG_KEY = re.compile(r"(?<![\w.'\"-])(?:[\w'\"-]+[ \t]*\.[ \t]*){" + str(MOST_DOTS) + "}")


def read_table_file(path: str | Path, limit: int, errors: str = "strict") -> dict[str, Any]:
    """The tables of the regular file at `path`, which is not a link and has at most `limit` bytes."""
    return parse_tables(read_file(path, limit), errors)[1]


def read_file(path: str | Path, limit: int) -> bytes:
    """The content of a regular file that is not a link, and has at most `limit` bytes. Raises ScenarioError; where the
    system could not read it, the OSError is its cause."""
    try:
        # A pipe with no writer would keep the reader waiting, and a link leads to another place.
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            kind = os.fstat(file).st_mode
            if not stat.S_ISREG(kind):
                raise one_problem("this is a folder" if stat.S_ISDIR(kind) else "this is not a regular file")
            with open(file, "rb", closefd=False) as opened:
                content = opened.read(limit + 1)
        finally:
            os.close(file)
    except OSError as error:
        link = error.errno == errno.ELOOP and os.path.islink(path)
        raise one_problem("this is a link to another place" if link else error.strerror or str(error)) from error
    except ValueError:                            # a null byte in the name
        raise one_problem("this is not the name of a file") from None
    if len(content) > limit:
        raise one_problem(f"the file holds more than {limit:,} bytes")
    return content


def parse_tables(content: bytes, errors: str = "strict") -> tuple[str, dict[str, Any]]:
    """The text and its tables. `errors` is how bytes that are not UTF-8 are read, as `bytes.decode` has it."""
    try:
        text = content.decode("utf-8-sig", errors)
    except UnicodeDecodeError as error:
        raise one_problem("this is not UTF-8 text", content.count(b"\n", 0, error.start) + 1) from None
    if not text.strip():
        raise one_problem("the file is empty", 1)
    if found := LONG_KEY.search(text):
        raise one_problem(f"a key has more than {MOST_DOTS} parts", _line_at(text, found.start()))
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(str(error), text) from None
    except RecursionError:
        raise too_deep() from None
    except ValueError:                            # from int(): more digits than Python converts
        found = LONG_NUMBER.search(text)
        raise one_problem("a number has too many digits", _line_at(text, found.start()) if found else None) from None


def too_deep() -> ScenarioError:
    return one_problem("lists or tables are nested too deeply")


def one_problem(message: str, line: int | None = None) -> ScenarioError:
    """What is wrong with the whole file."""
    return ScenarioError([Problem((), message, line)])


def _not_toml(message: str, text: str) -> ScenarioError:
    if found := AT_LINE.search(message):
        what = message[:found.start()]
        line = int(found[1])
        return one_problem(f"this is not TOML: {what} (column {found[2]}){_comma(text, line)}", line)
    return one_problem(f"this is not TOML: {message.removesuffix(AT_END)}", len(text.splitlines()))


def _comma(text: str, line: int) -> str:
    """That a line which is not TOML has a decimal comma in it, outside of its strings and comments."""
    written = re.sub(r'"[^"]*("|$)|\'[^\']*(\'|$)|#.*', "", text.split("\n")[line - 1])
    return f"; a decimal point is a point{meant(written)}" if meant(written) else ""


def _line_at(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
