"""NPZ files beside a scenario: finding them safely, and reading arrays out of them.

A scenario may come from anybody, so a file is taken only from the scenario's own folder, is measured
before it is read (packed and unpacked), and nothing in it is unpickled. All arrays become float64.
"""

from __future__ import annotations

import stat
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from io import BytesIO
from pathlib import Path, PureWindowsPath

import numpy as np

from .errors import did_you_mean, quoted
from .records import Array
from .values import Wrong, frozen

LARGEST_DATA = 256 * 2**20
NPY = ".npy"
UNREADABLE = (                                    # what zipfile and numpy raise over a damaged file
    zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, KeyError, RuntimeError, MemoryError,
    SyntaxError, tokenize.TokenError,
)


@dataclass(frozen=True)
class Archive:
    """An NPZ file's bytes, and the names of the arrays in it in file order."""

    file: str
    content: bytes
    arrays: tuple[str, ...]


def open_archive(file: str, folder: Path | None) -> Archive:
    """The NPZ file `file` of the scenario's `folder`. Wrong if it may not, or cannot, be read."""
    path = _inside(file, folder)
    if path.suffix.lower() == ".csv":
        raise Wrong("not supported yet: CSV files")
    if path.suffix.lower() != ".npz":
        raise Wrong(f"{quoted(file)} is not an NPZ file: its name does not end in .npz")
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise Wrong(f"{quoted(file)} is not a file")
        if status.st_size > LARGEST_DATA:
            raise Wrong(_too_large(file, status.st_size))
        content = path.read_bytes()
    except FileNotFoundError:
        raise Wrong(f"there is no file {quoted(file)} beside the scenario{_near(path)}") from None
    except OSError as error:
        raise Wrong(f"{quoted(file)} cannot be read: {error.strerror}") from None
    try:
        with zipfile.ZipFile(BytesIO(content)) as members:
            inside = members.infolist()
    except UNREADABLE:
        raise Wrong(f"{quoted(file)} is not an NPZ file") from None
    if (unpacked := sum(member.file_size for member in inside)) > LARGEST_DATA:
        raise Wrong(_too_large(file, unpacked))
    return Archive(file, content, tuple(m.filename.removesuffix(NPY) for m in inside))


def read_array(archive: Archive, name: str) -> Array:
    """One array of the file, as read-only float64. Wrong if it is not there or not of finite numbers."""
    if name not in archive.arrays:
        raise Wrong(f"there is no array {quoted(name)} in {quoted(archive.file)}"
                    f"{did_you_mean(name, archive.arrays)}")
    try:
        with zipfile.ZipFile(BytesIO(archive.content)) as members:
            member = BytesIO(members.read(name + NPY))
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")       # numpy speaks of headers written by Python 2
            array = np.lib.format.read_array(member, allow_pickle=False)
            if array.dtype.kind not in "biuf":
                raise Wrong(f"the array {quoted(name)} in {quoted(archive.file)} does not hold numbers")
            array = array.astype(np.float64)
    except UNREADABLE:
        raise Wrong(f"the array {quoted(name)} in {quoted(archive.file)} cannot be read") from None
    if not array.size:
        raise Wrong(f"the array {quoted(name)} in {quoted(archive.file)} is empty")
    if not np.isfinite(array).all():
        row = int(np.argwhere(~np.isfinite(np.atleast_1d(array)))[0][0])
        raise Wrong(f"the array {quoted(name)} in {quoted(archive.file)} must hold finite numbers, "
                    f"and row {row + 1} does not")
    return frozen(array)


def read_columns(archive: Archive, patterns: Sequence[str], label: str) -> Array:
    """The arrays that the patterns name: one as it is, several side by side as the columns of one."""
    found = [name for pattern in patterns for name in _matching(archive, pattern)]
    arrays = [read_array(archive, name) for name in dict.fromkeys(found)]
    if len(arrays) == 1:
        return arrays[0]
    for name, array in zip(dict.fromkeys(found), arrays, strict=True):
        if array.ndim not in (1, 2) or len(array) != len(arrays[0]):
            raise Wrong(f"{label}: the array {quoted(name)} does not fit beside {quoted(found[0])}")
    return frozen(np.hstack([array.reshape(len(array), -1) for array in arrays]))


def _matching(archive: Archive, pattern: str) -> Iterable[str]:
    """The arrays that a name, or a pattern with `*`, means; Wrong if there is none."""
    if pattern in archive.arrays or "*" not in pattern:
        return [pattern]
    literal = pattern.replace("[", "[[]").replace("?", "[?]")     # only * is special
    if found := [name for name in archive.arrays if fnmatchcase(name, literal)]:
        return found
    raise Wrong(f"no array in {quoted(archive.file)} fits {quoted(pattern)}")


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
        return did_you_mean(path.name, sorted(p.name for p in path.parent.glob("*.npz")))
    except OSError:
        return ""


def _too_large(file: str, size: int) -> str:
    return f"{quoted(file)} holds {size:,} bytes; a data file has at most {LARGEST_DATA // 2**20} MiB"
