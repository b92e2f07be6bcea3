"""Layouts, zoom, theme, glyphs and number formats, as commands."""

from __future__ import annotations

from ...scenario.errors import quoted
from ..state.looks import CHOICES, choose, look, turn
from ..state.session import Session

SAID = {
    "everything": "Everything that there is room for.",
    "one below": "The chain, and one pane below it: Tab or a key shows another there.",
    "chain": "The chain alone.",
}


def zoom(session: Session) -> None:
    """Show the pane that has the focus alone, or all of them again."""
    on = turn(session, "zoom") == "on"
    session.message = "z again: back to all panes." if on else ""


def next_layout(session: Session) -> None:
    choose(session, "zoom", "off")
    session.message = f"{SAID[turn(session, 'layout')]} L turns on."


def turn_scale(session: Session) -> None:
    """Turn the scale of the plot: as it fits, linear, by powers of ten."""
    session.message = f"Scale of the plot: {turn(session, 'plot.scale')}."


def following_theme(session: Session) -> str:
    """The theme after this one."""
    themes = CHOICES["theme"]
    return themes[(themes.index(look(session, "theme")) + 1) % len(themes)]


def theme(session: Session, text: str) -> None:
    """Choose a theme by its name."""
    name = text.strip().lower()
    if name not in CHOICES["theme"]:
        session.message = f"There is no theme {quoted(text)}: {', '.join(CHOICES['theme'])}."
        return
    choose(session, "theme", name)
    session.message = f"Theme: {name}."


NUMBERS = {
    "9": "Nine decimals.",
    "4": "Four digits that count.",
    "all": "All digits: what you see is the number, bit for bit.",
    "fraction": "As p/q, where no other number is nearer to it with q below 10,000; else nine decimals.",
}


def next_numbers(session: Session) -> None:
    session.message = NUMBERS[turn(session, "numbers")]


def next_glyphs(session: Session) -> None:
    said = turn(session, "glyphs")
    session.message = {"automatic": "Glyphs as the terminal has them.", "unicode": "All glyphs.",
                       "ascii": "ASCII alone: d is ∂, * is ×, > is ►."}[said]
