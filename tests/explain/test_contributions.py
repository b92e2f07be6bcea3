"""Every scalar contribution: the terms that the screen shows of a sum add up to the value that ran.

Σ terms is held against the executed value within 1e-12 × Σ|terms|; in straight-line Python the sum from the left is
the value, bit for bit. Each term is held against the product of its cells. For dense networks the contributions to
the adjoints are held against vector-Jacobian products worked out here with numpy.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from random import Random

import numpy as np
import pytest

from bptui.engine.executor import Env
from bptui.engine.program import Equation, Var
from bptui.engine.scalars import is_stop
from bptui.explain.terms import term_values
from bptui.replay.open import open_run, open_scenario
from bptui.replay.run import Run
from bptui.replay.timeline import scalars
from bptui.scenario.reader import read_scenario_text
from bptui.scenario.shipped import shipped
from tests.support.runs import shared

SHIPPED = dict(shipped())
MOST = 100_000                                      # contributions of an equation that are all looked at
WITH_CELLS = 400                                    # elements whose terms are multiplied out once more
LATER = 50
NETWORK = """
[network]
inputs = 3
[[network.layers]]
kind = "dense"
name = "hidden"
units = 4
activation = "{hidden}"
weights = {{ init = "normal" }}
bias = {{ init = "normal" }}
[[network.layers]]
kind = "dense"
name = "output"
units = 3
activation = "{output}"
weights = {{ init = "normal" }}
[loss]
kind = "{loss}"
l1 = 0.01
l2 = 0.02
[data]
inputs = [[0.1, -0.2, 0.3], [1.1, 0.4, -0.5], [-0.6, 0.9, 0.2], [0.7, 0.8, -1.5], [0.3, 0.3, 0.1]]
targets = [[0, 0, 1], [1, 0, 0], [0, 1, 0], [0.5, 0.25, 0.25], [0, 0, 1]]
[training]
batch = 2
{training}
"""
WRITTEN = {
    "softmax, clipped, adam": NETWORK.format(hidden="softmax", output="linear", loss="softmax_cross_entropy",
                                             training="optimizer = 'adam'\nclip_norm = 0.1"),
    "laws in place": NETWORK.format(hidden="x / (1 + exp(-x)) + x*x", output="sigmoid", loss="(t - o)**4 / 4",
                                    training="update_order = 'in_place'\nmomentum = 0.9"),
    "log_softmax": NETWORK.format(hidden="relu", output="log_softmax", loss="-t*o", training="shuffle = true"),
    "perturbation": NETWORK.format(hidden="tanh", output="sigmoid", loss="half_squared_error",
                                   training="gradient = 'perturbation'\nperturbation = 1e-2"),
    "one unit": """
[network]
inputs = 2
[[network.layers]]
kind = "dense"
name = "hidden"
units = 1
activation = "tanh"
weights = [[0.5, -0.3]]
[[network.layers]]
kind = "dense"
name = "output"
units = 3
activation = "sigmoid"
weights = [[0.2], [-0.4], [0.9]]
bias = 0.1
[loss]
kind = "huber"
[data]
inputs = [[0.1, -0.2], [1.1, 0.4], [-0.6, 0.9]]
targets = [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
[training]
batch = 2
""",
    "objectives": """
[equations]
forward = ["fake = g*z + h + eps*z*g", "real = sigmoid(a*x + c)", "forged = sigmoid(a*fake + c + a*a*fake)",
           "D = -(log(real) + log(1 - forged))", "G = -log(forged)"]
loss = "D"
[parameters]
a = 0.4
c = -0.1
g = 0.7
h = 0.2
[values]
x = [1.0, 1.5, 0.8, 1.2, 2.0]
z = [0.3, -0.7, 0.1, 0.9, -0.2]
[noise]
eps = { init = "normal" }
[training]
batch = 2
optimizer = "rmsprop"
[[training.objectives]]
minimize = "D"
parameters = ["a", "c"]
updates = 2
[[training.objectives]]
minimize = "G"
parameters = ["g", "h"]
""",
}  # fmt: skip
PROGRAMS = {"softmax, clipped, adam": 2, "laws in place": 2, "log_softmax": 2, "perturbation": 2, "one unit": 2,
            "objectives": 4}  # fmt: skip


def looked_at(run: Run) -> list[int]:
    """The first update, a later one, and the first of each program (objective, batch size)."""
    first: dict[int, int] = {}
    for update in range(min(run.schedule.batches, 1000)):
        first.setdefault(id(run.program(update)), update)
    return sorted({0, min(LATER, run.updates), *first.values()})


def sums(run: Run, update: int) -> Iterator[Equation]:
    """The equations of an update that add something up."""
    for block in run.program(update).blocks:
        for equation in block.equations:
            if equation.law is None and not is_stop(equation):
                yield equation


def chosen(equation: Equation) -> list[int]:
    """All elements, or as many as have about `MOST` contributions together."""
    size, count = equation.out.size, scalars(equation).total // equation.out.size
    if size * count <= MOST:
        return list(range(size))
    return sorted(Random(equation.out.name).sample(range(size), max(1, MOST // max(1, count))))


def check(run: Run, update: int, exactly: bool) -> int:
    """How many contributions of the update were added up."""
    env, seen = run.env(update), 0
    for equation in sums(run, update):
        values, of = env.array(equation.out).reshape(-1), scalars(equation)
        elements = chosen(equation)
        again = set(elements[:: max(1, len(elements) // WITH_CELLS)])
        for flat in elements:
            terms = term_values(env, equation, flat)
            assert len(terms) == of.count(flat), equation.out
            seen += len(terms)
            if not np.isfinite(values[flat]):         # a run that has diverged
                assert not np.isfinite(np.sum(terms)), (equation.out, flat)
                continue
            off = abs(float(np.sum(terms)) - float(values[flat]))
            assert off <= 1e-12 * float(np.sum(np.abs(terms))), (equation.out, flat, off)
            if exactly:
                added = reduce(lambda a, b: a + b, terms.tolist()) if len(terms) else 0.0
                assert added == float(values[flat]), (equation.out, flat)
            if flat in again:
                products(env, equation, flat, terms)
    return seen


def products(env: Env, equation: Equation, flat: int, terms: np.ndarray) -> None:
    """Each term is its factors multiplied: its cells, found one by one."""
    for m in {0, len(terms) // 2, len(terms) - 1} if len(terms) else ():
        factors = [env.scalar(cell) for cell in scalars(equation).cells(flat, m)]
        assert reduce(lambda a, b: a * b, factors, 1.0) == terms[m], (equation.out, flat, m)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_contributions_of_a_shipped_scenario_add_up(name: str) -> None:
    run = shared(name)
    for update in looked_at(run):
        assert check(run, update, run.schedule.kind == "straight") > 0


@pytest.mark.parametrize("executor", ["straight", "arrays"])
@pytest.mark.parametrize("name", WRITTEN)
def test_the_contributions_of_every_program_add_up(name: str, executor: str) -> None:
    run = open_scenario(read_scenario_text(WRITTEN[name], "here"), executor)
    updates = looked_at(run)
    assert len({id(run.program(n)) for n in updates}) == PROGRAMS[name]
    for update in updates:
        assert check(run, update, executor == "straight") >= 20


def test_a_sum_that_does_not_add_up_is_seen() -> None:
    """A term left out, and a value off by its last digits."""
    run = open_run(SHIPPED["two_layer"])
    env = run.env(0)
    equation = next(eq for eq in sums(run, 0) if eq.out.name == "d(E, hidden.out)")
    short = Equation(equation.out, equation.terms[:0])
    assert len(term_values(env, short, 0)) == 0
    terms = term_values(env, equation, 0)
    value = float(env.array(equation.out).reshape(-1)[0])
    assert len(terms) == 2 and all(abs(value - t) > 1e-12 * np.abs(terms).sum() for t in terms)
    assert abs(value * (1 + 1e-11) - terms.sum()) > 1e-12 * np.abs(terms).sum()


# Vector-Jacobian products by hand


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def by_hand(run: Run, update: int) -> dict[str, np.ndarray]:
    """The contributions to each adjoint of a net of two sigmoid layers and half squared errors.

    Of W_o[k,j] and W_h[j,i] the last axis is the sample, of out_h[s,j] it is k; of a bias of each unit, the sample.
    """
    p = run.parameters(update)
    x, t = (run.model.rows.tensors[name][run.rows(update)] for name in ("inputs", "targets"))
    h = sigmoid(x @ p["hidden.weights"].T + p["hidden.bias"])
    o = sigmoid(h @ p["output.weights"].T + p["output.bias"])
    delta_o = (o - t) / len(x) * o * (1 - o)
    delta_h = (delta_o @ p["output.weights"]) * h * (1 - h)
    return {
        "d(E, output.weights)": np.einsum("sk,sj->kjs", delta_o, h),
        "d(E, hidden.weights)": np.einsum("sj,si->jis", delta_h, x),
        "d(E, hidden.out)": np.einsum("sk,kj->sjk", delta_o, p["output.weights"]),
        **{f"d(E, {layer}.bias)": delta.T for layer, delta in (("hidden", delta_h), ("output", delta_o))
           if p[f"{layer}.bias"].ndim},
    }  # fmt: skip


@pytest.mark.parametrize("name", ["two_layer", "wide_784"])
@pytest.mark.parametrize("update", [0, 7])
def test_the_contributions_to_adjoints_are_those_of_the_chain_rule(name: str, update: int) -> None:
    run = shared(name)
    made: dict[str, Equation] = {eq.out.name: eq for eq in sums(run, update)}
    checked = 0
    for what, expected in by_hand(run, update).items():
        if what not in made:                        # what is not trained
            assert "bias" in what
            continue
        equation, rows = made[what], expected.reshape(-1, expected.shape[-1])
        scale = float(np.abs(expected).max())
        out: Var = equation.out
        assert out.shape == expected.shape[:-1]
        for flat in chosen(equation)[:: max(1, out.size // 3000)]:
            terms = term_values(run.env(update), equation, flat)
            assert len(terms) == len(rows[flat])
            assert (np.abs(terms - rows[flat]) <= 1e-10 * (np.abs(rows[flat]) + 1e-6 * scale)).all(), (what, flat)
            checked += 1
    assert checked > 5
