"""A pane is one record, and how it is drawn one entry: none is left out, and a pane more is data alone.

The pane that is added here is the one that docs/maintaining.md tells to add, word for word.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bptui.debugger.commands import copy, order, travel
from bptui.debugger.commands.command import Command
from bptui.debugger.commands.register import BY_ID
from bptui.debugger.panes import cursor, ids, register
from bptui.debugger.panes.pane import Pane, TableOf
from bptui.debugger.scene import Scene
from bptui.debugger.state.session import LEAVES, Session
from bptui.tui.layout import arrange, panes
from bptui.tui.views import tables
from bptui.tui.views.register import PAINTERS, Painter

COMMANDS: dict[str, Command] = {**BY_ID}
ROOT = Path(__file__).resolve().parents[2]
HEAD = """
from bptui.debugger.panes.pane import Pane, TableOf
from bptui.debugger.panes.table import Column, Table, Tensors, parts_of
from bptui.debugger.scene import Scene
from bptui.debugger.subject import parameter
"""


def recipe() -> str:
    """The file of a pane, as the maintainers' page has it."""
    page = (ROOT / "docs/maintaining.md").read_text("utf-8")
    found = re.search(r"## Adding a pane\n.*?```python\n(.*?)```", page, re.DOTALL)
    assert found is not None
    return HEAD + found[1]


def made() -> Pane:
    names: dict[str, Any] = {}
    exec(recipe(), names)
    return names["PANE"]


def add(monkeypatch: pytest.MonkeyPatch, pane: Pane, painter: Painter, session: Session) -> None:
    """What its id, its row and its painter are, in the places that the recipe names."""
    monkeypatch.setitem(register.BY_ID, pane.id, pane)
    monkeypatch.setitem(PAINTERS, pane.id, painter)
    session.cursor[pane.id] = None


@pytest.fixture
def steps(tui: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Session:
    """After 3 updates of two_layer, at the last value that is made, with the pane of steps in front."""
    session: Session = tui.open_session("two_layer", "#3:35")
    add(monkeypatch, made(), Painter(tables.painter("steps")), session)        # type: ignore[arg-type]
    cursor.show(session, "steps")
    session.shown = panes(session, *tui.SMALL)
    return session


# none is left out

def test_every_id_has_a_row_and_a_painter() -> None:
    assert [pane.id for pane in register.TABLE] == list(ids.PANES) == list(register.BY_ID)
    assert set(PAINTERS) == set(ids.PANES)


def test_a_pane_can_be_opened_by_its_own_key_or_by_a_command() -> None:
    """The list of hits is opened by Enter alone."""
    keys = [pane.key for pane in register.TABLE if pane.key]
    assert len(keys) == len(set(keys))
    assert {pane.id for pane in register.TABLE if pane.id not in COMMANDS} == {"hits"}


def test_the_records_are_whole() -> None:
    for pane in register.TABLE:
        assert pane.title and pane.help, pane.id
        assert isinstance(pane.rows, TableOf) or pane.lines is not None, f"{pane.id} has no lines without a screen"
        assert pane.enter is not None or pane.enter_empty is None, pane.id
        assert len(set(pane.views)) == len(pane.views), pane.id


def test_each_place_of_the_large_window_has_a_pane(tui: ModuleType) -> None:
    session: Session = tui.open_session("two_layer")
    for pane in register.TABLE:
        if pane.side != "above":
            session.left = pane.id if pane.side == "left" else session.left
            session.right = pane.id if pane.side == "right" else session.right
            assert pane.id in [area.pane for area in arrange(session, 120, 40)]


def test_what_a_step_takes_back_is_what_the_records_say() -> None:
    assert {pane.id for pane in register.TABLE if pane.clears_on_step} == LEAVES
    assert {"chain", "values", "program", "adjoints"} == LEAVES


# a pane more, which is data alone

def test_an_added_pane_is_drawn(steps: Session, tui: ModuleType) -> None:
    """w8 goes from 0.5834972025788983 to 0.5942665590850008, as PyTorch has them in test_subject.py."""
    for size in ((80, 24), (120, 40), (200, 60)):
        rows = tui.text(steps, size).splitlines()
        assert any("Steps" in row and "step" in row for row in rows)
        assert any("w8" in row and "+0.010769" in row for row in rows), size


def test_an_added_pane_is_moved_in_ordered_filtered_and_copied(steps: Session) -> None:
    cursor.move(steps, -1000)
    assert register.at(Scene(steps), "steps") == 0
    cursor.move(steps, 7)
    assert register.at(Scene(steps), "steps") == 7 and register.length(Scene(steps), "steps") == 10
    assert copy.copy(steps) and steps.message.startswith("Copied w8 = 0.010769")
    order.order(steps, "step")
    assert steps.message.startswith("Steps by step, largest first.")
    order.filter_rows(steps, "step < 0")            # w1 to w6: the source trains no bias
    assert steps.message.startswith("Steps: 6 of 10.") and register.length(Scene(steps), "steps") == 6
    order.filter_rows(steps, "")


def test_an_added_pane_is_saved_and_told_without_a_screen(steps: Session, tmp_path: Path) -> None:
    copy.save(steps, str(tmp_path / "steps.csv"))
    written = (tmp_path / "steps.csv").read_text("utf-8").splitlines()
    assert written[0] == "quantity,step" and len(written) == 11 and written[8].startswith("w8,0.010769")
    told = list(register.lines(Scene(steps), "steps", "", lambda said: True))
    assert len(told) == 10 and told[7].startswith("#3:35  w8  step = 0.010769")


@pytest.mark.parametrize("command, right", [("watch", "w8"), ("edit", "w8 = "), ("stop", "w8.grad")])
def test_the_commands_are_about_its_rows(steps: Session, command: str, right: str) -> None:
    steps.cursor["steps"] = 7
    asks = COMMANDS[command].asks
    assert asks is not None and asks.prefill(steps) == right
    COMMANDS["enter"].act(steps, "")                # type: ignore[misc]
    assert steps.follow_name() == "∂E/∂w8"


def test_a_step_takes_its_cursor_back_where_its_record_says_so(steps: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    steps.cursor["steps"] = 7
    travel.step(steps, "into")
    assert steps.cursor["steps"] == 7
    monkeypatch.setattr("bptui.debugger.state.session.LEAVES", {*LEAVES, "steps"})
    travel.step(steps, "into")
    assert steps.cursor["steps"] is None


def test_a_pane_whose_rows_are_no_values_says_what_they_are(steps: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "A row of this pane is a stone."
    monkeypatch.setitem(register.BY_ID, "steps", replace(made(), subject=lambda scene, n: None, refusal=said))
    for command in ("got", "to_cursor"):
        asks, act = COMMANDS[command].asks, COMMANDS[command].act
        steps.message = asks.refusal(steps) if asks is not None else ""
        if asks is None and act is not None:
            act(steps, "")
        assert steps.message.startswith(f"{said} Put the cursor on a ")


# what is left out is refused

LEFT_OUT = {                                        # what is taken out of the recipe, and what pyright says then
    "rows": ("rows=TableOf(steps),", '"rows"'),
    "default": ("default=lambda scene: 0,", '"default"'),
    "subject": (", subject=lambda scene, n: parameter(scene, *scene.parameter(n))", '"subject"'),
    "side": (', "right"', '"side"'),
    "id": ('Pane("steps", ', 'Pane('),
}


@pytest.mark.slow
def test_a_pane_with_one_part_left_out_is_refused_by_pyright(tmp_path: Path) -> None:
    """The recipe with its id in the list is right; each of its parts is missed, and so is its id in the list."""
    known = recipe().replace('"steps",', '"values",')
    files = {"whole": known, "unlisted": recipe()}
    for part, (text, _) in LEFT_OUT.items():
        assert recipe().count(text) == 1, part
        files[part] = recipe().replace(text, "Pane(" if part == "id" else "").replace('"steps",', '"values",')
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text, "utf-8")
    done = subprocess.run([sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable,
                           *(str(tmp_path / f"{name}.py") for name in files)], cwd=ROOT, capture_output=True, text=True)
    said: dict[str, str] = dict.fromkeys(files, "")
    for each in json.loads(done.stdout)["generalDiagnostics"]:
        if each["severity"] == "error":
            said[Path(each["file"]).stem] += each["message"]
    assert said["whole"] == ""
    assert "steps" in said["unlisted"] and "PaneId" in said["unlisted"], said["unlisted"]
    for part in LEFT_OUT:
        assert said[part], part
        assert part == "id" or f'"{part}"' in said[part], said[part]
