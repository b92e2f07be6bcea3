"""Builds a program line by line: variables, the equations of a written line, and lowered expressions.

An expression becomes equations: a chain of `+` is one sum of products, whose terms a person can step through;
everything else is an elementwise law on temporaries of the line's scope.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..scenario.trees import Call, Name, Number, Operation, Tree
from .derive import union
from .laws import COMPARISONS, CONSTANTS, DIV, FUNCTIONS, NEG, POW, SUB, Elementwise, power
from .limits import parts_of
from .program import Block, Equation, Phase, Role, Term, Var
from .structure import NO_GRADIENT, Contract

LAWS: dict[str, Elementwise] = {"-": SUB, "/": DIV, "**": POW, **COMPARISONS}


@dataclass
class Builder:
    """Mutable while a program is being written. `extents` has the length of every axis, by its letter."""

    extents: dict[str, int]
    blocks: list[Block] = field(default_factory=list)
    constants: dict[float, Var] = field(default_factory=dict)
    settings: dict[str, Var] = field(default_factory=dict)
    parts: int = 0                                  # of the lines so far
    numbers: int = 0                                # that they make

    def setting(self, symbol: str) -> Var:
        """A number that is fed with each update: η, the batch size."""
        if symbol not in self.settings:
            self.settings[symbol] = Var(symbol, "", (), "setting", symbol)
        return self.settings[symbol]

    def var(self, name: str, letters: str, role: Role, symbol: str = "",
            elements: tuple[str, ...] | None = None) -> Var:
        return Var(name, letters, tuple(self.extents[c] for c in letters), role, symbol or name, elements)

    def constant(self, value: float) -> Var:
        if value not in self.constants:
            self.constants[value] = Var(repr(value), "", (), "constant", f"{value:g}", None, (), value)
        return self.constants[value]

    def line(self, phase: Phase, group: str, equations: list[Equation], text: str = "", mixes: bool = False,
             tree: Tree | None = None) -> Var:
        """Close a written line; its last equation makes what the line is called."""
        self.blocks.append(Block(phase, group, tuple(equations), text, mixes, tree))
        self.parts += sum(parts_of(eq) for eq in equations)
        self.numbers += sum(eq.out.size for eq in equations)
        return equations[-1].out

    def sum_line(self, phase: Phase, group: str, out: Var, *products: tuple[Var, ...]) -> Var:
        """out = the sum of `products`, each summed over the axes that `out` lacks."""
        return self.line(phase, group, [Equation(out, tuple(contract(p, out) for p in products))])

    def law_line(self, phase: Phase, group: str, out: Var, law: Elementwise, *args: Var) -> Var:
        return self.line(phase, group, [Equation(out, (Term(law, args),))])


def contract(factors: tuple[Var, ...], out: Var) -> Term:
    return Term(Contract(tuple(v.letters for v in factors), out.letters), factors)


@dataclass
class Lowering:
    """Lowers the expression of one line; `names` are the variables that it may read."""

    builder: Builder
    names: Mapping[str, Var]
    out: str                                        # the name of the line, for its temporaries
    equations: list[Equation] = field(default_factory=list)

    def lower(self, tree: Tree, out: Var | None = None) -> Var:  # noqa: C901
        """The variable that holds `tree`; `out`, if given, is made to hold it."""
        match tree:
            case Number(value=value):
                return self._copied(self.builder.constant(value), out)
            case Name(id=name) if name in self.names:
                return self._copied(self.names[name], out)
            case Name(id=name):
                return self._copied(self.builder.constant(CONSTANTS[name]), out)
            case Operation("neg", (Number(value=value),)):
                return self._copied(self.builder.constant(-value), out)
            case Operation("+"):
                return self._sum([self._product(t) for t in _chain(tree, "+")], out)
            case Operation("*"):
                return self._sum([self._product(tree)], out)
            case Operation("**", (base, exponent)) if (constant := _constant(exponent)) is not None:
                if constant == 0.0:
                    return self._copied(self.builder.constant(1.0), out)
                if constant == 1.0:
                    return self.lower(base, out)
                return self._apply(power(constant), (self.lower(base),), out)
            case Operation("neg", (inner,)):
                return self._apply(NEG, (self.lower(inner),), out)
            case Operation(operator, args):
                return self._apply(LAWS[operator], tuple(self.lower(a) for a in args), out)
            case Call("stop", (inner,)):
                return self._stopped(self.lower(inner), out)
            case Call(("max" | "min") as function, args):
                *first, last = args
                one = self.lower(first[0]) if len(first) == 1 else self.lower(Call(function, tuple(first)))
                return self._apply(FUNCTIONS[function], (one, self.lower(last)), out)
            case Call(function, args):
                return self._apply(FUNCTIONS[function], tuple(self.lower(a) for a in args), out)
        raise AssertionError(f"the expression reader let {type(tree).__name__} through")

    def _temporary(self, args: tuple[Var, ...]) -> Var:
        return self.builder.var(f"{self.out}#{len(self.equations) + 1}", union(args), "temporary")

    def _emit(self, out: Var, *terms: Term) -> Var:
        self.equations.append(Equation(out, terms))
        return out

    def _apply(self, law: Elementwise, args: tuple[Var, ...], out: Var | None) -> Var:
        return self._emit(out or self._temporary(args), Term(law, args))

    def _stopped(self, inner: Var, out: Var | None) -> Var:
        return self._emit(out or self._temporary((inner,)), Term(NO_GRADIENT, (inner,)))

    def _copied(self, var: Var, out: Var | None) -> Var:
        return var if out is None else self._emit(out, contract((var,), out))

    def _product(self, tree: Tree) -> tuple[Var, ...]:
        return tuple(self.lower(t) for t in _chain(tree, "*"))

    def _sum(self, products: list[tuple[Var, ...]], out: Var | None) -> Var:
        out = out or self._temporary(tuple(v for p in products for v in p))
        return self._emit(out, *(contract(p, out) for p in products))


def letters_of(tree: Tree, names: Mapping[str, Var]) -> str:
    """The axes that the value of `tree` has."""
    return union(names[n] for n in names_in(tree) if n in names)


def names_in(tree: Tree) -> list[str]:
    """Every name that `tree` reads, in order, each once."""
    match tree:
        case Name(id=name):
            return [name]
        case Operation(args=args) | Call(args=args):
            return list(dict.fromkeys(n for a in args for n in names_in(a)))
    return []


def _chain(tree: Tree, operator: str) -> list[Tree]:
    """a + b + c as [a, b, c]: the left spine of a chain, as it is computed."""
    match tree:
        case Operation(op, (left, right)) if op == operator:
            return [*_chain(left, operator), right]
    return [tree]


def _constant(tree: Tree) -> float | None:
    match tree:
        case Number(value=value):
            return value
        case Operation("neg", (Number(value=value),)):
            return -value
    return None
