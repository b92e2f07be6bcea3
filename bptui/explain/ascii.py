"""The plain spelling of every glyph: for terminals and streams that have only ASCII.

A glyph has a spelling of one cell, with which every column stays where it is, and some have a longer one that reads
better: it is used where there is room for it. `·` is `.` and nothing else is, `►` is `>` and nothing else in a gutter.
"""

from __future__ import annotations

import unicodedata
from functools import cache

ONE = {
    "∂": "d", "×": "*", "·": ".", "►": ">", "◄": "<", "■": "#", "●": "o", "○": "0", "≡": "%", "≈": "~", "≠": "!",
    "─": "-", "═": "=", "│": "|", "├": "|", "└": "`", "┬": "+", "┤": "+", "┼": "+", "┴": "+", "┌": "+", "┐": "+",
    "┘": "+", "╌": "-", "━": "=", "┄": "-", "┅": "=", "┃": "|", "║": "#", "╎": "|", "╲": "\\", "╱": "/", "╳": "x",
    "█": "#", "▌": "#", "▐": "#", "░": ":", "▒": "+", "▓": "%",
    "▁": "_", "▂": ",", "▃": "-", "▄": "~", "▅": "=", "▆": "+", "▇": "*", "▀": "\"",
    "…": "~", "⁺": "+", "′": "'", "√": "V", "½": "h", "≥": ">", "≤": "<", "±": "~", "÷": "/", "−": "-", "–": "-",
    "—": "-", "→": ">", "←": "<", "↑": "^", "↓": "v", "›": ">", "‹": "<", "▼": "v", "▲": "^", "Σ": "S", "∑": "S",
    "∞": "8", "²": "2", "³": "3", "∇": "D",
    "⎛": "/", "⎜": "|", "⎝": "\\", "⎞": "\\", "⎟": "|", "⎠": "/",
}
LONG = {
    "…": "...", "√": "sqrt", "½": "1/2", "≥": ">=", "≤": "<=", "±": "+-", "→": "->", "←": "<-", "Σ": "Sum", "∑": "Sum",
    "²": "^2", "³": "^3", "∞": "inf", "ε": "eps", "≠": "!=", "×": "x",
}
IN_COLUMNS = {"≠", "×"}                             # their place is a column of marks: never longer there


@cache
def one(glyph: str) -> str:
    """The spelling that is as wide as the glyph's own cell."""
    if glyph.isascii():
        return glyph
    if glyph in ONE:
        return ONE[glyph]
    if "\u2800" <= glyph <= "\u28ff":
        dots = (ord(glyph) - 0x2800).bit_count()
        return " ',:;*%##"[dots]
    letter = _greek(glyph)
    if letter:
        return letter[0]
    plain = unicodedata.normalize("NFKD", glyph)[:1]
    return plain if plain.isascii() and plain.isprintable() and plain else "?"


@cache
def long(glyph: str) -> str:
    """The spelling that reads best, of any length."""
    if glyph in LONG:
        return LONG[glyph]
    letter = _greek(glyph)
    power = unicodedata.normalize("NFKD", glyph)
    if letter:
        return letter
    if glyph in "⁰¹⁴⁵⁶⁷⁸⁹":
        return f"^{power}"
    return one(glyph)


def _greek(glyph: str) -> str:
    """`alpha` of α, `Delta` of Δ."""
    name = unicodedata.name(glyph, "")
    if not name.startswith("GREEK ") or "LETTER" not in name:
        return ""
    letter = name.split("LETTER ")[1].split()[0]
    letter = {"LAMDA": "lambda"}.get(letter, letter.lower())
    return letter.capitalize() if "CAPITAL" in name else letter


def text(words: str) -> str:
    """A sentence, a line of output: spelled as it reads best."""
    return "".join(c if c.isascii() else long(c) for c in words)
