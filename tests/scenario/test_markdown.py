"""The Markdown of an about as rows of words: nothing is lost, no row is too wide, whatever the text is."""

from __future__ import annotations

import random
import time
import tomllib
from collections.abc import Callable
from unicodedata import combining, east_asian_width

import pytest

from bptui.scenario.errors import printable
from bptui.scenario.markdown import GOES_ON, LONGEST, TextRow, rows
from bptui.scenario.shipped import shipped

SHIPPED = dict(shipped())
WIDTHS = (1, 2, 7, 20, 31, 54, 74, 114)
PIECES = ("w5", "**", "*", "`", "``", "[", "](", ")", "\\", "- ", "* ", "3. ", "1) ", "    ", "\n", "\n\n", " ", "漢字",
          "é", "e\u0301" * 9, "x" * 90, "#", "|", "```\n", "a", "∂E/∂w1", "\t", "\x1b[2J", "\x07", "\u202e", "\u200b",
          "0.5*x*y")


def cells(text: str) -> int:
    return sum(0 if combining(c) else 1 + (east_asian_width(c) in "WF") for c in text)


def letters(text: str) -> str:
    """What must not be lost: letters and digits, in their order."""
    return "".join(c for c in text if c.isalnum())


@pytest.mark.parametrize("name", SHIPPED)
def test_every_lesson_is_whole_in_every_width(name: str) -> None:
    about = tomllib.loads(SHIPPED[name].read_text("utf-8"))["about"]
    for width in WIDTHS:
        found = rows(about, width)
        assert max(cells(row.text) for row in found) <= width
        assert letters("".join(row.text for row in found)) == letters(about)
        assert [row.first for row in found] == sorted({row.first for row in found})     # each at its own place
    said = "\n".join(row.text for row in rows(about, 74))
    assert "**" not in said and "`" not in said     # what is marked is shown by its style


def test_any_text_is_shown_and_harmless(share: Callable[[int], int]) -> None:
    for seed in range(share(3_000)):
        chance = random.Random(seed)
        text = "".join(chance.choice(PIECES) for _ in range(chance.randrange(60)))
        width = chance.choice(WIDTHS)
        found = rows(text, width)
        assert all(row.text == printable(row.text) for row in found), seed
        assert all(cells(row.text) <= max(width, 2) for row in found), seed
        assert [row.first for row in found] == sorted({row.first for row in found}), seed
        kept = letters("".join(row.text for row in found))
        assert kept == letters("".join(map(printable, text.expandtabs(4).splitlines()))), seed


@pytest.mark.parametrize("text", [
    "**" * 20_000, "*a" * 30_000, "`" * 50_000, "` `` " * 10_000, "[a" * 30_000, "[a](b" * 20_000, "\\" * 90_000,
    "漢" * 90_000, "x" * 99_000, "**a `b` *c* " * 8_000, "\n    \n" * 9_000, "**a b" * 15_000, "- " * 40_000,
    "a\u0301" * 40_000])
def test_time_grows_with_the_length_alone(text: str) -> None:
    """What takes its square would take minutes here."""
    begun = time.process_time()
    rows(text, 33)
    assert time.process_time() - begun < 5          # seconds; it takes a fraction of one


def test_a_text_without_end_is_cut_and_says_so() -> None:
    found = rows("word " * LONGEST, 74)
    assert " ".join(row.text for row in found[-3:]).endswith(GOES_ON)
    assert sum(len(row.text) + 1 for row in found) < LONGEST + 200


def shown(text: str, width: int = 40) -> list[tuple[tuple[str, str], ...]]:
    return [row.runs for row in rows(text, width)]


def test_marks_become_styles() -> None:
    assert shown("**Three `w5` factors.**, *not* 2*x*y [a text](https://x.org)") == [
        (("Three", "bold"), (" w5", "bold"), (" factors.", "bold"), (",", ""), (" not", "underline"), (" 2*x*y", ""),
         (" a", "underline"), (" text", "underline")), (("(https://x.org)", ""),)]
    assert shown("a ** b, `c, \\*d\\* and *e") == [(("a", ""), (" **", ""), (" b,", ""), (" `c,", ""), (" *d*", ""),
                                                   (" and", ""), (" *e", ""))]
    assert shown("## What to look for ##") == [(("What", "bold"), (" to", "bold"), (" look", "bold"), (" for", "bold"))]


def test_items_are_set_in_and_formulas_stay_as_they_are() -> None:
    text = ("Look:\n- first, which\n  is long\n- second\n\n    y  =  a + b\n    z  =  c\n\n1. one\n2. two\n\n"
            "```\na   b\n```\n")
    assert [row.text for row in rows(text, 14)] == [
        "Look:", "- first, which", "  is long", "- second", "", "  y  =  a + b", "  z  =  c", "", "1. one", "2. two",
        "", "  a   b"]


def test_code_stays_together_where_it_can() -> None:
    found = rows("press `d(E, w5)` or `" + "a b " * 20 + "`", 20)
    assert found[0] == TextRow((("press", ""), (" d(E, w5)", ""), (" or", ""), (" a", "")), 0, ("d(E, w5)", "a"))
    assert all(cells(row.text) <= 20 for row in found)


def test_a_place_outlives_another_width() -> None:
    """The row that a place is in holds the same word, whatever the width."""
    about = tomllib.loads(SHIPPED["two_layer"].read_text("utf-8"))["about"]
    for row in rows(about, 74):
        word = row.text.split()[0] if row.text else ""
        for width in (30, 54, 114):
            there = [r for r in rows(about, width) if r.first <= row.first][-1]
            assert there.text[row.first - there.first:].startswith(word)
