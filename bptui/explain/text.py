"""A chain as plain text: what `bptui show` prints, one row a line."""

from __future__ import annotations

import math

from ..replay.meaning import Meaning, meaning
from ..replay.run import Run
from ..scenario.expression import read_quantity
from ..scenario.trees import Tree
from . import notation
from .cause import cause_of, evidence, told
from .chain import Explainer
from .infinite import sentence
from .links import Chain, column
from .listing import is_forward
from .residue import made_of

DEEPER = 3                                          # columns that rows below a row move right


def chain_lines(chain: Chain) -> list[str]:
    """The rows of a chain with their names, rules, substituted numbers and values."""
    name, *rest = [part.text for part in chain.formula]
    lines = [f"{name} = {' × '.join(rest)}"] if rest else [name]
    nine = notation.plain(column(chain.rows))
    width = max((len(r.name) + DEEPER * r.depth for r in chain.rows), default=0)
    for row in chain.rows:
        sign = f"{'':{DEEPER * row.depth}}{row.sign:>2} {row.number:<2}"
        signed = row.kind not in ("operand", "result") or row.key[:1] == ("d",)
        value = "" if row.value is None else notation.number(row.value, signed, nine)
        detail = " = ".join(dict.fromkeys(t for t in (row.rule, row.lens) if t))       # a number alone stands once
        lines.append(f"  {sign} {row.name:<{width - DEEPER * row.depth}}  {value:>18}   {detail}".rstrip())
    return lines


def derivation(run: Run, text: str, update: int, lane: int) -> list[str]:
    """How a quantity came about, where it is one value of the run; nothing for other expressions. Of what is no number,
    why; of a derivative, that what it is of is none."""
    explainer, tree = Explainer(run, update, lane, whole=True), read_quantity(text)
    found = meaning(run, explainer.program, tree)
    chain = _chain_of(explainer, found)
    return [*(chain_lines(chain) if chain else []), *_no_number(explainer, text, tree), *_undefined(explainer, found)]


def _no_number(at: Explainer, text: str, tree: Tree) -> list[str]:
    """Why the value itself is none: the sentence of its step, or which operation broke on the way to it."""
    made = made_of(at.run, tree, at.update, at.lane)
    if made is None or (cause := cause_of(at.run, made.update, made.cell, made.derivative)) is None:
        return []
    if made.update == at.update and made.cell[0] in evidence(at.run, at.update, made.cell[0]).made:
        return [sentence(at, made.cell)]
    value = evidence(at.run, made.update, made.cell[0], made.derivative).value(made.cell)
    return [f"{notation.readable(text)} is {notation.one(value)}: {told(cause, at.update)}."]


def _undefined(at: Explainer, found: Meaning | None) -> list[str]:
    """`E is NaN: log of -2.`, where a derivative of it was asked for."""
    if found is None or (found.kind != "grad" and found.of is None):
        return []
    cell = found.of.cell(at.lane) if found.of is not None and found.of.scalar else (at.program.cost, 0)
    value = at.reader.value(cell)
    if math.isfinite(value):
        return []
    why = told(cause_of(at.run, at.update, cell), at.update)
    return [f"{at.title(cell)} is {notation.one(value)}{f': {why}' if why else ''}."]


def _chain_of(at: Explainer, found: Meaning | None) -> Chain | None:
    """The chain of one value of the run, or of one derivative; None for tensors, given values and expressions."""
    if found is None or not found.place.scalar or (found.of is not None and not found.of.scalar):
        return None
    var, element = found.place.var, found.place.element or 0
    if found.of is not None:
        if found.of.var is not at.program.cost:
            return at.total(found.of.cell(at.lane), found.place.cell(at.lane))
        return at.true_derivative(var, element)
    if found.kind in ("grad", "next"):
        var = (at.program.gradients if found.kind == "grad" else at.program.nexts)[var]
    if found.kind == "change" or not (is_forward(var) or at.has(var)):
        return None
    cell = var, var.flat(element, at.lane)
    return at.backward(cell) if var.role == "adjoint" else at.equation(cell)
