"""The real program in a real tmux and in a real GNU screen: panes that are split, detached and killed under it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.real

TWO_LAYER = "scenarios/two_layer.toml"
FLAGS = ("alternate_on", "cursor_flag", "wrap_flag", "mouse_any_flag", "keypad_flag", "keypad_cursor_flag")
LEFT = ["0", "1", "1", "0", "0", "0"]               # what tmux says of a pane in which nothing has been changed
ROOT = Path(__file__).resolve().parents[2]

Open = Callable[..., Any]


@pytest.fixture
def tmux(multiplexers: Any, needs: Callable[..., None]) -> Iterator[Any]:
    needs("tmux")
    one = multiplexers.Tmux()
    yield one
    one.close()


@pytest.fixture
def screen(multiplexers: Any, needs: Callable[..., None]) -> Iterator[Any]:
    """GNU screen as it comes: what it shows stays when a program has ended."""
    needs("screen")
    one = multiplexers.Screen()
    yield one
    one.close()


@pytest.fixture
def there(tmp_path: Path) -> tuple[str, ...]:
    """What comes before a command in a window: its environment is the server's, not that of a pseudo-terminal."""
    return ("env", f"PYTHONPATH={ROOT}", f"XDG_STATE_HOME={tmp_path}", "LC_ALL=C.UTF-8", "PS1=$ ", "ENV=")


@pytest.fixture
def bptui(pseudo: Any, sshd: Any, tmp_path: Path, there: tuple[str, ...]) -> Callable[..., Any]:
    """A command that runs bptui, and a file that says how it ended, as for a login."""
    made: list[Any] = []

    def one(scenario: str = TWO_LAYER) -> Any:
        record = tmp_path / f"window{len(made)}.json"
        made.append(sshd.Login((*there, pseudo.BPTUI[0], str(sshd.REMOTE), str(record), "0", *pseudo.BPTUI, scenario),
                               record))
        return made[-1]
    return one


def same(tmux: Any, client: Any) -> bool:
    """Whether a client shows the pane as it is; its last row is tmux's own."""
    return client.text.splitlines()[:24] == tmux.text.splitlines()


# tmux

def in_tmux(terminal: Open, tmux: Any, *command: str, size: tuple[int, int] = (80, 25)) -> Any:
    """A client, which leaves one row less than its own to the program; without a command, one that comes back."""
    tmux.clients.append(terminal(command=tmux.client(*command), size=size))
    return tmux.clients[-1]


def at_rest(terminal: Open, tmux: Any, window: Any) -> Any:
    client = in_tmux(terminal, tmux, *window.command)
    tmux.shows("known to")
    return client


def test_tmux_it_opens_steps_and_asks(terminal: Open, tmux: Any, bptui: Callable[..., Any]) -> None:
    client = at_rest(terminal, tmux, bptui())
    for key, *signs in (("s", "1/35", "How net_h1 is made"), ("n", "0.377500000   ="), ("\r", "following ∂E/∂w5"),
                        ("sss", "0.741365070", "0.186815602", "0.593269992"), ("?", "Esc"), ("q", "0.741365070"),
                        (":", "Search for commands"), ("\x1b[27u", "0.741365070"), ("/", "a number by its digits"),
                        ("0.0554\r", "0.0554 is ")):
        client.press(key)
        tmux.shows(*signs)
        client.until(lambda: same(tmux, client), "what the pane holds")
    assert tmux.flags(*FLAGS)[:2] == ["1", "0"]


@pytest.mark.parametrize("name", ["screen", "screen-256color", "tmux", "tmux-256color", "xterm-256color"])
def test_tmux_by_any_name(terminal: Open, tmux: Any, bptui: Callable[..., Any], name: str) -> None:
    tmux.set(f"-g default-terminal {name}")
    window = bptui()
    client = at_rest(terminal, tmux, window)
    assert window.look()["environment"]["TERM"] == name
    client.press("n\r")
    tmux.shows("following ∂E/∂w5")
    client.until(lambda: same(tmux, client), "what the pane holds")


def test_tmux_leaving_gives_the_shell_its_screen_back(terminal: Open, tmux: Any, pseudo: Any,
                                                          there: tuple[str, ...]) -> None:
    client = in_tmux(terminal, tmux, *there, "sh")
    tmux.shows("$")
    before = tmux.flags(*FLAGS)
    assert before == LEFT
    client.press("echo be''fore\r")
    tmux.shows("\nbefore\n")
    client.press(f"{' '.join(pseudo.BPTUI)} {TWO_LAYER}\r")
    tmux.shows("known to 10000")
    client.press("n")
    tmux.shows("1/35")
    client.press("q")
    tmux.shows("\nbefore\n", f"\nbptui {TWO_LAYER} --at '#0:1'\n$")
    assert "net_h1" not in tmux.text
    assert tmux.flags(*FLAGS) == LEFT


def test_tmux_detached_and_attached_it_is_whole(terminal: Open, tmux: Any, bptui: Callable[..., Any]) -> None:
    first = at_rest(terminal, tmux, bptui())
    first.press("nn\r")
    tmux.shows("2/35", "following ∂E/∂w5")
    before = tmux.text
    tmux.do("detach-client")
    assert first.wait() == 0 and first.wrong == []
    tmux.do("send-keys", "-t", "0", "s")            # nobody looks
    tmux.shows("12/35")
    second = in_tmux(terminal, tmux)
    second.until(lambda: same(tmux, second), "what the pane holds")
    second.press("S")
    tmux.shows("#0:2  known")
    second.until(lambda: same(tmux, second), "what the pane holds")
    assert tmux.text.splitlines()[:20] == before.splitlines()[:20]
    third = in_tmux(terminal, tmux, size=(120, 41))     # another size, in the middle of it
    tmux.do("detach-client", "-t", tmux.do("list-clients", "-F", "#{client_tty} #{client_width}").split()[0])
    tmux.shows("─ change ─")
    third.until(lambda: third.text.splitlines()[:40] == tmux.text.splitlines(), "what the pane holds")


@pytest.mark.parametrize("keys", ["/", "?", ":", "search", ""])
def test_tmux_split_and_resized_whatever_is_open(terminal: Open, tmux: Any, bptui: Callable[..., Any], long_run: Path,
                                                 keys: str) -> None:
    client = at_rest(terminal, tmux, bptui(str(long_run)))
    tmux.shows("known to 400000")
    client.press("nn")
    tmux.shows("2/35")
    if keys == "search":
        client.press("/0.123456789\r")
        tmux.shows("Searching for 0.123456789")
    else:
        client.press(keys)
    tmux.do("split-window", "-h", "-t", "0:0.0", "cat")
    if keys in ("", "search"):
        tmux.shows("bptui needs 60 x 10.")
    for words in (("resize-pane", "-x", "10"), ("resize-pane", "-x", "1"), ("resize-pane", "-x", "70")):
        tmux.do(*words, "-t", "0:0.0")
    tmux.do("split-window", "-v", "-t", "0:0.0", "cat")
    tmux.do("kill-pane", "-t", "0:0.1")
    tmux.do("kill-pane", "-t", "0:0.1")
    if keys == "search":
        client.press("\x03")
        tmux.shows("stopped")
    else:
        client.press("\x1b[27u")
    client.press("n")
    tmux.shows("3/35", "out_h1")
    client.until(lambda: same(tmux, client), "what the pane holds")


@pytest.mark.parametrize("end", ["kill-pane", "kill-server", "client"])
def test_tmux_killed_it_ends_and_goes_on_later(terminal: Open, tmux: Any, tmp_path: Path, bptui: Callable[..., Any],
                                              end: str) -> None:
    window = bptui()
    client = at_rest(terminal, tmux, window)
    client.press("g#120:4\r\rs")
    tmux.shows("#120:12  known")
    if end == "client":                             # the link to tmux is lost: that is what it is for
        client.hang_up()
        client.wait()
        tmux.do("send-keys", "-t", "0", "s")
        tmux.shows("#120:14  known")
        return
    tmux.do(end)
    found = window.ended()
    assert found["code"] == 129 and found["cpu"] < 10
    client.wait()
    again = terminal(TWO_LAYER, environment={"XDG_STATE_HOME": str(tmp_path)})
    again.shows("#120:12  known", "following ∂E/∂w5", "Where you left off just now.")


def test_tmux_has_what_is_copied(terminal: Open, tmux: Any, bptui: Callable[..., Any]) -> None:
    tmux.set("-s set-clipboard on")
    client = at_rest(terminal, tmux, bptui())
    client.press("nnjjy")
    tmux.shows("Copied w7 = 0.5.")
    assert tmux.do("show-buffer") == "0.5"


def test_tmux_an_escape_and_a_key_behind_it(terminal: Open, tmux: Any, bptui: Callable[..., Any]) -> None:
    """tmux keeps an Esc for half a second, and hands it on with the key that comes meanwhile, as Alt would come."""
    client = at_rest(terminal, tmux, bptui())
    client.press("/")
    tmux.shows("a number by its digits")
    client.press("12\x1b")                          # alone
    tmux.shows("? help")
    for key, sign in ("n", "1/35"), ("n", "2/35"), ("N", "1/35"), ("\r", "following ∂E/∂w5"), (":", "Search for"):
        client.press("/")
        tmux.shows("a number by its digits")
        client.press("12\x1b" + key)
        tmux.shows(sign)
        assert "a number by its digits" not in tmux.text


# GNU screen

def in_screen(terminal: Open, screen: Any, *command: str) -> Any:
    return terminal(command=screen.client(*command), environment=screen.environment)


def test_screen_it_opens_steps_asks_and_leaves(terminal: Open, screen: Any, pseudo: Any,
                                                there: tuple[str, ...]) -> None:
    """Nothing of it is left behind, although GNU screen has no second screen to come back from."""
    client = in_screen(terminal, screen, *there, "sh")
    client.shows("$")
    client.press(f"{' '.join(pseudo.BPTUI)} {TWO_LAYER}\r")
    client.shows("known to 10000")
    for key, *signs in (("s", "1/35", "How net_h1 is made"), ("n", "0.377500000   ="), ("\r", "following ∂E/∂w5"),
                        ("sss", "0.741365070", "0.186815602", "0.593269992"), ("?", "Esc"), ("q", "0.741365070"),
                        (":", "Search for commands"), ("\x1b[27u", "0.741365070"), ("/", "a number by its digits"),
                        ("0.0554\r", "0.0554 is ")):
        client.press(key)
        client.shows(*signs)
    client.press("q")
    client.shows("--at '#0:20.1'\n$")
    assert [line for line in client.text.splitlines() if line] == [f"bptui {TWO_LAYER} --at '#0:20.1'", "$"]
    client.press("exit\r")
    assert client.wait() == 0 and client.wrong == []


def test_screen_detached_and_attached_it_is_whole(terminal: Open, screen: Any, bptui: Callable[..., Any]) -> None:
    first = in_screen(terminal, screen, *bptui().command)
    first.shows("known to 10000")
    first.press("nn\r")
    first.shows("2/35", "following ∂E/∂w5")
    first.quiet(0.3)
    before = first.text
    screen.do("detach")
    assert first.wait() == 0 and first.wrong == []
    second = in_screen(terminal, screen)
    second.until(lambda: second.text == before, "the same screen")
    second.until(lambda: second.catches(signal.SIGWINCH), "GNU screen's wish to know of sizes")
    second.resize(120, 40)
    second.shows("─ change ─")
    second.resize(80, 24)
    second.until(lambda: second.text == before, "the same screen")
    screen.do("split")
    screen.do("split")                              # five rows are too few
    second.shows("bptui needs 60 x 10.")
    screen.do("only")
    second.until(lambda: second.text == before, "the same screen")


@pytest.mark.parametrize("end", ["kill", "quit"])
def test_screen_killed_it_ends_and_goes_on_later(terminal: Open, screen: Any, tmp_path: Path,
                                                 bptui: Callable[..., Any], end: str) -> None:
    window = bptui()
    client = in_screen(terminal, screen, *window.command)
    client.shows("known to 10000")
    client.press("g#120:4\r\rs")
    client.shows("#120:12  known")
    screen.do(end)
    found = window.ended()
    assert found["code"] == 129 and found["cpu"] < 10
    client.wait()
    again = terminal(TWO_LAYER, environment={"XDG_STATE_HOME": str(tmp_path)})
    again.shows("#120:12  known", "following ∂E/∂w5", "Where you left off just now.")
