"""To the terminal: a thread of its own writes, so that a terminal that takes nothing stops nobody else.

Textual's own thread has room for 30 texts; after them the program waits, deaf to signals, until the terminal goes on.
Here nothing waits: `behind` says that the terminal has not taken all yet, and whoever draws waits for it to be False,
which lowers the frame rate over a slow link to what the link can take.
"""

from __future__ import annotations

import contextlib
import os
import select
import termios
from queue import SimpleQueue
from threading import Thread

# Everything that may have been changed is undone: what is shown; the end of a frame; paste, focus, mouse; the keyboard
# protocol; the screen that was there before, its cursor, its wrapping and its colours.
RESTORE = ("\x1b[m\x1b[H\x1b[2J\x1b[?2026l\x1b[?2004l\x1b[?1004l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l"
           "\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?7h\x1b[0m")
PIECE = 4096                                        # bytes of a write
PATIENCE = 2.0                                      # seconds that the terminal has to take the last of it
ROOM = 0.2                                          # seconds until there is room, once what waited was dropped


class Output:
    """Text to a file descriptor, in order. What nobody is there to read goes nowhere."""

    def __init__(self, fileno: int, encoding: str) -> None:
        self._fileno, self._encoding = _opened(fileno), encoding
        self._texts: SimpleQueue[str | None] = SimpleQueue()    # a handler of signals may write while a write goes on
        self._writing = self._lost = False
        self._thread = Thread(target=self._run, name="bptui-output", daemon=True)
        self._thread.start()

    @property
    def behind(self) -> bool:
        """Whether something is still to be written."""
        return self._writing or not self._texts.empty()

    def write(self, text: str) -> None:
        self._texts.put(text)

    def close(self) -> bool:
        """Wait until all is written; False if the terminal takes it too slowly: then it is only restored."""
        self._texts.put(None)
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            self.give_up()
            return False
        os.close(self._fileno)
        return True

    def give_up(self) -> None:
        """Drop what waits for the terminal, and put it back as it was found; without waiting for it."""
        self._lost = True
        with contextlib.suppress(OSError, termios.error):
            termios.tcflush(self._fileno, termios.TCOFLUSH)
            if select.select([], [self._fileno], [], ROOM)[1]:
                os.write(self._fileno, RESTORE.encode())

    def _run(self) -> None:
        while (text := self._texts.get()) is not None:
            self._writing = True
            data = text.encode(self._encoding, "replace")
            while data and not self._lost:
                try:
                    data = data[os.write(self._fileno, data[:PIECE]):]
                except BlockingIOError:
                    select.select([], [self._fileno], [], ROOM)
                except OSError:                     # the terminal is gone
                    self._lost = True
            self._writing = False


def _opened(fileno: int) -> int:
    """The terminal, opened once more so that no write waits: as it stands it is the shell's, too, and must wait."""
    with contextlib.suppress(OSError):              # another user's, or of another machine's names
        return os.open(os.ttyname(fileno), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    return os.dup(fileno)
