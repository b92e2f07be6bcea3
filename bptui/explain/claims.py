"""Whether a printed figure is right: the verdicts of a claim, and how each is called and marked.

A figure agrees within half a unit of its last printed digit; how many digits that are is always said with it. Within
one and a half units its source rounded on the way, or worked in single precision: said, and no failure. `check`, the
marks beside values, the list of printed figures and `i` all ask here, so they cannot disagree.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..replay.leaves import depends_on_sample
from ..replay.quantity import NotYet, Value, evaluate, lane_of
from ..replay.shapes import Shapes
from ..scenario.errors import Problem, QuantityError
from ..scenario.records import Claim
from ..scenario.trees import Operation, Tree, parts
from .cause import cause_of, told
from .notation import counted
from .residue import is_residue, made_of

if TYPE_CHECKING:
    from ..replay.run import Run

Verdict = Literal["agrees", "last digit", "float32", "known erratum", "differs", "undefined"]
HALF, ONE_AND_A_HALF = Decimal("0.5"), Decimal("1.5")
NEAR = Decimal("0.05")                              # of the value: farther off, a last digit is another number
SINGLE, SINGLE_DIGITS = Decimal("1e-6"), 7          # how far single precision is off, and how many digits it has
ZERO_DECIMALS = 3                                   # with which a printed zero says that a value is small
SHOWN = 0.005                                       # of a value: how far what is shown of it may be off
FEWEST = 3                                          # significant digits that can tell two numbers apart
MOST_DECIMALS = 9                                   # of a value that is shown with more than its figure has
EXACTLY = 1000                                      # digits: more than any double and any printed figure need


@dataclass(frozen=True)
class VerdictWord:
    """A verdict's mark beside a value, its name for one figure and for several, and whether it lets `check` pass."""

    mark: str
    one: str
    many: str
    ok: bool = True


WORDS: dict[Verdict, VerdictWord] = {
    "agrees": VerdictWord("=", "agrees", "agree"),
    "last digit": VerdictWord("≈", "last digit", "last digits"),
    "float32": VerdictWord("≈", "as in float32", "as in float32"),
    "known erratum": VerdictWord("≠", "known erratum", "known errata"),
    "differs": VerdictWord("≠", "differs", "differ", ok=False),
    "undefined": VerdictWord("?", "undefined", "undefined", ok=False),
}


@dataclass(frozen=True)
class ClaimResult:
    """`computed` is None where the claim could not be evaluated; `error` then says why.

    `digits` is to how many digits the printed figure agrees. `residue`: what was computed is 0 but for rounding.
    `cause`: the operation that made what is undefined, where that is a value of the run.
    """

    claim: Claim
    computed: float | bool | None
    verdict: Verdict
    error: str | None = None
    digits: int = 0
    residue: bool = False
    cause: str = ""

    @property
    def ok(self) -> bool:
        return WORDS[self.verdict].ok

    @property
    def decimals(self) -> int:
        """With how many decimals the computed value stands beside the figure: as many, or what tells them apart."""
        printed, here = decimals(self.claim.value or "0"), self.computed
        if self.verdict == "agrees" or not here or not math.isfinite(here):
            return printed
        enough = (n for n in range(printed, MOST_DECIMALS) if abs(round(here, n) - here) <= SHOWN * abs(here))
        return next(enough, max(printed, MOST_DECIMALS))


def figure(text: str) -> Decimal:
    """A printed number: a leading ~ says no more than its digits do, and U+2212 is a minus."""
    return Decimal(text.strip().removeprefix("~").strip().replace("\N{MINUS SIGN}", "-"))


def decimals(text: str) -> int:
    """How many decimals a number is printed with."""
    return max(0, -int(figure(text).as_tuple().exponent))


def units_off(text: str, computed: float) -> Decimal:
    """How far `computed` is from a printed number, in units of its last printed digit."""
    printed = figure(text)
    with localcontext(prec=EXACTLY):
        return abs(printed - Decimal(repr(computed))).scaleb(-int(printed.as_tuple().exponent))


def agrees(text: str, computed: float) -> bool:
    """Within half a unit. A zero that is printed for another value says too little with less than three decimals."""
    if computed != 0 and figure(text) == 0 and decimals(text) < ZERO_DECIMALS:
        return False
    return units_off(text, computed) <= HALF


def digits(text: str, computed: float) -> int:
    """To how many of its significant digits a printed number agrees; of a printed zero its decimals count."""
    printed = figure(text)
    if not math.isfinite(computed):
        return 0
    if printed == 0:
        return max(1, decimals(text)) if agrees(text, computed) else 0
    with localcontext(prec=EXACTLY):
        off = abs(printed - Decimal(repr(computed)))
        agree = (n for n in range(len(printed.as_tuple().digits), 0, -1)
                 if off <= HALF.scaleb(printed.adjusted() - n + 1))
        return next(agree, 0)


def judge(value_text: str, computed: float, erratum_text: str | None = None) -> Verdict:
    """The verdict on a printed number, and on what is said to be true in its place."""
    computed = float(computed)
    if not math.isfinite(computed):
        return "undefined"
    if erratum_text is not None:
        known = not agrees(value_text, computed) and agrees(erratum_text, computed)
        return "known erratum" if known else "differs"
    if agrees(value_text, computed):
        return "agrees"
    printed, here = figure(value_text), Decimal(repr(computed))
    with localcontext(prec=EXACTLY):
        off, size = abs(printed - here), abs(here)
        same_sign = printed != 0 != here and (printed > 0) == (here > 0)
        if same_sign and off <= NEAR * size and units_off(value_text, computed) <= ONE_AND_A_HALF:
            return "last digit"
        if len(printed.as_tuple().digits) >= SINGLE_DIGITS and off <= SINGLE * size:
            return "float32"
    return "differs"


def said(verdict: Verdict, digits: int) -> str:
    """A verdict in words; what agrees says to how many digits."""
    return f"{WORDS[verdict].one}, {counted(digits, 'digit')}" if verdict == "agrees" else WORDS[verdict].one


def judge_claim(run: Run, claim: Claim) -> ClaimResult:
    """The verdict on one claim about `run`."""
    try:
        lane = lane_of(run, claim.after, claim.sample)
        computed = _single(evaluate(run, claim.tree, claim.after, lane), claim)
    except NotYet:
        raise
    except QuantityError as error:
        return ClaimResult(claim, None, "differs", str(error))
    if claim.value is None:
        return ClaimResult(claim, bool(computed), "agrees" if computed else "differs")
    found = judged(claim, computed)
    if found.verdict == "undefined":
        return replace(found, cause=cause_text(run, claim.tree, claim.after, lane))
    if found.verdict == "differs" and is_residue(run, claim.tree, claim.after, lane):
        return replace(judged(claim, 0.0), computed=computed, residue=True)
    return found


def cause_text(run: Run, tree: Tree, update: int, lane: int) -> str:
    """Which operation made a quantity that is not finite: `log of -0.1, sample 3`; "" where it is no single value."""
    made = made_of(run, tree, update, lane)
    return "" if made is None else told(cause_of(run, made.update, made.cell, made.derivative), update)


def judged(claim: Claim, computed: float) -> ClaimResult:
    """The verdict on a claim's figure beside a number."""
    assert claim.value is not None
    return ClaimResult(claim, computed, judge(claim.value, computed, claim.erratum),
                       digits=digits(claim.value, computed))


def _single(value: Value, claim: Claim) -> float | bool:
    """The one number, or the one truth, that a claim is about."""
    if isinstance(value, np.ndarray):
        if claim.value is None:
            raise QuantityError("the comparison has an answer for each of several numbers; use any() or all()")
        if value.size != 1:
            raise QuantityError(f"this is a tensor of {value.size} numbers; a printed figure is one number")
        value = value.reshape(-1)[0]
    return bool(value) if claim.value is None else float(value) + 0.0     # never -0.0


# whether a claim can be asked at all

def claim_faults(run: Run, claims: Sequence[Claim]) -> list[Problem]:
    """What cannot be asked of `run`, of claims in the order of their file: at the key path of what is at fault.

    Nothing is computed: the claims are evaluated over a run whose every number is 1.
    """
    shapes = Shapes.of(run)
    found: list[Problem] = []
    for n, claim in enumerate(claims):
        key = claim.key or ("claims", n)
        try:
            lane = lane_of(run, claim.after, claim.sample)
        except QuantityError as error:
            found.append(Problem((*key, "sample"), f"{claim.what}: {error}"))
            continue
        try:
            _single(evaluate(shapes, claim.tree, claim.after, lane), claim)
            for part in _left_alone(claim.tree):
                evaluate(shapes, part, claim.after, lane)
        except QuantityError as error:
            found.append(Problem((*key, "what"), f"{claim.what}: {error}"))
            continue
        if claim.sample is not None and not depends_on_sample(run, run.program(claim.after), claim.tree):
            found.append(Problem((*key, "sample"), f"{claim.what} is of the whole batch: it has no sample"))
    return found


def _left_alone(tree: Tree) -> list[Tree]:
    """What `and` and `or` may leave unevaluated."""
    own = tree.args if isinstance(tree, Operation) and tree.operator in ("and", "or") else ()
    return [*own, *(deeper for part in parts(tree) for deeper in _left_alone(part))]
