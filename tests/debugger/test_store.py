"""The saver and its files: what is offered is soon there, and nothing about a file ends the debugger."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bptui.debugger.saved.files import (
    AGAIN,
    BETWEEN,
    CHANGED,
    NEWER,
    NO_HOME,
    OPEN_ELSEWHERE,
    TOO_LARGE,
    Saver,
    age_words,
    load,
    session_path,
)
from bptui.debugger.state.saved import Saved, read, write
from bptui.scenario.files import stamp

ROOT = Path(__file__).resolve().parents[2]
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
    assert there == name and len(digest) == 12 and path.suffix == ".json"


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
    assert saver.trouble == NO_HOME and not saver.lost and load(None) is None


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

def test_the_first_is_due_at_once_and_the_next_when_its_time_has_come(path: Path, opened: Open, put: Put,
                                                                      position: Position) -> None:
    now = [100.0]
    saver = opened(clock=lambda: now[0], today=lambda: "2026-11-22 18:40:05")
    assert saver.wait() is None
    saver.offer(Saved(position="#1"))
    assert saver.wait() == 0.0 and not path.exists()
    saver.write()
    assert read(path.read_bytes()) == Saved(position="#1", saved="2026-11-22 18:40:05") and saver.wait() is None
    now[0] += 0.1
    saver.offer(Saved(position="#2"))
    assert saver.wait() == pytest.approx(BETWEEN - 0.1) and position(path) == "#1"
    saver.close()
    assert position(path) == "#2"


def test_where_writing_is_slow_it_is_done_less_often_but_within_a_second(opened: Open, put: Put,
                                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    now, takes = [100.0], [0.0]

    def slow(file: int) -> None:
        now[0] += takes[0]

    monkeypatch.setattr(os, "fsync", slow)
    saver = opened(clock=lambda: now[0])
    for takes[0], wait in ((0.001, 0.3), (0.03, 0.6), (0.2, 0.8)):
        began = now[0]
        put(saver, Saved(position=repr(began)))
        saver.offer(Saved(position="next"))
        assert saver.wait() == pytest.approx(began + wait - now[0])
        assert now[0] + (saver.wait() or 0) + takes[0] <= began + 1.0 + 1e-9
        now[0] += 10


def test_the_same_is_not_written_again(path: Path, opened: Open, put: Put) -> None:
    saver = opened()
    put(saver, Saved(position="#1", saved="some time"))
    before = stamp(path)
    put(saver, Saved(position="#1", saved="another"))
    assert saver.wait() is None and stamp(path) == before


# Trouble

def test_what_failed_is_said_tried_again_and_then_said_no_more(path: Path, opened: Open, put: Put, position: Position,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    saver = opened(clock=lambda: now[0])
    put(saver, Saved(position="#1"))

    def fails(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fails)
        put(saver, Saved(position="#2"))
    assert saver.failed == saver.trouble == "This session is not saved: No space left on device." and saver.lost
    assert saver.wait() == AGAIN and position(path) == "#1"
    saver.write()
    assert saver.trouble == "" and not saver.lost and position(path) == "#2"


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
from bptui.debugger.saved.files import Saver, load
from bptui.debugger.state.saved import Saved
saver = Saver(Path(sys.argv[1]))
def put(position):
    saver.offer(Saved(position=position)), saver.write()
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
    assert child(FULL_DISK, path) == [" #1", f"{said} #1", f"{said} #1", " #4"]


READ_ONLY = """
import os, sys
from pathlib import Path
from bptui.debugger.saved.files import Saver, load
from bptui.debugger.state.saved import Saved
path = Path(sys.argv[1])
path.parents[3].chmod(0o500)
if os.geteuid() == 0:                               # who may do anything
    os.setuid(65534)
saver = Saver(path)
print(saver.trouble)
for n in range(3):
    saver.offer(Saved(position=f"#{n}")), saver.write()
saver.close()
print(saver.trouble, saver.lost)
"""


def test_a_home_that_is_read_only(path: Path) -> None:
    said = "This session is not saved: Permission denied."
    assert child(READ_ONLY, path) == [said, f"{said} True"]
    path.parents[3].chmod(0o700)


def test_a_file_where_the_folder_should_be(path: Path, opened: Open, put: Put, position: Position) -> None:
    path.parents[2].write_text("not a folder")
    saver = opened()
    assert load(path) is None
    put(saver, Saved(position="#1"))
    assert saver.lost and saver.trouble.startswith("This session is not saved: ")
    path.parents[2].unlink()
    put(saver, Saved(position="#2"))
    assert position(path) == "#2" and saver.trouble == ""


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
    assert saver.trouble == TOO_LARGE and position(path) == "#1" and saver.lost
    put(saver, Saved(position="#3"))
    assert position(path) == "#3" and saver.trouble == ""


# Others

def test_the_second_saves_nothing_also_when_the_first_has_ended(path: Path, opened: Open, put: Put,
                                                                position: Position) -> None:
    first, second = opened(), opened()
    put(first, Saved(position="first"))
    assert second.trouble == OPEN_ELSEWHERE and first.trouble == ""
    put(second, Saved(position="second"))
    first.close()
    put(second, Saved(position="second, later"))
    second.close()
    assert position(path) == "first" and not second.lost     # it was said from the start
    third = opened()
    assert third.trouble == "" and third.found and third.found.saved and third.found.saved.position == "first"


@pytest.mark.parametrize("locks", [True, False])
def test_what_another_has_written_meanwhile_is_not_written_over(locks: bool, path: Path, opened: Open, put: Put,
                                                                position: Position,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system without locks, or by a program that asks for none."""
    def none(*arguments: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    if not locks:
        monkeypatch.setattr("fcntl.flock", none)
    mine = opened()
    put(mine, Saved(position="mine"))
    if locks:
        path.unlink()
        path.write_text(write(Saved(position="another's")))
    else:
        put(opened(), Saved(position="another's"))
    put(mine, Saved(position="mine again"))
    assert position(path) == "another's" and mine.trouble == CHANGED and mine.lost


def test_a_newer_file_is_left_alone(path: Path, opened: Open, put: Put) -> None:
    content = b'{"version": 2, "place": [3]}'
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    saver = opened()
    put(saver, Saved(position="#1"))
    saver.close()
    assert saver.trouble == NEWER and path.read_bytes() == content and len(list(path.parent.iterdir())) == 2


@pytest.mark.parametrize("content", [b"", b"\x00\xff\x1b[2J = [", b'{"version": 1, "watches": 3}'])
def test_a_broken_file_is_set_aside_once_there_is_a_better_one(content: bytes, path: Path, opened: Open, put: Put,
                                                               position: Position) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    saver = opened()
    assert saver.found and saver.found.note.endswith(".") and f"{path.name}.bad" in saver.found.note
    assert path.read_bytes() == content
    put(saver, Saved(position="#1"))
    put(saver, Saved(position="#2"))
    assert position(path) == "#2" and Path(f"{path}.bad").read_bytes() == content


def test_a_session_of_before_is_read_and_left_where_it_is(path: Path, opened: Open, put: Put,
                                                          position: Position) -> None:
    old = path.with_suffix(".toml")
    path.parent.mkdir(parents=True)
    old.write_text('position = "#7"\nwatches = ["w5"]\n')
    saver = opened()
    assert saver.found and saver.found.saved == Saved(position="#7", watches=("w5",))
    put(saver, Saved(position="#8"))
    assert position(path) == "#8" and "#7" in old.read_text()
    old.write_text("[[[")
    assert load(path) and position(path) == "#8"
    path.unlink()
    found = load(path)
    assert found and found.saved is None and "left as it is" in found.note
