"""The gallery in a real terminal: what a stranger types, all of it at once; and that a session comes back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.real

Open = Callable[..., Any]


def test_a_burst_of_keys_goes_where_it_was_meant(terminal: Open) -> None:
    """Enter opens, Enter follows w5, s and n step: typed before anything of it is shown."""
    program = terminal()
    program.shows("What would you like to see?")
    program.press("\r\rsss")
    program.shows("Chain of ∂E/∂w5 ─ done", "+0.082167041")
    program.press("q")
    assert program.wait() == 0
    assert "scenarios/two_layer.toml --at '#0:16'" in program.after


def test_a_search_an_opening_and_a_question_in_one_burst(terminal: Open) -> None:
    program = terminal()
    program.shows("What would you like to see?")
    program.press("/xor\rg3\rnnH")
    program.shows("What would you like to see?", "RESUME", "You left off here just now.")
    program.press("\r")
    program.shows("xor_2_3_1", "#3:2 ")
    program.press("q")
    assert program.wait() == 0


def test_the_gallery_is_left_with_the_terminal_as_it_was(terminal: Open) -> None:
    program = terminal()
    program.shows("What would you like to see?", "35 values an")
    program.press("jjkG\x1b[6~/0.0554\x1b[B")
    program.shows("2 of 51 fit")
    program.press("\x1b[27u", "q")
    assert program.wait() == 0
    assert program.wrong == [] and "bptui" not in program.after


def test_a_lecture_and_a_reload(terminal: Open, tmp_path: Path) -> None:
    """PgDn as a clicker sends it; an editor saves the file meanwhile, and it is read again by itself."""
    file = tmp_path / "mine.toml"
    text = (Path(__file__).resolve().parents[2] / "scenarios" / "two_layer.toml").read_text("utf-8")
    file.write_text(text, "utf-8")
    program = terminal("--lecture", "--reload", str(file))
    program.shows("PgDn formula", "known to 10000")
    program.press("\x1b[6~ ")
    program.shows("0.150000000 × 0.050000000")
    file.write_text(text.replace("updates       = 10000", "updates       = 500"), "utf-8")
    program.shows(" of 500 updates", "Reloaded mine.toml")
    program.press("q")
    assert program.wait() == 0
