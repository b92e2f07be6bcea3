"""Run a command to its end: `program.py PATIENCE OUT ERRORS COMMAND…`, with the files its two streams go to.

Prints its exit code, its seconds of the processor, its most megabytes, and how often it was interrupted: once it has
had PATIENCE seconds of the processor, and again where it goes on. It is a process of its own, and a small one,
because the kernel counts the memory of whoever starts a program as that program's.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time

DEADLINE = 60.0                                     # seconds; nothing takes so long, but machines may be busy
AGAIN = 0.5                                         # seconds until the second interrupt, which ends a verb of --plain
TICKS = os.sysconf("SC_CLK_TCK")


def used(pid: int) -> float:
    """Seconds of the processor that a process has had."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def main(patience: float, out: str, errors: str, *command: str) -> None:
    with open(out, "wb") as output, open(errors, "wb") as said:
        process = subprocess.Popen(command, stdout=output, stderr=said)
    ended = os.pidfd_open(process.pid)              # can be read from once it has
    until, interrupts = time.monotonic() + DEADLINE, 0
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        if used(process.pid) > patience + interrupts * AGAIN:
            interrupts += 1
            os.kill(process.pid, signal.SIGINT)     # not through Popen, which would take the end that is waited for
        if time.monotonic() > until:
            os.kill(process.pid, signal.SIGKILL)
            os.wait4(process.pid, 0)
            raise SystemExit(f"{command} did not end")
        select.select([ended], [], [], 0.01)
    process.returncode = os.waitstatus_to_exitcode(status)
    print(process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, interrupts)


if __name__ == "__main__":
    main(float(sys.argv[1]), *sys.argv[2:])
