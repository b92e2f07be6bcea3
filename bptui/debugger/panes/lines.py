"""Lines of text, where there is no screen: position first. As on the screen, what the position has not reached has its
name only.

Lines come one by one, because a list can be long: who prints them can stop in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...engine.program import Var
from ...explain import notation
from ...replay.places import write_position
from ...replay.timeline import Position
from ..event import NOT_YET, line
from ..scene import Scene
from ..state.watches import Watched
from .view import View


def scalars(scene: Scene) -> Callable[[Var, int], tuple[str, str]]:
    """Of a value of this update: where it is made; its name and, once it is made, its value."""
    session = scene.session
    at, update = scene.explainer, session.position.update

    def told(var: Var, element: int) -> tuple[str, str]:
        cell = var, var.flat(element, session.lane)
        name = scene.namer.of(var, element)
        if var in at.program.made_by and not at.has(var):
            return "never", f"{name} is not made in this update"
        made = at.made(cell)
        where = write_position(session.run, Position(update, *made))
        if made > session.here:
            return where, f"{name} {NOT_YET}"
        return where, f"{name} = {notation.one(at.reader.value(cell), var.derivative_of is not None)}"
    return told


def watched_fields(watched: Watched) -> list[str]:
    name = notation.readable(watched.text)
    if watched.fault:
        return [f"{name}: {watched.fault}"]
    if watched.value is None:
        return [f"{name} {NOT_YET}"]
    change = f"change {notation.one(watched.change, True)}" if watched.change is not None else \
        "changed" if watched.changed else ""
    return [f"{name} = {notation.value(watched.value)}", change]


def rows_of(scene: Scene, seen: View) -> Iterator[str]:
    """The rows of a table, of which nothing else is said: each by its name, with all its columns."""
    where = write_position(scene.session.run, scene.session.position)
    titles = [column.title for column in seen.table.columns]
    for place in range(seen.count):
        row = seen.table.row(seen.row(place))
        told = [f"{title} {NOT_YET}" if value is None else f"{title} = {_written(value)}"
                for title, value in zip(titles, row.cells, strict=True)]
        yield line(where, row.name, *([row.note] if row.note else told))


def _written(value: float | str) -> str:
    return value if isinstance(value, str) else notation.one(value)
