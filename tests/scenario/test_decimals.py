"""A decimal comma: understood where nothing else can be meant, else the message says how to write the number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptui.explain.search import read_number
from bptui.scenario.decimals import meant, with_points
from bptui.scenario.errors import ExpressionError, ScenarioError
from bptui.scenario.expression import read_expression, read_quantity
from bptui.scenario.reader import read_scenario_text
from bptui.scenario.trees import Call, Number, Operation

EQUATIONS = "[equations]\nforward = ['E = w*w']\nloss = 'E'\n[parameters]\nw = 0.5\n"


@pytest.mark.parametrize(("typed", "value"), [
    ("0,000438568", 0.000438568), ("-0,5", -0.5), ("1,5", 1.5), ("12,3456", 12.3456), ("0,150", 0.150),
    ("1234,567", 1234.567), ("0,5e-3", 0.5e-3), ("0,082", 0.082), ("~0,357", 0.357), ("\N{MINUS SIGN}0,25", -0.25),
])
def test_a_number_with_a_decimal_comma(typed: str, value: float) -> None:
    found = read_number(typed)
    assert found is not None and found.value == value
    assert read_number(typed.replace(",", ".")) == read_number(typed.replace(",", ".").strip())
    if "~" not in typed:
        assert read_quantity(typed) == read_quantity(typed.replace(",", "."))


@pytest.mark.parametrize("typed", ["1,234", "12,345", "999,000", "1,234,567", "1,234.5"])
def test_thousands_are_not_guessed(typed: str) -> None:
    assert read_number(typed) is None and typed.replace(",", "") in meant(typed)
    with pytest.raises(ExpressionError, match=typed.replace(",", "")):
        read_quantity(typed)


def test_commas_that_are_something_else() -> None:
    tree = read_quantity("max(0,5)")
    assert isinstance(tree, Call) and tree.args == (Number(0.0, 4), Number(5.0, 6))
    for text in ("hidden.weights[0,1]", "where(w1,2,3)", "d(E,w5)", "log w1,w2", "a = 1, b = 2", "w1,2"):
        assert with_points(text) == (text, "")
    tree = read_quantity("E < 0,001")
    assert isinstance(tree, Operation) and tree.args[1] == Number(0.001, 4)
    assert read_expression("x*0,5") == read_expression("x*0.5")


@given(st.text("0123456789,.(x[]) ", max_size=12))
def test_what_is_rewritten_keeps_its_length_and_has_points_for_commas(text: str) -> None:
    shown, unclear = with_points(text)
    assert len(shown) == len(text)
    assert all(a == b or (a == "," and b == ".") for a, b in zip(text, shown, strict=True))
    assert shown == text or unclear or "," in text


@pytest.mark.parametrize(("old", "new", "words"), [
    ("w = 0.5", "w = 0,5", "5: this is not TOML: "), ("w = 0.5", "w = [[0,15 0,20]]", "5: this is not TOML: "),
    ("w = 0.5", "w = [\n[0,15 0,20],\n]", "6: this is not TOML: "),
])
def test_a_file_with_decimal_commas(old: str, new: str, words: str) -> None:
    with pytest.raises(ScenarioError) as error:
        read_scenario_text(EQUATIONS.replace(old, new), "f")
    [problem] = error.value.problems
    number = "0.15" if "15" in new else "0.5"
    said = f"{problem.line}: {problem.message}"
    assert said.startswith(words) and said.endswith(f"; a decimal point is a point: write {number}")


def test_a_broken_line_without_a_decimal_comma_says_nothing_of_one() -> None:
    for broken in ("w = [1, 2", 'w = "0,5', "w 0.5 # 0,5", "w = [1,2 3"):
        with pytest.raises(ScenarioError) as error:
            read_scenario_text(EQUATIONS.replace("w = 0.5", broken), "f")
        assert ("decimal" in error.value.problems[0].message) is (broken == "w = [1,2 3")


def test_a_claims_figure_says_how_it_is_written() -> None:
    with pytest.raises(ScenarioError) as error:
        read_scenario_text(EQUATIONS + "[[claims]]\nwhat = 'E'\nvalue = '0,25'\n", "f")
    assert error.value.problems[0].message.endswith("not '0,25': write 0.25")
