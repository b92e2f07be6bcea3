"""O and &: in which order the rows of the table with the focus are shown, and which of them.

A table is also chosen by its name, before what is typed. A new order, or filter, puts the cursor on its first row.
"""

from __future__ import annotations

import numpy as np

from ...scenario.errors import QuantityError, sentence
from ..panes.register import BY_ID, is_table, table_of, view
from ..panes.table import MOST_WORKED_OUT, Table
from ..panes.view import kept, ordered
from ..scene import Scene
from ..state.looks import LONGEST, choose, look
from ..state.session import Session

NO_TABLE = "This pane is no table: parameters (4), values (5) and derivatives (0) are."


def pane_of(session: Session) -> str:
    """The table that has the focus, or nothing."""
    return session.focus if is_table(session.focus) else ""


def chosen_pane(session: Session, text: str, alone: bool = False) -> tuple[str, str]:
    """The table that is meant: its name, before something else or `alone`, or that of the focus; and the rest."""
    word, _, rest = text.strip().partition(" ")
    if is_table(word) and (rest.strip() or alone):
        return word, rest.strip()
    return pane_of(session), text.strip()


def order(session: Session, text: str) -> None:
    """Order a table by a typed column, or by the next; after the last as made."""
    pane, wanted = chosen_pane(session, text, alone=True)
    if not pane:
        session.message = NO_TABLE
        return
    table = table_of(Scene(session), pane)
    if not table.rows:
        session.message = f"There is nothing in {BY_ID[pane].title.lower()} to order."
        return
    if wanted in ("", "as made"):
        wanted = "" if wanted else _next(session, pane, table)
    try:
        ordered(table, np.arange(table.rows), wanted)
    except QuantityError as error:
        session.message = sentence(error)
        return
    choose(session, f"sort.{pane}", wanted)
    seen = view(Scene(session), pane)
    if wanted and seen.count:                       # the first of the order is what one wants to see
        session.cursor[pane] = seen.row(0)
    how = {"-": "smallest first", "|": "largest in size first"}.get(wanted[:1], "largest first")
    word = wanted.strip("-|")
    session.message = f"{BY_ID[pane].title} by {word}, {how}. O turns on." if wanted else \
        f"{BY_ID[pane].title} as made. O orders by a column."


def _next(session: Session, pane: str, table: Table) -> str:
    """The order after the one that is chosen, of columns of which something is made here."""
    if table.every_typed is None and table.rows > MOST_WORKED_OUT:
        return ""
    every = [""]
    for column in table.columns:
        if column.number and column.turned:
            every += [column.word, f"-{column.word}", f"|{column.word}|"]
    now = look(session, f"sort.{pane}")
    for wanted in every[every.index(now) + 1 if now in every else 0:]:
        if wanted and _useful(table, wanted):
            return wanted
    return ""


def _useful(table: Table, wanted: str) -> bool:
    """Whether something is made to order by, and, by size, something negative."""
    whole = table.whole(next(n for n, c in enumerate(table.columns) if c.word == wanted.strip("-|")))
    return bool((whole.made & (whole.values < 0)).any() if wanted.startswith("|") else whole.made.any())


def current_filter(session: Session, pane: str = "") -> str:
    """The filter of a table, by default of that which has the focus."""
    return look(session, f"filter.{pane or pane_of(session)}")


def no_table(session: Session) -> str:
    return "" if pane_of(session) else NO_TABLE


def filter_rows(session: Session, text: str) -> None:
    """Show only the rows that fit a typed filter; all of them after an empty line."""
    pane, wanted = chosen_pane(session, text)
    if not pane:
        session.message = NO_TABLE
        return
    table, title = table_of(Scene(session), pane), BY_ID[pane].title
    wanted = " ".join(wanted.split()) if wanted.strip() != "*" else ""
    try:
        if len(wanted) > LONGEST:
            raise QuantityError(f"a filter has at most {LONGEST} characters")
        count = int(kept(table, wanted).sum()) if wanted else table.rows
    except QuantityError as error:
        session.message = sentence(error)
        return
    had = look(session, f"filter.{pane}")
    choose(session, f"filter.{pane}", wanted)
    if count and wanted:
        session.cursor[pane] = view(Scene(session), pane).row(0)
    session.message = f"{title}: {count:,} of {table.rows:,}. & and an empty line show all." if wanted else \
        f"{title}: all {table.rows:,} again." if had else "& shows only some rows: out*, or value < 0."
