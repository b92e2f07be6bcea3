"""NPZ files: the arrays that numpy saved under names, as float64.

What a file unpacks to is measured before it is unpacked, nothing in it is unpickled, and a damaged file
is one clear sentence. `data.py` finds the file and measures it as it lies on the disk.
"""

from __future__ import annotations

import ast
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from math import prod
from typing import ClassVar

import numpy as np

from .errors import quoted
from .records import Array
from .values import Wrong, frozen

NPY = ".npy"
MOST_ARRAYS = 1000
MOST_NUMBERS = 5 * 10**6                          # of all arrays that are read together
LARGEST_DIRECTORY = 2**20                         # bytes
LENGTHS = {(1, 0): "<H", (2, 0): "<I"}               # version of an array's header -> how its length is written
LONGEST_HEADER = 10_000                             # characters: numpy's own
HEADER = {"descr", "fortran_order", "shape"}
KINDS = re.compile(r"[<>=|]?(b1|\?|[iuf][0-9]{1,2})")   # of numbers; numpy crashes over some of the others
PYTHON_2 = re.compile(r"(?<=[0-9])L")               # in its headers
UNREADABLE = (                                    # what zipfile and numpy raise over a damaged file
    zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, KeyError, RuntimeError, MemoryError,
    SyntaxError, TypeError, IndexError, OverflowError, struct.error,
)


@dataclass(frozen=True)
class Npz:
    """An NPZ file's bytes, and the names of the arrays in it in file order."""

    file: str
    content: bytes = field(repr=False)
    names: tuple[str, ...]
    holds: ClassVar[str] = "array"

    def read(self, names: Sequence[str]) -> Array:
        """One array as it is; several side by side, as the columns of one."""
        with _opened(self.file, self.content) as members:
            arrays: list[Array] = []
            for name in names:
                arrays.append(self._array(members, name, MOST_NUMBERS - sum(array.size for array in arrays)))
        if len(arrays) == 1:
            return arrays[0]
        for name, array in zip(names, arrays, strict=True):
            if array.ndim not in (1, 2) or len(array) != len(arrays[0]):
                raise Wrong(f"the array {quoted(name)} in {quoted(self.file)} does not fit beside {quoted(names[0])}")
        return frozen(np.hstack([array.reshape(len(array), -1) for array in arrays]))

    def _array(self, members: zipfile.ZipFile, name: str, most: int) -> Array:
        where = f"the array {quoted(name)} in {quoted(self.file)}"
        try:
            member = BytesIO(_content(members, name))
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")   # Python speaks of escapes in a header
                array = _numbers(member, where, most)
        except UNREADABLE:
            raise Wrong(f"{where} cannot be read") from None
        if not array.size:
            raise Wrong(f"{where} is empty")
        if not np.isfinite(array).all():
            row = int(np.argwhere(~np.isfinite(np.atleast_1d(array)))[0][0])
            raise Wrong(f"{where} must hold finite numbers, and row {row + 1} does not")
        return frozen(array)


class _Bounded(BytesIO):
    """The bytes of a file of which no more than `most` are read at once."""

    most = LARGEST_DIRECTORY

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size > self.most:
            raise zipfile.BadZipFile("the directory is too large")
        return super().read(size)


def _opened(file: str, content: bytes) -> zipfile.ZipFile:
    """The members of an NPZ file. Of a directory that is too large not even its entries are listed."""
    try:
        opened = zipfile.ZipFile(bounded := _Bounded(content))
    except UNREADABLE:
        raise Wrong(f"{quoted(file)} is not an NPZ file") from None
    bounded.most = len(content)
    return opened


def _content(members: zipfile.ZipFile, name: str) -> bytes:
    """What a member unpacks to: as much as the directory says, and if there is more of it, not a byte of that."""
    try:
        member = members.getinfo(name + NPY)
    except KeyError:
        member = members.getinfo(name)            # saved under a name without an ending
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise zipfile.BadZipFile("no way in which numpy packs; and these unpack without a limit")
    with members.open(member) as packed:
        content = packed.read(member.file_size)   # without a number, a bomb is unpacked before it is measured
        if len(content) != member.file_size or packed.read(1):
            raise zipfile.BadZipFile("the directory says another size")
    return content


def _numbers(member: BytesIO, where: str, most: int) -> Array:
    """The array of a member as float64. Its header is held against what there is, before room for it is made."""
    version = np.lib.format.read_magic(member)
    if version not in LENGTHS:
        raise Wrong(f"{where} does not hold numbers")       # the third is for names of columns
    kind, by_columns, shape = _header(member, LENGTHS[version])
    if not isinstance(kind, str) or not KINDS.fullmatch(kind):
        raise Wrong(f"{where} does not hold numbers")
    kind = np.dtype(kind)
    rest = member.read()
    if len(rest) != (size := prod(shape)) * kind.itemsize:
        raise ValueError("the header says another size")
    if size > most:
        more = "" if most == MOST_NUMBERS else " with the others"
        raise Wrong(f"{where} has {size:,} numbers; at most {MOST_NUMBERS:,} can be held{more}")
    return np.frombuffer(rest, kind).reshape(shape, order="F" if by_columns else "C").astype(np.float64, order="C")


def _header(member: BytesIO, length: str) -> tuple[object, bool, tuple[int, ...]]:
    """What an array's header says, as it is: the kind of its numbers, whether they lie by columns, and the shape.

    Source: the NPY format of numpy. Not numpy's reader, which asks numpy for any kind that a file can name.
    """
    (size,) = struct.unpack(length, member.read(struct.calcsize(length)))
    text = member.read(min(size, LONGEST_HEADER + 1)).decode("latin1")
    if len(text) != size or size > LONGEST_HEADER:
        raise ValueError("the header is longer than a header is")
    said = ast.literal_eval(PYTHON_2.sub("", text.strip()))
    if not isinstance(said, dict) or said.keys() != HEADER:
        raise ValueError("no header")
    by_columns, shape = said["fortran_order"], said["shape"]
    if type(by_columns) is not bool or type(shape) is not tuple or any(type(n) is not int or n < 0 for n in shape):
        raise ValueError("no shape")
    return said["descr"], by_columns, shape


def open_npz(file: str, content: bytes, largest: int) -> Npz:
    """The NPZ file of these bytes. Wrong if it is none, or unpacks to more than `largest` bytes."""
    with _opened(file, content) as members:
        inside = members.infolist()
    if len(inside) > MOST_ARRAYS:
        raise Wrong(f"{quoted(file)} holds {len(inside):,} arrays; at most {MOST_ARRAYS:,} can be listed")
    if (unpacked := sum(member.file_size for member in inside)) > largest:
        raise Wrong(too_large(file, unpacked, largest))
    return Npz(file, content, tuple(member.filename.removesuffix(NPY) for member in inside))


def too_large(file: str, size: int, most: int) -> str:
    kind = "an NPZ" if file.lower().endswith(".npz") else "a CSV"
    return f"{quoted(file)} holds {size:,} bytes; {kind} file has at most {most // 2**20} MiB"
