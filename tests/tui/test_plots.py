"""Plots, gradients and the time line: heights and numbers are read back from the drawn cells and compared with the run.

Snapshots are remade by `pytest tests/tui/test_plots.py --snapshot-update`, and read before they are kept.
"""

from __future__ import annotations

import math
import re
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from bptui.debugger.axis import Axis, in_columns, points
from bptui.debugger.commands import travel
from bptui.debugger.panes import plot, register
from bptui.debugger.scene import Scene
from bptui.debugger.state.session import Session
from bptui.replay.quantity import evaluate_text
from bptui.replay.timeline import Position
from bptui.tui.views import frame, gradients, loss
from bptui.tui.views.scales import BLOCKS, rounded
from tests.support.runs import finished

SIZES = {"80x24": (80, 24), "120x40": (120, 40), "200x60": (200, 60)}


def ready(tui: ModuleType, name: str, at: str | None = None, watches: tuple[str, ...] = (),
          stops: tuple[str, ...] = (), looks: dict[str, str] | None = None) -> Any:
    """A session with everything worked out, as after a while between keys."""
    run = tui.run_of(name) if name in tui.TEXTS else finished(name)
    run.finish()
    session = Session(run, at)
    session.looks.update(looks or {})
    session.watches = list(watches)
    for stop in stops:
        tui.Hands(session).press("stop", stop)
    while register.work_on(session, 1.0):
        pass
    session.message = ""
    return session


def number(text: str) -> float:
    return float(text.replace(",", ""))


class Read:
    """One chart, read back: the numbers of its scale by row from the bottom, and each column's solid and full height
    in eighths of a row."""

    def __init__(self, lines: list[str], first: int, rows: int) -> None:
        body = lines[first + 1:first + 1 + rows][::-1]
        self.title = lines[first]
        self.numbers = {n: number(line[:loss.LABEL].strip()) for n, line in enumerate(body) if line[loss.LABEL] == "┤"}
        assert all(line[loss.LABEL] in "│┤" for line in body)
        columns = [[line[loss.LABEL + 1 + x] for line in body] for x in range(len(body[0]) - loss.LABEL - 2)]
        self.solid = [sum(BLOCKS.index(c) + 1 for c in cells if c in BLOCKS) for cells in columns]
        self.full = [max([0, *(8 * n + (8 if c == "░" else BLOCKS.index(c) + 1) for n, c in enumerate(cells)
                              if c in BLOCKS or c == "░")]) for cells in columns]
        self.bad = [cells[-1] == "!" for cells in columns]
        self.rows = rows

    def height(self, value: float, logarithmic: bool) -> float:
        """Where a value stands by the numbers that are written, in eighths."""
        (low, a), (high, b) = (min(self.numbers.items()), max(self.numbers.items()))
        assert low == 0 and high == self.rows - 1
        share = math.log(value / a) / math.log(b / a) if logarithmic else (value - a) / (b - a)
        return share * self.rows * 8


def plot_of(session: Any, width: int = 118, height: int = 30) -> list[str]:
    return [line.text for line in loss.paint(Scene(session), width, height, True)]


def ranges(values: list[float], columns: int, updates: int) -> list[tuple[float, float] | None]:
    """The least and the greatest finite value of each column, by the rule of the axis written once more."""
    found: list[list[float]] = [[] for _ in range(columns)]
    bad: list[bool] = [False] * columns
    for update, value in enumerate(values):
        column = math.floor(update * (columns - 1) / updates + 1e-9)
        found[column].append(value)
        bad[column] |= not math.isfinite(value)
    return [(min(f), max(f)) if (f := [v for v in each if math.isfinite(v)]) else None for each in found]


@pytest.mark.parametrize(("name", "at", "scale"), [
    ("two_layer", "#10000:11", "automatic"), ("two_layer", "#3210:11", "linear"), ("batch_each", "#700:0", "linear"),
    ("two_layer", "#40:11", "by powers of ten"), ("digits_minibatches", "#540:90", "linear")])
def test_the_heights_are_the_losses(tui: ModuleType, name: str, at: str, scale: str) -> None:
    session = ready(tui, name, at, looks={"plot.scale": scale})
    run, update = session.run, session.position.update
    made = update + (session.cost() is not None)
    count = len(plot.charts(session))
    lines = plot_of(session)
    rows = (len(lines) - 3) // count - 1
    drawn = Read(lines, 1, rows)
    logarithmic = "powers of ten" in drawn.title
    assert logarithmic == (scale != "linear")
    expected = ranges(list(run.curve[:made]), 118 - loss.LABEL - 2, run.updates)
    last = max(n for n, each in enumerate(expected) if each is not None)
    for column, each in enumerate(expected):
        if each is None and column <= last:
            assert drawn.full[column] == drawn.full[column - 1]          # what was before goes on
        elif each is None:
            assert drawn.full[column] == 0, column                       # not reached
        else:
            low, high = (drawn.height(v, logarithmic) for v in each)
            most = -(-max(1.0, high) // 8) * 8 if high - low >= 6.9 else high + 1.01
            assert drawn.full[column] <= most + 1e-6 and drawn.full[column] >= high - 1e-6, (column, each)
            if high - low >= 9:
                assert low - 1e-6 <= drawn.solid[column] <= low + 1.01, (column, each)


def test_the_validation_is_drawn_to_the_same_scale(tui: ModuleType) -> None:
    session = ready(tui, "overfitting", "#1500:44")
    lines = plot_of(session, 118, 31)
    rows = (31 - 3) // 2 - 1
    first, second = Read(lines, 1, rows), Read(lines, 2 + rows, rows)
    assert first.numbers == second.numbers
    held = dict(session.run.validation)
    along = Axis(107, session.run.updates)
    for update, value in held.items():
        column = along.column(update)
        mine = [v for u, v in held.items() if along.column(u) == column]
        top = second.height(max(mine), True)
        assert top - 1e-6 <= second.full[column] <= max(top + 1.01, -(-top // 8) * 8), (update, value)
    assert second.full[-1] > first.full[-1]          # it overfits: one glance


def test_a_watch_is_drawn_as_the_language_has_it(tui: ModuleType) -> None:
    session = ready(tui, "two_layer", "#9000:30", ("d(E, w5)", "hidden.weights", "abs(w5 - w5@0)"),
                    looks={"view.loss": "watches"})
    assert [chart.text for chart in plot.charts(session)] == ["d(E, w5)", "abs(w5 - w5@0)"]     # no tensor
    lines = plot_of(session, 118, 31)
    drawn = Read(lines, 2 + (31 - 3) // 2 - 1, (31 - 3) // 2 - 1)
    values = [float(evaluate_text(session.run, "abs(w5 - w5@0)", n)) for n in range(9001)]
    expected = ranges(values, 107, session.run.updates)
    for column, each in enumerate(expected):
        if each is not None:
            top = drawn.height(each[1], "powers" in drawn.title)
            assert top - 1e-6 <= drawn.full[column] <= max(top + 1.01, -(-top // 8) * 8), column


def test_not_a_number_is_marked(tui: ModuleType) -> None:
    session = ready(tui, "exploding_gradient", "#10:8")
    lines = plot_of(session)
    drawn = Read(lines, 1, len(lines) - 4)
    along = Axis(107, 10)
    first_bad = next(n for n, v in enumerate(session.run.curve) if not math.isfinite(v))
    assert drawn.bad == [n >= along.column(first_bad) for n in range(107)]


@pytest.mark.parametrize(("low", "high"), [(0.2, 0.9), (-3, 5), (1e-9, 2e3), (0, 1e-300), (-1e308, 1e308), (5, 5),
                                           (0, 0), (1e-320, 1e300), (123456, 123457), (-7e-5, -3e-5), (0.99, 1.01)])
@pytest.mark.parametrize("logarithmic", [False, True])
def test_a_scale_goes_around_the_values(low: float, high: float, logarithmic: bool) -> None:
    if logarithmic and low <= 0:
        return
    for ticks in range(1, 9):
        scale, numbers = rounded(low, high, logarithmic, ticks)
        assert scale.low <= low + abs(low) * 1e-12 and scale.high >= high - abs(high) * 1e-12
        assert numbers == sorted(numbers) and numbers[0] == scale.low and numbers[-1] == scale.high
        assert len(numbers) <= 2 * ticks + 4
        assert 0 <= scale.share(low) <= scale.share(high) <= 1


@pytest.mark.parametrize("updates", [0, 1, 2, 7, 39, 40, 41, 1000, 80000])
@pytest.mark.parametrize("columns", [2, 3, 40, 107])
def test_columns_and_updates_come_to_each_other(columns: int, updates: int) -> None:
    along = Axis(columns, updates)
    seen = [along.column(n) for n in range(updates + 1)]
    assert seen == sorted(seen) and seen[0] == 0 and (seen[-1] == columns - 1 or not updates)
    for column in range(columns):
        update = along.update(column)
        assert 0 <= update <= updates and along.column(update) <= column
        if column in set(seen):
            assert update == seen.index(column)
    for update in {0, updates // 3, updates}:
        on, back = along.beside(update, 1), along.beside(update, -1)
        assert (on > update or update == updates) and (back < update or update == 0)
        assert on == updates or along.column(on) > along.column(update)


def test_columns_keep_the_range_of_their_points() -> None:
    values = np.array([3.0, 1.0, np.nan, 5.0, 2.0, np.inf, 4.0])
    shown = in_columns(points(np.arange(7), values), Axis(3, 6), 6)
    assert shown.low.tolist() == [1.0, 2.0, 4.0]
    assert shown.high.tolist() == [3.0, 5.0, 4.0]
    assert shown.bad.tolist() == [True, True, False]


def test_the_cursor_says_its_update_and_value_and_goes_there(tui: ModuleType) -> None:
    session = ready(tui, "two_layer", "#5000:11")
    hands = tui.Hands(session, (120, 40))
    hands.press("loss")
    for _ in range(7):
        hands.press("left")
    update = session.cursor["loss"]
    along = loss.axis(Scene(session), 51)
    assert along.column(update) == along.column(5000) - 7 and update == along.update(along.column(update))
    shown = tui.text(session, (120, 40))
    exact = f"{session.run.curve[update]:.9f}"
    assert f"E {exact} after {update:,}" in shown
    hands.press("up")
    assert session.cursor["loss"] == update - 1
    hands.press("enter")
    assert session.position.update == update - 1 and session.cost() == session.run.curve[update - 1]
    hands.press("back")
    assert session.position.update == 5000


def test_the_cursor_does_not_pass_the_position(tui: ModuleType) -> None:
    session = ready(tui, "two_layer", "#300:11")
    hands = tui.Hands(session, (120, 40))
    hands.press("loss")
    for key in ("right", "down", "bottom", "page_down", "right"):
        hands.press(key)
        assert session.cursor["loss"] == 300
    hands.press("home")
    assert session.cursor["loss"] == 0


def test_the_key_turns_the_views_and_the_scale(tui: ModuleType) -> None:
    session = ready(tui, "two_layer", "#300:11", ("w5",))
    hands = tui.Hands(session)
    seen = []
    for _ in range(4):
        hands.press("loss")
        seen.append([chart.text for chart in plot.charts(session)])
    assert seen == [["E"], ["w5"], ["E", "w5"], ["E"]]
    said = []
    for _ in range(3):
        hands.press("scale")
        said.append(session.message)
    assert [text.split(": ")[1] for text in said] == ["linear.", "by powers of ten.", "automatic."]


def test_charts_for_which_there_is_no_room_are_counted(tui: ModuleType) -> None:
    session = ready(tui, "two_layer", "#300:11", ("w5", "w6", "w7", "w8"), looks={"view.loss": "all"})
    lines = plot_of(session, 37, 9)
    left_out = re.findall(r"… (\d+) more", "\n".join(lines))
    assert sum(line.startswith((" E ", " w")) for line in lines) + int(left_out[0]) == 5


# gradients

@pytest.mark.parametrize(("name", "at"), [("vanishing_gradient", "#300:60"), ("digits_minibatches", "#200:4000"),
                                          ("two_layer", "#0:27"), ("residual", "#20:5")])
def test_sizes_and_ratios_are_those_of_the_run(tui: ModuleType, name: str, at: str) -> None:
    session = ready(tui, name, at)
    lines = [line.text for line in gradients.paint(Scene(session), 118, 31, False)]
    update = session.position.update if "in this update" in lines[0] else session.position.update - 1
    env, program = session.run.env(update), session.run.program(update)
    sums: dict[str, float] = {}
    for var in (v for v in program.parameters if v in program.gradients):
        gradient = program.gradients[var]
        layer = var.name.rpartition(".")[0]
        sums[layer] = sums.get(layer, 0.0) + float(np.sum(env.array(gradient) ** 2))
    norms = {layer: math.sqrt(total) for layer, total in sums.items()}
    last = norms[list(norms)[-1]]
    for layer, norm in norms.items():
        row = next(line.split() for line in lines if line.startswith(f" {layer} "))
        assert float(row[1]) == pytest.approx(norm, rel=5e-4)
        if layer != list(norms)[-1]:
            said = re.search(r"([\d.,e+]+)× (less|more) *$", " ".join(row))
            assert said, row
            factor = float(said[1].replace(",", ""))
            assert factor == pytest.approx(last / norm if said[2] == "less" else norm / last, rel=0.06)


def test_strips_are_of_one_scale(tui: ModuleType) -> None:
    session = ready(tui, "vanishing_gradient", "#1000:18")
    lines = [line.text for line in gradients.paint(Scene(session), 118, 9, False)]
    low, high = (float(v) for v in re.findall(r"[▁█] (\d?e?[\de+-]+)", lines[0]))
    first = next(n for n, c in enumerate(lines[8]) if n > 30 and c in BLOCKS)
    strip = slice(first, 118 - 1 - gradients.RATIO - 1)
    along = Axis(strip.stop - strip.start, 1000)
    for row, layer in enumerate([f"layer{n}" for n in range(1, 9)], 1):
        for column in range(0, along.columns - 1, 9):
            updates = range(along.first(column), along.first(column + 1))
            most = max(float(np.hypot(evaluate_text(session.run, f"norm({layer}.weights.grad)", n),
                                      evaluate_text(session.run, f"norm({layer}.bias.grad)", n))) for n in updates)
            share = math.log(most / low) / math.log(high / low) * 8
            assert BLOCKS.index(lines[row][strip][column]) == min(7, int(share + 1e-9)), (layer, column)


def test_enter_follows_the_largest_derivative_of_the_layer(tui: ModuleType) -> None:
    session = ready(tui, "two_layer", "#0:27")
    hands = tui.Hands(session)
    hands.press("gradients")
    hands.press("down")
    hands.press("enter")
    program, env = session.run.program(0), session.run.env(0)
    weights = program.variables["output.weights"]
    sizes = np.abs(env.array(program.gradients[weights]))
    assert session.followed.var is weights and session.followed.element == int(np.argmax(sizes))


def test_a_layer_whose_turn_it_is_not_says_so(tui: ModuleType) -> None:
    session = ready(tui, "gan", "#700:14")
    lines = [line.text for line in gradients.paint(Scene(session), 37, 9, False)]
    rows = {line.split()[0]: line for line in lines if re.match(r" [gac] ", line)}
    trained = {v.name for v in session.run.program(700).gradients}
    assert trained and {name for name, line in rows.items() if "not now" in line} == {"g", "a", "c"} - trained


@pytest.mark.parametrize("name", ["clipped_gradient", "adam", "rmsprop"])
def test_the_last_update_has_the_sizes_that_it_makes(tui: ModuleType, name: str) -> None:
    """A clipped gradient is made by the update phase, which the last update does not have."""
    session = ready(tui, name)
    run = session.run
    tui.stand(session, Position(run.updates, run.times(run.updates).count, 1))
    assert gradients.paint(Scene(session), 37, 9, True)
    assert list(register.lines(Scene(session), "gradients", "", lambda said: True))


@pytest.mark.parametrize("name", ["two_layer", "gan", "single_neuron", "recurrent_bit", "attention",
                                  "convolution_small",
                                  "wide_784", "perturbation", "two_layer_in_place", "difference_target_propagation"])
def test_every_kind_of_run_has_its_plots(tui: ModuleType, name: str) -> None:
    """They are drawn anywhere, also where nothing is worked out yet, and nothing later shows in them."""
    session = tui.open_session(name)
    for update in (0, 1, 2):
        for value in (0, session.run.times(update).cost_value, session.run.times(update).count):
            tui.stand(session, Position(update, value, session.run.times(update).stops(value)))
            for width, height in ((37, 9), (51, 12), (118, 30)):
                for paint in (loss.paint, gradients.paint):
                    assert all(len(line.text) == width for line in paint(Scene(session), width, height, True))
        register.work_on(session, 0.0)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "updates"), [("two_layer", (0, 1, 5)), ("gan", (3,)), ("batches", (0, 4))])
def test_nothing_later_is_drawn(tui: ModuleType, name: str, updates: tuple[int, ...]) -> None:
    watch = "d(E, w5)" if name == "two_layer" else "w1" if name == "batches" else "a"
    session = ready(tui, name, None, (watch,), looks={"view.loss": "all"})
    arrangements = [(size, left, "parameters", left) for size in ((80, 24), (120, 40))
                    for left in ("loss", "gradients")]
    for update in updates:
        for at in list(tui.positions(session.run, update))[::3]:
            tui.stand(session, at)
            session.branch.known.clear()
            seen = tui.screens(session, arrangements)
            session.branch.known.clear()
            assert seen == tui.with_another_future(session, 7, arrangements), at
            session.branch.known.clear()


# the time line

def cells(session: Any, width: int) -> str:
    first, along = frame.axis(Scene(session), width)
    return frame.timeline(Scene(session), width).text[first:first + along.columns]


@pytest.mark.parametrize("width", [80, 120, 200])
def test_stops_and_trouble_stand_in_their_columns(tui: ModuleType, width: int) -> None:
    session = ready(tui, "two_layer", "#5000:11", (), ("becomes E < 0.01", "E > 0 hit % 3000"))
    _, along = frame.axis(Scene(session), width)
    begins = next(n for n, v in enumerate(session.run.curve) if v < 0.01)
    shown = cells(session, width)
    marked = {n for n, c in enumerate(shown) if c == "●"}
    assert along.column(begins) in marked and marked == {
        along.column(found.nth(n).update) for number in session.stops
        for found in [session.searched[next(k for k in session.searched if k.startswith(f"{number}:"))]]
        for n in range(1, found.count + 1)}
    assert shown[along.column(5000)] == "►"


def test_trouble_is_marked_where_it_begins(tui: ModuleType) -> None:
    session = ready(tui, "exploding_gradient", "#0:0")
    _, along = frame.axis(Scene(session), 120)
    begins = {along.column(t.at.update) for t in session.troubles.found}
    shown = cells(session, 120)
    assert begins and {n for n, c in enumerate(shown) if c == "!"} == {n for n in begins if n - 1 not in begins and n}


def test_a_condition_that_goes_on_does_not_cover_the_curve(tui: ModuleType) -> None:
    session = ready(tui, "two_layer", "#9000:11", (), ("E < 0.01", "w5"))
    assert cells(session, 120).count("●") <= 2


@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_time_line_is_the_loss(tui: ModuleType, width: int) -> None:
    session = ready(tui, "overfitting", "#1500:44")
    session.troubles.found.clear()
    _, along = frame.axis(Scene(session), width)
    expected = ranges(list(session.run.curve), along.columns, 1500)
    highs = [math.log(each[1]) for each in expected if each]
    low, high = math.log(min(session.run.curve)), math.log(max(session.run.curve))
    for column, each in enumerate(cells(session, width)[:-1]):
        level = min(7, int((highs[column] - low) / (high - low) * 8 + 1e-9))
        assert each == BLOCKS[level], column


def test_braces_go_by_columns_and_are_one_jump(tui: ModuleType) -> None:
    session = ready(tui, "two_layer", "#5000:14")
    hands = tui.Hands(session)
    _, along = frame.axis(Scene(session), 80)
    column = along.column(5000)
    hands.press("later")
    assert session.position == Position(along.first(column + 1), 14, session.times.stops(14))
    hands.press("later")
    hands.press("later")
    assert along.column(session.position.update) == column + 3
    hands.press("earlier")
    hands.press("earlier")
    assert session.position.update == along.first(column + 1)
    assert len(session.past) == 1
    hands.press("back")
    assert session.position == Position(5000, 14, session.times.stops(14))


def test_braces_end_at_the_ends(tui: ModuleType) -> None:
    session = ready(tui, "vanishing_gradient", "#990:50")
    hands = tui.Hands(session)
    for _ in range(5):
        hands.press("later")
    assert session.position.update == 1000 and session.cost() is not None
    assert session.message == "This is the last update of the run."
    session.go("#3:0")
    for _ in range(3):
        hands.press("earlier")
    assert session.position.update == 0 and "first" in session.message


def test_a_column_of_the_screen_is_an_update(tui: ModuleType) -> None:
    session = ready(tui, "two_layer", "#5000:11")
    for width in (80, 120, 200):
        x = frame.timeline(Scene(session), width).text.index("►")
        first, along = frame.axis(Scene(session), width)
        assert along.column(frame.update_at(Scene(session), width, x) or 0) == along.column(5000)
        assert frame.update_at(Scene(session), width, first) == 0
        assert frame.update_at(Scene(session), width, first + along.columns - 1) == 10000
        assert frame.update_at(Scene(session), width, first - 1) is None
        assert frame.update_at(Scene(session), width, first + along.columns) is None


def test_scrubbing_a_run_that_has_ended_stays_in_it(tui: ModuleType) -> None:
    session = ready(tui, "overfitting_patience")
    travel.scrub(session, 10 ** 6)
    assert session.position.update == session.run.updates


# screens

PANES = {
    "plot": ("two_layer", "#5000:11", "loss", (), ()),
    "plot_validation": ("overfitting", "#1200:44", "loss", (), ()),
    "plot_watches": ("two_layer", "#7000:30", "loss", ("d(E, w5)", "norm(hidden.weights)"), ()),
    "gradients": ("vanishing_gradient", "#600:60", "gradients", (), ()),
    "gradients_digits": ("digits_minibatches", "#300:4000", "gradients", (), ()),
    "time_exploding": ("exploding_gradient", "#2:8", "network", (), ("E > 1e9",)),
    "time_dead": ("dead_relu", "#250:8", "network", (), ("E < 0.001", "w3")),
}


def shown(tui: ModuleType, session: Any, size: tuple[int, int]) -> str:
    return "\n".join(line.rstrip() for line in tui.text(session, size).splitlines()) + "\n"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PANES)
def test_screen(tui: ModuleType, as_text: Any, name: str, size: str) -> None:
    scenario, at, pane, watches, stops = PANES[name]
    session = ready(tui, scenario, at, watches, stops, {"view.loss": "all"} if watches else None)
    tui.Hands(session, SIZES[size]).press(pane)
    session.shown = ("chain", pane)
    while register.work_on(session, 1.0):
        pass
    assert shown(tui, session, SIZES[size]) == as_text


@pytest.mark.parametrize("name", ["plot", "gradients"])
def test_zoomed(tui: ModuleType, as_text: Any, name: str) -> None:
    scenario, at, pane, _, _ = PANES[name]
    session = ready(tui, scenario, at)
    hands = tui.Hands(session, (120, 40))
    hands.press(pane)
    hands.press("zoom")
    assert shown(tui, session, (120, 40)) == as_text
