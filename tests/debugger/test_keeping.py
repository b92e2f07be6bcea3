"""A session that is taken down and put back shows the same screen; what no longer fits is said, and kept."""

from __future__ import annotations

import random
from pathlib import Path
from types import ModuleType

import pytest

from bptui.debugger.commands import travel, what_if
from bptui.debugger.commands.register import COMMANDS
from bptui.debugger.panes import register
from bptui.debugger.saved import keeper as keeper_saved
from bptui.debugger.saved.files import Found
from bptui.debugger.state import looks
from bptui.debugger.state import stops as set_stops
from bptui.debugger.state.saved import Saved, SavedRun, read, read_old, write
from bptui.debugger.state.session import Session
from bptui.replay.open import open_scenario
from bptui.scenario.reader import read_scenario_text
from bptui.scenario.shipped import find

OLD = Path(__file__).with_name("old") / "two_layer.toml"
SCRIPT = (("stop", "E < 0.25"), ("watch", "w5"), ("next_stop", None), ("mark", "a"), ("frame_up", None), ("over", None),
          ("stop", "d(E, w5) hit % 10"), ("edit", "w5 = 0.1"), ("watch", "abs(w5 - w5@0)"), ("stops", None))

TYPED = {
    "stop": ["E < 0.1", "changed(w1)", "trouble", "backward/*", "E < 0.3 log E"], "watch": ["w1", "E@prev", "d(E, w1)"],
    "edit": ["w1 = 0.3", "learning_rate = 0.05"], "go": ["#1:4", "50%", "2"], "mark": ["a", "b"], "to_mark": ["a"]}


def found(saved: Saved) -> Found:
    return Found(saved, 720.0)


def there_and_back(session: Session) -> Saved:
    """Through the text that a file would have."""
    return read(write(keeper_saved.taken(session)).encode())


def settled(session: Session) -> None:
    """What is counted on in the background is counted."""
    while set_stops.count_on(session, 1.0):
        pass
    session.run.known, session.message = max(session.run.known, 0), ""


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", ["two_layer", "batches", "gan"])
def test_a_restored_session_shows_the_same_screen(tui: ModuleType, name: str, seed: int) -> None:
    chance = random.Random(f"keep {name} {seed}")
    session = tui.open_session(name)
    hands = tui.Hands(session)
    left_out = ("quit", "palette", "help", "got", "find", "next_find", "previous_find", "repeat", "sides", "lesson",
                *looks.GLOBAL)                      # of the person, not of the session
    commands = [c.id for c in COMMANDS if c.id not in left_out]
    for n in range(60):
        command = chance.choice(commands)
        hands.press(command, chance.choice(TYPED[command]) if command in TYPED else None)
        if n % 12 < 11:
            continue
        session.close()
        session.yours = None
        session.card = False
        again = tui.open_session(name)
        faults = keeper_saved.restore(again, there_and_back(session))
        assert faults == []
        for each in (session, again):
            for branch in each.branches.values():
                while branch.run.work(1.0):
                    pass
            settled(each)
            while register.work_on(each, 1.0):      # the marks of the time line
                pass
        assert again.position == session.position and again.branch.name == session.branch.name
        for size in ((80, 24), (120, 40)):
            assert tui.text(again, size) == tui.text(session, size)
        assert keeper_saved.taken(again) == keeper_saved.taken(session)


def test_a_session_is_told_of_when_it_is_put_back(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    hands = tui.Hands(session)
    for command, text in SCRIPT:
        hands.press(command, text)
    again = tui.open_session("two_layer")
    keeper_saved.resume(again, found(there_and_back(session)))
    assert again.message == "Where you left off 12 minutes ago. - goes back. With 2 stops, 2 watches, 1 what-if run."
    assert again.branch.name == "B" and what_if.title(again, "B").startswith("w5 = 0.1 after ")
    assert again.level == session.level == "phase" and again.right == "stops"
    again.back()
    assert "No place to go back" not in again.message


def test_a_session_that_says_nothing_is_not_told_of(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    keeper_saved.resume(session, found(there_and_back(tui.open_session("two_layer"))))
    assert session.message == "" and session.untouched


def test_with_a_place_that_was_asked_for_only_the_rest_is_put_back(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    hands = tui.Hands(session)
    for command, text in SCRIPT:
        hands.press(command, text)
    again = tui.open_session("two_layer", "#7:3")
    keeper_saved.resume(again, found(there_and_back(session)), stay=True)
    assert (again.position.update, again.position.value) == (7, 3) and len(again.stops) == 2


def edited(text: str) -> Session:
    return Session(open_scenario(read_scenario_text(text, "here")))


def test_what_no_longer_fits_is_said_and_lost_by_nobody(tui: ModuleType) -> None:
    text = tui.NET.format(rate="0.5", title="x")
    session = edited(text)
    hands = tui.Hands(session)
    for command, typed in (("stop", "w8.next"), ("stop", "E < 0.3"), ("watch", "w8"), ("go", "#35:3"), ("mark", "z"),
                           ("edit", "w8 = 0.1"), ("go", "#38")):
        hands.press(command, typed)
    saved = there_and_back(session)
    smaller = text.replace("updates = 40", "updates = 20").replace(
        'units = ["o1", "o2"]', 'units = ["o1"]').replace(
        "weights = [[0.40, 0.45], [0.50, 0.55]]", "weights = [[0.40, 0.45]]").replace("[[0.01, 0.99]]", "[[0.01]]")
    again = edited(smaller)
    keeper_saved.resume(again, found(saved))
    assert "The scenario has changed since: what-if run B no longer fits" in again.message and "more" in again.message
    assert again.position.update == 0
    assert [each.fault != "" for each in again.stops.values()] == [True, False]
    kept = there_and_back(again)
    assert (kept.runs, kept.marks, kept.watches) == (saved.runs, saved.marks, saved.watches)
    assert [s.text for s in kept.stops] == [s.text for s in saved.stops]
    whole = edited(text)                            # the scenario is as it was: so is the session, but for the place
    assert keeper_saved.restore(whole, kept) == []
    assert set(whole.branches) == {"A", "B"} and "z" in whole.bookmarks
    assert all(each.fault == "" for each in whole.stops.values())


@pytest.mark.parametrize(
    ("runs", "why"),
    [([("B", "A"), ("B", "A")], "there are two of that name"), ([("B", "C")], "it left run 'C', which is not there"),
     *(([(name, "A")], "a run is called by one of the letters B to Z") for name in ("\x1b", "é", "A", "", "BC"))])
def test_why_a_what_if_run_does_not_fit_is_true(tui: ModuleType, runs: list[tuple[str, str]], why: str) -> None:
    session = tui.open_session("two_layer")
    saved = Saved(runs=tuple(SavedRun(name, parent, 0, ("w5 = 0.1",), 1) for name, parent in runs))
    (fault,) = keeper_saved.restore(session, saved)
    assert fault.endswith(f"no longer fits: {why}") and set(session.branches) <= set("AB")
    assert keeper_saved.taken(session).runs == saved.runs                                    # and kept


def test_a_place_that_is_gone_is_not_repeated_at_any_length(tui: ModuleType) -> None:
    (fault,) = keeper_saved.restore(tui.open_session("two_layer"), Saved(position="#" * 10_000))
    assert len(fault) < 400


@pytest.mark.parametrize("saved", [
    Saved(position="nowhere"), Saved(position="#999999999999"), Saved(sample=10**9), Saved(run="Z"),
    Saved(following="E"),
    Saved(following="w5 +"), Saved(focus="x", left="y", right="z", level="?", listed="99999999999999999999"),
    Saved(marks=(("", "#1"), ("long", "#-1"))), Saved(cursors=(("chain", 10**12), ("nope", 3), ("hits", 10**12))),
    Saved(unfolded=(("x", 10**9),)), Saved(past=("x", "#1"), future=("#10:1.2", "")),
    Saved(watches=("w5 +", "\x1b[2J")),
])
def test_whatever_a_file_says_the_screen_can_be_drawn(tui: ModuleType, saved: Saved) -> None:
    session = tui.open_session("two_layer")
    keeper_saved.resume(session, found(saved))
    for right in ("watches", "stops", "hits", "parameters"):
        session.right = session.focus = right
        for size in ((80, 24), (120, 40)):
            assert "\x1b" not in tui.text(session, size)
    assert isinstance(keeper_saved.taken(session), Saved)


class Silent:
    """A saver that only hears."""

    def __init__(self) -> None:
        self.heard: list[Saved] = []
        self.trouble = ""

    def offer(self, saved: Saved) -> None:
        self.heard.append(saved)

    def wait(self) -> float | None:
        return 0.25 if self.heard else None

    def close(self) -> None:
        self.heard.append(Saved(scenario="closed"))


def test_a_keeper_takes_down_what_changes_and_says_what_is_wrong(tui: ModuleType) -> None:
    session, saver = tui.open_session("two_layer"), Silent()
    keeper = keeper_saved.Keeper(session, saver)         # type: ignore[arg-type]
    assert keeper.keep() is None and saver.heard == []      # nothing is written before something changes
    travel.step(session, "over")
    assert keeper.keep() == 0.25
    keeper.keep()
    assert [s.position for s in saver.heard] == ["#0:1"]
    saver.trouble = "This session is not saved: the disk is full."
    travel.step(session, "over")
    keeper.keep()
    assert "the disk is full" in session.message
    for size in ((80, 24), (120, 40), (80, 14)):    # the sentence goes with the next step; that it is so does not
        travel.step(session, "over")
        keeper.keep()
        assert session.message == "" and " NOT SAVED " in tui.text(session, size).splitlines()[0]
    saver.trouble = ""
    keeper.keep()
    assert session.message == "This session is saved again." and "NOT SAVED" not in tui.text(session)
    keeper.close()
    assert saver.heard[-1].scenario == "closed"


def test_a_session_says_what_made_its_numbers(tui: ModuleType) -> None:
    assert "straight-line Python, numpy " in keeper_saved.taken(tui.open_session("two_layer")).bits


def test_a_session_that_an_earlier_bptui_saved_shows_what_it_showed(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    keeper_saved.resume(session, found(read_old(OLD.read_bytes())))
    assert session.message == "Where you left off 12 minutes ago. - goes back. With 2 stops, 2 watches, 1 what-if run."
    assert (session.branch.name, session.position.update, session.position.value) == ("B", 300, 12)
    assert set(session.bookmarks) == {"a"} and session.watches == ["w5", "abs(w5 - w5@0)"]
    assert what_if.title(session, "B") == "w5 = 0.1 after 7 updates"


def test_the_gallery_and_back_loses_nothing(tui: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the changes have been written by then or not."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = find("two_layer")
    for drawn in (True, False):
        session, keeper = keeper_saved.reopened(tui.open_session("two_layer"), path, fresh=True, stay=False)
        hands = tui.Hands(session)
        for command, text in SCRIPT:
            hands.press(command, text)
            if drawn:
                keeper.keep()
                keeper.write()
        keeper.close()
        again, other = keeper_saved.reopened(tui.open_session("two_layer"), path, fresh=False, stay=False)
        assert other.trouble == "" and set(again.branches) == {"A", "B"} and again.branch.name == "B"
        assert keeper_saved.taken(again) == keeper_saved.taken(session)
        other.close()
