"""The panes that are tables, as they are drawn: snapshots, the marks of an order and a filter, keys, the clipboard.

A snapshot is remade by `pytest tests/tui/test_tables.py --snapshot-update`, and read before it is kept.
"""

from __future__ import annotations

import csv
import itertools
import random
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len

from bptui.debugger.commands import order
from bptui.debugger.panes import cursor, register
from bptui.debugger.plain import verbs
from bptui.debugger.saved.keeper import restore, taken
from bptui.debugger.scene import Scene
from bptui.debugger.state.looks import choose
from bptui.debugger.state.saved import read, write
from bptui.explain import notation
from bptui.tui.app import BptuiApp
from bptui.tui.layout import screen
from bptui.tui.screenshot import settled
from bptui.tui.views.canvas import Line
from bptui.tui.views.register import PAINTERS

SIZES = ((80, 24), (120, 40), (200, 60))
AT = {"two_layer": "#0:22", "digits_minibatches": "#1:1203"}
PANES = ("parameters", "values", "adjoints", "batch", "printed")
TABLES = tuple(filter(register.is_table, register.BY_ID))


def standing(tui: ModuleType, name: str, pane: str, at: str | None = None) -> Any:
    session = tui.open_session(name, at or AT[name])
    cursor.show(session, pane)
    return session


def part(session: Any, size: tuple[int, int], pane: str) -> list[str]:
    """The rows of a pane alone, its rule first."""
    choose(session, "zoom", "on")
    session.focus = pane
    lines = [line.text for line in screen(session, *size)][2:]
    choose(session, "zoom", "off")
    return lines


# pictures

@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("pane", PANES)
@pytest.mark.parametrize("name", AT)
def test_a_pane(tui: ModuleType, as_text: Any, name: str, pane: str, size: tuple[int, int]) -> None:
    session = standing(tui, name, pane)
    assert "\n".join(line.text.rstrip() for line in screen(session, *size)) + "\n" == as_text


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("pane", ["parameters", "values", "adjoints", "batch"])
def test_a_pane_in_order_and_filtered(tui: ModuleType, as_text: Any, pane: str, size: tuple[int, int]) -> None:
    session = standing(tui, "digits_minibatches", pane, "#1:4692")
    hands = tui.Hands(session, size)
    for _ in range({"batch": 1}.get(pane, 3)):
        hands.press("order")
    hands.press("filter", {"parameters": "hidden* and abs(grad) > 0.001", "values": "*[3,*", "adjoints": "grad < 0",
                           "batch": "label > 3"}[pane])
    assert "\n".join(line.text.rstrip() for line in screen(session, *size)) + "\n" == as_text


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("pane", ["watches", "stops", "hits"])
def test_a_list_that_a_person_made(tui: ModuleType, as_text: Any, pane: str, size: tuple[int, int]) -> None:
    session = tui.open_session("two_layer", "#3:20")
    hands = tui.Hands(session, size)
    for command, typed in (("watch", "d(E, w5)"), ("watch", "E"), ("watch", "hidden.weights"), ("stop", "E < 0.28"),
                           ("stop", "changed(w1) log E")):
        hands.press(command, typed)
    while session.run.work(1.0):
        pass
    session.list_hits(2)
    cursor.show(session, pane)
    assert "\n".join(line.text.rstrip() for line in screen(session, *size)) + "\n" == as_text


# sizes, and what is later

@pytest.mark.slow
@pytest.mark.parametrize("name", ["two_layer", "wide_784", "digits_minibatches", "gan", "attention", "convolution",
                                  "embedding", "single_neuron", "adam", "dropout", "variational_autoencoder",
                                  "difference_target_propagation", "two_layer_in_place", "perturbation", "lstm_bit"])
def test_a_table_has_the_cells_of_its_pane(tui: ModuleType, name: str) -> None:
    chance = random.Random(name)
    session = tui.open_session(name)
    for value in (0, session.times.count // 2, session.times.count):
        tui.stand(session, tui.Position(0, value, session.times.stops(value)))
        for pane in TABLES:
            cursor.show(session, pane)
            if chance.random() < 0.5:
                order.order(session, "")
            for size in ((80, 24), (99, 24), (100, 30), (120, 40), (200, 60)):
                for zoom in ("off", "on"):
                    choose(session, "zoom", zoom)
                    lines = screen(session, *size)
                    assert len(lines) == size[1] and all(cell_len(line.text) == size[0] for line in lines)
            for line in screen(session, 80, 14):
                assert cell_len(line.text) == 80


@pytest.mark.slow
@pytest.mark.parametrize("name", ["two_layer", "digits_minibatches", "gan", "batches", "gru_bit"])
def test_neither_an_order_nor_a_filter_tells_what_is_later(tui: ModuleType, name: str) -> None:
    chance = random.Random(name)
    session = tui.open_session(name)
    while session.run.work(1.0):
        pass

    def drawn() -> list[list[Line]]:
        found: list[list[Line]] = []
        for pane in ("parameters", "values", "adjoints", "batch"):
            session.focus = pane
            for zoom in ("off", "on"):
                choose(session, "zoom", zoom)
                session.right = pane
                found += [screen(session, 80, 24), screen(session, 120, 40)]
        return found
    for n in range(6):
        value = chance.randint(0, session.times.count)
        tui.stand(session, tui.Position(0, value, chance.randint(1, session.times.stops(value)) if value else 0))
        session.looks = {}
        for pane in ("parameters", "values", "adjoints", "batch"):
            column = chance.choice([c.word for c in register.table_of(Scene(session), pane).columns if c.turned])
            choose(session, f"sort.{pane}", chance.choice(["{}", "-{}", "|{}|"]).format(column))
            if n % 2:
                choose(session, f"filter.{pane}", f"{column} {chance.choice('<>')} {chance.choice(['0', '0.3'])}")
        now = drawn()
        with tui.another_future(session, n):
            assert drawn() == now, session.position


# what is drawn are the run's numbers, in their order

@pytest.mark.parametrize("pane", ["parameters", "adjoints", "values"])
def test_the_drawn_numbers_stand_in_numpys_order(tui: ModuleType, pane: str) -> None:
    session = standing(tui, "digits_minibatches", pane, "#1:4692")
    word = {"parameters": "grad", "adjoints": "grad", "values": "value"}[pane]
    table = register.table_of(Scene(session), pane)
    k = [c.word for c in table.columns].index(word)
    values = table.whole(k).values
    order.order(session, f"|{word}|")
    tui.Hands(session, (120, 40)).press("home")
    lines = part(session, (120, 40), pane)
    assert f"─ ↓ |{word}| ─" in lines[0]
    expected = values[np.argsort(-np.abs(values), kind="stable")]
    sizes = 0
    for line, value in zip(lines[1 + (pane != "values"):30], expected, strict=False):
        spelled = {notation.number(value, signed, nine) for signed in (True, False) for nine in (True, False)}
        assert set(line.split()) & spelled, line
        sizes += 1
    assert sizes >= 28


def test_the_drawn_batch_is_the_data(tui: ModuleType) -> None:
    session = standing(tui, "batch_all", "batch", "#4:9")
    run = session.run
    lines = part(session, (200, 60), "batch")
    assert lines[0].startswith("─ Batch ─ all 6 rows ─")
    for n, row in enumerate(run.rows(4)):
        found = [float(x) for x in re.findall(r"-?\d+(?:\.\d+)?", lines[2 + n])]
        expected = [row + 1, *(float(np.ravel(run.value(what, 4, row + 1))[0])
                               for what in ("inputs", "targets", "line.out", "loss"))]
        assert found == pytest.approx(expected, abs=1e-4)
        assert lines[2 + n].startswith("[" if n == session.lane else " ")


def test_enter_selects_the_sample_whatever_the_order(tui: ModuleType) -> None:
    session = standing(tui, "digits_minibatches", "batch")
    hands = tui.Hands(session)
    for _ in range(2):
        hands.press("order")                        # by the numbers of the rows: largest, smallest
    hands.press("home")
    hands.press("enter")
    rows = session.run.rows(1)
    assert session.row() == min(rows) + 1 and session.lane == rows.index(min(rows))
    assert session.message.startswith(f"Row {min(rows) + 1} of the data")
    assert part(session, (80, 24), "batch")[2].startswith(f"[{min(rows) + 1:>4}]")
    hands.press("down")                             # the cursor moves on, the sample does not
    below = part(session, (80, 24), "batch")
    assert below[2].startswith(f"[{min(rows) + 1:>4}]") and below[3].startswith(f" {sorted(rows)[1] + 1:>4} ")
    hands.press("next_sample")
    assert register.at(Scene(session), "batch") == session.lane


def test_enter_follows_a_derivative(tui: ModuleType) -> None:
    session = standing(tui, "two_layer", "adjoints")
    hands = tui.Hands(session)
    hands.press("filter", "net_h2")
    hands.press("home")
    hands.press("enter")
    assert session.follow_name() == "∂E/∂net_h2" and session.focus == "chain"


def test_the_rule_says_how_many_and_nothing_is_silent_where_none_fits(tui: ModuleType) -> None:
    session = standing(tui, "wide_784", "parameters", "#0:30000")
    tui.Hands(session).press("filter", "output.bias")
    assert "─ Parameters ─ 10 of 23,860 ─" in tui.text(session)
    for pane in ("parameters", "values", "adjoints", "batch"):
        cursor.show(session, pane)
        tui.Hands(session).press("filter", "no such row")
        shown = tui.text(session)
        assert "No row fits no such row" in shown and "─ 0 of " in shown
        assert "& and an empty line show all." in shown


def test_looks_come_back_with_the_session(tui: ModuleType) -> None:
    session = standing(tui, "digits_minibatches", "adjoints", "#1:4692")
    hands = tui.Hands(session)
    hands.press("order")
    hands.press("filter", "abs(grad) > 0.001")
    cursor.move(session, 5)
    again = tui.open_session("digits_minibatches")
    assert restore(again, read(write(taken(session)).encode("ascii"))) == []
    session.message = again.message = ""
    assert tui.text(again) == tui.text(session)
    assert register.view(Scene(again), "adjoints").said == register.view(Scene(session), "adjoints").said != []


# keys, in the application

async def typed(app: Any, pilot: Any, text: str) -> None:
    for key in text.split():
        await pilot.press(key)
    await settled(app)
    await pilot.pause()


async def test_the_keys_of_a_table(tui: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    session = tui.open_session("two_layer", "#0:35")
    app = BptuiApp(session, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        await typed(app, pilot, "0")
        assert "─ Derivatives ─" in tui.shown(app)
        await typed(app, pilot, "number_sign")
        assert "─ Batch ─ 1 row ─" in tui.shown(app)
        await typed(app, pilot, "4 O O O")
        assert "─ Parameters ─ ↓ grad ─" in tui.shown(app)
        await typed(app, pilot, "ampersand w 6 enter")
        assert "─ 1 of 10 ─" in tui.shown(app) and "w7" not in tui.shown(app)[1000:]
        await typed(app, pilot, "y")
        assert app.clipboard == repr(float(session.run.value("d(E, w6)")))
        assert app.clipboard in session.message and app.clipboard in tui.shown(app)
        await typed(app, pilot, "ampersand backspace enter")
        assert "1 of 10" not in tui.shown(app) and session.message == "Parameters: all 10 again."
        await typed(app, pilot, "Y enter")
        with open("two_layer_parameters.csv", encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        gradients = [float(row[2]) for row in rows[1:] if row[2]]
        assert gradients == sorted(gradients, reverse=True) and len(rows) == 11
        await typed(app, pilot, "Y enter")
        assert "is there already" in tui.shown(app)
        await typed(app, pilot, "1 O")
        assert session.message == order.NO_TABLE
        await typed(app, pilot, "ampersand")
        assert session.message == order.NO_TABLE and len(app.screen_stack) == 2


async def test_what_is_copied_goes_out_as_osc_52(tui: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    session = tui.open_session("two_layer")
    app = BptuiApp(session, headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        written: list[str] = []
        monkeypatch.setattr(app._driver, "write", written.append)
        await pilot.press("4", "home", "y")
        await pilot.pause()
        assert any("\x1b]52;c;MC4xNQ==\x07" in text for text in written)        # 0.15


# without a screen

def plain(session: Any, *lines: str) -> list[list[str]]:
    found: list[list[str]] = []
    for text in lines:
        verb = verbs.read(text)
        assert verb is not None
        found.append(list(verbs.answer(session, verb, lambda said: True)))
    return found


def test_the_same_without_a_screen(tui: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    session = tui.open_session("two_layer", "#0:35")
    said = plain(session, "O parameters grad", "& parameters grad > 0.08", "parameters", "Y parameters w.csv",
                 "& parameters *", "y d(E, w5)", "y", "Y", "& value < 0", "values", "& values *", "O as made",
                 "& parameters zebra", "parameters", "adjoints w5", "#", "batch")
    assert said[0] == ["Parameters by grad, largest first. O turns on."]
    assert [line.split("  ")[1] for line in said[2]] == ["w6 = 0.450000000", "w5 = 0.400000000"]
    with open("w.csv", encoding="utf-8", newline="") as file:
        assert [row[0] for row in csv.reader(file)] == ["quantity", "w6", "w5"]
    assert said[4] == ["Parameters: all 10 again."]
    assert said[5] == [f"d(E, w5) = {session.run.value('d(E, w5)')!r}"]
    assert said[6][0].startswith("b2⁺ = ") or " = " in said[6][0]
    assert said[7] == ["Say which table, and the file: Y parameters w.csv. The same with O and &."]
    assert len(said[9]) == sum(v < 0 for v in register.table_of(Scene(session), "values").whole(0).values)
    assert said[13] == ["No row of parameters fits zebra: & parameters * shows all."]
    assert said[14] == ["#0:16  ∂E/∂w5 = +0.082167041  w5 = 0.400000000"]
    assert said[15] == said[16] and said[15][0].startswith("#0:35  row 1, selected  i1 = 0.050000000  i2 = 0.100000000")
    assert all("  " not in field for line in said[15] for field in re.split(" {2}", line))


BIG = ("[equations]\nforward = ['y = w1*x + w2*x + w3*x', 'E = y**2']\nloss = 'E'\n[parameters]\n"
       "w1 = {}\nw2 = {}\nw3 = {}\n[values]\nx = 3\n[training]\nlearning_rate = 1e300\nupdates = 4\n")


@pytest.mark.parametrize("numbers", ["9", "4", "all", "fraction"])
@pytest.mark.parametrize("values", [(-18.16, 1.5, 2), (123.456, 1, -1), (-123.456, -1.5e10, 0.25)])
def test_a_blank_stands_between_a_name_and_its_number(tui: ModuleType, values: tuple[float, ...],
                                                      numbers: str) -> None:
    """Whatever the room: numbers with a sign, with three digits before the point; NaN and inf, after updates."""
    session = tui.session_of(BIG.format(*values))
    choose(session, "numbers", numbers)
    names = {"w1", "w2", "w3", "y", "∂E/∂y", "∂E/∂w1", "∂E/∂w2", "∂E/∂w3"}
    for at, pane in itertools.product(("#0:0", "#1:0", "#2:4", "#3:0", "#4:1"), ("parameters", "adjoints")):
        session.go(at)
        with notation.written_as(numbers):
            for width in range(34, 90):
                drawn = [line.text.lstrip(" ►") for line in PAINTERS[pane].paint(Scene(session), width, 8, True)[1:]]
                found = {row.split()[0] for row in drawn if row.strip()}
                assert found <= names, (at, width, drawn)
