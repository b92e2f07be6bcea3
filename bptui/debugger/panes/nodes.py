"""What the pictures are drawn from: the nodes of a program in columns, and what leads from node to node.

A network has a column a layer, a recurrent one a column a step in time (x below, the state above), written equations
a column a depth. Nothing of it is written down for a kind of layer: what a node reads is found in the equations that
make it, so a window of a convolution, a skipped layer and a softmax have their edges too. What a picture shows of a
node or an edge at a position is read in `network`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from ...engine.laws import Elementwise
from ...engine.program import FIXED, Program, Var
from ...replay.masks import Mask, dependences, joined, one
from ...replay.timeline import scalars

Spot = tuple[Var, int]                              # a quantity and its element, counted within one sample
Key = tuple[int, int]                               # column and row of a node
INNER = ("q", "k", "v", "scores", "masked", "probabilities", "context")     # of attention: more than what it hands on


@dataclass(frozen=True, eq=False)
class Spots:
    """Nodes that stand below each other, found by their row and never listed: some neighbours of each quantity."""

    stretches: tuple[tuple[Var, range], ...]

    def __len__(self) -> int:
        return sum(len(elements) for _, elements in self.stretches)

    def __getitem__(self, row: int) -> Spot:
        for var, elements in self.stretches:
            if row < len(elements):
                return var, elements[row]
            row -= len(elements)
        raise IndexError(row)

    def __iter__(self) -> Iterator[Spot]:
        return ((var, element) for var, elements in self.stretches for element in elements)


@dataclass(frozen=True, eq=False)
class NodeColumn:
    """A layer, a step or a depth. `groups` are what stands in it, the topmost first."""

    title: str
    spots: Spots
    groups: tuple[Var, ...]


@dataclass(frozen=True, eq=False)
class Nodes:
    """Columns from left to right. `steps` is how many of them are steps in time; `graph` is of written equations."""

    columns: tuple[NodeColumn, ...]
    steps: int = 0
    graph: bool = False

    @cached_property
    def stretches(self) -> Mapping[Var, tuple[tuple[int, int, range], ...]]:
        """Where the elements of each quantity stand: the column, the first row, and which they are."""
        found: dict[Var, tuple[tuple[int, int, range], ...]] = {}
        for n, column in enumerate(self.columns):
            row = 0
            for var, elements in column.spots.stretches:
                found[var] = (*found.get(var, ()), (n, row, elements))
                row += len(elements)
        return found

    @cached_property
    def count(self) -> int:
        return sum(len(column.spots) for column in self.columns)

    def has(self, spot: Spot) -> bool:
        """Whether a quantity is a node."""
        var, element = spot
        return any(element in elements for _, _, elements in self.stretches.get(var, ()))

    def key(self, spot: Spot) -> Key:
        """The column and the row of a node."""
        var, element = spot
        return next((n, row + elements.index(element)) for n, row, elements in self.stretches[var]
                    if element in elements)

    def number(self, column: int, row: int) -> int:
        """A node's number, as the cursor counts: column by column."""
        return sum(len(c.spots) for c in self.columns[:column]) + row

    def place(self, number: int) -> Key:
        """The column and the row of a node by its number; of a number too large, the last."""
        for n, column in enumerate(self.columns):
            if number < len(column.spots):
                return n, number
            number -= len(column.spots)
        return len(self.columns) - 1, len(self.columns[-1].spots) - 1

    def spots(self) -> Iterator[Spot]:
        for column in self.columns:
            yield from column.spots


def layer_outs(program: Program) -> dict[Var, str]:
    """What each layer makes, in the order in which it is made, with the layer's name."""
    found: dict[Var, str] = {}
    for name, var in program.variables.items():
        if name.endswith(".out"):
            found.setdefault(var, name.removesuffix(".out"))
    return dict(sorted(found.items(), key=lambda item: program.home_of.get(item[0], 0)))


@lru_cache(16)
def nodes_of(program: Program) -> Nodes:
    """The picture of a program, without its values."""
    outs = layer_outs(program)
    if not outs:
        return _graph(program)
    states = {name.removesuffix(".state"): program.stacks[var] for name, var in program.aliases.items()
              if name.endswith(".state") and var in program.stacks}
    return _unrolled(program, outs, states) if states else _layers(program, outs)


def _layers(program: Program, outs: Mapping[Var, str]) -> Nodes:
    shown = dict.fromkeys([program.inputs[0]])
    for block in program.forward:
        var, layer = block.out, block.group
        if var in outs or (block.phase == "forward" and var.name.removeprefix(f"{layer}.") in INNER):
            shown[var] = None
    if program.parts is not None:
        shown[program.parts] = None
    depths = _depths(program, tuple(shown))
    return _columns(program, depths)


def _graph(program: Program) -> Nodes:
    """Written equations: what they read stands just left of what reads it first."""
    leaves = [*(v for v in program.inputs if v.role in ("data", "noise")), *program.parameters]
    made = [b.out for b in program.forward]
    depths = _depths(program, (*leaves, *made))
    for leaf in leaves:
        readers = [d for v, d in depths.items() if v in made and leaf in _read(program, v, frozenset(depths))]
        depths[leaf] = max(0, min(readers, default=1) - 1)
    return _columns(program, depths, True)


def _depths(program: Program, shown: tuple[Var, ...]) -> dict[Var, int]:
    """How many steps after what is given each variable is made."""
    inside, depths = frozenset(shown), dict[Var, int]()
    for var in shown:
        depths[var] = max((depths[v] + 1 for v in _read(program, var, inside) if v in depths), default=0)
    return depths


def _read(program: Program, var: Var, inside: frozenset[Var]) -> set[Var]:
    """The variables of the picture that make another."""
    found, seen, todo = set[Var](), set[Var](), [var]
    while todo:
        equation = program.made_by.get(todo.pop())
        for operand in equation.operands if equation is not None else ():
            if operand in seen:
                continue
            seen.add(operand)
            if operand in inside:
                found.add(operand)
            else:
                todo.append(operand)
    return found


def _columns(program: Program, depths: Mapping[Var, int], graph: bool = False) -> Nodes:
    found: list[NodeColumn] = []
    for depth in sorted(set(depths.values())):
        groups = tuple(v for v, d in depths.items() if d == depth)
        found.append(NodeColumn(_title(program, groups), _whole(groups), groups))
    return Nodes(tuple(found), graph=graph)


def _whole(groups: Iterable[Var]) -> Spots:
    return Spots(tuple((v, range(v.lane_size)) for v in groups))


def _title(program: Program, groups: tuple[Var, ...]) -> str:
    first = groups[0]
    if first is program.inputs[0]:
        return "x"
    if first is program.parts:
        return first.symbol or program.cost.name
    layer, _, part = first.name.partition(".")
    return " ".join(v.name.split(".")[-1] for v in groups) if part in INNER else layer


def _unrolled(program: Program, outs: Mapping[Var, str], states: Mapping[str, tuple[Var, ...]]) -> Nodes:
    """Steps in time beside each other; what has a row for each step is shared out among them."""
    steps = max(len(each) for each in states.values())
    times: list[list[tuple[Var, range]]] = [[] for _ in range(steps)]

    def share(var: Var) -> bool:
        if len(var.lane_shape) < 2 or var.lane_shape[0] != steps:
            return False
        each = var.lane_size // steps
        for step in range(steps):
            times[step].append((var, range(step * each, (step + 1) * each)))
        return True

    after: list[Var] = []
    if not share(program.inputs[0]):
        after.append(program.inputs[0])
    for var, layer in (*outs.items(), *([(program.parts, "")] if program.parts is not None else [])):
        if layer in states:
            cells = program.aliases.get(f"{layer}.cell")
            for stack in (program.stacks.get(cells, ()) if cells is not None else (), states[layer]):
                for step, each in enumerate(stack):
                    times[step].append((each, range(each.lane_size)))
        elif not share(var):
            after.append(var)
    columns = [NodeColumn(f"step {n}", Spots(tuple(reversed(each))), tuple(v for v, _ in reversed(each)))
               for n, each in enumerate(times)]
    depths = _depths(program, tuple(after))
    columns += [NodeColumn(_title(program, groups), _whole(groups), groups)
                for groups in (tuple(v for v, d in depths.items() if d == depth)
                               for depth in sorted(set(depths.values())))]
    return Nodes(tuple(columns), steps)


# what leads to a node

def net_of(program: Program, var: Var) -> Var | None:
    """What an activation bends into `var`, element by element."""
    equation = program.made_by.get(var)
    if equation is None or not isinstance(equation.law, Elementwise) or len(equation.terms[0].args) != 1:
        return None
    net = equation.terms[0].args[0].base
    return net if net.role == "forward" and net.lane_size == var.lane_size else None


@lru_cache(4096)
def sources(program: Program, var: Var, element: int) -> dict[Spot, Spot | None]:
    """The nodes that a node reads, each with the weight that it is multiplied by; none where there are several, or no
    weight at all."""
    inside = nodes_of(program).stretches
    found: dict[Spot, Spot | None] = {}
    seen: set[tuple[Var, int, Spot | None]] = set()
    todo: list[tuple[Var, int, Spot | None]] = [(var, element, None)]
    while todo:
        target, e, weight = here = todo.pop()
        equation = program.made_by.get(target)
        if equation is None or here in seen:
            continue
        seen.add(here)
        for cells in scalars(equation).all_cells(e):
            own = None if equation.law is not None else next((c for c in cells if c[0].role == "parameter"), None)
            for read, flat in cells:
                if read.role in FIXED or (read.lanes and flat >= read.lane_size):
                    continue
                spot = read, flat
                if read in inside:
                    by = own if own != spot and own is not None else weight
                    found[spot] = by if spot not in found or found[spot] == by else None
                else:
                    todo.append((*spot, own or weight))
    return found


def readers(program: Program, spot: Spot) -> dict[Var, Mask]:
    """Which nodes read a quantity that is none, and through no other node: masks over the elements of one sample."""
    inside, (var, element) = nodes_of(program).stretches, spot
    masks, found = {var: one(var, element)}, dict[Var, Mask]()
    for equation in (eq for block in program.forward for eq in block.equations):
        made = equation.out
        for each in dependences(equation):
            if each.var in masks and each.var not in inside:
                joined(masks, made, each.makes(masks[each.var]))
        if made in masks and made in inside:
            found[made] = (masks[made][0] if made.lanes else masks[made]).reshape(-1)
    return found
