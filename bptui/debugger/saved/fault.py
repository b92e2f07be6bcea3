"""A fault of bptui's own: a report of it as a file, and the lines that say so.

The report has what whoever mends it needs: the scenario, the position, the keys before it, the versions, where it was
raised. It is text that no terminal obeys. Nothing here raises: a fault is not followed by another one.
"""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import time
import traceback
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

from ...scenario.errors import printable
from ...scenario.files import put
from .files import user_folder

FAULT = 70                                          # the exit code: EX_SOFTWARE of sysexits.h
MOST_REPORTS = 20                                   # that are kept
PACKAGES = ("textual", "rich", "numpy", "sympy")
VARIABLES = ("TERM", "COLORTERM", "TERM_PROGRAM", "SSH_CONNECTION", "TMUX", "STY", "LANG", "LC_ALL", "NO_COLOR")
DEEPEST = 60                                        # frames of a traceback: an endless recursion has more


def tell(error: BaseException, facts: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> list[str]:
    """Write a report of `error`, and say in a few lines what happened and where it stands.

    `facts`: what is known of the moment by name, as `scenario`, `position`, `keys`.
    """
    lines = [f"bptui: a fault of its own, not of your file: {_described(error)}"]
    with contextlib.suppress(Exception):            # a second fault would hide the first
        lines += _told(error, facts, environ)
    return [printable(line) for line in lines]


def _told(error: BaseException, facts: Mapping[str, str], environ: Mapping[str, str]) -> list[str]:
    lines: list[str] = []
    frames = traceback.extract_tb(error.__traceback__)
    ours = next((frame for frame in reversed(frames) if "bptui" in Path(frame.filename).parts), None)
    for at in frames[-1:] if ours in (None, *frames[-1:]) else [*frames[-1:], ours]:
        lines.append(f"bptui: in {Path(at.filename).name}:{at.lineno}, {at.name}: {at.line}")
    lines += [f"bptui: {name}: {fact}" for name, fact in facts.items() if name in ("scenario", "position", "session")]
    try:
        path = _write(report(error, facts, environ), environ)
    except OSError as reason:
        lines.append(f"bptui: no report could be written: {reason.strerror}; this is where it was raised:")
        lines += _trace(error)
    else:
        lines.append(f"bptui: a report that says more, to send with what you did: {path}")
    return lines


def report(error: BaseException, facts: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> str:
    """The text of a report."""
    lines = [f"A fault of bptui, {time.strftime('%Y-%m-%d %H:%M:%S')}: {_described(error)}", ""]
    lines += _columns(facts.items())
    lines += ["", *_columns([
        ("bptui", _version("bptui")), ("Python", f"{platform.python_version()} on {platform.platform()}"),
        *((name, _version(name) + " (not loaded)" * (name not in sys.modules)) for name in PACKAGES),
        *((name, environ[name]) for name in VARIABLES if name in environ)])]
    return "".join(f"{printable(line)}\n" for line in [*lines, "", *_trace(error)])


def _described(error: BaseException) -> str:
    text = ""
    with contextlib.suppress(Exception):            # its own words may be what fails
        text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _trace(error: BaseException) -> list[str]:
    try:
        text = "".join(traceback.TracebackException.from_exception(error, limit=-DEEPEST).format())
    except Exception:
        text = f"{type(error).__name__}, and it cannot be written down"
    return text.splitlines()


def _columns(facts: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{name:<14} {fact}" for name, fact in facts]


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _write(text: str, environ: Mapping[str, str]) -> Path:
    """Put a report beside the others, of which only the last are kept. Raises OSError."""
    folder = user_folder("XDG_STATE_HOME", (".local", "state"), environ)
    if folder is None:
        raise OSError(0, "there is no home folder")
    path = folder / "faults" / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    put(path, text.encode("utf-8", "replace"), private=True)
    for old in sorted(path.parent.glob("*.txt"))[:-MOST_REPORTS]:
        with contextlib.suppress(OSError):
            old.unlink()
    return path
