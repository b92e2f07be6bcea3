"""A real pseudo-terminal with a program in it: keys in, bytes out, and the screen that they make.

The program is the leader of a session of its own and the terminal is its controlling one, as in a login, so
that the kernel's signals reach it too. Nothing here sleeps: every wait is for a condition, with a deadline.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from resource import struct_rusage

import pyte
from wcwidth import wcwidth

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0                                     # seconds until a condition counts as never coming true
BPTUI = (sys.executable, "-W", "error", "-m", "bptui")
UNKNOWN = re.compile(rb"\x1b\[(?:[<>][0-9;]*u|\?[0-9]+\$p)")   # what pyte would print instead of obeying
UNFINISHED = re.compile(rb"\x1b(?:\[[<>?]?[0-9;]*\$?)?\Z")
MODE = re.compile(rb"\x1b\[\?([0-9;]+)([hl])")
KITTY = re.compile(rb"\x1b\[([<>])[0-9;]*u")
COLOUR = re.compile(rb"\x1b\[([0-9;:]*)m")
ALTERNATE, CURSOR, WRAP, PASTE, FOCUS, MOUSE = 1049, 25, 7, 2004, 1004, (1000, 1002, 1003, 1006, 1015, 1016)


class Terminal:
    """`arguments` follow the command; `environment` is laid over a plain one, None takes a name away."""

    def __init__(self, *arguments: str, size: tuple[int, int] = (80, 24), command: Sequence[str] = BPTUI,
                 environment: Mapping[str, str | None] | None = None, ignored: Sequence[int] = ()) -> None:
        self.master, self.slave = pty.openpty()
        self._size(*size)
        self.before = termios.tcgetattr(self.slave)
        self.picture = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.picture)
        self.written = bytearray()                  # every byte that the program wrote
        self._fed = 0
        self.usage: struct_rusage | None = None     # of the program, once it has ended
        self.state = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)    # no session goes from test to test
        variables = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "TERM": "xterm-256color",
                     "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": self.state.name,
                     **(environment or {})}

        def lead() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            for number in ignored:
                signal.signal(number, signal.SIG_IGN)

        self.process = subprocess.Popen(
            [*command, *arguments], stdin=self.slave, stdout=self.slave, stderr=self.slave, cwd=ROOT,
            start_new_session=True, preexec_fn=lead, env={k: v for k, v in variables.items() if v is not None})
        self.exit_code: int | None = None

    # what it looks like

    @property
    def text(self) -> str:
        """The screen as lines of text."""
        return "\n".join(map(self.line, range(self.picture.lines)))

    def line(self, number: int) -> str:
        """A line of the screen; what pyte leaves of a wide character whose first half was overwritten is a blank."""
        cells = [self.picture.buffer[number][x].data for x in range(self.picture.columns)]
        wide = [False, *(len(cell) > 0 and wcwidth(cell[0]) == 2 for cell in cells)]
        return "".join(cell or " " * (not after) for cell, after in zip(cells, wide, strict=False)).rstrip()

    @property
    def modes(self) -> dict[int, bool]:
        """The terminal's private modes that the program has set or reset, as they are now."""
        return {int(n): m[2] == b"h" for m in MODE.finditer(bytes(self.written)) for n in m[1].split(b";")}

    @property
    def kitty(self) -> int:
        """How often the keyboard protocol was pushed and not popped again."""
        return sum(1 if m[1] == b">" else -1 for m in KITTY.finditer(bytes(self.written)))

    @property
    def wrong(self) -> list[str]:
        """What of the terminal is not as it was found."""
        modes = self.modes
        found = [f"mode {n} {'on' if modes[n] else 'off'}" for n in (ALTERNATE, CURSOR, WRAP, PASTE, FOCUS, *MOUSE)
                 if modes.get(n, n in (CURSOR, WRAP)) != (n in (CURSOR, WRAP))]
        if self.kitty:
            found.append("keyboard protocol")
        if termios.tcgetattr(self.slave) != self.before:
            found.append("termios")
        return found

    @property
    def after(self) -> str:
        """What was written after the alternate screen was left, without its colours."""
        last = bytes(self.written).rpartition(b"\x1b[?1049l")[2]
        return COLOUR.sub(b"", last).decode("utf-8", "replace")

    @property
    def megabytes(self) -> float:
        """The most memory that the program has had until now; what the kernel says of it at its end is at least what
        whoever started it had."""
        return int(self._status("VmHWM").split()[0]) / 1024

    def catches(self, number: int) -> bool:
        """Whether the program has a handler for a signal."""
        return bool(int(self._status("SigCgt"), 16) >> number - 1 & 1)

    def _status(self, name: str) -> str:
        text = Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        return text.partition(f"{name}:")[2].partition("\n")[0]

    # what is done to it

    def press(self, *keys: str | bytes) -> None:
        for key in keys:
            os.write(self.master, key.encode() if isinstance(key, str) else key)

    def flood(self, data: bytes) -> None:
        """Write much, and read meanwhile: neither side can be made to wait for ever."""
        end = time.monotonic() + PATIENCE
        while data:
            assert time.monotonic() < end, "the program does not read"
            _, ready, _ = select.select([], [self.master], [], 0.05)
            if ready:
                data = data[os.write(self.master, data[:64]):]
            while self.read(0):
                pass
            assert not self._ended(), f"ended:\n{self.after}"

    def resize(self, columns: int, rows: int) -> None:
        """Change the size; the kernel sends SIGWINCH."""
        self.picture.resize(rows, columns)
        self._size(columns, rows)

    def _size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, number: int) -> None:
        os.kill(self.process.pid, number)

    # what is waited for

    def read(self, seconds: float) -> bytes:
        """What the program writes next; empty if it writes nothing for `seconds`."""
        if not select.select([self.master], [], [], seconds)[0]:
            return b""
        data = os.read(self.master, 1 << 16)
        self.written += data
        end = UNFINISHED.search(self.written, self._fed)
        until = end.start() if end else len(self.written)
        self._stream.feed(UNKNOWN.sub(b"", bytes(self.written[self._fed:until])))
        self._fed = until
        return data

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Read until `condition` holds."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, f"{what} has not come:\n{self.text}"
            assert self.read(0.02) or not self._ended(), f"ended before {what}:\n{self.after or self.text}"

    def shows(self, *texts: str) -> None:
        """Read until all of `texts` are on the screen."""
        self.until(lambda: all(text in self.text for text in texts), " and ".join(map(repr, texts)))

    def quiet(self, seconds: float = 0.06) -> bytes:
        """Read until nothing was written for `seconds`: what was read."""
        read = bytearray()
        end = time.monotonic() + PATIENCE
        while data := self.read(seconds):
            read += data
            assert time.monotonic() < end, "the screen does not come to rest"
        return bytes(read)

    def wait(self) -> int:
        """Read until the program has ended: its exit code, 128+n after signal n by default."""
        end = time.monotonic() + PATIENCE
        while not self._ended():
            assert time.monotonic() < end, f"the program goes on:\n{self.text}"
            if self.master >= 0:
                self.read(0.02)
            else:
                select.select([], [], [], 0.02)
        while self.master >= 0 and self.read(0):
            pass
        assert self.exit_code is not None
        return self.exit_code

    def _ended(self) -> bool:
        if self.exit_code is None:
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                self.process.returncode = self.exit_code = os.waitstatus_to_exitcode(status)
                self.usage = usage
        return self.exit_code is not None

    # the end

    def hang_up(self) -> None:
        """Close the terminal under the program, as a lost link does."""
        os.close(self.slave)
        os.close(self.master)
        self.master = self.slave = -1

    def close(self) -> None:
        if not self._ended():
            self.send(signal.SIGKILL)               # not through Popen, which would take the end that is waited for
            self.wait()
        if self.master >= 0:
            self.hang_up()
        self.state.cleanup()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
