"""Far ahead in a long run: keys are heard on the way, and whoever interrupts it stays where they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from bptui.debugger import seeking, travelling
from bptui.debugger.session import Session
from bptui.replay.run import open_run

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


@pytest.fixture
def session(tmp_path: Path) -> Session:
    path = tmp_path / "long.toml"
    path.write_text(LONG)
    return Session(open_run(path))


@pytest.mark.parametrize("way", ["go", "end", "scrub"])
def test_a_long_way_is_gone_in_slices_and_can_be_left(session: Session, way: str) -> None:
    session.move("into")
    before, run = session.position, session.run
    {"go": lambda: session.go("#900000000"), "end": session.end,
     "scrub": lambda: travelling.scrub(session, 900_000_000)}[way]()
    assert seeking.seeking(session) and session.position == before
    known = run.known
    seeking.seek_on(session, 0.05)
    assert run.known > known and session.position == before
    assert session.message.startswith(f"Running on: after {run.known:,} of ") and "Ctrl-C" in session.message
    assert seeking.interrupt(session) and not seeking.seeking(session) and session.position == before


def test_it_arrives_and_comes_back(session: Session) -> None:
    run = session.run
    target = run.known + 3_000_000
    session.go(f"#{target}:2")
    while seeking.seeking(session):
        seeking.seek_on(session, 0.05)
    assert (session.position.update, session.position.value) == (target, 2)
    assert session.message == ""
    session.back()
    assert session.position.update == 0
