"""What the names in a condition read in a program, as scalars that the update loop can show at each update.

A name reads cells of the program, a derivative that the run does not make the cells of a query program. What cannot
be read so raises Slow, and is evaluated update by update.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..engine.executor import Asked
from ..engine.laws import CONSTANTS
from ..engine.program import LEAVES, Program, Var
from ..engine.scalars import Cell
from ..scenario.errors import QuantityError
from ..scenario.trees import Attribute, Call, Index, Name, Operation, Pin, Tree, parts
from .meaning import SETS, Place, find, meaning, meant
from .run import Run
from .timeline import Timeline


class Slow(Exception):
    """This can only be evaluated update by update."""


@dataclass(frozen=True)
class LeafCells:
    """What a name reads in one program: scalars of it or of a query, in a shape; None: they are all 0.

    `home` is the variable whose making makes it known; None for a derivative that the run does not make.
    """

    shape: tuple[int, ...]
    cells: tuple[Cell, ...] | None
    asked: Asked | None
    home: Var | None
    element: int

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=int))


def read_leaf(run: Run, program: Program, tree: Tree, following: bool, lane: int) -> LeafCells | None:
    """What a leaf reads in a program, or what state is after its update; None where the program does not have it."""
    try:
        found = meaning(run, program, tree)
    except QuantityError:
        return None
    if found is None:
        return None
    place, var = found.place, found.place.var
    if found.of is not None:
        return _derivative(run, program, found.of, place, lane)
    if found.kind == "value" and var in program.stacks:
        raise Slow
    if found.kind == "grad":
        var = program.gradients[var]
    elif following or found.kind == "next":
        var = program.nexts.get(var, var)
    return read_place(Place(var, place.element), lane)


def change(run: Run, program: Program, tree: Tree) -> Tree | None:
    """`w5.change` as w5.next - w5."""
    tree = meant(run, program, tree)
    if isinstance(tree, Attribute) and tree.name == "change":
        return Operation("-", (Attribute(tree.base, "next"), tree.base))
    return None


def is_leaf(run: Run, program: Program, tree: Tree) -> bool:
    """Whether a tree is read as a whole. Raises Slow for what only the language of quantities can make of it."""
    match meant(run, program, tree):
        case Call("d", _) | Index(Call("d", _), _):
            return True
        case Attribute(name="grad" | "next"):
            return True
        case Attribute(name="training" | "validation") | Name(id="forward_passes"):
            raise Slow
        case Name() | Attribute() as named:
            return not (isinstance(named, Name) and named.id in CONSTANTS and find(run, program, named) is None)
        case Index(base, _) as element:
            return not isinstance(base, Call | Operation) and find(run, program, element) is not None
        case _:
            return False


def leaves_of(run: Run, program: Program, tree: Tree) -> Iterator[Tree]:
    """What a tree names of its own update."""
    match meant(run, program, tree):
        case Pin():
            return
        case Attribute(base, "change"):
            yield Attribute(base, "next")
        case Call("d", _) | Index(Call("d", _), _) | Name() | Attribute() as named:
            yield named
        case Index() as element if find(run, program, element) is not None:
            yield element
        case other:
            for part in parts(other):
                yield from leaves_of(run, program, part)


def of_state(run: Run, program: Program, tree: Tree) -> bool:
    """Whether a tree is made of what goes on from update to update, and of nothing that an update makes."""
    leaves = list(leaves_of(run, program, tree))
    if not leaves or any(isinstance(t, Pin) or (isinstance(t, Call) and t.function == "changed") for t in walk(tree)):
        return False
    places = [find(run, program, leaf) if not isinstance(leaf, Call) else None for leaf in leaves]
    return all(place is not None and place.var in program.state for place in places)


def walk(tree: Tree) -> Iterator[Tree]:
    """A tree and all below it."""
    yield tree
    for part in parts(tree):
        yield from walk(part)


def varies(tree: Tree) -> bool:
    """Whether a tree names anything that is not the same at every update."""
    if isinstance(tree, Name):
        return tree.id not in CONSTANTS
    return not (isinstance(tree, Pin) and tree.at != "prev") and any(varies(part) for part in parts(tree))


def depends_on_sample(run: Run, program: Program, tree: Tree) -> bool:
    """Whether the value of a tree is of one sample."""
    for leaf in walk(meant(run, program, tree)):
        if isinstance(leaf, Name | Attribute | Index):
            place = find(run, program, leaf)
            if place is not None and place.var.lanes:
                return True
    return False


def read_place(place: Place, lane: int) -> LeafCells:
    var = place.var
    if place.element is not None:
        return LeafCells((), ((var, var.flat(place.element, lane)),), None, var, place.element)
    return LeafCells(var.lane_shape, tuple((var, var.flat(e, lane)) for e in range(var.lane_size)), None, var,
                     var.lane_size - 1)


def _derivative(run: Run, program: Program, of: Place, by: Place, lane: int) -> LeafCells:
    if of.var in program.stacks or by.var in program.stacks or of.var is by.var or not of.scalar:
        raise Slow
    element = by.element if by.element is not None else by.var.lane_size - 1
    home = next((b.out for b in program.blocks if of.var is program.cost and b.out.derivative_of is by.var), None)
    training = run.scenario.training
    if home is not None and (training.gradient, training.update_order) == ("backpropagation", "simultaneous"):
        return read_place(Place(home, by.element), lane)
    found = run.query(program, of.var, by.var)
    if found.adjoint is None:
        return LeafCells(() if by.element is not None else by.var.lane_shape, None, None, home, element)
    read = read_place(Place(found.adjoint, by.element), lane)
    seeds: dict[Var, np.ndarray] = {}
    if found.seed is not None:
        seeds[found.seed] = np.zeros(found.seed.shape)
        seeds[found.seed].flat[of.var.flat(of.element or 0, lane)] = 1.0
    assert read.cells is not None
    return LeafCells(read.shape, read.cells, Asked(found.equations, seeds, read.cells), home, element)


def number_of(times: Timeline, leaf: LeafCells) -> int | None:
    """The number of the value that makes a leaf known, in one update; None where that update does not have it."""
    if leaf.home is None:
        return end_of_derivatives(times)
    if leaf.home.role in LEAVES:
        return 0
    block = times.program.home_of.get(leaf.home.base)
    if block is None or block >= len(times.blocks):
        return None
    out = times.blocks[block].out
    return times.number(block, min(leaf.element, out.lane_size - 1))


def end_of_derivatives(times: Timeline) -> int:
    """With which value a derivative is shown that the run does not make."""
    back = [n for n, b in enumerate(times.blocks) if b.phase in ("backward", "perturbation")]
    return times.span(back[-1])[1] if back else times.cost_value


def known_from(run: Run, times: Timeline, tree: Tree, lane: int = 0) -> int | None:
    """The number of the value with which all that a tree names is made in an update; 0: it is from the start.

    None where the update does not have it.
    """
    numbers = [0]
    for leaf in leaves_of(run, times.program, tree):
        if isinstance(leaf, Attribute) and leaf.name in SETS:
            numbers.append(times.watched_value)     # a whole set's loss says what the batch's will be
            continue
        try:
            found = read_leaf(run, times.program, leaf, False, lane)
            number = 0 if found is None else number_of(times, found)
        except (Slow, QuantityError):
            number = end_of_derivatives(times)
        if number is None:
            return None
        numbers.append(number)
    return max(numbers)
