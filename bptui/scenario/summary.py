"""What a list of scenarios shows of a file, without opening it: title, about, source, and the figures that it prints.

Nothing is judged here: a file that cannot be opened has a summary all the same, as far as it is TOML. The title stands
above the first table, so for the list of all shipped scenarios only that much of each file is parsed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import ScenarioError, printable
from .reader import LARGEST_SCENARIO
from .tables import read_table_file

FIRST_TABLE = re.compile(r"^\[", re.MULTILINE)


@dataclass(frozen=True)
class Figure:
    """A figure that the source prints: of which quantity, after how many updates."""

    what: str
    after: int
    value: str
    erratum: bool


@dataclass(frozen=True)
class Summary:
    """Title, source and figures are printable; `about` is as it was written, for `markdown.py`."""

    title: str = ""
    about: str = ""
    source: str = ""
    figures: tuple[Figure, ...] = ()


def title_of(path: Path) -> str:
    """The title of a shipped scenario, which is known to be readable."""
    text = path.read_text("utf-8")
    first = FIRST_TABLE.search(text)
    try:
        return str(tomllib.loads(text[:first.start()] if first else text).get("title", ""))
    except tomllib.TOMLDecodeError:                 # that was no table but a line of a text
        return str(tomllib.loads(text).get("title", ""))


def summary(path: Path) -> Summary:
    """What can be said of a file at once; of one that cannot be read, nothing."""
    try:
        table = read_table_file(path.resolve(), LARGEST_SCENARIO)
    except (ScenarioError, OSError, RuntimeError):
        return Summary()
    claims = table.get("claims")
    figures = [_figure(claim) for claim in claims if isinstance(claim, Mapping)] if isinstance(claims, list) else []
    return Summary(printable(_text(table, "title")), _text(table, "about"), printable(_text(table, "source")),
                   tuple(figure for figure in figures if figure.value))


def _text(table: Mapping[str, Any], key: str) -> str:
    found = table.get(key, "")
    return found if isinstance(found, str) else ""


def _figure(claim: Mapping[str, Any]) -> Figure:
    after = claim.get("after", 0)
    return Figure(printable(_text(claim, "what")), after if isinstance(after, int) else 0,
                  printable(_text(claim, "value")), isinstance(claim.get("erratum"), str))
