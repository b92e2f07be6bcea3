"""Real terminals: a hostile scenario under a hostile path, stepped, asked, pasted into and left.

The same keys go to a harmless one first. Whatever sequence the hostile run writes that the harmless one does not is
foreign: a title, a mode, a clipboard, a question to the terminal. The corpus itself shows that the judge finds it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.real

PASTE = b"\x1b[200~%s\x1b[201~"
SCENARIO = """
title = {text}
about = {text}
source = {text}
[equations]
forward = ["s = X1*W1 + b", "E = s*s"]
loss = "E"
[parameters]
W1 = 0.5
b = 1.83
[values]
X1 = 0.1
[training]
learning_rate = 0.1
updates = 3
[[claims]]
what = "s"
value = "9"
erratum = "1.88"
why = {text}
"""


def toml(text: str) -> str:
    return '"' + "".join(c if (c.isalnum() and c.isascii()) or c == " " else f"\\U{ord(c):08x}" for c in text) + '"'


def written(folder: Path, text: str, name: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name.replace('/', '_').replace(chr(0), '')}.toml"
    path.write_text(SCENARIO.format(text=toml(text)), "utf-8")
    return path


def test_the_judge_finds_every_sequence(escapes: ModuleType) -> None:
    """What the corpus holds would be found on a terminal, but for text that a terminal only shows."""
    harmless = b"\x1b[?1049h\x1b[?25l\x1b[1;1H\x1b[0mx\x1b[1;31mx\x1b[?25h\x1b[?1049l"
    assert escapes.foreign(harmless, harmless) == []
    assert escapes.foreign(b"\x1b[7;9H\x1b[1;32mab\r\n", harmless) == []
    for name, text in (escapes.CONTROLS | escapes.SEQUENCES | escapes.HIDDEN).items():
        if name not in ("c0_0a", "c0_0d", "newline", "carriage_return", "crlf"):
            found = escapes.foreign(harmless + text.encode() + b" end", harmless)
            assert found, name


def session_with(terminal: Callable[..., Any], escapes: ModuleType, folder: Path, text: str, name: str) -> Any:
    """Open, step, show every list, ask, paste, search in the palette, get help, copy, and leave."""
    path = written(folder, text, name)
    program = terminal(str(path), size=(120, 40), environment={"XDG_STATE_HOME": str(folder / "state"),
                                                               "XDG_CONFIG_HOME": str(folder / "config")})
    program.shows("? help")
    program.press("s")
    program.shows("W1")
    program.press("s", "6", "s", "n")
    program.quiet()
    pasted = PASTE % text.replace("\x1b[201~", "").encode("utf-8", "surrogateescape")
    for key in ("/", "g", "b"):
        program.press(key)
        program.quiet()
        program.press(pasted)
        program.quiet()
        program.press("\r")
        program.quiet()
    program.press("\x1bOQ")                             # F2: the palette
    program.shows("▔▔▔", "Search for commands")
    program.press(pasted)
    program.until(lambda: "Search for commands" not in program.text, "what is pasted")
    program.press("\x1b")
    program.until(lambda: "▔▔▔" not in program.text, "the screen without the palette")
    program.press("?")
    program.until(lambda: "? help  s" not in program.text, "the help")
    program.press("\x1b")
    program.shows("? help  s")
    program.press("q")
    assert program.wait() == 0, program.after
    return program


TEXTS = ("title", "clipboard", "mouse", "clear_8_bit", "attributes_asked", "window", "application")


def test_a_debugger_that_nobody_can_talk_through(escapes: ModuleType, terminal: Callable[..., Any],
                                                tmp_path: Path) -> None:
    plain = session_with(terminal, escapes, tmp_path / "plain", "Q{harmless}Q", "Q{harmless}Q")
    harmless = bytes(plain.written)
    assert plain.wrong == [] and len(escapes.shapes(harmless)) > 10
    for text in (" ".join(escapes.marked(escapes.SEQUENCES[name]) for name in TEXTS),
                 escapes.marked("".join(escapes.HIDDEN.values())) + escapes.marked(escapes.MISPLACED["family"])):
        program = session_with(terminal, escapes, tmp_path / "hostile", text, escapes.marked(text[:40]))
        assert escapes.foreign(bytes(program.written), harmless) == []
        assert program.wrong == [] and program.picture.title == plain.picture.title     # of the pointer's shape
        assert "bptui " in program.after and "Q{" in program.after      # the line that opens it again


@pytest.mark.parametrize("arguments", [("check",), ("show", "E"), ("show", "nothing"), ("--plain",), ("copy",)])
def test_commands_in_a_terminal(arguments: tuple[str, ...], escapes: ModuleType, terminal: Callable[..., Any],
                                tmp_path: Path) -> None:
    """Not one sequence, in titles, paths and what is typed; nothing that the terminal would answer."""
    text = " ".join(escapes.marked(text) for text in escapes.SEQUENCES.values())
    path = written(tmp_path, text, escapes.marked(escapes.SEQUENCES["title"] + "\x9b2J\u202e"))
    program = terminal(arguments[0], str(path), *arguments[1:])
    if arguments[0] == "--plain":
        program.until(lambda: b"(bptui)" in program.written, "the prompt")
        program.press("s\n", "printed\n", "q\n")
    program.wait()
    written_ = bytes(program.written).replace(b"\r\n", b"\n")
    assert escapes.SEQUENCE.findall(written_) == [] and escapes.in_bytes(written_.replace(b"\r", b"")) == []
    assert b"Q{" in written_ or arguments == ("show", "E")
    assert (program.wrong, program.picture.title) == ([], "")
