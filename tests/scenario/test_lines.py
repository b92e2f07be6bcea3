"""Every key and array element is found at its line. In these texts each number is the line it stands on."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.scenario.lines import line_of, scan_lines

TRICKY = (
    """# a comment with "quotes", [brackets], { braces } and """
    + "'''"
    + '''
top = 2
text = """
[not.a.table]
key = 5  # not a key
"quoted \\""" still inside
"""
after_text = 8
literal = \'\'\'
x = [1,
'' two quotes "
\'\'\'
after_literal = 13
five = """two quotes before the end"""""
after_five = 15
hash = "a # b ] } \\" = [" # the ' comment [
after_hash = 17

[a]  # [b]
one = [20, 20,
  21, # ] "
  # 22,
  23, [
 24,
    25], { x = 25, y = [25,
    26 ] },
  "text, [", \'it ] is\', 27,
]
two = { k = 29, "q.k" = 29, d.e = 29, s = "}", z = 29 }
dotted.key.x = 30
dotted . "quoted.key" . \'lit\' = 31
"" = 32
date = 1979-05-27 07:32:00
after_date = 34
"caf\\u00e9" = 35
[a.sub . "x]y"]
n = 37
[[list]]
n = 39
[list.inner]
n = 41
[[list.deep]]
n = 43
[[list.deep]]
n = 45
[[list]]
n = 47
[[list.deep]]
n = 49
[list.deep.more]
n = 51
[b.c]
n = 53
[b]
n = 55
m = ["""x""""",
  57, \'\'\'y\'\'\'\'\',
  58]
'''
)


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    children: Any = value.items() if isinstance(value, dict) else enumerate(value)  # pyright: ignore
    for key, child in children:
        yield (*path, key), child
        if isinstance(child, dict | list):
            yield from leaves(child, (*path, key))


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_each_number_stands_on_its_own_line(ending: str) -> None:
    text = TRICKY.replace("\n", ending)
    lines = scan_lines(text)
    seen = 0
    for path, value in leaves(tomllib.loads(text)):
        assert path in lines, path
        if isinstance(value, int):
            assert lines[path] == value, path
            seen += 1
    assert seen == 36


def test_tables_stand_on_their_headers() -> None:
    lines = scan_lines(TRICKY)
    expected: dict[tuple[str | int, ...], int] = {
        ("text",): 3,
        ("literal",): 9,
        ("a",): 19,
        ("a", "one", 3): 23,
        ("a", "one", 4): 23,
        ("a", "one", 5, "y"): 25,
        ("a", "sub"): 36,
        ("a", "sub", "x]y"): 36,
        ("list",): 38,
        ("list", 0, "inner"): 40,
        ("list", 0, "deep", 1): 44,
        ("list", 1): 46,
        ("list", 1, "deep", 0, "more"): 50,
        ("b", "c"): 52,
        ("b",): 54,
    }
    assert {path: lines[path] for path in expected} == expected


def test_the_scan_ends_without_a_last_newline() -> None:
    assert scan_lines("a = 1\nb = [2,\n3]") == {("a",): 1, ("b",): 2, ("b", 0): 2, ("b", 1): 3}
    assert scan_lines("\n\n[t]\nx = ''") == {("t",): 3, ("t", "x"): 4}
    assert scan_lines("# only a comment") == {}


def test_an_unknown_path_falls_back_to_its_longest_known_part() -> None:
    lines = scan_lines("\n[data]\ninputs = [\n1,\n2]\n")
    assert line_of(lines, ("data", "inputs", 1)) == 5
    assert line_of(lines, ("data", "inputs", 1, 7)) == 5
    assert line_of(lines, ("data", "inputs", 9)) == 3
    assert line_of(lines, ("data", "targets", 0)) == 2
    assert line_of(lines, ("loss",)) == 1
    assert line_of(lines, ()) == 1


def test_every_path_of_the_shipped_scenarios_is_known() -> None:
    files = sorted((Path(__file__).parents[2] / "scenarios").glob("*.toml"))
    assert files
    for file in files:
        text = file.read_text("utf-8")
        paths = {path for path, _ in leaves(tomllib.loads(text))}
        assert paths == set(scan_lines(text)), file


# A writer that lays out nested values in its own way and counts lines for itself.
BREAKS = st.sampled_from(["", " ", "\n", "  # ] } \" '''\n", "\n\n", " \t"])
STRINGS = st.sampled_from(
    [
        '"a # ] }"',
        "'[ \" {'",
        '"""\n ] "" \\" \n"""',
        "'''\n' ] ''\n'''",
        '"\\""',
        "''",
        '""',
        '""" x"""""',
        "1e5",
        "true",
        "2024-01-01 10:00:00",
        "-0.5",
    ]
)


@st.composite
def layouts(draw: st.DrawFn) -> str:
    text = ""

    def value(depth: int) -> None:
        nonlocal text
        kind = draw(
            st.sampled_from(["line", "line", "string", "list", "table"] if depth < 3 else ["line", "string"])
        )
        if kind == "line":
            text += str(text.count("\n") + 1)
        elif kind == "string":
            text += draw(STRINGS)
        elif kind == "list":
            text += "["
            for _ in range(draw(st.integers(0, 3))):
                text += draw(BREAKS)
                value(depth + 1)
                text += draw(BREAKS) + ","
            text += draw(BREAKS) + "]"
        else:
            text += "{"
            for at in range(draw(st.integers(0, 2))):
                text += ", " * (at > 0) + draw(
                    st.sampled_from([f"k{at} = ", f'"k.{at}"= ', f"k{at}.b =", f"'{at}' ="])
                )
                value(depth + 1)
            text += " }"

    for at in range(draw(st.integers(1, 5))):
        header = draw(
            st.sampled_from(["", "", f"[t{at}]", "[[list]]", "[[list]]\n[list.sub]", f"[p.'q]{at}']"])
        )
        text += header + "\n" * bool(header) + f"key{at} = "
        value(0)
        text += draw(st.sampled_from(["\n", " # it's [\n", "\n\n"]))
    return text


@settings(deadline=None)
@given(layouts())
def test_any_layout(text: str) -> None:
    lines = scan_lines(text)
    for path, value in leaves(tomllib.loads(text)):
        assert path in lines, path
        if type(value) is int:
            assert lines[path] == value, (path, text)
