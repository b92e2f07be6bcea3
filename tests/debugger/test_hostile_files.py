"""What else lies where a session is kept: other sessions, damage, and things that are no files. Nothing is lost."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from bptui.debugger.saved.files import CHANGED, Saver, load
from bptui.debugger.state.saved import Saved, SavedStop, write

Open = Callable[..., Saver]
Put = Callable[[Saver, Saved], None]
Position = Callable[[Path], str]


# What else lies in the folder

def test_what_killed_processes_left_is_cleared_away(path: Path, opened: Open) -> None:
    path.parent.mkdir(parents=True)
    left, other = path.with_name(f"{path.name}.77-abcd.tmp"), path.with_name("other-00.json.77-abcd.tmp")
    strange = path.with_name(f"{path.name}.78-abcd.tmp")
    for file in (left, other):
        file.write_text("half")
    strange.mkdir()
    saver = opened()
    assert not left.exists() and other.exists() and strange.exists() and saver.trouble == ""
    left.write_text("of the session that is open")
    assert opened().refused and left.exists()       # it is the business of the one who has the lock


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
    "empty": (b"", "this is not JSON: Expecting value (line 1, column 1)."),
    "huge": (b"#" * (2**20 + 1), "the file holds more than 1,048,576 bytes."),
    "binary": (bytes(range(256)), "this is not "),
    "zeros": (bytes(5000), "this is not JSON"),
    "half": (GOOD.encode()[:-9], "this is not JSON"),
    "escapes": (b'{"version": 1, "position": "\x1b[31m"}', "this is not JSON"),
    "bad bytes": (b'{"version": 1, "position": "\xff"}', "this is not UTF-8 text."),
    "deep": (b"[" * 50000, "lists are nested too deeply."),
    "long number": (b'{"version": 1, "sample": ' + b"9" * 50000 + b"}", "a number has too many digits."),
    "types": (b'{"version": 1, "position": 7}', "position is not a text."),
    "parts": (b'{"version": 1, "stops": [{ "number": "1", "text": "E" }]}', "number is not a whole number."),
}


@pytest.mark.parametrize("content, why", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_one_notice_and_is_not_lost(path: Path, opened: Open, content: bytes, why: str, put: Put,
                                                      position: Position) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    found = load(path)
    assert found is not None and found.saved is None
    assert why in found.note and found.note.isprintable() and found.note.endswith(".") and len(found.note) < 200
    saver = opened()
    put(saver, Saved(position="#8"))
    put(saver, Saved(position="#9"))
    assert position(path) == "#9" and saver.trouble == ""
    assert Path(f"{path}.bad").read_bytes() == content
    assert f"is set aside as {path.name}.bad: " in found.note


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
    """Before the session begins it is set aside; what comes while it goes on is left to whoever put it there."""
    path.parent.mkdir(parents=True)
    elsewhere = path.with_name("elsewhere")
    elsewhere.write_text(GOOD)
    earlier = opened() if later else None
    if earlier is not None:
        put(earlier, Saved(position="#1"))
        path.unlink()
    make(path)
    before = path.lstat()
    found = load(path)
    assert found is not None and found.saved is None and found.note.endswith(why)
    saver = earlier or opened()
    put(saver, Saved(position="#2"))
    put(saver, Saved(position="#3"))
    assert elsewhere.read_text() == GOOD
    there = path if later else Path(f"{path}.bad")
    assert (there.lstat().st_ino, there.lstat().st_mode) == (before.st_ino, before.st_mode)
    with suppress(NotADirectoryError, FileNotFoundError, OSError):
        assert (there / "something").read_text() == "inside"
    if later:
        assert saver.trouble == CHANGED and saver.lost
    else:
        assert position(path) == "#3" and not path.is_symlink() and saver.trouble == ""


def test_a_path_that_is_no_text_comes_back(path: Path, opened: Open, put: Put) -> None:
    put(opened(), Saved(scenario=os.fsdecode(b"/home/\xff/s.toml")))
    found = load(path)
    assert found is not None and found.saved is not None and os.fsencode(found.saved.scenario) == b"/home/\xff/s.toml"
