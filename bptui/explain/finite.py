"""Whether a run stays finite: its loss in every update, E.validation, and what is kept when it ends.

A gradient can be finite while the loss is NaN, so no look at gradients tells. What a file says of its own run, as in
`not isfinite(E)`, is no fault: a lesson on exploding gradients means it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..replay.meaning import dotted
from ..replay.run import Run
from ..scenario.records import Claim
from ..scenario.trees import Call, Operation, Tree
from .cause import cause_of, told
from .claims import judge_claim


@dataclass(frozen=True)
class Finite:
    """`what` is the first that is not finite, after `after` updates, as `value`; "" where all is.

    `updates` were looked at. `claimed`: a claim of the file, which holds, says it.
    """

    updates: int
    what: str = ""
    after: int = 0
    value: float = 0.0
    cause: str = ""
    claimed: bool = False

    @property
    def ok(self) -> bool:
        return not self.what or self.claimed


def check_finite(run: Run, ahead: Run, updates: int, claims: Iterable[Claim]) -> Finite:
    """`ahead` is the same run, of which all is known up to `updates`."""
    found = [each for each in (_loss(ahead, updates), _validation(ahead, updates), _kept(ahead, updates)) if each]
    if not found:
        return Finite(updates)
    first = min(found, key=lambda each: each.after)
    claimed = any(claim.after <= first.after and _says(claim.tree, first.what) and judge_claim(run, claim).ok
                  for claim in claims if claim.value is None)
    return Finite(updates, first.what, first.after, first.value, first.cause, claimed)


def _loss(ahead: Run, updates: int) -> Finite | None:
    costs = np.array(ahead.curve)
    bad = np.flatnonzero(~np.isfinite(costs))
    if not len(bad):
        return None
    after = int(bad[0]) * ahead.curve_stride
    loss = ahead.program(after).watched
    return Finite(updates, loss.name, after, float(costs[bad[0]]), told(cause_of(ahead, after, (loss, 0)), after))


def _validation(ahead: Run, updates: int) -> Finite | None:
    return next((Finite(updates, f"{ahead.program(after).watched.name}.validation", after, cost)
                 for after, cost in ahead.validation if not math.isfinite(cost)), None)


def _kept(ahead: Run, updates: int) -> Finite | None:
    """Parameters, running statistics, the optimizer's slots: what is not finite stays so, and is there at the end."""
    if (worst := _broken(ahead, updates)) is None:
        return None
    low, high = -1, updates
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _broken(ahead, middle) else (middle, high)
    name, flat, value = _broken(ahead, high) or worst
    program = ahead.program(high)
    var = next((v for v in program.state if v.name == name), None)
    cause = told(cause_of(ahead, high, (var, flat)), high) if var is not None else ""
    return Finite(updates, name, high, value, cause)


def _broken(run: Run, update: int) -> tuple[str, int, float] | None:
    """The first number that is kept after `update` updates and is not finite."""
    for name, values in run.schedule.at(update).unpack(run.state(update)).items():
        flat = np.ravel(values)
        bad = np.flatnonzero(~np.isfinite(flat))
        if len(bad):
            return name, int(bad[0]), float(flat[bad[0]])
    return None


def _says(tree: Tree, what: str) -> bool:
    """Whether a condition says that `what` is not finite."""
    match tree:
        case Operation("and", args):
            return any(_says(arg, what) for arg in args)
        case Operation("not", (Call("isfinite", (x,)),)) | Call("isnan", (x,)):
            return dotted(x) == what
    return False
