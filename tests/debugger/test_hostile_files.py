"""What else lies where a session is kept: other sessions, damage, and things that are no files. Nothing is lost."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from bptui.debugger import store
from bptui.debugger.saved import Saved, SavedStop, read, write
from bptui.debugger.store import OPEN_ELSEWHERE, Saver, load

Open = Callable[..., Saver]
Put = Callable[[Saver, Saved], None]
Position = Callable[[Path], str]


# What else lies in the folder

def test_what_killed_processes_left_is_cleared_away(path: Path, opened: Open) -> None:
    path.parent.mkdir(parents=True)
    left, other = path.with_name(f"{path.name}.77-abcd.tmp"), path.with_name("other-00.toml.77-abcd.tmp")
    strange = path.with_name(f"{path.name}.78-abcd.tmp")
    for file in (left, other):
        file.write_text("half")
    strange.mkdir()
    saver = opened()
    assert not left.exists() and other.exists() and strange.exists() and saver.trouble == ""
    left.write_text("of the session that is open")
    assert opened().read_only and left.exists()     # it is the business of the one who has the lock


def test_two_sessions_of_one_process_are_two(path: Path, opened: Open, put: Put, position: Position) -> None:
    first, second = opened(), opened()
    put(first, Saved(position="#1"))
    put(second, Saved(position="#2"))
    assert position(path) == "#1" and second.trouble == OPEN_ELSEWHERE and second.read_only and not first.read_only
    first.close()
    third = opened()
    put(third, Saved(position="#3"))
    put(second, Saved(position="#4"))               # once read only, always
    assert position(path) == "#3" and third.trouble == ""


@pytest.mark.parametrize("make", [
    Path.mkdir, os.mkfifo, lambda p: p.symlink_to("/dev/null"), lambda p: p.symlink_to("nowhere"),
], ids=["folder", "pipe", "device", "dangling"])
def test_a_strange_thing_in_place_of_the_lock(path: Path, opened: Open, make: Callable[[Path], None], put: Put,
                                              position: Position) -> None:
    path.parent.mkdir(parents=True)
    make(Path(f"{path}.lock"))
    saver = opened()
    put(saver, Saved(position="#1"))
    assert saver.trouble == "" and position(path) == "#1"


# What may lie in the file's place

GOOD = write(Saved(position="#7", stops=(SavedStop(1, "E", True),)))
HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "line 1: the file is empty."),
    "huge": (b"#" * (2**20 + 1), "the file holds more than 1,048,576 bytes."),
    "binary": (bytes(range(256)), "this is not "),
    "zeros": (bytes(5000), "this is not TOML"),
    "half": (GOOD.encode()[:-9], "this is not TOML"),
    "escapes": (b"position = \x1b[31m", "this is not TOML"),
    "bad bytes": (b'position = "\xff"', "line 1: this is not UTF-8 text."),
    "deep lists": (b"a = " + b"[" * 50000, "lists or tables are nested too deeply."),
    "deep tables": (b"a = " + b"{a = " * 50000, "lists or tables are nested too deeply."),
    "deep keys": (b"a" + b".a" * 50000 + b" = 1", "a key has more than 100 parts."),
    "long number": (b"sample = " + b"9" * 50000, "a number has too many digits."),
    "types": (b"position = 7", "position, which must be a text."),
    "parts": (b'position = "#7"\nstops = [{ number = "1", text = "E" }]', "item 1 of stops"),
}


@pytest.mark.parametrize("content, why", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_one_notice_and_is_not_lost(path: Path, opened: Open, content: bytes, why: str, put: Put,
                                                      position: Position) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    found = load(path)
    assert found is not None and not found.whole
    (note,) = found.notes
    assert why in note and note.isprintable() and note.endswith(".") and len(note) < 200
    saver = opened()
    put(saver, Saved(position="#8"))
    put(saver, Saved(position="#9"))
    assert position(path) == "#9" and saver.trouble == ""
    assert Path(f"{path}.unreadable").read_bytes() == content and not os.path.lexists(f"{path}.unreadable-2")


def test_there_is_no_moment_without_a_session(path: Path, opened: Open, monkeypatch: pytest.MonkeyPatch,
                                              put: Put) -> None:
    """What is left of a session stays in its place until the next one comes."""
    path.parent.mkdir(parents=True)
    path.write_text('position = "#7"\nsample = "two"')

    def fails(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    saver = opened()
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fails)
        put(saver, Saved(position="#8"))
    found = load(path)
    assert found is not None and found.saved == Saved(position="#7")
    assert Path(f"{path}.unreadable").read_bytes() == path.read_bytes()


def test_a_second_one_does_not_take_the_first_ones_place(path: Path, opened: Open, put: Put) -> None:
    for number in range(3):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"broken {number}")
        saver = opened()
        put(saver, Saved())
        saver.close()
    kept = [Path(f"{path}.unreadable{more}").read_text() for more in ("", "-2", "-3")]
    assert kept == ["broken 0", "broken 1", "broken 2"]


def test_when_nothing_more_can_be_set_aside_nothing_is_lost(path: Path, opened: Open, monkeypatch: pytest.MonkeyPatch,
                                                            put: Put) -> None:
    monkeypatch.setattr(store, "MOST_ASIDE", 1)
    path.parent.mkdir(parents=True)
    path.write_text("broken")
    Path(f"{path}.unreadable").write_text("earlier")
    saver = opened()
    put(saver, Saved())
    assert saver.trouble == "This session is not saved: there are 1 files set aside already."
    assert (path.read_text(), Path(f"{path}.unreadable").read_text()) == ("broken", "earlier")


def test_on_a_disk_without_second_names_it_is_renamed(path: Path, opened: Open, monkeypatch: pytest.MonkeyPatch,
                                                      put: Put, position: Position) -> None:
    def fails(*arguments: object, **more: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", fails)
    path.parent.mkdir(parents=True)
    path.write_text("broken")
    put(opened(), Saved(position="#1"))
    assert position(path) == "#1" and Path(f"{path}.unreadable").read_text() == "broken"


def make_folder(path: Path) -> None:
    path.mkdir()
    (path / "something").write_text("inside")


STRANGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "folder": (make_folder, "this is a folder."),
    "pipe": (os.mkfifo, "this is not a regular file."),
    "link": (lambda path: path.symlink_to("elsewhere"), "this is a link to another place."),
    "dangling": (lambda path: path.symlink_to("nowhere"), "this is a link to another place."),
    "loop": (lambda path: path.symlink_to(path.name), "this is a link to another place."),
    "endless": (lambda path: path.symlink_to("/dev/zero"), "this is a link to another place."),
}


@pytest.mark.parametrize("later", [False, True], ids=["before", "later"])
@pytest.mark.parametrize("make, why", STRANGE.values(), ids=STRANGE)
def test_a_strange_thing_in_the_files_place(path: Path, opened: Open, make: Callable[[Path], None], why: str,
                                            later: bool, put: Put, position: Position) -> None:
    """Before the session begins, or while it goes on."""
    path.parent.mkdir(parents=True)
    elsewhere = path.with_name("elsewhere")
    elsewhere.write_text(GOOD)
    saver = opened()
    if later:
        put(saver, Saved(position="#1"))
        path.unlink()
    make(path)
    before = path.lstat()
    found = load(path)
    assert found is not None and found.saved is None
    assert found.notes == (f"The saved session cannot be read, and is set aside: {why}",)
    put(saver, Saved(position="#2"))
    put(saver, Saved(position="#3"))
    assert position(path) == "#3" and not path.is_symlink() and elsewhere.read_text() == GOOD
    aside = Path(f"{path}.unreadable")
    if os.path.lexists(aside):
        assert (aside.lstat().st_ino, aside.lstat().st_mode) == (before.st_ino, before.st_mode)
    with suppress(NotADirectoryError, FileNotFoundError):
        assert (aside / "something").read_text() == "inside"


def test_what_a_later_bptui_wrote_stays_in_the_file(path: Path, opened: Open, put: Put) -> None:
    path.parent.mkdir(parents=True)
    path.write_text('position = "#7"\nzoom = { of = "chain" }\n')
    found = load(path)
    assert found is not None and found.whole and len(found.notes) == 1
    put(opened(), Saved(position="#8"))             # whoever offers need not know
    assert read(path.read_text())[0].unread == ('zoom = { of = "chain" }',)
    assert replace(read(path.read_text())[0], unread=(), saved="") == Saved(position="#8")
    assert not os.path.lexists(f"{path}.unreadable")


def test_a_path_that_is_no_text_comes_back(path: Path, opened: Open, put: Put) -> None:
    put(opened(), Saved(scenario=os.fsdecode(b"/home/\xff/s.toml")))
    found = load(path)
    assert found is not None and found.saved is not None and os.fsencode(found.saved.scenario) == b"/home/\xff/s.toml"
