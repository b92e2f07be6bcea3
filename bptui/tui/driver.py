"""The terminal's side of the application: input that cannot break it, and a clean end.

Textual 8.2.8 ends (with exit code 0) on one byte that is not UTF-8, and on some escape sequences with a colon;
a closed link leaves its input thread spinning. Here bytes are decoded with replacement, a parser that fails is
replaced, and the end of input is a hang-up. This leans on the driver's insides, so Textual's version is
bounded, and a test fails if they change.
"""

from __future__ import annotations

import os
import selectors
import signal
from codecs import getincrementaldecoder

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

READ_BYTES = 4096
LOOK_EVERY = 0.1                                    # seconds between two looks at whether to stop


class TolerantDriver(LinuxDriver):
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
                parser = self._feed(parser, text)

    def _feed(self, parser: XTermParser, text: str) -> XTermParser:
        """Hand input on as events; a parser that raises is replaced by a fresh one."""
        try:
            for event in parser.feed(text) if text else ():
                self.process_message(event)
            for event in parser.tick():
                self.process_message(event)
        except Exception:                           # whatever a hostile sequence makes of the parser
            return XTermParser(self._debug)
        return parser

    def _hang_up(self) -> None:
        """End as if the terminal had sent SIGHUP; the application's handler saves and leaves."""
        os.kill(os.getpid(), signal.SIGHUP)
