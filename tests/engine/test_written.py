"""Formulas on one line: in brackets is what the ranks of operators would read as another formula, and nothing else."""

from __future__ import annotations

import pytest

from bptui.engine.algebra import Applied, Constant, Formula, Leaf
from bptui.engine.written import Spelled, write

A, B, C = Leaf("a"), Leaf("b"), Leaf("c")


def of(sign: str, *args: Formula) -> Formula:
    return Applied(sign, args)


@pytest.mark.parametrize(("tree", "line"), [
    (of("-", A, of("-", B, C)), "a - (b - c)"), (of("-", of("-", A, B), C), "a - b - c"),
    (of("+", A, of("×", B, C)), "a + b × c"), (of("×", of("+", A, B), C), "(a + b) × c"),
    (of("/", A, of("×", B, C)), "a / (b × c)"), (of("/", A, of("/", B, C)), "a / (b / c)"),
    (of("/", of("/", A, B), C), "a / b / c"), (of("^", of("+", A, B), Constant(2.0)), "(a + b)²"),
    (of("^", of("neg", A), Constant(2.0)), "(-a)²"), (of("neg", of("^", A, Constant(2.0))), "-a²"),
    (of("neg", of("+", A, B)), "-(a + b)"),
    # A sign that comes after an operator stands in brackets, as in print; one that comes first does not.
    (of("-", A, of("neg", B)), "a - (-b)"), (of("+", A, of("neg", B)), "a + (-b)"),
    (of("×", A, of("neg", B)), "a × (-b)"), (of("/", A, Constant(-2.0)), "a / (-2)"),
    (of("+", of("neg", A), B), "-a + b"), (of("×", of("neg", A), B), "-a × b"),
])
def test_a_line(tree: Formula, line: str) -> None:
    assert write(tree, lambda leaf: Spelled(str(leaf.of))) == line
