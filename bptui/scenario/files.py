"""Putting a file in place whole: whoever looks finds the old file or the new one, and never a part.

Everything that bptui writes for a person goes through here: sessions, settings, reports, tables, copies, pictures.
The content is written beside its place under another name, made durable, and then given its name in one step. So a
full disk, a kill or a lost link spoils nothing; what went wrong is an OSError that names the file.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
PART = ".tmp"                                       # how the name of what is being written ends
Stamp = tuple[int, int, int]                        # inode, time, size: a name that is given anew changes none of them
LONGEST_NAME = 200                                  # bytes of a name that has room for an ending


def put(path: Path, content: bytes, over: bool = True, private: bool = False) -> Stamp:
    """Write a file, all or nothing; its stamp. Raises OSError; without `over`, FileExistsError where anything is there.

    `private`: for the user alone, with the folders that it needs. A link in its place is replaced, not followed.
    """
    name = path.name if len(os.fsencode(path.name)) <= LONGEST_NAME else "part"
    part = path.with_name(f"{name}.{os.getpid()}-{os.urandom(4).hex()}{PART}")
    try:
        if private:
            make_folder(path.parent)
        try:
            made = _fill(os.open(part, NEW, 0o600 if private else 0o666), content)
            (os.replace if over else _appear)(part, path)
            return made
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(part)
            raise
    except OSError as error:
        if error.filename == str(path):
            raise
        raise type(error)(error.errno, error.strerror, str(path)) from error


def send(path: Path, content: bytes) -> None:
    """The same for a path that a person typed: a link is followed, and a terminal or a pipe is written to."""
    if path.exists() and not path.is_file() and not path.is_dir():
        _fill(os.open(path, os.O_WRONLY), content, durable=False)
    else:
        put(Path(os.path.realpath(path)), content)


def leftovers(path: Path) -> list[Path]:
    """What was being written of a file when a process was killed."""
    return [each for each in path.parent.iterdir() if each.name.startswith(f"{path.name}.") and each.suffix == PART]


def stamp(path: Path) -> Stamp | None:
    """What tells a file from another one in its place; None where there is none. Raises OSError."""
    try:
        return _stamp(os.lstat(path))
    except (FileNotFoundError, NotADirectoryError):
        return None


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_ino, found.st_mtime_ns, found.st_size


def _fill(file: int, content: bytes, durable: bool = True) -> Stamp:
    """Write all of `content`, and close the file: only then it is known that the disk has taken it."""
    try:
        at = 0
        while at < len(content):
            at += os.write(file, content[at:at + (1 << 20)])
        if durable:
            os.fsync(file)
        made = _stamp(os.fstat(file))
    except BaseException:
        with contextlib.suppress(OSError):
            os.close(file)
        raise
    os.close(file)
    return made


def _appear(part: Path, path: Path) -> None:
    """Give a file its name, unless something is there."""
    try:
        os.link(part, path)                         # unlike a rename it writes over nothing
    except FileExistsError:
        raise
    except OSError:                                 # not every file system has links
        if os.path.lexists(path):
            raise FileExistsError(0, "it is there already", str(path)) from None
        os.rename(part, path)
        return
    with contextlib.suppress(OSError):
        os.unlink(part)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it for the user alone; those that are there stay as they are."""
    try:
        if stat.S_ISDIR(os.stat(folder).st_mode):
            return
    except FileNotFoundError:
        if folder.parent != folder:
            make_folder(folder.parent)
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, 0o700)
