"""The real program through a real OpenSSH server: it steps, the link is cut, somebody logs in again and goes on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pytest

pytestmark = pytest.mark.real

TWO_LAYER = str(Path(__file__).resolve().parents[2] / "scenarios" / "two_layer.toml")
MEDIAN, WORST = 2048, 6144                          # bytes for a step at 80x24: design, section 12
SOON = 5.0                                          # seconds in which a program whose link was cut has ended
CPU = 10.0                                          # and what all of it may have taken: a busy loop takes all there is

Open = Callable[..., Any]


def known(program: Any, updates: int = 10000) -> Any:
    """At rest: all of the run is known."""
    program.shows(f"known to {updates}")
    return program


@pytest.mark.parametrize(("environment", "sign"), [({}, "∂E/∂w5"), ({"TERM": "xterm", "LC_ALL": None}, "∂E/∂w5"),
                                                   ({"TERM": "linux"}, "dE/dw5")])
def test_it_opens_steps_and_leaves(terminal: Open, server: Any, environment: dict[str, str | None], sign: str) -> None:
    """With the terminal's name and nothing of its locale: that is what a server gives as it is delivered."""
    login = server.login(TWO_LAYER)
    program = known(terminal(command=login.command, environment=environment))
    program.press("s")
    program.shows("1/35", "How net_h1 is made")
    program.press("n", "\r")
    program.shows(f"following {sign}", f"Chain of {sign}")
    program.press("s", "s", "s")
    program.shows("0.741365070", "0.186815602", "0.593269992")
    program.press("?")
    program.shows("Esc")
    program.press("\x1b")                           # alone: the longest that it waits for more is a quarter of a second
    program.shows("0.741365070")
    program.press("q")
    assert program.wait() == 0
    assert program.wrong == []
    assert program.after.splitlines()[-1].endswith(f"bptui {TWO_LAYER} --at '#0:16'")
    found = login.ended()
    assert found["code"] == 0
    there = found["environment"]
    assert there["TERM"] == environment.get("TERM", "xterm-256color") and there["SSH_CONNECTION"]
    assert there["LC_ALL"] is there["LANG"] is None


def test_a_terminal_that_can_do_nothing_is_refused_through_it(terminal: Open, server: Any) -> None:
    program = terminal(command=server.login(TWO_LAYER).command, environment={"TERM": "dumb"})
    assert program.wait() == 2
    said = bytes(program.written).decode()
    assert said.count("\n") == 1 and "TERM is dumb" in said and "\x1b" not in said


@pytest.mark.parametrize("ignored", [0, signal.SIGHUP], ids=["plain", "nohup"])
@pytest.mark.parametrize("cut", ["client", "server", "client that hangs"])
def test_a_cut_link_ends_it_and_the_next_login_goes_on(terminal: Open, server: Any, cut: str, ignored: int) -> None:
    login = server.login(TWO_LAYER, ignored=int(ignored))
    program = known(terminal(command=login.command))
    program.press("g", "#120:4\r", "w", "w5\r", "\r", "s")
    program.shows("following ∂E/∂w5", "#120:12  known to")
    if cut == "client that hangs":                  # a link that takes nothing any more, and is lost then
        program.send(signal.SIGSTOP)
    began = time.monotonic()
    if cut == "server":
        os.kill(login.look()["server"], signal.SIGKILL)
    else:
        program.send(signal.SIGKILL)
    program.wait()
    found = login.ended()
    assert found["code"] == 129
    assert time.monotonic() - began < SOON and found["cpu"] < CPU
    again = terminal(command=server.login(TWO_LAYER).command)
    known(again)
    again.shows("following ∂E/∂w5", "#120:12  known to", "Where you left off just now. - goes back. With 1 watch.")
    again.press("s")
    again.shows("#120:14  known to")
    again.press("q")
    assert again.wait() == 0
    assert again.wrong == []


def test_a_link_that_is_cut_in_a_search(terminal: Open, server: Any, long_run: Path) -> None:
    login = server.login(str(long_run))
    program = known(terminal(command=login.command), 400000)
    program.press("n", "/")
    program.shows("a number by its digits")
    program.press("0.123456789\r")
    program.shows("Searching for 0.123456789")
    program.send(signal.SIGKILL)
    program.wait()
    assert login.ended()["code"] == 129
    again = known(terminal(command=server.login(str(long_run)).command), 400000)
    again.shows("#0:1  known", "Where you left off just now.")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_on_the_server_leaves_the_clients_terminal_as_it_was(terminal: Open, server: Any, number: int) -> None:
    login = server.login(TWO_LAYER)
    program = known(terminal(command=login.command))
    os.kill(login.look()["pid"], number)
    assert program.wait() == 128 + number
    assert program.wrong == []


def test_sizes_go_through(terminal: Open, server: Any) -> None:
    program = known(terminal(command=server.login(TWO_LAYER).command))
    program.press("g", "#7:6\r")
    program.shows("#7:6  known")
    program.quiet(0.3)
    before = program.text
    for size, sign in (((120, 40), "─ change ─"), ((50, 10), "This window is 50 x 10."), ((200, 60), "─ Printed ─"),
                       ((80, 14), "#7:6/35")):
        program.resize(*size)
        program.shows(sign)
    program.resize(80, 24)
    program.until(lambda: program.text == before, "the first screen")
    program.press("q")
    assert program.wait() == 0
    assert program.wrong == []


def test_two_logins_on_one_scenario(terminal: Open, server: Any) -> None:
    """The first one's session is saved, also when the second one's link is cut; then the next one has it."""
    logins = [server.login(TWO_LAYER) for _ in range(3)]
    first = known(terminal(command=logins[0].command))
    first.press("g", "#7\r")
    first.shows("#7:0  known")
    second = known(terminal(command=logins[1].command))
    second.shows("This session is not saved: the scenario is open in another bptui")
    second.press("g", "#9:9\r")
    second.shows("#9:9  known")
    second.send(signal.SIGKILL)
    second.wait()
    assert logins[1].ended()["code"] == 129
    first.press("n")
    first.shows("#7:1  known")
    first.send(signal.SIGKILL)
    first.wait()
    assert logins[0].ended()["code"] == 129
    third = known(terminal(command=logins[2].command))
    third.shows("#7:1  known", "Where you left off just now.")
    third.press("n")
    third.shows("#7:2  known")
    assert "not saved" not in third.text


def test_a_step_sends_little_through_it(terminal: Open, server: Any) -> None:
    program = known(terminal(command=server.login(TWO_LAYER).command))
    program.quiet(0.3)
    for keys, count in ("sn", 15), ("\t", 8), ("SN", 5):
        sizes: list[int] = []
        for key in keys * count:
            program.press(key)
            read = program.read(5)
            assert read
            sizes.append(len(read) + len(program.quiet(0.1)))
        assert median(sizes) <= MEDIAN, (keys, sizes)
        assert max(sizes) <= WORST, (keys, sizes)


def test_the_screen_has_come_whole_after_a_flood_of_keys(terminal: Open, server: Any) -> None:
    """What many steps at once made is what the same steps one at a time make."""
    program = known(terminal(command=server.login(TWO_LAYER).command))
    program.flood(b"nnsf\r" + 40 * b"sn" + 20 * b"S" + b"g#3:14\r")
    program.shows("#3:14  known")
    program.quiet(0.3)
    piecewise = program.text
    program.resize(100, 30)
    program.until(lambda: len(program.line(2)) == 100, "the new size")
    program.resize(80, 24)
    program.until(lambda: program.text == piecewise, "the same screen, drawn anew")
