"""The gallery as lines: the questions in their groups, and beside them a preview of the one under the cursor.

Rows never move: bar, search, rule, list, words, keys. Where there is no room for the preview the list has it all. The
list scrolls around its cursor and says how much is left out; a preview that is not ready yet is what is known of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from ...debugger.gallery import NEW_HERE, Entry, Gallery
from ...explain import notation
from ...explain.notation import readable
from .canvas import Canvas, Line, Segment, merged
from .frame import labels, rule

TOP = 3                                             # rows above the list
PREVIEW_FROM = 20                                   # rows of the terminal
LARGEST_LIST, LARGEST_TEXT = 72, 90                 # columns
MOST_WORDS = 4                                      # rows of a message
MOST_HITS = 3                                       # printed figures that a search has found, in a preview
HINT = "search: a word, or a number an article prints (try 0.0554)"
NOTHING = "Nothing fits: no title, name or text has this, and no source prints these digits."


@dataclass(frozen=True)
class Preview:
    """What takes a moment to make: a picture of the network, how large it is, or why it cannot be opened."""

    picture: tuple[Line, ...] = ()
    facts: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def list_width(width: int, height: int) -> int:
    """The columns of the list; all of them where there is no preview."""
    return width if height < PREVIEW_FROM else min(LARGEST_LIST, width * 47 // 80)


def picture_size(width: int, height: int) -> tuple[int, int]:
    """Columns and rows of the picture of the network, with its rule; (0, 0) where there is no preview."""
    left = list_width(width, height)
    return (0, 0) if left == width else (min(width - left - 2, LARGEST_TEXT), 9 if height < 34 else 12)


def paint(gallery: Gallery, preview: Preview | None, width: int, height: int) -> list[Line]:
    """Every line of the screen, which is large enough."""
    words = _words(gallery, width - 2)
    left, room = list_width(width, height), height - TOP - len(words) - 1
    c = Canvas(width, height)
    c.put(1, 0, "bptui", "bold")
    c.put(9, 0, "step through backpropagation, one factor at a time")
    c.right(width - 1, 0, f"{gallery.total} scenarios")
    c.restyle(0, "reverse")
    _search(c, gallery)
    entry = gallery.chosen
    rule(c, 2, [("What would you like to see?", "bold")], last=left)
    if left < width:
        c.put(left, 2, "┬", "dim")
        c.fill(left + 1, 2, width - left - 1, "─", "dim")
        if entry is not None:                       # the whole name: it is what one types
            c.put(c.put(c.put(left + 2, 2, " "), 2, entry.name, "bold", until=width - 1), 2, " ")
        for y in range(TOP, TOP + room):
            c.put(left, y, "│", "dim")
    _list(c, gallery, left, room)
    for y, line in enumerate(words, TOP + room):
        c.put(1, y, line)
    lines = c.lines()
    lines[-1] = labels(_keys(gallery), width)
    if left < width and entry is not None:
        beside = _preview(gallery, entry, preview, min(width - left - 3, LARGEST_TEXT), room)
        for y, line in enumerate(beside, TOP):
            lines[y] = merged(lines[y], line, left + 2, width)
    return lines


def _search(c: Canvas, gallery: Gallery) -> None:
    """The line that is typed into: a search, or a path."""
    if gallery.typing == "path":
        x = c.put(1, 1, "open ", "bold")
        room = c.width - x - 3
        shown = gallery.path if cell_len(gallery.path) <= room else f"…{gallery.path[1 - room:]}"
        if not gallery.path:
            c.put(x + 2, 1, "the path of a scenario file, or the name of a shipped one", "dim")
        c.put(c.put(x, 1, shown), 1, " ", "reverse")
        return
    x = c.put(1, 1, "/ ", "bold" if gallery.typing else "dim")
    x = c.put(x, 1, gallery.text[-(c.width // 2):])
    if gallery.typing:
        x = c.put(x, 1, " ", "reverse")
    if gallery.text:
        c.right(c.width - 1, 1, f"{len(gallery.found)} of {gallery.total} fit", "dim")
    else:
        c.put(x + (2 if gallery.typing else 0), 1, HINT, "dim")


def _list(c: Canvas, gallery: Gallery, width: int, room: int) -> None:
    """The groups and their questions, around the cursor."""
    found, chosen = gallery.found, gallery.chosen
    rows: list[tuple[str, int]] = []                # a group's title, or the number of a scenario
    for n, entry in enumerate(found):
        if n == 0 or found[n - 1].group != entry.group:
            rows.append((entry.group, -1))
        rows.append(("", n))
    at = next((y for y, (_, n) in enumerate(rows) if n >= 0 and found[n] is chosen), 0)
    first = 0 if len(rows) <= room else max(0, min(at - room // 2, len(rows) - room))
    shown = rows[first:first + room]
    above = sum(n >= 0 for _, n in rows[:first + 1]) if first else 0
    below = sum(n >= 0 for _, n in rows[first + room - 1:]) if first + room < len(rows) else 0
    for y, (title, n) in enumerate(shown, TOP):
        if (y == TOP and above) or (y == TOP + room - 1 and below):
            c.put(3, y, f"… {above if y == TOP else below} more", "dim")
        elif n < 0:
            c.put(1, y, title, "dim")
        else:
            _entry(c, y, found[n], n if not gallery.typing else None, width)
            if found[n] is chosen:
                c.restyle(y, "reverse", 1, width - 1)


def _entry(c: Canvas, y: int, entry: Entry, number: int | None, width: int) -> None:
    if number is not None and number < 9:           # the key that opens it, while nothing is typed
        c.put(1, y, str(number + 1), "dim")
    end = c.right(width - 1, y, entry.age, "dim") - 2 if entry.age else width - 1
    text, room = entry.shown, end - 3
    if not entry.shipped and cell_len(text) > room:     # of a path the end says most
        text = f"…{text[len(text) - room + 1:]}"
    c.put(3, y, text, "", until=end)


# the preview

Word = tuple[str, str]


def _preview(gallery: Gallery, entry: Entry, preview: Preview | None, width: int, height: int) -> list[Line]:
    """What one will see: the question, the network, what it is about, and how large it is."""
    said = gallery.summary(entry)
    c = Canvas(width, height)
    y = _put(c, 0, wrapped([(word, "bold") for word in (said.title or entry.shown).split()], width), height)
    if not entry.shipped:
        y = _put(c, y, wrapped([(word, "dim") for word in entry.shown.split()], width), height)
    if preview is not None and preview.problems:
        lines = [line for text in preview.problems for line in wrapped([(w, "") for w in text.split()], width)]
        _put(c, y + 1, [[("Cannot be opened:", "bold")], *lines], height)
        return c.lines()
    facts = [[(line, "dim")] for text in _facts(gallery, entry, preview) for line in _plain(text, width)]
    printed = dict.fromkeys(f"prints {readable(hit.what)} = {hit.value}" for hit in gallery.hits(entry))
    hits = [line for text in list(printed)[:MOST_HITS] for line in wrapped([(w, "bold") for w in text.split()], width)]
    end = height - len(facts)
    _put(c, end, facts, height)
    picture = _trimmed(preview.picture) if preview is not None else ()
    lines = c.lines()
    if picture and y + 1 + len(picture) < end:
        for line in picture:
            y += 1
            lines[y] = merged(lines[y], line, 0, width)
        y += 1
    room = end - y - 2
    text = [*hits, *([[]] if hits else []), *_about(said.about, width)]
    if len(text) > room > 0:
        text = text[:room]
        text[-1] = _cut(text[-1], width)
    below = Canvas(width, max(0, room))
    _put(below, 0, text, room)
    for n, line in enumerate(below.lines(), y + 1):
        lines[n] = line
    return lines


def _facts(gallery: Gallery, entry: Entry, preview: Preview | None) -> list[str]:
    figures = gallery.summary(entry).figures
    wrong = sum(each.erratum for each in figures)
    said = notation.counted(len(figures), "printed figure") + (
        f", {wrong} {'erratum' if wrong == 1 else 'errata'}" if wrong else "")
    return [*([said] if figures else []), *([", ".join(preview.facts)] if preview is not None else ())]


def _trimmed(lines: Sequence[Line]) -> Sequence[Line]:
    """Without the blank lines at the end."""
    count = next((n for n in range(len(lines), 0, -1) if lines[n - 1].text.strip()), 0)
    return lines[:count]


def _about(paragraphs: Iterable[str], width: int) -> list[list[Word]]:
    """The text of an about, with a blank line between paragraphs."""
    lines: list[list[Word]] = []
    for paragraph in paragraphs:
        lines += [[]] if lines else []
        for line in paragraph.split("\n"):
            if line.startswith("    "):             # a formula, or a picture: as it is
                lines.append([(line[2:], "")])
                continue
            words, style = list[Word](), ""
            for n, part in enumerate(line.replace("`", "").split("**")):
                style = "bold" if n % 2 else ""
                words += [(word, style) for word in part.split()]
            lines += wrapped(words, width)
    return lines


def wrapped(words: Iterable[Word], width: int) -> list[list[Word]]:
    """Words as lines of at most `width` columns; one that is longer is broken."""
    lines: list[list[Word]] = []
    x = width
    for word, style in words:
        while True:
            space = 1 if lines and x else 0
            if x + space + cell_len(word) <= width:
                lines[-1].append((" " * space + word, style))
                x += space + cell_len(word)
                break
            lines.append([])
            x = 0
            if cell_len(word) > width:
                lines[-1].append((word[:width], style))
                word, x = word[width:], width
    return lines


def _plain(text: str, width: int) -> list[str]:
    return ["".join(word for word, _ in line) for line in wrapped([(w, "") for w in text.split()], width)]


def _cut(line: list[Segment], width: int) -> list[Segment]:
    """A line that says that there is more."""
    while line and sum(cell_len(text) for text, _ in line) + 2 > width:
        line = line[:-1]
    return [*line, (" …" if line else "…", "dim")]


def _put(c: Canvas, y: int, lines: Iterable[Sequence[Segment]], end: int) -> int:
    """Draw lines from row `y` on; the row behind them."""
    for line in lines:
        x = 0
        for text, style in line:
            if y < end:
                x = c.put(x, y, text, style)
        y += 1
    return y


# words and keys

def _words(gallery: Gallery, width: int) -> list[str]:
    """The line of words; a message may need more than one."""
    lines = _plain(gallery.message or _sentence(gallery), width) or [""]
    if len(lines) > MOST_WORDS:
        lines = [*lines[:MOST_WORDS - 1], f"{lines[MOST_WORDS - 1][:width - 2]} …"]
    return lines


def _sentence(gallery: Gallery) -> str:
    entry = gallery.chosen
    if gallery.typing == "path":
        return "Enter opens the file; Esc goes back to the list."
    if entry is None:
        return NOTHING
    if gallery.hits(entry):
        return "Enter opens it at the value with these digits. Esc: all scenarios."
    if gallery.text:
        return "Enter opens it. Esc: all scenarios."
    return f"You left off here {entry.age}. Enter goes on." if entry.age else NEW_HERE


def _keys(gallery: Gallery) -> list[tuple[str, str, str]]:
    if gallery.typing == "path":
        return [("Enter", "open", ""), ("Esc", "close", "")]
    if gallery.typing:
        return [("Enter", "open", ""), ("↑↓", "choose", ""), ("Esc", "all scenarios", "")]
    return [("?", "help", ""), ("Enter", "open", ""), ("↑↓", "choose", ""), ("/", "search", ""),
            ("c", "copy to edit", ""), ("o", "open a file", ""), ("q", "quit", "")]
