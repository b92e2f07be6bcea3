"""Whatever bptui writes is tried with a fault at its first system call, at its second, and so on, until none is left.

What is there after each is the old file or the new one, never a part, and the person is told that it is not the new
one. A last test sees to it that nothing is written but by the one function that is tried here.
"""

from __future__ import annotations

import ast
import errno
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bptui.cli import main
from bptui.debugger.commands import copy
from bptui.debugger.home.gallery import Gallery
from bptui.debugger.saved import fault
from bptui.debugger.saved.files import Saver
from bptui.debugger.saved.settings import remember
from bptui.debugger.state.saved import Saved, write
from bptui.debugger.state.session import Session
from bptui.replay.open import open_run
from bptui.scenario.files import send
from bptui.scenario.shipped import find
from tests.hostile import disk as DISK

PACKAGE = Path(__file__).resolve().parents[2] / "bptui"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE)
MOST = 100                                          # calls that a writer is allowed
Files = Mapping[str, bytes]                         # what is in a folder, by name
Act = Callable[[Path], str]                         # write something in a folder; what the person is told


OLD = write(Saved(position="#1", watches=("w5",))).encode()


def save_session(folder: Path) -> str:
    saver = Saver(folder / "s.json", today=lambda: "now")
    saver.offer(Saved(position="#2"))
    saver.write()
    said = saver.trouble                            # before the end: then it is tried again
    saver._pending = None
    saver.close()
    return said


def keep_look(folder: Path) -> str:
    return remember({}, {"theme": "light"}, {"XDG_STATE_HOME": str(folder)})


def report(folder: Path) -> str:
    lines = fault.tell(ValueError("x"), {}, {"XDG_STATE_HOME": str(folder)})
    return "" if any("to send with what you did" in line for line in lines) else "\n".join(lines)


def save_table(name: str) -> Act:
    def act(folder: Path) -> str:
        session = Session(open_run(find("two_layer")))
        copy.save(session, f"{folder / name.removesuffix('!')}{'!' * name.endswith('!')}")
        return "" if session.message.startswith("Saved ") else session.message
    return act


def copy_scenario(folder: Path) -> str:
    errors = folder.parent / "errors"
    with open(errors, "w", encoding="utf-8") as stream:
        before, sys.stderr = sys.stderr, stream
        try:
            code = main(["copy", "digits_minibatches", str(folder / "mine.toml")])
        finally:
            sys.stderr = before
    said = errors.read_text("utf-8")
    assert bool(code) == bool(said)
    return said


def copy_in_gallery(folder: Path) -> str:
    gallery = Gallery(remembers=False)
    gallery.read({})
    gallery.cursor = next(n for n, entry in enumerate(gallery.entries) if entry.name == "digits_minibatches")
    os.chdir(folder)
    return "" if gallery.copy() is not None else gallery.message


def picture(folder: Path) -> str:
    try:
        send(folder / "p.svg", b"new" * 1000)
    except OSError as error:
        return str(error)
    return ""


CSV = b"quantity,value\n"
WRITERS: dict[str, tuple[Act, Files]] = {
    "session": (save_session, {"s.json": OLD}),
    "first session": (save_session, {}),
    "session after a broken one": (save_session, {"s.json": b"broken"}),
    "look": (keep_look, {"bptui/chosen.toml": b'numbers = "all"\n'}),
    "first look": (keep_look, {}),
    "report of a fault": (report, {"bptui/faults/20200101-000000-1.txt": b"an older one"}),
    "table": (save_table("t.csv"), {}),
    "table over another": (save_table("t.csv!"), {"t.csv": CSV}),
    "copy": (copy_scenario, {}),
    "copy in the gallery": (copy_in_gallery, {}),
    "picture": (picture, {"p.svg": b"<svg/>"}),
}


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
            and path.suffix != ".lock" and ".tmp" not in path.name}


def without_time(files: Files) -> Files:
    """A report has the time in its name and its text."""
    return {"report" if data.startswith(b"A fault of bptui") else name:
            b"" if data.startswith(b"A fault of bptui") else data for name, data in files.items()}


@pytest.mark.parametrize("number", FULL, ids=errno.errorcode.get)
@pytest.mark.parametrize("name", WRITERS)
def test_a_fault_at_any_system_call_leaves_the_old_file_or_the_new_one_and_is_told(
        name: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    act, before = WRITERS[name]
    monkeypatch.chdir(tmp_path)                     # and back

    def prepared(n: int) -> Path:
        folder = tmp_path / str(n)
        folder.mkdir()
        for file, data in before.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(data)
        return folder

    untouched = prepared(0)
    assert act(untouched) == ""
    after = without_time(content(untouched))
    assert after != without_time(before)
    told = 0
    for n in range(1, MOST):
        folder = prepared(n)
        with monkeypatch.context() as patch:
            disk = DISK.Disk(folder, n, number, patch)
            said = act(folder)
        found = without_time(content(folder))
        where = f"call {n}, {disk.happened}: {said}"
        if not disk.happened:
            assert said == "" and found == after
            break
        if said == "":
            assert found == after, where
        else:
            told += 1
            assert os.strerror(number).lower() in said.lower(), where
            whole = {data for each in (before, after) for data in each.values()}
            assert set(found.values()) <= whole and set(before.values()) <= set(found.values()), where
        assert disk.happened == "unlink" or not [p for p in folder.rglob("*") if ".tmp" in p.name], where
    else:
        pytest.fail(f"{name} does not come to an end")
    assert told >= 5                                # open, write, fsync, close, and its name


# and nothing else writes

WRITING = {"write_text", "write_bytes", "replace", "rename", "link", "unlink", "symlink", "truncate", "copyfile",
           "move", "mkstemp", "NamedTemporaryFile"}
MAY = {                                             # what is not content of a person's file
    ("debugger/saved/files.py", "replace"), ("debugger/saved/files.py", "unlink"),
    ("debugger/saved/fault.py", "unlink"),
    ("scenario/copies.py", "unlink"), ("debugger/saved/files.py", "O_RDWR"), ("streams.py", "O_WRONLY"),
    ("tui/output.py", "O_WRONLY"),
}


def writes(tree: ast.AST) -> set[str]:
    """What in a module could write a file, by name."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            modes = [a.value for a in (*node.args, *(k.value for k in node.keywords if k.arg == "mode"))
                     if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            if name in ("open", "fdopen") and any(set(mode) & set("wxa+") and len(mode) < 4 for mode in modes):
                found.add("open")
            of_os = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) and \
                node.func.value.id in ("os", "shutil", "tempfile")
            if name in ("write_text", "write_bytes") or (name in WRITING and of_os) or name == "unlink":
                found.add(name)
        elif isinstance(node, ast.Attribute) and node.attr in ("O_WRONLY", "O_RDWR"):
            found.add(node.attr)
    return found


def test_one_module_writes_files() -> None:
    found = {(path.relative_to(PACKAGE).as_posix(), name) for path in PACKAGE.rglob("*.py")
             for name in writes(ast.parse(path.read_text("utf-8")))}
    assert {each for each in found if each[0] != "scenario/files.py"} == MAY


@pytest.mark.parametrize("text", ["open(p, 'w')", "p.open('x')", "p.write_text('')", "os.replace(a, b)",
                                  "os.open(p, os.O_WRONLY)", "open(p, mode='ab')"])
def test_what_writes_is_seen(text: str) -> None:
    assert writes(ast.parse(text))


def test_a_pipe_is_written_to_and_a_link_is_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "t", tmp_path / "l"
    target.write_bytes(b"old")
    link.symlink_to(target)
    send(link, b"new")
    assert link.is_symlink() and target.read_bytes() == b"new"
    read, written = os.pipe()
    send(Path(f"/dev/fd/{written}"), b"through")
    assert os.read(read, 100) == b"through"
    for each in (read, written):
        os.close(each)


def test_what_cannot_be_written_names_the_file(tmp_path: Path, capsys: Any) -> None:
    assert main(["two_layer", "--screenshot", str(tmp_path / "no" / "p.svg")]) == 2
    assert capsys.readouterr().err == f"bptui: {tmp_path / 'no' / 'p.svg'}: No such file or directory\n"
