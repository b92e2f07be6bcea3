"""Where the nodes of a picture stand: as many columns and rows as there is room for, around the node in question.

A column that is too long for the pane shows the part around the cursor, the followed path or the position, and says how
many nodes are above and below; columns that do not fit are counted at the sides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from ...debugger.panes.network import Key, Sketch, bare, label, node_at
from ...explain import notation

MANY = 16                                           # edges from column to column: of more, one node's stand out
LEAST_GAP, LOSS_GAP = 4, 3                          # cells between nodes; before the parts of the loss
PITCH, TALL = 6, 16                                 # most rows from node to node; twice that in so high a pane
ROOMY = 22                                          # so wide a column has its numbers side by side


@dataclass
class Plan:
    """`at` is where the name of each node stands; `ends` the column at which its numbers must have ended."""

    focus: Key
    at: dict[Key, tuple[int, int]] = field(default_factory=dict)
    labels: dict[Key, str] = field(default_factory=dict)
    headings: list[tuple[int, int, str]] = field(default_factory=list)
    more: list[tuple[int, int, str]] = field(default_factory=list)
    ends: dict[int, int] = field(default_factory=dict)
    quiet: set[int] = field(default_factory=set)    # columns without room for their values
    before: int = 0
    after: int = 0
    steps: int = 0
    graph: bool = False
    footer: bool = False
    roomy: bool = False
    tight: bool = False                             # a name follows on the value of the node above
    clear: dict[int, int] = field(default_factory=dict)     # the column at which lines can begin
    bottom: int = 0
    lowest: dict[int, int] = field(default_factory=dict)

    def last(self, key: Key) -> bool:
        """Whether a node stands lowest in its column, with others above it."""
        return self.lowest[key[0]] == key[1] and any(k[0] == key[0] and k[1] < key[1] for k in self.at)


def plan(sketch: Sketch, width: int, height: int) -> Plan:
    nodes, namer = sketch.nodes, sketch.session.namer
    focus = node_at(sketch.scene)
    p = Plan(focus, steps=nodes.steps, graph=nodes.graph)
    parts = nodes.columns[-1].groups[0] is sketch.program.parts
    headed = not nodes.graph and not nodes.steps and any(
        c.groups[0].elements is None for c in nodes.columns if c.groups[0].lane_shape)
    top = 2 if headed else 1
    rows: dict[int, range] = {}

    def lay(bottom: int) -> dict[int, int]:
        """The rows in sight of each column, the labels and widths."""
        wide: dict[int, int] = {}
        for n, column in enumerate(nodes.columns):
            count, room = len(column.spots), bottom - top + 1
            if 2 * count <= room + (1 if nodes.steps else 0):
                rows[n] = range(count)
            else:
                fit = max(1, (room - 2) // 2)
                first = max(0, min(_centre(sketch, n) - fit // 2, count - fit))
                rows[n] = range(first, first + fit)
            for row in rows[n]:
                key = n, row
                name = label(namer, nodes, key)
                p.labels[key] = (bare(namer, nodes, key) or name) if headed and len(name) > 6 else name
                wide[n] = max(wide.get(n, 0), len(p.labels[key]), _value_width(sketch, key))
            if headed:
                wide[n] = max(wide[n], min(len(column.title), 9))
        return wide

    wide = lay(height - 1)
    names = {n: max(len(p.labels[n, row]) for row in rows[n]) for n in wide}
    shown, steps = _columns(wide, names, focus[0], width, parts)
    p.before, p.after = shown.start, len(nodes.columns) - shown.stop
    p.footer = bool(p.before or p.after) or any(len(rows[a]) * len(rows[b]) > MANY
                                                for a, b in pairwise(shown))
    p.bottom = height - 1 - p.footer
    if p.footer:
        wide = lay(p.bottom)
    x, columns = 1, {}
    for n, step in zip(shown, steps, strict=True):
        columns[n] = x
        p.ends[n] = x + step - 1
        x += step
    if parts and shown.stop == len(nodes.columns) and len(shown) > 1 and \
            columns[shown[-1]] - columns[shown[-2]] < wide[shown[-2]] + 1:
        p.quiet.add(shown[-1])
    p.ends[shown[-1]] = width
    p.roomy = not nodes.steps and min((columns[b] - columns[a] for a, b in pairwise(shown)
                                         if not (parts and b == len(nodes.columns) - 1)), default=99) >= ROOMY
    most = max(len(rows[n]) for n in shown)
    cuts = {n: len(rows[n]) < len(nodes.columns[n].spots) for n in shown}
    room = p.bottom - 1 - top                       # rows from the first name to the last
    step = (columns[shown[-1]] - columns[shown[0]]) // max(1, len(shown) - 1)
    limit = PITCH if height < TALL or nodes.steps else max(2 * PITCH, step // 3)
    pitch = min(limit, *((room - 2 * cuts[n]) / max(1, len(rows[n]) - 1) for n in shown))
    pitch = int(pitch) if pitch < 2 * LEAST_GAP else pitch
    p.tight = pitch < 3 and most > 1
    p.roomy = p.roomy and p.tight
    silent = {n for n in shown if all(sketch.signal_of(v) is None for v in nodes.columns[n].groups)}
    p.clear = {n: columns[n] + wide[n] + (9 if p.roomy and n not in silent else 1) for n in shown}
    middle = room / 2 if any(cuts.values()) or height >= TALL else pitch * (most - 1) / 2
    for n in shown:
        high = any(cuts.values()) if nodes.steps else middle - pitch * (len(rows[n]) - 1) / 2
        for k, row in enumerate(rows[n]):
            p.at[n, row] = columns[n], top + int(high + pitch * k + 0.5)
        p.lowest[n] = rows[n][-1]
        _counted(p, n, len(nodes.columns[n].spots), rows[n], columns[n], top)
        if headed:
            title = nodes.columns[n].title
            p.headings.append((columns[n], 1, title if len(title) <= p.ends[n] - columns[n] else
                               title[:max(1, p.ends[n] - columns[n] - 2)] + "…"))
    return p


def _counted(p: Plan, n: int, count: int, rows: range, x: int, top: int) -> None:
    """How many nodes of a column are above and below what is in sight."""
    for more, y in ((rows.start, top), (count - rows.stop, p.bottom)):
        if more:
            text = f"… {more} more"
            p.more.append((x, y, text if len(text) <= p.ends[n] - x else f"… {more}"))


def _value_width(sketch: Sketch, key: Key) -> int:
    """The cells of a node's value; of one that is not made yet, those of most values, so that nothing moves."""
    value = sketch.value(*sketch.nodes.columns[key[0]].spots[key[1]])
    return 6 if value is None else max(6, len(notation.short(value)))


def _centre(sketch: Sketch, column: int) -> int:
    """The row of a column that must be in sight: under the cursor, on the followed path, or the first."""
    session, focus = sketch.session, node_at(sketch.scene)
    if focus[0] == column and session.cursor["network"] is not None:
        return focus[1]
    path = sketch.path_rows.get(column)
    if path is not None:
        return path
    return focus[1] if focus[0] == column else 0


def _columns(wide: dict[int, int], names: dict[int, int], focus: int, width: int,
             parts: bool) -> tuple[range, list[int]]:
    """The columns around `focus` that fit, and from each the cells to the next."""
    count, last = len(wide), len(wide) - 1

    def step(n: int) -> int:
        return max(wide[n] + 1, names[n] + 1 + LOSS_GAP) if parts and n == last - 1 else wide[n] + LEAST_GAP

    def needed(first: int, end: int) -> int:
        return 1 + sum(step(n) for n in range(first, end - 1)) + wide[end - 1] + (0 if end == count else 1)

    first, end = focus, focus + 1
    while True:
        if end < count and (needed(first, end + 1) <= width) and (first == 0 or end - focus <= focus - first):
            end += 1
        elif first > 0 and needed(first - 1, end) <= width:
            first -= 1
        elif end < count and needed(first, end + 1) <= width:
            end += 1
        else:
            break
    shown = range(first, end)
    steps = [step(n) for n in shown]
    free = width - 1 - needed(first, end)
    gaps = [k for k in range(len(steps) - 1) if not (parts and shown[k] == last - 1)]
    inner = [k for k in gaps if shown[k] > 0]       # where contributions are written on the edges
    for extra in range(max(0, free) if gaps else 0):
        order = inner if extra < 2 * len(inner) and len(inner) < len(gaps) else gaps
        steps[order[-1 - extra % len(order)]] += 1
    return shown, steps
