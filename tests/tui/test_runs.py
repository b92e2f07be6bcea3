"""The list of runs: what each is, where it parts, and removing, naming, comparing and going into one."""

from __future__ import annotations

from types import ModuleType

import pytest

from bptui.debugger.commands import what_if
from bptui.debugger.job import go_on, stop
from bptui.debugger.saved import keeper
from bptui.debugger.side_by_side import compare, runs
from bptui.debugger.side_by_side.runs import Runs
from bptui.debugger.state.session import Session
from bptui.tui.app import BptuiApp
from bptui.tui.runs import DOES, RunsScreen
from bptui.tui.screenshot import settled
from bptui.tui.views.runs import paint
from tests.reference import two_layer_reference as oracle


def tried(tui: ModuleType) -> Session:
    """A, B of A, C of B, D of A; F is the run beside, for E is the loss."""
    session: Session = tui.open_session("two_layer", "#0:24")
    what_if.edit(session, "w5 = 0.3")
    what_if.edit(session, "w6 = 0.2")
    what_if.switch(session, "A")
    what_if.edit(session, "learning_rate = 0.1")
    what_if.switch(session, "A")
    session.message = ""
    return session


def found_out(listed: Runs) -> Runs:
    while go_on(listed, 1.0):
        pass
    return listed


def text(listed: Runs, size: tuple[int, int] = (80, 24)) -> str:
    lines = paint(listed, *size)
    assert len(lines) == size[1] and all(sum(len(part) for part, _ in line.segments) == size[0] for line in lines)
    return "\n".join(line.text for line in lines)


def test_each_says_how_it_was_made_and_where_it_parts(tui: ModuleType) -> None:
    listed = Runs(tried(tui))
    for _ in listed.branches[1:]:
        found_out(listed)
        runs.move(listed, 1)
    shown = text(listed)
    for letter, said in (("A", "two_layer             as the file has it"), ("B", "after 0: w5 = 0.3"),
                         ("C", "after 0: B, and w6 = 0.2"), ("D", "after 0: learning_rate = 0.1"),
                         ("F", "two_layer_in_place    beside it, as in its file")):
        assert f"   {letter}  {said}" in shown
    rows = {line.split()[0]: line for line in shown.splitlines()[3:8]}
    assert rows["A"].endswith("here ") and rows["B"].endswith("#0 ") and rows["F"].endswith("value 20 ")
    rules: tuple[tuple[str, oracle.Rule], ...] = (("A", "simultaneous"), ("F", "in_place"))
    for letter, rule in rules:
        assert f"{float(oracle.figures(rule, 10_000)['E']):.9f}" in rows[letter]
    assert "First difference: at out_h1, path 1 of 2" in shown and "So the source describes A" in text(listed, (80, 40))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (80, 14), (200, 60)])
def test_it_fits(tui: ModuleType, size: tuple[int, int]) -> None:
    listed = Runs(tried(tui))
    text(listed, size)
    text(found_out(listed), size)


def test_ctrl_c_stops_the_look_and_another_row_goes_on(tui: ModuleType) -> None:
    listed = Runs(tried(tui))
    assert listed.job is not None and stop(listed) and listed.job is None
    assert listed.message.startswith("Stopped looking") and listed.sides["B"].outcomes == []
    runs.move(listed, 0)
    assert [one.what for one in found_out(listed).sides["B"].outcomes][:2] == ["E after 1", "E after 10000"]


def test_what_is_removed_stays_until_the_list_closes(tui: ModuleType) -> None:
    session = tried(tui)
    listed = Runs(session)
    assert listed.chosen.name == "B"
    runs.remove(listed)
    assert listed.message == "Run C left run B: remove that one first."
    runs.move(listed, 1)
    runs.remove(listed)
    runs.move(listed, -1)
    runs.remove(listed)
    assert list(session.branches) == ["A", "B", "C", "D"] and "removed: D again puts it back" in text(listed)
    runs.move(listed, 1)
    runs.remove(listed)
    assert listed.message == "Run C left run B: put that one back first."
    assert runs.refusal(listed) == "C is removed: D keeps it."
    runs.move(listed, -1)
    runs.remove(listed)                             # B is put back, C is not
    runs.close(listed)
    assert list(session.branches) == ["A", "B", "D"]
    assert session.message == "What-if run C is gone: w6 = 0.2 after 0 updates."


def test_the_scenarios_own_runs_stay(tui: ModuleType) -> None:
    listed = Runs(tried(tui))
    runs.move(listed, -9)
    runs.remove(listed)
    assert listed.message == "A is the scenario's own run: no what-if run." and runs.refusal(listed) == runs.HERE
    runs.move(listed, 9)
    runs.remove(listed)
    assert listed.message == "F is two_layer_in_place, beside this scenario: no what-if run." and not listed.removed


def test_a_run_that_one_is_in_can_be_removed(tui: ModuleType) -> None:
    session = tried(tui)
    what_if.switch(session, "D")
    listed = Runs(session)
    listed.at = 3
    runs.remove(listed)
    runs.close(listed)
    assert session.branch.name == "A" and "D" not in session.branches


def test_a_name_is_shown_kept_and_understood(tui: ModuleType) -> None:
    session = tried(tui)
    listed = Runs(session)
    runs.name_it(listed, " a smaller w5 ")
    assert "   B  a smaller w5          after 0: w5 = 0.3" in text(listed)
    saved = keeper.taken(session)
    again = tui.open_session("two_layer")
    assert keeper.restore(again, saved) == [] and again.branches["B"].called == "a smaller w5"
    compare.compare(session, "a smaller w5")
    assert session.sides is not None and session.sides.letters == ("A", "B")
    runs.name_it(listed, "")
    assert session.branches["B"].called == "" and listed.message == "B has no name again."


async def test_its_keys(tui: ModuleType) -> None:
    session = tried(tui)
    app = BptuiApp(session, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        await pilot.press("E")
        await settled(app)
        assert isinstance(app.screen, RunsScreen) and " 5 runs " in tui.shown(app)
        await pilot.press("w", "ctrl+c")
        assert session.watches == [] and app.screen.runs.message == "Press q to quit."
        await pilot.press("m", *"small", "enter")
        await pilot.pause()
        assert session.branches["B"].called == "small"
        await pilot.press("down", "D", "escape")
        await settled(app)
        assert not isinstance(app.screen, RunsScreen) and "C" not in session.branches
        assert "What-if run C is gone" in tui.shown(app)
        await pilot.press("E", "enter")
        await settled(app)
        assert session.sides is not None and session.sides.letters == ("A", "B")
        await pilot.press("escape", "E", "down", "down", "g")
        await settled(app)
        assert session.branch.name == "D" and not isinstance(app.screen, RunsScreen)
        assert app.is_running


def test_every_key_of_it_is_one_of_the_table(tui: ModuleType) -> None:
    assert {"enter", "go", "mark", "remove", "copy", "close", "interrupt", "help", "quit"} <= set(DOES)


def test_there_are_as_many_runs_as_letters(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    free = list(what_if.free_letters(session))
    for n, letter in enumerate(free):
        what_if.switch(session, "A")
        what_if.edit(session, f"w5 = {n + 1}")
        assert session.branch.name == letter
    what_if.switch(session, "A")
    what_if.edit(session, "w5 = 0.99")
    assert session.message == "There are as many what-if runs as letters; D removes one in the list of runs (E)."
    listed = Runs(session)                          # the run beside has no letter left
    listed.at = len(listed.branches) - 1
    runs.remove(listed)
    runs.close(listed)
    what_if.edit(session, "w5 = 0.99")
    assert session.branch.name == free[-1]
