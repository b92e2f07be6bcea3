"""The terminal's side of the application: input that cannot break it, and a clean end.

Textual 8.2.8 ends (with exit code 0) on one byte that is not UTF-8, and on some escape sequences with a colon;
SIGTERM, SIGHUP and SIGQUIT leave the terminal raw; a closed link leaves its input thread spinning. Here each
signal is an ordinary exit, bytes are decoded with replacement, a parser that fails is replaced, and the end of
input is a hang-up. This leans on the driver's insides, so Textual's version is bounded, and a test fails if
they change.
"""

from __future__ import annotations

import asyncio
import os
import selectors
import signal
from codecs import getincrementaldecoder
from typing import IO, Any

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key, MouseEvent, Paste
from textual.message import Message
from textual.messages import TerminalSupportsSynchronizedOutput

from .harmless import pasted

READ_BYTES = 4096
LOOK_EVERY = 0.1                                    # seconds between two looks at whether to stop
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
# Nothing else that the input can spell is passed on, but the mouse where it is on: a forged size would take all memory.
PASSED = (Key, Paste, TerminalSupportsSynchronizedOutput)


class Link:
    """The terminal as a file; what is written when nobody is there any more goes nowhere."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> None:
        try:
            self._file.write(text)
        except OSError:
            self._lost()

    def flush(self) -> None:
        try:
            self._file.flush()
        except OSError:
            self._lost()

    def fileno(self) -> int:
        return self._file.fileno()

    def _lost(self) -> None:
        """The file keeps what it could not write, and Python's last flush must not fail on it: exit code 120."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)


class TolerantDriver(LinuxDriver):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._file: Any = Link(self._file)

    def start_application_mode(self) -> None:
        """Signals become an exit before the terminal is touched: at no moment can one leave it raw."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._app.exit, None, 128 + number)
        super().start_application_mode()

    def _query_in_band_window_resize(self) -> None:
        """Sizes come from the kernel alone."""

    def run_input_thread(self) -> None:
        """Read input until the application ends or the terminal is gone."""
        decode = getincrementaldecoder("utf-8")(errors="replace").decode
        parser = XTermParser(self._debug)
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                text = ""
                if selector.select(LOOK_EVERY):
                    try:
                        data = os.read(self.fileno, READ_BYTES)
                    except OSError:                 # EIO: the other end of the terminal is closed
                        data = b""
                    if not data:
                        self._hang_up()
                        return
                    text = decode(data)
                parser = self.feed(parser, text)

    def feed(self, parser: XTermParser, text: str) -> XTermParser:
        """Hand input on as events. A parser that raises is replaced by a fresh one, which goes on behind the
        character that it failed at: what follows a bad sequence is the user's keys."""
        for character in (*text, ""):               # at the end: has an Esc waited long enough to be a key?
            try:
                found = list(parser.feed(character) if character else parser.tick())
            except Exception:                       # whatever a hostile sequence makes of it
                parser, found = XTermParser(self._debug), []
            for event in found:
                self.process_message(event)
        return parser

    def process_message(self, message: Message) -> None:
        if isinstance(message, Paste):
            message = Paste(pasted(message.text))
        if isinstance(message, PASSED) or (self._mouse and isinstance(message, MouseEvent)):
            super().process_message(message)

    def _hang_up(self) -> None:
        """End as after SIGHUP, also where that is ignored and the kernel's own has no effect."""
        os.kill(os.getpid(), signal.SIGHUP)
