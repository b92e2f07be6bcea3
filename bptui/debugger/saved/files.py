"""The files of saved sessions: where they are, what one holds, and the saver that keeps one up to date.

There is one file a scenario, named by the scenario's path, in the user's state folder. It is only ever replaced as a
whole. A lock, which the kernel drops with the process, leaves the file to the first of two sessions; the second does
not save, and says so. What somebody else has written meanwhile is never written over. Nothing here raises: what goes
wrong with the files is a notice, and the debugger goes on.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ...scenario.errors import ScenarioError, printable
from ...scenario.files import leftovers, make_folder, put, stamp
from ...scenario.tables import read_file
from ..state.saved import SURROGATES, Newer, Saved, Unreadable, read, read_old, write

LARGEST_SESSION = 2**20           # bytes
LONGEST_NAME = 60                 # of a scenario, in the name of its session
BETWEEN = 0.3                     # seconds from one write to the next
SHARE, LONGEST_WAIT = 20, 0.8     # where writing is slow, it takes one in so many seconds; but a kill loses no more
AGAIN = 2.0                       # seconds until what failed is tried again
MOST_LOOKED_AT = 40               # sessions that are read for a list of the last ones
ENDING, OLD, BAD = ".json", ".toml", ".bad"
NOT_SAVED = "This session is not saved:"
NO_HOME = f"{NOT_SAVED} there is no home folder (HOME is not set)."
OPEN_ELSEWHERE = f"{NOT_SAVED} the scenario is open in another bptui, which saves it."
CHANGED = f"{NOT_SAVED} another program has written its file since it was opened."
NEWER = f"{NOT_SAVED} a newer bptui has written its file, which is left alone."
KNOWN = (NO_HOME, OPEN_ELSEWHERE, NEWER)            # nothing is wrong with the disk, and it is known from the start
UNREAD = NOT_SAVED + " its file cannot be read: {}."
TOO_LARGE = f"{NOT_SAVED} its text would be longer than {LARGEST_SESSION:,} bytes."
HERE = (errno.ELOOP, errno.EACCES, errno.EPERM)     # why a file is not read that lie in the file, not in the disk
NEXT_TO = "is set aside as {}"


@dataclass(frozen=True)
class Found:
    """A saved session. `saved` is None where it could not be read; `note` then says why. `left_alone`: it may be whole,
    so nothing may come in its place."""

    saved: Saved | None
    age_seconds: float = 0.0
    note: str = ""
    left_alone: bool = False


def sessions_folder(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Where saved sessions are; None if there is no home to keep them in."""
    folder = user_folder("XDG_STATE_HOME", (".local", "state"), environ)
    return folder and folder / "sessions"


def session_path(scenario: str | Path, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The file for the session of a scenario's file; None if there is no home to keep it in."""
    folder = sessions_folder(environ)
    if folder is None:
        return None
    whole = os.path.realpath(scenario)
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", Path(whole).stem)[:LONGEST_NAME].strip("-_") or "scenario"
    digest = hashlib.sha256(whole.encode("utf-8", SURROGATES)).hexdigest()
    return folder / f"{name}-{digest[:12]}{ENDING}"


def recent(most: int, environ: Mapping[str, str] = os.environ,
           clock: Callable[[], float] = time.time) -> list[tuple[Path, float]]:
    """The scenarios that were open last, newest first, with their age in seconds; files that are gone are left out."""
    folder, files = sessions_folder(environ), dict[Path, float]()
    with contextlib.suppress(OSError):
        for path in folder.iterdir() if folder is not None else ():
            if path.suffix in (ENDING, OLD):
                with contextlib.suppress(OSError):
                    files[path.with_suffix(ENDING)] = max(path.lstat().st_mtime, files.get(path.with_suffix(ENDING), 0))
    found: list[tuple[Path, float]] = []
    for path in sorted(files, key=lambda path: files[path], reverse=True)[:MOST_LOOKED_AT]:
        kept = load(path, clock)
        if kept is None or kept.saved is None:
            continue
        with contextlib.suppress(OSError, ValueError):
            scenario = Path(kept.saved.scenario)
            if scenario.is_absolute() and scenario.is_file() and session_path(scenario, environ) == path:
                found.append((scenario, max(0.0, clock() - files[path])))
        if len(found) == most:
            break
    return found


def user_folder(variable: str, otherwise: tuple[str, ...], environ: Mapping[str, str]) -> Path | None:
    """bptui's own folder of one kind, by the XDG specification; None if there is no home."""
    base = environ.get(variable, "")
    if not os.path.isabs(base):                     # a relative one does not count, it says
        home = environ.get("HOME", "")
        if not os.path.isabs(home):
            return None
        base = os.path.join(home, *otherwise)
    return Path(base, "bptui")


def load(path: Path | None, clock: Callable[[], float] = time.time) -> Found | None:
    """What was saved there, or by bptui before it wrote JSON; None if nothing was."""
    if path is None:
        return None
    for file, reader, fate in ((path, read, NEXT_TO.format(f"{path.name}{BAD}")),
                               (path.with_suffix(OLD), read_old, "is left as it is")):
        try:
            age = max(0.0, clock() - os.lstat(file).st_mtime)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            return Found(None, 0.0, UNREAD.format(error.strerror), True)
        try:
            return Found(reader(read_file(file, LARGEST_SESSION)), age)
        except Newer:
            return Found(None, age, NEWER, True)
        except (ScenarioError, Unreadable) as error:
            cause = error.__cause__
            if isinstance(cause, OSError) and cause.errno not in HERE:
                return Found(None, age, UNREAD.format(cause.strerror), True)
            return Found(None, age, f"The saved session cannot be read, and {fate}: {printable(str(error))}.")
    return None


def age_words(seconds: float) -> str:
    """How long ago something was, as a person says it."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


class Saver:
    """Keeps one file up to date with the sessions that are offered. Whoever holds it has it write when `wait` is over.

    `found` is what was there. `refused` says why nothing is saved here, for good; `failed`, why the last write was
    not made: it is tried again.
    """

    def __init__(self, path: Path | None, clock: Callable[[], float] = time.monotonic,
                 today: Callable[[], str] = lambda: time.strftime("%Y-%m-%d %H:%M:%S")) -> None:
        self.path, self._clock, self._today = path, clock, today
        self.refused = self.failed = ""
        self._lock: int | None = None
        self._pending: Saved | None = None
        self._written: Saved | None = None          # what the file says, without the time of writing
        self._next = clock()
        if path is None:
            self.refused = NO_HOME
        else:
            self._take(path)
        self.found = load(path)                     # after the lock: nobody writes it any more
        self._stamp = None
        try:
            self._stamp = stamp(path) if path is not None else None
        except OSError as error:
            self.refused = self.refused or f"{NOT_SAVED} {error.strerror}."
        if self.found is not None and self.found.left_alone:
            self.refused = self.refused or self.found.note
        self._bad = self.found is not None and self.found.saved is None

    @property
    def trouble(self) -> str:
        """Why it is not saved, as one sentence; nothing if it is."""
        return self.refused or self.failed

    @property
    def lost(self) -> bool:
        """Whether what was offered last should be in the file, and is not."""
        return self._pending is not None and self.trouble not in ("", *KNOWN)

    def offer(self, saved: Saved) -> None:
        """Have `saved` written, in place of what was offered before."""
        saved = replace(saved, saved="")
        self._pending = None if saved == self._written else saved

    def wait(self) -> float | None:
        """Seconds until what was offered is to be written; None where there is nothing to write."""
        if self.refused or self._pending is None:
            return None
        return max(0.0, self._next - self._clock())

    def write(self) -> None:
        """Write what was offered."""
        if self.path is None or self.refused or self._pending is None:
            return
        saved, began = self._pending, self._clock()
        try:
            self._put(self.path, saved)
        except Exception as error:                  # nothing about a file may end the debugger
            why = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
            self.failed = f"{NOT_SAVED} {printable(why)}."
        now = self._clock()
        self._next = now + AGAIN if self.failed else began + min(LONGEST_WAIT, max(BETWEEN, SHARE * (now - began)))

    def close(self) -> None:
        """Write what is pending, and let the file go."""
        self.write()
        if self._lock is not None:
            with contextlib.suppress(OSError):
                os.close(self._lock)
            self._lock = None

    def _take(self, path: Path) -> None:
        """Take the lock, and clear away what killed processes left."""
        with contextlib.suppress(OSError):          # a folder that cannot be made: writing will say so
            make_folder(path.parent)
        with contextlib.suppress(OSError):          # a file system without locks: then `_stamp` guards it alone
            self._lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.refused = OPEN_ELSEWHERE
                return
            for left in leftovers(path):            # whoever has the lock is alone
                with contextlib.suppress(OSError):
                    os.unlink(left)

    def _put(self, path: Path, saved: Saved) -> None:
        now = stamp(path)
        if now is not None and now != self._stamp:
            self.refused = CHANGED
            return
        content = write(replace(saved, saved=self._today())).encode()
        if len(content) > LARGEST_SESSION:
            self.failed = TOO_LARGE
            return
        if self._bad and now is not None:
            os.replace(path, f"{path}{BAD}")
            self._stamp = None
        self._bad = False
        self._stamp = put(path, content, private=True)
        self._written, self._pending, self.failed = saved, None, ""
