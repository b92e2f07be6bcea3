"""The matrix pane: digits times the scale are the run's numbers, and no cell is filled before its value is made.

The heat map's text is read back cell by cell and compared with arrays of the language of quantities. What rows and
columns are, which part is in sight and how an image is folded is checked against shapes written down here.
"""

from __future__ import annotations

import random
import re
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len

from bptui.debugger.panes import matrix, register
from bptui.debugger.panes.pane import turned_to
from bptui.debugger.scene import Scene
from bptui.debugger.state import looks
from bptui.replay.quantity import evaluate_text
from bptui.replay.timeline import Position
from bptui.tui.layout import screen
from bptui.tui.views.matrix import SHADES, digit, paint

PANES = ((37, 9), (51, 12), (80, 19), (120, 34), (200, 54), (80, 10))
CELL = re.compile(r"[+-]\d|[+-]∞|[?·0]")


def showing(tui: ModuleType, name: str, at: str, of: str, view: str = "value", layout: str = "") -> Any:
    session = tui.open_session(name, at)
    session.focus = session.left = "matrix"
    session.looks.update({"matrix.of": of, "view.matrix": view, "matrix.layout": layout})
    return session


def heat(session: Any, width: int, height: int) -> tuple[list[list[str]], float, list[str]]:
    """The cells of the heat map, row by row, the scale, and what is said below."""
    lines = [line.text for line in paint(Scene(session), width, height, True)][1:]
    labels = "^" if matrix.field(Scene(session)).layout == "image" else r"^ +[a-z]?\d+(?= )"      # o1, or 0
    below = next(n for n, line in enumerate(lines) if re.search(r"[a-zλ]", re.sub(labels, "", line)))
    cells = [re.sub(labels, "", line) for line in lines[:below] if line.strip()]
    scale = re.search(r"9 = (\S+)", "\n".join(lines))
    return [CELL.findall(row) for row in cells], float(scale[1]) if scale else 0.0, lines[below:]


def window(said: list[str], rows: int, columns: int) -> tuple[range, range]:
    """The part in sight, as it is said; all where nothing is said."""
    text = " ".join(said)
    found = [re.search(rf"{what} (\d+)-(\d+) of (\d+)", text) for what in ("rows", "columns")]
    if found[0] is None or found[1] is None:
        return range(rows), range(columns)
    assert (int(found[0][3]), int(found[1][3])) == (rows, columns)
    return range(int(found[0][1]), int(found[0][2]) + 1), range(int(found[1][1]), int(found[1][2]) + 1)


def expect(cell: str, value: float, scale: float) -> None:
    if value == 0:
        assert cell == "0"
        return
    assert (cell[0] == "-") == (value < 0), (cell, value)
    assert abs(int(cell[1]) * scale / 9 - abs(value)) <= scale / 18 * 1.01, (cell, value, scale)


CASES = [("digits_minibatches", "#3:4692", "hidden.weights", "value", "hidden.weights"),
         ("digits_minibatches", "#3:4692", "hidden.weights", "derivative", "hidden.weights.grad"),
         ("digits_minibatches", "#3:4692", "output.weights", "change", "output.weights.change"),
         ("wide_784", "#0:47892", "hidden.weights", "derivative", "hidden.weights.grad"),
         ("wide_784", "#1:40", "hidden.weights", "value", "hidden.weights"),
         ("convolution", "#5:1212", "output.weights", "derivative", "output.weights.grad"),
         ("mlp_7_5_4", "#4:264", "layer2.weights", "derivative", "layer2.weights.grad"),
         ("lstm_bit", "#9:135", "memory.recurrent_weights", "value", "memory.recurrent_weights")]


@pytest.mark.parametrize(("name", "at", "of", "view", "quantity"), CASES)
@pytest.mark.parametrize("size", PANES)
def test_digits_times_the_scale_are_the_numbers(tui: ModuleType, name: str, at: str, of: str, view: str,
                                                quantity: str, size: tuple[int, int]) -> None:
    session = tui.open_session(name)
    if of not in session.run.program(0).variables:
        of, quantity = (t.replace("layer2", next(v.name for v in session.run.program(0).parameters).split(".")[0])
                        for t in (of, quantity))
    session = showing(tui, name, at, of, view)
    values = np.asarray(evaluate_text(session.run, quantity, session.position.update), float)
    values = values.reshape(len(values), -1)
    session.cursor["matrix"] = values.size * 2 // 3
    cells, scale, said = heat(session, *size)
    if not scale:                                   # small: the numbers themselves
        text = tui.as_text(paint(Scene(session), *size, True))
        assert all(f"{v:.9f}" in text or f"{v:.6e}" in text or v == 0 for v in values.ravel())
        return
    assert scale == pytest.approx(np.abs(values).max(), rel=6e-4)       # of all, not of what is in sight
    rows, columns = window(said, *values.shape)
    assert len(cells) == len(rows)
    for row, line in zip(rows, cells, strict=True):
        assert len(line) == len(columns), line
        for column, cell in zip(columns, line, strict=True):
            expect(cell, float(values[row, column]), scale)


def test_the_whole_shows_the_largest_of_each_block(tui: ModuleType) -> None:
    session = showing(tui, "wide_784", "#0:47892", "hidden.weights", "derivative", "whole")
    values = np.asarray(session.run.value("hidden.weights.grad"))
    for size in PANES:
        cells, scale, said = heat(session, *size)
        block = re.search(r"the largest of (\d+) x (\d+)", " ".join(said))
        assert block is not None
        a, b = int(block[1]), int(block[2])
        assert len(cells) == -(-30 // a) and {len(row) for row in cells} == {-(-784 // b)}
        for y, row in enumerate(cells):
            for x, cell in enumerate(row):
                part = values[y * a:(y + 1) * a, x * b:(x + 1) * b].ravel()
                expect(cell, float(part[np.abs(part).argmax()]), scale)


def test_activations_are_samples_by_units(tui: ModuleType) -> None:
    session = showing(tui, "digits_minibatches", "#4:60", "hidden.out")
    cells, scale, _ = heat(session, 120, 34)
    lines = paint(Scene(session), 120, 34, True)
    assert "a row per sample (16), a column per unit (30)" in lines[0].text
    rows = session.run.rows(4)
    assert [int(line.text.split()[0]) for line in lines[1:17]] == [row + 1 for row in rows]
    for row, line in zip(rows, cells, strict=True):
        values = np.asarray(evaluate_text(session.run, "hidden.out", 4, row + 1))
        for cell, value in zip(line, values, strict=True):
            expect(cell, float(value), scale)


def test_a_row_of_weights_is_folded_as_its_inputs_are(tui: ModuleType) -> None:
    session = showing(tui, "digits_minibatches", "#3:100", "hidden.weights", layout="image")
    session.cursor["matrix"] = 5 * 64 + 28
    _, scale, _ = heat(session, 80, 19)
    values = np.asarray(session.run.value("hidden.weights", 3))[5].reshape(8, 8)
    text = tui.as_text(paint(Scene(session), 80, 19, True))
    assert "row 5 as 8 x 8" in text and f"hidden.weights[5,28] {values[3, 4]:.9f}" in text
    lines = [re.match(r" +((?:[+-]\d|0)(?: (?:[+-]\d| 0))*)", line) for line in text.splitlines()[1:9]]
    for row, match in zip(values, lines, strict=True):
        assert match is not None
        for cell, value in zip(CELL.findall(match[1]), row, strict=True):
            expect(cell, float(value), scale or float(re.search(r"9 = (\S+)", text)[1]))     # type: ignore[index]


@pytest.mark.parametrize(("name", "at"), [("digits_minibatches", "#2:1"), ("convolution", "#6:1")])
def test_a_picture_is_shaded_by_its_values(tui: ModuleType, name: str, at: str) -> None:
    session = showing(tui, name, at, "inputs")
    values = np.asarray(evaluate_text(session.run, "inputs", session.position.update, session.row())).reshape(8, 8)
    largest = max(float(np.max(np.asarray(evaluate_text(session.run, "inputs", session.position.update, row + 1))))
                  for row in session.run.rows(session.position.update))
    lines = [line.text for line in paint(Scene(session), 80, 19, True)]
    assert f"sample {session.row()}" in lines[0] and "8 x 8" in lines[0]
    for row, line in zip(values, lines[1:], strict=False):
        shades = line[2:18]
        assert shades[::2] == shades[1::2]
        for shade, value in zip(shades[::2], row, strict=True):
            assert SHADES.index(shade) == np.ceil(value / largest * 4)


def test_kernels_and_maps_are_images(tui: ModuleType) -> None:
    session = showing(tui, "convolution", "#5:300", "kernels.weights")
    cells, scale, _ = heat(session, 37, 12)
    kernels = np.asarray(session.run.value("kernels.weights", 5))
    assert "3 kernels 3 x 3" in paint(Scene(session), 37, 12, True)[0].text
    assert np.shape(cells)[1] == 9
    for i in range(3):
        for n, cell in enumerate(cells[i]):
            expect(cell, float(kernels[n // 3, 0, i, n % 3]), scale)
    session.looks["matrix.of"] = "kernels.out"
    cells, scale, _ = heat(session, 70, 19)
    maps = np.asarray(evaluate_text(session.run, "kernels.out", 5, session.row()))
    for r in range(6):
        for n, cell in enumerate(cells[r]):
            expect(cell, float(maps[n // 6, r, n % 6]), scale)


def test_what_is_not_made_is_a_dot_and_has_no_part_in_the_scale(tui: ModuleType) -> None:
    session = showing(tui, "digits_minibatches", "#3:1000", "hidden.weights", "derivative")
    tui.stand(session, Position(3, 1000, 1))        # the first of the terms of a sum
    first = next(session.times.span(n)[0] for n, b in enumerate(session.times.blocks)
                 if b.out.name == "d(E, hidden.weights)")
    made = 1000 - first
    assert session.times.stops(1000) > 1 and made > 64
    values = np.asarray(session.run.value("hidden.weights.grad", 3)).ravel()
    cells, scale, said = heat(session, 200, 54)
    assert scale == pytest.approx(np.abs(values[:made]).max(), rel=6e-4)
    rows, columns = window(said, 30, 64)
    for row, line in zip(rows, cells, strict=True):
        for column, cell in zip(columns, line, strict=True):
            flat = row * 64 + column
            assert (cell == "·") == (flat >= made), flat
            if flat < made:
                expect(cell, float(values[flat]), scale)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "at"), [("two_layer", "#0:18"), ("digits_minibatches", "#1:33"), ("gan", "#0:9"),
                                          ("recurrent_bit", "#0:20"), ("convolution", "#0:400")])
def test_nothing_later_is_shown(tui: ModuleType, name: str, at: str) -> None:
    """Another future: not a cell of the pane changes, whatever it is of and however it is turned."""
    session = tui.open_session(name, at)
    tui.stand(session, Position(session.position.update, session.position.value, 1))
    chance = random.Random(name)
    for var in matrix.candidates(session.run.program(session.position.update)):
        for view in matrix.views(Scene(session), var):
            for layout in matrix.layouts(Scene(session), var):
                session.looks.update({"matrix.of": var.name, "view.matrix": view, "matrix.layout": layout})
                session.cursor["matrix"] = chance.randrange(var.size)
                size = chance.choice(PANES)
                here = paint(Scene(session), *size, True)
                with tui.another_future(session, 1):
                    assert paint(Scene(session), *size, True) == here, (var, view, layout)
    session.left = session.focus = "network"
    for look in ("weights", "gradients", "plain"):
        session.looks["view.network"] = look
        here = [screen(session, 80, 24), screen(session, 120, 40)]
        with tui.another_future(session, 2):
            assert [screen(session, 80, 24), screen(session, 120, 40)] == here, look


def test_no_number_has_a_glyph_of_its_own() -> None:
    assert [digit(x, 2.0) for x in (float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 1e-9, -1e-9, 2.0, -2.0)] == \
        ["?", "+∞", "-∞", "0", "0", "+0", "-0", "+9", "-9"]


def test_of_a_run_that_broke(tui: ModuleType) -> None:
    session = tui.session_of(tui.NET.format(rate="1e300", title="broken"), "#3:20")
    session.looks["matrix.of"] = "hidden.weights"
    text = tui.as_text(paint(Scene(session), 60, 14, True))
    assert "NaN" in text or "Inf" in text


@pytest.mark.parametrize("name", ["two_layer", "digits_minibatches", "wide_784", "convolution", "attention", "gan",
                                  "recurrent_bit", "single_neuron", "embedding", "batch_normalisation"])
def test_every_matrix_fits_every_pane(tui: ModuleType, name: str) -> None:
    """No line is cut or too long; the cursor is in sight, and its element stands there with all its digits."""
    session = tui.open_session(name, "#0:9")
    session.focus = "matrix"
    for var in matrix.candidates(session.run.program(0)):
        for view in matrix.views(Scene(session), var):
            for layout in matrix.layouts(Scene(session), var):
                session.looks.update({"matrix.of": var.name, "view.matrix": view, "matrix.layout": layout})
                for at in (0, var.size - 1):
                    session.cursor["matrix"] = at
                    for width, height in ((37, 9), (80, 10), (120, 34)):
                        lines = paint(Scene(session), width, height, True)
                        assert len(lines) == height and all(cell_len(line.text) == width for line in lines)
                        marked = [line for line in lines[1:] if any("reverse" in s for _, s in line.segments)]
                        assert len(marked) == 1, (var, layout, width)
                        assert not any("…" in line.text for line in lines[1:]), (var, layout, width)


def test_keys(tui: ModuleType) -> None:
    """8 opens the matrix of what the cursor is on and turns its views, T its layout, arrows move, Enter follows."""
    session = tui.open_session("digits_minibatches", "#0:4692")
    hands = tui.Hands(session)
    session.focus = "parameters"
    session.cursor["parameters"] = 5 * 64 + 28
    hands.press("matrix")
    assert session.message == "8 again: ∂E/∂hidden.weights."           # which nobody would guess
    assert looks.look(session, "matrix.of") == "hidden.weights" and session.focus == "matrix"
    assert matrix.cursor(Scene(session)) == 5 * 64 + 28
    for key, flat in (("right", 349), ("down", 413), ("left", 412), ("up", 348), ("home", 28), ("bottom", 1884)):
        hands.press(key)
        assert session.cursor["matrix"] == flat, key
    seen = []
    for _ in range(3):
        hands.press("matrix")
        seen.append(turned_to(session, "matrix", matrix.VIEWS))
    assert seen == ["derivative", "change", "value"]
    seen = []
    for _ in range(4):
        hands.press("turn")
        seen.append(matrix.field(Scene(session)).layout)
    assert seen == ["columns", "whole", "image", "rows"]
    session.cursor["matrix"] = 349
    hands.press("enter")
    assert session.follow_name() == "∂E/∂hidden.weights[5,29]"
    hands.press("matrix")
    assert looks.look(session, "matrix.of") == "hidden.weights" and matrix.cursor(Scene(session)) == 349


def test_a_sample_of_the_matrix_is_selected_by_following_its_value(tui: ModuleType) -> None:
    session = showing(tui, "digits_minibatches", "#2:40", "hidden.out")
    session.cursor["matrix"] = 3 * 30 + 7
    tui.Hands(session).press("enter")
    assert session.lane == 3 and session.follow_name() == "∂E/∂hidden.out[7]"


def test_without_a_screen(tui: ModuleType) -> None:
    session = tui.open_session("two_layer", "#0:26")
    lines = list(register.lines(Scene(session), "matrix", "output.weights.grad", lambda said: True))
    assert lines[0] == "∂E/∂output.weights  a row per unit (2), a column per input (h1, h2)"
    assert lines[1:] == ["unit o1  +0.082167041 +0.082667628", "unit o2  -0.022602540 -0.022740242"]
    before = Scene(tui.open_session("two_layer", "#0:16"))
    early = list(register.lines(before, "matrix", "output.weights.grad", lambda said: True))
    assert early[1:] == ["unit o1  +0.082167041 ·", "unit o2  not made yet"]
    assert "no tensor" in next(iter(register.lines(Scene(session), "matrix", "zebra", lambda said: True)))


NAMED = {                                            # a tensor, turned or not: its rows and columns by hand
    ("two_layer", "hidden.weights", ""): (["h1", "h2"], ["i1", "i2"]),
    ("two_layer", "hidden.weights", "columns"): (["i1", "i2"], ["h1", "h2"]),
    ("two_layer", "output.weights", ""): (["o1", "o2"], ["h1", "h2"]),
    ("two_layer", "hidden.net", ""): (["1"], ["h1", "h2"]),
    ("two_layer", "inputs", ""): (["1"], ["i1", "i2"]),
    ("xor_2_3_1", "output.weights", ""): (["y"], ["h1", "h2", "h3"]),
    ("softmax_iris", "output.weights", ""): (
        ["o1", "o2", "o3"], ["sepal_length", "sepal_width", "petal_length", "petal_width"]),
}


@pytest.mark.parametrize(("name", "of", "layout"), NAMED)
def test_rows_and_columns_are_called_by_units_and_inputs(tui: ModuleType, name: str, of: str, layout: str) -> None:
    rows, columns = NAMED[name, of, layout]
    session = showing(tui, name, "#0:12", of, layout=layout)
    lines = [line.text for line in paint(Scene(session), 80, 12, True)]
    assert lines[1].split() == columns
    assert [line.split()[0] for line in lines[2:2 + len(rows)]] == rows
    values = np.asarray(session.run.value(of, 0), float).reshape(-1, len(rows), len(columns))[0] if layout == "" else \
        np.asarray(session.run.value(of, 0), float).T
    if len(rows) > 1:                               # each number under its column and beside its row
        ends = [lines[1].index(column) + len(column) for column in columns]
        for line, row in zip(lines[2:], values, strict=False):
            for end, value in zip(ends, row, strict=True):
                assert line[:end].split()[-1] == f"{value:.9f}"


def test_w3_is_read_off_the_matrix(tui: ModuleType) -> None:
    """dW[0,1] is of w2, from i2 to h1; w3 is from i1 to h2."""
    session = showing(tui, "two_layer", "#0:27", "hidden.weights", "derivative")
    lines = [line.text for line in paint(Scene(session), 60, 9, True)]
    assert lines[1].split() == ["i1", "i2"]
    assert lines[2].split() == ["h1", f"{session.run.value('w1.grad'):+.9f}", f"{session.run.value('w2.grad'):+.9f}"]
    assert lines[3].split() == ["h2", f"{session.run.value('w3.grad'):+.9f}", f"{session.run.value('w4.grad'):+.9f}"]


def test_what_has_no_names_is_counted_and_nothing_is_cut(tui: ModuleType) -> None:
    """Names that do not fit give way to numbers, and the column names to the cells."""
    session = showing(tui, "digits_minibatches", "#3:100", "hidden.weights")
    assert [line.text.split()[0] for line in paint(Scene(session), 80, 19, True)[1:4]] == ["0", "1", "2"]
    session = showing(tui, "softmax_iris", "#0:3", "output.weights")
    narrow = [line.text for line in paint(Scene(session), 37, 9, True)]
    assert narrow[1].split() == ["0", "1", "2", "3"] and narrow[2].split()[0] == "o1"
    low = [line.text for line in paint(Scene(session), 80, 5, True)]
    assert low[1].split()[0] == "o1"


@pytest.mark.parametrize("width", [37, 60, 80, 120])
def test_the_title_says_what_8_shows_next(tui: ModuleType, width: int) -> None:
    session = showing(tui, "two_layer", "#0:27", "hidden.weights")
    hands = tui.Hands(session)
    for _ in range(3):
        title = paint(Scene(session), width, 9, True)[0].text
        promised = re.search(r" 8: (\w+) ", title)
        hands.press("matrix")
        if promised is not None:
            assert matrix.field(Scene(session)).view == promised[1]
        else:
            assert len(title.rstrip("─ ")) + len(" 8: derivative") > width - 4, title
    session = showing(tui, "two_layer", "#0:27", "inputs")
    assert matrix.views(Scene(session), matrix.shown_of(Scene(session))) == ["value"]
    assert "8: " not in paint(Scene(session), 60, 9, True)[0].text


SCREENS = {"weight": ("digits_minibatches", "#3:100", "hidden.weights", "value", ""),
           "gradient": ("digits_minibatches", "#3:2000", "hidden.weights", "derivative", ""),
           "folded": ("digits_minibatches", "#3:4692", "hidden.weights", "derivative", "image"),
           "image": ("digits_minibatches", "#3:100", "inputs", "value", ""),
           "kernel": ("convolution", "#3:1212", "kernels.weights", "derivative", ""),
           "small": ("two_layer", "#0:27", "hidden.weights", "derivative", ""),
           "whole": ("wide_784", "#0:20000", "hidden.weights", "derivative", "whole")}


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
@pytest.mark.parametrize("name", SCREENS)
def test_screen(tui: ModuleType, as_text: Any, name: str, size: tuple[int, int]) -> None:
    session = showing(tui, *SCREENS[name])
    assert "\n".join(line.rstrip() for line in tui.text(session, size).splitlines()) + "\n" == as_text
