"""Formulas as a book sets them."""

from __future__ import annotations

import random
import re
from types import ModuleType

import pytest

from bptui.tui.layout import screen
from bptui.tui.views import book

SET = {
    "1 / (1 + exp(-net_h1))": ["      1       ", "──────────────", "      -net_h1 ", " 1 + e        "],
    "∂E/∂out_o1": ["   ∂E    ", "─────────", " ∂out_o1 "],
    "(t1 - out_o1)² / 2": [" (t1 - out_o1)² ", "────────────────", "       2        "],
    "Σ_k E_o[k]": ["Σ E_o ", "k    k"],
    "W[j,i] × x[i] + b": ["W    × x  + b", " j,i    i    "],
    "(a + b/c) × d": None,
    "a / (b / (c + 1))": ["    a    ", "─────────", "    b    ", " ─────── ", "  c + 1  "],
    "-(a - b) × 2": ["-(a - b) × 2"],
    "m_hat / (√v_hat + ε)": ["   m_hat    ", "────────────", " √v_hat + ε "],
    "max(0, net)": ["max(0, net)"],
    "where(b ≠ 0: p / q; u < v: 3; else q²)": [
        "     ⎛        p                    ⎞", "where⎜b ≠ 0: ───; u < v: 3; else q²⎟",
        "     ⎝        q                    ⎠"],
    "exp(-x)²": ["⎛ -x⎞ ", "⎝e  ⎠²"],
    "2 × π × x^0.5": ["         0.5", "2 × π × x   "],
    "(∂E/∂w)² / (step 1)²": None,
    "(step 1)² / 2": [" (step 1)² ", "───────────", "     2     "],
    "x² × y[1]²": ["x² × y ²", "      1 "],
    "(Σ loss) / n": [" Σ loss ", "────────", "   n    "],
}


@pytest.mark.parametrize("formula", [f for f, rows in SET.items() if rows])
def test_a_formula_is_set(formula: str) -> None:
    assert [row for row in book.setting(formula, True).rows] == SET[formula]


def test_what_cannot_be_read_stands_as_it_is() -> None:
    for text in ("a sum of 30 terms", "a if b else c", "(a", "a +", "", "a ? b", "(" * 300, "a/" * 300):
        assert book.setting(text, True).rows == (text,), text


def test_a_box_is_a_rectangle_whatever_the_formula(tui: ModuleType) -> None:
    chance = random.Random("book")
    pieces = ["a", "W[j,i]", "(", ")", " + ", " - ", " × ", " / ", "exp(", "∂E/∂w[1]", "²", "Σ_i ", "√", "0.5", ", ",
              "where(", ": ", "; ", "else ", " ≠ ", " < ", "^", "π"]
    for _ in range(3000):
        text = "".join(chance.choice(pieces) for _ in range(chance.randint(1, 12)))
        box = book.setting(text, chance.random() < 0.5)
        assert len({len(row) for row in box.rows}) == 1 and 0 <= box.base < box.height


def test_the_factor_in_work_is_underlined_in_the_whole_and_numbers_stand_below(tui: ModuleType) -> None:
    session = tui.open_session("two_layer", "#0:14")
    tui.follow(session, "w5")
    lines = screen(session, 120, 40)
    top = next(n for n, line in enumerate(lines) if "∂E           ∂E" in line.text)
    under = [(text, style) for text, style in lines[top + 2].segments if "underline" in style]
    assert [text.strip() for text, _ in under] == ["∂net_o1"]        # ∂out_o1 stands above it, on the bar
    numbers = lines[top + 3].text
    assert re.search(r"=  0\.741365070  ×  0\.186815602  × +·", numbers)
    for name, number in (("∂out_o1 ", "0.741365070"), ("∂net_o1 ", "0.186815602")):
        middle = lines[top + 2].text.index(name, 52) + len(name.strip()) / 2
        assert abs(numbers.index(number) + len(number) / 2 - middle) <= 1


def test_nothing_moves_until_the_chain_is_done(tui: ModuleType) -> None:
    """The rows of a chain stand where they stand from its first step on."""
    for size in ((80, 24), (120, 40), (200, 60)):
        where: set[int] = set()
        for at in ("#0:12", "#0:14", "#0:16"):
            session = tui.open_session("two_layer", at)
            tui.follow(session, "w5")
            texts = [line.text for line in screen(session, *size)]
            where.add(next(n for n, text in enumerate(texts) if " 1  ∂E/∂out_o1 " in text))
        assert len(where) == 1, size
