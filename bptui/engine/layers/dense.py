"""Layers without memory or space: dense, activation, flatten, dropout, embedding, and the sum of two layers."""

from __future__ import annotations

import numpy as np

from ...scenario.records import Activation, Init
from ..builder import Lowering, contract
from ..laws import ACTIVATIONS
from ..program import Equation, Var
from ..structure import SAMPLE
from ..vectors import VECTOR_LAWS
from .site import Signal, Site, shaped

LAW_VARIABLE = "x"
FEW = 8                                             # earlier layers that a message names


def dense(site: Site, x: Signal) -> Signal:
    """net = W·x + b, out = activation(net), for each row of what it reads."""
    names, fed = site.names, x.shape[-1]
    units = names.count
    j, i = site.axis(units), x.var.letters[-1]
    weights = site.parameter(
        "weights", j + i, site.layer.weights,
        f"weights of {site.layer.name!r} must be {units} rows of {fed}, a row per unit and a number per input",
        (fed, units), symbol=f"W_{names.letter}", elements=names.weights, weights=True)
    bias = site.bias(j, (fed, units), units)
    linear = site.layer.activation.name == "linear"
    out = site.result("out" if linear else "net", x.var.letters[:-1] + j, names.units)
    products = [(weights, x.var)] + ([(bias,)] if bias is not None else [])
    net = site.line(Equation(out, tuple(contract(p, out) for p in products)))
    if linear:                                      # one line, with both names
        site.written.aliases[f"{site.layer.name}.net"] = net
        return Signal(net, names.units)
    return Signal(activate(site, net, names.units), names.units)


def activate(site: Site, net: Var, units: tuple[str, ...] | None, step: int | None = None) -> Var:
    """out = the layer's activation of `net`: a law of the library or of the file."""
    b, activation, group = site.b, site.layer.activation, site.layer.name
    out = site.result("out", net.letters, units, step)
    if activation.name == "linear":
        return site.line(Equation(out, (contract((net,), out),)))
    if activation.name in VECTOR_LAWS:
        return VECTOR_LAWS[activation.name](b, "forward", group, out, net)
    if activation.law is None:
        return b.law_line("forward", group, out, ACTIVATIONS[activation.name or ""], net)
    lowering = Lowering(b, {LAW_VARIABLE: net, **law_parameters(site, activation)}, out.name)
    lowering.lower(activation.law, out)
    return b.line("forward", group, lowering.equations, activation.text)


def law_parameters(site: Site, activation: Activation) -> dict[str, Var]:
    """The numbers that a law of the file has; made once, however many steps use them."""
    made = site.written.parameters
    return {name: made.get(f"{site.layer.name}.{name}") or site.parameter(
        name, "", np.asarray(value), "", (1, 1), f"activation.{name}", name in activation.train, name,
        (f"{name}_{site.names.letter}",)) for name, value in activation.parameters.items()}


def activation(site: Site, x: Signal) -> Signal:
    """An activation by itself."""
    units = site.names.passed(x.units)
    return Signal(activate(site, x.var, units), units)


def flatten(site: Site, x: Signal) -> Signal:
    """All numbers of a sample side by side."""
    out = site.result("out", SAMPLE + site.axis(x.var.lane_size), None)
    _, equation = site.moved(lambda a: a.reshape(-1), x.var, out.letters[1:], "flat")
    return Signal(site.line(Equation(out, equation.terms)))


def dropout(site: Site, x: Signal) -> Signal:
    """Each number is 0 with the chance `rate`, else larger by 1 / (1 - rate); in evaluation nothing is dropped."""
    units = site.names.passed(x.units)
    if site.written.evaluating:
        site.written.aliases[f"{site.layer.name}.out"] = x.var
        return x
    name = f"{site.layer.name}.mask"
    letters = SAMPLE * (not x.var.lanes) + x.var.letters
    mask = Var(name, letters, x.var.shape, "noise", f"mask_{site.names.letter}")
    site.written.noises[name] = site.option("rate")
    site.written.noise_vars.append(mask)
    out = site.result("out", letters, units)
    return Signal(site.line(Equation(out, (contract((mask, x.var), out),))), units)


def embedding(site: Site, x: Signal) -> Signal:
    """A row of numbers for each word of a vocabulary. What it reads has 1 at the word's number, else 0."""
    vocabulary = x.shape[-1]
    size = site.option("size")
    d, v = site.axis(size), x.var.letters[-1]
    given = site.layer.weights if site.layer.weights is not None else Init("normal")       # PyTorch's default here
    table = site.parameter("weights", v + d, given,
                           f"weights of {site.layer.name!r} must be {vocabulary} rows of {size}, a row per word",
                           (vocabulary, size), symbol=f"W_{site.names.letter}", elements=site.names.weights,
                           weights=True)
    out = site.result("out", x.var.letters[:-1] + d, None)
    return Signal(site.line(Equation(out, (contract((table, x.var), out),))))


def add(site: Site, x: Signal) -> Signal:
    """What comes here and what an earlier layer made, added: a residual connection."""
    other = site.option("from")
    if other not in site.written.outs:
        known = list(site.written.outs)
        stand = f"{', '.join(known[-FEW:]) or 'none'}{' and others' * (len(known) > FEW)}"
        site.wrong("from", f"{other!r} is no layer before this one; before it stand {stand}")
    y = site.written.outs[other]
    if y.shape != x.shape:
        site.wrong("from", f"{other!r} makes {shaped(y.shape)}, and what comes here is {shaped(x.shape)}: only equal "
                           f"shapes can be added")
    units = site.names.passed(x.units)
    out = site.result("out", x.var.letters, units)
    same = y.var.renamed(x.var.letters)
    return Signal(site.line(Equation(out, (contract((x.var,), out), contract((same,), out)))), units)
