"""`bptui --plain` and other commands in this process: what is typed goes in, the lines that are printed come out.

A process of its own costs a third of a second to load, and is worth it where streams, signals or encodings are tested.
"""

from __future__ import annotations

import io
import sys

import pytest

from bptui.cli import main


def told(*arguments: str, typed: str | bytes = b"") -> tuple[int, str, str]:
    """The exit code of the command, and what it printed on standard output and on standard error."""
    data = typed if isinstance(typed, bytes) else typed.encode()
    out, err = io.BytesIO(), io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), "utf-8"))
        patch.setattr(sys, "stdout", io.TextIOWrapper(out, "utf-8", write_through=True))
        patch.setattr(sys, "stderr", io.TextIOWrapper(err, "utf-8", write_through=True))
        code = main(list(arguments))
        sys.stdout.flush()
        sys.stderr.flush()
        return code, out.getvalue().decode(), err.getvalue().decode()
