"""What a picture shows of a node or an edge at a position: values, error signals, contributions, the followed path.

A value that the position has not reached is None here, so who paints it cannot show it. A contribution is a term of the
error signal of the node that an edge leaves; it is there from the stop on at which it is added.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from ...engine.program import Program, Var
from ...explain.namer import Namer
from ...replay.follow import Needed, needed
from ...replay.masks import Mask
from ...replay.timeline import scalars as cells_of
from ..scene import Scene
from ..state.session import Session, find_same, source
from ..subject import scalar
from .lines import line, scalars
from .nodes import Key, Nodes, Spot, net_of, nodes_of, readers, sources
from .pane import GoesOn, Pane

VIEWS = ("weights", "gradients", "plain")


@dataclass(frozen=True)
class Node:
    """`signal` is None where it is not made yet, and `silent` is said of what never gets one."""

    key: Key
    spot: Spot
    label: str
    value: float | None
    signal: float | None
    silent: bool
    followed: bool


@dataclass(frozen=True)
class Edge:
    """`named` is the name of the followed weight; `carries` what comes back along the edge, once it has."""

    start: Key
    end: Key
    weight: Spot | None
    gradient: Spot | None
    followed: bool
    passed: bool
    carries: float | None
    named: str = ""


@lru_cache(2048)
def _terms(program: Program, adjoint: Var, element: int) -> dict[Spot, tuple[int, tuple[tuple[Var, int], ...]]]:
    """The terms of an adjoint in the first sample: by the adjoint that each multiplies, its number and its cells."""
    equation = program.made_by[adjoint]
    found: dict[Spot, tuple[int, tuple[tuple[Var, int], ...]]] = {}
    for m, cells in enumerate(cells_of(equation).all_cells(element)):
        for var, flat in cells:
            if var.role == "adjoint":
                found.setdefault((var, flat % var.lane_size), (m, cells))
    return found


class Sketch:
    """The values of one update for the selected sample, as far as the position has come."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.session = scene, scene.session
        self.program = scene.program
        self.nodes: Nodes = nodes_of(self.program)
        self.times, self.env = scene.times, scene.env
        self.blocks = {b.out: n for n, b in enumerate(self.times.blocks)}
        self.adjoints = {b.out.of[0]: b.out for b in self.times.blocks if b.phase == "backward" and b.out.of}

    # values

    def made(self, var: Var, element: int) -> bool:
        """Whether the position has reached a value; what is given is there from the start."""
        block = self.blocks.get(var)
        if block is None:
            return var not in self.program.made_by
        number = self.times.number(block, element)
        return (number, self.times.stops(number)) <= self.session.here

    def value(self, var: Var, element: int) -> float | None:
        if not self.made(var, element):
            return None
        return self.env.scalar((var, var.flat(element, min(self.session.lane, self.program.samples - 1))))

    def signal_of(self, var: Var) -> Var | None:
        """The adjoint that is shown beside a node: of what is bent into it, where the run makes that."""
        net = net_of(self.program, var)
        return self.adjoints.get(net) if net in self.adjoints else self.adjoints.get(var)

    # the followed path

    @cached_property
    def target(self) -> Spot | None:
        """What is followed; else what the position goes back to."""
        session = self.session
        if session.followed is not None:
            var = find_same(self.program, session.followed.var)
            return (var, session.followed.element or 0) if var is not None else None
        if not session.position.value:
            return None
        block, element = self.times.locate(session.position.value)
        out = self.times.blocks[block].out
        var = source(out)
        if self.times.blocks[block].phase != "backward" or var.lane_size != out.lane_size:
            return None
        return var, element

    @cached_property
    def needed(self) -> Needed | None:
        """The values on the way back to what is followed."""
        if self.target is None:
            return None
        return needed(self.program, self.times, *self.target, min(self.session.lane, self.program.samples - 1))

    def on_path(self, adjoint: Var | None, element: int) -> bool:
        return adjoint is not None and self.needed is not None and self.needed.has(adjoint, element)

    def lit(self, var: Var) -> Mask | None:
        """Which elements of a node's quantity lie on the followed path; None where none does."""
        signals = {s for s in (self.adjoints.get(var), self.signal_of(var)) if s is not None}
        masks = [self.needed.masks[s] for s in signals if s in self.needed.masks] if self.needed is not None else []
        if self.target is not None and self.target[0] is var:
            masks.append(np.arange(var.lane_size) == self.target[1])
        return np.logical_or.reduce(masks) if masks else None

    def followed(self, spot: Spot) -> bool:
        var, element = spot
        return spot == self.target or self.on_path(self.adjoints.get(var), element) or \
            self.on_path(self.signal_of(var), element)

    @cached_property
    def ends(self) -> tuple[Spot, ...]:
        """The nodes that the followed weight lies between."""
        if self.target is None or self.target[0].role != "parameter" or self.nodes.has(self.target):
            return ()
        if not any(eq.out.role == "forward" and self.target[0] in eq.operands for eq in self.program.equations):
            return ()                               # read on the way to a line alone: it has no edge of its own
        found: list[Spot] = []
        for var, reads in readers(self.program, self.target).items():
            lit = self.lit(var) if var in self.adjoints else None
            for element in np.flatnonzero(reads & lit).tolist() if lit is not None else ():
                found += [s for s, w in sources(self.program, var, element).items() if w == self.target]
        return tuple(found)

    @cached_property
    def path_rows(self) -> dict[int, int]:
        """The first row of each column that lies on the followed path."""
        found: dict[int, int] = {}
        if self.target is None:
            return found
        for column, row in map(self.nodes.key, self.ends):
            found.setdefault(column, row)
        lit = {var: mask for var in self.nodes.stretches if (mask := self.lit(var)) is not None}
        for n, column in enumerate(self.nodes.columns):
            row = 0
            for var, elements in column.spots.stretches:
                on_it = lit[var][elements.start:elements.stop] if var in lit else ()
                if n not in found and np.any(on_it):
                    found[n] = row + int(np.argmax(on_it))
                row += len(elements)
        return found

    # what is drawn

    def largest(self, var: Var) -> float:
        """The largest size among the elements of a tensor, as far as they are made."""
        found = np.abs(np.ravel(self.env.array(var)))
        block = self.blocks.get(var)
        if block is not None:
            done = self.session.position.value - (self.session.here < (
                self.session.position.value, self.times.stops(self.session.position.value)))
            found = found[:max(0, done - self.times.span(block)[0] + 1)]
        found = found[np.isfinite(found)]
        return float(found.max()) if found.size else 0.0

    def weight_name(self, edge: Edge) -> str:
        """The name of the weight of an edge; of a matrix whose elements have none, its own."""
        if edge.weight is None:
            return ""
        var, element = edge.weight
        return self.session.namer.of(var, element) if var.elements is not None else var.symbol

    def node(self, key: Key) -> Node:
        column = self.nodes.columns[key[0]]
        var, element = spot = column.spots[key[1]]
        signal = self.signal_of(var)
        return Node(key, spot, label(self.session.namer, self.nodes, key), self.value(var, element),
                    self.value(signal, element) if signal is not None else None, signal is None,
                    self.followed(spot) or spot in self.ends)

    def edges(self, keys: set[Key]) -> list[Edge]:
        """What leads from one to another of some nodes."""
        found: list[Edge] = []
        spots = {self.nodes.columns[key[0]].spots[key[1]]: key for key in sorted(keys)}
        for into, end in spots.items():
            read = sources(self.program, *into)
            found += [self._edge(start, end, spot, into, read[spot]) for spot, start in spots.items() if spot in read]
        return found

    def _edge(self, start: Key, end: Key, source: Spot, into: Spot, weight: Spot | None) -> Edge:
        weight = None if self.nodes.graph else weight         # there it is a node itself
        gradient = self.program.gradients.get(weight[0]) if weight is not None else None
        gradient_spot = (gradient, weight[1]) if gradient is not None and weight is not None and \
            gradient in self.blocks else None
        own = weight is not None and weight == self.target
        adjoint = self.adjoints.get(source[0])
        if adjoint is None:                         # a leaf: the signal ends at the weight
            passed = own and gradient_spot is not None and self.made(*gradient_spot)
            named = self.session.namer.of(*weight) if own and weight is not None else ""
            return Edge(start, end, weight, gradient_spot, own, passed, None, named)
        carries, passed = self._contribution(adjoint, source[1], into)
        ends = (self.program.parts, self.program.cost, self.program.loss)
        behind = self.followed(into) if into[0] in self.adjoints else into[0] in ends
        lies = own or (behind and self.on_path(adjoint, source[1]))
        if own and not self.on_path(adjoint, source[1]):        # of a later layer: the signal turns off into it
            passed, carries = gradient_spot is not None and self.made(*gradient_spot), None
        elif not lies:
            carries = None
        named = self.session.namer.of(*weight) if own and weight is not None else ""
        return Edge(start, end, weight, gradient_spot, lies, lies and passed, carries, named)

    def _contribution(self, adjoint: Var, element: int, into: Spot) -> tuple[float | None, bool]:
        """What an edge brings back, and whether it has."""
        mine = {v for v in (self.adjoints.get(into[0]), self.signal_of(into[0])) if v is not None}
        number = self.times.number(self.blocks[adjoint], element)
        inner = len(self.times.scope(self.blocks[adjoint]))
        if self.program.made_by[adjoint].law is None:
            for (var, e), (m, cells) in _terms(self.program, adjoint, element).items():
                if var in mine and e == into[1]:
                    there = (number, inner + m + 1) <= self.session.here
                    return (self._product(cells) if there else None), there
        return None, self.made(adjoint, element)

    def _product(self, cells: tuple[tuple[Var, int], ...]) -> float:
        lane, value = min(self.session.lane, self.program.samples - 1), 1.0
        for var, flat in cells:
            value *= self.env.scalar((var, var.flat(flat % var.lane_size, lane)))
        return value


def label(namer: Namer, shown: Nodes, key: Key) -> str:
    """What a node is called."""
    column = shown.columns[key[0]]
    var, element = column.spots[key[1]]
    if shown.graph or (shown.steps and var.elements is not None and ".out" not in var.name):    # c_m[2]: a cell
        return namer.of(var, element)
    if var.elements is not None or not var.lane_shape:
        return namer.unit(var, element)
    short = {"inputs": "x"}.get(var.name, var.name.split(".")[-1].removesuffix("_outputs"))
    if short.partition("[")[0] == "out":
        short = var.name.split(".")[0]
    return f"{short}{namer.index(var, element)}"


def bare(namer: Namer, shown: Nodes, key: Key) -> str:
    """The index of a node alone, for a column whose heading says the layer; nothing where it has a name of its own."""
    var, element = shown.columns[key[0]].spots[key[1]]
    return namer.index(var, element) if var.elements is None and len(shown.columns[key[0]].groups) == 1 else ""


def focus_spot(scene: Scene, shown: Nodes) -> Spot:
    """The node that the position is about: the first to be made from where it stands, or whose signal is."""
    session = scene.session
    program, times = scene.program, scene.times
    var = shown.columns[0].spots[0][0]
    if not session.position.value:
        return var, 0
    block, element = times.locate(session.position.value)
    about = source(times.blocks[block].out)
    if about in shown.stretches:
        return about, element if about.lane_size == times.blocks[block].out.lane_size else 0
    home = program.home_of.get(about)
    if home is None:
        home = min((n for eq, n in ((eq, program.home_of[eq.out]) for b in program.forward for eq in b.equations)
                    if about in eq.operands), default=0)
    later = sorted((program.home_of[v], v.name, v) for v in shown.stretches if program.home_of.get(v, -1) >= home)
    if not later:
        return shown.columns[-1].spots[0]
    found = later[0][2]
    return found, element if found.lane_size == about.lane_size and about.role != "parameter" else 0


# the pane

def node_at(scene: Scene) -> Key:
    """The column and the row of the node that the cursor of the picture is on, or that the position is about."""
    session = scene.session
    shown, chosen = nodes_of(scene.program), session.cursor["network"]
    return shown.place(chosen) if chosen is not None else shown.key(focus_spot(scene, shown))


def _spot(scene: Scene, number: int) -> Spot:
    shown = nodes_of(scene.program)
    column, row = shown.place(number)
    return shown.columns[column].spots[row]


def _steer(session: Session, scene: Scene, rows: int, columns: int) -> bool:
    """Move the cursor of the picture; to the sides it stays as far down its column as it can."""
    shown, (column, row) = nodes_of(scene.program), node_at(scene)
    column = max(0, min(len(shown.columns) - 1, column + columns))
    row = max(0, min(len(shown.columns[column].spots) - 1, row + rows))
    session.cursor["network"] = shown.number(column, row)
    return True


def lines(scene: Scene, text: str, goes_on: GoesOn) -> Iterator[str]:
    """What the picture of the network shows: inputs, and what each layer makes of them."""
    told = scalars(scene)
    for var, element in nodes_of(scene.program).spots():
        yield line(*told(var, element))


PANE = Pane("network", "2", "2", "Network", "the picture of the network", "left", low=True, views=VIEWS,
            rows=lambda scene: nodes_of(scene.program).count,
            default=lambda scene: nodes_of(scene.program).number(*node_at(scene)),
            subject=lambda scene, n: scalar(scene, *_spot(scene, n)), steer=_steer, lines=lines)
