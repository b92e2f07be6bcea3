"""The rows that never move: the bar above, the track of the update, the time line, the words, the keys."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from ...debugger.axis import Axis, in_columns
from ...debugger.commands import lecture, lesson, stack
from ...debugger.commands.command import CommandId
from ...debugger.commands.register import key_of
from ...debugger.panes.plot import given_up, marks, trained
from ...debugger.panes.register import at as cursor_at
from ...debugger.scene import Scene
from ...debugger.state import stops as set_stops
from ...explain import notation
from ...replay.places import write_position
from ...replay.timeline import Position, Timeline
from .canvas import Canvas, Line, abridged, wrapped
from .scales import BLOCKS, Scale

MOST_CELLS = 40                                     # values of an update that have a cell each in the track
WITH_EACH = 80                                      # columns into which a cell a value fits, whatever the phases
CELLS = 8                                           # of a phase, where there are more
LOSS = 6                                            # columns of the loss before the time line
WITH_LAYERS = 120                                   # columns from which the track names the layers
SHORT = {"forward": "fwd", "loss": "loss", "backward": "bwd", "perturbation": "pert", "update": "upd"}


def header(scene: Scene, width: int) -> Line:
    """Scenario, time, what is followed or which sample; right: the loss."""
    session = scene.session
    c = Canvas(width, 1)
    run = session.run
    which = f" {session.branch.name}" if len(session.branches) > 1 else ""
    x = c.put(1, 0, f"{run.scenario.name}{which}", "bold", until=width // 3)
    if session.unsaved:
        x = c.put(x + 2, 0, "NOT SAVED", "bold")
    updates = " updates" if width >= 100 or len(run.scenario.name) < 14 else ""
    x = c.put(x + 3, 0, f"after {session.position.update} of {run.updates}{updates}")
    rows = run.model.rows.count
    said = sample = "sample 1 of 1" if session.samples == rows == 1 else f"sample {session.row()} of {rows}"
    if session.followed is not None:
        said = f"following {session.follow_name()}" if session.only else f"{session.follow_name()}, all values"
    if len(run.model.goals) > 1:
        said = f"minimises {run.program(session.position.update).cost.name} · {said}"
    cost = session.cost()
    name = run.program(0).watched.name
    figure = f"{name} {notation.PENDING if cost is None else notation.one(cost)}"
    room = width - len(figure) - x - 6
    if session.followed is not None and rows > 1 and cell_len(said) + len(sample) + 3 <= room:
        said = f"{said} · {sample}"
    c.put(x + 3, 0, abridged(said, room))
    c.right(width - 1, 0, figure, "bold")
    c.restyle(0, "reverse")
    return c.lines()[0]


@dataclass(frozen=True)
class Stretch:
    """Neighbouring values of one phase (and layer) in the track."""

    phase: str
    layer: str
    first: int
    last: int

    def cells(self, each: bool, most: int = CELLS) -> int:
        size = self.last - self.first + 1
        return size if each else min(most, size)


def stretches_of(times: Timeline, by_layer: bool = False) -> list[Stretch]:
    found: list[Stretch] = []
    for n, block in enumerate(times.blocks):
        first, last = times.span(n)
        layer = block.group if by_layer and block.phase in ("forward", "backward") else ""
        if found and (found[-1].phase, found[-1].layer) == (block.phase, layer):
            found[-1] = Stretch(block.phase, layer, found[-1].first, last)
        else:
            found.append(Stretch(block.phase, layer, first, last))
    return found


def track(scene: Scene, width: int, alone: bool = False) -> Line:
    """One cell a value, phase by phase; `►` stands on the value made last, or in the making, `●` where a stop is.

    Where there is no time line (`alone`), the position is written here.
    """
    session = scene.session
    c = Canvas(width, 1)
    value, total = session.position.value, scene.times.count
    where = write_position(session.run, session.position) if alone else str(value)
    counter, stops = f"{where}/{total}", set_stops.in_update(session)
    stretches, by_layer = stretches_of(scene.times), False
    each = total <= MOST_CELLS and not alone and (
        width >= WITH_EACH or sum(len(s.phase) + 3 for s in stretches) + total < width - len(counter) - 1)
    layers = stretches_of(scene.times, True)
    needed = sum(len(s.phase) + len(s.layer) + 4 + s.cells(each) for s in layers)
    if width >= WITH_LAYERS and needed < width - len(counter):
        stretches, by_layer = layers, True
    names = SHORT if len(stretches) > 4 and not by_layer else {}
    most = next((n for n in range(CELLS, 1, -1) if sum(
        len(names.get(s.phase, s.phase)) + 3 + s.cells(each, n) for s in stretches) < width - len(counter) - 1), 1)
    here = next((s for s in stretches if s.first <= value <= s.last), stretches[0] if value == 0 else None)
    x, before = 1, ""
    for stretch in stretches:
        if not by_layer or stretch.phase != before:
            x += 1 if by_layer and before else 0
            now = stretch is here or (by_layer and here is not None and here.phase == stretch.phase)
            name = names.get(stretch.phase, stretch.phase)
            style = "bold" if now else "dim" if stretch.first > value else ""
            x = c.put(x, 0, name.upper() if now else name, style) + 1
        before = stretch.phase
        if stretch.layer:
            x = c.put(x, 0, stretch.layer, "dim") + 1
        x = cells(c, x, stretch, value, each, stops=stops, most=CELLS if by_layer else most) + (1 if by_layer else 2)
    c.right(width - 1, 0, f"  {counter}")
    return c.lines()[0]


def cells(c: Canvas, x: int, stretch: Stretch, value: int, each: bool, y: int = 0, style: str = "",
          stops: Sequence[int] = (), most: int = CELLS) -> int:
    """The cells of one stretch, at most so many where not `each`; the column after them. `style`: of what is made."""
    count, size = stretch.cells(each, most), stretch.last - stretch.first + 1
    for n in range(count):
        low, high = stretch.first + size * n // count, stretch.first + size * (n + 1) // count - 1
        if low <= value <= high:
            c.put(x, y, "►", "bold")
        elif any(low <= stop <= high for stop in stops):
            c.put(x, y, "●", "bold")
        elif high < value:
            c.put(x, y, "■", style)
        else:
            c.put(x, y, notation.PENDING, "dim")
        x += 1
    return x


def rule(c: Canvas, y: int, title: Sequence[tuple[str, str]], headings: Sequence[tuple[int, str]] = (),
         first: int = 0, last: int | None = None) -> None:
    """A rule with a title at its left and column headings, each ending before its column."""
    end = c.width if last is None else last
    c.fill(first, y, end - first, "─", "dim")
    x = first + 2
    for text, style in title:
        c.put(x - 1, y, " ")
        x = c.put(x, y, abridged(text, end - 2 - x), style)
        x = c.put(x, y, " ") + 2
    for column, text in headings:
        if column - len(text) - 1 >= x - 1:
            c.right(column, y, f" {text}" + (" " if column < end else ""), "dim")


def timeline(scene: Scene, width: int, more: str = "") -> Line:
    """The loss up to now (of the updates of a column the greatest); the position, as it can be typed; how far the run
    is known. `●` is where stops are hit, `!` where trouble begins: of neighbouring columns the first is marked. They
    say where something is, also ahead, and never what a value is. `more` can stand in the place of what is known."""
    session = scene.session
    c = Canvas(width, 1)
    run, position = session.run, session.position
    cost = session.cost()
    x = c.put(1, 0, run.program(0).watched.name, "bold", until=12)
    shown = f" {notation.PENDING}" if cost is None else _rough(cost)
    c.put(x + 1, 0, shown, "dim")
    first, along = axis(scene, width)
    at = along.column(position.update)
    found = trained(session)
    levels = in_columns(found, along, position.update)
    span = found.range
    scale = Scale.fitting(span[0], span[1]) if span else None
    for n in range(along.columns):
        if n > at:
            c.put(first + n, 0, notation.PENDING, "dim")
        elif levels.bad[n]:
            c.put(first + n, 0, "!")
        elif scale is not None and not math.isnan(levels.high[n]):
            c.put(first + n, 0, BLOCKS[scale.level(levels.high[n], len(BLOCKS)) - 1])
    for glyph, columns in marks(session, along):
        for n in columns:
            c.put(first + n, 0, glyph, "bold")
    c.put(first + at, 0, "►", "bold")
    c.right(width - 1, 0, f" {more}" if more else _known(scene, width), "" if more else "dim")
    return c.lines()[0]


def axis(scene: Scene, width: int) -> tuple[int, Axis]:
    """Where the time line begins, and its columns. It stays where it is from update to update."""
    session = scene.session
    run = session.run
    first = len(run.program(0).watched.name[:11]) + LOSS + 3
    longest = len(f"#{run.updates}:{scene.times.count}") - len(write_position(run, session.position))
    last = width - len(_known(scene, width)) - max(0, longest) - 4
    return first, Axis(max(2, last - first), run.updates)


def update_at(scene: Scene, width: int, x: int) -> int | None:
    """The update that a column of the time line stands for; None beside it."""
    first, along = axis(scene, width)
    return along.update(x - first) if 0 <= x - first < along.columns else None


def _rough(cost: float) -> str:
    """A loss in at most six columns: 0.298, 8e-04."""
    if cost and math.isfinite(cost) and abs(cost) < 0.01:
        return f"{cost:.0e}"
    text = notation.short(cost, 3)
    return text if len(text) <= LOSS else notation.short(cost, 1)


def _known(scene: Scene, width: int) -> str:
    """What stands right of the time line."""
    session = scene.session
    run = session.run
    said = f"{write_position(run, session.position)}  known to {run.known}"
    if given_up(session) and width >= 100:
        said += f", ! to {session.troubles.judged - 1}"
    held = [v for update, v in run.validation if update <= session.position.update]
    return f"validation {notation.short(held[-1], 3)}  {said}" if held and width >= 100 else said


def sentence(text: str, width: int) -> list[Line]:
    """A sentence as rows of the screen, whole; a mark that it begins with is bold."""
    rows = wrapped(text, width - 2) or [""]
    c = Canvas(width, len(rows))
    for y, row in enumerate(rows):
        marked = not y and row[:1] in ("=", "≈", "≠")
        x = c.put(1, y, row[:1], "bold" if marked else "")
        c.put(x, y, row[1:])
    return c.lines()


def footer(scene: Scene, width: int) -> Line:
    """The keys that matter now, each with what it will do now."""
    return labels(keys(scene, width), width)


def labels(shown: Sequence[tuple[str, str, str]], width: int) -> Line:
    """Keys and what they do, as far as there is room."""
    c = Canvas(width, 1)
    x = 1
    for key, label, style in shown:
        needed = len(key) + 1 + len(label)
        if x + needed > width:
            continue
        c.put(x, 0, key, f"bold {style}".strip())
        x = c.put(x + len(key) + 1, 0, label, style) + 2
    return c.lines()[0]


def keys(scene: Scene, width: int) -> list[tuple[str, str, str]]:
    """(key, destination, style), the most useful first."""
    session = scene.session
    def key(*commands: CommandId) -> str:
        return "".join(key_of(session, command) for command in commands)

    if session.yours is not None and "chain" in scene.shown:
        return [(key("help"), "help", ""), (key("close"), "close", ""), (key("got"), "another number", ""),
                (key("quit"), "quit", "")]
    path, at = scene.path, session.position
    into, over, out = path.into(at), path.over(at), stack.out(session, path)
    shown = [(key("help"), "help", ""),
             (key("into"), destination(scene, into) if into else "end of run", "" if into else "dim"),
             (key("over"), over_name(scene, over) if over else "end of run", "" if over else "dim")]
    if lecture.on(session):
        said = lecture.label(scene) or (destination(scene, into) if into else "end of run")
        shown = [shown[0], ("PgDn", said, ""), ("PgUp", "back", ""), *shown[1:]]
    if session.changed:
        shown.insert(1, (key("reload"), "reload", ""))
    if session.untouched:
        if scene.parameter_count:
            var, element = scene.parameter(cursor_at(scene, "parameters"))
            cost = session.run.program(0).cost.name
            shown.append((key("enter"), f"follow {scene.namer.derivative(cost, var, element)}", ""))
        shown += [(key("find"), "number", ""), (key("got"), "I got", "")]
        if width >= 120 and lesson.there_is_one(session):
            shown.append((key("lesson"), "lesson", ""))
        return [*shown, (key("quit"), "quit", "")]
    if out:
        name, end = out
        ended = f"end of {over_name(scene, end) if name == 'value' else name}"
        shown.append((key("out"), ended if end.value else destination(scene, end), ""))
    shown.append((key("back_into", "back_over", "back_out"), "back", ""))
    if session.followed is not None:
        shown.append((key("only"), "all steps" if session.only else f"only {session.follow_name()}", ""))
    if width >= 120:
        shown += [(key("enter"), "why", ""), (key("go"), "go to", ""),
                  (key("find"), "find a number", ""), (key("next_pane"), "pane", "")]
    if session.lesson.at or session.lesson.top:     # somebody is reading it
        shown.append((key("lesson"), "lesson", ""))
    return [*shown, (key("quit"), "quit", "")]


def destination(scene: Scene, target: Position) -> str:
    """Where `s` goes: the factor, path or term that it makes."""
    session = scene.session
    times = session.run.times(target.update)
    if target.value == 0 or (session.followed is not None and target == session.began):
        return "update " + str(target.update + 1) if target.value == 0 else "back to where it began"
    chain = scene.chain if session.followed is not None and target.update == session.position.update else None
    if chain is not None:
        for row in chain.rows:
            if row.made != (target.value, target.inner) or row.depth:
                continue
            if row.kind in ("factor", "head") and row.number and row.value is not None:
                return f"factor {row.number}"
            if row.kind == "path":
                paths = [r for r in chain.rows if r.kind == "path" and not r.depth]
                return f"path {paths.index(row) + 1} of {chain.paths}"
    stops = times.stops(target.value)
    if stops > 1:
        if target.value == session.position.value and target.update == session.position.update:
            return over_name(scene, target) if target.inner == stops else f"term {target.inner}"
        return "first term"
    return over_name(scene, target)


def over_name(scene: Scene, target: Position) -> str:
    """The name of a value."""
    session = scene.session
    if target.value == 0:
        return f"update {target.update + 1}"
    if session.followed is not None and target == session.began:
        return "where it began"
    times = session.run.times(target.update)
    block, element = times.locate(target.value)
    name = scene.namer.of(times.blocks[block].out, element)
    return name if target.update == session.position.update else f"{name}, update {target.update + 1}"
