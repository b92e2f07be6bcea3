"""What a terminal would obey, on every screen: the drawn lines, Textual's own widgets, pictures, copies and files.

A row of the screen has the cells of the terminal whatever stands in it, and a character is in it only if every terminal
gives it that many cells. What is asked of a widget is asked of the strips that it sends.
"""

from __future__ import annotations

import csv
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from rich.cells import cell_len
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input

from bptui.debugger.commands import copy
from bptui.debugger.home.gallery import Entry, Gallery
from bptui.debugger.state.session import Session
from bptui.explain import ascii
from bptui.replay.open import open_run
from bptui.scenario.errors import printable
from bptui.tui.app import BptuiApp
from bptui.tui.harmless import pasted
from bptui.tui.layout import screen
from bptui.tui.screens.gallery import GalleryScreen
from bptui.tui.screenshot import settled, take_screenshot
from bptui.tui.views.canvas import Canvas

pytestmark = pytest.mark.slow

SIZES = [(80, 24), (120, 40), (80, 14), (200, 60)]
SCENARIO = """
title = {text}
about = {text}
source = {text}
[network]
inputs = ["i1", "i2"]
[[network.layers]]
kind = "dense"
name = "hidden"
units = ["h1", "h2"]
activation = "sigmoid"
weights = [[-0.15, 0.20], [0.25, 0.30]]
bias = 0.35
[loss]
kind = "half_squared_error"
[data]
inputs = [[0.05, 0.10], [0.3, 0.2]]
targets = [[0.01, 0.99], [0.2, 0.7]]
[training]
learning_rate = 0.5
updates = 5
[[claims]]
what = "net_h1"
value = "9"
erratum = "0.3625"
why = {text}
[[claims]]
what = "E"
value = "0.5"
why = {text}
"""


def toml(text: str) -> str:
    return '"' + "".join(c if (c.isalnum() and c.isascii()) or c == " " else f"\\U{ord(c):08x}" for c in text) + '"'


def written(folder: Path, text: str, name: str = "odd") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(SCENARIO.format(text=toml(text)), "utf-8")
    return path


def assert_harmless(escapes: ModuleType, row: str, width: int) -> None:
    assert escapes.harmful(row) == [] and "\n" not in row, repr(row)
    assert cell_len(row) == sum(map(cell_len, row)) == width, repr(row)
    assert all(map(cell_len, row)), repr(row)                   # nothing that is drawn into the cell before it


# drawn lines

def test_a_canvas_keeps_its_cells(escapes: ModuleType) -> None:
    for text in (escapes.CORPUS | escapes.SURROGATES).values():
        for width in (1, 2, 7, 80):
            c = Canvas(width, 3)
            c.put(0, 0, escapes.marked(text))
            c.put(-3, 1, escapes.marked(text), "bold", width - 1)
            c.put(width // 2, 1, text[:3], "dim")
            c.right(width, 2, text[:9])
            for line in c.lines():
                assert_harmless(escapes, line.text, width)
        whole = Canvas(20 + 10 * len(text), 1)
        whole.put(0, 0, escapes.marked(text))
        assert whole.lines()[0].text.startswith("Q{") and "}Q" in whole.lines()[0].text


def test_a_text_is_cut_where_its_cells_end() -> None:
    """Accents are of the character that they stand on; what is joined by nothing stands apart."""
    c = Canvas(6, 4)
    c.put(0, 0, "e\u0301u\u0308\u1112\u1161\u11ab!")
    c.put(0, 1, "👩🏽👨\u200d👩")
    c.put(0, 2, "\x1b[31m")
    c.put(0, 3, "Z" + "\u0301\u0334" * 9, "", 6)
    assert [line.text for line in c.lines()] == ["éü한! ", "👩👨\\u", "\\x1b[3", "Ź\\u03…"]


def test_the_spelling_in_ascii(escapes: ModuleType) -> None:
    for text in (escapes.CORPUS | escapes.SURROGATES).values():
        assert escapes.harmful(ascii.text(printable(text))) == [] and ascii.text(printable(text)).isascii()


def test_every_pane_of_a_hostile_scenario(escapes: ModuleType, tui: ModuleType, tmp_path: Path) -> None:
    """Its words, the cards, the panes that list, and what a command says of it."""
    shown = 0
    texts = escapes.packed(escapes.CORPUS.values(), 9)
    for n, text in enumerate(texts):
        session = Session(open_run(written(tmp_path, text)))
        for at in ("#0:1", "#2:3"):
            seen = ""
            session.go(at)
            session.message = text if at == "#2:3" else ""
            for size in (SIZES[n % 4], (120, 40)):
                for session.left, session.right, session.focus in (("network", "printed", "printed"),
                                                                   ("program", "values", "chain")):
                    for line in screen(session, *size):
                        assert_harmless(escapes, line.text, size[0])
                        seen += line.text
            shown += escapes.BEGIN in seen          # why a figure is an erratum; what was said
    assert shown == 2 * len(texts)


def test_what_is_typed_is_answered_as_text(escapes: ModuleType, tui: ModuleType) -> None:
    session = tui.open_session("two_layer", "#0:5")
    hands = tui.Hands(session)
    commands = [c.id for c in tui.COMMANDS if c.asks is not None and c.id not in ("save_table", "compare", "fork")]
    assert len(commands) > 8
    for turn, command in enumerate(commands):
        for text in escapes.share(turn, 40).values():
            hands.press(command, escapes.marked(text))
            for line in screen(session, 80, 24):
                assert_harmless(escapes, line.text, 80)


# Textual's own widgets

async def assert_harmless_strips(escapes: ModuleType, pilot: Pilot[Any]) -> str:
    """Every row that is sent, of whatever widget."""
    await settled(pilot.app)
    await pilot.pause()
    rows = ["".join(segment.text for segment in strip) for strip in pilot.app.screen._compositor.render_strips()]
    for row in rows:
        assert escapes.harmful(row) == [] and cell_len(row) == pilot.app.size.width, repr(row)
    return "\n".join(rows)


async def test_the_dialogs(escapes: ModuleType, tmp_path: Path) -> None:
    """The line that asks, what is pasted into it past the driver, which cleans it, the palette, the help."""
    app = BptuiApp(Session(open_run(written(tmp_path, "x"))), headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        for turn, key in enumerate(("slash", "f2")):
            for text in escapes.packed(escapes.share(turn, 8).values(), 3):
                await pilot.press(key)
                await pilot.pause()
                line = app.screen.query(Input).first()
                line.post_message(Paste(" ".join(text.splitlines())[:2_000]))
                await pilot.pause()
                assert "Q{" in line.value
                shown = await assert_harmless_strips(escapes, pilot)
                assert "Q" in shown
                await pilot.press("escape")
                await pilot.pause()
        await pilot.press("question_mark")
        await assert_harmless_strips(escapes, pilot)


async def test_the_gallery(escapes: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Titles, names, groups, ages and paths of the list, and a file that cannot be opened."""
    texts = [escapes.marked(text) for text in escapes.share(0, 6).values()]
    paths = [written(tmp_path, text, str(n)) for n, text in enumerate(texts)]
    listed = [Entry(text, text, path.with_name(f"{text[:40]}.toml".replace("/", "_")) if n % 2 else path, f"[b]{text}",
                    age=text) for n, (text, path) in enumerate(zip(texts, paths, strict=True))]
    monkeypatch.setattr(Gallery, "read", lambda gallery: setattr(gallery, "entries", listed))
    app = BptuiApp(None, headless=True)
    async with app.run_test(size=(120, 40)) as pilot:
        assert isinstance(app.screen, GalleryScreen)
        for _ in texts[::5]:
            assert "Q{" in await assert_harmless_strips(escapes, pilot)
            await pilot.press(*["down"] * 5)
        await pilot.press("o", *"no/thing", "enter")
        assert "no/thing" in await assert_harmless_strips(escapes, pilot)


def test_what_is_pasted_is_what_could_be_typed(escapes: ModuleType) -> None:
    for text in (escapes.CORPUS | escapes.SURROGATES).values():
        found = pasted(text)
        assert "\n" not in found and found.isprintable()
    assert pasted("d(E, w5)\u200b\n\x1b[2J") == "d(E, w5)"
    assert pasted("\ufeffd(E,\u00a0w5)\t+\x1b[31m 1") == "d(E, w5) +[31m 1"
    assert pasted("") == pasted("\n") == ""


# what is written elsewhere

def test_a_picture_is_a_picture(escapes: ModuleType, tmp_path: Path) -> None:
    """An SVG that holds text and shapes alone, whatever the words; and all of it."""
    texts = [escapes.SEQUENCES["clipboard"] + escapes.MARKUP["html"], escapes.MARKUP["styles"] + " }",
             escapes.HIDDEN["no_characters"] + escapes.MISPLACED["tower"], escapes.MARKUP["link"] + "\0\x01\x9b"]
    for text in texts:
        out = tmp_path / "x.svg"
        take_screenshot(written(tmp_path, escapes.marked(text)), [], (120, 40), out, "#0:1")
        picture = out.read_text("utf-8")
        assert escapes.harmful(picture) == [] and "Fira" not in picture.partition("</style>")[0]
        root = ElementTree.fromstring(picture)
        tags = {node.tag.rpartition("}")[2] for node in root.iter()}
        assert tags <= {"svg", "style", "defs", "clipPath", "rect", "text", "g", "circle"}, tags
        assert not any(name.startswith("on") or "href" in name for node in root.iter() for name in node.attrib)
        shown = "".join(node.text or "" for node in root.iter() if node.tag.endswith("text"))
        assert "Q{" in shown and (text != texts[1] or "@font-face{" in shown)


def test_cells_of_a_saved_table(escapes: ModuleType, tmp_path: Path) -> None:
    """Text is text, for a terminal and for a spreadsheet; a number is a number, whatever its sign."""
    for text in (escapes.CORPUS | escapes.SURROGATES).values():
        for sign in ("", "=", "+", "-", "@", "\t=", "\r=", "\uff1d"):
            cell = copy.safe(sign + text)
            assert escapes.harmful(cell) == [] and "\n" not in cell and cell[:1] not in tuple("=+-@＝＋－＠\t\r")
            assert not sign.strip() or cell.startswith("'") or sign[0] in "\t\r"
    session = Session(open_run(written(tmp_path, "x")))
    session.go("#2:3")
    copy.save(session, f"parameters {tmp_path}/out.csv")
    rows = list(csv.reader((tmp_path / "out.csv").read_text("utf-8").splitlines()))
    assert any(float(cell) < 0 for row in rows[1:] for cell in row[1:] if cell), session.message
