"""What proofs and 50 digits say beside a derivative: what fails is said, and nothing of what is no number."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bptui.debugger.scene import Scene
from bptui.debugger.state.session import Session
from bptui.engine import laws
from bptui.replay.open import open_scenario
from bptui.scenario.reader import read_scenario_text

TEXT = """
[equations]
forward = {forward}
loss = "E"
[parameters]
w = {w}
[values]
c = 0.0
[training]
updates = 1
"""


def said(forward: str, w: float) -> tuple[float, str]:
    """The derivative of E by w in the first update, and what is said of it."""
    session = Session(open_scenario(read_scenario_text(TEXT.format(forward=forward, w=w), "here")))
    session.go("d(E, w)")
    insights = session.insights
    while (question := insights.question(Scene(session).chain, Scene(session).explainer)) is not None:
        question()
    chain = Scene(session).chain
    assert chain is not None
    row = chain.rows[-1]
    assert row.value is not None
    return row.value, insights.proof(session.position, row.cell)


ROOT = '["y = sqrt(w)", "E = (y - c)*y"]'


def test_a_derivative_is_proved_and_compared() -> None:
    assert said(ROOT, 0.25) == (1.0, "proved; 50 digits agree")  # by hand: E is w


def test_of_a_derivative_that_is_no_number_only_the_formula_is_proved() -> None:
    value, words = said(ROOT, 0.0)
    assert value != value and words == "formula proved"


def test_a_proof_that_fails_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    right = laws.FUNCTIONS["tanh"]
    wrong = replace(right, partials=(lambda f, y, x: 1.5 * (1 - y * y),))
    monkeypatch.setitem(laws.FUNCTIONS, "tanh", wrong)
    _, words = said('["E = tanh(w)"]', 0.5)
    assert words == "not proved: sympy's differs; 50 digits agree"  # they read the same wrong law


def test_a_value_that_50_digits_do_not_confirm_is_said_with_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    from bptui.explain.digits import Digits
    monkeypatch.setattr(Digits, "value", lambda self, cell: 0.75)
    _, words = said('["E = w*w"]', 0.5)
    assert words == "proved; 50 digits: 0.750000000"


def test_a_residue_of_rounding_agrees() -> None:
    value, words = said('["y = 0.1*3 - 0.3", "E = y*w"]', 0.5)
    assert value == 5.551115123125783e-17 and words == "proved; 50 digits agree"
