"""Expressions and quantities: from text to trees, without ever running the text.

The tokens that pass `tokens.py` go to Python's parser, and only what the tables below name is taken from
its syntax tree; everything else is refused with one sentence. There are two languages: the expressions
of laws and equations, and the quantities of claims, watches and `show`, which may also name parts,
indices, earlier updates and derivatives.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass

from .errors import ExpressionError, did_you_mean, printable, quoted
from .tokens import DEEPEST, PIN, PIN_PLACE, Token, name_fault, rewrite, tokens_of
from .trees import Attribute, Call, Index, Name, Number, Operation, Pin, Tree, WrittenEquation

MOST_PARTS = 350
LARGEST_INDEX = 10**9
ALL = -1                                          # in an index: all along the axis, written as a letter: W[k,j]
MOST_CHANGES = 3
LETTERS = "__letters_"                            # no written name may begin with two underscores
MANY = 100

BINARY: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
}
COMPARISONS: dict[type[ast.AST], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
WORDS: dict[type[ast.AST], str] = {ast.And: "and", ast.Or: "or"}

FUNCTIONS: dict[str, tuple[int, int]] = {         # of expressions: the fewest and the most arguments
    "abs": (1, 1),
    "exp": (1, 1),
    "log": (1, 1),
    "sqrt": (1, 1),
    "tanh": (1, 1),
    "sigmoid": (1, 1),
    "relu": (1, 1),
    "softplus": (1, 1),
    "sin": (1, 1),
    "cos": (1, 1),
    "erf": (1, 1),
    "max": (2, 2),
    "min": (2, 2),
    "where": (3, 3),
    "stop": (1, 1),
}
QUANTITY_FUNCTIONS: dict[str, tuple[int, int]] = FUNCTIONS | {
    "d": (2, 2),
    "max": (1, MANY),
    "min": (1, MANY),
    "norm": (1, 1),
    "mean": (1, 1),
    "sum": (1, 1),
    "dot": (2, 2),
    "angle": (2, 2),
    "sign": (1, 1),
    "isnan": (1, 1),
    "isfinite": (1, 1),
    "any": (1, 1),
    "all": (1, 1),
    "changed": (1, 1),
}


@dataclass(frozen=True)
class _Grammar:
    functions: Mapping[str, tuple[int, int]]
    parts: bool                                   # and, or, not, attributes, indices, pins


@dataclass(frozen=True)
class _Reading:
    grammar: _Grammar
    columns: Mapping[int, int]                    # column in the parsed text: column as typed


EXPRESSION = _Grammar(FUNCTIONS, parts=False)
QUANTITY = _Grammar(QUANTITY_FUNCTIONS, parts=True)


def read_expression(text: str) -> Tree:
    """A law or a right-hand side. ExpressionError if it is not an expression."""
    return _read(tokens_of(text), EXPRESSION)


def read_quantity(text: str) -> Tree:
    """A quantity: anything that a claim, a watch or `show` may ask for. ExpressionError if it is not."""
    return _read(rewrite(tokens_of(text, letters=True)), QUANTITY)


def read_equation(text: str) -> WrittenEquation:
    """`name = expression`. ExpressionError if it is not."""
    tokens = tokens_of(text)
    if len(tokens) < 2 or tokens[0].kind != "name" or tokens[1].text != "=":
        raise ExpressionError("an equation is written name = expression", tokens[0].column)
    name = tokens[0].text
    if fault := name_fault(name):
        raise ExpressionError(fault, tokens[0].column)
    if len(tokens) == 2:
        raise ExpressionError(f"nothing stands after '{name} ='", tokens[1].column)
    return WrittenEquation(name, _read(tokens[2:], EXPRESSION), text)


def _read(tokens: list[Token], grammar: _Grammar) -> Tree:
    for token in tokens:
        if token.text == "=":
            raise ExpressionError("one '=' compares nothing: write ==", token.column)
        if token.text in ("@", "∂", "[", "⁺") and not grammar.parts:
            raise ExpressionError(f"'{token.text}' has no place in a law or an equation", token.column)
    columns: dict[int, int] = {}
    text = ""
    for token in tokens:
        columns[len(text)] = token.column
        text += _plain(token.text) + " "          # the space keeps neighbours apart: no `1if`, no warnings
    try:
        body = ast.parse(text.rstrip(), mode="eval").body
    except SyntaxError as error:
        raise _unreadable(tokens, columns, (error.offset or 1) - 1) from None
    except (ValueError, MemoryError, RecursionError):
        raise ExpressionError("the expression cannot be read: it is too involved") from None
    if sum(isinstance(node, ast.expr) for node in ast.walk(body)) > MOST_PARTS:
        raise ExpressionError(f"the expression has more than {MOST_PARTS} parts")
    return _tree(body, _Reading(grammar, columns), 0)


def _plain(word: str) -> str:
    """A name with letters that Python's parser never sees as one without, that nobody can write."""
    return word if word.isascii() else f"{LETTERS}{word.encode().hex()}"


def _typed(word: str) -> str:
    """The name that was typed."""
    return bytes.fromhex(word.removeprefix(LETTERS)).decode() if word.startswith(LETTERS) else word


def _unreadable(tokens: list[Token], columns: Mapping[int, int], offset: int) -> ExpressionError:
    last = tokens[-1]
    if not last.ends_operand:
        return ExpressionError(f"something is missing after {quoted(last.text)}", last.column)
    column = max((typed for at, typed in columns.items() if at <= offset), default=0)
    near = next((t.text for t in tokens if t.column == column), last.text)
    return ExpressionError(f"the expression cannot be read near {quoted(near)}", column)


def _tree(node: ast.expr, reading: _Reading, depth: int) -> Tree:  # noqa: C901
    column = reading.columns.get(node.col_offset, 0)
    if depth > DEEPEST:
        raise ExpressionError("the expression is nested too deeply", column)

    def below(part: ast.expr) -> Tree:
        return _tree(part, reading, depth + 1)

    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return Number(_finite(value, column), column)
        case ast.Name(id="pi"):
            return Number(math.pi, column)
        case ast.Name(id=name):
            return Name(_typed(name), column)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return below(operand)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            tree = below(operand)                 # -2 is a number, so that x**-2 has a constant exponent
            if isinstance(tree, Number):
                return Number(-tree.value, column)
            return Operation("neg", (tree,), column)
        case ast.UnaryOp(op=ast.Not(), operand=operand) if reading.grammar.parts:
            return Operation("not", (below(operand),), column)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
            return Operation(BINARY[type(op)], (below(left), below(right)), column)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISONS:
            return Operation(COMPARISONS[type(op)], (below(left), below(right)), column)
        case ast.BoolOp(op=op, values=[first, *rest]) if reading.grammar.parts:
            tree = below(first)
            for part in rest:                     # a and b and c: every operation has two operands
                tree = Operation(WORDS[type(op)], (tree, below(part)), column)
            return tree
        case ast.Call(func=ast.Name(id=function), args=args, keywords=[]):
            _check_call(function, len(args), reading.grammar, column)
            if function == "changed" and _changes(node) > MOST_CHANGES:
                raise ExpressionError(f"changed() inside changed() can be at most {MOST_CHANGES} deep", column)
            return Call(function, tuple(below(part) for part in args), column)
        case ast.Attribute(value=base, attr=attr) if reading.grammar.parts:
            part = _pin if attr.startswith(PIN) else _attribute
            return part(below(base), _typed(attr), column)
        case ast.Subscript(value=base, slice=index) if reading.grammar.parts:
            return Index(_indexed(below(base), column), _index(index, column), column)
        case _:
            raise ExpressionError(_refusal(node, reading.grammar), column)


def _finite(value: int | float, column: int) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ExpressionError("a number is too large to be a finite number", column)
    return number


def _changes(node: ast.AST) -> int:
    """How deep changed() stands inside changed(). Each looks at two updates, so the work doubles with it."""
    here = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "changed"
    return here + max(map(_changes, ast.iter_child_nodes(node)), default=0)


def _check_call(function: str, given: int, grammar: _Grammar, column: int) -> None:
    if function not in grammar.functions:
        also = did_you_mean(function, grammar.functions)
        if function in QUANTITY_FUNCTIONS:
            also = ", only in quantities"
        raise ExpressionError(f"there is no function {quoted(function)} here{also}", column)
    fewest, most = grammar.functions[function]
    if not fewest <= given <= most:
        takes = f"{fewest} argument{'s' * (fewest != 1)}" if most < MANY else "at least one argument"
        raise ExpressionError(f"{function} takes {takes}, not {given}", column)


def _pin(base: Tree, attr: str, column: int) -> Pin:
    if not isinstance(base, Name | Attribute | Index | Call):
        raise ExpressionError(PIN_PLACE, column)
    at = attr.removeprefix(PIN)
    return Pin(base, "prev" if at == "prev" else int(at), column)


def _attribute(base: Tree, attr: str, column: int) -> Attribute:
    if isinstance(base, Pin):
        raise ExpressionError(f"@ comes last: write .{printable(attr)} before it, as in w5.grad@prev", column)
    if not isinstance(base, Name | Attribute | Index):
        raise ExpressionError(f"'.{attr}' stands only after a name, as in hidden.weights", column)
    return Attribute(base, attr, column)


def _indexed(base: Tree, column: int) -> Tree:
    if isinstance(base, Number):
        raise ExpressionError("a number has no index", column)
    return base


def _index(node: ast.expr, column: int) -> tuple[int, ...]:
    items = node.elts if isinstance(node, ast.Tuple) else [node]
    index: list[int] = []
    for item in items:
        value = item.value if isinstance(item, ast.Constant) else None
        if isinstance(item, ast.Name) and len(_typed(item.id)) == 1:
            value = ALL
        if not isinstance(value, int) or isinstance(value, bool) or value > LARGEST_INDEX:
            raise ExpressionError("an index is made of whole numbers that count from 0, as in [1, 0]", column)
        index.append(value)
    if not index:
        raise ExpressionError("an index is made of whole numbers that count from 0, as in [1, 0]", column)
    return tuple(index)


def _refusal(node: ast.expr, grammar: _Grammar) -> str:
    """The sentence for what Python would read and we do not."""
    match node:
        case ast.Compare():
            return "a comparison has two sides: write a < b and b < c" if grammar.parts else (
                "a comparison has two sides")
        case ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
            return "and, or and not have no place in a law or an equation: write where(condition, a, b)"
        case ast.Attribute():
            return "a '.' has no place in a law or an equation"
        case ast.Call(func=ast.Attribute()):
            return "only functions can be called, not parts of a name"
        case ast.Call() | ast.Starred():
            return "the arguments of a function are plain expressions, with commas between them"
        case ast.Tuple():
            return "a comma stands only between arguments or indices"
        case ast.List():
            return "a list has no place in an expression"
        case _:
            return "this has no place in an expression"
