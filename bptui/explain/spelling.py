"""sympy's expressions as people read them here: × and /, ² for squares, the elements' own names.

Expressions are asked for their parts by the methods they have; sympy itself is not imported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..engine.readings import ATOM, DISPLAY, FORMULA, PRODUCT, SUM, Text

RELATIONS = {"<=": "≤", ">=": "≥", "==": "=", "!=": "≠"}
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
LONGEST_DENOMINATOR = 100                           # x / 4, but 0.001 × x


def written(e: Any, names: Mapping[Any, str], fraction: Callable[..., tuple[Any, Any]]) -> Text:
    """`e` in the display's spelling; `names` are of its symbols, `fraction` is sympy's."""
    blank = Text("", DISPLAY)

    def below(part: Any) -> Text:
        return written(part, names, fraction)

    if e in names:
        return Text(names[e], DISPLAY)
    if e.is_NumberSymbol:
        return Text("π" if str(e) == "pi" else str(e), DISPLAY)
    if e.is_Piecewise:
        *cases, (last, _) = e.args
        text = below(last)
        for value, condition in reversed(cases):
            text = FORMULA.where(below(condition), below(value), text)
        return text
    if e.is_Relational:
        left, sign, right = below(e.lhs).source, RELATIONS.get(e.rel_op, e.rel_op), below(e.rhs).source
        return Text(f"{left} {sign} {right}", DISPLAY, SUM - 1)
    if e.is_Rational:                               # 1/3 stays a fraction; 0.01 was a decimal and is one again
        if e.is_Integer:
            return blank.of(int(e))
        return blank.of(float(e)) if decimal(e) else blank.of(int(e.p)) / int(e.q)
    if e.is_Add:
        terms = sorted(e.as_ordered_terms(), key=lambda t: (t.could_extract_minus_sign(), not t.is_number))
        if terms[0].could_extract_minus_sign():
            return minus(below(-e))
        total = below(terms[0])
        for term in terms[1:]:
            total = total - below(-term) if term.could_extract_minus_sign() else total + below(term)
        return total
    return _product(e, below, fraction)


def _product(e: Any, below: Callable[[Any], Text], fraction: Callable[..., tuple[Any, Any]]) -> Text:
    number, rest = e.as_coeff_Mul()
    if number.is_Rational and number.q > LONGEST_DENOMINATOR and decimal(number):
        return Text("", DISPLAY).of(float(number)) * below(rest)
    top, bottom = fraction(e, exact=True)
    if bottom != 1:
        if top.could_extract_minus_sign():
            return minus(below(-top) / below(bottom))
        return below(top) / below(bottom)
    if e.is_Mul:
        if e.could_extract_minus_sign():
            return minus(below(-e))
        first, *others = e.as_ordered_factors()
        product = below(first)
        for factor in others:
            product = product * below(factor)
        return product
    if e.is_Pow:
        base, exponent = e.as_base_exp()
        return _power(base, exponent, below)
    return Text(f"{e.func.__name__.lower()}({', '.join(below(a).source for a in e.args)})", DISPLAY)


def _power(base: Any, exponent: Any, below: Callable[[Any], Text]) -> Text:
    inside = below(base)
    if exponent.is_Rational and (exponent.p, exponent.q) == (1, 2):
        return Text(f"sqrt({inside.source})", DISPLAY)
    held = inside.at(ATOM)
    if exponent.is_Integer and exponent > 0:
        return Text(held + str(exponent).translate(RAISED), DISPLAY)
    return Text(f"{held}^{below(exponent).at(ATOM)}", DISPLAY)


def decimal(number: Any) -> bool:
    """Whether a fraction is a decimal that ends."""
    return 10**40 % int(number.q) == 0


def minus(text: Text) -> Text:
    """-a × b without the brackets that the general rule would write."""
    return Text(f"-{text.source}", DISPLAY, PRODUCT) if text.level == PRODUCT else -text
