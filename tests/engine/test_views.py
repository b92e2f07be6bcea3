"""Operands under other letters: the adjoint of every law, of lines of several laws and of softmax, against differences.

A variable may be read along other axes than its own (`Var.renamed`). What comes back is along the axes that it was read
by, and belongs along its own. Each case is a line whose operands stand now plain, now renamed, now transposed, now both
ways; the forward half is computed once more here, with numpy alone, and differentiated by differences.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations
from random import Random

import numpy as np
import pytest

from bptui.engine.arrays import Arrays, compiled, constants, execute
from bptui.engine.builder import Builder, contract
from bptui.engine.derive import Reverse, walk
from bptui.engine.dialects import ARRAYS
from bptui.engine.laws import ACTIVATIONS, COMPARISONS, DIV, FUNCTIONS, NEG, PART_LOSSES, POW, SUB, Elementwise, power
from bptui.engine.program import Block, Equation, Term, Var
from bptui.engine.scalars import Scalars
from bptui.engine.structure import NO_GRADIENT, Contract, NoGradient, Pick
from bptui.engine.vectors import VECTOR_LAWS

LAWS: dict[str, Elementwise] = {law.name: law for law in (
    SUB, DIV, NEG, POW, power(3.0), power(-1.5), *FUNCTIONS.values(), *ACTIVATIONS.values(), *PART_LOSSES.values(),
    *COMPARISONS.values())}
EXTENTS = {"s": 2, "i": 3, "j": 3, "k": 3, "n": 2}
OUT = "sijn"                                        # of the line: i and j are one axis under two letters
BASES = ("si", "sj", "ij", "i", "sijn", "sni", "", "jk", "skn", "kj")
SAME_AXIS = "ijk"
Values = dict[Var, np.ndarray]


def base(name: str, letters: str) -> Var:
    return Var(name, letters, tuple(EXTENTS[c] for c in letters), "forward", name)


def read(random: Random, v: Var, out: str) -> Var:
    """`v` under letters of the output: its own, or others of the same lengths."""
    fits = [p for p in permutations(SAME_AXIS, sum(c in SAME_AXIS for c in v.letters)) if set(p) <= set(out)]
    names = iter(random.choice(fits))
    return v.renamed("".join(next(names) if c in SAME_AXIS else c for c in v.letters))


def one_law(random: Random, law: Elementwise) -> tuple[Equation, ...]:
    pool = [base(f"x{n}", random.choice(BASES)) for n in range(2)]
    args = tuple(read(random, random.choice(pool), OUT) for _ in law.partials)
    return (Equation(base("y", OUT), (Term(law, args),)),)


def some_line(random: Random) -> tuple[Equation, ...]:
    """A line of several equations, whose temporaries are read under other letters, too."""
    pool = [base(f"x{n}", random.choice(BASES)) for n in range(3)]
    laws = [law for law in LAWS.values() if law.name not in COMPARISONS]
    equations: list[Equation] = []
    for n in range(random.randint(2, 4)):
        out = base(f"t{n}", OUT)
        law = random.choice(laws)
        if random.random() < 0.4:                   # a product, or a sum of two
            factors = [[read(random, random.choice(pool), OUT) for _ in range(random.randint(1, 2))]
                       for _ in range(random.randint(1, 2))]
            terms = tuple(contract(tuple(each), out) for each in factors)
        else:
            terms = (Term(law, tuple(read(random, random.choice(pool), OUT) for _ in law.partials)),)
        equations.append(Equation(out, terms))
        pool.append(out)
    last = base("y", OUT)
    ends = read(random, equations[-1].out, OUT), read(random, pool[0], OUT)
    return (*equations, Equation(last, (Term(SUB, ends),)))


def vector_line(random: Random, name: str, _: object = None) -> tuple[Equation, ...]:
    """A softmax along j of something that may have been made along i or k."""
    x = base("x0", random.choice(("si", "sj", "sni", "snj", "ski")))
    seen = x.renamed({"si": "sj", "sni": "snj", "ski": "sij"}.get(x.letters, x.letters))
    b = Builder(dict(EXTENTS))
    VECTOR_LAWS[name](b, "forward", "", base("y", seen.letters), seen)
    return b.blocks[0].equations


# The oracle

def broadcast(v: Var, values: Values, out: str) -> np.ndarray:
    """The numbers of `v` along the letters of the output, each axis where its letter is."""
    x = values[v.base] if v.value == 0.0 and v.role != "constant" else np.full(v.shape, v.value)
    order = sorted(range(len(v.letters)), key=lambda n: out.index(v.letters[n]))
    x = x.transpose(order)
    return x.reshape([EXTENTS[c] if c in v.letters else 1 for c in out])


def forward(equations: Sequence[Equation], values: Values, held: Values | None = None) -> Values:
    """Every value of a line, by numpy; what `stop` holds is as in `held`."""
    known = dict(values)
    for eq in equations:
        every = eq.out.letters + "".join(dict.fromkeys(
            c for t in eq.terms for v in t.args for c in v.letters if c not in eq.out.letters))
        total = np.zeros(eq.out.shape)
        for term in eq.terms:
            xs = [broadcast(v, known, every) for v in term.args]
            gone = tuple(range(len(eq.out.letters), len(every)))
            if isinstance(term.op, NoGradient) and held is not None:
                total = held[eq.out]
            elif isinstance(term.op, Pick):
                total = xs[0].max(axis=gone)
            elif isinstance(term.op, Contract):
                product = np.ones([EXTENTS[c] for c in every])
                for x in xs:
                    product = product * x
                total = total + product.sum(axis=gone)
            elif isinstance(term.op, Elementwise):
                total = np.broadcast_to(term.op.law(ARRAYS, *xs), eq.out.shape)
            else:
                assert isinstance(term.op, NoGradient)
                total = np.broadcast_to(xs[0], eq.out.shape)
        known[eq.out] = total
    return known


def differences(equations: Sequence[Equation], values: Values, x: Var, seed: np.ndarray) -> np.ndarray:
    """Σ seed × dy/dx for every element of x, by five points; NaN at a kink, where two distances do not agree."""
    held, y = forward(equations, values), equations[-1].out
    found = np.zeros(x.size)
    for flat in range(x.size):
        def at(step: float, flat: int = flat) -> float:
            moved = values[x].copy()
            moved.reshape(-1)[flat] += step
            return float((forward(equations, {**values, x: moved}, held)[y] * seed).sum())
        one, two = ((8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h) for h in (1e-3, 4e-4))
        found[flat] = two if abs(one - two) <= 1e-7 * (1 + abs(two)) else np.nan
    return found.reshape(x.shape)


# The engine

def derived(equations: tuple[Equation, ...], values: Values, seed: np.ndarray, mixes: bool) -> tuple[
        dict[Var, np.ndarray], tuple[Equation, ...], Values]:  # fmt: skip
    """The adjoint of everything that the line reads; the equations that make them, and all values."""
    y, made = equations[-1].out, {}
    y_bar = Var("y_bar", y.letters, y.shape, "seed", "y_bar")

    def constant(value: float) -> Var:
        return made.setdefault(value, Var(repr(value), "", (), "constant", "", None, (), value))
    reverse = Reverse(dict(EXTENTS), constant, "E", frozenset(values))
    walk(reverse, (Block("forward", "", equations, "", mixes),), y, (y_bar,))
    adjoints = {x: reverse.make_adjoint(x, "backward", "") for x in values}
    back = tuple(eq for block in reverse.blocks for eq in block.equations)
    known = {**values, y_bar: seed, **constants((*equations, *back))}
    execute(compiled((*equations, *back)), known)
    return {x: Arrays(known).array(v) for x, v in adjoints.items()}, (*equations, *back), known


def held_against(equations: tuple[Equation, ...], random: Random, mixes: bool = False) -> None:
    numbers = np.random.default_rng(random.randrange(2**32))
    inside = {eq.out for eq in equations}
    leaves = dict.fromkeys(v for eq in equations for v in eq.operands if v not in inside and v.role == "forward")
    values: Values = {v: numbers.uniform(0.2, 0.8, size=v.shape) for v in leaves}
    seed = numbers.normal(size=equations[-1].out.shape)
    with np.errstate(all="ignore"):
        expected = forward(equations, values)
        adjoints, every, known = derived(equations, values, seed, mixes)
        if not all(np.isfinite(expected[eq.out]).all() for eq in equations):
            return
        assert np.allclose(known[equations[-1].out], expected[equations[-1].out], rtol=1e-12, atol=1e-12)
        for x, got in adjoints.items():
            wanted = differences(equations, values, x, seed)
            smooth = np.isfinite(wanted)
            off = np.abs(got - wanted)[smooth]
            assert (off <= 1e-6 * (1 + np.abs(wanted[smooth]))).all(), (x, [(eq.out, eq.terms) for eq in equations])
    env = Arrays(known)
    for eq in (eq for eq in every if eq.law is None and eq.terms):      # and the scalars are those that were summed
        scalars = Scalars(eq)
        for flat in range(eq.out.size):
            total = sum(np.prod([env.scalar(c) for c in cells]) for cells in scalars.all_cells(flat))
            assert abs(total - env.scalar((eq.out, flat))) <= 1e-9 * (1 + abs(total)), eq.out


@pytest.mark.parametrize("name", LAWS)
def test_a_law_whose_operands_stand_under_other_letters(name: str) -> None:
    for n in range(12):
        random = Random(f"views of {name} {n}")
        held_against(one_law(random, LAWS[name]), random)


@pytest.mark.parametrize("first", range(10))
def test_a_line_of_several_laws(first: int, share: Callable[[int], int]) -> None:
    for n in range(share(100)):
        random = Random(f"a line {first} {n}")
        held_against(some_line(random), random)


@pytest.mark.parametrize("name", VECTOR_LAWS)
def test_a_law_over_a_vector(name: str) -> None:
    for n in range(20):
        random = Random(f"a vector {name} {n}")
        held_against(vector_line(random, name), random, mixes=True)


def test_x_less_the_square_of_y_along_another_axis() -> None:
    """Both are of layers of three units; by hand: ∂E/∂y[i] = -2 y[i] × Σ_s seed[s,i]."""
    x, y, out = base("x", "sj"), base("y", "si"), base("out", "sj")
    square = base("square", "sj")
    seen = y.renamed("sj")
    line = (Equation(square, (contract((seen, seen), square),)), Equation(out, (Term(SUB, (x, square)),)))
    numbers = np.random.default_rng(3)
    values = {x: numbers.normal(size=x.shape), y: numbers.normal(size=y.shape)}
    seed = numbers.normal(size=out.shape)
    adjoints, _, _ = derived(line, values, seed, False)
    assert np.allclose(adjoints[x], seed, rtol=1e-14) and np.allclose(adjoints[y], -2 * values[y] * seed, rtol=1e-14)


def test_the_cases_read_in_every_way() -> None:
    """Plain, renamed, transposed, and one base in two ways in one line."""
    found: set[str] = set()
    for n in range(300):
        random = Random(f"a line {n % 10} {n // 10}")
        line = some_line(random)
        read_as: dict[Var, set[str]] = {}
        for v in (v for eq in line for t in eq.terms for v in t.args):
            read_as.setdefault(v.base, set()).add(v.letters)
            found.add("plain" if v.letters == v.base.letters else
                      "transposed" if set(v.letters) == set(v.base.letters) else "renamed")
        found.update("two ways" for ways in read_as.values() if len(ways) > 1)
        found.update("a temporary, renamed" for b, ways in read_as.items() if b.name[0] == "t" and ways != {b.letters})
    assert found == {"plain", "transposed", "renamed", "two ways", "a temporary, renamed"}
    assert NO_GRADIENT in {t.op for eq in vector_line(Random(0), "softmax") for t in eq.terms}
