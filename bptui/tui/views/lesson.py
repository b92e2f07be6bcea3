"""The lesson as a page in the place of the panes: nothing but text, with the line under the cursor reversed."""

from __future__ import annotations

from rich.cells import cell_len

from ...debugger.commands import lesson
from ...debugger.commands.lesson import Page
from ...debugger.commands.register import key_of
from ...debugger.state.session import Session
from .canvas import Canvas, Line, abridged
from .frame import rule

MARGIN = 3                                          # columns at each side
LARGEST = 90                                        # columns of text
ROOMY = 6                                           # rows from which the first stays blank


def page(width: int, height: int) -> Page:
    """What there is room for in a pane of this size."""
    return Page(max(1, min(width - 2 * MARGIN, LARGEST)), max(1, height - 1 - (height >= ROOMY)), cell_len)


def paint(session: Session, width: int, height: int) -> list[Line]:
    c, shown = Canvas(width, height), page(width, height)
    rows = lesson.rows(session, shown)
    top, at = lesson.window(session, shown)
    last = min(len(rows), top + shown.height)
    said = f"{top + 1}-{last} of {len(rows)}"
    title = abridged(session.own.scenario.title or session.own.scenario.name, width - len(said) - 17)
    rule(c, 0, [("Lesson", "bold"), (title, "")], [(width - 1, said)])
    for y, n in enumerate(range(top, last), height - shown.height):
        x = MARGIN
        for text, style in rows[n].runs:
            x = c.put(x, y, text, style)
        c.spot(y, n)
        if n == at:
            c.restyle(y, "reverse", MARGIN - 1, width - MARGIN + 1)
            chosen = lesson.target(session, shown)
            if chosen:
                x = MARGIN + cell_len(rows[n].text[:rows[n].text.find(chosen)])
                c.restyle(y, "bold underline", x, x + cell_len(chosen))
    return c.lines()


def left(session: Session, width: int, height: int) -> str:
    """How much more there is below."""
    shown = page(width, height)
    more = len(lesson.rows(session, shown)) - lesson.window(session, shown)[0] - shown.height
    return f"▼ {more} more line{'s' * (more > 1)}" if more > 0 else "the end"


def keys(session: Session) -> list[tuple[str, str, str]]:
    return [(key_of(session, "help"), "help", ""), ("Space", "page", ""), ("↑↓", "line", ""), ("Enter", "go there", ""),
            (f"{key_of(session, 'lesson')} or Esc", "back to the run", ""), (key_of(session, "quit"), "quit", "")]
