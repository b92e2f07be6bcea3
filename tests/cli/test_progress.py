"""How far a check has come: a line on a terminal that is rewritten, and gone in the end; and Ctrl-C."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from bptui import streams
from bptui.cli import main
from bptui.explain import check

pytestmark = pytest.mark.real

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def progress(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO) -> streams.ProgressLine:
    monkeypatch.setattr("sys.stderr", streams.Guarded(stream, needed=False))
    monkeypatch.setattr(streams, "QUIET", 0.0)
    monkeypatch.setattr(streams, "BETWEEN", 0.0)
    return streams.ProgressLine()


def seen(text: str) -> str:
    """What a terminal shows of one line that is written again and again."""
    line: list[str] = []
    at = 0
    for c in text:
        if c == "\r":
            at = 0
            continue
        line[at:at + 1] = [c]
        at += 1
    return "".join(line).rstrip()


def test_the_line_is_rewritten_and_nothing_is_left_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    with progress(monkeypatch, stream) as line:
        line.tell("two_layer", "differences of hidden.weights", 3, 1200)
        assert seen(stream.getvalue()) == "two_layer: differences of hidden.weights, 3 of 1,200"
        line.tell("two_layer", "replay", 1, 2)
        assert seen(stream.getvalue()) == "two_layer: replay, 1 of 2"
    assert seen(stream.getvalue()) == "" and "\n" not in stream.getvalue()


def test_a_line_is_never_longer_than_the_terminal_and_obeys_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    stream = Terminal()
    with progress(monkeypatch, stream) as line:
        line.tell("\x1b[2Jname", "w" * 90, 0, 1)
        assert len(seen(stream.getvalue())) == 19 and "\x1b" not in stream.getvalue()
    assert seen(stream.getvalue()) == ""


def test_nothing_is_written_where_nobody_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    with progress(monkeypatch, stream) as line:
        line.tell("two_layer", "replay", 1, 2)
    assert stream.getvalue() == ""


def test_what_is_quick_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    line = progress(monkeypatch, stream)
    monkeypatch.setattr(streams, "QUIET", 1e9)
    with line:
        line.tell("two_layer", "replay", 1, 2)
    assert stream.getvalue() == ""


@pytest.mark.parametrize("as_json", [False, True])
def test_ctrl_c_ends_with_what_is_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    def interrupted(*given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(check, "check_lemmas", interrupted)
    names = [str(SCENARIOS / f"{name}.toml") for name in ("two_layer", "single_neuron")]
    assert main(["check", *names, *(["--json"] if as_json else [])]) == 130
    said = capsys.readouterr()
    assert said.err == ""
    if as_json:
        found = json.loads(said.out)["scenarios"]
        assert [one["scenario"] for one in found] == ["two_layer"] and found[0]["complete"] is False
        assert len(found[0]["claims"]) == 31 and all(row["ok"] for row in found[0]["gradients"])
    else:
        lines = said.out.splitlines()
        assert "  claims     31 figures: 26 agree, 1 last digit, 4 known errata" in lines
        assert "  gradients  right in 2 tensors (differences, 50 digits)" in lines
        assert "  stopped: the rest was not looked at" in lines and not any("single_neuron" in x for x in lines)
