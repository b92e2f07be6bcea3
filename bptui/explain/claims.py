"""Whether a printed figure is right: the verdicts of a claim.

A figure agrees within half a unit of its last printed digit; within one and a half its source rounded on the
way, which is said and is no failure. `check`, the marks beside values and the list of printed figures all ask
here, so they cannot disagree.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..replay.quantity import NotYet, Value, evaluate, lane_of
from ..scenario.errors import QuantityError
from ..scenario.records import Claim

if TYPE_CHECKING:
    from ..replay.run import Run

Verdict = Literal["agrees", "last digit", "known erratum", "differs"]
HALF, ONE_AND_A_HALF = Decimal("0.5"), Decimal("1.5")
EXACTLY = 1000                                      # digits: more than any double and any printed figure need


@dataclass(frozen=True)
class ClaimResult:
    """`computed` is None where the claim could not be evaluated; `error` then says why."""

    claim: Claim
    computed: float | bool | None
    verdict: Verdict
    error: str | None = None

    @property
    def ok(self) -> bool:
        return self.verdict != "differs"


def figure(text: str) -> Decimal:
    """A printed number: a leading ~ says no more than its digits do, and U+2212 is a minus."""
    return Decimal(text.strip().removeprefix("~").strip().replace("\N{MINUS SIGN}", "-"))


def units_off(text: str, computed: float) -> Decimal:
    """How far `computed` is from a printed number, in units of its last printed digit."""
    printed = figure(text)
    with localcontext(prec=EXACTLY):
        return abs(printed - Decimal(repr(computed))).scaleb(-int(printed.as_tuple().exponent))


def judge(value_text: str, computed: float, erratum_text: str | None = None) -> Verdict:
    """The verdict on a printed number, and on what is said to be true in its place."""
    computed = float(computed)
    if not math.isfinite(computed):
        return "differs"
    off = units_off(value_text, computed)
    if erratum_text is not None:
        known = off > HALF and units_off(erratum_text, computed) <= HALF
        return "known erratum" if known else "differs"
    return "agrees" if off <= HALF else "last digit" if off <= ONE_AND_A_HALF else "differs"


def judge_claim(run: Run, claim: Claim) -> ClaimResult:
    """The verdict on one claim about `run`."""
    try:
        value = evaluate(run, claim.tree, claim.after, lane_of(run, claim.after, claim.sample))
        computed = _single(value, claim)
    except NotYet:
        raise
    except QuantityError as error:
        return ClaimResult(claim, None, "differs", str(error))
    if claim.value is None:
        return ClaimResult(claim, bool(computed), "agrees" if computed else "differs")
    return ClaimResult(claim, computed, judge(claim.value, computed, claim.erratum))


def _single(value: Value, claim: Claim) -> float | bool:
    """The one number, or the one truth, that a claim is about."""
    if isinstance(value, np.ndarray):
        if claim.value is None:
            raise QuantityError("the comparison has an answer for each of several numbers; use any() or all()")
        if value.size != 1:
            raise QuantityError(f"this is a tensor of {value.size} numbers; a printed figure is one number")
        return float(value.reshape(-1)[0])
    return value if claim.value is None else float(value)
