"""Tables: what is in them, in which order, what a filter keeps, and what a file says.

Expected numbers come from the language of quantities and from the run's own arrays; orders from numpy's sort.
"""

from __future__ import annotations

import csv
import math
import os
import random
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from bptui.debugger.commands import copy, order, travel
from bptui.debugger.panes import cursor, printed, register
from bptui.debugger.panes.batch import Batch
from bptui.debugger.scene import Scene
from bptui.debugger.state import stops as set_stops
from bptui.debugger.state.looks import look
from bptui.engine.unroll import Trace
from bptui.replay.timeline import Position

TENSORS = ("parameters", "values", "adjoints", "batch")
SCENARIOS = ("two_layer", "two_layer_in_place", "digits_minibatches", "gan", "gru_bit", "convolution_small",
             "attention", "single_neuron", "difference_target_propagation", "perturbation", "embedding", "adam",
             "weight_table_2", "variational_autoencoder", "partial_derivative")


def made_names(session: Any) -> dict[str, float]:
    """Every value of this update that is made, by its name, from the timeline alone."""
    times, env = session.times, session.run.env(session.position.update)
    found: dict[str, float] = {}
    for number in range(1, times.count + 1):
        if (number, times.stops(number)) <= session.here:
            block, element = times.locate(number)
            out = times.blocks[block].out
            found[session.namer.of(out, element)] = env.scalar((out, out.flat(element, session.lane)))
    return found


def rows_of(session: Any, pane: str) -> list[int]:
    """The rows of a table as they are looked at."""
    seen = register.view(Scene(session), pane)
    return [seen.row(place) for place in range(seen.count)]


def somewhere(tui: ModuleType, name: str, chance: random.Random) -> Any:
    session = tui.open_session(name)
    update = chance.randrange(min(3, session.run.updates + 1))
    value = chance.randint(0, session.run.times(update).count)
    inner = chance.randint(1, session.run.times(update).stops(value)) if value else 0
    tui.stand(session, Position(update, value, inner))
    session.lane = chance.randrange(session.samples)
    return session


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_row_is_what_its_whole_column_says_and_nothing_is_told_early(tui: ModuleType, name: str) -> None:
    chance = random.Random(name)
    for _ in range(4):
        session = somewhere(tui, name, chance)
        made = made_names(session)
        for pane in TENSORS:
            table = register.table_of(Scene(session), pane)
            wholes = [table.whole(k) for k in range(len(table.columns))]
            assert len(table.names()) == table.rows
            for n in chance.sample(range(table.rows), min(60, table.rows)):
                row = table.row(n)
                assert row.name == table.names()[n]
                for cell, whole in zip(row.cells, wholes, strict=True):
                    assert (cell is not None) == whole.made[n], (pane, row)
                    assert cell is None or repr(cell) == repr(float(whole.values[n]))
                if pane == "values":
                    assert row.cells == (made.get(row.name),)
                if pane == "adjoints":
                    assert row.cells[1] == made.get(row.name)
        every = register.table_of(Scene(session), "values")
        assert int(every.whole(0).made.sum()) == session.here[0] - (
            session.here[0] > 0 and session.here[1] < session.times.stops(session.here[0]))


@pytest.mark.parametrize("name", ["wide_784", "convolution", "attention", "lstm_bit", "softmax_jacobian", "embedding"])
def test_names_that_are_spelled_by_the_dozen_are_those_of_each(tui: ModuleType, name: str) -> None:
    session = tui.open_session(name)
    for pane in ("parameters", "values", "adjoints"):
        table = register.table_of(Scene(session), pane)
        some = range(table.rows) if table.rows < 4000 else random.Random(name).sample(range(table.rows), 4000)
        assert table.every_typed is not None
        names, typed = table.names(), table.every_typed()
        assert all(names[n] == table.row(n).name and typed[n] == table.typed(n) for n in some)
        assert len(set(typed)) == table.rows or pane != "parameters"


def test_the_parameters_are_the_tutorials(tui: ModuleType) -> None:
    """The derivatives and next weights that the tutorial prints."""
    session = tui.open_session("two_layer", "#0:35")
    table = register.table_of(Scene(session), "parameters")
    printed = {"w1": ("0.000438568", "0.149780716"), "w5": ("0.082167041", "0.35891648"),
               "w6": ("0.082667628", "0.408666186"), "w8": ("-0.022740242", "0.561370121")}
    rows: dict[str, Any] = {table.typed(n): table.row(n).cells for n in range(table.rows)}
    for name, (gradient, after) in printed.items():
        value, grad, change, following = rows[name]
        assert f"{grad:.9f}" == gradient and f"{following:.9f}".startswith(after)
        assert change == following - value


@pytest.mark.parametrize("name", ["two_layer", "digits_minibatches", "batch_all", "weight_table_2", "single_neuron"])
def test_the_batch_is_rows_of_the_data(tui: ModuleType, name: str) -> None:
    session = tui.open_session(name)
    run = session.run
    cost = run.times(2).cost_value
    tui.stand(session, Position(2, cost, run.times(2).stops(cost)))
    update, table = session.position.update, register.table_of(Scene(session), "batch")
    assert [table.row(n).cells[0] for n in range(table.rows)] == [r + 1 for r in run.rows(update)]
    words = [c.word for c in table.columns]
    typed = [w for w in words if w not in ("row", "label", "guess")]
    for n in range(0, table.rows, 3):
        for word in random.Random(name).sample(typed, min(6, len(typed))):
            expected = run.value(word, update, run.rows(update)[n] + 1)
            assert table.row(n).cells[words.index(word)] == float(np.asarray(expected)), (n, word)
    if "label" in words:
        for n in range(table.rows):
            row = run.rows(update)[n] + 1
            assert table.row(n).cells[words.index("label")] == np.argmax(run.value("targets", update, row))
            assert table.row(n).cells[words.index("guess")] == np.argmax(run.value("output.out", update, row))


def test_a_guess_is_told_when_all_outputs_are_made(tui: ModuleType) -> None:
    session = tui.open_session("digits_minibatches")
    number = next(n for n in range(1, session.times.count + 1) if session.namer.of(
        session.times.blocks[session.times.locate(n)[0]].out, session.times.locate(n)[1]) == "output.out[9]")
    for value, there in ((number - 1, False), (number, True)):
        tui.stand(session, Position(0, value, session.times.stops(value)))
        batch = Batch(Scene(session))
        guess = next(n for n, c in enumerate(batch.columns) if c.word == "guess")
        assert (batch.number(3, guess) is not None) == there == bool(batch.whole(guess).made.all())


# orders

@pytest.mark.parametrize("name", ["two_layer", "wide_784", "digits_minibatches", "gan"])
@pytest.mark.parametrize("pane", TENSORS)
def test_an_order_is_numpys(tui: ModuleType, name: str, pane: str) -> None:
    session = tui.open_session(name)
    session.focus = pane
    count = session.times.count
    for value in (0, count // 3, count - count // 8, count):
        tui.stand(session, Position(0, value, session.times.stops(value)))
        table = register.table_of(Scene(session), pane)
        for k, column in enumerate(table.columns[:6]):
            whole = table.whole(k)
            real = whole.values[whole.made & ~np.isnan(whole.values)]
            for how, expected in ((column.word, np.sort(real)[::-1]), (f"-{column.word}", np.sort(real)),
                                  (f"|{column.word}|", np.sort(np.abs(real))[::-1])):
                order.order(session, how)
                assert look(session, f"sort.{pane}") == how
                rows = rows_of(session, pane)
                assert sorted(rows) == list(range(table.rows))
                found = whole.values[rows[:len(real)]]
                assert np.array_equal(np.abs(found) if "|" in how else found, expected)
                assert not whole.made[rows[len(real):]].any()
                assert list(rows[len(real):]) == sorted(rows[len(real):])       # the rest as made


def with_values(session: Any, of: dict[str, float]) -> None:
    """The run's update with other numbers in place of its own."""
    env, update = session.run.env(session.position.update), session.position.update
    spelling = dict(env.spelling)
    for number in range(1, session.times.count + 1):
        block, element = session.times.locate(number)
        out = session.times.blocks[block].out
        if (name := session.namer.of(out, element)) in of:
            spelling[out, out.flat(element, session.lane)] = repr(of[name])
    session.run._envs[update] = Trace(spelling, {**env.values, "nan": math.nan, "inf": math.inf, "-inf": -math.inf})


def test_nan_and_what_is_not_made_come_last(tui: ModuleType) -> None:
    session = tui.open_session("two_layer", "#0:18")
    session.focus = "adjoints"
    odd = {"∂E/∂out_o1": math.nan, "∂E/∂out_o2": math.inf, "∂E/∂net_o1": -math.inf, "∂E/∂w5": 0.0, "∂E/∂w6": -0.0}
    order.order(session, "grad")
    assert register.view(Scene(session), "adjoints").count     # which is not kept for other values
    with_values(session, odd)
    names = register.view(Scene(session), "adjoints").table.names()
    made = [n for n in names if n in made_names(session)]
    for how, first in (("grad", "∂E/∂out_o2"), ("-grad", "∂E/∂net_o1"), ("|grad|", "∂E/∂out_o2")):
        order.order(session, how)
        shown = [names[n] for n in rows_of(session, "adjoints")]
        assert shown[0] == first and shown[len(made) - 1] == "∂E/∂out_o1"
        assert shown[len(made):] == [n for n in names if n not in made]
    for text, expected in (("grad = nan", {"∂E/∂out_o1"}), ("grad = 0", {"∂E/∂w5", "∂E/∂w6"}),
                           ("abs(grad) = inf", {"∂E/∂out_o2", "∂E/∂net_o1"}), ("grad < -1e300", {"∂E/∂net_o1"}),
                           ("grad != nan", set(made) - {"∂E/∂out_o1"})):
        order.filter_rows(session, text)
        assert {names[n] for n in rows_of(session, "adjoints")} == expected, text


def test_o_turns_through_what_there_is_and_back(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    turned = []
    for _ in range(4):
        order.order(session, "")
        turned.append(look(session, "sort.parameters"))
    assert turned == ["value", "-value", "", "value"]        # no weight is negative, and nothing else is made
    tui.stand(session, Position(0, 35, session.times.stops(35)))
    order.order(session, "as made")
    turned = []
    for _ in range(12):
        order.order(session, "")
        turned.append(look(session, "sort.parameters"))
    assert turned[:8] == ["value", "-value", "grad", "-grad", "|grad|", "change", "-change", "|change|"]
    assert turned[8:] == ["next", "-next", "", "value"]
    assert session.message == "Parameters by value, largest first. O turns on."


def test_an_order_puts_the_cursor_on_its_first_row_and_it_stays_on_that_row(tui: ModuleType) -> None:
    session = tui.open_session("digits_minibatches", "#0:4000")
    chance = random.Random(8)
    for pane in TENSORS:
        session.focus = pane
        for _ in range(9):
            order.order(session, "")
            if look(session, f"sort.{pane}"):
                assert register.at(Scene(session), pane) == register.view(Scene(session), pane).row(0)
        cursor.move(session, chance.randrange(5, 15))
        row, seen = register.at(Scene(session), pane), register.view(Scene(session), pane)
        place = seen.place(row)
        cursor.move(session, 1)
        assert register.at(Scene(session), pane) == seen.row(min(place + 1, seen.count - 1))
        session.cursor[pane] = row
        order.order(session, "as made")
        assert register.at(Scene(session), pane) == row


def test_the_order_follows_the_position(tui: ModuleType) -> None:
    """What was worked out is not kept past the position that it was worked out for."""
    session = tui.open_session("two_layer", "#0:1")
    session.focus = "values"
    order.order(session, "-value")
    for _ in range(60):
        travel.step(session, "into")
        whole = register.table_of(Scene(session), "values").whole(0)
        rows = rows_of(session, "values")
        real = whole.values[whole.made]
        assert np.array_equal(whole.values[rows[:len(real)]], np.sort(real))


# filters

ALL = [*(f"w{n}" for n in range(1, 9)), "b1", "b2"]


@pytest.mark.parametrize(("text", "expected"), [
    ("w", ["w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8"]), ("W5", ["w5"]), ("w*", [f"w{n}" for n in range(1, 9)]),
    ("*5", ["w5"]), ("*", ALL), ("5*", []), ("w*w", []), ("w1*1", []), ("w", [f"w{n}" for n in range(1, 9)]),
    ("value < 0.3", ["w1", "w2", "w3"]), ("value<=0.3", ["w1", "w2", "w3", "w4"]), ("VALUE >= .5", ["w7", "w8", "b2"]),
    ("value = 0.4", ["w5"]), ("value == 4e-1", ["w5"]),
    ("value != 0.4 and value > 0.3", ["w6", "w7", "w8", "b1", "b2"]),
    ("grad < 0", ["w7", "w8"]), ("abs(grad) > 0.03", ["w5", "w6"]), ("|grad|>0.03 and w5", ["w5"]),
    ("∂E/∂w < 0", ["w7", "w8"]), ("next < value", None), ("next < 0.15", ["w1"]), ("change > 0", ["w7", "w8"])])
def test_a_filter(tui: ModuleType, text: str, expected: list[str] | None) -> None:
    session = tui.open_session("two_layer", "#0:35")
    order.filter_rows(session, text)
    if expected is None:
        assert session.message == "A column is compared with a number; 'value' is none."
        return
    seen = register.view(Scene(session), "parameters")
    assert [seen.table.typed(seen.row(n)) for n in range(seen.count)] == expected
    assert register.length(Scene(session), "parameters") == len(expected)


@pytest.mark.parametrize(("text", "said"), [
    ("bogus > 1", "'bogus' is no column of numbers here: value, grad, change, next."),
    ("value >", "A column is compared with a number; '' is none."),
    ("< 3", "A column stands before <, as in value < 3."),
    ("value < x", "A column is compared with a number; 'x' is none."),
    ("abs() > 1", "A column stands before >, as in value > 1."),
    ("value < nan", "Nothing is less or greater than NaN: value = nan finds it."),
    ("x" * 201, "A filter has at most 200 characters."),
    ("value <\x1b[31m", "A column is compared with a number; '\\x1b[31m' is none."),
    ("*" * 150 + "z", "Parameters: 0 of 10. & and an empty line show all.")])
def test_what_is_wrong_with_a_filter_is_said(tui: ModuleType, text: str, said: str) -> None:
    session = tui.open_session("two_layer")
    order.filter_rows(session, text)
    assert session.message == said
    assert look(session, "filter.parameters") == (text if said.startswith("Parameters") else "")


def test_what_the_filter_leaves_is_what_the_cursor_is_on(tui: ModuleType) -> None:
    session = tui.open_session("digits_minibatches", "#0:4600")
    session.focus = "parameters"
    order.filter_rows(session, "output.bias")
    assert session.message == "Parameters: 10 of 2,260. & and an empty line show all."
    assert register.length(Scene(session), "parameters") == 10
    cursor.move(session, -100)
    cursor.move(session, 3)
    cursor.enter(session)
    assert session.follow_name() == "∂E/∂output.bias[3]"
    session.focus = "parameters"
    order.filter_rows(session, "no such name")
    assert register.length(Scene(session), "parameters") == 0
    cursor.move(session, 1)
    cursor.enter(session)
    order.filter_rows(session, "")
    assert session.message == "Parameters: all 2,260 again."
    assert session.namer.of(*Scene(session).parameter(register.at(Scene(session), "parameters"))) == "output.bias[3]"


def test_a_look_that_was_saved_for_another_table_is_said_not_obeyed(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    session.looks.update({"sort.parameters": "zebra", "filter.values": "grad > 1"})
    assert register.view(Scene(session), "parameters").count == 10 and register.view(Scene(session), "parameters").fault
    assert "does not fit" in tui.text(session)
    assert register.view(Scene(session), "values").count == 35


# one value

def test_copying_what_the_cursor_is_on(tui: ModuleType) -> None:
    session = tui.open_session("two_layer", "#0:16")
    session.focus = "parameters"
    session.cursor["parameters"] = 4
    weight, derivative = session.run.value("w5"), session.run.value("d(E, w5)")
    assert copy.copy(session) == repr(float(weight))
    assert session.message == "Copied w5 = 0.4. y again: ∂E/∂w."
    assert float(copy.copy(session)) == derivative
    assert session.message.startswith(f"Copied w5, ∂E/∂w = {derivative!r}.")
    assert copy.copy(session) == "0.4"
    order.order(session, "grad")
    session.cursor["parameters"], session.copied = 4, None
    assert float(copy.copy(session)) == derivative
    session.focus = "values"
    assert float(copy.copy(session)) == derivative and session.message == f"Copied ∂E/∂w5 = {derivative!r}."
    session.cursor["values"] = 16
    assert copy.copy(session) == "" and session.message == "∂E/∂w6 is not made yet: there is nothing to copy."


def test_copying_from_the_chain_and_the_pictures(tui: ModuleType) -> None:
    session = tui.open_session("two_layer", "#0:14")
    tui.follow(session, "w5")
    chain = tui.chain(session)
    for number, row in enumerate(chain.rows):
        session.cursor["chain"] = number
        copied = copy.copy(session)
        if row.made <= session.here and row.value is not None:
            assert float(copied) == row.value and f"{row.name} = {copied}" in session.message
        else:
            assert copied == "" and "not made yet" in session.message
    session.focus = "loss"                          # the error that the source prints, with all digits
    assert copy.copy(session) == "0.2983711087600027"
    assert session.message == "Copied E after 0 updates = 0.2983711087600027."
    session.focus = "network"
    session.cursor["network"] = 0
    assert copy.copy(session) == "0.05" and session.message == "Copied i1 = 0.05."
    fresh = tui.open_session("two_layer")
    fresh.focus = "chain"
    assert copy.copy(fresh) == "" and fresh.message == copy.NO_NUMBERS


def test_copying_a_row_of_the_batch_a_watch_and_a_figure(tui: ModuleType) -> None:
    session = tui.open_session("batch_all", "#1:0")
    session.focus = "batch"
    assert copy.copy(session).endswith(".0") and session.message.startswith("Copied row 1, row = 1.0.")
    two = tui.open_session("two_layer", "#0:16")
    two.watches.append("d(E, w5)")
    two.focus = "watches"
    assert float(copy.copy(two)) == two.run.value("d(E, w5)")
    two.focus = "printed"
    two.cursor["printed"] = 0
    figure = printed.figures(Scene(two))[0]
    assert f"{float(copy.copy(two)):.{figure.decimals}f}" == figure.claim.value
    two.focus = "stops"
    assert copy.copy(two) == "" and two.message == copy.NO_NUMBERS


# files

def read(path: Path) -> list[list[str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("name", ["two_layer", "digits_minibatches", "recurrent_three", "gan", "single_neuron"])
@pytest.mark.parametrize("pane", ["parameters", "values", "adjoints"])
def test_a_file_has_the_runs_own_numbers(tui: ModuleType, name: str, pane: str, tmp_path: Path) -> None:
    session = tui.open_session(name)
    count = session.times.count
    tui.stand(session, Position(0, count * 2 // 3, session.times.stops(count * 2 // 3)))
    session.focus = pane
    copy.save(session, str(tmp_path / "t.csv"))
    assert session.message.startswith("Saved ")
    header, *rows = read(tmp_path / "t.csv")
    table = register.table_of(Scene(session), pane)
    assert header == ["quantity", *(c.word for c in table.columns)] and len(rows) == table.rows
    column = header.index({"parameters": "grad", "values": "value", "adjoints": "grad"}[pane])
    made = made_names(session)
    for n in random.Random(name).sample(range(len(rows)), min(40, len(rows))):
        row, quantity = rows[n], rows[n][0]
        for cell, told in zip(row[1:], table.row(n).cells, strict=True):
            assert cell == "" if told is None else repr(float(cell)) == repr(told)
        if row[column] and "[" not in quantity.split(".")[-1].split("[")[0]:
            value = session.run.value(quantity if pane != "parameters" else f"{quantity}.grad", 0, session.row())
            assert float(row[column]) == pytest.approx(float(np.asarray(value)), rel=1e-12, abs=1e-300)
    if pane == "values":
        assert sum(r[1] != "" for r in rows) == len([n for n in made]) == count * 2 // 3


def test_a_file_is_in_the_order_that_is_shown_and_of_the_rows_that_are(tui: ModuleType, tmp_path: Path) -> None:
    session = tui.open_session("digits_minibatches", "#0:4600")
    session.focus = "parameters"
    order.order(session, "|grad|")
    order.filter_rows(session, "output and abs(grad) > 0.01")
    copy.save(session, str(tmp_path / "t.csv"))
    _, *rows = read(tmp_path / "t.csv")
    sizes = [abs(float(r[2])) for r in rows]
    gradients = np.concatenate([session.run.value(f"d(E, output.{part})").ravel() for part in ("weights", "bias")])
    assert sizes == sorted(sizes, reverse=True)
    assert np.allclose(sizes, np.sort(np.abs(gradients[np.abs(gradients) > 0.01]))[::-1], rtol=1e-12)
    assert session.message.startswith(f"Saved {len(rows)} of 2,260 rows of parameters to ")


def test_nothing_is_written_over_unasked(tui: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = tui.open_session("two_layer")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_text("mine")
    copy.save(session, "mine.csv")
    assert session.message == "'mine.csv' is there already: end the name with ! to write over it."
    assert (tmp_path / "mine.csv").read_text() == "mine"
    copy.save(session, "mine.csv!")
    assert session.message == "Saved 10 rows of parameters to 'mine.csv'."
    assert len(read(tmp_path / "mine.csv")) == 11
    os.symlink("nowhere", tmp_path / "link.csv")
    copy.save(session, "link.csv")
    assert "is there already" in session.message
    copy.save(session, "values v.csv")
    assert session.message == "Saved 35 rows of values to 'v.csv'."
    assert sorted(os.listdir(tmp_path)) == ["link.csv", "mine.csv", "v.csv"]


@pytest.mark.parametrize(("name", "said"), [
    ("no/such/folder.csv", "'no/such/folder.csv' was not written: there is no such folder."),
    (".", "'.' was not written: that is a folder."), ("..!", "'..' was not written: that is a folder."),
    ("mine/w.csv", "'mine/w.csv' was not written: there is no such folder."),
    ("!", "Say the name of a file, as in w.csv."), ("a\nb.csv", "'a\\nb.csv' is no name of a file."),
    ("n" * 300, f"'{'n' * 59}…' was not written: file name too long."),
    ("/dev/full", "'/dev/full' is there already: end the name with ! to write over it."),
    ("/dev/full!", "'/dev/full' was not written: it is not allowed there.")])
def test_a_file_that_cannot_be_written(tui: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str,
                                       said: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").write_text("mine")
    session = tui.open_session("two_layer")
    copy.save(session, name)
    assert session.message == said
    assert os.listdir(tmp_path) == ["mine"]


@pytest.mark.parametrize("name", ["new.csv", "old.csv!"])
def test_a_full_disk_spoils_nothing(tui: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                    name: str) -> None:
    """A limit on the size of files, where a disk would be full."""
    resource = pytest.importorskip("resource")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.csv").write_text("old")
    session = tui.open_session("digits_minibatches")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        copy.save(session, name)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert session.message == f"'{name.rstrip('!')}' was not written: file too large."
    assert os.listdir(tmp_path) == ["old.csv"] and (tmp_path / "old.csv").read_text() == "old"


@pytest.mark.parametrize("text", ["=1+1", "+w5", "-w5", "@sum(a1)", "\t=1", "\r=1", "＝1", "a\x1b[31mb", "w\u202e5",
                                  "a\nb"])
def test_a_spreadsheet_has_nothing_to_obey(text: str) -> None:
    told = copy.safe(text)
    assert told.isprintable() and told[0] not in "=+-@＝＋－＠\t\r"


def test_the_watches_stops_and_hits_of_a_file(tui: ModuleType, tmp_path: Path) -> None:
    session = tui.open_session("two_layer", "#3:20")
    session.watches += ["-w5", "E"]
    hands = tui.Hands(session)
    hands.press("stop", "E < 1 log w5")
    hands.press("stop", "d(E, w1)")
    for pane in ("watches", "stops", "printed"):
        session.focus = pane
        copy.save(session, str(tmp_path / f"{pane}.csv"))
    _, minus, loss = read(tmp_path / "watches.csv")
    assert minus[0] == "'-w5" and float(minus[1]) == -session.run.value("w5", 3)
    assert float(loss[1]) == session.run.value("E", 3)
    assert [row[0] for row in read(tmp_path / "stops.csv")[1:]] == ["E < 1 log w5", "d(E, w1)"]
    figures = read(tmp_path / "printed.csv")
    assert figures[0] == ["quantity", "printed", "here", "verdict"]
    session.list_hits(1)
    while session.run.work(1.0) or set_stops.count_on(session, 1.0):
        pass
    copy.save(session, str(tmp_path / "hits.csv"))
    _, *hits = read(tmp_path / "hits.csv")
    known = [float(row[1]) for row in hits if row[1]]
    assert known == [session.run.value("w5", n) for n in range(len(known))] and len(known) == 4
    session.list_hits("E")
    copy.save(session, str(tmp_path / "history.csv"))
    assert [row[0] for row in read(tmp_path / "history.csv")] == ["after", "0", "1", "2", "3"]
