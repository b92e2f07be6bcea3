"""What runs and is seldom meant is said: by `check`, before the first step, and by --plain; the rest in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from bptui import open_run
from bptui.debugger.event import event
from bptui.debugger.scene import Scene
from bptui.debugger.state.session import Session
from bptui.explain.advice import advice
from bptui.explain.check import check_run
from bptui.explain.words import DOT
from bptui.scenario.shipped import shipped
from tests.support.runs import shared

TEXT = """
[network]
inputs = 2
[[network.layers]]
kind = "dense"
name = "o"
units = 2
activation = "{activation}"
[loss]
kind = "{loss}"
[data]
inputs = [[1.0, 2.0]]
targets = [[1.0, 0.0]]
[training]
updates = 2
"""
TWICE = ("o.out is a softmax already, and softmax_cross_entropy takes a softmax of it: "
         "for one alone write cross_entropy.")
NEVER = "cross_entropy reads probabilities, and o.out is no softmax: for its numbers write softmax_cross_entropy."


@pytest.mark.parametrize(("activation", "loss", "said"), [
    ("softmax", "softmax_cross_entropy", (TWICE,)), ("sigmoid", "cross_entropy", (NEVER,)),
    ("linear", "softmax_cross_entropy", ()), ("softmax", "cross_entropy", ()), ("softmax", "squared_error", ()),
    ("log_softmax", "softmax_cross_entropy", ()),       # a softmax of the logarithms of p is p
    ("sigmoid", "binary_cross_entropy", ())])
def test_advice_is_of_what_is_seldom_meant(tmp_path: Path, activation: str, loss: str, said: tuple[str, ...]) -> None:
    file = tmp_path / "t.toml"
    file.write_text(TEXT.format(activation=activation, loss=loss), "utf-8")
    run = open_run(file)
    assert advice(run) == said
    assert check_run(run).notes[:len(said)] == said
    session = Session(run)
    begun = event(Scene(session))
    assert Scene(session).sentence == (said[0] if said else DOT)
    assert begun.endswith(said[0]) if said else begun.endswith("? lists the verbs.")


def test_no_shipped_scenario_needs_any() -> None:
    assert [name for name, _ in shipped() if advice(shared(name))] == []
