"""Sessions of the real program: whatever ends it, the next one goes on where it was."""

from __future__ import annotations

import random
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bptui.debugger.saved.files import load, session_path
from bptui.debugger.state.saved import Saved, SavedStop, write

pytestmark = pytest.mark.real

TWO_LAYER = "scenarios/two_layer.toml"
KILLS = 50
AGE = 1.0                                           # seconds that a session may be behind what was shown
PLACE = re.compile(r"#(\d+):(\d+)(?:\.(\d+))?  known to")

LONG = """
[equations]
forward = ["y = w*x", "E = (y - 1)**2"]
loss = "E"
[parameters]
w = 0.5
[values]
x = 2
[training]
learning_rate = 0.1
updates = 1_000_000_000
"""

Open = Callable[..., Any]


def place(program: Any) -> tuple[int, ...] | None:
    """The position on the screen, as (update, value)."""
    found = PLACE.search(program.text)
    return (int(found[1]), int(found[2])) if found else None


def saved(state: Path) -> Any:
    (file,) = (state / "bptui" / "sessions").glob("*.json")
    return load(file)


def opened(terminal: Open, state: Path, *arguments: str) -> Any:
    program = terminal(TWO_LAYER, *arguments, environment={"XDG_STATE_HOME": str(state)})
    program.until(lambda: place(program) is not None and "known to 10000" in program.text, "the first screen")
    return program


def test_killed_at_any_moment_it_goes_on_where_it_was(terminal: Open, tmp_path: Path) -> None:
    """Fifty times kill -9, at random moments of stepping: the file is whole, and at most a second behind."""
    chance = random.Random(9)
    program = opened(terminal, tmp_path)
    program.press("b", "E < 0.29\r", "w", "w5\r")
    program.shows("Watching w5")
    before: tuple[int, ...] | None = None
    for kill in range(KILLS):
        if kill:
            program = opened(terminal, tmp_path)
            assert place(program) == before, f"kill {kill}"
        shown = [(time.monotonic(), place(program))]
        end = shown[0][0] + (chance.uniform(0, 0.3) if kill % 5 else chance.uniform(1.0, 1.6))
        while time.monotonic() < end:
            program.press("n")
            program.read(0.02)
            shown.append((time.monotonic(), place(program)))
        program.send(signal.SIGKILL)
        killed = time.monotonic()
        assert program.wait() == -signal.SIGKILL
        program.close()
        found = saved(tmp_path)
        assert found.note == "" and len(found.saved.stops) == len(found.saved.watches) == 1
        before = tuple(int(n) for n in found.saved.position.removeprefix("#").split(".")[0].split(":"))
        old_enough = [at for when, at in shown if when < killed - AGE and at is not None]
        assert not old_enough or before >= old_enough[-1], f"kill {kill}: {before} is older than a second"
    assert before is not None and before > (0, 30)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP, None], ids=["terminated", "hung up", "link lost"])
def test_it_goes_on_where_it_was_ended(terminal: Open, tmp_path: Path, end: int | None) -> None:
    program = opened(terminal, tmp_path)
    program.press("g", "#120:14\r")
    program.shows("#120:14  known")
    if end is None:
        program.hang_up()
    else:
        program.send(end)
    program.wait()
    again = opened(terminal, tmp_path)
    again.shows("#120:14  known", "Where you left off just now. - goes back.")
    again.press("-")
    again.shows("#0:0  known", "You are before the first of 35 values")
    again.press("q")
    assert again.wait() == 0


def test_fresh_begins_anew_and_at_begins_there(terminal: Open, tmp_path: Path) -> None:
    program = opened(terminal, tmp_path)
    program.press("b", "E < 0.001\r", "c")
    program.shows("Stopped: stop 1, E < 0.001. Hit 1 of 8,913.")
    program.press("q")
    assert program.wait() == 0
    for arguments, where in (((), "#1088:11"), (("--at", "d(E, w1)"), "#0:24"), (("--fresh",), "#0:0")):
        program = opened(terminal, tmp_path, *arguments)
        program.shows(f"{where}  known")
        program.press("B")
        program.shows("No stop is set yet" if arguments == ("--fresh",) else "1 E < 0.001")
        program.send(signal.SIGKILL)
        program.wait()
        if arguments == ():                         # where it was, not where --at went
            assert saved(tmp_path).saved.position == "#1088:11"


OPEN = "the scenario is open in another bptui"


def test_a_second_one_on_the_same_scenario_saves_nothing_and_says_so(terminal: Open, tmp_path: Path) -> None:
    first = opened(terminal, tmp_path)
    for keys, said in ((("n",) * 9, "#0:9  known"), (("w", "w1\r"), "Watching w1"), (("m", "q"), "This place is q")):
        first.press(*keys)
        first.shows(said)
    first.until(lambda: saved(tmp_path).saved.marks, "the mark is saved")
    second = opened(terminal, tmp_path)
    second.shows(OPEN, "#0:9  known")
    second.press("n")
    second.shows("#0:10  known", "NOT SAVED")
    assert OPEN not in second.text
    first.press("q")
    assert first.wait() == 0 and "not saved" not in first.after
    second.press("n")                               # nor when it is alone
    second.shows("#0:11  known", "NOT SAVED")
    second.press("q")
    assert second.wait() == 0                       # that was so from the start
    assert OPEN in second.after
    kept = saved(tmp_path).saved
    assert (kept.position, kept.watches, [mark[0] for mark in kept.marks]) == ("#0:9", ("w1",), ["q"])


def test_a_killed_one_lets_its_session_go(terminal: Open, tmp_path: Path) -> None:
    first, second = opened(terminal, tmp_path), opened(terminal, tmp_path)
    second.shows(OPEN)
    first.send(signal.SIGKILL)
    first.wait()
    third = opened(terminal, tmp_path)
    third.press("n")
    third.shows("#0:1  known")
    assert "NOT SAVED" not in third.text
    third.press("H")
    third.shows("RESUME")
    third.press("\r")
    third.shows("#0:1  known", "Where you left off just now")
    third.press("n")
    third.shows("#0:2  known")
    assert "NOT SAVED" not in third.text
    third.press("q")
    assert third.wait() == 0 and saved(tmp_path).saved.position == "#0:2"


@pytest.mark.parametrize("by_the_gallery", [False, True])
def test_what_could_not_be_saved_is_said_again_on_leaving(by_the_gallery: bool, terminal: Open,
                                                          tmp_path: Path) -> None:
    """Nothing can be written any more, since there is a file where the folder was."""
    program = opened(terminal, tmp_path)
    folder = tmp_path / "bptui" / "sessions"
    folder.rename(tmp_path / "bptui" / "away")
    folder.write_text("in the way")
    program.press("n")
    program.shows("NOT SAVED", "This session is not saved: Not a directory.")
    program.press("n")
    program.shows("#0:2  known", "NOT SAVED")
    assert "Not a directory" not in program.text
    if by_the_gallery:
        program.press("H")
        program.shows("two_layer: This session is not saved: Not a directory.")
    program.press("q")
    assert program.wait() == 1
    assert "bptui: two_layer: This session is not saved: Not a directory." in program.after


def test_a_broken_session_is_said_and_set_aside(terminal: Open, tmp_path: Path) -> None:
    program = opened(terminal, tmp_path)
    program.press("n")
    program.shows("#0:1  known")
    program.press("q")
    program.wait()
    (file,) = (tmp_path / "bptui" / "sessions").glob("*.json")
    file.write_bytes(b"\x00\xff\x1b[2J = [")
    program = opened(terminal, tmp_path)
    program.shows("cannot be read")
    program.press("n", "n")
    program.shows("#0:2  known")
    program.press("q")
    assert program.wait() == 0
    assert saved(tmp_path).saved.position == "#0:2"
    assert any(p.name.endswith(".json.bad") and p.read_bytes() == b"\x00\xff\x1b[2J = ["
               for p in file.parent.iterdir())


def test_a_session_far_into_a_huge_run_opens_at_once(terminal: Open, tmp_path: Path) -> None:
    """It is run on to with the screen open; who stops that loses nothing."""
    scenario = tmp_path / "long.toml"
    scenario.write_text(LONG, "utf-8")
    path = session_path(scenario, {"XDG_STATE_HOME": str(tmp_path)})
    assert path is not None
    path.parent.mkdir(parents=True)
    kept = Saved(scenario=str(scenario), position="#900000000:2", watches=("w@800000000",),
                 stops=(SavedStop(1, "E < w@700000000"),))
    path.write_text(write(kept), "ascii")
    program = terminal(str(scenario), environment={"XDG_STATE_HOME": str(tmp_path)})
    program.shows("Running on: after", "of 900,000,000 updates", "#0:0  known")
    program.press("\x03")
    program.shows("you are where you were")
    program.press("w", "w@600000000\r")
    program.shows("of 600,000,000 updates")
    program.press("\x03")
    program.shows("you are where you were")
    program.press("w", "w@2000000000\r")
    program.shows("The run ends after 1,000,000,000 updates")
    program.press("n", "q")
    assert program.wait() == 0
    found = saved(tmp_path).saved
    assert (found.watches, found.stops, found.past[-1]) == (kept.watches, kept.stops, "A #900000000:2")


def test_a_long_way_without_a_screen_says_how_far_it_is_and_is_stopped_by_ctrl_c(terminal: Open,
                                                                                 tmp_path: Path) -> None:
    scenario = tmp_path / "long.toml"
    scenario.write_text(LONG, "utf-8")
    program = terminal("show", str(scenario), "w", "--at", "1000000000")
    program.shows("of 1,000,000,000 updates … Ctrl-C ends it")
    program.press("\x03")
    assert program.wait() == 130
    program = terminal("--plain", str(scenario))
    program.shows("(bptui)")
    for verb in ("watch w@900000000", "g #900000000", "hits w@900000000", "e w = w@900000000"):
        program.press(f"{verb}\r")
        program.shows("of 900,000,000 updates")
        program.press("\x03")
        program.until(lambda: program.text.rstrip().endswith("you are where you were.\n(bptui)"), verb)
