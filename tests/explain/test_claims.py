"""The verdicts of the contract, on their edges; and on every figure of the shipped scenarios."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import get_args

import pytest

from bptui.explain.claims import (
    WORDS,
    ClaimResult,
    Verdict,
    claim_faults,
    digits,
    figure,
    judge,
    judge_claim,
    judged,
    units_off,
)
from bptui.replay.open import open_run, open_scenario
from bptui.replay.run import Run
from bptui.scenario.expression import read_quantity
from bptui.scenario.reader import read_scenario_text
from bptui.scenario.records import Claim
from bptui.scenario.shipped import find
from tests.support.runs import shared

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"


@pytest.fixture(scope="module")
def two_layer() -> Run:
    return open_run(SCENARIOS / "two_layer.toml")


def claim(what: str, **rest: object) -> Claim:
    return Claim(what, read_quantity(what), **rest)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("printed", "computed", "verdict"),
    [
        ("0.5", 0.55, "agrees"),  # just half a unit, as Decimal reads the digits of the float
        ("0.5", 0.45, "agrees"),
        ("0.5", 0.5500000001, "differs"),  # one unit, but 9 % of the value
        ("2.5", 2.5500000001, "last digit"),
        ("3.5", 3.65, "last digit"),
        ("3.5", 3.6500000001, "differs"),
        ("19", 20.0, "last digit"),  # one unit, and just 5 %
        ("18.9", 19.9, "differs"),
        ("0.50", 0.51, "last digit"),  # digits count as printed
        ("0.500", 0.51, "differs"),
        ("~0.357", 0.356465271, "last digit"),
        ("~ 0.36", 0.356465271, "agrees"),
        ("\N{MINUS SIGN}2", -2.4, "agrees"),
        ("-0.019049119", -0.019049118258278114, "last digit"),
        ("+0.25", 0.25, "agrees"),
        ("3.15e-13", 3.1509e-13, "agrees"),
        ("3.15e\N{MINUS SIGN}13", 3.16e-13, "last digit"),
        ("0", 0.0, "agrees"),
        ("0", -0.0, "agrees"),
        ("0", 0.4, "differs"),  # too little is said of what is not 0
        ("0.00", 0.0004, "differs"),
        ("0.000", 0.0004, "agrees"),
        ("0.000", 0.0006, "differs"),  # a zero has no last digit
        ("1", 0.0, "differs"),  # nor has the value, if it is 0
        ("0.1", 0.0, "differs"),
        ("1", -0.4, "differs"),  # the other sign
        ("-1", 0.4, "differs"),
        ("1e1", 1.0, "differs"),
        ("0.1", 0.04, "differs"),
        ("2", 1.0, "differs"),
        ("0.69440615", 0.6944061315105916, "float32"),  # 2.7e-8 of it: single precision
        ("0.6944063", 0.6944061315105916, "float32"),
        ("-0.69440615", 0.6944061315105916, "differs"),
        ("0.694407", 0.6944061315105916, "last digit"),  # within one and a half units: said of the digit
        ("0.694408", 0.6944061315105916, "differs"),  # six digits are no single precision
        ("0.6944075", 0.6944061315105916, "differs"),  # 2e-6 of it
        ("16777217", 16777216.0, "last digit"),
        ("100", 100.6, "last digit"),
        (".5", 0.5, "agrees"),
        ("5.", 5.4, "agrees"),
        ("0." + "3" * 98, 1 / 3, "float32"),  # no float has 98 digits, but rounding is all that is off
        ("0.1", True, "differs"),
        ("1e9999", 1e300, "differs"),  # one unit of its only digit, and no overflow
        ("1", float("nan"), "undefined"),
        ("1", float("inf"), "undefined"),
        ("-1", float("-inf"), "undefined"),
    ],
)
def test_a_printed_number(printed: str, computed: float, verdict: str) -> None:
    assert judge(printed, computed) == verdict


@pytest.mark.parametrize(
    ("printed", "erratum", "computed", "verdict"),
    [
        ("0.291027924", "0.291027774", 0.29102777369359933, "known erratum"),
        ("0", "1", 1.0, "known erratum"),  # off by one unit only, and yet an erratum
        ("1.0", "1", 1.0, "differs"),  # what was printed is right: there is no erratum
        ("0.2", "0.3", 0.4, "differs"),
        ("0.2", "0.3", 0.36, "differs"),  # an erratum has to agree, not only almost
        ("0.2", "0.3", float("nan"), "undefined"),
        ("0.2", "0", 0.1, "differs"),  # a zero agrees with little
    ],
)
def test_an_erratum(printed: str, erratum: str, computed: float, verdict: str) -> None:
    assert judge(printed, computed, erratum) == verdict


def independently(printed: str, computed: float) -> str:
    """The rule once more, in fractions, from its own words."""
    if not math.isfinite(computed):
        return "undefined"
    text = printed.replace("\N{MINUS SIGN}", "-").removeprefix("~").strip()
    mantissa, _, exponent = text.lower().partition("e")
    whole, _, part = mantissa.partition(".")
    places = len(part) - int(exponent or 0)
    unit, said, here = Fraction(10) ** -places, Fraction(text), Fraction(repr(computed))
    off = abs(said - here)
    weak_zero = said == 0 and here != 0 and places < 3
    if 2 * off <= unit and not weak_zero:
        return "agrees"
    if said * here > 0 and 20 * off <= abs(here) and 2 * off <= 3 * unit:
        return "last digit"
    significant = len((whole.lstrip("+-") + part).lstrip("0"))
    return "float32" if significant >= 7 and off <= abs(here) / 10**6 else "differs"


def test_the_verdicts_are_those_of_the_rule_in_its_own_words(share: Callable[[int], int]) -> None:
    chance = random.Random("verdicts")
    seen: Counter[str] = Counter()
    for _ in range(share(20_000)):
        scaled = chance.uniform(-1, 1) * 10**chance.randint(-9, 9)
        computed = chance.choice([0.0, 1.0, -1.0, chance.uniform(-3, 3), scaled])
        decimals = chance.randint(0, 10)
        near = computed + chance.choice([0, 0, 1, -1, 1.4, -1.6, 0.45, 0.55, 3]) * 10.0**-decimals
        near = chance.choice([near, near, computed * (1 + chance.uniform(-2e-6, 2e-6)), -near, 0.0])
        printed = chance.choice([f"{near:.{decimals}f}", f"{near:.{decimals}e}", f"~{near:.{decimals}f}"])
        verdict = judge(printed, computed)
        seen[verdict] += 1
        assert verdict == independently(printed, computed), (printed, computed)
        assert (digits(printed, computed) > 0) or verdict not in ("agrees", "last digit"), (printed, computed)
    assert set(seen) == {"agrees", "last digit", "float32", "differs"}, seen


def test_each_verdict_has_a_word_and_a_mark_and_only_what_agrees_has_the_equals_sign() -> None:
    assert set(WORDS) == set(get_args(Verdict))
    assert [verdict for verdict, word in WORDS.items() if word.mark == "="] == ["agrees"]
    assert [verdict for verdict, word in WORDS.items() if not word.ok] == ["differs", "undefined"]


@pytest.mark.parametrize(("printed", "computed", "count"), [
    ("0.082167041", 0.08216704056423078, 8),
    ("0.10", 0.1, 2),
    ("1", 0.75, 1),
    ("1e1", 9.0, 1),
    ("1.0e1", 9.96, 2),
    ("0", 0.0, 1),
    ("0.0000", 0.00001, 4),  # of a printed zero, its decimals
    ("0.00", 0.004, 0),
    ("-0.019049119", -0.019049118258278114, 7),  # all but the last
    ("0.69440615", 0.6944061315105916, 7),
    ("2", 1.0, 0),
    ("-1", 1.0, 0),
    ("1", float("nan"), 0),
])  # fmt: skip
def test_to_how_many_digits_a_figure_agrees(printed: str, computed: float, count: int) -> None:
    assert digits(printed, computed) == count


@pytest.mark.parametrize(("value", "computed", "shown"), [
    ("0.40", 0.40123, 2),  # what agrees has as many decimals as its figure
    ("1", -0.4, 1),
    ("1", 2.61, 1),
    ("1", 2.66, 2),
    ("1", 0.266, 3),
    ("0", 1.0, 0),
    ("0.25", 0.001234, 5),
    ("1", 1e-30, 9),
    ("1", float("nan"), 0),
])  # fmt: skip
def test_the_value_beside_a_figure_is_shown_with_decimals_that_tell_them_apart(
    value: str, computed: float, shown: int
) -> None:
    assert judged(claim("w5", value=value), computed).decimals == shown


def test_how_far_off_is_counted_in_units_of_the_last_digit() -> None:
    assert units_off("0.0000351085", 3.51085e-05) == 0
    assert units_off("2.50", 2.48) == 2
    assert figure("~ \N{MINUS SIGN}1.5") == figure("-1.5")


@pytest.mark.parametrize(
    ("name", "figures", "comparisons"),
    [
        ("two_layer", {"agrees": 26, "last digit": 1, "known erratum": 4}, 0),
        ("two_layer_in_place", {"agrees": 25, "last digit": 1, "known erratum": 5}, 0),
        ("single_neuron", {"agrees": 11, "last digit": 1, "known erratum": 3}, 3),
        ("single_neuron_second_pass", {"agrees": 4}, 0),
        ("partial_derivative", {}, 4),
    ],
)
def test_the_shipped_figures(name: str, figures: dict[str, int], comparisons: int) -> None:
    run = open_run(SCENARIOS / f"{name}.toml")
    results = [judge_claim(run, c) for c in run.scenario.claims]
    assert Counter(r.verdict for r in results if r.claim.value is not None) == figures
    assert [r.computed for r in results if r.claim.value is None] == [True] * comparisons
    assert all(r.ok and r.error is None for r in results)


def test_a_comparison(two_layer: Run) -> None:
    for what, holds in (("E < 1", True), ("E > 1", False), ("not (w5 == 0.4)", False)):
        wanted = ClaimResult(claim(what), holds, "agrees" if holds else "differs")
        assert judge_claim(two_layer, claim(what)) == wanted


def test_after_and_sample(two_layer: Run) -> None:
    assert judge_claim(two_layer, claim("w5", after=1, value="0.35891648")).verdict == "agrees"
    assert judge_claim(two_layer, claim("w5", sample=1, value="0.40")).verdict == "agrees"
    absent = judge_claim(two_layer, claim("w5", sample=2, value="0.40"))
    assert not absent.ok and absent.error is not None and "sample 2" in absent.error


@pytest.mark.parametrize(
    ("what", "value", "words"),
    [
        ("w55", "1", "'w55' is not a quantity of two_layer"),
        ("hidden.weights", "1", "a tensor of 4 numbers"),
        ("hidden.weights > 0", None, "any() or all()"),
        ("w5@prev", "0.4", "no update before the first"),
        ("w5.m", "0.4", "'w5.m' is not a quantity of two_layer"),
    ],
)
def test_what_cannot_be_evaluated_differs_and_says_why(
    two_layer: Run, what: str, value: str | None, words: str
) -> None:
    result = judge_claim(two_layer, claim(what, value=value))
    assert (result.computed, result.verdict) == (None, "differs")
    assert result.error is not None and words in result.error
    [problem] = claim_faults(two_layer, [claim("w5", value="0.4"), claim(what, value=value)])
    assert problem.key == ("claims", 1, "what") and words in problem.message


TWO_SAMPLES = """
[equations]
forward = ["y = w*x", "E = y*y"]
loss = "E"
[parameters]
w = {w}
[values]
x = [0.5, 2.0]
[training]
updates = 3
batch = 1
"""


def small(w: float = 1.0, forward: str = "") -> Run:
    text = TWO_SAMPLES.format(w=w)
    if forward:
        text = text.replace('["y = w*x", "E = y*y"]', forward)
    return open_scenario(read_scenario_text(text, "small"))


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("d(d(E, w), w)", "not of an expression"),
        ("w[3]", "does not fit one number"),
        ("q", "'q' is not a quantity of small"),
        ("E < 0 and q > 1", "'q' is not a quantity"),  # what `and` need not look at
        ("E > 0 or q > 1", "'q' is not a quantity"),
        ("not (E > 0 or w[1] > 2)", "does not fit one number"),
        ("E.validation", "no validation data"),
        ("w.velocity", "'w.velocity' is not a quantity"),
        ("d(w, E)", "d(y, x) is of a forward or loss quantity"),
        ("y.next", ".next is of a parameter"),
    ],
)
def test_what_cannot_be_asked_is_a_fault_of_its_claim(what: str, words: str) -> None:
    [problem] = claim_faults(small(), [claim(what, value=None if "E <" in what or "E >" in what else "1")])
    assert problem.key == ("claims", 0, "what")
    assert problem.message.startswith(f"{what}: ") and words in problem.message


def test_a_sample_that_is_not_in_the_batch_is_a_fault_at_its_key() -> None:
    [problem] = claim_faults(small(), [claim("x", value="0.5", sample=1), claim("x", value="2", sample=2),
                                       claim("x", value="2", sample=2, after=1)])  # fmt: skip
    assert problem.key == ("claims", 1, "sample") and "sample 2 is not in the batch of update 0" in problem.message


@pytest.mark.parametrize("what", ["w", "w.next", "w@1 - w"])
def test_a_sample_of_what_has_none_is_a_fault_at_its_key(what: str) -> None:
    """It would be told as the figure of that sample, and is that of the batch."""
    [problem] = claim_faults(small(), [claim(what, value="1", sample=1)])
    assert problem.key == ("claims", 0, "sample")
    assert problem.message == f"{what} is of the whole batch: it has no sample"


def test_the_loss_of_a_batch_has_no_sample() -> None:
    run = open_run(find("batch_all"))
    asked = ("E", "d(E, w)", "line.net", "d(E, line.net)")
    faults = claim_faults(run, [claim(what, value="1", sample=2) for what in asked])
    assert [problem.key for problem in faults] == [("claims", 0, "sample"), ("claims", 1, "sample")]


def test_whether_a_claim_can_be_asked_does_not_hang_on_numbers() -> None:
    run = small(w=0.0)
    asked = [claim(what, value="1") for what in ("angle(w, w)", "1/w", "log(w)")]
    asked += [claim("w", after=10**6, value="1"), claim("isnan(E)"), claim("changed(w)")]
    assert claim_faults(run, asked) == [] and run.known == 0


@pytest.mark.parametrize("name", sorted(path.stem for path in SCENARIOS.glob("*.toml")))
def test_every_claim_of_a_shipped_scenario_can_be_asked(name: str) -> None:
    run = shared(name)
    assert claim_faults(run, run.scenario.claims) == []


# what is 0 but for rounding

@pytest.mark.parametrize(
    ("forward", "what", "computed"),
    [
        ('["y = 0.1*3 - 0.3", "E = y*w"]', "y", 5.551115123125783e-17),  # 0.1*3 is 0.30000000000000004 in doubles
        ('["y = 0.1*3 - 0.3", "z = 5*y", "E = z*w"]', "z", 2.7755575615628914e-16),
        ('["y = 0.1*3 - 0.3", "E = y*w"]', "d(E, w)", 5.551115123125783e-17),
        ('["E = w*3 - 0.3"]', "E", 5.551115123125783e-17),
        ('["E = w*3"]', "E - 0.3", 5.551115123125783e-17),
    ],
)
def test_what_is_left_of_terms_that_cancel_is_0_but_for_rounding(forward: str, what: str, computed: float) -> None:
    run = small(0.1, forward)
    found = judge_claim(run, claim(what, value="0"))
    assert (found.computed, found.verdict, found.digits, found.residue) == (computed, "agrees", 1, True)
    other = judge_claim(run, claim(what, value="0.1"))
    assert (other.verdict, other.residue) == ("differs", True)


@pytest.mark.parametrize("what", ["tiny", "d(E, w)", "E"])
def test_a_small_number_is_no_residue(what: str) -> None:
    found = judge_claim(small(0.5, '["tiny = exp(-40)", "E = tiny*w"]'), claim(what, value="0"))
    assert found.computed != 0 and (found.verdict, found.residue) == ("differs", False)


def test_what_is_undefined_names_the_operation_that_made_it() -> None:
    run = small(1.0, '["l = log(x - 1)", "E = l*w"]')
    found = judge_claim(run, claim("E", value="1"))
    assert (found.verdict, found.digits, found.ok) == ("undefined", 0, False) and math.isnan(float(found.computed or 0))
    assert found.cause.startswith("log of -0.5")
    assert judge_claim(run, claim("d(E, w)", value="1")).cause.startswith("log of -0.5")
