"""What a typed quantity means: one reading of every spelling, for values, derivations, steps, watches and claims.

`w3`, `hidden.weights[1,0]` and `W_h[1,0]` are one number; so are `d(E, w3)`, `d(E, hidden.weights)[1,0]`,
`∂E/∂W_h[1,0]`, `dE/dw3` and, where the file names error signals, `δ_h1`. A tree is first spelled in one way (`meant`),
and then looked up in a program (`meaning`). Whatever a pane prints for a tensor is understood, or the refusal says
what to write.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from ..engine.laws import CONSTANTS
from ..engine.program import Program, Var
from ..engine.scalars import Cell
from ..scenario.errors import QuantityError, did_you_mean, one_of
from ..scenario.expression import ALL
from ..scenario.trees import Attribute, Call, Index, Name, Operation, Pin, Tree
from .run import Run

Kind = Literal["value", "derivative", "grad", "next", "change"]
PARTS = ("grad", "next", "change")                  # of a parameter: what an update makes of it
SETS = ("training", "validation")
COUNTED = "forward_passes"
OF_DERIVATIVES = "d(y, x) is of a forward or loss quantity"
AT_HOME = {"x": "inputs", "t": "targets"}           # short names, where a layer's own tensors need no prefix
MOST_TOLD = 4
TOLD = (("value", "forward"), ("parameter", "parameter"), ("loss", "loss"))     # kinds of quantities, by their role


@dataclass(frozen=True)
class Place:
    """A quantity that a program has: a whole variable, or one element of it (counted for one sample)."""

    var: Var
    element: int | None

    def cell(self, lane: int) -> Cell:
        return self.var, self.var.flat(self.element or 0, lane)

    @property
    def scalar(self) -> bool:
        return self.element is not None or (self.var.lane_size == 1 and self.var.lane_shape == ())

@dataclass(frozen=True)
class Meaning:
    """What a quantity means in a program. `place` is the value itself; of a derivative the x, and `of` its y; of
    `w5.grad`, `.next` and `.change` the parameter."""

    kind: Kind
    place: Place
    of: Place | None = None

def dotted(tree: Tree) -> str | None:
    """`hidden.weights` as a name."""
    match tree:
        case Name(id=name):
            return name
        case Attribute(base, name):
            left = dotted(base)
            return f"{left}.{name}" if left else None
    return None


# one spelling

def meant(run: Run, program: Program, tree: Tree) -> Tree:
    """`tree` with every quantity in it in one spelling: `d(E, hidden.weights[1,0])`, `hidden.weights[1,0].grad`.

    Names stay as they are typed; `find` looks them up. Raises QuantityError for an index that cannot be.
    """
    return run.remembered(_meant)(program, tree)


def _meant(run: Run, program: Program, tree: Tree) -> Tree:
    def inside(part: Tree) -> Tree:
        return meant(run, program, part)

    match tree:
        case Index(base, index):
            signal = _error_signal(run, program, _indexed(dotted(base) or "", index))
            return signal or _entry(run, program, inside(base), index, tree.column)
        case Attribute(base, _):
            return replace(tree, base=inside(base))
        case Name(id=name):
            return _error_signal(run, program, name) or tree
        case Operation("/", (above, below)) if (read := _leibniz(run, program, above, below)) is not None:
            return inside(read)
        case Operation(args=args) | Call(args=args):
            return replace(tree, args=tuple(map(inside, args)))
        case Pin(base, _):
            return replace(tree, base=inside(base))
    return tree


def _entry(run: Run, program: Program, base: Tree, index: tuple[int, ...], column: int) -> Tree:
    """`base[index]`, the index at the names that have the axes."""
    whole = Index(base, index, column)
    if ALL in index:
        return _all_of(run, program, base, index)
    match base:
        case Call("d", (y, x)):
            of, by = find(run, program, y), find(run, program, x)
            if of is None or by is None:
                return whole
            axes, more = len(shape_of(of)), len(shape_of(by))
            if not _fits(index, (*shape_of(of), *shape_of(by))):
                return whole
            y = Index(y, index[:axes], column) if axes else y
            return Call("d", (y, Index(x, index[axes:], column) if more else x), base.column)
        case Attribute(inner, part) if part in PARTS and find(run, program, base) is None:
            return replace(base, base=Index(inner, index, column))
    return whole


def _all_of(run: Run, program: Program, base: Tree, index: tuple[int, ...]) -> Tree:
    """`W_o[k,j]`, as an equation prints it: a letter stands for all of its axis."""
    if any(i != ALL for i in index):
        raise QuantityError("an index is made of numbers, or of one letter for each axis: W[1,0] or W[k,j]")
    match base:
        case Call("d", (_, x)):
            named = x
        case Attribute(inner, part) if part in PARTS:
            named = inner
        case _:
            named = base
    place = find(run, program, named)
    if place is not None and len(shape_of(place)) != len(index):
        count = len(shape_of(place))
        axes = f"{count} ax{'i' if count == 1 else 'e'}s" if count else "no axes"
        raise QuantityError(f"{dotted(named) or 'this'} has {axes}, and the index {len(index)} letters")
    return base


def _error_signal(run: Run, program: Program, name: str) -> Tree | None:
    """`δ_h1`, where the file calls ∂E/∂net_h1 so."""
    letter = run.model.form.letters.get("delta")
    unit = name.removeprefix(f"{letter}_")
    if not letter or unit == name or _known(run, program, name) is not None:
        return None
    for spelled in (f"net_{unit}", f"{unit.partition('[')[0]}.net{''.join(unit.partition('[')[1:])}"):
        if (place := _known(run, program, spelled) or _element_of(run, program, spelled)) is not None:
            y = Name(run.scenario.loss.name)
            return Call("d", (y, tree_of(place)))
    return None


def _leibniz(run: Run, program: Program, above: Tree, below: Tree) -> Tree | None:
    """`dE/dw5` as d(E, w5), where neither dE nor dw5 is a name of its own."""
    y, x = _without_d(above), _without_d(below)
    if y is None or x is None or find(run, program, above) is not None or find(run, program, below) is not None:
        return None
    return Call("d", (y, x), above.column) if find(run, program, y) is not None else None


def _without_d(tree: Tree) -> Tree | None:
    """`dw5` as w5, `dhidden.weights[1,0]` as hidden.weights[1,0]."""
    match tree:
        case Name(id=name):
            return replace(tree, id=name[1:]) if name[0] == "d" and len(name) > 1 else None
        case Attribute(base, _) | Index(base, _):
            inner = _without_d(base)
            return replace(tree, base=inner) if inner is not None else None
    return None


# names

def spellings(run: Run, name: str) -> list[str]:
    """A name, and what it is without the source's letters: z_h1 is net_h1."""
    letters = run.model.form.letters
    plain = [f"{part}_{name.removeprefix(letter + '_')}" for part, letter in letters.items()
             if part in ("net", "out") and name.startswith(f"{letter}_")]
    head, bracket, rest = name.partition("[")
    data = [f"{AT_HOME[head]}{bracket}{rest}"] if AT_HOME.get(head) in run.model.form.inputs else []
    return [name, *plain, *data]


def _known(run: Run, program: Program, name: str) -> Place | None:
    """The place of a name as a whole: an element's, a tensor's, or what an equation calls a tensor."""
    spelled = spellings(run, name)
    for each in spelled:
        if each in program.names:
            return Place(*program.names[each])
        if each in program.variables:               # a step of a sequence, too
            return Place(program.variables[each], None)
    return next((Place(program.symbols[each], None) for each in spelled if each in program.symbols), None)


def _element_of(run: Run, program: Program, name: str) -> Place | None:
    """The place of `hidden.net[3]`, written in one."""
    head, bracket, index = name.partition("[")
    place = _known(run, program, head) if bracket else None
    return None if place is None or place.element is not None else \
        _of_step(program, place.var, _offset(place.var, tuple(map(int, index.rstrip("]").split(",")))))


def find(run: Run, program: Program, tree: Tree) -> Place | None:
    """The place that a tree names, if it names one."""
    match tree:
        case Index(base, index):
            if (name := dotted(base)) is not None and (place := _known(run, program, _indexed(name, index))):
                return place
            place = find(run, program, base)
            if place is None or place.element is not None:
                return None
            if ALL in index:
                return place if len(index) == len(shape_of(place)) else None
            return _of_step(program, place.var, _offset(place.var, index))
        case Name() | Attribute():
            name = dotted(tree)
            return _known(run, program, name) if name else None
    return None


def _indexed(name: str, index: tuple[int, ...]) -> str:
    return f"{name}[{','.join(map(str, index))}]"


def _of_step(program: Program, var: Var, element: int) -> Place:
    """An element; of a whole sequence, the element of its step."""
    steps = program.stacks.get(var)
    if steps is None:
        return Place(var, element)
    step, rest = divmod(element, steps[0].lane_size)
    return Place(steps[step], rest)


def shape_of(place: Place) -> tuple[int, ...]:
    """The shape of what a place is, for one sample."""
    return place.var.lane_shape if place.element is None else ()


def _fits(index: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    return len(index) == len(shape) and all(0 <= i < n for i, n in zip(index, shape, strict=True))


def misfit(index: tuple[int, ...], shape: tuple[int, ...]) -> QuantityError:
    """That an index does not fit what it stands after."""
    said = f"the shape {list(shape)}; indices count from 0" if shape else "one number"
    return QuantityError(f"the index [{','.join(map(str, index))}] does not fit {said}")


def _offset(var: Var, index: tuple[int, ...]) -> int:
    shape = var.lane_shape
    if not _fits(index, shape):
        room = ", ".join(f"0…{n - 1}" for n in shape) or "no index"
        raise QuantityError(f"{var.name} takes {room}; here: [{','.join(map(str, index))}]")
    flat = 0
    for i, n in zip(index, shape, strict=True):
        flat = flat * n + i
    return flat


def first_of(program: Program, found: Meaning) -> Meaning:
    """One value of what was asked for: itself, or the first of a tensor."""
    place, of = (p and _of_step(program, p.var, p.element or 0) for p in (found.place, found.of))
    assert place is not None
    return replace(found, place=place, of=of)


def tree_of(place: Place) -> Tree:
    """A tree that names a place: by the element's name, or by the tensor's and its index."""
    var, element = place.var, place.element
    if element is not None and var.elements is not None:
        return _tree_of_name(var.elements[element])
    whole = _tree_of_name(var.name)
    if element is None or not var.lane_shape:
        return whole
    index: list[int] = []
    for length in reversed(var.lane_shape):
        element, i = divmod(element, length)
        index.append(i)
    return Index(whole, tuple(reversed(index)))


def _tree_of_name(name: str) -> Tree:
    """`memory.net[0]` and `w5.m` as trees."""
    name, bracket, index = name.partition("[")
    head, *parts = name.split(".")
    tree: Tree = Name(head)
    for part in parts:
        tree = Attribute(tree, part)
    return Index(tree, tuple(map(int, index.rstrip("]").split(",")))) if bracket else tree


# what it means

def meaning(run: Run, program: Program, tree: Tree) -> Meaning | None:
    """What a tree that names one thing means; None for an expression, an earlier update and a whole set.

    Raises QuantityError, in one sentence, for a name that the program does not have.
    """
    tree = meant(run, program, tree)
    if isinstance(tree, Call) and tree.function == "d":
        return _derivative(run, program, *tree.args)
    if not isinstance(tree, Name | Attribute | Index):
        return None
    place = find(run, program, tree)
    if place is not None:
        return Meaning("value", place)
    match tree:
        case Attribute(_, part) if part in SETS:
            return None
        case Attribute(base, part):
            return _part(run, program, base, part)
        case Index(base, index) if (whole := meaning(run, program, base)) is not None:
            raise misfit(index, (*(shape_of(whole.of) if whole.of is not None else ()), *shape_of(whole.place)))
        case Index():
            return None                             # an element of an expression
        case Name(id=name) if name in CONSTANTS or name == COUNTED:
            return None
    raise unknown(run, program, dotted(tree.base if isinstance(tree, Index) else tree) or "this")


def _part(run: Run, program: Program, base: Tree, part: str) -> Meaning:
    """`w5.grad`, `w5.change`, `w5.next`, `hidden.weights[0,1].m`."""
    place = find(run, program, base)
    if place is None:
        if isinstance(base, Index):
            meaning(run, program, base)             # says what is wrong with it
        raise unknown(run, program, f"{dotted(base) or 'this'}.{part}")
    name = dotted(base) or place.var.name
    if (named := program.variables.get(f"{place.var.name}.{part}")) is not None:
        return Meaning("value", Place(named, place.element if named.shape == place.var.shape else None))
    if part not in PARTS:
        raise unknown(run, program, f"{name}.{part}")
    if place.var not in program.state:
        raise QuantityError(f".{part} is of a parameter; {name} is none")
    if place.var not in (program.gradients if part == "grad" else program.nexts):
        trained = any(run.model_at(n).trained(place.var.name) for n in run.one_turn)
        raise QuantityError(f"{name} is not trained{' in this update' if trained else ''}, so it has no .{part}")
    kind: Kind = "grad" if part == "grad" else "next" if part == "next" else "change"
    return Meaning(kind, place)


def _derivative(run: Run, program: Program, y: Tree, x: Tree) -> Meaning:
    of, by = named(run, program, y, OF_DERIVATIVES), named(run, program, x, "d(y, x) needs a quantity x")
    if of.var.role not in ("forward", "loss"):
        raise QuantityError(f"{OF_DERIVATIVES}; {of.var.name} is {kind_of(of.var)}")
    return Meaning("derivative", by, of)


def named(run: Run, program: Program, tree: Tree, need: str) -> Place:
    """The place of y or x in d(y, x). Raises QuantityError."""
    place = find(run, program, tree)
    if place is not None:
        return place
    if isinstance(tree, Index) and find(run, program, tree.base) is not None:
        raise QuantityError(f"{dotted(tree.base)} is one number and takes no index")
    if isinstance(tree, Name | Index) or (isinstance(tree, Attribute) and tree.name not in PARTS):
        raise unknown(run, program, dotted(tree.base if isinstance(tree, Index) else tree) or "this")
    raise QuantityError(f"{need}, named as the scenario names it; not of an expression, an update or a pinned value")


def kind_of(var: Var) -> str:
    """What a variable is that nothing can be derived of."""
    return {"data": "data", "noise": "noise", "parameter": "a parameter", "slot": "the optimizer's", "setting":
            "a setting", "made": "made by the update"}.get(var.role, "none")


def unknown(run: Run, program: Program, name: str) -> QuantityError:
    """That a name is no quantity, and what to write in place of it."""
    ending = [each for each in program.variables if each.endswith(f".{name}")]
    if 1 <= len(ending) <= MOST_TOLD:
        return QuantityError(f"{name!r} is not a quantity of {run.scenario.name}: write {one_of(ending)}")
    inside = (eq.out for eq in program.equations if eq.out.role == "temporary" and eq.out.symbol == name)
    on_the_way = next(inside, None)
    if on_the_way is not None and on_the_way in program.home_of:
        out = program.blocks[program.home_of[on_the_way]].out
        return QuantityError(f"{name!r} is made on the way to {out.name}: write {out.name}, and step into it")
    return QuantityError(f"{name!r} is not a quantity of {run.scenario.name}{instead(run, program, name)}")


def instead(run: Run, program: Program, name: str) -> str:
    """What can be written in place of a name that there is not: a near one, or what there is."""
    known = [*program.names, *program.variables, *program.symbols]
    return did_you_mean(name, known) or f"; there are {listed(program)}"


def listed(program: Program) -> str:
    """A few of the quantities that can be asked for, by kind: `the values net_h1, … and 4 more, the loss E`."""
    kinds: list[str] = []
    for kind, role in TOLD:
        named = {place: name for name, place in reversed(program.names.items()) if place[0].role == role}
        names = [*reversed(named.values())] or [n for n, var in program.variables.items() if var.role == role]
        rest = f" and {len(names) - MOST_TOLD:,} more" * (len(names) > MOST_TOLD)
        several = "" if len(names) == 1 else "es" if kind == "loss" else "s"
        kinds += [f"the {kind}{several} {', '.join(names[:MOST_TOLD])}{rest}"] if names else []
    return "; ".join(kinds)
