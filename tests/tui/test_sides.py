"""Runs side by side: the screen, its numbers held against runs worked out elsewhere, its reasons, its keys."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pytest

from bptui.debugger.commands import typed, what_if
from bptui.debugger.commands.register import BY_ID, COMMANDS
from bptui.debugger.job import go_on, stop
from bptui.debugger.side_by_side import compare as comparison
from bptui.debugger.side_by_side import keys
from bptui.debugger.state.session import Session
from bptui.explain.compare import compare, lines
from bptui.explain.pairs import unlike
from bptui.replay.open import open_scenario
from bptui.replay.run import Run
from bptui.replay.timeline import Position
from bptui.scenario.reader import read_scenario_text
from bptui.tui.app import BptuiApp
from bptui.tui.runs import RunsScreen
from bptui.tui.screenshot import settled
from tests.reference import two_layer_reference as oracle

TINY = """
title = "One expression"
[equations]
forward = ["y = w*x", "E = {loss}"]
loss = "E"
[parameters]
w = {w}
[values]
x = {x}
[training]
learning_rate = {rate}
updates = {updates}
"""
SCREENS: dict[str, tuple[str, tuple[int, int], Sequence[str]]] = {
    "two_layer": ("two_layer", (80, 24), ["E"]),
    "two_layer_wide": ("two_layer", (120, 40), ["E"]),
    "two_layer_low": ("two_layer", (80, 14), ["E"]),
    "next_difference_chosen": ("two_layer", (80, 24), ["E", "next_trouble", "next_trouble", "next_pane"]),
    "from_the_other_side": ("two_layer_in_place", (80, 24), ["E"]),
    "edited_weight": ("two_layer", (80, 24), ["e w5 = 0.3", "E A"]),
    "edited_activation_wide": ("two_layer", (120, 40), ["g #5000", "e hidden.activation = relu", "E A"]),
    "edited_data": ("two_layer", (80, 24), ["g #5", "e i1 = 0", "E A", "next_trouble"]),
    "other_structure": ("recurrent_bit", (80, 24), ["E lstm_bit"]),
    "other_batches": ("batch_each", (80, 24), ["E batch_all"]),
    "several_samples": ("batches", (80, 24), ["e learning_rate = 0.1", "E A", *["next_trouble"] * 3]),
}


def tiny(updates: int = 8, w: object = 0.5, x: object = 1.5, rate: object = 0.1, loss: str = "y*y / 2") -> Run:
    return open_scenario(read_scenario_text(TINY.format(w=w, x=x, rate=rate, loss=loss, updates=updates), "tiny"))


def finished(session: Session) -> Session:
    while go_on(session, 1.0) or (session.sides is not None
                                  and comparison.Consequences(session.sides).work(1.0)):
        pass
    return session


def do(session: Session, *steps: str) -> Session:
    """`E` compares, `e` edits, `g` goes; the rest are ids of the table."""
    for each in steps:
        first, _, text = each.partition(" ")
        if first == "E":
            comparison.compare(session, text)
        elif first == "e":
            what_if.edit(session, text)
        elif first == "g" and session.sides is None:
            session.go(text)
        else:
            assert keys.key(session, "go" if first == "g" else first, text)
        finished(session)
    return session


def beside(a: Run, b: Run) -> Session:
    """A session in which two runs stand side by side, not yet looked through."""
    session = Session(a)
    session.__dict__["beside"] = (b,)
    return session


def state(session: Session) -> comparison.Sides:
    assert session.sides is not None
    return session.sides


# what it looks like

@pytest.mark.parametrize("name", SCREENS)
def test_screen(tui: ModuleType, as_text: Any, name: str) -> None:
    scenario, size, steps = SCREENS[name]
    session = do(tui.open_session(scenario), *steps)
    assert "\n".join(line.rstrip() for line in tui.text(session, size).splitlines()) + "\n" == as_text


def numbers(line: str) -> list[str]:
    return re.findall(r"[+-]?\d+\.\d+|(?<= )0$", line.rstrip())


def test_the_numbers_of_mockup_e_are_those_of_both_runs_worked_out_elsewhere(tui: ModuleType) -> None:
    text = tui.text(do(tui.open_session("two_layer"), "E")).splitlines()
    rules = ("simultaneous", "in_place")
    here = [oracle.figures("simultaneous", 0, exact=True) for _ in rules]
    after = {n: [oracle.figures(rule, n, exact=n == 1) for rule in rules] for n in (1, 10_000)}
    moved = [after[1][1][f"w{n}"] for n in (5, 6, 7, 8)]       # what the second run reads on its way back
    here[1] = oracle.back_to_hidden(here[1], moved, mpmath.mpf)
    w5 = (mpmath.mpf("0.4"), after[1][1]["w5"])
    expected = {"∂E/∂net_o1": [f["d(E_o1, net_o1)"] for f in here], "∂net_o1/∂out_h1 = w5": w5,
                "through o1": [f["d(E_o1, out_h1)"] for f in here], "through o2": [f["d(E_o2, out_h1)"] for f in here],
                "sum at out_h1": [f["d(E, out_h1)"] for f in here], "w1.grad": [f["d(E, w1)"] for f in here],
                "E after 1 ": [f["E"] for f in after[1]], "E after 10000": [f["E"] for f in after[10_000]],
                "out_o1 after 10000": [f["out_o1"] for f in after[10_000]],
                "out_o2 after 10000": [f["out_o2"] for f in after[10_000]]}
    for name, values in expected.items():
        shown = numbers(next(line for line in text if name in line).split(name)[1])
        for said, value in zip(shown, values, strict=False):
            unit = mpmath.mpf(10) ** -len(said.split(".")[1])
            assert abs(mpmath.mpf(said) - value) <= unit / 2 * (1 + mpmath.mpf(10) ** -6), (name, said, value)
        if "after" not in name and "grad" not in name:
            assert abs(mpmath.mpf(shown[2]) - (values[1] - values[0])) <= mpmath.mpf(10) ** -9 / 2
    for said in ("0.358916480", "+0.049709416", "+0.030229739", "0.000364723", "0.291027924", "0.0000350848",
                 "0.015912196", "0.984065734"):
        assert said in "\n".join(text)


def test_the_words_of_mockup_e(tui: ModuleType) -> None:
    session = do(tui.open_session("two_layer"), "E")
    text = tui.text(session)
    for said in ("compare  A two_layer  B two_layer_in_place  after 0 updates   first difference",
                 "First difference: at out_h1, path 1 of 2", "19 values before it equal, bit for bit",
                 "B has already changed w5 (its value 20) when it goes back to h1 (value 24).",
                 "A goes back to h1 first (value 20) and changes w5 later (value 32).",
                 "So the source describes A, and its program ran B.",
                 "Stopped: first difference. 12 of 35 values differ in this update."):
        assert said in text
    printed = {line.split("  ")[3].strip(): line.split()[-1] for line in text.splitlines()[15:20]}
    assert printed == {"w1.grad": "A", "E after 1": "B", "E after 10000": "9999", "out_o1 after 10000": "B",
                       "out_o2 after 10000": "B"}
    assert "A at 9999" in text
    track = [line.split() for line in text.splitlines()[1:3]]
    assert track[0][-1] == "20/35" and track[1][-1] == "24/35" and track[1][7:9] == ["upd", "■■■■"]


def test_twelve_of_thirty_five_values_differ_and_they_are_these(tui: ModuleType) -> None:
    shown = state(do(tui.open_session("two_layer"), "E"))
    names = [shown.both.pair(0, int(n)).name for n in shown.apart.numbers]      # type: ignore[union-attr]
    assert names == ["d(E, out_h1)", "d(E, out_h2)", "d(E, net_h1)", "d(E, net_h2)", "w1.grad", "w2.grad", "w3.grad",
                     "w4.grad", "w1.next", "w2.next", "w3.next", "w4.next"]
    f = oracle.figures("simultaneous", 0)
    g = oracle.back_to_hidden(f, [oracle.figures("in_place", 1)[f"w{n}"] for n in (5, 6, 7, 8)], float)
    differ = [name for name in f if f[name] != g[name] and name.startswith("d(E, ")]
    assert sorted(differ) == sorted(["d(E, out_h1)", "d(E, out_h2)", "d(E, net_h1)", "d(E, net_h2)",
                                     *(f"d(E, w{n})" for n in (1, 2, 3, 4))])


def test_the_command_line_gives_the_same_reasons(tui: ModuleType) -> None:
    said = "\n".join(lines(compare(tui.run_of("two_layer"), tui.run_of("two_layer_in_place"))))
    session = do(tui.open_session("two_layer"), "E")
    detail = state(session).detail()
    assert detail is not None and len(detail.reasons) == 2
    for reason in (*detail.reasons, detail.where):
        assert reason in said
    assert all(reason in "\n".join(comparison.report(session)) for reason in detail.reasons)


def test_the_reason_is_the_same_from_the_other_side(tui: ModuleType) -> None:
    """A is in place here: the letters change places, the numbers of the values do not."""
    found = compare(tui.run_of("two_layer_in_place"), tui.run_of("two_layer"))
    assert found.parting is not None and found.parting.detail.reasons == (
        "A has already changed w5 (its value 20) when it goes back to h1 (value 24).",
        "B goes back to h1 first (value 20) and changes w5 later (value 32).")


# where runs part

def test_a_what_if_run_parts_where_it_left(tui: ModuleType) -> None:
    session = do(tui.open_session("two_layer"), "g #7:5", "e w5 = 0.3", "E A")
    shown = state(session)
    assert (shown.first, shown.at, shown.given, shown.letters) == (7, Position(7), 0, ("A", "B"))
    detail = shown.detail()
    assert detail is not None
    assert [(row.name, row.b) for row in detail.rows] == [("w5", 0.3)]
    assert detail.rows[0].a == tui.run_of("two_layer").value("w5", 7)
    assert detail.reasons == ("B is a what-if run of A: w5 = 0.3 after 7 updates.",)
    do(session, "next_trouble")
    assert shown.at.value == 5                      # net_o1 is the first that w5 makes


def test_another_activation_is_said_to_be_the_reason(tui: ModuleType) -> None:
    shown = state(do(tui.open_session("two_layer"), "e hidden.activation = relu", "E A"))
    detail = shown.detail()
    assert detail is not None and detail.reasons[0] == "A makes out_h1 with sigmoid, B with relu."
    assert (shown.at.value, shown.apart.before) == (3, 2)
    assert [row.same for row in detail.rows] == [True, False]


def test_edited_data_are_what_the_update_starts_from(tui: ModuleType) -> None:
    shown = state(do(tui.open_session("two_layer"), "e i1 = 0", "E A"))
    detail = shown.detail()
    assert detail is not None and [(r.name, r.a, r.b) for r in detail.rows] == [("i1", 0.05, 0.0)]


def test_two_what_if_runs_of_one_have_its_past_in_common(tui: ModuleType) -> None:
    session = do(tui.open_session("two_layer"), "g #30", "e w5 = 0.3")
    what_if.switch(session, "A")
    do(session, "g #20", "e w6 = 0.2", "E B")
    assert (state(session).first, state(session).both.since, state(session).letters) == (20, 20, ("B", "C"))


def test_runs_that_never_differ(tui: ModuleType) -> None:
    session = beside(tiny(300), tiny(300))
    do(session, "E")
    assert state(session).first is None and state(session).outcomes == []
    for size in (tui.SMALL, tui.LARGE, tui.LOW):
        assert "No difference: all values of 300 updates are equal, bit for bit." in tui.text(session, size)
    assert "The two runs do not differ anywhere." in tui.text(session)
    do(session, "next_trouble")
    assert state(session).at == Position(0)


def test_a_run_that_is_shorter(tui: ModuleType) -> None:
    """Equal as far as both go: the last update of the shorter has no update phase, and that is no difference."""
    session = do(beside(tiny(300), tiny(40)), "E")
    assert state(session).first is None
    assert "all values of 40 updates" in session.message
    do(session, "g #41")
    assert session.message == "B ends after 40 updates."
    do(session, "g #40", "again")
    assert session.message == "B ends after 40 updates."


def test_nan_is_equal_to_nan_and_minus_zero_is_not_zero(tui: ModuleType) -> None:
    nan, inf = float("nan"), float("inf")
    one, other = np.array([nan, nan, 0.0, inf, 1.0]), np.array([-nan, 1.0, -0.0, inf, np.nextafter(1.0, 2.0)])
    assert one[:1].tobytes() != other[:1].tobytes()
    assert unlike(one, other).tolist() == [False, True, True, False, True]
    never = do(beside(tiny(6, loss="y * log(0 - x*x)"), tiny(6, loss="y * log(0 - x*x)")), "E")
    assert state(never).first is None
    assert "NaN" in tui.text(do(never, "g #2:1", "over"))
    found = compare(tiny(6, w=0.0), tiny(6, w=-0.0))
    assert found.parting is not None and (found.parting.quantity, found.parting.update) == ("w", 0)
    wide = do(beside(tiny(6), tiny(6, loss="y * log(0 - x*x)")), "E")
    for size in (tui.SMALL, tui.LARGE, tui.LOW):
        assert "NaN" in tui.text(wide, size)


def test_a_difference_in_the_middle_of_a_long_run_is_found_in_slices() -> None:
    """A learning rate that goes down after 5,000 updates: until then all bits are equal."""
    def pair() -> tuple[Run, Run]:
        return tiny(10_000, rate=1e-5), tiny(10_000, rate='1e-5\nschedule = { kind = "step", step_size = 5000, '
                                             'gamma = 0.5 }')
    a, b = pair()
    found = compare(a, b)
    assert found.parting is not None
    assert (found.parting.update, found.parting.quantity, found.parting.b) == (5000, "η", 5e-6)
    states = [run.parameters(5000)["w"].tolist() for run in pair()]
    assert states[0] == states[1]
    assert a.parameters(5001)["w"] != b.parameters(5001)["w"]
    session = beside(*pair())
    comparison.compare(session)
    assert state(session).searching or state(session).first == 5000
    slices = 0
    while state(session).searching:
        go_on(session, 0.0005)
        slices += 1
        assert slices < 5000
    assert state(session).first == 5000
    do(session, "next_trouble", "next_trouble", "next_trouble")
    back = state(session).at
    do(session, *["previous_trouble"] * 3)
    assert (state(session).at, state(session).given) == (Position(5000), 0) and back > Position(5000)
    do(session, "previous_trouble")
    assert session.message == "This is the first difference."


def test_a_search_is_interrupted_and_goes_on() -> None:
    session = beside(tiny(60_000, rate=1e-6), tiny(60_000, rate=1e-6))
    comparison.compare(session)
    assert state(session).searching, "the first look is too long to interrupt anything"
    assert stop(session) and not state(session).searching   # what Ctrl-C calls
    assert not stop(session)
    reached = state(session).looked
    assert 0 < reached < 60_000 and f"stopped after {reached:,} updates" in session.message
    keys.key(session, "next_trouble")
    finished(session)
    assert "all values of 60,000 updates are equal" in session.message


def test_runs_that_may_end_early_are_run_to_their_ends_first() -> None:
    runs = [tiny(5000, rate='0.01\nuntil = "E < 0.1"'), tiny(5000, rate='0.01\nuntil = "E < 0.01"')]
    session = do(beside(*runs), "E")
    assert [run.updates < 5000 for run in runs] == [True, True]
    assert state(session).first is None and state(session).both.last == min(run.updates for run in runs)


# keys

async def test_keys_open_step_swap_and_close(tui: ModuleType) -> None:
    session = tui.open_session("two_layer", "#0:12")
    app = BptuiApp(session, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        await pilot.press("E")
        await settled(app)
        assert state(session).at == Position(0, 20, 1)
        assert "First difference: at out_h1, path 1 of 2" in tui.shown(app)
        assert "So the source describes A" in tui.shown(app)
        for key, at in (("s", Position(0, 20, 2)), ("s", Position(0, 21, 1)), ("X", Position(0, 20, 1)),
                        ("x", Position(0, 21, 1)), ("x", Position(0, 22, 1)), ("N", Position(0, 21, 2)),
                        ("a", Position(1, 21, 2)), ("A", Position(0, 21, 2)), ("f", Position(0, 27, 1)),
                        ("F", Position(0, 19, 1)), ("S", Position(0, 18, 1))):
            await pilot.press(key)
            assert state(session).at == at, key
        assert "Equal" in tui.shown(app)
        assert state(session).there() == Position(0, 18, 1)
        await pilot.press("g", *"#2:22", "enter")
        assert state(session).at == Position(2, 22, 1)
        await pilot.press("w")
        assert "Not here" in tui.shown(app) and session.watches == []
        await pilot.press("escape")
        await settled(app)
        assert session.sides is None and session.position == Position(0, 12, 1) and session.branch.name == "A"
        await pilot.press("E", "tab", "escape")
        await settled(app)
        assert session.run.scenario.name == "two_layer_in_place" and session.position == Position(0, 12, 1)
        assert list(session.branches) == ["A", "B"]
        await pilot.press("E", "enter")
        await settled(app)
        assert session.position == Position(0, 24, 1) and session.branch.name == "B"
        await pilot.press("E", "tab", "enter")
        await settled(app)
        assert session.position == Position(0, 20, 1) and session.branch.name == "A"
        assert app.is_running


async def test_side_by_side_it_comes_to_rest(tui: ModuleType) -> None:
    """When all is found out nothing is drawn or worked on until somebody does something."""
    app = BptuiApp(tui.open_session("two_layer"), headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        for key in ("E", "n", "tab"):
            await pilot.press(key)
            await settled(app)
            await pilot.pause()
            debugger: Any = app.screen
            assert not debugger.working and not debugger.stale, key


async def test_with_several_runs_it_lists_them(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    what_if.edit(session, "w5 = 0.3")
    what_if.switch(session, "A")
    app = BptuiApp(session, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        await pilot.press("E")
        await pilot.pause()
        assert isinstance(app.screen, RunsScreen) and "after 0: w5 = 0.3" in tui.shown(app)
        await pilot.press("down", "enter")
        await settled(app)
        assert state(session).letters == ("A", "C")
        assert "C has already changed w5" in tui.shown(app)
        await pilot.press("escape", "E", "enter")
        await settled(app)
        assert state(session).letters == ("A", "B")


def test_without_another_run_it_says_how_to_make_one(tui: ModuleType) -> None:
    session = tui.session_of(tui.NET.format(title="alone", rate=0.5))
    tui.Hands(session).press("sides")
    assert session.sides is None and "e makes a what-if run" in session.message
    do(session, "e w5 = 0.3")
    tui.Hands(session).press("sides")
    assert state(session).letters == ("A", "B") and state(session).chosen.name == "B"


def test_a_name_that_no_run_has(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    comparison.compare(session, "three_layer")
    assert session.sides is None
    assert session.message == "There is no run three_layer: B: two_layer_in_place."


def test_a_run_beside_can_be_gone_on_with_and_dropped(tui: ModuleType) -> None:
    session = do(tui.open_session("two_layer"), "E", "next_pane", "close")
    assert session.branch.name == "B"
    what_if.edit(session, "w5 = 0.3")
    assert what_if.made_from(session, "C") == "B"
    what_if.drop(session, "B")
    assert "C left run B" in session.message.replace("Run C", "C")
    what_if.drop(session, "C")
    what_if.drop(session, "B")
    assert list(session.branches) == ["A"] and session.branch.name == "A"


def test_a_what_if_run_is_removed_side_by_side_and_by_its_letter(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    for weight in ("w5", "w6", "w7", "w8"):
        what_if.switch(session, "A")
        what_if.edit(session, f"{weight} = 0.3")
    assert list(session.branches) == ["A", "B", "C", "D", "F"]      # E is the loss
    what_if.switch(session, "A")
    do(session, "E C", "remove")
    assert list(session.branches) == ["A", "B", "D", "F"] and session.sides is None
    assert session.message == "What-if run C is gone: w6 = 0.3 after 0 updates."
    typed.remove(session, "F")
    assert list(session.branches) == ["A", "B", "D"]
    do(session, "E two_layer_in_place", "remove")
    assert session.sides is not None and "no what-if run" in session.message
    typed.remove(session, "E")
    assert session.message == "'E' is not watched: W lists what is."


def test_a_value_that_only_one_run_makes(tui: ModuleType) -> None:
    session = do(tui.open_session("recurrent_bit"), "E lstm_bit")
    shown = state(session)
    matched = shown.both.matched(0)
    alone = next(n for n in range(1, matched.a.count) if not matched.number(n))
    do(session, f"g #0:{alone}")
    text = tui.text(session)
    assert "makes no value of this name" in text and "not made here" in text and "not in both" in text
    do(session, "next_pane", "enter")
    assert session.sides is not None and "does not make this value" in session.message


@pytest.mark.slow
def test_every_command_is_taken_or_refused_while_two_runs_stand_side_by_side(tui: ModuleType) -> None:
    assert set(keys.KEYS) <= set(BY_ID) and set(keys.ELSEWHERE) <= set(BY_ID)
    for command in COMMANDS:
        session = do(tui.open_session("two_layer"), "E")
        before = session.position, list(session.watches), list(session.stops), session.followed
        hands = tui.Hands(session)
        hands.press(command.id, "w5")
        if command.id not in ("enter", "close"):
            assert session.sides is not None, command.id
            assert (session.position, session.watches, list(session.stops), session.followed) == before, command.id


@pytest.mark.slow
@pytest.mark.parametrize("name", ["two_layer", "batches", "recurrent_bit", "clipped_gradient", "adam", "dropout"])
def test_random_keys_never_crash_and_never_change_a_run(tui: ModuleType, name: str) -> None:
    chance = random.Random(f"sides {name}")
    session = tui.open_session(name)
    start = tui.digest(tui.run_of(name))[:-1]
    if not session.beside:
        do(session, "e learning_rate = 0.0123")
    hands = tui.Hands(session)
    names = [c for c in keys.KEYS if c not in ("close", "sides", "remove")]
    for n in range(150):
        if session.sides is None:
            comparison.compare(session, chance.choice(list(comparison.candidates(session))))
            assert session.sides is not None
        command = chance.choice(names) if chance.random() < 0.9 else chance.choice([c.id for c in COMMANDS])
        if command not in ("quit", "edit", "remove"):
            hands.size = chance.choice((tui.SMALL, tui.LARGE, tui.LOW))
            hands.press(command, chance.choice(["0", "#1", "#2:3", "50%", "w5", "nonsense(", "E"]))
            finished(session)
            assert all(sum(len(t) for t, _ in line.segments) == hands.size[0]
                       for line in tui.screen(session, *hands.size)), (n, command)
    assert tui.digest(session.branches["A"].run)[:-1] == start
