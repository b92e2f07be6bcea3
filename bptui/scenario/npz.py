"""NPZ files: the arrays that numpy saved under names, as float64.

What a file unpacks to is measured before it is unpacked, nothing in it is unpickled, and a damaged file
is one clear sentence. `data.py` finds the file and measures it as it lies on the disk.
"""

from __future__ import annotations

import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import ClassVar

import numpy as np

from .errors import quoted
from .records import Array
from .values import Wrong, frozen

NPY = ".npy"
UNREADABLE = (                                    # what zipfile and numpy raise over a damaged file
    zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, KeyError, RuntimeError, MemoryError,
    SyntaxError, tokenize.TokenError,
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
        arrays = [self._array(name) for name in names]
        if len(arrays) == 1:
            return arrays[0]
        for name, array in zip(names, arrays, strict=True):
            if array.ndim not in (1, 2) or len(array) != len(arrays[0]):
                raise Wrong(f"the array {quoted(name)} in {quoted(self.file)} does not fit beside {quoted(names[0])}")
        return frozen(np.hstack([array.reshape(len(array), -1) for array in arrays]))

    def _array(self, name: str) -> Array:
        where = f"the array {quoted(name)} in {quoted(self.file)}"
        try:
            with zipfile.ZipFile(BytesIO(self.content)) as members:
                member = BytesIO(members.read(name + NPY))
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")   # numpy speaks of headers written by Python 2
                array = np.lib.format.read_array(member, allow_pickle=False)
                if array.dtype.kind not in "biuf":
                    raise Wrong(f"{where} does not hold numbers")
                array = array.astype(np.float64)
        except UNREADABLE:
            raise Wrong(f"{where} cannot be read") from None
        if not array.size:
            raise Wrong(f"{where} is empty")
        if not np.isfinite(array).all():
            row = int(np.argwhere(~np.isfinite(np.atleast_1d(array)))[0][0])
            raise Wrong(f"{where} must hold finite numbers, and row {row + 1} does not")
        return frozen(array)


def open_npz(file: str, content: bytes, largest: int) -> Npz:
    """The NPZ file of these bytes. Wrong if it is none, or unpacks to more than `largest` bytes."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as members:
            inside = members.infolist()
    except UNREADABLE:
        raise Wrong(f"{quoted(file)} is not an NPZ file") from None
    if (unpacked := sum(member.file_size for member in inside)) > largest:
        raise Wrong(too_large(file, unpacked, largest))
    return Npz(file, content, tuple(member.filename.removesuffix(NPY) for member in inside))


def too_large(file: str, size: int, most: int) -> str:
    return f"{quoted(file)} holds {size:,} bytes; a data file has at most {most // 2**20} MiB"
