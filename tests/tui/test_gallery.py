"""The gallery on the screen: what it shows at every size, what its keys do, and that nothing typed gets lost."""

from __future__ import annotations

import random
import re
import threading
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from rich.cells import cell_len
from textual.events import Key

from bptui.debugger.home.gallery import NEW_HERE, Gallery, look
from bptui.debugger.scene import Scene
from bptui.scenario.shipped import find, shipped
from bptui.tui.app import BptuiApp, with_memory
from bptui.tui.screens import gallery as screens
from bptui.tui.screens.debugger import Debugger
from bptui.tui.screens.dialogs import Help
from bptui.tui.screens.gallery import ACTS, BY_KEY, GalleryScreen
from bptui.tui.screenshot import settled
from bptui.tui.views import graph
from bptui.tui.views.gallery import Preview, list_width, paint, picture_size

SIZES = [(60, 10), (79, 24), (80, 14), (80, 19), (80, 20), (80, 24), (100, 28), (120, 40), (200, 60)]
SHIPPED = dict(shipped())


def listed() -> Gallery:
    gallery = Gallery(remembers=False)
    gallery.read()
    return gallery


def remembering(app: BptuiApp) -> BptuiApp:
    """An application with a memory, as the program has it."""
    app.opened = with_memory
    app.gallery.remembers = True
    return app


def clean(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


# what it looks like

SCREENS = {"first": "", "scrolled": " ".join(["down"] * 20), "read": "space", "read_on": "space space pagedown",
           "last": "end", "number": "slash 0 full_stop 0 5 5 4",
           "word": "slash g r a d i e n t", "nothing": "slash z z z", "equations": "4", "path": "o x full_stop t enter"}


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
@pytest.mark.parametrize("name", SCREENS)
async def test_screen(tui: ModuleType, as_text: Any, name: str, size: tuple[int, int]) -> None:
    app = BptuiApp(None, headless=True)
    async with app.run_test(size=size) as pilot:
        await settled(app)
        for key in SCREENS[name].split():
            if key == "4":
                await pilot.press("down", "down", "down")
            else:
                await pilot.press(key)
        await settled(app)
        assert clean(tui.shown(app)) == as_text


def test_every_line_is_as_wide_as_the_terminal(tui: ModuleType, tmp_path: Path) -> None:
    gallery, chance = listed(), random.Random(3)
    previews = [None, Preview(problems=(f"{tmp_path}/x.toml:3: {'w' * 300} and more",)), Preview(facts=("a",) * 40)]
    for name in ("two_layer", "wide_784", "attention"):
        found = look(SHIPPED[name])
        assert found.session is not None
        previews.append(Preview(tuple(graph.paint(Scene(found.session), 30, 9, False)[1:]), found.facts))
    for width, height in SIZES:
        for _ in range(25):
            gallery.cursor = chance.randrange(gallery.total)
            gallery.text = chance.choice(("", "", "0.05", "net", "漢字", "zzz"))
            gallery.typing = chance.choice(("", "search", "path"))
            gallery.path = chance.choice(("", "/a/" + "漢" * 200, "x.toml"))
            gallery.message = chance.choice(("", "short", "long " * 200, "x" * 500))
            lines = paint(gallery, chance.choice(previews), width, height)
            assert len(lines) == height
            assert {cell_len(line.text) for line in lines} == {width}


@pytest.mark.parametrize("size", SIZES)
def test_all_are_reached_and_what_is_left_out_is_said(size: tuple[int, int]) -> None:
    """The row under the cursor is in sight; above and below it are as many as the screen says."""
    gallery = listed()
    for n, entry in enumerate(gallery.entries):
        gallery.cursor = n
        rows = [line.text[:list_width(*size) - 1] for line in paint(gallery, None, *size)][3:-2]
        start = entry.shown[:30]
        assert any(start in row for row in rows), entry.name
        shown = sum(any(each.shown[:30] in row for row in rows) for each in gallery.entries)
        more = [int(found[1]) for row in rows if (found := re.fullmatch(r" +… (\d+) more *", row))]
        assert shown + sum(more) == gallery.total, entry.name


def test_the_preview_is_of_the_untouched_run() -> None:
    """No value that the run makes is in it: only what is given, and dots."""
    for name in ("two_layer", "attention", "gan", "wide_784"):
        found = look(SHIPPED[name])
        assert found.session is not None and found.session.position.value == 0
        lines = [line.text for line in graph.paint(Scene(found.session), *picture_size(120, 40), False)]
        assert any("·" in line for line in lines)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_scenario_has_a_preview(name: str) -> None:
    found = look(SHIPPED[name])
    assert found.session is not None and found.problems == ()
    gallery = listed()
    gallery.cursor = [entry.name for entry in gallery.entries].index(name)
    for size in ((80, 24), (200, 60)):
        made = Preview(tuple(graph.paint(Scene(found.session), *picture_size(*size), False)[1:]), found.facts)
        text = "\n".join(line.text[list_width(*size):] for line in paint(gallery, made, *size))
        words = tomllib.loads(SHIPPED[name].read_text("utf-8"))
        assert f" {name} " in text and all(word in text for word in words["title"].split())
        assert found.facts[0].split()[0] in text


@pytest.mark.parametrize("size", [(80, 20), (80, 24), (100, 28), (120, 40)])
@pytest.mark.parametrize("name", ["two_layer", "two_layer_in_place", "xor_2_3_1", "adam", "weight_table_2",
                                  "attention"])
def test_more_of_the_lesson_is_said_beside_any_number_that_is_found(name: str, size: tuple[int, int]) -> None:
    """However much of the preview the figures take that a search has found: how many lines of the lesson are left."""
    gallery, found = listed(), look(SHIPPED[name])
    made = Preview(tuple(graph.paint(Scene(found.session), *picture_size(*size), False)[1:]), found.facts) \
        if found.session is not None else None
    entry = next(entry for entry in gallery.entries if entry.name == name)
    figures = list(dict.fromkeys(figure.value for figure in gallery.summary(entry).figures))[:30]
    for text in ("", *figures, " ".join(figures[:2])):
        gallery.text = text
        if entry not in gallery.found:
            continue
        gallery.cursor = gallery.found.index(entry)
        for preview in (made, None):
            rows = [line.text[list_width(*size) + 2:].rstrip() for line in paint(gallery, preview, *size)][3:-1]
            shown = [n for n, row in enumerate(rows) if re.match(r"▼ \d+ more lines?: Space", row)]
            whole = "".join(gallery.summary(entry).about.split())[-24:] in "".join("".join(rows).split())
            assert len(shown) == (not whole), (text, rows)
            assert text == "" or any(row.startswith("prints ") for row in rows), (text, rows)


async def test_a_window_that_is_too_small_says_so(tui: ModuleType) -> None:
    app = BptuiApp(None, headless=True)
    async with app.run_test(size=(59, 24)) as pilot:
        await settled(app)
        assert "bptui needs 60 x 10." in tui.shown(app)
        await pilot.resize_terminal(80, 24)
        await tui.until(lambda: NEW_HERE in tui.shown(app) and "o1" in tui.shown(app))


# what its keys do

def test_the_keys_are_sound() -> None:
    keys = [key for act in ACTS for key in act.keys.split(",")]
    assert len(keys) == len(set(keys)) == len(BY_KEY)
    assert all(act.id in screens.MOVES or hasattr(GalleryScreen, f"_do_{act.id}") for act in ACTS)
    assert "backspace" not in keys                  # it takes back what is typed


async def test_a_stranger_comes_to_a_derivative_in_six_keys(tui: ModuleType) -> None:
    """From nothing to where 0.082167041 comes from, as the words say: Enter, Enter, then s again and again."""
    app = BptuiApp(None, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        assert NEW_HERE in tui.shown(app)
        await pilot.press("enter")
        await settled(app)
        assert "put the cursor on w5 and press Enter" in tui.shown(app)
        await pilot.press("enter", "s", "s", "s")
        await settled(app)
        shown = tui.shown(app)
        assert "Chain of ∂E/∂w5 ─ done" in shown
        for value in ("+0.741365070", "+0.186815602", "+0.593269992", "+0.082167041"):
            assert value in shown


async def test_keys_move_open_and_close(tui: ModuleType) -> None:
    app = BptuiApp(None, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        gallery = app.gallery
        for key, there in (("down", 1), ("j", 2), ("k", 1), ("end", 50), ("down", 50), ("up", 49),
                           ("pagedown", 49), ("space", 49), ("pageup", 49), ("home", 49), ("escape", 49), ("home", 0),
                           ("up", 0)):
            await pilot.press(key)
            assert gallery.cursor == there, key
        await pilot.press("escape", "Z")
        assert "Z does nothing here" in tui.shown(app)
        await pilot.press("ctrl+c")
        assert "Press q to quit." in tui.shown(app)
        await pilot.press("question_mark")
        assert isinstance(app.screen, Help)
        assert "copy the scenario to a file here" in tui.shown(app)
        await pilot.press("escape", "2")
        assert isinstance(app.screen, Debugger) and app.session is not None
        assert app.session.run.scenario.name == "single_neuron"
        await pilot.press("H")
        assert isinstance(app.screen, GalleryScreen) and app.session is None
        await pilot.press("q")
    assert app.return_code == 0


async def test_q_in_the_debugger_quits(tui: ModuleType) -> None:
    app = BptuiApp(None, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "q")
    assert app.return_code == 0 and app.session is not None


async def test_a_number_leads_to_its_place(tui: ModuleType) -> None:
    """0.0554 is printed for the path from o1 back to h1."""
    app = BptuiApp(None, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("slash", *"0.0554", "enter")
        await tui.until(lambda: app.session is not None and app.session.finding is not None)
        await settled(app)
        assert "+0.055399425" in tui.shown(app)
        await pilot.press("minus")
        assert app.session is not None and app.session.position.value == 0


async def test_typed_ahead_keys_keep_their_order(tui: ModuleType) -> None:
    """All at once, as over a slow link: the search, what opens it, and what is for the debugger."""
    app = BptuiApp(None, headless=True)
    async with app.run_test(size=(80, 24)):
        for key in ("slash", "x", "o", "r", "enter", "g", "3", "enter", "n", "n", "n", "S", "H", "j", "j"):
            app.post_message(Key(key, key if len(key) == 1 else {"slash": "/", "enter": "\r"}[key]))
        await tui.until(lambda: isinstance(app.screen, GalleryScreen) and app.gallery.cursor > 1)
    assert app.gallery.chosen is not None


async def test_back_in_the_gallery_it_is_what_was_open_last(tui: ModuleType, tmp_path: Path,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    app = remembering(BptuiApp(None, headless=True))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        await pilot.press("3", "n", "n", "n", "H")
        await settled(app)
        shown = tui.shown(app)
        assert " RESUME" in shown and "just now" in shown and "You left off here just now. Enter goes on." in shown
        await pilot.press("enter")
        await settled(app)
        assert app.session is not None and app.session.run.scenario.name == "partial_derivative"
        assert app.session.position.value == 3
        assert app.keeper is not None
        app.keeper.close()


@pytest.mark.parametrize(("at", "fresh", "place"), [(None, True, (0, 3)), ("#5:3", False, (5, 6))])
async def test_what_the_command_line_says_holds_for_the_first_opening_alone(
        tui: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str | None, fresh: bool,
        place: tuple[int, int]) -> None:
    """Whoever comes back from the gallery finds what was done since; another scenario begins at its beginning."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    app = remembering(BptuiApp(None, at, headless=True, fresh=fresh))
    app.open(SHIPPED["two_layer"])
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("n", "n", "n", "w", "w", "5", "enter", "H")
        await settled(app)
        app.open_scenario(SHIPPED["two_layer"])
        assert app.session is not None and app.session.watches == ["w5"]
        assert (app.session.position.update, app.session.position.value) == place
        await pilot.press("H")
        app.open_scenario(SHIPPED["single_neuron"])
        assert (app.session.position.update, app.session.position.value) == (0, 0)
        assert app.keeper is not None
        app.keeper.close()


async def test_a_file_that_is_broken_is_said_and_the_gallery_stays(tui: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "broken.toml"
    file.write_text(find("two_layer").read_text("utf-8").replace("[loss]", "[lss]"), "utf-8")
    lines = file.read_text("utf-8").splitlines()
    line = lines.index("[network]") + 1             # where it is said that there is no [loss]
    app = BptuiApp(None, headless=True)
    async with app.run_test(size=(80, 14)) as pilot:
        await pilot.press("o", *(({"/": "slash", ".": "full_stop", "_": "underscore", "-": "minus"}).get(c, c)
                                 for c in str(file)), "enter")
        assert isinstance(app.screen, GalleryScreen)
        said = "".join(tui.shown(app).split())
        assert "Cannotbeopened." in said and f"broken.toml:{line}:" in said
        await pilot.press("escape", "home")
        file.write_bytes(find("two_layer").read_bytes())
        await pilot.press("o", "enter")             # what was typed is still there
        assert isinstance(app.screen, Debugger)


async def test_a_preview_that_fails_does_not_end_the_list(tui: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path) -> None:
        raise ZeroDivisionError("a bug")
    monkeypatch.setattr(screens, "look", fail)
    app = BptuiApp(None, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        assert "ZeroDivisionError: a bug" in tui.shown(app)
        await pilot.press("down")
        assert app.gallery.cursor == 1


async def test_a_slow_preview_does_not_hold_up_the_list(tui: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one is being made keys are answered, and in the end the one under the cursor is shown."""
    begun, goes_on = threading.Event(), threading.Event()
    true = look

    def slow(path: Path) -> Any:
        begun.set()
        assert goes_on.wait(20)
        return true(path)
    monkeypatch.setattr(screens, "look", slow)
    app = BptuiApp(None, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await tui.until(begun.is_set)
        await pilot.press("down")
        assert app.gallery.cursor == 1 and "single_neuron" in tui.shown(app)
        assert "values an" not in tui.shown(app)
        goes_on.set()
        await settled(app)
        assert "X1" in tui.shown(app) and "values an" in tui.shown(app)


async def test_c_copies_to_a_file_here(tui: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = BptuiApp(None, headless=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("c")
        assert (tmp_path / "two_layer.toml").read_bytes() == SHIPPED["two_layer"].read_bytes()
        assert "Wrote" in tui.shown(app) and "two_layer.toml" in tui.shown(app)
        await pilot.press("c")
        assert "already there" in tui.shown(app)
        await pilot.press("o", "enter")
        assert app.session is not None and app.session.run.scenario.path == tmp_path / "two_layer.toml"
