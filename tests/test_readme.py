"""The README says what is so: its table of keys is the program's, its pictures and pages are there."""

from __future__ import annotations

import re
from pathlib import Path

from bptui.debugger.commands.register import COMMANDS, markdown_table
from bptui.scenario.shipped import shipped

TOP = Path(__file__).resolve().parent.parent
README = (TOP / "README.md").read_text("utf-8")


def test_the_table_of_keys_is_the_programs() -> None:
    assert f"<!-- keys -->\n{markdown_table()}\n<!-- end of keys -->" in README
    assert all(f"`{command.shown or ':'}`" in markdown_table() for command in COMMANDS)


def test_pictures_and_pages_are_there() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert len([x for x in links if x.endswith(".svg")]) >= 4
    assert [x for x in links if not (TOP / x).is_file()] == []


def test_pictures_ask_nothing_of_the_network() -> None:
    for picture in (TOP / "screenshots").glob("*.svg"):
        text = picture.read_text("utf-8")
        assert "@font-face" not in text and "url(http" not in text, picture.name


def test_every_shipped_scenario_is_listed() -> None:
    assert [name for name, _ in shipped() if not re.search(rf"^\| [^|]*`{name}`[^|]*\|", README, re.M)] == []
