"""The gallery as lines: the questions in their groups, and beside them a preview of the one under the cursor.

Rows never move: bar, search, rule, list, words, keys. Where there is no room for the preview the list has it all. The
list scrolls around its cursor and says how much is left out; a preview that is not ready yet is what is known of it.
Below the picture the lesson begins; its pages take the place of the preview, or where there is none, of the list.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from ...debugger.commands.lesson import NONE
from ...debugger.home.gallery import NEW_HERE, Entry, Gallery
from ...explain import notation
from ...explain.notation import readable
from ...scenario.markdown import TextRow, rows, says_something
from .canvas import Canvas, Line, abridged, merged, wrapped
from .frame import labels, rule

TOP = 3                                             # rows above the list
PREVIEW_FROM = 20                                   # rows of the terminal
LARGEST_LIST, LARGEST_TEXT = 72, 90                 # columns
ROOMY = 100                                         # columns in which the keys have all their words
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


@dataclass(frozen=True)
class Page:
    """The rows of the lesson, and which of them are in sight."""

    rows: tuple[TextRow, ...]
    first: int
    room: int

    @property
    def last(self) -> int:
        return min(len(self.rows), self.first + self.room)


def paint(gallery: Gallery, preview: Preview | None, width: int, height: int) -> list[Line]:
    """Every line of the screen, which is large enough."""
    words = wrapped(gallery.message or _sentence(gallery), width - 2)[:height - TOP - 2] or [""]
    left, room = list_width(width, height), height - TOP - len(words) - 1
    alone = left == width
    c = Canvas(width, height)
    c.put(1, 0, "bptui", "bold")
    counted = f"{gallery.total} scenarios"
    c.put(9, 0, abridged("step through backpropagation, one factor at a time", width - 12 - len(counted)))
    c.right(width - 1, 0, counted)
    c.restyle(0, "reverse")
    _search(c, gallery)
    entry = gallery.chosen
    rule(c, 2, [("What would you like to see?", "bold")], last=left)
    if not alone:
        c.put(left, 2, "┬", "dim")
        c.fill(left + 1, 2, width - left - 1, "─", "dim")
        if entry is not None:                       # the whole name: it is what one types
            c.put(c.put(c.put(left + 2, 2, " "), 2, entry.name, "bold", until=width - 1), 2, " ")
        for y in range(TOP, TOP + room):
            c.put(left, y, "│", "dim")
    if not alone or gallery.reading is None:
        _list(c, gallery, left, room)
    for y, line in enumerate(words, TOP + room):
        c.put(1, y, line)
    lines = c.lines()
    lines[-1] = labels(_keys(gallery, alone, width), width)
    if entry is not None and (not alone or gallery.reading is not None):
        x = 1 if alone else left + 2
        beside = _preview(gallery, entry, preview, _text_width(width, left), room)
        for y, line in enumerate(beside, TOP):
            lines[y] = merged(lines[y], line, x, width)
    return lines


def _text_width(width: int, left: int) -> int:
    return min(width - 2 if left == width else width - left - 3, LARGEST_TEXT)


def turned(gallery: Gallery, preview: Preview | None, width: int, height: int, by: int, line: bool = False) -> None:
    """Turn the lesson by a page or a `line`, on or back, by more to its end or beginning; before it is the preview."""
    entry, left = gallery.chosen, list_width(width, height)
    if entry is None:
        return
    gallery.message = ""
    if not says_something(gallery.summary(entry).about):
        gallery.message = NONE
        return
    room = height - TOP - len(wrapped(_sentence(gallery), width - 2)) - 1
    page = _page(gallery, entry, preview, _text_width(width, left), room)
    alone = left == width
    if gallery.reading is not None and abs(by) > 1:
        gallery.reading = page.rows[max(0, len(page.rows) - room)].first if by > 0 else 0
    elif by > 0 and gallery.reading is None and alone:
        gallery.reading = 0
    elif by > 0 and page.last == len(page.rows):
        gallery.message = "This is the end of the lesson. Enter opens the scenario."
    elif by > 0:
        first = page.first + 1 if line else page.last
        gallery.reading = page.rows[min(first, len(page.rows) - 1)].first
    elif gallery.reading is not None:
        gallery.reading = page.rows[max(0, page.first - (1 if line else page.room))].first if page.first else None


def _search(c: Canvas, gallery: Gallery) -> None:
    """The line that is typed into: a search, or a path."""
    if gallery.typing == "path":
        x = c.put(1, 1, "open ", "bold")
        room = c.width - x - 3
        shown = gallery.path if cell_len(gallery.path) <= room else f"…{gallery.path[1 - room:]}"
        if not gallery.path:
            c.put(x + 2, 1, "the path of a scenario file, or the name of a shipped one", "dim")
        c.put(c.put(x, 1, shown, "reverse" if gallery.yields else ""), 1, " ", "reverse")
        return
    x = c.put(1, 1, "/ ", "bold" if gallery.typing else "dim")
    x = c.put(x, 1, gallery.text[-(c.width // 2):])
    if gallery.typing:
        x = c.put(x, 1, " ", "reverse")
    if gallery.text:
        c.right(c.width - 1, 1, f"{len(gallery.found)} of {gallery.total} fit", "dim")
    else:
        x += 2 if gallery.typing else 0
        c.put(x, 1, abridged(HINT, c.width - 1 - x), "dim")


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

def _preview(gallery: Gallery, entry: Entry, preview: Preview | None, width: int, height: int) -> list[Line]:
    """What one will see: the question, the network, how the lesson begins, and how large it is; or the lesson."""
    c = Canvas(width, height)
    if gallery.reading is not None:
        _lesson(c, 0, height, _page(gallery, entry, preview, width, height))
        return c.lines()
    y = _heading(c, gallery, entry, width, height)
    if preview is not None and preview.problems:
        c.put(0, y + 1, "Cannot be opened:", "bold")
        for n, row in enumerate((row for text in preview.problems for row in wrapped(text, width)), y + 2):
            c.put(0, n, row)
        return c.lines()
    facts = [row for text in _facts(gallery, entry, preview) for row in wrapped(text, width)]
    for n, row in enumerate(facts, height - len(facts)):
        c.put(0, n, row, "dim")
    picture, y = _pictured(preview, y, height - len(facts) - _least(gallery, entry, width))
    end = height - len(facts) - 1
    for row in _hits(gallery, entry, width, end - 1 - y):
        y += 1
        c.put(0, y, row, "bold")
    below = y + 1 + bool(gallery.hits(entry))
    full = below >= end                             # then what is left of the lesson is said in the row between
    _lesson(c, end if full else below, end + full, _page(gallery, entry, preview, width, height))
    lines = c.lines()
    for n, line in picture:
        lines[n] = merged(lines[n], line, 0, width)
    return lines


def _heading(c: Canvas, gallery: Gallery, entry: Entry, width: int, height: int) -> int:
    """The question, and of a file of one's own the path; the row below."""
    y = 0
    for text, style in ((gallery.summary(entry).title or entry.shown, "bold"),
                        *([] if entry.shipped else [(entry.shown, "dim")])):
        for row in wrapped(text, width):
            c.put(0, y, row, style)
            y += 1
    return min(y, height)


def _pictured(preview: Preview | None, y: int, end: int) -> tuple[list[tuple[int, Line]], int]:
    """The rows of the picture, where there is room for it, and the row after it."""
    picture = _trimmed(preview.picture) if preview is not None else ()
    if not picture or y + 1 + len(picture) >= end:
        return [], y
    return list(enumerate(picture, y + 1)), y + 1 + len(picture)


def _hits(gallery: Gallery, entry: Entry, width: int, room: int) -> list[str]:
    """The printed figures that the search has found, each whole, as many as there is room for."""
    printed = dict.fromkeys(f"prints {readable(hit.what)} = {hit.value}" for hit in gallery.hits(entry))
    shown: list[str] = []
    for text in list(printed)[:MOST_HITS]:
        shown += rows if len(shown) + len(rows := wrapped(text, width)) <= room else []
    return shown


def _least(gallery: Gallery, entry: Entry, width: int) -> int:
    """The rows that the first of them takes, and the one before: a number that was looked for is shown first."""
    return next((1 + len(wrapped(row, width)) for row in _hits(gallery, entry, 10**6, 1)), 0)


def _page(gallery: Gallery, entry: Entry, preview: Preview | None, width: int, height: int) -> Page:
    """What of the lesson is in sight; the last row of the room says how much is left."""
    found = rows(gallery.summary(entry).about, width, cell_len)
    if gallery.reading is not None:
        first = max(0, bisect_right(found, gallery.reading, key=lambda row: row.first) - 1)
        return Page(found, first if len(found) > height else 0, height if len(found) - first <= height else height - 1)
    y = _heading(Canvas(width, height), gallery, entry, width, height)
    facts = [row for text in _facts(gallery, entry, preview) for row in wrapped(text, width)]
    y = _pictured(preview, y, height - len(facts) - _least(gallery, entry, width))[1]
    end = height - len(facts) - 1
    hits = len(_hits(gallery, entry, width, end - 1 - y))
    room = max(0, end - 1 - y - hits - bool(gallery.hits(entry)))
    return Page(found, 0, room if len(found) <= room else max(0, room - 1))


def _lesson(c: Canvas, y: int, end: int, page: Page) -> None:
    """The rows in sight, and how many there are before and behind them."""
    for n, row in enumerate(page.rows[page.first:page.last], y):
        x = 0
        for text, style in row.runs:
            x = c.put(x, n, text, style)
    before, more = page.first, len(page.rows) - page.last
    if more and end > y:
        said = f"▼ {notation.counted(more, 'more line')}: Space"
        c.put(0, end - 1, f"▲ {before}  {said}" if before else said, "bold")


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


# words and keys

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


def _keys(gallery: Gallery, alone: bool, width: int) -> list[tuple[str, str, str]]:
    if gallery.typing == "path":
        return [("Enter", "open", ""), ("Esc", "close", "")]
    if gallery.typing:
        return [("Enter", "open", ""), ("↑↓", "choose", ""), ("Esc", "all scenarios", "")]
    if gallery.reading is not None:
        return [("?", "help", ""), ("Enter", "open", ""), ("Space", "page", ""),
                ("↑↓", "line" if alone else "choose another", ""), ("Esc", "back to the list", ""), ("q", "quit", "")]
    copy, file = ("copy to edit", "open a file") if width >= ROOMY else ("copy", "a file")
    return [("?", "help", ""), ("Enter", "open", ""), ("↑↓", "choose", ""), ("Space", "read", ""), ("/", "search", ""),
            ("c", copy, ""), ("o", file, ""), ("q", "quit", "")]
