"""A plain picture of the network: its neurons with their outputs, and the error signal as far as it has come.

Layers are columns. Two neurons a layer are drawn with their edges, as the tutorials draw them; larger layers
show as many neurons as fit and say how many there are. A scenario of equations shows its quantities.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...debugger.cursors import drawn, layer_outs, nodes
from ...debugger.session import Session
from ...engine.program import Program, Var
from ...explain import notation
from .canvas import Canvas, Line, sign_style
from .frame import rule


@dataclass(frozen=True)
class Column:
    """One layer: its outputs, and the variable whose derivative is shown beside them."""

    out: Var
    net: Var | None
    weights: Var | None


def columns_of(program: Program) -> list[Column]:
    """The inputs, then each layer; of a recurrent one its last step."""
    named, found = program.variables, list[Column]()
    for out, layer in layer_outs(program).items():
        net = named.get(f"{layer}.net")
        steps = program.stacks.get(net) if net is not None else None
        net = steps[-1] if steps else net
        if net is not None and net.lane_size != out.lane_size:     # a whole sequence, of which net is one step
            net = None
        found.append(Column(out, net, named.get(f"{layer}.weights")))
    return [Column(program.inputs[0], None, None), *found] if found else []


def paint(session: Session, width: int, height: int, focused: bool) -> list[Line]:
    c = Canvas(width, height)
    program = session.run.program(session.position.update)
    cost = program.cost.name
    columns = columns_of(program)
    title = [("Network", "bold"), (f"out, ∂{cost}/∂net", "dim")] if columns else \
        [("Quantities", "bold"), (f"value, ∂{cost}", "dim")]
    rule(c, 0, title)
    if not columns:
        return _equations(session, c, focused)
    picture = Picture(session, program, c, columns)
    picture.draw()
    if focused:
        node = picture.nodes()[min(session.cursor["network"] or 0, len(picture.nodes()) - 1)]
        x, y = picture.place(*node)
        c.restyle(y, "reverse", x, x + len(picture.label(*node)))
    return c.lines()


class Picture:
    def __init__(self, session: Session, program: Program, c: Canvas, columns: list[Column]) -> None:
        self.session, self.program, self.c, self.columns = session, program, c, columns
        self.times = session.times
        self.env = session.run.env(session.position.update)
        self.made_blocks = {b.out: n for n, b in enumerate(self.times.blocks)}
        self.adjoints = {b.out.of[0]: b.out for b in self.times.blocks if b.phase == "backward"}
        self.named = session.run.model.named
        self.pairs = all(column.out.lane_size == 2 for column in columns)
        self.step = 99
        right = self._right_end() if columns else 0
        self.step = max(8, (c.width - 2 - right) // max(1, len(columns) - 1))
        self.last = min(c.height - 2, 7)

    def _right_end(self) -> int:
        """The cells that the last column and the loss parts need."""
        last = len(self.columns) - 1
        unit = max(len(self.label(last, e)) for e in range(self.shown(last)))
        parts = self.program.parts
        signal = 0 if self.pairs or self.c.width < 50 else 16
        loss = 5 + len(self.session.namer.of(parts, 0)) if parts is not None and self.named else 3
        return max(8, signal, unit + loss)

    def shown(self, column: int) -> int:
        """How many neurons of a column are drawn."""
        return drawn(self.columns[column].out.lane_size)

    def place(self, column: int, unit: int) -> tuple[int, int]:
        """Where the name of a neuron stands."""
        x = 1 + column * self.step
        if self.pairs:
            return x, 1 + (0 if unit == 0 else self.last - 1)
        return x, 1 + 2 * unit

    def nodes(self) -> list[tuple[int, int]]:
        return [(column, unit) for column in range(len(self.columns)) for unit in range(self.shown(column))]

    def label(self, column: int, unit: int) -> str:
        out = self.columns[column].out
        if out.name == "inputs" and out.elements is None:
            return f"x{self.session.namer.index(out, unit)}"
        name, index = self.session.namer.unit(out, unit), self.session.namer.index(out, unit)
        room = self.step - 2 - len(index)           # of a long name the index is what tells units apart
        return name if len(name) <= self.step - 2 or out.elements is not None else f"{name[:max(1, room - 1)]}…{index}"

    def value(self, var: Var, element: int) -> float | None:
        """A value, if the position has reached it."""
        block = self.made_blocks.get(var)
        if block is not None:
            number = self.times.number(block, element)
            if (number, self.times.stops(number)) > self.session.here:
                return None
        return self.env.scalar((var, var.flat(element, self.session.lane)))

    def signal(self, var: Var | None, element: int) -> float | None:
        """The adjoint of a value, if the run makes it and the position has reached it."""
        adjoint = self.adjoints.get(var) if var is not None else None
        return self.value(adjoint, element) if adjoint is not None else None

    def draw(self) -> None:
        for column in range(1, len(self.columns)):
            self._edges(column)
        for column in range(len(self.columns)):
            self._column(column)
        if self.program.parts is not None:
            self._loss()

    def _column(self, column: int) -> None:
        out = self.columns[column].out
        for unit in range(self.shown(column)):
            x, y = self.place(column, unit)
            self.c.put(x, y, self.label(column, unit), "bold", until=x + self.step - 1)
            value = self.value(out, unit)
            if value is None:
                self.c.put(x + 1, y + 1, notation.PENDING, "dim")
            else:
                self.c.put(x, y + 1, notation.short(value), "", until=x + self.step - 1)
            self._signal(column, unit, x, y)
        more = out.lane_size - self.shown(column)
        if more > 0:
            x, y = self.place(column, self.shown(column))
            self.c.put(x, y, f"… {more} more", "dim", until=x + self.step - 1)

    def _signal(self, column: int, unit: int, x: int, y: int) -> None:
        """∂E/∂net below the first neuron of two, above the second; beside the value of others."""
        source = self.columns[column]
        if source.net is None or (source.net not in self.adjoints and source.out not in self.adjoints):
            return
        value = self.signal(source.net if source.net in self.adjoints else source.out, unit)
        two = self.pairs
        if not two and self.step < 16:
            return
        at = (x, y + 2 if unit == 0 else y - 1) if two else (x + 8, y + 1)
        if value is None:
            self.c.put(at[0] + (two and column < len(self.columns) - 1), at[1], notation.PENDING, "dim")
        else:
            self.c.put(*at, notation.short(value, 4, True), sign_style(value))

    def _edges(self, column: int) -> None:
        """The edges that come into a column: straight ones always, crossing ones between pairs."""
        right = self.columns[column]
        for unit in range(min(self.shown(column - 1), self.shown(column))):
            x, y = self.place(column - 1, unit)
            start = x + len(self.label(column - 1, unit)) + 1
            end = self.place(column, unit)[0] - 1
            followed = self._followed(right, unit, unit)
            passed = bool(followed) and self.signal(
                right.net if right.net in self.adjoints else right.out, unit) is not None
            self.c.fill(start, y, end - start, "═" if passed else "─", "bold" if passed else "dim")
            if followed:
                label = f" {followed} "
                if len(label) <= end - start:
                    self.c.put(start + max(0, (end - start - len(label)) // 2), y, label, "bold")
        if self.pairs:
            self._cross(column)

    def _followed(self, column: Column, to: int, source: int) -> str:
        """The name of the followed weight, if this edge is it."""
        followed = self.session.followed
        if followed is None or not self.named or column.weights is None or followed.var.name != column.weights.name:
            return ""
        width = column.weights.shape[-1]
        if (followed.element or 0) != to * width + source:
            return ""
        return self.session.namer.of(column.weights, followed.element or 0)

    def _cross(self, column: int) -> None:
        x, y = self.place(column - 1, 0)
        left, right = x + 4, self.place(column, 0)[0] - 2
        middle = (left + right) // 2
        rows = self.last - 3
        for n in range(rows):
            gap = round((middle - left) * n / max(1, rows // 2))
            if n < rows / 2:
                a, b = left + gap, right - gap
                self.c.put(min(a, middle - 1), y + 2 + n, "\\", "dim")
                self.c.put(max(b, middle), y + 2 + n, "/", "dim")
            else:
                back = round((middle - left) * (rows - 1 - n) / max(1, rows // 2))
                a, b = left + back, right - back
                self.c.put(min(a, middle - 1), y + 2 + n, "/", "dim")
                self.c.put(max(b, middle), y + 2 + n, "\\", "dim")

    def _loss(self) -> None:
        """The loss parts right of the outputs; `◄═` where the error signal has passed."""
        parts = self.program.parts
        assert parts is not None
        column = len(self.columns) - 1
        out = self.columns[column].out
        for unit in range(self.shown(column)):
            x, y = self.place(column, unit)
            start = x + len(self.label(column, unit)) + 1
            passed = self.signal(out, unit) is not None
            self.c.put(start, y, "◄═" if passed else "──", "bold" if passed else "dim")
            name = self.session.namer.of(parts, unit) if self.named else ""
            self.c.put(start + 3, y, name, "bold" if passed else "", until=self.c.width - 1)


def _equations(session: Session, c: Canvas, focused: bool) -> list[Line]:
    """The quantities of written equations, with their values and derivatives."""
    from .tables import window
    found = nodes(session)
    picture = Picture(session, session.run.program(session.position.update), c, [])
    rows = window(session, "network", len(found), c.height - 1)
    for y, n in enumerate(range(rows.first, rows.first + rows.count), 1):
        var, element = found[n]
        c.put(1, y, session.namer.of(var, element), "bold", until=12)
        value = picture.value(var, element)
        text = notation.one(value) if value is not None else notation.PENDING
        c.put(14 - notation.point(text) if value is not None else 14, y, text, "" if value is not None else "dim")
        if var in picture.adjoints:
            signal = picture.signal(var, element)
            said = notation.short(signal, 6, True) if signal is not None else notation.PENDING
            c.put(28 - notation.point(said) if "." in said else 27 if signal is not None else 28, y, said,
                  sign_style(signal) if signal is not None else "dim", until=c.width)
        if focused and n == rows.cursor:
            c.restyle(y, "reverse", 0, c.width)
    return c.lines()
