"""Copies of shipped scenarios, to edit: the file, and the data files that it names. Nothing is ever overwritten."""

from __future__ import annotations

import os
from pathlib import Path


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
    begun: list[Path] = []
    try:
        for file, data in new:
            with open(file, "xb") as out:
                begun.append(file)
                out.write(data)
    except BaseException as error:                  # a full disk, an interrupt: no half of a scenario is left
        for file in begun:
            file.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            raise OSError(error.errno, error.strerror, str(begun[-1])) from error
        raise
    return [file for file, _ in new]


def _same(file: Path, content: bytes) -> bool:
    """Whether `file` holds `content` already."""
    return file.is_file() and file.stat().st_size == len(content) and file.read_bytes() == content
