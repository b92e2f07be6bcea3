"""Faults that attacks and first users found, so that they do not come back."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from bptui.debugger import job
from bptui.debugger.commands import find, got, travel
from bptui.debugger.panes import cursor
from bptui.debugger.state.session import Session
from bptui.explain.check import check_run
from bptui.explain.got import compare
from bptui.explain.search import TOGETHER, in_update, read_number
from bptui.replay.open import open_run
from bptui.scenario.errors import ScenarioError
from bptui.scenario.reader import render
from bptui.tui.layout import screen

EQUATIONS = "[equations]\nforward = [{0}]\nloss = 'E'\n"
LAYER = ("[network]\ninputs = 1\n[[network.layers]]\nkind = 'dense'\nunits = {units}\n{more}\n[loss]\nkind = 'sum'\n"
         "[data]\ninputs = [[1]]\n")


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "scenario.toml"
    path.write_text(text, "utf-8")
    return path


def test_differences_hold_what_stop_holds(tmp_path: Path) -> None:
    """E = stop(y)·y with y = w·x: ∂E/∂w is y·x = 2 at w = 0.5, x = 2; moving both would give 4."""
    run = open_run(written(tmp_path, EQUATIONS.format("'y = w*x', 'E = stop(y)*y'")
                           + "[parameters]\nw = 0.5\n[values]\nx = 2\n"))
    assert run.value("d(E, w)") == 2.0
    assert check_run(run).ok


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_scenario_with_nothing_to_train_opens(tmp_path: Path, size: tuple[int, int]) -> None:
    session = Session(open_run(written(tmp_path, EQUATIONS.format("'E = x**2'") + "[values]\nx = 3\n")))
    for pane in ("parameters", "network", "values", "printed", "chain"):
        cursor.show(session, pane)
        cursor.enter(session)
        got.compare(session, "9")
        assert len(screen(session, *size)) == size[1]
        travel.step(session, "over")


def test_a_search_needs_no_forward_line(tmp_path: Path) -> None:
    text = EQUATIONS.format("'E = (w*x)**2'") + f"[parameters]\nw = 0.5\n[values]\nx = {[0.5] * 20}\n"
    session = Session(open_run(written(tmp_path, text), executor="arrays"))
    find.find(session, "123.777")
    while job.go_on(session, 1.0):
        pass
    assert "not found" in session.message


@pytest.mark.parametrize(("units", "more", "said"), [
    (1, "bias = 0.3\nbias_names = 'net_o1'", "'net_o1' is what a quantity of this network is called"),
    (1, "activation = { law = 'x*weights', weights = 2 }", "'weights' is a name that every layer has"),
    (400_000, "[[network.layers]]\nkind = 'dense'\nunits = 9", "the network has 4,400,000 parameters"),
])
def test_what_cannot_be_meant_is_refused(tmp_path: Path, units: int, more: str, said: str) -> None:
    path = written(tmp_path, LAYER.format(units=units, more=more))
    with pytest.raises(ScenarioError) as error:
        open_run(path)
    assert said in "\n".join(render(error.value, path))


@pytest.mark.parametrize(("typed", "here", "said", "same"), [
    ("0.0004", 0.000438568, "agrees, 1 digit: too few digits to tell", False),
    ("0.00042", 0.000438568, "4.23 % less", False),
    ("0.00043", 0.000438568, "last digit: too few digits to tell", False),
    ("1", 0.000438568, "2,280 times as much", False),
    ("0.0003", 0.000438568, "31.6 % less: that is not rounding", False),
    ("-1", 0.0, "here it is exactly 0: that is not rounding", False),
    ("1", 0.0, "here it is exactly 0: that is not rounding", False),
    ("0", 0.0, "the same, rounded to your 1 digit", True),
    ("1", -0.4, "150 % more (you typed no sign)", False),
    ("+1", -0.4, "the other sign", False),
    ("0", 0.4, "100 % less", False),
    ("0.69440615", 0.6944061315105916, "as in float32", True),
    ("0.5", float("nan"), "here it is NaN", False),
    ("0.5", float("-inf"), "here it is -Inf", False),
    ("0.000438", 0.000438568, "cut off", True),
    ("0.000439", 0.000438568, "the same, rounded to your 3 digits", True),
    ("0.000364723", 0.000438568, "16.8 % less", False),
])
def test_what_is_said_of_a_number_of_ones_own(typed: str, here: float, said: str, same: bool) -> None:
    number = read_number(typed)
    assert number is not None
    words, rounding = compare(number, here)
    assert rounding == same
    assert said in words


def test_a_look_through_a_large_network_pauses(tui: ModuleType) -> None:
    """Thousands of contributions show 0.5: between two pauses, in which keys are heard, are few of them."""
    session = tui.open_session("wide_784", "#0:30")
    together, longest, hits = 0, 0, 0
    typed = read_number("0.5")
    assert typed is not None
    for hit in in_update(session.run, typed, 0, 0):
        together = 0 if hit is None else together + 1
        hits += hit is not None
        longest = max(longest, together)
    assert hits > 1000
    assert longest <= 2 * TOGETHER
