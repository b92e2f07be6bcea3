"""How the screen can look: themes, no colour, ASCII, number formats, layouts. What it says is the same in all."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import pytest
from rich.cells import cell_len
from rich.color import Color

from bptui.debugger.panes import cursor
from bptui.debugger.panes.ids import PANES
from bptui.debugger.saved.settings import Settings
from bptui.debugger.state import looks
from bptui.explain import notation
from bptui.tui.app import BptuiApp
from bptui.tui.layout import arrange, screen
from bptui.tui.screenshot import plain_font, settled
from bptui.tui.themes import TABLE, Theme, style
from bptui.tui.views.ascii_line import spelled
from bptui.tui.views.canvas import Canvas, Line

RULES = {"plus", "minus", "dim", "bold", "reverse", "underline"}


def at_w1(tui: ModuleType) -> Any:
    session = tui.open_session("two_layer", "#0:20.2")
    tui.follow(session, "w1")
    return session


# themes

def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2.1 defines it."""
    red, green, blue = (c / 255 for c in Color.parse(colour).triplet or ())
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [t for t in TABLE if t.back], ids=lambda t: t.name)
def test_all_that_is_written_can_be_read(theme: Theme) -> None:
    """WCAG: 4.5:1, and 7:1 in high contrast; the signs are of a like lightness, as neither matters more."""
    least = 7.0 if theme.name.endswith("contrast") else 4.5
    for colour in (theme.front, theme.dim, theme.plus, theme.minus):
        assert contrast(colour, theme.back) >= least, colour
    assert contrast(theme.plus, theme.minus) < 1.6


def test_the_themes_are_those_that_can_be_chosen() -> None:
    assert tuple(theme.name for theme in TABLE) == looks.CHOICES["theme"]


def test_a_theme_without_colour_has_none() -> None:
    none = next(t for t in TABLE if t.name == "none")
    for words in ("plus", "minus bold", "dim", "dim reverse", ""):
        assert style(none, words).color is None and style(none, words).bgcolor is None


@pytest.mark.parametrize("theme", looks.CHOICES["theme"])
async def test_a_screen_in_each_theme(tui: ModuleType, as_picture: Any, theme: str,
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    app = BptuiApp(at_w1(tui), headless=True, settings=Settings(looks={"theme": theme}))
    async with app.run_test(size=(80, 24)):
        await settled(app)
        assert plain_font(app.export_screenshot(title="bptui")) == as_picture


async def test_a_theme_is_chosen_by_its_name_and_worn_at_once(tui: ModuleType) -> None:
    session = at_w1(tui)
    app = BptuiApp(session, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        before = tui.shown(app).splitlines()
        await pilot.press("colon", *"theme", "enter")
        await pilot.pause()
        await pilot.press(*"light", "enter")
        await tui.until(lambda: session.message == "Theme: light.")
        await pilot.pause()
        assert app.theme == "bptui-light"
        assert tui.shown(app).splitlines()[:22] == before[:22]
        assert "background: #fafafa" in app.export_screenshot() or "#fafafa" in app.export_screenshot()
        await pilot.press("colon", *"theme", "enter")
        await pilot.pause()
        await pilot.press(*"lihgt", "enter")
        await tui.until(lambda: "There is no theme 'lihgt'" in session.message)
        assert looks.look(session, "theme") == "light"


# nothing by colour alone

def without_colour(line: Line) -> list[tuple[str, frozenset[str]]]:
    """The cells of a line, with what is left of their style when colour is taken away."""
    return [(c, frozenset(words.split()) - {"plus", "minus", "dim"}) for text, words in line.segments for c in text]


def test_without_colour_every_state_can_still_be_told(tui: ModuleType) -> None:
    session = at_w1(tui)
    session.cursor["chain"] = 1
    rows = [without_colour(line) for line in screen(session, 80, 24)]
    text = ["".join(c for c, _ in row) for row in rows]
    chosen = [n for n, row in enumerate(rows[1:], 1) if any("reverse" in words for _, words in row)]
    assert len(chosen) == 1 and "through o1" in text[chosen[0]]                         # the cursor
    now = [n for n, line in enumerate(text) if line.startswith(" ►")]
    assert len(now) == 1 and "through o2" in text[now[0]] and now != chosen             # the position
    assert any("underline" in words for _, words in rows[3])                            # the factor in work
    assert "+0.055399425" in text[chosen[0]] and "-0.019049118" in text[now[0]]         # the signs
    above, below = text[chosen[0]], text[now[0]]
    assert above[above.rindex("│", 0, 60) + 1] == "█" and below[below.rindex("│", 0, 60) - 1] == "█"
    for name in ("× 2  ∂out_h1/∂net_h1", "=  ∂E/∂w1"):                                  # not yet
        assert next(line for line in text if name in line).rstrip().endswith("·")
    assert "BACKWARD" in text[1] and "forward ■■■■■■■■" in text[1] and "update ········" in text[1]


# ASCII

@pytest.mark.parametrize(("name", "at", "what"), [
    ("two_layer", "#0:20.2", "w1"), ("two_layer", "#0:24", "w1"), ("single_neuron", "#0:5", "W1"),
    ("adam", "#3:9", None),
    ("attention", "#0:40", None), ("recurrent_bit", "#2:7", None), ("wide_784", "#0:889", "hidden.weights[0,406]")])
@pytest.mark.parametrize("size", [(80, 14), (80, 24), (120, 40), (200, 60)])
def test_a_screen_in_ascii_keeps_every_column(tui: ModuleType, name: str, at: str, what: str | None,
                                              size: tuple[int, int]) -> None:
    session = tui.open_session(name, at)
    if what:
        tui.follow(session, what)
    for _, session.left, session.right, session.focus in tui.COVER:
        for line in screen(session, *size):
            plain = spelled(line).text
            assert plain.isascii() and len(plain) == size[0], line.text
            for number in re.finditer(r"[+-]?\d+\.\d+(?:e[+-]\d+)?", line.text):        # where it stood, it stands
                if "  " not in line.text[max(0, number.start() - 2):number.start()]:
                    continue
                assert plain[number.start():number.end()] == number[0], (line.text, plain)


def test_a_longer_spelling_takes_its_room_from_the_blanks_that_end_its_field() -> None:
    def ascii_of(text: str) -> str:
        return spelled(Line(((text, ""),))).text
    assert ascii_of("Σ_i w × x   0.5") == "Sum_i w * x 0.5"
    assert ascii_of("Σ_i w  0.5") == "S_i w  0.5"                # no room: the field stays two blanks from the next
    assert ascii_of("η × β   ε=1   ") == "eta * b eps=1 "
    assert ascii_of("w ← w - η × ∂E/∂w      8") == "w <- w - eta * dE/dw   8"
    assert ascii_of("█▌│▐█ ≈ ≠ = ►·■") == "##|## ~ ! = >.#"
    assert ascii_of("naïve ŷ 語") == "naive y ??"


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_a_screen_in_ascii(tui: ModuleType, as_text: Any, size: tuple[int, int]) -> None:
    app = BptuiApp(at_w1(tui), headless=True, settings=Settings(looks={"glyphs": "ascii"}))
    async with app.run_test(size=size) as pilot:
        await settled(app)
        text = tui.shown(app)
        assert text.isascii()
        assert "\n".join(line.rstrip() for line in text.splitlines()) + "\n" == as_text
        for dialog in ("question_mark", "colon", "slash"):
            await pilot.press(dialog)
            await pilot.pause()
            assert tui.shown(app).isascii(), dialog
            await pilot.press("escape", "escape")


async def test_a_terminal_that_has_only_ascii_gets_it_in_dialogs_too(tui: ModuleType) -> None:
    app = BptuiApp(at_w1(tui), headless=True)
    app.only_ascii = True                           # as in the Linux console
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        for dialog in ("question_mark", "colon", "slash"):
            await pilot.press(dialog)
            await pilot.pause()
            assert tui.shown(app).isascii(), dialog
            await pilot.press("escape", "escape")


# number formats

def test_a_number_in_each_format() -> None:
    third, small, tenth = 1 / 3, 1.23456789e-05, 0.1
    cases = {"9": ("0.333333333", "0.000012346", "0.100000000"), "4": ("0.3333", "0.00001235", "0.1000"),
             "all": ("0.3333333333333333", "1.23456789e-05", "0.1"), "fraction": ("1/3", "0.000012346", "1/10")}
    for chosen, expected in cases.items():
        with notation.written_as(chosen):
            assert tuple(map(notation.one, (third, small, tenth))) == expected
            assert notation.one(0.0) == "0" and notation.one(float("nan")) == "NaN"
            assert notation.one(-0.5, True)[0] == "-" and notation.one(0.5, True)[0] == "+"
            assert notation.number(third, decimals=5) == "0.33333"           # a printed figure keeps its decimals
    assert notation.one(third) == "0.333333333"


def test_a_fraction_is_the_number_and_not_near_it() -> None:
    with notation.written_as("fraction"):
        for p in range(-40, 40):
            for q in (3, 7, 64, 9999):
                shown = notation.one(p / q)
                over, _, under = shown.partition("/")
                assert int(over) / int(under or 1) == p / q
        assert notation.one(0.1 + 0.2) == "0.300000000"              # not 3/10, by a bit


def test_all_digits_are_on_the_screen(tui: ModuleType) -> None:
    """Read back, the numbers of the chain are the run's, bit for bit."""
    session = tui.open_session("two_layer", "#0:24")
    tui.follow(session, "w1")
    chain = tui.chain(session)
    looks.choose(session, "numbers", "all")
    for size in ((80, 24), (120, 40), (200, 60)):
        area = next(a for a in arrange(session, *size) if a.pane == "chain")
        rows = [line.text[area.x:area.x + area.width] for line in screen(session, *size)[area.y:area.y + area.height]]
        for row in chain.rows:
            if row.value is not None:
                name = re.escape(row.name)
                found = [r for r in rows if re.search(rf"[=Σ×├└\d] +{name} |[├└] {name} ", r)]
                if not found and row.kind == "running":
                    continue                        # folded where there is no room
                line = found[-1]
                assert float(line.rstrip(" =≈≠│").split()[-1]) == row.value, line


def test_formats_turn_and_change_nothing_else(tui: ModuleType) -> None:
    session = at_w1(tui)
    shown = [tui.text(session, (120, 40))]
    hands = tui.Hands(session)
    for chosen in ("4", "all", "fraction", "9"):
        hands.press("numbers")
        assert looks.look(session, "numbers") == chosen
        session.message = ""
        shown.append(tui.text(session, (120, 40)))
    assert shown[0] == shown[-1] and len(set(shown)) == 4


# layouts

def test_a_layout_has_the_panes_that_it_says(tui: ModuleType) -> None:
    session = at_w1(tui)
    for size in ((80, 24), (100, 28), (120, 30), (120, 40), (200, 60)):
        for layout, count in (("everything", 3 if size[1] < 34 else 5), ("one below", 2), ("chain", 1)):
            looks.choose(session, "layout", layout)
            areas = arrange(session, *size)
            assert len(areas) == count and areas[0].pane == "chain"
            covered = Canvas(*size)
            for area in areas:
                for y in range(area.y, area.y + area.height):
                    for x in range(area.x, area.x + area.width):
                        assert covered._cells[y][x] == (" ", "")
                        covered._cells[y][x] = ("x", "")
    looks.choose(session, "zoom", "on")
    for pane in ("chain", "parameters", "network", "hits"):
        session.focus = pane
        [area] = arrange(session, 80, 24)
        assert area.pane == pane and area.width == 80


def test_a_pane_for_which_there_is_no_room_stands_alone(tui: ModuleType) -> None:
    session = at_w1(tui)
    hands = tui.Hands(session, (80, 14))
    hands.press("parameters")
    assert looks.look(session, "zoom") == "on" and "Parameters" in tui.text(session, (80, 14))
    hands.press("zoom")
    assert "Chain of ∂E/∂w1" in tui.text(session, (80, 14))


@pytest.mark.parametrize("size", [(80, 14), (80, 24), (120, 40), (200, 60)], ids=lambda s: f"{s[0]}x{s[1]}")
def test_the_chain_alone(tui: ModuleType, as_text: Any, size: tuple[int, int]) -> None:
    session = tui.open_session("two_layer", "#0:24")
    tui.follow(session, "w1")
    looks.choose(session, "zoom", "on")
    assert "\n".join(line.text.rstrip() for line in screen(session, *size)) + "\n" == as_text


# what a first user and an attack found

def test_a_number_never_runs_into_a_name(tui: ModuleType) -> None:
    """In no format, in no table: p/q and whole numbers have no point to stand at."""
    for numbers in looks.CHOICES["numbers"]:
        for name, at in (("two_layer", "#0:24"), ("recurrent_bit", "#0:20")):
            session = tui.open_session(name, at)
            looks.choose(session, "numbers", numbers)
            for size in ((80, 24), (120, 40)):
                area = next(a for a in arrange(session, *size) if a.pane == "parameters")
                for line in screen(session, *size)[area.y + 1:area.y + area.height]:
                    row = line.text[area.x:area.x + area.width]
                    assert not row.strip() or re.match(r" [a-z]\d? +\S", row), row


def test_all_digits_are_all_in_the_tables_too(tui: ModuleType) -> None:
    session = tui.open_session("two_layer", "#100")
    looks.choose(session, "numbers", "all")
    values = session.run.env(100).array(session.run.program(100).parameters[0]).ravel()
    for size in ((80, 24), (120, 40), (200, 60)):
        shown = tui.text(session, size)
        for value in values:
            assert repr(float(value)) in shown, (size, value)


def test_the_track_keeps_its_position_whatever_the_count(tui: ModuleType) -> None:
    for name, at, size in (("wide_784", "#0:47892", (80, 24)), ("convolution", "#0:1212", (80, 14))):
        session = tui.open_session(name, at)
        assert "►" in screen(session, *size)[1].text


@pytest.mark.slow
@pytest.mark.parametrize("numbers", looks.CHOICES["numbers"])
@pytest.mark.parametrize("name", ["two_layer", "wide_784", "single_neuron", "softmax_iris"])
def test_every_pane_in_every_format(tui: ModuleType, name: str, numbers: str) -> None:
    """Exactly as many cells as the terminal has, zoomed or not."""
    session = tui.open_session(name, "#1:9")
    looks.choose(session, "numbers", numbers)
    for pane in PANES:
        cursor.show(session, pane)
        for zoom in ("off", "on"):
            looks.choose(session, "zoom", zoom)
            for size in ((80, 14), (80, 24), (120, 40), (200, 60)):
                assert {cell_len(line.text) for line in screen(session, *size)} == {size[0]}, (pane, size)
