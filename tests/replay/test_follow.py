"""Which values a derivative needs: masks over tensors say what a walk from scalar to scalar says.

The walk is the definition: a value is needed if it is the derivative, or an operand of what is needed and made on the
way back. It is held against the masks on every shipped scenario and on networks and equations made by chance.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from random import Random

import numpy as np
import pytest

from bptui.engine.laws import ACTIVATIONS
from bptui.engine.program import Block, Equation, Program, Term, Var
from bptui.engine.scalars import Cell
from bptui.engine.structure import Contract, Gather, Pick, PickMask, Scatter
from bptui.replay.follow import Needed, needed
from bptui.replay.moves import Path
from bptui.replay.open import open_scenario
from bptui.replay.run import Run
from bptui.replay.timeline import Position, Timeline, scalars
from bptui.scenario.reader import read_scenario_text
from bptui.scenario.shipped import shipped
from tests.support.runs import shared

ELEMENTWISE = ("tanh", "sigmoid", "relu")


def walked(program: Program, times: Timeline, var: Var, element: int, lane: int) -> list[int]:
    """The numbers of the values that a derivative needs, by going from every scalar to those that make it."""
    back = [(n, block) for n, block in enumerate(times.blocks) if block.phase in ("backward", "perturbation")]
    backward = {block.out: n for n, block in back}
    inside = {eq.out for _, block in back for eq in block.equations}
    target = next((out for out in backward if out.derivative_of is var), None)
    todo: list[Cell] = [] if target is None else [(target, target.flat(element, lane))]
    seen: set[Cell] = set()
    numbers: set[int] = set()
    while todo:
        cell = out, flat = todo.pop()
        if cell in seen:
            continue
        seen.add(cell)
        if out in backward:
            numbers.add(times.number(backward[out], flat % out.lane_size))
        todo += [c for cells in scalars(program.made_by[out]).all_cells(flat) for c in cells if c[0] in inside]
    return sorted(numbers)


def same(run: Run, chance: Random, share: int, update: int = 0) -> int:
    """Hold the masks against the walk for `share` of the derivatives of an update; how many were not empty."""
    program, times, found = run.program(update), run.times(update), 0
    derived = [v for out in (b.out for b in times.blocks) if (v := out.derivative_of) is not None]
    others = [v for v in (*program.inputs, *program.parameters) if v not in derived]
    for var in (*chance.sample(derived, min(share, len(derived))), *others[:1]):
        element, lane = chance.randrange(var.lane_size), chance.randrange(program.samples)
        expected, got = walked(program, times, var, element, lane), needed(program, times, var, element, lane)
        assert got.numbers.tolist() == expected, (run.scenario.name, var, element, lane)
        asks(got, expected, times, chance)
        found += bool(expected)
    return found


def asks(got: Needed, expected: list[int], times: Timeline, chance: Random) -> None:
    """What is asked of the masks, by the list of numbers."""
    assert bool(got) == bool(expected)
    near = [n + by for n in chance.sample(expected, min(4, len(expected))) for by in (-1, 0, 1)]
    for number in (0, 1, times.count, times.count + 1, *near):
        assert (number in got) == (number in expected)
        assert got.at_least(number) == next((n for n in expected if n >= number), None)
        assert got.at_most(number) == next((n for n in reversed(expected) if n <= number), None)
        if 0 < number <= times.count:
            block, element = times.locate(number)
            assert got.has(times.blocks[block].out, element) == (number in expected)


# by chance

EXTENTS = {"s": 2, "i": 2, "j": 4, "k": 1, "m": 3}


def tensor(chance: Random, name: str, letters: str | None = None) -> Var:
    letters = "".join(chance.sample("ijkm", chance.randint(0, 3))) if letters is None else letters
    letters = letters if "s" in letters or chance.random() < 0.3 else f"s{letters}"
    return Var(name, letters, tuple(EXTENTS[c] for c in letters), "adjoint")


def operation(chance: Random, out: Var, pool: list[Var]) -> Equation | None:
    """What makes `out`, by any kind of operation, out of what was made before."""
    kind = chance.choice(["products", "products", "law", "greatest", "chosen", "moved", "spread"])
    fit = [v for v in pool if set(v.letters) <= set(out.letters)]
    if kind == "law" and fit:
        return Equation(out, (Term(ACTIVATIONS["tanh"], (chance.choice(fit),)),))
    if kind in ("greatest", "chosen"):
        whole = [v for v in pool if set(v.letters) <= set(out.letters) and set("ijm") & set(v.letters)]
        if kind == "greatest":
            whole = [v for v in pool if set(v.letters) - set(out.letters)]
        if not whole:
            return None
        of = chance.choice(whole)
        kept = "".join(c for c in of.letters if c in out.letters) if kind == "greatest" else \
            of.letters.replace(chance.choice([c for c in of.letters if c in "ijm"]), "")
        return Equation(out, (Term((Pick if kind == "greatest" else PickMask)(of.letters, kept), (of,)),))
    if kind == "moved":
        args = tuple(chance.choices(pool, k=chance.randint(1, 2)))
        args = args if out.lanes else tuple(v for v in args if not v.lanes)
        sizes = tuple(v.lane_size for v in args)
        index = [chance.randrange(-1, sum(sizes)) for _ in range(out.lane_size)]
        return Equation(out, (Term(Gather(np.array(index), sizes), args),))
    if kind == "spread":
        of = chance.choice([v for v in pool if v.lanes == out.lanes] or [out])
        whole = range(of.lane_size)
        feeds = tuple(tuple(chance.sample(whole, chance.randint(0, len(whole)))) for _ in range(out.lane_size))
        return Equation(out, (Term(Scatter(feeds), (of,)),)) if of is not out else None
    products = [tuple(chance.choices(pool, k=chance.randint(0, 3))) for _ in range(chance.randint(0, 3))]
    return Equation(out, tuple(Term(Contract(tuple(v.letters for v in each), out.letters), each) for each in products))


def way_back(chance: Random) -> tuple[Program, Var]:
    """A program of a derivative alone, by every kind of operation, and what it is the derivative of."""
    weight, pool, made = Var("w", "ij", (2, 4), "parameter"), [tensor(chance, "x0"), tensor(chance, "x1")], []
    for n in range(chance.randint(3, 8)):
        equation = operation(chance, tensor(chance, f"y{n}"), pool)
        if equation is not None:
            made.append(equation)
            pool.append(equation.out)
    last = Var("dw", "ij", (2, 4), "adjoint", of=(weight,))
    some = tuple(chance.sample(pool, min(3, len(pool))))
    made.append(Equation(last, (Term(Contract(tuple(v.letters for v in some), last.letters), some),)))
    blocks = tuple(Block("backward", "", (equation,)) for equation in made)
    return Program(2, EXTENTS, blocks, (weight,), (), (weight,), (), last, last, last, None, {weight: last}, {}), weight


Shape = list[int]
Layer = tuple[dict[str, object], Shape]             # its keys, and the shape of what it makes


def recurrent(chance: Random, shape: Shape) -> Layer:
    whole, units = chance.random() < 0.5, chance.randint(1, 3)
    return {"units": units, "return_sequence": whole}, [shape[0], units] if whole else [units]


def dense(chance: Random, shape: Shape) -> Layer:
    units = chance.randint(1, 4)
    return {"units": units, "activation": chance.choice((*ELEMENTWISE, "softmax"))}, [*shape[:-1], units]


def convolved(chance: Random, shape: Shape) -> Layer:
    filters = chance.randint(1, 2)
    return {"filters": filters, "kernel": 2}, [filters, shape[1] - 1, shape[2] - 1]


def pooled(chance: Random, shape: Shape) -> Layer:
    return {"size": 2, "stride": 1}, [shape[0], shape[1] - 1, shape[2] - 1]


LAYERS: dict[str, tuple[Callable[[Shape], bool], Callable[[Random, Shape], Layer]]] = {
    "dense": (lambda shape: len(shape) < 3, dense),
    "activation": (lambda shape: True, lambda chance, shape: ({"activation": chance.choice(ELEMENTWISE)}, shape)),
    "dropout": (lambda shape: True, lambda chance, shape: ({"rate": 0.5}, shape)),
    "layer_norm": (lambda shape: True, lambda chance, shape: ({}, shape)),
    "batch_norm": (lambda shape: len(shape) != 2, lambda chance, shape: ({}, shape)),
    "rnn": (lambda shape: len(shape) == 2, recurrent),
    "gru": (lambda shape: len(shape) == 2, recurrent),
    "lstm": (lambda shape: len(shape) == 2, recurrent),
    "attention": (lambda shape: len(shape) == 2,
                  lambda chance, shape: ({"causal": chance.random() < 0.5}, shape)),
    "conv2d": (lambda shape: len(shape) == 3 and min(shape[1:]) > 1, convolved),
    "max_pool": (lambda shape: len(shape) == 3 and min(shape[1:]) > 1, pooled),
    "average_pool": (lambda shape: len(shape) == 3 and min(shape[1:]) > 1, pooled),
    "flatten": (lambda shape: len(shape) > 1, lambda chance, shape: ({}, [prod(shape)])),
}


def network(chance: Random) -> str:
    """A network of a few layers of any kind that fit, over rows, sequences or images; some add an earlier one."""
    inputs: Shape = chance.choice([[3], [5], [3, 2], [2, 4], [1, 4, 4], [2, 3, 4]])
    shape, layers, made = inputs, list[tuple[str, dict[str, object]]](), list[Shape]()
    for _ in range(chance.randint(2, 5)):
        kind = chance.choice([kind for kind, (fits, _) in LAYERS.items() if fits(shape)])
        keys, shape = LAYERS[kind][1](chance, shape)
        layers.append((kind, keys))
        made.append(shape)
        earlier = [n for n, its in enumerate(made[:-1]) if its == shape]
        if earlier and chance.random() < 0.3:
            layers.append(("add", {"from": f"l{chance.choice(earlier)}"}))
            made.append(shape)
    layers += [("flatten", {})] * (len(shape) > 1) + [("dense", {"units": 2})]
    written = "".join(f"[[network.layers]]\nname = 'l{n}'\nkind = '{kind}'\n" + "".join(
        f"{key} = {str(value).lower() if isinstance(value, bool) else repr(value)}\n" for key, value in keys.items())
        for n, (kind, keys) in enumerate(layers))
    samples = chance.randint(2, 4)
    data, targets = ([[round(chance.uniform(-1, 1), 2) for _ in range(count)] for _ in range(samples)]
                     for count in (prod(inputs), 2))
    batch = chance.choice([1, 2, "'all'"]) if "batch_norm" not in written else "'all'"
    return (f"[network]\ninputs = {inputs if len(inputs) > 1 else inputs[0]}\n{written}"
            f"[loss]\nkind = 'half_squared_error'\nl2 = {chance.choice([0.0, 0.1])}\n"
            f"[data]\ninputs = {data}\ntargets = {targets}\n"
            f"[training]\noptimizer = '{chance.choice(['sgd', 'adam'])}'\nlearning_rate = 0.1\nupdates = 4\n"
            f"batch = {batch}\n")


def equations(chance: Random) -> str:
    """Written equations that read each other, the parameters and a value that each sample has of its own."""
    names = ["a", "b", "c", "X"]
    lines: list[str] = []
    for n in range(chance.randint(2, 6)):
        x, y, z = (chance.choice(names) for _ in range(3))
        lines.append(f"q{n} = " + chance.choice([f"{x}*{y} + {z}", f"tanh({x}) - {y}*{z}*{x}", f"max({x}, {y})*{z}",
                                                 f"{x}/(2 + {y}*{y})", f"stop({x})*{y} + {z}", f"{x}"]))
        names.append(f"q{n}")
    lines.append(f"E = q{len(lines) - 1}*q{chance.randrange(len(lines))} + a*b*c")
    return (f"[equations]\nforward = {lines}\nloss = 'E'\n[parameters]\na = 0.5\nb = -0.2\nc = 1.5\n"
            f"[values]\nX = [0.3, -0.7, 1.1]\n[training]\nlearning_rate = 0.01\nupdates = 3\n")


@pytest.mark.parametrize("seed", range(200))
def test_masks_say_what_a_walk_says_of_every_operation(seed: int) -> None:
    """Those, too, that no layer's derivative has: who writes another kind need not think of following."""
    chance = Random(f"operations {seed}")
    program, weight = way_back(chance)
    times, element = Timeline(program, True), chance.randrange(8)
    assert needed(program, times, weight, element, 0).numbers.tolist() == walked(program, times, weight, element, 0)


@pytest.mark.parametrize("seed", range(60))
def test_masks_say_what_a_walk_over_scalars_says_on_programs_by_chance(seed: int) -> None:
    chance = Random(f"follow {seed}")
    text = network(chance) if seed % 3 else equations(chance)
    assert same(open_scenario(read_scenario_text(text, f"by chance {seed}")), chance, 8), text


@pytest.mark.parametrize("name", dict(shipped()))
def test_masks_say_what_a_walk_over_scalars_says_on_shipped_scenarios(name: str) -> None:
    run, chance = shared(name), Random(name)
    assert sum(same(run, chance, 6, update) for update in range(run.schedule.turns))


# what stepping asks

@pytest.mark.parametrize("name", ["two_layer", "gan", "convolution_small", "recurrent_bit"])
def test_a_followed_value_is_found_from_any_position(name: str) -> None:
    """The first that is made from there on, and the last that is made up to there."""
    run, chance = shared(name), Random(name)
    program = run.program(0)
    var = next(v for v in program.trained)
    path = Path(run, lambda update: needed(run.program(update), run.times(update), var, 0, 0))
    for update in range(run.schedule.turns):
        times = run.times(update)
        ends = [path.close(update, n) for n in walked(run.program(update), times, var, 0, 0)]
        for _ in range(60):
            value = chance.randint(0, times.count)
            at = Position(update, value, chance.randint(min(1, value), times.stops(value)))
            assert path.first_closed(update, at) == next((p for p in ends if p >= at), None)
            assert path.last_closed(update, at) == next((p for p in reversed(ends) if p <= at), None)
        assert path.last_closed(update, Position(update + 1)) == (ends[-1] if ends else None)
