"""kill -9 at any moment: the next start finds a whole session, no more than a second old."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bptui.debugger.saved.files import BETWEEN, OPEN_ELSEWHERE, Saver, load
from bptui.debugger.state.saved import Saved

pytestmark = pytest.mark.real

ROOT = Path(__file__).resolve().parents[2]
MIDDLES, MOST_LIVES = 6, 600                        # kills in the middle of a write that are waited for, kills at most
KILLED = Path(__file__).with_name("killed.py")


@dataclass
class Sessions:
    """Sessions one after another, in processes that can be killed."""

    process: subprocess.Popen[bytes]
    rest: bytes = b""

    def start(self) -> int:
        """Begin one; its process number, once it has the file open."""
        assert self.process.stdin
        self.process.stdin.write(b"next\n")
        self.process.stdin.flush()
        return int(self.lines_until(b"pid ")[-1].split()[1])

    def lines_until(self, beginning: bytes) -> list[bytes]:
        assert self.process.stdout
        lines: list[bytes] = []
        while not lines or not lines[-1].startswith(beginning):
            whole, _, after = self.rest.partition(b"\n") if b"\n" in self.rest else (b"", b"", self.rest)
            if whole:
                lines.append(whole)
                self.rest = after
                continue
            got = os.read(self.process.stdout.fileno(), 2**16)
            assert got, "the sessions ended"
            self.rest += got
        return lines

    def life(self, seconds: float, into: float = 0.0) -> tuple[float, float]:
        """A session that is killed after so long; when it first and last offered a record (0 if never).

        It is told of between two writes, so whoever kills it at once never does so in the middle of one: `into` are
        the seconds that the next one is let go on.
        """
        pid = self.start()
        stamps: list[float] = []
        while seconds and (not stamps or stamps[-1] - stamps[0] < seconds):
            stamps.append(float(self.lines_until(b"at ")[-1].split()[1]))
        end = time.monotonic() + into
        while time.monotonic() < end:
            pass
        os.kill(pid, signal.SIGKILL)
        stamps += [float(line.split()[1]) for line in self.lines_until(b"gone") if line.startswith(b"at ")]
        return (stamps[0], stamps[-1]) if stamps else (0.0, 0.0)


@contextmanager
def sessions(path: Path, between: float) -> Iterator[Sessions]:
    command = [sys.executable, str(KILLED), str(path), str(between)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield Sessions(process)
        finally:
            assert process.stdin
            process.stdin.close()


def whole(path: Path) -> float:
    """When the record in the file was offered, after a look at whether it is all of one record."""
    found = load(path)
    assert found is not None and found.saved is not None and found.note == ""
    saved = found.saved
    assert set(saved.watches) == set(saved.past) == {saved.position} == {stop.text for stop in saved.stops}
    assert (len(saved.watches), len(saved.past), len(saved.stops)) == (300, 300, 100)
    return float(saved.position)


def test_killed_fifty_times_it_is_never_more_than_a_second_old(tmp_path: Path) -> None:
    path = tmp_path / "sessions" / "s.json"
    chance = random.Random(9)
    lives = [chance.uniform(0, 0.2) for _ in range(43)] + [chance.uniform(1.05, 1.4) for _ in range(7)]
    chance.shuffle(lives)
    with sessions(path, BETWEEN) as several:
        for life in lives:
            first, last = several.life(life)
            if not path.exists() or (saved := whole(path)) < first:
                saved = first                       # nothing of this session is there yet
            assert last - saved <= 1


def test_killed_in_the_middle_of_writing_it_is_whole(tmp_path: Path) -> None:
    """With no pause between writes many kills are in the middle of one: how many says how quick the machine is."""
    path = tmp_path / "sessions" / "s.json"
    chance = random.Random(10)
    left = 0
    with sessions(path, 0) as several:
        several.life(0.1)
        for _ in range(MOST_LIVES):
            several.life(chance.uniform(0, 0.03), chance.uniform(0, 0.006))
            whole(path)
            left += len(list(path.parent.glob("*.tmp")))
            if left >= MIDDLES:
                break
    assert left >= MIDDLES, "hardly a kill was in the middle of a write"
    Saver(path).close()
    assert not list(path.parent.glob("*.tmp"))


def test_the_second_session_leaves_the_file_to_the_first(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    with sessions(path, 0) as several:
        pid = several.start()
        while not path.exists():
            several.lines_until(b"at ")
        second = Saver(path)
        second.offer(Saved(position="mine"))
        second.close()
        assert second.trouble == OPEN_ELSEWHERE
        os.kill(pid, signal.SIGKILL)
        several.lines_until(b"gone")
        whole(path)
        third = Saver(path)                         # the lock went with the process
        third.offer(Saved(position="mine"))
        third.close()
        found = load(path)
        assert third.trouble == "" and found and found.saved and found.saved.position == "mine"
