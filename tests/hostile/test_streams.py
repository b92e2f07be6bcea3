"""Streams that are closed, full, of another character set, or read by nobody: one clear line, and the exit code.

Each command is a process of its own. Into a terminal goes no byte that it could obey, whatever the encoding makes of a
text; a pipe gets the encoding that was asked for.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bptui.streams import Guarded, guarded, say

pytestmark = pytest.mark.real

ROOT = Path(__file__).resolve().parents[2]
BPTUI = f"{sys.executable} -W error -m bptui"
FULL = "the output cannot be written: No space left on device"
CLOSED = "the output cannot be written: it is closed"
COMMANDS = {"--version": "--version", "help": "--help", "show help": "show --help", "list": "list",
            "show": "show two_layer E", "json": "show two_layer E --json", "check": "check single_neuron",
            "compare": "compare two_layer two_layer_in_place", "copy": "copy two_layer COPY",
            "plain": "--plain two_layer"}
WRONG = {"a file": "show nothing E", "usage": "show two_layer", "no terminal": "two_layer"}


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": "/nonexistent", **environment}
    return subprocess.run(["bash", "-c", line], cwd=ROOT, env=env, capture_output=True, timeout=120, check=False)


def ended(command: str, streams: str, tmp_path: Path) -> tuple[int, bytes, list[str]]:
    """Exit code, output and the lines of standard error of a command that has `n` to read."""
    (tmp_path / "copy.toml").unlink(missing_ok=True)
    done = shell(f"{BPTUI} {command.replace('COPY', str(tmp_path / 'copy.toml'))} <<<n {streams}")
    return done.returncode, done.stdout, done.stderr.decode().splitlines()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_an_output_that_cannot_be_written(command: str, tmp_path: Path) -> None:
    for streams, reason in ((">/dev/full", FULL), (">&-", CLOSED)):
        assert ended(command, streams, tmp_path) == (2, b"", [f"bptui: {reason}"]), streams
    for streams in (">&- 2>&-", ">/dev/full 2>/dev/full"):
        assert ended(command, streams, tmp_path) == (2, b"", []), streams


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("command", (COMMANDS | WRONG).values(), ids=COMMANDS | WRONG)
def test_errors_that_cannot_be_said(command: str, tmp_path: Path) -> None:
    """The exit code says it, and standard output is as ever: nothing that belongs elsewhere comes there."""
    code, out, said = ended(command, "", tmp_path)
    assert (code, bool(out), bool(said)) == ((2, False, True) if command in WRONG.values() else
                                             (0, True, "--plain" in command))
    for streams in ("2>&-", "2>/dev/full"):
        assert ended(command, streams, tmp_path) == (code, out, []), streams


@pytest.mark.parametrize("command", ["list", "--help", "show wide_784 hidden.weights loss", "check two_layer"])
def test_a_reader_that_leaves(command: str) -> None:
    done = shell(f"{BPTUI} {command} | head -n 1; exit ${{PIPESTATUS[0]}}")
    assert done.returncode in (0, 141) and done.stderr == b"" and done.stdout.count(b"\n") == 1
    done = shell(f"{BPTUI} {command} | true; exit ${{PIPESTATUS[0]}}")
    assert done.returncode in (0, 141) and done.stderr == b""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-16", "utf-16-be", "utf-8:strict"])
def test_a_pipe_gets_the_encoding_that_was_asked_for(encoding: str) -> None:
    for command in ("show two_layer 'd(E, w5)'", "list", "compare two_layer two_layer_in_place", "show two_layer ∂∂"):
        done = shell(f"{BPTUI} {command}", PYTHONIOENCODING=encoding, LC_ALL="C")
        text = (done.stdout + done.stderr).decode(encoding.partition(":")[0])
        assert "Traceback" not in text and text.endswith("\n") and done.returncode == (2 if "∂∂" in command else 0)


def test_a_locale_that_has_only_ascii(tmp_path: Path) -> None:
    for command in (*COMMANDS.values(), *WRONG.values()):
        line = f"{BPTUI} {command.replace('COPY', str(tmp_path / 'copy.toml'))} <<<n"
        done = shell(line, LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0")
        assert (done.stdout + done.stderr).isascii() and b"Traceback" not in done.stderr, done
        assert done.returncode == (2 if command in WRONG.values() else 0)


ODD = 'title = "a\\u009b31mb ›€œ 網 \\u1b5b\\u9b32 é \\u202e"'


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252", "ascii", "utf-16", "utf-32", "utf-7", "cp037",
                                      "iso2022_jp", "hz", "shift_jis", "gb18030"])
def test_no_encoding_makes_a_terminal_obey(encoding: str, terminal: Callable[..., Any], tmp_path: Path) -> None:
    """UTF-16 of U+1B5B is ESC [, cp1252 has › where an 8-bit terminal begins a sequence, ISO 2022 is made of them."""
    file = tmp_path / "odd.toml"
    file.write_text(f"{ODD}\n[equations]\nforward = ['E = W*W']\nloss = 'E'\n[parameters]\nW = 1.5\n", "utf-8")
    for arguments in (("check", str(file)), ("show", str(file), "∂›ab")):
        program = terminal(*arguments, environment={"PYTHONIOENCODING": encoding})
        program.wait()
        written = bytes(program.written).replace(b"\r\n", b"\n")
        assert b"a\\x9b31mb" in written or b"ab" in written
        assert not set(written) & ({*range(0x20), 0x7F} - {0x0A}), written
        if encoding not in ("utf-8",):
            assert not set(written) & set(range(0x80, 0xA0)), written


# in this process

def test_what_is_written_is_shown(escapes: ModuleType, capfdbinary: pytest.CaptureFixture[bytes],
                                  monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes it: a print of our own, argparse, a library that warns."""
    for text in (escapes.CORPUS | escapes.SURROGATES).values():
        with open(1, "w", encoding="utf-8", closefd=False) as stdout:
            monkeypatch.setattr(sys, "stdout", stdout)
            with guarded():
                sys.stdout.write(escapes.marked(text))
                say(escapes.marked(text))
            assert sys.stdout is stdout
        out = capfdbinary.readouterr().out
        assert escapes.in_bytes(out) == [] and out.count(b"Q{") == out.count(b"}Q") == 2
        assert out.count(b"\n") == text.count("\n") + 1


def test_a_failure_is_kept_where_somebody_swallows_it() -> None:
    closed = Guarded(None, needed=True)
    with pytest.raises(OSError, match="it is closed"):
        print("x", file=closed)
    assert closed.failure is not None and not closed.isatty()
    closed.end()
    unheard = Guarded(None, needed=False)
    print("x", file=unheard)
    assert unheard.failure is not None
