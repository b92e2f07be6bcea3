"""Opening a scenario as the program does, in this process, while everything that it touches is watched.

What is asked of each: it opens, its first screen is drawn and a few steps are made, or it is refused by clear lines.
Nothing else may be raised or warned of, nothing outside its folder is read, nothing is started, and it takes no longer
than a moment of the processor's time.
"""

from __future__ import annotations

import gc
import os
import re
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.cells import cell_len

import bptui
from bptui.debugger.commands import travel
from bptui.debugger.state.session import Session
from bptui.replay import open as runs
from bptui.replay.run import Run
from bptui.scenario.errors import ScenarioError
from bptui.scenario.reader import read_scenario, render
from bptui.tui.layout import screen

SECONDS = 2.0
STEPS = ("into", "over", "into", "back_into", "out")
PYTHON = tuple(
    os.path.realpath(p) for p in (sys.prefix, sys.base_prefix, Path(bptui.__file__).parent, os.__file__[:-6])
)
STARTED = re.compile(
    r"os\.(system|exec|fork|spawn|posix_spawn|mkdir|remove|rename|chmod|link|symlink|truncate|listdir$)|"
    r"subprocess|socket|pickle|ctypes|shutil|webbrowser|ftplib|urllib|code\.__new__"
)
ALLOWED = {"os.listdir"}  # names near to a missing file's: of the folder alone


@dataclass(frozen=True)
class Outcome:
    """`lines` are what a person sees of a file that is refused; none where it opened."""

    lines: tuple[str, ...]
    seconds: float


class Watch:
    """What was done that a scenario may not do, since it was last asked."""

    def __init__(self) -> None:
        self.folder = ""
        self.found: list[str] = []

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.folder:
            return
        if event in ("open", *ALLOWED) and isinstance(arguments[0], str | bytes):
            path = os.path.realpath(os.fsdecode(arguments[0]))
            if path != "/dev/null" and not path.startswith((self.folder, *PYTHON)):
                self.found.append(f"{event} {path}")
        elif event not in ALLOWED and STARTED.match(event):
            self.found.append(f"{event} {arguments!r}"[:200])

    @contextmanager
    def over(self, folder: Path) -> Iterator[None]:
        self.found.clear()
        self.folder = os.path.realpath(folder)
        try:
            yield
        finally:
            self.folder = ""
        assert not self.found, self.found


WATCH = Watch()
sys.addaudithook(WATCH)


def open_scenario(path: Path) -> Outcome:
    """Open a file; AssertionError, or whatever is raised, where it does what it may not."""
    began = time.process_time()
    said: tuple[str, ...] = ()
    with warnings.catch_warnings(), WATCH.over(path.parent):
        warnings.simplefilter("error")
        lines = None
        try:
            scenario = read_scenario(path)
            lines = scenario.lines
            _look(runs.open_scenario(scenario))
        except ScenarioError as error:
            said = tuple(render(error, "m.toml", lines))
            assert said, "refused without a word"
            clear(said)
    gc.unfreeze()
    return Outcome(said, time.process_time() - began)


def _look(run: Run) -> None:
    """What is done before somebody sees the scenario, and at their first keys."""
    run.work(0.002)
    session = Session(run)
    _drawn(session)
    for step in STEPS:
        travel.step(session, step)
    _drawn(session)


def _drawn(session: Session) -> None:
    lines = screen(session, 80, 24)
    assert len(lines) == 24
    for line in lines:
        assert cell_len(line.text) == 80 and line.text.isprintable(), repr(line.text)


def clear(lines: tuple[str, ...]) -> None:
    """Whether a person can read what is wrong: a line each, with its place, and nothing raw."""
    assert len(lines) <= 21, len(lines)
    for line in lines:
        assert re.match(r"m\.toml(:\d+)?: \S", line), line
        assert line.isprintable() and len(line) < 1000, line
        assert not re.search(r"Traceback|Error\b|<class|object at 0x", line), line
