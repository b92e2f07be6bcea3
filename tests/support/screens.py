"""Sessions, screens as text, the debugger's own actions without a terminal, and runs whose future is scrambled.

A walk presses the commands of the table by calling the actions of `Debugger` on a stand-in for it, so what is
tested is what a key runs; only Textual is missing.
"""

from __future__ import annotations

import asyncio
import math
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import copy
from types import SimpleNamespace
from typing import Any

import numpy as np

from bptui.debugger import job
from bptui.debugger.commands.register import COMMANDS
from bptui.debugger.panes.register import TABLE
from bptui.debugger.scene import Scene
from bptui.debugger.side_by_side.compare import Consequences
from bptui.debugger.state.session import Followed, Session, same_in
from bptui.engine.arrays import Arrays
from bptui.engine.scalars import Cell
from bptui.engine.unroll import Trace
from bptui.explain import notation
from bptui.explain.links import Chain
from bptui.explain.terms import term_values
from bptui.replay.open import open_scenario
from bptui.replay.quantity import Place, find
from bptui.replay.run import Run
from bptui.replay.timeline import Position, Timeline, scalars
from bptui.scenario.expression import read_quantity
from bptui.scenario.reader import read_scenario_text
from bptui.scenario.shipped import shipped
from bptui.tui.keymap import keymap
from bptui.tui.layout import screen
from bptui.tui.screens.debugger import Debugger
from bptui.tui.views.canvas import Line
from tests.support.runs import fresh

SHIPPED = dict(shipped())
LEFT, RIGHT = ([pane.id for pane in TABLE if pane.side == side] for side in ("left", "right"))
COMMAND = {command.id: command for command in COMMANDS}
SMALL, LARGE, LOW = (80, 24), (120, 40), (80, 14)

# Three layers of neurons, five samples in batches of two, two and one, biases of which one is shared.
BATCHES = """
title = "Three layers, unequal batches"
[network]
inputs = 2
[[network.layers]]
kind = "dense"
name = "first"
units = 3
activation = "tanh"
weights = [[0.31, -0.42], [-0.53, 0.24], [0.15, 0.66]]
bias = 0.17
[[network.layers]]
kind = "dense"
name = "second"
units = 2
activation = "relu"
weights = [[0.71, -0.32, 0.43], [-0.24, 0.55, 0.36]]
bias = [0.12, -0.13]
[[network.layers]]
kind = "dense"
name = "third"
units = 2
activation = "sigmoid"
weights = [[0.81, -0.62], [-0.43, 0.94]]
bias = [0.21, -0.22]
[loss]
kind = "half_squared_error"
[data]
inputs = [[0.11, 0.72], [-0.83, 0.34], [0.45, -0.26], [0.97, 0.18], [-0.39, -0.61]]
targets = [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6], [0.5, 0.5]]
[training]
learning_rate = 0.3
updates = 7
batch = 2
"""
# The tutorial's network, with a title and a learning rate of one's own.
NET = """
title = {title!r}
[network]
inputs = ["i1", "i2"]
[[network.layers]]
kind = "dense"
name = "hidden"
units = ["h1", "h2"]
activation = "sigmoid"
weights = [[0.15, 0.20], [0.25, 0.30]]
bias = 0.35
[[network.layers]]
kind = "dense"
name = "output"
units = ["o1", "o2"]
activation = "linear"
weights = [[0.40, 0.45], [0.50, 0.55]]
bias = 0.60
[loss]
kind = "half_squared_error"
[data]
inputs = [[0.05, 0.10]]
targets = [[0.01, 0.99]]
[training]
learning_rate = {rate}
updates = 40
"""
TEXTS = {"batches": BATCHES}


def run_of(name: str, executor: str | None = None) -> Run:
    """A fresh run of a shipped scenario, or of one of `TEXTS`."""
    if name in TEXTS:
        return open_scenario(read_scenario_text(TEXTS[name], name), executor)
    return fresh(name, executor)


def open_session(name: str, at: str | None = None, executor: str | None = None) -> Session:
    return Session(run_of(name, executor), at)


def session_of(text: str, at: str | None = None) -> Session:
    """A session of the scenario in a text."""
    return Session(open_scenario(read_scenario_text(text, "here")), at)


def place(session: Session, quantity: str) -> Place:
    found = find(session.run, session.run.program(session.position.update), read_quantity(quantity))
    assert found is not None
    return found


def chain(session: Session) -> Chain:
    """The chain on screen: there is one."""
    shown = Scene(session).chain
    assert shown is not None
    return shown


def follow(session: Session, quantity: str) -> None:
    session.follow(place(session, quantity))


# screens

def text(session: Session, size: tuple[int, int] = SMALL) -> str:
    """What the screen shows, line by line, with the blanks at the ends of lines."""
    return "\n".join(line.text for line in screen(session, *size))


Arrangement = tuple[tuple[int, int], str, str, str]
# Every combination of panes, and every pane that can have the focus: (size, left, right, focus).
EVERY: tuple[Arrangement, ...] = (
    *((SMALL, left, right, focus) for left in LEFT for right in RIGHT for focus in ("chain", left, right)),
    *((LARGE, "network", right, focus) for right in ("parameters", "values")
      for focus in ("chain", "program", "network", right, "printed")),
    (LOW, "network", "parameters", "chain"))
# Every pane at least once.
COVER: tuple[Arrangement, ...] = (
    (SMALL, "network", "parameters", "parameters"), (SMALL, "program", "values", "chain"),
    (SMALL, "network", "printed", "printed"), (LARGE, "network", "parameters", "network"),
    (LARGE, "network", "values", "program"), (LOW, "network", "parameters", "chain"))


def screens(session: Session, arrangements: Sequence[Arrangement] = COVER) -> list[list[Line]]:
    """The screen in each arrangement; the session's own comes back."""
    kept = session.left, session.right, session.focus
    found: list[list[Line]] = []
    for size, session.left, session.right, session.focus in arrangements:
        found.append(screen(session, *size))
    session.left, session.right, session.focus = kept
    return found


def as_text(lines: list[Line]) -> str:
    return "\n".join(line.text for line in lines)


# keys without a terminal

class Hands:
    """Presses commands on a session by calling the debugger's own actions; `typed` answers what asks for a line."""

    def __init__(self, session: Session, size: tuple[int, int] = SMALL) -> None:
        self.session, self.size = session, size
        self.grid = SimpleNamespace(size=size, dressed=(None, False))
        self.copied: list[str] = []
        self.app = SimpleNamespace(push_screen=self._opened, exit=self._left, action_command_palette=self._palette,
                                   to_gallery=lambda: self.opened.append("gallery"),
                                   copy_to_clipboard=self.copied.append)
        self.opened: list[str] = []
        self.keys = keymap({})
        self.playing: Any = None
        self.asking: Any = None
        self.shown = ""
        self.typed: str | None = None

    def paint(self) -> None:
        """Draw the screen, and again after each slice of what takes longer than a key."""
        self.shown = text(self.session, self.size)
        while self._went_on():
            self.shown = text(self.session, self.size)

    def _went_on(self) -> bool:
        session = self.session
        return job.go_on(session, 1.0) or (session.sides is not None and Consequences(session.sides).work(1.0))

    def _opened(self, dialog: Any, answer: Any = None) -> None:
        self.opened.append(type(dialog).__name__)
        if answer is not None and (said := answer(self.typed)) is not None:
            with suppress(StopIteration):
                said.send(None)                     # nothing was typed ahead: it waits for nothing
                raise AssertionError("an answer waits")

    def _left(self, return_code: int = 0) -> None:
        self.opened.append("exit")

    def _palette(self) -> None:
        self.opened.append("palette")

    def press(self, command: str, typed: str | None = None) -> None:
        """Run a command of the table by its id. Files are written only on purpose: see test_tables.py."""
        self.typed = None if command == "save_table" else typed
        Debugger.action_do(self, command)           # type: ignore[arg-type]

    def __getattr__(self, name: str) -> Any:
        """What the debugger does, done with these hands."""
        return getattr(Debugger, name).__get__(self)

    def call_later(self, what: Callable[..., None], *given: Any) -> None:
        what(*given)

    def set_interval(self, seconds: float, step: Callable[[], None]) -> Any:
        """Time stands still here: what would be played is one step."""
        step()
        return SimpleNamespace(stop=lambda: None)


def twin(session: Session, run: Run | None = None) -> Session:
    """Another session in the same state; with a `run`, on that run, whose variables have the same names."""
    other = Session(run or session.run)
    if run is None:                                 # with how far hits are known
        other.branch, other.branches = session.branch, session.branches
    for name in ("position", "lane", "only", "began", "message", "focus", "left", "right", "card", "yours", "level",
                 "stops", "watches", "listed", "bookmarks", "sides", "beat", "start"):
        setattr(other, name, getattr(session, name))
    other.cursor, other.looks, other.lesson = dict(session.cursor), dict(session.looks), copy(session.lesson)
    update = session.position.update
    old, new = session.run.program(update), other.run.program(update)
    if session.followed is not None:
        x, y = session.followed, session.followed.of
        other.followed = Followed(same_in(new, same_in(old, x.var)), x.element,
                                  y and Place(same_in(new, same_in(old, y.var)), y.element))
    other.unfolded = session.unfolded
    return other


# time

def positions(run: Run, update: int) -> Iterator[Position]:
    """Every stop of an update."""
    times = run.times(update)
    yield Position(update)
    for value in range(1, times.count + 1):
        for inner in range(1, times.stops(value) + 1):
            yield Position(update, value, inner)


def stand(session: Session, at: Position) -> None:
    """Stand at a position as if it had been stepped to."""
    session.stand(at)
    session.began = at


def digest(run: Run) -> tuple[bytes, ...]:
    """The bits of a run: its parameters here and there, and its curve."""
    some = sorted({0, 1, 2, run.updates // 2, run.updates - 1, run.updates} & set(range(run.updates + 1)))
    bits = [b"".join(np.asarray(v, float).tobytes() for v in run.parameters(n).values()) for n in some]
    return (*bits, run.curve.tobytes())


# what is there, and what is not yet

def is_made(times: Timeline, block: int, element: int, here: tuple[int, int]) -> bool:
    value = times.number(block, element)
    return (value, times.stops(value)) <= here


def later_cells(session: Session) -> set[Cell]:
    """Every scalar of this update that is made after the position, in all samples; intermediate ones included."""
    times, here = session.times, session.here
    found: set[Cell] = set()
    for n, block in enumerate(times.program.blocks):
        gone = n >= len(times.blocks)               # the update phase after the last update
        out = block.out
        later = {e for e in range(out.lane_size) if gone or not is_made(times, n, e, here)}
        making = set() if gone else {e for e in later if times.number(n, e) == here[0] and here[1] > 0}
        for equation in block.equations:
            var = equation.out
            for flat in range(var.size):
                if var is out:
                    hidden = flat % out.lane_size in later
                elif var.letters == out.letters and not block.mixes:
                    hidden = flat % out.lane_size in later - making
                else:       # of another shape, or of elements that all mix: while nothing is begun
                    hidden = len(later - making) == out.lane_size
                if hidden:
                    found.add((var, flat))
    return found


def scrambled(session: Session, seed: int) -> Any:
    """The values of this update with everything that is made after the position replaced by other numbers."""
    chance = random.Random(seed)
    env, later = session.run.env(session.position.update), later_cells(session)
    if isinstance(env, Trace):
        spelling = dict(env.spelling)
        for cell in later:
            spelling[cell] = repr(chance.choice((1, -1)) * 10 ** chance.uniform(-3, 3))
        return Trace(spelling, env.values)
    assert isinstance(env, Arrays)
    values = dict(env.values)
    for var in {var for var, _ in later}:
        changed = np.array(values[var], float).reshape(var.shape)
        for flat in (f for v, f in later if v is var):
            changed.flat[flat] = chance.choice((1, -1)) * 10 ** chance.uniform(-3, 3)
        values[var] = changed
    return Arrays(values)


def with_another_future(session: Session, seed: int,
                        arrangements: Sequence[Arrangement] = COVER) -> list[list[Line]]:
    """The screens of the session if everything after the position had come out differently."""
    with another_future(session, seed):
        return screens(session, arrangements)


@contextmanager
def another_future(session: Session, seed: int) -> Iterator[None]:
    """Everything after the position comes out differently."""
    run, update = session.run, session.position.update
    env, curve = run._envs[update] if update in run._envs else run.env(update), run.curve
    known = session.cost() is not None
    try:
        run._envs[update] = scrambled(session, seed)
        run.curve = type(curve)("d", [v if n * run.curve_stride < update + known else v * 7 + 1
                                      for n, v in enumerate(curve)])
        session.marks._results.clear()
        yield
    finally:
        run._envs[update], run.curve = env, curve
        session.marks._results.clear()


def spellings(value: float) -> set[str]:
    """The ways in which a value is written with all its digits, without its sign."""
    if not math.isfinite(value) or value == 0:
        return set()
    return {notation.number(abs(value), False, nine) for nine in (True, False)}


def shown_numbers(session: Session) -> set[str]:
    """Every full spelling of what the position has reached: leaves, values, their terms, steps on the way."""
    env, program, times = session.run.env(session.position.update), session.run.program(session.position.update), \
        session.times
    later = later_cells(session)
    found: set[str] = set()
    leaves = {v for e in program.equations for v in e.operands} | set(program.parameters) | set(program.inputs)
    made = {e.out for e in program.equations}
    for var in leaves - made:
        for flat in range(var.size):
            found |= spellings(env.scalar((var, flat)))
    for n, block in enumerate(times.blocks):
        for equation in block.equations:
            for flat in range(equation.out.size):
                if (equation.out, flat) not in later:
                    found |= spellings(env.scalar((equation.out, flat)))
        found |= _terms_so_far(session, n)
    return found


def _terms_so_far(session: Session, n: int) -> set[str]:
    """The terms of a block's values that are made, those of the value in the making among them."""
    times, (value, inner) = session.times, session.here
    env, equation = session.run.env(session.position.update), times.blocks[n].equations[-1]
    if equation.law is not None:
        return set()
    found: set[str] = set()
    out, before = equation.out, len(times.scope(n))
    for flat in range(out.size):
        number = times.number(n, flat % out.lane_size)
        if number <= value:
            count = scalars(equation).count(flat) if number < value else max(0, inner - before)
            for term in term_values(env, equation, flat)[:count]:
                found |= spellings(float(term))
    return found


def later_numbers(session: Session) -> set[str]:
    """The full spellings of what is made later in this update and coincides with nothing that is there."""
    env = session.run.env(session.position.update)
    found: set[str] = set()
    for cell in later_cells(session):
        found |= spellings(env.scalar(cell))
    return found - shown_numbers(session)


NUMBER = re.compile(r"\d+\.\d{6,}(?:e[+-]\d+)?")


def numbers_in(shown: str) -> set[str]:
    """The numbers of a text that are written with all their digits."""
    return set(NUMBER.findall(shown))


# the application

def shown(app: Any) -> str:
    """What the application's screen shows."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line) for line in strips)


async def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for a condition, with a deadline."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        await asyncio.sleep(0.005)
