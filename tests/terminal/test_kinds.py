"""Every kind of terminal: it gets the glyphs and the colours that it has, it is left as it was, or it is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.real

TWO_LAYER = "scenarios/two_layer.toml"
PLAIN = {0, 1, 4, 7, 22, 24, 27, 39, 49}            # reset, bold, underline, reverse, and the terminal's own colours
SIXTEEN = PLAIN | set(range(30, 38)) | set(range(40, 48)) | set(range(90, 98)) | set(range(100, 108))
KINDS = ("xterm", "xterm-256color", "xterm-16color", "linux", "vt100", "vt220", "screen", "screen-256color", "tmux",
         "tmux-256color", "rxvt", "xterm-kitty", "nobody-knows-it")
COLOURLESS = ("vt100", "vt220")
ASCII_STREAMS: tuple[dict[str, str], ...] = (
    {"PYTHONIOENCODING": "latin-1"}, {"PYTHONIOENCODING": "ascii"},
    {"PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"},
    {"PYTHONUTF8": "0", "LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0"})
UTF8_STREAMS: tuple[dict[str, str | None], ...] = (
    {"LC_ALL": "C"}, {"LC_ALL": "POSIX"}, {"LC_ALL": "C.UTF-8"}, {"LC_ALL": None}, {"LC_ALL": None, "LANG": "C"},
    {"LC_ALL": "de_XX.nonsense"}, {"PYTHONIOENCODING": "UTF8"}, {"PYTHONUTF8": "1", "LC_ALL": "C"})

Open = Callable[..., Any]


def toured(terminal: Open, ascii: bool, **environment: str | None) -> Any:
    """The first screen, steps, every kind of dialog, and leaving: nothing is left of it, the exit code is 0."""
    slope, times = ("dE/dw5", "*") if ascii else ("∂E/∂w5", "×")
    program = terminal(TWO_LAYER, environment=environment)
    program.shows(f"Enter follow {slope}", "known to 10000")
    program.press("s")
    program.shows("#0:1", "How net_h1 is made", f"w1 {times} i1")
    program.press("\r")
    program.shows(f"Chain of {slope}", "#0:1.1  known")
    for key, sign in ("/", "a number by its digits"), (":", "Search for commands"), ("?", "Esc closes this page"):
        program.press(key)
        program.shows(sign)
        program.press("\x1b")
        program.shows(f"Chain of {slope}", "#0:1.1  known", "? help")
    program.press("sss")
    program.shows("0.741365070", "0.186815602", "0.593269992")
    program.press("q")
    assert program.wait() == 0
    assert program.wrong == []
    assert program.after.splitlines()[-1].endswith(f"bptui {TWO_LAYER} --at '#0:16'")
    if ascii:
        assert bytes(program.written).isascii()
    return program


def colours(program: Any, pseudo: Any) -> set[int]:
    return {int(n or 0) for m in pseudo.COLOUR.finditer(bytes(program.written)) for n in m[1].split(b";")}


@pytest.mark.parametrize("kind", KINDS)
def test_a_terminal_gets_what_it_has(terminal: Open, pseudo: Any, kind: str) -> None:
    program = toured(terminal, kind == "linux", TERM=kind)
    found = colours(program, pseudo)
    assert found <= (PLAIN if kind in COLOURLESS else SIXTEEN), found - SIXTEEN
    assert kind in COLOURLESS or {33, 90} <= found


@pytest.mark.parametrize("environment", [
    {"COLORTERM": "truecolor"}, {"COLORTERM": "24bit", "TERM": "xterm"}, {"COLORTERM": ""}, {"NO_COLOR": ""},
    {"FORCE_COLOR": "1"}], ids=str)
def test_the_terminals_own_colours_whatever_is_said_of_others(terminal: Open, pseudo: Any,
                                                              environment: dict[str, str]) -> None:
    found = colours(toured(terminal, False, **environment), pseudo)
    assert found <= SIXTEEN and {33, 90} <= found


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"NO_COLOR": "0", "COLORTERM": "truecolor"}], ids=str)
def test_no_colour(terminal: Open, pseudo: Any, environment: dict[str, str]) -> None:
    assert colours(toured(terminal, False, **environment), pseudo) <= PLAIN


@pytest.mark.parametrize("environment", ASCII_STREAMS, ids=str)
def test_a_stream_that_cannot_say_it_gets_ascii(terminal: Open, environment: dict[str, str]) -> None:
    toured(terminal, True, **environment)


@pytest.mark.parametrize("environment", UTF8_STREAMS, ids=str)
def test_a_locale_that_python_mends_has_every_glyph(terminal: Open, environment: dict[str, str | None]) -> None:
    toured(terminal, False, **environment)


@pytest.mark.parametrize(("kind", "reason"), [
    ("dumb", "TERM is dumb"), ("unknown", "TERM is unknown"), ("", "TERM is not set"), (None, "TERM is not set")])
@pytest.mark.parametrize("arguments", [(TWO_LAYER,), ()], ids=["scenario", "gallery"])
def test_what_can_do_nothing_is_refused_in_a_line(terminal: Open, arguments: tuple[str, ...], kind: str | None,
                                                  reason: str) -> None:
    program = terminal(*arguments, environment={"TERM": kind})
    assert program.wait() == 2
    said = bytes(program.written).decode()
    assert said.count("\n") == 1 and reason in said and "bptui --plain" in said and "\x1b" not in said
    assert program.wrong == []
