"""What a login of `sshd.py` runs: a command, and a file that says what it found and how it ended.

    python remote.py RECORD SIGNAL COMMAND…

It outlives the link, so that somebody can wait for the command. With SIGNAL not 0 the command ignores that one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

NAMES = ("TERM", "LANG", "LC_ALL", "SSH_CONNECTION")


def write(path: Path, found: dict[str, Any]) -> None:
    """At once or not at all: somebody may be reading."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(found), "utf-8")
    new.replace(path)


def main(record: str, ignored: str, *command: str) -> int:
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, lambda *_: None)      # handlers, not SIG_IGN: the command begins without them

    def lead() -> None:
        if int(ignored):
            signal.signal(int(ignored), signal.SIG_IGN)
    process = subprocess.Popen(command, preexec_fn=lead)
    found: dict[str, Any] = {"pid": process.pid, "server": os.getppid(),
                             "environment": {name: os.environ.get(name) for name in NAMES}}
    write(Path(record), found)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    write(Path(record), {**found, "code": process.returncode, "cpu": usage.ru_utime + usage.ru_stime})
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
