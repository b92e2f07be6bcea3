"""Attention: each step asks (query), each step answers (key), and what is handed on are means of values.

Vaswani and others (2017), without biases: scores are scaled by 1/√size of a head, probabilities are their softmax.
"""

from __future__ import annotations

import math

from ..builder import contract
from ..laws import Elementwise
from ..program import Equation, Term, Var
from ..structure import SAMPLE
from ..vectors import softmax
from .site import Signal, Site, shaped

MOST_NUMBERS = 50_000                               # each has a derivative by every score of its row
HIDDEN = -1e9                                       # a score whose exp is 0: a step does not see those after it
MASK = Elementwise("masked", lambda f, score, seen: f.where(seen > 0, score, HIDDEN),
                   (lambda f, y, score, seen: f.where(seen > 0, 1, 0), 0.0))


def attention(site: Site, x: Signal) -> Signal:
    """softmax(q·k / √size)·v for every head, side by side, and a linear map of that."""
    if len(x.shape) != 2:
        site.wrong("kind", f"attention reads [steps, features], and what comes here is {shaped(x.shape)}")
    steps, size = x.shape
    heads = site.option("heads", 1)
    if size % heads:
        site.wrong("heads", f"{heads} heads do not divide {size} features")
    site.bound("kind", "probabilities of a sample", heads * steps * steps, MOST_NUMBERS)
    _, t, i = x.var.letters
    u, h, e = site.axis(steps), site.axis(heads), site.axis(size // heads)

    def weights(part: str, letters: str) -> Var:
        return site.parameter(part, letters, site.option(part), f"{part} of {site.layer.name!r} must be {size} rows of "
                              f"{size}", (size, size), symbol=f"{part}_{site.names.letter}", weights=True)

    def projected(part: str, short: str) -> Var:
        """The inputs by one of the three maps, head by head."""
        a = site.axis(size)
        flat = site.temporary(SAMPLE + t + a, f"{part}·x")
        split, gather = site.moved(lambda m: m.reshape(steps, heads, size // heads), flat, t + h + e, short)
        out = site.result(short, split.letters, None)
        return site.line(Equation(flat, (contract((weights(part, a + i), x.var), flat),)), Equation(out, gather.terms))

    q, k, v = (projected(part, short) for part, short in (("query", "q"), ("key", "k"), ("value", "v")))
    scores = site.result("scores", SAMPLE + h + t + u, None)
    scale = site.b.constant(1.0 / math.sqrt(size // heads))
    site.line(Equation(scores, (contract((q, k.lettered(t, u), scale), scores),)))
    if site.option("causal", False):
        seen = Var("seen", t + u, (steps, steps), "triangle", "seen")
        masked = site.result("masked", scores.letters, None)
        scores = site.line(Equation(masked, (Term(MASK, (scores, seen)),)))
    p = site.result("probabilities", scores.letters, None)
    softmax(site.b, "forward", site.layer.name, p, scores)
    context = site.result("context", SAMPLE + t + h + e, None)
    site.line(Equation(context, (contract((p, v.lettered(t, u)), context),)))
    a, o = site.axis(size), site.axis(size)
    joined, gather = site.moved(lambda m: m.reshape(steps, size), context, t + a, "context")
    out = site.result("out", SAMPLE + t + o, None)
    return Signal(site.line(gather, Equation(out, (contract((weights("output", o + a), joined), out),))))
