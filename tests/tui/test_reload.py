"""A file is read again: one stays where one was, what no longer fits is said, a broken file changes nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bptui.debugger.commands import reload, travel, what_if
from bptui.debugger.state import stops as set_stops
from bptui.debugger.state import watches
from bptui.debugger.state.session import Session
from bptui.replay.open import open_run
from bptui.replay.timeline import Position
from bptui.scenario.shipped import find
from bptui.tui.app import BptuiApp
from bptui.tui.screens.debugger import Debugger
from bptui.tui.screenshot import settled

Change = Callable[..., None]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_bytes(find("two_layer").read_bytes())
    return path


def change(file: Path, old: str, new: str) -> None:
    """Edit a file; its time is another in any case."""
    text = file.read_text("utf-8")
    assert old in text
    before = file.stat().st_mtime_ns
    file.write_text(text.replace(old, new), "utf-8")
    os.utime(file, ns=(before + 10**9, before + 10**9))


def name_here(session: Session) -> str:
    block, element = session.times.locate(session.position.value)
    return session.namer.of(session.times.blocks[block].out, element)


def test_one_stays_where_one_was(tui: ModuleType, file: Path) -> None:
    session = Session(open_run(file))
    tui.follow(session, "w5")
    for _ in range(2):
        travel.step(session, "into")
    session.jump(Position(3, 24, 1))
    session.watches.append("w5")
    change(file, "learning_rate = 0.5", "learning_rate = 0.25")
    assert reload.reload(session)
    assert session.message == "Reloaded mine.toml. You are where you were."
    assert session.position == Position(3, 24, 1) and session.follow_name() == "∂E/∂w5"
    assert session.watches == ["w5"] and session.past[-1][1].update == 0
    assert session.run.scenario.training.learning_rate == 0.25
    # by hand: one update with half the rate takes half of 0.5 × 0.082167041 from w5
    assert session.run.value("w5", 1) == pytest.approx(0.4 - 0.25 * 0.082167041, abs=1e-9)


LAYER = '''[[network.layers]]
kind = "dense"
name = "before"
units = ["g1", "g2"]
activation = "tanh"
weights = [[0.1, 0.2], [0.3, 0.4]]

'''


def test_a_place_is_a_value_not_a_number(tui: ModuleType, file: Path) -> None:
    """A layer comes in between: what was made last is the same by its name, also of places that are kept."""
    session = Session(open_run(file), "d(E, w5)")
    before = session.position.value
    session.bookmarks["a"] = ("A", session.position)
    session.past.append(("A", session.position))
    assert name_here(session) == "∂E/∂w5"
    change(file, '[[network.layers]]\nkind         = "dense"\nname         = "hidden"',
           LAYER + '[[network.layers]]\nkind         = "dense"\nname         = "hidden"')
    assert reload.reload(session)
    assert name_here(session) == "∂E/∂w5" and session.position.value > before
    assert session.bookmarks["a"] == session.past[-1] == ("A", session.position)


def test_what_no_longer_fits_is_said_and_kept(tui: ModuleType, file: Path) -> None:
    session = Session(open_run(file), "d(E, w5)")
    tui.follow(session, "w5")
    set_stops.set_stop(session, "E < 0.001")
    set_stops.set_stop(session, "w5 < 0.3")
    watches.add(session, "w5")
    what_if.edit(session, "w5 = 0.3")
    what_if.switch(session, "A")
    session.go("d(E, w5)")
    weights, everywhere = ('["w5", "w6"]', '["u5", "u6"]'), [(f'w{n}{end}', f'u{n}{end}') for n in "56" for end in ')"']
    change(file, *weights)                          # its own claims still say w5: they cannot be asked, as when opened
    assert not reload.reload(session)
    assert session.message.startswith("Not reloaded: mine.toml:") and "w5" in session.message
    assert session.branches.keys() == {"A", "B"} and session.follow_name() == "∂E/∂w5"
    for old, new in everywhere:
        file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")
    assert reload.reload(session)
    assert session.message.startswith("Reloaded mine.toml: ") and ", and " in session.message
    assert "B no longer fits" in session.message and session.branches.keys() == {"A"}
    assert [bool(each.fault) for each in session.stops.values()] == [False, True]
    assert session.watches == ["w5"] and session.followed is None
    assert [run.name for run in session.leftover.runs] == ["B"]
    assert name_here(session) == "∂E/∂u5"           # the same weight, by another name
    for old, new in everywhere:                     # and back: what waited is there again
        file.write_text(file.read_text("utf-8").replace(new, old), "utf-8")
    assert reload.reload(session)
    assert session.branches.keys() == {"A", "B"} and not any(each.fault for each in session.stops.values())


def test_a_value_that_is_gone_is_said(file: Path) -> None:
    session = Session(open_run(file), "#2:16")
    change(file, 'name         = "output"', 'name         = "last"')
    assert reload.reload(session)
    assert session.position == Position(2)
    assert session.message == "Reloaded mine.toml: the value at which you stood is gone."


def test_a_shorter_run_ends_earlier(file: Path) -> None:
    session = Session(open_run(file), "#9000:5")
    change(file, "updates       = 10000", "updates = 100")
    assert reload.reload(session)
    assert session.position.update == 100 and "100 updates now" in session.message


def test_a_broken_file_is_said_with_its_line_and_the_run_stays(tui: ModuleType, file: Path) -> None:
    session = Session(open_run(file), "#2:12")
    tui.follow(session, "w5")
    run, shown = session.run, tui.text(session).splitlines()[:-2]
    change(file, 'activation   = "sigmoid"', 'activation   = "sigmoyd"')
    line = next(n for n, text in enumerate(file.read_text("utf-8").splitlines(), 1) if "sigmoyd" in text)
    assert not reload.reload(session)
    assert session.message.startswith(f"Not reloaded: mine.toml:{line}: ") and "(and 1 more)" in session.message
    session.message = ""                            # which takes rows of the panes
    assert session.run is run and tui.text(session).splitlines()[:-2] == shown
    file.unlink()
    assert not reload.reload(session) and "no such file" in session.message and session.run is run


def test_a_file_that_says_the_same_changes_nothing(file: Path) -> None:
    session = Session(open_run(file), "#2:12")
    run = session.run
    assert not reload.reload(session)
    assert session.run is run and "says what it said" in session.message


def test_a_scenario_of_a_text_has_no_file(tui: ModuleType) -> None:
    session = tui.session_of(tui.BATCHES)
    assert not reload.reload(session) and session.message == reload.NO_FILE
    assert reload.stamp(session) == ()


def test_a_shipped_scenario_can_be_read_again() -> None:
    session = Session(open_run(find("digits_minibatches")), "#1:3")
    stamp = reload.stamp(session)
    assert stamp is not None and len(stamp) == 2    # the file, and digits.csv
    assert not reload.reload(session) and (session.position.update, session.position.value) == (1, 3)


def test_data_that_changes_is_a_change(tmp_path: Path) -> None:
    for name in ("softmax_iris.toml", "iris.csv"):
        (tmp_path / name).write_bytes((find("softmax_iris").parent / name).read_bytes())
    session = Session(open_run(tmp_path / "softmax_iris.toml"))
    stamp = reload.stamp(session)
    change(tmp_path / "iris.csv", "5.1", "5.2")
    assert reload.stamp(session) != stamp
    assert reload.reload(session)


# on the screen

def screen(app: Any) -> Debugger:
    assert isinstance(app.screen, Debugger)
    return app.screen


async def test_a_change_is_noticed_said_and_reloaded(tui: ModuleType, file: Path) -> None:
    """By the screen's own clock: it looks once a second while nothing is to be done."""
    session = Session(open_run(file))
    app = BptuiApp(session, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        await pilot.press("n", "n")
        await settled(app)
        change(file, "learning_rate = 0.5", "learning_rate = 0.25")
        await tui.until(lambda: session.changed)
        await pilot.pause()
        assert reload.CHANGED in tui.shown(app)
        await pilot.press("n")                      # the message goes, the key stays
        assert "r reload" in tui.shown(app).splitlines()[-1] and reload.CHANGED not in tui.shown(app)
        await pilot.press("r")
        await settled(app)
        assert "Reloaded mine.toml. You are where you were." in tui.shown(app)
        assert "r reload" not in tui.shown(app)
        assert session.position == Position(0, 3, 1) and session.run.scenario.training.learning_rate == 0.25
        await pilot.press("n")
        assert session.position.value == 4


async def test_it_can_reload_by_itself(tui: ModuleType, file: Path) -> None:
    session = Session(open_run(file), "#1:12")
    app = BptuiApp(session, headless=True, reload=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        change(file, "updates       = 10000", "updates = 50")
        screen(app).look_at_file()
        await pilot.pause()
        await settled(app)
        assert " of 50 updates" in tui.shown(app) and session.position.update == 1
        change(file, "updates = 50", "updates = ")
        screen(app).look_at_file()
        await pilot.pause()
        assert "Not reloaded: mine.toml:" in tui.shown(app)
        change(file, "updates = ", "updates = 60")
        screen(app).look_at_file()
        await pilot.pause()
        await settled(app)
        assert " of 60 updates" in tui.shown(app)


async def test_a_file_that_is_gone_for_a_moment_is_no_change(tui: ModuleType, file: Path) -> None:
    session = Session(open_run(file))
    app = BptuiApp(session, headless=True)
    async with app.run_test(size=(80, 24)):
        await settled(app)
        content = file.rename(file.with_suffix(".moved"))
        screen(app).look_at_file()
        assert not session.changed
        assert session.message == "mine.toml is not there any more: the run stays as it is."    # told at once
        content.rename(file)
        screen(app).look_at_file()
        assert not session.changed and session.message == ""
