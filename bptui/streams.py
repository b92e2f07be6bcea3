"""The way out of every command: standard output and error, on which nothing can stand that a terminal obeys.

Whatever is written has its controls, marks of direction and the like spelled as escapes; only the newlines that end
lines pass. What an encoding lacks gets a spelling in ASCII, and so does what it would write to a terminal as a control
byte. A failure to write is kept, because argparse swallows it.
"""

from __future__ import annotations

import codecs
import errno
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import IO, Any, cast

from .explain import ascii
from .scenario.errors import printable

QUIET, BETWEEN = 1.0, 0.2                            # seconds before a line of progress, and between two
CONTROLS = {*range(0x20), 0x7F, *range(0x80, 0xA0)}     # bytes that a terminal of an 8-bit character set obeys


class Guarded:
    """A stream for lines of text; `stream` is None where it is closed. What else a stream can do is left to that.

    Where what it carries is not `needed`, a failure is nobody's business: an error cannot be said to be unsayable.
    """

    def __init__(self, stream: IO[str] | None, needed: bool) -> None:
        self._stream, self._needed = stream, needed
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self.failure: OSError | None = None         # the first: the others follow from it
        self.spelled = False                        # whether every glyph is spelled in ASCII
        if self.isatty() and not _extends_ascii(self._encoding):
            self._encoding = "ascii"
        if hasattr(stream, "reconfigure"):
            cast(Any, stream).reconfigure(encoding=self._encoding, errors="bptui")
        self._bytes_matter = self.isatty() and codecs.lookup(self._encoding).name != "utf-8"

    def write(self, text: str) -> int:
        shown = "\n".join(map(self._shown, text.split("\n")))
        with self._kept():
            if self._stream is None:
                raise OSError(errno.EBADF, "it is closed")
            self._stream.write(shown)
        return len(text)

    def rewrite(self, text: str, before: int) -> None:
        """Put `text` in place of the `before` characters that begin the terminal's line."""
        with self._kept():
            if self._stream is not None:
                self._stream.write(f"\r{' ' * before}\r{self._shown(text)}")
                self._stream.flush()

    def flush(self) -> None:
        with self._kept():
            if self._stream is not None:
                self._stream.flush()

    def isatty(self) -> bool:
        return self._stream is not None and self._stream.isatty()

    def end(self) -> None:
        """Write what is left. What cannot be written goes nowhere: the interpreter's own flush must not complain."""
        with suppress(OSError):
            self.flush()
        if self.failure is not None and self._stream is not None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)

    def _shown(self, line: str) -> str:
        line = printable(line)
        if self.spelled:
            return ascii.text(line)
        if not self._bytes_matter or line.isascii():
            return line
        return "".join(ascii.text(c) if _obeyed(c, self._encoding) else c for c in line)

    @contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.failure = self.failure or error
            if self._needed:
                raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def guarded() -> Iterator[tuple[Guarded, Guarded]]:
    """Standard output and error, guarded until the command is over."""
    codecs.register_error("bptui", _spelled)
    before = sys.stdout, sys.stderr
    out, err = Guarded(sys.stdout, needed=True), Guarded(sys.stderr, needed=False)
    sys.stdout, sys.stderr = cast(Any, out), cast(Any, err)
    try:
        yield out, err
    finally:
        sys.stdout, sys.stderr = before


class ProgressLine:
    """One line on a terminal that says how far something has come, written again and again, from a second on.

    It stands on standard error, and only if that is a terminal. Nothing of it is left in the end.
    """

    def __init__(self) -> None:
        self._begun = self._shown = time.monotonic()
        self._length = 0

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *raised: object) -> None:
        self.clear()

    def tell(self, name: str, what: str, done: int, of: int) -> None:
        """`what` is being done, `done` of `of`."""
        now = time.monotonic()
        if now - self._begun >= QUIET and now - self._shown >= BETWEEN:
            self._shown = now
            self._write(f"{name}: {what}, {done:,} of {of:,}")

    def clear(self) -> None:
        """Take the line away, before other lines are written."""
        if self._length:
            self._write("")

    def _write(self, text: str) -> None:
        err = cast(Guarded, sys.stderr)
        if err.isatty():
            width = shutil.get_terminal_size().columns - 1
            err.rewrite(printable(text)[:width], min(self._length, width))
            self._length = len(text)


def say(*lines: str, to: Guarded | None = None) -> None:
    """Print each as one line, whatever is in it: a newline in a name begins no line that looks like one of ours."""
    for line in lines:
        print(printable(line), file=to)


def _spelled(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return ascii.text(error.object[error.start:error.end]), error.end


def _extends_ascii(encoding: str) -> bool:
    """Whether ASCII is itself in it. In UTF-16 it is not, and its bytes are what a terminal may obey."""
    plain = "".join(map(chr, range(0x20, 0x7F)))
    return plain.encode(encoding, "replace") == plain.encode()


@cache
def _obeyed(character: str, encoding: str) -> bool:
    """Whether a terminal would take a byte of it for a control: cp1252 has › where the controls begin a sequence."""
    return not CONTROLS.isdisjoint(character.encode(encoding, "ignore"))
