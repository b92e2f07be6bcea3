"""A session whose last moment comes unannounced: it offers records as fast as it can, and prints each.

Run as `killed.py FILE BETWEEN`. Each line of its input forks one session, because that is quicker than starting
Python.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from bptui.debugger.saved import files
from bptui.debugger.saved.files import Saver
from bptui.debugger.state.saved import Saved, SavedStop


def session(path: Path, between: float) -> None:
    files.BETWEEN, files.SHARE = between, files.SHARE if between else 0
    saver = Saver(path)
    os.write(1, f"pid {os.getpid()}\n".encode())
    number = 0
    while True:
        number += 1
        at = repr(time.monotonic())
        # The same in many places: a file that is half one record and half another would show.
        saver.offer(Saved(position=at, watches=(at,) * 300, stops=(SavedStop(number, at),) * 100, past=(at,) * 300))
        if saver.wait() == 0:
            saver.write()
        os.write(1, f"at {at}\n".encode())


if __name__ == "__main__":
    for _ in sys.stdin:
        child = os.fork()
        if not child:
            session(Path(sys.argv[1]), float(sys.argv[2]))
        os.waitpid(child, 0)
        os.write(1, b"gone\n")
