"""The lesson of a scenario, which is its `about`, read beside the run: where the reader is, and what a line leads to.

A figure, or a quantity of the run, that stands on a line can be gone to: the lesson closes, the run stands where that
is made, and the lesson opens again at the same line. Whoever draws says how wide a row is and how many there is room
for, as a `Page`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ...scenario import markdown
from ...scenario.errors import QuantityError
from ...scenario.markdown import Measure, TextRow
from ..event import line
from ..panes.cursor import show
from ..scene import Scene
from ..state.session import Session
from . import find, typed

NONE = "This scenario has no lesson: its file has no about."
LAST = "This is the end of the lesson."
MARGIN = 2                                          # rows in sight beyond the cursor, where there are more
FIGURE = re.compile(r"(?<![\w.,])[+\-\u2212]?[0-9]+\.[0-9]{3,}(?:e[+-]?[0-9]+)?(?!\w|\.[0-9])")
NAME = re.compile(r"∂\w+/∂[^\W\d][\w.]*\w(?:\[[0-9,]+\])?|[^\W\d]\w*(?:\.\w+)*(?:\[[0-9,]+\])?")
TELLING = re.compile(r"[0-9_.∂\[]")                 # in what is no word of a language
ELSEWHERE = ("help", "palette", "quit", "interrupt", "gallery", "reload", "theme", "glyphs")


@dataclass(frozen=True)
class Page:
    """The columns of a row, and how many rows are in sight."""

    width: int
    height: int
    measure: Measure


def reading(session: Session) -> bool:
    """Whether the lesson stands in the place of the panes."""
    return session.lesson.open and session.sides is None and there_is_one(session)


def there_is_one(session: Session) -> bool:
    return markdown.says_something(session.own.scenario.about)


def rows(session: Session, page: Page) -> tuple[TextRow, ...]:
    return markdown.rows(session.own.scenario.about, page.width, page.measure)


def index(found: tuple[TextRow, ...], number: int) -> int:
    """The row in which a character stands."""
    return max(0, bisect_right(found, number, key=lambda row: row.first) - 1)


def window(session: Session, page: Page) -> tuple[int, int]:
    """The first row in sight, and the row under the cursor, which is in sight."""
    found = rows(session, page)
    at = index(found, session.lesson.at)
    top = min(index(found, session.lesson.top), max(0, len(found) - page.height))
    return max(at - page.height + 1, min(top, at)), at


def switch(session: Session) -> None:
    """Open the lesson where the reader was, or close it."""
    session.message = "" if there_is_one(session) else NONE
    session.lesson.open = not session.lesson.open and not session.message


def key(session: Session, command: str, page: Page) -> bool:
    """Do what a command of the table means while the lesson is open; False if that is what it always means."""
    if command in ELSEWHERE:
        return False
    if command in KEYS:
        KEYS[command](session, page)
    else:
        session.message = f"The lesson is open: {_key(session)} or Esc goes back to the run."
    return True


def _key(session: Session) -> str:
    """The key that opens the lesson, and closes it."""
    return session.shown_keys.get("lesson", "R")


# moving

def to(session: Session, page: Page, row: int, top: int | None = None) -> None:
    """Put the cursor on a row, or the next that is not blank; `top` becomes the first row in sight."""
    found, lesson = rows(session, page), session.lesson
    first, at = window(session, page)
    row = max(0, min(len(found) - 1, row))
    by = -1 if row < at else 1
    while 0 < row < len(found) - 1 and not found[row].text.strip():
        row += by
    if top is None:
        top = max(row - page.height + 1 + MARGIN, min(first, row - MARGIN))
    top = max(0, min(top, len(found) - page.height))
    lesson.top, lesson.at, lesson.chosen, session.message = found[top].first, found[row].first, None, ""


def move(session: Session, page: Page, by: int) -> None:
    to(session, page, window(session, page)[1] + by)


def turn(session: Session, page: Page, by: int) -> None:
    """A page on or back; the cursor goes to the first row that was not in sight."""
    top, _ = window(session, page)
    count = len(rows(session, page))
    if by > 0 and top + page.height >= count:
        to(session, page, count - 1)
        session.message = LAST
    elif by > 0:
        to(session, page, top + page.height, top + page.height)
    else:
        to(session, page, max(0, top - page.height), top - page.height)


# what a line leads to

def targets(session: Session, row: TextRow) -> list[str]:
    """What can be gone to, in the order of the line: figures, and quantities of the run by their names."""
    found = {each.start(): each[0] for each in FIGURE.finditer(row.text)}
    for each in NAME.finditer(row.text):
        said = TELLING.search(each[0]) or each[0] in row.codes
        if said and (each.start() == 0 or row.text[each.start() - 1] not in "∂.") and _place(session, each[0]):
            found[each.start()] = each[0]
    return [found[start] for start in sorted(found)]


def _place(session: Session, text: str) -> bool:
    try:
        typed.asked(session, text)
        return True
    except QuantityError:
        return False


def target(session: Session, page: Page) -> str:
    """What Enter goes to: what was chosen, else the first figure of the line, else its first quantity."""
    row = rows(session, page)[window(session, page)[1]]
    found = targets(session, row)
    if session.lesson.chosen is not None and session.lesson.chosen < len(found):
        return found[session.lesson.chosen]
    return next((text for text in found if FIGURE.fullmatch(text)), found[0] if found else "")


def choose(session: Session, page: Page, by: int) -> None:
    """Choose the next of what a line names, or the one before."""
    found = targets(session, rows(session, page)[window(session, page)[1]])
    if found:
        session.lesson.chosen = (found.index(target(session, page)) + by) % len(found)


def enter(session: Session, page: Page) -> None:
    """Close the lesson, and stand where what is chosen is made."""
    text = target(session, page)
    if not text:
        session.message = "No figure and no quantity of the run stands on this line: nothing to go to."
        return
    session.lesson.open = False
    if FIGURE.fullmatch(text):
        find.find(session, text)
        return
    found = typed.asked(session, text)
    if found.kind == "value" and found.place.var.role == "parameter":
        show(session, "parameters")
        scene = Scene(session)
        session.cursor["parameters"] = number = scene.parameter_number(found.place)
        name = session.namer.of(*scene.parameter(number))
        session.message = f"The cursor is on {name}. {_key(session)} goes back to the lesson."
        return
    session.go(text)
    session.message = session.message or f"Here is {text}. {_key(session)} goes back to the lesson."


def sentence(session: Session, page: Page) -> str:
    """The line of words."""
    if session.message:
        return session.message
    text, row = target(session, page), rows(session, page)[window(session, page)[1]]
    if not text:
        return f"Enter on a line with a figure or a quantity goes there; {_key(session)} comes back."
    said = f"Enter finds where {text} is made" if FIGURE.fullmatch(text) else f"Enter goes to {text}"
    others = " ← → another." if len(set(targets(session, row))) > 1 else ""
    return f"{said}. {_key(session)} comes back here.{others}"


KEYS: dict[str, Callable[[Session, Page], object]] = {
    "up": lambda session, page: move(session, page, -1),
    "down": lambda session, page: move(session, page, 1),
    "page_up": lambda session, page: turn(session, page, -1),
    "page_down": lambda session, page: turn(session, page, 1),
    "home": lambda session, page: to(session, page, 0, 0),
    "bottom": lambda session, page: to(session, page, len(rows(session, page))),
    "left": lambda session, page: choose(session, page, -1),
    "right": lambda session, page: choose(session, page, 1),
    "enter": enter,
    "lesson": lambda session, page: switch(session),
    "close": lambda session, page: switch(session),
}


# without a screen

def lines(session: Session) -> Iterator[str]:
    """The lesson as lines of text, set in, so that none looks like an event."""
    scenario = session.own.scenario
    if not there_is_one(session):
        yield NONE
        return
    yield line(scenario.title or scenario.name)
    for row in markdown.rows(scenario.about, markdown.LINE - 2):
        yield f"  {row.text}".rstrip()
