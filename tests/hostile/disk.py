"""A disk that fails at the n-th system call on something below a folder, and works before and after.

The functions of `os` that bptui writes with are wrapped, and so is `open`. What is below the folder is known by the
path, or by the file that was opened there. A `close` that fails has closed; a `write` that fails has written half.
"""

from __future__ import annotations

import builtins
import fcntl
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CALLS = ("open", "write", "fsync", "fstat", "close", "replace", "rename", "link", "unlink", "mkdir", "lstat", "stat",
         "truncate", "ftruncate")


class Disk:
    """`happened` is the call that failed, once one has."""

    def __init__(self, folder: Path, fails_at: int, number: int, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.fails_at, self.number = str(folder), fails_at, number
        self.calls = 0
        self.happened = ""
        self._files: set[int] = set()
        for name in CALLS:
            patch.setattr(os, name, self._wrapped(name, getattr(os, name)))
        patch.setattr(fcntl, "flock", self._wrapped("flock", fcntl.flock))
        opened = self._wrapped("open for Python", builtins.open)
        patch.setattr(builtins, "open", opened)
        patch.setattr(io, "open", opened)

    def _ours(self, arguments: tuple[Any, ...]) -> bool:
        for each in arguments[:2]:
            if isinstance(each, int) and not isinstance(each, bool):
                if each in self._files:
                    return True
            elif isinstance(each, str | bytes | os.PathLike) and os.fsdecode(each).startswith(self.folder):
                return True
        return False

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            if not self._ours(arguments):
                return real(*arguments, **more)
            self.calls += 1
            if self.calls == self.fails_at:
                self.happened = name
                if name == "close":
                    real(*arguments, **more)
                    self._files.discard(arguments[0])
                elif name == "write" and len(arguments[1]) > 1:
                    real(arguments[0], arguments[1][:len(arguments[1]) // 2])
                raise OSError(self.number, os.strerror(self.number), *arguments[:1])
            found = real(*arguments, **more)
            if name == "open":
                self._files.add(found)
            elif name == "close":
                self._files.discard(arguments[0])
            return found
        return call
