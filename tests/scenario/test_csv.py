"""CSV data files: what is taken out of a table, and that one clear line says what is wrong with it, and where."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.scenario import csvs
from bptui.scenario.csvs import open_csv
from bptui.scenario.data import read_columns
from bptui.scenario.errors import ScenarioError
from bptui.scenario.reader import read_scenario, render
from bptui.scenario.values import Wrong

SCENARIO = """\
[network]
inputs = 2
[[network.layers]]
kind = "dense"
units = 1
bias = BIAS
[loss]
kind = "sum"
[data]
file = FILE
inputs = INPUTS
targets = TARGETS
"""
PLAIN = {"BIAS": "0", "FILE": '"x.csv"', "INPUTS": '["p*"]', "TARGETS": '["digit"]'}
GOOD = "p0,p1,digit\n0.5,1,7\n-2,3e-1,0\n"


def write(folder: Path, table: str | bytes | None = GOOD, **changes: str) -> Path:
    text = SCENARIO
    for word, value in (PLAIN | changes).items():
        text = text.replace(word, value)
    (folder / "s.toml").write_text(text)
    if table is not None:
        (folder / "x.csv").write_bytes(table.encode() if isinstance(table, str) else table)
    return folder / "s.toml"


def problems(path: Path) -> list[str]:
    with pytest.raises(ScenarioError) as error:
        read_scenario(path)
    return [line.removeprefix("s:") for line in render(error.value, "s")]


def loaded(path: Path) -> tuple[Any, Any]:
    data = read_scenario(path).data
    assert data
    return data.inputs.tolist(), None if data.targets is None else data.targets.tolist()


ROWS = ([[0.5, 1], [-2, 0.3]], [7, 0])
SAME: dict[str, str | bytes] = {
    "plain": GOOD,
    "CRLF": GOOD.replace("\n", "\r\n"),
    "a byte order mark": b"\xef\xbb\xbf" + GOOD.encode(),
    "no line end": GOOD.removesuffix("\n"),
    "blank lines at the end": GOOD + "\n  \n\r\n",
    "spaces": " p0 , p1,digit \n 0.5 ,\t1 , 7\t\n -2, 3e-1 ,0\n",
    "quotes": '"p0","p1","digit"\n"0.5","1","7"\n"-2", "3e-1" ,"0" \n',
    "a byte order mark and quotes": b"\xef\xbb\xbf" + b'"p0","p1","digit"\r\n0.5,1,7\r\n-2,"3e-1" ,0\r\n',
    "no-break spaces": GOOD.replace("0.5", "\u00a00.5\u00a0"),
    "text that nobody asks for": 'who,p0,note,p1,digit\n∂ß,0.5,"a, ""b""\n\nc",1,7\n,-2,nan,3e-1,0\n',
    "a carriage return in quotes": 'p0,p1,note,digit\n0.5,1,"a\rb",7\n-2,3e-1,"a\r\nb",0\n',
    "a quote inside text": 'p0,p1,note,digit\n0.5,1,5" wide,7\n-2,3e-1,b,0\n',
}


@pytest.mark.parametrize("kind", SAME)
def test_ways_to_write_a_table(kind: str, tmp_path: Path) -> None:
    assert loaded(write(tmp_path, SAME[kind])) == ROWS


def test_arrays_are_read_only_float64(tmp_path: Path) -> None:
    data = read_scenario(write(tmp_path)).data
    assert data and data.targets is not None
    for array in (data.inputs, data.targets):
        assert array.dtype == np.float64 and not array.flags.writeable
    assert data.inputs.shape == (2, 2) and data.targets.shape == (2,)


def test_columns_are_named_in_order(tmp_path: Path) -> None:
    assert loaded(write(tmp_path, INPUTS='["digit", "p0"]', TARGETS='"p1"')) == ([[7, 0.5], [0, -2]], [1, 0.3])
    assert loaded(write(tmp_path, INPUTS='"p1"', TARGETS='"p*"')) == ([[1], [0.3]], [[0.5, 1], [-2, 0.3]])
    assert loaded(write(tmp_path, INPUTS='["p1", "*"]'))[0] == [[1, 0.5, 7], [0.3, -2, 0]]


def test_only_the_star_is_special(tmp_path: Path) -> None:
    table = "[a]*,[a]1,a?,a1\n1,2,3,4\n"
    assert loaded(write(tmp_path, table, INPUTS='["[a]*"]', TARGETS='"a?"')) == ([[1]], [3])  # a name first
    assert loaded(write(tmp_path, table, INPUTS='["[a]*", "[*1"]', TARGETS='"a?"'))[0] == [[1, 2]]
    assert problems(write(tmp_path, table, INPUTS='["[a]1?*"]', TARGETS='"a?"')) == [
        "11: no column in 'x.csv' fits '[a]1?*'"]
    assert loaded(write(tmp_path, table, INPUTS='["*[a]1"]', TARGETS='"a?"'))[0] == [[2]]  # and not a1
    assert problems(write(tmp_path, table, INPUTS='["?1*"]', TARGETS='"a?"')) == [
        "11: no column in 'x.csv' fits '?1*'"]


def test_a_column_serves_as_a_bias(tmp_path: Path) -> None:
    scenario = read_scenario(write(tmp_path, BIAS='{ file = "x.csv", name = "p1" }'))
    assert scenario.network and isinstance(bias := scenario.network.layers[0].bias, np.ndarray)
    assert bias.tolist() == [1, 0.3]
    assert problems(write(tmp_path, BIAS='{ file = "x.csv", name = "p*" }')) == [
        "6: there is no column 'p*' in 'x.csv'; known here: p0, p1, digit"]


def test_the_digest_covers_the_table(tmp_path: Path) -> None:
    first = read_scenario(write(tmp_path)).digest
    assert first == read_scenario(write(tmp_path)).digest
    assert first != read_scenario(write(tmp_path, GOOD.replace("0.5", "0.50"))).digest


LONG = "9" * 131_073
BROKEN: dict[str, tuple[str | bytes, str]] = {
    "text": ("p0,p1,digit\n1,2,3\n1,abc,3\n", "11: 'x.csv' line 3: column 'p1' holds 'abc', not a number"),
    "text among targets": ("p0,p1,digit\n1,2,x\n", "12: 'x.csv' line 2: column 'digit' holds 'x', not a number"),
    "a missing value": ("p0,p1,digit\n1,,3\n", "11: 'x.csv' line 2: column 'p1' is empty"),
    "a missing value of spaces": ("p0,p1,digit\n1, \t,3\n", "11: 'x.csv' line 2: column 'p1' is empty"),
    "nan": ("p0,p1,digit\n1,NaN,3\n", "11: 'x.csv' line 2: column 'p1' must hold finite numbers, not 'NaN'"),
    "inf": ("p0,p1,digit\n1,-inf,3\n", "11: 'x.csv' line 2: column 'p1' must hold finite numbers, not '-inf'"),
    "too large": ("p0,p1,digit\n1,2,3\n1,1e999,3\n",
        "11: 'x.csv' line 3: column 'p1' must hold finite numbers, not '1e999'"),
    "underscores": ("p0,p1,digit\n1,1_0,3\n", "11: 'x.csv' line 2: column 'p1' holds '1_0', not a number"),
    "other digits": ("p0,p1,digit\n1,٣,3\n", "11: 'x.csv' line 2: column 'p1' holds '٣', not a number"),
    "hexadecimal": ("p0,p1,digit\n1,0x1,3\n", "11: 'x.csv' line 2: column 'p1' holds '0x1', not a number"),
    "a decimal comma": ('p0,p1,digit\n1,"1,5",3\n', "11: 'x.csv' line 2: column 'p1' holds '1,5', not a number"),
    "two numbers": ("p0,p1,digit\n1,1 5,3\n", "11: 'x.csv' line 2: column 'p1' holds '1 5', not a number"),
    "controls": ("p0,p1,digit\n1,\x1b[31m\u202e\a,3\n",
        "11: 'x.csv' line 2: column 'p1' holds '\\x1b[31m\\u202e\\x07', not a number"),
    "controls in a name": ("p0,p\x1b[2J,digit\n1,a,3\n",
        "11: 'x.csv' line 2: column 'p\\x1b[2J' holds 'a', not a number"),
    "a long cell": ("p0,p1,digit\n1," + "a" * 1000 + ",3\n",
        f"11: 'x.csv' line 2: column 'p1' holds '{'a' * 59}…', not a number"),
    "after a row of two lines": ('p0,p1,n,digit\n1,2,"\n\n",3\n1,b,,3\n',
        "11: 'x.csv' line 5: column 'p1' holds 'b', not a number"),
    "in a row of two lines": ('p0,n,p1,digit\n1,"\n",b,3\n',
        "11: 'x.csv' line 2: column 'p1' holds 'b', not a number"),
    "too few cells": ("p0,p1,digit\n1,2,3\n1,2\n", "10: 'x.csv' line 3 has 2 cells where the header has 3 columns"),
    "too many cells": ("p0,p1,digit\n1,2,3,\n", "10: 'x.csv' line 2 has 4 cells where the header has 3 columns"),
    "one cell": ("p0,p1,digit\n1\n", "10: 'x.csv' line 2 has 1 cell where the header has 3 columns"),
    "a blank line": ("p0,p1,digit\n\n\n1,2,3\n", "10: 'x.csv' line 2 is blank: only the last lines may be"),
    "a name twice": ("p0,p1,digit, p1\n1,2,3,4\n", "10: 'x.csv' line 1: two columns have the name 'p1'"),
    "a name that is controls": ("p0,\x07,\x07\n1,2,3\n", "10: 'x.csv' line 1: two columns have the name '\\x07'"),
    "no name": ("p0, ,digit\n1,2,3\n", "10: 'x.csv' line 1: column 2 has no name"),
    "a comma at the end": ("p0,p1,digit,\n1,2,3,\n", "10: 'x.csv' line 1: column 4 has no name"),
    "nothing": ("", "10: 'x.csv' is empty: its first line must name the columns"),
    "only a byte order mark": (b"\xef\xbb\xbf", "10: 'x.csv' is empty: its first line must name the columns"),
    "only blank lines": ("\n\r\n \n", "10: 'x.csv' is empty: its first line must name the columns"),
    "a blank first line": ("\n" + GOOD, "10: 'x.csv' line 1 is blank: only the last lines may be"),
    "only a header": ("p0,p1,digit\n\n", "10: 'x.csv' has a header and no rows under it"),
    "semicolons": ("p0;p1;digit\n1;2;3\n",
        "10: 'x.csv' line 1: cells must be separated by commas, not by semicolons"),
    "tabs": ("p0\tp1\tdigit\n1\t2\t3\n", "10: 'x.csv' line 1: cells must be separated by commas, not by tabs"),
    "latin-1": (b"p0,p1,digit\n1,2,3\n\xe9,2,3\n", "10: 'x.csv' line 3 is not UTF-8 text"),
    "UTF-16": (GOOD.encode("utf-16"), "10: 'x.csv' line 1 is not UTF-8 text"),
    "UTF-16 without a mark": (GOOD.encode("utf-16-le"), "10: 'x.csv' line 1 holds a zero byte, and is not text"),
    "a zero byte": ("p0,p1,digit\n1,2,3\n1,\0,3\n", "10: 'x.csv' line 3 holds a zero byte, and is not text"),
    "surrogates": (b"p0,p1,digit\n\xed\xa0\x80,2,3\n", "10: 'x.csv' line 2 is not UTF-8 text"),
    "a giant cell": (f"p0,p1,digit\n{LONG},2,3\n",
        "10: 'x.csv' line 2 cannot be read: a cell has more than 131,072 characters; is a quote never closed?"),
    "an open quote": ('p0,p1,digit\n1,2,3\n1,"2,3\n4,5,6\n',
        "10: 'x.csv' line 3 cannot be read: a quoted cell is never closed"),
    "text after a quote": ('p0,p1,digit\n1,"2"a,3\n',
        "10: 'x.csv' line 2 cannot be read: there is text after the closing quote of a cell; "
        "a quote inside one is written twice"),
    "carriage returns": ("p0,p1,digit\r1,2,3\r",
        "10: 'x.csv' line 1 cannot be read: there is a carriage return in the middle of the line"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_table_gives_one_line(kind: str, tmp_path: Path) -> None:
    table, line = BROKEN[kind]
    assert problems(write(tmp_path, table)) == [line]


def test_columns_that_are_not_there(tmp_path: Path) -> None:
    assert problems(write(tmp_path, INPUTS='["q*"]')) == ["11: no column in 'x.csv' fits 'q*'"]
    assert problems(write(tmp_path, TARGETS='"digits"')) == [
        "12: there is no column 'digits' in 'x.csv', did you mean 'digit'?"]
    assert problems(write(tmp_path, INPUTS='[\n"p0",\n"p\\u001b"]', TARGETS='"digit"')) == [
        "13: there is no column 'p\\x1b' in 'x.csv'; known here: p0, p1, digit"]
    assert problems(write(tmp_path, INPUTS="[]")) == [
        "11: inputs is an empty list, expected names of columns or arrays"]
    assert problems(write(tmp_path, INPUTS='""')) == [
        "11: there is no column '' in 'x.csv'; known here: p0, p1, digit"]


def test_files_that_are_not_there(tmp_path: Path) -> None:
    assert problems(write(tmp_path, FILE='"y.csv"')) == [
        "10: there is no file 'y.csv' beside the scenario, did you mean 'x.csv'?"]
    (tmp_path / "flowers.csv").write_text(GOOD)
    assert problems(write(tmp_path, FILE='"flowers.npz"')) == [
        "10: there is no file 'flowers.npz' beside the scenario, did you mean 'flowers.csv'?"]
    assert problems(write(tmp_path, FILE='"../x.csv"')) == [
        "10: '../x.csv' must be a file in the scenario's own folder"]
    (tmp_path / "d.csv").mkdir()
    assert problems(write(tmp_path, FILE='"d.csv"')) == ["10: 'd.csv' is not a file"]
    with (tmp_path / "large.csv").open("wb") as file:
        file.truncate(32 * 2**20 + 1)
    assert problems(write(tmp_path, FILE='"large.csv"')) == [
        "10: 'large.csv' holds 33,554,433 bytes; a CSV file has at most 32 MiB"]


def test_a_row_has_an_end(tmp_path: Path) -> None:
    line = "10: 'x.csv' line {}: a row has more than 1 MiB"
    assert problems(write(tmp_path, "0," * 2**19 + "0")) == [line.format(1)]
    assert problems(write(tmp_path, "p0,p1,digit\n" + '"\n",' * 2**19)) == [line.format(2**18 + 2)]
    rows = 50_000
    long = GOOD.splitlines()[0] + "\n" + f"1.{'0' * 20},2,3\n" * rows
    assert len(long) > 2**20 and loaded(write(tmp_path, long))[1] == [3] * rows  # only rows


def test_a_file_has_only_so_many_rows_and_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = "10: 'x.csv' line {}: a CSV file has at most {} that can be held"
    head = "p0,p1,digit\n"
    assert problems(write(tmp_path, head + "1,2,3\n" * 100_001)) == [line.format("100002", "100,000 rows")]
    monkeypatch.setattr(csvs, "MOST_VALUES", 30)
    assert problems(write(tmp_path, head + "1,2,3\n" * 11)) == [line.format("12", "30 values")]
    assert loaded(write(tmp_path, head + "1,2,3\n" * 10))[1] == [3] * 10


# Whatever Python's csv module writes is read back; any bytes are numbers or one clear sentence.


FINITE = st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(  # csv.writer leaves a lone \r unquoted, which is refused
    st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=6
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(FINITE, TEXT, FINITE), min_size=1, max_size=5),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_was_written_is_read(rows: list[tuple[float, str, float]], quoting: Any, end: str) -> None:
    written = StringIO()
    csv.writer(written, quoting=quoting, lineterminator=end).writerows([("a", "b", "c"), *rows])
    archive = open_csv("x.csv", written.getvalue().encode())
    assert archive.names == ("a", "b", "c")
    assert archive.read(["c", "a"]).tolist() == [[c, a] for a, _, c in rows]


BYTES = st.lists(st.sampled_from([
    b"a", b"b", b"*", b",", b",", b"\n", b"\n", b"\r", b'"', b" ", b"1", b"-", b".", b"e", b"nan", b"\0", b"\xff",
    b"\xc3\xa9", b"\xef\xbb\xbf", b"\t", b"9" * 400, b"\x1b",
]), max_size=30).map(b"".join)


@settings(max_examples=500, deadline=None)
@given(BYTES)
def test_any_bytes_are_numbers_or_one_clear_sentence(content: bytes) -> None:
    try:
        archive = open_csv("x.csv", content)
        array = read_columns(archive, ["*"])
    except Wrong as wrong:
        assert "'x.csv'" in wrong.message and "\n" not in wrong.message and len(wrong.message) < 200
    else:
        assert len(array) == archive.rows > 0 and np.isfinite(array).all()
