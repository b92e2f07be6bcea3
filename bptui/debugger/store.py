"""The files of saved sessions: where they are, what one holds, and the saver that keeps one up to date.

There is one file a scenario, named by the scenario's path, in the user's state folder. It is only ever
replaced as a whole, so whoever looks finds all of an older session or all of a newer one. A lock, which
the kernel drops with the process, leaves the file to the first of two sessions. Nothing here raises: what
goes wrong with the files is a notice, and the debugger goes on.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Condition, Thread

from ..scenario.errors import ScenarioError, printable
from ..scenario.tables import read_table_file
from .saved import SURROGATES, Saved, understand, unreadable, write

LARGEST_SESSION = 2**20           # bytes
LONGEST_NAME = 60                 # of a scenario, in the name of its session
BETWEEN = 0.3                     # seconds from one write to the next
MOST_ASIDE = 99                   # files set aside for one scenario
MOST_LOOKED_AT = 40               # sessions that are read for a list of the last ones
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
NO_HOME = "This session is not saved: there is no home folder (HOME is not set)."
OPEN_ELSEWHERE = "This session is not saved: the scenario is open in another bptui, which saves it."
TOO_LARGE = f"This session is not saved: its text would be longer than {LARGEST_SESSION:,} bytes."


@dataclass(frozen=True)
class Found:
    """A saved session. `saved` is None where nothing of the file could be read; `notes` then says why."""

    saved: Saved | None
    notes: tuple[str, ...]
    age_seconds: float
    whole: bool                                     # whether `saved` is all that the file says


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
    return folder / f"{name}-{digest[:12]}.toml"


def recent(most: int, environ: Mapping[str, str] = os.environ,
           clock: Callable[[], float] = time.time) -> list[tuple[Path, float]]:
    """The scenarios that were open last, newest first, with their age in seconds; files that are gone are left out."""
    folder, files = sessions_folder(environ), list[tuple[float, Path]]()
    with contextlib.suppress(OSError):
        for path in folder.glob("*.toml") if folder is not None else ():
            with contextlib.suppress(OSError):
                files.append((path.lstat().st_mtime, path))
    found: list[tuple[Path, float]] = []
    for changed, path in sorted(files, reverse=True)[:MOST_LOOKED_AT]:
        kept = load(path, clock)
        if kept is None or kept.saved is None:
            continue
        with contextlib.suppress(OSError, ValueError):
            scenario = Path(kept.saved.scenario)
            if scenario.is_absolute() and scenario.is_file() and session_path(scenario, environ) == path:
                found.append((scenario, max(0.0, clock() - changed)))
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
    """What was saved there; None if nothing was."""
    if path is None:
        return None
    try:
        age = max(0.0, clock() - path.lstat().st_mtime)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        age = 0.0                                   # reading it will say what is wrong
    try:
        understood = understand(read_table_file(path, LARGEST_SESSION, SURROGATES))
    except ScenarioError as error:
        return Found(None, (unreadable(error),), age, False)
    return Found(understood.saved, understood.notes, age, understood.whole)


def age_words(seconds: float) -> str:
    """How long ago something was, as a person says it."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


class Saver:
    """Keeps one file up to date with the sessions that are offered, in a thread of its own.

    `trouble` is the first thing that went wrong, as one sentence; it is for good, and trying goes on.
    `read_only` says that another session has the file, and that nothing is written here until that one has ended.
    """

    def __init__(self, path: Path | None, between: float = BETWEEN, clock: Callable[[], float] = time.monotonic,
                 today: Callable[[], str] = lambda: time.strftime("%Y-%m-%d %H:%M:%S")) -> None:
        self.trouble = ""
        self.read_only = path is None
        self.writes = 0
        self._between, self._clock, self._today = between, clock, today
        self._lock: int | None = None
        self._ready = False                         # the folder is there, the lock was asked for
        self._looked = False                        # what lay in the file's place has been seen to
        self._written: Saved | None = None          # what the file says, without the time of writing
        self._unread: tuple[str, ...] = ()
        self._change = Condition()                  # guards what follows
        self._pending: Saved | None = None
        self._failed: Saved | None = None
        self._busy = self._closing = False
        self._thread: Thread | None = None
        if path is None:
            self.trouble = NO_HOME
            return
        self.path = path
        self._try(self._prepare)
        if not self.read_only:
            self._begin()

    def _begin(self) -> None:
        thread = Thread(target=self._work, name="saver", daemon=True)
        self._thread = thread if self._try(thread.start) else None

    def _free_now(self) -> bool:
        """Whether the session that had the file has ended; from then on it is this one's."""
        if self._lock is None:
            return False
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        self.read_only = False
        if self.trouble == OPEN_ELSEWHERE:
            self.trouble = ""
        self._begin()
        return True

    def offer(self, saved: Saved) -> None:
        """Have `saved` written soon, unless something newer comes before. Returns at once."""
        if self._closing:
            return
        if self.read_only and not self._free_now():
            self._failed = saved                    # it may be free at the end
            return
        with self._change:
            if self._pending is None:               # else the thread knows already, and waits for its time
                self._change.notify_all()
            self._pending = saved

    def close(self, limit: float = 2.0) -> None:
        """Write what is pending, and let the file go; gives up after `limit` seconds."""
        if self.read_only and self._failed is not None:
            self._free_now()
        with self._change:
            self._closing = True
            if self._pending is None:
                self._pending = self._failed        # once more: there will be no next change
            self._change.notify_all()
        if self._thread is not None:
            self._thread.join(limit)
            if self._thread.is_alive():             # it may still write: the lock stays until the process ends
                return
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def settle(self, limit: float = 2.0) -> bool:
        """Wait until all that was offered has been written or given up; False after `limit` seconds."""
        with self._change:
            return self._change.wait_for(lambda: self._pending is None and not self._busy, limit)

    # the thread

    def _work(self) -> None:
        last = -self._between
        while True:
            with self._change:
                self._busy = False
                self._change.notify_all()
                while self._pending is None and not self._closing:
                    self._change.wait()
                while not self._closing and (rest := last + self._between - self._clock()) > 0:
                    self._change.wait(rest)
                saved, self._pending = self._pending, None
                if saved is None:
                    return
                self._busy = True
            last = self._clock()
            done = self._try(lambda saved=saved: self._save(saved))
            with self._change:
                self._failed = None if done else saved

    def _save(self, saved: Saved) -> None:
        if not self._ready:
            self._prepare()
        if self.read_only:
            return
        if not self._looked:
            self._look()
        saved = replace(saved, saved="", unread=saved.unread or self._unread)
        if saved == self._written:
            return
        content = write(replace(saved, saved=self._today())).encode("utf-8", SURROGATES)
        if len(content) > LARGEST_SESSION:
            self.trouble = self.trouble or TOO_LARGE
            return
        self._replace(content)
        self._written = saved
        self.writes += 1

    # the file

    def _prepare(self) -> None:
        """Make the folder, take the lock, and clear away what killed processes left."""
        _make_folder(self.path.parent)
        self._ready = True
        with contextlib.suppress(OSError):          # a file system without locks: better unlocked than not saved
            self._lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.read_only, self.trouble = True, self.trouble or OPEN_ELSEWHERE
                return
            for left in self.path.parent.glob(f"{self.path.name}.*.tmp"):   # whoever has the lock is alone
                with contextlib.suppress(OSError):
                    left.unlink()

    def _look(self) -> None:
        """Whatever is in the file's place and would not survive a write gets another name."""
        found = load(self.path)
        if found is not None and found.whole and found.saved is not None:
            self._written, self._unread = replace(found.saved, saved=""), found.saved.unread
        elif found is not None:
            _set_aside(self.path, f"{self.path}.unreadable")
        self._looked = True

    def _replace(self, content: bytes) -> None:
        """Put `content` in the file's place: at no moment is there less than one whole file."""
        try:
            replace_file(self.path, content)
        except BaseException:
            self._looked = False                    # something may have come in its place
            raise

    def _try(self, act: Callable[[], None]) -> bool:
        """Whether it could be done. What went wrong the first time is remembered."""
        try:
            act()
            return True
        except Exception as error:                  # nothing about a file may end the debugger
            why = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
            self.trouble = self.trouble or f"This session is not saved: {printable(why)}."
            return False


def replace_file(path: Path, content: bytes) -> None:
    """Write a file of the user's alone, as a whole or not at all. Raises OSError."""
    temporary = f"{path}.{os.getpid()}-{os.urandom(4).hex()}.tmp"
    try:
        _make_folder(path.parent)
        with open(os.open(temporary, NEW, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    with contextlib.suppress(OSError):              # not every file system can; the file itself is safe
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it for the user alone; those that are there stay as they are."""
    if folder.is_dir():
        return
    if folder.parent != folder:
        _make_folder(folder.parent)
    folder.mkdir(0o700, exist_ok=True)


def _set_aside(path: Path, name: str) -> None:
    """Give what is at `path` a second name; if it cannot have two, only that one. FileExistsError if all are taken."""
    for number in range(1, MOST_ASIDE + 1):
        aside = name if number == 1 else f"{name}-{number}"
        if os.path.lexists(aside):
            continue
        try:
            os.link(path, aside, follow_symlinks=False)     # it stays in its place until the new file comes
        except (OSError, NotImplementedError):
            os.rename(path, aside)
        return
    raise FileExistsError(f"there are {MOST_ASIDE} files set aside already")
