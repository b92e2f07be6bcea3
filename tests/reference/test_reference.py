"""The oracles against the printed digits, and the shipped scenarios' `[[claims]]` against the oracles.

Nothing of bptui is imported. The printed figures are written down here once more, by hand from the
sources, so that a digit lost in a scenario file is found; the verdict rule is written once more, too.
"""

from __future__ import annotations

import hashlib
import tomllib
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

from scripts import make_wide_784
from tests.reference import numpy_loop
from tests.reference import one_neuron_reference as one_neuron
from tests.reference import two_layer_reference as two_layer

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SCENARIOS = ROOT / "scenarios"


train: Any = numpy_loop.train                       # its four parameters come as a list

# What, after how many updates, as printed.
TUTORIAL = """
net_h1 0 0.3775               out_h1 0 0.593269992          out_h2 0 0.596884378
net_o1 0 1.105905967          out_o1 0 0.75136507           out_o2 0 0.772928465
E_o1 0 0.274811083            E_o2 0 0.023560026            E 0 0.298371109
d(E,out_o1) 0 0.74136507      d(out_o1,net_o1) 0 0.186815602   d(net_o1,w5) 0 0.593269992
d(E,w5) 0 0.082167041         d(E_o1,net_o1) 0 0.138498562  d(E_o1,out_h1) 0 0.055399425
d(E_o2,out_h1) 0 -0.019049119 d(E,out_h1) 0 0.036350306     d(out_h1,net_h1) 0 0.241300709
d(E,w1) 0 0.000438568
w5 1 0.35891648   w6 1 0.408666186   w7 1 0.511301270   w8 1 0.561370121
w1 1 0.149780716  w2 1 0.19956143    w3 1 0.24975114    w4 1 0.29950229
E 1 0.291027924   E 10000 0.0000351085   out_o1 10000 0.015912196   out_o2 10000 0.984065734
"""
FIRST_PASS = """
s 0 1.94   predicted 0 0.874352143   E 0 0.356465271   E 0 ~0.357
d(E,predicted) 0 0.844352143   d(predicted,s) 0 0.109860473   d(s,W1) 0 0.1   d(s,W2) 0 0.3
d(E,W1) 0 0.009276093   d(E,W2) 0 0.027828278   W1 1 0.49990723907   W2 1 0.1997217172
d(s,b) 0 0   b 1 1.821556479
"""
SECOND_PASS = """
s 0 1.931463718067   predicted 0 0.873411342830056   E 0 0.35567134660719907
0.356465271-E 0 0.0007939243928009043
"""

Printed = tuple[str, int, str]


def table(text: str) -> list[Printed]:
    words = text.split()
    what = [w.replace(",", ", ").replace("-E", " - E") for w in words[::3]]
    return list(zip(what, map(int, words[1::3]), words[2::3], strict=True))


def verdict(printed: str, value: Decimal) -> str:
    """Half a unit of the last printed digit agrees, one and a half is a last digit."""
    figure = Decimal(printed.lstrip("~").replace("\N{MINUS SIGN}", "-"))
    unit = Decimal(1).scaleb(int(figure.as_tuple().exponent))
    off = abs(figure - value)
    return "agrees" if off <= unit / 2 else "last digit" if off <= unit * 3 / 2 else "differs"


def decimal(value: Any) -> Decimal:
    return Decimal(repr(value) if isinstance(value, float) else str(mpmath.nstr(value, 40)))


@cache
def value_of(name: str, what: str, after: int, exact: bool = False) -> Decimal:
    """A quantity of a shipped scenario by the oracle."""
    if name.startswith("two_layer"):
        rule = "in_place" if name == "two_layer_in_place" else "simultaneous"
        found = two_layer.figures(rule, after, exact)
    else:
        start = one_neuron.SECOND_PASS if name == "single_neuron_second_pass" else one_neuron.START
        found = one_neuron.figures(start, after, exact)
    return decimal(found[what])


def verdicts(name: str, text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"agrees": [], "last digit": [], "differs": []}
    for what, after, printed in table(text):
        found[verdict(printed, value_of(name, what, after))].append(f"{what} {after}")
    return found


@pytest.mark.parametrize(
    ("printed", "value", "expected"),
    [
        ("0.5", "0.55", "agrees"),
        ("0.5", "0.5500000001", "last digit"),
        ("0.5", "0.65", "last digit"),
        ("0.5", "0.6500000001", "differs"),
        ("0.50", "0.51", "last digit"),
        ("~0.357", "0.356465271", "last digit"),
        ("\N{MINUS SIGN}2", "-2.4", "agrees"),
        ("0", "0.092760926", "agrees"),
        ("0.000000000", "0.092760926", "differs"),
    ],
)
def test_the_verdict_rule(printed: str, value: str, expected: str) -> None:
    assert verdict(printed, Decimal(value)) == expected


def test_the_tutorial_by_the_rule_of_its_text() -> None:
    found = verdicts("two_layer", TUTORIAL)
    assert len(found["agrees"]) == 26
    assert found["last digit"] == ["d(E_o2, out_h1) 0"]
    assert found["differs"] == ["E 1", "E 10000", "out_o1 10000", "out_o2 10000"]


def test_the_tutorial_by_the_rule_of_its_program() -> None:
    found = verdicts("two_layer_in_place", TUTORIAL)
    assert len(found["agrees"]) == 25
    assert found["last digit"] == ["d(E_o2, out_h1) 0"]
    assert found["differs"] == ["w1 1", "w2 1", "w3 1", "w4 1", "E 10000"]


def test_its_last_error_is_that_of_one_pass_earlier() -> None:
    assert verdict("0.0000351085", value_of("two_layer", "E", 9999)) == "agrees"


def test_the_guide() -> None:
    first, second = verdicts("single_neuron", FIRST_PASS), verdicts("single_neuron_second_pass", SECOND_PASS)
    assert first["last digit"] == ["E 0", "d(s, b) 0"]  # ~0.357; and 0 for 1, by one unit of its only digit
    assert first["differs"] == ["b 1"]
    assert verdict("0.356370591", value_of("single_neuron", "E", 1)) == "agrees"
    assert second["last digit"] == second["differs"] == []


@pytest.mark.parametrize("rule", ["simultaneous", "in_place"])
@pytest.mark.parametrize("after", [0, 1, 10000])
def test_floats_against_50_digits(rule: two_layer.Rule, after: int) -> None:
    floats, exact = two_layer.figures(rule, after), two_layer.figures(rule, after, exact=True)
    assert floats.keys() == exact.keys()
    for what, value in floats.items():
        assert abs(value - exact[what]) <= 1e-10 * (abs(exact[what]) + 1e-6), what


@pytest.mark.parametrize("weight", range(8))
def test_the_hand_written_derivatives_against_differences(weight: int) -> None:
    with mpmath.workdps(50):
        number, step = mpmath.mpf, mpmath.mpf(10) ** -15
        weights = [number(w) for w in two_layer.WEIGHTS]
        ends = []
        for sign in (1, -1):
            moved = [w + sign * step * (n == weight) for n, w in enumerate(weights)]
            ends.append(two_layer.one_pass(moved, number, mpmath.exp)["E"])
        slope = (ends[0] - ends[1]) / (2 * step)
        here = two_layer.figures("simultaneous", 0, exact=True)
        assert abs(slope - here[f"d(E, w{weight + 1})"]) < 1e-25


def claims(name: str) -> list[dict[str, Any]]:
    return tomllib.loads((SCENARIOS / f"{name}.toml").read_text(encoding="utf-8"))["claims"]


@pytest.mark.parametrize(
    ("name", "text", "ours"),
    [
        ("two_layer", TUTORIAL, []),
        ("two_layer_in_place", TUTORIAL, []),
        ("single_neuron", FIRST_PASS, [("d(E, b)", 0, "0.000000000")]),  # left out, as if it were 0
        ("single_neuron_second_pass", SECOND_PASS, []),
    ],
)
def test_a_scenario_claims_what_its_source_printed(name: str, text: str, ours: list[Printed]) -> None:
    claimed = [(c["what"], c.get("after", 0), c["value"]) for c in claims(name) if "value" in c]
    assert len(claimed) == len(set(claimed))
    assert set(claimed) == set(table(text)) | set(ours)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["two_layer", "two_layer_in_place", "single_neuron", "single_neuron_second_pass"]
)
def test_every_claim_is_right_or_has_its_erratum_right(name: str) -> None:
    for claim in claims(name):
        if "value" not in claim:
            continue
        what, after = claim["what"], claim.get("after", 0)
        found = verdict(claim["value"], value_of(name, what, after))
        if "erratum" in claim:
            assert found != "agrees", claim
            assert verdict(claim["erratum"], value_of(name, what, after)) == "agrees", claim
            assert verdict(claim["erratum"], value_of(name, what, after, exact=True)) == "agrees", claim
        else:
            assert found in ("agrees", "last digit"), claim
        if found != "agrees":
            assert claim["why"], claim


def test_comparison_claims() -> None:
    for exact in (False, True):
        for what in ("W1", "W2", "b"):
            chain = value_of("single_neuron", f"d(E, {what})", 0, exact)
            closed = value_of("single_neuron", f"d(E_closed, {what})", 0, exact)
            assert abs(chain - closed) < Decimal("1e-15")
    compared = [c["what"] for c in claims("single_neuron") if "value" not in c]
    assert compared == [f"abs(d(E, {w}) - d(E_closed, {w})) < 1e-15" for w in ("W1", "W2", "b")]


def two_layer_net() -> tuple[Any, ...]:
    """Four samples, 2-3-2, and a start: made of sines, so that no generator is needed."""
    some = np.sin(np.arange(1.0, 32.0))
    return some[:8].reshape(4, 2), some[8:16].reshape(4, 2) ** 2, some[16:22].reshape(3, 2), 0.35, \
        some[22:28].reshape(2, 3), 0.6  # fmt: skip


@pytest.mark.parametrize("batch", [1, 3, 4])
def test_the_numpy_loop_against_differences(batch: int) -> None:
    """One update of each parameter is -rate × (E up - E down) / 2ε, with E the mean over the batch's rows."""
    X, T, *start = two_layer_net()
    rate, eps, per_epoch = 0.5, 1e-5, -(-len(X) // batch)

    def cost(parameters: list[Any], rows: slice) -> float:
        W1, b1, W2, b2 = parameters
        o = 1 / (1 + np.exp(-((1 / (1 + np.exp(-(X[rows] @ W1.T + b1)))) @ W2.T + b2)))
        return float(((T[rows] - o) ** 2).sum() / 2 / len(X[rows]))

    for n in range(per_epoch + 1):  # on into the second epoch
        rows = slice(n % per_epoch * batch, n % per_epoch * batch + batch)
        before = list(train(X, T, *start, rate, batch, n))
        after = train(X, T, *start, rate, batch, n + 1)
        for place, value in enumerate(before):
            for index in np.ndindex(np.shape(value)):
                up, down = (np.array(value, dtype=float) for _ in "ud")
                up[index] += eps
                down[index] -= eps
                ends = [cost([*before[:place], v, *before[place + 1 :]], rows) for v in (up, down)]
                moved = np.asarray(after[place])[index] - np.asarray(value)[index]
                assert moved == pytest.approx(-rate * (ends[0] - ends[1]) / (2 * eps), abs=1e-9)


def test_the_numpy_loop_leaves_its_arguments_alone_and_is_short() -> None:
    X, T, *start = two_layer_net()
    kept = [np.copy(p) for p in start]
    train(X, T, *start, 0.5, 3, 5)
    assert all(np.array_equal(a, b) for a, b in zip(start, kept, strict=True))
    text = (HERE / "numpy_loop.py").read_text(encoding="utf-8")
    assert len(text[text.index("def train") :].splitlines()) <= 20


def test_the_large_data_file_is_what_its_script_makes(tmp_path: Path) -> None:
    make_wide_784.write(tmp_path / "again.npz")
    shipped = SCENARIOS / "wide_784.npz"
    made, kept = (hashlib.sha256(f.read_bytes()).hexdigest() for f in (tmp_path / "again.npz", shipped))
    assert made == kept
    with np.load(shipped, allow_pickle=False) as data:
        inputs, targets = data["inputs"], data["targets"]
    assert inputs.shape == (100, 784) and inputs.dtype == np.uint8
    assert inputs.max() > 250 and not inputs[:, 0].any()  # its claim on pixel 0
    assert inputs[:10, 406].any()  # its claim on pixel 406
    assert targets.shape == (100, 10) and np.array_equal(targets.argmax(1), np.arange(100) % 10)
    assert np.array_equal(targets.sum(1), np.ones(100))
