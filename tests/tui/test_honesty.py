"""Nothing later than the position is shown: not as a number, and not in any other way.

Two tests of the same promise. The first looks for the digits of later values on the screen. The second runs
another future: everything that is made after the position comes out differently, and not a cell of the screen
may change, neither in its text nor in its style. So neither a bar, nor an order, nor a width can give anything away.
"""

from __future__ import annotations

import os
import random
import re
from types import ModuleType
from typing import Any

import pytest

from bptui.debugger.panes.register import length
from bptui.debugger.scene import Scene
from bptui.debugger.state.session import Followed
from bptui.replay.timeline import Position

pytestmark = pytest.mark.slow

Cursors = dict[str, int | None]
CASES = [                                           # scenario, what is followed, executor, every how many positions
    ("two_layer", None, None, 1), ("two_layer", "w5", None, 3), ("two_layer", "w1", None, 3),
    ("two_layer", "out_h1", None, 3), ("two_layer_in_place", "w1", None, 3), ("single_neuron", None, None, 1),
    ("single_neuron", "W1", None, 1), ("partial_derivative", "X", None, 1), ("batches", None, None, 6),
    ("batches", "w1", None, 11), ("batches", "net_h1", "arrays", 11), ("batches", "w13", "arrays", 11),
    ("softmax_jacobian", None, None, 1), ("softmax_jacobian", "w3", None, 3),
    ("variational_autoencoder", None, None, 5), ("gan", None, None, 3), ("gan", "a", None, 3),
    ("perturbation", None, None, 7), ("softmax_iris", None, None, 97),
    ("recurrent_three", None, None, 1), ("recurrent_three", "w", None, 1), ("recurrent_bit", None, None, 9),
    ("lstm_bit", "w_g", None, 9), ("gru_bit", None, None, 13)]
if not os.environ.get("FULL"):
    CASES = CASES[::2]


def look_around(tui: ModuleType, session: Any, chance: random.Random) -> None:
    """Another sample, unfolded paths, cursors somewhere: none of them may show what is not there."""
    session.lane = chance.randrange(session.samples)
    chain = Scene(session).chain
    paths = [r.cell for r in chain.rows if r.kind == "path" and r.cell] if chain is not None else []
    chosen = chance.sample(paths, chance.randint(0, len(paths)))
    session.unfolded = frozenset((var.name, flat) for var, flat in chosen)
    for pane in session.cursor:
        rows = length(Scene(session), pane)
        session.cursor[pane] = chance.randrange(rows) if rows and chance.random() < 0.7 else None


def assert_honest(tui: ModuleType, session: Any, seed: int, arrangements: Any) -> None:
    later = tui.later_numbers(session)
    seen = tui.screens(session, arrangements)
    for arrangement, lines in zip(arrangements, seen, strict=True):
        for line in lines:
            leaked = tui.numbers_in(line.text) & later
            assert not leaked, f"{session.position} {arrangement}: {leaked} is made later\n{line.text}"
    for arrangement, lines, other in zip(arrangements, seen, tui.with_another_future(session, seed, arrangements),
                                         strict=True):
        for here, there in zip(lines, other, strict=True):
            assert here == there, f"{session.position} {arrangement}: shows what is made later\n{here}\n{there}"


@pytest.mark.parametrize(("name", "followed", "executor", "every"), CASES)
def test_nothing_later_is_shown(tui: ModuleType, name: str, followed: str | None, executor: str | None,
                                every: int) -> None:
    session = tui.open_session(name, executor=executor)
    while session.run.work(1.0):
        pass
    chance = random.Random(f"{name} {followed}")
    if followed is not None:
        tui.follow(session, followed)
    stops = [p for update in (0, 1) for p in tui.positions(session.run, update)][::every]
    for n, at in enumerate(stops):
        tui.stand(session, at)
        look_around(tui, session, chance)
        session.only = chance.random() < 0.7
        assert_honest(tui, session, n, tui.COVER[:5])


@pytest.mark.parametrize("value", [0, 1, 9, 11, 14, 20, 24, 30])
def test_no_combination_of_panes_shows_what_is_later(tui: ModuleType, value: int) -> None:
    session = tui.open_session("two_layer", f"#0:{value}")
    assert_honest(tui, session, value, tui.EVERY)


def test_nothing_later_is_shown_of_a_large_network(tui: ModuleType) -> None:
    session = tui.open_session("wide_784")
    session.run.work(0.0)
    chance, times = random.Random(784), session.run.times(0)
    tui.follow(session, "hidden.weights[0,406]")
    for value, inner in ((1, 300), (91, 5), (500, 10), (889, 4), (889, 10)):
        inner = min(inner, times.stops(value))
        tui.stand(session, Position(0, value, inner))
        session.followed = session.followed if value != 500 else None
        look_around(tui, session, chance)
        assert_honest(tui, session, value, tui.COVER[2:5])
        if session.followed is None:
            tui.follow(session, "hidden.weights[0,406]")


@pytest.mark.parametrize("name", ["two_layer", "two_layer_in_place", "single_neuron", "single_neuron_second_pass",
                                  "partial_derivative", "wide_784", "batches"])
def test_at_the_first_position_there_is_no_later_value(tui: ModuleType, name: str) -> None:
    session = tui.open_session(name)
    while name != "wide_784" and session.run.work(1.0):
        pass
    cost = session.run.program(0).cost.name
    for size in (tui.LOW, tui.SMALL, tui.LARGE):
        assert tui.text(session, size).splitlines()[0].rstrip().endswith(f" {cost} ·")
    assert_honest(tui, session, 1, tui.COVER if name == "wide_784" else tui.EVERY)


@pytest.mark.parametrize("digits", ["0.082167041", "0.036350306", "0.298371109", "0.291027774"])
def test_after_a_find_and_back_nothing_later_is_shown(tui: ModuleType, digits: str) -> None:
    session = tui.open_session("two_layer", "#0:5")
    while session.run.work(1.0):
        pass
    hands = tui.Hands(session)
    hands.press("find", digits)
    assert session.position > Position(0, 5, 3)
    hands.press("back")
    assert session.position == Position(0, 5, 3)
    assert digits not in tui.text(session, tui.LARGE)
    assert_honest(tui, session, 1, tui.EVERY)


def test_the_time_line_ends_before_the_update_that_is_being_made(tui: ModuleType) -> None:
    """Neither a cell nor the scale of the losses knows the loss of this update before it is made."""
    session = tui.open_session("batches")
    while session.run.work(1.0):
        pass
    for update in range(session.run.updates + 1):
        for value in (0, session.run.times(update).cost_value - 1):
            session.go(f"#{update}:{value}")
            assert_honest(tui, session, update, tui.COVER[:1])


def test_the_order_of_paths_says_nothing_of_sizes_that_are_not_made(tui: ModuleType) -> None:
    """Of a derivative that the run does not make: its paths stand in their order until the way back is done."""
    session = tui.open_session("transfer_learning", "#2:2")
    session.followed = Followed(session.run.program(2).inputs[0], 0)
    names = [row.name for row in tui.chain(session).rows if row.kind == "path"]
    units = [int(found[1]) for name in names if (found := re.search(r"\[(\d+)\]", name))]
    assert len(units) > 4 and units == sorted(units)
