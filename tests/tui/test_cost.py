"""What a step and its frame cost, counted: at 120x40 at most 16 ms of a processor's time, whatever is debugged.

Calls of functions are counted, Python's and C's, not milliseconds: they are the same on a quick machine and on a busy
one. A processor of these years makes more than 100,000 of them in 16 ms. What would grow with the network (a walk over
its scalars, its nodes, its weights) shows in them at once.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from random import Random
from statistics import median
from types import FrameType

import pytest

from bptui.debugger.commands import travel
from bptui.debugger.scene import Scene
from bptui.debugger.state.session import Session
from bptui.replay.meaning import Place
from bptui.replay.open import open_run, open_scenario
from bptui.replay.timeline import Position
from bptui.scenario.reader import read_scenario_text
from bptui.scenario.shipped import shipped
from bptui.tui import layout

SIZE = 120, 40
FRAME = 100_000                                     # calls of a step and its frame
SHIPPED = dict(shipped())


def calls(act: Callable[[], object]) -> int:
    """How many functions are called in the course of something."""
    count = 0

    def counted(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")
    sys.setprofile(counted)
    try:
        act()
    finally:
        sys.setprofile(None)
    return count


def step(session: Session) -> None:
    travel.step(session, "into")
    layout.screen(session, *SIZE)


def stepped(session: Session) -> float:
    """The calls of a step, most of the time: after the first ones, which learn what a program is like."""
    for _ in range(2):
        step(session)
    return median(calls(lambda: step(session)) for _ in range(3))


@pytest.mark.parametrize("name", SHIPPED)
def test_a_step_and_its_frame(name: str) -> None:
    """In the middle of an update, following a weight and following nothing."""
    session = Session(open_run(SHIPPED[name]), None)
    session.shown = layout.panes(session, *SIZE)
    update = min(1, session.run.updates - 1)
    middle = Position(update, session.run.times(update).count // 2)
    session.jump(middle)
    assert stepped(session) < FRAME
    session.follow(Place(*Scene(session).parameter(0)))
    session.jump(middle)
    assert stepped(session) < FRAME


def block(size: int = 64, steps: int = 32, vocabulary: int = 80, samples: int = 2) -> str:
    """A block of a language model: attention and two dense layers, each with a norm and a way around it."""
    chance = Random(1)
    layers = (
        f"kind = 'embedding'\nname = 'embed'\nvocabulary = {vocabulary}\nsize = {size}",
        "kind = 'layer_norm'\nname = 'first'", "kind = 'attention'\nname = 'attend'\nheads = 4\ncausal = true",
        "kind = 'add'\nname = 'attended'\nfrom = 'embed'", "kind = 'layer_norm'\nname = 'second'",
        f"kind = 'dense'\nname = 'wide'\nunits = {4 * size}\nactivation = 'gelu'",
        f"kind = 'dense'\nname = 'narrow'\nunits = {size}", "kind = 'add'\nname = 'thought'\nfrom = 'attended'",
        "kind = 'layer_norm'\nname = 'last'", f"kind = 'dense'\nname = 'head'\nunits = {vocabulary}")
    read = [[chance.randrange(vocabulary) for _ in range(steps)] for _ in range(samples)]
    targets = [[[float(n == chance.randrange(vocabulary)) for n in range(vocabulary)] for _ in row] for row in read]
    written = "".join(f"[[network.layers]]\n{layer}\n" for layer in layers)
    return (f"[network]\ninputs = {steps}\n{written}[loss]\nkind = 'half_squared_error'\n[data]\ninputs = {read}\n"
            f"targets = {targets}\n[training]\nlearning_rate = 0.1\nupdates = 3\nbatch = 'all'\n")


def test_a_block_of_sixty_thousand_parameters_opens_at_a_weight_at_once() -> None:
    """Within a second, which counts the time of this thread alone; it took 48 s when scalars were walked."""
    text, opened = block(), list[Session]()

    def opening() -> None:
        session = Session(open_scenario(read_scenario_text(text, "block")), None)
        session.shown = layout.panes(session, *SIZE)
        weight = next(v for v in session.run.program(0).parameters if v.name == "attend.query")
        session.follow(Place(weight, 70))
        layout.screen(session, *SIZE)
        opened.append(session)

    began = time.thread_time()
    opening()
    took = time.thread_time() - began
    (session,) = opened
    program = session.run.program(0)
    assert sum(v.size for v in program.parameters) > 60_000 and took < 1
    for around in range(1, 8):
        session.jump(Position(0, session.times.count * around // 8))
        assert stepped(session) < FRAME, around
