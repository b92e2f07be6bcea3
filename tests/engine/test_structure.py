"""Contract: what it computes, its scalars, and its adjoints, each against numpy's einsum and whole Jacobians.

The specifications are drawn at random with a fixed seed: 0 to 4 operands, letters that only the output has
(the product repeats), letters that only one operand has (it is summed first), and operands used twice.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
import pytest

from bptui.engine.arrays import Arrays, compiled, constants, equation_function, execute
from bptui.engine.derive import Reverse, walk
from bptui.engine.program import Block, Equation, Term, Var
from bptui.engine.scalars import Scalars
from bptui.engine.structure import NO_GRADIENT, Contract
from bptui.replay.open import open_run
from bptui.replay.run import Run
from bptui.scenario.shipped import shipped

EXTENTS = {"s": 3, "i": 2, "j": 4, "k": 1, "m": 5}
LETTERS = "".join(EXTENTS)
Values = dict[Var, np.ndarray]


def var(name: str, letters: str) -> Var:
    return Var(name, letters, tuple(EXTENTS[c] for c in letters), "forward")


def some_letters(random: Random) -> str:
    return "".join(random.sample(LETTERS, random.randint(0, 3)))


def random_sum(seed: int) -> tuple[Equation, Values]:
    """out = a sum of one to three products, and values for its operands."""
    random = Random(seed)
    numbers = np.random.default_rng(seed)
    out = var("y", some_letters(random))
    pool = [var(f"x{n}", some_letters(random)) for n in range(4)]
    products = [tuple(random.choices(pool, k=random.randint(0, 4))) for _ in range(random.randint(1, 3))]
    terms = tuple(Term(Contract(tuple(v.letters for v in p), out.letters), p) for p in products)
    return Equation(out, terms), {v: numbers.normal(size=v.shape) for v in pool}


def einsum(equation: Equation, values: Values) -> np.ndarray:
    """The equation by numpy's einsum, which needs a ones for every letter that only the output has."""
    out, total = equation.out, np.zeros(equation.out.shape)
    for term in equation.terms:
        ones = np.ones(out.shape)
        spec = ",".join([*(v.letters for v in term.args), out.letters])
        total = total + np.einsum(f"{spec}->{out.letters}", *(values[v] for v in term.args), ones)
    return total


def close(a: np.ndarray, b: np.ndarray, scale: float = 1.0) -> bool:
    return np.shape(a) == np.shape(b) and bool(np.all(np.abs(a - b) <= 1e-12 * (np.abs(b) + scale)))


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_arrays_and_scalars_are_einsum(first: int) -> None:
    for seed in range(first, first + 100):
        equation, values = random_sum(seed)
        expected = einsum(equation, values)
        got = equation_function(equation)(*(values[v] for v in equation.operands))
        assert close(np.asarray(got), expected, 10.0), equation.terms
        scalars = Scalars(equation)
        for flat in range(equation.out.size):
            listed = list(scalars.all_cells(flat))
            assert len(listed) == scalars.count(flat)
            assert listed == [scalars.cells(flat, m) for m in range(scalars.count(flat))]
            total = 0.0
            for cells in listed:
                total += np.prod([values[v].flat[n] for v, n in cells]) if cells else 1.0
            assert abs(total - expected.flat[flat]) <= 1e-11


def test_the_random_sums_have_all_that_they_should() -> None:
    """Every kind of letter and of operand that this file promises, or the tests above show little."""
    found: set[str] = set()
    for seed in range(400):
        equation, _ = random_sum(seed)
        for term in equation.terms:
            assert isinstance(term.op, Contract)
            found.add(f"{len(term.args)} operands")
            read = "".join(term.op.inputs)
            found.update("repeats" for c in equation.out.letters if c not in read)
            found.update("sums one alone" for c in term.op.summed if read.count(c) == 1)
            found.update("sums pairs" for c in term.op.summed if read.count(c) == 2)
            found.update("uses one twice" for v in term.args if term.args.count(v) > 1)
    assert found == {
        *(f"{n} operands" for n in range(5)),
        "repeats",
        "sums one alone",
        "sums pairs",
        "uses one twice",
    }


def test_the_order_of_a_sum_is_samples_first_then_as_written() -> None:
    w, x, y = var("w", "ij"), var("x", "sj"), var("y", "i")
    scalars = Scalars(Equation(y, (Term(Contract(("ij", "sj"), "i"), (w, x)),)))
    assert [cells[1][1] for cells in scalars.all_cells(0)] == list(range(12))  # x row by row
    assert [cells[0][1] for cells in scalars.all_cells(1)] == [4, 5, 6, 7] * 3  # the second row of w


def test_a_term_past_the_last_is_refused() -> None:
    w, y = var("w", "i"), var("y", "")
    with pytest.raises(IndexError, match="y has 2 terms"):
        Scalars(Equation(y, (Term(Contract(("i",), ""), (w,)),))).cells(0, 2)


# Rows against columns


def adjoints_by_the_rules(equation: Equation, values: Values, seed: np.ndarray) -> Values:
    """What the derived equations give for each operand, when the adjoint of the output is `seed`."""
    y_bar = Var("y_bar", equation.out.letters, equation.out.shape, "seed")
    made: dict[float, Var] = {}
    operands = tuple(dict.fromkeys(equation.operands))

    def constant(value: float) -> Var:
        return made.setdefault(value, Var(repr(value), "", (), "constant", value=value))

    reverse = Reverse(EXTENTS, constant, "y", frozenset(operands))
    walk(reverse, (Block("forward", "", (equation,)),), equation.out, (y_bar,))
    adjoints = {x: reverse.make_adjoint(x, "backward", "") for x in operands}
    derived = tuple(eq for block in reverse.blocks for eq in block.equations)
    known = {**values, y_bar: seed, **constants(derived)}
    execute(compiled(derived), known)
    return {x: Arrays(known).array(v) for x, v in adjoints.items()}


def jacobian(equation: Equation, values: Values, x: Var) -> np.ndarray:
    """dy/dx by differences; exact but for rounding, because y is a polynomial of degree 4 in x at most."""
    rows: list[np.ndarray] = []
    for flat in range(x.size):
        ends = {}
        for step in (1.0, -1.0, 0.5, -0.5):
            moved = values[x].copy()
            moved.flat[flat] += step
            ends[step] = einsum(equation, {**values, x: moved})
        rows.append((8 * (ends[0.5] - ends[-0.5]) - (ends[1.0] - ends[-1.0])) / 6)
    return np.array(rows).reshape((*x.shape, *equation.out.shape))


@pytest.mark.parametrize("first", range(1000, 1200, 50))
def test_derived_adjoints_are_the_jacobians_rows(first: int) -> None:
    for seed in range(first, first + 50):
        equation, values = random_sum(seed)
        y_bar = np.random.default_rng(seed + 1).normal(size=equation.out.shape)
        for x, got in adjoints_by_the_rules(equation, values, y_bar).items():
            expected = np.tensordot(jacobian(equation, values, x), y_bar, axes=y_bar.ndim)
            assert np.abs(got - expected).max(initial=0.0) <= 1e-9, (seed, x, equation.terms)


def test_stop_copies_and_passes_nothing_back() -> None:
    x, y = var("x", "j"), var("y", "sj")
    equation = Equation(y, (Term(NO_GRADIENT, (x,)),))
    value = np.arange(4.0)
    assert np.array_equal(equation_function(equation)(value), np.tile(value, (3, 1)))
    assert np.array_equal(adjoints_by_the_rules(equation, {x: value}, np.ones((3, 4)))[x], np.zeros(4))


# Σ contributions


def summed_terms(run: Run, equation: Equation, flat: int) -> tuple[float, float]:
    """Σ terms and Σ |terms| of one element, added from the left as a person reads them."""
    env = run.env(0)
    total = size = 0.0
    for cells in Scalars(equation).all_cells(flat):
        term = 1.0
        for cell in cells:
            term *= env.scalar(cell)
        total, size = total + term, size + abs(term)
    return total, size


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["straight", "arrays"])
@pytest.mark.parametrize("name", [name for name, _ in shipped() if name != "wide_784"])
def test_contributions_sum_to_the_gradient(name: str, executor: str) -> None:
    run = open_run(dict(shipped())[name], executor)
    checked = 0
    for equation in run.program(0).equations:
        if equation.law:
            continue
        for flat in range(equation.out.size):
            total, size = summed_terms(run, equation, flat)
            value = run.env(0).scalar((equation.out, flat))
            assert abs(total - value) <= (0 if executor == "straight" else 1e-12 * size), equation.out
            checked += 1
    assert checked >= 5


def test_contributions_sum_to_the_gradient_in_a_wide_network() -> None:
    run, random = open_run(dict(shipped())["wide_784"]), Random(784)
    assert run.schedule.kind == "arrays"
    for equation in run.program(0).equations:
        if equation.law:
            continue
        assert equation.out.size == 1 or equation.terms
        for flat in random.sample(range(equation.out.size), min(12, equation.out.size)):
            total, size = summed_terms(run, equation, flat)
            assert abs(total - run.env(0).scalar((equation.out, flat))) <= 1e-12 * size, equation.out


@pytest.mark.parametrize(
    "lines",
    [
        ["p = (X*W)/c", "E = (p - T)**2"],
        ["p = where(c, X*W, W)", "E = (p - T)**2"],
        ["p = X*W + c", "E = max(p, c) - min(p, T)"],
        ["r = c*W", "E = (X*W - T)**2 + r"],
    ],
)
def test_every_array_has_the_shape_of_its_variable(lines: list[str], open_text: Callable[..., Run]) -> None:
    """A law may ignore the operand that has the samples: 1/c is the same for all, and still one for each."""
    text = (f"[equations]\nforward = {lines}\nloss = 'E'\n[parameters]\nW = 0.5\nc = 2.0\n"
            "[values]\nX = [1.0, 2.0, 3.0]\nT = [1.0, 0.5, 4.0]\n")  # fmt: skip
    arrays, straight = (open_text(text, executor) for executor in ("arrays", "straight"))
    pairs = zip(arrays.program(0).equations, straight.program(0).equations, strict=True)
    for mine, other in pairs:
        assert close(arrays.env(0).array(mine.out), straight.env(0).array(other.out)), mine.out


def test_the_terms_of_an_element_all_at_once_are_those_asked_one_by_one(share: Callable[[int], int]) -> None:
    for seed in range(share(300)):
        equation, _ = random_sum(seed)
        s = Scalars(equation)
        for flat in range(equation.out.size):
            assert list(s.all_cells(flat)) == [s.cells(flat, m) for m in range(s.count(flat))]
