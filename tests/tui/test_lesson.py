"""The lesson inside the debugger and in the gallery: it is read to its end, and leads to where its figures are made."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from rich.cells import cell_len
from textual.events import Key

from bptui.cli import main
from bptui.debugger.commands import lesson
from bptui.debugger.home.gallery import Gallery
from bptui.debugger.plain import verbs
from bptui.debugger.scene import Scene
from bptui.debugger.state.session import Session
from bptui.scenario import markdown
from bptui.scenario.shipped import shipped
from bptui.tui.app import BptuiApp
from bptui.tui.layout import lesson_page, screen
from bptui.tui.screenshot import settled
from bptui.tui.views import gallery as view

SHIPPED = dict(shipped())
ABOUT = tomllib.loads(SHIPPED["two_layer"].read_text("utf-8"))["about"]
SIZES = [(80, 24), (80, 14), (120, 40), (200, 60)]
NO_ABOUT = '[equations]\nforward = ["E = w * w"]\nloss = "E"\n[parameters]\nw = 1.5\n[training]\nupdates = 3\n'


def letters(text: str) -> str:
    return "".join(c for c in text if c.isalnum())


def press(tui: ModuleType, session: Session, *commands: str, size: tuple[int, int] = (80, 24)) -> str:
    hands = tui.Hands(session, size)
    for command in commands:
        hands.press(command)
    return str(tui.text(session, size))


# inside the debugger

@pytest.mark.parametrize("size", SIZES)
def test_the_lesson_is_read_to_its_end(tui: ModuleType, size: tuple[int, int]) -> None:
    """Page by page, and line by line: every letter of the text comes by, and the run does not move."""
    session = tui.open_session("two_layer", "#0:14")
    for key in ("page_down", "down"):
        press(tui, session, "lesson", "home", size=size)
        seen: dict[int, str] = {}
        for _ in range(30):
            lines = [line.text for line in screen(session, *size)]
            assert lines[0].startswith(" two_layer") and "BACKWARD" in lines[1]     # header and track stay
            page = lesson_page(*size)
            top, _ = lesson.window(session, page)
            rows = lines[4:4 + page.height]
            seen |= {top + n: line[3:-3] for n, line in enumerate(rows) if line.strip()}
            press(tui, session, key, size=size)
        assert letters("".join(seen[n] for n in sorted(seen))) == letters(ABOUT)
        press(tui, session, "close", size=size)
    assert (session.position.value, session.lesson.open) == (14, False)


def test_it_says_how_much_is_left(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    shown = press(tui, session, "lesson")
    assert "Lesson ─ Where does 0.082167041 come from?" in shown and "1-17 of 25 ─" in shown
    assert "▼ 8 more lines" in shown
    assert "Space page  ↑↓ line  Enter go there  R or Esc back to the run  q quit" in shown
    shown = press(tui, session, "page_down")
    assert "9-25 of 25 ─" in shown and "more line" not in shown
    press(tui, session, "page_down", "page_down")
    assert session.message == lesson.LAST


def test_a_figure_leads_to_where_it_is_made_and_back(tui: ModuleType) -> None:
    """0.593269992 is out_h1, value 3: the tutorial's figure, and the line on which it stands."""
    session = tui.open_session("two_layer")
    press(tui, session, "lesson", *["down"] * 7)
    assert "Enter finds where 0.593269992 is made. R comes back here. ← → another." in tui.text(session)
    at = session.lesson.at
    press(tui, session, "enter")
    assert not session.lesson.open and session.position.value == 3
    assert "0.593269992" in tui.text(session) and "R lesson" in tui.text(session).splitlines()[-1]
    assert "net_o1 follows w5 (0.593269992" in press(tui, session, "lesson")
    assert session.lesson.open and session.lesson.at == at


def test_a_quantity_of_the_line_can_be_chosen(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    press(tui, session, "lesson", *["down"] * 7)
    page = lesson_page(80, 24)
    row = lesson.rows(session, page)[lesson.window(session, page)[1]]
    assert lesson.targets(session, row) == ["net_o1", "w5", "0.593269992", "out_h1"]
    press(tui, session, "left", "enter")            # w5: there the cursor is put, and time stays
    assert session.position.value == 0 and session.focus == "parameters"
    assert session.namer.of(*Scene(session).parameter(session.cursor["parameters"])) == "w5"
    press(tui, session, "lesson", "right", "right", "enter")
    assert "No place" not in session.message and session.position.value == 3   # out_h1


def test_every_target_of_every_lesson_can_be_gone_to(tui: ModuleType) -> None:
    """A quantity that is offered is one: the run stands there, or the cursor is on it."""
    for name in ("two_layer", "single_neuron", "gan", "recurrent_three", "convolution_small", "adam_sgd"):
        session = tui.open_session(name)
        page = lesson_page(80, 24)
        for number, row in enumerate(lesson.rows(session, page)):
            for choice, text in enumerate(lesson.targets(session, row)):
                if lesson.FIGURE.fullmatch(text):
                    continue
                session.lesson.open = True
                lesson.to(session, page, number)
                session.lesson.chosen = choice
                lesson.enter(session, page)
                said = ("goes back to the lesson", "You stand there", "worked out beside it")
                assert any(words in session.message for words in said), (name, text)


def test_a_resize_and_a_reload_keep_the_place(tui: ModuleType, tmp_path: Path) -> None:
    session = tui.open_session("two_layer")
    press(tui, session, "lesson", "page_down", "down")
    found = lesson.rows(session, lesson_page(80, 24))
    word = found[lesson.window(session, lesson_page(80, 24))[1]].text.split()[0]
    for size in ((120, 40), (80, 14), (100, 28)):
        lines = [line.text for line in screen(session, *size)]
        assert {cell_len(line) for line in lines} == {size[0]}
        page = lesson_page(*size)
        top, at = lesson.window(session, page)
        assert top <= at < top + page.height and word in lesson.rows(session, page)[at].text
    other = tui.open_session("two_layer")
    session.become(other)
    assert session.lesson.open and word in lesson.rows(session, page)[lesson.window(session, page)[1]].text


def test_what_does_not_belong_to_the_lesson_says_so(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    for command in ("over", "find", "next_stop", "network", "edit"):
        press(tui, session, "lesson") if not session.lesson.open else None
        press(tui, session, command)
        assert session.position.value == 0 and "R or Esc goes back to the run" in session.message


def test_a_scenario_without_an_about_says_so(tui: ModuleType, tmp_path: Path, capsys: Any) -> None:
    session = tui.session_of(NO_ABOUT)
    assert lesson.NONE in press(tui, session, "lesson") and not session.lesson.open
    assert list(verbs.answer(session, verbs.Verb(tui.COMMAND["lesson"]), lambda said: True)) == [lesson.NONE]
    assert "reads the lesson" not in tui.text(session)
    file = tmp_path / "w.toml"
    file.write_text(NO_ABOUT, "utf-8")
    assert main(["lesson", str(file)]) == 0
    assert capsys.readouterr().out == "w has no lesson: its file has no about.\n"


@pytest.mark.parametrize("about", ["`" * 40, "``\\n\\n``", "****", " ", "\\n\\n"])
def test_an_about_of_marks_alone_is_no_lesson(tui: ModuleType, tmp_path: Path, capsys: Any, about: str) -> None:
    text = f'about = "{about}"\n{NO_ABOUT}'
    session = tui.session_of(text)
    shows = any(row.text.strip() for row in markdown.rows(session.own.scenario.about, 78))
    press(tui, session, "lesson")
    for command in ("down", "page_down", "right", "enter", "bottom", "page_up"):
        tui.text(session)
        press(tui, session, command) if session.lesson.open else None
    assert session.lesson.open == shows and (lesson.NONE in session.message) == (not shows)
    file = tmp_path / "w.toml"
    file.write_text(text, "utf-8")
    assert main(["lesson", str(file)]) == 0
    assert ("no lesson" in capsys.readouterr().out) == (not shows)


def test_a_lesson_that_is_gone_from_its_file_is_closed(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    press(tui, session, "lesson")
    session.own.scenario = replace(session.own.scenario, about="")
    assert "w5" in tui.text(session) and not lesson.reading(session)


async def test_space_steps_and_turns_pages(tui: ModuleType) -> None:
    """In the debugger as s, in the lesson a page, in a lecture a beat; R closes what it has opened."""
    session = tui.open_session("two_layer")
    app = BptuiApp(session, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        await pilot.press("space")
        assert (session.position.value, session.position.inner) == (1, 1)
        await pilot.press("R", "space")
        await settled(app)
        assert "9-25 of 25" in tui.shown(app) and session.position.inner == 1
        await pilot.press("s")
        assert session.position.inner == 1 and "goes back to the run" in tui.shown(app)
        await pilot.press("R", "space", "P", "space")
        assert (session.position.inner, session.beat) == (2, 1)
        await pilot.press("R", "space", "pagedown")
        assert session.beat == 1 and session.lesson.open    # a clicker turns pages, too


# in the gallery

@pytest.mark.parametrize("size", [(80, 24), (80, 14), (120, 40)])
@pytest.mark.parametrize("name", ["two_layer", "attention", "wide_784"])
def test_the_gallery_shows_all_of_a_lesson(name: str, size: tuple[int, int]) -> None:
    about = tomllib.loads(SHIPPED[name].read_text("utf-8"))["about"]
    gallery = Gallery(remembers=False)
    gallery.read()
    gallery.cursor = [entry.name for entry in gallery.entries].index(name)
    left = view.list_width(*size)
    read, pages = "", 0
    while not gallery.message:
        view.turned(gallery, None, *size, 1)
        pages += 1
        lines = [line.text for line in view.paint(gallery, None, *size)]
        more = any("more line" in line and "Space" in line for line in lines)
        assert more != (gallery.message != "") or not more
        x = 1 if left == size[0] else left + 2
        read += "".join(line[x:] for line in lines[3:-2] if "▼" not in line) if not gallery.message else ""
        assert pages < 60
    first = letters(about)[:len(letters(about)) - len(letters(read))]
    assert letters(read) and letters(about).endswith(letters(read))
    gallery.reading = None                          # what came before the first page stood below the picture
    lines = [line.text for line in view.paint(gallery, None, *size)]
    assert letters(first) in letters("".join(line[left + 2:] for line in lines)) or (left == size[0] and not first)


async def test_the_lesson_of_two_layer_is_read_in_the_gallery(tui: ModuleType) -> None:
    app = BptuiApp(None, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        assert "▼ 54 more lines: Space" in tui.shown(app)
        await pilot.press("space", "pagedown", "space")
        assert "see where your number comes" in tui.shown(app) and "more lines" not in tui.shown(app)
        await pilot.press("space")
        assert "This is the end of the lesson." in tui.shown(app)
        await pilot.press("pageup", "down")         # another scenario: from its beginning
        assert app.gallery.reading is None and app.gallery.cursor == 1
        for key in ("slash", "a", "space"):         # in a line it is typed
            app.post_message(Key(key, {"slash": "/", "space": " "}.get(key, key)))
        await tui.until(lambda: app.gallery.text == "a ")


async def test_home_and_end_are_of_the_lesson_while_it_is_read(tui: ModuleType) -> None:
    app = BptuiApp(None, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        await pilot.press("space", "end")
        assert app.gallery.cursor == 0 and "see where your number comes" in tui.shown(app)
        assert "more line" not in tui.shown(app)
        await pilot.press("home")
        assert app.gallery.cursor == 0 and app.gallery.reading == 0
        assert "Two inputs, two hidden" in tui.shown(app)
        await pilot.press("escape", "end")          # in the list again, they are the list's
        assert app.gallery.reading is None and app.gallery.cursor > 40


# without a screen

def test_the_verb_and_the_command_print_it(tui: ModuleType, capsys: Any) -> None:
    session = tui.open_session("two_layer")
    lines = list(verbs.answer(session, verbs.Verb(tui.COMMAND["lesson"]), lambda said: True))
    title = tomllib.loads(SHIPPED["two_layer"].read_text("utf-8"))["title"]
    assert letters("".join(lines)) == letters(title + ABOUT)
    assert all(line.startswith("  ") or not line for line in lines[1:])     # none looks like an event
    assert max(map(cell_len, lines)) <= 78
    assert main(["lesson", "two_layer"]) == 0
    printed = capsys.readouterr().out
    assert letters(printed) == letters(title + ABOUT) and max(map(cell_len, printed.splitlines())) <= 78
    assert main(["lesson", "two_layr"]) == 2 and "two_layer" in capsys.readouterr().err
