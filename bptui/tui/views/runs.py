"""The list of runs; below it the one under the cursor beside the one that one is in: where they part, what follows."""

from __future__ import annotations

from ...debugger.commands.command import CommandId
from ...debugger.commands.register import key_of
from ...debugger.scene import Scene
from ...debugger.side_by_side import runs as listed
from ...debugger.side_by_side.runs import Runs
from ...explain import notation
from . import sides
from .canvas import Canvas, Line
from .frame import labels, rule, sentence, track

NAME, MADE, POINT, PARTS = 6, 28, 57, 79            # columns; the decimal point of the loss at the end
ROWS = 8                                            # of runs, at 24 rows
DIFFERENCES = 5                                     # rows of the value at which two part


def paint(runs: Runs, width: int, height: int) -> list[Line]:
    """The whole screen."""
    c = Canvas(width, height)
    session = runs.session
    _bar(c, runs)
    whole = height >= sides.FULL
    room = ROWS if whole else height - 5
    loss, last = session.own.program(0).watched.name, session.own.updates
    rule(c, 2, [("Runs", "bold"), ("the one you are in, and what you tried", "dim")],
         [(POINT + 9, f"{loss} at {last}"), (PARTS + 1, f"parts from {runs.here.name}")], 0, PARTS + 1)
    first = max(0, min(runs.at - room + 1, len(runs.branches) - room))
    for y, n in enumerate(range(first, min(len(runs.branches), first + room)), 3):
        _row(c, y, runs, n)
    shown = runs.sides.get(runs.chosen.name)
    if whole and shown is not None:
        more = height - sides.FULL
        sides.table(c, 3 + ROWS, DIFFERENCES, shown, shown.detail())
        sides.leads_to(c, 4 + ROWS + DIFFERENCES, 3 + more, shown)
    lines = c.lines()
    lines[1] = track(Scene(session), width, not whole)
    foot = [*sentence(listed.sentence(runs), width), labels(_keys(runs), width)]
    lines[-len(foot):] = foot
    return lines


def _bar(c: Canvas, runs: Runs) -> None:
    session = runs.session
    x = c.put(1, 0, session.own.scenario.name, "bold", until=c.width // 2) + 3
    c.put(x, 0, notation.counted(len(runs.branches) - len(runs.removed), "run"))
    c.right(c.width - 1, 0, f"{runs.here.name}, after {notation.counted(session.position.update, 'update')}")
    c.restyle(0, "reverse")


def _row(c: Canvas, y: int, runs: Runs, n: int) -> None:
    branch = runs.branches[n]
    gone = "dim" if branch.name in runs.removed else ""
    c.put(3, y, branch.name, gone or "bold")
    made, end = listed.made(runs, branch), listed.end(branch)
    title = listed.title(runs, branch)
    c.put(NAME, y, title, gone, until=MADE - 2)
    start = POINT - notation.point(end) if end != notation.PENDING else POINT
    c.put(MADE if title else NAME, y, made, gone, until=start - 2)
    c.put(start, y, end, gone)
    c.right(PARTS, y, listed.parts(runs, branch), gone or "dim")
    if n == runs.at:
        c.restyle(y, "reverse", 3, PARTS + 1)


def _keys(runs: Runs) -> list[tuple[str, str, str]]:
    def key(command: CommandId) -> str:
        return key_of(runs.session, command)
    into = f"go into {runs.chosen.name}"
    return [(key("help"), "help", ""), (key("enter"), "side by side", ""), (key("go"), into, ""),
            (key("mark"), "name it", ""), (key("remove"), "remove", ""), (key("copy"), "copy", ""),
            (key("close"), "close", "")]
