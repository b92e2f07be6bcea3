"""The colours of the screen: one line a theme.

The signs differ in lightness and carry + and - besides; orange and sky blue are told apart by every kind of eye. The
terminal's own 16 colours are the default; `dark` and `light` bring a background of their own. In high contrast nothing
is dimmer than 7:1. `none` has no colour at all: bold, underlined and reversed is all there is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from rich.style import Style
from textual.theme import BUILTIN_THEMES
from textual.theme import Theme as TextualTheme


@dataclass(frozen=True)
class Theme:
    """Colours by what they are for, as Rich names them; nothing: the terminal's own."""

    name: str
    title: str
    plus: str = ""
    minus: str = ""
    dim: str = ""
    front: str = ""
    back: str = ""


TABLE = (
    Theme("terminal", "the terminal's own 16 colours", "yellow", "bright_cyan", "bright_black"),
    Theme("terminal-contrast", "the same in high contrast", "bright_yellow", "bright_cyan"),
    Theme("dark", "dark", "#e69f00", "#56b4e9", "#9a9a9a", "#e4e4e4", "#121212"),
    Theme("dark-contrast", "dark, in high contrast", "#ffb733", "#7fd0ff", "#c4c4c4", "#ffffff", "#000000"),
    Theme("light", "light", "#8f4a00", "#00629b", "#616161", "#1c1c1c", "#fafafa"),
    Theme("light-contrast", "light, in high contrast", "#6e3000", "#003f6b", "#3d3d3d", "#000000", "#ffffff"),
    Theme("none", "no colour at all"),
)
BY_NAME = {theme.name: theme for theme in TABLE}


@cache
def style(theme: Theme, words: str) -> Style:
    """What the words of a style look like in a theme."""
    said = words.split()
    colour = next((getattr(theme, word) for word in said if word in ("plus", "minus", "dim")), "") or theme.front
    return Style(color=colour or None, bgcolor=theme.back or None, bold="bold" in said or None,
                 reverse="reverse" in said or None, underline="underline" in said or None)


def textual_theme(theme: Theme) -> TextualTheme:
    """What Textual's own widgets (the palette, the lines that ask) are to look like."""
    name = f"bptui-{theme.name}"
    if not theme.back:
        own = BUILTIN_THEMES["ansi-dark"]
        dim = f"ansi_{theme.dim or 'default'}"
        return replace(own, name=name, variables={**own.variables, "bptui-dim": dim})
    return TextualTheme(name, primary=theme.front, foreground=theme.front, background=theme.back, surface=theme.back,
                        panel=theme.back, dark=not theme.name.startswith("light"), variables={"bptui-dim": theme.dim})
