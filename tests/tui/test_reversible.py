"""What is stepped forward is stepped back to the same screen, whatever was pressed before; the run never changes."""

from __future__ import annotations

import random
from types import ModuleType
from typing import Any

import pytest

from bptui.debugger.commands import travel
from bptui.debugger.commands.register import COMMANDS
from bptui.debugger.state.branch import OWN
from bptui.replay.timeline import Position
from bptui.tui.app import BptuiApp
from bptui.tui.screenshot import settled

pytestmark = pytest.mark.slow

FOUR = [("two_layer", None), ("two_layer", "w5"), ("two_layer", "w1"), ("two_layer_in_place", "w1"),
        ("single_neuron", None), ("single_neuron", "W1"), ("batches", None), ("batches", "w1"), ("batches", "net_h1")]
TYPED = ["0", "1", "2", "50%", "100%", "e1", "#0:7", "#1:3", "#2", "#0:99999", "d(E, w5)", "w1.grad", "∂E/∂w1", "E",
         "w5.next", "E@2", "hidden.weights[0,406]", "nonsense(", "", None, "0.0554", "-0.019049119", "0.082167041",
         "0.36", "1", "w", "out", "net_h1", "[bold]x[/t]", "W[i,j]", "🙂", "\x07\x1b[31m", "x" * 600, "1e999", "nan",
         "٣", "-", "0.000364723"]
RARE = {"find": 0.3, "got": 0.15, "end": 0.2, "go": 0.5, "leave": 0.0, "help": 0.1, "palette": 0.1, "interrupt": 0.2}
OFTEN = {"into": 6.0, "back_into": 4.0, "over": 4.0, "back_over": 3.0, "out": 1.5, "back_out": 1.0, "enter": 2.0}


def step(session: Any, kind: str, times: int) -> int:
    """How many of these moves could be made."""
    return sum(travel.step(session, kind) for _ in range(times))


def begin(tui: ModuleType, session: Any, at: Position, followed: str | None) -> None:
    """Stand at a stop of what stepping visits, with nothing to say."""
    session.followed = None
    tui.stand(session, at)
    if followed is not None:
        tui.follow(session, followed)
    session.message = ""


@pytest.mark.parametrize(("name", "followed"), FOUR)
def test_four_steps_forward_and_four_back(tui: ModuleType, name: str, followed: str | None) -> None:
    session = tui.open_session(name)
    run, last = session.run, session.run.updates
    stops = [p for u in (0, 1, last) for p in tui.positions(run, u)]
    chosen = [stops[0], *random.Random(f"{name} {followed}").sample(stops, 5), stops[-1]]
    for at in chosen:
        for there, back in (("into", "back_into"), ("over", "back_over")):
            end = Position(at.update, at.value, run.times(at.update).stops(at.value))
            here = at if there == "into" else end
            begin(tui, session, here, followed)
            before = tui.screens(session)
            made = step(session, there, 4)
            assert made == 4 or at.update == last
            session.message = ""                    # at the end of the run: that it is the end
            assert not made or tui.screens(session) != before, f"{here} {there}: {made} steps change nothing"
            assert step(session, back, made) == made
            assert session.position == here
            for old, new in zip(before, tui.screens(session), strict=True):
                assert tui.as_text(old) == tui.as_text(new)
                assert old == new


def test_a_message_is_gone_after_the_next_step(tui: ModuleType) -> None:
    session = tui.open_session("two_layer", "#0:20")
    hands = tui.Hands(session)
    for command, typed in (("find", "0.0554"), ("go", "no such place"), ("next_find", None), ("forward", None),
                           ("only", None), ("next_sample", None), ("end", None)):
        hands.press(command, typed)
        said = session.message
        assert said and said[:60] in tui.text(session), command
        assert travel.step(session, "back_into")
        assert session.message == "" and said[:60] not in tui.text(session), command


@pytest.mark.parametrize("followed", [None, "hidden.weights[0,406]"])
def test_four_steps_and_back_in_a_large_network(tui: ModuleType, followed: str | None) -> None:
    session = tui.open_session("wide_784")
    for value, inner in ((0, 0), (3, 700), (70, 1), (889, 4), (24_000, 1)):
        inner = min(inner, session.times.stops(value))
        begin(tui, session, Position(0, value, inner), followed)
        before = tui.screens(session)
        made = step(session, "into", 4)
        assert step(session, "back_into", made) == made == 4
        assert tui.screens(session) == before


def assert_there_and_back(session: Any) -> None:
    """`S(s(p)) = p` and `s(S(p)) = p`; for n and N at the end of a value."""
    path, at = session.path(), session.position
    stops = session.run.times(at.update).stops(at.value)
    pairs = [("into", "back_into")] + ([("over", "back_over")] if at.inner == stops else [])
    for there, back in pairs:
        target = getattr(path, there)(at)
        assert target is None or target > at
        assert target is None or getattr(path, back)(target) == at, f"{back}({there}({at})) is another position"
    target = path.back_into(at)
    assert target is None or (target < at and path.into(target) == at), f"s(S({at})) is another position"


def walk(tui: ModuleType, name: str, keys: int, seed: int, *, executor: str | None = None,
         leave_out: tuple[str, ...] = ()) -> None:
    """Random commands of the table; the promises hold after each, and the run is what it was."""
    chance = random.Random(f"{name} {seed}")
    session = tui.open_session(name, executor=executor)
    untouched = tui.run_of(name, executor)
    start = tui.digest(untouched)[:-1]
    hands = tui.Hands(session, tui.SMALL)
    commands = [c.id for c in COMMANDS if c.id != "quit" and c.id not in leave_out]
    weights = [OFTEN.get(c, 1.0) * RARE.get(c, 1.0) for c in commands]
    history: list[str] = []
    for n in range(keys):
        hands.size = chance.choice((tui.SMALL, tui.SMALL, tui.LARGE, tui.LOW)) if n % 40 == 0 else hands.size
        hands.grid.size = hands.size
        command, typed = chance.choices(commands, weights)[0], chance.choice(TYPED)
        history.append(f"{command} {typed!r}" if command in ("find", "go", "got") else command)
        try:
            hands.press(command, typed)
            assert_there_and_back(session)
            if n % 25 == 0:
                seen = tui.text(session, hands.size)
                assert seen == tui.text(session, hands.size)
                assert seen == tui.text(tui.twin(session), hands.size)
        except Exception as error:
            error.add_note(f"{name}, seed {seed}, after {len(history)} keys, the last: {history[-12:]}")
            raise
    run = session.branches[OWN].run                 # another may be on screen, that stands beside it
    assert tui.digest(run)[:-1] == start
    while untouched.work(1.0):
        pass
    assert run.curve == untouched.curve[:len(run.curve)]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", ["two_layer", "two_layer_in_place", "single_neuron", "batches"])
def test_a_random_walk_comes_back_and_changes_nothing(tui: ModuleType, name: str, seed: int) -> None:
    walk(tui, name, 500, seed)


def test_a_random_walk_with_arrays(tui: ModuleType) -> None:
    walk(tui, "batches", 300, 3, executor="arrays")


def test_a_random_walk_in_a_large_network(tui: ModuleType) -> None:
    walk(tui, "wide_784", 300, 4, leave_out=("got", "find"))


@pytest.mark.parametrize(("name", "followed"), FOUR)
def test_the_screen_is_a_function_of_the_state(tui: ModuleType, name: str, followed: str | None) -> None:
    """A fresh session on a fresh run, put into the same state, shows the same."""
    session = tui.open_session(name)
    hands = tui.Hands(session)
    if followed is not None:
        tui.follow(session, followed)
    chance = random.Random(f"twin {name} {followed}")
    for n in range(60):
        hands.press(chance.choice(["into", "over", "into", "out", "back_into", "next_sample", "down", "right",
                                   "next_pane", "values", "program", "chain", "up", "left", "only", "go"]), "#1:2")
        if n % 6 == 0:
            fresh = tui.twin(session, tui.run_of(name))
            assert tui.screens(fresh) == tui.screens(session)
            assert tui.text(fresh) == tui.text(session)


@pytest.mark.parametrize(("size", "followed"), [((80, 24), False), ((120, 40), True)])
async def test_four_keys_and_four_back_in_the_application(tui: ModuleType, size: tuple[int, int],
                                                          followed: bool) -> None:
    app = BptuiApp(tui.open_session("two_layer"), headless=True)
    async with app.run_test(size=size) as pilot:
        await settled(app)
        if followed:
            await pilot.press("enter")
            await settled(app)
        for there, back in (("s", "S"), ("n", "N")):
            seen = []
            for _ in range(4):
                seen.append(tui.shown(app))
                await pilot.press(there)
                await settled(app)
            for expected in reversed(seen):
                await pilot.press(back)
                await settled(app)
                assert tui.shown(app) == expected


async def test_a_random_walk_in_the_application(tui: ModuleType) -> None:
    """Real keys: the application lives, the screen is the session's, and the run is what it was."""
    chance = random.Random(5)
    session = tui.open_session("two_layer")
    app = BptuiApp(session, headless=True)
    keys = [c.keys.split(",")[-1] for c in COMMANDS if c.id not in ("quit", "palette", "help", "play") and not c.asks]
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        for n in range(100):
            if n % 30 == 29:
                await pilot.press("slash" if n % 60 == 29 else "g", *(["w", "1"] if n % 60 == 29 else ["2"]), "enter")
            await pilot.press(chance.choice(keys) if chance.random() < 0.5 else chance.choice("sSnNf"))
            assert app.is_running
            if n % 10 == 0:
                await settled(app)
                assert tui.shown(app) == tui.text(session)
                assert_there_and_back(session)
        await settled(app)
    fresh = tui.run_of("two_layer")
    assert tui.digest(session.run)[:-1] == tui.digest(fresh)[:-1]
    while fresh.work(1.0):
        pass
    assert session.run.curve == fresh.curve
