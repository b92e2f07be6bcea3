"""Settings and sessions that went wrong: nothing is raised, what is said is a line, and what comes of it is a screen.

They are mutated in the same manner as the scenarios. A session is put back onto a run, and what it became can be
written and read again.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from bptui.debugger.saved.files import LARGEST_SESSION, load
from bptui.debugger.saved.keeper import restore
from bptui.debugger.saved.settings import MOST_FAULTS, read_settings, settings_path
from bptui.debugger.state.saved import Saved, SavedRun, SavedStop, read, write
from bptui.debugger.state.session import Session
from bptui.replay.open import open_run
from bptui.scenario.shipped import find
from bptui.tui.layout import screen

pytestmark = pytest.mark.slow

SHARES, EACH = 2, 500
SECONDS = 2.0
SESSION = write(
    Saved(
        scenario="/somewhere/two_layer.toml",
        digest="0" * 64,
        saved="2026-01-01 12:00",
        position="#12:31",
        sample=1,
        following="w5",
        began="#0",
        level="layer",
        listed="1",
        cursors=(("chain", 2), ("parameters", 3)),
        unfolded=(("out_h1", 0),),
        looks=(("numbers", "all"), ("lower", "chain")),
        stops=(SavedStop(1, "w5 < 0.4 if E < 0.2"), SavedStop(2, "E", False)),
        watches=("E", "w5@prev", "norm(hidden.weights)"),
        marks=(("a", "#3:4"),),
        past=("#0", "A #1:2"),
        runs=(SavedRun("B", "A", 5, ("w5 = 0.3", "learning_rate = 2"), 1),),
    )
)
SETTINGS = (
    'theme = "light"\nglyphs = "ascii"\nmouse = true\nreload = false\n'
    '[keys]\ninto = "space"\nover = ["n", "f10"]\n'
)


@pytest.mark.parametrize("share", range(SHARES))
def test_a_session_that_went_wrong(share: int, tmp_path: Path, mutate: Any) -> None:
    path, run = tmp_path / "session.json", open_run(find("two_layer"))
    saved = read(SESSION.encode())
    assert saved.runs and saved.stops  # else it is not a good one
    understood = 0
    for seed in range(share * EACH, (share + 1) * EACH):
        path.write_bytes(mutate.mutant(seed, [SESSION]))
        began = time.process_time()
        found = load(path)
        assert found is not None and len(found.note) < 1000, seed
        assert found.note.isprintable(), (seed, found.note)
        if found.saved is not None:
            understood += 1
            session = Session(run)
            said = restore(session, found.saved)
            assert all(line.isprintable() for line in said), (seed, said)
            lines = screen(session, 80, 24)
            assert len(lines) == 24 and all(line.text.isprintable() for line in lines), seed
            assert read(write(found.saved).encode()) == found.saved, seed
        assert time.process_time() - began < SECONDS, seed
    assert understood > EACH / 10


@pytest.mark.parametrize("share", range(SHARES))
def test_settings_that_went_wrong(share: int, tmp_path: Path, mutate: Any) -> None:
    environ = {"HOME": str(tmp_path)}
    path = settings_path(environ)
    assert path is not None
    path.parent.mkdir(parents=True)
    faulty = 0
    for seed in range(share * 4 * EACH, (share + 1) * 4 * EACH):
        path.write_bytes(mutate.mutant(seed, [SETTINGS, SESSION]))
        found = read_settings(environ)
        faulty += bool(found.faults)
        assert len(found.faults) <= MOST_FAULTS, seed
        assert all(fault.isprintable() and len(fault) < 1000 for fault in found.faults), (seed, found.faults)
    assert EACH < faulty < 4 * EACH


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b" " * (LARGEST_SESSION + 1), f"more than {LARGEST_SESSION:,} bytes"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"version": ' + b"9" * 200_000 + b"}", "too many digits"),
        (b"x\0", "not JSON"),
        (b"", "not JSON"),
    ],
)
def test_a_session_that_grows(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    path.write_bytes(content)
    began = time.process_time()
    found = load(path)
    assert found is not None and found.saved is None and said in found.note, found
    assert time.process_time() - began < SECONDS
