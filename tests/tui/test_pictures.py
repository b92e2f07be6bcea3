"""The picture of a network, of equations, of a recurrence: what it says is what the run has, and nothing is said early.

The picture's text is read back: the names of nodes, the number below each and the signal beside it, and compared with
the run's values through the language of quantities. The edges are those that the architecture has, counted by hand.
"""

from __future__ import annotations

import re
from random import Random
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len

from bptui.debugger.panes.network import Sketch
from bptui.debugger.panes.nodes import nodes_of, sources
from bptui.debugger.scene import Scene
from bptui.replay.meaning import Place
from bptui.replay.quantity import evaluate_text
from bptui.replay.timeline import Position
from bptui.tui.layout import screen
from bptui.tui.views.graph import paint
from bptui.tui.views.network_layout import plan

SIZES = ((80, 24), (120, 40), (200, 60))
PANES = ((37, 9), (51, 12), (80, 19), (120, 34), (200, 54), (80, 10))
SCREENS = {
    "two_layer": ("two_layer", "#0:22", "w1"), "xor": ("xor_2_3_1", "#0:30", None),
    "neuron": ("single_neuron", "#0:8", None), "recurrent": ("recurrent_bit", "#0:25", None),
    "digits": ("digits_minibatches", "#0:2000", None), "convolution": ("convolution", "#0:500", None),
    "vanishing": ("vanishing_gradient", "#0:25", "w1"), "wide": ("wide_784", "#0:889", "hidden.weights[0,406]"),
}
NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:e[+-]\d+)?")


def standing(tui: ModuleType, name: str, at: str, followed: str | None) -> Any:
    session = tui.open_session(name, at)
    if followed is not None:
        tui.follow(session, followed)
    session.focus = session.left = "network"
    return session


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SCREENS)
def test_screen(tui: ModuleType, as_text: Any, name: str, size: tuple[int, int]) -> None:
    session = standing(tui, *SCREENS[name])
    assert "\n".join(line.rstrip() for line in tui.text(session, size).splitlines()) + "\n" == as_text


@pytest.mark.parametrize("name", ["digits", "recurrent", "wide"])
def test_zoomed(tui: ModuleType, as_text: Any, name: str) -> None:
    session = standing(tui, *SCREENS[name])
    session.looks["zoom"] = "on"
    assert "\n".join(line.rstrip() for line in tui.text(session, (120, 40)).splitlines()) + "\n" == as_text


# what it says

def read_back(session: Any, width: int, height: int) -> int:
    """Check every node that is drawn against the run; how many values stood there."""
    shown = plan(Sketch(Scene(session)), width, height)
    lines = [line.text for line in paint(Scene(session), width, height, False)]
    update, seen = session.position.update, 0
    picture = nodes_of(session.run.program(update))
    sample = session.row()
    for key, (x, y) in shown.at.items():
        var, element = picture.columns[key[0]].spots[key[1]]
        label = shown.labels[key]
        assert lines[y][x:x + len(label)] == label
        if key[0] in shown.quiet:
            continue
        name = var.elements[element] if var.elements is not None else f"{var.name}{session.namer.index(var, element)}"
        said = lines[y + 1][x:].split("  ")[0].split()[0]
        block = next((n for n, b in enumerate(session.times.blocks) if b.out is var), None)
        made = block is None or tui_made(session, block, element)
        if not made:
            assert lines[y + 1][x + 1] == "·" and lines[y + 1][x] == " ", (name, lines[y + 1])
            continue
        number = NUMBER.match(said)
        assert number is not None, (name, said)
        expected = float(evaluate_text(session.run, name, update, sample))
        assert float(number[0]) == pytest.approx(expected, abs=5.1e-5, rel=0.06 if "e" in number[0] else 0), name
        seen += 1
    return seen


def tui_made(session: Any, block: int, element: int) -> bool:
    number = session.times.number(block, element)
    return (number, session.times.stops(number)) <= session.here


@pytest.mark.parametrize(("name", "at"), [
    ("two_layer", "#0:0"), ("two_layer", "#0:6"), ("two_layer", "#3:20"), ("xor_2_3_1", "#5:9"),
    ("single_neuron", "#0:2"), ("single_neuron", "#7:8"), ("recurrent_bit", "#3:9"), ("lstm_bit", "#2:33"),
    ("digits_minibatches", "#4:35"), ("digits_minibatches", "#4:2500"), ("convolution", "#9:130"),
    ("attention", "#2:80"), ("vanishing_gradient", "#0:14"), ("wide_784", "#0:500"), ("gan", "#3:4"),
    ("residual", "#1:30"), ("embedding", "#2:9")])
@pytest.mark.parametrize("size", PANES)
def test_every_value_is_the_runs(tui: ModuleType, name: str, at: str, size: tuple[int, int]) -> None:
    session = standing(tui, name, at, None)
    assert read_back(session, *size) > 0
    session.cursor["network"] = len(list(nodes_of(session.run.program(0)).spots())) // 2
    read_back(session, *size)
    session.sample(1)
    session.message = ""
    read_back(session, *size)


def test_signals_and_contributions_of_the_tutorial(tui: ModuleType) -> None:
    """The figures of mock-ups b and f: ∂E/∂net beside its neuron, each path's share on its edge."""
    session = standing(tui, "two_layer", "#0:20", "w1")
    early = tui.as_text(paint(Scene(session), 37, 9, False))
    for figure in ("+0.1385", "-0.0381", "+0.0554", "-0.0190"):
        assert early.count(figure) == 1, figure
    assert "+0.0088" not in early
    session.go("#0:22")
    later = tui.as_text(paint(Scene(session), 37, 9, False))
    assert later.count("+0.0088") == 1
    assert later.splitlines()[1].startswith(" i1 ─ w1 ─ h1 ◄+0.0554 o1 ◄")
    session.go("#0:24")
    assert tui.as_text(paint(Scene(session), 51, 12, False)).splitlines()[1].startswith(" i1 ◄")


def test_a_contribution_is_there_from_its_term_on(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    tui.follow(session, "w1")
    for inner, shown in ((1, ("+0.0554",)), (2, ("+0.0554", "-0.0190"))):
        tui.stand(session, Position(0, 20, inner))
        text = tui.as_text(paint(Scene(session), 60, 14, False))
        assert [f for f in ("+0.0554", "-0.0190") if f in text] == list(shown)


def test_the_signal_passes_only_where_it_comes_from(tui: ModuleType) -> None:
    """E_closed reads the same weights as E does, but E is what is made smaller: nothing comes back from E_closed."""
    session = tui.open_session("single_neuron", "#0:7")
    tui.follow(session, "W1")
    sketch = Sketch(Scene(session))
    keys = {(c, r) for c, column in enumerate(sketch.nodes.columns) for r in range(len(column.spots))}
    names = {key: sketch.node(key).label for key in keys}
    passed = {(names[e.start], names[e.end]) for e in sketch.edges(keys) if e.passed}
    assert passed == {("W1", "s"), ("s", "predicted"), ("predicted", "E")}


@pytest.mark.parametrize("name", [
    "two_layer", "recurrent_bit", "lstm_bit", "convolution_small", "attention", "embedding", "residual",
    "batch_normalisation", "wide_784", "gan", "single_neuron", "synthetic_gradients"])
def test_the_followed_path_is_that_of_every_node(tui: ModuleType, name: str) -> None:
    """Found for the rows that are drawn, it is what going through all nodes and all that they read finds."""
    session = tui.open_session(name)
    chance = Random(name)
    for number in chance.sample(range(Scene(session).parameter_count), min(6, Scene(session).parameter_count)):
        session.follow(Place(*Scene(session).parameter(number)))
        sketch = Sketch(Scene(session))
        assert sketch.target is not None
        every = list(sketch.nodes.spots())
        assert [sketch.nodes.key(spot) for spot in every] == [sketch.nodes.place(n) for n in range(len(every))]
        assert len(every) == sketch.nodes.count and all(sketch.nodes.has(spot) for spot in every)
        lit = [spot for spot in every if sketch.followed(spot)]
        read = any(eq.out.role == "forward" and sketch.target[0] in eq.operands for eq in sketch.program.equations)
        ends = [s for end in lit if read and end[0] in sketch.adjoints and not sketch.nodes.has(sketch.target)
                for s, w in sources(sketch.program, *end).items() if w == sketch.target]
        assert list(sketch.ends) == ends
        rows: dict[int, int] = {}
        for column, row in map(sketch.nodes.key, (*ends, *lit)):
            rows.setdefault(column, row)
        assert sketch.path_rows == rows


# what is drawn

@pytest.mark.parametrize(("name", "edges", "weighted"), [
    ("two_layer", 4 + 4 + 2, 8), ("xor_2_3_1", 6 + 3 + 1, 9), ("mlp_7_5_4", 3 * 7 + 7 * 5 + 5 * 4 + 4 + 1, 80),
    ("recurrent_bit", 5 + 4 + 1 + 1, 10), ("convolution_small", 9 * 4 + 9 + 9, 36), ("residual_without", None, None)])
def test_the_edges_are_those_of_the_architecture(tui: ModuleType, name: str, edges: int | None,
                                                 weighted: int | None) -> None:
    program = tui.open_session(name).run.program(0)
    found = [w for var, e in nodes_of(program).spots() for w in sources(program, var, e).values()]
    if edges is not None:
        assert (len(found), sum(w is not None for w in found)) == (edges, weighted)
    weights = {w for w in found if w is not None}
    assert len(weights) == sum(v.size for v in program.parameters if v.name.endswith("weights"))


def test_width_and_sign_of_an_edge_are_the_weights(tui: ModuleType) -> None:
    """Between one neuron and one: the glyph is the third of the scale that |w| lies in, blanks a negative sign."""
    for weight, glyphs in ((0.9, "═"), (-0.9, "═ "), (0.55, "━"), (0.4, "━"), (0.2, "─"), (-0.2, "─ ")):
        text = tui.NET.format(rate=0.5, title="one").replace("0.15, 0.20", f"{weight}, 0.9")
        session = tui.session_of(text.replace("0.50, 0.55", "0.9, 0.9"), "#0:4")
        row = paint(Scene(session), 80, 12, False)[1].text
        between = row[row.index("i1") + 3:row.index("h1") - 1]
        assert set(between) == set(glyphs), (weight, between)
    assert "═ = 0.900" in paint(Scene(session), 80, 12, False)[0].text


def test_gradients_have_widths_only_once_they_are_made(tui: ModuleType) -> None:
    session = standing(tui, "two_layer", "#0:17", None)
    session.looks["view.network"] = "gradients"
    rows = [line.text for line in paint(Scene(session), 60, 12, False)]
    assert "· · ·" in rows[1].split("h1")[0]
    assert "═══" in rows[1].split("h1")[1]          # w5.grad is made, and one of the two largest
    largest = max(abs(float(session.run.value(f"w{n}.grad"))) for n in (5, 6, 7))
    assert f"═ = {largest:.3f}" in rows[0]


@pytest.mark.parametrize("name", ["two_layer", "wide_784", "recurrent_bit", "single_neuron", "attention"])
def test_arrows_reach_every_node_and_the_cursor_is_in_sight(tui: ModuleType, name: str) -> None:
    session = standing(tui, name, "#0:3", None)
    hands = tui.Hands(session, (80, 24))
    picture = nodes_of(session.run.program(0))
    for _ in picture.columns:
        hands.press("left")
    for n, column in enumerate(picture.columns):
        hands.press("home")
        assert session.cursor["network"] == picture.number(n, 0)
        for _ in range(min(12, len(column.spots))):
            hands.press("down")
            lines = screen(session, 80, 24)
            assert any("reverse" in style for line in lines[12:22] for _, style in line.segments), session.cursor
        hands.press("bottom")
        assert session.cursor["network"] == picture.number(n, len(column.spots) - 1)
        hands.press("right")
    assert session.focus == "network"


def test_enter_follows_the_node(tui: ModuleType) -> None:
    session = standing(tui, "two_layer", "#0:9", None)
    hands = tui.Hands(session)
    for key in ("left", "left", "left", "right", "home", "enter"):
        hands.press(key)
    assert session.followed is not None and session.namer.of(session.followed.var, 0) == "out_h1"


@pytest.mark.parametrize("name", ["two_layer", "wide_784", "residual", "attention", "lstm_bit", "policy_gradient",
                                  "synthetic_gradients", "convolution", "gan", "softmax_iris", "embedding"])
def test_what_is_left_out_is_counted(tui: ModuleType, name: str) -> None:
    """Nodes in sight and nodes counted are all nodes; columns too; every line has the cells of the pane."""
    session = standing(tui, name, "#0:3", None)
    picture = nodes_of(session.run.program(0))
    for width, height in (*PANES, (42, 9), (60, 17)):
        for view in ("weights", "gradients", "plain"):
            session.looks["view.network"] = view
            lines = paint(Scene(session), width, height, True)
            assert all(cell_len(line.text) == width for line in lines) and len(lines) == height
        shown = plan(Sketch(Scene(session)), width, height)
        columns = {key[0] for key in shown.at}
        assert len(columns) + shown.before + shown.after == len(picture.columns)
        counted = sum(int(n) for n in re.findall(r"… (\d+)", tui.as_text(lines)))
        assert len(shown.at) + counted == sum(len(picture.columns[n].spots) for n in columns)
        last = lines[-1].text
        assert not shown.before or f"← {shown.before} " in last
        assert not shown.after or (f"{shown.after} " in last and "→" in last)


def test_numbers_above_and_below_the_window(tui: ModuleType) -> None:
    session = standing(tui, "wide_784", "#0:3", None)
    session.cursor["network"] = 400
    text = tui.as_text(paint(Scene(session), 120, 34, True))
    rows = [int(n) for n in re.findall(r"^ x\[(\d+)\]", text, re.M)]
    assert 400 in rows and f"… {min(rows)} more" in text and f"… {783 - max(rows)} more" in text
    assert np.all(np.diff(rows) == 1)
