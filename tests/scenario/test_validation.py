"""Validation: the rows that are held back, as a share, in the scenario, or in a file of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptui.scenario.errors import ScenarioError
from bptui.scenario.reader import read_scenario, read_scenario_text, render
from bptui.scenario.records import Data

HEAD = """\
[network]
inputs = 2
[[network.layers]]
kind = "dense"
units = 1
[loss]
kind = "sum"
[data]
"""
ROWS = HEAD + """\
inputs = [[1, 2], [3, 4], [5, 6], [7, 8], [9, 0]]
targets = [[1], [2], [3], [4], [5]]
"""
CLASSES = ROWS.replace("[[1], [2], [3], [4], [5]]", "[0, 2, 1, 2, 0]")
BARE = ROWS[:ROWS.index("targets")]
TABLE = HEAD + 'file = "x.csv"\ninputs = ["a", "b"]\ntargets = "c"\n'
HELD = "[data.validation]\n"                      # line 11 under ROWS, CLASSES; 12 under TABLE


def data_of(text: str, path: Path | None = None) -> Data:
    data = read_scenario_text(text, "s", path).data
    assert data
    return data


def lists(data: Data) -> tuple[Any, Any, Any, Any]:
    """Inputs and targets to train on, and those held."""
    assert data.validation
    arrays = (data.inputs, data.targets, data.validation.inputs, data.validation.targets)
    assert not any(a is not None and a.flags.writeable for a in arrays)
    return tuple(None if a is None else a.tolist() for a in arrays)  # type: ignore[return-value]


def problems(text: str, path: Path | None = None) -> list[str]:
    with pytest.raises(ScenarioError) as error:
        read_scenario_text(text, "s", path)
    return [line.removeprefix("s:") for line in render(error.value, "s")]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A scenario's path, with tables beside it."""
    (tmp_path / "x.csv").write_text("a,b,c\n1,2,0\n3,4,1\n")
    (tmp_path / "y.csv").write_text("c,b,a,d\n1,8,7,6\n")
    np.savez(tmp_path / "z.npz", a=np.ones(3), b=np.zeros(3), c=np.ones(3), wide=np.ones((3, 2)), tall=np.ones(4))
    return tmp_path / "s.toml"


def test_without_validation_nothing_is_held() -> None:
    assert data_of(ROWS).validation is None


def test_a_share_is_the_last_rows() -> None:
    assert lists(data_of(ROWS + "validation = 0.4\n")) == (
        [[1, 2], [3, 4], [5, 6]], [[1], [2], [3]], [[7, 8], [9, 0]], [[4], [5]])
    assert lists(data_of(CLASSES + "validation = 0.2\n")) == (
        [[1, 2], [3, 4], [5, 6], [7, 8]], [0, 2, 1, 2], [[9, 0]], [0])
    assert lists(data_of(CLASSES + "validation = 0.001\n"))[3] == [0]  # at least one
    assert lists(data_of(BARE + "validation = 0.2\n"))[1::2] == (None, None)


def test_a_share_of_a_table(here: Path) -> None:
    assert lists(data_of(TABLE + "validation = 0.5\n", here)) == ([[1, 2]], [0], [[3, 4]], [1])


@given(st.integers(2, 60), st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_a_share_splits_the_rows_in_two(rows: int, share: float) -> None:
    held = max(1, round(rows * share))
    text = HEAD + f"inputs = {[[n] for n in range(rows)]}\nvalidation = {share!r}\n"
    if held == rows:
        assert problems(text) == [
            f"10: validation = {share} holds back {rows} of {rows} rows: none is left to train on"]
        return
    first, _, last, _ = lists(data_of(text))
    assert first + last == [[n] for n in range(rows)] and len(last) == held


def test_a_table_in_the_scenario() -> None:
    assert lists(data_of(ROWS + HELD + "inputs = [[0, 1]]\ntargets = [[9]]\n"))[2:] == ([[0, 1]], [[9]])
    assert len(data_of(ROWS + HELD + "inputs = [[0, 1]]\n").inputs) == 5
    assert lists(data_of(ROWS + HELD + "inputs = [[0, 1], [1, 0]]\n"))[2:] == ([[0, 1], [1, 0]], None)
    assert lists(data_of(CLASSES + HELD + "inputs = [[0, 1]]\ntargets = [2]\n"))[3] == [2]
    assert lists(data_of(ROWS + "validation = { inputs = [[0, 1]] }\n"))[2] == [[0, 1]]
    assert lists(data_of(ROWS + "validation.inputs = [[0, 1]]\n"))[2] == [[0, 1]]


def test_a_file_of_its_own(here: Path) -> None:
    assert lists(data_of(TABLE + HELD + 'file = "y.csv"\n', here)) == (
        [[1, 2], [3, 4]], [0, 1], [[7, 8]], [1])
    assert lists(data_of(TABLE + HELD + 'file = "y.csv"\ninputs = ["d", "a"]\n', here))[2:] == ([[6, 7]], None)
    assert lists(data_of(TABLE + HELD + 'file = "y.csv"\ninputs = ["d", "a"]\ntargets = "b"\n', here))[3] == [8]
    assert lists(data_of(TABLE + HELD + 'file = "z.npz"\n', here))[2:] == ([[1, 0]] * 3, [1, 1, 1])
    assert lists(data_of(TABLE + HELD + "inputs = [[5, 5]]\ntargets = [3]\n", here))[2:] == ([[5, 5]], [3])
    assert lists(data_of(ROWS + HELD + 'file = "y.csv"\ninputs = ["a", "b"]\ntargets = "c"\n', here))[2:] == (
        [[7, 8]], [[1]])                          # as [data] has them: rows of one number
    no_targets = TABLE.replace('targets = "c"\n', "")
    assert lists(data_of(no_targets + HELD + 'file = "y.csv"\n', here))[2:] == ([[7, 8]], None)


def test_the_digest_covers_the_file(here: Path) -> None:
    here.write_text(TABLE + HELD + 'file = "y.csv"\n')
    first = read_scenario(here).digest
    assert first == read_scenario(here).digest
    (here.parent / "y.csv").write_text("c,b,a,d\n1,8,7,5\n")
    assert read_scenario(here).digest != first


SHARE = "must be a share of the rows, more than 0 and less than 1, such as 0.2"
KIND = "must be a share of the rows such as 0.2, or a table with inputs, not"
BROKEN: dict[str, tuple[str, str]] = {
    "none": (ROWS + "validation = 0.0\n", f"11: validation {SHARE}"),
    "all": (ROWS + "validation = 1\n", f"11: validation {SHARE}"),
    "a number of rows": (ROWS + "validation = 20\n", f"11: validation {SHARE}"),
    "less than none": (ROWS + "validation = -0.2\n", f"11: validation {SHARE}"),
    "nan": (ROWS + "validation = nan\n", f"11: validation {SHARE}"),
    "true": (ROWS + "validation = true\n", f"11: validation {KIND} true"),
    "text": (ROWS + 'validation = "0.2"\n', f"11: validation {KIND} text"),
    "a list": (ROWS + "validation = [[1, 2]]\n", f"11: validation {KIND} a list"),
    "too large a share": (ROWS + "validation = 0.95\n",
        "11: validation = 0.95 holds back 5 of 5 rows: none is left to train on"),
    "one row": (HEAD + "inputs = [[1, 2]]\nvalidation = 0.2\n",
        "10: validation = 0.2 holds back 1 of 1 row: none is left to train on"),
    "an empty table": (ROWS + HELD, "11: inputs is missing in [data.validation]"),
    "no inputs": (ROWS + HELD + "targets = [[1]]\n", "11: inputs is missing in [data.validation]"),
    "empty inputs": (ROWS + HELD + "inputs = []\n", "12: inputs has an empty list where numbers are expected"),
    "an empty row": (ROWS + HELD + "inputs = [[]]\n", "12: inputs has an empty list where numbers are expected"),
    "empty targets": (ROWS + HELD + "inputs = [[1, 2]]\ntargets = []\n",
        "13: targets has an empty list where numbers are expected"),
    "text for inputs": (ROWS + HELD + 'inputs = [[1, "2"]]\n', "12: inputs must be a number, not text"),
    "nan among inputs": (ROWS + HELD + "inputs = [[1, nan]]\n", "12: inputs must be a finite number, not nan"),
    "ragged": (ROWS + HELD + "inputs = [[1, 2],\n[3]]\n",
        "13: inputs: row 2 has 1 number where the first has 2 numbers"),
    "flat": (ROWS + HELD + "inputs = [1, 2]\n",
        "12: inputs must be a list of rows, one per sample, as in [[0.05, 0.10]]"),
    "a number for targets": (ROWS + HELD + "inputs = [[1, 2]]\ntargets = 1\n",
        "13: targets must be a list of rows, one per sample, as in [[0.01, 0.99]]"),
    "other rows": (ROWS + HELD + "inputs = [[1, 2]]\ntargets = [[1], [2]]\n",
        "13: targets has 2 rows where inputs has 1 row: each has one row per sample"),
    "other columns": (ROWS + HELD + "inputs = [[1, 2, 3]]\n",
        "12: each row of inputs must have 2 numbers, as in [data]; here: 3 numbers"),
    "other targets": (ROWS + HELD + "inputs = [[1, 2]]\ntargets = [[1, 2]]\n",
        "13: each row of targets must have 1 number, as in [data]; here: 2 numbers"),
    "rows for classes": (CLASSES + HELD + "inputs = [[1, 2]]\ntargets = [[1]]\n",
        "13: each row of targets must have a single number, as in [data]; here: 1 number"),
    "more axes": (ROWS + HELD + "inputs = [[1, 2]]\ntargets = [[[1, 2], [3, 4]]]\n",
        "13: each row of targets must have 1 number, as in [data]; here: 2 x 2 numbers"),
    "targets of nothing": (BARE + HELD + "inputs = [[1, 2]]\ntargets = [[1]]\n",
        "12: targets is given here and missing in [data]"),
    "an unknown key": (ROWS + HELD + "inputs = [[1, 2]]\ntarget = [[1]]\n",
        "13: unknown key 'target' in [data.validation], did you mean 'targets'?"),
    "names": (ROWS + HELD + 'inputs = [[1, 2]]\ntarget_names = ["a"]\n',
        "13: unknown key 'target_names' in [data.validation]; known here: inputs, targets, file"),
    "a file that is not there": (TABLE + HELD + 'file = "q.csv"\n',
        "13: there is no file 'q.csv' beside the scenario, did you mean 'y.csv'?"),
    "a way out": (TABLE + HELD + 'file = "../x.csv"\n',
        "13: '../x.csv' must be a file in the scenario's own folder"),
    "a file of other columns": (TABLE.replace('"b"]', '"b*"]').replace('"c"', '"*c"') + HELD + 'file = "w.csv"\n',
        "13: no column in 'w.csv' fits 'b*'"),
    "a broken file": (TABLE + HELD + 'file = "v.csv"\n', "13: 'v.csv' line 3: column 'b' is empty"),
    "only targets of a file": (TABLE + HELD + 'file = "y.csv"\ntargets = "c"\n',
        "12: inputs is missing in [data.validation]"),
    "a file alone beside numbers": (ROWS + HELD + 'file = "y.csv"\n', "11: inputs is missing in [data.validation]"),
    "columns without a file": (TABLE + HELD + 'inputs = ["a"]\n', "13: inputs must be a number, not text"),
    "numbers beside a file": (TABLE + HELD + 'file = "y.csv"\ninputs = [[1, 2]]\n',
        "14: inputs must be text in quotes, not a list"),
    "rows of a file that do not fit": (TABLE + HELD + 'file = "z.npz"\ninputs = "wide"\ntargets = "tall"\n',
        "15: targets has 4 rows where inputs has 3 rows: each has one row per sample"),
    "columns of a file that do not fit": (TABLE + HELD + 'file = "y.csv"\ninputs = "*"\n',
        "14: each row of inputs must have 2 numbers, as in [data]; here: 4 numbers"),
    "arrays that do not fit": (TABLE + HELD + 'file = "z.npz"\ninputs = ["a", "tall"]\n',
        "14: the array 'tall' in 'z.npz' does not fit beside 'a'"),
    "a share of a number": (ROWS.replace("[[1], [2], [3], [4], [5]]", "1") + "validation = 0.2\n",
        "10: targets must be a list of rows, one per sample, as in [[0.01, 0.99]]"),
    "targets in [data] that cannot be read": (
        ROWS.replace("[5]]", "[true]]") + HELD + "inputs = [[1, 2]]\ntargets = [[1]]\n",
        "10: targets must be a number, not true"),
    "[data] itself": (ROWS.replace("[5]]", "[5], [6]]") + "validation = 0.2\n",
        "10: targets has 6 rows where inputs has 5 rows: each has one row per sample"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_validation_gives_one_line(kind: str, here: Path) -> None:
    (here.parent / "w.csv").write_text("a,c\n1,2\n")
    (here.parent / "v.csv").write_text("a,b,c\n1,2,3\n1,,3\n")
    text, line = BROKEN[kind]
    assert problems(text, here) == [line]


def test_mistakes_of_both_tables_are_shown(here: Path) -> None:
    text = TABLE.replace("x.csv", "q.csv") + HELD + 'file = "y.csv"\ninputs = "e"\n'
    assert problems(text, here) == [
        "9: there is no file 'q.csv' beside the scenario, did you mean 'y.csv'?",
        "14: there is no column 'e' in 'y.csv'; known here: c, b, a, d"]
    text = ROWS.replace("[1, 2]", "[1, true]") + HELD + "inputs = [[1, nan]]\n"
    assert problems(text) == [
        "9: inputs must be a number, not true", "12: inputs must be a finite number, not nan"]
    text = TABLE.replace('"a", "b"', "1") + HELD + 'file = "y.csv"\n'
    assert problems(text, here) == ["10: inputs must be text in quotes, not a number"]
