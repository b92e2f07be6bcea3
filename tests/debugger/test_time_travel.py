"""The verbs of time travel: what goes there comes back, hits are the same from both sides, looking changes nothing."""

from __future__ import annotations

import random
import time
from types import ModuleType
from typing import Any

import pytest

from bptui.debugger import event, job
from bptui.debugger.commands import seek, stack, travel
from bptui.debugger.commands.stack import LEVELS
from bptui.debugger.panes import cursor, register
from bptui.debugger.saved import keeper
from bptui.debugger.scene import Scene
from bptui.debugger.state import stops as set_stops
from bptui.debugger.state import watches
from bptui.debugger.state.session import Session
from bptui.replay.open import open_scenario
from bptui.replay.places import read_position, write_position
from bptui.replay.timeline import Position
from bptui.scenario.reader import read_scenario_text

NAMES = ("two_layer", "two_layer_in_place", "batches", "gan", "single_neuron", "recurrent_bit")


def some_positions(tui: ModuleType, session: Any, seed: str) -> list[Position]:
    """Stops here and there, the ends included."""
    run, chance = session.run, random.Random(seed)
    last = run.updates
    every = [p for n in sorted({0, 1, last // 2, last}) for p in tui.positions(run, n)]
    return sorted({every[0], every[-1], *chance.sample(every, min(60, len(every)))})


@pytest.mark.parametrize("name", NAMES)
def test_every_position_can_be_typed(tui: ModuleType, name: str) -> None:
    session = tui.open_session(name)
    for at in some_positions(tui, session, name):
        assert read_position(session.run, write_position(session.run, at)) == at


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", NAMES)
def test_n_and_then_N_comes_back_to_the_end_of_a_frame(tui: ModuleType, name: str, level: str) -> None:
    """From a frame's end; from inside one, N goes to the frame's start."""
    session = tui.open_session(name)
    for at in some_positions(tui, session, f"{name} {level}"):
        tui.stand(session, at)
        session.level = level
        around = {f.level: f for f in stack.frames(session.run, at)}
        chosen = stack.chosen(session)
        mine = around.get(chosen)
        there = travel.step(session, "over")
        forward = session.position
        assert there == (forward > at)
        if there and chosen == "run" and at != Position(0):
            assert forward == session.path().end()          # the run as a whole: N goes to its start
        elif there and (mine is None or at in (mine.end, mine.start)):
            assert travel.step(session, "back_over") and session.position == at, f"{at} to {forward}"
        elif there and mine is not None:
            assert forward == mine.end
        tui.stand(session, at)
        session.level = level
        if travel.step(session, "back_over"):
            assert session.position < at


def test_levels_go_by_layer_phase_and_update(tui: ModuleType) -> None:
    """By hand: the numbers of two_layer's 35 values."""
    session = tui.open_session("two_layer")
    hands = tui.Hands(session)
    ends: dict[str, list[str]] = {}
    for level in ("layer", "phase", "update"):
        tui.stand(session, Position(0))
        session.level = level
        ends[level] = []
        while session.position.update == 0 and travel.step(session, "over"):
            ends[level].append(write_position(session.run, session.position))
    assert ends == {"layer": ["#0:4", "#0:8", "#0:11", "#0:19", "#0:27", "#0:31", "#0:35", "#1:0"],
                    "phase": ["#0:8", "#0:11", "#0:27", "#0:35", "#1:0"], "update": ["#0:35", "#1:0"]}
    tui.stand(session, read_position(session.run, "#0:14"))
    session.level = "value"
    at = session.position
    for shown in ("output", "backward", "update 0", "run"):
        hands.press("frame_up")
        assert f"[{shown}]" in session.message and session.position == at
    hands.press("frame_up")
    assert "outermost" in session.message
    for _ in range(4):
        hands.press("frame_down")
    assert session.level == "value" and "[∂E/∂net_o1]" in session.message
    hands.press("frame_down")
    assert "innermost" in session.message and session.position == at


def test_f_goes_from_end_to_end_of_the_layers_and_never_skips_a_phase(tui: ModuleType) -> None:
    """By hand: the ends of two_layer's layers forward, of its loss, of the layers on the way back and in the update."""
    session, ends = tui.open_session("two_layer"), []
    while session.position.update == 0 and travel.step(session, "out"):
        ends.append((write_position(session.run, session.position), session.message.partition(":")[0]))
    assert ends == [("#0:4", "End of hidden"), ("#0:8", "End of output"), ("#0:11", "End of loss"),
                    ("#0:19", "End of output"), ("#0:27", "End of hidden"), ("#0:31", "End of hidden"),
                    ("#0:35", "End of output"), ("#1:0", "Update 2 begins, after 1 update.")]


@pytest.mark.parametrize("name", NAMES)
def test_f_passes_no_end_of_a_layer_or_a_phase(tui: ModuleType, name: str) -> None:
    session = tui.open_session(name)
    for at in some_positions(tui, session, f"f {name}"):
        tui.stand(session, at)
        if not travel.step(session, "out"):
            continue
        to, times = session.position, session.run.times(at.update)
        last = to.value if to.update == at.update else times.count
        homes = [times.blocks[times.locate(v)[0]] for v in range(at.value + 1, last + 1)]
        assert len({(b.phase, b.group) for b in homes}) <= 1, f"{at} to {to}"
        assert to.update == at.update or at.value == times.count


def test_stepping_out_says_what_was_computed(tui: ModuleType) -> None:
    session = tui.open_session("two_layer", "#0:19")
    travel.step(session, "into")
    assert travel.step(session, "out") and session.message == "Done: ∂E/∂out_h1 = +0.036350306."
    assert travel.step(session, "out")
    assert session.message == "End of hidden: 7 values made, the last ∂E/∂w4 = +0.000995425."


@pytest.mark.parametrize("name", NAMES)
def test_the_same_value_one_update_on_and_back(tui: ModuleType, name: str) -> None:
    session = tui.open_session(name)
    hands = tui.Hands(session)
    for at in some_positions(tui, session, f"a {name}"):
        tui.stand(session, at)
        hands.press("again")
        there = session.position
        if there == at:
            assert "last update" in session.message or "not made" in session.message
            continue
        assert there.update > at.update
        hands.press("back_again")
        assert (session.position.update, session.position.value) == (at.update, at.value)
        if name != "batches":                       # whose last batch has fewer terms to a sum
            assert session.position == at


# stops

STOPS = ("E < 0.2", "becomes E < 0.1", "changed(w1)", "d(E, w1)", "backward/*", "d(E, w1) if E < 0.25", "trouble",
         "update/* hit % 7", "d(E, w1) hit >= 5", "E@prev < E")


@pytest.mark.slow
@pytest.mark.parametrize("stop", STOPS)
@pytest.mark.parametrize("name", ["two_layer", "batches", "gan"])
def test_hits_forwards_are_hits_backwards(tui: ModuleType, name: str, stop: str) -> None:
    session = tui.open_session(name)
    hands = tui.Hands(session)
    if name == "gan":
        stop = stop.replace("E", "D") if "w1" not in stop else "changed(sign(D - D@0))"
    hands.press("stop", stop)
    if not session.stops:
        pytest.skip(f"{name} has no {stop}: {session.message}")
    found = set_stops.hits(session, 1)
    assert found is not None
    while found.work(1.0):
        pass
    chance = random.Random(f"{name} {stop}")
    start = chance.randint(1, max(1, found.count - 30)) if found.count else 1
    few = [found.nth(k) for k in range(start, min(start + 25, found.count) + 1)]
    forwards: list[Position] = []
    tui.stand(session, found.nth(start - 1) if start > 1 else Position(0))
    if few and session.position == few[0]:
        forwards.append(few[0])
    while len(forwards) < len(few):
        hands.press("next_stop")
        forwards.append(session.position)
        assert f"Hit {start + len(forwards) - 1:,} of {found.count:,}." in session.message
    backwards = [session.position] if few else []
    while len(backwards) < len(few):
        hands.press("previous_stop")
        backwards.append(session.position)
    assert forwards == few == backwards[::-1]


def test_C_after_c_returns_and_the_ends_are_said(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    hands = tui.Hands(session)
    hands.press("stop", "becomes E < 0.001")
    hands.press("stop", "d(E, w5) if E < 0.001 hit <= 3")
    seen = []
    for _ in range(4):
        hands.press("next_stop")
        seen.append(session.position)
    assert [p.update for p in seen] == [1088, 1088, 1089, 1090] and seen == sorted(set(seen))
    hands.press("next_stop")
    assert session.position == seen[-1] and session.message.startswith("No hit after this, to the end of the run")
    for expected in reversed(seen[:-1]):
        hands.press("previous_stop")
        assert session.position == expected
    hands.press("previous_stop")
    assert session.position == seen[0] and session.message.startswith("No hit before this")


def test_a_stop_for_once_is_off_afterwards_and_can_be_switched_on(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    hands = tui.Hands(session)
    hands.press("stop", "E < 0.25 once")
    hands.press("next_stop")
    first = session.position
    assert "off now" in session.message and not session.stops[1].enabled
    hands.press("next_stop")
    assert session.position == first and "All stops are off" in session.message
    hands.press("stops")
    hands.press("only")                             # in the list: on again
    assert session.stops[1].enabled
    hands.press("remove")
    assert session.stops == {} and "is gone" in session.message
    hands.press("stop", "E < 0.2")
    assert list(session.stops) == [2]               # a number is not given twice


def test_c_without_a_stop_does_not_run_away(tui: ModuleType) -> None:
    session = tui.open_session("two_layer", "#3:3")
    tui.Hands(session).press("next_stop")
    assert write_position(session.run, session.position) == "#3:3" and "No stop set" in session.message


def test_a_search_that_is_interrupted_stays_where_it_began(tui: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    session = tui.open_session("two_layer", "#3:3")
    set_stops.set_stop(session, "norm(hidden.weights) > 1e9")
    monkeypatch.setattr(job, "FIRST_LOOK", 0.0)
    seek.next_stop(session, 1)
    assert session.job is not None and "Ctrl-C stops" in session.message
    assert job.stop(session) and session.job is None
    assert write_position(session.run, session.position) == "#3:3" and "you are where you were" in session.message
    assert not job.stop(session)


def test_who_changed_this_last(tui: ModuleType) -> None:
    """V lands on the step that writes, which has the old value and the new."""
    session = tui.open_session("two_layer", "#100:3")
    hands = tui.Hands(session)
    session.focus, session.cursor["parameters"] = "parameters", 4
    hands.press("previous_change")
    assert write_position(session.run, session.position) == "#99:32" and "a change of w5" in session.message
    hands.press("next_change")
    assert write_position(session.run, session.position) == "#100:32"
    session.focus, session.cursor["parameters"] = "parameters", 8         # b1 is not trained
    hands.press("next_change")
    assert write_position(session.run, session.position) == "#100:32" and "does not change" in session.message


def test_trouble_is_found_in_both_directions_and_said(tui: ModuleType) -> None:
    session = tui.open_session("exploding_gradient")
    hands = tui.Hands(session)
    seen = []
    for _ in range(20):
        before = session.position
        hands.press("next_trouble")
        if session.position == before:
            break
        seen.append((session.position, session.message))
    assert len(seen) == 3 and "out_h3 is -Inf: -2.25433e+128 × 5.08199e+256 overflows" in seen[-1][1]
    back = [session.position]
    for _ in range(len(seen) - 1):
        hands.press("previous_trouble")
        back.append(session.position)
    assert back[::-1] == [at for at, _ in seen]
    hands.press("previous_trouble")
    assert session.message == "No trouble begins before this; in the whole run it begins 3 times."
    dead = tui.open_session("dead_relu")
    hands = tui.Hands(dead)
    hands.press("next_trouble")
    hands.press("next_trouble")
    assert dead.message == "No trouble begins after this; in the whole run it begins once."
    calm = tui.open_session("two_layer")
    tui.Hands(calm).press("next_trouble")
    assert calm.position == Position(0) and calm.message.startswith("No trouble in this run")


ONE_OF_FOUR = """
[equations]
forward = ["y = max(w*x, 0)", "g = sqrt(y)", "E = (g - t)**2"]
loss = "E"
[parameters]
w = 1.0
[values]
x = [0.25, -0.5, 0.49, 1.0]
t = [0.5, 0.2, 0.5, 0.9]
[training]
learning_rate = 0.1
updates = 2
"""


def test_trouble_is_shown_in_its_sample_and_a_sum_by_the_term_that_broke(tui: ModuleType) -> None:
    """Sample 2 stands at the 0 of the root; the sum over samples is NaN because of it, not of sample 4, its last."""
    session = Session(open_scenario(read_scenario_text(ONE_OF_FOUR, "here")))
    hands = tui.Hands(session)
    hands.press("next_trouble")
    assert session.row() == 2 and "∂E/∂y is -Inf: the slope of √ at 0 is 1 / 0" in session.message
    assert "∂E/∂y = -Inf" in event.event(Scene(session))
    hands.press("over")
    assert "∂E/∂w = NaN  sample 2, y = NaN" in event.event(Scene(session))


# looking changes nothing

def test_watching_and_stops_change_nothing(tui: ModuleType) -> None:
    session = tui.open_session("batches", "#2:14")
    before, bits = session.position, tui.digest(session.run)
    chain = tui.text(session)
    for text in ("w1", "d(E, w1)", "w1@0", "E@prev", "norm(first.weights)", "E.training", "nope", "w1 +", "out_o1"):
        watches.add(session, text)
        set_stops.set_stop(session, f"{text} < 3")
    assert len(session.watches) == 7
    session.right = "watches"
    tui.text(session)
    while set_stops.count_on(session, 1.0):
        pass
    session.right, session.message = "parameters", ""
    session.stops = {}
    assert session.position == before and tui.digest(session.run) == bits
    assert tui.text(session).splitlines()[:-2] == chain.splitlines()[:-2]


def test_a_watch_shows_its_value_its_change_and_what_it_was(tui: ModuleType) -> None:
    """The tutorial's numbers: w5 0.4, after one update 0.358916480."""
    session = tui.open_session("two_layer", "#1:3")
    for text in ("w5", "d(E, w5)", "E", "w5@0", "w5@prev", "E < 0.295", "hidden.weights", "E.training"):
        watches.add(session, text)
    rows = {text: watches.here(session, text) for text in session.watches}
    assert (f"{rows['w5'].value:.9f}", f"{rows['w5'].change:.9f}") == ("0.358916480", "-0.041083520")
    assert rows["w5"].changed and not rows["w5@0"].changed
    assert rows["d(E, w5)"].value is None and f"{rows['d(E, w5)'].before:.9f}" == "0.082167041"
    assert rows["E"].value is None and rows["E.training"].value is None and rows["E < 0.295"].value is None
    assert (rows["w5@prev"].value, rows["w5@0"].value) == (0.4, 0.4)
    session.go("#1:11")
    assert f"{watches.here(session, 'E').value:.9f}" == "0.291027774"
    assert watches.here(session, "E < 0.295").value is True
    session.list_hits("w5")
    assert register.length(Scene(session), "hits") == 2
    shown = tui.text(session)
    assert "after 0" in shown and "0.400000000" in shown and "0.358916480" in shown


def test_marks_repeats_and_running_to_the_cursor(tui: ModuleType) -> None:
    session = tui.open_session("two_layer", "#0:12")
    hands = tui.Hands(session)
    hands.press("mark", "k")
    hands.press("repeat", "10 n")
    assert write_position(session.run, session.position) == "#0:22"
    hands.press("repeat", "2 F10")
    assert write_position(session.run, session.position) == "#0:24"
    hands.press("back")
    hands.press("to_mark", "k")
    assert write_position(session.run, session.position) == "#0:12"
    hands.press("back")
    assert write_position(session.run, session.position) == "#0:22"
    hands.press("to_mark", "j")
    assert "No place is marked 'j'" in session.message
    for wrong in ("n", "10", "10 q", "0x3 n", "5 g", "-1 n"):
        hands.press("repeat", wrong)
        assert "how often" in session.message, wrong
    cursor.show(session, "values")
    session.cursor["values"] = 4
    hands.press("to_cursor")                        # back in time
    assert write_position(session.run, session.position) == "#0:5"
    session.cursor["values"] = 30
    hands.press("to_cursor")
    assert write_position(session.run, session.position) == "#0:31"


def test_running_to_a_path_of_a_sum(tui: ModuleType) -> None:
    """At the sum that makes ∂E/∂out_h1 one chooses the path to step into."""
    session = tui.open_session("two_layer", "#0:20")
    hands = tui.Hands(session)
    rows = tui.chain(session).rows
    paths = [n for n, row in enumerate(rows) if row.kind == "path"]
    session.focus, session.cursor["chain"] = "chain", paths[0]
    hands.press("to_cursor")
    assert write_position(session.run, session.position) == "#0:20.1"
    session.cursor["chain"] = paths[1]
    hands.press("to_cursor")
    assert session.here == rows[paths[1]].made


# faults that an attack found

def test_places_keep_the_run_in_which_they_lie(tui: ModuleType) -> None:
    """A mark, a place to go back to and where following began are of one run; another has other values there."""
    session = tui.open_session("two_layer")
    hands = tui.Hands(session)
    hands.press("edit", "optimizer = adam")
    session.go("#1:60")                             # Adam's updates have more values than the tutorial's 35
    hands.press("mark", "a")
    session.go("#1:69")
    branch = session.branch
    hands.press("go", "#2")
    session.look_at(session.branches["A"], Position(2))
    assert tui.text(session) and keeper.taken(session).marks == (("a", "B #1:60"),)
    hands.press("to_mark", "a")
    assert session.branch is branch and write_position(session.run, session.position) == "#1:60"
    hands.press("back")
    assert session.branch.name == "A" and session.position == Position(2)


def test_a_place_that_a_run_does_not_reach_any_more_is_said(tui: ModuleType) -> None:
    session = tui.open_session("overfitting_patience")
    hands = tui.Hands(session)
    session.past.append(("A", Position(10**6)))
    hands.press("back")
    assert session.position == Position(0) and "no more" in session.message
    session.past.append(("Z", Position(1)))
    hands.press("back")
    assert session.position == Position(0) and "no more" in session.message


@pytest.mark.parametrize("text", ["²", "9" * 5000, "١"])
def test_a_number_of_a_stop_is_of_digits(tui: ModuleType, text: str) -> None:
    session = tui.open_session("two_layer")
    tui.Hands(session).press("stop", text)
    assert session.message and session.stops == {}


def test_a_search_ends_with_what_it_looked_for(tui: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "FIRST_LOOK", 0.0)
    ways: tuple[Any, ...] = (lambda s: set_stops.remove(s, 1), lambda s: set_stops.switch(s, 1), lambda s: s.go("#3"))
    for way in ways:
        session = tui.open_session("two_layer")
        set_stops.set_stop(session, "E.training < 0.0001")
        seek.next_stop(session, 1)
        assert session.job is not None
        way(session)
        assert session.job is None


def test_stops_that_come_after_others_are_quick(tui: ModuleType) -> None:
    """Each asks its forerunner once, and not all of them each time."""
    session = tui.open_session("two_layer")
    hands = tui.Hands(session)
    hands.press("stop", "d(E, w5)")
    for number in range(2, 40):
        hands.press("stop", f"E < {number} after {number - 1}")
    began = time.process_time()
    hands.press("next_stop")
    assert session.position.value and time.process_time() - began < 5
