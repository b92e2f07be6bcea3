"""Layers that bring their inputs to mean 0 and variance 1, and then let a gain and a bias move them.

Every stage is a line of its own: mean, variance, the normalised value, the result. The variance is that of the rows at
hand (divided by their number). Ioffe and Szegedy (2015) over the batch; Ba, Kiros and Hinton (2016) over the units.
"""

from __future__ import annotations

from math import prod

import numpy as np

from ..builder import contract
from ..laws import DIV, FUNCTIONS, SUB, Elementwise
from ..program import Block, Equation, Term, Var, following
from ..structure import SAMPLE
from .site import Signal, Site, shaped

EPSILON = 1e-5
KEPT = 0.9                                          # of the running statistics, at each update
RUNNING = Elementwise("running", lambda f, old, new: KEPT * old + (1 - KEPT) * new, ())


def _count(site: Site, over: str) -> tuple[Var, list[Equation]]:
    """How many numbers are summed over the axes `over`."""
    size = float(np.prod([site.b.extents[c] for c in over if c != SAMPLE]))
    if SAMPLE not in over:
        return site.b.constant(size), []
    n = site.b.setting("n")
    if size == 1.0:
        return n, []
    count = site.temporary("", "count")
    return count, [Equation(count, (contract((n, site.b.constant(size)), count),))]


def _mean(site: Site, x: Var, kept: str) -> Var:
    count, first = _count(site, "".join(c for c in x.letters if c not in kept))
    total, out = site.temporary(kept, "Σ x"), site.result("mean", kept, None)
    return site.line(*first, Equation(total, (contract((x,), total),)), Equation(out, (Term(DIV, (total, count)),)))


def _variance(site: Site, x: Var, mean: Var) -> Var:
    kept = mean.letters
    count, first = _count(site, "".join(c for c in x.letters if c not in kept))
    off, total = site.temporary(x.letters, "x - mean"), site.temporary(kept, "Σ (x - mean)²")
    out = site.result("variance", kept, None)
    return site.line(*first, Equation(off, (Term(SUB, (x, mean)),)), Equation(total, (contract((off, off), total),)),
                     Equation(out, (Term(DIV, (total, count)),)))


def _normalised(site: Site, x: Signal, mean: Var, variance: Var, axis: str) -> Signal:
    """gain × (x - mean) / sqrt(variance + ε) + bias, as two lines."""
    units = site.names.passed(x.units) if axis == x.var.letters[-1] else None
    count = site.b.extents[axis]
    off, root = site.temporary(x.var.letters, "x - mean"), site.temporary(variance.letters, "deviation")
    more = site.temporary(variance.letters, "variance + ε")
    epsilon = site.b.constant(site.option("epsilon", EPSILON))
    normal = site.result("normal", x.var.letters, units)
    site.line(Equation(off, (Term(SUB, (x.var, mean)),)),
              Equation(more, (contract((variance,), more), contract((epsilon,), more))),
              Equation(root, (Term(FUNCTIONS["sqrt"], (more,)),)), Equation(normal, (Term(DIV, (off, root)),)))
    gain = site.parameter("gain", axis, site.option("gain", np.ones(count)),
                          f"gain of {site.layer.name!r} must be {count} numbers", (count, count),
                          symbol=f"g_{site.names.letter}", elements=site.names.gain)
    out, bias = site.result("out", x.var.letters, units), site.layer.bias
    if bias is False:
        return Signal(site.line(Equation(out, (contract((gain, normal), out),))), units)
    shift = site.parameter("bias", axis, np.zeros(count) if bias is None else bias,
                           f"bias of {site.layer.name!r} must be {count} numbers", (count, count),
                           trained=site.layer.train_bias, symbol=f"b_{site.names.letter}", elements=site.names.bias)
    return Signal(site.line(Equation(out, (contract((gain, normal), out), contract((shift,), out)))), units)


def layer_norm(site: Site, x: Signal) -> Signal:
    """Over the last axis of each sample."""
    kept = x.var.letters[:-1]
    mean = _mean(site, x.var, kept)
    return _normalised(site, x, mean, _variance(site, x.var, mean), x.var.letters[-1])


def batch_norm(site: Site, x: Signal) -> Signal:
    """Over the batch: each unit, or each channel of an image. In evaluation by the running statistics."""
    if len(x.shape) not in (1, 3):
        site.wrong("kind", f"batch_norm reads units, or [channels, rows, columns]; what comes here is "
                           f"{shaped(x.shape)}")
    if prod(x.shape[1:]) == 1:                      # a sample has one value of each unit or channel
        site.written.pairs.append(site.layer.key)
    axis = x.var.letters[1]
    mean = site.running("running_mean", axis, 0.0)
    variance = site.running("running_variance", axis, 1.0)
    if site.written.evaluating:
        return _normalised(site, x, mean, variance, axis)
    now = _mean(site, x.var, axis)
    spread = _variance(site, x.var, now)
    site.written.updates.append(lambda: _follow(site, mean, now))
    site.written.updates.append(lambda: _follow(site, variance, spread, _count(site, x.var.letters.replace(axis, ""))))
    return _normalised(site, x, now, spread, axis)


UNBIASED = Elementwise("unbiased", lambda f, v, n: v * n / (n - 1), ())


def _follow(site: Site, running: Var, now: Var, count: tuple[Var, list[Equation]] | None = None) -> tuple[Var, Block]:
    """The update of a running statistic; the variance is made that of the whole, n / (n - 1) of the batch's."""
    out = following(running)
    equations: list[Equation] = []
    if count is not None:
        whole = site.temporary(now.letters, "of the whole")
        equations = [*count[1], Equation(whole, (Term(UNBIASED, (now, count[0])),))]
        now = whole
    return running, Block("update", site.layer.name, (*equations, Equation(out, (Term(RUNNING, (running, now)),))))
