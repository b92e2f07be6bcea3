"""The picture of a network, of written equations or of a recurrence: nodes with what they are, and what leads to what.

One painter for all of them: it draws the nodes of `debugger/panes/nodes.py`, as far as the position has come. The width
of an edge is the size of its weight, a dashed one is negative, and the followed path is bold, with `◄` and what comes
back where the error signal has passed. What there is no room for is said: columns at the sides, nodes in their column.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...debugger.panes.network import VIEWS, Edge, Key, Node, Sketch, node_at
from ...debugger.panes.pane import turned_to
from ...debugger.scene import Scene
from ...explain import notation
from .canvas import Canvas, Line, sign_style
from .frame import rule
from .network_layout import MANY, Plan, plan
from .strokes import DASHED, SPARSE, WHOLE, Strokes

ACROSS = ("─", "━", "═")
UPWARD = ("│", "┃", "║")
MOST = 64                                           # edges between two columns: of more, only one node's are drawn
FEW = 2                                             # slanted lines that can be wide in a narrow gap
NARROW, VEILED = 5, 9                               # cells that slanted lines need; faint ones


@dataclass(frozen=True)
class Stroke:
    """How an edge is drawn."""

    wide: int
    dash: tuple[int, int]
    style: str


def paint(scene: Scene, width: int, height: int, focused: bool) -> list[Line]:
    session = scene.session
    c = Canvas(width, height)
    sketch, view = Sketch(scene), turned_to(session, "network", VIEWS)
    shown = plan(sketch, width, height)
    edges, faint, left_out = _few(sketch, shown, sketch.edges(set(shown.at)))
    scale = _scale(sketch, edges, view)
    _rule(c, sketch, view, scale)
    _Picture(c, sketch, shown, edges, view, scale).draw(faint)
    _said(c, shown, left_out)
    for key, (x, y) in shown.at.items():
        for row in (y, y + 1):                      # its name, and its value
            c.spot(row, sketch.nodes.number(*key), x, x + len(shown.labels[key]))
    if focused:
        key = node_at(scene)
        if key in shown.at:
            x, y = shown.at[key]
            c.restyle(y, "reverse", x, x + len(shown.labels[key]))
    return c.lines()


def _few(sketch: Sketch, shown: Plan, edges: list[Edge]) -> tuple[list[Edge], list[Edge], str]:
    """The edges, and those that are drawn faintly: where many run side by side one node's stand out, which is said."""
    counts: dict[tuple[int, int], int] = {}
    for edge in edges:
        gap = edge.start[0], edge.end[0]
        counts[gap] = counts.get(gap, 0) + 1
    kept: list[Edge] = []
    faint: list[Edge] = []
    said: dict[Key, None] = {}
    ones = {gap: shown.focus if shown.focus[0] in gap and shown.focus in shown.at else _first(sketch, shown, gap[1])
            for gap in counts}
    for edge in edges:
        gap = edge.start[0], edge.end[0]
        (x0, y0), (x1, y1) = shown.at[edge.start], shown.at[edge.end]
        if y0 != y1 and x0 != x1 and x1 - x0 - len(shown.labels[edge.start]) < NARROW:
            continue
        one = ones[gap]
        if counts[gap] <= MANY or edge.followed or one in (edge.start, edge.end):
            kept.append(edge)
        elif counts[gap] <= MOST:
            faint.append(edge)
        if counts[gap] > MANY and one in (edge.start, edge.end):
            said[one] = None
    return kept, faint, ", ".join(sketch.node(one).label for one in said)


def _first(sketch: Sketch, shown: Plan, column: int) -> Key:
    """The node of a column whose edges are drawn where there are too many: on the followed path, else the first."""
    rows = [row for n, row in shown.at if n == column]
    return column, min((row for row in rows if row >= sketch.path_rows.get(column, 0)), default=rows[0])


def _scale(sketch: Sketch, edges: list[Edge], view: str) -> float:
    """The largest size among all the weights that edges stand for, or among their derivatives so far."""
    if view == "plain":
        return 0.0
    spots = {spot[0] for e in edges if (spot := e.weight if view == "weights" else e.gradient) is not None}
    return max((sketch.largest(var) for var in spots), default=0.0)


def _rule(c: Canvas, sketch: Sketch, view: str, scale: float) -> None:
    cost = sketch.program.cost.name
    legend = [(c.width - 1, f"{ACROSS[2]} = {notation.short(scale, 3)}")] if scale else []
    if sketch.nodes.graph:
        rule(c, 0, [("Computation", "bold"), (f"value, ∂{cost}", "dim")])
        return
    what = {"weights": f"out, ∂{cost}/∂net", "gradients": f"edges ∂{cost}/∂w", "plain": f"plain, ∂{cost}/∂net"}[view]
    rule(c, 0, [("Network", "bold"), (what, "dim")], legend)


def _said(c: Canvas, shown: Plan, left_out: str) -> None:
    """What is left out, at the sides of the last row."""
    if not shown.footer:
        return
    y = c.height - 1
    what = "step" if shown.steps else "layer" if not shown.graph else "column"
    if shown.before:
        c.put(1, y, f"← {notation.counted(shown.before, what)}", "dim")
    if shown.after:
        c.right(c.width - 1, y, f"{notation.counted(shown.after, what)} →", "dim")
    if left_out:
        sides = max(14 if shown.before or shown.after else 1, 0)
        said = f"in full: the edges of {left_out}"
        if len(said) > c.width - 2 * sides:
            said = f"in full: the edges of {left_out.count(', ') + 1} nodes"
        if len(said) <= c.width - 2 * sides:
            c.put((c.width - len(said)) // 2, y, said, "dim")


class _Picture:
    def __init__(self, c: Canvas, sketch: Sketch, shown: Plan, edges: list[Edge], view: str, scale: float) -> None:
        self.c, self.sketch, self.shown, self.edges, self.view, self.scale = c, sketch, shown, edges, view, scale
        self.taken: set[tuple[int, int]] = set()
        self.texts: list[tuple[int, int, str, str]] = []
        slanted = [(e.start[0], e.end[0]) for e in edges if not self._straight(e) and self._room(e) <= VEILED]
        self.crowded = {gap for gap in slanted if slanted.count(gap) > FEW}

    def draw(self, faint: list[Edge]) -> None:  # noqa: C901
        for x, y, text in self.shown.headings:
            self._text(x, y, text, "dim")
        for x, y, text in self.shown.more:
            self._text(x, y, text, "dim")
        nodes = [self.sketch.node(key) for key in self.shown.at]
        for node in nodes:
            self._node(node)
        for node in nodes:
            self._signal(node)
        veil, strokes = Strokes(), Strokes()
        for edge in (e for e in faint if e.end[0] - e.start[0] == 1 and self._room(e) >= VEILED):
            veil.line(*self._ends(edge), style="dim")
        veil.lay(self.c, self.taken)
        order = sorted(self.edges, key=lambda e: (e.followed, self._stroke(e).wide))
        straight = [e for e in order if self._straight(e)]
        for edge in order:
            if not self._straight(edge) and edge.start[0] != edge.end[0]:
                self._slanted(strokes, edge)
        strokes.lay(self.c, self.taken)
        for edge in straight:
            self._across(edge)
        for edge in order:
            if edge.start[0] == edge.end[0]:
                self._upward(edge)
        for x, y, text, style in self.texts:
            self.c.put(x, y, text, style)
        for edge in order:
            if not self._straight(edge) and edge.start[0] != edge.end[0]:
                self._beside(edge)

    # nodes

    def _text(self, x: int, y: int, text: str, style: str) -> None:
        self.texts.append((x, y, text, style))
        self.taken |= {(n, y) for n in range(x - 1, x + len(text) + 1)}

    def _free(self, x: int, y: int, count: int) -> bool:
        return x >= 0 and x + count <= self.c.width and 1 <= y < self.c.height and \
            not any((n, y) in self.taken for n in range(x, x + count))

    def _node(self, node: Node) -> None:
        x, y = self.shown.at[node.key]
        self._text(x, y, self.shown.labels[node.key], "bold")
        if node.key[0] in self.shown.quiet:
            return
        if node.value is None:
            self._text(x + 1, y + 1, notation.PENDING, "dim")
        else:
            self._text(x, y + 1, notation.short(node.value), "")

    def _signal(self, node: Node) -> None:
        """The error signal below the value, else above the name, else beside the value: where there is room."""
        if node.silent or node.key[0] in self.shown.quiet:
            return
        x, y = self.shown.at[node.key]
        text = notation.PENDING if node.signal is None else notation.short(node.signal, 4, True)
        style = "dim" if node.signal is None else sign_style(node.signal)
        beside = x + 8 if node.value is None else x + len(notation.short(node.value)) + 2
        places = [(x, y + 2), (x, y - 1), (beside, y + 1)]
        if self.shown.tight:
            places = places[2:]
        elif self.shown.last(node.key):
            places = [places[1], places[0], places[2]]
        end = self.shown.ends[node.key[0]]
        for left, row in places:
            if row <= self.shown.bottom and (left == x or left + 7 <= end) and self._free(left, row, len(text)):
                self._text(left + (node.signal is None and left == x), row, text, style)
                return

    # edges

    def _stroke(self, edge: Edge) -> Stroke:
        bold = "bold" if edge.followed else ""
        spot = edge.weight if self.view == "weights" else edge.gradient if self.view == "gradients" else None
        if self.view == "gradients" and spot is not None and not self.sketch.made(*spot):
            return Stroke(1, SPARSE, "dim")
        value = self.sketch.value(*spot) if spot is not None else None
        if value is None or self.view == "plain":
            return Stroke(2 if edge.passed else 1, WHOLE, bold or "dim")
        share = abs(value) / self.scale if self.scale else 0.0
        wide = 3 if share > 2 / 3 else 2 if share > 1 / 3 else 1
        return Stroke(wide, DASHED if value < 0 else WHOLE, f"{bold} {sign_style(value)}".strip() or "dim")

    def _ends(self, edge: Edge) -> tuple[tuple[int, int], tuple[int, int]]:
        """The first and the last cell of a line."""
        (x0, y0), (x1, y1) = self.shown.at[edge.start], self.shown.at[edge.end]
        first = x0 + len(self.shown.labels[edge.start]) + 1
        if y0 != y1 and self.shown.roomy:
            first = max(first, min(self.shown.clear[edge.start[0]], x1 - 6))
        return (first, y0), (x1 - 2, y1)

    def _room(self, edge: Edge) -> int:
        """The cells that a line runs across."""
        (first, _), (last, _) = self._ends(edge)
        return last - first + 1

    def _straight(self, edge: Edge) -> bool:
        return edge.end[0] == edge.start[0] + 1 and self.shown.at[edge.start][1] == self.shown.at[edge.end][1]

    def _slanted(self, strokes: Strokes, edge: Edge) -> None:
        stroke, (start, end) = self._stroke(edge), self._ends(edge)
        if (edge.start[0], edge.end[0]) in self.crowded:        # there wide lines would run into one another
            stroke = replace(stroke, wide=max(1, stroke.wide - 1))
        if edge.end[0] > edge.start[0] + 1 and start[1] == end[1]:      # past a column: around its node
            y = start[1] + (3 if start[1] + 3 <= self.shown.bottom else -1)
            for a, b in (((start[0], start[1]), (start[0] + 2, y)), ((start[0] + 2, y), (end[0] - 2, y)),
                         ((end[0] - 2, y), end)):
                strokes.line(a, b, stroke.wide, stroke.dash, stroke.style)
            return
        strokes.line(start, end, stroke.wide, stroke.dash, stroke.style)

    def _across(self, edge: Edge) -> None:
        stroke, ((first, y), (last, _)) = self._stroke(edge), self._ends(edge)
        glyph = ACROSS[stroke.wide - 1]
        for x in range(first, last + 1):
            blank = (stroke.dash is DASHED and (x - first) % 2 == 1)
            mark = (" " if (x - first) % 2 else notation.PENDING) if stroke.dash is SPARSE else " " if blank else glyph
            if (x, y) not in self.taken:
                self.c.put(x, y, mark, stroke.style)
        if edge.passed:
            self.c.put(first, y, "◄", "bold")
        elif self.shown.steps > edge.end[0] and last - first >= 2:
            self.c.put(last, y, "→", stroke.style)
        x = first + (1 if edge.passed else 0)
        if edge.carries is not None and edge.passed:
            text = notation.short(edge.carries, 4, True)
            if x + len(text) <= last + 1:
                x = self.c.put(x, y, text, sign_style(edge.carries))
        name = edge.named or self._shared(edge)
        if name and len(name) + 2 <= last + 1 - x:
            self.c.put(x + max(0, (last + 1 - x - len(name) - 2) // 2), y, f" {name} ", "bold" if edge.named else "")

    def _shared(self, edge: Edge) -> str:
        """The name of a weight that is the same at every step."""
        if edge.end[0] >= self.shown.steps:
            return ""
        return self.sketch.weight_name(edge)

    def _upward(self, edge: Edge) -> None:
        """Within a step: from what it reads to the state above it."""
        (x, low), (_, high) = self.shown.at[edge.start], self.shown.at[edge.end]
        if edge.start[1] != edge.end[1] + 1:
            return
        stroke = self._stroke(edge)
        rows = [y for y in range(high + 2, low) if (x + 1, y) not in self.taken]
        for n, y in enumerate(rows):
            gap = stroke.dash is not WHOLE and n % 2 == 1
            self.c.put(x + 1, y, " " if gap else UPWARD[stroke.wide - 1], stroke.style)
        if rows:
            self.c.put(x + 1, rows[-1] if edge.passed else rows[0], "▼" if edge.passed else "↑", stroke.style)
            name = edge.named or self._shared(edge)
            if name and self._free(x + 3, rows[0], len(name)):
                self.c.put(x + 3, rows[0], name, "bold" if edge.named else "")

    def _beside(self, edge: Edge) -> None:
        """The head of a slanted edge that the signal has passed, what it brings back, the followed weight's name."""
        (x0, y0), (x1, y1) = self._ends(edge)
        if edge.passed and (x0, y0) not in self.taken:
            self.c.put(x0, y0, "◄", "bold")
        said = [(edge.named, "bold")] if edge.named else []
        if edge.carries is not None and edge.passed:
            said.append((notation.short(edge.carries, 4, True), sign_style(edge.carries)))
        rows = sorted(range(min(y0, y1) + 1, max(y0, y1)), key=lambda y: abs(y - y0 - (y1 - y0) * 0.35))
        for text, style in said:
            for y in rows:
                x = round(x0 + (x1 - x0) * (y - y0) / (y1 - y0)) + 2
                if self._free(x, y, len(text)):
                    self.c.put(x, y, text, style)
                    self.taken |= {(n, y) for n in range(x - 1, x + len(text) + 1)}
                    break
