"""What the cursor is on is one value, whatever is asked of it: fourteen panes, and the nine commands about "this".

After 3 updates of two_layer, at the last value that is made: w5 is watched, stop 1 is E < 0.2, and the cursor of each
pane stands where it stands by itself. The numbers are PyTorch's, in 64 bits.
"""

from __future__ import annotations

import re
from types import ModuleType

import pytest

from bptui.debugger import job
from bptui.debugger.commands import copy, got
from bptui.debugger.commands.command import Command
from bptui.debugger.commands.register import BY_ID
from bptui.debugger.panes import cursor, matrix, register
from bptui.debugger.panes.pane import turned_to
from bptui.debugger.panes.register import subject
from bptui.debugger.scene import Scene
from bptui.debugger.state import stops as set_stops
from bptui.debugger.state.session import Session
from bptui.replay.places import write_position

KNOWN: dict[str, Command] = {**BY_ID}

PANES = ("chain", "network", "program", "parameters", "values", "printed", "loss", "matrix", "gradients", "adjoints",
         "batch", "watches", "stops", "hits")
W8 = ("w8⁺ = 0.5942665590850008", "w8⁺", "w8.next", "w8.next", "w8.next", "w8 = ", "#3:35", "output.weights", "∂E/∂w8")
NORM = "norm(hidden.weights.grad)"
ANSWERS = {                                         # "" is nothing: no number, nothing filled in, no other place
    "chain": W8,
    "network": ("out_o1 = 0.722538848562922", "out_o1", "out_o1", "out_o1", "out_o1", "", "#3:7", "output.out",
                "∂E/∂out_o1"),
    "program": ("", "w5⁺", "w5.next", "w5.next", "w5.next", "w5 = ", "#3:32", "output.weights", "∂E/∂w5"),
    "parameters": ("w8 = 0.5834972025788983", "∂E/∂w8", "w8", "w8", "w8.grad", "w8 = ", "#3:19", "output.weights",
                   "∂E/∂w8"),
    "values": W8,
    "printed": ("E after 1 = 0.29102777369359933", "E", "E", "E", "E", "", "#1:11", "output.weights", "#1:11"),
    "loss": ("E after 3 updates = 0.2759432888894519", "E after 3 updates", "E", "E", "E", "", "#3:0", "output.weights",
             "#3:11"),
    "matrix": ("w8 = 0.5834972025788983", "w8", "w8", "w8", "changed(w8)", "w8 = ", "#3:19",
               "output.weights derivative", "∂E/∂w8"),
    "gradients": ("norm of hidden's gradient = 0.0008702964994690869", "norm of hidden's gradient", NORM, NORM,
                  f"changed({NORM})", "", "#3:27", "hidden.weights", "∂E/∂w4"),
    "adjoints": ("∂E/∂w4 = 0.0006090449873766767", "∂E/∂w4", "w4.grad", "w4.grad", "w4.grad", "w4 = ", "#3:27",
                 "hidden.weights", "∂E/∂w4"),
    "batch": ("row 1, E = 0.2759432888894519", "", "", "", "", "", "", "output.weights", ""),
    "watches": ("w5 = 0.2753602143524794", "w5", "w5", "w5", "changed(w5)", "w5 = ", "#3:16", "output.weights",
                "w5"),
    "stops": ("E < 0.2 = E < 0.2", "", "", "", "E < 0.2", "", "", "output.weights", "stop 1"),
    "hits": ("", "", "", "", "", "", "#13:11", "output.weights", "#13:11"),
}
COMMANDS = ("copy", "got", "next_change", "watch", "stop", "edit", "to_cursor", "matrix", "enter")

COMMANDS_OF_PANES = [pane for pane in PANES if pane in BY_ID]


def opened(tui: ModuleType, pane: str) -> Session:
    session: Session = tui.open_session("two_layer", "#3:35")
    BY_ID["watch"].act(session, "w5")               # type: ignore[misc]
    BY_ID["stop"].act(session, "E < 0.2")           # type: ignore[misc]
    if pane == "hits":
        shown(session, "stops")
        BY_ID["enter"].act(session, "")             # type: ignore[misc]
        while set_stops.count_on(session, 1.0):
            pass
    elif pane == "chain":
        session.focus = "chain"
    else:
        shown(session, pane)
    session.message = ""
    return session


def shown(session: Session, pane: str) -> None:
    KNOWN[pane].act(session, "")                    # type: ignore[misc]


def answer(session: Session, command: str) -> str:
    """What a command does about this, in a word."""
    before, known = session.position, KNOWN[command]
    if command == "copy":
        copy.copy(session)
        found = re.match(r"Copied (.*?)\. ?(y again.*)?$", session.message)
        return found[1] if found else ""
    if known.asks is not None and command != "got":
        return known.asks.prefill(session)
    if command == "got" and known.asks is not None and known.asks.refusal(session):
        return ""
    assert known.act is not None
    known.act(session, "1" if command == "got" else "")
    if command == "got":
        assert session.yours is not None
        return session.yours.asked.name
    if command == "next_change":
        while job.go_on(session, 1.0):
            pass
        found = re.match(r"Stopped: a change of (\S+)\. ", session.message)
        return found[1] if found else ""
    if command == "matrix":
        view = turned_to(session, "matrix", matrix.VIEWS)
        return matrix.shown_of(Scene(session)).name + (f" {view}" if view != "value" else "")
    if session.position != before:
        return write_position(session.run, session.position)
    if command == "to_cursor":
        return write_position(session.run, session.position) if "already" in session.message else ""
    if session.focus == "hits":
        return session.listed if isinstance(session.listed, str) else f"stop {session.listed}"
    chain = Scene(session).chain
    return chain.title.removeprefix("Chain of ") if chain is not None and session.followed is not None else ""


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("pane", PANES)
def test_every_command_is_about_what_the_cursor_is_on(tui: ModuleType, pane: str, command: str) -> None:
    found, right = answer(opened(tui, pane), command), ANSWERS[pane][COMMANDS.index(command)]
    name, _, number = right.partition(" = ")
    if command == "copy" and number.startswith("0."):
        assert found.rpartition(" = ")[0] == name
        assert float(found.rpartition(" = ")[2]) == pytest.approx(float(number), rel=1e-14)
    else:
        assert found == right


@pytest.mark.parametrize("pane", PANES)
def test_the_same_quantity_typed_is_the_same_value(tui: ModuleType, pane: str) -> None:
    """As without a screen, where there is no cursor: y and v take the quantity that w would fill in."""
    session = opened(tui, pane)
    found = subject(Scene(session))
    if found is None or not found.quantity:
        return
    if found.value is not None and (found.at is None or found.at.update == session.position.update):
        copy.tell(session, found.quantity)
        assert session.message.rpartition(" = ")[2] == repr(found.value)
    with_cursor, typed = opened(tui, pane), opened(tui, pane)
    for each, text in ((with_cursor, ""), (typed, found.quantity)):
        BY_ID["next_change"].act(each, text)        # type: ignore[misc]
        while job.go_on(each, 1.0):
            pass
    assert typed.position == with_cursor.position
    assert typed.message.partition(" Hit ")[0] == with_cursor.message.partition(" Hit ")[0]
    assert got.selected(Scene(session)) in (found, found.beside)


@pytest.mark.parametrize("at", [None, "#0:12", "#3:35"])
@pytest.mark.parametrize("pane", PANES)
def test_a_refusal_to_compare_says_that_nothing_is_made_only_where_nothing_is(tui: ModuleType, pane: str,
                                                                              at: str | None) -> None:
    """Lists without rows, stops, rows of the batch, headings: there the cursor is to be put on a value first."""
    session: Session = tui.open_session("two_layer", at)
    if pane != "chain":
        shown(session, pane) if pane in BY_ID else cursor.show(session, pane)
    for row in range(max(1, register.length(Scene(session), session.focus))):
        session.cursor[session.focus], session.message = row, ""
        got.compare(session, "1")
        if got.selected(Scene(session)) is None:
            first = "Nothing is made here" if pane == "chain" and not at else "Put the cursor on a weight or a value"
            assert first in session.message


@pytest.mark.parametrize("pane", PANES)
def test_a_pane_that_comes_to_the_front_leaves_nothing_standing_that_was_said_before(tui: ModuleType,
                                                                                     pane: str) -> None:
    """What was copied from one pane is not about the next."""
    for key in (command for command in COMMANDS_OF_PANES if command != pane):
        session = opened(tui, pane)
        session.message = "Copied w8 = 0.5834972025788983."
        BY_ID[key].act(session, "")                 # type: ignore[misc]
        assert "Copied" not in session.message, key
