"""Keys do what the table of commands says, and the footer's labels are where they lead."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from rich.text import Text
from textual.events import Key
from textual.keys import Keys, _character_to_key

from bptui.debugger.commands import stack, travel
from bptui.debugger.commands.register import COMMANDS, FIND, FIRST_LINES, GO
from bptui.debugger.scene import Scene
from bptui.explain.links import Chain, current_row
from bptui.replay.moves import Path
from bptui.replay.places import write_position
from bptui.replay.timeline import Position
from bptui.tui.app import BptuiApp
from bptui.tui.screens.debugger import ON_SCREEN, Debugger
from bptui.tui.screens.dialogs import Ask, Help, help_text
from bptui.tui.screenshot import settled
from bptui.tui.views.frame import footer, keys

FORBIDDEN = re.compile(r"alt\+.*|ctrl\+[abhijkmnstw]|left_square_bracket|\[|ctrl\+(left_)?square_bracket")
CAPITALS = {"into": "back_into", "over": "back_over", "out": "back_out", "again": "back_again",
            "next_stop": "previous_stop", "next_change": "previous_change", "next_trouble": "previous_trouble"}


async def test_every_key_of_the_table_runs_its_command(
        tui: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the pilot: a name that Textual does not know would be a dead key."""
    app = BptuiApp(tui.open_session("two_layer"), headless=True)
    heard: list[str] = []
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        screen = app.screen
        assert isinstance(screen, Debugger)
        monkeypatch.setattr(screen, "action_do", lambda command: heard.append(command))
        for command in COMMANDS:
            for key in filter(None, command.keys.split(",")):
                if key == "ctrl+q":                 # Textual's own comes first; see below
                    continue
                heard.clear()
                await pilot.press(key)
                assert heard == [command.id], f"{key} for {command.id}"
        heard.clear()
        await pilot.press("ctrl+q")
    assert app.return_code == 0 or heard == ["quit"]


def test_the_table_is_sound() -> None:
    assert len({c.id for c in COMMANDS}) == len(COMMANDS)
    pressed = [key for c in COMMANDS for key in c.keys.split(",") if key]
    assert all(bool(c.keys) == bool(c.shown) for c in COMMANDS)
    assert len(set(pressed)) == len(pressed)
    for command in COMMANDS:
        assert command.act is not None or command.id in ON_SCREEN, command.id
    # what a terminal can send: a name that Textual never makes would be a dead key, which a pilot does not notice
    known = {key.value for key in Keys} | {_character_to_key(chr(n)) for n in range(33, 127)}
    assert [key for key in pressed if key not in known] == []
    for command in COMMANDS:
        if len(command.shown) == 1 and command.shown.isascii():
            assert command.keys.split(",")[0] == _character_to_key(command.shown)
    by_id = {c.id: c for c in COMMANDS}
    for forwards, backwards in CAPITALS.items():
        assert by_id[backwards].shown == by_id[forwards].shown.upper() != by_id[forwards].shown


def test_no_forbidden_key_is_bound() -> None:
    bound = [key for binding in (*Debugger.BINDINGS, *Ask.BINDINGS, *Help.BINDINGS)
             for key in binding.key.split(",")]     # type: ignore[union-attr]
    assert [key for key in bound if FORBIDDEN.fullmatch(key.strip())] == []
    assert not [key for key in bound if key.startswith("shift+f") or (key in ("space", "backspace")
                and key in {k for c in COMMANDS for k in c.keys.split(",")})]


def test_no_command_needs_a_key_that_many_keyboards_have_only_with_altgr() -> None:
    """As the German, Nordic, Spanish and French ones have { } [ ] \\ | @ and ~."""
    with_altgr = {_character_to_key(character) for character in "{}[]\\|@~"}
    for command in COMMANDS:
        keys = [key for key in command.keys.split(",") if key]
        assert not keys or set(keys) - with_altgr, command.id


async def test_every_command_is_in_the_palette_and_in_the_help(tui: ModuleType) -> None:
    app = BptuiApp(tui.open_session("two_layer"), headless=True)
    page = help_text().plain
    async with app.run_test(size=(80, 24)):
        await settled(app)
        offered = {found.title: found.help for found in app.get_system_commands(app.screen)}
    for command in COMMANDS:
        shown = command.shown or ":"                # what has no key is in the palette
        assert f"{shown:<10}{command.title:<23}{command.help}" in page
        if command.id != "palette":
            assert offered.pop(f"{command.title} ({shown})") == command.help
    assert offered == {}
    assert page.splitlines()[:12] == [f"  {line}" for line in FIRST_LINES]


async def test_a_command_of_the_palette_does_what_its_key_does(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    app = BptuiApp(session, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        await pilot.press("colon", *"step over", "enter")
        await tui.until(lambda: session.position.value == 1)
        assert session.position == Position(0, 1, 3)


@pytest.mark.parametrize("key", ["slash", "g", "w", "m", "question_mark", "colon"])
@pytest.mark.parametrize("closes", ["ctrl+c", "escape"])
async def test_ctrl_c_closes_what_is_open_as_esc_does(tui: ModuleType, key: str, closes: str) -> None:
    app = BptuiApp(tui.open_session("two_layer", "#0:12"), headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        await pilot.press(key)
        await tui.until(lambda: len(app.screen_stack) == 3)
        await pilot.press(closes)
        await tui.until(lambda: isinstance(app.screen, Debugger))
        await pilot.press("n")
        assert app.session is not None and app.session.position.value == 13


@pytest.mark.parametrize("closes", ["ctrl+c", "escape"])
async def test_ctrl_c_closes_a_line_of_the_gallery_as_esc_does(tui: ModuleType, closes: str) -> None:
    app = BptuiApp(None, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        for key in ("slash", "o"):
            await pilot.press(key, "x", closes)
            assert not app.gallery.typing and not app.gallery.message
        await pilot.press("ctrl+c")
        assert app.gallery.message == "Press q to quit."


async def test_dialogs_open_and_close_and_esc_never_quits(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    app = BptuiApp(session, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        for key in ("slash", "g"):
            await pilot.press(key)
            assert isinstance(app.screen, Ask)
            assert (FIND if key == "slash" else GO).label in tui.shown(app)
            await pilot.press("escape")
            assert isinstance(app.screen, Debugger)
        for closing in ("escape", "question_mark", "q"):
            await pilot.press("question_mark")
            assert isinstance(app.screen, Help)
            assert FIRST_LINES[0] in tui.shown(app)
            await pilot.press(closing)
            assert isinstance(app.screen, Debugger)
        await pilot.press("escape", "escape")
        assert app.is_running
        before = session.position
        await pilot.press("Q")
        assert session.position == before
        assert "Q does nothing here" in tui.shown(app)
        await pilot.press("ctrl+c")
        assert "Press q to quit." in tui.shown(app)
        await pilot.press("q")
    assert app.return_code == 0


# the footer

def label(session: Any, key: str, width: int = 120) -> str:
    found = [words for k, words, _ in keys(Scene(session), width) if k == key]
    return found[0] if found else ""


def name_of(session: Any, at: Position) -> str:
    block, element = session.run.times(at.update).locate(at.value)
    return session.namer.of(session.run.times(at.update).blocks[block].out, element)


def closed(session: Any) -> bool:
    at = session.position
    return at.inner == session.run.times(at.update).stops(at.value)


def assert_arrived(session: Any, said: str, before: Position, over: bool) -> None:
    """Whether the position is where the label said."""
    at = session.position
    assert at > before
    if said == f"update {at.update + 1}":
        assert (at.value, at.inner) == (0, 0)
    elif said in ("back to where it began", "where it began"):
        assert at == session.began
    elif (match := re.fullmatch(r"factor (\d+)", said)) and not over:
        row = current(session)
        assert row.number == match[1] or (row.kind == "result" and any(
            r.number == match[1] and r.made == session.here for r in shown(session).rows))
    elif (match := re.fullmatch(r"path (\d+) of (\d+)", said)) and not over:
        paths = [r for r in shown(session).rows if r.kind == "path" and not r.depth]
        made = [r for r in paths if r.made <= session.here]
        assert len(paths) == shown(session).paths == int(match[2])
        assert len(made) == int(match[1])
    elif said == "first term" and not over:
        assert at.inner == 1 and not closed(session)
    elif (match := re.fullmatch(r"term (\d+)", said)) and not over:
        assert at.inner == int(match[1]) and not closed(session)
    else:
        assert closed(session)
        crossed = f", update {at.update + 1}" if at.update != before.update else ""
        assert said == f"{name_of(session, at)}{crossed}"


def shown(session: Any) -> Chain:
    """The chain on screen: there is one."""
    chain = Scene(session).chain
    assert chain is not None
    return chain


def current(session: Any) -> Any:
    """The row of the chain that `►` stands at."""
    number = current_row(shown(session), session.here)
    assert number is not None
    return shown(session).rows[number]


FOOTERS = [("two_layer", None, 1), ("two_layer", "w5", 1), ("two_layer", "w1", 1), ("two_layer_in_place", "w1", 1),
           ("single_neuron", "W1", 1), ("single_neuron", None, 1), ("batches", None, 3), ("batches", "w1", 3),
           ("batches", "w13", 3)]


@pytest.mark.parametrize(("name", "followed", "every"), FOOTERS)
def test_s_and_n_lead_where_the_footer_says(tui: ModuleType, name: str, followed: str | None, every: int) -> None:
    session = tui.open_session(name)
    if followed is not None:
        tui.follow(session, followed)
    last = session.run.updates
    for start in [p for u in (0, 1, last) for p in tui.positions(session.run, u)][::every]:
        for key, kind in (("s", "into"), ("n", "over")):
            tui.stand(session, start)
            said = label(session, key)
            assert f"{key} {said}" in footer(Scene(session), 120).text
            if travel.step(session, kind):
                assert_arrived(session, said, start, kind == "over")
            else:
                assert said == "end of run"
                assert start.update == last


@pytest.mark.parametrize(("name", "followed", "every"), FOOTERS)
def test_f_leads_to_the_end_that_the_footer_names(tui: ModuleType, name: str, followed: str | None,
                                                  every: int) -> None:
    session = tui.open_session(name)
    run, last = session.run, session.run.updates
    if followed is not None:
        tui.follow(session, followed)
    for start in [p for u in (0, 1, last - 1, last) for p in tui.positions(run, u)][::every]:
        tui.stand(session, start)
        said = label(session, "f")
        on_the_card = session.untouched             # where f has no label
        if not travel.step(session, "out"):
            assert said == "" and start.update == last
            continue
        if on_the_card:
            assert said == ""
            continue
        at, times = session.position, run.times(session.position.update)
        assert at > start and closed(session)
        if not at.value:                            # at the end of an update
            assert said == f"update {at.update + 1}" and run.times(start.update).count == start.value
            continue
        frame = said.removeprefix("end of ")
        assert frame != said
        if frame == name_of(session, at) and at.value == start.value:
            continue                                # the end of the value in the making
        block = times.blocks[times.locate(at.value)[0]]
        following = [at.value + 1] if at.value < times.count else []
        if followed is not None:                    # the last of the followed values in that frame
            needed = session.needed(at.update, session.followed)
            assert at.value in needed
            following = [v for v in needed.numbers.tolist() if v > at.value][:1]
        beyond = times.blocks[times.locate(following[0])[0]] if following else None
        if frame == "run":
            assert at.update == last and beyond is None
        elif frame == "epoch":
            assert (beyond is None and (at.update + 1) % run.schedule.batches == 0) or at.update == last
        elif frame == "update":
            assert beyond is None
        elif frame in ("forward", "loss", "backward"):
            assert block.phase == frame and (beyond is None or beyond.phase != frame)
        else:
            assert block.group == frame or (frame == "update" and block.phase == "update")
            assert beyond is None or (beyond.group, beyond.phase) != (block.group, block.phase)


def test_the_footer_of_an_end_says_so(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    session.end()
    while travel.step(session, "into"):
        pass
    assert "s end of run  n end of run" in footer(Scene(session), 80).text
    assert session.message == "This is the end of the run: there is nothing after it."
    session.message = ""
    assert stack.out(session, Path(session.run)) is None


def test_enter_of_the_first_screen_follows_what_the_footer_names(tui: ModuleType) -> None:
    for name in ("two_layer", "single_neuron", "partial_derivative", "batches"):
        session = tui.open_session(name)
        said = label(session, "Enter")
        tui.Hands(session).press("enter")
        assert said == f"follow {session.follow_name()}"


def test_a_large_network_starts_where_its_source_says(tui: ModuleType) -> None:
    session = tui.open_session("wide_784")
    assert label(session, "Enter") == "follow ∂E/∂hidden.weights[0,406]"
    session.go("d(E, hidden.weights)[0,406]")
    assert session.message == "" and name_of(session, session.position) == "∂E/∂hidden.weights[0,406]"


BURSTS = {                                          # keys, and where they lead: the scenario, the position, the screen
    "/ x o r enter g 3 enter n n": ("xor_2_3_1", "#3:2", Debugger),
    "enter w w 5 left left 1 enter n question_mark question_mark n g 2 enter n": ("two_layer", "#2:1", Debugger),
    "enter g 4 enter H enter n g 1 enter n n n / 0 . 0 5 escape n": ("two_layer", "#1:4", Debugger),
    "enter i 0 . 4 enter question_mark down q n g 2 escape n m a ' a n": ("two_layer", "#0:3", Debugger),
    "o x o r _ 2 _ 3 _ 1 enter n n question_mark": ("xor_2_3_1", "#0:2", Help),
}
NAMED = {"/": "slash", ".": "full_stop", "'": "apostrophe", "_": "underscore"}


@pytest.mark.slow
@pytest.mark.parametrize("burst", BURSTS)
async def test_keys_take_effect_in_their_order_however_they_come(burst: str, share: Callable[[int], int]) -> None:
    """Torn at any place: what comes later finds what was opened meanwhile at any moment of its opening."""
    name, position, top = BURSTS[burst]
    for seed in range(share(60)):
        chance = random.Random(seed)
        app = BptuiApp(None, headless=True)
        async with app.run_test(size=(80, 24)) as pilot:
            for key in burst.split():
                app.post_message(Key(NAMED.get(key, key), key if len(key) == 1 else None))
                for _ in range(chance.choice((0, 0, 0, 1, 2, 3, 5, 8))):
                    await asyncio.sleep(0)          # others have their turn
            await pilot.pause()
            await pilot.pause()
            assert app.session is not None and isinstance(app.screen, top), seed
            where = write_position(app.session.run, app.session.position)
            assert (app.session.own.scenario.name, where) == (name, position), seed


async def test_a_key_that_comes_before_the_help_has_its_text_does_nothing() -> None:
    await Help(Text("help"), False).hear(Key("down", None))
