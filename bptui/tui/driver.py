"""The terminal's side of the application: its life. Input cannot break it, and however it ends, it ends cleanly.

Textual 8.2.8 ends with exit code 0 on one byte that is not UTF-8; SIGTERM, SIGHUP and SIGQUIT leave the terminal raw;
SIGCONT without SIGTSTP starts a second thread of input; a closed link leaves a thread spinning; a terminal that takes
nothing stops the program; its size comes from the environment. Here each signal is an ordinary exit, with a watch
over it that ends what does not end by itself; the end of input is a hang-up; `input.py` reads and `output.py` writes.
This leans on the driver's insides, so Textual's version is bounded, and a test fails if they change.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import selectors
import signal
import sys
import termios
import time
from codecs import getincrementaldecoder
from queue import SimpleQueue
from threading import Event, Thread
from types import FrameType
from typing import Any

from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key, MouseEvent, Paste, Resize
from textual.geometry import Size
from textual.message import Message
from textual.messages import TerminalSupportsSynchronizedOutput

from .input import Input
from .output import Output

READ_BYTES = 4096
LOOK_EVERY = 0.1                                    # seconds between two looks at whether to stop
GRACE = 5.0                                         # seconds that an exit may take, once a signal has asked for it
WIDEST, HIGHEST = 1000, 300                         # a size that a hostile terminal reports would take all memory
USUAL = 80, 24                                      # where it is not known: a serial line says 0 x 0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
# Nothing else that the input can spell is passed on, but the mouse where it is on.
PASSED = (Key, Paste, TerminalSupportsSynchronizedOutput)


class TolerantDriver(LinuxDriver):
    _app: Any                                       # a BptuiApp: its keys and how it leaves

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._size = self._get_terminal_size()      # until the terminal says otherwise
        self._output: Output | None = None
        self._ended = Event()
        self._asked: SimpleQueue[int] = SimpleQueue()       # signals, for the watch
        self._before: dict[int, Any] = {}                   # what they did before
        self._asked_at = 0.0
        self._restored = True                               # whether the terminal was given back
        self.round_trip: float | None = None        # seconds that the terminal took to answer the first question
        Thread(target=self._watch, name="bptui-watch", daemon=True).start()

    # life

    def start_application_mode(self) -> None:
        """Signals become an exit before the terminal is touched: at no moment can one leave it raw."""
        self._loop = asyncio.get_running_loop()
        terminal = self._file
        assert terminal is not None, "without a terminal there is no screen"
        self._output, self._restored = Output(terminal.fileno(), terminal.encoding), False
        for number in SIGNALS:
            self._before[number] = signal.signal(number, self._on_signal)
        super().start_application_mode()
        self._loop.add_signal_handler(signal.SIGWINCH, self._resized)      # Textual's runs in the middle of anything

    def _resized(self) -> None:
        size = Size(*self._get_terminal_size())
        self._app.post_message(Resize(size, size))

    def stop_application_mode(self) -> None:
        """Leave nothing of the screen: GNU screen and the Linux console have no second one to come back from."""
        self.write("\x1b[m\x1b[H\x1b[2J")
        super().stop_application_mode()
        self._restored = True

    def close(self) -> None:
        super().close()
        output, self._output = self._output, None
        if output is not None:
            output.close()
        for number, before in self._before.items():
            signal.signal(number, before)
        self._before = {}

    def end(self, number: int) -> None:
        """Leave, as signal `number` asks. Callable from any thread and from handlers of signals."""
        self._asked.put(number)
        with contextlib.suppress(RuntimeError):     # the loop is closed: it is leaving already
            self._loop.call_soon_threadsafe(self._app.exit, None, 128 + number)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        self.end(number)

    def _watch(self) -> None:
        """If the application does not come to its exit, restore the terminal and end without it."""
        number = self._asked.get()
        if not self._ended.wait(GRACE):
            if self._output is not None and (self.behind or not self._restored):    # once: what comes then is others'
                self._output.give_up()
            if self.attrs_before is not None:
                with contextlib.suppress(termios.error):
                    termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
            os._exit(128 + number)

    def ended(self) -> None:
        """The application has come to its end by itself."""
        self._ended.set()

    def _sigcont_application(self, *_: Any) -> None:
        """Go on. After a SIGSTOP, of which nobody is told, the terminal is what others have made of it meanwhile."""
        if self._output is not None:
            super().stop_application_mode()         # without wiping what may be others'
            self.close()
            self._must_signal_resume = True
        super()._sigcont_application()

    # what is written

    def write(self, data: str) -> None:
        if self._output is not None:                # else it is suspended, or over
            self._output.write(data)

    def flush(self) -> None:
        """It is on its way."""

    @property
    def behind(self) -> bool:
        """Whether the terminal has not taken everything yet."""
        return self._output is not None and self._output.behind

    def _request_terminal_sync_mode_support(self) -> None:
        self._asked_at = time.monotonic()
        super()._request_terminal_sync_mode_support()

    def _query_in_band_window_resize(self) -> None:
        """Sizes come from the kernel alone."""

    def _get_terminal_size(self) -> tuple[int, int]:
        """The kernel's, not that of COLUMNS and LINES, which stay as they are when the window changes."""
        with contextlib.suppress(OSError):          # the terminal is gone
            found = os.get_terminal_size(self.fileno)
            return min(found.columns or USUAL[0], WIDEST), min(found.lines or USUAL[1], HIGHEST)
        return USUAL

    # what is read

    def run_input_thread(self) -> None:
        """Read input until the application ends or the terminal is gone."""
        decode = getincrementaldecoder(_encoding())(errors="replace").decode
        alt = [key for key in self._app.keymap.commands if key.startswith("alt+")]
        read = Input(alt, self._mouse)
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                now = time.monotonic()
                ready = selector.select(LOOK_EVERY if read.due is None else min(LOOK_EVERY, max(0, read.due - now)))
                text = ""
                if ready:
                    try:
                        data = os.read(self.fileno, READ_BYTES)
                    except OSError:                 # EIO: the other end of the terminal is closed
                        data = b""
                    if not data:
                        self.end(signal.SIGHUP)     # also where that is ignored, and the kernel's own has no effect
                        return
                    text = decode(data)
                for message in read.feed(text, time.monotonic()):
                    self.process_message(message)

    def _run_input_thread(self) -> None:
        """What is raised in it ends the application as anywhere else."""
        try:
            self.run_input_thread()
        except Exception as error:
            self.raised(error)

    def raised(self, error: Exception) -> None:
        """Something was raised in a thread."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._app._handle_exception, error)

    def process_message(self, message: Message) -> None:
        if isinstance(message, TerminalSupportsSynchronizedOutput) and self.round_trip is None:
            self.round_trip = time.monotonic() - self._asked_at
        if isinstance(message, PASSED) or (self._mouse and isinstance(message, MouseEvent)):
            super().process_message(message)


def _encoding() -> str:
    """Of the input: that of the stream, where it is one of bytes that mean something one by one."""
    name = getattr(sys.__stdin__, "encoding", None) or "utf-8"
    return "utf-8" if name.lower().startswith(("utf", "ascii", "us-ascii", "ansi_x3")) else name
