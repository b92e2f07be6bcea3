"""A line as the scenario wrote it, as a formula: `*` and `**` in print, the author's order and brackets kept."""

from __future__ import annotations

from ..engine.algebra import ZERO, Applied, Constant, Formula, Leaf, chosen_by, negative, raised, related
from ..scenario.trees import Call, Name, Number, Operation, Tree

PRINTED = {"*": "×", "<=": "≤", ">=": "≥", "==": "=", "!=": "≠"}


def formula(tree: Tree) -> Formula:
    """The formula of an expression; its leaves are the names that it reads."""
    match tree:
        case Number(value=value):
            return Constant(value)
        case Name(id=name):
            return Leaf(name)
        case Operation("neg", (inner,)):
            return negative(formula(inner))
        case Operation("**", (base, exponent)):
            return raised(formula(base), formula(exponent))
        case Operation(("<" | "<=" | ">" | ">=" | "==" | "!=") as operator, (a, b)):
            return related(PRINTED.get(operator, operator), formula(a), formula(b))
        case Operation(operator, args):
            return Applied(PRINTED.get(operator, operator), tuple(map(formula, args)))
        case Call("where", (condition, a, b)):
            return chosen_by(_condition(formula(condition)), formula(a), formula(b))
        case Call(function, args):
            return Applied(function, tuple(map(formula, args)))
    raise AssertionError(f"the expression reader let {type(tree).__name__} through")


def _condition(asked: Formula) -> Formula:
    """What `where` asks: a comparison as it stands, of any other number whether it is not 0."""
    match asked:
        case Applied("<" | "≤" | ">" | "≥" | "=" | "≠" | "true" | "false"):
            return asked
    return related("≠", asked, ZERO)
