"""A lecture: each step in three beats, none of which shows a value before its time, and PgUp undoes PgDn."""

from __future__ import annotations

import random
import re
from types import ModuleType
from typing import Any

import pytest

from bptui.debugger.ahead import FORMULA, NUMBERS
from bptui.debugger.commands import lecture, travel
from bptui.debugger.scene import Scene
from bptui.debugger.state import looks
from bptui.replay.timeline import Position
from bptui.tui.app import BptuiApp
from bptui.tui.layout import screen
from bptui.tui.screenshot import settled

# scenario, what is followed, executor, every how many positions
CASES = [("two_layer", None, None, 1), ("two_layer", "w5", None, 1), ("two_layer", "w1", None, 1),
         ("two_layer_in_place", "w1", None, 3), ("single_neuron", "W1", None, 1), ("batches", None, None, 5),
         ("batches", "w1", "arrays", 5), ("softmax_jacobian", None, None, 1), ("softmax_jacobian", "w3", None, 1),
         ("variational_autoencoder", None, None, 7), ("gan", "a", None, 3), ("perturbation", None, None, 11),
         ("recurrent_three", "w", None, 1), ("attention", None, None, 61), ("batch_normalisation", None, None, 5),
         ("convolution_small", None, None, 17), ("adam", None, None, 1), ("dead_relu", "w2", None, 5)]


def begun(tui: ModuleType, name: str, followed: str | None = None, executor: str | None = None) -> Any:
    session = tui.open_session(name, executor=executor)
    if followed is not None:
        tui.follow(session, followed)
    lecture.switch(session)
    session.message = ""
    return session


@pytest.mark.slow
@pytest.mark.parametrize(("name", "followed", "executor", "every"), CASES)
def test_no_beat_shows_a_value_before_its_time(tui: ModuleType, name: str, followed: str | None,
                                               executor: str | None, every: int) -> None:
    """No digit of a later value; and with every later value changed, not a cell of the screen is another."""
    session = begun(tui, name, followed, executor)
    run, chance = session.run, random.Random(name)
    while run.work(1.0):
        pass
    sizes = (tui.COVER[0], tui.COVER[3])
    for at in list(tui.positions(run, 1))[::every]:
        tui.stand(session, at)
        session.lane = chance.randrange(session.samples)
        found = Scene(session).coming
        for beat in range(1, 1 + (found.beats if found is not None else 0)):
            session.beat = beat
            later = tui.later_numbers(session)
            seen = tui.screens(session, sizes)
            for lines in seen:
                for line in lines:
                    assert not tui.numbers_in(line.text) & later, f"{at} beat {beat}: {line.text}"
            assert tui.with_another_future(session, 7, sizes) == seen, f"{at} beat {beat}"


@pytest.mark.parametrize(("name", "followed", "executor", "every"), CASES[:8])
def test_beats_go_on_and_back(tui: ModuleType, name: str, followed: str | None, executor: str | None,
                              every: int) -> None:
    """PgUp leads to the beat that PgDn left; the values that PgDn comes to are those of s."""
    session = begun(tui, name, followed, executor)
    other = tui.open_session(name, executor=executor)
    if followed is not None:
        tui.follow(other, followed)
    places = [(session.position, session.beat)]
    while len(places) < 90 and session.position.update < 2:
        lecture.forward(session)
        places.append((session.position, session.beat))
    values = [at for n, (at, _) in enumerate(places) if n == 0 or at != places[n - 1][0]]
    for at in values[1:]:
        travel.step(other, "into")
        assert other.position == at
    for place in reversed(places[:-1]):
        lecture.back(session)
        assert (session.position, session.beat) == place
    lecture.back(session)
    assert "start of the run" in session.message


def row(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if re.search(rf"{re.escape(name)}( |$)", line))


def test_a_step_of_a_chain_in_three_beats(tui: ModuleType) -> None:
    """∂out_o1/∂net_o1 of the tutorial: the rule, then 0.75136507 twice, then 0.186815602, as it prints them."""
    session = begun(tui, "two_layer", "w5")
    travel.step(session, "into")
    lecture.forward(session)
    shown = tui.text(session)
    assert "Next: how out_o1 follows net_o1." in shown
    assert row(shown, "× 2  ∂out_o1/∂net_o1").rstrip().endswith("·")
    assert "out_o1 × (1 - out_o1)" in shown and "0.751365070 ×" not in shown and "►" not in "".join(
        shown.splitlines()[3:12])
    lecture.forward(session)
    shown = tui.text(session)
    assert "0.751365070 × (1 - 0.751365070)" in shown and "0.186815602" not in shown
    lecture.forward(session)
    shown = tui.text(session)
    assert row(shown, "× 2  ∂out_o1/∂net_o1").rstrip().endswith("+0.186815602   =")
    assert session.beat == 0 and session.position == Position(0, 14, 1)


def test_what_is_announced_is_bold_and_has_no_marker(tui: ModuleType) -> None:
    session = begun(tui, "two_layer", "w5")
    travel.step(session, "into")
    lecture.forward(session)
    (line,) = [line for line in screen(session, 80, 24) if "× 2  ∂out_o1" in line.text]
    assert ["bold" in style for text, style in line.segments if "∂out_o1/∂net_o1" in text] == [True]


def test_a_new_value_begins_with_nothing_of_it(tui: ModuleType) -> None:
    session = begun(tui, "two_layer")
    lecture.forward(session)
    shown = tui.text(session)
    assert "How net_h1 is made" in shown and "net_h1  =  w1 × i1 + w2 × i2 + b1" in shown
    chain = "\n".join(shown.splitlines()[3:12])
    assert not re.search(r"\d\.\d", chain)
    assert "Next: the term w1 × i1 of net_h1." in shown
    lecture.forward(session)
    assert "0.150000000 × 0.050000000" in tui.text(session)


def test_operands_come_with_the_second_beat(tui: ModuleType) -> None:
    session = begun(tui, "two_layer")
    travel.step(session, "over")
    travel.step(session, "over")
    lecture.forward(session)
    assert "0.377500000" not in "\n".join(tui.text(session).splitlines()[3:12])
    lecture.forward(session)
    assert "1 / (1 + exp(-0.377500000))" in tui.text(session)


def test_numbers_that_are_not_there_are_not_put_in(tui: ModuleType) -> None:
    """Followed from the start, the first factor comes next, of which out_o1 is not made yet: one beat, not two."""
    session = begun(tui, "two_layer", "w5")
    found = Scene(session).coming
    assert found is not None and found.beats == FORMULA and "·" in found.row.lens
    lecture.forward(session)
    lecture.forward(session)
    assert session.position == Position(0, 12, 1)
    found = Scene(session).coming
    assert found is not None and found.beats == NUMBERS


def test_other_keys_begin_the_beats_anew(tui: ModuleType) -> None:
    session = begun(tui, "two_layer")
    hands = tui.Hands(session)
    for key in ("into", "over", "back_into", "again", "end", "enter"):
        tui.stand(session, Position(0, 12, 1))
        lecture.forward(session)
        lecture.forward(session)
        assert session.beat == NUMBERS
        hands.press(key)
        assert session.beat == 0, key
    lecture.switch(session)
    assert not lecture.on(session)


def test_a_large_sum_announces_the_term_that_comes(tui: ModuleType) -> None:
    """net of a unit of 784-30-10: the 9th of 785 terms is in the list, and nothing is ordered by size."""
    session = begun(tui, "wide_784")
    tui.stand(session, Position(0, 1, 8))
    lecture.forward(session)
    found = Scene(session).coming
    assert found is not None and found.row.made == (1, 9)
    assert found.row.name in tui.text(session)


# through the keys

async def test_a_clicker_steps_and_space_is_s_without(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    app = BptuiApp(session, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        await pilot.press("space")
        assert session.position == Position(0, 1, 1)
        await pilot.press("S", "P")
        assert "Lecture: PgDn or Space" in tui.shown(app)
        await pilot.press("pagedown", "space")
        assert (session.position, session.beat) == (Position(0), NUMBERS)
        assert "PgDn value" in tui.shown(app)
        await pilot.press("pagedown", "pagedown", "pageup")
        assert (session.position, session.beat) == (Position(0, 1, 1), 0)
        await pilot.press("s")
        assert (session.position, session.beat) == (Position(0, 1, 2), 0)
        await pilot.press("P", "4", "home", "pagedown")
        assert session.position == Position(0, 1, 2) and session.cursor["parameters"] == 8


async def test_lecture_is_an_option(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    app = BptuiApp(session, headless=True, lecture=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        assert looks.look(session, "lecture") == "on"
        await pilot.press("pagedown")
        assert session.beat == FORMULA


@pytest.mark.parametrize("size", [(80, 14), (80, 24), (120, 40), (200, 60)])
@pytest.mark.parametrize("beat", [FORMULA, NUMBERS])
async def test_screen(tui: ModuleType, as_text: Any, size: tuple[int, int], beat: int) -> None:
    session = begun(tui, "two_layer", "w1")
    tui.stand(session, Position(0, 20, 1))
    app = BptuiApp(session, headless=True)
    async with app.run_test(size=size) as pilot:
        await settled(app)
        for _ in range(beat):
            await pilot.press("pagedown")
        await settled(app)
        assert "\n".join(line.rstrip() for line in tui.shown(app).splitlines()) + "\n" == as_text


def test_a_beat_has_the_format_that_was_chosen(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    looks.choose(session, "numbers", "4")
    looks.choose(session, "lecture", "on")
    lecture.forward(session)
    lecture.forward(session)
    assert "0.1500 × 0.05000" in tui.text(session) and "0.150000000 × " not in tui.text(session)
