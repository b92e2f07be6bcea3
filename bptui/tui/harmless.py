"""The way out of every screen: what no widget may send to the terminal, and what no paste may bring in.

Our own lines are clean when they are drawn. Textual's widgets draw whatever text they hold, a pasted one above all,
so every line of every widget goes through a filter, in which each character that a terminal could obey is a `?`.
"""

from __future__ import annotations

from functools import lru_cache
from unicodedata import normalize

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from ..scenario.errors import HIDDEN


class Harmless(LineFilter):
    """The same cells, with nothing in them but what is seen."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [segment if segment.control or (segment.text.isascii() and segment.text.isprintable()) else
                Segment(_seen(segment.text), segment.style) for segment in segments]


@lru_cache(4096)
def _seen(text: str) -> str:
    """As wide as `text`: joined characters are narrower than the same ones apart."""
    seen = "".join(c if c.isprintable() and c not in HIDDEN else "?" * cell_len(c) for c in normalize("NFC", text))
    return set_cell_size("".join(c for c in seen if cell_len(c)), cell_len(text))


def pasted(text: str) -> str:
    """The first line of a text as it could have been typed: every blank is one, and what cannot be seen is left out."""
    line = next(iter(text.splitlines()), "")
    return "".join(" " if c.isspace() else c for c in line if c.isspace() or (c.isprintable() and c not in HIDDEN))
