"""The verdicts of the contract, on their edges; and on every figure of the shipped scenarios."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bptui.explain.claims import ClaimResult, figure, judge, judge_claim, units_off
from bptui.replay.run import Run, open_run
from bptui.scenario.expression import read_quantity
from bptui.scenario.records import Claim

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
        ("0.5", 0.5500000001, "last digit"),
        ("0.5", 0.65, "last digit"),
        ("0.5", 0.6500000001, "differs"),
        ("0.50", 0.51, "last digit"),  # digits count as printed
        ("0.500", 0.51, "differs"),
        ("~0.357", 0.356465271, "last digit"),
        ("~ 0.36", 0.356465271, "agrees"),
        ("\N{MINUS SIGN}2", -2.4, "agrees"),
        ("-0.019049119", -0.019049118258278114, "last digit"),
        ("+0.25", 0.25, "agrees"),
        ("3.15e-13", 3.1509e-13, "agrees"),
        ("3.15e\N{MINUS SIGN}13", 3.16e-13, "last digit"),
        ("0", 0.5, "agrees"),
        ("100", 100.6, "last digit"),
        (".5", 0.5, "agrees"),
        ("5.", 5.4, "agrees"),
        ("0." + "3" * 98, 1 / 3, "differs"),  # no float has 98 digits
        ("0.1", True, "differs"),
        ("1e9999", 1e300, "last digit"),  # one unit of its only digit, and no overflow
        ("1", float("nan"), "differs"),
        ("1", float("inf"), "differs"),
        ("-1", float("-inf"), "differs"),
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
        ("0.2", "0.3", float("nan"), "differs"),
    ],
)
def test_an_erratum(printed: str, erratum: str, computed: float, verdict: str) -> None:
    assert judge(printed, computed, erratum) == verdict


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
