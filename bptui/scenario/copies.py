"""Copies of shipped scenarios, to edit: the file, and the data files that it names. Nothing is ever overwritten."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from .files import put


class Taken(Exception):
    """A file that would be written is already there."""

    def __init__(self, file: Path) -> None:
        super().__init__(str(file))
        self.file = file


def copy(source: Path, target: Path) -> list[Path]:
    """Write a scenario to `target` and its data beside it, all or nothing; what was written. Raises Taken, OSError."""
    content = source.read_bytes()
    parts = [(target, content)]
    for beside in sorted(source.parent.iterdir()):  # its data keep their name, because the scenario says it
        if beside.suffix in (".npz", ".csv") and f'"{beside.name}"'.encode() in content:
            parts.append((target.parent / beside.name, beside.read_bytes()))
    new = [(file, data) for file, data in parts if file is target or not _same(file, data)]
    for file, _ in new:
        if os.path.lexists(file):
            raise Taken(file)
    written: list[Path] = []
    try:
        for file, data in reversed(new):            # the scenario last: where it stands, its data do
            put(file, data, over=False)
            written.append(file)
    except BaseException as error:                  # a full disk, an interrupt: no half of a scenario is left
        for file in written:
            with contextlib.suppress(OSError):
                os.unlink(file)
        if isinstance(error, FileExistsError):
            raise Taken(Path(error.filename)) from None
        raise
    return [file for file, _ in new]


def _same(file: Path, content: bytes) -> bool:
    """Whether `file` holds `content` already."""
    return file.is_file() and file.stat().st_size == len(content) and file.read_bytes() == content
