"""What is far ahead is refused at once or gone to in slices, wherever it is typed or kept; nothing keeps a key waiting.

Updates are counted, not seconds: what a key does at once may run on by some ten thousands of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bptui.debugger import job
from bptui.debugger.commands.register import COMMANDS, Command, perform
from bptui.debugger.plain import verbs
from bptui.debugger.saved import keeper
from bptui.debugger.saved.files import Found
from bptui.debugger.state.saved import Saved, SavedRun, SavedStop
from bptui.debugger.state.session import Session
from bptui.replay.open import open_run, open_scenario
from bptui.replay.schedule import Schedule
from bptui.scenario.errors import QuantityError
from bptui.scenario.reader import read_scenario_text
from bptui.scenario.shipped import find

LONG = """
[equations]
forward = ["y = w*x", "E = (y - 1)**2"]
loss = "E"
[parameters]
w = 0.75
[values]
x = 2
[training]
learning_rate = 0.1
updates = 1_000_000_000
"""
AT_ONCE = 50_000                                    # updates
IN_ALL = 2_000_000                                  # of a test, between two looks: who runs more does not come back
END = "the run ends after 10,000 updates"
TEXTS = ("w5@{}", "E < w5@{}", "changed(w5@{})", "w5 = w5@{}", "d(E, w5)@{}", "abs(w5 - w5@{})", "E log w5@{}", "#{}",
         "{}", "parameters w5@{}", "E if E < w5@{}", "e{}")
WORDED = {("watch", TEXTS[0]), ("watch", TEXTS[5]), ("stop", TEXTS[1]), ("stop", TEXTS[10]), ("edit", TEXTS[3]),
          ("go", TEXTS[0]), ("go", TEXTS[7]), ("next_change", TEXTS[0]), ("stop", TEXTS[6])}
TYPED = [command for command in COMMANDS if command.act is not None and (command.asks or command.takes)]


@dataclass
class Counted:
    """Updates that were run, of whatever run."""

    updates: int = 0


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    count = Counted()
    for name in ("advance", "watch"):
        real = getattr(Schedule, name)

        def call(self: Schedule, *arguments: Any, real: Any = real) -> Any:
            count.updates += arguments[-1]
            assert arguments[-1] <= AT_ONCE, "nobody can stop that"
            assert count.updates <= IN_ALL, "it goes on and on"
            return real(self, *arguments)
        monkeypatch.setattr(Schedule, name, call)
    # a key's third of a second is as many updates as the machine is quick: let it be none
    monkeypatch.setattr(job, "AT_ONCE", 0.0)
    monkeypatch.setattr(job.reached, "__defaults__", (0.0,))
    monkeypatch.setattr(job, "LOOK", 0.0)
    return count


def long() -> Session:
    return Session(open_scenario(read_scenario_text(LONG, "here")))


@pytest.mark.slow
@pytest.mark.parametrize("command", TYPED, ids=lambda c: c.id)
def test_past_the_end_it_is_refused_at_once_wherever_it_is_typed(command: Command, counted: Counted,
                                                                 tmp_path: Path,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for text in TEXTS:
        typed = text.format(999_999_999)
        session = Session(open_run(find("two_layer")))
        counted.updates = 0
        assert command.act is not None
        perform(session, command.act, typed)
        assert not isinstance(session.job, job.Onward), typed
        assert counted.updates < AT_ONCE, typed
        if (command.id, text) in WORDED:
            assert session.message == f"T{END[1:]}.", typed
        session = Session(open_run(find("two_layer")), waits=True)     # and without a screen
        answered = list(verbs.answer(session, verbs.Verb(command, typed), lambda said: True))
        assert answered, typed
        if (command.id, text) in WORDED:
            assert answered == [f"T{END[1:]}."], typed


@pytest.mark.slow
@pytest.mark.parametrize("command", TYPED, ids=lambda c: c.id)
def test_within_the_run_it_is_gone_to_in_slices_and_can_be_stopped(command: Command, counted: Counted, tmp_path: Path,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for text in TEXTS:
        typed = text.format(900_000_000).replace("w5", "w")
        session = long()
        before = keeper.taken(session)
        counted.updates = 0
        assert command.act is not None
        perform(session, command.act, typed)
        assert counted.updates < AT_ONCE, typed
        if "@" in text:
            assert isinstance(session.job, job.Onward) and "Ctrl-C stops" in session.message, typed
            assert job.stop(session) and keeper.taken(session) == before, typed
        looked: list[str] = []

        def stops(said: str, looked: list[str] = looked) -> bool:
            looked.append(said)
            return len(looked) < 3
        session = Session(open_scenario(read_scenario_text(LONG, "here")), waits=True)
        answered = list(verbs.answer(session, verbs.Verb(command, typed), stops))
        assert answered and session.position.update == 0, typed
        if len(looked) == 3:                        # else it was answered before anybody stopped it
            assert "you are where you were" in answered[-1] or answered[-1].startswith("Stopped"), typed


def test_it_is_done_once_the_run_has_come_there(tui: ModuleType) -> None:
    """w is 1/2 + 1/4 × (1/5)ⁿ after n updates: w - 0.1 × 2 × (2w - 1) × 2 = w/5 + 2/5."""
    session = long()
    at = session.run.known + 1_000_000
    perform(session, lambda s, text: s.watches.append(text), f"w@{at}")
    while session.job is not None:
        assert session.watches == []
        job.go_on(session, 0.05)
    assert session.watches == [f"w@{at}"]
    assert session.run.value(f"w@{at}") == pytest.approx(0.5, rel=1e-15)
    assert session.run.value("w@3", at) == pytest.approx(0.5 + 0.25 / 125, rel=1e-15)


def far_away(at: int) -> Saved:
    return Saved(position=f"#{at}:2", watches=(f"w@{at}", "w"), past=("A #3",), marks=(("a", f"A #{at}:0"),),
                 stops=(SavedStop(1, f"E < w@{at}"), SavedStop(2, f"E < 0.1 log w@{at}"), SavedStop(3, "E < 0.1")),
                 runs=(SavedRun("B", "A", at, ("w = 0.3",), 1),))


def painted(session: Session, tui: ModuleType) -> Iterator[str]:
    """The screens on which kept quantities stand."""
    for session.right in ("watches", "stops", "hits", "printed", "parameters"):
        for size in ((80, 24), (120, 40)):
            yield tui.text(session, size)


def test_a_kept_session_far_ahead_opens_at_once_and_is_put_back_later(counted: Counted, tui: ModuleType) -> None:
    session, at = long(), 900_000_000
    keeper.resume(session, Found(far_away(at), 60.0))
    assert isinstance(session.job, job.Onward) and session.message.startswith("Running on: after ")
    screens = list(painted(session, tui))
    assert counted.updates < AT_ONCE and session.position.update == 0
    assert any("not yet: the run is at" in screen for screen in screens)
    # whoever stops it has lost nothing: it is there for the next time, and - goes there
    assert job.stop(session)
    saved, kept = far_away(at), keeper.taken(session)
    assert (kept.watches, kept.runs, kept.marks) == (saved.watches, saved.runs, saved.marks)
    assert sorted(stop.text for stop in kept.stops) == sorted(stop.text for stop in saved.stops)
    assert kept.past == ("A #3:0", f"A #{at}:2")
    session.back()
    assert isinstance(session.job, job.Onward) and job.stop(session)
    assert keeper.taken(session).past == kept.past


def test_it_is_whole_when_the_run_has_come_there(tui: ModuleType) -> None:
    session = long()
    at = session.run.known + 100_000
    saved = far_away(at)
    keeper.resume(session, Found(saved, 60.0))
    while job.go_on(session, 0.05):
        pass
    kept = keeper.taken(session)
    assert session.message.startswith("Where you left off 1 minute ago.") and set(session.branches) == {"A", "B"}
    for what in ("position", "watches", "runs", "stops"):
        assert getattr(kept, what) == getattr(saved, what)
    assert kept.marks == (("a", f"A #{at}:0"),) and all(stop.fault == "" for stop in session.stops.values())
    assert any(f"w@{at}" in screen and "0.5" in screen for screen in painted(session, tui))


def test_what_is_kept_past_the_end_is_shown_as_such(counted: Counted, tui: ModuleType) -> None:
    session, at = Session(open_run(find("two_layer"))), 999_999_999
    saved = replace(far_away(at), watches=(f"w5@{at}", "w5"),
                    stops=(SavedStop(1, f"E < w5@{at}"),), runs=(SavedRun("B", "A", 3, (f"w5 = w5@{at}",)),))
    keeper.resume(session, Found(saved, 60.0))
    assert session.job is None and session.position.update == 0
    assert sum("the run ends after 10,000" in screen for screen in painted(session, tui)) >= 2      # cut there
    assert counted.updates < AT_ONCE and session.stops[1].fault == END
    kept = keeper.taken(session)
    assert (kept.watches, kept.stops, kept.runs) == (saved.watches, saved.stops, saved.runs)


CLAIMS = "".join(f"\n[[claims]]\nwhat = {what!r}\nafter = {after}\nvalue = '0.5'\n"
                 for what, after in (("w", 900_000_000), ("w@900000000", 0), ("E", 1_000_000_000), ("w@1", 0)))


def test_a_figure_that_is_printed_far_ahead_is_shown_when_it_is_known(counted: Counted, tui: ModuleType) -> None:
    session = Session(open_scenario(read_scenario_text(LONG + CLAIMS, "here")))
    assert any("printed" in screen.lower() for screen in painted(session, tui)) and counted.updates < AT_ONCE
    assert session.marks.result(session.marks.printed[0]).computed is None
    assert session.marks.result(session.marks.printed[3]).computed == 0.55


def test_in_python_a_pin_past_the_end_is_refused_and_a_way_past_it_is_gone() -> None:
    run = open_run(find("two_layer"))
    with pytest.raises(QuantityError, match=END):
        run.value("w5@10001")
    assert run.value("w5@10000") == run.value("w5", 10000)
    assert run.value("w5", 10010) == run.value("w5@10010", 10010) != run.value("w5", 10000)
    seen: list[tuple[int, int]] = []
    run.between = lambda at, of: seen.append((at, of))
    run.value("w5", 12_000)
    assert seen and seen[-1] == (12_000, 12_000) and all(b[0] - a[0] <= 1024 for a, b in pairwise(seen))
