"""sympy's expressions as formulas: fractions as quotients, decimals that end as decimals, π by its name.

Expressions are asked for their parts by the methods they have; sympy itself is not imported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..engine.algebra import PI, Applied, Cases, Constant, Formula, negative, raised, times

RELATIONS: dict[str, str] = {"<=": "≤", ">=": "≥", "==": "=", "!=": "≠"}
NAMED = {"Pi": PI, "Exp1": Applied("exp", (Constant(1.0),))}
LOGIC = {"And": "and", "Or": "or", "Not": "not", "BooleanTrue": "true", "BooleanFalse": "false"}
LONGEST_DENOMINATOR = 100                           # x / 4, but 0.001 × x


def spelled(e: Any, leaves: Mapping[Any, Formula], fraction: Callable[..., tuple[Any, Any]]) -> Formula:  # noqa: C901
    """`e` as a formula; `leaves` are what its symbols stand for, `fraction` is sympy's."""
    def below(part: Any) -> Formula:
        return spelled(part, leaves, fraction)

    if e in leaves:
        return leaves[e]
    if e.is_NumberSymbol:
        return NAMED.get(type(e).__name__) or Constant(float(e))
    if e.is_Piecewise:
        *cases, (last, condition) = e.args
        if condition != True:                       # noqa: E712  # sympy's own true
            return Cases(tuple((below(asked), below(value)) for value, asked in e.args), Constant(float("nan")))
        return Cases(tuple((below(asked), below(value)) for value, asked in cases), below(last))
    if e.is_Relational:
        return Applied(RELATIONS.get(str(e.rel_op), str(e.rel_op)), (below(e.lhs), below(e.rhs)))
    if logic := LOGIC.get(type(e).__name__):
        return Applied(logic, tuple(map(below, e.args)))
    if e.is_Rational:                               # 1/3 stays a fraction; 0.01 was a decimal and is one again
        if e.is_Integer or decimal(e):
            return Constant(float(e))
        return Applied("/", (Constant(float(e.p)), Constant(float(e.q))))
    if e.is_Add:
        terms = sorted(e.as_ordered_terms(), key=lambda t: (t.could_extract_minus_sign(), not t.is_number))
        if terms[0].could_extract_minus_sign():
            return negative(below(-e))
        total = below(terms[0])
        for term in terms[1:]:
            less = term.could_extract_minus_sign()
            total = Applied("-" if less else "+", (total, below(-term if less else term)))
        return total
    return _product(e, below, fraction)


def _product(e: Any, below: Callable[[Any], Formula], fraction: Callable[..., tuple[Any, Any]]) -> Formula:
    number, rest = e.as_coeff_Mul()
    if number.is_Rational and number.q > LONGEST_DENOMINATOR and decimal(number):
        return times(Constant(float(number)), below(rest))
    top, bottom = fraction(e, exact=True)
    if bottom != 1:
        if top.could_extract_minus_sign():
            return negative(Applied("/", (below(-top), below(bottom))))
        return Applied("/", (below(top), below(bottom)))
    if e.is_Mul:
        if e.could_extract_minus_sign():
            return negative(below(-e))
        first, *others = e.as_ordered_factors()
        product = below(first)
        for factor in others:
            product = times(product, below(factor))
        return product
    if e.is_Pow:
        base, exponent = e.as_base_exp()
        if exponent.is_Rational and (exponent.p, exponent.q) == (1, 2):
            return Applied("sqrt", (below(base),))
        return raised(below(base), below(exponent))
    return Applied(e.func.__name__.lower(), tuple(map(below, e.args)))


def decimal(number: Any) -> bool:
    """Whether a fraction is a decimal that ends."""
    return 10**40 % int(number.q) == 0
