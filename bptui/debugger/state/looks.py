"""How things are looked at: layout, zoom, the view that a pane is turned to, order and filter of a table.

A look is a name and a text. `CHOICES` has those that are one of a few, the first being the default; the others are
free texts, by default empty. They are saved with the session, and change nothing that is computed.
"""

from __future__ import annotations

from typing import Protocol

from ..panes.ids import PANES


class HasLooks(Protocol):
    """What is looked at, in ways that were chosen: a session."""

    looks: dict[str, str]


# Of the person, not of the scenario: settled in a file, or chosen last anywhere.
GLOBAL = ("theme", "glyphs", "numbers", "layout")
CHOICES: dict[str, tuple[str, ...]] = {
    "theme": ("terminal", "terminal-contrast", "dark", "dark-contrast", "light", "light-contrast", "none"),
    "glyphs": ("automatic", "unicode", "ascii"),
    "numbers": ("9", "4", "all", "fraction"),       # digits after the point, significant ones, all, or p/q
    "layout": ("everything", "one below", "chain"),
    "zoom": ("off", "on"),
    "lecture": ("off", "on"),
    "lower": ("parameters", *(pane for pane in PANES if pane not in ("parameters", "chain"))),      # shown last
    "plot.scale": ("automatic", "linear", "by powers of ten"),
}
FREE = ("sort.", "filter.", "matrix.")              # beginnings of names whose text is anything
LONGEST = 200


def look(session: HasLooks, what: str) -> str:
    """What is chosen, or the default."""
    choices = CHOICES.get(what)
    chosen = session.looks.get(what, "")
    if choices is None:
        return chosen
    return chosen if chosen in choices else choices[0]


def choose(session: HasLooks, what: str, text: str) -> None:
    """Choose a look; the default is not kept."""
    default = CHOICES[what][0] if what in CHOICES else ""
    if text == default:
        session.looks.pop(what, None)
    else:
        session.looks[what] = text


def turn(session: HasLooks, what: str) -> str:
    """Turn to the next choice, and round; what it is."""
    choices = CHOICES[what]
    text = choices[(choices.index(look(session, what)) + 1) % len(choices)]
    choose(session, what, text)
    return text


def fits(what: str, text: str) -> bool:
    """Whether a look that was saved still means something."""
    if what in CHOICES:
        return text in CHOICES[what] and what not in GLOBAL
    return what.startswith(FREE) and len(text) <= LONGEST
