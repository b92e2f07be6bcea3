"""Every law: NaN stays NaN, the readings agree, values and partials are those of the definitions.

The definitions (`definitions.py`) are written down once more, for mpmath; their derivatives are mpmath's
own, at 50 digits. Where a law bends, the slope is the one that the design names.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import mpmath
import numpy as np
import pytest

from bptui.engine.dialects import (
    ARRAYS,
    FLOATS,
    IEEE,
    PYTHON,
    PYTHON_IEEE,
    SOURCE,
    SOURCE_IEEE,
    Dialect,
    Text,
)
from bptui.engine.laws import (
    ACTIVATIONS,
    COMPARISONS,
    DIV,
    FUNCTIONS,
    LOG_CROSS_ENTROPY,
    NEG,
    PART_LOSSES,
    POW,
    SUB,
    Elementwise,
    power,
)
from bptui.engine.losses import part_law

NAN, INF = math.nan, math.inf
EXPONENTS = (-2.0, -1.0, -0.5, 0.5, 1 / 3, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)
LAWS: dict[str, Elementwise] = {
    law.name: law
    for law in (
        *(SUB, DIV, NEG, POW, part_law("mean_squared_error", 3)),
        *(power(e) for e in EXPONENTS),
        *FUNCTIONS.values(),
        *ACTIVATIONS.values(),
        *PART_LOSSES.values(),
        LOG_CROSS_ENTROPY,
    )
}
EVERY = {**LAWS, **COMPARISONS}
SPECIAL = (
    0.0,
    -0.0,
    1.0,
    -1.0,
    3.0,
    -3.0,
    5e-324,
    -1e-310,
    36.7,
    -36.7,
    709.9,
    -709.9,
    745.2,
    -746.0,
    1e154,
    -1e200,
    1.7e308,
    -1.7e308,
)


def arity(law: Elementwise) -> int:
    return len(law.partials)


def bits(x: float) -> bytes:
    """The bits of a float, every NaN alike."""
    return struct.pack("<d", NAN if x != x else x)


def points(law: Elementwise, count: int) -> Iterator[tuple[float, ...]]:
    """Arguments for a law: special ones, all magnitudes, and everyday ones."""
    random = Random(f"points of {law.name}")
    width = arity(law)
    if width == 1:
        yield from ((x,) for x in SPECIAL)
    else:
        yield from (tuple(random.choices(SPECIAL, k=width)) for _ in range(90))
    for n in range(count):
        spread = 10 ** random.uniform(-12, 12) if n % 3 == 0 else 3.0
        yield tuple(random.gauss(0, 1) * spread for _ in range(width))


def source_of(law: Callable[..., Any], names: list[str], dialect: Dialect, functions: Any) -> Callable[..., float]:
    """The generated text of a law, as a function."""
    text = Text("0.0", dialect).of(law(functions, *(Text(n, dialect) for n in names))).source
    scope = {"__builtins__": {}, **vars(FLOATS if dialect is PYTHON else IEEE)}
    return eval(f"lambda {', '.join(names)}: {text}", scope)


def readable(law: Elementwise) -> list[tuple[str, Callable[..., Any], bool]]:
    """The law and those of its partials that are written as laws; whether y comes first."""
    partials = [(f"{law.name} by {k}", p, True) for k, p in enumerate(law.partials) if callable(p)]
    return [(law.name, law.law, False), *partials]


# NaN


@pytest.mark.parametrize("name", [n for n in LAWS if n != "where"])
@pytest.mark.parametrize("others", [0.0, 1.0, -2.5, INF])
def test_a_law_maps_nan_to_nan(name: str, others: float) -> None:
    law = LAWS[name]
    names = [f"x{n}" for n in range(arity(law))]
    source = source_of(law.law, names, PYTHON_IEEE, SOURCE_IEEE)
    for place in range(arity(law)):
        xs = [NAN if n == place else others for n in range(arity(law))]
        assert math.isnan(source(*xs))
        with np.errstate(all="ignore"):
            assert np.isnan(law.law(ARRAYS, *(np.full(3, x) for x in xs))).all()
            assert np.isnan(law.law(ARRAYS, *(np.float64(x) for x in xs)))


@pytest.mark.parametrize("name", COMPARISONS)
@pytest.mark.parametrize("a, b", [(NAN, 1.0), (1.0, NAN), (NAN, NAN)])
def test_a_comparison_with_nan_is_false(name: str, a: float, b: float) -> None:
    law = COMPARISONS[name].law
    expected = 1.0 if name == "!=" else 0.0
    assert law(FLOATS, a, b) == expected
    assert source_of(law, ["a", "b"], PYTHON, SOURCE)(a, b) == expected
    assert np.array_equal(law(ARRAYS, np.full(2, a), np.full(2, b)), [expected] * 2)


@pytest.mark.parametrize(
    "c, a, b, expected",
    [
        (1.0, NAN, 2.0, NAN),
        (-0.5, NAN, 2.0, NAN),
        (0.0, NAN, 2.0, 2.0),
        (0.0, 3.0, NAN, NAN),
        (1.0, 3.0, NAN, 3.0),
        (NAN, 3.0, 4.0, NAN),
        (-0.0, 3.0, 4.0, 4.0),
        (INF, 3.0, 4.0, 3.0),
    ],
)
def test_where_is_its_selected_operand(c: float, a: float, b: float, expected: float) -> None:
    law = FUNCTIONS["where"].law
    got = [law(FLOATS, c, a, b), source_of(law, ["c", "a", "b"], PYTHON, SOURCE)(c, a, b)]
    got += law(ARRAYS, *(np.full(2, x) for x in (c, a, b))).tolist()
    assert {bits(x) for x in got} == {bits(expected)}


# Readings


@pytest.mark.parametrize("name", EVERY)
def test_generated_source_is_the_float_reading_bit_for_bit(name: str) -> None:
    law = EVERY[name]
    names = [f"x{n}" for n in range(arity(law))]
    finite = 0
    for _, reading, with_y in readable(law):
        given = ["y", *names] if with_y else names
        fast, safe = (source_of(reading, given, *d) for d in ((PYTHON, SOURCE), (PYTHON_IEEE, SOURCE_IEEE)))
        y_of = source_of(law.law, names, PYTHON_IEEE, SOURCE_IEEE)
        for xs in points(law, 120):
            args = (y_of(*xs), *xs) if with_y else xs
            never_raises = safe(*args)
            assert isinstance(never_raises, float)
            try:
                expected = reading(FLOATS, *args)
            except (OverflowError, ZeroDivisionError, ValueError):
                continue
            finite += 1
            assert bits(fast(*args)) == bits(expected) == bits(never_raises), args
    assert finite > 100


@pytest.mark.parametrize("name", EVERY)
def test_arrays_agree_with_floats(name: str) -> None:
    """Within a few units in the last place, and with inf and NaN at the same points."""
    law = EVERY[name]
    names = [f"x{n}" for n in range(arity(law))]
    samples = list(points(law, 300))
    columns = [np.array(c) for c in zip(*samples, strict=True)]
    value_of = source_of(law.law, names, PYTHON_IEEE, SOURCE_IEEE)
    ys = np.array([value_of(*xs) for xs in samples])
    for what, reading, with_y in readable(law):
        given = ["y", *names] if with_y else names
        scalar = source_of(reading, given, PYTHON_IEEE, SOURCE_IEEE)
        inputs = [ys, *columns] if with_y else columns
        expected = np.array([scalar(*xs) for xs in zip(*(c.tolist() for c in inputs), strict=True)])
        with np.errstate(all="ignore"):
            got = np.broadcast_to(reading(ARRAYS, *inputs), ys.shape)
        assert got.dtype == np.float64
        assert np.array_equal(np.isnan(got), np.isnan(expected)), what
        finite = np.isfinite(expected)
        assert np.array_equal(got[~finite], expected[~finite], equal_nan=True), what
        got, expected = got[finite], expected[finite]
        off = np.abs(got - expected)
        assert (off <= 16 * np.maximum(np.spacing(np.abs(expected)), np.spacing(1e-290))).all(), (
            what,
            off.max(),
        )


@pytest.mark.parametrize(
    "function, args, expected",
    [
        ("exp", (710.0,), INF),
        ("exp", (-1e9,), 0.0),
        ("exp", (-INF,), 0.0),
        ("expm1", (1e5,), INF),
        ("expm1", (-1e5,), -1.0),
        ("log", (0.0,), -INF),
        ("log", (-0.0,), -INF),
        ("log", (-1.0,), NAN),
        ("log", (INF,), INF),
        ("log", (-INF,), NAN),
        ("log1p", (-1.0,), -INF),
        ("log1p", (-1.5,), NAN),
        ("sqrt", (-1.0,), NAN),
        ("sqrt", (-0.0,), -0.0),
        ("sqrt", (INF,), INF),
        ("sin", (INF,), NAN),
        ("cos", (-INF,), NAN),
        ("tanh", (INF,), 1.0),
        ("erf", (-INF,), -1.0),
        ("abs", (-INF,), INF),
        ("div", (1.0, 0.0), INF),
        ("div", (-1.0, 0.0), -INF),
        ("div", (1.0, -0.0), -INF),
        ("div", (-1.0, -0.0), INF),
        ("div", (0.0, 0.0), NAN),
        ("div", (NAN, 0.0), NAN),
        ("div", (INF, 0.0), INF),
        ("div", (INF, INF), NAN),
        ("div", (1.0, INF), 0.0),
        ("div", (1e308, 1e-308), INF),
        ("power", (-8.0, 1 / 3), NAN),
        ("power", (0.0, -1.0), INF),
        ("power", (-0.0, -3.0), -INF),
        ("power", (-0.0, -2.0), INF),
        ("power", (1e200, 2.0), INF),
        ("power", (-1e200, 3.0), -INF),
        ("power", (-1e200, 2.0), INF),
        ("power", (0.0, 0.0), 1.0),
        ("power", (NAN, 0.0), NAN),
        ("power", (1.0, NAN), NAN),
        ("power", (-INF, 3.0), -INF),
        ("power", (-0.0, -0.5), INF),
    ],
)
def test_ieee_has_inf_and_nan_where_math_raises(function: str, args: tuple[float, ...], expected: float) -> None:
    """The answers of IEEE 754 for its recommended functions, but for NaN, which stays NaN in powers."""
    got = getattr(IEEE, function)(*args)
    assert type(got) is float and bits(got) == bits(expected)


def test_ieee_changes_no_bit_of_what_math_can_compute() -> None:
    random, computed = Random(7), 0
    for _ in range(3000):
        x, y = (
            random.choice([random.gauss(0, 1), 10 ** random.uniform(-30, 30) * random.choice([1, -1])]) for _ in "xy"
        )
        for name in ("exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "sqrt", "erf"):
            try:
                expected = getattr(math, name)(x)
            except (ValueError, OverflowError):
                continue
            computed += 1
            assert bits(getattr(IEEE, name)(x)) == bits(expected)
        assert bits(IEEE.div(x, y)) == bits(x / y)
        assert bits(IEEE.power(abs(x), 1.5)) == bits(math.pow(abs(x), 1.5))
    assert computed > 20000


# Definitions


Definitions = dict[str, Callable[..., Any]]
POWERS: Definitions = {f"**{e:g}": (lambda x, e=e: abs(x) ** mpmath.mpf(e)) for e in EXPONENTS}
POSITIVE = {"log", "sqrt", "**", *POWERS}
PROBABILITIES = {"binary_cross_entropy", "cross_entropy"}


@pytest.mark.parametrize("name", LAWS)
def test_values_and_partials_are_those_of_the_definition(name: str, definitions: Definitions) -> None:
    law, random = LAWS[name], Random(f"definition of {name}")
    definition = POWERS[name] if name in POWERS else definitions[name]
    for _ in range(25):
        xs = [random.uniform(-4, 4) for _ in range(arity(law))]
        if name in POSITIVE:
            xs[0] = abs(xs[0])
        if name in PROBABILITIES:
            xs = [random.uniform(0.05, 0.95) for _ in xs]
        y = float(law.law(FLOATS, *xs))
        with mpmath.workdps(50):
            exact = [mpmath.mpf(x) for x in xs]
            assert abs(y - definition(*exact)) <= 1e-14 * max(1, abs(y)), xs
            for k, partial in enumerate(law.partials):
                got = partial(FLOATS, y, *xs) if callable(partial) else partial
                order = tuple(int(n == k) for n in range(arity(law)))
                slope = mpmath.diff(definition, tuple(exact), order)
                assert abs(got - slope) <= 1e-10 * (abs(slope) + 1e-3), (k, xs)


def test_every_definition_is_of_a_law(definitions: Definitions) -> None:
    assert definitions.keys() | POWERS.keys() == LAWS.keys()


def test_softplus_and_sigmoid_do_not_overflow_where_their_value_is_finite() -> None:
    for name, at, expected in (
        ("softplus", 800.0, 800.0),
        ("softplus", -800.0, 0.0),
        ("sigmoid", -800.0, 0.0),
        ("sigmoid", 800.0, 1.0),
        ("silu", -800.0, -0.0),
    ):
        source = source_of(LAWS[name].law, ["x"], PYTHON_IEEE, SOURCE_IEEE)
        assert source(at) == expected
        with np.errstate(all="ignore"):
            assert LAWS[name].law(ARRAYS, np.array([at])) == expected


# Kinks


@pytest.mark.parametrize(
    "name, xs, slopes",
    [
        ("relu", (0.0,), (0,)),
        ("relu", (-0.0,), (0,)),
        ("abs", (0.0,), (0,)),
        ("abs", (-0.0,), (0,)),
        ("max", (2.0, 2.0), (1, 0)),
        ("max", (1.0, 2.0), (0, 1)),
        ("min", (2.0, 2.0), (1, 0)),
        ("min", (1.0, 2.0), (1, 0)),
        ("leaky_relu", (0.0,), (0.01,)),
        ("elu", (0.0,), (1,)),
        ("selu", (0.0,), (1.0507009873554805 * 1.6732632423543772,)),
        ("hard_sigmoid", (-3.0,), (0,)),
        ("hard_sigmoid", (3.0,), (0,)),
        ("absolute_error", (0.5, 0.5), (0, 0)),
        ("hinge", (1.0, 1.0), (0, 0)),
        ("huber", (2.0, 1.0), (1, -1)),
        ("huber", (0.0, 1.0), (-1, 1)),
    ],
)
def test_the_slope_at_a_kink(name: str, xs: tuple[float, ...], slopes: tuple[float, ...]) -> None:
    law = LAWS[name]
    y = law.law(FLOATS, *xs)
    arrays = [np.full(2, x) for x in xs]
    for partial, slope in zip(law.partials, slopes, strict=True):
        assert callable(partial)
        assert partial(FLOATS, y, *xs) == pytest.approx(slope, rel=1e-15, abs=0)
        got = partial(ARRAYS, law.law(ARRAYS, *arrays), *arrays)
        assert got.tolist() == [partial(FLOATS, y, *xs)] * 2


@pytest.mark.parametrize(
    "name", ["relu", "abs", "max", "min", "leaky_relu", "selu", "hard_sigmoid", "absolute_error", "hinge"]
)
def test_a_kink_has_a_sentence(name: str) -> None:
    assert LAWS[name].kink
