"""The saver and its files: what is offered is soon there, and nothing about a file ends the debugger."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from bptui.debugger import store
from bptui.debugger.saved import Saved, read
from bptui.debugger.store import NO_HOME, TOO_LARGE, Saver, age_words, load, session_path

ROOT = Path(__file__).resolve().parents[2]
NEVER = 3600.0                                      # between two writes: longer than any test
Open = Callable[..., Saver]
Put = Callable[[Saver, Saved], None]
Position = Callable[[Path], str]


# Where

@pytest.mark.parametrize("environ, folder", [
    ({"HOME": "/home/mo"}, "/home/mo/.local/state"),
    ({"HOME": "/home/mo", "XDG_STATE_HOME": "/var/s"}, "/var/s"),
    ({"XDG_STATE_HOME": "/var/s"}, "/var/s"),
    ({"HOME": "/home/mo", "XDG_STATE_HOME": ""}, "/home/mo/.local/state"),
    ({"HOME": "/home/mo", "XDG_STATE_HOME": "state"}, "/home/mo/.local/state"),
    ({}, None), ({"HOME": ""}, None), ({"HOME": "mo"}, None), ({"XDG_STATE_HOME": "state"}, None),
])
def test_the_state_folder(environ: dict[str, str], folder: str | None) -> None:
    path = session_path("/a/two_layer.toml", environ)
    assert path is None if folder is None else path is not None and path.parent == Path(folder, "bptui", "sessions")


@pytest.mark.parametrize("scenario, name", [
    ("/a/two_layer.toml", "two_layer"), ("/a/my first § scenario.toml", "my_first_scenario"), ("/a/..toml", "scenario"),
    ("/a/-rf.toml", "rf"), ("/a/x\n\x1b[31m.toml", "x_31m"), (f"/a/{'x' * 250}.toml", "x" * 60),
    ("/a/§.toml", "scenario"), ("/a/\udcff.toml", "scenario"), ("/a/*?[a].toml", "a"),
])
def test_the_name_of_a_session(scenario: str, name: str) -> None:
    path = session_path(scenario, {"HOME": "/home/mo"})
    assert path is not None and path.parent == Path("/home/mo/.local/state/bptui/sessions")
    there, _, digest = path.stem.rpartition("-")
    assert there == name and len(digest) == 12 and path.suffix == ".toml"


def test_a_scenario_has_one_session_however_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "s.toml").touch()
    (tmp_path / "link.toml").symlink_to("a/s.toml")
    (tmp_path / "s.toml").touch()
    monkeypatch.chdir(tmp_path / "a")
    names = ["s.toml", "../a/s.toml", tmp_path / "a" / "s.toml", tmp_path / "link.toml"]
    assert len({session_path(name, {"HOME": "/"}) for name in names}) == 1
    assert session_path("s.toml", {"HOME": "/"}) != session_path("../s.toml", {"HOME": "/"})


def test_without_a_home_nothing_is_saved() -> None:
    saver = Saver(session_path("s.toml", {}))
    saver.offer(Saved())
    saver.close()
    assert saver.trouble == NO_HOME and saver.read_only and load(None) is None


def test_a_session_is_for_its_user_alone(path: Path, opened: Open, put: Put) -> None:
    put(opened(), Saved())
    assert [oct(part.stat().st_mode & 0o777) for part in (path.parent.parent, path.parent, path)] == \
        ["0o700", "0o700", "0o600"]
    assert {part.name for part in path.parent.iterdir()} == {path.name, f"{path.name}.lock"}


@pytest.mark.parametrize("seconds, words", [
    (0, "just now"), (59.9, "just now"), (60, "1 minute ago"), (745, "12 minutes ago"), (3600, "1 hour ago"),
    (86399, "23 hours ago"), (86400, "1 day ago"), (3 * 86400 + 5, "3 days ago"),
])
def test_ages(seconds: float, words: str) -> None:
    assert age_words(seconds) == words


def test_the_age_of_a_session(path: Path, opened: Open, put: Put) -> None:
    assert load(path) is None
    put(opened(), Saved())
    for age in (0.0, 7.0, 90000.0):
        found = load(path, lambda age=age: path.stat().st_mtime + age)
        assert found is not None and abs(found.age_seconds - age) < 1e-3
    found = load(path, lambda: 0.0)                 # a file of the future is new
    assert found is not None and found.age_seconds == 0.0


# When

def test_the_first_is_written_at_once_and_the_next_when_its_time_has_come(path: Path, opened: Open, put: Put,
                                                                          position: Position) -> None:
    now = [100.0]
    saver = opened(NEVER, clock=lambda: now[0], today=lambda: "2026-11-22 18:40:05")
    put(saver, Saved(position="#1"))
    assert load(path) and read(path.read_text())[0] == Saved(position="#1", saved="2026-11-22 18:40:05")
    saver.offer(Saved(position="#2"))
    assert not saver.settle(0.01) and position(path) == "#1"
    saver.close()
    assert position(path) == "#2" and saver.writes == 2
    saver.offer(Saved(position="#3"))               # nobody listens any more
    assert position(path) == "#2"
    saver.close()


def test_after_a_while_it_is_written_at_once_again(path: Path, opened: Open, put: Put, position: Position) -> None:
    now = [100.0]
    saver = opened(NEVER, clock=lambda: now[0])
    for number in range(5):
        put(saver, Saved(position=f"#{number}"))
        assert position(path) == f"#{number}"
        now[0] += NEVER


def test_what_waits_is_written_without_another_change(path: Path, opened: Open, position: Position) -> None:
    saver = opened(0.02)
    for number in range(100):
        saver.offer(Saved(position=f"#{number}"))
    assert saver.settle(10) and position(path) == "#99" and saver.writes < 100


def test_the_same_is_not_written_again(path: Path, opened: Open, put: Put) -> None:
    first = opened()
    for _ in range(3):
        put(first, Saved(position="#1", saved="some time"))
    assert first.writes == 1
    first.close()
    second = opened()
    put(second, Saved(position="#1"))
    assert second.writes == 0 and second.trouble == ""
    put(second, Saved(position="#2"))
    assert second.writes == 1


def test_an_offer_does_not_wait_for_the_disk(path: Path, opened: Open, monkeypatch: pytest.MonkeyPatch,
                                             position: Position) -> None:
    begun, go = Event(), Event()

    def slow(file: int) -> None:
        begun.set()
        assert go.wait(20)

    monkeypatch.setattr(os, "fsync", slow)
    saver = opened()
    saver.offer(Saved(position="#0"))
    assert begun.wait(10)
    for number in range(1, 1000):
        saver.offer(Saved(position=f"#{number}"))
    assert not path.exists() and not saver.settle(0)
    saver.close(0.01)                               # nor does the end wait for ever
    assert not path.exists()
    go.set()
    assert saver.settle(10)
    saver.close()
    assert position(path) == "#999" and saver.writes == 2 and saver.trouble == ""


# Trouble

@pytest.mark.parametrize("name", ["fsync", "replace", "open"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_a_full_disk_is_said_once(path: Path, opened: Open, monkeypatch: pytest.MonkeyPatch, name: str, number: int,
                                  put: Put, position: Position) -> None:
    saver = opened()
    put(saver, Saved(position="#1"))

    def fails(*arguments: object, **more: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, name, fails)
        put(saver, Saved(position="#2"))
        assert saver.trouble == f"This session is not saved: {os.strerror(number)}."
        put(saver, Saved(position="#3"))
    assert position(path) == "#1" and not list(path.parent.glob("*.tmp"))
    put(saver, Saved(position="#4"))
    assert position(path) == "#4" and saver.trouble == f"This session is not saved: {os.strerror(number)}."


def test_what_failed_is_tried_once_more_at_the_end(path: Path, opened: Open, monkeypatch: pytest.MonkeyPatch, put: Put,
                                                   position: Position) -> None:
    saver = opened()

    def fails(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fails)
        put(saver, Saved(position="#1"))
    assert not path.exists()
    saver.close()
    assert position(path) == "#1"


def child(script: str, *arguments: object) -> list[str]:
    """The lines that a script prints, in a process whose limits and user are its own."""
    command = [sys.executable, "-W", "error", "-c", script, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.splitlines()


FULL_DISK = """
import resource, sys
from pathlib import Path
from bptui.debugger.store import Saved, Saver, load
saver = Saver(Path(sys.argv[1]), 0)
def put(position):
    saver.offer(Saved(position=position)), saver.settle(10)
    print(saver.trouble, load(saver.path).saved.position)
put("#1")
resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
put("#2")
put("#3")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
put("#4")
"""


def test_a_disk_that_takes_no_more_and_then_does(path: Path) -> None:
    said = "This session is not saved: File too large."
    assert child(FULL_DISK, path) == [" #1", f"{said} #1", f"{said} #1", f"{said} #4"]


READ_ONLY = """
import os, sys
from pathlib import Path
from bptui.debugger.store import Saved, Saver, load
path = Path(sys.argv[1])
path.parents[3].chmod(0o500)
if os.geteuid() == 0:                               # who may do anything
    os.setuid(65534)
saver = Saver(path, 0)
print(saver.trouble)
for n in range(3):
    saver.offer(Saved(position=f"#{n}")), saver.settle(10)
saver.close()
print(saver.trouble, saver.writes)
"""


def test_a_home_that_is_read_only(path: Path) -> None:
    said = "This session is not saved: Permission denied."
    assert child(READ_ONLY, path) == [said, f"{said} 0"]
    path.parents[3].chmod(0o700)


def test_a_file_where_the_folder_should_be(path: Path, opened: Open, put: Put, position: Position) -> None:
    path.parents[2].write_text("not a folder")
    saver = opened()
    assert load(path) is None and saver.trouble.startswith("This session is not saved: ")
    put(saver, Saved())
    path.parents[2].unlink()
    put(saver, Saved(position="#2"))
    assert position(path) == "#2" and opened().read_only        # the lock came with the folder


def test_a_folder_that_is_taken_away(path: Path, opened: Open, put: Put, position: Position) -> None:
    saver = opened()
    put(saver, Saved(position="#1"))
    for part in path.parent.iterdir():
        part.unlink()
    path.parent.rmdir()
    put(saver, Saved(position="#2"))
    assert position(path) == "#2" and saver.trouble == ""


def test_a_session_too_long_to_be_read_again_is_not_written(path: Path, opened: Open, put: Put,
                                                            position: Position) -> None:
    saver = opened()
    put(saver, Saved(position="#1"))
    put(saver, Saved(position="#2", watches=("w" * 2**20,)))
    assert saver.trouble == TOO_LARGE and position(path) == "#1"
    put(saver, Saved(position="#3"))
    assert position(path) == "#3"


def test_no_more_threads(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(thread: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(store.Thread, "start", fails)
    saver = opened()
    saver.offer(Saved())
    assert saver.trouble == "This session is not saved: can't start new thread."
