"""The laws at the ends of their range: far out, at a base of 0, and where a probability is exactly 0 or 1.

Where PyTorch has a law, its value and its slopes are in the table (PyTorch 2.13, float64, on a CPU). A factor that is
exactly 0 beside an infinite one is 0 where the limit is: a summand of a cross-entropy whose weight is 0, and the
slopes of a power whose base or exponent is 0. Everywhere else it stays NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from bptui.engine.dialects import ARRAYS, IEEE, PYTHON_IEEE, SOURCE_IEEE, Text
from bptui.engine.laws import ACTIVATIONS, FUNCTIONS, LOG_CROSS_ENTROPY, PART_LOSSES, POW, Elementwise, power
from bptui.explain.check import check_run
from bptui.explain.digits import functions, numbers
from bptui.replay.run import Run

Open = Callable[..., Run]
NAN, INF = math.nan, math.inf
LAWS = {**FUNCTIONS, **ACTIVATIONS, **PART_LOSSES, "log_cross_entropy": LOG_CROSS_ENTROPY, "**": POW}
EXECUTORS = pytest.mark.parametrize("executor", ["straight", "arrays"])


def same(got: float, expected: float, rel: float = 1e-14) -> bool:
    if math.isnan(got) or math.isnan(expected) or math.isinf(got) or math.isinf(expected):
        return (math.isnan(got) and math.isnan(expected)) or got == expected
    return abs(got - expected) <= rel * abs(expected)


def readings(law: Elementwise, xs: tuple[float, ...]) -> Iterator[tuple[str, float, list[float]]]:
    """The value and the slopes of a law, as arrays, as generated text that never raises, and at 50 digits."""
    def slopes(f: Any, y: Any, xs: Any, convert: Callable[[Any], float]) -> list[float]:
        return [convert(p(f, y, *xs)) if callable(p) else p for p in law.partials]

    def first(x: Any) -> float:
        return float(np.broadcast_to(x, (2,))[0])

    with np.errstate(all="ignore"):
        arrays = [np.full(2, x) for x in xs]
        y = np.broadcast_to(law.law(ARRAYS, *arrays), (2,))
        yield "arrays", first(y), slopes(ARRAYS, y, arrays, first)

    names = [f"x{n}" for n in range(len(xs))]

    def made(reading: Callable[..., Any], given: list[str]) -> Callable[..., float]:
        texts = (Text(name, PYTHON_IEEE) for name in given)
        text = Text("0.0", PYTHON_IEEE).of(reading(SOURCE_IEEE, *texts)).source
        return eval(f"lambda {', '.join(given)}: {text}", {"__builtins__": {}, **vars(IEEE)})
    y = made(law.law, names)(*xs)
    yield "text", y, [made(p, ["y", *names])(y, *xs) if callable(p) else p for p in law.partials]

    exact = [numbers().mpf(x) for x in xs]
    y = numbers().mpf(law.law(functions(), *exact))
    yield "50 digits", float(y), slopes(functions(), y, exact, float)


# Far out

FAR = (-1e16, -700.0, -40.0, 0.0, 40.0, 700.0, 1e16)
TORCH: dict[str, tuple[tuple[float, float], ...]] = {     # at each of FAR: the value, the slope
    "sigmoid": ((0.0, 0.0), (9.85967654375977e-305, 9.85967654375977e-305),
                (4.248354255291589e-18, 4.248354255291589e-18), (0.5, 0.25), (1.0, 0.0), (1.0, 0.0), (1.0, 0.0)),
    "tanh": ((-1.0, 0.0), (-1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 0.0), (1.0, 0.0)),
    "relu": ((0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (40.0, 1.0), (700.0, 1.0), (1e16, 1.0)),
    "leaky_relu": ((-1e14, 0.01), (-7.0, 0.01), (-0.4, 0.01), (0.0, 0.01), (40.0, 1.0), (700.0, 1.0), (1e16, 1.0)),
    "elu": ((-1.0, 0.0), (-1.0, 9.85967654375977e-305), (-1.0, 4.248354255291589e-18), (0.0, 1.0), (40.0, 1.0),
            (700.0, 1.0), (1e16, 1.0)),
    "selu": ((-1.7580993408473766, 0.0), (-1.7580993408473766, 1.7334290832552394e-304),
             (-1.7580993408473766, 7.46902881591429e-18), (0.0, 1.7580993408473766),
             (42.028039494219215, 1.0507009873554805), (735.4906911488363, 1.0507009873554805),
             (1.0507009873554804e16, 1.0507009873554805)),
    "gelu": ((0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.5), (40.0, 1.0), (700.0, 1.0), (1e16, 1.0)),
    "silu": ((0.0, 0.0), (-6.90177358063184e-302, -6.891913904088079e-302),
             (-1.6993417021166355e-16, -1.6568581595637197e-16), (0.0, 0.5), (40.0, 1.0), (700.0, 1.0), (1e16, 1.0)),
    "softplus": ((0.0, 0.0), (9.85967654375977e-305, 9.85967654375977e-305),
                 (4.248354255291589e-18, 4.248354255291589e-18), (0.6931471805599453, 0.5), (40.0, 1.0), (700.0, 1.0),
                 (1e16, 1.0)),
    "abs": ((1e16, -1.0), (700.0, -1.0), (40.0, -1.0), (0.0, 0.0), (40.0, 1.0), (700.0, 1.0), (1e16, 1.0)),
    "exp": ((0.0, 0.0), (9.85967654375977e-305, 9.85967654375977e-305),
            (4.248354255291589e-18, 4.248354255291589e-18), (1.0, 1.0), (2.3538526683702e17, 2.3538526683702e17),
            (1.0142320547350045e304, 1.0142320547350045e304), (INF, INF)),
    "sqrt": ((NAN, NAN), (NAN, NAN), (NAN, NAN), (0.0, INF), (6.324555320336759, 0.07905694150420949),
             (26.457513110645905, 0.01889822365046136), (1e8, 5e-09)),
    "erf": ((-1.0, 0.0), (-1.0, 0.0), (-1.0, 0.0), (0.0, 1.1283791670955126), (1.0, 0.0), (1.0, 0.0), (1.0, 0.0)),
}  # fmt: skip


@pytest.mark.parametrize("name", TORCH)
def test_far_out_a_law_has_the_value_and_the_slope_of_pytorch(name: str) -> None:
    """In floats; 50 digits know better where a sigmoid, say, is 1 but for 4e-18."""
    for x, (value, slope) in zip(FAR, TORCH[name], strict=True):
        for how, y, slopes in readings(LAWS[name], (x,)):
            if how != "50 digits":
                assert same(y, value), (how, x, y)
                assert same(slopes[0], slope), (how, x, slopes)


@pytest.mark.parametrize("name, slopes", {             # mpmath, 60 digits: of the definition's derivative
    "silu": (0.0, -6.891913904088079e-302, -1.6568581595637197e-16, -0.08810410601516962, 0.07232948812851327,
             1.0881041060151697, 1.0000000243779807, 1.0000000000027136, 1.0, 1.0, 1.0),
    "elu": (0.0, 9.85967654375977e-305, 4.248354255291589e-18, 0.049787068367863944, 0.36787944117144233,
            1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
    "softplus": (0.0, 9.85967654375977e-305, 4.248354255291589e-18, 0.04742587317756678, 0.2689414213699951,
                 0.9525741268224333, 0.9999999987498471, 0.9999999999999064, 1.0, 1.0, 1.0),
}.items())  # fmt: skip
def test_a_slope_does_not_cancel_on_the_way_out(name: str, slopes: tuple[float, ...]) -> None:
    for x, slope in zip((-1e16, -700.0, -40.0, -3.0, -1.0, 3.0, 20.5, 30.0, 40.0, 700.0, 1e16), slopes, strict=True):
        for how, _, (got,) in readings(LAWS[name], (x,)):
            assert same(got, slope), (how, x, got)


# Powers

POWERS: dict[tuple[float, float], tuple[float, float, float]] = {     # base, exponent: the power, its slope by each
    (0.0, 0.0): (1.0, 0.0, 0.0), (0.0, 1.0): (0.0, 1.0, 0.0), (0.0, 2.0): (0.0, 0.0, 0.0), (0.0, 3.0): (0.0, 0.0, 0.0),
    (0.0, 0.5): (0.0, INF, 0.0), (0.0, 1.5): (0.0, 0.0, 0.0), (0.0, -1.0): (INF, -INF, -INF),
    (0.0, -2.0): (INF, -INF, -INF), (0.0, -0.5): (INF, -INF, -INF),
    (1.0, 0.0): (1.0, 0.0, 0.0), (1.0, 2.0): (1.0, 2.0, 0.0), (1.0, 0.5): (1.0, 0.5, 0.0),
    (1.0, -1.0): (1.0, -1.0, 0.0),
    (-2.0, 0.0): (1.0, 0.0, NAN), (-2.0, 1.0): (-2.0, 1.0, NAN), (-2.0, 2.0): (4.0, -4.0, NAN),
    (-2.0, 0.5): (NAN, NAN, NAN), (-2.0, -1.0): (-0.5, -0.25, NAN), (-2.0, -2.0): (0.25, 0.25, NAN),
    (INF, 0.0): (1.0, 0.0, INF), (INF, 1.0): (INF, 1.0, INF), (INF, 2.0): (INF, INF, INF), (INF, 0.5): (INF, 0.0, INF),
    (INF, -1.0): (0.0, 0.0, NAN), (INF, -2.0): (0.0, 0.0, NAN),
}  # fmt: skip

MINUS_0 = {0.0: (1.0, 0.0, 0.0), 1.0: (0.0, 1.0, 0.0), 2.0: (0.0, 0.0, 0.0), 0.5: (0.0, INF, 0.0),
           -1.0: (-INF, -INF, INF), -2.0: (INF, INF, -INF)}          # exponent: the same for a base of -0


@pytest.mark.parametrize("base, exponent, expected", [
    *((*at, expected) for at, expected in POWERS.items()), *((-0.0, at, expected) for at, expected in MINUS_0.items())])
def test_a_power_and_its_slopes_at_the_ends(base: float, exponent: float, expected: tuple[float, ...]) -> None:
    """PyTorch's. At 50 digits there is no -0."""
    for how, y, slopes in readings(POW, (base, exponent)):
        if how != "50 digits" or math.copysign(1.0, base) > 0:
            assert all(map(same, (y, *slopes), expected)), (how, y, slopes)


@pytest.mark.parametrize("exponent", [2.0, 3.0, 0.5, 1.5, -1.0, -2.0, -0.5])
@pytest.mark.parametrize("base", [0.0, 1.0, -2.0, INF])
def test_a_fixed_power_at_the_ends_is_the_power(base: float, exponent: float) -> None:
    expected = {(0.0, 3.0): (0.0, 0.0), (1.0, 3.0): (1.0, 3.0), (-2.0, 3.0): (-8.0, 12.0), (INF, 3.0): (INF, INF),
                (1.0, 1.5): (1.0, 1.5), (-2.0, 1.5): (NAN, NAN), (INF, 1.5): (INF, INF), (1.0, -2.0): (1.0, -2.0),
                (1.0, -0.5): (1.0, -0.5), (-2.0, -0.5): (NAN, NAN), (INF, -0.5): (0.0, 0.0)}    # PyTorch
    value, slope = expected.get((base, exponent)) or POWERS[base, exponent][:2]
    for how, y, slopes in readings(power(exponent), (base,)):
        assert same(y, value) and same(slopes[0], slope), (how, y, slopes)


# Cross-entropies: -t log o. By hand; log 0 = -inf, and a summand whose weight is exactly 0 is 0 with slope 0

SURE: dict[str, dict[tuple[float, float], tuple[float, float]]] = {     # o, t: the value, the slope by o
    "cross_entropy": {
        (0.0, 0.0): (0.0, 0.0), (1.0, 0.0): (0.0, 0.0), (0.3, 0.0): (0.0, 0.0), (INF, 0.0): (0.0, 0.0),
        (-1.0, 0.0): (0.0, 0.0), (5e-324, 0.0): (0.0, 0.0), (1.0, 1.0): (0.0, -1.0), (0.0, 1.0): (INF, -INF),
        (0.0, 0.5): (INF, -INF), (NAN, 0.0): (NAN, NAN), (-1.0, 1.0): (NAN, 1.0),
    },
    "log_cross_entropy": {
        (-INF, 0.0): (0.0, 0.0), (-700.0, 0.0): (0.0, 0.0), (0.0, 1.0): (0.0, -1.0), (-INF, 1.0): (INF, -1.0),
        (NAN, 0.0): (NAN, 0.0),
    },
    "binary_cross_entropy": {
        (0.0, 0.0): (0.0, 1.0), (1.0, 1.0): (0.0, -1.0), (0.0, 1.0): (INF, -INF), (1.0, 0.0): (INF, INF),
        (0.25, 0.0): (0.2876820724517809, 4 / 3), (0.25, 1.0): (1.3862943611198906, -4.0),
        (0.5, 0.5): (math.log(2), 0.0),
        (0.0, 0.5): (INF, -INF), (NAN, 0.0): (NAN, NAN), (NAN, 1.0): (NAN, NAN),
    },
}  # fmt: skip


@pytest.mark.parametrize("name", SURE)
def test_a_cross_entropy_where_a_probability_is_0_or_1(name: str) -> None:
    for xs, (value, slope) in SURE[name].items():
        for how, y, slopes in readings(LAWS[name], xs):
            assert same(y, value) and same(slopes[0], slope), (how, xs, y, slopes)


def test_every_law_with_a_product_by_a_logarithm_takes_part() -> None:
    """A cross-entropy that is added to the library comes into the table."""
    assert {name for name in (*PART_LOSSES, "log_cross_entropy") if "entropy" in name} == SURE.keys()


def test_at_50_digits_a_branch_that_is_not_taken_may_divide_by_0() -> None:
    mp = numbers()
    assert mp.mpf(1) / 0 == mp.inf and 1 / mp.mpf(0) == mp.inf and mp.mpf(-2) / mp.mpf(0) == -mp.inf
    assert mp.isnan(mp.mpf(0) / 0) and mp.isnan(mp.nan / 0) and mp.mpf(1) / 4 == mp.mpf("0.25")


# Whole networks

SURE_NETWORK = """
[network]
inputs = 1
[[network.layers]]
kind = "dense"
name = "o"
units = {units}
activation = "{activation}"
weights = {weights}
bias = 0.0
[loss]
kind = "{loss}"
name = "E"
[data]
inputs = [[1.0], [0.5]]
targets = {targets}
[training]
learning_rate = 0.1
updates = 3
batch = {batch}
"""


def sure(activation: str, loss: str, weights: list[float], target: list[float], batch: int) -> str:
    return SURE_NETWORK.format(units=len(weights), activation=activation, weights=[[w] for w in weights], loss=loss,
                               targets=[target, target], batch=batch)  # fmt: skip


@EXECUTORS
@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("activation, loss, weights, target", [
    ("softmax", "cross_entropy", [1600.0, 0.0, 1.0], [1.0, 0.0, 0.0]),
    ("softmax", "binary_cross_entropy", [1600.0, 0.0, 1.0], [1.0, 0.0, 0.0]),
    ("sigmoid", "binary_cross_entropy", [-1600.0], [0.0]),
    ("sigmoid", "binary_cross_entropy", [1600.0], [1.0]),
    ("sigmoid", "cross_entropy", [1600.0, -1600.0], [1.0, 0.0]),
    ("linear", "softmax_cross_entropy", [1600.0, 0.0, 1.0], [1.0, 0.0, 0.0]),
    ("hard_sigmoid", "binary_cross_entropy", [-1600.0], [0.0]),
    ("relu", "cross_entropy", [2.0, -4.0], [0.0, 0.0]),
])  # fmt: skip
def test_a_network_that_is_sure_and_right_has_a_loss_of_0_and_learns_nothing(
        activation: str, loss: str, weights: list[float], target: list[float], batch: int, executor: str,
        open_text: Open) -> None:  # fmt: skip
    """PyTorch: E = 0, and every slope of a parameter is 0 (what is left is below 1e-346)."""
    run = open_text(sure(activation, loss, weights, target, batch), executor)
    for update in range(4):
        assert run.value("E", update) == 0.0
        assert np.array_equal(run.value("o.weights", update), [[w] for w in weights])
        assert not np.any(run.value("d(E, o.weights)", update)) and not np.any(run.value("d(E, o.bias)", update))
        assert np.isfinite(run.value("d(E, o.out)", update)).all()
    assert check_run(run).ok


@EXECUTORS
def test_a_network_that_is_sure_and_wrong_is_infinitely_wrong(executor: str, open_text: Open) -> None:
    """Nothing is clipped in silence."""
    run = open_text(sure("sigmoid", "binary_cross_entropy", [-1600.0], [1.0], 1), executor)
    assert run.value("E") == INF and run.value("d(E, out_o1)") == -INF


@EXECUTORS
def test_the_slope_of_a_power_of_0_by_its_exponent(executor: str, open_text: Open) -> None:
    """PyTorch, and the limit of a**b × log(a): 0. Of 2**1: 2 log 2."""
    run = open_text("[equations]\nforward = ['c1 = a1**b1', 'c2 = a2**b2', 'E = c1 + c2']\nloss = 'E'\n"
                    "[parameters]\nb1 = 1.0\nb2 = 1.0\n[values]\na1 = 0.0\na2 = 2.0\n"
                    "[training]\nlearning_rate = 0.1\nupdates = 2\n", executor)  # fmt: skip
    assert run.value("E") == 2.0
    assert run.value("d(E, b1)") == 0.0 and run.value("d(E, b2)") == 1.3862943611198906
    assert run.value("b1", 2) == 1.0 and math.isfinite(run.value("E", 2))


@EXECUTORS
def test_0_times_infinity_stays_nan_where_the_file_wrote_the_product(executor: str, open_text: Open) -> None:
    run = open_text("[equations]\nforward = ['E = t*log(p) + w']\nloss = 'E'\n[parameters]\nw = 1.0\n"
                    "[values]\nt = 0.0\np = 0.0\n[training]\nupdates = 1\n", executor)  # fmt: skip
    assert math.isnan(run.value("E"))
