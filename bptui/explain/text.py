"""A chain as plain text: what `bptui show` prints, one row a line."""

from __future__ import annotations

from ..replay.quantity import find
from ..replay.run import Run
from ..scenario.expression import read_quantity
from ..scenario.trees import Attribute, Call, Name, Tree
from . import notation
from .chain import Explainer
from .listing import is_forward
from .rows import Chain, column

DEEPER = 3                                          # columns that rows below a row move right


def chain_lines(chain: Chain) -> list[str]:
    """The rows of a chain with their names, rules, substituted numbers and values."""
    name, *rest = [text for text, _ in chain.formula]
    lines = [f"{name} = {' × '.join(rest)}"] if rest else [name]
    nine = notation.plain(column(chain.rows))
    width = max((len(r.name) + DEEPER * r.depth for r in chain.rows), default=0)
    for row in chain.rows:
        sign = f"{'':{DEEPER * row.depth}}{row.sign:>2} {row.number:<2}"
        signed = row.kind not in ("operand", "result") or row.key[:1] == ("d",)
        value = "" if row.value is None else notation.number(row.value, signed, nine)
        detail = " = ".join(t for t in (row.rule, row.lens) if t)
        lines.append(f"  {sign} {row.name:<{width - DEEPER * row.depth}}  {value:>18}   {detail}".rstrip())
    return lines


def derivation(run: Run, text: str, update: int, lane: int) -> list[str]:
    """How a quantity came about, where it is one value of the run; nothing for other expressions."""
    tree = read_quantity(text)
    explainer = Explainer(run, update, lane, whole=True)
    chain = _chain_of(explainer, tree)
    return chain_lines(chain) if chain else []


def _chain_of(at: Explainer, tree: Tree) -> Chain | None:
    run, program = at.run, at.program
    match tree:
        case Call("d", (Name(id=y), x)) if y == program.cost.name:
            place = find(run, program, x)
            if place is not None and place.scalar and place.var is not program.cost:
                return at.true_derivative(place.var, place.element or 0)
        case Attribute(base, ("grad" | "next") as part):
            place = find(run, program, base)
            made = program.gradients if part == "grad" else program.nexts
            if place is not None and place.scalar and place.var in made and at.has(made[place.var]):
                cell = (made[place.var], place.element or 0)
                return at.backward(cell) if part == "grad" else at.equation(cell)
        case _:
            place = find(run, program, tree)
            if place is not None and place.scalar and (is_forward(place.var) or at.has(place.var)):
                return at.equation(place.cell(at.lane))
    return None


