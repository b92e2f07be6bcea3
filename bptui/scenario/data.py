"""Data files beside a scenario: finding them safely, and taking columns out of them by name.

A scenario may come from anybody, so a file is taken only from the scenario's own folder and is measured
before it is read. `npz.py` and `csvs.py` know the two kinds of file; to all others both are an `Archive`.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PureWindowsPath
from typing import ClassVar, Protocol

from .csvs import open_csv
from .errors import did_you_mean, near_or_known, quoted
from .npz import open_npz, too_large
from .records import Array
from .values import Wrong

LARGEST_DATA = {".npz": 64 * 2**20, ".csv": 32 * 2**20}      # bytes, of an NPZ file unpacked too
MOST_MATCHED = 10**6                                # names with *, each against each name in the file


class Archive(Protocol):
    """Arrays of numbers under names, in file order. Of a CSV file these are its columns."""

    holds: ClassVar[str]                          # what one name stands for, in a word

    @property
    def file(self) -> str: ...
    @property
    def content(self) -> bytes: ...
    @property
    def names(self) -> tuple[str, ...]: ...

    def read(self, names: Sequence[str]) -> Array:
        """What stands under names that are there, as read-only float64. Wrong if it is not finite numbers.

        One name is an array as it is, and several are side by side, as the columns of one.
        """
        ...


def open_archive(file: str, folder: Path | None) -> Archive:
    """The data file `file` of the scenario's `folder`. Wrong if it may not, or cannot, be read."""
    path = _inside(file, folder)
    ending = path.suffix.lower()
    if ending not in (".npz", ".csv"):
        raise Wrong(f"{quoted(file)} is not a data file: its name does not end in .npz or .csv")
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise Wrong(f"{quoted(file)} is not a file")
        if status.st_size > LARGEST_DATA[ending]:
            raise Wrong(too_large(file, status.st_size, LARGEST_DATA[ending]))
        content = path.read_bytes()
    except FileNotFoundError:
        raise Wrong(f"there is no file {quoted(file)} beside the scenario{_near(path)}") from None
    except OSError as error:
        raise Wrong(f"{quoted(file)} cannot be read: {error.strerror}") from None
    return open_csv(file, content) if ending == ".csv" else open_npz(file, content, LARGEST_DATA[ending])


def read_array(archive: Archive, name: str) -> Array:
    """One array of the file by its whole name. Wrong if it is not there."""
    _check_known(archive, name)
    return archive.read([name])


def read_columns(archive: Archive, patterns: Sequence[str]) -> Array:
    """The arrays that the patterns name: one as it is, several side by side as the columns of one."""
    known = frozenset(archive.names)
    if (looks := sum("*" in pattern for pattern in patterns) * len(known)) > MOST_MATCHED:
        raise Wrong(f"{len(known):,} {archive.holds}s to find for each name with * are {looks:,}; at most "
                    f"{MOST_MATCHED:,} can be looked through")
    found: dict[str, None] = {}
    for at, pattern in enumerate(patterns):
        try:
            found |= dict.fromkeys([pattern] if pattern in known else _matching(archive, pattern))
        except Wrong as wrong:
            raise Wrong(wrong.message, at) from None
    return archive.read(list(found))


def _matching(archive: Archive, pattern: str) -> Iterable[str]:
    """The names that a pattern with `*` means; Wrong if there is none."""
    if "*" not in pattern:
        _check_known(archive, pattern)
    literal = pattern.replace("[", "[[]").replace("?", "[?]")     # only * is special
    if found := [name for name in archive.names if fnmatchcase(name, literal)]:
        return found
    raise Wrong(f"no {archive.holds} in {quoted(archive.file)} fits {quoted(pattern)}")


def _check_known(archive: Archive, name: str) -> None:
    if name not in archive.names:
        raise Wrong(f"there is no {archive.holds} {quoted(name)} in {quoted(archive.file)}"
                    f"{near_or_known(name, archive.names)}")


def _inside(file: str, folder: Path | None) -> Path:
    """The path of `file`, which must lie in `folder` even when links are followed."""
    if folder is None:
        raise Wrong(f"{quoted(file)} cannot be found: this scenario is not in a file")
    elsewhere = PureWindowsPath(file).drive or Path(file).is_absolute() or ".." in Path(file).parts
    if not file or elsewhere or set(file) & set("\\\0"):
        raise Wrong(f"{quoted(file)} must be a file in the scenario's own folder")
    path = folder / file
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):               # RuntimeError: a link to itself, before Python 3.13
        inside = False
    if not inside:
        raise Wrong(f"{quoted(file)} must be a file in the scenario's own folder")
    return path


def _near(path: Path) -> str:
    try:
        return did_you_mean(path.name, sorted(p.name for p in path.parent.iterdir() if p.suffix in (".npz", ".csv")))
    except OSError:
        return ""
